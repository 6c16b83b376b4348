//! From exact node sums to a release: which noise, how much, and under which guarantee.

use super::adjacency::TreeAdjacency;
use super::noise::NodeNoise;
use crate::claims;
use core::ops::Range;
use dp_mechanisms::accounting::Target;
use dp_mechanisms::{
    Adjacency, Delta, Epsilon, Error, Lattice, LatticeGaussian, LatticeStatistic, LatticeVector,
    PrivacyProfile, Release, TruncatedLaplace,
};
use rand::CryptoRng;
use serde::{Deserialize, Serialize};

/// How one budget covers everything that a row touches: levels, coordinates, moments, columns and sums.
///
/// A row touches `D` *pieces* (a piece is one level of one scalar tree, or one plain sum), one node in each.
///
/// # Example
///
/// ```
/// assert_eq!(format!("{:?}", attention_dp::TreeBudget::Joint), "Joint");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TreeBudget {
    /// As published: truncated Laplace noise, each piece has `(ε/D, δ/D)`. The certificate states the composition by the best
    /// accountant: where D is large, at a little more than δ it is far less than ε.
    EqualShares,
    /// Truncated Laplace noise, equal pieces whose composition by the best accountant is (ε, δ); equal shares where these have the
    /// smaller scale or the smaller bound. So neither scale nor bound is ever larger than that of equal shares.
    Accounted,
    /// Gaussian noise on all pieces at once, by their joint L2 sensitivity, each scaled by how much queries need it.
    Joint,
}

/// What one row adds to the nodes, as far as noise depends on it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Touched {
    /// Number D of pieces.
    pub(crate) pieces: u64,
    /// L1 norm of what one row adds to a piece.
    pub(crate) l1: u64,
    /// Squared L2 norm of what one row adds to all of them.
    pub(crate) squared: u128,
    /// No two rows have an inner product below minus this.
    pub(crate) opposition: u128,
}

impl Touched {
    /// L1 of one piece and squared L2 of all of them, between neighbours.
    pub(crate) fn sensitivities<A: TreeAdjacency>(&self, adjacency: A) -> Result<(u64, u128), Error> {
        Ok((adjacency.l1(self.l1)?.get(), adjacency.l2(self.squared, self.opposition)?.square()))
    }
}

/// Noise for all nodes of one structure, calibrated to a target.
///
/// # Example
///
/// ```
/// use attention_dp::{PrivateTree, RowBound, TreeBudget, TreeOptions};
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon};
///
/// let options = TreeOptions::new(64, RowBound::entries(1, 1), TreeBudget::EqualShares);
/// let tree = PrivateTree::over_bins(AddRemoveRow, options)?;
/// let mechanism = tree.calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?)?;
/// assert_eq!(tree.levels(), 5);
/// // scale 5: each level has a fifth of ε
/// assert!(mechanism.noise().std() < 5.0 * 2.0_f64.sqrt() * 1.001);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TreeMechanism<A> {
    kind: Kind<A>,
}

#[derive(Debug, Clone)]
enum Kind<A> {
    TruncatedLaplace(TruncatedLaplace<A>),
    Gaussian(LatticeGaussian<A>),
}

/// Exact sums that wait for noise.
pub(crate) struct Waiting<'a, A> {
    pub(crate) nodes: Vec<i64>,
    /// Groups of ranges of nodes, together all of them.
    pub(crate) pieces: Vec<Vec<Range<usize>>>,
    pub(crate) touched: Touched,
    pub(crate) adjacency: A,
    /// Public bound on all nodes.
    pub(crate) max_abs: u64,
    pub(crate) what: &'a str,
}

impl<A: TreeAdjacency> TreeMechanism<A> {
    pub(crate) fn calibrate(
        budget: TreeBudget,
        (epsilon, delta): (Epsilon, Delta),
        touched: &Touched,
        adjacency: A,
    ) -> Result<Self, Error> {
        let truncated = |(epsilon, delta): (Epsilon, Delta)| {
            TruncatedLaplace::calibrate(epsilon, delta, adjacency.l1(touched.l1)?)
        };
        let equal = || equal_share(epsilon, delta, touched.pieces).and_then(truncated);
        let accounted = || accounted_share(epsilon, delta, touched.pieces, adjacency).and_then(truncated);
        let kind = match budget {
            TreeBudget::Joint => {
                let sensitivity = adjacency.l2(touched.squared, touched.opposition)?;
                Kind::Gaussian(LatticeGaussian::calibrate(epsilon, delta, sensitivity)?)
            }
            TreeBudget::EqualShares => Kind::TruncatedLaplace(equal()?),
            TreeBudget::Accounted => Kind::TruncatedLaplace(no_noisier(accounted(), equal())?),
        };
        Ok(Self { kind })
    }

    /// The noise on every node.
    #[must_use]
    pub fn noise(&self) -> NodeNoise {
        match &self.kind {
            Kind::Gaussian(mechanism) => NodeNoise::Gaussian(mechanism.noise_std()),
            Kind::TruncatedLaplace(mechanism) => {
                NodeNoise::TruncatedLaplace { scale: mechanism.noise_scale(), bound: mechanism.bound() }
            }
        }
    }

    /// Adds noise to all nodes. The certificate composes what was done, piece by piece.
    pub(crate) fn release<R: CryptoRng + ?Sized>(
        &self,
        waiting: Waiting<'_, A>,
        rng: &mut R,
    ) -> Result<Release<Vec<i64>, PrivacyProfile<A>>, Error> {
        let pieces = waiting.touched.pieces;
        let release = match &self.kind {
            Kind::Gaussian(mechanism) => all_at_once(mechanism, waiting, rng)?,
            Kind::TruncatedLaplace(mechanism) => piece_by_piece(mechanism, &waiting, rng)?,
        };
        Ok(release
            .with_parameter("touched_pieces", pieces)
            .with_claim(claims::TREE_PRIVACY)
            .with_claim(claims::TREE_SENSITIVITY)
            .with_version("poly-kernel", poly_kernel::VERSION)
            .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")))
    }
}

fn all_at_once<A: TreeAdjacency, R: CryptoRng + ?Sized>(
    mechanism: &LatticeGaussian<A>,
    waiting: Waiting<'_, A>,
    rng: &mut R,
) -> Result<Release<Vec<i64>, PrivacyProfile<A>>, Error> {
    let Waiting { nodes, touched, adjacency, max_abs, what, .. } = waiting;
    let sensitivity = adjacency.l2(touched.squared, touched.opposition)?;
    let statistic = LatticeStatistic::new(nodes, Lattice::new(0)?, sensitivity, max_abs);
    Ok(mechanism.release(statistic, what, rng)?.postprocess(LatticeVector::into_steps))
}

fn piece_by_piece<A: TreeAdjacency, R: CryptoRng + ?Sized>(
    mechanism: &TruncatedLaplace<A>,
    waiting: &Waiting<'_, A>,
    rng: &mut R,
) -> Result<Release<Vec<i64>, PrivacyProfile<A>>, Error> {
    let Waiting { nodes, pieces, touched, adjacency, max_abs, what } = waiting;
    let (sensitivity, lattice) = (adjacency.l1(touched.l1)?, Lattice::new(0)?);
    let mut one = |piece: &Vec<Range<usize>>| {
        let steps = piece.iter().flat_map(|range| &nodes[range.clone()]).copied().collect();
        mechanism.release(LatticeStatistic::new(steps, lattice, sensitivity, *max_abs), what, rng)
    };
    let (first, rest) = pieces.split_first().expect("a tree has a level");
    let first = one(first)?;
    let rest = rest.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    Ok(first.joined(rest, what)?.postprocess(|released| scatter(nodes.len(), pieces, &released)))
}

/// Released pieces back in their places.
fn scatter(len: usize, pieces: &[Vec<Range<usize>>], released: &[LatticeVector]) -> Vec<i64> {
    let mut nodes = vec![0; len];
    for (piece, vector) in pieces.iter().zip(released) {
        let mut steps = vector.steps();
        for range in piece {
            let (part, rest) = steps.split_at(range.len());
            nodes[range.clone()].copy_from_slice(part);
            steps = rest;
        }
    }
    nodes
}

/// `(ε/D, δ/D)`, rounded down.
fn equal_share(epsilon: Epsilon, delta: Delta, pieces: u64) -> Result<(Epsilon, Delta), Error> {
    let share = |x: f64| if pieces == 1 { x } else { (x / pieces as f64).next_down() };
    Ok((Epsilon::new(share(epsilon.get()))?, Delta::new(share(delta.get()))?))
}

/// The first mechanism if neither its scale nor its bound is larger than the second's, or there is no second.
fn no_noisier<A: Adjacency>(
    first: Result<TruncatedLaplace<A>, Error>,
    second: Result<TruncatedLaplace<A>, Error>,
) -> Result<TruncatedLaplace<A>, Error> {
    let (Ok(accounted), Ok(equal)) = (&first, &second) else { return first.or(second) };
    let is_smaller =
        accounted.noise_scale().get() <= equal.noise_scale().get() && accounted.bound() <= equal.bound();
    if is_smaller { first } else { second }
}

/// The largest ε₀ for which D pieces with `(ε₀, δ/2D)` compose to (ε, δ).
fn accounted_share<A: Adjacency>(
    epsilon: Epsilon,
    delta: Delta,
    pieces: u64,
    adjacency: A,
) -> Result<(Epsilon, Delta), Error> {
    let (_, share) = equal_share(epsilon, delta, pieces)?;
    let failing = Delta::new(0.5 * share.get())?;
    // advanced composition, to begin the search near its end
    let guess = epsilon.get() / (8.0 * pieces as f64 * -delta.get().ln()).sqrt();
    let share = |noise: f64| Epsilon::new(guess / noise);
    let guarantee =
        |noise: f64| Ok(PrivacyProfile::approximate(share(noise)?, failing, adjacency).repeated(pieces));
    let accounted = Target::new(epsilon, delta).least_noise(guarantee).and_then(share)?;
    Ok((accounted, failing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_mechanisms::AddRemoveRow;

    #[test]
    fn accounted_noise_has_neither_a_larger_scale_nor_a_larger_bound_than_equal_shares() {
        for (epsilon, delta) in [(1.0, 0.01), (1.0, 1e-6), (8.0, 1e-3), (0.1, 0.2)] {
            let target = (Epsilon::new(epsilon).unwrap(), Delta::new(delta).unwrap());
            for pieces in [1, 2, 3, 4, 7, 30, 1000] {
                let touched = Touched { pieces, l1: 1, squared: 1, opposition: 1 };
                let [equal, accounted] = [TreeBudget::EqualShares, TreeBudget::Accounted].map(|budget| {
                    let noise =
                        TreeMechanism::calibrate(budget, target, &touched, AddRemoveRow).unwrap().noise();
                    match noise {
                        NodeNoise::TruncatedLaplace { scale, bound } => (scale.get(), bound),
                        other => panic!("{other:?}"),
                    }
                });
                assert!(
                    accounted.0 <= equal.0 && accounted.1 <= equal.1,
                    "{pieces}: {accounted:?} {equal:?}"
                );
            }
        }
    }
}
