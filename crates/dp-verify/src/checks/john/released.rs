//! What is released of smoothed ellipsoids: privacy and containment.

use super::close::{audited, budget, close, failure};
use super::solve;
use super::stability::longest;
use crate::checks::lower_bound::Stated;
use crate::{Context, Outcome, Subject};
use dp_linalg::{Cholesky, Mat};
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::{ArithmeticModel, GaussianSampling};
use dp_testkit::statistics::binomial_tail;
use john_ellipsoid_dp::private::PrivateRows;
use john_ellipsoid_dp::private::close::{
    CloseOptions, release_stable_with, smoothed_change, smoothed_john, stable_covariance, stable_mechanism,
};
use rand::RngExt;

/// δ of the draws over the δ asked for, by the profile and by the worst pair of rank one, at the change of the theorem; and what
/// certificates say. The twin draws twice as often.
pub(super) fn privacy(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let rows = Mat::from_fn(6, 2, |i, j| ((2 * i + j) as f64).sin());
    let (mut worst, mut n) = (0.0_f64, 0);
    for (step, exponent) in [(1e-3, 16), (0.01, 4), (3e-3, 100)] {
        for (epsilon, delta) in [(0.5, 1e-6), (1.0, 1e-3), (4.0, 1e-9)] {
            let options =
                CloseOptions::new(6, 2, 1.0).and_then(|o| o.with_floor(0.5)?.with_exponent(exponent));
            let options = options.expect("in range");
            let (asked, mass) = budget(epsilon, delta);
            let mechanism = stable_mechanism(close(step), &options, asked, mass).expect("several draws");
            let draws = Draws::new(mechanism.draws().get() * subject.pick(1, 2)).expect("positive");
            let mechanism = GaussianSampling::with_draws(draws, mechanism.profile().bound());
            let private = PrivateRows::new(close(step), rows.as_ref());
            let release =
                release_stable_with(private, &options, &mechanism, &mut rng).expect("its own bound");
            let certificate = release.certificate();
            let neighbourhood = certificate.guarantee().bound().neighbourhood();
            let implied = neighbourhood.delta_bounds(epsilon, draws);
            let honest = certificate.arithmetic() == ArithmeticModel::RealModel
                && certificate.guarantee().adjacency() == close(step)
                && certificate.claims().iter().any(|id| id == "john.stability.privacy")
                && neighbourhood.measure() == "jeffreys"
                && neighbourhood.change() >= smoothed_change(step / 0.5, exponent, 0.0);
            worst = if honest { worst.max(implied.1 / delta) } else { f64::NAN };
            n += 1;
        }
    }
    Outcome::at_most(worst, 1.0, n).with_note("δ(ε) of the draws over the δ asked for")
}

/// A row that moves across its own direction, where only the floor holds: the change is `√2 r`, of at most `1.71 r` at exponent
/// four. Told apart by the ratio of likelihoods. The twin draws three times as often.
pub(super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let (adjacency, (epsilon, delta)) = (close(0.05), budget(1.0, 0.1));
    let options =
        CloseOptions::new(1, 2, 20.0).and_then(|o| o.with_floor(1.0)?.with_exponent(4)).expect("in range");
    let [first, second] =
        [0.0, 0.05 - 1e-9].map(|across| Mat::from_vec(1, 2, vec![16.0, across]).expect("two entries"));
    let shipped = stable_mechanism(adjacency, &options, epsilon, delta).expect("several draws");
    let stated = Stated {
        of: "draws of a smoothed ellipsoid",
        epsilon: shipped.profile().epsilon(delta),
        delta: 0.1,
        profile: &|epsilon| shipped.profile().delta(epsilon),
    };
    let draws = Draws::new(shipped.draws().get() * subject.pick(1, 3)).expect("positive");
    let mechanism = GaussianSampling::with_draws(draws, shipped.profile().bound());
    let covariance = |rows: &Mat| {
        stable_covariance(PrivateRows::new(adjacency, rows.as_ref()), &options).expect("the announced shape")
    };
    let [a, b] = [&first, &second].map(|rows| {
        let cholesky = Cholesky::new(covariance(rows).assume_public().as_ref());
        cholesky.and_then(|cholesky| cholesky.inverse()).expect("the floor makes it definite")
    });
    // solved once each
    let solved = [covariance(&first), covariance(&second)];
    let n = context.scale(30_000, 300_000);
    audited(context, (first, second, adjacency), &stated, n, |rows, mut rng| {
        let side = usize::from(rows[(0, 1)] > 0.0);
        let release = mechanism.release(&solved[side], "audit", &mut rng).expect("its own bound");
        let pairs = b.as_slice().iter().zip(a.as_slice()).zip(release.value().as_slice());
        pairs.map(|((b, a), s)| (b - a) * s).sum()
    })
}

/// How often a row lies outside, against the stated failure probability: as many rows as dimensions, all at the border. The twin
/// leaves out the factor.
pub(super) fn containment(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let rows = Mat::from_vec(3, 3, vec![0.9, 0.1, 0.0, 0.0, 0.5, 0.1, 0.1, 0.0, 0.3]).expect("nine entries");
    let options = CloseOptions::new(3, 3, 1.0).and_then(|o| o.with_floor(0.1)).expect("in range");
    let ((epsilon, delta), chance) = (budget(1.0, 1e-6), 0.05);
    let mechanism = stable_mechanism(close(0.001), &options, epsilon, delta).expect("several draws");
    let (mut missed, mut largest, runs) = (0_u64, 0.0_f64, context.scale(200, 5000));
    for _ in 0..runs {
        let private = PrivateRows::new(close(0.001), rows.as_ref());
        let release = release_stable_with(private, &options, &mechanism, &mut rng).expect("its own bound");
        let around = match subject {
            Subject::AsShipped => release.value().enclosing_ellipsoid(failure(chance)),
            Subject::Broken => release.value().ellipsoid(),
        };
        let around = around.expect("more draws than dimensions");
        let worst = rows.rows().map(|row| around.score(row).unwrap_or(f64::NAN)).fold(0.0, f64::max);
        missed += u64::from(worst > 1.0);
        largest = largest.max(worst);
    }
    let note = format!("rows outside in {missed} of {runs} runs at β = {chance}; largest score {largest:.3}");
    Outcome::at_least(binomial_tail(missed, runs as u64, chance), context.spend(1e-6), runs as u64)
        .with_note(note)
}

/// Longest semi-axes over their bounds: of smoothed ellipsoids `√(1 + η)/f`; of John ellipsoids with public rows `±eᵢ/ρ₀`,
/// `ρ₀√(d(1 + ξ))`, which a spindle nearly attains. The twin takes the latter to be `ρ₀`.
pub(super) fn rho(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut boxed, mut floored, mut n) = (0.0_f64, 0.0_f64, 0);
    for trial in 0..context.scale(20, 400) {
        let d = 2 + trial % 3;
        // rows across the diagonal, so that P is a needle from corner to corner; random ones in every other trial
        let long = if trial % 2 == 0 { 1e3 } else { 3.0 };
        let mut rows = Mat::from_fn(8 * d, d, |_, _| long * rng.random_range(-1.0..1.0));
        for i in 0..rows.nrows() {
            let mean = rows.row(i).iter().sum::<f64>() / d as f64;
            rows.row_mut(i).iter_mut().for_each(|x| *x -= if trial % 2 == 0 { mean } else { 0.0 });
        }
        let axis = |i: usize, j: usize| f64::from(u8::from(i == j));
        let all = Mat::from_fn(9 * d, d, |i, j| if i < 8 * d { rows[(i, j)] } else { axis(i - 8 * d, j) });
        let john = solve(all.as_ref(), 1e-6);
        let bound = subject.pick((d as f64 * (1.0 + john.certificate().gap())).sqrt(), 1.0);
        boxed = boxed.max(longest(john.root()) / bound);
        let options = CloseOptions::new(8 * d, d, 1e4).and_then(|o| o.with_floor(1.0)).expect("in range");
        let smoothed = smoothed_john(rows.as_ref(), &options, 1e-6).expect("a moderate condition number");
        floored = floored.max(longest(smoothed.root()) / (1.0 + 1e-6_f64).sqrt());
        n += 1;
    }
    let note =
        format!("longest semi-axis over its bound: {boxed:.4} with public rows, {floored:.4} with a floor");
    if boxed < 0.95 {
        return Outcome::inconclusive(note);
    }
    // roots of matrices of condition 1e6
    Outcome::at_most(boxed.max(floored), 1.0 + 1e-9, n).with_note(note)
}
