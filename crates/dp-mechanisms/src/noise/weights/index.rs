//! An index drawn with probability in proportion to its weight, by inversion.

use crate::certified::{ball::Ball, interval::Interval, search::first_true_integer};
use crate::noise::uniform::Uniform;
use rand::Rng;

/// Bits of work beyond the precision of a boundary: for the roundings of up to `2⁴⁰` weights and their sum.
const GUARD: u64 = 64;

/// Positive weights, at least one of them, of which the largest is at least one: absolute precision is enough.
pub(crate) trait Weights {
    /// How many there are.
    fn len(&self) -> usize;

    /// A weight as a ball.
    fn quick(&self, index: usize) -> Ball;

    /// The same to about so many bits after the point.
    fn long(&self, index: usize, precision: u64) -> Interval;
}

/// The index i with `C_{i−1} ≤ U·S < C_i`, `C_i` the sum of the weights up to the i-th, S that of all, U one uniform:
/// refined while its known bits leave that open, so that the law is exact.
///
/// Time is proportional to the number of weights, whatever they are.
pub(crate) fn sample<W: Weights, R: Rng + ?Sized>(weights: &W, rng: &mut R) -> usize {
    let sums = running_sums(weights);
    let total = *sums.last().expect("there is a weight");
    let mut uniform = Uniform::new(rng.next_u64());
    let last = weights.len() - 1;
    let mut is_below =
        |i: usize| uniform.is_below(Some(sums[i] / total), |precision| share(weights, i, precision), rng);
    // below the last boundary, which is one, every uniform lies
    let found = match last.checked_sub(1) {
        Some(inner) => first_true_integer(inner as i64 / 2, (0, inner as i64), |i| is_below(i as usize)),
        None => None,
    };
    found.map_or(last, |i| i as usize)
}

fn running_sums<W: Weights>(weights: &W) -> Vec<Ball> {
    let add = |sum: &mut Ball, i| {
        *sum = *sum + weights.quick(i);
        Some(*sum)
    };
    (0..weights.len()).scan(Ball::ZERO, add).collect()
}

/// `C_i/S`.
fn share<W: Weights>(weights: &W, index: usize, precision: u64) -> Interval {
    let work = precision + GUARD;
    let sum = |from: usize, to: usize| {
        (from..to).fold(Interval::integer(0, work), |sum, i| &sum + &weights.long(i, work))
    };
    let below = sum(0, index + 1);
    let total = &below + &sum(index + 1, weights.len());
    (&below / &total).with_precision(precision)
}
