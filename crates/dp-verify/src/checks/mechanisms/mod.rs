//! Checks of the claims of dp-mechanisms.

mod accounting;
mod continual;
mod conversions;
mod covariance;
mod gaussian;
mod lattice;
mod noise;
mod privacy;
mod reference;
mod refinement;
mod rows;
mod sampler;
mod selection;

use crate::{Check, Evidence};
use dp_mechanisms::continual::{BinaryTreeSum, SquareRootSum};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, NoiseStd, RoundedGaussian, claims};

type Tree = BinaryTreeSum<AddRemoveRow>;
type Root = SquareRootSum<AddRemoveRow>;

const TREE_ERROR: &str = "mechanisms.continual.tree.error";
const ROOT_ERROR: &str = "mechanisms.continual.square_root.error";

/// Every check of this crate's claims.
pub(crate) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Numeric, Search, Statistical};
    let first = vec![
        Check { claim: "mechanisms.gaussian.profile", evidence: Numeric, run: gaussian::profile },
        Check { claim: "mechanisms.gaussian.calibration", evidence: Numeric, run: gaussian::calibration },
        Check { claim: "mechanisms.normal.quantile", evidence: Numeric, run: gaussian::quantile },
        Check { claim: "mechanisms.conversions.sound", evidence: Numeric, run: conversions::sound },
        Check { claim: "mechanisms.rounded_gaussian.table", evidence: Exact, run: sampler::table },
        Check { claim: "mechanisms.rounded_gaussian.law", evidence: Statistical, run: sampler::law },
        Check { claim: "mechanisms.rounded_gaussian.law", evidence: Search, run: sampler::fast_path },
        Check {
            claim: "mechanisms.rounded_gaussian.refinement",
            evidence: Exact,
            run: refinement::refinement,
        },
        Check { claim: "mechanisms.rounded_gaussian.privacy", evidence: Numeric, run: privacy::divergence },
        Check { claim: "mechanisms.rounded_gaussian.privacy", evidence: Audit, run: privacy::audit },
        Check { claim: "mechanisms.lattice.release", evidence: Exact, run: lattice::release },
        Check { claim: "mechanisms.rows.sensitivity", evidence: Search, run: rows::sensitivity },
        Check { claim: claims::TREE_SENSITIVITY, evidence: Exact, run: continual::sensitivity::<Tree> },
        Check { claim: claims::TREE_PRIVACY, evidence: Exact, run: continual::profile::<Tree> },
        Check { claim: claims::TREE_PRIVACY, evidence: Audit, run: continual::audit::<Tree> },
        Check { claim: TREE_ERROR, evidence: Numeric, run: continual::constants::<Tree> },
        Check { claim: TREE_ERROR, evidence: Statistical, run: continual::measured::<Tree> },
        Check {
            claim: claims::SQUARE_ROOT_SENSITIVITY,
            evidence: Exact,
            run: continual::sensitivity::<Root>,
        },
        Check { claim: claims::SQUARE_ROOT_PRIVACY, evidence: Exact, run: continual::profile::<Root> },
        Check { claim: claims::SQUARE_ROOT_PRIVACY, evidence: Audit, run: continual::audit::<Root> },
        Check { claim: ROOT_ERROR, evidence: Numeric, run: continual::constants::<Root> },
        Check { claim: ROOT_ERROR, evidence: Exact, run: continual::rounding_of_roots },
        Check { claim: ROOT_ERROR, evidence: Statistical, run: continual::measured::<Root> },
        Check { claim: "mechanisms.continual.lower_bound", evidence: Numeric, run: continual::lower_bound },
    ];
    [first, noise::checks(), selection::checks(), covariance_checks(), accounting::checks()].concat()
}

/// Those of Gaussian outputs whose covariance depends on the data.
fn covariance_checks() -> Vec<Check> {
    use Evidence::{Audit, Numeric, Search, Statistical};
    let check = |name: &'static str, evidence, run| Check { claim: name, evidence, run };
    vec![
        check("mechanisms.chi_square.tails", Numeric, covariance::chi_square),
        check("mechanisms.covariance.one_eigenvalue", Numeric, covariance::one_eigenvalue),
        check("mechanisms.covariance.calibration", Numeric, covariance::calibration),
        check("mechanisms.covariance.several_eigenvalues", Numeric, covariance::several_eigenvalues),
        check("mechanisms.covariance.dominance", Search, covariance::dominance),
        check("mechanisms.covariance.composition", Numeric, covariance::composition),
        check("mechanisms.covariance.neighbourhood", Search, covariance::neighbourhood),
        check("mechanisms.covariance.orientation", Numeric, covariance::orientation),
        check("mechanisms.covariance.sketches", Numeric, covariance::sketches),
        check("mechanisms.gaussian_sampling.published", Numeric, covariance::published),
        check("mechanisms.gaussian_sampling.advantage", Numeric, covariance::advantage),
        check("mechanisms.gaussian_sampling.privacy", Numeric, covariance::divergence),
        check("mechanisms.gaussian_sampling.privacy", Audit, covariance::audit),
        check("mechanisms.gaussian_sampling.law", Statistical, covariance::law),
        check("mechanisms.gaussian_sampling.utility", Statistical, covariance::utility),
        check("mechanisms.gaussian_sampling.failure", Search, covariance::failure),
    ]
}

/// Rounded Gaussian noise of this standard deviation.
fn noise(std: f64) -> RoundedGaussian {
    RoundedGaussian::new(noise_std(std)).expect("checks use supported noise")
}

fn noise_std(std: f64) -> NoiseStd {
    NoiseStd::new(std).expect("checks use positive noise")
}

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).expect("checks use ε > 0")
}

fn delta(value: f64) -> Delta {
    Delta::new(value).expect("checks use 0 < δ < 1")
}

/// How many items fail, as an outcome.
fn none_fails<T>(items: impl IntoIterator<Item = T>, holds: impl Fn(T) -> bool) -> crate::Outcome {
    let (mut failures, mut n) = (0, 0);
    for item in items {
        failures += u64::from(!holds(item));
        n += 1;
    }
    crate::Outcome::all_equal(failures, n)
}
