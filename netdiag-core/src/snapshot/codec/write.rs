//! Writes `netdiag.snapshot/1`.

use std::io::{self, Write};
use std::sync::Arc;

use ipnet::IpNet;
use serde::Serialize;

use super::SNAPSHOT_FORMAT;
use crate::json::{self, Layout};
use crate::model::{RouteAttributes, Routes};
use crate::snapshot::Snapshot;

/// Writes a snapshot as JSON, closed by a line's end.
///
/// # Errors
///
/// When `writer` fails.
pub fn write(snapshot: &Snapshot, mut writer: impl Write) -> io::Result<()> {
    let out = &mut writer;
    write!(out, "{{\n  \"format\": \"{SNAPSHOT_FORMAT}\"")?;
    field(out, "taken_at", &snapshot.taken_at)?;
    field(out, "host", &snapshot.host)?;
    field(out, "capabilities", &snapshot.capabilities)?;
    rows(out, "links", snapshot.links.iter())?;
    rows(out, "addresses", snapshot.addresses.iter())?;
    routes(out, &snapshot.routes)?;
    rows(out, "rules", snapshot.rules.iter())?;
    rows(out, "neighbors", snapshot.neighbors.iter())?;
    rows(out, "nexthops", snapshot.nexthops.iter())?;
    rows(out, "address_labels", snapshot.address_labels.iter())?;
    field(out, "resolver", &*snapshot.resolver)?;
    field(out, "sysctls", &*snapshot.sysctls)?;
    rows(out, "problems", snapshot.problems.iter())?;
    out.write_all(b"\n}\n")?;
    out.flush()
}

fn field(out: &mut impl Write, name: &str, value: &impl Serialize) -> io::Result<()> {
    write!(out, ",\n  \"{name}\": ")?;
    json::to_writer(out, value, Layout::Line)
}

fn rows<T: Serialize>(out: &mut impl Write, name: &str, rows: impl Iterator<Item = T>) -> io::Result<()> {
    write!(out, ",\n  \"{name}\": [")?;
    let mut is_empty = true;
    for row in rows {
        out.write_all(if is_empty { b"\n    " } else { b",\n    " })?;
        json::to_writer(&mut *out, &row, Layout::Line)?;
        is_empty = false;
    }
    out.write_all(if is_empty { b"]" } else { b"\n  ]" })
}

/// A full table has a million routes and a few dozen attribute sets: each set is made text once.
fn routes(out: &mut impl Write, routes: &Routes) -> io::Result<()> {
    const SLOTS: usize = 1024;
    let mut texts: Vec<Option<(*const RouteAttributes, Vec<u8>)>> = vec![None; SLOTS];
    let mut text: Vec<u8> = Vec::new();
    out.write_all(b",\n  \"routes\": [")?;
    for (at, route) in routes.iter().enumerate() {
        let set = Arc::as_ptr(&route.attributes);
        let slot = &mut texts[(set as usize >> 4).wrapping_mul(0x9E37_79B9) / 128 % SLOTS];
        let attributes = match slot {
            Some((same, text)) if *same == set => text,
            _ => {
                let mut text = Vec::new();
                json::to_writer(&mut text, &*route.attributes, Layout::Line)?;
                &mut slot.insert((set, text)).1
            }
        };
        text.clear();
        text.extend_from_slice(if at == 0 { b"\n    " } else { b",\n    " });
        text.extend_from_slice(b"{\"destination\":\"");
        push_prefix(&mut text, &route.destination);
        // The attributes' own object goes on where it would have begun.
        text.extend_from_slice(b"\",");
        text.extend_from_slice(attributes.get(1..).unwrap_or_default());
        out.write_all(&text)?;
    }
    out.write_all(if routes.is_empty() { b"]" } else { b"\n  ]" })
}

fn push_prefix(text: &mut Vec<u8>, prefix: &IpNet) {
    match prefix {
        // The formatting machinery costs more than all the rest of a row.
        IpNet::V4(net) => {
            let [a, b, c, d] = net.addr().octets();
            push_number(text, a);
            for octet in [b, c, d] {
                text.push(b'.');
                push_number(text, octet);
            }
            text.push(b'/');
            push_number(text, net.prefix_len());
        }
        IpNet::V6(net) => {
            // Writing to a Vec cannot fail.
            let _ = write!(text, "{net}");
        }
    }
}

fn push_number(text: &mut Vec<u8>, number: u8) {
    if number >= 100 {
        text.push(b'0' + number / 100);
    }
    if number >= 10 {
        text.push(b'0' + number / 10 % 10);
    }
    text.push(b'0' + number % 10);
}
