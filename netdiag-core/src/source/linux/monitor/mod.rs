//! Keeps a mirror of the kernel's state: notifications are hints, the dump is the truth.
//!
//! A notification makes a part of the state doubtful ([`hint::Doubt`]). When nothing more comes
//! for a moment, the doubtful parts are read again, [`crate::diff::diff`] says what changed, and
//! [`label`] says how it became known. So the mirror is right whatever the kernel did not tell:
//! it is never made of messages.

mod files;
mod hint;
mod label;
mod mirror;
mod reader;

use std::sync::Arc;
use std::time::Duration;

use rtnetlink::MulticastGroup;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;
use tokio::time::Instant;

use self::files::{FileWatch, Seen};
use self::mirror::Mirror;
use super::socket::{Received, Socket, Wait};
use crate::error::{Error, ErrorKind};
use crate::snapshot::Snapshot;
use crate::source::monitor::Command;
use crate::source::{Message, MonitorOptions, Namespace};

/// What to be told of. Prefixes stand for router advertisements, netconf for switches of a link.
const GROUPS: [MulticastGroup; 12] = [
    MulticastGroup::Link,
    MulticastGroup::Neigh,
    MulticastGroup::Ipv4Ifaddr,
    MulticastGroup::Ipv4Route,
    MulticastGroup::Ipv4Rule,
    MulticastGroup::Ipv4Netconf,
    MulticastGroup::Ipv6Ifaddr,
    MulticastGroup::Ipv6Route,
    MulticastGroup::Ipv6Rule,
    MulticastGroup::Ipv6Netconf,
    MulticastGroup::Ipv6Prefix,
    MulticastGroup::Nexthop,
];

/// Room for about 10,000 notifications; without privilege the system's limit holds.
const RECEIVE_BUFFER: usize = 8 << 20;

/// After the last notification of a burst, wait this long before reading again; longer, up to the
/// second value, where reading takes long.
const QUIET: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(1000));

/// Under a steady stream, read again at least this often; less often where reading takes long.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_millis(4000));

/// Read again at once when this many notifications have gathered, or still wait after so many
/// were taken: they take memory.
const MANY_HINTS: usize = 20_000;

/// Changes less than this apart belong to one burst.
const BURST_GAP: Duration = Duration::from_millis(250);

/// How often `settle` reads again before it gives up on a quiet moment.
const ROUNDS: usize = 16;

/// Watches until the commands' sender is dropped or watching fails.
///
/// `started` is told once whether watching could begin. Runs on a thread of its own, inside the
/// namespace.
pub(in crate::source) fn run(
    options: &MonitorOptions,
    commands: mpsc::UnboundedReceiver<Command>,
    started: std::sync::mpsc::Sender<Result<(), Error>>,
    sink: &mut dyn FnMut(Message),
) {
    let began = (|| {
        super::namespace::enter(&options.namespace)?;
        tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| Error::system("start to watch", error))
    })();
    let runtime = match began {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    runtime.block_on(async {
        let subscription = match Subscription::begin(options) {
            Ok(subscription) => subscription,
            Err(error) => {
                let _ = started.send(Err(error));
                return;
            }
        };
        let _ = started.send(Ok(()));
        let watched = match Watch::begin(subscription) {
            Ok(watch) => watch.run(commands, sink).await,
            Err(error) => Err(error),
        };
        if let Err(error) = watched {
            sink(Message::Ended(Arc::new(error)));
        }
    });
}

/// What happens from its beginning on is queued.
struct Subscription {
    namespace: Namespace,
    socket: AsyncFd<Socket>,
    files: FileWatch,
}

impl Subscription {
    fn begin(options: &MonitorOptions) -> Result<Self, Error> {
        let system = |error| Error::system("watch the kernel's notifications", error);
        let receive_buffer = options.receive_buffer.unwrap_or(RECEIVE_BUFFER);
        let socket = Socket::open(&GROUPS, Some(receive_buffer)).map_err(system)?;
        Ok(Self {
            namespace: options.namespace.clone(),
            socket: files::wake_on_input(socket).map_err(system)?,
            files: FileWatch::new(&options.namespace).map_err(system)?,
        })
    }
}

struct Watch {
    namespace: Namespace,
    socket: AsyncFd<Socket>,
    files: FileWatch,
    buffer: Vec<u8>,
    mirror: Mirror,
    /// When the doubtful parts are to be read again.
    due: Option<Instant>,
    /// When the first of the gathered notifications came.
    since: Option<Instant>,
    /// How long the last reading took: reading again waits in proportion.
    cost: Duration,
    burst: u64,
    last_burst: Option<Instant>,
    /// More notifications wait in the socket than were taken at once.
    is_behind: bool,
}

impl Watch {
    /// Reads everything for the first time.
    fn begin(subscription: Subscription) -> Result<Self, Error> {
        let Subscription { namespace, socket, files } = subscription;
        let start = Instant::now();
        let mirror = Mirror::read(&namespace)?;
        Ok(Self {
            namespace,
            socket,
            files,
            buffer: Vec::new(),
            mirror,
            due: None,
            since: None,
            cost: start.elapsed(),
            burst: 0,
            last_burst: None,
            is_behind: false,
        })
    }

    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        sink: &mut dyn FnMut(Message),
    ) -> Result<(), Error> {
        sink(Message::Ready(self.mirror.state()));
        loop {
            let due = self.due;
            let reading_is_due = async {
                match due {
                    Some(due) => tokio::time::sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            // Whoever is asked first at random cannot starve the others.
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Settle(answer)) => {
                        let state = self.settle(sink)?;
                        let _ = answer.send(state);
                    }
                    Some(Command::Resync(answer)) => {
                        self.mirror.doubt_everything();
                        let state = self.settle(sink)?;
                        let _ = answer.send(state);
                    }
                    None => return Ok(()),
                },
                seen = self.files.next() => match seen {
                    Ok(Seen::ResolverFile) => {
                        self.mirror.doubt_resolver();
                        self.schedule();
                    }
                    Ok(Seen::NamespaceGone) => {
                        self.settle(sink)?;
                        return Err(self.gone());
                    }
                    Err(error) => return Err(Error::system("watch files", error)),
                },
                () = reading_is_due => self.read_again(sink)?,
                ready = self.socket.readable() => {
                    let mut ready = ready.map_err(|error| Error::system("watch the kernel", error))?;
                    ready.clear_ready();
                    drop(ready);
                    self.take_waiting()?;
                }
            }
        }
    }

    fn gone(&self) -> Error {
        let (operation, cause) = match &self.namespace {
            Namespace::Named(name) => {
                (format!("go on watching network namespace {name}"), "it was deleted".to_owned())
            }
            Namespace::OfProcess(pid) => (format!("go on watching process {pid}"), "it ended".to_owned()),
            Namespace::Own => ("go on watching".to_owned(), "the namespace is gone".to_owned()),
        };
        Error::new(ErrorKind::NotFound, operation, cause)
    }

    /// Plans the next reading: after a quiet moment, but not later than patience allows.
    fn schedule(&mut self) {
        let now = Instant::now();
        let since = *self.since.get_or_insert(now);
        let quiet = now + (self.cost * 2).clamp(QUIET.0, QUIET.1);
        let latest = since + (self.cost * 10).clamp(PATIENCE.0, PATIENCE.1);
        self.due = Some(quiet.min(latest));
    }

    /// Takes the notifications that wait in the socket, up to a limit.
    fn take_waiting(&mut self) -> Result<(), Error> {
        let mirror = &mut self.mirror;
        let most = mirror.heard() + MANY_HINTS;
        let mut taken = false;
        self.is_behind = loop {
            let received = self.socket.get_ref().receive(&mut self.buffer, Wait::No);
            match received.map_err(|error| Error::system("receive the kernel's notifications", error))? {
                Received::Nothing => break false,
                Received::Datagram(datagram) => mirror.hear(datagram),
                // Room for the next one was made; this one is lost.
                Received::Overrun | Received::Truncated => mirror.lost(),
            }
            taken = true;
            if mirror.heard() >= most {
                break true;
            }
        };
        let are_many = mirror.heard() >= MANY_HINTS;
        if taken && mirror.is_doubtful() {
            self.schedule();
        }
        if self.is_behind || are_many {
            self.due = Some(Instant::now());
        }
        Ok(())
    }

    /// Reads the doubtful parts again and tells what changed.
    fn read_again(&mut self, sink: &mut dyn FnMut(Message)) -> Result<(), Error> {
        // What has come meanwhile may doubt more: better before than after.
        if !self.is_behind {
            self.take_waiting()?;
        }
        self.due = None;
        self.since = None;
        let start = Instant::now();
        self.mirror.begin_reading()?;
        // The kernel queues a notification a moment after the change that it tells of. Asking for
        // something that needs the same lock waits for that moment.
        self.mirror.wait_for_writers()?;
        self.take_waiting()?;
        let outcome = self.mirror.finish_reading();
        self.cost = start.elapsed();
        if outcome.is_worth_telling {
            let now = Instant::now();
            if self.last_burst.is_none_or(|last| now.duration_since(last) > BURST_GAP) {
                self.burst += 1;
            }
            self.last_burst = Some(now);
            let number = self.burst;
            let burst = self.mirror.burst(number, outcome.events);
            sink(Message::Burst(burst));
        }
        if self.mirror.is_doubtful() {
            self.schedule();
        }
        if self.is_behind {
            self.due = Some(Instant::now());
        }
        Ok(())
    }

    /// Catches up with everything that happened before the call.
    fn settle(&mut self, sink: &mut dyn FnMut(Message)) -> Result<Arc<Snapshot>, Error> {
        self.mirror.wait_for_writers()?;
        self.take_waiting()?;
        self.mirror.doubt_untold();
        for _ in 0..ROUNDS {
            self.read_again(sink)?;
            if !self.mirror.is_doubtful() && !self.is_behind {
                break;
            }
        }
        Ok(self.mirror.state())
    }
}
