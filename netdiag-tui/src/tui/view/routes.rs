//! The Routes screen: all tables, with what each route is for.

use jiff::Timestamp;
use netdiag_core::history::Event;
use netdiag_core::model::{NextHopFlags, Route, RouteKind, TableId};
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::frame::Plan;
use super::{Column, GAP, columns, row, text, titles};
use crate::text::words::{dev, via};
use crate::tui::app::{App, Data};
use crate::tui::marks::Marked;
use crate::tui::rows::RouteRow;
use crate::tui::theme::Mark;
use crate::tui::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    Destination,
    Via,
    Link,
    Metric,
    Table,
    Protocol,
    Purpose,
    Changed,
}

const ALL: [Column<Id>; 8] = [
    Column { id: Id::Destination, title: "Destination", width: 18 },
    Column { id: Id::Via, title: "Via", width: 15 },
    Column { id: Id::Link, title: "Dev", width: 8 },
    Column { id: Id::Metric, title: "Metric", width: 6 },
    Column { id: Id::Table, title: "Table", width: 7 },
    Column { id: Id::Protocol, title: "Proto", width: 7 },
    Column { id: Id::Purpose, title: "What it is for", width: 19 },
    Column { id: Id::Changed, title: "Changed", width: 8 },
];
const LEAVING: [Id; 6] = [Id::Protocol, Id::Table, Id::Metric, Id::Changed, Id::Via, Id::Purpose];
const GREEDY: [(Id, usize); 5] =
    [(Id::Destination, 22), (Id::Purpose, 29), (Id::Destination, 43), (Id::Via, 39), (Id::Link, 15)];

/// Draws the list.
pub(crate) fn draw(buffer: &mut Buffer, app: &App, plan: &Plan) {
    let Some(data) = app.data() else { return };
    let columns = columns(&ALL, &LEAVING, &GREEDY, usize::from(app.size.0));
    titles(buffer, app, plan, &columns);
    let cursor = app.cursor();
    let (top, height) = plan.list;
    for (at, y) in (cursor.offset..).zip(top..top + height) {
        let Some(route_row) = app.routes.get(at, app.marks()) else { break };
        draw_row(buffer, app, data, &columns, y, route_row);
        if at == cursor.selected {
            mark_cursor(buffer, app, y, route_row);
        }
    }
}

fn mark_cursor(buffer: &mut Buffer, app: &App, y: u16, route_row: RouteRow<'_>) {
    let mark = mark(app, route_row).map(|(mark, _)| mark);
    row(buffer, app, y, true, mark);
    text::restyle(buffer, y, app.theme.cursor());
}

/// The mark of a row, and the difference behind it.
pub(crate) fn mark(app: &App, route_row: RouteRow<'_>) -> Option<(Mark, Option<Marked>)> {
    match route_row {
        RouteRow::Gone(gone) => Some((gone.mark, None)),
        RouteRow::Current(route, position) => {
            app.marks()?.route(route, position).map(|marked| (marked.mark, Some(marked)))
        }
    }
}

fn draw_row(
    buffer: &mut Buffer,
    app: &App,
    data: &Data,
    columns: &[Column<Id>],
    y: u16,
    route_row: RouteRow<'_>,
) {
    let route = route_row.route();
    let mark = mark(app, route_row).map(|(mark, _)| mark);
    let style = mark.map_or_else(Style::new, |mark| app.theme.mark(mark));
    let mut line = row(buffer, app, y, false, mark);
    let has_table = columns.iter().any(|column| column.id == Id::Table);
    for column in columns {
        let text = match column.id {
            Id::Destination => route.destination.to_string(),
            Id::Via => gateway(route),
            Id::Link => device(route),
            Id::Metric => format!("{:>6}", route.metric),
            Id::Table => route.table.to_string(),
            Id::Protocol => route.protocol.to_string(),
            Id::Purpose => purpose(route_row, data, has_table, column.width),
            Id::Changed => changed(app, data, route_row),
        };
        line.cell(&text, column.width, style).skip(GAP);
    }
}

/// What it is for, with the table where it has no column, and what is wrong with it: in full
/// where there is room, else in a word.
fn purpose(route_row: RouteRow<'_>, data: &Data, has_table: bool, width: usize) -> String {
    let route = route_row.route();
    let mut text = words::purpose(route, &data.snapshot, &data.marks.gone_links).short;
    match route.table {
        _ if has_table => {}
        TableId::MAIN | TableId::LOCAL => {}
        table => text = format!("table {table}: {text}"),
    }
    let all = |flag| !route.nexthops.is_empty() && route.nexthops.iter().all(|hop| hop.flags.contains(flag));
    if route.kind == RouteKind::UNICAST && matches!(route_row, RouteRow::Current(..)) {
        if all(NextHopFlags::DEAD) {
            text.push_str(", DEAD");
        } else if all(NextHopFlags::LINKDOWN) {
            let is_short = text.len() + ", no carrier".len() > width;
            text.push_str(if is_short { ", down" } else { ", no carrier" });
        }
    }
    text
}

fn gateway(route: &Route) -> String {
    match route.nexthops.as_slice() {
        [] if route.nexthop_id.is_some() => format!("nexthop {}", route.nexthop_id.unwrap_or_default()),
        [] => "-".into(),
        [_] if is_refused(route) => "-".into(),
        [hop] => via(hop),
        hops => format!("{} ways", hops.len()),
    }
}

fn device(route: &Route) -> String {
    match route.nexthops.as_slice() {
        [] => "-".into(),
        _ if is_refused(route) => "-".into(),
        [hop] => dev(hop),
        [first, rest @ ..] => {
            let names: std::collections::BTreeSet<String> =
                std::iter::once(first).chain(rest).map(dev).collect();
            names.into_iter().collect::<Vec<_>>().join(",")
        }
    }
}

/// IPv6 gives blackhole routes and their kin the loopback link, which means nothing.
fn is_refused(route: &Route) -> bool {
    crate::text::words::refusal(route.kind).is_some()
}

/// When it changed last while netdiag was watching.
fn changed(app: &App, data: &Data, route_row: RouteRow<'_>) -> String {
    let time: Option<Timestamp> = match route_row {
        RouteRow::Gone(gone) => gone.went.or(gone.came),
        RouteRow::Current(route, _) => latest(data, route).map(|event| event.time),
    };
    time.map_or_else(String::new, |time| words::clock(time, &app.zone))
}

/// The last event about a route.
pub(crate) fn latest<'a>(data: &'a Data, route: &Route) -> Option<&'a Event> {
    data.journal.latest_of(route)
}

/// The mark of a row.
#[cfg(test)]
pub(crate) fn mark_only(app: &App, route_row: RouteRow<'_>) -> Option<Mark> {
    mark(app, route_row).map(|(mark, _)| mark)
}
