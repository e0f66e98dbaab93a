//! Routes, by family and table: the tables people ask about first, table local in a sentence.

use std::io::{self, Write};
use std::sync::Arc;

use netdiag_core::Snapshot;
use netdiag_core::model::{Family, NextHop, Route, RouteKind, RouteProtocol, RouteTable, TableId};

use super::columns::{Align, Columns};
use super::page::{Page, Paint, Span};
use super::words::{self, count};

const COLUMNS: [(&str, Align); 7] = [
    ("Destination", Align::Left),
    ("Via", Align::Left),
    ("Dev", Align::Left),
    ("Metric", Align::Right),
    ("Proto", Align::Left),
    ("Source", Align::Left),
    ("", Align::Left),
];

/// Writes all routes.
pub(super) fn routes(page: Page, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    for family in [Family::V4, Family::V6] {
        let mut tables: Vec<&Arc<RouteTable>> =
            snapshot.routes().tables().iter().filter(|table| table.family() == family).collect();
        tables.sort_by_key(|table| (table.id() == TableId::LOCAL, table.id() != TableId::MAIN, table.id()));
        for routes in tables {
            let is_local = routes.id() == TableId::LOCAL;
            let ours = |route: &&Route| is_local && is_kept_by_kernel(route);
            let kept: Vec<&Route> = routes.routes().iter().filter(ours).collect();
            let is_shown = |route: &&Route| !is_local || !is_kept_by_kernel(route);
            writeln!(out)?;
            page.line(out, &[Span::new(format!("{family} routes, table {}", routes.id()), Paint::Strong)])?;
            table(page, routes.routes().iter().filter(is_shown), out)?;
            if !kept.is_empty() {
                page.sentence(out, &format!("  {}", local_in_words(&kept)), Paint::Dim, 2)?;
            }
        }
    }
    Ok(())
}

fn is_kept_by_kernel(route: &Route) -> bool {
    route.protocol == RouteProtocol::KERNEL
        && [RouteKind::LOCAL, RouteKind::BROADCAST, RouteKind::ANYCAST, RouteKind::MULTICAST]
            .contains(&route.kind)
}

/// `6 addresses of this host, 2 broadcast: kept by the kernel`.
fn local_in_words(routes: &[&Route]) -> String {
    let kinds = [
        (RouteKind::LOCAL, "address of this host", "addresses of this host"),
        (RouteKind::BROADCAST, "broadcast address", "broadcast addresses"),
        (RouteKind::ANYCAST, "anycast address", "anycast addresses"),
        (RouteKind::MULTICAST, "multicast range", "multicast ranges"),
    ];
    let parts: Vec<String> = kinds
        .iter()
        .map(|(kind, one, many)| (routes.iter().filter(|route| route.kind == *kind).count(), one, many))
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, many)| count(number, one, many))
        .collect();
    format!("{}, kept by the kernel (--json lists them)", parts.join(", "))
}

fn table<'a>(
    page: Page,
    routes: impl Iterator<Item = &'a Route> + Clone,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut columns = Columns::new(page, 2, &COLUMNS);
    let mut is_empty = true;
    for route in routes.clone() {
        is_empty = false;
        rows(route, &mut |row| {
            columns.measure(row);
            Ok(())
        })?;
    }
    if is_empty {
        return Ok(());
    }
    columns.fit();
    columns.titles(out)?;
    for route in routes {
        rows(route, &mut |row| columns.row(out, row))?;
    }
    Ok(())
}

/// The rows of a route: one, and one more for each way of several.
fn rows(route: &Route, each: &mut dyn FnMut(&[Span]) -> io::Result<()>) -> io::Result<()> {
    let several = route.nexthops.len() > 1;
    let is_refused = words::refusal(route.kind).is_some();
    let (via, dev) = match route.nexthops.as_slice() {
        _ if is_refused => (route.kind.to_string(), String::new()),
        [] => (String::new(), String::new()),
        [hop] => (words::via(hop), words::dev(hop)),
        hops => (format!("{} ways", hops.len()), String::new()),
    };
    let paint = if is_refused { Paint::Warning } else { Paint::Plain };
    let metric = if route.metric == 0 { String::new() } else { route.metric.to_string() };
    let protocol = match route.protocol {
        RouteProtocol::UNSPECIFIED => String::new(),
        protocol => protocol.to_string(),
    };
    let words = words::route_words(route).join(", ");
    each(&[
        Span::new(
            route.destination.to_string(),
            if route.is_default() { Paint::Strong } else { Paint::Plain },
        ),
        Span::new(via, paint),
        dev.into(),
        metric.into(),
        protocol.into(),
        route.preferred_source.map(|source| source.to_string()).unwrap_or_default().into(),
        warn_on_capitals(words),
    ])?;
    for hop in route.nexthops.iter().filter(|_| several) {
        each(&leg(hop))?;
    }
    Ok(())
}

fn leg(hop: &NextHop) -> [Span; 7] {
    let none = Span::default;
    [
        none(),
        format!("  {}", words::via(hop)).into(),
        words::dev(hop).into(),
        none(),
        none(),
        none(),
        warn_on_capitals(words::nexthop_words(hop).join(", ")),
    ]
}

/// A way that is not used, or soon will not be, is said in capitals and painted.
fn warn_on_capitals(words: String) -> Span {
    let asks = ["DEAD", "LINKDOWN", "EXPIRED"].iter().any(|word| words.contains(word));
    Span::new(words, if asks { Paint::Warning } else { Paint::Plain })
}
