//! Everything about the selected row, in words.

use jiff::SignedDuration;
use netdiag_core::diff::Change;
use netdiag_core::history::{Cause, Event, Origin};
use netdiag_core::model::{Address, Link, Route, RouteKind};
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::text::{Line, wrap};
use super::{frame, links, others, routes, rules};
use crate::text::words::{address_words, count, link_state, link_words, nexthop_words, refusal, route_words};
use crate::tui::app::{App, Data, Mode, Screen, Source};
use crate::tui::journal::after;
use crate::tui::marks::{Gone, Marked};
use crate::tui::rows::{LinkThing, RouteRow};
use crate::tui::theme::Mark;
use crate::tui::words;

/// A title, and facts with their labels.
pub(crate) struct Detail {
    pub(crate) title: String,
    pub(crate) facts: Vec<(&'static str, String)>,
}

const LABEL: usize = 12;

/// The pane under the list.
pub(crate) fn pane(buffer: &mut Buffer, app: &App, y: u16, height: u16) {
    let more = app.theme.glyphs.more;
    // On a small screen the error of a filter takes this line.
    if height == 1
        && let Mode::FilterLine { error: Some(error), .. } = &app.mode
    {
        Line::new(buffer, y, more).skip(1).put(&format!("! {error}"), app.theme.warning());
        return;
    }
    let Some(detail) = detail(app) else { return };
    if height == 1 {
        Line::new(buffer, y, more).skip(1).put(&detail.title, app.theme.dim());
        return;
    }
    let lines = lines(&detail, app);
    let room = usize::from(height) - 1;
    let hint = if lines.len() > room { "Enter shows all" } else { "" };
    frame::rule(buffer, app, y, "Selected", hint);
    for (y, (text, style)) in (y + 1..y + height).zip(&lines) {
        Line::new(buffer, y, more).skip(1).put(text, *style);
    }
}

/// All lines, for the whole screen.
pub(crate) fn full_lines(app: &App) -> Vec<(String, Style)> {
    detail(app).map(|detail| lines(&detail, app)).unwrap_or_default()
}

fn lines(detail: &Detail, app: &App) -> Vec<(String, Style)> {
    let width = usize::from(app.size.0.saturating_sub(2));
    let title = wrap(&detail.title, width).into_iter().map(|line| (line, app.theme.strong()));
    // On a narrow terminal the label has a line of its own.
    let beside = width >= 50;
    let indent = if beside { LABEL + 2 } else { 2 };
    let facts = detail.facts.iter().flat_map(|(label, text)| {
        let text = wrap(text, width.saturating_sub(indent));
        let lines = text.into_iter().enumerate().map(move |(number, line)| {
            let label = if number == 0 && beside { label } else { "" };
            let gap = if beside { LABEL } else { 0 };
            (format!("  {label:<gap$}{line}"), Style::new())
        });
        let own = (!beside).then(|| ((*label).to_owned(), app.theme.dim()));
        own.into_iter().chain(lines)
    });
    title.chain(facts).collect()
}

fn detail(app: &App) -> Option<Detail> {
    let (data, at) = (app.data()?, app.cursor().selected);
    match app.screen {
        Screen::Routes => app.routes.get(at, app.marks()).map(|row| route(app, data, row)),
        Screen::Links => {
            app.links.get(at)?.thing(&data.snapshot, app.marks()).map(|it| link_or_address(app, data, it))
        }
        Screen::Rules => app.rules.get(at).and_then(|row| rules::detail(app, data, row)),
        Screen::Events => app.event_at(at).and_then(|at| data.journal.newest(at)).map(|it| event(app, it)),
        Screen::Other => app.others.get(at).map(|row| others::detail(app, data, row)),
    }
}

fn route(app: &App, data: &Data, row: RouteRow<'_>) -> Detail {
    let route: &Route = row.route();
    let mut facts = vec![("What", words::purpose(route, &data.snapshot, &data.marks.gone_links).long)];
    facts.extend(marked(app, data, routes::mark(app, row)));
    match row {
        RouteRow::Gone(gone) => facts.push(("When", gone_when(app, data, gone))),
        RouteRow::Current(..) if matches!(app.source, Source::Stored(_)) => {}
        RouteRow::Current(..) => facts.push(("When", since(app, data, routes::latest(data, route)))),
    }
    if refusal(route.kind).is_none() {
        facts.extend(route.nexthops.iter().map(|hop| {
            let name = crate::text::words::dev(hop);
            let link = hop.link_index.and_then(|index| data.snapshot.link(index));
            let link = match link {
                Some(link) => format!("{name} ({}, {})", link.kind_in_words(), link_state(link)),
                None if name.is_empty() => "no link".into(),
                None => format!("{name} (this link is gone)"),
            };
            let mut text = match hop.gateway {
                Some(gateway) => format!("to router {gateway} on {link}"),
                None if route.kind == RouteKind::LOCAL => format!("to this host, {link}"),
                None => format!("directly on {link}"),
            };
            for word in nexthop_words(hop) {
                text.push_str(&format!(", {word}"));
            }
            ("Way out", text)
        }));
        if route.nexthops.is_empty() && route.nexthop_id.is_none() {
            facts.push(("Way out", "none".into()));
        }
    }
    if let Some(source) = route.preferred_source {
        facts.push(("Source", format!("{source}, unless the program chooses another")));
    }
    facts.push(("Protocol", words::protocol(route.protocol)));
    let metric = route.metric;
    facts.push((
        "Table",
        format!("{}; metric {metric} (of equal prefixes the lowest metric wins)", route.table),
    ));
    // By the clock: a time that runs down would have to tick.
    let ends = |seconds| data.snapshot.taken_at().checked_add(SignedDuration::from_secs(seconds)).ok();
    if let Some(end) = route.expires_in_s.filter(|seconds| *seconds > 0).and_then(ends) {
        facts.push(("Expires", format!("{}, unless it is announced again", words::clock(end, &app.zone))));
    }
    let mut special = route_words(route);
    special.retain(|words| !words.starts_with("expires in"));
    if !special.is_empty() {
        facts.push(("Also", special.join(", ")));
    }
    Detail { title: route.to_string(), facts }
}

fn link_or_address(app: &App, data: &Data, thing: LinkThing<'_>) -> Detail {
    match thing {
        LinkThing::Link(link) => {
            let marks = app.marks().and_then(|marks| marks.links.get(&link.index)).copied();
            let changed = marked(app, data, marks.map(|marked| (marked.mark, Some(marked))));
            self::link(app, data, link, changed)
        }
        LinkThing::GoneLink(gone) => {
            let mut facts: Vec<_> = marked(app, data, Some((gone.mark, None))).into_iter().collect();
            facts.push(("When", gone_when(app, data, gone)));
            self::link(app, data, &gone.row, facts)
        }
        LinkThing::Address(address) => {
            let marks = app.marks().and_then(|marks| marks.addresses.get(&address.key())).copied();
            let changed = marked(app, data, marks.map(|marked| (marked.mark, Some(marked))));
            self::address(app, data, address, changed)
        }
        LinkThing::GoneAddress(gone) => {
            let mut facts: Vec<_> = marked(app, data, Some((gone.mark, None))).into_iter().collect();
            facts.push(("When", gone_when(app, data, gone)));
            self::address(app, data, &gone.row, facts)
        }
    }
}

fn link(
    app: &App,
    data: &Data,
    link: &Link,
    more: impl IntoIterator<Item = (&'static str, String)>,
) -> Detail {
    let mut facts = vec![("What", what_link(link))];
    facts.extend(more);
    let words = link_words(link);
    if !words.is_empty() {
        facts.push(("Also", words.join(", ")));
    }
    facts.push(("Flags", link.flags.names().collect::<Vec<_>>().join(", ")));
    // Loopback has an address of zeros.
    if let Some(mac) = link.mac.as_ref().filter(|_| link.link_type != "loopback") {
        facts.push(("MAC", mac.to_string()));
    }
    let routes = data.snapshot.routes().tables().iter();
    let uses = routes.flat_map(|table| table.routes()).filter(|route| route.uses_link(link.index));
    let used = uses.filter(|route| route.kind == RouteKind::UNICAST).take(1001).count();
    let used = if used > 1000 { "more than 1000 routes".into() } else { count(used, "route", "routes") };
    facts.push(("Routes", format!("{used} to other hosts leave by it")));
    if let Some(event) = data.journal.last_about(
        |object| matches!(object, netdiag_core::diff::Object::Link(other) if other.index == link.index),
    ) {
        facts.push(("Last event", told(app, event)));
    }
    if !link.unmodelled.is_empty() {
        facts.push((
            "Unread",
            count(link.unmodelled.len(), "attribute not understood", "attributes not understood"),
        ));
    }
    Detail { title: format!("{} (index {}), mtu {}", link.name, link.index, link.mtu), facts }
}

fn what_link(link: &Link) -> String {
    let tunnel = if link.is_tunnel() {
        " A tunnel: what leaves here is wrapped and leaves the host by another link."
    } else {
        ""
    };
    let state = match link_state(link).as_str() {
        "up" => "up".to_owned(),
        "admin down" => "switched off (admin down): it carries nothing".into(),
        "no carrier" if link.kind.as_deref() == Some("tun") => {
            "without carrier: no program holds it open".into()
        }
        "no carrier" => "without carrier: nothing is plugged in or connected".into(),
        other => other.to_owned(),
    };
    format!("{}, {state}.{tunnel}", link.kind_in_words())
}

fn address(
    app: &App,
    data: &Data,
    address: &Address,
    more: impl IntoIterator<Item = (&'static str, String)>,
) -> Detail {
    let mut facts = vec![("What", what_address(address))];
    facts.extend(more);
    let lifetimes = match (address.preferred_for_s, address.valid_for_s) {
        (None, None) => "forever".to_owned(),
        (preferred, valid) => format!(
            "preferred: {}; valid: {}. At 0 preferred it is deprecated: it works, but new connections avoid it.",
            links::left(app, preferred),
            links::left(app, valid)
        ),
    };
    facts.push(("Lifetime", lifetimes));
    if let Some(peer) = address.peer {
        facts.push(("Peer", format!("{peer} is the other end")));
    }
    if let Some(broadcast) = address.broadcast {
        facts.push(("Broadcast", broadcast.to_string()));
    }
    facts.push(("Scope", format!("{} (as the kernel keeps it)", address.scope)));
    if let Some(label) = address.label.as_ref().filter(|label| Some(*label) != address.link.as_ref()) {
        facts.push(("Label", label.to_string()));
    }
    let key = address.key();
    if let Some(event) = data.journal.last_about(
        |object| matches!(object, netdiag_core::diff::Object::Address(other) if other.key() == key),
    ) {
        facts.push(("Last event", told(app, event)));
    }
    Detail { title: format!("{} on {}", address.address, links::link_name(address)), facts }
}

fn what_address(address: &Address) -> String {
    use netdiag_core::model::AddressFlags as Flags;
    let flags = address.flags;
    let ipv6 = address.address.addr().is_ipv6();
    let note = if flags.contains(Flags::DAD_FAILED) {
        " Another host has it already, so it cannot be used."
    } else if flags.contains(Flags::TENTATIVE) && !flags.contains(Flags::OPTIMISTIC) {
        " Not usable yet: the kernel still checks that no other host has it."
    } else if flags.contains(Flags::DEPRECATED) {
        " Deprecated: it works, but new connections avoid it."
    } else if ipv6 && flags.contains(Flags::TEMPORARY) {
        " A temporary (privacy) address, RFC 8981."
    } else {
        ""
    };
    let words = address_words(address);
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    format!("{}{}.{note}", first.map(String::from).unwrap_or_default(), letters.as_str())
}

fn event(app: &App, event: &Event) -> Detail {
    let mut facts = Vec::new();
    if let Change::Modified { before, .. } = &event.change {
        facts.push(("Changed", words::differences(&event.change)));
        facts.push(("Before", words::object(before)));
    }
    facts.push((
        "When",
        format!("{} (event {}, burst {})", words::date(event.time, &app.zone), event.sequence, event.burst),
    ));
    facts.push(("Known by", known_by(event)));
    match &event.because {
        Some(Cause::Unexplained) => facts.push(("Why", "nothing that was seen explains it".into())),
        Some(cause) => facts.push(("Why", cause.to_string())),
        None => {}
    }
    if let Some(process) = &event.by {
        facts.push(("Asked by", process.to_string()));
    }
    let verb = match event.change {
        Change::Added { .. } => "Added",
        Change::Removed { .. } => "Removed",
        Change::Modified { .. } => "Changed",
    };
    Detail { title: format!("{verb}: {}", words::object(after(&event.change))), facts }
}

fn known_by(event: &Event) -> String {
    match event.origin {
        Origin::Announced => "the kernel announced it",
        Origin::Inferred => "the kernel said nothing about it: it was found by reading again",
        Origin::Resynced => "it was found by reading everything again after messages were lost",
    }
    .into()
}

/// What a mark means here.
pub(crate) fn marked(
    app: &App,
    data: &Data,
    mark: Option<(Mark, Option<Marked>)>,
) -> Option<(&'static str, String)> {
    let (mark, marked) = mark?;
    let name = if data.baseline.is_set { "the baseline" } else { "the start" };
    let change = marked.and_then(|marked| app.marks()?.change(marked));
    let text = match (mark, change) {
        (Mark::Changed, Some(change)) => format!("~ since {name}: {}", words::differences(change)),
        (Mark::Added, _) => format!("+ not there at {name}"),
        (Mark::Removed, _) => format!("- there at {name}, gone now"),
        (Mark::Changed, _) => format!("~ changed since {name}"),
        (Mark::CameAndWent, _) => format!("x came and went after {name}"),
    };
    Some(("Difference", text))
}

/// When something current was last heard of.
fn since(app: &App, data: &Data, event: Option<&Event>) -> String {
    match event {
        Some(event) => told(app, event),
        None if data.journal.forgotten() > 0 => {
            "no change that is still remembered: it may have been there from the start".into()
        }
        None => "there when netdiag started, unchanged since".into(),
    }
}

/// When something came and when it went, and why.
pub(crate) fn gone_when<T>(app: &App, data: &Data, gone: &Gone<T>) -> String {
    let clock = |time| words::clock(time, &app.zone);
    let mut text = match (gone.came, gone.went) {
        (Some(came), Some(went)) => format!("appeared {}, went {}", clock(came), clock(went)),
        (None, Some(went)) => format!("went {}", clock(went)),
        (Some(came), None) => format!("appeared {}", clock(came)),
        (None, None) => "when it went is not remembered".into(),
    };
    let removal = gone.removal.and_then(|sequence| data.journal.with_sequence(sequence));
    if let Some(event) = removal {
        text.push_str(&format!(": {}", words::how(event)));
    }
    text
}

/// What an event did, when and how it is known.
pub(crate) fn told(app: &App, event: &Event) -> String {
    let verb = match &event.change {
        Change::Added { .. } => "appeared".to_owned(),
        Change::Removed { .. } => "went".to_owned(),
        Change::Modified { .. } => {
            let time = words::clock(event.time, &app.zone);
            return format!("changed {time}: {}; {}", words::differences(&event.change), words::how(event));
        }
    };
    format!("{verb} {}, {}", words::clock(event.time, &app.zone), words::how(event))
}
