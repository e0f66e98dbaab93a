//! One state from several IPv6 dumps and the notifications that came meanwhile.
//!
//! A dump of a table that changes loses routes and doubles others (see [`super::routes`]), but
//! what it shows was there, and notifications tell about every change. So: a route that some
//! dump showed and no notification spoke of stands; of a route that notifications spoke of the
//! last one decides. That is exact while no notification is lost. When some are, a route that
//! the newest dump does not show may be gone, and the kernel is asked for it
//! (RTM_GETROUTE with RTM_F_FIB_MATCH).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use ipnet::IpNet;
use rtnetlink::MulticastGroup;

use super::dump::{Request, ask, family_number};
use super::route_decoder::RouteDecoder;
use super::socket::{Received, Socket, Wait, attributes, messages};
use crate::model::{Family, NextHop, Route, RouteFlags, RouteKey, RouteRows, RouteTable, TableId};

const NLM_F_REPLACE: u16 = libc::NLM_F_REPLACE as u16;
const RTM_F_FIB_MATCH: u32 = 0x2000;

/// Room for some 25,000 notifications; an unprivileged process gets less.
const RECEIVE_BUFFER: usize = 32 << 20;

/// So many are taken between two datagrams, so that a dump goes on whatever happens.
const AT_ONCE: usize = 1 << 12;

/// The kernel is asked for so many doubtful routes; the rest stay doubtful.
const MOST_QUESTIONS: usize = 20_000;

/// What the kernel tells about the routes of a family while they are read.
#[derive(Debug)]
pub(crate) struct Notifications {
    family: Family,
    table: Option<TableId>,
    socket: Socket,
    buffer: Vec<u8>,
    /// Messages received and not looked at yet.
    queue: Vec<u8>,
    /// Something was lost since the beginning.
    lost: bool,
    lost_lately: bool,
    touched: BTreeMap<RouteKey, Vec<Notice>>,
}

/// What one notification says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Notice {
    Added { route: Route, replaces: bool },
    Removed(Route),
}

impl Notifications {
    /// Listens from now on.
    pub(crate) fn subscribe(family: Family, table: Option<TableId>) -> io::Result<Self> {
        let group = match family {
            Family::V4 => MulticastGroup::Ipv4Route,
            Family::V6 => MulticastGroup::Ipv6Route,
        };
        Ok(Self {
            family,
            table,
            socket: Socket::open(&[group], Some(RECEIVE_BUFFER))?,
            buffer: Vec::new(),
            queue: Vec::new(),
            lost: false,
            lost_lately: false,
            touched: BTreeMap::new(),
        })
    }

    /// Takes what is waiting, up to a limit, so that the kernel's queue does not overflow.
    pub(crate) fn collect(&mut self) -> io::Result<()> {
        for _ in 0..AT_ONCE {
            match self.socket.receive(&mut self.buffer, Wait::No)? {
                Received::Datagram(datagram) => {
                    self.queue.extend(datagram);
                    self.queue.resize(self.queue.len().next_multiple_of(4), 0);
                }
                Received::Nothing => break,
                Received::Overrun | Received::Truncated => self.lost_lately = true,
            }
        }
        Ok(())
    }

    /// Takes what is waiting and looks at all of it. Whether nothing happened to the routes since
    /// the last time.
    pub(crate) fn digest(&mut self, decoder: &mut RouteDecoder) -> io::Result<bool> {
        self.collect()?;
        let queue = std::mem::take(&mut self.queue);
        let mut is_quiet = !self.lost_lately;
        let family = family_number(self.family);
        let mut walk = messages(&queue);
        for message in walk.by_ref().filter(|message| message.payload.first() == Some(&family)) {
            let removed = match message.kind {
                libc::RTM_NEWROUTE => false,
                libc::RTM_DELROUTE => true,
                _ => continue,
            };
            if self.table.is_some_and(|table| table_of(message.payload) != Some(table)) {
                continue;
            }
            is_quiet = false;
            if self.family == Family::V4 {
                break;
            }
            match decoder.decode(message.payload) {
                Ok(route) if route.flags.contains(RouteFlags::CLONED) => {}
                Ok(route) if removed => self.note(Notice::Removed(route)),
                Ok(route) => {
                    self.note(Notice::Added { route, replaces: message.flags & NLM_F_REPLACE != 0 });
                }
                Err(_) => self.lost_lately = true,
            }
        }
        self.lost |= std::mem::take(&mut self.lost_lately);
        Ok(is_quiet)
    }

    /// Of equal notices the last one counts, so a route that comes and goes takes no more room.
    fn note(&mut self, notice: Notice) {
        let (Notice::Added { route, .. } | Notice::Removed(route)) = &notice;
        let notices = self.touched.entry(route.key()).or_default();
        notices.retain(|earlier| *earlier != notice);
        notices.push(notice);
    }
}

fn table_of(payload: &[u8]) -> Option<TableId> {
    let (_, value) = attributes(payload.get(12..)?).find(|(kind, _)| *kind == libc::RTA_TABLE)?;
    Some(TableId(u32::from_ne_bytes(value.try_into().ok()?)))
}

/// A route, and the number of the newest dump that showed it.
#[derive(Clone, Debug)]
struct Seen {
    route: Route,
    round: usize,
}

/// What several dumps showed, sorted by key.
#[derive(Debug, Default)]
pub(crate) struct Union {
    tables: BTreeMap<TableId, Vec<Seen>>,
    round: usize,
}

impl Union {
    /// Takes one more dump.
    pub(crate) fn take(&mut self, rows: RouteRows) {
        self.round += 1;
        for table in rows.into_tables() {
            let known = self.tables.entry(table.id()).or_default();
            let mut merged = Vec::with_capacity(known.len().max(table.routes().len()));
            let mut before = std::mem::take(known).into_iter().peekable();
            for group in table.routes().chunk_by(|a, b| order(a, b) == Ordering::Equal) {
                while let Some(seen) = before.next_if(|seen| order(&seen.route, &group[0]) == Ordering::Less)
                {
                    merged.push(seen);
                }
                let start = merged.len();
                for route in group {
                    if !merged[start..].iter().any(|seen| have_common_leg(&seen.route, route)) {
                        merged.push(Seen { route: route.clone(), round: self.round });
                    }
                }
                let newest = start..merged.len();
                while let Some(seen) = before.next_if(|seen| order(&seen.route, &group[0]) == Ordering::Equal)
                {
                    let shown_again =
                        merged[newest.clone()].iter().any(|newer| have_common_leg(&newer.route, &seen.route));
                    if !shown_again {
                        merged.push(seen);
                    }
                }
            }
            merged.extend(before);
            *known = merged;
        }
    }

    /// Puts the state together. How many of its routes may be gone.
    pub(crate) fn settle(
        self,
        notifications: &Notifications,
        decoder: &mut RouteDecoder,
        rows: &mut RouteRows,
    ) -> io::Result<usize> {
        let mut judge =
            Judge { socket: Socket::open(&[], None)?, buffer: Vec::new(), questions: 0, doubtful: 0 };
        let mut touched: BTreeMap<&RouteKey, Vec<Route>> =
            notifications.touched.keys().map(|key| (key, Vec::new())).collect();
        for seen in self.tables.into_values().flatten() {
            if let Some(group) = touched.get_mut(&seen.route.key()) {
                group.push(seen.route);
            } else if seen.round == self.round || !notifications.lost || judge.stands(&seen.route, decoder)? {
                rows.push(seen.route);
            }
        }
        for (key, group) in touched {
            let notices = notifications.touched.get(key).map(Vec::as_slice).unwrap_or_default();
            for route in apply(group, notices) {
                if !notifications.lost || judge.stands(&route, decoder)? {
                    rows.push(route);
                }
            }
        }
        Ok(judge.doubtful)
    }
}

/// Asks the kernel for single routes.
struct Judge {
    socket: Socket,
    buffer: Vec<u8>,
    questions: usize,
    doubtful: usize,
}

impl Judge {
    /// Whether a route is to be kept: it is there, or nobody can tell.
    fn stands(&mut self, route: &Route, decoder: &mut RouteDecoder) -> io::Result<bool> {
        for address in [route.destination.network(), route.destination.broadcast()] {
            if self.questions == MOST_QUESTIONS {
                break;
            }
            self.questions += 1;
            let std::net::IpAddr::V6(address) = address else { break };
            let mut header = [0; 12];
            header[0] = family_number(Family::V6);
            header[1] = 128;
            header[8..].copy_from_slice(&RTM_F_FIB_MATCH.to_ne_bytes());
            let request =
                Request::single(libc::RTM_GETROUTE, &header).attribute(libc::RTA_DST, &address.octets());
            let answer = ask(&self.socket, &request, &mut self.buffer)?;
            let Some(found) = answer.ok().and_then(|payload| decoder.decode(&payload).ok()) else { continue };
            // Rules may lead to another table, and a longer prefix or a better metric hides it.
            if found.table == route.table && found.source_prefix == route.source_prefix {
                if found.destination == route.destination && have_common_leg(&found, route) {
                    return Ok(true);
                }
                if is_shorter(&found.destination, &route.destination) {
                    return Ok(false);
                }
            }
        }
        self.doubtful += 1;
        Ok(true)
    }
}

fn is_shorter(prefix: &IpNet, than: &IpNet) -> bool {
    prefix.prefix_len() < than.prefix_len() && prefix.contains(than)
}

/// By key, as [`RouteTable`] sorts the rows of one IPv6 table.
fn order(a: &Route, b: &Route) -> Ordering {
    a.destination
        .cmp(&b.destination)
        .then_with(|| (a.source_prefix, a.metric).cmp(&(b.source_prefix, b.metric)))
}

/// Whether two routes of one key cannot both exist: the kernel refuses a second one by the same
/// way (`rt6_duplicate_nexthop` in `net/ipv6/ip6_fib.c`).
fn have_common_leg(a: &Route, b: &Route) -> bool {
    if Arc::ptr_eq(&a.attributes, &b.attributes) {
        return true;
    }
    if a.nexthop_id.is_some() || b.nexthop_id.is_some() {
        return a.nexthop_id == b.nexthop_id;
    }
    (a.nexthops.is_empty() && b.nexthops.is_empty())
        || a.nexthops.iter().any(|leg| b.nexthops.iter().any(|other| is_same_leg(leg, other)))
}

fn is_same_leg(a: &NextHop, b: &NextHop) -> bool {
    (a.gateway, a.link_index, &a.encapsulation) == (b.gateway, b.link_index, &b.encapsulation)
}

/// The routes of one key after what notifications said about it.
///
/// Adding a leg announces the whole route, removing one that leg only; a replacement is announced
/// and what it replaced is not (`fib6_add_rt2node`: the routes by a gateway, or the first other).
fn apply(mut routes: Vec<Route>, notices: &[Notice]) -> Vec<Route> {
    for notice in notices {
        match notice {
            Notice::Removed(route) => remove_legs(&mut routes, route),
            Notice::Added { route, replaces } => {
                if *replaces {
                    remove_replaced(&mut routes, route);
                }
                remove_legs(&mut routes, route);
                routes.push(route.clone());
            }
        }
    }
    routes
}

fn remove_replaced(routes: &mut Vec<Route>, by: &Route) {
    let has_gateway = |route: &Route| route.nexthops.iter().any(|leg| leg.gateway.is_some());
    let alike = routes.iter().position(|route| has_gateway(route) == has_gateway(by));
    match alike {
        Some(_) if has_gateway(by) => routes.retain(|route| !has_gateway(route)),
        Some(first) => drop(routes.remove(first)),
        None if routes.is_empty() => {}
        None => drop(routes.remove(0)),
    }
}

/// Takes the legs of `gone` from the routes, and the routes that have none left.
fn remove_legs(routes: &mut Vec<Route>, gone: &Route) {
    routes.retain_mut(|route| {
        if !have_common_leg(route, gone) {
            return true;
        }
        if route.nexthop_id.is_some() || route.nexthops.len() < 2 {
            return false;
        }
        let attributes = Arc::make_mut(&mut route.attributes);
        attributes.nexthops.retain(|leg| !gone.nexthops.iter().any(|other| is_same_leg(leg, other)));
        if let [only] = attributes.nexthops.as_mut_slice() {
            only.weight = None;
        }
        !attributes.nexthops.is_empty()
    });
}

/// Drops every route that is equal to an earlier one of the same destination: the kernel holds no
/// two of them.
pub(crate) fn drop_doubles(table: &RouteTable) -> RouteTable {
    let (family, id) = (table.family(), table.id());
    let mut rows: Vec<Route> = Vec::with_capacity(table.routes().len());
    for group in table.routes().chunk_by(|a, b| a.destination == b.destination) {
        let start = rows.len();
        for route in group {
            if !rows[start..].contains(route) {
                rows.push(route.clone());
            }
        }
    }
    RouteTable::from_dump_order(family, id, rows)
}

#[cfg(test)]
#[path = "churn/tests.rs"]
mod tests;
