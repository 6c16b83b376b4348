//! One softmax over a private prefix and public tokens: merging by itself, and coverage of the bars.

use super::accuracy::best_polynomial;
use super::coverage::{ALPHA, GAMMAS, mechanism};
use super::{Row, aggregate, failure_probability, matrices, options, random_rows, scaled_back};
use crate::checks::twins::each_twin;
use crate::{Context, Outcome, Subject, exceeds, larger, largest};
use attention_dp::{Answer, AttentionMoments, LocalTokens, MomentOptions, MomentReader};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::AddRemoveRow;
use dp_testkit::oracle;
use dp_testkit::statistics::proportion_lower_bound;
use poly_kernel::ExpPolynomial;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// What can be wrong with a merged answer.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// The running maximum goes over hidden tokens too.
    MaximumBeforeMask,
    /// The logits of the tokens are compared with those of centred keys.
    ForgottenCenter,
}

/// Public tokens with the mask of one query: it sees the first `seen` of them.
struct Local {
    rows: Vec<Row>,
    seen: usize,
}

/// Largest logits of tokens, from none to beyond what the exponential of a double can hold.
const LOGITS: [f64; 7] = [0.0, 0.1, 5.0, 40.0, 700.0, 2e3, 1e6];

/// Without noise the error is at most the bar, over logits of all sizes, with and without centre, for queries that see no
/// token, some, or all, and with hidden tokens whose logits are the largest of all. Two twins, the mildest finding counts.
pub(super) fn merge(context: &mut Context, subject: Subject) -> Outcome {
    let twins = vec![Fault::MaximumBeforeMask, Fault::ForgottenCenter];
    each_twin(subject, Fault::None, twins, |fault| merge_with(context, fault))
}

fn merge_with(context: &Context, fault: Fault) -> Outcome {
    let (mut rng, rounds) = (context.rng(0), context.scale(40, 2_000));
    let (mut largest, mut n) = (0.0_f64, 0);
    for options in merge_cases() {
        let prefix = random_rows(&mut rng, options.shape(), 30);
        let moments = aggregate(AddRemoveRow, &options, &prefix).assume_public().expect("sound options");
        for (round, size) in (0..rounds).flat_map(|round| LOGITS.map(|size| (round, size))) {
            let query = query(&mut rng, &options);
            let local = Local::random(&mut rng, &options, size, round);
            let exact = merged_target(&options, &prefix, &local, &query);
            let answer = ask(&moments, &query, &local, fault);
            largest = larger(largest, excess(&answer, &exact));
            n += 1;
        }
    }
    Outcome::at_most(largest, 1.0, n).with_note("error over the bar")
}

fn merge_cases() -> Vec<MomentOptions> {
    vec![
        options(1, 1, 8, 1.0),
        options(2, 2, 8, 1.0).with_key_center(vec![3.0, -0.5]).with_value_range(0.0, 0.5),
        options(3, 1, 6, 1.2).with_key_center(vec![-20.0, 30.0, 0.0]),
        options(1, 1, 3, 5.0).with_uncertified_kernel(),
        // beside tokens the constant that a polynomial is off by shows
        options(2, 1, 1, 0.8).with_polynomial(best_polynomial(2, 0.8)).with_key_center(vec![1.0, 0.0]),
        options(1, 2, 1, 1.0)
            .with_polynomial(times(&best_polynomial(4, 1.0), 8.0))
            .with_normaliser_weight(0.3),
        options(2, 1, 3, 1.2).with_typical_query_norm(0.4).with_normaliser_weight(4.0).with_resolution(8, 6),
    ]
}

/// A kernel whose answers without tokens are the same.
fn times(polynomial: &ExpPolynomial, factor: f64) -> ExpPolynomial {
    let coefficients: Vec<f64> = polynomial.coefficients().iter().map(|c| factor * c).collect();
    ExpPolynomial::from_coefficients(&coefficients).expect("finite coefficients")
}

/// Not too short, so that a shift of all keys shifts its logits.
fn query(rng: &mut ChaCha20Rng, options: &MomentOptions) -> Vec<f64> {
    let dim = options.shape().key_dim;
    let draw = |rng: &mut ChaCha20Rng| rng.random_range(0.3..1.0) * if rng.random() { 1.0 } else { -1.0 };
    (0..dim).map(|_| draw(rng) / (dim as f64).sqrt()).collect()
}

impl Local {
    /// Up to eight tokens around the centre, values up to three times the range; every third time all are hidden or seen.
    fn random(rng: &mut ChaCha20Rng, options: &MomentOptions, size: f64, round: usize) -> Self {
        let mut rows = random_rows(rng, options.shape(), 1 + round % 8);
        let seen = match round % 3 {
            0 => [0, rows.len()][round / 3 % 2],
            _ => rng.random_range(0..=rows.len()),
        };
        let scale = size / options.softmax_scale();
        for (i, (key, value)) in rows.iter_mut().enumerate() {
            // what is hidden may outweigh everything
            let scale = if i >= seen { scale * 10.0 + 3e3 } else { scale };
            let center = options.key_center().map_or(vec![0.0; key.len()], <[f64]>::to_vec);
            key.iter_mut().zip(center).for_each(|(k, c)| *k = *k * scale + c);
            for v in value.iter_mut() {
                *v *= 3.0;
            }
        }
        Self { rows, seen }
    }
}

/// The naive average over clipped rows and visible tokens, all keys less the centre. NaN where there are none.
fn merged_target(options: &MomentOptions, prefix: &[Row], local: &Local, query: &[f64]) -> Vec<f64> {
    let center = options.key_center().map_or(vec![0.0; query.len()], <[f64]>::to_vec);
    let (low, high) = options.value_range();
    let centred = |key: &[f64]| key.iter().zip(&center).map(|(k, c)| k - c).collect::<Vec<_>>();
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for (key, value) in prefix {
        let key = scaled_back(&centred(key), options.bounds().key_radius()).expect("finite keys");
        let value = scaled_back(value, options.bounds().value_radius()).expect("finite values");
        keys.extend(key);
        values.extend(value.iter().map(|v| v.clamp(low, high)));
    }
    for (key, value) in &local.rows[..local.seen] {
        keys.extend(centred(key));
        values.extend(value);
    }
    oracle::softmax_attention(query, &keys, &values, options.softmax_scale())
}

fn ask(moments: &AttentionMoments, query: &[f64], local: &Local, fault: Fault) -> Answer {
    let reader = moments.reader(failure_probability(1e-3)).expect("a sound probability");
    merged(&reader, moments.geometry().options(), query, local, fault)
}

/// One answer through the shipped reader, or with a fault planted before it.
fn merged(
    reader: &MomentReader<'_>,
    options: &MomentOptions,
    query: &[f64],
    local: &Local,
    fault: Fault,
) -> Answer {
    let shape = options.shape();
    let queries = Mat::from_vec(1, query.len(), query.to_vec()).expect("one query");
    let (rows, seen) = match fault {
        Fault::None => (local.rows.clone(), local.seen),
        Fault::MaximumBeforeMask => (masked_too_late(options, query, local), usize::MAX),
        Fault::ForgottenCenter => (shifted(options, &local.rows), local.seen),
    };
    let (keys, values) = matrices(shape, &rows);
    // a query that sees no token is asked with none; the mask of one query is an offset
    let (keys, values) = if seen == 0 { matrices(shape, &[]) } else { (keys, values) };
    let tokens = LocalTokens::new(keys.as_ref(), values.as_ref()).expect("one value a key");
    let tokens = tokens.with_causal_offset(seen.saturating_sub(1)).with_parallelism(Parallelism::Sequential);
    let mut answers = reader.query_with_local(queries.as_ref(), tokens).expect("finite logits");
    answers.swap_remove(0)
}

fn shifted(options: &MomentOptions, rows: &[Row]) -> Vec<Row> {
    let Some(center) = options.key_center() else { return rows.to_vec() };
    let shift = |key: &[f64]| key.iter().zip(center).map(|(k, c)| k + c).collect();
    rows.iter().map(|(key, value)| (shift(key), value.clone())).collect()
}

/// Attention over the tokens whose maximum was taken before the mask, as one token of the same mass; none if the mass vanished.
fn masked_too_late(options: &MomentOptions, query: &[f64], local: &Local) -> Vec<Row> {
    let logit = |row: &Row| options.softmax_scale() * oracle::dot(query, &row.0);
    let maximum = local.rows.iter().map(logit).fold(f64::NEG_INFINITY, larger);
    let seen = &local.rows[..local.seen];
    let weights: Vec<f64> = seen.iter().map(|row| (logit(row) - maximum).exp()).collect();
    let mass: f64 = weights.iter().sum();
    if mass == 0.0 {
        return Vec::new();
    }
    let average = |j: usize| seen.iter().zip(&weights).map(|(row, w)| w * row.1[j]).sum::<f64>() / mass;
    let along = (maximum + mass.ln()) / (options.softmax_scale() * oracle::dot(query, query));
    vec![(query.iter().map(|q| q * along).collect(), (0..options.shape().value_dim).map(average).collect())]
}

/// Largest error over its bar; 0 without an answer.
fn excess(answer: &Answer, exact: &[f64]) -> f64 {
    let Some(estimate) = answer.estimate() else { return 0.0 };
    let errors = estimate.value().iter().zip(exact).map(|(value, exact)| (value - exact).abs());
    largest(errors.zip(estimate.bars()).map(|(error, bar)| error / bar.total()))
}

/// A prefix and tokens whose answer is asked for again and again.
struct Case {
    name: &'static str,
    releases: usize,
    options: MomentOptions,
    prefix: Vec<Row>,
    local: Local,
    query: Vec<f64>,
}

/// Releases of the same prefix; query and tokens never change. The twin multiplies the bar of the prefix by its share of the
/// mass, as if that share were known.
pub(super) fn coverage(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut parts, mut rates) = (Vec::new(), Vec::new());
    for case in coverage_cases(&mut rng).into_iter().filter(|case| subject.pick(true, case.name == "far")) {
        let n = context.scale(case.releases, 10 * case.releases);
        let (misses, answered) = case.misses(n, subject, &mut rng);
        let bounds = misses.map(|misses| proportion_lower_bound(misses, n as u64, context.spend(ALPHA)));
        parts.extend(
            bounds.into_iter().zip(GAMMAS).map(|(low, gamma)| Outcome::at_most(low, gamma, n as u64)),
        );
        let [first, second, third] = misses;
        rates.push(format!("{} {first}, {second}, {third} of {answered}", case.name));
    }
    Outcome::worst(parts)
        .with_note(format!("misses at 90, 99, 99.9 %, and answers at all three: {}", rates.join("; ")))
}

/// Tokens like the prefix, tokens far beyond its values, and a prefix that is nothing but noise.
fn coverage_cases(rng: &mut ChaCha20Rng) -> Vec<Case> {
    let plain = options(1, 1, 9, 1.0).with_key_center(vec![2.0]);
    let at_center = |n: usize, value: f64| (0..n).map(|_| (vec![2.0], vec![value])).collect::<Vec<Row>>();
    let all = |rows: Vec<Row>| Local { seen: rows.len(), rows };
    let case = |name, releases, prefix, local| Case {
        name,
        releases,
        options: plain.clone(),
        prefix,
        local,
        query: vec![0.7],
    };
    let plane = options(2, 2, 8, 1.0);
    let (mixed, tokens) = (random_rows(rng, plane.shape(), 200), random_rows(rng, plane.shape(), 60));
    vec![
        case("alike", 600, at_center(300, 0.5), all(at_center(100, 0.5))),
        case("far", 1_500, at_center(300, 0.0), all(at_center(300, 8.0))),
        case("alone", 600, Vec::new(), all(at_center(120, 0.5))),
        Case { options: plane, query: vec![0.4, -0.6], ..case("mixed", 400, mixed, all(tokens)) },
    ]
}

impl Case {
    /// Releases at which an answer was given and some coordinate missed, for each γ; and the number of answers at any γ.
    fn misses(&self, releases: usize, subject: Subject, rng: &mut ChaCha20Rng) -> ([u64; 3], u64) {
        let exact = merged_target(&self.options, &self.prefix, &self.local, &self.query);
        let mechanism = mechanism(&self.options, 4.0);
        let (mut misses, mut answered) = ([0; 3], 0);
        for _ in 0..releases {
            let moments = aggregate(AddRemoveRow, &self.options, &self.prefix);
            let released = moments.release_with(&mechanism, rng).expect("little noise fits the lattice");
            for (misses, gamma) in misses.iter_mut().zip(GAMMAS) {
                let reader = released.value().fixed_query_reader(failure_probability(gamma)).expect("sound");
                let answer = merged(&reader, &self.options, &self.query, &self.local, Fault::None);
                answered += u64::from(answer.estimate().is_some());
                let missed = match subject {
                    Subject::AsShipped => exceeds(excess(&answer, &exact), 1.0),
                    Subject::Broken => self.misses_naively(&reader, &answer, &exact),
                };
                *misses += u64::from(missed);
            }
        }
        (misses, answered)
    }

    fn misses_naively(&self, reader: &MomentReader<'_>, answer: &Answer, exact: &[f64]) -> bool {
        let alone = reader.query(&self.query).expect("the query is sound");
        let (Some(alone), Some(estimate)) = (alone.estimate(), answer.estimate()) else { return false };
        // prefix and tokens have equal keys: shares are those of the numbers of rows
        let share = self.prefix.len() as f64 / (self.prefix.len() + self.local.seen) as f64;
        let errors = estimate.value().iter().zip(exact).map(|(value, exact)| (value - exact).abs());
        errors.zip(alone.bars()).any(|(error, bar)| error > share * bar.total())
    }
}
