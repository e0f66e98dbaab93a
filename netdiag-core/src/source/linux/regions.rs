//! Each list of the kernel, read once and as a whole: links, addresses, rules, neighbours,
//! nexthop objects, address labels. Routes, which need more care, are in [`super::routes`].

use std::io;

use super::decode::{self, DecodeError};
use super::dump::{DumpOutcome, Refusal, Request, dump, family_number};
use super::socket::{Message, Socket};
use crate::model::{
    Address, AddressLabel, Family, HexBytes, Link, Neighbor, NextHopObject, Problem, ProblemKind, Rule,
};

const RTM_NEWNEXTHOP: u16 = 104;

/// How often a dump is tried that the kernel says was interrupted.
const TRIES: usize = 5;

/// So many messages that could not be decoded are shown byte by byte; the rest are counted.
const MOST_SHOWN: usize = 16;

/// The rows of one list, in the kernel's order, and what went wrong.
#[derive(Debug)]
pub(crate) struct Region<T> {
    /// The rows.
    pub(crate) rows: Vec<T>,
    /// What went wrong.
    pub(crate) trouble: Trouble,
}

/// What went wrong while a list was read.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    /// For the snapshot.
    pub(crate) problems: Vec<Problem>,
    /// The kernel has no such list.
    pub(crate) unsupported: Option<Refusal>,
    shown: usize,
}

impl Trouble {
    /// Notes a problem.
    pub(crate) fn add(&mut self, kind: ProblemKind, area: &str, detail: String) {
        match self.problems.iter_mut().find(|problem| problem.kind == kind && problem.detail == detail) {
            Some(problem) => problem.count += 1,
            None => self.problems.push(Problem { kind, area: area.to_owned(), detail, count: 1 }),
        }
    }

    /// Notes a message that could not be decoded, with its bytes.
    pub(crate) fn undecodable(&mut self, area: &str, message: &Message<'_>, error: &DecodeError) {
        self.shown += 1;
        let detail = if self.shown > MOST_SHOWN {
            error.to_string()
        } else {
            format!("{error}: message {} {}", message.kind, HexBytes(message.payload.into()))
        };
        self.add(ProblemKind::Undecodable, area, detail);
    }

    /// Notes that the kernel ended a dump with an error. A table that does not exist is an empty
    /// one.
    pub(crate) fn refused(&mut self, area: &str, refusal: Refusal) {
        if refusal.is_not_found() {
            return;
        }
        if refusal.is_unsupported() {
            self.unsupported = Some(refusal);
        } else {
            self.add(ProblemKind::DumpFailed, area, refusal.to_string());
        }
    }
}

/// All links.
pub(crate) fn read_links(socket: &Socket, buffer: &mut Vec<u8>) -> io::Result<Region<Link>> {
    let is_link = |message: &Message<'_>| {
        message.kind == libc::RTM_NEWLINK && message.payload.first() == Some(&(libc::AF_UNSPEC as u8))
    };
    read_rows(socket, buffer, "links", &Request::links(), is_link, decode::link::decode)
}

/// The addresses of a family.
pub(crate) fn read_addresses(
    socket: &Socket,
    buffer: &mut Vec<u8>,
    family: Family,
) -> io::Result<Region<Address>> {
    let is_address = of_family(libc::RTM_NEWADDR, family);
    read_rows(socket, buffer, "addresses", &Request::addresses(family), is_address, decode::address::decode)
}

/// The rules of a family.
pub(crate) fn read_rules(socket: &Socket, buffer: &mut Vec<u8>, family: Family) -> io::Result<Region<Rule>> {
    let is_rule = of_family(libc::RTM_NEWRULE, family);
    read_rows(socket, buffer, "rules", &Request::rules(family), is_rule, decode::rule::decode)
}

/// The neighbours of a family, those that this host answers for included.
pub(crate) fn read_neighbors(
    socket: &Socket,
    buffer: &mut Vec<u8>,
    family: Family,
) -> io::Result<Region<Neighbor>> {
    let mut read = |request| {
        let is_neighbor = of_family(libc::RTM_NEWNEIGH, family);
        read_rows(socket, buffer, "neighbors", &request, is_neighbor, decode::neighbor::decode)
    };
    let mut region = read(Request::neighbors(family))?;
    let proxies = read(Request::proxy_neighbors(family))?;
    region.rows.extend(proxies.rows);
    region.trouble.problems.extend(proxies.trouble.problems);
    Ok(region)
}

/// All nexthop objects (since Linux 5.3).
pub(crate) fn read_nexthops(socket: &Socket, buffer: &mut Vec<u8>) -> io::Result<Region<NextHopObject>> {
    let is_nexthop = |message: &Message<'_>| message.kind == RTM_NEWNEXTHOP;
    read_rows(socket, buffer, "nexthops", &Request::nexthops(), is_nexthop, decode::nexthop::decode)
}

/// All address labels.
pub(crate) fn read_labels(socket: &Socket, buffer: &mut Vec<u8>) -> io::Result<Region<AddressLabel>> {
    let is_label = of_family(libc::RTM_NEWADDRLABEL, Family::V6);
    let request = Request::address_labels();
    read_rows(socket, buffer, "address_labels", &request, is_label, decode::address_label::decode)
}

/// The messages of a kind about a family. A kernel without the family answers with all others.
fn of_family(kind: u16, family: Family) -> impl Fn(&Message<'_>) -> bool {
    let number = family_number(family);
    move |message| message.kind == kind && message.payload.first() == Some(&number)
}

/// Reads a list until one dump was not interrupted.
fn read_rows<T>(
    socket: &Socket,
    buffer: &mut Vec<u8>,
    area: &str,
    request: &Request,
    is_wanted: impl Fn(&Message<'_>) -> bool,
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) -> io::Result<Region<T>> {
    let mut tries = 0;
    loop {
        let mut region = Region { rows: Vec::new(), trouble: Trouble::default() };
        let DumpOutcome { interrupted, failure } = dump(socket, request, buffer, |message| {
            if is_wanted(&message) {
                match decode(message.payload) {
                    Ok(row) => region.rows.push(row),
                    Err(error) => region.trouble.undecodable(area, &message, &error),
                }
            }
        })?;
        tries += 1;
        match failure {
            Some(refusal) => region.trouble.refused(area, refusal),
            None if interrupted && tries < TRIES => continue,
            None if interrupted => {
                let detail = format!("kept changing while they were read {TRIES} times");
                region.trouble.add(ProblemKind::Inconsistent, area, detail);
            }
            None => {}
        }
        return Ok(region);
    }
}
