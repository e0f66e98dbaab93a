//! The last line of the screen.

use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::frame::Plan;
use super::text::Line;
use crate::tui::app::{App, Mode, Screen, Source};
use crate::tui::keys::{self, Context};

/// The last line: filter input, the answer to the last key, or hints from the key table.
pub(crate) fn draw(buffer: &mut Buffer, app: &App, plan: &Plan) {
    let Some(y) = plan.hints else { return };
    let theme = app.theme;
    let mut line = Line::new(buffer, y, theme.glyphs.more);
    line.skip(1);
    if let Mode::FilterLine { input, error, .. } = &app.mode {
        let room = line.left().saturating_sub(3);
        let scroll = input.visual_scroll(room);
        line.put("/", theme.strong());
        let (before, after) = split_at_cells(input.value(), input.visual_cursor());
        let before = skip_cells(before, scroll);
        let mut letters = after.chars();
        let under = letters.next().map_or_else(|| " ".to_owned(), String::from);
        line.put(before, Style::new()).put(&under, theme.cursor()).put(letters.as_str(), Style::new());
        match error {
            Some(_) if plan.compact => {}
            Some(error) => drop(line.skip(3).put(&format!("! {error}"), theme.warning())),
            None if app.is_working => {
                line.put_right(&working(app), theme.strong());
            }
            None if app.waits_for_enter(input.value()) => {
                line.put_right(&format!("Enter looks through {} routes", app.routes.total()), theme.strong());
            }
            None => {
                let hints: Vec<String> = keys::bindings(Context::FilterLine)
                    .filter(|binding| !binding.hint.is_empty())
                    .map(|binding| format!("{} {}", binding.key_names(), binding.hint))
                    .collect();
                line.skip(2);
                line.put_right(&hints.join("  "), theme.dim());
            }
        }
        return;
    }
    if app.is_working {
        line.put(&working(app), theme.strong());
        return;
    }
    if let Some(answer) = &app.answer {
        line.put(answer, theme.strong());
        return;
    }
    let stored = matches!(app.source, Source::Stored(_));
    let hints = keys::bindings(Context::On(app.screen)).filter(|binding| !binding.hint.is_empty());
    let hint = |binding: &keys::Binding| {
        let key = binding.keys.first().map(|key| key.name()).unwrap_or_default();
        format!("{key} {}", binding.hint)
    };
    let (last, rest): (Vec<_>, Vec<_>) = hints
        .filter(|binding| !stored || !keys::needs_live(binding.action))
        .partition(|binding| matches!(binding.action, keys::Action::Help | keys::Action::Quit));
    let last: Vec<String> = last.into_iter().map(hint).collect();
    line.put_right(&last.join("  "), theme.dim());
    // Where the header has no room for the other screens, they are named here.
    let screens = plan.compact.then(|| format!("1-{} screens", Screen::ALL.len()));
    for text in screens.into_iter().chain(rest.into_iter().map(hint)) {
        if text.len() + 2 > line.left() {
            break;
        }
        line.put(&text, theme.dim()).skip(2);
    }
}

fn working(app: &App) -> String {
    format!("Looking through {} routes ...", app.routes.total())
}

fn split_at_cells(text: &str, cells: usize) -> (&str, &str) {
    let rest = skip_cells(text, cells);
    (text.strip_suffix(rest).unwrap_or(text), rest)
}

fn skip_cells(text: &str, cells: usize) -> &str {
    use unicode_width::UnicodeWidthChar;
    let mut used = 0;
    for (at, letter) in text.char_indices() {
        if used >= cells {
            return text.get(at..).unwrap_or_default();
        }
        used += letter.width().unwrap_or(0);
    }
    ""
}
