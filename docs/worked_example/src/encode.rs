//! One row as integers: a bit-exact function of that row alone.

use crate::error::Error;

/// Lattice steps in the radius: `N`, the longest that a row of integers may be.
pub const RADIUS_STEPS: i64 = 1 << 20;

/// What is public beforehand: how many columns, and the radius that rows are scaled back to.
///
/// # Example
///
/// ```
/// use column_means_dp::{MeanOptions, RADIUS_STEPS};
///
/// let options = MeanOptions::new(2, 5.0)?;
/// assert_eq!(options.encode(&[0.0, -5.0]), [0, -RADIUS_STEPS]);
/// assert_eq!(options.encode(&[f64::NAN, 1.0]), [0, 0]);
/// # Ok::<(), column_means_dp::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanOptions {
    columns: usize,
    radius: f64,
}

impl MeanOptions {
    /// Rows of this many columns, which are scaled back to Euclidean norm `radius` (data units).
    ///
    /// # Errors
    ///
    /// [`Error::Columns`], [`Error::Radius`].
    pub fn new(columns: usize, radius: f64) -> Result<Self, Error> {
        if !(1..=4096).contains(&columns) {
            return Err(Error::Columns { columns });
        }
        if !(1e-150..=1e150).contains(&radius) {
            return Err(Error::Radius { radius });
        }
        Ok(Self { columns, radius })
    }

    /// Number of columns `d`.
    #[must_use]
    pub const fn columns(self) -> usize {
        self.columns
    }

    /// Euclidean norm that rows are scaled back to, in data units.
    #[must_use]
    pub const fn radius(self) -> f64 {
        self.radius
    }

    /// The integers of one row `(d)`: scaled back to the radius, then rounded toward zero.
    ///
    /// A row with an entry that is not finite is the zero row. So is one whose integers are longer than `N`, but for at most 4096
    /// columns rounding does not suffice for that (docs/theorems.md).
    #[must_use]
    pub fn encode(self, row: &[f64]) -> Vec<i64> {
        let largest = row.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
        if largest == 0.0 || !row.iter().all(|x| x.is_finite()) {
            return vec![0; row.len()];
        }
        // by its largest entry first, so that no square overflows
        let relative = row.iter().map(|x| (x / largest) * (x / largest)).sum::<f64>().sqrt();
        let is_inside = largest <= self.radius / relative;
        let scaled = |x: &f64| if is_inside { x / self.radius } else { x / largest / relative };
        let steps: Vec<i64> = row.iter().map(|x| (scaled(x) * RADIUS_STEPS as f64) as i64).collect();
        let square: i64 = steps.iter().map(|z| z * z).sum();
        if square <= RADIUS_STEPS * RADIUS_STEPS { steps } else { vec![0; row.len()] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_rows_are_scaled_back_and_bad_rows_are_zero() {
        let options = MeanOptions::new(2, 5.0).unwrap();
        assert_eq!(options.encode(&[3.0, 4.0]), options.encode(&[3e300, 4e300]));
        assert_eq!(options.encode(&[f64::MAX, f64::MAX]), options.encode(&[7.0, 7.0]));
        assert_eq!(options.encode(&[f64::INFINITY, 1.0]), [0, 0]);
        assert_eq!(options.encode(&[0.0, 0.0]), [0, 0]);
    }

    #[test]
    fn refuses_a_radius_that_is_no_length() {
        for radius in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(MeanOptions::new(1, radius), Err(Error::Radius { .. })), "{radius}");
        }
    }
}
