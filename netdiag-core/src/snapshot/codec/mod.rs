//! Snapshots as files: `netdiag.snapshot/1`, JSON with one row a line, or the same through zstd.
//!
//! The layout is for people and tools that compare text: every row of a list stands on a line of
//! its own, and lists are sorted, so equal states are equal bytes and `diff` shows rows. Control
//! and invisible characters are escaped (see [`json`](crate::json)).
//!
//! Reading is a stream, bounded by [`MAX_BYTES`], and takes nothing on trust: rows may come in any
//! order (the builder sorts them), unknown keys are ignored, and whatever is wrong is one error
//! that says where.

mod file;
mod read;
mod write;

pub use file::{read_file, write_file};
pub use read::read;
pub use write::write;

/// The value of `format` in a snapshot.
pub const SNAPSHOT_FORMAT: &str = "netdiag.snapshot/1";

/// The longest JSON that is read, counted after decompression.
pub const MAX_BYTES: u64 = 4 << 30;

const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

#[cfg(test)]
mod tests;
