//! `RTM_NEWNEXTHOP` and `RTM_DELNEXTHOP` (`struct nhmsg`, `nh_fill_node` in
//! `net/ipv4/nexthop.c`). `netlink-packet-route` does not know these messages.

use netlink_packet_core::{DecodeError as BadAttribute, parse_u16, parse_u32};

use super::attributes::{Taken, address, each, nest};
use super::{DecodeError, encapsulation, family};
use crate::model::{GroupMember, NextHopFlags, NextHopObject, RouteProtocol, RouteScope};

const HEADER: usize = 8;

// `include/uapi/linux/nexthop.h`
const NHA_ID: u16 = 1;
const NHA_GROUP: u16 = 2;
const NHA_GROUP_TYPE: u16 = 3;
const NHA_BLACKHOLE: u16 = 4;
const NHA_OIF: u16 = 5;
const NHA_GATEWAY: u16 = 6;
const NHA_ENCAP_TYPE: u16 = 7;
const NHA_ENCAP: u16 = 8;
const NHA_FDB: u16 = 11;
const NHA_RES_GROUP: u16 = 12;
const NHA_OP_FLAGS: u16 = 14;
const NHA_GROUP_STATS: u16 = 15;
const NHA_HW_STATS_ENABLE: u16 = 16;
const NHA_HW_STATS_USED: u16 = 17;
const NHA_RES_GROUP_UNBALANCED_TIME: u16 = 4;

/// Left out on purpose: counters, whether the hardware counts, and an echo of the request.
const IGNORED: &[u16] = &[NHA_OP_FLAGS, NHA_GROUP_STATS, NHA_HW_STATS_ENABLE, NHA_HW_STATS_USED];

/// A nexthop object from the payload of a message. Of a resilient group the timers are kept raw,
/// without the time for which it has been unbalanced.
pub(crate) fn decode(payload: &[u8]) -> Result<NextHopObject, DecodeError> {
    let (&[number, scope, protocol, _, a, b, c, d], chain) =
        payload.split_first_chunk::<HEADER>().ok_or(DecodeError::TooShort)?;
    let family = match i32::from(number) {
        libc::AF_UNSPEC => None,
        _ => Some(family(number)?),
    };
    let mut object = NextHopObject {
        id: 0,
        family,
        gateway: None,
        link: None,
        link_index: None,
        blackhole: false,
        fdb: false,
        group: Vec::new(),
        group_type: None,
        encapsulation: None,
        scope: RouteScope(scope),
        protocol: RouteProtocol(protocol),
        flags: NextHopFlags(u32::from_ne_bytes([a, b, c, d])),
        unmodelled: Vec::new(),
    };
    let mut wrap = encapsulation::Parts::default();
    let mut timers = None;
    let mut unmodelled = each(chain, IGNORED, |attribute| {
        let value = attribute.value;
        match attribute.kind {
            NHA_ID => object.id = parse_u32(value)?,
            NHA_GROUP => object.group = group(value)?,
            NHA_GROUP_TYPE => {
                object.group_type = Some(match parse_u16(value)? {
                    0 => "mpath".into(),
                    1 => "resilient".into(),
                    other => other.to_string(),
                });
            }
            NHA_BLACKHOLE => object.blackhole = true,
            NHA_OIF => object.link_index = Some(parse_u32(value)?),
            NHA_GATEWAY => object.gateway = Some(address(value)?),
            NHA_ENCAP_TYPE => wrap.kind = Some(parse_u16(value)?),
            NHA_ENCAP => wrap.bytes = Some(value),
            NHA_FDB => object.fdb = true,
            NHA_RES_GROUP => {
                let steady = each(value, &[NHA_RES_GROUP_UNBALANCED_TIME], |_| Ok(Taken::Unmodelled));
                timers = nest(NHA_RES_GROUP, &steady);
            }
            _ => return Ok(Taken::Unmodelled),
        }
        Ok(Taken::Modelled)
    });
    if object.id == 0 {
        return Err(DecodeError::Missing("NHA_ID"));
    }
    unmodelled.extend(timers);
    let (encapsulation, leftover) = wrap.finish(NHA_ENCAP);
    object.encapsulation = encapsulation;
    unmodelled.extend(leftover);
    object.unmodelled = unmodelled;
    Ok(object)
}

/// `struct nexthop_grp`: number, weight - 1, and since Linux 6.12 the upper half of that.
fn group(value: &[u8]) -> Result<Vec<GroupMember>, BadAttribute> {
    let (members, rest) = value.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(BadAttribute::from("NHA_GROUP with a part of a member"));
    }
    Ok(members
        .iter()
        .map(|&[a, b, c, d, weight, weight_high, _, _]| GroupMember {
            id: u32::from_ne_bytes([a, b, c, d]),
            weight: u16::from_le_bytes([weight, weight_high]).saturating_add(1),
        })
        .collect())
}
