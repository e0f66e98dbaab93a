//! No verb: the terminal UI, where there is a terminal.

use std::io::{self, IsTerminal};

use super::args::Common;
use super::complain::Failure;
use super::{Outcome, state};
use crate::text::is_dumb;
use crate::tui;

const INSTEAD: &str = "In scripts use: netdiag watch --json   (or snapshot, diff)";

/// Opens the terminal UI.
pub(super) fn run(common: &Common) -> Result<Outcome, Failure> {
    if common.json {
        return Err(Failure::usage("--json needs a verb: netdiag snapshot --json   (or diff, watch)"));
    }
    if !io::stdout().is_terminal() {
        return Err(Failure::usage(format!("no terminal. {INSTEAD}")));
    }
    if is_dumb() {
        return Err(Failure::usage(format!("this terminal has no cursor control (TERM=dumb). {INSTEAD}")));
    }
    let state = match &common.state {
        Some(path) => Some((path.display().to_string(), state::stored(path)?)),
        None => None,
    };
    tui::run(tui::Options {
        namespace: common.namespace(),
        state,
        color: common.color,
        ascii: common.ascii,
    })?;
    Ok(Outcome::Done)
}
