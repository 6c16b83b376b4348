//! How fast is a John ellipsoid? Prints time, passes and certified gap of the default, beside the averaged fixed point.
//!
//! ```text
//! cargo run --release -p provable-dp-benches --bin john_ellipsoids -- 30000 30
//! cargo run --release -p provable-dp-benches --bin john_ellipsoids -- 1000000 50
//! ```
//!
//! Data are normal, Student's t with three degrees of freedom, uniform on a cube, and normal of condition number 1e8 in mixed
//! coordinates. Rows are in memory; making them is not timed. All threads are used in passes.

use dp_linalg::{Mat, Parallelism, matmul};
use john_ellipsoid_dp::{FixedPoint, Iterate, JohnOptions, Stop, john_ellipsoid, john_ellipsoid_with};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;
use std::io::Write;
use std::time::Instant;

/// Beyond this `nd²`, hundreds of iterations on all rows are not waited for.
const FIXED_POINT_WORK: usize = 30_000 * 30 * 30;

fn main() -> Result<(), Box<dyn Error>> {
    let numbers: Vec<usize> = std::env::args().skip(1).map(|word| word.parse()).collect::<Result<_, _>>()?;
    let &[n, d] = numbers.as_slice() else { return Err("two numbers expected: rows and columns".into()) };
    let mut out = std::io::stdout().lock();
    writeln!(out, "n = {n}, d = {d}")?;
    for name in ["normal", "t3", "cube", "conditioned"] {
        let rows = rows(name, n, d)?;
        let options = JohnOptions::default().with_parallelism(Parallelism::available());
        let start = Instant::now();
        let john = john_ellipsoid(rows.as_ref(), &options)?;
        let seconds = start.elapsed().as_secs_f64();
        let (gap, passes, support) = (john.certificate().gap(), john.passes(), john.support().len());
        let status = john.status();
        writeln!(
            out,
            "{name:12} default {seconds:8.2} s, {passes:2} passes, gap {gap:.1e}, support {support}, {status:?}"
        )?;
        if n * d * d <= FIXED_POINT_WORK {
            let start = Instant::now();
            let stop = Stop { gap: 1e-2, max_iterations: 5000 };
            let averaged = FixedPoint { iterate: Iterate::Average };
            let other = john_ellipsoid_with(&averaged, rows.as_ref(), stop, &options)?;
            let fixed = start.elapsed().as_secs_f64();
            let gap = other.certificate().gap();
            writeln!(out, "{name:12} average {fixed:8.2} s, gap {gap:.1e}, ratio {:.0}", fixed / seconds)?;
        }
    }
    Ok(())
}

fn rows(name: &str, n: usize, d: usize) -> Result<Mat, Box<dyn Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    if name == "cube" {
        return Ok(Mat::from_fn(n, d, |_, _| rng.random_range(-1.0..1.0)));
    }
    let mut rows = Mat::from_fn(n, d, |_, _| normal(&mut rng));
    if name == "t3" {
        for i in 0..n {
            let chi: f64 = (0..3).map(|_| normal(&mut rng).powi(2)).sum();
            rows.row_mut(i).iter_mut().for_each(|x| *x /= (chi / 3.0).sqrt());
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
