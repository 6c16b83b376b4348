//! The guarantee of a whole release: composed, and audited.

use super::{Records, SQUARE, any_options, calibrated, gaussian_delta};
use crate::checks::lower_bound::{self, Stated};
use crate::checks::twins::{each_part, each_twin};
use crate::{Context, Outcome, Subject, largest};
use dp_linalg::Mat;
use dp_mechanisms::symmetric::{packed_index, packed_order};
use dp_mechanisms::{AddRemoveRow, NoiseStd, PrivacyProfile, ReplaceRow};
use ntk_dp::private::{PrivateRecords, RecordAdjacency, RecordMechanism, RecordOptions, RecordTargets};
use rand::{CryptoRng, RngExt};

/// The composed δ, recomputed from exact sensitivities and the noise that is added: one Gaussian of `μ² = Σ Δ²/σ²`. What is claimed may not be less, and
/// it meets the target. The twins claim what the library makes of all parts but the centre, or but a round of the flattening.
pub(super) fn composition(context: &mut Context, subject: Subject) -> Outcome {
    let twins = vec![Some(Forgotten::Centre), Some(Forgotten::Round)];
    each_twin(subject, None, twins, |forgotten| composition_without(context, forgotten))
}

/// What a claim leaves out.
#[derive(Clone, Copy)]
enum Forgotten {
    Centre,
    Round,
}

fn composition_without(context: &Context, forgotten: Option<Forgotten>) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(20, 400) {
        let options = any_options(&mut rng)
            .with_centre(rng.random_range(0.02..0.4))
            .and_then(|options| options.with_flattening(rng.random_range(0.02..0.4)))
            .and_then(|options| options.with_flattening_rounds(rng.random_range(1..4)))
            .expect("shares in range");
        let budget = (rng.random_range(0.1..5.0), 10.0_f64.powi(rng.random_range(-9..=-4)));
        let (added, replaced) =
            (calibrated(&options, AddRemoveRow, budget), calibrated(&options, ReplaceRow, budget));
        for epsilon in [0.5 * budget.0, budget.0, 1.3 * budget.0] {
            worst = largest([
                worst,
                understated(&added, Moves::of_a_record_more, epsilon, forgotten),
                understated(&replaced, Moves::of_another_record, epsilon, forgotten),
            ]);
            compared += 2;
        }
        let met = [added.profile().delta(budget.0), replaced.profile().delta(budget.0)];
        worst = largest([worst, met[0] / budget.1, met[1] / budget.1]);
    }
    // erfc here has some 1e-12, times cancellation of at most 1e3
    Outcome::at_most(worst, 1.0 + 1e-8, compared)
}

/// Squared distances of neighbours in each stage.
struct Moves {
    centre: u128,
    rows: u128,
    moments: u128,
}

impl Moves {
    /// One record at its largest, which counts a quarter of `R` in the centre.
    fn of_a_record_more(target: u128) -> Self {
        let moments = |target| SQUARE * SQUARE + 2 * SQUARE * target;
        Self { centre: SQUARE + SQUARE / 16, rows: moments(0), moments: moments(target) }
    }

    /// Opposite rows in the centre, and the farthest ones in moments.
    fn of_another_record(target: u128) -> Self {
        Self { centre: 4 * SQUARE, rows: farthest(SQUARE, 0), moments: farthest(SQUARE, target) }
    }
}

/// The largest `2N² + 4NY − 2p² − 4ps`: the squared distance of the moments of two records of largest length, `‖z‖² = N` and `‖y‖² = Y`, by their products
/// `|p| ≤ N` and `|s| ≤ Y`. In p it is concave, with its top at `−s`; in s it is convex then, so that an end is the worst.
fn farthest(row: u128, target: u128) -> u128 {
    let (n, y) = (row as i128, target as i128);
    let of = |s: i128| {
        let p = (-s).clamp(-n, n);
        2 * n * n + 4 * n * y - 2 * p * p - 4 * p * s
    };
    of(y).max(of(-y)) as u128
}

/// The largest `‖y‖²` of integer targets: `t(k − 1)` for the class and `−t` for the k − 1 others, or any of a radius; `√2‖y‖` is the weight times `R`, to
/// the nearest `t`, or radius.
fn squared_target(options: &RecordOptions) -> u128 {
    let length = options.target_weight() * (SQUARE as f64 / 2.0).sqrt();
    match options.targets() {
        RecordTargets::Classes(k) => {
            let unit = (length / k as f64).round() as u128;
            unit * unit * (k * (k - 1)) as u128
        }
        _ => (length.round() as u128).pow(2),
    }
}

/// What is lost, in units of what is claimed.
fn understated<A: RecordAdjacency>(
    mechanism: &RecordMechanism<A>,
    moves: impl Fn(u128) -> Moves,
    epsilon: f64,
    forgotten: Option<Forgotten>,
) -> f64 {
    let moves = moves(squared_target(mechanism.options()));
    let (centre, rows) = (mechanism.centre().expect("options have one"), mechanism.flattening());
    let (rows, rounds) =
        (rows.expect("options have some"), u64::from(mechanism.options().flattening_rounds()));
    let square = |moves: u128, noise: NoiseStd| moves as f64 / noise.get().powi(2);
    let mu = (square(moves.centre, centre.noise_std())
        + rounds as f64 * square(moves.rows, rows.noise_std())
        + square(moves.moments, mechanism.moments().noise_std()))
    .sqrt();
    let all = |of: [u64; 2]| {
        let centre = centre.profile().repeated(of[0]);
        let rows = rows.profile().repeated(of[1]);
        let parts = mechanism.moments().profile().and(&rows).and_then(|parts| parts.and(&centre));
        parts.expect("one adjacency")
    };
    let claimed = match forgotten {
        None => mechanism.profile().clone(),
        Some(Forgotten::Centre) => all([0, rounds]),
        Some(Forgotten::Round) => all([1, rounds - 1]),
    };
    gaussian_delta(mu, epsilon) / claimed.delta(epsilon)
}

/// Level of each audit.
const ALPHA: f64 = 1e-7;

/// A large δ: an audit sees no event rarer than one in its number of runs.
const AUDITED: (f64, f64) = (1.0, 0.1);

/// Whole releases: a record that is there or not, and a record in place of the one that is farthest away from it. The score is the product of the
/// noisy moments with the difference of the true ones: the most powerful test. Each has a twin: noise for ε = 1.8, which is 0.7 of that for the 1 that is
/// claimed, and a replaced record that is charged as one that comes or goes.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let options = RecordOptions::classes(2, 2).expect("small shapes");
    let added = calibrated(&options, AddRemoveRow, AUDITED);
    let replaced = calibrated(&options, ReplaceRow, AUDITED);
    let angle = (-0.25_f64).acos();
    let here = Mat::from_vec(1, 2, vec![1.0, 0.0]).expect("two entries");
    let there = Mat::from_vec(1, 2, vec![angle.cos(), angle.sin()]).expect("two entries");
    let used = match subject {
        Subject::AsShipped => added.clone(),
        Subject::Broken => calibrated(&options, AddRemoveRow, (1.8, AUDITED.1)),
    };
    let one_more = audited(
        context,
        (Mat::zeros(0, 2), here.clone()),
        (&used, added.profile()),
        ("moments, a record more", AddRemoveRow),
    );
    let of = "moments, a record replaced";
    let other = match subject {
        Subject::AsShipped => {
            audited(context, (here, there), (&replaced, replaced.profile()), (of, ReplaceRow))
        }
        Subject::Broken => audited(context, (here, there), (&added, added.profile()), (of, AddRemoveRow)),
    };
    let note =
        format!("audited ε under add/remove, replace: {:.3}, {:.3}", one_more.observed, other.observed);
    each_part(subject, [other, one_more]).with_note(note)
}

fn audited<A: RecordAdjacency>(
    context: &Context,
    (first, second): (Mat, Mat),
    (mechanism, claimed): (&RecordMechanism<A>, &PrivacyProfile<A>),
    (of, adjacency): (&str, A),
) -> Outcome {
    let n = context.scale(12_000, 300_000);
    let labels = |rows: &Mat| vec![0_usize; rows.nrows()];
    let moments = |rows: &Mat| {
        Records { features: rows.clone(), labels: labels(rows), values: Mat::zeros(0, 0) }
            .moments(mechanism, (adjacency, None))
    };
    let difference: Vec<f64> =
        moments(&second).iter().zip(moments(&first)).map(|(b, a)| (b - a) as f64 / SQUARE as f64).collect();
    let run = |rows: &Mat, mut rng: &mut dyn CryptoRng| {
        let labels = labels(rows);
        let records = PrivateRecords::new(adjacency, (rows.as_ref(), &labels[..]));
        let release = mechanism.release(records, &mut rng).expect("equal shapes");
        product(release.value().lattice().packed(), &difference)
    };
    let report = lower_bound::audit(context, (first, second, adjacency), (n, AUDITED.1, ALPHA), run);
    let profile = |epsilon: f64| claimed.delta(epsilon);
    let stated = Stated { of, epsilon: AUDITED.0, delta: AUDITED.1, profile: &profile };
    stated.against(&report, 0.5)
}

/// Of symmetric matrices: entries off the diagonal count twice.
fn product(packed: &[i64], with: &[f64]) -> f64 {
    let order = packed_order(packed.len()).expect("a triangle");
    let entry = |i, j| packed[packed_index(i, j)] as f64 * with[packed_index(i, j)];
    (0..order).flat_map(|i| (0..order).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All integer vectors of the plane of at most this squared length.
    fn disk(square: i64) -> Vec<[i64; 2]> {
        let side = -square.isqrt()..=square.isqrt();
        let all = side.clone().flat_map(|x| side.clone().map(move |y| [x, y]));
        all.filter(|[x, y]| x * x + y * y <= square).collect()
    }

    /// `‖S − S'‖_F²`, entry by entry.
    fn distance((z, y): ([i64; 2], [i64; 2]), (other_z, other_y): ([i64; 2], [i64; 2])) -> i64 {
        let entries = (0..2).flat_map(|i| (0..2).map(move |j| (i, j)));
        let square = |(i, j): (usize, usize)| {
            (z[i] * z[j] - other_z[i] * other_z[j]).pow(2)
                + 2 * (z[i] * y[j] - other_z[i] * other_y[j]).pow(2)
        };
        entries.map(square).sum()
    }

    #[test]
    fn no_integer_records_are_farther_apart_than_the_farthest() {
        // in the last case no two rows have the product −Y
        for (row, target, is_attained) in [(5, 4, true), (2, 5, true), (1, 1, true), (4, 2, false)] {
            let records: Vec<_> =
                disk(row).into_iter().flat_map(|z| disk(target).into_iter().map(move |y| (z, y))).collect();
            let pairs =
                records.iter().flat_map(|first| records.iter().map(|second| distance(*first, *second)));
            let (found, bound) = (pairs.max(), farthest(row as u128, target as u128) as i64);
            assert!(found <= Some(bound), "{row} {target}");
            assert_eq!(found == Some(bound), is_attained, "{row} {target}");
            assert_eq!(ReplaceRow::squared_moments(row as u128, target as u128), bound as u128);
        }
    }
}
