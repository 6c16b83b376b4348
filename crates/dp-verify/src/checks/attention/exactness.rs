//! The integers of the aggregate: of one row wherever it stands, and of all rows however they arrive.

use super::accuracy::features_at;
use super::{Row, aggregate, integers, integers_of, matrices, options, random_rows};
use crate::checks::twins::each_twin;
use crate::{Context, Outcome, Subject};
use attention_dp::{MomentGeometry, MomentOptions, PrivateMoments, Rows, Shape};
use dp_linalg::Parallelism;
use dp_mechanisms::AddRemoveRow;
use poly_kernel::Moments;
use rand::RngExt;
use rand_chacha::ChaCha20Rng;
use std::num::NonZeroUsize;

/// Lengths of blocks around the widths of vectors and the size of an encoder's block.
const LENGTHS: [usize; 11] = [1, 2, 7, 8, 9, 16, 17, 511, 512, 513, 1000];

/// What can be wrong with the integers of a row.
#[derive(Clone, Copy)]
enum Fault {
    None,
    /// Ties are rounded as a vector body or its scalar rest would.
    TwoRulesForTies,
    /// A minimum and a maximum make a finite number of NaN, and the row counts.
    NanPassesClip,
}

/// A row contributes the same integers at each place of blocks of all lengths, among any other rows: the block's sum
/// with the row, less that with a row that is not finite and does not count in its place. Two twins are judged, one that rounds ties by two
/// rules and one whose clip lets NaN pass; the milder finding counts.
pub(super) fn row_local(context: &mut Context, subject: Subject) -> Outcome {
    let twins = vec![Fault::TwoRulesForTies, Fault::NanPassesClip];
    each_twin(subject, Fault::None, twins, |fault| row_local_under(context, fault))
}

fn row_local_under(context: &Context, fault: Fault) -> Outcome {
    let mut rng = context.rng(0);
    let places = context.scale(6, 100);
    let (mut mismatches, mut n) = (0, 0);
    // features and values are plain multiples of powers of two here, so that ties can be hit
    for options in [options(1, 1, 1, 1.0 / 1024.0), options(2, 2, 3, 1.0), options(3, 1, 4, 1.0)] {
        let geometry = MomentGeometry::new(options.clone()).expect("the options are sound");
        let sums = |rows: &[Row]| match fault {
            Fault::None => integers(&options, rows),
            Fault::TwoRulesForTies => uneven_sums(&geometry, rows),
            Fault::NanPassesClip => integers(&options, &passed(&options, rows)),
        };
        let absent = absent(options.shape());
        for (special, length) in specials(&geometry, &mut rng).iter().flat_map(|s| LENGTHS.map(|l| (s, l))) {
            let alone = sums(std::slice::from_ref(special));
            let mut rows = random_rows(&mut rng, options.shape(), length);
            for i in 0..places.min(length) {
                let place = if i == 0 { length - 1 } else { rng.random_range(0..length) };
                let other = std::mem::replace(&mut rows[place], special.clone());
                let with = sums(&rows);
                rows[place] = absent[i % absent.len()].clone();
                let without = sums(&rows);
                rows[place] = other;
                let differs = |((a, w), o): ((&i64, &i64), &i64)| w.wrapping_sub(*o) != *a;
                mismatches += u64::from(alone.iter().zip(&with).zip(&without).any(differs));
                n += 1;
            }
        }
    }
    Outcome::all_equal(mismatches, n).with_note("places at which a row had other integers")
}

/// Rows with a number that is NaN or infinite: none of them counts.
fn absent(shape: Shape) -> [Row; 4] {
    let with = |number: f64, at: usize| -> Row {
        let mut numbers = vec![0.5; shape.key_dim + shape.value_dim];
        numbers[at] = number;
        let value = numbers.split_off(shape.key_dim);
        (numbers, value)
    };
    let all = (vec![f64::NAN; shape.key_dim], vec![0.0; shape.value_dim]);
    [all, with(f64::NAN, 0), with(f64::NAN, shape.key_dim), with(f64::INFINITY, shape.key_dim - 1)]
}

/// Numbers that are not finite, moved into the radius as by `f64::max(−radius)` and `f64::min(radius)`, which take the other number for NaN.
fn passed(options: &MomentOptions, rows: &[Row]) -> Vec<Row> {
    let radius = options.bounds().key_radius();
    let clip = |x: &f64| match x {
        x if x.is_finite() => *x,
        x if *x > 0.0 => radius,
        _ => -radius,
    };
    let all = |numbers: &[f64]| numbers.iter().map(clip).collect();
    rows.iter().map(|(key, value)| (all(key), all(value))).collect()
}

/// Rows halfway between lattice points, long ones, hostile ones and an ordinary one.
fn specials(geometry: &MomentGeometry, rng: &mut ChaCha20Rng) -> Vec<Row> {
    let shape = geometry.options().shape();
    let row = |key: f64, value: f64| (vec![key; shape.key_dim], vec![value; shape.value_dim]);
    let key_step = 1.0 / (geometry.features().scale() * geometry.scaling().key_factor());
    let value_step = 0.5_f64.powi(geometry.value_exponent());
    let mut rows = vec![
        row(2.5 * key_step, 4.5 * value_step),
        row(-4.5 * key_step, 2.5 * value_step),
        row(7.0, -3.0),
        row(1e-310, f64::MAX),
        row(0.0, -0.0),
    ];
    rows.extend(random_rows(rng, shape, 2));
    rows
}

fn is_finite((key, value): &Row) -> bool {
    key.iter().chain(value).all(|x| x.is_finite())
}

/// Sums whose rows are rounded to even in whole vectors of eight and away from zero in the rest.
fn uneven_sums(geometry: &MomentGeometry, rows: &[Row]) -> Vec<i64> {
    let mut sums = vec![0_i64; geometry.feature_count() * geometry.columns()];
    for (i, (key, value)) in rows.iter().enumerate().filter(|(_, row)| is_finite(row)) {
        let round = if i < rows.len() / 8 * 8 { f64::round_ties_even } else { f64::round };
        let point: Vec<f64> = key.iter().map(|k| k * geometry.scaling().key_factor()).collect();
        let features = features_at(geometry.features(), &point);
        let scale = 2_f64.powi(geometry.value_exponent());
        let values = value.iter().map(|v| round(v * scale) as i64).chain([geometry.normaliser() as i64]);
        let values: Vec<i64> = values.collect();
        let features = features.iter().map(|f| round(f * geometry.features().scale()) as i64);
        let products = features.flat_map(|f| values.iter().map(move |&v| f.wrapping_mul(v)));
        sums.iter_mut().zip(products).for_each(|(sum, product)| *sum = sum.wrapping_add(product));
    }
    sums
}

/// Permutations, chunks, `extend`, threads and trees of merges leave every bit of the aggregate as it was. The twin sums
/// real features in floating point.
pub(super) fn order_free(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (n, repeats) = (context.scale(1_500, 10_000), context.scale(8, 50));
    let (mut mismatches, mut compared) = (0, 0);
    for options in [options(1, 1, 8, 1.0), options(3, 2, 3, 0.8), options(8, 3, 2, 0.5)] {
        let mut rows = random_rows(&mut rng, options.shape(), n);
        rows[7].clone_from(&absent(options.shape())[0]);
        rows[n - 2].0[0] = 1e300;
        let expected = match subject {
            Subject::AsShipped => integers(&options, &rows),
            Subject::Broken => float_sums(&options, &rows),
        };
        for variant in 0..4 * repeats {
            shuffle(&mut rng, &mut rows);
            let found = match subject {
                Subject::AsShipped => rearranged(variant % 4, &mut rng, &options, &rows),
                Subject::Broken => float_sums(&options, &rows),
            };
            mismatches += expected.iter().zip(&found).filter(|(a, b)| a != b).count() as u64;
            compared += found.len() as u64;
        }
    }
    Outcome::all_equal(mismatches, compared).with_note("entries that depend on the order")
}

fn shuffle(rng: &mut ChaCha20Rng, rows: &mut [Row]) {
    for i in (1..rows.len()).rev() {
        rows.swap(i, rng.random_range(0..=i));
    }
}

/// The same rows in another way: whole on some threads, in chunks, one by one, or merged from shards.
fn rearranged(way: usize, rng: &mut ChaCha20Rng, options: &MomentOptions, rows: &[Row]) -> Vec<i64> {
    let threads = NonZeroUsize::new(rng.random_range(1..=3)).expect("from 1 on");
    let options = options.clone().with_parallelism(Parallelism::Threads(threads));
    let empty = || aggregate(AddRemoveRow, &options, &[]);
    match way {
        0 => integers(&options, rows),
        1 => {
            let mut moments = empty();
            for chunk in chunks(rng, rows) {
                push(&mut moments, &options, chunk);
            }
            integers_of(moments)
        }
        2 => {
            let mut moments = empty();
            let pairs = rows.iter().map(|(key, value)| (key, value));
            moments.extend(pairs).expect("rows have the shape of the options");
            integers_of(moments)
        }
        _ => {
            let mut shards: Vec<_> =
                chunks(rng, rows).into_iter().map(|chunk| aggregate(AddRemoveRow, &options, chunk)).collect();
            while shards.len() > 1 {
                let taken = shards.swap_remove(rng.random_range(0..shards.len()));
                let into = rng.random_range(0..shards.len());
                shards[into].merge(taken).expect("equal options");
            }
            integers_of(shards.remove(0))
        }
    }
}

fn push(moments: &mut PrivateMoments<AddRemoveRow>, options: &MomentOptions, rows: &[Row]) {
    let (keys, values) = matrices(options.shape(), rows);
    let rows = Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).expect("one value a key");
    moments.push(rows).expect("rows have the shape of the options");
}

/// Chunks of random lengths, empty ones among them.
fn chunks<'a>(rng: &mut ChaCha20Rng, mut rows: &'a [Row]) -> Vec<&'a [Row]> {
    let mut chunks = vec![&rows[..0]];
    while !rows.is_empty() {
        let (chunk, rest) = rows.split_at(rng.random_range(0..=rows.len().min(600)));
        chunks.push(chunk);
        rows = rest;
    }
    chunks
}

/// Bits of the sums of real features times values.
fn float_sums(options: &MomentOptions, rows: &[Row]) -> Vec<i64> {
    let geometry = MomentGeometry::new(options.clone()).expect("the options are sound");
    let finite = |row: &&Row| row.0.iter().all(|x| x.abs() <= 1.0);
    let rows: Vec<Row> = rows.iter().filter(finite).cloned().collect();
    let (keys, values) = matrices(options.shape(), &rows);
    let mut moments = Moments::new(geometry.features().map().clone(), options.shape().value_dim);
    moments.add_block(keys.as_ref(), values.as_ref()).expect("shapes agree");
    moments.into_matrix().as_slice().iter().map(|sum| sum.to_bits() as i64).collect()
}
