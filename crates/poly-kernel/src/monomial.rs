//! `MonomialMap`: features of a dot-product kernel `f(x·y) = Σⱼ cⱼ (x·y)ʲ`.

mod block;
mod kernel;
mod plan;
mod pullback;
#[cfg(test)]
mod tests;

pub use block::FeatureBlock;

use crate::{
    error::{Error, check_len},
    exp_taylor::ExpTaylor,
    feature_map::{Role, check_pullback, max_logit, nan_to_infinity},
    float::Float,
    outward::up,
};
use dp_linalg::{MatMut, MatRef};
pub(crate) use kernel::{Features, round_to_integer};
pub(crate) use plan::Plan;
use pullback::Pullback;

/// The explicit feature map of a polynomial kernel, in graded order, one multiplication a feature.
///
/// For `f(t) = Σⱼ cⱼ tʲ` and exponents `a ∈ ℕᵈ`, `|a| = j ≤ g`,
///
/// ```text
/// φ_a(x) = √(|cⱼ| · j! / ∏ aᵢ!) · x^a,      Σ_a sign(cⱼ) φ_a(x) φ_a(y) = f(x·y),      ‖φ(x)‖² = Σⱼ |cⱼ| ‖x‖²ʲ
/// ```
///
/// by the multinomial theorem. There are `r = C(d + g, g)` features.
///
/// # Signs
/// Where a coefficient is negative the kernel is not positive definite, and one of the two factors carries its sign: the
/// query's, see [`Role`](crate::Role). [`readout`](crate::readout) applies it; features, norms and sums over keys are those
/// of `|cⱼ|`. A product of features by hand needs [`signs`](Self::signs).
///
/// # Order and recurrence
/// Degrees ascend; within a degree monomials are sorted by their last variable `i`, then by its multiplicity `m`, then
/// as their parents are. With the parent `p = a − eᵢ`,
///
/// ```text
/// φ_a(x) = φ_p(x) · ( xᵢ · √(|cⱼ| j / (|cⱼ₋₁| m)) )
/// ```
///
/// and the monomials that share `(i, m)` stand in one run whose parents stand in one run too, so the bracket is
/// computed once a run. A degree with `cⱼ = 0` keeps its rows, which are zero.
///
/// ```
/// use poly_kernel::MonomialMap;
///
/// let map = MonomialMap::new(2, &[1.0, 1.0, 0.5])?; // 1 + t + t²/2
/// let (mut fx, mut fy) = ([0.0; 6], [0.0; 6]);
/// map.apply(&[1.0, 2.0], &mut fx)?;
/// map.apply(&[0.5, -1.0], &mut fy)?;
/// let product: f64 = fx.iter().zip(&fy).map(|(a, b)| a * b).sum();
/// let t = 1.0 * 0.5 - 2.0 * 1.0;
/// assert!((product - (1.0 + t + t * t / 2.0)).abs() < 1e-14);
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MonomialMap {
    plan: Plan,
    coefficients: Vec<f64>,
}

impl MonomialMap {
    /// Most features a map may have unless [`with_feature_limit`](Self::with_feature_limit) says otherwise.
    pub const DEFAULT_FEATURE_LIMIT: usize = 1 << 20;

    /// Highest degree of a polynomial.
    pub const MAX_DEGREE: usize = 64;

    /// The map of `f(t) = Σⱼ coefficients[j]·tʲ` on points of dimension `dim`.
    ///
    /// # Errors
    /// [`Error::ZeroDimension`], [`Error::NoCoefficients`], [`Error::DegreeTooLarge`],
    /// [`Error::CoefficientOutOfRange`] (each coefficient is zero or of size `1e-150` to `1e150`),
    /// [`Error::ZeroLeadingCoefficient`], [`Error::TooManyFeatures`].
    pub fn new(dim: usize, coefficients: &[f64]) -> Result<Self, Error> {
        Self::with_feature_limit(dim, coefficients, Self::DEFAULT_FEATURE_LIMIT)
    }

    /// [`new`](Self::new) with another limit on the number of features.
    ///
    /// The count is checked before anything of that size is allocated.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_feature_limit(dim: usize, coefficients: &[f64], limit: usize) -> Result<Self, Error> {
        let degree = coefficients.len().checked_sub(1).ok_or(Error::NoCoefficients)?;
        if dim == 0 {
            return Err(Error::ZeroDimension);
        }
        if degree > Self::MAX_DEGREE {
            return Err(Error::DegreeTooLarge { degree, max: Self::MAX_DEGREE });
        }
        for (degree, &value) in coefficients.iter().enumerate() {
            if value != 0.0 && !(1e-150..=1e150).contains(&value.abs()) {
                return Err(Error::CoefficientOutOfRange { degree, value });
            }
        }
        if coefficients[degree] == 0.0 {
            return Err(Error::ZeroLeadingCoefficient { degree });
        }
        let feature_count = feature_count(dim, degree);
        if feature_count > limit as u128 {
            return Err(Error::TooManyFeatures { dim, degree, feature_count, limit });
        }
        let sizes: Vec<f64> = coefficients.iter().map(|c| c.abs()).collect();
        Ok(Self { plan: Plan::new(dim, &sizes), coefficients: coefficients.to_vec() })
    }

    /// The map of the Taylor polynomial of `exp` of this degree; see [`ExpTaylor`] for its error.
    ///
    /// # Errors
    /// As [`ExpTaylor::new`] and [`new`](Self::new).
    pub fn exp_taylor(dim: usize, degree: usize) -> Result<Self, Error> {
        Self::new(dim, ExpTaylor::new(degree)?.coefficients())
    }

    /// Dimension `d` of a point.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.plan.dim
    }

    /// Degree `g` of the polynomial.
    #[must_use]
    pub const fn degree(&self) -> usize {
        self.coefficients.len() - 1
    }

    /// Number of features `r = C(d + g, g)`.
    #[must_use]
    pub const fn feature_count(&self) -> usize {
        self.plan.feature_count
    }

    /// The coefficients `c₀ … c_g`.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    pub(crate) const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The sign of each feature's term in the kernel, 1 or −1, in the order of the features.
    ///
    /// ```
    /// use poly_kernel::MonomialMap;
    ///
    /// let map = MonomialMap::new(2, &[1.0, -0.5])?; // 1 − t/2
    /// assert_eq!(map.signs().collect::<Vec<_>>(), [1.0, -1.0, -1.0]);
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    pub fn signs(&self) -> impl Iterator<Item = f64> {
        let degrees = self.plan.degrees.iter().zip(&self.coefficients);
        degrees.flat_map(|(degree, &c)| core::iter::repeat_n(if c < 0.0 { -1.0 } else { 1.0 }, degree.len))
    }

    /// Whether no coefficient is negative: then `φ(x)·φ(y)` needs no signs, and the kernel is positive definite.
    #[must_use]
    pub fn is_positive_definite(&self) -> bool {
        self.coefficients.iter().all(|&c| c >= 0.0)
    }

    /// Exponents `a` of each feature, in the order of the features; each has `dim` entries.
    pub fn exponents(&self) -> impl Iterator<Item = Vec<u32>> {
        self.plan.exponents().into_iter()
    }

    /// `f(t)` by Horner's rule.
    #[must_use]
    pub fn kernel(&self, t: f64) -> f64 {
        self.coefficients.iter().rev().fold(0.0, |sum, &c| sum * t + c)
    }

    /// The features of a role.
    pub(crate) fn apply_block_as<T: Float>(
        &self,
        role: Role,
        points: MatRef<'_, T>,
        out: &mut FeatureBlock<T>,
    ) -> Result<(), Error> {
        self.apply_block(points, out)?;
        if role == Role::Query {
            self.sign(out);
        }
        Ok(())
    }

    /// From adjoints of features to gradients by points.
    pub(crate) fn pull_back<T: Float>(
        &self,
        role: Role,
        points: MatRef<'_, T>,
        adjoints: &FeatureBlock<T>,
        gradients: MatMut<'_, T>,
    ) -> Result<(), Error> {
        check_pullback(self, points, adjoints, &gradients)?;
        let sign = |c: &f64| match role {
            _ if *c == 0.0 => 0.0,
            Role::Query => c.signum(),
            Role::Key => 1.0,
        };
        let signs: Vec<f64> = self.coefficients.iter().map(sign).collect();
        let (adjoints, stride) = adjoints.raw();
        let plan = &self.plan;
        pullback::dispatch(Pullback { plan, points, adjoints, stride, signs: &signs, gradients });
        Ok(())
    }

    /// Features of keys to features of queries.
    pub(crate) fn sign<T: Float>(&self, block: &mut FeatureBlock<T>) {
        for (degree, _) in self.plan.degrees.iter().zip(&self.coefficients).filter(|(_, c)| **c < 0.0) {
            block.negate(degree.first..degree.first + degree.len);
        }
    }

    /// `Σⱼ |cⱼ| tʲ`.
    fn absolute_kernel(&self, t: f64) -> f64 {
        self.coefficients.iter().rev().fold(0.0, |sum, &c| sum * t + c.abs())
    }

    /// `‖φ(x)‖² = Σⱼ |cⱼ| ‖x‖²ʲ`, to a relative error of a few `(d + g)` units in the last place.
    #[must_use]
    pub fn squared_norm(&self, x: &[f64]) -> f64 {
        self.absolute_kernel(x.iter().map(|v| v * v).sum())
    }

    /// An upper bound of `‖φ(x)‖₂` over `‖x‖₂ ≤ radius`: `√Σⱼ |cⱼ| radius²ʲ`, rounded outward; `+∞` unless the radius is
    /// finite and non-negative, and where that or `radius²` is beyond `f64`.
    #[must_use]
    pub fn norm_bound(&self, radius: f64) -> f64 {
        if !(0.0..f64::INFINITY).contains(&radius) {
            return f64::INFINITY;
        }
        // Horner's 2g roundings; what is added to the square also covers products that underflowed
        let square = up(self.absolute_kernel(max_logit(radius)), 3 * self.degree());
        nan_to_infinity(up(square.sqrt(), 1))
    }

    /// Writes `φ(x)` to `out`: the scalar reference of [`apply_block`](Self::apply_block), with the same bits.
    ///
    /// # Errors
    /// [`Error::Length`] unless `x` has `dim` and `out` has `feature_count` entries.
    pub fn apply(&self, x: &[f64], out: &mut [f64]) -> Result<(), Error> {
        check_len(self.dim(), x.len())?;
        check_len(self.feature_count(), out.len())?;
        self.plan.apply_scalar(self.plan.start, x, out);
        self.plan.clear_absent_degrees(out);
        Ok(())
    }

    /// A buffer for the features of up to `max_points` points at a time.
    #[must_use]
    pub fn feature_block<T: Float>(&self, max_points: usize) -> FeatureBlock<T> {
        FeatureBlock::new(&self.plan, max_points)
    }

    /// Writes the features of `points` `(b, d)` to `out`, feature-major: `out.as_ref()` is `(r, b)`.
    ///
    /// Vectorised across points; in `f64` every feature has the bits that [`apply`](Self::apply) gives it.
    ///
    /// # Errors
    /// [`Error::Length`] if the points have another dimension or `out` was made for another map,
    /// [`Error::BlockCapacity`] if `out` is too small.
    pub fn apply_block<T: Float>(
        &self,
        points: MatRef<'_, T>,
        out: &mut FeatureBlock<T>,
    ) -> Result<(), Error> {
        out.build(&self.plan, points, self.plan.start, Features::Real)
    }
}

/// `C(dim + degree, degree)`, or `u128::MAX` when that is too large a number.
///
/// ```
/// assert_eq!(poly_kernel::feature_count(8, 4), 495);
/// assert_eq!(poly_kernel::feature_count(usize::MAX, 64), u128::MAX);
/// ```
#[must_use]
pub fn feature_count(dim: usize, degree: usize) -> u128 {
    (1..=degree as u128)
        .try_fold(1_u128, |count, i| Some(count.checked_mul((dim as u128).checked_add(i)?)? / i))
        .unwrap_or(u128::MAX)
}
