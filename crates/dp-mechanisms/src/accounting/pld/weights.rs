//! Exponential weights `2^{rate·k}` on a grid.

use crate::certified::ball::{self, Ball};
use core::f64::consts::LN_2;
use core::ops::Range;
use std::sync::LazyLock;

/// Bits of a rate after the point.
const FRACTION: u32 = 32;
/// Relative error of a weight: four correctly rounded factors and three products.
pub(super) const WEIGHT_ERROR: f64 = 8.0 * f64::EPSILON / 2.0;
/// Weights that are computed from one and a short table.
const BLOCK: usize = 64;

/// An exponential tilt: a point k of the grid has weight `2^{rate·k}`. The rate is a multiple of `2⁻³²`, so that the weights are
/// exactly what is said of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate(i64);

/// `2^{j/2⁸ⁱ⁺⁸}`, `i = 0 … 3`.
static TABLES: LazyLock<[[f64; 256]; 4]> = LazyLock::new(|| {
    let ln_2 = ball::ln(Ball::integer(2));
    core::array::from_fn(|i| {
        core::array::from_fn(|j| {
            ball::exp(ln_2 * Ball::integer(j as i64).doubled(-8 * (i as i64 + 1))).to_f64()
        })
    })
});

impl Rate {
    pub(super) const ZERO: Self = Self(0);

    /// Near a given factor from one point to the next, `ln factor = exponent`.
    pub(super) fn near(exponent: f64) -> Self {
        let rate = exponent / LN_2 * (1_u64 << FRACTION) as f64;
        Self(rate.clamp(-1e17, 1e17).round() as i64)
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    pub(super) fn is_negative(self) -> bool {
        self.0 < 0
    }

    pub(super) fn negated(self) -> Self {
        Self(-self.0)
    }

    /// `log₂` of the weight of k, to nearest: for steering.
    pub(super) fn log2_weight(self, k: i64) -> f64 {
        self.0 as f64 * k as f64 / (1_u64 << FRACTION) as f64
    }

    /// `ln` of the weight of k.
    pub(super) fn ln_weight(self, k: i64) -> Ball {
        Ball::integer(self.0).doubled(-i64::from(FRACTION)) * Ball::integer(k) * ball::ln(Ball::integer(2))
    }

    /// The weight of k as `m·2ᵉ`, `1 ≤ m < 2` up to rounding; relative error below [`WEIGHT_ERROR`].
    fn weight(self, k: i64) -> (f64, i64) {
        let exponent = i128::from(self.0) * i128::from(k);
        let byte = |i: u32| (exponent >> (FRACTION - 8 * (i + 1))) as usize & 255;
        let mantissa = TABLES.iter().zip(0..).map(|(table, i)| table[byte(i)]).product();
        (mantissa, (exponent >> FRACTION) as i64)
    }

    /// Calls `visit(range, weights)` for a block of the `count` points from `first` on after the other, with the weights relative
    /// to `reference`; each has a relative error below `2·WEIGHT_ERROR`, and is zero where it is below the range of `f64`, infinite
    /// where it is above.
    pub(super) fn for_each_block(
        self,
        (first, count): (i64, usize),
        reference: i64,
        mut visit: impl FnMut(Range<usize>, &[f64]),
    ) {
        // a short table must stay inside the range of f64
        let block = if self.0.unsigned_abs() < 4 << FRACTION { BLOCK } else { 1 };
        let short: [f64; BLOCK] =
            core::array::from_fn(|j| if j < block { scaled(self.weight(j as i64)) } else { 0.0 });
        for start in (0..count).step_by(block) {
            let k = first - reference + start as i64;
            let (mantissa, exponent) = self.weight(k);
            let anchor = scaled((mantissa, exponent));
            let mut weights = [0.0; BLOCK];
            if exponent.abs() < 700 {
                weights.iter_mut().zip(&short).for_each(|(weight, factor)| *weight = anchor * factor);
            } else {
                let all = weights[..block].iter_mut().zip(k..);
                all.for_each(|(weight, k)| *weight = scaled(self.weight(k)));
            }
            let here = block.min(count - start);
            visit(start..start + here, &weights[..here]);
        }
    }
}

/// `m·2ᵉ`, zero or infinite outside the range.
pub(super) fn scaled((m, e): (f64, i64)) -> f64 {
    let power = |e: i64| f64::from_bits(((e + 1023) as u64) << 52);
    match e {
        -1022..=1023 => m * power(e),
        1024.. => f64::INFINITY,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_within_their_error_of_the_exponential() {
        for rate in [Rate::near(0.013), Rate::near(-2.7), Rate::near(1e-6), Rate::near(0.0)] {
            for k in [-1000, -37, -1, 0, 1, 5, 64, 250] {
                let exact = ball::exp(rate.ln_weight(k));
                let (m, e) = rate.weight(k);
                let error = (Ball::from_f64(m).doubled(e) - exact) / exact;
                assert!(error.to_f64().abs() < WEIGHT_ERROR, "{rate:?} {k}");
            }
        }
    }

    #[test]
    fn a_sequence_of_weights_agrees_with_each_weight() {
        for rate in [Rate::near(0.3), Rate::near(-0.02), Rate::near(5.0)] {
            let mut values = vec![0.0; 200];
            rate.for_each_block((-90, 200), 7, |at, weights| values[at].copy_from_slice(weights));
            for (value, k) in values.iter().zip(-97..) {
                let alone = scaled(rate.weight(k));
                assert!((value - alone).abs() <= 3.0 * WEIGHT_ERROR * alone, "{k}");
            }
        }
    }
}
