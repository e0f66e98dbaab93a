//! A route, as in `ip route`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::link::is_default;
use super::{
    EncapsulationKind, Family, HexBytes, LinkName, NextHopFlags, RawAttribute, RouteFlags, RouteKind,
    RouteMetric, RouteProtocol, RouteScope, RouterPreference, TableId,
};

/// A route: the destination, and the attributes it shares with other routes.
///
/// A full internet table has a million destinations and a few dozen distinct attribute sets, so
/// the attributes are interned: a route is 32 bytes, and comparing two attribute sets is mostly
/// comparing two pointers. It reads like one struct, because it dereferences to
/// [`RouteAttributes`]:
///
/// ```
/// use netdiag_core::model::{Route, RouteAttributes, TableId};
/// let route = Route::new("192.0.2.0/24".parse().unwrap(), RouteAttributes::default());
/// assert_eq!(route.table, TableId::MAIN);
/// assert_eq!(route.to_string(), "192.0.2.0/24");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The addresses it is for; host bits are zero.
    pub destination: IpNet,
    /// Everything else.
    pub attributes: Arc<RouteAttributes>,
}

/// Everything of a route but its destination.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RouteAttributes {
    /// The table it stands in (RTA_TABLE). On macOS, which has one table, [`TableId::MAIN`].
    pub table: TableId,
    /// Only for packets from this prefix (RTA_SRC, IPv6 source-specific routing).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub source_prefix: Option<IpNet>,
    /// Only for packets with this type of service; 0 = all (`rtm_tos`).
    #[serde(default, skip_serializing_if = "is_default")]
    pub tos: u8,
    /// Among routes of equal prefix the lowest metric wins (RTA_PRIORITY); 0 when not set.
    #[serde(default, skip_serializing_if = "is_default")]
    pub metric: u32,
    /// What happens to a packet that meets it (`rtm_type`).
    pub kind: RouteKind,
    /// Who added it (`rtm_protocol`); weak evidence.
    pub protocol: RouteProtocol,
    /// How far the destination is (`rtm_scope`).
    pub scope: RouteScope,
    /// Source address for packets of this host (RTA_PREFSRC; RTAX_IFA on macOS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preferred_source: Option<IpAddr>,
    /// Ways out; several for a multipath route, none for `blackhole` and its kin on IPv4.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nexthops: Vec<NextHop>,
    /// Number of the nexthop object it uses (RTA_NH_ID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nexthop_id: Option<u32>,
    /// The route's own MTU in bytes (RTAX_MTU).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// The other metrics that are set (RTA_METRICS).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<RouteMetric, u32>,
    /// TCP congestion control of connections by this route (RTAX_CC_ALGO).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub congestion_control: Option<String>,
    /// Seconds until it expires; negative when it has expired and only waits to be collected
    /// (RTA_CACHEINFO, `rta_expires`; `rmx_expire` on macOS). Absent = never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<i64>,
    /// Preference among routers of equal metric (RTA_PREF, RFC 4191); IPv6 only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router_preference: Option<RouterPreference>,
    /// Realms for accounting (RTA_FLOW).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realms: Option<u32>,
    /// State and origin (`rtm_flags`; the RTF_* flags on macOS).
    #[serde(default, skip_serializing_if = "RouteFlags::is_empty")]
    pub flags: RouteFlags,
    /// Only for lookups bound to this link (RTF_IFSCOPE, macOS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoped_to: Option<LinkName>,
    /// Attributes not modelled here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmodelled: Vec<RawAttribute>,
}

/// One way out of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct NextHop {
    /// The router to send to; absent = the destination is on the link. May be of the other
    /// family (RTA_GATEWAY, RTA_VIA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<IpAddr>,
    /// Name of the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkName>,
    /// Index of the link (RTA_OIF).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_index: Option<u32>,
    /// Share of the traffic of a multipath route, from 1 (`rtnh_hops` + 1). Absent where there
    /// is one way only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<u16>,
    /// State (`rtnh_flags`, and for a single nexthop the low bits of `rtm_flags`).
    #[serde(default, skip_serializing_if = "NextHopFlags::is_empty")]
    pub flags: NextHopFlags,
    /// How packets are wrapped (RTA_ENCAP).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encapsulation: Option<Encapsulation>,
    /// Realms for accounting (RTA_FLOW inside a multipath leg).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub realms: Option<u32>,
}

/// A lightweight tunnel: how packets of a nexthop are wrapped (`linux/lwtunnel.h`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Encapsulation {
    /// Which kind.
    pub kind: EncapsulationKind,
    /// In the words of `ip route`, as far as understood: `100/200`, `id 42 dst 192.0.2.9`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// All of it, as read.
    pub bytes: HexBytes,
}

impl Default for RouteAttributes {
    /// A unicast route of table main with nothing else set.
    fn default() -> Self {
        Self {
            table: TableId::MAIN,
            source_prefix: None,
            tos: 0,
            metric: 0,
            kind: RouteKind::UNICAST,
            protocol: RouteProtocol::UNSPECIFIED,
            scope: RouteScope::GLOBAL,
            preferred_source: None,
            nexthops: Vec::new(),
            nexthop_id: None,
            mtu: None,
            metrics: BTreeMap::new(),
            congestion_control: None,
            expires_in_s: None,
            router_preference: None,
            realms: None,
            flags: RouteFlags::default(),
            scoped_to: None,
            unmodelled: Vec::new(),
        }
    }
}

impl RouteAttributes {
    /// The attributes without what changes by itself: the seconds until expiry (only whether
    /// there are any is kept, as 0) and the links' names (the index is what the kernel keeps).
    /// Two routes are the same to a reader of changes when these are equal.
    #[must_use]
    pub fn without_volatile(&self) -> Self {
        let mut steady = self.clone();
        steady.expires_in_s = self.expires_in_s.map(|_| 0);
        for hop in &mut steady.nexthops {
            if hop.link_index.is_some() {
                hop.link = None;
            }
        }
        steady
    }

    /// Whether some way out leaves by this link.
    #[must_use]
    pub fn uses_link(&self, link_index: u32) -> bool {
        self.nexthops.iter().any(|hop| hop.link_index == Some(link_index))
    }
}

/// What the kernel itself tells routes apart by before it looks at their content.
///
/// IPv4 (`fib_table_insert` in `net/ipv4/fib_trie.c`): table, prefix, tos and metric; several
/// routes may share them, and then their order counts. IPv6 (`fib6_add_rt2node` in
/// `net/ipv6/ip6_fib.c`): table, prefix, source prefix and metric.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RouteKey {
    /// Family.
    pub family: Family,
    /// Table.
    pub table: TableId,
    /// Destination prefix.
    pub destination: IpNet,
    /// Source prefix (IPv6).
    pub source_prefix: Option<IpNet>,
    /// Type of service (IPv4).
    pub tos: u8,
    /// Metric.
    pub metric: u32,
    /// Scope link (macOS).
    pub scoped_to: Option<LinkName>,
}

impl Route {
    /// A route from its two parts; host bits of the destination are cleared.
    #[must_use]
    pub fn new(destination: IpNet, attributes: impl Into<Arc<RouteAttributes>>) -> Self {
        Self { destination: destination.trunc(), attributes: attributes.into() }
    }

    /// IPv4 or IPv6.
    #[must_use]
    pub const fn family(&self) -> Family {
        match self.destination {
            IpNet::V4(_) => Family::V4,
            IpNet::V6(_) => Family::V6,
        }
    }

    /// What the kernel identifies it by; see [`RouteKey`].
    #[must_use]
    pub fn key(&self) -> RouteKey {
        RouteKey {
            family: self.family(),
            table: self.table,
            destination: self.destination,
            source_prefix: self.source_prefix,
            tos: if self.family() == Family::V4 { self.tos } else { 0 },
            metric: self.metric,
            scoped_to: self.scoped_to.clone(),
        }
    }

    /// Whether it is `0.0.0.0/0` or `::/0`.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.destination.prefix_len() == 0
    }
}

impl Deref for Route {
    type Target = RouteAttributes;
    fn deref(&self) -> &RouteAttributes {
        &self.attributes
    }
}

impl Serialize for Route {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            destination: &'a IpNet,
            #[serde(flatten)]
            attributes: &'a RouteAttributes,
        }
        Flat { destination: &self.destination, attributes: &self.attributes }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Route {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::route_serde::deserialize(deserializer)
    }
}

impl JsonSchema for Route {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Route".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let mut schema = RouteAttributes::json_schema(generator);
        if let Some(properties) = schema.get_mut("properties").and_then(|value| value.as_object_mut()) {
            properties.insert(
                "destination".into(),
                serde_json::json!({"type": "string", "description": "The addresses it is for, such as 192.0.2.0/24."}),
            );
        }
        if let Some(required) = schema.get_mut("required").and_then(|value| value.as_array_mut()) {
            required.push("destination".into());
        }
        schema
    }
}
