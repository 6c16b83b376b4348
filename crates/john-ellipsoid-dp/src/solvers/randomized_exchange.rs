//! Exchanges of weight between many pairs of rows, in random order.

use super::{Solver, Stop};
use crate::design::{dot, matvec};
use crate::{Design, Error, spanning_weights};
use core::cell::RefCell;
use dp_linalg::{Mat, MatRef};
use rand::{Rng, RngExt};

/// A randomised exchange algorithm: between two looks at all rows, weight moves between each row that has some and each of the `4d`
/// rows that stick out most, pair by pair, by exact line search.
///
/// A pair costs `O(d²)`, as only `M⁻¹` is kept up to date; a look at all rows `O(nd²)`. Each batch begins with the pair of
/// [`PairwiseExchange`](super::PairwiseExchange); if that takes all the weight of a row, only exchanges that do the same follow. From
/// more than `d(d + 1)` rows with weight it begins anew at [`spanning_weights`]. An iteration is a batch.
///
/// ```
/// use john_ellipsoid_dp::{JohnOptions, RandomizedExchange, Stop, john_ellipsoid_with};
/// use rand::SeedableRng;
///
/// let rows = dp_linalg::Mat::from_fn(500, 3, |i, j| ((i * (j + 1)) as f64).sin());
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let stop = Stop { gap: 1e-8, max_iterations: 100 };
/// let john = john_ellipsoid_with(&RandomizedExchange::new(&mut rng), rows.as_ref(), stop, &JohnOptions::default())?;
/// assert!(john.certificate().gap() <= 1e-8 + 1e-9);
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
///
/// # References
/// - R. Harman, L. Filová, P. Richtárik, *A randomized exchange algorithm for computing optimal approximate designs of experiments*,
///   2020.
#[derive(Debug)]
pub struct RandomizedExchange<'a, R: ?Sized> {
    rng: RefCell<&'a mut R>,
}

impl<'a, R: Rng + ?Sized> RandomizedExchange<'a, R> {
    /// The generator is public randomness, borrowed until the solver is dropped.
    pub const fn new(rng: &'a mut R) -> Self {
        Self { rng: RefCell::new(rng) }
    }
}

/// Rows that may gain weight, a dimension.
const LEADING: usize = 4;

impl<R: Rng + ?Sized> Solver for RandomizedExchange<'_, R> {
    fn improve(&self, design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
        let d = design.rows().ncols();
        if support(design).count() > d * (d + 1) {
            design.set_weights(spanning_weights(design.rows()))?;
        }
        for iteration in 0..stop.max_iterations {
            let (Some(high), Some(low)) = (design.most_violated(), design.least_useful()) else {
                return Ok(iteration);
            };
            if design.forms()[high] - 1.0 <= stop.gap {
                return Ok(iteration);
            }
            let pairs = shuffled_pairs(design, &mut **self.rng.borrow_mut());
            let mut batch = Batch::new(design);
            let emptied = batch.exchange(low, high, Pairs::All);
            let which = if emptied { Pairs::Emptied } else { Pairs::All };
            for (from, to) in pairs {
                batch.exchange(from, to, which);
            }
            design.set_weights(batch.weights)?;
        }
        Ok(stop.max_iterations)
    }
}

fn support(design: &Design<'_>) -> impl Iterator<Item = usize> {
    (0..design.weights().len()).filter(|&i| design.weights()[i] > 0.0)
}

/// Every row with weight, with every leading row.
fn shuffled_pairs<R: Rng + ?Sized>(design: &Design<'_>, rng: &mut R) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..design.forms().len()).collect();
    let count = order.len().min(LEADING * design.rows().ncols());
    order.select_nth_unstable_by(count - 1, |&i, &j| design.forms()[j].total_cmp(&design.forms()[i]));
    let with = |from| order[..count].iter().map(move |&to| (from, to));
    let mut pairs: Vec<(usize, usize)> = support(design).flat_map(with).collect();
    for last in (1..pairs.len()).rev() {
        pairs.swap(last, rng.random_range(0..=last));
    }
    pairs
}

/// Which exchanges are made.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Pairs {
    All,
    /// Those after which one of both rows has no weight.
    Emptied,
}

/// Weights and `M⁻¹` between two looks at all rows.
struct Batch<'a> {
    rows: MatRef<'a>,
    weights: Vec<f64>,
    inverse: Mat,
}

impl<'a> Batch<'a> {
    fn new(design: &Design<'a>) -> Self {
        let (weights, inverse) = (design.weights().to_vec(), design.inverse().to_owned());
        Self { rows: design.rows(), weights, inverse }
    }

    /// Moves weight where `ln det M` is largest on the way; whether one of both rows has none then.
    fn exchange(&mut self, from: usize, to: usize, which: Pairs) -> bool {
        if from == to || self.weights[from] + self.weights[to] == 0.0 {
            return false;
        }
        let image = matvec(self.inverse.as_ref(), self.rows.row(to));
        let g_from = self.form(from);
        let (g_to, mixed) = (dot(self.rows.row(to), &image), dot(self.rows.row(from), &image));
        let curvature = (g_from * g_to - mixed * mixed).max(0.0);
        let best = (g_to - g_from) / (2.0 * curvature);
        if best.is_nan() {
            return false; // parallel rows of the same length: nothing to gain
        }
        let alpha = best.clamp(-self.weights[to], self.weights[from]);
        let emptied = alpha != best;
        if alpha != 0.0 && (emptied || which == Pairs::All) {
            self.update(&image, alpha / (1.0 + alpha * g_to));
            self.remove(from, alpha);
            self.weights[to] = (self.weights[to] + alpha).max(0.0);
            self.weights[from] = (self.weights[from] - alpha).max(0.0);
        }
        emptied
    }

    fn form(&self, i: usize) -> f64 {
        dot(self.rows.row(i), &matvec(self.inverse.as_ref(), self.rows.row(i)))
    }

    fn remove(&mut self, i: usize, alpha: f64) {
        let image = matvec(self.inverse.as_ref(), self.rows.row(i));
        let factor = -alpha / (1.0 - alpha * dot(self.rows.row(i), &image));
        self.update(&image, factor);
    }

    /// `M⁻¹ ← M⁻¹ − f·zzᵀ` (Sherman, Morrison 1950).
    fn update(&mut self, z: &[f64], factor: f64) {
        for (i, x) in z.iter().enumerate() {
            self.inverse.row_mut(i).iter_mut().zip(z).for_each(|(entry, y)| *entry -= factor * x * y);
        }
    }
}
