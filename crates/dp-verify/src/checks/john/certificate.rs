//! The certificate against brute force.

use super::{rows, shape, solve};
use crate::checks::twins::each_part;
use crate::{Context, Outcome, Subject, larger, largest};
use john_ellipsoid_dp::{InteriorPoint, JohnOptions, Stop, enclosing_ellipsoid, john_ellipsoid_with};
use num_bigint::BigInt;
use rand::RngExt;

/// A float as an integer times `2^{−2000}`, which every float is that is 0 or above `2^{−900}` in size.
fn fixed(x: f64) -> BigInt {
    let bits = x.abs().to_bits();
    let (exponent, fraction) = ((bits >> 52) as i64, bits & ((1 << 52) - 1));
    if x == 0.0 {
        return BigInt::from(0);
    }
    let magnitude = BigInt::from(fraction | (1 << 52)) << (exponent - 1075 + SCALE) as u64;
    if x < 0.0 { -magnitude } else { magnitude }
}

const SCALE: i64 = 2000;

/// `‖Tᵀa‖² ≤ level`, decided in integers: all numbers are exact multiples of a power of two.
pub(super) fn covered(t: dp_linalg::MatRef<'_>, a: &[f64], level: f64) -> bool {
    let d = a.len();
    let a: Vec<BigInt> = a.iter().map(|&x| fixed(x)).collect();
    let coordinate = |j: usize| (0..d).map(|i| &a[i] * fixed(t[(i, j)])).sum::<BigInt>();
    let square: BigInt = (0..d).map(coordinate).map(|y| &y * &y).sum();
    square <= fixed(level) << (3 * SCALE) as u64
}

/// Solves coarsely and finely; every row is compared with the certified gap in exact integers. The twin forgets the rows that
/// had no weight: it certifies from the support alone.
pub(super) fn gap(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut outside, mut compared) = (0, 0);
    for trial in 0..context.scale(30, 600) {
        let (n, d) = shape(&mut rng);
        let rows = rows(&mut rng, n, d);
        let stop = Stop { gap: 1e-9, max_iterations: 3 * (trial % 20) };
        let coarse = john_ellipsoid_with(&InteriorPoint, rows.as_ref(), stop, &JohnOptions::default());
        let fine = solve(rows.as_ref(), 1e-9);
        for john in [coarse.expect("the rows span the space"), fine] {
            let of_support = || {
                let forms = john.support().iter().map(|s| john.leverage(rows.row(s.row)).unwrap_or(f64::NAN));
                largest(forms)
            };
            let level = match subject {
                Subject::AsShipped => 1.0 + john.certificate().gap(),
                Subject::Broken => of_support(),
            };
            outside += rows.rows().filter(|row| !covered(john.root(), row, level)).count() as u64;
            compared += n as u64;
        }
    }
    Outcome::all_equal(outside, compared)
}

/// Coarse solutions against optima to 1e-11, symmetric and with a centre: the excess of `½ ln det` over the certificate, and an
/// allowance of `d·1e-11` for the optimum itself. The twins charge a gap without the dimension, each of the two.
pub(super) fn volume(context: &mut Context, subject: Subject) -> Outcome {
    each_part(subject, [symmetric(context, subject), centered(context, subject)])
}

fn symmetric(context: &Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for trial in 0..context.scale(30, 600) {
        let (n, d) = shape(&mut rng);
        let (n, d) = (n + 2 * d + 2, d + 1);
        let rows = rows(&mut rng, n, d);
        let stop = Stop { gap: 1e-9, max_iterations: 1 + trial % 5 };
        let coarse = john_ellipsoid_with(
            &john_ellipsoid_dp::WolfeAtwood,
            rows.as_ref(),
            stop,
            &JohnOptions::default(),
        )
        .expect("the rows span the space");
        let certificate = coarse.certificate();
        let bound = subject.pick(certificate.log_volume_excess(), 0.5 * certificate.gap());
        // inside the polytope: E/√(1 + ξ), against the largest
        let shrunk = coarse.log_volume() - 0.5 * d as f64 * certificate.gap().ln_1p();
        let excess = solve(rows.as_ref(), 1e-11).log_volume() - shrunk - d as f64 * 1e-11;
        worst = larger(worst, excess / bound);
        compared += 1;
    }
    Outcome::at_most(worst, 1.0, compared).with_note("excess over the bound")
}

/// The same for ellipsoids with a centre, solved to 0.3 and to 1e-10.
fn centered(context: &Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(1);
    let (mut worst, mut compared) = (f64::NEG_INFINITY, 0);
    for _ in 0..context.scale(20, 300) {
        let (n, d) = shape(&mut rng);
        let points = rows(&mut rng, n + d + 2, d);
        let around = |gap| {
            let options = JohnOptions::default().with_gap(gap).expect("a gap between 0 and 1");
            enclosing_ellipsoid(points.as_ref(), &options).expect("the points span the space")
        };
        let (coarse, fine) = (around(0.3), around(1e-10));
        let log_volume = |e: &john_ellipsoid_dp::EnclosingEllipsoid| {
            let root = e.lifted().root();
            let level = 1.0 + e.certificate().gap() - root[(d, d)].powi(2);
            (0..d).map(|i| 0.5 * level.ln() - root[(i, i)].ln()).sum::<f64>()
        };
        let excess = log_volume(&coarse) - log_volume(&fine);
        let certificate = coarse.certificate();
        let bound = subject.pick(certificate.log_volume_excess(), 0.5 * certificate.gap());
        // 1e-9 for the gap of the fine solution, d ≤ 9, and for rounding of logarithms
        worst = larger(worst, excess - bound - 1e-9);
        compared += 1;
    }
    Outcome::at_most(worst, 0.0, compared).with_note("excess less the bound, with a centre")
}

/// Boundary points of the ellipsoid must satisfy every row, and boundary points of the polytope must lie in `√d·E`. The twin loses
/// the `√d`.
pub(super) fn containment(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut compared) = (0.0_f64, 0);
    for _ in 0..context.scale(30, 600) {
        let (n, d) = shape(&mut rng);
        let rows = rows(&mut rng, n, d);
        let john = solve(rows.as_ref(), 1e-6);
        let certificate = john.certificate();
        let stretch = subject.pick((d as f64 / (1.0 - certificate.defect())).sqrt(), 1.0);
        for _ in 0..20 {
            let z: Vec<f64> = (0..d).map(|_| rng.random_range(-1.0..1.0)).collect();
            let norm = z.iter().map(|z| z * z).sum::<f64>().sqrt();
            // on the boundary of E: x = Tz/‖z‖
            let root = john.root();
            let x: Vec<f64> = root.rows().map(|row| dot(row, &z) / norm).collect();
            let reach = largest(rows.rows().map(|row| dot(row, &x).abs()));
            // x/reach is on the boundary of P
            worst = largest([worst, reach / (1.0 + certificate.gap()).sqrt(), 1.0 / (reach * stretch)]);
            compared += 2;
        }
    }
    // some d roundings of a product of well-scaled sums
    Outcome::at_most(worst, 1.0 + 1e-12, compared)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
