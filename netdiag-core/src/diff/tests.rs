//! Tests of the comparison and of applying its result.

use proptest::prelude::*;

use super::*;
use crate::snapshot::arbitrary;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn applying_the_changes_gives_the_second_state((before, after) in arbitrary::snapshot_and_next()) {
        let changes = diff(&before, &after);
        let applied = apply(&before, &changes).unwrap();
        prop_assert_eq!(diff(&applied, &after), []);
        prop_assert_eq!(applied.without_volatile(), after.without_volatile());
    }
}

/// A state from the lists of a snapshot file.
fn state(lists: &str) -> Snapshot {
    let text = format!(
        r#"{{"format":"netdiag.snapshot/1","taken_at":"2026-11-24T10:00:00Z",
        "host":{{"name":"a","system":"linux","release":""}},{lists}}}"#
    );
    crate::snapshot::read(text.as_bytes(), "test").unwrap()
}

fn link(index: u32, name: &str, more: &str) -> String {
    format!(
        r#"{{"index":{index},"name":"{name}","type":"ether","state":"up","flags":["up"],"mtu":1500,
        "mac":"02:00:00:00:00:0{index}"{more}}}"#
    )
}

fn route(destination: &str, gateway: &str, more: &str) -> String {
    format!(
        r#"{{"destination":"{destination}","table":254,"kind":"unicast","protocol":"static","scope":"global",
        "nexthops":[{{"gateway":"{gateway}","link_index":2}}]{more}}}"#
    )
}

fn routes(rows: &[String]) -> Snapshot {
    state(&format!(r#""links":[{}],"routes":[{}]"#, link(2, "eth0", ""), rows.join(",")))
}

/// The changes in words, checked by applying them.
fn told(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    let changes = diff(before, after);
    let applied = apply(before, &changes).unwrap();
    assert_eq!(applied.without_volatile(), after.without_volatile());
    changes.iter().map(Change::to_string).collect()
}

const NET: &str = "203.0.113.0/24";

#[test]
fn a_changed_metric_is_one_change() {
    let before = routes(&[route(NET, "192.0.2.1", r#","metric":100"#)]);
    let after = routes(&[route(NET, "192.0.2.1", r#","metric":600"#)]);
    assert_eq!(
        told(&before, &after),
        ["changed route 203.0.113.0/24 via 192.0.2.1 dev eth0: metric 100 -> 600"]
    );
}

#[test]
fn a_replaced_route_is_one_change() {
    let before = routes(&[route(NET, "192.0.2.1", "")]);
    let after = routes(&[route(NET, "192.0.2.9", "")]);
    assert_eq!(
        told(&before, &after),
        ["changed route 203.0.113.0/24: nexthops via 192.0.2.1 dev eth0 -> via 192.0.2.9 dev eth0"]
    );
}

#[test]
fn an_appended_route_of_equal_key_is_added_at_its_place() {
    let one = route(NET, "192.0.2.1", "");
    let two = route(NET, "192.0.2.2", "");
    let before = routes(std::slice::from_ref(&one));
    let changes = diff(&before, &routes(&[one.clone(), two.clone()]));
    assert!(matches!(changes.as_slice(), [Change::Added { position: 1, .. }]), "{changes:?}");
    let changes = diff(&before, &routes(&[two, one]));
    assert!(matches!(changes.as_slice(), [Change::Added { position: 0, .. }]), "{changes:?}");
}

#[test]
fn a_new_order_of_equal_keys_is_told() {
    let (one, two) = (route(NET, "192.0.2.1", ""), route(NET, "192.0.2.2", ""));
    let before = routes(&[one.clone(), two.clone()]);
    assert_eq!(
        told(&before, &routes(&[two, one])),
        ["changed route 203.0.113.0/24 via 192.0.2.2 dev eth0: now at place 1"]
    );
}

#[test]
fn seconds_until_expiry_are_quiet_and_the_expiry_itself_is_not() {
    let with = |more| routes(&[route("2001:db8::/32", "fe80::1", more)]);
    assert_eq!(told(&with(r#","expires_in_s":30"#), &with(r#","expires_in_s":29"#)), [""; 0]);
    assert_eq!(
        told(&with(""), &with(r#","expires_in_s":29"#)),
        ["changed route 2001:db8::/32 via fe80::1 dev eth0: expires in s none -> 29"]
    );
}

fn host(link: String, label: &str) -> Snapshot {
    let route = route(NET, "192.0.2.1", "");
    state(&format!(
        r#""links":[{link}],"routes":[{route}],
        "addresses":[{{"link_index":2,"address":"192.0.2.2/24","scope":"global","flags":[],"label":"{label}","position":0}}],
        "neighbors":[{{"link_index":2,"address":"192.0.2.1","state":"reachable"}}]"#
    ))
}

#[test]
fn a_renamed_link_is_a_rename_and_nothing_else() {
    let before = host(link(2, "eth0", ""), "eth0");
    let after = host(link(2, "wan0", ""), "wan0");
    assert_eq!(told(&before, &after), ["changed link eth0: name eth0 -> wan0"]);
}

#[test]
fn a_label_of_its_own_does_not_follow_the_link() {
    let before = host(link(2, "eth0", ""), "eth0:1");
    let after = host(link(2, "wan0", ""), "wan0:1");
    assert_eq!(
        told(&before, &after),
        [
            "changed link eth0: name eth0 -> wan0",
            "changed address 192.0.2.2/24 dev eth0: label eth0:1 -> wan0:1"
        ]
    );
}

#[test]
fn a_reused_index_takes_what_stood_on_the_old_link_with_it() {
    let before = host(link(2, "eth0", ""), "eth0");
    let after = host(link(2, "eth0", r#","generation":1"#), "eth0");
    assert_eq!(
        told(&before, &after),
        [
            "removed link eth0 (Ethernet) up mtu 1500 02:00:00:00:00:02",
            "added link eth0 (Ethernet) up mtu 1500 02:00:00:00:00:02",
            "removed address 192.0.2.2/24 dev eth0 scope global",
            "added address 192.0.2.2/24 dev eth0 scope global",
            "removed route 203.0.113.0/24 via 192.0.2.1 dev eth0 proto static",
            "added route 203.0.113.0/24 via 192.0.2.1 dev eth0 proto static",
            "removed neighbor 192.0.2.1 dev eth0 reachable",
            "added neighbor 192.0.2.1 dev eth0 reachable",
        ]
    );
}

#[test]
fn a_reused_name_is_another_link() {
    let before = state(&format!(r#""links":[{}]"#, link(2, "tun0", "")));
    let after = state(&format!(r#""links":[{}]"#, link(3, "tun0", "")));
    assert_eq!(
        told(&before, &after),
        [
            "removed link tun0 (Ethernet) up mtu 1500 02:00:00:00:00:02",
            "added link tun0 (Ethernet) up mtu 1500 02:00:00:00:00:03"
        ]
    );
}

#[test]
fn an_index_with_another_kind_or_another_name_and_mac_is_another_link() {
    let before = state(&format!(r#""links":[{}]"#, link(2, "eth0", "")));
    let other_kind = state(&format!(r#""links":[{}]"#, link(2, "eth0", r#","kind":"veth""#)));
    let other_mac = link(2, "eth1", "").replace("02:00:00:00:00:02", "02:00:00:00:00:99");
    let other_mac = state(&format!(r#""links":[{other_mac}]"#));
    for after in [other_kind, other_mac] {
        let changes = diff(&before, &after);
        assert!(matches!(changes.as_slice(), [Change::Removed { .. }, Change::Added { .. }]), "{changes:?}");
    }
}

#[test]
fn ordinary_neighbour_life_is_quiet_and_failure_is_not() {
    let with = |state_and_mac: &str| {
        state(&format!(r#""neighbors":[{{"link_index":2,"address":"192.0.2.1",{state_and_mac}}}]"#))
    };
    let reachable = with(r#""state":"reachable","mac":"02:00:00:00:00:01""#);
    let stale = with(r#""state":"stale","mac":"02:00:00:00:00:01""#);
    let failed = with(r#""state":"failed","mac":"02:00:00:00:00:01""#);
    let other = with(r#""state":"reachable","mac":"02:00:00:00:00:07""#);
    assert_eq!(told(&reachable, &stale), [""; 0]);
    assert_eq!(told(&reachable, &failed), ["changed neighbor 192.0.2.1 dev if2: state reachable -> failed"]);
    assert_eq!(
        told(&reachable, &other),
        ["changed neighbor 192.0.2.1 dev if2: mac 02:00:00:00:00:01 -> 02:00:00:00:00:07"]
    );
}

#[test]
fn a_detached_rule_is_a_changed_rule_and_another_selector_another_rule() {
    let with = |more: &str| {
        state(&format!(
            r#""rules":[{{"family":4,"priority":100,"iif":"tun0","action":"lookup","table":7{more}}}]"#
        ))
    };
    assert_eq!(
        told(&with(""), &with(r#","iif_detached":true"#)),
        ["changed rule 100: from all iif tun0 lookup 7: iif detached none -> true"]
    );
    assert_eq!(
        told(&with(""), &with(r#","mark":1"#)),
        [
            "removed rule 100: from all iif tun0 lookup 7",
            "added rule 100: from all fwmark 0x1 iif tun0 lookup 7"
        ]
    );
}

#[test]
fn resolver_files_are_compared_by_statement_and_line_numbers_are_quiet() {
    let with = |servers: &str| {
        state(&format!(
            r#""resolver":{{"resolv_conf":{{"path":"/etc/resolv.conf","nameservers":[{servers}]}}}}"#
        ))
    };
    let before = with(r#"{"address":"192.0.2.53","line":1}"#);
    let after = with(r#"{"address":"198.51.100.53","line":1},{"address":"192.0.2.53","line":2}"#);
    assert_eq!(told(&before, &after), ["added /etc/resolv.conf: nameserver 198.51.100.53"]);
    assert_eq!(told(&before, &with(r#"{"address":"192.0.2.53","line":9}"#)), [""; 0]);
    assert_eq!(
        told(&before, &state(r#""resolver":{}"#)),
        [
            "removed /etc/resolv.conf: # read from /etc/resolv.conf",
            "removed /etc/resolv.conf: nameserver 192.0.2.53"
        ]
    );
}

#[test]
fn a_switch_is_one_change() {
    let with = |value| state(&format!(r#""sysctls":{{"net.ipv4.ip_forward":"{value}"}}"#));
    assert_eq!(told(&with(0), &with(1)), ["changed sysctl net.ipv4.ip_forward: value 0 -> 1"]);
}

#[test]
fn what_changed_is_escaped_in_words() {
    let hostile = state(&format!(r#""links":[{}]"#, link(2, r"e\u001b[2J\u009b", "")));
    assert_eq!(
        told(&state(r#""links":[]"#), &hostile),
        ["added link e\\x1b[2J\\u{9b} (Ethernet) up mtu 1500 02:00:00:00:00:02"]
    );
}

#[test]
fn changes_that_do_not_fit_are_refused_by_name() {
    let before = routes(&[route(NET, "192.0.2.1", "")]);
    let changes = diff(&before, &routes(&[]));
    let error = apply(&routes(&[]), &changes).unwrap_err();
    assert_eq!(
        crate::error::chain(&error),
        "cannot apply a change of route 203.0.113.0/24 via 192.0.2.1 dev eth0 proto static: it is not there"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn a_change_reads_back_from_its_json((before, after) in arbitrary::snapshot_and_next()) {
        let document = DiffDocument::between(&before, &after);
        let text = crate::json::to_string(&document, crate::json::Layout::Line).unwrap();
        let again: DiffDocument = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(again.changes, document.changes);
        prop_assert_eq!(again.effects, document.effects);
    }

    #[test]
    fn no_change_in_words_reaches_a_terminal_raw((before, after) in arbitrary::snapshot_and_next()) {
        for change in diff(&before, &after) {
            prop_assert!(!change.to_string().chars().any(crate::model::is_hostile));
        }
    }
}
