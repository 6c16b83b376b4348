//! Certified arithmetic: numbers that come with a proof of where they lie.
//!
//! Everything that decides about privacy (calibrated noise, quantiles, the table of the sampler) is computed here with
//! integers of arbitrary length. An interval is a pair of integers `lo ≤ hi` that stands for
//! `[lo, hi]·2⁻ᵖ`; an operation returns a superset of all possible results. No floating-point operation takes
//! part, so the results are the same on every machine.
//!
//! # Method
//!
//! | function | how it is enclosed |
//! |---|---|
//! | ln 2, π | `2 atanh(1/3)`, Machin's formula; series with a bounded tail |
//! | exp | `x = k ln 2 + r`, Taylor series of `e^{r/2ˢ}`, s squarings; the power of two stays beside the mantissa |
//! | ln | `2 atanh((m − 1)/(m + 1))`, m in `[2/3, 4/3)` |
//! | Mills ratio `m(z) = (1 − Φ(z))/φ(z)` | small z: `√(π/2)·e^{z²/2} − Σ z^{2k+1}/(2k+1)!!`; else its continued fraction from the tail inwards |
//!
//! The public functions round outward to `f64`: first component at most the true value, second at least.
//!
//! # References
//!
//! P. S. Laplace, *Traité de mécanique céleste* IV (1805), the continued fraction; W. F. Sheppard, *The probability
//! integral* (1939), tables of the ratio.

pub(crate) mod ball;
pub(crate) mod dyadic;
pub(crate) mod elementary;
pub(crate) mod gamma;
pub(crate) mod interval;
pub(crate) mod mills;
pub(crate) mod scaled;
pub(crate) mod search;

use ball::Ball;
use dyadic::Dyadic;
use scaled::Scaled;

/// Precisions tried in turn, in bits. A comparison that is still open at the last one is decided toward more noise.
pub(crate) const PRECISIONS: [u64; 8] = [128, 256, 512, 1024, 2048, 4096, 8192, 16384];

/// Relative width, as a number of bits, below which an enclosure is rounded to `f64`: 17 bits beyond the mantissa.
pub(crate) const TIGHT_BITS: u64 = 70;

/// `2ᵏ`, exactly; zero or infinity beyond the range of normal `f64`. (The standard library promises no precision of `powi`.)
pub(crate) const fn power_of_two(k: i32) -> f64 {
    match k {
        ..-1022 => 0.0,
        -1022..=1023 => f64::from_bits(((k + 1023) as u64) << 52),
        _ => f64::INFINITY,
    }
}

/// Lower and upper bound of `eˣ`; at most one `f64` lies strictly between them.
///
/// NaN gives the vacuous `(0, ∞)`.
///
/// # Examples
///
/// ```
/// let (lower, upper) = dp_mechanisms::certified::exp_bounds(1.0);
/// assert!(lower <= std::f64::consts::E && std::f64::consts::E <= upper);
/// assert_eq!(upper, lower.next_up());
/// ```
#[must_use]
pub fn exp_bounds(x: f64) -> (f64, f64) {
    if x.is_nan() {
        return (0.0, f64::INFINITY);
    }
    if x == 0.0 {
        return (1.0, 1.0);
    }
    // beyond ±2000 the result is beyond the range of f64 on the same side
    ball::exp(Ball::from_f64(x.clamp(-2000.0, 2000.0))).to_bounds()
}

/// Lower and upper bound of `ln x`, for `x > 0`; at most one `f64` lies strictly between them.
///
/// NaN and `x < 0` give the vacuous `(−∞, ∞)`; `ln 0 = −∞`.
///
/// # Examples
///
/// ```
/// let (lower, upper) = dp_mechanisms::certified::ln_bounds(2.0);
/// assert!(lower <= std::f64::consts::LN_2 && std::f64::consts::LN_2 <= upper);
/// assert_eq!(upper, lower.next_up());
/// ```
#[must_use]
pub fn ln_bounds(x: f64) -> (f64, f64) {
    if x == 0.0 {
        return (f64::NEG_INFINITY, f64::NEG_INFINITY);
    }
    if x == f64::INFINITY {
        return (f64::INFINITY, f64::INFINITY);
    }
    if x.is_nan() || x < 0.0 {
        return (f64::NEG_INFINITY, f64::INFINITY);
    }
    if x == 1.0 {
        return (0.0, 0.0);
    }
    let quick = ball::ln(Ball::from_f64(x));
    if quick.is_tight(TIGHT_BITS as u32) {
        return quick.to_bounds();
    }
    let x = Dyadic::from_f64(x);
    // |ln x| ≥ 2⁻⁵³ for floats other than one, so 256 bits after the point leave 200 significant ones
    Scaled::new(elementary::ln(x.numerator(), x.exponent(), 256), 0).to_bounds()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_neighbours_and_hold_the_platforms_value() {
        // the platform's functions are good to a few units in the last place: they must lie within 4 of the enclosure
        let near = |(lower, upper): (f64, f64), value: f64| {
            assert!(upper == lower.next_up(), "{lower} {upper}");
            let slack = 4.0 * f64::EPSILON * value.abs();
            assert!(lower - slack <= value && value <= upper + slack, "{value} against {lower} … {upper}");
        };
        for x in [1e-3, 0.5, 2.0, -1.0, 30.0, -700.0, 709.0] {
            near(exp_bounds(x), x.exp());
        }
        for x in [1e-300, 5e-324, 0.5, 0.999_999, 1.0 + f64::EPSILON, 2.0, 1e308] {
            near(ln_bounds(x), x.ln());
        }
    }

    #[test]
    fn the_ends_of_the_range_are_rounded_outward() {
        assert_eq!(exp_bounds(-1e300), (0.0, 5e-324));
        assert_eq!(exp_bounds(f64::NEG_INFINITY), (0.0, 5e-324));
        assert_eq!(exp_bounds(f64::INFINITY), (f64::MAX, f64::INFINITY));
        assert_eq!(exp_bounds(0.0), (1.0, 1.0));
        assert_eq!(exp_bounds(f64::NAN), (0.0, f64::INFINITY));
        assert_eq!(ln_bounds(1.0), (0.0, 0.0));
        assert_eq!(ln_bounds(0.0).1, f64::NEG_INFINITY);
        assert_eq!(ln_bounds(-1.0), (f64::NEG_INFINITY, f64::INFINITY));
    }
}
