//! How a ridged Gram matrix changes between neighbours, and what draws of it lose.

use super::{budget, changes, close, covariance, extremes, pair, quadratic, unit, worst_pair};
use crate::checks::attention::climb;
use crate::{Context, Outcome, Subject, larger, largest, smaller};
use dp_linalg::Mat;
use dp_mechanisms::ArithmeticModel;
use dp_mechanisms::covariance::Draws;
use ntk_dp::private::close::{CloseOptions, PrivatePoints, gram_bound, gram_mechanism, release_gram};
use ntk_dp::{Activation, Kernel, Network};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

fn cases() -> Vec<(CloseOptions, f64)> {
    let erf = Network::new(Activation::Erf, 1, 1.5).and_then(|network| network.with_bias_variance(0.2));
    let relu = Network::new(Activation::Relu, 1, 2.0).expect("a variance in range");
    let options = |kernel, shape, ridge: f64| {
        CloseOptions::new(kernel, shape, 1.0).and_then(|options| options.with_ridge(ridge)).expect("in range")
    };
    vec![
        (options(quadratic(), (40, 1), 0.2), 0.1),
        (options(quadratic(), (9, 2), 1.0), 0.4),
        (options(quadratic(), (6, 3), 0.05), 1.3),
        (options(Kernel::ntk(erf.expect("a variance in range")), (8, 2), 0.5), 0.3),
        (options(Kernel::ntk(relu), (8, 2), 0.5), 0.01),
    ]
}

/// Both ends of the spectrum over their bounds, in both orders, and nothing between them. The twin forgets the square of the move, μ = r.
pub(in super::super) fn change(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut between, mut stated, mut n) = (0.0_f64, 0.0_f64, f64::INFINITY, 0);
    for (options, beta) in cases() {
        let (rows, d) = (options.rows(), options.dim());
        let r = options.feature_move(beta) / options.ridge().sqrt();
        let up = subject.pick(0.5 * r * r + r * (1.0 + 0.25 * r * r).sqrt(), r);
        // the norm that the code states is that of both changes, for points on the lattice
        let bound = gram_bound(close(beta), &options).expect("a moderate change").neighbourhood().change();
        stated = smaller(stated, bound / (2.0 * r * r + r.powi(4)).sqrt());
        for start in 0..context.scale(3, 30) {
            let point = begin(&mut rng, (rows, d), (start, beta));
            climb(&mut rng, point, context.scale(60, 2000), |point| {
                let (first, second) = neighbours(point, (rows, d), beta);
                let [a, b] = [&first, &second].map(|points| covariance(&options, points, beta));
                let ratio = [changes(&a, &b), changes(&b, &a)].iter().fold(0.0_f64, |worst, changes| {
                    let (low, high) = (changes[0], changes[changes.len() - 1]);
                    let inner = &changes[1..changes.len() - 1];
                    between = inner.iter().fold(between, |between, change| larger(between, change.abs()));
                    largest([worst, high / up, -low * (1.0 + up) / up])
                });
                worst = larger(worst, ratio);
                n += 1;
                ratio
            });
        }
    }
    if worst < 0.95 {
        return Outcome::inconclusive(format!("the search comes to {worst:.3} of the bound only"));
    }
    Outcome::worst([
        // points on the lattice move by 2⁻²⁰ more
        Outcome::at_most(worst, 1.0 + 1e-5, n)
            .with_note(format!("largest change over its bound: {worst:.4}")),
        Outcome::at_most(between, 1e-8, n).with_note("changes of other eigenvalues"),
        Outcome::at_least(stated, 1.0, n).with_note("stated Frobenius change over that of the claim"),
        above_rounding(),
        above_doubled_rounding(),
    ])
}

/// More than what a matrix of forty rows of ones is off by, `40·2⁻⁵³` in norm.
const ROUNDING_OF_FORTY: f64 = 40.0 * f64::EPSILON;

/// Ever smaller ridges until one is refused: on the machine the change of those that are not is that of real numbers, and none is as small as
/// what rounding makes of zero.
fn above_rounding() -> Outcome {
    let (mut worst, mut least, mut n) = (0.0_f64, f64::INFINITY, 0);
    for beta in [1e-4, 1e-6] {
        for halvings in (0..120).step_by(4) {
            let ridge = 0.5_f64.powi(halvings);
            let options = unit(40, 1).with_ridge(ridge).expect("in range");
            if gram_bound(close(beta), &options).is_err() {
                break;
            }
            least = smaller(least, ridge);
            if least < ROUNDING_OF_FORTY {
                break;
            }
            let (first, second) = worst_pair(options.rows(), beta);
            let [a, b] = [&first, &second].map(|points| covariance(&options, points, beta));
            let r = options.feature_move(beta) / ridge.sqrt();
            let up = 0.5 * r * r + r * (1.0 + 0.25 * r * r).sqrt();
            let found = changes(&a, &b);
            let (low, high) = (found[0], found[found.len() - 1]);
            let inner = largest(found[1..found.len() - 1].iter().map(|change| change.abs()));
            let ratio = high / up - low * (1.0 + up) / up + inner / r;
            worst = larger(worst, ratio);
            n += 1;
        }
    }
    Outcome::worst([
        // both ends attain at most their bounds
        Outcome::at_most(worst, 2.0 * (1.0 + 1e-2), n)
            .with_note("changes on the machine over those of real numbers"),
        Outcome::at_least(least, ROUNDING_OF_FORTY, n).with_note("the least ridge that is not refused"),
    ])
}

/// Depths of networks of squares whose kernel values of one are off by far more than the roundings of so many operations.
const DEPTHS: [usize; 3] = [10, 20, 30];

/// Ridges of a hundred true errors of a value of deep squares, which double in each layer: all are refused.
fn above_doubled_rounding() -> Outcome {
    let taken = |depth: &usize| {
        let network = Network::new(Activation::Quadratic, *depth, THIRD).expect("a variance in range");
        let kernel = Kernel::nngp(network);
        let options = CloseOptions::new(kernel.clone(), (2, 1), 3.0_f64.sqrt());
        let ridge = 100.0 * error_of_squares(&kernel, *depth);
        let options = options.and_then(|options| options.with_ridge(ridge)).expect("in range");
        gram_bound(close(1e-9), &options).is_ok()
    };
    Outcome::all_equal(DEPTHS.iter().filter(|depth| taken(depth)).count() as u64, DEPTHS.len() as u64)
        .with_note("ridges within the rounding of deep squares, taken")
}

/// The weight variance at which a value of one stays one.
const THIRD: f64 = 1.0 / 3.0;

/// How far values of points near √3 in one dimension are off: they are powers, `ln Vˡ = 2ˡ ln(x²/3) + (2ˡ⁺¹ − 1) ln 3w`, of numbers whose
/// distance from 1 is exact.
fn error_of_squares(kernel: &Kernel, depth: usize) -> f64 {
    let doublings = 2.0_f64.powi(depth as i32);
    let of_weight = (2.0 * doublings - 1.0) * 3.0_f64.mul_add(THIRD, -1.0).ln_1p();
    let error = |k: u32| {
        let x = 3.0_f64.sqrt() - f64::from(k) * f64::EPSILON;
        let value = (doublings * (x.mul_add(x, -3.0) / 3.0).ln_1p() + of_weight).exp();
        (kernel.value(&[x], &[x]).expect("finite points") - value).abs()
    };
    largest((0..10).map(error))
}

/// Numbers that [`neighbours`] makes a pair of: equal points, one of which moves along itself, or any.
fn begin(rng: &mut ChaCha20Rng, (rows, d): (usize, usize), (start, beta): (usize, f64)) -> Vec<f64> {
    let first = |i: usize| if i == 0 { 1.0 - beta } else { 1.0 };
    let along = |k: usize| if k.is_multiple_of(d) { first(k / d) } else { 0.0 };
    match start {
        0 => (0..(rows + 1) * d).map(along).collect(),
        _ => (0..(rows + 1) * d).map(|_| rng.random_range(-1.0..1.0)).collect(),
    }
}

/// The first point moves along the last `d` numbers.
fn neighbours(point: &[f64], (rows, d): (usize, usize), beta: f64) -> (Mat, Mat) {
    let mut moving = point[..d].to_vec();
    moving.extend(&point[rows * d..]);
    let (from, to) = pair(&moving, beta);
    let mut first = Mat::from_vec(rows, d, point[..rows * d].to_vec()).expect("so many numbers");
    first.row_mut(0).copy_from_slice(&from);
    let mut second = first.clone();
    second.row_mut(0).copy_from_slice(&to);
    (first, second)
}

/// The number of draws on a pair of neighbours that is nearly the worst, by its own eigenvalues: δ is met, and nearly attained. The twin
/// draws a tenth more than is allowed.
pub(in super::super) fn privacy(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut excess, mut closest, mut dishonest, mut n) = (0.0_f64, 0.0_f64, 0, 0);
    for (beta, ridge) in [(0.01, 1.0), (0.002, 0.5), (0.005, 2.0)] {
        let options = unit(250, 1).with_ridge(ridge).expect("positive");
        let (first, second) = worst_pair(options.rows(), beta);
        let [a, b] = [&first, &second].map(|points| covariance(&options, points, beta));
        let orders = [changes(&a, &b), changes(&b, &a)];
        for (epsilon, delta) in [(1.0, 1e-6), (4.0, 1e-3)].map(|(e, d)| budget(e, d)) {
            let draws =
                gram_mechanism(close(beta), &options, epsilon, delta).expect("several draws").draws().get();
            let taken = subject.pick(draws, draws + draws.div_ceil(10));
            let met = orders.iter().map(|changes| extremes(changes, taken).delta_bounds(epsilon.get()).0);
            let met = largest(met) / delta.get();
            (excess, closest, n) = (larger(excess, met), larger(closest, met), n + 1);
        }
        dishonest += u64::from(!is_honest(beta, &mut rng));
    }
    if subject == Subject::AsShipped && closest < 0.5 {
        return Outcome::inconclusive(format!("the pair attains {closest:.3} of δ only"));
    }
    Outcome::worst([
        Outcome::at_most(excess, 1.0, n)
            .with_note(format!("δ(ε) of the pair over the δ asked for: {excess:.4}")),
        Outcome::all_equal(dishonest, n / 2).with_note("certificates that do not fit"),
    ])
}

fn is_honest(beta: f64, rng: &mut ChaCha20Rng) -> bool {
    let options = unit(6, 2).with_max_draws(Draws::new(8).expect("positive"));
    let (points, (epsilon, delta)) = (Mat::filled(6, 2, 0.3), budget(1.0, 1e-6));
    let private = PrivatePoints::new(close(beta), points.as_ref());
    let release = release_gram(private, &options, epsilon, delta, rng).expect("several draws");
    let certificate = release.certificate();
    certificate.arithmetic() == ArithmeticModel::RealModel
        && certificate.guarantee().adjacency() == close(beta)
        && certificate.guarantee().delta(1.0) <= 1e-6
        && certificate.claims().iter().any(|id| id == "ntk.close.gram.privacy")
        && release.value().draws().get() <= 8
}
