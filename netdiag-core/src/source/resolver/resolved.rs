//! systemd-resolved's servers and domains, global and per link.
//!
//! Source: the properties of `org.freedesktop.resolve1.Manager` and `.Link` on the system bus
//! (org.freedesktop.resolve1(5)), which everybody may read. Its state files are private by their own
//! first line and closed to others, and its Varlink sockets tell the configuration only to root and
//! only in later versions. A resolved that does not run is not started by asking.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::dbus::{BUS, Connection, Trouble};
use super::problem;
use super::wire::{Argument, Reader, Target};
use crate::model::{LinkName, NameServer, Problem, ProblemKind, Resolved, ResolvedDomain, ResolvedLink};

/// How long all questions together may take; they take some milliseconds.
const ALLOWED: Duration = Duration::from_millis(500);

const SERVICE: &str = "org.freedesktop.resolve1";
const MANAGER: &str = "/org/freedesktop/resolve1";

/// Asks the resolved on the bus at `bus`; `None` when there is none, or when it works in another
/// network namespace, which `serves_us` tells from its process.
pub(super) fn read(bus: &Path, serves_us: &dyn Fn(u32) -> Option<bool>) -> Result<Option<Resolved>, Problem> {
    let trouble = match ask(bus, serves_us) {
        Ok(resolved) => return Ok(resolved),
        Err(trouble) => trouble,
    };
    let (kind, because) = match trouble {
        Trouble::Absent => return Ok(None),
        Trouble::Late => (ProblemKind::DumpFailed, format!("no answer within {} ms", ALLOWED.as_millis())),
        Trouble::Refused(name) if is_gone(&name) => return Ok(None),
        Trouble::Refused(name) if name.ends_with(".AccessDenied") => (ProblemKind::NoPermission, name),
        Trouble::Refused(name) => (ProblemKind::DumpFailed, name),
        Trouble::Malformed(what) => (ProblemKind::DumpFailed, what.into()),
        Trouble::System(cause @ (nix::errno::Errno::EACCES | nix::errno::Errno::EPERM)) => {
            (ProblemKind::NoPermission, cause.desc().to_lowercase())
        }
        Trouble::System(cause) => (ProblemKind::DumpFailed, cause.desc().to_lowercase()),
    };
    Err(problem(kind, format!("cannot ask systemd-resolved: {because}")))
}

/// Whether a process works in the network namespace of this one; `None` when that cannot be seen.
///
/// `/proc/PID/ns/net` of another user is closed, but each namespace has its own `/proc/PID/net`,
/// and everybody may see which file is in it.
pub(super) fn serves_this_namespace(pid: u32) -> Option<bool> {
    let inode =
        |process: &str| std::fs::metadata(format!("/proc/{process}/net/dev")).ok().map(|file| file.ino());
    Some(inode(&pid.to_string())? == inode("thread-self")?)
}

/// Whether an error says that the one who was asked does not exist (any more).
fn is_gone(name: &str) -> bool {
    [".NameHasNoOwner", ".ServiceUnknown", ".NoSuchLink", ".UnknownObject"]
        .iter()
        .any(|end| name.ends_with(end))
}

fn ask(bus: &Path, serves_us: &dyn Fn(u32) -> Option<bool>) -> Result<Option<Resolved>, Trouble> {
    let mut bus = Connection::open(bus, ALLOWED)?;
    let itself = Target { service: BUS, object: "/org/freedesktop/DBus", interface: BUS };
    let owner = bus.call(itself, "GetConnectionUnixProcessID", &[Argument::Text(SERVICE)])?;
    match serves_us(owner.reader().u32()?) {
        Some(true) => {}
        Some(false) => return Ok(None),
        None => return Err(Trouble::Malformed("its network namespace cannot be seen")),
    }

    // The manager lists all servers and domains, with the link's index, or 0 for global ones.
    let servers = property(&mut bus, MANAGER, "Manager", "DNS", "a(iiay)", |value| {
        value.structures(|one| Ok((index(one)?, server(one)?)))
    })?;
    let domains = property(&mut bus, MANAGER, "Manager", "Domains", "a(isb)", |value| {
        value.structures(|one| Ok((index(one)?, domain(one)?)))
    })?;
    let indexes: BTreeSet<u32> =
        servers.iter().map(|(index, _)| *index).chain(domains.iter().map(|(index, _)| *index)).collect();

    let mut resolved = Resolved { read_from: "dbus".into(), ..Resolved::default() };
    for index in indexes.into_iter().filter(|index| *index != 0) {
        match link(&mut bus, index) {
            Ok(link) => resolved.links.push(link),
            // It went away since.
            Err(Trouble::Refused(name)) if is_gone(&name) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    for (index, server) in servers.into_iter().filter_map(|(index, server)| Some((index, server?))) {
        // A global server with a zone looks like one of that link, but the link does not list it.
        let of_link = resolved.links.iter().find(|link| link.link_index == index);
        if index == 0 {
            resolved.nameservers.push(server);
        } else if of_link.is_some_and(|link| !link.nameservers.contains(&server)) {
            let name = of_link.and_then(|link| link.link.as_ref()).map(|name| name.as_str().to_owned());
            resolved.nameservers.push(NameServer { zone: name.or(Some(index.to_string())), ..server });
        }
    }
    let is_configured = |link: &ResolvedLink| !link.nameservers.is_empty() || !link.domains.is_empty();
    resolved.links.retain(is_configured);
    resolved.domains =
        domains.into_iter().filter(|(index, _)| *index == 0).map(|(_, domain)| domain).collect();
    Ok(Some(resolved))
}

fn link(bus: &mut Connection, index: u32) -> Result<ResolvedLink, Trouble> {
    let manager = Target { service: SERVICE, object: MANAGER, interface: "org.freedesktop.resolve1.Manager" };
    let path = bus.call(manager, "GetLink", &[Argument::Int32(index.cast_signed())])?.reader().text()?;
    let servers = property(bus, &path, "Link", "DNS", "a(iay)", |value| value.structures(server))?;
    Ok(ResolvedLink {
        link_index: index,
        link: nix::net::if_::if_indextoname(index).ok().map(|name| LinkName::from_bytes(name.as_bytes())),
        nameservers: servers.into_iter().flatten().collect(),
        domains: property(bus, &path, "Link", "Domains", "a(sb)", |value| value.structures(domain))?,
        default_route: Some(property(bus, &path, "Link", "DefaultRoute", "b", |value| value.boolean())?),
    })
}

/// Reads one property of an object of resolved.
fn property<T>(
    bus: &mut Connection,
    object: &str,
    interface: &str,
    name: &str,
    signature: &str,
    decode: impl FnOnce(&mut Reader<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let target = Target { service: SERVICE, object, interface: "org.freedesktop.DBus.Properties" };
    let interface = format!("org.freedesktop.resolve1.{interface}");
    let answer = bus.call(target, "Get", &[Argument::Text(&interface), Argument::Text(name)])?;
    let mut reader = answer.reader();
    reader.variant(signature)?;
    decode(&mut reader)
}

fn index(reader: &mut Reader<'_>) -> Result<u32, Trouble> {
    u32::try_from(reader.i32()?).map_err(|_| Trouble::Malformed("a link has a negative index"))
}

/// A family and the bytes of an address; `None` for a family that is neither IPv4 nor IPv6.
fn server(reader: &mut Reader<'_>) -> Result<Option<NameServer>, Trouble> {
    let family = reader.i32()?;
    let bytes = reader.byte_array()?;
    let address: Option<IpAddr> = match family {
        libc::AF_INET => <[u8; 4]>::try_from(bytes).ok().map(|octets| Ipv4Addr::from(octets).into()),
        libc::AF_INET6 => <[u8; 16]>::try_from(bytes).ok().map(|octets| Ipv6Addr::from(octets).into()),
        _ => None,
    };
    Ok(address.map(|address| NameServer { address, zone: None, line: None }))
}

fn domain(reader: &mut Reader<'_>) -> Result<ResolvedDomain, Trouble> {
    Ok(ResolvedDomain { name: reader.text()?, routing_only: reader.boolean()? })
}
