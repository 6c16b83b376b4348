//! The coefficients of the midpoint rule: `(t/2)/sinh(t/2) = Σ d_i t^{2i}`, `d_i = B_{2i}(1/2)/(2i)!`.

use crate::certified::interval::Interval;
use std::sync::OnceLock;

/// Precisions at which coefficients are kept: `128·2ⁱ`.
const LEVELS: usize = 12;
/// More are never computed: an expansion that needs them is left wide.
const MOST: u64 = 300;

/// `d₁, d₂, …` at this precision, as many as a factor of `2⁷` gained by each of them asks for.
pub(super) fn coefficients(precision: u64) -> impl Iterator<Item = Interval> {
    static CACHE: [OnceLock<Vec<Interval>>; LEVELS] = [const { OnceLock::new() }; LEVELS];
    let level = (precision.div_ceil(128).next_power_of_two().trailing_zeros() as usize).min(LEVELS - 1);
    let kept = CACHE[level].get_or_init(|| compute(128 << level));
    kept.iter().map(move |coefficient| coefficient.with_precision(precision))
}

/// From `1 = (Σ d_i t^{2i})·(Σ t^{2j}/4ʲ(2j + 1)!)`.
fn compute(precision: u64) -> Vec<Interval> {
    let count = (precision / 7 + 8).min(MOST);
    let mut inverse = vec![Interval::integer(1, precision)]; // 1/4ʲ(2j + 1)!
    let mut all = inverse.clone();
    for i in 1..=count {
        let last = &inverse[i as usize - 1];
        inverse.push(last.over(8 * i * (2 * i + 1)));
        let products = inverse[1..].iter().rev().zip(&all).map(|(a, b)| a * b);
        let sum = products.fold(Interval::integer(0, precision), |sum, product| &sum + &product);
        all.push(-&sum);
    }
    all.split_off(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_coefficients_are_the_known_ones() {
        let known = [(-1, 24), (7, 5760), (-31, 967_680), (127, 154_828_800)];
        for (coefficient, (n, d)) in coefficients(128).zip(known) {
            let exact = Interval::ratio(&n.into(), &d.into(), 128);
            assert!(coefficient.lo() <= exact.hi() && exact.lo() <= coefficient.hi());
            assert!(coefficient.width().bits() <= 6);
        }
    }

    #[test]
    fn coefficients_fall_like_powers_of_two_pi() {
        // |d_i| = 2(1 − 2^{1−2i})ζ(2i)/(2π)^{2i}, so that consecutive ones are in the ratio −1/39.478… nearly
        let all: Vec<_> = coefficients(512).collect();
        for pair in all[5..40].windows(2) {
            let ratio = &pair[1] / &pair[0];
            let bounds = [
                Interval::ratio(&(-1).into(), &39.into(), 512),
                Interval::ratio(&(-1).into(), &40.into(), 512),
            ];
            assert!(bounds[0].lo() <= ratio.lo() && ratio.hi() <= bounds[1].hi());
        }
    }
}
