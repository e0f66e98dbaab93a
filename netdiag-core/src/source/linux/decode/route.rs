//! `RTM_NEWROUTE` and `RTM_DELROUTE` (`struct rtmsg`, `fib_dump_info` in
//! `net/ipv4/fib_semantics.c`, `rt6_fill_node` in `net/ipv6/route.c`).

use std::net::IpAddr;

use ipnet::IpNet;
use netlink_packet_core::{
    DecodeError as BadAttribute, ParseableParametrized, parse_u8, parse_u16, parse_u32,
};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteCacheInfo, RouteHeader, RouteLwEnCapType, RouteType, RouteVia,
};

use super::attributes::{Attribute, MALFORMED, Taken, each, nest, text};
use super::{DecodeError, encapsulation, family, prefix};
use crate::model::{
    HexBytes, NextHop, NextHopFlags, RawAttribute, RouteAttributes, RouteFlags, RouteKind, RouteMetric,
    RouteProtocol, RouteScope, RouterPreference, TableId,
};

const HEADER: usize = 12;

const RTA_METRICS: u16 = libc::RTA_METRICS;
const RTA_MULTIPATH: u16 = libc::RTA_MULTIPATH;
const RTA_FLOW: u16 = libc::RTA_FLOW;
const RTA_CACHEINFO: u16 = libc::RTA_CACHEINFO;
const RTA_PREF: u16 = 20;
const RTA_ENCAP_TYPE: u16 = 21;
const RTA_ENCAP: u16 = 22;
const RTA_PAD: u16 = 24;

const RTAX_MTU: u16 = 2;
const RTAX_CC_ALGO: u16 = 16;

/// Left out on purpose: padding. Of RTA_CACHEINFO only the time of expiry is taken, not the
/// counters.
const IGNORED: &[u16] = &[RTA_PAD];

/// The low byte of `rtm_flags` is about the one nexthop (RTNH_F_*).
const NEXTHOP_BITS: u32 = 0xff;

/// RTM_F_LOOKUP_TABLE and RTM_F_FIB_MATCH: echoes of what was asked.
const ECHOED_BITS: u32 = 0x1000 | 0x2000;

/// Ticks a second of the times in netlink messages, whatever the kernel's own HZ is.
const USER_HZ: i64 = 100;

/// A route from the payload of a message.
#[cfg(test)]
pub(crate) fn decode(payload: &[u8]) -> Result<crate::model::Route, DecodeError> {
    use crate::model::Route;

    decode_parts(payload).map(|(destination, attributes)| Route::new(destination, attributes))
}

/// The two parts of a route, for a caller who shares equal attribute sets.
pub(crate) fn decode_parts(payload: &[u8]) -> Result<(IpNet, RouteAttributes), DecodeError> {
    let header = RouteHeader::parse(payload).map_err(|_| DecodeError::TooShort)?;
    let chain = payload.get(HEADER..).ok_or(DecodeError::TooShort)?;
    let family = family(header.address_family.into())?;

    let mut route = RouteAttributes {
        table: TableId(header.table.into()),
        tos: header.tos,
        kind: RouteKind(header.kind.into()),
        protocol: RouteProtocol(header.protocol.into()),
        scope: RouteScope(header.scope.into()),
        ..RouteAttributes::default()
    };
    let (mut destination, mut source) = (None, None);
    let mut way = Way::default();
    let mut inner = Vec::new();
    let mut unmodelled = each(chain, IGNORED, |attribute| {
        let value = attribute.value;
        match attribute.kind {
            RTA_METRICS => inner.extend(nest(RTA_METRICS, &take_metrics(&mut route, value))),
            RTA_MULTIPATH => {
                let (hops, rest) = multipath(header.address_family, value);
                route.nexthops = hops;
                inner.extend(rest.map(|bytes| RawAttribute { kind: RTA_MULTIPATH, bytes }));
            }
            RTA_CACHEINFO => route.expires_in_s = expiry(RouteCacheInfo::parse(value)?),
            RTA_FLOW => route.realms = Some(parse_u32(value)?),
            RTA_PREF => route.router_preference = Some(RouterPreference(parse_u8(value)?)),
            RTA_ENCAP_TYPE | RTA_ENCAP => return way.take_encapsulation(attribute),
            _ => match parse(attribute, header.address_family)? {
                RouteAttribute::Destination(address) => destination = ip(address),
                RouteAttribute::Source(address) => source = ip(address),
                RouteAttribute::PrefSource(address) => route.preferred_source = ip(address),
                RouteAttribute::Table(table) => route.table = TableId(table),
                RouteAttribute::Priority(metric) => route.metric = metric,
                RouteAttribute::NhId(id) => route.nexthop_id = Some(id),
                RouteAttribute::Oif(index) => {
                    way.exists = true;
                    way.hop.link_index = Some(index);
                }
                other => return Ok(way.take(other)),
            },
        }
        Ok(Taken::Modelled)
    });

    let destination = prefix(family, destination, header.destination_prefix_length, "RTA_DST")?;
    if header.source_prefix_length > 0 {
        let source = prefix(family, source, header.source_prefix_length, "RTA_SRC")?;
        route.source_prefix = Some(source.trunc());
    }
    let mut flags = header.flags.bits() & !ECHOED_BITS;
    let (hop, leftover) = way.finish();
    unmodelled.extend(leftover);
    if let Some(mut hop) = hop.filter(|_| route.nexthops.is_empty()) {
        hop.flags = NextHopFlags(flags & NEXTHOP_BITS);
        flags &= !NEXTHOP_BITS;
        route.nexthops.push(hop);
    }
    // Of a multipath route the kernel repeats here what holds for every leg. Other bits of the low
    // byte stay, so that none is lost.
    let all_legs = route.nexthops.iter().map(|hop| hop.flags.0).reduce(|all, leg| all & leg).unwrap_or(0);
    flags &= !(all_legs & NEXTHOP_BITS);
    route.flags = RouteFlags(flags);
    unmodelled.append(&mut inner);
    route.unmodelled = unmodelled;
    Ok((destination.trunc(), route))
}

fn parse(attribute: Attribute<'_>, family: AddressFamily) -> Result<RouteAttribute, BadAttribute> {
    let parameters = (family, RouteType::Unicast, RouteLwEnCapType::None);
    RouteAttribute::parse_with_param(&attribute.nla, parameters)
}

fn ip(address: RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some(address.into()),
        RouteAddress::Inet6(address) => Some(address.into()),
        _ => None,
    }
}

/// Whole seconds, rounded down: what has expired is negative. `rta_expires` is signed although
/// declared otherwise in the crate; 0 stands for never.
fn expiry(info: RouteCacheInfo) -> Option<i64> {
    let ticks = i64::from(info.expires.cast_signed());
    (ticks != 0).then(|| ticks.div_euclid(USER_HZ))
}

/// One way out while its attributes come in: of the route itself, or of one leg.
#[derive(Default)]
struct Way<'a> {
    exists: bool,
    hop: NextHop,
    encapsulation: encapsulation::Parts<'a>,
}

impl<'a> Way<'a> {
    fn take(&mut self, attribute: RouteAttribute) -> Taken {
        let gateway = match attribute {
            RouteAttribute::Gateway(address) => ip(address),
            RouteAttribute::Via(RouteVia::Inet(address)) => Some(address.into()),
            RouteAttribute::Via(RouteVia::Inet6(address)) => Some(address.into()),
            _ => None,
        };
        if gateway.is_none() {
            return Taken::Unmodelled;
        }
        self.exists = true;
        self.hop.gateway = gateway;
        Taken::Modelled
    }

    fn take_encapsulation(&mut self, attribute: Attribute<'a>) -> Result<Taken, BadAttribute> {
        match attribute.kind {
            RTA_ENCAP_TYPE => self.encapsulation.kind = Some(parse_u16(attribute.value)?),
            _ => self.encapsulation.bytes = Some(attribute.value),
        }
        Ok(Taken::Modelled)
    }

    fn finish(mut self) -> (Option<NextHop>, Option<RawAttribute>) {
        let (encapsulation, leftover) = self.encapsulation.finish(RTA_ENCAP);
        self.exists |= encapsulation.is_some();
        self.hop.encapsulation = encapsulation;
        (self.exists.then_some(self.hop), leftover)
    }
}

/// The legs of RTA_MULTIPATH: each a `struct rtnexthop` and a chain of its own.
///
/// What could not be read of them is returned as bytes: the attributes of all legs one after the
/// other, and the rest where the sequence itself is malformed.
fn multipath(family: AddressFamily, legs: &[u8]) -> (Vec<NextHop>, Option<HexBytes>) {
    let mut hops = Vec::new();
    let mut unread = Vec::new();
    let mut rest = legs;
    while !rest.is_empty() {
        let Some((hop, leftover, after)) = leg(family, rest) else {
            unread.push(RawAttribute { kind: MALFORMED, bytes: HexBytes(rest.into()) });
            break;
        };
        hops.push(hop);
        unread.extend(leftover);
        rest = after;
    }
    (hops, nest(RTA_MULTIPATH, &unread).map(|raw| raw.bytes))
}

fn leg(family: AddressFamily, legs: &[u8]) -> Option<(NextHop, Vec<RawAttribute>, &[u8])> {
    let (&[l0, l1, flags, hops, a, b, c, d], _) = legs.split_first_chunk::<8>()?;
    let length = usize::from(u16::from_ne_bytes([l0, l1]));
    let chain = legs.get(8..length)?;
    let mut way = Way::default();
    let mut realms = None;
    let mut unmodelled = each(chain, IGNORED, |attribute| match attribute.kind {
        RTA_ENCAP_TYPE | RTA_ENCAP => way.take_encapsulation(attribute),
        RTA_FLOW => {
            realms = Some(parse_u32(attribute.value)?);
            Ok(Taken::Modelled)
        }
        _ => Ok(way.take(parse(attribute, family)?)),
    });
    way.exists = true;
    way.hop.link_index = Some(u32::from_ne_bytes([a, b, c, d])).filter(|index| *index != 0);
    way.hop.weight = Some(u16::from(hops) + 1);
    way.hop.flags = NextHopFlags(flags.into());
    way.hop.realms = realms;
    let (hop, leftover) = way.finish();
    unmodelled.extend(leftover);
    Some((hop?, unmodelled, legs.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

/// RTA_METRICS: the model keeps them by number, so those without a name are kept too.
fn take_metrics(route: &mut RouteAttributes, chain: &[u8]) -> Vec<RawAttribute> {
    each(chain, &[], |attribute| {
        match attribute.kind {
            RTAX_CC_ALGO => route.congestion_control = Some(text(attribute.value)),
            RTAX_MTU => route.mtu = Some(parse_u32(attribute.value)?),
            number => {
                route.metrics.insert(RouteMetric(number), parse_u32(attribute.value)?);
            }
        }
        Ok(Taken::Modelled)
    })
}
