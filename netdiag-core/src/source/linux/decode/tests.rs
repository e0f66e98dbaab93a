//! Messages as the kernel sent them, each named by the command that caused it.

mod by_hand;
mod hostile;
mod scenarios;

use super::*;
use crate::model::*;

/// The payload in `captures.txt` under this command.
fn capture(command: &str) -> Vec<u8> {
    let mut lines = include_str!("tests/captures.txt").lines();
    lines.find(|line| line.strip_prefix("# ") == Some(command)).expect("a command in captures.txt");
    let (_, hex) = lines.next().and_then(|line| line.split_once(' ')).expect("noun and payload");
    hex.parse::<HexBytes>().expect("hexadecimal").0.into()
}

fn route(command: &str) -> Route {
    route::decode(&capture(command)).unwrap()
}

fn rule(command: &str) -> Rule {
    rule::decode(&capture(command)).unwrap()
}

fn link(command: &str) -> Link {
    link::decode(&capture(command)).unwrap()
}

fn address(command: &str) -> Address {
    address::decode(&capture(command)).unwrap()
}

fn nexthop(command: &str) -> NextHopObject {
    nexthop::decode(&capture(command)).unwrap()
}

/// The one link of the recording is named after its number.
fn words(route: &Route) -> String {
    route.to_string().replace("dev if2", "dev ea").replace("dev if3", "dev ea")
}

#[test]
fn legs_of_a_multipath_route_have_weights_and_flags() {
    let route = route(
        "ip route add 203.0.113.0/24 nexthop via 192.0.2.2 dev ea weight 3 nexthop via 192.0.2.3 dev ea weight 256 onlink",
    );
    assert_eq!(
        words(&route),
        "203.0.113.0/24 proto boot nexthop via 192.0.2.2 dev ea weight 3 nexthop via 192.0.2.3 dev ea weight 256 onlink"
    );
    assert!(route.unmodelled.is_empty(), "{route:?}");
}

#[test]
fn a_gateway_may_be_of_the_other_family() {
    let route = route("ip route add 198.51.100.0/25 via inet6 2001:db8::2 dev ea");
    assert_eq!(words(&route), "198.51.100.0/25 via 2001:db8::2 dev ea proto boot");
    assert_eq!(route.nexthops[0].weight, None);
    assert!(route.unmodelled.is_empty(), "{route:?}");
}

#[test]
fn legs_may_differ_in_family_encapsulation_and_realms() {
    let route = route(
        "ip route add 198.51.100.128/26 nexthop via inet6 2001:db8::2 dev ea nexthop encap ip id 9 dst 192.0.2.9 via 192.0.2.3 dev ea realms 5",
    );
    let [first, second] = route.nexthops.as_slice() else { panic!("{route:?}") };
    assert_eq!(first.gateway, Some("2001:db8::2".parse().unwrap()));
    assert_eq!(second.gateway, Some("192.0.2.3".parse().unwrap()));
    assert_eq!((first.realms, second.realms), (None, Some(5)));
    let wrap = second.encapsulation.as_ref().unwrap();
    assert_eq!(
        (wrap.kind, &*wrap.text),
        (EncapsulationKind::IP, "id 9 src 0.0.0.0 dst 192.0.2.9 ttl 0 tos 0")
    );
    assert!(route.unmodelled.is_empty(), "{route:?}");
}

#[test]
fn an_ip_encapsulation_reads_as_ip_route_writes_it() {
    let route = route(
        "ip route add 198.51.100.192/27 encap ip id 42 dst 192.0.2.9 src 192.0.2.1 ttl 9 tos 4 key csum via 192.0.2.2 dev ea",
    );
    let wrap = route.nexthops[0].encapsulation.as_ref().unwrap();
    assert_eq!(wrap.text, "id 42 src 192.0.2.1 dst 192.0.2.9 ttl 9 tos 4 key csum");
    assert!(!wrap.bytes.0.is_empty());
    assert!(route.unmodelled.is_empty(), "{route:?}");
}

#[test]
fn an_ip6_encapsulation_reads_as_ip_route_writes_it() {
    let route = route(
        "ip -6 route add 2001:db8:1::/48 encap ip6 id 7 dst 2001:db8::9 src 2001:db8::1 hoplimit 64 tc 8 via 2001:db8::2 dev ea",
    );
    let wrap = route.nexthops[0].encapsulation.as_ref().unwrap();
    assert_eq!(wrap.kind, EncapsulationKind::IP6);
    assert_eq!(wrap.text, "id 7 src 2001:db8::1 dst 2001:db8::9 hoplimit 64 tc 8");
}

#[test]
fn a_segment_routing_encapsulation_lists_its_segments_in_the_order_of_travel() {
    let route =
        route("ip -6 route add 2001:db8:2::/48 encap seg6 mode encap segs 2001:db8::a,2001:db8::b dev ea");
    let wrap = route.nexthops[0].encapsulation.as_ref().unwrap();
    assert_eq!(wrap.kind, EncapsulationKind::SEG6);
    assert_eq!(wrap.text, "mode encap segs 2 [ 2001:db8::a 2001:db8::b ]");
    assert_eq!(route.nexthops[0].gateway, None);
}

#[test]
fn metrics_are_kept_by_number_with_the_congestion_control_apart() {
    let route = route(
        "ip route add 203.0.113.64/26 via 192.0.2.2 dev ea src 192.0.2.1 tos 0x10 metric 77 proto static table 1000 mtu lock 1400 congctl cubic rtt 300ms hoplimit 20 features ecn realms 3/4",
    );
    assert_eq!(route.table, TableId(1000));
    assert_eq!((route.tos, route.metric, route.protocol), (0x10, 77, RouteProtocol::STATIC));
    assert_eq!(route.preferred_source, Some("192.0.2.1".parse().unwrap()));
    assert_eq!((route.mtu, route.congestion_control.as_deref()), (Some(1400), Some("cubic")));
    let metrics: Vec<_> = route.metrics.iter().map(|(metric, value)| (*metric, *value)).collect();
    let expected = [
        (RouteMetric::LOCK, 1 << 2),
        (RouteMetric::RTT, 300 * 8),
        (RouteMetric::HOPLIMIT, 20),
        (RouteMetric::FEATURES, 1),
    ];
    assert_eq!(metrics, expected);
    assert_eq!(route.realms, Some(3 << 16 | 4));
    assert!(route.unmodelled.is_empty(), "{route:?}");
}

#[test]
fn an_ipv4_blackhole_has_no_way_out_and_an_ipv6_one_leads_to_lo() {
    let four = route("ip route add blackhole 203.0.113.192/26 metric 4278198272");
    assert_eq!((four.kind, four.metric), (RouteKind::BLACKHOLE, 4_278_198_272));
    assert!(four.nexthops.is_empty());
    let six = route("ip -6 route add unreachable 2001:db8:4::/48 table 51820");
    assert_eq!((six.kind, six.table), (RouteKind::UNREACHABLE, TableId(51820)));
    assert_eq!(six.nexthops[0].link_index, Some(1));
}

#[test]
fn a_default_route_has_no_destination_attribute_and_flags_go_to_the_nexthop() {
    let route = route("ip route add default via 192.0.2.254 dev ea onlink proto 77 metric 5");
    assert_eq!(words(&route), "0.0.0.0/0 via 192.0.2.254 dev ea proto 77 metric 5 onlink");
    assert_eq!(route.nexthops[0].flags, NextHopFlags::ONLINK);
    assert!(route.flags.is_empty());
}

#[test]
fn a_source_specific_route_has_a_source_prefix_and_a_router_preference() {
    let route = route(
        "ip -6 route add 2001:db8:5::/48 from 2001:db8:f::/48 via 2001:db8::2 dev ea metric 5 pref high",
    );
    assert_eq!(route.source_prefix, Some("2001:db8:f::/48".parse().unwrap()));
    assert_eq!(route.router_preference, Some(RouterPreference::HIGH));
    assert_eq!(route.expires_in_s, None);
}

#[test]
fn expiry_is_in_seconds_and_negative_once_it_has_passed() {
    let alive = route("ip -6 route add 2001:db8:6::/48 via 2001:db8::2 dev ea expires 100");
    assert!(matches!(alive.expires_in_s, Some(99 | 100)), "{:?}", alive.expires_in_s);
    let late = "ip -6 route add 2001:db8:66::/48 via 2001:db8::2 dev ea expires 1 (three seconds later)";
    assert!(matches!(route(late).expires_in_s, Some(-4..=-2)), "{:?}", route(late).expires_in_s);
}

#[test]
fn a_route_by_nexthop_object_keeps_its_number_beside_the_ways_out() {
    let group = route("ip route add 203.0.113.128/27 nhid 10");
    assert_eq!(group.nexthop_id, Some(10));
    let weights: Vec<_> = group.nexthops.iter().map(|hop| hop.weight).collect();
    assert_eq!(weights, [Some(3), Some(200)]);
    assert_eq!(route("ip route add 203.0.113.160/27 nhid 11").nexthop_id, Some(11));
}

#[test]
fn a_rule_with_every_selector_reads_as_ip_rule_writes_it() {
    let rule = rule(
        "ip rule add not from 192.0.2.0/24 to 198.51.100.7 tos 0x08 fwmark 0xca6c/0xffff iif ea oif gone uidrange 1000-2000 ipproto tcp sport 1024-2048 dport 443 tun_id 99 realms 3/4 lookup 51820 suppress_prefixlength 0 suppress_ifgroup 7 priority 100 protocol static",
    );
    assert_eq!(
        rule.to_string(),
        "not from 192.0.2.0/24 to 198.51.100.7/32 tos 0x08 fwmark 0xca6c/0xffff iif ea oif gone [detached] uidrange 1000-2000 ipproto tcp sport 1024-2048 dport 443 tun_id 99 lookup 51820 suppress_prefixlength 0 suppress_ifgroup 7 realms 3/4 proto static"
    );
    assert_eq!((rule.priority, rule.family), (100, Family::V4));
    assert!(rule.unmodelled.is_empty(), "{rule:?}");
}

#[test]
fn what_a_rule_does_not_have_is_absent() {
    let rule = rule("ip rule add fwmark 1 lookup main priority 500");
    assert_eq!((rule.suppress_prefix_length, rule.suppress_interface_group), (None, None));
    assert_eq!((rule.mark, rule.mask), (Some(1), Some(u32::MAX)));
    assert_eq!((rule.from, rule.to, rule.goto), (None, None, None));
    assert_eq!(rule.table, Some(TableId::MAIN));
}

#[test]
fn a_goto_says_whether_its_target_exists() {
    let found = rule("ip rule add from all iif gone goto 32766 priority 200");
    assert_eq!((found.action, found.goto, found.unresolved), (RuleAction::GOTO, Some(32766), false));
    assert!(found.iif_detached);
    let missing = rule("ip rule add from all goto 900 priority 300");
    assert_eq!((missing.goto, missing.unresolved), (Some(900), true));
}

#[test]
fn a_rule_keeps_the_host_bits_of_its_prefix() {
    let rule = rule("ip rule add from 203.0.113.9/24 blackhole priority 400");
    assert_eq!(rule.to_string(), "from 203.0.113.9/24 blackhole");
}

#[test]
fn an_l3mdev_rule_names_no_table() {
    let rule = rule("ip rule add l3mdev priority 1000");
    assert_eq!((rule.l3mdev, rule.table), (true, None));
}

#[test]
fn selectors_newer_than_the_parser_are_understood() {
    let four =
        rule("dscp 46/0x3e sport 1024/0xfc00 dport 53 lookup main priority 600, as a newer ip would ask");
    assert_eq!((four.dscp, four.dscp_mask), (Some(46), Some(0x3e)));
    assert_eq!((four.sport_mask, four.dport_mask), (Some(0xfc00), Some(u16::MAX)));
    assert_eq!(four.dport, Some(PortRange { start: 53, end: 53 }));
    assert!(four.unmodelled.is_empty(), "{four:?}");
    let six = rule("flowlabel 0x12300/0xfff00 lookup main priority 700, as a newer ip would ask");
    assert_eq!((six.flow_label, six.flow_label_mask), (Some(0x12300), Some(0xfff00)));
    assert!(six.unmodelled.is_empty(), "{six:?}");
}

#[test]
fn an_ipv6_rule_has_ipv6_prefixes() {
    let rule = rule("ip -6 rule add from 2001:db8::/32 to 2001:db8:7::1 prohibit priority 800");
    assert_eq!(rule.family, Family::V6);
    assert_eq!(rule.to_string(), "from 2001:db8::/32 to 2001:db8:7::1/128 prohibit");
}

#[test]
fn nexthop_objects_are_decoded() {
    let plain = nexthop("ip nexthop add id 1 via 192.0.2.2 dev ea proto static");
    assert_eq!((plain.id, plain.family), (1, Some(Family::V4)));
    assert_eq!(plain.gateway, Some("192.0.2.2".parse().unwrap()));
    assert_eq!((plain.protocol, plain.scope), (RouteProtocol::STATIC, RouteScope::LINK));
    assert!(plain.link_index.is_some() && plain.unmodelled.is_empty(), "{plain:?}");

    let wrapped = nexthop("ip nexthop add id 2 via 192.0.2.3 dev ea onlink encap ip id 5 dst 192.0.2.9");
    assert_eq!(wrapped.flags, NextHopFlags::ONLINK);
    let wrap = wrapped.encapsulation.unwrap();
    assert_eq!((wrap.kind, wrap.text.starts_with("id 5 ")), (EncapsulationKind::IP, true));

    assert!(nexthop("ip nexthop add id 3 blackhole").blackhole);
    let six = nexthop("ip -6 nexthop add id 4 via 2001:db8::2 dev ea");
    assert_eq!((six.family, six.gateway), (Some(Family::V6), Some("2001:db8::2".parse().unwrap())));
    assert!(nexthop("ip nexthop add id 5 via 192.0.2.9 fdb").fdb);
}

#[test]
fn nexthop_groups_have_weights_of_sixteen_bits() {
    let members = |id, weight| GroupMember { id, weight };
    let group = nexthop("ip nexthop add id 10 group 1,3/2,200");
    assert_eq!((group.family, group.group_type.as_deref()), (None, Some("mpath")));
    assert_eq!(group.group, [members(1, 3), members(2, 200)]);
    assert!(group.unmodelled.is_empty(), "{group:?}");
    let heavy = nexthop("id 12 group 1/300,2/1000, as a newer ip would ask");
    assert_eq!(heavy.group, [members(1, 300), members(2, 1000)]);
}

#[test]
fn a_resilient_group_keeps_its_timers_raw_but_not_the_one_that_runs() {
    let group = nexthop("ip nexthop add id 11 group 1/2 type resilient buckets 8 idle_timer 60");
    assert_eq!(group.group_type.as_deref(), Some("resilient"));
    let [timers] = group.unmodelled.as_slice() else { panic!("{group:?}") };
    assert_eq!(timers.kind, 12);
    let mut kinds = Vec::new();
    attributes::each(&timers.bytes.0, &[], |timer| {
        kinds.push(timer.kind);
        Ok(attributes::Taken::Modelled)
    });
    assert_eq!(kinds, [1, 2, 3]);
}

#[test]
fn the_peer_of_an_address_is_told_from_the_address() {
    let four = address("ip addr add 192.0.2.33 peer 192.0.2.44/32 dev ea label ea:tun metric 9");
    assert_eq!(four.address, "192.0.2.33/32".parse().unwrap());
    assert_eq!(four.peer, Some("192.0.2.44".parse().unwrap()));
    assert_eq!((four.label, four.metric), (Some("ea:tun".into()), 9));
    let six = address("ip addr add 2001:db8:9::1 peer 2001:db8:9::2/128 dev ea home nodad");
    assert_eq!(six.address, "2001:db8:9::1/128".parse().unwrap());
    assert_eq!(six.peer, Some("2001:db8:9::2".parse().unwrap()));
    assert!(six.flags.contains(AddressFlags::HOME | AddressFlags::NO_DAD | AddressFlags::PERMANENT));
}

#[test]
fn lifetimes_are_absent_when_they_are_forever() {
    let limited = address("ip addr add 192.0.2.65/26 broadcast + dev ea valid_lft 1000 preferred_lft 0");
    assert_eq!((limited.preferred_for_s, limited.valid_for_s), (Some(0), Some(1000)));
    assert_eq!((limited.peer, limited.broadcast), (None, Some("192.0.2.127".parse().unwrap())));
    let forever = address("ip addr add 192.0.2.2/24 dev ea");
    assert_eq!((forever.preferred_for_s, forever.valid_for_s), (None, None));
    assert_eq!(forever.flag_names().collect::<Vec<_>>(), ["secondary", "permanent"]);
    assert!(forever.unmodelled.is_empty(), "{forever:?}");
}

#[test]
fn flags_beyond_the_first_byte_come_from_their_own_attribute() {
    let address = address("ip addr add 2001:db8:a::1/64 dev ea nodad mngtmpaddr noprefixroute");
    assert!(address.flags.contains(AddressFlags::MANAGE_TEMPORARY | AddressFlags::NO_PREFIX_ROUTE));
}

#[test]
fn neighbours_have_their_flags_from_two_places() {
    let router = neighbor::decode(&capture(
        "ip neigh add 192.0.2.77 lladdr 02:00:00:00:00:77 dev ea nud permanent protocol static router",
    ))
    .unwrap();
    assert_eq!(router.address, "192.0.2.77".parse::<IpAddr>().unwrap());
    assert_eq!(router.mac.unwrap().to_string(), "02:00:00:00:00:77");
    assert_eq!((router.state, router.flags), (NeighborState::PERMANENT, NeighborFlags::ROUTER));
    assert_eq!(router.protocol, Some(RouteProtocol::STATIC));
    assert!(router.unmodelled.is_empty());

    let managed =
        neighbor::decode(&capture("ip neigh add 2001:db8::77 dev ea managed extern_learn")).unwrap();
    assert_eq!(managed.flags, NeighborFlags::MANAGED | NeighborFlags::EXTERN_LEARNED);
    let proxy = neighbor::decode(&capture("ip neigh add proxy 192.0.2.78 dev ea")).unwrap();
    assert!(proxy.key().2, "{proxy:?}");
}

#[test]
fn a_label_may_be_for_one_link() {
    let command = "ip addrlabel add prefix 2001:db8:7::/48 dev ea label 77";
    let one = address_label::decode(&capture(command)).unwrap();
    assert_eq!((one.prefix, one.label), ("2001:db8:7::/48".parse().unwrap(), 77));
    assert!(one.link_index.is_some());
    let command = "ip addrlabel add prefix 2001:db8:8::/48 label 78";
    let all = address_label::decode(&capture(command)).unwrap();
    assert_eq!((all.label, all.link_index), (78, None));
}

#[test]
fn a_tun_device_says_who_may_use_it() {
    let tun = link("ip tuntap add dev tun0 mode tun user 1000 group 2000 pi");
    assert_eq!((tun.kind.as_deref(), &*tun.link_type), (Some("tun"), "none"));
    assert_eq!((tun.carrier, &tun.mac), (Some(false), &None), "nobody holds it");
    let details = tun.tunnel.unwrap();
    assert_eq!(details.mode.as_deref(), Some("tun"));
    assert_eq!((details.uid, details.gid), (Some(1000), Some(2000)));
    assert_eq!((details.persistent, details.packet_info), (Some(true), Some(true)));
    assert_eq!(details.multi_queue, Some(false));
    assert!(details.unmodelled.is_empty() && tun.unmodelled.is_empty());

    let tap = link("ip tuntap add dev tap0 mode tap multi_queue").tunnel.unwrap();
    assert_eq!((tap.mode.as_deref(), tap.multi_queue), (Some("tap"), Some(true)));
    assert_eq!((tap.uid, tap.packet_info), (None, Some(false)));
}

#[test]
fn a_vxlan_has_identifier_remote_port_and_lower_link() {
    let vxlan = link("ip link add name vx1 type vxlan id 42 remote 192.0.2.9 dstport 4789 dev ea");
    assert!(vxlan.peer_index.is_some());
    let details = vxlan.tunnel.unwrap();
    assert_eq!((details.id, details.port), (Some(42), Some(4789)));
    assert_eq!((details.remote, details.local), (Some("192.0.2.9".parse().unwrap()), None));
    assert!(!details.unmodelled.is_empty(), "a VXLAN has details without a place in the model");
}

#[test]
fn a_peer_in_another_namespace_is_only_an_index() {
    let here = link("ip link add x type veth peer name y netns other");
    assert_eq!(here.kind.as_deref(), Some("veth"));
    assert!(here.peer_index.is_some() && here.peer_namespace_id.is_some(), "{here:?}");
    assert!(here.tunnel.is_none() && here.unmodelled.is_empty());
}

#[test]
fn timers_of_a_bridge_are_not_kept() {
    let bridge = link("ip link add name br1 type bridge");
    let [details] = bridge.unmodelled.as_slice() else { panic!("{bridge:?}") };
    let mut kinds = Vec::new();
    attributes::each(&details.bytes.0, &[], |data| {
        attributes::each(data.value, &[], |detail| {
            kinds.push(detail.kind);
            Ok(attributes::Taken::Modelled)
        });
        Ok(attributes::Taken::Modelled)
    });
    assert!(kinds.contains(&1), "IFLA_BR_FORWARD_DELAY");
    assert!(!kinds.iter().any(|kind| (16..=19).contains(kind)), "{kinds:?}");
}

#[test]
fn a_name_that_is_not_text_is_kept_and_escaped() {
    let link = link("a name that is not UTF-8");
    assert_eq!(link.name.as_str(), "\\xff\u{1b}[31m");
    assert_eq!(link.name.to_string(), "\\xff\\x1b[31m");
}

#[test]
fn other_names_alias_and_group_of_a_link_are_read() {
    let link = link(
        "ip link property add dev eb altname beta-of-the-pair altname alpha; ip link set eb alias \"uplink of the lab\" group 7",
    );
    assert_eq!(link.alternative_names, ["alpha", "beta-of-the-pair"]);
    assert_eq!(link.alias.as_deref(), Some("uplink of the lab"));
    assert_eq!((link.group, link.state), (7, LinkState::UP));
    assert_eq!((link.carrier, link.mtu, &*link.link_type), (Some(true), 1500, "ether"));
    assert_eq!(link.address_generation.as_deref(), Some("eui64"));
    assert!(link.unmodelled.is_empty(), "{link:?}");
}
