//! Lattices of rows and of logits, and how far integer logits move: each bound beside its proof.

use super::options::SelfAttentionOptions;
use crate::error::Error;
use dp_mechanisms::rows::{FixedSizeAdjacency, RowLattice, clip_margin};
use dp_mechanisms::selection::SpreadSensitivity;
use dp_mechanisms::{Lattice, LatticeL2Sensitivity};

/// Covers the roundings of the few operations that follow it, with room to spare.
const OUTWARD: f64 = 1.0 + 1e-12;

/// Integer rows and their products, and what holds for them under an adjacency.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogitLattice<A> {
    integers: RowLattice<A>,
    rows: usize,
}

/// How many lattice steps a displacement takes for each √d, as a power of two: `2⁻ᵇⁱᵗˢ` of the sensitivity is rounding.
const ROW_BITS: u8 = 20;
const GRAM_BITS: u8 = 10;
/// Largest radius in lattice steps, as a power of two: rows are `f64` of 53 bits.
const ROW_RADIUS_BITS: u8 = 48;
/// Products of two rows and sums of a few of them stay below 2⁵³.
const GRAM_RADIUS_BITS: u8 = 23;

impl<A: FixedSizeAdjacency> LogitLattice<A> {
    /// For noise on the rows.
    pub(super) fn of_rows(options: &SelfAttentionOptions, adjacency: A) -> Self {
        Self::new(options, RowLattice::fitting(adjacency, options.ball(), (ROW_BITS, ROW_RADIUS_BITS)))
    }

    /// For noise on the Gram matrix: coarser, because noise on products is counted in products of steps.
    pub(super) fn of_gram(options: &SelfAttentionOptions, adjacency: A) -> Self {
        Self::new(options, RowLattice::fitting(adjacency, options.ball(), (GRAM_BITS, GRAM_RADIUS_BITS)))
    }

    /// For scores, to which no noise is added: as fine as products allow.
    pub(super) fn of_scores(options: &SelfAttentionOptions, adjacency: A) -> Self {
        Self::new(options, RowLattice::finest(adjacency, options.ball(), GRAM_RADIUS_BITS))
    }

    const fn new(options: &SelfAttentionOptions, integers: RowLattice<A>) -> Self {
        Self { integers, rows: options.rows() }
    }

    /// The lattice of single rows.
    pub(super) const fn integers(&self) -> &RowLattice<A> {
        &self.integers
    }

    /// `‖2⁻ᵉ(x̃ + ⌊σN⌉) − x − 2⁻ᵉσN‖` is at most this: noise is rounded like rows are.
    pub(super) fn rounding_with_noise(&self) -> f64 {
        self.integers.rounding() + self.integers.half_steps()
    }

    /// Standard deviation of noise on integer products, in units of logits, and how far logits are off beside it.
    pub(super) fn logit_noise(&self, options: &SelfAttentionOptions, noise_std: f64) -> (f64, f64) {
        let (step, rounding) = (self.integers.step(), self.integers.rounding());
        let unit = options.softmax_scale() * step * step;
        let products = options.softmax_scale() * rounding * (2.0 * options.radius() + rounding);
        (unit * noise_std, products + 0.5 * unit)
    }

    /// The lattice of products of rows.
    pub(super) fn gram_lattice(&self) -> Result<Lattice, Error> {
        Ok(Lattice::new(-2 * self.integers.exponent())?)
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
        let (norm, moved) = (self.integers.squared_norm(), self.integers.squared_displacement());
        let overflow = || dp_mechanisms::Error::SensitivityOverflow { left: norm, right: moved };
        let product = norm.checked_mul(moved).ok_or_else(overflow)?;
        let others = product.checked_mul(self.rows as u128 - 1).ok_or_else(overflow)?;
        let diagonal = product.checked_mul(4).ok_or_else(overflow)?.isqrt() + 1;
        let diagonal = diagonal.saturating_sub(moved);
        let square = diagonal.checked_mul(diagonal).and_then(|square| others.checked_add(square));
        Ok(LatticeL2Sensitivity::from_square(square.ok_or_else(overflow)?, self.integers.adjacency())?)
    }

    /// How far scores `x̃ᵢ·q` of one query row q move: each by `D·max{A, 2A − D}`, and two against each other by `D·max{2A, 3A − D}`.
    ///
    /// *Proof.* If another row than the query moves by δ, one score moves by at most `A·t`. If the query itself moves, the other
    /// scores move by `x̃ᵢ·δ ∈ ±At`, apart by at most 2At, and its own by at most `t(2A − t)` (above): apart from those by
    /// `t(3A − t)`. The larger of both rises in t, since `t(3A − t)` falls only beyond `1.5A`, where it is below 2At; so does the
    /// larger of At and `t(2A − t)`, which falls only beyond A, where it is below At. Attained by `q' = Ae, q = (A − D)e`, `D ≤ A`, and a
    /// row `−Ae`. ∎ Twice the movement of each would be `2D(2A − D)` for small D: about 4AD where this is 3AD.
    pub(super) fn score_sensitivity(&self) -> Result<SpreadSensitivity<A>, Error> {
        let (norm, moved) = (self.integers.squared_norm(), self.integers.squared_displacement());
        let overflow = || dp_mechanisms::Error::SensitivityOverflow { left: norm, right: moved };
        let product = norm.checked_mul(moved).ok_or_else(overflow)?;
        // jAD, rounded up
        let times = |j: u128| Some(product.checked_mul(j * j)?.isqrt() + 1);
        let [one, two, three] = [times(1), times(2), times(3)].map(|steps| steps.ok_or_else(overflow));
        let (one, two, three) = (one?, two?, three?);
        let each = one.max(two.saturating_sub(moved));
        // at most twice the movement of each, also after rounding
        let spread = two.max(three.saturating_sub(moved)).min(2 * each);
        let steps = |steps: u128| u64::try_from(steps).map_err(|_| overflow());
        Ok(SpreadSensitivity::new(steps(each)?, steps(spread)?, self.integers.adjacency())?)
    }
}

/// How far rows of `√s·X` as computed move, and what rounding is beside that.
#[derive(Debug, Clone, Copy)]
pub(super) struct ComputedRows {
    /// Bound on the move of a row, over √s.
    pub(super) displacement: f64,
    /// Bound on its norm, over √s.
    pub(super) norm: f64,
}

/// What rounding may be of what it is compared with.
const NEGLIGIBLE: f64 = 1.0 / 1024.0;

impl ComputedRows {
    /// Refuses moves and ridges that are not well above rounding, by public numbers.
    ///
    /// *Proof.* Let m be the [clip margin](clip_margin). A clipped row is within `αm` of its projection. Each entry of it times √s is rounded by
    /// `2⁻⁵³` of itself, and √s is one number for all of them. So computed rows have norm at most `√sα(1 + m + 2⁻⁵²)` and move by at most
    /// `√s(b + 2α(m + 2⁻⁵²))`: that is the move that is charged. An entry of a draw is a sum of `d + 1` products with normals (z, w), and is rounded by at most
    /// `m√(sα² + λ)·‖(z, w)‖`: far below the part `√λ·w` of it, and, as only one row of roundings changes between neighbours, together with the
    /// rounding of rows far below what a move does, `√s·b·z`. ∎
    pub(super) fn new<A: FixedSizeAdjacency>(
        options: &SelfAttentionOptions,
        adjacency: A,
    ) -> Result<Self, Error> {
        let (radius, displacement) = (options.radius(), adjacency.displacement(options.radius()));
        let margin = clip_margin(options.dim());
        let rounding = 2.0 * radius * (margin + f64::EPSILON);
        // over √s, as all numbers here
        let noise = (options.ridge() / options.softmax_scale()).sqrt();
        let drawn = margin * radius.hypot(noise);
        if drawn <= NEGLIGIBLE * noise && rounding + drawn <= NEGLIGIBLE * displacement {
            let norm = radius * (1.0 + margin + f64::EPSILON);
            return Ok(Self { displacement: displacement + rounding, norm });
        }
        Err(Error::LostInRounding { displacement, ridge: options.ridge(), radius })
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
pub(super) fn published_change(options: &SelfAttentionOptions, rows: ComputedRows) -> f64 {
    let norm = options.softmax_scale() * rows.norm * rows.displacement;
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
        let lattice = LogitLattice::of_gram(&options(), ReplaceRow);
        assert_eq!(lattice.integers.squared_displacement(), 4 * lattice.integers.squared_norm());
        let sensitivity = lattice.gram_sensitivity().unwrap();
        // the diagonal entry cannot move when q' = −q: Δ² = 4(n − 1)A⁴, but for the rounding of a root
        let exact = 4 * 9 * lattice.integers.squared_norm().pow(2);
        assert!((exact..=exact + 1).contains(&sensitivity.square()));
        // AD = 2A² each, 2AD against each other, and one step of rounding up
        let score = LogitLattice::of_scores(&options(), ReplaceRow);
        let (norm, moves) = (score.integers.squared_norm(), score.score_sensitivity().unwrap());
        assert_eq!((u128::from(moves.get()), u128::from(moves.spread())), (2 * norm + 1, 4 * norm + 1));
    }

    #[test]
    fn the_own_score_of_a_query_moves_farther_than_half_the_spread() {
        for beta in [1e-6, 0.1, 0.9, 1.0, 1.2, 1.9] {
            let score = LogitLattice::of_scores(&options(), PerturbRow::new(beta).unwrap());
            let moves = score.score_sensitivity().unwrap();
            let (unit, d) = (score.integers.norm(), score.integers.displacement());
            let step = score.integers.step() * score.integers.step();
            let (each, spread) = (unit.max(2.0 * unit - d) * d, (2.0 * unit).max(3.0 * unit - d) * d);
            // one step of rounding up, and the roundings of this line
            for (found, exact) in [(moves.get(), each), (moves.spread(), spread)] {
                let found = found as f64 * step;
                assert!(
                    found >= exact * (1.0 - 1e-11) && found <= exact * (1.0 + 1e-11) + 2.0 * step,
                    "{beta}"
                );
            }
        }
    }

    #[test]
    fn small_displacements_cost_little_more_than_real_ones() {
        for beta in [0.3, 0.01, 1e-4] {
            let close = PerturbRow::new(beta).unwrap();
            let lattice = LogitLattice::of_gram(&options(), close);
            let real = beta * ((10.0 - 1.0) + (2.0 - beta) * (2.0 - beta)).sqrt();
            let unit = 4.0_f64.powi(lattice.integers.exponent());
            let ratio = lattice.gram_sensitivity().unwrap().l2() / (real * unit);
            // rounding is 2⁻¹⁰ of the displacement, or √d steps of 2⁻²³
            assert!(ratio > 1.0 && ratio < 1.004, "{beta}: {ratio}");
            let rows = LogitLattice::of_rows(&options(), close);
            let ratio = rows.integers.l2_sensitivity().unwrap().l2() * rows.integers.step() / beta;
            assert!(ratio > 1.0 && ratio < 1.0 + 3e-6, "{beta}: {ratio}");
        }
    }

    #[test]
    fn clipping_and_rounding_are_charged_and_far_below_what_is_sampled() {
        let computed = |options: SelfAttentionOptions, beta| {
            ComputedRows::new(&options, PerturbRow::new(beta).unwrap()).map(|rows| rows.displacement)
        };
        // 2α(m + 2⁻⁵²), m = 20·2⁻⁵², and the rounding of a sum
        let charged = computed(options(), 1e-6).unwrap() - 1e-6;
        assert!((charged / (42.0 * f64::EPSILON) - 1.0).abs() < 1e-6, "{charged}");
        for options in [options(), options().with_ridge(1e-20), options().with_ridge(1e6)] {
            assert!(computed(options, 1e-3).is_ok());
        }
        for (options, beta) in
            [(options(), 1e-11), (options().with_ridge(1e-24), 1e-3), (options().with_ridge(1e18), 1e-3)]
        {
            assert!(matches!(computed(options, beta), Err(Error::LostInRounding { .. })), "{options:?}");
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
