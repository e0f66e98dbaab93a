//! Compares everything but routes: rows with a key, rules, and statements of files.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::resolver::{quiet_line, resolver_lines, statement};
use super::sequence::{Comparison, digest, edits};
use super::{Change, Object, Sysctl, quiet};
use crate::model::{Family, Link, Neighbor, ResolverConfig, Rule, RuleAction};
use crate::snapshot::Snapshot;

/// Indexes of links that were taken over by another link.
pub(super) fn replaced_links(before: &Snapshot, after: &Snapshot) -> BTreeSet<u32> {
    before
        .links()
        .iter()
        .filter(|old| after.link(old.index).is_some_and(|new| !is_same_link(old, new)))
        .map(|old| old.index)
        .collect()
}

/// Whether two links of one index are one link.
fn is_same_link(old: &Link, new: &Link) -> bool {
    let is_renamed = old.name != new.name;
    old.generation == new.generation
        && old.kind == new.kind
        && !(is_renamed && (old.mac != new.mac || old.link_type != new.link_type))
}

pub(super) fn links(before: &Snapshot, after: &Snapshot, changes: &mut Vec<Change>) {
    keyed(before.links(), after.links(), |link| link.index, quiet::link, is_same_link, changes);
}

pub(super) fn addresses(
    before: &Snapshot,
    after: &Snapshot,
    replaced: &BTreeSet<u32>,
    changes: &mut Vec<Change>,
) {
    keyed(
        before.addresses(),
        after.addresses(),
        |address| address.key(),
        quiet::address,
        |old, _| !replaced.contains(&old.link_index),
        changes,
    );
}

pub(super) fn neighbors(
    before: &Snapshot,
    after: &Snapshot,
    replaced: &BTreeSet<u32>,
    changes: &mut Vec<Change>,
) {
    // Compared as they come, without those that the kernel makes for itself.
    let told = |state: &Snapshot| -> Vec<Neighbor> {
        state.neighbors().iter().filter(|neighbor| !quiet::is_of_the_kernel(neighbor)).cloned().collect()
    };
    keyed(
        &told(before),
        &told(after),
        |neighbor| neighbor.key(),
        quiet::neighbor,
        |old, _| !replaced.contains(&old.link_index),
        changes,
    );
}

pub(super) fn nexthops(
    before: &Snapshot,
    after: &Snapshot,
    replaced: &BTreeSet<u32>,
    changes: &mut Vec<Change>,
) {
    keyed(
        before.nexthops(),
        after.nexthops(),
        |nexthop| nexthop.id,
        quiet::nexthop,
        // An object with other content under the same number was modified (`ip nexthop replace`),
        // whatever its link.
        |old, new| {
            quiet::nexthop(old) != quiet::nexthop(new)
                || !old.link_index.is_some_and(|index| replaced.contains(&index))
        },
        changes,
    );
}

pub(super) fn address_labels(
    before: &Snapshot,
    after: &Snapshot,
    replaced: &BTreeSet<u32>,
    changes: &mut Vec<Change>,
) {
    keyed(
        before.address_labels(),
        after.address_labels(),
        |label| (label.prefix, label.link_index),
        quiet::address_label,
        |old, _| !old.link_index.is_some_and(|index| replaced.contains(&index)),
        changes,
    );
}

pub(super) fn sysctls(before: &Snapshot, after: &Snapshot, changes: &mut Vec<Change>) {
    let rows = |snapshot: &Snapshot| -> Vec<Sysctl> {
        snapshot
            .sysctls()
            .iter()
            .map(|(name, value)| Sysctl { name: name.clone(), value: value.clone() })
            .collect()
    };
    if before.sysctls() != after.sysctls() {
        keyed(&rows(before), &rows(after), |row| row.name.clone(), Sysctl::clone, |_, _| true, changes);
    }
}

pub(super) fn rules(before: &Snapshot, after: &Snapshot, changes: &mut Vec<Change>) {
    let by = Comparison {
        same: &|a: &&Rule, b: &&Rule| a == b,
        digest: &|rule| digest(rule),
        kinship: &[&|rule| digest(&selectors(rule))],
        pairs: &|_, _| true,
    };
    for family in [Family::V4, Family::V6] {
        let (old, new): (Vec<_>, Vec<_>) =
            (before.rules_of(family).collect(), after.rules_of(family).collect());
        group(&old, &new, &by, changes);
    }
}

/// A rule as far as it says which packets it is for and when it is asked.
fn selectors(rule: &Rule) -> Rule {
    Rule {
        action: RuleAction::NOP,
        table: None,
        goto: None,
        unresolved: false,
        iif_detached: false,
        oif_detached: false,
        suppress_prefix_length: None,
        suppress_interface_group: None,
        realms: 0,
        protocol: None,
        unmodelled: Vec::new(),
        ..rule.clone()
    }
}

pub(super) fn resolver(before: &Snapshot, after: &Snapshot, changes: &mut Vec<Change>) {
    if before.resolver() == after.resolver() {
        return;
    }
    let by = Comparison {
        same: &|a, b| quiet_line(a) == quiet_line(b),
        digest: &|line| digest(&line.text),
        kinship: &[&|line| digest(&statement(&line.text))],
        pairs: &|_, _| true,
    };
    let lines = |config: &ResolverConfig| {
        let mut groups: BTreeMap<_, Vec<_>> = Default::default();
        for line in resolver_lines(config) {
            groups.entry((line.file.clone(), line.link_index)).or_default().push(line);
        }
        groups
    };
    let (old, new) = (lines(before.resolver()), lines(after.resolver()));
    for file in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let of = |lines: &BTreeMap<_, Vec<_>>| lines.get(file).cloned().unwrap_or_default();
        group(&of(&old), &of(&new), &by, changes);
    }
}

/// Compares rows by key. `is_same` says whether two different rows of one key are one thing.
fn keyed<'a, T, K, Q>(
    before: &'a [T],
    after: &'a [T],
    key: impl Fn(&T) -> K,
    quiet: impl Fn(&T) -> Q,
    is_same: impl Fn(&T, &T) -> bool,
    changes: &mut Vec<Change>,
) where
    T: Clone + PartialEq,
    K: Ord,
    Q: PartialEq + Serialize,
    Object: From<T>,
{
    let by = Comparison {
        same: &|a: &&T, b: &&T| is_same(a, b) && quiet(a) == quiet(b),
        digest: &|row| digest(&serde_json::to_string(&quiet(row)).unwrap_or_default()),
        kinship: &[&|_| 0],
        pairs: &|a, b| is_same(a, b),
    };
    let sorted = |rows: &'a [T]| {
        let mut rows: Vec<&T> = rows.iter().collect();
        rows.sort_by_key(|row| key(row));
        rows
    };
    let (old, new) = (sorted(before), sorted(after));
    let (mut old, mut new) = (old.as_slice(), new.as_slice());
    while let Some(next) = old.first().into_iter().chain(new.first()).map(|row| key(row)).min() {
        let run = |rows: &[&T]| rows.iter().take_while(|row| key(row) == next).count();
        let (old_run, old_rest) = old.split_at(run(old));
        let (new_run, new_rest) = new.split_at(run(new));
        group(old_run, new_run, &by, changes);
        (old, new) = (old_rest, new_rest);
    }
}

/// Tells how one group of competing rows changed.
pub(super) fn group<R>(before: &[R], after: &[R], by: &Comparison<'_, R>, changes: &mut Vec<Change>)
where
    R: Row,
{
    if before.len() == after.len() && before.iter().zip(after).all(|(a, b)| (by.same)(a, b)) {
        return;
    }
    let found = edits(before, after, by);
    changes.extend(
        found
            .removed
            .into_iter()
            .map(|position| Change::Removed { object: before[position].to_object(), position }),
    );
    let modified = found.modified.into_iter().map(|(old, new)| {
        let (before, after) = (before[old].to_object(), after[new].to_object());
        let fields = quiet::fields(&before, &after);
        Change::Modified { before, after, fields, position: new }
    });
    let moved = found.moved.into_iter().map(|(old, new)| Change::Modified {
        before: before[old].to_object(),
        after: after[new].to_object(),
        fields: vec!["position".into()],
        position: new,
    });
    let mut elsewhere: Vec<Change> = modified.chain(moved).collect();
    elsewhere.sort_by_key(Change::position);
    changes.append(&mut elsewhere);
    changes.extend(
        found
            .added
            .into_iter()
            .map(|position| Change::Added { object: after[position].to_object(), position }),
    );
}

/// A row that can be told as an [`Object`].
pub(super) trait Row {
    fn to_object(&self) -> Object;
}

impl<T: Clone> Row for &T
where
    Object: From<T>,
{
    fn to_object(&self) -> Object {
        Object::from(T::clone(self))
    }
}

impl Row for super::ResolverLine {
    fn to_object(&self) -> Object {
        self.clone().into()
    }
}

impl Row for crate::model::Route {
    fn to_object(&self) -> Object {
        self.clone().into()
    }
}
