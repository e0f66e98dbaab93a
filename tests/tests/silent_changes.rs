//! What the kernel changes without a word, case by case: the mirror follows, and each event says
//! how it became known and why.
#![cfg(target_os = "linux")]

use std::net::IpAddr;

use netdiag_core::diff::{Change, Object};
use netdiag_core::history::{Cause, Event, Origin};
use netdiag_core::model::{LinkName, LinkState, NextHopFlags, Route, RouteKind};
use netdiag_core::source::MonitorOptions;
use netdiag_tests::ip::{ip, ip_script};
use netdiag_tests::tun::{Mode, Tun};
use netdiag_tests::watched::Watched;
use netdiag_tests::{oracle, sandbox, test_name};

/// One uplink `v0` with two gateways, as in the examples of the kernel facts.
const HOST: &str = "link add v0 type veth peer name v1
    link set v0 up
    link set v1 up
    addr add 192.0.2.1/24 dev v0
    addr add 2001:db8::1/64 dev v0
    route add default via 192.0.2.2
    route add 203.0.113.0/24 via 192.0.2.3 metric 50
    -6 route add default via fe80::2 dev v0
    -6 route add 2001:db8:5::/48 via fe80::3 dev v0";

/// The events of a change, after which the mirror must be right.
fn events_of(setup: &str, change: impl FnOnce()) -> Vec<Event> {
    ip_script(setup);
    let watched = Watched::start(MonitorOptions::default());
    change();
    let events = watched.events();
    let wrong = oracle::check(|| watched.settle());
    assert!(wrong.is_empty(), "the mirror is wrong:\n{}\nafter {events:#?}", wrong.join("\n"));
    events
}

/// As [`events_of`], for a change that the kernel finishes a little later: `v0` without carrier.
fn events_of_lost_carrier(setup: &str) -> Vec<Event> {
    ip_script(setup);
    let watched = Watched::start(MonitorOptions::default());
    ip(["link", "set", "v1", "down"]);
    let events = watched.events_with(|event| {
        matches!(&event.change, Change::Modified { after: Object::Link(link), .. }
            if link.name == "v0".into() && link.state == LinkState::LOWER_LAYER_DOWN)
    });
    let wrong = oracle::check(|| watched.settle());
    assert!(wrong.is_empty(), "the mirror is wrong:\n{}\nafter {events:#?}", wrong.join("\n"));
    events
}

fn object(change: &Change) -> &Object {
    match change {
        Change::Added { object, .. } | Change::Removed { object, .. } => object,
        Change::Modified { after, .. } => after,
    }
}

/// The events about routes to `destination`.
fn about_route<'a>(events: &'a [Event], destination: &str) -> Vec<&'a Event> {
    let wanted = destination.parse().expect("a prefix");
    events
        .iter()
        .filter(|event| matches!(object(&event.change), Object::Route(route) if route.destination == wanted))
        .collect()
}

#[track_caller]
fn the_one<'a>(events: &'a [Event], destination: &str) -> &'a Event {
    let found = about_route(events, destination);
    assert_eq!(found.len(), 1, "one event about {destination}: {found:#?} of {events:#?}");
    found[0]
}

#[track_caller]
fn assert_removed(event: &Event, origin: Origin, because: Option<&Cause>) {
    assert!(matches!(event.change, Change::Removed { .. }), "a removal: {event:#?}");
    assert_eq!((event.origin, event.because.as_ref()), (origin, because), "{event:#?}");
}

fn after(event: &Event) -> &Route {
    match object(&event.change) {
        Object::Route(route) => route,
        other => panic!("not a route: {other:?}"),
    }
}

#[test]
fn ipv4_routes_that_go_when_a_link_goes_down_are_inferred() {
    sandbox::run(test_name!(), || {
        let events = events_of(HOST, || ip(["link", "set", "v0", "down"]));
        let cause = Cause::LinkDown("v0".into());
        for route in ["0.0.0.0/0", "203.0.113.0/24", "192.0.2.0/24"] {
            assert_removed(the_one(&events, route), Origin::Inferred, Some(&cause));
        }
        for route in ["::/0", "2001:db8:5::/48"] {
            assert_removed(the_one(&events, route), Origin::Announced, None);
        }
    });
}

#[test]
fn legs_that_die_with_a_link_are_inferred_and_revive_with_it() {
    sandbox::run(test_name!(), || {
        let setup = format!(
            "{HOST}
             link add v2 type veth peer name v3
             link set v2 up
             link set v3 up
             addr add 198.51.100.1/24 dev v2
             route add 203.0.113.128/25 nexthop via 192.0.2.2 nexthop via 198.51.100.2"
        );
        ip_script(&setup);
        let watched = Watched::start(MonitorOptions::default());
        ip(["link", "set", "v2", "down"]);
        let events = watched.events();
        let dead = the_one(&events, "203.0.113.128/25");
        assert!(matches!(dead.change, Change::Modified { .. }), "{dead:#?}");
        assert_eq!(dead.because, Some(Cause::LinkDown("v2".into())));
        assert_eq!(dead.origin, Origin::Inferred);
        assert!(after(dead).nexthops[1].flags.contains(NextHopFlags::DEAD), "{dead:#?}");
        ip(["link", "set", "v2", "up"]);
        let events = watched.events();
        let alive = the_one(&events, "203.0.113.128/25");
        assert_eq!((alive.origin, &alive.because), (Origin::Inferred, &Some(Cause::LinkUp("v2".into()))));
        assert!(!after(alive).nexthops[1].flags.contains(NextHopFlags::DEAD), "{alive:#?}");
        let wrong = oracle::check(|| watched.settle());
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn linkdown_flags_after_a_lost_carrier_are_inferred() {
    sandbox::run(test_name!(), || {
        let events = events_of_lost_carrier(HOST);
        for route in ["0.0.0.0/0", "203.0.113.0/24", "2001:db8:5::/48"] {
            let event = the_one(&events, route);
            assert!(matches!(event.change, Change::Modified { .. }), "{event:#?}");
            assert!(after(event).nexthops[0].flags.contains(NextHopFlags::LINKDOWN), "{event:#?}");
            assert_eq!(
                (event.origin, &event.because),
                (Origin::Inferred, &Some(Cause::CarrierLost("v0".into()))),
                "{event:#?}"
            );
        }
    });
}

#[test]
fn nexthop_objects_that_go_with_the_carrier_are_inferred_with_their_routes() {
    sandbox::run(test_name!(), || {
        let setup = format!(
            "{HOST}
             nexthop add id 7 via 192.0.2.2 dev v0
             route add 203.0.113.128/25 nhid 7"
        );
        let events = events_of_lost_carrier(&setup);
        let object_gone = events
            .iter()
            .find(|event| matches!(&event.change, Change::Removed { object: Object::NextHop(gone), .. } if gone.id == 7))
            .unwrap_or_else(|| panic!("nexthop 7 went: {events:#?}"));
        assert_eq!(object_gone.origin, Origin::Inferred);
        assert_eq!(object_gone.because, Some(Cause::CarrierLost("v0".into())));
        let route = the_one(&events, "203.0.113.128/25");
        assert!(matches!(route.change, Change::Removed { .. }), "{route:#?}");
        assert_eq!(route.origin, Origin::Inferred);
        assert!(
            matches!(&route.because, Some(Cause::NextHopChanged(7) | Cause::CarrierLost(_))),
            "the object or what took it: {route:#?}"
        );
    });
}

#[test]
fn ipv4_routes_that_go_with_the_last_address_are_inferred() {
    sandbox::run(test_name!(), || {
        let events = events_of(HOST, || ip(["addr", "del", "192.0.2.1/24", "dev", "v0"]));
        let cause =
            Cause::AddressRemoved { address: "192.0.2.1/24".parse().expect("a prefix"), link: "v0".into() };
        for route in ["0.0.0.0/0", "203.0.113.0/24"] {
            assert_removed(the_one(&events, route), Origin::Inferred, Some(&cause));
        }
        for route in ["192.0.2.0/24", "192.0.2.1/32", "192.0.2.255/32"] {
            let event = the_one(&events, route);
            assert!(matches!(event.change, Change::Removed { .. }), "{event:#?}");
            assert_eq!(event.origin, Origin::Announced, "{event:#?}");
        }
    });
}

#[test]
fn a_route_that_goes_with_its_preferred_source_is_announced() {
    sandbox::run(test_name!(), || {
        let setup = format!(
            "{HOST}\naddr add 192.0.2.9/24 dev v0\nroute add 198.51.100.0/24 via 192.0.2.2 src 192.0.2.9"
        );
        let events = events_of(&setup, || ip(["addr", "del", "192.0.2.9/24", "dev", "v0"]));
        let event = the_one(&events, "198.51.100.0/24");
        assert!(matches!(event.change, Change::Removed { .. }), "{event:#?}");
        assert_eq!(event.origin, Origin::Announced, "{event:#?}");
    });
}

#[test]
fn ipv4_routes_of_a_deleted_nexthop_object_are_inferred() {
    sandbox::run(test_name!(), || {
        let setup = format!(
            "{HOST}
             nexthop add id 7 via 192.0.2.2 dev v0
             nexthop add id 8 via 192.0.2.3 dev v0
             nexthop add id 20 group 7/8
             route add 203.0.113.128/25 nhid 7
             route add 198.51.100.0/24 nhid 20"
        );
        let events = events_of(&setup, || ip(["nexthop", "del", "id", "7"]));
        let removed = the_one(&events, "203.0.113.128/25");
        assert_removed(removed, Origin::Inferred, Some(&Cause::NextHopChanged(7)));
        let reduced = the_one(&events, "198.51.100.0/24");
        assert!(matches!(reduced.change, Change::Modified { .. }), "{reduced:#?}");
        assert_eq!(reduced.origin, Origin::Inferred, "{reduced:#?}");
        assert!(matches!(reduced.because, Some(Cause::NextHopChanged(7 | 20))), "{reduced:#?}");
    });
}

#[test]
fn routes_of_a_replaced_nexthop_object_are_announced() {
    sandbox::run(test_name!(), || {
        let setup =
            format!("{HOST}\nnexthop add id 7 via 192.0.2.2 dev v0\nroute add 203.0.113.128/25 nhid 7");
        let events = events_of(&setup, || ip_script("nexthop replace id 7 via 192.0.2.4 dev v0"));
        let event = the_one(&events, "203.0.113.128/25");
        assert!(matches!(event.change, Change::Modified { .. }), "{event:#?}");
        assert_eq!(event.origin, Origin::Announced, "{event:#?}");
        assert_eq!(after(event).nexthops[0].gateway, Some(IpAddr::from([192, 0, 2, 4])));
    });
}

#[test]
fn routes_of_a_replaced_nexthop_object_are_inferred_when_the_kernel_does_not_repeat_them() {
    sandbox::run(test_name!(), || {
        sandbox::sysctl("net/ipv4/nexthop_compat_mode", "0");
        let setup =
            format!("{HOST}\nnexthop add id 7 via 192.0.2.2 dev v0\nroute add 203.0.113.128/25 nhid 7");
        ip_script(&setup);
        let watched = Watched::start(MonitorOptions::default());
        ip_script("nexthop replace id 7 via 192.0.2.4 dev v0");
        let events = watched.events();
        // The dump may or may not repeat the object's gateway in the route; the object changed.
        assert!(
            events.iter().any(|event| matches!(&event.change,
                Change::Modified { after: Object::NextHop(object), .. } if object.id == 7)),
            "{events:#?}"
        );
        for event in about_route(&events, "203.0.113.128/25") {
            assert_eq!((event.origin, &event.because), (Origin::Inferred, &Some(Cause::NextHopChanged(7))));
        }
        let wrong = oracle::check(|| watched.settle());
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    });
}

#[test]
fn a_replaced_route_is_told_once_with_what_took_its_place() {
    sandbox::run(test_name!(), || {
        let setup = format!("{HOST}\nroute append 203.0.113.0/24 via 192.0.2.4 metric 50");
        let events = events_of(&setup, || ip_script("route replace 203.0.113.0/24 via 192.0.2.5 metric 50"));
        let found = about_route(&events, "203.0.113.0/24");
        match found.as_slice() {
            [one] => {
                assert!(
                    matches!(&one.change, Change::Modified { before: Object::Route(before), .. }
                    if before.nexthops[0].gateway == Some(IpAddr::from([192, 0, 2, 3]))),
                    "{one:#?}"
                );
                assert_eq!(one.origin, Origin::Announced, "{one:#?}");
            }
            [_, _] => {
                for event in found {
                    let expected = match event.change {
                        Change::Removed { .. } => (Origin::Inferred, Some(Cause::Replaced)),
                        _ => (Origin::Announced, None),
                    };
                    assert_eq!((event.origin, event.because.clone()), expected, "{event:#?}");
                }
            }
            _ => panic!("one change, or a removal and an addition: {found:#?}"),
        }
    });
}

#[test]
fn routes_that_go_with_their_link_are_inferred() {
    sandbox::run(test_name!(), || {
        let events = events_of(HOST, || ip(["link", "del", "v0"]));
        for route in ["0.0.0.0/0", "203.0.113.0/24", "192.0.2.0/24"] {
            assert_removed(the_one(&events, route), Origin::Inferred, Some(&Cause::LinkRemoved("v0".into())));
        }
        let link = events
            .iter()
            .find(|event| matches!(&event.change, Change::Removed { object: Object::Link(link), .. } if link.name == LinkName::from("v0")))
            .unwrap_or_else(|| panic!("the link went: {events:#?}"));
        assert_eq!(link.origin, Origin::Announced);
    });
}

#[test]
fn routes_that_go_with_a_closed_tun_device_are_inferred() {
    sandbox::run(test_name!(), || {
        let tun = match Tun::open(b"tun0", Mode::Tun) {
            Ok(tun) => tun,
            Err(error) => return sandbox::skip(test_name!(), &format!("no tun device can be had: {error}")),
        };
        let setup = format!(
            "{HOST}
             link set tun0 up
             addr add 198.51.100.1/24 dev tun0
             route add 0.0.0.0/1 via 198.51.100.2
             route add 203.0.113.7/32 via 192.0.2.2"
        );
        let events = events_of(&setup, || drop(tun));
        for route in ["0.0.0.0/1", "198.51.100.0/24"] {
            assert_removed(
                the_one(&events, route),
                Origin::Inferred,
                Some(&Cause::LinkRemoved("tun0".into())),
            );
        }
        assert!(about_route(&events, "203.0.113.7/32").is_empty(), "the route beside the tunnel stays");
    });
}

#[test]
fn routes_that_go_when_their_link_moves_to_another_namespace_are_inferred() {
    sandbox::run(test_name!(), || {
        let setup = format!("netns add other\n{HOST}");
        let events = events_of(&setup, || ip(["link", "set", "v0", "netns", "other"]));
        for route in ["0.0.0.0/0", "203.0.113.0/24"] {
            assert_removed(the_one(&events, route), Origin::Inferred, Some(&Cause::LinkRemoved("v0".into())));
        }
    });
}

#[test]
fn a_rule_that_a_rename_detaches_is_inferred() {
    sandbox::run(test_name!(), || {
        let setup = format!("{HOST}\nrule add iif v0 lookup 100 priority 100");
        let events = events_of(&setup, || ip(["link", "set", "v0", "name", "lan0"]));
        let rule = events
            .iter()
            .find_map(|event| match &event.change {
                Change::Modified { after: Object::Rule(rule), fields, .. } => Some((event, rule, fields)),
                _ => None,
            })
            .unwrap_or_else(|| panic!("the rule changed: {events:#?}"));
        let (event, rule, fields) = rule;
        assert!(rule.iif_detached);
        assert_eq!(fields, &["iif_detached"]);
        assert_eq!(event.origin, Origin::Inferred);
        assert_eq!(event.because, Some(Cause::LinkRenamed { from: "v0".into(), to: "lan0".into() }));
        let renamed = events.iter().any(|event| {
            matches!(&event.change,
            Change::Modified { before: Object::Link(before), after: Object::Link(after), .. }
                if before.name == "v0".into() && after.name == "lan0".into())
        });
        assert!(renamed, "a renamed link is one thing: {events:#?}");
    });
}

#[test]
fn a_leg_taken_from_an_ipv6_multipath_route_is_one_change() {
    sandbox::run(test_name!(), || {
        let setup = format!("{HOST}\n-6 route append 2001:db8:5::/48 via fe80::4 dev v0");
        let events = events_of(&setup, || ip_script("-6 route del 2001:db8:5::/48 via fe80::3 dev v0"));
        let event = the_one(&events, "2001:db8:5::/48");
        assert!(matches!(event.change, Change::Modified { .. }), "{event:#?}");
        assert_eq!(event.origin, Origin::Announced, "{event:#?}");
        assert_eq!(after(event).nexthops.len(), 1, "{event:#?}");
        assert_eq!(after(event).kind, RouteKind::UNICAST);
    });
}

#[test]
fn an_address_label_which_the_kernel_never_announces_is_found() {
    sandbox::run(test_name!(), || {
        let events = events_of(HOST, || ip_script("addrlabel add prefix 2001:db8::/32 label 77"));
        let event = events
            .iter()
            .find(|event| matches!(&event.change, Change::Added { object: Object::AddressLabel(_), .. }))
            .unwrap_or_else(|| panic!("a label came: {events:#?}"));
        assert_eq!(event.origin, Origin::Inferred);
    });
}

#[test]
fn a_mirror_without_ipv6_and_with_it_again_is_right() {
    sandbox::run(test_name!(), || {
        ip_script(HOST);
        let watched = Watched::start(MonitorOptions::default());
        for value in ["1", "0"] {
            sandbox::sysctl("net/ipv6/conf/v0/disable_ipv6", value);
            let wrong = oracle::check(|| watched.settle());
            assert!(wrong.is_empty(), "disable_ipv6={value}:\n{}", wrong.join("\n"));
        }
        // Below 1280 bytes there is no IPv6 on a link, and only the link's message says so.
        ip(["link", "set", "v0", "mtu", "1200"]);
        let wrong = oracle::check(|| watched.settle());
        assert!(wrong.is_empty(), "mtu 1200:\n{}", wrong.join("\n"));
    });
}
