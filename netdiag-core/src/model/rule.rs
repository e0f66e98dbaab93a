//! A policy rule, as in `ip rule`.

use std::fmt;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link::is_default;
use super::named::named_number;
use super::{Family, LinkName, RawAttribute, RouteProtocol, TableId};

/// A rule of the routing policy database: which packets are looked up in which table.
///
/// Rules are asked in order of priority and, where it is equal, in the order they are listed
/// (`fib_rules_lookup` in `net/core/fib_rules.c`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// Which of the two rule lists it belongs to.
    pub family: Family,
    /// Place in the list; lower is asked first (FRA_PRIORITY).
    pub priority: u32,
    /// Applies to the packets that do *not* match (FIB_RULE_INVERT).
    #[serde(default, skip_serializing_if = "is_default")]
    pub invert: bool,
    /// Packets from this prefix; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub from: Option<IpNet>,
    /// Packets to this prefix; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub to: Option<IpNet>,
    /// Packets whose mark, under `mask`, is this (FRA_FWMARK).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<u32>,
    /// Which bits of the mark count (FRA_FWMASK).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<u32>,
    /// Packets that came in by this link (FRA_IIFNAME); `lo` = sent by this host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iif: Option<LinkName>,
    /// The `iif` link does not exist, so nothing matches.
    #[serde(default, skip_serializing_if = "is_default")]
    pub iif_detached: bool,
    /// Packets of sockets bound to this link (FRA_OIFNAME).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oif: Option<LinkName>,
    /// The `oif` link does not exist, so nothing matches.
    #[serde(default, skip_serializing_if = "is_default")]
    pub oif_detached: bool,
    /// Packets of these users (FRA_UID_RANGE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid_range: Option<UidRange>,
    /// Packets of this IP protocol number (FRA_IP_PROTO).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_protocol: Option<u8>,
    /// Packets from these ports (FRA_SPORT_RANGE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sport: Option<PortRange>,
    /// Which bits of the source port count (FRA_SPORT_MASK).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sport_mask: Option<u16>,
    /// Packets to these ports (FRA_DPORT_RANGE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dport: Option<PortRange>,
    /// Which bits of the destination port count (FRA_DPORT_MASK).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dport_mask: Option<u16>,
    /// Packets with this type of service (`tos`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub tos: u8,
    /// Packets with this differentiated services code point (FRA_DSCP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dscp: Option<u8>,
    /// Which bits of the code point count (FRA_DSCP_MASK).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dscp_mask: Option<u8>,
    /// Packets with this IPv6 flow label (FRA_FLOWLABEL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_label: Option<u32>,
    /// Which bits of the flow label count (FRA_FLOWLABEL_MASK).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow_label_mask: Option<u32>,
    /// Packets of this tunnel key (FRA_TUN_ID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tun_id: Option<u64>,
    /// Packets of a link that belongs to a layer 3 master: its own table is asked (FRA_L3MDEV).
    #[serde(default, skip_serializing_if = "is_default")]
    pub l3mdev: bool,
    /// What a matching packet meets.
    pub action: RuleAction,
    /// The table to ask, for `lookup` (FRA_TABLE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<TableId>,
    /// The priority to go on at, for `goto` (FRA_GOTO).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goto: Option<u32>,
    /// The target of `goto` does not exist, so the rule does nothing.
    #[serde(default, skip_serializing_if = "is_default")]
    pub unresolved: bool,
    /// A route found is refused when its prefix is this long or shorter
    /// (FRA_SUPPRESS_PREFIXLEN).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppress_prefix_length: Option<u32>,
    /// A route found is refused when its link is in this group (FRA_SUPPRESS_IFGROUP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppress_interface_group: Option<u32>,
    /// Realms of the packets (FRA_FLOW).
    #[serde(default, skip_serializing_if = "is_default")]
    pub realms: u32,
    /// Who added it (FRA_PROTOCOL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<RouteProtocol>,
    /// Attributes not modelled here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmodelled: Vec<RawAttribute>,
}

named_number! {
    /// What a rule does (`linux/fib_rules.h` FR_ACT_*).
    RuleAction(u8) {
        /// Ask a table.
        LOOKUP = 1 "lookup",
        /// Go on at another rule.
        GOTO = 2 "goto",
        /// Nothing.
        NOP = 3 "nop",
        /// Drop without a word.
        BLACKHOLE = 6 "blackhole",
        /// Refuse as unreachable.
        UNREACHABLE = 7 "unreachable",
        /// Refuse as prohibited.
        PROHIBIT = 8 "prohibit",
    }
}

/// Users from `start` to `end`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct UidRange {
    /// First user.
    pub start: u32,
    /// Last user.
    pub end: u32,
}

/// Ports from `start` to `end`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PortRange {
    /// First port.
    pub start: u16,
    /// Last port.
    pub end: u16,
}

/// `from all fwmark 0x1/0xff lookup 100`, the words of `ip rule`, without the priority.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.invert {
            f.write_str("not ")?;
        }
        match &self.from {
            Some(from) => write!(f, "from {from}")?,
            None => f.write_str("from all")?,
        }
        if let Some(to) = &self.to {
            write!(f, " to {to}")?;
        }
        if self.tos != 0 {
            write!(f, " tos 0x{:02x}", self.tos)?;
        }
        match (self.mark, self.mask) {
            (Some(mark), None | Some(u32::MAX)) => write!(f, " fwmark 0x{mark:x}")?,
            (mark, Some(mask)) => write!(f, " fwmark 0x{:x}/0x{mask:x}", mark.unwrap_or(0))?,
            (None, None) => {}
        }
        for (word, name, detached) in
            [("iif", &self.iif, self.iif_detached), ("oif", &self.oif, self.oif_detached)]
        {
            if let Some(name) = name {
                write!(f, " {word} {name}")?;
                if detached {
                    f.write_str(" [detached]")?;
                }
            }
        }
        if self.l3mdev {
            f.write_str(" lookup [l3mdev-table]")?;
        }
        if let Some(range) = self.uid_range {
            write!(f, " uidrange {}-{}", range.start, range.end)?;
        }
        if let Some(protocol) = self.ip_protocol {
            match protocol {
                1 => f.write_str(" ipproto icmp")?,
                6 => f.write_str(" ipproto tcp")?,
                17 => f.write_str(" ipproto udp")?,
                58 => f.write_str(" ipproto ipv6-icmp")?,
                other => write!(f, " ipproto {other}")?,
            }
        }
        for (word, range, mask) in
            [("sport", self.sport, self.sport_mask), ("dport", self.dport, self.dport_mask)]
        {
            if let Some(range) = range {
                if range.start == range.end {
                    write!(f, " {word} {}", range.start)?;
                } else {
                    write!(f, " {word} {}-{}", range.start, range.end)?;
                }
                if let Some(mask) = mask.filter(|mask| *mask != u16::MAX) {
                    write!(f, "/0x{mask:x}")?;
                }
            }
        }
        if let Some(id) = self.tun_id {
            write!(f, " tun_id {id}")?;
        }
        if let Some(dscp) = self.dscp {
            write!(f, " dscp {dscp}")?;
            if let Some(mask) = self.dscp_mask.filter(|mask| *mask != 0x3f) {
                write!(f, "/0x{mask:x}")?;
            }
        }
        if let Some(label) = self.flow_label {
            write!(f, " flowlabel 0x{label:x}")?;
            if let Some(mask) = self.flow_label_mask.filter(|mask| *mask != 0xf_ffff) {
                write!(f, "/0x{mask:x}")?;
            }
        }
        match self.action {
            RuleAction::LOOKUP => {
                if let (Some(table), false) = (self.table, self.l3mdev) {
                    write!(f, " lookup {table}")?;
                }
            }
            RuleAction::GOTO => match self.goto {
                Some(target) => write!(f, " goto {target}")?,
                None => f.write_str(" goto none")?,
            },
            action => write!(f, " {action}")?,
        }
        if self.unresolved {
            f.write_str(" [unresolved]")?;
        }
        if let Some(length) = self.suppress_prefix_length {
            write!(f, " suppress_prefixlength {length}")?;
        }
        if let Some(group) = self.suppress_interface_group {
            write!(f, " suppress_ifgroup {group}")?;
        }
        if self.realms != 0 {
            match (self.realms >> 16, self.realms & 0xffff) {
                (0, to) => write!(f, " realms {to}")?,
                (from, to) => write!(f, " realms {from}/{to}")?,
            }
        }
        let ordinary = [RouteProtocol::UNSPECIFIED, RouteProtocol::KERNEL];
        if let Some(protocol) = self.protocol.filter(|protocol| !ordinary.contains(protocol)) {
            write!(f, " proto {protocol}")?;
        }
        Ok(())
    }
}
