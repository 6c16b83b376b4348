//! Pairs that are the same in both directions, from the half of their losses that is not negative.

use super::pair::{Mass, Moments, Outline, Pair, Threshold};
use crate::certified::ball::Ball;
use std::sync::OnceLock;

/// A bound of `E_t` for `t ≥ 1`, by its tails at losses that are not negative.
pub(crate) trait Half: core::fmt::Debug + Send + Sync {
    /// `P(t < L < ∞)` and `Q(L > t)`.
    fn whole_tails(&self, threshold: &Threshold) -> Mass;

    /// What P has where Q has nothing.
    fn infinity(&self) -> Ball;

    /// The loss above which P has about no more than this.
    fn highest(&self, mass: f64) -> f64;
}

/// The pair that bounds both orders of two neighbours: `E_t` is a bound `h(t)` for `t ≥ 1`, and for `t < 1` it is
/// `1 − t + t·h(1/t)`, because `E_t(P, Q) = 1 − t + t·E_{1/t}(Q, P)`.
///
/// If h is steep at one, the mass at the loss zero comes out negative, and there is no such pair. Cells are above the neighbours then
/// too: these have a convex `E_t`, which is below its chords between points of the grid, and those are what the cells' masses add up
/// to before the negative ones are raised to zero.
#[derive(Debug)]
pub(crate) struct Symmetric<H> {
    half: H,
    outline: OnceLock<Outline>,
}

/// Number of pieces that the positive losses are cut into, for steering.
const NODES: usize = 250;

impl<H: Half> Symmetric<H> {
    pub(crate) fn new(half: H) -> Self {
        Self { half, outline: OnceLock::new() }
    }
}

fn outline(half: &impl Half) -> Outline {
    let high = half.highest(1e-40);
    // closer together near zero, where most of a small sample's losses are
    let at = |i: usize| high * (i as f64 / NODES as f64).powi(3);
    let tails: Vec<Mass> =
        (0..=NODES).map(|i| half.whole_tails(&Threshold::at(Ball::from_f64(at(i))))).collect();
    let piece = |i: usize| {
        let (loss, mass) = (f64::midpoint(at(i), at(i + 1)), tails[i].minus(tails[i + 1]));
        [(loss, mass.p.to_f64()), (-loss, mass.q.to_f64())]
    };
    let pieces: Vec<(f64, f64)> = (0..NODES).flat_map(piece).filter(|(_, p)| *p > 0.0).collect();
    let center = 1.0 - pieces.iter().map(|(_, p)| p).sum::<f64>();
    pieces.into_iter().chain([(0.0, center)]).collect()
}

impl<H: Half> Pair for Symmetric<H> {
    fn moments(&self, lambda: f64) -> Moments {
        self.outline.get_or_init(|| outline(&self.half)).moments(lambda)
    }

    fn range(&self, mass: f64) -> (f64, f64) {
        let high = self.half.highest(mass);
        (-high, high)
    }

    fn singular(&self) -> Mass {
        Mass { p: self.half.infinity(), q: self.half.infinity() }
    }

    /// Zero is a point of every grid, and what has the loss zero belongs to the cell below it.
    fn tails(&self, threshold: &Threshold) -> Mass {
        if !threshold.loss.is_negative() {
            return self.half.whole_tails(threshold);
        }
        let mirrored = self
            .half
            .whole_tails(&Threshold { loss: -threshold.loss, exp: Ball::integer(1) / threshold.exp });
        let all = self.rest_mass();
        Mass { p: all.p - mirrored.q, q: all.q - mirrored.p }
    }
}
