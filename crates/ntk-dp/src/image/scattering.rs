//! Two orders of wavelet moduli, averaged over cells.

use super::ImageShape;
use super::planes::{Plane, Pooling};
use super::wavelets::{Bank, ORIENTATIONS};
use crate::Error;
use dp_linalg::{Mat, MatRef, Parallelism};
use pulp::{Arch, Simd, WithSimd};

/// Maps of one plane: averages, moduli at two scales, moduli of moduli.
const MAPS: usize = 1 + 2 * ORIENTATIONS + ORIENTATIONS * ORIENTATIONS;
/// Pixels of a cell, about.
const CELL: usize = 4;
/// Standard deviation of an average, in cells.
const SPREAD: f64 = 0.4;

/// What an image means the same as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Symmetry {
    /// Nothing else.
    None,
    /// Its mirror image, left and right exchanged: features are averaged over both.
    Mirror,
}

/// How three channels become planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Colours {
    /// As they are.
    Given,
    /// Brightness and two differences of colour, by an orthogonal map: photographs differ most in the first. Not better on the pictures
    /// that defaults were chosen with (benches/README.md).
    Opponent,
}

/// What becomes of an average `x`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// It stays.
    None,
    /// `±√|x|`: moduli have few large values and many small ones.
    Root,
}

/// Wavelet scattering of images: a fixed map that few pixels moved change little (Mallat 2012, "Group invariant scattering"; Bruna, Mallat 2013).
///
/// Channels are planes as they are, unless [`Colours`] says otherwise. For each plane `x`, Morlet wavelets `ψₖ`
/// in eight orientations, and averages `A` over cells of about 4×4 pixels, the coefficients are, each under the root `±√|·|` (unless
/// [`Compression`] says otherwise),
///
/// ```text
/// A x,    A|x ∗ ψₖ|,    A|x₂ ∗ ψₖ|,    A||x ∗ ψₖ|₂ ∗ ψₗ|          (·)₂: at half of the resolution
/// ```
///
/// 81 maps of a plane. Planes go on beyond their edges as their mirror images.
///
/// Each number is a function of the image alone, by `+ × √` in one order of operations and without fused products: the same on every machine but
/// for the last bits of the filters, which are made with the platform's `exp`, `sin` and `cos`.
///
/// ```
/// use dp_linalg::{Mat, Parallelism};
/// use ntk_dp::image::{ImageShape, Scattering, Symmetry};
///
/// let shape = ImageShape::new(1, 8, 8)?;
/// let scattering = Scattering::new(shape).with_symmetry(Symmetry::Mirror);
/// let image = Mat::from_fn(1, 64, |_, i| f64::from((i % 8) as u32)); // brighter to the right
/// let mirrored = Mat::from_fn(1, 64, |_, i| f64::from(7 - (i % 8) as u32));
/// let [one, two] = [image, mirrored].map(|image| scattering.apply(image.as_ref(), Parallelism::Sequential));
/// let (one, two) = (one?, two?);
/// assert_eq!(one.shape(), (1, 81 * 2 * 2));
/// assert!(one.as_slice().iter().zip(two.as_slice()).all(|(a, b)| (a - b).abs() < 1e-2));
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scattering {
    shape: ImageShape,
    symmetry: Symmetry,
    colours: Colours,
    compression: Compression,
    bank: Bank,
    whole: Pooling,
    half: Pooling,
}

impl Scattering {
    /// For images of one shape, without symmetry.
    #[must_use]
    pub fn new(shape: ImageShape) -> Self {
        let cells = (shape.height().div_ceil(CELL), shape.width().div_ceil(CELL));
        let half = (shape.height().div_ceil(2), shape.width().div_ceil(2));
        Self {
            shape,
            symmetry: Symmetry::None,
            colours: Colours::Given,
            compression: Compression::Root,
            bank: Bank::new(),
            whole: Pooling::new((shape.height(), shape.width()), cells, SPREAD),
            half: Pooling::new(half, cells, SPREAD),
        }
    }

    /// Images that mean the same get the same features.
    #[must_use]
    pub fn with_symmetry(self, symmetry: Symmetry) -> Self {
        Self { symmetry, ..self }
    }

    /// How three channels become planes; [`Colours::Given`] unless said otherwise. Other numbers of channels are planes as they are.
    #[must_use]
    pub fn with_colours(self, colours: Colours) -> Self {
        Self { colours, ..self }
    }

    /// What becomes of an average; [`Compression::Root`] unless said otherwise.
    #[must_use]
    pub fn with_compression(self, compression: Compression) -> Self {
        Self { compression, ..self }
    }

    /// Shape of an image.
    #[must_use]
    pub const fn shape(&self) -> ImageShape {
        self.shape
    }

    /// Maps of an image.
    #[must_use]
    pub const fn maps(&self) -> usize {
        MAPS * self.shape.channels()
    }

    /// Rows and columns of cells.
    #[must_use]
    pub const fn cells(&self) -> (usize, usize) {
        (self.shape.height().div_ceil(CELL), self.shape.width().div_ceil(CELL))
    }

    /// Coefficients of an image: maps, each with its cells row by row.
    #[must_use]
    pub const fn dim(&self) -> usize {
        let (rows, columns) = self.cells();
        self.maps() * rows * columns
    }

    /// Coefficients `(n, dim)` of images `(n, c·h·w)`; NaN throughout for an image with an entry that is not finite, or beyond `10¹⁵`.
    ///
    /// # Errors
    /// [`Error::Length`] for images of another shape.
    pub fn apply(&self, images: MatRef<'_>, parallelism: Parallelism) -> Result<Mat<f32>, Error> {
        self.shape.check(images.ncols())?;
        let mut out = Mat::filled(images.nrows(), self.dim(), 0.0);
        for_each_row(images, &mut out, parallelism, |image, out| self.apply_one(image, out));
        Ok(out)
    }

    /// Of one image.
    pub(super) fn apply_one(&self, image: &[f64], out: &mut [f32]) {
        if image.iter().all(|x| x.abs() <= 1e15) {
            Arch::new().dispatch(One { scattering: self, image, out });
        } else {
            out.fill(f32::NAN);
        }
    }

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a loop that is compiled for each instruction set")]
    fn scatter(&self, image: &[f64], out: &mut [f32]) {
        let (rows, columns) = self.cells();
        let size = rows * columns;
        let mut scratch = Vec::new();
        let (height, width) = (self.shape.height(), self.shape.width());
        for (values, out) in self.planes(image).into_iter().zip(out.chunks_exact_mut(MAPS * size)) {
            let plane = Plane::new(height, width, values);
            let mut cells = out.chunks_exact_mut(size);
            let mut pool = |pooling: &Pooling, plane: &Plane| {
                pooling.apply(plane, &mut scratch, cells.next().expect("one for each map"));
            };
            pool(&self.whole, &plane);
            let moduli = plane.moduli(&self.bank);
            for modulus in &moduli {
                pool(&self.whole, modulus);
            }
            plane.halved().moduli(&self.bank).iter().for_each(|modulus| pool(&self.half, modulus));
            for modulus in &moduli {
                modulus.halved().moduli(&self.bank).iter().for_each(|second| pool(&self.half, second));
            }
        }
        if self.symmetry == Symmetry::Mirror {
            symmetrise(out, (rows, columns));
        }
        if self.compression == Compression::Root {
            for x in out.iter_mut() {
                *x = if *x < 0.0 { -(-*x).sqrt() } else { x.sqrt() };
            }
        }
    }

    /// Planes in `f32`.
    fn planes(&self, image: &[f64]) -> Vec<Vec<f32>> {
        let size = self.shape.height() * self.shape.width();
        let planes: Vec<&[f64]> = image.chunks_exact(size).collect();
        let ([red, green, blue], Colours::Opponent) = (&planes[..], self.colours) else {
            return planes.iter().map(|plane| plane.iter().map(|&x| x as f32).collect()).collect();
        };
        let mixed = |a: f64, b: f64, c: f64| {
            let norm = (a * a + b * b + c * c).sqrt();
            let pixels = red.iter().zip(*green).zip(*blue);
            pixels.map(|((r, g), v)| ((a * r + b * g + c * v) / norm) as f32).collect()
        };
        vec![mixed(1.0, 1.0, 1.0), mixed(1.0, 0.0, -1.0), mixed(1.0, -2.0, 1.0)]
    }
}

/// Which map becomes which when left and right are exchanged: orientation `k` becomes `−k`.
fn mirrored_map(map: usize) -> usize {
    let opposite = |k: usize| (ORIENTATIONS - k) % ORIENTATIONS;
    let second = 1 + 2 * ORIENTATIONS;
    match map {
        0 => 0,
        m if m < second => 1 + (m - 1) / ORIENTATIONS * ORIENTATIONS + opposite((m - 1) % ORIENTATIONS),
        m => {
            let (first, then) = ((m - second) / ORIENTATIONS, (m - second) % ORIENTATIONS);
            second + opposite(first) * ORIENTATIONS + opposite(then)
        }
    }
}

/// Averages with the coefficients of the mirrored image, which are these in another order.
fn symmetrise(out: &mut [f32], (rows, columns): (usize, usize)) {
    let size = rows * columns;
    for plane in out.chunks_exact_mut(MAPS * size) {
        let before = plane.to_vec();
        for (map, cells) in plane.chunks_exact_mut(size).enumerate() {
            let other = &before[mirrored_map(map) * size..][..size];
            for (cells, other) in cells.chunks_exact_mut(columns).zip(other.chunks_exact(columns)) {
                cells.iter_mut().zip(other.iter().rev()).for_each(|(a, b)| *a = 0.5 * (*a + b));
            }
        }
    }
}

struct One<'a> {
    scattering: &'a Scattering,
    image: &'a [f64],
    out: &'a mut [f32],
}

impl WithSimd for One<'_> {
    type Output = ();

    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a loop that is compiled for each instruction set")]
    fn with_simd<S: Simd>(self, _: S) {
        self.scattering.scatter(self.image, self.out);
    }
}

/// Rows of `out` from rows of `images`, in as many threads as allowed.
pub(super) fn for_each_row<T: dp_linalg::Scalar>(
    images: MatRef<'_>,
    out: &mut Mat<T>,
    parallelism: Parallelism,
    work: impl Fn(&[f64], &mut [T]) + Sync,
) {
    let (n, dim) = out.shape();
    if n == 0 || dim == 0 {
        return;
    }
    let each = n.div_ceil(parallelism.get().min(n));
    std::thread::scope(|scope| {
        for (k, out) in out.as_mut_slice().chunks_mut(each * dim).enumerate() {
            let work = &work;
            scope.spawn(move || {
                for (i, out) in out.chunks_mut(dim).enumerate() {
                    work(images.row(k * each + i), out);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::wavelets::{GROUP, HALF, SIDE};
    use super::*;

    /// A plane of `f64`, one number at a time.
    #[derive(Clone)]
    struct Slow {
        height: usize,
        width: usize,
        values: Vec<f64>,
    }

    impl Slow {
        /// The plane goes on as its mirror image, walked there step by step.
        fn at(&self, y: isize, x: isize) -> f64 {
            let inside = |mut i: isize, size: usize| {
                while i < 0 || i >= size as isize {
                    i = if i < 0 { -1 - i } else { 2 * size as isize - 1 - i };
                }
                i as usize
            };
            self.values[inside(y, self.height) * self.width + inside(x, self.width)]
        }

        fn modulus(&self, bank: &Bank, k: usize) -> Self {
            let one = |i: usize| {
                let (mut re, mut im) = (0.0, 0.0);
                for (t, taps) in bank.groups[k / GROUP].iter().enumerate() {
                    let y = (i / self.width + t / SIDE) as isize - HALF as isize;
                    let x = (i % self.width + t % SIDE) as isize - HALF as isize;
                    re += f64::from(taps[k % GROUP]) * self.at(y, x);
                    im += f64::from(taps[GROUP + k % GROUP]) * self.at(y, x);
                }
                re.hypot(im)
            };
            Self { values: (0..self.values.len()).map(one).collect(), ..*self }
        }

        fn halved(&self) -> Self {
            let (height, width) = (self.height.div_ceil(2), self.width.div_ceil(2));
            let one = |i: usize| {
                let (y, x) = (2 * (i / width) as isize, 2 * (i % width) as isize);
                (self.at(y, x) + self.at(y, x + 1) + self.at(y + 1, x) + self.at(y + 1, x + 1)) / 4.0
            };
            Self { height, width, values: (0..height * width).map(one).collect() }
        }

        /// The Gaussian average around the middle of a cell, by its definition.
        fn pooled(&self, (rows, columns): (usize, usize), cell: usize) -> f64 {
            let spread = |size: usize, cells: usize| SPREAD * size as f64 / cells as f64;
            let middle =
                |i: usize, size: usize, cells: usize| (i as f64 + 0.5) * size as f64 / cells as f64 - 0.5;
            let (sy, sx) = (spread(self.height, rows), spread(self.width, columns));
            let my = middle(cell / columns, self.height, rows);
            let mx = middle(cell % columns, self.width, columns);
            let (mut sum, mut total) = (0.0, 0.0);
            for y in -20..40_isize {
                for x in -20..40_isize {
                    let square = ((y as f64 - my) / sy).powi(2) + ((x as f64 - mx) / sx).powi(2);
                    let weight = (-0.5 * square).exp();
                    total += weight;
                    sum += weight * self.at(y, x);
                }
            }
            sum / total
        }
    }

    fn slow(image: &[f64], (height, width): (usize, usize), cells: (usize, usize)) -> Vec<f64> {
        let (bank, plane) = (Bank::new(), Slow { height, width, values: image.to_vec() });
        let moduli: Vec<Slow> = (0..ORIENTATIONS).map(|k| plane.modulus(&bank, k)).collect();
        let mut maps = vec![plane.clone()];
        maps.extend(moduli.clone());
        maps.extend((0..ORIENTATIONS).map(|k| plane.halved().modulus(&bank, k)));
        for modulus in &moduli {
            maps.extend((0..ORIENTATIONS).map(|k| modulus.halved().modulus(&bank, k)));
        }
        let of_map =
            |map: &Slow| (0..cells.0 * cells.1).map(|cell| map.pooled(cells, cell)).collect::<Vec<_>>();
        maps.iter().flat_map(of_map).map(|x| x.signum() * x.abs().sqrt()).collect()
    }

    #[test]
    fn coefficients_are_those_of_their_definition_in_double_precision() {
        for (height, width) in [(8, 8), (7, 10)] {
            let scattering = Scattering::new(ImageShape::new(1, height, width).unwrap());
            let image: Vec<f64> =
                (0..height * width).map(|i| ((i * i * 3 + i) % 17) as f64 / 8.5 - 1.0).collect();
            let mut found = vec![0.0; scattering.dim()];
            scattering.apply_one(&image, &mut found);
            let expected = slow(&image, (height, width), scattering.cells());
            assert_eq!(found.len(), expected.len());
            for (i, (a, b)) in found.iter().zip(expected).enumerate() {
                // squares differ by sums of some hundred roundings of f32
                let (a, b) = (f64::from(*a), b);
                assert!((a * a.abs() - b * b.abs()).abs() < 1e-5, "{height}x{width} {i}: {a} {b}");
            }
        }
    }

    #[test]
    fn mirroring_twice_gives_every_map_back() {
        let mut seen = [false; MAPS];
        for map in 0..MAPS {
            assert_eq!(mirrored_map(mirrored_map(map)), map);
            seen[mirrored_map(map)] = true;
        }
        assert!(seen.iter().all(|seen| *seen));
    }
}
