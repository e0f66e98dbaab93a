//! A made-up `/proc`, and the real one.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use nix::sched::{CloneFlags, unshare};

use super::*;

/// A `/proc` with one thread in namespace `net:[1]` and the sockets of `table`.
struct MadeUp(tempfile::TempDir);

impl MadeUp {
    fn new(table: &str) -> Self {
        let made_up = Self(tempfile::tempdir().unwrap());
        made_up.write("thread-self/net/netlink", &format!("sk Eth Pid Groups Inode\n{table}"));
        made_up.link("thread-self/ns/net", "net:[1]");
        made_up.process(1, "init", "net:[1]");
        made_up
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn link(&self, path: &str, target: &str) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    fn process(&self, pid: u32, command: &str, namespace: &str) {
        self.write(&format!("{pid}/comm"), &format!("{command}\n"));
        self.link(&format!("{pid}/ns/net"), namespace);
        fs::create_dir_all(self.0.path().join(format!("{pid}/fd"))).unwrap();
    }

    fn holds(&self, pid: u32, descriptor: u32, target: &str) {
        self.link(&format!("{pid}/fd/{descriptor}"), target);
    }

    fn processes(&self) -> Processes {
        Processes { proc: self.0.path().to_owned() }
    }

    fn of_port(&self, port: u32) -> Option<String> {
        self.processes().of_port(port).found.map(|process| process.to_string())
    }
}

#[test]
fn the_first_socket_of_a_process_has_its_number() {
    let proc = MadeUp::new("0 0 500 00 77\n");
    proc.process(500, "ip", "net:[1]");
    proc.holds(500, 3, "socket:[77]");
    assert_eq!(proc.of_port(500).as_deref(), Some("ip (pid 500)"));
    assert_eq!(proc.of_port(0), None, "the kernel is no process");
}

#[test]
fn a_random_port_is_found_by_its_socket() {
    let proc = MadeUp::new("0 4 3000000000 00 11\n0 0 3000000000 00 78\n");
    proc.process(500, "dhcpcd", "net:[1]");
    proc.holds(500, 9, "socket:[78]");
    proc.process(501, "other", "net:[1]");
    proc.holds(501, 9, "socket:[11]");
    assert_eq!(proc.of_port(3_000_000_000).as_deref(), Some("dhcpcd (pid 500)"));
    assert_eq!(proc.of_port(3_000_000_001), None, "no such socket and no such number");
}

#[test]
fn a_port_that_is_the_number_of_another_process_is_found_by_its_socket() {
    let proc = MadeUp::new("0 0 500 00 79\n");
    proc.process(500, "innocent", "net:[1]");
    proc.process(700, "in-a-container", "net:[1]");
    proc.holds(700, 4, "socket:[79]");
    assert_eq!(proc.of_port(500).as_deref(), Some("in-a-container (pid 700)"));
}

#[test]
fn a_process_that_has_ended_is_named_by_its_number() {
    let proc = MadeUp::new("");
    assert_eq!(proc.of_port(600).as_deref(), Some("pid 600 (exited)"));
}

#[test]
fn a_number_of_another_namespace_is_not_believed_without_a_socket() {
    let proc = MadeUp::new("");
    proc.process(600, "elsewhere", "net:[2]");
    assert_eq!(proc.of_port(600), None);
}

#[test]
fn a_thread_of_the_kernel_is_never_named() {
    let proc = MadeUp::new("");
    for (pid, command, flags) in [(7, "kworker) R 0", 0x0420_8060), (8, "ip) R 0", 0x0040_0100)] {
        proc.process(pid, command, "net:[1]");
        proc.write(&format!("{pid}/stat"), &format!("{pid} ({command}) S 2 0 0 0 -1 {flags} 0 0\n"));
    }
    assert_eq!(proc.of_port(7), None);
    assert_eq!(proc.of_port(8).as_deref(), Some("ip) R 0 (pid 8)"));
}

#[test]
fn a_holder_of_a_tun_device_is_believed_only_in_the_same_namespace() {
    let proc = MadeUp::new("");
    for (pid, command, namespace) in [(500, "openvpn", "net:[1]"), (400, "elsewhere", "net:[2]")] {
        proc.process(pid, command, namespace);
        proc.holds(pid, 5, "/dev/net/tun");
        proc.write(&format!("{pid}/fdinfo/5"), "pos:\t0\nflags:\t02\niff:\ttun0\n");
        proc.holds(pid, 6, "/dev/net/tun");
        proc.write(&format!("{pid}/fdinfo/6"), "pos:\t0\niff:\t\n");
    }
    let search = proc.processes().tun_holders();
    let found: Vec<_> = search.found.iter().map(|(name, process)| format!("{name} {process}")).collect();
    assert_eq!(found, ["tun0 openvpn (pid 500)"]);
    assert_eq!(search.reach, Reach::Everywhere);
}

#[test]
fn hidden_processes_limit_a_search() {
    let proc = MadeUp::new("");
    fs::remove_dir_all(proc.0.path().join("1")).unwrap();
    assert_eq!(proc.processes().tun_holders().reach, Reach::Limited);
}

#[test]
fn a_missing_proc_is_no_failure() {
    let nowhere = Processes { proc: "/nonexistent".into() };
    assert!(nowhere.tun_holders().found.is_empty());
    assert_eq!(nowhere.tun_holders().reach, Reach::Limited);
    assert_eq!(nowhere.of_port(u32::MAX).found, None);
}

#[test]
fn the_sockets_of_this_process_are_found_on_the_real_system() {
    let sockets = [routing_socket(), routing_socket()];
    for (_socket, port) in &sockets {
        let process = Processes::of_system().of_port(*port).found.unwrap();
        assert_eq!(process.pid, std::process::id(), "port {port}");
        assert!(process.command.is_some());
    }
}

#[test]
fn the_process_that_holds_a_tun_device_is_found_on_the_real_system() {
    // A thread of its own: its namespace ends with it and with the child that holds the device.
    let result = std::thread::spawn(|| {
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNET) {
            return Err(format!("no network namespace: {error}"));
        }
        let tun = match fs::OpenOptions::new().read(true).write(true).open("/dev/net/tun") {
            Ok(tun) => tun,
            Err(error) => return Err(format!("/dev/net/tun: {error}")),
        };
        make_tun(&tun, b"nd-held0").map_err(|error| format!("TUNSETIFF: {error}"))?;
        // The port id is this process's number again, but only in the table of this namespace.
        let (_socket, port) = routing_socket();
        let process = Processes::of_system().of_port(port).found;
        assert_eq!(process.map(|process| process.pid), Some(std::process::id()));
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::from(tun)).spawn().unwrap();
        let search = Processes::of_system().tun_holders();
        child.kill().unwrap();
        child.wait().unwrap();
        let holder = search.found.get(&LinkName::from("nd-held0")).cloned();
        assert_eq!(holder.map(|holder| holder.pid), Some(child.id()));
        assert_eq!(search.found.len(), 1, "only this namespace: {:?}", search.found);
        Ok(())
    })
    .join()
    .unwrap();
    if let Err(reason) = result {
        #[allow(clippy::print_stderr, reason = "a skipped test says so")]
        {
            eprintln!("SKIPPED: {reason}");
        }
    }
}

fn make_tun(tun: &fs::File, name: &[u8]) -> nix::Result<()> {
    nix::ioctl_write_ptr_bad!(tunsetiff, libc::TUNSETIFF, libc::ifreq);
    // SAFETY: all-zero bytes are a valid `ifreq`, which holds only numbers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name) {
        *to = *from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = libc::IFF_TUN as libc::c_short;
    // SAFETY: the descriptor is open and `request` outlives the call.
    unsafe { tunsetiff(std::os::fd::AsRawFd::as_raw_fd(tun), &request) }.map(drop)
}

/// A routing socket and its port id.
fn routing_socket() -> (std::os::fd::OwnedFd, u32) {
    use nix::sys::socket::*;
    let socket =
        socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)
            .unwrap();
    bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &NetlinkAddr::new(0, 0)).unwrap();
    let port = getsockname::<NetlinkAddr>(std::os::fd::AsRawFd::as_raw_fd(&socket)).unwrap().pid();
    (socket, port)
}
