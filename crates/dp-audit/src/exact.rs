//! The hockey-stick divergence of two known laws: no runs, no α.

use crate::claimed::Claimed;
use crate::enclosure::Enclosure;
use crate::error::Error;
use crate::verdict::{Verdict, Which};
use core::ops::RangeInclusive;
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{Adjacency, PrivacyProfile};

/// Two discrete laws, of the outputs on two neighbours, and how far they are apart.
///
/// That is the hockey-stick divergence `δ(ε) = Σ max(0, P(x) − e^ε Q(x))`, in both orders.
///
/// # Guarantee
///
/// If the bounds of the probabilities are right, so are those of δ and ε, with certainty: every operation rounds
/// outward. The lower ones are a proof of violation of every guarantee below them. The upper ones are about *this* pair
/// of neighbours and *this* law; another pair may be worse.
///
/// # Example
///
/// ```
/// use dp_audit::ExactDivergence;
/// use dp_mechanisms::ReplaceRow;
///
/// // randomised response that tells the truth with probability ¾: ε = ln 3
/// let (truth, lie) = ((0.75, 0.75), (0.25, 0.25));
/// let divergence = ExactDivergence::new(&[truth, lie], &[lie, truth], ReplaceRow)?;
/// let (lower, upper) = divergence.epsilon_bounds(0.0);
/// assert!(lower <= 3_f64.ln() && 3_f64.ln() <= upper && upper - lower < 1e-14);
/// # Ok::<(), dp_audit::Error>(())
/// ```
///
/// # References
///
/// Barthe, Olmedo 2013, *Beyond Differential Privacy*; Balle, Barthe, Gaboardi 2018, *Privacy Amplification by
/// Subsampling*.
#[derive(Debug, Clone, PartialEq)]
pub struct ExactDivergence<A> {
    laws: [Vec<Enclosure>; 2],
    outside: [f64; 2],
    adjacency: A,
}

impl<A: Adjacency> ExactDivergence<A> {
    /// Two laws on the same outcomes, each probability between a lower and an upper bound.
    ///
    /// # Errors
    ///
    /// [`Error::Outcomes`] unless there are equally many, [`Error::NotALaw`] if a pair of bounds is no interval in
    /// `0 … 1` or if no probabilities within the bounds sum to one.
    pub fn new(first: &[(f64, f64)], second: &[(f64, f64)], adjacency: A) -> Result<Self, Error> {
        Self::with_outside(first, second, [0.0; 2], adjacency)
    }

    /// Two laws of which some outcomes are not listed; `outside` bounds their probability on either neighbour.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn with_outside(
        first: &[(f64, f64)],
        second: &[(f64, f64)],
        outside: [f64; 2],
        adjacency: A,
    ) -> Result<Self, Error> {
        if first.len() != second.len() {
            return Err(Error::Outcomes { first: first.len(), second: second.len() });
        }
        let laws = [law(first, outside[0])?, law(second, outside[1])?];
        Ok(Self { laws, outside, adjacency })
    }

    /// Two laws on the integers, listed in `range` by `bounds(which, k)`; `outside` bounds the rest.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    ///
    /// # Example
    ///
    /// ```
    /// use dp_audit::{ExactDivergence, Which};
    /// use dp_mechanisms::AddRemoveRow;
    ///
    /// // P(k) = ½ᵏ⁺¹ from 0 on, or from 1 on: the event {0} is possible on one neighbour only
    /// let geometric = |which: Which, k: i64| {
    ///     let p = which.pick(0.5_f64.powi(k as i32 + 1), if k == 0 { 0.0 } else { 0.5_f64.powi(k as i32) });
    ///     (p, p)
    /// };
    /// let divergence = ExactDivergence::over_integers(0..=60, geometric, [2_f64.powi(-61), 2_f64.powi(-60)], AddRemoveRow)?;
    /// assert_eq!(divergence.epsilon_bounds(0.1).0, f64::INFINITY);
    /// # Ok::<(), dp_audit::Error>(())
    /// ```
    pub fn over_integers(
        range: RangeInclusive<i64>,
        bounds: impl Fn(Which, i64) -> (f64, f64),
        outside: [f64; 2],
        adjacency: A,
    ) -> Result<Self, Error> {
        let [first, second] =
            Which::BOTH.map(|which| range.clone().map(|k| bounds(which, k)).collect::<Vec<_>>());
        Self::with_outside(&first, &second, outside, adjacency)
    }

    /// An integer statistic that differs by `shift` between the neighbours, released with this noise.
    ///
    /// Integers further than `reach` from either are taken together.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new): a noise whose stated probabilities cannot be is found out here.
    ///
    /// # Example
    ///
    /// ```
    /// use dp_audit::ExactDivergence;
    /// use dp_mechanisms::{AddRemoveRow, Mu, NoiseStd, PrivacyProfile, RoundedGaussian};
    ///
    /// let noise = RoundedGaussian::new(NoiseStd::new(4.0)?)?;
    /// let divergence = ExactDivergence::of_noise(&noise, 1, 40, AddRemoveRow)?;
    /// // claims μ = 1/5 where 1/4 is true
    /// assert!(divergence.refutes(&PrivacyProfile::gaussian(Mu::new(0.2)?, AddRemoveRow)).is_refuted());
    /// assert!(!divergence.refutes(&PrivacyProfile::gaussian(Mu::new(0.25)?, AddRemoveRow)).is_refuted());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of_noise<N: LatticeNoise>(noise: &N, shift: i64, reach: u32, adjacency: A) -> Result<Self, Error> {
        let (reach, shift) = (i64::from(reach), shift.clamp(-i64::MAX / 4, i64::MAX / 4));
        let (from, to) = (shift.min(0) - reach, shift.max(0) + reach);
        let moved = |which: Which, k: i64| k - which.pick(0, shift);
        let outside = Which::BOTH.map(|which| {
            let below = noise.cdf_bounds(moved(which, from) - 1).1;
            let above = (1.0 - noise.cdf_bounds(moved(which, to)).0).next_up();
            (below + above).next_up().min(1.0)
        });
        Self::over_integers(from..=to, |which, k| noise.pmf_bounds(moved(which, k)), outside, adjacency)
    }

    /// In what sense the two data sets are neighbours.
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    /// Lower and upper bound of the δ of this pair at this ε: the larger one of both orders. Vacuous for NaN.
    #[must_use]
    pub fn delta_bounds(&self, epsilon: f64) -> (f64, f64) {
        let [first, second] = Which::BOTH.map(|likelier| self.delta_bounds_of(likelier, epsilon));
        (first.0.max(second.0), first.1.max(second.1))
    }

    /// The same in one order: `Σ max(0, P(x) − e^ε Q(x))` with `P` the law on this neighbour.
    #[must_use]
    pub fn delta_bounds_of(&self, likelier: Which, epsilon: f64) -> (f64, f64) {
        let factor = Enclosure::point(epsilon).exp();
        let [first, second] = &self.laws;
        let (p, q) = likelier.pick((first, second), (second, first));
        let outside = likelier.pick(self.outside[0], self.outside[1]);
        let (mut lower, mut upper) = (0.0_f64, outside);
        for (p, q) in p.iter().zip(q) {
            let (least, most) = (excess(p.lo, factor.hi, q.hi).0, excess(p.hi, factor.lo, q.lo).1);
            lower = if least > 0.0 { (lower + least).next_down() } else { lower };
            upper = if most > 0.0 { (upper + most).next_up() } else { upper };
        }
        (lower.min(1.0), upper.min(1.0))
    }

    /// Lower and upper bound of the least ε at which the δ of this pair is at most `delta`.
    ///
    /// The lower one is infinite where no ε suffices, the upper one where none is known to.
    #[must_use]
    pub fn epsilon_bounds(&self, delta: f64) -> (f64, f64) {
        let exceeded = |epsilon: f64| self.delta_bounds(epsilon).0 > delta;
        let met = |epsilon: f64| self.delta_bounds(epsilon).1 <= delta;
        let lower = if exceeded(0.0) { last_where(exceeded) } else { 0.0 };
        let upper = if met(0.0) { 0.0 } else { last_where(|epsilon| !met(epsilon)).next_up() };
        (lower, upper)
    }

    /// Whether a guarantee contradicts these laws. With certainty, if they are right.
    pub fn refutes(&self, profile: &PrivacyProfile<A>) -> Verdict {
        self.refutes_claimed(&Claimed::from(profile))
    }

    /// The same for a prepared guarantee.
    pub fn refutes_claimed(&self, claimed: &Claimed<A>) -> Verdict {
        let violated =
            claimed.points().iter().any(|point| self.delta_bounds(point.epsilon()).0 > point.delta());
        Verdict::refuted_if(violated && claimed.adjacency() == self.adjacency)
    }
}

/// `p − factor·q`, rounded down and up; `p` where `q` is zero, whatever the factor.
fn excess(p: f64, factor: f64, q: f64) -> (f64, f64) {
    if q == 0.0 {
        return (p, p);
    }
    let product = factor * q;
    ((p - product.next_up()).next_down(), (p - product.next_down().max(0.0)).next_up())
}

/// Beyond this ε, `e^ε` exceeds the quotient of any two floats.
const LARGEST_EPSILON: f64 = 1500.0;

/// The last float at which a condition holds that holds at zero and not again after it has failed; infinite if it never
/// fails.
fn last_where(holds: impl Fn(f64) -> bool) -> f64 {
    if holds(LARGEST_EPSILON) {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, LARGEST_EPSILON);
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return low;
        }
        if holds(middle) { low = middle } else { high = middle }
    }
}

fn law(bounds: &[(f64, f64)], outside: f64) -> Result<Vec<Enclosure>, Error> {
    let sound = |&(lo, hi): &(f64, f64)| (0.0..=1.0).contains(&lo) && (lo..=1.0).contains(&hi);
    if !bounds.iter().all(sound) || !(0.0..=1.0).contains(&outside) {
        return Err(Error::NotALaw { least: f64::NAN, most: f64::NAN });
    }
    let least = bounds.iter().fold(0.0_f64, |sum, bound| (sum + bound.0).next_down());
    let most = bounds.iter().fold(outside, |sum, bound| (sum + bound.1).next_up());
    if least > 1.0 || most < 1.0 {
        return Err(Error::NotALaw { least, most });
    }
    Ok(bounds.iter().map(|&(lo, hi)| Enclosure::new(lo, hi)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_mechanisms::{AddRemoveRow, Mu, NoiseStd, ReplaceRow, RoundedGaussian, gaussian};
    use proptest::prelude::*;

    fn exact(first: &[f64], second: &[f64]) -> ExactDivergence<ReplaceRow> {
        let points = |law: &[f64]| law.iter().map(|p| (*p, *p)).collect::<Vec<_>>();
        ExactDivergence::new(&points(first), &points(second), ReplaceRow).unwrap()
    }

    #[test]
    fn both_orders_are_looked_at() {
        let divergence = exact(&[0.5, 0.5], &[0.0625, 0.9375]);
        // ln 8 one way, ln 1.875 the other
        assert!((divergence.epsilon_bounds(0.0).0 - 8_f64.ln()).abs() < 1e-14);
        let swapped = exact(&[0.0625, 0.9375], &[0.5, 0.5]);
        assert_eq!(divergence.epsilon_bounds(0.01), swapped.epsilon_bounds(0.01));
        let (one_way, other) =
            (divergence.delta_bounds_of(Which::First, 0.0), divergence.delta_bounds_of(Which::Second, 0.0));
        assert!((one_way.0 - 0.4375).abs() < 1e-15 && (other.0 - 0.4375).abs() < 1e-15);
    }

    /// `P(k) = ½ᵏ⁺¹` for `k ≥ 0`.
    struct Geometric;

    impl LatticeNoise for Geometric {
        fn sample<R: rand::CryptoRng + ?Sized>(&self, rng: &mut R) -> i64 {
            i64::from(rng.next_u64().trailing_zeros())
        }

        fn pmf_bounds(&self, k: i64) -> (f64, f64) {
            let p = if (0..1000).contains(&k) { 0.5_f64.powi(k as i32 + 1) } else { 0.0 };
            (p, p)
        }

        fn cdf_bounds(&self, k: i64) -> (f64, f64) {
            let p = if k < 0 { 0.0 } else { 1.0 - 0.5_f64.powi(k.min(1000) as i32 + 1) };
            (p, p)
        }
    }

    #[test]
    fn a_shift_has_a_direction() {
        let laws = |shift| ExactDivergence::of_noise(&Geometric, shift, 60, ReplaceRow).unwrap();
        // the first alone can be 0, or the second alone −1
        let (up, down) = (laws(1), laws(-1));
        assert!(
            up.delta_bounds_of(Which::First, 1.0).0 > 0.49
                && up.delta_bounds_of(Which::Second, 1.0).1 < 1e-15
        );
        assert!(
            down.delta_bounds_of(Which::First, 1.0).1 < 1e-15
                && down.delta_bounds_of(Which::Second, 1.0).0 > 0.49
        );
    }

    #[test]
    fn equal_laws_are_not_told_apart() {
        let divergence = exact(&[0.25, 0.75], &[0.25, 0.75]);
        assert_eq!(divergence.delta_bounds(0.0).0, 0.0);
        assert!(divergence.delta_bounds(0.0).1 < 1e-15);
        assert_eq!(divergence.epsilon_bounds(1e-6).0, 0.0);
    }

    #[test]
    fn an_event_that_is_impossible_on_one_neighbour_has_infinite_epsilon_up_to_its_mass() {
        let divergence = exact(&[0.125, 0.875], &[0.0, 1.0]);
        assert_eq!(divergence.epsilon_bounds(0.0), (f64::INFINITY, f64::INFINITY));
        assert_eq!(divergence.epsilon_bounds(0.124).0, f64::INFINITY);
        // one step above 1/8, for rounding
        assert!(divergence.epsilon_bounds(0.125 + 1e-15).1 < 0.2);
    }

    #[test]
    fn laws_that_cannot_be_are_refused() {
        let good = [(0.5, 0.5), (0.5, 0.5)];
        let refused = |law: &[(f64, f64)]| {
            matches!(ExactDivergence::new(&good, law, ReplaceRow), Err(Error::NotALaw { .. }))
        };
        assert!(refused(&[(0.6, 0.5), (0.4, 0.5)]) && refused(&[(f64::NAN, 0.5), (0.5, 0.5)]));
        assert!(refused(&[(0.5, 0.5), (0.25, 0.25)]) && refused(&[(0.75, 0.75), (0.5, 0.5)]));
        assert!(refused(&[(-0.1, 0.5), (0.5, 1.1)]));
        assert!(matches!(ExactDivergence::new(&good, &good[..1], ReplaceRow), Err(Error::Outcomes { .. })));
        assert!(ExactDivergence::with_outside(&good[..1], &good[..1], [0.5; 2], ReplaceRow).is_ok());
    }

    #[test]
    fn rounded_gaussian_noise_stays_within_and_near_its_profile() {
        let noise = RoundedGaussian::new(NoiseStd::new(8.0).unwrap()).unwrap();
        let divergence = ExactDivergence::of_noise(&noise, -2, 80, AddRemoveRow).unwrap();
        for epsilon in [0.0, 0.1, 0.5, 1.0] {
            let (lower, upper) = divergence.delta_bounds(epsilon);
            let (below, above) = gaussian::delta_bounds(epsilon, 0.25);
            // the best event of the Gaussian begins up to half a step from the nearest half-integer, a sixteenth of σ
            assert!(
                lower <= above && lower > 0.9 * below && upper >= lower && upper - lower < 1e-12,
                "{epsilon}"
            );
        }
        let profile = PrivacyProfile::gaussian(Mu::new(0.25).unwrap(), AddRemoveRow);
        assert_eq!(divergence.refutes(&profile), Verdict::NotRefuted);
    }

    proptest! {
        #[test]
        fn the_bounds_invert_each_other(weights in proptest::collection::vec((1_u32..1000, 1_u32..1000), 2..8), delta in 0.0..0.3_f64) {
            let sums = weights.iter().fold((0, 0), |sum, w| (sum.0 + w.0, sum.1 + w.1));
            let around = |x: f64| (x.next_down(), x.next_up());
            let first: Vec<_> = weights.iter().map(|w| around(f64::from(w.0) / f64::from(sums.0))).collect();
            let second: Vec<_> = weights.iter().map(|w| around(f64::from(w.1) / f64::from(sums.1))).collect();
            let divergence = ExactDivergence::new(&first, &second, ReplaceRow).unwrap();
            let (lower, upper) = divergence.epsilon_bounds(delta);
            prop_assert!(lower <= upper);
            prop_assert!(lower == 0.0 || divergence.delta_bounds(lower).0 > delta);
            prop_assert!(divergence.delta_bounds(upper).1 <= delta);
        }
    }
}
