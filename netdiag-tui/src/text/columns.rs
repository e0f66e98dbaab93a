//! Aligned columns. Nothing is ever cut: a row that does not fit goes on on the next line.
//!
//! Rows are seen twice, once to measure and once to write, so a million rows need not be kept.
//! Widths are terminal cells (Unicode Standard Annex 11), not bytes or characters.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::page::{Page, Paint, Span};

/// Blank cells between two columns.
const GAP: usize = 2;
/// What the last column, which may be broken between words, needs at least to stand beside the others.
const LEAST_FLOW: usize = 24;

/// On which side a column is flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A table being laid out.
#[derive(Debug)]
pub(crate) struct Columns {
    page: Page,
    indent: usize,
    columns: Vec<Column>,
    /// Whether the last column has no room beside the others.
    is_beneath: bool,
}

#[derive(Debug)]
struct Column {
    title: &'static str,
    align: Align,
    /// How many cells there are of each width.
    widths: BTreeMap<usize, usize>,
    /// Where it starts and how wide it is; nothing when it has no cells.
    place: Option<(usize, usize)>,
}

/// The line being written: how much of it is taken.
struct Cursor<'a> {
    page: Page,
    out: &'a mut dyn Write,
    at: usize,
}

impl Cursor<'_> {
    fn pad_to(&mut self, column: usize) -> io::Result<()> {
        write!(self.out, "{:width$}", "", width = column.saturating_sub(self.at))?;
        self.at = self.at.max(column);
        Ok(())
    }

    fn put(&mut self, text: &str, paint: Paint) -> io::Result<()> {
        self.page.write_part(self.out, text, paint)?;
        self.at += self.page.width_of(text);
        Ok(())
    }

    fn new_line(&mut self) -> io::Result<()> {
        self.at = 0;
        self.out.write_all(b"\n")
    }
}

impl Columns {
    /// A table without rows, `indent` cells from the left.
    pub(crate) fn new(page: Page, indent: usize, columns: &[(&'static str, Align)]) -> Self {
        let columns = columns
            .iter()
            .map(|&(title, align)| Column { title, align, widths: BTreeMap::new(), place: None })
            .collect();
        Self { page, indent, columns, is_beneath: false }
    }

    /// Takes note of the widths of a row.
    pub(crate) fn measure(&mut self, row: &[Span]) {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            let width = self.page.width_of(cell.text());
            if width > 0 {
                *column.widths.entry(width).or_default() += 1;
            }
        }
    }

    /// Decides the widths, after all rows were measured. A column without cells is left out.
    ///
    /// What does not fit is dealt with in this order: the last column is broken between words; it
    /// goes beneath its row; other columns get narrower than their widest cells, where that
    /// concerns the fewest rows.
    pub(crate) fn fit(&mut self) {
        let last = self.columns.len().saturating_sub(1);
        let mut flow = None;
        let mut used: Vec<(usize, usize)> = Vec::new();
        for (number, column) in self.columns.iter().enumerate() {
            if let Some((&widest, _)) = column.widths.last_key_value() {
                let width = widest.max(column.title.len());
                if number == last { flow = Some(width) } else { used.push((number, width)) }
            }
        }
        let room = self.page.width.saturating_sub(self.indent) + GAP;
        let taken = |used: &[(usize, usize)]| used.iter().map(|(_, width)| width + GAP).sum::<usize>();
        self.is_beneath = flow.is_some_and(|width| taken(&used) + width.min(LEAST_FLOW) + GAP > room);
        while taken(&used) > room {
            let narrower = |&(number, width): &(usize, usize)| {
                let column = &self.columns[number];
                let next = column.widths.range(..width).next_back().map_or(0, |(next, _)| *next);
                let next = next.max(column.title.len());
                let concerned: usize = column.widths.range(next + 1..).map(|(_, cells)| *cells).sum();
                (next < width).then_some((concerned, next))
            };
            let best = used
                .iter_mut()
                .filter_map(|column| narrower(column).map(|(concerned, next)| (concerned, next, column)))
                .min_by_key(|(concerned, _, column)| (*concerned, usize::MAX - column.1));
            let Some((_, next, column)) = best else { break };
            column.1 = next;
        }
        let mut start = self.indent;
        for (number, width) in used {
            self.columns[number].place = Some((start, width));
            start += width + GAP;
        }
        if flow.is_some() {
            self.columns[last].place = Some((start, self.page.width.saturating_sub(start)));
        }
    }

    /// Writes the titles.
    pub(crate) fn titles(&self, out: &mut dyn Write) -> io::Result<()> {
        let titles: Vec<Span> =
            self.columns.iter().map(|column| Span::new(column.title, Paint::Dim)).collect();
        self.row(out, &titles)
    }

    /// Writes one row.
    pub(crate) fn row(&self, out: &mut dyn Write, row: &[Span]) -> io::Result<()> {
        let mut cursor = Cursor { page: self.page, out, at: 0 };
        let mut is_broken = false;
        for (number, cell) in row.iter().enumerate() {
            let Some((start, width)) = self.columns.get(number).and_then(|column| column.place) else {
                continue;
            };
            if cell.text().is_empty() {
                continue;
            }
            let needed = self.page.width_of(cell.text());
            if number + 1 == self.columns.len() {
                self.flow(&mut cursor, cell, start)?;
                continue;
            }
            let aligned = match self.columns[number].align {
                Align::Left => start,
                Align::Right => start + width.saturating_sub(needed),
            };
            let mut at = if is_broken { cursor.at + GAP } else { aligned };
            if cursor.at > 0 && cursor.at + GAP > at {
                cursor.new_line()?;
                at = aligned;
            }
            if at + needed > self.page.width && at > self.indent {
                if cursor.at > 0 {
                    cursor.new_line()?;
                }
                is_broken = true;
                at = self.indent + GAP;
            }
            cursor.pad_to(at)?;
            cursor.put(cell.text(), cell.paint)?;
        }
        cursor.new_line()
    }

    /// Writes the last cell of a row, broken between words where the page ends.
    fn flow(&self, cursor: &mut Cursor<'_>, cell: &Span, start: usize) -> io::Result<()> {
        let needed = self.page.width_of(cell.text());
        let start = match cursor.at {
            _ if !self.is_beneath => start,
            at if at > 0 && at + GAP + needed <= self.page.width => at + GAP,
            _ => self.indent + 2 * GAP,
        };
        if cursor.at > 0 && cursor.at + GAP > start {
            cursor.new_line()?;
        }
        for (number, part) in self.page.wrap(cell.text(), start, start).into_iter().enumerate() {
            if number > 0 {
                cursor.new_line()?;
            }
            cursor.pad_to(start)?;
            cursor.put(part, cell.paint)?;
        }
        Ok(())
    }
}
