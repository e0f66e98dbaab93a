//! `/etc/gai.conf`, as glibc reads it: `gaiconf_init` in `nss/getaddrinfo.c` (before 2.39
//! `sysdeps/posix/getaddrinfo.c`). musl, Go and c-ares do not read this file.
//!
//! Checked against glibc 2.36: keywords are case-sensitive, `#` starts a comment, a third word is
//! ignored, numbers are `strtoul`'s, so a sign is taken and *an absent number is 0*:
//! `precedence ::/0` is a line with the precedence 0. IPv4 is written `::ffff:a.b.c.d/96+n`; only
//! `scopev4` takes `a.b.c.d/n` too. A prefix without a length makes glibc compare an uninitialised
//! pointer; the lines tried were ignored, and so they are here.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::lines::{address, address_v6, before, lines, unknown, words};
use crate::model::{GaiConf, GaiEntry};

/// Reads the text of a gai.conf.
pub(super) fn parse(bytes: &[u8], path: &str) -> GaiConf {
    let mut conf = GaiConf { path: path.into(), ..GaiConf::default() };
    for (number, line) in lines(bytes) {
        let mut words = words(before(line, |byte| byte == b'#'));
        let Some(keyword) = words.next() else { continue };
        let first = words.next().unwrap_or_default();
        let value = words.next().unwrap_or_default();
        let (list, prefix) = match keyword {
            b"label" => (&mut conf.labels, prefix_v6(first)),
            b"precedence" => (&mut conf.precedences, prefix_v6(first)),
            b"scopev4" => (&mut conf.scopes_v4, prefix_v4(first)),
            b"reload" => {
                conf.reload = first == b"yes";
                if !matches!(first, b"yes" | b"no") {
                    conf.unknown.push(unknown(number, line, "only `yes` means yes, so it counts as no"));
                }
                continue;
            }
            _ => {
                conf.unknown.push(unknown(number, line, "unknown keyword"));
                continue;
            }
        };
        let entry = prefix.and_then(|prefix| {
            let value = strtoul(value).and_then(|value| i32::try_from(value).ok());
            let value = value.ok_or("the value is not a number up to 2147483647")?;
            Ok(GaiEntry { line: number, prefix, value: value.unsigned_abs() })
        });
        match entry {
            Ok(entry) => list.push(entry),
            Err(because) => conf.unknown.push(unknown(number, line, because)),
        }
    }
    conf
}

/// The prefix of `label` and `precedence`.
fn prefix_v6(word: &[u8]) -> Result<IpNet, &'static str> {
    let (literal, length) = split_length(word)?;
    let address = address_v6(literal)
        .ok_or("only an IPv6 prefix is taken here; IPv4 is written as ::ffff:a.b.c.d with 96 more bits")?;
    let length =
        length.filter(|length| *length <= 128).ok_or("the prefix length is not a number up to 128")?;
    Ipv6Net::new(address, length).map(|net| net.trunc().into()).map_err(|_| "the prefix length is too long")
}

/// The prefix of `scopev4`, in either notation.
fn prefix_v4(word: &[u8]) -> Result<IpNet, &'static str> {
    let (literal, length) = split_length(word)?;
    let (address, offset) = match address(literal) {
        Some(IpAddr::V4(address)) => (address, 0),
        Some(IpAddr::V6(address)) => {
            (address.to_ipv4_mapped().ok_or("only an IPv4 prefix has a place here")?, 96)
        }
        None => return Err("it holds no address"),
    };
    let length = length.and_then(|length| length.checked_sub(offset)).filter(|length| *length <= 32);
    let length =
        length.ok_or("the prefix length is not one of IPv4 (0 to 32, or 96 to 128 behind ::ffff:)")?;
    Ipv4Net::new(address, length).map(|net| net.trunc().into()).map_err(|_| "the prefix length is too long")
}

/// The two sides of the slash; the length is absent when it is not a number that fits.
fn split_length(word: &[u8]) -> Result<(&[u8], Option<u8>), &'static str> {
    let literal = before(word, |byte| byte == b'/');
    if literal.is_empty() {
        return Err("no prefix follows the keyword");
    }
    let length =
        word.get(literal.len() + 1..).ok_or("the prefix has no length, which glibc does not handle")?;
    Ok((literal, strtoul(length).and_then(|length| length.try_into().ok())))
}

/// `strtoul` with base 10 of the whole word on a 64-bit system: nothing at all is 0, a minus sign
/// wraps around.
fn strtoul(word: &[u8]) -> Option<u64> {
    let (negative, digits) = match word {
        [] => return Some(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some(if negative { value.wrapping_neg() } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> GaiConf {
        parse(text, "/etc/gai.conf")
    }

    fn rows(entries: &[GaiEntry]) -> Vec<String> {
        entries.iter().map(|e| format!("{}: {} {}", e.line, e.prefix, e.value)).collect()
    }

    #[test]
    fn each_keyword_fills_its_own_table() {
        let conf = read(
            b"# gai.conf\nlabel ::1/128 0\nprecedence ::ffff:0:0/96 100 ignored\r\nscopev4 ::ffff:169.254.0.0/112 2\n\
              scopev4 10.1.2.3/8 5#x\nreload yes\n  label 2001:db8::5/32 +7",
        );
        assert_eq!(rows(&conf.labels), ["2: ::1/128 0", "7: 2001:db8::/32 7"]);
        assert_eq!(rows(&conf.precedences), ["3: ::ffff:0.0.0.0/96 100"]);
        assert_eq!(rows(&conf.scopes_v4), ["4: 169.254.0.0/16 2", "5: 10.0.0.0/8 5"]);
        assert!(conf.reload);
        assert_eq!(conf.unknown, []);
    }

    #[test]
    fn an_absent_number_is_zero() {
        assert_eq!(rows(&read(b"precedence ::/0\n").precedences), ["1: ::/0 0"]);
        assert_eq!(rows(&read(b"precedence ::1/ 4\n").precedences), ["1: ::/0 4"]);
    }

    #[test]
    fn numbers_are_those_of_strtoul_up_to_int_max() {
        let value = |text: &str| rows(&read(format!("label ::/0 {text}\n").as_bytes()).labels);
        assert_eq!(value("2147483647"), ["1: ::/0 2147483647"]);
        assert_eq!(value("-18446744073709551516"), ["1: ::/0 100"]);
        for bad in ["2147483648", "-1", "0x64", "1x", "+", "99999999999999999999"] {
            assert_eq!(value(bad), [""; 0], "{bad}");
        }
    }

    #[test]
    fn what_glibc_ignores_is_kept_with_the_reason() {
        let conf = read(
            b"precedence 0.0.0.0/0 100\nLabel ::/0 1\nlabel ::1 5\nlabel ::/129 1\nlabel\nscopev4 2001:db8::/32 2\n\
              scopev4 ::ffff:0:0/95 2\nreload maybe\nscopev4 192.0.2.0/33 1\n",
        );
        let reasons: Vec<_> = conf.unknown.iter().map(|u| (u.line, u.because.as_str())).collect();
        assert_eq!(
            reasons,
            [
                (1, "only an IPv6 prefix is taken here; IPv4 is written as ::ffff:a.b.c.d with 96 more bits"),
                (2, "unknown keyword"),
                (3, "the prefix has no length, which glibc does not handle"),
                (4, "the prefix length is not a number up to 128"),
                (5, "no prefix follows the keyword"),
                (6, "only an IPv4 prefix has a place here"),
                (7, "the prefix length is not one of IPv4 (0 to 32, or 96 to 128 behind ::ffff:)"),
                (8, "only `yes` means yes, so it counts as no"),
                (9, "the prefix length is not one of IPv4 (0 to 32, or 96 to 128 behind ::ffff:)"),
            ]
        );
        assert!(conf.labels.is_empty() && conf.precedences.is_empty() && conf.scopes_v4.is_empty());
    }

    #[test]
    fn the_last_reload_line_counts() {
        assert!(!read(b"reload yes\nreload no\n").reload);
    }
}
