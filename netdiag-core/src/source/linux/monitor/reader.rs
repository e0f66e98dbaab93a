//! Reads the parts of the state that are doubtful, and leaves the rest as it was.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::hint::{Doubt, Tables};
use crate::error::Error;
use crate::model::{Family, Link, LinkName, Problem, Route, RouteTable};
use crate::snapshot::Snapshot;
use crate::source::linux::decode::DecodeError;
use crate::source::linux::dump::{Request, ask};
use crate::source::linux::read::{name_holders, names, read_here};
use crate::source::linux::regions::{
    Region, Trouble, read_addresses, read_labels, read_links, read_neighbors, read_nexthops, read_rules,
};
use crate::source::linux::route_decoder::RouteDecoder;
use crate::source::linux::routes::read_routes;
use crate::source::linux::socket::{DATAGRAM, Socket};
use crate::source::linux::sysctls;
use crate::source::{Namespace, now, resolver};

const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

/// The list under which the first reading has the trouble with routes of both families.
const FIRST_ROUTES: &str = "routes";

/// The list under which later readings have that of one family.
fn routes_of(family: Family) -> String {
    format!("routes {}", family.number())
}

/// Asks the kernel, with a socket and a route decoder that last.
pub(super) struct Reader {
    resolver_files: resolver::Roots,
    socket: Socket,
    buffer: Vec<u8>,
    decoder: RouteDecoder,
    /// What went wrong when each list was last read.
    problems: BTreeMap<String, Vec<Problem>>,
}

impl Reader {
    /// A reader for the namespace that the calling thread is in, and the first state.
    pub(super) fn open(namespace: &Namespace) -> Result<(Self, Snapshot), Error> {
        let socket = Socket::open(&[], None).map_err(asked)?;
        let state = read_here(namespace)?;
        let mut problems: BTreeMap<String, Vec<Problem>> = BTreeMap::new();
        for problem in state.problems() {
            problems.entry(problem.area.clone()).or_default().push(problem.clone());
        }
        let reader = Self {
            resolver_files: resolver::Roots::of(namespace),
            socket,
            buffer: vec![0; DATAGRAM],
            decoder: RouteDecoder::new(names(state.links())),
            problems,
        };
        Ok((reader, state))
    }

    /// The route in a notification.
    pub(super) fn decode_route(&mut self, payload: &[u8]) -> Result<Route, DecodeError> {
        self.decoder.decode(payload)
    }

    /// The name of a link that routes get from now on.
    pub(super) fn set_name(&mut self, index: u32, name: Option<LinkName>) {
        self.decoder.set_name(index, name);
    }

    /// Returns when the kernel has answered a question under the lock that writers hold
    /// (`rtnl_lock`) until they have queued their notification.
    pub(super) fn wait_for_writers(&mut self) -> Result<(), Error> {
        // Whatever the answer is: it was given.
        ask(&self.socket, &Request::loopback(), &mut self.buffer).map(|_| ()).map_err(asked)
    }

    /// The state with its doubtful parts read again. `refine_links` may complete the links that
    /// were read.
    pub(super) fn read_again(
        &mut self,
        state: &Snapshot,
        doubt: &Doubt,
        mut refine_links: impl FnMut(&mut Vec<Link>),
    ) -> Result<Snapshot, Error> {
        let mut next = state.to_builder().taken_at(now());
        if doubt.links {
            let region = read_links(&self.socket, &mut self.buffer).map_err(asked)?;
            let mut links = self.note("links", region);
            name_holders(&mut links);
            refine_links(&mut links);
            self.decoder.set_names(names(&links));
            next = next.links(links);
        }
        if doubt.nexthops {
            let region = read_nexthops(&self.socket, &mut self.buffer).map_err(asked)?;
            next = next.nexthops(self.note("nexthops", region));
        }
        if doubt.addresses {
            next = next.addresses(self.both("addresses", read_addresses)?);
        }
        for (family, tables) in [(Family::V4, doubt.routes_v4), (Family::V6, doubt.routes_v6)] {
            if tables != Tables::None {
                next = next.route_tables(self.read_tables(state, family, tables)?);
            }
        }
        if doubt.rules {
            next = next.rules(self.both("rules", read_rules)?);
        }
        if doubt.neighbors {
            next = next.neighbors(self.both("neighbors", read_neighbors)?);
        }
        // Changed labels are never announced, so every reading has a look.
        let region = read_labels(&self.socket, &mut self.buffer).map_err(asked)?;
        next = next.address_labels(self.note("address_labels", region));
        if doubt.resolver {
            let (resolver, problems) = resolver::read(&self.resolver_files);
            self.problems.insert("resolver".to_owned(), problems);
            next = next.resolver(resolver);
        }
        if doubt.switches {
            next = next.sysctls(sysctls::read());
        }
        Ok(next.problems(self.problems.values().flatten().cloned()).build())
    }

    /// The tables of a family, or the one in doubt; a table that is gone comes back empty.
    fn read_tables(
        &mut self,
        state: &Snapshot,
        family: Family,
        tables: Tables,
    ) -> Result<Vec<Arc<RouteTable>>, Error> {
        let one = match tables {
            // Trouble is not kept by table: where there is some, only the whole family can end it.
            Tables::One(table) if !self.has_trouble(family) => Some(table),
            Tables::One(_) | Tables::None | Tables::All => None,
        };
        let region = read_routes(family, one, &mut self.decoder).map_err(asked)?;
        self.keep_problems(&routes_of(family), region.trouble);
        if FAMILIES.iter().all(|family| self.problems.contains_key(&routes_of(*family))) {
            self.problems.remove(FIRST_ROUTES);
        }
        let mut read = region.tables;
        let known = state.routes().tables().iter().filter(|table| table.family() == family);
        for gone in known.filter(|table| one.is_none_or(|one| one == table.id())) {
            if !read.iter().any(|table| table.id() == gone.id()) {
                read.push(Arc::new(RouteTable::from_dump_order(family, gone.id(), Vec::new())));
            }
        }
        self.decoder.forget_unused();
        Ok(read)
    }

    fn has_trouble(&self, family: Family) -> bool {
        let has_some = |list: &str| self.problems.get(list).is_some_and(|problems| !problems.is_empty());
        // The first reading does not say which family it was.
        has_some(&routes_of(family))
            || (!self.problems.contains_key(&routes_of(family)) && has_some(FIRST_ROUTES))
    }

    fn both<T>(
        &mut self,
        area: &str,
        read: impl Fn(&Socket, &mut Vec<u8>, Family) -> io::Result<Region<T>>,
    ) -> Result<Vec<T>, Error> {
        let mut rows = Vec::new();
        let mut trouble = Trouble::default();
        for family in FAMILIES {
            let region = read(&self.socket, &mut self.buffer, family).map_err(asked)?;
            rows.extend(region.rows);
            trouble.problems.extend(region.trouble.problems);
        }
        self.keep_problems(area, trouble);
        Ok(rows)
    }

    fn note<T>(&mut self, area: &str, region: Region<T>) -> Vec<T> {
        self.keep_problems(area, region.trouble);
        region.rows
    }

    fn keep_problems(&mut self, list: &str, trouble: Trouble) {
        self.problems.insert(list.to_owned(), trouble.problems);
    }
}

fn asked(cause: io::Error) -> Error {
    Error::system("ask the kernel over netlink", cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ProblemKind, TableId};
    use crate::source::linux::testing::in_new_namespace;

    #[test]
    fn trouble_of_the_first_reading_ends_when_both_families_were_read_without_any() {
        in_new_namespace(|| {
            let (mut reader, state) = Reader::open(&Namespace::Own).unwrap();
            let (kind, area) = (ProblemKind::Inconsistent, FIRST_ROUTES.to_owned());
            let problem = Problem { kind, area, detail: "kept changing".to_owned(), count: 1 };
            reader.problems.insert(FIRST_ROUTES.to_owned(), vec![problem]);
            let mut about_routes = |doubt: Doubt| {
                let read = reader.read_again(&state, &doubt, |_| {}).unwrap();
                read.problems().iter().filter(|problem| problem.area == FIRST_ROUTES).count()
            };
            let main = Tables::One(TableId::MAIN);
            assert_eq!(about_routes(Doubt { routes_v4: main, ..Doubt::default() }), 1);
            assert_eq!(about_routes(Doubt { routes_v6: main, ..Doubt::default() }), 0);
        });
    }
}
