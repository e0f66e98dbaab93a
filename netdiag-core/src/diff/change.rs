//! The vocabulary of changes: what can change, and how.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{Address, AddressLabel, Link, LinkName, Neighbor, NextHopObject, Route, Rule};

/// A thing that can come, go or change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "changes are few; a route, the most frequent one, is 32 bytes")]
pub enum Object {
    /// A link.
    Link(Link),
    /// An address.
    Address(Address),
    /// A route.
    Route(Route),
    /// A rule.
    Rule(Rule),
    /// A neighbour.
    Neighbor(Neighbor),
    /// A nexthop object.
    NextHop(NextHopObject),
    /// An address label.
    AddressLabel(AddressLabel),
    /// A statement of the resolver's configuration.
    Resolver(ResolverLine),
    /// A switch of the system.
    Sysctl(Sysctl),
}

/// One statement of the resolver's configuration, as it would be written in its file.
///
/// Statements that no file holds start with `#`: where it was read from and what was ignored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ResolverLine {
    /// The file by its usual name, `/etc/resolv.conf`, or `systemd-resolved`.
    pub file: String,
    /// Name of the link it is for (systemd-resolved).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkName>,
    /// Index of the link it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_index: Option<u32>,
    /// The statement: `nameserver 192.0.2.53`.
    pub text: String,
}

/// A switch of the system and its value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Sysctl {
    /// Its name: `net.ipv4.ip_forward`.
    pub name: String,
    /// Its value as read.
    pub value: String,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "see Object")]
pub enum Change {
    /// It was not there before.
    Added {
        /// The thing.
        object: Object,
        /// Its place among the rows it competes with (routes of one destination and table, rules
        /// of one family, statements of one file); 0 where order does not count.
        position: usize,
    },
    /// It is not there any more.
    Removed {
        /// The thing.
        object: Object,
        /// Its place before, as for `Added`.
        position: usize,
    },
    /// It is there with other values, or at another place.
    Modified {
        /// Before.
        before: Object,
        /// After.
        after: Object,
        /// The names of the fields that differ, as in JSON, sorted. Only `position` when nothing
        /// but its place among its competitors is new.
        fields: Vec<String>,
        /// Its place after, as for `Added`.
        position: usize,
    },
}

impl Object {
    /// Its word in JSON: `route`, `link` …
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match self {
            Self::Link(_) => "link",
            Self::Address(_) => "address",
            Self::Route(_) => "route",
            Self::Rule(_) => "rule",
            Self::Neighbor(_) => "neighbor",
            Self::NextHop(_) => "nexthop",
            Self::AddressLabel(_) => "address_label",
            Self::Resolver(_) => "resolver",
            Self::Sysctl(_) => "sysctl",
        }
    }
}

impl Change {
    /// Its word in JSON: `added`, `removed` or `modified`.
    #[must_use]
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::Added { .. } => "added",
            Self::Removed { .. } => "removed",
            Self::Modified { .. } => "modified",
        }
    }

    /// The thing before; `None` when it was added.
    #[must_use]
    pub const fn before(&self) -> Option<&Object> {
        match self {
            Self::Added { .. } => None,
            Self::Removed { object, .. } | Self::Modified { before: object, .. } => Some(object),
        }
    }

    /// The thing after; `None` when it was removed.
    #[must_use]
    pub const fn after(&self) -> Option<&Object> {
        match self {
            Self::Removed { .. } => None,
            Self::Added { object, .. } | Self::Modified { after: object, .. } => Some(object),
        }
    }

    /// The thing as it is now, or as it was last.
    #[must_use]
    pub const fn object(&self) -> &Object {
        match self {
            Self::Added { object, .. }
            | Self::Removed { object, .. }
            | Self::Modified { after: object, .. } => object,
        }
    }

    /// The names of the fields that differ; empty unless it is a modification.
    #[must_use]
    pub fn fields(&self) -> &[String] {
        match self {
            Self::Modified { fields, .. } => fields,
            _ => &[],
        }
    }

    /// The place among competing rows; see [`Change::Added`].
    #[must_use]
    pub const fn position(&self) -> usize {
        match self {
            Self::Added { position, .. }
            | Self::Removed { position, .. }
            | Self::Modified { position, .. } => *position,
        }
    }
}

/// A row taken out of an object that is known to hold one of its kind.
pub(super) trait FromObject {
    fn from_object(object: Object) -> Self;
}

macro_rules! rows {
    ($($variant:ident($type:ty)),* $(,)?) => {$(
        impl From<$type> for Object {
            fn from(row: $type) -> Self {
                Self::$variant(row)
            }
        }

        impl FromObject for $type {
            fn from_object(object: Object) -> Self {
                match object {
                    Object::$variant(row) => row,
                    other => unreachable!("bug: a {} among the rows of another kind", other.what()),
                }
            }
        }
    )*};
}

rows!(
    Link(Link),
    Address(Address),
    Route(Route),
    Rule(Rule),
    Neighbor(Neighbor),
    NextHop(NextHopObject),
    AddressLabel(AddressLabel),
    Resolver(ResolverLine),
    Sysctl(Sysctl),
);
