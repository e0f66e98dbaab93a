//! What comes in: keys, signals, and what the monitor says, all into one channel.

use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;

use netdiag_core::error::{Error, chain};
use netdiag_core::source::{Message, Monitor, MonitorOptions, Namespace};
use ratatui::crossterm::event::{self, Event, KeyEventKind};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;

use super::app::Msg;

/// Starts to watch; what it finds goes to `to`. The returned channel asks it to read again.
///
/// # Errors
///
/// When the namespace cannot be watched at all.
pub(crate) fn watch(namespace: Namespace, to: Sender<Msg>) -> Result<Sender<()>, Error> {
    let sink = to.clone();
    let options = MonitorOptions { namespace, ..MonitorOptions::default() };
    // A send fails only when the TUI is gone, and then nobody needs to know.
    let monitor = Monitor::spawn(options, move |message| {
        let _ = sink.send(match message {
            Message::Ready(snapshot) => Msg::Ready(snapshot),
            Message::Burst(burst) => Msg::Burst(burst),
            Message::Ended(error) => Msg::Ended(error),
        });
    })?;
    let (ask, asked) = mpsc::channel();
    // Reading again blocks, so it has a thread of its own, which also keeps the monitor alive.
    spawn("reread", move || {
        for () in asked {
            let result = monitor.resync().map(drop).map_err(|error| chain(&error));
            let _ = to.send(Msg::ReRead(result));
        }
    })?;
    Ok(ask)
}

/// Starts to listen to the terminal and to signals.
///
/// # Errors
///
/// When the system gives no threads or signal handlers.
pub(crate) fn listen(to: Sender<Msg>) -> Result<(), Error> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP, SIGTSTP])
        .map_err(|cause| Error::system("listen to signals", cause))?;
    let signals_to = to.clone();
    spawn("signals", move || {
        for signal in signals.forever() {
            let msg = if signal == SIGTSTP { Msg::SuspendAsked } else { Msg::QuitAsked };
            if signals_to.send(msg).is_err() {
                return;
            }
        }
    })?;
    spawn("keys", move || {
        loop {
            let msg = match event::read() {
                Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Msg::Key(key),
                Ok(Event::Resize(width, height)) => Msg::Resized(width, height),
                Ok(_) => continue,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => Msg::QuitAsked,
            };
            let is_last = matches!(msg, Msg::QuitAsked);
            if to.send(msg).is_err() || is_last {
                return;
            }
        }
    })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), Error> {
    thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .map(drop)
        .map_err(|cause| Error::system(format!("start the thread {name}"), cause))
}
