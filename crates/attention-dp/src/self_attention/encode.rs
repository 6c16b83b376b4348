//! Rows to the ball, and from the ball to integers: each a bit-exact function of one row.
//!
//! Only `+ − × ÷ √`, rounding and comparisons, in one order and none contracted, so that integers agree on every machine.

use crate::private::power_of_two;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::rows::BallClip;

/// Every row moved to the nearest point of the ball of this radius; rows with a coordinate that is not finite to zero.
///
/// # Error bound
///
/// Each row is within `radius·clip_margin(d)` of the exact projection, however long it was: where squares would overflow,
/// coordinates are multiplied by a power of two first. That matters for [`PerturbRow`](dp_mechanisms::PerturbRow): a rule that drops long rows would
/// move a row by the whole radius between neighbours. A row that is not finite has no neighbour at a finite distance.
pub(super) fn clipped(rows: MatRef<'_>, radius: f64) -> Mat {
    let mut clipped = Mat::zeros(rows.nrows(), rows.ncols());
    for (i, row) in rows.rows().enumerate() {
        if let Some(clip) = BallClip::new(row, radius) {
            clipped.row_mut(i).iter_mut().zip(row).for_each(|(out, x)| *out = clip.apply(*x));
        }
    }
    clipped
}

/// Rows times `2^exponent`, rounded to integers (ties to even).
pub(super) fn quantised(rows: MatRef<'_>, exponent: i32) -> Mat {
    // in two steps, as the factor itself may be beyond the range of `f64`
    let (half, rest) = (power_of_two(exponent / 2), power_of_two(exponent - exponent / 2));
    Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| (rows.row(i)[j] * half * rest).round_ties_even())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_mechanisms::rows::clip_margin;

    fn norm(x: &[f64]) -> f64 {
        x.iter().map(|v| v * v).sum::<f64>().sqrt()
    }

    #[test]
    fn long_rows_of_any_length_land_on_the_sphere_in_their_own_direction() {
        for length in [1.5, 3.0, 1e30, 1e200, 1e308] {
            let row = [0.6 * length, -0.8 * length];
            let clipped = clipped(MatRef::new(&row, 1, 2).unwrap(), 1.25);
            let distance = norm(&[clipped[(0, 0)] - 0.75, clipped[(0, 1)] + 1.0]);
            assert!(distance <= 1.25 * clip_margin(2), "{length}: {distance}");
        }
    }

    #[test]
    fn short_rows_stay_and_unusable_ones_become_zero() {
        let rows = [0.3, -0.4, f64::NAN, 0.1, 0.0, f64::INFINITY, 5e-324, 0.0, 0.0, 0.0];
        let clipped = clipped(MatRef::new(&rows, 5, 2).unwrap(), 0.5);
        assert_eq!(clipped.as_slice(), [0.3, -0.4, 0.0, 0.0, 0.0, 0.0, 5e-324, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn lengths_next_to_the_largest_float_are_not_dropped() {
        let rows = [f64::MAX; 8];
        let clipped = clipped(MatRef::new(&rows, 1, 8).unwrap(), 1.0);
        assert!((norm(clipped.row(0)) - 1.0).abs() <= clip_margin(8));
    }

    #[test]
    fn integers_are_the_nearest_ones() {
        let rows = Mat::from_vec(1, 4, vec![0.26, -0.26, 0.125, 0.375]).unwrap();
        assert_eq!(quantised(rows.as_ref(), 2).as_slice(), [1.0, -1.0, 0.0, 2.0]);
    }
}
