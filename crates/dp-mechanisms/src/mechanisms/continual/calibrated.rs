//! What both mechanisms share: the stream's options, the noise for all of it, and how far it has come.

use super::options::StreamOptions;
use crate::accounting::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::claims;
use crate::error::{Error, Parameter};
use crate::mechanisms::LatticeGaussian;
use crate::noise::{LatticeNoise, RoundedGaussian};
use crate::normal::upper_tail_bounds;
use crate::params::{Delta, Epsilon, NoiseStd};
use crate::release::{ArithmeticModel, Certificate};
use crate::sensitivity::LatticeL2Sensitivity;
use rand::CryptoRng;

/// How the statistic that is noised compares with the stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Amplification {
    /// Largest squared column norm: by how much a step's squared sensitivity grows.
    pub(super) squared_norm: u128,
    /// Bound of its entries over that of the prefix sums.
    pub(super) range: u64,
}

/// A stream without entries says nothing, and would hold any number of steps in no memory.
pub(super) fn check_width(width: usize) -> Result<(), Error> {
    Parameter::StreamWidth.check(width as f64, width > 0).map(drop)
}

#[derive(Debug)]
pub(super) struct Calibrated<A> {
    options: StreamOptions<A>,
    mechanism: LatticeGaussian<A>,
    noise: RoundedGaussian,
    variance: f64,
    steps: u64,
}

impl<A: Adjacency> Calibrated<A> {
    /// The least noise that gives the whole stream this budget.
    pub(super) fn to_budget(
        epsilon: Epsilon,
        delta: Delta,
        options: StreamOptions<A>,
        amplification: Amplification,
    ) -> Result<Self, Error> {
        let sensitivity = amplified(&options, amplification)?;
        Self::new(options, LatticeGaussian::calibrate(epsilon, delta, sensitivity)?, amplification)
    }

    pub(super) fn with_noise_std(
        noise_std: NoiseStd,
        options: StreamOptions<A>,
        amplification: Amplification,
    ) -> Result<Self, Error> {
        let sensitivity = amplified(&options, amplification)?;
        Self::new(options, LatticeGaussian::with_noise_std(noise_std, sensitivity)?, amplification)
    }

    fn new(
        options: StreamOptions<A>,
        mechanism: LatticeGaussian<A>,
        amplification: Amplification,
    ) -> Result<Self, Error> {
        check_width(options.width())?;
        let (max_abs, noise_std) = (options.max_abs(), mechanism.noise_std());
        let entries = max_abs as f64 * amplification.range as f64;
        if entries + 40.0 * noise_std.get() >= i64::MAX as f64 / 2.0 {
            return Err(Error::LatticeOverflow { max_abs, noise_std: noise_std.get() });
        }
        let (noise, variance) = (RoundedGaussian::new(noise_std)?, rounded_variance(noise_std.get()));
        Ok(Self { options, mechanism, noise, variance, steps: 0 })
    }

    pub(super) const fn options(&self) -> &StreamOptions<A> {
        &self.options
    }

    pub(super) const fn noise(&self) -> &RoundedGaussian {
        &self.noise
    }

    pub(super) const fn sensitivity(&self) -> LatticeL2Sensitivity<A> {
        self.mechanism.sensitivity()
    }

    pub(super) const fn profile(&self) -> &PrivacyProfile<A> {
        self.mechanism.profile()
    }

    /// Number of steps that have come.
    pub(super) const fn steps(&self) -> u64 {
        self.steps
    }

    /// How many steps there are with this one, unless its shape or number is wrong.
    pub(super) fn number(&self, step: &[i64]) -> Result<u64, Error> {
        let (expected, horizon) = (self.options.width(), self.options.horizon());
        if step.len() != expected {
            return Err(Error::Dimension { expected, found: step.len() });
        }
        if self.steps >= horizon {
            return Err(Error::HorizonExceeded { horizon });
        }
        Ok(self.steps + 1)
    }

    /// Draws the noise of a step; only then does the step count. A generator that panics leaves the stream as it was.
    pub(super) fn draw<R: CryptoRng + ?Sized>(&mut self, noise: &mut [i64], rng: &mut R) {
        self.noise.fill(noise, rng);
        self.steps += 1;
    }

    /// Standard deviation, in data units, of an error of this many noise variances.
    pub(super) fn std(&self, noise_factor: f64) -> f64 {
        (self.variance * noise_factor).sqrt() * self.options.lattice().step()
    }

    pub(super) fn certificate(&self, what: &str, mechanism: &str) -> Certificate<PrivacyProfile<A>> {
        let options = &self.options;
        let certificate =
            Certificate::new(what, mechanism, self.profile().clone(), ArithmeticModel::ExactLattice)
                .with_parameter("horizon", options.horizon())
                .with_parameter("width", options.width())
                .with_parameter("squared_step_sensitivity", options.sensitivity().square())
                .with_parameter("squared_l2_sensitivity", self.sensitivity().square())
                .with_parameter("noise_std", self.mechanism.noise_std().get())
                .with_parameter("lattice_exponent", options.lattice().exponent())
                .with_claim(claims::ROUNDED_GAUSSIAN_PRIVACY)
                .with_claim(claims::ROUNDED_GAUSSIAN_LAW);
        match options.step_bound() {
            Some(square) => certificate.with_parameter("squared_step_bound", square),
            None => certificate,
        }
    }
}

/// The sensitivity of the noised statistic. A step that is kept and one that counts as zeros are as far apart as the bound lets
/// the first be long.
fn amplified<A: Adjacency>(
    options: &StreamOptions<A>,
    amplification: Amplification,
) -> Result<LatticeL2Sensitivity<A>, Error> {
    let step = options.sensitivity();
    let square = step.square().max(options.step_bound().unwrap_or(0));
    LatticeL2Sensitivity::from_square_product(square, amplification.squared_norm, step.adjacency())
}

/// Adds entry by entry, modulo 2⁶⁴.
pub(super) fn add_wrapping(to: &mut [i64], what: &[i64]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to = to.wrapping_add(*what);
    }
}

/// Variance of `⌊σN⌉` in squared lattice steps: `Σ_{k ≥ 1} (2k − 1)·P(|⌊σN⌉| ≥ k)`, for `σ > 2` up to `5σ²e^{−2π²σ²}` that is `σ² + 1/12`.
fn rounded_variance(noise_std: f64) -> f64 {
    if noise_std > 2.0 {
        return noise_std * noise_std + 1.0 / 12.0; // the rest is below 10⁻³²
    }
    // beyond 40 standard deviations tails are below 10⁻³⁴⁹
    let last = (40.0 * noise_std).ceil() as u32 + 1;
    let beyond = |k: u32| 2.0 * upper_tail_bounds((f64::from(k) - 0.5) / noise_std).1;
    (1..=last).map(|k| f64::from(2 * k - 1) * beyond(k)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variance_of_rounded_noise_is_that_of_its_probabilities() {
        for noise_std in [0.05, 0.3, 0.7, 1.0, 1.9, 2.1, 5.0] {
            let noise = RoundedGaussian::new(NoiseStd::new(noise_std).unwrap()).unwrap();
            let term = |k: i64| (k * k) as f64 * noise.pmf_bounds(k).1;
            let exact: f64 = (1..=(15.0 * noise_std).ceil() as i64 + 2).map(|k| 2.0 * term(k)).sum();
            // at most 80 terms of one sign, each good to three roundings; beyond 15σ lie less than 10⁻⁴⁸
            assert!((rounded_variance(noise_std) - exact).abs() <= 1e-13 * exact, "{noise_std}");
        }
        assert!(rounded_variance(1e-300) < 1e-300);
    }
}
