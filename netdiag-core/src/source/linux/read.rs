//! The whole state of a namespace, read once.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use super::attribution::{Processes, Reach};
use super::namespace;
use super::regions::{
    Region, Trouble, read_addresses, read_labels, read_links, read_neighbors, read_nexthops, read_rules,
};
use super::route_decoder::RouteDecoder;
use super::routes::read_routes;
use super::socket::{DATAGRAM, Socket};
use super::sysctls;
use crate::error::Error;
use crate::model::{
    Capability, Family, Host, Link, LinkName, Problem, ResolverConfig, RouteTable, text_from_bytes,
};
use crate::snapshot::{Snapshot, SnapshotBuilder};
use crate::source::resolver::{self, Roots};
use crate::source::{Namespace, now};

/// See [`crate::source::read`].
pub(crate) fn read(namespace: &Namespace) -> Result<Snapshot, Error> {
    namespace::inside(namespace, || read_here(namespace))
}

/// Reads the namespace that the calling thread is in.
pub(crate) fn read_here(namespace: &Namespace) -> Result<Snapshot, Error> {
    let asked = |cause: io::Error| Error::system("ask the kernel over netlink", cause);
    let socket = Socket::open(&[], None).map_err(asked)?;
    let mut buffer = vec![0; DATAGRAM];
    let mut notes = Notes::default();
    let mut links = notes.rows(read_links(&socket, &mut buffer).map_err(asked)?);
    let mut decoder = RouteDecoder::new(names(&links));
    let nexthops = read_nexthops(&socket, &mut buffer).map_err(asked)?;
    let has_nexthops = nexthops.trouble.unsupported.is_none();
    let nexthops = notes.rows(nexthops);
    let labels = notes.rows(read_labels(&socket, &mut buffer).map_err(asked)?);
    let (mut addresses, mut rules, mut neighbors, mut tables) = (vec![], vec![], vec![], vec![]);
    for family in [Family::V4, Family::V6] {
        addresses.extend(notes.rows(read_addresses(&socket, &mut buffer, family).map_err(asked)?));
        rules.extend(notes.rows(read_rules(&socket, &mut buffer, family).map_err(asked)?));
        neighbors.extend(notes.rows(read_neighbors(&socket, &mut buffer, family).map_err(asked)?));
        let routes = read_routes(family, None, &mut decoder).map_err(asked)?;
        notes.trouble(routes.trouble);
        tables.extend::<Vec<std::sync::Arc<RouteTable>>>(routes.tables);
    }
    let reach = name_holders(&mut links);
    let (resolver, problems) = resolver::read(&Roots::of(namespace));
    notes.problems.extend(problems);
    let capabilities = capabilities(&socket, has_nexthops, reach, &resolver);
    Ok(SnapshotBuilder::new(now(), host(namespace))
        .capabilities(capabilities)
        .links(links)
        .addresses(addresses)
        .route_tables(tables)
        .rules(rules)
        .neighbors(neighbors)
        .nexthops(nexthops)
        .address_labels(labels)
        .resolver(resolver)
        .sysctls(sysctls::read())
        .problems(notes.problems)
        .build())
}

/// Gathers what went wrong.
#[derive(Default)]
struct Notes {
    problems: Vec<Problem>,
}

impl Notes {
    fn trouble(&mut self, trouble: Trouble) {
        self.problems.extend(trouble.problems);
    }

    fn rows<T>(&mut self, region: Region<T>) -> Vec<T> {
        self.trouble(region.trouble);
        region.rows
    }
}

/// The names of links by index.
pub(crate) fn names(links: &[Link]) -> BTreeMap<u32, LinkName> {
    links.iter().map(|link| (link.index, link.name.clone())).collect()
}

/// Where this is.
pub(crate) fn host(namespace: &Namespace) -> Host {
    use std::os::unix::ffi::OsStrExt;
    let text = |value: &std::ffi::OsStr| text_from_bytes(value.as_bytes());
    let (name, release) = match nix::sys::utsname::uname() {
        Ok(system) => (text(system.nodename()), text(system.release())),
        Err(_) => Default::default(),
    };
    let namespace = match namespace {
        Namespace::Own => None,
        Namespace::Named(name) => Some(name.clone()),
        Namespace::OfProcess(pid) => Some(format!("pid {pid}")),
    };
    Host { name, system: "linux".into(), release, namespace }
}

/// Sets the processes that hold tun devices. Whether other users' processes may be looked into.
pub(crate) fn name_holders(links: &mut [Link]) -> Reach {
    let is_tun = |link: &Link| link.kind.as_deref() == Some("tun");
    if !links.iter().any(is_tun) {
        return match fs::read_dir("/proc/1/fd") {
            Ok(_) => Reach::Everywhere,
            Err(_) => Reach::Limited,
        };
    }
    let search = Processes::of_system().tun_holders();
    for link in links.iter_mut().filter(|link| is_tun(link)) {
        link.owner = search.found.get(&link.name).cloned();
    }
    search.reach
}

/// What this kernel offers to this process.
pub(crate) fn capabilities(
    socket: &Socket,
    has_nexthops: bool,
    reach: Reach,
    resolver: &ResolverConfig,
) -> BTreeMap<String, Capability> {
    let has_ipv6 = Path::new("/proc/thread-self/net/if_inet6").exists();
    [
        ("ipv6", has_ipv6, "the kernel has no IPv6, or it was switched off when it started"),
        ("nexthop_objects", has_nexthops, "the kernel has no nexthop objects; Linux 5.3 and later have"),
        (
            "process_names",
            reach == Reach::Everywhere,
            "processes of other users may not be looked into; run as root to name them",
        ),
        (
            "resolver_per_link",
            resolver.resolved.is_some(),
            "systemd-resolved does not run in this namespace or cannot be read",
        ),
        ("strict_checking", socket.is_strict(), "the kernel does not filter dumps; Linux 4.20 and later do"),
    ]
    .into_iter()
    .map(|(name, available, because)| {
        let because = (!available).then(|| because.to_owned());
        (name.to_owned(), Capability { available, because })
    })
    .collect()
}
