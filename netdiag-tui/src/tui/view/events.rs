//! The Events screen, and the strip of the newest events under the routes.

use netdiag_core::history::Event;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::frame::{self, Plan};
use super::{Column, GAP, columns, row, text, titles};
use crate::text::words::count;
use crate::tui::app::{App, Data};
use crate::tui::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    Time,
    What,
    How,
}

const ALL: [Column<Id>; 3] = [
    Column { id: Id::Time, title: "Time", width: 8 },
    Column { id: Id::What, title: "What", width: 26 },
    Column { id: Id::How, title: "How it became known", width: 38 },
];

fn event_columns(app: &App) -> Vec<Column<Id>> {
    let width = usize::from(app.size.0);
    let mut columns = columns(&ALL, &[Id::How], &[(Id::What, 56), (Id::How, 90), (Id::What, 200)], width);
    if width < 100 {
        columns.retain(|column| column.id != Id::How);
    }
    if let [.., last] = columns.as_mut_slice() {
        last.width = usize::MAX;
    }
    columns
}

/// Draws the list.
pub(crate) fn draw(buffer: &mut Buffer, app: &App, plan: &Plan) {
    let Some(data) = app.data() else { return };
    let columns = event_columns(app);
    titles(buffer, app, plan, &columns);
    let cursor = app.cursor();
    let (top, height) = plan.list;
    let mut last = None;
    for (at, y) in (cursor.offset..).zip(top..top + height) {
        let Some(event) = app.event_at(at).and_then(|at| data.journal.newest(at)) else { break };
        // The time stands once for the events of one burst.
        let repeats = last.replace((event.burst, words::clock(event.time, &app.zone)))
            == Some((event.burst, words::clock(event.time, &app.zone)));
        draw_row(buffer, app, &columns, y, event, at == cursor.selected, repeats);
        if at == cursor.selected {
            text::restyle(buffer, y, app.theme.cursor());
        }
    }
}

fn draw_row(
    buffer: &mut Buffer,
    app: &App,
    columns: &[Column<Id>],
    y: u16,
    event: &Event,
    is_cursor: bool,
    repeats: bool,
) {
    let mark = words::change_mark(&event.change);
    let mut line = row(buffer, app, y, is_cursor, Some(mark));
    for column in columns {
        let (text, style) = match column.id {
            Id::Time if repeats => (String::new(), app.theme.dim()),
            Id::Time => (words::clock(event.time, &app.zone), app.theme.dim()),
            // Only the gutter says by colour what came and went: here everything is past.
            Id::What => (words::change(&event.change), Style::new()),
            Id::How => (words::how(event), app.theme.dim()),
        };
        line.cell(&text, column.width, style).skip(GAP);
    }
}

/// The newest events in a few lines.
pub(crate) fn strip(buffer: &mut Buffer, app: &App, y: u16, height: u16) {
    let Some(data) = app.data() else { return };
    frame::rule(buffer, app, y, "Events", &strip_hint(data));
    if data.journal.len() == 0 && height > 1 {
        let text = "Nothing has changed since netdiag started.";
        text::Line::new(buffer, y + 1, app.theme.glyphs.more).skip(4).put(text, app.theme.dim());
    }
    let columns = event_columns(app);
    let mut last = None;
    for (at, y) in (0..).zip(y + 1..y + height) {
        let Some(event) = data.journal.newest(at) else { break };
        let repeats = last.replace(event.burst) == Some(event.burst);
        draw_row(buffer, app, &columns, y, event, false, repeats);
    }
}

fn strip_hint(data: &Data) -> String {
    match data.journal.len() {
        0 => String::new(),
        events => format!("{}, newest first; 4 shows all", count(events, "event", "events")),
    }
}
