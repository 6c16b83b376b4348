//! From a target to noise, or to a number of repetitions.

use super::profile::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::certified::power_of_two;
use crate::error::Error;
use crate::params::{Delta, Epsilon};

/// A target (ε, δ), asked for the least noise or the most repetitions that meet it. (The ε that given noise leads to is
/// [`PrivacyProfile::epsilon`].)
///
/// # Guarantee
///
/// Every answer was itself checked: [`PrivacyProfile::epsilon`] of it is at most ε. That more noise loses less and that more
/// repetitions lose more is used to search, not to decide.
///
/// # Example
///
/// ```
/// use dp_mechanisms::accounting::{Poisson, Target};
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Mu, PrivacyProfile, SamplingRate};
///
/// let target = Target::new(Epsilon::new(2.0)?, Delta::new(1e-5)?);
/// let sampled = Poisson::new(SamplingRate::new(0.01)?);
/// let step = |noise_multiplier: f64| sampled.amplify(&PrivacyProfile::gaussian(Mu::new(1.0 / noise_multiplier)?, AddRemoveRow));
///
/// // a thousand steps of stochastic gradient descent: how much noise?
/// let noise_multiplier = target.least_noise(|noise| Ok(step(noise)?.repeated(1000)))?;
/// assert!(noise_multiplier > 0.93 && noise_multiplier < 0.97);
/// // and with noise multiplier one, how many steps?
/// let steps = target.most_repetitions(&step(1.0)?);
/// assert!(steps > 1150 && steps < 1300);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    epsilon: Epsilon,
    delta: Delta,
}

/// Noise is found to this relative width.
const NOISE_WIDTH: f64 = 1e-6;
/// Noise is searched for between `2^±this`.
const DOUBLINGS: i32 = 100;
/// No accountant looks at more repetitions.
const MOST: u64 = (1 << 40) - 1;

impl Target {
    /// (ε, δ)-differential privacy.
    #[must_use]
    pub const fn new(epsilon: Epsilon, delta: Delta) -> Self {
        Self { epsilon, delta }
    }

    /// Whether a guarantee is known to meet the target.
    #[must_use]
    pub fn is_met_by<A: Adjacency>(&self, profile: &PrivacyProfile<A>) -> bool {
        profile.epsilon(self.delta) <= self.epsilon.get()
    }

    /// How often, at most, something with this guarantee can be run: zero if once is too much, `2⁴⁰ − 1` if nothing is lost.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::accounting::Target;
    /// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, PrivacyProfile};
    ///
    /// let query = PrivacyProfile::pure(Epsilon::new(0.1)?, AddRemoveRow);
    /// let most = |delta: f64| Ok::<_, dp_mechanisms::Error>(Target::new(Epsilon::new(1.0)?, Delta::new(delta)?).most_repetitions(&query));
    /// assert_eq!(most(1e-12)?, 10); // as many lose one for sure
    /// assert_eq!(most(1e-3)?, 16);
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn most_repetitions<A: Adjacency>(&self, profile: &PrivacyProfile<A>) -> u64 {
        let is_met = |count: u64| self.is_met_by(&profile.repeated(count));
        let (mut met, mut missed) = (0, 1);
        while is_met(missed) {
            if missed > MOST / 2 {
                if is_met(MOST) {
                    return MOST;
                }
                (met, missed) = (missed, MOST);
                break;
            }
            (met, missed) = (missed, 2 * missed);
        }
        while missed - met > 1 {
            let middle = met + (missed - met) / 2;
            if is_met(middle) { met = middle } else { missed = middle }
        }
        met
    }

    /// The least noise whose guarantee meets the target, up to a millionth more. What the number measures is up to `guarantee`: a
    /// noise multiplier, a standard deviation, a scale. More must lose less.
    ///
    /// # Errors
    ///
    /// [`Error::CalibrationOverflow`] if none between `2^−100` and `2^100` is found to, where a guarantee that is refused does not. No
    /// error of `guarantee` is passed on.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::accounting::Target;
    /// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, Mu, PrivacyProfile, gaussian};
    ///
    /// // for Gaussian noise there is a closed form
    /// let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-6)?);
    /// let found = Target::new(epsilon, delta)
    ///     .least_noise(|std| Ok(PrivacyProfile::gaussian(Mu::new(1.0 / std)?, AddRemoveRow)))?;
    /// let exact = gaussian::noise_std(epsilon, delta, 1.0)?.get();
    /// assert!(exact <= found && found < exact * (1.0 + 2e-6));
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn least_noise<A: Adjacency>(
        &self,
        guarantee: impl Fn(f64) -> Result<PrivacyProfile<A>, Error>,
    ) -> Result<f64, Error> {
        let is_met = |noise: f64| guarantee(noise).is_ok_and(|profile| self.is_met_by(&profile));
        let powers = |sign: i32| (0..=DOUBLINGS).map(move |k| power_of_two(sign * k));
        let (mut missed, mut met) = if is_met(1.0) {
            let Some(missed) = powers(-1).find(|noise| !is_met(*noise)) else {
                return Ok(power_of_two(-DOUBLINGS)); // enough, and so little that nobody asks for less
            };
            (missed, 2.0 * missed)
        } else {
            let met = powers(1).find(|noise| is_met(*noise)).ok_or_else(|| self.unreachable())?;
            (met / 2.0, met)
        };
        while met - missed > NOISE_WIDTH * met {
            let middle = f64::midpoint(missed, met);
            if is_met(middle) { met = middle } else { missed = middle }
        }
        Ok(met)
    }

    fn unreachable(&self) -> Error {
        let (epsilon, delta) = (self.epsilon.get(), self.delta.get());
        Error::CalibrationOverflow { epsilon, delta, sensitivity: 1.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::AddRemoveRow;
    use crate::params::Mu;

    fn target(epsilon: f64, delta: f64) -> Target {
        Target::new(Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap())
    }

    fn gaussian(mu: f64) -> Result<PrivacyProfile<AddRemoveRow>, Error> {
        Ok(PrivacyProfile::gaussian(Mu::new(mu)?, AddRemoveRow))
    }

    #[test]
    fn repetitions_end_where_one_more_is_too_many() {
        for (epsilon, delta, mu) in [(1.0, 1e-6, 0.01), (8.0, 1e-10, 0.3), (0.1, 1e-5, 1.0)] {
            let (target, profile) = (target(epsilon, delta), gaussian(mu).unwrap());
            let most = target.most_repetitions(&profile);
            assert!(
                target.is_met_by(&profile.repeated(most)) && !target.is_met_by(&profile.repeated(most + 1))
            );
        }
        assert_eq!(target(1.0, 1e-6).most_repetitions(&PrivacyProfile::nothing(AddRemoveRow)), MOST);
    }

    #[test]
    fn repetitions_are_counted_up_to_the_largest_number() {
        // √count·μ stays the same: between 2³⁹ and 2⁴⁰
        let target = target(1.0, 1e-6);
        let whole = 1.0 / crate::gaussian::noise_std(target.epsilon, target.delta, 1.0).unwrap().get();
        for count in [5.6e11_f64, 7e11, 1.09e12] {
            let profile = gaussian(whole / count.sqrt()).unwrap();
            let most = target.most_repetitions(&profile);
            assert!((most as f64 / count - 1.0).abs() < 1e-9, "{most} {count}");
            assert!(
                target.is_met_by(&profile.repeated(most)) && !target.is_met_by(&profile.repeated(most + 1))
            );
        }
        let profile = gaussian(whole / 1e13_f64.sqrt()).unwrap();
        assert_eq!(target.most_repetitions(&profile), MOST);
    }

    #[test]
    fn noise_needs_no_bracket() {
        for (epsilon, count) in [(1e-6, 1_u64), (0.01, 1 << 30), (300.0, 1)] {
            let target = target(epsilon, 1e-9);
            let met = |noise: f64| Ok(gaussian(1.0 / noise)?.repeated(count));
            let least = target.least_noise(met).unwrap();
            assert!(target.is_met_by(&met(least).unwrap()));
            assert!(!target.is_met_by(&met(least * (1.0 - 2e-6)).unwrap()), "{epsilon} {count}");
        }
    }

    #[test]
    fn guarantees_that_no_noise_improves_are_an_error() {
        let fixed = |_: f64| gaussian(1.0);
        assert!(matches!(target(0.1, 1e-9).least_noise(fixed), Err(Error::CalibrationOverflow { .. })));
        let refused = |_: f64| Err::<PrivacyProfile<AddRemoveRow>, _>(Error::NotSampleable);
        assert!(target(0.1, 1e-9).least_noise(refused).is_err());
        // and where the least noise that is looked at is enough, it is the answer, also if there is nothing below it
        let any = |noise: f64| if noise > 0.0 { gaussian(1e-3) } else { Err(Error::NotSampleable) };
        assert_eq!(target(1e9, 0.5).least_noise(any).unwrap(), 2_f64.powi(-100));
    }
}
