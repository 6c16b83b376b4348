//! The Taylor polynomial of the exponential against its certificates.

use crate::{Axis, Context, Figure, Outcome, Role, Subject, larger, largest, smaller};
use dp_mechanisms::certified::exp_bounds;
use dp_testkit::oracle;
use poly_kernel::ExpTaylor;
use rand::RngExt;

/// `e^{−t} T_g(t) − 1` and a bound on the error of that number: one rounding of the polynomial, two units of the
/// enclosure of `eᵗ`, one division and one subtraction.
fn error_at(degree: usize, t: f64) -> (f64, f64) {
    let ratio = oracle::exp_taylor(t, degree as u32) / exp_bounds(t).0;
    (ratio - 1.0, 4.0 * f64::EPSILON * ratio.abs())
}

/// Degrees and ranges; where the certificate is below 1e-9 the oracle's own rounding would hide what is tested.
fn cases() -> impl Iterator<Item = (usize, f64)> {
    let ranges = [0.05, 0.3, 1.0, 2.5, 6.0, 12.0];
    (0..=20).flat_map(move |degree| ranges.map(|range| (degree, range)))
}

/// No logit has a larger error than the certificate, and the end of the range attains it. The twin takes the polynomial for one
/// degree better than it is.
pub(super) fn relative_error(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let points = context.scale(200, 3_000);
    let (mut largest, mut least_attained, mut n) = (0.0_f64, f64::INFINITY, 0);
    for (degree, range) in cases() {
        // the twin takes the polynomial for one degree better than it is
        let certificate = ExpTaylor::new(subject.pick(degree, degree + 1)).expect("degrees stay below 30");
        let (bound, bound_nonnegative) =
            (certificate.relative_error(range), certificate.relative_error_nonnegative(range));
        if bound_nonnegative < 1e-9 {
            continue;
        }
        for (low, bound) in [(-range, bound), (0.0, bound_nonnegative)] {
            let inner = (0..points).map(|_| rng.random_range(low..=range));
            for t in inner.chain([low, range]) {
                let (error, slack) = error_at(degree, t);
                largest = larger(largest, (error.abs() - slack) / bound);
                n += 1;
            }
            let attained = error_at(degree, if low < 0.0 { low } else { range }).0;
            least_attained = smaller(least_attained, attained.abs() / bound);
        }
    }
    let note = format!("the end of the range attains at least {least_attained:.9} of the certificate");
    Outcome::worst([Outcome::at_most(largest, 1.0, n), Outcome::at_least(least_attained, 1.0 / 1.001, n)])
        .with_note(note)
        .with_figure(picture())
}

/// Certificates against degrees, and the errors found on a grid.
fn picture() -> Figure {
    const GRID: i32 = 400;
    let title = "Relative error of Taylor's polynomial of exp on logits in [−r, r]: certificate and largest error found";
    let mut figure = Figure::new(title, Axis::linear("degree"), Axis::logarithmic("relative error"));
    for range in [0.3, 1.0, 2.5] {
        let certified =
            |degree| ExpTaylor::new(degree).map_or(f64::NAN, |taylor| taylor.relative_error(range));
        let at = |degree: usize, i: i32| error_at(degree, range * f64::from(i) / f64::from(GRID)).0.abs();
        let found = |degree| largest((-GRID..=GRID).map(|i| at(degree, i)));
        // below this the oracle's own rounding would be drawn
        let degrees: Vec<usize> = (0..=14).filter(|&degree| certified(degree) > 1e-12).collect();
        let curve = |error: &dyn Fn(usize) -> f64| -> Vec<_> {
            degrees.iter().map(|&degree| (degree as f64, error(degree))).collect()
        };
        figure = figure
            .with_curve(Role::Bound, &format!("certificate, r = {range}"), curve(&certified))
            .with_curve(Role::Observed, &format!("found, r = {range}"), curve(&found));
    }
    figure
}

/// The polynomial does not fall below its certificate, which is positive for even degrees. The twin looks at half of the range.
pub(super) fn positivity(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let points = context.scale(500, 50_000);
    let (mut deepest, mut signs, mut n, mut slack) = (f64::NEG_INFINITY, 0, 0, 0.0_f64);
    for (degree, range) in cases() {
        let taylor = ExpTaylor::new(degree).expect("degrees stay below 30");
        // the twin looks at half of the range
        let bound = taylor.lower_bound(subject.pick(range, 0.5 * range));
        signs += u64::from(degree.is_multiple_of(2) && bound <= 0.0);
        let mut least = f64::INFINITY;
        let random = (0..points).map(|_| rng.random_range(-range..=range));
        let steps = (0..=100).map(|i| -range + range * f64::from(i) / 50.0);
        for t in random.chain(steps) {
            let value = oracle::exp_taylor(t, degree as u32);
            deepest = larger(deepest, (bound - value) / oracle::exp_taylor(t.abs(), degree as u32));
            least = smaller(least, value);
            n += 1;
        }
        slack = larger(slack, (least - bound) / oracle::exp_taylor(range, degree as u32));
    }
    let note = format!("least value found minus certificate, over T_g(B): at most {slack:.2e}");
    // the oracle rounds once
    Outcome::worst([Outcome::at_most(deepest, f64::EPSILON, n), Outcome::all_equal(signs, n)]).with_note(note)
}
