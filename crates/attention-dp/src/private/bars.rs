//! Error bars: what of an answer is noise, what is approximation, and how sure that is.
//!
//! # Derivation
//!
//! Let `y` be the scaled query, `φ = φ(y)`, `h` the lattice step, `Ŝ = S + z` the released integers with
//! `z = ⌊σN⌉ = σN + e`, `|e| ≤ ½`. The products `P_j = h Σ_a φ_a Ŝ_aj` miss their noiseless values by
//!
//! ```text
//! |h Σ_a φ_a z_aj| ≤ h (ζ σ ‖φ‖₂ + ½ ‖φ‖₁)
//! ```
//!
//! (an entry of a decoded stream has its own `σ`, and its own bound in place of ½), with probability `1 − γ` for all `d_v + 1`
//! columns, where `ζ` depends on what is covered:
//!
//! * a query chosen without sight of the release: `Σ φ_a N_a / ‖φ‖` is standard normal, `ζ = Φ⁻¹(1 − γ/2(d_v+1))`;
//! * all queries at once: `ζ` bounds `sup_y |⟨φ(y), N⟩| / ‖φ(y)‖`. One bound is `χ_r`, the norm of `N`. The other is a
//!   net: `ψ = φ/‖φ‖` is 1-Lipschitz in `y` (the degree of a random monomial drawn with weights `φ_a²` is a Poisson
//!   variable cut off at `g`, whose variance is at most its mean parameter), so on a net of spacing `η` of the ball of
//!   radius `ρ` in `ℝᵈ`, with at most `(1 + 2ρ/η)ᵈ` points, `ζ ≤ √(2 ln(M/γ₁)) + η χ_r(γ₂)`, `γ₁ + γ₂ = γ`.
//!   For other features `ψ` may move up to L times as fast as `y`, which makes the net finer. It grows with `d`, not with
//!   `r`; the smaller of the two is used.
//!
//! With `D̂ = P_c/c > e_D` the ratio `P_j/D̂` misses the noiseless ratio by `(e_j + |P_j/D̂| e_D)/(D̂ − e_D)`.
//! The noiseless ratio is an average of quantised values with weights that are relative errors `≤ e` away from the
//! exact exponentials: it misses exact attention by at most `range · e/(1 + √(1 − e²))`. Public tokens beside the released
//! sums: `merge`.

use dp_mechanisms::{Error as MechanismError, FailureProbability, normal};

/// Which queries an error bar covers at its failure probability.
///
/// # Example
///
/// ```
/// assert_eq!(attention_dp::Coverage::default(), attention_dp::Coverage::Simultaneous);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Coverage {
    /// All queries at once, however they are chosen: also by someone who has seen the release and all answers.
    #[default]
    Simultaneous,
    /// Each query by itself, if it was chosen without sight of the release or of anything computed from it.
    FixedQuery,
}

/// Half-width of a confidence interval for one coordinate of an answer, by cause; all in value units.
///
/// It covers attention over the *clipped* rows. How much clipping changed is private and in no bar.
///
/// # Example
///
/// ```
/// use attention_dp::ErrorBar;
///
/// let bar = ErrorBar { noise: 0.25, ratio: 0.125, approximation: 0.0625, quantisation: 0.0 };
/// assert_eq!(bar.total(), 0.4375);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ErrorBar {
    /// Noise of the weighted sum of values, and its floating-point error (also that of local tokens).
    pub noise: f64,
    /// Noise of the normaliser, and its floating-point error.
    pub ratio: f64,
    /// Polynomial in place of the exponential.
    pub approximation: f64,
    /// Rounding of features and values to the lattice.
    pub quantisation: f64,
}

impl ErrorBar {
    /// The whole half-width: the sum of all parts.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.noise + self.ratio + self.approximation + self.quantisation
    }
}

/// What `ζ` depends on, beside the coverage.
pub(crate) struct Queries {
    pub(crate) columns: usize,
    pub(crate) feature_count: usize,
    pub(crate) key_dim: usize,
    /// Largest norm of a scaled query, times how fast normalised features move with it.
    pub(crate) feature_radius: f64,
}

/// `ζ` of the module's derivation.
pub(crate) fn noise_multiplier(
    coverage: Coverage,
    failure_probability: FailureProbability,
    queries: &Queries,
) -> Result<f64, MechanismError> {
    let per_column = failure_probability.get() / queries.columns as f64;
    match coverage {
        Coverage::FixedQuery => Ok(normal::upper_quantile(FailureProbability::new(per_column / 2.0)?)),
        Coverage::Simultaneous => {
            let whole_space = chi_upper_quantile(queries.feature_count, per_column);
            let net =
                net_multiplier(per_column, queries.feature_count, queries.key_dim, queries.feature_radius);
            Ok(whole_space.min(net))
        }
    }
}

/// Upper bound on the `1 − γ` quantile of the norm of a standard normal vector in `r` dimensions.
///
/// Laurent and Massart (2000), Lemma 1: `P(χ²_r ≥ r + 2√(rt) + 2t) ≤ e^−t`.
fn chi_upper_quantile(feature_count: usize, failure: f64) -> f64 {
    let (r, t) = (feature_count as f64, -failure.ln() * OUTWARD);
    (r + 2.0 * (r * t).sqrt() + 2.0 * t).sqrt() * OUTWARD
}

/// Covers the rounding of a few operations and of the logarithm, which no standard library bounds, with room to spare.
pub(crate) const OUTWARD: f64 = 1.0 + 1e-12;

/// `min_η √(2 ln(M(η)/γ₁)) + η χ_r(γ₂)` over a grid of spacings, with `γ₂ = γ/100`.
fn net_multiplier(failure: f64, feature_count: usize, key_dim: usize, radius: f64) -> f64 {
    let reach = chi_upper_quantile(feature_count, 0.01 * failure);
    let at_spacing = |spacing: f64| {
        let log_points = key_dim as f64 * (2.0 * radius / spacing).ln_1p();
        (2.0 * (log_points - (0.99 * failure).ln()) * OUTWARD).sqrt() + spacing * reach
    };
    (1..=400).map(|step| at_spacing(1.05_f64.powi(-step))).fold(f64::INFINITY, f64::min) * OUTWARD
}

/// `e/(1 + √(1 − e²))`: how far relative weight errors up to `e` move an average, per unit of range; 1 if `e ≥ 1`.
pub(crate) fn weight_error_effect(relative_error: f64) -> f64 {
    if relative_error < 1.0 {
        relative_error / (1.0 + (1.0 - relative_error * relative_error).sqrt()) * OUTWARD
    } else {
        1.0
    }
}

/// The same where only weights with at most this share of the mass have errors: at most `share·e/(1 − e)` too.
pub(crate) fn shared_weight_error_effect(relative_error: f64, share: f64) -> f64 {
    let linear = if relative_error < 1.0 { share * relative_error / (1.0 - relative_error) } else { 1.0 };
    weight_error_effect(relative_error).min(linear * OUTWARD)
}

/// Upper bound on `eˣ` for `x ≥ 0`, infinite from 700 on: `(1 − x/m)^−m` with `m = 2³⁰`, by repeated squaring.
///
/// The bound exceeds `eˣ` by a factor of about `1 + x²/2³¹`; 30 squarings amplify the first rounding error to below `2⁻²²`.
pub(crate) fn exp_upper(x: f64) -> f64 {
    if x > 700.0 {
        return f64::INFINITY;
    }
    let mut power = 1.0 / (1.0 - x / (1_u64 << 30) as f64);
    for _ in 0..30 {
        power *= power;
    }
    power * (1.0 + 1.0 / f64::from(1 << 20))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_bound_is_above_and_close() {
        for x in [0.0, 1e-9, 0.1, 1.0, 5.0, 30.0] {
            let bound = exp_upper(x);
            // 1e-12 exceeds the error of any libm in use; the excess is x²/2³¹ + 2⁻²⁰ at most
            assert!(bound >= x.exp() * (1.0 - 1e-12) && bound <= x.exp() * (1.0 + 2e-6), "{x}: {bound}");
        }
        assert!([701.0, 2_f64.powi(30), 3e9, f64::INFINITY].iter().all(|&x| exp_upper(x) == f64::INFINITY));
    }

    #[test]
    fn the_net_grows_with_the_dimension_of_queries_and_the_norm_with_that_of_features() {
        let gamma = 1e-3;
        assert!(net_multiplier(gamma, 495, 8, 1.0) < 0.5 * chi_upper_quantile(495, gamma));
        assert!(net_multiplier(gamma, 100_000, 8, 1.0) < 1.5 * net_multiplier(gamma, 495, 8, 1.0));
        assert!(chi_upper_quantile(3, gamma) < net_multiplier(gamma, 3, 2, 1.0));
    }

    #[test]
    fn a_total_weight_error_moves_an_average_over_the_whole_range_at_most() {
        assert_eq!(weight_error_effect(1.0), 1.0);
        assert!((weight_error_effect(0.5) - 0.267_949_192_431_122_7).abs() < 1e-11); // 2 − √3
    }
}
