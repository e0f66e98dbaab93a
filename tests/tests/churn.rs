//! Snapshots while the state changes as fast as a process can change it, and watching with a
//! receive buffer that is far too small.
#![cfg(target_os = "linux")]

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};

use netdiag_core::history::Origin;
use netdiag_core::model::{Family, TableId};
use netdiag_core::source::{self, MonitorOptions, Namespace};
use netdiag_tests::ip::{Refusals, ip_batch, ip_script};
use netdiag_tests::watched::Watched;
use netdiag_tests::{oracle, sandbox, test_name};

/// Routes that nobody touches.
const UNTOUCHED: usize = 20_000;
/// Snapshots taken during the churn.
const SNAPSHOTS: usize = 200;

/// The destination of route `number`, of the untouched ones or of those that come and go: they
/// lie between each other, so that the changes move the kernel's cursor everywhere.
fn destination(family: Family, number: usize, touched: bool) -> String {
    let (high, low) = (number >> 8, number & 0xff);
    match family {
        Family::V4 => format!("{}.{high}.{low}.{}/32", if touched { 101 } else { 100 }, number % 7),
        Family::V6 => format!("2001:db8:{high:x}:{low:x}{}::/64", if touched { "01" } else { "00" }),
    }
}

fn snapshots_stay_complete(family: Family) {
    ip_script(
        "link add v0 type veth peer name v1
         link set v0 up
         link set v1 up
         addr add 192.0.2.1/24 dev v0",
    );
    let gateway = if family == Family::V4 { "192.0.2.2" } else { "fe80::2" };
    let mut lines = String::new();
    for number in 0..UNTOUCHED {
        let _ = writeln!(lines, "route add {} via {gateway} dev v0", destination(family, number, false));
    }
    ip_batch(&lines, Refusals::Fatal);

    let mut churn = String::new();
    for verb in ["add", "del"] {
        for number in (0..UNTOUCHED).step_by(10) {
            let _ =
                writeln!(churn, "route {verb} {} via {gateway} dev v0", destination(family, number, true));
        }
    }
    let (done, rounds) = (AtomicBool::new(false), std::sync::atomic::AtomicUsize::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                ip_batch(&churn, Refusals::Fatal);
                rounds.fetch_add(1, Ordering::Relaxed);
            }
        });
        // Also when an assertion fails: the scope waits for the other thread.
        let wrong = (1..=SNAPSHOTS).find_map(|round| {
            let snapshot = source::read(&Namespace::Own).expect("read the sandbox's namespace");
            incomplete(family, &snapshot).map(|what| format!("snapshot {round}: {what}"))
        });
        done.store(true, Ordering::Relaxed);
        assert_eq!(wrong, None);
    });
    assert!(rounds.load(Ordering::Relaxed) > 0, "nothing changed during the snapshots");
}

/// What is missing or doubled among the untouched routes.
fn incomplete(family: Family, snapshot: &netdiag_core::Snapshot) -> Option<String> {
    let Some(table) = snapshot.routes().table(family, TableId::MAIN) else {
        return Some("table main is missing".to_owned());
    };
    let wrong: Vec<String> = (0..UNTOUCHED)
        .filter_map(|number| {
            let destination = destination(family, number, false);
            let found = table.at(&destination.parse().expect("a prefix")).len();
            (found != 1).then(|| format!("{destination} is there {found} times"))
        })
        .collect();
    (!wrong.is_empty()).then(|| format!("{} routes wrong, the first: {}", wrong.len(), wrong[0]))
}

#[test]
fn no_untouched_ipv4_route_is_missing_or_doubled_in_snapshots_under_churn() {
    sandbox::run(test_name!(), || snapshots_stay_complete(Family::V4));
}

#[test]
fn no_untouched_ipv6_route_is_missing_or_doubled_in_snapshots_under_churn() {
    sandbox::run(test_name!(), || snapshots_stay_complete(Family::V6));
}

#[test]
fn lost_messages_are_counted_and_the_mirror_is_right_afterwards() {
    sandbox::run(test_name!(), || {
        ip_script(
            "link add v0 type veth peer name v1
             link set v0 up
             link set v1 up
             addr add 192.0.2.1/24 dev v0",
        );
        let options = MonitorOptions { receive_buffer: Some(4096), ..MonitorOptions::default() };
        let watched = Watched::start(options);
        let mut lines = String::new();
        for verb in ["add", "del", "add"] {
            for number in 0..33_334 {
                let _ = writeln!(
                    lines,
                    "route {verb} 100.{}.{}.{}/32 via 192.0.2.2 dev v0",
                    64 + (number >> 16),
                    (number >> 8) & 0xff,
                    number & 0xff
                );
            }
        }
        ip_batch(&lines, Refusals::Fatal);
        let mirror = watched.settle();
        let bursts = watched.bursts();
        let overruns = bursts.last().expect("something happened").overruns;
        assert!(overruns > 0, "a buffer of 4 KiB holds 100,000 messages?");
        let mut sequence = 0;
        let mut resynced = 0;
        for event in bursts.iter().flat_map(|burst| &burst.events) {
            sequence += 1;
            assert_eq!(event.sequence, sequence, "events are numbered without gaps");
            resynced += usize::from(event.origin == Origin::Resynced);
        }
        assert!(resynced > 0, "changes found after an overrun are resynced");
        let routes = mirror.routes().table(Family::V4, TableId::MAIN).expect("table main").routes().len();
        assert!(routes >= 33_334, "the mirror has only {routes} routes");
        let wrong = oracle::check(|| watched.settle());
        assert!(wrong.is_empty(), "{} differences, the first: {}", wrong.len(), wrong[0]);
    });
}
