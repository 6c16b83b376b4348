//! `FeatureMap`: what every map of the exponential kernel offers, whatever it is made of.

use crate::{
    error::{Error, check_len},
    exp_taylor::exp_upper,
    float::Float,
    monomial::{FeatureBlock, MonomialMap},
    outward::up,
    polynomial::{ExpPolynomial, LogitRange},
};
use dp_linalg::{Accumulate, Mat, MatMut, MatRef, Parallelism, Scalar, matmul_nt_into};

/// Which factor of the product `φ_query(x)·φ_key(y)` a point is.
///
/// All maps of this crate but monomials with negative coefficients are symmetric: both roles have the same features.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{FeatureMap, MonomialMap, Role};
///
/// let map: &dyn FeatureMap = &MonomialMap::exp_taylor(2, 2)?;
/// let mut block = map.feature_block(1);
/// map.apply_block(Role::Query, Mat::zeros(1, 2).as_ref(), &mut block)?;
/// assert_eq!(block.squared_norms(), [1.0]);
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The point at which a sum over keys is read.
    Query,
    /// A point that a sum runs over.
    Key,
}

/// What is known of `‖φ(x)‖₂` over `‖x‖₂ ≤ radius`, for either role and with `φ` in real arithmetic.
///
/// ```
/// use poly_kernel::{FeatureMap, MonomialMap, NormBound};
///
/// let map = MonomialMap::exp_taylor(2, 2)?; // ‖φ(x)‖² = 1 + ‖x‖² + ‖x‖⁴/2
/// let bound = FeatureMap::norm_bound(&map, 1.0);
/// assert!(matches!(bound, NormBound::Deterministic(norm) if (norm - 2.5_f64.sqrt()).abs() < 1e-12));
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NormBound {
    /// No point and no draw of the map exceeds this, which is rounded outward; `+∞` unless the radius is non-negative.
    Deterministic(f64),
    /// The norm is a random number.
    Random {
        /// An upper bound of `E‖φ(x)‖²` over the draw of the map, for every point; rounded outward.
        mean_square: f64,
    },
}

/// What is known of `φ_query(x)·φ_key(y)` against `e^{x·y}` over `‖x‖₂, ‖y‖₂ ≤ radius`, with `φ` in real arithmetic.
///
/// ```
/// use poly_kernel::{FeatureMap, KernelError, MonomialMap};
///
/// let map = MonomialMap::exp_taylor(2, 8)?;
/// let error = map.kernel_error(1.0); // logits |x·y| ≤ 1
/// assert!(matches!(error, KernelError::Relative(error) if error < 1e-5));
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum KernelError {
    /// An upper bound of `|φ·φ/e^{x·y} − 1|` for all pairs, rounded outward.
    Relative(f64),
    /// `φ·φ` is unbiased over the draw of the map, and the standard deviation of `φ·φ/e^{x·y}` is at most this for each
    /// pair that does not depend on the draw.
    RelativeStd(f64),
    /// The root mean square of `φ·φ/e^{x·y} − 1` over the draw of the map is at most this for each pair that does not
    /// depend on the draw: bias and standard deviation together.
    RelativeRms(f64),
    /// No bound from the radius: the map computes one for each point.
    PerPoint,
}

/// Features whose dot products stand in for `e^{x·y}`.
///
/// # Bits
/// Of the maps of this crate, only the features of [`MonomialMap`] are a function of their point alone to the last bit. The
/// others go through matrix products or Fourier transforms, whose roundings differ between processors and between
/// places in a block.
///
/// # For implementors
/// [`feature_block`](Self::feature_block) makes a [`FeatureBlock`] of the right shape and
/// [`apply_block`](Self::apply_block) fills it by [`FeatureBlock::fill`].
///
/// ```
/// use dp_linalg::{Mat, Parallelism, matmul_tn};
/// use poly_kernel::{FeatureMap, MonomialMap, Role};
///
/// /// `(x, y) ↦ e^{x·y}` for each query (a row of the result) and key.
/// fn kernel(map: &dyn FeatureMap, queries: &Mat, keys: &Mat) -> Result<Mat, Box<dyn std::error::Error>> {
///     let (mut left, mut right) = (map.feature_block(queries.nrows()), map.feature_block(keys.nrows()));
///     map.apply_block(Role::Query, queries.as_ref(), &mut left)?;
///     map.apply_block(Role::Key, keys.as_ref(), &mut right)?;
///     Ok(matmul_tn(left.as_ref(), right.as_ref(), Parallelism::Sequential)?)
/// }
///
/// let points = Mat::from_vec(2, 1, vec![0.5, -0.5])?;
/// let values = kernel(&MonomialMap::exp_taylor(1, 8)?, &points, &points)?;
/// assert!((values[(0, 1)] - (-0.25_f64).exp()).abs() < 1e-9);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait FeatureMap: Sync {
    /// Dimension `d` of a point.
    fn dim(&self) -> usize;

    /// Number of features `r`.
    fn feature_count(&self) -> usize;

    /// What is known of the norm of the features of points in the ball of this radius.
    fn norm_bound(&self, radius: f64) -> NormBound;

    /// What is known of the error of the kernel for pairs of points in the ball of this radius.
    fn kernel_error(&self, radius: f64) -> KernelError;

    /// A buffer for the features of up to `max_points` points at a time.
    fn feature_block(&self, max_points: usize) -> FeatureBlock;

    /// Writes the features of `points` `(b, d)` to `out`, feature-major `(r, b)`.
    ///
    /// # Errors
    /// [`Error::Length`] if the points have another dimension or `out` was made for another map,
    /// [`Error::BlockCapacity`] if `out` is too small.
    fn apply_block(&self, role: Role, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error>;

    /// [`feature_block`](Self::feature_block) in `f32`.
    fn feature_block_f32(&self, max_points: usize) -> FeatureBlock<f32> {
        FeatureBlock::rounding(self.feature_block(max_points))
    }

    /// [`apply_block`](Self::apply_block) in `f32`: unless a map says otherwise, features are computed in `f64` and rounded.
    ///
    /// # Errors
    /// As [`apply_block`](Self::apply_block).
    fn apply_block_f32(
        &self,
        role: Role,
        points: MatRef<'_, f32>,
        out: &mut FeatureBlock<f32>,
    ) -> Result<(), Error> {
        out.fill_rounded(
            points,
            |points, out| self.apply_block(role, points, out),
            || self.feature_block(points.nrows()),
        )
    }
}

/// A map whose features have derivatives: what gradients of attention need.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{DifferentiableMap, FeatureBlock, MonomialMap, Role};
///
/// let map = MonomialMap::new(1, &[1.0, 1.0, 4.0])?; // features 1, x, 2x²
/// let mut adjoints = FeatureBlock::with_scratch(map.feature_count(), 0, 1);
/// adjoints.fill(0, 1, |mut ones, _| {
///     ones.fill(1.0);
///     Ok(())
/// })?;
/// let (point, mut gradient) = (Mat::filled(1, 1, 3.0), Mat::zeros(1, 1));
/// map.pullback_block(Role::Key, point.as_ref(), &adjoints, gradient.as_mut())?;
/// assert_eq!(gradient[(0, 0)], 1.0 + 4.0 * 3.0);
/// # Ok::<(), poly_kernel::Error>(())
/// ```
pub trait DifferentiableMap: FeatureMap {
    /// Writes `Σ_a adjoints[(a, i)]·∂φ_a(xᵢ)/∂xᵢ` to row i of `gradients` `(b, d)`, for `points` `(b, d)` and adjoints of their
    /// features `(r, b)`.
    ///
    /// # Errors
    /// [`Error::Length`] and [`Error::RowCount`] for shapes that do not fit.
    fn pullback_block(
        &self,
        role: Role,
        points: MatRef<'_>,
        adjoints: &FeatureBlock,
        gradients: MatMut<'_>,
    ) -> Result<(), Error>;

    /// [`pullback_block`](Self::pullback_block) in `f32`: unless a map says otherwise, computed in `f64` and rounded.
    ///
    /// # Errors
    /// As [`pullback_block`](Self::pullback_block).
    fn pullback_block_f32(
        &self,
        role: Role,
        points: MatRef<'_, f32>,
        adjoints: &FeatureBlock<f32>,
        mut gradients: MatMut<'_, f32>,
    ) -> Result<(), Error> {
        let wide_points = Mat::from_fn(points.nrows(), points.ncols(), |i, j| f64::from(points[(i, j)]));
        let found = adjoints.as_ref();
        let mut wide = FeatureBlock::with_scratch(adjoints.feature_count(), 0, found.ncols());
        wide.fill(0, found.ncols(), |mut out, _| {
            for (i, row) in found.rows().enumerate() {
                out.row_mut(i).iter_mut().zip(row).for_each(|(out, &x)| *out = f64::from(x));
            }
            Ok(())
        })?;
        let mut exact = Mat::zeros(gradients.nrows(), gradients.ncols());
        self.pullback_block(role, wide_points.as_ref(), &wide, exact.as_mut())?;
        for (i, row) in exact.rows().enumerate() {
            gradients.row_mut(i).iter_mut().zip(row).for_each(|(out, &x)| *out = Scalar::from_f64(x));
        }
        Ok(())
    }
}

/// Checks the shapes of a [`pullback_block`](DifferentiableMap::pullback_block).
pub(crate) fn check_pullback<T: Float, M: FeatureMap + ?Sized>(
    map: &M,
    points: MatRef<'_, T>,
    adjoints: &FeatureBlock<T>,
    gradients: &MatMut<'_, T>,
) -> Result<(), Error> {
    check_len(map.dim(), points.ncols())?;
    check_len(map.dim(), gradients.ncols())?;
    check_len(map.feature_count(), adjoints.feature_count())?;
    for rows in [adjoints.as_ref().ncols(), gradients.nrows()] {
        if rows != points.nrows() {
            return Err(Error::RowCount { points: points.nrows(), values: rows });
        }
    }
    Ok(())
}

impl DifferentiableMap for MonomialMap {
    fn pullback_block(
        &self,
        role: Role,
        points: MatRef<'_>,
        adjoints: &FeatureBlock,
        gradients: MatMut<'_>,
    ) -> Result<(), Error> {
        self.pull_back(role, points, adjoints, gradients)
    }

    fn pullback_block_f32(
        &self,
        role: Role,
        points: MatRef<'_, f32>,
        adjoints: &FeatureBlock<f32>,
        gradients: MatMut<'_, f32>,
    ) -> Result<(), Error> {
        self.pull_back(role, points, adjoints, gradients)
    }
}

/// The error is the [certificate](ExpPolynomial::certificate) of the coefficients. The query's features carry the signs of
/// negative coefficients.
impl FeatureMap for MonomialMap {
    fn dim(&self) -> usize {
        self.dim()
    }

    fn feature_count(&self) -> usize {
        self.feature_count()
    }

    fn norm_bound(&self, radius: f64) -> NormBound {
        NormBound::Deterministic(nan_to_infinity(self.norm_bound(radius)))
    }

    fn kernel_error(&self, radius: f64) -> KernelError {
        KernelError::Relative(polynomial_error(self.coefficients(), max_logit(radius)))
    }

    fn feature_block(&self, max_points: usize) -> FeatureBlock {
        self.feature_block(max_points)
    }

    fn apply_block(&self, role: Role, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        self.apply_block_as(role, points, out)
    }

    fn feature_block_f32(&self, max_points: usize) -> FeatureBlock<f32> {
        self.feature_block(max_points)
    }

    fn apply_block_f32(
        &self,
        role: Role,
        points: MatRef<'_, f32>,
        out: &mut FeatureBlock<f32>,
    ) -> Result<(), Error> {
        self.apply_block_as(role, points, out)
    }
}

/// `radius²`, the largest `|x·y|`, rounded outward; `+∞` unless `radius ≥ 0`.
pub(crate) fn max_logit(radius: f64) -> f64 {
    match radius {
        0.0 => 0.0,
        _ if radius > 0.0 => up(radius * radius, 1),
        _ => f64::INFINITY,
    }
}

/// An upper bound of `e^{radius²/2}`; `+∞` unless `radius ≥ 0`.
pub(crate) fn half_exponential(radius: f64) -> f64 {
    exp_upper(0.5 * max_logit(radius))
}

/// An upper bound of `sup { |f(t)/eᵗ − 1| : |t| ≤ max_logit }` for `f(t) = Σⱼ coefficients[j]·tʲ`; `+∞` where nothing is
/// certified: beyond the limits of [`ExpPolynomial`] and [`LogitRange`].
pub(crate) fn polynomial_error(coefficients: &[f64], max_logit: f64) -> f64 {
    // a range of one point is none: the smallest that has it will do
    let range = LogitRange::symmetric(max_logit.max(f64::MIN_POSITIVE));
    match (ExpPolynomial::from_coefficients(coefficients), range) {
        (Ok(polynomial), Ok(range)) => polynomial.certificate(range).relative_error(),
        _ => f64::INFINITY,
    }
}

/// A bound that came out as `0·∞` or `∞ − ∞` knows nothing.
pub(crate) const fn nan_to_infinity(bound: f64) -> f64 {
    if bound.is_nan() { f64::INFINITY } else { bound }
}

/// Checks the shapes and fills `out`; see [`FeatureBlock::fill`].
pub(crate) fn fill_block(
    map: &impl FeatureMap,
    scratch_rows: usize,
    points: MatRef<'_>,
    out: &mut FeatureBlock,
    write: impl FnOnce(MatMut<'_>, MatMut<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    check_len(map.dim(), points.ncols())?;
    check_len(map.feature_count(), out.feature_count())?;
    out.fill(scratch_rows, points.nrows(), write)
}

/// `rowsᵢ·x` `(m, b)` and `‖x‖²/2` `(1, b)` of `rows` `(m, d)` and `points` `(b, d)`, in scratch space `(m + 1, b)`.
pub(crate) fn project<'a>(
    rows: MatRef<'_>,
    points: MatRef<'_>,
    scratch: MatMut<'a>,
) -> Result<(MatMut<'a>, MatMut<'a>), Error> {
    let (mut products, mut halves) = scratch.split_at_row(rows.nrows());
    let out = products.reborrow();
    matmul_nt_into(out, Accumulate::Replace, rows, points, Parallelism::Sequential)?;
    for (half, point) in halves.row_mut(0).iter_mut().zip(points.rows()) {
        *half = 0.5 * dot(point, point);
    }
    Ok((products, halves))
}

pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exp_taylor::ExpTaylor;

    #[test]
    fn the_error_is_that_of_the_polynomial() {
        let taylor = ExpTaylor::new(4).unwrap();
        let (own, exact) = (polynomial_error(taylor.coefficients(), 1.0), taylor.relative_error(1.0));
        assert!(own >= exact && own <= 1.01 * exact, "{own} {exact}");
        assert!(polynomial_error(taylor.coefficients(), 0.0) < 1e-15);
        // e^{−t}(1 + t)² − 1 at t = −1
        assert!((polynomial_error(&[1.0, 2.0, 1.0], 1.0) - 1.0).abs() < 0.01);
        assert_eq!(polynomial_error(&[0.1; 40], 1.0), f64::INFINITY);
    }

    #[test]
    fn nothing_is_known_outside_the_range() {
        let coefficients = [1.0, 1.0];
        for radius in [f64::NAN, -1.0, f64::INFINITY] {
            assert_eq!(max_logit(radius), f64::INFINITY);
            assert_eq!(polynomial_error(&coefficients, max_logit(radius)), f64::INFINITY);
            assert_eq!(half_exponential(radius), f64::INFINITY);
        }
        assert_eq!(max_logit(0.0), 0.0);
        assert!(
            half_exponential(1.0) >= 0.5_f64.exp() && half_exponential(1.0) < 0.5_f64.exp() * (1.0 + 1e-13)
        );
    }
}
