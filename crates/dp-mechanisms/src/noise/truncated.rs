//! Lattice noise conditioned on a bounded magnitude.

use super::blocks::BLOCK;
use super::law::{self, Enclosure, Law, Quick};
use super::uniform::{Uniform, uniform_up_to};
use super::{LatticeNoise, LogConcaveNoise};
use crate::certified::power_of_two;
use crate::certified::{ball::Ball, interval::Interval, scaled::Scaled};
use crate::{Error, Parameter};
use num_bigint::BigInt;
use rand::CryptoRng;

/// A symmetric log-concave law N on the integers, conditioned on `|k| ≤ bound`.
///
/// Bounded noise never releases an absurd value. Its price is an *infinity mass*: some outputs are possible on one of two
/// neighbours only, and no ε pays for them. A guarantee from it is (ε, δ), with δ at least [that
/// mass](Self::infinity_mass_bounds).
///
/// # Guarantee
///
/// Given independent uniform words, samples are independent and have exactly the law `P(k)/P(|K| ≤ bound)`.
///
/// # Method
///
/// Samples of N outside are rejected, those beyond 64 bits before they are reduced; a decided sample is, whatever word it
/// came from, so that the law is N's conditional one. Where the bound is so narrow that this would take longer (N is then
/// flat up to the bound), uniform integers are proposed, and k is accepted if a further uniform is below `P(k)/P(0)`: at
/// once if it is below `P(bound)/P(0)`, and else by certified comparison with refinement of that same uniform.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{NoiseStd, noise::{DiscreteGaussian, LatticeNoise, Truncated}};
///
/// let noise = Truncated::new(DiscreteGaussian::new(NoiseStd::new(10.0)?)?, 35)?;
/// let mut draws = [0; 1000];
/// noise.fill(&mut draws, &mut dp_mechanisms::secure_rng()?);
/// assert!(draws.iter().all(|k| k.abs() <= 35));
/// assert_eq!(noise.pmf_bounds(36), (0.0, 0.0));
/// // what a shift by one makes possible on one side only: the last cell
/// assert_eq!(noise.infinity_mass_bounds(1), noise.pmf_bounds(35));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Truncated<N> {
    base: N,
    bound: u64,
    proposal: Proposal,
}

/// Where candidates come from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Proposal {
    Base,
    /// Uniform on the support; words below this accept.
    Uniform {
        accepted_below: u64,
    },
}

/// About how many draws from N one certified comparison takes.
const COMPARISON_IN_DRAWS: f64 = 2048.0;

impl<N: LogConcaveNoise> Truncated<N> {
    /// Largest supported bound, `2⁶²`.
    pub const MAX_BOUND: u64 = 1 << 62;

    /// The law `noise`, conditioned on `|k| ≤ bound`, in lattice steps. A bound of 0 leaves no noise at all.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] above [`MAX_BOUND`](Self::MAX_BOUND).
    pub fn new(noise: N, bound: u64) -> Result<Self, Error> {
        Parameter::TruncationBound.check(bound as f64, bound <= Self::MAX_BOUND)?;
        let bound = noise.bound().map_or(bound, |inner| inner.min(bound));
        let proposal = choose(&noise, bound);
        Ok(Self { base: noise, bound, proposal })
    }

    /// The law alone, as searches need it: sampling could take long. The bound is within that of the base and supported.
    pub(crate) const fn for_probabilities(noise: N, bound: u64) -> Self {
        Self { base: noise, bound, proposal: Proposal::Base }
    }

    /// The law before truncation.
    pub const fn base(&self) -> &N {
        &self.base
    }

    /// Largest magnitude, in lattice steps.
    #[must_use]
    pub const fn bound(&self) -> u64 {
        self.bound
    }

    /// Lower and upper bound of the probability of the outputs that noise shifted by `shift` cannot produce: of the last
    /// `shift` integers of the support.
    ///
    /// Exactly `(0, 0)` for shift 0, and `(1, 1)` where the two supports do not meet.
    #[must_use]
    pub fn infinity_mass_bounds(&self, shift: u64) -> (f64, f64) {
        match i128::from(self.bound) - i128::from(shift) {
            last if last < -i128::from(self.bound) => (1.0, 1.0),
            last => law::tail_bounds(self, last),
        }
    }

    /// `P(|K| ≤ bound)` of the base.
    fn kept(&self, precision: u64) -> Scaled {
        kept(&self.base, self.bound, precision)
    }

    /// One sample from candidates of the base.
    fn by_rejection<R: CryptoRng + ?Sized>(&self, mut candidate: i64, rng: &mut R) -> i64 {
        while candidate.unsigned_abs() > self.bound {
            candidate = self.base.sample_saturated(rng);
        }
        candidate
    }

    /// One sample from uniform candidates.
    fn by_acceptance<R: CryptoRng + ?Sized>(&self, accepted_below: u64, rng: &mut R) -> i64 {
        loop {
            let candidate = uniform_up_to(2 * self.bound, rng) as i64 - self.bound as i64;
            let word = rng.next_u64();
            if word < accepted_below || self.accepts(candidate, word, rng) {
                return candidate;
            }
        }
    }

    /// Whether the uniform that begins with `word` is below `P(k)/P(0)`.
    #[cold]
    #[inline(never)]
    fn accepts<R: CryptoRng + ?Sized>(&self, k: i64, word: u64, rng: &mut R) -> bool {
        let masses = self.base.quick_mass(k.into()).zip(self.base.quick_mass(0));
        let quick = masses.map(|(mass, center)| mass.0 / center.0);
        Uniform::new(word).is_below(quick, |precision| ratio_to_center(&self.base, k.into(), precision), rng)
    }
}

/// `P(|K| ≤ bound)`.
fn kept<N: Law>(base: &N, bound: u64, precision: u64) -> Scaled {
    base.tail(bound.into(), precision).0.times(&Interval::integer(2, precision)).complement().normalized()
}

/// `P(k)/P(0)`.
fn ratio_to_center<N: Law>(base: &N, k: i128, precision: u64) -> Interval {
    base.mass(k, precision).0.quotient(&base.mass(0, precision).0).to_fixed()
}

/// The way that takes less time.
fn choose<N: Law>(base: &N, bound: u64) -> Proposal {
    let least = ratio_to_center(base, bound.into(), 128).with_precision(64);
    // at bound 0 the ratio is one, which 64 bits do not hold; an enclosure of a tiny one may begin below zero
    let accepted_below = u64::try_from(least.lo().max(&BigInt::ZERO)).unwrap_or(u64::MAX);
    let undecided = accepted_below.abs_diff(u64::MAX) as f64 * power_of_two(-64);
    let draws_from_base = 1.0 / kept(base, bound, 128).to_bounds().1;
    if 3.0 + undecided * COMPARISON_IN_DRAWS < draws_from_base {
        Proposal::Uniform { accepted_below }
    } else {
        Proposal::Base
    }
}

impl<N: LogConcaveNoise> LatticeNoise for Truncated<N> {
    fn sample<R: CryptoRng + ?Sized>(&self, rng: &mut R) -> i64 {
        match self.proposal {
            Proposal::Base => self.by_rejection(self.base.sample_saturated(rng), rng),
            Proposal::Uniform { accepted_below } => self.by_acceptance(accepted_below, rng),
        }
    }

    /// # Words used
    ///
    /// For each block of up to [`BLOCK`] samples: first what the base uses to fill it, then what it uses for one sample
    /// after another, until those outside the bound are replaced, in their order. With uniform proposals, sample by
    /// sample.
    fn fill<R: CryptoRng + ?Sized>(&self, out: &mut [i64], rng: &mut R) {
        for block in out.chunks_mut(BLOCK) {
            if self.proposal == Proposal::Base {
                self.base.fill_saturated(block, rng);
            }
            for entry in block {
                *entry = match self.proposal {
                    Proposal::Base => self.by_rejection(*entry, rng),
                    Proposal::Uniform { accepted_below } => self.by_acceptance(accepted_below, rng),
                };
            }
        }
    }

    fn add_to<R: CryptoRng + ?Sized>(&self, values: &mut [i64], rng: &mut R) {
        let mut noise = [0; BLOCK];
        for block in values.chunks_mut(BLOCK) {
            let noise = &mut noise[..block.len()];
            self.fill(noise, rng);
            for (entry, noise) in block.iter_mut().zip(noise) {
                *entry = entry.wrapping_add(*noise);
            }
        }
    }

    fn pmf_bounds(&self, k: i64) -> (f64, f64) {
        law::pmf_bounds(self, k)
    }

    fn cdf_bounds(&self, k: i64) -> (f64, f64) {
        law::cdf_bounds(self, k)
    }
}

/// Conditioning on an interval keeps a law log-concave.
impl<N: LogConcaveNoise> Law for Truncated<N> {
    fn tail(&self, k: i128, precision: u64) -> Enclosure {
        let beyond = self.base.tail(self.bound.into(), precision).0;
        let inside = self.base.tail(k, precision).0.normalized().minus(&beyond.normalized()).normalized();
        Enclosure(inside.quotient(&self.kept(precision)).normalized())
    }

    fn mass(&self, k: i128, precision: u64) -> Enclosure {
        Enclosure(self.base.mass(k, precision).0.quotient(&self.kept(precision)).normalized())
    }

    fn quick_tail(&self, k: i128) -> Option<Quick> {
        let beyond = self.base.quick_tail(self.bound.into())?.0;
        let inside = self.base.quick_tail(k)?.0 - beyond;
        Some(Quick(inside / (Ball::integer(1) - beyond.doubled(1))))
    }

    fn quick_mass(&self, k: i128) -> Option<Quick> {
        let beyond = self.base.quick_tail(self.bound.into())?.0;
        Some(Quick(self.base.quick_mass(k)?.0 / (Ball::integer(1) - beyond.doubled(1))))
    }

    fn exceeds(&self, k: i128, shift: u64, epsilon: f64) -> Option<bool> {
        self.base.exceeds(k, shift, epsilon)
    }

    /// Where the shifted support begins, everything below it exceeds.
    fn crossing(&self, shift: u64, epsilon: f64) -> f64 {
        self.base.crossing(shift, epsilon).max(shift as f64 - self.bound as f64)
    }

    fn bound(&self) -> Option<u64> {
        Some(self.bound)
    }
}

impl<N: LogConcaveNoise> LogConcaveNoise for Truncated<N> {}
