//! `PartialAttention`: attention over some of the keys, to be merged with attention over others.

use crate::error::{Error, check_len};
use crate::float::Float;
use dp_linalg::Mat;

/// Outputs over some of the keys, with the logarithm of the sum of their weights.
///
/// Two of them over disjoint sets of keys [`merge`](Self::merge) to what one over all keys would be: a cached or released
/// prefix by features, local tokens by exact softmax, in any order. Only differences of logarithms are exponentiated, so
/// that nothing overflows. Both must count weights alike: `e^{s·q·k}`, without a maximum or a constant taken off.
///
/// ```
/// use dp_linalg::Mat;
/// use poly_kernel::{LinearAttention, MonomialMap, PartialAttention};
///
/// let map = MonomialMap::exp_taylor(1, 8)?;
/// let (query, key) = (Mat::from_vec(1, 1, vec![0.5])?, Mat::from_vec(1, 1, vec![1.0])?);
/// let value = Mat::from_vec(1, 1, vec![3.0])?;
/// let mut far = LinearAttention::new(1.0)?
///     .forward_partial(&map, query.as_ref(), key.as_ref(), value.as_ref())?;
/// // exact attention to one more key, with logit 2000 and value 7
/// let near = PartialAttention::new(Mat::from_vec(1, 1, vec![7.0])?, vec![2000.0])?;
/// far.merge(&near)?;
/// assert_eq!(far.output().as_slice(), [7.0]);
/// assert_eq!(far.log_masses(), [2000.0]);
/// # Ok::<(), poly_kernel::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PartialAttention<T: Float = f64> {
    output: Mat<T>,
    log_masses: Vec<f64>,
}

impl<T: Float> PartialAttention<T> {
    /// Outputs `(m, c)` and `ln Σ e^{s·q·k}` of each; `−∞` for a query that sees no key.
    ///
    /// # Errors
    /// [`Error::Length`] unless there is a mass for each row, [`Error::LogMass`] for the first that is NaN or `+∞`.
    pub fn new(output: Mat<T>, log_masses: Vec<f64>) -> Result<Self, Error> {
        check_len(output.nrows(), log_masses.len())?;
        match log_masses.iter().position(|mass| mass.is_nan() || *mass == f64::INFINITY) {
            Some(query) => Err(Error::LogMass { query, log_mass: log_masses[query] }),
            None => Ok(Self { output, log_masses }),
        }
    }

    /// Attention over the keys of both. Exchanging the two changes no bit, but perhaps which NaN an output is.
    ///
    /// The output of a query that sees no key on either side is zeros.
    ///
    /// # Errors
    /// [`Error::RowCount`] and [`Error::Length`] unless both have the same shape; then nothing was changed.
    pub fn merge(&mut self, other: &Self) -> Result<(), Error> {
        if self.output.nrows() != other.output.nrows() {
            return Err(Error::RowCount { points: self.output.nrows(), values: other.output.nrows() });
        }
        check_len(self.output.ncols(), other.output.ncols())?;
        for (i, (mine, &theirs)) in self.log_masses.iter_mut().zip(&other.log_masses).enumerate() {
            let largest = mine.max(theirs);
            if largest == f64::NEG_INFINITY {
                self.output.row_mut(i).fill(T::ZERO);
                continue;
            }
            let weights = [*mine, theirs].map(|mass| (mass - largest).exp());
            let total = weights[0] + weights[1];
            let [own, added] = weights.map(|weight| weight / total);
            for (out, theirs) in self.output.row_mut(i).iter_mut().zip(other.output.row(i)) {
                // a side without weight may hold anything
                let part = |weight: f64, x: T| if weight == 0.0 { 0.0 } else { weight * x.to_f64() };
                *out = T::from_f64(part(own, *out) + part(added, *theirs));
            }
            *mine = largest + total.ln();
        }
        Ok(())
    }

    /// The outputs `(m, c)`.
    #[must_use]
    pub const fn output(&self) -> &Mat<T> {
        &self.output
    }

    /// `ln Σ e^{s·q·k}` of each query.
    #[must_use]
    pub fn log_masses(&self) -> &[f64] {
        &self.log_masses
    }

    /// The outputs `(m, c)`.
    #[must_use]
    pub fn into_output(self) -> Mat<T> {
        self.output
    }
}
