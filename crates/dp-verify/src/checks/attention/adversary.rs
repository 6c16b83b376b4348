//! How often the bars for all queries miss, against someone who looks for a query that they miss.

use super::coverage::{ALPHA, GAMMAS, mechanism};
use super::{Row, aggregate, climb, failure_probability, options, target};
use crate::{Context, Outcome, Subject, exceeds, larger};
use attention_dp::{Answer, AttentionMoments, LocalTokens, MomentOptions, MomentReader};
use dp_linalg::{Mat, MatRef, Parallelism};
use dp_mechanisms::AddRemoveRow;
use dp_testkit::statistics::proportion_lower_bound;
use poly_kernel::{BoundedMap, ExpPolynomial, FeatureMap, TrigonometricFeatures, readout};
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// For each release the adversary climbs to the query at which noise is the largest multiple of its standard deviation,
/// knowing the noise itself. At that query neither the multiplier nor the whole bar may be exceeded more often than γ
/// allows, also beside public tokens that are chosen then. The twin uses the bars for fixed queries.
pub(super) fn simultaneous(context: &mut Context, subject: Subject) -> Outcome {
    let releases = context.scale(200, 5_000);
    let mut rng = context.rng(0);
    let (mut parts, mut largest) = (Vec::new(), Vec::new());
    let fitted = ExpPolynomial::least_squares_normal(6, 0.0, 0.6).expect("a polynomial of low degree");
    let waves = TrigonometricFeatures::new(2, 20, &mut rng).expect("twenty frequencies");
    // 495, 45, 6, 28 and 40 features
    let cases = [
        options(8, 1, 4, 1.0),
        options(2, 1, 8, 1.5),
        options(1, 1, 5, 1.0),
        options(2, 1, 6, 1.5).with_polynomial(fitted).with_typical_query_norm(0.6).with_uncertified_kernel(),
        options(2, 1, 1, 1.0).with_trigonometric_features(waves),
    ];
    for options in cases {
        let mut tally = Tally::default();
        for _ in 0..releases {
            tally.attack(&options, subject, &mut rng);
        }
        largest.push(format!("{:.2} of {:.2}", tally.largest, tally.allowed));
        for (gamma, misses) in GAMMAS.into_iter().zip(tally.misses) {
            let low = proportion_lower_bound(misses, releases as u64, context.spend(ALPHA));
            parts.push(Outcome::at_most(low, gamma, releases as u64));
        }
    }
    Outcome::worst(parts).with_note(format!(
        "largest |z|, and what is allowed at 90 %, at 495, 45, 6, 28 (fitted), 40 (trigonometric) features: {}",
        largest.join(", ")
    ))
}

#[derive(Default)]
struct Tally {
    /// Releases at which some query was missed, for each γ.
    misses: [u64; 3],
    /// Largest multiple of the noise's standard deviation that any adversary reached.
    largest: f64,
    /// What bars at the largest γ allow for.
    allowed: f64,
}

/// Values in equal parts at both ends, all keys at the centre: the answer to every query is zero.
fn rows(options: &MomentOptions) -> Vec<Row> {
    (0..400)
        .map(|i| (vec![0.0; options.shape().key_dim], vec![if i % 2 == 0 { 1.0 } else { -1.0 }]))
        .collect()
}

impl Tally {
    fn attack(&mut self, options: &MomentOptions, subject: Subject, rng: &mut ChaCha20Rng) {
        let rows = rows(options);
        let mechanism = mechanism(options, 2.0);
        let exact = aggregate(AddRemoveRow, options, &rows).assume_public().expect("the options are sound");
        let released = aggregate(AddRemoveRow, options, &rows)
            .release_with(&mechanism, rng)
            .expect("little noise fits the lattice");
        let moments = released.value();
        let noise = Noise::new(&exact, moments);
        // both columns: values and normaliser
        let found = [0, 1].map(|column| noise.worst_query(options, column, rng));
        for (misses, gamma) in self.misses.iter_mut().zip(GAMMAS) {
            let gamma = failure_probability(gamma);
            let reader = match subject {
                Subject::AsShipped => moments.reader(gamma),
                Subject::Broken => moments.fixed_query_reader(gamma),
            }
            .expect("the probability is sound");
            self.allowed = if self.allowed > 0.0 { self.allowed } else { reader.noise_multiplier() };
            let exceeded = found.iter().any(|(_, z)| exceeds(*z, reader.noise_multiplier()));
            let missed = found.iter().any(|(query, _)| misses_at(&reader, options, &rows, query));
            *misses += u64::from(exceeded || missed);
        }
        self.largest = found.iter().fold(self.largest, |largest, (_, z)| larger(largest, *z));
    }
}

fn misses_at(reader: &MomentReader<'_>, options: &MomentOptions, rows: &[Row], query: &[f64]) -> bool {
    // the first two rows have the proportions of all
    let exact = target(options, &rows[..2], query)[0];
    let missed = |answer: &Answer, exact: f64| {
        answer.estimate().is_some_and(|e| exceeds((e.value()[0] - exact).abs(), e.bars()[0].total()))
    };
    let alone = missed(&reader.query(query).expect("the query is within the radius"), exact);
    // tokens at the centre, too: averages by numbers
    let beside = TOKENS.map(|(count, value)| {
        let (keys, values) = (Mat::zeros(count, query.len()), Mat::filled(count, 1, value));
        let tokens = LocalTokens::new(keys.as_ref(), values.as_ref()).expect("one value a key");
        let queries = MatRef::new(query, 1, query.len()).expect("one query");
        let answers = reader.query_with_local(queries, tokens).expect("the query is within the radius");
        let (all, local) = (rows.len() as f64, count as f64);
        missed(&answers[0], (all * exact + local * value) / (all + local))
    });
    alone || beside.contains(&true)
}

/// Few and many public tokens, with values at the ends of the range and beyond.
const TOKENS: [(usize, f64); 4] = [(4, 1.0), (4, -1.0), (400, 0.0), (40, -3.0)];

/// What was added to the moments, `(r, 2)`, in lattice steps.
struct Noise<'a> {
    moments: &'a AttentionMoments,
    added: Mat,
}

impl<'a> Noise<'a> {
    fn new(exact: &AttentionMoments, moments: &'a AttentionMoments) -> Self {
        let added = moments.steps().iter().zip(exact.steps()).map(|(r, s)| (r - s) as f64).collect();
        let added = Mat::from_vec(moments.geometry().feature_count(), 2, added).expect("two columns");
        Self { moments, added }
    }

    /// `|⟨φ(y), z⟩|/σ‖φ(y)‖`, less what rounding of the noise explains, for queries `(m, d)`.
    fn multiples(&self, queries: MatRef<'_>, column: usize) -> Vec<f64> {
        let geometry = self.moments.geometry();
        let factor = geometry.scaling().query_factor();
        let points = Mat::from_fn(queries.nrows(), queries.ncols(), |i, j| queries.row(i)[j] * factor);
        let map = geometry.features().map();
        let products = readout(map, points.as_ref(), self.added.as_ref(), Parallelism::Sequential)
            .expect("points have the dimension of the map");
        let std = self.moments.noise_std().expect("a private release has noise").get();
        let rounding = 0.5 * (map.feature_count() as f64).sqrt();
        let one = |i: usize| {
            let norm = map.squared_norm_bound(points.row(i)).sqrt();
            products[(i, column)].abs() / (std * norm) - rounding / std
        };
        (0..queries.nrows()).map(one).collect()
    }

    /// The best of many random queries, improved by climbing.
    fn worst_query(&self, options: &MomentOptions, column: usize, rng: &mut ChaCha20Rng) -> (Vec<f64>, f64) {
        let dim = options.shape().key_dim;
        let queries = Mat::from_fn(128, dim, |_, _| rng.random_range(-1.0..1.0));
        let queries = queries.rows().flat_map(into_ball).collect();
        let queries = Mat::from_vec(128, dim, queries).expect("128 queries");
        let multiples = self.multiples(queries.as_ref(), column);
        let best = (0..128).max_by(|&i, &j| multiples[i].total_cmp(&multiples[j])).expect("128 queries");
        let objective = |point: &[f64]| {
            let query = into_ball(point);
            let query = MatRef::new(&query, 1, dim).expect("one query");
            self.multiples(query, column)[0]
        };
        let (point, multiple) = climb(rng, queries.row(best).to_vec(), 400, objective);
        (into_ball(&point), multiple)
    }
}

fn into_ball(x: &[f64]) -> Vec<f64> {
    let norm = x.iter().map(|v| v * v).sum::<f64>().sqrt();
    x.iter().map(|v| v / norm.max(1.0)).collect()
}
