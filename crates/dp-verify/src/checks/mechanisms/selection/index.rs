//! Laws of the index that is selected, over all neighbours of small lists of scores.

use super::enclosure::{Between, loss};
use super::refinement::Script;
use super::{
    any_way, each_part, each_twin, epsilon, moved, movements, none_above, none_fails, one_way, vectors,
};
use crate::{Context, Outcome, Subject, largest, smallest};
use dp_mechanisms::selection::{ExponentialMechanism, PermuteAndFlip, ScoreMovement, Scores};

/// Relative error of quotients of two certified sums of at most four products, each of a few roundings: far below this.
const SLACK: f64 = 1e-12;

const EPSILONS: [f64; 3] = [0.3, 1.0, 2.5];

/// The law of the shipped exponential mechanism.
fn exponential_law<S: ScoreMovement>(value: f64, sensitivity: S, scores: &[i64]) -> Vec<Between> {
    let mechanism = ExponentialMechanism::new(epsilon(value), sensitivity);
    let law = mechanism.probability_bounds(scores).expect("there are scores");
    law.into_iter().map(Between::new).collect()
}

/// A law of three candidates at an ε, for scores that move any way or one way.
type Law = fn(f64, bool, &[i64]) -> Vec<Between>;

fn shipped(value: f64, monotone: bool, scores: &[i64]) -> Vec<Between> {
    if monotone {
        exponential_law(value, one_way(), scores)
    } else {
        exponential_law(value, any_way(), scores)
    }
}

/// All pairs of neighbouring scores up to a constant: the first has gaps of at most `reach`.
fn pairs(monotone: bool, reach: i64) -> impl Iterator<Item = (Vec<i64>, Vec<i64>)> {
    let scores = vectors(&(0..=reach).collect::<Vec<_>>(), 3).into_iter().filter(|u| u.contains(&0));
    scores.flat_map(move |u| movements(monotone, 3).into_iter().map(move |d| (u.clone(), moved(&u, &d))))
}

/// What is left of ε: the largest loss less ε, over pairs and both kinds of scores.
fn privacy(law: Law, reach: i64) -> Outcome {
    let excess = |value: f64, monotone: bool| {
        pairs(monotone, reach)
            .map(move |(u, v)| loss(&law(value, monotone, &u), &law(value, monotone, &v)) - value)
    };
    let all = EPSILONS.into_iter().flat_map(|value| [false, true].map(|monotone| excess(value, monotone)));
    none_above(all.flatten(), SLACK).with_note("loss less ε")
}

/// The range of the loss over candidates, and `D_α ≤ αε²/8`.
fn concentrated(law: Law, reach: i64) -> Outcome {
    let all = EPSILONS.into_iter().flat_map(|value| [(value, false), (value, true)]);
    let excess = all.flat_map(|(value, monotone)| {
        pairs(monotone, reach).flat_map(move |(u, v)| {
            let (p, q) = (law(value, monotone, &u), law(value, monotone, &v));
            [range(&p, &q) - value, renyi_excess(&p, &q, value)]
        })
    });
    none_above(excess, SLACK).with_note("range less ε, divergence less αε²/8")
}

/// `max − min` of the loss, up to rounding of the logarithm.
fn range(p: &[Between], q: &[Between]) -> f64 {
    let losses: Vec<f64> = p.iter().zip(q).map(|(p, q)| (p.hi / q.hi).ln()).collect();
    largest(losses.iter().copied()) - smallest(losses.iter().copied())
}

fn renyi_excess(p: &[Between], q: &[Between], value: f64) -> f64 {
    let at = |order: f64| {
        let terms = p.iter().zip(q).map(|(p, q)| q.hi * (order * (p.hi / q.hi).ln()).exp());
        terms.sum::<f64>().ln() / (order - 1.0) - order * value * value / 8.0
    };
    largest([1.001, 1.5, 2.0, 4.0, 16.0].map(at))
}

/// Loss, range and Rényi divergences from the shipped probabilities. Twins: the weights of ε where those of ε/2 are
/// right (scores that move any way taken for monotone ones); a Rényi twin is the same.
pub(super) fn exponential(context: &mut Context, subject: Subject) -> Outcome {
    let reach = context.scale(3, 7) as i64;
    let careless: Law = |value, _, scores| exponential_law(value, one_way(), scores);
    let doubled: Law = |value, monotone, scores| shipped(2.0 * value, monotone, scores);
    each_twin(subject, shipped as Law, vec![careless, doubled], |law| {
        Outcome::worst([privacy(law, reach), concentrated(law, reach)])
    })
}

/// Heads of the coins.
fn coins(value: f64, spread: i64, scores: &[i64]) -> Vec<Between> {
    let best = scores.iter().max().expect("there are scores");
    let exponent = |u: &i64| value * (best - u) as f64 / spread as f64;
    scores.iter().map(|u| if u == best { Between::ONE } else { Between::decay(exponent(u)) }).collect()
}

/// The law of the first heads: over all orders.
fn first_heads(coins: &[Between]) -> Vec<Between> {
    fn visit(left: &[usize], coins: &[Between], reached: Between, law: &mut [Between]) {
        for &next in left {
            let share = reached.over(left.len() as u32);
            law[next] = law[next] + share * coins[next];
            let rest: Vec<usize> = left.iter().copied().filter(|&i| i != next).collect();
            visit(&rest, coins, share * coins[next].complement(), law);
        }
    }
    let mut law = vec![Between::ZERO; coins.len()];
    visit(&(0..coins.len()).collect::<Vec<_>>(), coins, Between::ONE, &mut law);
    law
}

fn permuted(value: f64, monotone: bool, scores: &[i64]) -> Vec<Between> {
    first_heads(&coins(value, if monotone { 1 } else { 2 }, scores))
}

/// Over all orders and coins; and the shipped code, word by word, is the same tree of decisions. Twins: coins of ε where those
/// of ε/2 are right, in the law, and in the code; coins of 2ε.
pub(super) fn permute_and_flip(context: &mut Context, subject: Subject) -> Outcome {
    let reach = context.scale(3, 7) as i64;
    let careless: Law = |value, _, scores| permuted(value, true, scores);
    let doubled: Law = |value, monotone, scores| permuted(2.0 * value, monotone, scores);
    let laws = each_twin(subject, permuted as Law, vec![careless, doubled], |law| privacy(law, reach));
    let code = EPSILONS.map(|value| match subject {
        Subject::AsShipped => {
            Outcome::worst([by_words(value, any_way(), 2, reach), by_words(value, one_way(), 1, reach)])
        }
        Subject::Broken => by_words(value, one_way(), 2, reach),
    });
    each_part(subject, [laws].into_iter().chain(code))
}

/// The code for scores that move like this against coins of this spread, at scores in any order.
fn by_words<S: ScoreMovement>(value: f64, sensitivity: S, spread: i64, reach: i64) -> Outcome {
    let mechanism = PermuteAndFlip::new(epsilon(value), sensitivity);
    none_fails(vectors(&(0..=reach).collect::<Vec<_>>(), 3), |u| {
        let scores = Scores::new(u.clone(), sensitivity).expect("there are scores");
        let select = |words: &[u64]| {
            let mut script = Script { words: words.to_vec(), read: 0 };
            *mechanism.release(&scores, "check", &mut script).expect("the same sensitivity").value()
        };
        follows(&select, &coins(value, spread, &u), (&[], &[0, 1, 2]))
    })
    .with_note("the shipped code, word by word")
}

/// Whether, after these words and with these candidates left, each of the words 0, 1, … picks another of those (higher bits are not
/// looked at, and a word too many is drawn again), the next word shows heads just below its coin and tails just above it, and the
/// same is so of what is left after tails.
fn follows(select: &dyn Fn(&[u64]) -> usize, coins: &[Between], (words, left): (&[u64], &[usize])) -> bool {
    let then = |more: &[u64]| [words, more].concat();
    let places = 0..left.len() as u64;
    if let [only] = left {
        return select(words) == *only;
    }
    let picked: Vec<usize> = places.clone().map(|place| select(&then(&[place, 0]))).collect();
    left.iter().all(|candidate| picked.contains(candidate))
        && places.zip(picked).all(|(place, candidate)| {
            let (heads, tails) = sides(coins[candidate]);
            let rest: Vec<usize> = left.iter().copied().filter(|&i| i != candidate).collect();
            let again = left.len() != 3 || select(&then(&[u64::MAX, place, heads])) == candidate;
            again
                && select(&then(&[place | 1 << 63, heads])) == candidate
                && tails.is_none_or(|tails| follows(select, coins, (&then(&[place, tails]), &rest)))
        })
}

/// Words that are certainly below and above a coin, next to it; nothing is above one. The exponent of the coin, at most 18, was rounded
/// once, which moves the coin by at most `18·2⁻⁵³ < 2⁻⁴⁸` of itself.
fn sides(coin: Between) -> (u64, Option<u64>) {
    let margin = 2_f64.powi(-48);
    let word = |x: f64| (x * 2_f64.powi(64)) as u64; // exact but for the fraction, and cut at the largest
    let above = (coin.hi < 1.0).then(|| word(coin.hi * (1.0 + margin)).saturating_add(1));
    (word(coin.lo * (1.0 - margin)).saturating_sub(1), above)
}

/// `p_i·∫₀¹ ∏_{j≠i}(1 − t·p_j) dt` for three candidates: `p_i(1 − (p_j + p_k)/2 + p_j·p_k/3)`.
fn integral(coins: &[Between]) -> Vec<Between> {
    let of = |i: usize| {
        let (j, k) = (coins[(i + 1) % 3], coins[(i + 2) % 3]);
        coins[i] * ((Between::ONE + (j * k).over(3)) - (j + k).over(2))
    };
    (0..3).map(of).collect()
}

/// The law over all orders is the integral, and at no threshold is it more likely to select a score below than the
/// shipped exponential mechanism. Twins: candidates whose coin shows tails are drawn again (then it is the exponential
/// mechanism); coins of half the ε.
pub(super) fn never_worse(context: &mut Context, subject: Subject) -> Outcome {
    let reach = context.scale(5, 12) as i64;
    let redrawn: Law = |value, monotone, scores| {
        let coins = coins(value, if monotone { 1 } else { 2 }, scores);
        let total = coins.iter().copied().sum();
        coins.iter().map(|p| p.quotient(total)).collect()
    };
    let halved: Law = |value, monotone, scores| permuted(value / 2.0, monotone, scores);
    each_twin(subject, permuted as Law, vec![redrawn, halved], |law| {
        let all = vectors(&(0..=reach).collect::<Vec<_>>(), 3).into_iter();
        let all = all.flat_map(|u| EPSILONS.into_iter().map(move |value| (value, u.clone())));
        none_fails(all, |(value, scores)| {
            let (ours, theirs) = (law(value, true, &scores), shipped(value, true, &scores));
            let expected = integral(&coins(value, 1, &scores));
            let below = |law: &[Between], threshold: i64| -> Between {
                law.iter().zip(&scores).filter(|(_, u)| **u < threshold).map(|(p, _)| *p).sum()
            };
            ours.iter().zip(expected).all(|(p, q)| p.meets(q))
                && (1..=reach).all(|t| below(&ours, t).lo <= below(&theirs, t).hi)
        })
    })
}
