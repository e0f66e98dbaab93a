//! What the tests of this folder share: network namespaces of their own, and a raw way to change
//! routes in them.

use std::net::Ipv6Addr;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sched::{CloneFlags, unshare};

use super::dump::{Refusal, Request, ask, family_number};
use super::socket::Socket;
use crate::model::Family;

pub(crate) const LO: u32 = 1;
const NLM_F_ACK: u16 = libc::NLM_F_ACK as u16;
const CREATE: u16 = (libc::NLM_F_CREATE | libc::NLM_F_EXCL) as u16;

/// Runs `test` in a new network namespace with `lo` up, or says that it cannot.
pub(crate) fn in_new_namespace(test: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            if let Err(error) = unshare(CloneFlags::CLONE_NEWNET) {
                #[allow(clippy::print_stderr, reason = "a test that did not run must say so")]
                {
                    eprintln!("SKIPPED: cannot make a network namespace: {error}");
                }
                return;
            }
            let mut header = [0; 16];
            header[4] = LO as u8;
            header[8] = libc::IFF_UP as u8;
            header[12] = libc::IFF_UP as u8;
            change(&Socket::open(&[], None).expect("a socket"), &Request::single(libc::RTM_NEWLINK, &header))
                .expect("lo comes up");
            test();
        });
        if let Err(panic) = worker.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

/// Runs commands of `ip`, each of which may fail where the kernel lacks what it needs. Says so
/// when there is no `ip`.
#[allow(clippy::print_stderr, reason = "a test that did not run must say so")]
pub(crate) fn ip(commands: &str) -> bool {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let child = Command::new("ip").args(["-force", "-batch", "-"]).stdin(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("SKIPPED: cannot run ip: {error}");
            return false;
        }
    };
    child.stdin.take().expect("a pipe").write_all(commands.as_bytes()).expect("ip reads");
    child.wait().expect("ip ends");
    true
}

/// Makes a change and waits for the kernel's answer.
pub(crate) fn change(socket: &Socket, request: &Request) -> Result<(), Refusal> {
    let request = request.clone().with_flags(NLM_F_ACK);
    ask(socket, &request, &mut Vec::new()).expect("the kernel answers").map(|_| ())
}

/// A request to add a route by `lo`, in table main.
pub(crate) fn add_route(destination: &ipnet::IpNet) -> Request {
    route(libc::RTM_NEWROUTE, destination).with_flags(CREATE)
}

/// A request to delete such a route.
pub(crate) fn delete_route(destination: &ipnet::IpNet) -> Request {
    route(libc::RTM_DELROUTE, destination)
}

fn route(kind: u16, destination: &ipnet::IpNet) -> Request {
    let (family, octets) = match destination {
        ipnet::IpNet::V4(net) => (Family::V4, net.addr().octets().to_vec()),
        ipnet::IpNet::V6(net) => (Family::V6, net.addr().octets().to_vec()),
    };
    let (protocol, scope) = (3, if family == Family::V4 { 253 } else { 0 });
    let header = [family_number(family), destination.prefix_len(), 0, 0, 254, protocol, scope, 1, 0, 0, 0, 0];
    Request::single(kind, &header)
        .attribute(libc::RTA_DST, &octets)
        .attribute(libc::RTA_OIF, &LO.to_ne_bytes())
}

/// Sends many changes at once and does not wait.
pub(crate) fn send_all(socket: &Socket, requests: &[Request]) {
    for some in requests.chunks(64) {
        let bytes: Vec<u8> = some.iter().flat_map(|request| request.encode(1)).collect();
        socket.send(&bytes).expect("the kernel takes it");
    }
}

/// `10.x.y.0/26` or `2001:db8:0:n::/64`: the prefix with this number.
pub(crate) fn prefix(family: Family, number: u32) -> ipnet::IpNet {
    match family {
        Family::V4 => ipnet::Ipv4Net::new((0x0a00_0000 | number << 6).into(), 26).map(Into::into),
        Family::V6 => {
            let address = Ipv6Addr::from((0x2001_0db8 << 96) | u128::from(number) << 64);
            ipnet::Ipv6Net::new(address, 64).map(Into::into)
        }
    }
    .expect("a sound prefix length")
}

/// Adds and deletes routes as fast as it can until told to end.
pub(crate) fn churn(prefixes: &[ipnet::IpNet], end: &AtomicBool) -> usize {
    let socket = Socket::open(&[], None).expect("a socket");
    let add: Vec<Request> = prefixes.iter().map(add_route).collect();
    let delete: Vec<Request> = prefixes.iter().map(delete_route).collect();
    let mut changes = 0;
    while !end.load(Ordering::Relaxed) {
        for requests in [&add, &delete] {
            send_all(&socket, requests);
            changes += requests.len();
        }
    }
    changes
}
