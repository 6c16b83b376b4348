//! One uniform number, known by its first bits and refined on demand: the exact path of every sampler.
//!
//! A comparison draws a word only while the boundary lies inside the known bits of U. Once U is separated from its two
//! neighbouring boundaries it is separated from all others, so the number of words does not depend on the order of
//! comparisons, nor on the guess that starts a search.

use super::law::Law;
use crate::certified::{ball::Ball, interval::Interval, search::first_true_integer};
use core::cmp::Ordering;
use num_bigint::BigInt;
use rand::Rng;

/// Bits by which boundaries are enclosed more narrowly than the uniform.
pub(super) const LEAD: u64 = 64;

/// Magnitudes that a sample can have.
pub(super) const FULL_RANGE: (i64, i64) = (0, i64::MAX);

/// A sample and how it was found.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::{NoiseStd, noise::RoundedGaussian};
/// use rand::SeedableRng;
///
/// let noise = RoundedGaussian::new(NoiseStd::new(1.0)?)?;
/// let traced = noise.sample_traced(&mut rand_chacha::ChaCha20Rng::seed_from_u64(1));
/// assert!(traced.fast && traced.refinements == 0);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traced {
    /// The sample.
    pub value: i64,
    /// Whether integers of machine size decided it.
    pub fast: bool,
    /// Further words that the exact path drew.
    pub refinements: u32,
}

impl Traced {
    pub(super) fn fast(value: i64) -> Self {
        Self { value, fast: true, refinements: 0 }
    }

    pub(super) fn exact(value: i64, refinements: u32) -> Self {
        Self { value, fast: false, refinements }
    }
}

/// `−magnitude` if the first bit of the word is set.
#[inline]
pub(super) fn signed(word: u64, magnitude: i64) -> i64 {
    let sign = word as i64 >> 63;
    (magnitude ^ sign).wrapping_sub(sign)
}

/// A uniform number of which the first bits are known: `U ∈ [numerator, numerator + 1)·2^{−bits}`.
pub(super) struct Uniform {
    numerator: BigInt,
    bits: u64,
    refinements: u32,
}

impl Uniform {
    /// From a word: `0 ≤ U < 1`.
    pub(super) fn new(word: u64) -> Self {
        Self { numerator: BigInt::from(word), bits: 64, refinements: 0 }
    }

    /// From a word without its sign: `U < 1/2`.
    pub(super) fn below_one_half(word: u64) -> Self {
        Self::new(word << 1 >> 1)
    }

    pub(super) fn numerator(&self) -> &BigInt {
        &self.numerator
    }

    pub(super) fn bits(&self) -> u64 {
        self.bits
    }

    pub(super) fn refinements(&self) -> u32 {
        self.refinements
    }

    pub(super) fn refine<R: Rng + ?Sized>(&mut self, rng: &mut R) {
        self.numerator = (&self.numerator << 64_u32) + rng.next_u64();
        self.bits += 64;
        self.refinements += 1;
    }

    /// Whether `U < boundary`, or `None` if the known bits do not tell.
    fn compare(&self, boundary: &Interval) -> Option<bool> {
        let align = boundary.precision() - self.bits;
        if (&self.numerator + 1) << align <= *boundary.lo() {
            Some(true)
        } else if &self.numerator << align >= *boundary.hi() {
            Some(false)
        } else {
            None
        }
    }

    /// [`compare`](Self::compare) with a ball, while U is one word.
    fn quick_compare(&self, boundary: Ball) -> Option<bool> {
        let word = u64::try_from(&self.numerator).ok().filter(|_| self.bits == 64)?;
        let [start, end] = [i128::from(word), i128::from(word) + 1].map(|n| Ball::dyadic(n, -64));
        match (start.compare(boundary), end.compare(boundary)) {
            (_, Some(Ordering::Less | Ordering::Equal)) => Some(true),
            (Some(Ordering::Greater | Ordering::Equal), _) => Some(false),
            _ => None,
        }
    }

    /// Whether `U < boundary`, refined until that is known: by the ball if that decides, else by enclosures in fixed
    /// point at the precision that is asked for.
    pub(super) fn is_below<R: Rng + ?Sized>(
        &mut self,
        quick: Option<Ball>,
        boundary: impl Fn(u64) -> Interval,
        rng: &mut R,
    ) -> bool {
        if let Some(answer) = quick.and_then(|quick| self.quick_compare(quick)) {
            return answer;
        }
        loop {
            if let Some(answer) = self.compare(&boundary(self.bits + LEAD)) {
                return answer;
            }
            self.refine(rng);
        }
    }
}

/// Uniform on `0 ..= largest`: words are cut to as many bits, and those above are drawn again.
pub(crate) fn uniform_up_to<R: Rng + ?Sized>(largest: u64, rng: &mut R) -> u64 {
    let mask = u64::MAX.checked_shr(largest.leading_zeros()).unwrap_or(0);
    loop {
        let value = rng.next_u64() & mask;
        if value <= largest {
            return value;
        }
    }
}

/// The sample of a word whose magnitude is known to lie in `range`, which may be all of `0 … i64::MAX`: the magnitude
/// exceeds `k` if `U < P(K > k)`.
pub(super) fn resolve<N: Law, R: Rng + ?Sized>(
    word: u64,
    range: (i64, i64),
    guess: impl FnOnce() -> i64,
    noise: &N,
    rng: &mut R,
) -> Traced {
    let mut uniform = Uniform::below_one_half(word);
    let mut is_beyond = |k: i64| {
        let quick = noise.quick_tail(k.into()).map(|tail| tail.0);
        uniform.is_below(quick, |precision| noise.tail(k.into(), precision).0.to_fixed(), rng)
    };
    let (from, to) = (range.0, range.1 - 1);
    // the last value of the range needs no comparison; at i64::MAX this saturates
    let found = if from > to {
        None
    } else {
        let guess = if range == FULL_RANGE { guess() } else { from };
        first_true_integer(guess, (from, to), |k| !is_beyond(k))
    };
    Traced::exact(signed(word, found.unwrap_or(range.1)), uniform.refinements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparison_is_three_valued() {
        let uniform = Uniform::below_one_half(5);
        let boundary = |lo: u64, hi: u64| Interval::new(BigInt::from(lo), BigInt::from(hi), 66);
        assert_eq!(uniform.compare(&boundary(24, 30)), Some(true));
        assert_eq!(uniform.compare(&boundary(2, 20)), Some(false));
        assert_eq!(uniform.compare(&boundary(20, 21)), None);
        assert_eq!(uniform.compare(&boundary(23, 24)), None);
    }

    #[test]
    fn comparison_with_a_ball_is_that_with_an_interval() {
        for word in [0, 1, 77, u64::MAX >> 1, 1 << 63, u64::MAX] {
            let uniform = Uniform::new(word);
            // boundaries at the word's ends, in its middle, and one word away
            for (quarters, expected) in
                [(-4, Some(false)), (0, Some(false)), (2, None), (4, Some(true)), (8, Some(true))]
            {
                let numerator = BigInt::from(word) * 4 + quarters;
                let ball = (Ball::integer((word >> 1) as i64).doubled(1) + Ball::integer((word & 1) as i64))
                    .doubled(2)
                    + Ball::integer(quarters);
                // balls are open at their ends: boundaries that are words may be left to the intervals
                let quick = uniform.quick_compare(ball.doubled(-66));
                assert!(
                    quick == expected || (quick.is_none() && quarters % 4 == 0 && quarters != 8),
                    "{word} {quarters}"
                );
                assert_eq!(uniform.compare(&Interval::point(numerator, 66)), expected);
            }
        }
    }

    #[test]
    fn the_sign_of_the_smallest_integer_does_not_overflow() {
        assert_eq!(signed(1 << 63, 5), -5);
        assert_eq!(signed(0, 5), 5);
        // what a magnitude of 2⁶³ looks like modulo 2⁶⁴
        assert_eq!(signed(1 << 63, i64::MIN), i64::MIN);
    }
}
