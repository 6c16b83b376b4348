//! Sets of queries, keys and values. Queries and keys have unit length, so that the largest logit is the softmax scale.

use dp_linalg::{Mat, MatRef};
use dp_testkit::digits::digits;
use flate2::read::GzDecoder;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::ops::RangeInclusive;
use std::path::Path;

pub(crate) struct Data {
    /// Name of a folder.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) queries: Mat,
    pub(crate) keys: Mat,
    pub(crate) values: Mat,
    /// Degree of the polynomials; all maps have as many features as its monomials.
    pub(crate) degree: usize,
    /// Degrees of the curve of error against features.
    pub(crate) curve: RangeInclusive<usize>,
}

impl Data {
    pub(crate) fn dim(&self) -> usize {
        self.keys.ncols()
    }

    pub(crate) fn views(&self) -> [MatRef<'_>; 3] {
        [self.queries.as_ref(), self.keys.as_ref(), self.values.as_ref()]
    }
}

pub(crate) fn all(mnist: &Path, seed: u64) -> Result<Vec<Data>, Box<dyn Error>> {
    let mut sets = vec![handwriting()?];
    match pooled_mnist(mnist)? {
        Some(data) => sets.push(data),
        None => println!("\nMNIST: skipped, no {IMAGES:?} in the folder of --mnist"),
    }
    for (stream, n) in [4096, 16_384].into_iter().enumerate() {
        for (dim, degree, most) in [(8, 4, 6), (16, 3, 4), (64, 2, 2)] {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream((100 * stream + dim) as u64);
            sets.push(synthetic(n, dim, degree, most, &mut rng));
        }
    }
    Ok(sets)
}

/// 1 500 digits as keys, 297 as queries, scaled to unit length; values are labels, one column a class.
fn handwriting() -> Result<Data, Box<dyn Error>> {
    let digits = digits();
    let pixels: Vec<f64> = digits.pixels.iter().map(|&pixel| f64::from(pixel)).collect();
    let all = unit_rows(Mat::from_vec(pixels.len() / 64, 64, pixels)?);
    Ok(Data {
        name: "digits".into(),
        title: "digits, n = 1500, d = 64".into(),
        queries: all.as_ref().subrows(1500..all.nrows()).to_owned(),
        keys: all.as_ref().subrows(0..1500).to_owned(),
        values: one_hot(&digits.labels[..1500]),
        degree: 2,
        curve: 1..=2,
    })
}

const IMAGES: &[&str] = &["t10k-images-idx3-ubyte.gz", "mnist_t10k_images_idx3_ubyte.gz"];
const LABELS: &[&str] = &["t10k-labels-idx1-ubyte.gz", "mnist_t10k_labels_idx1_ubyte.gz"];
const SIDE: usize = 28;
const POOL: usize = 4;
/// Mean ink of MNIST's training images, as everybody subtracts it.
const INK: f64 = 0.1307;

/// MNIST test: 9 000 images as keys, 1 000 as queries; 784 dimensions have 308 505 monomials of degree 2, so images are
/// reduced by what does not depend on them: means of 4×4 pixels less a constant, scaled to unit length.
fn pooled_mnist(folder: &Path) -> Result<Option<Data>, Box<dyn Error>> {
    let (Some(pixels), Some(labels)) = (idx(folder, IMAGES, 16)?, idx(folder, LABELS, 8)?) else {
        return Ok(None);
    };
    let images = pixels.chunks_exact(SIDE * SIDE);
    if images.len() != 10_000 || labels.len() != 10_000 {
        return Err("the MNIST test files have 10 000 images and labels".into());
    }
    let pooled: Vec<f64> = images.flat_map(pooled).collect();
    let all = unit_rows(Mat::from_vec(10_000, (SIDE / POOL).pow(2), pooled)?);
    Ok(Some(Data {
        name: "mnist".into(),
        title: "MNIST test, 4×4 means less a constant, n = 9000, d = 49".into(),
        queries: all.as_ref().subrows(9000..10_000).to_owned(),
        keys: all.as_ref().subrows(0..9000).to_owned(),
        values: one_hot(&labels[..9000]),
        degree: 2,
        curve: 1..=2,
    }))
}

/// Bytes behind the header of the first of these files that is there.
fn idx(folder: &Path, names: &[&str], header: usize) -> Result<Option<Vec<u8>>, Box<dyn Error>> {
    let Some(path) = names.iter().map(|name| folder.join(name)).find(|path| path.exists()) else {
        return Ok(None);
    };
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(path)?).read_to_end(&mut bytes)?;
    Ok(Some(bytes.split_off(header.min(bytes.len()))))
}

fn pooled(image: &[u8]) -> Vec<f64> {
    let mut sums = vec![0.0; (SIDE / POOL).pow(2)];
    for (i, &pixel) in image.iter().enumerate() {
        sums[i / SIDE / POOL * (SIDE / POOL) + i % SIDE / POOL] += f64::from(pixel);
    }
    sums.iter().map(|sum| sum / (255 * POOL * POOL) as f64 - INK).collect()
}

fn one_hot(labels: &[u8]) -> Mat {
    Mat::from_fn(labels.len(), 10, |i, j| f64::from(u8::from(usize::from(labels[i]) == j)))
}

/// Uniform directions; values that depend on the keys' first coordinates, so that attention has something to find.
fn synthetic(n: usize, dim: usize, degree: usize, most: usize, rng: &mut ChaCha8Rng) -> Data {
    let mut sphere = |n| {
        // sums of twelve uniform numbers are normal enough for directions
        unit_rows(Mat::from_fn(n, dim, |_, _| (0..12).map(|_| rng.random_range(-0.5..0.5)).sum()))
    };
    let (queries, keys) = (sphere(512), sphere(n));
    let values = Mat::from_fn(n, 8, |i, j| (keys[(i, j % dim)] * 3.0).tanh() + 0.1 * (i % 7) as f64);
    let title = format!("uniform directions, n = {n}, d = {dim}");
    Data { name: format!("uniform_{n}_{dim}"), title, queries, keys, values, degree, curve: 1..=most }
}

fn unit_rows(mut rows: Mat) -> Mat {
    for i in 0..rows.nrows() {
        let norm = rows.row(i).iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
        rows.row_mut(i).iter_mut().for_each(|x| *x /= norm);
    }
    rows
}
