//! A snapshot says what `ip -json` says, field by field, after random changes.
//!
//! `NETDIAG_SEEDS=N` tries N seeds.
#![cfg(target_os = "linux")]

use netdiag_tests::random::{Operation, World};
use netdiag_tests::{oracle, sandbox, test_name};

#[test]
fn a_snapshot_says_what_ip_says_after_random_changes() {
    let many: u64 = std::env::var("NETDIAG_SEEDS").map_or(2, |text| text.parse().expect("a number of seeds"));
    let seeds: Vec<String> = (1001..1001 + many).map(|seed| seed.to_string()).collect();
    sandbox::run_each(test_name!(), &seeds, |seed| {
        let mut world = World::new(seed.parse().expect("a seed"));
        for step in 0..20 {
            let drawn: Vec<Operation> = (0..50).map(|_| world.draw()).collect();
            world.perform(&drawn);
            let found = oracle::check_fresh();
            assert!(found.is_empty(), "seed {seed}, step {step}:\n  {}", found.join("\n  "));
        }
    });
}
