//! An audit of whole streams, whose later batches depend on earlier releases.

use super::super::audit::column;
use super::super::{Row, budget, integers as integers_of_rows, options};
use super::{BOTH, integers, matrix, push, store, streaming};
use crate::checks::lower_bound::{Events, Stated, list, together};
use crate::{Context, Outcome, Subject};
use attention_dp::{Factorization, MomentGeometry, MomentOptions, RowAdjacency, StreamingMoments};
use dp_mechanisms::{AddRemoveRow, LatticeGaussian, ReplaceRow};
use rand_chacha::ChaCha20Rng;

/// All events of one audit together accuse a private stream with at most this probability; there are four.
const ALPHA: f64 = 2.5e-7;

/// Privacy that is asked for; a large δ, as for single releases.
const TARGET: (f64, f64) = (1.0, 0.1);

/// Where events begin, in standard deviations of the shipped noise; the least is for what has no noise.
const THRESHOLDS: [f64; 6] = [0.02, 0.75, 1.0, 1.25, 1.5, 2.0];

const HORIZON: u64 = 8;

/// The first batch differs by the worst row; how many rows of which kind the others have depends on what was released. An adversary who
/// knows that reads the difference off all integers together, or off the first two vectors of them, and bounds ε from below. Two twins are
/// judged, one whose budget is new with every batch and one whose batches share a draw of noise; the mildest finding counts. An audit that
/// finds little is no evidence.
pub(in super::super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let options = options(1, 1, 2, 1.0);
    let (first, second) = ((vec![1.0], vec![1.0]), (vec![-1.0], vec![-1.0]));
    let faults = subject.pick(&[Fault::None][..], &[Fault::NewBudget, Fault::NoiseReused]);
    let mut outcomes: Vec<Outcome> = Vec::new();
    for (&fault, factorization) in faults.iter().flat_map(|fault| BOTH.map(|each| (fault, each))) {
        let mut rng = context.rng(0);
        let one_more = Audit {
            of: "a stream of moments, a row more in its first batch",
            adjacency: AddRemoveRow,
            options: &options,
            factorization,
            rows: [vec![], vec![first.clone()]],
        };
        let replaced = Audit {
            of: "a stream of moments, a row of its first batch replaced",
            adjacency: ReplaceRow,
            options: &options,
            factorization,
            rows: [vec![first.clone()], vec![second.clone()]],
        };
        outcomes.push(one_more.run(context, fault, &mut rng));
        outcomes.push(replaced.run(context, fault, &mut rng));
    }
    let note = format!("audited ε of tree and square root, add/remove and replace: {}", list(&outcomes));
    together(outcomes, subject).with_note(note)
}

/// What can be wrong with a stream.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Noise that would do if each batch had a budget of its own.
    NewBudget,
    /// Every batch has the noise of the first, as from a generator that is copied.
    NoiseReused,
}

struct Audit<'a, A> {
    /// What is audited.
    of: &'a str,
    adjacency: A,
    options: &'a MomentOptions,
    factorization: Factorization,
    /// First batches of two neighbours.
    rows: [Vec<Row>; 2],
}

/// What an adversary knows beforehand.
struct Knowledge {
    /// Weights of the batches in each vector of integers.
    matrix: Vec<Vec<i64>>,
    /// Integers of the first neighbour's first batch, and what the second's add.
    from: Vec<f64>,
    difference: Vec<f64>,
    /// Integers of the row that later batches may have.
    extra: Vec<f64>,
}

impl<A: RowAdjacency> Audit<'_, A> {
    fn run(&self, context: &Context, fault: Fault, rng: &mut ChaCha20Rng) -> Outcome {
        let n = context.scale(12_000, 100_000);
        // a difference without noise is told at once
        let n = if fault == Fault::NoiseReused { n / 10 } else { n };
        let (epsilon, delta) = budget(TARGET.0, TARGET.1);
        let agreed = streaming(self.adjacency, self.options, HORIZON, self.factorization);
        let shipped = StreamingMoments::calibrate(epsilon, delta, agreed).expect("the options are sound");
        let (std, profile) = (shipped.noise_std().get(), shipped.profile());
        let used = if fault == Fault::NewBudget { self.single_batch_std() } else { std };
        let knowledge = self.knowledge();
        let draws = [0, 1].map(|side| -> Vec<[f64; 2]> {
            let one = |_| self.draw((side, fault), used, &knowledge, rng).map(|along| along / std);
            (0..n).map(one).collect()
        });
        let level = context.spend(ALPHA);
        let events = |statistic: usize| {
            let [lower, higher] = [0, 1].map(|side: usize| column(&draws[side], statistic));
            Events::above(&THRESHOLDS, [&higher, &lower], level)
        };
        let stated = Stated {
            of: self.of,
            epsilon: profile.epsilon(delta),
            delta: TARGET.1,
            profile: &|epsilon| profile.delta(epsilon),
        };
        stated.against(&events(0).and(&events(1)), 0.5)
    }

    /// Noise that would do if a batch took part in one released vector of integers only.
    fn single_batch_std(&self) -> f64 {
        let (epsilon, delta) = budget(TARGET.0, TARGET.1);
        let geometry = MomentGeometry::new(self.options.clone()).expect("the options are sound");
        let sensitivity = self.adjacency.sensitivity(&geometry).expect("small squares");
        let single = LatticeGaussian::calibrate(epsilon, delta, sensitivity).expect("supported noise");
        // in units of the released integers
        single.noise_std().get() * matrix(HORIZON, self.factorization)[0][0] as f64
    }

    fn knowledge(&self) -> Knowledge {
        let floats = |rows: &[Row]| -> Vec<f64> {
            integers_of_rows(self.options, rows).into_iter().map(|x| x as f64).collect()
        };
        let [from, to] = [floats(&self.rows[0]), floats(&self.rows[1])];
        let difference = to.iter().zip(&from).map(|(t, f)| t - f).collect();
        let extra = floats(&[(vec![0.5], vec![-1.0])]);
        Knowledge { matrix: matrix(HORIZON, self.factorization), from, difference, extra }
    }

    /// One stream of a neighbour: the length, along the difference, of all integers less what the adversary knows of them; and that of
    /// the first vector of integers less the second, where noise that both share is gone.
    fn draw(
        &self,
        (side, fault): (usize, Fault),
        std: f64,
        known: &Knowledge,
        rng: &mut ChaCha20Rng,
    ) -> [f64; 2] {
        let start = rng.clone();
        let mut stream = store(std, streaming(self.adjacency, self.options, HORIZON, self.factorization));
        push(&mut stream, &self.rows[side], rng);
        let mut extras = vec![0.0; HORIZON as usize];
        // nodes of the tree that reach beyond the first half do not contain the first batch
        let last = if self.factorization == Factorization::BinaryTree { HORIZON / 2 } else { HORIZON };
        for batch in 1..last {
            // more rows where the last release happened to be large
            let large = stream.released().latest().values().row(0)[0] > 0.5;
            extras[batch as usize] = f64::from(u8::from(large));
            let rows = if large { vec![(vec![0.5], vec![-1.0])] } else { Vec::new() };
            match fault {
                Fault::NoiseReused => push(&mut stream, &rows, &mut start.clone()),
                Fault::None | Fault::NewBudget => push(&mut stream, &rows, rng),
            }
        }
        let integers = integers(&stream.released(), HORIZON);
        [known.project(&integers, &extras), known.project_first_two(&integers, &extras)]
    }
}

impl Knowledge {
    fn project(&self, integers: &[Vec<f64>], extras: &[f64]) -> f64 {
        let vectors = integers.iter().zip(&self.matrix).map(|(row, weights)| {
            let weights: Vec<f64> = weights.iter().map(|&weight| weight as f64).collect();
            self.of_vector(row, &weights, extras)
        });
        length(vectors)
    }

    /// Independent noise of two vectors, over `√2`, has the standard deviation of one.
    fn project_first_two(&self, integers: &[Vec<f64>], extras: &[f64]) -> f64 {
        let difference: Vec<f64> = integers[0].iter().zip(&integers[1]).map(|(a, b)| a - b).collect();
        let weights = self.matrix[0].iter().zip(&self.matrix[1]).map(|(a, b)| (a - b) as f64);
        let of_both = self.of_vector(&difference, &weights.collect::<Vec<_>>(), extras);
        length([of_both].into_iter()) / 2.0_f64.sqrt()
    }

    /// Product of a vector of integers, less what is known, with what the difference adds to it; and the square of the latter.
    fn of_vector(&self, row: &[f64], weights: &[f64], extras: &[f64]) -> (f64, f64) {
        let own = weights[0];
        let added: f64 = weights.iter().zip(extras).map(|(weight, extra)| weight * extra).sum();
        let entry = |(j, &x): (usize, &f64)| {
            let direction = own * self.difference[j];
            ((x - own * self.from[j] - added * self.extra[j]) * direction, direction * direction)
        };
        row.iter().enumerate().map(entry).fold((0.0, 0.0), |sums, next| (sums.0 + next.0, sums.1 + next.1))
    }
}

/// From products and squares, vector by vector.
fn length(vectors: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (along, square) = vectors.fold((0.0, 0.0), |sums, next| (sums.0 + next.0, sums.1 + next.1));
    along / square.sqrt()
}
