//! Nouns: what there is on a host. Plain values, no I/O, no platform switches.
//!
//! The types are the same on every platform; a field that only one system has is `None` or
//! empty elsewhere, and its documentation says where it comes from. What a back end reads and
//! does not understand is kept in `unmodelled`, never dropped.

mod address;
mod address_label;
mod family;
mod host;
mod link;
mod named;
mod neighbor;
mod nexthop;
mod resolver_config;
mod route;
mod route_kinds;
mod route_serde;
mod route_table;
mod route_text;
mod rule;
mod text;
mod unmodelled;

pub use address::{Address, AddressFlags, AddressScope, range_in_words};
pub use address_label::AddressLabel;
pub use family::{Family, TableId};
pub use host::{Capability, Host, Problem, ProblemKind, Process};
pub use link::{Link, LinkFlags, LinkState, Tunnel};
pub use neighbor::{Neighbor, NeighborFlags, NeighborState};
pub use nexthop::{GroupMember, NextHopObject};
pub use resolver_config::*;
pub use route::{Encapsulation, NextHop, Route, RouteAttributes, RouteKey};
pub use route_kinds::{
    EncapsulationKind, NextHopFlags, RouteFlags, RouteKind, RouteMetric, RouteProtocol, RouteScope,
    RouterPreference,
};
pub use route_table::{AttributeInterner, RouteTable, Routes};
pub use rule::{PortRange, Rule, RuleAction, UidRange};
pub(crate) use text::is_hostile;
pub use text::{Escaped, HexBytes, LinkName, MacAddress, escape};
pub use unmodelled::RawAttribute;

#[cfg(all(feature = "system", target_os = "linux"))]
pub(crate) use {route_table::RouteRows, text::text_from_bytes};

#[cfg(test)]
mod tests;
