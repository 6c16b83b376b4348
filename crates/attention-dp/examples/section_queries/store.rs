//! The store: keys, sections as unit vectors, queries with their sections.

use attention_dp::io::MatrixReader;
use dp_linalg::Mat;
use std::error::Error;
use std::path::Path;

pub(crate) const SECTIONS: usize = 16;

/// Rows that are private; those after them are queries.
const PRIVATE: usize = 18_000;

pub(crate) struct Store {
    /// `(18000, 384)`.
    pub(crate) keys: Mat,
    /// `(18000, 16)`.
    pub(crate) values: Mat,
    /// `(2000, 384)`.
    pub(crate) queries: Mat,
    sections: Vec<usize>,
}

impl Store {
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let whole = |tensor| -> Result<Mat, Box<dyn Error>> {
            let mut reader = MatrixReader::open(path, Some(tensor))?;
            let rows = reader.shape().0;
            Ok(reader.next_rows(rows)?.ok_or("the file holds no rows")?)
        };
        let (keys, labels) = (whole("keys")?, whole("labels")?);
        if keys.nrows() <= PRIVATE || labels.nrows() != keys.nrows() {
            return Err(format!("more than {PRIVATE} keys with as many labels are needed").into());
        }
        let section = |row: usize| (labels[(row, 0)] as usize).min(SECTIONS - 1);
        Ok(Self {
            values: Mat::from_fn(PRIVATE, SECTIONS, |i, j| f64::from(u8::from(section(i) == j))),
            sections: (PRIVATE..keys.nrows()).map(section).collect(),
            queries: keys.as_ref().subrows(PRIVATE..keys.nrows()).to_owned(),
            keys: keys.as_ref().subrows(0..PRIVATE).to_owned(),
        })
    }

    /// Share of queries whose largest score over the prior is their section.
    pub(crate) fn accuracy(&self, scores: impl Fn(usize) -> Vec<f64>, prior: &[f64]) -> f64 {
        let names = |i: usize| {
            let scores = scores(i);
            let weighed = |j: &usize| scores[*j] / prior[*j].max(1e-3);
            (0..SECTIONS).max_by(|a, b| weighed(a).total_cmp(&weighed(b)).then(b.cmp(a)))
        };
        let right =
            self.sections.iter().enumerate().filter(|(i, section)| names(*i) == Some(**section)).count();
        right as f64 / self.sections.len() as f64
    }
}
