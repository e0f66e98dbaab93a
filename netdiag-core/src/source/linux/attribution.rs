//! Who did it: which process a port id of netlink belongs to, and which process holds a tun
//! device open.
//!
//! A message of the kernel carries the port id of the socket whose request caused it
//! (`nlmsg_pid`). The first netlink socket of a process gets the process id as its port id,
//! further ones a random number (`netlink_autobind` in `net/netlink/af_netlink.c`), and libraries
//! choose their own. `/proc/net/netlink` says which socket has it, `/proc/PID/fd` which process
//! has the socket.
//!
//! Everything here is a hint that may be missing: processes end, and others' may not be looked
//! into. Nothing fails.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;

use crate::model::{LinkName, Process};

/// What a search through `/proc` found, and whether it could look everywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search<T> {
    /// What was found.
    pub(crate) found: T,
    /// Whether permissions kept anything from being looked at.
    pub(crate) reach: Reach,
}

/// How far a search through `/proc` could go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Every process could be looked into.
    Everywhere,
    /// Some processes may not be looked into, or are hidden.
    Limited,
}

/// Process ids are below this on every Linux (`PID_MAX_LIMIT` in `include/linux/threads.h`).
const PID_LIMIT: u32 = 1 << 22;

const NETLINK_ROUTE: &str = "0";

/// In `include/linux/sched.h`.
const PF_KTHREAD: u32 = 0x0020_0000;

/// Looks at the processes of the system through `/proc`, each time anew.
#[derive(Clone, Debug)]
pub(crate) struct Processes {
    proc: PathBuf,
}

impl Processes {
    /// Those of the system.
    pub(crate) fn of_system() -> Self {
        Self { proc: "/proc".into() }
    }

    /// The process whose request has this port id, in the network namespace of the calling
    /// thread. Nothing for the kernel itself (0) and for what cannot be known. A process that has
    /// ended is named by its number alone.
    pub(crate) fn of_port(&self, port: u32) -> Search<Option<Process>> {
        let everywhere = |found| Search { found, reach: Reach::Everywhere };
        if port == 0 {
            return everywhere(None);
        }
        let pid = Some(port).filter(|port| *port < PID_LIMIT);
        // First of all: it may be about to end.
        let command = pid.and_then(|pid| self.command(pid));
        // When the socket is closed the number alone tells, if it is that of a process here:
        // inside a container process ids are counted anew.
        let by_number = || {
            let is_foreign = |pid| command.is_some() && self.is_in_other_namespace(pid);
            let process = |pid| Process { pid, command: command.clone() };
            everywhere(pid.filter(|pid| !is_foreign(*pid) && !self.is_kernel_thread(*pid)).map(process))
        };
        let Some(inode) = self.inode_of_port(port) else { return by_number() };
        let socket = format!("socket:[{inode}]");
        let candidate = pid.map(|pid| (pid, self.holds(pid, &socket)));
        if let Some((pid, Ok(true))) = candidate {
            return everywhere(Some(Process { pid, command }));
        }
        let search = self.search(|pid| Ok(self.holds(pid, &socket)?.then(|| self.process(pid))));
        let found = match (search.found.into_iter().next(), candidate) {
            (Some(process), _) => Some(process),
            // It lives but may not be looked into, and nobody else has the socket.
            (None, Some((pid, Err(error)))) if error.kind() == io::ErrorKind::PermissionDenied => {
                command.map(|command| Process { pid, command: Some(command) })
            }
            // It ended while it was looked for.
            (None, _) if self.inode_of_port(port).is_none() => return by_number(),
            (None, _) => None,
        };
        Search { found, reach: search.reach }
    }

    /// The processes that hold tun devices, by the device's name, in the network namespace of the
    /// calling thread.
    ///
    /// The kernel tells only the name of a device (`tun_chr_show_fdinfo` in `drivers/net/tun.c`),
    /// so only processes of the same namespace are believed. Where several hold one device
    /// (queues, or a parent and its child), the one with the lowest number is named.
    pub(crate) fn tun_holders(&self) -> Search<BTreeMap<LinkName, Process>> {
        let search = self.search(|pid| {
            let names = self.tun_names(pid)?;
            let believed = !names.is_empty() && !self.is_in_other_namespace(pid);
            Ok(believed.then(|| (self.process(pid), names)))
        });
        let mut found = BTreeMap::new();
        for (process, names) in search.found {
            for name in names {
                found.entry(name).or_insert_with(|| process.clone());
            }
        }
        Search { found, reach: search.reach }
    }

    fn search<T>(&self, look: impl Fn(u32) -> io::Result<Option<T>>) -> Search<Vec<T>> {
        let mut pids: Vec<u32> = fs::read_dir(&self.proc)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect();
        pids.sort_unstable();
        // With `hidepid` the processes of others are not listed at all, so not the first one.
        let mut reach = if pids.first() == Some(&1) { Reach::Everywhere } else { Reach::Limited };
        let mut found = Vec::new();
        for pid in pids {
            match look(pid) {
                Ok(one) => found.extend(one),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => reach = Reach::Limited,
                // It has ended.
                Err(_) => {}
            }
        }
        Search { found, reach }
    }

    /// The inode of the routing socket with this port id, from a table whose columns are named in
    /// its first line.
    fn inode_of_port(&self, port: u32) -> Option<u64> {
        let table = fs::read_to_string(self.proc.join("thread-self/net/netlink")).ok()?;
        let mut lines = table.lines();
        let column = |name| lines_position(table.lines().next()?, name);
        let (protocol, pid, inode) = (column("Eth")?, column("Pid")?, column("Inode")?);
        lines.next();
        lines.find_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let is_it = fields.get(protocol) == Some(&NETLINK_ROUTE) && fields.get(pid)?.parse() == Ok(port);
            is_it.then(|| fields.get(inode)?.parse().ok())?
        })
    }

    fn holds(&self, pid: u32, target: &str) -> io::Result<bool> {
        for entry in fs::read_dir(self.of(pid).join("fd"))? {
            let link = entry.and_then(|entry| fs::read_link(entry.path()));
            if link.is_ok_and(|link| link.as_os_str() == target) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn tun_names(&self, pid: u32) -> io::Result<Vec<LinkName>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.of(pid).join("fd"))? {
            let Ok(entry) = entry else { continue };
            let is_tun = fs::read_link(entry.path()).is_ok_and(|link| link.ends_with("net/tun"));
            if is_tun && let Some(name) = self.tun_name(pid, &entry.file_name()) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn tun_name(&self, pid: u32, descriptor: &OsString) -> Option<LinkName> {
        let info = fs::read(self.of(pid).join("fdinfo").join(descriptor)).ok()?;
        let mut lines = info.split(|byte| *byte == b'\n');
        let name = lines.find_map(|line| line.strip_prefix(b"iff:\t"))?;
        (!name.is_empty()).then(|| LinkName::from_bytes(name))
    }

    /// Whether a process is known to be in another network namespace than the calling thread.
    fn is_in_other_namespace(&self, pid: u32) -> bool {
        let own = fs::read_link(self.proc.join("thread-self/ns/net"));
        let other = fs::read_link(self.of(pid).join("ns/net"));
        matches!((own, other), (Ok(own), Ok(other)) if own != other)
    }

    /// Whether it is a thread of the kernel, which asks for nothing over netlink: the number is
    /// that of a process of a container, which shares the network and counts its own.
    fn is_kernel_thread(&self, pid: u32) -> bool {
        // proc_pid_stat(5): the flags are the seventh field behind the name, which may hold
        // anything but ends with the last parenthesis.
        let stat = fs::read(self.of(pid).join("stat")).unwrap_or_default();
        let fields = stat.rsplit(|byte| *byte == b')').next().unwrap_or_default();
        let flags =
            String::from_utf8_lossy(fields).split_whitespace().nth(6).and_then(|text| text.parse().ok());
        flags.is_some_and(|flags: u32| flags & PF_KTHREAD != 0)
    }

    fn process(&self, pid: u32) -> Process {
        Process { pid, command: self.command(pid) }
    }

    fn command(&self, pid: u32) -> Option<String> {
        let name = fs::read(self.of(pid).join("comm")).ok()?;
        Some(LinkName::from_bytes(name.strip_suffix(b"\n").unwrap_or(&name)).as_str().to_owned())
    }

    fn of(&self, pid: u32) -> PathBuf {
        self.proc.join(pid.to_string())
    }
}

fn lines_position(header: &str, name: &str) -> Option<usize> {
    header.split_whitespace().position(|column| column == name)
}

#[cfg(test)]
mod tests;
