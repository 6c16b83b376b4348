//! Integer moments against their definition, and rows against their place in a block.

use super::{SHAPES, fixed_point, integers_of, point, rounded_features};
use crate::{Context, Outcome, Subject};
use dp_linalg::{Mat, MatRef};
use poly_kernel::{FixedPointFeatures, FixedPointMoments, Moments};
use rand::{Rng, RngExt};

/// Largest magnitude of an integer value.
const MAX_ABS: u64 = 16_000;

/// Random integer value rows within the bound; `hostile` makes some of them rows that must contribute zero.
fn value_rows(rng: &mut impl Rng, n: usize, columns: usize, hostile: bool) -> Mat {
    let max = MAX_ABS as i64;
    Mat::from_fn(n, columns, |_, _| match rng.random_range(0..100) {
        0 if hostile => [0.5, f64::NAN, f64::INFINITY, max as f64 + 1.0, -1e300][rng.random_range(0..5)],
        _ => rng.random_range(-max..=max) as f64,
    })
}

fn point_rows(rng: &mut impl Rng, n: usize, dim: usize, radius: f64) -> Mat {
    let data = (0..n).flat_map(|_| point(rng, dim, radius)).collect();
    Mat::from_vec(n, dim, data).expect("n points of this dimension")
}

/// `Σᵢ φ̃(xᵢ) ũᵢᵀ` modulo 2⁶⁴ by the definition.
fn naive_sums(
    features: &FixedPointFeatures,
    points: MatRef<'_>,
    values: MatRef<'_>,
    max_abs: u64,
) -> Vec<i64> {
    let mut sums = vec![0_i64; features.map().feature_count() * values.ncols()];
    for (x, u) in points.rows().zip(values.rows()) {
        if u.iter().all(|v| v.fract() == 0.0 && v.abs() <= max_abs as f64) {
            let (_, integers) = integers_of(features, x);
            let products = integers.iter().flat_map(|&f| u.iter().map(move |&v| f.wrapping_mul(v as i64)));
            sums.iter_mut().zip(products).for_each(|(sum, product)| *sum = sum.wrapping_add(product));
        }
    }
    sums
}

/// The sums over random blocks in one aggregate a shard, merged in a random tree.
fn fused_sums(
    rng: &mut impl Rng,
    features: &FixedPointFeatures,
    points: MatRef<'_>,
    values: MatRef<'_>,
    max_abs: u64,
) -> Vec<i64> {
    let empty = || FixedPointMoments::new(features.clone(), values.ncols(), max_abs).expect("small products");
    let mut shards = vec![empty(), empty(), empty()];
    let mut start = 0;
    while start < points.nrows() {
        let block = start..points.nrows().min(start + rng.random_range(1..300));
        start = block.end;
        shards[rng.random_range(0..3)]
            .add_block(points.subrows(block.clone()), values.subrows(block))
            .expect("few points");
    }
    while shards.len() > 1 {
        let taken = shards.swap_remove(rng.random_range(0..shards.len()));
        let into = rng.random_range(0..shards.len());
        shards[into].merge(taken).expect("equal arguments");
    }
    shards.remove(0).into_sums()
}

/// The same sums from features that are rounded only once they are summed.
fn late_sums(features: &FixedPointFeatures, points: MatRef<'_>, values: MatRef<'_>) -> Vec<i64> {
    let mut moments = Moments::new(features.map().clone(), values.ncols());
    moments.add_block(points, values).expect("shapes agree");
    moments.into_matrix().as_slice().iter().map(|v| (v * features.scale()).round_ties_even() as i64).collect()
}

/// Fused sums over any partition and tree of merges are the naive sums, as integers; also where rows must contribute
/// zero, and where sums leave 64 bits. The twin rounds sums instead of features.
pub(super) fn fused(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (rows, repeats) = (context.scale(1_000, 20_000), context.scale(4, 20));
    let (mut mismatches, mut n) = (0, 0);
    for (dim, degree, exponent) in SHAPES {
        let features = fixed_point(dim, degree, exponent, 1.0);
        // beyond the radius too: such points may be absent, for both sides alike
        let points = point_rows(&mut rng, rows, dim, 1.05);
        let values = value_rows(&mut rng, rows, 3, subject == Subject::AsShipped);
        let expected = naive_sums(&features, points.as_ref(), values.as_ref(), MAX_ABS);
        for _ in 0..repeats {
            let found = match subject {
                Subject::AsShipped => {
                    fused_sums(&mut rng, &features, points.as_ref(), values.as_ref(), MAX_ABS)
                }
                Subject::Broken => late_sums(&features, points.as_ref(), values.as_ref()),
            };
            mismatches += expected.iter().zip(&found).filter(|(a, b)| a != b).count() as u64;
            n += found.len() as u64;
        }
    }
    Outcome::worst([
        Outcome::all_equal(mismatches, n).with_note("entries of the sums that differ from the definition"),
        wrapping(&mut rng),
    ])
}

/// 2¹⁴ equal rows with products near 2⁵¹: their sums are 2⁶⁵ or so, and wrap.
fn wrapping(rng: &mut impl Rng) -> Outcome {
    let (features, max_abs) = (fixed_point(1, 1, 24, 1.0), 1 << 27);
    let points = Mat::from_fn(1 << 14, 1, |_, _| 1.0);
    let values = Mat::from_fn(1 << 14, 1, |i, _| (max_abs - i as u64) as f64);
    let expected = naive_sums(&features, points.as_ref(), values.as_ref(), max_abs);
    let found = fused_sums(rng, &features, points.as_ref(), values.as_ref(), max_abs);
    let mismatches = expected.iter().zip(&found).filter(|(a, b)| a != b).count() as u64;
    Outcome::all_equal(mismatches, found.len() as u64).with_note("sums modulo 2⁶⁴")
}

/// The integers of a block of points, one point after another.
fn block_integers(features: &FixedPointFeatures, points: MatRef<'_>, subject: Subject) -> Vec<Vec<i64>> {
    if subject == Subject::Broken {
        // ties go to even in whole vectors and away from zero in what is left
        let body = points.nrows() / 8 * 8;
        let round = |i| if i < body { f64::round_ties_even } else { f64::round };
        return points.rows().enumerate().map(|(i, x)| rounded_features(features, x, round(i))).collect();
    }
    let mut block = features.map().feature_block(points.nrows());
    features.apply_block(points, &mut block).expect("the block was made for this map");
    let columns = block.as_ref().to_owned().transpose();
    columns.rows().map(|column| column.iter().map(|&v| v as i64).collect()).collect()
}

/// A point has the same integers at every place of blocks of every length, among any neighbours. The twin rounds ties by one rule
/// in whole vectors and by another in the rest.
pub(super) fn row_locality(context: &mut Context, subject: Subject) -> Outcome {
    let mut rng = context.rng(0);
    let (mut mismatches, mut n) = (0, 0);
    let lengths = [1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 127, 128, 129];
    for (dim, degree, exponent) in SHAPES {
        let features = fixed_point(dim, degree, exponent, 1.0);
        // halfway between two steps: where rounding rules differ
        let tie = vec![2.5 / features.scale(); dim];
        let specials = [tie, point(&mut rng, dim, 1.0), vec![f64::NAN; dim], vec![1e200; dim]];
        for (special, length) in specials.iter().flat_map(|x| lengths.map(move |length| (x, length))) {
            let expected = integers_of(&features, special).1;
            let places = context.scale(6, 200).min(length);
            for i in 0..places {
                let place = if i == 0 { length - 1 } else { rng.random_range(0..length) };
                let mut points = point_rows(&mut rng, length, dim, 1.05);
                points.row_mut(place).copy_from_slice(special);
                mismatches +=
                    u64::from(block_integers(&features, points.as_ref(), subject)[place] != expected);
                n += 1;
            }
        }
    }
    Outcome::all_equal(mismatches, n).with_note("places at which a point had other integers")
}
