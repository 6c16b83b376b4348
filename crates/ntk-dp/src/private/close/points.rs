//! Noise on the points; any kernel of them is post-processing.

use super::labels::Labels;
use super::lattice::{encoded, point_lattice};
use super::model::CloseModel;
use super::options::CloseOptions;
use crate::{Error, Kernel, KernelRidge, claims};
use core::fmt;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::{
    Delta, Epsilon, LatticeGaussian, LatticeL1Sensitivity, LatticeL2Sensitivity, LatticeStatistic,
    LatticeVector, PrivacyProfile, Release, TruncatedLaplace,
};
use rand::CryptoRng;

/// Private points `(n, d)` with the adjacency that protects them. Their labels are apart: [`PublicLabels`](super::PublicLabels) or
/// [`PrivateLabels`](super::PrivateLabels).
///
/// `Debug` shows no entry.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::PerturbRow;
/// use ntk_dp::private::close::PrivatePoints;
///
/// let points = Mat::zeros(100, 8);
/// let private = PrivatePoints::new(PerturbRow::new(0.01)?, points.as_ref());
/// assert_eq!(format!("{private:?}"), "PrivatePoints { adjacency: perturb_row(radius 0.01), shape: (100, 8), .. }");
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct PrivatePoints<'a, A> {
    adjacency: A,
    points: MatRef<'a>,
}

impl<'a, A: FixedSizeAdjacency> PrivatePoints<'a, A> {
    /// States what counts as a neighbour of these points.
    #[must_use]
    pub const fn new(adjacency: A, points: MatRef<'a>) -> Self {
        Self { adjacency, points }
    }

    /// What counts as a neighbour.
    #[must_use]
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    pub(super) fn of_shape(self, options: &CloseOptions) -> Result<MatRef<'a>, Error> {
        options.check_shape((self.points.nrows(), self.points.ncols()))?;
        Ok(self.points)
    }
}

impl<A: FixedSizeAdjacency> fmt::Debug for PrivatePoints<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivatePoints")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("shape", &(self.points.nrows(), self.points.ncols()))
            .finish_non_exhaustive()
    }
}

/// Released points: every coordinate with noise of its own. Any number of Gram matrices, fits and predictions follows for free.
///
/// # Guarantee
/// That of the [`Release`] it comes in: differential privacy on the machine as run. Everything here is post-processing.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{ArithmeticModel, Delta, Epsilon, PerturbRow, secure_rng};
/// use ntk_dp::{Kernel, private::close::{CloseOptions, PrivatePoints, PublicLabels, release_points}};
///
/// // the sign of a product of two coordinates
/// let points = Mat::from_fn(200, 2, |i, j| ((1 + 3 * i + 7 * i * j) as f64).sin() / 2.0);
/// let products = Mat::from_fn(200, 1, |i, _| 8.0 * points[(i, 0)] * points[(i, 1)]);
/// let kernel = Kernel::quadratic(1.0)?;
/// let options = CloseOptions::new(kernel.clone(), (200, 2), 1.0)?;
/// let private = PrivatePoints::new(PerturbRow::new(1e-3)?, points.as_ref());
/// let release = release_points(private, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// assert_eq!(release.certificate().arithmetic(), ArithmeticModel::ExactLattice);
/// let model = release.value().fit(&kernel, 1e-3, &PublicLabels::assume_public(products)?)?;
/// let found = model.predict(Mat::from_vec(1, 2, vec![0.4, -0.5])?.as_ref())?;
/// assert!((found[(0, 0)] + 1.6).abs() < 0.1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyPoints {
    points: Mat,
    radius: f64,
    noise_std: f64,
}

/// The integers of the points with their L2 sensitivity, still private: for other mechanisms than the ones here.
///
/// # Errors
/// [`Error::RowCount`], [`Error::Length`] for another shape than announced; [`Error::Mechanism`] by options alone.
pub fn point_statistic<A: FixedSizeAdjacency>(
    points: PrivatePoints<'_, A>,
    options: &CloseOptions,
) -> Result<LatticeStatistic<LatticeL2Sensitivity<A>>, Error> {
    let lattice = point_lattice(options, points.adjacency());
    let points = points.of_shape(options)?;
    let (places, sensitivity) = (lattice.lattice()?, lattice.l2_sensitivity()?);
    Ok(LatticeStatistic::new(encoded(&lattice, points)?, places, sensitivity, lattice.largest()))
}

/// The same with their L1 sensitivity, `√d` times as large.
///
/// # Errors
/// Those of [`point_statistic`].
pub fn point_statistic_l1<A: FixedSizeAdjacency>(
    points: PrivatePoints<'_, A>,
    options: &CloseOptions,
) -> Result<LatticeStatistic<LatticeL1Sensitivity<A>>, Error> {
    let lattice = point_lattice(options, points.adjacency());
    let points = points.of_shape(options)?;
    let (places, sensitivity) = (lattice.lattice()?, lattice.l1_sensitivity()?);
    Ok(LatticeStatistic::new(encoded(&lattice, points)?, places, sensitivity, lattice.largest()))
}

/// The least Gaussian noise on points for a budget: a function of public parameters alone.
///
/// # Errors
/// [`Error::Mechanism`]: more noise than the lattice carries.
pub fn points_mechanism<A: FixedSizeAdjacency>(
    adjacency: A,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
) -> Result<LatticeGaussian<A>, Error> {
    let sensitivity = point_lattice(options, adjacency).l2_sensitivity()?;
    Ok(LatticeGaussian::calibrate(epsilon, delta, sensitivity)?)
}

/// The least truncated Laplace noise on points for a budget: what the published test-time step adds, with the L1 sensitivity that it
/// needs.
///
/// # Errors
/// [`Error::Mechanism`]: more noise than the lattice carries.
pub fn published_points_mechanism<A: FixedSizeAdjacency>(
    adjacency: A,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
) -> Result<TruncatedLaplace<A>, Error> {
    let sensitivity = point_lattice(options, adjacency).l1_sensitivity()?;
    Ok(TruncatedLaplace::calibrate(epsilon, delta, sensitivity)?)
}

/// Releases the points with exact Gaussian noise on every coordinate: the recommended release for points that move.
///
/// # Guarantee
/// (ε, δ)-differential privacy for the adjacency of the points, [`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice): the
/// integers of all points move by at most D in L2 (docs/theorems.md, *Close points*), whatever the points are. Labels are not part of
/// it.
///
/// # Errors
/// Those of [`point_statistic`] and [`points_mechanism`].
///
/// # Examples
/// See [`NoisyPoints`].
pub fn release_points<A: FixedSizeAdjacency, R: CryptoRng + ?Sized>(
    points: PrivatePoints<'_, A>,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
    rng: &mut R,
) -> Result<Release<NoisyPoints, PrivacyProfile<A>>, Error> {
    let mechanism = points_mechanism(points.adjacency(), options, epsilon, delta)?;
    release_points_with(points, options, &mechanism, rng)
}

/// The same with a mechanism that was calibrated elsewhere, for instance within a larger budget.
///
/// # Errors
/// Those of [`point_statistic`]; [`Error::Mechanism`] if it was made for a smaller sensitivity, or its noise leaves the lattice.
pub fn release_points_with<A: FixedSizeAdjacency, R: CryptoRng + ?Sized>(
    points: PrivatePoints<'_, A>,
    options: &CloseOptions,
    mechanism: &LatticeGaussian<A>,
    rng: &mut R,
) -> Result<Release<NoisyPoints, PrivacyProfile<A>>, Error> {
    let noise_std = mechanism.noise_std().get() * point_lattice(options, points.adjacency()).step();
    let release = mechanism.release(point_statistic(points, options)?, WHAT, rng)?;
    Ok(described(release, options, noise_std))
}

/// Releases the points with truncated Laplace noise, as the published test-time step does; for comparison. Its noise is larger by a
/// factor of order `√d`.
///
/// # Guarantee
/// As [`release_points`], by the L1 sensitivity of the integers.
///
/// # Errors
/// Those of [`point_statistic_l1`] and [`published_points_mechanism`].
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{Delta, Epsilon, PerturbRow, secure_rng};
/// use ntk_dp::{Kernel, private::close::{CloseOptions, PrivatePoints, release_points_as_published}};
///
/// let points = Mat::from_fn(20, 4, |i, j| ((i + 2 * j) as f64).sin() / 2.0);
/// let options = CloseOptions::new(Kernel::quadratic(1.0)?, (20, 4), 1.0)?;
/// let private = PrivatePoints::new(PerturbRow::new(1e-3)?, points.as_ref());
/// let release =
///     release_points_as_published(private, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
/// let noise = |i: usize, j: usize| release.value().points().row(i)[j] - points[(i, j)];
/// assert!(noise(3, 1).abs() < 0.03); // bounded: 2e-3·ln(1 + (e − 1)/2e-6) = 0.0273
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn release_points_as_published<A: FixedSizeAdjacency, R: CryptoRng + ?Sized>(
    points: PrivatePoints<'_, A>,
    options: &CloseOptions,
    epsilon: Epsilon,
    delta: Delta,
    rng: &mut R,
) -> Result<Release<NoisyPoints, PrivacyProfile<A>>, Error> {
    let mechanism = published_points_mechanism(points.adjacency(), options, epsilon, delta)?;
    let step = point_lattice(options, points.adjacency()).step();
    // standard deviation before truncation
    let noise_std = 2.0_f64.sqrt() * mechanism.noise_scale().get() * step;
    let release = mechanism.release(point_statistic_l1(points, options)?, WHAT, rng)?;
    Ok(described(release, options, noise_std))
}

/// As written to certificates.
const WHAT: &str = "points of a kernel regression";

fn described<A: FixedSizeAdjacency>(
    release: Release<LatticeVector, PrivacyProfile<A>>,
    options: &CloseOptions,
    noise_std: f64,
) -> Release<NoisyPoints, PrivacyProfile<A>> {
    // the kernel of noised points is chosen later
    let recorded = options.recorded().into_iter().filter(|(name, _)| *name != "kernel");
    let (dim, radius) = (options.dim(), options.radius());
    recorded
        .fold(release, |release, (name, value)| release.with_text_parameter(name, value))
        .with_text_parameter("labels", "not part of this release".to_owned())
        .with_claim(claims::CLOSE_POINTS_SENSITIVITY)
        .with_claim(claims::CLOSE_POINTS_PRIVACY)
        .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
        .postprocess(|vector| {
            let values = vector.to_f64();
            let points = Mat::from_fn(options.rows(), dim, |i, j| values[i * dim + j]);
            NoisyPoints { points, radius, noise_std }
        })
}

impl NoisyPoints {
    /// The points as released, shape `(n, d)`.
    #[must_use]
    pub fn points(&self) -> MatRef<'_> {
        self.points.as_ref()
    }

    /// Standard deviation of the noise on each coordinate, in units of data; of truncated Laplace noise before truncation.
    #[must_use]
    pub const fn noise_std(&self) -> f64 {
        self.noise_std
    }

    /// The points scaled back to the public radius, where the private ones are: nearer to them than [`points`](Self::points).
    #[must_use]
    pub fn projected(&self) -> Mat {
        let mut points = self.points.clone();
        for i in 0..points.nrows() {
            let norm = points.row(i).iter().map(|x| x * x).sum::<f64>().sqrt();
            if norm > self.radius {
                points.row_mut(i).iter_mut().for_each(|x| *x *= self.radius / norm);
            }
        }
        points
    }

    /// Kernel ridge regression on the [`projected`](Self::projected) points; as often, and with as many kernels and ridges, as you like.
    ///
    /// # Errors
    /// Those of [`KernelRidge::fit`], by released numbers and labels.
    pub fn fit<L: Labels>(&self, kernel: &Kernel, ridge: f64, labels: &L) -> Result<CloseModel<L>, Error> {
        let fitted =
            KernelRidge::new(kernel.clone(), ridge)?.fit(self.projected().as_ref(), labels.targets())?;
        Ok(CloseModel::new(fitted))
    }
}
