//! Bad input and things that break: one clear error, exit 2, nothing harmed.
#![cfg(target_os = "linux")]

use std::path::Path;
use std::process::Command;

use netdiag_tests::binary::{self, Ran, Watch};
use netdiag_tests::ip::{ip, ip_script};
use netdiag_tests::sandbox::{self, Child};
use netdiag_tests::test_name;
use netdiag_tests::tun::{Mode, Tun};
use nix::sys::signal::Signal;

/// A snapshot of this host in a file, and that file's text.
fn a_snapshot(folder: &Path) -> (String, String) {
    let file = folder.join("good.json").display().to_string();
    let ran = binary::run(["snapshot", "-o", &file]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = std::fs::read_to_string(&file).expect("the snapshot just written");
    (file, text)
}

/// Exit 2, nothing on standard output, and one line of error that names the file.
#[track_caller]
fn assert_refused(ran: &Ran, file: &str) {
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(ran.stdout, "", "{ran:?}");
    let errors: Vec<&str> = ran.stderr.lines().filter(|line| line.contains("cannot")).collect();
    assert_eq!(errors.len(), 1, "one line says what went wrong: {ran:?}");
    let name = Path::new(file).file_name().expect("a file name").to_string_lossy();
    assert!(errors[0].contains(&*name), "the error names the file: {ran:?}");
}

#[test]
fn a_truncated_snapshot_is_refused_with_its_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (good, text) = a_snapshot(folder.path());
    let bad = folder.path().join("truncated.json").display().to_string();
    // At several places: in the middle of a key, of a list, right at the end.
    for length in [1, text.len() / 3, text.len() / 2, text.trim_end().len() - 1] {
        let mut length = length;
        while !text.is_char_boundary(length) {
            length -= 1;
        }
        std::fs::write(&bad, &text[..length]).expect("write the truncated file");
        let ran = binary::run(["diff", &good, &bad]);
        assert_refused(&ran, &bad);
        assert!(
            ran.stderr.contains("line ") || ran.stderr.contains("byte "),
            "the error names the place: {ran:?}"
        );
    }
    std::fs::write(&bad, "").expect("write an empty file");
    assert_refused(&binary::run(["diff", &good, &bad]), &bad);
}

#[test]
fn a_foreign_file_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (good, _) = a_snapshot(folder.path());
    let bad = folder.path().join("foreign").display().to_string();
    let contents: [&[u8]; 6] = [
        b"default via 192.0.2.1 dev eth0\n",
        b"\x7fELF\x02\x01\x01\0",
        b"[]",
        b"{}",
        b"null",
        b"\xff\xfe{\0}\0",
    ];
    for content in contents {
        std::fs::write(&bad, content).expect("write the foreign file");
        assert_refused(&binary::run(["diff", &good, &bad]), &bad);
        assert_refused(&binary::run(["diff", &bad, &good]), &bad);
    }
}

#[test]
fn a_snapshot_of_a_later_format_is_refused_as_such() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (good, text) = a_snapshot(folder.path());
    let bad = folder.path().join("newer.json").display().to_string();
    assert!(text.contains("netdiag.snapshot/1"));
    std::fs::write(&bad, text.replacen("netdiag.snapshot/1", "netdiag.snapshot/2", 1)).expect("write");
    let ran = binary::run(["diff", &good, &bad]);
    assert_refused(&ran, &bad);
    assert!(
        ran.stderr.contains("/2") || ran.stderr.contains("newer") || ran.stderr.contains("later"),
        "{ran:?}"
    );
}

#[test]
fn an_unreadable_snapshot_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (good, _) = a_snapshot(folder.path());
    let absent = folder.path().join("absent.json").display().to_string();
    assert_refused(&binary::run(["diff", &good, &absent]), &absent);
    let directory = folder.path().display().to_string();
    assert_refused(&binary::run(["diff", &good, &directory]), &directory);
}

#[test]
fn an_output_file_stays_as_it_was_when_there_is_nothing_to_write() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let old = folder.path().join("old.json");
    std::fs::write(&old, "precious").expect("write the old file");
    let words = |path: &Path| path.display().to_string();
    let absent = words(&folder.path().join("absent.json"));
    let ran = binary::run(["snapshot", "--state", &absent, "-o", &words(&old)]);
    assert_refused(&ran, &absent);
    let ran = binary::run(["snapshot", "--netns", "absent-namespace", "-o", &words(&old)]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&old).expect("the old file"), "precious");
    let inside_nothing = words(&folder.path().join("absent/new.json"));
    assert_refused(&binary::run(["snapshot", "-o", &inside_nothing]), &inside_nothing);
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").flatten().collect();
    assert_eq!(left.len(), 1, "no temporary file is left: {left:?}");
}

#[test]
fn unknown_words_are_an_error_of_usage() {
    for words in [&["snapshot", "--no-such-flag"][..], &["no-such-verb"], &["diff"]] {
        let ran = binary::run(words);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
        assert!(!ran.stderr.is_empty(), "{ran:?}");
    }
}

#[test]
fn without_a_terminal_the_screen_names_the_verb_to_use() {
    let ran = binary::run::<&str>([]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
    assert!(ran.stderr.contains("snapshot"), "{ran:?}");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let mut child = binary::netdiag()
        .args(["snapshot", "--json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("start netdiag");
    drop(child.stdout.take());
    let ran = Ran::from(child.wait_with_output().expect("wait for netdiag"));
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
}

/// No text that a terminal would act on.
#[track_caller]
fn assert_harmless(what: &str, text: &str) {
    let hostile = text.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
    assert_eq!(hostile, None, "{what} lets a hostile character through: {text:?}");
}

#[test]
fn hostile_link_names_are_escaped_everywhere() {
    sandbox::run_with_netdiag(test_name!(), || {
        let folder = sandbox::folder();
        let before = folder.path().join("before.json").display().to_string();
        assert_eq!(binary::run(["snapshot", "-o", &before]).code, Some(0));
        let watch = Watch::start(&[]);
        let mut text_watch = binary::netdiag();
        text_watch.args(["watch", "--color", "never"]).stdout(std::process::Stdio::piped());
        let text_watch = Child::start(&mut text_watch);

        ip(["link", "add", "\u{1b}[31mred\u{7}", "type", "veth", "peer", "name", "a\u{202e}b"]);
        ip(["link", "set", "\u{1b}[31mred\u{7}", "up"]);
        ip(["addr", "add", "192.0.2.1/24", "dev", "\u{1b}[31mred\u{7}"]);
        ip(["route", "add", "203.0.113.0/24", "via", "192.0.2.2", "dev", "\u{1b}[31mred\u{7}", "onlink"]);
        ip(["rule", "add", "iif", "\u{1b}[31mred\u{7}", "lookup", "100"]);
        ip(["link", "set", "a\u{202e}b", "alias", "x\u{1b}]0;owned\u{7}"]);
        // Bytes that are no UTF-8, where a tun device can be had.
        let tun = Tun::open(b"bad\xff\xfe\x1b[2J", Mode::Tun);
        let mark = |event: &serde_json::Value| event["after"]["destination"] == "198.18.0.1/32";
        ip(["route", "add", "blackhole", "198.18.0.1/32"]);
        let told = watch.until(mark);
        let (_, errors, _) = watch.end(Signal::SIGTERM);
        text_watch.signal(Signal::SIGTERM);
        let text = wait_for_output(text_watch);

        let after = folder.path().join("after.json").display().to_string();
        assert_eq!(binary::run(["snapshot", "-o", &after]).code, Some(0));
        let shown = [
            ("snapshot", binary::run(["snapshot", "--color", "never"])),
            ("snapshot --json", binary::run(["snapshot", "--json"])),
            ("diff", binary::run(["diff", "--color", "never", &before, &after])),
            ("diff --json", binary::run(["diff", "--json", &before, &after])),
        ];
        for (what, ran) in &shown {
            assert_harmless(what, &ran.stdout);
            assert_harmless(what, &ran.stderr);
            assert!(ran.stdout.contains("red"), "{what} shows the link: {}", ran.stdout);
            if tun.is_ok() {
                assert!(ran.stdout.contains("bad\\"), "{what} shows the odd bytes: {}", ran.stdout);
            }
        }
        assert_harmless("watch", &text);
        assert_harmless("watch", &errors);
        assert!(text.contains("\\x1b[31mred\\x07"), "watch shows the link: {text}");
        // JSON keeps the name itself, in its own escapes.
        let named = told.iter().any(|event| event["after"]["name"] == "\u{1b}[31mred\u{7}");
        assert!(named, "{told:#?}");
    });
}

fn wait_for_output(mut child: Child) -> String {
    let mut text = String::new();
    let mut stdout = child.0.stdout.take().expect("a piped standard output");
    std::io::Read::read_to_string(&mut stdout, &mut text).expect("UTF-8 from netdiag");
    assert_eq!(child.exit_code(), Some(0));
    text
}

#[test]
fn a_named_namespace_is_read_with_the_resolver_files_of_its_name() {
    sandbox::run_with_netdiag(test_name!(), || {
        // Seen in the mount namespace of this test only.
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "tmpfs", "/etc"]).status().expect("run mount");
        assert!(mounted.success());
        std::fs::create_dir_all("/etc/netns/inner").expect("make the folder");
        std::fs::write("/etc/netns/inner/resolv.conf", "nameserver 192.0.2.54\n").expect("write");
        std::fs::write("/etc/resolv.conf", "nameserver 192.0.2.55\n").expect("write");
        std::fs::write("/etc/hosts", "198.51.100.7 shared.example\n").expect("write");
        ip_script("netns add inner\n-netns inner link add inside0 type veth peer name inside1");

        let ran = binary::run(["snapshot", "--json", "--netns", "inner"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let state = ran.json();
        assert_eq!(state["host"]["namespace"], "inner");
        assert!(state["links"].as_array().expect("links").iter().any(|link| link["name"] == "inside0"));
        let resolver = &state["resolver"];
        let servers = resolver["resolv_conf"]["nameservers"].as_array().expect("servers");
        assert_eq!(servers.iter().map(|server| &server["address"]).collect::<Vec<_>>(), ["192.0.2.54"]);
        // A file that the namespace does not have of its own is the host's.
        assert_eq!(resolver["hosts"]["entries"][0]["names"][0], "shared.example", "{resolver}");
    });
}

#[test]
fn the_resolver_of_another_process_is_read_as_that_process_sees_it() {
    if !Path::new("/etc/resolv.conf").exists() {
        return sandbox::skip(test_name!(), "there is no /etc/resolv.conf to cover");
    }
    sandbox::run_with_netdiag(test_name!(), || {
        let folder = sandbox::folder();
        let own = folder.path().join("resolv.conf");
        std::fs::write(&own, "nameserver 192.0.2.53\nsearch corp.example\n").expect("write resolv.conf");
        let script = format!(
            "mount --bind {} /etc/resolv.conf && ip link add inside0 type veth peer name inside1 && echo ready && exec cat",
            own.display()
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--net", "sh", "-c", &script]);
        command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
        let mut child = Child::start(&mut command);
        let mut line = String::new();
        let stdout = child.0.stdout.take().expect("a piped standard output");
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("read");
        assert_eq!(line, "ready\n");

        let pid = child.pid().to_string();
        let ran = binary::run(["snapshot", "--json", "--pid", &pid]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let state = ran.json();
        let resolver = &state["resolver"]["resolv_conf"];
        assert_eq!(resolver["nameservers"][0]["address"], "192.0.2.53", "{resolver}");
        assert_eq!(resolver["search"][0], "corp.example", "{resolver}");
        let links: Vec<&str> = state["links"]
            .as_array()
            .expect("links")
            .iter()
            .filter_map(|link| link["name"].as_str())
            .collect();
        assert!(links.contains(&"inside0"), "{links:?}");

        drop(child);
        let ran = binary::run(["snapshot", "--json", "--pid", &pid]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains(&pid), "{ran:?}");
    });
}

#[test]
fn a_host_with_ipv6_switched_off_is_read_like_any_other() {
    sandbox::run_with_netdiag(test_name!(), || {
        ip_script(
            "link add v0 type veth peer name v1
             link set v0 up
             link set v1 up
             addr add 192.0.2.1/24 dev v0",
        );
        sandbox::sysctl("net/ipv6/conf/all/disable_ipv6", "1");
        let ran = binary::run(["snapshot", "--json"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let state = ran.json();
        let v6 = |rows: &serde_json::Value, key: &str| {
            rows.as_array().expect("rows").iter().filter(|row| row[key].to_string().contains("::")).count()
        };
        assert_eq!(v6(&state["addresses"], "address"), 0, "{state:#}");
        assert!(state["routes"].as_array().expect("routes").len() >= 4, "{state:#}");
        assert_eq!(state.get("problems").and_then(|problems| problems.as_array()).map_or(0, Vec::len), 0);
    });
}
