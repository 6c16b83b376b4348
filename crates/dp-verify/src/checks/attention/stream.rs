//! A store that grows: what both factorisations release, against what they state.

mod audit;
mod coverage;
mod exact;

pub(super) use audit::audit;
pub(super) use coverage::coverage;
pub(super) use exact::{decoding, privacy, sensitivity};

use super::{Row, matrices};
use attention_dp::{
    Factorization, MomentOptions, RowAdjacency, Rows, StreamedMoments, StreamingMoments, StreamingOptions,
};
use dp_mechanisms::NoiseStd;
use dp_mechanisms::continual::{Node, SquareRootFactor, TreeShape};
use rand_chacha::ChaCha20Rng;

const BOTH: [Factorization; 2] = [Factorization::BinaryTree, Factorization::SquareRoot];

fn streaming<A: RowAdjacency>(
    adjacency: A,
    options: &MomentOptions,
    horizon: u64,
    factorization: Factorization,
) -> StreamingOptions<A> {
    let options = options.clone().with_max_rows(1 << 16);
    StreamingOptions::new(adjacency, options, horizon).with_factorization(factorization)
}

fn store<A: RowAdjacency>(std: f64, options: StreamingOptions<A>) -> StreamingMoments<A> {
    let std = NoiseStd::new(std).expect("positive noise");
    StreamingMoments::with_noise_std(std, options).expect("the options are sound")
}

/// So little noise that every sample is zero.
const SILENT: f64 = 1e-3;

fn push<A: RowAdjacency>(store: &mut StreamingMoments<A>, rows: &[Row], rng: &mut ChaCha20Rng) {
    let shape = store.options().moments().shape();
    let (keys, values) = matrices(shape, rows);
    let rows =
        Rows::new(store.options().adjacency(), keys.as_ref(), values.as_ref()).expect("one value a key");
    store.push(rows, rng).expect("the batch is within the horizon");
}

/// The matrix that the integer moments of batches are multiplied with before noise, by its definition: a row for each
/// vector of integers, in the order of release.
fn matrix(horizon: u64, factorization: Factorization) -> Vec<Vec<i64>> {
    match factorization {
        Factorization::BinaryTree => {
            let shape = TreeShape::new(horizon).expect("a small horizon");
            let contains = |node: Node| (0..horizon).map(move |step| i64::from(node.steps().contains(&step)));
            nodes(shape).into_iter().map(|node| contains(node).collect()).collect()
        }
        Factorization::SquareRoot => {
            let factor = SquareRootFactor::new(horizon).expect("a small horizon");
            let weight =
                |t: u64, step: u64| t.checked_sub(step).map_or(0, |lag| factor.coefficients()[lag as usize]);
            (0..horizon).map(|t| (0..horizon).map(|step| weight(t, step)).collect()).collect()
        }
    }
}

/// All nodes that are complete within the horizon, in the order of completion.
fn nodes(shape: TreeShape) -> Vec<Node> {
    let ending = |end: u64| (0..shape.levels()).filter(move |&level| end.is_multiple_of(1 << level));
    (1..=shape.horizon())
        .flat_map(|end| ending(end).map(move |level| Node { level, index: (end >> level) - 1 }))
        .collect()
}

/// The released vectors of integers of all batches so far, recovered from what can be asked for, in lattice steps.
fn integers(released: &StreamedMoments<'_>, horizon: u64) -> Vec<Vec<f64>> {
    let step = released.geometry().lattice().step();
    let in_steps = |values: Vec<f64>| values.into_iter().map(|v| v / step).collect::<Vec<_>>();
    let range = |range| {
        let moments = released.range(range).expect("history is kept");
        in_steps(moments.values().to_owned().into_vec())
    };
    match released.factorization() {
        Factorization::BinaryTree => {
            let shape = TreeShape::new(horizon).expect("a small horizon");
            let complete = nodes(shape).into_iter().filter(|node| node.steps().end <= released.batches());
            complete
                .map(|node| {
                    let (estimate, steps) = (range(node.steps()), node.steps());
                    if node.level == 0 {
                        return estimate;
                    }
                    // the estimate is v·(own sum) + (1 − v)·(sum of the halves)
                    let (own, middle) = (TreeShape::node_factor(node.level), steps.start.midpoint(steps.end));
                    let (left, right) = (range(steps.start..middle), range(middle..steps.end));
                    let halves = left.iter().zip(&right).map(|(l, r)| l + r);
                    estimate.iter().zip(halves).map(|(e, h)| (e - (1.0 - own) * h) / own).collect()
                })
                .collect()
        }
        Factorization::SquareRoot => {
            let batches: Vec<Vec<f64>> = (0..released.batches()).map(|t| range(t..t + 1)).collect();
            let weigh = |row: &Vec<i64>| {
                let mut sum = vec![0.0; batches[0].len()];
                for (batch, &weight) in batches.iter().zip(row) {
                    sum.iter_mut().zip(batch).for_each(|(sum, x)| *sum += weight as f64 * x);
                }
                sum
            };
            matrix(horizon, Factorization::SquareRoot)[..batches.len()].iter().map(weigh).collect()
        }
    }
}
