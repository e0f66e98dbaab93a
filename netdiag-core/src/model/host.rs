//! The host a snapshot was taken on, what it can do, and what went wrong while reading it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::escape;

/// Where a snapshot was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    /// The host's own name (`uname -n`).
    pub name: String,
    /// The operating system: `linux` or `macos`.
    pub system: String,
    /// The kernel's release (`uname -r`).
    pub release: String,
    /// The network namespace that was read when it is not the reader's own: a name as in
    /// `ip netns`, or `pid N`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// Whether the system offers something, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Capability {
    /// Whether it could be read.
    pub available: bool,
    /// Why not, or what would make it available.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

/// A process of the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Process identifier in the reader's PID namespace.
    pub pid: u32,
    /// The command's short name, from `/proc/PID/comm`; absent if it was gone by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.command {
            Some(command) => write!(f, "{} (pid {})", escape(command), self.pid),
            None => write!(f, "pid {} (exited)", self.pid),
        }
    }
}

/// Something that went wrong while the state was read. The rest of the snapshot stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// What kind of trouble it was.
    pub kind: ProblemKind,
    /// Which part of the snapshot it concerns: `routes`, `links`, `resolver` …
    pub area: String,
    /// What happened, in one clause. Not escaped: it may quote names from outside.
    pub detail: String,
    /// How many times it happened.
    pub count: u64,
}

/// The kinds of trouble a [`Problem`] may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// A dump failed: this part of the snapshot is missing or incomplete.
    DumpFailed,
    /// The state kept changing while it was read, also after repeating: rows may be of different
    /// moments.
    Inconsistent,
    /// A message could not be decoded and is missing from the snapshot.
    Undecodable,
    /// A file could not be read or holds lines that mean nothing to its reader.
    BadFile,
    /// Something needs a permission that the reader does not have.
    NoPermission,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.area, escape(&self.detail))?;
        if self.count > 1 {
            write!(f, " ({} times)", self.count)?;
        }
        Ok(())
    }
}
