//! The last screen: the resolver, nexthop objects, neighbours, address labels, switches.

use netdiag_core::diff::{Object, ResolverLine};
use netdiag_core::model::Escaped;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::detail::{Detail, marked, told};
use super::frame::Plan;
use super::{Column, GAP, columns, row, text, titles};
use crate::text::words::name_or_index;
use crate::text::{Thing, describe};
use crate::tui::app::{App, Data};
use crate::tui::rows::OtherRow;
use crate::tui::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    Kind,
    What,
    Where,
}

const ALL: [Column<Id>; 3] = [
    Column { id: Id::Kind, title: "Kind", width: 13 },
    Column { id: Id::What, title: "What", width: 19 },
    Column { id: Id::Where, title: "Where", width: 18 },
];
const LEAVING: [Id; 2] = [Id::Where, Id::Kind];
const GREEDY: [(Id, usize); 1] = [(Id::What, 200)];

/// Draws the list.
pub(crate) fn draw(buffer: &mut Buffer, app: &App, plan: &Plan) {
    let columns = columns(&ALL, &LEAVING, &GREEDY, usize::from(app.size.0));
    titles(buffer, app, plan, &columns);
    let cursor = app.cursor();
    let (top, height) = plan.list;
    let mut last = None;
    for ((at, other), y) in app.others.iter().enumerate().skip(cursor.offset).zip(top..top + height) {
        let style = other.mark.map_or_else(Style::new, |mark| app.theme.mark(mark));
        let noun = Thing::from(&other.object).noun();
        let repeats = last.replace(noun) == Some(noun);
        let mut line = row(buffer, app, y, at == cursor.selected, other.mark);
        for column in &columns {
            let text = match column.id {
                // The kind stands once for the rows that share it.
                Id::Kind if repeats => String::new(),
                Id::Kind => noun.to_owned(),
                Id::What => what(&other.object),
                Id::Where => place(&other.object),
            };
            line.cell(&text, column.width, style).skip(GAP);
        }
        if at == cursor.selected {
            text::restyle(buffer, y, app.theme.cursor());
        }
    }
}

/// The thing without its place, which has a column.
fn what(object: &Object) -> String {
    match object {
        // What no file holds is written as a comment.
        Object::Resolver(line) => Escaped(line.text.strip_prefix("# ").unwrap_or(&line.text)).to_string(),
        other => describe(Thing::from(other)),
    }
}

fn place(object: &Object) -> String {
    match object {
        Object::Resolver(line) => match line.link_index {
            Some(index) => format!("resolved, {}", name_or_index(line.link.as_ref(), index)),
            None => line.file.clone(),
        },
        Object::Sysctl(_) => "/proc/sys".into(),
        _ => "kernel".into(),
    }
}

/// Everything about a row.
pub(crate) fn detail(app: &App, data: &Data, row: &OtherRow) -> Detail {
    let thing = Thing::from(&row.object);
    let mut facts = vec![("What", meaning(&row.object).to_owned())];
    facts.extend(marked(app, data, row.mark.map(|mark| (mark, row.marked))));
    facts.push(("Where", place(&row.object)));
    if let Object::NextHop(nexthop) = &row.object {
        let routes = data.snapshot.routes().iter().filter(|route| route.nexthop_id == Some(nexthop.id));
        facts.push(("Used by", crate::text::words::count(routes.count(), "route", "routes")));
        facts.push(("Protocol", words::protocol(nexthop.protocol)));
    }
    if let Some(event) = data.journal.last_about(|other| *other == row.object) {
        facts.push(("Last event", told(app, event)));
    }
    Detail { title: format!("{} {}", thing.noun(), what(&row.object)), facts }
}

/// What a thing does, in a sentence.
fn meaning(object: &Object) -> &'static str {
    match object {
        Object::Resolver(line) => statement(line),
        Object::NextHop(_) => "A way out that routes refer to by its number (ip nexthop).",
        Object::Neighbor(_) => {
            "Another host on a link, and how the kernel reaches it there (ARP, or NDP for IPv6)."
        }
        Object::AddressLabel(_) => {
            "Addresses with equal labels belong together: from several own IPv6 addresses the kernel prefers one whose label is that of the destination (RFC 6724)."
        }
        _ => "A switch of the kernel that changes where packets go, as sysctl(8) prints it.",
    }
}

/// What a statement of the resolver's configuration does (resolv.conf(5), hosts(5),
/// nsswitch.conf(5), gai.conf(5)).
fn statement(line: &ResolverLine) -> &'static str {
    let keyword = line.text.split(' ').next().unwrap_or_default();
    match (line.file.as_str(), keyword) {
        (_, "#") if line.text.starts_with("# ignored") => "A line that its reader ignores.",
        (_, "#") => "Where this configuration comes from.",
        ("systemd-resolved", "nameserver") => "A server that systemd-resolved asks for names.",
        ("systemd-resolved", "domain") => "Names below this domain are asked here.",
        ("systemd-resolved", _) => "Whether names that no domain claims may be asked here.",
        (_, "nameserver") => {
            "A server that is asked for names. They are asked from the first to the last, and glibc knows only the first three."
        }
        (_, "search") => "Domains that are tried behind a short name.",
        (_, "options") => "How the resolver of glibc behaves.",
        ("/etc/nsswitch.conf", _) => "Which services are asked for names, in this order.",
        ("/etc/hosts", _) => "Names that are answered from this file; usually DNS is not asked for them.",
        ("/etc/gai.conf", _) => "How getaddrinfo(3) orders the addresses of a name.",
        _ => "A setting of the resolver.",
    }
}
