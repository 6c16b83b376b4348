//! Simpler guarantees that follow from one mechanism's.

use super::super::conversions::half;
use super::Loss;
use crate::certified::ball::{self, Ball};
use crate::certified::exp_bounds;
use crate::params::{Delta, Epsilon, Mu, RenyiOrder, Rho};

/// Largest integer order at which the divergence of a sampled Gaussian mechanism is summed.
const LARGEST_ORDER: f64 = 512.0;

impl Loss {
    /// `(ε, δ)` at one point, if the guarantee has one of its own: δ is zero for a pure guarantee, and for samples of these.
    pub(crate) fn point(&self) -> Option<(f64, f64)> {
        match self {
            Self::Pure { epsilon } | Self::Laplace { epsilon } => Some((epsilon.get(), 0.0)),
            Self::Approximate { epsilon, delta } => Some((epsilon.get(), delta.get())),
            Self::Poisson { rate, base } | Self::FixedSize { rate, base } => {
                let (epsilon, delta) = base.point()?;
                let delta = if delta > 0.0 { (rate.get() * delta).next_up() } else { 0.0 };
                Some((amplified(epsilon, rate.get()), delta))
            }
            _ => None,
        }
    }

    /// Zero-concentrated: `μ²/2` (Bun, Steinke 2016, Proposition 1.6) or `ε²/2` (ibid., Proposition 1.4), on a sample with its own ε.
    pub(crate) fn zero_concentrated(&self) -> Option<Rho> {
        match self {
            Self::ZeroConcentrated { rho } => Some(*rho),
            Self::Gaussian { mu } => half_square(mu.get()),
            // where a row may or may not take part, divergences are at most those of a row that does
            Self::Poisson { base, .. } | Self::FixedSize { base, .. } if self.point().is_none() => {
                base.zero_concentrated()
            }
            Self::PoissonReplaced { replace, .. } => replace.zero_concentrated(),
            _ => match self.point()? {
                (epsilon, 0.0) => half_square(epsilon),
                _ => None,
            },
        }
    }

    /// Upper bounds of the Rényi divergence of this order, and of the probability with which the bound does not hold.
    pub(crate) fn renyi(&self, order: RenyiOrder) -> Option<(f64, f64)> {
        let alpha = order.get();
        match self {
            Self::Pure { epsilon } => Some((response_divergence(epsilon.get(), alpha), 0.0)),
            Self::Approximate { epsilon, delta } => {
                Some((response_divergence(epsilon.get(), alpha), delta.get()))
            }
            Self::Laplace { epsilon } => Some((laplace_divergence(epsilon.get(), alpha), 0.0)),
            Self::Gaussian { .. } | Self::ZeroConcentrated { .. } => {
                Some(((self.zero_concentrated()?.get() * alpha).next_up(), 0.0))
            }
            Self::Poisson { rate, base } => match **base {
                Self::Gaussian { mu } if alpha <= LARGEST_ORDER => {
                    Some((sampled_gaussian_divergence(rate.get(), mu.get(), alpha), 0.0))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The guarantee for groups of `size` rows: that a chain of as many neighbours leads from one data set to the other.
    pub(crate) fn grouped(&self, size: u32) -> Option<Self> {
        let times = f64::from(size);
        let epsilon = |epsilon: &Epsilon| Epsilon::new((epsilon.get() * times).next_up()).ok();
        match self {
            Self::Pure { epsilon: e } | Self::Laplace { epsilon: e } => {
                Some(Self::Pure { epsilon: epsilon(e)? })
            }
            Self::Approximate { epsilon: e, delta } => {
                // δ·(e^{kε} − 1)/(e^ε − 1)
                let (one, x) = (Ball::integer(1), Ball::from_f64(e.get()));
                if e.get() * times > 1e6 {
                    return None;
                }
                let (steps, whole) = (Ball::integer(size.into()), ball::exp(x * Ball::integer(size.into())));
                // a sum of as many terms up to e^{kε}, where the quotient could not be told
                let factor =
                    if e.get() < 1e-20 { steps * whole } else { (whole - one) / (ball::exp(x) - one) };
                let delta = Delta::new((Ball::from_f64(delta.get()) * factor).to_bounds().1).ok()?;
                Some(Self::Approximate { epsilon: epsilon(e)?, delta })
            }
            Self::Gaussian { mu } => Some(Self::Gaussian { mu: Mu::new((mu.get() * times).next_up()).ok()? }),
            Self::ZeroConcentrated { rho } => Some(Self::ZeroConcentrated {
                rho: Rho::new(((rho.get() * times).next_up() * times).next_up()).ok()?,
            }),
            Self::Poisson { .. } | Self::PoissonReplaced { .. } | Self::FixedSize { .. } => None,
        }
    }
}

/// `ln(1 + q(e^ε − 1))`, rounded up (Balle, Barthe, Gaboardi 2018, Theorem 8).
fn amplified(epsilon: f64, rate: f64) -> f64 {
    if epsilon > 700.0 {
        return epsilon;
    }
    let one = Ball::integer(1);
    let inside = one + Ball::from_f64(rate) * (ball::exp(Ball::from_f64(epsilon)) - one);
    ball::ln(inside).to_bounds().1.min(epsilon)
}

/// `x²/2`, exact or rounded up.
fn half_square(x: f64) -> Option<Rho> {
    Rho::new(half(up_unless_exact(x * x, x, x))).ok()
}

/// `product`, or the next float if rounding may have lowered it.
fn up_unless_exact(product: f64, left: f64, right: f64) -> f64 {
    let exact = significant_bits(left) + significant_bits(right) <= 53 && product >= f64::MIN_POSITIVE;
    if exact { product } else { product.next_up() }
}

fn significant_bits(x: f64) -> u32 {
    53 - (x.to_bits() | 1 << 52).trailing_zeros().min(52)
}

/// `ln(Σ)/(α − 1)`, rounded up, of a sum that is given by its logarithm's parts `ln Σ = shift + ln(rest)`.
fn divergence(shift: Ball, rest: Ball, alpha: f64) -> f64 {
    ((shift + ball::ln(rest)) / (Ball::from_f64(alpha) - Ball::integer(1))).to_bounds().1
}

/// Randomised response: `ln((e^{αε} + e^{(1 − α)ε})/(1 + e^ε))/(α − 1)`, at most ε.
fn response_divergence(epsilon: f64, alpha: f64) -> f64 {
    if alpha * epsilon > 1e6 || alpha > 1e12 {
        return epsilon;
    }
    let (one, e, order) = (Ball::integer(1), Ball::from_f64(epsilon), Ball::from_f64(alpha));
    // divided by e^{(α − 1)ε}
    let rest = (one + ball::exp((one - order.doubled(1)) * e)) / (one + ball::exp(-e));
    divergence((order - one) * e, rest, alpha).min(epsilon)
}

/// Laplace (Mironov 2017, Table II): `ln(α/(2α − 1)·e^{(α − 1)ε} + (α − 1)/(2α − 1)·e^{−αε})/(α − 1)`, at most ε.
fn laplace_divergence(epsilon: f64, alpha: f64) -> f64 {
    if alpha * epsilon > 1e6 || alpha > 1e12 {
        return epsilon;
    }
    let (one, e, order) = (Ball::integer(1), Ball::from_f64(epsilon), Ball::from_f64(alpha));
    let middle = order.doubled(1) - one;
    let rest = (order + (order - one) * ball::exp(-(middle * e))) / middle;
    divergence((order - one) * e, rest, alpha).min(epsilon)
}

/// Sampled Gaussian at the next integer order: `ln Σ_k C(α, k)(1 − q)^{α − k}q^k e^{k(k − 1)μ²/2}/(α − 1)`, both orders of neighbours (Mironov,
/// Talwar, Zhang 2019, Theorems 4 and 5, equation 5). Divergences rise with the order.
fn sampled_gaussian_divergence(rate: f64, mu: f64, alpha: f64) -> f64 {
    let order = alpha.ceil().max(2.0) as i64;
    let (q, square) = (Ball::from_f64(rate), Ball::from_f64(mu) * Ball::from_f64(mu));
    let odds = q / (Ball::integer(1) - q);
    if alpha * mu > 1e4 {
        return f64::INFINITY;
    }
    // terms relative to (1 − q)^α: C(α, k)·odds^k·e^{k(k − 1)μ²/2}
    let (mut weight, mut sum) = (Ball::integer(1), Ball::integer(1));
    for k in 1..=order {
        weight = (weight * odds * Ball::integer(order - k + 1)).over(k as u64);
        sum = sum + weight * ball::exp((square * Ball::integer(k * (k - 1))).doubled(-1));
    }
    let shift = ball::ln(Ball::integer(1) - q) * Ball::integer(order);
    divergence(shift, sum, order as f64)
}

/// `(1 − e^(ε − ε₀))/(1 + e^−ε₀)`, rounded up: randomised response at ε₀ (Kairouz, Oh, Viswanath 2015).
pub(crate) fn pure_delta(claimed: f64, epsilon: f64) -> f64 {
    if epsilon >= claimed {
        return 0.0;
    }
    let kept = exp_bounds((epsilon - claimed).next_down()).0;
    let other = exp_bounds(-claimed).0;
    ((1.0 - kept).next_up() / (1.0 + other).next_down()).next_up().min(1.0)
}

/// `inside + (1 − inside)·δ`, rounded up; exact where the pure part vanishes.
pub(crate) fn approximate_delta(inside: f64, delta: f64) -> f64 {
    if inside == 0.0 {
        return delta;
    }
    (inside + (delta * (1.0 - inside).next_up()).next_up()).next_up().min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergences_agree_with_plain_formulas() {
        for alpha in [1.5_f64, 2.0, 7.0, 40.0] {
            let e: f64 = 0.8;
            let plain =
                (((alpha * e).exp() + ((1.0 - alpha) * e).exp()) / (1.0 + e.exp())).ln() / (alpha - 1.0);
            assert!((response_divergence(e, alpha) - plain).abs() < 1e-13);
            let middle = 2.0 * alpha - 1.0;
            let plain = (alpha / middle * ((alpha - 1.0) * e).exp()
                + (alpha - 1.0) / middle * (-alpha * e).exp())
            .ln()
                / (alpha - 1.0);
            assert!((laplace_divergence(e, alpha) - plain).abs() < 1e-13);
            // no more than randomised response, and less than ε
            assert!(
                laplace_divergence(e, alpha) <= response_divergence(e, alpha)
                    && response_divergence(e, alpha) <= e
            );
        }
        assert_eq!(response_divergence(3.0, 1e9), 3.0);
    }

    #[test]
    fn a_sampled_gaussian_is_between_nothing_and_the_whole() {
        let whole = |mu: f64, alpha: f64| alpha * mu * mu / 2.0;
        for alpha in [2.0, 3.0, 10.0] {
            assert!((sampled_gaussian_divergence(1.0 - 1e-12, 0.7, alpha) - whole(0.7, alpha)).abs() < 1e-9);
            let sampled = sampled_gaussian_divergence(0.01, 0.7, alpha);
            // at small rates about q²·α·(e^{μ²} − 1)/2
            assert!(
                sampled > 0.9 * 1e-4 * alpha * (0.49_f64.exp() - 1.0) / 2.0
                    && sampled < 0.01 * whole(0.7, alpha)
            );
        }
    }

    #[test]
    fn groups_lose_more() {
        let loss =
            Loss::Approximate { epsilon: Epsilon::new(1.0).unwrap(), delta: Delta::new(1e-6).unwrap() };
        let Some(Loss::Approximate { epsilon, delta }) = loss.grouped(2) else { panic!("of the same kind") };
        assert!(epsilon.get() >= 2.0 && epsilon.get() < 2.0 + 1e-14);
        let tiny =
            Loss::Approximate { epsilon: Epsilon::new(1e-300).unwrap(), delta: Delta::new(1e-6).unwrap() };
        let Some(Loss::Approximate { delta: tiny, .. }) = tiny.grouped(3) else { panic!("of the same kind") };
        assert!((tiny.get() / 3e-6 - 1.0).abs() < 1e-12 && tiny.get() >= 3e-6);
        // δ(1 + e)
        assert!((delta.get() / 3.718_281_828_459_045e-6 - 1.0).abs() < 1e-12);
    }
}
