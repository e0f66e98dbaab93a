//! `RTM_NEWADDRLABEL` (`struct ifaddrlblmsg`, `ip6addrlbl_fill` in `net/ipv6/addrlabel.c`).

use netlink_packet_core::Parseable;
use netlink_packet_route::addrlabel::{AddrLabelAttribute, AddrLabelHeader};

use super::attributes::{Taken, each};
use super::{DecodeError, family, prefix};
use crate::model::AddressLabel;

const HEADER: usize = 12;

/// Left out on purpose: nothing.
const IGNORED: &[u16] = &[];

/// A label from the payload of a message.
pub(crate) fn decode(payload: &[u8]) -> Result<AddressLabel, DecodeError> {
    let header = AddrLabelHeader::parse(payload).map_err(|_| DecodeError::TooShort)?;
    let chain = payload.get(HEADER..).ok_or(DecodeError::TooShort)?;
    let family = family(header.family.into())?;
    let (mut address, mut label) = (None, None);
    let unmodelled = each(chain, IGNORED, |attribute| {
        match AddrLabelAttribute::parse(&attribute.nla)? {
            AddrLabelAttribute::Address(found) => address = Some(found),
            AddrLabelAttribute::Label(found) => label = Some(found),
            _ => return Ok(Taken::Unmodelled),
        }
        Ok(Taken::Modelled)
    });
    Ok(AddressLabel {
        prefix: prefix(family, address, header.prefix_len, "IFAL_ADDRESS")?.trunc(),
        link: None,
        link_index: Some(header.index).filter(|index| *index != 0),
        label: label.ok_or(DecodeError::Missing("IFAL_LABEL"))?,
        unmodelled,
    })
}
