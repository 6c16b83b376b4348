//! What is exact, against 60 digits of another program and against closed forms.

use super::super::reference::{compare, number};
use super::super::{delta, epsilon, none_fails};
use super::{change, draws, fields, overlap, pair, spectrum, values};
use crate::{Context, Outcome, Subject, larger, largest};
use dp_mechanisms::covariance::{Orders, RankOne, Spectrum, Target, chi_square as chi};
use dp_mechanisms::{RenyiOrder, certified, normal};
use rand::RngExt;

type Bounds = (f64, f64);

/// Whether a decimal lies between the bounds, by exact comparison.
fn holds((lower, upper): Bounds, value: &str) -> bool {
    compare(lower, value).is_le() && compare(upper, value).is_ge()
}

/// The widest of these enclosures, relatively, where their values are normal floats.
fn widest(all: impl IntoIterator<Item = Bounds>) -> Outcome {
    let normal = all.into_iter().filter(|(lower, _)| *lower >= 1e-300);
    let widths: Vec<f64> = normal.map(|(lower, upper)| (upper - lower) / lower).collect();
    Outcome::at_most(largest(widths.iter().copied()), 1e-13, widths.len() as u64).with_note("relative width")
}

/// Both tails against 60 digits. The twin rounds both ends to nearest.
pub(in super::super) fn chi_square(_: &mut Context, subject: Subject) -> Outcome {
    let rows = fields("chi").flat_map(|row| {
        let (degrees, x) = (number::<u32>(row[0]), number::<f64>(row[1]));
        [(chi::upper_tail_bounds(x, degrees), row[2]), (chi::lower_tail_bounds(x, degrees), row[3])]
    });
    let rows: Vec<(Bounds, &str)> = rows.collect();
    let rounded = |(bounds, value): &(Bounds, &'static str)| {
        let nearest = number::<f64>(value);
        holds(subject.pick(*bounds, (nearest, nearest)), value)
    };
    let held = none_fails(rows.iter(), rounded);
    Outcome::worst([
        held.with_note("reference values outside"),
        widest(rows.iter().map(|(bounds, _)| *bounds)),
    ])
}

/// References in both orders, closed forms of one and of two draws at random points, Rényi divergences. The twin
/// takes the orders for each other.
pub(in super::super) fn one_eigenvalue(context: &mut Context, subject: Subject) -> Outcome {
    let in_order = |pair: RankOne, reversed: bool| {
        let order = if reversed { Orders::Reversed } else { Orders::AsGiven };
        let other = if reversed { Orders::AsGiven } else { Orders::Reversed };
        pair.in_orders(subject.pick(order, other))
    };
    let found: Vec<(Bounds, &str)> = values("rank_one")
        .into_iter()
        .map(|([k, mu, e, order], value)| (in_order(pair(mu, k), order > 0.0).delta_bounds(e), value))
        .collect();
    // the shared values have 24 digits, rounded: a unit in their last place is 1e-23 relative, a float 1e-16
    let shared = none_fails(values("shared"), |([k, mu, e], value)| {
        holds(in_order(pair(mu, k), false).delta_bounds(e), value)
    });
    let renyi = none_fails(values("renyi"), |([k, mu, alpha], value)| {
        let order = RenyiOrder::new(alpha).expect("references have α > 1");
        holds(in_order(pair(mu, k), false).renyi_bounds(order), value)
    });
    let tight = widest(found.iter().map(|(bounds, _)| *bounds));
    Outcome::worst([
        none_fails(found, |(bounds, value)| holds(bounds, value)).with_note("reference values outside"),
        shared.with_note("shared reference values outside"),
        renyi.with_note("Rényi divergences"),
        closed_forms(context, |mu, k, e| in_order(pair(mu, k), false).delta_bounds(e))
            .with_note("closed forms"),
        tight,
    ])
}

/// One draw has normal tails, two have exponential ones. Both closed forms are evaluated with each step rounded
/// outward, where their terms do not cancel to fewer than six digits.
fn closed_forms(context: &mut Context, found: impl Fn(f64, f64, f64) -> Bounds) -> Outcome {
    let mut rng = context.rng(0);
    let points: Vec<(f64, f64)> = (0..context.scale(150, 10_000))
        .map(|_| (10_f64.powf(rng.random_range(-2.0..1.0)), rng.random_range(0.0..6.0)))
        .collect();
    let agree = |k: f64, tail: fn(f64) -> Bounds| {
        none_fails(points.iter(), |&(mu, e)| {
            let threshold = thresholds(mu, e, k);
            let exact = difference(tail, threshold, e);
            overlap(found(mu, k, e), exact)
        })
    };
    let exponential = |x: f64| certified::exp_bounds(-x);
    let normal = |x: f64| {
        let root = (2.0 * x).sqrt();
        (
            2.0 * normal::upper_tail_bounds(root.next_up()).0,
            2.0 * normal::upper_tail_bounds(root.next_down()).1,
        )
    };
    Outcome::worst([agree(1.0, normal), agree(2.0, exponential)])
}

/// `x = (ε + (k/2) ln(1 + μ))/μ` and `(1 + μ)x`, each between two floats.
fn thresholds(mu: f64, epsilon: f64, k: f64) -> [Bounds; 2] {
    let inside = larger(certified::ln_bounds((1.0 + mu).next_down()).0, 0.0);
    let outside = certified::ln_bounds((1.0 + mu).next_up()).1;
    let at = |log: f64, up: fn(f64) -> f64| up(up(epsilon + up(k / 2.0 * log)) / mu);
    let (low, high) = (at(inside, f64::next_down), at(outside, f64::next_up));
    let far = |x: f64, up: fn(f64) -> f64| up(x * up(1.0 + mu));
    [(low, high), (far(low, f64::next_down), far(high, f64::next_up))]
}

/// `tail(x) − e^ε tail(y)` for a falling tail.
fn difference(tail: fn(f64) -> Bounds, [x, y]: [Bounds; 2], epsilon: f64) -> Bounds {
    let factor = certified::exp_bounds(epsilon);
    let near = (tail(x.1).0, tail(x.0).1);
    let far = ((tail(y.1).0 * factor.0).next_down(), (tail(y.0).1 * factor.1).next_up());
    ((near.0 - far.1).next_down(), (near.1 - far.0).next_up())
}

/// Largest changes against 30 digits; at random targets the answer meets it and the next float or integer does not.
/// The twin is one float above.
pub(in super::super) fn calibration(context: &mut Context, subject: Subject) -> Outcome {
    let largest = |k: f64, e: f64, d: f64| {
        let found = Target::new(epsilon(e), delta(d)).largest_increase(draws(k)).get();
        subject.pick(found, found.next_up())
    };
    let references = none_fails(values("largest"), |([k, e, d], exact)| {
        let found = largest(k, e, d);
        compare(found, exact).is_le() && compare(found.next_up(), exact).is_gt()
    });
    let mut rng = context.rng(0);
    let n = context.scale(8, 400);
    let targets: Vec<[f64; 3]> = (0..n)
        .map(|_| {
            let k = 10_f64.powf(rng.random_range(0.0..3.5)).round();
            [k, 10_f64.powf(rng.random_range(-2.0..1.0)), 10_f64.powf(rng.random_range(-30.0..-0.5))]
        })
        .collect();
    let met = |mu: f64, k: f64, e: f64, d: f64| pair(mu, k).delta_bounds(e).1 <= d;
    let sweep = none_fails(targets.iter(), |&[k, e, d]| {
        let found = largest(k, e, d);
        // at most one float lies between the bounds: δ at the next float is above the target or rounds to it
        met(found, k, e, d) && pair(found.next_up(), k).delta_bounds(e).1 > d
    });
    let inverse = none_fails(targets.iter(), |&[k, e, d]| {
        let mu = -0.5 * largest(k, e, d).min(0.9); // reversed, at most 0.91 of the largest
        let (lower, upper) = pair(mu, k).epsilon_bounds(delta(d));
        let most = Target::new(epsilon(e), delta(d)).most_draws(change(mu));
        let least = most.is_some_and(|most| {
            let most = f64::from(most.get());
            most >= k && met(mu, most, e, d) && !met(mu, most + 1.0, e, d)
        });
        least && upper <= e && met(mu, k, upper, d) && (upper == 0.0 || !met(mu, k, lower, d))
    });
    Outcome::worst([
        references.with_note("reference values outside"),
        sweep,
        inverse.with_note("ε and draws"),
    ])
}

/// Intervals against quadrature over all eigenvalues but one, and against chi-square tails where changes are equal.
/// The twin leaves the smallest change out.
pub(in super::super) fn several_eigenvalues(context: &mut Context, subject: Subject) -> Outcome {
    let references: Vec<(Bounds, &str)> = fields("spectrum")
        .map(|row| {
            let spectrum = parse(row[1], subject).in_orders(Orders::AsGiven);
            (spectrum.delta_bounds(number(row[0])), row[2])
        })
        .collect();
    let widths = largest(references.iter().map(|((lower, upper), _)| (upper - lower) / lower));
    let narrow = Outcome::at_most(widths, 1e-9, references.len() as u64).with_note("relative width");
    let mut rng = context.rng(0);
    let equal = (0..context.scale(25, 2_000)).map(|_| {
        let k = rng.random_range(4..400);
        let size = rng.random_range(0.02..2.0) / f64::from(k).sqrt();
        let sign = if rng.random_range(0..2) == 0 { -1.0_f64 } else { 1.0 };
        (sign * size.min(0.9), k, rng.random_range(2..5), rng.random_range(0.0..2.0))
    });
    let equal: Vec<(f64, u32, u32, f64)> = equal.collect();
    let copies = none_fails(equal, |(mu, k, copies, e)| {
        let left = subject.pick(copies, copies - 1) as usize;
        let found = spectrum(&vec![mu; left], f64::from(k)).delta_bounds(e);
        overlap(found, pair(mu, f64::from(k * copies)).delta_bounds(e))
    });
    let held = none_fails(references, |(bounds, value)| holds(bounds, value));
    Outcome::worst([held.with_note("reference values outside"), narrow, copies.with_note("equal changes")])
}

/// `mu:k,mu:k,…`
fn parse(parts: &str, subject: Subject) -> Spectrum {
    let mut parts: Vec<(f64, f64)> = parts
        .split(',')
        .map(|part| part.split_once(':').expect("parts are mu:k"))
        .map(|(mu, k)| (number(mu), number(k)))
        .collect();
    parts.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    parts.truncate(parts.len() - subject.pick(0, 1));
    parts.into_iter().fold(spectrum(&[], 1.0), |sum, (mu, k)| sum.with(&spectrum(&[mu], k)))
}

/// T releases as T independent parts, inverted numerically, against the law of one release with Tk draws; two
/// releases of two draws each against the closed form of an Erlang law. The twin forgets one release.
pub(in super::super) fn composition(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let cases: Vec<(f64, u32, u32, f64)> = (0..context.scale(40, 2_000))
        .map(|_| {
            let (k, releases) = (rng.random_range(4..200), rng.random_range(2..9));
            let size = rng.random_range(0.02..1.0) / f64::from(k * releases).sqrt();
            (if rng.random_range(0..2) == 0 { size } else { -size }, k, releases, rng.random_range(0.0..2.0))
        })
        .collect();
    let counted = |releases: u32| subject.pick(releases, releases - 1);
    let composed = none_fails(cases, |(mu, k, releases, e)| {
        let one = spectrum(&[mu], f64::from(k));
        let all = (1..releases).fold(one.clone(), |all, _| all.with(&one));
        let together = pair(mu, f64::from(k)).times(counted(releases)).expect("few draws");
        overlap(all.delta_bounds(e), together.delta_bounds(e))
    });
    let mut points = Vec::new();
    for mu in [0.05, 0.3, 2.0] {
        points.extend([0.0, 0.2, 1.0, 3.0].map(|e| (mu, e)));
    }
    let erlang = none_fails(points, |(mu, e)| {
        // four degrees of freedom: Q(2, x) = (1 + x)e^{−x}
        let tail = |x: f64| {
            let (low, high) = certified::exp_bounds(-x);
            ((low * (1.0 + x).next_down()).next_down(), (high * (1.0 + x).next_up()).next_up())
        };
        let found = pair(mu, 2.0).times(counted(2)).expect("few draws").in_orders(Orders::AsGiven);
        overlap(found.delta_bounds(e), difference(tail, thresholds(mu, e, 4.0), e))
    });
    Outcome::worst([composed.with_note("releases as parts"), erlang.with_note("closed form")])
}
