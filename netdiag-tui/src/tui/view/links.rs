//! The Links screen: links, their addresses, and how long these last.

use netdiag_core::model::{Address, AddressFlags, Link};
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::frame::Plan;
use super::{Column, GAP, columns, row, text, titles};
use crate::text::words::{address_words, link_state, link_words, name_or_index};
use crate::tui::app::App;
use crate::tui::rows::LinkThing;
use crate::tui::theme::Mark;
use crate::tui::words;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Id {
    Name,
    Kind,
    State,
    Preferred,
    Valid,
    Mtu,
}

const ALL: [Column<Id>; 6] = [
    Column { id: Id::Name, title: "Link / address", width: 22 },
    Column { id: Id::Kind, title: "Kind", width: 24 },
    Column { id: Id::State, title: "State", width: 10 },
    Column { id: Id::Preferred, title: "Preferred", width: 10 },
    Column { id: Id::Valid, title: "Valid", width: 10 },
    Column { id: Id::Mtu, title: "MTU", width: 5 },
];
const LEAVING: [Id; 5] = [Id::Mtu, Id::Valid, Id::State, Id::Kind, Id::Preferred];
const GREEDY: [(Id, usize); 4] = [(Id::Name, 33), (Id::Kind, 36), (Id::Name, 47), (Id::Kind, 60)];

/// Draws the list.
pub(crate) fn draw(buffer: &mut Buffer, app: &App, plan: &Plan) {
    let Some(data) = app.data() else { return };
    let mut columns = columns(&ALL, &LEAVING, &GREEDY, usize::from(app.size.0));
    // Where there is no room for both, one column tells a link's state and an address's time.
    let shared = !columns.iter().any(|column| column.id == Id::State);
    if let Some(column) = columns.iter_mut().find(|column| shared && column.id == Id::Preferred) {
        column.title = "State/left";
    }
    titles(buffer, app, plan, &columns);
    let cursor = app.cursor();
    let (top, height) = plan.list;
    for ((at, link_row), y) in app.links.iter().enumerate().skip(cursor.offset).zip(top..top + height) {
        let Some(thing) = link_row.thing(&data.snapshot, app.marks()) else { continue };
        let mark = mark(app, &thing);
        let style = mark.map_or_else(Style::new, |mark| app.theme.mark(mark));
        let mut line = row(buffer, app, y, at == cursor.selected, mark);
        for column in &columns {
            let text = match &thing {
                LinkThing::Link(link) => link_cell(app, link, column.id, shared, false),
                LinkThing::GoneLink(gone) => link_cell(app, &gone.row, column.id, shared, true),
                LinkThing::Address(address) => address_cell(app, address, column.id, false),
                LinkThing::GoneAddress(gone) => address_cell(app, &gone.row, column.id, true),
            };
            line.cell(&text, column.width, style).skip(GAP);
        }
        if at == cursor.selected {
            text::restyle(buffer, y, app.theme.cursor());
        }
    }
}

/// The mark of a row.
pub(crate) fn mark(app: &App, thing: &LinkThing<'_>) -> Option<Mark> {
    let marks = app.marks()?;
    match thing {
        LinkThing::GoneLink(gone) => Some(gone.mark),
        LinkThing::GoneAddress(gone) => Some(gone.mark),
        LinkThing::Link(link) => marks.links.get(&link.index).map(|marked| marked.mark),
        LinkThing::Address(address) => marks.addresses.get(&address.key()).map(|marked| marked.mark),
    }
}

fn link_cell(app: &App, link: &Link, id: Id, shared: bool, is_gone: bool) -> String {
    match id {
        Id::Name => {
            let glyphs = app.theme.glyphs;
            let glyph = if is_gone {
                ' '
            } else if app.is_folded(link.index) {
                glyphs.folded
            } else {
                glyphs.unfolded
            };
            format!("{glyph} {}", link.name)
        }
        Id::Kind => {
            let mut words = vec![link.kind_in_words()];
            words.extend(link_words(link));
            words.join(", ")
        }
        Id::State | Id::Preferred if is_gone && (id == Id::State || shared) => "gone".into(),
        Id::State => link_state(link),
        Id::Preferred if shared => link_state(link),
        Id::Preferred | Id::Valid => String::new(),
        Id::Mtu => link.mtu.to_string(),
    }
}

fn address_cell(app: &App, address: &Address, id: Id, is_gone: bool) -> String {
    match id {
        Id::Name => format!("    {}", address.address),
        Id::Kind => {
            let peer = address.peer.map_or_else(String::new, |peer| format!(", to {peer}"));
            format!("{}{peer}", address_words(address))
        }
        Id::State => if is_gone { "gone" } else { "" }.into(),
        Id::Preferred if is_gone => "gone".into(),
        Id::Preferred if address.flags.contains(AddressFlags::DEPRECATED) => "expired".into(),
        Id::Preferred => left(app, address.preferred_for_s),
        Id::Valid if is_gone => String::new(),
        Id::Valid => left(app, address.valid_for_s),
        Id::Mtu => String::new(),
    }
}

/// How much of a lifetime is left now.
pub(crate) fn left(app: &App, lifetime: Option<u32>) -> String {
    match lifetime {
        None => "forever".into(),
        Some(seconds) => match u64::from(seconds).saturating_sub(app.seconds_since_read()) {
            0 => "expired".into(),
            left => words::duration(left),
        },
    }
}

/// A link by name, for the detail.
pub(crate) fn link_name(address: &Address) -> String {
    name_or_index(address.link.as_ref(), address.link_index)
}
