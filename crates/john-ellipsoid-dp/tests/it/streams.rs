use crate::Uniform;
use dp_linalg::Mat;
use john_ellipsoid_dp::{Error, JohnOptions, Status, StreamedRows, john_ellipsoid, john_ellipsoid_from};
use std::io::ErrorKind;

#[test]
fn blocks_of_any_size_give_what_one_matrix_gives() {
    let rows = Uniform::new(1).rows(3000, 4);
    let options = JohnOptions::default();
    let whole = john_ellipsoid(rows.as_ref(), &options).unwrap();
    for size in [1, 7, 1000, 5000] {
        let blocks = || {
            let starts = (0..3000).step_by(size);
            starts.map(|start| Ok(rows.as_ref().subrows(start..3000.min(start + size)).to_owned()))
        };
        let streamed = john_ellipsoid(StreamedRows::new(4, blocks), &options).unwrap();
        // the same rows in the same order; products of another shape may round differently
        assert!((streamed.log_det() - whole.log_det()).abs() <= 4.0 * 1e-6);
        assert_eq!((streamed.rows(), streamed.passes()), (3000, whole.passes()));
    }
}

#[test]
fn a_source_that_changes_its_length_is_refused() {
    let rows = Uniform::new(2).rows(100, 2);
    let mut pass = 0;
    let shrinking = || {
        pass += 1;
        std::iter::once(Ok(rows.as_ref().subrows(0..100 - pass).to_owned()))
    };
    let refused = john_ellipsoid(StreamedRows::new(2, shrinking), &JohnOptions::default());
    assert_eq!(refused, Err(Error::SourceChanged { expected: 99, found: 98 }));
}

#[test]
fn a_second_reading_for_what_rows_span_must_have_the_same_length() {
    // only one row has the second direction, and the first reading keeps others
    for (length, single) in [(7000, 6001), (3500, 3333), (0, 0)] {
        let mut pass = 0;
        let rows = || {
            pass += 1;
            let n = if pass == 2 { length } else { 5000 };
            let entry = |i: usize, j: usize| if i == single { [0.5, 0.1][j] } else { 1.0 };
            std::iter::once(Ok(Mat::from_fn(n, 2, |i, j| if pass == 1 { 1.0 } else { entry(i, j) })))
        };
        let refused = john_ellipsoid(StreamedRows::new(2, rows), &JohnOptions::default());
        assert_eq!(refused, Err(Error::SourceChanged { expected: 5000, found: length }));
    }
}

#[test]
fn errors_of_a_source_and_blocks_of_another_width_are_reported() {
    let broken = StreamedRows::new(2, || std::iter::once(Err::<Mat, _>(ErrorKind::UnexpectedEof)));
    assert_eq!(john_ellipsoid(broken, &JohnOptions::default()), Err(Error::Source(ErrorKind::UnexpectedEof)));
    let wide = StreamedRows::new(2, || std::iter::once(Ok(Mat::identity(3))));
    assert_eq!(john_ellipsoid(wide, &JohnOptions::default()), Err(Error::Length { expected: 2, found: 3 }));
}

#[test]
fn rows_that_were_not_looked_at_again_are_covered_all_the_same() {
    // far more rows than are kept between passes
    let rows = Uniform::new(3).rows(40_000, 5);
    for gap in [1e-1, 1e-3, 1e-6, 1e-9] {
        let options = JohnOptions::default().with_gap(gap).unwrap();
        let mut reports = 0;
        let john = john_ellipsoid_from(rows.as_ref(), &[], &options, &mut |_| reports += 1).unwrap();
        assert!(john.status() == Status::Solved && john.certificate().gap() <= gap);
        let largest = rows.rows().map(|row| john.leverage(row).unwrap()).fold(0.0, f64::max);
        assert!(largest <= 1.0 + john.certificate().gap());
        assert!(john.passes() <= 5 && reports >= 1, "{} passes, {reports} reports", john.passes());
    }
}
