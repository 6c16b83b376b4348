//! What a symmetric log-concave law on the integers must tell so that its privacy can be computed.

use super::LatticeNoise;
use crate::certified::{
    PRECISIONS,
    ball::{self, Ball},
    dyadic::Dyadic,
    elementary::exp,
    interval::Interval,
    scaled::Scaled,
};
use crate::normal::tight_bounds;
use core::cmp::Ordering;
use num_bigint::BigInt;
use rand::CryptoRng;

/// A certified enclosure at some precision; opaque outside this crate.
#[derive(Clone, Debug)]
pub struct Enclosure(pub(crate) Scaled);

/// A certified ball; opaque outside this crate.
#[derive(Clone, Copy, Debug)]
pub struct Quick(pub(crate) Ball);

/// Sealed: the enclosures must be right, and the law symmetric and log-concave, or what is computed from them is not a
/// proof.
///
/// Positions are `i128`, so that differences of supported ones do not overflow. `precision` counts the bits that the
/// returned enclosure has.
pub trait Law {
    /// `P(K > k)` for `0 ≤ k ≤ bound`, of good relative precision.
    fn tail(&self, k: i128, precision: u64) -> Enclosure;

    /// `P(K = k)` for `|k| ≤ bound`, of good relative precision.
    fn mass(&self, k: i128, precision: u64) -> Enclosure;

    /// The tail as a ball of 126 bits, where that reaches.
    fn quick_tail(&self, _k: i128) -> Option<Quick> {
        None
    }

    /// The mass as a ball of 126 bits, where that reaches.
    fn quick_mass(&self, _k: i128) -> Option<Quick> {
        None
    }

    /// Whether `P(K = k) > e^ε P(K = k − shift)`, for `shift > 0`, `0 ≤ ε < ∞` and `k` in the support; `None` if no
    /// precision told.
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

    /// As [`sample`](LatticeNoise::sample), from the same words, but a magnitude of `2⁶³` or more is never reduced to a
    /// smaller one.
    fn sample_saturated<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> i64
    where
        Self: LatticeNoise,
    {
        self.sample(rng)
    }

    /// As [`fill`](LatticeNoise::fill), in the same way.
    fn fill_saturated<R: CryptoRng + ?Sized>(&self, out: &mut [i64], rng: &mut R)
    where
        Self: LatticeNoise,
    {
        self.fill(out, rng);
    }
}

/// Whether the integer `n` is above an exactly known number.
pub(super) fn is_above(n: impl Into<BigInt>, bound: &Dyadic) -> bool {
    Scaled::new(Interval::point(n.into(), 0), 0).compare(bound) == Some(Ordering::Greater)
}

/// Whether `P(K = k) > e^ε P(K = neighbour)`, from enclosures of both; `None` if no precision told.
pub(super) fn exceeds<N: Law>(noise: &N, k: i128, neighbour: i128, epsilon: f64) -> Option<bool> {
    if epsilon > LARGEST_EPSILON {
        return None;
    }
    quick_exceeds(noise, k, neighbour, epsilon).or_else(|| {
        PRECISIONS.iter().take_while(|&&precision| precision <= DECIDING_BITS).find_map(|&precision| {
            let factor = exp(&Dyadic::from_f64(epsilon).at(precision));
            let [first, second] = [k, neighbour].map(|k| noise.mass(k, precision).0.normalized());
            let order = first.minus(&second.product(&factor)).compare(&Dyadic::integer(0));
            order.map(|order| order == Ordering::Greater)
        })
    })
}

/// The same in balls.
fn quick_exceeds<N: Law>(noise: &N, k: i128, neighbour: i128, epsilon: f64) -> Option<bool> {
    let (first, second) = (noise.quick_mass(k)?.0, noise.quick_mass(neighbour)?.0);
    first.compare(quick_exp(epsilon)? * second).map(|order| order == Ordering::Greater)
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
        _ => cdf_inside(noise, k),
    }
}

/// Bounds of `P(K > k)`.
pub(super) fn tail_bounds<N: Law + ?Sized>(noise: &N, k: i128) -> (f64, f64) {
    match noise.bound() {
        Some(bound) if k >= i128::from(bound) => (0.0, 0.0),
        Some(bound) if k < -i128::from(bound) => (1.0, 1.0),
        _ => cdf_inside(noise, -k - 1),
    }
}

/// Bounds of `P(K = k)`.
pub(super) fn pmf_bounds<N: Law + ?Sized>(noise: &N, k: i64) -> (f64, f64) {
    if noise.bound().is_some_and(|bound| k.unsigned_abs() > bound) {
        return (0.0, 0.0);
    }
    let quick = noise.quick_mass(k.into()).map(|mass| mass.0);
    tight_bounds(quick, |precision| noise.mass(k.into(), precision).0)
}

/// Bounds of `P(K ≤ k)` inside the support.
pub(super) fn cdf_inside<N: Law + ?Sized>(noise: &N, k: i128) -> (f64, f64) {
    tight_bounds(quick_cdf(noise, k), |precision| cdf(noise, k, precision))
}

/// `P(K ≤ k)` inside the support, as a ball.
pub(super) fn quick_cdf<N: Law + ?Sized>(noise: &N, k: i128) -> Option<Ball> {
    if k >= 0 {
        noise.quick_tail(k).map(|tail| Ball::integer(1) - tail.0)
    } else {
        noise.quick_tail(-k - 1).map(|tail| tail.0)
    }
}

/// `eˣ` as a ball, for a float where that reaches.
pub(super) fn quick_exp(x: f64) -> Option<Ball> {
    (x.abs() < 1e9).then(|| ball::exp(Ball::from_f64(x)))
}

/// `P(K ≤ k)` inside the support, by symmetry from the tail on the side of k.
pub(super) fn cdf<N: Law + ?Sized>(noise: &N, k: i128, precision: u64) -> Scaled {
    if k >= 0 { noise.tail(k, precision).0.complement() } else { noise.tail(-k - 1, precision).0 }
}
