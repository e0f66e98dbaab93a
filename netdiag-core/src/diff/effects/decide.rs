//! What one state does with a plain packet.

use std::sync::Arc;

use ipnet::IpNet;

use super::{Leg, Outcome, WayOut};
use crate::model::{
    Family, NextHop, NextHopFlags, NextHopObject, Route, RouteAttributes, RouteKind, RouterPreference, Rule,
    RuleAction, TableId,
};
use crate::snapshot::Snapshot;

/// The addresses from the first to the second, as numbers.
pub(super) type Range = (u128, u128);

/// The addresses of a prefix.
pub(super) fn range(prefix: &IpNet) -> Range {
    match prefix {
        IpNet::V4(net) => (u32::from(net.network()).into(), u32::from(net.broadcast()).into()),
        IpNet::V6(net) => (net.network().into(), net.broadcast().into()),
    }
}

/// The rules of one family as far as a plain packet can meet them, and the tables they ask.
pub(super) struct Policy<'a> {
    pub(super) steps: Vec<Step>,
    /// The rows of each table that some step asks.
    pub(super) tables: Vec<&'a [Route]>,
    snapshot: &'a Snapshot,
}

/// A rule that a plain packet can meet.
pub(super) struct Step {
    priority: u32,
    /// Destinations it is for, or with `true` those it is not for; `None` = all.
    pub(super) to: Option<(Range, bool)>,
    does: Does,
}

enum Does {
    Ask { table: usize, suppress_length: Option<u32>, suppress_group: Option<u32> },
    Refuse(RouteKind),
    GoTo(u32),
}

/// What decided about a packet.
#[derive(Clone, Copy)]
pub(super) enum Decision<'a> {
    Route(&'a Arc<RouteAttributes>),
    Rule(RouteKind),
    Nothing,
}

impl<'a> Policy<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, family: Family) -> Self {
        let mut policy = Self { steps: Vec::new(), tables: Vec::new(), snapshot };
        let mut asked: Vec<TableId> = Vec::new();
        let mut slot = |policy: &mut Self, id: TableId| {
            asked.iter().position(|known| *known == id).unwrap_or_else(|| {
                let rows = snapshot.routes().table(family, id).map_or(&[][..], |table| table.routes());
                asked.push(id);
                policy.tables.push(rows);
                asked.len() - 1
            })
        };
        for rule in snapshot.rules_of(family) {
            let Some(to) = destinations(rule) else { continue };
            let does = match rule.action {
                RuleAction::LOOKUP => match rule.table {
                    Some(id) => Does::Ask {
                        table: slot(&mut policy, id),
                        suppress_length: rule.suppress_prefix_length,
                        suppress_group: rule.suppress_interface_group,
                    },
                    None => continue,
                },
                RuleAction::GOTO => match rule.goto {
                    // The kernel only lets a rule jump ahead.
                    Some(target) if target > rule.priority && !rule.unresolved => Does::GoTo(target),
                    _ => continue,
                },
                RuleAction::BLACKHOLE => Does::Refuse(RouteKind::BLACKHOLE),
                RuleAction::UNREACHABLE => Does::Refuse(RouteKind::UNREACHABLE),
                RuleAction::PROHIBIT => Does::Refuse(RouteKind::PROHIBIT),
                _ => continue,
            };
            policy.steps.push(Step { priority: rule.priority, to, does });
        }
        // A system without rules (macOS, a kernel without policy routing) asks these.
        if snapshot.rules_of(family).next().is_none() {
            for id in [TableId::LOCAL, TableId::MAIN, TableId::DEFAULT] {
                let does =
                    Does::Ask { table: slot(&mut policy, id), suppress_length: None, suppress_group: None };
                policy.steps.push(Step { priority: 0, to: None, does });
            }
        }
        policy
    }

    /// What decides about a packet to `address`; `covering` gives, for a table, the groups of
    /// rows whose prefix covers the address, the longest first.
    pub(super) fn decide<G>(&self, address: u128, covering: impl Fn(usize) -> G) -> Decision<'a>
    where
        G: Iterator<Item = &'a [Route]>,
    {
        let mut at = 0;
        while let Some(step) = self.steps.get(at) {
            at += 1;
            if let Some(((first, last), is_inverted)) = step.to
                && (first..=last).contains(&address) == is_inverted
            {
                continue;
            }
            match step.does {
                Does::Refuse(kind) => return Decision::Rule(kind),
                Does::GoTo(priority) => {
                    at += self.steps[at..].iter().take_while(|step| step.priority < priority).count();
                }
                Does::Ask { table, suppress_length, suppress_group } => {
                    let Some(route) = covering(table).find_map(best) else { continue };
                    let length = u32::from(route.destination.prefix_len());
                    let is_suppressed = suppress_length.is_some_and(|longest| length <= longest)
                        || suppress_group.is_some_and(|group| self.leaves_by_group(route, group));
                    if is_refusal(self.kind(route)) || route.kind != RouteKind::THROW && !is_suppressed {
                        return Decision::Route(&route.attributes);
                    }
                }
            }
        }
        Decision::Nothing
    }

    fn leaves_by_group(&self, route: &Route, group: u32) -> bool {
        let first = self.hops(route).into_iter().next().and_then(|hop| hop.link_index);
        first.and_then(|index| self.snapshot.link(index)).is_some_and(|link| link.group == group)
    }

    fn object(&self, id: u32) -> Option<&'a NextHopObject> {
        let all = self.snapshot.nexthops();
        all.binary_search_by_key(&id, |object| object.id).ok().and_then(|at| all.get(at))
    }

    /// What a route does: a nexthop object that is a blackhole makes it one.
    pub(super) fn kind(&self, attributes: &RouteAttributes) -> RouteKind {
        let object = attributes.nexthop_id.and_then(|id| self.object(id));
        if object.is_some_and(|object| object.blackhole) { RouteKind::BLACKHOLE } else { attributes.kind }
    }

    /// The nexthops that can be used, also when the route only names a nexthop object.
    pub(super) fn hops(&self, attributes: &RouteAttributes) -> Vec<NextHop> {
        let mut hops = attributes.nexthops.clone();
        if let (true, Some(id)) = (hops.is_empty(), attributes.nexthop_id) {
            let members: Vec<(u32, Option<u16>)> = match self.object(id) {
                Some(object) if !object.group.is_empty() => {
                    object.group.iter().map(|member| (member.id, Some(member.weight))).collect()
                }
                _ => vec![(id, None)],
            };
            hops = members
                .into_iter()
                .filter_map(|(id, weight)| {
                    let object = self.object(id)?;
                    Some(NextHop {
                        gateway: object.gateway,
                        link: object.link.clone(),
                        link_index: object.link_index,
                        weight,
                        flags: object.flags,
                        ..NextHop::default()
                    })
                })
                .collect();
        }
        hops.retain(|hop| {
            let leads_somewhere = hop.gateway.is_some() || hop.link_index.is_some();
            leads_somewhere && !hop.flags.contains(NextHopFlags::DEAD)
        });
        hops
    }

    /// A decision as it is shown.
    pub(super) fn way_out(&self, decision: Decision<'_>) -> WayOut {
        let nothing = WayOut {
            outcome: Outcome::NoRoute,
            link: None,
            link_index: None,
            gateway: None,
            source: None,
            nexthops: Vec::new(),
        };
        match decision {
            Decision::Nothing => nothing,
            Decision::Rule(kind) => WayOut { outcome: Outcome::Kind(kind), ..nothing },
            // IPv6 refusals name the link `lo`, which says nothing.
            Decision::Route(attributes) if is_refusal(self.kind(attributes)) => {
                WayOut { outcome: Outcome::Kind(self.kind(attributes)), ..nothing }
            }
            Decision::Route(attributes) => {
                let hops = self.hops(attributes);
                let way = WayOut {
                    outcome: Outcome::Kind(attributes.kind),
                    source: attributes.preferred_source,
                    ..nothing
                };
                match hops.as_slice() {
                    [hop] => WayOut {
                        link: hop.link.clone(),
                        link_index: hop.link_index,
                        gateway: hop.gateway,
                        ..way
                    },
                    _ => WayOut {
                        nexthops: hops
                            .into_iter()
                            .map(|hop| Leg {
                                gateway: hop.gateway,
                                link: hop.link,
                                link_index: hop.link_index,
                                weight: hop.weight,
                            })
                            .collect(),
                        ..way
                    },
                }
            }
        }
    }
}

/// Whether a route of this kind refuses packets.
pub(super) fn is_refusal(kind: RouteKind) -> bool {
    matches!(kind, RouteKind::BLACKHOLE | RouteKind::UNREACHABLE | RouteKind::PROHIBIT)
}

/// The destinations for which a plain packet meets a rule, as in [`Step::to`]; outer `None` when
/// it never does.
fn destinations(rule: &Rule) -> Option<Option<(Range, bool)>> {
    let is_unset = |prefix: &Option<IpNet>| prefix.is_none_or(|prefix| prefix.prefix_len() == 0);
    let mark_matches = match (rule.mark, rule.mask) {
        (Some(mark), mask) => mark & mask.unwrap_or(u32::MAX) == 0,
        (None, _) => true,
    };
    let matches = is_unset(&rule.from)
        && mark_matches
        // What this host sends counts as coming in by the loopback link.
        && rule.iif.as_ref().is_none_or(|name| name.as_str() == "lo" && !rule.iif_detached)
        && rule.oif.is_none()
        && rule.uid_range.is_none_or(|range| range.start == 0 && range.end >= u32::MAX - 1)
        && rule.ip_protocol.is_none()
        && rule.sport.is_none()
        && rule.dport.is_none()
        && rule.tos == 0
        && rule.dscp.is_none_or(|dscp| dscp == 0)
        && rule.flow_label.is_none_or(|label| label == 0)
        && rule.tun_id.is_none_or(|id| id == 0)
        && !rule.l3mdev;
    let to = rule.to.filter(|to| to.prefix_len() > 0).map(|to| range(&to));
    match (rule.invert, matches, to) {
        (false, false, _) | (true, true, None) => None,
        (false, true, to) => Some(to.map(|to| (to, false))),
        (true, false, _) => Some(None),
        (true, true, Some(to)) => Some(Some((to, true))),
    }
}

/// The row of one prefix that a plain packet takes.
pub(super) fn best(rows: &[Route]) -> Option<&Route> {
    let mut usable = rows.iter().filter(|route| is_usable(route));
    match rows.first()?.family() {
        Family::V4 => usable.next(),
        // Rows of equal metric compete by router preference (RFC 4191 section 3.2).
        Family::V6 => usable.min_by_key(|route| {
            let preference = match route.router_preference {
                Some(RouterPreference::HIGH) => 0,
                Some(RouterPreference::LOW) => 2,
                Some(RouterPreference::INVALID) => 3,
                _ => 1,
            };
            (route.metric, preference)
        }),
    }
}

fn is_usable(route: &Route) -> bool {
    let is_dead =
        !route.nexthops.is_empty() && route.nexthops.iter().all(|hop| hop.flags.contains(NextHopFlags::DEAD));
    route.tos == 0
        && route.source_prefix.is_none_or(|prefix| prefix.prefix_len() == 0)
        && route.scoped_to.is_none()
        && route.expires_in_s.is_none_or(|seconds| seconds >= 0)
        && !is_dead
}
