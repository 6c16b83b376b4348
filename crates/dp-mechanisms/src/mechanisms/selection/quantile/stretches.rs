//! Stretches of integers of equal rank, and their weights.

use super::{QuantileRange, difference};
use crate::certified::{ball::Ball, dyadic::Dyadic, interval::Interval, scaled::Scaled};
use crate::noise::{Decay, Weights};
use crate::params::QuantileLevel;
use core::cmp::Ordering;
use num_bigint::BigInt;

/// Consecutive integers of equal rank.
#[derive(Debug)]
pub(super) struct Stretch {
    pub(super) first: i64,
    /// Their number, at least one.
    pub(super) width: u128,
    /// Number of values below them.
    below: u64,
    /// Number of values at most them.
    upto: u64,
}

impl Stretch {
    pub(super) fn contains(&self, point: i64) -> bool {
        let place = i128::from(point) - i128::from(self.first);
        (0..self.width as i128).contains(&place)
    }
}

/// Cuts the range at the sorted values: each of them is a stretch of its own, and so is what lies between two.
fn cut(range: QuantileRange, sorted: &[i64]) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut add = |from: i128, to: i128, below, upto| {
        if from < to {
            stretches.push(Stretch { first: from as i64, width: (to - from).unsigned_abs(), below, upto });
        }
    };
    let (mut next, mut below) = (i128::from(range.low()), 0);
    for equal in sorted.chunk_by(|a, b| a == b) {
        let (value, upto) = (i128::from(equal[0]), below + equal.len() as u64);
        add(next, value, below, below);
        add(value, value + 1, below, upto);
        (next, below) = (value + 1, upto);
    }
    add(next, i128::from(range.high()) + 1, below, below);
    stretches
}

/// The rank `q·n` that is looked for. Ranks of values cover all of `0 ..= n` without a gap, so that some stretch is at
/// distance zero.
#[derive(Debug)]
struct Target {
    rank: Dyadic,
    quick: Ball,
    floor: u64,
    ceiling: u64,
}

impl Target {
    fn new(level: QuantileLevel, values: u64) -> Self {
        let rank = Dyadic::from_f64(level.get()).times(&Dyadic::integer(values));
        let integers = rank.at(0);
        let end = |n| u64::try_from(n).expect("a rank is at most the number of values");
        Self { quick: Ball::from_dyadic(&rank), floor: end(integers.lo()), ceiling: end(integers.hi()), rank }
    }

    /// On which side of the target `[below, upto]` lies.
    fn side(&self, stretch: &Stretch) -> Ordering {
        if stretch.below > self.floor {
            Ordering::Greater
        } else if stretch.upto < self.ceiling {
            Ordering::Less
        } else {
            Ordering::Equal
        }
    }

    /// Its distance from `[below, upto]`.
    fn distance(&self, stretch: &Stretch) -> Dyadic {
        match self.side(stretch) {
            Ordering::Greater => difference(&Dyadic::integer(stretch.below), &self.rank),
            Ordering::Less => difference(&self.rank, &Dyadic::integer(stretch.upto)),
            Ordering::Equal => Dyadic::integer(0),
        }
    }

    /// The same as a ball.
    fn quick_distance(&self, stretch: &Stretch) -> Ball {
        let integer = |count: u64| Ball::dyadic(count.into(), 0);
        match self.side(stretch) {
            Ordering::Greater => integer(stretch.below) - self.quick,
            Ordering::Less => self.quick - integer(stretch.upto),
            Ordering::Equal => Ball::ZERO,
        }
    }
}

pub(super) struct Stretches<'a> {
    decay: &'a Decay,
    target: Target,
    pub(super) list: Vec<Stretch>,
}

impl<'a> Stretches<'a> {
    /// Those of these values, clamped to the range.
    pub(super) fn new(decay: &'a Decay, level: QuantileLevel, range: QuantileRange, values: &[i64]) -> Self {
        let mut sorted: Vec<i64> = values.iter().map(|v| *v.clamp(&range.low(), &range.high())).collect();
        sorted.sort_unstable();
        Self { decay, target: Target::new(level, sorted.len() as u64), list: cut(range, &sorted) }
    }

    /// The weight of one integer of a stretch, with relative precision.
    pub(super) fn weight(&self, stretch: &Stretch, precision: u64) -> Scaled {
        self.decay.scaled(&self.target.distance(stretch), precision).normalized()
    }

    /// The same as a ball.
    pub(super) fn quick_weight(&self, stretch: &Stretch) -> Ball {
        self.decay.quick(self.target.quick_distance(stretch))
    }
}

/// Bits that multiplication by a number of integers takes.
const WIDTH_BITS: u64 = 64;

impl Weights for Stretches<'_> {
    fn len(&self) -> usize {
        self.list.len()
    }

    fn quick(&self, index: usize) -> Ball {
        let stretch = &self.list[index];
        self.quick_weight(stretch) * Ball::dyadic(stretch.width as i128, 0)
    }

    fn long(&self, index: usize, precision: u64) -> Interval {
        let stretch = &self.list[index];
        let work = precision + WIDTH_BITS;
        let width = Interval::point(BigInt::from(stretch.width) << work, work);
        (&self.decay.fixed(&self.target.distance(stretch), work) * &width).with_precision(precision)
    }
}
