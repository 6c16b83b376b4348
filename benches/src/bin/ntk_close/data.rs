//! Two classes of CIFAR-10 as points of the unit ball: features that know nothing of the images.

use dp_linalg::{Mat, MatRef, Parallelism, matmul_nt};
use ntk_dp::io::{CIFAR_PIXELS, Images, read_cifar10, read_file};
use std::error::Error;
use std::path::Path;

/// Lowest frequencies of the cosine transform in each direction, of each colour.
const FREQUENCIES: usize = 4;
const SIDE: usize = 32;
/// `d`.
pub(crate) const DIM: usize = 3 * FREQUENCIES * FREQUENCIES;
/// Radius of images in Euclidean norm of pixels in [−½, ½], chosen without sight of them; points are images over it.
pub(crate) const RADIUS: f64 = 16.0;

/// Images of two classes.
pub(crate) struct Set {
    /// `(n, DIM)`, norms at most one.
    pub(crate) points: Mat,
    /// `(n, 1)`: ±1.
    pub(crate) labels: Mat,
}

/// The first `count` airplanes and cats of a batch.
pub(crate) fn airplanes_and_cats(path: &Path, count: usize) -> Result<Set, Box<dyn Error>> {
    let images: Images = read_file(path, read_cifar10)?;
    let class = |label: usize| match label {
        0 => Some(1.0),
        3 => Some(-1.0),
        _ => None,
    };
    let chosen: Vec<(usize, f64)> = images
        .labels()
        .iter()
        .enumerate()
        .filter_map(|(i, &label)| class(label).map(|label| (i, label)))
        .take(count)
        .collect();
    let pixels = Mat::from_fn(chosen.len(), CIFAR_PIXELS, |i, j| images.pixels()[(chosen[i].0, j)] - 0.5);
    let labels = Mat::from_fn(chosen.len(), 1, |i, _| chosen[i].1);
    Ok(Set { points: features(pixels.as_ref())?, labels })
}

/// Low frequencies over the radius; longer rows are scaled back to one.
fn features(pixels: MatRef<'_>) -> Result<Mat, Box<dyn Error>> {
    let mut points = matmul_nt(pixels, transform().as_ref(), Parallelism::available())?;
    for i in 0..points.nrows() {
        let row = points.row_mut(i);
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        for x in row {
            *x /= norm.max(RADIUS);
        }
    }
    Ok(points)
}

/// Orthonormal rows `(DIM, 3072)`: products of cosines on each colour's plane.
fn transform() -> Mat {
    let cosine = |k: usize, x: usize| {
        let scale = if k == 0 { 1.0 } else { 2.0_f64.sqrt() } / (SIDE as f64).sqrt();
        scale * (core::f64::consts::PI * k as f64 * (x as f64 + 0.5) / SIDE as f64).cos()
    };
    let plane = SIDE * SIDE;
    Mat::from_fn(DIM, CIFAR_PIXELS, |row, pixel| {
        let (colour, rest) = (row / (FREQUENCIES * FREQUENCIES), row % (FREQUENCIES * FREQUENCIES));
        let place = pixel % plane;
        if pixel / plane == colour {
            cosine(rest / FREQUENCIES, place / SIDE) * cosine(rest % FREQUENCIES, place % SIDE)
        } else {
            0.0
        }
    })
}
