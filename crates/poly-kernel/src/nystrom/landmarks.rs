//! Landmarks by randomly pivoted Cholesky factorisation.

use super::NystromMap;
use crate::error::Error;
use dp_linalg::{Mat, MatRef};
use rand::{Rng, RngExt};

/// What is left of a unit diagonal counts as nothing below this.
const NOTHING: f64 = 1e-14;

impl NystromMap {
    /// Rows of `points` `(n, d)` to be landmarks: up to `count`, fewer where so many leave nothing of the kernel.
    ///
    /// One after another, each point is drawn with probability proportional to what the landmarks before leave of it,
    /// `1 − ‖φ(x)‖²e^{−‖x‖²}`: randomly pivoted Cholesky factorisation of the Gaussian kernel (Chen, Epperly, Tropp, Webber 2025).
    /// On MNIST that leaves two thirds to five sixths of the output error of as many landmarks drawn uniformly (benches/README.md).
    /// Points that are not finite are never drawn. `n·count·(d + count/2)` multiplications,
    /// `n·count` numbers.
    ///
    /// The choice, and so the map, depends on the points.
    ///
    /// # Errors
    /// [`Error::NoLandmarks`] if there is no finite point or `count` is zero.
    ///
    /// ```
    /// use dp_linalg::Mat;
    /// use poly_kernel::NystromMap;
    /// use rand::SeedableRng;
    ///
    /// // a hundred points, all but one at zero
    /// let points = Mat::from_fn(100, 1, |i, _| if i == 70 { 2.0 } else { 0.0 });
    /// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(7);
    /// let chosen = NystromMap::choose_landmarks(points.as_ref(), 5, rng)?;
    /// assert!(chosen.len() == 2 && chosen.contains(&70));
    /// # Ok::<(), poly_kernel::Error>(())
    /// ```
    pub fn choose_landmarks<R: Rng + ?Sized>(
        points: MatRef<'_>,
        count: usize,
        rng: &mut R,
    ) -> Result<Vec<usize>, Error> {
        let is_finite = |point: &[f64]| lanes_dot(point, point).is_finite();
        let mut left: Vec<f64> = points.rows().map(|point| f64::from(u8::from(is_finite(point)))).collect();
        let count = count.min(points.nrows());
        let mut factor = Mat::zeros(points.nrows(), count);
        let mut chosen = Vec::new();
        while chosen.len() < count
            && let Some(pivot) = draw(&left, rng)
        {
            let step = chosen.len();
            let own = factor.row(pivot)[..step].to_vec();
            let root = left[pivot].sqrt();
            for (j, left) in left.iter_mut().enumerate().filter(|(_, left)| **left > 0.0) {
                let row = factor.row_mut(j);
                let kernel = gaussian(points.row(j), points.row(pivot));
                row[step] = (kernel - lanes_dot(&row[..step], &own)) / root;
                *left -= row[step] * row[step];
                *left = if *left > NOTHING { *left } else { 0.0 };
            }
            left[pivot] = 0.0;
            chosen.push(pivot);
        }
        if chosen.is_empty() { Err(Error::NoLandmarks) } else { Ok(chosen) }
    }
}

/// An index with probability proportional to its weight; none if nothing has any.
fn draw<R: Rng + ?Sized>(weights: &[f64], rng: &mut R) -> Option<usize> {
    let total: f64 = weights.iter().sum();
    let mut rest = rng.random::<f64>() * total;
    let positive = || weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0);
    for (i, weight) in positive() {
        rest -= weight;
        if rest < 0.0 {
            return Some(i);
        }
    }
    // the last differences round
    positive().next_back().map(|(i, _)| i)
}

fn gaussian(x: &[f64], y: &[f64]) -> f64 {
    let square: f64 = x.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum();
    (-0.5 * square).exp()
}

/// In several sums side by side.
fn lanes_dot(x: &[f64], y: &[f64]) -> f64 {
    const LANES: usize = 8;
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut sums = [0.0; LANES];
    for (x, y) in x.iter().zip(y) {
        for l in 0..LANES {
            sums[l] += x[l] * y[l];
        }
    }
    sums.iter().sum::<f64>() + x_rest.iter().zip(y_rest).map(|(a, b)| a * b).sum::<f64>()
}
