//! How far features move where a point moves: `‖φ(x) − φ(x')‖` for a kernel `K(x, y) = ⟨φ(x), φ(y)⟩`. And how large kernel values are, and how far
//! off by rounding.

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
/// | [`quadratic`](Kernel::quadratic) | `2σRb(1 − b/2R)` | attained, as is the bound for large ones |
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
        Form::SquaredProduct(variance) => variance.sqrt() * of_squares(dim, (radius, step)),
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

/// Upper bound on the variance that a point of the ball has at any layer.
pub(super) fn largest_variance(kernel: &Kernel, dim: usize, radius: f64) -> f64 {
    match &kernel.form {
        Form::SquaredProduct(_) => 0.0,
        Form::Covariance(network) | Form::Tangent(network) => {
            // what overflows is infinite first, and only then no number
            Layer::all(network, dim, (radius, 0.0)).map(|layer| layer.covariance).fold(0.0, f64::max)
                * OUTWARD
        }
    }
}

/// Upper bound on how far a kernel value of two points of the ball is from the exact one: by rounding, and with constants to spare.
///
/// # Guarantee
/// The recursion over layers and its derivation: docs/theorems.md, *Close points*.
pub(super) fn value_rounding(kernel: &Kernel, dim: usize, radius: f64) -> f64 {
    let of = |network| Layer::last(network, dim, (radius, 0.0));
    match &kernel.form {
        // a dot product, off by 2du, squared
        Form::SquaredProduct(_) => {
            product_rounding(dim, ROUNDINGS) * 2.0 * largest_value(kernel, dim, radius)
        }
        Form::Covariance(network) => of(network).covariance_rounding,
        Form::Tangent(network) => of(network).tangent_rounding,
    }
}

/// More than the roundings of one layer.
const ROUNDINGS: f64 = 16.0;

/// Of a dot product with both norms, and of so many operations more.
fn product_rounding(dim: usize, operations: f64) -> f64 {
    (dim as f64 + operations) * f64::EPSILON
}

/// The largest `‖xxᵀ − x'x'ᵀ‖_F` over points of the ball that are at most `step` apart; attained.
///
/// *Proof.* With `s = (x + x')/2`, `δ = x − x'`, `‖δ‖ = t`: `xxᵀ − x'x'ᵀ = sδᵀ + δsᵀ`, of squared norm `2t²(‖s‖² + u²)` where `tu = ⟨s, δ⟩`,
/// `|u| ≤ ‖s‖` and `‖s‖² + t|u| + t²/4 ≤ R²`. At fixed t that is at most `2t²(R² − t²/4 − t|u| + u²)`, convex in `|u|`, so largest at one of
/// its ends: `u = 0`, or `|u| = ‖s‖ = R − t/2`. Up to `t = 2R/3` it is the second: `t(2R − t)`, and both rise; beyond the first: `t√(2R² − t²/2)`,
/// up to `√2·R²` at `t = √2·R`, two points at right angles. In one dimension `|u| = ‖s‖` always: `t(2R − t)` up to `t = R`, where it is `R²`. ∎
fn of_squares(dim: usize, (radius, step): (f64, f64)) -> f64 {
    if dim == 1 {
        let step = step.min(radius);
        step * (2.0 * radius - step)
    } else if step <= radius * (2.0 / 3.0) {
        step * (2.0 * radius - step)
    } else {
        let step = step.min(2.0_f64.sqrt() * radius);
        step * (2.0 * radius * radius - 0.5 * step * step).max(0.0).sqrt()
    }
}

/// Bounds of one layer: both kernels of a point with itself, how far both kernels' features move, and how far their values are off by
/// rounding.
#[derive(Debug, Clone, Copy)]
struct Layer {
    index: usize,
    dim: usize,
    covariance: f64,
    tangent: f64,
    covariance_move: f64,
    tangent_move: f64,
    covariance_rounding: f64,
    tangent_rounding: f64,
}

/// What is used of an activation `φ`, for inputs of variance up to some `V` and pairs `(u, v)` that are close.
struct Smoothness {
    /// `E[φ(u)²]` at variance V, where it is largest.
    value: f64,
    /// `E[φ′(u)²] ≤` this.
    slope: f64,
    /// `E(φ(u) − φ(v))² ≤` this times `E(u − v)²`.
    lipschitz: f64,
    /// Errors `C` of the covariance, and of the variances in proportion, move `E[φ(u)φ(v)]` by at most this times `C`.
    error: f64,
    /// `φ′`.
    derivative: Derivative,
}

enum Derivative {
    /// `E(φ′(u) − φ′(v))² ≤ square·E(u − v)²`, and errors as above move `E[φ′(u)φ′(v)]` by at most `error·C`.
    Lipschitz { square: f64, error: f64 },
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
            Self { value, slope: square, lipschitz: square, error: square, derivative }
        };
        let smooth = |slope, (square, error)| Self {
            value,
            slope,
            lipschitz: slope,
            error: slope,
            derivative: Derivative::Lipschitz { square, error },
        };
        match activation {
            Activation::Relu => kinked(0.0),
            Activation::LeakyRelu { slope } => kinked(slope),
            // φ′(0)² = 4/π, and φ″(s) = −(4/√π)s·e^{−s²} is largest at s² = ½; of E′ errors of variances move as much as that of c
            Activation::Erf => smooth(4.0 / PI, (8.0 / (PI * E), 8.0 / PI)),
            // φ′(−s) = 1 − φ′(s), and φ′ ≤ Φ(√2) + √2·n(√2) < 1.129; φ″(s) = (2 − s²)n(s) is largest at 0; errors of E′ on a grid
            Activation::Gelu => smooth(0.5 * (1.129 * 1.129 + 0.129 * 0.129), (FRAC_2_PI, FRAC_2_PI)),
            // E(u² − v²)² = (a − b)² + 2(a² + b² − 2c²) ≤ 4V·E(u − v)² + 8V·E(u − v)²
            Activation::Quadratic => Self {
                value,
                slope: 4.0 * variance,
                lipschitz: 12.0 * variance,
                // of ab + 2c²: b and a for the variances, 4c for the covariance
                error: 6.0 * variance,
                derivative: Derivative::Lipschitz { square: 4.0, error: 4.0 },
            },
        }
    }
}

impl Layer {
    fn first(network: &Network, dim: usize, (radius, step): (f64, f64)) -> Self {
        let per_dim = network.weight_variance() / dim as f64;
        let (value, moved) = (per_dim * radius * radius + network.bias_variance(), per_dim.sqrt() * step);
        let rounding = product_rounding(dim, ROUNDINGS) * value;
        Self {
            index: 0,
            dim,
            covariance: value,
            tangent: value,
            covariance_move: moved,
            tangent_move: moved,
            covariance_rounding: rounding,
            tangent_rounding: rounding,
        }
    }

    fn last(network: &Network, dim: usize, ball: (f64, f64)) -> Self {
        (0..network.depth()).fold(Self::first(network, dim, ball), |layer, _| layer.next(network))
    }

    /// From the first to the last.
    fn all(network: &Network, dim: usize, ball: (f64, f64)) -> impl Iterator<Item = Self> {
        let next = |layer: &Self| Some(layer.next(network));
        core::iter::successors(Some(Self::first(network, dim, ball)), next).take(network.depth() + 1)
    }

    /// Features of `Θˡ⁺¹ = Θˡ·σ_w²E[φ′φ′] + Σˡ⁺¹` are products of features, beside those of `Σˡ⁺¹`, and
    /// `‖a⊗b − a'⊗b'‖ ≤ ‖a − a'‖‖b‖ + ‖a'‖‖b − b'‖`, for whichever point is x'.
    fn next(self, network: &Network) -> Self {
        let weight = network.weight_variance();
        let smooth = Smoothness::new(network.activation(), self.covariance);
        let covariance = weight * smooth.value + network.bias_variance();
        let covariance_move = (weight * smooth.lipschitz).sqrt() * self.covariance_move;
        let from_derivative = match smooth.derivative {
            Derivative::Lipschitz { square, .. } => {
                (self.tangent * weight * square).sqrt() * self.covariance_move
            }
            // with x' the shorter: Θˡ(x', x') ≤ (l + 1)Σˡ(x', x'), and θ/π ≤ ½‖difference‖/‖shorter‖
            Derivative::Jump(square) => {
                let products = self.covariance.sqrt() * self.covariance_move;
                ((self.index + 1) as f64 * weight * square * 0.5 * products).sqrt()
            }
        };
        let product = (weight * smooth.slope).sqrt() * self.tangent_move + from_derivative;
        let tangent = weight * smooth.slope * self.tangent + covariance;
        let (covariance_rounding, tangent_rounding) =
            self.next_rounding(&smooth, weight, (covariance, tangent));
        Self {
            index: self.index + 1,
            dim: self.dim,
            covariance,
            tangent,
            covariance_move,
            tangent_move: (product * product + covariance_move * covariance_move).sqrt(),
            covariance_rounding,
            tangent_rounding,
        }
    }

    /// How far values of the next layer are off, where these are and its own operations round. What errors of covariance and variances move E and
    /// E′ by are the fields `error`; the arcsine of a jump turns a relative error η into `√(2η)`. No value is off by more than twice the largest.
    fn next_rounding(
        &self,
        smooth: &Smoothness,
        weight: f64,
        (covariance, tangent): (f64, f64),
    ) -> (f64, f64) {
        let unit = ROUNDINGS * f64::EPSILON;
        // the operations of this layer round as if its covariance were off by a little more
        let inner = self.covariance_rounding + unit * self.covariance;
        let of_values = weight * smooth.error * inner + unit * covariance;
        let of_derivatives = match smooth.derivative {
            Derivative::Lipschitz { error, .. } => (error * inner).min(2.0 * smooth.slope),
            Derivative::Jump(square) => {
                let layers = (self.index + 2) as f64;
                square / PI * (0.5 * product_rounding(self.dim, ROUNDINGS * layers)).sqrt()
            }
        };
        let of_products = weight * (smooth.slope * self.tangent_rounding + self.tangent * of_derivatives);
        let covariance_rounding = of_values.min(2.0 * covariance);
        let tangent_rounding = of_products + covariance_rounding + unit * tangent;
        (covariance_rounding, tangent_rounding.min(2.0 * tangent))
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
    fn squares_of_numbers_attain_their_own_bound() {
        let kernel = Kernel::quadratic(2.0).unwrap();
        for (step, x, y) in [(0.5, 1.0, 0.5), (0.9, 1.0, 0.1), (1.0, -1.0, 0.0), (1.9, 1.0, 0.0)] {
            let ratio = distance(&kernel, &[x], &[y]) / feature_move(&kernel, 1, (1.0, step));
            assert!(ratio > 1.0 - 1e-7 && ratio <= 1.0, "{step}: {ratio}");
        }
    }

    #[test]
    fn rounding_is_above_one_unit_and_far_below_values_but_for_jumps_and_chaos() {
        let network = |activation, depth| Network::new(activation, depth, 2.0).unwrap();
        let of = |kernel: Kernel| value_rounding(&kernel, 3, 1.0) / largest_value(&kernel, 3, 1.0);
        let smooth = [
            Kernel::quadratic(3.0).unwrap(),
            Kernel::nngp(network(Activation::Relu, 3)),
            Kernel::nngp(network(Activation::Erf, 3)),
            Kernel::ntk(network(Activation::Gelu, 2)),
            Kernel::ntk(network(Activation::Quadratic, 2)),
            Kernel::ntk(network(Activation::LeakyRelu { slope: 1.0 }, 3)),
        ];
        for kernel in smooth {
            let found = of(kernel.clone());
            assert!(found > f64::EPSILON && found < 1e-12, "{kernel:?} {found}");
        }
        // the arcsine's end: depth·√(2(d + 8)u) is what values of three layers are known to keep
        let kinked = of(Kernel::ntk(network(Activation::Relu, 3)));
        assert!(kinked > 1e-8 && kinked < 3e-7, "{kinked}");
        // nothing is off by more than twice the largest value, however deep and steep
        let chaos = of(Kernel::nngp(Network::new(Activation::Erf, 80, 1e8).unwrap()));
        assert!((chaos / 2.0 - 1.0).abs() < 1e-8, "{chaos}");
    }

    /// The largest move of `E′` over what is charged, variances being at most `variance`, where they are off by a millionth and the covariance by
    /// a millionth of the largest: with all signs that stay among covariances.
    fn derivative_moves(activation: Activation, variance: f64) -> f64 {
        let of = |a, b, c| activation.expectations(a, b, c).derivative;
        let moved = |n: i32| {
            let [a, b] = [n % 10, n / 10 % 10].map(|i| variance * f64::from(i + 1) / 10.0);
            let c = (a * b).sqrt() * f64::from(n / 100 - 9) / 9.0;
            let less = c - 1e-6 * variance * c.signum();
            [1.0 + 1e-6, 1.0 - 1e-6].map(|off| (of(a * off, b * off, less) - of(a, b, c)).abs())
        };
        let Derivative::Lipschitz { error, .. } = Smoothness::new(activation, variance).derivative else {
            return f64::INFINITY;
        };
        (0..1900).flat_map(moved).fold(0.0, f64::max) / (error * 1e-6 * variance)
    }

    #[test]
    fn errors_of_a_covariance_and_of_its_variances_move_derivatives_by_no_more_than_is_charged() {
        for activation in [Activation::Erf, Activation::Gelu, Activation::Quadratic] {
            let worst = [1e-6, 1e-3, 0.1, 0.7, 1.0, 3.0, 30.0, 1e4]
                .map(|variance| derivative_moves(activation, variance))
                .into_iter()
                .fold(0.0, f64::max);
            // terms of second order, and roundings of differences of 1e-12 at the least variance, where all three are attained
            assert!((worst - 1.0).abs() < 1e-3, "{activation:?}: {worst}");
        }
    }

    /// In one dimension, without bias and with a weight variance `w` near ⅓ all values are powers: `Vˡ⁺¹ = 3w(Vˡ)²`, so
    /// `ln Vˡ = 2ˡ ln(x²/3) + (2ˡ⁺¹ − 1) ln 3w`, and both logarithms are of numbers whose distance from 1 is exact.
    #[test]
    fn rounding_of_deep_squares_is_within_its_bound() {
        let weight = 1.0 / 3.0;
        let (of_weight, exact) = (3.0_f64.mul_add(weight, -1.0).ln_1p(), 3.0_f64.sqrt());
        for depth in [10, 20, 30, 40] {
            let kernel = Kernel::nngp(Network::new(Activation::Quadratic, depth, weight).unwrap());
            let bound = value_rounding(&kernel, 1, exact);
            for k in 0..20 {
                let x = exact - f64::from(k) * f64::EPSILON;
                let doublings = 2.0_f64.powi(depth as i32);
                let of_point = (x.mul_add(x, -3.0) / 3.0).ln_1p();
                let value = (doublings * of_point + (2.0 * doublings - 1.0) * of_weight).exp();
                for y in [x, -x] {
                    let error = (kernel.value(&[x], &[y]).unwrap() - value).abs();
                    assert!(error <= bound, "{depth} {k}: {error} {bound}");
                }
            }
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
