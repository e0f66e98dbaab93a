//! The rows of the Routes screen.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use netdiag_core::model::{Family, NextHop, Route, RouteAttributes, RouteTable, TableId};

use super::{MANY_ROUTES, Wanted};
use crate::filter::{Filter, Known, RouteFilter};
use crate::tui::journal::same_route;
use crate::tui::marks::{Gone, Marks};

/// By what routes are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Sort {
    /// Table main first, table local last; inside a table by destination, in lookup order.
    #[default]
    Table,
    Destination,
    Via,
    Link,
    Metric,
    Protocol,
}

impl Sort {
    /// The next one.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::Table => Self::Destination,
            Self::Destination => Self::Via,
            Self::Via => Self::Link,
            Self::Link => Self::Metric,
            Self::Metric => Self::Protocol,
            Self::Protocol => Self::Table,
        }
    }

    /// Its name on the screen.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Destination => "destination",
            Self::Via => "via",
            Self::Link => "link",
            Self::Metric => "metric",
            Self::Protocol => "protocol",
        }
    }
}

/// A row of the Routes screen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RouteRow<'a> {
    /// A route that is there, and its place among the routes of its destination.
    Current(&'a Route, usize),
    /// One that is not.
    Gone(&'a Gone<Route>),
}

impl<'a> RouteRow<'a> {
    /// The route.
    pub(crate) fn route(self) -> &'a Route {
        match self {
            Self::Current(route, _) => route,
            Self::Gone(gone) => &gone.row,
        }
    }
}

/// A row, and where to look for what a filter asks beyond the route.
struct Asked<'a> {
    row: RouteRow<'a>,
    wanted: Wanted<'a>,
}

impl Known for Asked<'_> {
    fn change(&self) -> Option<char> {
        let mark = match self.row {
            RouteRow::Gone(gone) => gone.mark,
            RouteRow::Current(route, position) => self.wanted.marks?.route(route, position)?.mark,
        };
        Some(mark.glyph())
    }

    fn age_s(&self) -> Option<u64> {
        let time = match self.row {
            RouteRow::Gone(gone) => gone.went.or(gone.came)?,
            RouteRow::Current(route, _) => self.wanted.data.journal.latest_of(route)?.time,
        };
        Some(self.wanted.age_s(time))
    }
}

/// The rows of the Routes screen. A number below `total` is a route of the tables in their
/// order here; above, a gone route.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteRows {
    tables: Vec<Arc<RouteTable>>,
    starts: Vec<u32>,
    total: u32,
    /// `None` = all routes as they stand.
    order: Option<Vec<u32>>,
    /// How many rows the filter hides.
    pub(crate) hidden: usize,
}

/// Tables in the order people look for them: main, the numbered ones, default, local last.
fn rank(family: Family, id: TableId) -> (u8, TableId, Family) {
    let class = match id {
        TableId::MAIN => 0,
        TableId::DEFAULT => 2,
        TableId::LOCAL => 3,
        _ => 1,
    };
    (class, id, family)
}

impl RouteRows {
    /// Chooses and orders the rows.
    pub(crate) fn new(wanted: Wanted<'_>, sort: Sort, reverse: bool) -> Self {
        let mut tables = wanted.data.snapshot.routes().tables().to_vec();
        tables.sort_by_key(|table| rank(table.family(), table.id()));
        let mut starts = Vec::with_capacity(tables.len());
        let mut total: u32 = 0;
        for table in &tables {
            starts.push(total);
            total = total.saturating_add(u32::try_from(table.routes().len()).unwrap_or(u32::MAX));
        }
        let mut rows = Self { tables, starts, total, order: None, hidden: 0 };
        let gone: &[Gone<Route>] = wanted.marks.map_or(&[], |marks| &marks.gone_routes);
        let is_whole = !wanted.only_changes && gone.is_empty() && wanted.filter.is_none();
        if is_whole && sort == Sort::Table && !reverse {
            return rows;
        }
        let mut order = match (wanted.only_changes, wanted.marks) {
            (true, Some(marks)) => rows.marked(marks),
            _ => (0..total).collect(),
        };
        rows.merge(&mut order, gone);
        if let Some(filter) = wanted.filter {
            let all = order.len();
            order = rows.filter(&order, wanted, filter);
            rows.hidden = all - order.len();
        }
        rows.sort(&mut order, wanted.marks, sort);
        if reverse {
            order.reverse();
        }
        rows.order = Some(order);
        rows
    }

    fn filter(&self, order: &[u32], wanted: Wanted<'_>, filter: &Filter) -> Vec<u32> {
        let part = |rows: &[u32]| {
            let mut filter = RouteFilter::new(filter, &wanted.data.snapshot);
            let mut matches = |row: u32| {
                let row = self.of(row, wanted.marks);
                row.is_some_and(|row| filter.matches(row.route(), &Asked { row, wanted }))
            };
            rows.iter().copied().filter(|row| matches(*row)).collect::<Vec<u32>>()
        };
        let threads = match order.len() {
            0..=MANY_ROUTES => 1,
            _ => thread::available_parallelism().map_or(1, NonZeroUsize::get),
        };
        let parts = order.chunks(order.len().div_ceil(threads).max(1));
        if parts.len() <= 1 {
            return part(order);
        }
        thread::scope(|scope| {
            let parts: Vec<_> = parts.map(|rows| scope.spawn(|| part(rows))).collect();
            let rows = parts.into_iter().map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic)));
            rows.flatten().collect()
        })
    }

    /// The numbers of the marked routes.
    fn marked(&self, marks: &Marks) -> Vec<u32> {
        let mut numbers: Vec<u32> = marks
            .routes
            .keys()
            .filter_map(|(family, id, destination, position)| {
                let at =
                    self.tables.iter().position(|table| (table.family(), table.id()) == (*family, *id))?;
                let table = self.tables.get(at)?;
                let first = table.routes().partition_point(|route| route.destination < *destination);
                let number = u32::try_from(first + position).ok()?.checked_add(*self.starts.get(at)?)?;
                (number < self.total).then_some(number)
            })
            .collect();
        numbers.sort_unstable();
        numbers
    }

    /// Puts gone routes where they stood.
    fn merge(&self, order: &mut Vec<u32>, gone: &[Gone<Route>]) {
        if gone.is_empty() {
            return;
        }
        let mut places: Vec<(u32, u32)> =
            gone.iter().zip(self.total..).map(|(gone, number)| (self.place(&gone.row), number)).collect();
        places.sort_unstable();
        let mut merged = Vec::with_capacity(order.len() + places.len());
        let mut places = places.into_iter().peekable();
        for row in order.iter().copied() {
            while let Some((_, number)) = places.next_if(|(place, _)| *place <= row) {
                merged.push(number);
            }
            merged.push(row);
        }
        merged.extend(places.map(|(_, number)| number));
        *order = merged;
    }

    /// Before which number a route that is gone belongs.
    fn place(&self, route: &Route) -> u32 {
        let wanted = rank(route.family(), route.table);
        for (table, start) in self.tables.iter().zip(&self.starts) {
            match rank(table.family(), table.id()).cmp(&wanted) {
                std::cmp::Ordering::Less => {}
                std::cmp::Ordering::Equal => {
                    let at = table.routes().partition_point(|other| other.destination <= route.destination);
                    return start.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
                }
                std::cmp::Ordering::Greater => return *start,
            }
        }
        self.total
    }

    fn sort(&self, order: &mut [u32], marks: Option<&Marks>, sort: Sort) {
        let route = |row: &u32| self.of(*row, marks).map(RouteRow::route);
        match sort {
            Sort::Table => {}
            Sort::Destination => order.sort_by_cached_key(|row| route(row).map(|route| route.destination)),
            Sort::Via => self.sort_by_attributes(order, marks, |a| first_hop(a).map(|hop| hop.gateway)),
            Sort::Link => self.sort_by_attributes(order, marks, |a| first_hop(a).map(|hop| hop.link.clone())),
            Sort::Metric => self.sort_by_attributes(order, marks, |a| a.metric),
            Sort::Protocol => self.sort_by_attributes(order, marks, |a| a.protocol.to_string()),
        }
    }

    /// Sorts by something that all routes of one attribute set share: the sets are ranked, which
    /// are few, and the rows are sorted by number.
    fn sort_by_attributes<K: Ord>(
        &self,
        order: &mut [u32],
        marks: Option<&Marks>,
        key: impl Fn(&RouteAttributes) -> K,
    ) {
        let mut sets: BTreeMap<*const RouteAttributes, Option<K>> = BTreeMap::new();
        let set = |row: &u32| self.of(*row, marks).map(|row| &row.route().attributes);
        for row in order.iter() {
            if let Some(attributes) = set(row) {
                sets.entry(Arc::as_ptr(attributes)).or_insert_with(|| Some(key(attributes)));
            }
        }
        let mut ranked: Vec<(Option<K>, *const RouteAttributes)> =
            sets.into_iter().map(|(set, key)| (key, set)).collect();
        ranked.sort_by(|one, other| one.0.cmp(&other.0));
        let mut ranks: BTreeMap<*const RouteAttributes, usize> = BTreeMap::new();
        let mut rank = 0;
        for (at, (key, set)) in ranked.iter().enumerate() {
            if at > 0 && ranked[at - 1].0 != *key {
                rank = at;
            }
            ranks.insert(*set, rank);
        }
        order.sort_by_cached_key(|row| set(row).and_then(|set| ranks.get(&Arc::as_ptr(set)).copied()));
    }

    /// How many routes there are before anything is left out.
    pub(crate) fn total(&self) -> usize {
        self.total as usize
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.order.as_ref().map_or(self.total as usize, Vec::len)
    }

    /// The row at a place in the list.
    pub(crate) fn get<'a>(&'a self, at: usize, marks: Option<&'a Marks>) -> Option<RouteRow<'a>> {
        self.of(self.number(at)?, marks)
    }

    /// The number at a place in the list.
    fn number(&self, at: usize) -> Option<u32> {
        match &self.order {
            Some(order) => order.get(at).copied(),
            None => u32::try_from(at).ok().filter(|at| *at < self.total),
        }
    }

    fn of<'a>(&'a self, number: u32, marks: Option<&'a Marks>) -> Option<RouteRow<'a>> {
        if number >= self.total {
            return marks?.gone_routes.get((number - self.total) as usize).map(RouteRow::Gone);
        }
        let at = self.starts.partition_point(|start| *start <= number).checked_sub(1)?;
        let routes = self.tables.get(at)?.routes();
        let row = (number - self.starts.get(at)?) as usize;
        let route = routes.get(row)?;
        let siblings = routes.get(..row)?.iter().rev();
        let position = siblings.take_while(|other| other.destination == route.destination).count();
        Some(RouteRow::Current(route, position))
    }

    /// Where a route stands in the list now; if its values changed, where its destination stands.
    pub(crate) fn find(&self, wanted: &Route, marks: Option<&Marks>) -> Option<usize> {
        let route = |number: u32| self.of(number, marks).map(RouteRow::route);
        let gone = marks.map_or(0, |marks| u32::try_from(marks.gone_routes.len()).unwrap_or(0));
        let is_it = |number: &u32| route(*number).is_some_and(|other| same_route(other, wanted));
        let siblings = (0..self.place(wanted))
            .rev()
            .take_while(|number| route(*number).is_some_and(|other| other.destination == wanted.destination));
        let siblings: Vec<u32> = siblings.collect();
        let number = siblings
            .iter()
            .copied()
            .find(is_it)
            .or_else(|| (self.total..self.total.saturating_add(gone)).find(is_it))
            .or_else(|| siblings.last().copied())?;
        match &self.order {
            Some(order) => order.iter().position(|row| *row == number),
            None => Some(number as usize),
        }
    }
}

fn first_hop(attributes: &RouteAttributes) -> Option<&NextHop> {
    attributes.nexthops.first()
}
