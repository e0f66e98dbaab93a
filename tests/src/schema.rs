//! A checker for the part of JSON Schema that netdiag's schemas use.
//!
//! It is stricter than the standard: a key that the schema does not name is an error, because
//! what netdiag writes must be in its schema. A keyword it does not know is an error too, so a
//! schema never passes for want of understanding.

use serde_json::{Map, Value};

/// What is wrong with a document, by the JSON Schema `schema`: one line for each finding.
#[must_use]
pub fn violations(schema: &Value, document: &Value) -> Vec<String> {
    let checker = Checker { root: schema };
    let mut found = Vec::new();
    checker.check(schema, document, "", Keys::MustBeNamed, &mut found);
    found
}

/// What to do with keys that a schema does not name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    MustBeNamed,
    /// For a condition: it only asks about the keys it names.
    MayBeUnnamed,
}

struct Checker<'a> {
    root: &'a Value,
}

impl Checker<'_> {
    fn is_valid(&self, schema: &Value, value: &Value, keys: Keys) -> bool {
        let mut found = Vec::new();
        self.check(schema, value, "", keys, &mut found);
        found.is_empty()
    }

    fn check(&self, schema: &Value, value: &Value, place: &str, keys: Keys, found: &mut Vec<String>) {
        let Value::Object(schema) = schema else {
            if schema != &Value::Bool(true) {
                found.push(format!("{place}: no value is allowed by the schema {schema}"));
            }
            return;
        };
        let mut fail = |what: String| found.push(format!("{place}: {what}, got {value}"));
        for (keyword, wanted) in schema {
            match (keyword.as_str(), wanted) {
                ("$schema" | "$defs" | "title" | "description" | "default", _) => {}
                // Part of `if` and of `properties`.
                ("then" | "else" | "additionalProperties", _) => {}
                ("type", Value::String(name)) if !is_of_type(name, value) => fail(format!("expected {name}")),
                ("type", Value::Array(names))
                    if !names.iter().filter_map(Value::as_str).any(|name| is_of_type(name, value)) =>
                {
                    fail(format!("expected one of {wanted}"));
                }
                ("type", _) => {}
                ("const", _) if wanted != value => fail(format!("expected {wanted}")),
                ("const", _) => {}
                ("enum", Value::Array(values)) if !values.contains(value) => {
                    fail(format!("expected one of {wanted}"));
                }
                ("enum", Value::Array(_)) => {}
                ("minimum", _) if value.as_f64() < wanted.as_f64() && value.is_number() => {
                    fail(format!("expected at least {wanted}"));
                }
                ("maximum", _) if value.as_f64() > wanted.as_f64() && value.is_number() => {
                    fail(format!("expected at most {wanted}"));
                }
                ("minimum" | "maximum", _) => {}
                ("format", Value::String(format)) if !has_format(format, value) => {
                    fail(format!("expected the format {format}"));
                }
                ("format", Value::String(_)) => {}
                ("required", Value::Array(names)) => {
                    let has = |name: &Value| name.as_str().is_some_and(|name| value.get(name).is_some());
                    for name in names.iter().filter(|name| value.is_object() && !has(name)) {
                        fail(format!("expected the key {name}"));
                    }
                }
                ("anyOf", Value::Array(choices))
                    if !choices.iter().any(|choice| self.is_valid(choice, value, keys)) =>
                {
                    fail("expected one of several shapes".into());
                }
                ("oneOf", Value::Array(choices))
                    if choices.iter().filter(|choice| self.is_valid(choice, value, keys)).count() != 1 =>
                {
                    fail("expected exactly one of several shapes".into());
                }
                ("anyOf" | "oneOf", Value::Array(_)) => {}
                // The rest looks inside, and is done below.
                ("$ref" | "properties" | "items" | "allOf" | "if", _) => {}
                _ => fail(format!("the checker does not know {keyword}: {wanted}")),
            }
        }
        self.check_inside(schema, value, place, keys, found);
    }

    /// The keywords that lead to other schemas.
    fn check_inside(
        &self,
        schema: &Map<String, Value>,
        value: &Value,
        place: &str,
        keys: Keys,
        found: &mut Vec<String>,
    ) {
        if let Some(Value::String(reference)) = schema.get("$ref") {
            match reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer)) {
                Some(target) => self.check(target, value, place, keys, found),
                None => found.push(format!("{place}: the schema refers to {reference}, which is not there")),
            }
        }
        if let (Some(items), Value::Array(values)) = (schema.get("items"), value) {
            for (at, value) in values.iter().enumerate() {
                self.check(items, value, &format!("{place}/{at}"), keys, found);
            }
        }
        for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.check(part, value, place, keys, found);
        }
        if let Some(condition) = schema.get("if") {
            let is_met = self.is_valid(condition, value, Keys::MayBeUnnamed);
            if let Some(branch) = schema.get(if is_met { "then" } else { "else" }) {
                self.check(branch, value, place, Keys::MayBeUnnamed, found);
            }
        }
        let named = schema.get("properties").and_then(Value::as_object);
        let others = schema.get("additionalProperties");
        if let (Value::Object(fields), true) = (value, named.is_some() || others.is_some()) {
            for (key, field) in fields {
                let place = format!("{place}/{key}");
                match named.and_then(|named| named.get(key)).or(others) {
                    Some(schema) => self.check(schema, field, &place, keys, found),
                    None if keys == Keys::MustBeNamed => {
                        found.push(format!("{place}: the schema does not name this key"));
                    }
                    None => {}
                }
            }
        }
    }
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

fn has_format(format: &str, value: &Value) -> bool {
    let text = value.as_str();
    let number = value.as_i64();
    match format {
        "ip" => text.is_none_or(|text| text.parse::<std::net::IpAddr>().is_ok()),
        "date-time" => text.is_none_or(|text| text.parse::<jiff::Timestamp>().is_ok()),
        "uint8" => number.is_none_or(|number| u8::try_from(number).is_ok()),
        "uint16" => number.is_none_or(|number| u16::try_from(number).is_ok()),
        "uint32" => number.is_none_or(|number| u32::try_from(number).is_ok()),
        "int32" => number.is_none_or(|number| i32::try_from(number).is_ok()),
        "uint64" => !value.is_number() || value.is_u64(),
        "int64" => !value.is_number() || value.is_i64(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_kind_of_violation_is_found() {
        let schema = json!({
            "type": "object",
            "properties": {
                "kind": {"enum": ["a", "b"]},
                "list": {"items": {"$ref": "#/$defs/small"}},
                "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "where": {"type": "string", "format": "ip"},
            },
            "required": ["kind"],
            "if": {"properties": {"kind": {"const": "a"}}},
            "then": {"required": ["list"]},
            "$defs": {"small": {"type": "integer", "maximum": 9}},
        });
        let good = json!({"kind": "a", "list": [1, 9], "either": null, "where": "192.0.2.1"});
        assert_eq!(violations(&schema, &good), [""; 0]);
        assert_eq!(violations(&schema, &json!({"kind": "b"})), [""; 0]);
        for (bad, at) in [
            (json!({"kind": "c"}), "/kind: expected one of"),
            (json!({"list": []}), ": expected the key \"kind\""),
            (json!({"kind": "a"}), ": expected the key \"list\""),
            (json!({"kind": "b", "list": [10]}), "/list/0: expected at most 9"),
            (json!({"kind": "b", "list": ["1"]}), "/list/0: expected integer"),
            (json!({"kind": "b", "either": 1}), "/either: expected one of several shapes"),
            (json!({"kind": "b", "where": "here"}), "/where: expected the format ip"),
            (json!({"kind": "b", "more": 1}), "/more: the schema does not name this key"),
            (json!([]), ": expected object"),
        ] {
            let found = violations(&schema, &bad);
            assert!(found.iter().any(|line| line.starts_with(at)), "{bad}: {found:?}");
        }
    }

    #[test]
    fn a_keyword_that_is_not_understood_is_an_error() {
        assert_eq!(violations(&json!({"pattern": "a"}), &json!("a")).len(), 1);
    }
}
