//! Recorded dumps of whole hosts, compared with what `ip -json` said beside them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::*;

/// Every recorded state, or nothing where the recordings are not at hand.
fn states() -> Vec<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let shared = std::env::var_os("NETDIAG_SHARED").map_or(beside, PathBuf::from);
    let mut states = Vec::new();
    let mut left = vec![shared.join("scenarios")];
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.ends_with("nl") {
                states.push(directory.clone());
            } else if path.is_dir() {
                left.push(path);
            }
        }
    }
    states.sort();
    if states.is_empty() {
        #[allow(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("SKIPPED: no recordings in {} (set NETDIAG_SHARED)", shared.display());
        }
    }
    states
}

/// The decoded messages of one recorded dump.
fn dump<T>(state: &Path, file: &str, decode: impl Fn(&[u8]) -> Result<T, DecodeError>) -> Vec<T> {
    let bytes = fs::read(state.join("nl").join(file)).unwrap_or_default();
    let mut rows = Vec::new();
    let mut rest = bytes.as_slice();
    while let Some((header, _)) = rest.split_first_chunk::<16>() {
        let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let kind = u16::from_ne_bytes([header[4], header[5]]);
        if kind >= 16 {
            match decode(&rest[16..length]) {
                Ok(row) => rows.push(row),
                Err(DecodeError::OtherFamily(_)) => {}
                Err(error) => panic!("{}/{file}: {error}", state.display()),
            }
        }
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    rows
}

fn said(state: &Path, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(state.join(file)).unwrap_or_default();
    if text.trim().is_empty() { Vec::new() } else { serde_json::from_str(&text).unwrap() }
}

/// Whether two JSON values are equal, but for seconds that passed between the two readings.
fn agree(a: &Value, b: &Value) -> bool {
    const SECONDS: [&str; 3] = ["expires", "valid_life_time", "preferred_life_time"];
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            a.keys().eq(b.keys())
                && a.iter().zip(b.values()).all(|((key, a), b)| match (a.as_i64(), b.as_i64()) {
                    (Some(a), Some(b)) if SECONDS.contains(&&**key) => (a - b).abs() <= 3,
                    _ => agree(a, b),
                })
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| agree(a, b)),
        _ => a == b,
    }
}

fn compare(state: &Path, what: &str, ours: &[Value], theirs: &[Value]) {
    assert_eq!(ours.len(), theirs.len(), "{} {what}\n{ours:#?}\n{theirs:#?}", state.display());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!(agree(ours, theirs), "{} {what}\nours:   {ours}\ntheirs: {theirs}", state.display());
    }
}

type Names = BTreeMap<u32, LinkName>;

fn links(state: &Path) -> (Vec<Link>, Names) {
    let links = dump(state, "link.nl", link::decode);
    let names = links.iter().map(|link| (link.index, link.name.clone())).collect();
    (links, names)
}

/// The members of `fields` that are not null.
fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    let present = fields.into_iter().filter(|(_, value)| !value.is_null());
    Value::Object(present.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
}

fn unless<T: PartialEq + Into<Value>>(value: T, default: T) -> Value {
    if value == default { Value::Null } else { value.into() }
}

fn text(value: &impl ToString) -> Value {
    value.to_string().into()
}

/// A prefix as `ip route` writes it.
fn destination(prefix: &IpNet) -> String {
    match prefix {
        prefix if prefix.prefix_len() == 0 => "default".into(),
        prefix if prefix.prefix_len() == prefix.max_prefix_len() => prefix.addr().to_string(),
        prefix => prefix.to_string(),
    }
}

fn route_as_ip_says(route: &Route, names: &Names) -> Value {
    let four = route.family() == Family::V4;
    let name = |hop: &NextHop| hop.link_index.and_then(|index| names.get(&index)).map(|name| name.as_str());
    let flags = |flags: NextHopFlags| flags.names().map(|name| name.to_string()).collect::<Vec<_>>();
    let (mut gateway, mut dev, mut state, mut legs) = (Value::Null, Value::Null, Vec::new(), Value::Null);
    match route.nexthops.as_slice() {
        [hop] if hop.weight.is_none() => {
            gateway = hop.gateway.map_or(Value::Null, |gateway| text(&gateway));
            dev = json!(name(hop));
            state = flags(hop.flags);
        }
        [] => {}
        hops => {
            legs = hops
                .iter()
                .map(|hop| {
                    object([
                        ("gateway", hop.gateway.map_or(Value::Null, |gateway| text(&gateway))),
                        ("dev", json!(name(hop))),
                        ("weight", json!(hop.weight)),
                        ("flags", json!(flags(hop.flags))),
                    ])
                })
                .collect();
        }
    }
    state.extend(route.flags.names().map(|name| name.to_string()));
    let mut metrics = Map::new();
    metrics.extend(route.mtu.map(|mtu| ("mtu".to_owned(), mtu.into())));
    metrics.extend(route.metrics.iter().map(|(metric, value)| (metric.to_string(), (*value).into())));
    object([
        ("dst", destination(&route.destination).into()),
        ("type", unless(route.kind.to_string(), "unicast".into())),
        ("gateway", gateway),
        ("dev", dev),
        ("table", unless(route.table.to_string(), "main".into())),
        ("protocol", unless(route.protocol.to_string(), "boot".into())),
        ("scope", if four { unless(route.scope.to_string(), "global".into()) } else { Value::Null }),
        ("prefsrc", route.preferred_source.map_or(Value::Null, |source| text(&source))),
        ("metric", if four { unless(route.metric, 0) } else { route.metric.into() }),
        ("nhid", json!(route.nexthop_id)),
        ("expires", json!(route.expires_in_s)),
        ("pref", route.router_preference.map_or(Value::Null, |preference| text(&preference))),
        ("metrics", if metrics.is_empty() { Value::Null } else { json!([metrics]) }),
        ("flags", json!(state)),
        ("nexthops", legs),
    ])
}

#[test]
fn routes_agree_with_ip_in_content_and_order() {
    let mut compared = 0;
    for state in states() {
        let (_, names) = links(&state);
        for (dumped, printed, four) in
            [("route4.nl", "route.json", true), ("route6.nl", "route6.json", false)]
        {
            if !state.join("nl").join(dumped).exists() {
                continue;
            }
            let routes = dump(&state, dumped, route::decode);
            assert!(routes.iter().all(|route| route.unmodelled.is_empty()), "{}", state.display());
            let ours: Vec<_> = routes.iter().map(|route| route_as_ip_says(route, &names)).collect();
            // `ip -json route show table all` lists both families; only IPv6 has a preference.
            let mut theirs = said(&state, printed);
            theirs.retain(|route| four == route.get("pref").is_none());
            compared += ours.len();
            compare(&state, printed, &ours, &theirs);
        }
    }
    assert!(compared > 1000 || states().is_empty(), "{compared}");
}

#[test]
fn rules_agree_with_ip() {
    for state in states() {
        for (dumped, printed) in [("rule4.nl", "rule.json"), ("rule6.nl", "rule6.json")] {
            let rules = dump(&state, dumped, rule::decode);
            assert!(!rules.is_empty() && rules.iter().all(|rule| rule.unmodelled.is_empty()));
            let ours: Vec<_> = rules
                .iter()
                .map(|rule| {
                    let mut value = object([
                        ("priority", rule.priority.into()),
                        ("src", rule.from.map_or("all".into(), |from| destination(&from)).into()),
                        ("table", rule.table.map_or(Value::Null, |table| text(&table))),
                        ("fwmark", rule.mark.map_or(Value::Null, |mark| format!("0x{mark:x}").into())),
                        ("suppress_prefixlen", json!(rule.suppress_prefix_length)),
                    ]);
                    if rule.invert {
                        value["not"] = Value::Null;
                    }
                    value
                })
                .collect();
            compare(&state, printed, &ours, &said(&state, printed));
        }
    }
}

#[test]
fn links_agree_with_ip() {
    const FLAGS: [(&str, LinkFlags); 7] = [
        ("LOOPBACK", LinkFlags::LOOPBACK),
        ("BROADCAST", LinkFlags::BROADCAST),
        ("POINTOPOINT", LinkFlags::POINT_TO_POINT),
        ("MULTICAST", LinkFlags::MULTICAST),
        ("NOARP", LinkFlags::NO_ARP),
        ("UP", LinkFlags::UP),
        ("LOWER_UP", LinkFlags::LOWER_UP),
    ];
    for state in states() {
        let (links, _) = links(&state);
        assert!(links.iter().all(|link| link.unmodelled.is_empty()), "{}: {links:#?}", state.display());
        let ours: Vec<_> = links
            .iter()
            .map(|link| {
                let flags: Vec<_> = FLAGS
                    .iter()
                    .filter(|(_, flag)| link.flags.contains(*flag))
                    .map(|(name, _)| name)
                    .collect();
                let root = |id: Option<u32>| if id == Some(0) { "root".into() } else { json!(id) };
                let data = link.tunnel.as_ref().map(|tunnel| {
                    object([
                        ("type", json!(tunnel.mode)),
                        ("pi", json!(tunnel.packet_info)),
                        ("persist", json!(tunnel.persistent)),
                        ("multi_queue", json!(tunnel.multi_queue)),
                        ("user", root(tunnel.uid)),
                        ("group", root(tunnel.gid)),
                    ])
                });
                object([
                    ("ifindex", link.index.into()),
                    ("ifname", link.name.as_str().into()),
                    ("flags", json!(flags)),
                    ("mtu", link.mtu.into()),
                    ("operstate", link.state.to_string().to_uppercase().into()),
                    ("link_type", link.link_type.clone().into()),
                    ("address", link.mac.as_ref().map_or(Value::Null, text)),
                    ("link_index", json!(link.peer_index)),
                    ("link_netnsid", json!(link.peer_namespace_id)),
                    ("inet6_addr_gen_mode", json!(link.address_generation)),
                    ("kind", json!(link.kind)),
                    ("data", json!(data)),
                ])
            })
            .collect();
        let theirs: Vec<_> = said(&state, "link.json")
            .iter()
            .map(|link| {
                let part = |name: &str| link.get(name).cloned().unwrap_or_default();
                let mut data = part("linkinfo")["info_data"].clone();
                if let Some(data) = data.as_object_mut() {
                    data.remove("vnet_hdr");
                }
                object([
                    ("ifindex", part("ifindex")),
                    ("ifname", part("ifname")),
                    ("flags", part("flags")),
                    ("mtu", part("mtu")),
                    ("operstate", part("operstate")),
                    ("link_type", part("link_type")),
                    ("address", part("address")),
                    ("link_index", part("link_index")),
                    ("link_netnsid", part("link_netnsid")),
                    ("inet6_addr_gen_mode", part("inet6_addr_gen_mode")),
                    ("kind", part("linkinfo")["info_kind"].clone()),
                    ("data", data),
                ])
            })
            .collect();
        compare(&state, "link.json", &ours, &theirs);
    }
}

#[test]
fn addresses_agree_with_ip() {
    const FLAGS: [(&str, AddressFlags); 4] = [
        ("deprecated", AddressFlags::DEPRECATED),
        ("mngtmpaddr", AddressFlags::MANAGE_TEMPORARY),
        ("noprefixroute", AddressFlags::NO_PREFIX_ROUTE),
        ("stable-privacy", AddressFlags::STABLE_PRIVACY),
    ];
    for state in states() {
        let addresses = dump(&state, "addr.nl", address::decode);
        assert!(addresses.iter().all(|address| address.unmodelled.is_empty()));
        let mut theirs = Vec::new();
        for link in said(&state, "link.json") {
            let of = said(&state, "addr.json").into_iter().find(|row| row["ifindex"] == link["ifindex"]);
            theirs.extend(of.iter().flat_map(|row| row["addr_info"].as_array().cloned().unwrap_or_default()));
        }
        let ours = |family: Family| {
            addresses
                .iter()
                .filter(|address| Family::of(&address.address.addr()) == family)
                .map(|address| {
                    let forever = |seconds: Option<u32>| Value::from(seconds.unwrap_or(u32::MAX));
                    let mut value = object([
                        ("family", if family == Family::V4 { "inet" } else { "inet6" }.into()),
                        ("local", text(&address.address.addr())),
                        ("address", address.peer.as_ref().map_or(Value::Null, text)),
                        ("broadcast", address.broadcast.as_ref().map_or(Value::Null, text)),
                        ("prefixlen", address.address.prefix_len().into()),
                        ("scope", text(&address.scope)),
                        ("label", address.label.as_ref().map_or(Value::Null, text)),
                        ("valid_life_time", forever(address.valid_for_s)),
                        ("preferred_life_time", forever(address.preferred_for_s)),
                    ]);
                    for (name, flag) in FLAGS {
                        if address.flags.contains(flag) {
                            value[name] = true.into();
                        }
                    }
                    if !address.flags.contains(AddressFlags::PERMANENT) {
                        value["dynamic"] = true.into();
                    }
                    if address.flags.contains(AddressFlags::TEMPORARY) {
                        value[if family == Family::V4 { "secondary" } else { "temporary" }] = true.into();
                    }
                    value
                })
                .collect::<Vec<_>>()
        };
        for (family, word) in [(Family::V4, "inet"), (Family::V6, "inet6")] {
            let theirs: Vec<_> = theirs.iter().filter(|address| address["family"] == word).cloned().collect();
            compare(&state, "addr.json", &ours(family), &theirs);
        }
    }
}

#[test]
fn neighbours_and_nexthop_objects_of_the_recordings_are_all_understood() {
    for state in states() {
        let neighbours = dump(&state, "neigh.nl", neighbor::decode);
        assert!(neighbours.iter().all(|row| row.unmodelled.is_empty()), "{neighbours:?}");
        let objects = dump(&state, "nexthop.nl", nexthop::decode);
        assert!(objects.iter().all(|row| row.unmodelled.is_empty()), "{objects:?}");
    }
}
