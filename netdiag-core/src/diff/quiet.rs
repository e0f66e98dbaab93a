//! What changes by itself and is therefore not a change: the one list.
//!
//! Each noun has its quiet form here, a copy with the volatile fields set to a fixed value. Two
//! rows are the same to a reader of changes when their quiet forms are equal.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;

use super::Object;
use super::resolver::{quiet_line, quiet_resolver};
use crate::model::{
    Address, AddressLabel, Family, Host, Link, Neighbor, NeighborState, NextHopObject, Route,
    RouteAttributes, RouteTable, Routes,
};
use crate::snapshot::Snapshot;

impl Snapshot {
    /// The state without what changes by itself; two snapshots between which
    /// [`diff`](crate::diff::diff) finds nothing are equal in this form.
    ///
    /// This is the whole list of volatile fields:
    ///
    /// - the snapshot: `taken_at`, `host`, `capabilities`, `problems` (about the reading, not the
    ///   state)
    /// - links: `owner`, and the names `master` and `peer` (their indexes count)
    /// - addresses: the numbers in `preferred_for_s` and `valid_for_s` (whether there is a
    ///   lifetime counts), `position` and with it their order, the name `link`
    /// - routes: the number in `expires_in_s` (whether there is one counts), the names `link` of
    ///   nexthops with an index
    /// - neighbours: `state` among reachable, stale, delay and probe; the name `link`; all those
    ///   in state `noarp`, which the kernel makes for groups and drops again
    /// - nexthop objects, address labels: the name `link`
    /// - resolver: line numbers, why a line is ignored, the names of systemd-resolved's links,
    ///   and links without any setting there
    ///
    /// Besides, an IPv4 address label equal to its link's name follows a rename without being a
    /// change of the address.
    #[must_use]
    pub fn without_volatile(&self) -> Self {
        let mut addresses: Vec<_> = self.addresses.iter().map(steady_address).collect();
        addresses.sort_by_key(|address| {
            (address.link_index, Family::of(&address.address.addr()), address.address, address.key())
        });
        let routes = self.routes.tables().iter().map(|table| {
            let mut last: Option<(*const RouteAttributes, Arc<RouteAttributes>)> = None;
            let rows = table.routes().iter().map(|route| {
                let set = Arc::as_ptr(&route.attributes);
                let quiet = match &last {
                    Some((same, quiet)) if *same == set => Arc::clone(quiet),
                    _ => Arc::new(route.attributes.without_volatile()),
                };
                last = Some((set, Arc::clone(&quiet)));
                Route { destination: route.destination, attributes: quiet }
            });
            Arc::new(RouteTable::from_dump_order(table.family(), table.id(), rows.collect()))
        });
        Self {
            taken_at: Timestamp::UNIX_EPOCH,
            host: Host::default(),
            capabilities: Default::default(),
            links: self.links.iter().map(link).collect(),
            addresses: addresses.into(),
            routes: Routes::from_tables(routes),
            rules: Arc::clone(&self.rules),
            neighbors: self.neighbors.iter().filter(|row| !is_of_the_kernel(row)).map(neighbor).collect(),
            nexthops: self.nexthops.iter().map(nexthop).collect(),
            address_labels: self.address_labels.iter().map(address_label).collect(),
            resolver: quiet_resolver(&self.resolver).into(),
            sysctls: Arc::clone(&self.sysctls),
            problems: Vec::new(),
        }
    }
}

pub(super) fn link(link: &Link) -> Link {
    Link { owner: None, master: None, peer: None, ..link.clone() }
}

fn steady_address(address: &Address) -> Address {
    Address {
        link: None,
        preferred_for_s: address.preferred_for_s.map(|_| 0),
        valid_for_s: address.valid_for_s.map(|_| 0),
        position: 0,
        ..address.clone()
    }
}

/// Whether the label is the link's name, and so follows when the link is renamed
/// (`inetdev_changename` in `net/ipv4/devinet.c`).
pub(super) fn label_follows(address: &Address) -> bool {
    address.label.is_some() && address.label == address.link
}

/// The quiet form of an address, and whether its label follows its link's name (it is then left
/// out of the form).
pub(super) fn address(address: &Address) -> (Address, bool) {
    let follows = label_follows(address);
    let mut quiet = steady_address(address);
    if follows {
        quiet.label = None;
    }
    (quiet, follows)
}

/// Whether it needs no resolution: multicast and the like (`arp_constructor` in
/// `net/ipv4/arp.c`, `ndisc_constructor` in `net/ipv6/ndisc.c`). `ip neighbour` does not list these
/// either.
pub(super) fn is_of_the_kernel(neighbor: &Neighbor) -> bool {
    neighbor.state == NeighborState::NO_ARP
}

pub(super) fn neighbor(neighbor: &Neighbor) -> Neighbor {
    let state = match neighbor.state {
        NeighborState::REACHABLE | NeighborState::STALE | NeighborState::DELAY | NeighborState::PROBE => {
            NeighborState::STALE
        }
        other => other,
    };
    Neighbor { link: None, state, ..neighbor.clone() }
}

pub(super) fn nexthop(nexthop: &NextHopObject) -> NextHopObject {
    NextHopObject { link: None, ..nexthop.clone() }
}

pub(super) fn address_label(label: &AddressLabel) -> AddressLabel {
    AddressLabel { link: None, ..label.clone() }
}

/// Whether two attribute sets are the same but for volatile fields.
pub(super) fn same_attributes(a: &RouteAttributes, b: &RouteAttributes) -> bool {
    a == b || (has_volatile(a) || has_volatile(b)) && a.without_volatile() == b.without_volatile()
}

fn has_volatile(attributes: &RouteAttributes) -> bool {
    attributes.expires_in_s.is_some() || attributes.nexthops.iter().any(|hop| hop.link.is_some())
}

/// Whether two things are the same but for volatile fields.
pub(super) fn same(a: &Object, b: &Object) -> bool {
    match (a, b) {
        (Object::Link(a), Object::Link(b)) => a == b || link(a) == link(b),
        (Object::Address(a), Object::Address(b)) => address(a) == address(b),
        (Object::Route(a), Object::Route(b)) => {
            a.destination == b.destination && same_attributes(&a.attributes, &b.attributes)
        }
        (Object::Rule(a), Object::Rule(b)) => a == b,
        (Object::Neighbor(a), Object::Neighbor(b)) => a == b || neighbor(a) == neighbor(b),
        (Object::NextHop(a), Object::NextHop(b)) => a == b || nexthop(a) == nexthop(b),
        (Object::AddressLabel(a), Object::AddressLabel(b)) => address_label(a) == address_label(b),
        (Object::Resolver(a), Object::Resolver(b)) => quiet_line(a) == quiet_line(b),
        (Object::Sysctl(a), Object::Sysctl(b)) => a == b,
        _ => false,
    }
}

/// The names of the fields in which two things of one kind differ, but for volatile ones.
pub(super) fn fields(before: &Object, after: &Object) -> Vec<String> {
    match (before, after) {
        // Routes may change by the million.
        (Object::Route(before), Object::Route(after)) => route_fields(before, after),
        _ => fields_in_json(before, after),
    }
}

fn route_fields(before: &RouteAttributes, after: &RouteAttributes) -> Vec<String> {
    let has_same_hops = before.nexthops == after.nexthops
        || before.without_volatile().nexthops == after.without_volatile().nexthops;
    let mut names = Vec::new();
    let mut note = |name: &str, is_same: bool| names.extend((!is_same).then(|| name.to_owned()));
    macro_rules! compare {
        ($($field:ident),*) => { $( note(stringify!($field), before.$field == after.$field); )* };
    }
    compare!(congestion_control);
    note("expires_in_s", before.expires_in_s.is_some() == after.expires_in_s.is_some());
    compare!(flags, kind, metric, metrics, mtu, nexthop_id);
    note("nexthops", has_same_hops);
    compare!(preferred_source, protocol, realms, router_preference, scope, scoped_to, source_prefix);
    compare!(table, tos, unmodelled);
    names
}

/// As [`fields`], of whatever has fields.
fn fields_in_json(before: &Object, after: &Object) -> Vec<String> {
    let json = |object: &Object| match serde_json::to_value(quiet(object).as_ref()) {
        Ok(serde_json::Value::Object(fields)) => fields,
        other => unreachable!("bug: a noun is not a JSON object: {other:?}"),
    };
    let (old, new) = (json(before), json(after));
    let mut names: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| old.get(name) != new.get(name));
    if let (Object::Address(before), Object::Address(after)) = (before, after)
        && label_follows(before) != label_follows(after)
        && !names.iter().any(|name| name == "label")
    {
        names.push("label".into());
        names.sort();
    }
    names
}

fn quiet(object: &Object) -> Cow<'_, Object> {
    Cow::Owned(match object {
        Object::Link(row) => link(row).into(),
        Object::Address(row) => address(row).0.into(),
        Object::Route(row) => Route::new(row.destination, row.attributes.without_volatile()).into(),
        Object::Neighbor(row) => neighbor(row).into(),
        Object::NextHop(row) => nexthop(row).into(),
        Object::AddressLabel(row) => address_label(row).into(),
        Object::Resolver(row) => quiet_line(row).into(),
        Object::Rule(_) | Object::Sysctl(_) => return Cow::Borrowed(object),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::snapshot::arbitrary;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn the_fields_of_routes_are_the_ones_of_their_json(
            before in arbitrary::route(),
            after in arbitrary::route(),
            is_half in any::<bool>(),
        ) {
            let mut after = after;
            if is_half {
                let mut attributes = (*before.attributes).clone();
                attributes.metrics = after.metrics.clone();
                attributes.unmodelled = after.unmodelled.clone();
                after = Route::new(before.destination, attributes);
            } else {
                after.destination = before.destination;
            }
            let objects = (Object::from(before), Object::from(after));
            prop_assert_eq!(fields(&objects.0, &objects.1), fields_in_json(&objects.0, &objects.1));
        }
    }
}
