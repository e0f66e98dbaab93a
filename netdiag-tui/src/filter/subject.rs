//! What a filter looks at: a thing, and what is known about it.

use std::net::IpAddr;

use ipnet::IpNet;
use netdiag_core::Snapshot;
use netdiag_core::model::{Family, Link, LinkName, NextHop, RouteKind, range_in_words};

use super::Key;
use crate::text::{Thing, describe};

/// A thing with what is known about it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    /// The thing.
    pub(crate) thing: Thing<'a>,
    /// How it changed: `+`, `-`, `~`, or `x` for what came and went.
    pub(crate) change: Option<char>,
    /// Seconds since it changed.
    pub(crate) age_s: Option<u64>,
    /// The state it stands in, to find the kinds of the links it uses.
    pub(crate) snapshot: Option<&'a Snapshot>,
}

impl Subject<'_> {
    /// Everything a bare word is looked for in.
    pub(super) fn fields(self) -> Vec<String> {
        let mut fields = vec![self.thing.noun().to_owned(), describe(self.thing)];
        for key in [Key::Dev, Key::Scope, Key::Kind, Key::Proto, Key::Table] {
            fields.extend(self.texts(key));
        }
        fields
    }

    /// The values of a key as text.
    pub(super) fn texts(self, key: Key) -> Vec<String> {
        match key {
            Key::Dst | Key::Src => self.prefixes(key).iter().map(ToString::to_string).collect(),
            Key::Via => self.gateways(),
            Key::Dev => self.links().into_iter().map(|name| name.as_str().to_owned()).collect(),
            Key::Table => self.table().into_iter().collect(),
            Key::Proto => self.protocol().into_iter().collect(),
            Key::Scope => self.scopes(),
            Key::Kind => self.kinds(),
            Key::Role => self.roles().into_iter().map(str::to_owned).collect(),
            _ => Vec::new(),
        }
    }

    /// The values of a key as numbers.
    pub(super) fn numbers(self, key: Key) -> Vec<u64> {
        let number = match (key, self.thing) {
            (Key::Table, Thing::Route(route)) => Some(route.table.0.into()),
            (Key::Table, Thing::Rule(rule)) => rule.table.map(|table| table.0.into()),
            (Key::Table, Thing::Link(link)) => link.vrf_table.map(Into::into),
            (Key::Metric, Thing::Route(route)) => Some(route.metric.into()),
            (Key::Metric, Thing::Address(address)) => Some(address.metric.into()),
            (Key::Family, _) => self.family().map(|family| family.number().into()),
            (Key::Mark, Thing::Rule(rule)) => rule.mark.map(Into::into),
            (Key::Age, _) => self.age_s,
            _ => None,
        };
        number.into_iter().collect()
    }

    /// The values of a key as prefixes.
    pub(super) fn prefixes(self, key: Key) -> Vec<IpNet> {
        match (key, self.thing) {
            (Key::Src, Thing::Route(route)) => {
                route.preferred_source.map(IpNet::from).into_iter().chain(route.source_prefix).collect()
            }
            (Key::Src, Thing::Rule(rule)) => rule.from.into_iter().collect(),
            (Key::Src, _) => Vec::new(),
            (Key::Via, _) => self.hops().iter().filter_map(|hop| hop.gateway).map(IpNet::from).collect(),
            (_, Thing::Route(route)) => vec![route.destination],
            (Key::Dst, Thing::Address(address)) => vec![address.address, address.address.addr().into()],
            (Key::In, Thing::Address(address)) => vec![address.address.addr().into()],
            (_, Thing::Address(address)) => vec![address.address.trunc()],
            (_, Thing::Neighbor(neighbor)) => vec![neighbor.address.into()],
            (_, Thing::Rule(rule)) => rule.to.into_iter().collect(),
            (_, Thing::AddressLabel(label)) => vec![label.prefix],
            (_, Thing::Link(_) | Thing::NextHop(_) | Thing::Resolver(_) | Thing::Sysctl(_)) => Vec::new(),
        }
    }

    fn hops(self) -> Vec<NextHop> {
        match self.thing {
            Thing::Route(route) => route.nexthops.clone(),
            Thing::NextHop(object) => vec![NextHop {
                gateway: object.gateway,
                link: object.link.clone(),
                link_index: object.link_index,
                ..NextHop::default()
            }],
            _ => Vec::new(),
        }
    }

    fn gateways(self) -> Vec<String> {
        let text =
            |hop: &NextHop| hop.gateway.map_or_else(|| "on-link".into(), |gateway| gateway.to_string());
        self.hops().iter().map(text).collect()
    }

    fn links(self) -> Vec<LinkName> {
        match self.thing {
            Thing::Link(link) => {
                let others = link.alternative_names.iter().map(|name| LinkName::from(name.as_str()));
                std::iter::once(link.name.clone()).chain(others).collect()
            }
            Thing::Address(address) => address.link.iter().cloned().collect(),
            Thing::Neighbor(neighbor) => neighbor.link.iter().cloned().collect(),
            Thing::AddressLabel(label) => label.link.iter().cloned().collect(),
            Thing::Rule(rule) => rule.iif.iter().chain(&rule.oif).cloned().collect(),
            Thing::Route(_) | Thing::NextHop(_) => {
                self.hops().into_iter().filter_map(|hop| hop.link).collect()
            }
            Thing::Resolver(line) => line.link.iter().cloned().collect(),
            Thing::Sysctl(_) => Vec::new(),
        }
    }

    fn table(self) -> Option<String> {
        match self.thing {
            Thing::Route(route) => Some(route.table.to_string()),
            Thing::Rule(rule) => rule.table.map(|table| table.to_string()),
            Thing::Link(link) => link.vrf_table.map(|table| table.to_string()),
            _ => None,
        }
    }

    fn protocol(self) -> Option<String> {
        match self.thing {
            Thing::Route(route) => Some(route.protocol.to_string()),
            Thing::Rule(rule) => rule.protocol.map(|protocol| protocol.to_string()),
            Thing::Neighbor(neighbor) => neighbor.protocol.map(|protocol| protocol.to_string()),
            Thing::NextHop(nexthop) => Some(nexthop.protocol.to_string()),
            _ => None,
        }
    }

    fn family(self) -> Option<Family> {
        match self.thing {
            Thing::Route(route) => Some(route.family()),
            Thing::Rule(rule) => Some(rule.family),
            Thing::Address(address) => Some(Family::of(&address.address.addr())),
            Thing::Neighbor(neighbor) => Some(Family::of(&neighbor.address)),
            Thing::NextHop(nexthop) => nexthop.family,
            Thing::AddressLabel(_) => Some(Family::V6),
            Thing::Link(_) | Thing::Resolver(_) | Thing::Sysctl(_) => None,
        }
    }

    /// The kernel's scope, and the range the address is in.
    fn scopes(self) -> Vec<String> {
        let range = |address: IpAddr| range_in_words(address).to_owned();
        match self.thing {
            Thing::Route(route) => vec![route.scope.to_string(), range(route.destination.addr())],
            Thing::Address(address) => vec![address.scope.to_string(), range(address.address.addr())],
            Thing::Neighbor(neighbor) => vec![range(neighbor.address)],
            Thing::NextHop(nexthop) => vec![nexthop.scope.to_string()],
            _ => Vec::new(),
        }
    }

    /// The thing's own kind, and the kinds of the links it uses.
    fn kinds(self) -> Vec<String> {
        let of_link = |link: &Link| {
            let kind = link.kind.clone().unwrap_or_else(|| link.link_type.clone());
            [kind, link.kind_in_words()]
        };
        let mut kinds = vec![self.thing.noun().to_owned()];
        match self.thing {
            Thing::Link(link) => kinds.extend(of_link(link)),
            Thing::Route(route) => kinds.push(route.kind.to_string()),
            Thing::Rule(rule) => kinds.push(rule.action.to_string()),
            _ => {}
        }
        if let (Some(snapshot), false) = (self.snapshot, matches!(self.thing, Thing::Link(_))) {
            let links = self.links();
            let used = links.iter().filter_map(|name| snapshot.link_named(name.as_str()));
            kinds.extend(used.flat_map(of_link));
        }
        kinds
    }

    /// What a route is for, as far as its shape tells.
    fn roles(self) -> Vec<&'static str> {
        let Thing::Route(route) = self.thing else { return Vec::new() };
        let length = route.destination.prefix_len();
        let mut roles = Vec::new();
        if length == 0 {
            roles.push("default");
        }
        if length == 1 {
            roles.push("half");
        }
        if length == route.destination.max_prefix_len() {
            roles.push("host");
        }
        if route.kind == RouteKind::UNICAST && route.nexthops.iter().any(|hop| hop.gateway.is_none()) {
            roles.push("on-link");
        }
        roles
    }
}
