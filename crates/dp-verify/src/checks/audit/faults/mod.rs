//! Planted faults, each beside its correct twin: what happens to mechanisms in practice, as small as it can be.
//!
//! Most come from published libraries and papers. `Subject::Broken` builds the fault, `Subject::AsShipped` the twin;
//! the claim is the same for both.

mod budget;
mod noise;
mod randomness;
mod release;
mod statistic;

use super::noise::{rounded_gaussian, two_sided, two_sided_law};
use super::trial::{Trial, gaussian, level, pure, trial};
use crate::Subject;
use dp_audit::replay::{self, ReplayReport};
use dp_audit::{
    Claimed, ExactDivergence, Guesses, Inclusion, Mechanism, Membership, Neighbours, OneRunAudit, Verdict,
    from_fn,
};
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::{Adjacency, LatticeL1Sensitivity, PrivacyProfile};
use rand::CryptoRng;
use rand_chacha::ChaCha20Rng;
use std::rc::Rc;

/// One fault. Each is also a mutant (`audit.planted.*`).
#[derive(Clone, Copy)]
pub(super) struct Fault {
    /// What went wrong.
    pub(super) name: &'static str,
    /// What is claimed all the same.
    pub(super) claim: &'static str,
    /// The fault, or its twin, with all that auditors need.
    pub(super) build: fn(Subject) -> Bench,
}

/// Every fault.
pub(super) fn all() -> Vec<Fault> {
    [noise::faults(), statistic::faults(), release::faults(), budget::faults(), randomness::faults()].concat()
}

type Exact = Rc<dyn Fn() -> Verdict>;
type Replay = Rc<dyn Fn(&mut ChaCha20Rng) -> Verdict>;
pub(super) type Canaries = Rc<dyn Fn(usize, f64, &mut ChaCha20Rng) -> Verdict>;

/// A mechanism before every auditor that applies to it.
pub(super) struct Bench {
    pub(super) trial: Box<dyn Trial>,
    /// From the probabilities of the output.
    pub(super) exact: Option<Exact>,
    /// From one pair of runs with frozen noise: too large a distance, or misuse of words.
    pub(super) replay: Option<Replay>,
    /// From one run with so many canaries, at this level.
    pub(super) canaries: Option<Canaries>,
}

impl Bench {
    fn new(trial: Box<dyn Trial>) -> Self {
        Self { trial, exact: None, replay: None, canaries: None }
    }

    fn with_exact(self, exact: impl Fn() -> Verdict + 'static) -> Self {
        Self { exact: Some(Rc::new(exact)), ..self }
    }

    fn with_replay(self, replay: impl Fn(&mut ChaCha20Rng) -> Verdict + 'static) -> Self {
        Self { replay: Some(Rc::new(replay)), ..self }
    }

    fn with_canaries(self, canaries: impl Fn(usize, f64, &mut ChaCha20Rng) -> Verdict + 'static) -> Self {
        Self { canaries: Some(Rc::new(canaries)), ..self }
    }
}

/// Some rows.
type Rows = Vec<i64>;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "a statistic takes its output by reference")]
fn value(output: &i64) -> f64 {
    *output as f64
}

/// Refuted if two neighbours are further apart than declared, or anything is odd about words and shapes.
fn judge<A: Adjacency>(report: &ReplayReport<A, u128>, declared: u64, adjacency: A) -> Verdict {
    let declared = LatticeL1Sensitivity::new(declared, adjacency).expect("statistics move");
    if report.findings().is_empty() { report.refutes_l1(&declared) } else { Verdict::Refuted }
}

/// A mechanism with integer entries, replayed against a declared L1 sensitivity.
fn replayed<M, A>(
    mechanism: M,
    pair: Neighbours<M::Data, A>,
    entries: fn(&M::Output) -> Rows,
    declared: u64,
) -> impl Fn(&mut ChaCha20Rng) -> Verdict
where
    M: Mechanism,
    A: Adjacency,
{
    let (adjacency, pairs) = (pair.adjacency(), [pair]);
    move |rng| {
        let report = replay::lattice(&mechanism, &pairs, entries, rng).expect("there is a pair");
        judge(&report, declared, adjacency)
    }
}

/// A statistic with two-sided geometric noise of ratio `r`, claimed to be pure at these odds because the statistic is
/// declared to move by so many steps.
fn geometric_sum<D: Clone + 'static, A: Adjacency>(
    statistic: fn(&D) -> i64,
    (numerator, denominator): (u32, u32),
    pair: Neighbours<D, A>,
    odds: f64,
    declared: u64,
) -> Bench {
    let mechanism =
        move |rows: &D, rng: &mut dyn CryptoRng| statistic(rows) + two_sided(numerator, denominator, rng);
    let (claim, adjacency) = (pure(odds, pair.adjacency()), pair.adjacency());
    let shift =
        statistic(pair.first()).wrapping_sub(statistic(pair.second())).unsigned_abs().min(1 << 12) as i64;
    let exact = exact_geometric((numerator, denominator), shift, claim.clone());
    Bench::new(trial(from_fn(mechanism), pair.clone(), value, &claim))
        .with_exact(move || exact(adjacency))
        .with_replay(replayed(from_fn(mechanism), pair, |output| vec![*output], declared))
}

fn exact_geometric<A: Adjacency>(
    (numerator, denominator): (u32, u32),
    shift: i64,
    claim: PrivacyProfile<A>,
) -> impl Fn(A) -> Verdict {
    move |adjacency| {
        let law = two_sided_law(numerator, denominator);
        let reach = 200;
        let outside = 2.0 * (f64::from(numerator) / f64::from(denominator)).powi(reach as i32);
        let bounds = |which: dp_audit::Which, k: i64| law(k - which.pick(0, shift));
        ExactDivergence::over_integers(-reach..=shift + reach, bounds, [outside; 2], adjacency)
            .expect("the law of the noise")
            .refutes(&claim)
    }
}

/// A statistic with rounded Gaussian noise, claimed to be μ-Gaussian because it is declared to move by so many steps.
fn gaussian_sum<D: Clone + 'static, A: Adjacency>(
    statistic: fn(&D) -> i64,
    std: f64,
    pair: Neighbours<D, A>,
    mu: f64,
    declared: u64,
) -> Bench {
    let (noise, replayed_noise) = (rounded_gaussian(std), rounded_gaussian(std));
    let claim = gaussian(mu, pair.adjacency());
    let mechanism = from_fn(move |rows: &D, rng| statistic(rows) + noise.sample(rng));
    let replay = from_fn(move |rows: &D, rng| statistic(rows) + replayed_noise.sample(rng));
    Bench::new(trial(mechanism, pair.clone(), value, &claim)).with_replay(replayed(
        replay,
        pair,
        |output| vec![*output],
        declared,
    ))
}

/// The count of rows with rounded Gaussian noise: nothing wrong but perhaps the noise.
fn gaussian_count<A: Adjacency>(std: f64, claim: PrivacyProfile<A>) -> Bench {
    let (noise, adjacency) = (rounded_gaussian(std), claim.adjacency());
    let count = from_fn(move |rows: &Rows, rng| rows.len() as i64 + noise.sample(rng));
    let pair = Neighbours::new(vec![7; 10], vec![7; 11], adjacency);
    let exact = claim.clone();
    Bench::new(trial(count, pair, value, &claim))
        .with_exact(move || {
            let reach = (12.0 * std).ceil() as u32 + 2;
            ExactDivergence::of_noise(&rounded_gaussian(std), 1, reach, adjacency)
                .expect("a law")
                .refutes(&exact)
        })
        .with_canaries(move |canaries, alpha, rng| {
            canary_cells(canaries, alpha, std, &Claimed::from(&claim), rng)
        })
}

/// One run of a histogram with a cell for each canary; a sixteenth of the canaries are guessed about.
fn canary_cells<A: Adjacency>(
    canaries: usize,
    alpha: f64,
    std: f64,
    claimed: &Claimed<A>,
    rng: &mut ChaCha20Rng,
) -> Verdict {
    let inclusion = Inclusion::draw(canaries, rng);
    let mut cells: Rows = inclusion.iter().map(|canary| i64::from(canary == Membership::Included)).collect();
    rounded_gaussian(std).add_to(&mut cells, rng);
    let scores: Vec<f64> = cells.iter().map(|cell| *cell as f64).collect();
    let guesses = canaries / 16;
    let audit = OneRunAudit::new(guesses, level(alpha), claimed.adjacency());
    let report =
        audit.judge(&inclusion, &Guesses::by_score(&scores, guesses)).expect("as many guesses as announced");
    report.refutes_claimed(claimed)
}
