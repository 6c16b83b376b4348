//! What a replay found.

use crate::verdict::Verdict;
use dp_mechanisms::{Adjacency, L1Sensitivity, L2Sensitivity, LatticeL1Sensitivity, LatticeL2Sensitivity};
use serde::{Deserialize, Serialize};

/// A value, and the index of the pair that attains it.
///
/// # Example
///
/// ```
/// let largest = dp_audit::replay::Largest { value: 12_u128, pair: 3 };
/// assert_eq!(largest.pair, 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Largest<T> {
    /// The largest value.
    pub value: T,
    /// The first pair with it, from zero.
    pub pair: usize,
}

/// Something about randomness or shape that two neighbours should not show; the distance of that pair was not measured.
///
/// # Example
///
/// ```
/// use dp_audit::replay::Finding;
///
/// let finding = Finding::WordsDependOnData { pair: 0, first: 10, second: 12 };
/// assert!(serde_json::to_string(&finding).unwrap().contains("words_depend_on_data"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// Other random words were asked for on the second neighbour.
    ///
    /// No violation by itself, but the noise is not a function of the words alone, and its duration tells about the
    /// data.
    WordsDependOnData {
        /// Which pair.
        pair: usize,
        /// Requests on the first neighbour.
        first: usize,
        /// Requests on the second.
        second: usize,
    },
    /// No random word was asked for: there is no noise, or it comes from elsewhere, such as a fixed seed.
    NoWords {
        /// Which pair.
        pair: usize,
    },
    /// The same data and the same words gave two outputs: the mechanism has other randomness or keeps state.
    OwnRandomness {
        /// Which pair.
        pair: usize,
    },
    /// The number of entries of the output depends on the data.
    ShapeDependsOnData {
        /// Which pair.
        pair: usize,
        /// Entries on the first neighbour.
        first: usize,
        /// Entries on the second.
        second: usize,
    },
    /// An entry is infinite or not a number on one neighbour, and something else on the other.
    NotANumber {
        /// Which pair.
        pair: usize,
    },
}

/// Largest distances over all pairs whose noise could be frozen, and what was odd about the others.
///
/// The distances are lower bounds of a sensitivity. `T` is `u128` for integer outputs (exact, in lattice steps) and `f64` for real ones (from below).
///
/// # Guarantee
///
/// If the mechanism's output is a statistic plus a function of the random words, a refuted sensitivity is too small,
/// with certainty.
///
/// # Example
///
/// See [`replay`](crate::replay).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "A: Adjacency, T: Serialize + for<'d> Deserialize<'d>")]
pub struct ReplayReport<A, T> {
    adjacency: A,
    pairs: usize,
    requests: usize,
    norms: [Largest<T>; 3],
    findings: Vec<Finding>,
}

impl<A: Adjacency, T: PartialOrd + Copy + Default> ReplayReport<A, T> {
    pub(super) fn new(adjacency: A, pairs: usize) -> Self {
        Self { adjacency, pairs, requests: 0, norms: [Largest::default(); 3], findings: Vec::new() }
    }

    pub(super) fn saw(&mut self, pair: usize, distances: [T; 3]) {
        for (largest, value) in self.norms.iter_mut().zip(distances) {
            if value > largest.value {
                *largest = Largest { value, pair };
            }
        }
    }

    pub(super) fn saw_words(&mut self, pair: usize, first: usize, second: usize) {
        self.requests = self.requests.max(first).max(second);
        if first == 0 && second == 0 {
            self.findings.push(Finding::NoWords { pair });
        }
    }

    pub(super) fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// In what sense the pairs are neighbours.
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }

    /// Pairs that were tried; three runs each.
    #[must_use]
    pub const fn pairs(&self) -> usize {
        self.pairs
    }

    /// Most requests to the generator in one run.
    #[must_use]
    pub const fn requests(&self) -> usize {
        self.requests
    }

    /// Largest L1 distance.
    #[must_use]
    pub const fn l1(&self) -> Largest<T> {
        self.norms[0]
    }

    /// Largest squared L2 distance.
    #[must_use]
    pub const fn l2_square(&self) -> Largest<T> {
        self.norms[1]
    }

    /// Largest distance of one entry.
    #[must_use]
    pub const fn linf(&self) -> Largest<T> {
        self.norms[2]
    }

    /// What was odd, in the order of pairs.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl<A: Adjacency> ReplayReport<A, u128> {
    /// Whether some pair is further apart than this sensitivity allows.
    pub fn refutes_l1(&self, declared: &LatticeL1Sensitivity<A>) -> Verdict {
        Verdict::refuted_if(
            self.l1().value > u128::from(declared.get()) && declared.adjacency() == self.adjacency,
        )
    }

    /// Whether some pair is further apart than this sensitivity allows.
    pub fn refutes_l2(&self, declared: &LatticeL2Sensitivity<A>) -> Verdict {
        Verdict::refuted_if(
            self.l2_square().value > declared.square() && declared.adjacency() == self.adjacency,
        )
    }
}

impl<A: Adjacency> ReplayReport<A, f64> {
    /// Whether some pair is further apart than this sensitivity allows.
    pub fn refutes_l1(&self, declared: &L1Sensitivity<A>) -> Verdict {
        Verdict::refuted_if(self.l1().value > declared.get() && declared.adjacency() == self.adjacency)
    }

    /// Whether some pair is further apart than this sensitivity allows.
    pub fn refutes_l2(&self, declared: &L2Sensitivity<A>) -> Verdict {
        let allowed = (declared.get() * declared.get()).next_up();
        Verdict::refuted_if(self.l2_square().value > allowed && declared.adjacency() == self.adjacency)
    }
}
