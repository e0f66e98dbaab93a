//! `RTM_NEWADDR` and `RTM_DELADDR` (`struct ifaddrmsg`, `inet_fill_ifaddr` in
//! `net/ipv4/devinet.c`, `inet6_fill_ifaddr` in `net/ipv6/addrconf.c`).

use netlink_packet_core::Parseable;
use netlink_packet_route::address::{AddressAttribute, AddressHeader};

use super::attributes::{Taken, each, name};
use super::{DecodeError, family, prefix};
use crate::model::{Address, AddressFlags, AddressScope, Family};

const HEADER: usize = 8;
const IFA_LABEL: u16 = libc::IFA_LABEL;

/// Left out on purpose: nothing. Of IFA_CACHEINFO only the lifetimes are taken, not the two time
/// stamps.
const IGNORED: &[u16] = &[];

/// An address from the payload of a message; its `position` is given to it by whoever lists it.
pub(crate) fn decode(payload: &[u8]) -> Result<Address, DecodeError> {
    let header = AddressHeader::parse(payload).map_err(|_| DecodeError::TooShort)?;
    let chain = payload.get(HEADER..).ok_or(DecodeError::TooShort)?;
    let family = family(header.family.into())?;

    let (mut local, mut other, mut broadcast, mut label) = (None, None, None, None);
    let (mut preferred_for_s, mut valid_for_s) = (None, None);
    let (mut metric, mut protocol) = (0, 0);
    let mut flags = AddressFlags(header.flags.bits().into());
    let unmodelled = each(chain, IGNORED, |attribute| {
        if attribute.kind == IFA_LABEL {
            label = Some(name(attribute.value));
            return Ok(Taken::Modelled);
        }
        match AddressAttribute::parse(&attribute.nla)? {
            AddressAttribute::Local(address) => local = Some(address),
            AddressAttribute::Address(address) => other = Some(address),
            AddressAttribute::Broadcast(address) => broadcast = Some(address.into()),
            AddressAttribute::Flags(all) => flags = AddressFlags(all.bits()),
            AddressAttribute::CacheInfo(info) => {
                let lifetime = |seconds| Some(seconds).filter(|seconds| *seconds != u32::MAX);
                preferred_for_s = lifetime(info.ifa_preferred);
                valid_for_s = lifetime(info.ifa_valid);
            }
            AddressAttribute::RoutePriority(priority) => metric = priority,
            AddressAttribute::Protocol(number) => protocol = number.into(),
            _ => return Ok(Taken::Unmodelled),
        }
        Ok(Taken::Modelled)
    });
    // IFA_ADDRESS is the other end of a point-to-point link. IPv4 always sends both, IPv6 sends
    // IFA_LOCAL only where there is another end.
    let own = local.or(other).filter(|own| Family::of(own) == family);
    let own = own.ok_or(DecodeError::Missing("IFA_ADDRESS"))?;
    Ok(Address {
        link: None,
        link_index: header.index,
        address: prefix(family, Some(own), header.prefix_len, "IFA_ADDRESS")?,
        peer: other.filter(|other| *other != own),
        broadcast,
        scope: AddressScope(header.scope.into()),
        flags,
        preferred_for_s,
        valid_for_s,
        label,
        metric,
        protocol,
        position: 0,
        unmodelled,
    })
}
