//! Laws of answers that are released where they are stable.

use super::enclosure::Between;
use super::maximum::Table;
use super::{each_part, each_twin, epsilon, none_above, none_fails};
use crate::checks::mechanisms::delta;
use crate::{Context, Outcome, Subject};
use dp_audit::ExactDivergence;
use dp_mechanisms::noise::{LatticeNoise, LogConcaveNoise};
use dp_mechanisms::selection::{DistanceToInstability, ProposeTestRelease, StabilityTest};
use dp_mechanisms::{
    AddRemoveRow, DiscreteLaplace, Lattice, LatticeL1Sensitivity, LatticeStatistic, LatticeVector,
};

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
/// half the noise; a threshold that is half as far; none at all; equality passes, in the law, and in the code.
pub(super) fn stability(context: &mut Context, subject: Subject) -> Outcome {
    let exact: Test = |value, failure| (0.0, shipped(value, failure).1);
    let half: Test = |value, failure| (shipped(value, failure).0 / 2.0, shipped(value, failure).1);
    let near: Test = |value, failure| (shipped(value, failure).0, shipped(value, failure).1 / 2);
    let none: Test = |value, failure| (shipped(value, failure).0, 0);
    let laws = each_twin(subject, shipped as Test, vec![exact, half, near, none, equality_passes], |test| {
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
        none_above(excess, RESIDUE).with_note("δ less what is claimed")
    });
    each_part(subject, [laws, function_of_noise(context, subject.pick(0, 1))])
}

/// What is at the threshold is above it.
fn equality_passes(value: f64, failure: f64) -> (f64, i64) {
    let (scale, threshold) = shipped(value, failure);
    (scale, threshold - 1)
}

/// The shipped test releases its answer where this file's law has it: where the distance and the noise that is drawn are above the
/// threshold. The twin is told of distances that are one more, so that equality passes.
fn function_of_noise(context: &Context, more: u64) -> Outcome {
    let test = StabilityTest::calibrate(epsilon(1.0), delta(0.05), AddRemoveRow).expect("little noise");
    let (noise, threshold) = (super::laplace(test.noise_scale().get()), test.threshold());
    none_fails(0..context.scale(200, 20_000) as u64, |stream| {
        let (mut rng, mut same) = (context.rng(stream), context.rng(stream));
        (0..=2 * threshold).all(|rows| {
            let passes = rows as i64 + noise.sample(&mut same) > threshold as i64;
            let distance = DistanceToInstability::new(rows + more, AddRemoveRow);
            let released = test.release(7, &distance, "check", &mut rng).expect("the same neighbours");
            *released.value() == passes.then_some(7)
        })
    })
    .with_note("the shipped answer, as a function of noise")
}

/// A statistic that moves by at most the proposed 2 where distances are positive, and by 100 where they are zero.
/// Twins: no noise; no threshold; equality passes, in the law, and in the code; noise for a bound that is half of the proposed one.
pub(super) fn proposal(context: &mut Context, subject: Subject) -> Outcome {
    type Both = (Test, f64);
    let exact: Test = |value, failure| (0.0, shipped(value, failure).1);
    let none: Test = |value, failure| (shipped(value, failure).0, 0);
    let twins: Vec<Both> = vec![(exact, 1.0), (none, 1.0), (equality_passes, 1.0), (shipped, 0.5)];
    let targets = context.scale(2, 3);
    let laws = each_twin(subject, (shipped as Test, 1.0), twins, |(test, share)| {
        let excess = TARGETS[..targets]
            .iter()
            .flat_map(|&(value, failure)| of_proposal((value, failure), test, share));
        none_above(excess, RESIDUE).with_note("δ less what is claimed")
    });
    each_part(subject, [laws, proposal_of_noise(context, subject.pick(0, 1))])
}

fn proposed() -> LatticeL1Sensitivity<AddRemoveRow> {
    LatticeL1Sensitivity::new(2, AddRemoveRow).expect("positive")
}

/// The same of a proposal: first the noise of the test is drawn, then that of the statistic, whether or not it is released.
fn proposal_of_noise(context: &Context, more: u64) -> Outcome {
    let mechanism = ProposeTestRelease::calibrate((epsilon(1.0), delta(0.05)), epsilon(0.7), proposed())
        .expect("little noise");
    let threshold = mechanism.test().threshold();
    let scales = [mechanism.test().noise_scale(), mechanism.noise().noise_scale()];
    let [first, second] = scales.map(|scale| super::laplace(scale.get()));
    let integers = Lattice::new(0).expect("integers are a lattice");
    none_fails(0..context.scale(200, 20_000) as u64, |stream| {
        let (mut rng, mut same) = (context.rng(stream), context.rng(stream));
        (0..=2 * threshold).all(|rows| {
            let passes = rows as i64 + first.sample(&mut same) > threshold as i64;
            let mut noisy = [0; 2];
            second.fill(&mut noisy, &mut same);
            let noisy = [noisy[0] + 40, noisy[1] - 7];
            let statistic = LatticeStatistic::new(vec![40, -7], integers, proposed(), 1 << 20);
            let distance = DistanceToInstability::new(rows + more, AddRemoveRow);
            let released =
                mechanism.release(statistic, &distance, "check", &mut rng).expect("small entries fit");
            released.value().as_ref().map(LatticeVector::steps) == passes.then_some(&noisy[..])
        })
    })
    .with_note("the shipped statistic, as a function of noise")
}

fn of_proposal((value, failure): (f64, f64), test: Test, share: f64) -> Vec<f64> {
    let mechanism = ProposeTestRelease::calibrate((epsilon(value), delta(failure)), epsilon(0.7), proposed())
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
