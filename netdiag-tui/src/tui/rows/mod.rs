//! Which rows a screen lists, in which order: numbers only, computed when the data, the filter
//! or the sort order change. A million routes without filter and sort cost nothing.

mod others;
mod routes;

use jiff::Timestamp;
use netdiag_core::diff::Object;
use netdiag_core::model::{Address, Family, Link, Rule};

use netdiag_core::snapshot::Snapshot;

use super::app::Data;
use super::marks::{Gone, Marked, Marks};
use super::theme::Mark;
use crate::filter::{Filter, Key, Subject};
use crate::text::Thing;

pub(crate) use others::{OtherRow, others};
pub(crate) use routes::{RouteRow, RouteRows, Sort};

/// With more routes than this, looking through all of them may take longer than a keystroke: it is
/// said and done by several threads, and a slow filter applies on Enter, not with each letter.
pub(crate) const MANY_ROUTES: usize = 50_000;

/// What is asked of a list.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) data: &'a Data,
    /// The differences, when they are shown.
    pub(crate) marks: Option<&'a Marks>,
    /// `None` = everything.
    pub(crate) filter: Option<&'a Filter>,
    pub(crate) only_changes: bool,
    pub(crate) now: Timestamp,
}

impl Wanted<'_> {
    /// Whether the filter lets a thing through, given its mark and when it changed last.
    pub(crate) fn matches(
        &self,
        thing: Thing<'_>,
        mark: impl FnOnce() -> Option<Mark>,
        changed: impl FnOnce() -> Option<Timestamp>,
    ) -> bool {
        let Some(filter) = self.filter else { return true };
        filter.matches(Subject {
            thing,
            change: if filter.uses(Key::Chg) { mark().map(Mark::glyph) } else { None },
            age_s: if filter.uses(Key::Age) { changed().map(|time| self.age_s(time)) } else { None },
            snapshot: Some(&self.data.snapshot),
        })
    }

    fn age_s(&self, time: Timestamp) -> u64 {
        u64::try_from(self.now.duration_since(time).as_secs()).unwrap_or(0)
    }

    fn matches_gone<T>(&self, thing: Thing<'_>, gone: &Gone<T>) -> bool {
        self.matches(thing, || Some(gone.mark), || gone.went.or(gone.came))
    }

    /// Whether a link or an address matches; its last change is looked for in the journal.
    fn matches_key(
        &self,
        thing: Thing<'_>,
        marked: Option<&Marked>,
        is_it: impl Fn(&Object) -> bool,
    ) -> bool {
        let changed = || self.data.journal.last_about(is_it).map(|event| event.time);
        self.matches(thing, || marked.map(|marked| marked.mark), changed)
    }
}

/// A row of the Links screen.
#[derive(Clone, Debug)]
pub(crate) enum LinkRow {
    Link(usize),
    Address(usize),
    GoneLink(usize),
    GoneAddress(usize),
}

/// The rows of the Links screen: links by index, each with its addresses unless folded.
pub(crate) fn links(wanted: Wanted<'_>, is_folded: impl Fn(u32) -> bool) -> Vec<LinkRow> {
    let Wanted { marks, only_changes, .. } = wanted;
    let snapshot = &wanted.data.snapshot;
    let none = Marks::default();
    let marks_or_none = marks.unwrap_or(&none);
    let of_link = |index: u32| {
        let start = snapshot.addresses().partition_point(|address| address.link_index < index);
        let current = snapshot.addresses().iter().enumerate().skip(start);
        let current = current.take_while(move |(_, address)| address.link_index == index);
        let current = current
            .filter(|(_, address)| !only_changes || marks_or_none.addresses.contains_key(&address.key()))
            .filter(|(_, address)| {
                let key = address.key();
                let is_it = |it: &Object| matches!(it, Object::Address(other) if other.key() == key);
                wanted.matches_key(Thing::Address(address), marks_or_none.addresses.get(&key), is_it)
            })
            .map(|(at, _)| LinkRow::Address(at));
        let gone = marks_or_none.gone_addresses.iter().enumerate();
        let gone = gone
            .filter(move |(_, gone)| gone.row.link_index == index)
            .filter(|(_, gone)| wanted.matches_gone(Thing::Address(&gone.row), gone))
            .map(|(at, _)| LinkRow::GoneAddress(at));
        current.chain(gone).collect::<Vec<_>>()
    };
    let mut rows = Vec::new();
    let mut indexes: Vec<(u32, LinkRow)> =
        snapshot.links().iter().enumerate().map(|(at, link)| (link.index, LinkRow::Link(at))).collect();
    let gone = marks_or_none.gone_links.iter().enumerate();
    indexes.extend(gone.map(|(at, gone)| (gone.row.index, LinkRow::GoneLink(at))));
    indexes.sort_by_key(|(index, _)| *index);
    let mut seen = None;
    for (index, row) in indexes {
        let marked = marks_or_none.links.get(&index);
        let shown = match row.thing(snapshot, marks) {
            Some(LinkThing::GoneLink(gone)) => wanted.matches_gone(Thing::Link(&gone.row), gone),
            Some(LinkThing::Link(link)) => {
                let is_it = |it: &Object| matches!(it, Object::Link(other) if other.index == index);
                (!only_changes || marked.is_some()) && wanted.matches_key(Thing::Link(link), marked, is_it)
            }
            _ => continue,
        };
        // The addresses of a link that went and came back stand under the first of its rows.
        let addresses = if seen.replace(index) == Some(index) { Vec::new() } else { of_link(index) };
        if !shown && addresses.is_empty() {
            continue;
        }
        rows.push(row);
        if !is_folded(index) {
            rows.extend(addresses);
        }
    }
    rows
}

/// A row of the Rules screen.
#[derive(Clone, Debug)]
pub(crate) enum RuleRow {
    /// A rule by its number in the snapshot, and its place among the rules of its family.
    Rule(usize, usize),
    Gone(usize),
}

/// The rows of the Rules screen, in the order the rules are asked.
pub(crate) fn rules(wanted: Wanted<'_>) -> Vec<RuleRow> {
    let Wanted { marks, only_changes, .. } = wanted;
    let snapshot = &wanted.data.snapshot;
    let mut rows: Vec<((Family, u32), RuleRow)> = Vec::new();
    let mut position = 0;
    let mut family = None;
    for (at, rule) in snapshot.rules().iter().enumerate() {
        position = if family.replace(rule.family) == Some(rule.family) { position + 1 } else { 0 };
        let marked = marks.and_then(|marks| marks.rules.get(&(rule.family, position)));
        let is_it = |it: &Object| matches!(it, Object::Rule(other) if other == rule);
        if (!only_changes || marked.is_some()) && wanted.matches_key(Thing::Rule(rule), marked, is_it) {
            rows.push(((rule.family, rule.priority), RuleRow::Rule(at, position)));
        }
    }
    for (at, gone) in marks.iter().flat_map(|marks| marks.gone_rules.iter().enumerate()) {
        if wanted.matches_gone(Thing::Rule(&gone.row), gone) {
            rows.push(((gone.row.family, gone.row.priority), RuleRow::Gone(at)));
        }
    }
    rows.sort_by_key(|(key, _)| *key);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// The link or address behind a row, and what is known of its going.
pub(crate) enum LinkThing<'a> {
    Link(&'a Link),
    Address(&'a Address),
    GoneLink(&'a Gone<Link>),
    GoneAddress(&'a Gone<Address>),
}

impl LinkRow {
    /// What it stands for.
    pub(crate) fn thing<'a>(
        &self,
        snapshot: &'a Snapshot,
        marks: Option<&'a Marks>,
    ) -> Option<LinkThing<'a>> {
        match self {
            Self::Link(at) => snapshot.links().get(*at).map(LinkThing::Link),
            Self::Address(at) => snapshot.addresses().get(*at).map(LinkThing::Address),
            Self::GoneLink(at) => marks?.gone_links.get(*at).map(LinkThing::GoneLink),
            Self::GoneAddress(at) => marks?.gone_addresses.get(*at).map(LinkThing::GoneAddress),
        }
    }
}

impl RuleRow {
    /// What it stands for.
    pub(crate) fn rule<'a>(&self, snapshot: &'a Snapshot, marks: Option<&'a Marks>) -> Option<&'a Rule> {
        match self {
            Self::Rule(at, _) => snapshot.rules().get(*at),
            Self::Gone(at) => Some(&marks?.gone_rules.get(*at)?.row),
        }
    }
}
