//! Decompositions within their backward error bounds.

use super::{U, abs, difference, gamma, largest_ratio, oracle_product, uniform};
use crate::{Context, Outcome, Subject, larger};
use dp_linalg::{Cholesky, Mat, SymmetricEigen, frobenius_norm, leverage_scores};
use dp_testkit::oracle;
use rand::{Rng, RngExt};

/// Orders of matrices: the edges of blocks among them.
const ORDERS: [usize; 8] = [1, 2, 5, 16, 33, 64, 65, 130];

/// Well-conditioned, badly scaled and nearly singular matrices, in units of the bound. The twin's factor has its lower left entry
/// off by `2⁻⁴⁰` relatively.
pub(super) fn cholesky(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let mut worst = 0.0_f64;
    let mut n = 0;
    for _ in 0..context.scale(2, 40) {
        for order in ORDERS {
            for a in positive_definite_matrices(order, &mut rng) {
                // the claim is about factorisations that succeed; the ill-conditioned matrices may be refused
                let Ok(factor) = Cholesky::new(a.as_ref()) else { continue };
                let mut l = factor.l().to_owned();
                l[(order - 1, 0)] *= 1.0 + subject.pick(0.0, 2_f64.powi(-40));
                let transposed = l.transpose();
                let product = oracle_product(&l, &transposed);
                let size = oracle_product(&abs(&l), &abs(&transposed));
                // the oracle's rounding of LLᵀ and that of the difference: u each of at most |L||Lᵀ|, and of A
                let allowed = gamma(order + 6) + 3.0 * U;
                worst = larger(worst, largest_ratio(&difference(&a, &product), &size, allowed));
                n += (order * order) as u64;
            }
        }
    }
    Outcome::at_most(worst, 1.0, n).with_note("error over γ_{n+6} |L||Lᵀ|")
}

/// `XXᵀ + I`; the same between powers of two up to `2^±30`, a scaling that rounds nothing; the Hilbert matrix, which is
/// singular to working precision from order 14 on; and `XXᵀ` of half the rank. Symmetric to the last bit.
fn positive_definite_matrices<R: Rng>(n: usize, rng: &mut R) -> [Mat; 4] {
    let symmetric = |a: Mat| Mat::from_fn(n, n, |i, j| a[(i.max(j), i.min(j))]);
    let (x, y) = (uniform(n, n, rng), uniform(n, n.div_ceil(2), rng));
    let mut plain = symmetric(oracle_product(&x, &x.transpose()));
    (0..n).for_each(|i| plain[(i, i)] += 1.0);
    let scale: Vec<f64> = (0..n).map(|_| 2_f64.powi(rng.random_range(-30..=30))).collect();
    let scaled = Mat::from_fn(n, n, |i, j| scale[i] * scale[j] * plain[(i, j)]);
    let hilbert = Mat::from_fn(n, n, |i, j| 1.0 / (i + j + 1) as f64);
    [plain, scaled, hilbert, symmetric(oracle_product(&y, &y.transpose()))]
}

/// Random, clustered, rank-deficient and graded symmetric matrices: residual and loss of orthogonality, in units of
/// `8nε`. The twin's largest eigenvalue is off by `2⁻³⁶` relatively.
pub(super) fn eigen(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let mut worst = 0.0_f64;
    let mut n = 0;
    for _ in 0..context.scale(1, 20) {
        for order in ORDERS {
            for a in symmetric_matrices(order, &mut rng) {
                let eigen = SymmetricEigen::new(a.as_ref()).expect("the iteration settles");
                let mut values = eigen.values().to_vec();
                // ascending: the largest in magnitude is at one of the ends
                let end = if values[0].abs() > values[order - 1].abs() { 0 } else { order - 1 };
                values[end] *= 1.0 + subject.pick(0.0, 2_f64.powi(-36));
                worst = larger(worst, eigen_error(&a, &values, &eigen.vectors().to_owned()));
                n += 2;
            }
        }
    }
    Outcome::at_most(worst, 1.0, n).with_note("error over 8nε")
}

fn eigen_error(a: &Mat, values: &[f64], vectors: &Mat) -> f64 {
    let n = values.len();
    let weighted = Mat::from_fn(n, n, |i, j| vectors[(i, j)] * values[j]);
    let transposed = vectors.transpose();
    let residual = frobenius_norm(difference(a, &oracle_product(&weighted, &transposed)).as_ref());
    let loss = frobenius_norm(difference(&oracle_product(&transposed, vectors), &Mat::identity(n)).as_ref());
    let size = frobenius_norm(a.as_ref());
    // V times Λ, the oracle's product and the difference round by u of ‖A‖_F each at most: granted
    let allowed = 8.0 * n as f64 * f64::EPSILON + 3.0 * U;
    larger(residual / if size > 0.0 { size } else { 1.0 }, loss) / allowed
}

fn symmetric_matrices<R: Rng>(n: usize, rng: &mut R) -> [Mat; 4] {
    let x = uniform(n, n, rng);
    let random = Mat::from_fn(n, n, |i, j| x[(i.max(j), i.min(j))]);
    let clustered = Mat::from_fn(n, n, |i, j| random[(i, j)] * 1e-9 + f64::from(u8::from(i == j)));
    let rank_one = Mat::from_fn(n, n, |i, j| x[(0, i)] * x[(0, j)]);
    let grade = |i: usize| 2_f64.powi(-(i as i32));
    let graded = Mat::from_fn(n, n, |i, j| random[(i, j)] * grade(i) * grade(j));
    [random, clustered, rank_one, graded]
}

/// Full rank, exactly deficient rank, unequal columns and duplicated rows: the sum against the rank, in units of the
/// bound. The twin's first score is off by `2⁻³⁸` relatively.
pub(super) fn leverage(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let mut worst = 0.0_f64;
    let mut count = 0;
    for _ in 0..context.scale(40, 2_000) {
        let (n, d) = (rng.random_range(12..200), rng.random_range(1..12));
        for (a, rank) in matrices_of_known_rank(n, d, &mut rng) {
            let mut scores = leverage_scores(a.as_ref()).expect("entries are finite");
            scores[0] *= 1.0 + subject.pick(0.0, 2_f64.powi(-38));
            let bound = 8.0 * (n.max(d) * d) as f64 * f64::EPSILON;
            // compensated: the sum here adds one rounding, u of a sum of at most d
            worst = larger(worst, (oracle::sum(scores) - rank as f64).abs() / (bound + d as f64 * U));
            count += 1;
        }
    }
    Outcome::at_most(worst, 1.0, count).with_note("error over 8·max(n, d)·d·ε")
}

fn matrices_of_known_rank<R: Rng>(n: usize, d: usize, rng: &mut R) -> [(Mat, usize); 4] {
    let full = uniform(n, d, rng);
    let scales: Vec<f64> = (0..d).map(|_| 2_f64.powi(rng.random_range(-20..20))).collect();
    let unequal = Mat::from_fn(n, d, |i, j| full[(i, j)] * scales[j]);
    let rank = rng.random_range(1..=d);
    // columns beyond the rank repeat earlier ones, to the last bit
    let deficient = Mat::from_fn(n, d, |i, j| full[(i, j % rank)]);
    // five distinct rows, each many times; generic, so that the rank is five or d
    let repeated = Mat::from_fn(n, d, |i, j| full[(i % 5, j)]);
    [(full, d), (unequal, d), (deficient, rank), (repeated, d.min(5))]
}
