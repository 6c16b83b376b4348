//! `RandomMaclaurin`: products of random signed sums, degree by degree.

use super::{check_count, check_dim, max_features};
use crate::{
    error::Error,
    exp_taylor::exp_upper,
    feature_map::{
        FeatureMap, KernelError, NormBound, Role, fill_block, max_logit, nan_to_infinity, polynomial_error,
    },
    monomial::{FeatureBlock, MonomialMap},
    outward::up,
};
use dp_linalg::{Accumulate, Mat, MatMut, MatRef, Parallelism, matmul_nt_into};
use rand::{Rng, RngExt};

/// Random features of a polynomial `f(x·y) = Σⱼ cⱼ (x·y)ʲ` with `cⱼ ≥ 0`: as many as wanted, in any dimension.
///
/// Degree `n` has `m_n` features, each a product of `n` sums with independent random signs `ω ∈ {−1, 1}ᵈ`:
///
/// ```text
/// φ_{n,i}(x) = √(c_n/m_n) · ∏_{k≤n} ω_{n,i,k}·x,      E φ(x)·φ(y) = f(x·y)
/// ```
///
/// since `E (ω·x)(ω·y) = x·y`.
///
/// # Division of the features
/// A constant term is one exact feature. Every other degree has one, and the rest is divided in proportion to
/// `c_n √(3ⁿ − 1)`, which minimises the variance below at logits around one for a large dimension. (Kar and Karnick draw
/// the degree of each feature at random; fixed numbers have the same mean and never a larger variance.)
///
/// # Norm
/// `|ω·x| ≤ √d ‖x‖`, so `‖φ(x)‖² ≤ f(d‖x‖²)` for every point and every draw, while `E‖φ(x)‖² = f(‖x‖²)`.
///
/// # Error
/// For signs, `E (ω·x)²(ω·y)² = ‖x‖²‖y‖² + 2(x·y)² − 2Σₖ xₖ²yₖ²`, and `Σₖ xₖ²yₖ² ≥ (x·y)²/d`. With `B = radius²` this is
/// at most `B² + (2 − 2/d)(x·y)²`, hence
///
/// ```text
/// Var[φ(x)·φ(y)] ≤ Σ_n (c_n²/m_n) B^{2n} ((3 − 2/d)ⁿ − 1)
/// ```
///
/// (for `d ≥ 2` the bound before it increases in `(x·y)²`; for `d = 1` the variance is zero). Against `e^{x·y}` that is
/// `e^{2B}` times as much at most, and the square of the bias, `sup |f(t)/eᵗ − 1|` over `|t| ≤ B`, is added.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{ExpTaylor, FeatureMap, RandomMaclaurin, Role};
/// use rand::SeedableRng;
///
/// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(7);
/// let map = RandomMaclaurin::new(100, ExpTaylor::new(4)?.coefficients(), 512, rng)?;
/// assert_eq!(map.features_of_degree(0), 1);
/// let mut block = map.feature_block(1);
/// map.apply_block(Role::Key, Mat::zeros(1, 100).as_ref(), &mut block)?;
/// assert_eq!(block.squared_norms(), [1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// Kar and Karnick 2012, "Random feature maps for dot product kernels", Algorithm 1. The variance is derived here.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomMaclaurin {
    dim: usize,
    coefficients: Vec<f64>,
    degrees: Vec<Degree>,
}

/// The features of one degree.
#[derive(Debug, Clone, PartialEq)]
struct Degree {
    /// `n`.
    power: usize,
    /// `m_n`.
    count: usize,
    /// `√(c_n/m_n)`.
    factor: f64,
    /// Signs, one `(count, d)` matrix for each of the `n` factors of a feature.
    signs: Vec<Mat>,
}

impl RandomMaclaurin {
    /// `feature_count` features of `Σⱼ coefficients[j]·tʲ` on points of dimension `dim`.
    ///
    /// # Errors
    /// [`Error::ZeroDimension`], [`Error::NoCoefficients`], [`Error::DegreeTooLarge`],
    /// [`Error::CoefficientOutOfRange`] (each coefficient is zero or in `[1e-150, 1e150]`),
    /// [`Error::ZeroLeadingCoefficient`], and [`Error::RandomFeatureCount`] unless there is a feature for each degree
    /// with a coefficient; a polynomial without other terms than a constant has one feature.
    pub fn new<R: Rng + ?Sized>(
        dim: usize,
        coefficients: &[f64],
        feature_count: usize,
        rng: &mut R,
    ) -> Result<Self, Error> {
        check_dim(dim)?;
        check_coefficients(coefficients)?;
        let counts =
            divide(coefficients, feature_count, max_features(dim.saturating_mul(coefficients.len())))?;
        let kept = coefficients.iter().zip(counts).enumerate().filter(|(_, (_, count))| *count > 0);
        let draw = |(power, (&c, count)): (usize, (&f64, usize))| Degree {
            power,
            count,
            factor: (c / count as f64).sqrt(),
            signs: (0..power).map(|_| signs(count, dim, rng)).collect(),
        };
        let degrees = kept.map(draw).collect();
        Ok(Self { dim, coefficients: coefficients.to_vec(), degrees })
    }

    /// The coefficients `c₀ … c_g`.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        &self.coefficients
    }

    /// How many features there are of a degree.
    #[must_use]
    pub fn features_of_degree(&self, degree: usize) -> usize {
        self.degrees.iter().find(|of| of.power == degree).map_or(0, |of| of.count)
    }

    /// An upper bound of `Var[φ(x)·φ(y)]` for `‖x‖, ‖y‖ ≤ radius`, rounded outward.
    #[must_use]
    pub fn variance_bound(&self, radius: f64) -> f64 {
        let logit = max_logit(radius);
        let moment = 3.0 - 2.0 / self.dim as f64;
        let term = |of: &Degree| {
            let scaled = (0..of.power).fold(of.factor * of.factor, |value, _| value * logit);
            let excess = up((0..of.power).fold(1.0, |value, _| value * moment), 3 * of.power) - 1.0;
            of.count as f64 * scaled * scaled * up(excess, 1)
        };
        let sum = self.degrees.iter().map(term).sum();
        nan_to_infinity(up(sum, 3 * self.coefficients.len() + 10))
    }

    /// An upper bound of `f(d·radius²)`, which no squared norm exceeds.
    pub(super) fn squared_norm_bound(&self, radius: f64) -> f64 {
        let largest = up(self.dim as f64 * max_logit(radius), 1);
        let sum = self.coefficients.iter().rev().fold(0.0, |sum, &c| sum * largest + c);
        nan_to_infinity(up(sum, 2 * self.coefficients.len()))
    }

    /// Rows of scratch space.
    pub(super) fn scratch_rows(&self) -> usize {
        self.degrees.iter().filter(|of| of.power > 0).map(|of| of.count).max().unwrap_or(0)
    }

    /// Writes the features of checked points to `(feature_count, b)`.
    pub(super) fn write(
        &self,
        points: MatRef<'_>,
        mut features: MatMut<'_>,
        mut scratch: MatMut<'_>,
    ) -> Result<(), Error> {
        for of in &self.degrees {
            let (mut out, rest) = features.split_at_row(of.count);
            features = rest;
            out.fill(of.factor);
            for signs in &of.signs {
                let mut sums = scratch.reborrow().subrows(0..of.count);
                let into = sums.reborrow();
                matmul_nt_into(into, Accumulate::Replace, signs.as_ref(), points, Parallelism::Sequential)?;
                multiply(&mut out, sums.as_ref());
            }
        }
        Ok(())
    }
}

impl FeatureMap for RandomMaclaurin {
    fn dim(&self) -> usize {
        self.dim
    }

    fn feature_count(&self) -> usize {
        self.degrees.iter().map(|of| of.count).sum()
    }

    fn norm_bound(&self, radius: f64) -> NormBound {
        NormBound::Deterministic(up(self.squared_norm_bound(radius).sqrt(), 1))
    }

    fn kernel_error(&self, radius: f64) -> KernelError {
        let logit = max_logit(radius);
        rms_error(polynomial_error(&self.coefficients, logit), self.variance_bound(radius), logit)
    }

    fn feature_block(&self, max_points: usize) -> FeatureBlock {
        FeatureBlock::with_scratch(self.feature_count(), self.scratch_rows(), max_points)
    }

    fn apply_block(&self, _: Role, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        fill_block(self, self.scratch_rows(), points, out, |features, scratch| {
            self.write(points, features, scratch)
        })
    }
}

/// `√(bias² + e^{2B}·variance)`.
pub(super) fn rms_error(bias: f64, variance: f64, max_logit: f64) -> KernelError {
    let largest = exp_upper(max_logit);
    let rms = up((bias * bias + largest * largest * variance).sqrt(), 6);
    KernelError::RelativeRms(nan_to_infinity(rms))
}

pub(super) fn check_coefficients(coefficients: &[f64]) -> Result<(), Error> {
    let degree = coefficients.len().checked_sub(1).ok_or(Error::NoCoefficients)?;
    if degree > MonomialMap::MAX_DEGREE {
        return Err(Error::DegreeTooLarge { degree, max: MonomialMap::MAX_DEGREE });
    }
    for (degree, &value) in coefficients.iter().enumerate() {
        if value != 0.0 && !(1e-150..=1e150).contains(&value) {
            return Err(Error::CoefficientOutOfRange { degree, value });
        }
    }
    if coefficients[degree] == 0.0 { Err(Error::ZeroLeadingCoefficient { degree }) } else { Ok(()) }
}

/// Features of each degree: one for a constant; one for every other, and the rest in proportion to `c_n √(3ⁿ − 1)`.
///
/// What rounding down leaves goes to the degree of the largest weight.
fn divide(coefficients: &[f64], total: usize, max: usize) -> Result<Vec<usize>, Error> {
    let mut counts: Vec<usize> = coefficients.iter().map(|&c| usize::from(c != 0.0)).collect();
    let needed = counts.iter().sum();
    let is_constant = coefficients.len() == 1;
    check_count(total, needed, if is_constant { needed } else { max })?;
    let weights: Vec<f64> =
        coefficients.iter().zip(0..).map(|(c, n)| c * (3.0_f64.powi(n) - 1.0).sqrt()).collect();
    let sum: f64 = weights.iter().sum();
    let spare = total - needed;
    let mut left = spare;
    for (count, weight) in counts.iter_mut().zip(&weights).skip(1) {
        let share = ((spare as f64 * (weight / sum)) as usize).min(left);
        *count += share;
        left -= share;
    }
    let largest = (0..weights.len()).max_by(|&i, &j| weights[i].total_cmp(&weights[j]));
    if let Some(largest) = largest {
        counts[largest] += left;
    }
    Ok(counts)
}

/// `(count, dim)` independent signs.
fn signs<R: Rng + ?Sized>(count: usize, dim: usize, rng: &mut R) -> Mat {
    Mat::from_fn(count, dim, |_, _| if rng.random::<bool>() { 1.0 } else { -1.0 })
}

/// Entrywise, in place.
fn multiply(out: &mut MatMut<'_>, factors: MatRef<'_>) {
    for (i, row) in factors.rows().enumerate() {
        out.row_mut(i).iter_mut().zip(row).for_each(|(value, factor)| *value *= factor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_divided_without_rest_and_every_degree_has_one() {
        for total in [5, 6, 100, 1001] {
            let counts = divide(&[1.0, 1.0, 0.0, 1.0 / 6.0, 1e-9, 0.1], total, 2000).unwrap();
            assert_eq!(counts.iter().sum::<usize>(), total);
            assert_eq!((counts[0], counts[2]), (1, 0));
            assert!(counts.iter().enumerate().all(|(n, &count)| count > 0 || n == 2));
        }
        // √2 : ½·√8 is one to one, and 1 + 1 + 1 go first
        assert_eq!(divide(&[1.0, 1.0, 0.5], 103, 103).unwrap(), [1, 51, 51]);
    }

    #[test]
    fn a_constant_has_one_feature() {
        assert_eq!(divide(&[2.0], 1, 9).unwrap(), [1]);
        assert_eq!(divide(&[2.0], 2, 9), Err(Error::RandomFeatureCount { count: 2, min: 1, max: 1 }));
    }
}
