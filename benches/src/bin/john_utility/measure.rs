//! How far an ellipsoid is from its target.

use dp_linalg::{Mat, MatRef, Svd, solve_lower_triangular};
use john_ellipsoid_dp::private::ReleasedEllipsoid;
use std::error::Error;

/// One ellipsoid against the target it is meant to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Score {
    /// Log-volume above that of the target.
    pub(crate) excess: f64,
    /// The same after scaling to cover as many rows as the target does, which only an experiment can do.
    pub(crate) shape_excess: f64,
    /// Share of rows inside.
    pub(crate) coverage: f64,
    /// Shortest and longest semi-axis where the target is the unit ball.
    pub(crate) axes: [f64; 2],
}

/// A target with its rows.
pub(crate) struct Target<'a> {
    pub(crate) rows: &'a Mat,
    pub(crate) ellipsoid: ReleasedEllipsoid,
    /// How many rows it covers.
    pub(crate) covered: usize,
}

impl<'a> Target<'a> {
    pub(crate) fn new(rows: &'a Mat, ellipsoid: ReleasedEllipsoid) -> Result<Self, Box<dyn Error>> {
        let covered = scores(&ellipsoid, rows.as_ref())?.iter().filter(|score| **score <= 1.0).count();
        Ok(Self { rows, ellipsoid, covered })
    }

    pub(crate) fn coverage(&self) -> f64 {
        self.covered as f64 / self.rows.nrows() as f64
    }

    pub(crate) fn score(&self, released: &ReleasedEllipsoid) -> Result<Score, Box<dyn Error>> {
        let mut scores = scores(released, self.rows.as_ref())?;
        let inside = scores.iter().filter(|score| **score <= 1.0).count();
        scores.sort_unstable_by(f64::total_cmp);
        let level = scores[self.covered.max(1) - 1];
        let excess = released.log_volume() - self.ellipsoid.log_volume();
        Ok(Score {
            excess,
            shape_excess: excess + 0.5 * released.dim() as f64 * level.ln(),
            coverage: inside as f64 / scores.len() as f64,
            axes: self.axes(released)?,
        })
    }

    /// `‖Tᵀa‖ ≤ 1` in coordinates `z = T*ᵀa` has semi-axes that are the singular values of `T⁻¹T*`.
    fn axes(&self, released: &ReleasedEllipsoid) -> Result<[f64; 2], Box<dyn Error>> {
        let svd = Svd::new(solve_lower_triangular(released.root(), self.ellipsoid.root())?.as_ref())?;
        let values = svd.singular_values();
        Ok([values[values.len() - 1], values[0]])
    }
}

/// `‖Tᵀa‖²` of every row.
pub(crate) fn scores(
    ellipsoid: &ReleasedEllipsoid,
    rows: MatRef<'_>,
) -> Result<Vec<f64>, john_ellipsoid_dp::Error> {
    let whitened = ellipsoid.whiten(rows)?;
    Ok(whitened.rows().map(|y| y.iter().map(|y| y * y).sum()).collect())
}
