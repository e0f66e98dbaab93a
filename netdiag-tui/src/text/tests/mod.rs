//! Layout, wording and escaping of text: the states and things the tests share.

mod changes;
mod report;

use jiff::tz::TimeZone;
use netdiag_core::Snapshot;
use netdiag_core::model::*;
use netdiag_core::snapshot::SnapshotBuilder;

use super::*;

fn page(width: usize) -> Page {
    Page { width, color: false, ascii: false }
}

fn text(page: Page, state: &Snapshot) -> String {
    let mut out = Vec::new();
    snapshot(page, state, &TimeZone::UTC, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn link(index: u32, name: &str, kind: Option<&str>, link_type: &str) -> Link {
    serde_json::from_value(serde_json::json!({
        "index": index, "name": name, "kind": kind, "type": link_type, "state": "up",
        "flags": ["up", "lower_up"], "mtu": 1500, "carrier": true,
    }))
    .unwrap()
}

fn address(link_index: u32, text: &str) -> Address {
    serde_json::from_value(serde_json::json!({
        "link_index": link_index, "address": text, "scope": "global", "flags": ["permanent"], "position": 0,
    }))
    .unwrap()
}

fn hop(link_index: u32, gateway: Option<&str>) -> NextHop {
    NextHop {
        link_index: Some(link_index),
        gateway: gateway.map(|gateway| gateway.parse().unwrap()),
        ..NextHop::default()
    }
}

fn route(destination: &str, nexthops: Vec<NextHop>) -> Route {
    Route::new(
        destination.parse().unwrap(),
        RouteAttributes { nexthops, protocol: RouteProtocol::BOOT, ..RouteAttributes::default() },
    )
}

fn with(route: Route, change: impl FnOnce(&mut RouteAttributes)) -> Route {
    let mut attributes = (*route.attributes).clone();
    change(&mut attributes);
    Route::new(route.destination, attributes)
}

fn rule(family: Family, priority: u32, table: u32) -> Rule {
    serde_json::from_value(serde_json::json!({
        "family": family.number(), "priority": priority, "action": "lookup", "table": table,
    }))
    .unwrap()
}

fn builder() -> SnapshotBuilder {
    let host =
        Host { name: "laptop".into(), system: "linux".into(), release: "6.12.0".into(), namespace: None };
    SnapshotBuilder::new("2026-03-01T12:22:41Z".parse().unwrap(), host)
}

fn built_in_rules() -> Vec<Rule> {
    vec![
        rule(Family::V4, 0, 255),
        rule(Family::V4, 32_766, 254),
        rule(Family::V4, 32_767, 253),
        rule(Family::V6, 0, 255),
        rule(Family::V6, 32_766, 254),
    ]
}

/// A laptop with a VPN, and with one of everything that can look odd.
fn laptop() -> Snapshot {
    let wlan0 = Link { mac: Some("02:00:00:00:00:01".parse().unwrap()), ..link(2, "wlan0", None, "ether") };
    let tun0 = Link {
        mtu: 1420,
        state: LinkState::UNKNOWN,
        tunnel: Some(Tunnel { mode: Some("tun".into()), persistent: Some(true), ..Tunnel::default() }),
        owner: Some(Process { pid: 4312, command: Some("open\u{1b}[31mvpn".into()) }),
        ..link(4, "tun0", Some("tun"), "none")
    };
    let eth0 = Link { flags: LinkFlags::default(), state: LinkState::DOWN, ..link(3, "eth0", None, "ether") };
    let docker0 =
        Link { state: LinkState::DOWN, carrier: Some(false), ..link(5, "docker0", Some("bridge"), "ether") };
    // Two cells a character, and an escape sequence.
    let wide = Link { master_index: Some(5), ..link(6, "網路介面", Some("veth"), "ether") };
    let hostile = link(7, "a\u{1b}[2Jb\u{202e}c", Some("dummy"), "ether");
    let temporary = Address {
        flags: AddressFlags::TEMPORARY | AddressFlags::DEPRECATED,
        valid_for_s: Some(6 * 86_400 + 23 * 3_600 + 5),
        preferred_for_s: Some(0),
        ..address(2, "2001:db8:1:0:5e51:4fff:fe12:3456/64")
    };
    let leased = Address {
        flags: AddressFlags::default(),
        valid_for_s: Some(75_840),
        preferred_for_s: Some(75_840),
        ..address(2, "192.0.2.23/24")
    };
    let dhcp = |route| {
        with(route, |attributes| {
            attributes.protocol = RouteProtocol::DHCP;
            attributes.metric = 600;
            attributes.preferred_source = Some("192.0.2.23".parse().unwrap());
        })
    };
    let local = |destination: &str, kind| {
        with(route(destination, vec![hop(2, None)]), |attributes| {
            attributes.table = TableId::LOCAL;
            attributes.protocol = RouteProtocol::KERNEL;
            attributes.kind = kind;
        })
    };
    let routes = vec![
        local("192.0.2.23/32", RouteKind::LOCAL),
        local("127.0.0.1/32", RouteKind::LOCAL),
        local("192.0.2.255/32", RouteKind::BROADCAST),
        dhcp(route("0.0.0.0/0", vec![hop(2, Some("192.0.2.1"))])),
        route("0.0.0.0/1", vec![hop(4, Some("198.51.100.1"))]),
        route("128.0.0.0/1", vec![hop(4, Some("198.51.100.1"))]),
        with(route("203.0.113.0/24", vec![]), |attributes| {
            attributes.nexthops = vec![
                NextHop { weight: Some(1), ..hop(2, Some("192.0.2.1")) },
                NextHop { weight: Some(3), flags: NextHopFlags::LINKDOWN, ..hop(5, Some("2001:db8::1")) },
            ];
        }),
        with(route("198.51.100.64/26", vec![]), |attributes| attributes.kind = RouteKind::UNREACHABLE),
        with(route("172.17.0.0/16", vec![hop(6, None)]), |attributes| {
            attributes.mtu = Some(1400);
            attributes.tos = 0x10;
        }),
        with(route("::/0", vec![hop(2, Some("fe80::1"))]), |attributes| {
            attributes.protocol = RouteProtocol::ROUTER_ADVERTISEMENT;
            attributes.metric = 1024;
            attributes.expires_in_s = Some(1_790);
            attributes.router_preference = Some(RouterPreference::HIGH);
        }),
        with(route("0.0.0.0/0", vec![hop(4, None)]), |attributes| attributes.table = TableId(51_820)),
        route("2001:db8:1234:5678:9abc:def0:1234:5678/128", vec![hop(7, Some("2001:db8:1:2:3:4:5:6"))]),
    ];
    let mut rules = built_in_rules();
    rules.push(Rule { invert: true, mark: Some(0xca6c), ..rule(Family::V4, 32_765, 51_820) });
    let neighbor = |address: &str, state| -> Neighbor {
        serde_json::from_value(serde_json::json!({
            "link_index": 2, "address": address, "mac": "02:00:00:00:00:99", "state": state,
        }))
        .unwrap()
    };
    builder()
        .links(vec![link(1, "lo", None, "loopback"), wlan0, eth0, tun0, docker0, wide, hostile])
        .addresses(vec![
            address(1, "127.0.0.1/8"),
            leased,
            temporary,
            Address { peer: Some("198.51.100.1".parse().unwrap()), ..address(4, "198.51.100.6/32") },
        ])
        .routes(routes)
        .rules(rules)
        .neighbors(vec![
            neighbor("192.0.2.7", "stale"),
            neighbor("192.0.2.1", "reachable"),
            neighbor("224.0.0.22", "noarp"),
        ])
        .resolver(ResolverConfig {
            resolv_conf: Some(ResolvConf {
                path: "/etc/resolv.conf".into(),
                nameservers: vec![NameServer {
                    address: "192.0.2.53".parse().unwrap(),
                    zone: None,
                    line: Some(3),
                }],
                search: vec!["example.net".into(), "\u{1b}]0;title\u{7}".into()],
                search_line: Some(2),
                ..ResolvConf::default()
            }),
            ..ResolverConfig::default()
        })
        .capabilities(
            [(
                "nexthop-objects".to_owned(),
                Capability { available: false, because: Some("this kernel has none (before 5.3)".into()) },
            )]
            .into(),
        )
        .build()
}
