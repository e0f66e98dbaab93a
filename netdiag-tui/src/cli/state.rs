//! Where an answer comes from: the live host, or a stored state.

use std::io;
use std::path::Path;

use netdiag_core::{Snapshot, snapshot, source};

use super::args::Common;
use super::complain::Failure;

/// The state the flags name: `--state FILE`, else the live host.
pub(super) fn read(common: &Common) -> Result<Snapshot, Failure> {
    match &common.state {
        Some(path) => stored(path),
        None => Ok(source::read(&common.namespace())?),
    }
}

/// A stored state; `-` is standard input.
///
/// Every verb comes here for what `--state` and the sides of a diff take, so that another kind of
/// file (a recording, pasted text) needs to be known here only.
pub(super) fn stored(path: &Path) -> Result<Snapshot, Failure> {
    if is_standard(path) {
        return Ok(snapshot::read(io::stdin().lock(), "standard input")?);
    }
    Ok(snapshot::read_file(path)?)
}

/// Whether a file name stands for standard input or output.
pub(super) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}
