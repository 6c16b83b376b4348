//! Both tails of the chi-square law, with certified bounds.
//!
//! Computed with the interval arithmetic of [`certified`](crate::certified): bounds hold on every machine and for
//! every argument, and are at most a few units in the last place apart. Time grows with the square root of the
//! degrees of freedom: about half a millisecond at 10⁴.

use crate::{
    certified::{
        dyadic::Dyadic,
        elementary::{exp, ln},
        gamma::{ln_density, lower_ratio, upper_ratio},
        scaled::Scaled,
    },
    normal::tight_bounds,
};

/// Beyond this the upper tail is below `2^{−2³⁸}`, which is rounded like the smallest positive number: with
/// `a = degrees/2 < 2³¹` and `y = x/2 ≥ 8a`, Chernoff's bound `e^{−y}(ey/a)ᵃ` is below `e^{−0.6y}`.
const FAR: f64 = 1.1e12;

/// Lower and upper bound of `P(X > x)` for X of the chi-square law with so many `degrees` of freedom.
///
/// # Error bound
///
/// At most one `f64` lies strictly between the two. Tails below the range of `f64` give `(0, 5e-324)`; NaN gives the
/// vacuous `(0, 1)`. No degree of freedom at all means `X = 0`.
///
/// # Example
///
/// ```
/// use dp_mechanisms::covariance::chi_square::upper_tail_bounds;
///
/// // two degrees: e^{−x/2}
/// let (lower, upper) = upper_tail_bounds(2.0, 2);
/// assert!(lower <= (-1.0_f64).exp() && (-1.0_f64).exp() <= upper);
/// // far beyond where a difference from one has any digits
/// assert!(upper_tail_bounds(12_000.0, 10_000).1 < 2e-40);
/// ```
#[must_use]
pub fn upper_tail_bounds(x: f64, degrees: u32) -> (f64, f64) {
    bounds(x, degrees, Tail::Upper)
}

/// Lower and upper bound of `P(X ≤ x)`; the same error bound.
///
/// # Example
///
/// ```
/// use dp_mechanisms::covariance::chi_square::lower_tail_bounds;
///
/// let (lower, upper) = lower_tail_bounds(1.0, 20);
/// assert!(lower > 1.7e-10 && upper < 1.71e-10 && upper <= lower * (1.0 + 1e-15));
/// ```
#[must_use]
pub fn lower_tail_bounds(x: f64, degrees: u32) -> (f64, f64) {
    bounds(x, degrees, Tail::Lower)
}

#[derive(Clone, Copy, PartialEq)]
enum Tail {
    Lower,
    Upper,
}

fn bounds(x: f64, degrees: u32, tail: Tail) -> (f64, f64) {
    let certain = |side: Tail| if side == tail { (1.0, 1.0) } else { (0.0, 0.0) };
    if x.is_nan() {
        (0.0, 1.0)
    } else if x < 0.0 || (x == 0.0 && degrees > 0) {
        certain(Tail::Upper)
    } else if degrees == 0 {
        certain(Tail::Lower)
    } else if x < FAR {
        tight_bounds(None, |precision| enclose(x, u64::from(degrees), tail, precision))
    } else if tail == Tail::Upper {
        (0.0, f64::from_bits(1))
    } else {
        (1.0_f64.next_down(), 1.0)
    }
}

/// The tail on the side of x is a product, the other one its complement.
fn enclose(x: f64, degrees: u64, tail: Tail, precision: u64) -> Scaled {
    let half = Dyadic::from_f64(x).doubled(-1);
    let y = half.at(precision);
    let ln_y = ln(half.numerator(), half.exponent(), precision);
    let density = exp(&ln_density(degrees, &y, &ln_y));
    let (near, ratio) = if x >= degrees as f64 {
        (Tail::Upper, upper_ratio(degrees, &y))
    } else {
        (Tail::Lower, lower_ratio(degrees, &y))
    };
    let product = density.times(&ratio).normalized();
    if near == tail { product } else { product.complement() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal;

    #[test]
    fn one_and_two_degrees_have_the_normal_and_the_exponential_tails() {
        for x in [1e-300, 1e-3, 0.5, 1.0, 3.7, 80.0, 1300.0] {
            let (lower, upper) = upper_tail_bounds(x, 2);
            let (below, above) = crate::certified::exp_bounds(-x / 2.0);
            assert!(lower <= above && below <= upper, "{x}");
        }
        for z in [0.1_f64, 0.75, 1.5, 20.0] {
            // z² is exact for these, up to the rounding of 0.1²
            let (lower, upper) = upper_tail_bounds(z * z, 1);
            let normal = 2.0 * normal::upper_tail_bounds(z).1;
            assert!((lower / normal - 1.0).abs() < 1e-12 && (upper / normal - 1.0).abs() < 1e-12, "{z}");
        }
    }

    #[test]
    fn tails_are_neighbouring_floats_and_sum_to_one() {
        for degrees in [1, 2, 17, 400, 10_000] {
            for ratio in [0.25, 0.9, 1.0, 1.1, 2.5] {
                let x = ratio * f64::from(degrees);
                let (upper, lower) = (upper_tail_bounds(x, degrees), lower_tail_bounds(x, degrees));
                for (below, above) in [upper, lower] {
                    assert!(below <= above && above <= below.next_up().next_up(), "{degrees} {x}");
                }
                assert!(upper.0 + lower.0 <= 1.0 && upper.1 + lower.1 >= 1.0, "{degrees} {x}");
            }
        }
    }

    #[test]
    fn the_ends_of_the_line_are_outward() {
        assert_eq!(upper_tail_bounds(f64::INFINITY, 3), (0.0, 5e-324));
        assert_eq!(lower_tail_bounds(f64::INFINITY, 3), (1.0_f64.next_down(), 1.0));
        assert_eq!((upper_tail_bounds(0.0, 3), lower_tail_bounds(-1.0, 3)), ((1.0, 1.0), (0.0, 0.0)));
        assert_eq!((upper_tail_bounds(0.0, 0), lower_tail_bounds(0.0, 0)), ((0.0, 0.0), (1.0, 1.0)));
        assert_eq!(upper_tail_bounds(f64::NAN, 3), (0.0, 1.0));
        assert_eq!(upper_tail_bounds(1e4, 3), (0.0, 5e-324));
        // P(X ≤ x) = √(2x/π) to first order at one degree
        let (lower, upper) = lower_tail_bounds(1e-300, 1);
        assert!((lower / 7.978_845_608_028_654e-151 - 1.0).abs() < 1e-14 && upper > lower);
    }
}
