//! Colours and glyphs: what a mark looks like. No meaning by colour alone, no background colours
//! but the reversed cursor row, no glyph whose width a terminal may judge differently.

use ratatui::style::{Color, Modifier, Style};

/// How a row differs from the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    /// Not in the baseline, there now.
    Added,
    /// In the baseline, not there now.
    Removed,
    /// In both, with other values.
    Changed,
    /// Neither in the baseline nor there now: it was there in between.
    CameAndWent,
}

impl Mark {
    /// The character in the gutter.
    pub(crate) const fn glyph(self) -> char {
        match self {
            Self::Added => '+',
            Self::Removed => '-',
            Self::Changed => '~',
            Self::CameAndWent => 'x',
        }
    }
}

/// The few glyphs beyond ASCII, or their replacements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glyphs {
    /// Horizontal rule.
    pub(crate) rule: char,
    /// A folded row.
    pub(crate) folded: char,
    /// An unfolded row.
    pub(crate) unfolded: char,
    /// The cursor row.
    pub(crate) cursor: char,
    /// Text goes on.
    pub(crate) more: char,
}

/// Each of them is of East Asian width class N or Na, so every terminal gives it one cell.
const WIDTH_SAFE: Glyphs = Glyphs { rule: '╌', folded: '▸', unfolded: '▾', cursor: '❯', more: '»' };
const ASCII: Glyphs = Glyphs { rule: '-', folded: '>', unfolded: 'v', cursor: '>', more: '>' };

/// The look of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    colors: bool,
    /// The glyphs in use.
    pub(crate) glyphs: Glyphs,
}

impl Theme {
    /// A theme.
    pub(crate) const fn new(colors: bool, ascii: bool) -> Self {
        Self { colors, glyphs: if ascii { ASCII } else { WIDTH_SAFE } }
    }

    fn colored(self, color: Color) -> Style {
        if self.colors { Style::new().fg(color) } else { Style::new() }
    }

    /// A row with this mark. Blue, yellow and magenta stay apart for all common kinds of colour
    /// blindness; rows that are gone are dim too.
    pub(crate) fn mark(self, mark: Mark) -> Style {
        match mark {
            Mark::Added => self.colored(Color::LightBlue).add_modifier(Modifier::BOLD),
            Mark::Removed => self.colored(Color::LightYellow).add_modifier(Modifier::DIM),
            Mark::Changed => self.colored(Color::LightMagenta),
            Mark::CameAndWent => Style::new().add_modifier(Modifier::DIM),
        }
    }

    /// Secondary text.
    pub(crate) const fn dim(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// The answer, titles, the screen that is shown.
    pub(crate) const fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Something the reader should know before trusting the rest; its text starts with `!`.
    pub(crate) fn warning(self) -> Style {
        self.colored(Color::LightYellow).add_modifier(Modifier::BOLD)
    }

    /// Put over the cursor row: the one background there is.
    pub(crate) const fn cursor(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthChar;

    use super::*;

    #[test]
    fn every_glyph_has_one_width_everywhere() {
        for glyphs in [WIDTH_SAFE, ASCII] {
            for glyph in [glyphs.rule, glyphs.folded, glyphs.unfolded, glyphs.cursor, glyphs.more] {
                assert_eq!((glyph.width(), glyph.width_cjk()), (Some(1), Some(1)), "{glyph}");
            }
        }
    }

    #[test]
    fn without_colours_no_style_sets_one() {
        let theme = Theme::new(false, false);
        for mark in [Mark::Added, Mark::Removed, Mark::Changed, Mark::CameAndWent] {
            assert_eq!((theme.mark(mark).fg, theme.mark(mark).bg), (None, None));
        }
        assert_eq!(theme.warning().fg, None);
    }
}
