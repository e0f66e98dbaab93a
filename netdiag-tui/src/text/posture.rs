//! The first sentence: by which links packets leave this host.
//!
//! It says what table main, the rules and the links show plainly, and no more. Where a single
//! packet goes depends on more than that.

use std::collections::BTreeMap;
use std::fmt;

use ipnet::IpNet;
use netdiag_core::Snapshot;
use netdiag_core::model::{Escaped, Family, NextHop, NextHopFlags, Route, RouteKind, RuleAction, TableId};

use super::words;

/// The clauses of the first sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Posture {
    /// `IPv4 leaves by wlan0 via 192.0.2.1`, and the like for IPv6.
    pub(crate) families: Vec<String>,
    /// `rules send some packets to table 51820`; nothing when the rules do nothing unusual.
    pub(crate) rules: Option<String>,
    /// `tunnels: wg0`; nothing when no tunnel is up.
    pub(crate) tunnels: Option<String>,
}

impl fmt::Display for Posture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clauses: Vec<&str> =
            self.families.iter().chain(&self.rules).chain(&self.tunnels).map(String::as_str).collect();
        f.write_str(&clauses.join("; "))
    }
}

/// How packets leave the host, as far as table main, the rules and the links say it plainly.
pub(crate) fn posture(snapshot: &Snapshot) -> Posture {
    let tunnels: Vec<String> = snapshot
        .links()
        .iter()
        .filter(|link| link.is_tunnel() && link.is_up())
        .map(|link| link.name.to_string())
        .collect();
    Posture {
        families: [Family::V4, Family::V6].map(|family| way_out(snapshot, family)).into(),
        rules: rules(snapshot),
        tunnels: (!tunnels.is_empty()).then(|| format!("tunnels: {}", tunnels.join(" "))),
    }
}

/// The parts of everything that people route on their own to win over a default route.
fn halves(family: Family) -> [IpNet; 2] {
    let (low, high) = match family {
        Family::V4 => ([0, 0, 0, 0].into(), [128, 0, 0, 0].into()),
        Family::V6 => ([0u16, 0, 0, 0, 0, 0, 0, 0].into(), [0x8000u16, 0, 0, 0, 0, 0, 0, 0].into()),
    };
    [low, high].map(|address: std::net::IpAddr| IpNet::new_assert(address, 1))
}

fn way_out(snapshot: &Snapshot, family: Family) -> String {
    let first = |prefix: &IpNet| -> Option<&Route> {
        let table = snapshot.routes().table(family, TableId::MAIN)?;
        table
            .at(prefix)
            .iter()
            .find(|route| route.source_prefix.is_none() && route.tos == 0 && is_alive(route))
    };
    let everything = first(&family.everything());
    let parts = halves(family);
    match parts.each_ref().map(first) {
        [Some(low), Some(high)] if ways(low) == ways(high) => {
            format!("{family} {} ({} + {})", ways(low), parts[0], parts[1])
        }
        [Some(low), Some(high)] => {
            format!("{family} {} ({}) and {} ({})", ways(low), parts[0], ways(high), parts[1])
        }
        found => {
            let mut text = match everything {
                Some(route) => format!("{family} {}", ways(route)),
                None if snapshot.routes().table(family, TableId::MAIN).is_none() => {
                    format!("{family} has no routes in table main")
                }
                None => format!("{family} has no default route"),
            };
            let of_v6 =
                (family == Family::V6).then(|| IpNet::new_assert([0x2000u16, 0, 0, 0, 0, 0, 0, 0].into(), 3));
            let of_v6 = of_v6.as_ref().and_then(first);
            for route in found.into_iter().flatten().chain(of_v6) {
                text.push_str(&format!(", but {} {}", route.destination, ways(route)));
            }
            text
        }
    }
}

/// Whether the kernel would use it: it has a way whose link is up, or refuses packets.
fn is_alive(route: &Route) -> bool {
    route.nexthops.is_empty() || route.nexthops.iter().any(|hop| !hop.flags.contains(NextHopFlags::DEAD))
}

/// `leaves by wlan0 via 192.0.2.1`, `is refused (unreachable)`.
fn ways(route: &Route) -> String {
    match route.kind {
        RouteKind::BLACKHOLE => return "is dropped (blackhole)".into(),
        RouteKind::UNREACHABLE | RouteKind::PROHIBIT => return format!("is refused ({})", route.kind),
        RouteKind::THROW => return "is left to the next rule (throw)".into(),
        _ => {}
    }
    let alive = route.nexthops.iter().filter(|hop| !hop.flags.contains(NextHopFlags::DEAD));
    let ways: Vec<String> = alive.map(way).collect();
    match (ways.as_slice(), route.nexthop_id) {
        ([], Some(id)) => format!("leaves by nexthop object {id}"),
        ([], None) => "has a route without a way out".into(),
        ([way], _) => format!("leaves {way}"),
        (ways, _) => format!("leaves {}", ways.join(" and ")),
    }
}

fn way(hop: &NextHop) -> String {
    let mut text = format!("by {}", words::dev(hop));
    if let Some(gateway) = hop.gateway {
        text.push_str(&format!(" via {gateway}"));
    }
    if hop.flags.contains(NextHopFlags::LINKDOWN) {
        text.push_str(" (no carrier)");
    }
    text
}

fn rules(snapshot: &Snapshot) -> Option<String> {
    let mut tables: BTreeMap<TableId, Option<String>> = BTreeMap::new();
    let mut refuses = false;
    for rule in snapshot.rules() {
        refuses |=
            [RuleAction::BLACKHOLE, RuleAction::UNREACHABLE, RuleAction::PROHIBIT].contains(&rule.action);
        let Some(id) = rule.table.filter(|_| rule.action == RuleAction::LOOKUP && !rule.l3mdev) else {
            continue;
        };
        if [TableId::MAIN, TableId::LOCAL, TableId::DEFAULT].contains(&id) {
            continue;
        }
        // An empty table takes no packets.
        let Some(table) = snapshot.routes().table(rule.family, id) else { continue };
        let default = table.at(&rule.family.everything()).iter().find(|route| is_alive(route));
        let default = default.and_then(|route| match route.nexthops.as_slice() {
            [hop] if route.kind == RouteKind::UNICAST => Some(format!("default by {}", words::dev(hop))),
            _ => None,
        });
        let known = tables.entry(id).or_default();
        *known = known.take().or(default);
    }
    let names: Vec<String> = tables
        .into_iter()
        .map(|(id, default)| match default {
            Some(default) => format!("{id} ({})", Escaped(&default)),
            None => id.to_string(),
        })
        .collect();
    let sends = match names.as_slice() {
        [] => None,
        [one] => Some(format!("rules send some packets to table {one}")),
        several => Some(format!("rules send some packets to tables {}", several.join(", "))),
    };
    match (sends, refuses) {
        (sends, false) => sends,
        (Some(sends), true) => Some(format!("{sends} and refuse some")),
        (None, true) => Some("rules refuse some packets".into()),
    }
}
