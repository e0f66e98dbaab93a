//! `netdiag snapshot`: the whole state.

use jiff::tz::TimeZone;
use netdiag_core::snapshot;

use super::args::{Common, SnapshotArgs};
use super::complain::Failure;
use super::{Outcome, complain, completeness, page, print, state};
use crate::text;

pub(super) fn run(args: &SnapshotArgs, common: &Common) -> Result<Outcome, Failure> {
    let state = state::read(common)?;
    let file = args.output.as_ref().filter(|path| !state::is_standard(path));
    let is_json = common.json || args.output.is_some();
    match file {
        Some(path) => snapshot::write_file(&state, path)?,
        None if is_json => print(|out| snapshot::write(&state, out))?,
        None => print(|out| text::snapshot(page(common), &state, &TimeZone::system(), out))?,
    }
    // In JSON they are part of the document.
    if file.is_some() || !is_json {
        complain::problems(&state);
    }
    Ok(completeness(common, [&state]))
}
