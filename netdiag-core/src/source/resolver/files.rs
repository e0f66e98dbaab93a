//! Opens a small text file below a root that may be hostile.

use std::fs::File;
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2, readlinkat};
use nix::sys::stat::Mode;

use super::path_text;
use crate::model::ProblemKind;

/// Where a file is cut. Block lists in hosts files reach some 10 MB.
pub(super) const MOST_BYTES: u64 = 16 << 20;

/// A file that was read.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path inside the root.
    pub(super) path: String,
    /// Where that path leads inside the root, if it is not the file's own.
    pub(super) target: Option<String>,
    pub(super) bytes: Vec<u8>,
    /// Whether there was more than [`MOST_BYTES`].
    pub(super) is_cut: bool,
}

/// Why a file was not read.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) kind: ProblemKind,
    pub(super) because: String,
    /// A program would find no file here and go on.
    pub(super) counts_as_missing: bool,
}

impl From<Errno> for Unreadable {
    fn from(cause: Errno) -> Self {
        let kind = match cause {
            Errno::EACCES | Errno::EPERM => ProblemKind::NoPermission,
            _ => ProblemKind::BadFile,
        };
        Self { kind, because: cause.desc().to_lowercase(), counts_as_missing: false }
    }
}

fn bad(because: impl Into<String>) -> Unreadable {
    Unreadable { kind: ProblemKind::BadFile, because: because.into(), counts_as_missing: false }
}

/// Reads the file `inside` of the directory `root`; `None` when there is none.
pub(super) fn read(root: &Path, inside: &Path) -> Result<Option<Found>, Unreadable> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let root_fd = open(root, flags, Mode::empty())?;
    let file = match open_below(&root_fd, root == Path::new("/"), inside) {
        Ok(fd) => File::from(fd),
        Err(Errno::ENOENT | Errno::ENOTDIR) => {
            return match readlinkat(&root_fd, inside) {
                Ok(link) => Err(Unreadable {
                    counts_as_missing: true,
                    ..bad(format!("it leads to {}, which does not exist", path_text(Path::new(&link))))
                }),
                Err(_) => Ok(None),
            };
        }
        Err(cause) => return Err(cause.into()),
    };
    let system = |cause: std::io::Error| Unreadable::from(Errno::from_raw(cause.raw_os_error().unwrap_or(0)));
    if !file.metadata().map_err(system)?.is_file() {
        return Err(bad("it is not a regular file"));
    }
    let target = place(&root_fd, &file).filter(|place| *place != Path::new("/").join(inside));
    let mut bytes = Vec::new();
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(system)?;
    let is_cut = bytes.len() as u64 > MOST_BYTES;
    if is_cut {
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1));
    }
    let path = path_text(&Path::new("/").join(inside));
    Ok(Some(Found { path, target: target.as_deref().map(path_text), bytes, is_cut }))
}

/// Opens without waiting for a writer or a terminal, and without leaving the root.
fn open_below(root: &OwnedFd, is_own_root: bool, inside: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    if is_own_root {
        return openat(root, inside, flags, Mode::empty());
    }
    let how = OpenHow::new().flags(flags).resolve(ResolveFlag::RESOLVE_IN_ROOT);
    // openat2(2) asks for another try when a rename or mount anywhere crossed a `..` in the path.
    let mut outcome = Err(Errno::EAGAIN);
    for _ in 0..8 {
        outcome = openat2(root, inside, how);
        if !matches!(outcome, Err(Errno::EAGAIN)) {
            break;
        }
    }
    match outcome {
        Err(Errno::ENOSYS) => open_without_links(root, inside, flags),
        outcome => outcome,
    }
}

/// For Linux before 5.6: opens component by component and follows no link.
fn open_without_links(root: &OwnedFd, inside: &Path, flags: OFlag) -> Result<OwnedFd, Errno> {
    let (Some(parent), Some(name)) = (inside.parent(), inside.file_name()) else { return Err(Errno::EINVAL) };
    let mut folder = root.as_fd().try_clone_to_owned().map_err(|_| Errno::EMFILE)?;
    for component in parent {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        folder = openat(&folder, component, flags, Mode::empty())?;
    }
    openat(&folder, name, flags | OFlag::O_NOFOLLOW, Mode::empty())
}

/// The place of an open file below an open root, as the kernel names it.
fn place(root: &OwnedFd, file: &File) -> Option<PathBuf> {
    let name = |fd: i32| std::fs::read_link(format!("/proc/self/fd/{fd}")).ok();
    let below = name(file.as_raw_fd())?.strip_prefix(name(root.as_raw_fd())?).ok()?.to_path_buf();
    Some(Path::new("/").join(below))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn without_openat2_a_link_is_refused_and_a_file_is_read() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("etc")).unwrap();
        std::fs::write(root.path().join("etc/hosts"), "x").unwrap();
        symlink("hosts", root.path().join("etc/resolv.conf")).unwrap();
        symlink("etc", root.path().join("linked")).unwrap();
        let fd: OwnedFd = File::open(root.path()).unwrap().into();
        let open = |path: &str| open_without_links(&fd, Path::new(path), OFlag::O_RDONLY).map(|_| ());
        assert_eq!(open("etc/hosts"), Ok(()));
        assert_eq!(open("etc/resolv.conf"), Err(Errno::ELOOP));
        assert!(open("linked/hosts").is_err());
    }
}
