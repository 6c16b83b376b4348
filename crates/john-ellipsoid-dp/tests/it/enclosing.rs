use crate::Uniform;
use dp_linalg::Mat;
use john_ellipsoid_dp::{JohnOptions, enclosing_ellipsoid};

#[test]
fn a_simplex_has_its_circumscribed_ellipsoid() {
    // the corners 0, e₁, e₂, e₃: centre of mass ¼(1, 1, 1), and every corner on the boundary
    let corners = Mat::from_fn(4, 3, |i, j| f64::from(u8::from(i == j + 1)));
    let around = enclosing_ellipsoid(corners.as_ref(), &JohnOptions::default()).unwrap();
    for (j, row) in corners.rows().enumerate() {
        assert!((around.squared_distance(row).unwrap() - 1.0).abs() < 1e-5, "{j}");
    }
    assert!(around.center().iter().all(|c| (c - 0.25).abs() < 1e-6));
}

#[test]
fn a_shift_moves_the_centre_and_nothing_else() {
    let points = Uniform::new(4).rows(400, 3);
    let shift = [100.0, -7.0, 0.5];
    let moved = Mat::from_fn(400, 3, |i, j| points[(i, j)] + shift[j]);
    let options = JohnOptions::default().with_gap(1e-9).unwrap();
    let around = |points: &Mat| enclosing_ellipsoid(points.as_ref(), &options).unwrap();
    let (before, after) = (around(&points), around(&moved));
    for (j, moved_by) in shift.iter().enumerate() {
        // an optimum within dξ of volume is within about √(dξ) = 5e-5 of a semi-axis (near 4) in place
        assert!((after.center()[j] - before.center()[j] - moved_by).abs() < 2e-4);
    }
    let (q, r) = (before.matrix().unwrap(), after.matrix().unwrap());
    assert!(q.as_slice().iter().zip(r.as_slice()).all(|(x, y)| (x - y).abs() < 1e-4));
}

#[test]
fn every_point_is_inside() {
    let points = Uniform::new(5).rows(1000, 4);
    let around = enclosing_ellipsoid(points.as_ref(), &JohnOptions::default()).unwrap();
    // the distance rounds up, by less than 1e-14
    assert!(points.rows().all(|row| around.squared_distance(row).unwrap() <= 1.0 + 1e-14));
    assert!(around.squared_distance(&[100.0; 4]).unwrap() > 1.0);
}

#[test]
fn affine_maps_take_the_centre_along() {
    let points = Uniform::new(6).rows(300, 2);
    let map = |x: f64, y: f64| [3.0 * x - y + 7.0, 0.5 * x + 2.0 * y - 40.0]; // determinant 6.5
    let mapped = Mat::from_fn(300, 2, |i, j| map(points[(i, 0)], points[(i, 1)])[j]);
    let options = JohnOptions::default().with_gap(1e-10).unwrap();
    let around = |points: &Mat| enclosing_ellipsoid(points.as_ref(), &options).unwrap();
    let (before, after) = (around(&points), around(&mapped));
    let expected = map(before.center()[0], before.center()[1]);
    for (found, expected) in after.center().iter().zip(expected) {
        // centres are within about √(3ξ) = 2e-5 of semi-axes of some 10 in place
        assert!((found - expected).abs() < 4e-4, "{found} {expected}");
    }
    let moved = after.lifted().log_det() - before.lifted().log_det();
    // both lifted optima are within 3ξ of ln det, a lifted row of size 40 costs some digits
    assert!((moved - 2.0 * 6.5_f64.ln()).abs() < 3e-10 + 1e-10, "{moved}");
}
