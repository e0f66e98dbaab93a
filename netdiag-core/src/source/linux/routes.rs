//! The routes of one family, complete also while they change.
//!
//! The kernel holds a table's lock for one datagram at a time, and never flags a route dump as
//! interrupted. An IPv4 dump resumes at the key it had come to (`fib_table_dump` in
//! `net/ipv4/fib_trie.c`). An IPv6 dump of a changed table starts again and skips as many nodes
//! as it had shown (`fib6_dump_table` in `net/ipv6/ip6_fib.c`), so each change before that place
//! makes it lose or double a route that nobody touched. Notifications tell whether that can have
//! happened; [`super::churn`] then puts one state together from several dumps, and
//! [`super::coverage`] tells when they are enough.

use std::io;
use std::sync::Arc;

use super::churn::{Notifications, Union, drop_doubles};
use super::coverage::{Coverage, Room, Seams};
use super::dump::{Dump, DumpOutcome, Request, ask, family_number};
use super::regions::Trouble;
use super::route_decoder::RouteDecoder;
use super::socket::{DATAGRAM, Message, Socket};
use crate::model::{Family, ProblemKind, RouteFlags, RouteRows, RouteTable, TableId};

/// Sizes of the receive buffer, and so of the datagrams, in turn: what is lost lies at the
/// borders of datagrams, and those must not fall on the same rows again.
const BUFFERS: [usize; 3] = [DATAGRAM, 20 * 1024, 26 * 1024];

/// How many dumps may be tried for one IPv4 dump during which nothing changed.
const MOST_V4: usize = 3;

/// How many dumps may be put together for an IPv6 table that keeps changing.
const MOST_V6: usize = 12;

/// The routes of one family, and what went wrong.
#[derive(Debug, Default)]
pub(crate) struct RouteRegion {
    /// The tables that are not empty.
    pub(crate) tables: Vec<Arc<RouteTable>>,
    /// What went wrong.
    pub(crate) trouble: Trouble,
}

/// Reads the routes of a family, of all tables or of one.
///
/// # Errors
///
/// When no socket can be had.
pub(crate) fn read_routes(
    family: Family,
    table: Option<TableId>,
    decoder: &mut RouteDecoder,
) -> io::Result<RouteRegion> {
    let notifications = Notifications::subscribe(family, table)?;
    let mut reader = Reader { family, request: Request::routes(family, table), decoder, notifications };
    match family {
        Family::V4 => reader.read_v4(),
        Family::V6 => reader.read_v6(),
    }
}

struct Reader<'a> {
    family: Family,
    request: Request,
    decoder: &'a mut RouteDecoder,
    notifications: Notifications,
}

/// One dump.
struct Reading {
    rows: RouteRows,
    trouble: Trouble,
    /// Where it may have left something out, if something changed meanwhile.
    seams: Seams,
    /// Nothing changed meanwhile, or reading again will not help.
    is_final: bool,
}

impl Reader<'_> {
    fn read_v4(&mut self) -> io::Result<RouteRegion> {
        for _ in 1..MOST_V4 {
            let reading = self.read(DATAGRAM)?;
            if reading.is_final {
                return Ok(self.region(reading));
            }
        }
        let mut reading = self.read(DATAGRAM)?;
        let is_final = reading.is_final;
        if !is_final {
            reading.trouble.add(ProblemKind::Inconsistent, "routes", self.still_changing());
        }
        let mut region = self.region(reading);
        if !is_final {
            region.tables.iter_mut().for_each(|table| *table = Arc::new(drop_doubles(table)));
        }
        Ok(region)
    }

    fn read_v6(&mut self) -> io::Result<RouteRegion> {
        let mut union = Union::default();
        let mut coverage = Coverage::default();
        for round in 1.. {
            let mut reading = self.read(BUFFERS[(round - 1) % BUFFERS.len()])?;
            if reading.is_final {
                return Ok(self.region(reading));
            }
            union.take(std::mem::take(&mut reading.rows));
            coverage.add(&reading.seams);
            let is_complete = coverage.is_complete();
            if is_complete || round >= MOST_V6 {
                if !is_complete {
                    reading.trouble.add(ProblemKind::Inconsistent, "routes", self.still_changing());
                }
                let doubtful = union.settle(&self.notifications, self.decoder, &mut reading.rows)?;
                if doubtful > 0 {
                    let detail =
                        format!("notifications were lost: {doubtful} IPv6 routes may be gone already");
                    reading.trouble.add(ProblemKind::Inconsistent, "routes", detail);
                }
                return Ok(self.region(reading));
            }
        }
        Ok(RouteRegion::default())
    }

    fn still_changing(&self) -> String {
        format!("{} routes kept changing while they were read", self.family)
    }

    fn region(&self, reading: Reading) -> RouteRegion {
        RouteRegion { tables: reading.rows.into_tables().map(Arc::new).collect(), trouble: reading.trouble }
    }

    fn read(&mut self, datagram: usize) -> io::Result<Reading> {
        let mut reading = Reading {
            rows: RouteRows::default(),
            trouble: Trouble::default(),
            seams: Seams::default(),
            is_final: true,
        };
        let keeps_seams = self.family == Family::V6;
        // The kernel makes datagrams as long as the longest buffer that the socket was read with
        // (`netlink_recvmsg` in `net/netlink/af_netlink.c`). A first answer makes that known, or
        // the first datagram of each dump would be a short one and its seam always the same.
        let socket = Socket::open(&[], None)?;
        let mut buffer = vec![0; datagram];
        ask(&socket, &Request::loopback(), &mut buffer)?.ok();
        let mut dump = Dump::start(&socket, &self.request)?;
        let family = family_number(self.family);
        let mut filled = 0;
        let mut each = |message: Message<'_>, seams: &mut Seams, filled: &mut usize| {
            *filled += 16 + message.payload.len();
            // A kernel without the family answers with all others; IPv6 may list cached copies.
            let is_cloned = message.payload.get(8..12).is_some_and(|flags| {
                flags.iter().zip(RouteFlags::CLONED.0.to_ne_bytes()).any(|(flag, cloned)| flag & cloned != 0)
            });
            if message.kind == libc::RTM_NEWROUTE && message.payload.first() == Some(&family) && !is_cloned {
                match self.decoder.decode(message.payload) {
                    Ok(route) => {
                        if keeps_seams {
                            seams.row(route.table, &route.destination);
                        }
                        reading.rows.push(route);
                    }
                    Err(error) => reading.trouble.undecodable("routes", &message, &error),
                }
            }
        };
        let mut seams = Seams::default();
        let mut last = Room::No;
        let DumpOutcome { interrupted, failure } = loop {
            let mut each = |message: Message<'_>| each(message, &mut seams, &mut filled);
            if let Some(outcome) = dump.step(&mut buffer, &mut each)? {
                break outcome;
            }
            seams.datagram_ends();
            last = if std::mem::take(&mut filled) < datagram / 2 { Room::Left } else { Room::No };
            self.notifications.collect()?;
        };
        seams.dump_ends(last);
        reading.seams = seams;
        let is_quiet = self.notifications.digest(self.decoder)?;
        match failure {
            Some(refusal) => reading.trouble.refused("routes", refusal),
            None => reading.is_final = is_quiet && !interrupted,
        }
        Ok(reading)
    }
}

#[cfg(test)]
#[path = "routes/tests.rs"]
mod tests;
