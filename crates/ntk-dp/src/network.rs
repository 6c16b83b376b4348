//! What a network of infinite width is made of.

use crate::Error;
use crate::dual::{Dual, Erf, Gelu, PiecewiseLinear, Quadratic};

/// What each neuron applies to its input.
///
/// ```
/// use ntk_dp::Activation;
///
/// let moments = Activation::Relu.expectations(1.3, 0.7, 0.4);
/// assert!((moments.value - 0.26538).abs() < 5e-6 && (moments.derivative - 0.31886).abs() < 5e-6);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` for `x ≥ 0`, else `slope·x`. A slope of 0 is the ReLU, of 1 the identity, of −1 the absolute value.
    LeakyRelu {
        /// Any finite number.
        slope: f64,
    },
    /// `erf(x) = 2/√π ∫₀ˣ e^{−t²} dt`.
    Erf,
    /// `x Φ(x)`, with the normal distribution function `Φ` (Hendrycks, Gimpel 2016); not its approximation by `tanh`.
    Gelu,
    /// `x²`.
    Quadratic,
}

/// `E[φ(u)φ(v)]` and `E[φ′(u)φ′(v)]`.
///
/// ```
/// use ntk_dp::{Activation, Expectations};
///
/// let found = Activation::Quadratic.expectations(1.0, 1.0, 0.5);
/// assert_eq!(found, Expectations { value: 1.5, derivative: 2.0 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expectations {
    /// `E[φ(u)φ(v)]`.
    pub value: f64,
    /// `E[φ′(u)φ′(v)]`.
    pub derivative: f64,
}

impl Activation {
    /// Both expectations, over normal `(u, v)` with means zero, variances `a, b ≥ 0` and covariance `c`, `c² ≤ ab`.
    ///
    /// Of a ReLU, or leaky ReLU, the derivative is discontinuous: where rounding moves `c` by `η√(ab)` with `|c|` near `√(ab)`, the
    /// second expectation moves by up to `√(2η)/2π`, of the order of `1e-8`. The closed forms are in the project's theorems.
    ///
    /// # Examples
    /// ```
    /// use ntk_dp::Activation;
    ///
    /// let same = Activation::Gelu.expectations(0.5, 0.5, 0.5);
    /// let opposite = Activation::Gelu.expectations(0.5, 0.5, -0.5);
    /// assert!(same.value > 0.0 && opposite.value < same.value);
    /// let line = Activation::LeakyRelu { slope: 1.0 }.expectations(2.0, 3.0, -1.0);
    /// assert_eq!((line.value, line.derivative), (-1.0, 1.0));
    /// ```
    #[must_use]
    pub fn expectations(self, a: f64, b: f64, c: f64) -> Expectations {
        fn of(dual: impl Dual, a: f64, b: f64, c: f64) -> Expectations {
            let (value, derivative) = dual.expectations(c, dual.site(a), dual.site(b));
            Expectations { value, derivative }
        }
        match self {
            Self::Relu => of(PiecewiseLinear::new(0.0), a, b, c),
            Self::LeakyRelu { slope } => of(PiecewiseLinear::new(slope), a, b, c),
            Self::Erf => of(Erf, a, b, c),
            Self::Gelu => of(Gelu, a, b, c),
            Self::Quadratic => of(Quadratic, a, b, c),
        }
    }

    /// `φ(x)` and `φ′(x)`, for networks of finite width; the derivative of a (leaky) ReLU at 0 is that on the left.
    pub(crate) fn evaluate(self, x: f64) -> (f64, f64) {
        let kinked = |slope: f64| if x > 0.0 { (x, 1.0) } else { (slope * x, slope) };
        match self {
            Self::Relu => kinked(0.0),
            Self::LeakyRelu { slope } => kinked(slope),
            Self::Erf => (crate::erf::erf(x), core::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp()),
            Self::Gelu => {
                let distribution = 0.5 * (1.0 + crate::erf::erf(x * core::f64::consts::FRAC_1_SQRT_2));
                let density = (-0.5 * x * x).exp() / (2.0 * core::f64::consts::PI).sqrt();
                (x * distribution, distribution + x * density)
            }
            Self::Quadratic => (x * x, 2.0 * x),
        }
    }
}

/// A fully connected network of infinite width, in the parametrisation whose tangent kernel converges.
///
/// With `m` neurons a layer and independent standard normal `W`, `w`, `β`,
///
/// ```text
/// h⁰ = √(σ_w²/d) W⁰x + σ_b β⁰,    hˡ = √(σ_w²/m) Wˡφ(hˡ⁻¹) + σ_b βˡ    (l = 1 … depth),    f(x) = h^{depth}
/// ```
///
/// and the output has one neuron. Depth 0 is a linear model. Variances are variances, not standard deviations.
///
/// ```
/// use ntk_dp::{Activation, Network};
///
/// let network = Network::new(Activation::Relu, 3, 2.0)?.with_bias_variance(0.01)?;
/// assert_eq!((network.depth(), network.bias_variance()), (3, 0.01));
/// # Ok::<(), ntk_dp::Error>(())
/// ```
///
/// # References
/// Jacot, Gabriel, Hongler 2018 (the kernel); Lee et al. 2019 (with these variances).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Network {
    activation: Activation,
    depth: usize,
    weight_variance: f64,
    bias_variance: f64,
}

impl Network {
    /// `depth` hidden layers, weights of variance `σ_w²` times one over the number of inputs of their layer, and no bias.
    ///
    /// A weight variance of 2 keeps the size of activations from layer to layer for the ReLU (He et al. 2015).
    ///
    /// # Errors
    /// [`Error::WeightVariance`] unless positive and finite, [`Error::Slope`] unless finite.
    pub fn new(activation: Activation, depth: usize, weight_variance: f64) -> Result<Self, Error> {
        if !(weight_variance > 0.0 && weight_variance.is_finite()) {
            return Err(Error::WeightVariance { value: weight_variance });
        }
        match activation {
            Activation::LeakyRelu { slope } if !slope.is_finite() => Err(Error::Slope { value: slope }),
            _ => Ok(Self { activation, depth, weight_variance, bias_variance: 0.0 }),
        }
    }

    /// With biases of variance `σ_b²`.
    ///
    /// # Errors
    /// [`Error::BiasVariance`] unless non-negative and finite.
    pub fn with_bias_variance(self, bias_variance: f64) -> Result<Self, Error> {
        if !(bias_variance >= 0.0 && bias_variance.is_finite()) {
            return Err(Error::BiasVariance { value: bias_variance });
        }
        Ok(Self { bias_variance, ..self })
    }

    /// What neurons apply.
    #[must_use]
    pub const fn activation(&self) -> Activation {
        self.activation
    }

    /// Number of hidden layers.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// `σ_w²`.
    #[must_use]
    pub const fn weight_variance(&self) -> f64 {
        self.weight_variance
    }

    /// `σ_b²`.
    #[must_use]
    pub const fn bias_variance(&self) -> f64 {
        self.bias_variance
    }
}
