//! A filter asked about a million routes.
//!
//! A few dozen sets of attributes serve a full internet table. What a term asks about attributes
//! is answered once for each set; what is left for each route is its destination.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use netdiag_core::Snapshot;
use netdiag_core::model::{Family, Route, RouteAttributes, range_in_words};

use super::{Filter, Key, Pattern, Subject, Test};
use crate::text::{Thing, describe};

/// What is known of a route beyond the route, asked only when the filter wants it.
pub(crate) trait Known {
    /// How it changed: `+`, `-`, `~` or `x`.
    fn change(&self) -> Option<char>;
    /// Seconds since it changed.
    fn age_s(&self) -> Option<u64>;
}

/// A filter that remembers its answers about attribute sets. It says what [`Filter::matches`] says.
#[derive(Debug)]
pub(crate) struct RouteFilter<'a> {
    filter: &'a Filter,
    snapshot: &'a Snapshot,
    sets: BTreeMap<(Family, *const RouteAttributes), Set>,
    /// The destination that was written last, and all of the route.
    text: String,
}

/// What is known about the routes of one attribute set.
#[derive(Debug)]
enum Set {
    /// All of them match, or none does.
    Decided(bool),
    Open(Open),
}

/// What is still to be asked of each route.
#[derive(Debug)]
struct Open {
    /// The numbers of the terms.
    terms: Vec<usize>,
    /// What stands before and behind the destination in the description of a route.
    around: (String, String),
    /// All other texts a word is looked for in.
    texts: Vec<String>,
    scope: String,
}

impl<'a> RouteFilter<'a> {
    /// A filter for the routes of a state.
    pub(crate) fn new(filter: &'a Filter, snapshot: &'a Snapshot) -> Self {
        Self { filter, snapshot, sets: BTreeMap::new(), text: String::new() }
    }

    /// Whether every term holds of a route.
    pub(crate) fn matches(&mut self, route: &Route, known: &impl Known) -> bool {
        let (filter, snapshot) = (self.filter, self.snapshot);
        let key = (route.family(), Arc::as_ptr(&route.attributes));
        let set = self.sets.entry(key).or_insert_with(|| Set::new(filter, snapshot, route));
        let open = match set {
            Set::Decided(answer) => return *answer,
            Set::Open(open) => open,
        };
        open.terms.iter().all(|at| {
            let term = &filter.terms[*at];
            open.holds(&term.test, route, known, &mut self.text) != term.negated
        })
    }
}

impl Set {
    fn new(filter: &Filter, snapshot: &Snapshot, sample: &Route) -> Self {
        let thing = Thing::Route(sample);
        let subject = Subject { thing, change: None, age_s: None, snapshot: Some(snapshot) };
        let scope = sample.scope.to_string();
        let mut texts = vec![thing.noun().to_owned(), scope.clone()];
        for key in [Key::Dev, Key::Kind, Key::Proto, Key::Table] {
            texts.extend(subject.texts(key));
        }
        let (description, destination) = (describe(thing), sample.destination.to_string());
        let (before, behind) = description.split_once(&destination).unwrap_or((&description, ""));
        let around = (before.to_owned(), behind.to_owned());
        let mut open = Open { terms: Vec::new(), around, texts, scope };
        for (at, term) in filter.terms.iter().enumerate() {
            let answer = match &term.test {
                Test::Anywhere(pattern) => open.found_beside(pattern).then_some(true),
                test if test.asks_each_route() => None,
                test => Some(test.holds(subject)),
            };
            match answer {
                Some(holds) if holds == term.negated => return Self::Decided(false),
                Some(_) => {}
                None => open.terms.push(at),
            }
        }
        if open.terms.is_empty() { Self::Decided(true) } else { Self::Open(open) }
    }
}

impl Test {
    /// Whether routes of equal family and attributes may get different answers.
    fn asks_each_route(&self) -> bool {
        match self {
            Self::Text(key, _) | Self::Number(key, ..) | Self::Prefix(key, ..) => match key {
                Key::Dst | Key::In | Key::Has | Key::Scope | Key::Role | Key::Age | Key::Chg => true,
                Key::Via | Key::Dev | Key::Table | Key::Proto | Key::Metric => false,
                Key::Family | Key::Kind | Key::Src | Key::Mark => false,
            },
            Self::Anywhere(_) | Self::Default | Self::Changed(_) => true,
        }
    }
}

impl Open {
    /// Whether a pattern is found in what all routes of the set share.
    fn found_beside(&self, pattern: &Pattern) -> bool {
        let (before, behind) = &self.around;
        // A regular expression may look at the ends of a text, and these are no ends.
        let is_word = matches!(pattern, Pattern::Word(_));
        let beside = is_word && (pattern.is_match(before) || pattern.is_match(behind));
        beside || self.texts.iter().any(|text| pattern.is_match(text))
    }

    fn holds(&self, test: &Test, route: &Route, known: &impl Known, text: &mut String) -> bool {
        let range = || range_in_words(route.destination.addr());
        match test {
            Test::Prefix(_, relation, wanted) => relation.holds(&route.destination, wanted),
            Test::Default => route.destination.prefix_len() == 0,
            Test::Changed(glyph) => known.change() == Some(*glyph),
            Test::Text(Key::Dst, pattern) => pattern.is_match(write_destination(route, text)),
            Test::Text(Key::Scope, pattern) => pattern.is_match(&self.scope) || pattern.is_match(range()),
            Test::Anywhere(pattern) => pattern.is_match(range()) || self.is_described(pattern, route, text),
            // Ages and roles.
            Test::Text(..) | Test::Number(..) => {
                let thing = Thing::Route(route);
                test.holds(Subject { thing, change: None, age_s: known.age_s(), snapshot: None })
            }
        }
    }

    /// Whether a pattern is found in the description of a route, the destination included.
    fn is_described(&self, pattern: &Pattern, route: &Route, text: &mut String) -> bool {
        let (before, behind) = &self.around;
        match pattern {
            // A word has no space, and beside a destination stands a space or a comma.
            Pattern::Word(word) if !word.contains(',') => {
                let is_address = |letter: u8| letter.is_ascii_hexdigit() || b".:/".contains(&letter);
                word.bytes().all(is_address) && pattern.is_match(write_destination(route, text))
            }
            _ => {
                text.clear();
                let _ = write!(text, "{before}{}{behind}", route.destination);
                pattern.is_match(text)
            }
        }
    }
}

/// The destination as text. Most of a full table is IPv4, and digits by hand are three times as
/// fast as `Display`.
fn write_destination<'t>(route: &Route, text: &'t mut String) -> &'t str {
    text.clear();
    match route.destination.addr() {
        IpAddr::V4(address) => {
            for (octet, end) in address.octets().into_iter().zip(['.', '.', '.', '/']) {
                push_number(text, octet);
                text.push(end);
            }
            push_number(text, route.destination.prefix_len());
        }
        IpAddr::V6(_) => drop(write!(text, "{}", route.destination)),
    }
    text
}

fn push_number(text: &mut String, number: u8) {
    let digit = |digit: u8| char::from(b'0' + digit);
    if number >= 100 {
        text.push(digit(number / 100));
    }
    if number >= 10 {
        text.push(digit(number / 10 % 10));
    }
    text.push(digit(number % 10));
}
