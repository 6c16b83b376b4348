//! Heads under one budget, and the centre with what it is for.

use super::audit::column;
use super::{budget, options};
use crate::checks::lower_bound::{Events, Stated, list, together};
use crate::{Context, Outcome, Subject, larger, smaller};
use attention_dp::{MomentOptions, PrivateCenter, PrivateHeads, PrivateMoments, Rows};
use dp_linalg::Mat;
use dp_mechanisms::{
    AddRemoveRow, Delta, Epsilon, LatticeGaussian, LatticeL2Sensitivity, NoiseStd, PrivacyProfile, Release,
    gaussian,
};
use rand_chacha::ChaCha20Rng;

const EPSILONS: [f64; 4] = [0.02, 0.5, 3.0, 20.0];
const DELTAS: [f64; 3] = [0.1, 1e-6, 1e-300];

/// As for single releases: roundings of `Δ/σ` and of sums of squares.
const SLACK: f64 = 1e-11;

/// Level of each audit, of which heads have two, and the privacy they ask for: a large δ, because they see no event rarer than one run in all.
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
            excess = larger(excess, gaussian::delta_bounds(epsilon.get(), mu).1 / delta.get());
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

/// How heads are released: as everyone may, or with a fault.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    /// All in one release.
    Joint,
    /// Each with a certificate of its own.
    Each,
    /// Each has the whole budget.
    WholeBudgetEach,
    /// The first has half of its noise.
    FirstHasHalf,
    /// All have the noise of the first, as from a generator that is copied.
    NoiseReused,
}

/// Five heads, of which the first has half of the budget.
const SHARES: [f64; 5] = [4.0, 1.0, 1.0, 1.0, 1.0];

/// Where events begin, in standard deviations; the least is for what has no noise.
const THRESHOLDS: [f64; 5] = [0.02, 0.5, 1.0, 1.5, 2.0];

/// Both public releases of five heads, with and without a row whose values have another sign in every second head: seen along the whole
/// difference, in the head with the largest share, and in the difference of two heads with equal noise. Three twins are judged, one that
/// gives each head the whole budget, one whose first head has half of its noise and one whose heads share a draw of noise; the mildest
/// finding counts.
pub(super) fn audit_heads(context: &mut Context, subject: Subject) -> Outcome {
    let heads = Heads::new();
    let shipped = &[Way::Joint, Way::Each][..];
    let ways = subject.pick(shipped, &[Way::WholeBudgetEach, Way::FirstHasHalf, Way::NoiseReused]);
    let audits: Vec<Outcome> = ways.iter().map(|&way| heads.audit(context, way)).collect();
    let of = subject.pick("together and each", "whole budgets, half the noise in one, noise reused");
    let note = format!("audited ε, {of}: {}", list(&audits));
    together(audits, subject).with_note(note)
}

struct Heads {
    options: Vec<MomentOptions>,
    /// Integers of the row in each head, and the standard deviations of the shipped noise on them.
    exact: Vec<Vec<i64>>,
    stds: Vec<f64>,
}

impl Heads {
    fn new() -> Self {
        let empty = Self { options: vec![options(1, 1, 1, 0.5); SHARES.len()], exact: vec![], stds: vec![] };
        let integers = |h| empty.alone(h, 1).into_statistic().expect("sound options").assume_public();
        let exact = (0..SHARES.len()).map(integers).collect();
        let stds = empty.calibrated().iter().map(|mechanism| mechanism.noise_std().get()).collect();
        Self { exact, stds, ..empty }
    }

    /// Keys and values of one head.
    fn rows(h: usize, count: usize) -> [Mat; 2] {
        let value = if h.is_multiple_of(2) { 1.0 } else { -1.0 };
        [Mat::filled(count, 1, 1.0), Mat::filled(count, 1, value)]
    }

    fn all(&self, count: usize) -> PrivateHeads<AddRemoveRow> {
        let mut heads = heads_of(&self.options).with_shares(SHARES.to_vec()).expect("one share a head");
        let rows: Vec<[Mat; 2]> = (0..SHARES.len()).map(|h| Self::rows(h, count)).collect();
        let views = rows.iter().map(|[keys, values]| Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()));
        let views: Result<Vec<_>, _> = views.collect();
        heads.push(&views.expect("one value a key")).expect("the shapes fit");
        heads
    }

    fn alone(&self, h: usize, count: usize) -> PrivateMoments<AddRemoveRow> {
        let mut moments =
            PrivateMoments::new(AddRemoveRow, self.options[h].clone()).expect("the options are sound");
        let [keys, values] = Self::rows(h, count);
        let rows = Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).expect("one value a key");
        moments.push(rows).expect("the shape fits");
        moments
    }

    fn calibrated(&self) -> Vec<LatticeGaussian<AddRemoveRow>> {
        let (epsilon, delta) = budget(TARGET.0, TARGET.1);
        self.all(0).calibrate(epsilon, delta).expect("supported noise")
    }

    fn audit(&self, context: &Context, way: Way) -> Outcome {
        let n = context.scale(20_000, 200_000);
        // a difference without noise is told at once
        let n = if way == Way::NoiseReused { n / 10 } else { n };
        let mut rng = context.rng(way as u64);
        let (epsilon, delta) = budget(TARGET.0, TARGET.1);
        let release = self.all(0).release(epsilon, delta, &mut rng).expect("supported noise");
        let guarantee = release.certificate().guarantee();
        let twin = self.mechanisms_of(way);
        let draws = [0, 1].map(|count: usize| -> Vec<[f64; 3]> {
            (0..n).map(|_| self.scores(&self.released((way, &twin), count, &mut rng))).collect()
        });
        let level = context.spend(ALPHA);
        let events = |view: usize| {
            let [without, with] = [0, 1].map(|count: usize| column(&draws[count], view));
            Events::above(&THRESHOLDS, [&with, &without], level)
        };
        let stated = Stated {
            of: "five heads, a row more",
            epsilon: guarantee.epsilon(delta),
            delta: TARGET.1,
            profile: &|epsilon| guarantee.delta(epsilon),
        };
        stated.against(&events(0).and(&events(1)).and(&events(2)), 0.5)
    }

    /// The noise of a twin.
    fn mechanisms_of(&self, way: Way) -> Vec<LatticeGaussian<AddRemoveRow>> {
        if way == Way::WholeBudgetEach {
            return mechanisms(&self.all(0), budget(TARGET.0, TARGET.1), Subject::Broken);
        }
        let mut mechanisms = self.calibrated();
        if way == Way::FirstHasHalf {
            let std = NoiseStd::new(self.stds[0] / 2.0).expect("half of a normal number");
            mechanisms[0] =
                LatticeGaussian::with_noise_std(std, mechanisms[0].sensitivity()).expect("supported noise");
        }
        mechanisms
    }

    /// Integers of each head.
    fn released(
        &self,
        (way, twin): (Way, &[LatticeGaussian<AddRemoveRow>]),
        count: usize,
        rng: &mut ChaCha20Rng,
    ) -> Vec<Vec<i64>> {
        let (epsilon, delta) = budget(TARGET.0, TARGET.1);
        match way {
            Way::Joint => {
                let release = self.all(count).release(epsilon, delta, rng).expect("supported noise");
                release.value().iter().map(|moments| moments.steps().to_vec()).collect()
            }
            Way::Each => {
                let each = self.all(count).release_each(epsilon, delta, rng).expect("supported noise");
                each.iter().map(|release| release.value().steps().to_vec()).collect()
            }
            Way::WholeBudgetEach | Way::FirstHasHalf | Way::NoiseReused => {
                let start = rng.clone();
                let one = |(h, mechanism): (usize, &LatticeGaussian<_>)| {
                    let mut copy = start.clone();
                    let rng = if way == Way::NoiseReused && h > 0 { &mut copy } else { &mut *rng };
                    let release = self.alone(h, count).release_with(mechanism, rng);
                    release.expect("supported noise").value().steps().to_vec()
                };
                twin.iter().enumerate().map(one).collect()
            }
        }
    }

    /// How far released integers are from none toward those of the row, in standard deviations: of all heads, of the first, and of the second
    /// less the third.
    fn scores(&self, released: &[Vec<i64>]) -> [f64; 3] {
        let product = |a: &[i64], b: &[i64]| a.iter().zip(b).map(|(a, b)| *a as f64 * *b as f64).sum::<f64>();
        let weigh = |a: &dyn Fn(usize) -> f64| -> f64 {
            (0..SHARES.len()).map(|h| a(h) / self.stds[h].powi(2)).sum()
        };
        let square = |h: usize| product(&self.exact[h], &self.exact[h]);
        let along = |h: usize| product(&released[h], &self.exact[h]);
        let less = |a: &[Vec<i64>]| -> Vec<i64> { a[1].iter().zip(&a[2]).map(|(a, b)| a - b).collect() };
        let (seen, sought) = (less(released), less(&self.exact));
        [
            weigh(&along) / weigh(&square).sqrt(),
            along(0) / square(0).sqrt() / self.stds[0],
            product(&seen, &sought) / (2.0 * product(&sought, &sought)).sqrt() / self.stds[1],
        ]
    }
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
        most = larger(most, center.certificate().guarantee().delta(epsilon.get()) / delta.get());
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
        least = smaller(least, stated / implied);
        n += 1;
    }
    Outcome::worst([
        Outcome::at_least(least, 1.0 - SLACK, n).with_note("stated δ over that of the noise of both"),
        Outcome::at_most(most, 1.0, n).with_note("δ of the centre over the δ asked for"),
    ])
}

/// The released centre of twenty keys at −1, with and without another at 1, which moves sum and number by as much. The twin has `1/√2` of the
/// noise.
pub(super) fn audit_center(context: &mut Context, subject: Subject) -> Outcome {
    let n = context.scale(10_000, 200_000);
    let mut rng = context.rng(0);
    let asked = budget(TARGET.0, TARGET.1);
    let used = (subject.pick(asked.0, epsilon_of_less_noise(asked)), asked.1);
    let key = |i: usize, _: usize| if i < 20 { -1.0 } else { 1.0 };
    let (few, more) = (Mat::from_fn(20, 1, key), Mat::from_fn(21, 1, key));
    let mut draws =
        |keys: &Mat| -> Vec<f64> { (0..n).map(|_| center(keys, used, &mut rng).value()[0]).collect() };
    let (without, with) = (draws(&few), draws(&more));
    let certified = center(&few, asked, &mut context.rng(1));
    let stated = Stated {
        of: "a centre of keys, a key more",
        epsilon: TARGET.0,
        delta: TARGET.1,
        profile: &|epsilon| certified.certificate().guarantee().delta(epsilon),
    };
    // a key moves the centre by a tenth, about as much as noise does
    let thresholds = [-0.95, -0.9, -0.85, -0.8, -0.75];
    stated.against(&Events::above(&thresholds, [&with, &without], context.spend(ALPHA)), 0.5)
}

/// What `1/√2` of the noise for this budget costs at the same δ.
fn epsilon_of_less_noise((epsilon, delta): (Epsilon, Delta)) -> Epsilon {
    let sensitivity = LatticeL2Sensitivity::from_square(1 << 40, AddRemoveRow).expect("positive");
    let std = LatticeGaussian::calibrate(epsilon, delta, sensitivity).expect("supported noise").noise_std();
    let std = NoiseStd::new(std.get() / 2.0_f64.sqrt()).expect("a normal number");
    let twin = LatticeGaussian::with_noise_std(std, sensitivity).expect("supported noise");
    Epsilon::new(twin.profile().epsilon(delta)).expect("positive")
}
