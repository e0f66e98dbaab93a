//! `/etc/resolv.conf`, as glibc reads it: `res_vinit_1` and `res_setoptions` in `resolv/res_init.c`.
//!
//! Checked against glibc 2.36: a keyword counts only at the very start of a line with a space or
//! tab behind it, comments are whole lines, the last of `domain` and `search` wins, `options` add
//! up, and a carriage return is part of the word, so a file with DOS line ends has no servers.
//! glibc asks the first three servers, or 127.0.0.1 where there is none, and without a list of
//! domains tries the one of the host's own name. The variables `LOCALDOMAIN` and `RES_OPTIONS` of
//! a process can replace the list and add options; they are not read here.

use std::net::IpAddr;

use super::hosts::split_zone;
use super::lines::{address_v6, before, inet_aton, is_space, lines, skip, unknown};
use crate::model::{NameServer, ResolvConf, text_from_bytes};

/// The options of glibc, which only compares their beginnings.
const OPTIONS: [&[u8]; 14] = [
    b"ndots:",
    b"timeout:",
    b"attempts:",
    b"rotate",
    b"edns0",
    b"single-request",
    b"no_tld_query",
    b"no-tld-query",
    b"no-reload",
    b"use-vc",
    b"trust-ad",
    b"no-aaaa",
    b"strict-error",
    b"inet6",
];

/// Reads the text of a resolv.conf.
pub(super) fn parse(bytes: &[u8], path: &str) -> ResolvConf {
    let mut conf = ResolvConf { path: path.into(), ..ResolvConf::default() };
    let mut list_of_domains: Option<(u32, &[u8])> = None;
    for (number, line) in lines(bytes) {
        if let [b'#' | b';', ..] = skip(line, is_space) {
            continue;
        }
        let keyword = before(line, is_blank);
        // A keyword with nothing behind it is no keyword to glibc.
        let rest = skip(line.get(keyword.len()..).unwrap_or_default(), is_blank);
        let rest = rest.strip_suffix(b"\n").unwrap_or(rest);
        let outcome = match keyword {
            _ if line.iter().all(|byte| is_space(*byte)) => Ok(()),
            b"nameserver" => nameserver(number, rest).map(|server| conf.nameservers.push(server)),
            b"domain" | b"search" => match domains(keyword, rest) {
                Ok(domains) => {
                    conf.search = domains;
                    conf.search_line = Some(number);
                    if let Some((replaced, text)) = list_of_domains.replace((number, line)) {
                        conf.unknown.push(unknown(replaced, text, format!("line {number} replaces it")));
                    }
                    Ok(())
                }
                Err(because) => Err(because),
            },
            b"sortlist" => sortlist(rest, &mut conf.sortlist),
            b"options" => options(rest, &mut conf.options),
            b"" => Err("the keyword is not at the start of the line".into()),
            _ => Err("unknown keyword".into()),
        };
        if let Err(because) = outcome {
            conf.unknown.push(unknown(number, line, because));
        }
    }
    conf.unknown.sort_by_key(|line| line.line);
    conf
}

/// What separates words in this file; a carriage return does not.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn words(rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    rest.split(|byte| is_blank(*byte)).filter(|word| !word.is_empty())
}

fn nameserver(line: u32, rest: &[u8]) -> Result<NameServer, String> {
    let word = before(rest, is_blank);
    let (address, zone) = match (inet_aton(word), split_zone(word)) {
        (Some(address), _) => (Some(IpAddr::V4(address)), None),
        (None, Some((literal, zone))) => (address_v6(literal).map(IpAddr::V6), Some(text_from_bytes(zone))),
        (None, None) => (address_v6(word).map(IpAddr::V6), None),
    };
    match address {
        Some(address) => Ok(NameServer { address, zone, line: Some(line) }),
        None if word.is_empty() => Err("no address follows the keyword".into()),
        None if word.ends_with(b"\r") => Err("a carriage return is part of the address".into()),
        None => Err("not an address".into()),
    }
}

fn domains(keyword: &[u8], rest: &[u8]) -> Result<Vec<String>, String> {
    let how_many = if keyword == b"domain" { 1 } else { usize::MAX };
    let domains: Vec<String> = words(rest).take(how_many).map(text_from_bytes).collect();
    if domains.is_empty() { Err("no domain follows the keyword".into()) } else { Ok(domains) }
}

/// Adds the entries of a `sortlist` line: addresses, each with a mask behind `/` or `&`.
fn sortlist(rest: &[u8], entries: &mut Vec<String>) -> Result<(), String> {
    let is_mark = |byte: u8| matches!(byte, b'/' | b'&');
    let is_end = |byte: u8| byte == b';' || !byte.is_ascii() || is_space(byte);
    let mut rest = skip(rest, is_blank);
    let mut outcome = if rest.is_empty() { Err("no address follows the keyword".into()) } else { Ok(()) };
    while !rest.is_empty() && !rest.starts_with(b";") {
        let net = before(rest, |byte| is_mark(byte) || is_end(byte));
        if net.is_empty() {
            return Err(
                "glibc loops for ever here: a byte it does not skip stands where an address should".into()
            );
        }
        let mut entry = net;
        if inet_aton(net).is_none() {
            outcome = Err("a word of it is not an address".into());
        } else {
            let mask =
                rest.get(net.len() + 1..).filter(|_| rest.get(net.len()).copied().is_some_and(is_mark));
            let length = net.len() + mask.map_or(0, |mask| 1 + before(mask, is_end).len());
            entry = rest.get(..length).unwrap_or(net);
            entries.push(text_from_bytes(entry));
        }
        rest = skip(rest.get(entry.len()..).unwrap_or_default(), is_blank);
    }
    outcome
}

fn options(rest: &[u8], options: &mut Vec<String>) -> Result<(), String> {
    options.extend(words(rest).map(text_from_bytes));
    let is_unknown = |word: &[u8]| !OPTIONS.iter().any(|option| word.starts_with(option));
    match (words(rest).count(), words(rest).position(is_unknown)) {
        (0, _) => Err("no option follows the keyword".into()),
        (_, Some(at)) => Err(format!("option {} of it is unknown to glibc", at + 1)),
        (_, None) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> ResolvConf {
        parse(text, "/etc/resolv.conf")
    }

    fn servers(conf: &ResolvConf) -> Vec<String> {
        let zone =
            |server: &NameServer| server.zone.as_ref().map(|zone| format!("%{zone}")).unwrap_or_default();
        conf.nameservers.iter().map(|s| format!("{}{}", s.address, zone(s))).collect()
    }

    fn reasons(conf: &ResolvConf) -> Vec<(u32, &str)> {
        conf.unknown.iter().map(|u| (u.line, u.because.as_str())).collect()
    }

    #[test]
    fn servers_are_kept_in_order_beyond_the_three_that_glibc_asks() {
        let conf = read(
            b"# by hand\n; more\n  # indented\n\nnameserver 192.0.2.1 first\nnameserver\t127.1\n\
              nameserver fe80::1%eth0\nnameserver 2001:db8::53",
        );
        assert_eq!(servers(&conf), ["192.0.2.1", "127.0.0.1", "fe80::1%eth0", "2001:db8::53"]);
        assert_eq!(conf.nameservers[0].line, Some(5));
        assert_eq!(conf.unknown, []);
    }

    #[test]
    fn a_line_that_gives_no_server_says_why() {
        let conf = read(
            b" nameserver 192.0.2.1\nNAMESERVER 192.0.2.1\nnameserver 192.0.2.1#53\nnameserver 192.0.2.1\r\n\
              nameserver\nnameserver \nnameserver 192.0.2.1%eth0\nlookup file bind\n",
        );
        assert_eq!(servers(&conf), [""; 0]);
        assert_eq!(
            reasons(&conf),
            [
                (1, "the keyword is not at the start of the line"),
                (2, "unknown keyword"),
                (3, "not an address"),
                (4, "a carriage return is part of the address"),
                (5, "unknown keyword"),
                (6, "no address follows the keyword"),
                (7, "not an address"),
                (8, "unknown keyword"),
            ]
        );
    }

    #[test]
    fn the_last_of_domain_and_search_wins_and_says_so_at_the_other() {
        let conf = read(b"search a.example b.example\nsearch \ndomain c.example d.example\n");
        assert_eq!(conf.search, ["c.example"]);
        assert_eq!(conf.search_line, Some(3));
        assert_eq!(reasons(&conf), [(1, "line 3 replaces it"), (2, "no domain follows the keyword")]);
    }

    #[test]
    fn a_comment_behind_a_list_of_domains_is_part_of_the_list() {
        assert_eq!(read(b"search a.example # b\n").search, ["a.example", "#", "b"]);
    }

    #[test]
    fn options_add_up_and_an_unknown_one_is_pointed_at() {
        let conf =
            read(b"options ndots:2 rotate\noptions edns0 ndot:3\noptions trust-ad single-request-reopen\n");
        assert_eq!(
            conf.options,
            ["ndots:2", "rotate", "edns0", "ndot:3", "trust-ad", "single-request-reopen"]
        );
        assert_eq!(reasons(&conf), [(2, "option 2 of it is unknown to glibc")]);
    }

    #[test]
    fn a_sortlist_keeps_addresses_with_their_masks() {
        let conf = read(b"sortlist 192.0.2.0/255.255.255.0 x 198.51.100.0&255.0.0.0 10.0.0.0; 203.0.113.0\n");
        assert_eq!(conf.sortlist, ["192.0.2.0/255.255.255.0", "198.51.100.0&255.0.0.0", "10.0.0.0"]);
        assert_eq!(reasons(&conf), [(1, "a word of it is not an address")]);
    }

    #[test]
    fn a_sortlist_that_hangs_glibc_is_said_to() {
        for text in
            [&b"sortlist 192.0.2.0\r\n"[..], b"sortlist /\n", b"sortlist 192.0.2.0\xff\n", b"sortlist x/y\n"]
        {
            let conf = read(text);
            assert!(conf.unknown[0].because.starts_with("glibc loops for ever"), "{conf:?}");
        }
    }

    #[test]
    fn text_behind_a_nul_byte_is_not_seen() {
        let conf = read(b"search a.example\0 b.example\nnameserver 192.0.2.1\0x\n");
        assert_eq!(
            (conf.search.clone(), servers(&conf)),
            (vec!["a.example".into()], vec!["192.0.2.1".into()])
        );
    }
}
