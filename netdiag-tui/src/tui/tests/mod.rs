//! A laptop and its VPN, made by hand, and what the TUI makes of them.

mod keys_and_messages;
mod screens;

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use netdiag_core::diff::{Change, Object, diff};
use netdiag_core::history::{Burst, Cause, Event, Origin};
use netdiag_core::model::{
    Address, AddressFlags, AddressScope, Capability, Family, Host, Link, LinkFlags, LinkState, Neighbor,
    NextHop, NextHopObject, Problem, ProblemKind, Process, ResolverConfig, Route, RouteAttributes, RouteKind,
    RouteProtocol, RouteScope, Rule, RuleAction, TableId, Tunnel,
};
use netdiag_core::snapshot::{Snapshot, SnapshotBuilder};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::{App, Effect, Msg, Source};
use super::theme::Theme;
use super::update::update;

fn at(clock: &str) -> Timestamp {
    format!("2026-03-01T{clock}Z").parse().unwrap()
}

fn host() -> Host {
    Host { name: "laptop".into(), system: "linux".into(), release: "6.18.0".into(), namespace: None }
}

fn link(index: u32, name: &str, kind: Option<&str>, link_type: &str) -> Link {
    Link {
        kind: kind.map(str::to_owned),
        state: LinkState::UP,
        flags: LinkFlags(LinkFlags::UP.0 | LinkFlags::LOWER_UP.0),
        mtu: 1500,
        carrier: Some(true),
        ..Link::new(index, name.into(), link_type)
    }
}

fn address(link_index: u32, address: &str) -> Address {
    Address::new(link_index, address.parse().unwrap())
}

fn lease(mut address: Address, preferred: u32, valid: u32, flags: AddressFlags) -> Address {
    (address.preferred_for_s, address.valid_for_s, address.flags) = (Some(preferred), Some(valid), flags);
    address
}

fn route(
    destination: &str,
    gateway: Option<&str>,
    link_index: u32,
    change: impl FnOnce(&mut RouteAttributes),
) -> Route {
    let hop = NextHop {
        gateway: gateway.map(|gateway| gateway.parse().unwrap()),
        link_index: Some(link_index),
        ..NextHop::default()
    };
    let mut attributes = RouteAttributes { nexthops: vec![hop], ..RouteAttributes::default() };
    if gateway.is_none() {
        attributes.scope = RouteScope::LINK;
    }
    change(&mut attributes);
    Route::new(destination.parse().unwrap(), attributes)
}

fn rule(family: Family, priority: u32, table: TableId) -> Rule {
    let json = serde_json::json!({
        "family": family.number(), "priority": priority, "action": "lookup", "table": table.0, "protocol": "kernel",
    });
    serde_json::from_value(json).unwrap()
}

fn laptop_links() -> Vec<Link> {
    let mut lo = link(1, "lo", None, "loopback");
    (lo.mtu, lo.state) = (65536, LinkState::UNKNOWN);
    let mut eth0 = link(3, "eth0", None, "ether");
    (eth0.flags, eth0.state, eth0.carrier) = (LinkFlags::default(), LinkState::DOWN, Some(false));
    vec![lo, link(2, "wlan0", None, "ether"), eth0]
}

fn laptop_addresses() -> Vec<Address> {
    let mut lo = address(1, "127.0.0.1/8");
    lo.scope = AddressScope::HOST;
    let dynamic = AddressFlags::default();
    vec![
        lo,
        lease(address(2, "192.0.2.23/24"), 76_000, 76_000, dynamic),
        lease(address(2, "2001:db8:1::c0de/64"), 83_520, 604_000, AddressFlags::TEMPORARY),
        lease(
            address(2, "2001:db8:9::c0de/64"),
            0,
            4_320,
            AddressFlags(AddressFlags::TEMPORARY.0 | AddressFlags::DEPRECATED.0),
        ),
    ]
}

fn laptop_routes() -> Vec<Route> {
    let kernel = |a: &mut RouteAttributes| a.protocol = RouteProtocol::KERNEL;
    let local = |a: &mut RouteAttributes| {
        kernel(a);
        (a.table, a.kind, a.scope) = (TableId::LOCAL, RouteKind::LOCAL, RouteScope::HOST);
    };
    vec![
        route("0.0.0.0/0", Some("192.0.2.1"), 2, |a| (a.protocol, a.metric) = (RouteProtocol::DHCP, 600)),
        route("192.0.2.0/24", None, 2, |a| {
            kernel(a);
            (a.metric, a.preferred_source) = (600, Some("192.0.2.23".parse().unwrap()));
        }),
        route("127.0.0.0/8", None, 1, local),
        route("192.0.2.23/32", None, 2, local),
        route("::/0", Some("fe80::1"), 2, |a| {
            (a.protocol, a.metric) = (RouteProtocol::ROUTER_ADVERTISEMENT, 1024);
            a.expires_in_s = Some(1790);
        }),
        route("2001:db8:1::/64", None, 2, |a| {
            kernel(a);
            a.metric = 256;
        }),
        route("fe80::/64", None, 2, |a| {
            kernel(a);
            a.metric = 256;
        }),
    ]
}

fn laptop_rules() -> Vec<Rule> {
    vec![
        rule(Family::V4, 0, TableId::LOCAL),
        rule(Family::V4, 32766, TableId::MAIN),
        rule(Family::V4, 32767, TableId::DEFAULT),
        rule(Family::V6, 0, TableId::LOCAL),
        rule(Family::V6, 32766, TableId::MAIN),
    ]
}

/// A laptop on a wireless network.
fn laptop() -> Snapshot {
    SnapshotBuilder::new(at("12:01:07"), host())
        .links(laptop_links())
        .addresses(laptop_addresses())
        .routes(laptop_routes())
        .rules(laptop_rules())
        .build()
}

fn tun0() -> Link {
    let mut tun0 = link(7, "tun0", Some("tun"), "none");
    tun0.tunnel = Some(Tunnel { mode: Some("tun".into()), persistent: Some(false), ..Tunnel::default() });
    tun0.owner = Some(Process { pid: 4312, command: Some("openvpn".into()) });
    tun0.state = LinkState::UNKNOWN;
    tun0
}

/// The same laptop with its VPN up; a script also replaced the metric of the local subnet.
fn connected() -> Snapshot {
    let mut routes = laptop_routes();
    let boot = |a: &mut RouteAttributes| a.protocol = RouteProtocol::BOOT;
    routes[1] = route("192.0.2.0/24", None, 2, |a| {
        (a.protocol, a.metric) = (RouteProtocol::KERNEL, 50);
        a.preferred_source = Some("192.0.2.23".parse().unwrap());
    });
    routes.extend([
        route("0.0.0.0/1", Some("198.51.100.5"), 7, boot),
        route("128.0.0.0/1", Some("198.51.100.5"), 7, boot),
        route("198.51.100.0/24", None, 7, |a| a.protocol = RouteProtocol::KERNEL),
        route("203.0.113.7/32", Some("192.0.2.1"), 2, |a| a.protocol = RouteProtocol::STATIC),
    ]);
    let mut links = laptop_links();
    links.push(tun0());
    let mut addresses = laptop_addresses();
    addresses.push(address(7, "198.51.100.6/24"));
    laptop().to_builder().taken_at(at("12:03:10")).links(links).addresses(addresses).routes(routes).build()
}

/// After the VPN went: the host route to its server is left behind.
fn leftover() -> Snapshot {
    let mut routes = laptop_routes();
    routes.push(route("203.0.113.7/32", Some("192.0.2.1"), 2, |a| a.protocol = RouteProtocol::STATIC));
    laptop().to_builder().taken_at(at("12:18:40")).routes(routes).build()
}

fn resolver(server: &str) -> ResolverConfig {
    serde_json::from_value(serde_json::json!({
        "resolv_conf": {
            "path": "/etc/resolv.conf",
            "target": "../run/resolvconf/resolv.conf",
            "nameservers": [{ "address": server, "line": 2 }],
            "search": ["example.net"],
            "options": ["ndots:2"],
        },
        "hosts": { "path": "/etc/hosts", "entries": [{ "line": 1, "address": "127.0.0.1", "names": ["localhost"] }] },
        "nsswitch": { "path": "/etc/nsswitch.conf", "line": 4, "hosts": [{ "name": "files" }, { "name": "dns" }] },
        "resolved": {
            "read_from": "dbus",
            "links": [{
                "link_index": 2,
                "link": "wlan0",
                "nameservers": [{ "address": server }],
                "domains": [{ "name": "example.org", "routing_only": true }],
            }],
        },
    }))
    .unwrap()
}

fn nexthop() -> NextHopObject {
    serde_json::from_value(serde_json::json!({
        "id": 20, "scope": "global", "protocol": "static", "group": [{ "id": 10, "weight": 1 }, { "id": 11, "weight": 3 }],
    }))
    .unwrap()
}

fn neighbor() -> Neighbor {
    serde_json::from_value(serde_json::json!({
        "link": "wlan0", "link_index": 2, "address": "192.0.2.1", "mac": "02:00:00:00:00:01", "state": "reachable",
    }))
    .unwrap()
}

/// Names that try to write to the terminal, to hide, and to break columns.
fn hostile() -> Snapshot {
    let mut links = laptop_links();
    links[1].name = "wl\u{1b}[31man".into();
    links[1].alias = Some("\u{202e}evil\u{7} \u{9b}2J日本語".into());
    links[2].name = "日本語日本語日本".into();
    let mut other = host();
    other.name = "lap\u{1b}]0;pwn\u{7}top".into();
    SnapshotBuilder::new(at("12:01:07"), other)
        .links(links)
        .addresses(laptop_addresses())
        .routes(laptop_routes())
        .rules(laptop_rules())
        .problems([Problem {
            kind: ProblemKind::BadFile,
            area: "resolver".into(),
            detail: "/etc/hosts line 3: \u{1b}[2J is no address".into(),
            count: 1,
        }])
        .capabilities(
            [(
                "process names".to_owned(),
                Capability { available: false, because: Some("needs CAP_SYS_PTRACE".into()) },
            )]
            .into(),
        )
        .build()
}

/// What a monitor would say of the step from one state to the next.
fn burst(number: u64, first: u64, before: &Snapshot, after: &Snapshot) -> Burst {
    let time = after.taken_at();
    let events = (first..).zip(diff(before, after)).map(|(sequence, change)| {
        let silent =
            matches!(&change, Change::Removed { object: Object::Route(route), .. } if route.uses_link(7));
        Event {
            sequence,
            time,
            origin: if silent { Origin::Inferred } else { Origin::Announced },
            because: silent.then(|| Cause::LinkRemoved("tun0".into())),
            burst: number,
            passing: false,
            by: matches!(change, Change::Added { .. })
                .then(|| Process { pid: 4312, command: Some("openvpn".into()) }),
            change,
        }
    });
    Burst { number, events: events.collect(), snapshot: Arc::new(after.clone()), overruns: 0 }
}

struct Bench {
    app: App,
    state: Snapshot,
    bursts: u64,
    events: u64,
}

impl Bench {
    fn new(state: Snapshot) -> Self {
        let mut bench = Self::empty();
        bench.state = state.clone();
        bench.send(Msg::Ready(Arc::new(state)));
        bench
    }

    fn empty() -> Self {
        let app = App::new(Source::Live, Theme::new(true, false), TimeZone::UTC, (120, 35));
        let mut bench = Self { app, state: laptop(), bursts: 0, events: 0 };
        bench.app.now = at("12:01:07");
        bench
    }

    fn send(&mut self, msg: Msg) -> Vec<Effect> {
        let effects = update(&mut self.app, msg);
        self.app.prepare();
        effects
    }

    /// The watched host goes over to another state.
    fn becomes(&mut self, state: Snapshot) {
        self.bursts += 1;
        let burst = burst(self.bursts, self.events + 1, &self.state, &state);
        self.events += burst.events.len() as u64;
        self.app.now = state.taken_at().max(self.app.now) + 2.seconds();
        self.state = state;
        self.send(Msg::Burst(burst));
    }

    fn key(&mut self, code: KeyCode) -> Vec<Effect> {
        self.send(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    /// Types letters; `\n` is Enter, `\x1b` Esc.
    fn keys(&mut self, letters: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for letter in letters.chars() {
            effects.extend(self.key(match letter {
                '\n' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                letter => KeyCode::Char(letter),
            }));
        }
        effects
    }

    fn resize(&mut self, size: (u16, u16)) {
        self.send(Msg::Resized(size.0, size.1));
    }
}

/// The story of most tests: connect, then disconnect with a leftover.
fn after_disconnect() -> Bench {
    let mut bench = Bench::new(laptop());
    bench.becomes(connected());
    bench.becomes(leftover());
    bench
}
