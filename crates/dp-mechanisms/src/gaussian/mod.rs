//! The Gaussian mechanism: its exact privacy profile, and noise calibrated to the last bit.
//!
//! # Profile
//!
//! A statistic of L2 sensitivity Δ, released with noise of *standard deviation* σ in every coordinate, loses no more privacy
//! than telling `N(0, 1)` from `N(μ, 1)` with `μ = Δ/σ`, whatever the dimension (Dong, Roth, Su 2019). Balle and Wang (2018,
//! Theorem 8) give its profile, which is attained:
//!
//! ```text
//! δ(ε) = Φ(μ/2 − ε/μ) − e^ε Φ(−μ/2 − ε/μ)
//! ```
//!
//! As written, the difference cancels and `e^ε` overflows. With the Mills ratio `m(z) = (1 − Φ(z))/φ(z)`, `x = ε/μ` and the
//! identity `e^ε φ(x + μ/2) = φ(x − μ/2)` it becomes
//!
//! ```text
//! δ(ε) = φ(x − μ/2)·(m(x − μ/2) − m(x + μ/2))              if x ≥ μ/2
//! δ(ε) = 1 − φ(x − μ/2)·(m(μ/2 − x) + m(x + μ/2))          otherwise
//! ```
//!
//! which is evaluated in certified interval arithmetic, at a precision raised until the enclosure is tight. Derivatives for
//! Newton's method come with it: `∂δ/∂μ = φ(x − μ/2)`, `∂δ/∂ε = −φ(x − μ/2)·m(x + μ/2)`.
//!
//! # Calibration
//!
//! δ decreases in ε and σ and increases in μ, strictly. Each calibrating function returns the *best float*: the smallest (or largest)
//! `f64` for which `δ(ε) ≤ δ_target` is proven. Newton's method proposes it; comparisons of certified enclosures with the target
//! then decide between neighbouring floats. So there is no bracket to guess, no tolerance, and the result is the same on
//! every machine even though the proposal is not.
//!
//! # References
//!
//! B. Balle, Y.-X. Wang, *Improving the Gaussian mechanism for differential privacy*, ICML 2018. J. Dong, A. Roth, W. Su,
//! *Gaussian differential privacy*, 2019.

mod calibration;
mod profile;

pub use calibration::{epsilon_lower, epsilon_upper, mu_for, noise_std};

use crate::normal::tight_bounds;
use profile::Question;

/// Lower and upper bound of `δ(ε)` of the Gaussian mechanism with `μ = l2_sensitivity / noise_std`.
///
/// # Error bound
///
/// At most one `f64` lies strictly between the two. Values below the range of `f64` give `(0, 5e-324)`. `mu = 0`
/// gives `(0, 0)`, infinite ε `(0, 5e-324)`. NaN, negative arguments and infinite μ give the vacuous `(0, 1)`.
///
/// # Examples
///
/// ```
/// use dp_mechanisms::gaussian::delta_bounds;
///
/// let (lower, upper) = delta_bounds(1.0, 0.5);
/// assert!(lower <= upper && upper <= lower * (1.0 + 1e-15));
/// // the textbook form, with 50 digits
/// assert!((upper - 0.006_829_594_983_114_575).abs() < 1e-17);
/// // far beyond where plain floating point gives zero or NaN
/// assert!(delta_bounds(100.0, 2.9).0 > 0.0);
/// ```
#[must_use]
pub fn delta_bounds(epsilon: f64, mu: f64) -> (f64, f64) {
    if !(epsilon >= 0.0 && mu >= 0.0) || mu == f64::INFINITY {
        return (0.0, 1.0);
    }
    if mu == 0.0 {
        return (0.0, 0.0);
    }
    if epsilon == f64::INFINITY {
        return (0.0, f64::from_bits(1));
    }
    let question = Question::new(epsilon, mu, 1.0);
    tight_bounds(question.quick().map(|answer| answer.delta), |precision| question.answer(precision).delta)
}
