//! What all benchmarks share: pinning, a process's own accounting, medians, and the JSON line at the end.

#![allow(dead_code, reason = "each benchmark uses its part")]

use std::process::{Child, Command};
use std::time::Duration;

/// CPU seconds that a process has used, by its own accounting.
pub fn cpu_seconds(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    // utime and stime, in hundredths of a second (proc(5)); 14th and 15th field of the line.
    (ticks(11) + ticks(12)) / 100.0
}

/// Resident memory of a process, in bytes.
pub fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) * 1024.0
}

/// This program again, in another role, on one core.
pub fn role(core: usize, arguments: &[String]) -> Command {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string()]).arg(program).args(arguments);
    command
}

/// A child that goes with this value.
pub struct Served(pub Child);

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Pins this process to a core.
pub fn pin(core: usize) {
    let pid = std::process::id().to_string();
    let _ = Command::new("taskset").args(["-a", "-c", "-p", &core.to_string(), &pid]).output();
}

/// The value at a share of the sorted values.
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f64 * share).round() as usize;
    values[at]
}

/// Median and spread (least and most) of a few runs.
pub fn spread(mut values: Vec<f64>) -> serde_json::Value {
    let median = quantile(&mut values, 0.5);
    let round = |v: f64| (v * 1000.0).round() / 1000.0;
    serde_json::json!({
        "median": round(median),
        "least": round(values.first().copied().unwrap_or(0.0)),
        "most": round(values.last().copied().unwrap_or(0.0)),
    })
}

/// A flag's value: `--name value`.
pub fn flag(name: &str) -> Option<String> {
    let mut arguments = std::env::args();
    arguments.find(|a| a == &format!("--{name}"))?;
    arguments.next()
}

/// A flag's number.
pub fn number(name: &str, otherwise: u64) -> u64 {
    flag(name).and_then(|n| n.parse().ok()).unwrap_or(otherwise)
}

/// Microseconds since 1970, which two processes of one machine share.
pub fn micros() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |d| i64::try_from(d.as_micros()).unwrap_or(i64::MAX))
}

/// A runtime of one thread: what serves is pinned to one core.
pub fn runtime(threads: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .expect("the runtime starts")
}

/// In milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
