use crate::Uniform;
use dp_linalg::{Mat, Operation};
use john_ellipsoid_dp::{
    Design, Error, JohnOptions, Status, StreamedRows, enclosing_ellipsoid, john_ellipsoid,
};

#[test]
fn a_row_that_is_not_a_number_or_overflows_is_left_out_whatever_the_others_are() {
    let good = Uniform::new(1).rows(200, 3);
    let reference = john_ellipsoid(good.as_ref(), &JohnOptions::default()).unwrap();
    for poison in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e151, -f64::MAX] {
        let mut rows = good.as_slice().to_vec();
        rows.splice(30..30, [1.0, poison, 0.0]);
        let rows = Mat::from_vec(201, 3, rows).unwrap();
        let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap();
        assert_eq!((john.dropped_rows(), john.rows()), (1, 201));
        assert!(john.support().iter().all(|kept| kept.row != 10));
        assert!((john.log_det() - reference.log_det()).abs() < 6e-6);
    }
}

#[test]
fn huge_and_tiny_entries_are_ordinary() {
    for unit in [1e149, 1e-149] {
        let rows = Mat::from_vec(3, 2, vec![unit, 0.0, 0.0, unit, 0.1 * unit, 0.1 * unit]).unwrap();
        let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap();
        assert_eq!((john.status(), john.dropped_rows()), (Status::Solved, 0));
        assert!((john.log_det() - 4.0 * unit.ln()).abs() < 1e-5);
    }
}

#[test]
fn columns_near_the_least_numbers_are_solved_or_refused() {
    let rows = Uniform::new(11).rows(300, 2);
    for tiny in [1e-295, 1e-300, 1e-303, 1e-306, 1e-309, 1e-315, 5e-324] {
        for units in [[tiny, 1.0], [1.0, tiny]] {
            let scaled = Mat::from_fn(300, 2, |i, j| rows[(i, j)] * units[j]);
            let found = john_ellipsoid(scaled.as_ref(), &JohnOptions::default());
            match found {
                Ok(john) => {
                    let above = 1.0 + john.certificate().gap();
                    assert!(scaled.rows().all(|a| john.leverage(a).unwrap() <= above), "{tiny}");
                }
                Err(refused) => assert!(matches!(refused, Error::Linalg(_)), "{tiny} {refused}"),
            }
        }
    }
}

#[test]
fn matrices_beyond_all_numbers_are_refused() {
    let overflow = |operation| Err(Error::Linalg(dp_linalg::Error::Overflow { operation }));
    let short = Mat::from_vec(1, 1, vec![1e-200]).unwrap();
    let john = john_ellipsoid(short.as_ref(), &JohnOptions::default()).unwrap();
    assert_eq!(john.inverse(), overflow(Operation::ProductNt));
    assert!(john.matrix().unwrap()[(0, 0)] == 0.0 && (john.log_det() - 2.0 * 1e-200_f64.ln()).abs() < 1e-5);
    let pair = Mat::from_vec(2, 1, vec![1e-200, -1e-200]).unwrap();
    let around = enclosing_ellipsoid(pair.as_ref(), &JohnOptions::default()).unwrap();
    assert_eq!(around.matrix(), overflow(Operation::ProductNt));
    assert!((around.squared_distance(&[5e-201]).unwrap() - 0.25).abs() < 1e-4);
}

#[test]
fn as_many_rows_as_dimensions_touch_with_weight_one_each() {
    let rows = Uniform::new(2).rows(6, 6);
    let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap();
    assert_eq!(john.status(), Status::Solved);
    assert!(john.weights().iter().all(|w| (w - 1.0).abs() < 1e-6));
}

#[test]
fn in_one_dimension_the_longest_row_decides() {
    let rows = Mat::from_vec(5, 1, vec![0.5, -3.0, 2.0, 0.0, 1.0]).unwrap();
    let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap();
    assert!((john.matrix().unwrap()[(0, 0)] - 9.0).abs() < 1e-5);
    let around = enclosing_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap();
    assert!((around.center()[0] + 0.5).abs() < 1e-4);
}

#[test]
fn rows_in_a_subspace_are_answered_with_a_basis_of_it() {
    let plane = Uniform::new(3).rows(500, 2);
    let rows =
        Mat::from_fn(500, 4, |i, j| [plane[(i, 0)], plane[(i, 1)], plane[(i, 0)] - plane[(i, 1)], 0.0][j]);
    let Err(Error::Degenerate(span)) = john_ellipsoid(rows.as_ref(), &JohnOptions::default()) else {
        panic!("the rows span a plane")
    };
    assert_eq!((span.rank(), span.dim()), (2, 4));
    let inside = span.coordinates(rows.as_ref()).unwrap();
    for (row, coordinates) in rows.rows().zip(inside.rows()) {
        let norm = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
        // an orthonormal basis of a space that holds the row keeps its length
        assert!((norm(row) - norm(coordinates)).abs() <= 1e-12 * norm(row));
    }
    let john = john_ellipsoid(inside.as_ref(), &JohnOptions::default()).unwrap();
    assert_eq!(john.status(), Status::Solved);
}

#[test]
fn a_direction_that_a_single_late_row_has_is_found() {
    let mut rows = Mat::from_fn(5001, 3, |i, j| if j < 2 { ((i * (j + 1)) as f64).sin() } else { 0.0 });
    rows[(4999, 2)] = 1e-6;
    let john = john_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap();
    assert_eq!(john.status(), Status::Solved);
    assert!(john.support().iter().any(|kept| kept.row == 4999));
}

#[test]
fn no_rows_no_columns_and_zeros_are_refused() {
    let options = JohnOptions::default();
    let refused = |n, d| john_ellipsoid(Mat::zeros(n, d).as_ref(), &options).unwrap_err();
    assert_eq!(refused(3, 0), Error::NoColumns);
    assert!(matches!(refused(0, 2), Error::Degenerate(span) if span.rank() == 0));
    assert!(matches!(refused(9, 2), Error::Degenerate(span) if span.rank() == 0 && span.dim() == 2));
}

#[test]
fn options_and_weights_out_of_range_are_refused() {
    for gap in [0.0, -1.0, 1.5, f64::NAN] {
        assert!(matches!(JohnOptions::default().with_gap(gap), Err(Error::Gap { .. })));
    }
    let rows = Mat::identity(2);
    let design = |weights| Design::new(rows.as_ref(), weights).map(|_| ());
    assert_eq!(design(vec![1.0]), Err(Error::Length { expected: 2, found: 1 }));
    assert_eq!(design(vec![1.0, -1.0]), Err(Error::Weight { row: 1 }));
    assert_eq!(design(vec![0.0, 0.0]), Err(Error::Weight { row: 2 }));
}

#[test]
fn few_passes_end_with_a_certificate_all_the_same() {
    let rows = Uniform::new(9).rows(20_000, 8);
    let options = JohnOptions::default().with_max_passes(3);
    let john = john_ellipsoid(rows.as_ref(), &options).unwrap();
    assert!(john.passes() <= 3);
    let gap = john.certificate().gap();
    assert_eq!(john.status(), if gap <= 1e-6 { Status::Solved } else { Status::IterationLimit });
    let largest = rows.rows().map(|row| john.leverage(row).unwrap()).fold(0.0, f64::max);
    assert!(largest <= 1.0 + gap);
}

#[test]
fn any_number_of_passes_may_be_allowed() {
    let rows = Uniform::new(10).rows(3000, 4);
    let options = JohnOptions::default().with_max_passes(usize::MAX);
    let john = john_ellipsoid(rows.as_ref(), &options).unwrap();
    assert_eq!(john.status(), Status::Solved);
    assert_eq!(john, john_ellipsoid(rows.as_ref(), &JohnOptions::default()).unwrap());
}

#[test]
fn a_stream_that_changes_its_width_between_passes_is_refused() {
    let mut pass = 0;
    let rows = StreamedRows::new(2, || {
        pass += 1;
        let width = if pass == 1 { 2 } else { 3 };
        // the first pass does not span the plane, so that a second one looks for more
        std::iter::once(Ok(Mat::from_fn(50, width, |_, j| if j == 0 { 1.0 } else { 0.0 })))
    });
    let refused = john_ellipsoid(rows, &JohnOptions::default());
    assert_eq!(refused.unwrap_err(), Error::Length { expected: 2, found: 3 });
}
