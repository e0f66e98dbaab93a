//! The `netdiag` binary, and conversations with it.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, SystemTime};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::sandbox::Child;

/// Names the binary to test, instead of the one of this workspace.
pub const LOCATION: &str = "NETDIAG_BINARY";

/// How long a program may take to say what it has to say. Generous: only a hang meets it.
pub const PATIENCE: Duration = Duration::from_secs(30);

static FOUND: OnceLock<PathBuf> = OnceLock::new();

/// The binary of this workspace, built when it is missing or older than its sources.
///
/// `cargo test --workspace` does not build the binaries of another package for us.
///
/// # Panics
///
/// When it cannot be built.
pub fn path() -> PathBuf {
    let find = || std::env::var_os(LOCATION).map_or_else(build, PathBuf::from);
    FOUND.get_or_init(find).clone()
}

/// Makes sure that there is a binary.
pub(crate) fn find() {
    drop(path());
}

/// The binary, when somebody has asked for it.
pub(crate) fn found() -> Option<PathBuf> {
    FOUND.get().cloned()
}

/// The root of the workspace.
///
/// # Panics
///
/// Never: this package is one folder below it.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a package inside a workspace")
}

fn build() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    // target/PROFILE/deps/TEST-HASH
    let profile = test.parent().and_then(Path::parent).expect("a test inside a target folder");
    let binary = profile.join("netdiag");
    let built = modified(&binary);
    let newest = ["netdiag-core", "netdiag-tui"]
        .iter()
        .flat_map(|package| files_below(&workspace().join(package)))
        .filter_map(|file| modified(&file))
        .max();
    if built.is_some() && built >= newest {
        return binary;
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "netdiag-tui", "--bin", "netdiag"]);
    command.current_dir(workspace()).env("CARGO_TARGET_DIR", profile.parent().expect("a target folder"));
    if profile.ends_with("release") {
        command.arg("--release");
    }
    let output = command.output().expect("run cargo");
    assert!(output.status.success(), "cannot build netdiag:\n{}", String::from_utf8_lossy(&output.stderr));
    binary
}

fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|data| data.modified()).ok()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs" || end == "toml") {
                files.push(path);
            }
        }
    }
    files
}

/// `netdiag`, ready to be given words. It does not see the terminal's wishes of the caller.
#[must_use]
pub fn netdiag() -> Command {
    let mut command = Command::new(path());
    command
        .stdin(Stdio::null())
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color")
        .env("LC_ALL", "C.UTF-8");
    command
}

/// Runs `netdiag` with these words to its end.
///
/// # Panics
///
/// When it cannot be started.
pub fn run<S: AsRef<std::ffi::OsStr>>(words: impl IntoIterator<Item = S>) -> Ran {
    Ran::from(netdiag().args(words).output().expect("run netdiag"))
}

/// What a run of `netdiag` left.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Its exit status; absent when a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| {
            String::from_utf8(bytes).unwrap_or_else(|error| panic!("netdiag wrote other than UTF-8: {error}"))
        };
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Ran {
    /// The one JSON document on standard output.
    ///
    /// # Panics
    ///
    /// When there is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }
}

/// A running `netdiag watch --json`.
#[derive(Debug)]
pub struct Watch {
    child: Child,
    first: Value,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Watch {
    /// Starts it with these further words and waits until it has the initial state.
    ///
    /// # Panics
    ///
    /// When it ends before, or says something else first.
    #[must_use]
    pub fn start(words: &[&str]) -> Self {
        let mut command = netdiag();
        command.args(["watch", "--json"]).args(words).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Child::start(&mut command);
        let lines = read_lines(child.0.stdout.take().expect("a piped standard output"));
        let errors = read_lines(child.0.stderr.take().expect("a piped standard error"));
        let mut watch = Self { child, first: Value::Null, lines, errors };
        match watch.next() {
            Some(first) => {
                assert_eq!(first["change"], "start", "the first line is the start: {first}");
                watch.first = first;
            }
            None => panic!("watch ended before it began: {}", watch.said()),
        }
        watch
    }

    /// Its first line: that the initial state is complete.
    #[must_use]
    pub const fn first(&self) -> &Value {
        &self.first
    }

    /// Its next line; `None` when it has ended.
    ///
    /// # Panics
    ///
    /// When nothing comes for half a minute, or the line is no JSON.
    #[must_use]
    pub fn next(&self) -> Option<Value> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("no JSON ({error}): {line}")))
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("watch said nothing for {PATIENCE:?}"),
        }
    }

    /// Lines up to and including the first that `is_last` accepts.
    ///
    /// # Panics
    ///
    /// When watch ends before.
    pub fn until(&self, mut is_last: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let mut lines = Vec::new();
        loop {
            let line = self.next().unwrap_or_else(|| panic!("watch ended, having said {lines:#?}"));
            let last = is_last(&line);
            lines.push(line);
            if last {
                return lines;
            }
        }
    }

    /// Ends it with a signal; the lines still unread, its standard error and its exit status.
    ///
    /// # Panics
    ///
    /// When it cannot be signalled or does not end.
    #[must_use]
    pub fn end(mut self, signal: Signal) -> (Vec<Value>, String, Option<i32>) {
        self.child.signal(signal);
        self.rest()
    }

    /// Waits for its own end; the lines still unread, its standard error and its exit status.
    ///
    /// # Panics
    ///
    /// When it does not end.
    #[must_use]
    pub fn rest(&mut self) -> (Vec<Value>, String, Option<i32>) {
        let lines = std::iter::from_fn(|| self.next()).collect();
        (lines, self.said(), self.child.exit_code())
    }

    /// Its process.
    #[must_use]
    pub const fn child(&self) -> &Child {
        &self.child
    }

    fn said(&self) -> String {
        let lines: Vec<String> = self.errors.iter().collect();
        lines.join("\n")
    }
}

fn read_lines(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
