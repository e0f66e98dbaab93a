//! What one notification of the kernel says, and which parts of the state it makes doubtful.

use jiff::Timestamp;

use crate::model::{
    Address, Family, Link, Neighbor, NeighborState, NextHopObject, Process, Route, Rule, TableId,
};
use crate::snapshot::Snapshot;

/// One notification. It is believed for what it says happened, never for what the state is now.
#[derive(Clone, Debug)]
pub(super) struct Hint {
    /// When it was taken from the socket.
    pub(super) time: Timestamp,
    /// The process that asked for the change; `None` for the kernel itself and where unknown.
    pub(super) by: Option<Process>,
    /// What it says.
    pub(super) news: News,
}

/// The content of a notification.
#[derive(Clone, Debug)]
pub(super) enum News {
    /// RTM_NEWLINK.
    Link(Link),
    /// RTM_DELLINK.
    LinkGone(Link),
    /// RTM_NEWADDR.
    Address(Address),
    /// RTM_DELADDR.
    AddressGone(Address),
    /// RTM_NEWROUTE.
    Route {
        /// The route; for an IPv6 append the whole new set of legs.
        route: Route,
        /// NLM_F_REPLACE: another route went for it, without a message of its own.
        replaces: bool,
    },
    /// RTM_DELROUTE. For IPv6 it may hold one leg of a route that stays.
    RouteGone(Route),
    /// RTM_NEWRULE.
    Rule(Rule),
    /// RTM_DELRULE.
    RuleGone(Rule),
    /// RTM_NEWNEIGH.
    Neighbor(Neighbor),
    /// RTM_DELNEIGH.
    NeighborGone(Neighbor),
    /// RTM_NEWNEXTHOP.
    NextHop(NextHopObject),
    /// RTM_DELNEXTHOP.
    NextHopGone(NextHopObject),
    /// RTM_NEWNETCONF, RTM_DELNETCONF: a switch of a link changed.
    Switches,
    /// RTM_NEWPREFIX: a router advertisement came. Routes and lifetimes that it refreshes are
    /// not all announced.
    RouterAdvertisement,
}

/// So many routes are read in some milliseconds.
const QUICKLY_READ: usize = 4096;

/// Parts of the state that are not known to be current.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) links: bool,
    pub(super) addresses: bool,
    pub(super) routes_v4: Tables,
    pub(super) routes_v6: Tables,
    pub(super) rules: bool,
    pub(super) neighbors: bool,
    pub(super) nexthops: bool,
    pub(super) resolver: bool,
    pub(super) switches: bool,
}

/// Which tables of one family are doubtful.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tables {
    /// None.
    #[default]
    None,
    /// This one.
    One(TableId),
    /// Any of them.
    All,
}

impl Tables {
    pub(super) fn join(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, tables) | (tables, Self::None) => tables,
            (Self::One(a), Self::One(b)) if a == b => self,
            _ => Self::All,
        }
    }
}

impl Doubt {
    /// Everything is doubtful, as after lost messages.
    pub(super) const EVERYTHING: Self = Self {
        links: true,
        addresses: true,
        routes_v4: Tables::All,
        routes_v6: Tables::All,
        rules: true,
        neighbors: true,
        nexthops: true,
        resolver: true,
        switches: true,
    };

    /// What holds numbers of seconds that ran on since the state was read. Expiring routes in a
    /// large table keep theirs until the table is read for another reason.
    pub(super) fn of_running_time(state: &Snapshot) -> Self {
        let has_lifetime =
            |address: &Address| address.preferred_for_s.is_some() || address.valid_for_s.is_some();
        let mut doubt = Self { addresses: state.addresses().iter().any(has_lifetime), ..Self::default() };
        let tables = state.routes().tables().iter().filter(|table| table.family() == Family::V6);
        for table in tables.filter(|table| table.routes().len() <= QUICKLY_READ) {
            if table.routes().iter().any(|route| route.expires_in_s.is_some()) {
                doubt.routes_v6 = doubt.routes_v6.join(Tables::One(table.id()));
            }
        }
        doubt
    }

    /// Whether nothing is doubtful.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Doubts what either of the two doubts.
    pub(super) fn join(self, other: Self) -> Self {
        Self {
            links: self.links || other.links,
            addresses: self.addresses || other.addresses,
            routes_v4: self.routes_v4.join(other.routes_v4),
            routes_v6: self.routes_v6.join(other.routes_v6),
            rules: self.rules || other.rules,
            neighbors: self.neighbors || other.neighbors,
            nexthops: self.nexthops || other.nexthops,
            resolver: self.resolver || other.resolver,
            switches: self.switches || other.switches,
        }
    }

    fn routes(family: Family, tables: Tables) -> Self {
        match family {
            Family::V4 => Self { routes_v4: tables, ..Self::default() },
            Family::V6 => Self { routes_v6: tables, ..Self::default() },
        }
    }

    /// Whether the list that a notification is about is doubtful already: then one that repeats
    /// what is known may be the second half of a change and its undoing.
    pub(super) fn is_about(&self, news: &News) -> bool {
        match news {
            News::Link(_) => self.links,
            News::Neighbor(neighbor) => self.neighbors && neighbor.state != NeighborState::NO_ARP,
            _ => false,
        }
    }

    /// What a notification makes doubtful, given the state as last read.
    ///
    /// Linux tells little of what follows from a change of a link, an address or a nexthop
    /// object: IPv4 routes go without a word, nexthop flags flip, rules become detached. So each
    /// of these doubts everything that hangs on a link.
    pub(super) fn raised_by(news: &News, state: &Snapshot) -> Self {
        let on_links = Self {
            links: true,
            addresses: true,
            routes_v4: Tables::All,
            routes_v6: Tables::All,
            rules: true,
            neighbors: true,
            nexthops: true,
            ..Self::default()
        };
        match news {
            // Wireless statistics and the like repeat a link that did not change.
            News::Link(link) => match state.link(link.index) {
                Some(known) if same_link(known, link) => Self::default(),
                Some(_) => on_links,
                None => Self { switches: true, ..on_links },
            },
            News::LinkGone(_) => Self { switches: true, ..on_links },
            News::Address(address) | News::AddressGone(address) => {
                Self { addresses: true, ..Self::routes(Family::of(&address.address.addr()), Tables::All) }
            }
            News::Route { route, .. } | News::RouteGone(route) => {
                Self::routes(route.family(), Tables::One(route.table))
            }
            News::Rule(_) | News::RuleGone(_) => Self { rules: true, ..Self::default() },
            News::Neighbor(neighbor) => {
                let known = state.neighbors().binary_search_by_key(&neighbor.key(), Neighbor::key);
                let known = known.ok().and_then(|at| state.neighbors().get(at));
                // The kernel makes these for itself; they are no change (`Snapshot::without_volatile`).
                let noarp = |neighbor: &Neighbor| neighbor.state == NeighborState::NO_ARP;
                let of_the_kernel = noarp(neighbor) && known.is_none_or(noarp);
                let same = of_the_kernel
                    || known.is_some_and(|known| {
                        known.mac == neighbor.mac
                            && known.flags == neighbor.flags
                            && is_ordinary(known) == is_ordinary(neighbor)
                            && (is_ordinary(known) || known.state == neighbor.state)
                    });
                Self { neighbors: !same, ..Self::default() }
            }
            News::NeighborGone(neighbor) => {
                Self { neighbors: neighbor.state != NeighborState::NO_ARP, ..Self::default() }
            }
            News::NextHop(_) | News::NextHopGone(_) => {
                Self { nexthops: true, routes_v4: Tables::All, routes_v6: Tables::All, ..Self::default() }
            }
            News::Switches => Self { switches: true, routes_v6: Tables::All, ..Self::default() },
            News::RouterAdvertisement => Self { addresses: true, routes_v6: Tables::All, ..Self::default() },
        }
    }
}

/// Whether a neighbour is in a state that it enters and leaves in ordinary life.
pub(super) fn is_ordinary(neighbor: &Neighbor) -> bool {
    use NeighborState as State;
    matches!(neighbor.state, State::REACHABLE | State::STALE | State::DELAY | State::PROBE)
}

/// Whether a notification repeats what is known of a link, apart from what notifications do not
/// hold: the names of other links, and the owner.
fn same_link(known: &Link, told: &Link) -> bool {
    let told = Link {
        master: known.master.clone(),
        peer: known.peer.clone(),
        owner: known.owner.clone(),
        ..told.clone()
    };
    *known == told
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::{Host, RouteAttributes};
    use crate::snapshot::SnapshotBuilder;

    #[test]
    fn a_route_doubts_its_own_table_only_and_two_tables_doubt_them_all() {
        let state = SnapshotBuilder::new(Timestamp::UNIX_EPOCH, Host::default()).build();
        let told = |table| {
            News::RouteGone(Route::new(
                Family::V4.everything(),
                RouteAttributes { table: TableId(table), ..RouteAttributes::default() },
            ))
        };
        let first = Doubt::raised_by(&told(100), &state);
        assert_eq!(first, Doubt { routes_v4: Tables::One(TableId(100)), ..Doubt::default() });
        let both = first.join(Doubt::raised_by(&told(200), &state));
        assert_eq!(both, Doubt { routes_v4: Tables::All, ..Doubt::default() });
    }

    #[test]
    fn everything_is_more_than_nothing() {
        assert!(Doubt::default().is_empty());
        assert!(!Doubt::EVERYTHING.is_empty());
        assert_eq!(Doubt::default().join(Doubt::EVERYTHING), Doubt::EVERYTHING);
    }
}
