//! IFLA_LINKINFO: the kind of a link and what is special about it.

use netlink_packet_core::{DecodeError, Parseable, ParseableParametrized, parse_u8, parse_u32};
use netlink_packet_route::link::{
    GreIOFlags, InfoGeneve, InfoGre, InfoGre6, InfoIpTunnel, InfoKind, InfoVlan, InfoVrf, InfoVti, InfoVxlan,
    InfoXfrm, VlanProtocol,
};

use super::attributes::{Attribute, Taken, each, nest, specified, text};
use crate::model::{Link, RawAttribute, Tunnel};

const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_XSTATS: u16 = 3;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
const IFLA_INFO_SLAVE_DATA: u16 = 5;

/// Left out on purpose: counters, and a port's state at its bridge, bond or team, which is full
/// of timers. Which master it has is in the model.
const IGNORED: &[u16] = &[IFLA_INFO_XSTATS, IFLA_INFO_SLAVE_KIND, IFLA_INFO_SLAVE_DATA];

/// Details that are left out on purpose, by kind.
fn ignored_details(kind: &str) -> &'static [u16] {
    match kind {
        // IFLA_TUN_VNET_HDR, NUM_QUEUES, NUM_DISABLED_QUEUES: how packets are passed to the
        // program.
        "tun" => &[5, 8, 9],
        // IFLA_*_LINK: the lower link, which is IFLA_LINK too.
        "ipip" | "sit" | "ip6tnl" | "gre" | "gretap" | "ip6gre" | "ip6gretap" | "erspan" | "ip6erspan"
        | "vti" | "vti6" | "xfrm" => &[1],
        // IFLA_VLAN_FLAGS and priority maps: no part in where packets go.
        "vlan" => &[2, 3, 4],
        // Timers (16 to 19), querier state and the count of forwarding entries change by
        // themselves.
        "bridge" => &[16, 17, 18, 19, 47, 48],
        // IFLA_HSR_SEQ_NR: a counter.
        "hsr" => &[5],
        // IFLA_CAN_STATE and IFLA_CAN_BERR_COUNTER: error counters.
        "can" => &[4, 8],
        _ => &[],
    }
}

/// Takes kind and details into `link`; returns what it has no place for.
pub(super) fn take_link_info(link: &mut Link, chain: &[u8]) -> Vec<RawAttribute> {
    let mut data: &[u8] = &[];
    let mut rest = each(chain, IGNORED, |attribute| {
        match attribute.kind {
            IFLA_INFO_KIND => link.kind = Some(text(attribute.value)),
            IFLA_INFO_DATA => data = attribute.value,
            _ => return Ok(Taken::Unmodelled),
        }
        Ok(Taken::Modelled)
    });
    let kind = link.kind.clone().unwrap_or_default();
    let mut tunnel = Tunnel::default();
    let details = each(data, ignored_details(&kind), |attribute| match kind.as_str() {
        "tun" => take_tun(&mut tunnel, attribute),
        "ipip" => take_ip_tunnel(&mut tunnel, attribute, InfoKind::IpIp),
        "sit" => take_ip_tunnel(&mut tunnel, attribute, InfoKind::SitTun),
        "ip6tnl" => take_ip_tunnel(&mut tunnel, attribute, InfoKind::Ip6Tnl),
        "gre" | "gretap" | "erspan" => take_gre(&mut tunnel, attribute),
        "ip6gre" | "ip6gretap" | "ip6erspan" => take_gre6(&mut tunnel, attribute),
        "vti" | "vti6" => take_vti(&mut tunnel, attribute),
        "vxlan" => take_vxlan(link, &mut tunnel, attribute),
        "geneve" => take_geneve(&mut tunnel, attribute),
        "xfrm" => take_xfrm(&mut tunnel, attribute),
        "vlan" => take_vlan(link, attribute),
        "vrf" => take_vrf(link, attribute),
        _ => Ok(Taken::Unmodelled),
    });
    let is_tunnel = tunnel != Tunnel::default() || link.is_tunnel() && !data.is_empty();
    if is_tunnel {
        tunnel.unmodelled = details;
        link.tunnel = Some(tunnel);
    } else {
        rest.extend(nest(IFLA_INFO_DATA, &details));
    }
    rest
}

fn take_tun(tunnel: &mut Tunnel, attribute: Attribute<'_>) -> Result<Taken, DecodeError> {
    // The crate has no names for these yet (IFLA_TUN_*, `include/uapi/linux/if_link.h`).
    let flag = || parse_u8(attribute.value).map(|value| Some(value != 0));
    match attribute.kind {
        1 => tunnel.uid = Some(parse_u32(attribute.value)?),
        2 => tunnel.gid = Some(parse_u32(attribute.value)?),
        3 => {
            tunnel.mode = Some(match i32::from(parse_u8(attribute.value)?) {
                libc::IFF_TUN => "tun".into(),
                libc::IFF_TAP => "tap".into(),
                other => other.to_string(),
            });
        }
        4 => tunnel.packet_info = flag()?,
        6 => tunnel.persistent = flag()?,
        7 => tunnel.multi_queue = flag()?,
        _ => return Ok(Taken::Unmodelled),
    }
    Ok(Taken::Modelled)
}

fn take_ip_tunnel(
    tunnel: &mut Tunnel,
    attribute: Attribute<'_>,
    kind: InfoKind,
) -> Result<Taken, DecodeError> {
    match InfoIpTunnel::parse_with_param(&attribute.nla, kind)? {
        InfoIpTunnel::Local(address) => tunnel.local = specified(address),
        InfoIpTunnel::Remote(address) => tunnel.remote = specified(address),
        InfoIpTunnel::Ttl(ttl) => tunnel.ttl = Some(ttl),
        InfoIpTunnel::FwMark(mark) => tunnel.mark = nonzero(mark),
        _ => return Ok(Taken::Unmodelled),
    }
    Ok(Taken::Modelled)
}

/// GRE keys count only where GRE_KEY is set; the kernel sends the flags before the keys.
fn key(seen: &mut Option<u32>, key: u32) {
    if seen.is_some() {
        *seen = Some(key);
    }
}

fn key_flag(flags: GreIOFlags) -> Option<u32> {
    flags.contains(GreIOFlags::Key).then_some(0)
}

fn take_gre(tunnel: &mut Tunnel, attribute: Attribute<'_>) -> Result<Taken, DecodeError> {
    match InfoGre::parse(&attribute.nla)? {
        InfoGre::Local(address) => tunnel.local = specified(address),
        InfoGre::Remote(address) => tunnel.remote = specified(address),
        InfoGre::Ttl(ttl) => tunnel.ttl = Some(ttl),
        InfoGre::IFlags(flags) => tunnel.input_key = key_flag(flags),
        InfoGre::OFlags(flags) => tunnel.output_key = key_flag(flags),
        InfoGre::IKey(value) => key(&mut tunnel.input_key, value),
        InfoGre::OKey(value) => key(&mut tunnel.output_key, value),
        InfoGre::FwMask(mark) => tunnel.mark = nonzero(mark),
        _ => return Ok(Taken::Unmodelled),
    }
    Ok(Taken::Modelled)
}

fn take_gre6(tunnel: &mut Tunnel, attribute: Attribute<'_>) -> Result<Taken, DecodeError> {
    match InfoGre6::parse(&attribute.nla)? {
        InfoGre6::Local(address) => tunnel.local = specified(address),
        InfoGre6::Remote(address) => tunnel.remote = specified(address),
        InfoGre6::Ttl(ttl) => tunnel.ttl = Some(ttl),
        InfoGre6::IFlags(flags) => tunnel.input_key = key_flag(flags),
        InfoGre6::OFlags(flags) => tunnel.output_key = key_flag(flags),
        InfoGre6::IKey(value) => key(&mut tunnel.input_key, value),
        InfoGre6::OKey(value) => key(&mut tunnel.output_key, value),
        InfoGre6::FwMask(mark) => tunnel.mark = nonzero(mark),
        _ => return Ok(Taken::Unmodelled),
    }
    Ok(Taken::Modelled)
}

fn take_vti(tunnel: &mut Tunnel, attribute: Attribute<'_>) -> Result<Taken, DecodeError> {
    match InfoVti::parse(&attribute.nla)? {
        InfoVti::Local(address) => tunnel.local = specified(address),
        InfoVti::Remote(address) => tunnel.remote = specified(address),
        InfoVti::IKey(value) => tunnel.input_key = Some(value),
        InfoVti::OKey(value) => tunnel.output_key = Some(value),
        InfoVti::FwMark(mark) => tunnel.mark = nonzero(mark),
        _ => return Ok(Taken::Unmodelled),
    }
    Ok(Taken::Modelled)
}

fn take_vxlan(link: &mut Link, tunnel: &mut Tunnel, attribute: Attribute<'_>) -> Result<Taken, DecodeError> {
    match InfoVxlan::parse(&attribute.nla)? {
        // Unlike other tunnels it does not say this in IFLA_LINK.
        InfoVxlan::Link(index) => link.peer_index = Some(index),
        InfoVxlan::Id(id) => tunnel.id = Some(id),
        InfoVxlan::Local(address) => tunnel.local = specified(address),
        InfoVxlan::Local6(address) => tunnel.local = specified(address),
        InfoVxlan::Group(address) => tunnel.remote = specified(address),
        InfoVxlan::Group6(address) => tunnel.remote = specified(address),
        InfoVxlan::Ttl(ttl) => tunnel.ttl = Some(ttl),
        InfoVxlan::Port(port) => tunnel.port = Some(port),
        _ => return Ok(Taken::Unmodelled),
    }
    Ok(Taken::Modelled)
}

fn take_geneve(tunnel: &mut Tunnel, attribute: Attribute<'_>) -> Result<Taken, DecodeError> {
    match InfoGeneve::parse(&attribute.nla)? {
        InfoGeneve::Id(id) => tunnel.id = Some(id),
        InfoGeneve::Local(address) => tunnel.local = specified(address),
        InfoGeneve::Local6(address) => tunnel.local = specified(address),
        InfoGeneve::Remote(address) => tunnel.remote = specified(address),
        InfoGeneve::Remote6(address) => tunnel.remote = specified(address),
        InfoGeneve::Ttl(ttl) => tunnel.ttl = Some(ttl),
        InfoGeneve::Port(port) => tunnel.port = Some(port),
        _ => return Ok(Taken::Unmodelled),
    }
    Ok(Taken::Modelled)
}

fn take_xfrm(tunnel: &mut Tunnel, attribute: Attribute<'_>) -> Result<Taken, DecodeError> {
    match InfoXfrm::parse(&attribute.nla)? {
        InfoXfrm::IfId(id) => tunnel.id = Some(id),
        _ => return Ok(Taken::Unmodelled),
    }
    Ok(Taken::Modelled)
}

fn take_vlan(link: &mut Link, attribute: Attribute<'_>) -> Result<Taken, DecodeError> {
    match InfoVlan::parse(&attribute.nla)? {
        InfoVlan::Id(id) => link.vlan_id = Some(id),
        // The ordinary kind; 802.1ad is kept.
        InfoVlan::Protocol(VlanProtocol::Ieee8021Q) => {}
        _ => return Ok(Taken::Unmodelled),
    }
    Ok(Taken::Modelled)
}

fn take_vrf(link: &mut Link, attribute: Attribute<'_>) -> Result<Taken, DecodeError> {
    match InfoVrf::parse(&attribute.nla)? {
        InfoVrf::TableId(table) => link.vrf_table = Some(table),
        _ => return Ok(Taken::Unmodelled),
    }
    Ok(Taken::Modelled)
}

fn nonzero(mark: u32) -> Option<u32> {
    Some(mark).filter(|mark| *mark != 0)
}
