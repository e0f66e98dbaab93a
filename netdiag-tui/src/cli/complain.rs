//! Standard error: what failed and what is missing, each said once, with the fix.

use std::io::{self, Write};
use std::sync::Arc;

use netdiag_core::error::chain;
use netdiag_core::model::escape;
use netdiag_core::{Error, ErrorKind, Snapshot};

use crate::text;

/// Why a verb could not do what it was asked.
#[derive(Debug)]
pub(super) enum Failure {
    /// The core could not.
    Core(Error),
    /// The watch ended.
    Ended(Arc<Error>),
    /// Standard output could not be written.
    Output(io::Error),
    /// The arguments make no sense together.
    Usage {
        /// What is wrong.
        text: String,
        /// What to do instead.
        hint: Option<String>,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl Failure {
    /// An error of usage.
    pub(super) fn usage(text: impl Into<String>) -> Self {
        Self::Usage { text: text.into(), hint: None }
    }

    fn text(&self) -> String {
        match self {
            Self::Core(error) => chain(error),
            Self::Ended(error) => chain(&**error),
            Self::Output(cause) => format!("cannot write standard output: {cause}"),
            Self::Usage { text, .. } => text.clone(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Core(error) => hint(error).map(str::to_owned),
            Self::Ended(_) | Self::Output(_) => None,
            Self::Usage { hint, .. } => hint.clone(),
        }
    }
}

/// What helps against an error, where something does.
fn hint(error: &Error) -> Option<&'static str> {
    let is_name_of_namespace = error.to_string().starts_with("cannot enter network namespace ");
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::BadInput if is_name_of_namespace => {
            Some("`ip netns list` shows the names there are")
        }
        ErrorKind::TooNew => Some("a newer netdiag wrote it: update this one"),
        ErrorKind::BadInput => Some("`netdiag snapshot -o FILE` writes a file that can be read here"),
        _ => None,
    }
}

/// Says why a verb failed.
pub(super) fn failure(failure: &Failure) {
    say(&failure.text());
    if let Some(hint) = failure.hint() {
        write_line("hint", &hint);
    }
}

/// Says what is missing in a snapshot.
pub(super) fn problems(snapshot: &Snapshot) {
    for problem in text::problems(snapshot) {
        say(&problem);
    }
}

/// Says what is missing in either of two snapshots; what is missing in both is said once.
pub(super) fn problems_of_both(before: &Snapshot, after: &Snapshot) {
    let (before, after) = (text::problems(before), text::problems(after));
    for problem in &before {
        let side = if after.contains(problem) { "both states" } else { "the first state" };
        say(&format!("in {side}: {problem}"));
    }
    for problem in after.iter().filter(|problem| !before.contains(problem)) {
        say(&format!("in the second state: {problem}"));
    }
}

/// One line of `netdiag: …`.
pub(super) fn say(text: &str) {
    write_line("netdiag", text);
}

fn write_line(who: &str, text: &str) {
    // When standard error is gone too, nobody is left to tell.
    let _ = writeln!(io::stderr().lock(), "{who}: {}", escape(text));
}
