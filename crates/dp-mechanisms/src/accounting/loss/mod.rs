//! What one mechanism loses.

mod gaussian;
mod laplace;
mod mixture;
mod pair;
mod response;
mod sampled;
mod symmetric;
mod views;

pub(crate) use pair::{Moments, Pair, Resolution, Threshold, Tilt, whole_tails};
pub(crate) use views::{approximate_delta, pure_delta};

use crate::adjacency::{AddRemoveRow, Adjacency, ReplaceRow};
use crate::params::{Delta, Epsilon, Mu, Rho, SamplingRate};
use gaussian::Gaussian;
use laplace::Laplace;
use mixture::Mixture;
use response::Response;
use sampled::{Balanced, Sampled};
use serde::{Deserialize, Serialize};
use symmetric::Symmetric;

/// Beyond these nothing is known of a loss but its stated bound.
pub(crate) const LARGEST_LOSS: f64 = 1e6;
const SMALLEST_LOSS: f64 = 1e-100;
/// Smaller samples are taken to be of this rate: a sample of a sample loses no more, as `E_t((1 − r)Q + rA, Q) ≤ E_t(A, Q)`.
const SMALLEST_RATE: f64 = 1e-20;
/// The same of μ: the mean loss is `μ²/2`.
const LARGEST_MU: f64 = 1e3;

/// The guarantee of one mechanism.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Loss {
    /// ε-differential privacy.
    Pure { epsilon: Epsilon },
    /// (ε, δ)-differential privacy.
    Approximate { epsilon: Epsilon, delta: Delta },
    /// ρ-zero-concentrated differential privacy.
    ZeroConcentrated { rho: Rho },
    /// μ-Gaussian differential privacy.
    Gaussian { mu: Mu },
    /// Laplace noise of scale Δ/ε on one number.
    Laplace { epsilon: Epsilon },
    /// Each row takes part with this probability; of the two orders of neighbours, forward is with the row first.
    Poisson { rate: SamplingRate, base: Box<Loss> },
    /// The same when a row is replaced.
    PoissonReplaced { rate: SamplingRate, add_remove: Box<Loss>, replace: Box<Loss> },
    /// A sample of fixed size, this fraction of the rows, when a row is replaced.
    FixedSize { rate: SamplingRate, base: Box<Loss> },
}

impl Loss {
    /// A pair of laws that dominates both orders of neighbours, or the forward one where they differ. None is known for
    /// zero-concentrated guarantees, and none is looked for where losses are absurd.
    pub(crate) fn pair(&self) -> Option<Box<dyn Pair>> {
        if !self.is_moderate() {
            return None;
        }
        Some(match self {
            Self::Pure { epsilon } => Box::new(Response { epsilon: epsilon.get(), delta: 0.0 }),
            Self::Approximate { epsilon, delta } => {
                Box::new(Response { epsilon: epsilon.get(), delta: delta.get() })
            }
            Self::ZeroConcentrated { .. } => return None,
            Self::Gaussian { mu } => Box::new(Gaussian::new(mu.get())),
            Self::Laplace { epsilon } => Box::new(Laplace { epsilon: epsilon.get() }),
            Self::Poisson { rate, base } => Box::new(Sampled::new(moderate_rate(*rate), base.pair()?)),
            Self::PoissonReplaced { rate, add_remove, replace } => {
                replaced(moderate_rate(*rate), add_remove, replace)?
            }
            Self::FixedSize { rate, base } => {
                Box::new(Symmetric::new(Sampled::new(moderate_rate(*rate), base.pair()?)))
            }
        })
    }

    /// A pair of laws that neighbours of some mechanism with this guarantee have; none is known for some.
    pub(crate) fn attained(&self) -> Option<Box<dyn Pair>> {
        if !self.is_moderate() {
            return None;
        }
        match self {
            Self::ZeroConcentrated { rho } => {
                // Gaussian noise with μ²/2 = ρ
                let mu = (2.0 * rho.get()).next_down().max(0.0).sqrt().next_down();
                (0.0 < mu && mu <= LARGEST_MU).then(|| Box::new(Gaussian::new(mu)) as Box<dyn Pair>)
            }
            Self::PoissonReplaced { rate, add_remove, replace } => match (&**add_remove, &**replace) {
                (Self::Gaussian { mu: one }, Self::Gaussian { mu: two }) if two.get() <= LARGEST_MU => {
                    Some(Box::new(Mixture::new(rate.get(), one.get().min(two.get() / 2.0))))
                }
                _ => None,
            },
            Self::FixedSize { rate, base } => match **base {
                Self::Gaussian { mu } if mu.get() <= LARGEST_MU => {
                    Some(Box::new(Mixture::new(rate.get(), mu.get() / 2.0)))
                }
                _ => None,
            },
            Self::Poisson { rate, .. } if rate.get() < SMALLEST_RATE => None,
            _ => self.pair(),
        }
    }

    /// Whether losses and their exponentials can be computed with.
    fn is_moderate(&self) -> bool {
        let moderate = |loss: f64| (SMALLEST_LOSS..=LARGEST_LOSS).contains(&loss);
        match self {
            Self::Pure { epsilon } | Self::Approximate { epsilon, .. } | Self::Laplace { epsilon } => {
                moderate(epsilon.get())
            }
            Self::ZeroConcentrated { rho } => moderate(rho.get()),
            Self::Gaussian { mu } => (SMALLEST_LOSS..=LARGEST_MU).contains(&mu.get()),
            Self::Poisson { base, .. } | Self::FixedSize { base, .. } => base.is_moderate(),
            Self::PoissonReplaced { add_remove, replace, .. } => {
                add_remove.is_moderate() && replace.is_moderate()
            }
        }
    }

    /// Whether both orders of neighbours lose the same.
    pub(crate) fn is_symmetric(&self) -> bool {
        !matches!(self, Self::Poisson { .. })
    }

    /// Whether a sampled mechanism may have this guarantee: it has a pair that is the same in both orders.
    pub(crate) fn is_base(&self) -> bool {
        matches!(
            self,
            Self::Pure { .. } | Self::Approximate { .. } | Self::Gaussian { .. } | Self::Laplace { .. }
        )
    }

    /// Whether it could have been made by the constructors, for neighbours of this name; what is read from a file may not have been.
    /// Groups of rows have no sampled mechanisms.
    pub(crate) fn is_sound(&self, adjacency: &str) -> bool {
        let below_one = |rate: &SamplingRate| rate.get() < 1.0;
        match self {
            Self::Poisson { rate, base } => {
                adjacency == AddRemoveRow::NAME && below_one(rate) && base.is_base()
            }
            Self::FixedSize { rate, base } => {
                adjacency == ReplaceRow::NAME && below_one(rate) && base.is_base()
            }
            Self::PoissonReplaced { rate, add_remove, replace } => {
                adjacency == ReplaceRow::NAME && below_one(rate) && is_larger(replace, add_remove)
            }
            _ => true,
        }
    }
}

fn moderate_rate(rate: SamplingRate) -> f64 {
    rate.get().max(SMALLEST_RATE)
}

/// Whether two guarantees are of one kind, and the first has the larger parameter.
pub(crate) fn is_larger(first: &Loss, second: &Loss) -> bool {
    match (first, second) {
        (Loss::Gaussian { mu: a }, Loss::Gaussian { mu: b }) => a >= b,
        (Loss::Laplace { epsilon: a }, Loss::Laplace { epsilon: b })
        | (Loss::Pure { epsilon: a }, Loss::Pure { epsilon: b }) => a >= b,
        _ => false,
    }
}

fn replaced(rate: f64, add_remove: &Loss, replace: &Loss) -> Option<Box<dyn Pair>> {
    replace.pair()?; // the larger one
    Some(match (add_remove, replace) {
        (Loss::Gaussian { mu: one }, Loss::Gaussian { mu: two }) => {
            Box::new(Symmetric::new(Balanced::new(rate, Gaussian::new(one.get()), Gaussian::new(two.get()))))
        }
        (Loss::Laplace { epsilon: one }, Loss::Laplace { epsilon: two }) => Box::new(Symmetric::new(
            Balanced::new(rate, Laplace { epsilon: one.get() }, Laplace { epsilon: two.get() }),
        )),
        (Loss::Pure { epsilon: one }, Loss::Pure { epsilon: two }) => {
            let [one, two] = [one, two].map(|epsilon| Response { epsilon: epsilon.get(), delta: 0.0 });
            Box::new(Symmetric::new(Balanced::new(rate, one, two)))
        }
        _ => return None,
    })
}
