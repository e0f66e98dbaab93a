//! `netdiag`: see this host's network state, what changed and why.
//!
//! A verb prints and ends ([`cli`]); without one the terminal UI opens ([`tui`]). Both describe
//! things in the same words ([`text`]) and understand the same filters ([`filter`]).

mod cli;
mod filter;
mod text;
mod tui;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
