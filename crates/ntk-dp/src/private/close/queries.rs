//! Kernel values of new points with private ones, query by query: exact integers, and bounded noise.

use super::floats::{ceil_log2, power_of_two};
use super::labels::Labels;
use super::lattice::{encoded, query_lattice};
use super::model::DualCoefficients;
use super::options::CloseOptions;
use super::points::PrivatePoints;
use crate::error::{check_len, check_rows};
use crate::kernel::Form;
use crate::{Error, claims};
use core::fmt;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::rows::{FixedSizeAdjacency, RowLattice};
use dp_mechanisms::{
    Delta, Epsilon, Error as MechanismError, Lattice, LatticeL1Sensitivity, LatticeStatistic, LatticeVector,
    PrivacyProfile, Release, TruncatedLaplace,
};
use rand::CryptoRng;

/// What one query may cost, and how many there may be.
///
/// ```
/// use dp_mechanisms::{Delta, Epsilon};
/// use ntk_dp::private::close::QueryBudget;
///
/// let budget = QueryBudget::new(20, Epsilon::new(0.05)?, Delta::new(1e-8)?);
/// assert_eq!(budget.queries(), 20);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueryBudget {
    queries: u32,
    epsilon: Epsilon,
    delta: Delta,
}

impl QueryBudget {
    /// So many queries of (ε, δ) *each*. What they cost together is [`PrivateQueries::guarantee`].
    #[must_use]
    pub const fn new(queries: u32, epsilon: Epsilon, delta: Delta) -> Self {
        Self { queries, epsilon, delta }
    }

    /// Number of queries.
    #[must_use]
    pub const fn queries(&self) -> u32 {
        self.queries
    }
}

/// Private points that answer a limited number of queries: `K(x, xᵢ) = σ²⟨x, xᵢ⟩²` for all i, or predictions `Σᵢ αᵢK(x, xᵢ)`.
///
/// A [`SampledGram`](super::SampledGram) has no place for new points. Whatever is computed from exact kernel values with private points is a
/// release of its own, and so is each answer here, with truncated Laplace noise. The noise of a prediction is that of its largest
/// coefficient; a row of kernel values has as much noise in every entry, so that a prediction made of it is `√n` times as noisy.
///
/// # Guarantee
/// Each answer is (ε, δ)-differentially private for the adjacency of the points, [`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice): integers
/// `⌊⟨x̃, x̃ᵢ⟩²·2⁻ˢ⌋`, of which one moves, by at most `⌈Q²D(2A − D)·2⁻ˢ⌉` (docs/theorems.md, *Close points*). All of them together have
/// [`guarantee`](Self::guarantee), also if queries and coefficients depend on earlier answers.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{Delta, Epsilon, PerturbRow, secure_rng};
/// use ntk_dp::{Error, Kernel, private::close::{CloseOptions, PrivatePoints, PrivateQueries, QueryBudget}};
///
/// let points = Mat::from_fn(30, 2, |i, j| ((1 + i * (j + 2)) as f64).sin() / 2.0);
/// let options = CloseOptions::new(Kernel::quadratic(1.0)?, (30, 2), 1.0)?;
/// let private = PrivatePoints::new(PerturbRow::new(1e-3)?, points.as_ref());
/// let budget = QueryBudget::new(1, Epsilon::new(0.5)?, Delta::new(1e-8)?);
/// let mut queries = PrivateQueries::new(private, &options, budget)?;
/// let (query, rng) = ([0.6, 0.8], &mut secure_rng()?);
///
/// let row = queries.kernel_row(&query, rng)?;
/// let exact = (0.6 * points[(3, 0)] + 0.8 * points[(3, 1)]).powi(2);
/// assert!((row.value()[3] - exact).abs() < 0.08); // bounded noise: 4e-3·ln(1 + (e^½ − 1)/2e-8) = 0.069
/// assert_eq!(queries.kernel_row(&query, rng).map(|_| ()), Err(Error::QueriesSpent { allowed: 1 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrivateQueries<A> {
    integers: Vec<i64>,
    lattice: RowLattice<A>,
    rows: usize,
    weight_variance: f64,
    mechanism: TruncatedLaplace<A>,
    budget: QueryBudget,
    left: u32,
}

/// Kernel values in lattice steps are below two to this power.
const VALUE_BITS: i32 = 32;
/// Sums of weighted values stay below two to this power.
const SUM_BITS: i32 = 60;
/// Weights in lattice steps are below two to this power, unless sums ask for less.
const WEIGHT_BITS: i32 = 20;
/// Half of the largest scale of noise: the other half is for rounding of weights and for the end of truncated noise.
const LARGEST_SCALE: f64 = (1_u64 << 49) as f64;

impl<A: FixedSizeAdjacency> PrivateQueries<A> {
    /// Takes points, scaled back to the radius.
    ///
    /// # Errors
    /// By options, shape and budget alone: [`Error::QueryKernel`] unless the kernel is [`quadratic`](crate::Kernel::quadratic) (others have no exact
    /// integers; take [`release_points`](super::release_points)), [`Error::RowCount`], [`Error::Length`], [`Error::Mechanism`].
    pub fn new(
        points: PrivatePoints<'_, A>,
        options: &CloseOptions,
        budget: QueryBudget,
    ) -> Result<Self, Error> {
        let Form::SquaredProduct(weight_variance) = options.kernel().form else {
            return Err(Error::QueryKernel);
        };
        let (adjacency, lattice) = (points.adjacency(), query_lattice(options, points.adjacency()));
        let points = points.of_shape(options)?;
        let sensitivity = LatticeL1Sensitivity::new(value_move(&lattice)?, adjacency)?;
        let mechanism = TruncatedLaplace::calibrate(budget.epsilon, budget.delta, sensitivity)?;
        let (integers, rows, left) = (encoded(&lattice, points)?, options.rows(), budget.queries);
        Ok(Self { integers, lattice, rows, weight_variance, mechanism, budget, left })
    }

    /// How many queries are left.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.left
    }

    /// The guarantee of all queries that are allowed, together.
    pub fn guarantee(&self) -> PrivacyProfile<A> {
        let QueryBudget { queries, epsilon, delta } = self.budget;
        let adjacency = self.mechanism.sensitivity().adjacency();
        PrivacyProfile::approximate(epsilon, delta, adjacency).repeated(u64::from(queries))
    }

    /// The integers of one row of kernel values with their sensitivity, still private. Costs nothing: it is not released.
    ///
    /// # Errors
    /// [`Error::Length`] for a query of another dimension, [`Error::Point`] for one that is not finite: by the query alone.
    pub fn row_statistic(&self, query: &[f64]) -> Result<LatticeStatistic<LatticeL1Sensitivity<A>>, Error> {
        let steps = self.values(query)?;
        let largest = 1_u64 << VALUE_BITS;
        Ok(LatticeStatistic::new(steps, self.value_lattice()?, self.mechanism.sensitivity(), largest))
    }

    /// `σ²⟨x, xᵢ⟩²` with noise, for all i: one query. Queries longer than the radius are scaled back to it, as points are.
    ///
    /// # Errors
    /// [`Error::QueriesSpent`]; those of [`row_statistic`](Self::row_statistic), which cost nothing.
    pub fn kernel_row<R: CryptoRng + ?Sized>(
        &mut self,
        query: &[f64],
        rng: &mut R,
    ) -> Result<Release<Vec<f64>, PrivacyProfile<A>>, Error> {
        let statistic = self.row_statistic(query)?;
        self.spend()?;
        let release = self.mechanism.release(statistic, "kernel values with private points", rng)?;
        Ok(self.described(release, 1.0))
    }

    /// The integers of a prediction with their sensitivity, still private.
    ///
    /// Coefficients are rounded to a lattice of their own, by their largest, and no finer than there is noise for: of up to 2¹⁶ points, rounding is far below that noise.
    ///
    /// # Errors
    /// As [`row_statistic`](Self::row_statistic); [`Error::RowCount`], [`Error::Target`] for coefficients of other points or such that are not finite;
    /// [`dp_mechanisms::Error::SensitivityOverflow`] where the sensitivity does not fit 64 bits: by the query and coefficients alone.
    pub fn prediction_statistic<L: Labels>(
        &self,
        query: &[f64],
        coefficients: &DualCoefficients<L>,
    ) -> Result<LatticeStatistic<LatticeL1Sensitivity<A>>, Error> {
        let weights = self.weights(coefficients)?;
        let values = self.values(query)?;
        let mut sums = vec![0_i64; weights.integers.ncols()];
        for (value, row) in values.iter().zip(weights.integers.rows()) {
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum = sum.wrapping_add(value.wrapping_mul(*weight as i64));
            }
        }
        let sensitivity = self.prediction_sensitivity(&weights)?;
        Ok(LatticeStatistic::new(sums, self.value_lattice()?, sensitivity, 1 << SUM_BITS))
    }

    /// `Σᵢ αᵢσ²⟨x, xᵢ⟩²` with noise, for each column of released coefficients: one query.
    ///
    /// # Errors
    /// [`Error::QueriesSpent`]; those of [`prediction_statistic`](Self::prediction_statistic), which cost nothing; [`Error::Mechanism`].
    pub fn predict<L: Labels, R: CryptoRng + ?Sized>(
        &mut self,
        query: &[f64],
        coefficients: &DualCoefficients<L>,
        rng: &mut R,
    ) -> Result<Release<Vec<f64>, PrivacyProfile<A>>, Error> {
        let statistic = self.prediction_statistic(query, coefficients)?;
        let unit = self.weights(coefficients)?.unit;
        let mechanism =
            TruncatedLaplace::calibrate(self.budget.epsilon, self.budget.delta, *statistic.sensitivity())?;
        self.spend()?;
        let release = mechanism.release(statistic, "prediction at a point", rng)?;
        Ok(self.described(release, unit))
    }

    fn weights<L: Labels>(&self, coefficients: &DualCoefficients<L>) -> Result<Weights, Error> {
        let value = self.mechanism.sensitivity().get() as f64;
        Weights::new(coefficients.matrix(), self.rows, LARGEST_SCALE * self.budget.epsilon.get() / value)
    }

    /// That of one value times the largest L1 norm of a row of weights.
    fn prediction_sensitivity(&self, weights: &Weights) -> Result<LatticeL1Sensitivity<A>, Error> {
        let (value, row) = (self.mechanism.sensitivity().get(), weights.largest_row.max(1));
        let overflow = MechanismError::SensitivityOverflow { left: value.into(), right: row.into() };
        let moved = value.checked_mul(row).ok_or(overflow)?;
        Ok(LatticeL1Sensitivity::new(moved, self.mechanism.sensitivity().adjacency())?)
    }

    fn spend(&mut self) -> Result<(), Error> {
        let spent = Error::QueriesSpent { allowed: self.budget.queries };
        self.left = self.left.checked_sub(1).ok_or(spent)?;
        Ok(())
    }

    fn values(&self, query: &[f64]) -> Result<Vec<i64>, Error> {
        let dim = self.integers.len() / self.rows;
        check_len(dim, query.len())?;
        if query.iter().any(|x| !x.is_finite()) {
            return Err(Error::Point { row: 0 });
        }
        let query = self.lattice.encode(query)?;
        let shift = value_shift(&self.lattice);
        let value = |point: &[i64]| {
            let product: i128 = point.iter().zip(&query).map(|(x, q)| i128::from(*x) * i128::from(*q)).sum();
            (product.unsigned_abs().pow(2) >> shift) as i64
        };
        Ok(self.integers.chunks_exact(dim).map(value).collect())
    }

    /// Of `⟨x̃, x̃ᵢ⟩²·2⁻ˢ`, without σ².
    fn value_lattice(&self) -> Result<Lattice, Error> {
        Ok(Lattice::new(value_shift(&self.lattice) as i32 - 4 * self.lattice.exponent())?)
    }

    fn described(
        &self,
        release: Release<LatticeVector, PrivacyProfile<A>>,
        unit: f64,
    ) -> Release<Vec<f64>, PrivacyProfile<A>> {
        let factor = self.weight_variance * unit;
        release
            .with_parameter("rows", self.rows)
            .with_parameter("weight_variance", self.weight_variance)
            .with_text_parameter("queries", "this guarantee is of one; they add up".to_owned())
            .with_claim(claims::CLOSE_QUERIES_SENSITIVITY)
            .with_claim(claims::CLOSE_QUERIES_PRIVACY)
            .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .postprocess(|vector| vector.to_f64().into_iter().map(|x| factor * x).collect())
    }
}

/// `s`: the least with which `A⁴·2⁻ˢ` is below `2^VALUE_BITS`.
fn value_shift<A: FixedSizeAdjacency>(lattice: &RowLattice<A>) -> u32 {
    let bits = 128 - lattice.squared_norm().saturating_mul(lattice.squared_norm()).leading_zeros();
    bits.saturating_sub(VALUE_BITS as u32)
}

/// How far one value moves: `⌈Q²c·2⁻ˢ⌉`, `c = D(2A − D)` up to `D = A`, and `A²` beyond, for the longest query, `Q = A`.
///
/// *Proof.* With `u = q̃/Q`, `p = ⟨x̃, u⟩` and `p' = ⟨x̃', u⟩` lie in `±A`, at most D apart, so that `|p² − p'²|` is largest for `p = A`, `p' = A − D`,
/// or `p' = 0` where `D > A`. Floors of numbers at most y apart differ by at most `⌈y⌉`. ∎
fn value_move<A: FixedSizeAdjacency>(lattice: &RowLattice<A>) -> Result<u64, MechanismError> {
    let (norm, moved) = (lattice.squared_norm(), lattice.squared_displacement());
    let twice = (4 * norm).saturating_mul(moved).isqrt() + 1;
    let change = if moved < norm { twice.saturating_sub(moved).min(norm) } else { norm };
    let overflow = MechanismError::SensitivityOverflow { left: norm, right: change };
    let square = norm.checked_mul(change).ok_or(overflow)?;
    // at most A⁴·2⁻ˢ: below 2^VALUE_BITS
    u64::try_from(square.div_ceil(1 << value_shift(lattice))).map_err(|_| overflow)
}

/// Coefficients as integers, exactly representable in `f64`.
struct Weights {
    integers: Mat,
    /// Largest L1 norm of a row, in steps.
    largest_row: u64,
    /// One step.
    unit: f64,
}

impl Weights {
    /// At most `longest` steps a row, but for rounding.
    fn new(coefficients: MatRef<'_>, rows: usize, longest: f64) -> Result<Self, Error> {
        check_rows(rows, coefficients.nrows())?;
        if let Some((row, _)) = coefficients.first_non_finite() {
            return Err(Error::Target { row });
        }
        let largest = coefficients.rows().flatten().fold(f64::MIN_POSITIVE, |a, x| a.max(x.abs()));
        let bits = WEIGHT_BITS.min(SUM_BITS - VALUE_BITS - ceil_log2(rows as f64));
        let norm = |row: &[f64]| row.iter().map(|x| x.abs() / longest).sum::<f64>();
        let norms = coefficients.rows().map(norm).fold(f64::MIN_POSITIVE, f64::max).min(f64::MAX);
        let exponent = (bits - ceil_log2(largest)).min(-ceil_log2(norms)).clamp(-1000, 1000);
        let scale = power_of_two(exponent);
        let integers = Mat::from_fn(rows, coefficients.ncols(), |i, j| {
            (coefficients.row(i)[j] * scale).round_ties_even()
        });
        let length = |row: &[f64]| row.iter().map(|x| x.abs() as u64).sum::<u64>();
        let largest_row = integers.rows().map(length).max().unwrap_or(0);
        Ok(Self { integers, largest_row, unit: power_of_two(-exponent) })
    }
}

impl<A: FixedSizeAdjacency> fmt::Debug for PrivateQueries<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateQueries")
            .field("rows", &self.rows)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
