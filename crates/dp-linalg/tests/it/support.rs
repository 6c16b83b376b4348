//! Inputs, oracles and error bounds that the tests share.

use dp_linalg::{Mat, MatRef, Parallelism, frobenius_norm, matmul, matmul_nt, matmul_tn};
use nalgebra::DMatrix;

/// Unit roundoff.
pub(crate) const U: f64 = f64::EPSILON / 2.0;

/// `γ_k = ku/(1 − ku)`.
pub(crate) fn gamma(k: usize) -> f64 {
    let ku = k as f64 * U;
    ku / (1.0 - ku)
}

/// SplitMix64: a public-domain generator of Steele, Lea and Flood (2014).
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In `[−1, 1)`.
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    /// An integer in `[−bound, bound]`.
    pub(crate) fn integer(&mut self, bound: u64) -> f64 {
        (self.next() % (2 * bound + 1)) as f64 - bound as f64
    }
}

pub(crate) fn random(nrows: usize, ncols: usize, seed: u64) -> Mat {
    let mut source = SplitMix(seed);
    Mat::from_fn(nrows, ncols, |_, _| source.uniform())
}

pub(crate) fn random_integers(nrows: usize, ncols: usize, bound: u64, seed: u64) -> Mat {
    let mut source = SplitMix(seed);
    Mat::from_fn(nrows, ncols, |_, _| source.integer(bound))
}

pub(crate) fn random_symmetric(n: usize, seed: u64) -> Mat {
    let a = random(n, n, seed);
    Mat::from_fn(n, n, |i, j| a[(i.max(j), i.min(j))])
}

/// `XXᵀ + I` with a random square `X`: positive definite, smallest eigenvalue at least one up to rounding.
pub(crate) fn random_positive_definite(n: usize, seed: u64) -> Mat {
    let x = random(n, n, seed);
    let mut a = nt(&x, &x);
    (0..n).for_each(|i| a[(i, i)] += 1.0);
    Mat::from_fn(n, n, |i, j| a[(i.max(j), i.min(j))])
}

/// The same entries with NaN between the rows.
pub(crate) fn padded(a: &Mat, padding: usize) -> Vec<f64> {
    let gap = vec![f64::NAN; padding];
    a.rows().flat_map(|row| row.iter().chain(&gap).copied().collect::<Vec<_>>()).collect()
}

pub(crate) fn strided(buffer: &[f64], nrows: usize, ncols: usize, padding: usize) -> MatRef<'_> {
    MatRef::with_row_stride(buffer, nrows, ncols, ncols + padding).unwrap()
}

pub(crate) fn to_nalgebra(a: &Mat) -> DMatrix<f64> {
    DMatrix::from_row_slice(a.nrows(), a.ncols(), a.as_slice())
}

pub(crate) fn nn(a: &Mat, b: &Mat) -> Mat {
    matmul(a.as_ref(), b.as_ref(), Parallelism::Sequential).unwrap()
}

pub(crate) fn tn(a: &Mat, b: &Mat) -> Mat {
    matmul_tn(a.as_ref(), b.as_ref(), Parallelism::Sequential).unwrap()
}

pub(crate) fn nt(a: &Mat, b: &Mat) -> Mat {
    matmul_nt(a.as_ref(), b.as_ref(), Parallelism::Sequential).unwrap()
}

pub(crate) fn abs(a: &Mat) -> Mat {
    Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)].abs())
}

/// `‖A − B‖_F`.
pub(crate) fn distance(a: &Mat, b: &Mat) -> f64 {
    assert_eq!(a.shape(), b.shape());
    frobenius_norm(Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] - b[(i, j)]).as_ref())
}

/// `‖QᵀQ − I‖_F`.
pub(crate) fn orthogonality_loss(q: &Mat) -> f64 {
    distance(&tn(q, q), &Mat::identity(q.ncols()))
}

/// Asserts `|A − B| ≤ bound` in every entry.
#[track_caller]
pub(crate) fn assert_within(a: &Mat, b: &Mat, bound: impl Fn(usize, usize) -> f64) {
    assert_eq!(a.shape(), b.shape());
    for i in 0..a.nrows() {
        for j in 0..a.ncols() {
            let (found, allowed) = ((a[(i, j)] - b[(i, j)]).abs(), bound(i, j));
            assert!(found <= allowed, "entry ({i}, {j}): {found:e} apart, {allowed:e} allowed");
        }
    }
}
