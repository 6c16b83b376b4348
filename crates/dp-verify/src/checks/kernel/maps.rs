//! Random and Nyström features: means and variances over draws, norms for every draw, residuals for every pair.

use super::point;
use crate::{Context, Outcome, Subject, larger, largest, smaller};
use dp_linalg::Mat;
use dp_mechanisms::certified::exp_bounds;
use dp_testkit::oracle;
use poly_kernel::{
    ExpTaylor, FeatureMap, KernelError, NormBound, NystromMap, OptimalPositiveFeatures, PositiveFeatures,
    RandomMaclaurin, Role, SketchTree, TensorSketch, TrigonometricFeatures,
};
use rand_chacha::ChaCha20Rng;

/// Standard errors of a mean or variance that are too many, and the level of the three comparisons of a sample.
const TOO_MANY: f64 = 6.0;
const ALPHA: f64 = 1e-8;

/// Features of points, the rows of a matrix `(b, d)`: one vector a point.
fn features(map: &dyn FeatureMap, role: Role, points: &Mat) -> Vec<Vec<f64>> {
    let mut block = map.feature_block(points.nrows());
    map.apply_block(role, points.as_ref(), &mut block).expect("points have the dimension of the map");
    let columns = |i: usize| block.as_ref().rows().map(|row| row[i]).collect();
    (0..points.nrows()).map(columns).collect()
}

fn rows(points: &[&[f64]]) -> Mat {
    Mat::from_fn(points.len(), points[0].len(), |i, j| points[i][j])
}

fn product(map: &dyn FeatureMap, x: &[f64], y: &[f64]) -> f64 {
    let (left, right) = (features(map, Role::Query, &rows(&[x])), features(map, Role::Key, &rows(&[y])));
    oracle::dot(&left[0], &right[0])
}

/// Mean and variance of a sample, each with its standard error.
struct Sample {
    mean: f64,
    mean_error: f64,
    variance: f64,
    variance_error: f64,
}

impl Sample {
    fn new(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let squares: Vec<f64> = values.iter().map(|v| (v - mean).powi(2)).collect();
        let variance = squares.iter().sum::<f64>() / n;
        let fourth = squares.iter().map(|v| v * v).sum::<f64>() / n;
        let variance_error = ((fourth - variance * variance) / n).sqrt();
        Self { mean, mean_error: (variance / n).sqrt(), variance, variance_error }
    }

    /// Standard errors by which the mean misses, the variance is above its bound, and below what attains it.
    fn misses(&self, mean: f64, bound: f64, attained: bool) -> f64 {
        let above = (self.variance - bound) / self.variance_error;
        let below = if attained { -above } else { f64::NEG_INFINITY };
        largest([(self.mean - mean).abs() / self.mean_error, above, below])
    }
}

type Draw = fn(usize, usize, f64, &mut ChaCha20Rng) -> Box<dyn FeatureMap>;

/// Each map, with the pair of points at which its variance is largest: the same or the opposite of a point.
const UNBIASED: [(Draw, f64); 4] = [
    (|d, m, _, rng| Box::new(TrigonometricFeatures::new(d, m, rng).expect("small")), -1.0),
    (|d, m, _, rng| Box::new(PositiveFeatures::new(d, m, rng).expect("small")), 1.0),
    (|d, m, _, rng| Box::new(PositiveFeatures::hyperbolic(d, m, rng).expect("small")), 1.0),
    (|d, m, r, rng| Box::new(OptimalPositiveFeatures::new(d, m, 4.0 * r * r, rng).expect("small")), 1.0),
];

/// Means are those of the kernel; variances are within their bounds, and attain them for one frequency. The twin states the error
/// for points that are shorter by a tenth.
pub(super) fn unbiased(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let draws = context.scale(20_000, 1_000_000);
    let (mut worst, mut n) = (0.0_f64, 0);
    for (draw, sign) in UNBIASED {
        for (dim, count, radius) in [(1, 1, 0.4), (2, 1, 0.6), (3, 1, 0.5), (4, 4, 0.6), (8, 12, 0.5)] {
            let x = vec![radius / f64::from(dim as u32).sqrt() * (1.0 - 1e-12); dim];
            let partner: Vec<f64> = x.iter().map(|v| sign * v).collect();
            let exact = exp_bounds(oracle::dot(&x, &partner)).0;
            let maps = || draw(dim, count, radius, &mut rng);
            // the twin states the error for points that are shorter by a tenth
            let stated =
                draw(dim, count, radius, &mut context.rng(1)).kernel_error(subject.pick(1.0, 0.9) * radius);
            let KernelError::RelativeStd(std) = stated else {
                return Outcome::inconclusive("no standard deviation");
            };
            let values: Vec<f64> = core::iter::repeat_with(maps)
                .take(draws)
                .map(|map| product(map.as_ref(), &x, &partner) / exact)
                .collect();
            context.spend(ALPHA);
            worst = larger(worst, Sample::new(&values).misses(1.0, std * std, count == 1));
            n += draws as u64;
        }
    }
    Outcome::at_most(worst, TOO_MANY, n)
        .with_note("standard errors beyond the stated mean or variance, at worst")
}

/// No draw has longer features than stated. The twin takes the root of the mean square norm for the largest (of trigonometric
/// features, whose norms are equal, a thousandth less).
pub(super) fn norm(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let repeats = context.scale(300, 20_000);
    let coefficients = ExpTaylor::new(4).expect("a small degree");
    let (mut longest, mut shortest, mut n) = (0.0_f64, f64::INFINITY, 0);
    for dim in [1, 2, 5, 8] {
        for _ in 0..repeats {
            let maps: [Box<dyn FeatureMap>; 4] = [
                Box::new(TrigonometricFeatures::new(dim, 6, &mut rng).expect("small")),
                Box::new(RandomMaclaurin::new(dim, coefficients.coefficients(), 9, &mut rng).expect("small")),
                Box::new(TensorSketch::new(dim, coefficients.coefficients(), 9, &mut rng).expect("small")),
                Box::new(SketchTree::new(dim, coefficients.coefficients(), 9, &mut rng).expect("small")),
            ];
            let radius = 1.2;
            let long = vec![radius / f64::from(dim as u32).sqrt() * (1.0 - 1e-12); dim];
            let any = point(&mut rng, dim, radius);
            for (i, map) in maps.iter().enumerate() {
                let all = features(map.as_ref(), Role::Key, &rows(&[&long, &any]));
                for (features, x) in all.iter().zip([&long, &any]) {
                    let length = oracle::dot(x, x).sqrt().next_up();
                    let NormBound::Deterministic(bound) = map.norm_bound(length) else {
                        return Outcome::inconclusive("no deterministic norm");
                    };
                    // the twin takes the mean square norm for the largest
                    let mean = exp_bounds(0.5 * length * length).1;
                    let bound =
                        if i == 0 { subject.pick(bound, 0.999 * mean) } else { subject.pick(bound, mean) };
                    let ratio = oracle::dot(features, features).sqrt() / bound;
                    longest = larger(longest, ratio);
                    shortest = if i == 0 { smaller(shortest, ratio) } else { shortest };
                    n += 1;
                }
            }
        }
    }
    Outcome::worst([Outcome::at_most(longest, 1.0 + 1e-13, n), Outcome::at_least(shortest, 1.0 - 1e-13, n)])
        .with_note("norm over what is stated; of trigonometric features it is equal")
}

/// Mean and variance of the features of a polynomial, at points where the bound is attained and elsewhere. The twin states four
/// fifths of the variance.
pub(super) fn polynomial(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let draws = context.scale(20_000, 1_000_000);
    let coefficients = [0.7, 1.0, 0.5, 0.2];
    let f = |t: f64| coefficients.iter().rev().fold(0.0, |sum, c| sum * t + c);
    let (mut worst, mut n) = (0.0_f64, 0);
    for (dim, count) in [(2, 7), (3, 12), (6, 30)] {
        let radius = 0.9;
        let even = vec![radius / f64::from(dim as u32).sqrt() * (1.0 - 1e-12); dim];
        let any = [point(&mut rng, dim, radius), point(&mut rng, dim, radius)];
        for (x, y, attained) in [(&even, &even, true), (&any[0], &any[1], false)] {
            let (mut bound, mut hashed) = (0.0, 0.0);
            let (mut signs, mut sketches) = (Vec::new(), Vec::new());
            for _ in 0..draws {
                let map = RandomMaclaurin::new(dim, &coefficients, count, &mut rng).expect("small");
                bound = map.variance_bound(radius);
                signs.push(product(&map, x, y));
                let map = TensorSketch::new(dim, &coefficients, count, &mut rng).expect("small");
                hashed = map.variance_bound(radius);
                sketches.push(product(&map, x, y));
            }
            // the twin takes signs for numbers whose fourth moment is smaller
            let [bound, hashed] = [bound, hashed].map(|bound| subject.pick(1.0, 0.8) * bound);
            let mean = f(oracle::dot(x, y));
            context.spend(2.0 * ALPHA);
            worst = larger(worst, Sample::new(&signs).misses(mean, bound, attained));
            worst = larger(worst, Sample::new(&sketches).misses(mean, hashed, false));
            n += 2 * draws as u64;
        }
    }
    Outcome::at_most(worst, TOO_MANY, n)
        .with_note("standard errors beyond the stated mean or variance, at worst")
}

/// Mean and variance of sketch trees: those of the recursion at every pair, which are within the bound for the ball. The twin
/// states four fifths of the variance.
pub(super) fn sketch_tree(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let draws = context.scale(8_000, 400_000);
    let coefficients = [0.7, 1.0, 0.5, 0.3, 0.0, 0.2];
    let f = |t: f64| coefficients.iter().rev().fold(0.0, |sum, c| sum * t + c);
    let (mut worst, mut largest, mut n) = (0.0_f64, 0.0_f64, 0);
    for (dim, count) in [(2_usize, 20), (4, 41), (6, 80)] {
        let radius = 0.9;
        let side = radius / (dim as f64).sqrt() * (1.0 - 1e-12);
        let flat = vec![side; dim];
        let orthogonal: Vec<f64> = (0..dim).map(|k| if k % 2 == 0 { side } else { -side }).collect();
        let single: Vec<f64> = (0..dim).map(|k| if k == 0 { radius } else { 0.0 }).collect();
        let any = [point(&mut rng, dim, radius), point(&mut rng, dim, radius)];
        let pairs = [(&flat, &flat), (&flat, &orthogonal), (&flat, &single), (&any[0], &any[1])];
        for (x, y) in pairs {
            let mut draw = || SketchTree::new(dim, &coefficients, count, &mut rng).expect("small");
            let map = draw();
            let stated = map.variance(x, y).expect("points have the dimension of the map");
            largest = larger(largest, stated / map.variance_bound(radius));
            let values: Vec<f64> = (0..draws).map(|_| product(&draw(), x, y)).collect();
            // the twin states four fifths of the variance
            let stated = subject.pick(1.0, 0.8) * stated;
            context.spend(ALPHA);
            worst = larger(worst, Sample::new(&values).misses(f(oracle::dot(x, y)), stated, true));
            n += draws as u64;
        }
    }
    Outcome::worst([Outcome::at_most(worst, TOO_MANY, n), Outcome::at_most(largest, 1.0, n)])
        .with_note("standard errors beyond the stated mean or variance, at worst")
}

/// At degree eight a sketch tree varies far less than a tensor sketch with as many features. The twin is of degree two, where the
/// two maps are the same.
pub(super) fn high_degree(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let draws = context.scale(20_000, 200_000);
    let (dim, count) = (64, 64);
    // the twin is of degree two, where the two maps are the same
    let degree = subject.pick(8, 2);
    let coefficients: Vec<f64> = (0..=degree).map(|j| if j == degree { 1.0 } else { 0.0 }).collect();
    let x = vec![0.125; dim];
    let (mut trees, mut flat) = (Vec::new(), Vec::new());
    for _ in 0..draws {
        let tree = SketchTree::new(dim, &coefficients, count, &mut rng).expect("small");
        trees.push(product(&tree, &x, &x));
        let sketch = TensorSketch::new(dim, &coefficients, count, &mut rng).expect("small");
        flat.push(product(&sketch, &x, &x));
    }
    let ratio = Sample::new(&flat).variance / Sample::new(&trees).variance;
    context.spend(1e-6);
    // rare draws of the sketches make most of their variance: samples are below it
    Outcome::at_least(ratio, 5.0, 2 * draws as u64)
        .with_note("variance of tensor sketches over that of sketch trees, 24 by their exact variances")
}

/// No pair of points is worse than its residuals say, and no norm is larger than stated. The twin states nine tenths of the
/// bound.
pub(super) fn nystrom(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let repeats = context.scale(20, 1_000);
    let (mut worst, mut longest, mut n) = (0.0_f64, 0.0_f64, 0);
    for (dim, count) in [(1, 3), (2, 10), (4, 40), (3, 1)] {
        for _ in 0..repeats {
            let mut landmarks: Vec<Vec<f64>> = (0..count).map(|_| point(&mut rng, dim, 1.5)).collect();
            // two that coincide
            landmarks.push(landmarks[0].clone());
            let points: Vec<Vec<f64>> =
                (0..12).map(|_| point(&mut rng, dim, 2.0)).chain(landmarks.iter().take(3).cloned()).collect();
            let slices = |all: &[Vec<f64>]| rows(&all.iter().map(Vec::as_slice).collect::<Vec<_>>());
            let (landmarks, points) = (slices(&landmarks), slices(&points));
            let map = NystromMap::new(landmarks.as_ref()).expect("finite landmarks");
            let residuals = map.residuals(points.as_ref()).expect("points have the dimension of the map");
            let all = features(&map, Role::Key, &points);
            for (i, x) in points.rows().enumerate() {
                let half = exp_bounds(0.5 * oracle::dot(x, x)).1;
                longest = larger(longest, oracle::dot(&all[i], &all[i]).sqrt() / half);
                for (j, y) in points.rows().enumerate() {
                    let error = exp_bounds(oracle::dot(x, y)).0 - oracle::dot(&all[i], &all[j]);
                    // the twin states nine tenths
                    let bound = subject.pick(1.0, 0.9) * (residuals[i] * residuals[j]).sqrt();
                    worst = larger(worst, error.abs() / bound);
                    n += 1;
                }
            }
        }
    }
    Outcome::worst([Outcome::at_most(worst, 1.0, n), Outcome::at_most(longest, 1.0 + 1e-14, n)])
        .with_note("error over the bound from residuals, at worst")
}
