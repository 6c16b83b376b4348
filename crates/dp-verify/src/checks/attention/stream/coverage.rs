//! How often the bars of prefixes and windows miss.

use super::super::coverage::{ALPHA, GAMMAS};
use super::super::{Row, budget, failure_probability, options, target};
use super::{BOTH, push, store, streaming};
use crate::checks::picture;
use crate::{Context, Outcome, Subject, exceeds};
use attention_dp::{ErrorBar, Factorization, IntervalMoments, MomentOptions, StreamingMoments};
use core::ops::Range;
use dp_mechanisms::AddRemoveRow;
use dp_testkit::statistics::proportion_lower_bound;
use rand_chacha::ChaCha20Rng;

const HORIZON: u64 = 8;

/// Prefixes, a single batch, and windows.
const RANGES: [Range<u64>; 5] = [0..1, 0..8, 3..4, 1..7, 4..8];

/// Streams of the same batches, again and again; query and ranges never change. With values around zero all error is that of one sum, and bars
/// are as sharp as they get. The twin takes the noise of one released integer for that of a range.
pub(in super::super) fn coverage(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let n = context.scale(400, 20_000);
    let options = options(1, 1, 10, 1.0);
    let (mut parts, mut rates, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for factorization in BOTH {
        let (epsilon, delta) = budget(6.0, 1e-6);
        let agreed = streaming(AddRemoveRow, &options, HORIZON, factorization);
        let calibrated = StreamingMoments::calibrate(epsilon, delta, agreed).expect("the options are sound");
        let trial =
            Trial { options: &options, factorization, std: calibrated.noise_std().get(), query: [0.8] };
        let misses = trial.misses(n, subject, &mut rng);
        for misses in &misses {
            let bounds =
                misses.iter().map(|&misses| proportion_lower_bound(misses, n as u64, context.spend(ALPHA)));
            parts.extend(bounds.zip(GAMMAS).map(|(low, gamma)| Outcome::at_most(low, gamma, n as u64)));
            shares.extend(GAMMAS.into_iter().zip(misses.map(|misses| misses as f64 / n as f64)));
        }
        rates.push(format!("{factorization:?} {:?}", misses.map(|misses| misses[0])));
    }
    let note = format!("misses at 90 % of {n}, for {RANGES:?}: {}", rates.join(", "));
    let title =
        "Error bars of prefixes and windows of a stream: how often they may miss, and how often they did";
    Outcome::worst(parts).with_note(note).with_figure(picture::coverage(title, &shares))
}

struct Trial<'a> {
    options: &'a MomentOptions,
    factorization: Factorization,
    std: f64,
    query: [f64; 1],
}

impl Trial<'_> {
    fn misses(&self, streams: usize, subject: Subject, rng: &mut ChaCha20Rng) -> [[u64; 3]; 5] {
        let batches: Vec<Vec<Row>> = (0..HORIZON).map(|_| balanced_batch()).collect();
        let exact = RANGES.map(|range| {
            let rows = batches[range.start as usize..range.end as usize].concat();
            target(self.options, &rows, &self.query)
        });
        let mut misses = [[0; 3]; 5];
        for _ in 0..streams {
            let agreed = streaming(AddRemoveRow, self.options, HORIZON, self.factorization);
            let mut stream = store(self.std, agreed);
            for rows in &batches {
                push(&mut stream, rows, rng);
            }
            let released = stream.released();
            for ((range, exact), misses) in RANGES.into_iter().zip(&exact).zip(&mut misses) {
                let moments = released.range(range).expect("history is kept");
                for (misses, gamma) in misses.iter_mut().zip(GAMMAS) {
                    *misses += u64::from(self.missed(&moments, gamma, exact, subject));
                }
            }
        }
        misses
    }

    fn missed(&self, moments: &IntervalMoments, gamma: f64, exact: &[f64], subject: Subject) -> bool {
        let reader = moments.fixed_query_reader(failure_probability(gamma)).expect("a sound probability");
        let answer = reader.query(&self.query).expect("the query is sound");
        let bar = |bar: &ErrorBar| {
            let noise = subject.pick(1.0, self.single_integer(moments) / moments.unit_noise_std());
            bar.total() + (noise - 1.0) * (bar.noise + bar.ratio)
        };
        answer.estimate().is_some_and(|estimate| {
            let errors = estimate.value().iter().zip(exact).map(|(v, e)| (v - e).abs());
            errors.zip(estimate.bars()).any(|(error, b)| exceeds(error, bar(b)))
        })
    }

    /// Standard deviation of one released integer, in data units.
    fn single_integer(&self, moments: &IntervalMoments) -> f64 {
        let first = super::matrix(HORIZON, self.factorization)[0][0] as f64;
        self.std / first * moments.geometry().lattice().step()
    }
}

/// Values in equal parts above and below zero: the answer is zero, and so is the part of the normaliser.
fn balanced_batch() -> Vec<Row> {
    (0..60).map(|i| (vec![0.0], vec![if i % 2 == 0 { 0.4 } else { -0.4 }])).collect()
}
