//! `FixedPointMoments`: the sums in exact integers.

use super::{BLOCK_POINTS, ValueRows, blocks, check_block};
use crate::{BoundedMap, Error, FeatureBlock, FixedPointFeatures, MonomialMap, monomial::round_to_integer};
use core::fmt;
use dp_linalg::{ExactProductSum, MatRef};

/// The exact integer sums `Σᵢ φ̃(xᵢ) ũᵢᵀ`, shape `(r, c)`, of integer features and integer value rows.
///
/// # Guarantee
/// [`into_sums`](Self::into_sums) is exactly the sum of one integer matrix a point, and that matrix is a function of the
/// point and its value row alone. The same rows in any order, split into any blocks, on any machine, and merged in any
/// tree, give the same integers. Sums are taken modulo 2⁶⁴, which matters only beyond [`point_limit`](Self::point_limit).
///
/// # What counts
/// A row contributes zero if its point is [absent](FixedPointFeatures#absent-points), or if an entry of its value row is
/// not an integer of magnitude at most `max_abs_value`. So whatever is passed in, one row moves the sums by
/// `φ̃ũᵀ` with `‖φ̃‖² ≤ max_squared_norm` and `|ũ| ≤ max_abs_value`.
///
/// Memory is `O(r·c)` and one block of features, whatever the number of points. `Debug` prints shapes only.
///
/// # Examples
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{FixedPointFeatures, FixedPointMoments, MonomialMap};
///
/// let features = FixedPointFeatures::new(MonomialMap::exp_taylor(1, 1)?, 2, 1.0)?; // 4·(1, x)
/// let mut moments = FixedPointMoments::new(features, 1, 100)?;
/// let points = Mat::from_vec(3, 1, vec![0.5, -1.0, f64::NAN])?;
/// let values = Mat::from_vec(3, 1, vec![10.0, 1.0, 7.0])?;
/// moments.add_block(points.as_ref(), values.as_ref())?;
/// assert_eq!(moments.into_sums(), [4 * 10 + 4 * 1, 2 * 10 - 4 * 1]); // the third row contributes zero
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct FixedPointMoments<M = MonomialMap> {
    features: FixedPointFeatures<M>,
    max_abs_value: u64,
    sums: ExactProductSum,
    block: FeatureBlock,
    values: ValueRows,
}

impl<M: BoundedMap> FixedPointMoments<M> {
    /// Empty sums for `columns` value columns whose entries are integers of magnitude at most `max_abs_value`.
    ///
    /// # Errors
    /// [`Error::ValueBound`] if `max_abs_value ≥ 2⁵¹`; [`Error::Linalg`] if one product of a feature and a value could
    /// reach 2⁵³.
    pub fn new(features: FixedPointFeatures<M>, columns: usize, max_abs_value: u64) -> Result<Self, Error> {
        if max_abs_value >= 1 << 51 {
            return Err(Error::ValueBound { max_abs_value });
        }
        let feature_count = features.map().feature_count();
        let sums = ExactProductSum::new(feature_count, columns, features.max_abs_entry(), max_abs_value)?;
        let (block, values) =
            (features.map().feature_block(BLOCK_POINTS), ValueRows::new(BLOCK_POINTS, columns));
        Ok(Self { features, max_abs_value, sums, block, values })
    }

    /// Adds `points` `(b, d)` with `values` `(b, c)`; any `b`, though from 64 on is fast.
    ///
    /// # Errors
    /// [`Error::Length`] and [`Error::RowCount`] for shapes that do not fit; then nothing was added.
    pub fn add_block(&mut self, points: MatRef<'_>, values: MatRef<'_>) -> Result<(), Error> {
        check_block(self.features.map().dim(), self.columns(), points, values)?;
        let max_abs_value = self.max_abs_value as f64;
        for rows in blocks(points.nrows(), self.block.capacity()) {
            self.features.apply_block(points.subrows(rows.clone()), &mut self.block)?;
            let valid = |value: f64| (value.abs() <= max_abs_value) & (round_to_integer(value) == value);
            let values = self.values.load(values.subrows(rows), valid);
            self.sums.add_nn(self.block.as_ref(), values)?;
        }
        Ok(())
    }

    /// Adds the sums of `other`, as if its points had been added here.
    ///
    /// # Errors
    /// [`Error::MomentsMismatch`] unless both were made with equal arguments; then
    /// nothing was added.
    pub fn merge(&mut self, other: Self) -> Result<(), Error> {
        let alike = self.features == other.features
            && self.max_abs_value == other.max_abs_value
            && self.columns() == other.columns();
        if !alike {
            return Err(Error::MomentsMismatch);
        }
        Ok(self.sums.merge(other.sums)?)
    }

    /// The sums, row-major `(r, c)`, in units of `2⁻ˢ`.
    #[must_use]
    pub fn into_sums(self) -> Vec<i64> {
        self.sums.into_sums()
    }

    /// The sums so far, row-major `(r, c)`, and a new start from zero.
    #[must_use]
    pub fn take_sums(&mut self) -> Vec<i64> {
        self.sums.take_sums()
    }

    /// Number of rows added, those that contributed zero among them.
    #[must_use]
    pub const fn point_count(&self) -> u64 {
        self.sums.rows_seen()
    }

    /// Most rows for which the sums provably fit `i64`. Beyond it they are exact modulo 2⁶⁴, and no call fails for
    /// the number of rows.
    #[must_use]
    pub const fn point_limit(&self) -> u64 {
        self.sums.exact_rows()
    }

    /// The integer features.
    #[must_use]
    pub const fn features(&self) -> &FixedPointFeatures<M> {
        &self.features
    }

    /// Number of value columns `c`.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.sums.shape().1
    }

    /// The bound on the entries of value rows.
    #[must_use]
    pub const fn max_abs_value(&self) -> u64 {
        self.max_abs_value
    }
}

impl<M: BoundedMap> fmt::Debug for FixedPointMoments<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FixedPointMoments")
            .field("shape", &self.sums.shape())
            .field("scale_exponent", &self.features.scale_exponent())
            .field("max_abs_value", &self.max_abs_value)
            .finish_non_exhaustive()
    }
}
