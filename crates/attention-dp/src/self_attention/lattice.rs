//! Lattices of rows and of logits, and how far the integers on them move: each bound beside its proof.

use super::options::{SelfAttentionAdjacency, SelfAttentionOptions};
use crate::error::Error;
use crate::private::{ceil_log2, clip_margin, power_of_two};
use dp_mechanisms::selection::ScoreSensitivity;
use dp_mechanisms::{Lattice, LatticeL2Sensitivity};

/// Covers the roundings of the few operations that follow it, with room to spare.
const OUTWARD: f64 = 1.0 + 1e-12;

/// Integer rows `x̃ = ⌊2ᵉ·x⌉` and what holds for them under an adjacency.
///
/// # Sensitivity
///
/// Let α be the radius, b how far a clipped row moves and m the relative error of clipping. Rounding moves each of the d
/// coordinates by at most ½, so that
///
/// ```text
/// ‖x̃‖² ≤ A² = (2ᵉα(1 + m) + ½√d)²          ‖x̃ − x̃'‖² ≤ D² = (2ᵉ(b + 2αm) + √d)²,   D ≤ 2A
/// ```
///
/// Both are integers, so that the floor of a bound is a bound. The √d does not vanish with b: that is why the lattice is
/// finer than b by a factor.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowLattice<A> {
    adjacency: A,
    exponent: i32,
    rows: usize,
    squared_norm: u128,
    squared_displacement: u128,
    /// Largest distance between an exactly clipped row and its integers, in units of data.
    rounding: f64,
    noise_rounding: f64,
}

/// How many lattice steps a displacement takes for each √d, as a power of two: `2⁻ᵇⁱᵗˢ` of the sensitivity is rounding.
const ROW_BITS: i32 = 20;
const GRAM_BITS: i32 = 10;
/// Largest radius in lattice steps, as a power of two: rows are `f64` of 53 bits.
const ROW_RADIUS_BITS: i32 = 48;
/// Products of two rows and sums of a few of them stay below 2⁵³.
const GRAM_RADIUS_BITS: i32 = 23;

impl<A: SelfAttentionAdjacency> RowLattice<A> {
    /// For noise on the rows.
    pub(super) fn of_rows(options: &SelfAttentionOptions, adjacency: A) -> Self {
        Self::fitting(options, adjacency, (ROW_BITS, ROW_RADIUS_BITS))
    }

    /// For noise on the Gram matrix: coarser, because noise on products is counted in products of steps.
    pub(super) fn of_gram(options: &SelfAttentionOptions, adjacency: A) -> Self {
        Self::fitting(options, adjacency, (GRAM_BITS, GRAM_RADIUS_BITS))
    }

    /// For scores, to which no noise is added: as fine as products allow.
    pub(super) fn of_scores(options: &SelfAttentionOptions, adjacency: A) -> Self {
        Self::with_exponent(options, adjacency, GRAM_RADIUS_BITS - ceil_log2(options.radius()))
    }

    fn fitting(options: &SelfAttentionOptions, adjacency: A, (bits, radius_bits): (i32, i32)) -> Self {
        let displacement = adjacency.displacement(options.radius());
        let fine = bits + ceil_log2(((options.dim() as f64).sqrt() / displacement).clamp(1e-300, 1e300));
        let finest = radius_bits - ceil_log2(options.radius());
        Self::with_exponent(options, adjacency, fine.min(finest))
    }

    fn with_exponent(options: &SelfAttentionOptions, adjacency: A, exponent: i32) -> Self {
        let (radius, dim) = (options.radius(), options.dim());
        let (margin, root) = (clip_margin(dim), (dim as f64).sqrt());
        let steps = |x: f64| x * power_of_two(exponent);
        let square = |x: f64| (x * OUTWARD * (x * OUTWARD)).floor() as u128;
        let squared_norm = square(steps(radius) * (1.0 + margin) + 0.5 * root);
        let moved = adjacency.displacement(radius) + 2.0 * radius * margin;
        let half_steps = 0.5 * root * power_of_two(-exponent) * OUTWARD;
        Self {
            adjacency,
            exponent,
            rows: options.rows(),
            squared_norm,
            squared_displacement: square(steps(moved) + root).min(4 * squared_norm),
            rounding: half_steps + radius * margin * OUTWARD,
            noise_rounding: half_steps,
        }
    }

    /// Rows are multiplied by 2 to this power.
    pub(super) const fn exponent(&self) -> i32 {
        self.exponent
    }

    /// The step of a row, in units of data.
    pub(super) fn step(&self) -> f64 {
        power_of_two(-self.exponent)
    }

    /// `A²`.
    pub(super) const fn squared_norm(&self) -> u128 {
        self.squared_norm
    }

    /// `‖2⁻ᵉ(x̃ + ⌊σN⌉) − x − 2⁻ᵉσN‖` is at most this: noise is rounded like rows are.
    pub(super) fn rounding_with_noise(&self) -> f64 {
        self.rounding + self.noise_rounding
    }

    /// Standard deviation of noise on integer products, in units of logits, and how far logits are off beside it.
    pub(super) fn logit_noise(&self, options: &SelfAttentionOptions, noise_std: f64) -> (f64, f64) {
        let unit = options.softmax_scale() * self.step() * self.step();
        let products = options.softmax_scale() * self.rounding * (2.0 * options.radius() + self.rounding);
        (unit * noise_std, products + 0.5 * unit)
    }

    /// The lattice of rows.
    pub(super) fn row_lattice(&self) -> Result<Lattice, Error> {
        Ok(Lattice::new(-self.exponent)?)
    }

    /// The lattice of products of rows.
    pub(super) fn gram_lattice(&self) -> Result<Lattice, Error> {
        Ok(Lattice::new(-2 * self.exponent)?)
    }

    /// How far all rows together move: one of them by D.
    pub(super) fn row_sensitivity(&self) -> Result<LatticeL2Sensitivity<A>, Error> {
        Ok(LatticeL2Sensitivity::from_square(self.squared_displacement, self.adjacency)?)
    }

    /// How far the triangle of `X̃X̃ᵀ` moves: `Δ² = (n − 1)A²D² + D²(2A − D)²`.
    ///
    /// *Proof.* Let row q become `q' = q + δ`, `t = ‖δ‖ ≤ D`. The `n − 1` entries `x̃ᵢ·q` move by `|x̃ᵢ·δ| ≤ At` each. The
    /// entry `‖q‖²` moves by at most `t(2A − t)`: let `‖q'‖ ≤ A` be the longer one; then `‖q‖ ≥ |A − t|` where `‖q'‖ = A`, and
    /// `‖q'‖² − ‖q‖² ≤ ‖q'‖² − (‖q'‖ − t)² = t(2‖q'‖ − t)`, which rises with `‖q'‖`. The sum
    /// `t²((n − 1)A² + (2A − t)²)` rises in t up to 2A: its derivative is `2t((n − 1)A² + (2A − t)(2A − 2t))`, and the last product
    /// is at least `−A²/2`. Rows that are multiples of one unit vector attain it. ∎
    ///
    /// In integers `t(2A − t) ≤ ⌈2√(A²D²)⌉ − D²` at `t = D`.
    pub(super) fn gram_sensitivity(&self) -> Result<LatticeL2Sensitivity<A>, Error> {
        let (norm, moved) = (self.squared_norm, self.squared_displacement);
        let overflow = || dp_mechanisms::Error::SensitivityOverflow { left: norm, right: moved };
        let product = norm.checked_mul(moved).ok_or_else(overflow)?;
        let others = product.checked_mul(self.rows as u128 - 1).ok_or_else(overflow)?;
        let diagonal = product.checked_mul(4).ok_or_else(overflow)?.isqrt() + 1;
        let diagonal = diagonal.saturating_sub(moved);
        let square = diagonal.checked_mul(diagonal).and_then(|square| others.checked_add(square));
        Ok(LatticeL2Sensitivity::from_square(square.ok_or_else(overflow)?, self.adjacency)?)
    }

    /// How far scores `x̃ᵢ·q` of one query row q move, against each other: `D·max{2A, 3A − D}`, as twice the steps.
    ///
    /// *Proof.* If another row than the query moves by δ, one score moves by at most `A·t`. If the query itself moves, the other
    /// scores move by `x̃ᵢ·δ ∈ ±At`, apart by at most 2At, and its own by at most `t(2A − t)` (above): apart from those by
    /// `t(3A − t)`. The larger of both rises in t, since `t(3A − t)` falls only beyond `1.5A`, where it is below 2At. Attained by
    /// `q' = Ae, q = (A − D)e` and a row `−Ae`. ∎ The usual `2Δ` with `Δ = 2AD` for the own score would be `4AD`.
    pub(super) fn score_sensitivity(&self) -> Result<ScoreSensitivity<A>, Error> {
        let (norm, moved) = (self.squared_norm, self.squared_displacement);
        // 2AD and 3AD − D², rounded up
        let product = 4 * norm * moved;
        let (two, three) = (product.isqrt() + 1, ((9 * norm * moved).isqrt() + 1).saturating_sub(moved));
        let steps = two.max(three).div_ceil(2);
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        Ok(ScoreSensitivity::new(steps, self.adjacency)?)
    }
}

/// Largest relative increase of an eigenvalue of `Σ = YYᵀ + λI` when a row of `Y = √s·X` moves by `b = √s·displacement`:
/// `μ = r²/2 + r√(1 + r²/4)`, `r = b/√λ`; the only other eigenvalue that changes falls, by at most `μ/(1 + μ)`.
///
/// *Proof.* With `Y = Y' + e_jδᵀ`, `Σ − Σ' = e_jδᵀY'ᵀ + Y'δe_jᵀ + ‖δ‖²e_je_jᵀ`. Let `T = Σ'^{−1/2}[Y', √λ·I]`, so that `TTᵀ = I`, and
/// let Q have the orthonormal columns `(0, e_j)` and `(δ/‖δ‖, 0)`. Then
///
/// ```text
/// Σ'^{−1/2}(Σ − Σ')Σ'^{−1/2} = C K Cᵀ,   C = TQ,   CᵀC ⪯ I,   K = (r², r; r, 0)   at r = ‖δ‖/√λ
/// ```
///
/// Its eigenvalues other than zero are those of `K·CᵀC`, which by Ostrowski's theorem are those of K, each times a number
/// from [0, 1]: one in `[0, μ]` and one in `[−μ/(1 + μ), 0]`, as `det(I + K) = 1` and `tr K = r²`. They are the changes of the
/// eigenvalues of `Σ^{1/2}Σ'⁻¹Σ^{1/2}`, which is similar to `Σ'^{−1/2}ΣΣ'^{−1/2}`. The other order is the same statement about
/// (Σ', Σ). `√(‖K‖_F²) = √(2r² + r⁴)` bounds the Frobenius change. ∎
pub(super) fn eigenvalue_change(options: &SelfAttentionOptions, displacement: f64) -> f64 {
    let square = options.softmax_scale() * displacement * displacement / options.ridge() * OUTWARD;
    (0.5 * square + square.sqrt() * (1.0 + 0.25 * square).sqrt()) * OUTWARD
}

/// The published bound on the Frobenius change, `M ≤ αβ√(2n + 2)/λ`: the norm of `Σ − Σ'` over the least eigenvalue.
pub(super) fn published_change(options: &SelfAttentionOptions, displacement: f64) -> f64 {
    let norm = options.softmax_scale() * options.radius() * displacement;
    norm * (2.0 * options.rows() as f64 + 2.0).sqrt() / options.ridge() * OUTWARD
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_mechanisms::selection::ScoreMovement;
    use dp_mechanisms::{PerturbRow, ReplaceRow};

    fn options() -> SelfAttentionOptions {
        SelfAttentionOptions::new(10, 4, 1.0).unwrap()
    }

    #[test]
    fn a_replaced_row_moves_by_the_diameter_of_the_integer_ball() {
        let lattice = RowLattice::of_gram(&options(), ReplaceRow);
        assert_eq!(lattice.squared_displacement, 4 * lattice.squared_norm);
        let sensitivity = lattice.gram_sensitivity().unwrap();
        // the diagonal entry cannot move when q' = −q: Δ² = 4(n − 1)A⁴, but for the rounding of a root
        let exact = 4 * 9 * lattice.squared_norm.pow(2);
        assert!((exact..=exact + 1).contains(&sensitivity.square()));
        // 2AD = 4A² in twice the steps
        let score = RowLattice::of_scores(&options(), ReplaceRow);
        let spread = u128::from(score.score_sensitivity().unwrap().spread());
        assert!((4 * score.squared_norm..=4 * score.squared_norm + 2).contains(&spread));
    }

    #[test]
    fn small_displacements_cost_little_more_than_real_ones() {
        for beta in [0.3, 0.01, 1e-4] {
            let close = PerturbRow::new(beta).unwrap();
            let lattice = RowLattice::of_gram(&options(), close);
            let real = beta * ((10.0 - 1.0) + (2.0 - beta) * (2.0 - beta)).sqrt();
            let unit = 4.0_f64.powi(lattice.exponent());
            let ratio = lattice.gram_sensitivity().unwrap().l2() / (real * unit);
            // rounding is 2⁻¹⁰ of the displacement, or √d steps of 2⁻²³
            assert!(ratio > 1.0 && ratio < 1.004, "{beta}: {ratio}");
            let rows = RowLattice::of_rows(&options(), close);
            let ratio = rows.row_sensitivity().unwrap().l2() * rows.step() / beta;
            assert!(ratio > 1.0 && ratio < 1.0 + 3e-6, "{beta}: {ratio}");
        }
    }

    #[test]
    fn the_eigenvalue_changes_are_reciprocal() {
        for displacement in [1e-3, 0.1, 2.0, 50.0] {
            let r = displacement * (options().softmax_scale() / options().ridge()).sqrt();
            let t = 1.0 + eigenvalue_change(&options(), displacement);
            // t + 1/t = 2 + r²
            assert!(((t + 1.0 / t - 2.0) / (r * r) - 1.0).abs() < 1e-8, "{displacement}");
        }
    }
}
