//! How the state differs from the baseline. Two notions are kept apart: the net difference
//! (`+ - ~`), and what came and went in between (`x`), which no comparison of two states shows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use netdiag_core::diff::{Change, Object, diff};
use netdiag_core::history::Event;
use netdiag_core::model::{Address, Family, Link, Route, Rule, TableId};
use netdiag_core::snapshot::Snapshot;

use super::app::Screen;
use super::journal::{Journal, same_route};
use super::theme::Mark;
use crate::text::{Thing, describe};

/// Family, table, destination, and the place among the routes that share them.
pub(crate) type RouteSpot = (Family, TableId, IpNet, usize);
pub(crate) type AddressKey = (u32, IpNet, Option<IpAddr>);

/// A row that is not there any more.
#[derive(Clone, Debug)]
pub(crate) struct Gone<T> {
    pub(crate) row: T,
    pub(crate) mark: Mark,
    /// When it appeared, if that was seen.
    pub(crate) came: Option<Timestamp>,
    /// When it went, if that is still remembered.
    pub(crate) went: Option<Timestamp>,
    /// The number of the event that took it away.
    pub(crate) removal: Option<u64>,
    /// Its values at the last event, by which the next event is matched.
    seen_as: T,
    /// It turned into a row that is there, so it is not gone.
    back: bool,
}

/// A marked row, and where in `changes` its difference is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marked {
    pub(crate) mark: Mark,
    change: usize,
}

/// How many rows bear each mark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) added: usize,
    pub(crate) removed: usize,
    pub(crate) changed: usize,
    pub(crate) came_and_went: usize,
}

impl Counts {
    /// Whether nothing differs.
    pub(crate) fn is_zero(self) -> bool {
        self == Self::default()
    }

    fn add(&mut self, mark: Mark) {
        match mark {
            Mark::Added => self.added += 1,
            Mark::Removed => self.removed += 1,
            Mark::Changed => self.changed += 1,
            Mark::CameAndWent => self.came_and_went += 1,
        }
    }
}

/// Everything that differs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    changes: Vec<Change>,
    pub(crate) routes: BTreeMap<RouteSpot, Marked>,
    pub(crate) links: BTreeMap<u32, Marked>,
    pub(crate) addresses: BTreeMap<AddressKey, Marked>,
    pub(crate) rules: BTreeMap<(Family, usize), Marked>,
    pub(crate) gone_routes: Vec<Gone<Route>>,
    pub(crate) gone_links: Vec<Gone<Link>>,
    pub(crate) gone_addresses: Vec<Gone<Address>>,
    pub(crate) gone_rules: Vec<Gone<Rule>>,
    /// Of the last screen: by noun and description.
    others: BTreeMap<(&'static str, String), Marked>,
    pub(crate) gone_others: Vec<Gone<Object>>,
    counts: BTreeMap<Screen, Counts>,
}

impl Marks {
    /// The differences from `baseline` to `current`; `journal` holds what happened after the
    /// event number `since`.
    pub(crate) fn new(baseline: &Snapshot, current: &Snapshot, journal: &Journal, since: u64) -> Self {
        let mut marks = Self { changes: diff(baseline, current), ..Self::default() };
        let changes = std::mem::take(&mut marks.changes);
        for (at, change) in changes.iter().enumerate() {
            marks.place(at, change);
        }
        marks.changes = changes;
        marks.remember(baseline, current, journal, since);
        marks.gone_routes.sort_by_key(|gone| (gone.row.family(), gone.row.table, gone.row.destination));
        marks.gone_links.sort_by_key(|gone| gone.row.index);
        marks.gone_addresses.sort_by_key(|gone| gone.row.key());
        marks.gone_rules.sort_by_key(|gone| (gone.row.family, gone.row.priority));
        marks
    }

    fn place(&mut self, at: usize, change: &Change) {
        let (object, mark, position) = match change {
            Change::Added { object, position } => (object, Mark::Added, *position),
            Change::Removed { object, position } => (object, Mark::Removed, *position),
            Change::Modified { after, position, .. } => (after, Mark::Changed, *position),
        };
        let marked = Marked { mark, change: at };
        let gone = mark == Mark::Removed;
        match object {
            Object::Route(route) if gone => self.gone_routes.push(Gone::net(route.clone())),
            Object::Route(route) => {
                let spot = (route.family(), route.table, route.destination, position);
                self.routes.insert(spot, marked);
            }
            Object::Link(link) if gone => self.gone_links.push(Gone::net(link.clone())),
            Object::Link(link) => drop(self.links.insert(link.index, marked)),
            Object::Address(address) if gone => self.gone_addresses.push(Gone::net(address.clone())),
            Object::Address(address) => drop(self.addresses.insert(address.key(), marked)),
            Object::Rule(rule) if gone => self.gone_rules.push(Gone::net(rule.clone())),
            Object::Rule(rule) => drop(self.rules.insert((rule.family, position), marked)),
            // Neighbours, which come and go all the time, are in the event list only.
            Object::Neighbor(_) => {}
            other if gone => self.gone_others.push(Gone::net(other.clone())),
            other => drop(self.others.insert(other_key(other), marked)),
        }
        if let Some(screen) = screen_of(object) {
            self.counts.entry(screen).or_default().add(mark);
        }
    }

    /// Goes through what happened: when net-removed rows went, and which rows came and went.
    fn remember(&mut self, baseline: &Snapshot, current: &Snapshot, journal: &Journal, since: u64) {
        let states = (baseline, current);
        let mut routes = Lives::new(&mut self.gone_routes, |row| (row.table, row.destination), same_route);
        let mut links = Lives::new(&mut self.gone_links, |row| row.index, same_link);
        let mut addresses =
            Lives::new(&mut self.gone_addresses, Address::key, |one, other| one.key() == other.key());
        let mut rules = Lives::new(&mut self.gone_rules, |row| (row.family, row.priority), Rule::eq);
        for event in journal.since(since) {
            routes.see(event, states);
            links.see(event, states);
            addresses.see(event, states);
            rules.see(event, states);
        }
        let passed = [
            (Screen::Routes, routes.finish()),
            (Screen::Links, links.finish() + addresses.finish()),
            (Screen::Rules, rules.finish()),
        ];
        for (screen, count) in passed {
            self.counts.entry(screen).or_default().came_and_went += count;
        }
    }

    /// How many rows of a screen bear marks.
    pub(crate) fn counts(&self, screen: Screen) -> Counts {
        self.counts.get(&screen).copied().unwrap_or_default()
    }

    /// The mark of a route, given its place among the routes of its destination.
    pub(crate) fn route(&self, route: &Route, position: usize) -> Option<Marked> {
        if self.routes.is_empty() {
            return None;
        }
        self.routes.get(&(route.family(), route.table, route.destination, position)).copied()
    }

    /// The difference behind a marked row.
    pub(crate) fn change(&self, marked: Marked) -> Option<&Change> {
        self.changes.get(marked.change)
    }

    /// The mark of a thing on the last screen.
    pub(crate) fn other(&self, object: &Object) -> Option<Marked> {
        if self.others.is_empty() {
            return None;
        }
        self.others.get(&other_key(object)).copied()
    }
}

impl<T: Clone> Gone<T> {
    fn net(row: T) -> Self {
        Self {
            seen_as: row.clone(),
            row,
            mark: Mark::Removed,
            came: None,
            went: None,
            removal: None,
            back: false,
        }
    }

    fn passed(row: T) -> Self {
        Self { mark: Mark::CameAndWent, ..Self::net(row) }
    }
}

/// Follows the rows of one kind through the events.
struct Lives<'a, T, K> {
    rows: &'a mut Vec<Gone<T>>,
    places: BTreeMap<K, Vec<usize>>,
    key: fn(&T) -> K,
    same: fn(&T, &T) -> bool,
}

impl<'a, T: Clone + Row, K: Ord> Lives<'a, T, K> {
    fn new(rows: &'a mut Vec<Gone<T>>, key: fn(&T) -> K, same: fn(&T, &T) -> bool) -> Self {
        let mut places: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for (at, gone) in rows.iter().enumerate() {
            places.entry(key(&gone.row)).or_default().push(at);
        }
        Self { rows, places, key, same }
    }

    fn find(&mut self, row: &T) -> Option<&mut Gone<T>> {
        let places = self.places.get(&(self.key)(row))?;
        let at = *places.iter().find(|at| (self.same)(&self.rows[**at].seen_as, row))?;
        self.rows.get_mut(at)
    }

    /// Takes note of an event, if it is about a row of this kind.
    fn see(&mut self, event: &Event, states: (&Snapshot, &Snapshot)) {
        let (before, after) = match &event.change {
            Change::Added { object, .. } => (None, T::of(object)),
            Change::Removed { object, .. } => (T::of(object), None),
            Change::Modified { before, after, .. } => (T::of(before), T::of(after)),
        };
        let exists = |row: &T| row.exists_in(states.0) || row.exists_in(states.1);
        let appeared = before.is_none();
        let Some(row) = before.or(after) else { return };
        if let (Some(_), Some(after)) = (before, after) {
            if let Some(gone) = self.find(row) {
                gone.seen_as = after.clone();
                if gone.mark == Mark::CameAndWent {
                    gone.row = after.clone();
                    gone.back = exists(after);
                }
            }
            return;
        }
        if self.find(row).is_none() {
            if exists(row) {
                return;
            }
            self.places.entry((self.key)(row)).or_default().push(self.rows.len());
            self.rows.push(Gone::passed(row.clone()));
        }
        if let Some(gone) = self.find(row) {
            if appeared {
                gone.came.get_or_insert(event.time);
            } else {
                (gone.went, gone.removal) = (Some(event.time), Some(event.sequence));
            }
        }
    }

    /// Leaves out what turned into a row that is there; how many came and went.
    fn finish(self) -> usize {
        self.rows.retain(|gone| !gone.back);
        self.rows.iter().filter(|gone| gone.mark == Mark::CameAndWent).count()
    }
}

fn same_link(one: &Link, other: &Link) -> bool {
    (one.index, one.generation, &one.kind) == (other.index, other.generation, &other.kind)
}

/// A row of one kind.
trait Row: Sized {
    /// The row in an object, if it is of this kind.
    fn of(object: &Object) -> Option<&Self>;
    fn exists_in(&self, snapshot: &Snapshot) -> bool;
}

impl Row for Route {
    fn of(object: &Object) -> Option<&Self> {
        if let Object::Route(row) = object { Some(row) } else { None }
    }

    fn exists_in(&self, snapshot: &Snapshot) -> bool {
        snapshot
            .routes()
            .table(self.family(), self.table)
            .is_some_and(|table| table.at(&self.destination).iter().any(|other| same_route(other, self)))
    }
}

impl Row for Link {
    fn of(object: &Object) -> Option<&Self> {
        if let Object::Link(row) = object { Some(row) } else { None }
    }

    fn exists_in(&self, snapshot: &Snapshot) -> bool {
        snapshot.link(self.index).is_some_and(|other| same_link(other, self))
    }
}

impl Row for Address {
    fn of(object: &Object) -> Option<&Self> {
        if let Object::Address(row) = object { Some(row) } else { None }
    }

    fn exists_in(&self, snapshot: &Snapshot) -> bool {
        snapshot.addresses_of(self.link_index).any(|other| other.key() == self.key())
    }
}

impl Row for Rule {
    fn of(object: &Object) -> Option<&Self> {
        if let Object::Rule(row) = object { Some(row) } else { None }
    }

    fn exists_in(&self, snapshot: &Snapshot) -> bool {
        snapshot.rules().contains(self)
    }
}

fn screen_of(object: &Object) -> Option<Screen> {
    match object {
        Object::Route(_) => Some(Screen::Routes),
        Object::Link(_) | Object::Address(_) => Some(Screen::Links),
        Object::Rule(_) => Some(Screen::Rules),
        Object::NextHop(_) | Object::AddressLabel(_) | Object::Resolver(_) | Object::Sysctl(_) => {
            Some(Screen::Other)
        }
        Object::Neighbor(_) => None,
    }
}

fn other_key(object: &Object) -> (&'static str, String) {
    let thing = Thing::from(object);
    (thing.noun(), describe(thing))
}
