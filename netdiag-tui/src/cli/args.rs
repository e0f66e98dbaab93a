//! The arguments, and the words `--help` has for them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use netdiag_core::source::Namespace;

use crate::filter::Filter;
use crate::text::ColorChoice;

/// All arguments.
#[derive(Debug, Parser)]
#[command(
    name = "netdiag",
    version,
    about = "\
See this host's network state, what changed and why.
Without a verb the terminal UI opens. netdiag only looks: it never changes anything.",
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = "\
Examples:
  netdiag                              live routes, links and events in the terminal
  netdiag snapshot -o before.json      keep the state before connecting a VPN
  netdiag diff before.json             what is different now
  netdiag watch --until 'dev:tun0'     wait until something happens to tun0

Exit status: 0 done, 1 differences or the answer is no, 2 could not do it,
3 part of the data was missing (with --strict)."
)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) verb: Option<Verb>,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Flags that every verb has.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Everywhere")]
pub(super) struct Common {
    /// Write JSON instead of text
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Answer from this snapshot instead of the live host (- = standard input)
    #[arg(long, global = true, value_name = "FILE", conflicts_with_all = ["netns", "pid"])]
    pub(super) state: Option<PathBuf>,
    /// Look from the network namespace of this name, as in `ip netns`
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "pid")]
    pub(super) netns: Option<String>,
    /// Look from the network namespace of this process
    #[arg(long, global = true, value_name = "PID")]
    pub(super) pid: Option<u32>,
    /// Use colours: auto, always or never (auto honours NO_COLOR)
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub(super) color: ColorChoice,
    /// Write ASCII only
    #[arg(long, global = true)]
    pub(super) ascii: bool,
    /// End with status 3 when part of the data was missing
    #[arg(long, global = true)]
    pub(super) strict: bool,
}

impl Common {
    /// The network namespace to look from.
    pub(super) fn namespace(&self) -> Namespace {
        match (&self.netns, self.pid) {
            (Some(name), _) => Namespace::Named(name.clone()),
            (None, Some(pid)) => Namespace::OfProcess(pid),
            (None, None) => Namespace::Own,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    Snapshot(SnapshotArgs),
    Diff(DiffArgs),
    Watch(WatchArgs),
    Completions(CompletionsArgs),
    Schema(SchemaArgs),
}

/// Print or keep the whole state: links, addresses, routes, rules, neighbours, resolver
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  netdiag snapshot                     read it
  netdiag snapshot --json | jq .routes
  netdiag snapshot -o before.json      keep it for `netdiag diff`
  netdiag snapshot --netns red         another network namespace")]
pub(super) struct SnapshotArgs {
    /// Write the snapshot to this file, all of it or nothing; a name ending in .zst compresses,
    /// - is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// Compare two states: what came, went and changed, and what leaves another way now
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  netdiag diff before.json             compare with the live host
  netdiag diff before.json after.json
  ssh host netdiag snapshot --json | netdiag diff before.json -

Exit status: 0 no differences, 1 differences, 2 could not compare.")]
pub(super) struct DiffArgs {
    /// The state before: a snapshot file, or - for standard input
    #[arg(value_name = "A")]
    pub(super) before: PathBuf,
    /// The state after; the live host (or --state) when not given
    #[arg(value_name = "B")]
    pub(super) after: Option<PathBuf>,
}

/// Print every change as it happens, until Ctrl-C
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  netdiag watch                        everything
  netdiag watch --json                 one object a line; the first has \"change\":\"start\"
  netdiag watch --until 'dst:default chg:-' --timeout 60
                                       wait a minute for a default route to go

A filter is words and key:value terms that must all hold; ! in front means not.
Keys: dst in has via dev table proto metric family scope kind role chg src mark.
Values: 10.0.0.0/8, tun*, >100, /regex/. `kind:route` means routes only.

Exit status: 0 ended as asked, 1 --until never came true, 2 watching failed.")]
pub(super) struct WatchArgs {
    /// End after the first change that this filter matches
    #[arg(long, value_name = "FILTER")]
    pub(super) until: Option<Filter>,
    /// End after this many seconds
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub(super) timeout: Option<Duration>,
}

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  netdiag completions bash > ~/.local/share/bash-completion/completions/netdiag")]
pub(super) struct CompletionsArgs {
    /// Which shell
    pub(super) shell: clap_complete::Shell,
}

/// Print the JSON Schema of a kind of document
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  netdiag schema event                 what a line of `netdiag watch --json` may hold")]
pub(super) struct SchemaArgs {
    /// Which kind of document
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(netdiag_core::schema::KINDS))]
    pub(super) kind: String,
}

/// Seconds, with or without a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    text.parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a number of seconds, such as 30 or 0.5".into())
}
