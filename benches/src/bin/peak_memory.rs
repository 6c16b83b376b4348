//! Peak memory of building moments, of linear attention, and of John ellipsoids, against the number of rows.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin peak_memory [attention | john] [ROWS…]
//! ```
//!
//! Attention holds its inputs and outputs; what is shown for it is what the peak exceeds these by. Rows of a John ellipsoid, uniform
//! on a cube, are made anew in each pass.
//!
//! Each row of the table is a process of its own, which reads its peak resident memory from `/proc/self/status`.

use dp_linalg::{Mat, Parallelism};
use john_ellipsoid_dp::{JohnOptions, StreamedRows, john_ellipsoid};
use poly_kernel::{LinearAttention, Mask, MonomialMap};
use provable_dp_benches::{MomentCase, RowSource};
use std::error::Error;
use std::process::Command;
use std::time::Instant;

/// Marks the process that builds.
const BUILD: &str = "--build";
const ATTEND: &str = "--attend";
const ENCLOSE: &str = "--enclose";
const ROWS: [usize; 5] = [0, 10_000, 100_000, 1_000_000, 10_000_000];
/// Queries and keys of attention, in `f32` with 64 columns each.
const POSITIONS: [usize; 4] = [1024, 16_384, 131_072, 1_048_576];
const WIDTH: usize = 64;
/// Rows of a John ellipsoid, and how they are streamed.
const STREAMED: [usize; 3] = [100_000, 1_000_000, 10_000_000];
const COLUMNS: usize = 20;
const BLOCK: usize = 16_384;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rows] = arguments.as_slice()
        && first == BUILD
    {
        return build(rows.parse()?);
    }
    if let [first, what, rows] = arguments.as_slice()
        && first == ATTEND
    {
        return attend(what, rows.parse()?);
    }
    if let [first, rows] = arguments.as_slice()
        && first == ENCLOSE
    {
        return enclose(rows.parse()?);
    }
    if arguments.first().is_some_and(|first| first == "attention") {
        return attention(&arguments[1..]);
    }
    if arguments.first().is_some_and(|first| first == "john") {
        return john(&arguments[1..]);
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

fn attention(rows: &[String]) -> Result<(), Box<dyn Error>> {
    let rows = match rows {
        [] => POSITIONS.to_vec(),
        some => some.iter().map(|rows| rows.parse()).collect::<Result<_, _>>()?,
    };
    println!(
        "d = c = {WIDTH}, degree 2, f32, {} threads: MiB beyond inputs and outputs",
        Parallelism::available().get()
    );
    println!("{:>10}  {:>10}  {:>12}  {:>10}", "positions", "", "beyond MiB", "seconds");
    for n in rows {
        for what in ["forward", "causal", "backward"] {
            let child =
                Command::new(std::env::current_exe()?).args([ATTEND, what, &n.to_string()]).status()?;
            if !child.success() {
                return Err(format!("the process for {n} positions failed: {child}").into());
            }
        }
    }
    Ok(())
}

fn attend(what: &str, n: usize) -> Result<(), Box<dyn Error>> {
    let mut source = RowSource::new(3);
    let mut data = || {
        // block by block: the high-water mark must be that of attention
        let mut matrix = Mat::filled(n, WIDTH, 0.0_f32);
        for start in (0..n).step_by(1024) {
            let block = source.rows(1024.min(n - start), WIDTH);
            for (i, row) in block.rows().enumerate() {
                matrix.row_mut(start + i).iter_mut().zip(row).for_each(|(out, x)| *out = *x as f32);
            }
        }
        matrix
    };
    let (queries, keys, values) = (data(), data(), data());
    let (q, k, v) = (queries.as_ref(), keys.as_ref(), values.as_ref());
    let map = MonomialMap::exp_taylor(WIDTH, 2)?;
    let attention = LinearAttention::new(0.125)?.with_parallelism(Parallelism::available());
    let (before, start) = (peak_kibibytes()?, Instant::now());
    let outputs = match what {
        "forward" => vec![attention.forward(&map, q, k, v)?],
        "causal" => vec![attention.with_mask(Mask::Causal).forward(&map, q, k, v)?],
        _ => {
            let found = attention.backward(&map, q, k, v, v)?;
            vec![found.queries, found.keys, found.values]
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let held: usize = outputs.iter().map(|output| size_of_val(output.as_slice())).sum();
    let beyond = (peak_kibibytes()? - before) as f64 / 1024.0 - held as f64 / f64::from(1 << 20);
    println!("{n:>10}  {what:>10}  {beyond:>12.2}  {seconds:>10.3}");
    Ok(())
}

fn john(rows: &[String]) -> Result<(), Box<dyn Error>> {
    let rows = match rows {
        [] => STREAMED.to_vec(),
        some => some.iter().map(|rows| rows.parse()).collect::<Result<_, _>>()?,
    };
    println!("d = {COLUMNS}, gap 1e-6, blocks of {BLOCK} rows, {} threads", Parallelism::available().get());
    println!(
        "{:>10}  {:>12}  {:>10}  {:>7}  {:>10}",
        "rows", "peak MiB", "seconds", "passes", "of them reading, s"
    );
    for n in rows {
        let child = Command::new(std::env::current_exe()?).args([ENCLOSE, &n.to_string()]).status()?;
        if !child.success() {
            return Err(format!("the process for {n} rows failed: {child}").into());
        }
    }
    Ok(())
}

fn enclose(n: usize) -> Result<(), Box<dyn Error>> {
    let blocks = move || {
        let mut source = RowSource::new(5);
        (0..n).step_by(BLOCK).map(move |start| Ok(source.rows(BLOCK.min(n - start), COLUMNS)))
    };
    let options = JohnOptions::default().with_parallelism(Parallelism::available());
    let start = Instant::now();
    let found = john_ellipsoid(StreamedRows::new(COLUMNS, blocks), &options)?;
    let seconds = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let made: usize =
        blocks().map(|block: Result<Mat, std::io::ErrorKind>| block.map_or(0, |rows| rows.nrows())).sum();
    assert_eq!(made, n);
    let reading = start.elapsed().as_secs_f64() * found.passes() as f64;
    println!(
        "{n:>10}  {:>12.2}  {seconds:>10.3}  {:>7}  {reading:>10.3}",
        peak_kibibytes()? as f64 / 1024.0,
        found.passes()
    );
    Ok(())
}

/// The high-water mark of resident memory.
fn peak_kibibytes() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM: not Linux?")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
