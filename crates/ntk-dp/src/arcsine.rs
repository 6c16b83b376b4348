//! The arcsine, without branches, so that loops over it vectorise.

use core::f64::consts::{FRAC_1_SQRT_2, FRAC_PI_2, FRAC_PI_4};
use core::hint::select_unpredictable as select;

/// `sin π/8` and `cos π/8`, where the turn changes.
const SMALL: f64 = 0.382_683_432_365_089_8;
const LARGE: f64 = 0.923_879_532_511_286_7;

/// `asin t`, given `s = √(1 − t²)`; both between −1 and 1, `s ≥ 0`.
///
/// The angle of `(s, |t|)`, turned by `0`, `π/4` or `π/2` towards zero, has a sine `z` of at most `sin π/8`: `|t|`, `(|t| − s)√½` or
/// `−s`. What is left is `zP(z²)`. (Selections are asked for: from branches the compiler made one polynomial for each.)
///
/// # Error
/// At most `1e-15` when `s` is good to `2.5 u`, `u = 2⁻⁵³`. `zP(z²)` has a relative error of `2.3 u`: the product and the last sum, 0.2 u
/// for what is inside and for `z²`, which is at most a thirtieth of the whole, and less than 0.1 u for [`ARCSINE`] (the claim
/// `ntk.arcsine.polynomial`); of at most `π/8`, that is 0.9 u. An error in `z` is one of 1.09 times as much in the angle. The middle `z` has
/// 2.5 u of `s < 0.93`, half a unit of the difference, both by `√½`, and two roundings of at most 0.39: 2.7 u, 3 u in the angle; the others
/// have less. With one rounding of the sum, below u, and 0.6 u for its constant: 5.5 u.
#[inline(always)]
#[allow(clippy::inline_always, reason = "part of a loop that is compiled for each instruction set")]
pub(crate) fn arcsine(t: f64, s: f64) -> f64 {
    let size = t.abs();
    let (beyond_small, beyond_large) = (size > SMALL, size > LARGE);
    let z = select(beyond_small, (size - s) * FRAC_1_SQRT_2, size);
    let z = select(beyond_large, -s, z);
    let turn = select(beyond_small, FRAC_PI_4, 0.0);
    let turn = select(beyond_large, FRAC_PI_2, turn);
    (turn + z * polynomial(z * z)).copysign(t)
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "part of a loop that is compiled for each instruction set")]
fn polynomial(w: f64) -> f64 {
    // the degree is odd: two chains of half the length, in w²
    let square = w * w;
    let (mut even, mut odd) = (ARCSINE[10], ARCSINE[11]);
    let mut k = 10;
    while k > 0 {
        odd = odd * square + ARCSINE[k - 1];
        even = even * square + ARCSINE[k - 2];
        k -= 2;
    }
    even + odd * w
}

/// `P(w) ≈ asin(√w)/√w` on `[0, 0.15]`: Chebyshev interpolation of degree 11, rounded; off by less than `2⁻⁵⁸`.
///
/// ```
/// let z = 0.382_683_432_365_089_8_f64; // sin π/8
/// let sum = ntk_dp::ARCSINE.iter().rev().fold(0.0, |sum, c| sum * z * z + c);
/// assert!((z * sum - core::f64::consts::FRAC_PI_8).abs() < 2e-16);
/// ```
pub const ARCSINE: [f64; 12] = [
    1.0,
    0.166_666_666_666_667_1,
    0.074_999_999_999_858_29,
    0.044_642_857_160_414_294,
    0.030_381_943_323_344_02,
    0.022_372_201_201_584_806,
    0.017_351_765_653_144_217,
    0.013_980_350_563_796_528,
    0.011_392_565_712_162_35,
    0.010_825_952_828_476_76,
    0.004_007_424_857_016_089,
    0.016_941_018_676_905_68,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_holds_against_the_library_from_end_to_end() {
        for i in -200_000..=200_000 {
            let t = f64::from(i) / 200_000.0;
            let s = ((1.0 - t) * (1.0 + t)).sqrt();
            // the library is good to one unit in the last place, 2.2e-16 at π/2
            assert!((arcsine(t, s) - t.asin()).abs() <= 1e-15 + 2.3e-16, "{t}");
        }
    }

    #[test]
    fn ends_zero_and_signs_are_exact() {
        assert_eq!(arcsine(1.0, 0.0), FRAC_PI_2);
        assert_eq!(arcsine(-1.0, 0.0), -FRAC_PI_2);
        assert_eq!(arcsine(0.0, 1.0), 0.0);
        assert_eq!(arcsine(1e-300, 1.0), 1e-300);
        assert_eq!(arcsine(-0.3, 0.91_f64.sqrt()), -arcsine(0.3, 0.91_f64.sqrt()));
    }
}
