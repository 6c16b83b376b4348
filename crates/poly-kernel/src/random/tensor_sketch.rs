//! `TensorSketch`: hashed tensor powers, by products of Fourier transforms.

use super::convolution::{Convolution, Spectra, Table, draw_table, hash};
use super::degrees::{Degree, Degrees, Variance};
use crate::{
    error::Error,
    feature_map::{FeatureMap, KernelError, NormBound, Role, fill_block},
    monomial::FeatureBlock,
};
use core::fmt;
use dp_linalg::{MatMut, MatRef};
use rand::Rng;
use realfft::RealFftPlanner;

/// Sketched features of a polynomial `f(x·y) = Σⱼ cⱼ (x·y)ʲ` with `cⱼ ≥ 0`, in time almost linear in `d` and in their
/// number.
///
/// The kernel `(x·y)ⁿ` is the dot product of tensor powers `x^{⊗n}`. Degree `n` hashes their `dⁿ` entries into `m_n` buckets
/// with random signs,
///
/// ```text
/// φ_n(x)_b = √c_n · Σ { s₁(i₁)⋯s_n(i_n) x_{i₁}⋯x_{i_n} : h₁(i₁) + … + h_n(i_n) ≡ b (mod m_n) },    E φ(x)·φ(y) = f(x·y)
/// ```
///
/// for independent tables of signs `s` and buckets `h`. That is the circular convolution of `n` hashed copies of `x`,
/// computed by Fourier transforms in `O(n(d + m_n log m_n))` a point, where
/// [`RandomMaclaurin`](crate::RandomMaclaurin) takes `O(n d m_n)`. The features are divided among degrees as there.
///
/// # Norm
/// `‖a ∗ b‖₂ ≤ ‖a‖₁‖b‖₂`, and hashing does not increase `‖x‖₁ ≤ √d‖x‖`. So `‖φ(x)‖² ≤ f(d‖x‖²)` for every point and every
/// draw, while `E‖φ(x)‖² = f(‖x‖²)`.
///
/// # Error
/// The expectation of four signs of one table is one if the indices pair up, else zero. In `E[(φ_n(x)·φ_n(y))²]` the indices
/// `(i, j; i′, j′)` at a place so have `i = j, i′ = j′` or `i = i′ ≠ j = j′` or `i = j′ ≠ j = i′`, which together contribute, with
/// `D = Σₖ xₖ²yₖ²`,
///
/// ```text
/// A = (x·y)²,      B = ‖x‖²‖y‖² − D,      C = (x·y)² − D.
/// ```
///
/// Both products survive if both pairs of hashes meet: always where all places are of the first kind, with probability `1/m` if the
/// others are all of the second kind or all of the third, and with `κ/m²`, `κ = gcd(2, m)`, if there are some of both, when
/// the hashes must solve `S + T = S − T = 0` modulo m. So, exactly,
///
/// ```text
/// Var[φ_n(x)·φ_n(y)]/c_n² = [(A + B)ⁿ + (A + C)ⁿ − 2Aⁿ]/m + κ[(A + B + C)ⁿ − (A + B)ⁿ − (A + C)ⁿ + Aⁿ]/m²
///                         ≤ R²ⁿ { [2(1 + q)ⁿ − 2]/m + κ[(2 + q)ⁿ − 2ⁿ − (1 + q)ⁿ + 1]/m² },   R = radius²,  q = 1 − 1/d.
/// ```
///
/// Proof of the bound, for `R = 1`: written as sums of products of A, B, C with coefficients that are not negative, both brackets
/// grow if each coordinate is replaced by its absolute value; and they grow with B and C, so with D at its least, `A/d`
/// (Cauchy and Schwarz). Then the derivative of the first in A is n times
/// `q(1 + qA)ⁿ⁻¹ + (1 + q)ⁿAⁿ⁻¹ − 2Aⁿ⁻¹ ≥ Aⁿ⁻¹(2q − 1) ≥ 0` for `d ≥ 2`, and `A = 1` is worst; for `d = 1` both are zero. In the second
/// `B ≤ 1`, `C ≤ q` and `A ≤ 1`. ∎ The first bracket is attained by equal points with equal coordinates. The bias is added as for
/// [`RandomMaclaurin`](crate::RandomMaclaurin).
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{ExpTaylor, FeatureMap, KernelError, Role, TensorSketch};
/// use rand::SeedableRng;
///
/// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(7);
/// let map = TensorSketch::new(100, ExpTaylor::new(4)?.coefficients(), 2048, rng)?;
/// assert!(matches!(map.kernel_error(0.5), KernelError::RelativeRms(error) if error < 0.02));
/// let mut block = map.feature_block(1);
/// map.apply_block(Role::Key, Mat::zeros(1, 100).as_ref(), &mut block)?;
/// assert_eq!(block.squared_norms(), [1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// Pham and Pagh 2013, "Fast and scalable polynomial kernels via explicit feature maps"; Avron, Nguyen and Woodruff 2014
/// bound the variance by `(2 + 3ⁿ)/m_n` times `‖x‖^{2n}‖y‖^{2n}`. The variance above is derived here.
#[derive(Clone)]
pub struct TensorSketch {
    degrees: Degrees,
    sketches: Vec<Sketch>,
}

impl TensorSketch {
    /// `feature_count` features of `Σⱼ coefficients[j]·tʲ` on points of dimension `dim`.
    ///
    /// # Errors
    /// As [`RandomMaclaurin::new`](crate::RandomMaclaurin::new).
    pub fn new<R: Rng + ?Sized>(
        dim: usize,
        coefficients: &[f64],
        feature_count: usize,
        rng: &mut R,
    ) -> Result<Self, Error> {
        // tables of d entries for each factor of each degree, shared by all features
        let tables = coefficients.len().saturating_mul(coefficients.len());
        let numbers = dim.saturating_mul(tables) / feature_count.max(1);
        let degrees = Degrees::new(dim, coefficients, feature_count, numbers, Variance::Hashed)?;
        let mut planner = RealFftPlanner::new();
        let sketches = degrees.kept().map(|of| Sketch::new(dim, of, &mut planner, rng)).collect();
        Ok(Self { degrees, sketches })
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
}

impl fmt::Debug for TensorSketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TensorSketch").field("degrees", &self.degrees).finish_non_exhaustive()
    }
}

impl FeatureMap for TensorSketch {
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
        FeatureBlock::with_scratch(self.feature_count(), 0, max_points)
    }

    fn apply_block(&self, _: Role, points: MatRef<'_>, out: &mut FeatureBlock) -> Result<(), Error> {
        fill_block(self, 0, points, out, |mut features, _| {
            for sketch in &self.sketches {
                let (out, rest) = features.split_at_row(sketch.len());
                features = rest;
                sketch.write(points, out);
            }
            Ok(())
        })
    }
}

/// The sketch of `√c · x^{⊗n}`.
#[derive(Clone)]
struct Sketch {
    /// `√c`.
    factor: f64,
    tables: Vec<Table>,
    convolution: Convolution,
}

impl Sketch {
    fn new<R: Rng + ?Sized>(dim: usize, of: Degree, planner: &mut RealFftPlanner<f64>, rng: &mut R) -> Self {
        Self {
            factor: of.coefficient.sqrt(),
            tables: (0..of.power).map(|_| draw_table(dim, of.count, rng)).collect(),
            convolution: Convolution::new(of.count, planner),
        }
    }

    fn len(&self) -> usize {
        self.convolution.len()
    }

    /// Writes the sketches of points to `(m, b)`.
    fn write(&self, points: MatRef<'_>, mut out: MatMut<'_>) {
        let mut sketch = vec![0.0; self.len()];
        let mut spectra = self.convolution.spectra();
        for (point, x) in points.rows().enumerate() {
            match &self.tables[..] {
                [] => sketch.fill(1.0),
                [table] => hash(table, x, &mut sketch),
                tables => self.convolve(tables, x, &mut sketch, &mut spectra),
            }
            for (bucket, value) in sketch.iter().enumerate() {
                out.row_mut(bucket)[point] = self.factor * value;
            }
        }
    }

    /// The circular convolution of the hashed copies of `x`.
    fn convolve(&self, tables: &[Table], x: &[f64], sketch: &mut [f64], spectra: &mut Spectra) {
        self.convolution.start(spectra);
        for table in tables {
            hash(table, x, sketch);
            self.convolution.multiply(spectra, sketch);
        }
        self.convolution.finish(spectra, sketch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_linalg::Mat;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// The sum over multi-indices of the definition, for degree three.
    fn naive(tables: &[Table], x: &[f64], len: usize) -> Vec<f64> {
        let mut out = vec![0.0; len];
        for (a, (h1, s1)) in tables[0].iter().enumerate() {
            for (b, (h2, s2)) in tables[1].iter().enumerate() {
                for (c, (h3, s3)) in tables[2].iter().enumerate() {
                    out[(h1 + h2 + h3) % len] += s1 * s2 * s3 * x[a] * x[b] * x[c];
                }
            }
        }
        out
    }

    #[test]
    fn transforms_give_the_sketch_of_the_definition() {
        for len in [1, 2, 3, 7, 8, 30, 97] {
            let rng = &mut ChaCha8Rng::seed_from_u64(len as u64);
            let map = TensorSketch::new(4, &[0.0, 0.0, 0.0, 4.0], len, rng).unwrap();
            let x = [0.5, -1.0, 0.25, 2.0];
            let mut block = map.feature_block(1);
            let point = Mat::from_vec(1, 4, x.to_vec()).unwrap();
            map.apply_block(Role::Key, point.as_ref(), &mut block).unwrap();
            for (value, exact) in block.as_ref().rows().zip(naive(&map.sketches[0].tables, &x, len)) {
                // ‖x‖₁³ = 53 times a few roundings for each of seven levels
                assert!((value[0] - 2.0 * exact).abs() < 1e-12, "{len} {value:?} {exact}");
            }
        }
    }
}
