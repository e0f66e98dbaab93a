//! JSON as netdiag writes it: plain `serde_json`, safe to show on a terminal.
//!
//! JSON only asks for the characters below U+0020 to be escaped. A name from outside may hold
//! others that a terminal acts on or that deceive a reader: DEL, the C1 controls, characters
//! that change the direction of text. They are written as `\uXXXX`, which reads back as the same
//! text.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::model::is_hostile;

/// How a document is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// On one line, without the line's end.
    Line,
    /// Two spaces for each level.
    Pretty,
}

/// Writes a value as JSON.
///
/// # Errors
///
/// When `writer` fails, or the value cannot be JSON.
pub fn to_writer(writer: impl io::Write, value: &impl Serialize, layout: Layout) -> io::Result<()> {
    match layout {
        Layout::Line => {
            value.serialize(&mut Serializer::with_formatter(writer, Guarded(CompactFormatter)))?
        }
        Layout::Pretty => {
            value.serialize(&mut Serializer::with_formatter(writer, Guarded(PrettyFormatter::new())))?;
        }
    }
    Ok(())
}

/// A value as JSON text.
///
/// # Errors
///
/// When the value cannot be JSON.
pub fn to_string(value: &impl Serialize, layout: Layout) -> io::Result<String> {
    let mut bytes = Vec::new();
    to_writer(&mut bytes, value, layout)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}

/// A formatter that escapes what a terminal might act on.
struct Guarded<F>(F);

macro_rules! pass_on {
    ($($method:ident($($argument:ident: $type:ty),*)),* $(,)?) => {$(
        fn $method<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $argument: $type)*) -> io::Result<()> {
            self.0.$method(writer $(, $argument)*)
        }
    )*};
}

impl<F: Formatter> Formatter for Guarded<F> {
    pass_on!(
        begin_array(),
        end_array(),
        begin_array_value(first: bool),
        end_array_value(),
        begin_object(),
        end_object(),
        begin_object_key(first: bool),
        end_object_key(),
        begin_object_value(),
        end_object_value(),
    );

    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        if text.bytes().all(|byte| byte.is_ascii() && byte != 0x7f) {
            return writer.write_all(text.as_bytes());
        }
        let mut plain = 0;
        for (at, character) in text.char_indices().filter(|(_, character)| is_hostile(*character)) {
            writer.write_all(&text.as_bytes()[plain..at])?;
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            plain = at + character.len_utf8();
        }
        writer.write_all(&text.as_bytes()[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_acts_on_is_escaped_and_reads_back_as_it_was() {
        let hostile = "a\u{1b}[31m\u{7f}\u{9b}2J\u{202e}é\u{e0041}\"\\\n日本";
        let text = to_string(&[hostile], Layout::Line).unwrap();
        assert_eq!(text, r#"["a\u001b[31m\u007f\u009b2J\u202eé\udb40\udc41\"\\\n日本"]"#);
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), [hostile]);
    }

    #[test]
    fn keys_and_displayed_values_are_escaped_too() {
        let map = std::collections::BTreeMap::from([("\u{9b}", crate::model::LinkName::from("\u{7f}"))]);
        assert_eq!(to_string(&map, Layout::Pretty).unwrap(), "{\n  \"\\u009b\": \"\\u007f\"\n}");
    }
}
