//! Routing tables: the routes of a host, by family and table, in the kernel's lookup order.

use std::cmp::Ordering;
use std::collections::BTreeMap;
#[allow(clippy::disallowed_types, reason = "never iterated: its order cannot reach any output")]
use std::collections::HashMap;
use std::sync::Arc;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::de::{SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Family, Route, RouteAttributes, TableId};

/// All routes of a host.
///
/// Tables are shared, not copied: a snapshot that differs from the one before in one table costs
/// that one table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    tables: Vec<Arc<RouteTable>>,
}

/// One routing table of one family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    family: Family,
    id: TableId,
    routes: Vec<Route>,
}

impl RouteTable {
    /// A table from routes in the kernel's dump order.
    ///
    /// They are sorted by destination; routes of equal destination keep their order, because for
    /// them dump order is lookup order. IPv6 rows are also sorted by source prefix and metric,
    /// since an IPv6 dump may have been put together from several.
    #[must_use]
    pub fn from_dump_order(family: Family, id: TableId, mut routes: Vec<Route>) -> Self {
        sort(&mut routes, |a, b| {
            a.destination.cmp(&b.destination).then_with(|| match family {
                Family::V4 => Ordering::Equal,
                Family::V6 => (a.source_prefix, a.metric).cmp(&(b.source_prefix, b.metric)),
            })
        });
        routes.shrink_to_fit();
        Self { family, id, routes }
    }

    /// Its family.
    #[must_use]
    pub const fn family(&self) -> Family {
        self.family
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> TableId {
        self.id
    }

    /// The routes, sorted by destination, those of one destination in lookup order.
    #[must_use]
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// The routes of exactly this destination, in lookup order.
    #[must_use]
    pub fn at(&self, destination: &IpNet) -> &[Route] {
        let start = self.routes.partition_point(|route| route.destination < *destination);
        let count = self.routes[start..].iter().take_while(|route| route.destination == *destination).count();
        &self.routes[start..start + count]
    }
}

impl Routes {
    /// All routes from tables; empty tables are left out and the rest sorted by family and number.
    #[must_use]
    pub fn from_tables(tables: impl IntoIterator<Item = Arc<RouteTable>>) -> Self {
        let mut tables: Vec<_> = tables.into_iter().filter(|table| !table.routes.is_empty()).collect();
        tables.sort_by_key(|table| (table.family, table.id));
        debug_assert!(
            tables.windows(2).all(|pair| (pair[0].family, pair[0].id) != (pair[1].family, pair[1].id)),
            "two tables of one family and number"
        );
        Self { tables }
    }

    /// All routes from rows in the kernel's dump order, tables mixed.
    #[must_use]
    pub fn from_dump_order(routes: impl IntoIterator<Item = Route>) -> Self {
        let mut rows = RouteRows::default();
        for route in routes {
            rows.push(route);
        }
        Self::from_tables(rows.into_tables().map(Arc::new))
    }

    /// The tables, sorted by family and number.
    #[must_use]
    pub fn tables(&self) -> &[Arc<RouteTable>] {
        &self.tables
    }

    /// One table.
    #[must_use]
    pub fn table(&self, family: Family, id: TableId) -> Option<&Arc<RouteTable>> {
        self.tables
            .binary_search_by_key(&(family, id), |table| (table.family, table.id))
            .ok()
            .map(|position| &self.tables[position])
    }

    /// All routes: by family, table, destination, and then in lookup order.
    pub fn iter(&self) -> impl Iterator<Item = &Route> {
        self.tables.iter().flat_map(|table| table.routes.iter())
    }

    /// How many routes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tables.iter().map(|table| table.routes.len()).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }
}

/// Collects rows in the kernel's dump order, each in its table at once, so that a full internet
/// table is never held twice.
#[derive(Clone, Debug, Default)]
pub(crate) struct RouteRows {
    by_table: Vec<(Family, TableId, Vec<Route>)>,
    places: BTreeMap<(Family, TableId), usize>,
    last: usize,
}

impl RouteRows {
    /// Takes the next row.
    #[inline]
    pub(crate) fn push(&mut self, route: Route) {
        let (family, id) = (route.family(), route.table);
        if !self.by_table.get(self.last).is_some_and(|row| row.0 == family && row.1 == id) {
            self.last = *self.places.entry((family, id)).or_insert(self.by_table.len());
            if self.last == self.by_table.len() {
                self.by_table.push((family, id, Vec::new()));
            }
        }
        self.by_table[self.last].2.push(route);
    }

    /// The tables, each sorted, in the order they were met.
    pub(crate) fn into_tables(self) -> impl Iterator<Item = RouteTable> {
        self.by_table.into_iter().map(|(family, id, rows)| RouteTable::from_dump_order(family, id, rows))
    }
}

/// Sorts rows that are nearly in order, stably.
///
/// An IPv4 dump is in order but for the longer ones of the prefixes that start at one address,
/// which come first: moving those few rows is cheaper than any general sort. Rows further out of
/// order than that are left to it.
fn sort(routes: &mut [Route], order: impl Fn(&Route, &Route) -> Ordering) {
    const FURTHEST: usize = 32;
    for at in 1..routes.len() {
        let sorted_until = routes[..at]
            .iter()
            .rev()
            .take(FURTHEST)
            .take_while(|before| order(before, &routes[at]) == Ordering::Greater)
            .count();
        if sorted_until == FURTHEST {
            routes.sort_by(order);
            return;
        }
        routes[at - sorted_until..=at].rotate_right(1);
    }
}

/// Makes equal attribute sets the same allocation.
#[derive(Clone, Debug, Default)]
pub struct AttributeInterner {
    #[allow(clippy::disallowed_types, reason = "never iterated: its order cannot reach any output")]
    sets: HashMap<Arc<RouteAttributes>, ()>,
}

impl AttributeInterner {
    /// The shared copy of `attributes`.
    pub fn intern(&mut self, attributes: RouteAttributes) -> Arc<RouteAttributes> {
        if let Some((shared, ())) = self.sets.get_key_value(&attributes) {
            return Arc::clone(shared);
        }
        let shared = Arc::new(attributes);
        self.sets.insert(Arc::clone(&shared), ());
        shared
    }

    /// How many distinct sets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sets.is_empty()
    }

    /// Forgets the sets that nobody else holds.
    pub fn forget_unused(&mut self) {
        self.sets.retain(|shared, ()| Arc::strong_count(shared) > 1);
    }
}

impl Serialize for Routes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.len()))?;
        for route in self.iter() {
            rows.serialize_element(route)?;
        }
        rows.end()
    }
}

impl<'de> Deserialize<'de> for Routes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = Routes;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array of routes")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Routes, A::Error> {
                let mut interner = AttributeInterner::default();
                let mut routes = RouteRows::default();
                let mut last: Option<Arc<RouteAttributes>> = None;
                while let Some(mut route) = rows.next_element::<Route>()? {
                    route.attributes = match last {
                        Some(last) if last == route.attributes => last,
                        _ => interner.intern(Arc::unwrap_or_clone(route.attributes)),
                    };
                    last = Some(Arc::clone(&route.attributes));
                    routes.push(route);
                }
                Ok(Routes::from_tables(routes.into_tables().map(Arc::new)))
            }
        }
        deserializer.deserialize_seq(Rows)
    }
}

impl JsonSchema for Routes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Routes".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let route = generator.subschema_for::<Route>();
        schemars::json_schema!({"type": "array", "items": route})
    }
}
