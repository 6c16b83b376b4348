//! How often something happened, and what that says about its probability.

use super::MAX_TRIALS;
use super::tail::{Chance, ln_tail_upper_bound};
use crate::enclosure::Enclosure;
use crate::error::Error;
use dp_mechanisms::FailureProbability;
use serde::{Deserialize, Serialize};

/// `hits` of `runs` independent runs: a count with its Clopper-Pearson bounds.
///
/// # Guarantee
///
/// For independent runs that hit with probability `p` each, [`lower_bound`](Self::lower_bound) exceeds `p` with
/// probability at most α, and [`upper_bound`](Self::upper_bound) falls below `p` with probability at most α: each
/// alone, not both together.
///
/// # Example
///
/// ```
/// use dp_audit::binomial::Proportion;
/// use dp_mechanisms::FailureProbability;
///
/// let alpha = FailureProbability::new(0.05)?;
/// let never = Proportion::new(0, 1000)?;
/// assert_eq!(never.lower_bound(alpha), 0.0);
/// // (1 − p)¹⁰⁰⁰ = 0.05 at the bound
/// assert!((never.upper_bound(alpha) - (1.0 - 0.05_f64.powf(1e-3))).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Counts", into = "Counts")]
pub struct Proportion {
    hits: u64,
    runs: u64,
}

impl Proportion {
    /// `hits` of `runs`.
    ///
    /// # Errors
    ///
    /// [`Error::Trials`] unless `hits ≤ runs` and `0 < runs ≤ 2⁵³`.
    pub fn new(hits: u64, runs: u64) -> Result<Self, Error> {
        let sound = hits <= runs && runs > 0 && runs <= MAX_TRIALS;
        if sound { Ok(Self { hits, runs }) } else { Err(Error::Trials { hits, runs }) }
    }

    /// How often it happened.
    #[must_use]
    pub const fn hits(self) -> u64 {
        self.hits
    }

    /// In how many runs.
    #[must_use]
    pub const fn runs(self) -> u64 {
        self.runs
    }

    /// Below the true probability, but for an event of probability at most `alpha`.
    #[must_use]
    pub fn lower_bound(self, alpha: FailureProbability) -> f64 {
        // P(X ≥ hits) grows with p: the bound is the largest p at which it stays at or below α
        if self.hits == 0 {
            return 0.0;
        }
        end_of_interval(self.hits, self.runs, alpha.get(), |chance| chance).unwrap_or(0.0)
    }

    /// Above the true probability, but for an event of probability at most `alpha`.
    #[must_use]
    pub fn upper_bound(self, alpha: FailureProbability) -> f64 {
        // misses are the hits of the opposite event
        if self.hits == self.runs {
            return 1.0;
        }
        end_of_interval(self.runs - self.hits, self.runs, alpha.get(), Chance::swapped).unwrap_or(1.0)
    }
}

/// The chance `p` nearest to `k/n` at which `P(X ≥ k)` is certified to be at most α, where the success probability of
/// `X` is `p` itself or, seen from the other side, `1 − p`.
///
/// `ln P(X ≥ k)` is a concave function of the log-odds θ (its second derivative is `Var(X | X ≥ k) − Var X ≤ 0` for
/// log-concave laws), with slope `(1 − s)k·P(X = k)/P(X ≥ k)`, `s` the success probability. So Newton's method
/// approaches from the safe side. None of that is needed for the guarantee: what is returned has passed the certified
/// comparison. `None` if no float was found that does, as at α near the smallest float.
fn end_of_interval(k: u64, n: u64, alpha: f64, seen: impl Fn(Chance) -> Chance) -> Option<f64> {
    let target = Enclosure::point(alpha).ln();
    let certified = |odds: f64| {
        let p = odds / (1.0 + odds);
        let (ln_tail, slope) = ln_tail_upper_bound(k, n, seen(Chance::new(p)));
        (p, ln_tail <= target.lo, (ln_tail - target.lo) / slope)
    };
    // θ of the seen chance grows with p on one side and falls on the other
    let toward = if seen(Chance::new(0.25)).success.hi < 0.5 { -1.0 } else { 1.0 };
    let mut odds = wilson_odds(k, n, alpha).powf(-toward);
    for _ in 0..NEWTON_STEPS {
        let (_, _, step) = certified(odds);
        odds *= (toward * step).clamp(-40.0, 40.0).exp();
        if step.abs() <= CLOSE {
            break;
        }
    }
    let mut away = 2.0 * f64::EPSILON;
    loop {
        let (p, safe, _) = certified(odds);
        if safe || away > 1e3 {
            return safe.then_some(p);
        }
        odds *= (toward * away).exp();
        away *= 4.0;
    }
}

/// Newton steps that are tried; from Wilson's bound it takes three or four.
const NEWTON_STEPS: usize = 40;
/// Step in θ at which Newton's method has arrived.
const CLOSE: f64 = 1e-13;

/// Odds of the lower end of Wilson's interval (1927), a starting value.
fn wilson_odds(k: u64, n: u64, alpha: f64) -> f64 {
    let p = wilson_lower(k as f64 / n as f64, n as f64, normal_quantile(alpha.min(0.5)));
    let p = p.min(k as f64 / (n as f64 + 1.0)); // also where k = n and α is large
    (p / (1.0 - p)).max(f64::MIN_POSITIVE)
}

/// Lower end of Wilson's interval at `z` standard deviations: steers choices, decides nothing.
pub(crate) fn wilson_lower(proportion: f64, n: f64, z: f64) -> f64 {
    let square = z * z / n;
    let root = (proportion * (1.0 - proportion) * square + square * square / 4.0).sqrt();
    ((proportion + square / 2.0 - root) / (1.0 + square)).max(0.0)
}

/// `Φ⁻¹(1 − α)` to three digits for `α ≤ ½` (Abramowitz, Stegun 1964, 26.2.23): steers choices, decides nothing.
pub(crate) fn normal_quantile(alpha: f64) -> f64 {
    let t = (-2.0 * alpha.ln()).sqrt();
    let (above, below) = (
        2.515_517 + t * (0.802_853 + t * 0.010_328),
        1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)),
    );
    t - above / below
}

/// As written to reports.
#[derive(Serialize, Deserialize)]
struct Counts {
    hits: u64,
    runs: u64,
}

impl From<Proportion> for Counts {
    fn from(Proportion { hits, runs }: Proportion) -> Self {
        Self { hits, runs }
    }
}

impl TryFrom<Counts> for Proportion {
    type Error = Error;

    fn try_from(Counts { hits, runs }: Counts) -> Result<Self, Error> {
        Self::new(hits, runs)
    }
}
