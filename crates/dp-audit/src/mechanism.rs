//! What is audited: anything that turns data and random words into an output.

use core::fmt;
use dp_mechanisms::Adjacency;
use rand::CryptoRng;

/// A randomised algorithm that claims to be private.
///
/// An audit sees it from outside: it runs it on two neighbours and looks at outputs. So a mechanism of any crate can be
/// audited, also one in another language behind a call. All randomness must come from `rng`; a mechanism that brings
/// its own is audited all the same, but not reproducibly, and [`replay`](crate::replay) cannot freeze it.
///
/// Failures belong to the output (`type Output = Option<…>`): whether a private call fails is seen by whoever calls.
///
/// # Example
///
/// ```
/// use dp_audit::Mechanism;
/// use rand::{CryptoRng, RngExt};
///
/// /// Tells the truth with probability ¾.
/// struct RandomizedResponse;
///
/// impl Mechanism for RandomizedResponse {
///     type Data = bool;
///     type Output = bool;
///
///     fn run<R: CryptoRng + ?Sized>(&self, data: &bool, rng: &mut R) -> bool {
///         if rng.random_range(0..4) == 0 { !data } else { *data }
///     }
/// }
/// ```
pub trait Mechanism {
    /// What it is run on.
    type Data;
    /// What it releases.
    type Output;

    /// One run. Audits by thresholds and by betting hold for independent runs: a mechanism that keeps something from one
    /// run for the next is outside their guarantee.
    fn run<R: CryptoRng + ?Sized>(&self, data: &Self::Data, rng: &mut R) -> Self::Output;
}

impl<M: Mechanism> Mechanism for &M {
    type Data = M::Data;
    type Output = M::Output;

    fn run<R: CryptoRng + ?Sized>(&self, data: &M::Data, rng: &mut R) -> M::Output {
        (**self).run(data, rng)
    }
}

/// A mechanism from a closure `(data, rng) → output`.
///
/// # Example
///
/// ```
/// use dp_audit::{Mechanism, from_fn};
/// use dp_mechanisms::{NoiseStd, noise::{LatticeNoise, RoundedGaussian}, secure_rng};
///
/// let noise = RoundedGaussian::new(NoiseStd::new(4.0)?)?;
/// let count = from_fn(|rows: &Vec<i64>, rng| rows.len() as i64 + noise.sample(rng));
/// assert!((count.run(&vec![7; 1000], &mut secure_rng()?) - 1000).abs() < 100);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub const fn from_fn<D, O, F: Fn(&D, &mut dyn CryptoRng) -> O>(run: F) -> FnMechanism<D, O, F> {
    FnMechanism { run, signature: core::marker::PhantomData }
}

/// See [`from_fn`].
pub struct FnMechanism<D, O, F> {
    run: F,
    signature: core::marker::PhantomData<fn(&D) -> O>,
}

impl<D, O, F> fmt::Debug for FnMechanism<D, O, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnMechanism").finish_non_exhaustive()
    }
}

impl<D, O, F: Fn(&D, &mut dyn CryptoRng) -> O> Mechanism for FnMechanism<D, O, F> {
    type Data = D;
    type Output = O;

    fn run<R: CryptoRng + ?Sized>(&self, data: &D, mut rng: &mut R) -> O {
        (self.run)(data, &mut rng)
    }
}

/// Two data sets that the caller states to be neighbours under `A`.
///
/// An audit is only as good as this pair: on harmless neighbours the worst mechanism looks private. Start from the rows
/// that attain the sensitivity (opposite rows at the clipping radius, an empty data set and one row), then from hostile
/// ones (NaN, infinities, ties, an odd number of rows).
///
/// `Debug` shows no data.
///
/// # Example
///
/// ```
/// use dp_audit::Neighbours;
/// use dp_mechanisms::AddRemoveRow;
///
/// let pair = Neighbours::new(vec![1.0, f64::NAN], vec![1.0], AddRemoveRow);
/// assert_eq!(pair.second().len(), 1);
/// ```
#[derive(Clone)]
pub struct Neighbours<D, A> {
    first: D,
    second: D,
    adjacency: A,
}

impl<D, A: Adjacency> Neighbours<D, A> {
    /// States that these are neighbours. The order does not matter: auditors look both ways.
    pub const fn new(first: D, second: D, adjacency: A) -> Self {
        Self { first, second, adjacency }
    }

    /// One data set.
    pub const fn first(&self) -> &D {
        &self.first
    }

    /// Its neighbour.
    pub const fn second(&self) -> &D {
        &self.second
    }

    /// In what sense they are neighbours.
    pub const fn adjacency(&self) -> A {
        self.adjacency
    }
}

impl<D, A: fmt::Debug> fmt::Debug for Neighbours<D, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neighbours").field("adjacency", &self.adjacency).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_mechanisms::ReplaceRow;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_closure_runs_with_sized_and_unsized_generators() {
        let word = from_fn(|mask: &u64, rng| rng.next_u64() & mask);
        let mut rngs = [ChaCha8Rng::seed_from_u64(3), ChaCha8Rng::seed_from_u64(3)];
        let [sized, other] = &mut rngs;
        let unsized_rng: &mut dyn CryptoRng = other;
        assert_eq!(word.run(&0xff, sized), word.run(&0xff, unsized_rng));
    }

    #[test]
    fn neighbours_do_not_print_their_data() {
        let pair = Neighbours::new(vec![424_242], vec![171_717], ReplaceRow);
        let text = format!("{pair:?}");
        assert!(!text.contains("4242") && !text.contains("1717"), "{text}");
    }
}
