//! A label of the kernel's IPv6 source selection, as in `ip addrlabel` (RFC 6724 section 2.1).

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LinkName, RawAttribute};

/// Addresses inside `prefix` carry `label`; sources prefer destinations of their own label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct AddressLabel {
    /// The addresses it is for.
    #[schemars(with = "String")]
    pub prefix: IpNet,
    /// Name of the one link it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LinkName>,
    /// Index of the one link it is for; absent = all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link_index: Option<u32>,
    /// The label.
    pub label: u32,
    /// Attributes not modelled here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmodelled: Vec<RawAttribute>,
}
