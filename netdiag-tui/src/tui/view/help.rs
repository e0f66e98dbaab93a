//! The help of a screen, made from the key table.

use ratatui::style::Style;

use super::text::wrap;
use crate::tui::app::{App, Screen, Source};
use crate::tui::keys::{self, Context};

/// All lines.
pub(crate) fn lines(app: &App) -> Vec<(String, Style)> {
    let width = usize::from(app.size.0.saturating_sub(2));
    let strong = app.theme.strong();
    let mut lines = vec![(format!("Keys of {}", app.screen.name()), strong)];
    let stored = matches!(app.source, Source::Stored(_));
    let hint = |binding: &&keys::Binding| !stored || !keys::needs_live(binding.action);
    let bindings: Vec<_> = keys::bindings(Context::On(app.screen)).filter(hint).collect();
    let key_width = bindings.iter().map(|binding| binding.key_names().len()).max().unwrap_or(0) + 2;
    for binding in bindings {
        let help = wrap(binding.help, width.saturating_sub(key_width + 2));
        for (number, text) in help.iter().enumerate() {
            let keys = if number == 0 { binding.key_names() } else { String::new() };
            lines.push((format!("  {keys:<key_width$}{text}"), Style::new()));
        }
    }
    let mut say = |title: &str, text: &str| {
        lines.push((String::new(), Style::new()));
        lines.push((title.to_owned(), strong));
        lines.extend(
            wrap(text, width.saturating_sub(2)).into_iter().map(|line| (format!("  {line}"), Style::new())),
        );
    };
    say(
        "Marks",
        "+ not in the baseline   - in the baseline, gone now   ~ other values   x came and went in between. Until b sets a baseline, the state at the start is the baseline.",
    );
    say(
        "Filter",
        "Words that must all occur, !word must not; or a key and a value: dev:tun*  in:10.0.0.0/8  has:192.0.2.80  table:main  !proto:kernel  metric:>100  family:6  role:default  chg:+  age:<5m. Enter keeps it, Esc brings back the one before.",
    );
    if app.screen == Screen::Routes {
        say(
            "Changed",
            "The time of the last change that netdiag saw itself; empty = as it was at the start.",
        );
    }
    say(
        "How a change became known",
        "Announced: the kernel sent a message. Found by reading again: the kernel said nothing; Linux removes IPv4 routes that way when their link or address goes. Found after lost messages: changes came too fast, and everything was read again.",
    );
    say("What netdiag never does", "It never changes your network and writes nothing to disk.");
    lines
}
