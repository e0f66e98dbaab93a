//! What netdiag writes as JSON is what its JSON Schemas say.
#![cfg(target_os = "linux")]

use netdiag_tests::binary::{self, Ran, Watch};
use netdiag_tests::ip::{ip, ip_script};
use netdiag_tests::sandbox;
use netdiag_tests::schema::violations;
use netdiag_tests::test_name;
use nix::sys::signal::Signal;
use serde_json::Value;

/// The schema that is checked in for a kind of document.
fn schema(kind: &str) -> Value {
    let file = binary::workspace().join(format!("netdiag-core/schemas/{kind}.json"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    serde_json::from_str(&text).expect("a schema is JSON")
}

#[track_caller]
fn assert_fits(kind: &str, document: &Value) {
    let found = violations(&schema(kind), document);
    assert!(found.is_empty(), "this is no {kind} by its schema:\n{}", found.join("\n"));
}

#[track_caller]
fn document(ran: &Ran) -> Value {
    assert!(matches!(ran.code, Some(0 | 1)), "{ran:?}");
    ran.json()
}

#[test]
fn the_schemas_printed_are_those_checked_in() {
    for kind in ["snapshot", "diff", "event"] {
        assert_eq!(document(&binary::run(["schema", kind])), schema(kind), "{kind}");
    }
}

#[test]
fn recorded_states_and_their_differences_fit_their_schemas() {
    let fixtures = binary::workspace().join("tests/fixtures");
    let mut states: Vec<String> = std::fs::read_dir(&fixtures)
        .expect("the fixtures")
        .map(|entry| entry.expect("a fixture").path().display().to_string())
        .filter(|path| path.ends_with(".json"))
        .filter(|path| binary::run(["snapshot", "--json", "--state", path]).code == Some(0))
        .collect();
    states.sort();
    assert!(states.len() >= 2, "{states:?}");
    let mut changes = 0;
    for before in &states {
        assert_fits("snapshot", &document(&binary::run(["snapshot", "--json", "--state", before])));
        for after in &states {
            let diff = document(&binary::run(["diff", "--json", before, after]));
            assert_fits("diff", &diff);
            changes += diff["changes"].as_array().map_or(0, Vec::len);
        }
    }
    assert!(changes > 0);
}

/// One of everything that an unprivileged namespace lets us make.
const THINGS: &str = "
    link add v0 type veth peer name v1
    link add br0 type bridge
    link set v1 master br0
    link set v0 alias uplink
    link set v0 up
    link set v1 up
    link set br0 up
    addr add 192.0.2.1/24 dev v0
    addr add 192.0.2.9 peer 192.0.2.10/32 dev v0
    addr add 2001:db8::1/64 dev v0 nodad valid_lft 3600 preferred_lft 60
    neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev v0
    nexthop add id 1 via 192.0.2.2 dev v0
    nexthop add id 2 via 192.0.2.3 dev v0
    nexthop add id 3 group 1,2/2
    nexthop add id 4 blackhole
    route add default via 192.0.2.2 metric 100 mtu lock 1400
    route add 203.0.113.0/24 nhid 3
    route add 198.51.100.0/24 nexthop via 192.0.2.2 weight 2 nexthop via 192.0.2.3
    route add 198.18.0.0/15 via inet6 fe80::2 dev v0
    route add unreachable 198.51.100.128/25 table 7
    -6 route add 2001:db8:5::/48 via fe80::2 dev v0 pref high expires 600
    -6 route add 2001:db8:6::/48 from 2001:db8::/64 dev v0
    rule add from 192.0.2.0/24 fwmark 0x1/0xff iif v0 lookup 7 pref 100
    rule add to 198.51.100.0/24 ipproto tcp dport 1-99 uidrange 1-9 prohibit pref 101
    -6 rule add lookup main suppress_prefixlength 0 pref 102
    addrlabel add prefix 2001:db8::/32 label 99";

#[test]
fn what_a_live_host_gives_fits_the_schemas() {
    sandbox::run_with_netdiag(test_name!(), || {
        let folder = sandbox::folder();
        let before = folder.path().join("before.json").display().to_string();
        assert_eq!(binary::run(["snapshot", "-o", &before]).code, Some(0));
        let watch = Watch::start(&[]);
        assert_fits("event", watch.first());

        ip_script(THINGS);
        assert_fits("snapshot", &document(&binary::run(["snapshot", "--json"])));
        assert_fits("diff", &document(&binary::run(["diff", "--json", &before])));
        ip(["link", "set", "v0", "down"]);
        ip(["link", "del", "v0"]);
        ip(["route", "add", "blackhole", "198.18.0.1/32"]);

        let mut told = watch.until(|event| event["after"]["destination"] == "198.18.0.1/32");
        let (rest, _, code) = watch.end(Signal::SIGTERM);
        assert_eq!(code, Some(0));
        told.extend(rest);
        for event in &told {
            assert_fits("event", event);
        }
        for what in ["link", "address", "route", "rule", "neighbor", "nexthop", "address_label"] {
            assert!(told.iter().any(|event| event["what"] == what), "nothing was told about a {what}");
        }
    });
}
