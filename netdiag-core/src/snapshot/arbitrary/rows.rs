//! Random rows of each kind.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use proptest::bool::weighted;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::model::*;

pub(super) fn text() -> impl Strategy<Value = String> {
    select(vec![
        "a",
        "",
        "b c",
        "é\u{9b}x",
        "\u{1b}[31m",
        "~x",
        "[y]",
        "\\u{20}",
        "%z",
        "\u{202e}\u{e0041}\"",
    ])
    .prop_map(String::from)
}

fn name() -> impl Strategy<Value = LinkName> {
    select(vec!["eth0", "tun0", "wl\u{1b}n0", "lo"]).prop_map(LinkName::from)
}

fn raw() -> impl Strategy<Value = Vec<RawAttribute>> {
    vec(
        (1u16..4, vec(any::<u8>(), 0..3))
            .prop_map(|(kind, bytes)| RawAttribute { kind, bytes: HexBytes(bytes.into()) }),
        0..2,
    )
}

fn v4() -> impl Strategy<Value = Ipv4Addr> {
    (0u8..4).prop_map(|host| Ipv4Addr::new(192, 0, 2, host))
}

fn v6() -> impl Strategy<Value = Ipv6Addr> {
    (0u16..4).prop_map(|host| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, host))
}

fn ip() -> impl Strategy<Value = IpAddr> {
    prop_oneof![v4().prop_map(IpAddr::from), v6().prop_map(IpAddr::from)]
}

/// Prefixes that often contain each other, with everything and the edges of the address space.
pub(crate) fn prefix() -> impl Strategy<Value = IpNet> {
    let v4_edges = prop_oneof![
        3 => v4(),
        1 => Just(Ipv4Addr::UNSPECIFIED),
        1 => Just(Ipv4Addr::BROADCAST),
    ];
    let v6_edges = prop_oneof![
        3 => v6(),
        1 => Just(Ipv6Addr::UNSPECIFIED),
        1 => Just(Ipv6Addr::from(u128::MAX)),
    ];
    prop_oneof![
        2 => (v4_edges, select(vec![0u8, 1, 24, 30, 31, 32]))
            .prop_map(|(address, length)| Ipv4Net::new(address, length).unwrap().trunc().into()),
        1 => (v6_edges, select(vec![0u8, 1, 64, 126, 127, 128]))
            .prop_map(|(address, length)| Ipv6Net::new(address, length).unwrap().trunc().into()),
    ]
}

fn process() -> impl Strategy<Value = Process> {
    (1u32..4, of(text())).prop_map(|(pid, command)| Process { pid, command })
}

pub(super) fn link() -> impl Strategy<Value = Link> {
    let mac = vec(0u8..2, 6).prop_map(|octets| MacAddress(octets.into()));
    let first = (1u32..5, name(), 0u32..2, of(select(vec!["tun", "veth", "x\u{9b}"])), of(mac), 0u32..2);
    let second =
        (any::<bool>(), of(1u32..5), of(1u32..5), of(text()), of(process()), raw(), vec(text(), 0..2));
    (first, second).prop_map(|((index, name, generation, kind, mac, group), second)| {
        let (is_up, master_index, peer_index, alias, owner, unmodelled, alternative_names) = second;
        Link {
            index,
            name,
            generation,
            kind: kind.map(Into::into),
            link_type: "ether".into(),
            state: if is_up { LinkState::UP } else { LinkState::DOWN },
            flags: LinkFlags(u32::from(is_up)),
            mtu: 1500,
            mac,
            master_index,
            master: None,
            peer_index,
            peer: None,
            peer_namespace_id: None,
            alternative_names,
            alias,
            group,
            carrier: Some(is_up),
            vrf_table: None,
            vlan_id: None,
            address_generation: None,
            tunnel: is_up.then(Tunnel::default),
            owner,
            unmodelled,
        }
    })
}

pub(super) fn address() -> impl Strategy<Value = Address> {
    let lifetime = || of(1u32..5);
    (1u32..5, prefix(), of(v4()), of(name()), lifetime(), lifetime(), 0u32..3, raw()).prop_map(
        |(link_index, address, peer, label, preferred_for_s, valid_for_s, flags, unmodelled)| Address {
            link: None,
            link_index,
            address,
            peer: peer.map(Into::into),
            broadcast: None,
            scope: AddressScope::GLOBAL,
            flags: AddressFlags(flags),
            preferred_for_s,
            valid_for_s,
            label,
            metric: 0,
            protocol: 0,
            position: 0,
            unmodelled,
        },
    )
}

fn hop() -> impl Strategy<Value = NextHop> {
    (of(ip()), of(1u32..5), of(1u16..3), select(vec![0u32, 0, 1, 4, 0x10, 0x8000])).prop_map(
        |(gateway, link_index, weight, flags)| NextHop {
            gateway,
            link_index,
            weight,
            flags: NextHopFlags(flags),
            encapsulation: weight.map(|_| Encapsulation {
                kind: EncapsulationKind::MPLS,
                text: "100".into(),
                bytes: HexBytes::default(),
            }),
            ..NextHop::default()
        },
    )
}

pub(crate) fn route() -> impl Strategy<Value = Route> {
    let first = (prefix(), select(vec![254u32, 254, 255, 253, 7]), 0u8..2, 0u32..2, 1u8..10, 0u8..3);
    let second = (of(ip()), vec(hop(), 0..3), of(1u32..4), of(-1i64..3), of(0u8..4), raw());
    (first, second).prop_map(|((destination, table, tos, metric, kind, protocol), second)| {
        let (preferred_source, nexthops, nexthop_id, expires_in_s, preference, unmodelled) = second;
        let is_v6 = matches!(destination, IpNet::V6(_));
        let attributes = RouteAttributes {
            table: TableId(table),
            source_prefix: (is_v6 && tos == 1).then(|| "2001:db8::/32".parse().unwrap()),
            tos,
            metric,
            kind: RouteKind(kind),
            protocol: RouteProtocol(protocol),
            preferred_source,
            nexthops,
            nexthop_id,
            metrics: nexthop_id.map(|id| (RouteMetric::HOPLIMIT, id)).into_iter().collect(),
            congestion_control: nexthop_id.map(|_| "cu\u{7f}bic".into()),
            expires_in_s,
            router_preference: preference.map(RouterPreference),
            unmodelled,
            ..RouteAttributes::default()
        };
        Route::new(destination, attributes)
    })
}

pub(crate) fn rule() -> impl Strategy<Value = Rule> {
    let selectors = (of(prefix()), of(0u32..2), of(name()), any::<bool>(), any::<bool>());
    let actions = (select(vec![1u8, 1, 1, 2, 3, 6, 7]), 1u32..4, of(0u32..33), of(0u32..2), of(0u32..4));
    (select(vec![Family::V4, Family::V6]), 0u32..3, selectors, actions).prop_map(
        |(family, priority, (to, mark, iif, invert, is_for_user), (action, table, length, group, goto))| {
            Rule {
                family,
                priority,
                invert,
                from: None,
                to: to.filter(|to| {
                    matches!((family, to), (Family::V4, IpNet::V4(_)) | (Family::V6, IpNet::V6(_)))
                }),
                mark,
                mask: None,
                iif: iif.filter(|_| is_for_user),
                iif_detached: false,
                oif: None,
                oif_detached: false,
                uid_range: is_for_user.then_some(UidRange { start: 0, end: 1000 }),
                ip_protocol: None,
                sport: None,
                sport_mask: None,
                dport: None,
                dport_mask: None,
                tos: 0,
                dscp: None,
                dscp_mask: None,
                flow_label: None,
                flow_label_mask: None,
                tun_id: None,
                l3mdev: false,
                action: RuleAction(action),
                table: (action == 1).then_some(TableId(252 + table)),
                goto: goto.filter(|_| action == 2),
                unresolved: false,
                suppress_prefix_length: length,
                suppress_interface_group: group,
                realms: 0,
                protocol: None,
                unmodelled: Vec::new(),
            }
        },
    )
}

pub(super) fn neighbor() -> impl Strategy<Value = Neighbor> {
    (1u32..5, ip(), of(0u8..2), select(vec![2u16, 4, 8, 16, 32, 128]), 0u32..16).prop_map(
        |(link_index, address, mac, state, flags)| Neighbor {
            link: None,
            link_index,
            address,
            mac: mac.map(|octet| MacAddress([2, 0, 0, 0, 0, octet].into())),
            state: NeighborState(state),
            flags: NeighborFlags(flags),
            protocol: None,
            unmodelled: Vec::new(),
        },
    )
}

pub(super) fn nexthop() -> impl Strategy<Value = NextHopObject> {
    (1u32..4, of(ip()), of(1u32..5), vec((1u32..4, 1u16..3), 0..3), weighted(0.2)).prop_map(
        |(id, gateway, link_index, group, blackhole)| NextHopObject {
            id,
            family: None,
            gateway,
            link: None,
            link_index,
            blackhole,
            fdb: false,
            group: group.into_iter().map(|(id, weight)| GroupMember { id, weight }).collect(),
            group_type: None,
            encapsulation: None,
            scope: RouteScope::GLOBAL,
            protocol: RouteProtocol::STATIC,
            flags: NextHopFlags::default(),
            unmodelled: Vec::new(),
        },
    )
}

pub(super) fn address_label() -> impl Strategy<Value = AddressLabel> {
    (prefix(), of(1u32..5), 0u32..3).prop_map(|(prefix, link_index, label)| AddressLabel {
        prefix,
        link: None,
        link_index,
        label,
        unmodelled: Vec::new(),
    })
}

fn server() -> impl Strategy<Value = NameServer> {
    (ip(), of(text()), of(1u32..5)).prop_map(|(address, zone, line)| NameServer { address, zone, line })
}

fn unknown() -> impl Strategy<Value = Vec<UnknownLine>> {
    vec((1u32..5, text(), text()).prop_map(|(line, text, because)| UnknownLine { line, text, because }), 0..2)
}

pub(super) fn resolver() -> impl Strategy<Value = ResolverConfig> {
    let resolv_conf =
        (text(), of(text()), vec(server(), 0..3), vec(text(), 0..3), vec(text(), 0..3), unknown()).prop_map(
            |(path, target, nameservers, search, options, unknown)| ResolvConf {
                path,
                target,
                nameservers,
                search_line: (!search.is_empty()).then_some(3),
                search,
                sortlist: options.clone(),
                options,
                unknown,
            },
        );
    let hosts = (text(), vec((ip(), of(text()), vec(text(), 1..3)), 0..3), unknown()).prop_map(
        |(path, entries, unknown)| HostsFile {
            path,
            entries: entries
                .into_iter()
                .map(|(address, zone, names)| HostsEntry { line: 1, address, zone, names })
                .collect(),
            unknown,
        },
    );
    let nsswitch = (text(), of(1u32..9), vec((text(), vec(text(), 0..3)), 0..3), unknown()).prop_map(
        |(path, line, hosts, unknown)| Nsswitch {
            path,
            line,
            hosts: hosts.into_iter().map(|(name, actions)| NameService { name, actions }).collect(),
            unknown,
        },
    );
    let gai_entries = || vec((prefix(), 0u32..50), 0..3);
    let gai_conf = (text(), gai_entries(), gai_entries(), any::<bool>(), unknown()).prop_map(
        |(path, labels, precedences, reload, unknown)| {
            let entries = |rows: Vec<(IpNet, u32)>| {
                rows.into_iter().map(|(prefix, value)| GaiEntry { line: 1, prefix, value }).collect()
            };
            GaiConf {
                path,
                labels: entries(labels),
                precedences: entries(precedences.clone()),
                scopes_v4: entries(precedences),
                reload,
                unknown,
            }
        },
    );
    let domains = || {
        vec(
            (text(), any::<bool>()).prop_map(|(name, routing_only)| ResolvedDomain { name, routing_only }),
            0..2,
        )
    };
    let resolved_link = (1u32..4, of(name()), vec(server(), 0..2), domains(), of(any::<bool>())).prop_map(
        |(link_index, link, nameservers, domains, default_route)| ResolvedLink {
            link_index,
            link,
            nameservers,
            domains,
            default_route,
        },
    );
    let resolved = (text(), vec(server(), 0..2), domains(), vec(resolved_link, 0..3)).prop_map(
        |(read_from, nameservers, domains, mut links)| {
            links.sort_by_key(|link| link.link_index);
            links.dedup_by_key(|link| link.link_index);
            Resolved { read_from, nameservers, domains, links }
        },
    );
    (of(resolv_conf), of(hosts), of(nsswitch), of(gai_conf), of(resolved)).prop_map(
        |(resolv_conf, hosts, nsswitch, gai_conf, resolved)| ResolverConfig {
            resolv_conf,
            hosts,
            nsswitch,
            gai_conf,
            resolved,
        },
    )
}
