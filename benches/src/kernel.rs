//! A private network namespace, a fast way to fill it with routes, and the floor: a loop that
//! receives a dump and throws it away.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, setsockopt, socket, sockopt,
};

use crate::table::Entry;

const LINKS: usize = 4;

/// Moves this process into a new network namespace with four links that have a carrier.
///
/// # Errors
///
/// Without the privilege to make one, or without `ip`.
pub fn enter_new_namespace() -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNET)?;
    let mut commands = String::from("link set lo up\n");
    for link in 0..LINKS {
        commands.push_str(&format!(
            "link add up{link} type veth peer name pe{link}\nlink set up{link} addrgenmode none\n\
             link set pe{link} addrgenmode none\nlink set up{link} up\nlink set pe{link} up\n\
             addr add 192.0.2.{}/26 dev up{link}\n",
            link * 64 + 1
        ));
    }
    // Kernels before 6.3 limit the number of IPv6 routes.
    let _ = std::fs::write("/proc/sys/net/ipv6/route/max_size", "2147483647");
    ip(&commands)
}

/// Runs a batch of `ip` commands.
///
/// # Errors
///
/// When one of them fails.
pub fn ip(commands: &str) -> io::Result<()> {
    use std::io::Write;
    let mut child = Command::new("ip").args(["-batch", "-"]).stdin(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(commands.as_bytes())?;
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("ip failed: {status}"))) }
}

/// Adds routes; how many seconds of CPU it took.
///
/// # Errors
///
/// When the kernel refuses one.
pub fn load(routes: &[Entry]) -> io::Result<f64> {
    let (result, cost) = crate::measure::cost(|| change(routes, libc::RTM_NEWROUTE, 12));
    result.map(|()| cost.cpu)
}

/// Deletes routes.
///
/// # Errors
///
/// When the kernel refuses one.
pub fn unload(routes: &[Entry]) -> io::Result<()> {
    change(routes, libc::RTM_DELROUTE, 12)
}

fn change(routes: &[Entry], kind: u16, protocol: u8) -> io::Result<()> {
    let socket = open()?;
    let links: Vec<u32> = (0..LINKS)
        .map(|link| nix::net::if_::if_nametoindex(format!("up{link}").as_str()))
        .collect::<Result<_, _>>()?;
    let mut buffer = vec![0; 32 * 1024];
    let mut request = Vec::new();
    for batch in routes.chunks(256) {
        request.clear();
        for (position, route) in batch.iter().enumerate() {
            // The last one asks for an answer, so that errors cannot pile up.
            let ack = if position + 1 == batch.len() { libc::NLM_F_ACK } else { 0 };
            let create = if kind == libc::RTM_NEWROUTE { libc::NLM_F_CREATE | libc::NLM_F_EXCL } else { 0 };
            let flags = libc::NLM_F_REQUEST | create | ack;
            encode(&mut request, route, &links, kind, flags as u16, protocol);
        }
        send(socket.as_raw_fd(), &request, MsgFlags::empty())?;
        let length = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        let code =
            buffer[..length].get(16..20).and_then(|code| code.try_into().ok()).map_or(0, i32::from_ne_bytes);
        if code != 0 {
            return Err(io::Error::from_raw_os_error(-code));
        }
    }
    Ok(())
}

fn encode(out: &mut Vec<u8>, route: &Entry, links: &[u32], kind: u16, flags: u16, protocol: u8) {
    let start = out.len();
    let (link, host) = (route.nexthop / 2, route.nexthop % 2 + 2);
    let (family, destination, gateway) = match route.address {
        IpAddr::V4(address) => (libc::AF_INET, address.octets().to_vec(), vec![192, 0, 2, link * 64 + host]),
        IpAddr::V6(address) => {
            let mut gateway = vec![0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, link, 0, host];
            gateway.truncate(16);
            (libc::AF_INET6, address.octets().to_vec(), gateway)
        }
    };
    out.extend([0; 16]);
    out.extend([family as u8, route.length, 0, 0, 254, protocol, 0, 1, 0, 0, 0, 0]);
    for (number, value) in [
        (libc::RTA_DST, destination.as_slice()),
        (libc::RTA_PRIORITY, &32_u32.to_ne_bytes()),
        (libc::RTA_GATEWAY, &gateway),
        (libc::RTA_OIF, &links[usize::from(link)].to_ne_bytes()),
    ] {
        out.extend((4 + value.len() as u16).to_ne_bytes());
        out.extend(number.to_ne_bytes());
        out.extend(value);
    }
    let length = (out.len() - start) as u32;
    out[start..start + 4].copy_from_slice(&length.to_ne_bytes());
    out[start + 4..start + 6].copy_from_slice(&kind.to_ne_bytes());
    out[start + 6..start + 8].copy_from_slice(&flags.to_ne_bytes());
}

/// The floor: dumps the routes of both families and throws them away. How many bytes there were.
///
/// # Errors
///
/// When the kernel cannot be asked.
pub fn receive_and_discard() -> io::Result<usize> {
    let mut bytes = 0;
    let mut buffer = vec![0; 32 * 1024];
    for family in [libc::AF_INET, libc::AF_INET6] {
        let socket = open()?;
        let mut request = Vec::from(28_u32.to_ne_bytes());
        request.extend(libc::RTM_GETROUTE.to_ne_bytes());
        request.extend(((libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16).to_ne_bytes());
        request.extend([0; 8]);
        request.push(family as u8);
        request.extend([0; 11]);
        send(socket.as_raw_fd(), &request, MsgFlags::empty())?;
        loop {
            let length = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
            bytes += length;
            // The closing message is the last of its datagram, 20 bytes long.
            let last = &buffer[length.saturating_sub(20)..length];
            let done = (libc::NLMSG_DONE as u16).to_ne_bytes();
            if last.get(..4) == Some(&20_u32.to_ne_bytes()) && last.get(4..6) == Some(&done) {
                break;
            }
        }
    }
    Ok(bytes)
}

fn open() -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, Some(SockProtocol::NetlinkRoute))?;
    let _ = setsockopt(&socket, sockopt::RcvBufForce, &(8 << 20));
    Ok(socket)
}
