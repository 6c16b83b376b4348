//! How good a set of answers is.

use crate::data::{CLASSES, DIM, Store};
use attention_dp::{Answer, AttentionMoments, MomentReader};
use dp_linalg::Mat;
use dp_mechanisms::FailureProbability;
use std::error::Error;

/// Error bars may miss with this probability: of each query, or of all queries at once.
pub(crate) const FAILURE: f64 = 0.05;

/// Width of the public range of values: a wider bar says nothing.
pub(crate) const RANGE: f64 = 1.0;

/// Answers of one release, or of a baseline.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Score {
    /// Share of queries whose largest score is the right class; a query without an answer is wrong.
    pub(crate) accuracy: f64,
    /// Mean absolute distance from exact attention, over all coordinates of all answers.
    pub(crate) error: f64,
    /// For queries that were chosen without sight of the release, as held-out digits are.
    pub(crate) fixed: Bars,
    /// For all queries at once.
    pub(crate) simultaneous: Bars,
}

/// What error bars of one kind say, and whether they are right.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bars {
    /// Mean half-width over all coordinates of all answers; one that exceeds the range of values, [`RANGE`], counts as it.
    pub(crate) mean: f64,
    /// Share of coordinates within their bar.
    pub(crate) coordinates_covered: f64,
    /// Share of answers with all coordinates within their bars: what the failure probability is about.
    pub(crate) answers_covered: f64,
    /// Share of queries without an answer.
    pub(crate) unanswered: f64,
}

impl Score {
    /// Asks a release all queries.
    pub(crate) fn new(
        store: &Store,
        exact: &Mat,
        moments: &AttentionMoments,
    ) -> Result<Self, Box<dyn Error>> {
        let failure = FailureProbability::new(FAILURE)?;
        let answers = |reader: MomentReader<'_>| reader.query_batch(store.queries.as_ref());
        let fixed = answers(moments.fixed_query_reader(failure)?)?;
        let simultaneous = answers(moments.reader(failure)?)?;
        // the zero query weighs all rows alike: its answer is the class prior, from the same release
        let prior = moments.fixed_query_reader(failure)?.query(&[0.0; DIM])?;
        let prior = prior.estimate().map_or(vec![1.0; CLASSES], |estimate| estimate.value().to_vec());
        let names =
            |answer: &Answer, label| answer.estimate().is_some_and(|e| best(e.value(), &prior) == label);
        let right = fixed.iter().zip(&store.labels).filter(|(answer, label)| names(answer, **label)).count();
        Ok(Self {
            accuracy: right as f64 / fixed.len() as f64,
            error: mean(deviations(&fixed, exact).map(|(error, _)| error)),
            fixed: Bars::new(&fixed, exact),
            simultaneous: Bars::new(&simultaneous, exact),
        })
    }

    /// Judges outputs that come without bars.
    pub(crate) fn of_outputs(store: &Store, exact: &Mat, outputs: &Mat) -> Self {
        let prior = store.mean_output();
        let names = |scores: &[f64], label| best(scores, prior.row(0)) == label;
        let right = outputs.rows().zip(&store.labels).filter(|(row, label)| names(row, **label)).count();
        let errors = outputs.as_slice().iter().zip(exact.as_slice()).map(|(a, b)| (a - b).abs());
        Self { accuracy: right as f64 / outputs.nrows() as f64, error: mean(errors), ..Self::default() }
    }
}

impl Bars {
    fn new(answers: &[Answer], exact: &Mat) -> Self {
        let unanswered = answers.iter().filter(|answer| answer.estimate().is_none()).count();
        let all_within = |(answer, row): (&Answer, &[f64])| {
            answer.estimate().map(|_| f64::from(coordinates(answer, row).all(|(error, bar)| error <= bar)))
        };
        Self {
            mean: mean(deviations(answers, exact).map(|(_, bar)| bar.min(RANGE))),
            coordinates_covered: mean(deviations(answers, exact).map(|(error, bar)| f64::from(error <= bar))),
            answers_covered: mean(answers.iter().zip(exact.rows()).filter_map(all_within)),
            unanswered: unanswered as f64 / answers.len() as f64,
        }
    }
}

/// Means over releases; a quantity that no release has (no answer, no bar) is NaN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Average {
    pub(crate) mean: Score,
    /// Standard deviation of the accuracy between releases.
    pub(crate) spread: f64,
}

impl Average {
    pub(crate) fn new(scores: &[Score]) -> Self {
        let average = |pick: fn(&Score) -> f64| mean(scores.iter().map(pick).filter(|x| x.is_finite()));
        let bars = |pick: fn(&Score) -> Bars| {
            let field =
                |of: fn(&Bars) -> f64| mean(scores.iter().map(|s| of(&pick(s))).filter(|x| x.is_finite()));
            Bars {
                mean: field(|bars| bars.mean),
                coordinates_covered: field(|bars| bars.coordinates_covered),
                answers_covered: field(|bars| bars.answers_covered),
                unanswered: field(|bars| bars.unanswered),
            }
        };
        let accuracy = average(|score| score.accuracy);
        let squares = scores.iter().map(|score| (score.accuracy - accuracy).powi(2)).sum::<f64>();
        Self {
            mean: Score {
                accuracy,
                error: average(|score| score.error),
                fixed: bars(|score| score.fixed),
                simultaneous: bars(|score| score.simultaneous),
            },
            spread: (squares / (scores.len().max(2) - 1) as f64).sqrt(),
        }
    }
}

/// `(|error|, bar)` of each coordinate of each answer.
fn deviations<'a>(answers: &'a [Answer], exact: &'a Mat) -> impl Iterator<Item = (f64, f64)> + 'a {
    answers.iter().zip(exact.rows()).flat_map(|(answer, row)| coordinates(answer, row))
}

fn coordinates<'a>(answer: &'a Answer, exact: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    answer.estimate().into_iter().flat_map(move |estimate| {
        let entries = estimate.value().iter().zip(estimate.bars()).zip(exact);
        entries.map(|((value, bar), exact)| ((value - exact).abs(), bar.total()))
    })
}

/// The class whose score is largest relative to its prior; priors below a fifth of the uniform one count as that.
fn best(scores: &[f64], prior: &[f64]) -> usize {
    let relative = |class: usize| scores[class] / prior[class].max(0.2 / CLASSES as f64);
    (0..scores.len()).max_by(|&a, &b| relative(a).total_cmp(&relative(b))).unwrap_or(0)
}

/// NaN for no numbers.
fn mean(numbers: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), x| (sum + x, count + 1.0));
    sum / count
}
