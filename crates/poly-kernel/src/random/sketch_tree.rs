//! `SketchTree`: tensor powers sketched two factors at a time, for polynomials of a high degree.

mod second_moments;

use super::convolution::{Convolution, Spectra, Table, draw_table, hash};
use super::degrees::{Degree, Degrees, Variance};
use crate::{
    error::{Error, check_len},
    feature_map::{FeatureMap, KernelError, NormBound, Role, fill_block},
    monomial::FeatureBlock,
};
use core::fmt;
use dp_linalg::{MatMut, MatRef};
use rand::Rng;
use realfft::RealFftPlanner;
use second_moments::SecondMoments;

/// Sketched features of a polynomial `f(x·y) = Σⱼ cⱼ (x·y)ʲ` with `cⱼ ≥ 0`, whose variance grows linearly with the degree where
/// that of [`TensorSketch`](crate::TensorSketch) and [`RandomMaclaurin`](crate::RandomMaclaurin) grows exponentially.
///
/// The sketch `T_n(x)` of a tensor power `x^{⊗n}` is a binary tree over its factors. A node splits `n = ⌈n/2⌉ + ⌊n/2⌋`,
/// hashes either half into `m` buckets with random signs, and convolves:
///
/// ```text
/// T_n(x)_b = Σ { s₁(i)s₂(j) aᵢ bⱼ : h₁(i) + h₂(j) ≡ b (mod m) },   a = T_⌈n/2⌉(x),  b = T_⌊n/2⌋(x),  T₁(x) = x
/// φ_n(x) = √c_n · T_n(x),                                              E φ(x)·φ(y) = f(x·y)
/// ```
///
/// with tables of signs `s` and buckets `h` of its own. The root has `m_n` buckets, the features of degree `n`; these are
/// divided as for [`RandomMaclaurin`](crate::RandomMaclaurin), in proportion to `c_n √(n − 1)` (`c₁/√3` for `n = 1`). Nodes
/// below the root have `m'_n` buckets, the power of two from `max(m_n, 16n)` up: they are no features, and with fewer a degree
/// that has few features would err much. A point takes `O(nd + n m'_n log m'_n)` a degree, three transforms a node
/// where [`TensorSketch`](crate::TensorSketch) has one a factor. For `n ≤ 2` the two are the same. (Ahle et al. hash
/// the leaves first, and fill a tree of depth `⌈log₂ n⌉` with constant leaves; both only add to the variance.)
///
/// # Norm
/// As for [`TensorSketch`](crate::TensorSketch), at every node: `‖a ∗ b‖₁ ≤ ‖a‖₁‖b‖₁`, and hashing does not increase
/// `‖·‖₁`. So `‖φ_n(x)‖₂ ≤ √c_n ‖x‖₁ⁿ` and `‖φ(x)‖² ≤ f(d‖x‖²)` for every point and every draw, while
/// `E‖φ(x)‖² = f(‖x‖²)`.
///
/// # Error
/// Let `a` and `a'` be the sketches of `x` and `y` at a node, and
///
/// ```text
/// P = E(a·a')²,   Q = E‖a‖²‖a'‖²,   D = E Σₖ aₖ²a'ₖ²,   B = Q − D,   C = P − D,   κ = gcd(2, m).
/// ```
///
/// For the point itself, `P = (x·y)²`, `Q = ‖x‖²‖y‖²`, `D = Σₖ xₖ²yₖ²`. A node above 1 and 2 has exactly
///
/// ```text
/// P = P₁P₂ + [P₁(B₂ + C₂) + (B₁ + C₁)P₂ + B₁B₂ + C₁C₂]/m + κ[B₁C₂ + C₁B₂]/m²
/// Q = Q₁Q₂ + 2[Q₁C₂ + C₁Q₂ + C₁C₂]/m + 2κ C₁C₂/m²
/// D = D₁D₂ + [D₁(B₂ + 2C₂) + (B₁ + 2C₁)D₂ + B₁B₂ + 2C₁C₂]/m + 2[B₁C₂ + C₁B₂ + C₁C₂]/m²
/// ```
///
/// and [`variance`](Self::variance) is `Σ_n c_n²(P − (x·y)^{2n})` at the roots. For `‖x‖, ‖y‖ ≤ r`,
///
/// ```text
/// Var[φ_n(x)·φ_n(y)] ≤ c_n² r^{4n} (ρ(m_n) ρ(m'_n)^{n−2} − 1),     ρ(m) = 1 + 6/m + 2κ/m²,     n ≥ 2,
/// ```
///
/// and `c₁² r⁴ (2 − 2/d)/m₁` for `n = 1`. With as many buckets below as at the root that is about `6(n − 1)/m_n`. The bias is
/// added as for [`RandomMaclaurin`](crate::RandomMaclaurin).
///
/// *Proof.* The vectors below a node are independent of each other and of its tables; let them be given. `P` sums
/// `E[s(I)s(J)s(K)s(L)] P[h(I) = h(J), h(K) = h(L)] u_I u'_J u_K u'_L` over pairs of indices `I = (i₁, i₂)` and so on, with
/// `u = a ⊗ b`, `s(I) = s₁(i₁)s₂(i₂)` and `h(I) = h₁(i₁) + h₂(i₂)`. The signs leave, at each of the two places,
///
/// ```text
/// A: i = j, k = l        B: i = k ≠ j = l        C: i = l ≠ j = k        with the sums P₁, B₁, C₁ at the first place.
/// ```
///
/// With `δ = h(i) − h(j)` at a place, `δ = h(k) − h(l) = 0` for A; for B, `δ` is uniform and equals `h(k) − h(l)`; for C, it
/// is uniform and equals the negative. So AA happens with probability one, AB, AC, BB and CC with `1/m`; BC asks for
/// `δ₁ + δ₂ ≡ 0 ≡ δ₁ − δ₂`, that is `2δ₁ ≡ 0` and `δ₂ ≡ −δ₁`: `κ/m²`. For `Q`, where `J` goes with `I` and `L` with
/// `K`, the same patterns have the sums `Q₁, C₁, C₁`. For `D`, where all four share a bucket, the patterns are `i = j = k = l`
/// (sum `D₁`), `i = j ≠ k = l`, B and C (sums `B₁, C₁, C₁`); the probability is one for the first at both places, `1/m` for the
/// first at one of them or the same at both, else `1/m²`. Expectations of products over independent halves are products.
///
/// For the bound, `D = 0` on the right only adds: for given vectors `0 ≤ Dᵢ ≤ Qᵢ`, and the terms left out are, times
/// `m`, at most `2D₁D₂ − Q₁D₂ − D₁Q₂ ≤ 0` for `P` (the same for its `B₁C₂ + C₁B₂`) and, with `κ ≤ m`,
/// `2(2D₁D₂ − Q₁D₂ − D₁Q₂) ≤ 0` for `Q`. What remains has coefficients `≥ 0`. So at the root `P − (x·y)^{2n}` is at most a
/// polynomial in `(x·y)²` and `‖x‖²‖y‖²` with coefficients `≥ 0` (that of `(x·y)^{2n}` in `P` is at least one), largest for
/// `(x·y)² = ‖x‖²‖y‖² = r⁴`, where every node has `P = Q` and multiplies by `ρ`. For `n = 1` the second half is the number
/// one: `P = (x·y)² + (B₁ + C₁)/m`, and `D₁ ≥ (x·y)²/d`. ∎
///
/// # When to use
/// For logits beyond one or two, where degrees of four and more count. Features are divided for logits of about one: divide
/// vectors by their radius `r`, and give `cⱼ r^{2j}` for coefficients. ([`kernel_error`](FeatureMap::kernel_error) then is about
/// another kernel, and `variance_bound(1.0)` about this one.)
///
/// Against [`TensorSketch`](crate::TensorSketch) with as many features, for `tⁿ` and unit vectors in dimension 64, its error over
/// that of this map; `cargo xtask verify --only kernel.random.high_degree` measures one entry:
///
/// | | features, points | `n` = 2 | 3 | 4 | 6 | 8 | 12 | 16 |
/// |---|---|---|---|---|---|---|---|---|
/// | variance (exact) | 64, `x = y` | 1.0 | 1.1 | 1.6 | 7.0 | 24 | 920 | 39 000 |
/// | | 1024, `x = y` | 1.0 | 1.2 | 1.6 | 4.1 | 12 | 120 | 2 000 |
/// | | 1024, `x·y = 0.7` | 1.0 | 1.2 | 1.9 | 5.3 | 16 | 100 | 560 |
/// | | 1024, `x·y = 0` | 1.0 | 0.97 | 0.94 | 0.91 | 0.88 | 0.83 | 0.78 |
/// | median `\|error\|` | 1024, `x = y` | 1.0 | 1.1 | 1.2 | 1.6 | 2.1 | 3.1 | 3.6 |
/// | (4 000 draws) | 1024, `x·y = 0.7` | 1.0 | 1.0 | 1.3 | 1.8 | 2.0 | 1.4 | 0.75 |
///
/// The variance of a tensor sketch of a high degree is that of rare draws; most of its draws come out near zero. For Taylor's
/// polynomial of degree 16, divided as above, and 1024 features:
///
/// | | points | `r²` = 1 | 2 | 4 | 8 |
/// |---|---|---|---|---|---|
/// | variance (exact) | `x = y` | 1.2 | 1.7 | 5.1 | 110 |
/// | | `x·y = r²/2` | 1.2 | 1.6 | 3.9 | 27 |
/// | | `x·y = 0` | 1.2 | 1.5 | 2.8 | 5.9 |
/// | median `\|error\|` | `x = y` | 1.1 | 1.3 | 1.9 | 4.3 |
/// | (6 000 draws) | `x·y = r²/2` | 1.1 | 1.3 | 1.9 | 1.8 |
///
/// A point took 2 to 6 times as long there. Below logits of one there is little to gain, and
/// [`TensorSketch`](crate::TensorSketch) is the better choice.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{ExpTaylor, FeatureMap, Role, SketchTree, TensorSketch};
/// use rand::SeedableRng;
///
/// // e^{4x·y} on the unit ball
/// let taylor = ExpTaylor::new(12)?;
/// let coefficients: Vec<f64> = taylor.coefficients().iter().zip(0..).map(|(c, j)| c * 4_f64.powi(j)).collect();
/// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(7);
/// let map = SketchTree::new(100, &coefficients, 2048, rng)?;
/// let flat = TensorSketch::new(100, &coefficients, 2048, rng)?;
/// assert!(map.variance_bound(1.0) < 0.25 * flat.variance_bound(1.0));
///
/// let mut block = map.feature_block(1);
/// map.apply_block(Role::Key, Mat::zeros(1, 100).as_ref(), &mut block)?;
/// assert_eq!(block.squared_norms(), [1.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
/// Ahle, Kapralov, Knudsen, Pagh, Velingker, Woodruff and Zandieh 2020, "Oblivious sketching of high-degree polynomial
/// kernels", SODA. The moments and the bound above are derived here.
#[derive(Clone)]
pub struct SketchTree {
    degrees: Degrees,
    sketches: Vec<Sketch>,
}

impl SketchTree {
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
        // for each factor of each degree a table of d entries, and nearly as many of at most 2m_n that are worth counting
        let degrees = coefficients.len();
        let of_points = dim.saturating_mul(degrees.saturating_mul(degrees)) / feature_count.max(1);
        let numbers = of_points.saturating_add(2 * degrees);
        let degrees = Degrees::new(dim, coefficients, feature_count, numbers, Variance::TwoByTwo)?;
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

    /// `Var[φ(x)·φ(y)]` over the draws of a map of this shape, up to rounding: it is computed as a difference from
    /// `c_n²(x·y)^{2n}`.
    ///
    /// # Errors
    /// [`Error::Length`] if a point has another dimension.
    pub fn variance(&self, x: &[f64], y: &[f64]) -> Result<f64, Error> {
        check_len(self.degrees.dim(), x.len())?;
        check_len(self.degrees.dim(), y.len())?;
        let points = SecondMoments::of_points(x, y);
        let of_degree = |of: Degree| {
            let square = (0..of.power).fold(1.0, |power, _| power * points.product);
            let sketched = points.sketched(of.power, of.count, of.inner_buckets());
            of.coefficient * of.coefficient * (sketched.product - square)
        };
        Ok(self.degrees.kept().map(of_degree).sum())
    }
}

impl fmt::Debug for SketchTree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SketchTree").field("degrees", &self.degrees).finish_non_exhaustive()
    }
}

impl FeatureMap for SketchTree {
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
                let (out, rest) = features.split_at_row(sketch.root.len());
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
    root: Node,
}

/// A product of what is below, each factor hashed: none for `n = 0`, the point for `n = 1`, else two halves.
#[derive(Clone)]
struct Node {
    factors: Vec<Factor>,
    convolution: Convolution,
}

#[derive(Clone)]
struct Factor {
    /// The point itself if there is none.
    below: Option<Node>,
    table: Table,
}

/// Work space of a node: what is below, one factor at a time, and the product.
struct Level {
    below: Vec<f64>,
    spectra: Spectra,
}

/// `n = ⌈n/2⌉ + ⌊n/2⌋`.
const fn halves(power: usize) -> [usize; 2] {
    [power.div_ceil(2), power / 2]
}

impl Sketch {
    fn new<R: Rng + ?Sized>(dim: usize, of: Degree, planner: &mut RealFftPlanner<f64>, rng: &mut R) -> Self {
        let [root, inner] = [of.count, of.inner_buckets()].map(|len| Convolution::new(len, planner));
        Self { factor: of.coefficient.sqrt(), root: Node::new(of.power, dim, root, &inner, rng) }
    }

    /// Writes the sketches of points to `(m, b)`.
    fn write(&self, points: MatRef<'_>, mut out: MatMut<'_>) {
        let mut levels = self.root.levels();
        let mut sketch = vec![0.0; self.root.len()];
        for (point, x) in points.rows().enumerate() {
            self.root.write(x, &mut levels, &mut sketch);
            for (bucket, value) in sketch.iter().enumerate() {
                out.row_mut(bucket)[point] = self.factor * value;
            }
        }
    }
}

impl Node {
    /// A tree whose nodes convolve as `own`, and below the root as `inner`.
    fn new<R: Rng + ?Sized>(
        power: usize,
        dim: usize,
        own: Convolution,
        inner: &Convolution,
        rng: &mut R,
    ) -> Self {
        let mut factor = |power| {
            let below = (power > 1).then(|| Self::new(power, dim, inner.clone(), inner, rng));
            let entries = below.as_ref().map_or(dim, Self::len);
            Factor { below, table: draw_table(entries, own.len(), rng) }
        };
        let factors = match power {
            0 => Vec::new(),
            1 => vec![factor(1)],
            _ => halves(power).map(factor).into(),
        };
        Self { factors, convolution: own }
    }

    fn len(&self) -> usize {
        self.convolution.len()
    }

    /// One for each depth. The first half of a power is the larger: no way down is longer than by the first factors.
    fn levels(&self) -> Vec<Level> {
        let first = self.factors.first().and_then(|factor| factor.below.as_ref());
        let below = vec![0.0; first.map_or(0, Self::len)];
        let mut levels = vec![Level { below, spectra: self.convolution.spectra() }];
        levels.extend(first.map_or_else(Vec::new, Self::levels));
        levels
    }

    /// Writes the sketch of a point.
    fn write(&self, x: &[f64], levels: &mut [Level], out: &mut [f64]) {
        if let [Factor { below: None, table }] = &self.factors[..] {
            return hash(table, x, out);
        }
        let (level, deeper) = levels.split_first_mut().expect("there is a level for each depth");
        self.convolution.start(&mut level.spectra);
        for Factor { below, table } in &self.factors {
            match below {
                None => hash(table, x, out),
                Some(node) => {
                    node.write(x, deeper, &mut level.below);
                    hash(table, &level.below, out);
                }
            }
            self.convolution.multiply(&mut level.spectra, out);
        }
        self.convolution.finish(&mut level.spectra, out);
    }
}

#[cfg(test)]
mod tests;
