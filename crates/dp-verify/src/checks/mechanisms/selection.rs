//! Checks of selection and queries by score.

mod audit;
mod enclosure;
mod index;
mod law;
mod maximum;
mod rank;
mod stable;
mod threshold;

pub(super) use enclosure::Between;

use super::noise::{each_part, each_twin};
use super::{epsilon, none_fails, reference, refinement};
use crate::{Check, Evidence, Outcome, largest};
use dp_mechanisms::selection::{MonotoneScoreSensitivity, ScoreSensitivity};
use dp_mechanisms::{AddRemoveRow, DiscreteLaplace, NoiseScale, claims};

/// Every check of these claims.
pub(super) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Statistical};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    vec![
        check(claims::SELECTION_LAW, Exact, law::refinement),
        check(claims::SELECTION_LAW, Statistical, law::frequencies),
        check(claims::EXPONENTIAL_PRIVACY, Exact, index::exponential),
        check(claims::EXPONENTIAL_PRIVACY, Audit, audit::exponential),
        check(claims::PERMUTE_AND_FLIP_PRIVACY, Exact, index::permute_and_flip),
        check(claims::PERMUTE_AND_FLIP_PRIVACY, Audit, audit::permute_and_flip),
        check("mechanisms.selection.permute_and_flip.utility", Exact, index::never_worse),
        check(claims::NOISY_MAX_PRIVACY, Exact, maximum::privacy),
        check(claims::NOISY_MAX_PRIVACY, Audit, audit::noisy_max),
        check(claims::ABOVE_THRESHOLD_PRIVACY, Exact, threshold::privacy),
        check(claims::ABOVE_THRESHOLD_PRIVACY, Audit, audit::above_threshold),
        check(claims::QUANTILE_PRIVACY, Exact, rank::privacy),
        check(claims::QUANTILE_PRIVACY, Audit, audit::quantile),
        check(claims::STABILITY_PRIVACY, Exact, stable::stability),
        check(claims::STABILITY_PRIVACY, Audit, audit::stability),
        check(claims::PROPOSE_TEST_RELEASE_PRIVACY, Exact, stable::proposal),
        check(claims::PROPOSE_TEST_RELEASE_PRIVACY, Audit, audit::proposal),
    ]
}

/// Scores that move by one step, up or down.
fn any_way() -> ScoreSensitivity<AddRemoveRow> {
    ScoreSensitivity::new(1, AddRemoveRow).expect("one is in range")
}

/// Scores that move by one step, all in one direction.
fn one_way() -> MonotoneScoreSensitivity<AddRemoveRow> {
    MonotoneScoreSensitivity::new(1, AddRemoveRow).expect("one is in range")
}

fn laplace(scale: f64) -> DiscreteLaplace {
    let scale = NoiseScale::new(scale).expect("checks use positive noise");
    DiscreteLaplace::new(scale).expect("checks use supported noise")
}

/// All vectors of so many entries from a list.
fn vectors(entries: &[i64], len: usize) -> Vec<Vec<i64>> {
    (0..len).fold(vec![vec![]], |all, _| {
        all.iter().flat_map(|v| entries.iter().map(|&e| [v.as_slice(), &[e]].concat())).collect()
    })
}

/// How scores that move by one step may move: any way, or (all rising, all falling) in one direction.
fn movements(monotone: bool, len: usize) -> Vec<Vec<i64>> {
    if monotone {
        [vectors(&[0, 1], len), vectors(&[-1, 0], len)].concat()
    } else {
        vectors(&[-1, 0, 1], len)
    }
}

fn moved(scores: &[i64], by: &[i64]) -> Vec<i64> {
    scores.iter().zip(by).map(|(score, by)| score + by).collect()
}

/// The largest of numbers that are at most a bound, as an outcome.
fn none_above(observed: impl IntoIterator<Item = f64>, bound: f64) -> Outcome {
    let mut n = 0;
    let most = largest(observed.into_iter().inspect(|_| n += 1));
    Outcome::at_most(most, bound, n)
}
