//! Scattering coefficients, centred, weighted and cut by what pictures of nothing say.

use super::scattering::for_each_row;
use super::{CellBasis, FeatureOptions, Scattering};
use crate::Error;
use core::f64::consts::PI;
use dp_linalg::{Accumulate, Mat, MatRef, Parallelism, SymmetricEigen, matmul_tn_into};
use pulp::{Arch, Simd, WithSimd};

/// Directions whose second moment is below this part of the largest one are noise of `f32`.
const NEGLIGIBLE: f64 = 1e-9;

/// Whitened scattering coefficients: `dim` numbers an image, about equally long in every direction.
///
/// Coefficients of each map are transformed over cells, by a discrete cosine transform, and for each frequency turned to the principal axes that public images
/// have there. Of all frequencies the `dim` axes with the largest second moments are kept, the mean of the public images is subtracted, and each
/// coordinate divided by its standard deviation among them. [`FeatureOptions`] has other ways.
///
/// Equal weights are what private learning wants: noise is the same in every direction, so where a few directions hold most of each row's length
/// the others drown (docs/theorems.md, Private descent). The public images need not be like the private ones for privacy, and only in their second moments for
/// accuracy: [`Textures`](super::Textures) will do.
///
/// A row is a function of its image alone, as for [`Scattering`]. The axes come from a decomposition in floating point: they are parameters.
///
/// ```
/// use dp_linalg::Parallelism;
/// use ntk_dp::image::{FeatureOptions, ImageFeatures, ImageShape, Scattering, Textures};
/// use rand::SeedableRng;
///
/// let shape = ImageShape::new(1, 16, 16)?;
/// let textures = Textures::new(shape).draw(200, &mut rand_chacha::ChaCha8Rng::seed_from_u64(1));
/// let options = FeatureOptions::new(64);
/// let features = ImageFeatures::fit(Scattering::new(shape), textures.as_ref(), &options, Parallelism::available())?;
/// let rows = features.apply(textures.as_ref(), Parallelism::available())?;
/// assert_eq!(rows.shape(), (200, 64));
/// let square: f64 = rows.as_slice().iter().map(|x| x * x).sum();
/// assert!((square / (200.0 * 64.0) - 1.0).abs() < 0.01);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ImageFeatures {
    scattering: Scattering,
    transform: CellTransform,
    frequencies: Vec<Frequency>,
    dim: usize,
}

/// What is kept of one frequency.
#[derive(Debug, Clone, PartialEq)]
struct Frequency {
    /// Where among all cells.
    cell: usize,
    /// Which coordinates of the result.
    outputs: Vec<usize>,
    /// `(maps, outputs)`: axes over standard deviations.
    axes: Vec<f32>,
    /// Mean of public images in each output.
    means: Vec<f32>,
}

/// Orthogonal transform over cells: rows and columns apart.
#[derive(Debug, Clone, PartialEq)]
struct CellTransform {
    rows: usize,
    columns: usize,
    vertical: Vec<f32>,
    horizontal: Vec<f32>,
}

/// `(size, size)`, orthogonal: coordinate by place.
fn basis(kind: CellBasis, size: usize) -> Vec<f32> {
    match kind {
        CellBasis::Cells => (0..size * size).map(|i| f32::from(u8::from(i / size == i % size))).collect(),
        CellBasis::Frequencies => cosines(size),
    }
}

/// Frequency by place.
fn cosines(size: usize) -> Vec<f32> {
    let n = size as f64;
    let entry = |u: usize, x: usize| {
        let scale = if u == 0 { 1.0 / n } else { 2.0 / n };
        (scale.sqrt() * (PI * (2 * x + 1) as f64 * u as f64 / (2.0 * n)).cos()) as f32
    };
    (0..size * size).map(|i| entry(i / size, i % size)).collect()
}

impl CellTransform {
    fn new(kind: CellBasis, (rows, columns): (usize, usize)) -> Self {
        Self { rows, columns, vertical: basis(kind, rows), horizontal: basis(kind, columns) }
    }

    /// Of a map that is one everywhere.
    fn ones(&self) -> Vec<f64> {
        let mut out = vec![0.0; self.rows * self.columns];
        self.apply(&vec![1.0; out.len()], &mut out);
        out.into_iter().map(f64::from).collect()
    }

    /// From one map after another to one coordinate after another, each with all maps.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a loop that is compiled for each instruction set")]
    fn apply(&self, maps: &[f32], out: &mut [f32]) {
        let (rows, columns) = (self.rows, self.columns);
        let size = rows * columns;
        let count = maps.len() / size;
        let (mut half, mut whole) = (vec![0.0_f32; size], vec![0.0_f32; size]);
        for (map, cells) in maps.chunks_exact(size).enumerate() {
            half.fill(0.0);
            whole.fill(0.0);
            for (out, weights) in half.chunks_exact_mut(columns).zip(self.vertical.chunks_exact(rows)) {
                for (weight, row) in weights.iter().zip(cells.chunks_exact(columns)) {
                    out.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
                }
            }
            for (out, row) in whole.chunks_exact_mut(columns).zip(half.chunks_exact(columns)) {
                for (out, weights) in out.iter_mut().zip(self.horizontal.chunks_exact(columns)) {
                    *out = weights.iter().zip(row).fold(0.0, |sum, (weight, x)| sum + weight * x);
                }
            }
            whole.iter().enumerate().for_each(|(cell, x)| out[cell * count + map] = *x);
        }
    }
}

impl ImageFeatures {
    /// Learns means and axes from public images `(m, c·h·w)`. Some thousand do; what they hold is not protected.
    ///
    /// # Errors
    /// [`Error::Width`] if the dimension is zero or beyond the directions in which the public images differ; [`Error::Length`], [`Error::NoRows`],
    /// [`Error::Point`] for an image with an entry that is not finite, or beyond `10¹⁵`.
    pub fn fit(
        scattering: Scattering,
        public: MatRef<'_>,
        options: &FeatureOptions,
        parallelism: Parallelism,
    ) -> Result<Self, Error> {
        if public.nrows() == 0 {
            return Err(Error::NoRows);
        }
        let dim = options.dim();
        let transform = CellTransform::new(options.basis(), scattering.cells());
        let coefficients = transformed(&scattering, &transform, public, parallelism)?;
        let scales = map_scales(coefficients.as_ref(), &transform.ones());
        let cells = transform.rows * transform.columns;
        let mut axes = Vec::new();
        for cell in 0..cells {
            axes.extend(principal_axes(&coefficients, (cell, &scales), parallelism)?);
        }
        axes.sort_by(|a, b| b.moment.total_cmp(&a.moment));
        let negligible = axes.first().map_or(0.0, |first| NEGLIGIBLE * first.moment);
        let usable = axes.partition_point(|axis| axis.moment > negligible);
        if dim == 0 || dim > usable {
            return Err(Error::Width);
        }
        axes.truncate(dim);
        weigh(&mut axes, options.whitening());
        let frequencies = (0..cells).filter_map(|cell| Frequency::of(cell, &axes)).collect();
        Ok(Self { scattering, transform, frequencies, dim })
    }

    /// Numbers an image.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.dim
    }

    /// The map before.
    #[must_use]
    pub const fn scattering(&self) -> &Scattering {
        &self.scattering
    }

    /// Features `(n, dim)` of images `(n, c·h·w)`, the coordinates with the largest second moments first; NaN throughout for an image with an entry that is
    /// not finite, or beyond `10¹⁵`.
    ///
    /// # Errors
    /// [`Error::Length`] for images of another shape.
    pub fn apply(&self, images: MatRef<'_>, parallelism: Parallelism) -> Result<Mat, Error> {
        self.scattering.shape().check(images.ncols())?;
        let mut out = Mat::zeros(images.nrows(), self.dim);
        let dim = self.scattering.dim();
        for_each_row(images, &mut out, parallelism, |image, out| {
            let mut coefficients = vec![0.0; 2 * dim];
            let (maps, frequencies) = coefficients.split_at_mut(dim);
            self.scattering.apply_one(image, maps);
            Arch::new().dispatch(Turned { features: self, maps, frequencies, out });
        });
        Ok(out)
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a loop that is compiled for each instruction set")]
    fn turn(&self, maps: &[f32], frequencies: &mut [f32], out: &mut [f64]) {
        self.transform.apply(maps, frequencies);
        let count = self.scattering.maps();
        let mut sums = Vec::new();
        for frequency in &self.frequencies {
            let width = frequency.outputs.len();
            sums.clear();
            sums.resize(width, 0.0_f32);
            let coefficients = &frequencies[frequency.cell * count..][..count];
            for (x, axes) in coefficients.iter().zip(frequency.axes.chunks_exact(width)) {
                sums.iter_mut().zip(axes).for_each(|(sum, axis)| *sum += x * axis);
            }
            let outputs = frequency.outputs.iter().zip(&frequency.means);
            sums.iter().zip(outputs).for_each(|(sum, (&at, mean))| out[at] = f64::from(sum - mean));
        }
    }
}

struct Turned<'a> {
    features: &'a ImageFeatures,
    maps: &'a [f32],
    frequencies: &'a mut [f32],
    out: &'a mut [f64],
}

impl WithSimd for Turned<'_> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a loop that is compiled for each instruction set")]
    fn with_simd<S: Simd>(self, _: S) {
        self.features.turn(self.maps, self.frequencies, self.out);
    }
}

/// Transformed coefficients of public images.
fn transformed(
    scattering: &Scattering,
    transform: &CellTransform,
    public: MatRef<'_>,
    parallelism: Parallelism,
) -> Result<Mat<f32>, Error> {
    scattering.shape().check(public.ncols())?;
    let mut out = Mat::filled(public.nrows(), scattering.dim(), 0.0_f32);
    for_each_row(public, &mut out, parallelism, |image, out| {
        let mut maps = vec![0.0; scattering.dim()];
        scattering.apply_one(image, &mut maps);
        transform.apply(&maps, out);
    });
    match out.rows().position(|row| row[0].is_nan()) {
        Some(row) => Err(Error::Point { row }),
        None => Ok(out),
    }
}

/// One over the standard deviation of each map, over images and cells; the transform is orthogonal, so that it may be taken after it, and
/// sums over cells are products with the transform of `ones`.
fn map_scales(coefficients: MatRef<'_, f32>, ones: &[f64]) -> Vec<f64> {
    let cells = ones.len();
    let maps = coefficients.ncols() / cells;
    let (mut sums, mut squares) = (vec![0.0; maps], vec![0.0; maps]);
    for row in coefficients.rows() {
        for (one, row) in ones.iter().zip(row.chunks_exact(maps)) {
            for (map, &x) in row.iter().enumerate() {
                let x = f64::from(x);
                squares[map] += x * x;
                sums[map] += one * x;
            }
        }
    }
    let count = (coefficients.nrows() * cells) as f64;
    let variance = |(sum, square): (&f64, &f64)| square / count - (sum / count) * (sum / count);
    let scale = |variance: f64| if variance > 1e-12 { 1.0 / variance.sqrt() } else { 0.0 };
    sums.iter().zip(&squares).map(|both| scale(variance(both))).collect()
}

/// A principal axis of one frequency.
struct Axis {
    cell: usize,
    moment: f64,
    weights: Vec<f64>,
    /// Mean of public images in this coordinate.
    mean: f64,
}

/// Divides coordinates by powers of their standard deviations, and all by one number, so that their variances sum to how many they are.
fn weigh(axes: &mut [Axis], whitening: f64) {
    let left = |axis: &Axis| axis.moment.powf(1.0 - whitening);
    let common = axes.len() as f64 / axes.iter().map(left).sum::<f64>();
    for axis in axes {
        let scale = (common * axis.moment.powf(-whitening)).sqrt();
        axis.weights.iter_mut().for_each(|weight| *weight *= scale);
        axis.mean *= scale;
    }
}

/// All axes of a frequency.
fn principal_axes(
    coefficients: &Mat<f32>,
    (cell, scales): (usize, &[f64]),
    parallelism: Parallelism,
) -> Result<Vec<Axis>, Error> {
    let (n, maps) = (coefficients.nrows(), scales.len());
    let mut rows = Mat::from_fn(n, maps, |i, j| f64::from(coefficients[(i, cell * maps + j)]) * scales[j]);
    let means: Vec<f64> = (0..maps).map(|j| (0..n).map(|i| rows[(i, j)]).sum::<f64>() / n as f64).collect();
    for i in 0..n {
        rows.row_mut(i).iter_mut().zip(&means).for_each(|(x, mean)| *x -= mean);
    }
    let mut moments = Mat::zeros(maps, maps);
    matmul_tn_into(moments.as_mut(), Accumulate::Replace, rows.as_ref(), rows.as_ref(), parallelism)?;
    let eigen = SymmetricEigen::new(moments.as_ref())?;
    let axis = |j: usize| {
        let weights = (0..maps).map(|i| eigen.vectors()[(i, j)] * scales[i]).collect();
        let mean = (0..maps).map(|i| eigen.vectors()[(i, j)] * means[i]).sum();
        Axis { cell, moment: eigen.values()[j] / n as f64, weights, mean }
    };
    Ok((0..maps).map(axis).collect())
}

impl Frequency {
    /// What the chosen axes need of a cell, if anything.
    fn of(cell: usize, axes: &[Axis]) -> Option<Self> {
        let outputs: Vec<usize> = (0..axes.len()).filter(|&j| axes[j].cell == cell).collect();
        let maps = axes[*outputs.first()?].weights.len();
        let weights =
            (0..maps).flat_map(|i| outputs.iter().map(move |&j| axes[j].weights[i] as f32)).collect();
        let means = outputs.iter().map(|&j| axes[j].mean as f32).collect();
        Some(Self { cell, outputs, axes: weights, means })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transform_over_cells_is_orthogonal() {
        for size in [1, 2, 7, 8] {
            let entries = cosines(size);
            for (a, b) in (0..size).flat_map(|a| (0..size).map(move |b| (a, b))) {
                let product: f32 = (0..size).map(|x| entries[a * size + x] * entries[b * size + x]).sum();
                assert!((product - f32::from(u8::from(a == b))).abs() < 1e-6);
            }
        }
    }
}
