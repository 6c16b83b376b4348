//! What is released, and what it is good for.

use crate::Error;
use crate::private::ReleasedEllipsoid;
use dp_linalg::{Mat, MatRef};
use dp_mechanisms::FailureProbability;

/// A levelled ellipsoid around all but a share of private rows, and post-processing.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
/// use john_ellipsoid_dp::private::{PrivateRows, RecordOptions, private_ellipsoid};
///
/// // three columns in different units
/// let unit = [1.0, 1000.0, 1e-6];
/// let rows = Mat::from_fn(20_000, 3, |i, j| unit[j] * ((i * (2 * j + 3)) as f64).sin());
/// let private = PrivateRows::new(AddRemoveRow, rows.as_ref());
/// let options = RecordOptions::new(3)?;
/// let release = private_ellipsoid(private, &options, Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
/// let ellipsoid = release.value();
/// assert!(ellipsoid.score(&[3.0, 0.0, 0.0])? > 1.0 && ellipsoid.score(&[0.1, 100.0, 1e-7])? < 1.0);
/// assert!(ellipsoid.rank_error(FailureProbability::new(1e-3)?) < 150.0); // of 20 000 rows
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RecordEllipsoid {
    pub(super) ellipsoid: ReleasedEllipsoid,
    pub(super) rows: f64,
    pub(super) uncovered: f64,
    /// `s/ε` of the quantile.
    pub(super) rank_scale: f64,
    /// Integers of its range.
    pub(super) cells: f64,
    /// Score at which rows were scaled back.
    pub(super) clip_score: f64,
    pub(super) order: u32,
}

impl RecordEllipsoid {
    /// The ellipsoid, at the level that the quantile chose.
    #[must_use]
    pub const fn ellipsoid(&self) -> &ReleasedEllipsoid {
        &self.ellipsoid
    }

    /// How far out a row is: [`ReleasedEllipsoid::score`], above 1 for about the uncovered share of rows.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn score(&self, a: &[f64]) -> Result<f64, Error> {
        self.ellipsoid.score(a)
    }

    /// [`ReleasedEllipsoid::whiten`]. Rows that are private stay so: only the root is released.
    ///
    /// # Errors
    /// [`Error::Linalg`] for another number of columns.
    pub fn whiten(&self, rows: MatRef<'_>) -> Result<Mat, Error> {
        self.ellipsoid.whiten(rows)
    }

    /// [`ReleasedEllipsoid::log_volume`].
    #[must_use]
    pub fn log_volume(&self) -> f64 {
        self.ellipsoid.log_volume()
    }

    /// Weight of a row in the design that the rounds aimed at, from 0 to 1: its Lewis weight `min(1, ‖y‖²/c)^{p/2}` up to a common factor.
    ///
    /// Each row can decide by itself, for instance whether to take part with this probability: rows inside weigh the less the larger `p` is, as in
    /// a D-optimal design. It is post-processing of the release for whoever holds the row; the choice of all rows together is not released.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn design_weight(&self, a: &[f64]) -> Result<f64, Error> {
        let score = self.score(a)?;
        if !a.iter().all(|x| x.is_finite()) {
            return Ok(0.0); // as in the rounds
        }
        let share = (score / self.clip_score).min(1.0);
        Ok(share.powf(0.5 * f64::from(self.order)))
    }

    /// The score at which rows were scaled back, `c/ρ²` with ρ the radius that the quantile chose.
    #[must_use]
    pub const fn clip_score(&self) -> f64 {
        self.clip_score
    }

    /// Share of rows that the level was to leave outside.
    #[must_use]
    pub const fn uncovered(&self) -> f64 {
        self.uncovered
    }

    /// The number of rows as released: noisy, and at least 1.
    #[must_use]
    pub const fn noisy_rows(&self) -> f64 {
        self.rows
    }

    /// How many ranks the level may be off, except with this probability: `(s/ε)·ln(N/γ)`, N the cells of the grid.
    ///
    /// # Guarantee
    /// At most `uncovered·n + rank_error` rows are outside, and at least `uncovered·n − rank_error` are outside or in the outermost cell (of
    /// relative width `2⁻¹⁰`), n with rows that are not finite, if radii are within the range of the grid, from `√d/2⁶` to `2⁵√d` in the whitened
    /// coordinates of the last round, and fewer than `uncovered·n` rows are not finite. Those are outside at any level; if they are more, the
    /// level is likely to be the end of the grid. Claim `john.record.coverage`.
    #[must_use]
    pub fn rank_error(&self, failure: FailureProbability) -> f64 {
        self.rank_scale * (self.cells / failure.get()).ln()
    }
}
