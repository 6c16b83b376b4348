//! Budgets against adversaries that choose the next mechanism by what was released.

use super::{Profile, delta, epsilon, gaussian, mu, none_fails, pure};
use crate::checks::lower_bound::Stated;
use crate::checks::twins::each_part;
use crate::{Context, Outcome, Subject, larger, largest};
use dp_audit::{Claimed, Experiment, Neighbours, ThresholdAudit, from_fn};
use dp_mechanisms::accounting::{Filter, Odometer};
use dp_mechanisms::{AddRemoveRow, FailureProbability, Rho, gaussian as closed_form};
use dp_testkit::statistics::proportion_lower_bound;
use rand::{Rng, RngExt};

/// ε of the mechanisms that may come next: randomised response.
const MENU: [f64; 3] = [0.3, 0.5, 0.9];

/// A filter, or the twin: it looks only afterwards whether the budget is exceeded, so that one mechanism too many runs.
///
/// A filter cannot be copied, so each branch of a strategy makes its own and spends on it what was spent on the way.
#[derive(Clone)]
struct Gate {
    make: fn() -> Filter<AddRemoveRow>,
    spent: Vec<Profile>,
    is_late: bool,
    is_closed: bool,
}

impl Gate {
    fn new(make: fn() -> Filter<AddRemoveRow>, subject: Subject) -> Self {
        Self { make, spent: Vec::new(), is_late: subject.pick(false, true), is_closed: false }
    }

    fn filter(&self) -> Filter<AddRemoveRow> {
        let mut filter = (self.make)();
        self.spent.iter().for_each(|profile| filter.spend(profile).expect("it has passed before"));
        filter
    }

    /// What is left after a mechanism, if it may run.
    fn after(&self, profile: &Profile) -> Option<Self> {
        if self.is_closed {
            return None;
        }
        let mut next = self.clone();
        if self.filter().spend(profile).is_ok() {
            next.spent.push(profile.clone());
            return Some(next);
        }
        next.is_closed = true;
        self.is_late.then_some(next)
    }
}

/// The most that an adversary reaches of `E[(1 − e^{ε − L})₊]`: the divergence of all that was released.
fn worst_response(gate: &Gate, loss: f64, at: f64) -> f64 {
    let stopped = larger(1.0 - (at - loss).exp(), 0.0);
    let choices = MENU.into_iter().filter_map(|e| Some((e, gate.after(&pure(e))?)));
    let values = choices.map(|(e, next)| {
        let likelier = 1.0 / (1.0 + (-e).exp());
        likelier * worst_response(&next, loss + e, at)
            + (1.0 - likelier) * worst_response(&next, loss - e, at)
    });
    values.fold(stopped, larger)
}

/// Sums of at most 10⁵ products in `f64`.
const SLACK: f64 = 1e-11;

fn zero_concentrated(rho: f64) -> Filter<AddRemoveRow> {
    Filter::zero_concentrated(Rho::new(rho).expect("positive"), AddRemoveRow)
}

/// So many mechanisms that 64 bits do not count them, against a budget that what they count would be within.
fn uncounted(subject: Subject) -> Outcome {
    let many = pure(1e-30).repeated(1 << 40).repeated(1 << 40);
    let filters: [fn() -> Filter<AddRemoveRow>; 2] =
        [|| Filter::pure(epsilon(1e-9), AddRemoveRow), || zero_concentrated(1e-40)];
    none_fails(filters, |filter| Gate::new(filter, subject).after(&many).is_none())
}

/// The best strategies against pure and zero-concentrated budgets, by enumeration of all, and two-step strategies against Gaussian
/// budgets, by quadrature; and counts beyond all budgets. The twin spends after it ran.
pub(in super::super) fn filter(_: &mut Context, subject: Subject) -> Outcome {
    let filters: [fn() -> Filter<AddRemoveRow>; 4] = [
        || Filter::pure(epsilon(1.4), AddRemoveRow),
        || Filter::pure(epsilon(0.95), AddRemoveRow),
        || zero_concentrated(0.5),
        || zero_concentrated(0.13),
    ];
    let mut cases = Vec::new();
    for filter in filters {
        cases.extend([0.0, 0.3, 0.9, 1.4, 2.0].map(|at| (filter, at)));
    }
    let responses = none_fails(cases, |(filter, at)| {
        worst_response(&Gate::new(filter, subject), 0.0, at) <= filter().budget().delta(at) + SLACK
    });
    let parts = [
        responses.with_note("randomised response"),
        gaussian_budgets(subject).with_note("Gaussian"),
        uncounted(subject).with_note("counts that were cut"),
    ];
    each_part(subject, parts)
}

/// First μ = 0.8 of a budget of 1; then nothing, or what fits, whichever is worse after what was released. The value is that of the
/// budget itself if the rest is spent always: an adversary gains nothing by looking.
fn gaussian_budgets(subject: Subject) -> Outcome {
    let gate = Gate::new(|| Filter::gaussian(mu(1.0), AddRemoveRow), subject);
    let first = 0.8;
    let Some(next) = gate.after(&gaussian(first)) else { return Outcome::inconclusive("the budget is one") };
    let seconds: Vec<f64> =
        [0.2, 0.4, 0.6, 0.7].into_iter().filter(|m| next.after(&gaussian(*m)).is_some()).collect();
    none_fails([0.0, 0.5, 1.0, 2.0], |at| {
        let value = |x: f64| {
            let loss = first * x - first * first / 2.0;
            let stopped = larger(1.0 - (at - loss).exp(), 0.0);
            seconds.iter().map(|m| divergence(at - loss, *m)).fold(stopped, larger)
        };
        let width = 1.0 / 256.0;
        let nodes = (-10 * 256..=10 * 256).map(|i| f64::from(i) * width);
        let density = |x: f64| (-(x - first).powi(2) / 2.0).exp() / (2.0 * core::f64::consts::PI).sqrt();
        let total: f64 = nodes.map(|x| density(x) * value(x) * width).sum();
        // analytic integrands but for the corners of a maximum
        total <= closed_form::delta_bounds(at, 1.0).1 + 1e-6
    })
}

/// `E_{e^x}` of `N(m, 1)` against `N(0, 1)`, for every real x.
fn divergence(x: f64, m: f64) -> f64 {
    if x >= 0.0 {
        closed_form::delta_bounds(x, m).1
    } else {
        1.0 - x.exp() + x.exp() * closed_form::delta_bounds(-x, m).1
    }
}

/// An adaptive strategy against a pure budget of 11/8: 7/8 first; then 1/2 if it told the truth, and 3/10 if not. The
/// twin spends after it ran: and runs 7/8 once more.
pub(in super::super) fn audit(context: &mut Context, subject: Subject) -> Outcome {
    let budget = pure(1.375);
    let respond = |truth: bool, e: f64, rng: &mut dyn Rng| {
        truth == (rng.random_range(0.0..1.0) < 1.0 / (1.0 + (-e).exp()))
    };
    let mechanism = from_fn(|truth: &bool, rng| {
        let mut gate = Gate::new(|| Filter::pure(epsilon(1.375), AddRemoveRow), subject);
        let mut loss = 0.0;
        for wish in [0.875, 0.5, 0.875] {
            let e = if loss < 0.0 { 0.3 } else { wish };
            let Some(next) = gate.after(&pure(e)) else { continue };
            gate = next;
            loss += if respond(*truth, e, rng) { e } else { -e };
        }
        loss
    });
    let pair = Neighbours::new(true, false, AddRemoveRow);
    let experiment = Experiment::new(&mechanism, &pair, |loss: &f64| *loss);
    let runs = context.scale(20_000, 500_000);
    let audit =
        ThresholdAudit::new(runs, FailureProbability::new(context.spend(1e-9)).expect("a probability"))
            .expect("enough runs");
    let report = audit.refute(&experiment, &Claimed::from(&budget), &mut context.rng(0));
    let refuted = report.refutes(&budget).is_refuted();
    let profile = |epsilon: f64| budget.delta(epsilon);
    let stated = Stated { of: "what a filter let through", epsilon: 1.375, delta: 0.0, profile: &profile };
    Outcome::at_most(f64::from(u8::from(refuted)), 0.0, 2 * runs as u64)
        .with_note("refuted by an audit")
        .with_figure(stated.picture(&report))
}

/// What tells how much was lost so far.
type Reading = dyn Fn(&Odometer<AddRemoveRow>, &Profile) -> f64;

/// The odometer's own reading. The twin's is the ε of what was spent, as if that had been fixed beforehand.
fn reading(d: f64, subject: Subject) -> Box<Reading> {
    match subject {
        Subject::AsShipped => Box::new(|odometer, _| odometer.epsilon()),
        Subject::Broken => Box::new(move |_, spent| spent.epsilon(delta(d))),
    }
}

/// ε of the mechanisms that may come next, for odometers.
const STEPS: [f64; 2] = [0.4, 1.1];

/// The δ of an odometer, the ε that were spent, and the loss so far.
struct Journey {
    delta: f64,
    spent: Vec<f64>,
    loss: f64,
}

impl Journey {
    const fn new(delta: f64) -> Self {
        Self { delta, spent: Vec::new(), loss: 0.0 }
    }

    /// With one mechanism more, and what it told.
    fn after(&self, e: f64, loss: f64) -> Self {
        let spent = self.spent.iter().copied().chain([e]).collect();
        Self { delta: self.delta, spent, loss: self.loss + loss }
    }

    /// What is read now, by an odometer of this journey's own.
    fn reading(&self, read: &Reading) -> f64 {
        let mut odometer = Odometer::new(delta(self.delta), AddRemoveRow);
        let mut all = Profile::nothing(AddRemoveRow);
        for once in self.spent.iter().map(|e| pure(*e)) {
            odometer.spend(&once).expect("pure guarantees have a zero-concentrated view");
            all = all.and(&once).expect("the same neighbours");
        }
        read(&odometer, &all)
    }

    fn exceeds(&self, read: &Reading) -> bool {
        self.loss > self.reading(read)
    }
}

/// The best chance to see, at any time, a loss above what is read then.
fn worst_exceedance(journey: &Journey, left: u32, read: &Reading) -> f64 {
    if journey.exceeds(read) {
        return 1.0;
    }
    if left == 0 {
        return 0.0;
    }
    let values = STEPS.map(|e| {
        let likelier = 1.0 / (1.0 + (-e).exp());
        let then = |loss: f64| worst_exceedance(&journey.after(e, loss), left - 1, read);
        likelier * then(e) + (1.0 - likelier) * then(-e)
    });
    largest(values)
}

/// The best strategies against odometers: the chance to exceed what is read is at most δ. First of five large steps, by enumeration
/// of all; the twin reads the ε of what was spent, as if that had been fixed beforehand. Then [`Chase`]; the twin gives each budget
/// the whole δ.
pub(in super::super) fn odometer(_: &mut Context, subject: Subject) -> Outcome {
    let enumerated =
        none_fails([0.3, 0.6], |d| worst_exceedance(&Journey::new(d), 5, &*reading(d, subject)) <= d + SLACK);
    let chased = [0.3, 0.6].map(|d| {
        let chance = Chase::new(d, subject).chance();
        attained(Outcome::at_most(chance, d, 1), LEAST * d)
            .with_note("chance that the loss exceeds the reading, at its δ")
    });
    each_part(subject, chased.into_iter().chain([enumerated.with_note("large steps")]))
}

/// What an adversary must reach of δ to be evidence. (The best reaches about a quarter: the odometer splits δ between sixty budgets,
/// and no step of a mechanism ends exactly where a budget does.)
const LEAST: f64 = 1.0 / 6.0;

/// Less than the least is no evidence.
fn attained(found: Outcome, least: f64) -> Outcome {
    if found.observed < least { Outcome::inconclusive("a weak adversary") } else { found }
}

/// Steps of one unit that the least budget of an odometer, `ρ = 2⁻²⁰`, holds; and how often it is doubled.
const UNITS: usize = 16;
const DOUBLINGS: u32 = 7;

/// The most units of loss of a step.
const STRIDE: i64 = 3;

/// The best strategy against an odometer, of randomised responses that lose one, two or three units and cost as many squared, until the
/// least of its budgets has doubled seven times. Small steps are next to Brownian motion, which attains Ville's inequality. Each
/// budget is one more chance.
struct Chase {
    /// ε of one unit.
    unit: f64,
    /// That a response of so many units is the likelier one.
    likelier: [f64; STRIDE as usize + 1],
    /// Read after this cost.
    readings: Vec<f64>,
    /// After this cost, by loss from `−widest`: the best chance to exceed a reading from then on, and the step to take.
    best: Vec<Vec<(f64, i64)>>,
    /// No loss in units above it is below all readings.
    widest: i64,
}

impl Chase {
    fn new(d: f64, subject: Subject) -> Self {
        // so that cost, ε²/2 rounded up, does not exceed the budgets that it is to fill
        let unit = (2.0 * 2_f64.powi(-20) / UNITS as f64).sqrt() * (1.0 - 1e-12);
        let read = subject.pick(read_by_odometer as fn(f64, f64, usize) -> f64, read_with_whole_delta);
        let readings: Vec<f64> = (0..=UNITS << DOUBLINGS).map(|cost| read(d, unit, cost)).collect();
        let widest = (largest(readings.iter().copied()) / unit) as i64 + STRIDE + 1;
        let likelier = core::array::from_fn(|step| 1.0 / (1.0 + (-unit * step as f64).exp()));
        let mut chase = Self { unit, likelier, best: vec![Vec::new(); readings.len()], readings, widest };
        for cost in (0..chase.readings.len()).rev() {
            chase.best[cost] = (-widest..=widest).map(|loss| chase.best_step(cost, loss)).collect();
        }
        chase
    }

    fn chance(&self) -> f64 {
        self.at(0, 0).0
    }

    fn exceeds(&self, cost: usize, loss: i64) -> bool {
        loss as f64 * self.unit > self.readings[cost]
    }

    /// Losses far below zero are given up.
    fn at(&self, cost: usize, loss: i64) -> (f64, i64) {
        match usize::try_from(loss + self.widest) {
            Ok(place) => self.best[cost].get(place).copied().unwrap_or((1.0, 0)),
            Err(_) => (0.0, 0),
        }
    }

    fn best_step(&self, cost: usize, loss: i64) -> (f64, i64) {
        if self.exceeds(cost, loss) {
            return (1.0, 0);
        }
        let steps = (1..=STRIDE).filter(|step| cost + (step * step) as usize <= UNITS << DOUBLINGS);
        let value = |step: i64| {
            let (then, p) = (cost + (step * step) as usize, self.likelier[step as usize]);
            p * self.at(then, loss + step).0 + (1.0 - p) * self.at(then, loss - step).0
        };
        let better = |best: (f64, i64), next: (f64, i64)| if next.0 > best.0 { next } else { best };
        steps.map(|step| (value(step), step)).fold((0.0, 0), better)
    }

    /// One run of the strategy: whether it exceeds a reading at some time.
    fn run(&self, rng: &mut impl Rng) -> bool {
        let (mut cost, mut loss) = (0, 0);
        loop {
            match self.at(cost, loss) {
                (chance, 0) => return chance > 0.0,
                (_, step) => {
                    let is_likelier = rng.random_range(0.0..1.0) < self.likelier[step as usize];
                    loss += if is_likelier { step } else { -step };
                    cost += (step * step) as usize;
                }
            }
        }
    }
}

fn read_by_odometer(d: f64, unit: f64, cost: usize) -> f64 {
    let mut odometer = Odometer::new(delta(d), AddRemoveRow);
    odometer.spend(&pure(unit).repeated(cost as u64)).expect("pure guarantees have a zero-concentrated view");
    odometer.epsilon()
}

/// `ρ + 2√(ρ ln 1/δ)` of the least budget that is enough.
fn read_with_whole_delta(d: f64, unit: f64, cost: usize) -> f64 {
    let spent = cost as f64 * unit * unit / 2.0;
    let mut budgets = (-20..).map(|exponent| 2_f64.powi(exponent));
    let budget = budgets.find(|budget| spent <= *budget).unwrap_or(f64::INFINITY);
    if cost == 0 { 0.0 } else { budget + 2.0 * (budget * (1.0 / d).ln()).sqrt() }
}

/// Runs of the best strategy: how often the loss exceeds what is read, at any time. The twin gives each budget the whole δ.
pub(in super::super) fn odometer_audit(context: &mut Context, subject: Subject) -> Outcome {
    let (d, mut rng) = (0.3, context.rng(0));
    let chase = Chase::new(d, subject);
    let runs = context.scale(5_000, 50_000);
    let exceeded = (0..runs).filter(|_| chase.run(&mut rng)).count() as u64;
    let lower = proportion_lower_bound(exceeded, runs as u64, context.spend(1e-9));
    attained(Outcome::at_most(lower, d, runs as u64), LEAST * d)
        .with_note("how often the loss exceeds the reading, at least")
}
