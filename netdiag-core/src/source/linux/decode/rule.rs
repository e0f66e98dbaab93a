//! `RTM_NEWRULE` and `RTM_DELRULE` (`struct fib_rule_hdr`, `fib_nl_fill_rule` in
//! `net/core/fib_rules.c`).

use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_core::{Parseable, parse_u8, parse_u16, parse_u32, parse_u32_be};
use netlink_packet_route::rule::{RuleAttribute, RuleFlags, RuleHeader};

use super::attributes::{Taken, each, name};
use super::{DecodeError, family, prefix};
use crate::model::{Family, PortRange, RouteProtocol, Rule, RuleAction, TableId, UidRange};

const HEADER: usize = 12;

const FRA_IIFNAME: u16 = 3;
const FRA_FLOW: u16 = 11;
const FRA_OIFNAME: u16 = 17;
const FRA_PAD: u16 = 18;
// Newer than the crate: `enum` in `include/uapi/linux/fib_rules.h` since Linux 6.14.
const FRA_DSCP: u16 = 25;
const FRA_FLOWLABEL: u16 = 26;
const FRA_FLOWLABEL_MASK: u16 = 27;
const FRA_SPORT_MASK: u16 = 28;
const FRA_DPORT_MASK: u16 = 29;
const FRA_DSCP_MASK: u16 = 30;

/// Left out on purpose: padding.
const IGNORED: &[u16] = &[FRA_PAD];

/// A rule from the payload of a message. The kernel's two lists of multicast routing rules come
/// under the same number; they are [`DecodeError::OtherFamily`].
///
/// A prefix keeps its host bits: the kernel ignores them in a lookup, but they tell two rules
/// apart when one is deleted.
pub(crate) fn decode(payload: &[u8]) -> Result<Rule, DecodeError> {
    let header = RuleHeader::parse(payload).map_err(|_| DecodeError::TooShort)?;
    let chain = payload.get(HEADER..).ok_or(DecodeError::TooShort)?;
    let family = family(header.family.into())?;

    let mut rule = Rule {
        family,
        priority: 0,
        invert: header.flags.contains(RuleFlags::Invert),
        from: None,
        to: None,
        mark: None,
        mask: None,
        iif: None,
        iif_detached: header.flags.contains(RuleFlags::IifDetached),
        oif: None,
        oif_detached: header.flags.contains(RuleFlags::OifDetached),
        uid_range: None,
        ip_protocol: None,
        sport: None,
        sport_mask: None,
        dport: None,
        dport_mask: None,
        tos: header.tos,
        dscp: None,
        dscp_mask: None,
        flow_label: None,
        flow_label_mask: None,
        tun_id: None,
        l3mdev: false,
        action: RuleAction(header.action.into()),
        table: table(header.table.into()),
        goto: None,
        unresolved: header.flags.contains(RuleFlags::Unresolved),
        suppress_prefix_length: None,
        suppress_interface_group: None,
        realms: 0,
        protocol: None,
        unmodelled: Vec::new(),
    };
    let (mut from, mut to) = (None, None);
    let unmodelled = each(chain, IGNORED, |attribute| {
        let value = attribute.value;
        match attribute.kind {
            FRA_IIFNAME => rule.iif = Some(name(value)),
            FRA_OIFNAME => rule.oif = Some(name(value)),
            FRA_FLOW => rule.realms = parse_u32(value)?,
            FRA_DSCP => rule.dscp = Some(parse_u8(value)?),
            FRA_DSCP_MASK => rule.dscp_mask = Some(parse_u8(value)?),
            FRA_FLOWLABEL => rule.flow_label = Some(parse_u32_be(value)?),
            FRA_FLOWLABEL_MASK => rule.flow_label_mask = Some(parse_u32_be(value)?),
            FRA_SPORT_MASK => rule.sport_mask = Some(parse_u16(value)?),
            FRA_DPORT_MASK => rule.dport_mask = Some(parse_u16(value)?),
            _ => match RuleAttribute::parse(&attribute.nla)? {
                RuleAttribute::Source(address) => from = Some(address),
                RuleAttribute::Destination(address) => to = Some(address),
                other => return Ok(take(&mut rule, other)),
            },
        }
        Ok(Taken::Modelled)
    });
    rule.from = selector(family, from, header.src_len, "FRA_SRC")?;
    rule.to = selector(family, to, header.dst_len, "FRA_DST")?;
    rule.unmodelled = unmodelled;
    Ok(rule)
}

fn take(rule: &mut Rule, attribute: RuleAttribute) -> Taken {
    let ports = |start, end| Some(PortRange { start, end });
    match attribute {
        RuleAttribute::Priority(priority) => rule.priority = priority,
        RuleAttribute::FwMark(mark) => rule.mark = Some(mark),
        RuleAttribute::FwMask(mask) => rule.mask = Some(mask),
        RuleAttribute::Table(number) => rule.table = table(number),
        RuleAttribute::Goto(target) => rule.goto = Some(target),
        RuleAttribute::TunId(id) => rule.tun_id = Some(id),
        RuleAttribute::L3MDev(l3mdev) => rule.l3mdev = l3mdev,
        RuleAttribute::UidRange(range) => {
            rule.uid_range = Some(UidRange { start: range.start, end: range.end });
        }
        // 0 stands for "nobody said"; older kernels do not send it at all.
        RuleAttribute::Protocol(protocol) => {
            rule.protocol = Some(RouteProtocol(protocol.into())).filter(|protocol| protocol.0 != 0);
        }
        RuleAttribute::IpProtocol(protocol) => {
            // An `i32` in the crate, one byte on the wire.
            rule.ip_protocol = u8::try_from(i32::from(protocol)).ok();
        }
        RuleAttribute::SourcePortRange(range) => rule.sport = ports(range.start, range.end),
        RuleAttribute::DestinationPortRange(range) => rule.dport = ports(range.start, range.end),
        // The kernel's -1 stands for "not set" and is sent with every rule.
        RuleAttribute::SuppressPrefixLen(length) => {
            rule.suppress_prefix_length = Some(length).filter(|length| *length != u32::MAX);
        }
        RuleAttribute::SuppressIfGroup(group) => {
            rule.suppress_interface_group = Some(group).filter(|group| *group != u32::MAX);
        }
        _ => return Taken::Unmodelled,
    }
    Taken::Modelled
}

/// Table 0 stands for none: the rule does something else, or asks the table of a VRF.
fn table(number: u32) -> Option<TableId> {
    Some(TableId(number)).filter(|table| table.0 != 0)
}

fn selector(
    family: Family,
    address: Option<IpAddr>,
    length: u8,
    attribute: &'static str,
) -> Result<Option<IpNet>, DecodeError> {
    match length {
        0 => Ok(None),
        _ => prefix(family, address, length, attribute).map(Some),
    }
}
