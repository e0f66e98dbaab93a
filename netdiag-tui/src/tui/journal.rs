//! What happened since netdiag started, newest last, bounded.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use ipnet::IpNet;
use netdiag_core::diff::{Change, Object};
use netdiag_core::history::Event;
use netdiag_core::model::{Route, TableId};

/// How many events are kept; older ones are forgotten, and the Events screen says so.
pub(crate) const LIMIT: usize = 10_000;

/// The events. Cheap to clone: they are shared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Journal {
    events: VecDeque<Arc<Event>>,
    forgotten: u64,
    latest: BTreeMap<(TableId, IpNet), u64>,
}

impl Journal {
    /// Takes the events of a burst.
    pub(crate) fn extend(&mut self, events: Vec<Event>) {
        let excess = events.len().saturating_sub(LIMIT);
        self.forgotten += excess as u64;
        for event in events.into_iter().skip(excess) {
            if self.events.len() == LIMIT {
                self.forget_oldest();
            }
            if let Some(place) = place(&event.change) {
                self.latest.insert(place, event.sequence);
            }
            self.events.push_back(Arc::new(event));
        }
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.events.pop_front() else { return };
        self.forgotten += 1;
        if let Some(place) = place(&oldest.change)
            && self.latest.get(&place) == Some(&oldest.sequence)
        {
            self.latest.remove(&place);
        }
    }

    /// How many are kept.
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    /// How many were forgotten.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The events, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Event> {
        self.events.iter().map(Arc::as_ref)
    }

    /// The `n`th event, counted from the newest.
    pub(crate) fn newest(&self, n: usize) -> Option<&Event> {
        self.events.len().checked_sub(n + 1).and_then(|at| self.events.get(at)).map(Arc::as_ref)
    }

    /// The event with this number.
    pub(crate) fn with_sequence(&self, sequence: u64) -> Option<&Event> {
        let at = self.events.partition_point(|event| event.sequence < sequence);
        self.events.get(at).map(Arc::as_ref).filter(|event| event.sequence == sequence)
    }

    /// The number of the newest event there ever was; 0 before the first.
    pub(crate) fn last_sequence(&self) -> u64 {
        self.events.back().map_or(0, |event| event.sequence)
    }

    /// Events after the one with this number, oldest first.
    pub(crate) fn since(&self, sequence: u64) -> impl DoubleEndedIterator<Item = &Event> {
        let start = self.events.partition_point(|event| event.sequence <= sequence);
        self.events.range(start..).map(Arc::as_ref)
    }

    /// The last event about a thing.
    pub(crate) fn last_about(&self, is_it: impl Fn(&Object) -> bool) -> Option<&Event> {
        self.iter().rev().find(|event| is_it(after(&event.change)))
    }

    /// The last event that speaks of this very route.
    pub(crate) fn latest_of(&self, route: &Route) -> Option<&Event> {
        let sequence = *self.latest.get(&(route.table, route.destination))?;
        let at = self.events.partition_point(|event| event.sequence < sequence);
        let newest = self.events.get(at).map(Arc::as_ref)?;
        if speaks_of(&newest.change, route) {
            return Some(newest);
        }
        // A sibling of equal destination changed later.
        self.events.range(..at).rev().map(Arc::as_ref).find(|event| speaks_of(&event.change, route))
    }
}

fn place(change: &Change) -> Option<(TableId, IpNet)> {
    match after(change) {
        Object::Route(route) => Some((route.table, route.destination)),
        _ => None,
    }
}

/// The thing a change left behind, or took away.
pub(crate) fn after(change: &Change) -> &Object {
    match change {
        Change::Added { object, .. } | Change::Removed { object, .. } => object,
        Change::Modified { after, .. } => after,
    }
}

fn speaks_of(change: &Change, route: &Route) -> bool {
    matches!(after(change), Object::Route(other) if same_route(other, route))
}

/// Whether two routes are the same to a reader of changes.
pub(crate) fn same_route(one: &Route, other: &Route) -> bool {
    one.destination == other.destination
        && (Arc::ptr_eq(&one.attributes, &other.attributes)
            || one.attributes.without_volatile() == other.attributes.without_volatile())
}
