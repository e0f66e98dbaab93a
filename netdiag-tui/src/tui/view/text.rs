//! Text on cells: cut and wrapped by width, never raw.

use netdiag_core::model::escape;
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` in at most `width` cells; `more` stands at its end when it was cut.
pub(crate) fn fit(text: &str, width: usize, more: char) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut fitted = String::new();
    let mut used = 0;
    for letter in text.chars() {
        let cells = letter.width().unwrap_or(0);
        if used + cells + 1 > width {
            break;
        }
        used += cells;
        fitted.push(letter);
    }
    if width > 0 {
        fitted.push(more);
    }
    fitted
}

/// `text` in lines of at most `width` cells, broken at spaces where there are any.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let cells = word.width();
        if used > 0 && used + 1 + cells > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        for letter in word.chars() {
            let cells = letter.width().unwrap_or(0);
            if used + cells > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(letter);
            used += cells;
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// A line of the screen that is written from left to right.
pub(crate) struct Line<'a> {
    buffer: &'a mut Buffer,
    more: char,
    x: u16,
    y: u16,
    end: u16,
}

impl<'a> Line<'a> {
    /// The line `y` of a screen; its left end is one cell in.
    pub(crate) fn new(buffer: &'a mut Buffer, y: u16, more: char) -> Self {
        let area = buffer.area;
        let y = y.min(area.bottom().saturating_sub(1));
        Self { more, x: area.left(), y, end: area.right(), buffer }
    }

    /// How many cells are left.
    pub(crate) fn left(&self) -> usize {
        usize::from(self.end.saturating_sub(self.x))
    }

    /// Leaves cells out.
    pub(crate) fn skip(&mut self, cells: usize) -> &mut Self {
        let cells = u16::try_from(cells.min(self.left())).unwrap_or(0);
        self.x += cells;
        self
    }

    /// Writes text, cut at the end of the line.
    pub(crate) fn put(&mut self, text: &str, style: Style) -> &mut Self {
        let text = escape(text);
        let fitted = fit(&text, self.left(), self.more);
        if !fitted.is_empty() {
            let (x, _) = self.buffer.set_stringn(self.x, self.y, &fitted, self.left(), style);
            self.x = x;
        }
        self
    }

    /// Writes text into exactly `width` cells.
    pub(crate) fn cell(&mut self, text: &str, width: usize, style: Style) -> &mut Self {
        let width = width.min(self.left());
        let start = self.x;
        let fitted = fit(&escape(text), width, self.more);
        if !fitted.is_empty() {
            self.buffer.set_stringn(self.x, self.y, &fitted, width, style);
        }
        self.x = start + u16::try_from(width).unwrap_or(0);
        self
    }

    /// Writes text at the right end and keeps what follows clear of it; whether it fitted.
    pub(crate) fn put_right(&mut self, text: &str, style: Style) -> bool {
        let text = escape(text);
        let width = text.width();
        // One cell at the edge, and two between the two sides.
        if width == 0 || width + 3 > self.left() {
            return false;
        }
        let start = self.end - u16::try_from(width + 1).unwrap_or(0);
        self.buffer.set_stringn(start, self.y, &text, width, style);
        self.end = start.saturating_sub(2).max(self.x);
        true
    }

    /// Fills the rest.
    pub(crate) fn fill(&mut self, glyph: char, style: Style) {
        let text: String = std::iter::repeat_n(glyph, self.left()).collect();
        self.put(&text, style);
    }
}

/// Lays a style over a whole line.
pub(crate) fn restyle(buffer: &mut Buffer, y: u16, style: Style) {
    let area = buffer.area;
    buffer.set_style(ratatui::layout::Rect { y, height: 1, ..area }.intersection(area), style);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_letters_are_never_cut_in_half() {
        assert_eq!(fit("日本語", 6, '>'), "日本語");
        assert_eq!(fit("日本語", 5, '>'), "日本>");
        assert_eq!(fit("日本語", 4, '>'), "日>");
        assert_eq!(fit("abc", 0, '>'), "");
    }

    #[test]
    fn a_word_longer_than_the_line_is_broken() {
        assert_eq!(wrap("an extraordinary word", 6), ["an", "extrao", "rdinar", "y word"]);
        assert_eq!(wrap("", 6), [""]);
    }
}
