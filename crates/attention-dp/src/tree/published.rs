//! The error that the paper states, for tables beside what is certified here.

/// Parameters of the published error bound, in the paper's sense.
///
/// # Example
///
/// ```
/// let first = attention_dp::PublishedParameters {
///     rows: 100_000, epsilon: 1.0, radius: 1.0, value_bound: 1.0, alpha: Some(0.1),
///     degree: 4, feature_count: 495, kernel_error: 0.01,
/// };
/// let third = attention_dp::PublishedParameters { alpha: None, ..first };
/// let [first, third] = [first, third].map(|version| attention_dp::published_error(&version));
/// assert!(first.additive > third.additive && first.relative < third.relative);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublishedParameters {
    /// Number of rows n.
    pub rows: u64,
    /// Privacy parameter ε.
    pub epsilon: f64,
    /// Largest coordinate R of keys and queries.
    pub radius: f64,
    /// Largest value R_w.
    pub value_bound: f64,
    /// Degree s of the polynomial.
    pub degree: u32,
    /// Number of features r.
    pub feature_count: usize,
    /// Relative error ε_s of the kernel.
    pub kernel_error: f64,
    /// Relative error of distances in the first version; `None` for the third.
    pub alpha: Option<f64>,
}

/// An additive and a relative error.
///
/// # Example
///
/// ```
/// let error = attention_dp::PublishedError { additive: 0.5, relative: 0.01 };
/// assert!(error.additive > error.relative);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublishedError {
    /// In units of values.
    pub additive: f64,
    /// As a fraction of the exact answer.
    pub relative: f64,
}

/// The published error of cross-attention from trees: *the leading term only*, with the constants and logarithms that
/// the paper's `Õ` hides set to 1. It is no bound of anything here; it is a row of a table.
///
/// ```text
/// v3: additive R^{2s} R_w r²/((1 − ε_s) n ε),     relative 2ε_s/(1 − ε_s)
/// v1: additive α^{−1/2} R^{2s} R_w r²/(n ε),      relative (α + ε_s)/n
/// ```
///
/// # Example
///
/// ```
/// use attention_dp::{PublishedParameters, published_error};
///
/// let third = PublishedParameters {
///     rows: 100_000, epsilon: 1.0, radius: 1.0, value_bound: 1.0, alpha: None,
///     degree: 4, feature_count: 495, kernel_error: 0.01,
/// };
/// assert!((published_error(&third).additive - 495.0 * 495.0 / 0.99 / 1e5).abs() < 1e-12);
/// assert!((published_error(&third).relative - 0.02 / 0.99).abs() < 1e-15);
/// ```
///
/// # References
///
/// Y. Liang, Z. Shi, Z. Song, Y. Zhou, arXiv 2407.14717v1, 2024; Y. Ke, Y. Liang, Z. Shi, Z. Song, J. Zhang, 2407.14717v3, 2026.
#[must_use]
pub fn published_error(parameters: &PublishedParameters) -> PublishedError {
    let PublishedParameters {
        rows,
        epsilon,
        radius,
        value_bound,
        degree,
        feature_count,
        kernel_error,
        alpha,
    } = *parameters;
    let (n, r) = (rows as f64, feature_count as f64);
    let leading = radius.powi(2 * degree as i32) * value_bound * r * r / (n * epsilon);
    match alpha {
        None => PublishedError {
            additive: leading / (1.0 - kernel_error),
            relative: 2.0 * kernel_error / (1.0 - kernel_error),
        },
        Some(alpha) => {
            PublishedError { additive: leading / alpha.sqrt(), relative: (alpha + kernel_error) / n }
        }
    }
}
