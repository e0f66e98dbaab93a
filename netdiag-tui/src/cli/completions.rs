//! `netdiag completions`: a script for a shell.

use clap::CommandFactory;

use super::args::{Args, CompletionsArgs};
use super::complain::Failure;
use super::{Outcome, print};

pub(super) fn run(args: &CompletionsArgs) -> Result<Outcome, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "netdiag", &mut script);
    print(|out| out.write_all(&script))?;
    Ok(Outcome::Done)
}
