//! What noise loses, by its recorded law.

use super::{budget, close, unit};
use crate::checks::certificates::{Fault, Found};
use crate::checks::twins::each_twin;
use crate::{Context, Outcome, Subject, larger};
use dp_linalg::Mat;
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::{
    ArithmeticModel, Certificate, LatticeGaussian, LatticeLaplace, NoiseScale, NoiseStd, PerturbRow,
    PrivacyProfile, ReplaceRow, TruncatedLaplace, gaussian,
};
use ntk_dp::private::close::{
    PrivateLabels, PrivatePoints, PrivateQueries, QueryBudget, label_statistic, point_statistic,
    points_mechanism, published_points_mechanism, release_labels, release_points_as_published,
    release_points_with,
};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Both sides round `Δ/σ`, by `2⁻⁵¹` at most; δ(ε) moves by `a² + 1` times that, relatively, and `|a| < 10` above 1e-20.
const SLACK: f64 = 1e-12;

const BUDGETS: [(f64, f64); 4] = [(0.05, 1e-6), (1.0, 0.05), (1.0, 1e-12), (10.0, 1e-6)];

/// δ of the recorded noise and sensitivity over the δ asked for, and what certificates say, for both laws. Two twins for each: one has
/// half of the noise, in the other points are released as if they moved half as far.
pub(in super::super) fn points(context: &mut Context, subject: Subject) -> Outcome {
    let laws = [Law::Gaussian, Law::Laplace].into_iter();
    let twins = laws.flat_map(|law| Fault::TWINS.map(|fault| Some((law, fault))));
    each_twin(subject, None, twins.collect(), |twin| {
        let of = |law| twin.filter(|(faulty, _)| *faulty == law).map_or(Fault::None, |(_, fault)| fault);
        let [of_gaussian, of_laplace] = [Law::Gaussian, Law::Laplace].map(of);
        let (mut rng, mut gaussian, mut laplace) = (context.rng(0), Found::default(), Found::default());
        for radius in [0.01, 1e-6] {
            let radii = (close(radius), close(of_gaussian.radius(radius)));
            with_gaussian(radii, of_gaussian, &mut gaussian, &mut rng);
        }
        with_gaussian((ReplaceRow, ReplaceRow), of_gaussian, &mut gaussian, &mut rng);
        let radii = (close(0.01), close(of_laplace.radius(0.01)));
        with_laplace(radii, of_laplace, &mut laplace, &mut rng);
        with_laplace((ReplaceRow, ReplaceRow), of_laplace, &mut laplace, &mut rng);
        Outcome::worst([
            gaussian.outcome(1.0 + SLACK, "δ(ε) of Gaussian noise over the δ asked for"),
            laplace.outcome(1.0 + SLACK, "ε and δ of truncated noise over those asked for"),
        ])
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Law {
    Gaussian,
    Laplace,
}

fn is_honest<A: FixedSizeAdjacency>(
    certificate: &Certificate<PrivacyProfile<A>>,
    adjacency: A,
    claim: &str,
) -> bool {
    certificate.arithmetic() == ArithmeticModel::ExactLattice
        && certificate.guarantee().adjacency() == adjacency
        && certificate.claims().iter().any(|id| id == claim)
}

fn recorded<A>(certificate: &Certificate<PrivacyProfile<A>>, key: &str) -> f64 {
    let text = certificate.parameters().get(key);
    text.and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

fn some_points() -> Mat {
    Mat::from_fn(5, 3, |i, j| ((3 * i + j) as f64).sin())
}

/// Points of the first neighbours, released as if of the second.
fn with_gaussian<A: FixedSizeAdjacency>(
    (adjacency, released): (A, A),
    fault: Fault,
    found: &mut Found,
    rng: &mut ChaCha20Rng,
) {
    let (options, points) = (unit(5, 3), some_points());
    let private = PrivatePoints::new(adjacency, points.as_ref());
    let stated = point_statistic(private, &options).expect("the announced shape").sensitivity().square();
    for (epsilon, delta) in BUDGETS {
        let (asked, mass) = budget(epsilon, delta);
        let mechanism = points_mechanism(released, &options, asked, mass).expect("supported noise");
        let std = NoiseStd::new(mechanism.noise_std().get() * fault.pick(1.0, 0.5)).expect("positive");
        let mechanism =
            LatticeGaussian::with_noise_std(std, mechanism.sensitivity()).expect("supported noise");
        let private = PrivatePoints::new(released, points.as_ref());
        let release = release_points_with(private, &options, &mechanism, rng).expect("the announced shape");
        let certificate = release.certificate();
        let (square, std) =
            (recorded(certificate, "squared_l2_sensitivity"), recorded(certificate, "noise_std"));
        let implied = gaussian::delta_bounds(epsilon, (square.sqrt() / std).next_up()).1;
        let honest = is_honest(certificate, adjacency, "ntk.close.points.privacy") && square >= stated as f64;
        found.see(implied / delta, honest);
    }
}

/// `ε = Δ/b` and δ the mass of the last Δ integers, by certified probabilities; points of the first neighbours, released as if of the second.
fn with_laplace<A: FixedSizeAdjacency>(
    (adjacency, released): (A, A),
    fault: Fault,
    found: &mut Found,
    rng: &mut ChaCha20Rng,
) {
    let (options, points) = (unit(5, 3), some_points());
    for (epsilon, delta) in BUDGETS {
        let (asked, mass) = budget(epsilon, delta);
        let shipped = published_points_mechanism(adjacency, &options, asked, mass).expect("supported noise");
        let private = PrivatePoints::new(released, points.as_ref());
        let release =
            release_points_as_published(private, &options, asked, mass, rng).expect("supported noise");
        let same = recorded(release.certificate(), "noise_scale") == shipped.noise_scale().get()
            && recorded(release.certificate(), "noise_bound") == shipped.bound() as f64;
        let excess = truncated_excess(&scaled(&shipped, fault.pick(1.0, 0.5)), (epsilon, delta));
        let honest = same && is_honest(release.certificate(), adjacency, "ntk.close.points.privacy");
        found.see(excess, honest);
    }
}

/// The mechanism with so much of its scale inside the same bound.
fn scaled<A: FixedSizeAdjacency>(mechanism: &TruncatedLaplace<A>, share: f64) -> TruncatedLaplace<A> {
    let scale = NoiseScale::new(mechanism.noise_scale().get() * share).expect("positive");
    let (bound, sensitivity) = (mechanism.bound(), mechanism.sensitivity());
    TruncatedLaplace::with_noise_scale_and_bound(scale, bound, sensitivity).expect("a wide support")
}

/// The larger of ε and δ over what was asked for.
fn truncated_excess<A: FixedSizeAdjacency>(
    mechanism: &TruncatedLaplace<A>,
    (epsilon, delta): (f64, f64),
) -> f64 {
    let moved = mechanism.sensitivity().get();
    let of_delta = mechanism.noise().infinity_mass_bounds(moved).1 / delta;
    larger(moved as f64 / mechanism.noise_scale().get() / epsilon, of_delta)
}

/// Distances of integer labels times the exact loss of one step, over ε: for labels of all kinds, of which one becomes any other. The
/// twin takes the bound of a label for the largest change of one.
pub(in super::super) fn labels(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut n) = (0.0_f64, 0);
    for columns in [1, 3] {
        for epsilon in [0.1, 1.0, 7.0] {
            let asked = budget(epsilon, 0.5).0;
            for _ in 0..context.scale(200, 20_000) {
                let [first, second] = [0, 1].map(|_| any_label(&mut rng, columns));
                let statistic = |label: &Mat| {
                    label_statistic(PrivateLabels::new(close(0.1), label.as_ref()), 1.5)
                        .expect("a bound in range")
                };
                let mechanism = LatticeLaplace::calibrate(asked, *statistic(&first).sensitivity());
                let scale = mechanism.expect("supported noise").noise_scale().get() * subject.pick(1.0, 0.5);
                let (a, b) = (statistic(&first).assume_public(), statistic(&second).assume_public());
                let distance: u64 = a.iter().zip(&b).map(|(a, b)| a.abs_diff(*b)).sum();
                worst = larger(worst, distance as f64 / scale / epsilon);
                n += 1;
            }
        }
    }
    let honest = label_certificate(&mut rng);
    if worst < 0.999 {
        return Outcome::inconclusive(format!("labels come to {worst:.4} of ε only"));
    }
    Outcome::worst([
        Outcome::at_most(worst, 1.0 + SLACK, n).with_note(format!("largest loss over ε: {worst:.6}")),
        Outcome::all_equal(u64::from(!honest), 1).with_note("a certificate that does not fit"),
    ])
}

/// Any numbers, the extreme ones often.
fn any_label(rng: &mut ChaCha20Rng, columns: usize) -> Mat {
    let odd = [1.5, -1.5, f64::NAN, f64::INFINITY, 1e308, -1e308, 0.0];
    let one = rng.random_range(0..columns);
    let kind = rng.random_range(0..odd.len() + 3);
    Mat::from_fn(1, columns, |_, j| match odd.get(kind) {
        Some(&x) => {
            if j == one {
                x
            } else {
                0.0
            }
        }
        None => rng.random_range(-2.0..2.0),
    })
}

fn label_certificate(rng: &mut ChaCha20Rng) -> bool {
    let labels = Mat::from_vec(2, 1, vec![1.0, -1.0]).expect("two labels");
    let private = PrivateLabels::new(close(0.1), labels.as_ref());
    let (epsilon, delta) = budget(1.0, 1e-12);
    let release = release_labels(private, 1.0, epsilon, rng).expect("a bound in range");
    is_honest(release.certificate(), close(0.1), "ntk.close.labels.privacy")
        && release.certificate().guarantee().epsilon(delta) <= 1.0 + 1e-9
}

/// ε and δ of one answer by its exact law, what all of them cost together against the sum, and that no more are given. The twin has half
/// of the scale.
pub(in super::super) fn queries(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut worst, mut wrong, mut n) = (0.0_f64, 0_u64, 0);
    for (epsilon, delta) in [(0.05, 1e-6), (1.0, 1e-9), (3.0, 0.01)] {
        for count in [1, 7] {
            let (asked, mass) = budget(epsilon, delta);
            let (options, points) = (unit(5, 3), some_points());
            let private = PrivatePoints::new(close(0.01), points.as_ref());
            let mut queries =
                PrivateQueries::new(private, &options, QueryBudget::new(count, asked, mass)).expect("sound");
            let sensitivity = *queries.row_statistic(&[0.1, 0.2, 0.3]).expect("finite").sensitivity();
            let shipped =
                TruncatedLaplace::<PerturbRow>::calibrate(asked, mass, sensitivity).expect("supported noise");
            let used = scaled(&shipped, subject.pick(1.0, 0.5));
            worst = larger(worst, truncated_excess(&used, (epsilon, delta)));
            let total = queries.guarantee();
            let sum = f64::from(count) * delta;
            wrong += u64::from(total.delta(f64::from(count) * epsilon * (1.0 + 1e-12)) > sum * (1.0 + 1e-9));
            let alpha = super::sensitivity::coefficients(&mut rng, (5, 3));
            let predicted = queries.predict(&[0.1, 0.2, 0.3], &alpha, &mut rng).expect("one is left");
            let certificate = predicted.certificate();
            let kept = certificate.guarantee().delta(epsilon * (1.0 + 1e-12)) <= delta;
            wrong += u64::from(!kept || !is_honest(certificate, close(0.01), "ntk.close.queries.privacy"));
            let mut given = 1;
            while let Ok(release) = queries.kernel_row(&[0.1, 0.2, 0.3], &mut rng) {
                given += 1;
                let certificate = release.certificate();
                let same = recorded(certificate, "noise_scale") == shipped.noise_scale().get();
                wrong +=
                    u64::from(!same || !is_honest(certificate, close(0.01), "ntk.close.queries.privacy"));
            }
            wrong += u64::from(given != count);
            n += 1;
        }
    }
    Outcome::worst([
        Outcome::at_most(worst, 1.0 + SLACK, n).with_note("ε and δ of an answer over those asked for"),
        Outcome::all_equal(wrong, n).with_note("totals, certificates or numbers of answers that do not fit"),
    ])
}
