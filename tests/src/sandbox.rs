//! A network namespace for one test, and for nothing else.
//!
//! A user namespace can be entered by a process with a single thread only, and a test runs on
//! one thread of many. So [`run`] starts the test's own binary again, for exactly that test, in
//! new network, mount and (without root) user namespaces; the second process does the work and
//! the first one reports. Everything made inside goes away with the process.

use std::ffi::CString;
use std::io::{self, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output, Stdio};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use crate::binary;

/// Holds the name of the test in the process that runs it inside.
const INSIDE: &str = "NETDIAG_SANDBOX";
/// Holds its argument there.
const ARGUMENT: &str = "NETDIAG_SANDBOX_ARGUMENT";
/// Turns every skip into a failure.
const REQUIRED: &str = "NETDIAG_REQUIRE_PRIVILEGED";
/// A test that takes longer than this hangs, and is killed.
const LIMIT_SECONDS: u32 = 600;

/// The name by which the test harness knows the test function that uses this.
#[macro_export]
macro_rules! test_name {
    () => {{
        fn here() {}
        fn name_of<T>(_: T) -> &'static str {
            std::any::type_name::<T>()
        }
        let name = name_of(here).trim_end_matches("::here");
        name.split_once("::").map_or(name, |(_, name)| name)
    }};
}

/// Runs `test` in a network namespace of its own; `name` is [`test_name!`](crate::test_name).
///
/// # Panics
///
/// When the test fails, or is skipped although `NETDIAG_REQUIRE_PRIVILEGED=1` is set.
pub fn run(name: &str, test: impl FnOnce()) {
    run_each(name, &[String::new()], |_| test());
}

/// As [`run`], for a test that starts the `netdiag` binary: it is found, and built when it must
/// be, before the test is cut off from the rest of the machine.
///
/// # Panics
///
/// As [`run`], or when the binary cannot be built.
pub fn run_with_netdiag(name: &str, test: impl FnOnce()) {
    binary::find();
    run(name, test);
}

/// Runs `test` once for each argument, each time in a network namespace of its own.
///
/// # Panics
///
/// As [`run`].
pub fn run_each(name: &str, arguments: &[String], test: impl FnOnce(&str)) {
    if std::env::var(INSIDE).is_ok_and(|inside| inside == name) {
        nix::unistd::alarm::set(LIMIT_SECONDS);
        prepare();
        test(&std::env::var(ARGUMENT).unwrap_or_default());
        return;
    }
    for argument in arguments {
        run_inside(name, argument);
    }
}

fn run_inside(name: &str, argument: &str) {
    let output = match start_inside(name, argument) {
        Ok(output) => output,
        Err(error) => {
            skip(name, &format!("no network namespace can be made here: {error}"));
            return;
        }
    };
    // `print!` and not the stream itself: the harness shows it when the test fails.
    #[allow(clippy::print_stdout, clippy::print_stderr, reason = "passes the inner test's output on")]
    {
        print!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
    }
    for line in String::from_utf8_lossy(&output.stderr).lines().filter(|line| line.starts_with("SKIPPED")) {
        announce(line);
    }
    assert!(output.status.success(), "{name} {} in its namespace", how_it_ended(&output));
    let ran = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(ran, "{name} is not the name of a test: nothing ran in the namespace");
}

/// Whether this process is the one inside a sandbox.
#[must_use]
pub fn is_inside() -> bool {
    std::env::var_os(INSIDE).is_some()
}

/// Says loudly that `test` did not run, or fails where it has to.
///
/// # Panics
///
/// When `NETDIAG_REQUIRE_PRIVILEGED=1` is set.
pub fn skip(test: &str, reason: &str) {
    assert!(!is_required(), "{test} must run here ({REQUIRED}=1), but {reason}");
    announce(&format!("SKIPPED: {test}: {reason}"));
}

/// Whether a skip is a failure.
#[must_use]
pub fn is_required() -> bool {
    std::env::var(REQUIRED).is_ok_and(|value| value == "1")
}

/// Whether this process runs as root of the machine, not of a user namespace.
#[must_use]
pub fn is_real_root() -> bool {
    let whole = std::fs::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| map.split_whitespace().eq(["0", "0", "4294967295"]));
    whole && nix::unistd::geteuid().is_root()
}

/// Whether a program can be found.
#[must_use]
pub fn has_program(name: &str) -> bool {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&folders)
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .any(|folder| folder.join(name).is_file())
}

/// Past the harness, which would swallow it from a test that passes.
fn announce(line: &str) {
    // A closed standard error is no reason to fail.
    let _ = writeln!(io::stderr(), "{line}");
}

fn how_it_ended(output: &Output) -> String {
    match output.status.signal() {
        Some(14) => format!("took longer than {LIMIT_SECONDS} s"),
        Some(signal) => format!("was killed by signal {signal}"),
        None => "failed".to_owned(),
    }
}

fn start_inside(name: &str, argument: &str) -> io::Result<Output> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args([name, "--exact", "--nocapture", "--test-threads=1"])
        .envs(binary::found().map(|path| (binary::LOCATION, path)))
        .env(INSIDE, name)
        .env(ARGUMENT, argument);
    enter_namespaces(&mut command);
    command.output()
}

/// Whether a sandbox can be made here at all.
#[must_use]
pub fn is_available() -> bool {
    let mut command = Command::new("true");
    enter_namespaces(&mut command);
    command.status().is_ok_and(|status| status.success())
}

/// Makes the child of `command` begin in namespaces of its own.
fn enter_namespaces(command: &mut Command) {
    let namespaces = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
    let maps = (!nix::unistd::geteuid().is_root()).then(|| {
        let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
        (format!("0 {uid} 1"), format!("0 {gid} 1"))
    });
    let enter = move || {
        nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
        let Some((uids, gids)) = &maps else {
            return Ok(unshare(namespaces)?);
        };
        unshare(namespaces | CloneFlags::CLONE_NEWUSER)?;
        write_to(c"/proc/self/setgroups", "deny")?;
        write_to(c"/proc/self/uid_map", uids)?;
        write_to(c"/proc/self/gid_map", gids)
    };
    // SAFETY: between fork and exec only system calls are made and nothing is allocated.
    unsafe { command.stdin(Stdio::null()).pre_exec(enter) };
}

/// One `open` and one `write`, without allocation.
fn write_to(path: &std::ffi::CStr, text: &str) -> io::Result<()> {
    let file = nix::fcntl::open(path, nix::fcntl::OFlag::O_WRONLY, nix::sys::stat::Mode::empty())?;
    nix::unistd::write(&file, text.as_bytes())?;
    Ok(())
}

/// Named namespaces in a private `/run`, and no waiting for duplicate address detection.
fn prepare() {
    let none: Option<&str> = None;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).expect("make mounts private");
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), none).expect("mount a private /run");
    std::fs::create_dir("/run/netns").expect("make /run/netns");
    steady_ipv6();
    crate::ip::ip(["link", "set", "lo", "up"]);
}

/// Switches off what makes addresses change by themselves: duplicate address detection and
/// router solicitation. A kernel without IPv6 has nothing to switch off.
pub fn steady_ipv6() {
    for (switch, value) in [("accept_dad", "0"), ("dad_transmits", "0"), ("router_solicitations", "0")] {
        for scope in ["all", "default"] {
            let path = format!("/proc/sys/net/ipv6/conf/{scope}/{switch}");
            if std::fs::exists(&path).unwrap_or(false) {
                sysctl(&path, value);
            }
        }
    }
}

/// Writes a switch: the path below `/proc/sys`, or the whole path.
///
/// # Panics
///
/// When the kernel refuses.
pub fn sysctl(path: &str, value: &str) {
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/proc/sys/{path}") };
    std::fs::write(&path, value).unwrap_or_else(|error| panic!("cannot write {value} to {path}: {error}"));
}

/// Does something inside a named namespace, on a thread of its own; what it starts is there too.
///
/// # Panics
///
/// When there is no such namespace, or `act` panics.
pub fn in_namespace<T: Send>(name: &str, act: impl FnOnce() -> T + Send) -> T {
    let path = format!("/run/netns/{name}");
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("cannot open {path}: {error}"));
    std::thread::scope(|scope| {
        let work = scope.spawn(move || {
            nix::sched::setns(file, CloneFlags::CLONE_NEWNET).expect("enter a namespace");
            act()
        });
        match work.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// A path in a fresh temporary folder of this sandbox.
///
/// # Panics
///
/// When it cannot be made.
#[must_use]
pub fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("netdiag-").tempdir_in("/run").expect("make a folder in the private /run")
}

/// Puts a file of our own in the place of a file of the host, for this sandbox only.
///
/// # Panics
///
/// When it cannot be mounted.
pub fn cover_file(path: &str, content: &str) {
    let own = format!("/run/cover{}", path.replace('/', "-"));
    std::fs::write(&own, content).expect("write the covering file");
    let none: Option<&str> = None;
    mount(Some(own.as_str()), path, none, MsFlags::MS_BIND, none)
        .unwrap_or_else(|error| panic!("cannot cover {path}: {error}"));
}

/// A child process that is killed when this value goes, or when the test dies.
#[derive(Debug)]
pub struct Child(pub std::process::Child);

impl Child {
    /// Starts `command`.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use]
    pub fn start(command: &mut Command) -> Self {
        // SAFETY: only a system call is made between fork and exec.
        unsafe {
            command.pre_exec(|| Ok(nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?));
        }
        Self(command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")))
    }

    /// Starts `command` inside a named namespace. (Not by [`in_namespace`]: a child is killed
    /// when the thread that started it ends.)
    ///
    /// # Panics
    ///
    /// When there is no such namespace, or it cannot be started.
    #[must_use]
    pub fn start_in(namespace: &str, command: &mut Command) -> Self {
        let path = format!("/run/netns/{namespace}");
        let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("cannot open {path}: {error}"));
        // SAFETY: only a system call is made between fork and exec.
        unsafe {
            command.pre_exec(move || Ok(nix::sched::setns(&file, CloneFlags::CLONE_NEWNET)?));
        }
        Self::start(command)
    }

    /// Sends a signal.
    ///
    /// # Panics
    ///
    /// When the process cannot be signalled.
    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(self.pid(), signal).expect("signal a child");
    }

    /// Its process identifier.
    ///
    /// # Panics
    ///
    /// Never on Linux, where process identifiers are below 2^22.
    #[must_use]
    pub fn pid(&self) -> nix::unistd::Pid {
        nix::unistd::Pid::from_raw(i32::try_from(self.0.id()).expect("a pid fits in 31 bits"))
    }

    /// Its exit status, once it has ended.
    ///
    /// # Panics
    ///
    /// When it cannot be waited for.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.0.wait().expect("wait for a child").code()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A C string from a path or name without NUL.
///
/// # Panics
///
/// When there is a NUL in it.
#[must_use]
pub fn c_string(text: &str) -> CString {
    CString::new(text).expect("no NUL in it")
}
