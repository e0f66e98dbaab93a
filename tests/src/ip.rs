//! `ip` (iproute2): it makes the state of a test and gives the second opinion on it.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

/// Runs `ip` with these words.
///
/// # Panics
///
/// When it fails.
pub fn ip<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) {
    let words: Vec<_> = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
    let output = try_ip(&words);
    assert!(
        output.status.success(),
        "ip {words:?} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
}

/// Runs each line of `script` as one `ip` command; empty lines are passed over.
///
/// # Panics
///
/// When one fails.
pub fn ip_script(script: &str) {
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        ip(line.split_whitespace());
    }
}

/// Runs `ip` with these words, whatever comes of it.
///
/// # Panics
///
/// When it cannot be started.
pub fn try_ip<S: AsRef<OsStr>>(words: impl IntoIterator<Item = S>) -> Output {
    command().args(words).stdin(Stdio::null()).output().expect("run ip (package iproute2)")
}

/// Runs many commands in one process, in order; those that the kernel refuses are passed over
/// when `refusals` allows it. Returns what `ip` said to standard error.
///
/// # Panics
///
/// When it cannot be run, or a command is refused that must not be.
pub fn ip_batch(lines: &str, refusals: Refusals) -> String {
    let mut words = vec!["-batch", "-"];
    if refusals == Refusals::PassedOver {
        words.insert(0, "-force");
    }
    let mut child = command()
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("run ip (package iproute2)");
    let mut input = child.stdin.take().expect("a piped standard input");
    let said = std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(lines.as_bytes()).expect("write to ip"));
        child.wait_with_output().expect("wait for ip")
    });
    let text = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(refusals == Refusals::PassedOver || said.status.success(), "ip -batch failed: {text}");
    text
}

/// What a refused command of [`ip_batch`] means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusals {
    /// The test cannot go on.
    Fatal,
    /// Ordinary: random operations are often refused.
    PassedOver,
}

/// What `ip -json` says to these words, as rows.
///
/// # Panics
///
/// When it fails or says something else than an array of objects.
#[must_use]
pub fn ip_json(words: &str) -> Vec<Row> {
    let output = try_ip(["-json"].into_iter().chain(words.split_whitespace()));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "ip -json {words} failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    if said.trim().is_empty() {
        return Vec::new();
    }
    // iproute2 prints `{}` for a row that it filters out.
    let rows: Vec<Row> =
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("ip -json {words}: {error}\n{said}"));
    rows.into_iter().filter(|row| !row.0.is_empty()).collect()
}

/// A JSON object of `ip` in the order it was printed, with the keys that it printed twice: a
/// route with `encap ip` has two `dst`, its own first.
#[derive(Clone, Debug, Default)]
pub struct Row(pub Vec<(String, Value)>);

impl Row {
    /// The first value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Whether there is such a key; `ip` writes some facts as a key with the value null.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// A text, or a number as text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).map(plain)
    }

    /// A number, decimal or `0x…`, also where `ip` writes it as text.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Value::String(text) => match text.strip_prefix("0x") {
                Some(hex) => u64::from_str_radix(hex, 16).ok(),
                None => text.parse().ok(),
            },
            other => other.as_u64(),
        }
    }

    /// A list of texts, sorted and joined.
    #[must_use]
    pub fn sorted_texts(&self, key: &str) -> String {
        let mut texts: Vec<String> =
            self.get(key).and_then(Value::as_array).into_iter().flatten().map(plain).collect();
        texts.sort();
        texts.join(" ")
    }
}

/// A JSON value as bare text.
#[must_use]
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Row;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Row, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Row(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

fn command() -> Command {
    let mut command = Command::new("ip");
    // Debian keeps it in /usr/sbin, which is not in everybody's PATH.
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin")).env("LC_ALL", "C");
    command
}
