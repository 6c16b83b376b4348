//! Guarantees that are said to follow from others, against both curves.

use super::{Profile, gaussian, point, pure};
use crate::{Context, Outcome, Subject, larger};
use dp_mechanisms::{AddRemoveRow, Adjacency, PrivacyProfile, Rho};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Where curves are compared.
const EPSILONS: [f64; 4] = [0.0, 0.3, 1.0, 2.5];

/// A guarantee by its parameters: a kind, ε or μ, and δ.
type Part = (u8, f64, f64);

/// Pairs of which one guarantee is a change of the other, for rows that come or go and for those that are replaced: where it is said to follow, the least δ
/// that the other's worst mechanisms are known to have is at most its own. The twin forgets how many parts there are.
pub(super) fn implication(context: &mut Context, subject: Subject) -> Outcome {
    let (mut rng, pairs) = (context.rng(1), context.scale(60, 1000));
    let (mut worst, mut n) = (0.0, 0_u64);
    let times = subject.pick(1, 3);
    for _ in 0..pairs {
        let parts = parts(&mut rng);
        let needed = all(&parts);
        let stated = stated(&parts, &needed, &mut rng);
        let replaced = stated.for_replaced_rows().zip(needed.for_replaced_rows());
        let found = [
            excess_if_it_follows(&stated, &needed, times),
            replaced.and_then(|(stated, needed)| excess_if_it_follows(&stated, &needed, times)),
        ];
        worst = found.into_iter().flatten().fold(worst, larger);
        n += found.into_iter().flatten().count() as u64;
    }
    if n < pairs as u64 / 2 {
        return Outcome::inconclusive("hardly any pair of which one follows from the other");
    }
    Outcome::at_most(worst, 1.0, n).with_note("δ of the worst mechanisms over what is said to follow")
}

/// Up to three, and often one more of the same ε: for replaced rows Laplace noise is no better than its response, so that both become one loss.
fn parts(rng: &mut ChaCha20Rng) -> Vec<Part> {
    let mut parts: Vec<Part> = (0..rng.random_range(1..=3)).map(|_| part(rng)).collect();
    if rng.random_bool(0.5) {
        let (kind, size, delta) = parts[0];
        parts.push((kind ^ 1, size, delta));
    }
    parts
}

fn part(rng: &mut ChaCha20Rng) -> Part {
    (rng.random_range(0..4), rng.random_range(0.1..1.0), 10_f64.powf(rng.random_range(-4.0..-2.0)))
}

fn all(parts: &[Part]) -> Profile {
    let profile = |&(kind, size, delta): &Part| match kind {
        0 => PrivacyProfile::laplace(super::epsilon(size), AddRemoveRow),
        1 => pure(size),
        2 => point(size, delta),
        _ => gaussian(size),
    };
    let nothing = Profile::nothing(AddRemoveRow);
    parts.iter().fold(nothing, |sum, part| sum.and(&profile(part)).expect("the same neighbours"))
}

/// One ρ, or one (ε, δ), for all of them; each but the last; or each a little larger or smaller.
fn stated(parts: &[Part], needed: &Profile, rng: &mut ChaCha20Rng) -> Profile {
    let kind = rng.random_range(0..4);
    let mut near = || rng.random_range(0.97..1.1);
    match (kind, needed.zero_concentrated()) {
        (0, Some(rho)) => PrivacyProfile::zero_concentrated_from(
            Rho::new(rho.get() * near()).expect("in range"),
            AddRemoveRow,
        ),
        (1, _) => {
            let share = near();
            let [epsilon, delta] =
                [|part: &Part| part.1, |part: &Part| if part.0 == 2 { part.2 } else { 1e-9 }]
                    .map(|of: fn(&Part) -> f64| parts.iter().map(of).sum::<f64>() * share);
            point(epsilon, delta)
        }
        (2, _) => all(&parts[..parts.len() - 1]),
        _ => all(&parts.iter().map(|&(kind, size, delta)| (kind, size * near(), delta)).collect::<Vec<_>>()),
    }
}

fn excess_if_it_follows<A: Adjacency>(
    stated: &PrivacyProfile<A>,
    needed: &PrivacyProfile<A>,
    times: u64,
) -> Option<f64> {
    stated.follows_from(needed).then(|| excess(&needed.repeated(times), stated))
}

/// The largest ratio of what is known to be lost to what is stated.
fn excess<A: Adjacency>(needed: &PrivacyProfile<A>, stated: &PrivacyProfile<A>) -> f64 {
    let ratio = |&at: &f64| {
        let (lost, allowed) = (needed.delta_bounds(at).0, stated.delta(at));
        if lost == 0.0 { 0.0 } else { lost / allowed }
    };
    EPSILONS.iter().map(ratio).fold(0.0, larger)
}
