//! `eˣ`.

use super::Ball;
use super::arithmetic::product_shifted;
use crate::certified::elementary::ln_2;
use core::f64::consts::LN_2;
use num_bigint::BigInt;
use std::sync::LazyLock;

/// Everything below is in units of `2⁻¹²⁴`.
const UNIT: u32 = 124;
/// Entries of the table: `2^{j/64}`.
const STEPS: usize = 64;
/// Terms for `|t| ≤ ln 2/64 < 2⁻⁶·⁵`: what follows is below `2^{−6.5·14}/14! < 2⁻¹²⁷`.
const SHORT: usize = 13;
/// Terms for `|t| ≤ ln 2`: what follows is below `2^{−0.5·34}/34! < 2⁻¹⁴⁰`.
const LONG: usize = 33;
/// No more units are lost in a series: each coefficient and each product is cut by less than one, each cut is multiplied by
/// powers of `t ≤ ln 2`, and `2·Σ (ln 2)ᵏ < 7`.
const SERIES_ERROR: u128 = 8;

/// `ln 2/64`, cut: units, and 64 bits after them.
static STEP: LazyLock<(u128, u64)> = LazyLock::new(|| {
    let digits: BigInt = ln_2(256).lo() >> (256 + 6 - UNIT - 64);
    let low = u64::try_from(&(&digits & BigInt::from(u64::MAX))).expect("64 bits were kept");
    (u128::try_from(&(digits >> 64_u32)).expect("ln 2/64 is below one"), low)
});

/// `1/n!`, cut: dividing the cut value is cutting the quotient.
static INVERSE_FACTORIALS: LazyLock<[u128; LONG + 1]> = LazyLock::new(|| {
    let mut inverse = 1_u128 << UNIT;
    core::array::from_fn(|n| {
        inverse /= (n as u128).max(1);
        inverse
    })
});

/// `2^{j/64}`, short by no more than the error of a series, and one unit for its argument.
static TABLE: LazyLock<[u128; STEPS]> = LazyLock::new(|| {
    core::array::from_fn(|j| series::<LONG>(STEP.0 * j as u128 + ((u128::from(STEP.1) * j as u128) >> 64)))
});

/// `Σ tⁿ/n!` up to the given number of terms, for `0 ≤ t ≤ ln 2`; short by no more than `SERIES_ERROR`.
#[inline]
fn series<const TERMS: usize>(t: u128) -> u128 {
    let coefficients = &INVERSE_FACTORIALS[..=TERMS];
    coefficients.iter().rev().fold(0, |sum, c| c + product_shifted(sum, t, UNIT))
}

/// Numbers below `−2^DEEP` have an exponential that is next to nothing.
const DEEP: u32 = 31;

/// `eˣ`, for `x < 2³²` with an error below one half.
pub(crate) fn exp(x: Ball) -> Ball {
    if x == Ball::ZERO {
        return Ball::integer(1);
    }
    if x.is_negative() && x.magnitude() > 32 && (x + Ball::integer(1 << DEEP)).is_negative() {
        // eˣ < 2^{−2^DEEP}
        return Ball::new(0, 1, -(1 << DEEP));
    }
    assert!(x.magnitude() <= 32, "arguments of exp are below 2³²");
    // x in units of 2^unit, which are those of x itself where x is large
    let unit = x.exponent.max(-i64::from(UNIT));
    let (value, coarser) = (x.mantissa >> (unit - x.exponent).min(127), (unit + i64::from(UNIT)) as u32);
    let (steps, rest) = reduced(value, coarser, (x.to_f64() / (LN_2 / STEPS as f64)).floor() as i64);
    let (power, entry) = (steps.div_euclid(STEPS as i64), steps.rem_euclid(STEPS as i64) as usize);
    let product = product_shifted(TABLE[entry], series::<SHORT>(rest << coarser), UNIT);
    // the argument is known to three units (one for x's cut, two for the steps') and its radius, all of 2^unit
    let radius = u128::from(x.radius >> (unit - x.exponent).min(63)) + 4;
    assert!(coarser < UNIT && radius >> (UNIT - 1 - coarser) == 0, "arguments of exp are known to one half");
    // e^{x ± ρ} is within 2ρ of eˣ, relatively, and the product is below 2.03 (the rest may be slightly above a step)
    let error = (radius << coarser) * 5 + 4 * (SERIES_ERROR + 1);
    Ball::new(product as i128, error, power - i64::from(UNIT))
}

/// `(k, t)` with `x = k·ln 2/64 + t` and `t` in `[0, ln 2/64]` up to a unit, from a guess of k; in units of `2^{coarser − 124}`.
fn reduced(x: i128, coarser: u32, guess: i64) -> (i64, u128) {
    let step = (STEP.0 >> coarser) as i128;
    let mut k = guess;
    let mut rest = x - multiple(k, coarser);
    while rest < 0 {
        k -= 1;
        rest = x - multiple(k, coarser);
    }
    while rest > step + 2 {
        k += 1;
        rest = x - multiple(k, coarser);
    }
    (k, rest.max(0) as u128)
}

/// `k·ln 2/64` in units of `2^{coarser − 124}`, within two of them.
fn multiple(k: i64, coarser: u32) -> i128 {
    let magnitude = u128::from(k.unsigned_abs());
    let fraction = (magnitude * u128::from(STEP.1)) >> 64;
    let whole = if coarser == 0 { magnitude * STEP.0 } else { product_shifted(magnitude, STEP.0, coarser) };
    let sum = (whole + (fraction >> coarser)) as i128;
    if k < 0 { -sum } else { sum }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certified::ball::oracle;
    use crate::certified::{dyadic::Dyadic, elementary};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_long_intervals(x in prop_oneof![-750.0..750.0, -1.0..1.0, -1e-3..1e-3, -3e9..3e9]) {
            let ball = exp(Ball::from_f64(x));
            let interval = elementary::exp(&Dyadic::from_f64(x).at(320));
            prop_assert!(oracle::overlap(ball, &interval));
            // 116 bits, less those of the argument before the point
            prop_assert!(ball.is_tight(113 - x.abs().max(1.0).log2() as u32), "{ball:?}");
        }
    }

    #[test]
    fn whole_steps_and_the_numbers_next_to_them_are_reduced() {
        for k in [-400, -65, -64, -1, 0, 1, 63, 64, 500] {
            for shift in [-2, -1, 0, 1, 2] {
                let x = Ball::new(multiple(k, 4) * 16 + shift, 0, -124);
                let exact = exp(x);
                let power = exp(x.over(2));
                assert!((power * power).compare(exact).is_none(), "{k}, {shift}");
            }
        }
    }

    #[test]
    fn far_below_zero_the_result_is_next_to_nothing_and_not_negative_beyond_that() {
        for x in [-4.3e9, -1e15, -1e300] {
            let (low, high) = exp(Ball::from_f64(x)).to_bounds();
            assert!(
                (-f64::from_bits(1)..=0.0).contains(&low) && high == f64::from_bits(1),
                "{x}: {low} {high}"
            );
        }
    }

    #[test]
    fn an_uncertain_argument_makes_an_uncertain_result() {
        let x = Ball::integer(1).widened(Ball::integer(1).doubled(-20));
        let (low, high) = exp(x).to_bounds();
        assert!(low < (1.0 - 2.0_f64.powi(-20)).exp() && (1.0 + 2.0_f64.powi(-20)).exp() < high);
    }
}
