//! The resolver's configuration as statements, and back.
//!
//! A person compares resolver files line by line, so the comparison does too. The typed
//! configuration is written as one statement a line, in an order of its own; reading the
//! statements gives the configuration again, but for line numbers.

use std::fmt::Write as _;

use super::ResolverLine;
use crate::model::{
    GaiConf, GaiEntry, HostsEntry, NameServer, NameService, ResolvConf, Resolved, ResolvedDomain,
    ResolvedLink, ResolverConfig, UnknownLine,
};

const RESOLV_CONF: &str = "/etc/resolv.conf";
const HOSTS: &str = "/etc/hosts";
const NSSWITCH: &str = "/etc/nsswitch.conf";
const GAI_CONF: &str = "/etc/gai.conf";
const RESOLVED: &str = "systemd-resolved";

const READ_FROM: &str = "# read from ";
const LINKS_TO: &str = "# links to ";
const IGNORED: &str = "# ignored ";
const BUILT_IN: &str = "# built in ";

/// The statements of a configuration, file by file.
///
/// A file that exists begins with `# read from PATH`, so that an empty file and no file differ.
#[must_use]
pub fn resolver_lines(config: &ResolverConfig) -> Vec<ResolverLine> {
    let mut lines = Vec::new();
    if let Some(file) = &config.resolv_conf {
        let mut say = |text| lines.push(line(RESOLV_CONF, text));
        say(format!("{READ_FROM}{}", word(&file.path)));
        if let Some(target) = &file.target {
            say(format!("{LINKS_TO}{}", word(target)));
        }
        file.nameservers.iter().for_each(|server| say(nameserver(server)));
        if !file.search.is_empty() {
            say(format!("search {}", words(&file.search)));
        }
        file.options.iter().for_each(|option| say(format!("options {}", word(option))));
        file.sortlist.iter().for_each(|entry| say(format!("sortlist {}", word(entry))));
        file.unknown.iter().for_each(|unknown| say(ignored(unknown)));
    }
    if let Some(file) = &config.hosts {
        let mut say = |text| lines.push(line(HOSTS, text));
        say(format!("{READ_FROM}{}", word(&file.path)));
        for entry in &file.entries {
            let zone = zone(entry.zone.as_deref());
            say(format!("{}{zone} {}", entry.address, words(&entry.names)).trim_end().to_owned());
        }
        file.unknown.iter().for_each(|unknown| say(ignored(unknown)));
    }
    if let Some(file) = &config.nsswitch {
        let mut say = |text| lines.push(line(NSSWITCH, text));
        say(format!("{READ_FROM}{}", word(&file.path)));
        let mut hosts = String::from(if file.line.is_some() { "hosts:" } else { "# built in hosts:" });
        for service in &file.hosts {
            let _ = write!(hosts, " {}", word(&service.name));
            if !service.actions.is_empty() {
                let _ = write!(hosts, " [{}]", words(&service.actions));
            }
        }
        say(hosts);
        file.unknown.iter().for_each(|unknown| say(ignored(unknown)));
    }
    if let Some(file) = &config.gai_conf {
        let mut say = |text| lines.push(line(GAI_CONF, text));
        say(format!("{READ_FROM}{}", word(&file.path)));
        for (keyword, entries) in
            [("label", &file.labels), ("precedence", &file.precedences), ("scopev4", &file.scopes_v4)]
        {
            entries.iter().for_each(|entry| say(format!("{keyword} {} {}", entry.prefix, entry.value)));
        }
        if file.reload {
            say("reload yes".into());
        }
        file.unknown.iter().for_each(|unknown| say(ignored(unknown)));
    }
    if let Some(resolved) = &config.resolved {
        let mut say = |text| lines.push(line(RESOLVED, text));
        say(format!("{READ_FROM}{}", word(&resolved.read_from)));
        resolved.nameservers.iter().for_each(|server| say(nameserver(server)));
        resolved.domains.iter().for_each(|one| say(domain(one)));
        for link in &resolved.links {
            let mut say = |text| {
                lines.push(ResolverLine {
                    link: link.link.clone(),
                    link_index: Some(link.link_index),
                    ..line(RESOLVED, text)
                });
            };
            link.nameservers.iter().for_each(|server| say(nameserver(server)));
            link.domains.iter().for_each(|one| say(domain(one)));
            if let Some(yes) = link.default_route {
                say(format!("default-route {}", if yes { "yes" } else { "no" }));
            }
        }
    }
    lines
}

/// The configuration that these statements make. Statements that mean nothing are kept as
/// ignored lines; the reasons why lines were ignored come from `known`.
pub(super) fn resolver_config(lines: &[ResolverLine], known: &ResolverConfig) -> ResolverConfig {
    let mut config = ResolverConfig::default();
    for line in lines {
        let text = line.text.as_str();
        match line.file.as_str() {
            RESOLV_CONF => {
                let file = config.resolv_conf.get_or_insert_default();
                let reasons = known.resolv_conf.as_ref().map(|file| &file.unknown);
                if let Some(path) = text.strip_prefix(READ_FROM) {
                    file.path = plain(path);
                } else if let Some(target) = text.strip_prefix(LINKS_TO) {
                    file.target = Some(plain(target));
                } else if resolv_conf_statement(text, file).is_none() {
                    file.unknown.push(unknown(text, reasons));
                }
            }
            HOSTS => {
                let file = config.hosts.get_or_insert_default();
                let number = next_number(file.entries.len());
                if let Some(path) = text.strip_prefix(READ_FROM) {
                    file.path = plain(path);
                } else if let Some(entry) = hosts_entry(text, number) {
                    file.entries.push(entry);
                } else {
                    file.unknown.push(unknown(text, known.hosts.as_ref().map(|file| &file.unknown)));
                }
            }
            NSSWITCH => {
                let file = config.nsswitch.get_or_insert_default();
                if let Some(path) = text.strip_prefix(READ_FROM) {
                    file.path = plain(path);
                } else if let Some(services) = text.strip_prefix("hosts:") {
                    file.line = Some(1);
                    file.hosts = name_services(services);
                } else if let Some(services) =
                    text.strip_prefix(BUILT_IN).and_then(|text| text.strip_prefix("hosts:"))
                {
                    file.hosts = name_services(services);
                } else {
                    file.unknown.push(unknown(text, known.nsswitch.as_ref().map(|file| &file.unknown)));
                }
            }
            GAI_CONF => {
                let file = config.gai_conf.get_or_insert_default();
                if let Some(path) = text.strip_prefix(READ_FROM) {
                    file.path = plain(path);
                } else if text == "reload yes" {
                    file.reload = true;
                } else if gai_entry(text, file).is_none() {
                    file.unknown.push(unknown(text, known.gai_conf.as_ref().map(|file| &file.unknown)));
                }
            }
            _ => resolved_statement(line, config.resolved.get_or_insert_default()),
        }
    }
    if let Some(resolved) = &mut config.resolved {
        resolved.links.sort_by_key(|link| link.link_index);
    }
    config
}

/// The configuration without line numbers, reasons, and names of links.
pub(super) fn quiet_resolver(config: &ResolverConfig) -> ResolverConfig {
    let lines: Vec<_> = resolver_lines(config).iter().map(quiet_line).collect();
    resolver_config(&lines, &ResolverConfig::default())
}

/// A statement without the name of its link.
pub(super) fn quiet_line(line: &ResolverLine) -> ResolverLine {
    ResolverLine { link: None, ..line.clone() }
}

/// What a statement is about: two statements of one file about the same thing are one statement
/// before and after.
pub(super) fn statement(text: &str) -> &str {
    let end_of_words = |count| {
        text.match_indices(' ').nth(count - 1).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
    };
    match text.split(' ').next().unwrap_or_default() {
        // Several may stand in a file, and each is its own.
        "nameserver" | "domain" | "sortlist" => text,
        "#" => end_of_words(if text.starts_with(IGNORED) { usize::MAX } else { 2 }),
        "options" => text.split(':').next().unwrap_or(text),
        "label" | "precedence" | "scopev4" => end_of_words(2),
        // `search`, `hosts:`, `default-route`, and the address of a hosts entry.
        _ => end_of_words(1),
    }
}

fn line(file: &str, text: String) -> ResolverLine {
    ResolverLine { file: file.into(), link: None, link_index: None, text }
}

fn nameserver(server: &NameServer) -> String {
    format!("nameserver {}{}", server.address, zone(server.zone.as_deref()))
}

fn domain(domain: &ResolvedDomain) -> String {
    format!("domain {}{}", if domain.routing_only { "~" } else { "" }, word(&domain.name))
}

fn ignored(line: &UnknownLine) -> String {
    format!("{IGNORED}{}", line.text)
}

fn zone(zone: Option<&str>) -> String {
    zone.map(|zone| format!("%{}", word(zone))).unwrap_or_default()
}

/// Text as one word, so that a statement can be taken apart again: spaces, and what else would
/// be mistaken, as `\u{20}`.
fn word(text: &str) -> String {
    if text.is_empty() {
        return "\\u{}".into();
    }
    let mut out = String::with_capacity(text.len());
    for (at, character) in text.chars().enumerate() {
        let is_mistakable =
            character.is_whitespace() || matches!(character, '\\' | '[' | ']') || at == 0 && character == '~';
        if is_mistakable {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

fn words(texts: &[String]) -> String {
    texts.iter().map(|text| word(text)).collect::<Vec<_>>().join(" ")
}

/// Undoes [`word`].
fn plain(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some((before, escaped)) = rest.split_once("\\u{") {
        out.push_str(before);
        let Some((digits, after)) = escaped.split_once('}') else {
            out.push_str("\\u{");
            rest = escaped;
            continue;
        };
        out.extend(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn plain_words(text: &str) -> Vec<String> {
    text.split(' ').filter(|word| !word.is_empty()).map(plain).collect()
}

fn address_and_zone<T: std::str::FromStr>(text: &str) -> Option<(T, Option<String>)> {
    let (address, zone) = match text.split_once('%') {
        Some((address, zone)) => (address, Some(plain(zone))),
        None => (text, None),
    };
    Some((address.parse().ok()?, zone))
}

fn resolv_conf_statement(text: &str, file: &mut ResolvConf) -> Option<()> {
    let (keyword, rest) = text.split_once(' ')?;
    match keyword {
        "nameserver" => file.nameservers.push(name_server(rest)?),
        "search" => file.search = plain_words(rest),
        "options" => file.options.push(plain(rest)),
        "sortlist" => file.sortlist.push(plain(rest)),
        _ => return None,
    }
    Some(())
}

fn name_server(text: &str) -> Option<NameServer> {
    let (address, zone) = address_and_zone(text)?;
    Some(NameServer { address, zone, line: None })
}

fn hosts_entry(text: &str, line: u32) -> Option<HostsEntry> {
    let (address, names) = text.split_once(' ').unwrap_or((text, ""));
    let (address, zone) = address_and_zone(address)?;
    Some(HostsEntry { line, address, zone, names: plain_words(names) })
}

fn name_services(text: &str) -> Vec<NameService> {
    let mut services: Vec<NameService> = Vec::new();
    let mut is_action = false;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        is_action |= word.starts_with('[');
        let name = plain(word.trim_start_matches('[').trim_end_matches(']'));
        match services.last_mut() {
            Some(service) if is_action => service.actions.push(name),
            _ => services.push(NameService { name, actions: Vec::new() }),
        }
        is_action &= !word.ends_with(']');
    }
    services
}

fn gai_entry(text: &str, file: &mut GaiConf) -> Option<()> {
    let mut parts = text.split(' ');
    let keyword = parts.next()?;
    let (prefix, value) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let list = match keyword {
        "label" => &mut file.labels,
        "precedence" => &mut file.precedences,
        "scopev4" => &mut file.scopes_v4,
        _ => return None,
    };
    let line = next_number(list.len());
    list.push(GaiEntry { line, prefix, value });
    Some(())
}

fn resolved_statement(line: &ResolverLine, resolved: &mut Resolved) {
    let text = line.text.as_str();
    if let Some(from) = text.strip_prefix(READ_FROM) {
        resolved.read_from = plain(from);
        return;
    }
    let (keyword, rest) = text.split_once(' ').unwrap_or((text, ""));
    let domain = || {
        let (name, routing_only) = match rest.strip_prefix('~') {
            Some(name) => (name, true),
            None => (rest, false),
        };
        ResolvedDomain { name: plain(name), routing_only }
    };
    let Some(link_index) = line.link_index else {
        match keyword {
            "nameserver" => resolved.nameservers.extend(name_server(rest)),
            "domain" => resolved.domains.push(domain()),
            _ => {}
        }
        return;
    };
    let at = resolved.links.iter().position(|link| link.link_index == link_index).unwrap_or_else(|| {
        resolved.links.push(ResolvedLink { link_index, link: line.link.clone(), ..ResolvedLink::default() });
        resolved.links.len() - 1
    });
    let link = &mut resolved.links[at];
    match keyword {
        "nameserver" => link.nameservers.extend(name_server(rest)),
        "domain" => link.domains.push(domain()),
        "default-route" => link.default_route = Some(rest == "yes"),
        _ => {}
    }
}

fn unknown(text: &str, known: Option<&Vec<UnknownLine>>) -> UnknownLine {
    let text = text.strip_prefix(IGNORED).unwrap_or(text);
    let because = known
        .and_then(|lines| lines.iter().find(|line| line.text == text))
        .map(|line| line.because.clone())
        .unwrap_or_default();
    UnknownLine { line: 0, text: text.into(), because }
}

fn next_number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX - 1) + 1
}
