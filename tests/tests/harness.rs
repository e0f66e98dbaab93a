//! The harness itself: a test that cannot fail would be worse than none.
#![cfg(target_os = "linux")]

use netdiag_tests::ip::{ip, ip_json, try_ip};
use netdiag_tests::oracle::{differences, rows_of_ip};
use netdiag_tests::random::{Operation, World};
use netdiag_tests::{sandbox, test_name};

#[test]
fn a_sandbox_holds_nothing_but_its_own_loopback() {
    sandbox::run(test_name!(), || {
        let links = ip_json("link");
        assert_eq!(links.len(), 1, "{links:?}");
        assert_eq!(links[0].text("ifname").as_deref(), Some("lo"));
    });
}

#[test]
fn a_failure_in_a_sandbox_is_a_failure() {
    if !sandbox::is_available() {
        return sandbox::skip(test_name!(), "no network namespace can be made here");
    }
    let name = test_name!();
    let outcome = std::panic::catch_unwind(|| sandbox::run(name, || std::process::exit(3)));
    let words = outcome.expect_err("exit status 3 of the inner test").downcast::<String>();
    assert_eq!(*words.expect("a message"), format!("{name} failed in its namespace"));
}

#[test]
fn namespaces_made_in_a_sandbox_stay_in_it() {
    sandbox::run(test_name!(), || {
        ip(["netns", "add", "inner"]);
        let listed = try_ip(["netns", "list"]);
        assert_eq!(String::from_utf8_lossy(&listed.stdout).split_whitespace().next(), Some("inner"));
    });
    if !sandbox::is_inside() {
        let listed = try_ip(["netns", "list"]);
        assert!(!String::from_utf8_lossy(&listed.stdout).lines().any(|line| line.starts_with("inner")));
    }
}

#[test]
fn the_second_opinion_sees_every_single_difference() {
    sandbox::run(test_name!(), || {
        let before = rows_of_ip();
        assert_eq!(differences(("one", &before), ("other", &before)), Vec::<String>::new());
        ip(["route", "add", "blackhole", "203.0.113.0/24", "metric", "5"]);
        ip(["route", "append", "blackhole", "203.0.113.0/24", "metric", "5", "proto", "static"]);
        let after = rows_of_ip();
        assert_eq!(differences(("one", &before), ("other", &after)).len(), 2);
        ip(["route", "change", "blackhole", "203.0.113.0/24", "metric", "5", "mtu", "1400"]);
        let found = differences(("one", &after), ("other", &rows_of_ip()));
        assert_eq!(found.len(), 2, "one row on each side: {found:?}");
    });
}

#[test]
fn a_seed_always_draws_the_same_changes_and_the_kernel_accepts_many() {
    sandbox::run(test_name!(), || {
        let mut world = World::new(7);
        let drawn: Vec<Operation> = (0..600).map(|_| world.draw()).collect();
        world.perform(&drawn);
        let accepted = world.given - world.refused;
        assert!(accepted * 4 > world.given, "the kernel accepted only {accepted} of {}", world.given);
        let rows = rows_of_ip();
        for part in ["links", "addresses", "routes", "rules"] {
            assert!(rows.parts[part].len() > 2, "{part}: {:?}", rows.parts[part]);
        }
    });
}
