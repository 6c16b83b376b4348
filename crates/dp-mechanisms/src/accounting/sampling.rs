//! Mechanisms on a random sample of the rows lose less.
//!
//! | sampling | neighbours | the mechanism's guarantee is for | bound |
//! |---|---|---|---|
//! | [`Poisson`] | add or remove | add or remove | exact: `((1 − q)Q + qP, Q)` (Zhu, Dong, Wang 2022, Theorem 11) |
//! | [`Poisson`] | replace | both | joint convexity (Balle, Barthe, Gaboardi 2018, Theorem 2) |
//! | [`FixedSize`] | replace | replace | `q·δ(ε)` at `ln(1 + q(e^ε − 1))` (ibid., Theorem 9) |
//! | [`FixedSize`] | add or remove | *replace* | as Poisson sampling, with the other guarantee |
//!
//! A common mistake charges a sample of fixed size for rows that are added or removed with the mechanism's loss for rows that are
//! added or removed. But the sample keeps its size: where the new row is in it, another one is not, so that the mechanism sees a
//! row *replaced* (Lebeda, Regehr, Kamath, Steinke 2024). The types here take the guarantee that is needed.
//!
//! The sample must be secret, and drawn anew for each mechanism.

use super::loss::{Loss, is_larger};
use super::profile::{Part, PrivacyProfile};
use crate::adjacency::{AddRemoveRow, ReplaceRow};
use crate::error::Error;
use crate::params::{Mu, SamplingRate};

/// Each row takes part with the same probability, independently of the others.
///
/// # Example
///
/// ```
/// use dp_mechanisms::accounting::Poisson;
/// use dp_mechanisms::{AddRemoveRow, Delta, Mu, PrivacyProfile, SamplingRate};
///
/// // stochastic gradient descent: noise multiplier 1, one row in a hundred, a thousand steps
/// let step = PrivacyProfile::gaussian(Mu::new(1.0)?, AddRemoveRow);
/// let training = Poisson::new(SamplingRate::new(0.01)?).amplify(&step)?.repeated(1000);
/// let (lower, upper) = training.epsilon_bounds(Delta::new(1e-5)?);
/// assert!(1.8282 < lower && upper < 1.8283);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Poisson {
    rate: SamplingRate,
}

/// A sample of fixed size, drawn without replacement.
///
/// # Example
///
/// ```
/// use dp_mechanisms::accounting::FixedSize;
/// use dp_mechanisms::{Delta, Mu, PrivacyProfile, ReplaceRow};
///
/// // 100 of 10 000 rows; replacing a row moves the sum by up to two, so μ = 2 at noise multiplier one
/// let step = PrivacyProfile::gaussian(Mu::new(2.0)?, ReplaceRow);
/// let once = FixedSize::new(100, 10_000)?.amplify(&step)?;
/// let (lower, upper) = once.delta_bounds(0.1);
/// assert!(0.0 < lower && lower < upper && upper < 0.01);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FixedSize {
    rate: SamplingRate,
}

impl Poisson {
    /// Rows take part with probability `rate`.
    #[must_use]
    pub const fn new(rate: SamplingRate) -> Self {
        Self { rate }
    }

    /// The guarantee of a mechanism on such a sample, for rows that are added or removed. Exact: the bounds are attained if the
    /// mechanism's are.
    ///
    /// # Errors
    ///
    /// [`Error::NotSampleable`] unless the guarantee is that of one pure, approximate, Laplace or Gaussian mechanism, or of
    /// several Gaussian ones on the same sample.
    pub fn amplify(
        &self,
        profile: &PrivacyProfile<AddRemoveRow>,
    ) -> Result<PrivacyProfile<AddRemoveRow>, Error> {
        let base = one_mechanism(profile.parts())?;
        Ok(PrivacyProfile::of(mixed(self.rate, base), AddRemoveRow))
    }

    /// The guarantee of a mechanism on such a sample, for rows that are replaced, from its guarantees for both kinds of
    /// neighbours. (A row that is replaced may have left the sample and come back as another, or not.)
    ///
    /// # Errors
    ///
    /// As for [`amplify`](Self::amplify), and unless both are pure, both Laplace or both Gaussian, the second losing at least
    /// as much. (It may be looser than removing and adding is, twice the first; the bound is then looser too.)
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::accounting::Poisson;
    /// use dp_mechanisms::{AddRemoveRow, Delta, Mu, PrivacyProfile, ReplaceRow, SamplingRate};
    ///
    /// let (one, two) = (PrivacyProfile::gaussian(Mu::new(0.5)?, AddRemoveRow), PrivacyProfile::gaussian(Mu::new(1.0)?, ReplaceRow));
    /// let sampled = Poisson::new(SamplingRate::new(0.1)?);
    /// let replaced = sampled.amplify_replaced(&one, &two)?.repeated(50);
    /// let removed = sampled.amplify(&one)?.repeated(50);
    /// let delta = Delta::new(1e-6)?;
    /// assert!(removed.epsilon(delta) < replaced.epsilon(delta));
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn amplify_replaced(
        &self,
        add_remove: &PrivacyProfile<AddRemoveRow>,
        replace: &PrivacyProfile<ReplaceRow>,
    ) -> Result<PrivacyProfile<ReplaceRow>, Error> {
        let (one, two) = (one_mechanism(add_remove.parts())?, one_mechanism(replace.parts())?);
        if !is_larger(&two, &one) {
            return Err(Error::NotSampleable);
        }
        let loss = match self.rate.get() {
            1.0 => two,
            _ => Loss::PoissonReplaced { rate: self.rate, add_remove: Box::new(one), replace: Box::new(two) },
        };
        Ok(PrivacyProfile::of(loss, ReplaceRow))
    }
}

impl FixedSize {
    /// `sample` of at least `population` rows. Under [`AddRemoveRow`] the number of rows is private: give a public lower bound.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `0 < sample ≤ population`.
    pub fn new(sample: u64, population: u64) -> Result<Self, Error> {
        // rounded up: a larger fraction loses more
        let rate = (sample as f64).next_up() / (population as f64).next_down();
        let rate = if sample == population { 1.0 } else { rate.next_up() };
        let inside = 0 < sample && sample <= population;
        SamplingRate::new(if inside { rate.min(1.0) } else { f64::INFINITY }).map(|rate| Self { rate })
    }

    /// The guarantee of a mechanism on such a sample, for rows that are replaced, from the mechanism's guarantee for these.
    ///
    /// # Errors
    ///
    /// As for [`Poisson::amplify`].
    pub fn amplify(&self, profile: &PrivacyProfile<ReplaceRow>) -> Result<PrivacyProfile<ReplaceRow>, Error> {
        let base = one_mechanism(profile.parts())?;
        let loss = match self.rate.get() {
            1.0 => base,
            _ => Loss::FixedSize { rate: self.rate, base: Box::new(base) },
        };
        Ok(PrivacyProfile::of(loss, ReplaceRow))
    }

    /// The guarantee of a mechanism on such a sample, for rows that are added or removed, from the mechanism's guarantee for rows
    /// that are *replaced*: the sample keeps its size. Lower bounds are those of Poisson sampling at this rate, which a sample of fixed
    /// size need not reach: a row is in it with probability `sample/(population + 1)`.
    ///
    /// # Errors
    ///
    /// As for [`Poisson::amplify`].
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::accounting::{FixedSize, Poisson};
    /// use dp_mechanisms::{AddRemoveRow, Delta, Mu, PrivacyProfile, ReplaceRow, SamplingRate};
    ///
    /// // the same noise and the same rate: the sample of fixed size loses about as much as twice the sensitivity would
    /// let (one, two) = (PrivacyProfile::gaussian(Mu::new(1.0)?, AddRemoveRow), PrivacyProfile::gaussian(Mu::new(2.0)?, ReplaceRow));
    /// let poisson = Poisson::new(SamplingRate::new(0.01)?).amplify(&one)?.repeated(100);
    /// let fixed_size = FixedSize::new(100, 10_000)?.amplify_add_remove(&two)?.repeated(100);
    /// let delta = Delta::new(1e-5)?;
    /// assert!(fixed_size.epsilon(delta) > 2.0 * poisson.epsilon(delta));
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    pub fn amplify_add_remove(
        &self,
        profile: &PrivacyProfile<ReplaceRow>,
    ) -> Result<PrivacyProfile<AddRemoveRow>, Error> {
        Ok(PrivacyProfile::of(mixed(self.rate, one_mechanism(profile.parts())?), AddRemoveRow))
    }
}

/// `((1 − q)Q + qP, Q)`; at rate one the mechanism itself.
fn mixed(rate: SamplingRate, base: Loss) -> Loss {
    if rate.get() < 1.0 { Loss::Poisson { rate, base: Box::new(base) } } else { base }
}

/// The one mechanism that a guarantee is of. Several Gaussian ones are one.
fn one_mechanism(parts: &[Part]) -> Result<Loss, Error> {
    if let [Part { loss, count: 1 }] = parts {
        return if loss.is_base() { Ok(loss.clone()) } else { Err(Error::NotSampleable) };
    }
    let (_, mu) = super::accountants::total_mu(parts).ok_or(Error::NotSampleable)?;
    Ok(Loss::Gaussian { mu: Mu::new(mu)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{Delta, Epsilon, Rho};

    fn gaussian(mu: f64) -> PrivacyProfile<AddRemoveRow> {
        PrivacyProfile::gaussian(Mu::new(mu).unwrap(), AddRemoveRow)
    }

    fn poisson(rate: f64) -> Poisson {
        Poisson::new(SamplingRate::new(rate).unwrap())
    }

    #[test]
    fn everybody_in_the_sample_is_the_mechanism_itself() {
        assert_eq!(poisson(1.0).amplify(&gaussian(0.7)).unwrap(), gaussian(0.7));
        let replaced = PrivacyProfile::gaussian(Mu::new(0.7).unwrap(), ReplaceRow);
        assert_eq!(FixedSize::new(50, 50).unwrap().amplify(&replaced).unwrap(), replaced);
    }

    #[test]
    fn a_single_sampled_step_has_an_epsilon_at_every_delta() {
        for mu in [1e-8, 1.0, 30.0] {
            let once = poisson(0.1).amplify(&gaussian(mu)).unwrap();
            for delta in [0.5, 1e-3, 1e-6, 1e-40, 1e-300] {
                let (lower, upper) = once.epsilon_bounds(Delta::new(delta).unwrap());
                assert!(0.0 <= lower && lower <= upper && upper.is_finite(), "{mu} {delta}: {lower} {upper}");
                assert!(once.delta(upper) <= delta && once.delta(1e300) <= f64::MIN_POSITIVE);
            }
        }
    }

    #[test]
    fn losses_that_are_next_to_nothing_are_bounded_by_next_to_nothing() {
        let total = poisson(1e-9).amplify(&gaussian(1e-40)).unwrap().repeated(100);
        let (epsilon, delta) = (total.epsilon(Delta::new(1e-6).unwrap()), total.delta(1e-6));
        assert!(epsilon <= 1e-6 && delta <= 1e-6, "{epsilon} {delta}");
        let tiny = PrivacyProfile::pure(Epsilon::new(1e-60).unwrap(), AddRemoveRow).repeated(7);
        assert!(tiny.delta(1e-3) <= 1e-6 && tiny.delta(0.0) <= 1e-6);
    }

    #[test]
    fn a_sample_of_a_sample_and_unknown_laws_are_refused() {
        let once = poisson(0.1).amplify(&gaussian(1.0)).unwrap();
        assert_eq!(poisson(0.1).amplify(&once), Err(Error::NotSampleable));
        let concentrated = PrivacyProfile::zero_concentrated_from(Rho::new(0.1).unwrap(), AddRemoveRow);
        assert_eq!(poisson(0.1).amplify(&concentrated), Err(Error::NotSampleable));
        let pure = PrivacyProfile::pure(Epsilon::new(0.1).unwrap(), AddRemoveRow);
        assert_eq!(poisson(0.1).amplify(&pure.repeated(2)), Err(Error::NotSampleable));
        // several Gaussian mechanisms on one sample are one
        let five = poisson(0.1).amplify(&gaussian(3.0).and(&gaussian(4.0)).unwrap()).unwrap();
        let direct = poisson(0.1).amplify(&gaussian(5.0)).unwrap();
        assert!((five.delta(1.0) / direct.delta(1.0) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn fixed_sizes_are_checked_and_their_rate_rounded_up() {
        for (sample, population) in [(0, 10), (11, 10), (1, 0)] {
            assert!(FixedSize::new(sample, population).is_err(), "{sample} of {population}");
        }
        assert!(FixedSize::new(1, 3).unwrap().rate.get() > 1.0 / 3.0);
    }

    #[test]
    fn a_replaced_row_of_a_poisson_sample_loses_between_one_and_twice_an_added_one() {
        let replace = PrivacyProfile::gaussian(Mu::new(1.0).unwrap(), ReplaceRow);
        let sampled = poisson(0.02).amplify_replaced(&gaussian(0.5), &replace).unwrap().repeated(200);
        let removed = poisson(0.02).amplify(&gaussian(0.5)).unwrap().repeated(200);
        let delta = Delta::new(1e-6).unwrap();
        let (lower, upper) = sampled.epsilon_bounds(delta);
        let one = removed.epsilon(delta);
        assert!(one < lower && lower < upper && upper < 3.0 * one, "{one} {lower} {upper}");
        // a guarantee for replaced rows that is better than for added ones is a mistake
        assert!(poisson(0.02).amplify_replaced(&gaussian(1.5), &replace).is_err());
    }

    #[test]
    fn a_looser_guarantee_for_replaced_rows_gives_a_looser_bound() {
        // removing and adding is a Gaussian mechanism with μ = 1; beyond, what is composed is no pair of laws, but still above
        let with = |mu: f64| {
            let replace = PrivacyProfile::gaussian(Mu::new(mu).unwrap(), ReplaceRow);
            poisson(0.1).amplify_replaced(&gaussian(0.5), &replace).unwrap().repeated(20)
        };
        for epsilon in [0.0, 0.1, 1.0, 4.0] {
            let bounds = [1.0, 1.2, 2.0, 6.0].map(|mu| with(mu).delta_bounds(epsilon));
            assert!(bounds.is_sorted_by(|a, b| a.1 <= b.1 * (1.0 + 1e-3)), "{epsilon}: {bounds:?}");
            assert!(bounds.iter().all(|(lower, upper)| bounds[0].0 <= *upper && lower <= upper));
        }
    }

    #[test]
    fn the_zero_concentrated_view_of_a_sample_is_that_of_the_mechanism_and_never_less_than_its_profile() {
        let replaced = PrivacyProfile::gaussian(Mu::new(1.5).unwrap(), ReplaceRow);
        let fixed = FixedSize::new(1, 3).unwrap();
        let rho = replaced.zero_concentrated();
        assert_eq!(fixed.amplify(&replaced).unwrap().zero_concentrated(), rho);
        assert_eq!(fixed.amplify_add_remove(&replaced).unwrap().zero_concentrated(), rho);
        let both = poisson(0.3).amplify_replaced(&gaussian(0.7), &replaced).unwrap();
        assert_eq!(both.zero_concentrated(), rho);
        let sampled = poisson(0.9).amplify(&gaussian(1.5)).unwrap();
        let view = PrivacyProfile::zero_concentrated_from(sampled.zero_concentrated().unwrap(), AddRemoveRow);
        for epsilon in [0.01, 0.3, 2.0] {
            assert!(sampled.delta(epsilon) < view.delta(epsilon), "{epsilon}");
        }
    }

    #[test]
    fn a_sampled_pure_mechanism_is_pure_with_the_amplified_loss() {
        let pure = PrivacyProfile::pure(Epsilon::new(1.0).unwrap(), AddRemoveRow);
        let sampled = poisson(0.25).amplify(&pure).unwrap();
        let amplified = (0.25 * 1.0_f64.exp_m1()).ln_1p();
        assert!(sampled.delta(amplified * (1.0 + 1e-12)) < 1e-15 && sampled.delta(amplified * 0.99) > 1e-4);
    }

    /// Bounds that are in order, and what they are.
    fn bounds<A: crate::Adjacency>(total: &PrivacyProfile<A>) -> [(f64, f64); 2] {
        let found = [total.epsilon_bounds(Delta::new(1e-6).unwrap()), total.delta_bounds(0.5)];
        assert!(found.iter().all(|(lower, upper)| 0.0 <= *lower && lower <= upper), "{total:?}: {found:?}");
        found
    }

    #[test]
    fn two_laws_that_are_far_apart_differ_by_as_much_as_the_samples_do() {
        let replaced = PrivacyProfile::gaussian(Mu::new(25.0).unwrap(), ReplaceRow);
        for count in [1, 2, 5] {
            let total = FixedSize::new(1, 2).unwrap().amplify(&replaced).unwrap().repeated(count);
            // who is in one of the samples is seen: the row is recognised with this probability
            let [_, delta] = bounds(&total);
            let seen = 1.0 - 0.5_f64.powi(count as i32);
            assert!(delta.0 > seen * (1.0 - 1e-2) && delta.1 > seen * (1.0 - 1e-9), "{count}: {delta:?}");
            assert!(total.delta_bounds(1e-40).1 >= delta.0);
        }
    }

    #[test]
    fn an_atom_far_from_all_other_losses_needs_no_more_memory_than_there_is() {
        for (rate, epsilon, d) in [(1e-3, 1e-10, 1e-9), (0.5, 1e-60, 1e-9), (0.9, 1e-10, 1e-40)] {
            let point = PrivacyProfile::approximate(
                Epsilon::new(epsilon).unwrap(),
                Delta::new(d).unwrap(),
                AddRemoveRow,
            );
            let total = poisson(rate).amplify(&point).unwrap().repeated(2);
            let [epsilon_bounds, _] = bounds(&total);
            // by basic composition
            assert!(epsilon_bounds.1 <= 2.0 * epsilon * (1.0 + 1e-9), "{epsilon_bounds:?}");
        }
    }

    #[test]
    fn samples_of_next_to_nothing_have_sound_bounds() {
        let tiny = |rate: f64| FixedSize { rate: SamplingRate::new(rate).unwrap() };
        let laplace = PrivacyProfile::laplace(Epsilon::new(699.0).unwrap(), ReplaceRow);
        let [epsilon, _] = bounds(&tiny(1e-30).amplify(&laplace).unwrap().repeated(2));
        // of two samples at this rate the one with the row is missed but for 2e-30
        assert!(epsilon.1 < 1e-3, "{epsilon:?}");
        let replace = PrivacyProfile::gaussian(Mu::new(1.0).unwrap(), ReplaceRow);
        let total = poisson(1e-300).amplify_replaced(&gaussian(0.5), &replace).unwrap().repeated(1000);
        let [epsilon, delta] = bounds(&total);
        // at so small a δ what is cut off cannot be told from what was sampled: sound, and far from sharp
        assert!(epsilon.1.is_finite() && delta.1 < 1e-6, "{epsilon:?} {delta:?}");
    }
}
