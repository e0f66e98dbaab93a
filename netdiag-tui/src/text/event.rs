//! Events of a watch: a line each, a blank line between bursts.

use std::collections::BTreeSet;
use std::io::{self, Write};

use jiff::tz::TimeZone;
use netdiag_core::Snapshot;
use netdiag_core::diff::Object;
use netdiag_core::history::{Burst, Cause, Event, Origin};

use super::change::{Change, lines};
use super::columns::{Align, Columns};
use super::describe::describe;
use super::page::{Page, Paint, Span};
use super::{posture, words};

/// Writes that the first state is complete, and what it holds.
pub(crate) fn start(page: Page, snapshot: &Snapshot, zone: &TimeZone, out: &mut dyn Write) -> io::Result<()> {
    let counts = [
        (snapshot.links().len(), "link", "links"),
        (snapshot.addresses().len(), "address", "addresses"),
        (snapshot.routes().len(), "route", "routes"),
        (snapshot.rules().len(), "rule", "rules"),
        (snapshot.neighbors().len(), "neighbour", "neighbours"),
    ]
    .map(|(number, one, many)| words::count(number, one, many));
    let time = snapshot.taken_at().to_zoned(zone.clone()).strftime("%T%.3f").to_string();
    page.sentence(out, &format!("{time}  watching from here: {}", counts.join(", ")), Paint::Strong, 14)?;
    page.sentence(out, &format!("{:14}{}", "", posture(snapshot)), Paint::Plain, 14)
}

/// Writes the events of a burst.
pub(crate) fn burst(page: Page, burst: &Burst, zone: &TimeZone, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    let changes: Vec<Change<'_>> = burst.events.iter().map(|event| (&event.change).into()).collect();
    let remarks = passing(&burst.events, &changes);
    let rows: Vec<[Span; 4]> = lines(&changes)
        .into_iter()
        .filter_map(|line| {
            let event = burst.events.get(line.at)?;
            let time = event.time.to_zoned(zone.clone()).strftime("%T%.3f").to_string();
            let remarks: Vec<String> =
                how(event).into_iter().chain(remarks.get(line.at).cloned().flatten()).collect();
            let text = match remarks.as_slice() {
                [] => line.text,
                remarks => format!("{} [{}]", line.text, remarks.join("; ")),
            };
            let glyph = Span::new(line.glyph.to_string(), line.paint);
            Some([Span::new(time, Paint::Dim), glyph, Span::new(line.noun, line.paint), text.into()])
        })
        .collect();
    let mut columns = Columns::new(page, 0, &[("", Align::Left); 4]);
    rows.iter().for_each(|row| columns.measure(row));
    columns.fit();
    rows.iter().try_for_each(|row| columns.row(out, row))
}

/// For what came and went, or went and came back, within a burst: that it is undone below.
fn passing(events: &[Event], changes: &[Change<'_>]) -> Vec<Option<String>> {
    let mut open = BTreeSet::new();
    let remark = |(event, change): (&Event, &Change<'_>)| {
        if !event.passing {
            return None;
        }
        let key = (change.thing().noun(), describe(change.thing()));
        if open.remove(&key) {
            return None;
        }
        open.insert(key);
        let is_added = matches!(change, Change::Added(_));
        Some(if is_added { "gone again below".to_owned() } else { "back again below".to_owned() })
    };
    events.iter().zip(changes).map(remark).collect()
}

/// How a change became known when the kernel did not simply say it, and who asked for it.
pub(crate) fn how(event: &Event) -> Option<String> {
    let mut parts = Vec::new();
    // Files and switches are never announced.
    let is_silent = matches!(event.change.object(), Object::Resolver(_) | Object::Sysctl(_));
    let silence = if is_silent { "" } else { "; the kernel sent no message" };
    match (event.origin, &event.because) {
        (Origin::Announced, None) => {}
        (Origin::Announced, Some(cause)) => parts.push(cause.to_string()),
        (Origin::Inferred, None) => parts.push(format!("{}{silence}", Cause::Unexplained)),
        (Origin::Inferred, Some(cause)) => parts.push(format!("{cause}{silence}")),
        (Origin::Resynced, Some(Cause::Unexplained) | None) => {
            parts.push("found by reading everything again after lost messages".into());
        }
        (Origin::Resynced, Some(cause)) => {
            parts.push(format!("{cause}; found by reading everything again after lost messages"));
        }
    }
    if let Some(process) = &event.by {
        parts.push(format!("by {process}"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
