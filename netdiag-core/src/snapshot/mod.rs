//! One moment of a host: everything the model has nouns for, sorted and immutable.

#[cfg(test)]
pub(crate) mod arbitrary;
mod builder;
mod codec;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

pub use builder::SnapshotBuilder;
pub use codec::{MAX_BYTES, SNAPSHOT_FORMAT, read, read_file, write, write_file};

use crate::model::{
    Address, AddressLabel, Capability, Family, Host, Link, Neighbor, NextHopObject, Problem, ResolverConfig,
    Routes, Rule,
};

/// The state of a host at one moment.
///
/// Rows are sorted by their keys, so two equal states are equal values and equal bytes in a file.
/// It is immutable and cheap to clone: rows are shared.
//
// Not `Deserialize`: only the builder, which `read` uses too, knows how to sort.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Snapshot {
    pub(crate) taken_at: Timestamp,
    pub(crate) host: Host,
    #[serde(default)]
    pub(crate) capabilities: BTreeMap<String, Capability>,
    #[serde(default)]
    pub(crate) links: Arc<[Link]>,
    #[serde(default)]
    pub(crate) addresses: Arc<[Address]>,
    #[serde(default)]
    pub(crate) routes: Routes,
    #[serde(default)]
    pub(crate) rules: Arc<[Rule]>,
    #[serde(default)]
    pub(crate) neighbors: Arc<[Neighbor]>,
    #[serde(default)]
    pub(crate) nexthops: Arc<[NextHopObject]>,
    #[serde(default)]
    pub(crate) address_labels: Arc<[AddressLabel]>,
    #[serde(default)]
    pub(crate) resolver: Arc<ResolverConfig>,
    #[serde(default)]
    pub(crate) sysctls: Arc<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) problems: Vec<Problem>,
}

impl Snapshot {
    /// When it was complete.
    #[must_use]
    pub fn taken_at(&self) -> Timestamp {
        self.taken_at
    }

    /// Where it was taken.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// What the system offered to the reader, by name.
    #[must_use]
    pub fn capabilities(&self) -> &BTreeMap<String, Capability> {
        &self.capabilities
    }

    /// Links, sorted by index.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Addresses, sorted by link, family and the kernel's own order.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        &self.addresses
    }

    /// Routes of all tables and both families.
    #[must_use]
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Rules, sorted by family and priority; equal priorities in the order they are asked.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Neighbours, sorted by link and address.
    #[must_use]
    pub fn neighbors(&self) -> &[Neighbor] {
        &self.neighbors
    }

    /// Nexthop objects, sorted by number.
    #[must_use]
    pub fn nexthops(&self) -> &[NextHopObject] {
        &self.nexthops
    }

    /// Address labels, sorted by prefix.
    #[must_use]
    pub fn address_labels(&self) -> &[AddressLabel] {
        &self.address_labels
    }

    /// The resolver's configuration.
    #[must_use]
    pub fn resolver(&self) -> &ResolverConfig {
        &self.resolver
    }

    /// The system's switches that change decisions, by name: `net.ipv4.ip_forward`.
    #[must_use]
    pub fn sysctls(&self) -> &BTreeMap<String, String> {
        &self.sysctls
    }

    /// What went wrong while it was read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The link with this index.
    #[must_use]
    pub fn link(&self, index: u32) -> Option<&Link> {
        self.links.binary_search_by_key(&index, |link| link.index).ok().map(|at| &self.links[at])
    }

    /// The link with this name.
    #[must_use]
    pub fn link_named(&self, name: &str) -> Option<&Link> {
        self.links.iter().find(|link| link.name.as_str() == name)
    }

    /// Addresses of one link.
    pub fn addresses_of(&self, link_index: u32) -> impl Iterator<Item = &Address> {
        let start = self.addresses.partition_point(|address| address.link_index < link_index);
        self.addresses[start..].iter().take_while(move |address| address.link_index == link_index)
    }

    /// Rules of one family, in the order they are asked.
    pub fn rules_of(&self, family: Family) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.family == family)
    }

    /// A builder that starts from this snapshot, to replace parts of it.
    #[must_use]
    pub fn to_builder(&self) -> SnapshotBuilder {
        SnapshotBuilder::from_snapshot(self.clone())
    }
}
