//! Audits of whole releases on neighbours that are nearly the worst.

use super::{budget, close, covariance, unit, worst_pair};
use crate::checks::lower_bound::{self, Stated};
use crate::{Context, Outcome, Subject};
use dp_linalg::{Cholesky, Mat};
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::{
    Epsilon, GaussianSampling, LatticeGaussian, LatticeL1Sensitivity, LatticeLaplace, LatticeStatistic,
    NoiseScale, NoiseStd, PerturbRow, PrivacyProfile,
};
use ntk_dp::private::close::{
    Labels, PrivateLabels, PrivatePoints, PrivateQueries, QueryBudget, gram_mechanism, label_statistic,
    points_mechanism, release_gram_with, release_labels, release_points_with,
};
use rand::CryptoRng;

/// Level of each audit.
const ALPHA: f64 = 1e-7;
/// A large δ, because an audit sees no event rarer than one in its number of runs.
const TARGET: (f64, f64) = (1.0, 0.1);

/// A lower bound on ε of a mechanism whose output is a score, against what is claimed; one that finds less than a quarter of that is no
/// evidence.
fn audited(
    context: &Context,
    (first, second): (Mat, Mat),
    stated: &Stated<'_>,
    n: usize,
    score: impl Fn(&Mat, &mut dyn CryptoRng) -> f64,
) -> Outcome {
    let report = lower_bound::audit(context, (first, second, close(1.0)), (n, stated.delta, ALPHA), score);
    stated.against(&report, 0.25)
}

/// Points as far apart as they may be, told apart along their difference. The twin has 0.7 of the noise.
pub(in super::super) fn points(context: &mut Context, subject: Subject) -> Outcome {
    let (options, adjacency, (epsilon, delta)) = (unit(3, 2), close(0.3), budget(TARGET.0, TARGET.1));
    let first = Mat::from_vec(3, 2, vec![0.2, 0.1, -0.5, 0.3, 0.4, 0.4]).expect("six entries");
    let mut second = first.clone();
    second[(0, 0)] += 0.3 - 1e-9;
    let shipped = points_mechanism(adjacency, &options, epsilon, delta).expect("supported noise");
    let stated = Stated {
        of: "released close points",
        epsilon: shipped.profile().epsilon(delta),
        delta: TARGET.1,
        profile: &|epsilon| shipped.profile().delta(epsilon),
    };
    let std = NoiseStd::new(subject.pick(1.0, 0.7) * shipped.noise_std().get()).expect("positive");
    let mechanism = LatticeGaussian::with_noise_std(std, shipped.sensitivity()).expect("supported noise");
    let n = context.scale(60_000, 1_000_000);
    audited(context, (first, second), &stated, n, |points, mut rng| {
        let private = PrivatePoints::new(adjacency, points.as_ref());
        let release = release_points_with(private, &options, &mechanism, &mut rng);
        release.expect("the announced shape").value().points()[(0, 0)]
    })
}

/// A label that becomes its opposite, as everyone releases it. The twin has 0.7 of the noise.
pub(in super::super) fn labels(context: &mut Context, subject: Subject) -> Outcome {
    let (first, second) = (Mat::filled(2, 1, 1.0), Mat::from_vec(2, 1, vec![-1.0, 1.0]).expect("two labels"));
    let epsilon = budget(1.0, 0.5).0;
    let release = |labels: &Mat, mut rng: &mut dyn CryptoRng| {
        let private = PrivateLabels::new(close(0.1), labels.as_ref());
        release_labels(private, 1.0, epsilon, &mut rng).expect("supported noise")
    };
    let twin = less_noisy_labels(&first, epsilon);
    let certificate = release(&first, &mut context.rng(1)).certificate().clone();
    let stated = Stated {
        of: "a released label",
        epsilon: epsilon.get(),
        delta: 0.0,
        profile: &|epsilon| certificate.guarantee().delta(epsilon),
    };
    let n = context.scale(30_000, 400_000);
    audited(context, (first, second), &stated, n, |labels, mut rng| match subject {
        Subject::AsShipped => release(labels, rng).value().targets().row(0)[0],
        Subject::Broken => {
            let release = twin.release(integer_labels(labels), "audit", &mut rng).expect("little noise");
            release.value().to_f64()[0]
        }
    })
}

fn integer_labels(labels: &Mat) -> LatticeStatistic<LatticeL1Sensitivity<PerturbRow>> {
    label_statistic(PrivateLabels::new(close(0.1), labels.as_ref()), 1.0).expect("a bound in range")
}

/// 0.7 of the noise of this ε.
fn less_noisy_labels(labels: &Mat, epsilon: Epsilon) -> LatticeLaplace<PerturbRow> {
    let sensitivity = *integer_labels(labels).sensitivity();
    let shipped = LatticeLaplace::calibrate(epsilon, sensitivity).expect("supported noise");
    let scale = NoiseScale::new(0.7 * shipped.noise_scale().get()).expect("positive");
    LatticeLaplace::with_noise_scale(scale, sensitivity).expect("supported noise")
}

/// Draws of neighbours that are nearly the worst, told apart by the ratio of their likelihoods. The twin draws three times as often.
pub(in super::super) fn gram(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(30_000, 1_000_000);
    let (options, beta) = (unit(8, 1).with_ridge(0.02).expect("positive"), 0.02);
    let (first, second) = worst_pair(8, beta);
    let (epsilon, delta) = budget(TARGET.0, TARGET.1);
    let shipped = gram_mechanism(close(beta), &options, epsilon, delta).expect("several draws");
    let stated = Stated {
        of: "draws that estimate a Gram matrix",
        epsilon: shipped.profile().epsilon(delta),
        delta: TARGET.1,
        profile: &|epsilon| shipped.profile().delta(epsilon),
    };
    let draws = Draws::new(shipped.draws().get() * subject.pick(1, 3)).expect("positive");
    let mechanism = GaussianSampling::with_draws(draws, shipped.profile().bound());
    let [a, b] = [&first, &second].map(|points| {
        let cholesky = Cholesky::new(covariance(&options, points, beta).as_ref());
        cholesky.and_then(|cholesky| cholesky.inverse()).expect("a ridge makes it definite")
    });
    audited(context, (first, second), &stated, n, |points, mut rng| {
        let private = PrivatePoints::new(close(beta), points.as_ref());
        let release =
            release_gram_with(private, &options, &mechanism, &mut rng).expect("the bound is the mechanism's");
        let sampled = release.value().matrix();
        let entries = a.as_slice().iter().zip(b.as_slice()).zip(sampled.rows().flatten());
        entries.map(|((a, b), s)| (a - b) * s).sum()
    })
}

/// One answer about a point that moves along itself. The twin answers three times for the price of one.
pub(in super::super) fn queries(context: &mut Context, subject: Subject) -> Outcome {
    let (options, beta) = (unit(2, 1), 0.1);
    let (first, second) = worst_pair(2, beta);
    let (epsilon, delta) = budget(TARGET.0, 1e-3);
    let n = context.scale(6_000, 60_000);
    let answers = subject.pick(1, 3);
    let stated = Stated {
        of: "one answered query",
        epsilon: TARGET.0,
        delta: 1e-3,
        profile: &|e| PrivacyProfile::approximate(epsilon, delta, close(beta)).delta(e),
    };
    audited(context, (first, second), &stated, n, |points, mut rng| {
        let private = PrivatePoints::new(close(beta), points.as_ref());
        let budget = QueryBudget::new(answers, epsilon, delta);
        let mut queries = PrivateQueries::new(private, &options, budget).expect("the quadratic kernel");
        (0..answers)
            .map(|_| queries.kernel_row(&[1.0], &mut rng).expect("an answer is left").value()[0])
            .sum()
    })
}
