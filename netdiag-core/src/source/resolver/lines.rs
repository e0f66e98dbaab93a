//! What the parsers share: lines as C's `getline` gives them, `isspace`, `inet_aton`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{UnknownLine, text_from_bytes};

/// The lines of a file with their numbers from 1, each with its newline where it has one.
///
/// C programs take a line for a string, so what stands behind a NUL byte is lost to them.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    (1..).zip(bytes.split_inclusive(|byte| *byte == b'\n').map(|line| before(line, |byte| byte == 0)))
}

/// `isspace` of the C locale; unlike `u8::is_ascii_whitespace` it knows the vertical tab.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r')
}

/// The start of `bytes`, up to the first that is meant.
pub(super) fn before(bytes: &[u8], is_end: impl Fn(u8) -> bool) -> &[u8] {
    bytes.split(|byte| is_end(*byte)).next().unwrap_or_default()
}

/// `bytes` without the leading ones that are meant.
pub(super) fn skip(bytes: &[u8], is_skipped: impl Fn(u8) -> bool) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_skipped(*byte)).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}

/// The words of a line, split at [`is_space`].
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| is_space(*byte)).filter(|word| !word.is_empty())
}

/// A line that means nothing, with the reason.
pub(super) fn unknown(line: u32, text: &[u8], because: impl Into<String>) -> UnknownLine {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    UnknownLine { line, text: text_from_bytes(text), because: because.into() }
}

/// `inet_pton` of either family.
pub(super) fn address(word: &[u8]) -> Option<IpAddr> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// `inet_pton (AF_INET6, …)`.
pub(super) fn address_v6(word: &[u8]) -> Option<Ipv6Addr> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

/// `inet_aton` without trailing text (glibc `resolv/inet_addr.c`, `__inet_aton_exact`): one to
/// four numbers, each decimal, octal (`010`) or hexadecimal (`0x0a`); the last fills the rest.
pub(super) fn inet_aton(word: &[u8]) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = word.split(|byte| *byte == b'.').map(c_number).collect::<Option<_>>()?;
    let (last, leading) = parts.split_last()?;
    if leading.len() > 3 || leading.iter().any(|part| *part > 0xff) {
        return None;
    }
    let free_bits = 32 - 8 * leading.len() as u32;
    if u64::from(*last) >> free_bits != 0 {
        return None;
    }
    let bits = leading.iter().zip([24, 16, 8]).fold(*last, |bits, (part, shift)| bits | part << shift);
    Some(Ipv4Addr::from_bits(bits))
}

/// A number as `strtoul` with base 0 reads it, all of `word`, without a sign.
fn c_number(word: &[u8]) -> Option<u32> {
    let word =
        std::str::from_utf8(word).ok().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits = |digits: &str, radix| {
        let plain = digits.starts_with(|c: char| c.is_ascii_hexdigit());
        plain.then(|| u32::from_str_radix(digits, radix).ok()).flatten()
    };
    match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(hexadecimal) => digits(hexadecimal, 16),
        None if word.starts_with('0') => digits(word, 8),
        None => digits(word, 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inet_aton_reads_short_octal_and_hexadecimal_forms() {
        let read = |word: &str| inet_aton(word.as_bytes()).map(|address| address.to_string());
        for (word, address) in [
            ("192.0.2.1", "192.0.2.1"),
            ("127.1", "127.0.0.1"),
            ("0x0a000001", "10.0.0.1"),
            ("010.0.0.8", "8.0.0.8"),
            ("4294967295", "255.255.255.255"),
            ("192.0.513", "192.0.2.1"),
        ] {
            assert_eq!(read(word).as_deref(), Some(address), "{word}");
        }
        for word in [
            "",
            ".",
            "192.0.2.1.",
            "192.0.2.300",
            "1.2.3.4.5",
            "+1",
            "0x",
            "0x+1",
            "08",
            "1.2.3.4#53",
            "4294967296",
        ] {
            assert_eq!(read(word), None, "{word}");
        }
    }

    #[test]
    fn text_behind_a_nul_byte_is_lost_like_in_a_c_string() {
        let all: Vec<_> = lines(b"a\0b\nc").collect();
        assert_eq!(all, [(1, &b"a"[..]), (2, &b"c"[..])]);
    }
}
