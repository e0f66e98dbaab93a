//! Changes in words: one line each, in the notation of `ip`, escaped.
//!
//! This is what logs, errors and tests show. The program `netdiag` writes prose about the things
//! themselves; how a field differs is said here for both ([`field_in_words`]).

use std::fmt;

use serde_json::Value;

use super::{Change, Object, ResolverLine, Sysctl};
use crate::model::{
    Address, AddressLabel, Family, Link, LinkName, Neighbor, NextHop, NextHopObject, Rule, TableId, escape,
};

/// What kind of thing and the whole of it: `route 192.0.2.0/24 via 198.51.100.1 dev eth0`.
impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(row) => link(row, f),
            Self::Address(row) => address(row, f),
            Self::Route(row) => write!(f, "route {row}"),
            Self::Rule(row) => rule(row, f),
            Self::Neighbor(row) => neighbor(row, f),
            Self::NextHop(row) => nexthop(row, f),
            Self::AddressLabel(row) => address_label(row, f),
            Self::Resolver(row) => row.fmt(f),
            Self::Sysctl(row) => row.fmt(f),
        }
    }
}

/// `added route …`, `removed link …`, `changed link eth0: name eth0 -> wan0`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added { object, .. } => write!(f, "added {object}"),
            Self::Removed { object, .. } => write!(f, "removed {object}"),
            Self::Modified { before, after, fields, position } => {
                f.write_str("changed ")?;
                name(before, fields, f)?;
                let values = (serde_json::to_value(before), serde_json::to_value(after));
                let (Ok(old), Ok(new)) = values else { return Err(fmt::Error) };
                for (at, field) in fields.iter().enumerate() {
                    f.write_str(if at == 0 { ": " } else { ", " })?;
                    match field.as_str() {
                        "position" => write!(f, "now at place {}", position + 1)?,
                        _ => f.write_str(&field_in_words(field, old.get(field), new.get(field)))?,
                    }
                }
                Ok(())
            }
        }
    }
}

/// The thing by what identifies it, without the fields that are about to be named.
fn name(object: &Object, fields: &[String], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match object {
        Object::Link(link) => write!(f, "link {}", link.name),
        Object::Address(address) => {
            write!(f, "address {} dev {}", address.address, dev(address.link.as_ref(), address.link_index))
        }
        Object::Route(route) => {
            write!(f, "route {}", route.destination)?;
            if let Some(source) = &route.source_prefix {
                write!(f, " from {source}")?;
            }
            if route.tos != 0 {
                write!(f, " tos 0x{:02x}", route.tos)?;
            }
            if !route.nexthops.is_empty() && !fields.iter().any(|field| field == "nexthops") {
                write!(f, " {}", hops(&route.nexthops))?;
            }
            if route.table != TableId::MAIN {
                write!(f, " table {}", route.table)?;
            }
            if route.metric != 0 && !fields.iter().any(|field| field == "metric") {
                write!(f, " metric {}", route.metric)?;
            }
            Ok(())
        }
        Object::Neighbor(neighbor) => {
            write!(
                f,
                "neighbor {} dev {}",
                neighbor.address,
                dev(neighbor.link.as_ref(), neighbor.link_index)
            )
        }
        Object::NextHop(nexthop) => write!(f, "nexthop {}", nexthop.id),
        Object::AddressLabel(label) => write!(f, "addrlabel prefix {}", label.prefix),
        Object::Sysctl(sysctl) => write!(f, "sysctl {}", escape(&sysctl.name)),
        Object::Resolver(line) => place(line, f),
        Object::Rule(row) => rule(row, f),
    }
}

/// How one field differs, from its two values in JSON: `metric 100 -> 50`, `flags +up -noarp`,
/// `nexthops via 192.0.2.1 -> via 192.0.2.9`. Escaped.
#[must_use]
pub fn field_in_words(field: &str, before: Option<&Value>, after: Option<&Value>) -> String {
    let name = field.replace('_', " ");
    if let (Some(before), Some(after)) = (names(before), names(after)) {
        let came = after.iter().filter(|name| !before.contains(name)).map(|name| format!("+{name}"));
        let went = before.iter().filter(|name| !after.contains(name)).map(|name| format!("-{name}"));
        let parts: Vec<String> = came.chain(went).collect();
        if !parts.is_empty() {
            return escape(&format!("{name} {}", parts.join(" "))).into_owned();
        }
    }
    escape(&format!("{name} {} -> {}", in_words(field, before), in_words(field, after))).into_owned()
}

/// The names in a list of flags; an absent list is an empty one.
fn names(value: Option<&Value>) -> Option<Vec<&str>> {
    match value {
        None => Some(Vec::new()),
        Some(Value::Array(values)) => values.iter().map(Value::as_str).collect(),
        Some(_) => None,
    }
}

/// A JSON value as a person would write it.
fn in_words(field: &str, value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "none".into(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(values)) if field == "nexthops" => {
            let hops =
                values.iter().filter_map(|value| serde_json::from_value::<NextHop>(value.clone()).ok());
            hops.map(|hop| hop.to_string()).collect::<Vec<_>>().join(" + ")
        }
        Some(Value::Array(values)) => {
            values.iter().map(|value| in_words("", Some(value))).collect::<Vec<_>>().join(" ")
        }
        Some(Value::Object(fields)) => {
            let parts = fields.iter().map(|(name, value)| format!("{name} {}", in_words(name, Some(value))));
            parts.collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
    }
}

fn hops(hops: &[NextHop]) -> String {
    hops.iter().map(NextHop::to_string).collect::<Vec<_>>().join(" + ")
}

/// The link's name, else `ifINDEX`.
fn dev(name: Option<&LinkName>, index: u32) -> String {
    name.map_or_else(|| format!("if{index}"), LinkName::to_string)
}

fn link(link: &Link, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "link {} ({}) {}", link.name, link.kind_in_words(), link.state)?;
    if !link.is_up() {
        f.write_str(" (set down)")?;
    }
    write!(f, " mtu {}", link.mtu)?;
    if let Some(master) = &link.master {
        write!(f, " master {master}")?;
    }
    if let Some(mac) = &link.mac {
        write!(f, " {mac}")?;
    }
    Ok(())
}

fn address(address: &Address, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "address {}", address.address)?;
    if let Some(peer) = &address.peer {
        write!(f, " peer {peer}")?;
    }
    write!(f, " dev {} scope {}", dev(address.link.as_ref(), address.link_index), address.scope)?;
    for flag in address.flag_names() {
        write!(f, " {flag}")?;
    }
    Ok(())
}

fn rule(rule: &Rule, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let family = if rule.family == Family::V6 { "IPv6 " } else { "" };
    write!(f, "{family}rule {}: {rule}", rule.priority)
}

fn neighbor(neighbor: &Neighbor, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "neighbor {} dev {}", neighbor.address, dev(neighbor.link.as_ref(), neighbor.link_index))?;
    if let Some(mac) = &neighbor.mac {
        write!(f, " lladdr {mac}")?;
    }
    if !neighbor.flags.is_empty() {
        write!(f, " {}", neighbor.flags)?;
    }
    write!(f, " {}", neighbor.state)
}

fn nexthop(nexthop: &NextHopObject, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "nexthop {}", nexthop.id)?;
    if !nexthop.group.is_empty() {
        let members: Vec<_> = nexthop
            .group
            .iter()
            .map(|member| match member.weight {
                1 => member.id.to_string(),
                weight => format!("{},{weight}", member.id),
            })
            .collect();
        write!(f, " group {}", members.join("/"))?;
    }
    if nexthop.blackhole {
        f.write_str(" blackhole")?;
    }
    if let Some(gateway) = &nexthop.gateway {
        write!(f, " via {gateway}")?;
    }
    if let Some(index) = nexthop.link_index {
        write!(f, " dev {}", dev(nexthop.link.as_ref(), index))?;
    }
    if !nexthop.flags.is_empty() {
        write!(f, " {}", nexthop.flags)?;
    }
    Ok(())
}

fn address_label(label: &AddressLabel, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "addrlabel prefix {}", label.prefix)?;
    if let Some(index) = label.link_index {
        write!(f, " dev {}", dev(label.link.as_ref(), index))?;
    }
    write!(f, " label {}", label.label)
}

fn place(line: &ResolverLine, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}", escape(&line.file))?;
    if let Some(index) = line.link_index {
        write!(f, " {}", dev(line.link.as_ref(), index))?;
    }
    Ok(())
}

/// `/etc/resolv.conf: nameserver 192.0.2.53`.
impl fmt::Display for ResolverLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        place(self, f)?;
        write!(f, ": {}", escape(&self.text))
    }
}

/// `sysctl net.ipv4.ip_forward = 1`.
impl fmt::Display for Sysctl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sysctl {} = {}", escape(&self.name), escape(&self.value))
    }
}
