//! Tests of the filter grammar.

use netdiag_core::model::{
    Family, Link, NextHop, Route, RouteAttributes, RouteKind, RouteProtocol, Rule, RuleAction, TableId,
};

use super::*;
use crate::text::Thing;

fn filter(text: &str) -> Filter {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn error(text: &str) -> String {
    match text.parse::<Filter>() {
        Ok(filter) => panic!("{text} was read as {filter:?}"),
        Err(error) => error.to_string(),
    }
}

fn route(destination: &str, gateway: Option<&str>, dev: &str) -> Route {
    let hop = NextHop {
        gateway: gateway.map(|gateway| gateway.parse().unwrap()),
        link: Some(dev.into()),
        link_index: Some(4),
        ..NextHop::default()
    };
    let attributes = RouteAttributes {
        nexthops: vec![hop],
        metric: 50,
        protocol: RouteProtocol::STATIC,
        preferred_source: gateway.map(|_| "192.0.2.23".parse().unwrap()),
        ..RouteAttributes::default()
    };
    Route::new(destination.parse().unwrap(), attributes)
}

fn subject(route: &Route) -> Subject<'_> {
    Subject { thing: Thing::Route(route), change: Some('+'), age_s: Some(120), snapshot: None }
}

#[test]
fn each_key_looks_at_its_own_field_of_a_route() {
    let leak = route("10.20.0.0/16", Some("192.0.2.1"), "wlan0");
    let yes = [
        "",
        "dst:10.20.0.0/16",
        "dst:10.*",
        "in:10.0.0.0/8",
        "in:10.20.0.0/16",
        "has:10.20.0.80",
        "via:192.0.2.1",
        "via:192.0.2.0/24",
        "dev:wlan*",
        "dev:WLAN0",
        "table:main",
        "table:254",
        "table:>200",
        "proto:static",
        "metric:50",
        "metric:<51",
        "metric:>49",
        "family:4",
        "family:IPv4",
        "scope:global",
        "scope:private",
        "kind:unicast",
        "kind:route",
        "chg:+",
        "age:<5m",
        "age:120",
        "src:192.0.2.23",
        "!dev:tun*",
        "!role:default",
        "10.20 wlan",
        "/via 192\\.0/ !proto:kernel",
    ];
    for text in yes {
        assert!(filter(text).matches(subject(&leak)), "{text} should match");
    }
    let no = [
        "dst:10.20.0.0/17",
        "dst:10.20.0.0",
        "in:10.20.0.0/17",
        "has:10.21.0.1",
        "has:10.0.0.0/8",
        "via:192.0.2.2",
        "via:on-link",
        "dev:wlan",
        "table:local",
        "table:<254",
        "metric:>50",
        "family:6",
        "scope:ula",
        "kind:wireguard",
        "role:default",
        "role:host",
        "chg:-",
        "age:>5m",
        "src:192.0.2.24",
        "mark:1",
        "!wlan0",
        "wlan0 !wlan0",
        "/^wlan/ /^x/",
    ];
    for text in no {
        assert!(!filter(text).matches(subject(&leak)), "{text} should not match");
    }
}

#[test]
fn the_roles_are_the_shapes_of_routes() {
    let roles = [
        ("0.0.0.0/0", Some("192.0.2.1"), "default"),
        ("::/0", Some("fe80::1"), "default"),
        ("128.0.0.0/1", Some("192.0.2.1"), "half"),
        ("203.0.113.7/32", Some("192.0.2.1"), "host"),
        ("192.0.2.0/24", None, "on-link"),
    ];
    for (destination, gateway, role) in roles {
        let route = route(destination, gateway, "tun0");
        assert!(filter(&format!("role:{role}")).matches(subject(&route)), "{destination} is {role}");
    }
    assert!(filter("dst:default").matches(subject(&route("::/0", None, "tun0"))));
    assert!(!filter("dst:default").matches(subject(&route("::/1", None, "tun0"))));
}

#[test]
fn the_kind_of_the_link_of_a_route_counts_where_the_state_is_known() {
    let wg0: Link = serde_json::from_value(serde_json::json!({
        "index": 4, "name": "wg0", "kind": "wireguard", "type": "none", "state": "up", "flags": [], "mtu": 1420,
    }))
    .unwrap();
    let route = route("192.0.2.0/24", None, "wg0");
    let state = netdiag_core::snapshot::SnapshotBuilder::new(
        "2026-03-01T12:00:00Z".parse().unwrap(),
        netdiag_core::model::Host::default(),
    )
    .links(vec![wg0])
    .build();
    let with_state = Subject { snapshot: Some(&state), ..subject(&route) };
    assert!(filter("kind:wireguard").matches(with_state));
    assert!(!filter("kind:wireguard").matches(subject(&route)));
}

#[test]
fn a_mark_is_the_mark_a_rule_asks_for() {
    let rule: Rule = serde_json::from_value(serde_json::json!({
        "family": Family::V4.number(), "priority": 5, "mark": 0xca6c, "action": "lookup", "table": 51820,
    }))
    .unwrap();
    assert_eq!((rule.action, rule.table), (RuleAction::LOOKUP, Some(TableId(51_820))));
    let subject = Subject { thing: Thing::Rule(&rule), change: None, age_s: None, snapshot: None };
    for text in ["mark:0xca6c", "mark:51820", "table:51820", "fwmark", "kind:rule", "!age:<5m", "!chg:+"] {
        assert!(filter(text).matches(subject), "{text}");
    }
    assert!(!filter("mark:1").matches(subject));
}

#[test]
fn addresses_with_colons_are_words_and_not_keys() {
    let route = route("2001:db8:7::/48", Some("fe80::1"), "wlan0");
    for text in ["fe80::1", "2001:db8:7", "2001:db8:7::/48", "!02:00:00:00:00:01", "via:fe80::/10"] {
        assert!(filter(text).matches(subject(&route)), "{text}");
    }
}

struct Seen(char, u64);

impl Known for Seen {
    fn change(&self) -> Option<char> {
        Some(self.0)
    }

    fn age_s(&self) -> Option<u64> {
        Some(self.1)
    }
}

#[test]
fn a_million_routes_get_the_answers_that_each_of_them_would_get() {
    let wg0: Link = serde_json::from_value(serde_json::json!({
        "index": 4, "name": "wg0", "kind": "wireguard", "type": "none", "state": "up", "flags": [], "mtu": 1420,
    }))
    .unwrap();
    let mut routes = Vec::new();
    let destinations = [
        "0.0.0.0/0",
        "0.0.0.0/1",
        "10.20.0.0/16",
        "10.200.109.0/24",
        "100.64.3.0/25",
        "203.0.113.7/32",
        "::/0",
        "2001:db8:a::/48",
        "fd00:a::/64",
        "fe80::1/128",
    ];
    for dev in ["wg0", "wlan0"] {
        let shared = route("192.0.2.0/24", Some("192.0.2.1"), dev).attributes;
        let on_link = route("192.0.2.0/24", None, dev).attributes;
        let refused = RouteAttributes { kind: RouteKind::BLACKHOLE, ..RouteAttributes::default() };
        let refused = std::sync::Arc::new(refused);
        for attributes in [shared, on_link, refused] {
            let route = |text: &&str| Route::new(text.parse().unwrap(), std::sync::Arc::clone(&attributes));
            routes.extend(destinations.iter().map(route));
        }
    }
    let state = netdiag_core::snapshot::SnapshotBuilder::new(
        "2026-03-01T12:00:00Z".parse().unwrap(),
        netdiag_core::model::Host::default(),
    )
    .links(vec![wg0])
    .build();
    let texts = [
        "",
        "10.20",
        "10.2 wg",
        "8:a",
        "DB8:A::/",
        "0/2",
        "16",
        "0/0 !wlan",
        "wireguard",
        "WG0 static",
        "global",
        "ula",
        "blackhole",
        "!blackhole !default",
        "route",
        "via",
        "32,",
        "24 via",
        "/^10/",
        "/^blackhole/",
        "/0$/",
        "/24 VIA 192/",
        "/^route$/ db8",
        "/\\/16 .*metric 50/",
        "!/^0/",
        "dst:10.*",
        "dst:default",
        "!dst:default",
        "dst:::/0",
        "in:10.0.0.0/8",
        "in:fe80::/10",
        "!in:0.0.0.0/0",
        "has:10.20.0.80",
        "has:2001:db8:a::1",
        "via:192.0.2.1",
        "!via:on-link",
        "dev:w*",
        "dev:wg0 10",
        "table:main",
        "table:>254",
        "proto:static",
        "metric:>0",
        "metric:50 dst:10.20.0.0/16",
        "family:6",
        "!family:6 role:host",
        "role:default",
        "role:half",
        "role:on-link",
        "!role:on-link",
        "scope:private",
        "scope:universe",
        "!scope:global",
        "kind:wireguard",
        "kind:blackhole 203",
        "chg:+",
        "chg:x",
        "!chg:-",
        "age:<60",
        "age:>60 10.20",
        "src:192.0.2.23",
        "mark:1",
        "dev:wg0 !dev:wg0",
    ];
    for text in texts {
        let filter = filter(text);
        let mut fast = RouteFilter::new(&filter, &state);
        for route in &routes {
            for seen in [Seen('+', 30), Seen('-', 90)] {
                let slow = filter.matches(Subject {
                    thing: Thing::Route(route),
                    change: seen.change(),
                    age_s: seen.age_s(),
                    snapshot: Some(&state),
                });
                assert_eq!(fast.matches(route, &seen), slow, "{text} and {route}");
            }
        }
    }
}

#[test]
fn an_error_says_what_was_expected() {
    let cases = [
        ("metrc:5", "metrc: is not a key; the keys are dst in has via"),
        ("dst:", "dst: needs a value, as in dst:10.20.0.0/16"),
        ("in:wlan0", "in: expected an address or a prefix, as in in:10.0.0.0/8; got wlan0"),
        ("metric:lots", "metric: expected a number, >number or <number, as in metric:>100; got lots"),
        ("family:5", "family: expected 4 or 6"),
        ("table:mian", "table: expected main, local, default or a number"),
        ("table:4x", "table: expected a name or a number"),
        ("chg:new", "chg: expected + (added), - (removed), ~ (changed) or x (came and went)"),
        ("age:soon", "age: expected a time such as 30s, >5m or <2h"),
        ("role:leak", "role: this version knows default, half, host, on-link; got leak"),
        ("dev:/tun", "the regular expression in dev:/tun has no closing /"),
        ("dev:/tun(/", "cannot read the regular expression tun("),
        ("//", "expected a regular expression between two slashes, got //"),
        ("/a/b", "expected a space after /a/, got b"),
        ("!", "expected a word or key:value after !"),
    ];
    for (text, expected) in cases {
        let got = error(text);
        assert!(got.contains(expected), "{text}: {got}");
    }
}

#[test]
fn an_error_does_not_repeat_escape_sequences() {
    assert!(!error("family:\u{1b}[2J").contains('\u{1b}'));
}

#[test]
fn spaces_and_slashes_may_stand_in_a_regular_expression() {
    let route = route("192.0.2.0/24", None, "tun0");
    assert!(filter("  /2\\.0\\/24 dev TUN\\d/   dev:/^t.n0$/ ").matches(subject(&route)));
}

#[test]
fn no_text_makes_the_parser_panic() {
    for text in [
        "é:x",
        "!é",
        "age:5é",
        "age:é",
        "age:99999999999999999999d",
        "mark:0x",
        "dst:/",
        "🦀",
        ":",
        "!:",
        "/\\/",
        "a:/é/",
    ] {
        let _ = text.parse::<Filter>();
    }
}
