//! Exact privacy of a shift: how well noise hides that the integer under it moved.
//!
//! # Method
//!
//! Let P be symmetric and log-concave and `Δ > 0`. The ratio `P(k)/P(k − Δ)` does not increase in k, so that
//! `P(k) > e^ε P(k − Δ)` holds exactly for the k of the support up to some t, and
//!
//! ```text
//! δ(ε) = max over events S of P(K ∈ S) − e^ε P(K + Δ ∈ S) = F(t) − e^ε F(t − Δ)
//! ```
//!
//! with F the distribution function. The other order of the two, and `−Δ`, give the same by symmetry. t is found by
//! bisection (`t < Δ/2`, since the ratio is at most one from there on), the difference in intervals whose precision is
//! raised until what cancels does not matter. No sum: the time does not grow with the noise.
//!
//! The ratio is compared exactly, in integers, where it has a closed form. Where enclosures leave `P(k) > e^ε P(k − Δ)`
//! open for the first k beyond t, the ratio `r = e^ε P(k − Δ)/P(k)` does not decrease from there on, so that
//! `(1 − r)·P(K > t)` is all that any larger event could gain; it is added to the upper bound (for a tie, enclosed to
//! 2048 bits, that is below every float). Where `k + 1` does not exceed, no event beyond k gains: then `P(K = k)` is in the place of
//! `P(K > t)`, and `δ(ε)` is at most `P(K ≤ k)`.

use super::LogConcaveNoise;
use super::law::{DECIDING_BITS, LARGEST_EPSILON, Law, cdf, cdf_inside, quick_cdf, quick_exp, tail_bounds};
use crate::certified::{
    ball::Ball, dyadic::Dyadic, elementary::exp, scaled::Scaled, search::first_true_integer,
};
use crate::normal::tight_bounds;

/// Lower and upper bound of the privacy profile `δ(ε)` of releasing an integer under this noise, when neighbours move it by
/// exactly `shift`: the hockey-stick divergence of order `e^ε` between `K` and `K + shift`.
///
/// # Error bound
///
/// At most one `f64` lies strictly between the two, for `ε ≤ 10⁹`. Values below the range of `f64` give `(0, 5e-324)`.
/// Shift 0 gives `(0, 0)`. NaN and negative ε give the vacuous `(0, 1)`.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{NoiseScale, noise::{DiscreteLaplace, shift_delta_bounds}};
///
/// let noise = DiscreteLaplace::new(NoiseScale::new(2.0)?)?;
/// // a shift by 3 is (3/2, 0)-private, and at ε = 1/2 the best event is K ≤ 0: F(0) − e^½ F(−3)
/// assert_eq!(shift_delta_bounds(&noise, 3, 1.5), (0.0, 0.0));
/// let (lower, upper) = shift_delta_bounds(&noise, 3, 0.5);
/// assert!(lower > 0.393_469_340 && upper < 0.393_469_341);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[must_use]
pub fn shift_delta_bounds<N: LogConcaveNoise>(noise: &N, shift: u64, epsilon: f64) -> (f64, f64) {
    if epsilon.is_nan() || epsilon < 0.0 {
        return (0.0, 1.0);
    }
    let epsilon = epsilon.min(f64::MAX);
    if shift == 0 || noise.never_exceeds(shift, epsilon) {
        return (0.0, 0.0);
    }
    let last = last_exceeding(noise, shift, epsilon);
    let (lower, upper) = half_line(noise, last, shift, epsilon);
    match exceeds(noise, last + 1, shift, epsilon) {
        Some(false) => (lower, upper),
        _ => (lower, open_upper(noise, last + 1, (shift, epsilon), upper)),
    }
}

/// The last point at which the ratio of masses is known to exceed `e^ε`.
fn last_exceeding<N: Law>(noise: &N, shift: u64, epsilon: f64) -> i128 {
    let lowest = noise.bound().map_or(i64::MIN + 1, |bound| -i64::try_from(bound).unwrap_or(i64::MAX));
    let highest = i64::try_from(shift.div_ceil(2)).unwrap_or(i64::MAX); // there the neighbour is at least as likely
    let guess = noise.crossing(shift, epsilon) as i64;
    let first_not = first_true_integer(guess, (lowest, highest), |k| {
        exceeds(noise, k.into(), shift, epsilon) != Some(true)
    });
    i128::from(first_not.unwrap_or(highest)) - 1
}

/// Upper bound of `δ(ε)` where it is open whether k exceeds, and events below k gain at most `below`.
fn open_upper<N: Law>(noise: &N, k: i128, (shift, epsilon): (u64, f64), below: f64) -> f64 {
    let mass = noise.mass(k, DECIDING_BITS).0.normalized();
    let (beyond, all) = match exceeds(noise, k + 1, shift, epsilon) {
        Some(false) => (mass.to_bounds().1, tail_bounds(noise, -k - 1).1), // P(K ≤ k) = P(K > −k − 1)
        _ => (tail_bounds(noise, k - 1).1, 1.0),
    };
    let share = open_share(noise, &mass, (k, shift), epsilon);
    let gain = share.map_or(beyond, |share| (share * beyond).next_up());
    (below + gain).next_up().min(all)
}

/// Upper bound of `1 − e^ε P(k − shift)/P(k)`, of which share of their mass events gain from k on; `None` if out of reach.
fn open_share<N: Law>(noise: &N, mass: &Scaled, (k, shift): (i128, u64), epsilon: f64) -> Option<f64> {
    if epsilon > LARGEST_EPSILON || !mass.is_tight(1) {
        return None;
    }
    let factor = exp(&Dyadic::from_f64(epsilon).at(DECIDING_BITS));
    let neighbour = noise.mass(k - i128::from(shift), DECIDING_BITS).0.normalized();
    let share = neighbour.product(&factor).quotient(mass).complement().to_bounds().1;
    Some(share.clamp(0.0, 1.0))
}

/// [`Law::exceeds`], also outside the support.
fn exceeds<N: Law>(noise: &N, k: i128, shift: u64, epsilon: f64) -> Option<bool> {
    let outside = |k: i128| noise.bound().is_some_and(|bound| k.unsigned_abs() > u128::from(bound));
    match (outside(k), outside(k - i128::from(shift))) {
        (true, _) => Some(false),
        (false, true) => Some(true),
        (false, false) => noise.exceeds(k, shift, epsilon),
    }
}

/// Bounds of `F(t) − e^ε F(t − shift)`, for a t below or at the upper end of the support.
fn half_line<N: Law>(noise: &N, t: i128, shift: u64, epsilon: f64) -> (f64, f64) {
    let (start, end) =
        noise.bound().map_or((i128::MIN, i128::MAX), |bound| (-i128::from(bound), bound.into()));
    if t < start {
        return (0.0, 0.0);
    }
    let far = t - i128::from(shift);
    if far < start || epsilon > LARGEST_EPSILON || t <= i128::from(i64::MIN) {
        let whole = if t < end { cdf_inside(noise, t) } else { (1.0, 1.0) };
        return if far < start { whole } else { (0.0, whole.1) };
    }
    tight_bounds(quick_half_line(noise, (t, far), end, epsilon), |precision| {
        let factor = exp(&Dyadic::from_f64(epsilon).at(precision));
        let second = cdf(noise, far, precision).normalized().product(&factor);
        if t < end {
            cdf(noise, t, precision).normalized().minus(&second).normalized()
        } else {
            second.complement()
        }
    })
}

/// The same as a ball.
fn quick_half_line<N: Law>(noise: &N, (t, far): (i128, i128), end: i128, epsilon: f64) -> Option<Ball> {
    let first = if t < end { quick_cdf(noise, t)? } else { Ball::integer(1) };
    Some(first - quick_exp(epsilon)? * quick_cdf(noise, far)?)
}
