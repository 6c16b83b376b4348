//! Labels: named public, or released with noise.

use super::floats::{ceil_log2, power_of_two};
use crate::error::CloseParameter;
use crate::{Error, claims};
use core::fmt;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::{
    Epsilon, Lattice, LatticeL1Sensitivity, LatticeLaplace, LatticeStatistic, PrivacyProfile, Release,
};
use rand::CryptoRng;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::PublicLabels {}
    impl Sealed for super::NoisyLabels {}
}

/// Labels that a fit may see: public ones, or released ones. Sealed.
///
/// Private labels are none: they have to be [released](release_labels) first.
///
/// ```compile_fail,E0277
/// use dp_linalg::Mat;
/// use dp_mechanisms::PerturbRow;
/// use ntk_dp::private::close::{Labels, PrivateLabels};
///
/// fn fit(labels: &impl Labels) {}
/// let labels = Mat::zeros(3, 1);
/// fit(&PrivateLabels::new(PerturbRow::new(0.1).unwrap(), labels.as_ref()));
/// ```
pub trait Labels: sealed::Sealed {
    /// Permanent name.
    const NAME: &'static str;

    /// The labels as numbers, shape `(n, k)`.
    fn targets(&self) -> MatRef<'_>;
}

/// Labels that everyone may know. Whoever makes this says so: nothing here protects them.
///
/// ```
/// use dp_linalg::Mat;
/// use ntk_dp::private::close::{Labels, PublicLabels};
///
/// let labels = PublicLabels::assume_public(Mat::from_vec(2, 1, vec![1.0, -1.0])?)?;
/// assert_eq!(labels.targets().row(1), [-1.0]);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PublicLabels {
    targets: Mat,
}

impl PublicLabels {
    /// States that these labels, shape `(n, k)`, are public: no guarantee covers them.
    ///
    /// # Errors
    /// [`Error::Target`] for a number that is NaN or infinite.
    pub fn assume_public(targets: Mat) -> Result<Self, Error> {
        match targets.as_ref().first_non_finite() {
            Some((row, _)) => Err(Error::Target { row }),
            None => Ok(Self { targets }),
        }
    }
}

impl Labels for PublicLabels {
    const NAME: &'static str = "public";

    fn targets(&self) -> MatRef<'_> {
        self.targets.as_ref()
    }
}

/// Private labels `(n, k)`, *not yet released*. Neighbours differ in one of them, at will, beside the move of its point.
///
/// `Debug` shows no entry.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::PerturbRow;
/// use ntk_dp::private::close::PrivateLabels;
///
/// let labels = Mat::zeros(100, 1);
/// let private = PrivateLabels::new(PerturbRow::new(0.01)?, labels.as_ref());
/// assert_eq!(format!("{private:?}"), "PrivateLabels { adjacency: perturb_row(radius 0.01), shape: (100, 1), .. }");
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct PrivateLabels<'a, A> {
    adjacency: A,
    labels: MatRef<'a>,
}

impl<'a, A: FixedSizeAdjacency> PrivateLabels<'a, A> {
    /// States what may happen to a row whose label these are; the label itself may become any other.
    #[must_use]
    pub const fn new(adjacency: A, labels: MatRef<'a>) -> Self {
        Self { adjacency, labels }
    }
}

impl<A: FixedSizeAdjacency> fmt::Debug for PrivateLabels<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateLabels")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("shape", &(self.labels.nrows(), self.labels.ncols()))
            .finish_non_exhaustive()
    }
}

/// Released labels: each number with noise of its own.
///
/// # Guarantee
/// That of the [`Release`] it comes in.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{Delta, Epsilon, PerturbRow, secure_rng};
/// use ntk_dp::{Kernel, private::close::{CloseOptions, PrivateLabels, PrivatePoints, release_labels, release_points}};
///
/// let points = Mat::from_fn(500, 2, |i, j| ((1 + 3 * i + 7 * i * j) as f64).sin() / 2.0);
/// let signs = Mat::from_fn(500, 1, |i, _| (points[(i, 0)] * points[(i, 1)]).signum());
/// let (close, rng) = (PerturbRow::new(1e-3)?, &mut secure_rng()?);
/// let kernel = Kernel::quadratic(1.0)?;
/// let options = CloseOptions::new(kernel.clone(), (500, 2), 1.0)?;
/// let (epsilon, delta) = (Epsilon::new(2.0)?, Delta::new(1e-6)?);
/// let points = release_points(PrivatePoints::new(close, points.as_ref()), &options, epsilon, delta, rng)?;
/// // labels of ±1, each of which may become the other
/// let labels = release_labels(PrivateLabels::new(close, signs.as_ref()), 1.0, Epsilon::new(3.0)?, rng)?;
///
/// let both = points.and(labels)?; // points and labels: one guarantee of ε = 5 or less
/// assert!(both.certificate().guarantee().epsilon(delta) <= 5.0);
/// let (points, labels) = both.value();
/// let model = points.fit(&kernel, 0.1, labels)?;
/// assert!(model.predict(Mat::from_vec(1, 2, vec![0.5, 0.5])?.as_ref())?[(0, 0)] > 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NoisyLabels {
    targets: Mat,
    noise_scale: f64,
    bound: f64,
}

/// Largest L1 norm of a label in lattice steps, as a power of two.
const LABEL_BITS: i32 = 20;

/// The integers of labels with their L1 sensitivity, still private. Each row is scaled back to L1 norm `bound`, in itself; one that is not
/// finite becomes zero.
///
/// # Errors
/// [`Error::NoRows`], [`Error::NoColumns`]; [`Error::CloseParameter`] for a bound outside 1e-60 … 1e60.
pub fn label_statistic<A: FixedSizeAdjacency>(
    labels: PrivateLabels<'_, A>,
    bound: f64,
) -> Result<LatticeStatistic<LatticeL1Sensitivity<A>>, Error> {
    let PrivateLabels { adjacency, labels } = labels;
    let bound = CloseParameter::LabelBound.check(bound, (1e-60..=1e60).contains(&bound))?;
    if labels.nrows() == 0 {
        return Err(Error::NoRows);
    }
    if labels.ncols() == 0 {
        return Err(Error::NoColumns);
    }
    let exponent = LABEL_BITS - ceil_log2(bound);
    let unit = power_of_two(exponent);
    let largest = (bound * unit).floor() as u64; // the product is exact
    let mut steps = Vec::with_capacity(labels.nrows() * labels.ncols());
    for row in labels.rows() {
        let first = steps.len();
        encode(row, (bound, unit), &mut steps);
        shorten(&mut steps[first..], largest);
    }
    let sensitivity = LatticeL1Sensitivity::new(2 * largest, adjacency)?;
    Ok(LatticeStatistic::new(steps, Lattice::new(-exponent)?, sensitivity, largest))
}

/// So small that a sum of finite numbers of this size is finite: at most `k·2⁶²⁴` for k of them, so that the least bound, `2⁻²⁰⁰`, over it is no
/// subnormal number.
const TINY: f64 = power_of_two(-400);

/// Toward zero, so that rounding lengthens little.
fn encode(row: &[f64], (bound, unit): (f64, f64), steps: &mut Vec<i64>) {
    let length = row.iter().map(|x| x.abs() * TINY).sum::<f64>();
    let (first, second) = if length > bound * TINY { (TINY, bound / length) } else { (1.0, 1.0) };
    // no entry is longer than the row, so that sums of them do not overflow
    let most = bound * unit;
    let step = |x: f64| (x * first * second * unit).clamp(-most, most).trunc() as i64;
    steps.extend(row.iter().map(|x| if length.is_finite() { step(*x) } else { 0 }));
}

/// Brings the L1 norm of a row's integers to `largest` or less, whatever rounding did before: the first entries lose what is too much.
fn shorten(row: &mut [i64], largest: u64) {
    let norm: u64 = row.iter().map(|x| x.unsigned_abs()).sum();
    let mut excess = norm.saturating_sub(largest);
    for x in row {
        let taken = excess.min(x.unsigned_abs());
        *x -= x.signum() * taken as i64;
        excess -= taken;
    }
}

/// Releases labels with exact discrete Laplace noise: any row's label may become any other.
///
/// # Guarantee
/// ε-differential privacy, [`ExactLattice`](dp_mechanisms::ArithmeticModel::ExactLattice): one row of integers changes, by at most twice
/// the bound in L1. Together with a release of points it covers rows as a whole: a point that moves *and* a label that changes; join both
/// by [`Release::and`].
///
/// # Errors
/// Those of [`label_statistic`]; [`Error::Mechanism`] by the budget alone.
///
/// # Examples
/// See [`NoisyLabels`].
pub fn release_labels<A: FixedSizeAdjacency, R: CryptoRng + ?Sized>(
    labels: PrivateLabels<'_, A>,
    bound: f64,
    epsilon: Epsilon,
    rng: &mut R,
) -> Result<Release<NoisyLabels, PrivacyProfile<A>>, Error> {
    let (rows, columns) = (labels.labels.nrows(), labels.labels.ncols());
    let statistic = label_statistic(labels, bound)?;
    let mechanism = LatticeLaplace::calibrate(epsilon, *statistic.sensitivity())?;
    let release = mechanism.release(statistic, "labels of a kernel regression", rng)?;
    let described = release
        .with_parameter("rows", rows)
        .with_parameter("label_bound", bound)
        .with_text_parameter("labels", "any label may become any other".to_owned())
        .with_claim(claims::CLOSE_LABELS_PRIVACY)
        .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    Ok(described.postprocess(|vector| {
        let values = vector.to_f64();
        let noise_scale = mechanism.noise_scale().get() * vector.lattice().step();
        let targets = Mat::from_fn(rows, columns, |i, j| values[i * columns + j]);
        NoisyLabels { targets, noise_scale, bound }
    }))
}

impl NoisyLabels {
    /// Scale of the noise on each number, its standard deviation over `√2`, in units of labels.
    #[must_use]
    pub const fn noise_scale(&self) -> f64 {
        self.noise_scale
    }

    /// Every number moved back into `±bound`, where those of private labels are.
    ///
    /// For labels of two classes, ±bound, nothing is lost: beyond the bound a number is as likely under the one as under the other label as at
    /// the bound. The mean of a label shrinks, to `1 − (c/2)(1 − e^{−2/c})` of it for noise of scale c times the bound, and its noise shrinks more:
    /// predictions of classes get better, predicted numbers come out too small.
    #[must_use]
    pub fn clipped(&self) -> Self {
        let mut clipped = self.clone();
        clipped.targets.as_mut_slice().iter_mut().for_each(|x| *x = x.clamp(-self.bound, self.bound));
        clipped
    }
}

impl Labels for NoisyLabels {
    const NAME: &'static str = "released";

    fn targets(&self) -> MatRef<'_> {
        self.targets.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_mechanisms::ReplaceRow;

    fn integers(labels: &[f64], columns: usize, bound: f64) -> (Vec<i64>, u64) {
        let matrix = MatRef::new(labels, labels.len() / columns, columns).unwrap();
        let statistic = label_statistic(PrivateLabels::new(ReplaceRow, matrix), bound).unwrap();
        let sensitivity = statistic.sensitivity().get();
        (statistic.assume_public(), sensitivity)
    }

    #[test]
    fn labels_of_any_size_keep_the_bound_in_integers() {
        for bound in [1e-50_f64, 0.3, 1.0, 7.7, 1e50] {
            for scale in [1e-300, 0.1, 1.0, 1.000_000_1, 1e9, 1e250] {
                let row = [0.1, -0.7, 0.2, f64::MIN_POSITIVE].map(|x: f64| x * scale * bound.min(1e50));
                let (steps, sensitivity) = integers(&row, 4, bound);
                assert!(2 * steps.iter().map(|x| x.unsigned_abs()).sum::<u64>() <= sensitivity);
            }
        }
        assert_eq!(integers(&[f64::MAX, -f64::MAX], 2, 1.0).0, [1 << 19, -(1 << 19)]);
    }

    #[test]
    fn a_tiny_bound_of_huge_labels_is_kept() {
        // the bound over the sum was a subnormal number of few bits
        let (bound, x) = (1.000_595_451_209_392_2e-60, 1.752_942_205_750_405_3e308);
        for sign in [1.0, -1.0] {
            let (steps, sensitivity) = integers(&[sign * x; 200], 200, bound);
            let norm: u64 = steps.iter().map(|x| x.unsigned_abs()).sum();
            assert!(2 * norm <= sensitivity && sensitivity - 2 * norm < 2 * 200, "{norm} {sensitivity}");
        }
    }

    #[test]
    fn what_is_too_long_in_integers_is_shortened_there() {
        for (largest, expected) in [(9, [3, -4, 2]), (8, [2, -4, 2]), (4, [0, -2, 2]), (0, [0, 0, 0])] {
            let mut row = [3, -4, 2];
            shorten(&mut row, largest);
            assert_eq!(row, expected);
        }
    }

    #[test]
    fn the_largest_label_is_its_bound_and_others_become_zero() {
        assert_eq!(
            integers(&[1.0, -1.0, f64::NAN, f64::INFINITY], 1, 1.0),
            (vec![1 << 20, -(1 << 20), 0, 0], 1 << 21)
        );
    }
}
