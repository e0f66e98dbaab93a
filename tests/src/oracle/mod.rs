//! The kernel as oracle: a snapshot must say what `ip -json` says, field by field.
//!
//! Both are turned into [`Rows`]: one line of text for each object, with each fact that both
//! can state under the same name. `from_ip` and `from_model` are the two translations, and
//! the only places that know what `ip` leaves out or prints in another way.
//!
//! Left out on purpose, because the kernel changes them without a message: seconds of a
//! lifetime (only whether there is one is compared), counters, and neighbours that are being
//! resolved or that the kernel makes for multicast and broadcast.

mod from_ip;
mod from_model;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;

use netdiag_core::Snapshot;
use netdiag_core::diff::{Change, diff};
use netdiag_core::model::Link;
use netdiag_core::source::{self, Namespace};

pub use from_ip::rows_of_ip;
pub use from_model::{row_of, rows_of};

/// The state of a host as comparable text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// By part: `links`, `routes` … Each in order of comparison.
    pub parts: BTreeMap<&'static str, Vec<String>>,
}

impl Rows {
    fn set(&mut self, part: &'static str, facts: Vec<Facts>) {
        let mut rows: Vec<String> = facts.iter().map(Facts::line).collect();
        rows.sort();
        self.parts.insert(part, rows);
    }
}

/// Facts of one object, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts(BTreeMap<&'static str, String>);

impl Facts {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.0.insert(name, value.to_string());
        self
    }

    pub(crate) fn maybe(self, name: &'static str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// A fact that is either there or not.
    pub(crate) fn flag(self, name: &'static str, value: bool) -> Self {
        if value { self.with(name, "yes") } else { self }
    }

    fn line(&self) -> String {
        let words: Vec<String> = self.0.iter().map(|(name, value)| format!("{name}={value}")).collect();
        words.join(" ")
    }
}

/// Numbers the objects that share `keys`, because their order has a meaning.
pub(crate) fn number_by(rows: Vec<Facts>, keys: &[&'static str]) -> Vec<Facts> {
    let mut seen: BTreeMap<Vec<Option<String>>, usize> = BTreeMap::new();
    rows.into_iter()
        .map(|row| {
            let key = keys.iter().map(|key| row.0.get(key).cloned()).collect();
            let place = seen.entry(key).or_default();
            *place += 1;
            let number = *place;
            row.with("#", number)
        })
        .collect()
}

/// What `left` and `right` say differently, one line each; empty when they agree.
#[must_use]
pub fn differences(left: (&str, &Rows), right: (&str, &Rows)) -> Vec<String> {
    let nothing = Vec::new();
    let mut found = Vec::new();
    for part in left.1.parts.keys() {
        let (a, b) = (&left.1.parts[part], right.1.parts.get(part).unwrap_or(&nothing));
        found.extend(missing_from(a, b).map(|row| format!("{part}: only {}: {row}", left.0)));
        found.extend(missing_from(b, a).map(|row| format!("{part}: only {}: {row}", right.0)));
    }
    found
}

/// Rows of `these` without a partner in `those`; doubled rows need two partners.
fn missing_from<'a>(these: &'a [String], those: &[String]) -> impl Iterator<Item = &'a String> {
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for row in those {
        *left.entry(row).or_default() += 1;
    }
    let unmatched: Vec<&String> = these
        .iter()
        .filter(|row| match left.get_mut(row.as_str()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        })
        .collect();
    unmatched.into_iter()
}

/// The rows that went and came between two states, without their order among equals.
#[must_use]
pub fn went_and_came(before: &Rows, after: &Rows) -> (Vec<String>, Vec<String>) {
    let bare = |rows: &Rows| {
        let without_place = |row: &String| match row.strip_prefix("#=").and_then(|rest| rest.split_once(' '))
        {
            Some((_, rest)) => rest.to_owned(),
            None => row.clone(),
        };
        let all = rows.parts.iter();
        all.flat_map(|(part, rows)| rows.iter().map(move |row| format!("{part}: {}", without_place(row))))
            .collect::<Vec<_>>()
    };
    let (before, after) = (bare(before), bare(after));
    let went = missing_from(&before, &after).cloned().collect();
    (went, missing_from(&after, &before).cloned().collect())
}

/// What a mirror, a fresh dump and `ip` say at one quiet moment, where they disagree.
///
/// # Panics
///
/// As [`check_fresh`].
#[must_use]
pub fn check(mirror: impl Fn() -> Arc<Snapshot>) -> Vec<String> {
    at_a_quiet_moment(|| {
        let mirrored = mirror();
        let fresh = read();
        move |ip: &Rows| {
            let mut found = differences(("mirror", &rows_of(&mirrored)), ("ip", ip));
            found.extend(compare_fresh(&fresh, ip));
            let unequal = unequal(&mirrored, &fresh);
            found.extend(unequal.iter().map(|change| format!("mirror to fresh dump: {change:?}")));
            found
        }
    })
}

/// What a fresh dump and `ip` say at one quiet moment, where they disagree.
///
/// # Panics
///
/// When the state cannot be read, or does not become quiet.
#[must_use]
pub fn check_fresh() -> Vec<String> {
    at_a_quiet_moment(|| {
        let fresh = read();
        move |ip: &Rows| compare_fresh(&fresh, ip)
    })
}

/// The kernel has timers of its own (the state of a link follows up to a second later), so a
/// moment counts as quiet when `ip` said the same before and after. Only then is compared.
fn at_a_quiet_moment<Compare: FnOnce(&Rows) -> Vec<String>>(look: impl Fn() -> Compare) -> Vec<String> {
    const ATTEMPTS: usize = 100;
    let mut before = rows_of_ip();
    for _ in 0..ATTEMPTS {
        let compare = look();
        let after = rows_of_ip();
        if before == after {
            return compare(&after);
        }
        before = after;
    }
    panic!("the kernel's state did not become quiet in {ATTEMPTS} attempts");
}

fn read() -> Snapshot {
    source::read(&Namespace::Own).expect("read the sandbox's namespace")
}

fn compare_fresh(fresh: &Snapshot, ip: &Rows) -> Vec<String> {
    let mut found = differences(("fresh dump", &rows_of(fresh)), ("ip", ip));
    found.extend(fresh.problems().iter().map(|problem| format!("problem in the fresh dump: {problem}")));
    found
}

/// What `diff` finds between a mirror and a fresh dump, apart from what only a mirror can know:
/// how often an index was used.
#[must_use]
pub fn unequal(mirror: &Snapshot, fresh: &Snapshot) -> Vec<Change> {
    let links: Vec<Link> = fresh
        .links()
        .iter()
        .map(|link| Link {
            generation: mirror.link(link.index).map_or(link.generation, |known| known.generation),
            ..link.clone()
        })
        .collect();
    diff(mirror, &fresh.to_builder().links(links).build())
}
