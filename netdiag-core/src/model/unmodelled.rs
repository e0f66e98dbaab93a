//! What was read and is not understood.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HexBytes;

/// An attribute that this version does not model: its number and its bytes, kept as read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct RawAttribute {
    /// The attribute's number in its message (for Linux without the nested and byte-order bits).
    pub kind: u16,
    /// The payload.
    pub bytes: HexBytes,
}
