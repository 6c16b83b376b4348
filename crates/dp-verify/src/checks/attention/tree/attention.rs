//! Errors of cross-attention from trees.

use super::super::{Row, budget, climb, failure_probability, options, random_rows, target, unflatten};
use super::{attention, tree_options};
use crate::checks::picture::{self, AgainstBounds};
use crate::{Context, Outcome, Subject, exceeds, larger};
use attention_dp::{
    DpTreeCrossAttention, ErrorBar, Estimate, MomentOptions, TreeAttentionOptions, TreeBudget, TreeReader,
};
use dp_mechanisms::AddRemoveRow;
use dp_testkit::statistics::proportion_lower_bound;
use rand::RngExt;

/// Climbing on queries, keys and values, also far beyond the radii: no error without noise exceeds approximation and quantisation.
/// The twin answers with one degree less than its bars are for.
pub(super) fn deterministic_error(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (starts, steps) = (context.scale(10, 100), context.scale(200, 4_000));
    let (mut largest, mut n, mut pairs) = (0.0_f64, 0, AgainstBounds::default());
    for (case, lower) in cases() {
        let shape = case.moments().shape();
        for start in 0..starts {
            let rows = random_rows(&mut rng, shape, 2 + start % 3);
            let spread = [1.0, 1.0, 3.0, 1e3, 1e-3][start % 5];
            let query = (0..shape.key_dim).map(|_| rng.random_range(-1.0..1.0));
            let rows = rows.iter().flat_map(|(key, value)| key.iter().chain(value).map(|x| x * spread));
            let point = query.chain(rows).collect();
            climb(&mut rng, point, steps, |point| {
                let (error, bar) = error_and_bar(&case, subject.pick(None, Some(&lower)), point);
                largest = larger(largest, error / bar);
                pairs.push(bar, error);
                n += 1;
                error / bar
            });
        }
    }
    if largest < 0.5 {
        return Outcome::inconclusive(format!("errors came only within {largest:.3} of their bars"));
    }
    let title =
        "Errors of answers from trees without noise, against their bars for approximation and quantisation";
    Outcome::at_most(largest, 1.0, n)
        .with_note("error over approximation and quantisation")
        .with_figure(pairs.picture(title))
}

/// Options, and the same with one degree less.
fn cases() -> Vec<(TreeAttentionOptions, TreeAttentionOptions)> {
    let case = |moments: &dyn Fn(usize) -> MomentOptions, degree: usize, budget, bins| {
        (
            tree_options(moments(degree), budget, bins),
            tree_options(moments(degree - 1).with_uncertified_kernel(), budget, bins),
        )
    };
    vec![
        case(&|g| options(1, 1, g, 0.8), 3, TreeBudget::Joint, 8),
        case(&|g| options(2, 1, g, 0.8).with_value_range(0.0, 1.0), 2, TreeBudget::EqualShares, 5),
        case(&|g| options(2, 2, g, 1.0).with_key_center(vec![5.0, -0.3]), 3, TreeBudget::Joint, 16),
        case(&|g| options(1, 1, g, 1.0).with_resolution(8, 6), 4, TreeBudget::Joint, 3),
    ]
}

/// The error and the bar of the coordinate whose error is largest in its units; the answer may come from other options than the bar. Without
/// an answer there is no error.
fn error_and_bar(
    options: &TreeAttentionOptions,
    answered_by: Option<&TreeAttentionOptions>,
    point: &[f64],
) -> (f64, f64) {
    let shape = options.moments().shape();
    let (query, rows) = point.split_at(shape.key_dim);
    let rows = unflatten(shape, rows);
    let norm = query.iter().map(|q| q * q).sum::<f64>().sqrt();
    let query: Vec<f64> = query.iter().map(|q| q / norm.max(1.0)).collect();
    let exact = target(options.moments(), &rows, &query);
    let bars = noiseless(options, &rows, &query);
    let values = answered_by.map_or_else(|| bars.clone(), |options| noiseless(options, &rows, &query));
    let (Some(bars), Some(values)) = (bars, values) else { return (0.0, 1.0) };
    let errors = values.value().iter().zip(&exact).map(|(v, e)| (v - e).abs());
    let pairs = errors.zip(bars.bars()).map(|(error, bar)| (error, bar.approximation + bar.quantisation));
    pairs.max_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1))).unwrap_or((0.0, 1.0))
}

fn noiseless(options: &TreeAttentionOptions, rows: &[Row], query: &[f64]) -> Option<Estimate> {
    let trees = attention(AddRemoveRow, options, rows).assume_public();
    let reader = trees.reader(failure_probability(0.5)).expect("the probability is sound");
    reader.query(query).expect("the query is within the radius").estimate().cloned()
}

/// A rate above γ is reported with at most this probability if there is none.
const ALPHA: f64 = 1e-6;

const GAMMAS: [f64; 2] = [0.1, 0.01];

/// Rows whose values are near the end of the range, so that the normaliser's noise matters as much as that of the values. The twin
/// leaves it out of the bar, as the paper leaves it out of the mechanism.
pub(super) fn fixed_coverage(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let releases = context.scale(800, 50_000);
    let (mut parts, mut rates, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for split in [TreeBudget::Joint, TreeBudget::Accounted] {
        let case = tree_options(options(1, 1, 6, 0.5), split, 8);
        let rows: Vec<Row> = (0..1_000).map(|_| (vec![0.0], vec![0.95])).collect();
        let exact = target(case.moments(), &rows[..1], &[0.8]);
        let mut misses = [0; 2];
        let mechanism = mechanism(&case, 32.0);
        for _ in 0..releases {
            let trees = attention(AddRemoveRow, &case, &rows);
            let released = trees.release_with(&mechanism, &mut rng).expect("little noise");
            count(&mut misses, released.value(), &exact, subject);
        }
        for (misses, gamma) in misses.into_iter().zip(GAMMAS) {
            let low = proportion_lower_bound(misses, releases as u64, context.spend(ALPHA));
            parts.push(Outcome::at_most(low, gamma, releases as u64));
            shares.push((gamma, misses as f64 / releases as f64));
        }
        rates.push(format!("{} and {} of {releases}", misses[0], misses[1]));
    }
    let title = "Error bars of one query from trees: how often they may miss, and how often they did";
    Outcome::worst(parts)
        .with_note(format!("misses at 90 and 99 %, Gaussian and truncated: {}", rates.join("; ")))
        .with_figure(picture::coverage(title, &shares))
}

fn count(misses: &mut [u64; 2], trees: &DpTreeCrossAttention, exact: &[f64], subject: Subject) {
    for (misses, gamma) in misses.iter_mut().zip(GAMMAS) {
        let reader = trees.fixed_query_reader(failure_probability(gamma)).expect("the probability is sound");
        let answer = reader.query(&[0.8]).expect("the query is sound");
        let bar = |bar: &ErrorBar| bar.total() - subject.pick(0.0, bar.ratio);
        let missed =
            answer.estimate().is_some_and(|e| exceeds((e.value()[0] - exact[0]).abs(), bar(&e.bars()[0])));
        *misses += u64::from(missed);
    }
}

fn mechanism(options: &TreeAttentionOptions, epsilon: f64) -> attention_dp::TreeMechanism<AddRemoveRow> {
    let (epsilon, delta) = budget(epsilon, 1e-6);
    attention(AddRemoveRow, options, &[]).calibrate(epsilon, delta).expect("supported noise")
}

/// For each release the adversary, who knows the noise, takes the worst of many queries. Values are zero, so that all error is that
/// of one sum. The twin uses the bars for fixed queries.
pub(super) fn simultaneous_coverage(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let releases = context.scale(400, 5_000);
    let case = tree_options(options(1, 1, 6, 1.0), TreeBudget::Joint, 128);
    let rows: Vec<Row> = (0..2_000).map(|i| (vec![0.0], vec![if i % 2 == 0 { 0.1 } else { -0.1 }])).collect();
    let mechanism = mechanism(&case, 50.0);
    let queries: Vec<[f64; 1]> = (0..200).map(|_| [rng.random_range(-1.0..1.0)]).collect();
    let gamma = failure_probability(0.1);
    let mut misses = 0;
    for _ in 0..releases {
        let released =
            attention(AddRemoveRow, &case, &rows).release_with(&mechanism, &mut rng).expect("little noise");
        let reader: TreeReader<'_> = match subject {
            Subject::AsShipped => released.value().reader(gamma),
            Subject::Broken => released.value().fixed_query_reader(gamma),
        }
        .expect("the probability is sound");
        // equal keys, values that cancel: the exact answer is zero
        let is_missed = |query: &[f64; 1]| {
            let answer = reader.query(query).expect("the query is within the radius");
            answer.estimate().is_some_and(|e| exceeds(e.value()[0].abs(), e.bars()[0].total()))
        };
        misses += u64::from(queries.iter().any(is_missed));
    }
    let low = proportion_lower_bound(misses, releases as u64, context.spend(ALPHA));
    Outcome::at_most(low, gamma.get(), releases as u64)
        .with_note(format!("misses at 90 %: {misses} of {releases}"))
}
