//! Continual release: both mechanisms against the matrices that define them.

mod audit;
mod bound;
mod errors;
mod exact;

pub(super) use audit::audit;
pub(super) use bound::lower_bound;
pub(super) use errors::{constants, measured, rounding_of_roots};
pub(super) use exact::{profile, sensitivity};

use core::ops::Range;
use dp_mechanisms::continual::{BinaryTreeSum, SquareRootFactor, SquareRootSum, StreamOptions, TreeShape};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, LatticeL2Sensitivity, PrivacyProfile};
use rand_chacha::ChaCha20Rng;

/// Streams whose steps move by at most five between neighbours.
const STEP_SENSITIVITY: u128 = 25;

/// A change of one step of that norm.
const CHANGE: [i64; 2] = [3, -4];

/// What both mechanisms can do, and what they are by definition.
pub(super) trait Continual: Sized {
    fn calibrate(epsilon: Epsilon, delta: Delta, options: StreamOptions<AddRemoveRow>) -> Self;
    fn with_noise_std(std: f64, options: StreamOptions<AddRemoveRow>) -> Self;
    fn next(&mut self, step: &[i64], rng: &mut ChaCha20Rng);
    fn integers(&self) -> &[i64];
    fn range(&self, steps: Range<u64>) -> Vec<f64>;
    fn range_std(&self, steps: Range<u64>) -> f64;
    /// Squared sensitivity of all integers.
    fn squared_sensitivity(&self) -> u128;
    fn std(&self) -> f64;
    fn profile(&self) -> &PrivacyProfile<AddRemoveRow>;

    /// One row for each vector of integers, in the order of release: its weights on the steps.
    fn matrix(horizon: u64) -> Vec<Vec<i64>>;
    /// The steps that an estimate of this interval uses: all rows that see no others.
    fn used(steps: Range<u64>) -> Range<u64>;
    /// Expected squared error of an interval over the variance of noise, as stated; in the twin with one mistake.
    fn stated_factor(horizon: u64, steps: Range<u64>, mistaken: bool) -> f64;
    /// Largest and mean error constants, as stated.
    fn stated_constants(horizon: u64) -> [f64; 2];
    /// Squared column norm as someone computes it who is off by one at the far end.
    fn off_by_one(horizon: u64) -> u128;
    /// The same, off by one where it matters most.
    fn forgetful(horizon: u64) -> u128 {
        Self::off_by_one(horizon)
    }
}

/// A stream of pairs.
fn options(horizon: u64) -> StreamOptions<AddRemoveRow> {
    stream_options(horizon, 2)
}

fn stream_options(horizon: u64, width: usize) -> StreamOptions<AddRemoveRow> {
    let sensitivity = LatticeL2Sensitivity::from_square(STEP_SENSITIVITY, AddRemoveRow).expect("positive");
    StreamOptions::new(horizon, width, sensitivity)
}

/// Largest squared column norm.
fn squared_norm(matrix: &[Vec<i64>]) -> u128 {
    let columns = 0..matrix.first().map_or(0, Vec::len);
    columns.map(|step| squared_column_norm(matrix, step)).max().unwrap_or(0)
}

fn squared_column_norm(matrix: &[Vec<i64>], step: usize) -> u128 {
    matrix.iter().map(|row| u128::from(row[step].unsigned_abs()).pow(2)).sum()
}

/// All integers of a stream of these steps.
fn transcript<M: Continual>(stream: &mut M, steps: &[[i64; 2]], rng: &mut ChaCha20Rng) -> Vec<i64> {
    let push = |step: &[i64; 2]| {
        stream.next(step, rng);
        stream.integers().to_vec()
    };
    steps.iter().flat_map(push).collect()
}

macro_rules! stream {
    () => {
        fn calibrate(epsilon: Epsilon, delta: Delta, options: StreamOptions<AddRemoveRow>) -> Self {
            Self::calibrate(epsilon, delta, options).expect("small statistics fit the lattice")
        }

        fn with_noise_std(std: f64, options: StreamOptions<AddRemoveRow>) -> Self {
            Self::with_noise_std(super::noise_std(std), options).expect("small statistics fit the lattice")
        }

        fn next(&mut self, step: &[i64], rng: &mut ChaCha20Rng) {
            self.push(step, rng).expect("steps have the agreed shape and number");
        }

        fn integers(&self) -> &[i64] {
            self.integers()
        }

        fn range(&self, steps: Range<u64>) -> Vec<f64> {
            self.released().range(steps).expect("history is kept")
        }

        fn range_std(&self, steps: Range<u64>) -> f64 {
            if steps.start == 0 { self.prefix_std(steps.end) } else { self.range_std(steps) }
        }

        fn squared_sensitivity(&self) -> u128 {
            self.sensitivity().square()
        }

        fn std(&self) -> f64 {
            self.noise_std().get()
        }

        fn profile(&self) -> &PrivacyProfile<AddRemoveRow> {
            self.profile()
        }
    };
}

impl Continual for BinaryTreeSum<AddRemoveRow> {
    stream!();

    fn matrix(horizon: u64) -> Vec<Vec<i64>> {
        let levels = TreeShape::new(horizon).expect("short horizons").levels();
        let ends_here =
            |end: u64| (0..levels).map(move |level| (end, 1 << level)).filter(|(end, len)| end % len == 0);
        let row =
            |(end, len): (u64, u64)| (0..horizon).map(|t| i64::from((end - len..end).contains(&t))).collect();
        (1..=horizon).flat_map(ends_here).map(row).collect()
    }

    fn used(steps: Range<u64>) -> Range<u64> {
        steps
    }

    /// The twin takes each node for one of twice the length.
    fn stated_factor(horizon: u64, steps: Range<u64>, mistaken: bool) -> f64 {
        let shape = TreeShape::new(horizon).expect("short horizons");
        match (mistaken, steps.start) {
            (true, _) => shape.cover(steps).map(|node| TreeShape::node_factor(node.level + 1)).sum(),
            (false, 0) => shape.noise_factor(steps.end),
            (false, _) => shape.range_noise_factor(steps),
        }
    }

    fn stated_constants(horizon: u64) -> [f64; 2] {
        let shape = TreeShape::new(horizon).expect("short horizons");
        [shape.max_error_constant(), shape.mean_error_constant()]
    }

    /// Forgets a level.
    fn off_by_one(horizon: u64) -> u128 {
        u128::from(TreeShape::new(horizon).expect("short horizons").levels() - 1)
    }
}

impl Continual for SquareRootSum<AddRemoveRow> {
    stream!();

    fn matrix(horizon: u64) -> Vec<Vec<i64>> {
        let bits = SquareRootFactor::new(horizon).expect("short horizons").bits();
        let coefficients: Vec<i64> =
            roots(horizon).iter().map(|root| (root * 2_f64.powi(bits as i32)).round() as i64).collect();
        let row =
            |t: usize| (0..horizon as usize).map(|s| if s <= t { coefficients[t - s] } else { 0 }).collect();
        (0..horizon as usize).map(row).collect()
    }

    fn used(steps: Range<u64>) -> Range<u64> {
        0..steps.end
    }

    /// The twin decodes with the unrounded square root.
    fn stated_factor(horizon: u64, steps: Range<u64>, mistaken: bool) -> f64 {
        let factor = SquareRootFactor::new(horizon).expect("short horizons");
        if mistaken {
            let (roots, unit) = (roots(horizon), 4_f64.powi(-(factor.bits() as i32)));
            let weight = |lag: u64| {
                let later = steps.end - 1 - lag;
                let earlier = if lag < steps.start { roots[(steps.start - 1 - lag) as usize] } else { 0.0 };
                roots[later as usize] - earlier
            };
            return (0..steps.end).map(|lag| weight(lag).powi(2) * unit).sum();
        }
        if steps.start == 0 { factor.noise_factor(steps.end) } else { factor.range_noise_factor(steps) }
    }

    fn stated_constants(horizon: u64) -> [f64; 2] {
        let factor = SquareRootFactor::new(horizon).expect("short horizons");
        [factor.max_error_constant(), factor.mean_error_constant()]
    }

    /// Forgets the last coefficient.
    fn off_by_one(horizon: u64) -> u128 {
        let matrix = Self::matrix(horizon);
        squared_norm(&matrix) - u128::from(matrix.last().map_or(0, |row| row[0]).unsigned_abs()).pow(2)
    }

    /// Forgets the first one.
    fn forgetful(horizon: u64) -> u128 {
        let matrix = Self::matrix(horizon);
        squared_norm(&matrix) - u128::from(matrix[0][0].unsigned_abs()).pow(2)
    }
}

/// `r_k = C(2k, k)/4ᵏ`.
fn roots(horizon: u64) -> Vec<f64> {
    let next = |&(k, root): &(f64, f64)| Some((k + 1.0, root * (2.0 * k + 1.0) / (2.0 * k + 2.0)));
    std::iter::successors(Some((0.0, 1.0)), next).map(|(_, root)| root).take(horizon as usize).collect()
}
