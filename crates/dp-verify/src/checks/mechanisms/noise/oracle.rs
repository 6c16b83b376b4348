//! Certified probabilities, and what follows from them, against another program in 60 digits.

use super::reference::{compare, number};
use super::{each_part, each_twin, fields, none_fails, rounded};
use crate::{Context, Outcome, Subject, larger};
use dp_mechanisms::certified;
use dp_mechanisms::noise::{LatticeNoise, LogConcaveNoise, shift_delta_bounds};
use rand::RngExt;

type Bounds = (f64, f64);

/// One enclosure and the number that it must hold.
struct Case {
    bounds: Bounds,
    exact: &'static str,
}

/// All lines of a kind, with their enclosures by a function of the arguments.
fn cases(kind: &str, enclose: impl Fn(&[&'static str]) -> Bounds) -> Vec<Case> {
    fields(kind)
        .map(|fields| {
            let (exact, arguments) = fields.split_last().expect("every line has a value");
            Case { bounds: enclose(arguments), exact }
        })
        .collect()
}

/// Each number is inside, and at most one float is strictly between the ends.
fn hold(cases: &[Case]) -> Outcome {
    let inside = none_fails(cases, |case| {
        compare(case.bounds.0, case.exact).is_le() && compare(case.bounds.1, case.exact).is_ge()
    });
    let tight = none_fails(cases, |case| case.bounds.1 <= case.bounds.0.next_up().next_up());
    Outcome::worst([
        inside.with_note("values in 60 digits outside the interval"),
        tight.with_note("intervals wider than two floats"),
    ])
}

/// The cases as shipped; in the twin both ends are rounded to nearest.
fn sound(subject: Subject, cases: Vec<Case>) -> Outcome {
    let rounded = nearest(&cases);
    each_twin(subject, cases, vec![rounded], |cases| hold(&cases))
}

fn nearest(cases: &[Case]) -> Vec<Case> {
    let to_nearest = |case: &Case| {
        let value = number(case.exact);
        Case { bounds: (value, value), exact: case.exact }
    };
    cases.iter().map(to_nearest).collect()
}

fn pmf<N: LatticeNoise>(make: impl Fn(f64) -> N) -> impl Fn(&[&'static str]) -> Bounds {
    move |fields| make(number(fields[0])).pmf_bounds(number(fields[1]))
}

fn cdf<N: LatticeNoise>(make: impl Fn(f64) -> N) -> impl Fn(&[&'static str]) -> Bounds {
    move |fields| make(number(fields[0])).cdf_bounds(number(fields[1]))
}

/// From `b = 0.001` to `2⁵⁰`, far into the tails. The twin rounds both ends to nearest.
pub(super) fn laplace(_: &mut Context, subject: Subject) -> Outcome {
    let cases = [cases("laplace_pmf", pmf(super::laplace)), cases("laplace_cdf", cdf(super::laplace))];
    sound(subject, cases.into_iter().flatten().collect())
}

/// From `σ = 0.05` to `2⁵⁰`, far into the tails, on both sides of where methods change. The twin rounds both ends to nearest.
pub(super) fn gaussian(_: &mut Context, subject: Subject) -> Outcome {
    let cases = [cases("gaussian_pmf", pmf(super::gaussian)), cases("gaussian_cdf", cdf(super::gaussian))];
    sound(subject, cases.into_iter().flatten().collect())
}

/// The truncated Laplace law, from wide to nearly uniform, and its infinity mass. The twin rounds both ends to nearest.
pub(super) fn truncated(_: &mut Context, subject: Subject) -> Outcome {
    let law =
        |fields: &[&'static str]| super::truncated(super::laplace(number(fields[0])), number(fields[1]));
    let cases = [
        cases("truncated_pmf", |fields| law(fields).pmf_bounds(number(fields[2]))),
        cases("truncated_cdf", |fields| law(fields).cdf_bounds(number(fields[2]))),
        cases("infinity", |fields| law(fields).infinity_mass_bounds(number(fields[2]))),
    ];
    sound(subject, cases.into_iter().flatten().collect())
}

/// `δ(ε)` of a shift from two values of the distribution function, against sums over all outputs. The twins compute it
/// for a shift that is one less, and round to nearest.
pub(super) fn shift(context: &mut Context, subject: Subject) -> Outcome {
    each_part(subject, [shift_references(subject), shift_sums(context, subject)])
}

fn shift_references(subject: Subject) -> Outcome {
    let all = |less: u64| {
        let delta = |fields: &[&'static str]| (number::<u64>(fields[1]) - less, number::<f64>(fields[2]));
        let laplace = cases("shift_laplace", |fields| {
            let (shift, epsilon) = delta(fields);
            shift_delta_bounds(&super::laplace(number(fields[0])), shift, epsilon)
        });
        let gaussian = cases("shift_gaussian", |fields| {
            let (shift, epsilon) = delta(fields);
            shift_delta_bounds(&super::gaussian(number(fields[0])), shift, epsilon)
        });
        let rounded = cases("shift_rounded", |fields| {
            let (shift, epsilon) = delta(fields);
            shift_delta_bounds(&rounded(number(fields[0])), shift, epsilon)
        });
        laplace.into_iter().chain(gaussian).chain(rounded).collect::<Vec<_>>()
    };
    each_twin(subject, all(0), vec![all(1), nearest(&all(0))], |cases| hold(&cases))
}

/// The same at random parameters, against sums of certified probabilities rounded up and down; the twin's shift is one
/// less.
fn shift_sums(context: &Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let cases: Vec<_> = (0..context.scale(60, 3_000))
        .map(|_| {
            let scale = 2_f64.powf(rng.random_range(-1.5..4.0));
            (scale, rng.random_range(2..12_u64), rng.random_range(0.0..4.0), rng.random_range(5..40_u64))
        })
        .collect();
    let laplace = none_fails(&cases, |&(scale, shift, epsilon, _)| {
        agrees(&super::laplace(scale), 1 << 12, shift, epsilon, subject)
    });
    let gaussian = none_fails(&cases, |&(scale, shift, epsilon, _)| {
        agrees(&super::gaussian(scale), 1 << 9, shift, epsilon, subject)
    });
    let truncated = none_fails(&cases, |&(scale, shift, epsilon, bound)| {
        agrees(&super::truncated(rounded(scale), bound), bound as i64, shift, epsilon, subject)
    });
    let named = [(laplace, "Laplace"), (gaussian, "Gaussian"), (truncated, "truncated rounded Gaussian")];
    each_part(subject, named.map(|(outcome, law)| outcome.with_note(law)))
}

/// Whether the enclosure of the divergence meets the one by summation up to `radius`, beyond which nothing is left.
fn agrees<N: LogConcaveNoise>(law: &N, radius: i64, shift: u64, epsilon: f64, subject: Subject) -> bool {
    let (low, high) = shift_delta_bounds(law, subject.pick(shift, shift - 1), epsilon);
    let (factor_low, factor_high) = certified::exp_bounds(epsilon);
    let last = radius.min((16.0 * (1.0 + law.pmf_bounds(0).0.recip())) as i64 + shift as i64);
    let (mut below, mut above) = (0.0, 2.0 * law.tail_bounds(last).1);
    for k in -last..=last {
        let (here, there) = (law.pmf_bounds(k), law.pmf_bounds(k - shift as i64));
        below += larger(here.0 - factor_high * there.1, 0.0);
        above += larger(here.1 - factor_low * there.0, 0.0);
    }
    // at most 2¹³ additions of `2⁻⁵³` relative each, and as much for the products, of terms that sum to at most one
    let slack = 4e-12;
    low <= above + slack && below <= high + slack
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Evidence, Level, Verdict};

    #[test]
    fn each_half_of_the_shift_check_rejects_its_twins() {
        let context = Context::new(Level::Quick, 1, "example.shift", Evidence::Numeric);
        for outcome in [shift_references(Subject::Broken), shift_sums(&context, Subject::Broken)] {
            assert_eq!(outcome.verdict, Verdict::Violated);
        }
    }
}
