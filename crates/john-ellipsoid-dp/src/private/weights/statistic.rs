//! From rows and released weights to integers, and how far these move.

use super::arithmetic::{leverages, relative_error};
use super::options::{WeightOptions, WeightParameter};
use crate::Error;
use crate::private::floats::power_of_two;
use dp_linalg::MatRef;
use dp_mechanisms::rows::clip_margin;
use dp_mechanisms::{
    Lattice, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, NoiseStd, PerturbRow, certified,
    gaussian,
};

/// Covers the roundings of the few operations around it, with room to spare.
const OUTWARD: f64 = 1.0 + 1e-9;

/// Rounding takes `2⁻ᵇⁱᵗˢ` of the sensitivity.
const BITS: i32 = 12;

/// Most steps of a unit of the logarithm: `64` units, more than any logarithm here, are products with less than `2⁻⁶` of rounding.
const FINEST: f64 = (1_u64 << 40) as f64;
const LARGEST_LOG: f64 = 64.0;
/// Rounding of one entry: half a step, and that of the product.
const ENTRY: f64 = 0.5 + 1.0 / 64.0;

/// What is fixed before the first round, a function of shapes and public parameters.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    rows: usize,
    dim: usize,
    ridge: f64,
    theta: f64,
    displacement: f64,
    log_error: f64,
    sensitivity: LatticeL2Sensitivity<PerturbRow>,
    mechanism: LatticeGaussian<PerturbRow>,
}

impl Plan {
    pub(super) fn new(
        adjacency: PerturbRow,
        options: &WeightOptions,
        (rows, dim): (usize, usize),
    ) -> Result<Self, Error> {
        let (radius, ridge) = (options.radius(), options.ridge());
        let margin = clip_margin(dim);
        let most = 2.0 * radius * (1.0 + margin);
        let displacement = (adjacency.radius() + 2.0 * radius * margin).min(most);
        WeightParameter::Displacement.check(displacement / radius, 1e-12, 2.1)?;
        // steps: at least 2ᵇⁱᵗˢ·√n, a power of two
        let steps = power_of_two(BITS + (0.5 * (rows as f64).log2()).ceil() as i32);
        let sensitivity = LatticeL2Sensitivity::from_square((steps as u128).pow(2), adjacency)?;
        let mechanism = LatticeGaussian::with_noise_std(noise_std(options, steps)?, sensitivity)?;
        let log_error = log_error((rows, dim), options)?;
        let theta = options.theta(rows, dim);
        Ok(Self { rows, dim, ridge, theta, displacement, log_error, sensitivity, mechanism })
    }

    pub(super) const fn mechanism(&self) -> &LatticeGaussian<PerturbRow> {
        &self.mechanism
    }

    pub(super) const fn theta(&self) -> f64 {
        self.theta
    }

    /// Steps of a unit of the logarithm, so that these weights give the stated sensitivity: with `D = b√(max w/(λθ))` and an error e
    /// of each logarithm, integers move by at most `c(D + 2e√n) + 2·ENTRY·√n`.
    pub(super) fn scale(&self, weights: &[f64]) -> f64 {
        let (root, heaviest) = ((self.rows as f64).sqrt(), weights.iter().copied().fold(0.0, f64::max));
        let moves = self.displacement * (heaviest / (self.ridge * self.theta)).sqrt();
        let steps = self.sensitivity.square().isqrt() as f64 - 2.0 * ENTRY * root * OUTWARD;
        (steps / ((moves + 2.0 * self.log_error * root) * OUTWARD * OUTWARD)).min(FINEST)
    }

    /// How far a released logarithm, without its noise, can be from the exact one.
    pub(super) fn error(&self, scale: f64) -> f64 {
        self.log_error + (ENTRY + 0.5) / scale
    }

    /// Integers of clipped rows under released weights.
    pub(super) fn statistic(
        &self,
        rows: MatRef<'_>,
        weights: &[f64],
    ) -> Result<LatticeStatistic<LatticeL2Sensitivity<PerturbRow>>, Error> {
        let scale = self.scale(weights);
        let leverages = leverages(rows, weights, self.ridge);
        // of two floats around the logarithm the lower one
        let logarithm = |t: f64| certified::ln_bounds(t + self.theta).0;
        let steps = leverages.iter().map(|&t| (logarithm(t) * scale).round_ties_even() as i64).collect();
        let max_abs = (FINEST * LARGEST_LOG) as u64;
        Ok(LatticeStatistic::new(steps, Lattice::new(0)?, self.sensitivity, max_abs))
    }

    pub(super) fn check_weights(&self, weights: &[f64]) -> Result<(), Error> {
        if weights.len() != self.rows {
            return Err(Error::Length { expected: self.rows, found: weights.len() });
        }
        if let Some(row) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
            return Err(Error::Weight { row });
        }
        let sum: f64 = weights.iter().sum();
        if sum > 0.0 && sum <= self.dim as f64 * WEIGHT_SLACK {
            Ok(())
        } else {
            Err(Error::Weight { row: self.rows })
        }
    }
}

/// The sum of weights is `d` up to rounding.
const WEIGHT_SLACK: f64 = 1.0 + 1e-6;

/// For each of T rounds, so that `μ²` of all is that of (ε, δ).
fn noise_std(options: &WeightOptions, steps: f64) -> Result<NoiseStd, Error> {
    let mu = gaussian::mu_for(options.epsilon(), options.delta()).get();
    let each = mu / f64::from(options.rounds()).sqrt();
    Ok(NoiseStd::new(steps / each * OUTWARD)?)
}

fn log_error((rows, dim): (usize, usize), options: &WeightOptions) -> Result<f64, Error> {
    let margin = 1.0 + clip_margin(dim);
    let ratio = options.radius() * margin * options.radius() * margin / options.ridge();
    let relative = relative_error(rows, dim, 1.0 + dim as f64 * WEIGHT_SLACK * ratio) + 2.0 * f64::EPSILON;
    if relative < 0.01 {
        // −ln(1 − r) ≤ 1.1r; the enclosure of a logarithm is two floats wide at most
        Ok(1.1 * relative + 4.0 * LARGEST_LOG * f64::EPSILON)
    } else {
        Err(Error::WeightPrecision { rows, dim, ratio })
    }
}
