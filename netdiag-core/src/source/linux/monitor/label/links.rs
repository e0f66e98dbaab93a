//! What happened to the links, and what follows from it without a word of the kernel.

use std::collections::BTreeMap;

use super::Evidence;
use super::index::HintIndex;
use crate::diff::{Change, Object};
use crate::history::Cause;
use crate::model::{Address, Family, Link, LinkFlags, LinkName, Route};
use crate::source::linux::monitor::hint::News;

/// What happened to one link, in the order it was told.
#[derive(Default)]
pub(super) struct LinkStory {
    events: Vec<(usize, LinkEvent)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum LinkEvent {
    Removed,
    Down,
    Up,
    CarrierLost,
    CarrierFound,
    Renamed {
        from: LinkName,
        to: LinkName,
    },
    /// IPv6 is off below this MTU (RFC 8200 section 5).
    MtuChanged,
}

/// What happened to the links, and through them to everything that hangs on one.
pub(super) struct LinkStories {
    stories: BTreeMap<u32, LinkStory>,
    names: BTreeMap<u32, LinkName>,
    addresses_gone: Vec<(usize, Address)>,
    nexthops_touched: BTreeMap<u32, usize>,
}

impl LinkStories {
    pub(super) fn new(evidence: &Evidence<'_>) -> Self {
        let mut this = Self {
            stories: BTreeMap::new(),
            names: BTreeMap::new(),
            addresses_gone: Vec::new(),
            nexthops_touched: BTreeMap::new(),
        };
        let mut now: BTreeMap<u32, Link> =
            evidence.before.links().iter().map(|link| (link.index, link.clone())).collect();
        for link in evidence.before.links().iter().chain(evidence.after.links()) {
            this.names.entry(link.index).or_insert_with(|| link.name.clone());
        }
        for (at, hint) in evidence.hints.iter().enumerate() {
            match &hint.news {
                News::Link(link) => {
                    if let Some(known) = now.get(&link.index) {
                        this.compare(at, known, link);
                    }
                    this.names.entry(link.index).or_insert_with(|| link.name.clone());
                    now.insert(link.index, link.clone());
                }
                News::LinkGone(link) => {
                    now.remove(&link.index);
                    this.names.entry(link.index).or_insert_with(|| link.name.clone());
                    this.tell(at, link.index, LinkEvent::Removed);
                }
                News::AddressGone(address) => this.addresses_gone.push((at, address.clone())),
                News::NextHop(nexthop) | News::NextHopGone(nexthop) => {
                    this.nexthops_touched.insert(nexthop.id, at);
                }
                _ => {}
            }
        }
        // What no message told: compare the last that is known with what was read.
        let end = evidence.hints.len();
        for (index, known) in now {
            match evidence.after.link(index) {
                Some(link) => this.compare(end, &known, link),
                None => this.tell(end, index, LinkEvent::Removed),
            }
        }
        for before in evidence.before.nexthops() {
            let after = evidence.after.nexthops().iter().find(|nexthop| nexthop.id == before.id);
            if after != Some(before) {
                this.nexthops_touched.entry(before.id).or_insert(end);
            }
        }
        this
    }

    fn tell(&mut self, at: usize, index: u32, event: LinkEvent) {
        self.stories.entry(index).or_default().events.push((at, event));
    }

    fn compare(&mut self, at: usize, known: &Link, link: &Link) {
        let flag = |flag| (known.flags.contains(flag), link.flags.contains(flag));
        match flag(LinkFlags::UP) {
            (true, false) => self.tell(at, link.index, LinkEvent::Down),
            (false, true) => self.tell(at, link.index, LinkEvent::Up),
            _ => match flag(LinkFlags::LOWER_UP) {
                (true, false) => self.tell(at, link.index, LinkEvent::CarrierLost),
                (false, true) => self.tell(at, link.index, LinkEvent::CarrierFound),
                _ => {}
            },
        }
        if known.name != link.name {
            let (from, to) = (known.name.clone(), link.name.clone());
            self.tell(at, link.index, LinkEvent::Renamed { from, to });
        }
        if known.mtu != link.mtu {
            self.tell(at, link.index, LinkEvent::MtuChanged);
        }
    }

    /// Why a change happened that nothing announced, and after which notification to tell it.
    pub(super) fn cause(
        &self,
        change: &Change,
        index: &HintIndex<'_>,
        evidence: &Evidence<'_>,
    ) -> (Cause, usize) {
        let end = evidence.hints.len();
        let found = match change {
            Change::Removed { object, .. } => self.cause_of_loss(object, index),
            Change::Added { object, .. } => self.cause_of_gain(object),
            Change::Modified { before, after, .. } => self.cause_of_change(before, after, evidence),
        };
        found.unwrap_or((Cause::Unexplained, end))
    }

    fn cause_of_loss(&self, object: &Object, index: &HintIndex<'_>) -> Option<(Cause, usize)> {
        match object {
            Object::Link(_) => None,
            Object::Address(address) => self.loss_of_link(address.link_index),
            Object::Neighbor(neighbor) => self.loss_of_link(neighbor.link_index),
            Object::NextHop(nexthop) => nexthop
                .link_index
                .and_then(|link| self.loss_of_link(link))
                .or_else(|| self.member_touched(nexthop.group.iter().map(|member| member.id))),
            Object::Route(route) => self.loss_of_route(route, index),
            _ => None,
        }
    }

    fn loss_of_route(&self, route: &Route, index: &HintIndex<'_>) -> Option<(Cause, usize)> {
        if let Some(at) = index.replacements.get(&route.key()) {
            return Some((Cause::Replaced, *at));
        }
        if route.expires_in_s.is_some_and(|seconds| seconds <= 0) {
            return Some((Cause::Expired, index.hints.len()));
        }
        let links = route.nexthops.iter().filter_map(|hop| hop.link_index);
        if let Some(cause) = links.clone().find_map(|link| self.loss_of_link(link)) {
            return Some(cause);
        }
        if let Some(cause) = route.nexthop_id.and_then(|id| self.member_touched([id])) {
            return Some(cause);
        }
        let family = route.family();
        let gone = self.addresses_gone.iter().rev().find(|(_, address)| {
            Family::of(&address.address.addr()) == family
                && (route.preferred_source == Some(address.address.addr())
                    || route.uses_link(address.link_index))
        });
        if let Some((at, address)) = gone {
            let link = self.name(address.link_index);
            return Some((Cause::AddressRemoved { address: address.address, link }, *at));
        }
        None
    }

    fn cause_of_gain(&self, object: &Object) -> Option<(Cause, usize)> {
        let by_link =
            |index: u32| self.last(index, |event| matches!(event, LinkEvent::Up | LinkEvent::CarrierFound));
        match object {
            Object::Address(address) => by_link(address.link_index),
            Object::Neighbor(neighbor) => by_link(neighbor.link_index),
            Object::Route(route) => route
                .nexthop_id
                .and_then(|id| self.member_touched([id]))
                .or_else(|| route.nexthops.iter().filter_map(|hop| hop.link_index).find_map(by_link)),
            _ => None,
        }
    }

    fn cause_of_change(
        &self,
        before: &Object,
        after: &Object,
        evidence: &Evidence<'_>,
    ) -> Option<(Cause, usize)> {
        match (before, after) {
            (Object::Route(before), Object::Route(after)) => {
                let hops = before.nexthops.iter().chain(&after.nexthops);
                let by_link = hops.filter_map(|hop| hop.link_index).find_map(|link| self.last_any(link));
                let by_object = [before.nexthop_id, after.nexthop_id]
                    .into_iter()
                    .flatten()
                    .find_map(|id| self.member_touched([id]));
                by_object.or(by_link)
            }
            (Object::Rule(rule), _) => evidence
                .before
                .links()
                .iter()
                .chain(evidence.after.links())
                .filter(|link| [&rule.iif, &rule.oif].iter().any(|name| name.as_ref() == Some(&link.name)))
                .find_map(|link| self.last_any(link.index)),
            (Object::NextHop(nexthop), _) => self
                .member_touched(nexthop.group.iter().map(|member| member.id))
                .or_else(|| nexthop.link_index.and_then(|link| self.last_any(link))),
            (Object::Address(address), _) => self.last_any(address.link_index),
            (Object::Neighbor(neighbor), _) => self.last_any(neighbor.link_index),
            (Object::Link(link), _) => [link.peer_index, link.master_index]
                .into_iter()
                .flatten()
                .find_map(|other| self.last_any(other)),
            _ => None,
        }
    }

    fn member_touched(&self, ids: impl IntoIterator<Item = u32>) -> Option<(Cause, usize)> {
        ids.into_iter()
            .find_map(|id| self.nexthops_touched.get(&id).map(|at| (Cause::NextHopChanged(id), *at)))
    }

    /// The event of a link that explains a loss: its removal before everything else.
    fn loss_of_link(&self, index: u32) -> Option<(Cause, usize)> {
        self.last(index, |event| *event == LinkEvent::Removed)
            .or_else(|| self.last(index, |event| *event == LinkEvent::Down))
            .or_else(|| self.last(index, |event| *event == LinkEvent::CarrierLost))
            .or_else(|| self.last(index, |event| *event == LinkEvent::MtuChanged))
    }

    fn last_any(&self, index: u32) -> Option<(Cause, usize)> {
        self.last(index, |event| *event != LinkEvent::MtuChanged)
    }

    fn last(&self, index: u32, wanted: impl Fn(&LinkEvent) -> bool) -> Option<(Cause, usize)> {
        let story = self.stories.get(&index)?;
        let (at, event) = story.events.iter().rev().find(|(_, event)| wanted(event))?;
        let name = self.name(index);
        let cause = match event {
            LinkEvent::Removed => Cause::LinkRemoved(name),
            LinkEvent::Down => Cause::LinkDown(name),
            LinkEvent::Up => Cause::LinkUp(name),
            LinkEvent::CarrierLost => Cause::CarrierLost(name),
            LinkEvent::CarrierFound => Cause::CarrierFound(name),
            LinkEvent::Renamed { from, to } => Cause::LinkRenamed { from: from.clone(), to: to.clone() },
            LinkEvent::MtuChanged => Cause::MtuChanged(name),
        };
        Some((cause, *at))
    }

    fn name(&self, index: u32) -> LinkName {
        self.names.get(&index).cloned().unwrap_or_else(|| LinkName::from(format!("if{index}").as_str()))
    }
}
