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
/// For multi-indices `I ≠ J` the probability of one bucket is `1/m_n`, whatever else is known of the signs. The
/// expectation of four products of signs is one if at every place the four indices pair up, else zero. Hence, with
/// `|x|·|y|` for `Σₖ|xₖyₖ|`,
///
/// ```text
/// Var[φ_n(x)·φ_n(y)] ≤ (c_n²/m_n) [ (‖x‖²‖y‖² + 2(|x|·|y|)² − 2Σₖ xₖ²yₖ²)ⁿ − (|x|·|y|)^{2n} ]
///                    ≤ (c_n²/m_n) B^{2n} ((3 − 2/d)ⁿ − 1),      B = radius²,
/// ```
///
/// the second step as for [`RandomMaclaurin`](crate::RandomMaclaurin); `n = 1` attains the first. The bias is added as
/// there.
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
/// bound the variance by `(2 + 3ⁿ)/m_n` times `‖x‖^{2n}‖y‖^{2n}`. The bound above is derived here.
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
        let degrees = Degrees::new(dim, coefficients, feature_count, numbers, Variance::AtOnce)?;
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
