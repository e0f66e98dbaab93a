//! The state of a host's network as plain values, what changed in it, and what that means for
//! its traffic.
//!
//! ```text
//!   live host ── source::read ──┐                    ┌── diff::diff ────── what changed
//!             ── Monitor ───────┼──►  Snapshot  ─────┤
//!   file ────── snapshot::read ─┘      │             └── diff::effects ─── what leaves by another way
//!                                      └── snapshot::write, JSON, schema
//! ```
//!
//! There are three kinds of room. Nouns ([`model`], [`snapshot`]) are what there is: values
//! without I/O, the same on every platform. Syscalls (`source`) are how we find out. Questions
//! ([`diff`]) are functions over snapshots that always have an answer. [`history`] is for what is
//! told by a running `source::Monitor`.
//!
//! # Example
//!
//! What did connecting a VPN do?
//!
//! ```
//! use netdiag_core::{diff, snapshot};
//!
//! # let folder = std::path::Path::new("../tests/fixtures");
//! # let (before, connected) = (folder.join("before.json"), folder.join("connected.json"));
//! # (|before: &str, connected: &str| {
//! let before = snapshot::read_file(before)?;
//! let connected = snapshot::read_file(connected)?;
//!
//! for change in diff::diff(&before, &connected) {
//!     println!("{change}");
//! }
//! let effects = diff::effects(&before, &connected);
//! let told: Vec<String> = diff::group_effects(&effects).iter().map(ToString::to_string).collect();
//! assert_eq!(
//!     told[0],
//!     "0.0.0.0/0 except 127.0.0.0/8, 192.0.2.0/24, 198.51.100.5/32, 198.51.100.6/32, 203.0.113.7/32: \
//!      via 192.0.2.1 dev wlan0 src 192.0.2.23 -> via 198.51.100.5 dev tun0"
//! );
//! # Ok::<(), netdiag_core::Error>(())
//! # })(before.to_str().unwrap(), connected.to_str().unwrap()).unwrap();
//! ```
//!
//! On a live host `source::read(&source::Namespace::Own)` gives the state as it is now, without
//! privileges.
//!
//! # What holds
//!
//! - Equal states are equal values and equal bytes in a file.
//! - Nothing that was read is dropped: what is not understood stays raw in its row, and what
//!   could not be read is listed in [`Snapshot::problems`].
//! - Everything that prints (`Display`, [`json`]) escapes what a terminal would act on; the values
//!   keep it as it was.
//! - Nothing from outside makes this crate panic.
//!
//! # What it does not do
//!
//! It never changes the system, never reads the clock outside `source`, and does not look at
//! packets. It is no binding of netlink: no wire type is part of its interface.
//!
//! # What is stable
//!
//! The JSON documents are (`netdiag.snapshot/1`, `netdiag.diff/1`, `netdiag.event/1`; their
//! schemas are in [`schema`]): keys may be added, a later version reads every earlier one. The
//! Rust interface is not before 1.0.
//!
//! # Features
//!
//! `system` (default): the back ends that read a live host, `source`. Without it the crate needs
//! no operating system: snapshot files, diff, JSON.

pub mod diff;
pub mod error;
pub mod history;
pub mod json;
pub mod model;
pub mod schema;
pub mod snapshot;
#[cfg(feature = "system")]
pub mod source;

pub use error::{Error, ErrorKind};
pub use snapshot::Snapshot;
