//! As much of a D-Bus client as reading a few properties takes, with a deadline for all of it.
//!
//! Followed: the D-Bus Specification, "Authentication Protocol" and "Message Protocol". Written here
//! because zbus, a whole client and server, brings 30 crates and two minutes of compiling for a
//! handful of calls.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, socket};

use super::wire::{
    Argument, Body, FIXED_HEADER, Message, SHORT, Target, decode_message, encode_call, message_length,
};

/// The name of the bus itself, and of its interface.
pub(super) const BUS: &str = "org.freedesktop.DBus";

/// Why a call gave no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// Nobody listens there.
    Absent,
    /// The deadline passed.
    Late,
    /// The other side answered with this error name.
    Refused(String),
    /// What came is not D-Bus, or not what was asked for.
    Malformed(&'static str),
    /// The system reported an error.
    System(Errno),
}

impl From<std::io::Error> for Trouble {
    fn from(cause: std::io::Error) -> Self {
        Self::System(cause.raw_os_error().map_or(Errno::EIO, Errno::from_raw))
    }
}

/// A connection to a message bus.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    deadline: Instant,
    serial: u32,
}

#[allow(clippy::disallowed_methods, reason = "a deadline of I/O, and `source` may read the clock")]
fn now() -> Instant {
    Instant::now()
}

impl Connection {
    /// Connects to the bus at a socket. All calls together end after `allowed`.
    pub(super) fn open(path: &Path, allowed: Duration) -> Result<Self, Trouble> {
        let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
        let socket = socket(AddressFamily::Unix, SockType::Stream, flags, None).map_err(Trouble::System)?;
        let address = UnixAddr::new(path).map_err(Trouble::System)?;
        match connect(socket.as_raw_fd(), &address) {
            Ok(()) => {}
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ECONNREFUSED) => return Err(Trouble::Absent),
            // The queue of a listener that accepts nobody is full.
            Err(Errno::EAGAIN) => return Err(Trouble::Late),
            Err(cause) => return Err(Trouble::System(cause)),
        }
        let mut bus = Self { stream: UnixStream::from(socket), deadline: now() + allowed, serial: 0 };
        // Without a name in it, the server takes the user from the socket (as sd-bus does), which
        // is right in user namespaces too.
        bus.write(b"\0AUTH EXTERNAL\r\nDATA\r\n")?;
        bus.read_line()?;
        if !bus.read_line()?.starts_with(b"OK ") {
            return Err(Trouble::Malformed("the bus refused to authenticate"));
        }
        bus.write(b"BEGIN\r\n")?;
        let itself = Target { service: BUS, object: "/org/freedesktop/DBus", interface: BUS };
        bus.call(itself, "Hello", &[])?;
        Ok(bus)
    }

    /// Calls a method and waits for its answer. Never starts a service that does not run.
    pub(super) fn call(
        &mut self,
        target: Target<'_>,
        method: &str,
        arguments: &[Argument<'_>],
    ) -> Result<Body, Trouble> {
        self.serial += 1;
        self.write(&encode_call(self.serial, target, method, arguments))?;
        loop {
            let message = self.read_message()?;
            if message.reply_serial != Some(self.serial) {
                continue;
            }
            return match message.error {
                Some(name) => Err(Trouble::Refused(name)),
                None => Ok(message.body),
            };
        }
    }

    fn read_message(&mut self) -> Result<Message, Trouble> {
        // A bus that talks without end never makes us wait.
        if now() >= self.deadline {
            return Err(Trouble::Late);
        }
        let mut bytes = vec![0; FIXED_HEADER];
        self.read_exact(&mut bytes)?;
        let length = message_length(&bytes)?;
        bytes.resize(length, 0);
        let rest = bytes.get_mut(FIXED_HEADER..).ok_or(SHORT)?;
        self.read_exact(rest)?;
        decode_message(&bytes)
    }

    /// A line of the authentication, which nothing follows until it is answered.
    fn read_line(&mut self) -> Result<Vec<u8>, Trouble> {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            if line.len() > 1024 {
                return Err(Trouble::Malformed("the bus sent an endless line"));
            }
            let mut byte = [0];
            self.read_exact(&mut byte)?;
            line.extend(byte);
        }
        Ok(line)
    }

    fn read_exact(&mut self, mut bytes: &mut [u8]) -> Result<(), Trouble> {
        while !bytes.is_empty() {
            match self.stream.read(bytes) {
                Ok(0) => return Err(Trouble::Malformed("the bus closed the connection")),
                Ok(count) => bytes = bytes.get_mut(count..).unwrap_or_default(),
                Err(cause) => self.wait_after(cause, PollFlags::POLLIN)?,
            }
        }
        Ok(())
    }

    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Trouble> {
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(cause) => self.wait_after(cause, PollFlags::POLLOUT)?,
            }
        }
        Ok(())
    }

    /// Waits for the socket, until the deadline at most.
    fn wait_after(&self, cause: std::io::Error, events: PollFlags) -> Result<(), Trouble> {
        match cause.kind() {
            ErrorKind::WouldBlock => {}
            ErrorKind::Interrupted => return Ok(()),
            _ => return Err(cause.into()),
        }
        let left = self.deadline.saturating_duration_since(now());
        // Rounded up, so that the last wait is not a busy one.
        let left =
            PollTimeout::try_from(left.as_millis() + u128::from(!left.is_zero())).unwrap_or(PollTimeout::MAX);
        match nix::poll::poll(&mut [PollFd::new(self.stream.as_fd(), events)], left) {
            Ok(0) => Err(Trouble::Late),
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(cause) => Err(Trouble::System(cause)),
        }
    }
}
