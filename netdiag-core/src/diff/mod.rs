//! What changed between two snapshots, by the kernel's own identity of things.
//!
//! [`diff`] lists the changes, [`apply`] plays them on a snapshot, [`effects`] says which
//! destinations leave by another way because of them, and [`DiffDocument`] is all of it as
//! `netdiag.diff/1`.
//!
//! # Identity
//!
//! | what | the same thing when |
//! | --- | --- |
//! | link | index, generation and kind are the same, and not both the hardware address and the name differ; a new name with all else equal is a rename |
//! | address | link, address, prefix length and (IPv4) peer |
//! | route | everything. Routes of one destination and table may share the key of [`RouteKey`], and then their order counts |
//! | rule | family, priority and every selector |
//! | neighbour | link, address, proxy or not |
//! | nexthop object | number |
//! | address label | prefix and link |
//! | resolver statement | file, link, and the whole statement; its order in the file counts |
//! | sysctl | name |
//!
//! A route that went and one that came at the same destination are told as one modified route
//! when they differ in the metric only, or when they share the kernel's key (`fib_table_insert`
//! in `net/ipv4/fib_trie.c`, `fib6_add_rt2node` in `net/ipv6/ip6_fib.c`).
//!
//! A link whose index was taken over by another link takes its addresses, neighbours and routes
//! with it: those are removed and added again, even if they look the same.
//!
//! What changes by itself is quiet: [`Snapshot::without_volatile`] has the list.
//!
//! [`RouteKey`]: crate::model::RouteKey

mod apply;
mod change;
mod effects;
mod json;
mod quiet;
mod resolver;
mod routes;
mod rows;
mod sequence;
mod text;

pub use apply::apply;
pub use change::{Change, Object, ResolverLine, Sysctl};
pub use effects::{Effect, EffectGroup, Leg, Outcome, WayOut, effects, group_effects};
pub(crate) use json::change_properties;
pub use json::{DIFF_FORMAT, DiffDocument, Side};
pub use resolver::resolver_lines;
pub use text::field_in_words;

use crate::snapshot::Snapshot;

/// All changes from `before` to `after`, in a fixed order: links, addresses, nexthop objects,
/// routes, rules, neighbours, address labels, resolver, sysctls; each sorted by its key.
///
/// Routes are compared by one walk over both sorted lists. Tables that both snapshots share are
/// skipped, and a row that is equal on both sides allocates nothing.
#[must_use]
pub fn diff(before: &Snapshot, after: &Snapshot) -> Vec<Change> {
    let replaced = rows::replaced_links(before, after);
    let mut changes = Vec::new();
    rows::links(before, after, &mut changes);
    rows::addresses(before, after, &replaced, &mut changes);
    rows::nexthops(before, after, &replaced, &mut changes);
    routes::routes(before.routes(), after.routes(), &replaced, &mut changes);
    rows::rules(before, after, &mut changes);
    rows::neighbors(before, after, &replaced, &mut changes);
    rows::address_labels(before, after, &replaced, &mut changes);
    rows::resolver(before, after, &mut changes);
    rows::sysctls(before, after, &mut changes);
    changes
}

#[cfg(test)]
mod tests;
