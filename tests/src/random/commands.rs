//! What a drawn change says: the words for `ip`, from small pools.

use super::{OTHER, Operation, World};

const VETHS: [&str; 6] = ["v0", "v1", "v2", "v3", "v4", "v5"];
const TUNS: [&str; 3] = ["t0", "t1", "tap0"];
const LINKS: [&str; 11] = ["v0", "v1", "v2", "v3", "v4", "v5", "t0", "t1", "tap0", "br0", "renamed0"];
const TABLES: [&str; 5] = ["main", "main", "100", "200", "51820"];
const PREFIXES_4: [&str; 9] = [
    "0.0.0.0/0",
    "203.0.113.0/24",
    "203.0.113.0/25",
    "203.0.113.128/25",
    "203.0.113.7/32",
    "198.51.100.0/24",
    "198.51.100.64/26",
    "0.0.0.0/1",
    "128.0.0.0/1",
];
const PREFIXES_6: [&str; 7] = [
    "::/0",
    "2001:db8:1::/48",
    "2001:db8:1:1::/64",
    "2001:db8:2::/48",
    "2001:db8:3::7/128",
    "2000::/3",
    "fc00::/7",
];
const GATEWAYS_4: [&str; 4] = ["192.0.2.2", "192.0.2.3", "192.0.2.66", "192.0.2.130"];
const GATEWAYS_6: [&str; 5] = ["fe80::2", "fe80::3", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::2"];
const OBJECTS: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];
const GROUPS: [&str; 3] = ["20", "21", "22"];

impl World {
    pub(super) fn tun(&mut self) -> Operation {
        let name = *self.random.pick(&[&TUNS[0], &TUNS[1], &TUNS[2]]);
        if !self.can_open_tun {
            return Operation::Ip(format!("tuntap add mode tun name {name}"));
        }
        if self.random.chance(55) { Operation::OpenTun(name) } else { Operation::CloseTun(name) }
    }

    pub(super) fn switch(&mut self) -> Operation {
        let link = self.random.pick(&LINKS);
        let (name, value) = match self.random.below(4) {
            0 => (format!("net/ipv6/conf/{link}/disable_ipv6"), "1"),
            1 | 2 => (format!("net/ipv6/conf/{link}/disable_ipv6"), "0"),
            _ => (format!("net/ipv4/conf/{link}/promote_secondaries"), self.random.pick(&["0", "1"])),
        };
        Operation::Switch(name, value)
    }

    pub(super) fn route_4(&mut self) -> String {
        let r = &mut self.random;
        if r.chance(2) {
            return format!("route flush table {}", r.pick(&["100", "200"]));
        }
        let verb = r.pick(&["add", "add", "append", "prepend", "replace", "change", "del", "del"]);
        let kind = r.perhaps(15, |r| r.pick(&["blackhole", "unreachable", "prohibit", "throw"]).to_owned());
        let destination = r.pick(&PREFIXES_4);
        let key = r.perhaps(15, |r| format!("tos {}", r.pick(&["0x10", "0x08"])))
            + &r.perhaps(35, |r| format!("metric {}", r.pick(&["5", "50", "500"])))
            + &format!(" table {}", r.pick(&TABLES));
        if verb == "del" && r.chance(60) {
            return format!("route del{kind} {destination}{key}");
        }
        let mut words = format!("route {verb}{kind} {destination}{key}");
        if kind.is_empty() {
            words += &match r.below(10) {
                0..4 => format!(" via {} dev {} onlink", r.pick(&GATEWAYS_4), r.pick(&LINKS)),
                4 => format!(" via {}", r.pick(&GATEWAYS_4)),
                5 => format!(" via inet6 {} dev {}", r.pick(&GATEWAYS_6), r.pick(&LINKS)),
                6 => format!(" dev {}{}", r.pick(&LINKS), r.perhaps(40, |_| "scope link".into())),
                7 => format!(" nhid {}", r.pick(&OBJECTS)),
                8 => format!(" nhid {}", r.pick(&GROUPS)),
                _ => {
                    let mut legs = String::new();
                    for _ in 0..2 + r.below(2) {
                        let gateway = if r.chance(30) {
                            format!("inet6 {}", r.pick(&["fe80::2", "fe80::3"]))
                        } else {
                            r.pick(&GATEWAYS_4).to_owned()
                        };
                        legs += &format!(
                            " nexthop via {gateway} dev {} weight {} onlink",
                            r.pick(&LINKS),
                            1 + r.below(5)
                        );
                    }
                    legs
                }
            };
            if r.chance(4) {
                words = format!(
                    "route {verb} {destination}{key} encap ip id {} dst 192.0.2.9 ttl 64 via {} dev {} onlink",
                    1 + r.below(9),
                    r.pick(&GATEWAYS_4),
                    r.pick(&LINKS)
                );
            }
        }
        words
            + &r.perhaps(30, |r| format!("proto {}", r.pick(&["static", "dhcp", "bird", "77"])))
            + &r.perhaps(12, |r| format!("src {}", r.pick(&["192.0.2.1", "192.0.2.129", "192.0.2.10"])))
            + &r.perhaps(12, |r| r.pick(&["mtu 1400", "mtu lock 1300", "advmss 1200 initcwnd 20"]).to_owned())
            + &r.perhaps(6, |r| {
                r.pick(&["rtt 100ms", "congctl cubic", "quickack 1", "features ecn"]).to_owned()
            })
            + &r.perhaps(3, |_| "realms 3/4".into())
    }

    pub(super) fn route_6(&mut self) -> String {
        let r = &mut self.random;
        let verb = r.pick(&["add", "add", "append", "append", "replace", "del", "del"]);
        let kind = r.perhaps(15, |r| r.pick(&["blackhole", "unreachable", "prohibit", "throw"]).to_owned());
        let destination = r.pick(&PREFIXES_6);
        let key = r.perhaps(12, |r| format!("from {}", r.pick(&["2001:db8:7::/64", "2001:db8:7::/48"])))
            + &r.perhaps(45, |r| format!("metric {}", r.pick(&["5", "50", "2048"])))
            + &format!(" table {}", r.pick(&TABLES));
        if verb == "del" && r.chance(50) {
            return format!("route del{kind} {destination}{key}");
        }
        let mut words = format!("route {verb}{kind} {destination}{key}");
        if kind.is_empty() {
            words += &match r.below(10) {
                0..5 => format!(" via {} dev {}", r.pick(&GATEWAYS_6), r.pick(&LINKS)),
                5 | 6 => format!(" dev {}", r.pick(&LINKS)),
                7 => {
                    format!(" nhid {}", r.pick(&[OBJECTS[4], OBJECTS[5], OBJECTS[6], OBJECTS[7], GROUPS[2]]))
                }
                8 => format!(
                    " encap seg6 mode encap segs 2001:db8:0:5::9 via {} dev {}",
                    r.pick(&GATEWAYS_6),
                    r.pick(&LINKS)
                ),
                _ => {
                    let mut legs = String::new();
                    for _ in 0..2 + r.below(2) {
                        legs += &format!(
                            " nexthop via {} dev {} weight {}",
                            r.pick(&["fe80::2", "fe80::3", "fe80::4"]),
                            r.pick(&LINKS),
                            1 + r.below(4)
                        );
                    }
                    legs
                }
            };
        }
        words
            + &r.perhaps(25, |r| format!("proto {}", r.pick(&["static", "ra", "bird", "77"])))
            + &r.perhaps(10, |r| r.pick(&["mtu 1400", "hoplimit 9", "advmss 1200"]).to_owned())
            + &r.perhaps(10, |_| "expires 3600".into())
            + &r.perhaps(10, |r| format!("pref {}", r.pick(&["high", "low", "medium"])))
            + &r.perhaps(5, |_| "src 2001:db8::1".into())
    }

    pub(super) fn nexthop(&mut self) -> String {
        let r = &mut self.random;
        let verb = r.pick(&["add", "add", "add", "replace", "replace", "del"]);
        if verb == "del" {
            return format!(
                "nexthop del id {}",
                r.pick(if r.0 & 1 == 0 { &OBJECTS[..] } else { &GROUPS[..] })
            );
        }
        if r.chance(30) {
            // 20 and 21 hold IPv4 objects, 22 IPv6 ones.
            let (group, members) = match r.below(3) {
                0 => ("20", ["1", "2", "3", "4"]),
                1 => ("21", ["2", "3", "4", "1"]),
                _ => ("22", ["5", "6", "7", "8"]),
            };
            let kind = if group == "21" { " type resilient buckets 8" } else { "" };
            let (first, second) = (r.pick(&members[..2]), r.pick(&members[2..]));
            return format!("nexthop {verb} id {group} group {first}/{second},{}{kind}", 1 + r.below(4));
        }
        let id = r.pick(&OBJECTS);
        let is_v4 = matches!(id, "1" | "2" | "3" | "4");
        match (r.below(10), is_v4) {
            (0, _) => format!("nexthop {verb} id {id} blackhole"),
            (1 | 2, true) => format!("nexthop {verb} id {id} dev {}", r.pick(&LINKS)),
            (_, true) => {
                format!("nexthop {verb} id {id} via {} dev {} onlink", r.pick(&GATEWAYS_4), r.pick(&LINKS))
            }
            (_, false) => {
                format!("nexthop {verb} id {id} via {} dev {}", r.pick(&GATEWAYS_6), r.pick(&LINKS))
            }
        }
    }

    pub(super) fn rule(&mut self) -> String {
        let r = &mut self.random;
        let verb = r.pick(&["add", "add", "add", "del", "del"]);
        let priority = r.pick(&["100", "100", "101", "5000", "32000"]);
        let from = if r.chance(60) {
            r.pick(&["from 192.0.2.0/24", "from 192.0.2.10", "from all", "to 203.0.113.0/24"])
        } else {
            r.pick(&["from 2001:db8::/32", "to 2001:db8:1::/48", "from 2001:db8::1"])
        };
        let invert = if r.chance(8) { "not " } else { "" };
        if verb == "del" && r.chance(60) {
            return format!("rule del {from} priority {priority}");
        }
        let selectors = r.perhaps(30, |r| format!("fwmark {}", r.pick(&["0x1", "0x1/0xff", "0xca6c"])))
            + &r.perhaps(20, |r| format!("iif {}", r.pick(&["v0", "t0", "renamed0", "absent0", "lo"])))
            + &r.perhaps(12, |r| format!("oif {}", r.pick(&["v2", "t1", "absent0"])))
            + &r.perhaps(10, |r| format!("uidrange {}-2000", r.pick(&["0", "1000"])))
            + &r.perhaps(14, |r| format!("ipproto {}", r.pick(&["tcp", "udp", "icmp", "47"])))
            + &r.perhaps(10, |r| r.pick(&["sport 1024-2048", "dport 53", "dport 80-90"]).to_owned())
            + &r.perhaps(8, |r| format!("tos {}", r.pick(&["0x10", "0x08"])))
            + &r.perhaps(5, |_| "tun_id 9".into());
        let action = match r.below(12) {
            0 => "goto 32766".to_owned(),
            1 => format!("goto {}", r.pick(&["4000", "6000", "101"])),
            2 => "nop".into(),
            3 => r.pick(&["blackhole", "unreachable", "prohibit"]).to_owned(),
            4 => "l3mdev".into(),
            _ => {
                format!("lookup {}", r.pick(&TABLES))
                    + &r.perhaps(15, |r| format!("suppress_prefixlength {}", r.pick(&["0", "24"])))
                    + &r.perhaps(6, |_| "suppress_ifgroup 7".into())
            }
        };
        let protocol = r.perhaps(10, |_| "protocol static".into());
        format!("rule {verb} {invert}{from}{selectors} {action} priority {priority}{protocol}")
    }

    pub(super) fn address(&mut self) -> String {
        let r = &mut self.random;
        let link = r.pick(&LINKS);
        if r.chance(5) {
            return format!("address flush dev {link}");
        }
        let verb = r.pick(&["add", "add", "add", "replace", "del", "del"]);
        let address = if r.chance(60) {
            match r.below(6) {
                0 => format!("192.0.2.{}/32 peer 198.51.100.{}", 10 + r.below(3), 1 + r.below(3)),
                1 => format!("192.0.2.{}/25", 129 + r.below(2)),
                _ => format!("192.0.2.{}/24", r.pick(&["1", "10", "11", "12"])),
            }
        } else {
            r.pick(&[
                "2001:db8::1/64",
                "2001:db8::a/64",
                "2001:db8:0:1::1/64",
                "2001:db8::b/128",
                "fe80::77/64",
            ])
            .to_owned()
        };
        if verb == "del" {
            return format!("address del {address} dev {link}");
        }
        let is_v6 = address.contains(':');
        let more = if is_v6 {
            r.perhaps(25, |r| {
                r.pick(&["noprefixroute", "nodad", "home", "valid_lft 900 preferred_lft 0"]).into()
            })
        } else {
            r.perhaps(15, |r| r.pick(&["noprefixroute", "scope link", "metric 77"]).to_owned())
        };
        let lifetime = r.perhaps(12, |_| "valid_lft 1000 preferred_lft 500".into());
        let lifetime = if more.contains("valid_lft") { String::new() } else { lifetime };
        format!("address {verb} {address} dev {link}{more}{lifetime}")
    }

    pub(super) fn link_state(&mut self) -> String {
        let r = &mut self.random;
        let link = r.pick(&LINKS);
        match r.below(20) {
            0..9 => format!("link set {link} up"),
            9..13 => format!("link set {link} down"),
            13 => format!("link set {link} mtu {}", r.pick(&["1200", "1400", "1500"])),
            14 => format!("link set {link} mtu 1500"),
            15 => format!("link set {link} alias random-{}", r.below(9)),
            16 => format!("link set {link} group {}", r.pick(&["0", "7"])),
            17 => format!("link set {link} address 02:00:00:00:00:0{}", r.below(9)),
            18 => format!("link set {} master br0", r.pick(&["v4", "v5", "tap0"])),
            _ => format!("link set {} nomaster", r.pick(&["v4", "v5", "tap0"])),
        }
    }

    pub(super) fn link_life(&mut self) -> String {
        let r = &mut self.random;
        match r.below(12) {
            0 => format!("link set {} name renamed0", r.pick(&LINKS)),
            1 | 2 => format!("link set renamed0 name {}", r.pick(&LINKS)),
            3 => format!("link set {} netns {OTHER}", r.pick(&VETHS)),
            4 => format!("link del {}", r.pick(&LINKS)),
            5 => format!("link property add dev {} altname other-{}", r.pick(&LINKS), r.below(3)),
            6 => {
                let (one, two) = (r.pick(&VETHS), r.pick(&VETHS));
                format!("link add {one} index {} type veth peer name {two}", 700 + r.below(4))
            }
            7 => "link add br0 type bridge".into(),
            8 => format!("tuntap add mode tun name {}", r.pick(&["t0", "t1"])),
            _ => {
                let pair = r.below(3) * 2;
                format!("link add v{pair} type veth peer name v{}", pair + 1)
            }
        }
    }

    pub(super) fn neighbor(&mut self) -> String {
        let r = &mut self.random;
        let verb = r.pick(&["add", "replace", "replace", "del"]);
        let link = r.pick(&LINKS);
        let address = r.pick(&["192.0.2.50", "192.0.2.51", "2001:db8::50", "fe80::50"]);
        if r.chance(15) {
            return format!("neighbour {verb} proxy {address} dev {link}");
        }
        if verb == "del" {
            return format!("neighbour del {address} dev {link}");
        }
        let state = r.pick(&["permanent", "permanent", "noarp", "stale"]);
        format!(
            "neighbour {verb} {address} lladdr 02:00:00:00:01:0{} dev {link} nud {state}{}",
            r.below(9),
            r.perhaps(15, |r| r.pick(&["router", "extern_learn"]).to_owned())
        )
    }

    pub(super) fn address_label(&mut self) -> String {
        let r = &mut self.random;
        let prefix = r.pick(&["2001:db8::/32", "2001:db8:1::/48", "fd00::/8"]);
        let link = r.perhaps(30, |r| format!("dev {}", r.pick(&LINKS)));
        if r.chance(60) {
            format!("addrlabel add prefix {prefix}{link} label {}", 50 + r.below(9))
        } else {
            format!("addrlabel del prefix {prefix}{link}")
        }
    }
}
