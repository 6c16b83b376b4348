//! `LogitScaling`: logits as plain dot products of balanced vectors.

use crate::error::{Error, check_len};
use crate::outward::up;

/// Turns `softmax_scale · q·k` into a dot product `x·y` of vectors with one common radius.
///
/// For `‖q‖ ≤ R_q` and `‖k‖ ≤ R_k`,
///
/// ```text
/// y = q · √(scale · R_k/R_q),      x = k · √(scale · R_q/R_k),
/// x·y = scale · q·k,               ‖x‖, ‖y‖ ≤ √B,      B = scale · R_q · R_k.
/// ```
///
/// Only the product of the two factors matters for the logits; this choice makes the larger of the two norms as small as
/// it can be, and feature norms grow like `e^{‖x‖²/2}`.
///
/// # Centring
/// Softmax over keys does not change when one vector is subtracted from all keys: each logit of a query moves by the same
/// amount. [`with_key_center`](Self::with_key_center) does so first, and `R_k` then bounds `‖k − center‖`. The centre is
/// a parameter, chosen without looking at the keys or published with them.
///
/// # Sign of the scale
/// A negative scale is the positive one with `−q` in place of `q`; it is refused, so that the radii stay real.
///
/// ```
/// use poly_kernel::LogitScaling;
///
/// let scaling = LogitScaling::new(0.5, 4.0, 1.0)?;
/// let (mut x, mut y) = ([0.0; 2], [0.0; 2]);
/// scaling.transform_key(&[0.6, 0.8], &mut x)?;
/// scaling.transform_query(&[4.0, 0.0], &mut y)?;
/// assert!((x[0] * y[0] + x[1] * y[1] - 0.5 * 4.0 * 0.6).abs() < 1e-15);
/// assert!((scaling.max_logit() - 2.0).abs() < 1e-14);
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LogitScaling {
    softmax_scale: f64,
    query_radius: f64,
    key_radius: f64,
    query_factor: f64,
    key_factor: f64,
    key_center: Option<Vec<f64>>,
}

impl LogitScaling {
    /// Balances queries in the ball of `query_radius` against keys in the ball of `key_radius`.
    ///
    /// # Errors
    /// [`Error::Radius`] unless both radii are in `[1e-100, 1e100]`, [`Error::SoftmaxScale`] unless the scale is positive
    /// and finite and both factors are in `[1e-140, 1e140]`.
    pub fn new(softmax_scale: f64, query_radius: f64, key_radius: f64) -> Result<Self, Error> {
        if !(softmax_scale > 0.0 && softmax_scale.is_finite()) {
            return Err(Error::SoftmaxScale { value: softmax_scale });
        }
        for value in [query_radius, key_radius] {
            if !(1e-100..=1e100).contains(&value) {
                return Err(Error::Radius { value });
            }
        }
        let query_factor = (softmax_scale * (key_radius / query_radius)).sqrt();
        let key_factor = (softmax_scale * (query_radius / key_radius)).sqrt();
        // products of such a factor with a radius are far from overflow and from subnormal numbers, where the error bound of
        // `radius` would be lost
        if ![query_factor, key_factor].iter().all(|factor| (1e-140..=1e140).contains(factor)) {
            return Err(Error::SoftmaxScale { value: softmax_scale });
        }
        Ok(Self { softmax_scale, query_radius, key_radius, query_factor, key_factor, key_center: None })
    }

    /// Subtracts `center` from every key before anything else; `key_radius` then bounds `‖k − center‖`.
    ///
    /// # Errors
    /// [`Error::KeyCenter`] if a coordinate is not finite.
    pub fn with_key_center(self, center: Vec<f64>) -> Result<Self, Error> {
        match center.iter().position(|value| !value.is_finite()) {
            Some(index) => Err(Error::KeyCenter { index }),
            None => Ok(Self { key_center: Some(center), ..self }),
        }
    }

    /// The factor of `q·k` in a logit.
    #[must_use]
    pub const fn softmax_scale(&self) -> f64 {
        self.softmax_scale
    }

    /// `R_q`.
    #[must_use]
    pub const fn query_radius(&self) -> f64 {
        self.query_radius
    }

    /// `R_k`.
    #[must_use]
    pub const fn key_radius(&self) -> f64 {
        self.key_radius
    }

    /// The vector that is subtracted from keys, if any.
    #[must_use]
    pub fn key_center(&self) -> Option<&[f64]> {
        self.key_center.as_deref()
    }

    /// `√(scale · R_k/R_q)`.
    #[must_use]
    pub const fn query_factor(&self) -> f64 {
        self.query_factor
    }

    /// `√(scale · R_q/R_k)`.
    #[must_use]
    pub const fn key_factor(&self) -> f64 {
        self.key_factor
    }

    /// A bound on `|x·y|` for the transformed vectors *as computed*: `B`, rounded outward.
    #[must_use]
    pub fn max_logit(&self) -> f64 {
        up(self.radius() * self.radius(), 1)
    }

    /// A bound on the norms of transformed queries and keys *as computed*, for arguments within their radii: `√B`,
    /// rounded outward.
    #[must_use]
    pub fn radius(&self) -> f64 {
        // factor: three roundings, then the product with the radius; on each coordinate one of the centring and one of
        // the product, relative to the coordinate
        up(self.query_factor * self.query_radius, 7).max(up(self.key_factor * self.key_radius, 7))
    }

    /// Writes `(key − center) · key_factor` to `out`.
    ///
    /// # Errors
    /// [`Error::Length`] if the lengths of `key`, `out` and the centre differ.
    pub fn transform_key(&self, key: &[f64], out: &mut [f64]) -> Result<(), Error> {
        check_len(key.len(), out.len())?;
        out.copy_from_slice(key);
        if let Some(center) = &self.key_center {
            check_len(center.len(), key.len())?;
            for (value, center) in out.iter_mut().zip(center) {
                *value -= center;
            }
        }
        for value in out {
            *value *= self.key_factor;
        }
        Ok(())
    }

    /// Writes `query · query_factor` to `out`.
    ///
    /// # Errors
    /// [`Error::Length`] if the lengths of `query` and `out` differ.
    pub fn transform_query(&self, query: &[f64], out: &mut [f64]) -> Result<(), Error> {
        check_len(query.len(), out.len())?;
        for (value, query) in out.iter_mut().zip(query) {
            *value = query * self.query_factor;
        }
        Ok(())
    }
}
