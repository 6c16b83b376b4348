//! Guarantees of different kinds together, against the joint law of what has them.

use super::implication::implication;
use super::{Profile, delta, epsilon, gaussian, point, pure};
use crate::checks::lower_bound::{Events, Stated};
use crate::checks::mechanisms::noise_std;
use crate::checks::mechanisms::selection::Between;
use crate::checks::twins::{each_part, each_twin};
use crate::{Context, Outcome, Subject, larger, largest, smallest};
use dp_mechanisms::certified::exp_bounds;
use dp_mechanisms::noise::{LatticeNoise, Truncated};
use dp_mechanisms::selection::{ExponentialMechanism, MonotoneScoreSensitivity, Scores};
use dp_mechanisms::{
    AddRemoveRow, DiscreteLaplace, Lattice, LatticeGaussian, LatticeL1Sensitivity, LatticeL2Sensitivity,
    LatticeLaplace, LatticeStatistic, LatticeVector, NoiseScale, PrivacyProfile, Release, RoundedGaussian,
    TruncatedLaplace, gaussian as closed_form,
};
use rand_chacha::ChaCha20Rng;

/// A guarantee whose worst mechanism is known.
#[derive(Clone, Copy)]
enum Kind {
    Laplace(f64),
    Response(f64),
    /// With probability δ the truth, else a response.
    Point(f64, f64),
    Gaussian(f64),
}

/// One of each, so that none is the sum of the others.
const KINDS: [Kind; 4] =
    [Kind::Laplace(0.9), Kind::Response(0.4), Kind::Point(0.6, 1e-3), Kind::Gaussian(0.7)];

impl Kind {
    fn profile(self) -> Profile {
        match self {
            Self::Laplace(e) => PrivacyProfile::laplace(epsilon(e), AddRemoveRow),
            Self::Response(e) => pure(e),
            Self::Point(e, d) => point(e, d),
            Self::Gaussian(m) => gaussian(m),
        }
    }

    /// Probabilities and losses; of Laplace noise by Simpson's rule in so many steps, of a Gaussian mechanism nothing.
    fn losses(self, steps: u32) -> Vec<(f64, f64)> {
        let response = |e: f64, rest: f64| {
            let likelier = 1.0 / (1.0 + (-e).exp());
            vec![(rest * likelier, e), (rest * (1.0 - likelier), -e)]
        };
        match self {
            Self::Response(e) => response(e, 1.0),
            Self::Point(e, d) => [response(e, 1.0 - d), vec![(d, f64::INFINITY)]].concat(),
            Self::Gaussian(_) => vec![(1.0, 0.0)],
            // noise of scale 1/ε, at or beyond either of 0 and 1, and between them
            Self::Laplace(e) => {
                let between = |i: u32| {
                    let x = f64::from(i) / f64::from(steps);
                    let weight = match i {
                        0 => 1.0,
                        i if i == steps => 1.0,
                        i => f64::from(2 + 2 * (i % 2)),
                    };
                    let density = e / 2.0 * (-e * x).exp();
                    (weight / f64::from(3 * steps) * density, e * (1.0 - 2.0 * x))
                };
                [(0.5, e), ((-e).exp() / 2.0, -e)].into_iter().chain((0..=steps).map(between)).collect()
            }
        }
    }
}

/// Steps of Simpson's rule: few where a Gaussian mechanism makes the integrand smooth (`δ(ε)` of `μ = 0.7` has four derivatives below
/// 3.3, which makes that of the integrand at most `0.45·3.3·(1.8 + 0.9)⁴ < 100`, and the error below `100/(180·128⁴) = 2.1e-9`); else many, as
/// a corner of slope one costs about an eighth of a squared step.
const STEPS: [u32; 2] = [128, 1 << 13];
/// Of δ, relatively: it is at least a hundredth here, and corners cost below 1e-8 of one.
const QUADRATURE: f64 = 1e-6;
/// Relative excess of δ, where few mechanisms are composed on a grid that is made for many.
const FEW: f64 = 1e-3;

/// `E[(1 − e^{ε − L})₊]` of all losses together.
fn joint_delta(kinds: &[Kind], at: f64) -> f64 {
    let mu = kinds.iter().find_map(|kind| if let Kind::Gaussian(m) = kind { Some(*m) } else { None });
    let steps = if mu.is_some() { STEPS[0] } else { STEPS[1] };
    let all = kinds.iter().fold(vec![(1.0, 0.0)], |sums, kind| {
        let losses = kind.losses(steps);
        sums.iter().flat_map(|(p, a)| losses.iter().map(move |(q, b)| (p * q, a + b))).collect()
    });
    all.into_iter().map(|(p, loss)| p * of_rest(mu, at - loss)).sum()
}

/// The same of the Gaussian mechanism alone, if there is one, at any ε: `δ(−t) = 1 − e^{−t} + e^{−t}δ(t)`.
fn of_rest(mu: Option<f64>, at: f64) -> f64 {
    let lost = larger(-at.exp_m1(), 0.0);
    match mu {
        Some(m) if at > f64::NEG_INFINITY => {
            let (lower, upper) = closed_form::delta_bounds(at.abs(), m);
            lost + f64::midpoint(lower, upper) * if at < 0.0 { at.exp() } else { 1.0 }
        }
        _ => lost,
    }
}

/// All sets of two or more kinds.
fn sets() -> Vec<Vec<Kind>> {
    let of = |which: u32| (0..4).filter(|i| which >> i & 1 == 1).map(|i| KINDS[i]).collect::<Vec<_>>();
    (0..16).map(of).filter(|set| set.len() > 1).collect()
}

/// δ of these guarantees added up against the joint law of all of `kinds`: enclosed, and narrowly.
fn added_up(kinds: &[Kind], charged: &[Kind], epsilons: &[f64]) -> Outcome {
    let nothing = Profile::nothing(AddRemoveRow);
    let profile =
        charged.iter().fold(nothing, |sum, kind| sum.and(&kind.profile()).expect("the same neighbours"));
    let mut excess = Vec::new();
    let held = epsilons.iter().map(|&at| {
        let (exact, (lower, upper)) = (joint_delta(kinds, at), profile.delta_bounds(at));
        excess.push(upper / exact - 1.0);
        // the least of how far the bounds are on their sides
        [lower / exact - 1.0, 1.0 - upper / exact]
    });
    let outside = largest(held.flatten().collect::<Vec<_>>());
    Outcome::worst([
        Outcome::at_most(outside, QUADRATURE, epsilons.len() as u64)
            .with_note("δ outside of its bounds, relatively"),
        Outcome::at_most(largest(excess), FEW, epsilons.len() as u64).with_note("relative excess of δ"),
    ])
}

/// Worst mechanisms of four kinds, by twos, threes and fours, against quadrature over their losses; then certificates of releases by
/// four mechanisms, joined, against the law of all that is released. Twins charge one of the parts less: each in turn. Then what is
/// said to follow from what.
pub(in super::super) fn composition(context: &mut Context, subject: Subject) -> Outcome {
    // below what any two kinds lose at most, so that δ is not zero
    let epsilons = [0.2, 0.7, 0.45, 0.95];
    let epsilons = &epsilons[..context.scale(2, 4)];
    let profiles = match subject {
        Subject::AsShipped => {
            Outcome::worst(sets().iter().map(|set| added_up(set, set, epsilons)).collect::<Vec<_>>())
        }
        Subject::Broken => {
            let without = |i: usize| [&KINDS[..i], &KINDS[i + 1..]].concat();
            each_twin(subject, 0, vec![0, 1, 2, 3], |i| added_up(&KINDS, &without(i), epsilons))
        }
    };
    let twins = [0, 1, 2, 3].map(Some).to_vec();
    let certificates = each_twin(subject, None, twins, |without| of_releases(context, without));
    each_part(subject, [profiles, certificates, implication(context, subject)])
}

/// Four mechanisms of different kinds.
struct Four {
    laplace: LatticeLaplace<AddRemoveRow>,
    truncated: TruncatedLaplace<AddRemoveRow>,
    gaussian: LatticeGaussian<AddRemoveRow>,
    exponential: ExponentialMechanism<MonotoneScoreSensitivity<AddRemoveRow>>,
}

/// By how much the integer with Gaussian noise moves; the others, and a score, move by one.
const SHIFT: i64 = 6;
/// Integers that this noise is told apart by: nine standard deviations around both.
const REACH: i64 = 60;
const BOUND: i64 = 8;

impl Four {
    fn new() -> Self {
        let (expected, scale) = ("little noise", |b: f64| NoiseScale::new(b).expect("positive"));
        let monotone = MonotoneScoreSensitivity::new(1, AddRemoveRow).expect("one is in range");
        let bound = BOUND.unsigned_abs();
        Self {
            laplace: LatticeLaplace::with_noise_scale(scale(1.0), step()).expect(expected),
            truncated: TruncatedLaplace::with_noise_scale_and_bound(scale(2.0), bound, step())
                .expect(expected),
            gaussian: LatticeGaussian::with_noise_std(noise_std(6.0), shift()).expect(expected),
            exponential: ExponentialMechanism::new(epsilon(0.3), monotone),
        }
    }

    /// All that is released of the first or the second of two neighbours: three in a list, and that with the fourth.
    fn released(&self, which: usize, rng: &mut ChaCha20Rng) -> Release<(Vec<LatticeVector>, usize), Profile> {
        let (expected, of, lattice) = ("small entries fit", which as i64, Lattice::new(0));
        let lattice = lattice.expect("integers are a lattice");
        let one = || LatticeStatistic::new(vec![of], lattice, step(), 1 << 20);
        let plain = self.laplace.release(one(), "check", rng).expect(expected);
        let truncated = self.truncated.release(one(), "check", rng).expect(expected);
        let moved = LatticeStatistic::new(vec![SHIFT * of], lattice, shift(), 1 << 20);
        let normal = self.gaussian.release(moved, "check", rng).expect(expected);
        let scores = Scores::new(scores(which), self.exponential.sensitivity());
        let scores = scores.expect("there are scores");
        let index = self.exponential.release(&scores, "check", rng).expect("the same sensitivity");
        let three = plain.joined([truncated, normal], "three").expect("the same neighbours");
        three.and(index).expect("the same neighbours")
    }

    /// What is charged: the guarantee of the certificate, or, in the twins, of all parts but one.
    fn charged(&self, without: Option<usize>, context: &Context) -> Profile {
        let Some(without) = without else {
            return self.released(0, &mut context.rng(100)).certificate().guarantee().clone();
        };
        let all = [
            self.laplace.profile(),
            self.truncated.profile(),
            self.gaussian.profile(),
            self.exponential.profile(),
        ];
        let rest = all.into_iter().enumerate().filter(|(i, _)| *i != without).map(|(_, profile)| profile);
        rest.fold(Profile::nothing(AddRemoveRow), |sum, profile| {
            sum.and(profile).expect("the same neighbours")
        })
    }

    /// What is told apart of each part: signs of Laplace noise, and where truncated noise of the other neighbour cannot be.
    fn cells((vectors, index): &(Vec<LatticeVector>, usize)) -> [usize; 4] {
        let [plain, truncated, normal] = core::array::from_fn(|i| vectors[i].steps()[0]);
        let truncated = match truncated {
            k if k == -BOUND => 0,
            k if k <= 0 => 1,
            k if k <= BOUND => 2,
            _ => 3,
        };
        let normal = normal.clamp(-REACH, REACH) + REACH;
        [usize::from(plain > 0), truncated, normal as usize, *index]
    }

    /// Probabilities of these cells for both neighbours.
    fn laws(&self) -> [Vec<[Between; 2]>; 4] {
        let plain = DiscreteLaplace::new(self.laplace.noise_scale()).expect("it is in use");
        let truncated = DiscreteLaplace::new(self.truncated.noise_scale()).expect("it is in use");
        let truncated = Truncated::new(truncated, BOUND.unsigned_abs()).expect("it is in use");
        let normal = RoundedGaussian::new(self.gaussian.noise_std()).expect("it is in use");
        let scores = |which: usize| self.exponential.probability_bounds(&scores(which));
        let [first, second] = [0, 1].map(|which| scores(which).expect("there are scores"));
        let both = |of: &dyn Fn(i64) -> (f64, f64)| [0, 1].map(|moved| Between::new(of(moved)));
        let between = |noise: &dyn Fn(i64) -> (f64, f64), from: i64, to: i64| {
            both(&|moved| {
                let (below, upto) = (noise(from - 1 - moved), noise(to - moved));
                (larger(upto.0 - below.1, 0.0), larger(upto.1 - below.0, 0.0))
            })
        };
        let (plain, cut) = (|k| plain.cdf_bounds(k), |k| truncated.cdf_bounds(k));
        let ends = [(i64::MIN / 2, -BOUND), (1 - BOUND, 0), (1, BOUND), (BOUND + 1, BOUND + 1)];
        [
            vec![between(&plain, i64::MIN / 2, 0), between(&plain, 1, i64::MAX / 2)],
            ends.map(|(from, to)| between(&cut, from, to)).to_vec(),
            (-REACH..=REACH).map(|k| both(&|moved| normal.pmf_bounds(k - SHIFT * moved))).collect(),
            first.into_iter().zip(second).map(|(p, q)| [p, q].map(Between::new)).collect(),
        ]
    }
}

fn step() -> LatticeL1Sensitivity<AddRemoveRow> {
    LatticeL1Sensitivity::new(1, AddRemoveRow).expect("one is positive")
}

fn shift() -> LatticeL2Sensitivity<AddRemoveRow> {
    let square = SHIFT.unsigned_abs().pow(2).into();
    LatticeL2Sensitivity::from_square(square, AddRemoveRow).expect("a square is positive here")
}

/// Certified probabilities of cells of all four parts at both neighbours: their divergence is at most what is charged, and at least half of
/// it. (The exponential mechanism is not the worst of its ε.)
fn of_releases(context: &Context, without: Option<usize>) -> Outcome {
    let four = Four::new();
    let charged = four.charged(without, context);
    let joint = four.laws().iter().fold(vec![[Between::ONE; 2]], |all, law| {
        all.iter().flat_map(|[p, q]| law.iter().map(move |[a, b]| [*p * *a, *q * *b])).collect()
    });
    let shares = [0.0, 0.5, 1.0, 1.5, 2.0].map(|at: f64| {
        let factor = exp_bounds(at).1;
        let excess = |p: Between, q: Between| larger(p.lo - (factor * q.hi).next_up(), 0.0);
        let orders = joint.iter().fold([0.0, 0.0], |sum: [f64; 2], &[p, q]| {
            [(sum[0] + excess(p, q)).next_down(), (sum[1] + excess(q, p)).next_down()]
        });
        largest(orders) / charged.delta(at)
    });
    Outcome::worst([
        // the difference of two probabilities is rounded once more, and so is the quotient
        Outcome::at_most(largest(shares), 1.0 + 1e-14, shares.len() as u64),
        Outcome::at_least(smallest(shares), 0.5, shares.len() as u64),
    ])
    .with_note("divergence of all that is released, over the δ of the certificate")
}

/// Level of an audit.
const ALPHA: f64 = 1e-6;

/// Releases by four mechanisms, joined, at two neighbours, told apart by how much likelier they are at the first. Twins charge nothing for
/// Laplace noise, or nothing for Gaussian noise.
pub(in super::super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let four = Four::new();
    let laws = four.laws().map(|law| {
        let middle = |p: &Between| f64::midpoint(p.lo, p.hi);
        law.iter().map(|[p, q]| (middle(p) / middle(q)).ln()).collect::<Vec<f64>>()
    });
    let runs = context.scale(20_000, 200_000);
    let losses = [0, 1].map(|which| {
        let mut rng = context.rng(which as u64);
        let loss = |_| {
            let cells = Four::cells(four.released(which, &mut rng).value());
            cells.iter().zip(&laws).map(|(cell, law)| law[*cell]).sum::<f64>()
        };
        (0..runs).map(loss).collect::<Vec<f64>>()
    });
    let thresholds = [0.0, 0.4, 0.8, 1.2, 1.6, 2.0];
    let level = context.spend(ALPHA);
    let events = Events::above(&thresholds, [&losses[0], &losses[1]], level);
    each_twin(subject, None, vec![Some(0), Some(2)], |without| {
        let charged = four.charged(without, context);
        let profile = |epsilon: f64| charged.delta(epsilon);
        let epsilon = charged.epsilon(delta(DELTA));
        Stated { of: "four mechanisms together", epsilon, delta: DELTA, profile: &profile }
            .against(&events, 0.5)
    })
}

/// Where the audit compares ε.
const DELTA: f64 = 0.05;

/// Of two candidates on neighbour `which`.
fn scores(which: usize) -> Vec<i64> {
    vec![which as i64, 0]
}
