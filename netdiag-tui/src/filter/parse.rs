//! Text to [`Filter`]. Every error says what was expected.

use std::str::FromStr;

use ipnet::IpNet;
use netdiag_core::model::{MacAddress, escape};
use regex_lite::Regex;

use super::{Comparison, Filter, FilterError, Key, Pattern, Relation, Term, Test};

const KEYS: [(&str, Key); 16] = [
    ("dst", Key::Dst),
    ("in", Key::In),
    ("has", Key::Has),
    ("via", Key::Via),
    ("dev", Key::Dev),
    ("table", Key::Table),
    ("proto", Key::Proto),
    ("metric", Key::Metric),
    ("family", Key::Family),
    ("scope", Key::Scope),
    ("kind", Key::Kind),
    ("role", Key::Role),
    ("chg", Key::Chg),
    ("age", Key::Age),
    ("src", Key::Src),
    ("mark", Key::Mark),
];

/// The roles that the shape of a route tells.
const ROLES: [&str; 4] = ["default", "half", "host", "on-link"];

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        let terms = words(text)?.into_iter().map(term).collect::<Result<_, _>>()?;
        Ok(Self { terms })
    }
}

fn error<T>(text: String) -> Result<T, FilterError> {
    Err(FilterError(escape(&text).into_owned()))
}

/// Splits at spaces, except inside a regular expression.
fn words(text: &str) -> Result<Vec<&str>, FilterError> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = match pattern_start(rest) {
            Some(start) => match pattern_end(&rest[start..]) {
                Some(length) => start + length,
                None => return error(format!("the regular expression in {rest} has no closing /")),
            },
            None => rest.find(char::is_whitespace).unwrap_or(rest.len()),
        };
        let (word, more) = rest.split_at(end);
        if !more.is_empty() && !more.starts_with(char::is_whitespace) {
            return error(format!("expected a space after {word}, got {more}"));
        }
        words.push(word);
        rest = more.trim_start();
    }
    Ok(words)
}

/// Where the `/` of a regular expression is, when the first word of `text` holds one.
fn pattern_start(text: &str) -> Option<usize> {
    let bare = text.strip_prefix('!').unwrap_or(text);
    let skipped = text.len() - bare.len();
    if bare.starts_with('/') {
        return Some(skipped);
    }
    let colon = bare.find(|character: char| !character.is_ascii_alphabetic())?;
    bare[colon..].starts_with(":/").then_some(skipped + colon + 1)
}

/// How long a regular expression with both its slashes is.
fn pattern_end(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (position, character) in text.char_indices().skip(1) {
        match character {
            '/' if !is_escaped => return Some(position + 1),
            _ => is_escaped = character == '\\' && !is_escaped,
        }
    }
    None
}

fn term(word: &str) -> Result<Term, FilterError> {
    let bare = word.strip_prefix('!').unwrap_or(word);
    let negated = bare.len() != word.len();
    if bare.is_empty() {
        return error("expected a word or key:value after !".into());
    }
    Ok(Term { negated, test: test(bare)? })
}

fn test(text: &str) -> Result<Test, FilterError> {
    if text.starts_with('/') {
        return Ok(Test::Anywhere(Pattern::Regex(pattern(text)?)));
    }
    let Some((name, value)) = text.split_once(':').filter(|_| !is_address(text)) else {
        return Ok(Test::Anywhere(Pattern::Word(text.to_owned())));
    };
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        // `2001:db8` or `eth0:1` is a word that happens to hold a colon.
        return Ok(Test::Anywhere(Pattern::Word(text.to_owned())));
    }
    let Some((_, key)) = KEYS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = KEYS.iter().map(|(known, _)| *known).collect();
        return error(format!("{name}: is not a key; the keys are {}", known.join(" ")));
    };
    if value.is_empty() {
        return error(format!("{name}: needs a value, as in {}", example(*key)));
    }
    keyed(*key, name, value)
}

/// Whether it is an address or a prefix, whose colons separate no key.
fn is_address(text: &str) -> bool {
    let is_mac = text.len() >= 17 && text.parse::<MacAddress>().is_ok();
    is_mac || text.parse::<std::net::IpAddr>().is_ok() || text.parse::<IpNet>().is_ok()
}

const fn example(key: Key) -> &'static str {
    match key {
        Key::Dst => "dst:10.20.0.0/16",
        Key::In => "in:10.0.0.0/8",
        Key::Has => "has:10.20.0.80",
        Key::Via => "via:192.0.2.1",
        Key::Dev => "dev:tun*",
        Key::Table => "table:main",
        Key::Proto => "proto:dhcp",
        Key::Metric => "metric:>100",
        Key::Family => "family:6",
        Key::Scope => "scope:ula",
        Key::Kind => "kind:wireguard",
        Key::Role => "role:default",
        Key::Chg => "chg:+",
        Key::Age => "age:<5m",
        Key::Src => "src:192.0.2.23",
        Key::Mark => "mark:0x1",
    }
}

fn keyed(key: Key, name: &str, value: &str) -> Result<Test, FilterError> {
    let expected =
        |what: &str| error(format!("{name}: expected {what}, as in {}; got {value}", example(key)));
    let prefix = || prefix(value);
    let has_number = value.starts_with(['<', '>']) || value.starts_with(|first: char| first.is_ascii_digit());
    match key {
        Key::Dst if value == "default" => Ok(Test::Default),
        Key::Dst => match prefix() {
            Some(prefix) => Ok(Test::Prefix(key, Relation::Same, prefix)),
            None => Ok(Test::Text(key, matcher(value)?)),
        },
        Key::In | Key::Has => match (prefix(), key) {
            (Some(prefix), Key::In) => Ok(Test::Prefix(key, Relation::Inside, prefix)),
            (Some(prefix), _) => Ok(Test::Prefix(key, Relation::Around, prefix)),
            (None, _) => expected("an address or a prefix"),
        },
        Key::Via | Key::Src => match prefix() {
            Some(prefix) => Ok(Test::Prefix(key, Relation::Inside, prefix)),
            None => Ok(Test::Text(key, matcher(value)?)),
        },
        Key::Table if has_number => number(key, value).map_or_else(|| expected("a name or a number"), Ok),
        Key::Table if value.starts_with('/') || value.contains(['*', '?']) => {
            Ok(Test::Text(key, matcher(value)?))
        }
        Key::Table if ["main", "local", "default"].contains(&value) => Ok(Test::Text(key, matcher(value)?)),
        Key::Table => expected("main, local, default or a number"),
        Key::Metric | Key::Mark => {
            number(key, value).map_or_else(|| expected("a number, >number or <number"), Ok)
        }
        Key::Age => number(key, value).map_or_else(|| expected("a time such as 30s, >5m or <2h"), Ok),
        Key::Family => match value.to_ascii_lowercase().trim_start_matches("ipv") {
            "4" => Ok(Test::Number(key, Comparison::Equal, 4)),
            "6" => Ok(Test::Number(key, Comparison::Equal, 6)),
            _ => expected("4 or 6"),
        },
        Key::Chg => match value {
            "+" | "added" => Ok(Test::Changed('+')),
            "-" | "removed" => Ok(Test::Changed('-')),
            "~" | "changed" | "modified" => Ok(Test::Changed('~')),
            "x" => Ok(Test::Changed('x')),
            _ => expected("+ (added), - (removed), ~ (changed) or x (came and went)"),
        },
        Key::Role if !ROLES.contains(&value) => {
            error(format!("role: this version knows {}; got {value}", ROLES.join(", ")))
        }
        Key::Dev | Key::Proto | Key::Scope | Key::Kind | Key::Role => Ok(Test::Text(key, matcher(value)?)),
    }
}

/// A prefix, or an address as the prefix of all its bits. Host bits are cleared.
fn prefix(text: &str) -> Option<IpNet> {
    let address = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
    text.parse::<IpNet>().ok().or_else(address)
}

/// `100`, `0x64`, `>100`, `<5m`.
fn number(key: Key, text: &str) -> Option<Test> {
    let (comparison, digits) = match text.strip_prefix('<') {
        Some(digits) => (Comparison::Less, digits),
        None => match text.strip_prefix('>') {
            Some(digits) => (Comparison::Greater, digits),
            None => (Comparison::Equal, text),
        },
    };
    let number = match (key, digits.strip_prefix("0x")) {
        (Key::Age, _) => seconds(digits)?,
        (_, Some(hex)) => u64::from_str_radix(hex, 16).ok()?,
        (_, None) => digits.parse().ok()?,
    };
    Some(Test::Number(key, comparison, number))
}

/// `30`, `30s`, `5m`, `2h`, `1d` in seconds.
fn seconds(text: &str) -> Option<u64> {
    let (digits, unit) = match text.chars().last()? {
        's' => (&text[..text.len() - 1], 1),
        'm' => (&text[..text.len() - 1], 60),
        'h' => (&text[..text.len() - 1], 3_600),
        'd' => (&text[..text.len() - 1], 86_400),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(unit)
}

/// `/regex/` as it is; anything else is a glob that must fit from end to end.
fn matcher(value: &str) -> Result<Regex, FilterError> {
    if value.starts_with('/') {
        return pattern(value);
    }
    let mut expression = String::from("^");
    for character in value.chars() {
        match character {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            other => expression.push_str(&regex_lite::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push('$');
    regex(&expression)
}

/// The regular expression between two slashes.
fn pattern(text: &str) -> Result<Regex, FilterError> {
    match text.strip_prefix('/').and_then(|text| text.strip_suffix('/')) {
        Some("") | None => error(format!("expected a regular expression between two slashes, got {text}")),
        Some(inside) => regex(&inside.replace("\\/", "/")),
    }
}

fn regex(expression: &str) -> Result<Regex, FilterError> {
    let built =
        regex_lite::RegexBuilder::new(expression).case_insensitive(true).dot_matches_new_line(true).build();
    built.or_else(|cause| error(format!("cannot read the regular expression {expression}: {cause}")))
}
