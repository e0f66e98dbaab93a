//! A link, as in `ip link`.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named::{named_flags, named_number};
use super::{LinkName, MacAddress, Process, RawAttribute};

/// A network interface.
///
/// Its identity is the index together with the generation: names change and are reused, and an
/// index can be reused too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// The kernel's number for this link (`ifi_index`).
    pub index: u32,
    /// The name, unique in its network namespace at one moment.
    pub name: LinkName,
    /// How many links have had this index before while netdiag was watching; 0 for the first.
    #[serde(default, skip_serializing_if = "is_default")]
    pub generation: u32,
    /// The driver's kind: `tun`, `wireguard`, `bridge`, `veth` … (IFLA_INFO_KIND). Absent for
    /// hardware and loopback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The link-layer type, as `ip` names it: `ether`, `loopback`, `none` … (`ifi_type`, ARPHRD_*;
    /// IFT_* on macOS).
    #[serde(rename = "type")]
    pub link_type: String,
    /// The operational state (IFLA_OPERSTATE, RFC 2863).
    pub state: LinkState,
    /// Interface flags (`ifi_flags`, IFF_*).
    pub flags: LinkFlags,
    /// Maximum transmission unit in bytes.
    pub mtu: u32,
    /// Link-layer address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<MacAddress>,
    /// Index of the bridge, bond or VRF this link belongs to (IFLA_MASTER).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master_index: Option<u32>,
    /// Name of the master.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub master: Option<LinkName>,
    /// Index of the other end or of the lower link (IFLA_LINK): a veth's peer, a VLAN's parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_index: Option<u32>,
    /// Name of that link; absent when it lives in another namespace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<LinkName>,
    /// The namespace id of the peer, when it is not this one (IFLA_LINK_NETNSID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer_namespace_id: Option<i32>,
    /// Other names (IFLA_ALT_IFNAME), sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternative_names: Vec<String>,
    /// Free text an administrator set (IFLA_IFALIAS).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Interface group (IFLA_GROUP); rules may suppress by it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub group: u32,
    /// Whether the driver reports a carrier (IFLA_CARRIER). For a tun device: whether somebody
    /// holds it open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<bool>,
    /// The table of a VRF (IFLA_VRF_TABLE).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vrf_table: Option<u32>,
    /// The VLAN identifier (IFLA_VLAN_ID).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan_id: Option<u16>,
    /// How the link-local address is made (IFLA_INET6_ADDR_GEN_MODE): `eui64`, `none`,
    /// `stable-privacy`, `random`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_generation: Option<String>,
    /// What is known of a tunnel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<Tunnel>,
    /// The process that holds a tun device open, where it may be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Process>,
    /// Attributes not modelled here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmodelled: Vec<RawAttribute>,
}

/// Details of a tunnel link (IFLA_INFO_DATA). A field that a kind does not have is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tunnel {
    /// For kind `tun`: `tun` (layer 3) or `tap` (layer 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Whether a tun device stays when nobody holds it open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persistent: Option<bool>,
    /// Whether packets carry a protocol header (IFF_NO_PI unset).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet_info: Option<bool>,
    /// Whether several queues are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multi_queue: Option<bool>,
    /// User allowed to attach to a tun device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Group allowed to attach to a tun device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    /// The outer packets' source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub local: Option<IpAddr>,
    /// The outer packets' destination.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<IpAddr>,
    /// Time to live of the outer packets; 0 = inherited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u8>,
    /// Input key (GRE, VTI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_key: Option<u32>,
    /// Output key (GRE, VTI).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_key: Option<u32>,
    /// Virtual network or interface identifier (VXLAN, Geneve, XFRM if_id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// UDP port of the outer packets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Mark put on the outer packets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<u32>,
    /// Details not modelled here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmodelled: Vec<RawAttribute>,
}

named_number! {
    /// Operational state of a link (RFC 2863, `linux/if.h` IF_OPER_*).
    LinkState(u8) {
        /// The driver does not say.
        UNKNOWN = 0 "unknown",
        /// A component is missing.
        NOT_PRESENT = 1 "notpresent",
        /// Down, administratively or for lack of carrier.
        DOWN = 2 "down",
        /// Down because of a lower link.
        LOWER_LAYER_DOWN = 3 "lowerlayerdown",
        /// In a test mode.
        TESTING = 4 "testing",
        /// Waiting for an external event (802.1X).
        DORMANT = 5 "dormant",
        /// Ready to pass packets.
        UP = 6 "up",
    }
}

named_flags! {
    /// Interface flags (`linux/if.h` IFF_*), with the names of `ip link` in lower case.
    LinkFlags(u32) {
        /// Administratively up.
        UP = 0x1 "up",
        /// Has a broadcast address.
        BROADCAST = 0x2 "broadcast",
        /// Debugging.
        DEBUG = 0x4 "debug",
        /// Loopback.
        LOOPBACK = 0x8 "loopback",
        /// Point to point.
        POINT_TO_POINT = 0x10 "pointopoint",
        /// No trailers.
        NO_TRAILERS = 0x20 "notrailers",
        /// Operational.
        RUNNING = 0x40 "running",
        /// Does not resolve neighbours.
        NO_ARP = 0x80 "noarp",
        /// Receives everything.
        PROMISCUOUS = 0x100 "promisc",
        /// Receives all multicast.
        ALL_MULTICAST = 0x200 "allmulti",
        /// Master of a bundle.
        MASTER = 0x400 "master",
        /// Member of a bundle.
        SLAVE = 0x800 "slave",
        /// Supports multicast.
        MULTICAST = 0x1000 "multicast",
        /// Can select media.
        PORT_SELECT = 0x2000 "portsel",
        /// Media are selected automatically.
        AUTO_MEDIA = 0x4000 "automedia",
        /// Addresses are lost when it goes down.
        DYNAMIC = 0x8000 "dynamic",
        /// The driver signals a carrier.
        LOWER_UP = 0x10000 "lower_up",
        /// The driver signals dormant.
        DORMANT = 0x20000 "dormant",
        /// Echoes sent packets.
        ECHO = 0x40000 "echo",
    }
}

impl Link {
    /// A link of which no more is known than its index, name and link-layer type: down, of unknown
    /// state.
    #[must_use]
    pub fn new(index: u32, name: LinkName, link_type: impl Into<String>) -> Self {
        Self {
            index,
            name,
            generation: 0,
            kind: None,
            link_type: link_type.into(),
            state: LinkState::UNKNOWN,
            flags: LinkFlags::default(),
            mtu: 0,
            mac: None,
            master_index: None,
            master: None,
            peer_index: None,
            peer: None,
            peer_namespace_id: None,
            alternative_names: Vec::new(),
            alias: None,
            group: 0,
            carrier: None,
            vrf_table: None,
            vlan_id: None,
            address_generation: None,
            tunnel: None,
            owner: None,
            unmodelled: Vec::new(),
        }
    }

    /// Whether it is administratively up (IFF_UP).
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.flags.contains(LinkFlags::UP)
    }

    /// The kind in words a person knows: `WireGuard`, `tun (L3)`, `Ethernet` …
    #[must_use]
    pub fn kind_in_words(&self) -> String {
        let mode = self.tunnel.as_ref().and_then(|tunnel| tunnel.mode.as_deref());
        match (self.kind.as_deref(), mode, self.link_type.as_str()) {
            (Some("tun"), Some("tap"), _) => "tap (L2)".into(),
            (Some("tun"), _, _) => "tun (L3)".into(),
            (Some("wireguard"), ..) => "WireGuard".into(),
            (Some("vlan"), ..) => match self.vlan_id {
                Some(id) => format!("VLAN {id}"),
                None => "VLAN".into(),
            },
            (Some("vrf"), ..) => match self.vrf_table {
                Some(table) => format!("VRF (table {table})"),
                None => "VRF".into(),
            },
            (Some("bridge"), ..) => "bridge".into(),
            (Some("bond"), ..) => "bond".into(),
            (Some("veth"), ..) => "veth pair".into(),
            (Some("xfrm"), ..) => "IPsec (XFRM)".into(),
            (Some("vti" | "vti6"), ..) => "IPsec (VTI)".into(),
            (Some("sit"), ..) => "6in4 tunnel".into(),
            (Some("ipip"), ..) => "IPIP tunnel".into(),
            (Some("ip6tnl"), ..) => "IPv6 tunnel".into(),
            (Some("gre" | "ip6gre" | "gretap" | "ip6gretap"), ..) => "GRE tunnel".into(),
            (Some("vxlan"), ..) => "VXLAN".into(),
            (Some("geneve"), ..) => "Geneve".into(),
            (Some("ppp"), ..) => "PPP".into(),
            (Some(kind), ..) => super::escape(kind).into_owned(),
            (None, _, "loopback") => "loopback".into(),
            (None, _, "ether") => "Ethernet".into(),
            (None, _, "ppp") => "PPP".into(),
            (None, _, other) => super::escape(other).into_owned(),
        }
    }

    /// Whether packets that leave by this link are wrapped and leave by another one.
    #[must_use]
    pub fn is_tunnel(&self) -> bool {
        const KINDS: [&str; 18] = [
            "tun",
            "wireguard",
            "ipip",
            "sit",
            "gre",
            "gretap",
            "ip6gre",
            "ip6gretap",
            "ip6tnl",
            "vti",
            "vti6",
            "xfrm",
            "ppp",
            "vxlan",
            "geneve",
            "erspan",
            "ip6erspan",
            "fou",
        ];
        self.kind.as_deref().is_some_and(|kind| KINDS.contains(&kind)) || self.link_type == "ppp"
    }
}

pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
