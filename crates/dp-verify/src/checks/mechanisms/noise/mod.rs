//! Checks of the lattice laws beside the rounded Gaussian, and of the mechanisms that use them.

mod audit;
mod divergence;
pub(super) mod law;
mod oracle;
mod privacy;
mod symmetric;
mod words;

use super::{noise as rounded, none_fails, reference};
pub(super) use crate::checks::twins::{each_part, each_twin};
use crate::{Check, Evidence};
use dp_mechanisms::noise::{LogConcaveNoise, Truncated};
use dp_mechanisms::{
    AddRemoveRow, DiscreteGaussian, DiscreteLaplace, Epsilon, Lattice, LatticeL1Sensitivity, NoiseScale,
    NoiseStd,
};

/// Every check of these claims.
pub(super) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Numeric, Search, Statistical};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    vec![
        check("mechanisms.discrete_laplace.table", Exact, words::laplace_table),
        check("mechanisms.discrete_laplace.law", Statistical, law::laplace_law),
        check("mechanisms.discrete_laplace.law", Search, words::laplace_fast_path),
        check("mechanisms.discrete_laplace.refinement", Exact, words::laplace_refinement),
        check("mechanisms.discrete_laplace.probabilities", Numeric, oracle::laplace),
        check("mechanisms.discrete_laplace.privacy", Numeric, privacy::laplace),
        check("mechanisms.discrete_laplace.privacy", Audit, audit::laplace),
        check("mechanisms.discrete_gaussian.law", Statistical, law::gaussian_law),
        check("mechanisms.discrete_gaussian.law", Search, words::gaussian_fast_path),
        check("mechanisms.discrete_gaussian.refinement", Exact, words::gaussian_refinement),
        check("mechanisms.discrete_gaussian.probabilities", Numeric, oracle::gaussian),
        check("mechanisms.discrete_gaussian.privacy", Numeric, privacy::gaussian),
        check("mechanisms.discrete_gaussian.privacy", Audit, audit::gaussian),
        check("mechanisms.truncated.law", Statistical, law::truncated_law),
        check("mechanisms.truncated.refinement", Exact, words::truncated_refinement),
        check("mechanisms.truncated.probabilities", Numeric, oracle::truncated),
        check("mechanisms.truncated_laplace.privacy", Numeric, privacy::truncated_laplace),
        check("mechanisms.truncated_laplace.privacy", Audit, audit::truncated_laplace),
        check("mechanisms.noise.shift", Numeric, oracle::shift),
        check("mechanisms.symmetric_gaussian.privacy", Numeric, symmetric::divergence),
        check("mechanisms.symmetric_gaussian.privacy", Audit, audit::symmetric_gaussian),
        check("mechanisms.symmetric_gaussian.radius", Statistical, symmetric::radius),
    ]
}

/// The fields of all lines of one kind of this oracle (`oracles/noise.py` says what they are).
fn fields(kind: &str) -> impl Iterator<Item = Vec<&'static str>> {
    reference::fields_of(include_str!("../../../../oracles/noise.txt"), kind)
}

fn laplace(scale: f64) -> DiscreteLaplace {
    DiscreteLaplace::new(noise_scale(scale)).expect("checks use supported noise")
}

fn gaussian(std: f64) -> DiscreteGaussian {
    DiscreteGaussian::new(NoiseStd::new(std).expect("checks use positive noise"))
        .expect("checks use supported noise")
}

fn truncated<N: LogConcaveNoise>(noise: N, bound: u64) -> Truncated<N> {
    Truncated::new(noise, bound).expect("checks use supported bounds")
}

fn noise_scale(scale: f64) -> NoiseScale {
    NoiseScale::new(scale).expect("checks use positive noise")
}

fn l1(steps: u64) -> LatticeL1Sensitivity<AddRemoveRow> {
    LatticeL1Sensitivity::new(steps, AddRemoveRow).expect("checks use positive sensitivities")
}

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).expect("checks use ε > 0")
}

fn integers() -> Lattice {
    Lattice::new(0).expect("integers are a lattice")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_lines() {
        for (kind, least) in
            [("laplace_pmf", 20), ("laplace_cdf", 40), ("gaussian_pmf", 40), ("gaussian_cdf", 80)]
        {
            assert!(fields(kind).count() >= least, "{kind}");
        }
        for (kind, least) in [("truncated_pmf", 15), ("truncated_cdf", 25), ("infinity", 20), ("accept", 6)] {
            assert!(fields(kind).count() >= least, "{kind}");
        }
        for (kind, least) in [("shift_laplace", 15), ("shift_gaussian", 30), ("shift_rounded", 30)] {
            assert!(fields(kind).count() >= least, "{kind}");
        }
        for (kind, least) in [("laplace_tail", 18), ("gaussian_tail", 35), ("logarithm", 264)] {
            assert!(fields(kind).count() >= least, "{kind}");
        }
    }
}
