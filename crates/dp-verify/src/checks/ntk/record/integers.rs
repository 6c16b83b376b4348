//! What one record moves, in integers, and sums of records.

use super::{Records, SQUARE, staged, with_mu};
use crate::{Context, Outcome, Subject};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::symmetric::{packed_index, packed_len, packed_order};
use dp_mechanisms::{AddRemoveRow, ReplaceRow};
use ntk_dp::private::{NoisyMoments, RecordAdjacency, RecordMechanism, RecordOptions, RowNorm};
use rand::RngExt;

/// How many of the stages of two data sets are farther apart than is charged, the moments under `charged`.
fn stages_beyond<A: RecordAdjacency>(
    (first, second): (&Records, &Records),
    mechanism: &RecordMechanism<A>,
    on: (A, Option<&NoisyMoments>),
    charged: u128,
) -> u64 {
    let moments = squared_distance(&first.moments(mechanism, on), &second.moments(mechanism, on));
    let (here, there) = (first.stages(mechanism, on), second.stages(mechanism, on));
    let centre = here.0.zip(there.0).zip(mechanism.centre()).is_some_and(|((a, b), mechanism)| {
        let distance: u128 = a.iter().zip(&b).map(|(a, b)| u128::from(a.abs_diff(*b)).pow(2)).sum();
        distance > mechanism.sensitivity().square()
    });
    let rows = here
        .1
        .zip(there.1)
        .zip(mechanism.flattening())
        .is_some_and(|((a, b), mechanism)| squared_distance(&a, &b) > mechanism.sensitivity().square());
    u64::from(moments > charged) + u64::from(centre) + u64::from(rows)
}

/// Entry by entry, without the formula: entries off the diagonal count twice.
fn squared_distance(first: &[i64], second: &[i64]) -> u128 {
    let order = packed_order(first.len()).expect("a triangle");
    let entry = |i, j| {
        let at = packed_index(i, j);
        u128::from(first[at].abs_diff(second[at])).pow(2)
    };
    (0..order).flat_map(|i| (0..order).map(move |j| (i, j))).map(|(i, j)| entry(i, j)).sum()
}

/// Hard records, one against none, in each stage: integers in 128 bits against what is charged. The twin charges features alone.
pub(super) fn sensitivity_add_remove(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut over, trials) = (0, context.scale(3000, 100_000));
    for _ in 0..trials {
        let (options, like) = staged(&mut rng);
        let mechanism = with_mu(&options, AddRemoveRow, 1.0);
        let pair = (&Records::hard(&mut rng, &options, 1), &Records::none(&options));
        let charged = subject.pick(mechanism.moments().sensitivity().square(), SQUARE * SQUARE);
        over += stages_beyond(pair, &mechanism, (AddRemoveRow, like.as_ref()), charged);
    }
    Outcome::all_equal(over, trials as u64)
}

/// Pairs of hard records in place of each other, in each stage. The twin charges twice the square of a record that comes or goes, as for one of which
/// no two point apart.
pub(super) fn sensitivity_replace(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut over, trials) = (0, context.scale(3000, 100_000));
    for _ in 0..trials {
        let (options, like) = staged(&mut rng);
        let mechanism = with_mu(&options, ReplaceRow, 1.0);
        let added = with_mu(&options, AddRemoveRow, 1.0);
        let charged = subject
            .pick(mechanism.moments().sensitivity().square(), 2 * added.moments().sensitivity().square());
        let [first, second] = [0; 2].map(|_| Records::hard(&mut rng, &options, 1));
        over += stages_beyond((&first, &second), &mechanism, (ReplaceRow, like.as_ref()), charged);
    }
    Outcome::all_equal(over, trials as u64)
}

/// The worst pair in the plane, by its angle: two rows of one class with `cos = −Y/N`, of length one. Its distance comes within a thousandth of
/// what is charged, and no other pair of angle, classes and lengths on a grid goes beyond. The twin forgets that rows of one class may point apart:
/// it searches orthogonal ones.
pub(super) fn sensitivity_is_attained(context: &mut Context, subject: Subject) -> Outcome {
    let (steps, mut worst, mut compared) = (context.scale(24, 200), Vec::new(), 0);
    for (classes, weight) in [(2, 0.25), (2, 2.0), (3, 1.0), (10, 1.0), (10, 2.0), (100, 3.0)] {
        let options = RecordOptions::classes(2, classes)
            .and_then(|options| options.with_norm(RowNorm::Clip(1.0)))
            .and_then(|options| options.with_target_weight(weight))
            .expect("parameters in range");
        let mechanism = with_mu(&options, ReplaceRow, 1.0);
        let charged = mechanism.moments().sensitivity().square() as f64;
        let moments = |length: f64, angle: f64, label: usize| {
            let features =
                Mat::from_vec(1, 2, vec![length * angle.cos(), length * angle.sin()]).expect("two");
            Records { features, labels: vec![label], values: Mat::zeros(1, 0) }
                .moments(&mechanism, (ReplaceRow, None))
        };
        let target = 0.5 * weight * weight * (1.0 - 1.0 / classes as f64);
        let best = subject.pick((-target.min(1.0)).acos(), core::f64::consts::FRAC_PI_2);
        let attained = squared_distance(&moments(1.0, 0.0, 0), &moments(1.0, best, 0)) as f64 / charged;
        worst.push(Outcome::at_least(attained, 0.999, 1));
        for step in 0..=steps {
            let angle = core::f64::consts::PI * step as f64 / steps as f64;
            for (label, length) in [(0, 1.0), (1, 1.0), (0, 0.7), (1, 0.7), (0, 0.2)] {
                let distance = squared_distance(&moments(1.0, 0.0, 0), &moments(length, angle, label)) as f64;
                worst.push(Outcome::at_most(distance / charged, 1.0, 1));
                compared += 1;
            }
        }
    }
    Outcome::worst(worst).with_note(format!("{compared} pairs on the grid"))
}

/// Hard records, by one to three threads, centred and flattened or not, against the sum of each record's own moments, added one by one. In the twin a record
/// that is dropped is not, but takes the place of the next one.
pub(super) fn sums(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut wrong, mut compared) = (0, 0);
    for _ in 0..context.scale(6, 100) {
        let (options, like) = staged(&mut rng);
        let on = (AddRemoveRow, like.as_ref());
        let options = options.with_parallelism(Parallelism::threads(rng.random_range(1..4)));
        let mechanism = with_mu(&options, AddRemoveRow, 1.0);
        let n = rng.random_range(1..2500);
        let all = Records::hard(&mut rng, &options, n);
        let one = |i: usize| {
            let row = |matrix: &Mat| matrix.as_ref().subrows(i..i + 1).to_owned();
            Records { features: row(&all.features), labels: vec![all.labels[i]], values: row(&all.values) }
        };
        let mut naive = vec![0_i64; mechanism_len(&options)];
        let skipped = subject.pick(n, n / 2);
        for i in (0..n).rev().filter(|i| *i != skipped || n == 1) {
            let own = one(i).moments(&mechanism, on);
            naive.iter_mut().zip(own).for_each(|(sum, own)| *sum += own);
        }
        if subject == Subject::Broken {
            let doubled = one((0..n).find(|i| *i != skipped).unwrap_or(0)).moments(&mechanism, on);
            naive.iter_mut().zip(doubled).for_each(|(sum, own)| *sum += own);
        }
        let sums = all.moments(&mechanism, on);
        wrong += sums.iter().zip(&naive).filter(|(a, b)| a != b).count() as u64;
        compared += naive.len() as u64;
    }
    Outcome::all_equal(wrong, compared)
}

fn mechanism_len(options: &RecordOptions) -> usize {
    packed_len(options.encoded_dim() + options.columns())
}
