//! Hash tables with signs, and circular convolution of what they make: the parts of tensor sketches.

use rand::{Rng, RngExt};
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex, num_complex::Complex};
use std::sync::Arc;

/// Where a coordinate goes, and its sign.
pub(super) type Table = Vec<(usize, f64)>;

/// A table of `dim` coordinates into `buckets`.
pub(super) fn draw_table<R: Rng + ?Sized>(dim: usize, buckets: usize, rng: &mut R) -> Table {
    let mut entry = || (rng.random_range(0..buckets), if rng.random::<bool>() { 1.0 } else { -1.0 });
    (0..dim).map(|_| entry()).collect()
}

/// The signed sums of the coordinates in each bucket.
pub(super) fn hash(table: &[(usize, f64)], x: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    for (&(bucket, sign), value) in table.iter().zip(x) {
        out[bucket] += sign * value;
    }
}

/// Circular convolution of any number of vectors of one length.
#[derive(Clone)]
pub(super) struct Convolution {
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
}

/// The spectra of the product so far and of one factor.
pub(super) struct Spectra {
    product: Vec<Complex<f64>>,
    factor: Vec<Complex<f64>>,
}

impl Convolution {
    pub(super) fn new(len: usize, planner: &mut RealFftPlanner<f64>) -> Self {
        Self { forward: planner.plan_fft_forward(len), inverse: planner.plan_fft_inverse(len) }
    }

    pub(super) fn len(&self) -> usize {
        self.forward.len()
    }

    pub(super) fn spectra(&self) -> Spectra {
        Spectra { product: self.forward.make_output_vec(), factor: self.forward.make_output_vec() }
    }

    /// An empty product. The factor `1/len` of the transforms is in it, so that no size overflows that need not.
    pub(super) fn start(&self, spectra: &mut Spectra) {
        spectra.product.fill(Complex::new(1.0 / self.len() as f64, 0.0));
    }

    /// One factor more, which is overwritten.
    pub(super) fn multiply(&self, spectra: &mut Spectra, vector: &mut [f64]) {
        self.forward.process(vector, &mut spectra.factor).expect("buffers are made by the plan");
        spectra.product.iter_mut().zip(&spectra.factor).for_each(|(all, one)| *all *= one);
    }

    /// Writes the convolution.
    pub(super) fn finish(&self, Spectra { product, .. }: &mut Spectra, out: &mut [f64]) {
        // real by symmetry; the transform back refuses anything else, and an infinite point would make it NaN
        product[0].im = 0.0;
        if self.len().is_multiple_of(2) {
            product[self.len() / 2].im = 0.0;
        }
        self.inverse.process(product, out).expect("buffers are made by the plan");
    }
}
