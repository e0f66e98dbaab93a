//! What `netdiag snapshot --json` costs as a whole process, against `ip -json -N route show table
//! all`.
#![allow(clippy::print_stdout, reason = "a program that prints what it measured")]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    netdiag_benches::main(run)
}

#[cfg(target_os = "linux")]
fn run(options: netdiag_benches::Options) -> Result<(), Box<dyn std::error::Error>> {
    use std::process::{Command, Stdio};

    use netdiag_benches::measure::{cost_of_children, median};
    use netdiag_benches::{binary, prepare};

    let Some(netdiag) = binary() else { return Ok(()) };
    drop(prepare(options)?);
    let cpu = |command: &mut Command| {
        let (status, cost) = cost_of_children(|| command.stdout(Stdio::null()).status());
        match status {
            Ok(status) if status.success() => Ok(cost.cpu),
            Ok(status) => Err(std::io::Error::other(format!("{command:?}: {status}"))),
            Err(error) => Err(error),
        }
    };
    let (mut ours, mut theirs, mut ratios) = (vec![], vec![], vec![]);
    for _ in 0..options.repeat {
        let netdiag = cpu(Command::new(&netdiag).args(["snapshot", "--json"]))?;
        let ip = cpu(Command::new("ip").args(["-json", "-N", "route", "show", "table", "all"]))?;
        ours.push(netdiag);
        theirs.push(ip);
        ratios.push(netdiag / ip);
    }
    println!("netdiag snapshot --json                 {:.3} s CPU", median(ours));
    println!("ip -json -N route show table all        {:.3} s CPU", median(theirs));
    println!("netdiag / ip                            {:.2}", median(ratios));
    Ok(())
}
