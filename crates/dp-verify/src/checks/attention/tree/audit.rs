//! Audits of released trees, from rows to integers, on the worst neighbours.

use super::super::{Row, budget, options};
use super::{attention, distances, levels, tree_options};
use crate::checks::lower_bound::{Events, Stated, list, together};
use crate::{Context, Outcome, Subject};
use attention_dp::{
    DistanceOptions, DpTree, NodeNoise, Power, PrivateTree, RowBound, Signs, TreeAdjacency,
    TreeAttentionOptions, TreeBudget, TreeOptions,
};
use core::ops::Range;
use dp_mechanisms::continual::TreeShape;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, PrivacyProfile, Release, ReplaceRow};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// All events of one audit together accuse a private release with at most this probability; there are seven.
const ALPHA: f64 = 1e-7;

/// Privacy that is asked for: a large δ, because an audit sees no event rarer than one in its number of runs.
const TARGET: (f64, f64) = (1.0, 0.1);

/// Where events begin, in standard deviations of the shipped noise from the first neighbour toward the second; the least is for
/// what has no noise.
const THRESHOLDS: [f64; 7] = [0.02, 0.5, 1.0, 1.25, 1.5, 2.0, 2.5];

const BINS: usize = 4;

/// Leaves of trees and bins of distances: three levels.
const LEAVES: usize = 16;

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

/// The lower bound of ε is at most what the certificate says, for attention, sums over leaves and distances, each with Gaussian and with
/// truncated noise. Three twins are judged: half the noise, and for attention a bare normaliser and bare sums; the mildest finding
/// counts. An audit that finds little is no evidence.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let faults =
        subject.pick(&[Fault::None][..], &[Fault::HalfNoise, Fault::BareNormaliser, Fault::BareSums]);
    let structures: Vec<Structure> =
        of_attention().into_iter().chain(of_sums()).chain(of_distances()).collect();
    let cases = faults.iter().flat_map(|fault| structures.iter().map(move |structure| (fault, structure)));
    let cases = cases.filter(|(fault, structure)| structure.can_have(**fault));
    let audits: Vec<Outcome> = cases.map(|(&fault, structure)| structure.audit(context, fault)).collect();
    let note = format!(
        "audited ε, Gaussian under add/remove and replace and truncated of attention, Gaussian and truncated of sums and distances: {}",
        list(&audits)
    );
    together(audits, subject).with_note(note)
}

fn target() -> (Epsilon, Delta) {
    budget(TARGET.0, TARGET.1)
}

/// Keys and values: one at an end, more or in place of one at the other.
fn of_attention() -> [Structure; 3] {
    let of = |split| tree_options(options(1, 1, 1, 0.4), split, BINS);
    let end = |x: f64| -> Vec<Row> { vec![(vec![x], vec![x])] };
    [
        keys("trees, a row more", AddRemoveRow, of(TreeBudget::Joint), [vec![], end(1.0)]),
        keys("trees, a row replaced", ReplaceRow, of(TreeBudget::Joint), [end(1.0), end(-1.0)]),
        keys(
            "trees with truncated noise, a row more",
            AddRemoveRow,
            of(TreeBudget::Accounted),
            [vec![], end(1.0)],
        ),
    ]
}

/// Sums over leaves: a row that moves from the first leaf to the last, where no two rows point apart; and a row more.
fn of_sums() -> [Structure; 2] {
    let of = |split| {
        let row = RowBound { signs: Signs::Nonnegative, ..RowBound::entries(1, LARGEST as u64) };
        TreeOptions::new(LEAVES, row, split)
    };
    let last = Some(LEAVES - 1);
    [
        sums("sums over leaves, a row replaced", ReplaceRow, of(TreeBudget::Joint), [Some(0), last]),
        sums(
            "sums over leaves with truncated noise, a row more",
            AddRemoveRow,
            of(TreeBudget::Accounted),
            [None, Some(0)],
        ),
    ]
}

/// Points at an end: a weight that changes its sign, and a point more.
fn of_distances() -> [Structure; 2] {
    let of = |split| {
        DistanceOptions::new(vec![(-1.0, 1.0)], 1.0, split)
            .with_bins(LEAVES)
            .with_power(Power::Two)
            .with_resolution(8, 6)
    };
    let point = |weight: f64| vec![vec![1.0, weight]];
    [
        points("distances, a row replaced", ReplaceRow, of(TreeBudget::Joint), [point(1.0), point(-1.0)]),
        points(
            "distances with truncated noise, a row more",
            AddRemoveRow,
            of(TreeBudget::Accounted),
            [vec![], point(1.0)],
        ),
    ]
}

fn keys<A: TreeAdjacency>(
    of: &'static str,
    adjacency: A,
    options: TreeAttentionOptions,
    rows: [Vec<Row>; 2],
) -> Structure {
    let (epsilon, delta) = target();
    let mechanism = attention(adjacency, &options, &[]).calibrate(epsilon, delta).expect("supported noise");
    let exact = [0, 1].map(|side: usize| attention(adjacency, &options, &rows[side]).assume_public_nodes());
    let (views, noise) = (views(exact[0].len()), mechanism.noise());
    let release = move |side: usize, rng: &mut ChaCha20Rng| {
        let trees = attention(adjacency, &options, &rows[side]);
        trees.into_released_nodes(&mechanism, rng).expect("little noise fits the lattice")
    };
    Structure { views, ..Structure::new(of, (exact, noise), release, Vec::clone) }
}

/// Entry of every row in a tree of one entry.
const LARGEST: i64 = 100;

fn sums<A: TreeAdjacency>(
    of: &'static str,
    adjacency: A,
    options: TreeOptions,
    leaves: [Option<usize>; 2],
) -> Structure {
    let (epsilon, delta) = target();
    let build = move |leaf: Option<usize>| {
        let mut tree = PrivateTree::over_bins(adjacency, options).expect("a small tree");
        if let Some(leaf) = leaf {
            tree.add(leaf, &[LARGEST]).expect("one entry");
        }
        tree
    };
    let mechanism = build(None).calibrate(epsilon, delta).expect("supported noise");
    let exact = leaves.map(|leaf| build(leaf).assume_public_nodes());
    let noise = mechanism.noise();
    let release = move |side: usize, rng: &mut ChaCha20Rng| {
        build(leaves[side]).release_with(&mechanism, rng).expect("little noise fits the lattice")
    };
    Structure::new(of, (exact, noise), release, recovered)
}

fn points<A: TreeAdjacency>(
    of: &'static str,
    adjacency: A,
    options: DistanceOptions,
    rows: [Vec<Vec<f64>>; 2],
) -> Structure {
    let (epsilon, delta) = target();
    let mechanism = distances(adjacency, &options, &[]).calibrate(epsilon, delta).expect("supported noise");
    let exact = [0, 1].map(|side: usize| distances(adjacency, &options, &rows[side]).assume_public_nodes());
    let noise = mechanism.noise();
    let release = move |side: usize, rng: &mut ChaCha20Rng| {
        let trees = distances(adjacency, &options, &rows[side]);
        trees.into_released_nodes(&mechanism, rng).expect("little noise fits the lattice")
    };
    Structure::new(of, (exact, noise), release, Vec::clone)
}

/// The nodes of a released tree of one entry, level by level, from what can be asked for: with Gaussian noise the estimate of a node is
/// `v·(own sum) + (1 − v)·(sum of the halves)`.
fn recovered(tree: &DpTree) -> Vec<i64> {
    let sum = |leaves: Range<usize>| tree.range(leaves).expect("within the leaves")[0];
    let node = |level: u32, i: usize| {
        let (start, middle, end) = (i << level, ((2 * i + 1) << level) >> 1, (i + 1) << level);
        let estimate = sum(start..end);
        if level == 0 || !matches!(tree.noise(), NodeNoise::Gaussian(_)) {
            return estimate;
        }
        let own = TreeShape::node_factor(level);
        (estimate - (1.0 - own) * (sum(start..middle) + sum(middle..end))) / own
    };
    let of_level = |level: u32| (0..tree.leaves() >> level).map(move |i| (level, i));
    (0..tree.levels()).flat_map(of_level).map(|(level, i)| node(level, i).round() as i64).collect()
}

type Releases = dyn Fn(usize, &mut ChaCha20Rng) -> Vec<i64>;

/// What is audited.
struct Structure {
    of: &'static str,
    /// Integers of both neighbours.
    exact: [Vec<i64>; 2],
    noise: NodeNoise,
    /// As the certificate has it: ε at the δ of the audit, and δ by ε.
    epsilon: f64,
    profile: Box<dyn Fn(f64) -> f64>,
    /// Released integers of one neighbour or the other.
    release: Box<Releases>,
    /// Entries that an event looks at: all, and of attention those of the normaliser and the sums beside the trees.
    views: Vec<Vec<usize>>,
}

impl Structure {
    /// Seen as a whole.
    fn new<T: 'static, A: TreeAdjacency>(
        of: &'static str,
        (exact, noise): ([Vec<i64>; 2], NodeNoise),
        release: impl Fn(usize, &mut ChaCha20Rng) -> Release<T, PrivacyProfile<A>> + 'static,
        nodes: fn(&T) -> Vec<i64>,
    ) -> Self {
        // the guarantee does not depend on the noise
        let guarantee = release(0, &mut ChaCha20Rng::seed_from_u64(0)).certificate().guarantee().clone();
        Self {
            of,
            views: vec![(0..exact[0].len()).collect()],
            exact,
            noise,
            epsilon: guarantee.epsilon(target().1),
            profile: Box::new(move |epsilon| guarantee.delta(epsilon)),
            release: Box::new(move |side, rng| nodes(release(side, rng).value())),
        }
    }

    fn can_have(&self, fault: Fault) -> bool {
        matches!(fault, Fault::None | Fault::HalfNoise) || self.views.len() == VIEWS
    }

    fn audit(&self, context: &Context, fault: Fault) -> Outcome {
        let n = context.scale(10_000, 200_000);
        let n = match fault {
            Fault::None => n,
            Fault::HalfNoise => n / 2,
            // what has no noise is told at once
            Fault::BareNormaliser | Fault::BareSums => n / 10,
        };
        let mut rng = context.rng(0);
        let draws = [0, 1].map(|side: usize| -> Vec<Vec<f64>> {
            let one = |_| {
                let mut nodes = (self.release)(side, &mut rng);
                self.spoil(&mut nodes, side, fault);
                self.views.iter().map(|view| self.toward_second(&nodes, view)).collect()
            };
            (0..n).map(one).collect()
        });
        let level = context.spend(ALPHA);
        let events = (0..self.views.len()).map(|view| {
            let [lower, higher] =
                [0, 1].map(|side: usize| draws[side].iter().map(|scores| scores[view]).collect::<Vec<_>>());
            Events::above(&THRESHOLDS, [&higher, &lower], level)
        });
        let events = events.reduce(|all, next| all.and(&next)).expect("something is looked at");
        let stated = Stated { of: self.of, epsilon: self.epsilon, delta: TARGET.1, profile: &*self.profile };
        stated.against(&events, 0.3)
    }

    fn spoil(&self, nodes: &mut [i64], side: usize, fault: Fault) {
        let exact = &self.exact[side];
        let bare = match fault {
            Fault::None => return,
            Fault::HalfNoise => {
                nodes.iter_mut().zip(exact).for_each(|(node, exact)| *node = exact + (*node - exact) / 2);
                return;
            }
            Fault::BareNormaliser => &self.views[1],
            Fault::BareSums => &self.views[2],
        };
        for &i in bare {
            nodes[i] = exact[i];
        }
    }

    /// How far some entries are from the first neighbour's toward the second's, by the ratio of likelihoods under the shipped noise: in
    /// standard deviations for Gaussian noise, and nearly so for truncated noise, where what one of them cannot release decides.
    fn toward_second(&self, nodes: &[i64], entries: &[usize]) -> f64 {
        let [first, second] = &self.exact;
        let differences = entries.iter().map(|&i| (second[i] - first[i]) as f64);
        let length = differences.map(|difference| difference.powi(2)).sum::<f64>().sqrt();
        if length == 0.0 {
            return 0.0;
        }
        let from = |exact: &[i64], i: usize| (nodes[i] - exact[i]) as f64;
        let NodeNoise::TruncatedLaplace { bound, .. } = self.noise else {
            let along = |&i: &usize| from(first, i) * (second[i] - first[i]) as f64;
            return entries.iter().map(along).sum::<f64>() / length / self.noise.std();
        };
        let is_beyond = |exact: &[i64]| entries.iter().any(|&i| nodes[i].abs_diff(exact[i]) > bound);
        match (is_beyond(first), is_beyond(second)) {
            (true, _) => f64::INFINITY,
            (false, true) => f64::NEG_INFINITY,
            _ => entries.iter().map(|&i| from(first, i).abs() - from(second, i).abs()).sum::<f64>() / length,
        }
    }
}

const VIEWS: usize = 3;

/// Positions of all entries of attention, of the normaliser's, and of the sums.
fn views(len: usize) -> Vec<Vec<usize>> {
    let sums = len - 4..len;
    let stride = levels(BINS).1;
    // coordinate by coordinate, in it column by column, three scalar trees each; the second column is the normaliser
    let normaliser = (0..sums.start).filter(|i| i / (3 * stride) % 2 == 1).chain(len - 2..len);
    vec![(0..len).collect(), normaliser.collect(), sums.collect()]
}
