//! How far a released logit may be from the exact one, for all entries at once.
//!
//! # Derivation
//!
//! All bounds hold together except with probability γ. Targets are logits `g_ij = s·cᵢ·c_j` of the clipped rows cᵢ.
//!
//! *Gram.* `n(n + 1)/2` entries with independent noise `⌊σN⌉ = σN + e`, `|e| ≤ ½`: `ζ = Φ⁻¹(1 − γ/n(n + 1))` covers both sides of
//! each. Rounded rows are within κ of theirs: another `s·κ(2α + κ)`. Integers times a step are rounded, as are ends: 16 times `2⁻⁵²` of
//! what a logit may be.
//!
//! *Sampling.* `Σ̂_ij − Σ_ij` is a sum of weighted `χ² − 1`: k weights `(√(ΣᵢᵢΣ_jj) + Σ_ij)/2k` and as many
//! `−(√(ΣᵢᵢΣ_jj) − Σ_ij)/2k`. By Laurent and Massart (2000, Lemma 1) it is, on each side except with probability `e^{−x}`, within
//!
//! ```text
//! √(2(ΣᵢᵢΣ_jj + Σ_ij²)x/k) + (√(ΣᵢᵢΣ_jj) + |Σ_ij|)x/k        x = ln(n(n + 2)/γ)
//! ```
//!
//! That is n(n + 1) events; another n are those of its arithmetic: let v be the root of Σᵢᵢ and norms those over draws, over √k. Normals are
//! rounded to multiples of `2⁻⁴⁰`, which moves a draw by `2⁻⁴¹√(d + 1)·v`; clipping, √s, √λ and `d + 1` products move it by at most
//! `(2d + 40)·2⁻⁵²·v` times the norm of (z, w), `≤ √(d + 1) + √(2x/k)` (a χ² of k(d + 1) degrees of freedom). With θ for both, draws have
//! norms of at most `Gv`, `G = 1 + √(2x/k) + θ`, and the average of k products, less the ridge, is off by at most
//!
//! ```text
//! Aᵢⱼ = A√(ΣᵢᵢΣ_jj)        A = (2θ + (k + 16)·2⁻⁵²)·G²
//! ```
//!
//! where 16 is for division, ridge and ends of intervals. On the diagonal the lower side is `Σ̂ᵢᵢ ≥ (1 − t)Σᵢᵢ`, `t = 2√(x/k) + A`, so that
//! `g_ii ≤ (ĝ_ii + tλ)/(1 − t)`, in which a large λ does not cancel; and `|g_ij| ≤ √(g_ii·g_jj)`.
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
//!
//! and what `f64` makes of `yᵢ·y_j`, of d products, and of dτ²: `(d + 16)·2⁻⁵²·LᵢL_j` and twice `(d + 16)·2⁻⁵²·Lᵢ²`, with `‖yᵢ‖ ≤ Lᵢ = αᵢ + τχ + κ`
//! and `dτ² ≤ Lᵢ²`. In αᵢ the same stands beside `2τκχ`, with α in Lᵢ.

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
    /// `x/k` and A, with the ridge.
    Sampling { share: f64, arithmetic: f64, ridge: f64 },
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
        let error = (noise_std * normal::upper_quantile(each) + rounding) * OUTWARD;
        Ok(Self::Gram { error: error + 16.0 * f64::EPSILON * (options.max_logit() + error) })
    }

    pub(super) fn sampling(
        options: &SelfAttentionOptions,
        draws: Draws,
        failure: FailureProbability,
    ) -> Self {
        let events = pairs(options) + options.rows() as f64;
        let share = (events / failure.get()).ln() / f64::from(draws.get()) * OUTWARD;
        let arithmetic = sampling_arithmetic(options.dim() as f64, draws, share);
        Self::Sampling { share, arithmetic, ridge: options.ridge() }
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
            Self::Sampling { share, arithmetic, ridge } => {
                let taken = 2.0 * share.sqrt() + arithmetic;
                let square = if taken < 1.0 { (diagonal + taken * ridge) / (1.0 - taken) } else { most };
                square.clamp(0.0, most)
            }
            Self::Rows(rows) => (rows.scale * rows.norm(diagonal / rows.scale).powi(2)).min(most),
        };
        square.sqrt() * OUTWARD
    }

    /// Bound on the error of the logit of two different rows with these [norms](Self::norm).
    pub(super) fn off_diagonal(&self, first: f64, second: f64) -> f64 {
        match *self {
            Self::Gram { error } => error,
            Self::Sampling { share, arithmetic, ridge } => {
                let variances = (first * first + ridge) * (second * second + ridge);
                let covariance = first * second;
                let lower = (2.0 * (variances + covariance * covariance) * share).sqrt();
                (lower + (variances.sqrt() + covariance) * share + variances.sqrt() * arithmetic) * OUTWARD
            }
            Self::Rows(rows) => rows.off_diagonal(first, second),
        }
    }

    /// Bound on the error of a diagonal logit.
    pub(super) fn diagonal(&self, norm: f64) -> f64 {
        match *self {
            Self::Gram { error } => error,
            Self::Sampling { share, arithmetic, ridge } => {
                (norm * norm + ridge) * (2.0 * share.sqrt() + 2.0 * share + arithmetic) * OUTWARD
            }
            Self::Rows(rows) => rows.diagonal(norm),
        }
    }
}

/// A of the module's derivation.
fn sampling_arithmetic(dim: f64, draws: Draws, share: f64) -> f64 {
    /// Half of what normals are multiples of.
    const HALF_STEP: f64 = 1.0 / (1_u64 << 41) as f64;
    let (products, tail) = ((dim + 1.0).sqrt(), (2.0 * share).sqrt());
    let draw = HALF_STEP * products + (2.0 * dim + 40.0) * f64::EPSILON * (products + tail);
    let length = 1.0 + tail + draw;
    (2.0 * draw + (f64::from(draws.get()) + 16.0) * f64::EPSILON) * length * length
}

impl RowDeviation {
    /// `2√(dx)`.
    fn lower(&self) -> f64 {
        2.0 * (self.dim * self.exponent).sqrt()
    }

    /// `τχ`.
    fn longest_noise(&self) -> f64 {
        self.noise_std * (self.dim + self.lower() + 2.0 * self.exponent).sqrt()
    }

    /// `2τκχ + κ²`.
    fn rounding(&self) -> f64 {
        self.rounding * (2.0 * self.longest_noise() + self.rounding)
    }

    /// `s·(d + 16)·2⁻⁵²·LᵢL_j` from `√s·αᵢ` and `√s·α_j`.
    fn arithmetic(&self, first: f64, second: f64) -> f64 {
        let more = self.scale.sqrt() * (self.longest_noise() + self.rounding);
        (self.dim + 16.0) * f64::EPSILON * (first + more) * (second + more)
    }

    /// αᵢ from `‖yᵢ‖² − dτ²`.
    fn norm(&self, square: f64) -> f64 {
        let variance = self.noise_std * self.noise_std;
        let longest = self.scale.sqrt() * self.radius;
        let arithmetic = 2.0 * self.arithmetic(longest, longest) / self.scale;
        let constant = square + variance * self.lower() + self.rounding() + arithmetic;
        let half = self.noise_std * self.multiplier + self.rounding;
        (half + (half * half + constant).max(0.0).sqrt()).min(self.radius)
    }

    fn off_diagonal(&self, first: f64, second: f64) -> f64 {
        let root = self.scale.sqrt();
        let (noise, variance) = (self.noise_std * self.multiplier, self.noise_std * self.noise_std);
        let linear = noise * first.hypot(second) + self.rounding * (first + second);
        let product = variance * ((2.0 * self.dim * self.exponent).sqrt() + self.exponent);
        let rounding = self.scale * self.rounding() + self.arithmetic(first, second);
        (root * linear + self.scale * product + rounding) * OUTWARD
    }

    fn diagonal(&self, norm: f64) -> f64 {
        let linear = 2.0 * norm * (self.noise_std * self.multiplier + self.rounding);
        let product = self.noise_std * self.noise_std * (self.lower() + 2.0 * self.exponent);
        let rounding = self.scale * self.rounding() + 2.0 * self.arithmetic(norm, norm);
        (self.scale.sqrt() * linear + self.scale * product + rounding) * OUTWARD
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
    fn a_large_ridge_leaves_norms_at_the_radius() {
        let draws = Draws::new(1000).unwrap();
        for ridge in [1e10, 1e16, 1e17, 1e30] {
            let options = options().with_ridge(ridge);
            let sampling = Deviation::sampling(&options, draws, gamma());
            for diagonal in [-1e-3 * ridge, 0.0, 0.5] {
                assert!(sampling.norm(&options, diagonal) >= 0.5_f64.sqrt(), "{ridge} {diagonal}");
            }
        }
    }

    #[test]
    fn arithmetic_is_a_small_share_of_all_bars_and_there_without_noise() {
        let rows = Deviation::rows(&options(), (1e-300, 0.0), gamma()).unwrap();
        let logit = 32.0 * f64::EPSILON * 0.5; // (d + 16)·2⁻⁵² of s·α²
        let longest = 0.5_f64.sqrt();
        assert!((rows.off_diagonal(longest, longest) / logit - 1.0).abs() < 1e-8);
        assert!((rows.diagonal(longest) / (2.0 * logit) - 1.0).abs() < 1e-8);
        let share = 1e-3;
        let arithmetic = |draws| sampling_arithmetic(16.0, Draws::new(draws).unwrap(), share);
        assert!(arithmetic(1000) > 1016.0 * f64::EPSILON && arithmetic(1000) < 1e-4 * share);
        // a sum of more draws is rounded more often
        assert!(arithmetic(1 << 30) > 2.0_f64.powi(-22) && arithmetic(1 << 30) < share);
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
