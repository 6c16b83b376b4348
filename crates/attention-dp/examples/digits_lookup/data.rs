//! The private store and the queries.

use attention_dp::{Error, exact_attention};
use dp_linalg::{Mat, Parallelism};
use dp_testkit::digits;

/// Classes, of uniform public prior.
pub(crate) const CLASSES: usize = 10;
/// Coordinates of a key: the lowest frequencies of the cosine transform, without the mean ink.
pub(crate) const DIM: usize = 13;
/// What a digit looks like, drawn by hand for this example: a public stand-in for the private images.
const GLYPHS: [&str; CLASSES] = [
    "..####.. .##..##. .#....#. .#....#. .#....#. .#....#. .##..##. ..####..",
    "...##... ..###... .####... ...##... ...##... ...##... ...##... .######.",
    "..####.. .##..##. .....##. ....##.. ...##... ..##.... .##..... .######.",
    "..####.. .##..##. .....##. ...###.. .....##. .....##. .##..##. ..####..",
    "....##.. ...##... ..##.... .##.##.. .######. ....##.. ....##.. ....##..",
    ".######. .##..... .##..... .#####.. .....##. .....##. .##..##. ..####..",
    "...###.. ..##.... .##..... .#####.. .##..##. .##..##. .##..##. ..####..",
    ".######. .....##. .....##. ....##.. ..####.. ...##... ..##.... ..##....",
    "..####.. .##..##. .##..##. ..####.. .##..##. .##..##. .##..##. ..####..",
    "..####.. .##..##. .##..##. .##..##. ..#####. .....##. ....##.. ..###...",
];
/// Every fifth digit is held out.
const HELD_OUT: usize = 5;

/// Digits as keys with one-hot values, and held-out digits as queries.
pub(crate) struct Store {
    /// `(n, DIM)`, rows of norm 1.
    pub(crate) keys: Mat,
    /// `(n, CLASSES)`, one-hot.
    pub(crate) values: Mat,
    /// `(m, DIM)`, rows of norm 1.
    pub(crate) queries: Mat,
    /// `(m)`.
    pub(crate) labels: Vec<usize>,
}

impl Store {
    pub(crate) fn new() -> Result<Self, Error> {
        let rows = unit_rows();
        let labels: Vec<usize> = digits::digits().labels.iter().map(|&label| usize::from(label)).collect();
        let (held_out, stored): (Vec<usize>, Vec<usize>) =
            (0..digits::LEN).partition(|i| i % HELD_OUT == HELD_OUT - 1);
        Ok(Self {
            keys: select(&rows, &stored)?,
            values: Mat::from_fn(stored.len(), CLASSES, |i, class| f64::from(labels[stored[i]] == class)),
            queries: select(&rows, &held_out)?,
            labels: held_out.into_iter().map(|i| labels[i]).collect(),
        })
    }

    /// What attention without privacy answers, `(m, CLASSES)`.
    pub(crate) fn exact_attention(&self, softmax_scale: f64) -> Result<Mat, Error> {
        let (queries, keys, values) = (self.queries.as_ref(), self.keys.as_ref(), self.values.as_ref());
        exact_attention(queries, keys, values, softmax_scale, Parallelism::available())
    }

    /// The mean value as the answer to every query, `(m, CLASSES)`.
    pub(crate) fn mean_output(&self) -> Mat {
        let rows = self.values.nrows() as f64;
        let mean: Vec<f64> =
            (0..CLASSES).map(|class| self.values.rows().map(|row| row[class]).sum::<f64>() / rows).collect();
        Mat::from_fn(self.queries.nrows(), CLASSES, |_, class| mean[class])
    }
}

/// Projected digits relative to the mean glyph, each scaled to length 1: a function of one image alone.
fn unit_rows() -> Vec<[f64; DIM]> {
    let pixels: Vec<u8> = GLYPHS
        .iter()
        .flat_map(|glyph| glyph.bytes().filter(|b| *b != b' ').map(|b| 16 * u8::from(b == b'#')))
        .collect();
    let mut center = [0.0; DIM];
    for glyph in shapes(&pixels) {
        center.iter_mut().zip(glyph).for_each(|(sum, x)| *sum += x / CLASSES as f64);
    }
    let unit = |mut row: [f64; DIM]| {
        row.iter_mut().zip(center).for_each(|(x, c)| *x -= c);
        let norm = row.iter().map(|x| x * x).sum::<f64>().sqrt();
        // an image that is the mean glyph has no direction: it stays at the centre
        if norm > 0.0 { row.map(|x| x / norm) } else { row }
    };
    shapes(digits::digits().pixels).into_iter().map(unit).collect()
}

/// The frequencies that tell shapes apart: all but the first, which is the mean ink.
fn shapes(images: &[u8]) -> Vec<[f64; DIM]> {
    let all = digits::transform(images, DIM + 1);
    all.as_chunks::<{ DIM + 1 }>().0.iter().map(|row| std::array::from_fn(|j| row[j + 1])).collect()
}

fn select(rows: &[[f64; DIM]], indices: &[usize]) -> Result<Mat, Error> {
    Ok(Mat::from_vec(indices.len(), DIM, indices.iter().flat_map(|&i| rows[i]).collect())?)
}
