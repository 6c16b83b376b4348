//! Digits with a few that are torn, as rows that find their own centre.

use dp_linalg::Mat;
use dp_testkit::digits;
use rand::{Rng, RngExt};

/// Coordinates of an image: the lowest frequencies of the cosine transform, without the mean ink, and one that is 1.
pub(crate) const DIM: usize = 9;
const SIDE: usize = 8;

/// Rows `(n, DIM)`, and which of them are outliers.
pub(crate) struct Images {
    pub(crate) pixels: Vec<u8>,
    pub(crate) rows: Mat,
    pub(crate) torn: Vec<bool>,
}

/// All digits, of which so many at random are torn: cut in the middle, with the halves exchanged.
pub(crate) fn images<R: Rng>(outliers: usize, rng: &mut R) -> Result<Images, dp_linalg::Error> {
    let mut pixels = digits::digits().pixels.to_vec();
    let mut torn = vec![false; digits::LEN];
    while torn.iter().filter(|&&torn| torn).count() < outliers {
        let i = rng.random_range(0..digits::LEN);
        if !torn[i] {
            torn[i] = true;
            let image = &mut pixels[i * digits::DIM..(i + 1) * digits::DIM];
            image.chunks_exact_mut(SIDE).for_each(|line| line.rotate_left(SIDE / 2));
        }
    }
    Ok(Images { rows: rows(&pixels)?, pixels, torn })
}

/// `(a, 1)`: an ellipsoid around the origin of these is one with a centre of its own for the `a`.
fn rows(pixels: &[u8]) -> Result<Mat, dp_linalg::Error> {
    let all = digits::transform(pixels, DIM);
    let entries = all.chunks_exact(DIM).flat_map(|row| row[1..].iter().copied().chain([1.0]));
    Mat::from_vec(digits::LEN, DIM, entries.collect())
}
