//! Entering a network namespace (setns(2), ip-netns(8)).

use std::fs::File;
use std::io;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns};

use crate::error::{Error, ErrorKind};
use crate::source::Namespace;

/// Moves the calling thread into the namespace. Sockets opened before stay where they were.
///
/// # Errors
///
/// When there is no such namespace or it may not be entered.
pub(crate) fn enter(namespace: &Namespace) -> Result<(), Error> {
    let (path, operation) = match namespace {
        Namespace::Own => return Ok(()),
        Namespace::Named(name) => {
            let operation = format!("enter network namespace {name:?}");
            if name.is_empty() || name == "." || name == ".." || name.contains(['/', '\0']) {
                return Err(Error::new(ErrorKind::BadInput, operation, "not a name as in `ip netns`"));
            }
            (PathBuf::from("/run/netns").join(name), operation)
        }
        Namespace::OfProcess(pid) => (
            PathBuf::from(format!("/proc/{pid}/ns/net")),
            format!("enter the network namespace of process {pid}"),
        ),
    };
    let failed = |cause: io::Error| {
        let explained = match (cause.kind(), namespace) {
            (io::ErrorKind::NotFound, Namespace::Named(_)) => "there is none of this name",
            (io::ErrorKind::NotFound, _) => "there is no such process",
            (io::ErrorKind::PermissionDenied, Namespace::OfProcess(_)) => {
                "not allowed; it needs CAP_SYS_ADMIN and CAP_SYS_PTRACE (try sudo)"
            }
            (io::ErrorKind::PermissionDenied, _) => "not allowed; it needs CAP_SYS_ADMIN (try sudo)",
            _ => return Error::system(operation.clone(), cause),
        };
        Error::system(operation.clone(), io::Error::new(cause.kind(), explained))
    };
    let file = File::open(&path).map_err(failed)?;
    setns(&file, CloneFlags::CLONE_NEWNET).map_err(|errno| match errno {
        // What a deleted namespace leaves behind is an ordinary file.
        Errno::EINVAL => failed(io::ErrorKind::NotFound.into()),
        errno => failed(errno.into()),
    })
}

/// Runs `work` on a thread of its own inside the namespace, so that the caller stays where it is.
///
/// # Errors
///
/// When the namespace cannot be entered, or `work` fails.
pub(crate) fn inside<T: Send>(
    namespace: &Namespace,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> Result<T, Error> {
    std::thread::scope(|scope| {
        let worker = std::thread::Builder::new()
            .name("netdiag-read".into())
            .spawn_scoped(scope, || enter(namespace).and_then(|()| work()))
            .map_err(|cause| Error::system("start a thread", cause))?;
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(namespace: Namespace) -> ErrorKind {
        inside(&namespace, || Ok(())).expect_err("no such namespace").kind()
    }

    #[test]
    fn a_namespace_that_does_not_exist_is_not_found() {
        assert_eq!(kind_of(Namespace::Named("nd-no-such-namespace".into())), ErrorKind::NotFound);
        assert_eq!(kind_of(Namespace::OfProcess(u32::MAX)), ErrorKind::NotFound);
    }

    #[test]
    fn a_name_that_is_a_path_is_refused() {
        for name in ["", ".", "..", "../x", "/proc/1/ns/net", "a/b", "a\0b"] {
            assert_eq!(kind_of(Namespace::Named(name.into())), ErrorKind::BadInput, "{name:?}");
        }
    }
}
