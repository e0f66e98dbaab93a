//! Messages put together by hand, for what the recording kernel could not make: laid out after the
//! function of the kernel that each test names.

use super::*;
use crate::source::linux::decode::attributes::MALFORMED;

/// One attribute.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = u16::try_from(value.len() + 4).unwrap().to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// A link of index 9 named `t0` with these details.
fn link_of_kind(kind: &str, details: &[Vec<u8>]) -> Link {
    let info = [attribute(1, kind.as_bytes()), attribute(2, &details.concat())].concat();
    let mut message = vec![0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    message.extend([attribute(3, b"t0\0"), attribute(18, &info)].concat());
    link::decode(&message).unwrap()
}

fn tunnel_of_kind(kind: &str, details: &[Vec<u8>]) -> Tunnel {
    link_of_kind(kind, details).tunnel.unwrap()
}

const LOCAL: [u8; 4] = [192, 0, 2, 1];
const REMOTE: [u8; 4] = [192, 0, 2, 9];
const LOCAL6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const REMOTE6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];

fn ends(tunnel: &Tunnel) -> (String, String) {
    let text = |address: Option<IpAddr>| address.map_or("any".to_owned(), |address| address.to_string());
    (text(tunnel.local), text(tunnel.remote))
}

#[test]
fn ip_tunnels_have_two_ends() {
    // ipip_fill_info, ipip6_fill_info, ip6_tnl_fill_info
    let link = [attribute(1, &7_u32.to_ne_bytes())];
    let four = [link[0].clone(), attribute(2, &LOCAL), attribute(3, &[0; 4]), attribute(4, &[64])];
    for kind in ["ipip", "sit"] {
        let tunnel = tunnel_of_kind(kind, &four);
        assert_eq!(ends(&tunnel), ("192.0.2.1".into(), "any".into()), "{kind}");
        assert_eq!((tunnel.ttl, tunnel.mark), (Some(64), None));
        assert!(tunnel.unmodelled.is_empty(), "{tunnel:?}");
    }
    let six = [attribute(2, &LOCAL6), attribute(3, &REMOTE6), attribute(20, &5_u32.to_ne_bytes())];
    let tunnel = tunnel_of_kind("ip6tnl", &six);
    assert_eq!(ends(&tunnel), ("2001:db8::1".into(), "2001:db8::9".into()));
    assert_eq!(tunnel.mark, Some(5));
}

#[test]
fn gre_keys_count_only_with_their_flag() {
    // ipgre_fill_info, ip6gre_fill_info
    let details = |iflags: u16| {
        let [local, remote] = [LOCAL, REMOTE].map(|address| address.to_vec());
        [
            attribute(2, &iflags.to_be_bytes()),
            attribute(3, &0x2000_u16.to_be_bytes()),
            attribute(4, &7_u32.to_be_bytes()),
            attribute(5, &8_u32.to_be_bytes()),
            attribute(6, &local),
            attribute(7, &remote),
            attribute(8, &[9]),
        ]
    };
    for kind in ["gre", "gretap"] {
        let both = tunnel_of_kind(kind, &details(0x2000));
        assert_eq!((both.input_key, both.output_key, both.ttl), (Some(7), Some(8), Some(9)), "{kind}");
        assert_eq!(ends(&both), ("192.0.2.1".into(), "192.0.2.9".into()));
        assert_eq!(tunnel_of_kind(kind, &details(0)).input_key, None);
    }
    let six = [attribute(6, &LOCAL6), attribute(7, &REMOTE6)];
    assert_eq!(ends(&tunnel_of_kind("ip6gre", &six)), ("2001:db8::1".into(), "2001:db8::9".into()));
}

#[test]
fn other_tunnels_have_keys_or_identifiers() {
    // vti_fill_info, vti6_fill_info
    let keys = [attribute(2, &6_u32.to_be_bytes()), attribute(3, &7_u32.to_be_bytes())];
    for (kind, local, remote, expected) in [
        ("vti", LOCAL.to_vec(), REMOTE.to_vec(), ("192.0.2.1", "192.0.2.9")),
        ("vti6", LOCAL6.to_vec(), REMOTE6.to_vec(), ("2001:db8::1", "2001:db8::9")),
    ] {
        let [input, output] = keys.clone();
        let details = [input, output, attribute(4, &local), attribute(5, &remote)];
        let tunnel = tunnel_of_kind(kind, &details);
        assert_eq!((tunnel.input_key, tunnel.output_key), (Some(6), Some(7)));
        assert_eq!(ends(&tunnel), (expected.0.into(), expected.1.into()));
    }
    // geneve_fill_info
    let details = [
        attribute(1, &43_u32.to_ne_bytes()),
        attribute(7, &REMOTE6),
        attribute(3, &[0]),
        attribute(5, &6081_u16.to_be_bytes()),
    ];
    let geneve = tunnel_of_kind("geneve", &details);
    assert_eq!((geneve.id, geneve.port, geneve.ttl), (Some(43), Some(6081), Some(0)));
    assert_eq!(ends(&geneve).1, "2001:db8::9");
    // xfrmi_fill_info
    let xfrm = tunnel_of_kind("xfrm", &[attribute(1, &[2, 0, 0, 0]), attribute(2, &42_u32.to_ne_bytes())]);
    assert_eq!((xfrm.id, xfrm.unmodelled), (Some(42), vec![]));
}

#[test]
fn a_vlan_and_a_vrf_are_no_tunnels() {
    // vlan_fill_info
    let protocol = attribute(5, &0x8100_u16.to_be_bytes());
    let vlan = link_of_kind("vlan", &[protocol, attribute(1, &100_u16.to_ne_bytes()), attribute(2, &[0; 8])]);
    assert_eq!((vlan.vlan_id, vlan.tunnel, vlan.unmodelled), (Some(100), None, vec![]));
    // vrf_fillinfo
    let vrf = link_of_kind("vrf", &[attribute(1, &1001_u32.to_ne_bytes())]);
    assert_eq!((vrf.vrf_table, vrf.tunnel), (Some(1001), None));
}

#[test]
fn details_of_a_kind_without_a_model_are_kept_in_their_places() {
    let bond = link_of_kind("bond", &[attribute(1, &[4])]);
    let expected = attribute(2, &attribute(1, &[4]));
    assert_eq!(bond.unmodelled, [RawAttribute { kind: 18, bytes: HexBytes(expected.into()) }]);
}

#[test]
fn a_link_type_without_a_name_is_its_number() {
    let mut message = capture("a name that is not UTF-8");
    message[2..4].copy_from_slice(&4242_u16.to_ne_bytes());
    assert_eq!(link::decode(&message).unwrap().link_type, "4242");
    message[2..4].copy_from_slice(&801_u16.to_ne_bytes());
    assert_eq!(link::decode(&message).unwrap().link_type, "ieee802.11");
}

/// An IPv4 route to 203.0.113.0/24 with these attributes more.
fn route_with(flags: u32, more: &[Vec<u8>]) -> Route {
    let mut message = vec![2, 24, 0, 0, 254, 4, 0, 1];
    message.extend(flags.to_ne_bytes());
    message.extend([attribute(1, &[203, 0, 113, 0]), more.concat()].concat());
    route::decode(&message).unwrap()
}

#[test]
fn an_mpls_encapsulation_reads_as_ip_route_writes_it() {
    // mpls_fill_encap_info: the stack of labels, the last with the bottom bit; kind after bytes
    let labels: Vec<u8> =
        [100_u32 << 12, 200 << 12 | 1 << 8].iter().flat_map(|label| label.to_be_bytes()).collect();
    let wrap = [attribute(1, &labels), attribute(2, &[7])].concat();
    let route = route_with(
        0,
        &[attribute(22, &wrap), attribute(21, &1_u16.to_ne_bytes()), attribute(4, &[3, 0, 0, 0])],
    );
    let found = route.nexthops[0].encapsulation.as_ref().unwrap();
    assert_eq!((found.kind, &*found.text), (EncapsulationKind::MPLS, "100/200 ttl 7"));
    assert_eq!(*found.bytes.0, wrap);
    assert_eq!(route.to_string(), "203.0.113.0/24 encap mpls 100/200 ttl 7 dev if3 proto static");
}

#[test]
fn an_encapsulation_without_words_keeps_its_bytes() {
    let route = route_with(0, &[attribute(22, &[1, 2, 3]), attribute(21, &77_u16.to_ne_bytes())]);
    let found = route.nexthops[0].encapsulation.as_ref().unwrap();
    assert_eq!((found.kind, &*found.text), (EncapsulationKind(77), ""));
    assert_eq!(*found.bytes.0, [1, 2, 3]);
}

#[test]
fn flags_that_only_echo_the_question_are_dropped() {
    let echoed = 0x1000 | 0x2000;
    let route = route_with(0x11 | 0x4000 | echoed, &[attribute(4, &[3, 0, 0, 0])]);
    assert_eq!(route.flags, RouteFlags::OFFLOAD);
    assert_eq!(route.nexthops[0].flags, NextHopFlags::DEAD | NextHopFlags::LINKDOWN);
}

#[test]
fn one_bad_or_unknown_attribute_does_not_lose_the_route() {
    let short_priority = attribute(6, &[1]);
    let unknown = attribute(200, &[1, 2, 3]);
    let route = route_with(0, &[short_priority, unknown, attribute(4, &[3, 0, 0, 0]), vec![9, 0, 7, 0, 1]]);
    assert_eq!(route.nexthops[0].link_index, Some(3));
    let kept: Vec<_> = route.unmodelled.iter().map(|raw| (raw.kind, raw.bytes.to_string())).collect();
    assert_eq!(kept, [(6, "01".into()), (200, "010203".into()), (MALFORMED, "0900070001".to_owned())],);
}

#[test]
fn one_bad_attribute_does_not_lose_the_leg_of_a_multipath_route() {
    let leg = |hops: u8, chain: &[u8]| {
        let length = u16::try_from(8 + chain.len()).unwrap().to_ne_bytes();
        [&length[..], &[0, hops, 3, 0, 0, 0], chain].concat()
    };
    let bad = attribute(5, &[192, 0, 2]);
    let good = attribute(5, &[192, 0, 2, 2]);
    let legs = [leg(0, &bad), leg(4, &good), vec![3, 0, 0]].concat();
    let route = route_with(0, &[attribute(9, &legs)]);
    let ways: Vec<_> = route.nexthops.iter().map(ToString::to_string).collect();
    assert_eq!(ways, ["dev if3 weight 1", "via 192.0.2.2 dev if3 weight 5"]);
    let [rest] = route.unmodelled.as_slice() else { panic!("{route:?}") };
    assert_eq!((rest.kind, &*rest.bytes.0), (9, &*[bad, vec![3, 0, 0]].concat()));
}

#[test]
fn a_metric_without_a_name_is_kept_by_number_and_a_bad_one_raw() {
    let metrics = [attribute(40, &5_u32.to_ne_bytes()), attribute(2, &[1])].concat();
    let route = route_with(0, &[attribute(8, &metrics)]);
    assert_eq!(route.metrics.get(&RouteMetric(40)), Some(&5));
    let expected = RawAttribute { kind: 8, bytes: HexBytes(attribute(2, &[1]).into()) };
    assert_eq!(route.unmodelled, [expected]);
}

#[test]
fn a_message_that_would_be_a_wrong_claim_is_refused() {
    let header = |length| [2, length, 0, 0, 254, 4, 0, 1, 0, 0, 0, 0];
    assert_eq!(route::decode(&header(24)), Err(DecodeError::Missing("RTA_DST")));
    let too_long = [&header(33)[..], &attribute(1, &[203, 0, 113, 0])].concat();
    assert_eq!(route::decode(&too_long), Err(DecodeError::PrefixLength(33)));
    assert_eq!(route::decode(&[2, 0]), Err(DecodeError::TooShort));
    let from_nowhere = [2, 0, 24, 0, 254, 0, 0, 1, 0, 0, 0, 0];
    assert_eq!(rule::decode(&from_nowhere), Err(DecodeError::Missing("FRA_SRC")));
}

#[test]
fn messages_of_other_families_are_told_apart() {
    let mut neighbour = capture("ip neigh add proxy 192.0.2.78 dev ea");
    neighbour[0] = 7;
    assert_eq!(neighbor::decode(&neighbour), Err(DecodeError::OtherFamily(7)));
    let mut rule = capture("ip rule add fwmark 1 lookup main priority 500");
    rule[0] = 128;
    assert_eq!(rule::decode(&rule), Err(DecodeError::OtherFamily(128)));
    let mut route = capture("ip route add 203.0.113.128/27 nhid 10");
    route[0] = 28;
    assert_eq!(route::decode(&route), Err(DecodeError::OtherFamily(28)));
    let mut link = capture("a name that is not UTF-8");
    link[0] = 7;
    assert_eq!(link::decode(&link), Err(DecodeError::OtherFamily(7)));
}
