//! What is around the list: header, first sentence, notes, hints.

use netdiag_core::error::chain;
use netdiag_core::model::NeighborState;
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::notes::{is_warning, note_lines, notes};
use super::text::{Line, wrap};
use crate::text::posture;
use crate::text::words::count;
use crate::tui::app::{App, Data, Mode, Screen, Source};
use crate::tui::marks::Counts;
use crate::tui::{rows, words};

/// Which line holds what, for one size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// A narrow or low terminal: everything is shortened.
    pub(crate) compact: bool,
    /// First line and number of lines of the first sentence.
    pub(crate) posture: (u16, u16),
    pub(crate) notes: (u16, u16),
    pub(crate) status: Option<u16>,
    pub(crate) titles: Option<u16>,
    pub(crate) list: (u16, u16),
    pub(crate) detail: Option<(u16, u16)>,
    pub(crate) events: Option<(u16, u16)>,
    pub(crate) hints: Option<u16>,
}

impl Plan {
    /// The plan for the size of the terminal.
    pub(crate) fn new(app: &App) -> Self {
        let (width, height) = app.size;
        let compact = is_compact(app);
        let mut plan = Self { compact, ..Self::default() };
        let mut top = 1;
        let mut take = |wanted: u16, keep: u16| {
            let lines = wanted.min(height.saturating_sub(top + keep));
            top += lines;
            (top - lines, lines)
        };
        let sentence = u16::try_from(wrap(&first_sentence(app), text_width(width)).len()).unwrap_or(1);
        let most = match height {
            0..9 => 1,
            9..24 => 2,
            _ => 3,
        };
        plan.posture = take(sentence.min(most), 4);
        let notes = u16::try_from(note_lines(app).len()).unwrap_or(u16::MAX);
        plan.notes = take(notes.min(if compact { 1 } else { 4 }), 5);
        if !compact {
            plan.status = Some(take(1, 3).0);
            plan.titles = Some(take(1, 3).0);
        }
        let mut bottom = height;
        let mut hold = |lines: u16| {
            bottom = bottom.saturating_sub(lines);
            (bottom, lines)
        };
        if height >= 6 || matches!(app.mode, Mode::FilterLine { .. }) {
            plan.hints = Some(hold(1).0);
        }
        let rest = bottom_rest(height, top, 1);
        let is_live = matches!(app.source, Source::Live);
        if !compact && is_live && app.screen == Screen::Routes && height >= 32 {
            plan.events = Some(hold(5));
        }
        if compact && rest >= 5 {
            plan.detail = Some(hold(1));
        } else if !compact && rest >= 10 {
            plan.detail = Some(hold((rest / 3).clamp(5, 10)));
        }
        plan.list = (top, bottom.saturating_sub(top));
        plan
    }
}

fn bottom_rest(height: u16, top: u16, hints: u16) -> u16 {
    height.saturating_sub(top + hints)
}

pub(crate) fn text_width(width: u16) -> usize {
    usize::from(width.saturating_sub(2))
}

pub(crate) fn is_compact(app: &App) -> bool {
    app.size.0 < 60 || app.size.1 < 16
}

fn first_sentence(app: &App) -> String {
    app.data().map_or_else(String::new, |data| format!("{}.", posture(&data.snapshot)))
}

/// Before the first state is there.
pub(crate) fn reading(buffer: &mut Buffer, app: &App) {
    let more = app.theme.glyphs.more;
    Line::new(buffer, 0, more).skip(1).put("netdiag", app.theme.strong());
    let text = match &app.ended {
        Some(error) => format!("! {}", chain(&**error)),
        None => "Reading links, addresses, routes and rules from the kernel ...".into(),
    };
    for (y, line) in (2..).zip(wrap(&text, text_width(app.size.0))) {
        Line::new(buffer, y, more).skip(1).put(&line, Style::new());
    }
    Line::new(buffer, app.size.1.saturating_sub(1), more).skip(1).put("q quit", app.theme.dim());
}

/// The first line: screens, and where the state comes from.
pub(crate) fn header(buffer: &mut Buffer, app: &App) {
    let Some(data) = app.data() else { return };
    let theme = app.theme;
    let compact = Plan::new(app).compact;
    let mut line = Line::new(buffer, 0, theme.glyphs.more);
    line.skip(1);
    let host = &data.snapshot.host();
    let (mode, short_mode, needs_care) = liveness(app);
    if compact {
        let mode_style = if needs_care { theme.warning() } else { theme.dim() };
        line.put_right(short_mode, mode_style);
        let gone = if app.is_filtered() || app.only_changes { 0 } else { gone_rows(app) };
        let rows = app.row_count().saturating_sub(gone);
        line.put(app.screen.name(), theme.strong()).skip(1).put(&rows.to_string(), Style::new());
        if let Some(marks) = app.marks() {
            line.skip(2);
            put_counts(&mut line, app, marks.counts(app.screen), true);
        }
        let notes = notes(app).iter().filter(|note| is_warning(note)).count();
        if notes > 0 {
            line.skip(2).put(&format!("!{notes}"), theme.warning());
        }
        return;
    }
    let names: usize = Screen::ALL.iter().map(|screen| screen.name().len() + 5).sum();
    let wide = line.left() >= names + 55;
    // From the least to the most important, so that the rest gives way on a narrow line.
    let mut right: Vec<String> = Vec::new();
    right.push(mode);
    if let (Source::Live, Some(time)) = (&app.source, data.last_change) {
        right.push(format!("changed {}", words::clock(time, &app.zone)));
    }
    right.push(host.name.clone());
    if let Some(namespace) = &host.namespace {
        right.push(format!("netns {namespace}"));
    }
    if wide {
        line.put("netdiag", theme.strong()).skip(2);
    }
    for (number, screen) in (1..).zip(Screen::ALL) {
        let label = format!("{number} {}", screen.name());
        if screen == app.screen {
            line.put(&format!("[{label}]"), theme.strong());
        } else {
            line.put(&label, Style::new());
        }
        line.skip(if wide { 2 } else { 1 });
    }
    while !right.is_empty() {
        let style = if needs_care { theme.warning() } else { Style::new() };
        if line.put_right(&right.join("  "), style) {
            break;
        }
        right.pop();
        if right.is_empty() {
            line.put_right(short_mode, style);
        }
    }
}

/// How many rows of the list are of things that are not there any more.
fn gone_rows(app: &App) -> usize {
    let Some(marks) = app.marks().filter(|_| app.screen != Screen::Events) else { return 0 };
    let counts = marks.counts(app.screen);
    counts.removed + counts.came_and_went
}

/// `live`, `FROZEN …`, `stored state …`, the same in one word, and whether it asks for attention.
fn liveness(app: &App) -> (String, &'static str, bool) {
    match (&app.source, app.frozen(), &app.ended) {
        (Source::Stored(_), ..) => ("stored state".into(), "stored", false),
        (_, Some((since, new)), _) => {
            let since = words::clock(since, &app.zone);
            (format!("FROZEN {since}  live: {new} new"), "FROZEN", true)
        }
        (_, _, Some(_)) => ("STOPPED".into(), "STOPPED", true),
        _ => ("live".into(), "live", false),
    }
}

/// Sentence, notes, status line.
pub(crate) fn above_list(buffer: &mut Buffer, app: &App, plan: &Plan) {
    let Some(data) = app.data() else { return };
    let (theme, more) = (app.theme, app.theme.glyphs.more);
    let (y, height) = plan.posture;
    let sentence = wrap(&first_sentence(app), text_width(app.size.0));
    if height == 1 {
        Line::new(buffer, y, more).skip(1).put(&first_sentence(app), theme.strong());
    } else {
        let last = y + height - 1;
        for (y, text) in (y..=last).zip(&sentence) {
            let mut line = Line::new(buffer, y, more);
            line.skip(1).put(text, theme.strong());
            if y == last && sentence.len() > usize::from(height) {
                line.skip(1).put(&more.to_string(), theme.strong());
            }
        }
    }
    let notes = note_lines(app);
    let (y, height) = plan.notes;
    for (number, (y, (note, style))) in (1..).zip((y..y + height).zip(&notes)) {
        let mut line = Line::new(buffer, y, more);
        line.skip(1);
        if number == usize::from(height) && !plan.compact {
            let hidden = notes.len() > number;
            let hint = if app.is_filtered() || app.only_changes { "" } else { "Esc hides" };
            let more = if hidden { "(more) " } else { "" };
            line.put_right(format!("{more}{hint}").trim_end(), theme.dim());
        }
        line.put(note, *style);
    }
    if let Some(y) = plan.status {
        status(buffer, app, data, y);
    }
}

fn status(buffer: &mut Buffer, app: &App, data: &Data, y: u16) {
    let theme = app.theme;
    let mut line = Line::new(buffer, y, theme.glyphs.more);
    line.skip(1);
    let mut right = Vec::new();
    if app.is_filtered() {
        right.push(format!("filter: {}", app.filter_text));
    }
    if app.only_changes && app.diff {
        right.push("only changes".into());
    }
    if app.screen == Screen::Routes && (app.sort != rows::Sort::Table || app.reverse) {
        let reverse = if app.reverse { ", reversed" } else { "" };
        right.push(format!("sort: {}{reverse}", app.sort.name()));
    }
    line.put_right(&right.join("  "), theme.strong());
    line.put(&size_of_screen(app, data), Style::new());
    line.skip(3);
    if let Source::Stored(name) = &app.source {
        let time = words::date(data.snapshot.taken_at(), &app.zone);
        let host = &data.snapshot.host().name;
        line.put(&format!("stored state of {host}, taken {time} ({name})"), Style::new());
        return;
    }
    let Some(marks) = app.marks() else {
        line.put("differences are not shown (d)", theme.dim());
        return;
    };
    let name = if data.baseline.is_set { "baseline" } else { "start" };
    let time = words::clock(data.baseline.snapshot.taken_at(), &app.zone);
    line.put(&format!("since {name} {time}: "), Style::new());
    if app.screen != Screen::Events {
        put_counts(&mut line, app, marks.counts(app.screen), false);
        return;
    }
    let all = Screen::ALL.map(|screen| marks.counts(screen));
    let sum = |part: fn(&Counts) -> usize| all.iter().map(part).sum();
    let total = Counts {
        added: sum(|counts| counts.added),
        removed: sum(|counts| counts.removed),
        changed: sum(|counts| counts.changed),
        came_and_went: sum(|counts| counts.came_and_went),
    };
    put_counts(&mut line, app, total, false);
}

/// What the list of a screen holds, without filter and marks.
fn size_of_screen(app: &App, data: &Data) -> String {
    let snapshot = &data.snapshot;
    match app.screen {
        Screen::Routes => {
            let tables = snapshot.routes().tables().iter().map(|table| table.id());
            let tables: std::collections::BTreeSet<_> = tables.collect();
            let routes = count(snapshot.routes().len(), "route", "routes");
            if app.is_filtered() || (app.only_changes && app.diff) {
                return format!("{} shown of {routes}", app.routes.len());
            }
            format!("{routes} in {}", count(tables.len(), "table", "tables"))
        }
        Screen::Links => {
            let up = snapshot.links().iter().filter(|link| crate::text::words::link_state(link) == "up");
            let links = count(snapshot.links().len(), "link", "links");
            let addresses = count(snapshot.addresses().len(), "address", "addresses");
            format!("{links}, {} up; {addresses}", up.count())
        }
        Screen::Rules => count(snapshot.rules().len(), "rule", "rules"),
        Screen::Other => {
            let servers = snapshot.resolver().resolv_conf.iter().flat_map(|file| &file.nameservers).count();
            let neighbors = snapshot.neighbors().iter();
            let neighbors = neighbors.filter(|one| one.state != NeighborState::NO_ARP).count();
            let servers = count(servers, "DNS server", "DNS servers");
            format!("{servers}, {}", count(neighbors, "neighbour", "neighbours"))
        }
        Screen::Events => {
            let events = data.journal.len();
            match (events, data.journal.forgotten()) {
                (0, _) => String::new(),
                (events, 0) => format!("{}, newest first", count(events, "event", "events")),
                (events, forgotten) => {
                    format!("{events} events, newest first; {forgotten} older ones were forgotten")
                }
            }
        }
    }
}

fn put_counts(line: &mut Line<'_>, app: &App, counts: Counts, short: bool) {
    use crate::tui::theme::Mark;
    if counts.is_zero() {
        line.put(if short { "" } else { "no difference" }, app.theme.dim());
        return;
    }
    let style = |number: usize, mark: Mark| if number == 0 { app.theme.dim() } else { app.theme.mark(mark) };
    line.put(&format!("+{} ", counts.added), style(counts.added, Mark::Added));
    line.put(&format!("-{} ", counts.removed), style(counts.removed, Mark::Removed));
    line.put(&format!("~{}", counts.changed), style(counts.changed, Mark::Changed));
    if counts.came_and_went > 0 {
        let (gap, words) = if short { (" ", "") } else { ("  ", " came and went") };
        line.put(&format!("{gap}x{}{words}", counts.came_and_went), app.theme.mark(Mark::CameAndWent));
    }
}

/// Why the list has no rows.
pub(crate) fn empty(buffer: &mut Buffer, app: &App, plan: &Plan) {
    let text = match (app.is_filtered(), app.only_changes && app.diff, app.screen) {
        (true, _, screen) => {
            let what = match screen {
                Screen::Routes => "No route",
                Screen::Links => "No link and no address",
                Screen::Rules => "No rule",
                Screen::Events => "No event",
                Screen::Other => "Nothing here",
            };
            let hidden = match (screen, app.routes.hidden) {
                (Screen::Routes, hidden) if hidden > 0 => format!(" {hidden} hidden."),
                _ => String::new(),
            };
            format!("{what} matches \"{}\".{hidden} Esc clears the filter.", app.filter_text)
        }
        (_, true, Screen::Routes | Screen::Links | Screen::Rules | Screen::Other) => {
            "Nothing differs from the baseline. o shows all rows again.".into()
        }
        (.., Screen::Events) if matches!(app.source, Source::Stored(_)) => {
            "A stored state has no events.".into()
        }
        (.., Screen::Events) => {
            "Nothing has changed since netdiag started. Connect or disconnect something: it shows here."
                .into()
        }
        (.., Screen::Routes) => "This host has no routes.".to_owned(),
        (.., Screen::Links) => "This host has no links.".to_owned(),
        (.., Screen::Other) => "Nothing is known about the resolver of this host.".to_owned(),
        (.., Screen::Rules) => "This host has no rules: every packet is unroutable.".to_owned(),
    };
    let (top, height) = plan.list;
    let indent = if plan.compact { 1 } else { 4 };
    let width = text_width(app.size.0).saturating_sub(indent);
    let start = if height > 3 { top + 1 } else { top };
    for (y, line) in (start..top + height).zip(wrap(&text, width)) {
        Line::new(buffer, y, app.theme.glyphs.more).skip(indent).put(&line, Style::new());
    }
}

/// A titled rule over the whole width.
pub(crate) fn rule(buffer: &mut Buffer, app: &App, y: u16, title: &str, hint: &str) {
    let theme = app.theme;
    let mut line = Line::new(buffer, y, theme.glyphs.more);
    let dashes: String = std::iter::repeat_n(theme.glyphs.rule, 2).collect();
    line.put(&format!("{dashes} "), theme.dim()).put(title, theme.strong()).put(" ", theme.dim());
    let hint_width = hint.len() + 4;
    if !hint.is_empty() && line.left() > hint_width + 4 {
        let fill = line.left() - hint_width;
        line.cell(&std::iter::repeat_n(theme.glyphs.rule, fill).collect::<String>(), fill, theme.dim());
        line.put(&format!(" {hint} "), theme.dim());
    }
    line.fill(theme.glyphs.rule, theme.dim());
}
