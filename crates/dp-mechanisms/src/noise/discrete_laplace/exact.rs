//! The exact path: the position `b(−ln U − ln(1 + q))` in certified arithmetic, from the same U with more and more bits.

use crate::certified::{
    dyadic::Dyadic,
    elementary::{exp, ln},
    interval::Interval,
};
use crate::noise::uniform::{LEAD, Traced, Uniform, signed};
use num_bigint::BigInt;
use rand::Rng;

/// What becomes of a magnitude that may not fit 64 bits.
pub(super) type Fit = fn(&BigInt) -> i64;

/// Modulo `2⁶⁴`.
pub(super) fn reduced(magnitude: &BigInt) -> i64 {
    magnitude.iter_u64_digits().next().unwrap_or(0) as i64
}

/// At most `2⁶³ − 1`.
pub(super) fn saturated(magnitude: &BigInt) -> i64 {
    i64::try_from(magnitude).unwrap_or(i64::MAX)
}

/// The sample of a word.
pub(super) fn resolve<R: Rng + ?Sized>(word: u64, scale: &Dyadic, fit: Fit, rng: &mut R) -> Traced {
    let mut uniform = Uniform::below_one_half(word);
    loop {
        if let Some(magnitude) = magnitude(&uniform, scale) {
            return Traced::exact(signed(word, fit(&magnitude)), uniform.refinements());
        }
        uniform.refine(rng);
    }
}

/// `⌊b(−ln U − ln(1 + q))⌋`, if it is the same for all U with the known bits.
fn magnitude(uniform: &Uniform, scale: &Dyadic) -> Option<BigInt> {
    let (numerator, precision) = (uniform.numerator(), uniform.bits() + LEAD);
    if *numerator == BigInt::ZERO {
        return None;
    }
    let largest = -&ln(numerator, -(uniform.bits() as i64), precision);
    // ln(n + 1) − ln n ≤ 1/n
    let across = Interval::ratio(&1.into(), numerator, precision);
    let exponential = Interval::new((&largest - &across).lo().clone(), largest.hi().clone(), precision);
    let position = times(&(&exponential - &ln_one_plus(&ratio(scale, precision))), scale);
    let [low, high] = [position.lo(), position.hi()].map(|end| end >> precision);
    (low == high).then_some(low)
}

/// `h = b·ln(2/(1 + q))`, cut to this many bits after the point.
pub(super) fn offset(scale: &Dyadic, fraction_bits: u32) -> u64 {
    let precision = u64::from(fraction_bits) + 128; // b is below 2⁵¹
    let logarithm = ln(&2.into(), 0, precision);
    let offset = times(&(&logarithm - &ln_one_plus(&ratio(scale, precision))), scale);
    u64::try_from(offset.with_precision(u64::from(fraction_bits)).lo()).expect("0 < h < b fits as b does")
}

/// `q = e^{−1/b}`.
pub(super) fn ratio(scale: &Dyadic, precision: u64) -> Interval {
    let exponent = Dyadic::integer(1).over(scale, precision);
    if exponent.lo().bits() > precision + u64::from(precision.ilog2()) + 1 {
        return Interval::new(BigInt::ZERO, 1.into(), precision); // 1/b ≥ precision, so that q < 2^{−precision}
    }
    exp(&-&exponent).to_fixed()
}

/// `ln(1 + q)` for `0 ≤ q ≤ 1`: its derivative is at most 1.
fn ln_one_plus(q: &Interval) -> Interval {
    let precision = q.precision();
    let numerator = q.lo() + (BigInt::from(1) << precision);
    let low = ln(&numerator, -(precision as i64), precision);
    Interval::new(low.lo().clone(), low.hi() + q.width(), precision)
}

/// Times a positive number given exactly.
fn times(x: &Interval, factor: &Dyadic) -> Interval {
    let product = Interval::new(x.lo() * factor.numerator(), x.hi() * factor.numerator(), x.precision());
    if factor.exponent() >= 0 {
        let k = factor.exponent().unsigned_abs();
        Interval::new(product.lo() << k, product.hi() << k, x.precision())
    } else {
        product.halved(factor.exponent().unsigned_abs())
    }
}
