//! Whatever entries are, a private release ends in the same way: success and every field of an error depend on shapes and public
//! parameters alone, and what is released can be used.

use crate::Uniform;
use dp_linalg::Mat;
use dp_mechanisms::selection::QuantileAdjacency;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, PerturbRow, ReplaceRow};
use john_ellipsoid_dp::private::close::{
    CloseOptions, release_rows, release_stable, release_stable_with, stable_mechanism,
};
use john_ellipsoid_dp::private::{
    PrivateRows, RecordMechanism, RecordOptions, RecordTarget, ReleasedEllipsoid, WeightOptions,
    noisy_weights, private_ellipsoid,
};
use john_ellipsoid_dp::{Error, JohnOptions};
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

const SHAPE: (usize, usize) = (40, 3);

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(5)
}

fn budget() -> (Epsilon, Delta) {
    (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap())
}

/// Matrices of one shape with everything that may go wrong in entries.
fn hostile((n, d): (usize, usize)) -> Vec<(&'static str, Mat)> {
    let good = Uniform::new(1).rows(n, d);
    let one_row = |value: f64| Mat::from_fn(n, d, |i, j| if i == 7 { value } else { good[(i, j)] });
    vec![
        ("zeros", Mat::zeros(n, d)),
        ("negative zeros", Mat::filled(n, d, -0.0)),
        ("all NaN", Mat::filled(n, d, f64::NAN)),
        ("one row NaN", one_row(f64::NAN)),
        ("one row infinite", one_row(f64::INFINITY)),
        ("one row 1e300", one_row(1e300)),
        (
            "all of the largest size",
            Mat::from_fn(n, d, |i, j| if (i + j) % 2 == 0 { f64::MAX } else { -f64::MAX }),
        ),
        ("subnormal", Mat::from_fn(n, d, |i, _| 5e-324 * i as f64)),
        ("all rows alike", Mat::from_fn(n, d, |_, j| j as f64 + 1.0)),
        ("one column constant", Mat::from_fn(n, d, |i, j| if j == 0 { 1.0 } else { good[(i, j)] })),
        ("one column zero", Mat::from_fn(n, d, |i, j| if j == 0 { 0.0 } else { good[(i, j)] })),
        ("units from 1e-200 to 1e200", Mat::from_fn(n, d, |i, j| good[(i, j)] * [1e-200, 1.0, 1e200][j % 3])),
        ("good", good),
    ]
}

fn usable(ellipsoid: &ReleasedEllipsoid) {
    let diagonal = (0..ellipsoid.dim()).map(|i| ellipsoid.root()[(i, i)]);
    assert!(diagonal.clone().all(|x| x > 0.0 && x.is_finite()), "{:?}", diagonal.collect::<Vec<_>>());
    assert!(ellipsoid.log_volume().is_finite());
}

/// A mechanism is calibrated once: that takes longer than any release here.
fn releases_all<A: QuantileAdjacency>(adjacency: A, options: &RecordOptions) {
    let (epsilon, delta) = budget();
    let mechanism = RecordMechanism::calibrate(options, adjacency, epsilon, delta).unwrap();
    for (name, rows) in hostile(SHAPE) {
        let release = mechanism.release(PrivateRows::new(adjacency, rows.as_ref()), &mut rng());
        usable(release.expect(name).value().ellipsoid());
    }
}

#[test]
fn a_record_level_release_succeeds_on_any_entries() {
    for target in [RecordTarget::Covariance, RecordTarget::Lewis { order: 8 }] {
        let options = RecordOptions::new(SHAPE.1).unwrap().with_target(target).unwrap();
        releases_all(AddRemoveRow, &options);
        releases_all(ReplaceRow, &options);
    }
}

#[test]
fn no_rows_at_all_have_a_record_level_ellipsoid() {
    let (epsilon, delta) = budget();
    let rows = Mat::zeros(0, 3);
    let private = PrivateRows::new(AddRemoveRow, rows.as_ref());
    let release = private_ellipsoid(private, &RecordOptions::new(3).unwrap(), epsilon, delta, &mut rng());
    usable(release.unwrap().value().ellipsoid());
}

#[test]
fn record_level_rows_of_another_dimension_are_refused() {
    let (epsilon, delta) = budget();
    let rows = Mat::zeros(5, 2);
    let private = PrivateRows::new(AddRemoveRow, rows.as_ref());
    let refused = private_ellipsoid(private, &RecordOptions::new(3).unwrap(), epsilon, delta, &mut rng());
    assert_eq!(refused.unwrap_err(), Error::Length { expected: 3, found: 2 });
}

#[test]
fn noise_on_rows_succeeds_on_any_entries_and_has_an_ellipsoid() {
    let ((epsilon, delta), (n, d)) = (budget(), SHAPE);
    let options = CloseOptions::new(n, d, 2.0).unwrap();
    for (name, rows) in hostile(SHAPE) {
        let close = PrivateRows::new(PerturbRow::new(1e-3).unwrap(), rows.as_ref());
        let release = release_rows(close, &options, epsilon, delta, &mut rng()).expect(name);
        let failure = FailureProbability::new(1e-6).unwrap();
        usable(&release.value().enclosing_ellipsoid(&JohnOptions::default(), failure).expect(name));
        let replaced = PrivateRows::new(ReplaceRow, rows.as_ref());
        let release = release_rows(replaced, &options, epsilon, delta, &mut rng()).expect(name);
        usable(&release.value().enclosing_ellipsoid(&JohnOptions::default(), failure).expect(name));
    }
}

#[test]
fn the_stability_release_succeeds_on_any_entries() {
    let ((epsilon, delta), (n, d)) = (budget(), SHAPE);
    let options = CloseOptions::new(n, d, 2.0).unwrap();
    let adjacency = PerturbRow::new(1e-4).unwrap();
    let mechanism = stable_mechanism(adjacency, &options, epsilon, delta).unwrap();
    for (name, rows) in hostile(SHAPE) {
        let close = PrivateRows::new(adjacency, rows.as_ref());
        let release = release_stable_with(close, &options, &mechanism, &mut rng()).expect(name);
        usable(&release.value().enclosing_ellipsoid(FailureProbability::new(1e-6).unwrap()).expect(name));
    }
}

#[test]
fn moves_that_a_stability_release_cannot_serve_are_refused_in_the_same_way_on_any_entries() {
    let ((epsilon, delta), (n, d)) = (budget(), SHAPE);
    let options = CloseOptions::new(n, d, 2.0).unwrap();
    for radius in [1.0, 1e-12] {
        let refusal = |rows: &Mat| {
            let close = PrivateRows::new(PerturbRow::new(radius).unwrap(), rows.as_ref());
            release_stable(close, &options, epsilon, delta, &mut rng()).unwrap_err()
        };
        let reference = refusal(&Mat::zeros(n, d));
        assert!(matches!(reference, Error::OutOfRange { .. }), "{reference}");
        for (name, rows) in hostile(SHAPE) {
            assert_eq!(refusal(&rows), reference, "{name}, {radius}");
        }
    }
}

#[test]
fn noisy_weights_end_in_the_same_way_on_any_entries() {
    let (epsilon, delta) = budget();
    for move_by in [1e-3, 10.0] {
        let end = |rows: &Mat| {
            let options = WeightOptions::new(epsilon, delta, 2.0)?;
            let close = PrivateRows::new(PerturbRow::new(move_by).unwrap(), rows.as_ref());
            let weights = noisy_weights(close, &options, &mut rng())?.value().weights();
            let sum: f64 = weights.iter().sum();
            // forty numbers that are normalised to sum 3
            assert!((sum - 3.0).abs() < 1e-12 && weights.iter().all(|w| *w >= 0.0));
            Ok::<(), Error>(())
        };
        let reference = end(&Mat::zeros(SHAPE.0, SHAPE.1));
        for (name, rows) in hostile(SHAPE) {
            assert_eq!(end(&rows), reference, "{name}, {move_by}");
        }
    }
}

#[test]
fn another_shape_than_announced_is_refused_before_anything_else() {
    let (epsilon, delta) = budget();
    let options = CloseOptions::new(50, 3, 1.0).unwrap();
    let rows = Mat::filled(40, 3, f64::NAN);
    let close = || PrivateRows::new(PerturbRow::new(1e-3).unwrap(), rows.as_ref());
    let expected = Error::Length { expected: 50, found: 40 };
    assert_eq!(release_rows(close(), &options, epsilon, delta, &mut rng()).unwrap_err(), expected);
    assert_eq!(release_stable(close(), &options, epsilon, delta, &mut rng()).unwrap_err(), expected);
}
