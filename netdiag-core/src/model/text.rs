//! Text that comes from outside: names, hardware addresses, raw bytes.
//!
//! A link name may hold escape sequences, an alias may hold anything. Values keep what was
//! read; every `Display` here writes it escaped, so it can go to a terminal as it is.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Displays text from outside with everything a terminal might act on written as an escape.
///
/// Control characters become `\x1b` or `\u{9b}`, as do the invisible and the direction-changing
/// format characters that can make one name look like another.
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&escape(self.0))
    }
}

/// `text` as [`Escaped`] shows it, borrowed where nothing had to change.
#[must_use]
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            c if !is_hostile(c) => out.push(c),
            c if c.is_ascii() => out.push_str(&format!("\\x{:02x}", c as u32)),
            c => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
        }
    }
    Cow::Owned(out)
}

/// Whether a terminal or a reader could be misled by this character.
pub(crate) fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A link's name, as in `ip link`, at most 15 bytes on Linux.
///
/// Bytes that are not UTF-8 are kept as the text `\xNN`. Cheap to clone. `Display` is escaped;
/// [`LinkName::as_str`] is what was read.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkName(Arc<str>);

impl LinkName {
    /// A name from the bytes the kernel sent, without the closing NUL.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(text_from_bytes(bytes).into())
    }

    /// The name as read: it may hold escape sequences, so it is not for printing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Bytes as text: UTF-8 as it is, every other byte as `\xNN`.
pub(crate) fn text_from_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

impl From<&str> for LinkName {
    fn from(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

impl fmt::Debug for LinkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl schemars::JsonSchema for LinkName {
    fn schema_name() -> Cow<'static, str> {
        "LinkName".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "description": "A link's name; bytes that are not UTF-8 as \\xNN."})
    }
}

/// A link-layer address of any length, written `02:00:00:00:00:01`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress(pub Box<[u8]>);

/// Bytes kept as they were read, written as hexadecimal text.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HexBytes(pub Box<[u8]>);

macro_rules! hex_text {
    ($name:ident, $separator:literal, $description:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let octets: Vec<String> = self.0.iter().map(|octet| format!("{octet:02x}")).collect();
                f.pad(&octets.join($separator))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                let digits = text.replace($separator, "");
                let octet = |pair: &[u8]| {
                    std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok())
                };
                digits
                    .as_bytes()
                    .chunks(2)
                    .map(|pair| octet(pair).filter(|_| pair.len() == 2))
                    .collect::<Option<_>>()
                    .map(Self)
                    .ok_or_else(|| format!(concat!("expected ", $description, ", got {:?}"), text))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <Cow<'de, str>>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "description": $description})
            }
        }
    };
}

hex_text!(MacAddress, ":", "a link-layer address such as 02:00:00:00:00:01");
hex_text!(HexBytes, "", "bytes in hexadecimal");
