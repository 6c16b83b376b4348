//! Audits of whole releases on neighbours that are nearly the worst.

use super::{aligned, budget, close, neighbours, options, private};
use crate::checks::lower_bound::{self, Stated};
use crate::{Context, Outcome, Subject};
use attention_dp::SelfAttentionOptions;
use dp_linalg::{Cholesky, Mat};
use dp_mechanisms::covariance::Draws;
use dp_mechanisms::{
    Delta, Epsilon, GaussianSampling, LatticeGaussian, LatticeL2Sensitivity, LatticeStatistic, NoiseStd,
    PerturbRow, PrivacyProfile, ReplaceRow,
};
use rand::CryptoRng;

/// Level of each audit.
const ALPHA: f64 = 1e-7;
/// Privacy that is asked for: a large δ, because an audit sees no event rarer than one in its number of runs.
const TARGET: (f64, f64) = (1.0, 0.1);

fn target() -> (Epsilon, Delta) {
    budget(TARGET.0, TARGET.1)
}

/// A lower bound on ε of a mechanism whose output is already a score; one that finds less than half of the ε that was asked for is no evidence.
fn audited(
    context: &Context,
    (first, second): (Mat, Mat),
    stated: &Stated<'_>,
    n: usize,
    release: impl Fn(&Mat, &mut dyn CryptoRng) -> f64,
) -> Outcome {
    let report = lower_bound::audit(context, (first, second, close(1.0)), (n, stated.delta, ALPHA), release);
    stated.against(&report, 0.5 * TARGET.0 / stated.epsilon)
}

/// Integers along their difference: the most powerful test.
fn lattice_audit(
    context: &Context,
    subject: Subject,
    (of, (first, second)): (&str, (Mat, Mat)),
    statistic: impl Fn(&Mat) -> LatticeStatistic<LatticeL2Sensitivity<PerturbRow>>,
) -> Outcome {
    let n = context.scale(60_000, 1_000_000);
    let sensitivity = *statistic(&first).sensitivity();
    let (epsilon, delta) = target();
    let shipped = LatticeGaussian::calibrate(epsilon, delta, sensitivity).expect("supported noise");
    let stated = Stated {
        of,
        epsilon: shipped.profile().epsilon(delta),
        delta: TARGET.1,
        profile: &|epsilon| shipped.profile().delta(epsilon),
    };
    let std = subject.pick(1.0, 0.7) * shipped.noise_std().get();
    let std = NoiseStd::new(std).expect("positive");
    let mechanism = LatticeGaussian::with_noise_std(std, sensitivity).expect("supported noise");
    let [from, to] = [&first, &second].map(|rows| statistic(rows).assume_public());
    audited(context, (first, second), &stated, n, |rows, mut rng| {
        let release = mechanism.release(statistic(rows), "audit", &mut rng).expect("little noise");
        along(release.value().steps(), &from, &to)
    })
}

fn along(steps: &[i64], from: &[i64], to: &[i64]) -> f64 {
    let each = steps.iter().zip(from.iter().zip(to));
    each.map(|(x, (a, b))| (x - a) as f64 * (b - a) as f64).sum()
}

fn small() -> ((usize, usize), f64, SelfAttentionOptions) {
    ((3, 2), 0.3, options(3, 2, 1.0))
}

/// Rows. The twin has 0.7 of the noise.
pub(super) fn rows(context: &mut Context, subject: Subject) -> Outcome {
    let (shape, beta, options) = small();
    let pair = neighbours(&aligned(shape, beta, 1.0), shape, beta);
    lattice_audit(context, subject, ("rows for self-attention", pair), |rows| {
        private(close(beta), &options, rows).into_row_statistic().expect("radius one")
    })
}

/// The triangle. The twin has 0.7 of the noise.
pub(super) fn gram(context: &mut Context, subject: Subject) -> Outcome {
    let (shape, beta, options) = small();
    let pair = neighbours(&aligned(shape, beta, 1.0), shape, beta);
    lattice_audit(context, subject, ("the Gram matrix for self-attention", pair), |rows| {
        private(close(beta), &options, rows).into_gram_statistic().expect("radius one")
    })
}

/// Draws of neighbours that are nearly the worst, told apart by the ratio of their likelihoods. The twin draws three
/// times as often.
pub(super) fn sampling(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(30_000, 1_000_000);
    let (shape, beta) = ((5, 1), 0.02);
    let options = options(shape.0, shape.1, 1.0).with_ridge(0.01);
    let (first, second) = neighbours(&aligned(shape, beta, beta), shape, beta);
    let covariance =
        |rows: &Mat| private(close(beta), &options, rows).into_covariance().expect("a moderate change");
    let (epsilon, delta) = target();
    let shipped =
        GaussianSampling::calibrate(epsilon, delta, covariance(&first).bound()).expect("several draws");
    let stated = Stated {
        of: "draws for a self-attention matrix",
        epsilon: shipped.profile().epsilon(delta),
        delta: TARGET.1,
        profile: &|epsilon| shipped.profile().delta(epsilon),
    };
    let draws = Draws::new(shipped.draws().get() * subject.pick(1, 3)).expect("positive");
    let mechanism = GaussianSampling::with_draws(draws, covariance(&first).bound());
    let [a, b] = [&first, &second].map(|rows| {
        let cholesky = Cholesky::new(covariance(rows).assume_public().as_ref());
        cholesky.and_then(|cholesky| cholesky.inverse()).expect("a ridge makes it definite")
    });
    audited(context, (first, second), &stated, n, |rows, mut rng| {
        let release = private(close(beta), &options, rows).release_sampling_with(&mechanism, &mut rng);
        let release = release.expect("the bound is the mechanism's");
        // less the ridge, which moves the scores of both by the same amount
        trace_of_difference((&b, &a), release.value().released())
    })
}

/// `tr((B − A)S)`.
fn trace_of_difference((b, a): (&Mat, &Mat), s: &Mat) -> f64 {
    let pairs = b.as_slice().iter().zip(a.as_slice()).zip(s.as_slice());
    pairs.map(|((b, a), s)| (b - a) * s).sum()
}

/// Tokens of a query that turns round, as the event that it finds the one row that stands alone. The twin states what one
/// logit moves by for what two move against each other.
pub(super) fn token(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(60_000, 1_000_000);
    let options = options(9, 1, 0.5);
    let rows = |x: f64| Mat::from_fn(9, 1, |i, _| if i == 0 { x } else { [1.0, -1.0][usize::from(i > 1)] });
    let mechanism = private(ReplaceRow, &options, &rows(0.0)).token_mechanism().expect("small scores");
    let claimed = super::token::stated_epsilon(&mechanism) * subject.pick(1.0, 0.5);
    let pure = PrivacyProfile::pure(Epsilon::new(claimed).expect("positive"), ReplaceRow);
    let stated =
        Stated { of: "a token", epsilon: claimed, delta: 0.0, profile: &|epsilon| pure.delta(epsilon) };
    audited(context, (rows(1.0), rows(-1.0)), &stated, n, |rows, mut rng| {
        let token = private(ReplaceRow, &options, rows).sample_token(0, &mut rng).expect("the row exists");
        f64::from(u8::from(*token.value() == 1))
    })
}
