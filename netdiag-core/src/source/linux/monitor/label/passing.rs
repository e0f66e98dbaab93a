//! What came and went, or went and came back, between two readings.

use std::collections::{BTreeMap, BTreeSet};

use super::identity::{self, Identity};
use super::index::HintIndex;
use super::links::LinkStories;
use super::{Evidence, Labelled};
use crate::diff::{Change, Object};
use crate::history::Origin;
use crate::model::{Family, RouteKey};
use crate::snapshot::Snapshot;

/// Things that were told to come and go again, or to go and come back, between the two states.
///
/// They leave no trace in the net changes. Each comes as a pair that changes nothing, at the
/// place where it was told. A thing that came with a word and went without one is such a pair
/// too. A pair whose second half was told while the state was read waits for the next reading: the
/// second value holds those notifications, and all others that came during the reading.
pub(super) fn came_and_went(
    placed: &[(usize, Labelled)],
    index: &HintIndex<'_>,
    links: &LinkStories,
    evidence: &Evidence<'_>,
) -> (Vec<(usize, Labelled)>, BTreeSet<usize>) {
    let mut kept: BTreeSet<usize> = (evidence.early..evidence.hints.len()).collect();
    let mut told: BTreeMap<Identity, Vec<(usize, bool)>> = BTreeMap::new();
    for (at, hint) in evidence.hints.iter().enumerate() {
        if let Some((identity, there)) = Identity::of_news(&hint.news) {
            told.entry(identity).or_default().push((at, there));
        }
    }
    let changed = Touched::new(placed);
    told.retain(|identity, _| !changed.touches(identity));
    if told.is_empty() {
        return (Vec::new(), kept);
    }
    let before = Present::new(evidence.before, &told);
    let mut pairs = Vec::new();
    for (identity, steps) in told {
        let is_over = steps.iter().all(|(at, _)| *at < evidence.early);
        let start = before.position(&identity);
        let mut there = start.is_some();
        let mut transitions = Vec::new();
        for (at, now) in steps {
            if now != there {
                transitions.push((at, now));
                there = now;
            }
        }
        if !is_over {
            // Whole pairs are told now: what never rests would gather for ever.
            let told = transitions.iter().take_while(|(at, _)| *at < evidence.early).count() & !1;
            kept.extend(transitions.split_off(told).into_iter().map(|(at, _)| at));
            there = start.is_some();
        }
        let position = start.unwrap_or(0);
        let mut last: Option<(usize, Object)> = None;
        let ends_elsewhere = there != start.is_some();
        if ends_elsewhere && start.is_some() {
            // It was told to go and is still there: an equal thing stands beside it.
            transitions.pop();
        }
        for (at, now) in transitions {
            let Some(hint) = evidence.hints.get(at) else { continue };
            let Some(object) = identity::object_of(&hint.news) else { continue };
            last = Some((at, object.clone()));
            let change = match now {
                true => Change::Added { object, position },
                false => Change::Removed { object, position },
            };
            let labelled = Labelled {
                change,
                origin: Origin::Announced,
                because: None,
                by: hint.by.clone(),
                time: hint.time,
                passing: true,
            };
            pairs.push((at, labelled));
        }
        if let (true, None, Some((told_at, object))) = (ends_elsewhere, start, last) {
            // It came with a word and is not there: it went without one.
            let change = Change::Removed { object, position };
            let (cause, at) = links.cause(&change, index, evidence);
            let origin = if evidence.lost { Origin::Resynced } else { Origin::Inferred };
            let labelled = Labelled {
                change,
                origin,
                because: Some(cause),
                by: None,
                time: evidence.now,
                passing: true,
            };
            pairs.push((at.max(told_at), labelled));
        }
    }
    (pairs, kept)
}

/// What the net changes touch: such things get no pairs beside them.
pub(super) struct Touched {
    identities: Vec<Identity>,
    /// Routes by key only: adding a leg to an IPv6 route announces one with other legs.
    keys: Vec<RouteKey>,
}

impl Touched {
    fn new(placed: &[(usize, Labelled)]) -> Self {
        let mut identities = Vec::new();
        let mut keys = Vec::new();
        let mut note = |object: &Object| match object {
            Object::Route(route) => keys.push(route.key()),
            object => identities.extend(Identity::of_object(object)),
        };
        for (_, labelled) in placed {
            match &labelled.change {
                Change::Added { object, .. } | Change::Removed { object, .. } => note(object),
                Change::Modified { before, after, .. } => {
                    note(before);
                    note(after);
                }
            }
        }
        identities.sort();
        keys.sort();
        Self { identities, keys }
    }

    fn touches(&self, identity: &Identity) -> bool {
        match identity {
            Identity::Route(key, ..) => self.keys.binary_search(key).is_ok(),
            identity => self.identities.binary_search(identity).is_ok(),
        }
    }
}

/// Which of the things in question a state holds, and at which place.
pub(super) struct Present {
    places: BTreeMap<Identity, usize>,
}

impl Present {
    fn new<T>(state: &Snapshot, wanted: &BTreeMap<Identity, T>) -> Self {
        let mut places = BTreeMap::new();
        let mut note = |identity: Identity, place: usize| {
            if wanted.contains_key(&identity) {
                places.insert(identity, place);
            }
        };
        for link in state.links() {
            note(Identity::Link(link.index, link.generation), 0);
        }
        for address in state.addresses() {
            note(Identity::of_address(address), 0);
        }
        for neighbor in state.neighbors() {
            let (link, address, proxy) = neighbor.key();
            note(Identity::Neighbor(link, address, proxy), 0);
        }
        for nexthop in state.nexthops() {
            note(Identity::NextHop(nexthop.id), 0);
        }
        for family in [Family::V4, Family::V6] {
            for (place, rule) in state.rules_of(family).enumerate() {
                note(Identity::of_rule(rule), place);
            }
        }
        for identity in wanted.keys() {
            if let Identity::Route(key, ..) = identity
                && let Some(table) = state.routes().table(key.family, key.table)
            {
                let rows = table.at(&key.destination).iter().map(Identity::of_route);
                if let Some(place) = rows.into_iter().position(|row| row == *identity) {
                    places.insert(identity.clone(), place);
                }
            }
        }
        Self { places }
    }

    fn position(&self, identity: &Identity) -> Option<usize> {
        self.places.get(identity).copied()
    }
}
