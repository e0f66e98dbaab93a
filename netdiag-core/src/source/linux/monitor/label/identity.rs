//! What tells one thing from another across notifications and dumps.

use std::net::IpAddr;

use crate::diff::Object;
use crate::model::{Address, NextHop, Route, RouteKey, RouteKind, Rule};
use crate::source::linux::monitor::hint::News;

/// What tells one thing from another across notifications and dumps.
///
/// Routes are told apart by key and nexthop set only: a RTM_DELROUTE may carry attributes that
/// no RTM_NEWROUTE had.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Identity {
    /// Index and generation.
    Link(u32, u32),
    Address(u32, ipnet::IpNet, Option<IpAddr>),
    Route(RouteKey, RouteKind, Option<u32>, Vec<(Option<IpAddr>, Option<u32>)>),
    Rule(Box<Rule>),
    Neighbor(u32, IpAddr, bool),
    NextHop(u32),
}

impl Identity {
    pub(super) fn of_route(route: &Route) -> Self {
        let mut legs: Vec<_> = route.nexthops.iter().map(leg).collect();
        legs.sort();
        Self::Route(route.key(), route.kind, route.nexthop_id, legs)
    }

    pub(super) fn of_rule(rule: &Rule) -> Self {
        Self::Rule(Box::new(Rule {
            iif_detached: false,
            oif_detached: false,
            unresolved: false,
            ..rule.clone()
        }))
    }

    pub(super) fn of_address(address: &Address) -> Self {
        let (link, prefix, peer) = address.key();
        Self::Address(link, prefix, peer)
    }

    pub(super) fn of_object(object: &Object) -> Option<Self> {
        Some(match object {
            Object::Link(link) => Self::Link(link.index, link.generation),
            Object::Address(address) => Self::of_address(address),
            Object::Route(route) => Self::of_route(route),
            Object::Rule(rule) => Self::of_rule(rule),
            Object::Neighbor(neighbor) => {
                let (link, address, proxy) = neighbor.key();
                Self::Neighbor(link, address, proxy)
            }
            Object::NextHop(nexthop) => Self::NextHop(nexthop.id),
            _ => return None,
        })
    }

    /// The thing a notification is about, and whether it says that it is there.
    pub(super) fn of_news(news: &News) -> Option<(Self, bool)> {
        let of = |object: &Object| Self::of_object(object);
        Some(match news {
            News::Link(link) => (Self::Link(link.index, link.generation), true),
            News::LinkGone(link) => (Self::Link(link.index, link.generation), false),
            News::Address(address) => (Self::of_address(address), true),
            News::AddressGone(address) => (Self::of_address(address), false),
            News::Route { route, .. } => (Self::of_route(route), true),
            News::RouteGone(route) => (Self::of_route(route), false),
            News::Rule(rule) => (Self::of_rule(rule), true),
            News::RuleGone(rule) => (Self::of_rule(rule), false),
            News::Neighbor(neighbor) => (of(&Object::Neighbor(neighbor.clone()))?, true),
            News::NeighborGone(neighbor) => (of(&Object::Neighbor(neighbor.clone()))?, false),
            News::NextHop(nexthop) => (Self::NextHop(nexthop.id), true),
            News::NextHopGone(nexthop) => (Self::NextHop(nexthop.id), false),
            News::Switches | News::RouterAdvertisement => return None,
        })
    }
}

pub(super) fn leg(hop: &NextHop) -> (Option<IpAddr>, Option<u32>) {
    (hop.gateway, hop.link_index)
}

pub(super) fn object_of(news: &News) -> Option<Object> {
    Some(match news {
        News::Link(link) | News::LinkGone(link) => Object::Link(link.clone()),
        News::Address(address) | News::AddressGone(address) => Object::Address(address.clone()),
        News::Route { route, .. } | News::RouteGone(route) => Object::Route(route.clone()),
        News::Rule(rule) | News::RuleGone(rule) => Object::Rule(rule.clone()),
        News::Neighbor(neighbor) | News::NeighborGone(neighbor) => Object::Neighbor(neighbor.clone()),
        News::NextHop(nexthop) | News::NextHopGone(nexthop) => Object::NextHop(nexthop.clone()),
        News::Switches | News::RouterAdvertisement => return None,
    })
}
