//! How each change became known: which notification announced it, and if none did, why it
//! happened.

mod identity;
mod index;
mod links;
mod passing;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::index::{HintIndex, Told};
use self::links::LinkStories;
use self::passing::came_and_went;
use super::hint::Hint;
use crate::diff::{Change, Object};
use crate::history::{Cause, Origin};
use crate::model::{Process, RouteKey};
use crate::snapshot::Snapshot;

/// A change with how it became known, before it is numbered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Labelled {
    pub(super) change: Change,
    pub(super) origin: Origin,
    pub(super) because: Option<Cause>,
    pub(super) by: Option<Process>,
    pub(super) time: Timestamp,
    pub(super) passing: bool,
}

/// What was known when the changes were found.
pub(super) struct Evidence<'a> {
    pub(super) before: &'a Snapshot,
    pub(super) after: &'a Snapshot,
    /// The notifications since the state before, in order. Those that came while the state after
    /// was read may tell of something that it does not show yet.
    pub(super) hints: &'a [Hint],
    /// How many of them came before the reading began.
    pub(super) early: usize,
    /// Whether messages were lost since then.
    pub(super) lost: bool,
    /// Whether the system told that resolver files changed.
    pub(super) files_told: bool,
    /// When the state after was read.
    pub(super) now: Timestamp,
}

/// Labels the net changes, adds what came and went in between, and puts all in the order in
/// which it was told. Also says which notifications the next reading needs once more, by place.
pub(super) fn explain(changes: Vec<Change>, evidence: &Evidence<'_>) -> (Vec<Labelled>, BTreeSet<usize>) {
    let index = HintIndex::new(evidence.hints);
    let links = LinkStories::new(evidence);
    let mut placed: Vec<(usize, Labelled)> = Vec::with_capacity(changes.len());
    let mut group_order: BTreeMap<RouteKey, usize> = BTreeMap::new();
    for change in changes {
        let told = index.announcing(&change).or_else(|| {
            // A rule's or a file's change has no more detail than that one was told.
            (evidence.files_told && matches!(object_of(&change), Object::Resolver(_)))
                .then_some(Told { at: evidence.hints.len(), hint: None })
        });
        let (origin, because, found_after) = match &told {
            Some(told) => (Origin::Announced, None, told.at),
            None => {
                let (cause, at) = links.cause(&change, &index, evidence);
                let origin = if evidence.lost { Origin::Resynced } else { Origin::Inferred };
                (origin, Some(cause), at)
            }
        };
        let hint = told.as_ref().and_then(|told| told.hint);
        let labelled = Labelled {
            origin,
            because,
            by: hint.and_then(|hint| hint.by.clone()),
            time: hint.map_or(evidence.now, |hint| hint.time),
            passing: false,
            change,
        };
        // Changes of one destination keep their order: their positions depend on it.
        let at = match object_of(&labelled.change) {
            Object::Route(route) => {
                let group = RouteKey { metric: 0, tos: 0, source_prefix: None, ..route.key() };
                *group_order.entry(group).or_insert(found_after)
            }
            Object::Rule(_) => 0,
            _ => found_after,
        };
        placed.push((at, labelled));
    }
    // Rules compete with all others of their family, so all their changes stand together.
    let first_rule = placed
        .iter()
        .filter(|(_, labelled)| matches!(object_of(&labelled.change), Object::Rule(_)))
        .filter_map(|(_, labelled)| index.announcing(&labelled.change).map(|told| told.at))
        .min()
        .unwrap_or(evidence.hints.len());
    for (at, labelled) in &mut placed {
        if matches!(object_of(&labelled.change), Object::Rule(_)) {
            *at = first_rule;
        }
    }
    let (pairs, kept) = came_and_went(&placed, &index, &links, evidence);
    placed.extend(pairs);
    placed.sort_by_key(|(at, _)| *at);
    (placed.into_iter().map(|(_, labelled)| labelled).collect(), kept)
}

/// The thing a change is about: as it is now, or as it was when it is gone.
fn object_of(change: &Change) -> &Object {
    match change {
        Change::Added { object, .. } | Change::Removed { object, .. } => object,
        Change::Modified { after, .. } => after,
    }
}

#[cfg(test)]
mod tests;
