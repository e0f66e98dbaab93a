//! The command line: one file per verb.
//!
//! Exit status, the same for every verb: 0 done, 1 differences or the answer is no, 2 could not
//! do it, 3 done but part of the data was missing (only with `--strict`). A closed pipe ends
//! quietly, and the status is the one of the answer.

mod args;
mod complain;
mod completions;
mod diff;
mod schema;
mod snapshot;
mod state;
mod terminal;
mod watch;

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Common, Verb};
use complain::Failure;

use crate::text::Page;

/// What a verb came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// Done: nothing found, or an answer.
    Done,
    /// Differences, or the answer is no.
    Found,
    /// Done, but part of the data was missing, and that matters (`--strict`).
    Incomplete,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::Found => Self::from(1),
            Outcome::Incomplete => Self::from(3),
        }
    }
}

/// Reads the arguments and does what they say.
pub(crate) fn main() -> ExitCode {
    let Args { verb, common } = match Args::try_parse() {
        Ok(args) => args,
        // Help and version are texts asked for; the rest are errors of usage (status 2).
        Err(answer) => {
            let status = if answer.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
            let _ = answer.print();
            return status;
        }
    };
    let done = match verb {
        None => terminal::run(&common),
        Some(Verb::Snapshot(args)) => snapshot::run(&args, &common),
        Some(Verb::Diff(args)) => diff::run(&args, &common),
        Some(Verb::Watch(args)) => watch::run(&args, &common),
        Some(Verb::Completions(args)) => completions::run(&args),
        Some(Verb::Schema(args)) => schema::run(&args),
    };
    match done {
        Ok(outcome) => outcome.into(),
        Err(failure) => {
            complain::failure(&failure);
            ExitCode::from(2)
        }
    }
}

/// Writes to standard output what `write` writes. That nobody reads on is no failure.
fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => {
            // What is left in the buffer has no reader.
            let _ = out.into_parts();
            Ok(())
        }
        Err(cause) => {
            let _ = out.into_parts();
            Err(Failure::Output(cause))
        }
        Ok(()) => Ok(()),
    }
}

/// The page that text for people is laid out on.
fn page(common: &Common) -> Page {
    Page::of_stdout(common.color, common.ascii)
}

/// `Done`, or what `--strict` makes of a state that is not complete.
fn completeness<'a>(
    common: &Common,
    states: impl IntoIterator<Item = &'a netdiag_core::Snapshot>,
) -> Outcome {
    let is_complete = states.into_iter().all(|state| state.problems().is_empty());
    if common.strict && !is_complete { Outcome::Incomplete } else { Outcome::Done }
}
