//! Peak memory of building moments against the number of rows.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin peak_memory [ROWS…]
//! ```
//!
//! Each row of the table is a process of its own, which reads its peak resident memory from `/proc/self/status`.

use dp_linalg::Parallelism;
use provable_dp_benches::MomentCase;
use std::error::Error;
use std::process::Command;
use std::time::Instant;

/// Marks the process that builds.
const BUILD: &str = "--build";
const ROWS: [usize; 5] = [0, 10_000, 100_000, 1_000_000, 10_000_000];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rows] = arguments.as_slice()
        && first == BUILD
    {
        return build(rows.parse()?);
    }
    let rows = match arguments.as_slice() {
        [] => ROWS.to_vec(),
        some => some.iter().map(|rows| rows.parse()).collect::<Result<_, _>>()?,
    };
    let MomentCase { key_dim, degree, value_dim } = MomentCase::STATED;
    println!("d = {key_dim}, degree {degree}, d_v = {value_dim}, {} threads", Parallelism::available().get());
    println!("{:>10}  {:>12}  {:>10}", "rows", "peak MiB", "seconds");
    for n in rows {
        let status = Command::new(std::env::current_exe()?).args([BUILD, &n.to_string()]).status()?;
        if !status.success() {
            return Err(format!("the process for {n} rows failed: {status}").into());
        }
    }
    Ok(())
}

fn build(rows: usize) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let moments = MomentCase::STATED.streamed(rows, Parallelism::available())?;
    let entries = moments.assume_public()?.steps().len();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(entries, 495 * 65, "the moments were built");
    println!("{rows:>10}  {:>12.2}  {seconds:>10.3}", peak_kibibytes()? as f64 / 1024.0);
    Ok(())
}

/// The high-water mark of resident memory.
fn peak_kibibytes() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM: not Linux?")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
