//! How far features move where a point moves: `‖φ(x) − φ(x')‖` for a kernel `K(x, y) = ⟨φ(x), φ(y)⟩`.

use crate::kernel::Form;
use crate::{Activation, Kernel, Network};
use core::f64::consts::{E, FRAC_2_PI, PI};

/// Covers the roundings of a recursion of up to a million layers, and those of its constants.
const OUTWARD: f64 = 1.0 + 1e-9;

/// Upper bound on `√(K(x, x) + K(x', x') − 2K(x, x'))` over points of dimension `dim` and norm at most `radius` that are at most `step`
/// apart, given as `(radius, step)`.
///
/// | kernel | bound for small steps b | |
/// |---|---|---|
/// | [`quadratic`](Kernel::quadratic) | `2σRb(1 − b/2R)` | attained |
/// | [`nngp`](Kernel::nngp) of ReLU | `b√(σ_w²/d)·(σ_w/√2)^{depth}` | attained along the point, without bias |
/// | [`nngp`](Kernel::nngp) of erf, GELU, x² | proportional to b | |
/// | [`ntk`](Kernel::ntk) of erf, GELU, x² | proportional to b | |
/// | [`ntk`](Kernel::ntk) of (leaky) ReLU | proportional to `√b` | no bound proportional to b exists |
///
/// The last line is no weakness of proof: the derivative of a ReLU jumps, so that the tangent features of two points at an angle θ
/// differ by about `√θ`.
///
/// # Guarantee
/// The recursion over layers and its proof: docs/theorems.md, *Close points*. Rounded outward, in floating point.
///
/// ```
/// use ntk_dp::{Activation, Kernel, Network, private::close::feature_move};
///
/// let quadratic = Kernel::quadratic(1.0)?;
/// assert!((feature_move(&quadratic, 5, (1.0, 1e-3)) / 1.999e-3 - 1.0).abs() < 1e-8);
/// let relu = Kernel::ntk(Network::new(Activation::Relu, 1, 2.0)?);
/// let [near, nearer] = [1e-4, 1e-6].map(|step| feature_move(&relu, 5, (1.0, step)));
/// assert!((near / nearer - 10.0).abs() < 0.2); // the root of a hundred
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[must_use]
pub fn feature_move(kernel: &Kernel, dim: usize, (radius, step): (f64, f64)) -> f64 {
    if !(radius >= 0.0 && step >= 0.0) {
        return f64::INFINITY;
    }
    let step = step.min(2.0 * radius);
    let moved = match &kernel.form {
        Form::SquaredProduct(variance) => variance.sqrt() * of_squares(radius, step),
        Form::Covariance(network) => Layer::last(network, dim, (radius, step)).covariance_move,
        Form::Tangent(network) => Layer::last(network, dim, (radius, step)).tangent_move,
    };
    moved.min(2.0 * largest_value(kernel, dim, radius).sqrt()) * OUTWARD
}

/// Upper bound of `K(x, x)` over the ball.
pub(super) fn largest_value(kernel: &Kernel, dim: usize, radius: f64) -> f64 {
    let of = |network| Layer::last(network, dim, (radius, 0.0));
    match &kernel.form {
        Form::SquaredProduct(variance) => variance * radius.powi(4),
        Form::Covariance(network) => of(network).covariance * OUTWARD,
        Form::Tangent(network) => of(network).tangent * OUTWARD,
    }
}

/// The largest `‖xxᵀ − x'x'ᵀ‖_F` over points of the ball that are at most `step` apart.
///
/// *Proof.* With `s = (x + x')/2`, `δ = x − x'`, `‖δ‖ = t`: `xxᵀ − x'x'ᵀ = sδᵀ + δsᵀ`, of squared norm `2t²(‖s‖² + u²)` where `tu = ⟨s, δ⟩`,
/// `|u| ≤ ‖s‖` and `‖s‖² + t|u| + t²/4 ≤ R²`. At fixed t that is at most `2t²(R² − t²/4 − t|u| + u²)`, convex in `|u|`, so largest at one of
/// its ends: `u = 0`, or `|u| = ‖s‖ = R − t/2`. Up to `t = 2R/3` it is the second: `t(2R − t)`, and both rise; beyond the first: `t√(2R² − t²/2)`,
/// up to `√2·R²` at `t = √2·R`, two points at right angles. ∎
fn of_squares(radius: f64, step: f64) -> f64 {
    if step <= radius * (2.0 / 3.0) {
        step * (2.0 * radius - step)
    } else {
        let step = step.min(2.0_f64.sqrt() * radius);
        step * (2.0 * radius * radius - 0.5 * step * step).max(0.0).sqrt()
    }
}

/// Bounds of one layer: both kernels of a point with itself, and how far both kernels' features move.
#[derive(Debug, Clone, Copy)]
struct Layer {
    index: usize,
    covariance: f64,
    tangent: f64,
    covariance_move: f64,
    tangent_move: f64,
}

/// What is used of an activation `φ`, for inputs of variance up to some `V` and pairs `(u, v)` that are close.
struct Smoothness {
    /// `E[φ(u)²]` at variance V, where it is largest.
    value: f64,
    /// `E[φ′(u)²] ≤` this.
    slope: f64,
    /// `E(φ(u) − φ(v))² ≤` this times `E(u − v)²`.
    lipschitz: f64,
    /// `φ′`.
    derivative: Derivative,
}

enum Derivative {
    /// `E(φ′(u) − φ′(v))² ≤` this times `E(u − v)²`.
    Lipschitz(f64),
    /// `E(φ′(u) − φ′(v))²` is this times the probability that `u` and `v` differ in sign.
    Jump(f64),
}

impl Smoothness {
    /// For odd functions and even ones, and by symmetry for all: `E f(u, v) = ½E[f(u, v) + f(−u, −v)]`, so that half the largest
    /// `φ′(s)² + φ′(−s)²` does for `φ′(s)²`.
    fn new(activation: Activation, variance: f64) -> Self {
        let value = activation.expectations(variance, variance, variance).value;
        let kinked = |slope: f64| {
            let square = 0.5 * (1.0 + slope * slope);
            let derivative = Derivative::Jump((1.0 - slope) * (1.0 - slope));
            Self { value, slope: square, lipschitz: square, derivative }
        };
        let smooth = |slope, curvature| Self {
            value,
            slope,
            lipschitz: slope,
            derivative: Derivative::Lipschitz(curvature),
        };
        match activation {
            Activation::Relu => kinked(0.0),
            Activation::LeakyRelu { slope } => kinked(slope),
            // φ′(0)² = 4/π, and φ″(s) = −(4/√π)s·e^{−s²} is largest at s² = ½
            Activation::Erf => smooth(4.0 / PI, 8.0 / (PI * E)),
            // φ′(−s) = 1 − φ′(s), and φ′ ≤ Φ(√2) + √2·n(√2) < 1.129; φ″(s) = (2 − s²)n(s) is largest at 0
            Activation::Gelu => smooth(0.5 * (1.129 * 1.129 + 0.129 * 0.129), FRAC_2_PI),
            // E(u² − v²)² = (a − b)² + 2(a² + b² − 2c²) ≤ 4V·E(u − v)² + 8V·E(u − v)²
            Activation::Quadratic => Self {
                value,
                slope: 4.0 * variance,
                lipschitz: 12.0 * variance,
                derivative: Derivative::Lipschitz(4.0),
            },
        }
    }
}

impl Layer {
    fn last(network: &Network, dim: usize, (radius, step): (f64, f64)) -> Self {
        let per_dim = network.weight_variance() / dim as f64;
        let (value, moved) = (per_dim * radius * radius + network.bias_variance(), per_dim.sqrt() * step);
        let first =
            Self { index: 0, covariance: value, tangent: value, covariance_move: moved, tangent_move: moved };
        (0..network.depth()).fold(first, |layer, _| layer.next(network))
    }

    /// Features of `Θˡ⁺¹ = Θˡ·σ_w²E[φ′φ′] + Σˡ⁺¹` are products of features, beside those of `Σˡ⁺¹`, and
    /// `‖a⊗b − a'⊗b'‖ ≤ ‖a − a'‖‖b‖ + ‖a'‖‖b − b'‖`, for whichever point is x'.
    fn next(self, network: &Network) -> Self {
        let weight = network.weight_variance();
        let smooth = Smoothness::new(network.activation(), self.covariance);
        let covariance = weight * smooth.value + network.bias_variance();
        let covariance_move = (weight * smooth.lipschitz).sqrt() * self.covariance_move;
        let from_derivative = match smooth.derivative {
            Derivative::Lipschitz(square) => (self.tangent * weight * square).sqrt() * self.covariance_move,
            // with x' the shorter: Θˡ(x', x') ≤ (l + 1)Σˡ(x', x'), and θ/π ≤ ½‖difference‖/‖shorter‖
            Derivative::Jump(square) => {
                let products = self.covariance.sqrt() * self.covariance_move;
                ((self.index + 1) as f64 * weight * square * 0.5 * products).sqrt()
            }
        };
        let product = (weight * smooth.slope).sqrt() * self.tangent_move + from_derivative;
        Self {
            index: self.index + 1,
            covariance,
            tangent: weight * smooth.slope * self.tangent + covariance,
            covariance_move,
            tangent_move: (product * product + covariance_move * covariance_move).sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distance(kernel: &Kernel, x: &[f64], y: &[f64]) -> f64 {
        let of = |x, y| kernel.value(x, y).unwrap();
        (of(x, x) + of(y, y) - 2.0 * of(x, y)).max(0.0).sqrt()
    }

    #[test]
    fn squares_attain_their_bound_at_both_ends() {
        let kernel = Kernel::quadratic(2.0).unwrap();
        for (step, x, y) in [
            (0.1, [1.0, 0.0], [0.9, 0.0]),
            (0.6, [1.0, 0.0], [0.4, 0.0]),
            (1.0, [0.75_f64.sqrt(), 0.5], [0.75_f64.sqrt(), -0.5]),
            (1.5, [0.5_f64.sqrt(), 0.5_f64.sqrt()], [0.5_f64.sqrt(), -(0.5_f64.sqrt())]),
        ] {
            let ratio = distance(&kernel, &x, &y) / feature_move(&kernel, 2, (1.0, step));
            assert!(ratio > 1.0 - 1e-7 && ratio <= 1.0, "{step}: {ratio}");
        }
    }

    #[test]
    fn a_gaussian_process_of_relus_attains_its_bound_along_the_point() {
        let kernel = Kernel::nngp(Network::new(Activation::Relu, 3, 1.7).unwrap());
        let ratio = distance(&kernel, &[0.9, 0.0], &[1.0, 0.0]) / feature_move(&kernel, 2, (1.0, 0.1));
        assert!(ratio > 1.0 - 1e-6 && ratio <= 1.0, "{ratio}");
    }

    #[test]
    fn values_and_moves_of_the_identity_are_those_of_a_linear_model() {
        let line = Network::new(Activation::LeakyRelu { slope: 1.0 }, 2, 1.0).unwrap();
        let kernel = Kernel::ntk(line);
        assert!((largest_value(&kernel, 4, 2.0) / 3.0 - 1.0).abs() < 1e-8);
        // φ = √3·x/2, but the triangle inequality adds what is parallel here
        assert!(feature_move(&kernel, 4, (2.0, 0.1)) < 0.1 * 3.0_f64.sqrt() / 2.0 * (1.0 + 1e-8));
    }

    #[test]
    fn nothing_is_promised_of_no_numbers() {
        let kernel = Kernel::quadratic(1.0).unwrap();
        for (radius, step) in [(f64::NAN, 0.1), (1.0, f64::NAN), (1.0, -1.0)] {
            assert_eq!(feature_move(&kernel, 3, (radius, step)), f64::INFINITY);
        }
        assert_eq!(feature_move(&kernel, 3, (1.0, 0.0)), 0.0);
    }
}
