//! What sampling a Gram matrix costs predictions.

use super::{close, covariance, in_ball, quadratic, unit};
use crate::checks::attention::climb;
use crate::checks::picture::AgainstBounds;
use crate::{Context, Outcome, Subject, larger, largest};
use dp_linalg::{Cholesky, Mat, MatRef, Parallelism, SymmetricEigen, matmul};
use dp_mechanisms::GaussianSampling;
use dp_mechanisms::covariance::Draws;
use ntk_dp::private::close::{PrivatePoints, gram_bound, release_gram_with};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn column(values: &[f64]) -> Mat {
    Mat::from_vec(values.len(), 1, values.to_vec()).expect("as many entries")
}

fn solve(matrix: MatRef<'_>, y: &[f64]) -> Vec<f64> {
    let solved = Cholesky::new(matrix).and_then(|cholesky| cholesky.solve(column(y).as_ref()));
    solved.expect("positive definite").into_vec()
}

/// Kernel values of one point with all others.
fn kernel_row(x: &[f64], points: &Mat) -> Vec<f64> {
    let x = MatRef::new(x, 1, x.len()).expect("a row");
    quadratic().cross_gram(x, points.as_ref(), Parallelism::Sequential).expect("finite points").into_vec()
}

/// `Σ^{−1/2}`, and eigenvalues and vectors of `Σ^{−1/2}Σ̂Σ^{−1/2}`.
fn whitened(exact: &Mat, sampled: &Mat) -> (Mat, SymmetricEigen) {
    let whiten = SymmetricEigen::new(exact.as_ref()).expect("symmetric").map(|value| 1.0 / value.sqrt());
    let product = |a: &Mat, b: &Mat| matmul(a.as_ref(), b.as_ref(), Parallelism::Sequential).expect("square");
    let whole = product(&product(&whiten, sampled), &whiten);
    let eigen = SymmetricEigen::new(whole.as_ref()).expect("symmetric");
    (whiten, eigen)
}

fn spread(eigen: &SymmetricEigen) -> f64 {
    largest(eigen.values().iter().map(|value| (value - 1.0).abs()))
}

/// `Σ^{1/2}v` for the direction in which Σ̂ is least, as labels, or random ones.
fn labels(rng: &mut ChaCha20Rng, exact: &Mat, eigen: &SymmetricEigen, aligned: bool) -> Vec<f64> {
    let n = exact.nrows();
    if !aligned {
        return (0..n).map(|_| [1.0, -1.0][usize::from(rng.random::<bool>())]).collect();
    }
    let root = SymmetricEigen::new(exact.as_ref()).expect("symmetric").map(f64::sqrt);
    let direction: Vec<f64> = (0..n).map(|i| eigen.vectors()[(i, 0)]).collect();
    matmul(root.as_ref(), column(&direction).as_ref(), Parallelism::Sequential).expect("fits").into_vec()
}

/// Releases of few draws, labels against them, and points chosen by climbing after that: the error of a prediction over its bound. The twin
/// has s for s/(1 − s).
pub(in super::super) fn sampled(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut n, mut pairs) = (0.0_f64, 0, AgainstBounds::default());
    for trial in 0..context.scale(60, 800) {
        let (rows, d) = (rng.random_range(2..12), rng.random_range(1..4));
        let options = unit(rows, d).with_ridge(rng.random_range(0.05..2.0)).expect("positive");
        let points = in_ball(&mut rng, (rows, d));
        let exact = covariance(&options, &points, 1e-3);
        let bound = gram_bound(close(1e-3), &options).expect("a small change");
        let draws = Draws::new(rng.random_range(5 * rows as u32..14 * rows as u32)).expect("positive");
        let mechanism = GaussianSampling::with_draws(draws, bound);
        let private = PrivatePoints::new(close(1e-3), points.as_ref());
        let release =
            release_gram_with(private, &options, &mechanism, &mut rng).expect("the announced shape");
        let sampled = release.value().matrix().to_owned();
        let (_, eigen) = whitened(&exact, &sampled);
        let s = spread(&eigen);
        if s >= 0.95 {
            continue;
        }
        let y = labels(&mut rng, &exact, &eigen, trial % 2 == 0);
        let (alpha, found) = (solve(exact.as_ref(), &y), solve(sampled.as_ref(), &y));
        let norm = dot(&y, &alpha).sqrt() * subject.pick(s / (1.0 - s), s);
        let start = points.row(0).to_vec();
        climb(&mut rng, start, context.scale(100, 1000), |x| {
            let k = kernel_row(x, &points);
            let difference: Vec<f64> = alpha.iter().zip(&found).map(|(a, b)| a - b).collect();
            let (error, bound) = (dot(&k, &difference).abs(), norm * dot(x, x));
            // at zero both are
            let ratio = if error == 0.0 { 0.0 } else { error / bound };
            pairs.push(bound, error);
            worst = larger(worst, ratio);
            n += 1;
            ratio
        });
    }
    if worst < 0.5 {
        return Outcome::inconclusive(format!("the search comes to {worst:.3} of the bound only"));
    }
    // condition numbers below 12/0.05·1/(1 − 0.95)
    Outcome::at_most(worst, 1.0 + 1e-9, n)
        .with_note(format!("largest error over its bound: {worst:.3}"))
        .with_figure(pairs.picture("Errors of predictions from a sampled Gram matrix, against their bounds"))
}

/// The published bound with its constant: for matrices in the stated interval, at random, and where it is attained, orthogonal points seen
/// from equally far. The twin's ω is the largest kernel value times the largest label.
pub(in super::super) fn published(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut ratios, mut n) = (0.0_f64, Vec::new(), 0);
    for trial in 0..context.scale(60, 2000) {
        let rho: f64 = rng.random_range(0.05..0.9);
        let ridge: f64 = rng.random_range(0.01..2.0);
        let attained = trial == 0;
        let d = if attained { 6 } else { rng.random_range(2..7) };
        let points = if attained { Mat::identity(d) } else { in_ball(&mut rng, (d, d)) };
        let gram = quadratic().gram(points.as_ref(), Parallelism::Sequential).expect("finite points");
        let eigen = SymmetricEigen::new(gram.as_ref()).expect("symmetric");
        let (least, most) = (larger(eigen.values()[0], 0.0), eigen.values()[d - 1]);
        let scaled = if attained { gram.clone() } else { between(&mut rng, &eigen, rho) };
        let factor = if attained { 1.0 - rho } else { 1.0 };
        let ridged = |matrix: &Mat, factor: f64| {
            Mat::from_fn(d, d, |i, j| factor * matrix[(i, j)] + if i == j { ridge } else { 0.0 })
        };
        let y: Vec<f64> = (0..d).map(|_| if attained { 1.0 } else { rng.random_range(-1.0..1.0) }).collect();
        let x: Vec<f64> = (0..d)
            .map(|_| if attained { 1.0 / (d as f64).sqrt() } else { rng.random_range(-0.5..0.5) })
            .collect();
        let k = kernel_row(&x, &points);
        let exact = dot(&k, &solve(ridged(&gram, 1.0).as_ref(), &y));
        let found = dot(&k, &solve(ridged(&scaled, factor).as_ref(), &y));
        let of_one = |v: &[f64]| largest(v.iter().map(|x| x.abs()));
        let omega = subject.pick(dot(&k, &k).sqrt() * dot(&y, &y).sqrt(), of_one(&k) * of_one(&y));
        let bound = rho * most * omega / ((least + ridge) * ((1.0 - rho) * least + ridge));
        let ratio = (found - exact).abs() / bound;
        worst = larger(worst, ratio);
        ratios.push(ratio);
        n += 1;
    }
    ratios.sort_by(f64::total_cmp);
    let note = format!("largest error over the bound {worst:.4}, median {:.4}", ratios[ratios.len() / 2]);
    Outcome::at_most(worst, 1.0 + 1e-9, n).with_note(note)
}

/// `K^{1/2}(I + E)K^{1/2}` with a symmetric E of norm ρ.
fn between(rng: &mut ChaCha20Rng, eigen: &SymmetricEigen, rho: f64) -> Mat {
    let n = eigen.values().len();
    let noise = Mat::from_fn(n, n, |_, _| rng.random_range(-1.0..1.0));
    let symmetric = Mat::from_fn(n, n, |i, j| noise[(i, j)] + noise[(j, i)]);
    let spectrum = SymmetricEigen::new(symmetric.as_ref()).expect("symmetric");
    let size = larger(spectrum.values()[0].abs(), spectrum.values()[n - 1].abs());
    let inner = Mat::from_fn(n, n, |i, j| rho / size * symmetric[(i, j)] + if i == j { 1.0 } else { 0.0 });
    let root = eigen.map(|value| value.max(0.0).sqrt());
    let product = |a: &Mat, b: &Mat| matmul(a.as_ref(), b.as_ref(), Parallelism::Sequential).expect("square");
    product(&product(&root, &inner), &root)
}
