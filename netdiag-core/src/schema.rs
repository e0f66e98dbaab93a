//! JSON Schemas of the documents netdiag writes, made from the types.
//!
//! They are checked in under `schemas/`; a test says when they are out of date.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

use crate::diff::{DIFF_FORMAT, DiffDocument};
use crate::history::{EVENT_FORMAT, Event};
use crate::snapshot::{SNAPSHOT_FORMAT, Snapshot};

/// The kinds of documents that have a schema.
pub const KINDS: [&str; 3] = ["snapshot", "diff", "event"];

/// The schema of one kind of document; `None` for a kind there is none of.
#[must_use]
pub fn schema(kind: &str) -> Option<Schema> {
    match kind {
        "snapshot" => Some(document::<Snapshot>(SNAPSHOT_FORMAT)),
        "diff" => Some(document::<DiffDocument>(DIFF_FORMAT)),
        "event" => Some(document::<Event>(EVENT_FORMAT)),
        _ => None,
    }
}

fn document<T: JsonSchema>(format: &str) -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("title".into(), format.into());
    if let Some(properties) = schema.get_mut("properties").and_then(|value| value.as_object_mut()) {
        properties.insert("format".into(), serde_json::json!({"const": format}));
    }
    if let Some(required) = schema.get_mut("required").and_then(|value| value.as_array_mut())
        && !required.iter().any(|name| name == "format")
    {
        required.insert(0, "format".into());
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set NETDIAG_WRITE_SCHEMAS to write them anew.
    #[test]
    fn the_schemas_checked_in_are_current() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
        for kind in KINDS {
            let path = folder.join(format!("{kind}.json"));
            let current = format!("{:#}\n", serde_json::to_value(schema(kind).unwrap()).unwrap());
            if std::env::var_os("NETDIAG_WRITE_SCHEMAS").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&path, &current).unwrap();
            }
            let checked_in = std::fs::read_to_string(&path).unwrap();
            assert!(
                checked_in == current,
                "{kind}.json is out of date: run `NETDIAG_WRITE_SCHEMAS=1 cargo test -p netdiag-core schemas`"
            );
        }
    }

    #[test]
    fn there_is_no_schema_of_an_unknown_kind() {
        assert!(schema("nothing").is_none());
    }
}
