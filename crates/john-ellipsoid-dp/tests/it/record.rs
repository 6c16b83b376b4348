//! Record-level ellipsoids.

use crate::Uniform;
use dp_linalg::{Mat, MatRef, Parallelism};
use dp_mechanisms::selection::QuantileAdjacency;
use dp_mechanisms::{
    AddRemoveRow, ArithmeticModel, Delta, Epsilon, FailureProbability, PrivacyProfile, Release, ReplaceRow,
};
use john_ellipsoid_dp::private::{
    PrivateRows, RecordEllipsoid, RecordMechanism, RecordOptions, RecordParameter, RecordScale, RecordTarget,
    RoundEncoder, private_ellipsoid,
};
use john_ellipsoid_dp::{Error, StreamedRows};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

fn epsilon(value: f64) -> Epsilon {
    Epsilon::new(value).unwrap()
}

fn delta() -> Delta {
    Delta::new(1e-6).unwrap()
}

fn options(dim: usize) -> RecordOptions {
    RecordOptions::new(dim).unwrap()
}

fn released<A: QuantileAdjacency>(
    adjacency: A,
    rows: MatRef<'_>,
    options: &RecordOptions,
    budget: f64,
) -> Release<RecordEllipsoid, PrivacyProfile<A>> {
    let private = PrivateRows::new(adjacency, rows);
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    private_ellipsoid(private, options, epsilon(budget), delta(), &mut rng).unwrap()
}

/// Uniform rows in a sheared box with columns in units from 1 to 10⁶.
fn sheared(n: usize, d: usize) -> Mat {
    let mut uniform = Uniform::new(3);
    let mut rows = Mat::from_fn(n, d, |_, _| uniform.next());
    for i in 0..n {
        for j in (1..d).rev() {
            let before = rows[(i, j - 1)];
            let unit = 10.0_f64.powf(6.0 * j as f64 / d as f64);
            rows.row_mut(i)[j] = unit * (0.1 * rows[(i, j)] + before);
        }
    }
    rows
}

fn uncovered(ellipsoid: &RecordEllipsoid, rows: &Mat) -> usize {
    rows.rows().filter(|row| ellipsoid.score(row).unwrap() > 1.0).count()
}

#[test]
fn leaves_the_stated_share_outside_whatever_the_units() {
    let rows = sheared(20_000, 4);
    let replaced = released(ReplaceRow, rows.as_ref(), &options(4), 1.0);
    let added = released(AddRemoveRow, rows.as_ref(), &options(4), 1.0);
    for ellipsoid in [replaced.value(), added.value()] {
        // ranks are off by more than this once in 10⁹; 40 rows for those in the outermost cell, a share of 2⁻¹⁰·d at most
        let allowed = ellipsoid.rank_error(FailureProbability::new(1e-9).unwrap()) + 80.0;
        let outside = uncovered(ellipsoid, &rows) as f64;
        assert!((outside - 1000.0).abs() <= allowed, "{outside} {allowed}");
    }
}

#[test]
fn is_nearly_as_small_as_with_a_hundred_times_the_budget() {
    let rows = sheared(20_000, 4);
    for target in [RecordTarget::Covariance, RecordTarget::Lewis { order: 4 }] {
        let options = options(4).with_target(target).unwrap();
        let volume = |budget| released(AddRemoveRow, rows.as_ref(), &options, budget).value().log_volume();
        // noise of the last rounds: some √(2d)·c·13/n = 2 % of each axis, and its square of the volume
        assert!((volume(1.0) - volume(100.0)).abs() < 4.0 * 0.02, "{target:?}");
    }
}

#[test]
fn the_certificate_has_the_profile_of_the_plan_and_meets_the_budget() {
    let rows = sheared(500, 3);
    let options = options(3).with_target(RecordTarget::Lewis { order: 6 }).unwrap();
    let mechanism = RecordMechanism::calibrate(&options, ReplaceRow, epsilon(0.7), delta()).unwrap();
    let release = released(ReplaceRow, rows.as_ref(), &options, 0.7);
    let certificate = release.certificate();
    assert!(certificate.guarantee().epsilon(delta()) <= 0.7);
    assert_eq!(certificate.guarantee().delta(0.5), mechanism.profile().delta(0.5));
    assert_eq!(certificate.arithmetic(), ArithmeticModel::ExactLattice);
    assert_eq!(certificate.parameters()["order"], "6");
    assert_eq!(mechanism.noise_multipliers().len(), 9);
}

#[test]
fn replaced_rows_cost_more_noise() {
    let noise = |replace: bool| {
        if replace {
            RecordMechanism::calibrate(&options(5), ReplaceRow, epsilon(1.0), delta())
                .unwrap()
                .noise_multipliers()
        } else {
            RecordMechanism::calibrate(&options(5), AddRemoveRow, epsilon(1.0), delta())
                .unwrap()
                .noise_multipliers()
        }
    };
    for (replaced, added) in noise(true).into_iter().zip(noise(false)) {
        // √2, up to the search for the least noise
        assert!((replaced / added / 2.0_f64.sqrt() - 1.0).abs() < 1e-5);
    }
}

#[test]
fn order_blocks_and_threads_change_no_bit() {
    let rows = sheared(5000, 3);
    let reversed = Mat::from_fn(5000, 3, |i, j| rows[(4999 - i, j)]);
    let sequential = released(AddRemoveRow, rows.as_ref(), &options(3), 0.5);
    assert_eq!(released(AddRemoveRow, reversed.as_ref(), &options(3), 0.5), sequential);
    let threads = options(3).with_parallelism(Parallelism::threads(3));
    assert_eq!(released(AddRemoveRow, rows.as_ref(), &threads, 0.5), sequential);
    let blocks = [0..17, 17..17, 17..4000, 4000..5000];
    let streamed = StreamedRows::new(3, || {
        blocks.clone().into_iter().map(|block| Ok(rows.as_ref().subrows(block).to_owned()))
    });
    let private = PrivateRows::new(AddRemoveRow, streamed);
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    assert_eq!(private_ellipsoid(private, &threads, epsilon(0.5), delta(), &mut rng).unwrap(), sequential);
}

#[test]
fn no_data_are_too_bad_for_a_result() {
    let mut constant = sheared(300, 3);
    (0..300).for_each(|i| constant.row_mut(i)[1] = 4.0);
    let mut bad = sheared(300, 3);
    for (i, x) in [f64::NAN, f64::INFINITY, -f64::INFINITY, f64::MAX, 1e300, 5e-324].into_iter().enumerate() {
        bad.row_mut(i)[i % 3] = x;
    }
    let cases = [
        Mat::zeros(0, 3),
        Mat::zeros(1000, 3),
        sheared(2, 3),
        constant,
        bad,
        Mat::filled(100, 3, f64::NAN),
        Mat::filled(100, 3, f64::MAX),
        Mat::filled(100, 3, 5e-324),
    ];
    for (case, rows) in cases.iter().enumerate() {
        for budget in [0.1, 50.0] {
            let release = released(AddRemoveRow, rows.as_ref(), &options(3), budget);
            let root = release.value().ellipsoid().root();
            assert!((0..3).all(|i| root[(i, i)] > 0.0), "{case}");
            assert!(root.rows().flatten().all(|x| x.is_finite()), "{case}");
        }
    }
}

#[test]
fn bad_rows_count_as_uncovered() {
    let mut rows = sheared(20_000, 2);
    (0..400).for_each(|i| rows.row_mut(i)[0] = f64::NAN);
    let release = released(ReplaceRow, rows.as_ref(), &options(2).with_uncovered(0.03).unwrap(), 2.0);
    let ellipsoid = release.value();
    let finite = Mat::from_fn(19_600, 2, |i, j| rows[(i + 400, j)]);
    let outside = uncovered(ellipsoid, &finite) as f64;
    // 600 less those 400
    let allowed = ellipsoid.rank_error(FailureProbability::new(1e-9).unwrap()) + 40.0;
    assert!((outside - 200.0).abs() <= allowed, "{outside} {allowed}");
}

#[test]
fn a_public_scale_needs_no_histogram() {
    let rows = sheared(20_000, 1);
    let options = options(1).with_scale(RecordScale::Public(1.0)).unwrap();
    let release = released(AddRemoveRow, rows.as_ref(), &options, 1.0);
    assert!((release.value().noisy_rows() - 20_000.0).abs() < 1000.0);
    // uniform on [−1, 1]: 95 % are within 0.95; ranks are off by some 20
    assert!((release.value().log_volume() - 0.95_f64.ln()).abs() < 0.02);
}

#[test]
fn weights_of_the_design_rise_to_one() {
    let rows = sheared(20_000, 2);
    let options = options(2).with_target(RecordTarget::Lewis { order: 8 }).unwrap();
    let options = options.with_refining_rounds(20).unwrap();
    let release = released(AddRemoveRow, rows.as_ref(), &options, 50.0);
    let weights: Vec<f64> = rows.rows().map(|row| release.value().design_weight(row).unwrap()).collect();
    let mean = weights.iter().sum::<f64>() / 20_000.0;
    // the trace of the fixed point: a mean of 1/clip; noise of 2·√4·c·m/n is below 0.001, rounds leave a factor of some ¾ to the 20th
    assert!(weights.iter().all(|w| (0.0..=1.0).contains(w)) && (mean - 0.5).abs() < 0.01, "{mean}");
    assert_eq!(release.value().design_weight(&[0.0, 0.0]), Ok(0.0));
}

#[test]
fn refuses_public_parameters_out_of_range() {
    let parameter = |result: Result<RecordOptions, Error>| match result {
        Err(Error::RecordParameter { parameter, .. }) => Some(parameter),
        _ => None,
    };
    let base = options(3);
    assert_eq!(parameter(RecordOptions::new(0)), Some(RecordParameter::Dimension));
    assert_eq!(parameter(base.with_clip(1.0)), Some(RecordParameter::Clip));
    assert_eq!(parameter(base.with_clip(f64::NAN)), Some(RecordParameter::Clip));
    assert_eq!(
        parameter(base.with_target(RecordTarget::Lewis { order: 3 })),
        Some(RecordParameter::LewisOrder)
    );
    assert_eq!(parameter(base.with_refining_rounds(0)), Some(RecordParameter::RefiningRounds));
    assert_eq!(parameter(base.with_whitening_rounds(41)), Some(RecordParameter::WhiteningRounds));
    assert_eq!(parameter(base.with_uncovered(1.0)), Some(RecordParameter::Uncovered));
    assert_eq!(parameter(base.with_quantile_share(0.0)), Some(RecordParameter::QuantileShare));
    assert_eq!(parameter(base.with_scale(RecordScale::Public(0.0))), Some(RecordParameter::PublicScale));
    let rows = Mat::zeros(10, 4);
    let private = PrivateRows::new(AddRemoveRow, rows.as_ref());
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let refused = private_ellipsoid(private, &base, epsilon(1.0), delta(), &mut rng);
    assert_eq!(refused.unwrap_err(), Error::Length { expected: 3, found: 4 });
}

fn squared_norm(z: &[f64]) -> f64 {
    z.iter().map(|z| z * z).sum()
}

proptest! {
    #[test]
    fn integers_of_any_row_are_in_the_ball(
        row in proptest::collection::vec(any::<f64>(), 4),
        entries in proptest::collection::vec(-3.0..3.0_f64, 16),
        order in 1_u32..8, clip in 0.1..100.0_f64
    ) {
        let root = Mat::from_vec(4, 4, entries).unwrap();
        let encoder = RoundEncoder::new(root.as_ref(), clip, 2 * order).unwrap();
        let mut z = [f64::NAN; 4];
        encoder.encode(&row, &mut z).unwrap();
        let radius = f64::from(RoundEncoder::RADIUS);
        // sums of four squares below 2³² are exact
        prop_assert!(z.iter().all(|z| z.fract() == 0.0) && squared_norm(&z) <= radius * radius);
        prop_assert!(row.iter().all(|a| a.is_finite()) || z == [0.0; 4]);
    }

    #[test]
    fn integers_are_what_the_formula_says(
        row in proptest::collection::vec(-10.0..10.0_f64, 3), order in 1_u32..5, exponent in -60..60_i32
    ) {
        let root = Mat::from_vec(3, 3, vec![0.5, 0.0, 0.0, 0.1, 2.0, 0.0, -0.3, 0.7, 1.0]).unwrap();
        // the same row in another unit, with a root to match: the same integers
        let unit = 2.0_f64.powi(exponent);
        let scaled: Vec<f64> = row.iter().map(|a| a * unit).collect();
        let inverse = Mat::from_fn(3, 3, |i, j| root[(i, j)] / unit);
        let integers = |root: &Mat, row: &[f64]| {
            let mut z = vec![0.0; 3];
            RoundEncoder::new(root.as_ref(), 6.0, 2 * order).unwrap().encode(row, &mut z).unwrap();
            z
        };
        let z = integers(&root, &row);
        prop_assert_eq!(&integers(&inverse, &scaled), &z);
        let y: Vec<f64> = (0..3).map(|k| (0..3).map(|j| row[j] * root[(j, k)]).sum()).collect();
        let square = squared_norm(&y);
        let u = (square / 6.0).min(1.0);
        let gain = if square > 0.0 { 32_768.0 * u.powf(0.5 * f64::from(order)) / square.sqrt() } else { 0.0 };
        for (z, y) in z.iter().zip(&y) {
            // toward zero, by less than a step; one more part in 10⁹ for the radius that is kept below R
            prop_assert!((y * gain - z).abs() <= 1.0 + 1e-4 && z.abs() <= (y * gain).abs() + 1e-4);
        }
    }
}
