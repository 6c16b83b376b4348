//! The Mills ratio `m(z) = (1 − Φ(z))/φ(z)` and what follows from it: tails and densities of the normal law.

use super::{
    elementary::{exp, inverse_sqrt_two_pi, sqrt_half_pi},
    interval::{Interval, ceil_div, floor_div},
    scaled::Scaled,
};
use num_bigint::BigInt;

/// Enclosure of `m(z)` for `z ≥ 0`; rounding may have put the lower end of `z` a little below zero.
///
/// `m` decreases and `m'(z) = z m(z) − 1 ∈ [−2, 0]` for `z ≥ −1/4`, so the value at the lower end, widened downward by twice the
/// width of `z`, encloses all values.
pub(crate) fn mills(z: &Interval) -> Interval {
    let precision = z.precision();
    debug_assert!(z.lo().bits() + 2 <= precision || z.is_positive(), "the argument is at least −1/4");
    let start = at_point(&z.lower_end());
    let drop: BigInt = z.width() * 2;
    Interval::new((start.lo() - drop).max(BigInt::ZERO), start.hi().clone(), precision)
}

/// Whether the continued fraction is the cheaper way to `precision` bits: `z² ≥ precision/8`.
fn prefers_fraction(z: &Interval) -> bool {
    z.is_positive() && (z.square().lo() << 3_u32) >= BigInt::from(z.precision()) << z.precision()
}

fn at_point(z: &Interval) -> Interval {
    if prefers_fraction(z) { by_fraction(z) } else { by_series(z) }
}

/// `√(π/2)·e^{z²/2} − Σ_{k ≥ 0} z^{2k+1}/(2k+1)!!`; both parts are about `e^{z²/2}` large, so that many bits are added.
fn by_series(z: &Interval) -> Interval {
    let precision = z.precision();
    let cancelled = integer_part(&z.square()) + 32; // z²/2 · log₂ e < z²
    let z = z.with_precision(precision + cancelled);
    let square = z.square();
    let growth = &sqrt_half_pi(z.precision()) * &exp(&square.halved(1)).to_fixed();
    let (mut term, mut sum) = (z.clone(), z.clone());
    let turn = integer_part(&square); // from here on a term is less than half of the one before
    for k in 1_u64.. {
        term = (&term * &square).over(2 * k + 1);
        sum = &sum + &term;
        if k > turn && term.lo().bits().max(term.hi().bits()) <= 1 {
            break;
        }
    }
    let tail = BigInt::from(2); // the last term is at most one unit, and so is all that follows
    (&growth - &sum.widened(&tail)).with_precision(precision)
}

/// `⌊x⌋ + 1` of a small non-negative number.
fn integer_part(x: &Interval) -> u64 {
    u64::try_from(x.hi() >> x.precision()).expect("the series is used for small arguments") + 1
}

/// `1/(z + 1/(z + 2/(z + 3/(z + …))))`, from the tail `n/(z + …) ∈ [0, n/z]` inwards, with as many levels as the precision needs.
fn by_fraction(z: &Interval) -> Interval {
    let precision = z.precision();
    let mut levels = starting_levels(z);
    loop {
        let ratio = fraction(&z.with_precision(precision + 32), levels).with_precision(precision);
        // the enclosure narrows like e^{−2z√(2n)}; levels are added until rounding dominates
        if ratio.width().bits() <= 4 {
            return ratio;
        }
        levels = levels * 3 / 2 + 4;
    }
}

/// `n = (p ln 2/(2z))²/2` levels make `e^{−2z√(2n)}` about `2⁻ᵖ`; only a starting point.
fn starting_levels(z: &Interval) -> u64 {
    let (m, e) = Scaled::new(z.clone(), 0).approximate();
    let rough = if e > 60 { 1e18 } else { m * (1_u64 << e.max(0)) as f64 };
    let root = z.precision() as f64 * core::f64::consts::LN_2 / (2.0 * rough);
    (root * root / 2.0) as u64 + 4
}

fn fraction(z: &Interval, levels: u64) -> Interval {
    let precision = z.precision();
    let (lo, hi) = (z.lo(), z.hi());
    let (mut tail_lo, mut tail_hi) = (BigInt::ZERO, ceil_div(&(BigInt::from(levels) << (2 * precision)), lo));
    for k in (0..levels).rev() {
        let numerator = BigInt::from(k.max(1)) << (2 * precision);
        let below = floor_div(&numerator, &(hi + &tail_hi));
        tail_hi = ceil_div(&numerator, &(lo + &tail_lo));
        tail_lo = below;
    }
    Interval::new(tail_lo, tail_hi, precision)
}

/// `φ(z) = e^{−z²/2}/√(2π)`, for `|z| < 2²⁵`.
pub(crate) fn density(z: &Interval) -> Scaled {
    let exponent = -&z.square().halved(1);
    exp(&exponent).times(&inverse_sqrt_two_pi(z.precision()))
}

/// `1 − Φ(z)`, for `|z| < 2²⁵`.
pub(crate) fn upper_tail(z: &Interval) -> Scaled {
    if z.is_negative() {
        return upper_tail(&-z).complement();
    }
    density(z).times(&mills(z)).normalized()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(numerator: i64, denominator: i64, precision: u64) -> Interval {
        Interval::ratio(&numerator.into(), &denominator.into(), precision)
    }

    fn overlap(a: &Interval, b: &Interval) -> bool {
        a.lo() <= b.hi() && b.lo() <= a.hi()
    }

    #[test]
    fn series_and_fraction_enclose_the_same_number() {
        // two unrelated formulas; both enclosures are below 2⁻¹⁸⁰ wide, so agreement is agreement to 54 digits
        for tenths in [8, 15, 32, 47, 60, 77, 100] {
            let z = at(tenths, 10, 200).lower_end();
            let (a, b) = (by_series(&z), by_fraction(&z));
            assert!(overlap(&a, &b), "z = {tenths}/10");
            assert!(a.width().bits() <= 20 && b.width().bits() <= 20, "z = {tenths}/10");
        }
    }

    #[test]
    fn the_fractions_last_levels_agree_with_its_definition() {
        // one level: 1/(z + [0, 1/z]) spans z/(z² + 1) … 1/z
        let z = at(3, 1, 64);
        let one = fraction(&z, 1);
        assert!(one.lo() <= at(3, 10, 64).lo() && at(1, 3, 64).hi() <= one.hi());
        assert!(one.width() <= at(1, 3, 64).hi() - at(3, 10, 64).lo() + 4);
        // two levels: 1/(z + 1/(z + [0, 2/z])) spans 1/(z + 1/z) … 1/(z + 1/(z + 2/z))
        let two = fraction(&z, 2);
        assert!(overlap(&two, &at(3, 10, 64)) && overlap(&two, &at(11, 36, 64)));
        assert!(two.width() <= at(11, 36, 64).hi() - at(3, 10, 64).lo() + 4);
    }

    #[test]
    fn wide_arguments_enclose_the_values_inside() {
        for (lo, hi) in [(0, 1), (1, 2), (9, 10), (70, 71)] {
            let wide = mills(&Interval::new(at(lo, 10, 128).lo().clone(), at(hi, 10, 128).hi().clone(), 128));
            for hundredths in lo * 10..=hi * 10 {
                let inside = mills(&at(hundredths, 100, 128));
                assert!(wide.lo() <= inside.lo() && inside.hi() <= wide.hi());
            }
        }
    }

    #[test]
    fn tails_on_both_sides_sum_to_one() {
        for hundredths in [1, 50, 196, 800, 3000] {
            let z = at(hundredths, 100, 192);
            let sum = &upper_tail(&z).to_fixed() + &upper_tail(&-&z).to_fixed();
            assert!(overlap(&sum, &Interval::integer(1, 192)) && sum.width().bits() <= 16);
        }
    }
}
