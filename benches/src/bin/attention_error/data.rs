//! Digits, MNIST and a retrieval store, through public projections.

use attention_dp::io::MatrixReader;
use dp_linalg::{Mat, MatRef, Parallelism, matmul};
use dp_testkit::digits::digits;
use flate2::read::GzDecoder;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Rows that are queries, at the end of each set.
const QUERIES: usize = 100;
/// Standard deviation of what is added to a coordinate of a row that is drawn again.
const JITTER: f64 = 0.05;

/// Rows with one value each.
pub(crate) struct Set {
    pub(crate) name: String,
    /// `(n, D)`, less the mean of the queries.
    rows: Mat,
    values: Vec<f64>,
}

/// A set in few dimensions, all rows of unit length.
pub(crate) struct Projected {
    pub(crate) queries: Mat,
    keys: Mat,
    values: Vec<f64>,
}

pub(crate) fn all(folder: &Path) -> Result<Vec<Set>, Box<dyn Error>> {
    let digits = digits();
    let pixels: Vec<f64> = digits.pixels.iter().map(|&pixel| f64::from(pixel) / 16.0).collect();
    let labels = digits.labels.iter().map(|&label| (f64::from(label) - 4.5) / 4.5).collect();
    let mut sets = vec![Set::new("digits", Mat::from_vec(pixels.len() / 64, 64, pixels)?, labels)];
    match mnist(folder)? {
        Some(set) => sets.push(set),
        None => println!("MNIST: skipped, its test files are not in {}", folder.display()),
    }
    match retrieval(&folder.join("package_embeddings.safetensors"))? {
        Some(set) => sets.push(set),
        None => println!("retrieval store: skipped, not in {}", folder.display()),
    }
    Ok(sets)
}

fn mnist(folder: &Path) -> Result<Option<Set>, Box<dyn Error>> {
    let read = |name: &str, header: usize| -> Result<Option<Vec<u8>>, Box<dyn Error>> {
        let path = folder.join(name);
        if !path.exists() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        GzDecoder::new(File::open(path)?).read_to_end(&mut bytes)?;
        Ok(Some(bytes.split_off(header.min(bytes.len()))))
    };
    let images = read("mnist_t10k_images_idx3_ubyte.gz", 16)?;
    let labels = read("mnist_t10k_labels_idx1_ubyte.gz", 8)?;
    let (Some(images), Some(labels)) = (images, labels) else { return Ok(None) };
    let pixels: Vec<f64> = images.iter().map(|&pixel| f64::from(pixel) / 255.0).collect();
    let values = labels.iter().map(|&label| (f64::from(label) - 4.5) / 4.5).collect();
    Ok(Some(Set::new("MNIST", Mat::from_vec(labels.len(), 784, pixels)?, values)))
}

fn retrieval(path: &Path) -> Result<Option<Set>, Box<dyn Error>> {
    if !path.exists() {
        return Ok(None);
    }
    let whole = |tensor| -> Result<Mat, Box<dyn Error>> {
        let mut reader = MatrixReader::open(path, Some(tensor))?;
        let rows = reader.shape().0;
        Ok(reader.next_rows(rows)?.ok_or("no rows")?)
    };
    let (keys, labels) = (whole("keys")?, whole("labels")?);
    let values = labels.as_slice().iter().map(|label| (label - 7.5) / 7.5).collect();
    Ok(Some(Set::new("retrieval", keys, values)))
}

impl Set {
    fn new(name: &str, mut rows: Mat, values: Vec<f64>) -> Self {
        let queries = rows.nrows() - QUERIES..rows.nrows();
        let mean: Vec<f64> = (0..rows.ncols())
            .map(|j| queries.clone().map(|i| rows[(i, j)]).sum::<f64>() / QUERIES as f64)
            .collect();
        for i in 0..rows.nrows() {
            rows.row_mut(i).iter_mut().zip(&mean).for_each(|(x, mean)| *x -= mean);
        }
        Self { name: name.to_owned(), rows, values }
    }

    /// Through a random matrix with a fixed seed, which knows nothing of the rows.
    pub(crate) fn projected(&self, dim: usize) -> Result<Projected, Box<dyn Error>> {
        let mut rng = ChaCha8Rng::seed_from_u64(dim as u64);
        let projection = Mat::from_fn(self.rows.ncols(), dim, |_, _| normal(&mut rng));
        let mut rows = matmul(self.rows.as_ref(), projection.as_ref(), Parallelism::available())?;
        (0..rows.nrows()).for_each(|i| to_unit(rows.row_mut(i)));
        let cut = rows.nrows() - QUERIES;
        let part = |rows: MatRef<'_>| rows.to_owned();
        Ok(Projected {
            queries: part(rows.as_ref().subrows(cut..rows.nrows())),
            keys: part(rows.as_ref().subrows(0..cut)),
            values: self.values[..cut].to_vec(),
        })
    }
}

impl Projected {
    /// Rows that are not drawn again.
    pub(crate) const fn available(&self) -> usize {
        self.keys.nrows()
    }

    /// n keys with values `(n, 1)`.
    pub(crate) fn take(&self, n: usize) -> (Mat, Mat) {
        let (available, dim) = self.keys.shape();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut keys = Mat::from_fn(n, dim, |i, j| self.keys[(i % available, j)]);
        for i in available.min(n)..n {
            keys.row_mut(i).iter_mut().for_each(|x| *x += JITTER * normal(&mut rng));
            to_unit(keys.row_mut(i));
        }
        (keys, Mat::from_fn(n, 1, |i, _| self.values[i % available]))
    }
}

/// A sum of twelve uniform numbers is normal enough for directions.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| rng.random_range(-0.5..0.5)).sum()
}

fn to_unit(x: &mut [f64]) {
    let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    for x in x {
        *x /= norm;
    }
}
