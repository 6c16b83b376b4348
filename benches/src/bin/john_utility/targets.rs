//! Ellipsoids without noise.

use crate::measure::scores;
use dp_linalg::{Mat, MatRef, Parallelism, SymmetricEigen, matmul, matmul_tn};
use john_ellipsoid_dp::private::close::{CloseOptions, smoothed_john};
use john_ellipsoid_dp::private::{RecordOptions, ReleasedEllipsoid};
use john_ellipsoid_dp::{Error, JohnEllipsoid, JohnOptions, john_ellipsoid};

/// The smallest around all `±aᵢ`, up to its certificate.
pub(crate) fn around(rows: MatRef<'_>) -> Result<ReleasedEllipsoid, Error> {
    let options = JohnOptions::default();
    at_level(&john_ellipsoid(rows, &options)?)
}

/// `{y : ‖Tᵀy‖² ≤ 1 + gap}`.
pub(crate) fn at_level(john: &JohnEllipsoid) -> Result<ReleasedEllipsoid, Error> {
    scaled(john.root(), (1.0 + john.certificate().gap()).sqrt())
}

/// The one that the stability release draws from, at the level that covers all rows.
pub(crate) fn smoothed(rows: MatRef<'_>, options: &CloseOptions) -> Result<ReleasedEllipsoid, Error> {
    let smoothed = smoothed_john(rows, options, 1e-9)?;
    covering(smoothed.root(), rows, 0.0)
}

/// Second moments, at the level that leaves a share of rows outside.
pub(crate) fn covariance(rows: MatRef<'_>, uncovered: f64) -> Result<ReleasedEllipsoid, Error> {
    let moments = matmul_tn(rows, rows, Parallelism::Sequential)?;
    covering(ReleasedEllipsoid::from_moment(moments.as_ref())?.root(), rows, uncovered)
}

/// `{y : yᵀM⁻¹y ≤ max gᵢ}` with `M = Σ wᵢaᵢaᵢᵀ`: what the weights are worth to who holds the rows.
pub(crate) fn of_weights(rows: MatRef<'_>, weights: &[f64]) -> Result<ReleasedEllipsoid, Error> {
    let weighted = Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| weights[i].sqrt() * rows[(i, j)]);
    let mut moments = matmul_tn(weighted.as_ref(), weighted.as_ref(), Parallelism::Sequential)?;
    // few rows with weight may span nothing; who holds the rows adds a little of all of them
    let all = matmul_tn(rows, rows, Parallelism::Sequential)?;
    let share = 1e-6 * rows.ncols() as f64 / rows.nrows() as f64;
    moments
        .as_mut_slice()
        .iter_mut()
        .zip(all.as_slice())
        .for_each(|(weighted, all)| *weighted += share * all);
    covering(ReleasedEllipsoid::from_moment(moments.as_ref())?.root(), rows, 0.0)
}

/// The record-level iteration without noise, to the end: `(c/n)·Σ u^{p/2} yyᵀ/‖y‖² = I` with `u = min(1, ‖y‖²/c)`.
pub(crate) fn robust(rows: MatRef<'_>, options: &RecordOptions) -> Result<ReleasedEllipsoid, Error> {
    let mut root = covariance(rows, 0.5)?.root().to_owned();
    let (clip, order) = (options.clip() * options.dim() as f64, f64::from(options.target().order()));
    for _ in 0..500 {
        let mut y = matmul(rows, root.as_ref(), Parallelism::Sequential)?;
        for i in 0..y.nrows() {
            let square: f64 = y.row(i).iter().map(|y| y * y).sum();
            let weight = (square / clip).min(1.0).powf(order / 2.0) / square.max(f64::MIN_POSITIVE);
            y.row_mut(i).iter_mut().for_each(|y| *y *= weight.sqrt());
        }
        let moments = matmul_tn(y.as_ref(), y.as_ref(), Parallelism::Sequential)?;
        let eigen = SymmetricEigen::new(moments.as_ref())?;
        let scale = clip / rows.nrows() as f64;
        let step = eigen.map(|s| (scale * s).max(1e-9).powf(-1.0 / order));
        root = matmul(root.as_ref(), step.as_ref(), Parallelism::Sequential)?;
        if eigen.values().iter().all(|s| (scale * s - 1.0).abs() < 1e-9) {
            break;
        }
    }
    covering(root.as_ref(), rows, options.uncovered())
}

/// Scaled so that all rows are inside, but for a share.
pub(crate) fn covering(
    root: MatRef<'_>,
    rows: MatRef<'_>,
    uncovered: f64,
) -> Result<ReleasedEllipsoid, Error> {
    let unit = ReleasedEllipsoid::from_root(root.to_owned())?;
    let mut scores = scores(&unit, rows)?;
    scores.sort_unstable_by(f64::total_cmp);
    let inside = ((1.0 - uncovered) * scores.len() as f64).ceil() as usize;
    let level = scores[inside.clamp(1, scores.len()) - 1];
    // a last bit more, so that the row at the level is inside
    scaled(unit.root(), level.sqrt() * (1.0 + 1e-12))
}

fn scaled(root: MatRef<'_>, factor: f64) -> Result<ReleasedEllipsoid, Error> {
    ReleasedEllipsoid::from_root(Mat::from_fn(root.nrows(), root.ncols(), |i, j| root[(i, j)] / factor))
}
