//! Filters, the same words in the TUI and in `watch --until`.
//!
//! ```text
//! filter := term { space term }            all must hold
//! term   := ["!"] ( word | key ":" value ) word = part of any field; "!" = not
//! key    := dst in has via dev table proto metric family scope kind role chg age src mark
//! value  := text | "/" regex "/" | number | (">"|"<") number | prefix | glob
//! ```
//!
//! Text is compared without regard to case; a glob (`tun*`) must fit the whole value, a regular
//! expression any part of it. `mark` is the mark that a rule asks for.

mod parse;
mod routes;
mod subject;

use std::fmt;

use ipnet::IpNet;
use regex_lite::Regex;

pub(crate) use routes::{Known, RouteFilter};
pub(crate) use subject::Subject;

/// What a thing must be to be shown, or to end a watch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    terms: Vec<Term>,
}

/// Why a text is no filter: `"metrc" is not a key; the keys are …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilterError(String);

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FilterError {}

#[derive(Clone, Debug)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    /// Part of any field.
    Anywhere(Pattern),
    /// One of the values of a key fits.
    Text(Key, Regex),
    /// The number of a key compares so.
    Number(Key, Comparison, u64),
    /// The addresses of a key stand in this relation to a prefix.
    Prefix(Key, Relation, IpNet),
    /// It is the default route of its family.
    Default,
    /// It changed so.
    Changed(char),
}

/// What a text anywhere is looked through for.
#[derive(Clone, Debug)]
enum Pattern {
    /// These letters, without regard to ASCII case; not empty.
    Word(String),
    Regex(Regex),
}

impl Pattern {
    fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Word(word) => {
                text.as_bytes().windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
            }
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

/// What a term looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Dst,
    In,
    Has,
    Via,
    Dev,
    Table,
    Proto,
    Metric,
    Family,
    Scope,
    Kind,
    Role,
    Chg,
    Age,
    Src,
    Mark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Less,
    Greater,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    /// Exactly this prefix.
    Same,
    /// This prefix or a part of it.
    Inside,
    /// A prefix that contains all of it.
    Around,
}

impl Filter {
    /// Whether every term holds.
    pub(crate) fn matches(&self, subject: Subject<'_>) -> bool {
        self.terms.iter().all(|term| term.test.holds(subject) != term.negated)
    }

    /// Whether a full internet table is looked through in about a keystroke: no regular expression
    /// and no glob is asked of each route.
    pub(crate) fn is_quick(&self) -> bool {
        self.terms
            .iter()
            .all(|term| !matches!(term.test, Test::Anywhere(Pattern::Regex(_)) | Test::Text(Key::Dst, _)))
    }

    /// Whether some term looks at `key`.
    pub(crate) fn uses(&self, key: Key) -> bool {
        self.terms.iter().any(|term| match term.test {
            Test::Text(used, _) | Test::Number(used, ..) | Test::Prefix(used, ..) => used == key,
            Test::Changed(_) => key == Key::Chg,
            Test::Default => key == Key::Dst,
            Test::Anywhere(_) => false,
        })
    }
}

impl Relation {
    fn holds(self, prefix: &IpNet, wanted: &IpNet) -> bool {
        match self {
            Self::Same => prefix == wanted,
            Self::Inside => wanted.contains(prefix),
            Self::Around => prefix.contains(wanted),
        }
    }
}

impl Test {
    fn holds(&self, subject: Subject<'_>) -> bool {
        match self {
            Self::Anywhere(pattern) => subject.fields().iter().any(|field| pattern.is_match(field)),
            Self::Text(key, pattern) => subject.texts(*key).iter().any(|text| pattern.is_match(text)),
            Self::Number(key, comparison, wanted) => {
                subject.numbers(*key).iter().any(|number| match comparison {
                    Comparison::Equal => number == wanted,
                    Comparison::Less => number < wanted,
                    Comparison::Greater => number > wanted,
                })
            }
            Self::Prefix(key, relation, wanted) => {
                subject.prefixes(*key).iter().any(|prefix| relation.holds(prefix, wanted))
            }
            Self::Default => subject.prefixes(Key::Dst).iter().any(|prefix| prefix.prefix_len() == 0),
            Self::Changed(glyph) => subject.change == Some(*glyph),
        }
    }
}

#[cfg(test)]
mod tests;
