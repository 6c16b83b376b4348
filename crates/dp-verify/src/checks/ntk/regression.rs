//! Residuals of regression against fits.

use super::{network, points};
use crate::{Context, Outcome, Subject, larger};
use dp_linalg::{Mat, Parallelism, matmul};
use ntk_dp::{FeatureRidge, Kernel, KernelRidge, LeaveOneOut, Stop, quadratic_features};
use rand::RngExt;

/// Leave-one-out residuals, from the spectrum and from features, against a fit without each point. The twin takes the residuals of the
/// fit with all points.
pub(super) fn leave_one_out(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(15, 300) {
        let (n, d) = (rng.random_range(3..25), rng.random_range(2..6));
        let (points, targets) = (points(&mut rng, n, d), points(&mut rng, n, 2));
        let ridge = 10.0_f64.powf(rng.random_range(-2.0..1.0));
        let of_features = rng.random_range(0..2) == 0;
        let kernel = if of_features { Kernel::quadratic(1.0) } else { Ok(Kernel::ntk(network(&mut rng))) };
        let Ok(kernel) = kernel else { return Outcome::inconclusive("refused") };
        let residuals = match (subject, of_features) {
            (Subject::AsShipped, false) => {
                LeaveOneOut::new(kernel.clone(), points.as_ref(), targets.as_ref(), Parallelism::Sequential)
                    .and_then(|path| path.residuals(ridge))
            }
            (Subject::AsShipped, true) => by_features(&points, &targets, ridge),
            (Subject::Broken, _) => with_all(&kernel, &points, &targets, ridge),
        };
        let Ok(residuals) = residuals else { return Outcome::inconclusive("refused") };
        for i in 0..n {
            let without = |a: &Mat| Mat::from_fn(n - 1, a.ncols(), |k, j| a[(k + usize::from(k >= i), j)]);
            let (others, known) = (without(&points), without(&targets));
            let refit = KernelRidge::new(kernel.clone(), ridge)
                .and_then(|ridge| ridge.fit(others.as_ref(), known.as_ref()))
                .and_then(|model| model.predict(points.as_ref().subrows(i..i + 1)));
            let Ok(refit) = refit else { return Outcome::inconclusive("refused") };
            for j in 0..2 {
                worst = larger(worst, (targets[(i, j)] - refit[(0, j)] - residuals[(i, j)]).abs());
                compared += 1;
            }
        }
    }
    Outcome::at_most(worst, 1e-7, compared)
}

fn by_features(points: &Mat, targets: &Mat, ridge: f64) -> Result<Mat, ntk_dp::Error> {
    let mut sums = FeatureRidge::new(quadratic_features(points.ncols(), 1.0)?, targets.ncols());
    sums.add(points.as_ref(), targets.as_ref())?;
    sums.fit(ridge)?.leave_one_out(points.as_ref(), targets.as_ref())
}

fn with_all(kernel: &Kernel, points: &Mat, targets: &Mat, ridge: f64) -> Result<Mat, ntk_dp::Error> {
    let fitted = KernelRidge::new(kernel.clone(), ridge)?.fit(points.as_ref(), targets.as_ref())?;
    let found = fitted.predict(points.as_ref())?;
    Ok(Mat::from_fn(targets.nrows(), targets.ncols(), |i, j| targets[(i, j)] - found[(i, j)]))
}

/// Iterations that stop early or late: the residual against that of the Gram matrix, and the error of the coefficients against its
/// bound. The twin believes that the tolerance was reached.
pub(super) fn residual(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for trial in 0..context.scale(20, 300) {
        let (n, d) = (rng.random_range(2..300), rng.random_range(2..6));
        let (points, targets) = (points(&mut rng, n, d), points(&mut rng, n, 1));
        let lambda = 10.0_f64.powf(rng.random_range(-1.0..1.0));
        let kernel = Kernel::ntk(network(&mut rng));
        let fits = KernelRidge::new(kernel.clone(), lambda).and_then(|ridge| {
            let stop = Stop::new(1e-6, [3, 1000][trial % 2])?;
            let iterative = ridge.fit_iteratively(points.as_ref(), targets.as_ref(), stop)?;
            Ok((iterative, ridge.fit(points.as_ref(), targets.as_ref())?))
        });
        let gram = kernel.gram(points.as_ref(), Parallelism::Sequential);
        let (Ok((iterative, direct)), Ok(gram)) = (fits, gram) else {
            return Outcome::inconclusive("refused");
        };
        let reported = subject.pick(iterative.residual(), 1e-6);
        let size = norm(targets.as_slice());
        let alpha = iterative.model().coefficients();
        let Ok(images) = matmul(gram.as_ref(), alpha, Parallelism::Sequential) else {
            return Outcome::inconclusive("refused");
        };
        let left: Vec<f64> =
            (0..n).map(|i| images[(i, 0)] + lambda * alpha[(i, 0)] - targets[(i, 0)]).collect();
        let trace: f64 = (0..n).map(|i| gram[(i, i)]).sum();
        let rounding = 1e-7 * trace * norm(&alpha.to_owned().into_vec()) / size;
        worst = larger(worst, norm(&left) / size / (reported + rounding));
        let off: Vec<f64> = (0..n).map(|i| alpha[(i, 0)] - direct.coefficients()[(i, 0)]).collect();
        worst = larger(worst, norm(&off) * lambda / size / (reported + rounding));
        compared += 2;
    }
    Outcome::at_most(worst, 1.0 + 1e-9, compared)
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}
