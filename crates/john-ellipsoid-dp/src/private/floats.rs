//! Powers of two, and a row to the ball: bit-exact, a function of its argument alone.
//!
//! Only `+ − × ÷ √`, in one order.

use dp_linalg::{Mat, MatRef};

/// `2ᵏ`; zero or infinity beyond the range of normal `f64`.
pub(super) const fn power_of_two(k: i32) -> f64 {
    match k {
        ..-1022 => 0.0,
        -1022..=1023 => f64::from_bits(((k + 1023) as u64) << 52),
        _ => f64::INFINITY,
    }
}

/// Relative error of a clipped row: fewer than `d + 16` roundings, each of `2⁻⁵³`, are in its norm, the factor and a product.
pub(super) fn clip_margin(dim: usize) -> f64 {
    (dim as f64 + 16.0) * f64::EPSILON
}

/// Small enough that finite entries have squares.
const TINY: f64 = power_of_two(-600);

/// Every row moved to the nearest point of the ball, within `radius·clip_margin(d)`; rows with an entry that is not finite to zero.
///
/// However long a row is, it is scaled and not dropped: a rule that drops would move it by the radius between close neighbours. A
/// row that is not finite has no neighbour at a finite distance.
pub(super) fn clipped(rows: MatRef<'_>, radius: f64) -> Mat {
    let mut clipped = Mat::zeros(rows.nrows(), rows.ncols());
    for (i, row) in rows.rows().enumerate() {
        let unit = if squared_norm(row, 1.0).is_finite() { 1.0 } else { TINY };
        let square = squared_norm(row, unit);
        if square.is_finite() {
            let norm = square.sqrt();
            // at unit TINY a row is far outside of any radius
            let factor = if norm > radius * unit { radius / norm } else { 1.0 };
            clipped.row_mut(i).iter_mut().zip(row).for_each(|(out, x)| *out = x * unit * factor);
        }
    }
    clipped
}

fn squared_norm(row: &[f64], unit: f64) -> f64 {
    row.iter().map(|x| (x * unit) * (x * unit)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(row: &[f64], radius: f64) -> Vec<f64> {
        clipped(MatRef::new(row, 1, row.len()).unwrap(), radius).into_vec()
    }

    #[test]
    fn powers_of_two_saturate() {
        assert_eq!(
            [power_of_two(-1023), power_of_two(-1022), power_of_two(0)],
            [0.0, f64::MIN_POSITIVE, 1.0]
        );
        assert_eq!([power_of_two(1023), power_of_two(1024)], [2.0_f64.powi(1023), f64::INFINITY]);
    }

    #[test]
    fn long_rows_of_any_length_land_on_the_sphere_in_their_own_direction() {
        for length in [1.5, 3.0, 1e30, 1e200, 1e308] {
            let clipped = clip(&[0.6 * length, -0.8 * length], 1.25);
            let distance = (clipped[0] - 0.75).hypot(clipped[1] + 1.0);
            assert!(distance <= 1.25 * clip_margin(2), "{length}: {distance}");
        }
        let longest = clip(&[f64::MAX; 8], 1.0);
        assert!((squared_norm(&longest, 1.0).sqrt() - 1.0).abs() <= clip_margin(8));
    }

    #[test]
    fn short_rows_stay_and_rows_that_are_not_finite_become_zero() {
        assert_eq!(clip(&[0.3, -0.4], 0.5), [0.3, -0.4]);
        assert_eq!(clip(&[5e-324, 0.0], 0.5), [5e-324, 0.0]);
        assert_eq!(clip(&[f64::NAN, 0.1], 0.5), [0.0, 0.0]);
        assert_eq!(clip(&[1e300, f64::NEG_INFINITY], 0.5), [0.0, 0.0]);
    }
}
