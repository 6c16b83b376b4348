//! Solvers against each other, and against what is proven of them.

use super::{rows, shape, solve};
use crate::checks::picture::AgainstBounds;
use crate::{Axis, Context, Figure, Outcome, Role, Subject, larger};
use dp_linalg::{Mat, leverage_scores};
use john_ellipsoid_dp::{
    Design, FixedPoint, InteriorPoint, Iterate, JohnOptions, Khachiyan, LazyFixedPoint, PairwiseExchange,
    RandomizedExchange, SafeDeletion, SketchedFixedPoint, Solver, Stop, WolfeAtwood, deletion_threshold,
    john_ellipsoid_with, uniform_weights,
};
use rand_chacha::ChaCha20Rng;

/// `ln det M` of the default and of eight solvers, in units of what their certificates allow. The twin leaves out the last row of
/// those with weight, as a fixed-size support does.
pub(super) fn agreement(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let deleting = SafeDeletion { solver: WolfeAtwood, period: 40 };
    let [mut first, mut second, mut third] = [1, 2, 3].map(|stream| context.rng(stream));
    let solvers: [(&dyn Solver, f64); 8] = [
        (&WolfeAtwood, 1e-6),
        (&PairwiseExchange, 1e-6),
        (&InteriorPoint, 1e-6),
        (&deleting, 1e-6),
        (&RandomizedExchange::new(&mut first), 1e-6),
        (&Khachiyan, 0.1),
        (&LazyFixedPoint::new(300, 8, &mut second), 0.1),
        (&SketchedFixedPoint::new(300, 10, &mut third), 0.1),
    ];
    let (mut worst, mut compared, mut pairs) = (0.0_f64, 0, AgainstBounds::default());
    for _ in 0..context.scale(20, 400) {
        let (n, d) = shape(&mut rng);
        let (n, d) = (n + 3 * d + 3, d + 1);
        let all = rows(&mut rng, n, d);
        let default = solve(all.as_ref(), 1e-7);
        let last = default.support().last().map(|kept| kept.row);
        let stays: Vec<usize> =
            (0..n).filter(|&i| subject == Subject::AsShipped || Some(i) != last).collect();
        let used = Mat::from_fn(stays.len(), d, |i, j| all[(stays[i], j)]);
        for (solver, gap) in solvers {
            let stop = Stop { gap, max_iterations: if gap < 0.01 { 100_000 } else { 500 } };
            let other = john_ellipsoid_with(solver, used.as_ref(), stop, &JohnOptions::default());
            let other = other.expect("the rows span the space");
            let allowed =
                2.0 * (default.certificate().log_volume_excess() + other.certificate().log_volume_excess());
            // logarithms of d numbers of size 1e4 carry some 1e-14
            let (distance, allowed) =
                ((default.log_det() - other.log_det()).abs(), allowed + 1e-13 * d as f64);
            worst = larger(worst, distance / allowed);
            pairs.push(allowed, distance);
            compared += 1;
        }
    }
    let title = "Differences of log-volumes between solvers, against what their certificates allow";
    Outcome::at_most(worst, 1.0, compared).with_figure(pairs.picture(title))
}

/// `ln max g` of averages, in units of `ln(n/d)/T`. The twin damps its steps, `w ← w∘√g`.
pub(super) fn rate(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(10, 200) {
        let (n, d) = shape(&mut rng);
        let (n, d) = (n + 10 * d, d);
        let raw = rows(&mut rng, n, d);
        // leverages do not depend on the basis: an orthonormal one is as good as any
        let basis = dp_linalg::Qr::new(raw.as_ref()).expect("finite rows");
        for iterations in [1, 3, 10, 40, 160] {
            let average = match subject {
                Subject::AsShipped => shipped(basis.q(), iterations),
                Subject::Broken => damped(basis.q(), iterations),
            };
            worst = larger(worst, (1.0 + average).ln() * iterations as f64 / (n as f64 / d as f64).ln());
            compared += 1;
        }
    }
    // leverages carry some d·u, times T of the largest run
    Outcome::at_most(worst, 1.0 + 1e-10, compared).with_figure(picture(&mut rng))
}

/// Gaps of one instance against iterations.
fn picture(rng: &mut ChaCha20Rng) -> Figure {
    let (n, d) = (300, 6);
    let basis = dp_linalg::Qr::new(rows(rng, n, d).as_ref()).expect("finite rows");
    let iterations = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];
    let proven = |t: f64| ((n as f64 / d as f64).ln() / t).exp_m1();
    let title =
        format!("Gap of the mean of the iterates, {n} rows in {d} dimensions: theorem and measurement");
    Figure::new(&title, Axis::logarithmic("iterations"), Axis::logarithmic("gap max g − 1"))
        .with_curve(Role::Bound, "theorem", iterations.map(|t| (t as f64, proven(t as f64))))
        .with_curve(
            Role::Observed,
            "mean of the iterates",
            iterations.map(|t| (t as f64, shipped(basis.q(), t))),
        )
}

fn shipped(rows: dp_linalg::MatRef<'_>, iterations: usize) -> f64 {
    let mut design = Design::new(rows, uniform_weights(rows)).expect("orthonormal columns");
    let solver = FixedPoint { iterate: Iterate::Average };
    let stop = Stop { gap: 0.0, max_iterations: iterations };
    solver.improve(&mut design, stop).expect("orthonormal columns");
    design.gap()
}

fn damped(rows: dp_linalg::MatRef<'_>, iterations: usize) -> f64 {
    let mut weights = uniform_weights(rows);
    let mut sum = vec![0.0; weights.len()];
    for _ in 0..iterations {
        sum.iter_mut().zip(&weights).for_each(|(sum, w)| *sum += w);
        let weighted = Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| weights[i].sqrt() * rows[(i, j)]);
        let leverages = leverage_scores(weighted.as_ref()).expect("finite rows");
        weights.iter_mut().zip(leverages).for_each(|(w, leverage)| *w = (*w * leverage).sqrt());
        let scale = rows.ncols() as f64 / weights.iter().sum::<f64>();
        for weight in &mut weights {
            *weight *= scale;
        }
    }
    Design::new(rows, sum).expect("orthonormal columns").gap()
}

/// Weight at the optimum (gap 1e-11) of rows that the threshold deletes at any stage of a slower solver. The twin forgets the
/// dimension in the threshold.
pub(super) fn deletion(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(20, 400) {
        let (n, d) = shape(&mut rng);
        let raw = rows(&mut rng, n + 2 * d, d + 1);
        let basis = dp_linalg::Qr::new(raw.as_ref()).expect("finite rows");
        let uniform = || Design::new(basis.q(), uniform_weights(basis.q())).expect("orthonormal columns");
        let (mut optimum, mut design) = (uniform(), uniform());
        let fine = Stop { gap: 1e-11, max_iterations: 300 };
        InteriorPoint.improve(&mut optimum, fine).expect("orthonormal columns");
        for _ in 0..20 {
            let three = Stop { gap: 1e-7, max_iterations: 3 };
            WolfeAtwood.improve(&mut design, three).expect("orthonormal columns");
            let threshold = deletion_threshold(subject.pick(d + 1, 1), design.gap());
            for (w, g) in optimum.weights().iter().zip(design.forms()) {
                worst = if *g >= threshold - 1e-9 { worst } else { larger(worst, *w) };
                compared += 1;
            }
        }
    }
    // weights of rows that do not touch are below d·1e-11 over their slack, which is some 1e-7 here at least
    Outcome::at_most(worst, 1e-3, compared)
}
