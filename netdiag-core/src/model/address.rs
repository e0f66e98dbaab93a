//! An address of a link, as in `ip address`.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link::is_default;
use super::named::{named_flags, named_number};
use super::{LinkName, RawAttribute};

/// An IPv4 or IPv6 address assigned to a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// The link's name; absent when the link was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkName>,
    /// The link's index.
    pub link_index: u32,
    /// The host's own address with the length of its prefix (IFA_LOCAL, else IFA_ADDRESS).
    #[schemars(with = "String")]
    pub address: IpNet,
    /// The other end of a point-to-point link, to which the prefix length then applies
    /// (IFA_ADDRESS, when it differs from IFA_LOCAL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<IpAddr>,
    /// Broadcast address (IFA_BROADCAST).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broadcast: Option<IpAddr>,
    /// Scope as the kernel keeps it (`ifa_scope`).
    pub scope: AddressScope,
    /// State and origin of the address (IFA_FLAGS).
    pub flags: AddressFlags,
    /// Seconds during which it is preferred; absent = forever (IFA_CACHEINFO).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_for_s: Option<u32>,
    /// Seconds during which it is valid; absent = forever (IFA_CACHEINFO).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_for_s: Option<u32>,
    /// IPv4 label, often the link's name or `eth0:1` (IFA_LABEL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<LinkName>,
    /// Metric of the route the kernel made for the prefix (IFA_RT_PRIORITY).
    #[serde(default, skip_serializing_if = "is_default")]
    pub metric: u32,
    /// Who added it: 0 unknown, 1 loopback, 2 router advertisement, 3 link-local (IFA_PROTO).
    #[serde(default, skip_serializing_if = "is_default")]
    pub protocol: u8,
    /// Place in the kernel's own list for this link and family; source selection may fall back
    /// to it.
    pub position: u32,
    /// Attributes not modelled here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmodelled: Vec<RawAttribute>,
}

named_number! {
    /// Scope of an address (`ifa_scope`). Not the scope of RFC 4007, which follows from the
    /// address itself.
    AddressScope(u8) {
        /// Valid everywhere.
        GLOBAL = 0 "global",
        /// Site (deprecated).
        SITE = 200 "site",
        /// Valid on this link.
        LINK = 253 "link",
        /// Valid inside this host.
        HOST = 254 "host",
        /// Reserved.
        NOWHERE = 255 "nowhere",
    }
}

named_flags! {
    /// Flags of an address (`linux/if_addr.h` IFA_F_*).
    ///
    /// Bit 0 is `temporary` for IPv6 (RFC 8981) and `secondary` for IPv4; it is one bit in the
    /// kernel. [`Address::flag_names`] tells the two apart.
    AddressFlags(u32) {
        /// Temporary (IPv6) or secondary (IPv4).
        TEMPORARY = 0x1 "temporary",
        /// No duplicate address detection.
        NO_DAD = 0x2 "nodad",
        /// Usable before detection is complete (RFC 4429).
        OPTIMISTIC = 0x4 "optimistic",
        /// Another host has it.
        DAD_FAILED = 0x8 "dadfailed",
        /// Mobile IPv6 home address.
        HOME = 0x10 "home",
        /// Not for new connections.
        DEPRECATED = 0x20 "deprecated",
        /// Duplicate address detection is going on.
        TENTATIVE = 0x40 "tentative",
        /// Without a lifetime.
        PERMANENT = 0x80 "permanent",
        /// The kernel makes temporary addresses from it.
        MANAGE_TEMPORARY = 0x100 "mngtmpaddr",
        /// No route to the prefix was made.
        NO_PREFIX_ROUTE = 0x200 "noprefixroute",
        /// Joins multicast groups automatically.
        AUTO_JOIN = 0x400 "autojoin",
        /// Made with a stable, opaque identifier (RFC 7217).
        STABLE_PRIVACY = 0x800 "stable-privacy",
    }
}

impl Address {
    /// A permanent address of global scope, of which no more is known than the link and itself.
    #[must_use]
    pub fn new(link_index: u32, address: IpNet) -> Self {
        Self {
            link: None,
            link_index,
            address,
            peer: None,
            broadcast: None,
            scope: AddressScope::GLOBAL,
            flags: AddressFlags::PERMANENT,
            preferred_for_s: None,
            valid_for_s: None,
            label: None,
            metric: 0,
            protocol: 0,
            position: 0,
            unmodelled: Vec::new(),
        }
    }

    /// Names of the flags, with bit 0 as `secondary` on IPv4.
    pub fn flag_names(&self) -> impl Iterator<Item = String> {
        let ipv4 = matches!(self.address, IpNet::V4(_));
        self.flags.names().map(move |name| match &*name {
            "temporary" if ipv4 => "secondary".to_owned(),
            _ => name.into_owned(),
        })
    }

    /// The kernel's identity: link, address, prefix length and, for IPv4, peer.
    #[must_use]
    pub fn key(&self) -> (u32, IpNet, Option<IpAddr>) {
        let peer = self.peer.filter(IpAddr::is_ipv4);
        (self.link_index, self.address, peer)
    }

    /// What kind of address it is, in one word of RFC 4291, 4193, 1918 or 6598: `global`,
    /// `private`, `ULA`, `link-local`, `loopback`, `CGNAT`.
    #[must_use]
    pub fn range_in_words(&self) -> &'static str {
        range_in_words(self.address.addr())
    }
}

/// What kind of address it is, in one word; see [`Address::range_in_words`].
#[must_use]
pub fn range_in_words(address: IpAddr) -> &'static str {
    match address {
        IpAddr::V4(v4) if v4.is_loopback() => "loopback",
        IpAddr::V4(v4) if v4.is_private() => "private",
        IpAddr::V4(v4) if v4.is_link_local() => "link-local",
        IpAddr::V4(v4) if v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64 => "CGNAT",
        IpAddr::V6(v6) if v6.is_loopback() => "loopback",
        IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfe80 => "link-local",
        IpAddr::V6(v6) if v6.segments()[0] & 0xfe00 == 0xfc00 => "ULA",
        _ => "global",
    }
}
