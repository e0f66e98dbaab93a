//! The one function that changes the state. Pure: a message in, effects out.

use std::sync::Arc;

use netdiag_core::history::Burst;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

use super::app::{App, Baseline, Data, Effect, Mode, Msg, Screen, Source};
use super::keys::{self, Action, Context};
use super::rows::{LinkRow, LinkThing};
use super::view;
use crate::filter::Filter;

/// Changes the state as a message asks.
pub(crate) fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => return on_key(app, key),
        Msg::Resized(width, height) => app.size = (width, height),
        Msg::Ready(snapshot) => {
            app.live = Some(Data::new(snapshot));
            app.is_stale = true;
        }
        Msg::Burst(burst) => on_burst(app, burst),
        Msg::Ended(error) => app.ended = Some(error),
        Msg::ReRead(Ok(())) => app.answer = Some("Everything was read again.".into()),
        Msg::ReRead(Err(cause)) => app.answer = Some(format!("! {cause}")),
        Msg::Due => {}
        Msg::SuspendAsked => return vec![Effect::Suspend],
        Msg::QuitAsked => return vec![Effect::Quit],
        Msg::Panicked => return vec![Effect::Abort],
    }
    Vec::new()
}

fn on_burst(app: &mut App, burst: Burst) {
    let Some(live) = &mut app.live else { return };
    live.snapshot = burst.snapshot;
    live.overruns = burst.overruns;
    live.last_change = burst.events.last().map(|event| event.time).or(live.last_change);
    let new = burst.events.len();
    live.journal.extend(burst.events);
    live.is_uncompared = true;
    if app.frozen.is_some() {
        return;
    }
    app.is_stale = true;
    // New events come in at the top: whoever reads further down stays where they are.
    let events = &mut app.cursors[Screen::Events as usize];
    if events.selected > 0 && app.filter.is_none() {
        events.selected += new;
        events.offset += new;
    }
}

fn on_key(app: &mut App, key: KeyEvent) -> Vec<Effect> {
    app.answer = None;
    if matches!(app.mode, Mode::FilterLine { .. }) {
        return match keys::action(Context::FilterLine, key) {
            Some(action) => act(app, action),
            None => {
                edit_filter(app, key);
                Vec::new()
            }
        };
    }
    match keys::action(Context::On(app.screen), key) {
        Some(action) => act(app, action),
        None => Vec::new(),
    }
}

fn act(app: &mut App, action: Action) -> Vec<Effect> {
    if scroll(app, action) {
        return Vec::new();
    }
    match action {
        Action::Quit => return vec![Effect::Quit],
        Action::Suspend => return vec![Effect::Suspend],
        Action::ReRead => return reread(app),
        Action::Copy => {
            if let Some(text) = app.selected_text() {
                app.answer = Some(format!("Copied: {text}"));
                return vec![Effect::Copy(text)];
            }
        }
        Action::Show(screen) => show(app, screen),
        Action::NextScreen => show(app, app.screen.step(1)),
        Action::PreviousScreen => show(app, app.screen.step(Screen::ALL.len() - 1)),
        Action::Help => {
            app.mode = match app.mode {
                Mode::Help { .. } => Mode::Lists,
                _ => Mode::Help { scroll: 0 },
            }
        }
        Action::Open => {
            app.mode = match app.mode {
                Mode::Lists if app.row_count() > 0 => Mode::Detail { scroll: 0 },
                _ => Mode::Lists,
            }
        }
        Action::Back => back(app),
        Action::Filter => {
            let before = (app.filter_text.clone(), app.filter.clone());
            let input = Input::new(app.filter_text.clone());
            app.mode = Mode::FilterLine { input, before, error: None };
        }
        Action::AcceptFilter => {
            if let Mode::FilterLine { input, .. } = std::mem::replace(&mut app.mode, Mode::Lists)
                && let Ok(filter) = input.value().parse()
            {
                apply_filter(app, input.value(), filter);
            }
        }
        Action::CancelFilter => {
            if let Mode::FilterLine { before, .. } = std::mem::replace(&mut app.mode, Mode::Lists) {
                (app.filter_text, app.filter) = before;
                app.is_stale = true;
            }
        }
        Action::SortBy => {
            app.sort = app.sort.next();
            app.is_stale = true;
        }
        Action::SortReverse => {
            app.reverse = !app.reverse;
            app.is_stale = true;
        }
        Action::Fold | Action::Unfold | Action::UnfoldAll => fold(app, action),
        Action::Baseline => set_baseline(app),
        Action::DiffMode => {
            app.diff = !app.diff;
            app.is_stale = true;
        }
        Action::OnlyChanges => {
            app.only_changes = !app.only_changes;
            app.diff |= app.only_changes;
            app.is_stale = true;
        }
        Action::Freeze => freeze(app),
        Action::Down
        | Action::Up
        | Action::PageDown
        | Action::PageUp
        | Action::HalfDown
        | Action::HalfUp
        | Action::First
        | Action::Last => {}
    }
    Vec::new()
}

fn show(app: &mut App, screen: Screen) {
    app.screen = screen;
    app.mode = Mode::Lists;
}

/// Moves the cursor of the list, or the text of help and detail; whether the action was a move.
fn scroll(app: &mut App, action: Action) -> bool {
    let page = view::list_height(app).max(1);
    let last = app.row_count().saturating_sub(1);
    let at = match &mut app.mode {
        Mode::Help { scroll } | Mode::Detail { scroll } => scroll,
        _ => &mut app.cursors[app.screen as usize].selected,
    };
    *at = match action {
        Action::Down => at.saturating_add(1),
        Action::Up => at.saturating_sub(1),
        Action::PageDown => at.saturating_add(page),
        Action::PageUp => at.saturating_sub(page),
        Action::HalfDown => at.saturating_add(page.div_ceil(2)),
        Action::HalfUp => at.saturating_sub(page.div_ceil(2)),
        Action::First => 0,
        Action::Last => last,
        _ => return false,
    };
    match app.mode {
        Mode::Help { .. } | Mode::Detail { .. } => {
            let limit = view::scroll_limit(app);
            if let Mode::Help { scroll } | Mode::Detail { scroll } = &mut app.mode {
                *scroll = (*scroll).min(limit);
            }
        }
        _ => {
            let cursor = app.cursor_mut();
            cursor.selected = cursor.selected.min(last);
        }
    }
    true
}

/// Esc: one step back, the innermost first.
fn back(app: &mut App) {
    if !matches!(app.mode, Mode::Lists) {
        app.mode = Mode::Lists;
    } else if app.filter.is_some() || app.only_changes {
        app.filter = None;
        app.filter_text.clear();
        app.only_changes = false;
        app.is_stale = true;
    } else {
        let unread = view::notes(app);
        app.notes_read.extend(unread);
    }
}

fn edit_filter(app: &mut App, key: KeyEvent) {
    let Mode::FilterLine { input, error, .. } = &mut app.mode else { return };
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let request = match key.code {
        KeyCode::Char('a') if ctrl => InputRequest::GoToStart,
        KeyCode::Char('e') if ctrl => InputRequest::GoToEnd,
        KeyCode::Char('u') if ctrl => InputRequest::DeleteLine,
        KeyCode::Char('w') if ctrl => InputRequest::DeletePrevWord,
        KeyCode::Char('k') if ctrl => InputRequest::DeleteTillEnd,
        KeyCode::Char(letter) if !ctrl && !letter.is_control() => InputRequest::InsertChar(letter),
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return,
    };
    input.handle(request);
    match input.value().parse::<Filter>() {
        Ok(filter) => {
            *error = None;
            let text = input.value().to_owned();
            if !app.waits_for_enter(&text) {
                apply_filter(app, &text, filter);
            }
        }
        // The last good filter stays.
        Err(cause) => *error = Some(cause.to_string()),
    }
}

fn apply_filter(app: &mut App, text: &str, filter: Filter) {
    app.filter = (!text.trim().is_empty()).then_some(filter);
    app.filter_text = text.to_owned();
    app.is_stale = true;
}

fn fold(app: &mut App, action: Action) {
    let Some(data) = app.data() else { return };
    let at = app.cursor().selected;
    let index =
        app.links.get(at).and_then(|row| row.thing(&data.snapshot, app.marks())).map(|thing| match thing {
            LinkThing::Link(link) => link.index,
            LinkThing::GoneLink(gone) => gone.row.index,
            LinkThing::Address(address) => address.link_index,
            LinkThing::GoneAddress(gone) => gone.row.link_index,
        });
    match (action, index) {
        (Action::UnfoldAll, _) => app.folded.clear(),
        (Action::Fold, Some(index)) => {
            app.folded.insert(index);
            // The cursor goes to the link whose addresses disappear.
            let rows = app.links.get(..=at).unwrap_or_default();
            let back =
                rows.iter().rev().take_while(|row| !matches!(row, LinkRow::Link(_) | LinkRow::GoneLink(_)));
            let back = back.count();
            app.cursor_mut().selected = at.saturating_sub(back);
        }
        (_, Some(index)) => drop(app.folded.remove(&index)),
        (_, None) => {}
    }
    app.is_stale = true;
}

fn set_baseline(app: &mut App) {
    let Some(data) = app.data() else { return };
    let baseline = Baseline {
        snapshot: Arc::clone(&data.snapshot),
        sequence: data.journal.last_sequence(),
        is_set: true,
    };
    let frozen = app.frozen.as_mut().map(|(_, data)| &mut **data);
    for data in frozen.into_iter().chain(&mut app.live) {
        data.baseline = baseline.clone();
        data.compare();
    }
    app.diff = true;
    app.is_stale = true;
    app.answer = Some("Baseline set: from now on the marks show what changes against this.".into());
}

fn freeze(app: &mut App) {
    app.frozen = match (app.frozen.take(), &app.live, &app.source) {
        (None, Some(live), Source::Live) => {
            let mut frozen = live.clone();
            frozen.compare();
            Some((app.now, Box::new(frozen)))
        }
        _ => None,
    };
    app.is_stale = true;
}

fn reread(app: &mut App) -> Vec<Effect> {
    app.answer = Some(match (&app.source, &app.ended) {
        (Source::Stored(_), _) => "A stored state does not change: there is nothing to read again.".into(),
        (_, Some(_)) => "! Watching has ended, so nothing can be read again.".into(),
        _ => {
            app.answer = Some("Reading again ...".into());
            return vec![Effect::ReRead];
        }
    });
    Vec::new()
}
