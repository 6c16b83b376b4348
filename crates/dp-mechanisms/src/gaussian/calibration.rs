//! Inverse problems of the profile: ε, μ and σ for a target.

use super::profile::{Answer, Question, QuickAnswer};
use crate::{
    Delta, Epsilon, Error, Mu, NoiseStd, Parameter,
    certified::{ball::Ball, scaled::Scaled, search::first_true},
};
use core::{cmp::Ordering, f64::consts::LN_2};

const POSITIVE: (f64, f64) = (f64::from_bits(1), f64::MAX);

/// Largest `f64` μ for which `δ(ε) ≤ δ` is proven.
///
/// # Error bound
///
/// The true μ lies in `[mu, mu.next_up())`: any larger float exceeds δ.
///
/// # Panics
///
/// Never: the smallest positive μ meets every target, and the largest float none.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::{Delta, Epsilon, gaussian};
///
/// let (epsilon, delta) = (Epsilon::new(1.0)?, Delta::new(1e-300)?);
/// let mu = gaussian::mu_for(epsilon, delta).get();
/// assert!(gaussian::delta_bounds(1.0, mu).1 <= 1e-300);
/// assert!(gaussian::delta_bounds(1.0, mu.next_up()).1 > 1e-300);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[must_use]
pub fn mu_for(epsilon: Epsilon, delta: Delta) -> Mu {
    let guess = propose_mu(epsilon.get(), delta.get());
    let exceeds = |mu: f64| !Question::new(epsilon.get(), mu, 1.0).delta_is_at_most(delta.get());
    let first_bad =
        first_true(guess, POSITIVE, exceeds).expect("δ(ε) at μ = 1.8e308 is above every target below one");
    Mu::new(first_bad.next_down()).expect("the smallest positive μ meets every target: δ(ε) ≤ μ/√(2π)")
}

/// Smallest `f64` noise standard deviation for which the Gaussian mechanism of that `sensitivity` (L2) is proven to be
/// (ε, δ)-differentially private.
///
/// # Guarantee
///
/// `δ(ε) ≤ δ` holds at the returned float, taken as an exact number, with `μ = sensitivity/σ` unrounded. The next smaller float
/// fails. Noise of any larger standard deviation is private, too.
///
/// # Errors
///
/// [`Error::CalibrationOverflow`] if no finite float is large enough (sensitivity above about `1e308·μ`).
/// [`Error::OutOfRange`] for a sensitivity that is NaN, infinite, zero or negative.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::{Delta, Epsilon, gaussian};
///
/// let sigma = gaussian::noise_std(Epsilon::new(1.0)?, Delta::new(1e-6)?, 1.0)?;
/// assert!((sigma.get() - 4.224_678_889_326_835).abs() < 1e-14);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// Balle and Wang 2018, Theorem 8 and Algorithm 1.
pub fn noise_std(epsilon: Epsilon, delta: Delta, sensitivity: f64) -> Result<NoiseStd, Error> {
    Parameter::L2Sensitivity.check(sensitivity, sensitivity > 0.0 && sensitivity.is_finite())?;
    let guess = sensitivity / propose_mu(epsilon.get(), delta.get());
    let suffices =
        |sigma: f64| Question::new(epsilon.get(), sensitivity, sigma).delta_is_at_most(delta.get());
    let best = first_true(guess, POSITIVE, suffices);
    let overflow = Error::CalibrationOverflow { epsilon: epsilon.get(), delta: delta.get(), sensitivity };
    best.ok_or(overflow).and_then(NoiseStd::new)
}

/// Smallest `f64` ε ≥ 0 for which `δ(ε) ≤ δ` is proven, given μ; infinite if none is.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::{Delta, Mu, gaussian};
///
/// // 100 000 releases with μ = 1/100 each: μ = √10 in all; two FFT accountants report 26.009 and 26.143 at this δ
/// let epsilon = gaussian::epsilon_upper(Delta::new(1e-12)?, Mu::new(10.0_f64.sqrt())?);
/// assert!((epsilon - 26.719_80).abs() < 1e-5);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[must_use]
pub fn epsilon_upper(delta: Delta, mu: Mu) -> f64 {
    let suffices = |epsilon: f64| Question::new(epsilon, mu.get(), 1.0).delta_is_at_most(delta.get());
    if suffices(0.0) {
        return 0.0;
    }
    let guess = propose_epsilon(delta.get(), mu.get());
    first_true(guess, POSITIVE, suffices).unwrap_or(f64::INFINITY)
}

/// Largest `f64` that is at most the true ε for δ at μ; 0 if δ already covers ε = 0.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::{Delta, Mu, gaussian};
///
/// let (delta, mu) = (Delta::new(1e-9)?, Mu::new(0.3)?);
/// assert_eq!(gaussian::epsilon_lower(delta, mu).next_up(), gaussian::epsilon_upper(delta, mu));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[must_use]
pub fn epsilon_lower(delta: Delta, mu: Mu) -> f64 {
    let mut epsilon = epsilon_upper(delta, mu);
    // "≤ δ" is not proven one float below; "> δ" is, unless the highest precision left the comparison open
    while epsilon > 0.0 {
        epsilon = epsilon.next_down();
        if Question::new(epsilon, mu.get(), 1.0).compare(delta.get()) == Some(Ordering::Greater) {
            break;
        }
    }
    epsilon
}

/// Newton's method steers the search and proves nothing: plain floating point, at most this many steps.
const PROPOSAL_STEPS: usize = 40;

/// μ by Newton's method in ln μ. ln δ is concave there, so from a start below the root the iterates increase to it.
fn propose_mu(epsilon: f64, delta: f64) -> f64 {
    let z = (-2.0 * delta.ln()).sqrt();
    // both are below the root: δ(ε) ≤ e^{−(ε/μ − μ/2)²/2} for ε/μ > μ/2, and δ(ε) ≤ δ(0) ≤ μ/√(2π)
    let mut mu =
        (2.0 * epsilon / (z + (z * z + 2.0 * epsilon).sqrt())).max(2.506 * delta).max(f64::MIN_POSITIVE);
    for _ in 0..PROPOSAL_STEPS {
        let Some(residual) = Residual::at(&Question::new(epsilon, mu, 1.0), delta) else { break };
        let step = (residual.value / mu * residual.mass_over_density).clamp(-2.0, 2.0);
        if step.is_nan() || step.abs() < 1e-15 {
            break;
        }
        mu = (mu * (-step).exp()).clamp(POSITIVE.0, POSITIVE.1);
    }
    mu
}

/// ε by Newton's method; ln δ is concave in ε, so from a start above the root the iterates decrease to it.
fn propose_epsilon(delta: f64, mu: f64) -> f64 {
    let z = (-2.0 * delta.ln()).sqrt();
    let mut epsilon = (mu * (mu / 2.0 + z)).min(f64::MAX);
    for _ in 0..PROPOSAL_STEPS {
        let Some(residual) = Residual::at(&Question::new(epsilon, mu, 1.0), delta) else { break };
        // ∂δ/∂ε = −φ·m: the step is subtracted with its sign turned
        let step = -residual.value * residual.mass_over_density / residual.far_mills;
        if step.is_nan() || step.abs() <= 1e-15 * epsilon {
            break;
        }
        epsilon = (epsilon - step).clamp(epsilon / 16.0, POSITIVE.1);
    }
    epsilon
}

/// How far `δ(ε)` is from its target, on a scale where Newton's method converges well.
struct Residual {
    /// `ln(δ(ε)/δ)` for targets below one half, `ln((1 − δ)/(1 − δ(ε)))` above: both increase with the loss.
    value: f64,
    /// `δ(ε)/φ` or `(1 − δ(ε))/φ`: the inverse of the residual's derivative in μ.
    mass_over_density: f64,
    far_mills: f64,
}

impl Residual {
    fn at(question: &Question, delta: f64) -> Option<Self> {
        let point = Point::quick(question).or_else(|| Point::long(question))?;
        let target = Ball::from_f64(delta);
        let (value, mass) = if delta < 0.5 {
            (log_ratio(point.delta, target.approximate()), point.delta)
        } else {
            let complement = (Ball::integer(1) - target).approximate();
            (log_ratio(complement, point.complement), point.complement)
        };
        let mass_over_density = log_ratio(mass, point.density).exp();
        let far_mills = log_ratio(point.far_mills, (1.0, 0)).exp();
        value.is_finite().then_some(Self { value, mass_over_density, far_mills })
    }
}

/// A positive number `m·2ᵉ`, `1 ≤ m ≤ 2`; zero is `(0, 0)`.
type Rough = (f64, i64);

/// One evaluation, for steering.
struct Point {
    delta: Rough,
    complement: Rough,
    density: Rough,
    far_mills: Rough,
}

impl Point {
    fn quick(question: &Question) -> Option<Self> {
        let QuickAnswer { delta, density, far_mills } = question.quick()?;
        let complement = Ball::integer(1) - delta;
        let balls = [delta, complement, density, far_mills];
        let [delta, complement, density, far_mills] = balls.map(Ball::approximate);
        balls.iter().all(|ball| ball.is_tight(40)).then_some(Self { delta, complement, density, far_mills })
    }

    fn long(question: &Question) -> Option<Self> {
        let Answer { delta, slopes } = question.answer(2048);
        let (density, far_mills) = slopes?;
        let complement = delta.complement().approximate();
        let far_mills = Scaled::new(far_mills, 0).approximate();
        Some(Self { delta: delta.approximate(), complement, density: density.approximate(), far_mills })
    }
}

/// `ln(a/b)`, accurate near zero.
fn log_ratio((ma, ea): Rough, (mb, eb): Rough) -> f64 {
    match ea - eb {
        0 => (ma / mb).ln(),
        1 => (2.0 * ma / mb).ln(),
        -1 => (0.5 * ma / mb).ln(),
        difference => (ma / mb).ln() + difference as f64 * LN_2,
    }
}
