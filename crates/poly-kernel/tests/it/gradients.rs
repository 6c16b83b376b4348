//! Gradients of linear attention against dense formulas, finite differences and themselves in `f32`.

use crate::{Uniform, dot};
use dp_linalg::{Mat, Parallelism};
use poly_kernel::{
    AttentionGradients, DifferentiableMap, Error, ExpPolynomial, FeatureBlock, LinearAttention, LogitRange,
    Mask, MonomialMap, PositiveFeatures, Role, TrigonometricFeatures,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const SCALE: f64 = 0.5;

struct Case {
    inputs: [Mat; 3],
    output_gradients: Mat,
}

fn case(m: usize, n: usize, seed: u64) -> Case {
    let mut uniform = Uniform::new(seed);
    let (queries, keys) = (uniform.ball(m, 3, 2.0), uniform.ball(n, 3, 2.0));
    let mut random = |n| Mat::from_fn(n, 2, |_, _| uniform.next());
    Case { inputs: [queries, keys, random(n)], output_gradients: random(m) }
}

fn attention(mask: Mask, threads: usize) -> LinearAttention {
    LinearAttention::new(SCALE).unwrap().with_mask(mask).with_parallelism(Parallelism::threads(threads))
}

fn backward(case: &Case, map: &MonomialMap, mask: Mask, threads: usize) -> AttentionGradients {
    let [q, k, v] = case.inputs.each_ref().map(Mat::as_ref);
    attention(mask, threads).backward(map, q, k, v, case.output_gradients.as_ref()).unwrap()
}

/// What automatic differentiation of the formed matrix would compute.
fn dense(case: &Case, map: &MonomialMap, mask: Mask) -> AttentionGradients {
    let [queries, keys, values] = &case.inputs;
    let derivative = |t: f64| {
        let terms = map.coefficients().iter().enumerate().skip(1);
        terms.map(|(j, c)| j as f64 * c * t.powi(j as i32 - 1)).sum::<f64>()
    };
    let mut found = AttentionGradients {
        queries: Mat::zeros(queries.nrows(), 3),
        keys: Mat::zeros(keys.nrows(), 3),
        values: Mat::zeros(keys.nrows(), 2),
    };
    for (i, query) in queries.rows().enumerate() {
        let seen = if mask == Mask::Causal { i + 1 } else { keys.nrows() };
        let logit = |j: usize| SCALE * dot(query, keys.row(j));
        let mass: f64 = (0..seen).map(|j| map.kernel(logit(j))).sum();
        let weight = |j: usize| map.kernel(logit(j)) / mass;
        let given = case.output_gradients.row(i);
        let mean: f64 = (0..seen).map(|j| weight(j) * dot(given, values.row(j))).sum();
        for j in 0..seen {
            for (out, g) in found.values.row_mut(j).iter_mut().zip(given) {
                *out += weight(j) * g;
            }
            let slope = SCALE * derivative(logit(j)) / mass * (dot(given, values.row(j)) - mean);
            for x in 0..3 {
                found.queries[(i, x)] += slope * keys[(j, x)];
                found.keys[(j, x)] += slope * query[x];
            }
        }
    }
    found
}

fn largest_difference(a: &AttentionGradients, b: &AttentionGradients) -> f64 {
    let pairs = [(&a.queries, &b.queries), (&a.keys, &b.keys), (&a.values, &b.values)];
    let of_pair = |(a, b): (&Mat, &Mat)| {
        assert_eq!(a.shape(), b.shape());
        a.as_slice().iter().zip(b.as_slice()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    pairs.into_iter().map(of_pair).fold(0.0, f64::max)
}

fn maps() -> Vec<MonomialMap> {
    let best = ExpPolynomial::best_relative(4, LogitRange::symmetric(2.0).unwrap()).unwrap();
    // a constant, a gap, a negative coefficient, and no constant
    [best.coefficients(), &[1.0], &[1.0, 0.0, 0.5], &[1.0, -0.1, 0.25], &[0.0, 0.0, 1.0]]
        .map(|coefficients| MonomialMap::new(3, coefficients).unwrap())
        .into()
}

#[test]
fn gradients_are_those_of_the_formed_matrix() {
    for map in maps() {
        for (m, n, mask) in [
            (5, 7, Mask::Full),
            (140, 3, Mask::Full),
            (1, 300, Mask::Full),
            (1, 1, Mask::Causal),
            (130, 130, Mask::Causal),
            (1500, 1500, Mask::Causal),
        ] {
            let case = case(m, n, (m + n) as u64);
            let (found, expected) = (backward(&case, &map, mask, 2), dense(&case, &map, mask));
            // sums of n terms below 30, each off by the roundings of 35 features, over masses that may be as small as a term
            let tolerance = 1e-16 * 30.0 * (m + n) as f64 * 35.0;
            let difference = largest_difference(&found, &expected);
            assert!(difference < tolerance, "{m} {n} {mask:?} {:?}: {difference}", map.coefficients());
        }
    }
}

/// Monomials, and random features of two kinds.
fn all_maps() -> Vec<Box<dyn DifferentiableMap>> {
    let rng = &mut ChaCha8Rng::seed_from_u64(5);
    let mut all: Vec<Box<dyn DifferentiableMap>> = Vec::new();
    for map in maps() {
        all.push(Box::new(map));
    }
    all.push(Box::new(PositiveFeatures::new(3, 41, rng).unwrap()));
    all.push(Box::new(PositiveFeatures::hyperbolic(3, 40, rng).unwrap()));
    // weights that are positive for small logits and so many frequencies
    all.push(Box::new(TrigonometricFeatures::new(3, 400, rng).unwrap()));
    all
}

#[test]
fn every_map_pulls_back_in_both_precisions_and_refuses_what_does_not_fit() {
    for map in all_maps() {
        let (points, mut gradients) =
            (Mat::from_fn(5, 3, |i, j| 0.1 * (i as f64 - j as f64)), Mat::zeros(5, 3));
        let adjoint = |i: usize, j: usize| ((7 * i + 3 * j) % 5) as f64 - 2.0;
        let mut adjoints = FeatureBlock::with_scratch(map.feature_count(), 0, 5);
        let mut single = FeatureBlock::with_scratch(map.feature_count(), 0, 5);
        for i in 0..map.feature_count() {
            // rows are written one by one: what was written before stays
            adjoints
                .fill(0, 5, |mut out, _| {
                    (0..5).for_each(|j| out.row_mut(i)[j] = adjoint(i, j));
                    Ok(())
                })
                .unwrap();
            single
                .fill(0, 5, |mut out, _| {
                    (0..5).for_each(|j| out.row_mut(i)[j] = adjoint(i, j) as f32);
                    Ok(())
                })
                .unwrap();
        }
        map.pullback_block(Role::Query, points.as_ref(), &adjoints, gradients.as_mut()).unwrap();
        let narrow = Mat::from_fn(5, 3, |i, j| points[(i, j)] as f32);
        let mut found = Mat::filled(5, 3, 0.0_f32);
        map.pullback_block_f32(Role::Query, narrow.as_ref(), &single, found.as_mut()).unwrap();
        for (a, b) in gradients.as_slice().iter().zip(found.as_slice()) {
            assert!((a - f64::from(*b)).abs() < 1e-5 * (1.0 + a.abs()), "{a} {b}");
        }
        let short = Mat::zeros(4, 3);
        assert!(map.pullback_block(Role::Key, short.as_ref(), &adjoints, gradients.as_mut()).is_err());
        let other = FeatureBlock::with_scratch(map.feature_count() + 1, 0, 5);
        assert!(map.pullback_block(Role::Key, points.as_ref(), &other, gradients.as_mut()).is_err());
    }
}

#[test]
fn gradients_are_limits_of_differences() {
    for map in all_maps() {
        for mask in [Mask::Full, Mask::Causal] {
            let case = case(6, 6, 3);
            let [q, k, v] = case.inputs.each_ref().map(Mat::as_ref);
            let attention = attention(mask, 1);
            let found = attention.backward(map.as_ref(), q, k, v, case.output_gradients.as_ref()).unwrap();
            let loss = |inputs: &[Mat; 3]| {
                let [q, k, v] = inputs.each_ref().map(Mat::as_ref);
                let output = attention.forward(map.as_ref(), q, k, v).unwrap();
                dot(output.as_slice(), case.output_gradients.as_slice())
            };
            let gradients = [&found.queries, &found.keys, &found.values];
            for (which, gradient) in gradients.into_iter().enumerate() {
                for entry in 0..gradient.as_slice().len() {
                    let moved = |step: f64| {
                        let mut inputs = case.inputs.clone();
                        inputs[which].as_mut_slice()[entry] += step;
                        loss(&inputs)
                    };
                    // h² of the third derivative, and the rounding of the loss over h
                    let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                    let error = (slope - gradient.as_slice()[entry]).abs();
                    assert!(error < 1e-8, "{which} {entry} {mask:?}: {slope}");
                }
            }
        }
    }
}

#[test]
fn the_number_of_threads_does_not_show_and_f32_is_near() {
    let map = maps().swap_remove(0);
    let case = case(1100, 1100, 9);
    let narrow = |matrix: &Mat| Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)] as f32);
    for mask in [Mask::Full, Mask::Causal] {
        let one = backward(&case, &map, mask, 1);
        assert_eq!(backward(&case, &map, mask, 5), one);
        let [q, k, v] = case.inputs.each_ref().map(narrow);
        let found = attention(mask, 2)
            .backward(&map, q.as_ref(), k.as_ref(), v.as_ref(), narrow(&case.output_gradients).as_ref())
            .unwrap();
        let wide = |matrix: &Mat<f32>| {
            Mat::from_fn(matrix.nrows(), matrix.ncols(), |i, j| f64::from(matrix[(i, j)]))
        };
        let found = AttentionGradients {
            queries: wide(&found.queries),
            keys: wide(&found.keys),
            values: wide(&found.values),
        };
        let difference = largest_difference(&found, &one);
        assert!(difference > 0.0 && difference < 3e-5, "{difference}");
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let map = MonomialMap::exp_taylor(3, 2).unwrap();
    let case = case(4, 5, 1);
    let [q, k, v] = case.inputs.each_ref().map(Mat::as_ref);
    let run = |gradients: &Mat| attention(Mask::Full, 1).backward(&map, q, k, v, gradients.as_ref());
    assert_eq!(run(&Mat::zeros(4, 3)), Err(Error::Length { expected: 2, found: 3 }));
    assert_eq!(run(&Mat::zeros(5, 2)), Err(Error::RowCount { points: 4, values: 5 }));
    assert!(run(&Mat::zeros(4, 2)).unwrap().queries.as_slice().iter().all(|&x| x == 0.0));
}
