//! Reads `netdiag.snapshot/1`, and says what is wrong with everything else.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor};

use super::{MAX_BYTES, SNAPSHOT_FORMAT, ZSTD_MAGIC};
use crate::error::{Error, ErrorKind};
use crate::model::{
    Address, AddressLabel, Capability, Host, Link, Neighbor, NextHopObject, Problem, ResolverConfig, Routes,
    Rule,
};
use crate::snapshot::{Snapshot, SnapshotBuilder};

/// Reads a snapshot, compressed or not. `name` says in errors what is read.
///
/// # Errors
///
/// When reading fails or what is read is not a snapshot; says which and where.
pub fn read(reader: impl Read, name: &str) -> Result<Snapshot, Error> {
    read_up_to(reader, name, MAX_BYTES)
}

pub(super) fn read_up_to(reader: impl Read, name: &str, max_bytes: u64) -> Result<Snapshot, Error> {
    let operation = || format!("read {name}");
    let system = |cause| Error::system(operation(), cause);
    let mut reader = BufReader::with_capacity(1 << 16, reader);
    let mut magic = Vec::new();
    reader.by_ref().take(4).read_to_end(&mut magic).map_err(system)?;
    if magic.is_empty() {
        return Err(Error::new(ErrorKind::BadInput, operation(), "it is empty"));
    }
    let is_compressed = magic == ZSTD_MAGIC;
    let bytes = io::Cursor::new(magic).chain(reader);
    let result = if is_compressed {
        parse(zstd::Decoder::with_buffer(bytes).map_err(system)?, max_bytes)
    } else {
        parse(bytes, max_bytes)
    };
    result.map_err(|trouble| trouble.into_error(operation(), is_compressed))
}

/// Passes on so many bytes; more are an error.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::new(io::ErrorKind::FileTooLarge, "it holds more than this program reads")
        })?;
        Ok(count)
    }
}

/// What `format` said.
#[derive(Debug, PartialEq, Eq)]
enum Format {
    /// Nothing yet.
    Unseen,
    /// This one.
    Ours,
    /// A later one.
    Newer(String),
    /// Something else of netdiag.
    Other(String),
    /// Nothing of netdiag.
    Foreign,
}

fn judge(format: &str) -> Format {
    match format.split_once('/') {
        Some(("netdiag.snapshot", "1")) => Format::Ours,
        Some(("netdiag.snapshot", number)) if number.parse::<u64>().is_ok_and(|number| number > 1) => {
            Format::Newer(format.into())
        }
        Some((kind, _)) if kind.starts_with("netdiag.") => Format::Other(format.into()),
        _ => Format::Foreign,
    }
}

/// Why reading failed.
struct Trouble {
    error: serde_json::Error,
    format: Format,
}

fn parse(reader: impl Read, max_bytes: u64) -> Result<Snapshot, Trouble> {
    // serde_json takes byte after byte: the buffer has to be the outermost reader.
    let reader = BufReader::with_capacity(1 << 16, Limited { inner: reader, left: max_bytes });
    let format = RefCell::new(Format::Unseen);
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let result = Document { format: &format }.deserialize(&mut deserializer);
    let result = result.and_then(|snapshot| deserializer.end().map(|()| snapshot));
    result.map_err(|error| Trouble { error, format: format.into_inner() })
}

impl Trouble {
    fn into_error(self, operation: String, is_compressed: bool) -> Error {
        let error = &self.error;
        let place = match error.line() {
            0 => String::new(),
            line => format!("line {line}, column {}: ", error.column()),
        };
        let text = error.to_string();
        let with_place = format!(" at line {} column {}", error.line(), error.column());
        let text = text.strip_suffix(&with_place).unwrap_or(&text);
        let is_cut_off = error.is_eof() || error.io_error_kind() == Some(io::ErrorKind::UnexpectedEof);
        let (kind, cause) = match self.format {
            _ if is_cut_off => {
                let what =
                    if is_compressed && !error.is_eof() { "the compressed data ends" } else { "it ends" };
                (ErrorKind::BadInput, format!("{place}truncated: {what} too early"))
            }
            _ if error.is_io() && is_compressed => {
                (ErrorKind::BadInput, format!("the compressed data is damaged: {text}"))
            }
            _ if error.is_io() => {
                let kind = error.io_error_kind().unwrap_or(io::ErrorKind::Other);
                return match kind {
                    io::ErrorKind::FileTooLarge => Error::new(ErrorKind::BadInput, operation, text),
                    kind => Error::system(operation, io::Error::new(kind, text)),
                };
            }
            Format::Newer(format) => (
                ErrorKind::TooNew,
                format!("format {format} is newer than this netdiag reads ({SNAPSHOT_FORMAT})"),
            ),
            Format::Other(format) => {
                (ErrorKind::BadInput, format!("it is a {format}, and a {SNAPSHOT_FORMAT} is wanted"))
            }
            Format::Ours => (ErrorKind::BadInput, format!("{place}{text}")),
            Format::Unseen | Format::Foreign => (
                ErrorKind::BadInput,
                format!("not a netdiag file: {place}expected JSON with \"format\": \"{SNAPSHOT_FORMAT}\""),
            ),
        };
        Error::new(kind, operation, cause)
    }
}

/// A snapshot at the top of a document.
struct Document<'a> {
    format: &'a RefCell<Format>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Key {
    Format,
    TakenAt,
    Host,
    Capabilities,
    Links,
    Addresses,
    Routes,
    Rules,
    Neighbors,
    Nexthops,
    AddressLabels,
    Resolver,
    Sysctls,
    Problems,
    #[serde(other)]
    Unknown,
}

#[derive(Default)]
struct Parts {
    taken_at: Option<Timestamp>,
    host: Option<Host>,
    capabilities: BTreeMap<String, Capability>,
    links: Vec<Link>,
    addresses: Vec<Address>,
    routes: Routes,
    rules: Vec<Rule>,
    neighbors: Vec<Neighbor>,
    nexthops: Vec<NextHopObject>,
    address_labels: Vec<AddressLabel>,
    resolver: ResolverConfig,
    sysctls: BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = Snapshot;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Snapshot, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Snapshot;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a snapshot")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Snapshot, A::Error> {
        let mut parts = Parts::default();
        while let Some(key) = map.next_key()? {
            match key {
                Key::Format => {
                    let format = judge(&map.next_value::<String>()?);
                    let is_ours = format == Format::Ours;
                    *self.format.borrow_mut() = format;
                    if !is_ours {
                        return Err(A::Error::custom("another format"));
                    }
                }
                Key::TakenAt => parts.taken_at = Some(map.next_value()?),
                Key::Host => parts.host = Some(map.next_value()?),
                Key::Capabilities => parts.capabilities = map.next_value()?,
                Key::Links => parts.links = map.next_value()?,
                Key::Addresses => parts.addresses = map.next_value()?,
                Key::Routes => parts.routes = map.next_value()?,
                Key::Rules => parts.rules = map.next_value()?,
                Key::Neighbors => parts.neighbors = map.next_value()?,
                Key::Nexthops => parts.nexthops = map.next_value()?,
                Key::AddressLabels => parts.address_labels = map.next_value()?,
                Key::Resolver => parts.resolver = map.next_value()?,
                Key::Sysctls => parts.sysctls = map.next_value()?,
                Key::Problems => parts.problems = map.next_value()?,
                Key::Unknown => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        if *self.format.borrow() == Format::Unseen {
            return Err(A::Error::missing_field("format"));
        }
        let taken_at = parts.taken_at.ok_or_else(|| A::Error::missing_field("taken_at"))?;
        let host = parts.host.ok_or_else(|| A::Error::missing_field("host"))?;
        Ok(SnapshotBuilder::new(taken_at, host)
            .capabilities(parts.capabilities)
            .links(parts.links)
            .addresses(parts.addresses)
            .route_tables(parts.routes.tables().iter().map(Arc::clone))
            .rules(parts.rules)
            .neighbors(parts.neighbors)
            .nexthops(parts.nexthops)
            .address_labels(parts.address_labels)
            .resolver(parts.resolver)
            .sysctls(parts.sysctls)
            .problems(parts.problems)
            .build())
    }
}
