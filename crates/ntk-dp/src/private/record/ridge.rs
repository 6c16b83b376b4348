//! A fitted function of released moments: predictions, and bars for what the noise did.

use super::moments::NoisyMoments;
use super::options::{RecordParameter, check};
use crate::error::check_len;
use crate::{Error, classify};
use dp_linalg::{Cholesky, Mat, MatRef, Parallelism, matmul, matmul_tn};
use dp_mechanisms::FailureProbability;
use std::sync::Arc;

/// Queries that are encoded together.
const BLOCK: usize = 1024;

pub(super) fn check_multiple(multiple: f64) -> Result<f64, Error> {
    check(RecordParameter::RidgeMultiple, multiple, multiple > 0.0 && multiple.is_finite())
}

/// How `(ΦᵀΦ + λI)⁻¹` is applied.
#[derive(Debug, Clone)]
pub(super) enum Solver {
    Cholesky(Cholesky),
    /// `V diag(filter) Vᵀ`.
    Spectral {
        vectors: Arc<Mat>,
        filter: Vec<f64>,
    },
}

impl Solver {
    /// Applied to each row of `(m, D)`, one a column of the result.
    fn solve_rows(&self, rows: MatRef<'_>, threads: Parallelism) -> Result<Mat, Error> {
        match self {
            Self::Cholesky(cholesky) => Ok(cholesky.solve(rows.transpose().as_ref())?),
            Self::Spectral { vectors, filter } => {
                let rotated = matmul_tn(vectors.as_ref().as_ref(), rows.transpose().as_ref(), threads)?;
                let scaled =
                    Mat::from_fn(rotated.nrows(), rotated.ncols(), |i, j| filter[i] * rotated[(i, j)]);
                Ok(matmul(vectors.as_ref().as_ref(), scaled.as_ref(), threads)?)
            }
        }
    }
}

/// A regression function fitted to released moments: it holds nothing private, and predicts as often as anyone likes.
///
/// ```
/// use dp_linalg::Mat;
/// use dp_mechanisms::{Delta, Epsilon, FailureProbability, ReplaceRow, secure_rng};
/// use ntk_dp::private::{PrivateRecords, RecordOptions, private_moments};
///
/// let features = Mat::from_fn(9000, 4, |i, j| ((i * (2 * j + 3)) as f64).cos());
/// let targets = Mat::from_fn(9000, 1, |i, _| features[(i, 2)]);
/// let records = PrivateRecords::new(ReplaceRow, (features.as_ref(), targets.as_ref()));
/// let options = RecordOptions::values(4, 1, 1.0)?;
/// let release = private_moments(records, &options, Epsilon::new(2.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// let model = release.value().ridge(3.0)?;
/// let query = Mat::from_vec(1, 4, vec![0.1, 0.0, 0.7, -0.2])?;
/// let (value, error) = (model.predict(query.as_ref())?, model.standard_errors(query.as_ref())?);
/// let bound = model.error_bounds(query.as_ref(), FailureProbability::new(0.01)?)?;
/// assert!(value[(0, 0)] > 0.3 && error[(0, 0)] < 0.05 && error[(0, 0)] < bound[(0, 0)]);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
///
/// # Error bars
/// Both kinds are about the difference to the fit *without noise*, `w = (ΦᵀΦ + λI)⁻¹ΦᵀY` with the same centre, clipping and ridge `λ`. They say
/// nothing of how well that fit predicts. With `u = (Ĝ + λI)⁻¹φ(x)`, known exactly, and noise `E` on `ΦᵀΦ`, `e` on `ΦᵀY`, it is
///
/// ```text
/// f̂(x) − f(x) = uᵀ(e − (E + P)w)
/// ```
///
/// exactly, where `P` is what a projection onto positive semidefinite matrices added.
#[derive(Debug, Clone)]
pub struct PrivateRidge {
    moments: NoisyMoments,
    /// `(D, k)`.
    weights: Mat,
    /// Noisy `ΦᵀY`.
    cross: Mat,
    ridge: f64,
    /// Most that a projection moved an eigenvalue.
    projected: f64,
    solver: Solver,
}

impl PrivateRidge {
    pub(super) fn new(
        moments: NoisyMoments,
        (weights, cross): (Mat, Mat),
        (ridge, projected): (f64, f64),
        solver: Solver,
    ) -> Self {
        Self { moments, weights, cross, ridge, projected, solver }
    }

    /// `w`, shape `(D, k)`, for encoded rows.
    #[must_use]
    pub fn weights(&self) -> MatRef<'_> {
        self.weights.as_ref()
    }

    /// `λ`, in units of a row's square.
    #[must_use]
    pub const fn ridge(&self) -> f64 {
        self.ridge
    }

    /// The released moments.
    #[must_use]
    pub const fn moments(&self) -> &NoisyMoments {
        &self.moments
    }

    /// Predictions `(m, k)` for features `(m, D)`, which are scaled and centred as the private rows were: centred one-hot vectors, or numbers.
    ///
    /// # Errors
    /// [`Error::Length`]; [`Error::Point`] for a row that is not finite.
    pub fn predict(&self, features: MatRef<'_>) -> Result<Mat, Error> {
        let mut out = Vec::with_capacity(features.nrows() * self.weights.ncols());
        self.for_each_block(features, |rows| {
            out.extend(matmul(rows, self.weights.as_ref(), self.threads())?.into_vec());
            Ok(())
        })?;
        Ok(Mat::from_vec(features.nrows(), self.weights.ncols(), out)?)
    }

    /// The class with the largest prediction, for each row of `(m, D)`.
    ///
    /// # Errors
    /// Those of [`predict`](Self::predict).
    pub fn classify(&self, features: MatRef<'_>) -> Result<Vec<usize>, Error> {
        Ok(classify(self.predict(features)?.as_ref()))
    }

    /// Standard errors `(m, k)` of predictions, of first order in the noise.
    ///
    /// `w` is taken for `ŵ` in the exact difference above, and `u` for a vector that the noise did not make:
    ///
    /// ```text
    /// s² = τ²‖u‖² + ½σ²(‖u‖²‖ŵ‖² + ⟨u, ŵ⟩²)
    /// ```
    ///
    /// Coverage is measured, not proven: see claim `ntk.record.standard_error`. After a projection they are longer than errors are, the more so the
    /// smaller the ridge: where noise made eigenvalues negative the projection takes it away, and the formula does not.
    ///
    /// # Errors
    /// Those of [`predict`](Self::predict); [`Error::Linalg`].
    pub fn standard_errors(&self, features: MatRef<'_>) -> Result<Mat, Error> {
        let (sigma, tau) = (self.moments.gram_noise_std(), self.moments.cross_noise_std());
        let squares = column_squares(self.weights.as_ref());
        let mut out = Vec::with_capacity(features.nrows() * squares.len());
        self.for_each_block(features, |rows| {
            let solved = self.solver.solve_rows(rows, self.threads())?;
            let products = matmul_tn(solved.as_ref(), self.weights.as_ref(), self.threads())?;
            for (product, u) in products.rows().zip(column_squares(solved.as_ref())) {
                out.extend(
                    product
                        .iter()
                        .zip(&squares)
                        .map(|(uw, w)| (tau * tau * u + 0.5 * sigma * sigma * (u * w + uw * uw)).sqrt()),
                );
            }
            Ok(())
        })?;
        Ok(Mat::from_vec(features.nrows(), squares.len(), out)?)
    }

    /// Bounds `(m, k)` on how far predictions are from those of the fit without noise: all of them at once, for any queries, however chosen, but
    /// for this probability.
    ///
    /// # Guarantee
    /// `‖u‖(‖e‖ + (‖E‖ + ‖P‖)‖w‖)`, with ‖E‖ and ‖e‖ at most [`spectral_bound`](NoisyMoments::spectral_bound) and
    /// [`column_bound`](NoisyMoments::column_bound), half of the probability each, and `‖w‖ ≤ (‖ΦᵀY‖ + ‖e‖)/λ` from the released `ΦᵀY`. Proven
    /// (docs/theorems.md, Private regression) for fewer than `2²⁶` records, so that no sum wraps, and up to the rounding of the solve; and wide: standard
    /// errors are what is typical.
    ///
    /// # Errors
    /// Those of [`predict`](Self::predict); [`Error::Linalg`].
    pub fn error_bounds(&self, features: MatRef<'_>, failure: FailureProbability) -> Result<Mat, Error> {
        let half = FailureProbability::new(0.5 * failure.get())?;
        let (column, spectral) = (self.moments.column_bound(half), self.moments.spectral_bound(half)?);
        let moved = spectral + self.projected;
        let per_column: Vec<f64> = column_squares(self.cross.as_ref())
            .into_iter()
            .map(|square| column + moved * (square.sqrt() + column) / self.ridge)
            .collect();
        let mut out = Vec::with_capacity(features.nrows() * per_column.len());
        self.for_each_block(features, |rows| {
            let solved = self.solver.solve_rows(rows, self.threads())?;
            for square in column_squares(solved.as_ref()) {
                out.extend(per_column.iter().map(|bound| square.sqrt() * bound));
            }
            Ok(())
        })?;
        Ok(Mat::from_vec(features.nrows(), per_column.len(), out)?)
    }

    const fn threads(&self) -> Parallelism {
        self.moments.options().parallelism()
    }

    /// Encoded rows, some at a time.
    fn for_each_block(
        &self,
        features: MatRef<'_>,
        mut visit: impl FnMut(MatRef<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        check_len(self.moments.options().dim(), features.ncols())?;
        let encoder = self.moments.encoder();
        let mut encoded = Mat::zeros(BLOCK.min(features.nrows()), encoder.encoded_dim());
        for start in (0..features.nrows()).step_by(BLOCK) {
            let rows = start..features.nrows().min(start + BLOCK);
            let out = encoded.as_mut().subrows(0..rows.len());
            if let Some(row) = encoder.queries(features.subrows(rows.clone()), out)? {
                return Err(Error::Point { row: start + row });
            }
            visit(encoded.as_ref().subrows(0..rows.len()))?;
        }
        Ok(())
    }
}

/// `‖·‖²` of each column.
fn column_squares(matrix: MatRef<'_>) -> Vec<f64> {
    let mut squares = vec![0.0; matrix.ncols()];
    for row in matrix.rows() {
        squares.iter_mut().zip(row).for_each(|(square, x)| *square += x * x);
    }
    squares
}
