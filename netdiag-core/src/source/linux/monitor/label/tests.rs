//! Stories of one reading each: the state before, what was told, the state after, and what is
//! said of it.

use super::*;
use crate::diff::diff;
use crate::model::{
    Address, Host, Link, LinkFlags, LinkState, NextHop, NextHopFlags, Route, RouteAttributes, RouteProtocol,
    RouteScope, TableId,
};
use crate::snapshot::SnapshotBuilder;
use crate::source::linux::monitor::hint::News;

const ETH0: u32 = 2;
const TUN0: u32 = 7;

fn link(index: u32, name: &str) -> Link {
    Link {
        state: LinkState::UP,
        flags: LinkFlags::UP | LinkFlags::LOWER_UP | LinkFlags::RUNNING,
        mtu: 1500,
        carrier: Some(true),
        ..Link::new(index, name.into(), "ether")
    }
}

fn address(link_index: u32, address: &str) -> Address {
    Address::new(link_index, address.parse().unwrap())
}

fn hop(link_index: u32, gateway: Option<&str>) -> NextHop {
    NextHop {
        gateway: gateway.map(|gateway| gateway.parse().unwrap()),
        link_index: Some(link_index),
        ..NextHop::default()
    }
}

fn attributes(nexthops: Vec<NextHop>) -> RouteAttributes {
    let (table, protocol, scope) = (TableId::MAIN, RouteProtocol::STATIC, RouteScope::GLOBAL);
    RouteAttributes { table, protocol, scope, nexthops, ..RouteAttributes::default() }
}

fn route(destination: &str, nexthops: Vec<NextHop>) -> Route {
    Route::new(destination.parse().unwrap(), attributes(nexthops))
}

fn state(links: Vec<Link>, routes: Vec<Route>) -> Snapshot {
    SnapshotBuilder::new(Timestamp::UNIX_EPOCH, Host::default()).links(links).routes(routes).build()
}

fn two_links(routes: Vec<Route>) -> Snapshot {
    state(vec![link(ETH0, "eth0"), link(TUN0, "tun0")], routes)
}

fn openvpn() -> Process {
    Process { pid: 4312, command: Some("openvpn".into()) }
}

fn told(news: impl IntoIterator<Item = News>) -> Vec<Hint> {
    let hint = |news| Hint { time: Timestamp::UNIX_EPOCH, by: Some(openvpn()), news };
    news.into_iter().map(hint).collect()
}

struct Story<'a> {
    before: &'a Snapshot,
    after: &'a Snapshot,
    hints: &'a [Hint],
    /// How many of the hints came while the state was read.
    late: usize,
    lost: bool,
}

impl Story<'_> {
    fn explain(&self) -> (Vec<Labelled>, BTreeSet<usize>) {
        let evidence = Evidence {
            before: self.before,
            after: self.after,
            hints: self.hints,
            early: self.hints.len() - self.late,
            lost: self.lost,
            files_told: false,
            now: Timestamp::UNIX_EPOCH,
        };
        explain(diff(self.before, self.after), &evidence)
    }

    /// One line for each: glyph, thing, origin and cause.
    fn lines(&self) -> Vec<String> {
        let line = |labelled: Labelled| {
            let cause = labelled.because.map(|cause| format!(": {cause}")).unwrap_or_default();
            let passing = if labelled.passing { " (passing)" } else { "" };
            format!("{} [{:?}{cause}]{passing}", labelled.change, labelled.origin)
        };
        self.explain().0.into_iter().map(line).collect()
    }
}

fn story<'a>(before: &'a Snapshot, after: &'a Snapshot, hints: &'a [Hint]) -> Story<'a> {
    Story { before, after, hints, late: 0, lost: false }
}

#[test]
fn a_route_that_was_told_of_is_announced_with_the_process_that_asked() {
    let new = route("203.0.113.0/24", vec![hop(TUN0, None)]);
    let (before, after) = (two_links(vec![]), two_links(vec![new.clone()]));
    let hints = told([News::Route { route: new, replaces: false }]);
    let (labelled, kept) = story(&before, &after, &hints).explain();
    let [only] = labelled.as_slice() else { panic!("one change: {labelled:?}") };
    assert_eq!((only.origin, &only.because, &only.by), (Origin::Announced, &None, &Some(openvpn())));
    assert!(kept.is_empty());
}

#[test]
fn ipv4_routes_that_go_without_a_word_went_with_their_link() {
    let routes = vec![route("0.0.0.0/1", vec![hop(TUN0, Some("10.8.0.1"))])];
    let before = two_links(routes);
    let after = state(vec![link(ETH0, "eth0")], vec![]);
    let hints = told([News::LinkGone(link(TUN0, "tun0"))]);
    assert_eq!(
        story(&before, &after, &hints).lines(),
        [
            "removed link tun0 (Ethernet) up mtu 1500 [Announced]",
            "removed route 0.0.0.0/1 via 10.8.0.1 dev tun0 proto static \
             [Inferred: went with link tun0]",
        ]
    );
}

#[test]
fn a_link_that_was_down_for_a_moment_explains_the_routes_it_cost() {
    let routes = vec![route("0.0.0.0/0", vec![hop(ETH0, Some("192.0.2.1"))])];
    let (before, after) = (two_links(routes), two_links(vec![]));
    let down = Link { flags: LinkFlags::default(), ..link(ETH0, "eth0") };
    let hints = told([News::Link(down), News::Link(link(ETH0, "eth0"))]);
    assert_eq!(
        story(&before, &after, &hints).lines(),
        ["removed route 0.0.0.0/0 via 192.0.2.1 dev eth0 proto static \
          [Inferred: link eth0 went down]"]
    );
}

#[test]
fn flags_that_flip_without_a_word_follow_from_the_carrier() {
    let with = |flags| vec![NextHop { flags, ..hop(ETH0, None) }];
    let before = two_links(vec![route("192.0.2.0/24", with(NextHopFlags::default()))]);
    let mut off = link(ETH0, "eth0");
    off.flags = LinkFlags::UP;
    let after = state(
        vec![off.clone(), link(TUN0, "tun0")],
        vec![route("192.0.2.0/24", with(NextHopFlags::LINKDOWN))],
    );
    let hints = told([News::Link(off)]);
    let (labelled, _) = story(&before, &after, &hints).explain();
    let causes: Vec<_> = labelled.into_iter().map(|labelled| labelled.because).collect();
    assert_eq!(causes, [None, Some(Cause::CarrierLost("eth0".into()))]);
}

#[test]
fn a_replaced_route_is_told_as_the_one_change_it_is() {
    let (old, new) = (
        route("203.0.113.0/24", vec![hop(ETH0, Some("192.0.2.1"))]),
        route("203.0.113.0/24", vec![hop(ETH0, Some("192.0.2.9"))]),
    );
    let (before, after) = (two_links(vec![old]), two_links(vec![new.clone()]));
    let hints = told([News::Route { route: new, replaces: true }]);
    assert_eq!(
        story(&before, &after, &hints).lines(),
        [
            "changed route 203.0.113.0/24: nexthops via 192.0.2.1 dev eth0 -> via 192.0.2.9 dev eth0 [Announced]"
        ]
    );
}

#[test]
fn a_leg_of_an_ipv6_route_that_is_told_to_go_announces_the_change_of_the_route() {
    let legs = vec![hop(ETH0, Some("fe80::1")), hop(TUN0, Some("fe80::2"))];
    let before = two_links(vec![route("2001:db8::/32", legs.clone())]);
    let after = two_links(vec![route("2001:db8::/32", legs[..1].to_vec())]);
    let hints = told([News::RouteGone(route("2001:db8::/32", legs[1..].to_vec()))]);
    let (labelled, _) = story(&before, &after, &hints).explain();
    assert_eq!(labelled.iter().map(|labelled| labelled.origin).collect::<Vec<_>>(), [Origin::Announced]);
}

#[test]
fn the_last_address_of_a_link_takes_routes_with_it() {
    let with = |addresses| {
        let routes: Vec<Route> = vec![route("0.0.0.0/0", vec![hop(ETH0, Some("192.0.2.1"))])];
        let routes = if addresses == 0 { vec![] } else { routes };
        let addresses = vec![address(ETH0, "192.0.2.2/24"); addresses];
        two_links(routes).to_builder().addresses(addresses).build()
    };
    let hints = told([News::AddressGone(address(ETH0, "192.0.2.2/24"))]);
    assert_eq!(
        story(&with(1), &with(0), &hints).lines()[1],
        "removed route 0.0.0.0/0 via 192.0.2.1 dev eth0 proto static \
         [Inferred: address 192.0.2.2/24 was removed from eth0]"
    );
}

#[test]
fn what_came_and_went_between_two_readings_is_told_as_a_pair() {
    let passing = route("198.51.100.0/24", vec![hop(ETH0, None)]);
    let empty = two_links(vec![]);
    let hints = told([News::Route { route: passing.clone(), replaces: false }, News::RouteGone(passing)]);
    assert_eq!(
        story(&empty, &empty, &hints).lines(),
        [
            "added route 198.51.100.0/24 dev if2 proto static [Announced] (passing)",
            "removed route 198.51.100.0/24 dev if2 proto static [Announced] (passing)",
        ]
    );
}

#[test]
fn what_went_and_came_back_is_told_as_a_pair() {
    let flapping = route("198.51.100.0/24", vec![hop(ETH0, None)]);
    let state = two_links(vec![flapping.clone()]);
    let hints = told([News::RouteGone(flapping.clone()), News::Route { route: flapping, replaces: false }]);
    let (labelled, _) = story(&state, &state, &hints).explain();
    assert!(matches!(labelled[0].change, Change::Removed { .. }) && labelled[0].passing);
    assert!(matches!(labelled[1].change, Change::Added { .. }) && labelled[1].passing);
    assert_eq!(labelled.len(), 2);
}

#[test]
fn what_came_with_a_word_and_went_without_one_is_told_with_both() {
    let before = two_links(vec![]);
    let after = state(vec![link(ETH0, "eth0")], vec![]);
    let short = route("203.0.113.0/24", vec![hop(TUN0, None)]);
    let hints = told([News::Route { route: short, replaces: false }, News::LinkGone(link(TUN0, "tun0"))]);
    let lines = story(&before, &after, &hints).lines();
    assert!(lines[0].ends_with("[Announced] (passing)"), "{lines:?}");
    assert!(lines[2].ends_with("[Inferred: went with link tun0] (passing)"), "{lines:?}");
}

#[test]
fn what_is_told_while_the_state_is_read_waits_for_the_next_reading() {
    let passing = route("198.51.100.0/24", vec![hop(ETH0, None)]);
    let empty = two_links(vec![]);
    let hints = told([News::Route { route: passing.clone(), replaces: false }, News::RouteGone(passing)]);
    let first = Story { late: 1, ..story(&empty, &empty, &hints) };
    let (labelled, kept) = first.explain();
    assert_eq!((labelled, kept), (vec![], BTreeSet::from([0, 1])));
    assert_eq!(story(&empty, &empty, &hints).lines().len(), 2);
}

#[test]
fn after_lost_messages_the_rest_is_resynced() {
    let new = route("203.0.113.0/24", vec![hop(ETH0, None)]);
    let (before, after) = (two_links(vec![]), two_links(vec![new]));
    let story = Story { lost: true, ..story(&before, &after, &[]) };
    let (labelled, _) = story.explain();
    assert_eq!(labelled.iter().map(|labelled| labelled.origin).collect::<Vec<_>>(), [Origin::Resynced]);
}
