//! What watching costs while nothing happens: CPU, wake-ups and bytes.
#![allow(clippy::print_stdout, reason = "a program that prints what it measured")]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    netdiag_benches::main(run)
}

#[cfg(target_os = "linux")]
fn run(options: netdiag_benches::Options) -> Result<(), Box<dyn std::error::Error>> {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::sync::mpsc::{RecvTimeoutError, channel};
    use std::time::Duration;

    use netdiag_benches::measure::{cost, of_process};
    use netdiag_benches::{binary, prepare};
    use netdiag_core::source::{Message, Monitor, MonitorOptions};
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    const SECONDS: u64 = 5;

    drop(prepare(options)?);
    let (sender, receiver) = channel();
    let monitor = Monitor::spawn(MonitorOptions::default(), move |message| drop(sender.send(message)))?;
    let ready = receiver.recv()?;
    if !matches!(ready, Message::Ready(_)) {
        return Err("the monitor did not become ready".into());
    }
    // The namespace is new: wait until its links and neighbours have come to rest.
    while receiver.recv_timeout(Duration::from_secs(2)).is_ok() {}
    let (said, idle) = cost(|| receiver.recv_timeout(Duration::from_secs(SECONDS)));
    if !matches!(said, Err(RecvTimeoutError::Timeout)) {
        return Err("the namespace was not idle".into());
    }
    // The wait of this thread is one switch itself.
    println!(
        "monitor, {SECONDS} s idle: {:.4} s CPU, {} context switches, of which 1 is ours",
        idle.cpu, idle.switches
    );
    drop(monitor);

    let Some(netdiag) = binary() else { return Ok(()) };
    let mut child = Command::new(netdiag).args(["watch", "--json"]).stdout(Stdio::piped()).spawn()?;
    let mut output = BufReader::new(child.stdout.take().ok_or("a pipe")?);
    let mut first = String::new();
    output.read_line(&mut first)?;
    let mut quiet = [PollFd::new(std::os::fd::AsFd::as_fd(output.get_ref()), PollFlags::POLLIN)];
    // Its last start-up work ends shortly after the first line.
    poll(&mut quiet, PollTimeout::try_from(2000)?)?;
    let before = of_process(child.id())?;
    let spoke = poll(&mut quiet, PollTimeout::try_from(SECONDS * 1000)?)?;
    let after = of_process(child.id())?;
    println!(
        "netdiag watch --json, {SECONDS} s idle: {:.4} s CPU, {} context switches, {}",
        after.cpu - before.cpu,
        after.switches - before.switches,
        if spoke == 0 { "0 bytes written" } else { "it wrote something" }
    );
    child.kill()?;
    child.wait()?;
    Ok(())
}
