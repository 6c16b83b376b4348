//! A mechanism on a sample of the rows: each loss passes through a mixture.

use super::pair::{CERTAIN, Mass, Moments, Outline, Pair, PairAtom, Threshold, whole_tails};
use super::symmetric::Half;
use crate::certified::ball::{self, Ball};
use std::sync::OnceLock;

/// `((1 − q)Q + qP, Q)` for a pair (P, Q): a row took part with probability q (Zhu, Dong, Wang 2022, Theorem 11).
///
/// The loss ℓ of the base becomes `ln(1 − q + q·e^ℓ)`.
#[derive(Debug)]
pub(crate) struct Sampled {
    rate: Ball,
    inverse_rate: Ball,
    base: Box<dyn Pair>,
    outline: OnceLock<Outline>,
}

/// Number of pieces that the losses of a base are cut into, for steering.
const NODES: usize = 160;

impl Sampled {
    /// For a rate below one.
    pub(crate) fn new(rate: f64, base: Box<dyn Pair>) -> Self {
        let rate = Ball::from_f64(rate);
        Self { rate, inverse_rate: Ball::integer(1) / rate, base, outline: OnceLock::new() }
    }

    fn mixed(&self, mass: Mass) -> Mass {
        Mass { p: mass.q + self.rate * (mass.p - mass.q), q: mass.q }
    }

    /// `1 − q + q·e^ℓ`.
    fn exp_of(&self, exp: Ball) -> Ball {
        Ball::integer(1) + self.rate * (exp - Ball::integer(1))
    }

    fn loss_of(&self, loss: f64) -> f64 {
        sampled_loss(self.rate.to_f64(), loss)
    }

    fn nodes(&self) -> Outline {
        let (low, high) = self.base.range(1e-40);
        let at = |i: usize| low + (high - low) * i as f64 / NODES as f64;
        let tails = (0..=NODES)
            .map(|i| self.mixed(self.base.tails(&Threshold::at(Ball::from_f64(at(i))))).p.to_f64());
        let tails: Vec<f64> = tails.collect();
        let pieces =
            (0..NODES).map(|i| (self.loss_of(f64::midpoint(at(i), at(i + 1))), tails[i] - tails[i + 1]));
        let atoms = self.atoms().into_iter().map(|atom| (atom.loss.to_f64(), atom.mass.p.to_f64()));
        pieces.chain(atoms).collect()
    }
}

/// `ln(1 − q + q·e^ℓ)`, for steering.
fn sampled_loss(rate: f64, loss: f64) -> f64 {
    if loss > 700.0 { loss + rate.ln() } else { (rate * loss.exp_m1()).ln_1p() }
}

impl Pair for Sampled {
    fn moments(&self, lambda: f64) -> Moments {
        self.outline.get_or_init(|| self.nodes()).moments(lambda)
    }

    /// With the atom of what Q alone had.
    fn range(&self, mass: f64) -> (f64, f64) {
        let (low, high) = self.base.range(mass);
        let low = if self.base.singular().q == Ball::ZERO { low } else { f64::NEG_INFINITY };
        (self.loss_of(low), self.loss_of(high))
    }

    fn atoms(&self) -> Vec<PairAtom> {
        let moved = |atom: PairAtom| PairAtom {
            exact: None,
            loss: ball::ln(self.exp_of(ball::exp(atom.loss))),
            mass: self.mixed(atom.mass),
        };
        // what Q alone had, P has now too
        let only_q = Mass { p: Ball::ZERO, q: self.base.singular().q };
        let least =
            PairAtom { exact: None, loss: ball::ln(Ball::integer(1) - self.rate), mass: self.mixed(only_q) };
        let least = (only_q.q != Ball::ZERO).then_some(least);
        self.base.atoms().into_iter().map(moved).chain(least).collect()
    }

    fn singular(&self) -> Mass {
        Mass { p: self.rate * self.base.singular().p, q: Ball::ZERO }
    }

    fn rest_mass(&self) -> Mass {
        self.mixed(self.base.rest_mass())
    }

    fn has_rest(&self) -> bool {
        self.base.has_rest()
    }

    fn tails(&self, threshold: &Threshold) -> Mass {
        // e^ℓ of the base; not above zero where all losses are above the threshold, or where it is too near zero to tell
        let exp = (threshold.exp - Ball::integer(1)) * self.inverse_rate + Ball::integer(1);
        if exp.is_positive() && exp.is_tight(CERTAIN) {
            return self.mixed(self.base.tails(&Threshold::from_exp(exp)));
        }
        let all = self.base.rest_mass();
        let Some(end) = exp.upper_end() else { return self.mixed(all) };
        let least = self.base.tails(&Threshold::from_exp(end));
        self.mixed(Mass { p: all.p.widened(all.p - least.p), q: all.q.widened(all.q - least.q) })
    }
}

impl Half for Sampled {
    fn whole_tails(&self, threshold: &Threshold) -> Mass {
        whole_tails(self, threshold)
    }

    fn infinity(&self) -> Ball {
        self.singular().p
    }

    fn highest(&self, mass: f64) -> f64 {
        self.range(mass).1
    }
}

/// A row that is replaced took part with probability q: from `((1 − q)M + qM₁, (1 − q)M + qM₂)`, with (P, Q) for a row that is
/// added or removed, (P', Q') for a row that is replaced, by advanced joint convexity (Balle, Barthe, Gaboardi 2018, Theorem 2)
///
/// ```text
/// E_t ≤ h(t) = q·((1 − β)·E_s(P, Q) + β·E_s(P', Q')),   s = (t − 1 + q)/q,  β = t/s,  t ≥ 1
/// ```
///
/// h is convex where `P'(L' > ln s) ≥ P(L > ln s)`: with `s' = 1/q`, `h'' ≥ 2(1 − q)/(q·s³)·(P'(L' > ln s) − P(L > ln s))`. So it is for
/// two Gaussian, two Laplace pairs, or two of randomised response, if the second has the larger parameter.
#[derive(Debug)]
pub(crate) struct Balanced<B> {
    rate: Ball,
    add_remove: B,
    replace: B,
}

impl<B: Pair> Balanced<B> {
    /// The second pair must have the larger parameter.
    pub(crate) fn new(rate: f64, add_remove: B, replace: B) -> Self {
        Self { rate: Ball::from_f64(rate), add_remove, replace }
    }
}

impl<B: Pair> Half for Balanced<B> {
    /// `Q(L > ln t) = −h'(t)` and `P(L > ln t) = h(t) − t·h'(t)`.
    fn whole_tails(&self, threshold: &Threshold) -> Mass {
        let (one, t) = (Ball::integer(1), threshold.exp);
        let s = (t - one) / self.rate + one;
        if !(s.is_positive() && s.is_tight(CERTAIN)) {
            return Mass::UNKNOWN;
        }
        let at = Threshold::from_exp(s);
        let (one_row, two_rows) = (whole_tails(&self.add_remove, &at), whole_tails(&self.replace, &at));
        let divergence = |mass: Mass| mass.p - s * mass.q;
        let (single, double) = (divergence(one_row), divergence(two_rows));
        let beta = t / s;
        let fall = (one - self.rate) / (s * s);
        let q = one_row.q + beta * (two_rows.q - one_row.q) + fall * (double - single);
        let h = self.rate * (single + beta * (double - single));
        Mass { p: h + t * q, q }.minus(Mass { p: self.infinity(), q: Ball::ZERO })
    }

    fn infinity(&self) -> Ball {
        let (one_row, two_rows) = (self.add_remove.singular().p, self.replace.singular().p);
        self.rate * (one_row + self.rate * (two_rows - one_row))
    }

    fn highest(&self, mass: f64) -> f64 {
        sampled_loss(self.rate.to_f64(), self.replace.range(mass).1)
    }
}
