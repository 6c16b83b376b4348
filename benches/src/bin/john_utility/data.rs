//! Rows of five kinds, with the public radius that a user would state.

use dp_linalg::{Mat, Parallelism, Qr, matmul_nt};
use dp_testkit::digits;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;

/// Columns of every set.
pub(crate) const DIM: usize = 10;
/// Ratio of the standard deviations of correlated rows.
const CONDITION: f64 = 1e3;
/// Standard deviation of what is added to a coordinate of a digit that is drawn again.
const JITTER: f64 = 0.05;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Cube,
    Normal,
    StudentT,
    Correlated,
    Digits,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] =
        [Self::Cube, Self::Normal, Self::StudentT, Self::Correlated, Self::Digits];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cube => "cube",
            Self::Normal => "normal",
            Self::StudentT => "t, 3 degrees",
            Self::Correlated => "correlated",
            Self::Digits => "digits",
        }
    }

    /// Longer rows are scaled back to it: none (cube, digits) or few.
    pub(crate) const fn radius(self) -> f64 {
        match self {
            Self::Cube => 3.2,
            Self::Normal => 6.0,
            Self::StudentT => 20.0,
            Self::Correlated => 5.0,
            Self::Digits => 8.0,
        }
    }

    /// Whether so many rows need digits to be drawn again, with jitter.
    pub(crate) fn resampled(self, n: usize) -> bool {
        self == Self::Digits && n > digits::LEN
    }
}

/// The same rows in every run, `(n, DIM)`.
pub(crate) fn rows(kind: Kind, n: usize) -> Result<Mat, Box<dyn Error>> {
    let rng = &mut ChaCha8Rng::seed_from_u64(n as u64);
    Ok(match kind {
        Kind::Cube => Mat::from_fn(n, DIM, |_, _| rng.random_range(-1.0..1.0)),
        Kind::Normal => Mat::from_fn(n, DIM, |_, _| normal(rng)),
        Kind::StudentT => student_t(n, rng),
        Kind::Correlated => correlated(n, rng)?,
        Kind::Digits => some_digits(n, rng),
    })
}

fn student_t(n: usize, rng: &mut ChaCha8Rng) -> Mat {
    let mut rows = Mat::from_fn(n, DIM, |_, _| normal(rng));
    for i in 0..n {
        let chi: f64 = (0..3).map(|_| normal(rng).powi(2)).sum();
        rows.row_mut(i).iter_mut().for_each(|x| *x /= (chi / 3.0).sqrt());
    }
    rows
}

/// Standard deviations from 1 down to 1/[`CONDITION`], along axes that are turned at random.
fn correlated(n: usize, rng: &mut ChaCha8Rng) -> Result<Mat, Box<dyn Error>> {
    let deviation = |j: usize| CONDITION.powf(-(j as f64) / (DIM - 1) as f64);
    let rows = Mat::from_fn(n, DIM, |_, j| deviation(j) * normal(rng));
    let turn = Qr::new(Mat::from_fn(DIM, DIM, |_, _| normal(rng)).as_ref())?;
    Ok(matmul_nt(rows.as_ref(), turn.q(), Parallelism::available())?)
}

/// Low frequencies without the mean ink, in an order drawn at random; beyond the first 1797, again with jitter.
fn some_digits(n: usize, rng: &mut ChaCha8Rng) -> Mat {
    let all = digits::projected(DIM + 1);
    let first = rng.random_range(0..digits::LEN);
    let entry = |i: usize, j: usize| all[(first + 1009 * i) % digits::LEN * (DIM + 1) + j + 1];
    Mat::from_fn(n, DIM, |i, j| entry(i, j) + if i < digits::LEN { 0.0 } else { JITTER * normal(rng) })
}

/// Box and Muller's.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (u, v): (f64, f64) = (rng.random(), rng.random());
    (-2.0 * (1.0 - u).ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}
