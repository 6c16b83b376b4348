//! A Laplace law against itself moved by ε scales: the loss is clamped to ±ε.

use super::pair::{Mass, Moments, Pair, PairAtom, Resolution, Threshold, rest};
use crate::accounting::pld::{Cell, Cells, Grid, probability};
use crate::certified::ball::{self, Ball};

/// The pair of the Laplace mechanism on one number, `ε = Δ/b`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Laplace {
    pub(crate) epsilon: f64,
}

impl Laplace {
    /// `e^{−(ε + ℓ)/2}/2`: what Q has above a loss ℓ.
    fn half_exp(self, loss: Ball) -> Ball {
        ball::exp(-(Ball::from_f64(self.epsilon) + loss).doubled(-1)).doubled(-1)
    }
}

impl Pair for Laplace {
    /// With `s = (λ + 1/2)ε` the tilted law is `e^{−ε/2}/2` times atoms of `e^{±s}` at ±ε and, at vε, a density of `(ε/2)·e^{sv}` in v; all
    /// relative to `e^{|s|}`.
    fn moments(&self, lambda: f64) -> Moments {
        let e = self.epsilon;
        let s = (lambda + 0.5) * e;
        let (sign, s) = (s.signum(), s.abs());
        let fall = (-2.0 * s).exp();
        // ½∫ vⁿe^{sv − s} dv over |v| ≤ 1
        let inside = if s < 0.1 {
            [1.0 + s * s / 6.0, s / 3.0 + s.powi(3) / 30.0, 1.0 / 3.0 + s * s / 10.0].map(|x| x * (-s).exp())
        } else {
            let (sinh, cosh) = ((1.0 - fall) / (2.0 * s), (1.0 + fall) / (2.0 * s));
            [sinh, cosh - sinh / s, sinh - 2.0 * (cosh - sinh / s) / s]
        };
        let mass = 1.0 + fall + e * inside[0];
        let mean = (1.0 - fall + e * inside[1]) / mass;
        let second = (1.0 + fall + e * inside[2]) / mass;
        let cumulant = s - e / 2.0 + (mass / 2.0).ln();
        Moments { cumulant, mean: sign * mean * e, variance: (second - mean * mean) * e * e }
    }

    fn range(&self, _: f64) -> (f64, f64) {
        (-self.epsilon, self.epsilon)
    }

    fn unit(&self) -> Option<f64> {
        Some(self.epsilon)
    }

    fn atoms(&self) -> Vec<PairAtom> {
        let (loss, half) = (Ball::from_f64(self.epsilon), Ball::integer(1).doubled(-1));
        let less = half * ball::exp(-loss);
        let atom = |exact: f64, p, q| PairAtom {
            exact: Some(exact),
            loss: Ball::from_f64(exact),
            mass: Mass { p, q },
        };
        vec![atom(self.epsilon, half, less), atom(-self.epsilon, less, half)]
    }

    fn rest_cells(&self, grid: &Grid, resolution: &Resolution) -> Cells {
        match grid.index_of(self.epsilon) {
            Some(last) => self.aligned_cells(grid, last),
            None => rest(self, grid, resolution),
        }
    }

    /// Between the atoms `P(L > ℓ) = 1 − e^{−(ε − ℓ)/2}/2`, of which the upper atom is one half.
    fn tails(&self, threshold: &Threshold) -> Mass {
        let end = Ball::from_f64(self.epsilon);
        let loss = clamped(threshold.loss, end);
        let (half, above) = (Ball::integer(1).doubled(-1), self.half_exp(loss));
        Mass { p: half - self.half_exp(-loss), q: above - half * ball::exp(-end) }
    }
}

impl Laplace {
    /// Cells of one step on a grid that has ε as its point K: with `τ = tanh(step/4)` the cell `(k, k + 1]` has the masses
    /// `e^{−ε/2}τ/2·e^{k·step/2}` and `e^{step/2}` times that at its ends, for `−K ≤ k < K`.
    fn aligned_cells(self, grid: &Grid, last: i64) -> Cells {
        let growth = ball::exp(grid.step().doubled(-1));
        let one = Ball::integer(1);
        let start = ball::exp(-Ball::from_f64(self.epsilon)) * (growth - one) / (growth + one);
        let mut mass = start.doubled(-1);
        let cell = |from: i64| {
            let left = mass;
            mass = mass * growth;
            Cell { from, to: from + 1, left: probability(left), right: probability(mass) }
        };
        Cells { row: (-last..last).map(cell).collect(), ..Cells::default() }
    }
}

/// `x` between `−end` and `end`; where the order is not known both are close.
fn clamped(x: Ball, end: Ball) -> Ball {
    use core::cmp::Ordering::{Greater, Less};
    match (x.compare(end), x.compare(-end)) {
        (Some(Greater), _) => end,
        (_, Some(Less)) => -end,
        _ => x,
    }
}
