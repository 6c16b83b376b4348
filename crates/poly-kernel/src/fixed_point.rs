//! `FixedPointFeatures`: features rounded to integers, with bounds that hold for the integers as computed.

use crate::{
    bounded::BoundedMap,
    error::{Error, check_len},
    feature_map::NormBound,
    monomial::{FeatureBlock, MonomialMap, round_to_integer},
    outward::{power_of_two, up},
};
use dp_linalg::MatRef;

/// Squared norms stay below this, so that they are exact in `f64`.
const LARGEST_SQUARE: f64 = 9_007_199_254_740_992.0;

/// Roundings of one step of the recurrence: two divisions, a product and a root in the tabulated factor (the root
/// halves what came before it), then two products.
const ROUNDINGS_PER_DEGREE: usize = 6;

/// Far above `2⁻¹⁰⁷⁵`, the absolute error of a product that underflows.
const UNDERFLOW: f64 = f64::MIN_POSITIVE;

/// Integer features `φ̃_a(x) = ⌊2ˢ φ_a(x)⌉` of a [`MonomialMap`], ties to even.
///
/// The integers of a point are a function of that point alone, the same on every processor: each is the result of a
/// fixed sequence of correctly rounded `+ − × √`, never of a fused multiply-add or a library function, whatever the
/// vector width and wherever the point stands in a block.
///
/// # Absent points
/// A point counts only if `Σ_a φ̃_a² ≤ max_squared_norm()`, a sum that is computed exactly where it matters (see
/// below); otherwise, and if a coordinate is not finite and the degree at least one, all its integers are zero. Every point with `‖x‖ ≤ radius`
/// counts, by the bound below. The rule looks at one point at a time, and the bound holds for *every* input.
///
/// # Error bound
/// Let `y_a` be the computed value of `2ˢ φ_a`, `u = 2⁻⁵³`. A step of the recurrence makes at most six roundings, so
/// `|y_a − 2ˢφ_a| ≤ γ·2ˢ|φ_a| + η` with `γ = (6g + 3)·2u`, and `η < 2⁻⁹⁰⁰` for underflow in all reasonable scales
/// (it is computed, not assumed). Rounding adds at most ½. Since `|φ_a| ≤ √|cⱼ|·‖x‖ʲ` for `|a| = j`,
///
/// ```text
/// |φ̃_a − 2ˢφ_a| ≤ ½ + γ 2ˢ maxⱼ √|cⱼ| Rʲ + η                       entry_error(), in units of 2⁻ˢ
/// ‖φ̃‖₂ ≤ (1 + γ) 2ˢ √Σⱼ|cⱼ|R²ʲ + √r (½ + η)                           its square rounded outward: max_squared_norm()
/// ```
///
/// The square is below 2⁵³ or the constructor refuses. A floating-point sum of squares is then exact while it is below
/// 2⁵³, and since rounding is monotone it cannot fall back below once it is there: the comparison is never wrong.
///
/// # Examples
/// ```
/// use poly_kernel::{FixedPointFeatures, MonomialMap};
///
/// let features = FixedPointFeatures::new(MonomialMap::exp_taylor(2, 2)?, 10, 1.0)?;
/// let mut integers = [0; 6];
/// assert!(features.apply(&[0.6, -0.8], &mut integers)?);
/// assert_eq!(integers, [1024, 614, -819, 261, -492, 463]); // 1, x, y, x²/√2, xy, y²/√2
/// assert!(!features.apply(&[f64::NAN, 0.0], &mut integers)?);
/// assert_eq!(integers, [0; 6]);
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FixedPointFeatures<M = MonomialMap> {
    map: M,
    scale_exponent: i32,
    radius: f64,
    max_squared_norm: u64,
    entry_error: f64,
}

impl<M: BoundedMap> FixedPointFeatures<M> {
    /// Integers at scale `2^scale_exponent` for points with `‖x‖₂ ≤ radius`.
    ///
    /// # Errors
    /// [`Error::ScaleExponent`] outside `−200..=200`, [`Error::Radius`] unless finite and non-negative,
    /// [`Error::FixedPointOverflow`] if squared norms could reach 2⁵³.
    pub fn new(map: M, scale_exponent: i32, radius: f64) -> Result<Self, Error> {
        if !(-200..=200).contains(&scale_exponent) {
            return Err(Error::ScaleExponent { scale_exponent });
        }
        if !(0.0..f64::INFINITY).contains(&radius) {
            return Err(Error::Radius { value: radius });
        }
        let scale = power_of_two(scale_exponent);
        let error = map.float_error(scale, radius);
        let NormBound::Deterministic(norm_bound) = map.norm_bound(radius) else {
            return Err(Error::Radius { value: radius });
        };
        let rounding = (map.feature_count() as f64).sqrt() * (0.5 + error.absolute);
        let norm = (1.0 + error.relative) * (scale * norm_bound) + rounding;
        let squared_norm = up(norm * norm, 12);
        if squared_norm.is_nan() || squared_norm >= LARGEST_SQUARE {
            return Err(Error::FixedPointOverflow { scale_exponent, squared_norm });
        }
        let entry_error = up(0.5 + error.relative * error.largest + error.absolute, 6) / scale;
        Ok(Self { map, scale_exponent, radius, max_squared_norm: squared_norm as u64, entry_error })
    }

    /// The map whose features are rounded.
    #[must_use]
    pub const fn map(&self) -> &M {
        &self.map
    }

    /// `s`, for the scale `2ˢ`.
    #[must_use]
    pub const fn scale_exponent(&self) -> i32 {
        self.scale_exponent
    }

    /// `2ˢ`: divide the integers by it to get the features.
    #[must_use]
    pub fn scale(&self) -> f64 {
        power_of_two(self.scale_exponent)
    }

    /// Every point with at most this norm counts.
    #[must_use]
    pub const fn radius(&self) -> f64 {
        self.radius
    }

    /// A bound on `Σ_a φ̃_a(x)²` that every point obeys: points beyond it are absent. Below 2⁵³.
    #[must_use]
    pub const fn max_squared_norm(&self) -> u64 {
        self.max_squared_norm
    }

    /// A bound on `|φ̃_a(x)|` that every point obeys: `⌊√max_squared_norm⌋`.
    #[must_use]
    pub const fn max_abs_entry(&self) -> u64 {
        self.max_squared_norm.isqrt()
    }

    /// A bound on `|2⁻ˢ φ̃_a(x) − φ_a(x)|` for `‖x‖₂ ≤ radius`; hardly more than `½·2⁻ˢ`.
    #[must_use]
    pub const fn entry_error(&self) -> f64 {
        self.entry_error
    }

    /// Writes the integers of one point and says whether it counts: the scalar reference of
    /// [`apply_block`](Self::apply_block), with the same integers.
    ///
    /// # Errors
    /// [`Error::Length`] unless `x` has `dim` and `out` has `feature_count` entries.
    pub fn apply(&self, x: &[f64], out: &mut [i64]) -> Result<bool, Error> {
        check_len(self.map.dim(), x.len())?;
        check_len(self.map.feature_count(), out.len())?;
        let mut values = vec![0.0; out.len()];
        self.map.scaled_point(self.scale(), x, &mut values);
        for value in &mut values {
            *value = round_to_integer(*value);
        }
        let counts = self.counts(values.iter().map(|value| value * value).sum());
        for (integer, value) in out.iter_mut().zip(values) {
            *integer = if counts { value as i64 } else { 0 };
        }
        Ok(counts)
    }

    /// Writes the integers of `points` `(b, d)` to `out`, feature-major `(r, b)`, as `f64`; returns how many points count.
    ///
    /// # Errors
    /// As [`MonomialMap::apply_block`].
    pub fn apply_block(&self, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<usize, Error> {
        self.map.integer_block(self.scale(), points, out)?;
        let norms = out.squared_norms().iter().enumerate();
        let absent: Vec<_> = norms.filter(|&(_, &norm)| !self.counts(norm)).map(|(point, _)| point).collect();
        if !absent.is_empty() {
            out.clear_points(&absent);
        }
        Ok(points.nrows() - absent.len())
    }

    /// False for NaN too.
    pub(crate) fn counts(&self, squared_norm: f64) -> bool {
        squared_norm <= self.max_squared_norm as f64
    }
}

/// How far the computed recurrence is from `2ˢ φ_a` over a ball.
#[derive(Debug)]
pub struct FloatError {
    /// `γ`.
    pub(crate) relative: f64,
    /// `η`: what underflow can add.
    pub(crate) absolute: f64,
    /// `maxⱼ 2ˢ √wⱼ Rʲ`.
    pub(crate) largest: f64,
}

impl FloatError {
    pub(crate) fn of_monomials(map: &MonomialMap, scale: f64, radius: f64) -> Self {
        let degrees = &map.plan().degrees;
        let (mut power, mut absolute, mut largest) = (scale, 0.0, 0.0);
        for (j, degree) in degrees.iter().enumerate() {
            if j > 0 {
                let factor = degree.runs.iter().map(|run| run.factor).fold(0.0, f64::max) * radius;
                let parent = power * degrees[j - 1].weight.sqrt() + absolute;
                // a factor and a product may underflow
                absolute = up(absolute * factor + UNDERFLOW * (parent + 2.0), 12 * j);
                power *= radius;
            }
            // others are cleared: no error
            if degree.kept {
                largest = up(power * degree.weight.sqrt(), j + 2).max(largest);
            }
        }
        let roundings = ROUNDINGS_PER_DEGREE * map.degree() + 3;
        Self { relative: roundings as f64 * f64::EPSILON, absolute, largest }
    }
}
