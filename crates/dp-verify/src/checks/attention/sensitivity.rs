//! How far integer moments move between neighbours, by search over rows as an adversary would hand them over.

use super::{Row, climb, integers, options, random_row, random_rows, unflatten};
use crate::checks::tightest::Tightest;
use crate::{Context, Outcome, Subject};
use attention_dp::{Bounds, MomentAdjacency, MomentGeometry, MomentOptions};
use dp_linalg::Mat;
use dp_mechanisms::{AddRemoveRow, ReplaceRow};
use dp_testkit::neighbours::extreme_rows;
use poly_kernel::{ExpPolynomial, TrigonometricFeatures};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng};

/// Even and odd degrees, ranges, a centre, kernels and a lattice without the acute bound, one dimension and several.
fn cases() -> Vec<MomentOptions> {
    let uneven = Bounds::new(3.0, 0.5, 20.0).expect("radii in range");
    let large = options(2, 2, 4, 1.0);
    let fitted = ExpPolynomial::least_squares_normal(3, 0.2, 0.9).expect("a polynomial of low degree");
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let waves = TrigonometricFeatures::new(2, 9, rng).expect("nine frequencies");
    let landmarks = Mat::from_fn(6, 2, |i, j| ((3 * i + 7 * j) as f64).sin() / 2.0);
    vec![
        options(1, 1, 2, 1.0),
        options(2, 1, 3, 1.0),
        options(1, 1, 1, 0.4),
        options(3, 2, 4, 1.3).with_key_center(vec![0.5, -3.0, 0.0]),
        options(2, 3, 2, 0.7).with_value_range(-0.1, 1.0),
        options(2, 2, 2, 1.0).with_resolution(4, 4),
        // negative at the ends of their range: keys whose features point apart
        options(1, 1, 1, 6.0).with_uncertified_kernel(),
        options(2, 1, 3, 4.0).with_uncertified_kernel(),
        options(3, 1, 3, 1.2).with_resolution(4, 6),
        options(1, 1, 5, 1.5).with_resolution(26, 24).with_max_rows(16),
        MomentOptions::new(large.shape(), uneven, 4).with_parallelism(large.parallelism()),
        options(2, 1, 3, 1.0).with_polynomial(fitted.clone()).with_uncertified_kernel(),
        options(2, 2, 2, 1.0).with_normaliser_weight(0.3),
        options(2, 2, 2, 1.0).with_normaliser_weight(0.3).with_value_range(0.0, 1.0),
        options(1, 1, 4, 1.0).with_typical_query_norm(0.2).with_normaliser_weight(3.0),
        options(2, 1, 1, 1.0).with_trigonometric_features(waves),
        options(2, 1, 1, 1.0).with_landmarks(landmarks),
    ]
}

pub(super) fn squared_distance(a: &[i64], b: &[i64]) -> u128 {
    a.iter().zip(b).map(|(&a, &b)| u128::from(a.abs_diff(b)).pow(2)).sum()
}

/// Every extreme key with every extreme value.
pub(super) fn extremes(options: &MomentOptions) -> Vec<Row> {
    let (shape, bounds) = (options.shape(), options.bounds());
    let mut keys = extreme_rows(shape.key_dim, bounds.key_radius());
    keys.extend(extreme_rows(shape.key_dim, bounds.key_radius().next_up()));
    if let Some(center) = options.key_center() {
        let around = |key: &Vec<f64>| key.iter().zip(center).map(|(k, c)| k + c).collect();
        let around: Vec<Vec<f64>> = keys.iter().map(around).collect();
        keys.extend(around);
    }
    let values = extreme_rows(shape.value_dim, bounds.value_radius());
    keys.iter().flat_map(|key| values.iter().map(move |value| (key.clone(), value.clone()))).collect()
}

pub(super) fn with(background: &[Row], row: &Row) -> Vec<Row> {
    background.iter().chain([row]).cloned().collect()
}

/// One row more: extreme rows, then climbing from random ones. The twin's bound forgets the normaliser.
pub(super) fn add_remove(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (starts, steps) = (context.scale(6, 40), context.scale(300, 4_000));
    let mut tightest = Tightest::default();
    for options in cases() {
        let geometry = MomentGeometry::new(options.clone()).expect("the options are sound");
        let stated = AddRemoveRow.sensitivity(&geometry).expect("small squares").square();
        let values_only =
            u128::from(geometry.squared_feature_norm()) * u128::from(geometry.squared_value_norm());
        let stated = subject.pick(stated, values_only);
        let background = random_rows(&mut rng, options.shape(), 3);
        let without = integers(&options, &background);
        let mut moved = |row: &Row| {
            let distance = squared_distance(&integers(&options, &with(&background, row)), &without);
            tightest.see(distance, stated);
            distance
        };
        for row in extremes(&options) {
            moved(&row);
        }
        for _ in 0..starts {
            let (key, value) = random_row(&mut rng, options.shape(), 1.0);
            climb(&mut rng, [key, value].concat(), steps, |point| {
                moved(&unflatten(options.shape(), point)[0])
            });
        }
    }
    tightest.outcome(0.99)
}

/// One row replaced: all pairs of extreme rows, then climbing on both rows. The twin is charged as add/remove.
pub(super) fn replace(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (starts, steps) = (context.scale(8, 40), context.scale(400, 6_000));
    let mut found = [Tightest::default(), Tightest::default()];
    for options in cases() {
        let geometry = MomentGeometry::new(options.clone()).expect("the options are sound");
        let add_remove = AddRemoveRow.sensitivity(&geometry).expect("small squares").square();
        let stated =
            subject.pick(ReplaceRow.sensitivity(&geometry).expect("small squares").square(), add_remove);
        let tightest = &mut found[usize::from(geometry.rows_are_acute())];
        let background = random_rows(&mut rng, options.shape(), 3);
        let integers = |row: &Row| integers(&options, &with(&background, row));
        let mut seen: Vec<Vec<i64>> = extremes(&options).iter().map(&integers).collect();
        seen.sort();
        seen.dedup();
        for (i, a) in seen.iter().enumerate() {
            seen[..i].iter().for_each(|b| {
                tightest.see(squared_distance(a, b), stated);
            });
        }
        for _ in 0..starts {
            let rows = random_rows(&mut rng, options.shape(), 2);
            let start = rows.into_iter().flat_map(|(key, value)| [key, value].concat()).collect();
            climb(&mut rng, start, steps, |point| {
                let rows = unflatten(options.shape(), point);
                let distance = squared_distance(&integers(&rows[0]), &integers(&rows[1]));
                tightest.see(distance, stated);
                distance
            });
        }
    }
    let [others, acute] = found;
    let note = format!(
        "squared distance over the stated square: {:.4} where rows are proven acute, else {:.4}",
        acute.ratio, others.ratio
    );
    Outcome::worst([acute.outcome(0.99), Outcome::at_most(others.ratio, 1.0, others.n)]).with_note(note)
}
