//! Kernel matrices against the recursion, at special pairs, and their spectra.

use super::{dot, network, points};
use crate::{Context, Outcome, Subject, larger, smaller};
use core::f64::consts::PI;
use dp_linalg::{Mat, Parallelism, Scalar, SymmetricEigen, frobenius_norm, matmul_tn};
use ntk_dp::{Activation, Kernel, Network, quadratic_features};
use poly_kernel::{FeatureMap, Role};
use rand::RngExt;

/// `E[φ(u)φ(v)]` and `E[φ′(u)φ′(v)]` of a ReLU by the angle and the library's arccosine; others by the closed forms, which a
/// check of their own is about.
fn moments(activation: Activation, a: f64, b: f64, c: f64) -> (f64, f64) {
    if activation == Activation::Relu {
        let root = (a * b).sqrt();
        let angle = (c / root).clamp(-1.0, 1.0).acos();
        let value = root * (angle.sin() + (PI - angle) * angle.cos()) / (2.0 * PI);
        return (value, (PI - angle) / (2.0 * PI));
    }
    let found = activation.expectations(a, b, c);
    (found.value, found.derivative)
}

/// Covariance and tangent kernel of one pair.
fn pair(network: &Network, x: &[f64], y: &[f64]) -> (f64, f64) {
    let (weight, bias) = (network.weight_variance(), network.bias_variance());
    let first = |x, y| weight * dot(x, y) / x.len() as f64 + bias;
    let (mut a, mut b, mut c) = (first(x, x), first(y, y), first(x, y));
    let mut tangent = c;
    for _ in 0..network.depth() {
        let of = |a, b, c| moments(network.activation(), a, b, c);
        let (value, derivative) = of(a, b, c);
        (a, b, c) = (weight * of(a, a, a).0 + bias, weight * of(b, b, b).0 + bias, weight * value + bias);
        tangent = tangent * weight * derivative + c;
    }
    (c, tangent)
}

/// Random networks, shapes and threads: every entry against its pair. The twin forgets the derivative's layer: it returns the
/// covariance for the tangent kernel.
pub(super) fn recursion(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(40, 800) {
        let network = network(&mut rng);
        let d = rng.random_range(2..10);
        let shape = (rng.random_range(1..40), rng.random_range(1..40));
        let (left, right) = (points(&mut rng, shape.0, d), points(&mut rng, shape.1, d));
        let tangent = subject.pick(Kernel::ntk(network), Kernel::nngp(network));
        let parallelism = Parallelism::threads(rng.random_range(1..4));
        let of = |kernel: &Kernel| kernel.cross_gram(left.as_ref(), right.as_ref(), parallelism);
        let (tangents, covariances) = (of(&tangent), of(&Kernel::nngp(network)));
        let (Ok(tangents), Ok(covariances)) = (tangents, covariances) else {
            return Outcome::inconclusive("finite points were refused");
        };
        for (i, x) in left.rows().enumerate() {
            for (j, y) in right.rows().enumerate() {
                if dot(x, y).powi(2) > 0.998 * dot(x, x) * dot(y, y) {
                    continue;
                }
                let (covariance, tangent) = pair(&network, x, y);
                let (xx, yy) = (pair(&network, x, x), pair(&network, y, y));
                worst = larger(worst, (covariances[(i, j)] - covariance).abs() / (xx.0 * yy.0).sqrt());
                worst = larger(worst, (tangents[(i, j)] - tangent).abs() / (xx.1 * yy.1).sqrt());
                compared += 2;
            }
        }
    }
    Outcome::at_most(worst, 1e-11, compared)
}

/// Pairs at a known angle `t`, down to zero, and opposite: `y = cos(t) x + sin(t) x⊥` for orthogonal vectors of equal length whose
/// entries are small integers. The exact kernel follows from the angle, `θ′ = acos((sin θ + (π − θ)cos θ)/π)` by the series
/// `1 − cos θ′ = (sin θ − θ cos θ)/π + (1 − cos θ)`. In double and in single precision. The twin takes equal points, whose product is rounded, at 1e-3 from each other.
pub(super) fn near_equal(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(2000, 40_000) {
        let half = rng.random_range(1..20);
        let depth = rng.random_range(1..=5);
        let entries: Vec<f64> = (0..half).map(|_| f64::from(rng.random_range(1..100))).collect();
        let angle = match rng.random_range(0..4) {
            0 => 0.0,
            1 => PI,
            2 => 10.0_f64.powf(rng.random_range(-14.0..0.0)),
            _ => PI - 10.0_f64.powf(rng.random_range(-14.0..0.0)),
        };
        let (sine, cosine) = if angle == PI { (0.0, -1.0) } else { angle.sin_cos() };
        let x: Vec<f64> = entries.iter().flat_map(|&e| [e, 0.0]).collect();
        let y: Vec<f64> = entries.iter().flat_map(|&e| [cosine * e, sine * e]).collect();
        let network = Network::new(Activation::Relu, depth, 2.0).expect("a variance in range");
        let variance = dot(&x, &x) / f64::from(half);
        let exact = at_angle(subject.pick(angle, (angle + 1e-3).min(PI)), depth) * variance;
        let size = (depth + 1) as f64 * variance;
        let values = [
            (value::<f64>(network, &x, &y), f64::UNIT_ROUNDOFF),
            (value::<f32>(network, &x, &y), f32::UNIT_ROUNDOFF),
        ];
        for (found, roundoff) in values {
            let bound = depth as f64 * (2.0 * (2.0 * f64::from(half) + 8.0) * roundoff).sqrt() * size;
            worst = larger(worst, (found - exact).abs() / bound);
            compared += 1;
        }
    }
    Outcome::at_most(worst, 1.0, compared)
}

/// The tangent kernel of a pair, rounded to `T`.
fn value<T: Scalar>(network: Network, x: &[f64], y: &[f64]) -> f64 {
    let row = |point: &[f64]| Mat::from_fn(1, point.len(), |_, j| T::from_f64(point[j]));
    let found = Kernel::ntk(network).cross_gram(row(x).as_ref(), row(y).as_ref(), Parallelism::Sequential);
    found.map_or(f64::NAN, |found| found[(0, 0)].to_f64())
}

/// The ReLU NTK of two vectors of variance one at an angle, weight variance 2.
fn at_angle(mut angle: f64, depth: usize) -> f64 {
    let mut tangent = if angle == PI { -1.0 } else { angle.cos() };
    for _ in 0..depth {
        // sin θ − θ cos θ = θ³/3 − θ⁵/30 + …, which cancels for small angles
        let third = if angle < 1e-2 {
            angle.powi(3) / 3.0 * (1.0 - angle * angle / 10.0)
        } else {
            angle.sin() - angle * angle.cos()
        };
        let half = (0.5 * angle).sin();
        let missing = 2.0 * half * half - third / PI;
        tangent = tangent * (PI - angle) / PI + 1.0 - missing;
        angle = 2.0 * smaller((0.5 * missing).sqrt(), 1.0).asin();
    }
    tangent
}

/// The least eigenvalue of Gram matrices of random networks. The twin has the diagonal of the covariance in the tangent kernel.
pub(super) fn semidefinite(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (f64::NEG_INFINITY, 0);
    for _ in 0..context.scale(40, 800) {
        let network = network(&mut rng);
        let (n, d) = (rng.random_range(2..40), rng.random_range(2..10));
        let points = points(&mut rng, n, d);
        let Ok(mut gram) = Kernel::ntk(network).gram(points.as_ref(), Parallelism::Sequential) else {
            return Outcome::inconclusive("finite points were refused");
        };
        if subject == Subject::Broken {
            let diagonal = Kernel::nngp(network).diagonal(points.as_ref()).unwrap_or_default();
            diagonal.iter().enumerate().for_each(|(i, &value)| gram[(i, i)] = value);
        }
        let Ok(eigen) = SymmetricEigen::new(gram.as_ref()) else {
            return Outcome::inconclusive("no convergence");
        };
        let tolerance = 32.0 * n as f64 * f64::EPSILON * frobenius_norm(gram.as_ref());
        worst = larger(worst, -eigen.values()[0] / tolerance);
        compared += 1;
    }
    Outcome::at_most(worst, 1.0, compared)
}

/// Dot products of features against the kernel's values. The twin counts each product of two coordinates once.
pub(super) fn quadratic(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(50, 1000) {
        let (d, variance) = (rng.random_range(1..12), rng.random_range(0.1..10.0));
        let points = points(&mut rng, 10, d);
        let (Ok(map), Ok(kernel)) = (quadratic_features(d, variance), Kernel::quadratic(variance)) else {
            return Outcome::inconclusive("refused");
        };
        let mut block = FeatureMap::feature_block(&map, 10);
        if FeatureMap::apply_block(&map, Role::Key, points.as_ref(), &mut block).is_err() {
            return Outcome::inconclusive("refused");
        }
        let gram = kernel.gram(points.as_ref(), Parallelism::Sequential);
        let products = matmul_tn(block.as_ref(), block.as_ref(), Parallelism::Sequential);
        let (Ok(gram), Ok(products)) = (gram, products) else {
            return Outcome::inconclusive("refused");
        };
        let found = subject.pick(products, once(&points, variance));
        for i in 0..10 {
            for j in 0..10 {
                let size = (gram[(i, i)] * gram[(j, j)]).sqrt();
                worst = larger(worst, (gram[(i, j)] - found[(i, j)]).abs() / size);
                compared += 1;
            }
        }
    }
    Outcome::at_most(worst, 1e-14, compared)
}

/// `σ² Σ_{i ≤ j} xᵢxⱼyᵢyⱼ`.
fn once(points: &Mat, variance: f64) -> Mat {
    Mat::from_fn(points.nrows(), points.nrows(), |a, b| {
        let (x, y) = (points.row(a), points.row(b));
        let pairs = (0..x.len()).flat_map(|i| (i..x.len()).map(move |j| (i, j)));
        variance * pairs.map(|(i, j)| x[i] * x[j] * y[i] * y[j]).sum::<f64>()
    })
}
