//! Systems whose live state is not read yet: every question is answered with that.
//!
//! Stored states work on them as everywhere.

use tokio::sync::mpsc;

use super::monitor::Command;
use super::{Message, MonitorOptions, Namespace};
use crate::error::{Error, ErrorKind};
use crate::snapshot::Snapshot;

fn unsupported(operation: &str) -> Error {
    let cause = format!("netdiag does not read the live state of {} yet", std::env::consts::OS);
    Error::new(ErrorKind::Unsupported, operation, cause)
}

pub(super) fn read(_: &Namespace) -> Result<Snapshot, Error> {
    Err(unsupported("read the network state"))
}

pub(super) fn run(
    _: &MonitorOptions,
    mut requests: mpsc::UnboundedReceiver<Command>,
    started: std::sync::mpsc::Sender<Result<(), Error>>,
    _: &mut dyn FnMut(Message),
) {
    // The owner waits for this answer, so somebody is there to take it.
    let _ = started.send(Err(unsupported("watch the network state")));
    requests.close();
    while let Ok(Command::Settle(answer) | Command::Resync(answer)) = requests.try_recv() {
        // Without an answer, the one who asked knows that nothing is watched.
        drop(answer);
    }
}
