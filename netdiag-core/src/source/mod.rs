//! Syscalls: how we find out. The only I/O of this crate apart from snapshot files, the only
//! `unsafe`, and the only platform switches.
//!
//! [`read`] takes one snapshot, [`Monitor`] keeps one current. Both work without privileges.

#[cfg(target_os = "linux")]
mod linux;
mod monitor;
#[cfg(target_os = "linux")]
mod resolver;
#[cfg(not(target_os = "linux"))]
mod unsupported;

#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
use unsupported as platform;

use jiff::Timestamp;

use crate::error::Error;
use crate::snapshot::Snapshot;

pub use monitor::{Message, Monitor, MonitorOptions};

/// Which network namespace to look from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Namespace {
    /// The one of this process.
    #[default]
    Own,
    /// One made by `ip netns add NAME`; `/etc/netns/NAME/` holds its resolver files.
    Named(String),
    /// The one of a process, with the resolver files that process sees.
    OfProcess(u32),
}

/// Reads the whole state once.
///
/// # Errors
///
/// When the namespace cannot be entered or the kernel cannot be asked at all. A part that could
/// not be read is a problem in the snapshot, not an error.
pub fn read(namespace: &Namespace) -> Result<Snapshot, Error> {
    platform::read(namespace)
}

/// The time by the system's clock. The only place that reads it.
#[must_use]
#[allow(clippy::disallowed_methods, reason = "this is the one place")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
