//! How one ordered list of rows became another, told in as few words as possible.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What a list of rows needs so that two of them can be compared.
pub(super) struct Comparison<'a, T> {
    /// Whether two rows are the same but for volatile fields.
    pub(super) same: &'a dyn Fn(&T, &T) -> bool,
    /// A number that is equal for rows that are the same.
    pub(super) digest: &'a dyn Fn(&T) -> u64,
    /// Each in turn pairs the rows left over: those of equal number may be one row before and
    /// after.
    pub(super) kinship: &'a [&'a dyn Fn(&T) -> u64],
    /// Whether two such rows are still one thing with other values.
    pub(super) pairs: &'a dyn Fn(&T, &T) -> bool,
}

/// The steps from one list to the other, as positions in both.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Edits {
    /// Rows that went, by position before.
    pub(super) removed: Vec<usize>,
    /// Rows that have other values, by position before and after.
    pub(super) modified: Vec<(usize, usize)>,
    /// Rows that only have another place, by position before and after.
    pub(super) moved: Vec<(usize, usize)>,
    /// Rows that came, by position after.
    pub(super) added: Vec<usize>,
}

/// The number of anything hashable.
pub(super) fn digest(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Finds the steps. The rows not mentioned keep their values and their order among each other.
pub(super) fn edits<T>(before: &[T], after: &[T], by: &Comparison<'_, T>) -> Edits {
    let head = before.iter().zip(after).take_while(|(a, b)| (by.same)(a, b)).count();
    let tail = before[head..]
        .iter()
        .rev()
        .zip(after[head..].iter().rev())
        .take_while(|(a, b)| (by.same)(a, b))
        .count();
    let (old_end, new_end) = (before.len() - tail, after.len() - tail);

    let mut found = Edits::default();
    if let ([old], [new]) = (before, after)
        && head == 0
    {
        // By far the most frequent case, and the one that may come a million times.
        let is_kin = (by.pairs)(old, new) && by.kinship.iter().rev().any(|kin| kin(old) == kin(new));
        match is_kin {
            true => found.modified.push((0, 0)),
            false => (found.removed, found.added) = (vec![0], vec![0]),
        }
        return found;
    }
    let mut old_left: Vec<usize> = (head..old_end).collect();
    let mut new_left: Vec<usize> = Vec::new();

    // Equal rows first. A row that stands twice in the old list is never told as moved or
    // modified: it would not be clear which of the two is meant.
    let mut waiting: BTreeMap<u64, VecDeque<usize>> = BTreeMap::new();
    let mut copies: BTreeMap<u64, usize> = BTreeMap::new();
    for (at, row) in before.iter().enumerate() {
        let digest = (by.digest)(row);
        *copies.entry(digest).or_default() += 1;
        if (head..old_end).contains(&at) {
            waiting.entry(digest).or_default().push_back(at);
        }
    }
    let unique = |at: usize| copies.get(&(by.digest)(&before[at])) == Some(&1);
    let mut matched: Vec<(usize, usize)> = Vec::new();
    for (at, row) in after.iter().enumerate().take(new_end).skip(head) {
        let partner = waiting.get_mut(&(by.digest)(row)).and_then(|places| {
            let place = places.iter().position(|old| (by.same)(&before[*old], row))?;
            places.remove(place)
        });
        match partner {
            Some(old) => matched.push((old, at)),
            None => new_left.push(at),
        }
    }
    let kept = longest_increasing(&matched);
    let mut gone = vec![false; before.len()];
    for (step, (old, new)) in matched.iter().enumerate() {
        if kept[step] {
            gone[*old] = true;
        } else if unique(*old) {
            gone[*old] = true;
            found.moved.push((*old, *new));
        } else {
            new_left.push(*new);
        }
    }
    old_left.retain(|old| !gone[*old]);
    new_left.sort_unstable();

    for kin in by.kinship {
        let mut free: BTreeMap<u64, VecDeque<usize>> = BTreeMap::new();
        for old in old_left.iter().filter(|old| unique(**old)) {
            free.entry(kin(&before[*old])).or_default().push_back(*old);
        }
        new_left.retain(|new| {
            let Some(places) = free.get_mut(&kin(&after[*new])) else { return true };
            let Some(old) = places.front().copied().filter(|old| (by.pairs)(&before[*old], &after[*new]))
            else {
                return true;
            };
            places.pop_front();
            gone[old] = true;
            found.modified.push((old, *new));
            false
        });
        old_left.retain(|old| !gone[*old]);
    }
    found.modified.sort_unstable_by_key(|(_, new)| *new);
    found.removed = old_left;
    found.added = new_left;
    found
}

/// Which steps of a list of pairs, sorted by the second, belong to the longest run that also
/// rises in the first.
fn longest_increasing(pairs: &[(usize, usize)]) -> Vec<bool> {
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (step, (old, _)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].0 < *old);
        previous.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(step);
        } else {
            ends[length] = step;
        }
    }
    let mut kept = vec![false; pairs.len()];
    let mut at = ends.last().copied();
    while let Some(step) = at {
        kept[step] = true;
        at = previous[step];
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(before: &str, after: &str) -> Edits {
        let lists = (before.chars().collect::<Vec<_>>(), after.chars().collect::<Vec<_>>());
        edits(
            &lists.0,
            &lists.1,
            &Comparison {
                same: &|a, b| a == b,
                digest: &digest,
                kinship: &[&|row: &char| digest(&row.to_ascii_lowercase())],
                pairs: &|_, _| true,
            },
        )
    }

    #[test]
    fn an_equal_list_needs_no_step() {
        assert_eq!(letters("abcab", "abcab"), Edits::default());
    }

    #[test]
    fn a_row_that_only_moved_is_told_as_moved() {
        assert_eq!(letters("abcd", "bcda"), Edits { moved: vec![(0, 3)], ..Edits::default() });
    }

    #[test]
    fn a_row_that_stands_twice_is_removed_and_added_instead_of_moved() {
        let found = letters("axaa", "aaax");
        assert_eq!(found, Edits { moved: vec![(1, 3)], ..Edits::default() });
        let found = letters("aabb", "bbaa");
        assert_eq!((found.moved.len(), found.removed.len(), found.added.len()), (0, 2, 2));
    }

    #[test]
    fn kin_are_told_as_one_modified_row() {
        assert_eq!(letters("abc", "aCB"), Edits { modified: vec![(2, 1), (1, 2)], ..Edits::default() });
        assert_eq!(letters("b", "bB"), Edits { added: vec![1], ..Edits::default() });
    }
}
