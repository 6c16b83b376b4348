//! Which intervals of a stream are summed, what that costs in sensitivity, and how well they answer.

use crate::error::{Error, Parameter};
use core::iter;
use core::ops::Range;
use serde::{Deserialize, Serialize};

/// The dyadic interval of steps `index·2^level .. (index + 1)·2^level`, counted from 0.
///
/// # Example
///
/// ```
/// use dp_mechanisms::continual::Node;
///
/// assert_eq!(Node { level: 3, index: 2 }.steps(), 16..24);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Node {
    /// Logarithm to base two of the number of steps.
    pub level: u32,
    /// Number among the nodes of its level, from 0.
    pub index: u64,
}

impl Node {
    /// The steps that it sums.
    ///
    /// # Panics
    ///
    /// If its end is not a 64-bit integer; nodes of a [`TreeShape`] end by its horizon.
    #[must_use]
    pub const fn steps(self) -> Range<u64> {
        self.index << self.level..(self.index + 1) << self.level
    }
}

/// The forest of dyadic intervals that a stream of known length is summed over, and its error constants.
///
/// Nodes are all complete dyadic intervals of at most `2^(levels − 1)` steps. Their number of levels is chosen, from the
/// horizon alone, such that the largest error of a prefix is smallest; for horizons `2ᵏ` that leaves out the one or two
/// largest, which would cost every node noise and help few prefixes.
///
/// # Error bound
///
/// Each node is estimated from its own noisy sum and the noisy sums below it ([`BinaryTreeSum`](super::BinaryTreeSum)). In
/// units of the variance of one entry's noise, such an estimate has variance
///
/// ```text
/// v_h = 2ʰ/(2ʰ⁺¹ − 1)       (1, 2/3, 4/7, … → 1/2)
/// ```
///
/// at level h, and estimates of disjoint nodes are independent: an interval has the sum of its nodes'. One step lies in at most
/// `levels` nodes, so noise of variance `levels·Δ²/μ²` gives μ-Gaussian privacy, and the
/// expected squared error of a prefix is [`error_constant`](Self::error_constant)`·Δ²/μ²` (and 1/12 of `noise_factor` for
/// rounding to integers).
///
/// # Example
///
/// ```
/// use dp_mechanisms::continual::TreeShape;
///
/// let shape = TreeShape::new(1024)?;
/// assert_eq!(shape.levels(), 9); // up to 256 steps
/// assert_eq!(shape.cover(0..700).map(|node| node.steps().end).collect::<Vec<_>>(), [256, 512, 640, 672, 688, 696, 700]);
/// assert!((shape.max_error_constant() - 56.738_946).abs() < 1e-6);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// C. Dwork, M. Naor, T. Pitassi, G. Rothblum, *Differential privacy under continual observation*, 2010. T.-H. H. Chan, E. Shi,
/// D. Song, *Private and continual release of statistics*, 2011. J. Honaker, *Efficient use of differentially private binary
/// trees*, 2015, for the estimate from below. Proofs: `docs/theorems.md` of the project, Continual release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct TreeShape {
    horizon: u64,
    /// Level of the largest nodes.
    top: u32,
}

/// A shape as it is written: with its levels, so that it is read as what it was made with.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    horizon: u64,
    levels: u32,
}

impl TreeShape {
    /// Largest number of steps.
    pub const MAX_HORIZON: u64 = 1 << 40;

    /// For a stream of at most `horizon` steps.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] unless `1 ≤ horizon ≤ 2⁴⁰`.
    pub fn new(horizon: u64) -> Result<Self, Error> {
        let inside = (1..=Self::MAX_HORIZON).contains(&horizon);
        Parameter::Horizon.check(horizon as f64, inside)?;
        let smaller = |best: Self, next: Self| {
            if next.max_error_constant() < best.max_error_constant() { next } else { best }
        };
        Ok((1..=horizon.ilog2()).map(|top| Self { horizon, top }).fold(Self { horizon, top: 0 }, smaller))
    }

    /// Number of steps that may come.
    #[must_use]
    pub const fn horizon(self) -> u64 {
        self.horizon
    }

    /// Levels that have nodes; the number of nodes that step 0 lies in, and no step lies in more.
    #[must_use]
    pub const fn levels(self) -> u32 {
        self.top + 1
    }

    /// Number of nodes that contain this step (from 0) and are complete within the horizon: a row of that step moves
    /// the released integers by `√nodes` times its own norm.
    #[must_use]
    pub fn nodes_containing(self, step: u64) -> u32 {
        if step >= self.horizon {
            return 0;
        }
        let complete = |level: &u32| ((step >> level) + 1) << level <= self.horizon;
        (0..=self.top).take_while(complete).count() as u32
    }

    /// Levels of the nodes that end with step number `end`, counted from 1: all up to this one.
    pub(super) const fn level_at(self, end: u64) -> u32 {
        let level = end.trailing_zeros();
        if level < self.top { level } else { self.top }
    }

    /// Number of nodes that are complete after this many steps.
    #[must_use]
    pub fn nodes_after(self, steps: u64) -> u64 {
        (0..=self.top).map(|level| steps >> level).sum()
    }

    /// Where a node stands in the order of completion, nodes that are complete with the same step from small to large.
    pub(super) fn position(self, node: Node) -> u64 {
        self.nodes_after(node.steps().end - 1) + u64::from(node.level)
    }

    /// The fewest nodes whose disjoint union is this interval of steps, in the order of steps: at most `2⌈log₂ horizon⌉` for
    /// horizons above 1. Prefixes (and they alone among intervals of many nodes) go from large to small.
    pub fn cover(self, steps: Range<u64>) -> impl Iterator<Item = Node> {
        let mut start = steps.start;
        iter::from_fn(move || {
            let left = steps.end.checked_sub(start).filter(|&left| left > 0)?;
            let aligned = if start == 0 { self.top } else { start.trailing_zeros() };
            let level = aligned.min(left.ilog2()).min(self.top);
            let node = Node { level, index: start >> level };
            start = node.steps().end;
            Some(node)
        })
    }

    /// `v_h`: variance of the estimate of a node of level `h ≤ 40`, in units of the noise's; and the weight of the node's own
    /// sum in it.
    #[must_use]
    pub fn node_factor(level: u32) -> f64 {
        (1_u64 << level) as f64 / ((2_u64 << level) - 1) as f64
    }

    /// Expected squared error of an entry of the sum over these steps, in units of the variance of an entry's noise.
    /// Infinite beyond the horizon.
    #[must_use]
    pub fn range_noise_factor(self, steps: Range<u64>) -> f64 {
        if steps.end > self.horizon {
            return f64::INFINITY;
        }
        self.cover(steps).map(|node| Self::node_factor(node.level)).sum()
    }

    /// Expected squared error of an entry of the prefix after `steps` steps, in units of the variance of an entry's noise.
    #[must_use]
    pub fn noise_factor(self, steps: u64) -> f64 {
        if steps > self.horizon {
            return f64::INFINITY;
        }
        let lower = (0..self.top).filter(|&bit| steps >> bit & 1 == 1).map(Self::node_factor);
        (steps >> self.top) as f64 * Self::node_factor(self.top) + lower.sum::<f64>()
    }

    /// Expected squared error of an entry of the prefix after `steps` steps at `Δ = μ = 1`, that is `levels·noise_factor`.
    #[must_use]
    pub fn error_constant(self, steps: u64) -> f64 {
        f64::from(self.levels()) * self.noise_factor(steps)
    }

    /// The largest of [`error_constant`](Self::error_constant) over all steps.
    #[must_use]
    pub fn max_error_constant(self) -> f64 {
        // a largest prefix keeps the high bits of the horizon to some place, has a zero for a one there, and ones below
        let below_one = (0..self.top).filter(|&bit| self.horizon >> bit & 1 == 1);
        let below = below_one.map(|bit| ((self.horizon >> bit) << bit) - 1);
        let before_last_top = ((self.horizon >> self.top) << self.top) - 1;
        let candidates = below.chain([self.horizon, before_last_top]);
        candidates.map(|steps| self.error_constant(steps)).fold(0.0, f64::max)
    }

    /// The mean of [`error_constant`](Self::error_constant) over all steps `1 … horizon`.
    #[must_use]
    pub fn mean_error_constant(self) -> f64 {
        let (rest, tops) = (self.horizon & ((1 << self.top) - 1), self.horizon >> self.top);
        // Σ_{t ≤ T} ⌊t/2ʰ⌋ at the top, and how many t ≤ T have a one at each place below
        let pairs_of_tops = 0.5 * tops as f64 * tops.saturating_sub(1) as f64;
        let sum_of_tops = pairs_of_tops * (1_u64 << self.top) as f64 + (tops * (rest + 1)) as f64;
        let ones = |bit: u32| {
            let after = (self.horizon + 1) & ((2 << bit) - 1);
            ((self.horizon + 1) >> (bit + 1) << bit) + after.saturating_sub(1 << bit)
        };
        let lower: f64 = (0..self.top).map(|bit| ones(bit) as f64 * Self::node_factor(bit)).sum();
        let total = sum_of_tops * Self::node_factor(self.top) + lower;
        f64::from(self.levels()) * total / self.horizon as f64
    }
}

impl TryFrom<Record> for TreeShape {
    type Error = Error;

    fn try_from(record: Record) -> Result<Self, Error> {
        let Self { horizon, .. } = Self::new(record.horizon)?;
        let inside = (1..=horizon.ilog2() + 1).contains(&record.levels);
        Parameter::TreeLevels.check(f64::from(record.levels), inside)?;
        Ok(Self { horizon, top: record.levels - 1 })
    }
}

impl From<TreeShape> for Record {
    fn from(shape: TreeShape) -> Self {
        Self { horizon: shape.horizon, levels: shape.levels() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shapes() -> impl Iterator<Item = TreeShape> {
        (1..=300).chain([511, 512, 513, 1000, 4095]).map(|horizon| TreeShape::new(horizon).unwrap())
    }

    #[test]
    fn a_cover_is_disjoint_and_complete_and_has_at_most_twice_the_logarithm_of_the_horizon_nodes() {
        for shape in shapes().filter(|shape| shape.horizon() <= 130) {
            let most = (2 * shape.horizon().next_power_of_two().ilog2()).max(1) as usize;
            for start in 0..=shape.horizon() {
                for end in start..=shape.horizon() {
                    let nodes: Vec<Node> = shape.cover(start..end).collect();
                    let steps: Vec<u64> = nodes.iter().flat_map(|node| node.steps()).collect();
                    assert_eq!(steps, (start..end).collect::<Vec<_>>());
                    assert!(nodes.len() <= most, "{shape:?} {start}..{end}");
                    assert!(nodes.iter().all(|node| node.level < shape.levels()));
                }
            }
        }
    }

    #[test]
    fn nodes_are_counted_as_they_are_complete() {
        for shape in shapes().filter(|shape| shape.horizon() <= 130) {
            let mut nodes = Vec::new();
            for end in 1..=shape.horizon() {
                nodes
                    .extend((0..=shape.level_at(end)).map(|level| Node { level, index: (end >> level) - 1 }));
                assert_eq!(nodes.len() as u64, shape.nodes_after(end));
            }
            for (position, &node) in nodes.iter().enumerate() {
                assert_eq!(shape.position(node), position as u64);
            }
            for step in 0..shape.horizon() {
                let containing = nodes.iter().filter(|node| node.steps().contains(&step)).count();
                assert_eq!(containing as u32, shape.nodes_containing(step));
            }
            assert_eq!(shape.nodes_containing(0), shape.levels());
        }
    }

    #[test]
    fn largest_and_mean_error_are_those_of_all_prefixes() {
        for shape in shapes() {
            for top in 0..=shape.horizon().ilog2() {
                let shape = TreeShape { top, ..shape };
                let constants: Vec<f64> = (1..=shape.horizon()).map(|t| shape.error_constant(t)).collect();
                let largest = constants.iter().copied().fold(0.0, f64::max);
                assert_eq!(shape.max_error_constant(), largest, "{shape:?}");
                let mean = constants.iter().sum::<f64>() / constants.len() as f64;
                // two sums of up to 4095 terms of one sign
                assert!(
                    (shape.mean_error_constant() / mean - 1.0).abs() < 4096.0 * f64::EPSILON,
                    "{shape:?}"
                );
            }
        }
    }

    #[test]
    fn no_other_number_of_levels_has_a_smaller_largest_error() {
        for shape in shapes() {
            for top in 0..=shape.horizon().ilog2() {
                assert!(shape.max_error_constant() <= TreeShape { top, ..shape }.max_error_constant());
            }
        }
    }

    #[test]
    fn powers_of_two_have_neither_root_nor_halves() {
        for bits in 3..=40 {
            assert_eq!(TreeShape::new(1 << bits).unwrap().levels(), bits - 1);
        }
    }

    #[test]
    fn horizons_outside_the_range_are_refused_also_when_loaded() {
        assert!(TreeShape::new(0).is_err() && TreeShape::new((1 << 40) + 1).is_err());
        let longest = TreeShape::new(1 << 40).unwrap();
        let text = serde_json::to_string(&longest).unwrap();
        assert_eq!(serde_json::from_str::<TreeShape>(&text).unwrap(), longest);
        let flat: TreeShape = serde_json::from_str(r#"{"horizon":1099511627776,"levels":1}"#).unwrap();
        // one level: a prefix of t steps is t nodes
        assert!((flat.mean_error_constant() / (0.5 * (flat.horizon() as f64 + 1.0)) - 1.0).abs() < 1e-15);
        for (horizon, levels) in [(0, 1), (8, 0), (8, 5), (u64::MAX, 1)] {
            let text = format!(r#"{{"horizon":{horizon},"levels":{levels}}}"#);
            assert!(serde_json::from_str::<TreeShape>(&text).is_err(), "{text}");
        }
    }
}
