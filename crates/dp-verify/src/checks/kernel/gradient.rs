//! Gradients of linear attention against dense formulas and differences.

use super::attention::points;
use crate::{Context, Outcome, Subject, larger};
use dp_linalg::{Mat, Parallelism};
use dp_testkit::oracle;
use poly_kernel::{AttentionGradients, ExpPolynomial, LinearAttention, LogitRange, Mask, MonomialMap};
use rand::RngExt;

const RADIUS: f64 = 1.2;

struct Case {
    map: MonomialMap,
    mask: Mask,
    inputs: [Mat; 3],
    output_gradients: Mat,
}

fn case(rng: &mut impl rand::Rng, most: usize) -> Case {
    let (dim, degree) = (rng.random_range(1..5), rng.random_range(0..5));
    let mask = if rng.random() { Mask::Full } else { Mask::Causal };
    let m = rng.random_range(1..most);
    let n = if mask == Mask::Causal { m } else { rng.random_range(1..most) };
    let range = LogitRange::symmetric(RADIUS * RADIUS).expect("a range");
    let polynomial = ExpPolynomial::best_relative(degree.max(1), range).expect("a small degree");
    let coefficients = if degree == 0 { &[1.0, 0.0, 0.3, -0.01][..] } else { polynomial.coefficients() };
    let map = MonomialMap::new(dim, coefficients).expect("a small map");
    let (queries, keys) = (points(rng, m, dim, RADIUS), points(rng, n, dim, RADIUS));
    let mut random = |rows| Mat::from_fn(rows, 2, |_, _| rng.random_range(-1.0..1.0));
    let (values, output_gradients) = (random(n), random(m));
    Case { map, mask, inputs: [queries, keys, values], output_gradients }
}

impl Case {
    fn attention(&self, threads: usize) -> LinearAttention {
        let attention = LinearAttention::new(1.0).expect("a scale");
        attention.with_mask(self.mask).with_parallelism(Parallelism::threads(threads))
    }

    fn gradients(&self, threads: usize) -> Option<AttentionGradients> {
        let [q, k, v] = self.inputs.each_ref().map(Mat::as_ref);
        self.attention(threads).backward(&self.map, q, k, v, self.output_gradients.as_ref()).ok()
    }

    fn derivative(&self, t: f64) -> f64 {
        let terms = self.map.coefficients().iter().enumerate().skip(1);
        terms.rev().fold(0.0, |sum, (j, c)| sum * t + j as f64 * c)
    }

    /// By the formed matrix; the twin takes the normaliser for a constant.
    fn dense(&self, subject: Subject) -> [Mat; 3] {
        let [queries, keys, values] = &self.inputs;
        let mut found = [queries, keys, values].map(|of| Mat::zeros(of.nrows(), of.ncols()));
        for (i, query) in queries.rows().enumerate() {
            let seen = if self.mask == Mask::Causal { i + 1 } else { keys.nrows() };
            let logits: Vec<f64> = (0..seen).map(|j| oracle::dot(query, keys.row(j))).collect();
            let mass: f64 = logits.iter().map(|&t| self.map.kernel(t)).sum();
            let given = self.output_gradients.row(i);
            let along = |j: usize| oracle::dot(given, values.row(j));
            let mean: f64 = (0..seen).map(|j| self.map.kernel(logits[j]) / mass * along(j)).sum();
            let mean = subject.pick(mean, 0.0);
            for (j, &t) in logits.iter().enumerate() {
                let slope = self.derivative(t) / mass * (along(j) - mean);
                for x in 0..query.len() {
                    found[0][(i, x)] += slope * keys[(j, x)];
                    found[1][(j, x)] += slope * query[x];
                }
                for (x, g) in given.iter().enumerate() {
                    found[2][(j, x)] += self.map.kernel(t) / mass * g;
                }
            }
        }
        found
    }
}

/// Every entry is that of the dense formula. The twin takes the normaliser for a constant.
pub(super) fn dense(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut uneven, mut n) = (0.0_f64, 0, 0);
    for _ in 0..context.scale(30, 800) {
        let case = case(&mut rng, 400);
        let Some(found) = case.gradients(1) else {
            return Outcome::inconclusive("a kernel that is not positive");
        };
        uneven += u64::from(case.gradients(3).as_ref() != Some(&found));
        let expected = case.dense(subject);
        let rows = case.inputs[0].nrows() + case.inputs[1].nrows();
        // sums over all rows of products below 30, with the roundings of r features each
        let tolerance = f64::EPSILON * (30 * rows * (case.map.feature_count() + 20)) as f64;
        for (a, b) in [&found.queries, &found.keys, &found.values].into_iter().zip(&expected) {
            for (a, b) in a.as_slice().iter().zip(b.as_slice()) {
                worst = larger(worst, (a - b).abs() / tolerance);
                n += 1;
            }
        }
    }
    Outcome::worst([Outcome::at_most(worst, 1.0, n), Outcome::all_equal(uneven, n)])
        .with_note("distance from the dense formula, in units of the rounding allowed")
}

/// Steps along random directions move the loss as the gradient says. The twin's gradient of keys has the wrong sign.
pub(super) fn differences(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(1);
    let (mut worst, mut n) = (0.0_f64, 0);
    for _ in 0..context.scale(60, 3_000) {
        let case = case(&mut rng, 60);
        let Some(found) = case.gradients(1) else {
            return Outcome::inconclusive("a kernel that is not positive");
        };
        let directions = case
            .inputs
            .each_ref()
            .map(|of| Mat::from_fn(of.nrows(), of.ncols(), |_, _| rng.random_range(-1.0..1.0)));
        let moved = |step: f64| {
            let inputs: [Mat; 3] = core::array::from_fn(|which| {
                let (of, along) = (&case.inputs[which], &directions[which]);
                Mat::from_fn(of.nrows(), of.ncols(), |i, j| of[(i, j)] + step * along[(i, j)])
            });
            let [q, k, v] = inputs.each_ref().map(Mat::as_ref);
            let output = case.attention(1).forward(&case.map, q, k, v);
            output.map(|output| oracle::dot(output.as_slice(), case.output_gradients.as_slice()))
        };
        let (Ok(ahead), Ok(behind)) = (moved(1e-5), moved(-1e-5)) else {
            return Outcome::inconclusive("a kernel that is not positive");
        };
        // the twin gives keys the gradient of their values' order
        let keys = subject.pick(1.0, -1.0);
        let along = oracle::dot(found.queries.as_slice(), directions[0].as_slice())
            + keys * oracle::dot(found.keys.as_slice(), directions[1].as_slice())
            + oracle::dot(found.values.as_slice(), directions[2].as_slice());
        let rows = case.inputs[0].nrows() as f64;
        // h² times a third derivative of each output, and rounding over h
        worst = larger(worst, ((ahead - behind) / 2e-5 - along).abs() / (1e-7 * rows));
        n += 1;
    }
    Outcome::at_most(worst, 1.0, n).with_note("distance from central differences, over 1e-7 a query")
}
