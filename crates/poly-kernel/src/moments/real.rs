//! `Moments`: the sums in floating point.

use super::{BLOCK_POINTS, ValueRows, blocks, check_block};
use crate::{Error, FeatureBlock, FeatureMap, MonomialMap, Role};
use core::fmt;
use dp_linalg::{Accumulate, Mat, MatRef, Parallelism, matmul_into};

/// The sums `Σᵢ φ(xᵢ) vᵢᵀ`, shape `(r, c)`, in `f64`.
///
/// For any [`FeatureMap`]; with monomials, [`FixedPointMoments`](crate::FixedPointMoments) without the quantisation: no scale to choose, and sums that depend on
/// order and processor in their last bits. A row contributes zero if a value is not finite, or a coordinate (of
/// which the constant of degree zero knows nothing), or if `‖φ(x)‖²` overflows. Memory is `O(r·c)` and one block of features. `Debug` prints shapes only.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{MonomialMap, Moments};
///
/// let mut moments = Moments::new(MonomialMap::exp_taylor(1, 1)?, 1);
/// let points = Mat::from_vec(2, 1, vec![0.5, -1.0])?;
/// let values = Mat::from_vec(2, 1, vec![10.0, 1.0])?;
/// moments.add_block(points.as_ref(), values.as_ref())?;
/// assert_eq!(moments.into_matrix().as_slice(), [11.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Moments<M = MonomialMap> {
    map: M,
    sums: Mat,
    block: FeatureBlock,
    values: ValueRows,
    point_count: u64,
}

impl<M: FeatureMap> Moments<M> {
    /// Empty sums for `columns` value columns.
    #[must_use]
    pub fn new(map: M, columns: usize) -> Self {
        Self {
            sums: Mat::zeros(map.feature_count(), columns),
            block: map.feature_block(BLOCK_POINTS),
            values: ValueRows::new(BLOCK_POINTS, columns),
            point_count: 0,
            map,
        }
    }

    /// Adds `points` `(b, d)` with `values` `(b, c)`; any `b`, though from 64 on is fast.
    ///
    /// # Errors
    /// [`Error::Length`] and [`Error::RowCount`] for shapes that do not fit; then nothing was added.
    pub fn add_block(&mut self, points: MatRef<'_>, values: MatRef<'_>) -> Result<(), Error> {
        check_block(self.map.dim(), self.columns(), points, values)?;
        for rows in blocks(points.nrows(), self.block.capacity()) {
            self.map.apply_block(Role::Key, points.subrows(rows.clone()), &mut self.block)?;
            self.clear_overflowed();
            let values = self.values.load(values.subrows(rows), f64::is_finite);
            let (sums, features) = (self.sums.as_mut(), self.block.as_ref());
            matmul_into(sums, Accumulate::Add, features, values, Parallelism::Sequential)?;
        }
        self.point_count += points.nrows() as u64;
        Ok(())
    }

    /// Adds the sums of `other`.
    ///
    /// # Errors
    /// [`Error::MomentsMismatch`] unless both were made with equal arguments; then nothing was added.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error>
    where
        M: PartialEq,
    {
        if self.map != other.map || self.columns() != other.columns() {
            return Err(Error::MomentsMismatch);
        }
        for (sum, added) in self.sums.as_mut_slice().iter_mut().zip(other.sums.as_slice()) {
            *sum += added;
        }
        self.point_count += other.point_count;
        Ok(())
    }

    /// The sums `(r, c)`.
    #[must_use]
    pub fn into_matrix(self) -> Mat {
        self.sums
    }

    /// Number of rows added, those that contributed zero among them.
    #[must_use]
    pub const fn point_count(&self) -> u64 {
        self.point_count
    }

    /// The feature map.
    #[must_use]
    pub const fn map(&self) -> &M {
        &self.map
    }

    /// Number of value columns `c`.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.sums.ncols()
    }

    fn clear_overflowed(&mut self) {
        let norms = self.block.squared_norms().iter().enumerate();
        let absent: Vec<_> = norms.filter(|(_, norm)| !norm.is_finite()).map(|(point, _)| point).collect();
        if !absent.is_empty() {
            self.block.clear_points(&absent);
        }
    }
}

impl<M> fmt::Debug for Moments<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Moments").field("shape", &self.sums.shape()).finish_non_exhaustive()
    }
}
