//! `netdiag diff`: what is different between two states.

use netdiag_core::diff::DiffDocument;
use netdiag_core::json::{self, Layout};

use super::args::{Common, DiffArgs};
use super::complain::Failure;
use super::{Outcome, complain, completeness, page, print, state};
use crate::text;

pub(super) fn run(args: &DiffArgs, common: &Common) -> Result<Outcome, Failure> {
    let has_source = common.state.is_some() || common.netns.is_some() || common.pid.is_some();
    if args.after.is_some() && has_source {
        return Err(Failure::usage("two files are compared: --state, --netns and --pid have no place"));
    }
    let other = args.after.as_ref().or(common.state.as_ref());
    if state::is_standard(&args.before) && other.is_some_and(|path| state::is_standard(path)) {
        return Err(Failure::usage("standard input can be one of the two states only"));
    }
    let before = state::stored(&args.before)?;
    let after = match &args.after {
        Some(path) => state::stored(path)?,
        None => state::read(common)?,
    };
    let document = DiffDocument::between(&before, &after);
    if common.json {
        print(|out| {
            json::to_writer(&mut *out, &document, Layout::Pretty)?;
            out.write_all(b"\n")
        })?;
    } else {
        print(|out| {
            if document.changes.is_empty() {
                return writeln!(out, "No differences.");
            }
            let changes: Vec<_> = document.changes.iter().map(Into::into).collect();
            text::changes(page(common), &changes, out)?;
            text::effects(page(common), &document.effects, out)
        })?;
    }
    if !common.json {
        complain::problems_of_both(&before, &after);
    }
    Ok(match completeness(common, [&before, &after]) {
        Outcome::Done if !document.changes.is_empty() => Outcome::Found,
        outcome => outcome,
    })
}
