//! A nexthop object, as in `ip nexthop`: routes refer to it by number.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::link::is_default;
use super::{Encapsulation, Family, LinkName, NextHopFlags, RawAttribute, RouteProtocol, RouteScope};

/// A nexthop object (`linux/nexthop.h`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NextHopObject {
    /// Its number (NHA_ID).
    pub id: u32,
    /// Address family; absent for a group and for `blackhole` without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Family>,
    /// Gateway (NHA_GATEWAY).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Name of the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkName>,
    /// Index of the link (NHA_OIF).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_index: Option<u32>,
    /// Drops everything (NHA_BLACKHOLE).
    #[serde(default, skip_serializing_if = "is_default")]
    pub blackhole: bool,
    /// Only for bridge forwarding entries (NHA_FDB).
    #[serde(default, skip_serializing_if = "is_default")]
    pub fdb: bool,
    /// Members, when it is a group (NHA_GROUP).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group: Vec<GroupMember>,
    /// `mpath` or `resilient`, when it is a group (NHA_GROUP_TYPE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_type: Option<String>,
    /// Encapsulation (NHA_ENCAP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encapsulation: Option<Encapsulation>,
    /// Scope (`nh_scope`).
    pub scope: RouteScope,
    /// Who added it (`nh_protocol`).
    pub protocol: RouteProtocol,
    /// State (`nh_flags`).
    #[serde(default, skip_serializing_if = "NextHopFlags::is_empty")]
    pub flags: NextHopFlags,
    /// Attributes not modelled here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmodelled: Vec<RawAttribute>,
}

/// One member of a nexthop group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct GroupMember {
    /// Number of the nexthop object.
    pub id: u32,
    /// Share of the traffic, from 1.
    pub weight: u16,
}
