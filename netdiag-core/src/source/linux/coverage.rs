//! Which parts of an IPv6 table some dump is known to have shown whole.
//!
//! The kernel holds the table's lock while it fills one datagram (`fib6_dump_table` in
//! `net/ipv6/ip6_fib.c`), so between two rows of one datagram nothing is left out. Between two
//! datagrams the table may change, the walk starts again and skips by count, and rows at that
//! seam may be left out. So a dump is certain but for its seams, and several dumps together are
//! certain but for what lies in a seam of each of them. With datagrams of several sizes the seams
//! lie elsewhere each time; when no place is left that is a seam in all, nothing is missing.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::model::TableId;

/// A place in the walk of a table, which visits a node after everything below it
/// (`fib6_walk_continue` in `net/ipv6/ip6_fib.c`): by last address, the longer prefix first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    last: u128,
    shortness: u8,
}

impl Place {
    const FIRST: Self = Self { last: 0, shortness: 0 };
    const LAST: Self = Self { last: u128::MAX, shortness: u8::MAX };

    fn of(destination: &IpNet) -> Self {
        let last = match destination.broadcast() {
            std::net::IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
            std::net::IpAddr::V6(v6) => v6.to_bits(),
        };
        Self { last, shortness: u8::MAX - destination.prefix_len() }
    }
}

/// From one place to another, both included: routes of one prefix may be parted by a seam.
type Span = (Place, Place);

/// Whether more would have fitted into a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// It would.
    Left,
    /// It might not.
    No,
}

/// Where one dump may have left something out.
#[derive(Debug, Default)]
pub(crate) struct Seams {
    previous: Option<(TableId, Place)>,
    /// The next row is the first of its datagram, and not of the first datagram.
    is_at_seam: bool,
    shown: BTreeSet<TableId>,
    spans: BTreeMap<TableId, Vec<Span>>,
    /// A seam lies between two tables: a table that was not shown may have been left out there.
    between_tables: bool,
}

impl Seams {
    /// A row, in the order of the dump.
    pub(crate) fn row(&mut self, table: TableId, destination: &IpNet) {
        let place = Place::of(destination);
        if std::mem::take(&mut self.is_at_seam) {
            match self.previous {
                Some((same, previous)) if same == table => self.add(table, (previous, place)),
                other => {
                    if let Some((before, previous)) = other {
                        self.add(before, (previous, Place::LAST));
                    }
                    self.add(table, (Place::FIRST, place));
                    self.between_tables = true;
                }
            }
        }
        self.shown.insert(table);
        self.previous = Some((table, place));
    }

    /// A datagram ends, and it was not the last.
    pub(crate) fn datagram_ends(&mut self) {
        self.is_at_seam = true;
    }

    /// The dump ends. When no row came since the last seam, the end of the walk lies there, unless
    /// the datagram before had room left: then the kernel had no more to put into it.
    pub(crate) fn dump_ends(&mut self, last: Room) {
        if std::mem::take(&mut self.is_at_seam) && last == Room::No {
            self.between_tables = true;
            if let Some((table, previous)) = self.previous {
                self.add(table, (previous, Place::LAST));
            }
        }
    }

    /// Rows that a restarted walk shows again leave nothing out.
    fn add(&mut self, table: TableId, span: Span) {
        if span.0 <= span.1 {
            self.spans.entry(table).or_default().push(span);
        }
    }

    /// The doubtful spans of a table, sorted and apart.
    fn of(&self, table: TableId) -> Vec<Span> {
        if !self.shown.contains(&table) {
            return if self.between_tables { vec![(Place::FIRST, Place::LAST)] } else { Vec::new() };
        }
        let mut spans = self.spans.get(&table).cloned().unwrap_or_default();
        spans.sort_unstable();
        let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
        for span in spans {
            match apart.last_mut() {
                Some(last) if span.0 <= last.1 => last.1 = last.1.max(span.1),
                _ => apart.push(span),
            }
        }
        apart
    }
}

/// What several dumps leave in doubt.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// Nothing before the first dump.
    doubts: Option<Doubts>,
}

#[derive(Debug)]
struct Doubts {
    tables: BTreeMap<TableId, Vec<Span>>,
    /// A table that no dump showed may have been left out by all.
    unseen: bool,
}

impl Coverage {
    /// Adds a dump.
    pub(crate) fn add(&mut self, dump: &Seams) {
        let before = self.doubts.take();
        let known = before.iter().flat_map(|doubts| doubts.tables.keys().copied());
        let tables: BTreeSet<TableId> = known.chain(dump.shown.iter().copied()).collect();
        let tables = tables.into_iter().map(|table| {
            let spans = dump.of(table);
            let spans = match &before {
                None => spans,
                Some(doubts) => match doubts.tables.get(&table) {
                    Some(doubtful) => common(doubtful, &spans),
                    None if doubts.unseen => spans,
                    // It came only after an earlier dump had passed its place.
                    None => Vec::new(),
                },
            };
            (table, spans)
        });
        let tables = tables.collect();
        let unseen = dump.between_tables && before.as_ref().is_none_or(|doubts| doubts.unseen);
        self.doubts = Some(Doubts { tables, unseen });
    }

    /// Whether nothing is in doubt.
    pub(crate) fn is_complete(&self) -> bool {
        self.doubts.as_ref().is_some_and(|doubts| !doubts.unseen && doubts.tables.values().all(Vec::is_empty))
    }
}

/// What lies in a span of each.
fn common(some: &[Span], others: &[Span]) -> Vec<Span> {
    let (mut at, mut other) = (0, 0);
    let mut both = Vec::new();
    while let (Some(a), Some(b)) = (some.get(at), others.get(other)) {
        let span = (a.0.max(b.0), a.1.min(b.1));
        if span.0 <= span.1 {
            both.push(span);
        }
        if a.1 < b.1 { at += 1 } else { other += 1 }
    }
    both
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Family;
    use crate::source::linux::dump::{Request, dump};
    use crate::source::linux::route_decoder::RouteDecoder;
    use crate::source::linux::socket::Socket;
    use crate::source::linux::testing::{add_route, change, in_new_namespace};

    /// A dump of table main: rows by their number, datagrams as slices.
    fn shown(datagrams: &[&[u32]]) -> Seams {
        shown_up_to(datagrams, Room::No)
    }

    fn shown_up_to(datagrams: &[&[u32]], last: Room) -> Seams {
        let mut seams = Seams::default();
        for (at, datagram) in datagrams.iter().enumerate() {
            for number in *datagram {
                let net = format!("2001:db8:{number:x}::/48").parse().unwrap();
                seams.row(TableId::MAIN, &net);
            }
            if at + 1 < datagrams.len() {
                seams.datagram_ends();
            }
        }
        seams.dump_ends(last);
        seams
    }

    fn is_complete(dumps: &[Seams]) -> bool {
        let mut coverage = Coverage::default();
        dumps.iter().for_each(|dump| coverage.add(dump));
        coverage.is_complete()
    }

    #[test]
    fn one_datagram_shows_a_table_whole() {
        assert!(!is_complete(&[]));
        assert!(is_complete(&[shown(&[&[1, 2, 3]])]));
    }

    #[test]
    fn a_seam_is_in_doubt_until_another_dump_passes_it_inside_a_datagram() {
        let [first, same, other] =
            [&[&[1, 2][..], &[3, 4]][..], &[&[1, 2], &[3, 4]], &[&[1, 2, 3], &[4]]].map(shown);
        assert!(!is_complete(&[shown(&[&[1, 2], &[3, 4]])]));
        assert!(is_complete(&[first, same, other, shown(&[&[1], &[2, 3, 4]])]));
    }

    #[test]
    fn what_several_dumps_leave_out_at_one_place_stays_in_doubt() {
        // 3 is there, and no dump shows it.
        let dumps = [&[&[1, 2][..], &[4, 5]][..], &[&[1, 2], &[4], &[5]], &[&[1], &[2], &[4, 5]]].map(shown);
        assert!(!is_complete(&dumps));
        let whole = [&[&[1, 2][..], &[4, 5, 6]][..], &[&[1, 2, 3, 4, 5], &[6]]].map(shown);
        assert!(is_complete(&whole));
    }

    #[test]
    fn an_end_that_comes_alone_leaves_the_end_of_the_table_in_doubt() {
        assert!(!is_complete(&[shown(&[&[1, 2], &[]])]));
        assert!(is_complete(&[shown(&[&[1, 2], &[]]), shown(&[&[1, 2]])]));
        assert!(is_complete(&[shown_up_to(&[&[1, 2], &[]], Room::Left)]));
    }

    #[test]
    fn rows_shown_again_leave_nothing_out() {
        assert!(is_complete(&[shown(&[&[1, 2, 3], &[2, 3, 4]])]));
    }

    #[test]
    fn a_seam_between_two_tables_may_hide_a_third() {
        let mut seams = Seams::default();
        let net = "2001:db8::/48".parse().unwrap();
        seams.row(TableId::LOCAL, &net);
        seams.datagram_ends();
        seams.row(TableId::MAIN, &net);
        seams.dump_ends(Room::No);
        assert!(!is_complete(&[seams]));
    }

    #[test]
    fn the_kernel_walks_a_table_in_the_order_of_places() {
        in_new_namespace(|| {
            let socket = Socket::open(&[], None).unwrap();
            let nets = [
                "::/0",
                "2001:db8::/32",
                "2001:db8::/48",
                "2001:db8::1/128",
                "2001:db8:0:ffff::/64",
                "2001:db8:ffff::/48",
                "2001:db8:ffff:ffff::/64",
                "4000::/2",
                "8000::/1",
            ];
            for net in nets {
                change(&socket, &add_route(&net.parse().unwrap())).unwrap();
            }
            let mut decoder = RouteDecoder::new(BTreeMap::new());
            let mut walk = Vec::new();
            let request = Request::routes(Family::V6, Some(TableId::MAIN));
            dump(&socket, &request, &mut Vec::new(), |message| {
                walk.extend(decoder.decode(message.payload).ok().map(|route| Place::of(&route.destination)));
            })
            .unwrap();
            assert!(walk.len() >= nets.len() && walk.is_sorted(), "{walk:?}");
        });
    }

    #[test]
    fn a_covering_prefix_is_visited_after_what_it_covers() {
        let [a, b, c] = ["2001:db8::/48", "2001:db8:ffff::/48", "2001:db8::/32"]
            .map(|net| Place::of(&net.parse().unwrap()));
        assert!(a < b && b < c);
    }
}
