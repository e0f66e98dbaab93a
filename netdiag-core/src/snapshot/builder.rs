//! Puts a [`Snapshot`] together: sorts the rows and fills in the names of links.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::Snapshot;
use crate::model::{
    Address, AddressLabel, AttributeInterner, Capability, Family, Host, Link, LinkName, Neighbor, NextHop,
    NextHopObject, Problem, ResolverConfig, Route, RouteTable, Routes, Rule, TableId,
};

/// Collects the parts of a [`Snapshot`]; [`SnapshotBuilder::build`] makes it.
///
/// Rows are given in the order the system listed them, because that order can mean something
/// (rules of equal priority, routes of one destination, addresses of a link).
#[derive(Clone, Debug)]
pub struct SnapshotBuilder {
    snapshot: Snapshot,
}

impl SnapshotBuilder {
    /// An empty state of a host at one moment.
    #[must_use]
    pub fn new(taken_at: Timestamp, host: Host) -> Self {
        Self {
            snapshot: Snapshot {
                taken_at,
                host,
                capabilities: BTreeMap::new(),
                links: Arc::default(),
                addresses: Arc::default(),
                routes: Routes::default(),
                rules: Arc::default(),
                neighbors: Arc::default(),
                nexthops: Arc::default(),
                address_labels: Arc::default(),
                resolver: Arc::default(),
                sysctls: Arc::default(),
                problems: Vec::new(),
            },
        }
    }

    pub(super) fn from_snapshot(snapshot: Snapshot) -> Self {
        Self { snapshot }
    }

    /// Sets the moment.
    #[must_use]
    pub fn taken_at(mut self, taken_at: Timestamp) -> Self {
        self.snapshot.taken_at = taken_at;
        self
    }

    /// Sets what the system offers.
    #[must_use]
    pub fn capabilities(mut self, capabilities: BTreeMap<String, Capability>) -> Self {
        self.snapshot.capabilities = capabilities;
        self
    }

    /// Sets the links.
    #[must_use]
    pub fn links(mut self, mut links: Vec<Link>) -> Self {
        links.sort_by_key(|link| link.index);
        self.snapshot.links = links.into();
        self
    }

    /// Sets the addresses, in the system's order; their `position` follows from it.
    #[must_use]
    pub fn addresses(mut self, mut addresses: Vec<Address>) -> Self {
        let family = |address: &Address| Family::of(&address.address.addr());
        addresses.sort_by_key(|address| (address.link_index, family(address)));
        let mut position = 0;
        for at in 0..addresses.len() {
            let same = at > 0
                && addresses[at - 1].link_index == addresses[at].link_index
                && family(&addresses[at - 1]) == family(&addresses[at]);
            position = if same { position + 1 } else { 0 };
            addresses[at].position = position;
        }
        self.snapshot.addresses = addresses.into();
        self
    }

    /// Sets all routes, in the system's order.
    #[must_use]
    pub fn routes(mut self, routes: Vec<Route>) -> Self {
        self.snapshot.routes = Routes::from_dump_order(routes);
        self
    }

    /// Replaces the given tables of the routes; an empty table goes.
    #[must_use]
    pub fn route_tables(mut self, tables: impl IntoIterator<Item = Arc<RouteTable>>) -> Self {
        let mut all: BTreeMap<(Family, TableId), Arc<RouteTable>> = self
            .snapshot
            .routes
            .tables()
            .iter()
            .map(|table| ((table.family(), table.id()), Arc::clone(table)))
            .collect();
        for table in tables {
            all.insert((table.family(), table.id()), table);
        }
        self.snapshot.routes = Routes::from_tables(all.into_values());
        self
    }

    /// Sets the rules, in the system's order.
    #[must_use]
    pub fn rules(mut self, mut rules: Vec<Rule>) -> Self {
        rules.sort_by_key(|rule| (rule.family, rule.priority));
        self.snapshot.rules = rules.into();
        self
    }

    /// Sets the neighbours.
    #[must_use]
    pub fn neighbors(mut self, mut neighbors: Vec<Neighbor>) -> Self {
        neighbors.sort_by_key(Neighbor::key);
        self.snapshot.neighbors = neighbors.into();
        self
    }

    /// Sets the nexthop objects.
    #[must_use]
    pub fn nexthops(mut self, mut nexthops: Vec<NextHopObject>) -> Self {
        nexthops.sort_by_key(|nexthop| nexthop.id);
        self.snapshot.nexthops = nexthops.into();
        self
    }

    /// Sets the address labels.
    #[must_use]
    pub fn address_labels(mut self, mut labels: Vec<AddressLabel>) -> Self {
        labels.sort_by_key(|label| (label.prefix, label.link_index, label.label));
        self.snapshot.address_labels = labels.into();
        self
    }

    /// Sets the resolver's configuration.
    #[must_use]
    pub fn resolver(mut self, resolver: ResolverConfig) -> Self {
        self.snapshot.resolver = resolver.into();
        self
    }

    /// Sets the switches.
    #[must_use]
    pub fn sysctls(mut self, sysctls: BTreeMap<String, String>) -> Self {
        self.snapshot.sysctls = sysctls.into();
        self
    }

    /// Sets what went wrong; equal problems are counted together.
    #[must_use]
    pub fn problems(mut self, problems: impl IntoIterator<Item = Problem>) -> Self {
        let mut counted: BTreeMap<_, u64> = BTreeMap::new();
        for problem in problems {
            *counted.entry((problem.kind, problem.area, problem.detail)).or_default() += problem.count;
        }
        self.snapshot.problems = counted
            .into_iter()
            .map(|((kind, area, detail), count)| Problem { kind, area, detail, count })
            .collect();
        self
    }

    /// The snapshot, with the name of its link beside each index.
    #[must_use]
    pub fn build(mut self) -> Snapshot {
        self.fill_in_names();
        self.snapshot
    }

    fn fill_in_names(&mut self) {
        let names: BTreeMap<u32, LinkName> =
            self.snapshot.links.iter().map(|link| (link.index, link.name.clone())).collect();
        let name = |index: Option<u32>| index.and_then(|index| names.get(&index).cloned());

        let mut links = self.snapshot.links.to_vec();
        for link in &mut links {
            link.master = name(link.master_index);
            link.peer = if link.peer_namespace_id.is_some() { None } else { name(link.peer_index) };
        }
        self.snapshot.links = links.into();

        rename(&mut self.snapshot.addresses, |address| (Some(address.link_index), &mut address.link), &name);
        rename(
            &mut self.snapshot.neighbors,
            |neighbor| (Some(neighbor.link_index), &mut neighbor.link),
            &name,
        );
        rename(&mut self.snapshot.nexthops, |nexthop| (nexthop.link_index, &mut nexthop.link), &name);
        rename(&mut self.snapshot.address_labels, |label| (label.link_index, &mut label.link), &name);

        if let Some(resolved) = &self.snapshot.resolver.resolved
            && resolved.links.iter().any(|link| link.link != name(Some(link.link_index)))
        {
            let resolver = Arc::make_mut(&mut self.snapshot.resolver);
            for link in resolver.resolved.iter_mut().flat_map(|resolved| &mut resolved.links) {
                link.link = name(Some(link.link_index));
            }
        }

        let stale = |hop: &NextHop| hop.link_index.is_some() && hop.link != name(hop.link_index);
        let mut interner = AttributeInterner::default();
        let tables = self.snapshot.routes.tables().iter().map(|table| {
            // One check per set, mostly; a table without stale names is kept.
            let mut fresh = [std::ptr::null(); 64];
            let is_stale = table.routes().iter().any(|route| {
                let set = Arc::as_ptr(&route.attributes);
                // Allocations lie 16 bytes apart or more.
                let known = &mut fresh[(set.addr() >> 6 ^ set.addr() >> 12) % 64];
                if *known == set {
                    return false;
                }
                *known = set;
                route.nexthops.iter().any(stale)
            });
            if !is_stale {
                return Arc::clone(table);
            }
            let mut renamed: Option<(*const _, Arc<_>)> = None;
            let rows = table.routes().iter().map(|route| {
                let set = Arc::as_ptr(&route.attributes);
                if renamed.as_ref().is_none_or(|(same, _)| *same != set) {
                    let mut attributes = (*route.attributes).clone();
                    for hop in attributes.nexthops.iter_mut().filter(|hop| hop.link_index.is_some()) {
                        hop.link = name(hop.link_index);
                    }
                    renamed = Some((set, interner.intern(attributes)));
                }
                let attributes = renamed.as_ref().map(|(_, set)| Arc::clone(set));
                Route { destination: route.destination, attributes: attributes.unwrap_or_default() }
            });
            Arc::new(RouteTable::from_dump_order(table.family(), table.id(), rows.collect()))
        });
        self.snapshot.routes = Routes::from_tables(tables.collect::<Vec<_>>());
    }
}

/// Sets the link name of each row whose name is not the one of its index.
fn rename<T: Clone>(
    rows: &mut Arc<[T]>,
    parts: impl Fn(&mut T) -> (Option<u32>, &mut Option<LinkName>),
    name: &impl Fn(Option<u32>) -> Option<LinkName>,
) {
    let mut owned = rows.to_vec();
    for row in &mut owned {
        let (index, link) = parts(row);
        *link = name(index);
    }
    *rows = owned.into();
}
