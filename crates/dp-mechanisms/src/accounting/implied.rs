//! Whether one guarantee follows from another, part by part.

use super::accountants::{LARGEST_COUNT, basic, total_mu, total_rho};
use super::loss::Loss;
use super::profile::{Part, PrivacyProfile, add};
use crate::adjacency::Adjacency;

impl<A: Adjacency> PrivacyProfile<A> {
    /// Whether every mechanism that guarantees `other` guarantees this too, as far as the parts of both show.
    ///
    /// Each part of `other` needs a part here that follows from it by its parameters, and as many of them; Gaussian parts are compared by
    /// `√Σμ²`; and one (ε, δ) here is enough for parts whose ε and δ add up to no more, rounded up, one ρ for parts that add up to no more than that. Curves `δ(ε)` are not
    /// compared: at finitely many points that would show nothing between and beyond. So `false` can also mean that it is not known.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_mechanisms::{AddRemoveRow, Epsilon, Mu, PrivacyProfile};
    ///
    /// let pure = |epsilon: f64| Ok::<_, dp_mechanisms::Error>(PrivacyProfile::pure(Epsilon::new(epsilon)?, AddRemoveRow));
    /// let noise = PrivacyProfile::gaussian(Mu::new(3.0)?, AddRemoveRow);
    /// assert!(pure(1.0)?.follows_from(&pure(0.49)?.repeated(2)));
    /// assert!(!pure(1.0)?.follows_from(&pure(0.49)?.repeated(3)));
    /// assert!(!pure(40.0)?.follows_from(&noise)); // Gaussian noise has no ε of its own, however large
    /// # Ok::<(), dp_mechanisms::Error>(())
    /// ```
    #[must_use]
    pub fn follows_from(&self, other: &Self) -> bool {
        let (stated, needed) = without_common(&each_once(self.parts()), &each_once(other.parts()));
        let one_for_all = |(epsilon, delta): (f64, f64)| match &stated[..] {
            [Part { loss: Loss::Pure { epsilon: stated }, .. }] => epsilon <= stated.get() && delta == 0.0,
            [Part { loss: Loss::Approximate { epsilon: stated, delta: most }, .. }] => {
                epsilon <= stated.get() && delta <= most.get()
            }
            _ => false,
        };
        let one_rho = |rho: f64| match &stated[..] {
            [Part { loss: Loss::ZeroConcentrated { rho: stated }, .. }] => rho <= stated.get(),
            _ => false,
        };
        let is_countless = needed.iter().any(|part| part.count >= LARGEST_COUNT);
        let are_covered = needed.is_empty()
            || each_by_one(&stated, &needed)
            || !is_countless && basic(&needed).is_some_and(one_for_all)
            || total_rho(&needed).is_some_and(one_rho);
        self.adjacency() == other.adjacency() && are_covered
    }
}

/// Each loss once: two may have become equal for a group, and files may repeat one.
fn each_once(parts: &[Part]) -> Vec<Part> {
    let mut once = Vec::new();
    add(&mut once, parts);
    once
}

/// Both without the parts that are equal, as far as there are as many. Each has a loss once.
fn without_common(stated: &[Part], needed: &[Part]) -> (Vec<Part>, Vec<Part>) {
    let less = |parts: &[Part], others: &[Part]| {
        let count =
            |part: &Part| others.iter().find(|other| other.loss == part.loss).map_or(0, |other| other.count);
        let left =
            |part: &Part| Part { count: part.count.saturating_sub(count(part)), loss: part.loss.clone() };
        parts.iter().map(left).filter(|part| part.count > 0).collect()
    };
    (less(stated, needed), less(needed, stated))
}

/// Gaussian parts together, and for each other one a part of its own.
fn each_by_one(stated: &[Part], needed: &[Part]) -> bool {
    let (stated_gaussian, mut stated) = by_kind(stated);
    let (needed_gaussian, needed) = by_kind(needed);
    let is_less = |needed: (f64, f64), stated: (f64, f64)| needed.1 <= stated.0;
    let gaussian = needed_gaussian.is_empty()
        || total_mu(&needed_gaussian)
            .zip(total_mu(&stated_gaussian))
            .is_some_and(|(needed, stated)| is_less(needed, stated));
    gaussian && needed.iter().all(|part| take(&mut stated, part))
}

/// Gaussian parts, and others.
fn by_kind(parts: &[Part]) -> (Vec<Part>, Vec<Part>) {
    parts.iter().cloned().partition(|part| matches!(part.loss, Loss::Gaussian { .. }))
}

/// Takes as many stated parts that follow from this one as it needs; whether there were enough.
fn take(stated: &mut [Part], needed: &Part) -> bool {
    let mut missing = needed.count;
    for part in stated.iter_mut().filter(|part| is_weaker(&part.loss, &needed.loss)) {
        let taken = missing.min(part.count);
        part.count -= taken;
        missing -= taken;
    }
    missing == 0
}

/// Whether what is stated follows from what is needed, by their parameters. (Laplace noise of one number tells a larger shift better: it is log-concave.)
fn is_weaker(stated: &Loss, needed: &Loss) -> bool {
    match (stated, needed) {
        (Loss::Laplace { epsilon: stated }, Loss::Laplace { epsilon: needed }) => needed <= stated,
        (Loss::Pure { epsilon: stated }, _) => {
            needed.point().is_some_and(|(epsilon, delta)| epsilon <= stated.get() && delta == 0.0)
        }
        (Loss::Approximate { epsilon: stated, delta: most }, _) => {
            needed.point().is_some_and(|(epsilon, delta)| epsilon <= stated.get() && delta <= most.get())
        }
        (Loss::ZeroConcentrated { rho: stated }, _) => {
            needed.zero_concentrated().is_some_and(|needed| needed <= *stated)
        }
        _ => stated == needed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adjacency::{AddRemoveRow, PerturbRow};
    use crate::params::{Delta, Epsilon, Mu, Rho};

    type Profile = PrivacyProfile<AddRemoveRow>;

    fn pure(epsilon: f64) -> Profile {
        PrivacyProfile::pure(Epsilon::new(epsilon).unwrap(), AddRemoveRow)
    }

    fn gaussian(mu: f64) -> Profile {
        PrivacyProfile::gaussian(Mu::new(mu).unwrap(), AddRemoveRow)
    }

    fn laplace(epsilon: f64) -> Profile {
        PrivacyProfile::laplace(Epsilon::new(epsilon).unwrap(), AddRemoveRow)
    }

    fn approximate(epsilon: f64, delta: f64) -> Profile {
        PrivacyProfile::approximate(Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap(), AddRemoveRow)
    }

    fn concentrated(rho: f64) -> Profile {
        PrivacyProfile::zero_concentrated_from(Rho::new(rho).unwrap(), AddRemoveRow)
    }

    fn all(parts: &[Profile]) -> Profile {
        parts.iter().fold(PrivacyProfile::nothing(AddRemoveRow), |sum, part| sum.and(part).unwrap())
    }

    #[test]
    fn what_follows_is_found() {
        for (stated, needed) in [
            (pure(1.0), PrivacyProfile::nothing(AddRemoveRow)),
            (all(&[pure(1.0), gaussian(2.0)]), all(&[gaussian(2.0), pure(1.0)])),
            (all(&[pure(1.0), gaussian(2.0)]), all(&[gaussian(1.4).repeated(2), laplace(0.5)])),
            (pure(1.0).repeated(3), all(&[pure(0.5), laplace(1.0), pure(0.9)])),
            (laplace(1.0), laplace(0.9)),
            (approximate(1.0, 1e-6), all(&[pure(0.5), approximate(0.24, 1e-7).repeated(2)])),
            (concentrated(3.001), all(&[gaussian(2.0), pure(1.0), concentrated(0.5)])),
            (pure(1.0).repeated(2), pure(1.0).repeated(2)),
        ] {
            assert!(stated.follows_from(&needed), "{stated:?} {needed:?}");
        }
    }

    #[test]
    fn what_does_not_follow_is_not() {
        for (stated, needed) in [
            (PrivacyProfile::nothing(AddRemoveRow), pure(1e-9)),
            (pure(40.0), gaussian(3.0)),
            (pure(40.0), concentrated(0.1)),
            (pure(1.0), approximate(0.1, 1e-12)),
            (approximate(1.08, 1e-45), gaussian(1.0 / 7.0)),
            (concentrated(7.65), gaussian(4.0)),
            (concentrated(100.0), approximate(1.0, 1e-6)),
            (gaussian(10.0), pure(0.1)),
            (laplace(1.0), pure(0.9)),
            (laplace(1.0), laplace(1.1)),
            (pure(1.0).repeated(2), pure(1.0).repeated(3)),
            (pure(2.0), pure(1.0).repeated(1 << 50)),
            (all(&[gaussian(2.0), pure(1.0)]), all(&[gaussian(1.5).repeated(2), pure(1.0)])),
            (all(&[pure(1.0), pure(2.0)]), pure(1.5).repeated(2)),
        ] {
            assert!(!stated.follows_from(&needed), "{stated:?} {needed:?}");
        }
        let within =
            |radius| PrivacyProfile::pure(Epsilon::new(1.0).unwrap(), PerturbRow::new(radius).unwrap());
        assert!(within(1.0).follows_from(&within(1.0)) && !within(1.0).follows_from(&within(2.0)));
    }

    #[test]
    fn losses_that_became_equal_are_all_counted() {
        let both = all(&[pure(1.0), laplace(1.0)]).for_replaced_rows().unwrap();
        assert!(!pure(1.0).for_replaced_rows().unwrap().follows_from(&both));
        assert!(pure(1.0).repeated(2).for_replaced_rows().unwrap().follows_from(&both));
        assert!(
            !gaussian(1.0).grouped(3).unwrap().follows_from(&gaussian(1.0).repeated(2).grouped(3).unwrap())
        );
    }

    #[test]
    fn a_loss_that_a_file_repeats_is_counted_as_often() {
        for once in [pure(1.0), gaussian(1.0), approximate(1.0, 1e-6), concentrated(1.0)] {
            let mut file = serde_json::to_value(&once).unwrap();
            let part = file["parts"][0].clone();
            file["parts"].as_array_mut().unwrap().push(part);
            let twice: Profile = serde_json::from_value(file).unwrap();
            assert!(!once.follows_from(&twice), "{once:?}");
            assert!(
                once.repeated(2).follows_from(&twice) && twice.follows_from(&once.repeated(2)),
                "{once:?}"
            );
        }
    }
}
