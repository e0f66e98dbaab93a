//! What the benches share: a full internet table of their own, a network namespace to load it
//! into, the floor they compare with, and a way to measure.
//!
//! Everything here is Linux; elsewhere the package is empty.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "programs that print what they measured")]

pub mod kernel;
pub mod measure;
pub mod table;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use table::Entry;

/// What the command line may say.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How many IPv4 routes.
    pub v4: usize,
    /// How many IPv6 routes.
    pub v6: usize,
    /// How often each thing is measured; the median counts.
    pub repeat: usize,
    /// Load the table in random order, as a routing daemon would, instead of sorted.
    pub shuffled: bool,
}

/// Reads the command line, or says how it should be.
///
/// # Errors
///
/// The exit code, when it is not understood.
fn options() -> Result<Options, ExitCode> {
    let mut options = Options { v4: 1_000_000, v6: 200_000, repeat: 7, shuffled: false };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|word| word.parse().ok());
        let understood = match word.as_str() {
            "--v4" => number().map(|number| options.v4 = number),
            "--v6" => number().map(|number| options.v6 = number),
            "--repeat" => number().filter(|number| *number > 0).map(|number| options.repeat = number),
            "--shuffled" => {
                options.shuffled = true;
                Some(())
            }
            // `cargo bench` adds it.
            "--bench" => Some(()),
            _ => None,
        };
        if understood.is_none() {
            eprintln!("usage: [--v4 N] [--v6 N] [--repeat N] [--shuffled]");
            return Err(ExitCode::from(2));
        }
    }
    Ok(options)
}

/// A private network namespace with the table loaded; the table.
///
/// # Errors
///
/// When the namespace cannot be made or the kernel refuses a route.
pub fn prepare(options: Options) -> io::Result<Vec<Entry>> {
    kernel::enter_new_namespace()?;
    let mut routes = table::generate(options.v4, options.v6);
    if options.shuffled {
        table::shuffle(&mut routes);
    }
    let seconds = kernel::load(&routes)?;
    let order = if options.shuffled { "random" } else { "sorted" };
    println!("loaded {} IPv4 and {} IPv6 routes in {order} order in {seconds:.1} s", options.v4, options.v6);
    Ok(routes)
}

/// Runs a bench and turns what went wrong into an exit code.
pub fn main(bench: impl FnOnce(Options) -> Result<(), Box<dyn std::error::Error>>) -> ExitCode {
    let options = match options() {
        Ok(options) => options,
        Err(code) => return code,
    };
    match bench(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The `netdiag` built beside this program, if there is one; says so when not.
#[must_use]
pub fn binary() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.with_file_name("netdiag");
    if path.exists() {
        return Some(path);
    }
    println!("SKIPPED: no {}; build it with `cargo build --release -p netdiag-tui`", path.display());
    None
}
