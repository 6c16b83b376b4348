//! The fixed point on samples; all rows are looked at once for several rounds.

use super::sampling::draw;
use super::{Solver, Stop};
use crate::design::dot;
use crate::{Design, Error};
use core::cell::RefCell;
use dp_linalg::{Mat, MatRef, Parallelism, matmul};
use rand::Rng;

/// [`FixedPoint`](super::FixedPoint) with updates put off: `delay` rounds `w ← w∘g` on a sample of rows, then one look at all rows,
/// whose weights are multiplied by their `g` in each of these rounds.
///
/// Rows are drawn by their weights, which are leverage scores of the round before. The answer is the mean of the designs on samples.
///
/// # Error bound
/// Whatever designs `M₁ … M_T` the rounds used, `max gᵢ` of their mean is at most `(maxᵢ Πₜ gᵢ(Mₜ))^{1/T}` (docs/theorems.md, John
/// ellipsoids). When the last one is near, `M(w) ⪯ (1 + ε)M_T`, that is `((1 + ε)n/d)^{1/T}`: rough samples cost next to nothing. But
/// a sample serves `delay` rounds, in which the weights of rows that it misses go on growing; longer delays need larger samples.
/// What is saved is reading: with ordinary products, rows are read once for `delay` rounds, and the number of operations stays
/// what it was.
///
/// The generator is public randomness, borrowed until the solver is dropped.
///
/// ```
/// use john_ellipsoid_dp::{JohnOptions, LazyFixedPoint, Stop, john_ellipsoid_with};
/// use rand::SeedableRng;
///
/// let rows = dp_linalg::Mat::from_fn(500, 3, |i, j| ((i * (j + 1)) as f64).sin());
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let solver = LazyFixedPoint::new(300, 8, &mut rng);
/// let stop = Stop { gap: 0.05, max_iterations: 1000 };
/// let john = john_ellipsoid_with(&solver, rows.as_ref(), stop, &JohnOptions::default())?;
/// assert!(john.certificate().gap() <= 0.05 + 1e-9);
/// # Ok::<(), john_ellipsoid_dp::Error>(())
/// ```
///
/// # References
/// - D. P. Woodruff, T. Yasuda, *John ellipsoids via lazy updates*, 2024: samples, and products of several rounds at once.
#[derive(Debug)]
pub struct LazyFixedPoint<'a, R: ?Sized> {
    samples: usize,
    delay: usize,
    rng: RefCell<&'a mut R>,
}

impl<'a, R: Rng + ?Sized> LazyFixedPoint<'a, R> {
    /// `samples` draws, at least some `10·d` if they are to span the space; a sample that does not is replaced by all rows.
    pub const fn new(samples: usize, delay: usize, rng: &'a mut R) -> Self {
        Self { samples, delay, rng: RefCell::new(rng) }
    }
}

impl<R: Rng + ?Sized> Solver for LazyFixedPoint<'_, R> {
    fn improve(&self, design: &mut Design<'_>, stop: Stop) -> Result<usize, Error> {
        let rng = &mut **self.rng.borrow_mut();
        let (mut sum, mut weights) = (design.weights().to_vec(), design.leverages());
        let (mut rounds, mut next_look) = (1, 8);
        while design.gap() > stop.gap && rounds < stop.max_iterations {
            let sample = draw(&weights, self.samples, rng);
            let delay = self.delay.clamp(1, stop.max_iterations - rounds);
            let before = sum.clone();
            let inverses = on_sample(design.rows(), &sample, delay, &mut sum).or_else(|_| {
                sum = before; // without the rounds before the one that failed
                on_sample(design.rows(), &everything(&weights), delay, &mut sum)
            })?;
            multiply(design.rows(), &inverses, &mut weights)?;
            rounds += delay;
            if rounds >= next_look || rounds >= stop.max_iterations {
                next_look = rounds + rounds / 8;
                design.set_weights(sum.clone())?;
            }
        }
        Ok(rounds)
    }
}

fn everything(weights: &[f64]) -> Vec<(usize, f64)> {
    weights.iter().copied().enumerate().filter(|(_, weight)| *weight > 0.0).collect()
}

/// Some rounds on drawn rows: adds the weights of each to `sum`, and returns the `M⁻¹` of each.
fn on_sample(
    rows: MatRef<'_>,
    sample: &[(usize, f64)],
    rounds: usize,
    sum: &mut [f64],
) -> Result<Vec<Mat>, Error> {
    let few = Mat::from_fn(sample.len(), rows.ncols(), |i, j| rows[(sample[i].0, j)]);
    let mut design = Design::new(few.as_ref(), sample.iter().map(|(_, times)| *times).collect())?;
    let mut inverses = Vec::with_capacity(rounds);
    loop {
        sample.iter().zip(design.weights()).for_each(|((i, _), weight)| sum[*i] += weight);
        inverses.push(design.inverse().to_owned());
        if inverses.len() == rounds {
            return Ok(inverses);
        }
        design.set_weights(design.leverages())?;
    }
}

/// Rows that stay in the cache while all products are made.
const TILE: usize = 256;

/// `wᵢ ← wᵢ Πₜ gᵢ(Mₜ)`, in one reading of the rows.
fn multiply(rows: MatRef<'_>, inverses: &[Mat], weights: &mut [f64]) -> Result<(), Error> {
    for (tile, weights) in (0..rows.nrows()).step_by(TILE).zip(weights.chunks_mut(TILE)) {
        let tile = rows.subrows(tile..tile + weights.len());
        for inverse in inverses {
            let images = matmul(tile, inverse.as_ref(), Parallelism::Sequential)?;
            let forms = tile.rows().zip(images.rows()).map(|(b, image)| dot(b, image));
            weights.iter_mut().zip(forms).for_each(|(weight, g)| *weight *= g);
        }
    }
    Ok(())
}
