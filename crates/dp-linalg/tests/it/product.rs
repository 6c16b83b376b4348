//! Floating-point products against nalgebra, within the stated bound.

use dp_linalg::{
    Accumulate, Error, Mat, MatMut, MatRef, Operation, Parallelism, Scalar, matmul, matmul_into, matmul_nt,
    matmul_nt_into, matmul_tn, matmul_tn_into,
};
use proptest::prelude::*;

use crate::support::{abs, assert_within, gamma, nn, padded, random, random_integers, strided, to_nalgebra};

type Into = fn(MatMut<'_>, Accumulate, MatRef<'_>, MatRef<'_>, Parallelism) -> Result<(), Error>;

/// The three products, and how their operands come from those of `A·B`.
const FORMS: [(Into, bool, bool); 3] =
    [(matmul_into, false, false), (matmul_tn_into, true, false), (matmul_nt_into, false, true)];

fn turned(a: &Mat, turn: bool) -> Mat {
    if turn { a.transpose() } else { a.clone() }
}

fn oracle(a: &Mat, b: &Mat) -> Mat {
    let product = to_nalgebra(a) * to_nalgebra(b);
    Mat::from_fn(a.nrows(), b.ncols(), |i, j| product[(i, j)])
}

fn check(m: usize, k: usize, n: usize, padding: usize, threads: usize) {
    let (a, b, start) = (random(m, k, 1), random(k, n, 2), random(m, n, 3));
    let (expected, magnitude) = (oracle(&a, &b), nn(&abs(&a), &abs(&b)));
    for (product_into, turn_a, turn_b) in FORMS {
        let (a, b) = (turned(&a, turn_a), turned(&b, turn_b));
        let (a_buffer, b_buffer) = (padded(&a, padding), padded(&b, padding));
        let a_view = strided(&a_buffer, a.nrows(), a.ncols(), padding);
        let b_view = strided(&b_buffer, b.nrows(), b.ncols(), padding);
        for accumulate in [Accumulate::Replace, Accumulate::Add] {
            let kept = f64::from(u8::from(accumulate == Accumulate::Add));
            let mut buffer = padded(&start, padding);
            let out = MatMut::with_row_stride(&mut buffer, m, n, n + padding).unwrap();
            product_into(out, accumulate, a_view, b_view, Parallelism::threads(threads)).unwrap();
            let found = strided(&buffer, m, n, padding).to_owned();
            let expected = Mat::from_fn(m, n, |i, j| kept * start[(i, j)] + expected[(i, j)]);
            // both sides round: γ_{k+1}(|C₀| + |A||B|) each, and |A||B| itself is computed within γ_k
            let bound = |i, j| 2.0 * gamma(2 * k + 2) * (kept * start[(i, j)].abs() + magnitude[(i, j)]);
            assert_within(&found, &expected, bound);
            let gaps = buffer.chunks(n + padding).flat_map(|row| &row[n.min(row.len())..]);
            assert!(gaps.into_iter().all(|gap| gap.is_nan()), "padding was written");
        }
    }
}

proptest! {
    #[test]
    fn small_products_match_the_oracle(m in 0usize..20, k in 0usize..20, n in 0usize..20, padding in 0usize..3) {
        if n + padding > 0 {
            check(m, k, n, padding, 1);
        }
    }
}

#[test]
fn large_products_match_the_oracle_on_one_to_three_threads() {
    for (m, k, n) in [(129, 200, 131), (495, 128, 65), (1, 3000, 900), (900, 3000, 1), (2, 700_000, 2)] {
        (1..=3).for_each(|threads| check(m, k, n, 1, threads));
    }
}

#[test]
fn integer_products_have_the_same_bits_on_one_to_three_threads() {
    // |entries| ≤ 2¹⁵ and k = 1000: sums of absolute products stay below 2⁴⁰
    let (a, b) = (random_integers(1000, 130, 1 << 15, 5), random_integers(1000, 65, 1 << 15, 6));
    let product = |threads| {
        let mut out = Mat::zeros(130, 65);
        let parallelism = Parallelism::threads(threads);
        matmul_tn_into(out.as_mut(), Accumulate::Replace, a.as_ref(), b.as_ref(), parallelism).unwrap();
        out
    };
    assert_eq!(product(1), oracle(&a.transpose(), &b));
    assert_eq!(product(1), product(2));
    assert_eq!(product(1), product(3));
}

#[test]
fn replace_does_not_read_the_destination() {
    let mut out = Mat::from_fn(3, 3, |_, _| f64::NAN);
    let a = Mat::identity(3);
    matmul_into(out.as_mut(), Accumulate::Replace, a.as_ref(), a.as_ref(), Parallelism::Sequential).unwrap();
    assert_eq!(out, a);
    let (empty, also_empty) = (Mat::zeros(3, 0), Mat::zeros(0, 3));
    let parallelism = Parallelism::Sequential;
    matmul_into(out.as_mut(), Accumulate::Add, empty.as_ref(), also_empty.as_ref(), parallelism).unwrap();
    assert_eq!(out, a, "an empty sum adds nothing");
    matmul_into(out.as_mut(), Accumulate::Replace, empty.as_ref(), also_empty.as_ref(), parallelism).unwrap();
    assert_eq!(out, Mat::zeros(3, 3), "an empty sum is zero");
}

#[test]
fn products_in_single_precision_are_within_their_bound() {
    let narrow = |a: &Mat| Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] as f32);
    let wide = |a: &Mat<f32>| Mat::from_fn(a.nrows(), a.ncols(), |i, j| f64::from(a[(i, j)]));
    for (m, k, n) in [(0, 3, 2), (3, 0, 2), (1, 1, 1), (30, 100, 17), (200, 300, 150)] {
        let (a, b) = (narrow(&random(m, k, 1)), narrow(&random(k, n, 2)));
        let (expected, size) = (nn(&wide(&a), &wide(&b)), nn(&abs(&wide(&a)), &abs(&wide(&b))));
        let (at, bt) = (a.transpose(), b.transpose());
        for threads in [1, 3].map(Parallelism::threads) {
            let products = [
                matmul(a.as_ref(), b.as_ref(), threads),
                matmul_tn(at.as_ref(), b.as_ref(), threads),
                matmul_nt(a.as_ref(), bt.as_ref(), threads),
            ];
            for found in products {
                let bound = |i, j| 1.01 * k as f64 * f32::UNIT_ROUNDOFF * size[(i, j)];
                assert_within(&wide(&found.unwrap()), &expected, bound);
            }
        }
    }
}

#[test]
fn a_nan_row_spoils_its_own_row_of_the_result_only() {
    let mut a = random(40, 50, 7);
    a[(17, 3)] = f64::NAN;
    let out = nn(&a, &random(50, 60, 8));
    assert!(out.rows().enumerate().all(|(i, row)| row.iter().all(|entry| entry.is_nan() == (i == 17))));
}

#[test]
fn shapes_that_do_not_fit_are_named() {
    let (a, b) = (Mat::zeros(2, 3), Mat::zeros(2, 3));
    let mut out = Mat::zeros(2, 3);
    let (left, right) = ((2, 3), (2, 3));
    let call = |product_into: Into, out: &mut Mat| {
        product_into(out.as_mut(), Accumulate::Add, a.as_ref(), b.as_ref(), Parallelism::Sequential)
    };
    let mismatch = |operation| Err(Error::ShapeMismatch { operation, left, right });
    assert_eq!(call(matmul_into, &mut out), mismatch(Operation::Product));
    let wrong_output = |right| Err(Error::ShapeMismatch { operation: Operation::Output, left, right });
    assert_eq!(call(matmul_tn_into, &mut out), wrong_output((3, 3)));
    assert_eq!(call(matmul_nt_into, &mut out), wrong_output((2, 2)));
    let tall = Mat::zeros(4, 5);
    let refused =
        matmul_tn_into(out.as_mut(), Accumulate::Add, a.as_ref(), tall.as_ref(), Parallelism::Sequential);
    assert_eq!(refused, Err(Error::ShapeMismatch { operation: Operation::ProductTn, left, right: (4, 5) }));
}
