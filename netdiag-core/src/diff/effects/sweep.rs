//! The sweep over the address space.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::decide::{Decision, Policy, Range, is_refusal, range};
use super::{Effect, WayOut};
use crate::diff::routes::PairMemo;
use crate::diff::rows::replaced_links;
use crate::diff::{Change, Object};
use crate::model::{Family, NextHop, Route, RouteAttributes};
use crate::snapshot::Snapshot;

pub(super) fn sweep(before: &Snapshot, after: &Snapshot, changes: &[Change]) -> Vec<Effect> {
    let replaced = replaced_links(before, after);
    [Family::V4, Family::V6]
        .into_iter()
        .flat_map(|family| {
            let regions = regions(before, after, family, changes);
            if regions.is_empty() {
                Vec::new()
            } else {
                sweep_family(before, after, family, &regions, &replaced)
            }
        })
        .collect()
}

/// The disjoint ranges of destinations that a change can concern, in order.
fn regions(before: &Snapshot, after: &Snapshot, family: Family, changes: &[Change]) -> Vec<Range> {
    // A rule may refuse routes by the group of their link, and links come and go and change it.
    let asks_for_groups = [before, after]
        .iter()
        .any(|state| state.rules_of(family).any(|rule| rule.suppress_interface_group.is_some()));
    let mut found: BTreeSet<(u128, std::cmp::Reverse<u128>)> = BTreeSet::new();
    for object in changes.iter().flat_map(|change| change.before().into_iter().chain(change.after())) {
        let prefix = match object {
            Object::Route(route) if route.family() == family => route.destination,
            Object::Rule(rule) if rule.family == family => family.everything(),
            // Routes may use the object by number.
            Object::NextHop(_) => family.everything(),
            Object::Link(link) if asks_for_groups && is_group_changed(before, after, link.index) => {
                family.everything()
            }
            _ => continue,
        };
        let (first, last) = range(&prefix);
        found.insert((first, std::cmp::Reverse(last)));
    }
    // That a route has expired is not a change of the route, and changes the way all the same.
    for snapshot in [before, after] {
        let tables = snapshot.routes().tables().iter().filter(|table| table.family() == family);
        for route in tables.flat_map(|table| table.routes()) {
            if route.expires_in_s.is_some_and(|seconds| seconds < 0) {
                let (first, last) = range(&route.destination);
                found.insert((first, std::cmp::Reverse(last)));
            }
        }
    }
    // Prefixes contain each other or do not overlap; the containing one comes first.
    let mut regions: Vec<Range> = Vec::new();
    for (first, std::cmp::Reverse(last)) in found {
        if regions.last().is_none_or(|(_, end)| first > *end) {
            regions.push((first, last));
        }
    }
    regions
}

fn is_group_changed(before: &Snapshot, after: &Snapshot, index: u32) -> bool {
    let group = |state: &Snapshot| state.link(index).map(|link| link.group);
    group(before) != group(after)
}

/// Destinations that are treated alike, and how.
struct Segment<'a> {
    range: Range,
    decisions: (Decision<'a>, Decision<'a>),
    ways: (Arc<WayOut>, Arc<WayOut>),
}

fn sweep_family(
    before: &Snapshot,
    after: &Snapshot,
    family: Family,
    regions: &[Range],
    replaced: &BTreeSet<u32>,
) -> Vec<Effect> {
    let (old, new) = (Policy::new(before, family), Policy::new(after, family));
    let same_way = PairMemo::new(|a: &RouteAttributes, b: &RouteAttributes| {
        let (a_kind, b_kind) = (old.kind(a), new.kind(b));
        if is_refusal(a_kind) || is_refusal(b_kind) {
            return a_kind == b_kind;
        }
        let (a_hops, b_hops) = (old.hops(a), new.hops(b));
        // One way takes all, whatever its weight.
        let is_single = a_hops.len() == 1;
        let way = |hop: NextHop| (hop.gateway, hop.link_index, hop.weight.filter(|_| !is_single));
        a.kind == b.kind
            // A route that names no source may well get the same one from the link.
            && (a.preferred_source == b.preferred_source
                || a.preferred_source.is_none()
                || b.preferred_source.is_none())
            && !a_hops.iter().any(|hop| hop.link_index.is_some_and(|index| replaced.contains(&index)))
            && a_hops.into_iter().map(way).eq(b_hops.into_iter().map(way))
    });
    let is_same = |a: Decision<'_>, b: Decision<'_>| match (a, b) {
        (Decision::Route(a), Decision::Route(b)) => same_way.ask(a, b),
        (Decision::Route(route), Decision::Rule(kind)) => old.kind(route) == kind,
        (Decision::Rule(kind), Decision::Route(route)) => new.kind(route) == kind,
        (Decision::Rule(a), Decision::Rule(b)) => a == b,
        (Decision::Nothing, Decision::Nothing) => true,
        _ => false,
    };

    let mut cuts: Vec<u128> = [&old, &new]
        .iter()
        .flat_map(|policy| policy.steps.iter().filter_map(|step| step.to))
        .flat_map(|((first, last), _)| [Some(first), last.checked_add(1)])
        .flatten()
        .collect();
    cuts.sort_unstable();

    let mut old_tables: Vec<Walk<'_>> = old.tables.iter().map(|rows| Walk::new(rows, family)).collect();
    let mut new_tables: Vec<Walk<'_>> = new.tables.iter().map(|rows| Walk::new(rows, family)).collect();
    let mut segments: Vec<Segment<'_>> = Vec::new();
    for (first, last) in regions {
        old_tables.iter_mut().chain(&mut new_tables).for_each(|walk| walk.start_at(*first));
        let mut at = *first;
        loop {
            let mut end = *last;
            for walk in old_tables.iter_mut().chain(&mut new_tables) {
                end = end.min(walk.advance_to(at));
            }
            if let Some(cut) = cuts.get(cuts.partition_point(|cut| *cut <= at)) {
                end = end.min(cut - 1);
            }
            let decisions = (
                old.decide(at, |table| old_tables[table].covering()),
                new.decide(at, |table| new_tables[table].covering()),
            );
            if !is_same(decisions.0, decisions.1) {
                note((at, end), decisions, &old, &new, &mut segments);
            }
            if end == *last {
                break;
            }
            at = end + 1;
        }
    }
    segments
        .into_iter()
        .flat_map(|segment| {
            let (before, after) = segment.ways;
            prefixes(family, segment.range).into_iter().map(move |prefix| Effect {
                prefix,
                before: Arc::clone(&before),
                after: Arc::clone(&after),
            })
        })
        .collect()
}

/// Adds a range to the segments, to the last one where it continues it.
fn note<'a>(
    range: Range,
    decisions: (Decision<'a>, Decision<'a>),
    old: &Policy<'_>,
    new: &Policy<'_>,
    segments: &mut Vec<Segment<'a>>,
) {
    let is_identical = |a: Decision<'_>, b: Decision<'_>| match (a, b) {
        (Decision::Route(a), Decision::Route(b)) => Arc::ptr_eq(a, b),
        (Decision::Rule(a), Decision::Rule(b)) => a == b,
        (Decision::Nothing, Decision::Nothing) => true,
        _ => false,
    };
    let ways = match segments.last() {
        Some(last)
            if is_identical(last.decisions.0, decisions.0) && is_identical(last.decisions.1, decisions.1) =>
        {
            last.ways.clone()
        }
        _ => (Arc::new(old.way_out(decisions.0)), Arc::new(new.way_out(decisions.1))),
    };
    match segments.last_mut() {
        Some(last) if last.range.1.checked_add(1) == Some(range.0) && last.ways == ways => {
            last.range.1 = range.1;
        }
        _ => segments.push(Segment { range, decisions, ways }),
    }
}

/// A walk along one table with the prefixes that cover the current address.
struct Walk<'a> {
    rows: &'a [Route],
    next: usize,
    /// Last address and rows of each covering prefix, the longest last.
    covering: Vec<(u128, &'a [Route])>,
    /// Which prefix lengths occur, the shortest first.
    lengths: Vec<u8>,
    family: Family,
}

impl<'a> Walk<'a> {
    fn new(rows: &'a [Route], family: Family) -> Self {
        let mut occurs = [false; 129];
        for row in rows {
            occurs[usize::from(row.destination.prefix_len())] = true;
        }
        let lengths = (0..=128).filter(|length| occurs[usize::from(*length)]).collect();
        Self { rows, next: 0, covering: Vec::new(), lengths, family }
    }

    /// Goes to an address: collects the prefixes that begin before it and cover it.
    fn start_at(&mut self, address: u128) {
        self.covering.clear();
        self.next = self.rows.partition_point(|row| range(&row.destination).0 < address);
        for length in &self.lengths {
            let Some(prefix) = prefix(self.family, address, *length) else { continue };
            let (first, last) = range(&prefix);
            if first == address {
                continue;
            }
            let start = self.rows.partition_point(|row| row.destination < prefix);
            let count = self.rows[start..].iter().take_while(|row| row.destination == prefix).count();
            if count > 0 {
                self.covering.push((last, &self.rows[start..start + count]));
            }
        }
    }

    /// Goes on to an address; returns the last address up to which nothing changes.
    fn advance_to(&mut self, address: u128) -> u128 {
        while self.covering.last().is_some_and(|(last, _)| *last < address) {
            self.covering.pop();
        }
        let mut next_begin = None;
        while let Some(row) = self.rows.get(self.next) {
            let (first, last) = range(&row.destination);
            if first != address {
                next_begin = Some(first);
                break;
            }
            let rest = &self.rows[self.next..];
            let count = rest.iter().take_while(|other| other.destination == row.destination).count();
            self.covering.push((last, &rest[..count]));
            self.next += count;
        }
        let end = self.covering.last().map_or(u128::MAX, |(last, _)| *last);
        next_begin.map_or(end, |begin| end.min(begin - 1))
    }

    /// The rows of the covering prefixes, the longest prefix first.
    fn covering(&self) -> impl Iterator<Item = &'a [Route]> {
        self.covering.iter().rev().map(|(_, rows)| *rows)
    }
}

/// The prefix of this length that holds the address.
pub(super) fn prefix(family: Family, address: u128, length: u8) -> Option<IpNet> {
    Some(match family {
        Family::V4 => {
            IpNet::V4(Ipv4Net::new(Ipv4Addr::from(u32::try_from(address).ok()?), length).ok()?.trunc())
        }
        Family::V6 => IpNet::V6(Ipv6Net::new(Ipv6Addr::from(address), length).ok()?.trunc()),
    })
}

/// The fewest prefixes that make up a range.
pub(super) fn prefixes(family: Family, (mut first, last): Range) -> Vec<IpNet> {
    let width: u32 = if family == Family::V4 { 32 } else { 128 };
    let mut found = Vec::new();
    loop {
        let mask = |bits: u32| if bits >= 128 { u128::MAX } else { (1 << bits) - 1 };
        let mut bits = first.trailing_zeros().min(width);
        while bits > 0 && first + mask(bits) > last {
            bits -= 1;
        }
        found.extend(u8::try_from(width - bits).ok().and_then(|length| prefix(family, first, length)));
        let end = first + mask(bits);
        if end >= last {
            return found;
        }
        first = end + 1;
    }
}
