//! Routes from messages, fast: a full internet table has a million messages and a few dozen
//! distinct attribute sets.
//!
//! A route message is a header, the table, the destination, and the rest (`fib_dump_info` in
//! `net/ipv4/fib_semantics.c`, `rt6_fill_node` in `net/ipv6/route.c`). Two messages that differ
//! in the destination only carry the same attributes. So the bytes of messages that were decoded
//! are kept as templates; a message that equals one but for its destination takes the
//! attributes of that template, and everything else goes to the general decoder.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::decode::{DecodeError, route};
use super::socket::attributes;
use crate::model::{AttributeInterner, LinkName, Route, RouteAttributes};

/// Many more than a table has distinct sets, so that two seldom share a slot.
const SLOTS: usize = 256;

/// Turns the payloads of RTM_NEWROUTE and RTM_DELROUTE into routes with the names of their links
/// and shared attributes.
#[derive(Debug)]
pub(crate) struct RouteDecoder {
    names: BTreeMap<u32, LinkName>,
    interner: AttributeInterner,
    templates: Box<[Option<Template>]>,
}

/// A message without its destination, and what it decodes to.
#[derive(Debug)]
struct Template {
    header: [u8; 19],
    rest: Box<[u8]>,
    attributes: Arc<RouteAttributes>,
}

/// A message of the usual shape, taken apart.
struct Parts<'a> {
    destination: IpNet,
    /// The message's header without the prefix length, and the table.
    header: [u8; 19],
    /// The attributes behind the destination.
    rest: &'a [u8],
}

impl RouteDecoder {
    /// A decoder that knows these links by index.
    pub(crate) fn new(names: BTreeMap<u32, LinkName>) -> Self {
        let templates = std::iter::repeat_with(|| None).take(SLOTS).collect();
        Self { names, interner: AttributeInterner::default(), templates }
    }

    /// Exchanges the names of links.
    pub(crate) fn set_names(&mut self, names: BTreeMap<u32, LinkName>) {
        if names != self.names {
            self.names = names;
            self.templates.fill_with(|| None);
        }
    }

    /// Gives a link a name, or takes it.
    pub(crate) fn set_name(&mut self, index: u32, name: Option<LinkName>) {
        if self.names.get(&index) == name.as_ref() {
            return;
        }
        match name {
            Some(name) => self.names.insert(index, name),
            None => self.names.remove(&index),
        };
        self.templates.fill_with(|| None);
    }

    /// The route in a message.
    #[inline]
    pub(crate) fn decode(&mut self, payload: &[u8]) -> Result<Route, DecodeError> {
        let Some(parts) = Parts::of(payload) else { return self.decode_generally(payload) };
        let slot = parts.slot();
        match &self.templates[slot] {
            Some(template) if template.header == parts.header && *template.rest == *parts.rest => {
                Ok(Route { destination: parts.destination, attributes: Arc::clone(&template.attributes) })
            }
            _ => self.learn(payload, &parts, slot),
        }
    }

    #[cold]
    fn learn(&mut self, payload: &[u8], parts: &Parts<'_>, slot: usize) -> Result<Route, DecodeError> {
        let route = self.decode_generally(payload)?;
        // A second destination would count for the general decoder and not for a template.
        if route.destination == parts.destination
            && attributes(parts.rest).all(|(kind, _)| kind != libc::RTA_DST)
        {
            self.templates[slot] = Some(Template {
                header: parts.header,
                rest: parts.rest.into(),
                attributes: Arc::clone(&route.attributes),
            });
        }
        Ok(route)
    }

    fn decode_generally(&mut self, payload: &[u8]) -> Result<Route, DecodeError> {
        let (destination, mut attributes) = route::decode_parts(payload)?;
        for hop in &mut attributes.nexthops {
            hop.link = hop.link_index.and_then(|index| self.names.get(&index).cloned());
        }
        Ok(Route { destination, attributes: self.interner.intern(attributes) })
    }

    /// Forgets the attribute sets that no route uses any more.
    pub(crate) fn forget_unused(&mut self) {
        self.templates.fill_with(|| None);
        self.interner.forget_unused();
    }
}

impl<'a> Parts<'a> {
    /// Takes a message apart when it has the usual shape: RTA_TABLE first, RTA_DST second.
    #[inline]
    fn of(payload: &'a [u8]) -> Option<Self> {
        let (start, tail) = payload.split_first_chunk::<24>()?;
        let half = |at: usize| u16::from_ne_bytes([start[at], start[at + 1]]);
        if half(12) != 8 || half(14) != libc::RTA_TABLE || half(22) != libc::RTA_DST {
            return None;
        }
        let (family, prefix_length) = (i32::from(start[0]), start[1]);
        let (destination, rest) = match (family, half(20)) {
            (libc::AF_INET, 8) => {
                let (octets, rest) = tail.split_first_chunk::<4>()?;
                let net = Ipv4Net::new(Ipv4Addr::from(*octets), prefix_length).ok()?;
                (IpNet::V4(net.trunc()), rest)
            }
            (libc::AF_INET6, 20) => {
                let (octets, rest) = tail.split_first_chunk::<16>()?;
                let net = Ipv6Net::new(Ipv6Addr::from(*octets), prefix_length).ok()?;
                (IpNet::V6(net.trunc()), rest)
            }
            _ => return None,
        };
        let mut header = [0; 19];
        header[0] = start[0];
        header[1..].copy_from_slice(&start[2..20]);
        Some(Self { destination, header, rest })
    }

    /// Where its template would be: a multiplicative hash, as in rustc's FxHasher.
    #[inline]
    fn slot(&self) -> usize {
        let mut hash = 0_u64;
        let mut mix = |word: u64| hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        let [_, _, _, table, protocol, scope, kind, .., t0, t1, t2, t3] = self.header;
        mix(u64::from_ne_bytes([table, protocol, scope, kind, t0, t1, t2, t3]));
        let (words, tail) = self.rest.as_chunks::<8>();
        for word in words {
            mix(u64::from_ne_bytes(*word));
        }
        if let Some(word) = tail.first_chunk::<4>() {
            mix(u64::from(u32::from_ne_bytes(*word)));
        }
        (hash >> 56) as usize
    }
}

#[cfg(test)]
#[path = "route_decoder/tests.rs"]
mod tests;
