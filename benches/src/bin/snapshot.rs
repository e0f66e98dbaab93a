//! What a snapshot costs, against a loop that receives the same dump and throws it away.
#![allow(clippy::print_stdout, reason = "a program that prints what it measured")]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    netdiag_benches::main(run)
}

#[cfg(target_os = "linux")]
fn run(options: netdiag_benches::Options) -> Result<(), Box<dyn std::error::Error>> {
    use netdiag_benches::measure::{median, peak};
    use netdiag_benches::{kernel, prepare};
    use netdiag_core::source::{Namespace, read};

    drop(prepare(options)?);
    let (mut floors, mut snapshots, mut ratios, mut most) = (vec![], vec![], vec![], 0);
    for _ in 0..options.repeat {
        let (dump, floor, floor_peak) = peak(kernel::receive_and_discard)?;
        dump?;
        let (snapshot, cost, peak) = peak(|| read(&Namespace::Own))?;
        let snapshot = snapshot?;
        assert!(snapshot.routes().len() >= options.v4 + options.v6, "the snapshot is complete");
        assert!(snapshot.problems().is_empty(), "{:?}", snapshot.problems());
        floors.push(floor.cpu);
        snapshots.push(cost.cpu);
        ratios.push(cost.cpu / floor.cpu);
        // The first time counts: later ones may use memory that was not given back.
        most = most.max(peak.saturating_sub(floor_peak));
    }
    let routes = (options.v4 + options.v6) as f64;
    println!("floor (receive and discard)   {:.3} s CPU", median(floors));
    println!("snapshot                      {:.3} s CPU", median(snapshots));
    println!("snapshot / floor              {:.2}", median(ratios));
    println!("peak memory over the floor    {:.0} bytes a route", most as f64 / routes);
    Ok(())
}
