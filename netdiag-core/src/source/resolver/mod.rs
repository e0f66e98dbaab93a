//! The resolver's files of a network namespace, and systemd-resolved's view of the own one.
//!
//! Each file is read as a program inside that namespace would find it: `ip netns exec NAME` puts
//! `/etc/netns/NAME/FILE` over `/etc/FILE` (ip-netns(8)), and a process has its own root. Links
//! inside a foreign root are followed inside that root (`openat2` with `RESOLVE_IN_ROOT`), so a
//! container cannot make us read a file of the host. Nothing here blocks: what is not a regular
//! file is refused, files are cut at [`MOST_BYTES`], and the daemon has a deadline.

mod dbus;
mod files;
mod gai_conf;
mod hosts;
mod lines;
mod nsswitch;
mod resolv_conf;
mod resolved;
mod wire;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use self::files::{Found, MOST_BYTES};
use super::Namespace;
use crate::model::{Problem, ProblemKind, ResolverConfig, UnknownLine};

/// Where the resolver's files of a network namespace are, and who else to ask.
#[derive(Clone, Debug)]
pub(crate) struct Roots {
    /// Where to look for each file; the first folder that has it counts.
    folders: Vec<Folder>,
    /// The socket of the system bus, where systemd-resolved may serve this namespace.
    system_bus: Option<PathBuf>,
}

/// A folder inside a root directory.
#[derive(Clone, Debug)]
struct Folder {
    root: PathBuf,
    folder: PathBuf,
}

impl Roots {
    /// The places of a namespace.
    ///
    /// systemd-resolved serves the namespace it runs in, so only the own one asks it.
    pub(crate) fn of(namespace: &Namespace) -> Self {
        let folder = |root: &str, folder: &str| Folder { root: root.into(), folder: folder.into() };
        match namespace {
            Namespace::Own => Self {
                folders: vec![folder("/", "etc")],
                system_bus: Some(PathBuf::from("/run/dbus/system_bus_socket")),
            },
            Namespace::Named(name) => {
                // A name that is no file name has no folder; it cannot be entered either.
                let is_name = !matches!(name.as_str(), "" | "." | "..") && !name.contains('/');
                let own = is_name.then(|| folder("/", &format!("etc/netns/{name}")));
                Self { folders: own.into_iter().chain([folder("/", "etc")]).collect(), system_bus: None }
            }
            Namespace::OfProcess(pid) => {
                Self { folders: vec![folder(&format!("/proc/{pid}/root"), "etc")], system_bus: None }
            }
        }
    }
}

/// Reads the resolver's configuration. A missing file is `None`; trouble is a problem.
pub(crate) fn read(roots: &Roots) -> (ResolverConfig, Vec<Problem>) {
    let mut problems = Vec::new();
    let resolv_conf = find(roots, "resolv.conf", &mut problems).map(|found| {
        let mut conf = resolv_conf::parse(&found.bytes, &found.path);
        conf.target = found.target;
        note_unknown(&conf.path, &conf.unknown, &mut problems);
        conf
    });
    let hosts = find(roots, "hosts", &mut problems).map(|found| {
        let file = hosts::parse(&found.bytes, &found.path);
        note_unknown(&file.path, &file.unknown, &mut problems);
        file
    });
    let nsswitch = find(roots, "nsswitch.conf", &mut problems).map(|found| {
        let file = nsswitch::parse(&found.bytes, &found.path);
        note_unknown(&file.path, &file.unknown, &mut problems);
        file
    });
    let gai_conf = find(roots, "gai.conf", &mut problems).map(|found| {
        let conf = gai_conf::parse(&found.bytes, &found.path);
        note_unknown(&conf.path, &conf.unknown, &mut problems);
        conf
    });
    let resolved = roots.system_bus.as_deref().and_then(|bus| {
        resolved::read(bus, &resolved::serves_this_namespace).unwrap_or_else(|problem| {
            problems.push(problem);
            None
        })
    });
    (ResolverConfig { resolv_conf, hosts, nsswitch, gai_conf, resolved }, problems)
}

/// The file of the first folder that has it.
fn find(roots: &Roots, name: &str, problems: &mut Vec<Problem>) -> Option<Found> {
    for Folder { root, folder } in &roots.folders {
        let inside = folder.join(name);
        let shown = root.join(&inside);
        match files::read(root, &inside) {
            Ok(Some(found)) => {
                if found.is_cut {
                    let detail = format!(
                        "{} is longer than {} MiB, the rest is not read",
                        shown.display(),
                        MOST_BYTES >> 20
                    );
                    problems.push(problem(ProblemKind::BadFile, detail));
                }
                return Some(found);
            }
            Ok(None) => {}
            Err(cause) => {
                problems
                    .push(problem(cause.kind, format!("cannot read {}: {}", shown.display(), cause.because)));
                if !cause.counts_as_missing {
                    return None;
                }
            }
        }
    }
    None
}

/// Says once per file that it has lines without a meaning.
fn note_unknown(path: &str, unknown: &[UnknownLine], problems: &mut Vec<Problem>) {
    if let Some(first) = unknown.first() {
        let detail =
            format!("a line of {path} means nothing, the first is line {}: {}", first.line, first.because);
        problems.push(Problem { count: unknown.len() as u64, ..problem(ProblemKind::BadFile, detail) });
    }
}

fn problem(kind: ProblemKind, detail: String) -> Problem {
    Problem { kind, area: "resolver".into(), detail, count: 1 }
}

/// A path as text, with what is not UTF-8 as `\xNN`.
fn path_text(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    crate::model::text_from_bytes(path.as_os_str().as_bytes())
}
