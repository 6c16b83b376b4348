use crate::{Uniform, forms};
use dp_linalg::{Mat, Parallelism, matmul};
use john_ellipsoid_dp::{
    Error, JohnEllipsoid, JohnOptions, Status, SupportRow, john_ellipsoid, john_ellipsoid_from,
};
use proptest::prelude::*;

const GAP: f64 = 1e-8;

fn solve(rows: &Mat) -> JohnEllipsoid {
    let options = JohnOptions::default().with_gap(GAP).unwrap();
    let john = john_ellipsoid(rows.as_ref(), &options).unwrap();
    assert_eq!(john.status(), Status::Solved, "{:?}", john.certificate());
    john
}

/// Both are within `dξ` of the optimal `ln det M`, from below.
fn tolerance(d: usize) -> f64 {
    d as f64 * GAP + 1e-10
}

#[test]
fn linear_maps_move_the_log_determinant_by_their_own() {
    let rows = Uniform::new(1).rows(500, 4);
    let map = Mat::from_vec(
        4,
        4,
        vec![2.0, 0.3, 0.0, 1.0, 0.0, 1.5, -4.0, 0.0, 0.0, 0.0, 0.5, 9.0, 0.0, 0.0, 0.0, 3.0],
    )
    .unwrap();
    let mapped = matmul(rows.as_ref(), map.as_ref(), Parallelism::Sequential).unwrap();
    let log_det_map = (2.0_f64 * 1.5 * 0.5 * 3.0).ln();
    let moved = solve(&mapped).log_det() - solve(&rows).log_det();
    assert!((moved - 2.0 * log_det_map).abs() < tolerance(4));
}

#[test]
fn units_of_columns_do_not_matter_even_at_extremes() {
    let rows = Uniform::new(2).rows(800, 5);
    let reference = solve(&rows);
    for units in [[1e8, 1e-8, 1.0, 1e8, 1e-8], [1e-8; 5], [1e8; 5], [1e60, 1e-60, 1e100, 1.0, 1e-100]] {
        let scaled = Mat::from_fn(800, 5, |i, j| rows[(i, j)] * units[j]);
        let log_units: f64 = units.iter().map(|unit: &f64| unit.ln()).sum();
        let john = solve(&scaled);
        assert!(
            (john.log_det() - reference.log_det() - 2.0 * log_units).abs() < tolerance(5) + 1e-9,
            "{units:?}"
        );
    }
}

#[test]
fn tiny_columns_are_solved_in_any_order_of_columns() {
    let rows = Uniform::new(9).rows(700, 3);
    let reference = solve(&rows);
    for tiny in [1e-150, 1e-160, 1e-200, 1e-280, 1e-290] {
        for units in [[tiny, 1.0, 1e100], [1.0, tiny, 1e100], [1e100, 1.0, tiny], [tiny; 3]] {
            let scaled = Mat::from_fn(700, 3, |i, j| rows[(i, j)] * units[j]);
            let log_units: f64 = units.iter().map(|unit: &f64| unit.ln()).sum();
            let john = solve(&scaled);
            let off = john.log_det() - reference.log_det() - 2.0 * log_units;
            assert!(off.abs() < tolerance(3) + 1e-9, "{units:?} {off}");
            assert_eq!(john.passes(), reference.passes(), "{units:?}");
        }
    }
    // the rows of the least such problem
    for corners in [[1e-160, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 1e-160]] {
        let john = solve(&Mat::from_vec(2, 2, corners.to_vec()).unwrap());
        assert!((john.log_det() - 2.0 * 1e-160_f64.ln()).abs() < tolerance(2) + 1e-9);
    }
}

#[test]
fn a_condition_number_of_1e8_after_mixing_is_certified_to_1e_6() {
    let mut random = Uniform::new(3);
    let rows = random.rows(2000, 6);
    let mixed = Mat::from_fn(6, 6, |i, j| {
        10.0_f64.powf(-8.0 * i as f64 / 5.0) * (((i * 6 + j) as f64).sin() + f64::from(u8::from(i == j)))
    });
    let hard = matmul(rows.as_ref(), mixed.as_ref(), Parallelism::Sequential).unwrap();
    let john = john_ellipsoid(hard.as_ref(), &JohnOptions::default()).unwrap();
    assert_eq!(john.status(), Status::Solved, "{:?}", john.certificate());
    assert!(forms(&hard, &john).iter().all(|&g| g <= 1.0 + john.certificate().gap()));
}

#[test]
fn the_order_of_rows_and_copies_of_them_do_not_matter() {
    let rows = Uniform::new(5).rows(300, 3);
    let reference = solve(&rows).log_det();
    let reversed = Mat::from_fn(300, 3, |i, j| rows[(299 - i, j)]);
    let twice = Mat::from_fn(900, 3, |i, j| rows[(i / 3, j)] * if i % 3 == 1 { -1.0 } else { 1.0 });
    for other in [reversed, twice] {
        assert!((solve(&other).log_det() - reference).abs() < tolerance(3));
    }
}

#[test]
fn threads_do_not_change_what_is_certified() {
    let rows = Uniform::new(6).rows(20_000, 4);
    let options = JohnOptions::default().with_parallelism(Parallelism::threads(3));
    let john = john_ellipsoid(rows.as_ref(), &options).unwrap();
    assert!((john.log_det() - solve(&rows).log_det()).abs() < 4e-6 + tolerance(4));
}

#[test]
fn a_good_start_saves_passes() {
    let rows = Uniform::new(7).rows(5000, 6);
    let options = JohnOptions::default();
    let cold = john_ellipsoid(rows.as_ref(), &options).unwrap();
    let warm = john_ellipsoid_from(rows.as_ref(), cold.support(), &options, &mut |_| ()).unwrap();
    assert!(warm.passes() < cold.passes(), "{} {}", warm.passes(), cold.passes());
}

#[test]
fn only_ratios_of_starting_weights_matter_and_no_start_is_refused() {
    let rows = Uniform::new(8).rows(3000, 4);
    let options = JohnOptions::default();
    let cold = john_ellipsoid(rows.as_ref(), &options).unwrap();
    let mut passes = Vec::new();
    for scale in [1.0, 1e-300, 1e18, 1e307] {
        let start: Vec<SupportRow> =
            cold.support().iter().map(|s| SupportRow { weight: s.weight * scale, ..*s }).collect();
        let warm = john_ellipsoid_from(rows.as_ref(), &start, &options, &mut |_| ()).unwrap();
        assert_eq!(warm.status(), Status::Solved, "{scale}");
        passes.push(warm.passes());
    }
    assert!(passes[0] < cold.passes() && passes.iter().all(|&p| p == passes[0]), "{passes:?}");
    // one direction of four has all the weight, or weights that are none
    for weight in [1e300, f64::MAX, f64::INFINITY, f64::NAN, -1.0, 0.0, f64::from_bits(1)] {
        for rows_named in [&[7][..], &[7, 8, 9, 10, 11], &[9999]] {
            let start: Vec<SupportRow> = rows_named.iter().map(|&row| SupportRow { row, weight }).collect();
            let found = john_ellipsoid_from(rows.as_ref(), &start, &options, &mut |_| ()).unwrap();
            assert_eq!(found.status(), Status::Solved, "{weight} {rows_named:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Ties, copies, opposite rows and zeros: optima with many choices of weights, or none at all.
    #[test]
    fn rows_of_small_integers_are_solved_or_degenerate(seed in 0_u64..1_000_000, d in 1_usize..7, n in 1_usize..120) {
        let mut random = Uniform::new(seed);
        let rows = Mat::from_fn(n, d, |_, _| (1.5 * random.next()).round());
        match john_ellipsoid(rows.as_ref(), &JohnOptions::default()) {
            Ok(john) => {
                prop_assert_eq!(john.status(), Status::Solved, "{:?}", john.certificate());
                prop_assert!(forms(&rows, &john).iter().all(|&g| g <= 1.0 + john.certificate().gap()));
            }
            Err(Error::Degenerate(span)) => {
                let rank = dp_linalg::Qr::new(rows.as_ref()).unwrap().rank();
                prop_assert_eq!(span.rank(), rank);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }

    /// The certificate by brute force: gap, sum of weights, complementarity.
    #[test]
    fn certificates_hold_for_any_rows(seed in 0_u64..1_000_000, d in 1_usize..7, extra in 0_usize..60) {
        let rows = Uniform::new(seed).rows(d + extra, d);
        let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap();
        let gap = john.certificate().gap();
        let largest = forms(&rows, &john).into_iter().fold(0.0, f64::max);
        prop_assert!(john.status() == Status::Solved && gap <= 1e-6);
        // both are computed with twice the working precision, the certificate rounds up by some units of 1e-16
        prop_assert!(largest <= 1.0 + gap + 1e-15 && largest >= 1.0 + gap - 1e-12, "{} {}", largest, gap);
        prop_assert!((john.weights().iter().sum::<f64>() - d as f64).abs() < 1e-12 * d as f64);
        for kept in john.support() {
            // Σ wᵢ(1 + ξ − gᵢ) = dξ, so that each term is at most that
            let slack = 1.0 + gap - john.leverage(rows.row(kept.row)).unwrap();
            prop_assert!(kept.weight * slack <= d as f64 * (gap + 1e-12));
        }
    }
}
