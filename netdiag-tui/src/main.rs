//! `netdiag`: see this host's network state, what changed and why.
//!
//! Each verb prints and ends ([`cli`]).

mod cli;
mod filter;
mod text;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
