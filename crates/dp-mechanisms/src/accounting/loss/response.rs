//! Randomised response: the worst mechanism that is (ε, δ)-differentially private (Kairouz, Oh, Viswanath 2015, Theorem 3.1).

use super::pair::{Mass, Moments, Pair, PairAtom, Threshold};
use crate::certified::ball::{self, Ball};

/// With probability δ the truth; else randomised response at ε.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Response {
    pub(crate) epsilon: f64,
    /// Zero for a pure guarantee.
    pub(crate) delta: f64,
}

impl Pair for Response {
    fn moments(&self, lambda: f64) -> Moments {
        let e = self.epsilon;
        // (1 − δ)(e^{(λ + 1)ε} + e^{−λε})/(1 + e^ε), factored
        let larger = (lambda * e).max(-(lambda + 1.0) * e);
        let (upper, lower) = ((lambda * e - larger).exp(), (-(lambda + 1.0) * e - larger).exp());
        let sum = upper + lower;
        let cumulant = larger + sum.ln() - (-e).exp().ln_1p() + (-self.delta).ln_1p();
        let (upper, lower) = (upper / sum, lower / sum);
        Moments { cumulant, mean: e * (upper - lower), variance: 4.0 * e * e * upper * lower }
    }

    fn range(&self, _: f64) -> (f64, f64) {
        (-self.epsilon, self.epsilon)
    }

    fn unit(&self) -> Option<f64> {
        Some(self.epsilon)
    }

    fn atoms(&self) -> Vec<PairAtom> {
        let one = Ball::integer(1);
        let honest = one - Ball::from_f64(self.delta);
        let small = honest / (one + ball::exp(Ball::from_f64(self.epsilon)));
        let large = honest - small;
        let atom = |exact: f64, p, q| PairAtom {
            exact: Some(exact),
            loss: Ball::from_f64(exact),
            mass: Mass { p, q },
        };
        vec![atom(self.epsilon, large, small), atom(-self.epsilon, small, large)]
    }

    fn singular(&self) -> Mass {
        Mass { p: Ball::from_f64(self.delta), q: Ball::from_f64(self.delta) }
    }

    fn tails(&self, _: &Threshold) -> Mass {
        Mass::NONE
    }

    fn has_rest(&self) -> bool {
        false
    }
}
