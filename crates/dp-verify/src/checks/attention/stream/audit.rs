//! An audit of whole streams, whose later batches depend on earlier releases.

use super::super::{Row, budget, integers as integers_of_rows, options};
use super::{BOTH, integers, matrix, push, store, streaming};
use crate::checks::lower_bound::{Events, Stated};
use crate::{Context, Outcome, Subject};
use attention_dp::{Factorization, MomentGeometry, MomentOptions, RowAdjacency, StreamingMoments};
use dp_mechanisms::{AddRemoveRow, LatticeGaussian, ReplaceRow};
use rand_chacha::ChaCha20Rng;

/// All events of all four audits together accuse a private stream with at most this probability.
const ALPHA: f64 = 1e-6;

/// Privacy that is asked for; a large δ, as for single releases.
const TARGET: (f64, f64) = (1.0, 0.1);

/// Where events begin, in standard deviations of the shipped noise.
const THRESHOLDS: [f64; 5] = [0.75, 1.0, 1.25, 1.5, 2.0];

const HORIZON: u64 = 8;

/// The first batch differs by the worst row; how many rows of which kind the others have depends on what was released. An adversary who
/// knows that reads the difference off all integers together, and bounds ε from below. The twin's budget is new with every
/// batch. An audit that finds little is no evidence.
pub(in super::super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(12_000, 100_000);
    let options = options(1, 1, 2, 1.0);
    let (first, second) = ((vec![1.0], vec![1.0]), (vec![-1.0], vec![-1.0]));
    context.spend(ALPHA);
    let mut outcomes: Vec<Outcome> = Vec::new();
    for factorization in BOTH {
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
        outcomes.push(one_more.run(n, subject, &mut rng));
        outcomes.push(replaced.run(n, subject, &mut rng));
    }
    let found: Vec<String> = outcomes.iter().map(|outcome| format!("{:.3}", outcome.observed)).collect();
    let note = format!("audited ε of tree and square root, add/remove and replace: {}", found.join(", "));
    outcomes.sort_by(|a, b| a.observed.total_cmp(&b.observed));
    if outcomes[0].observed < 0.5 * TARGET.0 {
        return Outcome::inconclusive(note);
    }
    let judged = subject.pick(outcomes.len() - 1, 0);
    outcomes.swap_remove(judged).with_note(note)
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
    fn run(&self, n: usize, subject: Subject, rng: &mut ChaCha20Rng) -> Outcome {
        let (epsilon, delta) = budget(TARGET.0, TARGET.1);
        let agreed = streaming(self.adjacency, self.options, HORIZON, self.factorization);
        let shipped = StreamingMoments::calibrate(epsilon, delta, agreed).expect("the options are sound");
        let (std, profile) = (shipped.noise_std().get(), shipped.profile());
        let used = subject.pick(std, self.single_batch_std());
        let knowledge = self.knowledge();
        let draws = [0, 1].map(|side| -> Vec<f64> {
            (0..n).map(|_| self.draw(side, used, &knowledge, rng) / std).collect()
        });
        let level = ALPHA / (4 * THRESHOLDS.len()) as f64;
        let stated = Stated {
            of: self.of,
            epsilon: profile.epsilon(delta),
            delta: TARGET.1,
            profile: &|epsilon| profile.delta(epsilon),
        };
        stated.against(&Events::above(&THRESHOLDS, [&draws[1], &draws[0]], level), 0.0)
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

    /// One stream of a neighbour: the length, along the difference, of all integers less what the adversary knows of them.
    fn draw(&self, side: usize, std: f64, known: &Knowledge, rng: &mut ChaCha20Rng) -> f64 {
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
            push(&mut stream, &rows, rng);
        }
        known.project(&integers(&stream.released(), HORIZON), &extras)
    }
}

impl Knowledge {
    fn project(&self, integers: &[Vec<f64>], extras: &[f64]) -> f64 {
        let (mut along, mut square) = (0.0, 0.0);
        for (row, weights) in integers.iter().zip(&self.matrix) {
            let own = weights[0] as f64;
            let added: f64 = weights.iter().zip(extras).map(|(&weight, extra)| weight as f64 * extra).sum();
            for (j, &x) in row.iter().enumerate() {
                let direction = own * self.difference[j];
                along += (x - own * self.from[j] - added * self.extra[j]) * direction;
                square += direction * direction;
            }
        }
        along / square.sqrt()
    }
}
