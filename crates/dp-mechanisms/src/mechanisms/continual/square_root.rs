//! Continual sums by the square root of the prefix-sum matrix.

use super::calibrated::{Amplification, Calibrated, add_wrapping};
use super::factor::SquareRootFactor;
use super::options::StreamOptions;
use super::released::ReleasedPrefixes;
use super::toeplitz::OnlineToeplitz;
use crate::accounting::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::claims;
use crate::error::Error;
use crate::params::{Delta, Epsilon, NoiseStd};
use crate::release::{Certificate, Release};
use crate::sensitivity::LatticeL2Sensitivity;
use core::fmt;
use core::ops::Range;
use rand::CryptoRng;

/// Prefix sums of a stream from noisy weighted sums of its past, the weights being those of the square root of the prefix-sum
/// matrix.
///
/// With each step the integers `y_t = Σ_k c_k x_{t−k}` are released with rounded Gaussian noise ([`SquareRootFactor`] has the
/// coefficients). Prefixes are decoded from all of them so far, in floating point: post-processing.
///
/// # Guarantee
///
/// The whole stream has at most the profile of the Gaussian mechanism with `μ = (Σ c_k²)^½·Δ/σ`, for an adaptively chosen
/// stream too, on the machine as run; see the [module](super) and, for neighbours, [`StreamOptions`]. Failures are a function
/// of shapes and of the number of steps.
///
/// # Error bound
///
/// [`prefix_std`](Self::prefix_std) and [`range_std`](Self::range_std), as long as no integer wraps, see
/// [`with_max_abs`](StreamOptions::with_max_abs): `|y_t|` is at most `2ᵇ⁺¹` times that bound. Decoding in floating
/// point adds an error of some roundings of the largest prefix so far (below `5·10⁻¹⁵` of it in trials up to 2²⁰ steps;
/// [`decoding`](SquareRootFactor::decoding) has a proven bound).
///
/// # Cost
///
/// The past is kept, privately (x) and released (y): after t steps up to `2t` vectors each, and t prefixes if history is
/// kept. Making one takes `O(T^1.585)` products for the decoder. A step takes `O(t^0.585)` products an entry on average: most take little,
/// but step `2ˡ` works ahead for the next `2ˡ`. For one counter that is about 0.07 s in all for 2¹⁴ steps, and 20 s for 2²⁰, on
/// one core.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, LatticeL2Sensitivity, secure_rng};
/// use dp_mechanisms::continual::{SquareRootSum, StreamOptions};
///
/// // a thousand steps; a row adds one to one of two counters
/// let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow)?;
/// let options = StreamOptions::new(1000, 2, sensitivity);
/// let mut stream = SquareRootSum::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, options)?;
/// let rng = &mut secure_rng()?;
/// for step in 0..1000 {
///     let sums = stream.push(&[step % 3, step % 7], rng)?;
///     assert_eq!(sums.len(), 2);
/// }
/// assert!((stream.released().latest()[0] - 999.0).abs() < 8.0 * stream.prefix_std(1000));
/// assert!(stream.push(&[0, 0], rng).is_err()); // the noise was made for a thousand steps
///
/// let release = stream.into_release("two counters");
/// assert!(release.certificate().guarantee().delta(1.0) <= 1e-6);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// H. Fichtenberger, M. Henzinger, J. Upadhyay, *Constant matters: fine-grained error bound on differentially private continual
/// observation*, 2023. M. Henzinger, J. Upadhyay, S. Upadhyay, *Almost tight error bounds on differentially private
/// continual counting*, 2023. Integer coefficients: `docs/theorems.md` of the project, Continual release.
pub struct SquareRootSum<A> {
    calibrated: Calibrated<A>,
    factor: SquareRootFactor,
    /// Private: the steps so far, and what they add to later integers.
    encoder: OnlineToeplitz<i64>,
    /// The integers released so far, and what they add to later prefixes.
    decoder: OnlineToeplitz<f64>,
    /// A step as it counts: private.
    step: Vec<i64>,
    /// What is released of it, without noise: private.
    sums: Vec<i64>,
    /// Noise of the next step, to which its sums are added.
    next: Vec<i64>,
    /// Never without noise.
    integers: Vec<i64>,
    scaled: Vec<f64>,
    prefix: Vec<f64>,
    released: ReleasedPrefixes,
}

impl<A: Adjacency> SquareRootSum<A> {
    /// The least noise that is certified to give (ε, δ)-differential privacy for the whole stream.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for a horizon that [`SquareRootFactor`] does not support, or no width; [`Error::SensitivityOverflow`],
    /// [`Error::NoiseUnsupported`] or [`Error::LatticeOverflow`] if sums or noise do not fit the lattice,
    /// [`Error::CalibrationOverflow`] beyond `f64`.
    pub fn calibrate(epsilon: Epsilon, delta: Delta, options: StreamOptions<A>) -> Result<Self, Error> {
        let factor = SquareRootFactor::new(options.horizon())?;
        Ok(Self::new(Calibrated::to_budget(epsilon, delta, options, amplification(&factor))?, factor))
    }

    /// A chosen amount of noise in the released integers, in lattice steps: `2ᵇ` times as much as a single prefix would need.
    ///
    /// # Errors
    ///
    /// As [`calibrate`](Self::calibrate).
    pub fn with_noise_std(noise_std: NoiseStd, options: StreamOptions<A>) -> Result<Self, Error> {
        let factor = SquareRootFactor::new(options.horizon())?;
        Ok(Self::new(Calibrated::with_noise_std(noise_std, options, amplification(&factor))?, factor))
    }

    fn new(calibrated: Calibrated<A>, factor: SquareRootFactor) -> Self {
        let (horizon, width) = (factor.coefficients().len(), calibrated.options().width());
        Self {
            encoder: OnlineToeplitz::new(factor.coefficients().to_vec(), horizon, width),
            decoder: OnlineToeplitz::new(factor.decoder().to_vec(), horizon, width),
            step: vec![0; width],
            sums: vec![0; width],
            next: vec![0; width],
            integers: vec![0; width],
            scaled: vec![0.0; width],
            prefix: vec![0.0; width],
            released: ReleasedPrefixes::new(factor.horizon(), width),
            calibrated,
            factor,
        }
    }

    /// Takes the next step, releases the integers that belong to it, and returns the sum of all steps so far, in data units.
    ///
    /// # Errors
    ///
    /// [`Error::Dimension`] for a step of another width, [`Error::HorizonExceeded`] after the last step; nothing has changed then,
    /// nor where the generator panics.
    pub fn push<R: CryptoRng + ?Sized>(&mut self, step: &[i64], rng: &mut R) -> Result<&[f64], Error> {
        self.calibrated.number(step)?;
        self.calibrated.draw(&mut self.next, rng);
        let options = self.calibrated.options();
        options.admit(step, &mut self.step);
        self.encoder.push(&self.step, &mut self.sums);
        add_wrapping(&mut self.next, &self.sums);
        core::mem::swap(&mut self.integers, &mut self.next);
        let unit = options.lattice().step() / (1_u64 << self.factor.bits()) as f64;
        for (scaled, &integer) in self.scaled.iter_mut().zip(&self.integers) {
            *scaled = integer as f64 * unit;
        }
        self.decoder.push(&self.scaled, &mut self.prefix);
        self.released.record(&self.prefix, options.history());
        Ok(self.released.latest())
    }

    /// What has been released so far. Part of one release, that of the whole stream: its certificate is
    /// [`certificate`](Self::certificate).
    #[must_use]
    pub const fn released(&self) -> &ReleasedPrefixes {
        &self.released
    }

    /// The integers that the last step released, in units of `2⁻ᵇ` lattice steps; all else follows from those of all steps.
    #[must_use]
    pub fn integers(&self) -> &[i64] {
        &self.integers
    }

    /// What was agreed on.
    #[must_use]
    pub const fn options(&self) -> &StreamOptions<A> {
        self.calibrated.options()
    }

    /// The coefficients and their error constants.
    #[must_use]
    pub const fn factor(&self) -> &SquareRootFactor {
        &self.factor
    }

    /// Number of steps that have come.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.calibrated.steps()
    }

    /// How far the released integers of the whole stream move between neighbours: `Δ²·Σ c_k²`.
    #[must_use]
    pub const fn sensitivity(&self) -> LatticeL2Sensitivity<A> {
        self.calibrated.sensitivity()
    }

    /// Standard deviation of the noise of the released integers before rounding, in their units.
    #[must_use]
    pub fn noise_std(&self) -> NoiseStd {
        self.calibrated.noise().noise_std()
    }

    /// The guarantee of the whole stream.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        self.calibrated.profile()
    }

    /// Standard deviation of an entry of the prefix after `steps` steps, rounding included, in data units. Infinite beyond the
    /// horizon.
    #[must_use]
    pub fn prefix_std(&self, steps: u64) -> f64 {
        self.calibrated.std(self.factor.noise_factor(steps))
    }

    /// Standard deviation of an entry of the sum over these steps, in data units. Infinite beyond the horizon. Takes
    /// time proportional to the end of the interval.
    #[must_use]
    pub fn range_std(&self, steps: Range<u64>) -> f64 {
        self.calibrated.std(self.factor.range_noise_factor(steps))
    }

    /// What is known about the release of the whole stream, whether or not all steps have come. `what` names it for people.
    pub fn certificate(&self, what: &str) -> Certificate<PrivacyProfile<A>> {
        self.calibrated
            .certificate(what, MECHANISM)
            .with_parameter("coefficient_bits", self.factor.bits())
            .with_parameter("squared_coefficient_norm", self.factor.squared_norm())
            .with_claim(claims::SQUARE_ROOT_PRIVACY)
            .with_claim(claims::SQUARE_ROOT_SENSITIVITY)
    }

    /// Ends the stream and lets what was released go, with its certificate.
    pub fn into_release(self, what: &str) -> Release<ReleasedPrefixes, PrivacyProfile<A>> {
        let certificate = self.certificate(what);
        Release::mint(self.released, certificate)
    }
}

/// `y_t = Σ_k (c_k − c_{k−1})·prefix_{t−k}`, where the coefficients' absolute values sum to at most `2c_0 = 2ᵇ⁺¹`.
fn amplification(factor: &SquareRootFactor) -> Amplification {
    Amplification { squared_norm: factor.squared_norm(), range: 2 << factor.bits() }
}

/// As written to certificates.
const MECHANISM: &str = "rounded Gaussian on the square root of the prefix-sum matrix, rounded to integers";

impl<A: Adjacency> fmt::Debug for SquareRootSum<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SquareRootSum")
            .field("horizon", &self.factor.horizon())
            .field("steps", &self.steps())
            .finish_non_exhaustive()
    }
}
