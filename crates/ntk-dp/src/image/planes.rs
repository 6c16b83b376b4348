//! Planes of numbers: filtering, halving and pooling, with one order of operations for each number.

use super::wavelets::{Bank, GROUP, HALF, ORIENTATIONS, PARTS, SIDE};

/// Numbers that are filtered together.
const LANES: usize = 8;

/// Rows of numbers, one after another.
#[derive(Debug, Clone, Default)]
pub(super) struct Plane {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) values: Vec<f32>,
}

/// The pixel that stands at `i`, which may be outside: the plane goes on as its mirror image, edges twice.
fn reflected(i: isize, size: usize) -> usize {
    let at = i.rem_euclid(2 * size as isize) as usize;
    if at < size { at } else { 2 * size - 1 - at }
}

impl Plane {
    pub(super) fn new(height: usize, width: usize, values: Vec<f32>) -> Self {
        Self { height, width, values }
    }

    /// Averages of 2×2 pixels; the last row or column of an odd number counts twice.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a loop that is compiled for each instruction set")]
    pub(super) fn halved(&self) -> Self {
        let (height, width) = (self.height.div_ceil(2), self.width.div_ceil(2));
        let mut values = Vec::with_capacity(height * width);
        for y in 0..height {
            let row =
                |dy: usize| &self.values[(2 * y + dy).min(self.height - 1) * self.width..][..self.width];
            let (top, bottom) = (row(0), row(1));
            for x in 0..width {
                let (a, b) = (2 * x, (2 * x + 1).min(self.width - 1));
                values.push(0.25 * ((top[a] + top[b]) + (bottom[a] + bottom[b])));
            }
        }
        Self { height, width, values }
    }

    /// With a margin of reflected pixels, and rows long enough for whole runs of lanes.
    fn padded(&self) -> Self {
        let (height, width) = (self.height + 2 * HALF, self.width.next_multiple_of(LANES) + 2 * HALF);
        let columns: Vec<usize> =
            (0..width).map(|x| reflected(x as isize - HALF as isize, self.width)).collect();
        let mut values = Vec::with_capacity(height * width);
        for y in 0..height {
            let row = &self.values[reflected(y as isize - HALF as isize, self.height) * self.width..];
            values.extend(columns.iter().map(|&x| row[x]));
        }
        Self { height, width, values }
    }

    /// `|x ∗ ψ|` for each orientation.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a loop that is compiled for each instruction set")]
    pub(super) fn moduli(&self, bank: &Bank) -> Vec<Self> {
        let padded = self.padded();
        let mut out: Vec<Self> = (0..ORIENTATIONS)
            .map(|_| Self::new(self.height, self.width, vec![0.0; self.height * self.width]))
            .collect();
        for (taps, out) in bank.groups.iter().zip(out.chunks_mut(GROUP)) {
            for y in 0..self.height {
                for x in (0..self.width).step_by(LANES) {
                    let mut sums = [[0.0_f32; LANES]; PARTS];
                    for (dy, taps) in taps.chunks_exact(SIDE).enumerate() {
                        let row = &padded.values[(y + dy) * padded.width + x..][..LANES + SIDE - 1];
                        for (dx, taps) in taps.iter().enumerate() {
                            let pixels: &[f32; LANES] = row[dx..].first_chunk().expect("a margin");
                            for (sums, tap) in sums.iter_mut().zip(taps) {
                                for (sum, pixel) in sums.iter_mut().zip(pixels) {
                                    *sum += tap * pixel;
                                }
                            }
                        }
                    }
                    let lanes = LANES.min(self.width - x);
                    let (re, im) = sums.split_at(GROUP);
                    for (plane, (re, im)) in out.iter_mut().zip(re.iter().zip(im)) {
                        let at = y * self.width + x;
                        let moduli = plane.values[at..at + lanes].iter_mut();
                        moduli
                            .zip(re.iter().zip(im))
                            .for_each(|(out, (re, im))| *out = (re * re + im * im).sqrt());
                    }
                }
            }
        }
        out
    }
}

/// Gaussian averages around the middles of cells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pooling {
    /// `(cells, rows)`.
    vertical: Weights,
    /// `(cells, columns)`.
    horizontal: Weights,
}

/// Weights `(cells, size)` that sum to one in each cell.
#[derive(Debug, Clone, PartialEq)]
struct Weights {
    size: usize,
    values: Vec<f32>,
}

impl Weights {
    fn new(size: usize, cells: usize, width: f64) -> Self {
        let mut values = vec![0.0; size * cells];
        for (i, row) in values.chunks_mut(size).enumerate() {
            let middle = (i as f64 + 0.5) * size as f64 / cells as f64 - 0.5;
            let reach = (6.0 * width).ceil() as isize + 1;
            for p in middle.floor() as isize - reach..=middle.ceil() as isize + reach {
                let distance = (p as f64 - middle) / width;
                row[reflected(p, size)] += (-0.5 * distance * distance).exp();
            }
            let total: f64 = row.iter().sum();
            for weight in row.iter_mut() {
                *weight /= total;
            }
        }
        Self { size, values: values.iter().map(|&weight| weight as f32).collect() }
    }
}

impl Pooling {
    /// From planes of `(height, width)` to `cells` of them, with a standard deviation of `width_of_cell` cells.
    pub(super) fn new((height, width): (usize, usize), cells: (usize, usize), width_of_cell: f64) -> Self {
        let weights =
            |size: usize, cells: usize| Weights::new(size, cells, width_of_cell * size as f64 / cells as f64);
        Self { vertical: weights(height, cells.0), horizontal: weights(width, cells.1) }
    }

    /// Cells, row by row.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a loop that is compiled for each instruction set")]
    pub(super) fn apply(&self, plane: &Plane, scratch: &mut Vec<f32>, out: &mut [f32]) {
        let columns = out.len() * self.vertical.size / self.vertical.values.len();
        for (weights, out) in self.vertical.values.chunks(self.vertical.size).zip(out.chunks_mut(columns)) {
            scratch.clear();
            scratch.resize(plane.width, 0.0);
            for (weight, row) in weights.iter().zip(plane.values.chunks(plane.width)) {
                scratch.iter_mut().zip(row).for_each(|(sum, x)| *sum += weight * x);
            }
            for (weights, out) in self.horizontal.values.chunks(self.horizontal.size).zip(out) {
                *out = weights.iter().zip(&*scratch).fold(0.0, |sum, (weight, x)| sum + weight * x);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(height: usize, width: usize) -> Plane {
        let values = (0..height * width).map(|i| ((7 * i * i + 3 * i) % 11) as f32 / 11.0).collect();
        Plane::new(height, width, values)
    }

    /// One number at a time, in `f64`.
    fn naive(plane: &Plane, bank: &Bank, k: usize, (y, x): (usize, usize)) -> f64 {
        let (mut re, mut im) = (0.0, 0.0);
        for t in 0..SIDE * SIDE {
            let at = |i: usize, d: usize, size| reflected((i + d) as isize - HALF as isize, size);
            let (row, column) = (at(y, t / SIDE, plane.height), at(x, t % SIDE, plane.width));
            let pixel = f64::from(plane.values[row * plane.width + column]);
            let taps = &bank.groups[k / GROUP][t];
            re += f64::from(taps[k % GROUP]) * pixel;
            im += f64::from(taps[GROUP + k % GROUP]) * pixel;
        }
        (re * re + im * im).sqrt()
    }

    #[test]
    fn moduli_are_those_of_the_sum_over_all_taps_for_any_size() {
        let bank = Bank::new();
        for (height, width) in [(1, 1), (1, 9), (2, 3), (8, 8), (13, 17)] {
            let plane = plane(height, width);
            for (k, found) in plane.moduli(&bank).iter().enumerate() {
                for (i, found) in found.values.iter().enumerate() {
                    let expected = naive(&plane, &bank, k, (i / width, i % width));
                    // 49 products of numbers up to one, in f32
                    assert!((f64::from(*found) - expected).abs() < 1e-5, "{height}x{width} {k} {i}");
                }
            }
        }
    }

    #[test]
    fn pooling_keeps_constants_and_halving_keeps_the_mean() {
        let flat = Plane::new(5, 7, vec![0.25; 35]);
        let mut cells = [0.0; 4];
        Pooling::new((5, 7), (2, 2), 0.4).apply(&flat, &mut Vec::new(), &mut cells);
        assert!(cells.iter().all(|cell| (cell - 0.25).abs() < 1e-6));
        let plane = plane(6, 10);
        let (whole, half): (f32, f32) = (plane.values.iter().sum(), plane.halved().values.iter().sum());
        assert!((whole / 60.0 - half / 15.0).abs() < 1e-6);
    }
}
