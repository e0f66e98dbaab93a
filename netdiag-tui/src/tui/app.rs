//! The state of the TUI. It knows no clock: the time is a field that the loop sets.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use netdiag_core::error::Error;
use netdiag_core::history::Burst;
use netdiag_core::model::Route;
use netdiag_core::snapshot::Snapshot;
use ratatui::crossterm::event::KeyEvent;
use tui_input::Input;

pub(crate) use super::data::{Baseline, Data};
use super::marks::Marks;
use super::rows::{self, LinkRow, LinkThing, OtherRow, RouteRow, RouteRows, RuleRow, Sort, Wanted};
use super::theme::Theme;
use super::{view, words};
use crate::filter::Filter;
use crate::text::{Thing, describe};

/// The screens, in the order of their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Screen {
    Routes,
    Links,
    Rules,
    Events,
    Other,
}

impl Screen {
    /// All of them.
    pub(crate) const ALL: [Self; 5] = [Self::Routes, Self::Links, Self::Rules, Self::Events, Self::Other];

    /// The word in the header.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Routes => "Routes",
            Self::Links => "Links",
            Self::Rules => "Rules",
            Self::Events => "Events",
            Self::Other => "DNS & more",
        }
    }

    pub(super) fn step(self, by: usize) -> Self {
        Self::ALL[(self as usize + by) % Self::ALL.len()]
    }
}

/// What comes in.
#[derive(Debug)]
pub(crate) enum Msg {
    Key(KeyEvent),
    Resized(u16, u16),
    Ready(Arc<Snapshot>),
    Burst(Burst),
    /// Watching ended; nothing more comes from the source.
    Ended(Arc<Error>),
    /// Reading again is done.
    ReRead(Result<(), String>),
    /// A lifetime on the screen reads differently now.
    Due,
    /// SIGTSTP from outside.
    SuspendAsked,
    /// SIGINT, SIGTERM, SIGHUP, or the terminal is gone.
    QuitAsked,
    /// A thread panicked: the terminal has been given back already.
    Panicked,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Copy(String),
    ReRead,
    Suspend,
    Quit,
    /// Quit because of a bug that has been told already.
    Abort,
}

/// Where the state comes from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// The running system.
    Live,
    /// A file; its name, not escaped.
    Stored(String),
}

/// What the keys go to.
#[derive(Clone, Debug)]
pub(crate) enum Mode {
    Lists,
    /// The filter is being typed; `before` comes back on Esc.
    FilterLine {
        input: Input,
        before: (String, Option<Filter>),
        error: Option<String>,
    },
    Help {
        scroll: usize,
    },
    /// The whole screen tells about the selected row.
    Detail {
        scroll: usize,
    },
}

/// The selected row and the first row on the screen, of one list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cursor {
    pub(crate) selected: usize,
    pub(crate) offset: usize,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct App {
    /// The time, set before each message and each frame.
    pub(crate) now: Timestamp,
    pub(crate) zone: TimeZone,
    pub(crate) size: (u16, u16),
    pub(crate) theme: Theme,
    pub(crate) source: Source,
    pub(crate) screen: Screen,
    pub(crate) mode: Mode,
    pub(super) live: Option<Data>,
    pub(super) frozen: Option<(Timestamp, Box<Data>)>,
    /// Why watching ended.
    pub(crate) ended: Option<Arc<Error>>,
    pub(crate) filter_text: String,
    /// `None` = everything.
    pub(super) filter: Option<Filter>,
    pub(crate) sort: Sort,
    pub(crate) reverse: bool,
    pub(crate) only_changes: bool,
    pub(crate) diff: bool,
    /// Notes the user has read; a new one shows again.
    pub(crate) notes_read: Vec<String>,
    /// The answer to the last key, until the next one.
    pub(crate) answer: Option<String>,
    pub(super) folded: BTreeSet<u32>,
    pub(super) cursors: [Cursor; 5],
    pub(crate) routes: RouteRows,
    pub(crate) links: Vec<LinkRow>,
    pub(crate) rules: Vec<RuleRow>,
    pub(crate) others: Vec<OtherRow>,
    /// Numbers of events, newest = 0.
    events: Option<Vec<usize>>,
    pub(super) is_stale: bool,
    /// Rows are about to be chosen; those on the screen are the old ones.
    pub(crate) is_working: bool,
}

impl App {
    /// Nothing is known yet.
    pub(crate) fn new(source: Source, theme: Theme, zone: TimeZone, size: (u16, u16)) -> Self {
        Self {
            now: Timestamp::UNIX_EPOCH,
            zone,
            size,
            theme,
            source,
            screen: Screen::Routes,
            mode: Mode::Lists,
            live: None,
            frozen: None,
            ended: None,
            filter_text: String::new(),
            filter: None,
            sort: Sort::default(),
            reverse: false,
            only_changes: false,
            diff: true,
            notes_read: Vec::new(),
            answer: None,
            folded: BTreeSet::new(),
            cursors: [Cursor::default(); 5],
            routes: RouteRows::default(),
            links: Vec::new(),
            rules: Vec::new(),
            others: Vec::new(),
            events: None,
            is_stale: false,
            is_working: false,
        }
    }

    /// What the screen shows: the frozen picture, or the live one.
    pub(crate) fn data(&self) -> Option<&Data> {
        self.frozen.as_ref().map(|(_, data)| &**data).or(self.live.as_ref())
    }

    /// Since when the picture is frozen, and how many events it does not show.
    pub(crate) fn frozen(&self) -> Option<(Timestamp, u64)> {
        let (since, data) = self.frozen.as_ref()?;
        let live = self.live.as_ref().map_or(0, |live| live.journal.last_sequence());
        Some((*since, live.saturating_sub(data.journal.last_sequence())))
    }

    /// The differences, when they are shown.
    pub(crate) fn marks(&self) -> Option<&Marks> {
        self.data().filter(|_| self.diff).map(|data| &data.marks)
    }

    /// The cursor of the screen that is shown.
    pub(crate) fn cursor(&self) -> Cursor {
        self.cursors[self.screen as usize]
    }

    pub(super) fn cursor_mut(&mut self) -> &mut Cursor {
        &mut self.cursors[self.screen as usize]
    }

    /// How many rows the list of this screen has.
    pub(crate) fn row_count(&self) -> usize {
        match self.screen {
            Screen::Routes => self.routes.len(),
            Screen::Links => self.links.len(),
            Screen::Rules => self.rules.len(),
            Screen::Other => self.others.len(),
            Screen::Events => match (&self.events, self.data()) {
                (Some(events), _) => events.len(),
                (None, Some(data)) => data.journal.len(),
                (None, None) => 0,
            },
        }
    }

    /// Which event, counted from the newest, a row of the Events screen is.
    pub(crate) fn event_at(&self, row: usize) -> Option<usize> {
        match &self.events {
            Some(events) => events.get(row).copied(),
            None => Some(row),
        }
    }

    /// Whether the addresses of a link are hidden.
    pub(crate) fn is_folded(&self, link_index: u32) -> bool {
        self.folded.contains(&link_index)
    }

    /// Whether only rows that match are shown.
    pub(crate) fn is_filtered(&self) -> bool {
        self.filter.is_some()
    }

    /// How many seconds have passed since the shown state was read: lifetimes run on.
    pub(crate) fn seconds_since_read(&self) -> u64 {
        let now = match (&self.source, &self.frozen) {
            (Source::Stored(_), _) => return 0,
            (Source::Live, Some((since, _))) => *since,
            (Source::Live, None) => self.now,
        };
        let read = self.data().map_or(now, |data| data.snapshot.taken_at());
        u64::try_from(now.duration_since(read).as_secs()).unwrap_or(0)
    }

    /// In how many seconds something on the screen reads differently by itself: only lifetimes
    /// of addresses do, and only while they are shown.
    pub(crate) fn seconds_until_due(&self) -> Option<u64> {
        let runs = matches!(self.source, Source::Live)
            && self.frozen.is_none()
            && self.ended.is_none()
            && self.screen == Screen::Links
            && !matches!(self.mode, Mode::Help { .. });
        let data = self.data().filter(|_| runs)?;
        let passed = self.seconds_since_read();
        let lifetimes = data
            .snapshot
            .addresses()
            .iter()
            .flat_map(|address| [address.valid_for_s, address.preferred_for_s])
            .flatten();
        lifetimes
            .filter_map(|seconds| u64::from(seconds).checked_sub(passed).filter(|left| *left > 0))
            .map(words::duration_step)
            .min()
    }

    /// Whether [`Self::prepare`] takes so long that it should be announced.
    pub(crate) fn is_long_work(&self) -> bool {
        let looks_at_all = self.filter.is_some() || self.sort != Sort::Table;
        self.is_stale && looks_at_all && self.routes.total() > rows::MANY_ROUTES
    }

    /// Whether a filter is too slow to apply with each letter that is typed.
    pub(crate) fn waits_for_enter(&self, text: &str) -> bool {
        self.routes.total() > rows::MANY_ROUTES && text.parse().is_ok_and(|filter: Filter| !filter.is_quick())
    }

    /// Brings rows and cursors in line with the data and the size. Called before each frame.
    pub(crate) fn prepare(&mut self) {
        if std::mem::take(&mut self.is_stale) {
            self.recompute();
        }
        self.is_working = false;
        let height = view::list_height(self).max(1);
        let count = self.row_count();
        let cursor = self.cursor_mut();
        cursor.selected = cursor.selected.min(count.saturating_sub(1));
        let lowest = (cursor.selected + 1).saturating_sub(height);
        let highest = cursor.selected.min(count.saturating_sub(height));
        cursor.offset = cursor.offset.clamp(lowest.min(highest), highest);
    }

    fn recompute(&mut self) {
        if let Some(live) = self.live.as_mut().filter(|live| live.is_uncompared) {
            live.compare();
        }
        let selected = self.selected_route().cloned();
        let Some(data) = self.frozen.as_ref().map(|(_, data)| &**data).or(self.live.as_ref()) else { return };
        let marks = self.diff.then_some(&data.marks);
        let wanted = Wanted {
            data,
            marks,
            filter: self.filter.as_ref(),
            only_changes: self.only_changes && self.diff,
            now: self.now,
        };
        let routes = RouteRows::new(wanted, self.sort, self.reverse);
        let at = selected.and_then(|route| routes.find(&route, marks));
        let folded = &self.folded;
        let links = rows::links(wanted, |index| folded.contains(&index));
        let rules = rows::rules(wanted);
        let others = rows::others(wanted);
        let events = self.filter.is_some().then(|| {
            let matching = data.journal.iter().rev().enumerate().filter(|(_, event)| {
                let mark = || Some(words::change_mark(&event.change));
                wanted.matches(super::journal::after(&event.change).into(), mark, || Some(event.time))
            });
            matching.map(|(at, _)| at).collect()
        });
        (self.routes, self.links, self.rules) = (routes, links, rules);
        (self.events, self.others) = (events, others);
        if let (Some(at), true) = (at, self.cursors[Screen::Routes as usize].selected > 0) {
            self.cursors[Screen::Routes as usize].selected = at;
        }
    }

    /// The selected route, on the Routes screen's list.
    fn selected_route(&self) -> Option<&Route> {
        let at = self.cursors[Screen::Routes as usize].selected;
        self.routes.get(at, self.marks()).map(RouteRow::route)
    }

    /// The selected row in the words of `ip`, for the clipboard.
    pub(super) fn selected_text(&self) -> Option<String> {
        let (data, at) = (self.data()?, self.cursor().selected);
        match self.screen {
            Screen::Routes => self.selected_route().map(ToString::to_string),
            Screen::Links => Some(match self.links.get(at)?.thing(&data.snapshot, self.marks())? {
                LinkThing::Link(link) => link.name.to_string(),
                LinkThing::GoneLink(gone) => gone.row.name.to_string(),
                LinkThing::Address(address) => address.address.to_string(),
                LinkThing::GoneAddress(gone) => gone.row.address.to_string(),
            }),
            Screen::Rules => {
                let rule = self.rules.get(at)?.rule(&data.snapshot, self.marks())?;
                Some(format!("{}: {rule}", rule.priority))
            }
            Screen::Other => Some(describe(Thing::from(&self.others.get(at)?.object))),
            Screen::Events => {
                let event = data.journal.newest(self.event_at(at)?)?;
                Some(format!("{} {}", event.time, words::change(&event.change)))
            }
        }
    }
}
