//! What was released, and what it says.

use super::options::Floor;
use crate::SupportRow;
use dp_mechanisms::FailureProbability;

/// Released weights of rows, one for each, with sum `d`. Everything here is post-processing.
///
/// Who holds the rows makes an ellipsoid of them: as a design, or to start a solver ([`john_ellipsoid_from`](crate::john_ellipsoid_from)).
/// Its matrix `Σ wᵢaᵢaᵢᵀ` is *not* covered by the guarantee of the weights: with the other rows it gives a row away.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{Delta, Epsilon, FailureProbability, PerturbRow, secure_rng};
/// use john_ellipsoid_dp::private::{Floor, PrivateRows, WeightOptions, noisy_weights};
///
/// let rows = Mat::from_fn(300, 3, |i, j| ((i * (j + 1)) as f64).sin());
/// let close = PerturbRow::new(1e-5)?; // moves up to 1e-5 are protected, not rows
/// let options = WeightOptions::new(Epsilon::new(1.0)?, Delta::new(1e-6)?, 2.0)?.with_floor(Floor::Kept);
/// let release = noisy_weights(PrivateRows::new(close, rows.as_ref()), &options, &mut secure_rng()?)?;
/// let weights = release.value();
/// assert!((weights.average().iter().sum::<f64>() - 3.0).abs() < 1e-9);
/// assert!(weights.gap_bound(FailureProbability::new(0.01)?).is_some_and(|gap| gap < 1.5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyWeights {
    pub(super) dim: usize,
    pub(super) floor: Floor,
    pub(super) sum: Vec<f64>,
    pub(super) last: Vec<f64>,
    pub(super) noise_stds: Vec<f64>,
    /// At least `Σ ln(Z/d)` over rounds, Z the sum of all `exp(yᵢ)`.
    pub(super) log_growth: f64,
    /// Errors of released logarithms beside their noise, summed over rounds.
    pub(super) error: f64,
}

/// More than sums of n exponentials, and weights made of them, are off by, relatively: `½n` units of `2⁻⁵²` for the sum in any order, and fewer
/// than 64 for each term.
fn sum_rounding(rows: usize) -> f64 {
    (rows as f64 + 64.0) * f64::EPSILON
}

/// Covers the rounding of logarithms and sums, also of one that is negative.
fn above(x: f64) -> f64 {
    x + 1e-9 * x.abs()
}

impl NoisyWeights {
    pub(super) fn uniform((rows, dim): (usize, usize), floor: Floor) -> Self {
        let last = vec![dim as f64 / rows as f64; rows];
        let sum = vec![0.0; rows];
        Self { dim, floor, sum, last, noise_stds: Vec::new(), log_growth: 0.0, error: 0.0 }
    }

    /// One round, from its released logarithms.
    pub(super) fn advance(&mut self, logarithms: &[f64], noise_std: f64, theta: f64) {
        self.sum.iter_mut().zip(&self.last).for_each(|(sum, w)| *sum += w);
        self.noise_stds.push(noise_std);
        let top = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let exponentials: Vec<f64> = logarithms.iter().map(|y| (y - top).exp()).collect();
        let growth: f64 = exponentials.iter().sum();
        self.log_growth += top + (growth / self.dim as f64).ln() + sum_rounding(logarithms.len());
        let removed = match self.floor {
            Floor::Kept => 0.0,
            Floor::Removed => (theta.ln() + MARGIN * noise_std - top).exp(),
        };
        self.last = exponentials.iter().map(|x| (x - removed).max(0.0)).collect();
        self.normalise();
    }

    /// To the sum `d`; all equal when nothing is above the floor.
    fn normalise(&mut self) {
        let total: f64 = self.last.iter().sum();
        let (dim, rows) = (self.dim as f64, self.last.len() as f64);
        let usable = total > 0.0;
        self.last.iter_mut().for_each(|w| *w = if usable { *w * (dim / total) } else { dim / rows });
    }

    /// The weights to use: the [average](Self::average) if the floor was kept, else the [last](Self::last).
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        match self.floor {
            Floor::Kept => self.average(),
            Floor::Removed => self.last.clone(),
        }
    }

    /// The mean of the weights before each round.
    #[must_use]
    pub fn average(&self) -> Vec<f64> {
        self.sum.iter().map(|sum| sum / self.noise_stds.len() as f64).collect()
    }

    /// The weights after the last round.
    #[must_use]
    pub fn last(&self) -> &[f64] {
        &self.last
    }

    /// Standard deviation of the noise on logarithms, round by round.
    #[must_use]
    pub fn noise_stds(&self) -> &[f64] {
        &self.noise_stds
    }

    /// Rows that carry all but a share of the weight, the heaviest first: a start for a solver on rows that one holds.
    #[must_use]
    pub fn support(&self, share: f64) -> Vec<SupportRow> {
        let weights = self.weights();
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by(|&i, &j| weights[j].total_cmp(&weights[i]));
        let mut missing = self.dim as f64;
        let carried = order.into_iter().take_while(|&i| {
            let goes_on = missing > share * self.dim as f64 && weights[i] > 0.0;
            missing -= weights[i];
            goes_on
        });
        carried.map(|row| SupportRow { row, weight: weights[row] }).collect()
    }

    /// ξ with `aᵢᵀM⁻¹aᵢ ≤ 1 + ξ` for every clipped row, `M = λI + Σ wᵢaᵢaᵢᵀ` of the average; except with this probability over the
    /// noise. None if the floor was removed.
    ///
    /// The released numbers alone say it, no row is looked at. It grows with the noise; measured gaps are mostly far below.
    ///
    /// # Guarantee
    /// Claim `john.weights.convergence`. With `ln(n/d)/T` for what convergence takes, `ln(Z/d)` is what the floor and the noise add to
    /// the sum of weights, and the last term is the noise that stays in an average of T, for all rows at once.
    #[must_use]
    pub fn gap_bound(&self, failure: FailureProbability) -> Option<f64> {
        let rounds = self.noise_stds.len() as f64;
        let start = self.dim as f64 / self.last.len() as f64;
        let top = self.last.iter().copied().fold(0.0, f64::max);
        let grown = (top / start).ln() + sum_rounding(self.last.len());
        let logarithm = grown + self.log_growth + self.error + self.deviation(failure);
        (self.floor == Floor::Kept).then(|| (above(logarithm) / rounds + 1e-12).exp_m1())
    }

    /// `−Σ σₖN_{ik}` over rounds is at most this for all rows, although each σ depends on the noise before it: the exponential
    /// supermartingale at one of J rates η, `ηV/2 + ln(nJ/γ)/η` with `V = Σσ²`; rates are right for `V = Tσ₁²2ʲ`.
    fn deviation(&self, failure: FailureProbability) -> f64 {
        let variance: f64 = self.noise_stds.iter().map(|s| s * s).sum();
        let first = self.noise_stds.first().map_or(0.0, |s| s * s) * self.noise_stds.len() as f64;
        let rows = self.last.len() as f64;
        let levels = rows.log2().ceil() as i32 + 1;
        let logarithm = (rows * f64::from(levels) / failure.get()).ln();
        let at = |level: i32| {
            let root = (first * 2.0_f64.powi(level)).sqrt();
            (0.5 * logarithm).sqrt() * (variance / root + root)
        };
        (0..levels).map(at).fold(f64::INFINITY, f64::min)
    }
}

/// Standard deviations above the floor at which a row keeps weight: two leave a fortieth of the rows that have none.
const MARGIN: f64 = 2.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_growth_of_many_small_weights_is_not_lost_in_a_sum() {
        let (rows, dim) = (100_000, 2);
        // the first is one, and each other below what can be added to it
        let small = -37.5_f64;
        let mut logarithms = vec![small; rows];
        logarithms[0] = 0.0;
        let mut weights = NoisyWeights::uniform((rows, dim), Floor::Kept);
        weights.advance(&logarithms, 0.0, 0.1);
        let true_growth = ((rows - 1) as f64 * small.exp()).ln_1p() - (dim as f64).ln();
        let excess = weights.log_growth - true_growth;
        assert!((0.0..1e-9).contains(&excess), "{excess}");
    }
}
