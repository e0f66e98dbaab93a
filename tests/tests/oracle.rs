//! The kernel as oracle: after thousands of random changes the watched mirror equals a fresh
//! dump, and both say what `ip -json` says, field by field.
//!
//! `NETDIAG_SEEDS=N` tries N seeds instead of a few; `NETDIAG_SEED=S` one; `NETDIAG_EVERY=1`
//! checks after each single change, which shows the culprit; `NETDIAG_STEPS=N` sets the length.
#![cfg(target_os = "linux")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use netdiag_core::Snapshot;
use netdiag_core::diff::{apply, diff};
use netdiag_core::history::Burst;
use netdiag_core::source::MonitorOptions;
use netdiag_tests::random::{Operation, World};
use netdiag_tests::watched::Watched;
use netdiag_tests::{oracle, sandbox, test_name};

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

/// Two tests, so that they run on two cores.
fn try_seeds(name: &str, lane: u64) {
    let seeds = match (setting("NETDIAG_SEED"), setting("NETDIAG_SEEDS")) {
        (Some(one), _) => one..one + 1,
        (None, many) => 1..1 + many.unwrap_or(4),
    };
    let seeds: Vec<String> = seeds.filter(|seed| seed % 2 == lane).map(|seed| seed.to_string()).collect();
    sandbox::run_each(name, &seeds, |seed| try_seed(seed.parse().expect("a seed")));
}

#[test]
fn the_mirror_equals_the_kernel_after_random_changes() {
    try_seeds(test_name!(), 1);
}

#[test]
fn the_mirror_equals_the_kernel_after_other_random_changes() {
    try_seeds(test_name!(), 0);
}

fn try_seed(seed: u64) {
    let steps = setting("NETDIAG_STEPS").unwrap_or(1500);
    let every = setting("NETDIAG_EVERY").unwrap_or(25);
    let mut world = World::new(seed);
    let watched = Watched::start(MonitorOptions::default());
    let mut replayed = Replay::from(watched.first());
    let mut since_check = Vec::new();
    for step in 1..=steps {
        since_check.push(world.draw());
        if step % every != 0 {
            continue;
        }
        world.perform(&since_check);
        let mut found = oracle::check(|| watched.settle());
        let mirror = watched.settle();
        found.extend(replayed.follow(&watched.bursts(), &mirror));
        assert!(found.is_empty(), "{}", report(seed, step, &since_check, &found));
        since_check.clear();
    }
    let accepted = world.given - world.refused;
    // Otherwise the test would have rotted without anybody noticing.
    assert!(accepted * 4 > world.given, "the kernel accepted only {accepted} of {} commands", world.given);
}

#[test]
fn events_lead_to_the_state_also_when_it_is_read_while_it_changes() {
    let seeds = ["21".to_owned(), "22".to_owned()];
    sandbox::run_each(test_name!(), &seeds, |seed| {
        let mut world = World::new(seed.parse().expect("a seed"));
        let watched = Watched::start(MonitorOptions::default());
        let mut replayed = Replay::from(watched.first());
        let is_done = AtomicBool::new(false);
        let monitor = watched.monitor();
        std::thread::scope(|scope| {
            let settler = scope.spawn(|| {
                while !is_done.load(Ordering::Relaxed) {
                    let _ = monitor.settle().expect("a monitor that is still watching");
                }
            });
            for _ in 0..80 {
                let operations: Vec<Operation> = (0..25).map(|_| world.draw()).collect();
                world.perform(&operations);
            }
            is_done.store(true, Ordering::Relaxed);
            settler.join().expect("settling ends");
        });
        let mut found = oracle::check(|| watched.settle());
        let mirror = watched.settle();
        found.extend(replayed.follow(&watched.bursts(), &mirror));
        assert!(found.is_empty(), "seed {seed}: {} differences:\n  {}", found.len(), found.join("\n  "));
    });
}

fn report(seed: u64, step: u64, operations: &[Operation], found: &[String]) -> String {
    let done: Vec<String> = operations.iter().map(|operation| format!("  {operation}")).collect();
    format!(
        "seed {seed}, step {step}: {} differences:\n  {}\nafter these operations (NETDIAG_SEED={seed} NETDIAG_EVERY=1 NETDIAG_STEPS={step} finds the one):\n{}",
        found.len(),
        found.join("\n  "),
        done.join("\n")
    )
}

/// The events, played on the first state: whoever listens must get to where the mirror is.
struct Replay {
    state: Arc<Snapshot>,
    sequence: u64,
    burst: u64,
}

impl Replay {
    fn from(first: &Arc<Snapshot>) -> Self {
        Self { state: Arc::clone(first), sequence: 0, burst: 0 }
    }

    /// Plays `bursts`; what is then different from the states told with them.
    fn follow(&mut self, bursts: &[Burst], mirror: &Snapshot) -> Vec<String> {
        let mut found = Vec::new();
        for burst in bursts {
            // A burst may be told in parts, as long as it lasts.
            if burst.number != self.burst && burst.number != self.burst + 1 {
                found.push(format!("burst {} follows burst {}", burst.number, self.burst));
            }
            self.burst = burst.number;
            if burst.overruns > 0 {
                found.push(format!("{} overruns", burst.overruns));
            }
            for event in &burst.events {
                self.sequence += 1;
                if (event.sequence, event.burst) != (self.sequence, self.burst) {
                    found.push(format!(
                        "event {} of burst {} is numbered {event:?}",
                        self.sequence, self.burst
                    ));
                }
            }
            let changes = burst.net_changes();
            match apply(&self.state, &changes) {
                Ok(after) => found.extend(diff(&after, &burst.snapshot).iter().map(|change| {
                    format!("events of burst {} played, to its state: {change:?}", self.burst)
                })),
                Err(error) => {
                    let why = netdiag_core::error::chain(&error);
                    found.push(format!("burst {} cannot be played: {why}: {changes:#?}", self.burst));
                }
            }
            self.state = Arc::clone(&burst.snapshot);
        }
        found.extend(
            diff(&self.state, mirror).iter().map(|change| format!("last burst to mirror: {change:?}")),
        );
        found
    }
}
