//! Two shapes that the model repeats: numbers with names, and sets of flags with names.
//!
//! The kernel's enumerations are open: a newer kernel may send a value this crate has never
//! heard of. Such a value keeps its number and is written as that number in decimal (numbers)
//! or in hexadecimal (flags), so nothing is lost on the way through text.

/// Defines a number newtype with well-known names, written as text everywhere.
macro_rules! named_number {
    (
        $(#[$meta:meta])*
        $name:ident($repr:ty) { $( $(#[$vmeta:meta])* $constant:ident = $value:literal $text:literal ),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            $( $(#[$vmeta])* pub const $constant: $name = $name($value); )*

            /// The well-known name, as in `ip`; `None` for a number without one.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $( $value => Some($text), )*
                    #[allow(unreachable_patterns, reason = "some sets name every value")]
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.pad(name),
                    None => f.pad(&self.0.to_string()),
                }
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self)
            }
        }

        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $( $text => Ok(Self($value)), )*
                    _ => text.parse().map(Self).map_err(|_| {
                        format!(concat!("expected a ", stringify!($name), " name or number, got {:?}"), text)
                    }),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self.name() {
                    Some(name) => serializer.serialize_str(name),
                    None => serializer.collect_str(&self.0),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "description": concat!("A name (", $( $text, " ", )* ") or, without one, the number as text."),
                })
            }
        }
    };
}

/// Defines a set of named bits, written as a list of names everywhere.
macro_rules! named_flags {
    (
        $(#[$meta:meta])*
        $name:ident($repr:ty) { $( $(#[$vmeta:meta])* $constant:ident = $value:literal $text:literal ),* $(,)? }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $repr);

        impl $name {
            $( $(#[$vmeta])* pub const $constant: $name = $name($value); )*
            const NAMED: &'static [($repr, &'static str)] = &[ $( ($value, $text), )* ];

            /// Whether every bit of `other` is set.
            #[must_use]
            pub const fn contains(self, other: $name) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether no bit is set.
            #[must_use]
            pub const fn is_empty(&self) -> bool {
                self.0 == 0
            }

            /// This set without the bits of `other`.
            #[must_use]
            pub const fn without(self, other: $name) -> $name {
                $name(self.0 & !other.0)
            }

            /// The names of the set bits; a bit without a name as `0x…`.
            pub fn names(self) -> impl Iterator<Item = std::borrow::Cow<'static, str>> {
                let named: $repr = Self::NAMED.iter().fold(0, |all, (bit, _)| all | bit);
                let unnamed = self.0 & !named;
                Self::NAMED
                    .iter()
                    .filter(move |(bit, _)| self.0 & bit != 0)
                    .map(|(_, name)| std::borrow::Cow::Borrowed(*name))
                    .chain((unnamed != 0).then(|| format!("0x{unnamed:x}").into()))
            }
        }

        impl std::ops::BitOr for $name {
            type Output = $name;
            fn bitor(self, other: $name) -> $name {
                $name(self.0 | other.0)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                for (position, name) in self.names().enumerate() {
                    if position > 0 {
                        f.write_str(" ")?;
                    }
                    f.write_str(&name)?;
                }
                Ok(())
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_seq(self.names())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut bits = 0;
                for name in Vec::<String>::deserialize(deserializer)? {
                    let known = Self::NAMED.iter().find(|(_, text)| *text == name);
                    bits |= match (known, name.strip_prefix("0x")) {
                        (Some((bit, _)), _) => *bit,
                        (None, Some(hex)) => <$repr>::from_str_radix(hex, 16).map_err(serde::de::Error::custom)?,
                        (None, None) => {
                            return Err(serde::de::Error::custom(format!(
                                concat!("expected a ", stringify!($name), " name or 0x number, got {:?}"), name
                            )));
                        }
                    };
                }
                Ok(Self(bits))
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "array",
                    "items": { "type": "string" },
                    "description": concat!("Names of the set flags (", $( $text, " ", )* "); a bit without a name as 0x…."),
                })
            }
        }
    };
}

pub(crate) use {named_flags, named_number};
