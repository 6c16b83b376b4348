//! The boundaries of the exact path, `(k + 1/2)/σ`, and where its search begins.

use crate::certified::power_of_two;
use crate::{
    certified::{dyadic::Dyadic, interval::Interval},
    normal,
};
use num_bigint::{BigInt, Sign};

/// Arguments beyond `2^FAR_BITS` have tails below `2^{−2³⁸}`.
const FAR_BITS: u64 = 20;

/// `z = (k + 1/2)/σ`.
pub(in crate::noise) fn boundary(k: impl Into<BigInt>, sigma: &Dyadic, precision: u64) -> Interval {
    Dyadic::integer(k.into() * 2 + 1).over(&sigma.doubled(1), precision)
}

pub(in crate::noise) fn is_far(z: &Interval) -> bool {
    z.lo().sign() == Sign::Plus && z.lo().bits() > z.precision() + FAR_BITS
}

/// `σ·Q⁻¹(U)` in plain floating point; steers the search only.
pub(in crate::noise) fn guess(word: u64, sigma: &Dyadic) -> i64 {
    let u = ((word << 1 >> 1) as f64 + 0.5) * power_of_two(-64);
    let (sigma, _) = crate::certified::scaled::Scaled::new(sigma.at(64), 0).to_bounds();
    (sigma * normal::guess(u)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoiseStd;
    use crate::noise::RoundedGaussian;
    use crate::noise::law::Law;
    use core::convert::Infallible;
    use rand::TryRng;

    fn noise(std: f64) -> RoundedGaussian {
        RoundedGaussian::new(NoiseStd::new(std).unwrap()).unwrap()
    }

    /// `P(K > k)` in fixed point.
    fn tail_beyond(k: i64, law: &RoundedGaussian, precision: u64) -> Interval {
        law.tail(k.into(), precision).0.to_fixed()
    }

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
        let law = noise(1000.0);
        // the first 192 bits of Q(700.5/1000), as three words
        let tail = tail_beyond(700, &law, 256);
        let word = |i: u64| u64::try_from(&((tail.lo() >> (192 - 64 * i)) & BigInt::from(u64::MAX))).unwrap();
        let [first, second, third] = [word(0), word(1), word(2)];
        let draw = |words: Vec<u64>| {
            let traced = law.exact_value(first, &mut Script(words));
            (traced.value, traced.refinements)
        };
        // a smaller U is further out
        assert_eq!(draw(vec![second - 1]), (701, 1));
        assert_eq!(draw(vec![second + 1]), (700, 1));
        assert_eq!(draw(vec![second, third - 1]), (701, 2));
        assert_eq!(draw(vec![second, third + 1]), (700, 2));
        // the table leaves exactly this word open
        assert_eq!(law.fast_value(first), None);
        // and the neighbouring words need no refinement
        assert_eq!(law.exact_value(first - 1, &mut Script(vec![])).value, 701);
        assert_eq!(law.exact_value(first + 1, &mut Script(vec![])).value, 700);
    }

    #[test]
    fn the_table_agrees_with_exact_thresholds_on_a_million_words() {
        // for a small σ all thresholds Q((k + 1/2)/σ) that words can meet are computed once
        for std in [0.3, 1.0, 17.5] {
            let law = noise(std);
            let reach = (9.5 * std) as i64 + 1;
            // U·2⁶⁴ below the first entry is beyond k, at or above the second is not
            let thresholds: Vec<(u64, u64)> = (0..reach)
                .map(|k| {
                    let tail = tail_beyond(k, &law, 160);
                    let word = |n: &BigInt| u64::try_from(&(n >> 96_u32)).unwrap();
                    (word(tail.lo()), word(tail.hi()) + 1)
                })
                .collect();
            let mut decided = 0;
            for i in 0..350_000_u64 {
                let word = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1;
                let Some(value) = law.fast_value(word) else { continue };
                decided += 1;
                let k = value as usize;
                assert!(thresholds.get(k).is_none_or(|t| word >= t.1), "σ = {std}, word {word:#x}");
                assert!(k == 0 || word < thresholds[k - 1].0, "σ = {std}, word {word:#x}");
            }
            assert!(decided > 349_990, "{decided}");
        }
    }
}
