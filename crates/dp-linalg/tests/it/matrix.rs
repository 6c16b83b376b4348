//! Owner and views agree on where an entry is.

use dp_linalg::{Error, Mat, MatMut, MatRef, Operation};
use proptest::prelude::*;

use crate::support::{padded, random, strided};

proptest! {
    #[test]
    fn a_strided_view_sees_the_rows_and_not_the_padding(n in 0usize..6, d in 0usize..6, padding in 0usize..4) {
        let a = random(n, d, 1);
        let buffer = padded(&a, padding);
        let view = strided(&buffer, n, d, padding);
        prop_assert_eq!(view, a.as_ref());
        prop_assert_eq!(view.to_owned(), a.clone());
        prop_assert_eq!(view.rows().len(), n);
        prop_assert!(view.rows().enumerate().all(|(i, row)| row == a.row(i)));
        prop_assert_eq!(view.first_non_finite(), None);
    }

    #[test]
    fn subviews_are_the_entries_of_their_ranges(n in 0usize..6, d in 0usize..6, r in 0usize..6, c in 0usize..6) {
        let (r, c) = (r.min(n), c.min(d));
        let a = random(n, d, 2);
        let expected = Mat::from_fn(n - r, d - c, |i, j| a[(i + r, j + c)]);
        prop_assert_eq!(a.as_ref().subrows(r..n).subcols(c..d).to_owned(), expected.clone());
        prop_assert_eq!(a.as_ref().subcols(c..d).subrows(r..n).to_owned(), expected);
        prop_assert!(a.as_ref().subrows(r..r).rows().next().is_none());
    }

    #[test]
    fn writes_through_a_strided_view_leave_the_padding_alone(n in 0usize..6, d in 0usize..6, padding in 0usize..4, cut in 0usize..6) {
        let a = random(n, d, 3);
        let mut buffer = padded(&Mat::zeros(n, d), padding);
        let view = MatMut::with_row_stride(&mut buffer, n, d, d + padding).unwrap();
        let cut = cut.min(n);
        let (mut top, mut bottom) = view.split_at_row(cut);
        top.copy_from(a.as_ref().subrows(0..cut)).unwrap();
        bottom.reborrow().copy_from(a.as_ref().subrows(cut..n)).unwrap();
        let expected = padded(&a, padding);
        prop_assert!(buffer.iter().zip(&expected).all(|(x, y)| x.to_bits() == y.to_bits()));
    }

    #[test]
    fn transposing_twice_gives_the_matrix_back(n in 0usize..6, d in 0usize..6) {
        let a = random(n, d, 4);
        prop_assert_eq!(a.transpose().shape(), (d, n));
        prop_assert_eq!(a.transpose().transpose(), a);
    }
}

#[test]
fn the_last_row_of_a_view_needs_no_padding() {
    let buffer = [1.0, 2.0, 0.0, 3.0, 4.0];
    assert!(MatRef::with_row_stride(&buffer, 2, 2, 3).is_ok());
    let short = MatRef::with_row_stride(&buffer[..4], 2, 2, 3);
    assert_eq!(short, Err(Error::BufferLength { expected: 5, found: 4 }));
}

#[test]
fn layouts_that_overlap_or_cannot_be_addressed_are_refused() {
    assert_eq!(
        MatRef::with_row_stride(&[0.0; 9], 3, 3, 2),
        Err(Error::RowStride { ncols: 3, row_stride: 2 })
    );
    let huge = MatRef::with_row_stride(&[0.0; 9], usize::MAX, 1, 3);
    assert_eq!(huge, Err(Error::TooLarge { nrows: usize::MAX, row_stride: 3 }));
    assert_eq!(Mat::from_vec(2, 2, vec![0.0; 3]), Err(Error::BufferLength { expected: 4, found: 3 }));
    assert!(Mat::from_vec(usize::MAX, 2, Vec::<f64>::new()).is_err());
}

#[test]
fn copying_between_shapes_is_refused() {
    let mut a = Mat::zeros(2, 3);
    let refused = a.as_mut().copy_from(Mat::zeros(3, 2).as_ref());
    assert_eq!(
        refused,
        Err(Error::ShapeMismatch { operation: Operation::Copy, left: (2, 3), right: (3, 2) })
    );
}

#[test]
fn debug_shows_shape_and_a_corner_only() {
    let a = Mat::from_fn(100, 100, |i, j| (100 * i + j) as f64);
    let text = format!("{a:?}");
    assert!(text.starts_with("Mat 100 x 100 [[0.0, 1.0, 2.0, 3.0, …]"), "{text}");
    assert!(!text.contains("4.0") && text.len() < 200, "{text}");
    assert_eq!(format!("{:?}", Mat::zeros(0, 3)), "Mat 0 x 3 []");
}

#[test]
fn a_view_equals_no_view_of_another_shape() {
    let (flat, tall) = (Mat::zeros(1, 4), Mat::zeros(4, 1));
    assert_ne!(flat.as_ref(), tall.as_ref());
    assert_ne!(Mat::zeros(0, 3), Mat::zeros(3, 0));
}
