//! Random changes of a network namespace, the same for the same seed.
//!
//! Operations are drawn from small pools of links, prefixes and numbers, so that they meet each
//! other: routes over links that come and go, names that are used again, objects that others
//! refer to. The kernel refuses many of them, as it would refuse a person.

mod commands;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::ip::{self, Refusals};
use crate::tun::{Mode, Tun};

/// A small random generator (SplitMix64): the tests need repeatable, not good, numbers.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// One of several.
    pub fn pick<'a, T: ?Sized>(&mut self, several: &[&'a T]) -> &'a T {
        let at = self.below(several.len() as u64);
        several[usize::try_from(at).expect("an index")]
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// `text` in `percent` of 100 cases, else nothing.
    fn perhaps(&mut self, percent: u64, text: impl FnOnce(&mut Self) -> String) -> String {
        if self.chance(percent) { format!(" {}", text(self)) } else { String::new() }
    }
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A command of `ip`.
    Ip(String),
    /// A program opens a tun device.
    OpenTun(&'static str),
    /// The program that held it ends.
    CloseTun(&'static str),
    /// A switch is set.
    Switch(String, &'static str),
    /// Everything moved to the other namespace is deleted there.
    EmptyNeighbor,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(words) => write!(f, "ip {words}"),
            Self::OpenTun(name) => write!(f, "open tun device {name}"),
            Self::CloseTun(name) => write!(f, "close tun device {name}"),
            Self::Switch(path, value) => write!(f, "echo {value} >/proc/sys/{path}"),
            Self::EmptyNeighbor => f.write_str("delete all links of the other namespace"),
        }
    }
}

/// Name of the namespace that links are moved to.
const OTHER: &str = "other";

/// A namespace that changes.
#[derive(Debug)]
pub struct World {
    random: Random,
    tuns: BTreeMap<&'static str, Tun>,
    can_open_tun: bool,
    /// How many commands were given to `ip`.
    pub given: usize,
    /// How many of them the kernel refused.
    pub refused: usize,
}

impl World {
    /// Sets up links to begin with, in this namespace.
    ///
    /// # Panics
    ///
    /// When the kernel refuses.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        ip::ip_script(&format!(
            "netns add {OTHER}
             link add v0 type veth peer name v1
             link add v2 type veth peer name v3
             link add v4 type veth peer name v5
             link add br0 type bridge
             link set v0 up
             link set v1 up
             link set v2 up
             link set v3 up
             addr add 192.0.2.1/24 dev v0
             addr add 2001:db8::1/64 dev v0
             addr add 192.0.2.129/25 dev v2"
        ));
        Self {
            random: Random::new(seed),
            tuns: BTreeMap::new(),
            can_open_tun: Path::new("/dev/net/tun").exists(),
            given: 0,
            refused: 0,
        }
    }

    /// Draws the next change.
    pub fn draw(&mut self) -> Operation {
        let kind = self.random.below(100);
        let ip = match kind {
            0..25 => self.route_4(),
            25..43 => self.route_6(),
            43..52 => self.nexthop(),
            52..61 => self.rule(),
            61..72 => self.address(),
            72..81 => self.link_state(),
            81..87 => self.link_life(),
            87..90 => self.neighbor(),
            90..92 => self.address_label(),
            92..97 => return self.tun(),
            97..99 => return self.switch(),
            _ => return Operation::EmptyNeighbor,
        };
        Operation::Ip(ip)
    }

    /// Performs changes, in order.
    ///
    /// # Panics
    ///
    /// When `ip` cannot be run.
    pub fn perform(&mut self, operations: &[Operation]) {
        let mut lines = String::new();
        for operation in operations {
            if let Operation::Ip(words) = operation {
                lines.push_str(words);
                lines.push('\n');
                self.given += 1;
                continue;
            }
            self.flush(&mut lines);
            match operation {
                Operation::Ip(_) => {}
                Operation::OpenTun(name) => self.open(name),
                Operation::CloseTun(name) => drop(self.tuns.remove(name)),
                // The link may be gone, and its switches with it.
                Operation::Switch(path, value) => drop(std::fs::write(format!("/proc/sys/{path}"), value)),
                Operation::EmptyNeighbor => empty_other(),
            }
        }
        self.flush(&mut lines);
    }

    fn flush(&mut self, lines: &mut String) {
        if !lines.is_empty() {
            let said = ip::ip_batch(lines, Refusals::PassedOver);
            self.refused += said.lines().filter(|line| line.starts_with("Command failed")).count();
            lines.clear();
        }
    }

    fn open(&mut self, name: &'static str) {
        let mode = if name == "tap0" { Mode::Tap } else { Mode::Tun };
        // Another link may have the name by now.
        if let Ok(tun) = Tun::open(name.as_bytes(), mode) {
            self.tuns.insert(name, tun);
        }
    }
}

/// What was moved away comes to an end there, and takes the other ends with it.
fn empty_other() {
    let links = ip::try_ip(["-netns", OTHER, "-oneline", "link"]);
    for line in String::from_utf8_lossy(&links.stdout).lines() {
        let name = line.split([':', '@']).nth(1).map(str::trim);
        if let Some(name) = name.filter(|name| *name != "lo") {
            // It may be the other end of one that has just gone.
            drop(ip::try_ip(["-netns", OTHER, "link", "del", name]));
        }
    }
}
