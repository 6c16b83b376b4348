//! Exact attention against the naive softmax average.

use crate::data::uniform;
use attention_dp::{Error, Shape, exact_attention};
use dp_linalg::{Mat, Parallelism};

#[test]
fn agrees_with_the_naive_average_across_block_boundaries_and_threads() {
    let shape = Shape { key_dim: 5, value_dim: 3 };
    for n in [1, 511, 512, 513, 1_300] {
        let (keys, values) = uniform(n, shape, 3.0, n as u64);
        let (queries, _) = uniform(130, shape, 3.0, 99);
        for threads in [1, 2, 3] {
            let output = exact_attention(
                queries.as_ref(),
                keys.as_ref(),
                values.as_ref(),
                0.7,
                Parallelism::threads(threads),
            )
            .unwrap();
            for i in 0..queries.nrows() {
                let naive = dp_testkit::oracle::softmax_attention(
                    queries.row(i),
                    keys.as_slice(),
                    values.as_slice(),
                    0.7,
                );
                for (a, b) in output.row(i).iter().zip(naive) {
                    // n terms of size at most 3 whose weights carry the error of logits up to 32: 40 + n roundings
                    assert!((a - b).abs() <= 3.0 * (100.0 + n as f64) * f64::EPSILON, "{a} {b}");
                }
            }
        }
    }
}

#[test]
fn huge_logits_do_not_overflow() {
    let keys = Mat::from_vec(2, 1, vec![1.0, -1.0]).unwrap();
    let values = Mat::from_vec(2, 1, vec![5.0, 7.0]).unwrap();
    let query = Mat::from_vec(1, 1, vec![1e300]).unwrap();
    let output =
        exact_attention(query.as_ref(), keys.as_ref(), values.as_ref(), 1.0, Parallelism::Sequential)
            .unwrap();
    assert_eq!(output[(0, 0)], 5.0);
}

#[test]
fn rejects_mismatched_shapes() {
    let (a, b) = (Mat::zeros(3, 2), Mat::zeros(3, 4));
    let attend = |q: &Mat, k: &Mat, v: &Mat| {
        exact_attention(q.as_ref(), k.as_ref(), v.as_ref(), 1.0, Parallelism::Sequential)
    };
    assert!(matches!(attend(&a, &b, &b), Err(Error::Dimension { .. })));
    assert!(matches!(attend(&a, &a, &Mat::zeros(2, 2)), Err(Error::RowCount)));
    assert_eq!(attend(&Mat::zeros(0, 2), &a, &b).unwrap().nrows(), 0);
}
