//! What is known of the host, and what it is compared with.

use std::sync::Arc;

use jiff::Timestamp;
use netdiag_core::snapshot::Snapshot;

use super::journal::Journal;
use super::marks::Marks;

/// A state to compare with.
#[derive(Clone, Debug)]
pub(crate) struct Baseline {
    pub(crate) snapshot: Arc<Snapshot>,
    /// The number of the last event before it.
    pub(super) sequence: u64,
    /// Whether the user set it; else it is the state at the start.
    pub(crate) is_set: bool,
}

/// What is known, all of it shared: a frozen picture is a clone.
#[derive(Clone, Debug)]
pub(crate) struct Data {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) journal: Journal,
    pub(crate) baseline: Baseline,
    pub(crate) marks: Marks,
    /// Whether `marks` are older than the rest: of many bursts between two frames one is compared.
    pub(super) is_uncompared: bool,
    pub(crate) overruns: u64,
    /// Time of the last event.
    pub(crate) last_change: Option<Timestamp>,
}

impl Data {
    pub(super) fn new(snapshot: Arc<Snapshot>) -> Self {
        let baseline = Baseline { snapshot: Arc::clone(&snapshot), sequence: 0, is_set: false };
        Self {
            snapshot,
            journal: Journal::default(),
            baseline,
            marks: Marks::default(),
            is_uncompared: false,
            overruns: 0,
            last_change: None,
        }
    }

    pub(super) fn compare(&mut self) {
        self.is_uncompared = false;
        self.marks =
            Marks::new(&self.baseline.snapshot, &self.snapshot, &self.journal, self.baseline.sequence);
    }
}
