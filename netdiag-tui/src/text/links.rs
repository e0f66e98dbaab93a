//! Links, each with its addresses beneath.

use std::io::{self, Write};

use netdiag_core::Snapshot;
use netdiag_core::model::{Address, AddressFlags, Link};

use super::columns::{Align, Columns};
use super::page::{Page, Paint, Span};
use super::words;

/// Writes the links and their addresses.
pub(super) fn links(page: Page, snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let mut links = Columns::new(
        page,
        2,
        &[
            ("Link", Align::Left),
            ("Kind", Align::Left),
            ("State", Align::Left),
            ("MTU", Align::Right),
            ("MAC", Align::Left),
            ("", Align::Left),
        ],
    );
    let mut addresses = Columns::new(page, 6, &[("", Align::Left); 3]);
    snapshot.links().iter().for_each(|link| links.measure(&link_row(link)));
    snapshot.addresses().iter().for_each(|address| addresses.measure(&address_row(address)));
    links.fit();
    addresses.fit();
    links.titles(out)?;
    for link in snapshot.links() {
        links.row(out, &link_row(link))?;
        for address in snapshot.addresses_of(link.index) {
            addresses.row(out, &address_row(address))?;
        }
    }
    let strays: Vec<&Address> =
        snapshot.addresses().iter().filter(|address| snapshot.link(address.link_index).is_none()).collect();
    if !strays.is_empty() {
        page.line(out, &["  Addresses of links that were not found".into()])?;
        for address in strays {
            let mut row = address_row(address);
            row[2] = Span::new(format!("if{} {}", address.link_index, row[2].text()), Paint::Plain);
            addresses.row(out, &row)?;
        }
    }
    Ok(())
}

fn link_row(link: &Link) -> [Span; 6] {
    let state = words::link_state(link);
    let paint = match state.as_str() {
        "up" => Paint::Plain,
        "admin down" => Paint::Dim,
        _ => Paint::Warning,
    };
    let mac = link.mac.as_ref().filter(|mac| mac.0.iter().any(|octet| *octet != 0));
    [
        Span::new(link.name.to_string(), Paint::Strong),
        link.kind_in_words().into(),
        Span::new(state, paint),
        link.mtu.to_string().into(),
        mac.map(ToString::to_string).unwrap_or_default().into(),
        words::link_words(link).join(", ").into(),
    ]
}

fn address_row(address: &Address) -> [Span; 3] {
    let text = match address.peer {
        Some(peer) => format!("{} peer {peer}", address.address),
        None => address.address.to_string(),
    };
    let lifetimes = words::lifetimes(address);
    let mut more: Vec<String> = (!lifetimes.is_empty()).then_some(lifetimes).into_iter().collect();
    if let Some(label) = address.label.as_ref().filter(|label| Some(*label) != address.link.as_ref()) {
        more.push(format!("label {label}"));
    }
    if address.metric != 0 {
        more.push(format!("metric {}", address.metric));
    }
    let paint = if needs_attention(address) { Paint::Warning } else { Paint::Plain };
    [text.into(), Span::new(words::address_words(address), paint), more.join(", ").into()]
}

/// Whether programs cannot, or should not, use it; [`words::address_words`] says so in capitals.
fn needs_attention(address: &Address) -> bool {
    [AddressFlags::DEPRECATED, AddressFlags::TENTATIVE, AddressFlags::DAD_FAILED]
        .iter()
        .any(|flag| address.flags.contains(*flag))
}
