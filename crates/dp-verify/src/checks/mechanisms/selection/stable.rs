//! Laws of answers that are released where they are stable.

use super::enclosure::Between;
use super::maximum::Table;
use super::{each_twin, epsilon, largest};
use crate::checks::mechanisms::delta;
use crate::{Context, Outcome, Subject};
use dp_audit::ExactDivergence;
use dp_mechanisms::noise::LogConcaveNoise;
use dp_mechanisms::selection::{ProposeTestRelease, StabilityTest};
use dp_mechanisms::{AddRemoveRow, DiscreteLaplace, LatticeL1Sensitivity};

const TARGETS: [(f64, f64); 3] = [(1.0, 0.05), (0.4, 1e-6), (2.0, 0.3)];

/// What certified probabilities and summation leave of a divergence that is zero: two floats of width of probabilities
/// of at most one.
const RESIDUE: f64 = 1e-13;

/// How the test is made: noise and threshold, of an ε and a δ. No noise for zero.
type Test = fn(f64, f64) -> (f64, i64);

fn shipped(value: f64, failure: f64) -> (f64, i64) {
    let test = StabilityTest::calibrate(epsilon(value), delta(failure), AddRemoveRow).expect("little noise");
    (test.noise_scale().get(), test.threshold() as i64)
}

/// Probability of passing.
fn passing((scale, threshold): (f64, i64), distance: i64) -> Between {
    match threshold - distance {
        above if scale == 0.0 => {
            if above < 0 {
                Between::ONE
            } else {
                Between::ZERO
            }
        }
        above => Between::new(super::laplace(scale).tail_bounds(above)),
    }
}

/// Upper bound of δ at ε of two laws on the same outcomes, of which some may not be listed.
fn divergence(first: &[Between], second: &[Between], outside: f64, value: f64) -> f64 {
    let [first, second] = [first, second].map(|law| law.iter().map(|p| p.bounds()).collect::<Vec<_>>());
    let clamp = |law: Vec<(f64, f64)>| law.into_iter().map(|(lo, hi)| (lo, hi.min(1.0))).collect::<Vec<_>>();
    ExactDivergence::with_outside(&clamp(first), &clamp(second), [outside; 2], AddRemoveRow)
        .expect("certified probabilities are a law")
        .delta_bounds(value)
        .1
}

/// Pairs of neighbours as `(distance, answer)`.
fn neighbours(most: i64) -> impl Iterator<Item = [(i64, usize); 2]> {
    let alike = (0..most).flat_map(|d| [[(d, 0), (d + 1, 0)], [(d + 1, 0), (d, 0)], [(d, 0), (d, 0)]]);
    alike.chain([[(0, 0), (0, 1)]])
}

/// All distances up to twice the threshold and all orders; answers that differ have distance zero. Twins: no noise;
/// half the noise; a threshold that is half as far; none at all.
pub(super) fn stability(_: &mut Context, subject: Subject) -> Outcome {
    let exact: Test = |value, failure| (0.0, shipped(value, failure).1);
    let half: Test = |value, failure| (shipped(value, failure).0 / 2.0, shipped(value, failure).1);
    let near: Test = |value, failure| (shipped(value, failure).0, shipped(value, failure).1 / 2);
    let none: Test = |value, failure| (shipped(value, failure).0, 0);
    each_twin(subject, shipped as Test, vec![exact, half, near, none], |test| {
        let excess = TARGETS.into_iter().flat_map(|(value, failure)| {
            let made = test(value, failure);
            let most = 2 * shipped(value, failure).1 + 5;
            neighbours(most).map(move |pair| {
                let [first, second] = pair.map(|(distance, answer)| {
                    let pass = passing(made, distance);
                    let of = |which| if which == answer { pass } else { Between::ZERO };
                    vec![pass.complement(), of(0), of(1)]
                });
                divergence(&first, &second, 0.0, value) - failure
            })
        });
        largest(excess, RESIDUE).with_note("δ less what is claimed")
    })
}

/// A statistic that moves by at most the proposed 2 where distances are positive, and by 100 where they are zero.
/// Twins: as above, and noise for a bound that is half of the proposed one.
pub(super) fn proposal(context: &mut Context, subject: Subject) -> Outcome {
    type Both = (Test, f64);
    let exact: Test = |value, failure| (0.0, shipped(value, failure).1);
    let none: Test = |value, failure| (shipped(value, failure).0, 0);
    let twins: Vec<Both> = vec![(exact, 1.0), (none, 1.0), (shipped, 0.5)];
    let targets = context.scale(2, 3);
    each_twin(subject, (shipped as Test, 1.0), twins, |(test, share)| {
        let excess = TARGETS[..targets]
            .iter()
            .flat_map(|&(value, failure)| of_proposal((value, failure), test, share));
        largest(excess, RESIDUE).with_note("δ less what is claimed")
    })
}

fn of_proposal((value, failure): (f64, f64), test: Test, share: f64) -> Vec<f64> {
    let proposed = LatticeL1Sensitivity::new(2, AddRemoveRow).expect("positive");
    let mechanism = ProposeTestRelease::calibrate((epsilon(value), delta(failure)), epsilon(0.7), proposed)
        .expect("little noise");
    let total = mechanism.profile().epsilon(delta(failure));
    let noise: DiscreteLaplace = super::laplace(mechanism.noise().noise_scale().get() * share);
    let (table, made) = (Table::new(&noise, 36.0), test(value, failure));
    let law = |(distance, statistic): (i64, i64)| {
        let pass = passing(made, distance);
        let outputs = table.all().map(|k| pass * table.mass(k - statistic));
        [pass.complement()].into_iter().chain(outputs).collect::<Vec<_>>()
    };
    let most = shipped(value, failure).1 + 4;
    let near =
        (0..most).step_by(3).flat_map(|d| [[(d, 0), (d + 1, 2)], [(d + 1, 1), (d, -1)], [(d, 0), (d, 0)]]);
    let pairs = near.chain([[(0, 0), (0, 10)]]);
    // outputs beyond the table: its noise beyond 36 scales less 10
    let outside = noise.tail_bounds(*table.all().end() - 10).1 * 2.0;
    pairs.map(|[first, second]| divergence(&law(first), &law(second), outside, total) - failure).collect()
}
