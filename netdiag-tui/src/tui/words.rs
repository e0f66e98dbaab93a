//! Words for what is seen: what a route is for, how a change became known, how long is left.
//! Only what is certain is said.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use netdiag_core::diff::{Change, Object};
use netdiag_core::history::Event;
use netdiag_core::model::{Link, Route, RouteKind, RouteProtocol, Rule, RuleAction, TableId};
use netdiag_core::snapshot::Snapshot;

use super::marks::Gone;
use crate::text::words::count;
use crate::text::{self, Thing, describe, name};

/// Time of day, as the reader's clock shows it.
pub(crate) fn clock(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// Day and time.
pub(crate) fn date(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `6d 23h`, `21h 04m`, `12m`, `41s`: two units at most.
pub(crate) fn duration(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// After how many seconds [`duration`] of a running-down time reads differently.
pub(crate) fn duration_step(seconds: u64) -> u64 {
    let unit = match seconds {
        0..60 => 1,
        60..86_400 => 60,
        _ => 3600,
    };
    seconds % unit + 1
}

/// What a route is for, in a few words and in a sentence.
pub(crate) struct Purpose {
    pub(crate) short: String,
    pub(crate) long: String,
}

/// What kind of route this is.
///
/// `gone` are links that are not there any more: a route that went with its tunnel is still told
/// as one of that tunnel.
pub(crate) fn purpose(route: &Route, snapshot: &Snapshot, gone: &[Gone<Link>]) -> Purpose {
    let say = |short: &str, long: &str| Purpose { short: short.into(), long: long.into() };
    let everything = route.family();
    match route.kind {
        RouteKind::UNICAST => {}
        RouteKind::LOCAL => {
            return say(
                "this host",
                "Packets to here are for this host itself. The kernel keeps such routes in step with the addresses.",
            );
        }
        RouteKind::BROADCAST => {
            return say("broadcast", "A broadcast address of a local subnet, kept by the kernel.");
        }
        RouteKind::ANYCAST => {
            return say("anycast", "An anycast address this host answers to (RFC 4291 section 2.6).");
        }
        RouteKind::MULTICAST => return say("multicast", "Multicast groups, sent out of this link."),
        RouteKind::BLACKHOLE => {
            return say("dropped silently", "Packets to here are thrown away without a word.");
        }
        RouteKind::UNREACHABLE => {
            return say("refused", "Packets to here are refused: \"No route to host\".");
        }
        RouteKind::PROHIBIT => {
            return say("refused: prohibited", "Packets to here are refused as administratively prohibited.");
        }
        RouteKind::THROW => {
            return say(
                "ask the next rule",
                "This table does not decide for these addresses: the next rule is asked.",
            );
        }
        other => return say(&format!("kind {other}"), "A kind of route that netdiag has no words for."),
    }
    let tunnel = tunnel(route, snapshot, gone);
    let through = tunnel.map_or(String::new(), |link| format!(" through tunnel {}", link.name));
    let gateway = route.nexthops.iter().any(|hop| hop.gateway.is_some());
    let by = match route.protocol {
        RouteProtocol::ROUTER_ADVERTISEMENT => ", from a router advertisement",
        RouteProtocol::DHCP => ", from DHCP",
        _ => "",
    };
    let from = if route.source_prefix.is_some() { ", for some sources only" } else { "" };
    if route.is_default() {
        let short = match (route.protocol, tunnel) {
            (_, Some(_)) => "default, tunnel",
            (RouteProtocol::ROUTER_ADVERTISEMENT, _) => "default, from RA",
            (RouteProtocol::DHCP, _) => "default, from DHCP",
            _ => "default route",
        };
        return Purpose {
            short: short.into(),
            long: format!(
                "The default route of {everything}{through}{by}{from}: used when nothing more specific matches in this table."
            ),
        };
    }
    if route.destination.prefix_len() == 1 {
        return Purpose {
            short: if tunnel.is_some() { "tunnel half-default" } else { "half of a default" }.into(),
            long: format!(
                "One half of all {everything} addresses{through}. With the other half it covers everything and, being more specific, wins over the default route without deleting it. VPN clients do this (OpenVPN: redirect-gateway def1)."
            ),
        };
    }
    let host = route.destination.prefix_len() == route.destination.max_prefix_len();
    let text = route.destination.to_string();
    match (text.as_str(), host, gateway) {
        ("fe80::/64" | "fe80::/10", ..) => say(
            "link-local",
            "Link-local addresses: hosts on this very link. Every IPv6 link has such a route.",
        ),
        ("ff00::/8" | "224.0.0.0/4", ..) => say("multicast", "Multicast groups, sent out of this link."),
        ("2000::/3", ..) => Purpose {
            short: "all public IPv6".into(),
            long: format!(
                "All global IPv6 addresses in use today (2000::/3){through}: acts like a default route and wins over it."
            ),
        },
        (_, true, true) => Purpose {
            short: "host via router".into(),
            long: format!(
                "A host route{through}: it ties one address to one router, whatever the default route says. VPN clients add one so that their own packets stay outside the tunnel."
            ),
        },
        (_, true, false) if route.protocol == RouteProtocol::KERNEL => {
            let own = snapshot.addresses().iter().any(|a| a.address.addr() == route.destination.addr());
            if own {
                say("own address", "The host route of an address of this host, kept by the kernel.")
            } else {
                say("other end of link", "The other end of a point-to-point link, kept by the kernel.")
            }
        }
        (_, true, false) => Purpose {
            short: "host on the link".into(),
            long: format!("A host route{through}: this one address is reached directly on the link."),
        },
        (_, false, false) if route.protocol == RouteProtocol::KERNEL => Purpose {
            short: if tunnel.is_some() { "tunnel's own subnet" } else { "local subnet" }.into(),
            long: format!(
                "The subnet of an address of this host{through}. The kernel adds it with the address and removes it with it."
            ),
        },
        (_, false, false) if tunnel.is_some() => {
            Purpose { short: "network, tunnel".into(), long: format!("A network reached{through}{from}.") }
        }
        (_, false, false) => Purpose {
            short: "network on the link".into(),
            long: format!("A network whose hosts are reached directly on the link{by}{from}."),
        },
        (_, false, true) => Purpose {
            short: if tunnel.is_some() { "network, tunnel" } else { "network via router" }.into(),
            long: format!("A network behind a router{through}{by}{from}."),
        },
    }
}

/// The tunnel a route leaves by, if all its ways out are tunnels.
fn tunnel<'a>(route: &Route, snapshot: &'a Snapshot, gone: &'a [Gone<Link>]) -> Option<&'a Link> {
    let find = |index| {
        let gone = || gone.iter().map(|gone| &gone.row).find(|link| link.index == index);
        snapshot.link(index).or_else(gone)
    };
    let mut links = route.nexthops.iter().map(|hop| hop.link_index.and_then(find));
    let first = links.next()??;
    (first.is_tunnel() && links.all(|link| link.is_some_and(Link::is_tunnel))).then_some(first)
}

/// Who added a route, in words.
pub(crate) fn protocol(protocol: RouteProtocol) -> String {
    match protocol {
        RouteProtocol::UNSPECIFIED => "nobody said (unspec)".into(),
        RouteProtocol::KERNEL => "the kernel itself".into(),
        RouteProtocol::BOOT => "boot: ip, a script, or a VPN client".into(),
        RouteProtocol::STATIC => "static: an administrator or a network manager".into(),
        RouteProtocol::ROUTER_ADVERTISEMENT => "ra: a router advertisement".into(),
        RouteProtocol::DHCP => "dhcp: a DHCP client".into(),
        RouteProtocol::REDIRECT => "redirect: an ICMP redirect".into(),
        other => other.to_string(),
    }
}

/// Which table a rule leads to, and what that table is.
pub(crate) fn rule_purpose(rule: &Rule, snapshot: &Snapshot) -> String {
    let family = rule.family;
    match (rule.action, rule.table) {
        (RuleAction::LOOKUP, _) if rule.l3mdev => "asks the table of the packet's VRF".into(),
        (RuleAction::LOOKUP, Some(table)) => {
            let size = snapshot.routes().table(family, table).map_or(0, |table| table.routes().len());
            let what = match table {
                TableId::LOCAL => "own addresses",
                TableId::MAIN => "main table",
                TableId::DEFAULT => "default table",
                _ => "",
            };
            match (what, size) {
                ("", 0) => format!("table {table}: empty"),
                ("", _) => format!("table {table}: {}", count(size, "route", "routes")),
                (_, 0) => format!("{what}: empty"),
                _ => format!("{what}: {}", count(size, "route", "routes")),
            }
        }
        (RuleAction::GOTO, _) if rule.unresolved => "goes nowhere: its target does not exist".into(),
        (RuleAction::GOTO, _) => format!("goes on at rule {}", rule.goto.unwrap_or(0)),
        (RuleAction::NOP, _) => "does nothing".into(),
        (RuleAction::BLACKHOLE, _) => "drops silently".into(),
        (RuleAction::UNREACHABLE, _) => "refuses: unreachable".into(),
        (RuleAction::PROHIBIT, _) => "refuses: prohibited".into(),
        (other, _) => format!("action {other}"),
    }
}

/// The thing itself in one line.
pub(crate) fn object(object: &Object) -> String {
    let thing = Thing::from(object);
    format!("{} {}", thing.noun(), describe(thing))
}

/// The gutter character of a change.
pub(crate) const fn change_mark(change: &Change) -> super::theme::Mark {
    match change {
        Change::Added { .. } => super::theme::Mark::Added,
        Change::Removed { .. } => super::theme::Mark::Removed,
        Change::Modified { .. } => super::theme::Mark::Changed,
    }
}

/// What differs between two values of a thing: `metric 100 -> 50`.
pub(crate) fn differences(change: &Change) -> String {
    text::Change::from(change).differences()
}

/// What changed, in one line.
pub(crate) fn change(change: &Change) -> String {
    match change {
        // Of a route that came or went, way and metric say enough; the detail has the rest.
        Change::Added { object: Object::Route(route), .. }
        | Change::Removed { object: Object::Route(route), .. } => {
            format!("route {}", name(Thing::Route(route)))
        }
        Change::Added { object: it, .. } | Change::Removed { object: it, .. } => object(it),
        Change::Modified { after, .. } => format!("{}: {}", subject(after), differences(change)),
    }
}

/// The thing without its values, where the difference follows anyway.
fn subject(it: &Object) -> String {
    match it {
        Object::Link(link) => format!("link {}", link.name),
        Object::Address(address) => format!("address {}", address.address),
        Object::Route(route) if route.table == TableId::MAIN => format!("route {}", route.destination),
        Object::Route(route) => format!("route {} table {}", route.destination, route.table),
        Object::Neighbor(neighbor) => format!("neighbour {}", neighbor.address),
        other => object(other),
    }
}

/// How a change became known, why it happened and who asked for it.
pub(crate) fn how(event: &Event) -> String {
    text::how(event).unwrap_or_else(|| "announced by the kernel".into())
}
