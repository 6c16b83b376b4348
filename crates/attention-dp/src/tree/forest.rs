//! Many trees at once: one for each coordinate of a row, over the bins of that coordinate, with weighted powers of it as entries.

use super::adjacency::TreeAdjacency;
use super::dp_tree::DpTree;
use super::mechanism::{Touched, TreeMechanism, Waiting};
use super::nodes::NodeLayout;
use super::noise::NodeNoise;
use super::private_tree::layout;
use crate::error::Error;
use core::ops::Range;
use dp_linalg::{MatRef, Parallelism};
use dp_mechanisms::{PrivacyProfile, Release};
use rand::CryptoRng;

/// How a coordinate, an integer u with `|u| ≤ reach`, becomes entries `⌊f_k uᵏ⌉` of its tree, and in which bin it falls.
///
/// Only correctly rounded operations, none contracted: a bit-exact function of u.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lift {
    pub(crate) reach: f64,
    /// `f_k`; `f₀` is an integer.
    pub(crate) factors: [f64; 3],
    /// Largest entries.
    pub(crate) limits: [f64; 3],
}

impl Lift {
    pub(crate) fn new(reach: f64, factors: [f64; 3]) -> Self {
        let constant = factors[0].ceil();
        let limits = [constant, round(factors[1] * reach), round(factors[2] * reach * reach)];
        Self { reach, factors: [constant, factors[1], factors[2]], limits }
    }

    pub(crate) fn entries(&self, u: f64) -> [f64; 3] {
        let u = u.clamp(-self.reach, self.reach);
        let linear = round(u * self.factors[1]);
        let square = round(u * u * self.factors[2]);
        [self.limits[0], linear.clamp(-self.limits[1], self.limits[1]), square.min(self.limits[2])]
    }

    /// The bin of u among this many of equal width.
    pub(crate) fn leaf(&self, u: f64, leaves: usize) -> usize {
        let place = (u + self.reach) * (leaves as f64 / (2.0 * self.reach));
        (place as usize).min(leaves - 1) // a negative place becomes 0
    }

    /// Lower edge of a bin.
    pub(crate) fn edge(&self, leaf: usize, leaves: usize) -> f64 {
        leaf as f64 * (2.0 * self.reach / leaves as f64) - self.reach
    }
}

/// The nearest integer (ties to even), for `|x| < 2⁵¹`.
pub(crate) fn round(x: f64) -> f64 {
    /// `1.5·2⁵²`
    const ROUND: f64 = 6_755_399_441_055_744.0;
    (x + ROUND) - ROUND
}

/// Exact sums of one tree for each coordinate, and of plain sums beside them. Private.
pub(crate) struct Forest {
    layout: NodeLayout,
    lifts: Vec<Lift>,
    moments: usize,
    columns: usize,
    plain: usize,
    /// Coordinate by coordinate, in it column by column, in it moment by moment, a scalar tree; then the plain sums.
    nodes: Vec<i64>,
}

impl Forest {
    /// `moments` powers of each coordinate, from 0, times each of `columns` weights; and `plain` sums.
    pub(crate) fn new(
        leaves: usize,
        lifts: Vec<Lift>,
        (moments, columns, plain): (usize, usize, usize),
    ) -> Result<Self, Error> {
        let trees = lifts.len().saturating_mul(moments.saturating_mul(columns));
        let layout = layout(leaves, trees)?;
        let nodes = vec![0; layout.len() * trees + plain];
        Ok(Self { layout, lifts, moments, columns, plain, nodes })
    }

    pub(crate) const fn layout(&self) -> &NodeLayout {
        &self.layout
    }

    /// Pieces that a row touches: each level of each scalar tree, and each plain sum.
    pub(crate) fn pieces(&self) -> u64 {
        let trees = (self.lifts.len() * self.moments * self.columns) as u64;
        trees * u64::from(self.layout.shape().levels()) + self.plain as u64
    }

    /// Adds rows: coordinates `(r, b)`, one row a column, and weights `(b, columns)`, all integers.
    pub(crate) fn add_block(
        &mut self,
        coordinates: MatRef<'_>,
        weights: MatRef<'_>,
        parallelism: Parallelism,
    ) {
        let stride = self.layout.len() * self.moments * self.columns;
        let share = self.lifts.len().div_ceil(parallelism.get()).max(1);
        let layout = &self.layout;
        let add = match self.moments {
            1 => add_coordinate::<1>,
            2 => add_coordinate::<2>,
            _ => add_coordinate::<3>,
        };
        let trees = stride * self.lifts.len();
        let parts = self.nodes[..trees].chunks_mut(stride * share).zip(self.lifts.chunks(share)).enumerate();
        let work = |part: usize, nodes: &mut [i64], lifts: &[Lift]| {
            for (i, (tree, lift)) in nodes.chunks_exact_mut(stride).zip(lifts).enumerate() {
                add(tree, layout, lift, (coordinates.row(part * share + i), weights));
            }
        };
        std::thread::scope(|scope| {
            let work = &work;
            for (part, (nodes, lifts)) in parts {
                if parallelism.get() == 1 {
                    work(part, nodes, lifts);
                } else {
                    scope.spawn(move || work(part, nodes, lifts));
                }
            }
        });
    }

    pub(crate) fn add_plain(&mut self, sum: usize, x: i64) {
        let first = self.nodes.len() - self.plain;
        self.nodes[first + sum] = self.nodes[first + sum].wrapping_add(x);
    }

    /// All nodes as exact integers.
    pub(crate) fn assume_public_nodes(mut self) -> Vec<i64> {
        self.sum_upward();
        self.nodes
    }

    pub(crate) fn assume_public(mut self) -> ReleasedForest {
        self.sum_upward();
        let nodes = std::mem::take(&mut self.nodes);
        self.released(NodeNoise::None, &nodes)
    }

    /// All nodes and sums with noise; `max_abs` is a public bound on them.
    pub(crate) fn release_nodes<A: TreeAdjacency, R: CryptoRng + ?Sized>(
        &mut self,
        mechanism: &TreeMechanism<A>,
        (touched, adjacency): (Touched, A),
        max_abs: u64,
        rng: &mut R,
    ) -> Result<Release<Vec<i64>, PrivacyProfile<A>>, Error> {
        self.sum_upward();
        let (nodes, pieces) = (std::mem::take(&mut self.nodes), self.piece_ranges());
        let waiting =
            Waiting { nodes, pieces, touched, adjacency, max_abs, what: "trees over coordinates of rows" };
        Ok(mechanism
            .release(waiting, rng)?
            .with_parameter("coordinates", self.lifts.len())
            .with_parameter("bins", self.layout.leaves())
            .with_parameter("columns", self.columns)
            .with_parameter("moments", self.moments))
    }

    /// Nodes as they are read.
    pub(crate) fn released(self, noise: NodeNoise, nodes: &[i64]) -> ReleasedForest {
        let width = self.moments * self.columns;
        let (trees, plain) = nodes.split_at(nodes.len() - self.plain);
        let trees = trees.chunks_exact(self.layout.len() * width);
        let trees = trees.map(|nodes| DpTree::new(self.layout.clone(), width, noise, nodes)).collect();
        ReleasedForest {
            trees,
            lifts: self.lifts,
            plain: plain.iter().map(|&sum| sum as f64).collect(),
            noise,
        }
    }

    fn sum_upward(&mut self) {
        let trees = self.nodes.len() - self.plain;
        self.nodes[..trees].chunks_exact_mut(self.layout.len()).for_each(|tree| self.layout.sum_upward(tree));
    }

    fn piece_ranges(&self) -> Vec<Vec<Range<usize>>> {
        let scalar_trees = self.lifts.len() * self.moments * self.columns;
        let starts = (0..scalar_trees).map(|tree| tree * self.layout.len());
        let levels =
            |start: usize| self.layout.levels().map(move |level| start + level.start..start + level.end);
        let plain = scalar_trees * self.layout.len()..scalar_trees * self.layout.len() + self.plain;
        starts.flat_map(levels).chain(plain.map(|sum| sum..sum + 1)).map(|range| vec![range]).collect()
    }
}

/// Adds all rows of a block to the leaves of one coordinate, with M powers of it as entries.
fn add_coordinate<const M: usize>(
    tree: &mut [i64],
    layout: &NodeLayout,
    lift: &Lift,
    (coordinate, weights): (&[f64], MatRef<'_>),
) {
    let (leaves, stride) = (layout.leaves(), layout.len());
    for (&u, weights) in coordinate.iter().zip(weights.rows()) {
        let (leaf, entries) = (lift.leaf(u, leaves), lift.entries(u).map(|entry| entry as i64));
        for (&column, nodes) in weights.iter().zip(tree.chunks_exact_mut(M * stride)) {
            let column = column as i64;
            for k in 0..M {
                // of integers: products can be beyond 2⁵³
                let node = &mut nodes[k * stride + leaf];
                *node = node.wrapping_add(column.wrapping_mul(entries[k]));
            }
        }
    }
}

/// Trees and sums with noise.
#[derive(Debug, Clone)]
pub(crate) struct ReleasedForest {
    pub(crate) trees: Vec<DpTree>,
    pub(crate) lifts: Vec<Lift>,
    pub(crate) plain: Vec<f64>,
    pub(crate) noise: NodeNoise,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_beyond_doubles_are_exact() {
        let (entry, weight) = ((1_i64 << 24) - 1, (1_i64 << 30) - 1);
        let lift = Lift::new(entry as f64, [1.0, 1.0, 0.0]);
        let mut forest = Forest::new(2, vec![lift], (2, 1, 0)).unwrap();
        let (coordinate, weights) = ([entry as f64], [weight as f64]);
        let one = |entry| MatRef::new(entry, 1, 1).unwrap();
        forest.add_block(one(&coordinate), one(&weights), Parallelism::Sequential);
        let product = entry * weight;
        assert_ne!(product as f64 as i64, product);
        assert!(forest.assume_public_nodes().contains(&product));
    }
}
