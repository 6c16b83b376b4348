//! The square root of an ellipsoid: a lower triangular `T` with `M⁻¹ = TTᵀ`.

use crate::Error;
use crate::compensated::{DotProducts, gamma, outward};
use crate::design::dot;
use dp_linalg::{
    Cholesky, Mat, MatRef, Parallelism, frobenius_norm, matmul, matmul_tn, row_norms, solve_lower_triangular,
};

/// Coordinates `y = Tᵀa` in which the ellipsoid is the unit ball: `gᵢ = ‖Tᵀaᵢ‖²`.
///
/// `T` is kept, not `M`: at condition number 1e8 of the rows, `M` has 1e16 and no Cholesky factor in floating point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Whitening {
    t: Mat,
    /// `‖Tⱼ‖₂`, rounded up: `Σⱼ |aⱼ|‖Tⱼ‖` bounds the products that a coordinate sums.
    row_norms: Vec<f64>,
}

impl Whitening {
    /// From any `T` of shape `(d, d)`, which is rotated to be lower triangular.
    pub(crate) fn new(mut t: Mat) -> Self {
        make_lower_triangular(&mut t);
        let above = 1.0 + 2.0 * gamma(t.ncols() + 2);
        let row_norms = row_norms(t.as_ref()).into_iter().map(|norm| norm * above).collect();
        Self { t, row_norms }
    }

    /// `T`, shape `(d, d)`.
    pub(crate) fn matrix(&self) -> MatRef<'_> {
        self.t.as_ref()
    }

    /// The rows `aᵢᵀT`.
    pub(crate) fn apply(&self, rows: MatRef<'_>) -> Result<Mat, Error> {
        Ok(matmul(rows, self.t.as_ref(), Parallelism::Sequential)?)
    }

    /// Whitens once more: in the present coordinates the ellipsoid is `yᵀMy ≤ 1`.
    pub(crate) fn refine(&self, m: MatRef<'_>) -> Result<Self, Error> {
        // M = LLᵀ, T ← T L⁻ᵀ, so that Tᵀ ← L⁻¹Tᵀ
        let cholesky = Cholesky::new(m)?;
        let transposed = solve_lower_triangular(cholesky.l(), self.t.transpose().as_ref())?;
        Ok(Self::new(transposed.transpose()))
    }

    /// `Σⱼ |aⱼ|‖Tⱼ‖`, rounded up; `‖Tᵀa‖` is at most that.
    pub(crate) fn reach(&self, row: &[f64]) -> f64 {
        outward(absolute_dot(row, &self.row_norms) * (1.0 + gamma(row.len() + 1)))
    }

    /// The same, from stored entries alone.
    pub(crate) fn reach_of_stored(&self, columns: &[usize], values: &[f64]) -> f64 {
        let products = columns.iter().zip(values).map(|(&j, a)| a.abs() * self.row_norms[j]);
        outward(products.sum::<f64>() * (1.0 + gamma(values.len() + 1)))
    }

    /// A bound of the error of `‖fl(aᵀT)‖` for a row with this [`reach`](Self::reach): `γ_d Σⱼ |aⱼ|‖Tⱼ‖` (Higham 2002, equation 3.13).
    pub(crate) fn error_within(&self, reach: f64) -> f64 {
        let d = self.row_norms.len();
        outward(gamma(d + 1) * reach * (1.0 + gamma(d + 1)))
    }

    /// `aᵀT` from stored entries alone; each coordinate is a plain sum, so that [`error_within`](Self::error_within) holds.
    pub(crate) fn apply_sparse(&self, columns: &[usize], values: &[f64], y: &mut [f64]) {
        y.fill(0.0);
        for (&j, a) in columns.iter().zip(values) {
            let row = &self.t.row(j)[..=j];
            y[..=j].iter_mut().zip(row).for_each(|(y, t)| *y += a * t);
        }
    }

    /// `aᵀT` in twice the working precision, and a bound of its error in norm.
    pub(crate) fn apply_accurately(&self, row: &[f64]) -> (Vec<f64>, f64) {
        let mut products = DotProducts::zeros(row.len());
        row.iter().enumerate().for_each(|(i, &a)| products.add(a, &self.t.row(i)[..=i]));
        let (values, errors) = products.finish(row.len());
        let error = errors.iter().map(|e| e * e).sum::<f64>().sqrt() * (1.0 + 2.0 * gamma(row.len() + 2));
        (values, error)
    }

    /// The same without the bound, and with infinities for what is beyond all numbers: the accurate product splits its factors, which
    /// makes NaN of numbers near the end.
    pub(crate) fn coordinates(&self, row: &[f64]) -> Vec<f64> {
        let (y, _) = self.apply_accurately(row);
        let largest = row.iter().fold(0.0_f64, |largest, a| largest.max(a.abs()));
        if y.iter().all(|y| y.is_finite())
            || !row.iter().all(|a| a.is_finite())
            || largest < f64::MIN_POSITIVE
        {
            return y;
        }
        let unit = power_of_two_below(largest);
        let scaled: Vec<f64> = row.iter().map(|a| a / unit).collect();
        let back = |y: &f64| if y.is_nan() { f64::INFINITY } else { y * unit };
        self.apply_accurately(&scaled).0.iter().map(back).collect()
    }

    /// What became of lengths since another whitening.
    pub(crate) fn change_from(&self, before: &Self) -> Result<Change, Error> {
        let quotient = solve_lower_triangular(before.matrix(), self.matrix())?;
        let product = matmul(before.matrix(), quotient.as_ref(), Parallelism::Sequential)?;
        let rounding = gamma(self.row_norms.len() + 4);
        let quotient_norms: Vec<f64> = quotient.rows().map(|row| dot(row, row).sqrt()).collect();
        let mut slack = 0.0_f64;
        for (j, (computed, wanted)) in product.rows().zip(self.t.rows()).enumerate() {
            let norm = before.row_norms[j];
            // relative to the row: its square may be beyond all numbers
            let rest: f64 = computed.iter().zip(wanted).map(|(x, y)| ((x - y) / norm).powi(2)).sum();
            let terms = absolute_dot(before.t.row(j), &quotient_norms) + self.row_norms[j];
            slack = slack.max(rest.sqrt() + rounding * (terms / norm));
        }
        let slack = slack * (1.0 + 4.0 * rounding);
        Ok(Change { factor: spectral_norm_above(&quotient, POWERS)?, slack })
    }
}

/// Bounds lengths in one whitening by those in another: `‖Tᵀa‖ ≤ factor·‖T₀ᵀa‖ + slack·Σⱼ|aⱼ|‖T₀ⱼ‖` for every `a`.
///
/// With any `R` and `F = T₀R − T`: `Tᵀa = RᵀT₀ᵀa − Fᵀa`, and `‖Fᵀa‖ ≤ Σⱼ|aⱼ|‖Fⱼ‖`. `R` is `T₀⁻¹T` up to rounding, so that `F` is
/// rounding, and slack is relative to the rows of `T₀`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    pub(crate) factor: f64,
    pub(crate) slack: f64,
}

/// Squarings before a spectral norm is bounded by a Frobenius norm: the bound is too large by a factor `d^{1/512}`.
const POWERS: usize = 8;

/// At least `‖X‖₂`: `‖X‖₂² = ‖XᵀX‖₂`, computed up to `γ_d‖X‖_F²`, and so on; each time at a size near one, so that nothing underflows
/// that counts.
fn spectral_norm_above(x: &Mat, squarings: usize) -> Result<f64, Error> {
    let frobenius = frobenius_norm(x.as_ref()) * (1.0 + gamma(x.nrows() * x.ncols() + 8));
    if squarings == 0 || !(1e-250..=1e250).contains(&frobenius) {
        return Ok(frobenius);
    }
    let unit = power_of_two_below(frobenius);
    let scaled = Mat::from_fn(x.nrows(), x.ncols(), |i, j| x[(i, j)] / unit);
    let square = matmul_tn(scaled.as_ref(), scaled.as_ref(), Parallelism::Sequential)?;
    let rounding = gamma(x.nrows() + 4) * (frobenius / unit).powi(2);
    Ok(unit * outward((spectral_norm_above(&square, squarings - 1)? + rounding).sqrt()))
}

/// The bits of the fraction are cleared; for positive normal numbers.
fn power_of_two_below(x: f64) -> f64 {
    f64::from_bits(x.to_bits() >> 52 << 52)
}

/// `Σ |aⱼ|bⱼ` in eight partial sums, so that the compiler may use vectors.
fn absolute_dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_eights, a_rest) = a.as_chunks::<8>();
    let (b_eights, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0_f64; 8];
    for (a, b) in a_eights.iter().zip(b_eights) {
        for k in 0..8 {
            sums[k] += a[k].abs() * b[k];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a.abs() * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// `‖y‖²` of a vector known up to `error`, rounded up.
pub(crate) fn squared_norm_above(y: &[f64], error: f64) -> f64 {
    let norm = dot(y, y).sqrt() * (1.0 + gamma(y.len() + 2));
    let above = outward(norm + error);
    outward(above * above)
}

/// `T ← TQ` with the `Q` of Householder reflections that clears the entries above the diagonal, which becomes positive.
///
/// Reflections act on each row by itself: rows of very different size keep their relative accuracy. Their vectors are brought to a size
/// near one, by powers of two, so that squares neither overflow nor vanish.
fn make_lower_triangular(t: &mut Mat) {
    let d = t.nrows();
    for i in 0..d {
        let largest = t.row(i)[i..].iter().fold(f64::MIN_POSITIVE, |largest, x| x.abs().max(largest));
        let unit = power_of_two_below(largest);
        let mut v: Vec<f64> = t.row(i)[i..].iter().map(|x| x / unit).collect();
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        v[0] += if v[0] < 0.0 { -norm } else { norm };
        let square: f64 = v.iter().map(|x| x * x).sum();
        if i + 1 < d && square > 0.0 {
            (i..d).for_each(|k| reflect(&mut t.row_mut(k)[i..], &v, square));
            t.row_mut(i)[i + 1..].fill(0.0);
        }
        if t[(i, i)] < 0.0 {
            (i..d).for_each(|k| t[(k, i)] = -t[(k, i)]);
        }
    }
}

fn reflect(x: &mut [f64], v: &[f64], square: f64) {
    let factor = 2.0 * x.iter().zip(v).map(|(x, v)| x * v).sum::<f64>() / square;
    x.iter_mut().zip(v).for_each(|(x, v)| *x -= factor * v);
}

#[cfg(test)]
mod tests {
    use super::*;
    use dp_linalg::{frobenius_norm, matmul_nt};

    #[test]
    fn spectral_norms_are_bounded_from_above_at_any_size() {
        for (d, size) in [(400, 0.05), (20, 0.2), (3, 1e-3), (5, 1e-200), (5, 1e200), (3, 0.0)] {
            let x = Mat::from_fn(d, d, |i, j| if i == j { size } else { 0.0 });
            let found = spectral_norm_above(&x, POWERS).unwrap();
            // Frobenius norms are too large by √d at most, of which the 2⁸th root is left
            let above = (d as f64).powf(0.5 / 256.0) * (1.0 + 1e-9);
            assert!(found >= size && found <= size * above, "{d} {size}: {found}");
        }
    }

    #[test]
    fn rotations_keep_the_product_with_the_transpose() {
        let t =
            Mat::from_fn(6, 6, |i, j| ((7 * i + 3 * j * j + i * j) as f64).sin() * 10.0_f64.powi(i as i32));
        let square = |t: &Mat| matmul_nt(t.as_ref(), t.as_ref(), Parallelism::Sequential).unwrap();
        let rotated = Whitening::new(t.clone()).t;
        for i in 0..6 {
            assert!(rotated.row(i)[i + 1..].iter().all(|&x| x == 0.0) && rotated[(i, i)] > 0.0);
            let row = |m: &Mat| m.row(i).to_vec();
            let (before, after) = (square(&t), square(&rotated));
            for (j, (x, y)) in row(&before).iter().zip(row(&after)).enumerate() {
                // 36 reflections of backward error about 10u each, relative to the norms of both rows
                let scale = (before[(i, i)] * before[(j, j)]).sqrt();
                assert!((x - y).abs() <= 1e-13 * scale, "{i} {j}");
            }
        }
        assert!(frobenius_norm(rotated.as_ref()).is_finite());
    }

    #[test]
    fn lengths_in_one_whitening_bound_those_in_another() {
        let entry = |i: usize, j: usize| ((7 * i * j + 5 * i + 3 * j * j + 1) as f64).sin();
        // columns in very different units, as rows of T have
        let root = |k: usize| {
            Whitening::new(Mat::from_fn(5, 5, |i, j| 1e3_f64.powi(i as i32 - 2) * entry(i + k, j * k + 1)))
        };
        let (before, after) = (root(1), root(2));
        let change = after.change_from(&before).unwrap();
        let length =
            |w: &Whitening, a: &[f64]| dot(&w.apply_accurately(a).0, &w.apply_accurately(a).0).sqrt();
        for k in 0..2000 {
            let a: Vec<f64> = (0..5).map(|j| entry(k, j + 7) / 1e3_f64.powi(j as i32 - 2)).collect();
            assert!(
                length(&after, &a) <= change.factor * length(&before, &a) + change.slack * before.reach(&a)
            );
        }
        // rounding, relative to rows of T
        assert!(change.slack < 1e-13, "{}", change.slack);
        let none = before.change_from(&before).unwrap();
        // d^{1/512} of the norm 1 of the identity
        assert!(none.factor >= 1.0 && none.factor < 5.0_f64.powf(1.0 / 500.0));
    }

    #[test]
    fn spectral_norms_are_bounded_from_above_and_tightly() {
        let diagonal = Mat::from_fn(6, 6, |i, j| if i == j { 1.0 + i as f64 } else { 0.0 });
        let norm = spectral_norm_above(&diagonal, POWERS).unwrap();
        assert!(norm >= 6.0 && norm < 6.0 * 6.0_f64.powf(1.0 / 500.0), "{norm}");
    }
}
