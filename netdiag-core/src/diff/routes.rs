//! Compares routes: one walk over two sorted lists.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Change;
use super::quiet::same_attributes;
use super::rows::group;
use super::sequence::{Comparison, digest};
use crate::model::{NextHop, NextHopFlags, Route, RouteAttributes, RouteTable, Routes};

pub(super) fn routes(before: &Routes, after: &Routes, replaced: &BTreeSet<u32>, changes: &mut Vec<Change>) {
    let same = PairMemo::new(|a: &RouteAttributes, b: &RouteAttributes| {
        !replaced.iter().any(|index| a.uses_link(*index)) && same_attributes(a, b)
    });
    let key = |table: &&Arc<RouteTable>| (table.family(), table.id());
    let (mut old, mut new) = (before.tables().iter().peekable(), after.tables().iter().peekable());
    while let Some(next) = old.peek().into_iter().chain(new.peek()).map(key).min() {
        let (a, b) = (old.next_if(|table| key(table) == next), new.next_if(|table| key(table) == next));
        let is_shared = matches!((a, b), (Some(a), Some(b)) if Arc::ptr_eq(a, b));
        if !is_shared || !replaced.is_empty() {
            table(rows(a), rows(b), &same, changes);
        }
    }
}

fn rows(table: Option<&Arc<RouteTable>>) -> &[Route] {
    table.map_or(&[], |table| table.routes())
}

/// Compares two versions of one table.
fn table<F>(old: &[Route], new: &[Route], same: &PairMemo<F>, changes: &mut Vec<Change>)
where
    F: Fn(&RouteAttributes, &RouteAttributes) -> bool,
{
    let by = Comparison {
        same: &|a: &Route, b: &Route| same.ask(&a.attributes, &b.attributes),
        digest: &|route| digest(&route.attributes.without_volatile()),
        kinship: &[
            // Another metric and nothing else.
            &|route| digest(&RouteAttributes { metric: 0, ..route.attributes.without_volatile() }),
            // The kernel's key and the same way out, then the kernel's key alone.
            &|route| digest(&(route.key(), ways(route))),
            &|route| digest(&route.key()),
        ],
        // Equal rows are left over only when their link is another one: then they are two routes.
        pairs: &|a, b| !same_attributes(&a.attributes, &b.attributes),
    };
    let (mut i, mut j) = (0, 0);
    loop {
        while let (Some(a), Some(b)) = (old.get(i), new.get(j))
            && a.destination == b.destination
            && same.ask(&a.attributes, &b.attributes)
        {
            i += 1;
            j += 1;
        }
        let Some(destination) = old.get(i).into_iter().chain(new.get(j)).map(|row| row.destination).min()
        else {
            return;
        };
        // The whole group of this destination, with the rows that were equal so far.
        let run = |rows: &[Route], at: usize| {
            let is_here = |row: &&Route| row.destination == destination;
            let start = at - rows[..at].iter().rev().take_while(is_here).count();
            start..at + rows[at..].iter().take_while(is_here).count()
        };
        let (a, b) = (run(old, i), run(new, j));
        group(&old[a.clone()], &new[b.clone()], &by, changes);
        (i, j) = (a.end, b.end);
    }
}

/// The nexthops whatever state they are in: `linkdown` makes no other route of one.
fn ways(route: &Route) -> Vec<NextHop> {
    let nexthops = route.attributes.without_volatile().nexthops.into_iter();
    nexthops.map(|hop| NextHop { flags: NextHopFlags::default(), ..hop }).collect()
}

/// Answers a question about pairs of attribute sets, remembering the last answers.
///
/// Two snapshots that were read one after the other share no allocation, but each has only a few
/// dozen sets: nearly every pair of rows asks about a pair of sets that was asked about before.
/// The memory is a table of fixed size, so sets that are all different cost nothing but time.
pub(super) struct PairMemo<F> {
    question: F,
    answers: RefCell<Vec<Option<(usize, usize, bool)>>>,
}

impl<F: Fn(&RouteAttributes, &RouteAttributes) -> bool> PairMemo<F> {
    const SLOTS: usize = 4096;

    pub(super) fn new(question: F) -> Self {
        Self { question, answers: RefCell::new(vec![None; Self::SLOTS]) }
    }

    /// Both sets must live as long as the memo.
    pub(super) fn ask(&self, a: &Arc<RouteAttributes>, b: &Arc<RouteAttributes>) -> bool {
        let pair = (Arc::as_ptr(a) as usize, Arc::as_ptr(b) as usize);
        // Fibonacci hashing; allocations are 16 bytes apart at least.
        let mixed = (pair.0 >> 4).wrapping_mul(31).wrapping_add(pair.1 >> 4).wrapping_mul(0x9E37_79B9);
        let slot = (mixed >> 7) % Self::SLOTS;
        let mut answers = self.answers.borrow_mut();
        match answers[slot] {
            Some((first, second, answer)) if (first, second) == pair => answer,
            _ => {
                let answer = (self.question)(a, b);
                answers[slot] = Some((pair.0, pair.1, answer));
                answer
            }
        }
    }
}
