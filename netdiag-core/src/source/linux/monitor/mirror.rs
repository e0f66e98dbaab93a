//! The state as last read, the notifications since, and what they make doubtful.

mod hear;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::hint::{Doubt, Hint, News};
use super::label::{self, Evidence, Labelled};
use super::reader::Reader;
use crate::diff::diff;
use crate::error::Error;
use crate::history::{Burst, Event};
use crate::model::{Address, Link, LinkName, Problem, ProblemKind, Process};
use crate::snapshot::Snapshot;
use crate::source::linux::read::names;
use crate::source::{Namespace, now};

/// See the module.
pub(super) struct Mirror {
    reader: Reader,
    state: Arc<Snapshot>,
    /// Names by index, also of links that were told of since the last reading.
    names: BTreeMap<u32, LinkName>,
    /// How often a link of an index has gone.
    generations: BTreeMap<u32, u32>,
    hints: Vec<Hint>,
    doubt: Doubt,
    lost: bool,
    files_told: bool,
    overruns: u64,
    sequence: u64,
    /// Notifications that could not be decoded.
    undecodable: BTreeMap<String, u64>,
    /// The process behind a port id, until the next reading.
    requesters: BTreeMap<u32, Option<Process>>,
    reading: Option<Reading>,
}

/// A reading that is not told yet.
struct Reading {
    after: Snapshot,
    /// How many notifications had been heard before it began.
    early: usize,
    lost: bool,
    files_told: bool,
}

/// What a reading found.
pub(super) struct Outcome {
    pub(super) events: Vec<Event>,
    pub(super) is_worth_telling: bool,
}

impl Mirror {
    /// Reads everything for the first time.
    pub(super) fn read(namespace: &Namespace) -> Result<Self, Error> {
        let (reader, state) = Reader::open(namespace)?;
        let state = Arc::new(state);
        let names = names(state.links());
        Ok(Self {
            reader,
            state,
            names,
            generations: BTreeMap::new(),
            hints: Vec::new(),
            doubt: Doubt::default(),
            lost: false,
            files_told: false,
            overruns: 0,
            sequence: 0,
            undecodable: BTreeMap::new(),
            requesters: BTreeMap::new(),
            reading: None,
        })
    }

    /// The state as last read.
    pub(super) fn state(&self) -> Arc<Snapshot> {
        Arc::clone(&self.state)
    }

    /// How many notifications wait to be explained.
    pub(super) fn heard(&self) -> usize {
        self.hints.len()
    }

    /// Whether something must be read again.
    pub(super) fn is_doubtful(&self) -> bool {
        !self.doubt.is_empty()
    }

    /// Messages were lost: nothing is known to be current.
    pub(super) fn lost(&mut self) {
        self.overruns += 1;
        self.lost = true;
        self.doubt = Doubt::EVERYTHING;
    }

    /// Nothing is to be taken for current, as after lost messages.
    pub(super) fn doubt_everything(&mut self) {
        self.lost = true;
        self.doubt = Doubt::EVERYTHING;
    }

    /// A resolver file changed.
    pub(super) fn doubt_resolver(&mut self) {
        self.files_told = true;
        self.doubt.resolver = true;
    }

    /// Doubts what can change without any notification: switches, proxy neighbours
    /// (`pneigh_create` in `net/core/neighbour.c`), and of a link that is down its group and the
    /// like (`netdev_state_change` in `net/core/dev.c`).
    pub(super) fn doubt_untold(&mut self) {
        let untold = Doubt { links: true, neighbors: true, switches: true, ..Doubt::default() };
        self.doubt = self.doubt.join(untold);
    }

    /// Waits until every change that is being made has been told: the kernel answers this
    /// question under the lock that writers hold until they have queued their notification.
    pub(super) fn wait_for_writers(&mut self) -> Result<(), Error> {
        self.reader.wait_for_writers()
    }

    /// Reads the doubtful parts.
    pub(super) fn begin_reading(&mut self) -> Result<(), Error> {
        let doubt = std::mem::take(&mut self.doubt).join(Doubt::of_running_time(&self.state));
        let early = self.hints.len();
        let (names, generations) = (&mut self.names, &mut self.generations);
        let after = self.reader.read_again(&self.state, &doubt, |links| {
            let there: BTreeSet<u32> = links.iter().map(|link| link.index).collect();
            names.retain(|index, _| {
                let is_there = there.contains(index);
                if !is_there {
                    *generations.entry(*index).or_default() += 1;
                }
                is_there
            });
            for link in links {
                link.generation = generations.get(&link.index).copied().unwrap_or_default();
                names.insert(link.index, link.name.clone());
            }
        })?;
        self.reading = Some(Reading {
            after,
            early,
            lost: std::mem::take(&mut self.lost),
            files_told: std::mem::take(&mut self.files_told),
        });
        Ok(())
    }

    /// Compares the reading with the state before and explains the difference by everything that
    /// was heard, before and during the reading.
    pub(super) fn finish_reading(&mut self) -> Outcome {
        let Some(reading) = self.reading.take() else {
            return Outcome { events: Vec::new(), is_worth_telling: false };
        };
        let after = self.with_generations(self.with_undecodable(reading.after), reading.early);
        let changes = diff(&self.state, &after);
        let time = now();
        let (labelled, kept) = label::explain(
            changes,
            &Evidence {
                before: &self.state,
                after: &after,
                hints: &self.hints,
                early: reading.early,
                lost: reading.lost,
                files_told: reading.files_told,
                now: time,
            },
        );
        let mut position = 0;
        self.hints.retain(|_| {
            position += 1;
            kept.contains(&(position - 1))
        });
        // Port ids are used again by others.
        self.requesters.clear();
        let is_worth_telling = !labelled.is_empty()
            || reading.lost
            || after.links() != self.state.links()
            || after.problems() != self.state.problems()
            || !have_same_deadlines(&self.state, &after);
        self.state = Arc::new(after);
        let events = labelled.into_iter().map(|labelled| self.number(labelled)).collect();
        Outcome { events, is_worth_telling }
    }

    /// Corrects the generation of a link that took over the index of another while it was read:
    /// the end of the other one was heard only after that.
    fn with_generations(&self, after: Snapshot, early: usize) -> Snapshot {
        let late = self.hints.get(early..).unwrap_or_default();
        // The first word about a link may lack what it gets a moment later.
        let same =
            |a: &Link, b: &Link| (a.index, &a.name, &a.mac, &a.kind) == (b.index, &b.name, &b.mac, &b.kind);
        let generation = |link: &Link| {
            let newest = self.generation(link.index);
            late.iter().any(|hint| matches!(&hint.news, News::Link(told) if told.generation == newest && same(link, told)))
                .then_some(newest)
        };
        if !late.iter().any(|hint| matches!(hint.news, News::LinkGone(_))) {
            return after;
        }
        let corrected = after
            .links()
            .iter()
            .map(|link| Link { generation: generation(link).unwrap_or(link.generation), ..link.clone() });
        let links = corrected.collect();
        after.to_builder().links(links).build()
    }

    /// Adds the trouble that notifications made.
    fn with_undecodable(&self, after: Snapshot) -> Snapshot {
        if self.undecodable.is_empty() {
            return after;
        }
        let undecodable = self.undecodable.iter().map(|(detail, count)| Problem {
            kind: ProblemKind::Undecodable,
            area: "notifications".to_owned(),
            detail: detail.clone(),
            count: *count,
        });
        let problems: Vec<Problem> = after.problems().iter().cloned().chain(undecodable).collect();
        after.to_builder().problems(problems).build()
    }

    fn number(&mut self, labelled: Labelled) -> Event {
        self.sequence += 1;
        Event {
            sequence: self.sequence,
            time: labelled.time,
            change: labelled.change,
            origin: labelled.origin,
            because: labelled.because,
            burst: 0,
            by: labelled.by,
            passing: labelled.passing,
        }
    }

    /// The message to the owner.
    pub(super) fn burst(&self, number: u64, mut events: Vec<Event>) -> Burst {
        for event in &mut events {
            event.burst = number;
        }
        Burst { number, events, snapshot: self.state(), overruns: self.overruns }
    }
}

/// Whether the lifetimes of addresses only ran on between the states.
fn have_same_deadlines(before: &Snapshot, after: &Snapshot) -> bool {
    let passed = after.taken_at().duration_since(before.taken_at()).as_secs();
    let runs_on = |before: Option<u32>, after: Option<u32>| match (before, after) {
        // Each is a whole number of seconds, cut at another place.
        (Some(before), Some(after)) => (i64::from(before) - passed - i64::from(after)).abs() <= 2,
        (before, after) => before == after,
    };
    let same = |(a, b): (&Address, &Address)| {
        let timeless =
            |address: &Address| Address { preferred_for_s: None, valid_for_s: None, ..address.clone() };
        runs_on(a.preferred_for_s, b.preferred_for_s)
            && runs_on(a.valid_for_s, b.valid_for_s)
            && timeless(a) == timeless(b)
    };
    before.addresses().len() == after.addresses().len()
        && before.addresses().iter().zip(after.addresses()).all(same)
}
