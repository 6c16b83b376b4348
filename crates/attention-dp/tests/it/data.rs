//! Data sets, and clipping done the naive way.

use attention_dp::{Bounds, MomentOptions, PrivateMoments, Rows, Shape};
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Keys and values with independent uniform coordinates in `±spread`.
pub(crate) fn uniform(n: usize, shape: Shape, spread: f64, seed: u64) -> (Mat, Mat) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let keys = Mat::from_fn(n, shape.key_dim, |_, _| rng.random_range(-spread..spread));
    let values = Mat::from_fn(n, shape.value_dim, |_, _| rng.random_range(-spread..spread));
    (keys, values)
}

/// Rows scaled back to the radius where they are longer.
pub(crate) fn clipped(rows: &Mat, radius: f64) -> Mat {
    let norm = |i: usize| rows.row(i).iter().map(|x| x * x).sum::<f64>().sqrt();
    Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| rows[(i, j)] * (radius / norm(i)).min(1.0))
}

pub(crate) fn options(shape: Shape, radii: f64, degree: usize) -> MomentOptions {
    let bounds = Bounds::new(radii, radii, radii).unwrap();
    MomentOptions::new(shape, bounds, degree)
        .with_softmax_scale(1.0)
        .with_parallelism(Parallelism::Sequential)
}

pub(crate) fn aggregate(options: MomentOptions, keys: &Mat, values: &Mat) -> PrivateMoments<AddRemoveRow> {
    let mut moments = PrivateMoments::new(AddRemoveRow, options).unwrap();
    moments.push(Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref()).unwrap()).unwrap();
    moments
}

/// The integers of an aggregate.
pub(crate) fn integers(moments: PrivateMoments<AddRemoveRow>) -> Vec<i64> {
    moments.into_statistic().unwrap().assume_public()
}

pub(crate) fn budget(epsilon: f64) -> (Epsilon, Delta) {
    (Epsilon::new(epsilon).unwrap(), Delta::new(1e-6).unwrap())
}
