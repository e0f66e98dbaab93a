//! Draws the state. Pure: the same [`App`] always gives the same cells.
//!
//! ```text
//!  netdiag  [1 Routes]  2 Links  3 Rules  4 Events  5 DNS & more   live  changed 12:22:41  laptop
//!  IPv4 leaves by wlan0 via 192.0.2.1; IPv6 has no default route          the answer first
//!  26 routes   since start 12:01:07: +2 -0 ~1  x3 came and went           what differs
//!     Destination    Via     Dev ...                                      the evidence
//! > + 203.0.113.7/32 ...
//! -- Selected ----------------------------------------------------------
//! -- Events ------------------------------------------------------------
//!  space freeze  b baseline  d diff ...                       ? help  q quit
//! ```

mod bottom;
mod detail;
mod events;
mod frame;
mod help;
mod links;
mod notes;
mod others;
mod routes;
mod rules;
pub(crate) mod text;

use ratatui::Frame;
use ratatui::buffer::Buffer;

use super::app::{App, Mode, Screen};
use frame::Plan;
pub(crate) use notes::notes;
#[cfg(test)]
pub(crate) use routes::mark_only as mark_of;
use text::Line;

/// How many rows of the list fit on the screen.
pub(crate) fn list_height(app: &App) -> usize {
    usize::from(match app.mode {
        Mode::Help { .. } | Mode::Detail { .. } => app.size.1.saturating_sub(3),
        _ => Plan::new(app).list.1,
    })
}

/// How far help or detail can be scrolled.
pub(crate) fn scroll_limit(app: &App) -> usize {
    let lines = match app.mode {
        Mode::Help { .. } => help::lines(app).len(),
        Mode::Detail { .. } => detail::full_lines(app).len(),
        _ => 0,
    };
    lines.saturating_sub(list_height(app))
}

/// Draws one frame.
pub(crate) fn draw(frame: &mut Frame<'_>, app: &App) {
    let buffer = frame.buffer_mut();
    if app.data().is_none() {
        frame::reading(buffer, app);
        return;
    }
    frame::header(buffer, app);
    match &app.mode {
        Mode::Help { scroll } => page(buffer, app, "Help", &help::lines(app), *scroll),
        Mode::Detail { scroll } => page(buffer, app, "Selected", &detail::full_lines(app), *scroll),
        Mode::Lists | Mode::FilterLine { .. } => lists(buffer, app),
    }
}

fn lists(buffer: &mut Buffer, app: &App) {
    let plan = Plan::new(app);
    frame::above_list(buffer, app, &plan);
    match app.screen {
        Screen::Routes => routes::draw(buffer, app, &plan),
        Screen::Links => links::draw(buffer, app, &plan),
        Screen::Rules => rules::draw(buffer, app, &plan),
        Screen::Events => events::draw(buffer, app, &plan),
        Screen::Other => others::draw(buffer, app, &plan),
    }
    if app.row_count() == 0 {
        frame::empty(buffer, app, &plan);
    }
    if let Some((y, height)) = plan.detail {
        detail::pane(buffer, app, y, height);
    }
    if let Some((y, height)) = plan.events {
        events::strip(buffer, app, y, height);
    }
    bottom::draw(buffer, app, &plan);
}

/// A page of text below the header.
fn page(
    buffer: &mut Buffer,
    app: &App,
    title: &str,
    lines: &[(String, ratatui::style::Style)],
    scroll: usize,
) {
    frame::rule(buffer, app, 1, title, "Esc back");
    let height = list_height(app);
    for (y, (line, style)) in (2..).zip(lines.iter().skip(scroll).take(height)) {
        Line::new(buffer, y, app.theme.glyphs.more).skip(1).put(line, *style);
    }
    let rest = lines.len().saturating_sub(scroll + height);
    let y = app.size.1.saturating_sub(1);
    let text = if rest > 0 { format!("{rest} more lines below: j or Down") } else { String::new() };
    if y > 2 {
        Line::new(buffer, y, app.theme.glyphs.more).skip(1).put(&text, app.theme.dim());
    }
}

/// One column of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Column<Id> {
    id: Id,
    title: &'static str,
    width: usize,
}

/// Draws the titles of columns, where there is a line for them.
fn titles<Id>(buffer: &mut Buffer, app: &App, plan: &Plan, columns: &[Column<Id>]) {
    let Some(y) = plan.titles else { return };
    let mut line = Line::new(buffer, y, app.theme.glyphs.more);
    line.skip(GUTTER);
    for column in columns {
        line.cell(column.title, column.width, app.theme.dim()).skip(GAP);
    }
}

/// Cursor, space, mark, space.
const GUTTER: usize = 4;
/// Between columns.
const GAP: usize = 2;

/// Which columns stay on `width` cells: they leave in the order of `leaving`; what is left over
/// goes to `greedy`. A function of the width alone, so nothing jumps while scrolling.
fn columns<Id: Copy + PartialEq>(
    all: &[Column<Id>],
    leaving: &[Id],
    greedy: &[(Id, usize)],
    width: usize,
) -> Vec<Column<Id>> {
    let width = width.saturating_sub(GUTTER);
    let needs = |columns: &[Column<Id>]| {
        columns.iter().map(|column| column.width + GAP).sum::<usize>().saturating_sub(GAP)
    };
    let mut columns = all.to_vec();
    for id in leaving {
        if needs(&columns) <= width {
            break;
        }
        columns.retain(|column| column.id != *id);
    }
    for (id, limit) in greedy {
        let spare = width.saturating_sub(needs(&columns));
        if let Some(column) = columns.iter_mut().find(|column| column.id == *id) {
            column.width += spare.min(limit.saturating_sub(column.width));
        }
    }
    columns
}

/// Draws the gutter of a list row and returns the line after it.
fn row<'a>(
    buffer: &'a mut Buffer,
    app: &App,
    y: u16,
    is_cursor: bool,
    mark: Option<super::theme::Mark>,
) -> Line<'a> {
    let mut line = Line::new(buffer, y, app.theme.glyphs.more);
    let cursor = if is_cursor { app.theme.glyphs.cursor } else { ' ' };
    line.put(&format!("{cursor} "), ratatui::style::Style::new());
    match mark {
        Some(mark) => line.put(&format!("{} ", mark.glyph()), app.theme.mark(mark)),
        None => line.skip(2),
    };
    line
}
