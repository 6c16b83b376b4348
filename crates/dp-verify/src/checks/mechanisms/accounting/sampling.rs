//! Sampled mechanisms against quadrature over what they release.

use super::{Profile, gaussian, mu, none_fails, rate};
use crate::checks::lower_bound::Stated;
use crate::{Context, Outcome, Subject, larger};
use dp_audit::{Claimed, Experiment, Neighbours, ThresholdAudit, from_fn};
use dp_mechanisms::accounting::{FixedSize, Poisson};
use dp_mechanisms::noise::{LatticeNoise, RoundedGaussian};
use dp_mechanisms::{AddRemoveRow, FailureProbability, NoiseStd, PrivacyProfile, ReplaceRow, normal};
use rand::{Rng, RngExt};

fn replaced(value: f64) -> PrivacyProfile<ReplaceRow> {
    PrivacyProfile::gaussian(mu(value), ReplaceRow)
}

fn poisson(q: f64) -> Poisson {
    Poisson::new(rate(q))
}

/// What a mechanism on a sample releases: normal laws of this standard deviation, with weights, around sums.
struct Mixture {
    std: f64,
    parts: Vec<(f64, f64)>,
}

impl Mixture {
    /// All samples of these rows, with their probabilities.
    fn new(rows: &[f64], std: f64, weight: impl Fn(u32) -> f64) -> Self {
        let part = |subset: u32| {
            let sum = rows.iter().enumerate().filter(|(i, _)| subset >> i & 1 == 1).map(|(_, row)| row).sum();
            (weight(subset.count_ones()), sum)
        };
        let parts = (0..1_u32 << rows.len()).map(part).filter(|part| part.0 > 0.0).collect();
        Self { std, parts }
    }

    /// Each row with probability q.
    fn poisson(rows: &[f64], std: f64, q: f64) -> Self {
        Self::new(rows, std, |size| q.powi(size as i32) * (1.0 - q).powi((rows.len() - size as usize) as i32))
    }

    /// So many of the rows.
    fn fixed_size(rows: &[f64], std: f64, sample: u32) -> Self {
        let all = (0..1_u32 << rows.len()).filter(|subset| subset.count_ones() == sample).count() as f64;
        Self::new(rows, std, |size| if size == sample { 1.0 / all } else { 0.0 })
    }

    fn density(&self, x: f64) -> f64 {
        let part = |(weight, center): &(f64, f64)| weight * (-((x - center) / self.std).powi(2) / 2.0).exp();
        self.parts.iter().map(part).sum::<f64>() / (self.std * (2.0 * core::f64::consts::PI).sqrt())
    }

    /// `∫ (p − e^ε q)₊`, larger of both orders, for all these ε; by the trapezoidal rule.
    fn divergences(&self, other: &Self, epsilons: &[f64]) -> Vec<f64> {
        let reach = 6.0 + 9.0 * self.std;
        let steps = (2.0 * reach / (self.std / STEPS_PER_STD)) as i32;
        let width = 2.0 * reach / f64::from(steps);
        let nodes = (0..=steps).map(|i| -reach + f64::from(i) * width);
        let densities: Vec<(f64, f64)> = nodes.map(|x| (self.density(x), other.density(x))).collect();
        let one = |e: f64| {
            let excess = |p: f64, q: f64| larger(p - e.exp() * q, 0.0);
            let (forward, backward) = densities
                .iter()
                .fold((0.0, 0.0), |sum, &(p, q)| (sum.0 + excess(p, q), sum.1 + excess(q, p)));
            larger(forward, backward) * width
        };
        epsilons.iter().map(|e| one(*e)).collect()
    }
}

/// The trapezoidal rule is exact for normal densities at such steps, but for the corners of the positive part: each adds at
/// most an eighth of the squared step times the jump of the slope, `(1 + e^ε)·0.25/σ²` for each density.
const STEPS_PER_STD: f64 = 100.0;

/// A sixteenth of `10⁻⁴` times the slopes of few corners.
fn tolerance(e: f64) -> f64 {
    1e-5 * (1.0 + e.exp())
}

const EPSILONS: [f64; 5] = [0.0, 0.05, 0.2, 0.7, 2.0];

fn rows<R: Rng>(rng: &mut R, n: usize) -> Vec<f64> {
    (0..n)
        .map(|_| {
            if rng.random_range(0..4) == 0 {
                rng.random_range(-1.0..1.0)
            } else {
                f64::from(rng.random_range(-1..=1))
            }
        })
        .collect()
}

/// Bounds for the worst neighbours of Poisson samples at random points against events: `P(X > x) − e^ε Q(X > x)` is a lower
/// bound for every x, and the divergence at the best x, which both orders have in closed form. The twin takes the rate
/// squared, as if both neighbours had sampled.
pub(in super::super) fn closed_forms(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let cases: Vec<[f64; 3]> = (0..context.scale(2_000, 100_000))
        .map(|_| {
            let q = 10_f64.powf(rng.random_range(-4.0..-0.01));
            [q, 10_f64.powf(rng.random_range(-1.5..0.7)), rng.random_range(0.0..1.0_f64).powi(3) * 4.0]
        })
        .collect();
    none_fails(cases, |[q, m, e]| {
        let claimed = poisson(subject.pick(q, q * q)).amplify(&gaussian(m)).expect("can be sampled");
        let attained = larger(row_first(q, m, e), row_second(q, m, e));
        let (lower, upper) = claimed.delta_bounds(e);
        // roundings of four terms up to e^ε on one side, of a threshold and of tails on the other
        upper >= attained - 1e-14 && upper <= attained + 1e-11 && lower <= upper
    })
}

/// With `s = (e^ε − 1 + q)/q` the loss is ε where `μx − μ²/2 = ln s`.
fn row_first(q: f64, m: f64, e: f64) -> f64 {
    let x = ((e.exp_m1() / q).ln_1p() + m * m / 2.0) / m;
    let (outer, inner) = (normal::upper_tail_bounds(x), normal::upper_tail_bounds(x - m));
    (1.0 - q) * outer.0 + q * inner.0 - e.exp() * outer.1
}

/// Below the point where the loss is −ε; if it is nowhere so small, nothing.
fn row_second(q: f64, m: f64, e: f64) -> f64 {
    let s = 1.0 + (-e).exp_m1() / q;
    if s <= 0.0 {
        return 0.0;
    }
    let x = (s.ln() + m * m / 2.0) / m;
    let (outer, inner) = (normal::upper_tail_bounds(-x), normal::upper_tail_bounds(m - x));
    outer.0 - e.exp() * ((1.0 - q) * outer.1 + q * inner.1)
}

/// Random small data sets and all kinds of samples and neighbours: none loses more than is charged. The twin charges a sample of
/// fixed size, for rows that are added, with what the mechanism loses for rows that are added.
pub(in super::super) fn search(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let mut cases: Vec<(Vec<f64>, f64, f64, f64)> = (0..context.scale(60, 5_000))
        .map(|_| {
            let n = rng.random_range(2..6);
            (
                rows(&mut rng, n),
                rng.random_range(-1.0..1.0),
                rng.random_range(0.4..2.0),
                rng.random_range(0.02..0.6),
            )
        })
        .collect();
    // the neighbours that the twin is wrong about: all rows at one end, the new one at the other
    cases.push((vec![-1.0; 4], 1.0, 0.7, 0.3));
    let (mut failures, mut n) = (0, 0);
    for (i, (rows, row, std, q)) in cases.iter().enumerate() {
        context.progress(i, cases.len());
        for charge in charges(rows, *row, *std, *q, subject) {
            n += 1;
            failures += u64::from(!charge);
        }
    }
    Outcome::all_equal(failures, n)
}

/// Whether each kind of sample of these rows, with neighbours that have `row` too or instead of the first, loses at most what is
/// charged.
fn charges(rows: &[f64], row: f64, std: f64, q: f64, subject: Subject) -> [bool; 4] {
    let more: Vec<f64> = rows.iter().copied().chain([row]).collect();
    let other: Vec<f64> = [row].into_iter().chain(rows[1..].iter().copied()).collect();
    let (one, two) = (gaussian(1.0 / std), replaced(2.0 / std));
    let sampled = poisson(q);
    let sample = (rows.len() / 2) as u32;
    let fixed = FixedSize::new(sample.into(), rows.len() as u64).expect("half of them");
    let add_remove = fixed.amplify_add_remove(&subject.pick(two.clone(), replaced(1.0 / std)));
    let holds = |a: &Mixture, b: &Mixture, claimed: &dyn Fn(f64) -> f64| {
        let found = a.divergences(b, &EPSILONS);
        EPSILONS.iter().zip(found).all(|(&e, found)| found <= claimed(e) + tolerance(e))
    };
    let expected = "Gaussian mechanisms can be sampled";
    let p = |rows: &[f64]| Mixture::poisson(rows, std, q);
    let f = |rows: &[f64]| Mixture::fixed_size(rows, std, sample);
    let (added, exchanged) =
        (sampled.amplify(&one).expect(expected), sampled.amplify_replaced(&one, &two).expect(expected));
    let (fixed_exchanged, fixed_added) = (fixed.amplify(&two).expect(expected), add_remove.expect(expected));
    [
        holds(&p(rows), &p(&more), &|e| added.delta(e)),
        holds(&p(rows), &p(&other), &|e| exchanged.delta(e)),
        holds(&f(rows), &f(&other), &|e| fixed_exchanged.delta(e)),
        holds(&f(rows), &f(&more), &|e| fixed_added.delta(e)),
    ]
}

/// Lattice steps of one row.
const UNIT: i64 = 1000;
/// Level of an audit.
const ALPHA: f64 = 1e-9;

/// One of twenty rows is drawn, and released with noise. The twin is charged as in [`search`].
pub(in super::super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let std = UNIT as f64 / 2.0;
    let noise = RoundedGaussian::new(NoiseStd::new(std).expect("positive")).expect("supported");
    let mechanism = from_fn(|rows: &Vec<i64>, rng| rows[rng.random_range(0..rows.len())] + noise.sample(rng));
    let rows = vec![-UNIT; 20];
    let more: Vec<i64> = rows.iter().copied().chain([UNIT]).collect();
    let pair = Neighbours::new(rows, more, AddRemoveRow);
    let fixed = FixedSize::new(1, 20).expect("one of them");
    let base = replaced(subject.pick(2.0, 1.0) * UNIT as f64 / std);
    let claimed: Profile = fixed.amplify_add_remove(&base).expect("Gaussian mechanisms can be sampled");
    let experiment = Experiment::new(&mechanism, &pair, |output: &i64| *output as f64);
    let runs = context.scale(60_000, 1_000_000);
    let level = FailureProbability::new(context.spend(ALPHA)).expect("a probability");
    let audit = ThresholdAudit::new(runs, level).expect("enough runs");
    let report = audit.refute(&experiment, &Claimed::from(&claimed), &mut context.rng(0));
    let refuted = report.refutes(&claimed).is_refuted();
    let profile = |epsilon: f64| claimed.delta(epsilon);
    let stated =
        Stated { of: "a row drawn of twenty, one row more", epsilon: 1.0, delta: 0.0, profile: &profile };
    Outcome::at_most(f64::from(u8::from(refuted)), 0.0, 2 * runs as u64)
        .with_note("refuted by an audit")
        .with_figure(stated.picture(&report))
}
