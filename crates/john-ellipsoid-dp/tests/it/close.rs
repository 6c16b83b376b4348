use crate::Uniform;
use dp_linalg::{Mat, SymmetricEigen};
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::{Delta, Epsilon, FailureProbability, PerturbRow, ReplaceRow};
use john_ellipsoid_dp::private::PrivateRows;
use john_ellipsoid_dp::private::close::{
    CloseOptions, SmoothedJohn, release_rows, release_stable, row_statistic, rows_mechanism, smoothed_change,
    smoothed_john, stable_bound, stable_covariance, stable_mechanism,
};
use john_ellipsoid_dp::{Error, JohnOptions, Parameter, john_ellipsoid};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fn close(radius: f64) -> PerturbRow {
    PerturbRow::new(radius).unwrap()
}

fn budget() -> (Epsilon, Delta) {
    (Epsilon::new(1.0).unwrap(), Delta::new(1e-6).unwrap())
}

fn integers(rows: &Mat) -> Vec<i64> {
    let options = CloseOptions::new(rows.nrows(), rows.ncols(), 1.0).unwrap();
    row_statistic(PrivateRows::new(close(0.01), rows.as_ref()), &options).unwrap().assume_public()
}

#[test]
fn integers_of_a_row_depend_on_no_other_row() {
    let rows = Uniform::new(1).rows(40, 3);
    let whole = integers(&rows);
    for (row, integers_of) in rows.rows().zip(whole.chunks(3)) {
        assert_eq!(integers(&Mat::from_vec(1, 3, row.to_vec()).unwrap()), integers_of);
    }
}

#[test]
fn rows_that_are_not_finite_become_zero_and_long_ones_are_scaled_back() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(integers(&Mat::from_vec(1, 2, vec![bad, 0.5]).unwrap()), [0, 0]);
    }
    let long = integers(&Mat::from_vec(2, 2, vec![3e300, 4e300, 0.6, 0.8]).unwrap());
    assert_eq!(long[..2], long[2..]);
    // a zero row and a duplicate are rows like others
    assert_eq!(integers(&Mat::zeros(2, 2)), [0; 4]);
}

#[test]
fn whatever_the_rows_are_both_releases_give_an_ellipsoid() {
    let (epsilon, delta) = budget();
    let options = CloseOptions::new(4, 3, 1.0).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let beta = FailureProbability::new(0.01).unwrap();
    let inputs = [
        vec![0.0; 12],
        vec![f64::NAN; 12],
        vec![1e300; 12],
        vec![5e-324; 12],
        [1.0, 0.0, 0.0].repeat(4),
        [vec![f64::INFINITY; 3], vec![-1e300; 3], vec![0.1; 6]].concat(),
    ];
    for entries in inputs {
        let rows = Mat::from_vec(4, 3, entries).unwrap();
        let private = || PrivateRows::new(close(1e-4), rows.as_ref());
        let noisy = release_rows(private(), &options, epsilon, delta, &mut rng).unwrap();
        let around = noisy.value().enclosing_ellipsoid(&JohnOptions::default(), beta).unwrap();
        assert!(around.log_volume().is_finite());
        let stable = release_stable(private(), &options, epsilon, delta, &mut rng).unwrap();
        assert!(stable.value().enclosing_ellipsoid(beta).unwrap().log_volume().is_finite());
    }
}

#[test]
fn fewer_rows_than_dimensions_are_enough() {
    let (epsilon, delta) = budget();
    let rows = Mat::from_vec(1, 3, vec![0.5, 0.0, 0.0]).unwrap();
    let options = CloseOptions::new(1, 3, 1.0).unwrap();
    let private = PrivateRows::new(close(1e-4), rows.as_ref());
    let stable =
        release_stable(private, &options, epsilon, delta, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
    let m = stable.value().matrix();
    // a floor of 0.1 across, the row along: draws are off by a few √(2/k) = 0.5 %
    assert!((m[(1, 1)] / 0.01 - 1.0).abs() < 0.1 && (m[(0, 0)] / 0.25 - 1.0).abs() < 0.2);
}

#[test]
fn another_shape_than_announced_and_parameters_out_of_range_are_refused() {
    let rows = Mat::zeros(3, 2);
    let private = || PrivateRows::new(close(0.01), rows.as_ref());
    for (n, d) in [(4, 2), (3, 3)] {
        let options = CloseOptions::new(n, d, 1.0).unwrap();
        assert!(matches!(row_statistic(private(), &options), Err(Error::Length { .. })));
        assert!(matches!(stable_covariance(private(), &options), Err(Error::Length { .. })));
    }
    assert_eq!(CloseOptions::new(3, 0, 1.0), Err(Error::NoColumns));
    assert_eq!(CloseOptions::new(0, 3, 1.0), Err(Error::Length { expected: 1, found: 0 }));
    let options = CloseOptions::new(3, 2, 1.0).unwrap();
    for floor in [0.0, -1.0, 2.0, f64::NAN] {
        assert!(matches!(
            options.with_floor(floor),
            Err(Error::OutOfRange { parameter: Parameter::Floor, .. })
        ));
    }
    for exponent in [0, 2, 5, 1002] {
        let refused = options.with_exponent(exponent);
        assert!(matches!(refused, Err(Error::OutOfRange { parameter: Parameter::Exponent, .. })));
    }
}

#[test]
fn what_cannot_be_released_is_refused_before_any_row_is_looked_at() {
    let (epsilon, delta) = budget();
    let options = CloseOptions::new(10, 2, 1.0).unwrap();
    // moves by a fifth of the floor: one draw is too many
    let refused = stable_mechanism(close(0.02), &options, Epsilon::new(0.01).unwrap(), delta);
    let infeasible =
        |error: &Error| matches!(error, Error::Mechanism(dp_mechanisms::Error::Infeasible { .. }));
    assert!(refused.is_err_and(|error| infeasible(&error)));
    // by more than a quarter of it, or by so little that rounding might decide
    for radius in [0.03, 1e-14] {
        let refused = stable_bound(close(radius), &options).unwrap_err();
        assert!(matches!(refused, Error::OutOfRange { parameter: Parameter::RelativeMove, .. }), "{radius}");
    }
    assert!(rows_mechanism(ReplaceRow, &options, epsilon, delta).is_ok());
    assert!(rows_mechanism(close(1e-14), &options, epsilon, delta).is_ok());
}

#[test]
fn draws_are_limited_and_too_few_enclose_nothing() {
    let (epsilon, delta) = budget();
    let options = CloseOptions::new(2, 2, 1.0).unwrap().with_max_draws(Draws::new(1).unwrap());
    let rows = Mat::identity(2);
    let private = PrivateRows::new(close(1e-4), rows.as_ref());
    let stable =
        release_stable(private, &options, epsilon, delta, &mut ChaCha20Rng::seed_from_u64(2)).unwrap();
    let few = Error::FewDraws { draws: 1, dim: 2 };
    assert_eq!(stable.value().ellipsoid().unwrap_err(), few);
    assert_eq!(stable.value().enclosing_ellipsoid(FailureProbability::new(0.5).unwrap()).unwrap_err(), few);
}

#[test]
fn certificates_name_adjacency_arithmetic_and_what_was_chosen() {
    let (epsilon, delta) = budget();
    let rows = Mat::identity(2);
    let options = CloseOptions::new(2, 2, 1.0).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let whole = release_rows(PrivateRows::new(ReplaceRow, rows.as_ref()), &options, epsilon, delta, &mut rng);
    let text = format!("{:?}", whole.unwrap().certificate());
    assert!(text.contains("ExactLattice") && text.contains("row_radius"));
    let stable =
        release_stable(PrivateRows::new(close(1e-4), rows.as_ref()), &options, epsilon, delta, &mut rng);
    let certificate = stable.unwrap();
    let parameters = certificate.certificate().parameters();
    assert!(["floor", "exponent", "residual", "draws"].iter().all(|key| parameters.contains_key(*key)));
}

#[test]
fn the_smoothed_ellipsoid_goes_to_the_john_ellipsoid() {
    let rows = Uniform::new(7).rows(60, 3);
    let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default().with_gap(1e-9).unwrap()).unwrap();
    for (exponent, floor) in [(100, 0.01), (1000, 0.01)] {
        let options = CloseOptions::new(60, 3, 10.0).unwrap().with_floor(floor).unwrap();
        let smoothed = smoothed_john(rows.as_ref(), &options.with_exponent(exponent).unwrap(), 1e-6).unwrap();
        let log_det = 2.0 * (0..3).map(|i| -smoothed.root()[(i, i)].ln()).sum::<f64>();
        // a gap of (n/d)^{2/p} − 1, and what the ridge adds to a matrix with eigenvalues above 1
        let allowed = 3.0 * 2.0 / f64::from(exponent) * 20.0_f64.ln() + 3.0 * floor * floor;
        assert!(log_det >= john.log_det() - 1e-5 && log_det <= john.log_det() + allowed, "{exponent}");
    }
}

proptest! {
    #[test]
    fn smoothed_ellipsoids_hold_every_row_and_keep_the_floor(
        entries in prop::collection::vec(-1.0_f64..1.0, 24), half in 2_u32..60, log_floor in -2.0_f64..0.0,
    ) {
        let rows = Mat::from_vec(8, 3, entries).unwrap();
        let options = CloseOptions::new(8, 3, 2.0).unwrap().with_floor(10_f64.powf(log_floor)).unwrap();
        let options = options.with_exponent(2 * half).unwrap();
        let smoothed = smoothed_john(rows.as_ref(), &options, 1e-8).unwrap();
        prop_assert!(smoothed.iterations() <= SmoothedJohn::max_iterations(&options, 1e-8));
        let root = smoothed.root();
        for row in rows.rows() {
            let g: f64 = (0..3).map(|j| (0..3).map(|i| row[i] * root[(i, j)]).sum::<f64>().powi(2)).sum();
            prop_assert!(g <= 1.0 + 1e-8);
        }
        for row in root.rows() {
            // a row of T is at most as long as the longest semi-axis, 1/f
            prop_assert!(row.iter().map(|x| x * x).sum::<f64>().sqrt() * options.floor() <= 1.0 + 1e-8);
        }
    }

    #[test]
    fn the_bound_on_the_change_rises_with_every_argument(
        log_move in -9.0_f64..-1.0, half in 3_u32..400, log_residual in -9.0_f64..-2.0,
    ) {
        let (r, residual) = (10_f64.powf(log_move), 10_f64.powf(log_residual));
        let change = smoothed_change(r, 2 * half, residual);
        prop_assert!(change >= smoothed_change(0.9 * r, 2 * half, residual));
        prop_assert!(change >= smoothed_change(r, 2 * half - 2, residual));
        prop_assert!(change >= smoothed_change(r, 2 * half, 0.5 * residual));
        // a row across its own direction moves the matrix by √2 r, to first order
        prop_assert!(change >= 2.0 * r * r);
    }

    #[test]
    fn rows_near_each_other_have_integers_near_each_other(
        row in prop::collection::vec(-2.0_f64..2.0, 3), direction in prop::collection::vec(-1.0_f64..1.0, 3),
    ) {
        let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
        prop_assume!(length > 1e-3);
        let moved: Vec<f64> = row.iter().zip(&direction).map(|(x, u)| x + u / length * 0.01 * (1.0 - 1e-9)).collect();
        let [a, b] = [row, moved].map(|row| integers(&Mat::from_vec(1, 3, row).unwrap()));
        let options = CloseOptions::new(1, 3, 1.0).unwrap();
        let zeros = Mat::zeros(1, 3);
        let statistic = row_statistic(PrivateRows::new(close(0.01), zeros.as_ref()), &options).unwrap();
        let square: u128 = a.iter().zip(&b).map(|(a, b)| u128::from(a.abs_diff(*b)).pow(2)).sum();
        prop_assert!(square <= statistic.sensitivity().square());
    }
}

/// `tr(MM'⁻¹) + tr(M'M⁻¹) − 4` in the plane.
fn jeffreys(a: &Mat, b: &Mat) -> f64 {
    let determinant = |m: &Mat| m[(0, 0)] * m[(1, 1)] - m[(0, 1)] * m[(1, 0)];
    let mixed = a[(0, 0)] * b[(1, 1)] + a[(1, 1)] * b[(0, 0)] - a[(0, 1)] * b[(1, 0)] - a[(1, 0)] * b[(0, 1)];
    mixed / determinant(b) + mixed / determinant(a) - 4.0
}

#[test]
fn rows_on_a_line_are_solved_alike_or_their_floor_is_refused() {
    let mut solved = 0;
    for exponent in [4, 32] {
        for floor in [0.1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-8] {
            let options = CloseOptions::new(100, 2, 1.0).unwrap().with_exponent(exponent).unwrap();
            let (options, adjacency) = (options.with_floor(floor).unwrap(), close(1e-3 * floor));
            let Ok(bound) = stable_bound(adjacency, &options) else { continue };
            let matrix = |rows: &Mat| {
                stable_covariance(PrivateRows::new(adjacency, rows.as_ref()), &options)
                    .unwrap()
                    .assume_public()
            };
            for k in 0..30 {
                let (sin, cos) = (0.05 * f64::from(k)).sin_cos();
                let mut rows = Mat::from_fn(100, 2, |_, j| 0.99 * [cos, sin][j]);
                let before = matrix(&rows);
                (rows[(0, 0)], rows[(0, 1)]) =
                    (0.99 * cos - 9e-4 * floor * sin, 0.99 * sin + 9e-4 * floor * cos);
                // J is computed from determinants: an error of some u/f² beside it
                let slack = 1e-15 / (floor * floor);
                let change = jeffreys(&before, &matrix(&rows));
                assert!(change <= bound.neighbourhood().change() + slack, "{exponent} {floor} {k}: {change}");
                solved += 1;
            }
        }
    }
    assert!(solved >= 60, "{solved}"); // the widest floors are no trouble
}

#[test]
fn an_enclosing_ellipsoid_of_flat_rows_holds_them() {
    for flat in [1e-3, 1e-6, 1e-9] {
        let (sin, cos) = 0.7_f64.sin_cos();
        let rows = Mat::from_fn(400, 2, |i, j| {
            let (x, y) = ((i as f64).cos(), flat * (i as f64).sin());
            [cos * x - sin * y, sin * x + cos * y][j]
        });
        let options = CloseOptions::new(400, 2, 1.1).unwrap();
        let private = PrivateRows::new(close(1e-3 * flat), rows.as_ref());
        let (epsilon, delta) = budget();
        let release =
            release_rows(private, &options, epsilon, delta, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        let failure = FailureProbability::new(1e-6).unwrap();
        let around = release.value().enclosing_ellipsoid(&JohnOptions::default(), failure).unwrap();
        assert!(rows.rows().all(|row| around.score(row).unwrap() <= 1.0), "{flat}");
    }
}

/// Semi-axes do not keep what the volume does: rows at which a row nearly takes the weight of another.
#[test]
fn smoothing_keeps_the_volume_to_ln_n_over_p_an_axis_but_not_each_axis() {
    let (exponent, floor, theta) = (100, 1e-4, 0.1);
    let rows = Mat::from_vec(3, 2, vec![1.0, -theta, 0.0, 1.0, 1.0 - 2.0 * theta * theta, theta]).unwrap();
    let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default().with_gap(1e-9).unwrap()).unwrap();
    let options = CloseOptions::new(3, 2, 2.0).unwrap().with_floor(floor).unwrap();
    let smoothed = smoothed_john(rows.as_ref(), &options.with_exponent(exponent).unwrap(), 1e-6).unwrap();
    let [before, after] = [john.matrix().unwrap(), smoothed.matrix().unwrap()]
        .map(|m| SymmetricEigen::new(m.as_ref()).unwrap().values().to_vec());
    let longer: Vec<f64> = after.iter().zip(&before).map(|(a, b)| 0.5 * (a / b).ln()).collect();
    let bound = |n: f64| n.ln() / f64::from(exponent);
    // residual, gap and floor beside it
    let mean = 0.5 * (longer[0] + longer[1]);
    assert!(mean >= -1e-5 && mean <= bound(1.5) + 1e-5, "{longer:?}");
    let worst = longer.iter().fold(0.0, |worst: f64, x| worst.max(x.abs()));
    assert!((worst - 0.028).abs() < 1e-3 && worst > 2.0 * bound(3.0), "{longer:?}");
}

#[test]
fn rows_that_span_few_directions_are_solved_within_the_proven_number_of_steps() {
    for (exponent, floor) in [(4, 1e-5), (32, 1e-5), (32, 1.0), (200, 1e-3)] {
        let rows = Uniform::new(3).rows(2, 5);
        let options = CloseOptions::new(2, 5, 3.0).unwrap().with_floor(floor).unwrap();
        let options = options.with_exponent(exponent).unwrap();
        let smoothed = smoothed_john(rows.as_ref(), &options, 1e-3).unwrap();
        // fewer than the limit: the residual was reached
        assert!(smoothed.iterations() < SmoothedJohn::max_iterations(&options, 1e-3), "{exponent} {floor}");
        let across = SymmetricEigen::new(smoothed.matrix().unwrap().as_ref()).unwrap().values()[0];
        // the square of the floor, up to the residual and the rounding of M
        assert!((across / floor / floor - 1.0).abs() < 2e-3, "{exponent} {floor}: {across}");
    }
}
