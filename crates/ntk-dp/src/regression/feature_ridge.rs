//! Ridge regression on features, from sums over points.

use super::{check_ridge, check_targets};
use crate::Error;
use crate::error::{check_len, check_rows};
use core::ops::Range;
use dp_linalg::{
    Accumulate, Cholesky, Mat, MatMut, MatRef, Parallelism, matmul_into, matmul_nt_into, matmul_tn,
};
use poly_kernel::{FeatureBlock, FeatureMap, Role};

/// Points whose features are computed, and added, together.
const BLOCK: usize = 512;

/// Sums of this size do not overflow, in whatever order they are added.
const LARGEST_SUM: f64 = 1e300;

/// Rows of a stripe of the triangle: what is computed above the diagonal is at most this wide.
const STRIPE: usize = 256;

/// Ridge regression on explicit features `φ`: `f(x) = φ(x)ᵀw` with the least `Σᵢ ‖f(xᵢ) − yᵢ‖² + λ‖w‖²`.
///
/// `(ΦᵀΦ + λI) w = ΦᵀY`, and both sums are streamed: points may come in blocks that are forgotten. Memory is `r²` numbers, whatever
/// the number of points. On features of a kernel this is [`KernelRidge`](crate::KernelRidge).
///
/// ```
/// use dp_linalg::Mat;
/// use ntk_dp::{FeatureRidge, quadratic_features};
///
/// let points = Mat::from_fn(100, 2, |i, j| ((3 * i + j) as f64).sin());
/// let targets = Mat::from_fn(100, 1, |i, _| points[(i, 0)] * points[(i, 1)]);
/// let mut sums = FeatureRidge::new(quadratic_features(2, 1.0)?, 1);
/// for block in [0..60, 60..100] {
///     sums.add(points.as_ref().subrows(block.clone()), targets.as_ref().subrows(block))?;
/// }
/// let model = sums.fit(1e-9)?;
/// let found = model.predict(Mat::from_vec(1, 2, vec![3.0, -2.0])?.as_ref())?;
/// assert!((found[(0, 0)] + 6.0).abs() < 1e-6);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Clone)]
pub struct FeatureRidge<M> {
    map: M,
    sums: Sums,
    /// As many as threads, once they were needed.
    blocks: Vec<FeatureBlock>,
    parallelism: Parallelism,
}

/// Over all points so far.
#[derive(Clone)]
struct Sums {
    /// `ΦᵀΦ`, lower triangle.
    gram: Mat,
    /// `ΦᵀY`.
    products: Mat,
    /// `Σ ‖φ‖²`, which no entry of `ΦᵀΦ` exceeds.
    squares: f64,
    /// `Σ ‖φ‖·max |y|`, which no entry of `ΦᵀY` exceeds.
    reach: f64,
    points: u64,
}

impl<M> core::fmt::Debug for FeatureRidge<M> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FeatureRidge")
            .field("features", &self.sums.gram.nrows())
            .field("targets", &self.sums.products.ncols())
            .field("points", &self.sums.points)
            .finish_non_exhaustive()
    }
}

impl<M: FeatureMap + Clone> FeatureRidge<M> {
    /// Empty sums, for targets with `outputs` columns.
    #[must_use]
    pub fn new(map: M, outputs: usize) -> Self {
        let count = map.feature_count();
        Self {
            sums: Sums::zeros(count, outputs),
            blocks: Vec::new(),
            parallelism: Parallelism::Sequential,
            map,
        }
    }

    /// Threads, each with a block of features in memory. Last bits of results may change with it.
    #[must_use]
    pub fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// Adds `points` `(b, d)` with `targets` `(b, outputs)`; from 512 on is fast. While it adds more than 512 for each thread, it holds a
    /// copy of the sums before.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::RowCount`], [`Error::Target`]; [`Error::Point`] for the first that is not finite, or with whose
    /// features sums may exceed 1e300. Then nothing was added.
    pub fn add(&mut self, points: MatRef<'_>, targets: MatRef<'_>) -> Result<(), Error> {
        check_len(self.map.dim(), points.ncols())?;
        check_len(self.sums.products.ncols(), targets.ncols())?;
        check_rows(points.nrows(), targets.nrows())?;
        if points.nrows() == 0 {
            return Ok(());
        }
        check_targets(points.nrows(), targets)?;
        check_finite(points)?;
        let all: Vec<Range<usize>> = blocks(points.nrows()).collect();
        let mut groups = all.chunks(self.parallelism.get());
        // a group is checked before any of it is added
        let before = (groups.len() > 1).then(|| self.sums.clone());
        let added = groups.try_for_each(|group| self.add_group(points, targets, group));
        if let (Err(_), Some(before)) = (added, before) {
            self.sums = before;
        }
        added
    }

    /// Adds some blocks, or nothing.
    fn add_group(
        &mut self,
        points: MatRef<'_>,
        targets: MatRef<'_>,
        group: &[Range<usize>],
    ) -> Result<(), Error> {
        self.compute_features(points, group)?;
        let (mut squares, mut reach) = (self.sums.squares, self.sums.reach);
        for (rows, block) in group.iter().zip(&self.blocks) {
            for (row, square) in rows.clone().zip(block.squared_norms()) {
                let largest = targets.row(row).iter().fold(0.0, |largest, y| y.abs().max(largest));
                (squares, reach) = (squares + square, reach + square.sqrt() * largest);
                if !(squares <= LARGEST_SUM && reach <= LARGEST_SUM) {
                    return Err(Error::Point { row });
                }
            }
        }
        (self.sums.squares, self.sums.reach) = (squares, reach);
        for (rows, block) in group.iter().zip(&self.blocks) {
            self.sums.add(block.as_ref(), targets.subrows(rows.clone()), self.parallelism)?;
        }
        Ok(())
    }

    /// Features of some blocks, a thread each.
    fn compute_features(&mut self, points: MatRef<'_>, group: &[Range<usize>]) -> Result<(), Error> {
        while self.blocks.len() < group.len() {
            self.blocks.push(self.map.feature_block(BLOCK));
        }
        let map = &self.map;
        std::thread::scope(|scope| {
            let work = group.iter().zip(&mut self.blocks).map(|(rows, block)| {
                let rows = points.subrows(rows.clone());
                move || map.apply_block(Role::Key, rows, block)
            });
            let running: Vec<_> = work.map(|work| scope.spawn(work)).collect();
            for thread in running {
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            }
            Ok(())
        })
    }

    /// Number of points added.
    #[must_use]
    pub const fn points(&self) -> u64 {
        self.sums.points
    }

    /// Solves for the weights; more points may be added afterwards.
    ///
    /// # Errors
    /// [`Error::Ridge`] unless positive and finite, [`Error::NoRows`] before any point; [`Error::Linalg`] where `λ` is below the
    /// rounding of the sums.
    pub fn fit(&self, ridge: f64) -> Result<FeatureModel<M>, Error> {
        check_ridge(ridge)?;
        if self.sums.points == 0 {
            return Err(Error::NoRows);
        }
        let mut matrix = self.sums.gram.clone();
        for i in 0..matrix.nrows() {
            matrix[(i, i)] += ridge;
        }
        let cholesky = Cholesky::factor(matrix, self.parallelism)?;
        let weights = cholesky.solve(self.sums.products.as_ref())?;
        Ok(FeatureModel { map: self.map.clone(), weights, cholesky })
    }
}

impl Sums {
    fn zeros(features: usize, outputs: usize) -> Self {
        let (gram, products) = (Mat::zeros(features, features), Mat::zeros(features, outputs));
        Self { gram, products, squares: 0.0, reach: 0.0, points: 0 }
    }

    /// Features `(r, b)` and targets `(b, outputs)`.
    fn add(
        &mut self,
        features: MatRef<'_>,
        targets: MatRef<'_>,
        parallelism: Parallelism,
    ) -> Result<(), Error> {
        add_gram(&mut self.gram, features, parallelism)?;
        matmul_into(self.products.as_mut(), Accumulate::Add, features, targets, parallelism)?;
        self.points += targets.nrows() as u64;
        Ok(())
    }
}

/// Adds `F Fᵀ` for features `(r, b)`, on and below the diagonal (and next to it, above), in stripes.
fn add_gram(gram: &mut Mat, features: MatRef<'_>, parallelism: Parallelism) -> Result<(), Error> {
    let count = features.nrows();
    let stripes = count.div_ceil(STRIPE);
    let threads = parallelism.get().min(stripes).max(1);
    // stripes up to √(k/threads) of all hold k/threads of the triangle
    let bound = |k: usize| {
        let stripe = (stripes as f64 * (k as f64 / threads as f64).sqrt()).round() as usize;
        count.min(STRIPE * stripe)
    };
    let mut rest = gram.as_mut_slice();
    std::thread::scope(|scope| {
        let mut running = Vec::new();
        for k in 0..threads {
            let rows = bound(k)..bound(k + 1);
            let (part, after) = core::mem::take(&mut rest).split_at_mut(rows.len() * count);
            rest = after;
            running.push(scope.spawn(move || add_stripes(part, rows, features)));
        }
        for thread in running {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        Ok(())
    })
}

/// The stripes of `rows`, in a buffer that holds these rows of the matrix.
fn add_stripes(out: &mut [f64], rows: Range<usize>, features: MatRef<'_>) -> Result<(), Error> {
    let count = features.nrows();
    for first in rows.clone().step_by(STRIPE) {
        let stripe = first..rows.end.min(first + STRIPE);
        let at = (first - rows.start) * count;
        let out = MatMut::with_row_stride(&mut out[at..], stripe.len(), stripe.end, count)?;
        let (left, right) = (features.subrows(stripe.clone()), features.subrows(0..stripe.end));
        matmul_nt_into(out, Accumulate::Add, left, right, Parallelism::Sequential)?;
    }
    Ok(())
}

fn blocks(count: usize) -> impl Iterator<Item = Range<usize>> {
    (0..count).step_by(BLOCK).map(move |start| start..count.min(start + BLOCK))
}

fn check_finite(points: MatRef<'_>) -> Result<(), Error> {
    points.first_non_finite().map_or(Ok(()), |(row, _)| Err(Error::Point { row }))
}

/// A fitted function `f(x) = φ(x)ᵀw`; it holds no points.
///
/// See [`FeatureRidge`] for an example.
#[derive(Clone)]
pub struct FeatureModel<M> {
    map: M,
    weights: Mat,
    /// Of `ΦᵀΦ + λI`.
    cholesky: Cholesky,
}

impl<M> core::fmt::Debug for FeatureModel<M> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FeatureModel").field("weights", &self.weights.shape()).finish_non_exhaustive()
    }
}

impl<M: FeatureMap> FeatureModel<M> {
    /// `f` at each row of `points` `(m, d)`, shape `(m, outputs)`.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Point`] for a point that is not finite or whose features overflow when squared.
    pub fn predict(&self, points: MatRef<'_>) -> Result<Mat, Error> {
        let mut out = Vec::with_capacity(points.nrows() * self.weights.ncols());
        self.for_each_block(points, |_, features| {
            out.extend(matmul_tn(features, self.weights.as_ref(), Parallelism::Sequential)?.into_vec());
            Ok(())
        })?;
        Ok(Mat::from_vec(points.nrows(), self.weights.ncols(), out)?)
    }

    /// `yᵢ − f₋ᵢ(xᵢ)` with `f₋ᵢ` fitted without point `i`, shape `(n, outputs)`, for points and targets that the sums were of.
    ///
    /// It is `(yᵢ − f(xᵢ))/(1 − hᵢ)` with `hᵢ = φᵢᵀ(ΦᵀΦ + λI)⁻¹φᵢ < 1`; nothing is fitted again.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::RowCount`], [`Error::Point`].
    pub fn leave_one_out(&self, points: MatRef<'_>, targets: MatRef<'_>) -> Result<Mat, Error> {
        check_rows(points.nrows(), targets.nrows())?;
        check_len(self.weights.ncols(), targets.ncols())?;
        let mut residuals = self.predict(points)?;
        self.for_each_block(points, |rows, features| {
            let leverages = self.cholesky.inverse_quadratic_forms(features.transpose().as_ref())?;
            for (i, leverage) in rows.zip(leverages) {
                for (out, y) in residuals.row_mut(i).iter_mut().zip(targets.row(i)) {
                    *out = (y - *out) / (1.0 - leverage);
                }
            }
            Ok(())
        })?;
        Ok(residuals)
    }

    /// `w`, shape `(r, outputs)`.
    #[must_use]
    pub fn weights(&self) -> MatRef<'_> {
        self.weights.as_ref()
    }

    /// The features.
    #[must_use]
    pub const fn map(&self) -> &M {
        &self.map
    }

    fn for_each_block(
        &self,
        points: MatRef<'_>,
        mut visit: impl FnMut(Range<usize>, MatRef<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        check_len(self.map.dim(), points.ncols())?;
        check_finite(points)?;
        let mut block = self.map.feature_block(points.nrows().min(BLOCK));
        for rows in blocks(points.nrows()) {
            self.map.apply_block(Role::Query, points.subrows(rows.clone()), &mut block)?;
            let overflow = |(_, square): &(usize, &f64)| !square.is_finite();
            if let Some((row, _)) = rows.clone().zip(block.squared_norms()).find(overflow) {
                return Err(Error::Point { row });
            }
            visit(rows, block.as_ref())?;
        }
        Ok(())
    }
}
