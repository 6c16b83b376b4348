//! Validated privacy parameters: once made, they are in range.
//!
//! None of them implements `Default`: a privacy parameter is a decision.

use crate::error::{Error, Parameter};
use serde::{Deserialize, Serialize};

macro_rules! parameter {
    ($(#[$doc:meta])* $name:ident, $value:ident => $inside:expr, example $example:literal, rejects $rejected:literal) => {
        $(#[$doc])*
        ///
        /// # Example
        ///
        /// ```
        #[doc = concat!("use dp_mechanisms::", stringify!($name), ";")]
        ///
        #[doc = concat!("assert_eq!(", stringify!($name), "::new(", $example, ")?.get(), ", $example, ");")]
        #[doc = concat!("assert!(", stringify!($name), "::new(", $rejected, ").is_err());")]
        #[doc = concat!("assert!(", stringify!($name), "::new(f64::NAN).is_err());")]
        /// # Ok::<(), dp_mechanisms::Error>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            #[doc = concat!("Checks the range and wraps the value.")]
            ///
            /// # Errors
            ///
            /// [`Error::OutOfRange`] for NaN and for values outside the range above.
            pub fn new($value: f64) -> Result<Self, Error> {
                Parameter::$name.check($value, $inside).map(Self)
            }

            /// The value.
            #[must_use]
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = Error;

            fn try_from(value: f64) -> Result<Self, Error> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(parameter: $name) -> Self {
                parameter.0
            }
        }
    };
}

parameter!(
    /// Privacy loss ε of approximate differential privacy, `0 < ε < ∞`.
    Epsilon, value => value > 0.0 && value.is_finite(), example "1.5", rejects "0.0"
);
parameter!(
    /// Failure mass δ of approximate differential privacy, `0 < δ < 1`.
    Delta, value => value > 0.0 && value < 1.0, example "1e-6", rejects "1.0"
);
parameter!(
    /// Zero-concentrated privacy loss ρ (Bun and Steinke 2016), `0 < ρ < ∞`.
    Rho, value => value > 0.0 && value.is_finite(), example "0.5", rejects "-0.5"
);
parameter!(
    /// Mean μ of Gaussian differential privacy (Dong, Roth, Su 2019): L2 sensitivity over noise standard deviation, `0 < μ < ∞`.
    Mu, value => value > 0.0 && value.is_finite(), example "0.25", rejects "0.0"
);
parameter!(
    /// Order α of a Rényi divergence, `1 < α < ∞`.
    RenyiOrder, value => value > 1.0 && value.is_finite(), example "2.0", rejects "1.0"
);
parameter!(
    /// Probability with which an error bar may miss, `0 < γ < 1`.
    FailureProbability, value => value > 0.0 && value < 1.0, example "0.01", rejects "0.0"
);
parameter!(
    /// Standard deviation of noise (not a variance), `0 < σ < ∞`.
    NoiseStd, value => value > 0.0 && value.is_finite(), example "12.5", rejects "0.0"
);
parameter!(
    /// Scale b of Laplace noise, `P(k) ∝ e^{−|k|/b}` (neither its standard deviation, about `√2·b`, nor its variance), `0 < b < ∞`.
    NoiseScale, value => value > 0.0 && value.is_finite(), example "20.0", rejects "0.0"
);
parameter!(
    /// Probability or fraction with which a row takes part in a step, `0 < q ≤ 1`.
    SamplingRate, value => value > 0.0 && value <= 1.0, example "0.01", rejects "0.0"
);
parameter!(
    /// Which quantile: the fraction of rows below it, `0 < level < 1`; 0.5 is the median.
    QuantileLevel, value => value > 0.0 && value < 1.0, example "0.5", rejects "1.0"
);
