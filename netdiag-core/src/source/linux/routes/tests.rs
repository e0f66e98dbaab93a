use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::source::linux::testing::{add_route, change, churn, in_new_namespace, prefix, send_all};

/// Reads while other routes change, and looks for every route that nobody touches.
fn nothing_is_missing_or_doubled(family: Family, untouched: u32, snapshots: usize) {
    in_new_namespace(|| {
        let socket = Socket::open(&[], None).expect("a socket");
        // Changing routes lie among the others, so that every part of the table moves.
        let (steady, changing): (Vec<u32>, Vec<u32>) =
            (0..untouched * 5 / 4).partition(|number| number % 5 != 0);
        let steady: Vec<_> = steady.into_iter().map(|number| prefix(family, number)).collect();
        let changing: Vec<_> = changing.into_iter().map(|number| prefix(family, number)).collect();
        send_all(&socket, &steady.iter().map(add_route).collect::<Vec<_>>());
        change(&socket, &add_route(&prefix(family, 0))).expect("the table is filled");
        let (end, changes, mut marked) = (AtomicBool::new(false), AtomicUsize::new(0), 0);
        std::thread::scope(|scope| {
            scope.spawn(|| changes.store(churn(&changing[1..], &end), Ordering::Relaxed));
            let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                for snapshot in 0..snapshots {
                    let mut decoder = RouteDecoder::new(BTreeMap::new());
                    let region = read_routes(family, None, &mut decoder).expect("the kernel answers");
                    let main =
                        region.tables.iter().find(|table| table.id() == TableId::MAIN).expect("table main");
                    let wrong: Vec<_> = steady.iter().filter(|net| main.at(net).len() != 1).collect();
                    assert!(
                        wrong.is_empty(),
                        "snapshot {snapshot}: {} of {untouched} missing or doubled, such as {} ({} times); {:?}",
                        wrong.len(),
                        wrong[0],
                        main.at(wrong[0]).len(),
                        region.trouble.problems
                    );
                    marked += usize::from(!region.trouble.problems.is_empty());
                }
            }));
            end.store(true, Ordering::Relaxed);
            if let Err(panic) = checked {
                std::panic::resume_unwind(panic);
            }
        });
        let changes = changes.into_inner();
        assert!(changes > 1000, "only {changes} changes, {marked} snapshots marked inconsistent");
        if family == Family::V6 {
            // It is put together exactly; only a notification queue that overflowed or a table
            // that never settles leaves a doubt.
            assert!(marked < snapshots, "every snapshot was marked inconsistent");
        }
    });
}

/// How many snapshots are taken: NETDIAG_CHURN_ROUNDS, or a few.
fn rounds() -> usize {
    std::env::var("NETDIAG_CHURN_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(8)
}

#[test]
fn no_untouched_ipv6_route_is_missing_or_doubled_while_others_change() {
    nothing_is_missing_or_doubled(Family::V6, 20_000, rounds());
}

#[test]
fn no_untouched_ipv4_route_is_missing_or_doubled_while_others_change() {
    nothing_is_missing_or_doubled(Family::V4, 20_000, rounds());
}
