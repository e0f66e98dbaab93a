//! The sheet text is laid out on: how wide it is, and whether it has colours.

use std::borrow::Cow;
use std::io::{self, Write};

use netdiag_core::model::escape;
use unicode_width::UnicodeWidthStr;

/// Columns when the output is not a terminal.
const WIDTH_WITHOUT_TERMINAL: usize = 100;

/// Whether to use colours (`--color`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always, whatever the output is.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Whether output to something that is, or is not, a terminal gets colours.
    ///
    /// NO_COLOR counts when it is not empty (no-color.org); a dumb terminal has no colours.
    pub(crate) fn is_colored(self, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                is_terminal && !no_color && !is_dumb()
            }
        }
    }
}

/// Whether the terminal understands no escape sequences (`TERM=dumb`).
pub(crate) fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// What a piece of text stands for. A colour never says anything that the text does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Paint {
    #[default]
    Plain,
    Strong,
    Dim,
    Added,
    Removed,
    Changed,
    Warning,
}

impl Paint {
    /// The parameters of the SGR sequence: the blue, yellow and magenta that colour-blind people
    /// can tell apart.
    const fn sgr(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Dim => Some("2"),
            Self::Added => Some("94"),
            Self::Removed => Some("93"),
            Self::Changed => Some("95"),
            Self::Warning => Some("1;93"),
        }
    }
}

/// A piece of text with one meaning, safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    text: String,
    pub(crate) paint: Paint,
}

impl Span {
    /// Text in the given paint, escaped.
    pub(crate) fn new(text: impl AsRef<str>, paint: Paint) -> Self {
        Self { text: escape(text.as_ref()).into_owned(), paint }
    }

    /// The escaped text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

impl<T: AsRef<str>> From<T> for Span {
    fn from(text: T) -> Self {
        Self::new(text, Paint::Plain)
    }
}

/// Width, colours and character set of an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// Columns.
    pub(crate) width: usize,
    /// Whether to write colours.
    pub(crate) color: bool,
    /// Whether to write ASCII only.
    pub(crate) ascii: bool,
}

impl Page {
    /// The page for standard output.
    pub(crate) fn of_stdout(color: ColorChoice, ascii: bool) -> Self {
        let is_terminal = io::IsTerminal::is_terminal(&io::stdout());
        let width = match ratatui::crossterm::terminal::size() {
            Ok((columns, _)) if is_terminal && columns > 0 => usize::from(columns),
            _ => WIDTH_WITHOUT_TERMINAL,
        };
        Self { width, color: color.is_colored(is_terminal), ascii }
    }

    /// `text` in the characters this page may use.
    pub(crate) fn glyphs(self, text: &str) -> Cow<'_, str> {
        if !self.ascii || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len() * 2);
        for character in text.chars() {
            if character.is_ascii() {
                out.push(character);
            } else {
                out.push_str(&format!("\\u{{{:x}}}", u32::from(character)));
            }
        }
        Cow::Owned(out)
    }

    /// Terminal cells that `text` takes.
    pub(crate) fn width_of(self, text: &str) -> usize {
        self.glyphs(text).width()
    }

    /// Writes one piece of text.
    pub(crate) fn write(self, out: &mut dyn Write, span: &Span) -> io::Result<()> {
        self.write_part(out, span.text(), span.paint)
    }

    pub(super) fn write_part(self, out: &mut dyn Write, text: &str, paint: Paint) -> io::Result<()> {
        let text = self.glyphs(text);
        match paint.sgr() {
            Some(sgr) if self.color && !text.is_empty() => write!(out, "\x1b[{sgr}m{text}\x1b[0m"),
            _ => out.write_all(text.as_bytes()),
        }
    }

    /// Writes a line of its own.
    pub(crate) fn line(self, out: &mut dyn Write, spans: &[Span]) -> io::Result<()> {
        for span in spans {
            self.write(out, span)?;
        }
        out.write_all(b"\n")
    }

    /// Writes a sentence, broken between words where the page ends; later lines are indented.
    /// Spaces in front stay.
    pub(crate) fn sentence(
        self,
        out: &mut dyn Write,
        text: &str,
        paint: Paint,
        indent: usize,
    ) -> io::Result<()> {
        let span = Span::new(text.trim_start(), paint);
        let start = text.len() - text.trim_start().len();
        for (number, part) in self.wrap(span.text(), start, indent).into_iter().enumerate() {
            let indent = if number == 0 { start } else { indent };
            write!(out, "{:indent$}", "")?;
            self.write_part(out, part, paint)?;
            out.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Breaks text between words, for a first line that begins at `start` and others that begin
    /// at `indent`. A word that is wider than the page stands on a line of its own.
    pub(super) fn wrap(self, text: &str, start: usize, indent: usize) -> Vec<&str> {
        let mut lines = Vec::new();
        // Where the line being filled begins and ends, and the cell it has come to.
        let (mut from, mut end, mut at) = (0, None, start);
        let mut next = 0;
        for word in text.split(' ') {
            let (begins, width) = (next, self.width_of(word));
            next += word.len() + 1;
            match end {
                None => at += width,
                Some(end) if at + 1 + width > self.width => {
                    lines.push(&text[from..end]);
                    (from, at) = (begins, indent + width);
                }
                Some(_) => at += 1 + width,
            }
            end = Some(begins + word.len());
        }
        lines.push(&text[from..end.unwrap_or(from)]);
        lines
    }
}
