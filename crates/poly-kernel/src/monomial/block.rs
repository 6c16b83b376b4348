//! `FeatureBlock`: the features of a block of points, feature-major.

use super::kernel::{self, Features, WIDTH};
use super::plan::Plan;
use crate::error::{Error, check_len};
use core::{fmt, ops::Range};
use dp_linalg::{MatMut, MatRef};

/// Entries in a cache line.
const LINE: usize = 8;

/// A reusable buffer for the features of up to a fixed number of points, stored feature-major `(r, b)`.
///
/// Made by [`FeatureMap::feature_block`](crate::FeatureMap::feature_block) for one map; it also holds the scratch space
/// of that map. Filling it again for monomials allocates nothing. `Debug` prints shapes only.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::MonomialMap;
///
/// let map = MonomialMap::exp_taylor(3, 2)?;
/// let mut block = map.feature_block(64);
/// map.apply_block(Mat::zeros(5, 3).as_ref(), &mut block)?;
/// assert_eq!(block.as_ref().shape(), (10, 5));
/// assert_eq!(block.squared_norms(), [1.0; 5]); // φ(0) = (1, 0, …)
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Clone)]
pub struct FeatureBlock {
    features: AlignedBuffer,
    /// For monomials the coordinates `(d, WIDTH)` and then the parents of one group of points, else `(scratch_rows, b)`.
    scratch: AlignedBuffer,
    squared_norms: Vec<f64>,
    feature_count: usize,
    capacity: usize,
    stride: usize,
    pub(super) points: usize,
}

impl FeatureBlock {
    pub(crate) fn new(plan: &Plan, capacity: usize) -> Self {
        Self {
            scratch: AlignedBuffer::zeros(scratch_len(plan)),
            ..Self::with_scratch(plan.feature_count, 0, capacity)
        }
    }

    /// A buffer for a map that fills it by [`fill`](Self::fill), with `scratch_rows` rows of scratch space.
    #[must_use]
    pub fn with_scratch(feature_count: usize, scratch_rows: usize, max_points: usize) -> Self {
        let padded = max_points.next_multiple_of(WIDTH);
        // one line more, so that the stride is never a power of two: rows would share a few cache sets
        let stride = padded + LINE;
        Self {
            features: AlignedBuffer::zeros(feature_count * stride),
            scratch: AlignedBuffer::zeros(scratch_rows * stride),
            squared_norms: vec![0.0; padded],
            feature_count,
            capacity: max_points,
            stride,
            points: 0,
        }
    }

    /// Holds `points` points from now on: `write` is given the features `(r, b)` and the scratch space
    /// `(scratch_rows, b)`, both with what they held before, and the squared norms are computed from what it leaves.
    ///
    /// # Errors
    /// [`Error::BlockCapacity`] if the points do not fit, [`Error::Length`] if the scratch space was made with another
    /// number of rows, and those of `write`, after which the block holds no point.
    ///
    /// ```
    /// use poly_kernel::FeatureBlock;
    ///
    /// let mut block = FeatureBlock::with_scratch(2, 0, 8);
    /// block.fill(0, 3, |mut features, _| {
    ///     features.fill(3.0);
    ///     Ok(())
    /// })?;
    /// assert_eq!(block.squared_norms(), [18.0; 3]);
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    pub fn fill(
        &mut self,
        scratch_rows: usize,
        points: usize,
        write: impl FnOnce(MatMut<'_>, MatMut<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        check_len(scratch_rows * self.stride, self.scratch.len)?;
        self.check_capacity(points)?;
        self.points = 0;
        let stride = self.stride;
        let features =
            MatMut::with_row_stride(self.features.as_mut_slice(), self.feature_count, points, stride)?;
        let scratch = MatMut::with_row_stride(self.scratch.as_mut_slice(), scratch_rows, points, stride)?;
        write(features, scratch)?;
        self.points = points;
        self.sum_squares();
        Ok(())
    }

    fn check_capacity(&self, points: usize) -> Result<(), Error> {
        if points > self.capacity {
            return Err(Error::BlockCapacity { points, capacity: self.capacity });
        }
        Ok(())
    }

    fn sum_squares(&mut self) {
        let mut sums = core::mem::take(&mut self.squared_norms);
        sums.fill(0.0);
        for row in self.as_ref().rows() {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value * value;
            }
        }
        self.squared_norms = sums;
    }

    /// The features as a matrix `(r, b)`: row `a` holds feature `a` of every point.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "the buffer has this shape by construction")]
    pub fn as_ref(&self) -> MatRef<'_> {
        MatRef::with_row_stride(self.features.as_slice(), self.feature_count, self.points, self.stride)
            .expect("the buffer holds feature_count rows of stride entries")
    }

    /// `Σ_a φ_a²` of each point, summed in floating point.
    #[must_use]
    pub fn squared_norms(&self) -> &[f64] {
        &self.squared_norms[..self.points]
    }

    /// `Σ_a |φ_a|` of each point, summed in floating point.
    #[must_use]
    pub fn absolute_sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.points];
        for row in self.as_ref().rows() {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value.abs();
            }
        }
        sums
    }

    /// Most points that fit.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    /// Number of features `r` of a point.
    #[must_use]
    pub const fn feature_count(&self) -> usize {
        self.feature_count
    }

    pub(crate) fn build(
        &mut self,
        plan: &Plan,
        points: MatRef<'_>,
        start: f64,
        features: Features,
    ) -> Result<(), Error> {
        check_len(plan.dim, points.ncols())?;
        check_len(plan.feature_count, self.feature_count)?;
        check_len(scratch_len(plan), self.scratch.len)?;
        self.check_capacity(points.nrows())?;
        self.points = points.nrows();
        kernel::dispatch(self.kernel(plan, points, start), features);
        Ok(())
    }

    pub(crate) fn kernel<'a>(
        &'a mut self,
        plan: &'a Plan,
        points: MatRef<'a>,
        start: f64,
    ) -> kernel::Build<'a> {
        let (coordinates, parents) = self.scratch.as_mut_slice().split_at_mut(plan.dim * WIDTH);
        kernel::Build {
            plan,
            points,
            start,
            features: self.features.as_mut_slice(),
            stride: self.stride,
            parents,
            coordinates,
            squared_norms: &mut self.squared_norms,
        }
    }

    /// Changes the sign of these features of every point.
    pub(super) fn negate(&mut self, features: Range<usize>) {
        let rows =
            &mut self.features.as_mut_slice()[features.start * self.stride..features.end * self.stride];
        for value in rows {
            *value = -*value;
        }
    }

    /// Makes every feature of these points zero.
    pub(crate) fn clear_points(&mut self, points: &[usize]) {
        let stride = self.stride;
        for row in self.features.as_mut_slice().chunks_exact_mut(stride) {
            for &point in points {
                row[point] = 0.0;
            }
        }
        for &point in points {
            self.squared_norms[point] = 0.0;
        }
    }
}

const fn scratch_len(plan: &Plan) -> usize {
    (plan.dim + plan.parent_count) * WIDTH
}

impl fmt::Debug for FeatureBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeatureBlock")
            .field("feature_count", &self.feature_count)
            .field("points", &self.points)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

/// Zeroed `f64`s that start on a cache line, so that no vector of eight straddles two.
#[derive(Clone)]
struct AlignedBuffer {
    data: Vec<f64>,
    start: usize,
    len: usize,
}

impl AlignedBuffer {
    fn zeros(len: usize) -> Self {
        let data = vec![0.0; len + LINE];
        // align_offset may decline (it returns usize::MAX); then the buffer is merely slower
        let offset = data.as_ptr().align_offset(LINE * size_of::<f64>());
        Self { data, start: if offset <= LINE { offset } else { 0 }, len }
    }

    fn as_slice(&self) -> &[f64] {
        &self.data[self.start..][..self.len]
    }

    fn as_mut_slice(&mut self) -> &mut [f64] {
        &mut self.data[self.start..][..self.len]
    }
}
