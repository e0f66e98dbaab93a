//! One change of a watched host, and how it became known.

use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::diff::Change;
use crate::model::{LinkName, Process};
use crate::snapshot::Snapshot;

/// A change at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the event since the watch began, from 1, without gaps.
    pub sequence: u64,
    /// When netdiag learned of it.
    pub time: Timestamp,
    /// What changed.
    pub change: Change,
    /// How it became known.
    pub origin: Origin,
    /// Why it happened, where that follows from other changes. For `Announced` usually absent.
    pub because: Option<Cause>,
    /// Number of the burst it belongs to, from 1.
    pub burst: u64,
    /// The process that asked for it, where the kernel tells.
    pub by: Option<Process>,
    /// It came and went, or went and came back, within the burst: one of two events that together
    /// change nothing. The changes of a burst without these lead from the state before to the
    /// state after it.
    pub passing: bool,
}

/// How a change became known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The kernel sent a message about exactly this.
    Announced,
    /// The kernel said nothing about it; it was found by reading again.
    Inferred,
    /// It was found by reading everything again after messages were lost.
    Resynced,
}

/// Why something changed without a word of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Its link is gone.
    LinkRemoved(LinkName),
    /// Its link was set down.
    LinkDown(LinkName),
    /// Its link was set up.
    LinkUp(LinkName),
    /// Its link lost its carrier.
    CarrierLost(LinkName),
    /// Its link got a carrier.
    CarrierFound(LinkName),
    /// Its link was renamed.
    LinkRenamed {
        /// The old name.
        from: LinkName,
        /// The new name.
        to: LinkName,
    },
    /// Its link's MTU changed; IPv6 is switched off below 1280 bytes (RFC 8200 section 5).
    MtuChanged(LinkName),
    /// An address that it depended on is gone.
    AddressRemoved {
        /// The address.
        address: IpNet,
        /// Its link.
        link: LinkName,
    },
    /// The nexthop object it used changed or is gone.
    NextHopChanged(u32),
    /// Another route took its place (`ip route replace`).
    Replaced,
    /// It expired.
    Expired,
    /// Nothing that was seen explains it.
    Unexplained,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LinkRemoved(name) => write!(f, "went with link {name}"),
            Self::LinkDown(name) => write!(f, "link {name} went down"),
            Self::LinkUp(name) => write!(f, "link {name} came up"),
            Self::CarrierLost(name) => write!(f, "link {name} lost its carrier"),
            Self::CarrierFound(name) => write!(f, "link {name} got its carrier"),
            Self::LinkRenamed { from, to } => write!(f, "link {from} was renamed to {to}"),
            Self::MtuChanged(name) => write!(f, "the MTU of link {name} changed"),
            Self::AddressRemoved { address, link } => {
                write!(f, "address {address} was removed from {link}")
            }
            Self::NextHopChanged(id) => write!(f, "nexthop object {id} changed"),
            Self::Replaced => f.write_str("another route replaced it"),
            Self::Expired => f.write_str("its time ran out"),
            Self::Unexplained => f.write_str("found by reading again"),
        }
    }
}

/// Changes that belong together: nothing else happened shortly before or after.
#[derive(Clone, Debug)]
pub struct Burst {
    /// Its number, from 1.
    pub number: u64,
    /// Its events, in order.
    pub events: Vec<Event>,
    /// The state after it.
    pub snapshot: Arc<Snapshot>,
    /// How often messages were lost for want of buffer since the watch began.
    pub overruns: u64,
}

impl Burst {
    /// The changes that lead from the state before the burst to the state after it, for
    /// [`apply`](crate::diff::apply).
    #[must_use]
    pub fn net_changes(&self) -> Vec<Change> {
        self.events.iter().filter(|event| !event.passing).map(|event| event.change.clone()).collect()
    }
}
