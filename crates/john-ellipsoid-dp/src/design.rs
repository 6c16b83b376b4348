//! Weights on rows in memory, with what steps need: `M⁻¹` and every `gᵢ`, kept up to date.

use crate::Error;
use dp_linalg::{Cholesky, Mat, MatRef, Parallelism, matmul, matmul_tn};

/// Weights `w` of rows `bᵢ` with `M = Σ wᵢbᵢbᵢᵀ`, `M⁻¹` and `gᵢ = bᵢᵀM⁻¹bᵢ`.
///
/// Steps update in `O(nd)` (Sherman, Morrison 1950); [`refresh`](Self::refresh) computes anew.
#[derive(Debug, Clone)]
pub struct Design<'a> {
    rows: MatRef<'a>,
    weights: Vec<f64>,
    inverse: Mat,
    forms: Vec<f64>,
}

/// `M = Σ wᵢbᵢbᵢᵀ`.
pub(crate) fn moment(rows: MatRef<'_>, weights: &[f64]) -> Result<Mat, Error> {
    let support: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
    let weighted =
        Mat::from_fn(support.len(), rows.ncols(), |i, j| weights[support[i]].sqrt() * rows[(support[i], j)]);
    Ok(matmul_tn(weighted.as_ref(), weighted.as_ref(), Parallelism::Sequential)?)
}

impl<'a> Design<'a> {
    /// Weights are scaled to the sum `d`.
    ///
    /// # Errors
    /// [`Error::Length`], [`Error::Weight`]; [`Error::Linalg`] when the rows with weight do not span the space.
    pub fn new(rows: MatRef<'a>, weights: Vec<f64>) -> Result<Self, Error> {
        if weights.len() != rows.nrows() {
            return Err(Error::Length { expected: rows.nrows(), found: weights.len() });
        }
        if let Some(row) = weights.iter().position(|w| !(w.is_finite() && *w >= 0.0)) {
            return Err(Error::Weight { row });
        }
        let (inverse, forms) = (Mat::zeros(rows.ncols(), rows.ncols()), Vec::new());
        let mut design = Self { rows, weights, inverse, forms };
        design.refresh()?;
        Ok(design)
    }

    /// Scales weights to the sum `d` and computes everything from them.
    ///
    /// # Errors
    /// [`Error::Weight`] when all weights are zero; [`Error::Linalg`] as in [`new`](Self::new).
    pub fn refresh(&mut self) -> Result<(), Error> {
        let sum: f64 = self.weights.iter().sum();
        if !(sum > 0.0 && sum.is_finite()) {
            return Err(Error::Weight { row: self.weights.len() });
        }
        let scale = self.rows.ncols() as f64 / sum;
        self.weights.iter_mut().for_each(|w| *w *= scale);
        self.inverse =
            Cholesky::factor(moment(self.rows, &self.weights)?, Parallelism::Sequential)?.inverse()?;
        let images = matmul(self.rows, self.inverse.as_ref(), Parallelism::Sequential)?;
        self.forms = self.rows.rows().zip(images.rows()).map(|(b, image)| dot(b, image)).collect();
        Ok(())
    }

    /// Replaces the weights, and refreshes.
    ///
    /// # Errors
    /// Those of [`refresh`](Self::refresh).
    pub fn set_weights(&mut self, weights: Vec<f64>) -> Result<(), Error> {
        self.weights = weights;
        self.refresh()
    }

    /// `M ← M + βbⱼbⱼᵀ`, with the weight; the sum changes by `β`.
    ///
    /// `β > −1/gⱼ`, so that `M` stays positive definite.
    pub fn add(&mut self, j: usize, beta: f64) {
        let image = matvec(self.inverse.as_ref(), self.rows.row(j));
        let factor = beta / (1.0 + beta * self.forms[j]);
        self.weights[j] = (self.weights[j] + beta).max(0.0);
        for (form, b) in self.forms.iter_mut().zip(self.rows.rows()) {
            let z = dot(b, &image);
            *form -= factor * z * z;
        }
        for (i, &x) in image.iter().enumerate() {
            self.inverse.row_mut(i).iter_mut().zip(&image).for_each(|(entry, y)| *entry -= factor * x * y);
        }
    }

    /// `M ← sM`, with all weights.
    pub fn scale(&mut self, s: f64) {
        self.weights.iter_mut().for_each(|w| *w *= s);
        self.forms.iter_mut().for_each(|form| *form /= s);
        self.inverse.as_mut_slice().iter_mut().for_each(|entry| *entry /= s);
    }

    /// `bⱼᵀM⁻¹bₖ`.
    #[must_use]
    pub fn form(&self, j: usize, k: usize) -> f64 {
        dot(self.rows.row(j), &matvec(self.inverse.as_ref(), self.rows.row(k)))
    }

    /// `M⁻¹`, shape `(d, d)`.
    pub(crate) fn inverse(&self) -> MatRef<'_> {
        self.inverse.as_ref()
    }

    /// `wᵢgᵢ`: the leverage score of each row.
    pub(crate) fn leverages(&self) -> Vec<f64> {
        self.weights.iter().zip(&self.forms).map(|(w, g)| w * g).collect()
    }

    /// The rows.
    #[must_use]
    pub const fn rows(&self) -> MatRef<'a> {
        self.rows
    }

    /// The weights; their sum is `d`.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Every `gᵢ`.
    #[must_use]
    pub fn forms(&self) -> &[f64] {
        &self.forms
    }

    /// `max gᵢ − 1`, by plain arithmetic; infinite where some `gᵢ` is no number.
    #[must_use]
    pub fn gap(&self) -> f64 {
        let larger = |largest: f64, &g: &f64| if g.is_nan() { f64::INFINITY } else { largest.max(g) };
        self.forms.iter().fold(0.0, larger) - 1.0
    }

    /// The row with the largest `g`.
    #[must_use]
    pub fn most_violated(&self) -> Option<usize> {
        (0..self.forms.len()).max_by(|&i, &j| self.forms[i].total_cmp(&self.forms[j]))
    }

    /// The row with the least `g` of those that have weight.
    #[must_use]
    pub fn least_useful(&self) -> Option<usize> {
        let support = (0..self.forms.len()).filter(|&i| self.weights[i] > 0.0);
        support.min_by(|&i, &j| self.forms[i].total_cmp(&self.forms[j]))
    }

    /// The weights alone.
    #[must_use]
    pub fn into_weights(self) -> Vec<f64> {
        self.weights
    }
}

pub(crate) fn matvec(matrix: MatRef<'_>, x: &[f64]) -> Vec<f64> {
    matrix.rows().map(|row| dot(row, x)).collect()
}

/// Eight partial sums, so that the compiler may use vectors.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_eights, a_rest) = a.as_chunks::<8>();
    let (b_eights, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0_f64; 8];
    for (a, b) in a_eights.iter().zip(b_eights) {
        for k in 0..8 {
            sums[k] += a[k] * b[k];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}
