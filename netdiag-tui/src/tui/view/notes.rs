//! What the reader should know before trusting the lists.

use jiff::Timestamp;
use netdiag_core::error::chain;
use ratatui::style::Style;

use super::frame::{is_compact, text_width};
use super::text::wrap;
use crate::text::words::lack_in_words;
use crate::tui::app::App;
use crate::tui::words;

/// What the reader should know before trusting the lists, the gravest first. Said until Esc.
pub(crate) fn notes(app: &App) -> Vec<String> {
    let Some(data) = app.data() else { return Vec::new() };
    let mut notes = Vec::new();
    if let Some(error) = &app.ended {
        let cause = chain(&**error);
        let time: Timestamp = data.snapshot.taken_at();
        let time = words::clock(time, &app.zone);
        notes.push(format!("! Live updates stopped: {cause}. You see the state of {time}."));
    }
    if data.overruns > 0 {
        let times = if data.overruns == 1 { String::new() } else { format!(" ({} times)", data.overruns) };
        notes.push(format!(
            "! Changes came faster than we could read them{times}. The tables were read again and are right; single events may be missing."
        ));
    }
    let problems = data.snapshot.problems();
    if let Some(first) = problems.first() {
        notes.push(match problems.len() {
            1 => format!("! A problem while reading: {first}."),
            number => format!("! {number} problems while reading. {first}."),
        });
        notes.extend(problems.iter().skip(1).map(|problem| format!("! {problem}.")));
    }
    let missing = data.snapshot.capabilities().iter().filter(|(_, capability)| !capability.available);
    notes.extend(missing.filter_map(|(name, capability)| lack(name, capability.because.as_deref())));
    notes.dedup();
    notes.retain(|note| !app.notes_read.contains(note));
    notes
}

/// What this system does not offer, where the reader misses something by it.
fn lack(name: &str, because: Option<&str>) -> Option<String> {
    let what = lack_in_words(name)?;
    Some(because.map_or_else(|| format!("{what}."), |because| format!("{what}: {because}.")))
}

/// The notes in lines; on the last one there is room for how to hide them.
///
/// On a small screen only warnings are worth a line.
pub(crate) fn note_lines(app: &App) -> Vec<(String, Style)> {
    let width = text_width(app.size.0).saturating_sub(12);
    let notes = notes(app).into_iter().filter(|note| !is_compact(app) || is_warning(note));
    let lines = notes.flat_map(|note| {
        let style = if is_warning(&note) { app.theme.warning() } else { app.theme.dim() };
        wrap(&note, width).into_iter().map(move |line| (line, style))
    });
    lines.collect()
}

/// Whether a note casts doubt on what is shown.
pub(crate) fn is_warning(note: &str) -> bool {
    note.starts_with('!')
}
