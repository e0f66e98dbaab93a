//! What `ip -json` says, as comparable rows.
//!
//! Known ways of `ip` (iproute2 6.1): facts at their default are left out (`src all`, the mask
//! of a host address, mark mask 0xffffffff, weight 1 of a group member); the prefix of length 0
//! is `default`; RUNNING is only told by the absence of NO-CARRIER; a number may come as text;
//! a yes is a key with the value null; `flags` of a multipath route are printed twice; of a
//! link-layer address of no bytes it prints the byte that happens to come next.

use serde_json::Value;

use super::{Facts, Rows, number_by};
use crate::ip::{Row, ip_json, plain};

/// The state of this namespace.
///
/// # Panics
///
/// When `ip` cannot be asked.
#[must_use]
pub fn rows_of_ip() -> Rows {
    let mut rows = Rows::default();
    let links = ip_json("-details link");
    rows.set("links", links.iter().map(link).collect());
    let addresses = ip_json("address").iter().flat_map(addresses_of).collect();
    rows.set("addresses", number_by(addresses, &["index", "family"]));
    let mut routes = Vec::new();
    let mut rules = Vec::new();
    for family in [4, 6] {
        let all = ip_json(&format!("-{family} -details -N route show table all"));
        routes.extend(all.iter().map(|row| route(family, row)));
        let all = ip_json(&format!("-{family} -details -N rule"));
        rules.extend(all.iter().map(|row| rule(family, row)));
    }
    rows.set("routes", number_by(routes, &["family", "table", "destination", "from", "metric"]));
    rows.set("rules", number_by(rules, &["family", "priority"]));
    rows.set("nexthops", ip_json("-details -N nexthop").iter().map(nexthop).collect());
    let mut neighbors = ip_json("neighbour show nud all");
    neighbors.extend(ip_json("neighbour show proxy"));
    rows.set("neighbors", neighbors.iter().filter_map(neighbor).collect());
    rows.set("address labels", ip_json("addrlabel").iter().map(address_label).collect());
    rows
}

fn link(row: &Row) -> Facts {
    let mut flags: Vec<String> = texts(row.get("flags"))
        .filter(|flag| !matches!(flag.as_str(), "NO-CARRIER" | "M-DOWN"))
        .map(|flag| flag.to_lowercase())
        .collect();
    flags.sort();
    let up = flags.iter().any(|flag| flag == "up");
    let no_carrier = texts(row.get("flags")).any(|flag| flag == "NO-CARRIER");
    let state = row.text("operstate").unwrap_or_default().to_lowercase();
    let info = row.get("linkinfo");
    let data = info.and_then(|info| info.get("info_data"));
    let data_text = |key: &str| data.and_then(|data| data.get(key)).map(plain);
    let kind = info.and_then(|info| info.get("info_kind")).map(plain);
    let is_tun = kind.as_deref() == Some("tun");
    let data_yes = |key: &str| is_tun && data_text(key).as_deref() == Some("true");
    let elsewhere = row.has("link_netnsid");
    Facts::new()
        .maybe("index", row.number("ifindex"))
        .maybe("name", row.text("ifname"))
        .with("flags", flags.join(" "))
        .flag("running", up && !no_carrier)
        .with("state", state)
        .maybe("mtu", row.number("mtu"))
        .maybe("type", row.text("link_type"))
        .maybe("mac", row.text("address"))
        .maybe("master", row.text("master"))
        .maybe("peer", row.text("link"))
        .maybe("peer_index", row.number("link_index").filter(|_| elsewhere))
        .maybe("peer_namespace", row.text("link_netnsid"))
        .with("alternative_names", row.sorted_texts("altnames"))
        .maybe("alias", row.text("ifalias"))
        .with("group", row.text("group").filter(|group| group != "default").unwrap_or("0".into()))
        .maybe("vrf_table", data_text("table").filter(|_| kind.as_deref() == Some("vrf")))
        .maybe("vlan_id", data_text("id").filter(|_| kind.as_deref() == Some("vlan")))
        .maybe("address_generation", row.text("inet6_addr_gen_mode"))
        .maybe("tun_mode", data_text("type").filter(|_| is_tun))
        .flag("persistent", data_yes("persist"))
        .flag("packet_info", data_yes("pi"))
        .flag("multi_queue", data_yes("multi_queue"))
        .maybe("kind", kind)
}

fn addresses_of(link: &Row) -> Vec<Facts> {
    const FLAGS: [&str; 11] = [
        "secondary",
        "temporary",
        "nodad",
        "optimistic",
        "dadfailed",
        "home",
        "deprecated",
        "tentative",
        "mngtmpaddr",
        "noprefixroute",
        "autojoin",
    ];
    let rows = link.get("addr_info").cloned().unwrap_or_default();
    let rows: Vec<Row> = serde_json::from_value(rows).expect("addr_info is an array of objects");
    let one = |row: &Row| {
        let mut flags: Vec<&str> = FLAGS.into_iter().filter(|flag| row.has(flag)).collect();
        flags.extend(row.has("stable-privacy").then_some("stable-privacy"));
        flags.sort_unstable();
        let forever = Some(u64::from(u32::MAX));
        Facts::new()
            .maybe("index", link.number("ifindex"))
            .maybe("link", link.text("ifname"))
            .with("family", if row.text("family").as_deref() == Some("inet6") { 6 } else { 4 })
            .maybe("address", row.text("local"))
            .maybe("length", row.number("prefixlen"))
            .maybe("peer", row.text("address"))
            .maybe("broadcast", row.text("broadcast"))
            .maybe("scope", row.text("scope"))
            .with("flags", flags.join(" "))
            // `ip` says `dynamic` for what is not permanent.
            .flag("permanent", !row.has("dynamic"))
            .flag("valid_for_a_time", row.number("valid_life_time") != forever)
            .flag("preferred_for_a_time", row.number("preferred_life_time") != forever)
            .maybe("label", row.text("label"))
            .with("metric", row.number("metric").unwrap_or(0))
    };
    rows.iter().filter(|row| !row.0.is_empty()).map(one).collect()
}

/// `default`, a host address or a prefix, as a prefix.
fn prefix(family: u8, text: &str) -> String {
    let (everything, whole) = if family == 4 { ("0.0.0.0/0", 32) } else { ("::/0", 128) };
    match text {
        "default" | "all" | "any" => everything.into(),
        text if text.contains('/') => text.into(),
        text => format!("{text}/{whole}"),
    }
}

fn route(family: u8, row: &Row) -> Facts {
    let legs = row.get("nexthops").and_then(Value::as_array);
    let hops = match legs {
        Some(legs) => legs.iter().map(leg).collect::<Vec<_>>().join(", "),
        None => {
            let flags = texts(row.get("flags")).filter(|flag| !is_route_flag(flag)).collect();
            way_out(|key| row.get(key), flags)
        }
    };
    let realm = |key: &str| {
        row.get("flow").and_then(|flow| flow.get(key)).and_then(|realm| plain(realm).parse::<u32>().ok())
    };
    let realms = (realm("from").unwrap_or(0) << 16) | realm("to").unwrap_or(0);
    Facts::new()
        .with("family", family)
        .maybe("table", row.number("table"))
        .with("destination", prefix(family, &row.text("dst").expect("a route has a dst")))
        .maybe("from", row.text("from").map(|from| prefix(family, &from)))
        .with("tos", own_tos(row))
        .with("metric", row.number("metric").unwrap_or(0))
        .maybe("kind", row.number("type"))
        .maybe("protocol", row.number("protocol"))
        .maybe("scope", row.number("scope"))
        .maybe("source", row.text("prefsrc"))
        .with("nexthops", if hops == "[]" { String::new() } else { hops })
        .maybe("nexthop_id", row.number("nhid"))
        .with("metrics", metrics(row))
        .flag("expires", row.has("expires"))
        .maybe("preference", row.text("pref"))
        .maybe("realms", (realms != 0).then_some(realms))
        .with("flags", sorted(texts(row.get("flags")).filter(|flag| is_route_flag(flag))))
}

/// The route's own type of service, which is text; `encap ip` prints a number under the same key
/// before it, that of the outer packet.
fn own_tos(row: &Row) -> u8 {
    let mut texts = row.0.iter().filter(|(key, _)| key == "tos").filter_map(|(_, value)| value.as_str());
    texts.next_back().map_or(0, |text| {
        let digits = text.trim_start_matches("0x");
        u8::from_str_radix(digits, 16).unwrap_or_else(|error| panic!("tos {text}: {error}"))
    })
}

fn is_route_flag(flag: &str) -> bool {
    matches!(flag, "notify" | "cloned" | "rt_offload" | "rt_trap" | "rt_offload_failed")
}

fn way_out<'a>(get: impl Fn(&str) -> Option<&'a Value>, flags: Vec<String>) -> String {
    let mut words = Vec::new();
    words.extend(get("encap").map(|kind| format!("encap {}", plain(kind))));
    let other_family = get("via").and_then(|via| via.get("host"));
    words.extend(get("gateway").or(other_family).map(|gateway| format!("via {}", plain(gateway))));
    words.extend(get("dev").map(|link| format!("dev {}", plain(link))));
    words.push(format!("[{}]", sorted(flags.into_iter())));
    words.join(" ")
}

fn leg(leg: &Value) -> String {
    let weight = leg.get("weight").and_then(Value::as_u64).unwrap_or(1);
    format!("{} weight {weight}", way_out(|key| leg.get(key), texts(leg.get("flags")).collect()))
}

/// Metrics in the kernel's units, which `ip` converts to milliseconds.
fn metrics(row: &Row) -> String {
    let all = row.get("metrics").and_then(Value::as_array).into_iter().flatten();
    let mut words = Vec::new();
    for (name, value) in all.filter_map(Value::as_object).flatten() {
        let number = value.as_u64().unwrap_or(0);
        words.push(match name.as_str() {
            "ecn" => "features:1".to_owned(),
            "rtt" => format!("rtt:{}", number * 8),
            "rttvar" => format!("rttvar:{}", number * 4),
            name => format!("{name}:{}", plain(value)),
        });
    }
    sorted(words.into_iter())
}

fn rule(family: u8, row: &Row) -> Facts {
    let side = |address: &str, length: &str| {
        let text = row.text(address).filter(|text| text != "all")?;
        Some(prefix(
            family,
            &match row.number(length) {
                Some(length) => format!("{text}/{length}"),
                None => text,
            },
        ))
    };
    let mark = row
        .number("fwmark")
        .map(|mark| format!("0x{mark:x}/0x{:x}", row.number("fwmask").unwrap_or(u64::from(u32::MAX))));
    let ports = |one: &str, start: &str, end: &str| {
        let range = row.number(one).map(|port| (port, port));
        let range = range.or_else(|| row.number(start).zip(row.number(end)));
        range.map(|(start, end)| format!("{start}-{end}"))
    };
    let l3mdev = row.has("l3mdev");
    let action = match row.number("action") {
        Some(action) => action,
        None if row.has("goto") => 2,
        None if row.has("nop") => 3,
        None => 1,
    };
    let realm = |key: &str| row.number(key).unwrap_or(0);
    Facts::new()
        .with("family", family)
        .maybe("priority", row.number("priority"))
        .flag("not", row.has("not"))
        .maybe("from", side("src", "srclen"))
        .maybe("to", side("dst", "dstlen"))
        .maybe("mark", mark)
        .maybe("iif", row.text("iif"))
        .flag("iif_detached", row.has("iif_detached"))
        .maybe("oif", row.text("oif"))
        .flag("oif_detached", row.has("oif_detached"))
        .maybe("uids", row.number("uid_start").zip(row.number("uid_end")).map(|(a, b)| format!("{a}-{b}")))
        .maybe("ip_protocol", row.text("ipproto").map(|name| name.trim_start_matches("ipproto-").to_owned()))
        .maybe("sport", ports("sport", "sport_start", "sport_end"))
        .maybe("dport", ports("dport", "dport_start", "dport_end"))
        .with("tos", row.number("tos").unwrap_or(0))
        .maybe("tun_id", row.number("tun_id"))
        .flag("l3mdev", l3mdev)
        .with("action", action)
        .maybe("table", row.number("table").filter(|_| action == 1 && !l3mdev))
        .maybe("goto", row.number("goto"))
        .flag("unresolved", row.has("unresolved"))
        .maybe("suppress_prefix_length", row.number("suppress_prefixlen"))
        .maybe("suppress_group", row.number("suppress_ifgroup"))
        .with("realms", (realm("flow_from") << 16) | realm("flow_to"))
        .with("protocol", row.number("protocol").unwrap_or(0))
}

fn nexthop(row: &Row) -> Facts {
    let members: Vec<String> = row
        .get("group")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|member| {
            let number = |key: &str| member.get(key).and_then(Value::as_u64);
            format!("{},{}", number("id").unwrap_or(0), number("weight").unwrap_or(1))
        })
        .collect();
    Facts::new()
        .maybe("id", row.number("id"))
        .maybe("gateway", row.text("gateway"))
        .maybe("link", row.text("dev"))
        .flag("blackhole", row.has("blackhole"))
        .flag("fdb", row.has("fdb"))
        .with("group", members.join("/"))
        .flag("resilient", row.text("type").as_deref() == Some("resilient"))
        .maybe("encap", row.text("encap"))
        .with("scope", row.number("scope").unwrap_or(0))
        .with("protocol", row.number("protocol").unwrap_or(0))
        .with("flags", row.sorted_texts("flags"))
}

fn neighbor(row: &Row) -> Option<Facts> {
    let states: Vec<String> = texts(row.get("state")).collect();
    let address: std::net::IpAddr = row.text("dst")?.parse().ok()?;
    let state = match states.first().map(String::as_str) {
        _ if row.has("proxy") => "proxy",
        Some("PERMANENT") => "permanent",
        Some("NOARP") if !address.is_multicast() => "noarp",
        Some("REACHABLE" | "STALE" | "DELAY" | "PROBE") => "known",
        _ => return None,
    };
    Some(
        Facts::new()
            .maybe("link", row.text("dev"))
            .with("address", address)
            .with("state", state)
            .maybe("mac", row.text("lladdr").filter(|mac| mac.contains(':')))
            .flag("router", row.has("router"))
            .flag("extern_learn", row.has("extern_learn")),
    )
}

fn address_label(row: &Row) -> Facts {
    let text = format!(
        "{}/{}",
        row.text("address").unwrap_or_default(),
        row.number("prefixlen").unwrap_or_default()
    );
    // One spelling of `::ffff:0:0`.
    let prefix: ipnet::IpNet = text.parse().expect("an address label has a prefix");
    Facts::new().with("prefix", prefix).maybe("link", row.text("ifname")).maybe("label", row.number("label"))
}

fn texts(value: Option<&Value>) -> impl Iterator<Item = String> {
    value.and_then(Value::as_array).into_iter().flatten().map(plain)
}

fn sorted(texts: impl Iterator<Item = String>) -> String {
    let mut texts: Vec<String> = texts.collect();
    texts.sort();
    texts.join(" ")
}
