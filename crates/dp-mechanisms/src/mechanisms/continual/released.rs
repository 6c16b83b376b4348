//! What has been released of a stream, and what follows from it.

use super::calibrated::check_width;
use super::factor::SquareRootFactor;
use super::options::History;
use super::shape::{Node, TreeShape};
use crate::error::{Error, Parameter};
use core::ops::Range;
use serde::{Deserialize, Serialize};

/// Estimates of all nodes of a tree that are complete so far: sums over any interval of steps are post-processing.
///
/// Values are in data units. Made by a [`BinaryTreeSum`](super::BinaryTreeSum).
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, LatticeL2Sensitivity, secure_rng};
/// use dp_mechanisms::continual::{BinaryTreeSum, StreamOptions};
///
/// let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow)?;
/// let mut stream = BinaryTreeSum::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, StreamOptions::new(24, 1, sensitivity))?;
/// let rng = &mut secure_rng()?;
/// for hour in 0..24 {
///     stream.push(&[100 * hour], rng)?;
/// }
/// let released = stream.into_release("visitors by hour");
/// let afternoon = released.value().range(12..18).expect("all hours have come");
/// assert!((afternoon[0] - 8700.0).abs() < 300.0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "TreeRecord")]
pub struct ReleasedTree {
    shape: TreeShape,
    width: usize,
    steps: u64,
    latest: Vec<f64>,
    /// Estimates in the order of completion; none if history is dropped.
    nodes: Vec<f64>,
}

impl ReleasedTree {
    pub(super) fn new(shape: TreeShape, width: usize) -> Self {
        Self { shape, width, steps: 0, latest: vec![0.0; width], nodes: Vec::new() }
    }

    pub(super) fn record(&mut self, nodes: &[f64], latest: &[f64], history: History) {
        self.steps += 1;
        self.latest.copy_from_slice(latest);
        if history == History::Kept {
            self.nodes.extend_from_slice(nodes);
        }
    }

    /// The nodes of the stream.
    #[must_use]
    pub const fn shape(&self) -> TreeShape {
        self.shape
    }

    /// Number of steps so far.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// The sum of all steps so far.
    #[must_use]
    pub fn latest(&self) -> &[f64] {
        &self.latest
    }

    /// The estimate of a node. `None` if it is not complete, or not kept.
    #[must_use]
    pub fn node(&self, node: Node) -> Option<&[f64]> {
        if node.level >= self.shape.levels() || node.index >= self.steps >> node.level {
            return None;
        }
        let start = usize::try_from(self.shape.position(node)).ok()?.checked_mul(self.width)?;
        self.nodes.get(start..start + self.width)
    }

    /// The sum of the first steps. `None` as for [`range`](Self::range).
    #[must_use]
    pub fn prefix(&self, steps: u64) -> Option<Vec<f64>> {
        self.range(0..steps)
    }

    /// The sum over an interval of steps, counted from 0: that of the estimates of its [cover](TreeShape::cover). Its error
    /// is [`BinaryTreeSum::range_std`](super::BinaryTreeSum::range_std). `None` if it reaches beyond the steps so far, or
    /// history is not kept and it is not the sum of all of them.
    #[must_use]
    pub fn range(&self, steps: Range<u64>) -> Option<Vec<f64>> {
        if steps == (0..self.steps) {
            return Some(self.latest.clone());
        }
        let mut sum = vec![0.0; self.width];
        for node in self.shape.cover(steps) {
            add(&mut sum, self.node(node)?);
        }
        Some(sum)
    }
}

/// As [`ReleasedTree`], unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TreeRecord {
    shape: TreeShape,
    width: usize,
    steps: u64,
    latest: Vec<f64>,
    nodes: Vec<f64>,
}

impl TryFrom<TreeRecord> for ReleasedTree {
    type Error = Error;

    fn try_from(record: TreeRecord) -> Result<Self, Error> {
        let TreeRecord { shape, width, steps, latest, nodes } = record;
        within(shape.horizon(), steps)?;
        check_width(width)?;
        check_len(width, latest.len())?;
        check_history(shape.nodes_after(steps), width, nodes.len())?;
        Ok(Self { shape, width, steps, latest, nodes })
    }
}

/// Prefix sums of all steps so far: sums over any interval of steps are their differences.
///
/// Values are in data units. Made by a [`SquareRootSum`](super::SquareRootSum).
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, LatticeL2Sensitivity, secure_rng};
/// use dp_mechanisms::continual::{SquareRootSum, StreamOptions};
///
/// let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow)?;
/// let mut stream = SquareRootSum::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, StreamOptions::new(24, 1, sensitivity))?;
/// let rng = &mut secure_rng()?;
/// for hour in 0..24 {
///     stream.push(&[100 * hour], rng)?;
/// }
/// let released = stream.into_release("visitors by hour");
/// let afternoon = released.value().range(12..18).expect("all hours have come");
/// assert!((afternoon[0] - 8700.0).abs() < 300.0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "PrefixRecord")]
pub struct ReleasedPrefixes {
    horizon: u64,
    width: usize,
    steps: u64,
    latest: Vec<f64>,
    /// Prefixes of all steps; none if history is dropped.
    prefixes: Vec<f64>,
}

impl ReleasedPrefixes {
    pub(super) fn new(horizon: u64, width: usize) -> Self {
        Self { horizon, width, steps: 0, latest: vec![0.0; width], prefixes: Vec::new() }
    }

    pub(super) fn record(&mut self, latest: &[f64], history: History) {
        self.steps += 1;
        self.latest.copy_from_slice(latest);
        if history == History::Kept {
            self.prefixes.extend_from_slice(latest);
        }
    }

    /// Number of steps that may come.
    #[must_use]
    pub const fn horizon(&self) -> u64 {
        self.horizon
    }

    /// Number of steps so far.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps
    }

    /// The sum of all steps so far.
    #[must_use]
    pub fn latest(&self) -> &[f64] {
        &self.latest
    }

    /// The sum of the first steps. `None` as for [`range`](Self::range).
    #[must_use]
    pub fn prefix(&self, steps: u64) -> Option<Vec<f64>> {
        if steps == self.steps {
            return Some(self.latest.clone());
        }
        let Some(last) = steps.checked_sub(1) else { return Some(vec![0.0; self.width]) };
        let start = usize::try_from(last).ok().filter(|_| steps < self.steps)?.checked_mul(self.width)?;
        self.prefixes.get(start..start + self.width).map(<[f64]>::to_vec)
    }

    /// The sum over an interval of steps, counted from 0: a difference of two prefixes. Its error is
    /// [`SquareRootSum::range_std`](super::SquareRootSum::range_std). `None` if it reaches beyond the steps so far, or history
    /// is not kept and it is not the sum of all of them.
    #[must_use]
    pub fn range(&self, steps: Range<u64>) -> Option<Vec<f64>> {
        let (mut sum, before) = (self.prefix(steps.end)?, self.prefix(steps.start.min(steps.end))?);
        for (sum, before) in sum.iter_mut().zip(before) {
            *sum -= before;
        }
        Some(sum)
    }
}

/// As [`ReleasedPrefixes`], unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrefixRecord {
    horizon: u64,
    width: usize,
    steps: u64,
    latest: Vec<f64>,
    prefixes: Vec<f64>,
}

impl TryFrom<PrefixRecord> for ReleasedPrefixes {
    type Error = Error;

    fn try_from(record: PrefixRecord) -> Result<Self, Error> {
        let PrefixRecord { horizon, width, steps, latest, prefixes } = record;
        let inside = (1..=SquareRootFactor::MAX_HORIZON).contains(&horizon);
        Parameter::SquareRootHorizon.check(horizon as f64, inside)?;
        within(horizon, steps)?;
        check_width(width)?;
        check_len(width, latest.len())?;
        check_history(steps, width, prefixes.len())?;
        Ok(Self { horizon, width, steps, latest, prefixes })
    }
}

pub(super) fn add(to: &mut [f64], what: &[f64]) {
    for (to, what) in to.iter_mut().zip(what) {
        *to += what;
    }
}

const fn within(horizon: u64, steps: u64) -> Result<(), Error> {
    if steps <= horizon { Ok(()) } else { Err(Error::HorizonExceeded { horizon }) }
}

const fn check_len(expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(Error::Dimension { expected, found }) }
}

/// All rows or none.
fn check_history(rows: u64, width: usize, found: usize) -> Result<(), Error> {
    let all = usize::try_from(rows).ok().and_then(|rows| rows.checked_mul(width)).unwrap_or(usize::MAX);
    if found == 0 { Ok(()) } else { check_len(all, found) }
}
