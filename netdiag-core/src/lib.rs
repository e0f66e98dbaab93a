//! The state of a host's network as plain values.

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
