//! Random features of the NTK of a ReLU network.

use crate::finite::normal_matrix;
use crate::{Activation, Error, Network};
use dp_linalg::{Accumulate, Mat, MatMut, MatRef, Parallelism, matmul_nt_into};
use poly_kernel::{FeatureBlock, FeatureMap, KernelError, NormBound, Role};
use rand::{Rng, RngExt};

/// Random features of the ReLU NTK, `2m + 1` of them: `φ(x)·φ(y) ≈ Θ(x, y)`.
///
/// Features `ψˡ` of the covariance and `τˡ` of the tangent kernel follow the recursion of [`Kernel`](crate::Kernel), with
/// `ψ⁰ = τ⁰ = (√(σ_w²/d) x, σ_b)` and for each layer fresh normal `ω, ω′` and random signs `r`:
///
/// ```text
/// ψˡ⁺¹ = (√(σ_w²/m) max(0, ωₖ·ψˡ) for k ≤ m,  σ_b)
/// τˡ⁺¹ = (ψˡ⁺¹,  √(σ_w²/m) (rₖ·τˡ) [ω′ₖ·ψˡ > 0] for k ≤ m)
/// ```
///
/// # Error
/// For one hidden layer `φ(x)·φ(y)` is unbiased, with variance at most [`variance_bound`](Self::variance_bound),
/// `3σ_w⁴ Σ⁰(x, x) Σ⁰(y, y)/m`. Deeper, each layer is unbiased given the one before, and the error is of the order of `1/√m`; the squared
/// norm is at most `Θ(x, x)` in mean, and equal to it with a bias or one hidden layer. Without biases all neurons of a layer are silent at `x` with
/// probability `2⁻ᵐ`, and what the tangent features hold then is lost.
///
/// The kernel that [`FeatureMap::kernel_error`] speaks of is the exponential: what is said of it here is that nothing is known.
///
/// # Numbers
/// Features of a point with a NaN or an infinite entry mean nothing, and may be finite; those of other points in the block are what they
/// are without it.
///
/// # Cost
/// `d·m + depth·m²` operations a point. The last bits of features differ between processors.
///
/// ```
/// use dp_linalg::Mat;
/// use ntk_dp::{Activation, FeatureRidge, Network, ReluFeatures};
/// use rand::SeedableRng;
///
/// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(5);
/// let network = Network::new(Activation::Relu, 1, 2.0)?.with_bias_variance(0.1)?;
/// let map = ReluFeatures::draw(network, 3, 200, rng)?;
/// let points = Mat::from_fn(300, 3, |i, j| ((7 * i + 2 * j) as f64).sin());
/// let targets = Mat::from_fn(300, 1, |i, _| points.row(i).iter().map(|x| x.abs()).sum());
/// let mut sums = FeatureRidge::new(map, 1);
/// sums.add(points.as_ref(), targets.as_ref())?;
/// assert_eq!(sums.fit(0.1)?.predict(points.as_ref())?.shape(), (300, 1));
/// # Ok::<(), ntk_dp::Error>(())
/// ```
///
/// # References
/// After Zandieh et al. 2021, "Scaling neural tangent kernels via sketching and random features", with random signs in place of
/// sketches of tensor products; the variance is derived in the project's theorems.
#[derive(Debug, Clone, PartialEq)]
pub struct ReluFeatures {
    network: Network,
    dim: usize,
    count: usize,
    layers: Vec<Layer>,
}

/// Directions of one layer.
#[derive(Debug, Clone, PartialEq)]
struct Layer {
    /// `ω`, `(m, inputs)`.
    values: Mat,
    /// `ω′`, `(m, inputs)`.
    slopes: Mat,
    /// `r`, `(m, features of τ)`.
    signs: Mat,
}

impl ReluFeatures {
    /// `m = width` directions in each layer, on points of dimension `dim`.
    ///
    /// # Errors
    /// [`Error::Activation`] unless that of the network is [`Activation::Relu`], [`Error::NoColumns`], [`Error::Width`] for no direction.
    pub fn draw<R: Rng + ?Sized>(
        network: Network,
        dim: usize,
        width: usize,
        rng: &mut R,
    ) -> Result<Self, Error> {
        if network.activation() != Activation::Relu {
            return Err(Error::Activation);
        }
        if dim == 0 {
            return Err(Error::NoColumns);
        }
        if width == 0 {
            return Err(Error::Width);
        }
        let layer = |l: usize| {
            let inputs = if l == 0 { (dim + 1, dim + 1) } else { (width + 1, 2 * width + 1) };
            Layer {
                values: normal_matrix(width, inputs.0, rng),
                slopes: normal_matrix(width, inputs.0, rng),
                signs: Mat::from_fn(width, inputs.1, |_, _| if rng.random::<bool>() { 1.0 } else { -1.0 }),
            }
        };
        let layers: Vec<_> = (0..network.depth()).map(layer).collect();
        let count = if layers.is_empty() { dim + 1 } else { 2 * width + 1 };
        Ok(Self { network, dim, count, layers })
    }

    /// An upper bound of `Var[φ(x)·φ(y)]` for `‖x‖, ‖y‖ ≤ radius`; `+∞` beyond one hidden layer, where none is proven.
    #[must_use]
    pub fn variance_bound(&self, radius: f64) -> f64 {
        match &self.layers[..] {
            [] => 0.0,
            [layer] => {
                let bound = self.network.weight_variance() * self.first_variance(radius);
                outward(3.0 * bound * bound / layer.values.nrows() as f64)
            }
            _ => f64::INFINITY,
        }
    }

    /// `Σ⁰(x, x)` at `‖x‖ = radius`.
    fn first_variance(&self, radius: f64) -> f64 {
        self.network.weight_variance() / self.dim as f64 * (radius * radius) + self.network.bias_variance()
    }

    /// `Θ(x, x)` at `‖x‖ = radius`: half of each variance goes on.
    fn tangent(&self, radius: f64) -> f64 {
        let mut variance = self.first_variance(radius);
        let mut tangent = variance;
        for _ in &self.layers {
            variance = 0.5 * self.network.weight_variance() * variance + self.network.bias_variance();
            tangent = 0.5 * self.network.weight_variance() * tangent + variance;
        }
        tangent
    }

    /// `(√(σ_w²/d) x, σ_b)`, a row for each point.
    fn first(&self, points: MatRef<'_>) -> Mat {
        let scale = (self.network.weight_variance() / self.dim as f64).sqrt();
        let bias = self.network.bias_variance().sqrt();
        Mat::from_fn(
            points.nrows(),
            self.dim + 1,
            |i, j| if j < self.dim { scale * points[(i, j)] } else { bias },
        )
    }

    /// `τ` of each point, `(b, r)`.
    fn features(&self, points: MatRef<'_>) -> Result<Mat, dp_linalg::Error> {
        let mut covariance = self.first(points);
        let mut tangent = covariance.clone();
        for layer in &self.layers {
            (covariance, tangent) = self.next(layer, covariance.as_ref(), tangent.as_ref())?;
        }
        Ok(tangent)
    }

    /// `ψˡ⁺¹` and `τˡ⁺¹`.
    fn next(
        &self,
        layer: &Layer,
        covariance: MatRef<'_>,
        tangent: MatRef<'_>,
    ) -> Result<(Mat, Mat), dp_linalg::Error> {
        let width = layer.values.nrows();
        let scale = (self.network.weight_variance() / width as f64).sqrt();
        let bias = self.network.bias_variance().sqrt();
        let values = products(covariance, &layer.values)?;
        let slopes = products(covariance, &layer.slopes)?;
        let signs = products(tangent, &layer.signs)?;
        let next = Mat::from_fn(covariance.nrows(), width + 1, |i, k| {
            if k < width { scale * values[(i, k)].max(0.0) } else { bias }
        });
        let tangents =
            Mat::from_fn(covariance.nrows(), 2 * width + 1, |i, k| match k.checked_sub(width + 1) {
                None => next[(i, k)],
                Some(k) if slopes[(i, k)] > 0.0 => scale * signs[(i, k)],
                Some(_) => 0.0,
            });
        Ok((next, tangents))
    }
}

fn products(points: MatRef<'_>, directions: &Mat) -> Result<Mat, dp_linalg::Error> {
    let mut out = Mat::zeros(points.nrows(), directions.nrows());
    let (to, directions) = (out.as_mut(), directions.as_ref());
    matmul_nt_into(to, Accumulate::Replace, points, directions, Parallelism::Sequential)?;
    Ok(out)
}

/// More than what a few dozen correctly rounded operations on positive numbers lose.
fn outward(value: f64) -> f64 {
    value * (1.0 + 64.0 * f64::EPSILON)
}

impl FeatureMap for ReluFeatures {
    fn dim(&self) -> usize {
        self.dim
    }

    fn feature_count(&self) -> usize {
        self.count
    }

    /// `E‖φ(x)‖² ≤ Θ(x, x)`, which grows with `‖x‖`.
    fn norm_bound(&self, radius: f64) -> NormBound {
        let known = radius >= 0.0 && self.layers.len() <= 16;
        NormBound::Random { mean_square: if known { outward(self.tangent(radius)) } else { f64::INFINITY } }
    }

    fn kernel_error(&self, _: f64) -> KernelError {
        KernelError::RelativeRms(f64::INFINITY)
    }

    fn feature_block(&self, max_points: usize) -> FeatureBlock {
        FeatureBlock::with_scratch(self.count, 0, max_points)
    }

    fn apply_block(
        &self,
        _: Role,
        points: MatRef<'_>,
        out: &mut FeatureBlock,
    ) -> Result<(), poly_kernel::Error> {
        if points.ncols() != self.dim {
            return Err(poly_kernel::Error::Length { expected: self.dim, found: points.ncols() });
        }
        if out.feature_count() != self.count {
            return Err(poly_kernel::Error::Length { expected: self.count, found: out.feature_count() });
        }
        let features = self.features(points)?;
        out.fill(0, points.nrows(), |out, _| {
            transpose(features.as_ref(), out);
            Ok(())
        })
    }
}

fn transpose(from: MatRef<'_>, mut to: MatMut<'_>) {
    for a in 0..from.ncols() {
        to.row_mut(a).iter_mut().enumerate().for_each(|(i, entry)| *entry = from[(i, a)]);
    }
}
