//! Single values in words.

use netdiag_core::model::{
    Address, Link, LinkName, LinkState, NextHop, NextHopFlags, Route, RouteFlags, RouteKind, RouteMetric,
    RouterPreference,
};

/// `6d 23h`, `23h 12m`, `4m 5s`, `31s`: the two largest units.
pub(crate) fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds}s"),
        (0, 0, minutes, 0) => format!("{minutes}m"),
        (0, 0, minutes, seconds) => format!("{minutes}m {seconds}s"),
        (0, hours, 0, _) => format!("{hours}h"),
        (0, hours, minutes, _) => format!("{hours}h {minutes}m"),
        (days, 0, ..) => format!("{days}d"),
        (days, hours, ..) => format!("{days}d {hours}h"),
    }
}

/// `1 route`, `2 routes`.
pub(crate) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Whether a link can carry packets, and if not, why.
pub(crate) fn link_state(link: &Link) -> String {
    if !link.is_up() {
        return "admin down".into();
    }
    match link.state {
        LinkState::UP | LinkState::UNKNOWN if link.carrier != Some(false) => "up".into(),
        LinkState::LOWER_LAYER_DOWN => "lower link down".into(),
        LinkState::NOT_PRESENT => "not present".into(),
        LinkState::DORMANT => "waiting (dormant)".into(),
        LinkState::TESTING => "testing".into(),
        LinkState::UP | LinkState::UNKNOWN | LinkState::DOWN => "no carrier".into(),
        other => other.to_string(),
    }
}

/// How a link hangs together with others, what its tunnel is, who holds it.
pub(crate) fn link_words(link: &Link) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(index) = link.master_index {
        words.push(format!("in {}", name_or_index(link.master.as_ref(), index)));
    }
    let relation = match link.kind.as_deref() {
        Some("veth") => "peer",
        Some("vlan" | "macvlan" | "macvtap" | "ipvlan" | "ipvtap" | "macsec") => "on",
        _ => "over",
    };
    match (link.peer_index.filter(|index| *index != 0 && *index != link.index), link.peer_namespace_id) {
        (Some(index), Some(_)) => words.push(format!("{relation} if{index} in another namespace")),
        (Some(index), None) => words.push(format!("{relation} {}", name_or_index(link.peer.as_ref(), index))),
        (None, _) => {}
    }
    if let Some(tunnel) = &link.tunnel {
        if let Some(local) = tunnel.local.filter(|address| !address.is_unspecified()) {
            words.push(format!("from {local}"));
        }
        if let Some(remote) = tunnel.remote.filter(|address| !address.is_unspecified()) {
            words.push(format!("to {remote}"));
        }
        let numbers = [
            ("id", tunnel.id),
            ("port", tunnel.port.map(u32::from)),
            ("input key", tunnel.input_key.filter(|key| *key != 0)),
            ("output key", tunnel.output_key.filter(|key| *key != 0)),
            ("for user", tunnel.uid),
            ("for group", tunnel.gid),
        ];
        words.extend(numbers.iter().filter_map(|(word, value)| value.map(|value| format!("{word} {value}"))));
        if let Some(mark) = tunnel.mark.filter(|mark| *mark != 0) {
            words.push(format!("outer mark 0x{mark:x}"));
        }
        if tunnel.persistent == Some(true) {
            words.push("persistent".into());
        }
    }
    match &link.owner {
        Some(owner) => words.push(format!("held by {owner}")),
        None if link.kind.as_deref() == Some("tun") && link.carrier == Some(false) => {
            words.push("nobody has it open".into());
        }
        None => {}
    }
    if let Some(alias) = &link.alias {
        words.push(format!("\"{alias}\""));
    }
    if !link.alternative_names.is_empty() {
        words.push(format!("also {}", link.alternative_names.join(" ")));
    }
    if link.group != 0 {
        words.push(format!("group {}", link.group));
    }
    words
}

/// The range and the flags of an address, the flags that ask for attention in capitals.
pub(crate) fn address_words(address: &Address) -> String {
    let mut words = vec![address.range_in_words().to_owned()];
    for flag in address.flag_names() {
        let word = match flag.as_str() {
            // Without a lifetime: it is said by not giving one.
            "permanent" => continue,
            "tentative" => "TENTATIVE".into(),
            "dadfailed" => "DUPLICATE (another host has it)".into(),
            "deprecated" => "DEPRECATED".into(),
            "mngtmpaddr" => "makes temporary addresses".into(),
            "noprefixroute" => "no prefix route".into(),
            "nodad" => "no duplicate detection".into(),
            "stable-privacy" => "stable privacy".into(),
            _ => flag,
        };
        words.push(word);
    }
    words.join(", ")
}

/// `valid 6d 23h, preferred 23h 12m`; nothing for an address that stays.
pub(crate) fn lifetimes(address: &Address) -> String {
    let time =
        |seconds: Option<u32>| seconds.map_or_else(|| "forever".into(), |seconds| duration(seconds.into()));
    match (address.valid_for_s, address.preferred_for_s) {
        (None, None) => String::new(),
        (valid, Some(0)) => format!("valid {}, no longer preferred", time(valid)),
        (valid, preferred) => format!("valid {}, preferred {}", time(valid), time(preferred)),
    }
}

/// A link by name, or as `if7` when its name is not known.
pub(crate) fn name_or_index(name: Option<&LinkName>, index: u32) -> String {
    name.map_or_else(|| format!("if{index}"), LinkName::to_string)
}

/// The link a nexthop leaves by.
pub(crate) fn dev(hop: &NextHop) -> String {
    match (&hop.link, hop.link_index) {
        (Some(name), _) => name.to_string(),
        (None, Some(index)) => format!("if{index}"),
        (None, None) => String::new(),
    }
}

/// The gateway of a nexthop, or that there is none.
pub(crate) fn via(hop: &NextHop) -> String {
    hop.gateway.map_or_else(|| "on-link".into(), |gateway| gateway.to_string())
}

/// What is special about one way out.
pub(crate) fn nexthop_words(hop: &NextHop) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(weight) = hop.weight {
        words.push(format!("weight {weight}"));
    }
    if let Some(encapsulation) = &hop.encapsulation {
        words.push(format!("encap {} {}", encapsulation.kind, encapsulation.text).trim_end().to_owned());
    }
    for flag in hop.flags.names() {
        words.push(match &*flag {
            "dead" => "DEAD (link is down)".into(),
            "linkdown" => "LINKDOWN (no carrier)".into(),
            "onlink" => "gateway taken as on-link".into(),
            "offload" => "offloaded".into(),
            other => other.to_owned(),
        });
    }
    if let Some(realms) = hop.realms {
        words.push(format!("realms {realms}"));
    }
    words
}

/// What happens to a packet that meets a route which leads nowhere.
pub(crate) fn refusal(kind: RouteKind) -> Option<&'static str> {
    match kind {
        RouteKind::BLACKHOLE => Some("packets are dropped"),
        RouteKind::UNREACHABLE => Some("refused: unreachable"),
        RouteKind::PROHIBIT => Some("refused: prohibited"),
        RouteKind::THROW => Some("the next rule is asked"),
        _ => None,
    }
}

/// What is special about a route, beyond destination, way out, metric, protocol and source. The
/// words of a single nexthop are among them; those of several stand beside each.
pub(crate) fn route_words(route: &Route) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    match (route.kind, refusal(route.kind)) {
        (_, Some(refusal)) => words.push(refusal.into()),
        (RouteKind::UNICAST, None) => {}
        (kind, None) => words.push(kind.to_string()),
    }
    if let Some(source) = &route.source_prefix {
        words.push(format!("only from {source}"));
    }
    if route.tos != 0 {
        words.push(format!("only tos 0x{:02x}", route.tos));
    }
    if let Some(scope) = &route.scoped_to {
        words.push(format!("only for sockets bound to {scope}"));
    }
    if let Some(id) = route.nexthop_id {
        words.push(format!("nexthop object {id}"));
    }
    if let [hop] = route.nexthops.as_slice() {
        let is_plain = refusal(route.kind).is_some();
        let flags = if is_plain { NextHopFlags::default() } else { hop.flags };
        words.extend(nexthop_words(&NextHop { weight: None, flags, ..hop.clone() }));
    }
    match route.expires_in_s {
        Some(seconds) if seconds > 0 => {
            words.push(format!("expires in {}", duration(seconds.unsigned_abs())));
        }
        Some(_) => words.push("EXPIRED".into()),
        None => {}
    }
    if let Some(preference) =
        route.router_preference.filter(|preference| *preference != RouterPreference::MEDIUM)
    {
        words.push(format!("router preference {preference}"));
    }
    if let Some(mtu) = route.mtu {
        words.push(format!("mtu {mtu}"));
    }
    for (metric, value) in &route.metrics {
        match *metric {
            RouteMetric::LOCK if *value & 0x4 != 0 => words.push("mtu locked".into()),
            RouteMetric::LOCK => words.push(format!("locked 0x{value:x}")),
            metric => words.push(format!("{metric} {value}")),
        }
    }
    if let Some(name) = &route.congestion_control {
        words.push(format!("congestion control {name}"));
    }
    if let Some(realms) = route.realms {
        words.push(format!("realms {realms}"));
    }
    let flags = route.flags.without(RouteFlags::NOTIFY | RouteFlags::PREFIX);
    words.extend(flags.names().map(std::borrow::Cow::into_owned));
    match route.unmodelled.len() {
        0 => {}
        number => words.push(count(number, "attribute not understood", "attributes not understood")),
    }
    words
}

/// What a missing capability means to the reader; nothing where nothing is missed by it.
pub(crate) fn lack_in_words(capability: &str) -> Option<String> {
    Some(match capability {
        // Most systems have no systemd-resolved and miss nothing.
        "resolver_per_link" => return None,
        "process_names" => "Programs cannot all be named".to_owned(),
        "ipv6" => "There is no IPv6 here".to_owned(),
        "nexthop_objects" => "There are no nexthop objects here".to_owned(),
        "strict_checking" => "Reading takes longer than it could".to_owned(),
        other => format!("No {}", other.replace('_', " ")),
    })
}
