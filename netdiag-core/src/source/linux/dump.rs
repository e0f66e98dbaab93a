//! Asking the kernel for a whole list, and believing the answer only as far as it goes.
//!
//! A dump (NLM_F_DUMP) ends with NLMSG_DONE, which carries an error code that is easy to
//! overlook: a dump that failed half-way looks complete without it (`netlink_dump_done` in
//! `net/netlink/af_netlink.c`). NLM_F_DUMP_INTR says that the list changed meanwhile; the kernel
//! does not set it for routes, rules and neighbours.

use std::fmt;
use std::io;

use super::socket::{Message, Received, Socket, Wait, attributes, messages};
use crate::model::{Family, TableId};

const NLMSG_ERROR: u16 = libc::NLMSG_ERROR as u16;
const NLMSG_DONE: u16 = libc::NLMSG_DONE as u16;
const NLM_F_REQUEST: u16 = libc::NLM_F_REQUEST as u16;
const NLM_F_DUMP: u16 = libc::NLM_F_DUMP as u16;
const NLM_F_DUMP_INTR: u16 = 0x10;
/// In an error message: the request is not repeated in full.
const NLM_F_CAPPED: u16 = 0x100;
/// In an error or closing message: attributes with an explanation follow.
const NLM_F_ACK_TLVS: u16 = 0x200;
const NLMSGERR_ATTR_MSG: u16 = 1;
const RTM_GETNEXTHOP: u16 = 106;
const IFLA_EXT_MASK: u16 = 29;
const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
const NTF_PROXY: u8 = 8;

/// The number of a family in messages (AF_INET, AF_INET6).
pub(crate) const fn family_number(family: Family) -> u8 {
    match family {
        Family::V4 => libc::AF_INET as u8,
        Family::V6 => libc::AF_INET6 as u8,
    }
}

/// A request for a list, or for one thing.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    kind: u16,
    flags: u16,
    payload: Vec<u8>,
}

impl Request {
    fn dump(kind: u16, header: &[u8]) -> Self {
        Self { kind, flags: NLM_F_REQUEST | NLM_F_DUMP, payload: header.to_vec() }
    }

    /// A request for one thing: a kind, the fixed header of its family, and then attributes.
    pub(crate) fn single(kind: u16, header: &[u8]) -> Self {
        Self { kind, flags: NLM_F_REQUEST, payload: header.to_vec() }
    }

    /// The loopback link, which every namespace has: a short question.
    pub(crate) fn loopback() -> Self {
        let mut header = [0; 16];
        header[4] = 1;
        Self::single(libc::RTM_GETLINK, &header)
    }

    /// All links, without their counters.
    pub(crate) fn links() -> Self {
        Self::dump(libc::RTM_GETLINK, &[0; 16])
            .attribute(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes())
    }

    /// The addresses of one family.
    pub(crate) fn addresses(family: Family) -> Self {
        let mut header = [0; 8];
        header[0] = family_number(family);
        Self::dump(libc::RTM_GETADDR, &header)
    }

    /// The routes of one family, of all tables or of one. The kernel answers ENOENT when there
    /// is no such table.
    pub(crate) fn routes(family: Family, table: Option<TableId>) -> Self {
        let mut header = [0; 12];
        header[0] = family_number(family);
        let request = Self::dump(libc::RTM_GETROUTE, &header);
        match table {
            Some(table) => request.attribute(libc::RTA_TABLE, &table.0.to_ne_bytes()),
            None => request,
        }
    }

    /// The rules of one family.
    pub(crate) fn rules(family: Family) -> Self {
        let mut header = [0; 12];
        header[0] = family_number(family);
        Self::dump(libc::RTM_GETRULE, &header)
    }

    /// The neighbours of one family.
    pub(crate) fn neighbors(family: Family) -> Self {
        let mut header = [0; 12];
        header[0] = family_number(family);
        Self::dump(libc::RTM_GETNEIGH, &header)
    }

    /// The addresses of one family that this host answers for on behalf of others.
    pub(crate) fn proxy_neighbors(family: Family) -> Self {
        let mut request = Self::neighbors(family);
        request.payload[10] = NTF_PROXY;
        request
    }

    /// The address labels, which only IPv6 has.
    pub(crate) fn address_labels() -> Self {
        let mut header = [0; 12];
        header[0] = family_number(Family::V6);
        Self::dump(libc::RTM_GETADDRLABEL, &header)
    }

    /// The nexthop objects of all families.
    pub(crate) fn nexthops() -> Self {
        Self::dump(RTM_GETNEXTHOP, &[0; 8])
    }

    /// This request with one more attribute.
    pub(crate) fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        let length = u16::try_from(4 + value.len()).unwrap_or(u16::MAX);
        self.payload.extend(length.to_ne_bytes());
        self.payload.extend(kind.to_ne_bytes());
        self.payload.extend(value);
        self.payload.resize(self.payload.len().next_multiple_of(4), 0);
        self
    }

    /// This request with more NLM_F_* flags.
    #[cfg(test)]
    pub(crate) fn with_flags(mut self, flags: u16) -> Self {
        self.flags |= flags;
        self
    }

    /// The bytes to send.
    pub(crate) fn encode(&self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(16 + self.payload.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(16 + self.payload.len());
        bytes.extend(length.to_ne_bytes());
        bytes.extend(self.kind.to_ne_bytes());
        bytes.extend(self.flags.to_ne_bytes());
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(&self.payload);
        bytes
    }
}

/// How a dump ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct DumpOutcome {
    /// The kernel said that the list changed while it was read, or a part was lost.
    pub(crate) interrupted: bool,
    /// Why it ended before its end.
    pub(crate) failure: Option<Refusal>,
}

/// What the kernel said when it refused a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The error number.
    pub(crate) errno: i32,
    /// Its explanation (NLMSGERR_ATTR_MSG), where it gave one.
    pub(crate) text: Option<String>,
}

impl Refusal {
    /// Whether this kernel does not know such a list at all.
    pub(crate) fn is_unsupported(&self) -> bool {
        matches!(self.errno, libc::EOPNOTSUPP | libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT | libc::ENOSYS)
    }

    /// Whether what was asked for does not exist.
    pub(crate) fn is_not_found(&self) -> bool {
        self.errno == libc::ENOENT
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.text {
            Some(text) => f.write_str(text),
            None => f.write_str(nix::errno::Errno::from_raw(self.errno).desc()),
        }
    }
}

/// Sends a dump request and gives every message of the answer to `each`.
///
/// Messages that do not answer this request are passed over, so the socket may be subscribed to
/// groups only if its notifications may be lost. The caller checks kind and family.
pub(crate) fn dump(
    socket: &Socket,
    request: &Request,
    buffer: &mut Vec<u8>,
    mut each: impl FnMut(Message<'_>),
) -> io::Result<DumpOutcome> {
    let mut dump = Dump::start(socket, request)?;
    loop {
        if let Some(outcome) = dump.step(buffer, &mut each)? {
            return Ok(outcome);
        }
    }
}

/// A dump that is read one datagram at a time, so that something else can be done in between.
#[derive(Debug)]
pub(crate) struct Dump<'a> {
    socket: &'a Socket,
    sequence: u32,
    interrupted: bool,
    wait: Wait,
}

impl<'a> Dump<'a> {
    /// Sends the request.
    pub(crate) fn start(socket: &'a Socket, request: &Request) -> io::Result<Self> {
        let sequence = socket.next_sequence();
        socket.send(&request.encode(sequence))?;
        Ok(Self { socket, sequence, interrupted: false, wait: Wait::UntilReadable })
    }

    /// Receives one datagram and gives its messages to `each`; the outcome when it was the last.
    pub(crate) fn step(
        &mut self,
        buffer: &mut Vec<u8>,
        each: &mut impl FnMut(Message<'_>),
    ) -> io::Result<Option<DumpOutcome>> {
        let datagram = match self.socket.receive(buffer, self.wait)? {
            Received::Datagram(datagram) => datagram,
            // After a loss the closing message may be among what was lost. The kernel makes each
            // part of a dump as the part before is received, so nothing there means the end.
            Received::Nothing => return Ok(Some(self.outcome(None))),
            Received::Overrun | Received::Truncated => {
                self.interrupted = true;
                self.wait = Wait::No;
                return Ok(None);
            }
        };
        let mut walk = messages(datagram);
        for message in walk.by_ref() {
            if message.sequence != self.sequence {
                continue;
            }
            self.interrupted |= message.flags & NLM_F_DUMP_INTR != 0;
            match message.kind {
                NLMSG_DONE => return Ok(Some(self.outcome(refusal(&message)))),
                NLMSG_ERROR => match refusal(&message) {
                    None => {}
                    failure => return Ok(Some(self.outcome(failure))),
                },
                _ => each(message),
            }
        }
        self.interrupted |= !walk.rest().is_empty();
        Ok(None)
    }

    fn outcome(&self, failure: Option<Refusal>) -> DumpOutcome {
        DumpOutcome { interrupted: self.interrupted, failure }
    }
}

/// Sends a request for one thing and returns the answer: the payload of the reply, or why not.
pub(crate) fn ask(
    socket: &Socket,
    request: &Request,
    buffer: &mut Vec<u8>,
) -> io::Result<Result<Vec<u8>, Refusal>> {
    let sequence = socket.next_sequence();
    socket.send(&request.encode(sequence))?;
    loop {
        let Received::Datagram(datagram) = socket.receive(buffer, Wait::UntilReadable)? else {
            return Err(io::Error::other("the kernel's answer was lost"));
        };
        if let Some(message) = messages(datagram).find(|message| message.sequence == sequence) {
            return Ok(match (message.kind, refusal(&message)) {
                (NLMSG_ERROR, Some(refusal)) => Err(refusal),
                (NLMSG_ERROR, None) => Ok(Vec::new()),
                _ => Ok(message.payload.to_vec()),
            });
        }
    }
}

/// The error in an NLMSG_ERROR or NLMSG_DONE; none when its number is 0.
fn refusal(message: &Message<'_>) -> Option<Refusal> {
    let code = message.payload.first_chunk::<4>().map_or(0, |bytes| i32::from_ne_bytes(*bytes));
    if code == 0 {
        return None;
    }
    let explanation = (message.flags & NLM_F_ACK_TLVS != 0).then(|| {
        let skipped = match message.kind {
            NLMSG_DONE => 4,
            _ if message.flags & NLM_F_CAPPED != 0 => 20,
            _ => {
                let length = message.payload.get(4..8).and_then(|bytes| bytes.try_into().ok());
                4 + length.map_or(16, u32::from_ne_bytes).next_multiple_of(4) as usize
            }
        };
        let text = attributes(message.payload.get(skipped..)?).find(|(kind, _)| *kind == NLMSGERR_ATTR_MSG);
        text.map(|(_, text)| crate::model::text_from_bytes(text.strip_suffix(&[0]).unwrap_or(text)))
    });
    Some(Refusal { errno: code.wrapping_neg(), text: explanation.flatten() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closing(kind: u16, flags: u16, payload: &[u8]) -> Option<Refusal> {
        refusal(&Message { kind, flags, sequence: 1, port: 1, payload })
    }

    fn explained(text: &str) -> Vec<u8> {
        let mut bytes = ((5 + text.len()) as u16).to_ne_bytes().to_vec();
        bytes.extend(NLMSGERR_ATTR_MSG.to_ne_bytes());
        bytes.extend(text.as_bytes());
        bytes.push(0);
        bytes
    }

    #[test]
    fn an_error_in_the_closing_message_is_a_failure_with_its_explanation() {
        let mut payload = (-libc::ENOENT).to_ne_bytes().to_vec();
        assert_eq!(closing(NLMSG_DONE, 2, &payload).map(|refusal| refusal.errno), Some(libc::ENOENT));
        payload.extend(explained("ipv4: FIB table does not exist"));
        let refusal = closing(NLMSG_DONE, 2 | NLM_F_ACK_TLVS, &payload).expect("code -2 is a failure");
        assert!(refusal.is_not_found());
        assert_eq!(refusal.to_string(), "ipv4: FIB table does not exist");
        assert_eq!(closing(NLMSG_DONE, 2, &[0; 4]), None);
        assert_eq!(closing(NLMSG_DONE, 2, &[]), None);
    }

    #[test]
    fn an_error_message_is_explained_behind_the_repeated_request() {
        let mut payload = (-libc::EOPNOTSUPP).to_ne_bytes().to_vec();
        payload.extend(Request::links().encode(1));
        payload.extend(explained("no"));
        let refusal = closing(NLMSG_ERROR, NLM_F_ACK_TLVS, &payload).expect("code -95 is a failure");
        assert!(refusal.is_unsupported());
        assert_eq!(refusal.text.as_deref(), Some("no"));
        for end in 4..payload.len() {
            assert!(closing(NLMSG_ERROR, NLM_F_ACK_TLVS, &payload[..end]).is_some(), "cut at {end}");
        }
    }

    #[test]
    fn the_kernel_refuses_the_dump_of_a_table_that_does_not_exist() {
        let socket = Socket::open(&[], None).expect("any process may open a route socket");
        let request = Request::routes(Family::V4, Some(TableId(0x0dea_dbee)));
        let outcome = dump(&socket, &request, &mut Vec::new(), |_| {}).expect("the kernel answers");
        assert!(outcome.failure.is_some_and(|refusal| refusal.is_not_found()));
    }

    #[test]
    fn every_list_is_dumped_without_a_complaint() {
        let socket = Socket::open(&[], None).expect("any process may open a route socket");
        let mut requests = vec![Request::links(), Request::nexthops(), Request::address_labels()];
        for family in [Family::V4, Family::V6] {
            requests.extend([
                Request::addresses(family),
                Request::routes(family, None),
                Request::rules(family),
                Request::neighbors(family),
                Request::proxy_neighbors(family),
            ]);
        }
        for request in requests {
            let outcome = dump(&socket, &request, &mut Vec::new(), |_| {}).expect("the kernel answers");
            let failure = outcome.failure.filter(|refusal| !refusal.is_unsupported());
            assert_eq!(failure, None, "{request:?}");
        }
    }

    #[test]
    fn a_dump_that_does_not_fit_the_buffer_ends_as_interrupted_and_the_next_one_fits() {
        let socket = Socket::open(&[], None).expect("any process may open a route socket");
        let mut buffer = vec![0; 32];
        let mut sizes = Vec::new();
        loop {
            let outcome = dump(&socket, &Request::links(), &mut buffer, |_| {}).expect("the kernel answers");
            sizes.push(buffer.len());
            if !outcome.interrupted {
                break;
            }
        }
        assert!(sizes.is_sorted() && sizes.len() > 1, "{sizes:?}");
    }
}
