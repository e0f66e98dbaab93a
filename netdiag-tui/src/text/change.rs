//! Changes as lines: a mark, what it is, which one, and for a change from what to what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};

use netdiag_core::diff::{self, field_in_words};
use netdiag_core::model::{NeighborState, escape};

use super::columns::{Align, Columns};
use super::describe::{describe, name};
use super::page::{Page, Paint, Span};
use super::thing::Thing;
use super::words;

/// A change, borrowed: what is shown of it depends on its kind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change<'a> {
    Added(Thing<'a>),
    Removed(Thing<'a>),
    /// `place` is its number, from 1, among the rows it competes with.
    Modified {
        before: Thing<'a>,
        after: Thing<'a>,
        fields: &'a [String],
        place: usize,
    },
}

impl<'a> From<&'a diff::Change> for Change<'a> {
    fn from(change: &'a diff::Change) -> Self {
        match change {
            diff::Change::Added { object, .. } => Self::Added(object.into()),
            diff::Change::Removed { object, .. } => Self::Removed(object.into()),
            diff::Change::Modified { before, after, fields, position } => {
                Self::Modified { before: before.into(), after: after.into(), fields, place: position + 1 }
            }
        }
    }
}

impl<'a> Change<'a> {
    /// `+`, `-` or `~`.
    pub(crate) const fn glyph(self) -> char {
        match self {
            Self::Added(_) => '+',
            Self::Removed(_) => '-',
            Self::Modified { .. } => '~',
        }
    }

    /// The paint that goes with the glyph.
    pub(crate) const fn paint(self) -> Paint {
        match self {
            Self::Added(_) => Paint::Added,
            Self::Removed(_) => Paint::Removed,
            Self::Modified { .. } => Paint::Changed,
        }
    }

    /// The thing after the change, or the one that is gone.
    pub(crate) const fn thing(self) -> Thing<'a> {
        match self {
            Self::Added(thing) | Self::Removed(thing) | Self::Modified { after: thing, .. } => thing,
        }
    }

    /// Which thing: for a changed one as it was before, then what became of it.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Added(thing) | Self::Removed(thing) => describe(thing),
            Self::Modified { before, .. } => format!("{}: {}", name(before), self.differences()),
        }
    }

    /// What became of a changed thing: `metric 100 -> 50`; nothing for one that came or went.
    pub(crate) fn differences(self) -> String {
        let Self::Modified { before, after, fields, place } = self else { return String::new() };
        let (old, new) = (before.to_json(), after.to_json());
        let mut parts = Vec::new();
        let mut said: &[&str] = &[];
        if let (Thing::Link(old), Thing::Link(new)) = (before, after) {
            let (old, new) = (words::link_state(old), words::link_state(new));
            if old != new {
                parts.push(format!("{old} -> {new}"));
                said = &STATE_FIELDS;
            }
        }
        for field in fields.iter().filter(|field| !said.contains(&field.as_str())) {
            parts.push(match field.as_str() {
                "position" => format!("now number {place} of those it competes with"),
                _ => field_in_words(field, old.get(field), new.get(field)),
            });
        }
        parts.join(", ")
    }
}

/// The fields of a link that its state in words stands for.
const STATE_FIELDS: [&str; 3] = ["state", "carrier", "flags"];

/// A line for people: one change, or several that are not worth a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Which change it stands for; of several the first.
    pub(crate) at: usize,
    pub(crate) glyph: char,
    pub(crate) paint: Paint,
    pub(crate) noun: &'static str,
    pub(crate) text: String,
}

/// The lines for some changes. Two kinds are told by their number where there are several of
/// them: switches of a link that came or went, and neighbours that traffic made known.
pub(crate) fn lines(changes: &[Change<'_>]) -> Vec<Line> {
    let links: BTreeSet<(char, &str)> = changes
        .iter()
        .filter_map(|change| match change.thing() {
            Thing::Link(link) => Some((change.glyph(), link.name.as_str())),
            _ => None,
        })
        .collect();
    let mut counts: BTreeMap<(char, Together<'_>), usize> = BTreeMap::new();
    for change in changes {
        if let Some(together) = together(*change, &links) {
            *counts.entry((change.glyph(), together)).or_default() += 1;
        }
    }
    let mut lines = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let together = together(*change, &links).map(|together| (change.glyph(), together));
        // The first of several takes the number with it; the others find none.
        let text = match together.and_then(|key| counts.insert(key, 0).zip(Some(key.1))) {
            Some((0, _)) => continue,
            Some((count @ 2.., what)) => format!("{count} {what} (--json lists them)"),
            Some((1, _)) | None => change.text(),
        };
        let (glyph, paint, noun) = (change.glyph(), change.paint(), change.thing().noun());
        lines.push(Line { at, glyph, paint, noun, text });
    }
    lines
}

/// What a change may be told together with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Together<'a> {
    /// The switches of a link that came or went in the same set of changes.
    SwitchesOf(&'a str),
    /// Neighbours that nobody set by hand.
    Learned,
}

impl fmt::Display for Together<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SwitchesOf(link) => write!(f, "switches of link {}", escape(link)),
            Self::Learned => f.write_str("entries that traffic made known"),
        }
    }
}

fn together<'a>(change: Change<'a>, links: &BTreeSet<(char, &'a str)>) -> Option<Together<'a>> {
    match (change, change.thing()) {
        (Change::Modified { .. }, _) => None,
        (_, Thing::Sysctl(sysctl)) => {
            // net.ipv4.conf.LINK.SWITCH; a link's name may itself hold a dot.
            let (_, rest) = sysctl.name.split_once(".conf.")?;
            let (link, _) = rest.rsplit_once('.')?;
            links.get(&(change.glyph(), link)).map(|(_, link)| Together::SwitchesOf(link))
        }
        (_, Thing::Neighbor(neighbor)) if neighbor.state != NeighborState::PERMANENT => {
            Some(Together::Learned)
        }
        _ => None,
    }
}

/// Writes changes.
pub(crate) fn changes(page: Page, changes: &[Change<'_>], out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<[Span; 3]> = lines(changes)
        .into_iter()
        .map(|line| {
            let glyph = Span::new(line.glyph.to_string(), line.paint);
            [glyph, Span::new(line.noun, line.paint), line.text.into()]
        })
        .collect();
    let mut columns = Columns::new(page, 0, &[("", Align::Left); 3]);
    rows.iter().for_each(|row| columns.measure(row));
    columns.fit();
    rows.iter().try_for_each(|row| columns.row(out, row))
}
