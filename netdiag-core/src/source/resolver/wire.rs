//! D-Bus messages as bytes: the calls we make and the answers we get.
//!
//! Followed: the D-Bus Specification, "Marshaling (Wire Format)" and "Message Format".

use super::dbus::Trouble;
use crate::model::text_from_bytes;

/// The longest message that is read; real answers have a few hundred bytes.
const MOST_BYTES: usize = 1 << 20;

/// Bytes in front of the header fields.
pub(super) const FIXED_HEADER: usize = 16;
pub(super) const SHORT: Trouble = Trouble::Malformed("a message of the bus ends too early");
/// Message flag: do not start the service for this.
const NO_AUTO_START: u8 = 2;

/// What a call is made to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) service: &'a str,
    pub(super) object: &'a str,
    pub(super) interface: &'a str,
}

/// An argument of a call.
#[derive(Clone, Copy, Debug)]
pub(super) enum Argument<'a> {
    Text(&'a str),
    Int32(i32),
}

/// What matters of a message that came.
pub(super) struct Message {
    /// The call it answers.
    pub(super) reply_serial: Option<u32>,
    /// The name of the error, if it is one.
    pub(super) error: Option<String>,
    pub(super) body: Body,
}

/// The arguments of an answer, still in their wire form.
#[derive(Debug)]
pub(super) struct Body {
    bytes: Vec<u8>,
    is_big_endian: bool,
}

impl Body {
    /// Reads from the start.
    pub(super) fn reader(&self) -> Reader<'_> {
        Reader { bytes: &self.bytes, at: 0, is_big_endian: self.is_big_endian }
    }
}

/// A method call.
pub(super) fn encode_call(
    serial: u32,
    target: Target<'_>,
    method: &str,
    arguments: &[Argument<'_>],
) -> Vec<u8> {
    let mut body = Vec::new();
    let mut signature = String::new();
    for argument in arguments {
        match argument {
            Argument::Text(text) => {
                signature.push('s');
                put_text(&mut body, text);
            }
            Argument::Int32(number) => {
                signature.push('i');
                pad(&mut body, 4);
                body.extend(number.to_le_bytes());
            }
        }
    }
    let mut fields = Vec::new();
    for (code, kind, text) in
        [(1, b'o', target.object), (2, b's', target.interface), (3, b's', method), (6, b's', target.service)]
    {
        pad(&mut fields, 8);
        fields.extend([code, 1, kind, 0]);
        put_text(&mut fields, text);
    }
    if !signature.is_empty() {
        pad(&mut fields, 8);
        fields.extend([8, 1, b'g', 0, signature.len() as u8]);
        fields.extend(signature.bytes().chain([0]));
    }
    let mut message = vec![b'l', 1, NO_AUTO_START, 1];
    for number in [body.len() as u32, serial, fields.len() as u32] {
        message.extend(number.to_le_bytes());
    }
    message.extend(fields);
    pad(&mut message, 8);
    message.extend(body);
    message
}

fn pad(bytes: &mut Vec<u8>, to: usize) {
    bytes.resize(bytes.len().next_multiple_of(to), 0);
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    pad(bytes, 4);
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.bytes().chain([0]));
}

/// The whole length of a message, from its fixed header.
pub(super) fn message_length(header: &[u8]) -> Result<usize, Trouble> {
    let mut reader = Reader { bytes: header, at: 4, is_big_endian: is_big_endian(header)? };
    let body = reader.u32()? as usize;
    reader.u32()?;
    let fields = reader.u32()? as usize;
    let length = (FIXED_HEADER.saturating_add(fields)).checked_next_multiple_of(8);
    let length = length.and_then(|length| length.checked_add(body)).filter(|length| *length <= MOST_BYTES);
    length.ok_or(Trouble::Malformed("a message of the bus is too long"))
}

fn is_big_endian(header: &[u8]) -> Result<bool, Trouble> {
    match header.first() {
        Some(b'l') => Ok(false),
        Some(b'B') => Ok(true),
        _ => Err(Trouble::Malformed("what the bus sent is not D-Bus")),
    }
}

/// Reads a message of the length that [`message_length`] gave.
pub(super) fn decode_message(bytes: &[u8]) -> Result<Message, Trouble> {
    let is_big_endian = is_big_endian(bytes)?;
    let mut reader = Reader { bytes, at: 12, is_big_endian };
    let end = FIXED_HEADER.saturating_add(reader.u32()? as usize);
    let mut message =
        Message { reply_serial: None, error: None, body: Body { bytes: Vec::new(), is_big_endian } };
    while reader.at < end {
        reader.align(8)?;
        let code = reader.byte()?;
        match reader.signature()? {
            b"u" => {
                let number = reader.u32()?;
                if code == 5 {
                    message.reply_serial = Some(number);
                }
            }
            b"s" | b"o" => {
                let text = reader.text()?;
                if code == 4 {
                    message.error = Some(text);
                }
            }
            b"g" => {
                reader.signature()?;
            }
            _ => return Err(Trouble::Malformed("a header of the bus has an unknown type")),
        }
    }
    reader.align(8)?;
    message.body.bytes = bytes.get(reader.at..).unwrap_or_default().to_vec();
    Ok(message)
}

/// Reads values of the wire form, each at its alignment.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    is_big_endian: bool,
}

impl<'a> Reader<'a> {
    fn align(&mut self, to: usize) -> Result<(), Trouble> {
        self.at = self.at.checked_next_multiple_of(to).ok_or(SHORT)?;
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], Trouble> {
        let end = self.at.checked_add(count).ok_or(SHORT)?;
        let taken = self.bytes.get(self.at..end).ok_or(SHORT)?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Trouble> {
        self.take(1)?.first().copied().ok_or(SHORT)
    }

    pub(super) fn u32(&mut self) -> Result<u32, Trouble> {
        self.align(4)?;
        let bytes = self.take(4)?.try_into().map_err(|_| SHORT)?;
        Ok(if self.is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }

    pub(super) fn i32(&mut self) -> Result<i32, Trouble> {
        Ok(self.u32()?.cast_signed())
    }

    pub(super) fn boolean(&mut self) -> Result<bool, Trouble> {
        Ok(self.u32()? != 0)
    }

    /// A string or an object path.
    pub(super) fn text(&mut self) -> Result<String, Trouble> {
        let length = self.u32()? as usize;
        let text = text_from_bytes(self.take(length)?);
        self.take(1)?;
        Ok(text)
    }

    /// An array of bytes.
    pub(super) fn byte_array(&mut self) -> Result<&'a [u8], Trouble> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    fn signature(&mut self) -> Result<&'a [u8], Trouble> {
        let length = self.byte()?;
        let signature = self.take(length.into())?;
        self.take(1)?;
        Ok(signature)
    }

    /// Enters a variant, which has to be of this type.
    pub(super) fn variant(&mut self, of: &str) -> Result<(), Trouble> {
        if self.signature()? == of.as_bytes() {
            Ok(())
        } else {
            Err(Trouble::Malformed("a property has another type than documented"))
        }
    }

    /// An array of structures.
    pub(super) fn structures<T>(
        &mut self,
        one: impl Fn(&mut Self) -> Result<T, Trouble>,
    ) -> Result<Vec<T>, Trouble> {
        let length = self.u32()? as usize;
        self.align(8)?;
        let end = self.at.checked_add(length).filter(|end| *end <= self.bytes.len()).ok_or(SHORT)?;
        let mut all = Vec::new();
        while self.at < end {
            self.align(8)?;
            all.push(one(self)?);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_call_is_encoded_as_the_specification_says() {
        let target = Target { service: "a.b", object: "/o", interface: "i.f" };
        let bytes = encode_call(7, target, "Get", &[Argument::Text("xy"), Argument::Int32(-2)]);
        let expected: &[u8] = b"l\x01\x02\x01\x0c\0\0\0\x07\0\0\0\x47\0\0\0\
            \x01\x01o\0\x02\0\0\0/o\0\0\0\0\0\0\
            \x02\x01s\0\x03\0\0\0i.f\0\0\0\0\0\
            \x03\x01s\0\x03\0\0\0Get\0\0\0\0\0\
            \x06\x01s\0\x03\0\0\0a.b\0\0\0\0\0\
            \x08\x01g\0\x02si\0\
            \x02\0\0\0xy\0\0\xfe\xff\xff\xff";
        let fields = bytes.len() - FIXED_HEADER - 12;
        assert_eq!(bytes, [&expected[..12], &(fields as u32).to_le_bytes(), &expected[16..]].concat());
        assert_eq!(message_length(&bytes).unwrap(), bytes.len());
    }

    proptest! {
        #[test]
        fn decoding_any_bytes_ends(bytes in proptest::collection::vec(any::<u8>(), 0..96), big: bool) {
            let mut message = vec![if big { b'B' } else { b'l' }, 2, 0, 1];
            message.extend(&bytes);
            let _ = message_length(&message);
            if let Ok(message) = decode_message(&message) {
                let mut reader = message.body.reader();
                let _ = reader.variant("a(iiay)");
                let _ = reader.structures(|one| Ok((one.i32()?, one.text()?, one.byte_array()?.len())));
            }
        }
    }
}
