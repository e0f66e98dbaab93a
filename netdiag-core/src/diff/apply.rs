//! Plays changes on a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use ipnet::IpNet;

use super::change::FromObject;
use super::resolver::{resolver_config, resolver_lines};
use super::{Change, Object, Sysctl, quiet};
use crate::error::{Error, ErrorKind};
use crate::model::{Address, AddressLabel, Family, LinkName, RouteTable, TableId};
use crate::snapshot::Snapshot;

/// The state after these changes: `apply(&a, &diff(&a, &b))` is `b` but for what changes by
/// itself ([`Snapshot::without_volatile`]).
///
/// Rows that are not mentioned stay as they are. A rename of a link shows in every row that
/// refers to it.
///
/// # Errors
///
/// When something that was removed or modified is not there.
pub fn apply(snapshot: &Snapshot, changes: &[Change]) -> Result<Snapshot, Error> {
    let mut parts = Parts::default();
    for change in changes {
        parts.sort_in(change)?;
    }
    let mut builder = snapshot.to_builder();
    if !parts.links.is_empty() {
        builder = builder.links(edit(snapshot.links(), |link| link.index, parts.links, |_| {})?);
    }
    let renamed: Vec<(u32, &LinkName, &LinkName)> = changes.iter().filter_map(rename).collect();
    if !parts.addresses.is_empty() || !renamed.is_empty() {
        // Labels that were the link's name follow it.
        let follow = |address: &mut Address| {
            for (index, from, to) in &renamed {
                if address.link_index == *index && address.label.as_ref() == Some(*from) {
                    address.label = Some((*to).clone());
                    return;
                }
            }
        };
        builder =
            builder.addresses(edit(snapshot.addresses(), |address| address.key(), parts.addresses, follow)?);
    }
    if !parts.nexthops.is_empty() {
        builder = builder.nexthops(edit(snapshot.nexthops(), |nexthop| nexthop.id, parts.nexthops, |_| {})?);
    }
    if !parts.rules.is_empty() {
        builder = builder.rules(edit(snapshot.rules(), |rule| rule.family, parts.rules, |_| {})?);
    }
    if !parts.neighbors.is_empty() {
        builder = builder.neighbors(edit(
            snapshot.neighbors(),
            |neighbor| neighbor.key(),
            parts.neighbors,
            |_| {},
        )?);
    }
    if !parts.address_labels.is_empty() {
        let key = |label: &AddressLabel| (label.prefix, label.link_index);
        builder = builder.address_labels(edit(snapshot.address_labels(), key, parts.address_labels, |_| {})?);
    }
    if !parts.resolver.is_empty() {
        let lines = resolver_lines(snapshot.resolver());
        let lines = edit(&lines, |line| (line.file.clone(), line.link_index), parts.resolver, |_| {})?;
        builder = builder.resolver(resolver_config(&lines, snapshot.resolver()));
    }
    if !parts.sysctls.is_empty() {
        let rows: Vec<Sysctl> = snapshot
            .sysctls()
            .iter()
            .map(|(name, value)| Sysctl { name: name.clone(), value: value.clone() })
            .collect();
        let rows = edit(&rows, |row| row.name.clone(), parts.sysctls, |_| {})?;
        builder = builder.sysctls(rows.into_iter().map(|row| (row.name, row.value)).collect());
    }
    let tables = parts
        .routes
        .into_iter()
        .map(|((family, id), edits)| {
            let rows = snapshot.routes().table(family, id).map_or(&[][..], |table| table.routes());
            let rows = edit(rows, |route| route.destination, edits, |_| {})?;
            Ok(Arc::new(RouteTable::from_dump_order(family, id, rows)))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(builder.route_tables(tables).build())
}

/// The old and the new name, when the change is a rename.
fn rename(change: &Change) -> Option<(u32, &LinkName, &LinkName)> {
    match change {
        Change::Modified { before: Object::Link(old), after: Object::Link(new), .. }
            if old.name != new.name =>
        {
            Some((old.index, &old.name, &new.name))
        }
        _ => None,
    }
}

/// The changes of one group of competing rows.
#[derive(Default)]
struct Edit {
    removed: Vec<(usize, Object)>,
    modified: Vec<Object>,
    placed: Vec<(usize, Object)>,
}

/// The changes by the list they belong to, and there by group.
#[derive(Default)]
struct Parts {
    links: BTreeMap<u32, Edit>,
    addresses: BTreeMap<(u32, IpNet, Option<std::net::IpAddr>), Edit>,
    routes: BTreeMap<(Family, TableId), BTreeMap<IpNet, Edit>>,
    rules: BTreeMap<Family, Edit>,
    neighbors: BTreeMap<(u32, std::net::IpAddr, bool), Edit>,
    nexthops: BTreeMap<u32, Edit>,
    address_labels: BTreeMap<(IpNet, Option<u32>), Edit>,
    resolver: BTreeMap<(String, Option<u32>), Edit>,
    sysctls: BTreeMap<String, Edit>,
}

impl Parts {
    fn sort_in(&mut self, change: &Change) -> Result<(), Error> {
        if let Some((before, after)) = change.before().zip(change.after())
            && before.what() != after.what()
        {
            return Err(failed(before, "it cannot become something of another kind"));
        }
        if let Some(object) = change.before() {
            let edit = self.edit_of(object);
            match change {
                Change::Removed { position, .. } => edit.removed.push((*position, object.clone())),
                _ => edit.modified.push(object.clone()),
            }
        }
        if let Some(object) = change.after() {
            self.edit_of(object).placed.push((change.position(), object.clone()));
        }
        Ok(())
    }

    fn edit_of(&mut self, object: &Object) -> &mut Edit {
        match object {
            Object::Link(row) => self.links.entry(row.index).or_default(),
            Object::Address(row) => self.addresses.entry(row.key()).or_default(),
            Object::Route(row) => {
                self.routes.entry((row.family(), row.table)).or_default().entry(row.destination).or_default()
            }
            Object::Rule(row) => self.rules.entry(row.family).or_default(),
            Object::Neighbor(row) => self.neighbors.entry(row.key()).or_default(),
            Object::NextHop(row) => self.nexthops.entry(row.id).or_default(),
            Object::AddressLabel(row) => self.address_labels.entry((row.prefix, row.link_index)).or_default(),
            Object::Resolver(row) => self.resolver.entry((row.file.clone(), row.link_index)).or_default(),
            Object::Sysctl(row) => self.sysctls.entry(row.name.clone()).or_default(),
        }
    }
}

/// Rewrites the groups of rows that `edits` mentions. A group takes the place of its first row;
/// a new group comes last. `keep` is called for every row that stays.
fn edit<T, K>(
    rows: &[T],
    key: impl Fn(&T) -> K,
    mut edits: BTreeMap<K, Edit>,
    keep: impl Fn(&mut T),
) -> Result<Vec<T>, Error>
where
    T: Clone + FromObject,
    K: Ord,
    Object: From<T>,
{
    let mut members: BTreeMap<&K, Vec<usize>> = BTreeMap::new();
    let keys: Vec<Option<K>> =
        rows.iter().map(|row| Some(key(row)).filter(|key| edits.contains_key(key))).collect();
    for (at, key) in keys.iter().enumerate() {
        if let Some(key) = key {
            members.entry(key).or_default().push(at);
        }
    }
    let kept = |row: &T| {
        let mut row = row.clone();
        keep(&mut row);
        row
    };
    let mut out = Vec::with_capacity(rows.len());
    for (row, key) in rows.iter().zip(&keys) {
        let Some(key) = key else {
            out.push(kept(row));
            continue;
        };
        // Taken at the first row of the group; its other rows are done then.
        if let Some(edit) = edits.remove(key) {
            let group: Vec<&T> = members.get(key).into_iter().flatten().map(|at| &rows[*at]).collect();
            out.append(&mut edit_group(&group, edit, &kept)?);
        }
    }
    for edit in edits.into_values() {
        out.append(&mut edit_group(&[], edit, &kept)?);
    }
    Ok(out)
}

fn edit_group<T>(group: &[&T], edit: Edit, kept: &impl Fn(&T) -> T) -> Result<Vec<T>, Error>
where
    T: Clone + FromObject,
    Object: From<T>,
{
    let objects: Vec<Object> = group.iter().map(|row| Object::from(T::clone(row))).collect();
    let mut gone = vec![false; group.len()];
    for (position, object) in &edit.removed {
        let at = Some(*position)
            .filter(|at| objects.get(*at).is_some_and(|row| !gone[*at] && quiet::same(row, object)))
            .or_else(|| (0..group.len()).find(|at| !gone[*at] && quiet::same(&objects[*at], object)));
        gone[at.ok_or_else(|| failed(object, "it is not there"))?] = true;
    }
    for object in &edit.modified {
        let at = (0..group.len()).find(|at| !gone[*at] && quiet::same(&objects[*at], object));
        gone[at.ok_or_else(|| failed(object, "it is not there"))?] = true;
    }
    let mut out: Vec<T> =
        group.iter().zip(&gone).filter(|(_, gone)| !**gone).map(|(row, _)| kept(row)).collect();
    let mut placed = edit.placed;
    placed.sort_by_key(|(position, _)| *position);
    for (position, object) in placed {
        out.insert(position.min(out.len()), T::from_object(object));
    }
    Ok(out)
}

fn failed(object: &Object, cause: &str) -> Error {
    Error::new(ErrorKind::BadInput, format!("apply a change of {object}"), cause)
}
