//! Faults of multiplicative noise and of sampling by leverage.

use super::algorithm::{CUT, leverages};
use crate::{Context, Outcome, Subject, larger, smaller};
use dp_linalg::Mat;
use dp_mechanisms::normal::cdf_bounds;
use dp_mechanisms::{Mu, PerturbRow, PrivacyProfile};

/// Rows on a line that is slightly longer in the neighbour: leverages of one row differ by this factor.
const FACTOR: f64 = 1.001;
/// The noise of one round.
const NOISE_STD: f64 = 0.25;

/// What one weight lands on that its neighbour cannot reach: `w(1 + z)` with `|z| ≤ CUT` ends at `1.5w`. Were moments finite, there
/// would be none; δ is at least this mass at every ε. The twin's noise is on the logarithm, untruncated, with all of the line as support.
pub(in super::super) fn support(_: &mut Context, subject: Subject) -> Outcome {
    let reach = |x: f64| cdf_bounds(x / NOISE_STD);
    // factors z above which the larger weight is out of the smaller one's reach
    let from = (1.0 + CUT) / FACTOR - 1.0;
    let inside = reach(CUT).1 - reach(-CUT).0;
    let mass = subject.pick((reach(CUT).0 - reach(from).1) / inside, 0.0);
    Outcome::at_least(mass, 1e-6, 1).with_note("mass out of the neighbour's reach, one weight and one round")
}

/// δ of one weight `w(1 + σN)` with the noise of the *data's* weight, against that of the shift alone, for a factor of 1.1: two
/// quadratics decide where the loss exceeds ε. The twin's noise is on the logarithm: its scale is the same for both.
pub(in super::super) fn scale(_: &mut Context, subject: Subject) -> Outcome {
    let (factor, epsilon) = (1.1_f64, 0.3);
    let shift = (factor - 1.0) / NOISE_STD;
    let close = PerturbRow::new(1.0).expect("a radius");
    let stated = PrivacyProfile::gaussian(Mu::new(shift).expect("positive"), close).delta(epsilon);
    let spread = subject.pick(factor, 1.0);
    let (moved, still) = ((shift, spread), (0.0, 1.0));
    let found = larger(hockey_stick(moved, still, epsilon), hockey_stick(still, moved, epsilon));
    Outcome::at_least(found / stated, 1.05, 2).with_note("δ over the δ of the shift alone")
}

/// `P(S) − e^ε Q(S)` on the best S, for normal laws of these means and deviations.
fn hockey_stick(p: (f64, f64), q: (f64, f64), epsilon: f64) -> f64 {
    // ln(p/q) − ε = a·x² + b·x + c
    let (vp, vq) = (p.1 * p.1, q.1 * q.1);
    let a = 0.5 / vq - 0.5 / vp;
    let b = p.0 / vp - q.0 / vq;
    let c = 0.5 * q.0 * q.0 / vq - 0.5 * p.0 * p.0 / vp + (q.1 / p.1).ln() - epsilon;
    let below = |law: (f64, f64), x: f64| cdf_bounds((x - law.0) / law.1).0;
    let gain = |x: f64| below(p, x) - epsilon.exp() * below(q, x);
    let total = 1.0 - epsilon.exp();
    if a == 0.0 {
        let root = -c / b;
        return if b > 0.0 { total - gain(root) } else { gain(root) };
    }
    let spread = larger(b * b - 4.0 * a * c, 0.0).sqrt();
    let (one, other) = ((-b - spread) / (2.0 * a), (-b + spread) / (2.0 * a));
    let between = gain(larger(one, other)) - gain(smaller(one, other));
    if a > 0.0 { total - between } else { between }
}

/// How far the sampled leverage of a row must jump between neighbours under *any* coupling of the samples (the largest distance of
/// quantiles), in units of how far the exact one moves. The twin uses every row.
pub(in super::super) fn sampling(_: &mut Context, subject: Subject) -> Outcome {
    let rows = |x: f64| Mat::from_vec(3, 2, vec![1.0 + x, 0.2, 0.1, 1.0, -0.7, 0.8]).expect("six entries");
    let (one, other) = (rows(0.0), rows(1e-4));
    let exact = (leverages(&one, &[0.6; 3])[0] - leverages(&other, &[0.6; 3])[0]).abs();
    let jump = match subject {
        Subject::AsShipped => quantile_distance(&sampled(&one), &sampled(&other)),
        Subject::Broken => exact,
    };
    Outcome::at_least(jump / exact, 100.0, 2)
        .with_note("jump of the sampled leverage over that of the exact one")
}

/// Values and probabilities of the first row's leverage from [`SAMPLES`] rows, drawn with probabilities by leverage.
fn sampled(rows: &Mat) -> Vec<(f64, f64)> {
    let weights = [0.6; 3];
    let exact = leverages(rows, &weights);
    let total: f64 = exact.iter().sum();
    let share = |i: usize| exact[i] / total;
    let mut law: Vec<(f64, f64)> = Vec::new();
    for code in 0..3_usize.pow(SAMPLES) {
        let drawn: Vec<usize> = (0..SAMPLES).map(|k| code / 3_usize.pow(k) % 3).collect();
        let probability: f64 = drawn.iter().map(|&i| share(i)).product();
        let mut sampled = [0.0; 3];
        for &i in &drawn {
            sampled[i] += weights[i] / (f64::from(SAMPLES) * share(i));
        }
        // one row drawn each time spans a line: its leverage is infinite
        let singular = sampled.iter().filter(|w| **w > 0.0).count() < 2;
        let value = if singular { f64::INFINITY } else { first_leverage(rows, &sampled, weights[0]) };
        law.push((value, probability));
    }
    law.sort_by(|a, b| a.0.total_cmp(&b.0));
    law
}

const SAMPLES: u32 = 6;

fn first_leverage(rows: &Mat, sampled: &[f64; 3], weight: f64) -> f64 {
    let moment = super::algorithm::moment(rows, sampled);
    let (a, b, c) = (moment[(0, 0)], moment[(0, 1)], moment[(1, 1)]);
    let (x, y) = (rows[(0, 0)], rows[(0, 1)]);
    weight * (c * x * x - 2.0 * b * x * y + a * y * y) / (a * c - b * b)
}

/// The largest finite distance of quantiles at one level, where levels differ by more than rounding.
fn quantile_distance(one: &[(f64, f64)], other: &[(f64, f64)]) -> f64 {
    let (mut i, mut j, mut worst) = (0, 0, 0.0_f64);
    let (mut left, mut right) = (one[0].1, other[0].1);
    while i + 1 < one.len() && j + 1 < other.len() {
        let step = left.min(right);
        let distance = (one[i].0 - other[j].0).abs();
        let infinite = one[i].0 == f64::INFINITY || other[j].0 == f64::INFINITY;
        worst = if step > 1e-12 && !infinite { larger(worst, distance) } else { worst };
        (left, right) = (left - step, right - step);
        if left <= 1e-15 {
            i += 1;
            left = one[i].1;
        }
        if right <= 1e-15 {
            j += 1;
            right = other[j].1;
        }
    }
    worst
}
