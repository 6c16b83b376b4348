//! Checks of how guarantees add up.

mod composition;
mod filters;
mod implication;
mod sampling;
mod together;
mod views;

use super::{delta, epsilon, none_fails, reference};
use crate::{Check, Evidence};
use dp_mechanisms::{AddRemoveRow, Mu, PrivacyProfile, SamplingRate};

type Profile = PrivacyProfile<AddRemoveRow>;

/// Every check of these claims.
pub(super) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Numeric, Search};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    vec![
        check("mechanisms.accounting.gaussian", Numeric, composition::gaussian_compositions),
        check("mechanisms.accounting.small_delta", Numeric, composition::small_delta),
        check("mechanisms.accounting.response", Numeric, composition::response),
        check("mechanisms.accounting.convolution", Numeric, composition::convolution),
        check("mechanisms.accounting.accountants", Numeric, views::accountants),
        check("mechanisms.accounting.groups", Exact, views::groups),
        check("mechanisms.accounting.target", Numeric, views::target),
        check("mechanisms.accounting.sampling", Numeric, sampling::closed_forms),
        check("mechanisms.accounting.sampling", Search, sampling::search),
        check("mechanisms.accounting.sampling", Audit, sampling::audit),
        check("mechanisms.accounting.filter", Exact, filters::filter),
        check("mechanisms.accounting.filter", Audit, filters::audit),
        check("mechanisms.accounting.odometer", Exact, filters::odometer),
        check("mechanisms.accounting.odometer", Audit, filters::odometer_audit),
        check("mechanisms.release.composition", Numeric, together::composition),
        check("mechanisms.release.composition", Audit, together::audit),
    ]
}

/// The fields of all lines of one kind of this oracle (`oracles/accounting.py` says what they are).
fn fields(kind: &str) -> impl Iterator<Item = Vec<&'static str>> {
    reference::fields_of(include_str!("../../../../oracles/accounting.txt"), kind)
}

/// A line of numbers.
fn numbers<const N: usize>(kind: &str) -> Vec<[f64; N]> {
    fields(kind).map(|fields| core::array::from_fn(|i| reference::number(fields[i]))).collect()
}

fn mu(value: f64) -> Mu {
    Mu::new(value).expect("checks use μ > 0")
}

fn rate(value: f64) -> SamplingRate {
    SamplingRate::new(value).expect("checks use rates in (0, 1]")
}

fn gaussian(value: f64) -> Profile {
    PrivacyProfile::gaussian(mu(value), AddRemoveRow)
}

fn pure(value: f64) -> Profile {
    PrivacyProfile::pure(epsilon(value), AddRemoveRow)
}

/// (ε, δ), pure where δ is zero.
fn point(e: f64, d: f64) -> Profile {
    if d > 0.0 { PrivacyProfile::approximate(epsilon(e), delta(d), AddRemoveRow) } else { pure(e) }
}
