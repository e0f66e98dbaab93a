//! What a route's numbers mean: its kind, who added it, how far it reaches, and its flags.

use super::named::{named_flags, named_number};

named_number! {
    /// Kind of a lightweight tunnel (`linux/lwtunnel.h` LWTUNNEL_ENCAP_*).
    EncapsulationKind(u16) {
        /// MPLS labels.
        MPLS = 1 "mpls",
        /// IPv4 tunnel metadata.
        IP = 2 "ip",
        /// Identifier locator addressing.
        ILA = 3 "ila",
        /// IPv6 tunnel metadata.
        IP6 = 4 "ip6",
        /// Segment routing (RFC 8754).
        SEG6 = 5 "seg6",
        /// A BPF program.
        BPF = 6 "bpf",
        /// Segment routing local behaviour (RFC 8986).
        SEG6_LOCAL = 7 "seg6local",
        /// RPL source route (RFC 6554).
        RPL = 8 "rpl",
        /// In situ OAM.
        IOAM6 = 9 "ioam6",
        /// XFRM interface.
        XFRM = 10 "xfrm",
    }
}

named_number! {
    /// What happens to a packet that meets a route (`linux/rtnetlink.h` RTN_*).
    RouteKind(u8) {
        /// Sent on.
        UNICAST = 1 "unicast",
        /// For this host.
        LOCAL = 2 "local",
        /// To all of a link, for this host too.
        BROADCAST = 3 "broadcast",
        /// For one of several hosts, this one included.
        ANYCAST = 4 "anycast",
        /// To a group.
        MULTICAST = 5 "multicast",
        /// Dropped without a word.
        BLACKHOLE = 6 "blackhole",
        /// Refused: host unreachable.
        UNREACHABLE = 7 "unreachable",
        /// Refused: administratively prohibited.
        PROHIBIT = 8 "prohibit",
        /// Not in this table: the next rule is asked.
        THROW = 9 "throw",
        /// Translated (not implemented by Linux any more).
        NAT = 10 "nat",
    }
}

named_number! {
    /// Who added a route (`linux/rtnetlink.h` RTPROT_* and `/etc/iproute2/rt_protos`).
    RouteProtocol(u8) {
        /// Nobody said.
        UNSPECIFIED = 0 "unspec",
        /// An ICMP redirect.
        REDIRECT = 1 "redirect",
        /// The kernel itself.
        KERNEL = 2 "kernel",
        /// `ip`, scripts, most VPN clients.
        BOOT = 3 "boot",
        /// An administrator or NetworkManager.
        STATIC = 4 "static",
        /// GateD.
        GATED = 8 "gated",
        /// A router advertisement (RFC 4861).
        ROUTER_ADVERTISEMENT = 9 "ra",
        /// MRT.
        MRT = 10 "mrt",
        /// Zebra.
        ZEBRA = 11 "zebra",
        /// BIRD.
        BIRD = 12 "bird",
        /// DECnet.
        DNROUTED = 13 "dnrouted",
        /// XORP.
        XORP = 14 "xorp",
        /// Netsukuku.
        NTK = 15 "ntk",
        /// A DHCP client.
        DHCP = 16 "dhcp",
        /// A multicast daemon.
        MROUTED = 17 "mrouted",
        /// keepalived.
        KEEPALIVED = 18 "keepalived",
        /// Babel.
        BABEL = 42 "babel",
        /// BGP.
        BGP = 186 "bgp",
        /// IS-IS.
        ISIS = 187 "isis",
        /// OSPF.
        OSPF = 188 "ospf",
        /// RIP.
        RIP = 189 "rip",
        /// EIGRP.
        EIGRP = 192 "eigrp",
    }
}

named_number! {
    /// How far a route's destination is (`linux/rtnetlink.h` RT_SCOPE_*).
    RouteScope(u8) {
        /// Behind a router.
        GLOBAL = 0 "global",
        /// In this site.
        SITE = 200 "site",
        /// On the link.
        LINK = 253 "link",
        /// In this host.
        HOST = 254 "host",
        /// Nowhere.
        NOWHERE = 255 "nowhere",
    }
}

named_number! {
    /// Preference of a router (RFC 4191 section 2.1).
    RouterPreference(u8) {
        /// Ordinary.
        MEDIUM = 0 "medium",
        /// First.
        HIGH = 1 "high",
        /// Not to be used.
        INVALID = 2 "invalid",
        /// Last.
        LOW = 3 "low",
    }
}

named_number! {
    /// A metric of a route (`linux/rtnetlink.h` RTAX_*), in the kernel's own units.
    RouteMetric(u16) {
        /// Which of the metrics are locked, as a bit mask.
        LOCK = 1 "lock",
        /// Maximum advertised window, bytes.
        WINDOW = 3 "window",
        /// Initial round trip time, 1/8 ms.
        RTT = 4 "rtt",
        /// Its variance, 1/4 ms.
        RTTVAR = 5 "rttvar",
        /// Slow start threshold, packets.
        SSTHRESH = 6 "ssthresh",
        /// Clamp of the congestion window, packets.
        CWND = 7 "cwnd",
        /// Advertised maximum segment size, bytes.
        ADVMSS = 8 "advmss",
        /// Tolerated reordering, packets.
        REORDERING = 9 "reordering",
        /// Hop limit.
        HOPLIMIT = 10 "hoplimit",
        /// Initial congestion window, packets.
        INITCWND = 11 "initcwnd",
        /// Features (1 = ECN).
        FEATURES = 12 "features",
        /// Minimum retransmission time-out, ms.
        RTO_MIN = 13 "rto_min",
        /// Initial receive window, packets.
        INITRWND = 14 "initrwnd",
        /// Quick acknowledgements.
        QUICKACK = 15 "quickack",
        /// TCP fast open without cookie.
        FASTOPEN_NO_COOKIE = 17 "fastopen_no_cookie",
    }
}

named_flags! {
    /// State of a nexthop (`linux/rtnetlink.h` RTNH_F_*).
    NextHopFlags(u32) {
        /// Not used: its link is down.
        DEAD = 0x1 "dead",
        /// Do a recursive lookup.
        PERVASIVE = 0x2 "pervasive",
        /// The gateway counts as on the link.
        ONLINK = 0x4 "onlink",
        /// Offloaded to hardware.
        OFFLOAD = 0x8 "offload",
        /// Its link has no carrier.
        LINKDOWN = 0x10 "linkdown",
        /// Not resolved (multicast).
        UNRESOLVED = 0x20 "unresolved",
        /// Trapped to the CPU.
        TRAP = 0x40 "trap",
    }
}

named_flags! {
    /// Flags of a route (`linux/rtnetlink.h` RTM_F_*), without the nexthop bits.
    RouteFlags(u32) {
        /// Changes are announced.
        NOTIFY = 0x100 "notify",
        /// A cached copy.
        CLONED = 0x200 "cloned",
        /// Multipath equalizer.
        EQUALIZE = 0x400 "equalize",
        /// Prefix route of an address.
        PREFIX = 0x800 "prefix",
        /// Offloaded to hardware.
        OFFLOAD = 0x4000 "rt_offload",
        /// Trapped to the CPU.
        TRAP = 0x8000 "rt_trap",
        /// Offloading failed.
        OFFLOAD_FAILED = 0x2000_0000 "rt_offload_failed",
    }
}
