//! Changes as JSON: the fields of one change, and the document `netdiag.diff/1`.

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::effects::effects_of;
use super::{Change, Effect, Object, ResolverLine, Sysctl, diff};
use crate::model::{Address, AddressLabel, Host, Link, Neighbor, NextHopObject, Route, Rule};
use crate::snapshot::Snapshot;

/// The value of `format` in a diff.
pub const DIFF_FORMAT: &str = "netdiag.diff/1";

/// Everything that is different between two states, as `netdiag diff --json` writes it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DiffDocument {
    /// Always `netdiag.diff/1`.
    pub format: String,
    /// The first state.
    pub before: Side,
    /// The second state.
    pub after: Side,
    /// All changes.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Destinations that leave by another way.
    #[serde(default)]
    pub effects: Vec<Effect>,
}

/// Which state one side of a diff was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// When it was read.
    pub taken_at: Timestamp,
    /// Where.
    pub host: Host,
}

impl DiffDocument {
    /// Compares two states.
    #[must_use]
    pub fn between(before: &Snapshot, after: &Snapshot) -> Self {
        let side =
            |snapshot: &Snapshot| Side { taken_at: snapshot.taken_at(), host: snapshot.host().clone() };
        let changes = diff(before, after);
        let effects = effects_of(before, after, &changes);
        Self { format: DIFF_FORMAT.into(), before: side(before), after: side(after), changes, effects }
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Link(row) => row.serialize(serializer),
            Self::Address(row) => row.serialize(serializer),
            Self::Route(row) => row.serialize(serializer),
            Self::Rule(row) => row.serialize(serializer),
            Self::Neighbor(row) => row.serialize(serializer),
            Self::NextHop(row) => row.serialize(serializer),
            Self::AddressLabel(row) => row.serialize(serializer),
            Self::Resolver(row) => row.serialize(serializer),
            Self::Sysctl(row) => row.serialize(serializer),
        }
    }
}

impl Object {
    fn from_json(what: &str, value: Value) -> Result<Self, String> {
        fn row<T: serde::de::DeserializeOwned>(what: &str, value: Value) -> Result<Object, String>
        where
            Object: From<T>,
        {
            serde_json::from_value::<T>(value).map(Object::from).map_err(|error| format!("{what}: {error}"))
        }
        match what {
            "link" => row::<Link>(what, value),
            "address" => row::<Address>(what, value),
            "route" => row::<Route>(what, value),
            "rule" => row::<Rule>(what, value),
            "neighbor" => row::<Neighbor>(what, value),
            "nexthop" => row::<NextHopObject>(what, value),
            "address_label" => row::<AddressLabel>(what, value),
            "resolver" => row::<ResolverLine>(what, value),
            "sysctl" => row::<Sysctl>(what, value),
            other => Err(format!("expected what changed (link, address, route …), got {other:?}")),
        }
    }
}

impl Change {
    /// Writes the fields of a change into a JSON object; shared by diffs and events.
    pub(crate) fn write_fields<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("change", self.verb())?;
        map.serialize_entry("what", self.object().what())?;
        if let Some(before) = self.before() {
            map.serialize_entry("before", before)?;
        }
        if let Some(after) = self.after() {
            map.serialize_entry("after", after)?;
        }
        if !self.fields().is_empty() {
            map.serialize_entry("fields", self.fields())?;
        }
        if self.position() != 0 {
            map.serialize_entry("position", &self.position())?;
        }
        Ok(())
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write_fields(&mut map)?;
        map.end()
    }
}

/// The fields of a change as they stand in JSON.
#[derive(Deserialize)]
struct ChangeFields {
    change: String,
    what: String,
    before: Option<Value>,
    after: Option<Value>,
    #[serde(default)]
    fields: Vec<String>,
    #[serde(default)]
    position: usize,
}

impl TryFrom<ChangeFields> for Change {
    type Error = String;

    fn try_from(fields: ChangeFields) -> Result<Self, String> {
        let what = fields.what;
        let object = |side: Option<Value>, name: &str| match side {
            Some(value) => Object::from_json(&what, value),
            None => Err(format!("missing field `{name}`")),
        };
        let position = fields.position;
        match fields.change.as_str() {
            "added" => Ok(Self::Added { object: object(fields.after, "after")?, position }),
            "removed" => Ok(Self::Removed { object: object(fields.before, "before")?, position }),
            "modified" => Ok(Self::Modified {
                before: object(fields.before, "before")?,
                after: object(fields.after, "after")?,
                fields: fields.fields,
                position,
            }),
            other => Err(format!("expected added, removed or modified, got {other:?}")),
        }
    }
}

impl<'de> Deserialize<'de> for Change {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ChangeFields::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}

impl JsonSchema for Object {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Object".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let kinds = [
            generator.subschema_for::<Link>(),
            generator.subschema_for::<Address>(),
            generator.subschema_for::<Route>(),
            generator.subschema_for::<Rule>(),
            generator.subschema_for::<Neighbor>(),
            generator.subschema_for::<NextHopObject>(),
            generator.subschema_for::<AddressLabel>(),
            generator.subschema_for::<ResolverLine>(),
            generator.subschema_for::<Sysctl>(),
        ];
        json_schema!({"description": "The thing; its shape follows from `what`.", "anyOf": kinds})
    }
}

/// The schema of the fields that a change has in every document.
pub(crate) fn change_properties(generator: &mut SchemaGenerator, extra_verbs: &[&str]) -> Value {
    let object = generator.subschema_for::<Object>();
    let verbs: Vec<&str> = ["added", "removed", "modified"].iter().chain(extra_verbs).copied().collect();
    serde_json::json!({
        "change": {"enum": verbs},
        "what": {
            "description": "What kind of thing changed.",
            "enum": ["link", "address", "route", "rule", "neighbor", "nexthop", "address_label", "resolver", "sysctl"],
        },
        "before": object,
        "after": object,
        "fields": {
            "description": "Names of the fields that differ, for `modified`; only `position` for a row that moved.",
            "type": "array",
            "items": {"type": "string"},
        },
        "position": {
            "description": "Place among the rows it competes with, from 0; absent = 0.",
            "type": "integer",
            "minimum": 0,
        },
    })
}

impl JsonSchema for Change {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Change".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": change_properties(generator, &[]),
            "required": ["change", "what"],
        })
    }
}
