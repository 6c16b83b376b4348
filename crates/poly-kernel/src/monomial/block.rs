//! `FeatureBlock`: the features of a block of points, feature-major.

use super::kernel::{self, Features};
use super::plan::Plan;
use crate::{
    error::{Error, check_len},
    float::Float,
};
use core::{fmt, ops::Range};
use dp_linalg::{Mat, MatMut, MatRef};

/// Bytes in a cache line.
const LINE: usize = 64;

/// A reusable buffer for the features of up to a fixed number of points, stored feature-major `(r, b)`.
///
/// Made by [`FeatureMap::feature_block`](crate::FeatureMap::feature_block) for one map; it also holds the scratch space
/// of that map. Filling it again for monomials allocates nothing. Numbers are `f64` unless the type
/// says `f32`. `Debug` prints shapes only.
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
pub struct FeatureBlock<T = f64> {
    features: AlignedBuffer<T>,
    /// For monomials the coordinates `(d, width)` and then the parents of one group of points, else `(scratch_rows, b)`.
    scratch: AlignedBuffer<T>,
    squared_norms: Vec<T>,
    /// Where features are computed that are rounded to this type.
    wide: Option<Box<FeatureBlock>>,
    feature_count: usize,
    capacity: usize,
    stride: usize,
    pub(super) points: usize,
}

impl<T: Float> FeatureBlock<T> {
    pub(crate) fn new(plan: &Plan, capacity: usize) -> Self {
        Self {
            scratch: AlignedBuffer::zeros(scratch_len::<T>(plan)),
            ..Self::with_scratch(plan.feature_count, 0, capacity)
        }
    }

    /// A buffer for a map that fills it by [`fill`](Self::fill), with `scratch_rows` rows of scratch space.
    #[must_use]
    pub fn with_scratch(feature_count: usize, scratch_rows: usize, max_points: usize) -> Self {
        let padded = max_points.next_multiple_of(T::WIDTH);
        // one line more, so that the stride is never a power of two: rows would share a few cache sets
        let stride = padded + LINE / size_of::<T>();
        Self {
            features: AlignedBuffer::zeros(feature_count * stride),
            scratch: AlignedBuffer::zeros(scratch_rows * stride),
            squared_norms: vec![T::ZERO; padded],
            wide: None,
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
        write: impl FnOnce(MatMut<'_, T>, MatMut<'_, T>) -> Result<(), Error>,
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

    /// [`fill`](Self::fill) with numbers whose norms nobody asks for.
    pub(crate) fn write(
        &mut self,
        points: usize,
        write: impl FnOnce(MatMut<'_, T>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.check_capacity(points)?;
        self.points = points;
        let (count, stride) = (self.feature_count, self.stride);
        write(MatMut::with_row_stride(self.features.as_mut_slice(), count, points, stride)?)
    }

    /// All numbers, and how far rows are apart.
    pub(crate) fn raw(&self) -> (&[T], usize) {
        (self.features.as_slice(), self.stride)
    }

    /// A buffer for features that are computed in `wide`, in `f64`, and rounded.
    pub(crate) fn rounding(wide: FeatureBlock) -> Self {
        let block = Self::with_scratch(wide.feature_count(), 0, wide.capacity());
        Self { wide: Some(Box::new(wide)), ..block }
    }

    /// Fills a buffer made by [`rounding`](Self::rounding), or another one more slowly.
    pub(crate) fn fill_rounded(
        &mut self,
        points: MatRef<'_, T>,
        apply: impl FnOnce(MatRef<'_>, &mut FeatureBlock) -> Result<(), Error>,
        other: impl FnOnce() -> FeatureBlock,
    ) -> Result<(), Error> {
        let mut wide = self.wide.take().unwrap_or_else(|| Box::new(other()));
        let exact = Mat::from_fn(points.nrows(), points.ncols(), |i, j| points[(i, j)].to_f64());
        let filled = apply(exact.as_ref(), &mut wide).and_then(|()| {
            check_len(wide.feature_count(), self.feature_count)?;
            self.fill(self.scratch.len / self.stride, points.nrows(), |mut features, _| {
                for (i, row) in FeatureBlock::as_ref(&wide).rows().enumerate() {
                    let out = features.row_mut(i).iter_mut();
                    out.zip(row).for_each(|(out, &value)| *out = T::from_f64(value));
                }
                Ok(())
            })
        });
        self.wide = Some(wide);
        filled
    }

    fn check_capacity(&self, points: usize) -> Result<(), Error> {
        if points > self.capacity {
            return Err(Error::BlockCapacity { points, capacity: self.capacity });
        }
        Ok(())
    }

    fn sum_squares(&mut self) {
        let mut sums = core::mem::take(&mut self.squared_norms);
        sums.fill(T::ZERO);
        for row in self.as_ref().rows() {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += *value * *value;
            }
        }
        self.squared_norms = sums;
    }

    /// The features as a matrix `(r, b)`: row `a` holds feature `a` of every point.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "the buffer has this shape by construction")]
    pub fn as_ref(&self) -> MatRef<'_, T> {
        MatRef::with_row_stride(self.features.as_slice(), self.feature_count, self.points, self.stride)
            .expect("the buffer holds feature_count rows of stride entries")
    }

    /// `Σ_a φ_a²` of each point, summed in floating point.
    #[must_use]
    pub fn squared_norms(&self) -> &[T] {
        &self.squared_norms[..self.points]
    }

    /// `Σ_a |φ_a|` of each point, summed in floating point.
    #[must_use]
    pub fn absolute_sums(&self) -> Vec<T> {
        let mut sums = vec![T::ZERO; self.points];
        for row in self.as_ref().rows() {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += if *value < T::ZERO { -*value } else { *value };
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
        points: MatRef<'_, T>,
        start: f64,
        features: Features,
    ) -> Result<(), Error> {
        check_len(plan.dim, points.ncols())?;
        check_len(plan.feature_count, self.feature_count)?;
        check_len(scratch_len::<T>(plan), self.scratch.len)?;
        self.check_capacity(points.nrows())?;
        self.points = points.nrows();
        kernel::dispatch(self.kernel(plan, points, start), features);
        Ok(())
    }

    pub(crate) fn kernel<'a>(
        &'a mut self,
        plan: &'a Plan,
        points: MatRef<'a, T>,
        start: f64,
    ) -> kernel::Build<'a, T> {
        let (coordinates, parents) = self.scratch.as_mut_slice().split_at_mut(plan.dim * T::WIDTH);
        kernel::Build {
            plan,
            points,
            start: T::from_f64(start),
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
                row[point] = T::ZERO;
            }
        }
        for &point in points {
            self.squared_norms[point] = T::ZERO;
        }
    }
}

const fn scratch_len<T: Float>(plan: &Plan) -> usize {
    (plan.dim + plan.parent_count) * T::WIDTH
}

impl<T> fmt::Debug for FeatureBlock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeatureBlock")
            .field("feature_count", &self.feature_count)
            .field("points", &self.points)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

/// Zeros that start on a cache line, so that no vector straddles two.
#[derive(Clone)]
struct AlignedBuffer<T> {
    data: Vec<T>,
    start: usize,
    len: usize,
}

impl<T: Float> AlignedBuffer<T> {
    fn zeros(len: usize) -> Self {
        let line = LINE / size_of::<T>();
        let data = vec![T::ZERO; len + line];
        // align_offset may decline (it returns usize::MAX); then the buffer is merely slower
        let offset = data.as_ptr().align_offset(LINE);
        Self { data, start: if offset <= line { offset } else { 0 }, len }
    }

    fn as_slice(&self) -> &[T] {
        &self.data[self.start..][..self.len]
    }

    fn as_mut_slice(&mut self) -> &mut [T] {
        &mut self.data[self.start..][..self.len]
    }
}
