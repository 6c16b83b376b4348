//! Checks of the claims of attention-dp.

mod accuracy;
mod adversary;
mod audit;
mod calibration;
mod coverage;
mod exactness;
mod failure;
mod files;
mod joint;
mod local;
mod nearby;
mod plan;
mod self_attention;
mod sensitivity;
mod softmax;
mod stream;
mod tree;

use crate::{Check, Evidence, larger};
use attention_dp::{
    Bounds, Documents, MomentAdjacency, MomentOptions, PrivateMoments, RowAdjacency, Rows, Shape,
};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveDocument, AddRemoveRow, Delta, Epsilon, FailureProbability};
use dp_testkit::oracle;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;

/// Every check of this crate's claims.
pub(crate) fn checks() -> Vec<Check> {
    use Evidence::{Audit, Exact, Numeric, Search, Statistical};
    let check = |claim, evidence, run| Check { claim, evidence, run };
    let moments = vec![
        check("attention.moments.sensitivity_add_remove", Search, sensitivity::add_remove),
        check("attention.moments.sensitivity_replace", Search, sensitivity::replace),
        check("attention.moments.sensitivity_document", Search, nearby::document),
        check("attention.moments.sensitivity_perturb", Search, nearby::perturb),
        check("attention.moments.privacy", Numeric, calibration::calibration),
        check("attention.moments.privacy", Audit, audit::audit),
        check("attention.heads.privacy", Numeric, joint::heads),
        check("attention.heads.privacy", Audit, joint::audit_heads),
        check("attention.center.privacy", Numeric, joint::center_and_moments),
        check("attention.center.privacy", Audit, joint::audit_center),
        check("attention.moments.order_free", Exact, exactness::order_free),
        check("attention.moments.row_local", Exact, exactness::row_local),
        check("attention.moments.failure", Search, failure::failure),
        check("attention.query.fixed_coverage", Statistical, coverage::fixed),
        check("attention.query.simultaneous_coverage", Statistical, adversary::simultaneous),
        check("attention.query.deterministic_error", Search, accuracy::deterministic_error),
        check("attention.query.document_error", Search, nearby::document_error),
        check("attention.query.rank_free_noise", Statistical, accuracy::rank_free_noise),
        check("attention.query.noise_by_degree", Search, plan::noise_by_degree),
        check("attention.plan.expected_error", Statistical, plan::expected_error),
        check("attention.exact.softmax", Search, softmax::softmax),
        check("attention.io.integrity", Search, files::integrity),
        check("attention.local.merge", Search, local::merge),
        check("attention.local.coverage", Statistical, local::coverage),
        check("attention.stream.privacy", Numeric, stream::privacy),
        check("attention.stream.privacy", Audit, stream::audit),
        check("attention.stream.sensitivity", Search, stream::sensitivity),
        check("attention.stream.decoding", Search, stream::decoding),
        check("attention.stream.coverage", Statistical, stream::coverage),
    ];
    [moments, tree::checks(), self_attention::checks()].concat()
}

/// A key and a value, as a user hands them over.
type Row = (Vec<f64>, Vec<f64>);

/// Radii 1, logits up to `max_logit`, one thread.
fn options(key_dim: usize, value_dim: usize, degree: usize, max_logit: f64) -> MomentOptions {
    let bounds = Bounds::new(1.0, 1.0, 1.0).expect("1 is a radius");
    MomentOptions::new(Shape { key_dim, value_dim }, bounds, degree)
        .with_softmax_scale(max_logit)
        .with_parallelism(Parallelism::Sequential)
}

fn matrices(shape: Shape, rows: &[Row]) -> (Mat, Mat) {
    let keys = rows.iter().flat_map(|row| row.0.iter().copied()).collect();
    let values = rows.iter().flat_map(|row| row.1.iter().copied()).collect();
    let matrix =
        |dim, data| Mat::from_vec(rows.len(), dim, data).expect("rows have the shape of the options");
    (matrix(shape.key_dim, keys), matrix(shape.value_dim, values))
}

fn aggregate<A: RowAdjacency>(adjacency: A, options: &MomentOptions, rows: &[Row]) -> PrivateMoments<A> {
    let (keys, values) = matrices(options.shape(), rows);
    let mut moments = PrivateMoments::new(adjacency, options.clone()).expect("the options are sound");
    let rows = Rows::new(adjacency, keys.as_ref(), values.as_ref()).expect("one value a key");
    moments.push(rows).expect("rows have the shape of the options");
    moments
}

/// Documents, each a list of rows, in one call.
fn aggregate_documents(options: &MomentOptions, documents: &[Vec<Row>]) -> PrivateMoments<AddRemoveDocument> {
    let (keys, values) = matrices(options.shape(), &documents.concat());
    let ids = documents.iter().enumerate().flat_map(|(id, rows)| rows.iter().map(move |_| id as u64));
    let ids: Vec<u64> = ids.collect();
    let mut moments = PrivateMoments::new(AddRemoveDocument, options.clone()).expect("the options are sound");
    let documents = Documents::new(&ids, keys.as_ref(), values.as_ref()).expect("one value and id a key");
    moments.push_documents(documents).expect("rows have the shape of the options");
    moments
}

fn integers_of<A: MomentAdjacency>(moments: PrivateMoments<A>) -> Vec<i64> {
    moments.into_statistic().expect("the options are sound").assume_public()
}

/// The integer moments of these rows.
fn integers(options: &MomentOptions, rows: &[Row]) -> Vec<i64> {
    integers_of(aggregate(AddRemoveRow, options, rows))
}

/// Key and value with uniform coordinates in `±spread`.
fn random_row(rng: &mut ChaCha20Rng, shape: Shape, spread: f64) -> Row {
    let mut draw = |dim| (0..dim).map(|_| rng.random_range(-spread..=spread)).collect();
    (draw(shape.key_dim), draw(shape.value_dim))
}

fn random_rows(rng: &mut ChaCha20Rng, shape: Shape, n: usize) -> Vec<Row> {
    (0..n).map(|_| random_row(rng, shape, 1.0)).collect()
}

/// Rows from their coordinates one after another.
fn unflatten(shape: Shape, point: &[f64]) -> Vec<Row> {
    let rows = point.chunks_exact(shape.key_dim + shape.value_dim);
    rows.map(|row| row.split_at(shape.key_dim)).map(|(key, value)| (key.to_vec(), value.to_vec())).collect()
}

/// Moves coordinates at random, at scales from 1e-5 to 1, and keeps what the objective likes at least as much.
pub(super) fn climb<T: PartialOrd>(
    rng: &mut ChaCha20Rng,
    start: Vec<f64>,
    steps: usize,
    mut objective: impl FnMut(&[f64]) -> T,
) -> (Vec<f64>, T) {
    let value = objective(&start);
    let mut best = (start, value);
    for _ in 0..steps {
        let mut point = best.0.clone();
        let scale = 10_f64.powf(rng.random_range(-5.0..0.3));
        let i = rng.random_range(0..point.len());
        match rng.random_range(0..4) {
            0 => point[i] = -point[i],
            1 => point[i] += rng.random_range(-scale..scale),
            2 => point[i] *= 1.0 + rng.random_range(-scale..scale),
            _ => point.iter_mut().for_each(|x| *x += rng.random_range(-scale..scale)),
        }
        let value = objective(&point);
        if value >= best.1 {
            best = (point, value);
        }
    }
    best
}

/// Attention at `query` over clipped rows, from the words of the documentation: keys minus centre scaled back to the
/// radius, values scaled back and then clamped, rows that are not finite left out.
fn target(options: &MomentOptions, rows: &[Row], query: &[f64]) -> Vec<f64> {
    let center = options.key_center().map_or(vec![0.0; query.len()], <[f64]>::to_vec);
    let (low, high) = options.value_range();
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for (key, value) in rows {
        let key: Vec<f64> = key.iter().zip(&center).map(|(k, c)| k - c).collect();
        let key = scaled_back(&key, options.bounds().key_radius());
        let value = scaled_back(value, options.bounds().value_radius());
        if let (Some(key), Some(value)) = (key, value) {
            keys.extend(key);
            values.extend(value.iter().map(|v| v.clamp(low, high)));
        }
    }
    oracle::softmax_attention(query, &keys, &values, options.softmax_scale())
}

fn scaled_back(x: &[f64], radius: f64) -> Option<Vec<f64>> {
    let largest = x.iter().fold(f64::MIN_POSITIVE, |largest, v| larger(largest, v.abs()));
    let norm = largest * x.iter().map(|v| (v / largest).powi(2)).sum::<f64>().sqrt();
    let long = |v: f64| (v / largest) * (radius / (norm / largest));
    let finite = x.iter().all(|v| v.is_finite());
    finite.then(|| x.iter().map(|&v| if norm > radius { long(v) } else { v }).collect())
}

fn budget(epsilon: f64, delta: f64) -> (Epsilon, Delta) {
    (Epsilon::new(epsilon).expect("checks use ε > 0"), Delta::new(delta).expect("checks use 0 < δ < 1"))
}

fn failure_probability(gamma: f64) -> FailureProbability {
    FailureProbability::new(gamma).expect("checks use 0 < γ < 1")
}
