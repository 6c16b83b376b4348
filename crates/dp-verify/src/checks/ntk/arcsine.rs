//! The polynomial of the arcsine, in integers.

use crate::{Context, Outcome, Subject};
use ntk_dp::ARCSINE;
use num_bigint::BigInt;

/// Numbers are multiples of `2⁻²⁵⁶`, rounded down.
const BITS: u64 = 256;

/// Degree at which the series is cut off.
const DEGREE: usize = 64;

/// The series `asin(√w)/√w = Σₖ C(2k, k) wᵏ/(4ᵏ(2k + 1))` minus the polynomial, cut off where a tail below `2⁻¹⁷⁰` is
/// left, is expanded around the centres of small intervals and bounded by the sum of absolute terms. The twin rounds coefficients to
/// 48 bits.
pub(super) fn polynomial(context: &mut Context, subject: Subject) -> Outcome {
    let intervals = context.scale(1 << 8, 1 << 12);
    let kept = subject.pick(u64::MAX, !0 << 5);
    let mut difference = series();
    for (term, coefficient) in difference.iter_mut().zip(ARCSINE) {
        *term -= fixed(f64::from_bits(coefficient.to_bits() & kept));
    }
    // half the width of an interval: 0.15 over all of them, rounded up by a unit
    let end = (BigInt::from(3) << BITS) / 20 + 1;
    let half = (&end >> (intervals.ilog2() + 1)) + 1;
    let mut worst = BigInt::from(0);
    for k in 0..intervals {
        let center = &half * (2 * k + 1);
        worst = Ord::max(worst, bound(&difference, &center, &half));
    }
    // a rounding is less than a unit, there are fewer than 4·DEGREE² of them, and factors are below one; the tail is below
    // 0.15⁶⁵·2 < 2⁻¹⁷⁰
    let slack = BigInt::from(4 * DEGREE * DEGREE) + (BigInt::from(1) << (BITS - 170));
    let in_units = |x: BigInt| (x >> (BITS - 80)).to_string().parse::<f64>().unwrap_or(f64::NAN) + 1.0;
    Outcome::at_most(in_units(worst + slack), 2.0_f64.powi(80 - 58), intervals as u64)
        .with_note("in units of 2⁻⁸⁰")
}

/// Coefficients of the series; each rounded down by less than a unit.
fn series() -> Vec<BigInt> {
    let mut numerator = BigInt::from(1) << BITS;
    let mut out = Vec::with_capacity(DEGREE + 1);
    for k in 0..=DEGREE as u64 {
        out.push(&numerator / (2 * k + 1));
        numerator = numerator * (2 * k + 1) / (2 * k + 2);
    }
    out
}

/// The sum of absolute terms of the expansion around `center`, over `|w − center| ≤ half`.
///
/// Synthetic division gives one coefficient of the expansion after the other.
fn bound(difference: &[BigInt], center: &BigInt, half: &BigInt) -> BigInt {
    let mut rest = difference.to_vec();
    let (mut sum, mut power) = (BigInt::from(0), BigInt::from(1) << BITS);
    for first in 0..difference.len() {
        for k in (first..difference.len() - 1).rev() {
            let carried = (&rest[k + 1] * center) >> BITS;
            rest[k] += carried;
        }
        let size = if rest[first] < BigInt::from(0) { -&rest[first] } else { rest[first].clone() };
        sum += (size * &power) >> BITS;
        power = (&power * half) >> BITS;
    }
    sum
}

/// A float as a multiple of `2⁻²⁵⁶`, exactly for the coefficients, which are of size one to 2⁻⁸.
fn fixed(x: f64) -> BigInt {
    let bits = x.abs().to_bits();
    let (exponent, fraction) = ((bits >> 52) as i64, bits & ((1 << 52) - 1));
    let magnitude = BigInt::from(fraction | (1 << 52)) << (exponent - 1075 + BITS as i64) as u64;
    if x < 0.0 { -magnitude } else { magnitude }
}
