//! Polynomials against the exponential: certificates, what is best, and what errors of weights do to outputs.

use crate::{Axis, Context, Figure, Outcome, Role, Subject, larger, largest, smaller, smallest};
use dp_mechanisms::certified::exp_bounds;
use dp_testkit::oracle;
use poly_kernel::{ErrorCertificate, ExpPolynomial, LogitRange};
use rand::{Rng, RngExt};

/// Smaller relative errors are hidden by the rounding of these lines.
const VISIBLE: f64 = 1e-8;

/// `f(t) − eᵗ`, `f(t)/eᵗ − 1`, and a bound on the error of the second: Horner's `2g` roundings of each term, and of the
/// exponential two units.
fn errors_at(polynomial: &ExpPolynomial, t: f64) -> (f64, f64, f64) {
    let (value, exp) = (polynomial.evaluate(t), exp_bounds(t).0);
    let size: f64 =
        polynomial.coefficients().iter().rev().fold(0.0, |sum, c| sum * t.abs() + c.abs()) + 4.0 * exp;
    let rounding = (polynomial.degree() + 2) as f64 * f64::EPSILON * size;
    (value - exp, (value - exp) / exp, rounding / exp)
}

fn ranges(rng: &mut impl Rng, extra: usize) -> Vec<LogitRange> {
    let named = [(-0.5, 0.5), (-1.0, 1.0), (-2.0, 2.0), (-4.0, 4.0), (0.0, 1.0), (0.0, 4.0), (-3.0, 1.0)];
    let random = (0..extra).map(|_| {
        let low = rng.random_range(-5.0..5.0);
        (low, low + rng.random_range(0.1..5.0_f64).min(6.0 - low))
    });
    let all = named.into_iter().chain(random);
    all.map(|(low, high)| LogitRange::new(low, high).expect("within ±6")).collect()
}

/// Every kind there is, for a degree and a range.
fn polynomials(rng: &mut impl Rng, degree: usize, range: LogitRange) -> Vec<ExpPolynomial> {
    let (low, high) = (range.low(), range.high());
    let sample: Vec<f64> = (0..200).map(|_| rng.random_range(low..high)).collect();
    let (mean, std) = (f64::midpoint(low, high), 0.25 * (high - low));
    let best = ExpPolynomial::best_relative(degree, range).expect("a supported degree");
    let disturbed: Vec<f64> =
        best.coefficients().iter().map(|c| c * (1.0 + 1e-3 * rng.random_range(-1.0..1.0))).collect();
    vec![
        ExpPolynomial::taylor(degree).expect("a supported degree"),
        ExpPolynomial::chebyshev(degree, range).expect("a supported degree"),
        best,
        ExpPolynomial::least_squares_normal(degree, mean, std).expect("within the limits"),
        ExpPolynomial::least_squares(degree, &sample).expect("two hundred different logits"),
        ExpPolynomial::from_coefficients(&disturbed).expect("finite"),
    ]
}

/// The largest and the smallest value of a function over a range, by golden sections about the best of a grid.
fn extremes(range: LogitRange, grid: usize, f: impl Fn(f64) -> f64) -> [f64; 2] {
    let (low, width) = (range.low(), range.high() - range.low());
    let step = width / grid as f64;
    let at = |i: usize| (low + step * i as f64).min(range.high());
    [1.0, -1.0].map(|sign| {
        let best = (0..=grid).max_by(|&a, &b| (sign * f(at(a))).total_cmp(&(sign * f(at(b))))).unwrap_or(0);
        let (mut left, mut right) = ((at(best) - step).max(low), (at(best) + step).min(range.high()));
        for _ in 0..50 {
            let (a, b) = (right - 0.618 * (right - left), left + 0.618 * (right - left));
            if sign * f(a) < sign * f(b) { left = a } else { right = b }
        }
        let found = [at(best), left, right].map(|t| sign * f(t));
        sign * largest(found)
    })
}

/// What an adversary finds: `[max, min]` of `f − eᵗ` and of `f/eᵗ − 1`, `min f`, and the rounding of the second.
struct Found {
    absolute: f64,
    ratio: [f64; 2],
    least: f64,
    rounding: f64,
}

impl Found {
    fn new(polynomial: &ExpPolynomial, range: LogitRange, grid: usize) -> Self {
        let absolute = extremes(range, grid, |t| errors_at(polynomial, t).0);
        let rounding = [range.low(), range.high()].map(|t| errors_at(polynomial, t).2);
        Self {
            absolute: larger(absolute[0], -absolute[1]),
            ratio: extremes(range, grid, |t| errors_at(polynomial, t).1),
            least: extremes(range, grid, |t| polynomial.evaluate(t))[1],
            rounding: larger(rounding[0], rounding[1]),
        }
    }

    fn relative(&self) -> f64 {
        larger(self.ratio[0], -self.ratio[1])
    }

    /// By how much a certificate was exceeded at worst, in units of its relative error.
    fn excess(&self, certificate: &ErrorCertificate) -> f64 {
        let (bound, high) = (certificate.relative_error(), certificate.range().high());
        // rounding relative to eᵗ is at most that relative error times the largest exponential
        let slack = self.rounding * exp_bounds(high).1;
        let above = (self.ratio[0] - self.rounding - (certificate.ratio_upper() - 1.0)) / bound;
        let below = ((certificate.ratio_lower() - 1.0) - self.ratio[1] - self.rounding) / bound;
        let absolute = (self.absolute - slack) / certificate.absolute_error() - 1.0;
        let value = (certificate.value_lower() - self.least - slack) / certificate.absolute_error();
        largest([above, below, absolute, value])
    }
}

/// No logit that an adversary finds is worse than the certificate. The twin leaves out a tenth of the range at each end.
pub(super) fn certificate(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (extra, grid) = (context.scale(6, 200), context.scale(400, 4_000));
    let (mut worst, mut n) = (f64::NEG_INFINITY, 0);
    for range in ranges(&mut rng, extra) {
        for degree in [0, 1, 2, 3, 4, 6, 9, 13] {
            for polynomial in polynomials(&mut rng, degree, range) {
                // the twin leaves out a tenth of the range at each end
                let seen = LogitRange::new(
                    subject.pick(range.low(), 0.9 * range.low() + 0.1 * range.high()),
                    subject.pick(range.high(), 0.1 * range.low() + 0.9 * range.high()),
                );
                let certificate = polynomial.certificate(seen.expect("inside a range"));
                worst = larger(worst, Found::new(&polynomial, range, grid).excess(&certificate));
                n += 1;
            }
        }
    }
    Outcome::at_most(worst, 0.0, n)
        .with_note("excess over the certificate, in units of it, at the worst logit found")
}

/// Certificates are within a factor of two of the true extrema. The twin certifies the polynomial without its last coefficient.
pub(super) fn tightness(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(1);
    let (extra, grid) = (context.scale(6, 200), context.scale(400, 4_000));
    let (mut loosest, mut n) = (0.0_f64, 0);
    for range in ranges(&mut rng, extra) {
        for degree in [1, 2, 3, 4, 6, 9, 13] {
            for polynomial in polynomials(&mut rng, degree, range) {
                let found = Found::new(&polynomial, range, grid);
                // the twin certifies one degree less
                let seen = &polynomial.coefficients()[..subject.pick(degree + 1, degree)];
                let certificate = ExpPolynomial::from_coefficients(seen).expect("finite").certificate(range);
                if found.relative() <= larger(VISIBLE, 1e3 * found.rounding) {
                    continue;
                }
                loosest = larger(loosest, certificate.relative_error() / found.relative());
                loosest = larger(loosest, certificate.absolute_error() / found.absolute);
                n += 1;
            }
        }
    }
    Outcome::at_most(loosest, 2.0, n).with_note("certificate over the largest error found, at worst")
}

/// Bounds of `e^{c·tanh(t/c)}`: the derivative of `tanh x` is at most one, so that of the weight by `tanh` is `c` times the weight.
fn softcapped_bounds(t: f64, cap: f64) -> (f64, f64) {
    let exp = exp_bounds(2.0 * t / cap);
    let tanh = |exp: f64| 1.0 - 2.0 / (exp + 1.0);
    let slack = 4.0 * f64::EPSILON;
    (exp_bounds(cap * (tanh(exp.0) - slack)).0, exp_bounds(cap * (tanh(exp.1) + slack)).1)
}

/// No logit that an adversary finds is worse than a certificate for capped logits, which is within a factor of two. The twin
/// forgets the cap.
pub(super) fn softcap(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(3);
    let (extra, grid) = (context.scale(2, 20), context.scale(200, 1_000));
    let (mut worst, mut loosest, mut n) = (f64::NEG_INFINITY, 0.0_f64, 0);
    for range in ranges(&mut rng, extra) {
        for cap in [0.7, 2.0, 5.0, 30.0] {
            for degree in [0, 1, 2, 4, 7] {
                let best = ExpPolynomial::best_relative_softcapped(degree, range, cap);
                let plain = ExpPolynomial::best_relative(degree, range);
                for polynomial in [best, plain].map(|found| found.expect("a supported degree")) {
                    // the twin forgets the cap
                    let certificate = match subject {
                        Subject::AsShipped => {
                            polynomial.softcapped_certificate(range, cap).expect("a supported cap")
                        }
                        Subject::Broken => polynomial.certificate(range),
                    };
                    let ratio = |t: f64, weight: f64| polynomial.evaluate(t) / weight - 1.0;
                    let high = extremes(range, grid, |t| ratio(t, softcapped_bounds(t, cap).1))[0];
                    let low = extremes(range, grid, |t| ratio(t, softcapped_bounds(t, cap).0))[1];
                    let distance = |t: f64| polynomial.evaluate(t) - softcapped_bounds(t, cap).0;
                    let absolute = extremes(range, grid, distance);
                    let least = extremes(range, grid, |t| polynomial.evaluate(t))[1];
                    let rounding = larger(errors_at(&polynomial, range.low()).2, 1e-12);
                    let bound = certificate.relative_error();
                    let above = high - rounding - (certificate.ratio_upper() - 1.0);
                    let below = (certificate.ratio_lower() - 1.0) - low - rounding;
                    let slack = rounding * exp_bounds(range.high()).1;
                    let size = larger(absolute[0], -absolute[1]);
                    worst = largest([worst, above / bound, below / bound]);
                    worst = larger(worst, (size - slack) / certificate.absolute_error() - 1.0);
                    worst = larger(worst, (certificate.value_lower() - least - slack) / bound);
                    let found = larger(high, -low);
                    loosest = if found <= 1e-7 { loosest } else { larger(loosest, bound / found) };
                    n += 1;
                }
            }
        }
    }
    Outcome::worst([Outcome::at_most(worst, 0.0, n), Outcome::at_most(loosest, 2.0, n)])
        .with_note("excess over the certificate, in units of it; certificate over the largest error found")
}

/// The smallest of `g + 2` errors of alternating sign: no polynomial of degree `g` has a smaller largest error.
fn levelled(polynomial: &ExpPolynomial, range: LogitRange) -> f64 {
    let grid = 200 * (polynomial.degree() + 2);
    let step = (range.high() - range.low()) / grid as f64;
    let at = |i: usize| errors_at(polynomial, (range.low() + step * i as f64).min(range.high())).1;
    let mut peaks: Vec<f64> = Vec::new();
    for error in (0..=grid).map(at) {
        match peaks.last_mut() {
            Some(last) if (*last < 0.0) == (error < 0.0) => {
                if error.abs() > last.abs() {
                    *last = error;
                }
            }
            _ => peaks.push(error),
        }
    }
    let enough = peaks.len() >= polynomial.degree() + 2;
    // any g + 2 neighbours alternate: those with the largest smallest count
    let windows = peaks.windows(polynomial.degree() + 2);
    let least = windows.map(|window| smallest(window.iter().map(|e| e.abs())));
    if enough { largest(least) } else { 0.0 }
}

/// What is certified of the best polynomial is hardly more than what no polynomial can do better. The twin is as good as it can
/// be in absolute error.
pub(super) fn best(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(2);
    let extra = context.scale(20, 1_000);
    let (mut worst, mut n) = (0.0_f64, 0);
    for range in ranges(&mut rng, extra) {
        for degree in [0, 1, 2, 3, 4, 5, 6, 8, 10, 13] {
            let best = ExpPolynomial::best_relative(degree, range).expect("a supported degree");
            let least = levelled(&best, range);
            let rounding = larger(errors_at(&best, range.low()).2, errors_at(&best, range.high()).2);
            if best.certificate(range).relative_error() <= larger(VISIBLE, 1e3 * rounding) {
                continue;
            }
            // the twin is as good as it can be in absolute error
            let chebyshev = ExpPolynomial::chebyshev(degree, range).expect("a supported degree");
            let shipped = subject.pick(best, chebyshev).certificate(range).relative_error();
            worst = larger(worst, shipped / least);
            n += 1;
        }
    }
    Outcome::at_most(worst, 1.02, n)
        .with_note("certified error over the lower bound for every polynomial of the degree")
        .with_figure(best_by_degree())
}

/// Errors against degrees, on logits up to two.
fn best_by_degree() -> Figure {
    let range = LogitRange::symmetric(2.0).expect("a range");
    let best = |degree| ExpPolynomial::best_relative(degree, range).expect("a supported degree");
    let over = |error: &dyn Fn(usize) -> f64| (0..=11).map(|g| (g as f64, error(g))).collect::<Vec<_>>();
    let taylor = |degree| ExpPolynomial::taylor(degree).expect("a supported degree");
    let title = "Relative errors of polynomials of exp on logits in [−2, 2]";
    Figure::new(title, Axis::linear("degree"), Axis::logarithmic("relative error"))
        .with_curve(
            Role::Bound,
            "certified of the best",
            over(&|g| best(g).certificate(range).relative_error()),
        )
        .with_curve(Role::Exact, "no polynomial is better", over(&|g| levelled(&best(g), range)))
        .with_curve(
            Role::Observed,
            "found of Taylor's",
            over(&|g| Found::new(&taylor(g), range, 400).relative()),
        )
}

/// Degrees for a target: the table in the literature, and that no smaller degree can do. The twin looks for an absolute error.
pub(super) fn degrees(_: &mut Context, subject: Subject) -> Outcome {
    // B, then degrees for relative errors of 1e-2 and 1e-6: of best polynomials, and of Taylor's
    const TABLE: [(f64, [usize; 2], [usize; 2]); 4] =
        [(0.5, [2, 5], [3, 7]), (1.0, [3, 7], [5, 9]), (2.0, [5, 9], [8, 14]), (4.0, [7, 13], [15, 21])];
    let (mut mismatches, mut n) = (0, 0);
    for (max_logit, best, taylor) in TABLE {
        let range = LogitRange::symmetric(max_logit).expect("a range");
        for (target, best, taylor) in [(1e-2, best[0], taylor[0]), (1e-6, best[1], taylor[1])] {
            let found = ExpPolynomial::best_relative_for(range, target).map(|found| found.degree());
            // the twin looks for an absolute error, with the polynomial for that
            let absolute = (0..=30).find(|&degree| {
                let chebyshev = ExpPolynomial::chebyshev(degree, range).expect("a supported degree");
                chebyshev.certificate(range).absolute_error() <= target
            });
            let below = ExpPolynomial::best_relative(best - 1, range).expect("a supported degree");
            mismatches += u64::from(subject.pick(found, absolute) != Some(best));
            mismatches += u64::from(levelled(&below, range) <= target);
            mismatches += u64::from(poly_kernel::ExpTaylor::degree_for(max_logit, target) != Some(taylor));
            n += 3;
        }
    }
    Outcome::all_equal(mismatches, n)
}

/// The mean square under a normal law, by the trapezoidal rule, which converges faster than any power here; and
/// orthogonality to powers. The twin takes the expansion about the mean of the logits.
pub(super) fn least_squares_normal(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(3);
    let (mut worst, mut skewed, mut n) = (0.0_f64, 0.0_f64, 0);
    for _ in 0..context.scale(60, 3_000) {
        let degree = rng.random_range(0..8);
        let (mean, std) = (rng.random_range(-2.0..2.0), rng.random_range(0.2..2.5_f64));
        let fit = ExpPolynomial::least_squares_normal(degree, mean, std).expect("within the limits");
        // the twin takes the polynomial that is best at the mean of the logits alone
        let fit = subject.pick(fit, expansion_about(degree, mean));
        let stated = ExpPolynomial::normal_error(degree, std);
        if stated < 1e-5 {
            continue;
        }
        let mut sums = vec![0.0; degree + 3];
        for z in (-16_000..=16_000).map(|i| f64::from(i) * 1e-3) {
            let (exp, weight) = (exp_bounds(std * z - std * std).0, exp_bounds(-0.5 * z * z).0);
            // relative to e^{mean + std²}
            let error = fit.evaluate(mean + std * z) * exp_bounds(-mean - std * std).0 - exp;
            sums[0] += weight * error * error;
            sums[1] += weight * exp * exp;
            for (power, sum) in (0..).zip(&mut sums[2..]) {
                *sum += weight * error * z.powi(power);
            }
        }
        worst = larger(worst, ((sums[0] / sums[1]).sqrt() / stated - 1.0).abs());
        let scale = (sums[0] * 2506.6).sqrt();
        skewed = sums[2..].iter().fold(skewed, |most, sum| larger(most, sum.abs() / scale));
        n += 1;
    }
    Outcome::worst([Outcome::at_most(worst, 1e-6, n), Outcome::at_most(skewed, 1e-6, n)])
        .with_note("relative to the stated root mean square; inner products with powers relative to it")
}

/// `e^m Σ (t − m)ʲ/j!` in powers of `t`.
fn expansion_about(degree: usize, mean: f64) -> ExpPolynomial {
    let factorial = |n: usize| (1..=n).map(|i| i as f64).product::<f64>();
    // Σⱼ (t − m)ʲ/j! has the coefficient Σⱼ (−m)^{j−k}/(k!(j − k)!) at tᵏ
    let coefficient = |k: usize| {
        let terms = (k..=degree).map(|j| (-mean).powi((j - k) as i32) / (factorial(k) * factorial(j - k)));
        exp_bounds(mean).0 * terms.sum::<f64>()
    };
    let coefficients: Vec<f64> = (0..=degree).map(coefficient).collect();
    ExpPolynomial::from_coefficients(&coefficients).expect("finite")
}

/// No weights, values and factors move the output further, and two keys move it as far. The twin takes the bound for factors on
/// one side for that on both.
pub(super) fn output_error(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(4);
    let (mut worst, mut attained, mut n) = (0.0_f64, f64::INFINITY, 0);
    for _ in 0..context.scale(20_000, 2_000_000) {
        let (low, high) = (rng.random_range(0.05..1.0_f64), rng.random_range(1.0..4.0_f64));
        let bound = poly_kernel::output_error(low, high).expect("positive factors");
        // the twin takes factors on both sides for factors on one side
        let bound = subject.pick(bound, poly_kernel::output_error(low, 1.0).expect("positive factors"));
        let keys = rng.random_range(2..6);
        let weights: Vec<f64> = (0..keys).map(|_| rng.random_range(0.0..1.0_f64).powi(3)).collect();
        let values: Vec<f64> = (0..keys).map(|_| rng.random_range(0.0..1.0_f64).round()).collect();
        let factors: Vec<f64> =
            values.iter().map(|&v| if rng.random_range(0..8) == 0 || v > 0.5 { high } else { low }).collect();
        let moved: Vec<f64> = weights.iter().zip(&factors).map(|(w, f)| w * f).collect();
        let output = |w: &[f64]| oracle::dot(w, &values) / w.iter().sum::<f64>();
        worst = larger(worst, (output(&moved) - output(&weights)).abs() / bound);
        // two keys
        let share = low.sqrt() / (low.sqrt() + high.sqrt());
        let two = share * high / (share * high + (1.0 - share) * low) - share;
        attained = smaller(attained, two / bound);
        n += 1;
    }
    // factors at the ends of the floating-point numbers, four and two apart: what two keys attain
    let smallest = f64::from_bits(1);
    for (low, high, two) in [
        (f64::MAX / 4.0, f64::MAX, 1.0 / 3.0),
        (smallest, 2.0 * smallest, 0.171_572_875_253_809_9),
        (f64::MIN_POSITIVE, 4.0 * f64::MIN_POSITIVE, 1.0 / 3.0),
    ] {
        let bound = poly_kernel::output_error(low, high).expect("positive factors");
        worst = larger(worst, two / bound);
        attained = smaller(attained, two / bound);
        n += 1;
    }
    Outcome::worst([Outcome::at_most(worst, 1.0 + 1e-14, n), Outcome::at_least(attained, 1.0 - 1e-12, n)])
        .with_note("movement over the bound, at worst")
}
