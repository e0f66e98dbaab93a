//! The state of a host's network as plain values.

pub mod error;
pub mod model;

pub use error::{Error, ErrorKind};
