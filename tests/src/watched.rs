//! A [`Monitor`] whose words are kept, so that a test can look at them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use netdiag_core::Snapshot;
use netdiag_core::history::{Burst, Event};
use netdiag_core::source::{Message, Monitor, MonitorOptions};

use crate::binary::PATIENCE;

/// A running monitor and what it has said.
#[derive(Debug)]
pub struct Watched {
    monitor: Monitor,
    messages: Receiver<Message>,
    first: Arc<Snapshot>,
}

impl Watched {
    /// Starts to watch this namespace and waits for the first state.
    ///
    /// # Panics
    ///
    /// When it cannot start.
    #[must_use]
    pub fn start(options: MonitorOptions) -> Self {
        let (sender, messages) = channel();
        // Nobody listens any more once the test has ended.
        let monitor =
            Monitor::spawn(options, move |message| drop(sender.send(message))).expect("start a monitor");
        match messages.recv().expect("a first message") {
            Message::Ready(first) => Self { monitor, messages, first },
            other => panic!("the first message must be the state, not {other:?}"),
        }
    }

    /// The first state.
    #[must_use]
    pub const fn first(&self) -> &Arc<Snapshot> {
        &self.first
    }

    /// The state at this moment.
    ///
    /// # Panics
    ///
    /// When the watch has ended.
    #[must_use]
    pub fn settle(&self) -> Arc<Snapshot> {
        self.monitor.settle().expect("a monitor that is still watching")
    }

    /// The monitor.
    #[must_use]
    pub const fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// The bursts said since the last call; [`Watched::settle`] first.
    ///
    /// # Panics
    ///
    /// When the watch has ended.
    #[must_use]
    pub fn bursts(&self) -> Vec<Burst> {
        let mut bursts = Vec::new();
        for message in self.messages.try_iter() {
            match message {
                Message::Burst(burst) => bursts.push(burst),
                Message::Ready(_) => panic!("the first state was said twice"),
                Message::Ended(error) => panic!("the watch ended: {}", netdiag_core::error::chain(&*error)),
            }
        }
        bursts
    }

    /// Waits for an event that `is_awaited` accepts, which the kernel brings about in its own
    /// time; it and all others, after settling.
    ///
    /// # Panics
    ///
    /// When it does not come within half a minute.
    #[must_use]
    pub fn events_with(&self, is_awaited: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        while !events.iter().any(&is_awaited) {
            match self.messages.recv_timeout(PATIENCE) {
                Ok(Message::Burst(burst)) => events.extend(burst.events),
                other => panic!("the awaited event did not come: {other:?} after {events:#?}"),
            }
        }
        events.extend(self.events());
        events
    }

    /// The events said since the last call, after settling.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let _ = self.settle();
        self.bursts().into_iter().flat_map(|burst| burst.events).collect()
    }
}
