//! A real VPN: OpenVPN between network namespaces, watched by `netdiag watch --json`.
//!
//! The set-up is that of a laptop with a full tunnel: client - router - server, both families,
//! `redirect-gateway def1 ipv6` and pushed routes. What must come and go was recorded from the
//! same set-up (`fixtures/openvpn-clean.json`).
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use netdiag_core::diff::Object;
use netdiag_core::model::{Address, AddressFlags, Family, Route};
use netdiag_core::source::MonitorOptions;
use netdiag_tests::binary::Watch;
use netdiag_tests::ip::{ip_script, try_ip};
use netdiag_tests::oracle::{Rows, row_of, rows_of_ip, went_and_came};
use netdiag_tests::sandbox::{self, Child, in_namespace};
use netdiag_tests::test_name;
use netdiag_tests::watched::Watched;
use nix::sys::signal::Signal;
use serde_json::Value;

const CLIENT: &str = "client";
const SERVER: &str = "server";
const ROUTER: &str = "router";

/// Runs `test` with the network set up and an OpenVPN server waiting.
fn with_vpn(name: &str, test: impl FnOnce(&Path)) {
    for program in ["openvpn", "openssl"] {
        if !sandbox::has_program(program) {
            return sandbox::skip(name, &format!("{program} is not installed"));
        }
    }
    sandbox::run_with_netdiag(name, || {
        if let Err(error) = std::fs::File::open("/dev/net/tun") {
            return sandbox::skip(name, &format!("no tun device can be had: {error}"));
        }
        let folder = sandbox::folder();
        set_up_network();
        let _server = start_server(folder.path());
        test(folder.path());
    });
}

fn set_up_network() {
    ip_script("netns add client\nnetns add router\nnetns add server");
    for namespace in [CLIENT, ROUTER, SERVER] {
        in_namespace(namespace, || {
            sandbox::steady_ipv6();
            ip_script("link set lo up");
        });
    }
    in_namespace(ROUTER, || {
        sandbox::sysctl("net/ipv4/ip_forward", "1");
        sandbox::sysctl("net/ipv6/conf/all/forwarding", "1");
    });
    ip_script(
        "-netns client link add eth0 type veth peer name lan0 netns router
         -netns router link add wan0 type veth peer name wan0 netns server
         -netns client link set eth0 up
         -netns router link set lan0 up
         -netns router link set wan0 up
         -netns server link set wan0 up
         -netns router addr add 192.168.50.1/24 dev lan0
         -netns router addr add fe80::1/64 dev lan0
         -netns router addr add 203.0.113.1/24 dev wan0
         -netns server addr add 203.0.113.10/24 dev wan0
         -netns server route add default via 203.0.113.1
         -netns client addr add 192.168.50.10/24 dev eth0 noprefixroute
         -netns client route add 192.168.50.0/24 dev eth0 proto kernel scope link src 192.168.50.10 metric 600
         -netns client route add default via 192.168.50.1 dev eth0 proto dhcp src 192.168.50.10 metric 600
         -netns client addr add 2001:db8:50::10/64 dev eth0 noprefixroute
         -netns client -6 route add 2001:db8:50::/64 dev eth0 proto ra metric 600
         -netns client -6 route add default via fe80::1 dev eth0 proto ra metric 600",
    );
}

/// A key pair, and the fingerprint by which the other side knows it.
fn make_keys(folder: &Path, name: &str) -> String {
    let file = |end: &str| folder.join(format!("{name}.{end}")).display().to_string();
    let (key, certificate) = (file("key"), file("crt"));
    let subject = format!("/CN={name}");
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-keyout",
        &key,
        "-out",
        &certificate,
        "-days",
        "2",
        "-subj",
        &subject,
    ]);
    let said = openssl(&["x509", "-in", &certificate, "-noout", "-fingerprint", "-sha256"]);
    said.trim().rsplit('=').next().expect("a fingerprint").to_owned()
}

fn openssl(words: &[&str]) -> String {
    let output = Command::new("openssl").args(words).output().expect("run openssl");
    assert!(output.status.success(), "openssl {words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn start_server(folder: &Path) -> Child {
    let (server, client) = (make_keys(folder, "server"), make_keys(folder, "client"));
    let configuration = format!(
        "mode server\ntls-server\ndev tun0\ndev-type tun\nproto udp4\nport 1194\nlocal 203.0.113.10\n\
         topology subnet\nserver 10.8.0.0 255.255.255.0\nserver-ipv6 fd00:8::/64\n\
         cert server.crt\nkey server.key\ndh none\npeer-fingerprint {client}\nkeepalive 2 8\nverb 3\n\
         push \"redirect-gateway def1 ipv6\"\npush \"route 172.16.50.0 255.255.255.0\"\n\
         push \"route 10.200.0.0 255.255.0.0 10.8.0.1 77\"\npush \"route-ipv6 2001:db8:c0::/48\"\n"
    );
    std::fs::write(folder.join("server.conf"), configuration).expect("write server.conf");
    let configuration = format!(
        "client\ndev tun0\nnobind\nremote 203.0.113.10 1194 udp4\nexplicit-exit-notify 1\n\
         cert client.crt\nkey client.key\npeer-fingerprint {server}\nconnect-retry 1 2\nverb 3\n"
    );
    std::fs::write(folder.join("client.conf"), configuration).expect("write client.conf");
    start_openvpn(folder, SERVER)
}

/// Starts OpenVPN in the namespace of its role and waits until it says that it is ready.
fn start_openvpn(folder: &Path, role: &str) -> Child {
    let mut command = Command::new("openvpn");
    command.args(["--cd", &folder.display().to_string(), "--config", &format!("{role}.conf")]);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin")).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = Child::start_in(role, &mut command);
    let output = BufReader::new(child.0.stdout.take().expect("a piped standard output"));
    let (sender, said) = std::sync::mpsc::channel();
    // Reads on after that: OpenVPN must never wait for a full pipe.
    std::thread::spawn(move || output.lines().map_while(Result::ok).for_each(|line| drop(sender.send(line))));
    let mut log = Vec::new();
    while let Ok(line) = said.recv_timeout(netdiag_tests::binary::PATIENCE) {
        let ready = line.contains("Initialization Sequence Completed");
        log.push(line);
        if ready {
            return child;
        }
    }
    panic!("the OpenVPN {role} did not start:\n{}", log.join("\n"));
}

/// Starts the client and waits until the kernel is done with its addresses: duplicate address
/// detection ends in its own time, and adds a route then.
fn start_client(folder: &Path) -> Child {
    let client = start_openvpn(folder, CLIENT);
    in_namespace(CLIENT, || {
        let watched = Watched::start(MonitorOptions::default());
        let is_tentative = |address: &Address| address.flags.contains(AddressFlags::TENTATIVE);
        while watched.settle().addresses().iter().any(is_tentative) {
            let _ = watched.events_with(|event| matches!(event.change.after(), Some(Object::Address(_))));
        }
    });
    client
}

/// What watch told until now. Two marks are set, one after the other was told: what happened
/// before the first is told with it at the latest.
fn told_until_now(watch: &Watch, number: &mut u32) -> Vec<Value> {
    let mut told = Vec::new();
    for _ in 0..2 {
        *number += 1;
        let mark = format!("198.18.0.{number}/32");
        ip_script(&format!("-netns client route add blackhole {mark} table 4242"));
        let is_mark = |event: &Value| event["after"]["destination"] == mark.as_str();
        told.extend(watch.until(is_mark));
        ip_script(&format!("-netns client route del blackhole {mark} table 4242"));
    }
    told.retain(|event| {
        let of_mark = |side: &str| event[side]["table"] == 4242;
        !of_mark("before") && !of_mark("after")
    });
    told
}

/// An object of an event.
fn object(event: &Value, side: &str) -> Option<Object> {
    let value = event.get(side)?.clone();
    let read = |what: &str| -> serde_json::Result<Option<Object>> {
        Ok(Some(match what {
            "link" => Object::Link(serde_json::from_value(value)?),
            "address" => Object::Address(serde_json::from_value(value)?),
            "route" => Object::Route(serde_json::from_value(value)?),
            "rule" => Object::Rule(serde_json::from_value(value)?),
            "neighbor" => Object::Neighbor(serde_json::from_value(value)?),
            "nexthop" => Object::NextHop(serde_json::from_value(value)?),
            "address_label" => Object::AddressLabel(serde_json::from_value(value)?),
            "resolver" | "sysctl" => return Ok(None),
            other => panic!("an event about {other:?}: {event}"),
        }))
    };
    read(event["what"].as_str().expect("what changed")).unwrap_or_else(|error| panic!("{error} in {event}"))
}

/// The events taken together: the rows that went and those that came.
fn told_rows(events: &[Value]) -> (Vec<String>, Vec<String>) {
    let (mut went, mut came): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for event in events {
        let row = |side: &str| {
            let object = object(event, side)?;
            row_of(&object).map(|(part, row)| format!("{part}: {row}"))
        };
        if let Some(row) = row("before") {
            match came.iter().position(|other| *other == row) {
                Some(at) => drop(came.swap_remove(at)),
                None => went.push(row),
            }
        }
        if let Some(row) = row("after") {
            match went.iter().position(|other| *other == row) {
                Some(at) => drop(went.swap_remove(at)),
                None => came.push(row),
            }
        }
    }
    went.sort();
    came.sort();
    (went, came)
}

/// A phase of the story: what watch told must be what `ip` sees changed.
fn assert_told(events: &[Value], before: &Rows, after: &Rows) {
    let (mut went, mut came) = went_and_came(before, after);
    // Neighbours come and go with each packet.
    went.retain(|row| !row.starts_with("neighbors"));
    came.retain(|row| !row.starts_with("neighbors"));
    let (mut told_went, mut told_came) = told_rows(events);
    told_went.retain(|row| !row.starts_with("neighbors"));
    told_came.retain(|row| !row.starts_with("neighbors"));
    went.sort();
    came.sort();
    assert_eq!(told_went, went, "what went, as told and as seen by ip");
    assert_eq!(told_came, came, "what came, as told and as seen by ip");
}

/// The words of the recorded expectations for an object.
fn recorded_words(object: &Object) -> Option<(&'static str, String)> {
    match object {
        Object::Link(link) => Some(("link", link.name.to_string())),
        Object::Address(address) => Some((
            "addr",
            format!(
                "v{} {} dev {} scope {}",
                Family::of(&address.address.addr()).number(),
                address.address,
                address.link.as_ref()?,
                address.scope
            ),
        )),
        Object::Route(route) => Some(("route", recorded_route(route))),
        _ => None,
    }
}

fn recorded_route(route: &Route) -> String {
    let mut words =
        format!("v{} table {} {} {}", route.family().number(), route.table, route.kind, route.destination);
    for hop in &route.nexthops {
        let gateway = hop.gateway.map(|gateway| format!(" via {gateway}")).unwrap_or_default();
        let link = hop.link.as_ref().map(|link| format!(" dev {link}")).unwrap_or_default();
        words += &format!("{gateway}{link}");
    }
    words += &format!(" metric {} proto {} scope {}", route.metric, route.protocol, route.scope);
    words += &route.preferred_source.map(|source| format!(" src {source}")).unwrap_or_default();
    words + &route.router_preference.map(|preference| format!(" pref {preference}")).unwrap_or_default()
}

/// Compares what was told with the recording of the same story.
fn assert_recorded(events: &[Value], verb: &str, transition: usize) {
    let recorded: Value = serde_json::from_str(include_str!("../fixtures/openvpn-clean.json"))
        .expect("the recorded expectations");
    let side = if verb == "added" { "after" } else { "before" };
    let random = |text: &str| text.contains(" fe80::") && !text.contains("fe80::/64");
    let mut expected: Vec<String> = recorded["transitions"][transition][verb]
        .as_array()
        .expect("a list of objects")
        .iter()
        .map(|row| format!("{} {}", row["kind"].as_str().unwrap_or(""), row["text"].as_str().unwrap_or("")))
        .collect();
    let mut told: Vec<String> = events
        .iter()
        .filter(|event| event["change"] == verb)
        .filter_map(|event| recorded_words(&object(event, side)?))
        .map(|(kind, text)| format!("{kind} {text}"))
        .collect();
    // The tunnel's link-local address is made by chance; that there is one is not.
    for list in [&mut expected, &mut told] {
        let with_chance = list.iter().filter(|text| random(text)).count();
        assert_eq!(with_chance, 2, "a link-local address and its local route: {list:#?}");
        list.retain(|text| !random(text));
        list.sort();
    }
    assert_eq!(told, expected, "{verb}, as told and as recorded");
}

fn of_route<'a>(events: &'a [Value], change: &str, destination: &str) -> &'a Value {
    let side = if change == "removed" { "before" } else { "after" };
    let found: Vec<&Value> = events
        .iter()
        .filter(|event| event["change"] == change && event[side]["destination"] == destination)
        .collect();
    assert_eq!(found.len(), 1, "{destination} {change} once: {events:#?}");
    found[0]
}

#[test]
fn watch_tells_exactly_what_a_vpn_adds_and_takes_away_again() {
    with_vpn(test_name!(), |folder| {
        let before = in_namespace(CLIENT, rows_of_ip);
        let watch = Watch::start(&["--netns", CLIENT]);
        let mut marks = 0;

        let mut client = start_client(folder);
        let events = told_until_now(&watch, &mut marks);
        let connected = in_namespace(CLIENT, rows_of_ip);
        assert_told(&events, &before, &connected);
        assert_recorded(&events, "added", 0);
        for event in &events {
            assert_eq!(event["origin"], "announced", "connecting is announced: {event}");
        }

        client.signal(Signal::SIGTERM);
        assert_eq!(client.exit_code(), Some(0), "OpenVPN ends in order");
        let events = told_until_now(&watch, &mut marks);
        let disconnected = in_namespace(CLIENT, rows_of_ip);
        assert_told(&events, &connected, &disconnected);
        assert_recorded(&events, "removed", 1);
        let (went, came) = went_and_came(&before, &disconnected);
        let left: Vec<&String> =
            went.iter().chain(&came).filter(|row| !row.starts_with("neighbors")).collect();
        assert!(left.is_empty(), "nothing stays: {left:#?}");
        // OpenVPN takes each of its routes away itself before it closes the device.
        for destination in ["0.0.0.0/1", "128.0.0.0/1", "203.0.113.10/32", "2000::/4"] {
            let event = of_route(&events, "removed", destination);
            assert_eq!(event["origin"], "announced", "{event}");
        }
        assert_eq!(watch.end(Signal::SIGTERM).2, Some(0), "watch ends in order");
    });
}

#[test]
fn watch_tells_exactly_what_a_killed_vpn_leaves() {
    with_vpn(test_name!(), |folder| {
        let before = in_namespace(CLIENT, rows_of_ip);
        let client = start_client(folder);
        let connected = in_namespace(CLIENT, rows_of_ip);
        let watch = Watch::start(&["--netns", CLIENT]);
        let mut marks = 0;

        client.signal(Signal::SIGKILL);
        drop(client);
        let events = told_until_now(&watch, &mut marks);
        let killed = in_namespace(CLIENT, rows_of_ip);
        assert_told(&events, &connected, &killed);

        // IPv4 routes of the tunnel go without a word of the kernel; IPv6 ones are announced.
        for destination in ["0.0.0.0/1", "128.0.0.0/1", "172.16.50.0/24", "10.200.0.0/16"] {
            let event = of_route(&events, "removed", destination);
            assert_eq!(event["origin"], "inferred", "{event}");
            assert_eq!(event["because"], "went with link tun0", "{event}");
        }
        for destination in ["2000::/4", "fc00::/7"] {
            assert_eq!(of_route(&events, "removed", destination)["origin"], "announced");
        }
        // The host route to the server is not on the tunnel's device: it stays.
        let (_, left) = went_and_came(&before, &killed);
        let left: Vec<&String> = left.iter().filter(|row| !row.starts_with("neighbors")).collect();
        assert_eq!(left.len(), 1, "{left:#?}");
        assert!(left[0].contains("destination=203.0.113.10/32"), "{left:#?}");
        assert_eq!(watch.end(Signal::SIGINT).2, Some(0), "watch ends in order");
    });
}

#[test]
fn a_namespace_that_is_deleted_while_it_is_watched_ends_the_watch() {
    sandbox::run_with_netdiag(test_name!(), || {
        ip_script("netns add gone");
        let mut watch = Watch::start(&["--netns", "gone"]);
        assert!(try_ip(["netns", "del", "gone"]).status.success());
        let (_, said, code) = watch.rest();
        assert_eq!(code, Some(2), "{said}");
        assert_eq!(said.lines().filter(|line| line.contains("gone")).count(), 1, "said once: {said}");
    });
}
