//! Gaussian outputs whose covariance depends on the data, and the mechanism built on them.

mod exact;
mod sampling;
mod worst_case;

pub(super) use exact::{calibration, chi_square, composition, one_eigenvalue, several_eigenvalues};
pub(super) use sampling::{advantage, audit, divergence, failure, law, published, utility};
pub(super) use worst_case::{dominance, neighbourhood, orientation, sketches};

use super::reference::number;
use dp_mechanisms::covariance::{Draws, EigenvalueChange, RankOne, Spectrum};

/// Made by `oracles/covariance.py`, which says what the lines are.
const TEXT: &str = include_str!("../../../oracles/covariance.txt");

/// The fields of all lines of one kind.
fn fields(kind: &str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = TEXT.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    lines.filter(move |fields| fields[0] == kind).map(|fields| fields[1..].to_vec())
}

/// Arguments and value of all lines of one kind.
fn values<const N: usize>(kind: &str) -> Vec<([f64; N], &'static str)> {
    fields(kind).map(|fields| (core::array::from_fn(|i| number(fields[i])), fields[N])).collect()
}

fn draws(k: f64) -> Draws {
    Draws::new(k as u32).expect("checks draw at least once")
}

fn change(value: f64) -> EigenvalueChange {
    EigenvalueChange::new(value).expect("checks use changes above −1")
}

fn pair(value: f64, k: f64) -> RankOne {
    RankOne::new(change(value), draws(k))
}

fn spectrum(changes: &[f64], k: f64) -> Spectrum {
    Spectrum::new(&changes.iter().map(|value| change(*value)).collect::<Vec<_>>(), draws(k))
}

/// Whether two enclosures can be of the same number.
fn overlap(a: (f64, f64), b: (f64, f64)) -> bool {
    a.0 <= b.1 && b.0 <= a.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_lines() {
        for (kind, least) in [("chi", 60), ("shared", 5), ("rank_one", 200), ("renyi", 9), ("largest", 36)] {
            assert!(fields(kind).count() >= least, "{kind}");
        }
        for (kind, least) in [("spectrum", 12), ("sketch", 3)] {
            assert!(fields(kind).count() >= least, "{kind}");
        }
    }
}
