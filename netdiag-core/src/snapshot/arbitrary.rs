//! Random snapshots for property tests: small numbers, so that rows collide.

mod rows;

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use rows::{address, address_label, link, neighbor, nexthop, resolver, text};
pub(crate) use rows::{route, rule};

use super::{Snapshot, SnapshotBuilder};
use crate::model::*;

/// A snapshot of any content, as every builder makes it.
pub(crate) fn snapshot() -> impl Strategy<Value = Snapshot> {
    let rows = (
        vec(link(), 0..5),
        vec(address(), 0..6),
        vec(route(), 0..14),
        vec(rule(), 0..6),
        vec(neighbor(), 0..4),
        vec(nexthop(), 0..4),
        vec(address_label(), 0..4),
        resolver(),
        vec((select(vec!["net.a", "net.b", "net.c"]), select(vec!["0", "1"])), 0..3),
    );
    let about =
        (0i64..4_000_000_000, text(), vec((text(), any::<bool>(), of(text())), 0..3), vec(text(), 0..3));
    (rows, about).prop_map(|(rows, (second, name, capabilities, problems))| {
        let mut links = rows.0;
        links.sort_by_key(|link| link.index);
        links.dedup_by_key(|link| link.index);
        let mut neighbors = rows.4;
        neighbors.sort_by_key(Neighbor::key);
        neighbors.dedup_by_key(|neighbor| neighbor.key());
        let mut nexthops = rows.5;
        nexthops.sort_by_key(|nexthop| nexthop.id);
        nexthops.dedup_by_key(|nexthop| nexthop.id);
        let host = Host { name, system: "linux".into(), ..Host::default() };
        SnapshotBuilder::new(jiff::Timestamp::from_second(second).unwrap(), host)
            .capabilities(
                capabilities
                    .into_iter()
                    .map(|(name, available, because)| (name, Capability { available, because }))
                    .collect(),
            )
            .links(links)
            .addresses(rows.1)
            .routes(rows.2)
            .rules(rows.3)
            .neighbors(neighbors)
            .nexthops(nexthops)
            .address_labels(rows.6)
            .resolver(rows.7)
            .sysctls(rows.8.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
            .problems(problems.into_iter().map(|detail| Problem {
                kind: ProblemKind::Undecodable,
                area: "routes".into(),
                detail,
                count: 1,
            }))
            .build()
    })
}

/// Two snapshots, the second a disturbed copy of the first: rows dropped, moved, changed, added.
pub(crate) fn snapshot_and_next() -> impl Strategy<Value = (Snapshot, Snapshot)> {
    (snapshot(), snapshot(), any::<u64>()).prop_map(|(before, other, mut seed)| {
        let mut chance = move |percent: u64| {
            // xorshift64
            seed = seed.max(1);
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % 100 < percent
        };
        fn mix<T: Clone>(old: &[T], new: &[T], chance: &mut impl FnMut(u64) -> bool) -> Vec<T> {
            let mut rows: Vec<T> = old.iter().filter(|_| chance(80)).cloned().collect();
            for at in 1..rows.len() {
                if chance(20) {
                    rows.swap(at - 1, at);
                }
            }
            for row in new {
                if chance(40) {
                    let at = if chance(50) { rows.len() } else { rows.len() / 2 };
                    rows.insert(at, row.clone());
                }
            }
            rows
        }
        let mut links = mix(before.links(), other.links(), &mut chance);
        for link in &mut links {
            if chance(20) {
                link.name = "renamed0".into();
            }
        }
        links.sort_by_key(|link| link.index);
        links.dedup_by_key(|link| link.index);
        let names: BTreeMap<u32, LinkName> =
            links.iter().map(|link| (link.index, link.name.clone())).collect();
        let mut addresses = mix(before.addresses(), other.addresses(), &mut chance);
        for address in &mut addresses {
            // As the kernel does at a rename.
            if address.label.is_some() && address.label == address.link && chance(80) {
                address.label = names.get(&address.link_index).cloned().or(address.label.take());
            }
            if chance(20) {
                address.valid_for_s = address.valid_for_s.map(|seconds| seconds / 2);
            }
        }
        let old: Vec<Route> = before.routes().iter().cloned().collect();
        let new: Vec<Route> = other.routes().iter().cloned().collect();
        let mut routes = mix(&old, &new, &mut chance);
        for route in &mut routes {
            let mut attributes = (*route.attributes).clone();
            if chance(10) {
                attributes.metric += 1;
            }
            if chance(10) {
                attributes.protocol = RouteProtocol::DHCP;
            }
            if chance(10) {
                attributes.expires_in_s = attributes.expires_in_s.map(|seconds| seconds + 1);
            }
            *route = Route::new(route.destination, attributes);
        }
        let mut neighbors = mix(before.neighbors(), other.neighbors(), &mut chance);
        neighbors.sort_by_key(Neighbor::key);
        neighbors.dedup_by_key(|neighbor| neighbor.key());
        let mut nexthops = mix(before.nexthops(), other.nexthops(), &mut chance);
        nexthops.sort_by_key(|nexthop| nexthop.id);
        nexthops.dedup_by_key(|nexthop| nexthop.id);
        let after = SnapshotBuilder::new(other.taken_at(), other.host().clone())
            .links(links)
            .addresses(addresses)
            .routes(routes)
            .rules(mix(before.rules(), other.rules(), &mut chance))
            .neighbors(neighbors)
            .nexthops(nexthops)
            .address_labels(mix(before.address_labels(), other.address_labels(), &mut chance))
            .resolver(if chance(50) { before.resolver().clone() } else { other.resolver().clone() })
            .sysctls(if chance(50) { before.sysctls().clone() } else { other.sysctls().clone() })
            .build();
        (before, after)
    })
}
