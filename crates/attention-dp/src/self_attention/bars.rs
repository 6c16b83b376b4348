//! How far a released logit may be from the exact one, for all entries at once.
//!
//! # Derivation
//!
//! All bounds hold together except with probability γ. Targets are logits `g_ij = s·cᵢ·c_j` of the clipped rows cᵢ.
//!
//! *Gram.* `n(n + 1)/2` entries with independent noise `⌊σN⌉ = σN + e`, `|e| ≤ ½`: `ζ = Φ⁻¹(1 − γ/n(n + 1))` covers both sides of
//! each. Rounded rows are within κ of theirs: another `s·κ(2α + κ)`.
//!
//! *Sampling.* `Σ̂_ij − Σ_ij` is a sum of weighted `χ² − 1`: k weights `(√(ΣᵢᵢΣ_jj) + Σ_ij)/2k` and as many
//! `−(√(ΣᵢᵢΣ_jj) − Σ_ij)/2k`. By Laurent and Massart (2000, Lemma 1) it is, on each side except with probability `e^{−x}`, within
//!
//! ```text
//! √(2(ΣᵢᵢΣ_jj + Σ_ij²)x/k) + (√(ΣᵢᵢΣ_jj) + |Σ_ij|)x/k        x = ln(n(n + 1)/γ)
//! ```
//!
//! On the diagonal the lower side is `Σ̂ᵢᵢ ≥ (1 − 2√(x/k))Σᵢᵢ`, so that `Σᵢᵢ ≤ Sᵢ`, the smaller of `Σ̂ᵢᵢ/(1 − 2√(x/k))` and
//! `sα² + λ`; and `|Σ_ij| ≤ √((Sᵢ − λ)(S_j − λ))`.
//!
//! *Rows.* Released are `yᵢ = cᵢ + τNᵢ + eᵢ` with `‖eᵢ‖ ≤ κ`. Half of γ is for normal variables, `ζ = Φ⁻¹(1 − γ/2n(n + 1))`:
//! `|cᵢ·N_j + c_j·Nᵢ| ≤ ζ√(‖cᵢ‖² + ‖c_j‖²)` and `|cᵢ·Nᵢ| ≤ ζ‖cᵢ‖`. Half is for their products, `x = ln(2n(n + 1)/γ)` (the same lemma, with d
//! weights ½ and d weights −½, or d weights one): `|Nᵢ·N_j| ≤ √(2dx) + x` and `−2√(dx) ≤ ‖Nᵢ‖² − d ≤ 2√(dx) + 2x`. Then `‖cᵢ‖ ≤ αᵢ`, the smaller
//! of α and the larger root of `t² − 2t(τζ + κ) = ‖yᵢ‖² − τ²(d − 2√(dx)) + 2τκχ`, `χ² = d + 2√(dx) + 2x`, and, divided by s, the errors are at most
//!
//! ```text
//! |yᵢ·y_j − cᵢ·c_j|        ≤ τζ√(αᵢ² + α_j²) + κ(αᵢ + α_j) + τ²(√(2dx) + x) + 2τκχ + κ²
//! |‖yᵢ‖² − dτ² − ‖cᵢ‖²|    ≤ 2αᵢ(τζ + κ) + τ²(2√(dx) + 2x) + 2τκχ + κ²
//! ```

use super::options::SelfAttentionOptions;
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::{Error as MechanismError, FailureProbability, normal};

/// Covers the rounding of a few operations and of the logarithm, which no standard library bounds, with room to spare.
const OUTWARD: f64 = 1.0 + 1e-9;

/// What the failure probability becomes for one route.
#[derive(Debug, Clone, Copy)]
pub(super) enum Deviation {
    /// Every entry within this.
    Gram { error: f64 },
    /// `x/k`, with the ridge and the largest variance `sα² + λ`.
    Sampling { share: f64, ridge: f64, largest: f64 },
    /// Noise on rows.
    Rows(RowDeviation),
}

/// The quantities of the module's derivation.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowDeviation {
    scale: f64,
    radius: f64,
    dim: f64,
    noise_std: f64,
    rounding: f64,
    multiplier: f64,
    exponent: f64,
}

fn pairs(options: &SelfAttentionOptions) -> f64 {
    options.rows() as f64 * (options.rows() as f64 + 1.0)
}

impl Deviation {
    pub(super) fn gram(
        options: &SelfAttentionOptions,
        (noise_std, rounding): (f64, f64),
        failure: FailureProbability,
    ) -> Result<Self, MechanismError> {
        let each = FailureProbability::new(failure.get() / pairs(options))?;
        Ok(Self::Gram { error: (noise_std * normal::upper_quantile(each) + rounding) * OUTWARD })
    }

    pub(super) fn sampling(
        options: &SelfAttentionOptions,
        draws: Draws,
        failure: FailureProbability,
    ) -> Self {
        let exponent = (pairs(options) / failure.get()).ln();
        let ridge = options.ridge();
        let largest = options.max_logit() + ridge;
        Self::Sampling { share: exponent / f64::from(draws.get()) * OUTWARD, ridge, largest }
    }

    pub(super) fn rows(
        options: &SelfAttentionOptions,
        (noise_std, rounding): (f64, f64),
        failure: FailureProbability,
    ) -> Result<Self, MechanismError> {
        let each = FailureProbability::new(0.5 * failure.get() / pairs(options))?;
        Ok(Self::Rows(RowDeviation {
            scale: options.softmax_scale(),
            radius: options.radius(),
            dim: options.dim() as f64,
            noise_std,
            rounding,
            multiplier: normal::upper_quantile(each),
            exponent: -each.get().ln(),
        }))
    }

    /// Upper bound on `√s·‖cᵢ‖` from the released logit `g_ii`, whatever it is.
    pub(super) fn norm(&self, options: &SelfAttentionOptions, diagonal: f64) -> f64 {
        let most = options.max_logit();
        let square = match *self {
            Self::Gram { error } => (diagonal + error).clamp(0.0, most),
            Self::Sampling { share, ridge, largest } => {
                let shrink = 1.0 - 2.0 * share.sqrt();
                let variance = if shrink > 0.0 { (diagonal + ridge) / shrink } else { largest };
                (variance.min(largest) - ridge).clamp(0.0, most)
            }
            Self::Rows(rows) => (rows.scale * rows.norm(diagonal / rows.scale).powi(2)).min(most),
        };
        square.sqrt() * OUTWARD
    }

    /// Bound on the error of the logit of two different rows with these [norms](Self::norm).
    pub(super) fn off_diagonal(&self, first: f64, second: f64) -> f64 {
        match *self {
            Self::Gram { error } => error,
            Self::Sampling { share, ridge, .. } => {
                let variances = (first * first + ridge) * (second * second + ridge);
                let covariance = first * second;
                let lower = (2.0 * (variances + covariance * covariance) * share).sqrt();
                (lower + (variances.sqrt() + covariance) * share) * OUTWARD
            }
            Self::Rows(rows) => rows.off_diagonal(first, second),
        }
    }

    /// Bound on the error of a diagonal logit.
    pub(super) fn diagonal(&self, norm: f64) -> f64 {
        match *self {
            Self::Gram { error } => error,
            Self::Sampling { share, ridge, .. } => {
                (norm * norm + ridge) * (2.0 * share.sqrt() + 2.0 * share) * OUTWARD
            }
            Self::Rows(rows) => rows.diagonal(norm),
        }
    }
}

impl RowDeviation {
    /// `2√(dx)`.
    fn lower(&self) -> f64 {
        2.0 * (self.dim * self.exponent).sqrt()
    }

    /// `2τκχ + κ²`.
    fn rounding(&self) -> f64 {
        let longest = (self.dim + self.lower() + 2.0 * self.exponent).sqrt();
        self.rounding * (2.0 * self.noise_std * longest + self.rounding)
    }

    /// αᵢ from `‖yᵢ‖² − dτ²`.
    fn norm(&self, square: f64) -> f64 {
        let variance = self.noise_std * self.noise_std;
        let constant = square + variance * self.lower() + self.rounding();
        let half = self.noise_std * self.multiplier + self.rounding;
        (half + (half * half + constant).max(0.0).sqrt()).min(self.radius)
    }

    fn off_diagonal(&self, first: f64, second: f64) -> f64 {
        let root = self.scale.sqrt();
        let (noise, variance) = (self.noise_std * self.multiplier, self.noise_std * self.noise_std);
        let linear = noise * first.hypot(second) + self.rounding * (first + second);
        let product = variance * ((2.0 * self.dim * self.exponent).sqrt() + self.exponent);
        (root * linear + self.scale * (product + self.rounding())) * OUTWARD
    }

    fn diagonal(&self, norm: f64) -> f64 {
        let linear = 2.0 * norm * (self.noise_std * self.multiplier + self.rounding);
        let product = self.noise_std * self.noise_std * (self.lower() + 2.0 * self.exponent);
        (self.scale.sqrt() * linear + self.scale * (product + self.rounding())) * OUTWARD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> SelfAttentionOptions {
        SelfAttentionOptions::new(50, 16, 1.0).unwrap().with_softmax_scale(0.5)
    }

    fn gamma() -> FailureProbability {
        FailureProbability::new(0.01).unwrap()
    }

    #[test]
    fn short_rows_have_narrower_bars_where_noise_is_relative() {
        let rows = Deviation::rows(&options(), (0.01, 0.0), gamma()).unwrap();
        let sampling = Deviation::sampling(&options(), Draws::new(10_000).unwrap(), gamma());
        for deviation in [rows, sampling] {
            let (long, short) = (deviation.norm(&options(), 0.5), deviation.norm(&options(), 0.05));
            assert!(short < long && long <= 0.5_f64.sqrt() * 1.001);
            assert!(deviation.off_diagonal(short, short) < 0.8 * deviation.off_diagonal(long, long));
            assert!(deviation.diagonal(short) < deviation.diagonal(long));
        }
    }

    #[test]
    fn norms_are_never_beyond_the_radius_nor_below_what_is_possible() {
        let rows = Deviation::rows(&options(), (3.0, 0.0), gamma()).unwrap();
        let few = Deviation::sampling(&options(), Draws::new(1).unwrap(), gamma());
        let gram = Deviation::gram(&options(), (5.0, 0.0), gamma()).unwrap();
        for deviation in [rows, few, gram] {
            for diagonal in [-1e6, -0.1, 0.0, 0.3, 1e6] {
                let norm = deviation.norm(&options(), diagonal);
                assert!((0.0..=0.5_f64.sqrt() * 1.001).contains(&norm), "{deviation:?} {diagonal}: {norm}");
            }
        }
    }
}
