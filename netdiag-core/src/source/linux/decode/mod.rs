//! Pure `bytes -> model` for rtnetlink: one file per noun, no I/O, nothing from outside panics.
//!
//! Each `decode` takes the payload of a message, that is what follows the 16 bytes of
//! `struct nlmsghdr`. Attributes are decoded one by one: one that is unknown, or that does not
//! hold what its number promises, is kept raw in `unmodelled` and the rest of the message stands.
//! Each file says in one list which attributes it leaves out on purpose, and why.
//!
//! Attributes are parsed by `netlink-packet-route`. Where its type would lose something (names
//! that are not UTF-8, the raw bytes of an encapsulation, a whole message because of one nested
//! attribute) or does not exist (nexthop objects), the bytes are read here.

pub(crate) mod address;
pub(crate) mod address_label;
mod attributes;
mod encapsulation;
mod hardware_type;
pub(crate) mod link;
pub(crate) mod neighbor;
pub(crate) mod nexthop;
pub(crate) mod route;
pub(crate) mod rule;
mod tunnel;

#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::model::Family;

/// Why a message as a whole has no place in the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DecodeError {
    /// It is about something that the model has no noun for, so there is nothing to keep: bridge
    /// ports and forwarding entries (7), MPLS (28), multicast routing (128 and 129) …
    OtherFamily(u8),
    /// It ends before its fixed header does.
    TooShort,
    /// An attribute without which the rest would be a wrong claim is missing or unreadable.
    Missing(&'static str),
    /// A prefix is longer than its addresses.
    PrefixLength(u8),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherFamily(number) => write!(f, "address family {number}"),
            Self::TooShort => f.write_str("message shorter than its header"),
            Self::Missing(attribute) => write!(f, "no readable {attribute}"),
            Self::PrefixLength(length) => write!(f, "prefix length {length}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// AF_INET or AF_INET6 of a header.
fn family(number: u8) -> Result<Family, DecodeError> {
    match i32::from(number) {
        libc::AF_INET => Ok(Family::V4),
        libc::AF_INET6 => Ok(Family::V6),
        _ => Err(DecodeError::OtherFamily(number)),
    }
}

/// The prefix of an address attribute and the length in a header, host bits as they are.
fn prefix(
    family: Family,
    address: Option<IpAddr>,
    length: u8,
    attribute: &'static str,
) -> Result<IpNet, DecodeError> {
    let address = match address.filter(|address| Family::of(address) == family) {
        Some(address) => address,
        None if length == 0 => return Ok(family.everything()),
        None => return Err(DecodeError::Missing(attribute)),
    };
    IpNet::new(address, length).map_err(|_| DecodeError::PrefixLength(length))
}
