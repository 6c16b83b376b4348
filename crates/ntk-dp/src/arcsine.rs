//! The arcsine, without branches, so that loops over it vectorise.

use core::f64::consts::FRAC_PI_2;

/// `asin t`, given `s = √(1 − t²)`; both between −1 and 1, `s ≥ 0`.
///
/// With `z = min(|t|, s) ≤ √½` it is `±asin z`, or `±(π/2 − asin z)` where the cosine is the smaller.
///
/// # Error
/// At most `1e-15` when `s` is good to two roundings, `u = 2⁻⁵³` each. `z P(z²)` has a relative error of 2.6 u: one product, the last
/// sum, 0.5 u for what is inside and for `z²`, which is at most a sixth of the whole, and less than 0.1 u for [`ARCSINE`] (the
/// claim `ntk.arcsine.polynomial`). An error of 2 u in `z` is one of 2.6 u in the arcsine, as `z/(√(1 − z²) asin z) ≤ 1.28`. Together
/// 5.2 u of at most 0.79, one rounding of the difference, below u, and 0.6 u for the constant: 5.7 u.
#[inline(always)]
#[allow(clippy::inline_always, reason = "part of a loop that is compiled for each instruction set")]
pub(crate) fn arcsine(t: f64, s: f64) -> f64 {
    let size = t.abs();
    let sine_is_smaller = size <= s;
    let z = if sine_is_smaller { size } else { s };
    let angle = z * polynomial(z * z);
    (if sine_is_smaller { angle } else { FRAC_PI_2 - angle }).copysign(t)
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "part of a loop that is compiled for each instruction set")]
fn polynomial(w: f64) -> f64 {
    // the degree is even: two chains of half the length, in w²
    let square = w * w;
    let (mut even, mut odd) = (ARCSINE[20], 0.0);
    let mut k = 20;
    while k > 0 {
        odd = odd * square + ARCSINE[k - 1];
        even = even * square + ARCSINE[k - 2];
        k -= 2;
    }
    even + odd * w
}

/// `P(w) ≈ asin(√w)/√w` on `[0, ½]`: Chebyshev interpolation of degree 20, rounded; off by less than `2⁻⁵⁶`.
///
/// ```
/// let z = 0.5_f64;
/// let sum = ntk_dp::ARCSINE.iter().rev().fold(0.0, |sum, c| sum * z * z + c);
/// assert!((z * sum - core::f64::consts::FRAC_PI_6).abs() < 2e-16);
/// ```
pub const ARCSINE: [f64; 21] = [
    1.0,
    0.166_666_666_666_666_16,
    0.075_000_000_000_152,
    0.044_642_857_125_231_46,
    0.030_381_945_524_364_68,
    0.022_372_118_687_437_575,
    0.017_353_770_558_111_336,
    0.013_947_204_945_993_427,
    0.011_778_012_699_162_25,
    0.007_581_771_725_621_068,
    0.024_469_024_573_613_257,
    -0.084_581_199_650_754_86,
    0.416_161_956_257_496_4,
    -1.421_818_031_859_479_3,
    3.878_312_067_679_017,
    -8.097_162_378_503_123,
    12.830_658_050_466_205,
    -14.884_387_574_386_812,
    11.990_549_296_322_582,
    -6.008_042_872_206_931,
    1.432_607_270_586_907_5,
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
