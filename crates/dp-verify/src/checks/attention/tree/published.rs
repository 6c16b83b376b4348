//! The holes of the published mechanism, each open in a variant that is built here and nowhere else.
//!
//! A check *holds* when its counterexample reproduces; its twin is the repaired mechanism, on which the attack must fail.

use super::super::{Row, budget, failure_probability, options, random_rows};
use super::{attention, distances, tree_options};
use crate::{Context, Outcome, Subject, larger, smaller};
use attention_dp::{
    Coverage, DistanceMethod, DistanceOptions, PrivateTree, RowBound, TreeAttentionOptions, TreeBudget,
    TreeMechanism, TreeOptions,
};
use dp_linalg::{Mat, Qr};
use dp_mechanisms::{AddRemoveRow, ReplaceRow};
use dp_testkit::statistics::epsilon_lower_bound;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Privacy that the variants would have to have.
const TARGET: (f64, f64) = (1.0, 1e-6);

/// An attack is right every time.
fn always_right(context: &mut Context, subject: Subject, attack: Attack) -> Outcome {
    let mut rng = context.rng(0);
    let n = context.scale(200, 5_000);
    let setting = Setting::new();
    let right = (0..n).filter(|i| (attack)(&setting, subject, i % 2 == 0, &mut rng) == (i % 2 == 0)).count();
    // from a private release nobody is right more often than with probability (e + δ)/(e + 1)
    Outcome::at_least(right as f64 / n as f64, 1.0, n as u64)
        .with_note("share of right answers to: is the row there?")
}

/// The lower bound on ε that an attack proves is above the ε that was asked for.
fn audited(context: &mut Context, subject: Subject, attack: Attack) -> Outcome {
    let mut rng = context.rng(0);
    let n = context.scale(500, 20_000);
    let setting = Setting::new();
    let mut count =
        |present| (0..n).filter(|_| (attack)(&setting, subject, present, &mut rng)).count() as u64;
    let (hits, false_hits) = (count(true), count(false));
    let audited = epsilon_lower_bound(hits, false_hits, n as u64, TARGET.1, context.spend(1e-6));
    Outcome::at_least(audited, TARGET.0, 2 * n as u64).with_note("audited ε, over that asked for")
}

/// Says whether the row is there, from a release of rows with or without it.
type Attack = fn(&Setting, Subject, bool, &mut ChaCha20Rng) -> bool;

struct Setting {
    options: TreeAttentionOptions,
    mechanism: TreeMechanism<AddRemoveRow>,
}

impl Setting {
    fn new() -> Self {
        // one bin: the published structure with trees of one node; more bins give the same attack on each piece of the line
        let options = tree_options(options(1, 1, 2, 1.0), TreeBudget::EqualShares, 1);
        let (epsilon, delta) = budget(TARGET.0, TARGET.1);
        let mechanism =
            attention(AddRemoveRow, &options, &[]).calibrate(epsilon, delta).expect("supported noise");
        Self { options, mechanism }
    }

    fn rows(&self, present: bool, rng: &mut ChaCha20Rng) -> (Vec<Row>, Row) {
        let background = random_rows(rng, self.options.moments().shape(), 5);
        let row = (vec![0.7], vec![0.5]);
        let rows = background.iter().cloned().chain(present.then(|| row.clone())).collect();
        (rows, row)
    }

    /// Unnormalised sums and normaliser at queries, from trees with or without noise.
    fn sums(&self, rows: &[Row], noise: Option<&mut ChaCha20Rng>) -> Vec<[f64; 2]> {
        let trees = attention(AddRemoveRow, &self.options, rows);
        let trees = match noise {
            Some(rng) => trees.release_with(&self.mechanism, rng).expect("little noise").value().clone(),
            None => trees.assume_public(),
        };
        let at = |query: &f64| {
            let sums = trees.softmax().sums(&[*query], Coverage::FixedQuery, failure_probability(0.5));
            sums.expect("the query is sound").values.try_into().expect("a value and the normaliser")
        };
        QUERIES.iter().map(at).collect()
    }
}

const QUERIES: [f64; 15] =
    [-1.0, -0.85, -0.7, -0.55, -0.4, -0.25, -0.15, 0.0, 0.1, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0];

/// The attack from answers is right every time. The twin's normaliser has noise.
pub(super) fn normaliser(context: &mut Context, subject: Subject) -> Outcome {
    always_right(context, subject, from_answers)
}

/// The same by a lower bound of ε. The twin as above.
pub(super) fn normaliser_audit(context: &mut Context, subject: Subject) -> Outcome {
    audited(context, subject, from_answers)
}

/// The adversary sees nothing but answers `N̂(q)/D(q)`. With degree two in one dimension `N̂` is a polynomial of degree four in q,
/// whatever the noise is. So a guess D' of the exact normaliser is right if `answer·D'` is such a polynomial: 15 answers leave ten
/// equations that a wrong guess does not satisfy.
fn from_answers(setting: &Setting, subject: Subject, present: bool, rng: &mut ChaCha20Rng) -> bool {
    let (rows, row) = setting.rows(present, rng);
    let released = setting.sums(&rows, Some(rng));
    let exact = setting.sums(&rows, None);
    let answers =
        released.iter().zip(&exact).map(|(noisy, exact)| noisy[0] / subject.pick(exact[1], noisy[1]));
    let answers: Vec<f64> = answers.collect();
    let without: Vec<Row> = rows.iter().filter(|r| **r != row).cloned().collect();
    let with = [&without[..], &[row]].concat();
    let misfit = |rows: &[Row]| {
        let guess =
            setting.sums(rows, None).iter().zip(&answers).map(|(sum, answer)| sum[1] * answer).collect();
        distance_from_quartics(guess)
    };
    misfit(&with) < misfit(&without)
}

/// How far values at the queries are from those of any polynomial of degree four, relative to their size.
fn distance_from_quartics(values: Vec<f64>) -> f64 {
    let powers = Mat::from_fn(QUERIES.len(), 5, |i, j| QUERIES[i].powi(j as i32));
    let size = values.iter().map(|v| v * v).sum::<f64>().sqrt();
    let values = Mat::from_vec(QUERIES.len(), 1, values).expect("one value a query");
    let fit = Qr::new(powers.as_ref()).and_then(|qr| qr.solve_least_squares(values.as_ref()));
    let fit = fit.expect("powers at fifteen points are independent");
    let residual = |i: usize| values[(i, 0)] - (0..5).map(|j| powers[(i, j)] * fit[(j, 0)]).sum::<f64>();
    (0..QUERIES.len()).map(|i| residual(i).powi(2)).sum::<f64>().sqrt() / size
}

/// The attack from the structure is right every time. The twin's nodes and sums have noise.
pub(super) fn sums(context: &mut Context, subject: Subject) -> Outcome {
    always_right(context, subject, from_structure)
}

/// The same by a lower bound of ε. The twin as above.
pub(super) fn sums_audit(context: &mut Context, subject: Subject) -> Outcome {
    audited(context, subject, from_structure)
}

/// The adversary sees the structure: trees with noise, and beside them `Σ w‖φ‖²` and `Σ w` of each column. The normaliser's are those
/// of rows with the row in question, or without it.
fn from_structure(setting: &Setting, subject: Subject, present: bool, rng: &mut ChaCha20Rng) -> bool {
    let (rows, row) = setting.rows(present, rng);
    let trees = || attention(AddRemoveRow, &setting.options, &rows);
    let stored = match subject {
        Subject::AsShipped => trees().assume_public_nodes(),
        Subject::Broken => {
            trees().into_released_nodes(&setting.mechanism, rng).expect("little noise").value().clone()
        }
    };
    let without: Vec<Row> = rows.iter().filter(|r| **r != row).cloned().collect();
    let known = |rows: &[Row]| attention(AddRemoveRow, &setting.options, rows).assume_public_nodes();
    let [with, without] = [known(&[&without[..], &[row]].concat()), known(&without)];
    let last = stored.len() - 1;
    stored[last].abs_diff(with[last]) < stored[last].abs_diff(without[last])
}

/// Silent with probability 1 − p, when it is private with ε = δ = 0; else it shows the row. The event "this row is shown" has
/// probability p on one side and 0 on the other, so δ(ε) = p for every ε. The twin states δ + p.
pub(super) fn probability(_: &mut Context, subject: Subject) -> Outcome {
    let (mut least, mut n) = (f64::INFINITY, 0);
    for (p, epsilon) in (1..=40).flat_map(|k| [0.0, 1.0, 30.0].map(|epsilon: f64| (0.5_f64.powi(k), epsilon)))
    {
        let delta = 0.25 * p;
        let divergence = |first: f64, second: f64| larger(first - epsilon.exp() * second, 0.0);
        least = smaller(least, divergence(p, 0.0) / subject.pick(delta, delta + p));
        n += 1;
    }
    Outcome::at_least(least, 1.0_f64.next_up(), n).with_note("δ(ε) over the δ that is stated, at least")
}

/// The same by many runs, at p = 0.05 and δ = 0.01. The twin states δ + p.
pub(super) fn probability_audit(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let n = context.scale(20_000, 1_000_000);
    let (p, delta) = (0.05, 0.01);
    let shown = (0..n).filter(|_| rng.random_range(0.0..1.0) < p).count() as u64;
    let audited =
        epsilon_lower_bound(shown, 0, n as u64, subject.pick(delta, delta + p), context.spend(1e-6));
    Outcome::at_least(audited, TARGET.0, 2 * n as u64).with_note("audited ε at the δ that is stated, over 1")
}

/// A row inserted in front of rows ±1 in turn changes every leaf. The twin replaces a row.
pub(super) fn insertion(context: &mut Context, subject: Subject) -> Outcome {
    let (mut least, mut n) = (f64::INFINITY, 0);
    for leaves in 8..context.scale(200, 2_000) {
        let alternating: Vec<i64> = (0..leaves as i64).map(|i| 1 - 2 * (i % 2)).collect();
        let inserted: Vec<i64> = [-1].into_iter().chain(alternating.iter().copied()).take(leaves).collect();
        let replaced: Vec<i64> = [-1].into_iter().chain(alternating[1..].iter().copied()).collect();
        let nodes = |values: &[i64]| {
            let options = TreeOptions::new(leaves, RowBound::entries(1, 1), TreeBudget::Joint);
            let tree = PrivateTree::<ReplaceRow>::over_positions(options, values).expect("a small tree");
            (tree.levels(), tree.assume_public_nodes())
        };
        let ((levels, first), (_, second)) = (nodes(&alternating), nodes(&subject.pick(inserted, replaced)));
        let moved: u64 = first.iter().zip(&second).map(|(a, b)| a.abs_diff(*b)).sum();
        // one row in `levels` nodes, moved by at most two in each
        least = smaller(least, moved as f64 / f64::from(2 * levels));
        n += 1;
    }
    Outcome::at_least(least, 1.0_f64.next_up(), n).with_note("L1 distance over 2·levels, at least")
}

/// Two points in one ring, of opposite weights: the sum of distances is not zero, the answer is. The twin has weights of one sign.
pub(super) fn relative(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut least, mut n) = (f64::INFINITY, 0);
    for _ in 0..context.scale(200, 5_000) {
        let alpha = rng.random_range(0.05..1.0);
        let options = DistanceOptions::new(vec![(0.0, 1.0)], 1.0, TreeBudget::Joint)
            .with_method(DistanceMethod::Rings { alpha })
            .with_bins(512);
        let first = rng.random_range(0.6..0.9);
        let second = first + 0.3 / 512.0;
        let rows = [vec![first, 1.0], vec![second, subject.pick(-1.0, 1.0)]];
        let trees = distances(AddRemoveRow, &options, &rows).assume_public();
        let found = trees.query(&[0.0], failure_probability(0.5)).expect("a finite query").value;
        let exact = first + rows[1][1] * second;
        // a bin's edge may stand between the two
        let error = (found - exact).abs() / exact.abs();
        least = smaller(least, error / alpha);
        n += 1;
    }
    Outcome::at_least(least, 1.0, n).with_note("relative error over α, at least")
}
