//! One thing on one line.

use netdiag_core::diff::ResolverLine;
use netdiag_core::model::{
    Address, AddressLabel, Escaped, Link, Neighbor, NextHopObject, Route, RouteKind, RouteProtocol, TableId,
};

use super::thing::Thing;
use super::words;

/// A thing on one line, in the words of `ip` where it has some. Escaped.
pub(crate) fn describe(thing: Thing<'_>) -> String {
    match thing {
        Thing::Link(link) => self::link(link),
        Thing::Address(address) => self::address(address),
        Thing::Route(route) => self::route(route),
        Thing::Rule(rule) => format!("{} {}: {rule}", rule.family, rule.priority),
        Thing::Neighbor(neighbor) => self::neighbor(neighbor),
        Thing::NextHop(nexthop) => self::nexthop(nexthop),
        Thing::AddressLabel(label) => address_label(label),
        Thing::Resolver(line) => resolver_line(line),
        Thing::Sysctl(sysctl) => format!("{} = {}", Escaped(&sysctl.name), Escaped(&sysctl.value)),
    }
}

/// A thing by what tells it from others, without what may have changed of it. Escaped.
pub(crate) fn name(thing: Thing<'_>) -> String {
    match thing {
        Thing::Link(link) => link.name.to_string(),
        Thing::Address(address) => {
            format!(
                "{} on {}",
                address.address,
                words::name_or_index(address.link.as_ref(), address.link_index)
            )
        }
        Thing::Route(route) => route_key(route).join(" "),
        Thing::Rule(_) | Thing::AddressLabel(_) | Thing::Resolver(_) => describe(thing),
        Thing::Neighbor(neighbor) => {
            let link = words::name_or_index(neighbor.link.as_ref(), neighbor.link_index);
            format!("{} on {link}", neighbor.address)
        }
        Thing::NextHop(nexthop) => nexthop.id.to_string(),
        Thing::Sysctl(sysctl) => Escaped(&sysctl.name).to_string(),
    }
}

fn link(link: &Link) -> String {
    let mut text =
        format!("{}, {}, {}, mtu {}", link.name, link.kind_in_words(), words::link_state(link), link.mtu);
    for word in words::link_words(link) {
        text.push_str(&format!(", {}", Escaped(&word)));
    }
    text
}

fn address(address: &Address) -> String {
    let mut text = address.address.to_string();
    if let Some(peer) = address.peer {
        text.push_str(&format!(" peer {peer}"));
    }
    text.push_str(&format!(" on {}", words::name_or_index(address.link.as_ref(), address.link_index)));
    text.push_str(&format!(", {}", words::address_words(address)));
    let lifetimes = words::lifetimes(address);
    if !lifetimes.is_empty() {
        text.push_str(&format!(", {lifetimes}"));
    }
    text
}

/// Destination, way out, table and metric of a route.
fn route_key(route: &Route) -> Vec<String> {
    let mut parts = vec![route.destination.to_string()];
    if words::refusal(route.kind).is_some() {
        parts.insert(0, route.kind.to_string());
    }
    match route.nexthops.as_slice() {
        [hop] if words::refusal(route.kind).is_none() => {
            parts.push(one_way(&words::via(hop), &words::dev(hop)));
        }
        [] | [_] => {}
        hops => parts.push(format!("by {} ways", hops.len())),
    }
    if route.table != TableId::MAIN {
        parts.push(format!("table {}", route.table));
    }
    if route.metric != 0 {
        parts.push(format!("metric {}", route.metric));
    }
    parts
}

fn route(route: &Route) -> String {
    let mut parts = route_key(route);
    if route.protocol != RouteProtocol::UNSPECIFIED {
        parts.push(format!("proto {}", route.protocol));
    }
    if let Some(source) = route.preferred_source {
        parts.push(format!("src {source}"));
    }
    let mut text = parts.join(" ");
    for word in words::route_words(route) {
        text.push_str(&format!(", {}", Escaped(&word)));
    }
    if route.nexthops.len() > 1 {
        let ways: Vec<_> = route.nexthops.iter().map(|hop| Escaped(&hop.to_string()).to_string()).collect();
        text.push_str(&format!(": {}", ways.join("; ")));
    }
    if route.kind == RouteKind::UNICAST && route.nexthops.is_empty() && route.nexthop_id.is_none() {
        text.push_str(", without a way out");
    }
    text
}

/// `via 192.0.2.1 dev eth0`, `dev eth0`.
fn one_way(via: &str, dev: &str) -> String {
    match (via, dev) {
        ("on-link", dev) => format!("dev {dev}"),
        (via, "") => format!("via {via}"),
        (via, dev) => format!("via {via} dev {dev}"),
    }
}

fn neighbor(neighbor: &Neighbor) -> String {
    let link = words::name_or_index(neighbor.link.as_ref(), neighbor.link_index);
    let mut text = format!("{} on {link}", neighbor.address);
    if let Some(mac) = &neighbor.mac {
        text.push_str(&format!(" at {mac}"));
    }
    text.push_str(&format!(", {}", neighbor.state));
    if !neighbor.flags.is_empty() {
        text.push_str(&format!(", {}", neighbor.flags));
    }
    text
}

fn nexthop(nexthop: &NextHopObject) -> String {
    let mut text = format!("{}", nexthop.id);
    if let Some(gateway) = nexthop.gateway {
        text.push_str(&format!(" via {gateway}"));
    }
    if let Some(index) = nexthop.link_index {
        text.push_str(&format!(" dev {}", words::name_or_index(nexthop.link.as_ref(), index)));
    }
    for word in nexthop_words(nexthop) {
        text.push_str(&format!(", {}", Escaped(&word)));
    }
    text
}

/// What is special about a nexthop object.
pub(super) fn nexthop_words(nexthop: &NextHopObject) -> Vec<String> {
    let mut words = Vec::new();
    if nexthop.blackhole {
        words.push("packets are dropped".into());
    }
    if nexthop.fdb {
        words.push("for bridge forwarding only".into());
    }
    if !nexthop.group.is_empty() {
        let members = nexthop.group.iter().map(|member| format!("{} (weight {})", member.id, member.weight));
        let kind = nexthop.group_type.as_deref().unwrap_or("mpath");
        words.push(format!("{kind} group of {}", members.collect::<Vec<_>>().join(" ")));
    }
    if let Some(encapsulation) = &nexthop.encapsulation {
        words.push(format!("encap {} {}", encapsulation.kind, encapsulation.text).trim_end().to_owned());
    }
    words.extend(nexthop.flags.names().map(std::borrow::Cow::into_owned));
    words
}

fn address_label(label: &AddressLabel) -> String {
    let mut text = format!("{} label {}", label.prefix, label.label);
    if let Some(index) = label.link_index {
        text.push_str(&format!(" on {}", words::name_or_index(label.link.as_ref(), index)));
    }
    text
}

fn resolver_line(line: &ResolverLine) -> String {
    let mut text = format!("{} in {}", Escaped(&line.text), Escaped(&line.file));
    if let Some(index) = line.link_index {
        text.push_str(&format!(" for {}", words::name_or_index(line.link.as_ref(), index)));
    }
    text
}
