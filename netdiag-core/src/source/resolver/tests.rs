use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use proptest::prelude::*;

use super::*;
use crate::model::{GaiConf, HostsFile, Nsswitch, ResolvConf};

#[allow(clippy::print_stderr, reason = "a skipped test has to be loud")]
fn skip(reason: &str) {
    eprintln!("SKIPPED: {reason}");
}

fn below(root: &Path) -> Roots {
    Roots { folders: vec![Folder { root: root.into(), folder: "etc".into() }], system_bus: None }
}

/// A root with the given files and folders, and links written `link -> target`.
fn root(entries: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in entries {
        let (path, target) = path.split_once(" -> ").map_or((*path, None), |(path, to)| (path, Some(to)));
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match target {
            Some(target) => symlink(target, path).unwrap(),
            None => fs::write(path, text).unwrap(),
        }
    }
    root
}

const STUB: (&str, &str) = ("run/systemd/resolve/stub-resolv.conf", "nameserver 127.0.0.53\n");

#[test]
fn links_are_followed_inside_the_root() {
    for link in [
        "etc/resolv.conf -> ../run/systemd/resolve/stub-resolv.conf",
        "etc/resolv.conf -> /run/systemd/resolve/stub-resolv.conf",
        "etc/resolv.conf -> ../../../../../../../../run/systemd/resolve/stub-resolv.conf",
    ] {
        let root = root(&[(link, ""), STUB]);
        let (config, problems) = read(&below(root.path()));
        let conf = config.resolv_conf.unwrap();
        assert_eq!(conf.path, "/etc/resolv.conf", "{link}");
        assert_eq!(conf.target.as_deref(), Some("/run/systemd/resolve/stub-resolv.conf"), "{link}");
        assert_eq!(conf.nameservers[0].address.to_string(), "127.0.0.53");
        assert_eq!(problems, []);
    }
}

#[test]
fn a_link_out_of_the_root_reads_nothing_of_the_host() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    fs::write(outside.path(), "nameserver 192.0.2.1\n").unwrap();
    let link = format!("etc/resolv.conf -> {}", outside.path().display());
    let root = root(&[(&link, "")]);
    let (config, problems) = read(&below(root.path()));
    assert_eq!(config.resolv_conf, None);
    assert!(problems[0].detail.contains("which does not exist"), "{problems:?}");
}

#[test]
fn a_link_in_a_circle_is_a_problem() {
    let root = root(&[("etc/resolv.conf -> other", ""), ("etc/other -> resolv.conf", ""), ("etc/hosts", "")]);
    let (config, problems) = read(&below(root.path()));
    assert_eq!(config.resolv_conf, None);
    assert!(config.hosts.is_some());
    assert_eq!(problems.len(), 1);
    assert!(
        problems[0].detail.ends_with("etc/resolv.conf: too many symbolic links encountered"),
        "{problems:?}"
    );
}

#[test]
fn missing_files_are_no_problem() {
    let root = root(&[("etc/unrelated", "")]);
    assert_eq!(read(&below(root.path())), (ResolverConfig::default(), vec![]));
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(read(&below(empty.path())), (ResolverConfig::default(), vec![]));
}

#[test]
fn a_root_that_is_gone_is_a_problem() {
    let (config, problems) = read(&Roots::of(&Namespace::OfProcess(u32::MAX)));
    assert_eq!(config, ResolverConfig::default());
    assert_eq!(problems.len(), 4);
}

#[test]
fn the_folder_of_a_named_namespace_comes_first_file_by_file() {
    let root = root(&[
        ("etc/netns/blue/resolv.conf", "nameserver 192.0.2.1\n"),
        ("etc/resolv.conf", "nameserver 192.0.2.2\n"),
        ("etc/hosts", "192.0.2.3 three\n"),
    ]);
    let mut roots = Roots::of(&Namespace::Named("blue".into()));
    for folder in &mut roots.folders {
        folder.root = root.path().into();
    }
    let (config, problems) = read(&roots);
    assert_eq!(config.resolv_conf.unwrap().path, "/etc/netns/blue/resolv.conf");
    assert_eq!(config.hosts.unwrap().path, "/etc/hosts");
    assert_eq!(problems, []);
}

#[test]
fn a_name_with_a_slash_gives_no_folder() {
    for name in ["../blue", "..", "", "a/b"] {
        assert_eq!(Roots::of(&Namespace::Named(name.into())).folders.len(), 1, "{name}");
    }
}

#[test]
fn the_own_process_is_read_like_the_own_namespace() {
    let of_process = read(&Roots::of(&Namespace::OfProcess(std::process::id()))).0;
    let own = read(&Roots { system_bus: None, ..Roots::of(&Namespace::Own) }).0;
    assert_eq!(of_process, own);
}

#[test]
fn a_process_with_files_of_its_own_is_read_with_those() {
    if !nix::unistd::geteuid().is_root() {
        skip("a private mount namespace needs root");
        return;
    }
    let script = "mount --make-rprivate / && mount -t tmpfs none /run && mount -t tmpfs none /etc && \
                  echo nameserver 127.0.0.11 >/run/inside && ln -s /run/inside /etc/resolv.conf && \
                  echo 192.0.2.1 inside >/etc/hosts && echo ready && cat";
    let mut child = Command::new("unshare")
        .args(["--mount", "sh", "-eu", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let (config, problems) = read(&Roots::of(&Namespace::OfProcess(child.id())));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());

    assert_eq!((said.as_str(), problems), ("ready\n", vec![]));
    let conf = config.resolv_conf.unwrap();
    assert_eq!(conf.nameservers[0].address.to_string(), "127.0.0.11");
    assert_eq!((conf.path.as_str(), conf.target.as_deref()), ("/etc/resolv.conf", Some("/run/inside")));
    assert_eq!(config.hosts.unwrap().entries[0].names, ["inside"]);
    assert_eq!((config.nsswitch, config.gai_conf), (None, None));
}

#[test]
fn what_is_not_a_regular_file_is_refused_at_once() {
    let root = root(&[("etc/hosts/inside", "")]);
    nix::unistd::mkfifo(&root.path().join("etc/resolv.conf"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let (config, problems) = read(&below(root.path()));
    assert_eq!(config, ResolverConfig::default());
    let details: Vec<_> = problems.iter().map(|p| p.detail.rsplit(": ").next().unwrap_or_default()).collect();
    assert_eq!(details, ["it is not a regular file"; 2]);
}

#[test]
fn a_file_that_may_not_be_read_is_missing_permission() {
    if nix::unistd::geteuid().is_root() {
        skip("root may read every file");
        return;
    }
    let root = root(&[("etc/hosts", "192.0.2.1 one\n")]);
    fs::set_permissions(root.path().join("etc/hosts"), fs::Permissions::from_mode(0o000)).unwrap();
    assert_eq!(read(&below(root.path())).1[0].kind, ProblemKind::NoPermission);
}

#[test]
fn a_huge_file_is_cut_at_a_line_and_said_to_be() {
    let root = root(&[("etc/hosts", "")]);
    let line = b"192.0.2.1 name.example\n";
    let mut file = fs::File::create(root.path().join("etc/hosts")).unwrap();
    file.write_all(&line.repeat(usize::try_from(MOST_BYTES).unwrap() / line.len() + 1)).unwrap();
    let (config, problems) = read(&below(root.path()));
    assert_eq!(config.hosts.unwrap().unknown, []);
    assert!(problems[0].detail.ends_with("is longer than 16 MiB, the rest is not read"), "{problems:?}");
}

#[test]
fn lines_without_a_meaning_are_one_problem_of_their_file() {
    let root = root(&[("etc/resolv.conf", "nameserver x\nnameserver y\n")]);
    let (_, problems) = read(&below(root.path()));
    assert_eq!(
        problems,
        [Problem {
            kind: ProblemKind::BadFile,
            area: "resolver".into(),
            detail: "a line of /etc/resolv.conf means nothing, the first is line 1: not an address".into(),
            count: 2,
        }]
    );
}

/// Files made of the words that mean something, and of bytes that do not.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: &[&str] = &[
        "nameserver",
        "search",
        "domain",
        "options",
        "sortlist",
        "hosts:",
        "passwd:",
        "label",
        "precedence",
        "scopev4",
        "reload",
        "yes",
        "192.0.2.1",
        "2001:db8::/32",
        "fe80::1%",
        "::ffff:0:0/96",
        "/",
        "&",
        ";",
        "#",
        "[",
        "]",
        "!",
        "=",
        "NOTFOUND",
        "return",
        "files",
        "0x",
        "-",
        "99999999999999999999",
        "\n",
        "\r\n",
        "\0",
        " ",
        "\t",
        "\x0b",
    ];
    let word = prop_oneof![
        8 => proptest::sample::select(WORDS).prop_map(|word| word.as_bytes().to_vec()),
        4 => Just(b" ".to_vec()),
        1 => proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn every_parser_takes_every_text_and_accounts_for_each_line_at_most_once(text in texts()) {
        let ResolvConf { nameservers, unknown, .. } = resolv_conf::parse(&text, "");
        let mut resolv_conf: Vec<u32> = nameservers.iter().filter_map(|server| server.line).collect();
        resolv_conf.extend(unknown.iter().map(|unknown| unknown.line));
        let HostsFile { entries, unknown, .. } = hosts::parse(&text, "");
        let mut hosts: Vec<u32> = entries.iter().map(|entry| entry.line).collect();
        hosts.extend(unknown.iter().map(|unknown| unknown.line));
        let GaiConf { labels, precedences, scopes_v4, unknown, .. } = gai_conf::parse(&text, "");
        let mut gai_conf: Vec<u32> = [labels, precedences, scopes_v4].concat().iter().map(|entry| entry.line).collect();
        gai_conf.extend(unknown.iter().map(|unknown| unknown.line));
        let Nsswitch { unknown, .. } = nsswitch::parse(&text, "");
        let nsswitch: Vec<u32> = unknown.iter().map(|unknown| unknown.line).collect();
        prop_assert!(nsswitch.is_sorted());
        let line_count = text.split_inclusive(|byte| *byte == b'\n').count() as u32;
        for mut lines in [resolv_conf, hosts, gai_conf] {
            prop_assert!(lines.iter().all(|line| (1..=line_count).contains(line)));
            let count = lines.len();
            lines.sort_unstable();
            lines.dedup();
            prop_assert_eq!(lines.len(), count);
        }
    }
}

#[test]
fn without_a_bus_there_is_no_resolved_and_no_problem() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(resolved::read(&folder.path().join("bus"), &|_| Some(true)), Ok(None));
    let bus = folder.path().join("dead");
    drop(UnixListener::bind(&bus).unwrap());
    assert_eq!(resolved::read(&bus, &|_| Some(true)), Ok(None));
}

#[test]
fn a_bus_that_never_answers_is_a_problem_and_does_not_hang() {
    let folder = tempfile::tempdir().unwrap();
    let bus = folder.path().join("bus");
    let _listener = UnixListener::bind(&bus).unwrap();
    let problem = resolved::read(&bus, &|_| Some(true)).unwrap_err();
    assert_eq!(problem.detail, "cannot ask systemd-resolved: no answer within 500 ms");
}

#[test]
fn a_bus_that_talks_something_else_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let bus = folder.path().join("bus");
    let listener = UnixListener::bind(&bus).unwrap();
    let server = std::thread::spawn(move || {
        listener.accept().unwrap().0.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let problem = resolved::read(&bus, &|_| Some(true)).unwrap_err();
    assert_eq!(problem.detail, "cannot ask systemd-resolved: the bus refused to authenticate");
    server.join().unwrap();
}

#[test]
fn only_this_network_namespace_is_taken_for_this_one() {
    assert_eq!(resolved::serves_this_namespace(std::process::id()), Some(true));
    assert_eq!(resolved::serves_this_namespace(u32::MAX), None);
}

/// A systemd-resolved on a message bus of its own, in private mount and network namespaces.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        // The script ends, and its children with it, when its input ends.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Starts the daemon; `None`, with the reason printed, where that cannot be done.
fn start_resolved(folder: &Path) -> Option<Daemon> {
    if !nix::unistd::geteuid().is_root() {
        skip("a private systemd-resolved needs root");
        return None;
    }
    // An unpacked package will do: set NETDIAG_RESOLVED to its systemd-resolved.
    let named = std::env::var_os("NETDIAG_RESOLVED").map(PathBuf::from);
    let installed = ["/usr/lib/systemd/systemd-resolved", "/lib/systemd/systemd-resolved"].map(PathBuf::from);
    let Some(program) = named.into_iter().chain(installed).find(|program| program.exists()) else {
        skip("systemd-resolved is not installed (Debian package systemd-resolved)");
        return None;
    };
    for tool in ["dbus-daemon", "busctl", "unshare", "ip"] {
        if Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
            skip(&format!("{tool} is not installed"));
            return None;
        }
    }
    let mut script = Command::new("unshare");
    script.args(["--mount", "--net", "sh", "-eu", "-c", include_str!("resolved_test.sh")]);
    script.env("FOLDER", folder).env("RESOLVED", program).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = script.stderr(fs::File::create(folder.join("log")).unwrap()).spawn().unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let daemon = Daemon(child);
    assert_eq!(said, "ready\n", "{}", fs::read_to_string(folder.join("log")).unwrap());
    Some(daemon)
}

#[test]
fn a_real_resolved_tells_its_global_and_per_link_servers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(daemon) = start_resolved(folder.path()) else { return };
    let bus = folder.path().join("bus");

    assert_eq!(
        resolved::read(&bus, &resolved::serves_this_namespace),
        Ok(None),
        "it is in another namespace"
    );

    let resolved = resolved::read(&bus, &|_| Some(true)).unwrap().unwrap();
    let servers = |servers: &[crate::model::NameServer]| -> Vec<String> {
        servers
            .iter()
            .map(|s| s.zone.as_ref().map_or(s.address.to_string(), |_| format!("{}%zone", s.address)))
            .collect()
    };
    let domains = |domains: &[crate::model::ResolvedDomain]| -> Vec<String> {
        domains.iter().map(|d| format!("{}{}", if d.routing_only { "~" } else { "" }, d.name)).collect()
    };
    assert_eq!(servers(&resolved.nameservers), ["192.0.2.53", "2001:db8::53", "fe80::53%zone"]);
    assert_eq!(domains(&resolved.domains), ["example.com", "~example.net"]);
    let links: Vec<_> = resolved
        .links
        .iter()
        .map(|link| (link.link_index, servers(&link.nameservers), domains(&link.domains), link.default_route))
        .collect();
    assert_eq!(
        links,
        [
            (
                11,
                vec!["198.51.100.53".into(), "fe80::1".into()],
                vec!["corp.example".into(), "~.".into()],
                Some(true)
            ),
            (12, vec!["203.0.113.53".into()], vec![], Some(false)),
        ]
    );
    drop(daemon);
}
