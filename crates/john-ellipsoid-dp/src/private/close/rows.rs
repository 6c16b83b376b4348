//! Noise on the rows; any ellipsoid of them is post-processing.

use super::lattice::{encoded, row_lattice};
use super::options::CloseOptions;
use super::sum::ellipsoid_and_ball;
use crate::private::{PrivateRows, ReleasedEllipsoid};
use crate::{Error, JohnEllipsoid, JohnOptions, claims, john_ellipsoid};
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::{
    Delta, Epsilon, FailureProbability, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, NoiseStd,
    PrivacyProfile, Release,
};
use rand::CryptoRng;

/// Released rows: every coordinate with noise of its own.
///
/// # Guarantee
/// That of the [`Release`] it comes in: differential privacy on the machine as run. Everything here is post-processing.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{ArithmeticModel, Delta, Epsilon, FailureProbability, PerturbRow, secure_rng};
/// use john_ellipsoid_dp::JohnOptions;
/// use john_ellipsoid_dp::private::{PrivateRows, close::{CloseOptions, release_rows}};
///
/// let rows = Mat::from_fn(400, 2, |i, j| if j == 0 { (i as f64).cos() } else { 0.5 * (i as f64).sin() });
/// let private = PrivateRows::new(PerturbRow::new(1e-3)?, rows.as_ref());
/// let (options, epsilon, delta) = (CloseOptions::new(400, 2, 1.0)?, Epsilon::new(1.0)?, Delta::new(1e-6)?);
/// let release = release_rows(private, &options, epsilon, delta, &mut secure_rng()?)?;
///
/// assert_eq!(release.certificate().arithmetic(), ArithmeticModel::ExactLattice);
/// let around = release.value().enclosing_ellipsoid(&JohnOptions::default(), FailureProbability::new(1e-6)?)?;
/// assert!(rows.rows().all(|row| around.score(row).is_ok_and(|score| score <= 1.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyRows {
    rows: Mat,
    noise_std: NoiseStd,
    rounding: f64,
}

/// The integers of the rows with their sensitivity, still private: for other mechanisms than the one here.
///
/// # Errors
/// [`Error::Length`] for another shape than announced; [`Error::Mechanism`] by options alone.
pub fn row_statistic<A: FixedSizeAdjacency>(
    rows: PrivateRows<A, MatRef<'_>>,
    options: &CloseOptions,
) -> Result<LatticeStatistic<LatticeL2Sensitivity<A>>, Error> {
    let (lattice, rows) = (row_lattice(options, rows.adjacency()), rows.into_source());
    options.check_shape((rows.nrows(), rows.ncols()))?;
    let (places, sensitivity) = (lattice.lattice()?, lattice.l2_sensitivity()?);
    Ok(LatticeStatistic::new(encoded(&lattice, rows)?, places, sensitivity, lattice.largest()))
}

/// The least noise on rows for a budget: a function of public parameters alone.
///
/// # Errors
/// [`Error::Mechanism`]: more noise than the lattice carries.
pub fn rows_mechanism<A: FixedSizeAdjacency>(
    adjacency: A,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
) -> Result<LatticeGaussian<A>, Error> {
    let sensitivity = row_lattice(options, adjacency).l2_sensitivity()?;
    Ok(LatticeGaussian::calibrate(epsilon, delta, sensitivity)?)
}

/// Releases the rows with exact noise on every coordinate.
///
/// # Guarantee
/// (ε, δ)-differential privacy for the adjacency of the rows, [`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice): the
/// integers of all rows move by at most D in L2 norm (docs/theorems.md, John ellipsoids of close rows), whatever the rows are.
///
/// # Errors
/// Those of [`row_statistic`] and [`rows_mechanism`].
///
/// # Examples
/// See [`NoisyRows`].
pub fn release_rows<A: FixedSizeAdjacency, R: CryptoRng + ?Sized>(
    rows: PrivateRows<A, MatRef<'_>>,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
    rng: &mut R,
) -> Result<Release<NoisyRows, PrivacyProfile<A>>, Error> {
    let mechanism = rows_mechanism(rows.adjacency(), options, epsilon, delta)?;
    release_rows_with(rows, options, &mechanism, rng)
}

/// The same with a mechanism that was calibrated elsewhere, for instance within a larger budget.
///
/// # Errors
/// [`Error::Length`] for another shape than announced; [`Error::Mechanism`] if it was made for a smaller sensitivity, or its noise
/// leaves the lattice.
pub fn release_rows_with<A: FixedSizeAdjacency, R: CryptoRng + ?Sized>(
    rows: PrivateRows<A, MatRef<'_>>,
    options: &CloseOptions,
    mechanism: &LatticeGaussian<A>,
    rng: &mut R,
) -> Result<Release<NoisyRows, PrivacyProfile<A>>, Error> {
    let lattice = row_lattice(options, rows.adjacency());
    let noise_std = NoiseStd::new(mechanism.noise_std().get() * lattice.step())?;
    let release = mechanism.release(row_statistic(rows, options)?, "rows of an ellipsoid", rng)?;
    let described = options
        .recorded()
        .into_iter()
        .fold(release, |release, (name, value)| release.with_text_parameter(name, value));
    let described = described
        .with_claim(claims::CLOSE_ROWS_SENSITIVITY)
        .with_claim(claims::CLOSE_ROWS_PRIVACY)
        .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    // noise is rounded like rows are
    let rounding = lattice.rounding() + 0.5 * (options.dim() as f64).sqrt() * lattice.step();
    Ok(described.postprocess(|vector| {
        let values = vector.to_f64();
        let rows = Mat::from_fn(options.rows(), options.dim(), |i, j| values[i * options.dim() + j]);
        NoisyRows { rows, noise_std, rounding }
    }))
}

impl NoisyRows {
    /// The rows, shape `(n, d)`.
    #[must_use]
    pub fn rows(&self) -> MatRef<'_> {
        self.rows.as_ref()
    }

    /// Standard deviation of the noise on each coordinate, in units of rows.
    #[must_use]
    pub const fn noise_std(&self) -> NoiseStd {
        self.noise_std
    }

    /// No clipped row is farther than this from the released one, except with the failure probability β: all rows at once.
    ///
    /// `τ√(d + 2√(dL) + 2L)` with `L = ln(n/β)` (Laurent, Massart 2000, Lemma 1, and a union bound), and rounding.
    #[must_use]
    pub fn distance(&self, failure: FailureProbability) -> f64 {
        let (n, d) = (self.rows.nrows() as f64, self.rows.ncols() as f64);
        let log = (n / failure.get()).ln();
        let chi = (d + 2.0 * (d * log).sqrt() + 2.0 * log).sqrt();
        (self.noise_std.get() * chi + self.rounding) * (1.0 + 1e-9)
    }

    /// The John ellipsoid of the released rows. Noise makes it longer, which is not taken off again; the table of the
    /// [module](super) says how far off it was.
    ///
    /// # Errors
    /// Those of [`john_ellipsoid`], by released numbers.
    pub fn john_ellipsoid(&self, options: &JohnOptions) -> Result<JohnEllipsoid, Error> {
        john_ellipsoid(self.rows(), options)
    }

    /// An ellipsoid around all clipped rows `±aᵢ`, except with the failure probability; its polar lies in their polytope then.
    ///
    /// The smallest of its family around the ellipsoid of the released rows, with the ball of radius [`distance`](Self::distance)
    /// added: each row is a released one plus a vector of that ball.
    ///
    /// # Errors
    /// Those of [`john_ellipsoid`], by released numbers.
    pub fn enclosing_ellipsoid(
        &self,
        options: &JohnOptions,
        failure: FailureProbability,
    ) -> Result<ReleasedEllipsoid, Error> {
        let john = self.john_ellipsoid(options)?;
        ellipsoid_and_ball(&john, self.distance(failure))
    }
}
