//! An audit of released trees, from rows to integers, on the worst neighbours.

use super::super::{Row, audit::column, budget, options};
use super::{attention, tree_options};
use crate::checks::lower_bound::{Events, Stated};
use crate::{Context, Outcome, Subject};
use attention_dp::{TreeAdjacency, TreeAttentionOptions, TreeBudget};
use dp_mechanisms::{AddRemoveRow, ReplaceRow};
use rand_chacha::ChaCha20Rng;

/// All events of all three audits together accuse a private release with at most this probability.
const ALPHA: f64 = 1e-6;

/// Privacy that is asked for: a large δ, because an audit sees no event rarer than one in its number of runs.
const TARGET: (f64, f64) = (1.0, 0.1);

/// Where events begin, in standard deviations of the shipped noise from the first neighbour toward the second; the least is for
/// what has no noise.
const THRESHOLDS: [f64; 7] = [0.02, 0.5, 1.0, 1.25, 1.5, 2.0, 2.5];

const BINS: usize = 4;

/// What can be wrong with a release.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    HalfNoise,
    /// As published: the normaliser's trees and sums are stored as they are.
    BareNormaliser,
    /// As published: the two sums beside the trees are stored as they are.
    BareSums,
}

/// The lower bound of ε is at most what the certificate says, for Gaussian noise under both adjacencies and for truncated noise.
/// Three twins are judged: half the noise, a bare normaliser, bare sums; the mildest finding counts. An audit that finds little
/// of the Gaussian budget is no evidence.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(10_000, 200_000);
    let of = |budget| tree_options(options(1, 1, 1, 0.4), budget, BINS);
    let (joint, accounted) = (of(TreeBudget::Joint), of(TreeBudget::Accounted));
    let (first, second) = ((vec![1.0], vec![1.0]), (vec![-1.0], vec![-1.0]));
    let faults =
        subject.pick(&[Fault::None][..], &[Fault::HalfNoise, Fault::BareNormaliser, Fault::BareSums]);
    context.spend(ALPHA);
    let mut outcomes: Vec<Outcome> = Vec::new();
    for &fault in faults {
        let mut rng = context.rng(0);
        let one_more = [vec![], vec![first.clone()]];
        let replaced = [vec![first.clone()], vec![second.clone()]];
        let (of, adjacency) = ("trees, a row more", AddRemoveRow);
        outcomes.push(Audit { of, adjacency, options: &joint, rows: &one_more }.run(n, fault, &mut rng));
        let audit =
            Audit { of: "trees, a row replaced", adjacency: ReplaceRow, options: &joint, rows: &replaced };
        outcomes.push(audit.run(n, fault, &mut rng));
        if fault == Fault::None {
            let of = "trees with truncated noise, a row more";
            let audit = Audit { of, adjacency, options: &accounted, rows: &one_more };
            outcomes.push(audit.run(n / 4, fault, &mut rng));
        }
    }
    let found: Vec<String> = outcomes.iter().map(|outcome| format!("{:.3}", outcome.observed)).collect();
    let note = format!("audited ε, Gaussian under add/remove and replace, truncated: {}", found.join(", "));
    if outcomes[..2].iter().any(|outcome| outcome.observed < 0.3 * TARGET.0) {
        return Outcome::inconclusive(note);
    }
    outcomes.sort_by(|a, b| a.observed.total_cmp(&b.observed));
    let judged = subject.pick(outcomes.len() - 1, 0);
    outcomes.swap_remove(judged).with_note(note)
}

struct Audit<'a, A> {
    /// What is audited.
    of: &'a str,
    adjacency: A,
    options: &'a TreeAttentionOptions,
    rows: &'a [Vec<Row>; 2],
}

/// Entries that an event looks at: all, those of the normaliser, the sums beside the trees.
const VIEWS: usize = 3;

impl<A: TreeAdjacency> Audit<'_, A> {
    fn run(&self, n: usize, fault: Fault, rng: &mut ChaCha20Rng) -> Outcome {
        let (epsilon, delta) = budget(TARGET.0, TARGET.1);
        let mechanism =
            attention(self.adjacency, self.options, &[]).calibrate(epsilon, delta).expect("supported noise");
        let std = mechanism.noise().std();
        let exact = [0, 1]
            .map(|side| attention(self.adjacency, self.options, &self.rows[side]).assume_public_nodes());
        let views = views(exact[0].len());
        let release = |side: usize, rng: &mut ChaCha20Rng| {
            let trees = attention(self.adjacency, self.options, &self.rows[side]);
            trees.into_released_nodes(&mechanism, rng).expect("little noise fits the lattice")
        };
        let guarantee = release(0, rng).certificate().guarantee().clone();
        let draws = [0, 1].map(|side: usize| {
            let one = |_| {
                let mut nodes = release(side, rng).value().clone();
                spoil(&mut nodes, &exact[side], fault, &views);
                [0, 1, 2].map(|view: usize| along(&nodes, &exact[0], &exact[1], &views[view]) / std)
            };
            (0..n).map(one).collect::<Vec<_>>()
        });
        let level = ALPHA / (3 * VIEWS * THRESHOLDS.len()) as f64;
        let events = |view: usize| {
            let [lower, higher] = [0, 1].map(|side: usize| column(&draws[side], view));
            Events::above(&THRESHOLDS, [&higher, &lower], level)
        };
        let stated = Stated {
            of: self.of,
            epsilon: guarantee.epsilon(delta),
            delta: TARGET.1,
            profile: &|epsilon| guarantee.delta(epsilon),
        };
        stated.against(&events(0).and(&events(1)).and(&events(2)), 0.0)
    }
}

/// Positions of all entries, of the normaliser's, and of the sums.
fn views(len: usize) -> [Vec<usize>; VIEWS] {
    let sums = len - 4..len;
    let stride = super::levels(BINS).1;
    // coordinate by coordinate, in it column by column, three scalar trees each; the second column is the normaliser
    let normaliser = (0..sums.start).filter(|i| i / (3 * stride) % 2 == 1).chain(len - 2..len);
    [(0..len).collect(), normaliser.collect(), sums.collect()]
}

fn spoil(nodes: &mut [i64], exact: &[i64], fault: Fault, views: &[Vec<usize>; VIEWS]) {
    let bare = match fault {
        Fault::None => return,
        Fault::HalfNoise => {
            nodes.iter_mut().zip(exact).for_each(|(node, exact)| *node = exact + (*node - exact) / 2);
            return;
        }
        Fault::BareNormaliser => &views[1],
        Fault::BareSums => &views[2],
    };
    for &i in bare {
        nodes[i] = exact[i];
    }
}

/// Length of `nodes − from` along `to − from`, both at some entries.
fn along(nodes: &[i64], from: &[i64], to: &[i64], entries: &[usize]) -> f64 {
    let difference = |i: usize| (to[i] - from[i]) as f64;
    let length = entries.iter().map(|&i| difference(i).powi(2)).sum::<f64>().sqrt();
    let product = entries.iter().map(|&i| (nodes[i] - from[i]) as f64 * difference(i)).sum::<f64>();
    if length > 0.0 { product / length } else { 0.0 }
}
