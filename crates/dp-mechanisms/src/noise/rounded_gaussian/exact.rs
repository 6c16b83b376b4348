//! The exact path: the uniform compared with certified tail probabilities of the normal law.

use super::{Traced, uniform};
use crate::{
    certified::{dyadic::Dyadic, interval::Interval, mills::upper_tail},
    normal,
};
use num_bigint::{BigInt, Sign};
use rand::Rng;

/// Arguments beyond `2^FAR_BITS` have tails below `2^{−2³⁸}`.
const FAR_BITS: u64 = 20;

/// `z = (k + 1/2)/σ`.
pub(in crate::noise) fn boundary(k: impl Into<BigInt>, sigma: &Dyadic, precision: u64) -> Interval {
    Dyadic::integer(k.into() * 2 + 1).over(&sigma.doubled(1), precision)
}

pub(in crate::noise) fn is_far(z: &Interval) -> bool {
    z.lo().sign() == Sign::Plus && z.lo().bits() > z.precision() + FAR_BITS
}

/// `Q((k + 1/2)/σ)` in fixed point.
fn tail_beyond(k: i64, sigma: &Dyadic, precision: u64) -> Interval {
    let z = boundary(k, sigma, precision);
    if is_far(&z) {
        return Interval::new(BigInt::ZERO, BigInt::from(1), precision);
    }
    upper_tail(&z).to_fixed()
}

/// The sample of a word when its magnitude is known to lie in `range`, which may be all of `0 … i64::MAX`.
pub(super) fn resolve<R: Rng + ?Sized>(word: u64, sigma: &Dyadic, range: (i64, i64), rng: &mut R) -> Traced {
    let tail = |k, precision| tail_beyond(k, sigma, precision);
    uniform::resolve(word, range, || guess(word, sigma), tail, rng)
}

/// `σ·Q⁻¹(U)` in plain floating point; steers the search only.
pub(in crate::noise) fn guess(word: u64, sigma: &Dyadic) -> i64 {
    let u = ((word << 1 >> 1) as f64 + 0.5) * 2.0_f64.powi(-64);
    let (sigma, _) = crate::certified::scaled::Scaled::new(sigma.at(64), 0).to_bounds();
    (sigma * normal::guess(u)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::rounded_gaussian::cell::Scale;
    use crate::noise::uniform::FULL_RANGE;
    use core::convert::Infallible;
    use rand::TryRng;

    /// Words from a list; panics when more are asked for.
    struct Script(Vec<u64>);

    impl TryRng for Script {
        type Error = Infallible;

        fn try_next_u32(&mut self) -> Result<u32, Infallible> {
            panic!("only whole words are drawn")
        }

        fn try_next_u64(&mut self) -> Result<u64, Infallible> {
            Ok(self.0.remove(0))
        }

        fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
            panic!("only whole words are drawn")
        }
    }

    #[test]
    fn the_next_words_decide_a_boundary_inside_the_first() {
        let sigma = Dyadic::from_f64(1000.0);
        // the first 192 bits of Q(700.5/1000), as three words
        let tail = tail_beyond(700, &sigma, 256);
        let word = |i: u64| u64::try_from(&((tail.lo() >> (192 - 64 * i)) & BigInt::from(u64::MAX))).unwrap();
        let [first, second, third] = [word(0), word(1), word(2)];
        let draw = |words: Vec<u64>| {
            let traced = resolve(first, &sigma, FULL_RANGE, &mut Script(words));
            (traced.value, traced.refinements)
        };
        // a smaller U is further out
        assert_eq!(draw(vec![second - 1]), (701, 1));
        assert_eq!(draw(vec![second + 1]), (700, 1));
        assert_eq!(draw(vec![second, third - 1]), (701, 2));
        assert_eq!(draw(vec![second, third + 1]), (700, 2));
        // the table leaves exactly this word open
        assert_eq!(Scale::new(1000.0).try_word(first), None);
        // and the neighbouring words need no refinement
        assert_eq!(resolve(first - 1, &sigma, FULL_RANGE, &mut Script(vec![])).value, 701);
        assert_eq!(resolve(first + 1, &sigma, FULL_RANGE, &mut Script(vec![])).value, 700);
    }

    #[test]
    fn the_table_agrees_with_exact_thresholds_on_a_million_words() {
        // for a small σ all thresholds Q((k + 1/2)/σ) that words can meet are computed once
        for std in [0.3, 1.0, 17.5] {
            let (sigma, scale) = (Dyadic::from_f64(std), Scale::new(std));
            let reach = (9.5 * std) as i64 + 1;
            // U·2⁶⁴ below the first entry is beyond k, at or above the second is not
            let thresholds: Vec<(u64, u64)> = (0..reach)
                .map(|k| {
                    let tail = tail_beyond(k, &sigma, 160);
                    let word = |n: &BigInt| u64::try_from(&(n >> 96_u32)).unwrap();
                    (word(tail.lo()), word(tail.hi()) + 1)
                })
                .collect();
            let mut decided = 0;
            for i in 0..350_000_u64 {
                let word = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1;
                let Some(value) = scale.try_word(word) else { continue };
                decided += 1;
                let k = value as usize;
                assert!(thresholds.get(k).is_none_or(|t| word >= t.1), "σ = {std}, word {word:#x}");
                assert!(k == 0 || word < thresholds[k - 1].0, "σ = {std}, word {word:#x}");
            }
            assert!(decided > 349_990, "{decided}");
        }
    }
}
