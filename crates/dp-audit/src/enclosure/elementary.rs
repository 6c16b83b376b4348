//! `exp` and `ln` of one float, enclosed to a few units in the last place in some tens of nanoseconds.
//!
//! dp-mechanisms has the same to one unit in the last place, by integers of arbitrary length, in tens of microseconds;
//! a Clopper-Pearson bound needs too many. Tests use it as the oracle.

use super::Enclosure;

/// `ln 2` in two parts; the last 21 bits of the first are zero, so that `k` times it is exact for `|k| < 2²¹`.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
/// The rest, `1.908…e-10`, rounded to nearest: within `2⁻⁸⁶` of the exact remainder.
const LN_2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);

/// The two parts of `k·ln 2`.
fn times_ln_2(k: f64) -> (Enclosure, Enclosure) {
    let low = Enclosure::new(LN_2_LOW.next_down(), LN_2_LOW.next_up());
    (Enclosure::point(k * LN_2_HIGH), Enclosure::point(k) * low)
}

/// Terms of the series of the hyperbolic arc tangent: `z ≤ 0.0295`, and `z¹²/25 < 2⁻⁶⁵`.
const ATANH_TERMS: u32 = 12;

/// `ln x`: with `x = m·2ᵉ`, `√½ ≤ m ≤ √2` and `t = (m − 1)/(m + 1)`, it is `e·ln 2 + 2 atanh t`.
///
/// All terms of `atanh t/t = Σ t²ʲ/(2j + 1)` are positive. `t` carries two roundings; what follows the leading 1 is at
/// most 0.0102 and carries at most 80 of `2⁻⁵³` relative each; the sum and the product carry one more each: less than
/// `5·2⁻⁵³` relative in all, and the tail of the series another `2⁻⁶⁵`. The code takes `8·2⁻⁵³`.
pub(super) fn ln(x: f64) -> Enclosure {
    if x.is_nan() {
        return Enclosure::new(f64::NEG_INFINITY, f64::INFINITY);
    }
    if x <= 0.0 {
        return Enclosure::point(f64::NEG_INFINITY);
    }
    if x == f64::INFINITY {
        return Enclosure::new(f64::MAX, f64::INFINITY);
    }
    let (mantissa, exponent) = split(x);
    let t = (mantissa - 1.0) / (mantissa + 1.0); // the difference is exact
    let z = t * t;
    let mut tail = 0.0;
    for j in (1..ATANH_TERMS).rev() {
        tail = z * (1.0 / f64::from(2 * j + 1) + tail);
    }
    let series = 2.0 * t * (1.0 + tail);
    let error = 4.0 * f64::EPSILON * series.abs();
    let series = Enclosure::new((series - error).next_down(), (series + error).next_up());
    if exponent == 0.0 {
        return series;
    }
    let (high, low) = times_ln_2(exponent);
    high + (low + series)
}

/// Mantissa in `[√½, √2]` and exponent of a positive float.
fn split(x: f64) -> (f64, f64) {
    let (x, shift) = if x < f64::MIN_POSITIVE { (x * TWO_54, -54) } else { (x, 0) };
    let exponent = (x.to_bits() >> 52) as i32 - 1023 + shift;
    let mantissa = f64::from_bits((x.to_bits() & ((1 << 52) - 1)) | 1023 << 52);
    if mantissa > core::f64::consts::SQRT_2 {
        (mantissa / 2.0, f64::from(exponent + 1))
    } else {
        (mantissa, f64::from(exponent))
    }
}

const TWO_54: f64 = 18_014_398_509_481_984.0;

/// Terms of the exponential series for `|r| ≤ 0.36`: the remainder is below `2·0.36¹⁵/15! < 2⁻⁶¹`.
const EXP_TERMS: u32 = 14;

/// `eˣ`: with `x = k ln 2 + r`, the Taylor polynomial at `r`, times `2ᵏ`.
///
/// In units of `u = 2⁻⁵³`, relative to the result (at least 0.69): `r` carries two roundings of its own size, 0.75;
/// Horner's rule with partial sums below 1.44 errs by at most `1.44·(1 + 0.36·(2 + 1.6)) u`, 4.8; the remainder of the
/// series is 0.01. The code takes 10.
pub(super) fn exp(x: f64) -> Enclosure {
    if x.is_nan() {
        return Enclosure::new(0.0, f64::INFINITY);
    }
    if x == 0.0 {
        return Enclosure::point(1.0);
    }
    if x > 709.0 {
        let lo = if x > 709.8 { f64::MAX } else { exp(709.0).lo };
        return Enclosure::new(lo, f64::INFINITY);
    }
    if x < -745.2 {
        return Enclosure::new(0.0, f64::from_bits(1));
    }
    let k = (x * core::f64::consts::LOG2_E).round();
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut sum = 1.0;
    for j in (1..=EXP_TERMS).rev() {
        sum = 1.0 + r * sum / f64::from(j);
    }
    let error = 5.0 * f64::EPSILON * sum;
    let sum = Enclosure::new((sum - error).next_down(), (sum + error).next_up());
    // in two steps, the first exact: a result below the normal numbers is rounded once
    let (half, rest) = ((k as i32) / 2, (k as i32) - (k as i32) / 2);
    let scaled = |x: f64| x * power_of_two(half) * power_of_two(rest);
    Enclosure::new(scaled(sum.lo).next_down().max(0.0), scaled(sum.hi).next_up())
}

/// `2ᵉ` for `−1022 ≤ e ≤ 1023`.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_mechanisms::certified::{exp_bounds, ln_bounds};
    use proptest::prelude::*;

    fn holds(what: &str, x: f64, enclosure: Enclosure, oracle: (f64, f64)) {
        assert!(
            enclosure.lo <= oracle.0 && oracle.1 <= enclosure.hi,
            "{what} {x:e}: {enclosure:?} {oracle:?}"
        );
    }

    #[test]
    fn the_two_parts_of_ln_2_hold_it() {
        let exact = ln_bounds(2.0);
        let sum = |k| times_ln_2(k).0 + times_ln_2(k).1;
        holds("ln", 2.0, sum(1.0), exact);
        assert_eq!(LN_2_HIGH.to_bits() & ((1 << 21) - 1), 0, "products with small integers are exact");
        // 1000 ln 2 to 20 digits is 693.14718055994530942
        let thousand = sum(1000.0);
        assert!(thousand.lo <= 693.147_180_559_945_3 && thousand.hi >= 693.147_180_559_945_3);
    }

    #[test]
    fn ends_of_the_range_are_enclosed() {
        for x in [f64::MIN_POSITIVE, 5e-324, f64::MAX, 1.0, 1.0_f64.next_up(), 1.0_f64.next_down(), 0.75, 1.5]
        {
            holds("ln", x, ln(x), ln_bounds(x));
        }
        for x in [0.0, -0.0, 1e-300, -1e-300, 708.99, 709.78, 710.0, 1e9, -708.0, -744.9, -745.5, -1e9] {
            holds("exp", x, exp(x), exp_bounds(x));
        }
        assert_eq!(ln(0.0).hi, f64::NEG_INFINITY);
        assert_eq!((exp(f64::NAN).lo, exp(f64::NAN).hi), (0.0, f64::INFINITY));
        assert_eq!(ln(1.0), Enclosure::new(0.0_f64.next_down(), 0.0_f64.next_up()));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn ln_holds_the_certified_bounds(bits in 1_u64..0x7ff0_0000_0000_0000) {
            let x = f64::from_bits(bits);
            let (enclosure, oracle) = (ln(x), ln_bounds(x));
            prop_assert!(enclosure.lo <= oracle.0 && oracle.1 <= enclosure.hi);
            // 8·2⁻⁵³ of the series, and three roundings of the sum
            prop_assert!(enclosure.hi - enclosure.lo <= 16.0 * f64::EPSILON * oracle.1.abs().max(0.01));
        }

        #[test]
        fn ln_near_one_keeps_its_relative_precision(offset in -0.2..0.2_f64, scale in 0..50_i32) {
            let x = 1.0 + offset / 2_f64.powi(scale);
            prop_assume!(x != 1.0);
            let (enclosure, oracle) = (ln(x), ln_bounds(x));
            prop_assert!(enclosure.lo <= oracle.0 && oracle.1 <= enclosure.hi);
            // 8·2⁻⁵³ on each side, and four roundings outward
            prop_assert!(enclosure.hi - enclosure.lo <= 12.0 * f64::EPSILON * oracle.1.abs());
        }

        #[test]
        fn exp_holds_the_certified_bounds(x in -746.0..710.0_f64) {
            let (enclosure, oracle) = (exp(x), exp_bounds(x));
            prop_assert!(enclosure.lo <= oracle.0 && oracle.1 <= enclosure.hi);
            if x > -700.0 && x < 709.0 {
                // 10·2⁻⁵³ on each side, and two steps outward
                prop_assert!(enclosure.hi - enclosure.lo <= 16.0 * f64::EPSILON * oracle.1);
            }
        }
    }
}
