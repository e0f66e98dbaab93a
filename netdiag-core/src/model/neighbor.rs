//! A neighbour, as in `ip neighbour`.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{named_flags, named_number};
use super::{LinkName, MacAddress, RawAttribute, RouteProtocol};

/// An entry of the ARP or neighbour discovery cache (RFC 826, RFC 4861).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Neighbor {
    /// The link's name; absent when the link was not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkName>,
    /// The link's index.
    pub link_index: u32,
    /// The neighbour's address.
    pub address: IpAddr,
    /// Its link-layer address, when known (NDA_LLADDR).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<MacAddress>,
    /// State of reachability (`ndm_state`). Changes among reachable, stale, delay and probe are
    /// ordinary life.
    pub state: NeighborState,
    /// Flags (`ndm_flags`, NDA_FLAGS_EXT shifted by 8).
    #[serde(default, skip_serializing_if = "NeighborFlags::is_empty")]
    pub flags: NeighborFlags,
    /// Who added it (NDA_PROTOCOL).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<RouteProtocol>,
    /// Attributes not modelled here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmodelled: Vec<RawAttribute>,
}

named_number! {
    /// State of a neighbour (`linux/neighbour.h` NUD_*).
    NeighborState(u16) {
        /// No state.
        NONE = 0 "none",
        /// Being resolved.
        INCOMPLETE = 0x1 "incomplete",
        /// Confirmed a short time ago.
        REACHABLE = 0x2 "reachable",
        /// Known, not confirmed lately.
        STALE = 0x4 "stale",
        /// Waiting for a confirmation by traffic.
        DELAY = 0x8 "delay",
        /// Being asked.
        PROBE = 0x10 "probe",
        /// Did not answer.
        FAILED = 0x20 "failed",
        /// Needs no resolution.
        NO_ARP = 0x40 "noarp",
        /// Set by hand.
        PERMANENT = 0x80 "permanent",
    }
}

named_flags! {
    /// Flags of a neighbour (`linux/neighbour.h` NTF_*, extended flags from bit 8).
    NeighborFlags(u32) {
        /// In use.
        USE = 0x1 "use",
        /// Entry of the device itself.
        SELF = 0x2 "self",
        /// Entry of the master.
        MASTER = 0x4 "master",
        /// Answered for somebody else.
        PROXY = 0x8 "proxy",
        /// Learned by a control plane.
        EXTERN_LEARNED = 0x10 "extern_learn",
        /// Offloaded.
        OFFLOADED = 0x20 "offload",
        /// Not aged.
        STICKY = 0x40 "sticky",
        /// A router (RFC 4861).
        ROUTER = 0x80 "router",
        /// Kept resolved by the kernel.
        MANAGED = 0x100 "managed",
    }
}

impl Neighbor {
    /// The kernel's identity: link, address, and whether it is a proxy entry.
    #[must_use]
    pub fn key(&self) -> (u32, IpAddr, bool) {
        (self.link_index, self.address, self.flags.contains(NeighborFlags::PROXY))
    }
}
