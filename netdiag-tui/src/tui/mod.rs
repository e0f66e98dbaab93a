//! The terminal UI: live routes, links, rules and events, with the differences to a baseline.
//!
//! One thread blocks on one channel; keys, signals and the monitor send into it from threads of
//! their own. There are no ticks: a frame is drawn when something changed, and by itself only
//! when a lifetime on the screen reads differently. [`app`] is the state, [`update()`]
//! changes it and says what to do outside, [`view`] draws it, [`keys`] is the one table of keys.

mod app;
mod data;
mod feed;
mod journal;
mod keys;
mod marks;
mod rows;
mod terminal;
mod theme;
mod update;
mod view;
mod words;

#[cfg(test)]
mod tests;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use netdiag_core::error::{Error, ErrorKind, chain};
use netdiag_core::snapshot::Snapshot;
use netdiag_core::source::Namespace;

use app::{App, Effect, Msg, Source};
use terminal::Screen;
use theme::Theme;
use update::update;

use crate::text::ColorChoice;

/// How to run.
#[derive(Debug)]
pub(crate) struct Options {
    /// Which namespace to watch.
    pub(crate) namespace: Namespace,
    /// A stored state to show instead, and its name.
    pub(crate) state: Option<(String, Snapshot)>,
    /// When to use colours.
    pub(crate) color: ColorChoice,
    /// Only ASCII.
    pub(crate) ascii: bool,
}

/// The least time between two frames while changes come in faster.
const FRAME: Duration = Duration::from_millis(33);

/// How long the first frame waits for the first state before it says that it is being read.
const PATIENCE: Duration = Duration::from_millis(150);

/// Runs the TUI until the user quits.
///
/// # Errors
///
/// When there is no terminal, or the namespace cannot be watched at all.
pub(crate) fn run(options: Options) -> Result<(), Error> {
    if !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal() {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "open the screen",
            "no terminal. In scripts use: netdiag watch --json (or snapshot, diff)",
        ));
    }
    let colors = options.color.is_colored(true);
    // crossterm under NO_COLOR turns each colour into a reset, which would take the cursor row's
    // reversal away; the theme decides instead, and without colours it never sets one.
    ratatui::crossterm::style::force_color_output(colors);
    let (to, from) = mpsc::channel();
    let (source, ask) = match options.state {
        Some((name, snapshot)) => {
            let _ = to.send(Msg::Ready(Arc::new(snapshot)));
            (Source::Stored(name), None)
        }
        None => (Source::Live, Some(feed::watch(options.namespace, to.clone())?)),
    };
    let terminal_error = |cause| Error::system("use the terminal", cause);
    feed::listen(to.clone())?;
    let mut screen = Screen::enter(to).map_err(terminal_error)?;
    let size = screen.size().map_err(terminal_error)?;
    let mut app = App::new(source, Theme::new(colors, options.ascii), TimeZone::system(), size);
    work(&mut app, &mut screen, &from, ask.as_ref()).map_err(terminal_error)?;
    // What ended the watch is told once more where it can be read after the screen has gone.
    match app.ended {
        Some(error) => Err(Error::new(error.kind(), "keep the screen up to date", chain(&*error))),
        None => Ok(()),
    }
}

/// The loop: wait, update, draw.
fn work(
    app: &mut App,
    screen: &mut Screen,
    from: &Receiver<Msg>,
    ask: Option<&Sender<()>>,
) -> std::io::Result<()> {
    let mut is_dirty = true;
    // The first frame waits a moment for the first state.
    let mut frame_due = instant() + PATIENCE;
    loop {
        let wait = if is_dirty {
            Some(frame_due.saturating_duration_since(instant()))
        } else {
            app.now = now();
            app.seconds_until_due().map(Duration::from_secs)
        };
        let received = match wait {
            Some(wait) => from.recv_timeout(wait),
            None => from.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        let mut next = match received {
            Ok(msg) => Some(msg),
            Err(RecvTimeoutError::Timeout) if is_dirty => None,
            Err(RecvTimeoutError::Timeout) => Some(Msg::Due),
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        while let Some(msg) = next {
            if matches!(msg, Msg::Ready(_)) {
                frame_due = instant();
            }
            is_dirty = true;
            app.now = now();
            for effect in update(app, msg) {
                match effect {
                    Effect::Quit => return Ok(()),
                    Effect::Abort => return Err(std::io::Error::other("netdiag panicked: this is a bug")),
                    Effect::Suspend => {
                        screen.suspend()?;
                        app.size = screen.size()?;
                    }
                    Effect::Copy(text) => screen.copy(&text)?,
                    Effect::ReRead => {
                        if ask.is_none_or(|ask| ask.send(()).is_err()) {
                            app.answer = Some("! Nothing can be read again.".into());
                        }
                    }
                }
            }
            // In a storm of changes the next frame comes first.
            next = if instant() < frame_due { from.try_recv().ok() } else { None };
        }
        if is_dirty && instant() >= frame_due {
            app.now = now();
            if app.is_long_work() {
                // What takes longer than a keystroke is said before it is done.
                app.is_working = true;
                screen.draw(app)?;
            }
            app.prepare();
            screen.draw(app)?;
            is_dirty = false;
            frame_due = instant() + FRAME;
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the loop is the TUI's edge: everything below takes time as a value"
)]
fn now() -> Timestamp {
    Timestamp::now()
}

#[allow(clippy::disallowed_methods, reason = "paces frames only; no data depends on it")]
fn instant() -> Instant {
    Instant::now()
}
