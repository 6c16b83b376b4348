//! Maps that integer sums can be made of: a norm that no point exceeds, and features of a point alone, to the last bit.

use crate::{
    error::{Error, check_len},
    feature_map::{FeatureMap, KernelError, NormBound, Role, fill_block, half_exponential},
    fixed_point::FloatError,
    monomial::{FeatureBlock, Features, MonomialMap, round_to_integer},
    nystrom::NystromMap,
    outward::up,
    random::TrigonometricFeatures,
};
use dp_linalg::MatRef;

/// A [`FeatureMap`] whose features have a bounded norm, whatever the point and the draw of the map.
///
/// Sealed: [`FixedPointFeatures`](crate::FixedPointFeatures) needs features that are a function of one point alone to the last bit,
/// and a bound of their rounding. Monomials have that by themselves; the others are computed one point at a time for it,
/// in one fixed order of operations. Their `exp`, `cos` and `sin` are the platform's: the same point has the same integers
/// wherever it stands, but not on every platform.
///
/// ```
/// use poly_kernel::{BoundedMap, MonomialMap};
///
/// fn norm(map: &impl BoundedMap, point: &[f64]) -> f64 {
///     map.squared_norm_bound(point).sqrt()
/// }
/// assert_eq!(norm(&MonomialMap::exp_taylor(2, 2)?, &[0.0, 0.0]), 1.0);
/// # Ok::<(), poly_kernel::Error>(())
/// ```
pub trait BoundedMap: FeatureMap + Clone + PartialEq + Send + Integers {
    /// An upper bound of `‖φ(x)‖²`, to a few roundings: what it is for monomials and trigonometric features, `e^{‖x‖²}` for Nyström's.
    fn squared_norm_bound(&self, x: &[f64]) -> f64;
}

/// What [`FixedPointFeatures`](crate::FixedPointFeatures) asks of a map. `start` is the value of the constant feature where there is one, and a power of two
/// times what [`FeatureMap`] has.
pub trait Integers {
    /// How far computed features are from real ones in the ball, at this scale.
    #[doc(hidden)]
    fn float_error(&self, scale: f64, radius: f64) -> FloatError;

    /// `scale·φ(x)`, one operation after another.
    #[doc(hidden)]
    fn scaled_point(&self, scale: f64, x: &[f64], out: &mut [f64]);

    /// `⌊scale·φ⌉` of a block, with the bits of [`scaled_point`](Self::scaled_point).
    #[doc(hidden)]
    fn integer_block(&self, scale: f64, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error>;
}

impl BoundedMap for MonomialMap {
    fn squared_norm_bound(&self, x: &[f64]) -> f64 {
        self.squared_norm(x)
    }
}

impl Integers for MonomialMap {
    fn float_error(&self, scale: f64, radius: f64) -> FloatError {
        FloatError::of_monomials(self, scale, radius)
    }

    fn scaled_point(&self, scale: f64, x: &[f64], out: &mut [f64]) {
        // scaling the constant monomial scales all, and by a power of two exactly so
        self.plan().apply_scalar(self.plan().start * scale, x, out);
        self.plan().clear_absent_degrees(out);
    }

    fn integer_block(&self, scale: f64, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        out.build(self.plan(), points, self.plan().start * scale, Features::Integer)
    }
}

impl BoundedMap for TrigonometricFeatures {
    fn squared_norm_bound(&self, x: &[f64]) -> f64 {
        lane_dot(x, x).exp()
    }
}

/// An angle of d terms is off by at most `(d + 8)u‖ω‖‖x‖`; `e^{‖x‖²/2}`, relatively, by `(d + 8)u‖x‖²`; the library's functions,
/// the root and three products by less than sixteen units. Twice that is charged.
impl Integers for TrigonometricFeatures {
    fn float_error(&self, scale: f64, radius: f64) -> FloatError {
        let longest = self.frequencies().rows().map(|row| lane_dot(row, row).sqrt()).fold(0.0, f64::max);
        let per_unit = (self.dim() + 8) as f64 * radius * (longest + radius) + 16.0;
        let largest = up(scale * half_exponential(radius), 2);
        FloatError { relative: per_unit * f64::EPSILON, absolute: f64::MIN_POSITIVE, largest }
    }

    fn scaled_point(&self, scale: f64, x: &[f64], out: &mut [f64]) {
        let (cosines, sines) = out.split_at_mut(self.frequencies().nrows());
        let factor = scale * (0.5 * lane_dot(x, x)).exp() / (cosines.len() as f64).sqrt();
        for ((frequency, cosine), sine) in self.frequencies().rows().zip(cosines).zip(sines) {
            let (s, c) = lane_dot(frequency, x).sin_cos();
            (*cosine, *sine) = (factor * c, factor * s);
        }
    }

    fn integer_block(&self, scale: f64, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        point_by_point(self, self.frequencies().nrows() + 1, scale, points, out)
    }
}

impl BoundedMap for NystromMap {
    fn squared_norm_bound(&self, x: &[f64]) -> f64 {
        lane_dot(x, x).exp()
    }
}

/// `L⁻¹g_x` is off by at most `η` of [`NystromMap::residuals`], in norm; four times that is charged, which covers the rest.
impl Integers for NystromMap {
    fn float_error(&self, scale: f64, radius: f64) -> FloatError {
        let relative = 4.0 * self.rounding(0.5 * radius * radius);
        let largest = up(scale * half_exponential(radius), 2);
        FloatError { relative, absolute: f64::MIN_POSITIVE, largest }
    }

    fn scaled_point(&self, scale: f64, x: &[f64], out: &mut [f64]) {
        let half = 0.5 * lane_dot(x, x);
        let factor = self.lower_factor();
        let mut norm = 0.0;
        for (i, landmark) in self.landmarks().rows().enumerate() {
            // min also makes a NaN zero, as for blocks; the factor below brings it back
            let kernel = (lane_dot(landmark, x) - self.halves()[i] - half).min(0.0).exp();
            let row = &factor.row(i)[..=i];
            let value = (kernel - lane_dot(&row[..i], &out[..i])) / row[i];
            norm += value * value;
            out[i] = value;
        }
        let factor = scale * half.exp() / norm.max(1.0).sqrt();
        for value in out {
            *value *= factor;
        }
    }

    fn integer_block(&self, scale: f64, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        point_by_point(self, self.feature_count() + 1, scale, points, out)
    }
}

/// Any of the maps with bounded features: for callers who choose one at run time.
///
/// ```
/// use poly_kernel::{BoundedFeatures, FeatureMap, MonomialMap};
///
/// let map = BoundedFeatures::from(MonomialMap::exp_taylor(2, 2)?);
/// assert_eq!(map.feature_count(), 6);
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum BoundedFeatures {
    /// Monomials of a polynomial.
    Monomial(MonomialMap),
    /// Cosines and sines at random frequencies.
    Trigonometric(TrigonometricFeatures),
    /// The kernel's projection onto landmarks.
    Nystrom(NystromMap),
}

/// The same expression for whichever map it is.
macro_rules! each {
    ($self:ident, $map:ident => $result:expr) => {
        match $self {
            Self::Monomial($map) => $result,
            Self::Trigonometric($map) => $result,
            Self::Nystrom($map) => $result,
        }
    };
}

impl BoundedFeatures {
    /// The polynomial's map, if it is one.
    #[must_use]
    pub const fn monomials(&self) -> Option<&MonomialMap> {
        if let Self::Monomial(map) = self { Some(map) } else { None }
    }
}

impl FeatureMap for BoundedFeatures {
    fn dim(&self) -> usize {
        each!(self, map => map.dim())
    }

    fn feature_count(&self) -> usize {
        each!(self, map => map.feature_count())
    }

    fn norm_bound(&self, radius: f64) -> NormBound {
        each!(self, map => FeatureMap::norm_bound(map, radius))
    }

    fn kernel_error(&self, radius: f64) -> KernelError {
        each!(self, map => map.kernel_error(radius))
    }

    fn feature_block(&self, max_points: usize) -> FeatureBlock {
        each!(self, map => FeatureMap::feature_block(map, max_points))
    }

    fn apply_block(&self, role: Role, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        each!(self, map => FeatureMap::apply_block(map, role, points, out))
    }
}

impl BoundedMap for BoundedFeatures {
    fn squared_norm_bound(&self, x: &[f64]) -> f64 {
        each!(self, map => map.squared_norm_bound(x))
    }
}

impl Integers for BoundedFeatures {
    fn float_error(&self, scale: f64, radius: f64) -> FloatError {
        each!(self, map => map.float_error(scale, radius))
    }

    fn scaled_point(&self, scale: f64, x: &[f64], out: &mut [f64]) {
        each!(self, map => map.scaled_point(scale, x, out));
    }

    fn integer_block(&self, scale: f64, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        each!(self, map => map.integer_block(scale, points, out))
    }
}

impl From<MonomialMap> for BoundedFeatures {
    fn from(map: MonomialMap) -> Self {
        Self::Monomial(map)
    }
}

impl From<TrigonometricFeatures> for BoundedFeatures {
    fn from(map: TrigonometricFeatures) -> Self {
        Self::Trigonometric(map)
    }
}

impl From<NystromMap> for BoundedFeatures {
    fn from(map: NystromMap) -> Self {
        Self::Nystrom(map)
    }
}

/// Fills a block from [`Integers::scaled_point`].
fn point_by_point<M: FeatureMap + Integers>(
    map: &M,
    scratch_rows: usize,
    scale: f64,
    points: MatRef<'_>,
    out: &mut FeatureBlock,
) -> Result<(), Error> {
    let mut column = vec![0.0; map.feature_count()];
    fill_block(map, scratch_rows, points, out, |mut features, _| {
        check_len(column.len(), features.nrows())?;
        for (i, point) in points.rows().enumerate() {
            map.scaled_point(scale, point, &mut column);
            for (a, value) in column.iter().enumerate() {
                features.row_mut(a)[i] = round_to_integer(*value);
            }
        }
        Ok(())
    })
}

/// A dot product in one fixed order: eight strided partial sums, then their sum.
fn lane_dot(a: &[f64], b: &[f64]) -> f64 {
    let ((left, left_rest), (right, right_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (x, y) in left.iter().zip(right) {
        for ((sum, x), y) in sums.iter_mut().zip(x).zip(y) {
            *sum += x * y;
        }
    }
    for ((sum, x), y) in sums.iter_mut().zip(left_rest).zip(right_rest) {
        *sum += x * y;
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FixedPointFeatures;
    use dp_linalg::Mat;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn maps() -> Vec<BoundedFeatures> {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let landmarks = Mat::from_fn(30, 5, |_, _| rng.random_range(-0.6..0.6));
        vec![
            MonomialMap::exp_taylor(5, 3).unwrap().into(),
            TrigonometricFeatures::new(5, 40, &mut rng).unwrap().into(),
            NystromMap::new(landmarks.as_ref()).unwrap().into(),
        ]
    }

    fn points(n: usize) -> Mat {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        Mat::from_fn(n, 5, |_, _| rng.random_range(-0.5..0.5))
    }

    #[test]
    fn a_point_has_the_same_integers_wherever_it_stands() {
        for map in maps() {
            let features = FixedPointFeatures::new(map.clone(), 12, 1.2).unwrap();
            let points = points(37);
            let mut block = FeatureMap::feature_block(&map, 37);
            assert_eq!(features.apply_block(points.as_ref(), &mut block).unwrap(), 37);
            let mut alone = vec![0; map.feature_count()];
            for i in 0..37 {
                assert!(features.apply(points.row(i), &mut alone).unwrap());
                let column = block.as_ref().rows().map(|row| row[i] as i64);
                assert!(column.eq(alone.iter().copied()), "{map:?} {i}");
            }
        }
    }

    #[test]
    fn integers_are_the_features_to_the_stated_error() {
        for map in maps() {
            let features = FixedPointFeatures::new(map.clone(), 12, 1.2).unwrap();
            let points = points(37);
            let (mut integers, mut real) =
                (FeatureMap::feature_block(&map, 37), FeatureMap::feature_block(&map, 37));
            features.apply_block(points.as_ref(), &mut integers).unwrap();
            FeatureMap::apply_block(&map, Role::Key, points.as_ref(), &mut real).unwrap();
            for (rounded, exact) in integers.as_ref().rows().zip(real.as_ref().rows()) {
                for (rounded, exact) in rounded.iter().zip(exact) {
                    // the block's own rounding is below what is charged
                    assert!((rounded / features.scale() - exact).abs() <= 2.0 * features.entry_error());
                }
            }
            for (i, square) in integers.squared_norms().iter().enumerate() {
                assert!(*square <= features.max_squared_norm() as f64);
                assert!(real.squared_norms()[i] <= map.squared_norm_bound(points.row(i)) * (1.0 + 1e-6));
            }
        }
    }

    #[test]
    fn what_is_not_a_number_is_absent() {
        for map in maps() {
            let features = FixedPointFeatures::new(map.clone(), 12, 1.2).unwrap();
            let mut integers = vec![0; map.feature_count()];
            for bad in [f64::NAN, f64::INFINITY, 1e200, -50.0] {
                assert!(!features.apply(&[0.1, bad, 0.0, 0.0, 0.0], &mut integers).unwrap(), "{bad}");
                assert!(integers.iter().all(|&integer| integer == 0));
            }
        }
    }
}
