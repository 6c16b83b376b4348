//! One answer from released sums and public tokens, with its bars.
//!
//! # Derivation
//!
//! The released sums count weights of *centred* keys, `e^{s·q·(k − c₀)}`. Local tokens have the logarithm of mass `λ` (with
//! their logits as they are) and the average `v̄`; relative to the same zero theirs is `λ − s·q·c₀`. Both sides are divided by
//! `e^t`, `t = max(0, λ − s·q·c₀)`: with `κ = e^−t`, `W = e^{λ − s·q·c₀ − t}` the answer is
//!
//! ```text
//! (κ N̂ + W v̄) / (κ D̂ + W)
//! ```
//!
//! and nothing overflows. Let `D` and `N` be the sums without noise, `e_D` and `e_N` the bounds of the noise times κ.
//!
//! * *Noise.* Where kernel, rounded features and documents together have a relative error below 1, `D ≥ 0`, and `D̂` is moved to
//!   at least 0, which brings it no farther from D. Then the answer misses the noiseless one by at most `(e_N + |answer|·e_D)/m`,
//!   `m = W + max(κD̂ − e_D, 0)`. There is an answer if `κD̂ + W > e_D`.
//! * *Constant.* A kernel that is close to a multiple of the exponential is divided by that multiple first.
//! * *Weights.* Let the prefix have weights with relative errors up to `e`, local tokens none, and let all values lie in a range
//!   of width S, v̄ in place of the local ones. The average moves by at most `S·e/(1 + √(1 − e²))`, and by at most
//!   `p·S·e/(1 − e)`, p the prefix's share of the (noiseless, approximate) mass: at most `x/(x + W)`, `x = max(κD̂, 0) + e_D`,
//!   times what documents may have lost of that mass.
//! * *Values* of the prefix are rounded: p times half a step.
//! * *Documents* that were scaled down lost less than a step in each entry: let this be `d` steps of a value, relative to their mass. Then
//!   `N` is off by `d` and `D` by `d/c̃` of it, which moves the answer by at most `p·(d·step + |answer|·d/c̃)/(1 − e − d/c̃)`.
//! * *Arithmetic of local tokens.* Logarithms of weights are off by at most [`LocalMass::error`], which moves every average by
//!   at most that times its range.

use super::answer::{Answer, Estimate};
use super::bars::{ErrorBar, OUTWARD, exp_upper, shared_weight_error_effect};
use super::encode::clip_margin;
use super::geometry::{MomentGeometry, power_of_two};
use super::reader::norm;
use crate::error::Error;
use crate::local::LocalTokens;
use crate::options::{MomentOptions, Shape};
use dp_linalg::MatRef;

/// What public tokens add to both sums of one query, all weights divided by a common factor.
#[derive(Debug, Clone)]
pub(crate) struct LocalMass {
    /// `κ`: one over that factor, which the released sums are to be multiplied with.
    prefix_scale: f64,
    /// `W`.
    mass: f64,
    /// `v̄`; empty where there is no token.
    average: Vec<f64>,
    /// Bound on the error of the logarithm of every weight, and of roundings of the average relative to `largest_value`.
    error: f64,
    /// Largest absolute value of a visible token.
    largest_value: f64,
}

impl LocalMass {
    pub(crate) const fn none() -> Self {
        Self { prefix_scale: 1.0, mass: 0.0, average: Vec::new(), error: 0.0, largest_value: 0.0 }
    }

    /// One for each query.
    pub(super) fn of(
        local: LocalTokens<'_>,
        queries: MatRef<'_>,
        options: &MomentOptions,
    ) -> Result<Vec<Self>, Error> {
        let scale = options.softmax_scale();
        let partial = local.attention(queries, scale)?;
        let extents = local.extents();
        let center_norm = options.key_center().map_or(0.0, norm);
        let one = |(i, query): (usize, &[f64])| {
            let Some(extent) = local.visible(i).checked_sub(1).map(|last| &extents[last]) else {
                return Self::none();
            };
            let offset = options.key_center().map_or(0.0, |center| scale * dot(query, center));
            let log_mass = partial.log_masses()[i] - offset;
            let shift = log_mass.max(0.0);
            // two products of d terms, the offset, maximum, sum and logarithm, each within its first-order bound; twice over
            let logits = scale * norm(query) * (extent.key_norm + center_norm);
            let operations = local.visible(i) as f64 + 64.0 + (query.len() as f64 + 16.0) * logits;
            Self {
                prefix_scale: (-shift).exp(),
                mass: (log_mass - shift).exp(),
                average: partial.output().row(i).to_vec(),
                error: 4.0 * f64::EPSILON * operations,
                largest_value: extent.largest_value,
            }
        };
        Ok(queries.rows().enumerate().map(one).collect())
    }

    /// Upper bound on a non-negative quantity of the prefix times κ, also where κ underflows.
    fn scaled(&self, error: f64) -> f64 {
        error * (self.prefix_scale * OUTWARD + self.underflow())
    }

    /// What of a weight may have been lost to underflow.
    const fn underflow(&self) -> f64 {
        if self.average.is_empty() { 0.0 } else { f64::MIN_POSITIVE }
    }
}

/// Everything that decides about one answer.
pub(crate) struct Merge<'a> {
    pub(crate) geometry: &'a MomentGeometry,
    /// Bounds on the noise and the arithmetic of the sums in each column, the normaliser's last, in value units.
    pub(crate) half_widths: Vec<f64>,
    /// How far the kernel of one row is from that of its exact features.
    pub(crate) feature_rounding: f64,
    /// Largest `|logit|` that a clipped key can have with this query.
    pub(crate) max_logit: f64,
    pub(crate) local: &'a LocalMass,
}

/// Errors of the approximate weights of the prefix.
struct WeightErrors {
    /// Of the kernel, relative to a multiple of the exponential.
    kernel: f64,
    /// With rounded features and coefficients.
    total: f64,
    /// One over that multiple.
    weight: f64,
    /// What rounding documents does to sums of weighted values, in steps and relative to their mass.
    document: f64,
    /// What it does to the mass.
    lost: f64,
    /// Bound on the prefix's share of the mass.
    share: f64,
}

impl WeightErrors {
    /// What is left of the mass of the prefix without noise, at least; not positive if it may be nothing.
    fn least_mass(&self) -> f64 {
        1.0 - self.total - self.lost
    }
}

/// Mass of prefix and tokens, with its error.
struct Mass {
    total: f64,
    error: f64,
    /// Lower bound on the noiseless mass.
    least: f64,
}

impl Merge<'_> {
    /// `products` are `N̂` and the normaliser's, in value units.
    pub(crate) fn answer(&self, products: &[f64]) -> Answer {
        let Some((&normaliser, sums)) = products.split_last() else { return Answer::Undetermined };
        let mut weights = self.weight_errors();
        let Some(mass) = self.mass(normaliser, sums.len(), &mut weights) else { return Answer::Undetermined };
        let (value, bars) =
            sums.iter().enumerate().map(|(j, &sum)| self.coordinate(j, sum, &mass, &weights)).unzip();
        Answer::Estimate(Estimate { value, bars })
    }

    /// The mass if it rises above its noise; also bounds the share of the prefix.
    fn mass(&self, normaliser: f64, column: usize, weights: &mut WeightErrors) -> Option<Mass> {
        let (unit, local) = (self.normaliser_unit(), self.local);
        let prefix = local.prefix_scale * weights.weight * normaliser / unit;
        let error = local.scaled(weights.weight * self.half_widths[column] / unit);
        let positive = weights.least_mass() > 0.0;
        let total = if positive { prefix.max(0.0) } else { prefix } + local.mass;
        let above_noise = total - error;
        if above_noise <= 0.0 || !above_noise.is_finite() {
            return None;
        }
        // the mass before documents were rounded
        let before = if positive { 1.0 + weights.lost / weights.least_mass() } else { 1.0 };
        let largest = (prefix.max(0.0) + error) * before;
        weights.share = (largest / (largest + local.mass) * OUTWARD).min(1.0);
        let least = if positive { above_noise.max(local.mass) } else { above_noise };
        Some(Mass { total, error, least })
    }

    /// Value and bar in column `j`.
    fn coordinate(&self, j: usize, sum: f64, mass: &Mass, weights: &WeightErrors) -> (f64, ErrorBar) {
        let local = self.local;
        let (low, high) = self.hull(j);
        let added = local.average.get(j).map_or(0.0, |average| local.mass * average);
        let sum = weights.weight * sum;
        let ratio = (local.prefix_scale * sum + added) / mass.total;
        let noise = local.scaled(weights.weight * self.half_widths[j]) + self.local_rounding(sum, added);
        let tokens = 2.0 * local.error * (high - low + local.largest_value);
        let (approximation, quantisation) = self.deterministic_errors((low, high), weights);
        let bar = ErrorBar {
            noise: noise / mass.least + tokens,
            ratio: ratio.abs() * mass.error / mass.least,
            approximation,
            quantisation,
        };
        (ratio.clamp(low, high), bar)
    }

    /// Smallest interval with the public range and the tokens' average in column `j`: exact attention lies in it.
    fn hull(&self, j: usize) -> (f64, f64) {
        let (low, high) = self.geometry.options().value_range();
        self.local.average.get(j).map_or((low, high), |&average| (low.min(average), high.max(average)))
    }

    /// Rounding of the two parts of the merged sum, and what underflow may have taken from either mass.
    fn local_rounding(&self, sum: f64, added: f64) -> f64 {
        if self.local.average.is_empty() {
            return 0.0; // within the product's own bound
        }
        let (low, high) = self.geometry.options().value_range();
        let lost = f64::MIN_POSITIVE * (sum.abs() + self.local.largest_value + high - low);
        16.0 * f64::EPSILON * (self.local.prefix_scale * sum.abs() + added.abs()) + lost
    }

    /// A document that was scaled down is rounded by less than a step an entry, and has the mass of its weight at least.
    fn weight_errors(&self) -> WeightErrors {
        let kernel = self.geometry.kernel_bound(self.max_logit);
        let exp = exp_upper(self.max_logit);
        let rounding = self.feature_rounding * exp;
        // the features' own coefficients are rounded: f(|t|)·2⁻⁵² against e^t ≥ e^−|t|
        let coefficients = f64::EPSILON * self.geometry.kernel_size() * exp;
        let document = 2.0 * rounding / f64::from(self.geometry.options().document_weight());
        WeightErrors {
            kernel: kernel.spread,
            total: kernel.spread + (rounding + coefficients) * kernel.weight,
            weight: kernel.weight,
            document: document * kernel.weight,
            lost: document * kernel.weight / self.geometry.normaliser() as f64,
            share: 1.0,
        }
    }

    /// Approximation and quantisation parts, of values in this hull.
    ///
    /// Answers are moved into the hull and exact attention lies in it, so that the two need not exceed its width together. Where
    /// the kernel has no relative error below 1 the approximation part is all of it.
    fn deterministic_errors(&self, (low, high): (f64, f64), weights: &WeightErrors) -> (f64, f64) {
        let geometry = self.geometry;
        let WeightErrors { kernel, total, share, document, lost, .. } = *weights;
        let (hull, value_step) = (high - low, power_of_two(-geometry.value_exponent()));
        let approximation = hull * shared_weight_error_effect(kernel, share);
        let rounded = (hull + value_step) * shared_weight_error_effect(total, share) - approximation;
        // of an answer as large as it can be: both of a document's sums are rounded, each by itself
        let documents = document * value_step + lost * (low.abs().max(high.abs()) + value_step);
        // clipping shortens rows by a little more than the radius asks, and rounds them
        let Shape { key_dim, value_dim } = geometry.options().shape();
        let (least, most) = geometry.options().value_range();
        let largest = least.abs().max(most.abs());
        let clipping =
            2.0 * (hull * self.max_logit * clip_margin(key_dim) + largest * clip_margin(value_dim));
        let per_mass = 0.5 * value_step + clipping + documents / weights.least_mass().max(0.0);
        // `min` also takes the hull where the first is not a number
        (approximation, (rounded + share * per_mass).min((hull - approximation).max(0.0)))
    }

    /// The normaliser of one row, in value units.
    fn normaliser_unit(&self) -> f64 {
        self.geometry.normaliser() as f64 * power_of_two(-self.geometry.value_exponent())
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
