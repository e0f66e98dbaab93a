//! The command line as scripts see it: what goes where, and with which exit status.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use netdiag_core::Snapshot;
use netdiag_core::model::{Host, Link, LinkFlags, NextHop, Problem, ProblemKind, Route, RouteAttributes};
use netdiag_core::snapshot::{self, SnapshotBuilder};

fn netdiag() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netdiag"));
    command.env_remove("NO_COLOR").env("TZ", "UTC").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    netdiag().args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// A host with one link and one default route.
fn state(metric: u32, problems: Vec<Problem>) -> Snapshot {
    let link: Link = serde_json::from_value(serde_json::json!({
        "index": 2, "name": "wlan0\u{1b}[2J", "type": "ether", "state": "up",
        "flags": LinkFlags::UP, "mtu": 1500,
    }))
    .unwrap();
    let hop =
        NextHop { gateway: Some("192.0.2.1".parse().unwrap()), link_index: Some(2), ..NextHop::default() };
    let attributes = RouteAttributes { metric, nexthops: vec![hop], ..RouteAttributes::default() };
    let host =
        Host { name: "laptop".into(), system: "linux".into(), release: "6.12".into(), namespace: None };
    SnapshotBuilder::new("2026-03-01T12:00:00Z".parse().unwrap(), host)
        .links(vec![link])
        .routes(vec![Route::new("0.0.0.0/0".parse().unwrap(), attributes)])
        .problems(problems)
        .build()
}

struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn snapshot(&self, name: &str, state: &Snapshot) -> String {
        let path = self.path(name);
        snapshot::write_file(state, &path).unwrap();
        text(&path)
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_state_without_differences_ends_with_0_and_says_so() {
    let files = Files::new();
    let file = files.snapshot("a.json", &state(100, vec![]));
    let output = run(&["diff", &file, &file]);
    assert_eq!((status(&output), stdout(&output).as_str()), (0, "No differences.\n"));
    assert_eq!(stderr(&output), "");
}

#[test]
fn differences_end_with_1_and_are_escaped() {
    let files = Files::new();
    let before = files.snapshot("a.json", &state(100, vec![]));
    let after = files.snapshot("b.json.zst", &state(50, vec![]));
    let output = run(&["diff", &before, &after]);
    assert_eq!(status(&output), 1);
    let shown = stdout(&output);
    assert!(shown.starts_with("~  route  0.0.0.0/0 via 192.0.2.1 dev wlan0\\x1b[2J"), "{shown}");
    assert!(shown.contains("metric 100 -> 50"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn the_other_state_of_a_diff_may_come_from_the_state_flag_or_standard_input() {
    let files = Files::new();
    let before = files.snapshot("a.json", &state(100, vec![]));
    let after = files.snapshot("b.json", &state(50, vec![]));
    assert_eq!(status(&run(&["diff", &before, "--state", &after])), 1);
    let from_stdin = |arguments: &[&str]| {
        let file = std::fs::File::open(&after).unwrap();
        netdiag().args(arguments).stdin(file).output().unwrap()
    };
    assert_eq!(status(&from_stdin(&["diff", &before, "-"])), 1);
    assert_eq!(status(&from_stdin(&["diff", "-", &after])), 0);
    let output = from_stdin(&["diff", "-", "-"]);
    assert_eq!(status(&output), 2);
    assert_eq!(stderr(&output), "netdiag: standard input can be one of the two states only\n");
}

#[test]
fn json_is_one_document_with_its_format_first() {
    let files = Files::new();
    let before = files.snapshot("a.json", &state(100, vec![]));
    let after = files.snapshot("b.json", &state(50, vec![]));
    for (arguments, format) in [
        (vec!["snapshot", "--json", "--state", &before], "netdiag.snapshot/1"),
        (vec!["--json", "diff", &before, &after], "netdiag.diff/1"),
    ] {
        let shown = stdout(&run(&arguments));
        let value: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(value["format"], format);
        let first = shown.trim_start_matches(['{', ' ', '\n']);
        assert!(first.starts_with("\"format\""), "{first}");
        assert!(shown.ends_with('\n'));
    }
}

#[test]
fn a_written_snapshot_is_read_back_and_printed_byte_for_byte() {
    let files = Files::new();
    let before = files.snapshot("a.json", &state(100, vec![]));
    let copy = text(&files.path("copy.json.zst"));
    let output = run(&["snapshot", "--state", &before, "-o", &copy]);
    assert_eq!((status(&output), stdout(&output)), (0, String::new()), "{}", stderr(&output));
    let printed = run(&["snapshot", "--json", "--state", &copy]);
    assert_eq!(printed.stdout, std::fs::read(&before).unwrap());
}

#[test]
fn a_dash_as_output_is_standard_output() {
    let files = Files::new();
    let file = files.snapshot("a.json", &state(100, vec![]));
    let output = run(&["snapshot", "--state", &file, "-o", "-"]);
    assert_eq!((status(&output), stdout(&output)), (0, std::fs::read_to_string(&file).unwrap()));
}

#[test]
fn flags_that_would_be_ignored_are_refused() {
    let files = Files::new();
    let file = files.snapshot("a.json", &state(100, vec![]));
    for flags in [["--state", &file], ["--netns", "nd-no-such"], ["--pid", "1"]] {
        let output = run(&[&["diff", &file, &file], &flags[..]].concat());
        assert_eq!(status(&output), 2, "{flags:?}");
        assert!(stderr(&output).contains("two files are compared"), "{}", stderr(&output));
    }
}

#[test]
fn a_hint_fits_what_was_asked() {
    let missing = run(&["diff", "no-such-namespace.json"]);
    assert!(!stderr(&missing).contains("hint"), "{}", stderr(&missing));
    let no_name = run(&["snapshot", "--netns", "../passwd"]);
    assert!(stderr(&no_name).contains("hint: `ip netns list`"), "{}", stderr(&no_name));
}

#[test]
fn missing_data_is_3_only_when_asked_and_said_once_on_standard_error() {
    let files = Files::new();
    let problem = Problem {
        kind: ProblemKind::DumpFailed,
        area: "neighbors".into(),
        detail: "no \u{1b}[2J luck".into(),
        count: 1,
    };
    let file = files.snapshot("a.json", &state(100, vec![problem]));
    let relaxed = run(&["snapshot", "--state", &file]);
    let strict = run(&["snapshot", "--strict", "--state", &file]);
    assert_eq!((status(&relaxed), status(&strict)), (0, 3));
    assert_eq!(stderr(&strict), "netdiag: neighbors: no \\x1b[2J luck (could not be read)\n");
    assert!(!stdout(&strict).contains("luck"));
    let json = run(&["snapshot", "--json", "--strict", "--state", &file]);
    assert_eq!((status(&json), stderr(&json).as_str()), (3, ""));
    assert!(stdout(&json).contains("luck"));
    let whole = files.snapshot("b.json", &state(100, vec![]));
    assert_eq!(status(&run(&["snapshot", "--strict", "--state", &whole])), 0);
}

#[test]
fn what_cannot_be_read_is_one_error_and_2() {
    let files = Files::new();
    let missing = text(&files.path("no\u{1b}such.json"));
    let foreign = text(&files.path("foreign.json"));
    std::fs::write(&foreign, "{\"hello\": 1}").unwrap();
    let newer = text(&files.path("newer.json"));
    std::fs::write(&newer, "{\"format\":\"netdiag.snapshot/99\"}").unwrap();
    for (file, expected) in [(&missing, "No such file"), (&foreign, "netdiag"), (&newer, "newer")] {
        for arguments in [vec!["snapshot", "--state", file], vec!["diff", file, file]] {
            let output = run(&arguments);
            assert_eq!((status(&output), stdout(&output).as_str()), (2, ""));
            let shown = stderr(&output);
            assert!(shown.starts_with("netdiag: cannot read "), "{shown}");
            assert!(shown.contains(expected), "{shown}");
            assert_eq!(shown.matches("netdiag: cannot").count(), 1, "{shown}");
            assert!(!shown.contains('\u{1b}'), "{shown}");
        }
    }
}

#[test]
fn without_a_terminal_and_without_a_verb_the_way_out_is_named() {
    let output = run(&[]);
    assert_eq!(status(&output), 2);
    assert_eq!(
        stderr(&output),
        "netdiag: no terminal. In scripts use: netdiag watch --json   (or snapshot, diff)\n"
    );
    let output = run(&["--json"]);
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).contains("netdiag snapshot --json"));
}

#[test]
fn wrong_usage_is_2_and_help_is_0() {
    for arguments in [
        &["snapsot"][..],
        &["diff"],
        &["schema", "nothing"],
        &["snapshot", "--netns", "a", "--pid", "1"],
        &["snapshot", "--state", "a", "--netns", "b"],
        &["--state", "a", "snapshot", "--pid", "1"],
        &["watch", "--until", "metrc:5"],
        &["watch", "--until", "age:<5m"],
        &["watch", "--timeout", "soon"],
        &["watch", "--timeout", "-1"],
        &["watch", "--state", "a.json"],
    ] {
        let output = run(arguments);
        assert_eq!((status(&output), stdout(&output).as_str()), (2, ""), "{arguments:?}");
        assert!(!stderr(&output).is_empty(), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["diff", "-h"], &["watch", "--help"]] {
        let output = run(arguments);
        assert_eq!((status(&output), stderr(&output).as_str()), (0, ""), "{arguments:?}");
    }
}

#[test]
fn a_filter_that_is_wrong_is_told_what_was_expected() {
    let output = run(&["watch", "--until", "metrc:5"]);
    assert!(stderr(&output).contains("metrc: is not a key; the keys are dst in has"), "{}", stderr(&output));
}

#[test]
fn every_help_fits_on_a_screen() {
    for verb in ["snapshot", "diff", "watch", "completions", "schema"] {
        let shown = stdout(&run(&[verb, "--help"]));
        assert!(shown.lines().count() <= 40, "{verb}: {} lines\n{shown}", shown.lines().count());
        assert!(shown.contains("Example"), "{verb} has no example");
    }
    assert!(stdout(&run(&["--help"])).lines().count() <= 40);
}

#[test]
fn a_closed_pipe_ends_quietly_with_the_status_of_the_answer() {
    let files = Files::new();
    let before = files.snapshot("a.json", &state(100, vec![]));
    let after = files.snapshot("b.json", &state(50, vec![]));
    for (arguments, expected) in [
        (vec!["snapshot", "--state", &before], 0),
        (vec!["snapshot", "--json", "--state", &before], 0),
        (vec!["diff", &before, &after], 1),
        (vec!["completions", "bash"], 0),
        (vec!["schema", "snapshot"], 0),
    ] {
        // A pipe whose reading end is closed before anything is written.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = netdiag().args(&arguments).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((status(&output), stderr(&output).as_str()), (expected, ""), "{arguments:?}");
    }
}

#[test]
#[allow(clippy::print_stderr, reason = "a test that cannot run says so")]
fn a_full_disk_is_an_error() {
    let Ok(full) = std::fs::File::options().write(true).open("/dev/full") else {
        eprintln!("SKIPPED: no /dev/full here");
        return;
    };
    let files = Files::new();
    let file = files.snapshot("a.json", &state(100, vec![]));
    let output =
        netdiag().args(["snapshot", "--state", &file]).stdout(full).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).starts_with("netdiag: cannot write standard output: "), "{}", stderr(&output));
}

#[test]
fn colours_come_when_asked_and_not_by_themselves() {
    let files = Files::new();
    let file = files.snapshot("a.json", &state(100, vec![]));
    assert!(!stdout(&run(&["snapshot", "--state", &file])).contains('\u{1b}'));
    assert!(stdout(&run(&["snapshot", "--color", "always", "--state", &file])).contains("\u{1b}[1m"));
}

#[test]
fn completions_and_schemas_are_printed() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&run(&["completions", shell])).contains("snapshot"), "{shell}");
    }
    for kind in ["snapshot", "diff", "event"] {
        let schema: serde_json::Value = serde_json::from_str(&stdout(&run(&["schema", kind]))).unwrap();
        assert!(schema["$schema"].is_string(), "{kind}");
        assert!(schema["properties"]["format"].is_object(), "{kind}: {schema}");
    }
}

#[test]
fn a_namespace_that_is_not_there_is_named() {
    for verb in ["snapshot", "watch"] {
        let output = run(&[verb, "--netns", "nd-no-such\u{1b}"]);
        assert_eq!(status(&output), 2, "{}", stderr(&output));
        assert!(stderr(&output).contains("nd-no-such\\u{1b}"), "{}", stderr(&output));
        assert!(!stderr(&output).contains('\u{1b}'));
    }
}

/// A live watch: of the namespace this test runs in, which it does not change.
fn watch(arguments: &[&str]) -> std::process::Child {
    let mut command = netdiag();
    command.arg("watch").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Reads the first line a watch writes, which comes once the initial state is complete.
fn first_line(child: &mut std::process::Child) -> String {
    let mut line = Vec::new();
    let out = child.stdout.as_mut().unwrap();
    let mut byte = [0];
    while out.read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    String::from_utf8(line).unwrap()
}

#[test]
fn a_watch_starts_with_a_start_line_and_ends_cleanly_on_a_signal() {
    for signal in ["INT", "TERM"] {
        let mut child = watch(&["--json"]);
        let start: serde_json::Value = serde_json::from_str(&first_line(&mut child)).unwrap();
        assert_eq!(
            (start["format"].as_str(), start["change"].as_str()),
            (Some("netdiag.event/1"), Some("start"))
        );
        let sent =
            Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(status(&output), 0, "{signal}: {}", stderr(&output));
    }
}

#[test]
fn a_watch_that_waited_in_vain_ends_with_1_and_without_a_wish_with_0() {
    let output = watch(&["--timeout", "0.2"]).wait_with_output().unwrap();
    assert_eq!(status(&output), 0, "{}", stderr(&output));
    let never = "dev:nd-no-such-link0";
    let output = watch(&["--timeout", "0.2", "--until", never]).wait_with_output().unwrap();
    assert_eq!(status(&output), 1, "{}", stderr(&output));
}

#[test]
fn broken_input_on_standard_input_is_named_as_such() {
    let mut child = netdiag()
        .args(["snapshot", "--state", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"{\"format\":\"netdiag.snapshot/1\",\"links\":[").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(status(&output), 2);
    assert!(stderr(&output).starts_with("netdiag: cannot read standard input: "), "{}", stderr(&output));
}
