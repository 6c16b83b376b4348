//! Optima with very many rows that touch: nothing to choose from, everything to stall on. Their determinants are known.

use crate::{Uniform, forms};
use dp_linalg::Mat;
use john_ellipsoid_dp::{JohnOptions, Status, john_ellipsoid};

fn is_solved(rows: &Mat, log_det: f64) {
    let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap();
    assert_eq!(john.status(), Status::Solved, "{:?}", john.certificate());
    assert!(john.passes() <= 12, "{}", john.passes());
    let d = rows.ncols() as f64;
    // ln det M is at most dξ below the optimum, and never above but for rounding
    let below = log_det - john.log_det();
    assert!((-1e-12 * d..=d * john.certificate().gap() + 1e-12 * d).contains(&below), "{below}");
    assert!(forms(rows, &john).iter().all(|&g| g <= 1.0 + john.certificate().gap()));
}

#[test]
fn points_on_a_sphere_all_touch() {
    let mut rows = Uniform::new(1).rows(20_000, 6);
    for i in 0..20_000 {
        let norm = rows.row(i).iter().map(|x| x * x).sum::<f64>().sqrt();
        rows.row_mut(i).iter_mut().for_each(|x| *x /= norm);
    }
    // tr M = Σ wᵢ = d, so that det M ≤ 1; M = I is a combination of so many rows
    is_solved(&rows, 0.0);
}

#[test]
fn corners_of_a_cube_among_lattice_points_all_touch_and_each_is_there_twice() {
    let digit = |i: usize, j: usize| (i / 3_usize.pow(j as u32) % 3) as f64 - 1.0;
    let rows = Mat::from_fn(2 * 2187, 7, digit); // from 3⁷ on the digits begin again
    // M = dI of equal weights on the corners has g = ‖a‖²/d ≤ 1
    is_solved(&rows, 7.0 * 7.0_f64.ln());
}

#[test]
fn unit_vectors_that_are_there_many_times_share_their_weight() {
    let rows = Mat::from_fn(5000, 5, |i, j| f64::from(u8::from(i % 5 == j)));
    is_solved(&rows, 0.0);
}

#[test]
fn columns_in_the_ratio_of_1e8_and_one_heavy_row_among_many() {
    let mut rows = Uniform::new(2).rows(30_000, 4);
    for i in 0..30_000 {
        rows.row_mut(i).iter_mut().enumerate().for_each(|(j, x)| *x *= [1e4, 1.0, 1e-4, 1.0][j]);
    }
    rows.row_mut(12_345).copy_from_slice(&[1e8, 1e4, 1.0, 1e4]);
    let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap();
    assert_eq!(john.status(), Status::Solved, "{:?}", john.certificate());
    // a row far outside all others is needed for its direction: the leverage wg ≤ 1 is nearly used up
    let heavy = john.support().iter().find(|kept| kept.row == 12_345).unwrap();
    assert!(heavy.weight > 0.99 && heavy.weight <= 1.0 + 4e-6, "{}", heavy.weight);
}
