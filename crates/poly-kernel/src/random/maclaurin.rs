//! `RandomMaclaurin`: products of random signed sums, degree by degree.

use super::degrees::{Degrees, Variance};
use crate::{
    error::Error,
    feature_map::{FeatureMap, KernelError, NormBound, Role, fill_block},
    monomial::FeatureBlock,
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
/// the degree of each feature at random; fixed numbers in the same proportions have the same mean and, by stratification,
/// no larger variance.)
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
    degrees: Degrees,
    /// For each kept degree `n` the signs, one `(m_n, d)` matrix for each of the `n` factors of a feature.
    signs: Vec<Vec<Mat>>,
}

impl RandomMaclaurin {
    /// `feature_count` features of `Σⱼ coefficients[j]·tʲ` on points of dimension `dim`.
    ///
    /// # Errors
    /// [`Error::ZeroDimension`], [`Error::NoCoefficients`], [`Error::DegreeTooLarge`],
    /// [`Error::CoefficientOutOfRange`] (each coefficient is zero or in `[1e-150, 1e150]`),
    /// [`Error::ZeroLeadingCoefficient`], and [`Error::RandomFeatureCount`] unless there is a feature for each degree
    /// with a coefficient, and no more than 2²⁰ or `2²⁸/(d(g + 1))` at degree `g`; a polynomial without other terms than a
    /// constant has one feature.
    pub fn new<R: Rng + ?Sized>(
        dim: usize,
        coefficients: &[f64],
        feature_count: usize,
        rng: &mut R,
    ) -> Result<Self, Error> {
        let degrees = Self::divided(dim, coefficients, feature_count)?;
        let mut draw = |count| Mat::from_fn(count, dim, |_, _| if rng.random::<bool>() { 1.0 } else { -1.0 });
        let signs = degrees.kept().map(|of| (0..of.power).map(|_| draw(of.count)).collect()).collect();
        Ok(Self { degrees, signs })
    }

    /// The features of each degree, before any is drawn.
    pub(super) fn divided(dim: usize, coefficients: &[f64], feature_count: usize) -> Result<Degrees, Error> {
        let numbers = Self::numbers(dim, coefficients.len().saturating_sub(1));
        Degrees::new(dim, coefficients, feature_count, numbers, Variance::AtOnce)
    }

    /// Numbers that a feature is charged for, whatever its degree.
    pub(super) const fn numbers(dim: usize, degree: usize) -> usize {
        dim.saturating_mul(degree + 1)
    }

    /// The coefficients `c₀ … c_g`.
    #[must_use]
    pub fn coefficients(&self) -> &[f64] {
        self.degrees.coefficients()
    }

    /// How many features there are of a degree.
    #[must_use]
    pub fn features_of_degree(&self, degree: usize) -> usize {
        self.degrees.features_of_degree(degree)
    }

    /// An upper bound of `Var[φ(x)·φ(y)]` for `‖x‖, ‖y‖ ≤ radius`, rounded outward.
    #[must_use]
    pub fn variance_bound(&self, radius: f64) -> f64 {
        self.degrees.variance_bound(radius)
    }

    /// An upper bound of `f(d·radius²)`, which no squared norm exceeds.
    pub(super) fn squared_norm_bound(&self, radius: f64) -> f64 {
        self.degrees.squared_norm_bound(radius)
    }

    /// Rows of scratch space.
    pub(super) fn scratch_rows(&self) -> usize {
        self.degrees.kept().filter(|of| of.power > 0).map(|of| of.count).max().unwrap_or(0)
    }

    /// Writes the features of checked points to `(feature_count, b)`.
    pub(super) fn write(
        &self,
        points: MatRef<'_>,
        mut features: MatMut<'_>,
        mut scratch: MatMut<'_>,
    ) -> Result<(), Error> {
        for (of, factors) in self.degrees.kept().zip(&self.signs) {
            let (mut out, rest) = features.split_at_row(of.count);
            features = rest;
            out.fill((of.coefficient / of.count as f64).sqrt());
            for signs in factors {
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
        self.degrees.dim()
    }

    fn feature_count(&self) -> usize {
        self.degrees.feature_count()
    }

    fn norm_bound(&self, radius: f64) -> NormBound {
        self.degrees.norm_bound(radius)
    }

    fn kernel_error(&self, radius: f64) -> KernelError {
        self.degrees.kernel_error(radius)
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

/// Entrywise, in place.
fn multiply(out: &mut MatMut<'_>, factors: MatRef<'_>) {
    for (i, row) in factors.rows().enumerate() {
        out.row_mut(i).iter_mut().zip(row).for_each(|(value, factor)| *value *= factor);
    }
}
