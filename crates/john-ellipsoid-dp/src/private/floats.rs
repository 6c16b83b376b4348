//! Powers of two, and a row to the ball: bit-exact, a function of its argument alone.
//!
//! Only `+ − × ÷ √`, in one order.

use dp_linalg::{Mat, MatRef};
use dp_mechanisms::rows::BallClip;

/// `2ᵏ`; zero or infinity beyond the range of normal `f64`.
pub(super) const fn power_of_two(k: i32) -> f64 {
    match k {
        ..-1022 => 0.0,
        -1022..=1023 => f64::from_bits(((k + 1023) as u64) << 52),
        _ => f64::INFINITY,
    }
}

/// Every row moved to the nearest point of the ball, within `radius·clip_margin(d)`; rows with an entry that is not finite to zero.
pub(super) fn clipped(rows: MatRef<'_>, radius: f64) -> Mat {
    let mut clipped = Mat::zeros(rows.nrows(), rows.ncols());
    for (i, row) in rows.rows().enumerate() {
        if let Some(clip) = BallClip::new(row, radius) {
            clipped.row_mut(i).iter_mut().zip(row).for_each(|(out, x)| *out = clip.apply(*x));
        }
    }
    clipped
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
    fn short_rows_stay_and_rows_that_are_not_finite_become_zero() {
        assert_eq!(clip(&[0.3, -0.4], 0.5), [0.3, -0.4]);
        assert_eq!(clip(&[5e-324, 0.0], 0.5), [5e-324, 0.0]);
        assert_eq!(clip(&[f64::NAN, 0.1], 0.5), [0.0, 0.0]);
        assert_eq!(clip(&[1e300, f64::NEG_INFINITY], 0.5), [0.0, 0.0]);
    }
}
