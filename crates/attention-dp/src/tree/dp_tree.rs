//! A released tree, and what it says about ranges of leaves.

use super::nodes::NodeLayout;
use super::noise::{Combination, Confidence, NodeNoise};
use crate::error::Error;
use core::ops::Range;
use dp_mechanisms::FailureProbability;

/// Released sums of integer vectors over a static binary tree: any range of leaves from at most `2⌈log₂ leaves⌉` nodes (leaves > 1).
///
/// Nodes are the complete dyadic intervals of leaves, without the one or two largest levels where these would cost more noise
/// than they save ([`TreeShape`](dp_mechanisms::continual::TreeShape)).
///
/// # Error bound
///
/// With Gaussian noise nodes are estimated from all that lies inside them, the best linear unbiased way for a range and the nodes
/// within it (Honaker 2015), and ranges have a standard deviation. Nodes with truncated noise are read by themselves: then the
/// error is bounded for certain ([`range_bound`](Self::range_bound)).
///
/// # Example
///
/// ```
/// use attention_dp::{PrivateTree, RowBound, TreeBudget, TreeOptions};
/// use dp_mechanisms::{Delta, Epsilon, secure_rng};
///
/// // a week of readings of at most 9 units; a reading may be replaced
/// let options = TreeOptions::new(7, RowBound::entries(1, 9), TreeBudget::Accounted);
/// let tree = PrivateTree::over_positions(options, &[3, 1, 4, 1, 5, 9, 2])?;
/// let released = tree.release(Epsilon::new(1.0)?, Delta::new(1e-3)?, &mut secure_rng()?)?;
/// let weekend = released.value().range(5..7)?[0];
/// let bound = released.value().range_bound(5..7)?.expect("truncated noise has a bound");
/// assert!((weekend - 11.0).abs() <= bound); // always
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// C. Dwork, M. Naor, T. Pitassi, G. Rothblum, *Differential privacy under continual observation*, 2010. J. Honaker, *Efficient use
/// of differentially private binary trees*, 2015.
#[derive(Debug, Clone, PartialEq)]
pub struct DpTree {
    layout: NodeLayout,
    width: usize,
    noise: NodeNoise,
    /// Entry by entry: nodes as they are read, in lattice steps.
    values: Vec<f64>,
    /// Largest of them, for the rounding of sums.
    largest: f64,
}

impl DpTree {
    pub(crate) fn new(layout: NodeLayout, width: usize, noise: NodeNoise, nodes: &[i64]) -> Self {
        let mut values: Vec<f64> = nodes.iter().map(|&node| node as f64).collect();
        if noise.is_estimated_from_below() {
            values.chunks_exact_mut(layout.len()).for_each(|tree| layout.estimate_from_below(tree));
        }
        let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
        Self { layout, width, noise, values, largest }
    }

    /// Number of leaves.
    #[must_use]
    pub const fn leaves(&self) -> usize {
        self.layout.leaves()
    }

    /// Entries of a leaf's vector.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Number of levels; a row is in at most one node a level.
    #[must_use]
    pub const fn levels(&self) -> u32 {
        self.layout.shape().levels()
    }

    /// The noise on every node.
    #[must_use]
    pub const fn noise(&self) -> NodeNoise {
        self.noise
    }

    /// The sum over a range of leaves `(width)`, in units of the integers that were added.
    ///
    /// # Errors
    ///
    /// [`Error::TreeRange`] for a range that is not within the leaves.
    pub fn range(&self, leaves: Range<usize>) -> Result<Vec<f64>, Error> {
        self.check(&leaves)?;
        let mut sums = vec![0.0; self.width];
        self.add_range(leaves, &mut sums);
        Ok(sums)
    }

    /// The sum over the leaves before this one.
    ///
    /// # Errors
    ///
    /// As [`range`](Self::range).
    pub fn prefix(&self, end: usize) -> Result<Vec<f64>, Error> {
        self.range(0..end)
    }

    /// Standard deviation of each entry of the sum over a range; an upper bound for truncated noise.
    ///
    /// # Errors
    ///
    /// As [`range`](Self::range).
    pub fn range_std(&self, leaves: Range<usize>) -> Result<f64, Error> {
        self.check(&leaves)?;
        Ok(self.noise.std() * self.rests_on(leaves).squares.sqrt())
    }

    /// How far all entries of the sum over one range, chosen without sight of the release, are off, except with this probability. For
    /// many ranges, or those chosen after a look, divide it by their number (there are `leaves·(leaves + 1)/2`).
    ///
    /// # Errors
    ///
    /// As [`range`](Self::range); [`Error::Mechanism`] if the probability, split over the entries, underflows.
    pub fn range_half_width(&self, leaves: Range<usize>, failure: FailureProbability) -> Result<f64, Error> {
        self.check(&leaves)?;
        let confidence = Confidence::new(failure, self.width as f64)?;
        let rests_on = self.rests_on(leaves);
        Ok(self.noise.half_width(&rests_on, &confidence) + self.arithmetic(&rests_on))
    }

    /// What the error of no entry of the sum over this range ever exceeds, as long as released sums are below 2⁵³, so that they are added
    /// exactly; `None` for Gaussian noise.
    ///
    /// # Errors
    ///
    /// As [`range`](Self::range).
    pub fn range_bound(&self, leaves: Range<usize>) -> Result<Option<f64>, Error> {
        self.check(&leaves)?;
        Ok(self.noise.bound().map(|bound| bound * self.rests_on(leaves).absolutes))
    }

    /// Adds the sums over a range to `sums` `(width)`.
    pub(crate) fn add_range(&self, leaves: Range<usize>, sums: &mut [f64]) {
        for node in self.layout.cover(leaves) {
            let column = self.values[self.layout.position(node)..].iter().step_by(self.layout.len());
            sums.iter_mut().zip(column).for_each(|(sum, value)| *sum += value);
        }
    }

    /// Noise of the sum over a range.
    pub(crate) fn rests_on(&self, leaves: Range<usize>) -> Combination {
        self.noise.range(self.layout.shape(), leaves)
    }

    /// Floating-point error of a sum that rests on these nodes: at most 128 roundings, of nodes, of their estimates and of the sum, of
    /// numbers of this size.
    pub(crate) fn arithmetic(&self, rests_on: &Combination) -> f64 {
        128.0 * f64::EPSILON * rests_on.absolutes * self.largest
    }

    fn check(&self, range: &Range<usize>) -> Result<(), Error> {
        let inside = range.start <= range.end && range.end <= self.leaves();
        let Range { start, end } = *range;
        if inside { Ok(()) } else { Err(Error::TreeRange { start, end, leaves: self.leaves() }) }
    }
}
