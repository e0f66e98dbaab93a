//! `/etc/hosts`, as glibc reads it: `nss/nss_files/files-hosts.c` and `files-parse.c`.
//!
//! A line is an address (`inet_pton`, so no `127.1`), the canonical name, then aliases, up to `#`.
//! An address with a zone (`fe80::1%eth0`) is skipped by glibc and c-ares and taken by musl and Go;
//! such a line is an entry whose `zone` is set, and a question about glibc has to pass it over.

use super::lines::{address, address_v6, before, lines, unknown, words};
use crate::model::{HostsEntry, HostsFile, text_from_bytes};

/// Reads the text of a hosts file.
pub(super) fn parse(bytes: &[u8], path: &str) -> HostsFile {
    let mut file = HostsFile { path: path.into(), ..HostsFile::default() };
    for (number, line) in lines(bytes) {
        let mut words = words(before(line, |byte| byte == b'#'));
        let Some(first) = words.next() else { continue };
        let (address, zone) = match split_zone(first) {
            Some((literal, zone)) => (address_v6(literal).map(Into::into), Some(text_from_bytes(zone))),
            None => (address(first), None),
        };
        let names: Vec<String> = words.map(text_from_bytes).collect();
        match address {
            None => file.unknown.push(unknown(number, line, "it does not start with an address")),
            Some(_) if names.is_empty() => {
                file.unknown.push(unknown(number, line, "no name follows the address"));
            }
            Some(address) => file.entries.push(HostsEntry { line: number, address, zone, names }),
        }
    }
    file
}

/// `fe80::1%eth0` as `fe80::1` and `eth0`.
pub(super) fn split_zone(word: &[u8]) -> Option<(&[u8], &[u8])> {
    let literal = before(word, |byte| byte == b'%');
    Some((literal, word.get(literal.len() + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> HostsFile {
        parse(text, "/etc/hosts")
    }

    #[test]
    fn a_line_gives_an_address_its_name_and_its_aliases() {
        let file = read(b"# hosts\n\n \t192.0.2.1\tone.example one#x\r\n2001:db8::1\x0btwo\n");
        let rows: Vec<_> =
            file.entries.iter().map(|e| (e.line, e.address.to_string(), e.names.join(" "))).collect();
        assert_eq!(
            rows,
            [(3, "192.0.2.1".into(), "one.example one".into()), (4, "2001:db8::1".into(), "two".into())]
        );
        assert_eq!(file.unknown, []);
    }

    #[test]
    fn an_address_in_a_form_glibc_does_not_take_is_an_unknown_line() {
        let file = read(b"127.1 short\n192.0.2.01 zero\nnothing here\n192.0.2.1\n192.0.2.2#gone\n");
        assert_eq!(file.entries, []);
        let lines: Vec<_> = file.unknown.iter().map(|u| (u.line, u.because.as_str())).collect();
        assert_eq!(
            lines,
            [
                (1, "it does not start with an address"),
                (2, "it does not start with an address"),
                (3, "it does not start with an address"),
                (4, "no name follows the address"),
                (5, "no name follows the address"),
            ]
        );
        assert_eq!(file.unknown[0].text, "127.1 short");
    }

    #[test]
    fn a_zone_is_kept_beside_the_address() {
        let file = read(b"fe80::1%eth0 router\n192.0.2.1%eth0 no\n");
        assert_eq!(file.entries[0].zone.as_deref(), Some("eth0"));
        assert_eq!(file.entries[0].address.to_string(), "fe80::1");
        assert_eq!(file.unknown[0].line, 2);
    }

    #[test]
    fn names_that_are_not_utf8_are_kept_as_escapes() {
        assert_eq!(read(b"192.0.2.1 a\xffb\n").entries[0].names, ["a\\xffb"]);
    }
}
