//! The rows of the last screen: what has no screen of its own.

use netdiag_core::diff::{Object, ResolverLine, Sysctl, resolver_lines};
use netdiag_core::model::NeighborState;
use netdiag_core::snapshot::Snapshot;

use super::Wanted;
use crate::text::Thing;
use crate::tui::marks::Marked;
use crate::tui::theme::Mark;

/// A row of the last screen.
#[derive(Clone, Debug)]
pub(crate) struct OtherRow {
    pub(crate) object: Object,
    /// Neighbours, which come and go all the time, have none.
    pub(crate) mark: Option<Mark>,
    /// The difference behind the mark, of what is there.
    pub(crate) marked: Option<Marked>,
}

/// The rows; what is gone stands behind what is there of its kind and file.
pub(crate) fn others(wanted: Wanted<'_>) -> Vec<OtherRow> {
    let current = objects(&wanted.data.snapshot).map(|object| {
        let marked = wanted.marks.and_then(|marks| marks.other(&object));
        OtherRow { object, mark: marked.map(|marked| marked.mark), marked }
    });
    let gone = wanted.marks.into_iter().flat_map(|marks| &marks.gone_others);
    let gone = gone.map(|gone| OtherRow { object: gone.row.clone(), mark: Some(gone.mark), marked: None });
    let mut rows: Vec<OtherRow> = current.chain(gone).collect();
    rows.sort_by_key(|row| rank(&row.object));
    rows.retain(|row| {
        let is_it = |other: &Object| *other == row.object;
        let changed = || wanted.data.journal.last_about(is_it).map(|event| event.time);
        (!wanted.only_changes || row.mark.is_some())
            && wanted.matches(Thing::from(&row.object), || row.mark, changed)
    });
    rows
}

/// Everything that has no screen of its own. Neighbours that need no resolution are left out:
/// the kernel makes one for each multicast group it sends to.
fn objects(snapshot: &Snapshot) -> impl Iterator<Item = Object> {
    let resolver = resolver_lines(snapshot.resolver()).into_iter().filter(|line| !says_its_place(line));
    let neighbors = snapshot.neighbors().iter().filter(|one| one.state != NeighborState::NO_ARP);
    let sysctl = |(name, value): (&String, &String)| Sysctl { name: name.clone(), value: value.clone() };
    let resolver = resolver.map(Object::Resolver);
    resolver
        .chain(snapshot.nexthops().iter().cloned().map(Object::NextHop))
        .chain(neighbors.cloned().map(Object::Neighbor))
        .chain(snapshot.address_labels().iter().cloned().map(Object::AddressLabel))
        .chain(snapshot.sysctls().iter().map(sysctl).map(Object::Sysctl))
}

/// `# read from /etc/hosts` in `/etc/hosts` tells nobody anything.
fn says_its_place(line: &ResolverLine) -> bool {
    line.text.strip_prefix("# read from ") == Some(line.file.as_str())
}

/// Kind by kind, the resolver file by file.
fn rank(object: &Object) -> (u8, usize) {
    match object {
        Object::Resolver(line) => {
            (0, FILES.iter().position(|file| *file == line.file).unwrap_or(FILES.len()))
        }
        Object::NextHop(_) => (1, 0),
        Object::Neighbor(_) => (2, 0),
        Object::AddressLabel(_) => (3, 0),
        _ => (4, 0),
    }
}

/// In the order people look into them; what is not here stands behind.
const FILES: [&str; 4] = ["/etc/resolv.conf", "systemd-resolved", "/etc/hosts", "/etc/nsswitch.conf"];
