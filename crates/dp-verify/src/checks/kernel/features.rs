//! Real and integer features against their definition.

use super::{SHAPES, fixed_point, integers_of, point, rounded_features};
use crate::{Context, Outcome, Subject, larger, smaller};
use dp_testkit::{neighbours::extreme_rows, oracle};
use poly_kernel::{MonomialMap, feature_count};
use rand::RngExt;

/// `√(j!/∏aᵢ!)` for the exponents `a` of degree `j`.
fn multinomial_weight(exponents: &[u32]) -> f64 {
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    let denominator: f64 = exponents.iter().map(|&a| factorial(a)).product();
    (factorial(exponents.iter().sum()) / denominator).sqrt()
}

/// `x^a`.
fn power(x: &[f64], exponents: &[u32]) -> f64 {
    x.iter().zip(exponents).map(|(v, &a)| v.powi(a as i32)).product()
}

fn features_of(map: &MonomialMap, x: &[f64], subject: Subject) -> Vec<f64> {
    let mut out = vec![0.0; map.feature_count()];
    match subject {
        Subject::AsShipped => map.apply(x, &mut out).expect("the point has the dimension of the map"),
        // each monomial once, as if x₁x₂ and x₂x₁ were not two terms of the product
        Subject::Broken => {
            for (value, a) in out.iter_mut().zip(map.exponents()) {
                *value = map.coefficients()[a.iter().sum::<u32>() as usize].abs().sqrt() * power(x, &a);
            }
        }
    }
    out
}

/// `Σ_a sign_a φ_a(x) φ_a(y) = f(x·y)`, `r = C(d + g, g)` and `‖φ(x)‖ ≤ norm_bound(‖x‖)`. The twin counts each monomial once, as
/// if `x₁x₂` and `x₂x₁` were one term.
pub(super) fn identity(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let repeats = context.scale(20, 1_000);
    let (mut largest, mut longest, mut miscounts, mut n) = (0.0_f64, 0.0_f64, 0, 0);
    for (dim, degree) in (1..=6).flat_map(|d| (0..=6).map(move |g| (d, g))) {
        for _ in 0..repeats {
            let coefficient = |_| if rng.random_range(0..5) == 0 { 0.0 } else { rng.random_range(-2.0..2.0) };
            let mut coefficients: Vec<f64> = (0..=degree).map(coefficient).collect();
            coefficients[degree] = if rng.random() { 0.5 } else { -0.5 };
            let map = MonomialMap::new(dim, &coefficients).expect("coefficients are in range");
            let (x, y) = (point(&mut rng, dim, 1.5), point(&mut rng, dim, 1.5));
            let (fx, fy) = (features_of(&map, &x, subject), features_of(&map, &y, subject));
            miscounts += u64::from(fx.len() as u128 != feature_count(dim, degree));
            let norms = (oracle::dot(&fx, &fx) * oracle::dot(&fy, &fy)).sqrt();
            let signed: Vec<f64> = map.signs().zip(&fy).map(|(sign, v)| sign * v).collect();
            let error = oracle::dot(&fx, &signed) - map.kernel(oracle::dot(&x, &y));
            // in units of 2⁻⁵³: 6g + 3 a feature and two features, 2g of Horner, g of the rounding of x·y, and a few
            let tolerance = (15 * degree + 16) as f64 * 0.5 * f64::EPSILON * norms;
            largest = larger(largest, error.abs() / tolerance);
            let bound = map.norm_bound(oracle::dot(&x, &x).sqrt().next_up());
            let length = oracle::dot(&fx, &fx).sqrt() * (1.0 - 1e-15 * (6 * degree + 9) as f64);
            longest = larger(longest, length / bound);
            n += 1;
        }
    }
    // squares that underflow or nearly overflow: the norm of the last monomial is |x|ᵍ
    for (degree, length) in [(1, 1e-170), (1, 1e-160), (2, 1e-80), (1, 1e150), (2, 1e70), (1, 1.4e154)] {
        let mut coefficients = vec![0.0; degree + 1];
        coefficients[degree] = 1.0;
        let bound = MonomialMap::new(1, &coefficients).expect("a small map").norm_bound(length);
        let ratio = length.powi(degree as i32) * (1.0 - 1e-15) / bound;
        longest = larger(longest, ratio);
        n += 1;
    }
    Outcome::worst([
        Outcome::at_most(largest, 1.0, n),
        Outcome::at_most(longest, 1.0, n),
        Outcome::all_equal(miscounts, n),
    ])
    .with_note("error in units of the rounding of the features")
}

/// Integers miss the features by at most `entry_error()`, also where a feature lies halfway between two. The twin rounds down.
pub(super) fn rounding(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let repeats = context.scale(200, 20_000);
    let (mut largest, mut n) = (0.0_f64, 0);
    for (dim, degree, exponent) in SHAPES {
        let features = fixed_point(dim, degree, exponent, 1.0);
        let exponents: Vec<_> = features.map().exponents().collect();
        for _ in 0..repeats {
            let mut x = point(&mut rng, dim, 1.0);
            // linear features that are odd multiples of half a step
            let step = 1.0 / features.scale();
            for v in &mut x {
                *v = ((*v / step).trunc() - 0.5 * v.signum()) * step;
            }
            let found = match subject {
                Subject::AsShipped => integers_of(&features, &x).1,
                Subject::Broken => rounded_features(&features, &x, f64::floor),
            };
            for (a, &value) in exponents.iter().zip(&found) {
                let weight = features.map().coefficients()[a.iter().sum::<u32>() as usize].sqrt();
                let exact = weight * multinomial_weight(a) * power(&x, a);
                // the reference itself: fewer than 4g + 8 roundings
                let slack = (4 * degree + 8) as f64 * 0.5 * f64::EPSILON * exact.abs();
                let error = (value as f64 / features.scale() - exact).abs() - slack;
                largest = larger(largest, error / features.entry_error());
                n += 1;
            }
        }
    }
    Outcome::at_most(largest, 1.0, n).with_note("error in units of entry_error()")
}

fn squared_norm(integers: &[i64]) -> u128 {
    let squares = integers.iter().map(|v| u128::from(v.unsigned_abs()).pow(2));
    squares.fold(0, u128::saturating_add)
}

/// No input has longer integers than `max_squared_norm()`, and every point within the radius counts. The twin has no rule for
/// points that are too long: it casts and counts them.
pub(super) fn norm_bound(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let repeats = context.scale(300, 30_000);
    let (mut largest, mut absent, mut n) = (0.0_f64, 0, 0);
    for (dim, degree, exponent) in SHAPES {
        let features = fixed_point(dim, degree, exponent, 1.0);
        let mut judge = |x: &[f64], must_count: bool| {
            let (counts, integers) = match subject {
                Subject::AsShipped => integers_of(&features, x),
                // the cast turns NaN into zero and saturates: no rule for what is too long
                Subject::Broken => (true, rounded_features(&features, x, f64::round_ties_even)),
            };
            let excess = squared_norm(&integers).saturating_sub(u128::from(features.max_squared_norm()));
            let ratio = squared_norm(&integers) as f64 / features.max_squared_norm() as f64;
            // quotients of large integers may round to one
            let ratio = if excess > 0 { larger(ratio, 1.0_f64.next_up()) } else { smaller(ratio, 1.0) };
            largest = larger(largest, ratio);
            absent += u64::from(must_count && !counts);
            n += 1;
        };
        for _ in 0..repeats {
            judge(&point(&mut rng, dim, 1.0), true);
            let stretch = 10.0_f64.powf(rng.random_range(-3.0..3.0));
            judge(&point(&mut rng, dim, 1.0 + stretch), false);
        }
        for x in extreme_rows(dim, 1.0) {
            let inside = oracle::dot(&x, &x) <= 1.0 - 1e-12;
            judge(&x, inside || x.iter().map(|v| v.abs()).sum::<f64>() == 1.0);
        }
    }
    Outcome::worst([Outcome::at_most(largest, 1.0, n), Outcome::all_equal(absent, n)])
        .with_note("squared norm in units of max_squared_norm(), compared as integers")
}
