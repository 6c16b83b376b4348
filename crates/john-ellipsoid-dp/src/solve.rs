//! The doors: symmetric problems, enclosing ellipsoids, and solvers of the user's choice.

use crate::certificate::accurate_support;
use crate::design::moment;
use crate::pass::Search;
use crate::scan::{CoreRow, Scan};
use crate::solvers::active_set;
use crate::source::{Lifted, RowSource, takes_part};
use crate::{
    Certificate, Design, EnclosingEllipsoid, Error, JohnEllipsoid, JohnOptions, Progress, Solver, Status,
    Stop, SupportRow, uniform_weights,
};
use dp_linalg::{Mat, MatRef};

/// The John ellipsoid of `{x : |⟨aᵢ, x⟩| ≤ 1}`, for rows in memory or read in passes.
///
/// Typically two to five passes, each a product `(n, d)·(d, d)`; between them small problems of some `d²` rows. Memory does not
/// grow with `n` but for the block at hand.
///
/// # Errors
/// [`Error::Degenerate`] with a basis of the span when the rows do not span the space; [`Error::NoColumns`], [`Error::Length`];
/// [`Error::SourceChanged`], [`Error::Source`]; [`Error::Linalg`] when rows are conditioned worse than about 1e10 in units of
/// their columns.
///
/// # Examples
/// See [`JohnEllipsoid`].
pub fn john_ellipsoid(rows: impl RowSource, options: &JohnOptions) -> Result<JohnEllipsoid, Error> {
    john_ellipsoid_from(rows, &[], options, &mut |_| ())
}

/// As [`john_ellipsoid`], from weights that are likely to be good (those of similar rows), and with a report whenever a gap is certified.
///
/// Rows that are not named in `start` have next to no weight at first. Only ratios of weights matter: they are scaled to the sum `d`. A
/// weight counts as zero if it is negative or not finite, or if its row takes no part or does not exist; of several of one row the last
/// counts. The result is as good from any start; only the way is shorter.
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::{JohnOptions, john_ellipsoid, john_ellipsoid_from};
///
/// let rows = Mat::from_fn(2000, 4, |i, j| ((i * (j + 1)) as f64).sin());
/// let options = JohnOptions::default();
/// let first = john_ellipsoid(rows.as_ref(), &options)?;
/// let mut gaps = Vec::new();
/// let again = john_ellipsoid_from(rows.as_ref(), first.support(), &options, &mut |progress| gaps.push(progress.gap))?;
/// assert_eq!(gaps.last(), Some(&again.certificate().gap()));
/// assert!(again.passes() <= first.passes());
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
///
/// # Errors
/// Those of [`john_ellipsoid`]: no start is refused.
pub fn john_ellipsoid_from(
    mut rows: impl RowSource,
    start: &[SupportRow],
    options: &JohnOptions,
    progress: &mut dyn FnMut(&Progress),
) -> Result<JohnEllipsoid, Error> {
    active_set::solve(&mut rows, start, options, progress)
}

/// The smallest ellipsoid around points, with a centre of its own.
///
/// # Errors
/// [`Error::Degenerate`] when the points lie in a hyperplane: its span is that of the lifted points `(a, 1)`. Else those of
/// [`john_ellipsoid`].
///
/// # Examples
/// See [`EnclosingEllipsoid`].
pub fn enclosing_ellipsoid(
    points: impl RowSource,
    options: &JohnOptions,
) -> Result<EnclosingEllipsoid, Error> {
    if points.ncols() == 0 {
        return Err(Error::NoColumns);
    }
    EnclosingEllipsoid::new(john_ellipsoid(Lifted(points), options)?)
}

/// The John ellipsoid by a solver of one's choice, on all rows in memory, from uniform weights; with the same certificate.
///
/// For comparison, and for problems where `n` is small: [`john_ellipsoid`] is the default for a reason. The status is
/// [`Status::Solved`] if the certified gap is at most `2·stop.gap`, as rounding is not known to the solver.
///
/// ```
/// use dp_linalg::Mat;
/// use john_ellipsoid_dp::{FixedPoint, Iterate, JohnOptions, Stop, john_ellipsoid_with};
///
/// let rows = Mat::from_fn(100, 3, |i, j| ((i * (j + 1)) as f64).sin());
/// let solver = FixedPoint { iterate: Iterate::Average };
/// let stop = Stop { gap: 0.1, max_iterations: 1000 };
/// let john = john_ellipsoid_with(&solver, rows.as_ref(), stop, &JohnOptions::default())?;
/// assert!(john.certificate().gap() <= 0.1 + 1e-9);
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
///
/// # Errors
/// Those of [`john_ellipsoid`] and of the solver.
pub fn john_ellipsoid_with(
    solver: &dyn Solver,
    mut rows: MatRef<'_>,
    stop: Stop,
    options: &JohnOptions,
) -> Result<JohnEllipsoid, Error> {
    let (scan, whitening) = Scan::spanning(&mut rows, &[], options.parallelism())?;
    let numbers: Vec<usize> = (0..rows.nrows()).filter(|&i| takes_part(rows.row(i))).collect();
    let valid = Mat::from_fn(numbers.len(), rows.ncols(), |i, j| rows[(numbers[i], j)]);
    let coordinates = whitening.apply(valid.as_ref())?;
    let mut design = Design::new(coordinates.as_ref(), uniform_weights(coordinates.as_ref()))?;
    solver.improve(&mut design, stop)?;
    design.refresh()?;
    let kept: Vec<(CoreRow, f64)> = core::iter::zip(&numbers, design.weights())
        .filter(|(_, weight)| **weight > 0.0)
        .map(|(&row, &weight)| (CoreRow { row, entries: rows.row(row).to_vec() }, weight))
        .collect();
    let support: Vec<(&CoreRow, f64)> = kept.iter().map(|(row, weight)| (row, *weight)).collect();
    let (accurate, _, weights) = accurate_support(&whitening, &support);
    let whitening = whitening.refine(moment(accurate.as_ref(), &weights)?.as_ref())?;
    let search = Search {
        whitening: &whitening,
        threshold: f64::INFINITY,
        keep: 0,
        parallelism: options.parallelism(),
    };
    let pass = search.run(&mut rows)?;
    let certificate = Certificate::new(&whitening, &support, pass.largest)?;
    let status = if certificate.gap() <= 2.0 * stop.gap { Status::Solved } else { Status::IterationLimit };
    let support =
        support.iter().map(|(kept, weight)| SupportRow { row: kept.row, weight: *weight }).collect();
    let passes = scan.passes + 1;
    Ok(JohnEllipsoid {
        whitening,
        support,
        certificate,
        status,
        rows: scan.rows,
        dropped: scan.dropped,
        passes,
    })
}
