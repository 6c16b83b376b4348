//! Certified binomial tails and Clopper-Pearson bounds, against sums in integers.

use super::exact::{approximate, binomial, dyadic, order};
use crate::checks::twins::each_part;
use crate::{Axis, Context, Figure, Outcome, Role, Subject};
use dp_audit::binomial::{Proportion, tail_bounds};
use dp_mechanisms::FailureProbability;
use num_bigint::BigUint;
use rand::RngExt;

/// Enclosures hold sums of integers, and both Clopper-Pearson bounds are wrong with probability at most α where it is
/// hardest: right beside the bounds themselves, and at the smallest level beside 0 and 1. The twins: tails rounded
/// to nearest, bounds at the two-sided level.
pub(super) fn bounds(context: &mut Context, subject: Subject) -> Outcome {
    let halves = each_part(subject, [tails(context, subject), coverage(context, subject)]);
    Outcome::worst([halves, smallest_level()])
}

/// The same at the smallest level, for truths nearer to 0 and 1 than any float between them that could be certified.
fn smallest_level() -> Outcome {
    let (runs, places) = (10, 60);
    let alpha = FailureProbability::new(f64::from_bits(1)).expect("above zero");
    let one = BigUint::from(1_u32) << places;
    let (rare, usual) = (BigUint::from(1_u32), &one - 1_u32);
    let at = |k: usize| Proportion::new(k as u64, runs).expect("k of ten");
    let error = |truth: &BigUint, fails: &dyn Fn(usize) -> bool| -> BigUint {
        let masses = binomial(runs, truth, places);
        masses.iter().enumerate().filter(|(k, _)| fails(*k)).map(|(_, mass)| mass).sum()
    };
    let errors = [
        error(&rare, &|k| order(at(k).lower_bound(alpha), &rare, &one).is_gt()),
        error(&usual, &|k| order(at(k).upper_bound(alpha), &usual, &one).is_lt()),
    ];
    let whole = BigUint::from(1_u32) << (places * runs);
    let wrong = errors.iter().filter(|error| order(alpha.get(), error, &whole).is_lt()).count();
    Outcome::all_equal(wrong as u64, 2).with_note("smallest level")
}

/// Bits of the success probabilities of tails.
const BITS: u64 = 20;

fn tails(context: &Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut wrong, trials) = (0, context.scale(400, 20_000));
    for _ in 0..trials {
        let n = rng.random_range(1..=150_u64);
        let k = rng.random_range(0..=n);
        let numerator = rng.random_range(0..=1_u64 << BITS);
        let p = numerator as f64 / (1_u64 << BITS) as f64;
        let tail: BigUint = binomial(n, &numerator.into(), BITS)[k as usize..].iter().sum();
        let (lower, upper) = tail_bounds(k, n, p).expect("k of n trials of probability p");
        let (lower, upper) =
            subject.pick((lower, upper), (f64::midpoint(lower, upper), f64::midpoint(lower, upper)));
        let one = BigUint::from(1_u32) << (BITS * n);
        wrong += u64::from(order(lower, &tail, &one).is_gt() || order(upper, &tail, &one).is_lt());
    }
    Outcome::all_equal(wrong, trials as u64).with_note("tails")
}

/// Levels, and whether the picture is of this one.
const LEVELS: [(f64, bool); 4] = [(0.25, false), (DRAWN, true), (1e-3, false), (1e-9, false)];
const DRAWN: f64 = 0.05;

/// The largest ratio of `P(bound is wrong)` to α, as an exact comparison of each, over all counts and both bounds.
fn coverage(context: &Context, subject: Subject) -> Outcome {
    let sizes = context.scale(12, 60) as u64;
    let (mut wrong, mut points, mut drawn) = (0, 0, Vec::new());
    for n in (1..=sizes).chain([100]) {
        for (level, is_drawn) in LEVELS {
            let alpha = |level: f64| FailureProbability::new(level).expect("levels are below ½");
            let used = alpha(subject.pick(level, 2.0 * level));
            let at = |k: u64| Proportion::new(k, n).expect("k of n");
            let lowers: Vec<f64> = (0..=n).map(|k| at(k).lower_bound(used)).collect();
            let uppers: Vec<f64> = (0..=n).map(|k| at(k).upper_bound(used)).collect();
            // nothing is harder for a lower bound than a truth just below one of its values, and for an upper bound just above
            let hard = lowers
                .iter()
                .map(|x| x.next_down().max(0.0))
                .chain(uppers.iter().map(|x| x.next_up().min(1.0)));
            for truth in hard.filter(|truth| *truth > 1e-6) {
                let masses = binomial(n, &dyadic(truth, 80), 80);
                let mass = |fails: &dyn Fn(usize) -> bool| -> BigUint {
                    masses.iter().enumerate().filter(|(k, _)| fails(*k)).map(|(_, mass)| mass).sum()
                };
                let one = BigUint::from(1_u32) << (80 * n);
                for error in [mass(&|k| lowers[k] > truth), mass(&|k| uppers[k] < truth)] {
                    wrong += u64::from(order(level, &error, &one).is_lt());
                    points += 1;
                    if n == 100 && is_drawn {
                        drawn.push((truth, approximate(&error, &one)));
                    }
                }
            }
        }
    }
    let title = "How often a bound of a proportion is wrong, where that is hardest: 100 runs at level 0.05";
    let figure = Figure::new(title, Axis::linear("true proportion"), Axis::linear("probability"))
        .with_curve(Role::Bound, "level", [(0.0, DRAWN), (1.0, DRAWN)])
        .with_curve(Role::Observed, "sum of integers", drawn);
    Outcome::all_equal(wrong, points).with_note("Clopper-Pearson").with_figure(figure)
}
