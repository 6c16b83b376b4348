//! Networks of finite width, and their tangent kernels.

use crate::error::check_len;
use crate::{Error, Network};
use dp_linalg::{Accumulate, Mat, MatRef, Parallelism, matmul, matmul_nt, matmul_nt_into};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// One network of finite width with random weights, in the parametrisation of [`Network`].
///
/// What [`Kernel`](crate::Kernel) computes is the limit of infinite width: averages of [`tangent_kernel`](Self::tangent_kernel) over
/// draws, and each single draw, approach the NTK, with deviations of the order of `1/√width`.
///
/// ```
/// use dp_linalg::Mat;
/// use ntk_dp::{Activation, FiniteNetwork, Kernel, Network};
/// use rand::SeedableRng;
///
/// let network = Network::new(Activation::Relu, 1, 2.0)?;
/// let points = Mat::from_vec(2, 2, vec![1.0, 0.5, -0.3, 0.8])?;
/// let rng = &mut rand_chacha::ChaCha8Rng::seed_from_u64(3);
/// let drawn = FiniteNetwork::draw(network, 2, 4000, rng)?.tangent_kernel(points.as_ref())?;
/// let limit = Kernel::ntk(network).value(points.row(0), points.row(1))?;
/// assert!((drawn[(0, 1)] - limit).abs() < 0.2);
/// # Ok::<(), ntk_dp::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FiniteNetwork {
    network: Network,
    /// Layer by layer: weights `(outputs, inputs)` and biases. The last layer has one output.
    layers: Vec<(Mat, Vec<f64>)>,
}

/// `φ(h)` and `φ′(h)` of a hidden layer, `(n, width)` each.
type Hidden = (Mat, Mat);

impl FiniteNetwork {
    /// Standard normal weights and biases, for points of dimension `dim` and hidden layers of `width` neurons.
    ///
    /// # Errors
    /// [`Error::NoColumns`] for no dimension, [`Error::Width`] for no neuron.
    pub fn draw<R: Rng + ?Sized>(
        network: Network,
        dim: usize,
        width: usize,
        rng: &mut R,
    ) -> Result<Self, Error> {
        if dim == 0 {
            return Err(Error::NoColumns);
        }
        if width == 0 {
            return Err(Error::Width);
        }
        let depth = network.depth();
        let layer = |l: usize| {
            let (outputs, inputs) = (if l == depth { 1 } else { width }, if l == 0 { dim } else { width });
            let weights = normal_matrix(outputs, inputs, rng);
            (weights, normal_matrix(1, outputs, rng).into_vec())
        };
        Ok(Self { network, layers: (0..=depth).map(layer).collect() })
    }

    /// The output for each row of `points` `(n, d)`.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Point`] for the first that has a NaN or an infinite entry.
    pub fn outputs(&self, points: MatRef<'_>) -> Result<Vec<f64>, Error> {
        Ok(self.forward(points)?.1)
    }

    /// `⟨∂f(xᵢ)/∂weights, ∂f(xⱼ)/∂weights⟩` over all weights and biases, for rows of `points` `(n, d)`, shape `(n, n)`.
    ///
    /// Gradients are not formed: with `aˡ` the inputs of layer `l` and `δˡ = ∂f/∂hˡ` the kernel is
    /// `Σₗ (σ_w²⟨aˡ(x), aˡ(y)⟩/mₗ + σ_b²)⟨δˡ(x), δˡ(y)⟩`.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Point`] for the first that has a NaN or an infinite entry.
    pub fn tangent_kernel(&self, points: MatRef<'_>) -> Result<Mat, Error> {
        let (hidden, _) = self.forward(points)?;
        let n = points.nrows();
        let mut total = Mat::zeros(n, n);
        let mut deltas = Mat::filled(n, 1, 1.0);
        for (l, (weights, _)) in self.layers.iter().enumerate().rev() {
            let inputs = if l == 0 { points } else { hidden[l - 1].0.as_ref() };
            let per_input = self.network.weight_variance() / inputs.ncols() as f64;
            let products = matmul_nt(inputs, inputs, Parallelism::Sequential)?;
            let changes = matmul_nt(deltas.as_ref(), deltas.as_ref(), Parallelism::Sequential)?;
            let entries = products.as_slice().iter().zip(changes.as_slice());
            for (total, (product, change)) in total.as_mut_slice().iter_mut().zip(entries) {
                *total += (per_input * product + self.network.bias_variance()) * change;
            }
            if l > 0 {
                deltas = matmul(deltas.as_ref(), weights.as_ref(), Parallelism::Sequential)?;
                let derivatives = hidden[l - 1].1.as_slice();
                for (delta, derivative) in deltas.as_mut_slice().iter_mut().zip(derivatives) {
                    *delta *= per_input.sqrt() * derivative;
                }
            }
        }
        Ok(total)
    }

    /// The hidden layers, and the outputs.
    fn forward(&self, points: MatRef<'_>) -> Result<(Vec<Hidden>, Vec<f64>), Error> {
        check_len(self.layers[0].0.ncols(), points.ncols())?;
        if let Some((row, _)) = points.first_non_finite() {
            return Err(Error::Point { row });
        }
        let mut hidden: Vec<Hidden> = Vec::new();
        for (weights, biases) in &self.layers {
            let inputs = hidden.last().map_or(points, |(values, _)| values.as_ref());
            let mut sums = self.biases(points.nrows(), biases);
            let mut scaled = weights.clone();
            let scale = (self.network.weight_variance() / inputs.ncols() as f64).sqrt();
            scaled.as_mut_slice().iter_mut().for_each(|weight| *weight *= scale);
            matmul_nt_into(sums.as_mut(), Accumulate::Add, inputs, scaled.as_ref(), Parallelism::Sequential)?;
            let mut derivatives = sums.clone();
            for (x, derivative) in sums.as_mut_slice().iter_mut().zip(derivatives.as_mut_slice()) {
                if hidden.len() < self.network.depth() {
                    (*x, *derivative) = self.network.activation().evaluate(*x);
                }
            }
            hidden.push((sums, derivatives));
        }
        let outputs = hidden.pop().map_or_else(Vec::new, |(sums, _)| sums.into_vec());
        Ok((hidden, outputs))
    }

    fn biases(&self, n: usize, biases: &[f64]) -> Mat {
        let std = self.network.bias_variance().sqrt();
        Mat::from_fn(n, biases.len(), |_, j| std * biases[j])
    }
}

/// Independent standard normal entries.
pub(crate) fn normal_matrix<R: Rng + ?Sized>(rows: usize, columns: usize, rng: &mut R) -> Mat {
    Mat::from_fn(rows, columns, |_, _| StandardNormal.sample(rng))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    /// The derivatives of the outputs in every weight and bias, by central differences.
    fn gradients(drawn: &FiniteNetwork, points: MatRef<'_>) -> Vec<Vec<f64>> {
        const STEP: f64 = 1e-5;
        let mut gradients = vec![Vec::new(); points.nrows()];
        let mut moved = drawn.clone();
        for l in 0..drawn.layers.len() {
            for k in 0..drawn.layers[l].0.as_slice().len() + drawn.layers[l].1.len() {
                let mut outputs = |step: f64| {
                    moved.layers[l] = drawn.layers[l].clone();
                    let (weights, biases) = &mut moved.layers[l];
                    let count = weights.as_slice().len();
                    if k < count {
                        weights.as_mut_slice()[k] += step;
                    } else {
                        biases[k - count] += step;
                    }
                    moved.outputs(points).unwrap()
                };
                let (up, down) = (outputs(STEP), outputs(-STEP));
                for (gradient, (up, down)) in gradients.iter_mut().zip(up.iter().zip(down)) {
                    gradient.push((up - down) / (2.0 * STEP));
                }
            }
            moved.layers[l] = drawn.layers[l].clone();
        }
        gradients
    }

    #[test]
    fn the_tangent_kernel_is_the_product_of_gradients() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let points = normal_matrix(3, 4, &mut rng);
        for activation in [
            Activation::Relu,
            Activation::LeakyRelu { slope: 0.3 },
            Activation::Erf,
            Activation::Gelu,
            Activation::Quadratic,
        ] {
            let network = Network::new(activation, 2, 1.5).unwrap().with_bias_variance(0.2).unwrap();
            let drawn = FiniteNetwork::draw(network, 4, 5, &mut rng).unwrap();
            let tangent = drawn.tangent_kernel(points.as_ref()).unwrap();
            let gradients = gradients(&drawn, points.as_ref());
            for i in 0..3 {
                for j in 0..3 {
                    let product: f64 = gradients[i].iter().zip(&gradients[j]).map(|(a, b)| a * b).sum();
                    // 1e-10 of the third derivative and 1e-16/1e-5 for rounding, on some 60 weights of gradients up to ten
                    assert!(
                        (product - tangent[(i, j)]).abs() < 1e-6 * (1.0 + product.abs()),
                        "{activation:?}"
                    );
                }
            }
        }
    }
}
