//! Laws of streams of comparisons with a noisy threshold, summed from certified probabilities.

use super::enclosure::{Between, loss};
use super::maximum::Table;
use super::{
    any_way, each_part, each_twin, epsilon, laplace, moved, movements, none_above, none_fails, one_way,
};
use crate::{Context, Outcome, Subject};
use dp_mechanisms::noise::LatticeNoise;
use dp_mechanisms::selection::{AboveThreshold, Answer};

/// Sums over the threshold's noise and what is left out of them, relatively.
const SLACK: f64 = 1e-9;

/// A mechanism of the family: what its parts are made of.
#[derive(Clone, Copy)]
struct Variant {
    /// Scale of the threshold's noise over the shipped one; none for zero.
    threshold: f64,
    /// Scale of the noise on scores over the shipped one; none for zero.
    scores: f64,
    /// Whether it stops at the agreed number of answers above.
    stops: bool,
    above: Above,
}

/// What an answer above says.
#[derive(Clone, Copy)]
enum Above {
    Gap,
    Score,
}

const SHIPPED: Variant = Variant { threshold: 1.0, scores: 1.0, stops: true, above: Above::Gap };

/// No noise at all, or noise from a table.
enum Noise {
    None,
    Some(Table),
}

impl Noise {
    fn new(scale: f64) -> Self {
        if scale > 0.0 { Self::Some(Table::new(&laplace(scale), 45.0)) } else { Self::None }
    }

    fn certainly(true_of_zero: bool) -> Between {
        if true_of_zero { Between::ONE } else { Between::ZERO }
    }

    fn mass(&self, k: i64) -> Between {
        match self {
            Self::None => Self::certainly(k == 0),
            Self::Some(table) => table.mass(k),
        }
    }

    fn below(&self, k: i64) -> Between {
        match self {
            Self::None => Self::certainly(0 < k),
            Self::Some(table) => table.upto(k - 1),
        }
    }

    /// The integers to sum over, and the probability of the others.
    fn support(&self) -> (Vec<i64>, f64) {
        match self {
            Self::None => (vec![0], 0.0),
            Self::Some(table) => (table.all().collect(), table.beyond),
        }
    }
}

/// Later scores depend on earlier answers: an adversary adds to them what it has seen.
fn adaptive(scores: &[i64], answers: &[Option<i64>]) -> Vec<i64> {
    let seen = |i: usize| answers[..i].iter().map(|answer| answer.map_or(1, |said| -said)).sum::<i64>();
    scores.iter().zip(0..answers.len()).map(|(score, i)| score + seen(i) % 3).collect()
}

/// The probability of answers, `None` below, else the number that goes with above, at threshold 0.
fn probability(
    (threshold, score): (&Noise, &Noise),
    scores: &[i64],
    answers: &[Option<i64>],
    above: Above,
) -> Between {
    let scores = adaptive(scores, answers);
    let given = |z: i64| {
        scores.iter().zip(answers).fold(threshold.mass(z), |p, (&q, answer)| {
            p * match (answer, above) {
                (None, _) => score.below(z - q),
                (Some(gap), Above::Gap) => score.mass(z + gap - q),
                (Some(value), Above::Score) if *value >= z => score.mass(value - q),
                _ => Between::ZERO,
            }
        })
    };
    let (support, beyond) = threshold.support();
    let listed: Between = support.into_iter().map(given).sum();
    if listed.hi == 0.0 { Between::ZERO } else { listed.or_more(beyond) }
}

/// The shipped scales of both noises for this ε and at most so many answers above.
fn scales(value: f64, monotone: bool, positives: u32) -> (f64, f64) {
    macro_rules! of {
        ($sensitivity:expr) => {{
            let made =
                AboveThreshold::calibrate(epsilon(value), $sensitivity, positives).expect("little noise");
            (made.threshold_noise_scale().get(), made.score_noise_scale().get())
        }};
    }
    if monotone { of!(one_way()) } else { of!(any_way()) }
}

/// All answers of a list of so many queries that end as the mechanism does: with the c-th answer above, if it stops.
fn outcomes(queries: usize, positives: usize, stops: bool) -> Vec<Vec<Option<i64>>> {
    let mut ended = Vec::new();
    let mut open: Vec<Vec<Option<i64>>> = vec![vec![]];
    for _ in 0..queries {
        let longer =
            open.iter().flat_map(|a| [None, Some(0), Some(2)].map(|next| [a.as_slice(), &[next]].concat()));
        let full = |a: &Vec<Option<i64>>| stops && a.iter().flatten().count() == positives;
        let (full, rest): (Vec<_>, Vec<_>) = longer.partition(full);
        ended.extend(full);
        open = rest;
    }
    [ended, open].concat()
}

/// Length of long streams.
const LONG: usize = 12;

/// All in one direction, or the last or every second against the others.
fn long_movements(monotone: bool) -> Vec<Vec<i64>> {
    let all = |by: i64| vec![by; LONG];
    if monotone {
        return vec![all(1), all(-1)];
    }
    let but_last = |by: i64| [vec![by; LONG - 1], vec![-by]].concat();
    let in_turns = [1, -1].repeat(LONG / 2);
    vec![all(1), all(-1), but_last(1), but_last(-1), in_turns]
}

/// Loss less ε of short streams with all their neighbours and outcomes, and of long ones that rise and fall in one
/// direction or against each other, with few answers above, at their end.
fn excess(variant: Variant, queries: usize) -> Outcome {
    let mut observed = Vec::new();
    for (value, monotone, positives) in [(1.0, false, 1), (0.9, true, 1), (1.5, false, 2)] {
        let (first, second) = scales(value, monotone, positives);
        let noises = (Noise::new(first * variant.threshold), Noise::new(second * variant.scores));
        let mut compare = |u: &[i64], v: &[i64], outcomes: &[Vec<Option<i64>>]| {
            let law = |scores: &[i64]| -> Vec<Between> {
                let of = |a: &Vec<Option<i64>>| probability((&noises.0, &noises.1), scores, a, variant.above);
                outcomes.iter().map(of).collect()
            };
            observed.push(loss(&law(u), &law(v)) - value);
        };
        let short = outcomes(queries, positives as usize, variant.stops);
        for d in movements(monotone, queries) {
            let scores = [0, 3, 1, -2][..queries].to_vec();
            compare(&scores, &moved(&scores, &d), &short);
        }
        for d in long_movements(monotone) {
            let nothing = vec![None; LONG];
            let end = [vec![None; LONG - 1], vec![Some(1)]].concat();
            let all = if variant.stops { vec![] } else { vec![vec![Some(1); LONG]] };
            compare(&[0; LONG], &d, &[vec![nothing, end], all].concat());
        }
    }
    none_above(observed, SLACK).with_note("loss less ε")
}

/// Twins, the first four being Algorithms 3 to 6 of Lyu, Su and Li's list of published variants: an answer above is the
/// noisy score; noise on scores of a scale that forgets c and the factor of two; no noise on scores; no end. Then: no
/// noise on the threshold; half of the noise on scores. And, of the code: an answer at the threshold is below, and gaps are one less.
pub(super) fn privacy(context: &mut Context, subject: Subject) -> Outcome {
    let twins = vec![
        Variant { above: Above::Score, ..SHIPPED },
        Variant { scores: 0.25, ..SHIPPED },
        Variant { scores: 0.0, ..SHIPPED },
        Variant { stops: false, ..SHIPPED },
        Variant { threshold: 0.0, ..SHIPPED },
        Variant { scores: 0.5, ..SHIPPED },
    ];
    let queries = context.scale(3, 4);
    let laws = each_twin(subject, SHIPPED, twins, |variant| excess(variant, queries));
    each_part(subject, [laws, function_of_noise(context, subject.pick(5, 6))])
}

/// The shipped answers, of a mechanism that is told this threshold, are the comparisons of this file's law with 5, with noise that is
/// drawn in the order of the stream.
fn function_of_noise(context: &Context, told: i64) -> Outcome {
    let mechanism = AboveThreshold::calibrate(epsilon(1.0), any_way(), 2).expect("little noise");
    let scales = [mechanism.threshold_noise_scale(), mechanism.score_noise_scale()];
    let [first, second] = scales.map(|scale| laplace(scale.get()));
    none_fails(0..context.scale(200, 20_000) as u64, |stream| {
        let (mut rng, mut same) = (context.rng(stream), context.rng(stream));
        let threshold = 5 + first.sample(&mut same);
        let mut running = mechanism.start(told, &mut rng);
        let (scores, mut left) = ([3, 9, -4, 5, 5, 8], 2);
        scores.into_iter().all(|score| {
            let said = running.push(score, &mut rng);
            if left == 0 {
                return said.is_err();
            }
            let gap = score + second.sample(&mut same) - threshold;
            let expected = u64::try_from(gap).map_or(Answer::Below, |gap| Answer::Above { gap });
            left -= u32::from(gap >= 0);
            said == Ok(expected)
        })
    })
    .with_note("the shipped answers, as functions of noise")
}
