//! The standard normal law `Φ` with certified bounds: distribution function, tails and quantiles.
//!
//! Everything is computed with the interval arithmetic of [`certified`](crate::certified): bounds hold on every machine,
//! for every argument, and are at most a few units in the last place apart.

use crate::{
    FailureProbability,
    certified::{
        PRECISIONS, TIGHT_BITS,
        ball::{self, Ball},
        dyadic::Dyadic,
        mills::upper_tail,
        scaled::Scaled,
        search::first_true,
    },
};
use core::cmp::Ordering;

/// Beyond this the tail is below `2^{−2³⁸}`, which is rounded like the smallest positive number.
const FAR: f64 = 1_048_576.0;

/// Lower and upper bound of `1 − Φ(x)`; at most one `f64` lies strictly between them.
///
/// Tails below the range of `f64` give `(0, 5e-324)`; NaN gives the vacuous `(0, 1)`.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::normal::upper_tail_bounds;
///
/// let (lower, upper) = upper_tail_bounds(30.0);
/// assert!(lower <= 4.906_713_927_148_187e-198 && 4.906_713_927_148_187e-198 <= upper);
/// assert!(upper <= lower * (1.0 + 1e-15));
/// ```
#[must_use]
pub fn upper_tail_bounds(x: f64) -> (f64, f64) {
    if x.is_nan() {
        return (0.0, 1.0);
    }
    if x == 0.0 {
        return (0.5, 0.5);
    }
    if x >= FAR {
        return (0.0, f64::from_bits(1));
    }
    if x <= -FAR {
        return (1.0_f64.next_down(), 1.0);
    }
    let long = Dyadic::from_f64(x);
    tight_bounds(quick_tail(x), |precision| upper_tail(&long.at(precision)))
}

/// Lower and upper bound of `Φ(x)`; at most one `f64` lies strictly between them.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::normal::cdf_bounds;
///
/// let (lower, upper) = cdf_bounds(1.0);
/// assert!(lower <= 0.841_344_746_068_542_9 && 0.841_344_746_068_542_9 <= upper);
/// assert_eq!(cdf_bounds(0.0), (0.5, 0.5));
/// ```
#[must_use]
pub fn cdf_bounds(x: f64) -> (f64, f64) {
    upper_tail_bounds(-x)
}

/// `1 − Φ(x)` by balls, where they reach.
fn quick_tail(x: f64) -> Option<Ball> {
    (x.abs() < 32_768.0).then(|| ball::upper_tail(Ball::from_f64(x)))
}

/// Outward rounding of the first enclosure of a probability that is tight, or of the last one.
pub(crate) fn tight_bounds(quick: Option<Ball>, enclose: impl Fn(u64) -> Scaled) -> (f64, f64) {
    if let Some(quick) = quick.filter(|quick| quick.is_tight(TIGHT_BITS as u32)) {
        let bounds = quick.to_bounds();
        return (bounds.0.max(0.0), bounds.1.min(1.0));
    }
    let mut bounds = (0.0, 1.0);
    for precision in PRECISIONS {
        let enclosure = enclose(precision);
        bounds = enclosure.to_bounds();
        if enclosure.is_tight(TIGHT_BITS) || bounds.1 == f64::from_bits(1) {
            break;
        }
    }
    (bounds.0.max(0.0), bounds.1.min(1.0))
}

/// Smallest `f64` that is at least `Φ⁻¹(1 − p)`: with it as a threshold, a standard normal exceeds with probability at most `p`.
///
/// # Error bound
///
/// The true quantile lies in `(x.next_down(), x]` for the returned x; for p down to the smallest positive number.
///
/// # Panics
///
/// Never: far enough out the tail is below every float.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::{FailureProbability, normal::upper_quantile};
///
/// let x = upper_quantile(FailureProbability::new(0.025)?);
/// assert!((x - 1.959_963_984_540_054).abs() < 1e-15);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[must_use]
pub fn upper_quantile(p: FailureProbability) -> f64 {
    if p.get() == 0.5 {
        return 0.0;
    }
    first_true(guess(p.get()), (-FAR, FAR), |x| tail_is_at_most(x, p.get()))
        .expect("tails at FAR are below every float")
}

/// Largest `f64` that is at most `Φ⁻¹(1 − p)`.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::{FailureProbability, normal};
///
/// let p = FailureProbability::new(1e-300)?;
/// assert_eq!(normal::upper_quantile_lower_bound(p).next_up(), normal::upper_quantile(p));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[must_use]
pub fn upper_quantile_lower_bound(p: FailureProbability) -> f64 {
    if p.get() == 0.5 {
        return 0.0;
    }
    let mut x = upper_quantile(p).next_down();
    // "≤ p" is not proven here; "> p" is, unless the highest precision left the comparison open
    while compare_tail(x, p.get()) != Some(Ordering::Greater) {
        x = x.next_down();
    }
    x
}

/// Whether `1 − Φ(x) ≤ bound`, decided exactly (and denied, should the last precision leave it open).
fn tail_is_at_most(x: f64, bound: f64) -> bool {
    compare_tail(x, bound).is_some_and(Ordering::is_le)
}

fn compare_tail(x: f64, bound: f64) -> Option<Ordering> {
    if x == 0.0 {
        return 0.5.partial_cmp(&bound);
    }
    let quick = quick_tail(x).and_then(|tail| tail.compare(Ball::from_f64(bound)));
    let (x, bound) = (Dyadic::from_f64(x), Dyadic::from_f64(bound));
    let long = || PRECISIONS.iter().find_map(|&precision| upper_tail(&x.at(precision)).compare(&bound));
    quick.or_else(long)
}

/// A quantile good to about `5·10⁻⁴` (Abramowitz and Stegun 1964, 26.2.23), improved by Newton steps; steers the search only.
pub(crate) fn guess(p: f64) -> f64 {
    let (tail, sign) = if p <= 0.5 { (p, 1.0) } else { (1.0 - p, -1.0) };
    let t = (-2.0 * tail.ln()).sqrt();
    let rational = (2.515_517 + t * (0.802_853 + t * 0.010_328))
        / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    let mut x = t - rational;
    for _ in 0..3 {
        let (m, e) = ball::upper_tail(Ball::from_f64(x)).approximate();
        let log_tail = m.ln() + e as f64 * core::f64::consts::LN_2;
        // d ln Q/dx = −φ/Q, from the two logarithms
        let log_density = -0.5 * x * x - 0.918_938_533_204_672_7;
        x += (log_tail - tail.ln()) * (log_tail - log_density).exp();
    }
    sign * x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_half_has_the_quantile_zero_exactly() {
        let half = FailureProbability::new(0.5).unwrap();
        assert_eq!((upper_quantile_lower_bound(half), upper_quantile(half)), (0.0, 0.0));
    }

    #[test]
    fn quantiles_bracket_their_probability_at_every_scale() {
        for p in [5e-324, 1e-300, 1e-20, 1e-3, 0.3, 0.499_999, 0.500_001, 0.9, 1.0 - f64::EPSILON / 2.0] {
            let x = upper_quantile(FailureProbability::new(p).unwrap());
            assert!(upper_tail_bounds(x).0 <= p && p <= upper_tail_bounds(x.next_down()).1, "{p}");
            assert!(tail_is_at_most(x, p) && !tail_is_at_most(x.next_down(), p));
        }
    }

    #[test]
    fn the_ends_of_the_line_are_outward() {
        assert_eq!(upper_tail_bounds(f64::INFINITY), (0.0, 5e-324));
        assert_eq!(cdf_bounds(f64::INFINITY), (1.0_f64.next_down(), 1.0));
        assert_eq!(upper_tail_bounds(f64::NAN), (0.0, 1.0));
        assert_eq!(upper_tail_bounds(50.0), (0.0, 5e-324));
    }
}
