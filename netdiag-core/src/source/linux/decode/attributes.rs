//! Chains of attributes (`struct nlattr`, `include/uapi/linux/netlink.h`).

use std::net::IpAddr;

use netlink_packet_core::{DecodeError, NlaBuffer, parse_ip};

use crate::model::{HexBytes, LinkName, RawAttribute};

/// The number under which the rest of a malformed chain is kept. No attribute can have it,
/// because the two upper bits of the kernel's number are flags.
pub(super) const MALFORMED: u16 = u16::MAX;

const HEADER: usize = 4;

/// One attribute of a chain.
#[derive(Clone, Copy)]
pub(super) struct Attribute<'a> {
    /// Its number, without the flags for nesting and byte order.
    pub(super) kind: u16,
    /// Its payload.
    pub(super) value: &'a [u8],
    /// The same as the parsers of `netlink-packet-route` want it.
    pub(super) nla: NlaBuffer<&'a [u8]>,
}

impl Attribute<'_> {
    /// It as the model keeps what it does not understand.
    pub(super) fn to_raw(self) -> RawAttribute {
        RawAttribute { kind: self.kind, bytes: HexBytes(self.value.into()) }
    }
}

/// What a decoder did with an attribute.
pub(super) enum Taken {
    /// It is in the model.
    Modelled,
    /// The model has no place for it.
    Unmodelled,
}

/// Gives every attribute of `chain` to `take`, except the `ignored` ones, and returns those that
/// the model has no place for or that could not be read.
///
/// Where the chain itself is malformed, what came before stands and the rest is one
/// [`MALFORMED`] attribute.
pub(super) fn each<'a>(
    chain: &'a [u8],
    ignored: &[u16],
    mut take: impl FnMut(Attribute<'a>) -> Result<Taken, DecodeError>,
) -> Vec<RawAttribute> {
    let mut unmodelled = Vec::new();
    let mut rest = chain;
    while !rest.is_empty() {
        let Some((nla, value)) = NlaBuffer::new_checked(rest)
            .ok()
            .and_then(|nla| Some((nla, rest.get(HEADER..usize::from(nla.length()))?)))
        else {
            unmodelled.push(RawAttribute { kind: MALFORMED, bytes: HexBytes(rest.into()) });
            break;
        };
        let attribute = Attribute { kind: nla.kind(), value, nla };
        let taken = if ignored.contains(&attribute.kind) { Ok(Taken::Modelled) } else { take(attribute) };
        if !matches!(taken, Ok(Taken::Modelled)) {
            unmodelled.push(attribute.to_raw());
        }
        rest = rest.get(usize::from(nla.length()).next_multiple_of(HEADER)..).unwrap_or_default();
    }
    unmodelled
}

/// What was not understood inside the nested attribute `kind`, as one attribute with the same
/// layout; nothing if all was.
pub(super) fn nest(kind: u16, inner: &[RawAttribute]) -> Option<RawAttribute> {
    let mut bytes = Vec::new();
    for attribute in inner {
        if attribute.kind == MALFORMED {
            bytes.extend_from_slice(&attribute.bytes.0);
            continue;
        }
        let length = u16::try_from(attribute.bytes.0.len() + HEADER).unwrap_or(u16::MAX);
        bytes.extend_from_slice(&length.to_ne_bytes());
        bytes.extend_from_slice(&attribute.kind.to_ne_bytes());
        bytes.extend_from_slice(&attribute.bytes.0);
        bytes.resize(bytes.len().next_multiple_of(HEADER), 0);
    }
    (!bytes.is_empty()).then(|| RawAttribute { kind, bytes: HexBytes(bytes.into()) })
}

/// The bytes of a string attribute before its NUL.
pub(super) fn string(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A link's name.
pub(super) fn name(value: &[u8]) -> LinkName {
    LinkName::from_bytes(string(value))
}

/// Text that may hold anything.
pub(super) fn text(value: &[u8]) -> String {
    name(value).as_str().to_owned()
}

/// An address that says something: `0.0.0.0` and `::` stand for none.
pub(super) fn specified(address: impl Into<IpAddr>) -> Option<IpAddr> {
    Some(address.into()).filter(|address| !address.is_unspecified())
}

/// An address of either family, told apart by its length.
pub(super) fn address(value: &[u8]) -> Result<IpAddr, DecodeError> {
    parse_ip(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(chain: &[u8]) -> (Vec<u16>, Vec<RawAttribute>) {
        let mut seen = Vec::new();
        let rest = each(chain, &[9], |attribute| {
            seen.push(attribute.kind);
            Ok(if attribute.kind == 1 { Taken::Modelled } else { Taken::Unmodelled })
        });
        (seen, rest)
    }

    #[test]
    fn what_stands_before_a_malformed_attribute_is_kept() {
        let chain = [5, 0, 1, 0, 7, 0, 0, 0, 4, 0, 9, 0, 40, 0, 2, 0, 1];
        let (seen, rest) = kinds(&chain);
        assert_eq!(seen, [1]);
        assert_eq!(rest, [RawAttribute { kind: MALFORMED, bytes: HexBytes([40, 0, 2, 0, 1].into()) }]);
    }

    #[test]
    fn an_attribute_shorter_than_its_own_header_ends_the_chain() {
        let (seen, rest) = kinds(&[0, 0, 1, 0, 4, 0, 1, 0]);
        assert!(seen.is_empty());
        assert_eq!(rest[0].kind, MALFORMED);
        assert_eq!(rest.len(), 1);
    }

    #[test]
    fn the_last_attribute_may_lack_its_padding() {
        let (seen, rest) = kinds(&[5, 0, 2, 0x80, 7]);
        assert_eq!(seen, [2]);
        assert_eq!(rest, [RawAttribute { kind: 2, bytes: HexBytes([7].into()) }]);
    }

    #[test]
    fn nested_leftovers_keep_their_layout() {
        let (_, rest) = kinds(&[5, 0, 2, 0, 7, 0, 0, 0, 4, 0, 1, 0, 4, 0, 3, 0]);
        let nested = nest(8, &rest).unwrap();
        assert_eq!(nested, RawAttribute { kind: 8, bytes: "050002000700000004000300".parse().unwrap() });
        assert_eq!(nest(8, &[]), None);
    }
}
