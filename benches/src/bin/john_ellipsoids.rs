//! How fast is a John ellipsoid? Prints time, passes and certified gap of the default, beside the averaged fixed point.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin john_ellipsoids -- 30000 30
//! cargo run --release -p provable-dp-benches --bin john_ellipsoids -- 1000000 50 normal t3 cube conditioned
//! cargo run --release -p provable-dp-benches --bin john_ellipsoids -- 100000 20 sphere lattice
//! cargo run --release -p provable-dp-benches --bin john_ellipsoids -- 1000000 100 sparse0.01 sparse0.05
//! ```
//!
//! Data are normal, Student's t with three degrees of freedom, uniform on a cube, normal of condition number 1e8 in mixed
//! coordinates, on a sphere, of integers from −1 to 1, or normal with a share of entries that are not zero. Rows are in memory;
//! making them is not timed. All threads are used in passes.

use dp_linalg::{Mat, MatRef, Parallelism, matmul};
use john_ellipsoid_dp::{
    Block, FixedPoint, Iterate, JohnOptions, RowSource, SparseRows, Stop, john_ellipsoid, john_ellipsoid_with,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;
use std::io::Write;
use std::time::Instant;

/// Beyond this `nd²`, hundreds of iterations on all rows are not waited for.
const FIXED_POINT_WORK: usize = 30_000 * 30 * 30;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [n, d, names @ ..] = words.as_slice() else { return Err("rows and columns expected".into()) };
    let (n, d) = (n.parse()?, d.parse()?);
    let all = ["normal", "t3", "cube", "conditioned"].map(String::from);
    writeln!(std::io::stdout(), "n = {n}, d = {d}")?;
    for name in if names.is_empty() { &all } else { names } {
        match name.strip_prefix("sparse") {
            Some(density) => sparse(n, d, density.parse()?)?,
            None => dense(name, n, d)?,
        }
    }
    Ok(())
}

fn options() -> JohnOptions {
    JohnOptions::default().with_parallelism(Parallelism::available())
}

/// Rows that note how long each reading takes, with what is done to them meanwhile.
struct Timed<S> {
    rows: S,
    seconds: Vec<f64>,
}

impl<S: RowSource> RowSource for Timed<S> {
    fn ncols(&self) -> usize {
        self.rows.ncols()
    }

    fn for_each_block(
        &mut self,
        visit: &mut dyn FnMut(MatRef<'_>) -> Result<(), john_ellipsoid_dp::Error>,
    ) -> Result<(), john_ellipsoid_dp::Error> {
        self.rows.for_each_block(visit)
    }

    fn for_each_stored_block(
        &mut self,
        visit: &mut dyn FnMut(Block<'_>) -> Result<(), john_ellipsoid_dp::Error>,
    ) -> Result<(), john_ellipsoid_dp::Error> {
        let start = Instant::now();
        let result = self.rows.for_each_stored_block(visit);
        self.seconds.push(start.elapsed().as_secs_f64());
        result
    }
}

/// Seconds of the default.
fn default(name: &str, rows: impl RowSource) -> Result<f64, Box<dyn Error>> {
    let mut rows = Timed { rows, seconds: Vec::new() };
    let start = Instant::now();
    let john = john_ellipsoid(&mut rows, &options())?;
    let seconds = start.elapsed().as_secs_f64();
    let (gap, passes, support) = (john.certificate().gap(), john.passes(), john.support().len());
    let (status, reading, first) = (john.status(), rows.seconds.iter().sum::<f64>(), rows.seconds[0]);
    writeln!(
        std::io::stdout(),
        "{name:12} default {seconds:8.2} s ({reading:.2} in passes, {first:.2} in the first), {passes:2} passes, gap {gap:.1e}, support {support}, {status:?}"
    )?;
    Ok(seconds)
}

fn dense(name: &str, n: usize, d: usize) -> Result<(), Box<dyn Error>> {
    let rows = rows(name, n, d)?;
    let seconds = default(name, rows.as_ref())?;
    if n * d * d <= FIXED_POINT_WORK {
        let start = Instant::now();
        let stop = Stop { gap: 1e-2, max_iterations: 5000 };
        let averaged = FixedPoint { iterate: Iterate::Average };
        let other = john_ellipsoid_with(&averaged, rows.as_ref(), stop, &options())?;
        let fixed = start.elapsed().as_secs_f64();
        let (gap, ratio) = (other.certificate().gap(), fixed / seconds);
        writeln!(std::io::stdout(), "{name:12} average {fixed:8.2} s, gap {gap:.1e}, ratio {ratio:.0}")?;
    }
    Ok(())
}

/// The same rows as stored entries, and as a matrix.
fn sparse(n: usize, d: usize, density: f64) -> Result<(), Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let (mut offsets, mut columns, mut values) = (vec![0], Vec::new(), Vec::new());
    for _ in 0..n {
        let stored = (0..d).filter(|_| rng.random::<f64>() < density).collect::<Vec<_>>();
        values.extend(stored.iter().map(|_| normal(&mut rng)));
        columns.extend(stored);
        offsets.push(columns.len());
    }
    let rows = SparseRows::new(d, &offsets, &columns, &values)?;
    let of_stored = default("sparse", rows)?;
    let mut whole = Mat::zeros(n, d);
    for (i, ends) in offsets.windows(2).enumerate() {
        (ends[0]..ends[1]).for_each(|k| whole[(i, columns[k])] = values[k]);
    }
    let of_dense = default("same, dense", whole.as_ref())?;
    writeln!(std::io::stdout(), "density {density}: dense takes {:.1} times as long", of_dense / of_stored)?;
    Ok(())
}

fn rows(name: &str, n: usize, d: usize) -> Result<Mat, Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    match name {
        "cube" => return Ok(Mat::from_fn(n, d, |_, _| rng.random_range(-1.0..1.0))),
        "lattice" => return Ok(Mat::from_fn(n, d, |_, _| f64::from(rng.random_range(-1..=1)))),
        "normal" | "t3" | "conditioned" | "sphere" => {}
        _ => return Err(format!("no data of the name {name}").into()),
    }
    let mut rows = Mat::from_fn(n, d, |_, _| normal(&mut rng));
    let divide = |row: &mut [f64], by: f64| row.iter_mut().for_each(|x| *x /= by);
    for i in 0..n {
        if name == "t3" {
            let chi: f64 = (0..3).map(|_| normal(&mut rng).powi(2)).sum();
            divide(rows.row_mut(i), (chi / 3.0).sqrt());
        } else if name == "sphere" {
            let norm = rows.row(i).iter().map(|x| x * x).sum::<f64>().sqrt();
            divide(rows.row_mut(i), norm);
        }
    }
    if name == "conditioned" {
        let mix =
            Mat::from_fn(d, d, |i, _| 10.0_f64.powf(-8.0 * i as f64 / (d - 1) as f64) * normal(&mut rng));
        rows = matmul(rows.as_ref(), mix.as_ref(), Parallelism::available())?;
    }
    Ok(rows)
}

/// Box and Muller's.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
