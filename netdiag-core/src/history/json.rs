//! Events as JSON: lines of the form `netdiag.event/1`, as `netdiag watch --json` writes them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::{Event, Origin};
use crate::diff::change_properties;
use crate::model::Process;
use crate::snapshot::Snapshot;

/// The value of `format` in an event.
pub const EVENT_FORMAT: &str = "netdiag.event/1";

/// The first line of a watch: the initial state is complete, from here on changes are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Start {
    format: &'static str,
    seq: u64,
    time: Timestamp,
    change: &'static str,
    taken_at: Timestamp,
    counts: BTreeMap<&'static str, usize>,
}

impl Start {
    /// The line for a watch that begins with this state, written at `time`.
    #[must_use]
    pub fn new(snapshot: &Snapshot, time: Timestamp) -> Self {
        Self {
            format: EVENT_FORMAT,
            seq: 0,
            time,
            change: "start",
            taken_at: snapshot.taken_at(),
            counts: BTreeMap::from([
                ("links", snapshot.links().len()),
                ("addresses", snapshot.addresses().len()),
                ("routes", snapshot.routes().len()),
                ("rules", snapshot.rules().len()),
                ("neighbors", snapshot.neighbors().len()),
                ("nexthops", snapshot.nexthops().len()),
                ("address_labels", snapshot.address_labels().len()),
            ]),
        }
    }
}

/// `because` is the cause in words.
impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("format", EVENT_FORMAT)?;
        map.serialize_entry("seq", &self.sequence)?;
        map.serialize_entry("time", &self.time)?;
        self.change.write_fields(&mut map)?;
        map.serialize_entry("origin", &self.origin)?;
        if let Some(because) = &self.because {
            map.serialize_entry("because", &because.to_string())?;
        }
        map.serialize_entry("burst", &self.burst)?;
        if let Some(by) = &self.by {
            map.serialize_entry("by", by)?;
        }
        if self.passing {
            map.serialize_entry("passing", &true)?;
        }
        map.end()
    }
}

/// The schema of one line: an event, or the start.
impl JsonSchema for Event {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Event".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut properties = change_properties(generator, &["start"]);
        let extra = serde_json::json!({
            "format": {"const": EVENT_FORMAT},
            "seq": {"description": "Number of the event, from 1; 0 for the start.", "type": "integer", "minimum": 0},
            "time": generator.subschema_for::<Timestamp>(),
            "origin": generator.subschema_for::<Origin>(),
            "because": {"description": "Why it happened, in words.", "type": "string"},
            "burst": {"description": "Number of the burst it belongs to, from 1.", "type": "integer", "minimum": 1},
            "by": generator.subschema_for::<Process>(),
            "passing": {"description": "One of two events that together change nothing.", "const": true},
            "taken_at": {
                "description": "Only for the start: when the initial state was complete.",
                "allOf": [generator.subschema_for::<Timestamp>()],
            },
            "counts": {
                "description": "Only for the start: how many rows of each kind there are.",
                "type": "object",
                "additionalProperties": {"type": "integer", "minimum": 0},
            },
        });
        if let (Some(properties), Some(extra)) = (properties.as_object_mut(), extra.as_object()) {
            properties.extend(extra.clone());
        }
        json_schema!({
            "type": "object",
            "properties": properties,
            "required": ["format", "seq", "time", "change"],
            "if": {"properties": {"change": {"const": "start"}}},
            "then": {"required": ["taken_at", "counts"]},
            "else": {"required": ["what", "origin", "burst"]},
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Change, Object, Sysctl};
    use crate::history::Cause;
    use crate::json::{Layout, to_string};

    #[test]
    fn an_event_is_one_line_with_the_fields_of_its_change() {
        let event = Event {
            sequence: 7,
            time: "2026-11-24T10:00:00.5Z".parse().unwrap(),
            change: Change::Removed {
                object: Object::Sysctl(Sysctl { name: "net.ipv4.ip_forward".into(), value: "1".into() }),
                position: 0,
            },
            origin: Origin::Inferred,
            because: Some(Cause::LinkRemoved("tun\u{9b}0".into())),
            burst: 2,
            by: Some(Process { pid: 42, command: None }),
            passing: false,
        };
        assert_eq!(
            to_string(&event, Layout::Line).unwrap(),
            concat!(
                r#"{"format":"netdiag.event/1","seq":7,"time":"2026-11-24T10:00:00.5Z","change":"removed","#,
                r#""what":"sysctl","before":{"name":"net.ipv4.ip_forward","value":"1"},"origin":"inferred","#,
                r#""because":"went with link tun\\u{9b}0","burst":2,"by":{"pid":42}}"#
            )
        );
    }
}
