//! Linear attention against the formed matrix, and against softmax attention where its kernel is worst.

use super::point;
use crate::checks::twins::each_twin;
use crate::{Context, Outcome, Subject, larger, smaller};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::certified::exp_bounds;
use dp_testkit::oracle;
use poly_kernel::{ExpPolynomial, LinearAttention, LogitRange, Mask, MonomialMap, PartialAttention};
use rand::RngExt;

pub(super) fn points(rng: &mut impl rand::Rng, count: usize, dim: usize, radius: f64) -> Mat {
    let all: Vec<Vec<f64>> = (0..count).map(|_| point(rng, dim, radius)).collect();
    Mat::from_fn(count, dim, |i, j| all[i][j])
}

/// `AM` and row sums of `A`, entry by entry; each with the sum of absolute terms.
fn formed(
    [queries, keys, values]: [&Mat; 3],
    visible: impl Fn(usize, usize) -> bool,
    kernel: impl Fn(f64) -> (f64, f64),
) -> Vec<Vec<(f64, f64)>> {
    let row = |i: usize| {
        let mut sums = vec![(0.0, 0.0); values.ncols() + 1];
        for j in (0..keys.nrows()).filter(|&j| visible(i, j)) {
            let (weight, size) = kernel(oracle::dot(queries.row(i), keys.row(j)));
            for (sum, value) in sums.iter_mut().zip(values.row(j).iter().chain(&[1.0])) {
                *sum = (sum.0 + weight * value, sum.1 + size * value.abs());
            }
        }
        sums
    };
    (0..queries.nrows()).map(row).collect()
}

/// What is wrong with a formed matrix.
#[derive(Clone, Copy, PartialEq)]
enum Formed {
    Right,
    /// Causal queries see one key more, others one key less.
    MaskOff,
    /// The highest coefficient of the kernel is off by `2⁻⁴⁰` relatively.
    CoefficientOff,
}

/// The products and normalised products are those of the formed matrix. The twins' is formed with a mask that is off by one, or with
/// a coefficient that is a little off.
pub(super) fn product(context: &mut Context, subject: Subject) -> Outcome {
    let twins = vec![Formed::MaskOff, Formed::CoefficientOff];
    each_twin(subject, Formed::Right, twins, |how| product_against(context, how))
}

fn product_against(context: &Context, how: Formed) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut uneven, mut n) = (0.0_f64, 0, 0);
    for _ in 0..context.scale(12, 200) {
        let (dim, degree) = (rng.random_range(1..5), rng.random_range(1..5));
        let mask = if rng.random() { Mask::Full } else { Mask::Causal };
        let m = rng.random_range(1..600);
        let count = if mask == Mask::Causal { m } else { rng.random_range(1..600) };
        let radius = 1.3;
        let range = LogitRange::symmetric(radius * radius).expect("a range");
        let polynomial = ExpPolynomial::best_relative(degree, range).expect("a small degree");
        let map = MonomialMap::new(dim, polynomial.coefficients()).expect("a small map");
        let (queries, keys) = (points(&mut rng, m, dim, radius), points(&mut rng, count, dim, radius));
        let values = Mat::from_fn(count, 2, |_, _| rng.random_range(-1.0..1.0));
        let all = [&queries, &keys, &values];
        let visible = |i: usize, j: usize| match (mask, how) {
            (Mask::Causal, Formed::MaskOff) => j <= i + 1,
            (Mask::Causal, _) => j <= i,
            // a query that sees no key at all has no quotient to compare
            (_, Formed::MaskOff) => j > 0 || count == 1,
            _ => true,
        };
        let size =
            |t: f64| polynomial.coefficients().iter().rev().fold(0.0, |sum, c| sum * t.abs() + c.abs());
        let off = if how == Formed::CoefficientOff { 2_f64.powi(-40) } else { 0.0 };
        let last = |t: f64| polynomial.coefficients()[degree] * t.powi(degree as i32);
        let expected = formed(all, visible, |t| (map.kernel(t) + off * last(t), size(t)));
        let attention = LinearAttention::new(1.0).expect("a scale").with_mask(mask);
        let [q, k, v] = all.map(Mat::as_ref);
        let run = |threads| {
            let attention = attention.with_parallelism(Parallelism::threads(threads));
            (attention.product(&map, q, k, v), attention.forward(&map, q, k, v))
        };
        let (Ok(sums), Ok(outputs)) = run(1) else {
            return Outcome::inconclusive("a kernel that is not positive");
        };
        uneven += u64::from(run(2) != (Ok(sums.clone()), Ok(outputs.clone())));
        // ⟨M', AM⟩ = ⟨AᵀM', M⟩ for any M'
        let other = Mat::from_fn(m, 2, |_, _| rng.random_range(-1.0..1.0));
        let Ok(transposed) = attention.transposed_product(&map, q, k, other.as_ref()) else {
            return Outcome::inconclusive("a product that is refused");
        };
        let sides = [
            oracle::dot(transposed.as_slice(), values.as_slice()),
            expected
                .iter()
                .enumerate()
                .map(|(i, row)| other[(i, 0)] * row[0].0 + other[(i, 1)] * row[1].0)
                .sum(),
        ];
        let size_of = size(radius * radius) * (2 * m * count) as f64;
        let unit = f64::EPSILON * (m + count + map.feature_count() + 40) as f64;
        worst = larger(worst, (sides[0] - sides[1]).abs() / (unit * size_of));
        // two units for each rounding of features, products, sums, of `Σ_f |φ_f(q)| Σ_j |φ_f(k_j)||v_j|`, which is at most
        // `‖φ(q)‖ Σ_j ‖φ(k_j)‖|v_j|` (Cauchy and Schwarz); there are fewer keys than `count` to a causal query
        let norms =
            |points: &Mat| -> Vec<f64> { points.rows().map(|x| size(oracle::dot(x, x)).sqrt()).collect() };
        let (query_norms, key_norms) = (norms(&queries), norms(&keys));
        for (i, row) in expected.iter().enumerate() {
            let seen: Vec<usize> = (0..count).filter(|&j| visible(i, j)).collect();
            let unit = f64::EPSILON * (seen.len() + map.feature_count() + 40) as f64 * query_norms[i];
            let granted =
                |of: &dyn Fn(usize) -> f64| unit * seen.iter().map(|&j| key_norms[j] * of(j)).sum::<f64>();
            let (mass, of_mass) = (row[2].0, granted(&|_| 1.0));
            for j in 0..2 {
                let (sum, tolerance) = (row[j].0, granted(&|key| values[(key, j)].abs()));
                worst = larger(worst, (sums[(i, j)] - sum).abs() / tolerance);
                // the quotient moves by what either part does
                let of_quotient = tolerance + of_mass * (sum / mass).abs();
                worst = larger(worst, (outputs[(i, j)] - sum / mass).abs() * mass / of_quotient);
                n += 2;
            }
        }
    }
    Outcome::worst([Outcome::at_most(worst, 1.0, n), Outcome::all_equal(uneven, n)])
        .with_note("error in units of the rounding allowed, at worst")
}

/// Keys where the kernel is highest and lowest against the exponential, in the worst proportion, with values one and zero. The
/// twin states the error of one side for both.
pub(super) fn error(context: &mut Context, subject: Subject) -> Outcome {
    let grid = context.scale(2_000, 50_000);
    let (mut worst, mut attained, mut n) = (0.0_f64, f64::INFINITY, 0);
    for max_logit in [0.5, 1.0, 2.0] {
        let range = LogitRange::symmetric(max_logit).expect("a range");
        for degree in [2, 3, 4, 5] {
            for polynomial in [
                ExpPolynomial::best_relative(degree, range).expect("a small degree"),
                ExpPolynomial::taylor(degree).expect("a small degree"),
            ] {
                let certificate = polynomial.certificate(range);
                let Some(bound) = certificate.output_error() else { continue };
                // the twin states the error of one side for both
                let middle = f64::midpoint(certificate.ratio_lower(), certificate.ratio_upper());
                let half = poly_kernel::output_error(certificate.ratio_lower(), middle);
                let bound = subject.pick(bound, half.expect("positive"));
                let ratio = |t: f64| polynomial.evaluate(t) / exp_bounds(t).0;
                let logits =
                    || (0..=grid).map(|i| max_logit * (2.0 * i as f64 / grid as f64 - 1.0) * (1.0 - 1e-12));
                let by_ratio = |a: &f64, b: &f64| ratio(*a).total_cmp(&ratio(*b));
                let (Some(high), Some(low)) = (logits().max_by(by_ratio), logits().min_by(by_ratio)) else {
                    return Outcome::inconclusive("no logit");
                };
                // weights e^t·count in the proportion √l : √u
                let share = |t: f64, ratio: f64| 2_000.0 / (exp_bounds(t).0 * ratio.sqrt());
                let counts =
                    [share(high, ratio(high)).round() as usize, share(low, ratio(low)).round() as usize];
                let root = max_logit.sqrt();
                let is_high = |j: usize| j < counts[0];
                let total = counts[0] + counts[1];
                let keys = Mat::from_fn(total, 1, |j, _| if is_high(j) { high / root } else { low / root });
                let values = Mat::from_fn(total, 1, |j, _| f64::from(u8::from(is_high(j))));
                let query = Mat::from_fn(1, 1, |_, _| root);
                let map = MonomialMap::new(1, polynomial.coefficients()).expect("a small map");
                let attention = LinearAttention::new(1.0).expect("a scale");
                let output = attention.forward(&map, query.as_ref(), keys.as_ref(), values.as_ref());
                let Ok(output) = output else {
                    return Outcome::inconclusive("a kernel that is not positive");
                };
                let exact = formed([&query, &keys, &values], |_, _| true, |t| (exp_bounds(t).0, 0.0));
                let moved = (output[(0, 0)] - exact[0][0].0 / exact[0][1].0).abs();
                worst = larger(worst, (moved - 1e-12) / bound);
                attained = smaller(attained, moved / bound);
                n += 1;
            }
        }
    }
    Outcome::worst([Outcome::at_most(worst, 1.0, n), Outcome::at_least(attained, 0.95, n)])
        .with_note("distance from softmax attention over the bound, at worst")
}

/// Parts of the keys, merged in a random order, and masses that no exponential holds. In the twin the mass of the second part is
/// off by a factor of e.
pub(super) fn merge(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(2);
    let (mut worst, mut n) = (0.0_f64, 0);
    for _ in 0..context.scale(40, 2_000) {
        let (m, count, dim) = (rng.random_range(1..20), rng.random_range(1..300), rng.random_range(1..4));
        let radius = rng.random_range(0.1..2.0);
        let (queries, keys) = (points(&mut rng, m, dim, radius), points(&mut rng, count, dim, radius));
        let values = Mat::from_fn(count, 2, |_, _| rng.random_range(-1.0..1.0));
        let map = MonomialMap::exp_taylor(dim, 4).expect("a small map");
        let attention = LinearAttention::new(1.0).expect("a scale");
        let part = |from: usize, to: usize| {
            let (keys, values) = (keys.as_ref().subrows(from..to), values.as_ref().subrows(from..to));
            attention
                .forward_partial(&map, queries.as_ref(), keys, values)
                .expect("an even Taylor polynomial")
        };
        let cut = rng.random_range(0..=count);
        // both parts moved by a constant: as if all logits were larger
        let moved = |part: &PartialAttention, by: f64| {
            let masses = part.log_masses().iter().map(|mass| mass + by).collect();
            PartialAttention::new(part.output().clone(), masses).expect("masses that are numbers")
        };
        let shift = rng.random_range(-1e5..1e5);
        // the twin forgets how much weight the second part has
        let lost = subject.pick(0.0, 1.0);
        let (first, second) = (moved(&part(0, cut), shift), moved(&part(cut, count), shift + lost));
        let (mut merged, other) = if rng.random() { (first, second) } else { (second, first) };
        merged.merge(&other).expect("the same shape");
        let whole = part(0, count);
        for (a, b) in merged.output().as_slice().iter().zip(whole.output().as_slice()) {
            worst = larger(worst, (a - b).abs() / 1e-10);
        }
        for (a, b) in merged.log_masses().iter().zip(whole.log_masses()) {
            worst = larger(worst, (a - b - shift).abs() / 1e-9);
        }
        n += m as u64;
    }
    // the logarithm of a mass near 1e5 is rounded to 1e-11
    Outcome::at_most(worst, 1.0, n).with_note("distance from the result over all keys, over 1e-10")
}
