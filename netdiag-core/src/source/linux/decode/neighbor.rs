//! `RTM_NEWNEIGH` and `RTM_DELNEIGH` (`struct ndmsg`, `neigh_fill_info` in
//! `net/core/neighbour.c`).

use netlink_packet_core::ParseableParametrized;
use netlink_packet_route::AddressFamily;
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourHeader};

use super::attributes::{Taken, each};
use super::{DecodeError, family};
use crate::model::{MacAddress, Neighbor, NeighborFlags, NeighborState, RouteProtocol};

const HEADER: usize = 12;

/// Left out on purpose: timers and the count of probes.
const IGNORED: &[u16] = &[libc::NDA_CACHEINFO, libc::NDA_PROBES];

/// A neighbour from the payload of a message. Forwarding entries of a bridge come under the same
/// number; they are [`DecodeError::OtherFamily`].
pub(crate) fn decode(payload: &[u8]) -> Result<Neighbor, DecodeError> {
    let header = NeighbourHeader::parse(payload).map_err(|_| DecodeError::TooShort)?;
    let chain = payload.get(HEADER..).ok_or(DecodeError::TooShort)?;
    let wire_family: AddressFamily = header.family;
    family(wire_family.into())?;

    let (mut address, mut mac, mut protocol) = (None, None, None);
    let mut flags = NeighborFlags(header.flags.bits().into());
    let unmodelled = each(chain, IGNORED, |attribute| {
        match NeighbourAttribute::parse_with_param(&attribute.nla, wire_family)? {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(found)) => address = Some(found.into()),
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(found)) => address = Some(found.into()),
            NeighbourAttribute::LinkLayerAddress(bytes) => {
                mac = (!bytes.is_empty()).then(|| MacAddress(bytes.into()));
            }
            NeighbourAttribute::Protocol(found) => protocol = Some(RouteProtocol(found.into())),
            NeighbourAttribute::ExtFlags(more) => flags = flags | NeighborFlags(more.bits() << 8),
            _ => return Ok(Taken::Unmodelled),
        }
        Ok(Taken::Modelled)
    });
    Ok(Neighbor {
        link: None,
        link_index: header.ifindex,
        address: address.ok_or(DecodeError::Missing("NDA_DST"))?,
        mac,
        state: NeighborState(header.state.into()),
        flags,
        protocol,
        unmodelled,
    })
}
