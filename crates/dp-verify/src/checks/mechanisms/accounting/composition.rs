//! Loss distributions against closed forms, sums of binomials, and integrals.

use super::{delta, epsilon, fields, gaussian, mu, none_fails, numbers, point, rate, reference};
use crate::{Axis, Context, Figure, Outcome, Role, Subject, larger, largest};
use dp_mechanisms::accounting::{FixedSize, Poisson};
use dp_mechanisms::{
    Accountant, AddRemoveRow, Adjacency, PrivacyProfile, ReplaceRow, Rho, gaussian as closed_form,
};
use rand::{Rng, RngExt};

/// `count` Gaussian mechanisms whose μ² sum to a square: what a loss distribution says of ε at δ. From above by that
/// accountant. From below by Gaussian mechanisms that have a zero-concentrated guarantee, which no closed form adds up.
fn by_distribution(one: f64, count: u64, d: f64) -> (f64, f64) {
    let upper = gaussian(one).repeated(count).epsilon_bounds_by(Accountant::LossDistribution, delta(d));
    let rho = Rho::new(one * one / 2.0).expect("μ > 0");
    let lower =
        PrivacyProfile::zero_concentrated_from(rho, AddRemoveRow).repeated(count).epsilon_bounds(delta(d)).0;
    (lower, upper.expect("Gaussian mechanisms have loss distributions").1)
}

/// μ of one, a count, and a target δ: `μ√count` between 0.1 and 6, and δ down to `1e-20`.
fn case<R: Rng>(rng: &mut R) -> (f64, u64, f64) {
    let count = 10_f64.powf(rng.random_range(0.3..3.3)) as u64;
    let whole = 10_f64.powf(rng.random_range(-1.0..0.78));
    (whole / (count as f64).sqrt(), count, 10_f64.powf(rng.random_range(-20.0..-1.5)))
}

/// Relative width of an interval for ε.
const WIDEST: f64 = 1e-4;

/// Random compositions against the closed form: δ at the upper ε is certified to be at most the target, and at the lower ε
/// to be at least as much. The twin forgets the last mechanism.
pub(in super::super) fn gaussian_compositions(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let n = context.scale(200, 5_000);
    let mut widest = 0.0_f64;
    let (mut failures, mut widths) = (0, Vec::new());
    for i in 0..n {
        context.progress(i, n);
        let (one, count, d) = case(&mut rng);
        let (lower, upper) = by_distribution(one, count - subject.pick(0, 1), d);
        let square = one * one * count as f64; // two roundings
        let whole =
            (square.next_down().next_down().sqrt().next_down(), square.next_up().next_up().sqrt().next_up());
        let sound = closed_form::delta_bounds(upper, whole.0).0 <= d
            && closed_form::delta_bounds(lower, whole.1).1 >= d;
        failures += u64::from(!sound);
        let width = (upper - lower) / larger(upper, whole.0 * 0.1);
        widest = larger(widest, width);
        widths.push((count as f64, width));
    }
    widths.truncate(200);
    let title = "Relative width of the interval for ε of composed Gaussian mechanisms";
    let figure = Figure::new(title, Axis::logarithmic("mechanisms"), Axis::logarithmic("relative width"))
        .with_curve(Role::Bound, "claimed", [(2.0, WIDEST), (2000.0, WIDEST)])
        .with_curve(Role::Observed, "found", widths);
    let narrow = Outcome::at_most(widest, WIDEST, n as u64).with_note("relative width").with_figure(figure);
    Outcome::worst([Outcome::all_equal(failures, n as u64), narrow])
}

/// What two other accountants answered to lines of the oracle, each an ε that is too small: σ, count, δ, ε (2026, dp-accounting
/// 0.6.0 with its default discretisation).
const TOO_SMALL: [(f64, u64, f64, f64); 2] =
    [(10.0, 1_000, 1e-12, 26.717_265), (200.0, 100_000, 1e-12, 11.782_722)];

/// ε of the closed form, for noise of a standard deviation whose inverse is between two floats.
fn shared() -> Outcome {
    none_fails(fields("shared"), |row| {
        let (std, count, d): (f64, u64, f64) =
            (reference::number(row[0]), reference::number(row[1]), reference::number(row[2]));
        let bounds = |one: f64| gaussian(one).repeated(count).epsilon_bounds(delta(d));
        let (lower, upper) = (bounds((1.0 / std).next_down()).0, bounds((1.0 / std).next_up()).1);
        let sound = reference::compare(lower, row[3]).is_le() && reference::compare(upper, row[3]).is_ge();
        sound && upper - lower <= 1e-14 * upper
    })
}

/// ε at δ from `1e-3` to `1e-20` with up to a million mechanisms, against 30 digits. The twin answers what other software
/// did.
pub(in super::super) fn small_delta(_: &mut Context, subject: Subject) -> Outcome {
    let recorded = |one: f64, count: u64, d: f64| {
        let same = |&&(std, n, at, _): &&(f64, u64, f64, f64)| (1.0 / std, n, at) == (one, count, d);
        TOO_SMALL.iter().find(same).map(|row| (row.3, row.3))
    };
    let rows: Vec<((f64, f64), &str)> = fields("gaussian")
        .map(|row| {
            let (one, count, d) =
                (reference::number(row[0]), reference::number(row[1]), reference::number(row[2]));
            let shipped = by_distribution(one, count, d);
            (subject.pick(shipped, recorded(one, count, d).unwrap_or(shipped)), row[3])
        })
        .collect();
    let widest = largest(rows.iter().map(|((lower, upper), _)| (upper - lower) / upper));
    let narrow = Outcome::at_most(widest, WIDEST, rows.len() as u64).with_note("relative width");
    let held = none_fails(rows, |((lower, upper), exact)| {
        reference::compare(lower, exact).is_le() && reference::compare(upper, exact).is_ge()
    });
    Outcome::worst([held, narrow, shared().with_note("shared reference values outside")])
}

/// Relative width of δ, where mechanisms have atoms on the grid.
const WIDTH: f64 = 1e-5;

/// Randomised response is the worst for (ε, δ) guarantees, and a sum of binomials. The twin composes one less.
pub(in super::super) fn response(_: &mut Context, subject: Subject) -> Outcome {
    let rows: Vec<((f64, f64), &str)> = fields("response")
        .map(|row| {
            let [e, d, count, at] = core::array::from_fn(|i| reference::number::<f64>(row[i]));
            let count = count as u64 - subject.pick(0, 1);
            (point(e, d).repeated(count).delta_bounds(at), row[4])
        })
        .collect();
    let widest = largest(rows.iter().map(|((lower, upper), _)| (upper - lower) / upper));
    let narrow = Outcome::at_most(widest, WIDTH, rows.len() as u64).with_note("relative width");
    let held = none_fails(rows, |((lower, upper), exact)| {
        reference::compare(lower, exact).is_le() && reference::compare(upper, exact).is_ge()
    });
    Outcome::worst([held, narrow])
}

/// Relative excess of δ, where two or three mechanisms are composed on a grid that is made for many.
const FEW: f64 = 1e-3;
/// References of integrals have 15 digits.
const DIGITS: f64 = 1e-14;

/// Compositions, at an ε, with the δ that integrals over their losses give; of sampled ones in both orders of neighbours.
fn integrals(count: impl Fn(f64) -> u64) -> (Vec<Integral<AddRemoveRow>>, Vec<Integral<ReplaceRow>>) {
    let expected = "Gaussian mechanisms can be sampled";
    let laplace = numbers::<4>("laplace").into_iter().map(|[e, steps, at, exact]| {
        let one = PrivacyProfile::laplace(epsilon(e), AddRemoveRow);
        Integral { profile: one.repeated(count(steps)), at, exact: [exact, exact] }
    });
    let poisson = numbers::<6>("poisson").into_iter().map(|[q, m, steps, at, first, second]| {
        let one = Poisson::new(rate(q)).amplify(&gaussian(m)).expect(expected);
        Integral { profile: one.repeated(count(steps)), at, exact: [first, second] }
    });
    let fixed_size = numbers::<5>("fixed_size").into_iter().map(|[q, m, steps, at, exact]| {
        let of = 1e6;
        let sample = FixedSize::new((q * of).round() as u64, of as u64).expect("a part");
        let one = sample.amplify(&PrivacyProfile::gaussian(mu(m), ReplaceRow)).expect(expected);
        Integral { profile: one.repeated(count(steps)), at, exact: [exact, exact] }
    });
    (laplace.chain(poisson).collect(), fixed_size.collect())
}

struct Integral<A> {
    profile: PrivacyProfile<A>,
    at: f64,
    exact: [f64; 2],
}

impl<A: Adjacency> Integral<A> {
    /// The larger order; the twin sees the second only.
    fn exact(&self) -> f64 {
        larger(self.exact[0], self.exact[1])
    }

    /// Relative excess of the upper bound of δ, and whether δ is between the bounds and ε between the coarse ones.
    fn compared(&self, subject: Subject) -> (f64, bool) {
        let exact = self.exact();
        let shipped = self.profile.delta_bounds(self.at);
        let (lower, upper) = subject.pick(shipped, (self.exact[1], self.exact[1]));
        let held = lower <= exact * (1.0 + DIGITS) && upper >= exact * (1.0 - DIGITS);
        let (below, above) = self.profile.epsilon_bounds_within(1e-3, delta(exact));
        // δ falls, relatively, by a hundredth or more of what ε grows by
        let coarse = below <= self.at + 100.0 * DIGITS && above >= self.at - 100.0 * DIGITS;
        (upper / exact - 1.0, held && coarse)
    }
}

/// Laplace, Poisson-sampled and fixed-size sampled mechanisms, two and three at a time, against integrals over their
/// losses: δ, and ε by the coarse interval. The twin looks at one order of neighbours only, and composes one mechanism less.
pub(in super::super) fn convolution(_: &mut Context, subject: Subject) -> Outcome {
    let (add_remove, replace) = integrals(|steps| steps as u64 - subject.pick(0, 1));
    let rows: Vec<(f64, bool)> = add_remove.iter().map(|row| row.compared(subject)).collect();
    let rows = [rows, replace.iter().map(|row| row.compared(subject)).collect()].concat();
    let widest = largest(rows.iter().map(|row| row.0));
    let narrow =
        Outcome::at_most(widest, FEW, rows.len() as u64).with_note("relative excess of the upper bound");
    Outcome::worst([none_fails(rows, |(_, held)| held), narrow])
}
