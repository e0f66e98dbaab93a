//! A whole state as text: the answer in a sentence first, the evidence in tables.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::net::IpAddr;

use jiff::tz::TimeZone;
use netdiag_core::Snapshot;
use netdiag_core::model::{
    Family, NameServer, Neighbor, NeighborState, ProblemKind, ResolverConfig, RouteProtocol, Rule, TableId,
};

use super::columns::{Align, Columns};
use super::page::{Page, Paint, Span};
use super::{describe, links, posture, routes, words};

/// Neighbours that are no gateways, beyond which only their number is told.
const MANY_NEIGHBORS: usize = 16;

/// The kernel's own address labels (`ip6addrlbl_init_table` in `net/ipv6/addrlabel.c`).
const BUILT_IN_LABELS: [(&str, u32); 10] = [
    ("::/0", 1),
    ("fc00::/7", 5),
    ("fec0::/10", 11),
    ("2002::/16", 2),
    ("3ffe::/16", 12),
    ("2001::/32", 6),
    ("2001:10::/28", 7),
    ("::ffff:0:0/96", 4),
    ("::/96", 3),
    ("::1/128", 0),
];

/// Writes a snapshot for people, with times in the given zone.
pub(crate) fn snapshot(
    page: Page,
    snapshot: &Snapshot,
    zone: &TimeZone,
    out: &mut dyn Write,
) -> io::Result<()> {
    let posture = posture(snapshot).to_string();
    page.sentence(out, &format!("{posture}."), Paint::Strong, 2)?;
    page.sentence(out, &where_and_when(snapshot, zone), Paint::Dim, 2)?;
    heading(page, "Links", out)?;
    links::links(page, snapshot, out)?;
    routes::routes(page, snapshot, out)?;
    rules(page, snapshot, out)?;
    nexthops(page, snapshot, out)?;
    neighbors(page, snapshot, out)?;
    heading(page, "Resolver", out)?;
    resolver(page, snapshot.resolver(), out)?;
    address_labels(page, snapshot, out)?;
    missing(page, snapshot, out)
}

/// What went wrong while a snapshot was read, a line each, for standard error.
pub(crate) fn problems(snapshot: &Snapshot) -> Vec<String> {
    let in_words = |kind| match kind {
        ProblemKind::DumpFailed => "could not be read",
        ProblemKind::Inconsistent => "kept changing while read",
        ProblemKind::Undecodable => "not understood",
        ProblemKind::BadFile => "bad file",
        ProblemKind::NoPermission => "not permitted",
    };
    snapshot.problems().iter().map(|problem| format!("{} ({})", problem, in_words(problem.kind))).collect()
}

fn heading(page: Page, title: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    page.line(out, &[Span::new(title, Paint::Strong)])
}

fn where_and_when(snapshot: &Snapshot, zone: &TimeZone) -> String {
    let host = snapshot.host();
    let mut text = format!("{}, {} {}", host.name, host.system, host.release);
    if let Some(namespace) = &host.namespace {
        text.push_str(&format!(", namespace {namespace}"));
    }
    let time = snapshot.taken_at().to_zoned(zone.clone());
    text.push_str(&format!(", {}", time.strftime("%F %T %Z")));
    text
}

/// Whether a rule is one of the three that the kernel starts with.
fn is_built_in(rule: &Rule) -> bool {
    let plain = |priority: u32, table| {
        rule.priority == priority
            && rule.table == Some(table)
            && rule.to_string() == format!("from all lookup {table}")
    };
    plain(0, TableId::LOCAL) || plain(32_766, TableId::MAIN) || plain(32_767, TableId::DEFAULT)
}

fn rules(page: Page, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    if snapshot.rules().is_empty() {
        return Ok(());
    }
    let built_in = |family| {
        let expected = if family == Family::V4 { 3 } else { 2 };
        snapshot.rules_of(family).count() == expected && snapshot.rules_of(family).all(is_built_in)
    };
    if built_in(Family::V4) && (built_in(Family::V6) || snapshot.rules_of(Family::V6).next().is_none()) {
        heading(page, "Rules", out)?;
        return page.sentence(
            out,
            "  only the built-in ones: table local, then main, then default",
            Paint::Plain,
            2,
        );
    }
    for family in [Family::V4, Family::V6] {
        let mut columns = Columns::new(page, 2, &[("Priority", Align::Right), ("Rule", Align::Left)]);
        let row = |rule: &Rule| -> [Span; 2] {
            let paint = if is_built_in(rule) { Paint::Dim } else { Paint::Plain };
            [Span::new(rule.priority.to_string(), paint), Span::new(rule.to_string(), paint)]
        };
        if snapshot.rules_of(family).next().is_none() {
            continue;
        }
        heading(page, &format!("{family} rules"), out)?;
        snapshot.rules_of(family).for_each(|rule| columns.measure(&row(rule)));
        columns.fit();
        columns.titles(out)?;
        for rule in snapshot.rules_of(family) {
            columns.row(out, &row(rule))?;
        }
    }
    Ok(())
}

fn nexthops(page: Page, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let titles = [
        ("Id", Align::Right),
        ("Via", Align::Left),
        ("Dev", Align::Left),
        ("Proto", Align::Left),
        ("", Align::Left),
    ];
    let rows: Vec<[Span; 5]> = snapshot
        .nexthops()
        .iter()
        .map(|nexthop| {
            let dev = nexthop.link_index.map(|index| words::name_or_index(nexthop.link.as_ref(), index));
            [
                nexthop.id.to_string().into(),
                nexthop.gateway.map(|gateway| gateway.to_string()).unwrap_or_default().into(),
                dev.unwrap_or_default().into(),
                protocol(nexthop.protocol).into(),
                describe::nexthop_words(nexthop).join(", ").into(),
            ]
        })
        .collect();
    table(page, "Nexthop objects", &titles, &rows, out)
}

/// Who added something; nothing when nobody said.
fn protocol(protocol: RouteProtocol) -> String {
    if protocol == RouteProtocol::UNSPECIFIED { String::new() } else { protocol.to_string() }
}

/// A table with a heading; nothing when it has no rows.
fn table<const N: usize>(
    page: Page,
    title: &str,
    titles: &[(&'static str, Align); N],
    rows: &[[Span; N]],
    out: &mut dyn Write,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    heading(page, title, out)?;
    let mut columns = Columns::new(page, 2, titles);
    rows.iter().for_each(|row| columns.measure(row));
    columns.fit();
    columns.titles(out)?;
    rows.iter().try_for_each(|row| columns.row(out, row))
}

fn neighbors(page: Page, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let gateways: BTreeSet<(u32, IpAddr)> = snapshot
        .routes()
        .iter()
        .flat_map(|route| route.nexthops.iter())
        .filter_map(|hop| Some((hop.link_index?, hop.gateway?)))
        .collect();
    let is_gateway = |neighbor: &&Neighbor| gateways.contains(&(neighbor.link_index, neighbor.address));
    let resolved = || snapshot.neighbors().iter().filter(|neighbor| neighbor.state != NeighborState::NO_ARP);
    let first = resolved().filter(is_gateway);
    let others = resolved().filter(|neighbor| !is_gateway(neighbor));
    let rows: Vec<[Span; 5]> = first
        .map(|neighbor| (neighbor, "gateway"))
        .chain(others.clone().take(MANY_NEIGHBORS).map(|neighbor| (neighbor, "")))
        .map(|(neighbor, role)| {
            let failed = [NeighborState::FAILED, NeighborState::INCOMPLETE].contains(&neighbor.state);
            let mut more: Vec<String> = (!role.is_empty()).then(|| role.to_owned()).into_iter().collect();
            if !neighbor.flags.is_empty() {
                more.push(neighbor.flags.to_string());
            }
            [
                neighbor.address.to_string().into(),
                words::name_or_index(neighbor.link.as_ref(), neighbor.link_index).into(),
                neighbor.mac.as_ref().map(ToString::to_string).unwrap_or_default().into(),
                Span::new(neighbor.state.to_string(), if failed { Paint::Warning } else { Paint::Plain }),
                more.join(", ").into(),
            ]
        })
        .collect();
    let titles = [
        ("Address", Align::Left),
        ("Dev", Align::Left),
        ("MAC", Align::Left),
        ("State", Align::Left),
        ("", Align::Left),
    ];
    table(page, "Neighbours", &titles, &rows, out)?;
    match others.count().saturating_sub(MANY_NEIGHBORS) {
        0 => Ok(()),
        more => page.sentence(out, &format!("  and {more} more (--json lists them)"), Paint::Dim, 2),
    }
}

fn resolver(page: Page, resolver: &ResolverConfig, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<[Span; 2]> = Vec::new();
    let mut row = |text: String, place: String| rows.push([text.into(), Span::new(place, Paint::Dim)]);
    if let Some(file) = &resolver.resolv_conf {
        let path = &file.path;
        let at = |line: Option<u32>| line.map_or_else(|| path.clone(), |line| format!("{path}:{line}"));
        for (number, server) in file.nameservers.iter().enumerate() {
            let note = if number < 3 { "" } else { "  (not asked by glibc: only the first three are)" };
            row(format!("nameserver {}{note}", server_text(server)), at(server.line));
        }
        if !file.search.is_empty() {
            row(format!("search {}", file.search.join(" ")), at(file.search_line));
        }
        if !file.options.is_empty() {
            row(format!("options {}", file.options.join(" ")), path.clone());
        }
        if !file.sortlist.is_empty() {
            row(format!("sortlist {}", file.sortlist.join(" ")), path.clone());
        }
        if file.nameservers.is_empty() {
            row("no nameserver: programs ask this host (127.0.0.1)".into(), path.clone());
        }
        if let Some(target) = &file.target {
            row(format!("{path} leads to {target}"), String::new());
        }
    } else {
        row("no resolv.conf".into(), String::new());
    }
    if let Some(file) = &resolver.nsswitch {
        let services = file.hosts.iter().map(|service| match service.actions.as_slice() {
            [] => service.name.clone(),
            actions => format!("{} [{}]", service.name, actions.join(" ")),
        });
        let place = file.line.map_or_else(|| file.path.clone(), |line| format!("{}:{line}", file.path));
        row(format!("names are looked up in: {}", services.collect::<Vec<_>>().join(" ")), place);
    }
    if let Some(file) = &resolver.hosts {
        row(words::count(file.entries.len(), "entry", "entries"), file.path.clone());
    }
    if let Some(file) = &resolver.gai_conf {
        let lists =
            [("label", &file.labels), ("precedence", &file.precedences), ("scopev4", &file.scopes_v4)];
        for (word, entries) in lists {
            for entry in entries {
                row(
                    format!("{word} {} {}", entry.prefix, entry.value),
                    format!("{}:{}", file.path, entry.line),
                );
            }
        }
    }
    if let Some(resolved) = &resolver.resolved {
        let place = format!("systemd-resolved ({})", resolved.read_from);
        let text = |servers: &[NameServer], domains: &[netdiag_core::model::ResolvedDomain]| {
            let servers = servers.iter().map(|server| format!("nameserver {}", server_text(server)));
            let domains = domains.iter().map(|domain| {
                let mark = if domain.routing_only { "~" } else { "" };
                format!("domain {mark}{}", domain.name)
            });
            servers.chain(domains).collect::<Vec<_>>().join(", ")
        };
        let global = text(&resolved.nameservers, &resolved.domains);
        if !global.is_empty() {
            row(global, place.clone());
        }
        for link in &resolved.links {
            let mut parts = text(&link.nameservers, &link.domains);
            if link.default_route == Some(false) {
                parts.push_str(", only for its domains");
            }
            let name = words::name_or_index(link.link.as_ref(), link.link_index);
            row(format!("{name}: {}", parts.trim_start_matches(", ")), place.clone());
        }
    }
    let mut columns = Columns::new(page, 2, &[("", Align::Left), ("", Align::Left)]);
    rows.iter().for_each(|row| columns.measure(row));
    columns.fit();
    rows.iter().try_for_each(|row| columns.row(out, row))
}

fn server_text(server: &NameServer) -> String {
    match &server.zone {
        Some(zone) => format!("{}%{zone}", server.address),
        None => server.address.to_string(),
    }
}

/// Writes the address labels when they are not the kernel's own.
fn address_labels(page: Page, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let labels = snapshot.address_labels();
    let is_built_in = labels.len() == BUILT_IN_LABELS.len()
        && labels.iter().all(|label| {
            label.link_index.is_none()
                && BUILT_IN_LABELS
                    .iter()
                    .any(|(prefix, value)| label.label == *value && prefix.parse() == Ok(label.prefix))
        });
    if is_built_in {
        return Ok(());
    }
    let rows: Vec<[Span; 3]> = labels
        .iter()
        .map(|label| {
            let dev = label.link_index.map(|index| words::name_or_index(label.link.as_ref(), index));
            [label.prefix.to_string().into(), label.label.to_string().into(), dev.unwrap_or_default().into()]
        })
        .collect();
    let titles = [("Prefix", Align::Left), ("Label", Align::Right), ("Dev", Align::Left)];
    table(page, "Address labels (changed from the built-in ones)", &titles, &rows, out)
}

/// Writes what this system does not offer.
fn missing(page: Page, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let missing = snapshot.capabilities().iter().filter(|(_, capability)| !capability.available);
    let rows: Vec<[Span; 2]> = missing
        .filter_map(|(name, capability)| {
            let because = capability.because.clone().unwrap_or_default();
            Some([words::lack_in_words(name)?.into(), because.into()])
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    heading(page, "Not available here", out)?;
    let mut columns = Columns::new(page, 2, &[("", Align::Left), ("", Align::Left)]);
    rows.iter().for_each(|row| columns.measure(row));
    columns.fit();
    rows.iter().try_for_each(|row| columns.row(out, row))
}
