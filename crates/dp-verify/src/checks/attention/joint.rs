//! Heads under one budget, and the centre with what it is for.

use super::{budget, options};
use crate::checks::lower_bound::{Events, Stated};
use crate::{Context, Outcome, Subject};
use attention_dp::{MomentOptions, PrivateCenter, PrivateHeads, PrivateMoments, Rows};
use dp_linalg::Mat;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, LatticeGaussian, PrivacyProfile, Release, gaussian};
use rand_chacha::ChaCha20Rng;

const EPSILONS: [f64; 4] = [0.02, 0.5, 3.0, 20.0];
const DELTAS: [f64; 3] = [0.1, 1e-6, 1e-300];

/// As for single releases: roundings of `Δ/σ` and of sums of squares.
const SLACK: f64 = 1e-11;

/// Level of each audit, and the privacy they ask for: a large δ, because they see no event rarer than one run in all.
const ALPHA: f64 = 1e-6;
const TARGET: (f64, f64) = (1.0, 0.1);

fn heads_of(options: &[MomentOptions]) -> PrivateHeads<AddRemoveRow> {
    PrivateHeads::new(AddRemoveRow, options.to_vec()).expect("the options are sound")
}

/// `√Σ(Δₕ/σₕ)²` of these mechanisms.
fn joint_mu(mechanisms: &[LatticeGaussian<AddRemoveRow>]) -> f64 {
    let square = |m: &LatticeGaussian<_>| (m.sensitivity().l2() / m.noise_std().get()).powi(2);
    mechanisms.iter().map(square).sum::<f64>().sqrt()
}

/// The mechanisms of all heads, or in the twin of each head by itself with the whole budget.
fn mechanisms(
    heads: &PrivateHeads<AddRemoveRow>,
    (epsilon, delta): (Epsilon, Delta),
    subject: Subject,
) -> Vec<LatticeGaussian<AddRemoveRow>> {
    match subject {
        Subject::AsShipped => heads.calibrate(epsilon, delta).expect("supported noise"),
        Subject::Broken => heads
            .heads()
            .iter()
            .map(|head| head.calibrate(epsilon, delta).expect("supported noise"))
            .collect(),
    }
}

/// δ(ε) of all heads together is at most the δ asked for, for equal and unequal shares, and the joint certificate says no less than it is.
/// The twin gives each head the whole budget.
pub(super) fn heads(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let unequal = vec![options(1, 1, 2, 1.0), options(2, 2, 3, 1.0), options(3, 1, 2, 0.5)];
    let equal = vec![options(2, 1, 2, 1.0); 12];
    let (mut excess, mut dishonest, mut n) = (0.0_f64, 0, 0);
    for (epsilon, delta) in EPSILONS.iter().flat_map(|&e| DELTAS.map(|d| budget(e, d))) {
        for (options, shares) in [(&unequal, vec![1.0, 9.0, 0.01]), (&equal, vec![1.0; 12])] {
            let build = || heads_of(options).with_shares(shares.clone()).expect("one share a head");
            let mu = joint_mu(&mechanisms(&build(), (epsilon, delta), subject));
            excess = excess.max(gaussian::delta_bounds(epsilon.get(), mu).1 / delta.get());
            let release = build().release(epsilon, delta, &mut rng).expect("supported noise");
            let stated = release.certificate().guarantee().delta(epsilon.get());
            let shipped = joint_mu(&build().calibrate(epsilon, delta).expect("supported noise"));
            let implied = gaussian::delta_bounds(epsilon.get(), shipped).0;
            let honest = stated >= implied * (1.0 - SLACK) && stated <= delta.get();
            dishonest += u64::from(!honest || release.value().len() != options.len());
            n += 1;
        }
    }
    Outcome::worst([
        Outcome::at_most(excess, 1.0 + SLACK, n)
            .with_note("δ(ε) of the noise of all heads over the δ asked for"),
        Outcome::all_equal(dishonest, n).with_note("certificates that do not fit"),
    ])
}

/// Releases of nine heads with and without a row whose heads are all alike, seen along the whole difference. The twin as above: it loses
/// three times the μ.
pub(super) fn audit_heads(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(40_000, 400_000);
    let mut rng = context.rng(0);
    let (epsilon, delta) = budget(TARGET.0, TARGET.1);
    let options = vec![options(1, 1, 1, 0.5); 9];
    let mechanisms = mechanisms(&heads_of(&options), (epsilon, delta), subject);
    let ones = Mat::filled(1, 1, 1.0);
    let head = |count: usize, h: usize| {
        let mut moments = PrivateMoments::new(AddRemoveRow, options[h].clone()).expect("sound options");
        let rows = ones.as_ref().subrows(0..count);
        moments.push(Rows::new(AddRemoveRow, rows, rows).expect("one value a key")).expect("the shape fits");
        moments
    };
    let exact: Vec<i64> = head(1, 0).into_statistic().expect("sound options").assume_public();
    let mut draws = |count: usize| -> Vec<f64> {
        let one = |_| {
            let sum = mechanisms.iter().enumerate().map(|(h, mechanism)| {
                let release = head(count, h).release_with(mechanism, &mut rng).expect("supported noise");
                let products = release.value().steps().iter().zip(&exact).map(|(a, b)| *a as f64 * *b as f64);
                products.sum::<f64>() / mechanism.noise_std().get()
            });
            sum.sum::<f64>() / exact.iter().map(|x| (*x as f64).powi(2)).sum::<f64>().sqrt() / 3.0
        };
        (0..n).map(one).collect()
    };
    let (without, with) = (draws(0), draws(1));
    let shipped = joint_mu(&heads_of(&options).calibrate(epsilon, delta).expect("supported noise"));
    let profile = |epsilon: f64| gaussian::delta_bounds(epsilon, shipped).1;
    let (of, alpha) = ("nine heads, a row more", context.spend(ALPHA));
    judged_audit(of, [&with, &without], &[0.5, 1.0, 1.5, 2.0], (alpha, &profile))
}

/// The largest lower bound of ε over events `> t`, against the target.
fn judged_audit(
    of: &str,
    draws: [&[f64]; 2],
    thresholds: &[f64],
    (alpha, profile): (f64, &dyn Fn(f64) -> f64),
) -> Outcome {
    let events = Events::above(thresholds, draws, alpha / thresholds.len() as f64);
    Stated { of, epsilon: TARGET.0, delta: TARGET.1, profile }.against(&events, 0.3)
}

fn center(keys: &Mat, (epsilon, delta): (Epsilon, Delta), rng: &mut ChaCha20Rng) -> Center {
    let mut center = PrivateCenter::new(AddRemoveRow, keys.ncols(), 1.0).expect("a radius");
    let rows = Rows::new(AddRemoveRow, keys.as_ref(), keys.as_ref()).expect("one value a key");
    center.push(rows).expect("the shape fits");
    center.release(epsilon, delta, rng).expect("supported noise")
}

type Center = Release<Vec<f64>, PrivacyProfile<AddRemoveRow>>;

/// A centre and moments around it: the δ that both certificates join to is at least that of their noise together and at most both δ asked
/// for. The twin does not count the centre.
pub(super) fn center_and_moments(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let keys = Mat::from_fn(50, 1, |i, _| 0.5 + (i as f64).sin() / 4.0);
    let (mut least, mut most, mut n) = (f64::INFINITY, 0.0_f64, 0);
    for (epsilon, delta) in EPSILONS.iter().flat_map(|&e| DELTAS.map(|d| budget(e, d))) {
        let center = center(&keys, (epsilon, delta), &mut rng);
        most = most.max(center.certificate().guarantee().delta(epsilon.get()) / delta.get());
        let options = options(1, 1, 2, 1.0).with_key_center(center.value().clone());
        let mut moments = PrivateMoments::new(AddRemoveRow, options).expect("the options are sound");
        moments.push(Rows::new(AddRemoveRow, keys.as_ref(), keys.as_ref()).expect("pairs")).expect("fits");
        let moments = moments.release(epsilon, delta, &mut rng).expect("supported noise");
        let std = |release: &str| release.parse::<f64>().expect("a number");
        let mus = [center.certificate(), moments.certificate()].map(|certificate| {
            let parameter = |name: &str| std(&certificate.parameters()[name]);
            parameter("squared_l2_sensitivity").sqrt() / parameter("noise_std")
        });
        let implied = gaussian::delta_bounds(epsilon.get(), mus[0].hypot(mus[1])).0;
        let alone = moments.certificate().guarantee().clone();
        let both = center.and(moments).expect("one adjacency").certificate().guarantee().clone();
        let stated = subject.pick(both, alone).delta(epsilon.get());
        least = least.min(stated / implied);
        n += 1;
    }
    Outcome::worst([
        Outcome::at_least(least, 1.0 - SLACK, n).with_note("stated δ over that of the noise of both"),
        Outcome::at_most(most, 1.0, n).with_note("δ of the centre over the δ asked for"),
    ])
}

/// The released centre of twenty keys at −½, with and without another at 1. The twin spends four times the ε it states.
pub(super) fn audit_center(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(10_000, 200_000);
    let mut rng = context.rng(0);
    let budget = budget(subject.pick(TARGET.0, 4.0 * TARGET.0), TARGET.1);
    let key = |i: usize, _: usize| if i < 20 { -0.5 } else { 1.0 };
    let (few, more) = (Mat::from_fn(20, 1, key), Mat::from_fn(21, 1, key));
    let mut draws =
        |keys: &Mat| -> Vec<f64> { (0..n).map(|_| center(keys, budget, &mut rng).value()[0]).collect() };
    let (without, with) = (draws(&few), draws(&more));
    let thresholds = [-0.5, -0.45, -0.4, -0.35, -0.3];
    let stated = center(&few, super::budget(TARGET.0, TARGET.1), &mut context.rng(1));
    let profile = |epsilon: f64| stated.certificate().guarantee().delta(epsilon);
    let (of, alpha) = ("a centre of keys, a key more", context.spend(ALPHA));
    judged_audit(of, [&with, &without], &thresholds, (alpha, &profile))
}
