//! A thing of the model, borrowed from a snapshot or from a change.

use netdiag_core::diff::{Object, ResolverLine, Sysctl};
use netdiag_core::model::{Address, AddressLabel, Link, Neighbor, NextHopObject, Route, Rule};

/// What can be described, filtered and listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Thing<'a> {
    Link(&'a Link),
    Address(&'a Address),
    Route(&'a Route),
    Rule(&'a Rule),
    Neighbor(&'a Neighbor),
    NextHop(&'a NextHopObject),
    AddressLabel(&'a AddressLabel),
    Resolver(&'a ResolverLine),
    Sysctl(&'a Sysctl),
}

impl Thing<'_> {
    /// What it is, in a word for people.
    pub(crate) const fn noun(self) -> &'static str {
        match self {
            Self::Link(_) => "link",
            Self::Address(_) => "address",
            Self::Route(_) => "route",
            Self::Rule(_) => "rule",
            Self::Neighbor(_) => "neighbour",
            Self::NextHop(_) => "nexthop",
            Self::AddressLabel(_) => "address label",
            Self::Resolver(_) => "resolver",
            Self::Sysctl(_) => "sysctl",
        }
    }

    /// Its fields as in JSON.
    pub(crate) fn to_json(self) -> serde_json::Value {
        let value = match self {
            Self::Link(link) => serde_json::to_value(link),
            Self::Address(address) => serde_json::to_value(address),
            Self::Route(route) => serde_json::to_value(route),
            Self::Rule(rule) => serde_json::to_value(rule),
            Self::Neighbor(neighbor) => serde_json::to_value(neighbor),
            Self::NextHop(nexthop) => serde_json::to_value(nexthop),
            Self::AddressLabel(label) => serde_json::to_value(label),
            Self::Resolver(line) => serde_json::to_value(line),
            Self::Sysctl(sysctl) => serde_json::to_value(sysctl),
        };
        value.unwrap_or_default()
    }
}

impl<'a> From<&'a Object> for Thing<'a> {
    fn from(object: &'a Object) -> Self {
        match object {
            Object::Link(link) => Self::Link(link),
            Object::Address(address) => Self::Address(address),
            Object::Route(route) => Self::Route(route),
            Object::Rule(rule) => Self::Rule(rule),
            Object::Neighbor(neighbor) => Self::Neighbor(neighbor),
            Object::NextHop(nexthop) => Self::NextHop(nexthop),
            Object::AddressLabel(label) => Self::AddressLabel(label),
            Object::Resolver(line) => Self::Resolver(line),
            Object::Sysctl(sysctl) => Self::Sysctl(sysctl),
        }
    }
}
