//! Which destinations leave by another way: two routing policies compared over the whole address
//! space.
//!
//! The prefixes of both states cut the address space into ranges inside which every address is
//! treated alike. One sweep over the sorted prefixes, with a stack of covering prefixes for each
//! table, decides each range for both states; neighbouring ranges of equal answers are put
//! together. Only ranges covered by something that changed are looked at.
//!
//! The answer is exact and never cut, so it can be long: a default route that comes beneath a
//! table with holes is as many prefixes as it takes to go around that table. Beneath 200,000
//! random /24 they are 1.1 million: one second, 110 MB, and 270 MB of JSON. [`group_effects`]
//! makes it one group with exceptions.

mod decide;
mod groups;
mod sweep;

pub use groups::{EffectGroup, group_effects};

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Change, diff};
use crate::model::{LinkName, RouteKind};
use crate::snapshot::Snapshot;

/// A range of destinations whose way out is another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    /// The destinations.
    #[schemars(with = "String")]
    pub prefix: IpNet,
    /// Their way before. Shared: many prefixes have few ways.
    pub before: Arc<WayOut>,
    /// Their way after.
    pub after: Arc<WayOut>,
}

/// What happens to a plain packet to some destination.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct WayOut {
    /// What happens to it.
    pub outcome: Outcome,
    /// Name of the link it leaves by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkName>,
    /// Index of that link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_index: Option<u32>,
    /// The router it is sent to; absent = straight to the destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Its source address, where the route names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<IpAddr>,
    /// The ways it may take, when there are several; `link` and `gateway` are absent then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nexthops: Vec<Leg>,
}

/// One of several ways.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Leg {
    /// The router.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Name of the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkName>,
    /// Index of the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_index: Option<u32>,
    /// Its share, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u16>,
}

/// What happens to a packet: the kind of the route it meets, or `no-route`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// A route, or a rule of that action, decided.
    Kind(RouteKind),
    /// Nothing did.
    NoRoute,
}

/// The destinations that leave by another way in `after` than in `before`, as prefixes that do
/// not overlap, IPv4 first, in order.
///
/// The answer is for a plain packet that this host sends: no mark, no type of service, not bound
/// to a link, source address not chosen yet, user and ports unknown. Rules that ask for one of
/// those do not apply to it. Rules are followed as `fib_rules_lookup` in `net/core/fib_rules.c`
/// does, tables as `fib_table_lookup` in `net/ipv4/fib_trie.c`.
///
/// Not considered yet: rules by source address, mark, user, port or incoming link; VRFs;
/// `ignore_routes_with_linkdown`; reachability of IPv6 routers (`rt6_score_route`); source-specific
/// IPv6 routes; scoped routes of macOS; which nexthop of several a packet takes; which source
/// address is selected when the route names none.
#[must_use]
pub fn effects(before: &Snapshot, after: &Snapshot) -> Vec<Effect> {
    effects_of(before, after, &diff(before, after))
}

/// [`effects`] when the changes are known.
pub(super) fn effects_of(before: &Snapshot, after: &Snapshot, changes: &[Change]) -> Vec<Effect> {
    sweep::sweep(before, after, changes)
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => kind.fmt(f),
            Self::NoRoute => f.pad("no-route"),
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Outcome {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "no-route" => Ok(Self::NoRoute),
            kind => kind.parse().map(Self::Kind).map_err(serde::de::Error::custom),
        }
    }
}

impl JsonSchema for Outcome {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Outcome".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({
            "type": "string",
            "description": "The kind of the route that decided (unicast, local, blackhole …), or no-route.",
        })
    }
}

impl WayOut {
    /// Whether a link or a gateway is known.
    fn leads_somewhere(&self) -> bool {
        self.gateway.is_some() || self.link_index.is_some() || !self.nexthops.is_empty()
    }
}

/// `via 192.0.2.1 dev eth0 src 192.0.2.7`, `blackhole`, `no route`.
impl fmt::Display for WayOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        match self.outcome {
            Outcome::Kind(RouteKind::UNICAST) if self.leads_somewhere() => {}
            Outcome::Kind(kind) => words.push(kind.to_string()),
            Outcome::NoRoute => words.push("no route".into()),
        }
        let hop = |gateway: Option<IpAddr>, link: &Option<LinkName>, index: Option<u32>| {
            let gateway = gateway.map(|gateway| format!("via {gateway}"));
            let link = match (link, index) {
                (Some(name), _) => Some(format!("dev {name}")),
                (None, index) => index.map(|index| format!("dev if{index}")),
            };
            gateway.into_iter().chain(link)
        };
        words.extend(hop(self.gateway, &self.link, self.link_index));
        for (at, leg) in self.nexthops.iter().enumerate() {
            words.extend((at > 0).then(|| "or".to_owned()));
            words.extend(hop(leg.gateway, &leg.link, leg.link_index));
        }
        words.extend(self.source.map(|source| format!("src {source}")));
        f.write_str(&words.join(" "))
    }
}

/// `203.0.113.0/24: via 192.0.2.1 dev eth0 -> dev tun0`.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} -> {}", self.prefix, self.before, self.after)
    }
}

#[cfg(test)]
mod tests;
