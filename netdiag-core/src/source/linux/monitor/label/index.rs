//! Which notification announced a change.

use std::collections::BTreeMap;

use super::identity::{Identity, leg};
use crate::diff::{Change, Object};
use crate::model::{Family, NextHop, Route, RouteKey};
use crate::source::linux::monitor::hint::{Hint, News};

/// A notification that announced a change, and its place among all.
pub(super) struct Told<'a> {
    pub(super) at: usize,
    pub(super) hint: Option<&'a Hint>,
}

/// The notifications by the thing they are about.
pub(super) struct HintIndex<'a> {
    pub(super) hints: &'a [Hint],
    /// First and last notification that it is there.
    arrivals: BTreeMap<Identity, (usize, usize)>,
    /// Last notification that it is not.
    departures: BTreeMap<Identity, usize>,
    /// Last notification with NLM_F_REPLACE for a key.
    pub(super) replacements: BTreeMap<RouteKey, usize>,
    /// Departures of single legs of IPv6 routes, by key.
    legs_gone: BTreeMap<RouteKey, Vec<usize>>,
    switches: Option<usize>,
}

impl<'a> HintIndex<'a> {
    pub(super) fn new(hints: &'a [Hint]) -> Self {
        let mut index = Self {
            hints,
            arrivals: BTreeMap::new(),
            departures: BTreeMap::new(),
            replacements: BTreeMap::new(),
            legs_gone: BTreeMap::new(),
            switches: None,
        };
        for (at, hint) in hints.iter().enumerate() {
            match &hint.news {
                News::Switches => index.switches = Some(at),
                News::Route { route, replaces: true } => {
                    index.replacements.insert(route.key(), at);
                }
                News::RouteGone(route) if route.family() == Family::V6 => {
                    index.legs_gone.entry(route.key()).or_default().push(at);
                }
                _ => {}
            }
            if let Some((identity, there)) = Identity::of_news(&hint.news) {
                if there {
                    index.arrivals.entry(identity).or_insert((at, at)).1 = at;
                } else {
                    index.departures.insert(identity, at);
                }
            }
        }
        index
    }

    fn told(&self, at: Option<&usize>) -> Option<Told<'a>> {
        at.map(|at| Told { at: *at, hint: self.hints.get(*at) })
    }

    /// The last word that a thing is there, which has its newest values.
    fn told_last(&self, identity: &Identity) -> Option<Told<'a>> {
        self.told(self.arrivals.get(identity).map(|(_, last)| last))
    }

    /// The notification that announced a change.
    pub(super) fn announcing(&self, change: &Change) -> Option<Told<'a>> {
        match change {
            Change::Added { object, .. } => {
                // The first word: what hangs on it was told after that.
                self.told(self.arrivals.get(&Identity::of_object(object)?).map(|(first, _)| first))
            }
            Change::Removed { object, .. } => {
                let identity = Identity::of_object(object)?;
                self.told(self.departures.get(&identity)).or_else(|| match object {
                    // The legs of an IPv6 multipath route may go one by one.
                    Object::Route(route) => self.leg_gone(route, &[]),
                    _ => None,
                })
            }
            Change::Modified { before, after, .. } => match (before, after) {
                (Object::Route(before), Object::Route(after)) => {
                    let arrival = self.told_last(&Identity::of_route(after));
                    let same = Identity::of_route(before) == Identity::of_route(after);
                    arrival
                        .or_else(|| self.leg_gone(before, &after.nexthops))
                        // A changed key is a removal and an arrival; either tells of it.
                        .or_else(|| {
                            let departure = self.departures.get(&Identity::of_route(before));
                            self.told(departure.filter(|_| !same && before.key() != after.key()))
                        })
                }
                (Object::Sysctl(_), _) => self.told(self.switches.as_ref()),
                _ => self.told_last(&Identity::of_object(after)?),
            },
        }
    }

    /// A notification that a leg of `before` went, one that is not in `remaining`.
    fn leg_gone(&self, before: &Route, remaining: &[NextHop]) -> Option<Told<'a>> {
        let departures = self.legs_gone.get(&before.key())?;
        departures
            .iter()
            .rev()
            .find(|at| match self.hints.get(**at).map(|hint| &hint.news) {
                Some(News::RouteGone(gone)) => gone.nexthops.iter().any(|gone| {
                    before.nexthops.iter().any(|hop| leg(hop) == leg(gone))
                        && !remaining.iter().any(|hop| leg(hop) == leg(gone))
                }),
                _ => false,
            })
            .and_then(|at| self.told(Some(at)))
    }
}
