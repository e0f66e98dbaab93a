//! CPU time, memory and context switches of this process and of its children.

use std::io;

use nix::sys::resource::{Usage, UsageWho, getrusage};

/// What something cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// CPU seconds, user and system.
    pub cpu: f64,
    /// How often the CPU was given up or taken away.
    pub switches: i64,
}

/// The cost of `work` to this process, all threads.
pub fn cost<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    between(UsageWho::RUSAGE_SELF, work)
}

/// The cost of the child processes that `work` waits for.
pub fn cost_of_children<T>(work: impl FnOnce() -> T) -> (T, Cost) {
    between(UsageWho::RUSAGE_CHILDREN, work)
}

fn between<T>(who: UsageWho, work: impl FnOnce() -> T) -> (T, Cost) {
    let usage = || getrusage(who).expect("getrusage of oneself cannot fail");
    let seconds = |usage: &Usage| {
        [usage.user_time(), usage.system_time()]
            .iter()
            .map(|time| time.tv_sec() as f64 + time.tv_usec() as f64 * 1e-6)
            .sum::<f64>()
    };
    let switches = |usage: &Usage| usage.voluntary_context_switches() + usage.involuntary_context_switches();
    let before = usage();
    let result = work();
    let after = usage();
    (result, Cost { cpu: seconds(&after) - seconds(&before), switches: switches(&after) - switches(&before) })
}

/// The cost of `work`, and by how many bytes the memory of this process grew at its peak.
///
/// # Errors
///
/// When `/proc` does not let the peak be reset or read.
pub fn peak<T>(work: impl FnOnce() -> T) -> io::Result<(T, Cost, u64)> {
    // Resets the peak: proc_pid_clear_refs(5).
    std::fs::write("/proc/self/clear_refs", "5")?;
    let before = status("VmRSS:")?;
    let (result, cost) = cost(work);
    Ok((result, cost, status("VmHWM:")?.saturating_sub(before)))
}

fn status(field: &str) -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes
        .map(|number| number * 1024)
        .ok_or_else(|| io::Error::other(format!("no {field} in /proc/self/status")))
}

/// What another process has cost since it began: CPU (proc_pid_schedstat) and context switches of
/// all its threads.
///
/// # Errors
///
/// When it is gone.
pub fn of_process(pid: u32) -> io::Result<Cost> {
    let mut total = Cost::default();
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let thread = thread?.path();
        let spent = std::fs::read_to_string(thread.join("schedstat"))?;
        let nanoseconds: f64 =
            spent.split(' ').next().and_then(|field| field.parse().ok()).unwrap_or(f64::NAN);
        total.cpu += nanoseconds * 1e-9;
        let status = std::fs::read_to_string(thread.join("status"))?;
        total.switches += status
            .lines()
            .filter(|line| line.contains("ctxt_switches:"))
            .filter_map(|line| line.split_whitespace().nth(1)?.parse::<i64>().ok())
            .sum::<i64>();
    }
    Ok(total)
}

/// The middle value.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
