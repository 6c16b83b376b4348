//! What is run: a mechanism, on two neighbours, seen through a statistic.

use crate::mechanism::{Mechanism, Neighbours};
use crate::statistic::Statistic;
use crate::verdict::Which;
use core::fmt;
use dp_mechanisms::Adjacency;
use rand::CryptoRng;

/// A mechanism, two neighbours and a statistic: where an auditor gets its scores from.
///
/// # Example
///
/// ```
/// use dp_audit::{Experiment, Neighbours, from_fn};
/// use dp_mechanisms::{AddRemoveRow, NoiseStd, noise::{LatticeNoise, RoundedGaussian}};
///
/// let noise = RoundedGaussian::new(NoiseStd::new(4.0)?)?;
/// let count = from_fn(|rows: &Vec<i64>, rng| rows.len() as i64 + noise.sample(rng));
/// let pair = Neighbours::new(vec![7; 10], vec![7; 11], AddRemoveRow);
/// let experiment = Experiment::new(&count, &pair, |output: &i64| *output as f64);
/// # let _ = experiment;
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub struct Experiment<'a, M: Mechanism, A, S> {
    mechanism: &'a M,
    neighbours: &'a Neighbours<M::Data, A>,
    statistic: S,
}

impl<M: Mechanism, A: fmt::Debug, S> fmt::Debug for Experiment<'_, M, A, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Experiment").field("neighbours", self.neighbours).finish_non_exhaustive()
    }
}

impl<'a, M: Mechanism, A: Adjacency, S: Statistic<M::Output>> Experiment<'a, M, A, S> {
    /// This mechanism on these neighbours, seen through this statistic.
    pub const fn new(mechanism: &'a M, neighbours: &'a Neighbours<M::Data, A>, statistic: S) -> Self {
        Self { mechanism, neighbours, statistic }
    }

    /// For which neighbours.
    pub const fn adjacency(&self) -> A {
        self.neighbours.adjacency()
    }

    pub(crate) const fn statistic(&self) -> &S {
        &self.statistic
    }

    /// One run on one of the neighbours.
    pub(crate) fn run<R: CryptoRng + ?Sized>(&self, which: Which, rng: &mut R) -> M::Output {
        self.mechanism.run(which.pick(self.neighbours.first(), self.neighbours.second()), rng)
    }

    /// `n` runs on each, taken in turns.
    pub(crate) fn runs<R: CryptoRng + ?Sized>(&self, n: usize, rng: &mut R) -> [Vec<M::Output>; 2] {
        let mut outputs = [Vec::with_capacity(n), Vec::with_capacity(n)];
        for _ in 0..n {
            for (which, outputs) in Which::BOTH.into_iter().zip(&mut outputs) {
                outputs.push(self.run(which, rng));
            }
        }
        outputs
    }
}
