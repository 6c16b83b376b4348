//! What the first reading of all rows collects, block by block.

use crate::parts::in_parts;
use crate::scan::CoreRow;
use crate::sparse::{Block, RowRef};
use core::ops::Range;
use dp_linalg::Parallelism;

/// Rows that are collected, and counts. None of it depends on how rows are cut into blocks, or on threads.
#[derive(Debug)]
pub(crate) struct Reading {
    /// Rows read.
    pub(crate) rows: usize,
    /// Rows that do not take part.
    pub(crate) dropped: usize,
    /// The largest absolute entry of each column.
    pub(crate) sizes: Vec<f64>,
    /// The rows that have them, the first among equals.
    extreme: Vec<Option<CoreRow>>,
    /// Every `stride`-th row, some [`capacity`](Self::capacity) to twice as many.
    even: Vec<CoreRow>,
    /// Numbers of rows asked for, in order.
    wanted: Vec<usize>,
    asked_for: Vec<CoreRow>,
}

impl Reading {
    pub(crate) fn new(d: usize, mut wanted: Vec<usize>) -> Self {
        wanted.sort_unstable();
        Self {
            rows: 0,
            dropped: 0,
            sizes: vec![0.0; d],
            extreme: vec![None; d],
            even: Vec::new(),
            wanted,
            asked_for: Vec::new(),
        }
    }

    fn capacity(&self) -> usize {
        8 * self.sizes.len()
    }

    pub(crate) fn block(&mut self, block: Block<'_>, parallelism: Parallelism) {
        let parts = in_parts(block.nrows(), parallelism, |range| {
            Extremes::above(&self.sizes, block.subrows(range.clone()), range)
        });
        for part in parts {
            self.dropped += part.dropped;
            self.raise(&part, block);
        }
        let here = self.rows..self.rows + block.nrows();
        let fetch = |row: usize| takes_part(block, row - here.start).then(|| self.fetch(block, row));
        let asked_for: Vec<CoreRow> = self.wanted_in(&here).iter().copied().filter_map(fetch).collect();
        let stride = here.end.div_ceil(2 * self.capacity()).next_power_of_two();
        let even: Vec<CoreRow> =
            (here.start.next_multiple_of(stride)..here.end).step_by(stride).filter_map(fetch).collect();
        self.asked_for.extend(asked_for);
        self.even.retain(|kept| kept.row.is_multiple_of(stride));
        self.even.extend(even);
        self.rows = here.end;
    }

    fn raise(&mut self, part: &Extremes, block: Block<'_>) {
        for (j, (&size, &holder)) in part.sizes.iter().zip(&part.holders).enumerate() {
            if size > self.sizes[j] {
                self.sizes[j] = size;
                self.extreme[j] = Some(self.fetch(block, self.rows + holder));
            }
        }
    }

    /// A row of the block at hand.
    fn fetch(&self, block: Block<'_>, row: usize) -> CoreRow {
        CoreRow { row, entries: block.row(row - self.rows).to_dense(self.sizes.len()) }
    }

    fn wanted_in(&self, here: &Range<usize>) -> &[usize] {
        let position = |row: usize| self.wanted.partition_point(|wanted| *wanted < row);
        &self.wanted[position(here.start)..position(here.end)]
    }

    /// All rows that were kept; ordered, distinct.
    pub(crate) fn into_sample(self) -> Vec<CoreRow> {
        let extreme = self.extreme.into_iter().flatten();
        let mut sample: Vec<CoreRow> = self.even.into_iter().chain(extreme).chain(self.asked_for).collect();
        sample.sort_unstable_by_key(|kept| kept.row);
        sample.dedup_by_key(|kept| kept.row);
        sample
    }
}

fn takes_part(block: Block<'_>, i: usize) -> bool {
    block.row(i).takes_part()
}

/// The largest absolute entries of some consecutive rows of a block, as far as they are larger than those before.
#[derive(Debug)]
struct Extremes {
    sizes: Vec<f64>,
    /// Numbers in the block.
    holders: Vec<usize>,
    dropped: usize,
}

impl Extremes {
    fn above(sizes: &[f64], rows: Block<'_>, numbers: Range<usize>) -> Self {
        let mut extremes = Self { sizes: sizes.to_vec(), holders: vec![0; sizes.len()], dropped: 0 };
        for (i, number) in numbers.enumerate() {
            let row = rows.row(i);
            if row.takes_part() {
                extremes.offer(row, number);
            } else {
                extremes.dropped += 1;
            }
        }
        extremes
    }

    fn offer(&mut self, row: RowRef<'_>, number: usize) {
        match row {
            RowRef::Dense(values) => {
                // most rows raise nothing; without a branch, the compiler may use vectors
                let raises = |(x, size): (&f64, &f64)| x.abs() > *size;
                if values.iter().zip(&self.sizes).fold(false, |any, pair| any | raises(pair)) {
                    values.iter().enumerate().for_each(|(j, x)| self.raise(j, x.abs(), number));
                }
            }
            RowRef::Sparse { columns, values } => {
                columns.iter().zip(values).for_each(|(&j, x)| self.raise(j, x.abs(), number));
            }
        }
    }

    fn raise(&mut self, j: usize, size: f64, number: usize) {
        if size > self.sizes[j] {
            self.sizes[j] = size;
            self.holders[j] = number;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_linalg::Mat;

    fn read(rows: &Mat, size: usize, threads: usize) -> (usize, Vec<f64>, Vec<CoreRow>) {
        let mut reading = Reading::new(rows.ncols(), vec![4999, 17, 9000]);
        for start in (0..rows.nrows()).step_by(size) {
            let block = rows.as_ref().subrows(start..rows.nrows().min(start + size));
            reading.block(Block::Dense(block), Parallelism::threads(threads));
        }
        (reading.dropped, reading.sizes.clone(), reading.into_sample())
    }

    #[test]
    fn neither_blocks_nor_threads_change_what_is_kept() {
        let mut rows = Mat::from_fn(10_000, 3, |i, j| ((i * (j + 2)) as f64).sin());
        rows[(5001, 1)] = f64::NAN;
        rows[(7000, 2)] = -9.0;
        let whole = read(&rows, 10_000, 1);
        assert_eq!((whole.0, whole.1[2]), (1, 9.0));
        let has = |row| whole.2.iter().any(|kept| kept.row == row);
        assert!(has(17) && has(4999) && has(7000) && has(9000) && !has(5001) && whole.2.len() <= 48 + 6);
        for (size, threads) in [(10_000, 4), (7, 1), (4000, 2), (9999, 3)] {
            assert_eq!(read(&rows, size, threads), whole, "{size} {threads}");
        }
    }
}
