//! The screen, as a person meets it: `netdiag` in a pseudo-terminal.
#![cfg(target_os = "linux")]

use std::time::Duration;

use netdiag_tests::ip::{ip, ip_script};
use netdiag_tests::sandbox;
use netdiag_tests::screen::Screen;
use netdiag_tests::{binary, test_name};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::CommandBuilder;

const HOST: &str = "link add v0 type veth peer name v1
    link set v0 up
    link set v1 up
    addr add 192.0.2.1/24 dev v0
    route add 198.51.100.0/24 via 192.0.2.2";

/// The one line of the screen that shows `text`.
#[track_caller]
fn line_with(screen: &Screen, text: &str) -> String {
    let all = screen.text();
    all.lines()
        .find(|line| line.contains(text))
        .unwrap_or_else(|| panic!("no line with {text:?}:\n{all}"))
        .to_owned()
}

#[track_caller]
fn assert_restored(screen: &Screen) {
    assert!(!screen.is_full_screen(), "the main screen is back");
    assert!(!screen.hides_cursor(), "the cursor is back");
    let modes = screen.local_modes();
    assert!(
        modes.contains("ECHO") && modes.contains("ICANON"),
        "the terminal echoes and edits lines: {modes}"
    );
}

#[test]
fn the_screen_shows_a_route_that_somebody_adds_and_marks_it_against_the_baseline() {
    sandbox::run_with_netdiag(test_name!(), || {
        ip_script(HOST);
        let mut screen = Screen::start(&[], 120, 35);
        screen.wait_for("198.51.100.0/24");
        assert!(screen.is_full_screen());
        screen.press("b");
        screen.wait_until("the baseline", |screen| screen.text().to_lowercase().contains("baseline"));
        ip_script("route add 203.0.113.0/24 via 192.0.2.3");
        screen.wait_for("203.0.113.0/24");
        screen.wait_until("the mark of an added route", |screen| {
            let all = screen.text();
            all.lines().any(|line| line.contains("+ 203.0.113.0/24"))
        });
        ip_script("route del 198.51.100.0/24");
        // What went stays in sight, with a mark.
        screen.wait_until("the mark of a removed route", |screen| {
            let all = screen.text();
            all.lines().any(|line| line.contains("- 198.51.100.0/24"))
        });
        let line = line_with(&screen, "192.0.2.0/24");
        let before = line.split("192.0.2.0/24").next().unwrap_or_default();
        assert!(!before.contains(['+', '-', '~']), "what did not change has no mark: {line}");
        screen.press("q");
        assert_eq!(screen.end(), 0);
        assert_restored(&screen);
    });
}

#[test]
fn a_filter_shows_what_it_names_and_nothing_else() {
    sandbox::run_with_netdiag(test_name!(), || {
        ip_script(HOST);
        let mut screen = Screen::start(&[], 120, 35);
        screen.wait_for("192.0.2.0/24");
        screen.press("/198.51");
        screen.wait_until("the filtered list", |screen| {
            let all = screen.text();
            all.contains("198.51.100.0/24") && !all.contains("192.0.2.0/24")
        });
        screen.press("\r");
        screen.press("q");
        assert_eq!(screen.end(), 0);
    });
}

#[test]
fn help_opens_and_closes() {
    sandbox::run_with_netdiag(test_name!(), || {
        ip_script(HOST);
        let mut screen = Screen::start(&[], 120, 35);
        screen.wait_for("198.51.100.0/24");
        screen.press("?");
        screen.wait_for("Keys of Routes");
        screen.press("\x1b");
        // An escape and a key at once would be another key.
        screen.wait_until("help to close", |screen| {
            let all = screen.text();
            !all.contains("Keys of Routes") && all.contains("198.51.100.0/24")
        });
        screen.press("q");
        assert_eq!(screen.end(), 0);
    });
}

#[test]
fn a_terminal_of_any_size_shows_the_routes() {
    sandbox::run_with_netdiag(test_name!(), || {
        ip_script(HOST);
        let mut screen = Screen::start(&[], 120, 35);
        screen.wait_for("198.51.100.0/24");
        for (columns, rows) in [(80, 24), (40, 10), (20, 5), (200, 60)] {
            screen.resize(columns, rows);
            // A change after it, so that there is something new to wait for.
            let added = format!("203.0.113.{columns}/32");
            ip(["route", "add", "blackhole", &added]);
            if columns >= 40 {
                screen.press("/");
                screen.press("\x15203.0.113\r");
                screen.wait_for(&format!("203.0.113.{columns}"));
            }
        }
        screen.press("q");
        assert_eq!(screen.end(), 0);
        assert_restored(&screen);
    });
}

#[test]
fn a_signal_to_end_restores_the_terminal() {
    sandbox::run_with_netdiag(test_name!(), || {
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            let mut screen = Screen::start(&[], 80, 24);
            screen.wait_for("127.0.0.0/8");
            let pid = Pid::from_raw(i32::try_from(screen.pid()).expect("a pid"));
            kill(pid, signal).expect("signal netdiag");
            let _ = screen.end();
            assert_restored(&screen);
        }
    });
}

#[test]
fn it_can_be_stopped_and_continued() {
    if !sandbox::has_program("bash") {
        return sandbox::skip(test_name!(), "bash is not installed");
    }
    sandbox::run_with_netdiag(test_name!(), || {
        let mut command = CommandBuilder::new("bash");
        // A shell with job control: a program alone in its session cannot be stopped.
        let script =
            r#"set -m; "$0"; echo "stopped with $?"; read -r line; fg >/dev/null; echo "ended with $?""#;
        command.args(["--norc", "-c", script]);
        command.arg(binary::path());
        let mut screen = Screen::start_command(command, 80, 24);
        screen.wait_for("127.0.0.0/8");
        screen.press("\x1a");
        // 128 and SIGSTOP or SIGTSTP.
        screen.wait_for("stopped with 14");
        assert_restored(&screen);
        screen.press("\n");
        screen.wait_until("the screen again", |screen| {
            screen.is_full_screen() && screen.text().contains("127.0.0.0/8")
        });
        ip_script("route add blackhole 203.0.113.0/24");
        screen.wait_for("203.0.113.0/24");
        screen.press("q");
        screen.wait_for("ended with 0");
        assert_restored(&screen);
    });
}

#[test]
fn an_idle_screen_writes_nothing_and_never_wakes_up() {
    sandbox::run_with_netdiag(test_name!(), || {
        // No links that change their state by themselves: loopback only.
        let mut screen = Screen::start(&[], 120, 35);
        screen.wait_for("127.0.0.0/8");
        // Until the first silence: what has still to be drawn is drawn.
        let _ = screen.bytes_during(Duration::from_secs(1));
        let before = activity(screen.pid());
        assert_eq!(screen.bytes_during(Duration::from_secs(2)), 0, "bytes written while nothing happened");
        assert_eq!(
            activity(screen.pid()),
            before,
            "(processor ticks, context switches) while nothing happened"
        );
        screen.press("q");
        assert_eq!(screen.end(), 0);
    });
}

#[test]
fn an_idle_watch_never_wakes_up() {
    sandbox::run_with_netdiag(test_name!(), || {
        let watch = binary::Watch::start(&[]);
        let pid = u32::try_from(watch.child().pid().as_raw()).expect("a pid");
        // The same silence as above, seen by a screen that shows nothing.
        let mut quiet = Screen::start_command(CommandBuilder::new("cat"), 20, 5);
        let _ = quiet.bytes_during(Duration::from_secs(1));
        let before = activity(pid);
        let _ = quiet.bytes_during(Duration::from_secs(2));
        assert_eq!(activity(pid), before, "(processor ticks, context switches) while nothing happened");
        assert_eq!(watch.end(Signal::SIGTERM).2, Some(0));
    });
}

/// Processor ticks (user and system) and context switches of all threads of a process.
fn activity(pid: u32) -> (u64, u64) {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let stat = read(&format!("/proc/{pid}/stat"));
    // Behind the command in parentheses: utime and stime are fields 14 and 15 of proc(5).
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let ticks = number(fields[11]) + number(fields[12]);
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).expect("the threads of a process");
    let switches = threads
        .flatten()
        .flat_map(|thread| {
            let status = read(&thread.path().join("status").display().to_string());
            status
                .lines()
                .filter(|line| line.contains("ctxt_switches"))
                .filter_map(|line| line.split_whitespace().last().map(number))
                .collect::<Vec<_>>()
        })
        .sum();
    (ticks, switches)
}
