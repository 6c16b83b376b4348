//! Normal rows, Student's t with three degrees of freedom, uniform on a cube, and normal of condition number 1e8 in mixed
//! coordinates.

use dp_linalg::{Mat, Parallelism, matmul};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;

pub(crate) const NAMES: [&str; 4] = ["normal", "t3", "cube", "conditioned"];

pub(crate) fn rows(name: &str, n: usize, d: usize) -> Result<Mat, Box<dyn Error>> {
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
