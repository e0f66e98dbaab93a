//! What the comparison of two snapshots costs that differ in one route of a thousand, against the
//! taking of one.
#![allow(clippy::print_stdout, reason = "a program that prints what it measured")]

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    netdiag_benches::main(run)
}

#[cfg(target_os = "linux")]
fn run(options: netdiag_benches::Options) -> Result<(), Box<dyn std::error::Error>> {
    use netdiag_benches::measure::{cost, median};
    use netdiag_benches::{kernel, prepare};
    use netdiag_core::diff::diff;
    use netdiag_core::source::{Namespace, read};

    let table = prepare(options)?;
    let before = read(&Namespace::Own)?;
    // Half of what changes goes, half leaves by another way.
    let changed: Vec<_> = table.iter().copied().step_by(1000).collect();
    drop(table);
    kernel::unload(&changed)?;
    let moved: Vec<_> = changed
        .iter()
        .step_by(2)
        .map(|route| netdiag_benches::table::Entry { nexthop: (route.nexthop + 1) % 8, ..*route })
        .collect();
    kernel::load(&moved)?;

    let (mut snapshots, mut diffs, mut ratios) = (vec![], vec![], vec![]);
    for _ in 0..options.repeat {
        let (after, snapshot) = cost(|| read(&Namespace::Own));
        let after = after?;
        let (changes, comparison) = cost(|| diff(&before, &after));
        assert!(changes.len() >= changed.len(), "{} of {} changes", changes.len(), changed.len());
        snapshots.push(snapshot.cpu);
        diffs.push(comparison.cpu);
        ratios.push(comparison.cpu / snapshot.cpu);
    }
    println!("snapshot                      {:.3} s CPU", median(snapshots));
    println!("diff, {:>6} changes          {:.4} s CPU", changed.len(), median(diffs));
    println!("diff / snapshot               {:.3}", median(ratios));
    Ok(())
}
