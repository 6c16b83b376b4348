//! Temperatures, degrees and projections.

use crate::store::{SECTIONS, Store};
use attention_dp::{Bounds, MomentOptions, Shape, exact_attention};
use dp_linalg::{Accumulate, Mat, MatRef, Parallelism, SymmetricEigen, matmul_into, matmul_tn};
use poly_kernel::ExpPolynomial;
use std::error::Error;

/// One way to attend to the store.
pub(crate) struct Variant {
    pub(crate) name: &'static str,
    pub(crate) options: MomentOptions,
    /// Principal directions of the queries `(384, d)`, or all coordinates.
    projection: Option<Mat>,
}

/// The lightest normaliser with which every query still has an answer at small budgets; the less, the less noise.
const NORMALISER: f64 = 0.35;

pub(crate) fn all(store: &Store) -> Result<Vec<Variant>, Box<dyn Error>> {
    let mean = mean(&store.queries);
    let directions = principal_directions(&store.queries, &mean)?;
    let plain = options(384, 1.0, 1.0)?;
    let centred = options(384, 2.0, 1.06)?.with_key_center(mean.clone());
    let mut variants = vec![
        Variant { name: "degree 1, temperature 1", options: plain.clone(), projection: None },
        Variant { name: "degree 1, temperature ½, centred", options: centred, projection: None },
    ];
    // radius: the median of the norms of projected queries
    for (name, dim, radius, scale) in [
        ("degree 2, temperature ⅓, 64 directions", 64, 0.72, 3.0),
        ("degree 2, temperature ⅙, 128 directions", 128, 0.83, 6.0),
        ("degree 2, temperature ⅒, 128 directions", 128, 0.83, 10.0),
    ] {
        let projection = Mat::from_fn(384, dim, |i, j| directions[(i, j)]);
        let center = (0..dim).map(|j| (0..384).map(|i| mean[i] * projection[(i, j)]).sum()).collect();
        // logits of unrelated directions scatter like this
        let std = scale * radius * radius / (dim as f64).sqrt();
        let options = options(dim, scale, radius)?
            .with_key_center(center)
            .with_polynomial(ExpPolynomial::least_squares_normal(2, 0.0, std)?)
            .with_uncertified_kernel();
        variants.push(Variant { name, options, projection: Some(projection) });
    }
    Ok(variants)
}

fn options(key_dim: usize, scale: f64, key_radius: f64) -> Result<MomentOptions, Box<dyn Error>> {
    let shape = Shape { key_dim, value_dim: SECTIONS };
    Ok(MomentOptions::new(shape, Bounds::new(1.06, key_radius, 1.0)?, 1)
        .with_softmax_scale(scale)
        .with_typical_query_norm(key_radius)
        .with_normaliser_weight(NORMALISER)
        .with_value_range(0.0, 1.0)
        .with_max_rows(1 << 20)
        .with_uncertified_kernel())
}

fn mean(rows: &Mat) -> Vec<f64> {
    let n = rows.nrows() as f64;
    (0..rows.ncols()).map(|j| rows.rows().map(|row| row[j]).sum::<f64>() / n).collect()
}

/// Eigenvectors of the second moments of centred rows, in the order of falling eigenvalues: `(d, d)`.
fn principal_directions(rows: &Mat, mean: &[f64]) -> Result<Mat, Box<dyn Error>> {
    let centred = Mat::from_fn(rows.nrows(), rows.ncols(), |i, j| rows[(i, j)] - mean[j]);
    let moments = matmul_tn(centred.as_ref(), centred.as_ref(), Parallelism::available())?;
    let eigen = SymmetricEigen::new(moments.as_ref())?;
    let (dim, vectors) = (rows.ncols(), eigen.vectors());
    let ascending = eigen.values()[0] < eigen.values()[dim - 1];
    Ok(Mat::from_fn(dim, dim, |i, j| vectors[(i, if ascending { dim - 1 - j } else { j })]))
}

impl Variant {
    pub(crate) fn project(&self, rows: MatRef<'_>) -> Result<Mat, Box<dyn Error>> {
        let Some(projection) = &self.projection else { return Ok(rows.to_owned()) };
        let mut projected = Mat::zeros(rows.nrows(), projection.ncols());
        let out = projected.as_mut();
        matmul_into(out, Accumulate::Replace, rows, projection.as_ref(), Parallelism::available())?;
        Ok(projected)
    }

    /// Projected, with the keys' centre taken away, and scaled back to the query radius where longer. Attention then compares how
    /// queries and keys deviate from the mean, which answers better than comparing them whole.
    pub(crate) fn queries(&self, store: &Store) -> Result<Mat, Box<dyn Error>> {
        let projected = self.project(store.queries.as_ref())?;
        let zeros = vec![0.0; projected.ncols()];
        let center = self.options.key_center().unwrap_or(&zeros);
        let radius = self.options.bounds().query_radius();
        let mut queries =
            Mat::from_fn(projected.nrows(), projected.ncols(), |i, j| projected[(i, j)] - center[j]);
        for i in 0..queries.nrows() {
            let norm = queries.row(i).iter().map(|x| x * x).sum::<f64>().sqrt();
            queries.row_mut(i).iter_mut().for_each(|x| *x *= (radius / norm).min(1.0));
        }
        Ok(queries)
    }

    /// Exact attention of the same queries over the same keys, not clipped, with the same prior correction.
    pub(crate) fn exact_accuracy(&self, store: &Store) -> Result<f64, Box<dyn Error>> {
        let (queries, keys) = (self.queries(store)?, self.project(store.keys.as_ref())?);
        let (values, scale) = (store.values.as_ref(), self.options.softmax_scale());
        let outputs =
            exact_attention(queries.as_ref(), keys.as_ref(), values, scale, Parallelism::available())?;
        let prior = mean(&store.values);
        Ok(store.accuracy(|i| outputs.row(i).to_vec(), &prior))
    }
}
