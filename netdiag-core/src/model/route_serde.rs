//! Reads a route from its flat JSON object without the detour that `serde(flatten)` takes.
//!
//! `flatten` first collects the whole object into a buffer of dynamic values, which costs most of
//! the time of reading a full internet table. Here the attributes are read straight from the
//! object, and `destination` is taken out on the way.

use std::fmt;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};

use super::{Route, RouteAttributes};

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Route, D::Error> {
    deserializer.deserialize_map(RouteVisitor)
}

struct RouteVisitor;

impl<'de> Visitor<'de> for RouteVisitor {
    type Value = Route;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a route")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Route, A::Error> {
        let mut destination: Option<IpNet> = None;
        let rest = WithoutDestination { map, destination: &mut destination };
        let attributes = RouteAttributes::deserialize(MapAccessDeserializer::new(rest))?;
        let destination = destination.ok_or_else(|| A::Error::missing_field("destination"))?;
        Ok(Route::new(destination, attributes))
    }
}

/// The object as if it had no `destination`.
struct WithoutDestination<'a, A> {
    map: A,
    destination: &'a mut Option<IpNet>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithoutDestination<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, mut seed: K) -> Result<Option<K::Value>, A::Error> {
        loop {
            match self.map.next_key_seed(KeySeed { seed })? {
                None => return Ok(None),
                Some(Key::Other(value)) => return Ok(Some(value)),
                Some(Key::Destination(unused)) => {
                    *self.destination = Some(self.map.next_value()?);
                    seed = unused;
                }
            }
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// A key; `destination` hands the seed back for the next one.
enum Key<S, V> {
    Destination(S),
    Other(V),
}

struct KeySeed<S> {
    seed: S,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for KeySeed<S> {
    type Value = Key<S, S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for KeySeed<S> {
    type Value = Key<S, S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if name == "destination" {
            return Ok(Key::Destination(self.seed));
        }
        self.seed.deserialize(name.into_deserializer()).map(Key::Other)
    }
}
