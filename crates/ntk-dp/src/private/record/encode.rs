//! From a record to integers: each a bit-exact function of the record and of what is released before.
//!
//! Only `+ − × ÷ √`, rounding, comparisons and powers of two, in one order and none contracted.

use super::flatten::Flattening;
use super::options::{RecordOptions, RecordTargets, RowNorm};
use crate::Error;
use dp_linalg::{MatMut, MatRef};

/// `R`: integer rows have `‖z‖² ≤ R²`. Products of entries are at most `2³⁴`: `2¹⁹ − 1` rows fit a partial sum, `2²⁹ − 1` an `i64`.
pub(super) const RADIUS: u32 = 1 << 17;
/// `1.5·2⁵²`: adding and subtracting it rounds to the nearest integer, ties to even, below `2⁵¹`.
const ROUNDER: f64 = 6_755_399_441_055_744.0;
/// Sums of squares are taken in so many interleaved parts.
const LANES: usize = 8;

/// `Σ x²`, in one fixed order.
pub(super) fn square(x: &[f64]) -> f64 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        sums.iter_mut().zip(chunk).for_each(|(sum, x)| *sum += x * x);
    }
    sums.iter().sum::<f64>() + rest.iter().fold(0.0, |sum, x| sum + x * x)
}

/// `2^k`, `−1022 ≤ k ≤ 1023`.
const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// The `k` by which a row is scaled to the size of 1, `2^{−k}a`; none if an entry is not finite.
fn unit_exponent(row: &[f64]) -> Option<i32> {
    let largest = row.iter().fold(0.0, |largest: f64, a| if a.abs() > largest { a.abs() } else { largest });
    let finite = row.iter().fold(true, |all, a| all & a.is_finite());
    finite.then(|| (((largest.to_bits() >> 52) as i32) - 1023).clamp(-1022, 1022))
}

fn scale(x: &mut [f64], factor: f64) {
    for x in x {
        *x *= factor;
    }
}

fn divide(x: &mut [f64], divisor: f64) {
    for x in x {
        *x /= divisor;
    }
}

impl RowNorm {
    /// Writes the row, at a length of at most 1 up to rounding; whether all its entries are finite.
    fn apply(self, row: &[f64], out: &mut [f64]) -> bool {
        let Some(exponent) = unit_exponent(row) else { return false };
        let unit = power_of_two(-exponent);
        out.iter_mut().zip(row).for_each(|(out, a)| *out = a * unit);
        let norm = square(out).sqrt();
        if norm == 0.0 {
            return true;
        }
        match self {
            Self::Clip(length) if norm * power_of_two(exponent) <= length => {
                scale(out, power_of_two(exponent) / length);
            }
            _ => divide(out, norm),
        }
        true
    }
}

/// What is done to each row before it is rounded, and to each query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RowEncoder {
    norm: RowNorm,
    centred_norm: RowNorm,
    centre: Option<Vec<f64>>,
    flattenings: Vec<Flattening>,
    /// Length of the constant coordinate, and of the others.
    intercept: Option<(f64, f64)>,
    dim: usize,
}

impl RowEncoder {
    /// Rows as the options say, without any stage that has to be released first.
    pub(super) fn new(options: &RecordOptions) -> Self {
        let share = options.intercept();
        Self {
            norm: options.norm(),
            centred_norm: options.centred_norm(),
            centre: None,
            flattenings: Vec::new(),
            intercept: (share > 0.0).then(|| (share.sqrt(), (1.0 - share).sqrt())),
            dim: options.dim(),
        }
    }

    pub(super) fn with_centre(self, centre: Option<Vec<f64>>) -> Self {
        Self { centre, ..self }
    }

    /// One more, after those that there are.
    pub(super) fn with_flattening(mut self, flattening: Flattening) -> Self {
        self.flattenings.push(flattening);
        self
    }

    pub(super) fn without_intercept(self) -> Self {
        Self { intercept: None, ..self }
    }

    /// `D`, and one more for an intercept.
    pub(super) fn encoded_dim(&self) -> usize {
        self.dim + usize::from(self.intercept.is_some())
    }

    pub(super) fn centre(&self) -> Option<&[f64]> {
        self.centre.as_deref()
    }

    pub(super) fn flattenings(&self) -> &[Flattening] {
        &self.flattenings
    }

    /// The scaled and centred row, of length at most one up to rounding; zeros, and `false`, if an entry is not finite.
    pub(super) fn scaled(&self, row: &[f64], out: &mut [f64]) -> bool {
        if !self.norm.apply(row, out) {
            out.fill(0.0);
            return false;
        }
        if let Some(centre) = &self.centre {
            out.iter_mut().zip(centre).for_each(|(x, c)| *x -= c);
            self.renorm(out, 1.0);
        }
        true
    }

    /// From lengths in multiples of `unit` to at most one, by the rule for centred rows.
    fn renorm(&self, x: &mut [f64], unit: f64) {
        let norm = square(x).sqrt();
        match self.centred_norm {
            RowNorm::Clip(length) if norm <= length * unit => divide(x, length * unit),
            _ if norm > 0.0 => divide(x, norm),
            _ => {}
        }
    }

    /// Encoded rows of [`scaled`](Self::scaled) ones, `(m, D)` to `(m, D)` or, with an intercept, `(m, D + 1)`, as reals of length at most one up to
    /// rounding. Each is a bit-exact function of the row.
    pub(super) fn finish(&self, scaled: &mut [f64], out: MatMut<'_>) -> Result<(), Error> {
        let mut out = out;
        for flattening in &self.flattenings {
            scaled.chunks_mut(self.dim).for_each(|row| quantise(row, f64::from(RADIUS)));
            flattening.apply(scaled)?;
            scaled
                .chunks_mut(self.dim)
                .for_each(|row| self.renorm(row, Flattening::UNIT * f64::from(RADIUS)));
        }
        for (i, row) in scaled.chunks(self.dim).enumerate() {
            let (features, constant) = out.row_mut(i).split_at_mut(self.dim);
            features.copy_from_slice(row);
            if let Some((own, others)) = self.intercept {
                scale(features, others);
                constant[0] = own;
            }
        }
        Ok(())
    }

    /// Whether every entry of a query is finite, and if so its encoded form; the rows of `features` are encoded together.
    pub(super) fn queries(&self, features: MatRef<'_>, out: MatMut<'_>) -> Result<Option<usize>, Error> {
        let mut scaled = vec![0.0; features.nrows() * self.dim];
        for (i, (row, scaled)) in features.rows().zip(scaled.chunks_mut(self.dim)).enumerate() {
            if !self.scaled(row, scaled) {
                return Ok(Some(i));
            }
        }
        self.finish(&mut scaled, out).map(|()| None)
    }
}

/// From a vector of length at most one to integers of length at most `radius`, itself an integer below `2²³`.
///
/// The nearest integers of `(radius − √m/2 − ¼)·x`: rounding moves a vector by at most `√m/2`. The norm is checked in integers all the same.
pub(super) fn quantise(x: &mut [f64], radius: f64) {
    let safe = safe_radius(x.len(), radius);
    for x in &mut *x {
        *x = (*x * safe + ROUNDER) - ROUNDER;
    }
    let mut sum = square(x);
    while sum > radius * radius {
        let factor = (1.0 - 1.0 / f64::from(1 << 20)) * radius / sum.sqrt();
        for x in &mut *x {
            *x = f64::from((*x * factor) as i32);
        }
        sum = square(x);
    }
}

/// What a vector of length one and so many entries is multiplied by before it is rounded.
fn safe_radius(entries: usize, radius: f64) -> f64 {
    let safe = radius - 0.5 * (entries as f64).sqrt() - 0.25;
    if safe > 0.0 { safe } else { 0.0 }
}

/// Steps in a length of one, for rows of so many entries: what they are multiplied by before they are rounded. Positive up to `2³⁶` entries.
pub(super) fn row_unit(entries: usize) -> f64 {
    safe_radius(entries, f64::from(RADIUS))
}

/// Targets as integers, exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum TargetCode {
    /// `t(k − 1)` for the class, `−t` for the others: `t·k` times the centred one-hot vector.
    Classes {
        /// `k`.
        classes: u32,
        /// `t`.
        unit: u32,
    },
    /// Nearest to `(radius − √k/2 − ¼)/bound` times the target, of length at most `radius`.
    Values {
        /// Numbers a row.
        columns: u32,
        /// Public bound on their length.
        bound: f64,
        /// Integer radius.
        radius: u32,
    },
}

impl TargetCode {
    /// The target's block counts twice in a symmetric matrix: `2‖y‖²/R² = b²(1 − 1/k)` for classes, `b²` for numbers.
    pub(super) fn new(options: &RecordOptions) -> Self {
        let length = options.target_weight() * f64::from(RADIUS) / 2.0_f64.sqrt();
        match options.targets() {
            RecordTargets::Classes(classes) => {
                let unit = (length / classes as f64).round().max(1.0) as u32;
                Self::Classes { classes: classes as u32, unit }
            }
            RecordTargets::Values { columns, bound } => {
                Self::Values { columns: columns as u32, bound, radius: length.round() as u32 }
            }
        }
    }

    /// Largest `‖y‖²`.
    pub(super) fn squared_norm(self) -> u128 {
        match self {
            Self::Classes { classes, unit } => {
                u128::from(unit).pow(2) * u128::from(classes) * u128::from(classes - 1)
            }
            Self::Values { radius, .. } => u128::from(radius).pow(2),
        }
    }

    /// Largest entry.
    pub(super) fn max_abs(self) -> u64 {
        match self {
            Self::Classes { classes, unit } => u64::from(unit) * u64::from(classes - 1),
            Self::Values { radius, .. } => u64::from(radius),
        }
    }

    /// What one integer step of a target is worth.
    pub(super) fn step(self) -> f64 {
        match self {
            Self::Classes { classes, unit } => 1.0 / (f64::from(unit) * f64::from(classes)),
            // as they were multiplied; the radius is 1400 at least, and there are 1000 columns at most
            Self::Values { columns, bound, radius } => {
                bound / safe_radius(columns as usize, f64::from(radius))
            }
        }
    }

    /// Writes the integers of a class; `false` if there is no such class.
    pub(super) fn class(self, label: usize, out: &mut [f64]) -> bool {
        let Self::Classes { classes, unit } = self else { return false };
        if label >= classes as usize {
            return false;
        }
        out.fill(-f64::from(unit));
        out[label] = f64::from(unit) * f64::from(classes - 1);
        true
    }

    /// Writes the integers of numbers; `false` if one is not finite.
    pub(super) fn values(self, values: &[f64], out: &mut [f64]) -> bool {
        let Self::Values { bound, radius, .. } = self else { return false };
        let finite = RowNorm::Clip(bound).apply(values, out);
        if finite {
            quantise(out, f64::from(radius));
        }
        finite
    }
}
