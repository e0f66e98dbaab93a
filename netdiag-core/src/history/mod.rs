//! Time: what happened to a host, one change after the other.

mod event;
mod json;

pub use event::{Burst, Cause, Event, Origin};
pub use json::{EVENT_FORMAT, Start};
