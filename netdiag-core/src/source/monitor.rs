//! Watching a host: a mirror of its state, and what changes in it.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::Namespace;
#[cfg(target_os = "linux")]
use super::linux::monitor as platform;
#[cfg(not(target_os = "linux"))]
use super::unsupported as platform;
use crate::error::{Error, ErrorKind};
use crate::history::Burst;
use crate::snapshot::Snapshot;

/// What a [`Monitor`] says.
#[derive(Clone, Debug)]
pub enum Message {
    /// The first complete state.
    Ready(Arc<Snapshot>),
    /// Something changed. Several may carry one burst number; one may carry no event, when only
    /// something volatile (a lifetime) is new.
    Burst(Burst),
    /// Watching ended: the namespace vanished or the system failed. Nothing follows.
    Ended(Arc<Error>),
}

/// How to watch.
#[derive(Clone, Debug, Default)]
pub struct MonitorOptions {
    /// Which namespace.
    pub namespace: Namespace,
    /// Bytes of the kernel's receive buffer for notifications; the default asks for 8 MiB.
    pub receive_buffer: Option<usize>,
}

/// What the owner of a monitor may ask of it.
#[derive(Debug)]
pub(super) enum Command {
    /// Catch up and answer with the state.
    Settle(oneshot::Sender<Arc<Snapshot>>),
    /// Read everything again and answer with the state.
    Resync(oneshot::Sender<Arc<Snapshot>>),
}

/// Keeps a mirror of the state that equals a fresh dump at any quiet moment.
///
/// It works on a thread of its own and says what it finds through the function it was given.
/// Dropping it ends the watch and waits for the thread. While nothing changes it does not wake
/// up.
#[derive(Debug)]
pub struct Monitor {
    commands: Option<mpsc::UnboundedSender<Command>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Monitor {
    /// Starts to watch. `sink` is called on the monitor's thread, first with
    /// [`Message::Ready`]. While it blocks nothing is read, and dropping the monitor waits for
    /// it: it should hand the message on and return.
    ///
    /// # Errors
    ///
    /// When the namespace cannot be entered or no socket can be had.
    pub fn spawn(
        options: MonitorOptions,
        mut sink: impl FnMut(Message) + Send + 'static,
    ) -> Result<Self, Error> {
        let (commands, requests) = mpsc::unbounded_channel();
        let (started, start) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("netdiag-monitor".to_owned())
            .spawn(move || platform::run(&options, requests, started, &mut sink))
            .map_err(|error| Error::system("start a thread", error))?;
        let monitor = Self { commands: Some(commands), thread: Some(thread) };
        match start.recv() {
            Ok(Ok(())) => Ok(monitor),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ended()),
        }
    }

    /// Applies everything the kernel has queued until now, reads again what that made doubtful,
    /// and returns the state. The changes go to the sink first.
    ///
    /// # Errors
    ///
    /// When the watch has ended.
    ///
    /// # Panics
    ///
    /// When called from the sink, or from inside an asynchronous task: it blocks.
    pub fn settle(&self) -> Result<Arc<Snapshot>, Error> {
        self.ask(Command::Settle)
    }

    /// Reads everything again, as after lost messages.
    ///
    /// # Errors
    ///
    /// When the watch has ended.
    ///
    /// # Panics
    ///
    /// As [`Monitor::settle`].
    pub fn resync(&self) -> Result<Arc<Snapshot>, Error> {
        self.ask(Command::Resync)
    }

    /// Asks for [`Monitor::resync`] without waiting for it.
    pub fn request_resync(&self) {
        let (answer, _) = oneshot::channel();
        if let Some(commands) = &self.commands {
            // The watch has ended and said so: there is nothing to read again.
            let _ = commands.send(Command::Resync(answer));
        }
    }

    fn ask(
        &self,
        command: impl FnOnce(oneshot::Sender<Arc<Snapshot>>) -> Command,
    ) -> Result<Arc<Snapshot>, Error> {
        let (answer, result) = oneshot::channel();
        let commands = self.commands.as_ref().ok_or_else(ended)?;
        commands.send(command(answer)).map_err(|_| ended())?;
        result.blocking_recv().map_err(|_| ended())
    }
}

fn ended() -> Error {
    Error::new(ErrorKind::System, "ask the monitor", "watching has ended")
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic of that thread has been reported where it happened.
            let _ = thread.join();
        }
    }
}
