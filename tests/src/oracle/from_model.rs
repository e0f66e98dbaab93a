//! A snapshot as comparable rows.

use netdiag_core::Snapshot;
use netdiag_core::diff::Object;
use netdiag_core::model::{
    Address, AddressFlags, AddressLabel, Family, Link, LinkFlags, LinkName, Neighbor, NeighborFlags,
    NeighborState, NextHop, NextHopObject, PortRange, Route, RouteMetric, Rule, RuleAction,
};

use super::{Facts, Rows, number_by};

/// All that `ip` can also say of this snapshot.
#[must_use]
pub fn rows_of(snapshot: &Snapshot) -> Rows {
    let mut rows = Rows::default();
    rows.set("links", snapshot.links().iter().map(link).collect());
    let addresses = snapshot.addresses().iter().map(address).collect();
    rows.set("addresses", number_by(addresses, &["index", "family"]));
    let routes = snapshot.routes().iter().map(route).collect();
    rows.set("routes", number_by(routes, &["family", "table", "destination", "from", "metric"]));
    let rules = snapshot.rules().iter().map(rule).collect();
    rows.set("rules", number_by(rules, &["family", "priority"]));
    rows.set("nexthops", snapshot.nexthops().iter().map(nexthop).collect());
    rows.set("neighbors", snapshot.neighbors().iter().filter_map(neighbor).collect());
    rows.set("address labels", snapshot.address_labels().iter().map(address_label).collect());
    rows
}

/// One object as the row that [`rows_of`] would have for it, with the name of its part; `None`
/// when `ip` has no such thing, or it changes by itself.
#[must_use]
pub fn row_of(object: &Object) -> Option<(&'static str, String)> {
    let (part, facts) = match object {
        Object::Link(one) => ("links", link(one)),
        Object::Address(one) => ("addresses", address(one)),
        Object::Route(one) => ("routes", route(one)),
        Object::Rule(one) => ("rules", rule(one)),
        Object::NextHop(one) => ("nexthops", nexthop(one)),
        Object::Neighbor(one) => ("neighbors", neighbor(one)?),
        Object::AddressLabel(one) => ("address labels", address_label(one)),
        _ => return None,
    };
    Some((part, facts.line()))
}

fn sorted(names: impl Iterator<Item = impl Into<String>>) -> String {
    let mut names: Vec<String> = names.map(Into::into).collect();
    names.sort();
    names.join(" ")
}

/// The name of a link; `if7` for one that is gone, as `ip` prints it.
fn name(name: Option<&LinkName>, index: Option<u32>) -> Option<String> {
    name.map(|name| name.as_str().to_owned()).or_else(|| index.map(|index| format!("if{index}")))
}

fn link(link: &Link) -> Facts {
    // `ip` says NO-CARRIER for a link that is up and not running, and nothing for one that is down.
    let running = link.is_up() && link.flags.contains(LinkFlags::RUNNING);
    let tun = link.tunnel.as_ref().filter(|_| link.kind.as_deref() == Some("tun"));
    Facts::new()
        .with("index", link.index)
        .with("name", link.name.as_str())
        .with("flags", sorted(link.flags.without(LinkFlags::RUNNING).names()))
        .flag("running", running)
        .with("state", link.state)
        .with("mtu", link.mtu)
        .with("type", &link.link_type)
        .maybe("mac", link.mac.as_ref())
        .maybe("master", link.master.as_ref())
        // The index only counts in another namespace: `ip` prints the name in this one.
        .maybe("peer", link.peer.as_ref())
        .maybe("peer_index", link.peer_index.filter(|_| link.peer_namespace_id.is_some()))
        .maybe("peer_namespace", link.peer_namespace_id)
        .with("alternative_names", sorted(link.alternative_names.iter()))
        .maybe("alias", link.alias.as_ref())
        .with("group", link.group)
        .maybe("kind", link.kind.as_ref())
        .maybe("vrf_table", link.vrf_table)
        .maybe("vlan_id", link.vlan_id)
        .maybe("address_generation", link.address_generation.as_ref())
        .maybe("tun_mode", tun.and_then(|tun| tun.mode.as_ref()))
        .flag("persistent", tun.is_some_and(|tun| tun.persistent == Some(true)))
        .flag("packet_info", tun.is_some_and(|tun| tun.packet_info == Some(true)))
        .flag("multi_queue", tun.is_some_and(|tun| tun.multi_queue == Some(true)))
}

fn address(address: &Address) -> Facts {
    let flags = address.flags.without(AddressFlags::PERMANENT);
    let names = Address { flags, ..address.clone() };
    Facts::new()
        .with("index", address.link_index)
        .maybe("link", address.link.as_ref())
        .with("family", Family::of(&address.address.addr()).number())
        .with("address", address.address.addr())
        .with("length", address.address.prefix_len())
        .maybe("peer", address.peer)
        .maybe("broadcast", address.broadcast)
        .with("scope", address.scope)
        .with("flags", sorted(names.flag_names()))
        .flag("permanent", address.flags.contains(AddressFlags::PERMANENT))
        .flag("valid_for_a_time", address.valid_for_s.is_some())
        // A deprecated address is preferred for 0 s, with or without an end.
        .flag("preferred_for_a_time", address.preferred_for_s.is_some())
        .maybe("label", address.label.as_ref())
        .with("metric", address.metric)
}

fn route(route: &Route) -> Facts {
    let metrics = route.metrics.iter().filter(|(metric, _)| **metric != RouteMetric::LOCK);
    let mut metrics: Vec<String> = metrics.map(|(metric, value)| format!("{metric}:{value}")).collect();
    metrics.extend(route.mtu.map(|mtu| format!("mtu:{mtu}")));
    metrics.extend(route.congestion_control.as_ref().map(|name| format!("congestion:{name}")));
    let hops = match route.nexthops.as_slice() {
        [one] if one.weight.is_none() => way_out(one),
        several => several.iter().map(leg).collect::<Vec<_>>().join(", "),
    };
    Facts::new()
        .with("family", route.family().number())
        .with("table", route.table.0)
        .with("destination", route.destination)
        .maybe("from", route.source_prefix)
        .with("tos", route.tos)
        .with("metric", route.metric)
        .with("kind", route.kind.0)
        .with("protocol", route.protocol.0)
        .with("scope", route.scope.0)
        .maybe("source", route.preferred_source)
        .with("nexthops", hops)
        .maybe("nexthop_id", route.nexthop_id)
        .with("metrics", sorted(metrics.into_iter()))
        .flag("expires", route.expires_in_s.is_some())
        .maybe("preference", route.router_preference)
        .maybe("realms", route.realms.filter(|realms| *realms != 0))
        .with("flags", sorted(route.flags.names()))
}

fn way_out(hop: &NextHop) -> String {
    let mut words = Vec::new();
    words.extend(hop.encapsulation.as_ref().map(|wrapped| format!("encap {}", wrapped.kind)));
    words.extend(hop.gateway.map(|gateway| format!("via {gateway}")));
    words.extend(name(hop.link.as_ref(), hop.link_index).map(|link| format!("dev {link}")));
    words.push(format!("[{}]", sorted(hop.flags.names())));
    words.join(" ")
}

fn leg(hop: &NextHop) -> String {
    format!("{} weight {}", way_out(hop), hop.weight.unwrap_or(1))
}

fn rule(rule: &Rule) -> Facts {
    let mark = (rule.mark.is_some() || rule.mask.is_some())
        .then(|| format!("0x{:x}/0x{:x}", rule.mark.unwrap_or(0), rule.mask.unwrap_or(u32::MAX)));
    let ports = |range: &Option<PortRange>| range.map(|range| format!("{}-{}", range.start, range.end));
    let looks_up = rule.action == RuleAction::LOOKUP && !rule.l3mdev;
    Facts::new()
        .with("family", rule.family.number())
        .with("priority", rule.priority)
        .flag("not", rule.invert)
        .maybe("from", rule.from)
        .maybe("to", rule.to)
        .maybe("mark", mark)
        .maybe("iif", rule.iif.as_ref())
        .flag("iif_detached", rule.iif_detached)
        .maybe("oif", rule.oif.as_ref())
        .flag("oif_detached", rule.oif_detached)
        .maybe("uids", rule.uid_range.map(|range| format!("{}-{}", range.start, range.end)))
        .maybe("ip_protocol", rule.ip_protocol)
        .maybe("sport", ports(&rule.sport))
        .maybe("dport", ports(&rule.dport))
        .with("tos", rule.tos)
        .maybe("tun_id", rule.tun_id)
        .flag("l3mdev", rule.l3mdev)
        .with("action", rule.action.0)
        .maybe("table", rule.table.filter(|_| looks_up).map(|table| table.0))
        .maybe("goto", rule.goto)
        .flag("unresolved", rule.unresolved)
        .maybe("suppress_prefix_length", rule.suppress_prefix_length)
        .maybe("suppress_group", rule.suppress_interface_group)
        .with("realms", rule.realms)
        .with("protocol", rule.protocol.map_or(0, |protocol| protocol.0))
}

fn nexthop(object: &NextHopObject) -> Facts {
    let members: Vec<String> =
        object.group.iter().map(|member| format!("{},{}", member.id, member.weight)).collect();
    Facts::new()
        .with("id", object.id)
        .maybe("gateway", object.gateway)
        .maybe("link", name(object.link.as_ref(), object.link_index))
        .flag("blackhole", object.blackhole)
        .flag("fdb", object.fdb)
        .with("group", members.join("/"))
        .flag("resilient", object.group_type.as_deref() == Some("resilient"))
        .maybe("encap", object.encapsulation.as_ref().map(|wrapped| wrapped.kind))
        .with("scope", object.scope.0)
        .with("protocol", object.protocol.0)
        .with("flags", sorted(object.flags.names()))
}

fn neighbor(neighbor: &Neighbor) -> Option<Facts> {
    let proxy = neighbor.flags.contains(NeighborFlags::PROXY);
    let state = match neighbor.state {
        _ if proxy => "proxy",
        NeighborState::PERMANENT => "permanent",
        NeighborState::NO_ARP if !neighbor.address.is_multicast() => "noarp",
        NeighborState::REACHABLE | NeighborState::STALE | NeighborState::DELAY | NeighborState::PROBE => {
            "known"
        }
        _ => return None,
    };
    Some(
        Facts::new()
            .maybe("link", neighbor.link.as_ref())
            .with("address", neighbor.address)
            .with("state", state)
            .maybe("mac", neighbor.mac.as_ref())
            .flag("router", neighbor.flags.contains(NeighborFlags::ROUTER))
            .flag("extern_learn", neighbor.flags.contains(NeighborFlags::EXTERN_LEARNED)),
    )
}

fn address_label(label: &AddressLabel) -> Facts {
    Facts::new()
        .with("prefix", label.prefix)
        .maybe("link", name(label.link.as_ref(), label.link_index))
        .with("label", label.label)
}
