//! A route netlink socket, and the messages in what it receives (netlink(7), `linux/netlink.h`).
//!
//! It is plain: blocking or not is said with each call, and losing messages (`ENOBUFS`) is an
//! answer, not an error. Only what the kernel sent is handed on; any process may send to a
//! netlink socket.

use std::io::{self, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recvmsg, send, setsockopt,
    socket, sockopt,
};
use nix::{setsockopt_impl, sockopt_impl};
use rtnetlink::MulticastGroup;

sockopt_impl!(AddMembership, SetOnly, libc::SOL_NETLINK, libc::NETLINK_ADD_MEMBERSHIP, u32);
sockopt_impl!(ExtendedAck, SetOnly, libc::SOL_NETLINK, libc::NETLINK_EXT_ACK, bool);
sockopt_impl!(StrictChecking, SetOnly, libc::SOL_NETLINK, libc::NETLINK_GET_STRICT_CHK, bool);

/// The size of a receive buffer that makes the kernel fill its largest ordinary datagrams
/// (`netlink_dump` in `net/netlink/af_netlink.c` stops at 32 KiB).
pub(crate) const DATAGRAM: usize = 32 * 1024;

/// A route netlink socket of the network namespace it was opened in.
#[derive(Debug)]
pub(crate) struct Socket {
    descriptor: OwnedFd,
    sequence: AtomicU32,
    strict: bool,
}

/// Whether to wait for a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Until there is one.
    UntilReadable,
    /// Not at all.
    No,
}

/// What was received.
#[derive(Debug)]
pub(crate) enum Received<'a> {
    /// A datagram of the kernel with one or more messages.
    Datagram(&'a [u8]),
    /// Nothing is waiting (only with [`Wait::No`]).
    Nothing,
    /// The kernel had to throw messages away. Older ones may still be waiting.
    Overrun,
    /// A datagram was longer than the buffer and is lost; the buffer has grown for the next one.
    Truncated,
}

impl Socket {
    /// Opens a socket that hears the given multicast groups. `receive_buffer` is the
    /// size of the kernel's queue in bytes; without privilege the system's limit holds.
    pub(crate) fn open(groups: &[MulticastGroup], receive_buffer: Option<usize>) -> io::Result<Self> {
        let descriptor = socket(
            AddressFamily::Netlink,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC,
            Some(SockProtocol::NetlinkRoute),
        )?;
        if let Some(size) = receive_buffer
            && setsockopt(&descriptor, sockopt::RcvBufForce, &size).is_err()
        {
            setsockopt(&descriptor, sockopt::RcvBuf, &size)?;
        }
        // Kernels before 4.20 and 4.12 lack these; the reader checks what comes back anyway.
        let strict = setsockopt(&descriptor, StrictChecking, &true).is_ok();
        let _ = setsockopt(&descriptor, ExtendedAck, &true);
        bind(descriptor.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        for group in groups {
            setsockopt(&descriptor, AddMembership, &(*group as u32))?;
        }
        Ok(Self { descriptor, sequence: AtomicU32::new(0), strict })
    }

    /// Whether the kernel checks requests strictly and so honours the filters of a dump.
    pub(crate) const fn is_strict(&self) -> bool {
        self.strict
    }

    /// Number for the next request, never 0, which notifications carry.
    pub(crate) fn next_sequence(&self) -> u32 {
        loop {
            let next = self.sequence.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
            if next != 0 {
                return next;
            }
        }
    }

    /// Sends a request to the kernel.
    pub(crate) fn send(&self, request: &[u8]) -> io::Result<()> {
        let sent = retry(|| send(self.descriptor.as_raw_fd(), request, MsgFlags::empty()))?;
        if sent == request.len() {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::WriteZero, "the kernel took a part of the request only"))
        }
    }

    /// Receives one datagram.
    pub(crate) fn receive<'a>(&self, buffer: &'a mut Vec<u8>, wait: Wait) -> io::Result<Received<'a>> {
        let mut flags = MsgFlags::MSG_TRUNC;
        if wait == Wait::No {
            flags |= MsgFlags::MSG_DONTWAIT;
        }
        if buffer.is_empty() {
            buffer.resize(DATAGRAM, 0);
        }
        let length = loop {
            let mut parts = [IoSliceMut::new(buffer)];
            match recvmsg::<NetlinkAddr>(self.descriptor.as_raw_fd(), &mut parts, None, flags) {
                // Not the kernel: some process sent it.
                Ok(datagram) if datagram.address.is_none_or(|sender| sender.pid() != 0) => {}
                Ok(datagram) => break datagram.bytes,
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(Received::Nothing),
                Err(Errno::ENOBUFS) => return Ok(Received::Overrun),
                Err(error) => return Err(error.into()),
            }
        };
        if length > buffer.len() {
            buffer.resize(length.next_multiple_of(4096), 0);
            return Ok(Received::Truncated);
        }
        Ok(Received::Datagram(&buffer[..length]))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

fn retry<T>(mut call: impl FnMut() -> nix::Result<T>) -> nix::Result<T> {
    loop {
        match call() {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
}

/// A message: the fields of its header (`struct nlmsghdr`) and what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    /// RTM_* or NLMSG_*.
    pub(crate) kind: u16,
    /// NLM_F_*.
    pub(crate) flags: u16,
    /// Number of the request it answers; 0 for most notifications.
    pub(crate) sequence: u32,
    /// Port of the socket that asked for it; 0 = the kernel did it by itself.
    pub(crate) port: u32,
    /// What follows the header.
    pub(crate) payload: &'a [u8],
}

/// The messages of a datagram. Ends at the first that does not fit.
pub(crate) fn messages(datagram: &[u8]) -> Messages<'_> {
    Messages { rest: datagram }
}

/// See [`messages`].
#[derive(Clone, Debug)]
pub(crate) struct Messages<'a> {
    rest: &'a [u8],
}

impl Messages<'_> {
    /// What was left when the iteration ended: not empty when a message did not fit.
    pub(crate) const fn rest(&self) -> &[u8] {
        self.rest
    }
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    #[inline]
    fn next(&mut self) -> Option<Message<'a>> {
        let (header, _) = self.rest.split_first_chunk::<16>()?;
        let [l0, l1, l2, l3, k0, k1, f0, f1, s0, s1, s2, s3, p0, p1, p2, p3] = *header;
        let length = u32::from_ne_bytes([l0, l1, l2, l3]) as usize;
        let payload = self.rest.get(16..length)?;
        let aligned = length.next_multiple_of(4);
        self.rest = self.rest.get(aligned..).unwrap_or_default();
        Some(Message {
            kind: u16::from_ne_bytes([k0, k1]),
            flags: u16::from_ne_bytes([f0, f1]),
            sequence: u32::from_ne_bytes([s0, s1, s2, s3]),
            port: u32::from_ne_bytes([p0, p1, p2, p3]),
            payload,
        })
    }
}

/// The attributes (`struct rtattr`) of a payload: number without the nested and byte-order bits,
/// and value. Ends at the first that does not fit.
pub(crate) fn attributes(payload: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = payload;
    std::iter::from_fn(move || {
        let (&[l0, l1, k0, k1], _) = rest.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_ne_bytes([l0, l1]));
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_ne_bytes([k0, k1]) & 0x3fff, value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = ((16 + payload.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend([0; 10]);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn a_datagram_is_split_at_aligned_lengths() {
        let datagram = [message(24, &[1, 2, 3]), message(3, &[])].concat();
        let mut walk = messages(&datagram);
        let found: Vec<_> = walk.by_ref().map(|message| (message.kind, message.payload.to_vec())).collect();
        assert_eq!(found, [(24, vec![1, 2, 3]), (3, vec![])]);
        assert!(walk.rest().is_empty());
    }

    #[test]
    fn a_message_that_does_not_fit_ends_the_walk_and_stays_visible() {
        let mut datagram = message(24, &[0; 8]);
        datagram.truncate(20);
        let mut walk = messages(&datagram);
        assert_eq!(walk.next(), None);
        assert_eq!(walk.rest().len(), 20);
        for length in 0..16_u32 {
            let mut short = message(24, &[0; 8]);
            short[..4].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(messages(&short).count(), 0, "length {length}");
        }
    }

    #[test]
    fn attributes_with_impossible_lengths_end_the_walk() {
        assert_eq!(attributes(&[8, 0, 1, 0x80, 9, 0, 0, 0]).collect::<Vec<_>>(), [(1, &[9, 0, 0, 0][..])]);
        assert_eq!(attributes(&[3, 0, 1, 0]).count(), 0);
        assert_eq!(attributes(&[9, 0, 1, 0, 0, 0, 0, 0]).count(), 0);
    }

    #[test]
    fn without_waiting_an_empty_socket_says_so() {
        let socket = Socket::open(&[], None).expect("any process may open a route socket");
        assert!(matches!(socket.receive(&mut Vec::new(), Wait::No), Ok(Received::Nothing)));
    }
}
