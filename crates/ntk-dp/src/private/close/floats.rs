//! Powers of two, and a row to the ball: bit-exact, a function of its argument alone.
//!
//! Only `+ − × ÷ √`, in one order.

/// Covers the roundings of the few operations before it, with room to spare.
pub(super) const OUTWARD: f64 = 1.0 + 1e-12;

/// `2ᵏ`; zero or infinity beyond the range of normal `f64`.
pub(super) const fn power_of_two(k: i32) -> f64 {
    match k {
        ..-1022 => 0.0,
        -1022..=1023 => f64::from_bits(((k + 1023) as u64) << 52),
        _ => f64::INFINITY,
    }
}

/// `⌈log₂ x⌉` of a positive normal number.
pub(super) const fn ceil_log2(x: f64) -> i32 {
    let bits = x.to_bits();
    (bits >> 52) as i32 - 1023 + (bits << 12 != 0) as i32
}

/// Relative error of a clipped row: fewer than `d + 16` roundings, each of `2⁻⁵³`, are in its norm, the factor and a product.
pub(super) fn clip_margin(dim: usize) -> f64 {
    (dim as f64 + 16.0) * f64::EPSILON
}

/// Small enough that finite entries have squares, and large enough that their products with it are normal where that matters.
const TINY: f64 = power_of_two(-600);

/// The factors `(u, c)` that bring a row to the ball of this radius, as `x·u·c`; none for a row that is not finite, which has no
/// neighbour at a finite distance.
///
/// However long a finite row is, it is scaled and not dropped: a rule that drops would move it by the radius between close neighbours.
pub(super) fn to_ball(row: &[f64], radius: f64) -> Option<(f64, f64)> {
    let square = |unit: f64| row.iter().map(|x| (x * unit) * (x * unit)).sum::<f64>();
    let unit = if square(1.0).is_finite() { 1.0 } else { TINY };
    let norm = square(unit).sqrt();
    // at unit TINY a row is far outside of any radius
    let factor = if norm > radius * unit { radius / norm } else { 1.0 };
    norm.is_finite().then_some((unit, factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(row: &[f64], radius: f64) -> Option<Vec<f64>> {
        to_ball(row, radius).map(|(unit, factor)| row.iter().map(|x| x * unit * factor).collect())
    }

    fn norm(x: &[f64]) -> f64 {
        x.iter().map(|v| v * v).sum::<f64>().sqrt()
    }

    #[test]
    fn powers_of_two_saturate_and_logarithms_round_up() {
        assert_eq!([power_of_two(-1023), power_of_two(0), power_of_two(1024)], [0.0, 1.0, f64::INFINITY]);
        assert_eq!([0.25, 0.26, 1.0, 3.0].map(ceil_log2), [-2, -1, 0, 2]);
    }

    #[test]
    fn long_rows_of_any_length_land_on_the_sphere_in_their_own_direction() {
        for length in [1.5, 3.0, 1e30, 1e200, 1e308] {
            let clipped = clip(&[0.6 * length, -0.8 * length], 1.25).unwrap();
            assert!((clipped[0] - 0.75).hypot(clipped[1] + 1.0) <= 1.25 * clip_margin(2), "{length}");
        }
        assert!((norm(&clip(&[f64::MAX; 8], 1.0).unwrap()) - 1.0).abs() <= clip_margin(8));
    }

    #[test]
    fn short_rows_stay_and_rows_that_are_not_finite_are_none() {
        assert_eq!(clip(&[0.3, -0.4], 0.5).unwrap(), [0.3, -0.4]);
        assert_eq!(clip(&[5e-324, 0.0], 0.5).unwrap(), [5e-324, 0.0]);
        assert!(clip(&[f64::NAN, 0.1], 0.5).is_none() && clip(&[1e300, f64::NEG_INFINITY], 0.5).is_none());
    }
}
