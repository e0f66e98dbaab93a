//! How things are laid out as text for people: the same words and columns on the command line
//! and in the TUI.
//!
//! `page::Span` escapes what it is given, so nothing from outside reaches a terminal as it is.

mod change;
mod columns;
mod describe;
mod effects;
mod event;
mod links;
mod page;
mod posture;
mod report;
mod routes;
mod thing;
pub(crate) mod words;

pub(crate) use change::{Change, changes};
pub(crate) use describe::{describe, name};
pub(crate) use effects::effects;
pub(crate) use event::{burst, how, start};
pub(crate) use page::{ColorChoice, Page, is_dumb};
pub(crate) use posture::posture;
pub(crate) use report::{problems, snapshot};
pub(crate) use thing::Thing;

#[cfg(test)]
mod tests;
