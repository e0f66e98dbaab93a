//! Notices that resolver files changed, and that the watched namespace is gone (inotify(7),
//! pidfd_open(2)).
//!
//! A file is watched in its folder, where editors put another in its place, and itself: in a
//! container it is mounted over the folder's, which does not hear of it. Symbolic links are
//! followed, each in its folder. Where a folder is missing, the one that would hold it is
//! watched. After each sign all of this is done anew, since a link may lead elsewhere then.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, InotifyEvent, WatchDescriptor};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::source::Namespace;

/// Files whose content decides how names are resolved.
const RESOLVER_FILES: [&str; 4] = ["resolv.conf", "hosts", "nsswitch.conf", "gai.conf"];
/// Where systemd-resolved keeps what each link brought.
const RESOLVED_STATE: &str = "/run/systemd/resolve/netif";
const NAMED_NAMESPACES: &str = "/run/netns";
/// As many links as the kernel follows (MAXSYMLINKS in `include/linux/namei.h`).
const MOST_LINKS: usize = 40;

/// What a [`FileWatch`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// A resolver file was written, replaced or removed.
    ResolverFile,
    /// The watched namespace's name was removed, or its process ended.
    NamespaceGone,
}

/// Watches the files that belong to a namespace.
#[derive(Debug)]
pub(super) struct FileWatch {
    inotify: AsyncFd<InotifyFd>,
    /// What to watch.
    places: Places,
    watches: BTreeMap<WatchDescriptor, Names>,
    namespace: Option<(WatchDescriptor, OsString)>,
    process: Option<AsyncFd<OwnedFd>>,
}

/// The names that count in what is watched.
#[derive(Debug, PartialEq, Eq)]
enum Names {
    /// Whatever happens there counts.
    All,
    These(Vec<OsString>),
}

/// Where the files of a namespace are.
#[derive(Debug)]
struct Places {
    /// Where absolute links lead to.
    root: PathBuf,
    /// Folders with resolver files.
    folders: Vec<PathBuf>,
    /// Folders of which every file counts.
    whole: Vec<PathBuf>,
}

impl Places {
    fn of(namespace: &Namespace) -> Self {
        let (root, folders, whole) = match namespace {
            Namespace::Own => ("/".into(), vec!["/etc".into()], vec![RESOLVED_STATE.into()]),
            Namespace::Named(name) => {
                ("/".into(), vec![Path::new("/etc/netns").join(name), "/etc".into()], Vec::new())
            }
            Namespace::OfProcess(pid) => {
                let root = PathBuf::from(format!("/proc/{pid}/root"));
                let folders = vec![root.join("etc")];
                (root, folders, Vec::new())
            }
        };
        Self { root, folders, whole }
    }
}

/// What the runtime needs of an inotify descriptor.
#[derive(Debug)]
struct InotifyFd(Inotify);

impl AsFd for InotifyFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for InotifyFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

impl FileWatch {
    /// Starts to watch. What cannot be watched is left out: its changes are found at the next
    /// reading.
    pub(super) fn new(namespace: &Namespace) -> io::Result<Self> {
        let mut this = Self::of_places(Places::of(namespace))?;
        match namespace {
            Namespace::Own => {}
            Namespace::Named(name) => {
                let folder = this.add(Path::new(NAMED_NAMESPACES), AddWatchFlags::empty());
                this.namespace = folder.map(|folder| (folder, OsString::from(name)));
            }
            Namespace::OfProcess(pid) => {
                this.process = Some(wake_on_input(process_descriptor(*pid)?)?);
            }
        }
        Ok(this)
    }

    fn of_places(places: Places) -> io::Result<Self> {
        let inotify = Inotify::init(InitFlags::IN_NONBLOCK | InitFlags::IN_CLOEXEC)?;
        let mut this = Self {
            inotify: wake_on_input(InotifyFd(inotify))?,
            places,
            watches: BTreeMap::new(),
            namespace: None,
            process: None,
        };
        this.watch_places();
        Ok(this)
    }

    /// Waits until something was seen.
    pub(super) async fn next(&mut self) -> io::Result<Seen> {
        loop {
            let ended = async {
                match &self.process {
                    Some(process) => process.readable().await.map(|_| ()),
                    None => std::future::pending().await,
                }
            };
            let mut ready = tokio::select! {
                ended = ended => return ended.map(|()| Seen::NamespaceGone),
                ready = self.inotify.readable() => ready?,
            };
            let events = match self.inotify.get_ref().0.read_events() {
                Ok(events) => events,
                Err(nix::errno::Errno::EAGAIN) => {
                    ready.clear_ready();
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            drop(ready);
            if events.iter().any(|event| self.is_end_of_namespace(event)) {
                return Ok(Seen::NamespaceGone);
            }
            if events.iter().any(|event| self.is_of_resolver(event)) {
                self.watch_places();
                return Ok(Seen::ResolverFile);
            }
        }
    }

    fn is_end_of_namespace(&self, event: &InotifyEvent) -> bool {
        let Some((folder, name)) = &self.namespace else { return false };
        let is_missing = || !Path::new(NAMED_NAMESPACES).join(name).exists();
        let goes = AddWatchFlags::IN_DELETE | AddWatchFlags::IN_MOVED_FROM;
        (event.wd == *folder && event.name.as_ref() == Some(name) && event.mask.intersects(goes))
            || (event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) && is_missing())
    }

    fn is_of_resolver(&self, event: &InotifyEvent) -> bool {
        // Some events were lost, and any file may be meant.
        event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW)
            || self.watches.get(&event.wd).is_some_and(|names| match (names, &event.name) {
                // The watched thing itself changed or went.
                (Names::All, _) | (Names::These(_), None) => true,
                (Names::These(names), Some(name)) => names.contains(name),
            })
    }

    /// Watches what there is now, and nothing else.
    fn watch_places(&mut self) {
        let old = std::mem::take(&mut self.watches);
        for folder in self.places.folders.clone() {
            for name in RESOLVER_FILES {
                self.watch_file(folder.join(name));
            }
        }
        for folder in self.places.whole.clone() {
            if !self.watch(&folder, Names::All) {
                self.watch_name(&folder);
            }
        }
        let namespace = self.namespace.as_ref().map(|(folder, _)| *folder);
        for unused in old.into_keys().filter(|old| !self.watches.contains_key(old) && namespace != Some(*old))
        {
            // It may have gone by itself.
            let _ = self.inotify.get_ref().0.rm_watch(unused);
        }
    }

    /// Watches a file in its folder and by itself, and what links on the way to it lead to.
    fn watch_file(&mut self, mut path: PathBuf) {
        for _ in 0..MOST_LINKS {
            if !self.watch_name(&path) {
                return;
            }
            let Ok(target) = path.read_link() else {
                self.watch(&path, Names::All);
                return;
            };
            path = match target.strip_prefix("/") {
                Ok(inside) => self.places.root.join(inside),
                Err(_) => path.parent().unwrap_or(&self.places.root).join(target),
            };
        }
    }

    /// Watches a name in its folder; where that is missing, in the next folder above that is
    /// there, for what leads to it. Whether its own folder is there.
    fn watch_name(&mut self, path: &Path) -> bool {
        let mut path = path;
        let mut is_own = true;
        while let (Some(folder), Some(name)) = (path.parent(), path.file_name()) {
            if self.watch(folder, Names::These(vec![name.to_owned()])) {
                return is_own;
            }
            (path, is_own) = (folder, false);
        }
        false
    }

    fn watch(&mut self, path: &Path, names: Names) -> bool {
        let only = if names == Names::All { AddWatchFlags::empty() } else { AddWatchFlags::IN_ONLYDIR };
        let Some(descriptor) = self.add(path, only) else { return false };
        match (self.watches.get_mut(&descriptor), names) {
            (Some(Names::These(known)), Names::These(more)) => known.extend(more),
            (Some(Names::All), _) => {}
            (_, names) => drop(self.watches.insert(descriptor, names)),
        }
        true
    }

    /// Watches for the same changes everywhere: one folder may be meant for two reasons.
    fn add(&self, path: &Path, only: AddWatchFlags) -> Option<WatchDescriptor> {
        let changes = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_MOVED_FROM
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE
            | AddWatchFlags::IN_DELETE_SELF
            | AddWatchFlags::IN_MOVE_SELF;
        self.inotify.get_ref().0.add_watch(path, changes | only).ok()
    }
}

/// Waits for a descriptor of ours to become readable.
pub(super) fn wake_on_input<T: AsRawFd>(owner: T) -> io::Result<AsyncFd<T>> {
    // SAFETY: the types given here own one descriptor, which stays open and the same while they
    // live: a netlink socket, an inotify instance, a process descriptor.
    let registered = unsafe { AsyncFd::register_with_interest(owner, Interest::READABLE) };
    registered.map_err(|error| error.into_parts().1)
}

/// A descriptor that becomes readable when the process ends.
fn process_descriptor(pid: u32) -> io::Result<OwnedFd> {
    // SAFETY: pidfd_open takes two integers and touches no memory of ours.
    let descriptor = unsafe { libc::syscall(libc::SYS_pidfd_open, libc::c_long::from(pid), 0) };
    match i32::try_from(descriptor) {
        // SAFETY: a non-negative result is a new descriptor that nobody else owns.
        Ok(descriptor) if descriptor >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(descriptor) }),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests;
