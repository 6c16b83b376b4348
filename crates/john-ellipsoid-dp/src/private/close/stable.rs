//! The stable release: draws of `N(0, M)` for a smoothed John ellipsoid.

use super::bound::smoothed_change;
use super::lattice::{encoded, row_lattice};
use super::options::CloseOptions;
use super::smoothed::{least_residual, matrix_rounding, smoothed_john, start};
use crate::error::Parameter;
use crate::private::{PrivateRows, ReleasedEllipsoid};
use crate::{Error, claims};
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::covariance::{Draws, Neighbourhood};
use dp_mechanisms::{
    ChangeBound, Delta, Epsilon, FailureProbability, GaussianSampling, GaussianSamplingProfile, PerturbRow,
    PrivateCovariance, Release,
};
use rand::CryptoRng;

/// A released matrix near the [smoothed John ellipsoid](super::SmoothedJohn) of close rows: the average of the outer products of `k`
/// draws of
/// `N(0, M)`.
///
/// # Guarantee
/// Privacy is that of the [`Release`] it comes in; everything here is post-processing.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{ArithmeticModel, Delta, Epsilon, FailureProbability, PerturbRow, secure_rng};
/// use john_ellipsoid_dp::private::{PrivateRows, close::{CloseOptions, release_stable}};
///
/// let rows = Mat::from_fn(400, 2, |i, j| if j == 0 { (i as f64).cos() } else { 0.5 * (i as f64).sin() });
/// let private = PrivateRows::new(PerturbRow::new(1e-4)?, rows.as_ref());
/// let options = CloseOptions::new(400, 2, 1.0)?.with_floor(0.2)?;
/// let release = release_stable(private, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// assert_eq!(release.certificate().arithmetic(), ArithmeticModel::RealModel);
/// let around = release.value().enclosing_ellipsoid(FailureProbability::new(1e-6)?)?;
/// assert!(rows.rows().all(|row| around.score(row).is_ok_and(|score| score <= 1.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StableEllipsoid {
    matrix: Mat,
    draws: Draws,
    /// No row is longer in coordinates of `M`.
    reach: f64,
}

/// How far rows move in units of the floor, rounding to the lattice included, and the residual that solves have: public.
fn relative_move(adjacency: PerturbRow, options: &CloseOptions) -> Result<(f64, f64), Error> {
    let relative = row_lattice(options, adjacency).displacement() / options.floor();
    // adds 2η to r(√½ + √(½ + p/8)): some tenths of a percent, unless floating point does not allow it
    let residual = (relative / 512.0).max(least_residual(options)).max(matrix_rounding(options));
    Parameter::RelativeMove.check(relative, relative < 0.25 && residual <= relative / 4.0)?;
    Ok((relative, residual))
}

/// How far `M` moves between neighbours: [`smoothed_change`], in the measure of Jeffreys' divergence.
///
/// # Errors
/// By public parameters alone: [`Error::OutOfRange`] if rows move by a quarter of the floor, or by so little that solves cannot be
/// proven to be as accurate in floating point; [`Error::Mechanism`].
pub fn stable_bound(adjacency: PerturbRow, options: &CloseOptions) -> Result<ChangeBound<PerturbRow>, Error> {
    let (relative, residual) = relative_move(adjacency, options)?;
    let change = smoothed_change(relative, options.exponent(), residual);
    Ok(ChangeBound::new(Neighbourhood::jeffreys(change)?, adjacency))
}

/// The most draws for a budget, and no more than the options say: a function of public parameters alone.
///
/// # Errors
/// Those of [`stable_bound`]; [`dp_mechanisms::Error::Infeasible`] if a single draw is too many.
pub fn stable_mechanism(
    adjacency: PerturbRow,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
) -> Result<GaussianSampling<PerturbRow>, Error> {
    let bound = stable_bound(adjacency, options)?;
    let most = GaussianSampling::calibrate(epsilon, delta, bound)?.draws();
    Ok(GaussianSampling::with_draws(most.min(options.max_draws()), bound))
}

/// The smoothed matrix with the bound on its change, still private.
///
/// # Errors
/// Those of [`stable_bound`]; [`Error::Length`] for another shape than announced. Nothing that depends on entries.
pub fn stable_covariance(
    rows: PrivateRows<PerturbRow, MatRef<'_>>,
    options: &CloseOptions,
) -> Result<PrivateCovariance<PerturbRow>, Error> {
    let (bound, (_, residual)) =
        (stable_bound(rows.adjacency(), options)?, relative_move(rows.adjacency(), options)?);
    let (lattice, rows) = (row_lattice(options, rows.adjacency()), rows.into_source());
    options.check_shape((rows.nrows(), rows.ncols()))?;
    let values = encoded(&lattice, rows)?.into_iter().map(|x| x as f64 * lattice.step()).collect();
    let rounded = Mat::from_vec(options.rows(), options.dim(), values)?;
    // whether there is a matrix must not be an answer: in place of one that is not, a constant
    let constant =
        |_| Mat::from_fn(options.dim(), options.dim(), |i, j| if i == j { start(options) } else { 0.0 });
    let matrix = smoothed_john(rounded.as_ref(), options, residual)?.matrix().unwrap_or_else(constant);
    Ok(PrivateCovariance::new(matrix, bound)?)
}

/// Releases the average of as many outer products of draws of `N(0, M)` as the budget allows.
///
/// # Guarantee
/// (ε, δ)-differential privacy for rows that move by at most the radius of the adjacency, whatever the rows are, in real arithmetic
/// ([`RealModel`](dp_mechanisms::ArithmeticModel::RealModel)): the matrices of neighbours keep [`stable_bound`], and the solver
/// reaches its residual on every input.
///
/// # Errors
/// Those of [`stable_mechanism`] and [`stable_covariance`]: shapes and public parameters decide.
///
/// # Examples
/// See [`StableEllipsoid`].
pub fn release_stable<R: CryptoRng + ?Sized>(
    rows: PrivateRows<PerturbRow, MatRef<'_>>,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
    rng: &mut R,
) -> Result<Release<StableEllipsoid, GaussianSamplingProfile<PerturbRow>>, Error> {
    let mechanism = stable_mechanism(rows.adjacency(), options, epsilon, delta)?;
    release_stable_with(rows, options, &mechanism, rng)
}

/// The same with a mechanism that was calibrated elsewhere.
///
/// # Errors
/// Those of [`stable_covariance`]; [`Error::Mechanism`] if it was made for another change.
pub fn release_stable_with<R: CryptoRng + ?Sized>(
    rows: PrivateRows<PerturbRow, MatRef<'_>>,
    options: &CloseOptions,
    mechanism: &GaussianSampling<PerturbRow>,
    rng: &mut R,
) -> Result<Release<StableEllipsoid, GaussianSamplingProfile<PerturbRow>>, Error> {
    let (_, residual) = relative_move(rows.adjacency(), options)?;
    // a clipped row is that far from the lattice
    let rounding = row_lattice(options, rows.adjacency()).rounding() / options.floor();
    let reach = (1.0 + residual).sqrt() * (1.0 + rounding) * (1.0 + ROUNDING);
    let covariance = stable_covariance(rows, options)?;
    let release = mechanism.release(&covariance, "smoothed John ellipsoid", rng)?;
    let described = options
        .recorded()
        .into_iter()
        .fold(release, |release, (name, value)| release.with_text_parameter(name, value));
    let described = described
        .with_parameter("floor", options.floor())
        .with_parameter("exponent", options.exponent())
        .with_parameter("residual", residual)
        .with_text_parameter("solver_gap", SOLVER_GAP.to_owned())
        .with_claim(claims::STABILITY_SMOOTHED)
        .with_claim(claims::STABILITY_PRIVACY)
        .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let draws = mechanism.draws();
    Ok(described.postprocess(|matrix| StableEllipsoid { matrix, draws, reach }))
}

const SOLVER_GAP: &str = "the residual is reached by a proven number of steps, each rounded to f64";

impl StableEllipsoid {
    /// The average of outer products, shape `(d, d)`: about `M`, of which each direction is off by a factor `1 ± √(2/k)`.
    #[must_use]
    pub fn matrix(&self) -> MatRef<'_> {
        self.matrix.as_ref()
    }

    /// `k`.
    #[must_use]
    pub const fn draws(&self) -> Draws {
        self.draws
    }

    /// `{y : yᵀM̂⁻¹y ≤ 1}` of the released matrix as it is.
    ///
    /// # Errors
    /// [`Error::FewDraws`] below `d` of them, where it is flat; [`Error::Linalg`] by released numbers.
    pub fn ellipsoid(&self) -> Result<ReleasedEllipsoid, Error> {
        if (self.draws.get() as usize) < self.matrix.ncols() {
            return Err(self.few_draws());
        }
        ReleasedEllipsoid::from_moment(self.matrix.as_ref())
    }

    /// An ellipsoid around all clipped rows `±aᵢ`, except with the failure probability β; its polar lies in their polytope then.
    ///
    /// Lengths of [`ellipsoid`](Self::ellipsoid) times little more than `√(1 + η)/(1 − √(d/k) − √(2 ln(1/β)/k))`, a public factor
    /// (Davidson, Szarek 2001, Theorem II.13).
    ///
    /// # Errors
    /// Those of [`ellipsoid`](Self::ellipsoid); [`Error::FewDraws`] where the factor is not positive.
    pub fn enclosing_ellipsoid(&self, failure: FailureProbability) -> Result<ReleasedEllipsoid, Error> {
        let (k, d) = (f64::from(self.draws.get()), self.matrix.ncols() as f64);
        let least = 1.0 - (d / k).sqrt() - (-2.0 * failure.get().ln() / k).sqrt();
        if least <= 0.0 {
            return Err(self.few_draws());
        }
        Ok(self.ellipsoid()?.scaled(self.reach / least))
    }

    const fn few_draws(&self) -> Error {
        Error::FewDraws { draws: self.draws.get(), dim: self.matrix.ncols() }
    }
}

/// Scores of rows on the boundary are accurate to far better than this.
const ROUNDING: f64 = 1e-9;
