//! Syscalls: how we find out. The only I/O of this crate apart from snapshot files, the only
//! `unsafe`, and the only platform switches.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod resolver;

/// Which network namespace to look from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Namespace {
    /// The one of this process.
    #[default]
    Own,
    /// One made by `ip netns add NAME`; `/etc/netns/NAME/` holds its resolver files.
    Named(String),
    /// The one of a process, with the resolver files that process sees.
    OfProcess(u32),
}
