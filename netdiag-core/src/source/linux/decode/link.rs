//! `RTM_NEWLINK` and `RTM_DELLINK` (`struct ifinfomsg`, `rtnl_fill_ifinfo` in
//! `net/core/rtnetlink.c`).

use netlink_packet_core::{DecodeError as BadAttribute, ParseableParametrized, parse_i32, parse_u8};
use netlink_packet_route::AddressFamily;
use netlink_packet_route::link::{LinkAttribute, LinkHeader};

use super::attributes::{MALFORMED, Taken, each, name, nest, text};
use super::{DecodeError, hardware_type, tunnel};
use crate::model::{Link, LinkFlags, LinkName, LinkState, MacAddress};

const HEADER: usize = 16;

const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_IFALIAS: u16 = 20;
const IFLA_AF_SPEC: u16 = 26;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_XDP: u16 = 43;
const IFLA_PROP_LIST: u16 = 52;
const IFLA_ALT_IFNAME: u16 = 53;

const IFLA_INET6_ADDR_GEN_MODE: u16 = 8;
const IFLA_XDP_ATTACHED: u16 = 2;

/// Attributes that are left out on purpose.
const IGNORED: &[u16] = &[
    // Counters: they change all the time.
    7,  // STATS
    23, // STATS64
    30, // PROMISCUITY
    35, // CARRIER_CHANGES
    47, // CARRIER_UP_COUNT
    48, // CARRIER_DOWN_COUNT
    61, // ALLMULTI
    // Queues and offloading: how packets are handled, not where they go.
    6,  // QDISC
    13, // TXQLEN
    15, // WEIGHT
    31, // NUM_TX_QUEUES
    32, // NUM_RX_QUEUES
    40, // GSO_MAX_SEGS
    41, // GSO_MAX_SIZE
    58, // GRO_MAX_SIZE
    59, // TSO_MAX_SIZE
    60, // TSO_MAX_SEGS
    63, // GSO_IPV4_MAX_SIZE
    64, // GRO_IPV4_MAX_SIZE
    66, // MAX_PACING_OFFLOAD_HORIZON
    // What the hardware or the driver is, not what it does.
    2,  // BROADCAST: ff:ff:…, or the remote of a tunnel, which is in its details
    14, // MAP
    17, // LINKMODE
    21, // NUM_VF
    22, // VFINFO_LIST
    29, // EXT_MASK: echo of the request
    34, // PHYS_PORT_ID
    36, // PHYS_SWITCH_ID
    38, // PHYS_PORT_NAME
    42, // PAD
    44, // EVENT: why this message was sent
    50, // MIN_MTU
    51, // MAX_MTU
    54, // PERM_ADDRESS
    56, // PARENT_DEV_NAME
    57, // PARENT_DEV_BUS_NAME
    62, // DEVLINK_PORT
    65, // DPLL_PIN
    67, // NETNS_IMMUTABLE
    68, // HEADROOM
    69, // TAILROOM
];

/// A link from the payload of a message. Bridge and IPv6 messages about a link come under the
/// same number with another family and only a part of the attributes; they are
/// [`DecodeError::OtherFamily`].
pub(crate) fn decode(payload: &[u8]) -> Result<Link, DecodeError> {
    let header = LinkHeader::parse(payload).map_err(|_| DecodeError::TooShort)?;
    let chain = payload.get(HEADER..).ok_or(DecodeError::TooShort)?;
    if header.interface_family != AddressFamily::Unspec {
        return Err(DecodeError::OtherFamily(header.interface_family.into()));
    }
    // Not from the parsed header, whose type is an enumeration without room for new numbers.
    let hardware = payload.get(2..4).and_then(|bytes| bytes.try_into().ok()).map_or(0, u16::from_ne_bytes);
    let mut link = Link {
        flags: LinkFlags(header.flags.bits()),
        ..Link::new(header.index, LinkName::from(""), hardware_type::name(hardware))
    };
    let mut inner = Vec::new();
    let mut unmodelled = each(chain, IGNORED, |attribute| {
        let value = attribute.value;
        match attribute.kind {
            IFLA_IFNAME => link.name = name(value),
            IFLA_IFALIAS => link.alias = Some(text(value)),
            IFLA_LINKINFO => inner.extend(nest(IFLA_LINKINFO, &tunnel::take_link_info(&mut link, value))),
            IFLA_PROP_LIST => inner.extend(nest(IFLA_PROP_LIST, &take_properties(&mut link, value))),
            IFLA_AF_SPEC => inner.extend(nest(IFLA_AF_SPEC, &take_family_details(&mut link, value))),
            IFLA_LINK_NETNSID => link.peer_namespace_id = Some(parse_i32(value)?),
            IFLA_XDP => return Ok(if is_without_xdp(value) { Taken::Modelled } else { Taken::Unmodelled }),
            _ => {
                let parsed = LinkAttribute::parse_with_param(&attribute.nla, AddressFamily::Unspec)?;
                return Ok(take(&mut link, parsed));
            }
        }
        Ok(Taken::Modelled)
    });
    if link.name.as_str().is_empty() {
        return Err(DecodeError::Missing("IFLA_IFNAME"));
    }
    // A link that stands on nothing says that it stands on itself or on 0. The index of another
    // namespace may equal its own.
    if link.peer_namespace_id.is_none() {
        link.peer_index = link.peer_index.filter(|peer| *peer != link.index);
    }
    link.peer_index = link.peer_index.filter(|peer| *peer != 0);
    link.alternative_names.sort();
    unmodelled.append(&mut inner);
    link.unmodelled = unmodelled;
    Ok(link)
}

fn take(link: &mut Link, attribute: LinkAttribute) -> Taken {
    match attribute {
        LinkAttribute::Mtu(mtu) => link.mtu = mtu,
        LinkAttribute::Address(bytes) => {
            link.mac = (!bytes.is_empty()).then(|| MacAddress(bytes.into()));
        }
        LinkAttribute::Controller(index) => link.master_index = Some(index).filter(|index| *index != 0),
        LinkAttribute::Link(index) => link.peer_index = Some(index),
        LinkAttribute::OperState(state) => link.state = LinkState(state.into()),
        LinkAttribute::Carrier(carrier) => link.carrier = Some(carrier != 0),
        LinkAttribute::Group(group) => link.group = group,
        // Ordinary: set only on the links of some switches.
        LinkAttribute::ProtoDown(0) => {}
        _ => return Taken::Unmodelled,
    }
    Taken::Modelled
}

fn take_properties(link: &mut Link, chain: &[u8]) -> Vec<crate::model::RawAttribute> {
    each(chain, &[], |attribute| {
        if attribute.kind != IFLA_ALT_IFNAME {
            return Ok(Taken::Unmodelled);
        }
        link.alternative_names.push(text(attribute.value));
        Ok(Taken::Modelled)
    })
}

/// Takes the mode of address generation. The rest of IFLA_AF_SPEC is left out on purpose: the
/// settings are read from `/proc/sys`, and the statistics change all the time.
fn take_family_details(link: &mut Link, chain: &[u8]) -> Vec<crate::model::RawAttribute> {
    each(chain, &[], |family| {
        if i32::from(family.kind) != libc::AF_INET6 {
            return Ok(Taken::Modelled);
        }
        let rest = each(family.value, &[], |attribute| {
            if attribute.kind == IFLA_INET6_ADDR_GEN_MODE {
                link.address_generation = Some(address_generation(parse_u8(attribute.value)?));
            }
            Ok(Taken::Modelled)
        });
        match rest.iter().any(|attribute| attribute.kind == MALFORMED) {
            true => Err(BadAttribute::from("malformed IFLA_AF_SPEC")),
            false => Ok(Taken::Modelled),
        }
    })
}

/// The name of an IN6_ADDR_GEN_MODE_* number (`include/uapi/linux/if_link.h`).
fn address_generation(mode: u8) -> String {
    match mode {
        0 => "eui64".into(),
        1 => "none".into(),
        2 => "stable-privacy".into(),
        3 => "random".into(),
        other => other.to_string(),
    }
}

/// Whether no XDP program is attached, as on most links.
fn is_without_xdp(chain: &[u8]) -> bool {
    each(chain, &[], |attribute| {
        let none = attribute.kind == IFLA_XDP_ATTACHED && parse_u8(attribute.value)? == 0;
        Ok(if none { Taken::Modelled } else { Taken::Unmodelled })
    })
    .is_empty()
}
