//! Which destinations leave by another way: a row for each pair of ways, the large ones first.

use std::io::{self, Write};
use std::net::IpAddr;

use ipnet::IpNet;
use netdiag_core::diff::{Effect, EffectGroup, Leg, Outcome, WayOut, group_effects};
use netdiag_core::model::{Family, LinkName, RouteKind};

use super::columns::{Align, Columns};
use super::page::{Page, Paint, Span};
use super::words;

/// Prefixes of one list beyond which only their number is told.
const MANY: usize = 6;

/// Writes which destinations leave by another way, those of the same two ways together.
pub(crate) fn effects(page: Page, effects: &[Effect], out: &mut dyn Write) -> io::Result<()> {
    if effects.is_empty() {
        return Ok(());
    }
    let mut groups: Vec<(Family, f64, EffectGroup)> = group_effects(effects)
        .into_iter()
        .filter_map(|group| Some((Family::of(&group.prefixes.first()?.addr()), share(&group), group)))
        .collect();
    groups.sort_by(|(a, left, _), (b, right, _)| a.cmp(b).then_with(|| right.total_cmp(left)));
    let rows: Vec<[Span; 3]> = groups
        .iter()
        .map(|(family, share, group)| {
            let (before, mut after) = (way_out(&group.before), way_out(&group.after));
            if before == after {
                after.push_str(" (another link of that name)");
            }
            [before.into(), after.into(), destinations(*family, *share, group).into()]
        })
        .collect();
    writeln!(out)?;
    page.line(out, &[Span::new("What leaves another way now", Paint::Strong)])?;
    let titles = [("Before", Align::Left), ("Now", Align::Left), ("Destinations", Align::Left)];
    let mut columns = Columns::new(page, 2, &titles);
    rows.iter().for_each(|row| columns.measure(row));
    columns.fit();
    columns.titles(out)?;
    rows.iter().try_for_each(|row| columns.row(out, row))
}

/// How much of its family a group is, from 0 to 1.
fn share(group: &EffectGroup) -> f64 {
    let of = |prefixes: &[IpNet]| -> f64 {
        prefixes.iter().map(|prefix| 0.5_f64.powi(i32::from(prefix.prefix_len()))).sum()
    };
    of(&group.prefixes) - of(&group.except)
}

/// `most of IPv4: 0.0.0.0/0 except 192.0.2.0/24`.
fn destinations(family: Family, share: f64, group: &EffectGroup) -> String {
    let mut text = match share {
        1.0.. => format!("all of {family}: "),
        0.5.. => format!("most of {family}: "),
        _ => String::new(),
    };
    text.push_str(&list(&group.prefixes));
    if !group.except.is_empty() {
        text.push_str(&format!(" except {}", list(&group.except)));
    }
    text
}

fn list(prefixes: &[IpNet]) -> String {
    let shown: Vec<String> = prefixes.iter().take(MANY).map(IpNet::to_string).collect();
    match prefixes.len().saturating_sub(MANY) {
        0 => shown.join(" "),
        more => format!("{} and {more} more (--json lists them)", shown.join(" ")),
    }
}

/// `wlan0 via 192.0.2.1`, `no route`, `refused: unreachable`.
fn way_out(way: &WayOut) -> String {
    let text = match way.outcome {
        Outcome::NoRoute => "no route".into(),
        Outcome::Kind(RouteKind::LOCAL) => "this host".into(),
        Outcome::Kind(RouteKind::UNICAST) if way.nexthops.is_empty() => {
            match one_way(way.link.as_ref(), way.link_index, way.gateway) {
                nowhere if nowhere.is_empty() => "a route without a way out".into(),
                way => way,
            }
        }
        Outcome::Kind(RouteKind::UNICAST) => {
            // The shares say something when they differ.
            let is_even = way.nexthops.windows(2).all(|pair| pair[0].weight == pair[1].weight);
            let leg = |leg: &Leg| {
                let text = one_way(leg.link.as_ref(), leg.link_index, leg.gateway);
                match leg.weight.filter(|_| !is_even) {
                    Some(weight) => format!("{text} (weight {weight})"),
                    None => text,
                }
            };
            way.nexthops.iter().map(leg).collect::<Vec<_>>().join(" + ")
        }
        Outcome::Kind(kind) => words::refusal(kind).map_or_else(|| kind.to_string(), str::to_owned),
    };
    match way.source {
        Some(source) => format!("{text} from {source}"),
        None => text,
    }
}

fn one_way(link: Option<&LinkName>, index: Option<u32>, gateway: Option<IpAddr>) -> String {
    let link = index.map_or_else(String::new, |index| words::name_or_index(link, index));
    match gateway {
        Some(gateway) => format!("{link} via {gateway}").trim_start().to_owned(),
        None => link,
    }
}
