//! Products: exact over the integers, and within the forward error bound over floats.

use super::{U, abs, difference, gamma, largest_ratio, oracle_product, uniform};
use crate::{Context, Outcome, Subject, larger, largest};
use dp_linalg::{ExactProductSum, Mat, Parallelism, Scalar, matmul, matmul_nt, matmul_tn};
use rand::{Rng, RngExt};
use rand_chacha::ChaCha20Rng;

/// Bounds that leave room for one, three, 512 and 2²³ products, and one that makes sums leave `i64`.
const BOUNDS: [(u64, u64); 5] = [
    (1 << 26, (1 << 26) + 1),
    ((1 << 53) / 3, 1),
    (1 << 22, 1 << 22),
    (1 << 15, 1 << 15),
    ((1 << 53) - 1, 1),
];

/// Rows in random order, pieces and merge trees on one to three threads, random and extreme entries, against 128-bit
/// integers. The twin is told bounds that its entries exceed 64-fold, so that it flushes too late.
pub(super) fn exact_product(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let rounds = context.scale(40, 2_000);
    let (mut wrong, mut n) = (0, 0);
    for round in 0..rounds {
        for bounds in BOUNDS {
            let extreme = round % 3 == 0;
            let (rows, r, c) = (rng.random_range(1..1200), rng.random_range(1..40), rng.random_range(1..12));
            let left = integers(rows, r, bounds.0, extreme, &mut rng);
            let right = integers(rows, c, bounds.1, extreme, &mut rng);
            let stated = subject.pick(bounds, (bounds.0 >> 6, bounds.1));
            let found = sum_in_pieces(&left, &right, stated, &mut rng);
            let expected = integer_product(&left, &right);
            wrong += found.iter().zip(&expected).filter(|(found, expected)| found != expected).count() as u64;
            n += expected.len() as u64;
        }
        context.progress(round + 1, rounds);
    }
    Outcome::all_equal(wrong, n)
}

/// Integers of magnitude at most `bound`; if `extreme`, only the largest odd ones, of one sign.
fn integers<R: Rng>(nrows: usize, ncols: usize, bound: u64, extreme: bool, rng: &mut R) -> Mat {
    let bound = bound as i64;
    let largest = bound - i64::from(bound > 1 && bound % 2 == 0);
    Mat::from_fn(nrows, ncols, |_, _| {
        (if extreme { largest } else { rng.random_range(-bound..=bound) }) as f64
    })
}

/// `leftᵀ·right` modulo 2⁶⁴.
fn integer_product(left: &Mat, right: &Mat) -> Vec<i64> {
    let mut sums = vec![0_i128; left.ncols() * right.ncols()];
    for (l, r) in left.rows().zip(right.rows()) {
        for (sums, &x) in sums.chunks_mut(right.ncols()).zip(l) {
            sums.iter_mut().zip(r).for_each(|(sum, &y)| *sum += x as i128 * y as i128);
        }
    }
    sums.into_iter().map(|sum| sum as i64).collect()
}

/// The rows shuffled, cut at random, added in either orientation on threads, and merged in a random tree.
fn sum_in_pieces<R: Rng>(left: &Mat, right: &Mat, bounds: (u64, u64), rng: &mut R) -> Vec<i64> {
    let rows = left.nrows();
    let mut order: Vec<usize> = (0..rows).collect();
    (1..rows).for_each(|i| order.swap(i, rng.random_range(0..=i)));
    let shuffled = |a: &Mat| Mat::from_fn(rows, a.ncols(), |i, j| a[(order[i], j)]);
    let (left, right) = (shuffled(left), shuffled(right));
    let mut cuts: Vec<usize> = (0..rng.random_range(0..3)).map(|_| rng.random_range(0..=rows)).collect();
    cuts.extend([0, rows]);
    cuts.sort_unstable();
    let piece = |range: core::ops::Range<usize>, by_column: bool| {
        let (left, right) = (left.as_ref().subrows(range.clone()), right.as_ref().subrows(range));
        let mut sum = ExactProductSum::new(left.ncols(), right.ncols(), bounds.0, bounds.1)?;
        if by_column { sum.add_nn(left.transpose().as_ref(), right) } else { sum.add_tn(left, right) }?;
        Ok::<_, dp_linalg::Error>(sum)
    };
    let orientations: Vec<bool> = cuts.iter().map(|_| rng.random()).collect();
    let mut sums: Vec<_> = std::thread::scope(|scope| {
        let piece = &piece;
        let handles: Vec<_> = cuts
            .windows(2)
            .zip(orientations)
            .map(|(ends, by_column)| {
                let range = ends[0]..ends[1];
                scope.spawn(move || piece(range, by_column).expect("bounds and shapes fit"))
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().expect("a sum does not panic")).collect()
    });
    while sums.len() > 1 {
        let merged = sums.swap_remove(rng.random_range(0..sums.len()));
        let into = rng.random_range(0..sums.len());
        sums[into].merge(merged).expect("pieces are made alike");
    }
    sums.pop().map(ExactProductSum::into_sums).unwrap_or_default()
}

/// Three forms of the product on one to three threads, in units of the bound. The twin rounds entries to `f32`.
pub(super) fn product(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let shapes = [(1, 1, 1), (7, 3, 9), (60, 64, 33), (128, 200, 131), (3, 9_000, 5), (2, 200_000, 2)];
    let mut worst = 0.0_f64;
    let mut n = 0;
    for _ in 0..context.scale(1, 20) {
        for (m, k, c) in shapes {
            // magnitudes over twelve orders, so that large terms hide small ones
            let scaled = |a: Mat, rng: &mut ChaCha20Rng| {
                Mat::from_fn(a.nrows(), a.ncols(), |i, j| {
                    a[(i, j)] * 10_f64.powf(rng.random_range(-6.0..6.0))
                })
            };
            let (a, b) = (uniform(m, k, &mut rng), uniform(k, c, &mut rng));
            let (a, b) = (scaled(a, &mut rng), scaled(b, &mut rng));
            let (exact, size) = (oracle_product(&a, &b), oracle_product(&abs(&a), &abs(&b)));
            for threads in 1..=3 {
                for found in three_products(&a, &b, Parallelism::threads(threads), subject) {
                    // the oracle's own rounding, u of the result and γ_k² of the terms, is granted
                    let allowed = gamma(k) + U + gamma(k) * gamma(k);
                    worst = larger(worst, largest_ratio(&difference(&found, &exact), &size, allowed));
                    n += (m * c) as u64;
                }
            }
            worst = larger(worst, single_precision(&a, &b));
            n += 3 * (m * c) as u64;
        }
    }
    Outcome::at_most(worst, 1.0, n).with_note("error over γ_k |A||B|")
}

/// The same in `f32`, against the product in `f64` of the entries as they are there.
fn single_precision(a: &Mat, b: &Mat) -> f64 {
    let narrow = |a: &Mat| Mat::from_fn(a.nrows(), a.ncols(), |i, j| a[(i, j)] as f32);
    let wide = |a: &Mat<f32>| Mat::from_fn(a.nrows(), a.ncols(), |i, j| f64::from(a[(i, j)]));
    let (a, b) = (narrow(a), narrow(b));
    let (exact, size) =
        (oracle_product(&wide(&a), &wide(&b)), oracle_product(&abs(&wide(&a)), &abs(&wide(&b))));
    let ku = a.ncols() as f64 * <f32 as Scalar>::UNIT_ROUNDOFF;
    let products = all_forms(&a, &b, Parallelism::threads(2));
    let ratio =
        |found: &Mat<f32>| largest_ratio(&difference(&wide(found), &exact), &size, ku / (1.0 - ku) + U);
    largest(products.iter().map(ratio))
}

fn three_products(a: &Mat, b: &Mat, threads: Parallelism, subject: Subject) -> [Mat; 3] {
    let rounded = |a: &Mat| Mat::from_fn(a.nrows(), a.ncols(), |i, j| f64::from(a[(i, j)] as f32));
    match subject {
        Subject::AsShipped => all_forms(a, b, threads),
        Subject::Broken => all_forms(&rounded(a), &rounded(b), threads),
    }
}

fn all_forms<T: Scalar>(a: &Mat<T>, b: &Mat<T>, threads: Parallelism) -> [Mat<T>; 3] {
    let (at, bt) = (a.transpose(), b.transpose());
    [
        matmul(a.as_ref(), b.as_ref(), threads),
        matmul_tn(at.as_ref(), b.as_ref(), threads),
        matmul_nt(a.as_ref(), bt.as_ref(), threads),
    ]
    .map(|product| product.expect("shapes fit"))
}
