//! RTA_ENCAP and RTA_ENCAP_TYPE: lightweight tunnels (`include/uapi/linux/lwtunnel.h`).
//!
//! The bytes are always kept. The words are those of `ip route` (`ip/iproute_lwtunnel.c` of
//! iproute2) for mpls, ip, ip6 and seg6; the other kinds have none.

use std::fmt::Write;

use netlink_packet_core::{DecodeError, ParseableParametrized};
use netlink_packet_route::route::{
    RouteIp6Tunnel, RouteIp6TunnelFlags, RouteIpTunnel, RouteIpTunnelFlags, RouteLwEnCapType,
    RouteLwTunnelEncap, RouteMplsIpTunnel, RouteSeg6IpTunnel, Seg6Mode,
};

use super::attributes::{Taken, each};
use crate::model::{Encapsulation, EncapsulationKind, HexBytes, RawAttribute};

/// The two attributes, which may come in any order.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub(super) kind: Option<u16>,
    pub(super) bytes: Option<&'a [u8]>,
}

impl Parts<'_> {
    /// The encapsulation, if there is one. Bytes without a kind mean nothing and are handed back
    /// under the number of their attribute.
    pub(super) fn finish(self, attribute: u16) -> (Option<Encapsulation>, Option<RawAttribute>) {
        let bytes = self.bytes.map(|bytes| HexBytes(bytes.into()));
        match (self.kind.filter(|kind| *kind != 0), bytes) {
            (Some(kind), bytes) => {
                let text = words(kind, self.bytes.unwrap_or_default());
                let bytes = bytes.unwrap_or_default();
                (Some(Encapsulation { kind: EncapsulationKind(kind), text, bytes }), None)
            }
            (None, bytes) => (None, bytes.map(|bytes| RawAttribute { kind: attribute, bytes })),
        }
    }
}

fn words(kind: u16, chain: &[u8]) -> String {
    let mut words = Words::default();
    each(chain, &[], |attribute| {
        words.take(RouteLwTunnelEncap::parse_with_param(&attribute.nla, RouteLwEnCapType::from(kind))?)
    });
    words.in_order.sort_by_key(|(place, _)| *place);
    words.in_order.into_iter().map(|(_, word)| word).collect::<Vec<_>>().join(" ")
}

/// What `ip route` says, each with its place: the kernel sends the attributes in another order.
#[derive(Default)]
struct Words {
    in_order: Vec<(u8, String)>,
}

impl Words {
    fn say(&mut self, place: u8, word: impl Into<String>) {
        self.in_order.push((place, word.into()));
    }

    fn take(&mut self, encapsulation: RouteLwTunnelEncap) -> Result<Taken, DecodeError> {
        match encapsulation {
            RouteLwTunnelEncap::Mpls(RouteMplsIpTunnel::Destination(labels)) => {
                let labels: Vec<String> = labels.iter().map(|label| label.label.to_string()).collect();
                self.say(0, labels.join("/"));
            }
            RouteLwTunnelEncap::Mpls(RouteMplsIpTunnel::Ttl(ttl)) => self.say(1, format!("ttl {ttl}")),
            RouteLwTunnelEncap::Ip(part) => match part {
                RouteIpTunnel::Id(id) => self.say(0, format!("id {id}")),
                RouteIpTunnel::Source(address) => self.say(1, format!("src {address}")),
                RouteIpTunnel::Destination(address) => self.say(2, format!("dst {address}")),
                RouteIpTunnel::Ttl(ttl) => self.say(3, format!("ttl {ttl}")),
                RouteIpTunnel::Tos(tos) => self.say(4, format!("tos {tos}")),
                RouteIpTunnel::Flags(flags) => self.flags(
                    flags.contains(RouteIpTunnelFlags::Key),
                    flags.contains(RouteIpTunnelFlags::Checksum),
                    flags.contains(RouteIpTunnelFlags::Sequence),
                ),
                _ => {}
            },
            RouteLwTunnelEncap::Ip6(part) => match part {
                RouteIp6Tunnel::Id(id) => self.say(0, format!("id {id}")),
                RouteIp6Tunnel::Source(address) => self.say(1, format!("src {address}")),
                RouteIp6Tunnel::Destination(address) => self.say(2, format!("dst {address}")),
                RouteIp6Tunnel::Hoplimit(limit) => self.say(3, format!("hoplimit {limit}")),
                RouteIp6Tunnel::Tc(class) => self.say(4, format!("tc {class}")),
                RouteIp6Tunnel::Flags(flags) => self.flags(
                    flags.contains(RouteIp6TunnelFlags::Key),
                    flags.contains(RouteIp6TunnelFlags::Checksum),
                    flags.contains(RouteIp6TunnelFlags::Sequence),
                ),
                _ => {}
            },
            RouteLwTunnelEncap::Seg6(RouteSeg6IpTunnel::Seg6(header)) => {
                let mode = match header.mode {
                    Seg6Mode::Inline => "inline".to_owned(),
                    Seg6Mode::Encap => "encap".to_owned(),
                    other => match u32::from(other) {
                        2 => "l2encap".to_owned(),
                        3 => "encap.red".to_owned(),
                        4 => "l2encap.red".to_owned(),
                        number => number.to_string(),
                    },
                };
                let mut text = format!("mode {mode} segs {} [", header.segments.len());
                for segment in &header.segments {
                    let _ = write!(text, " {segment}");
                }
                text.push_str(" ]");
                if let Some(key) = header.hmac {
                    let _ = write!(text, " hmac {key:X}");
                }
                self.say(0, text);
            }
            RouteLwTunnelEncap::Seg6(RouteSeg6IpTunnel::Src(address)) => {
                self.say(1, format!("tunsrc {address}"));
            }
            _ => {}
        }
        Ok(Taken::Modelled)
    }

    fn flags(&mut self, key: bool, checksum: bool, sequence: bool) {
        for (set, word) in [(key, "key"), (checksum, "csum"), (sequence, "seq")] {
            if set {
                self.say(5, word);
            }
        }
    }
}
