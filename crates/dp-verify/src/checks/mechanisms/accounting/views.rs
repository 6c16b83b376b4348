//! The other accountants, groups, and answers to targets.

use super::{Profile, delta, epsilon, fields, gaussian, none_fails, point, pure, rate, reference};
use crate::{Context, Outcome, Subject, largest};
use dp_mechanisms::accounting::{Poisson, Target};
use dp_mechanisms::{Accountant, AddRemoveRow, PrivacyProfile, certified, gaussian as closed_form};
use rand::RngExt;

/// Compositions with the least ε that suffices at some δ, as lines of the oracle have it.
fn compositions() -> Vec<(Profile, f64, f64)> {
    let gaussians = fields("gaussian").map(|row| {
        let profile = gaussian(reference::number(row[0])).repeated(reference::number(row[1]));
        // the reference is rounded to nearest here
        (profile, reference::number(row[2]), reference::number::<f64>(row[3]).next_down())
    });
    // at the δ that belongs to an ε, that ε suffices and less does not; near one, δ hardly tells ε
    let tells =
        |row: &Vec<&str>| reference::number::<f64>(row[3]) > 0.0 && reference::number::<f64>(row[4]) < 0.9;
    let responses = fields("response").filter(tells).map(|row| {
        let profile =
            point(reference::number(row[0]), reference::number(row[1])).repeated(reference::number(row[2]));
        (profile, reference::number::<f64>(row[4]).next_down(), reference::number(row[3]))
    });
    gaussians.chain(responses).collect()
}

/// δ, and the guarantees that come with an (ε, δ) part of so much: no smaller δ has a finite ε. One kind has Rényi divergences that
/// are finite at small orders only.
fn with_points() -> Vec<(Profile, f64)> {
    let sampled =
        Poisson::new(rate(0.5)).amplify(&gaussian(6000.0)).expect("Gaussian mechanisms can be sampled");
    let others = [sampled, gaussian(1.0), pure(0.5), PrivacyProfile::laplace(epsilon(1.0), AddRemoveRow)];
    let d = 0.01;
    others.map(|other| (other.and(&point(1.0, d)).expect("the same neighbours"), d)).to_vec()
}

/// No accountant that applies says less than the optimum; the best says hardly more. In the twin, an accountant is
/// asked at twice the δ.
pub(in super::super) fn accountants(_: &mut Context, subject: Subject) -> Outcome {
    let asked = |d: f64| delta((d * subject.pick(1.0, 2.0)).min(0.999));
    let answers: Vec<(Accountant, f64, f64)> = compositions()
        .into_iter()
        .flat_map(|(profile, d, exact)| {
            Accountant::ALL
                .into_iter()
                .filter_map(move |way| Some((way, profile.epsilon_bounds_by(way, asked(d))?.1, exact)))
        })
        .collect();
    let infinite = none_fails(with_points(), |(profile, d)| {
        let by =
            |way| profile.epsilon_bounds_by(way, asked(0.6 * d)).is_none_or(|found| found.1.is_infinite());
        Accountant::ALL.into_iter().all(by) && profile.delta(1e8) >= d
    });
    let kinds =
        Accountant::ALL.into_iter().filter(|way| answers.iter().any(|answer| answer.0 == *way)).count();
    let all = Outcome::at_least(kinds as f64, Accountant::ALL.len() as f64, kinds as u64);
    let excess = answers.iter().filter(|answer| answer.0 == Accountant::LossDistribution);
    let excess = largest(excess.map(|(_, found, exact)| found / exact - 1.0));
    Outcome::worst([
        none_fails(answers, |(_, found, exact)| found >= exact),
        infinite.with_note("δ that belongs to no ε"),
        all.with_note("each accountant applied somewhere"),
        Outcome::at_most(excess, 1e-4, 1).with_note("relative excess of loss distributions"),
    ])
}

/// Chains of neighbours that lose as much as is charged: Gaussian noise, randomised response, and
/// `P_{i + 1}(bad) = e^ε P_i(bad) + δ` from nothing, which is (ε, δ) at every step. The twin adds δ up without the factor `e^ε`.
pub(in super::super) fn groups(_: &mut Context, subject: Subject) -> Outcome {
    let sizes = [1_u32, 2, 3, 7];
    let lost =
        |profile: &Profile, size: u32, at: f64| profile.grouped(size).map_or(0.0, |group| group.delta(at));
    let gaussians = none_fails(sizes, |size| {
        let exact = closed_form::delta_bounds(1.0, 0.3 * f64::from(size)).0;
        lost(&gaussian(0.3), size, 1.0) >= exact
    });
    let pures = none_fails(sizes, |size| {
        lost(&pure(0.25), size, 0.25 * f64::from(size)) < 1e-15
            && lost(&pure(0.25), size, 0.249 * f64::from(size)) > 0.0
    });
    let chains = none_fails(sizes, |size| {
        let (e, d) = (0.5, 1e-4);
        let growth = subject.pick(certified::exp_bounds(e).0, 1.0);
        let bad = (0..size).fold(0.0_f64, |bad, _| ((bad * growth).next_down() + d).next_down());
        let attained = (0..size)
            .fold(0.0_f64, |bad, _| ((bad * certified::exp_bounds(e).0).next_down() + d).next_down());
        let claimed = subject.pick(lost(&point(e, d), size, e * f64::from(size)), bad);
        claimed >= attained
    });
    Outcome::worst([gaussians, pures, chains])
}

/// Least noise against the closed form, most repetitions against one more. The twin has a thousandth less noise.
pub(in super::super) fn target(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let cases: Vec<(f64, f64, u64)> = (0..context.scale(200, 10_000))
        .map(|_| {
            let (e, d) =
                (10_f64.powf(rng.random_range(-2.0..1.5)), 10_f64.powf(rng.random_range(-20.0..-1.0)));
            (e, d, 10_f64.powf(rng.random_range(0.0..6.0)) as u64)
        })
        .collect();
    let noise = none_fails(cases.iter().copied(), |(e, d, count)| {
        let guarantee = |std: f64| Ok(gaussian(1.0 / std).repeated(count));
        let found = Target::new(epsilon(e), delta(d))
            .least_noise(guarantee)
            .map_or(f64::NAN, |std| std * subject.pick(1.0, 0.999));
        let exact = closed_form::noise_std(epsilon(e), delta(d), (count as f64).sqrt());
        exact.is_ok_and(|exact| found >= exact.get() * (1.0 - 1e-14) && found <= exact.get() * (1.0 + 2e-6))
    });
    // and such that most is between 2³⁹ and 2⁴⁰
    let many = [(1.0, 1e-6, 12_000_000_000_000), (0.3, 1e-9, 25_000_000_000_000)];
    let repetitions = none_fails(cases.iter().copied().chain(many), |(e, d, count)| {
        let target = Target::new(epsilon(e), delta(d));
        let one = gaussian(e / (count as f64).sqrt());
        let most = target.most_repetitions(&one);
        target.is_met_by(&one.repeated(most)) && !target.is_met_by(&one.repeated(most + 1))
    });
    let laplace = PrivacyProfile::laplace(epsilon(0.05), AddRemoveRow);
    let most = Target::new(epsilon(1.0), delta(1e-6)).most_repetitions(&laplace);
    let meets = |count: u64| laplace.repeated(count).epsilon(delta(1e-6)) <= 1.0;
    let distributions = none_fails([most], |most| meets(most) && !meets(most + 1) && most > 20);
    Outcome::worst([noise.with_note("noise"), repetitions.with_note("repetitions"), distributions])
}
