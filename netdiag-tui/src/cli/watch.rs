//! `netdiag watch`: every change as it happens.
//!
//! The monitor, the signals, the time-out and the reader of the output each have a thread and send
//! into one channel; this thread waits on it and prints. Nothing wakes up while nothing happens.

use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use jiff::tz::TimeZone;
use netdiag_core::Snapshot;
use netdiag_core::history::{Burst, Event, Start};
use netdiag_core::json::{self, Layout};
use netdiag_core::source::{Message, Monitor, MonitorOptions, now};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::args::{Common, WatchArgs};
use super::complain::{self, Failure};
use super::{Outcome, completeness, page};
use crate::filter::{Filter, Key, Subject};
use crate::text::{self, Change, Page};

/// What this thread waits for.
enum Wake {
    Monitor(Message),
    /// SIGINT or SIGTERM.
    Asked,
    /// `--timeout` is over.
    TimeIsUp,
    /// Nobody reads standard output any more.
    Closed,
}

pub(super) fn run(args: &WatchArgs, common: &Common) -> Result<Outcome, Failure> {
    if common.state.is_some() {
        return Err(Failure::usage("cannot watch a stored state: it does not change. See: netdiag diff"));
    }
    if args.until.as_ref().is_some_and(|filter| filter.uses(Key::Age)) {
        return Err(Failure::usage("age: means nothing in --until: every change is new when it comes"));
    }
    let (sender, wakes) = channel();
    // Before anything that takes time, so that an early Ctrl-C ends cleanly too.
    forward_signals(sender.clone())?;
    notice_closed_pipe(sender.clone());
    let _timer = args.timeout.map(|timeout| start_timer(timeout, sender.clone()));
    let options = MonitorOptions { namespace: common.namespace(), ..MonitorOptions::default() };
    let monitor = Monitor::spawn(options, move |message| {
        // After the receiver is gone nobody wants to know.
        let _ = sender.send(Wake::Monitor(message));
    })?;
    let outcome = Watch::new(args.until.as_ref(), common).follow(&wakes);
    drop(monitor);
    outcome
}

fn forward_signals(sender: Sender<Wake>) -> Result<(), Failure> {
    let mut signals = Signals::new([SIGINT, SIGTERM])
        .map_err(|cause| netdiag_core::Error::system("wait for signals", cause))?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if sender.send(Wake::Asked).is_err() {
                break;
            }
        }
    });
    Ok(())
}

/// Says when the reader of standard output goes. Otherwise only the next change would tell, and
/// `netdiag watch | head -1` would hang until then.
fn notice_closed_pipe(sender: Sender<Wake>) {
    std::thread::spawn(move || {
        let out = io::stdout();
        // No events are asked for: only an error or a hang-up ends the wait (poll(2)).
        let mut descriptors = [PollFd::new(out.as_fd(), PollFlags::empty())];
        loop {
            match poll(&mut descriptors, PollTimeout::NONE) {
                Err(Errno::EINTR) => {}
                Err(_) => break,
                Ok(_) => {
                    let _ = sender.send(Wake::Closed);
                    break;
                }
            }
        }
    });
}

/// A timer that runs until it is over or what this returns is dropped.
fn start_timer(timeout: Duration, sender: Sender<Wake>) -> Sender<()> {
    let (keep, dropped) = channel::<()>();
    std::thread::spawn(move || {
        if dropped.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
            let _ = sender.send(Wake::TimeIsUp);
        }
    });
    keep
}

/// Whether to go on.
enum Next {
    Continue,
    /// The filter of `--until` matched.
    Met,
}

struct Watch<'a> {
    until: Option<&'a Filter>,
    common: &'a Common,
    page: Page,
    zone: TimeZone,
    out: BufWriter<io::Stdout>,
    overruns: u64,
    last: Option<Arc<Snapshot>>,
}

impl<'a> Watch<'a> {
    fn new(until: Option<&'a Filter>, common: &'a Common) -> Self {
        Self {
            until,
            common,
            page: page(common),
            zone: TimeZone::system(),
            out: BufWriter::with_capacity(64 * 1024, io::stdout()),
            overruns: 0,
            last: None,
        }
    }

    fn follow(mut self, wakes: &Receiver<Wake>) -> Result<Outcome, Failure> {
        // `--until` asks a question: ending without a match answers it with no.
        let unmet = if self.until.is_some() { Outcome::Found } else { Outcome::Done };
        loop {
            let next = match wakes.recv() {
                Ok(Wake::Monitor(Message::Ready(snapshot))) => self.start(&snapshot),
                Ok(Wake::Monitor(Message::Burst(burst))) => self.burst(&burst),
                Ok(Wake::Monitor(Message::Ended(error))) => return Err(Failure::Ended(error)),
                Ok(Wake::Closed) => return Ok(Outcome::Done),
                Ok(Wake::Asked | Wake::TimeIsUp) => return Ok(self.completeness(unmet)),
                Err(_) => return Err(Failure::usage("cannot watch: the monitor is gone")),
            };
            match next {
                Ok(Next::Continue) => {}
                Ok(Next::Met) => return Ok(self.completeness(Outcome::Done)),
                Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => return Ok(Outcome::Done),
                Err(cause) => return Err(Failure::Output(cause)),
            }
        }
    }

    fn completeness(&self, outcome: Outcome) -> Outcome {
        match completeness(self.common, self.last.as_deref()) {
            Outcome::Incomplete => Outcome::Incomplete,
            _ => outcome,
        }
    }

    /// One object on one line.
    fn json(&mut self, object: &impl serde::Serialize) -> io::Result<()> {
        json::to_writer(&mut self.out, object, Layout::Line)?;
        self.out.write_all(b"\n")
    }

    fn start(&mut self, snapshot: &Arc<Snapshot>) -> io::Result<Next> {
        self.last = Some(Arc::clone(snapshot));
        if self.common.json {
            self.json(&Start::new(snapshot, now()))?;
        } else {
            text::start(self.page, snapshot, &self.zone, &mut self.out)?;
        }
        self.out.flush()?;
        complain::problems(snapshot);
        Ok(Next::Continue)
    }

    fn burst(&mut self, burst: &Burst) -> io::Result<Next> {
        if self.common.json {
            for event in &burst.events {
                self.json(event)?;
            }
        } else if !burst.events.is_empty() {
            text::burst(self.page, burst, &self.zone, &mut self.out)?;
        }
        self.out.flush()?;
        if burst.overruns > self.overruns {
            self.overruns = burst.overruns;
            let times =
                text::words::count(usize::try_from(self.overruns).unwrap_or(usize::MAX), "time", "times");
            complain::say(&format!(
                "the kernel dropped messages ({times} so far); everything was read again"
            ));
        }
        let before = self.last.replace(Arc::clone(&burst.snapshot));
        let Some(until) = self.until else { return Ok(Next::Continue) };
        let met = burst.events.iter().any(|event| is_met(until, event, burst, before.as_deref()));
        Ok(if met { Next::Met } else { Next::Continue })
    }
}

/// Whether an event is the one that was waited for. A changed thing counts as it was before and
/// as it is after; what came and went counts as `chg:x` too.
fn is_met(until: &Filter, event: &Event, burst: &Burst, before: Option<&Snapshot>) -> bool {
    let change = Change::from(&event.change);
    let glyphs = [Some(change.glyph()), event.passing.then_some('x')];
    let matches = |thing, snapshot| {
        let is_met = |glyph| until.matches(Subject { thing, change: Some(glyph), age_s: None, snapshot });
        glyphs.into_iter().flatten().any(is_met)
    };
    match change {
        Change::Added(thing) => matches(thing, Some(&*burst.snapshot)),
        Change::Removed(thing) => matches(thing, before),
        Change::Modified { before: old, after, .. } => {
            matches(old, before) || matches(after, Some(&*burst.snapshot))
        }
    }
}
