//! Many rows at a time, each as if alone: the same operations in the same order as in [`RoundEncoder::encode`], beside each other.

use super::encode::{Length, RoundEncoder, radius_to_grid, shrunk, unit_exponent};
use crate::private::floats::power_of_two;
use dp_linalg::{Mat, MatRef};

/// Rows of a tile: a few hundred thousand bytes at most, which stay in the cache.
pub(super) const TILE: usize = 128;
/// Rows whose sums are in registers together.
const LANES: usize = 16;

/// Whitened rows, one a column, and their lengths.
pub(super) struct Tile {
    /// `(d, TILE)`: rows, then whitened rows, then integers.
    columns: Mat,
    /// Integers row by row, `(TILE, d)`.
    rows: Mat,
    /// None for rows that are not finite.
    exponents: [Option<i32>; TILE],
    used: usize,
}

impl Tile {
    pub(super) fn new(dim: usize) -> Self {
        Self { columns: Mat::zeros(dim, TILE), rows: Mat::zeros(TILE, dim), exponents: [None; TILE], used: 0 }
    }

    /// At most [`TILE`] rows, scaled by powers of two and whitened.
    fn whiten(&mut self, root: MatRef<'_>, rows: MatRef<'_>) {
        self.used = rows.nrows().min(TILE);
        self.columns.as_mut_slice().fill(0.0);
        for (i, row) in rows.rows().take(TILE).enumerate() {
            self.exponents[i] = unit_exponent(row);
            if let Some(exponent) = self.exponents[i] {
                let unit = power_of_two(-exponent);
                row.iter().enumerate().for_each(|(j, a)| self.columns.row_mut(j)[i] = a * unit);
            }
        }
        // y_k needs rows k, k + 1, … alone, so that it may take the place of row k
        for k in 0..root.nrows() {
            for start in (0..TILE).step_by(LANES) {
                let mut sums = [0.0; LANES];
                for j in k..root.nrows() {
                    let t = root.row(j)[k];
                    let lanes = &self.columns.row(j)[start..start + LANES];
                    sums.iter_mut().zip(lanes).for_each(|(sum, a)| *sum += a * t);
                }
                self.columns.row_mut(k)[start..start + LANES].copy_from_slice(&sums);
            }
        }
    }

    fn squares(&self) -> [f64; TILE] {
        let mut squares = [0.0; TILE];
        for row in self.columns.rows() {
            squares.iter_mut().zip(row).for_each(|(square, y)| *square += y * y);
        }
        squares
    }

    /// Integers of at most [`TILE`] rows: as columns `(d, n)`, and as rows `(n, d)`.
    pub(super) fn integers(&mut self, encoder: &RoundEncoder, rows: MatRef<'_>) -> (MatRef<'_>, MatRef<'_>) {
        self.whiten(encoder.root(), rows);
        let mut gains = [0.0; TILE];
        for (i, square) in self.squares()[..self.used].iter().enumerate() {
            let length = |exponent| Length { norm: square.sqrt(), exponent };
            gains[i] = self.exponents[i].map_or(0.0, |exponent| encoder.gain(length(exponent)));
        }
        for k in 0..self.columns.nrows() {
            self.columns
                .row_mut(k)
                .iter_mut()
                .zip(&gains)
                .for_each(|(y, gain)| *y = f64::from((*y * gain) as i32));
        }
        for (i, square) in self.squares()[..self.used].iter().enumerate() {
            let z = self.rows.row_mut(i);
            z.iter_mut().enumerate().for_each(|(k, z)| *z = self.columns.row(k)[i]);
            if shrunk(z, *square) {
                z.iter().enumerate().for_each(|(k, z)| self.columns.row_mut(k)[i] = *z);
            }
        }
        (self.columns.as_ref().subcols(0..self.used), self.rows.as_ref().subrows(0..self.used))
    }

    /// Adds the cells of radii of at most [`TILE`] rows.
    pub(super) fn cells(&mut self, encoder: &RoundEncoder, rows: MatRef<'_>, cells: &mut Vec<i64>) {
        self.whiten(encoder.root(), rows);
        let squares = self.squares();
        cells.extend(self.exponents[..self.used].iter().zip(squares).map(|(exponent, square)| {
            let cell = |exponent| radius_to_grid(Length { norm: square.sqrt(), exponent }.radius());
            exponent.map_or(i64::MAX, cell)
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_beside_each_other_are_as_if_alone(
            rows in proptest::collection::vec(any::<f64>(), 3 * 40), small in proptest::collection::vec(-9.0..9.0_f64, 3 * 40),
            entries in proptest::collection::vec(-3.0..3.0_f64, 9), order in 1_u32..5
        ) {
            let root = Mat::from_vec(3, 3, entries).unwrap();
            let encoder = RoundEncoder::new(root.as_ref(), 6.0, 2 * order).unwrap();
            let mut tile = Tile::new(3);
            for data in [rows, small] {
                let rows = Mat::from_vec(40, 3, data).unwrap();
                let mut alone = Mat::zeros(40, 3);
                rows.rows().enumerate().for_each(|(i, row)| encoder.encode(row, alone.row_mut(i)).unwrap());
                let (columns, integers) = tile.integers(&encoder, rows.as_ref());
                prop_assert_eq!(integers.to_owned(), alone.clone());
                prop_assert_eq!(columns.transpose(), alone);
                let mut cells = Vec::new();
                tile.cells(&encoder, rows.as_ref(), &mut cells);
                let mut y = [0.0; 3];
                let each: Vec<i64> = rows.rows().map(|row| encoder.cell(row, &mut y)).collect();
                prop_assert_eq!(cells, each);
            }
        }
    }
}
