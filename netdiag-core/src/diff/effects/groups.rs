//! Effects for people: the same change of way told once, as `everything except …`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;

use super::decide::{Range, range};
use super::sweep::{prefix, prefixes};
use super::{Effect, WayOut};
use crate::model::Family;

/// All destinations that changed from one way to the same other way.
///
/// A default route that moved to a tunnel is dozens of prefixes, because the local network and
/// the host's own addresses did not move. It reads as one prefix and the exceptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectGroup {
    /// The destinations.
    pub prefixes: Vec<IpNet>,
    /// Parts of them that are not concerned.
    pub except: Vec<IpNet>,
    /// Their way before.
    pub before: Arc<WayOut>,
    /// Their way after.
    pub after: Arc<WayOut>,
}

/// Puts together the effects of equal ways, in the shorter of two forms: the prefixes, or the
/// smallest prefix around them with its exceptions.
#[must_use]
pub fn group_effects(effects: &[Effect]) -> Vec<EffectGroup> {
    let mut groups: BTreeMap<(Family, &WayOut, &WayOut), Vec<&Effect>> = BTreeMap::new();
    for effect in effects {
        let family = Family::of(&effect.prefix.addr());
        groups.entry((family, &effect.before, &effect.after)).or_default().push(effect);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, members)| members.first().map(|effect| effect.prefix));
    groups
        .into_iter()
        .filter_map(|((family, ..), members)| {
            let (before, after) = members.first().map(|effect| (&effect.before, &effect.after))?;
            let listed: Vec<IpNet> = members.iter().map(|effect| effect.prefix).collect();
            let (prefixes, except) = around(family, &listed)
                .filter(|(_, except)| except.len() < listed.len())
                .map(|(within, except)| (vec![within], except))
                .unwrap_or((listed, Vec::new()));
            Some(EffectGroup { prefixes, except, before: Arc::clone(before), after: Arc::clone(after) })
        })
        .collect()
}

/// The smallest prefix around sorted prefixes, and what of it they leave out.
fn around(family: Family, listed: &[IpNet]) -> Option<(IpNet, Vec<IpNet>)> {
    let ((first, _), (_, last)) = (range(listed.first()?), range(listed.last()?));
    let width: u8 = if family == Family::V4 { 32 } else { 128 };
    let within = (0..=width).rev().find_map(|length| {
        prefix(family, first, length).filter(|net| {
            let (start, end) = range(net);
            start <= first && last <= end
        })
    })?;
    let mut except = Vec::new();
    let mut leave_out = |gap: Range| except.append(&mut prefixes(family, gap));
    let (mut next, end) = range(&within);
    for (first, last) in listed.iter().map(range) {
        if first > next {
            leave_out((next, first - 1));
        }
        match last.checked_add(1) {
            Some(after) => next = after,
            None => return Some((within, except)),
        }
    }
    if next <= end {
        leave_out((next, end));
    }
    Some((within, except))
}

/// `0.0.0.0/0 except 192.0.2.0/24: via 192.0.2.1 dev eth0 -> dev tun0`; long lists are cut.
impl fmt::Display for EffectGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 6;
        let list = |prefixes: &[IpNet]| {
            let mut words: Vec<String> = prefixes.iter().take(SHOWN).map(IpNet::to_string).collect();
            if prefixes.len() > SHOWN {
                words.push(format!("{} more", prefixes.len() - SHOWN));
            }
            words.join(", ")
        };
        f.write_str(&list(&self.prefixes))?;
        if !self.except.is_empty() {
            write!(f, " except {}", list(&self.except))?;
        }
        write!(f, ": {} -> {}", self.before, self.after)
    }
}
