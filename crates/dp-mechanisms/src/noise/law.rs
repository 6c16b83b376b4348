//! What a symmetric log-concave law on the integers must tell so that its privacy can be computed.

use crate::certified::{PRECISIONS, dyadic::Dyadic, elementary::exp, interval::Interval, scaled::Scaled};
use crate::normal::tight_bounds;
use core::cmp::Ordering;
use num_bigint::BigInt;

/// A certified enclosure at some precision; opaque outside this crate.
#[derive(Clone, Debug)]
pub struct Enclosure(pub(crate) Scaled);

/// Sealed: the enclosures must be right, and the law symmetric and log-concave, or what is computed from them is not a proof.
///
/// Positions are `i128`, so that differences of supported ones do not overflow. `precision` counts the bits that the returned
/// enclosure has.
pub trait Law {
    /// `P(K > k)` for `0 ≤ k ≤ bound`, of good relative precision.
    fn tail(&self, k: i128, precision: u64) -> Enclosure;

    /// `P(K = k)` for `|k| ≤ bound`, of good relative precision.
    fn mass(&self, k: i128, precision: u64) -> Enclosure;

    /// Whether `P(K = k) > e^ε P(K = k − shift)`, for `shift > 0`, `0 ≤ ε < ∞` and `k` in the support; `None` if no precision told.
    fn exceeds(&self, k: i128, shift: u64, epsilon: f64) -> Option<bool>;

    /// Where [`exceeds`](Self::exceeds) turns false; steers a search only.
    fn crossing(&self, shift: u64, epsilon: f64) -> f64;

    /// Whether no `k` at all exceeds; `false` if unknown.
    fn never_exceeds(&self, _shift: u64, _epsilon: f64) -> bool {
        false
    }

    /// The support is `|k| ≤ bound`, if it is bounded.
    fn bound(&self) -> Option<u64> {
        None
    }
}

/// Whether the integer `n` is above an exactly known number.
pub(super) fn is_above(n: impl Into<BigInt>, bound: &Dyadic) -> bool {
    Scaled::new(Interval::point(n.into(), 0), 0).compare(bound) == Some(Ordering::Greater)
}

/// Whether `first > e^ε·second`, from enclosures of both; `None` if no precision told.
pub(super) fn exceeds(
    first: impl Fn(u64) -> Scaled,
    second: impl Fn(u64) -> Scaled,
    epsilon: f64,
) -> Option<bool> {
    if epsilon > LARGEST_EPSILON {
        return None;
    }
    let epsilon = Dyadic::from_f64(epsilon);
    PRECISIONS.iter().take_while(|&&precision| precision <= DECIDING_BITS).find_map(|&precision| {
        let factor = exp(&epsilon.at(precision));
        let gain = first(precision).normalized().minus(&second(precision).normalized().product(&factor));
        gain.compare(&Dyadic::integer(0)).map(|order| order == Ordering::Greater)
    })
}

/// Beyond this many bits two masses are left undecided: what a tie costs is then far below the smallest float.
pub(super) const DECIDING_BITS: u64 = 2048;
/// Beyond this ε, no `e^ε` is computed.
pub(super) const LARGEST_EPSILON: f64 = 1e9;

/// A set below every float, for what lies too far out to be computed.
pub(super) fn negligible(precision: u64) -> Scaled {
    Scaled::new(Interval::new(BigInt::ZERO, BigInt::from(1), precision), -(1 << 38))
}

/// Bounds of `P(K ≤ k)`.
pub(super) fn cdf_bounds<N: Law + ?Sized>(noise: &N, k: i64) -> (f64, f64) {
    let k = i128::from(k);
    match noise.bound() {
        Some(bound) if k >= i128::from(bound) => (1.0, 1.0),
        Some(bound) if k < -i128::from(bound) => (0.0, 0.0),
        _ => tight_bounds(|precision| cdf(noise, k, precision)),
    }
}

/// Bounds of `P(K > k)`.
pub(super) fn tail_bounds<N: Law + ?Sized>(noise: &N, k: i128) -> (f64, f64) {
    match noise.bound() {
        Some(bound) if k >= i128::from(bound) => (0.0, 0.0),
        Some(bound) if k < -i128::from(bound) => (1.0, 1.0),
        _ => tight_bounds(|precision| cdf(noise, -k - 1, precision)),
    }
}

/// Bounds of `P(K = k)`.
pub(super) fn pmf_bounds<N: Law + ?Sized>(noise: &N, k: i64) -> (f64, f64) {
    if noise.bound().is_some_and(|bound| k.unsigned_abs() > bound) {
        return (0.0, 0.0);
    }
    tight_bounds(|precision| noise.mass(k.into(), precision).0)
}

/// `P(K ≤ k)` inside the support, by symmetry from the tail on the side of k.
pub(super) fn cdf<N: Law + ?Sized>(noise: &N, k: i128, precision: u64) -> Scaled {
    if k >= 0 { noise.tail(k, precision).0.complement() } else { noise.tail(-k - 1, precision).0 }
}
