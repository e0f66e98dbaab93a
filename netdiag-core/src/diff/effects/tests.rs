//! The sweep against a slow, obvious oracle, and effects a person would expect.

use proptest::prelude::*;

use super::decide::range;
use super::*;
use crate::diff::rows::replaced_links;
use crate::model::{
    Family, Host, NextHop, NextHopFlags, NextHopObject, Route, RouteAttributes, RouterPreference, Rule,
    RuleAction, TableId,
};
use crate::snapshot::{SnapshotBuilder, arbitrary};

/// Where a plain packet to one address goes, found by looking at every rule and every route.
fn oracle(snapshot: &Snapshot, family: Family, address: u128) -> WayOut {
    let covers = |prefix: &IpNet| {
        let (first, last) = range(prefix);
        first <= address && address <= last
    };
    let mut no_way = WayOut {
        outcome: Outcome::NoRoute,
        link: None,
        link_index: None,
        gateway: None,
        source: None,
        nexthops: vec![],
    };
    let mut rules: Vec<Rule> = snapshot.rules_of(family).cloned().collect();
    if rules.is_empty() {
        rules = [255, 254, 253].map(|table| plain_rule(family, table, table)).into();
    }
    let mut skip_until = 0;
    for rule in rules {
        if rule.priority < skip_until {
            continue;
        }
        let mut matches = rule.mark.is_none_or(|mark| mark == 0)
            && rule.iif.as_ref().is_none_or(|iif| iif.as_str() == "lo")
            && rule.uid_range.is_none();
        if let Some(to) = rule.to {
            matches &= covers(&to);
        }
        if matches == rule.invert {
            continue;
        }
        match rule.action {
            RuleAction::GOTO => {
                if let Some(target) = rule.goto.filter(|target| *target > rule.priority) {
                    skip_until = target;
                }
            }
            RuleAction::BLACKHOLE | RuleAction::UNREACHABLE | RuleAction::PROHIBIT => {
                no_way.outcome = Outcome::Kind(RouteKind(rule.action.0));
                return no_way;
            }
            RuleAction::LOOKUP => {
                let in_table: Vec<&Route> = snapshot
                    .routes()
                    .iter()
                    .filter(|route| route.family() == family && Some(route.table) == rule.table)
                    .filter(|route| covers(&route.destination))
                    .filter(|route| route.tos == 0 && route.source_prefix.is_none())
                    .filter(|route| route.expires_in_s.is_none_or(|seconds| seconds >= 0))
                    .filter(|route| {
                        route.nexthops.is_empty()
                            || !route.nexthops.iter().all(|hop| hop.flags.contains(NextHopFlags::DEAD))
                    })
                    .collect();
                let Some(longest) = in_table.iter().map(|route| route.destination.prefix_len()).max() else {
                    continue;
                };
                let mut candidates: Vec<&Route> =
                    in_table.into_iter().filter(|route| route.destination.prefix_len() == longest).collect();
                if family == Family::V6 {
                    candidates.sort_by_key(|route| {
                        let rank = match route.router_preference {
                            Some(RouterPreference::HIGH) => 0,
                            None | Some(RouterPreference::MEDIUM) => 1,
                            Some(RouterPreference::LOW) => 2,
                            Some(_) => 3,
                        };
                        (route.metric, rank)
                    });
                }
                let route = candidates[0];
                let hops = alive(snapshot, &route.attributes);
                let object = snapshot.nexthops().iter().find(|object| Some(object.id) == route.nexthop_id);
                let kind = match object {
                    Some(object) if object.blackhole => RouteKind::BLACKHOLE,
                    _ => route.kind,
                };
                let is_error = [6, 7, 8].contains(&kind.0);
                if is_error {
                    no_way.outcome = Outcome::Kind(kind);
                    return no_way;
                }
                let group =
                    hops.first().and_then(|hop| snapshot.link(hop.link_index?)).map(|link| link.group);
                let is_suppressed = rule.suppress_prefix_length.is_some_and(|n| u32::from(longest) <= n)
                    || rule.suppress_interface_group.is_some() && rule.suppress_interface_group == group;
                if route.kind == RouteKind::THROW || is_suppressed {
                    continue;
                }
                let mut way = WayOut {
                    outcome: Outcome::Kind(route.kind),
                    source: route.preferred_source,
                    ..no_way.clone()
                };
                if let [hop] = hops.as_slice() {
                    (way.link, way.link_index, way.gateway) = (hop.link.clone(), hop.link_index, hop.gateway);
                } else {
                    way.nexthops = hops
                        .into_iter()
                        .map(|hop| Leg {
                            gateway: hop.gateway,
                            link: hop.link,
                            link_index: hop.link_index,
                            weight: hop.weight,
                        })
                        .collect();
                }
                return way;
            }
            _ => {}
        }
    }
    no_way
}

fn alive(snapshot: &Snapshot, attributes: &RouteAttributes) -> Vec<NextHop> {
    let mut hops = attributes.nexthops.clone();
    if let (true, Some(id)) = (hops.is_empty(), attributes.nexthop_id) {
        let find = |id| snapshot.nexthops().iter().find(|object| object.id == id);
        let ids: Vec<(u32, Option<u16>)> = match find(id) {
            Some(object) if !object.group.is_empty() => {
                object.group.iter().map(|member| (member.id, Some(member.weight))).collect()
            }
            _ => vec![(id, None)],
        };
        for (id, weight) in ids {
            if let Some(object) = find(id) {
                hops.push(NextHop {
                    gateway: object.gateway,
                    link: object.link.clone(),
                    link_index: object.link_index,
                    weight,
                    ..NextHop::default()
                });
            }
        }
    }
    hops.into_iter()
        .filter(|hop| !hop.flags.contains(NextHopFlags::DEAD))
        .filter(|hop| hop.gateway.is_some() || hop.link_index.is_some())
        .collect()
}

/// A way without the names of links, which may change without a change of the way.
fn nameless(mut way: WayOut) -> WayOut {
    way.link = None;
    way.nexthops.iter_mut().for_each(|leg| leg.link = None);
    way
}

/// The first and last address of every range in which nothing changes, and the neighbours.
fn probes(family: Family, states: [&Snapshot; 2]) -> Vec<u128> {
    let mut probes = vec![];
    let prefixes = states.into_iter().flat_map(|snapshot| {
        let routes = snapshot.routes().iter().map(|route| route.destination);
        routes.chain(snapshot.rules().iter().filter_map(|rule| rule.to))
    });
    for prefix in prefixes.filter(|prefix| Family::of(&prefix.addr()) == family) {
        let (first, last) = range(&prefix);
        probes.extend(
            [Some(first), Some(last), first.checked_sub(1), last.checked_add(1)].into_iter().flatten(),
        );
    }
    let (first, last) = range(&family.everything());
    probes.extend([first, last]);
    probes.retain(|address| (first..=last).contains(address));
    probes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn the_sweep_says_what_looking_at_every_route_says((before, after) in arbitrary::snapshot_and_next()) {
        let found = effects(&before, &after);
        let replaced = replaced_links(&before, &after);
        for family in [Family::V4, Family::V6] {
            for address in probes(family, [&before, &after]) {
                let (old, new) = (oracle(&before, family, address), oracle(&after, family, address));
                let mut says = found.iter().filter(|effect| {
                    let (first, last) = range(&effect.prefix);
                    Family::of(&effect.prefix.addr()) == family && first <= address && address <= last
                });
                let effect = says.next();
                prop_assert!(says.next().is_none(), "two effects for {address:x}");
                let on_replaced = |index: Option<u32>| index.is_some_and(|index| replaced.contains(&index));
                let (mut way_before, mut way_after) = (nameless(old.clone()), nameless(new.clone()));
                // Where one names no source, it may be the same.
                if way_before.source.is_none() || way_after.source.is_none() {
                    (way_before.source, way_after.source) = (None, None);
                }
                let is_moved = way_before != way_after
                    || on_replaced(old.link_index)
                    || old.nexthops.iter().any(|leg| on_replaced(leg.link_index));
                prop_assert_eq!(effect.is_some(), is_moved, "{:x}: {} -> {}", address, old, new);
                if let Some(effect) = effect {
                    prop_assert_eq!((&*effect.before, &*effect.after), (&old, &new));
                }
            }
        }
    }

    #[test]
    fn groups_say_the_same_as_the_effects((before, after) in arbitrary::snapshot_and_next()) {
        let found = effects(&before, &after);
        let mut again = Vec::new();
        for group in group_effects(&found) {
            for prefix in &group.prefixes {
                // Everything of the prefix that no exception covers, one by one.
                let mut rest = vec![*prefix];
                for except in &group.except {
                    rest = rest.into_iter().flat_map(|net| without(net, *except)).collect();
                }
                again.extend(rest.into_iter().map(|prefix| Effect {
                    prefix,
                    before: Arc::clone(&group.before),
                    after: Arc::clone(&group.after),
                }));
            }
        }
        again.sort_by_key(|effect| effect.prefix);
        prop_assert_eq!(again, found);
    }

    #[test]
    fn effects_are_as_few_prefixes_as_can_be((before, after) in arbitrary::snapshot_and_next()) {
        let found = effects(&before, &after);
        for pair in found.windows(2) {
            prop_assert!(Family::of(&pair[0].prefix.addr()) < Family::of(&pair[1].prefix.addr())
                || range(&pair[0].prefix).1 < range(&pair[1].prefix).0);
            let is_sibling = pair[0].prefix.supernet().is_some()
                && pair[0].prefix.supernet() == pair[1].prefix.supernet()
                && pair[0].prefix.prefix_len() == pair[1].prefix.prefix_len();
            prop_assert!(!is_sibling || pair[0].before != pair[1].before || pair[0].after != pair[1].after);
        }
    }
}

/// The prefixes that are left of one when a part of it is taken away.
fn without(net: IpNet, part: IpNet) -> Vec<IpNet> {
    if !net.contains(&part) {
        return vec![net];
    }
    if net == part {
        return vec![];
    }
    net.subnets(net.prefix_len() + 1).unwrap().flat_map(|half| without(half, part)).collect()
}

fn plain_rule(family: Family, priority: u32, table: u32) -> Rule {
    let json = format!(
        r#"{{"family":{},"priority":{priority},"action":"lookup","table":{table}}}"#,
        family.number()
    );
    serde_json::from_str(&json).unwrap()
}

fn route(text: &str, table: u32, gateway: Option<&str>, index: u32) -> Route {
    let hop = NextHop {
        gateway: gateway.map(|gateway| gateway.parse().unwrap()),
        link_index: Some(index),
        ..NextHop::default()
    };
    Route::new(
        text.parse().unwrap(),
        RouteAttributes { table: TableId(table), nexthops: vec![hop], ..RouteAttributes::default() },
    )
}

fn state(routes: Vec<Route>, rules: Vec<Rule>) -> Snapshot {
    SnapshotBuilder::new(jiff::Timestamp::UNIX_EPOCH, Host::default()).routes(routes).rules(rules).build()
}

fn lines(before: &Snapshot, after: &Snapshot) -> Vec<String> {
    effects(before, after).iter().map(Effect::to_string).collect()
}

#[test]
fn a_vpn_with_half_defaults_takes_everything_but_the_routes_that_are_longer() {
    let direct =
        vec![route("0.0.0.0/0", 254, Some("192.0.2.1"), 2), route("128.0.0.0/1", 254, Some("192.0.2.1"), 2)];
    let mut through = direct.clone();
    through.push(route("0.0.0.0/1", 254, None, 7));
    assert_eq!(
        lines(&state(direct, vec![]), &state(through, vec![])),
        ["0.0.0.0/1: via 192.0.2.1 dev if2 -> dev if7"]
    );
}

#[test]
fn wg_quick_keeps_the_local_network_direct() {
    let mut routes = vec![route("0.0.0.0/0", 254, Some("192.0.2.1"), 2), route("192.0.2.0/24", 254, None, 2)];
    let before = state(routes.clone(), vec![plain_rule(Family::V4, 32766, 254)]);
    routes.push(route("0.0.0.0/0", 51820, None, 7));
    let mut suppress = plain_rule(Family::V4, 32764, 254);
    suppress.suppress_prefix_length = Some(0);
    let mut unmarked = plain_rule(Family::V4, 32765, 51820);
    (unmarked.invert, unmarked.mark) = (true, Some(0xca6c));
    let after = state(routes, vec![suppress, unmarked, plain_rule(Family::V4, 32766, 254)]);
    let found = effects(&before, &after);
    assert!(found.iter().all(|effect| effect.to_string().ends_with("via 192.0.2.1 dev if2 -> dev if7")));
    let covers = |address: &str| {
        let address: IpAddr = address.parse().unwrap();
        found.iter().any(|effect| effect.prefix.contains(&address))
    };
    assert!(covers("198.51.100.1") && covers("192.0.1.255") && covers("192.0.3.0"));
    assert!(!covers("192.0.2.0") && !covers("192.0.2.255"));
    // 0.0.0.0/0 without one /24 is 24 prefixes.
    assert_eq!(found.len(), 24);
    let told: Vec<String> = group_effects(&found).iter().map(EffectGroup::to_string).collect();
    assert_eq!(told, ["0.0.0.0/0 except 192.0.2.0/24: via 192.0.2.1 dev if2 -> dev if7"]);
}

#[test]
fn a_lost_host_route_says_there_is_no_route_any_more() {
    let before = state(vec![route("2001:db8::7/128", 254, Some("fe80::1"), 2)], vec![]);
    assert_eq!(lines(&before, &state(vec![], vec![])), ["2001:db8::7/128: via fe80::1 dev if2 -> no route"]);
}

#[test]
fn a_route_by_a_blackhole_object_drops_packets() {
    let by_object = Route::new(
        "203.0.113.0/24".parse().unwrap(),
        RouteAttributes { nexthop_id: Some(7), ..RouteAttributes::default() },
    );
    let object = |blackhole| -> NextHopObject {
        let json =
            serde_json::json!({"id": 7, "blackhole": blackhole, "scope": "global", "protocol": "static"});
        serde_json::from_value(json).unwrap()
    };
    let with = |object| state(vec![by_object.clone()], vec![]).to_builder().nexthops(vec![object]).build();
    let (before, after) = (state(vec![], vec![]), with(object(true)));
    assert_eq!(lines(&before, &after), ["203.0.113.0/24: no route -> blackhole"]);
    // Nobody says what an object without link and gateway does.
    assert_eq!(lines(&after, &with(object(false))), ["203.0.113.0/24: blackhole -> unicast"]);
}

#[test]
fn a_link_that_went_takes_its_group_with_it() {
    let link: crate::model::Link = serde_json::from_value(serde_json::json!({
        "index": 2, "name": "eth0", "type": "ether", "state": "up", "flags": [], "mtu": 1500, "group": 7,
    }))
    .unwrap();
    let mut rule = plain_rule(Family::V4, 100, 254);
    rule.suppress_interface_group = Some(7);
    let without = state(vec![route("203.0.113.0/24", 254, None, 2)], vec![rule]);
    let with = without.to_builder().links(vec![link]).build();
    assert_eq!(lines(&with, &without), ["203.0.113.0/24: no route -> dev if2"]);
}
