//! Gaussian sampling of the ridged Gram matrix: the published release, with its condition on a public ridge and its exact account.

use super::floats::OUTWARD;
use super::labels::Labels;
use super::lattice::{point_lattice, rounded};
use super::model::DualCoefficients;
use super::moved::{feature_move, largest_value, value_rounding};
use super::options::CloseOptions;
use super::points::PrivatePoints;
use crate::error::{CloseParameter, check_rows};
use crate::{Error, claims};
use dp_linalg::{Cholesky, Mat, MatRef};
use dp_mechanisms::covariance::{Draws, EigenvalueChange, Neighbourhood};
use dp_mechanisms::{
    ChangeBound, Delta, Epsilon, GaussianSampling, GaussianSamplingProfile, PerturbRow, PrivateCovariance,
    Release,
};
use rand::CryptoRng;

/// A sampled Gram matrix: the average of the outer products of `k` draws of `N(0, K + λI)`.
///
/// It says how points relate to each other, not where they are: predictions at new points need [`PrivateQueries`](super::PrivateQueries)
/// beside it, each of which costs. [`NoisyPoints`](super::NoisyPoints) need neither.
///
/// # Guarantee
/// Privacy is that of the [`Release`] it comes in; everything here is post-processing.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{ArithmeticModel, Delta, Epsilon, PerturbRow, secure_rng};
/// use ntk_dp::{Kernel, private::close::{CloseOptions, PrivatePoints, PublicLabels, release_gram}};
///
/// let points = Mat::from_fn(50, 3, |i, j| ((1 + i * (j + 2)) as f64).sin() / 2.0);
/// let options = CloseOptions::new(Kernel::quadratic(1.0)?, (50, 3), 1.0)?;
/// let private = PrivatePoints::new(PerturbRow::new(1e-3)?, points.as_ref());
/// let release = release_gram(private, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// assert_eq!(release.certificate().arithmetic(), ArithmeticModel::RealModel);
/// assert!(release.value().draws().get() > 10_000);
/// let signs = PublicLabels::assume_public(Mat::from_fn(50, 1, |i, _| points[(i, 0)].signum()))?;
/// let coefficients = release.value().coefficients(0.1, &signs)?;
/// assert_eq!((coefficients.matrix().nrows(), coefficients.labels()), (50, "public"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SampledGram {
    matrix: Mat,
    draws: Draws,
    ridge: f64,
}

/// How far features move on the lattice, and the radius of points there: public.
pub(super) fn lattice_move(adjacency: PerturbRow, options: &CloseOptions) -> (f64, f64) {
    let lattice = point_lattice(options, adjacency);
    let (radius, step) = (lattice.norm(), lattice.displacement());
    (feature_move(options.kernel(), options.dim(), (radius, step)), radius)
}

/// What rounding may be of what it is compared with.
const NEGLIGIBLE: f64 = 1.0 / 1024.0;

/// Refuses a ridge that is not well above rounding, or so large that a move is lost in its rounding.
///
/// Kernel values are off by at most κ each: K by at most `nκ` in norm, and between neighbours one row of errors changes, by at most `2κ√(2n)`.
/// The sum with λ, the factor and products with it round by about `2⁻⁵²` of `‖K + λI‖`, at most `n(B_φ² + λ)`, up to a factor of order one. All of it must be far below λ,
/// or eigenvalues are clamped and null spaces show; what of it changes, relative to λ, far below `β_φ/√λ`.
fn check_rounding(options: &CloseOptions, (moved, radius): (f64, f64)) -> Result<(), Error> {
    let (rows, ridge) = (options.rows() as f64, options.ridge());
    let value = value_rounding(options.kernel(), options.dim(), radius);
    let largest = largest_value(options.kernel(), options.dim(), radius);
    let factor = rows * f64::EPSILON * (largest + ridge);
    let whole = rows * value + factor;
    let changed = 2.0 * value * (2.0 * rows).sqrt() + factor;
    let small = whole <= NEGLIGIBLE * ridge && changed <= NEGLIGIBLE * moved * ridge.sqrt();
    CloseParameter::Ridge.check(ridge, small).map(|_| ())
}

/// How far `K + λI` moves between neighbours: two eigenvalues change, by reciprocal factors.
///
/// # Guarantee
/// With `β_φ` the [`feature_move`] and `r = β_φ/√λ`, `Σ^{1/2}Σ'⁻¹Σ^{1/2}` has at most two eigenvalues other than one: one in `[1, 1 + μ]` and one in
/// `[1/(1 + μ), 1]`, `μ = r²/2 + r√(1 + r²/4)`; its Frobenius change is at most `r√(2 + r²)` (docs/theorems.md, *Close points*). No `n`, and
/// no least eigenvalue of K.
///
/// That is of exact kernel values. Rounding of all kernel values, of the ridge and of the factor is at most `2⁻¹⁰` of λ, and what of it changes
/// between neighbours at most `2⁻¹⁰·r` relative to Σ, that of the factor up to a factor of order one (proven bounds carry a polynomial in n): other
/// ridges are refused.
///
/// # Errors
/// By public parameters alone: [`Error::CloseParameter`] for a ridge that is not so far above rounding; [`Error::Mechanism`] for a change that is
/// out of range.
///
/// ```
/// use dp_mechanisms::PerturbRow;
/// use ntk_dp::{CloseParameter, Error, Kernel, private::close::{CloseOptions, gram_bound}};
///
/// // at kernel values of one 1e-17 is what rounding leaves of nothing
/// let options = CloseOptions::new(Kernel::quadratic(1.0)?, (60, 1), 1.0)?.with_ridge(1e-17)?;
/// let refused = gram_bound(PerturbRow::new(1e-3)?, &options);
/// assert_eq!(refused, Err(Error::CloseParameter { parameter: CloseParameter::Ridge, value: 1e-17 }));
/// # Ok::<(), ntk_dp::Error>(())
/// ```
pub fn gram_bound(adjacency: PerturbRow, options: &CloseOptions) -> Result<ChangeBound<PerturbRow>, Error> {
    let (moved, radius) = lattice_move(adjacency, options);
    check_rounding(options, (moved, radius))?;
    let square = moved * moved / options.ridge() * OUTWARD;
    let change = (0.5 * square + square.sqrt() * (1.0 + 0.25 * square).sqrt()) * OUTWARD;
    Ok(ChangeBound::assume_opposite_pair(EigenvalueChange::new(change)?, adjacency)?)
}

/// The published way to bound it, `‖K − K'‖_F` over the least eigenvalue, with the public λ in place of the latter:
/// `M ≤ B_φβ_φ√(2n + 2)/λ` with `B_φ² = sup K(x, x)`; for the quadratic kernel `2σ²R³β√(2n + 2)/λ` to first order.
///
/// # Errors
/// Those of [`gram_bound`].
pub fn published_gram_bound(
    adjacency: PerturbRow,
    options: &CloseOptions,
) -> Result<ChangeBound<PerturbRow>, Error> {
    let (moved, radius) = lattice_move(adjacency, options);
    check_rounding(options, (moved, radius))?;
    let norm = largest_value(options.kernel(), options.dim(), radius).sqrt();
    let change = norm * moved * (2.0 * options.rows() as f64 + 2.0).sqrt() / options.ridge() * OUTWARD;
    Ok(ChangeBound::new(Neighbourhood::frobenius(change)?, adjacency))
}

/// The most draws that the exact profile allows, and no more than the options do: a function of public parameters alone.
///
/// # Errors
/// Those of [`gram_bound`]; [`dp_mechanisms::Error::Infeasible`] if a single draw is too many.
pub fn gram_mechanism(
    adjacency: PerturbRow,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
) -> Result<GaussianSampling<PerturbRow>, Error> {
    let mechanism = GaussianSampling::calibrate(epsilon, delta, gram_bound(adjacency, options)?)?;
    Ok(limited(&mechanism, options))
}

/// The most draws that the published condition allows at the published bound, and no more than the options do; for comparison.
///
/// # Errors
/// Those of [`published_gram_bound`]; [`dp_mechanisms::Error::Infeasible`] if the condition allows none, far more often than above.
pub fn published_gram_mechanism(
    adjacency: PerturbRow,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
) -> Result<GaussianSampling<PerturbRow>, Error> {
    let bound = published_gram_bound(adjacency, options)?;
    Ok(limited(&GaussianSampling::calibrate_as_published(epsilon, delta, bound)?, options))
}

fn limited(mechanism: &GaussianSampling<PerturbRow>, options: &CloseOptions) -> GaussianSampling<PerturbRow> {
    let draws = mechanism.draws().min(options.max_draws());
    GaussianSampling::with_draws(draws, mechanism.profile().bound()).with_parallelism(options.parallelism())
}

/// `K + λI` of the points on the lattice with the bound on its change, still private.
///
/// # Errors
/// Those of [`gram_bound`]; [`Error::RowCount`], [`Error::Length`] for another shape than announced. Nothing that depends on entries:
/// points of the ball have finite kernel values.
pub fn gram_covariance(
    points: PrivatePoints<'_, PerturbRow>,
    options: &CloseOptions,
) -> Result<PrivateCovariance<PerturbRow>, Error> {
    let bound = gram_bound(points.adjacency(), options)?;
    covariance(points, options, bound)
}

fn covariance(
    points: PrivatePoints<'_, PerturbRow>,
    options: &CloseOptions,
    bound: ChangeBound<PerturbRow>,
) -> Result<PrivateCovariance<PerturbRow>, Error> {
    let lattice = point_lattice(options, points.adjacency());
    let rounded = rounded(&lattice, points.of_shape(options)?)?;
    let mut gram = options.kernel().gram(rounded.as_ref(), options.parallelism())?;
    for i in 0..gram.nrows() {
        gram[(i, i)] += options.ridge();
    }
    Ok(PrivateCovariance::new(gram, bound)?)
}

/// Releases the average of as many outer products of draws of `N(0, K + λI)` as the budget allows.
///
/// # Guarantee
/// (ε, δ)-differential privacy for points that move by at most the radius of the adjacency, whatever the points are, in real arithmetic
/// ([`RealModel`](dp_mechanisms::ArithmeticModel::RealModel)). Labels are not part of it.
///
/// # Errors
/// Those of [`gram_mechanism`] and [`gram_covariance`]: shapes and public parameters decide.
///
/// # Examples
/// See [`SampledGram`].
pub fn release_gram<R: CryptoRng + ?Sized>(
    points: PrivatePoints<'_, PerturbRow>,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
    rng: &mut R,
) -> Result<Release<SampledGram, GaussianSamplingProfile<PerturbRow>>, Error> {
    let mechanism = gram_mechanism(points.adjacency(), options, epsilon, delta)?;
    release_gram_with(points, options, &mechanism, rng)
}

/// The same with a mechanism that was calibrated elsewhere, also with the [published one](published_gram_mechanism).
///
/// # Errors
/// Those of [`gram_covariance`]; [`Error::Mechanism`] if it was made for another change than [`gram_bound`] states, or than the
/// published one.
pub fn release_gram_with<R: CryptoRng + ?Sized>(
    points: PrivatePoints<'_, PerturbRow>,
    options: &CloseOptions,
    mechanism: &GaussianSampling<PerturbRow>,
    rng: &mut R,
) -> Result<Release<SampledGram, GaussianSamplingProfile<PerturbRow>>, Error> {
    let bound = gram_bound(points.adjacency(), options)?;
    let published = published_gram_bound(points.adjacency(), options);
    // both hold; the mechanism's is the one it is asked for
    let stated =
        published.ok().filter(|published| mechanism.profile().bound() == *published).unwrap_or(bound);
    let private = covariance(points, options, stated)?;
    let release = mechanism.release(&private, "ridged Gram matrix of a kernel", rng)?;
    let described = options
        .recorded()
        .into_iter()
        .fold(release, |release, (name, value)| release.with_text_parameter(name, value))
        .with_parameter("ridge", options.ridge())
        .with_text_parameter("labels", "not part of this release".to_owned())
        .with_claim(claims::CLOSE_FEATURE_MOVE)
        .with_claim(claims::CLOSE_GRAM_CHANGE)
        .with_claim(claims::CLOSE_GRAM_PRIVACY)
        .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let (draws, ridge) = (mechanism.draws(), options.ridge());
    Ok(described.postprocess(|matrix| SampledGram { matrix, draws, ridge }))
}

impl SampledGram {
    /// The average of outer products, shape `(n, n)`: about `K + λI`.
    #[must_use]
    pub fn matrix(&self) -> MatRef<'_> {
        self.matrix.as_ref()
    }

    /// `k`. With fewer than `n` the matrix is singular.
    #[must_use]
    pub const fn draws(&self) -> Draws {
        self.draws
    }

    /// `λ`, which is part of the matrix.
    #[must_use]
    pub const fn ridge(&self) -> f64 {
        self.ridge
    }

    /// `α = (Σ̂ + ρI)⁻¹Y` for a ridge `ρ ≥ 0` beyond λ.
    ///
    /// # Error bound
    /// For `ρ = 0`, and whatever x is: if `(1 − s)Σ ⪯ Σ̂ ⪯ (1 + s)Σ` with `s < 1`, as [`SamplingError::spectral`](dp_mechanisms::SamplingError::spectral) bounds s, predictions
    /// `k(x)ᵀα` with exact kernel values are within `s/(1 − s)·√(K(x, x)·‖Y‖²/λ)` of those with Σ (docs/theorems.md, *Close points*).
    ///
    /// # Errors
    /// [`Error::Ridge`] for a negative ridge or one that is not finite, [`Error::RowCount`] for another number of labels;
    /// [`Error::Linalg`] for a singular matrix: by released numbers.
    pub fn coefficients<L: Labels>(&self, ridge: f64, labels: &L) -> Result<DualCoefficients<L>, Error> {
        if !(ridge >= 0.0 && ridge.is_finite()) {
            return Err(Error::Ridge { value: ridge });
        }
        check_rows(self.matrix.nrows(), labels.targets().nrows())?;
        let mut matrix = self.matrix.clone();
        for i in 0..matrix.nrows() {
            matrix[(i, i)] += ridge;
        }
        Ok(DualCoefficients::new(Cholesky::new(matrix.as_ref())?.solve(labels.targets())?))
    }
}
