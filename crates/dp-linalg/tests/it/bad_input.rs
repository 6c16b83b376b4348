//! NaN, infinities and shapes that do not fit are errors with data: no hang, no panic.

use dp_linalg::{
    Cholesky, Error, Mat, MatRef, Operation, Qr, Svd, SymmetricEigen, is_positive_semidefinite,
    leverage_scores, min_eigenvalue, nuclear_norm, project_onto_psd, solve_lower_triangular,
    solve_upper_triangular, spectral_norm,
};
use proptest::prelude::*;

use crate::support::random_positive_definite;

type Attempt = fn(MatRef<'_>) -> Option<Error>;

const ANY_SHAPE: [(&str, Attempt); 5] = [
    ("svd", |a| Svd::new(a).err()),
    ("qr", |a| Qr::new(a).err()),
    ("leverage", |a| leverage_scores(a).err()),
    ("spectral norm", |a| spectral_norm(a).err()),
    ("nuclear norm", |a| nuclear_norm(a).err()),
];

const SQUARE: [(&str, Attempt); 7] = [
    ("cholesky", |a| Cholesky::new(a).err()),
    ("eigen", |a| SymmetricEigen::new(a).err()),
    ("least eigenvalue", |a| min_eigenvalue(a).err()),
    ("psd test", |a| is_positive_semidefinite(a).err()),
    ("psd projection", |a| project_onto_psd(a).err()),
    ("lower solve", |a| solve_lower_triangular(a, Mat::zeros(a.nrows(), 1).as_ref()).err()),
    ("upper solve", |a| solve_upper_triangular(a, Mat::zeros(a.nrows(), 1).as_ref()).err()),
];

proptest! {
    #[test]
    fn a_non_finite_entry_is_found_wherever_it_is(
        n in 1usize..20, at in any::<(prop::sample::Index, prop::sample::Index)>(),
        bad in prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
    ) {
        let mut a = random_positive_definite(n, 1);
        let (row, column) = (at.0.index(n), at.1.index(n));
        a[(row, column)] = bad;
        for (name, attempt) in ANY_SHAPE.iter().chain(&SQUARE) {
            prop_assert_eq!(attempt(a.as_ref()), Some(Error::NonFinite { row, column }), "{}", name);
        }
        let good = Cholesky::new(Mat::identity(n).as_ref()).unwrap();
        prop_assert_eq!(good.solve(a.as_ref()), Err(Error::NonFinite { row, column }));
        prop_assert_eq!(good.inverse_quadratic_forms(a.as_ref()), Err(Error::NonFinite { row, column }));
    }
}

#[test]
fn rectangles_are_refused_where_a_square_is_needed() {
    for (nrows, ncols) in [(2, 3), (3, 2), (0, 1), (1, 0)] {
        for (name, attempt) in SQUARE {
            assert_eq!(
                attempt(Mat::zeros(nrows, ncols).as_ref()),
                Some(Error::NotSquare { nrows, ncols }),
                "{name}"
            );
        }
    }
}

#[test]
fn right_hand_sides_of_another_height_are_refused() {
    let (eye, b) = (Mat::identity(3), Mat::zeros(2, 1));
    let refused = Err(Error::ShapeMismatch { operation: Operation::Solve, left: (3, 3), right: (2, 1) });
    assert_eq!(solve_lower_triangular(eye.as_ref(), b.as_ref()), refused);
    assert_eq!(solve_upper_triangular(eye.as_ref(), b.as_ref()), refused);
    let cholesky = Cholesky::new(eye.as_ref()).unwrap();
    assert_eq!(cholesky.solve(b.as_ref()), refused);
    assert_eq!(cholesky.solve_lower(b.as_ref()), refused);
    assert_eq!(cholesky.inverse_quadratic_forms(b.as_ref()).map(|_| ()), refused.map(|_: Mat| ()));
}

#[test]
fn messages_name_what_was_refused() {
    let text =
        Error::ShapeMismatch { operation: Operation::Product, left: (2, 3), right: (4, 5) }.to_string();
    assert_eq!(text, "Product: shapes (2, 3) and (4, 5) do not fit");
    assert_eq!(
        Error::NonFinite { row: 1, column: 2 }.to_string(),
        "the entry in row 1, column 2 is not finite"
    );
}
