//! The one table of keys. Dispatch, the hint line and the help screen all read it, so they
//! cannot disagree.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::app::Screen;

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Show(Screen),
    NextScreen,
    PreviousScreen,
    Down,
    Up,
    PageDown,
    PageUp,
    HalfDown,
    HalfUp,
    First,
    Last,
    Open,
    Back,
    Filter,
    SortBy,
    SortReverse,
    Fold,
    Unfold,
    UnfoldAll,
    Baseline,
    DiffMode,
    OnlyChanges,
    Freeze,
    ReRead,
    Copy,
    Help,
    Suspend,
    Quit,
    AcceptFilter,
    CancelFilter,
}

/// Where a binding holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// On every screen.
    Everywhere,
    /// On one screen.
    On(Screen),
    /// While the filter is typed; every other key edits the line.
    FilterLine,
}

/// A key as it is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    Ctrl(char),
    Code(KeyCode),
}

/// One line of the table.
#[derive(Debug)]
pub(crate) struct Binding {
    pub(crate) context: Context,
    pub(crate) keys: &'static [Key],
    pub(crate) action: Action,
    /// A word for the hint line; empty = not shown there.
    pub(crate) hint: &'static str,
    /// What it does, for the help.
    pub(crate) help: &'static str,
}

use Context::{Everywhere, FilterLine, On};
use Key::{Char, Code, Ctrl};

const fn bind(
    context: Context,
    keys: &'static [Key],
    action: Action,
    hint: &'static str,
    help: &'static str,
) -> Binding {
    Binding { context, keys, action, hint, help }
}

/// All keys, in the order of the help screen; hints leave a narrow line from the end.
pub(crate) const KEYS: &[Binding] = &[
    bind(Everywhere, &[Char('b')], Action::Baseline, "baseline", "make what you see the baseline"),
    bind(Everywhere, &[Char('d')], Action::DiffMode, "diff", "show or hide differences to the baseline"),
    bind(Everywhere, &[Char('o')], Action::OnlyChanges, "only changes", "show only rows that differ"),
    bind(Everywhere, &[Char(' ')], Action::Freeze, "freeze", "hold the picture; watching goes on"),
    bind(Everywhere, &[Char('/')], Action::Filter, "filter", "show only rows that match"),
    bind(On(Screen::Routes), &[Char('s')], Action::SortBy, "sort", "sort by the next column"),
    bind(On(Screen::Routes), &[Char('S')], Action::SortReverse, "", "sort the other way round"),
    bind(
        On(Screen::Links),
        &[Code(KeyCode::Left), Char('h')],
        Action::Fold,
        "fold",
        "hide the addresses of a link",
    ),
    bind(
        On(Screen::Links),
        &[Code(KeyCode::Right), Char('l')],
        Action::Unfold,
        "",
        "show the addresses of a link",
    ),
    bind(On(Screen::Links), &[Char('*')], Action::UnfoldAll, "", "show all addresses"),
    bind(Everywhere, &[Code(KeyCode::Enter)], Action::Open, "detail", "everything about the selected row"),
    bind(Everywhere, &[Char('y')], Action::Copy, "copy", "copy the row (OSC 52, works over SSH)"),
    bind(Everywhere, &[Char('r')], Action::ReRead, "re-read", "read everything from the kernel again"),
    bind(Everywhere, &[Code(KeyCode::Esc)], Action::Back, "", "back; hide notes; clear the filter"),
    bind(Everywhere, &[Char('1')], Action::Show(Screen::Routes), "", "Routes"),
    bind(Everywhere, &[Char('2')], Action::Show(Screen::Links), "", "Links and addresses"),
    bind(Everywhere, &[Char('3')], Action::Show(Screen::Rules), "", "Rules"),
    bind(Everywhere, &[Char('4')], Action::Show(Screen::Events), "", "Events"),
    bind(
        Everywhere,
        &[Char('5')],
        Action::Show(Screen::Other),
        "",
        "DNS servers and hosts, nexthop objects, neighbours, address labels, switches",
    ),
    bind(Everywhere, &[Code(KeyCode::Tab)], Action::NextScreen, "", "next screen"),
    bind(Everywhere, &[Code(KeyCode::BackTab)], Action::PreviousScreen, "", "previous screen"),
    bind(Everywhere, &[Char('j'), Code(KeyCode::Down)], Action::Down, "", "one row down"),
    bind(Everywhere, &[Char('k'), Code(KeyCode::Up)], Action::Up, "", "one row up"),
    bind(Everywhere, &[Ctrl('d')], Action::HalfDown, "", "half a page down"),
    bind(Everywhere, &[Ctrl('u')], Action::HalfUp, "", "half a page up"),
    bind(Everywhere, &[Code(KeyCode::PageDown), Ctrl('f')], Action::PageDown, "", "a page down"),
    bind(Everywhere, &[Code(KeyCode::PageUp), Ctrl('b')], Action::PageUp, "", "a page up"),
    bind(Everywhere, &[Char('g'), Code(KeyCode::Home)], Action::First, "", "first row"),
    bind(Everywhere, &[Char('G'), Code(KeyCode::End)], Action::Last, "", "last row"),
    bind(Everywhere, &[Ctrl('z')], Action::Suspend, "", "suspend"),
    bind(Everywhere, &[Char('?')], Action::Help, "help", "this help"),
    bind(Everywhere, &[Char('q'), Ctrl('c')], Action::Quit, "quit", "quit; netdiag changed nothing"),
    bind(FilterLine, &[Code(KeyCode::Enter)], Action::AcceptFilter, "keep", "keep the filter"),
    bind(FilterLine, &[Code(KeyCode::Esc)], Action::CancelFilter, "cancel", "back to the filter before"),
    bind(FilterLine, &[Ctrl('z')], Action::Suspend, "", "suspend"),
    bind(FilterLine, &[Ctrl('c')], Action::Quit, "", "quit"),
];

impl Key {
    fn of(event: KeyEvent) -> Option<Self> {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        match event.code {
            _ if event.modifiers.contains(KeyModifiers::ALT) => None,
            KeyCode::Char(letter) if ctrl => Some(Ctrl(letter.to_ascii_lowercase())),
            KeyCode::Char(letter) => Some(Char(letter)),
            code => Some(Code(code)),
        }
    }

    /// The key as the help writes it.
    pub(crate) fn name(self) -> String {
        match self {
            Char(' ') => "space".into(),
            Char(letter) => letter.to_string(),
            Ctrl(letter) => format!("Ctrl-{letter}"),
            Code(KeyCode::Left) => "Left".into(),
            Code(KeyCode::Right) => "Right".into(),
            Code(KeyCode::Up) => "Up".into(),
            Code(KeyCode::Down) => "Down".into(),
            Code(KeyCode::PageUp) => "PgUp".into(),
            Code(KeyCode::PageDown) => "PgDn".into(),
            Code(KeyCode::BackTab) => "Shift-Tab".into(),
            Code(other) => format!("{other:?}"),
        }
    }
}

impl Binding {
    /// The keys as the help writes them: `j Down`.
    pub(crate) fn key_names(&self) -> String {
        self.keys.iter().map(|key| key.name()).collect::<Vec<_>>().join(" ")
    }

    fn holds_in(&self, context: Context) -> bool {
        self.context == context || (self.context == Everywhere && matches!(context, On(_)))
    }
}

/// What `event` asks for in `context`.
pub(crate) fn action(context: Context, event: KeyEvent) -> Option<Action> {
    let key = Key::of(event)?;
    bindings(context).find(|binding| binding.keys.contains(&key)).map(|binding| binding.action)
}

/// The bindings that hold in `context`, in the order of the table.
pub(crate) fn bindings(context: Context) -> impl Iterator<Item = &'static Binding> {
    KEYS.iter().filter(move |binding| binding.holds_in(context))
}

/// Whether an action makes no sense on a stored state.
pub(crate) fn needs_live(action: Action) -> bool {
    matches!(
        action,
        Action::Freeze | Action::ReRead | Action::Baseline | Action::DiffMode | Action::OnlyChanges
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXTS: [Context; 6] = [
        On(Screen::Routes),
        On(Screen::Links),
        On(Screen::Rules),
        On(Screen::Events),
        On(Screen::Other),
        FilterLine,
    ];

    #[test]
    fn no_key_means_two_things_at_one_place() {
        for context in CONTEXTS {
            let mut seen: Vec<Key> = Vec::new();
            for key in bindings(context).flat_map(|binding| binding.keys) {
                assert!(!seen.contains(key), "{} is bound twice in {context:?}", key.name());
                seen.push(*key);
            }
        }
    }

    #[test]
    fn every_binding_is_reachable_and_explained() {
        for binding in KEYS {
            assert!(!binding.help.is_empty() && !binding.keys.is_empty());
            assert!(CONTEXTS.iter().any(|context| binding.holds_in(*context)), "{binding:?}");
        }
    }

    #[test]
    fn a_key_of_one_screen_does_nothing_on_another() {
        let sort = KeyEvent::new(KeyCode::Char('s'), KeyModifiers::NONE);
        assert_eq!(action(On(Screen::Routes), sort), Some(Action::SortBy));
        assert_eq!(action(On(Screen::Rules), sort), None);
        assert_eq!(action(FilterLine, sort), None);
    }
}
