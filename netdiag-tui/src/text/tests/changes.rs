//! Changes, events and effects as text.

use super::*;

#[test]
fn a_change_says_from_what_to_what() {
    let before = with(
        route("192.0.2.0/24", vec![NextHop { link: Some("wlan0".into()), ..hop(2, Some("198.51.100.1")) }]),
        |attributes| attributes.metric = 100,
    );
    let after = with(before.clone(), |attributes| {
        attributes.metric = 50;
        attributes.nexthops[0].gateway = Some("198.51.100.9".parse().unwrap());
        attributes.preferred_source = Some("192.0.2.2".parse().unwrap());
    });
    let fields = ["metric", "nexthops", "preferred_source"].map(str::to_owned);
    let change = Change::Modified {
        before: Thing::Route(&before),
        after: Thing::Route(&after),
        fields: &fields,
        place: 1,
    };
    assert_eq!(
        change.text(),
        "192.0.2.0/24 via 198.51.100.1 dev wlan0 metric 100: metric 100 -> 50, nexthops via \
         198.51.100.1 dev wlan0 -> via 198.51.100.9 dev wlan0, preferred source none -> 192.0.2.2"
    );
    let down = link(2, "wlan0", None, "ether");
    let up =
        Link { flags: LinkFlags::UP | LinkFlags::BROADCAST, alias: Some("\u{1b}[2J".into()), ..down.clone() };
    let fields = ["flags", "alias"].map(str::to_owned);
    let change =
        Change::Modified { before: Thing::Link(&down), after: Thing::Link(&up), fields: &fields, place: 1 };
    assert_eq!(change.text(), "wlan0: flags +broadcast -lower_up, alias none -> \\x1b[2J");
}

#[test]
fn a_change_of_the_state_of_a_link_is_told_in_words() {
    let up = link(2, "wlan0", None, "ether");
    let down = Link { carrier: Some(false), state: LinkState::DOWN, flags: LinkFlags::UP, ..up.clone() };
    let fields = ["carrier", "flags", "mtu", "state"].map(str::to_owned);
    let change =
        Change::Modified { before: Thing::Link(&up), after: Thing::Link(&down), fields: &fields, place: 1 };
    assert_eq!(change.text(), "wlan0: up -> no carrier, mtu 1500 -> 1500");
}

#[test]
fn switches_of_a_link_that_went_and_multicast_neighbours_are_told_together() {
    let gone = link(4, "tun.0", Some("tun"), "none");
    let switches =
        ["net.ipv4.conf.tun.0.rp_filter", "net.ipv6.conf.tun.0.accept_ra", "net.ipv4.conf.all.rp_filter"]
            .map(|name| netdiag_core::diff::Sysctl { name: name.into(), value: "1".into() });
    let mut all: Vec<Change<'_>> = vec![Change::Removed(Thing::Link(&gone))];
    all.extend(switches.iter().map(|sysctl| Change::Removed(Thing::Sysctl(sysctl))));
    // Not of the link that went: it came.
    all.push(Change::Added(Thing::Sysctl(&switches[0])));
    let texts: Vec<String> = change::lines(&all)
        .into_iter()
        .map(|line| format!("{} {} {}", line.glyph, line.noun, line.text))
        .collect();
    assert_eq!(
        texts,
        [
            "- link tun.0, tun (L3), up, mtu 1500",
            "- sysctl 2 switches of link tun.0 (--json lists them)",
            "- sysctl net.ipv4.conf.all.rp_filter = 1",
            "+ sysctl net.ipv4.conf.tun.0.rp_filter = 1",
        ]
    );
}

#[test]
fn text_is_broken_between_words_and_nowhere_else() {
    let page = page(10);
    assert_eq!(page.wrap("one two three", 0, 2), ["one two", "three"]);
    assert_eq!(page.wrap("a-very-long-word and more", 0, 2), ["a-very-long-word", "and more"]);
    assert_eq!(page.wrap("網路 介面 x", 4, 0), ["網路", "介面 x"]);
    assert_eq!(page.wrap("", 3, 3), [""]);
    for text in [" é", "  é  ", "é ", "é  é  é  é  é"] {
        assert_eq!(page.wrap(text, 0, 0).join(" "), text);
    }
}

#[test]
fn effects_of_the_same_two_ways_are_told_together_and_the_large_ones_first() {
    let way = |link: &str, gateway: Option<&str>| -> netdiag_core::diff::WayOut {
        serde_json::from_value(serde_json::json!({
            "outcome": "unicast", "link": link, "link_index": 2, "gateway": gateway,
        }))
        .unwrap()
    };
    let nowhere: netdiag_core::diff::WayOut =
        serde_json::from_value(serde_json::json!({"outcome": "no-route"})).unwrap();
    let effect = |prefix: &str, before: &netdiag_core::diff::WayOut, after: &netdiag_core::diff::WayOut| {
        netdiag_core::diff::Effect {
            prefix: prefix.parse().unwrap(),
            before: std::sync::Arc::new(before.clone()),
            after: std::sync::Arc::new(after.clone()),
        }
    };
    let (wlan0, tun0) = (way("wlan0", Some("192.0.2.1")), way("tun\u{1b}0", None));
    let all = [
        effect("10.0.0.0/8", &wlan0, &nowhere),
        effect("0.0.0.0/5", &tun0, &wlan0),
        effect("128.0.0.0/1", &tun0, &wlan0),
        effect("::/0", &nowhere, &tun0),
    ];
    let mut out = Vec::new();
    effects(page(100), &all, &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
    let mut out = Vec::new();
    effects(page(100), &[], &mut out).unwrap();
    assert!(out.is_empty());
}

#[test]
fn a_burst_says_of_each_change_how_it_became_known_and_who_asked() {
    use netdiag_core::diff::{Change, Object};
    use netdiag_core::history::{Burst, Cause, Event, Origin};
    let tun0 = link(4, "tun0", Some("tun"), "none");
    let lost =
        with(route("198.51.100.0/24", vec![NextHop { link: Some("tun0".into()), ..hop(4, None) }]), |_| {});
    let mut sequence = 0;
    let mut event = |change, origin, because, by| {
        sequence += 1;
        let time = "2026-03-01T12:18:40.412Z".parse().unwrap();
        Event { sequence, time, change, origin, because, burst: 1, by, passing: false }
    };
    let removed = |object| Change::Removed { object, position: 0 };
    let brief = Object::Route(route("203.0.113.0/24", vec![]));
    let came = Change::Added { object: brief.clone(), position: 0 };
    let openvpn = Process { pid: 123, command: Some("openvpn".into()) };
    let events = vec![
        event(removed(Object::Link(tun0)), Origin::Announced, None, Some(openvpn)),
        event(
            removed(Object::Route(lost.clone())),
            Origin::Inferred,
            Some(Cause::LinkRemoved("tun0".into())),
            None,
        ),
        event(removed(Object::Route(lost.clone())), Origin::Inferred, Some(Cause::Unexplained), None),
        event(removed(Object::Route(lost)), Origin::Resynced, None, None),
        event(
            removed(Object::Resolver(
                serde_json::from_value(
                    serde_json::json!({"file": "/etc/resolv.conf", "text": "nameserver 198.51.100.53"}),
                )
                .unwrap(),
            )),
            Origin::Inferred,
            None,
            None,
        ),
        Event { passing: true, ..event(came, Origin::Announced, None, None) },
        Event { passing: true, ..event(removed(brief), Origin::Announced, None, None) },
    ];
    let state = std::sync::Arc::new(builder().build());
    let mut out = Vec::new();
    burst(page(120), &Burst { number: 1, events, snapshot: state, overruns: 0 }, &TimeZone::UTC, &mut out)
        .unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}
