//! One private row to one scaled key and one integer value row: a bit-exact function of that row alone.
//!
//! Only `+ − × ÷ √` and comparisons, all correctly rounded and none contracted, so that the integers agree on every CPU.

use super::geometry::{MomentGeometry, power_of_two};

/// Adding and subtracting `1.5·2⁵²` rounds to the nearest integer (ties to even) for `|x| < 2⁵¹`.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Relative margin of clipping in this many dimensions: a clipped row is shortened by it, so that the roundings of its norm,
/// of the factor and of its coordinates, fewer than `dim + 16` of `2⁻⁵³` each, cannot leave it longer than the radius.
pub(crate) fn clip_margin(dim: usize) -> f64 {
    (dim as f64 + 16.0) * f64::EPSILON
}

/// Turns rows into scaled keys and integer values.
#[derive(Debug, Clone)]
pub(crate) struct RowEncoder {
    center: Option<Vec<f64>>,
    key_radius: f64,
    key_factor: f64,
    value_range: (f64, f64),
    value_radius: f64,
    value_scale: f64,
    squared_value_norm: f64,
    normaliser: f64,
}

impl RowEncoder {
    pub(crate) fn new(geometry: &MomentGeometry) -> Self {
        let (options, shape) = (geometry.options(), geometry.options().shape());
        Self {
            center: options.key_center().map(<[f64]>::to_vec),
            key_radius: options.bounds().key_radius() * (1.0 - clip_margin(shape.key_dim)),
            key_factor: geometry.scaling().key_factor(),
            value_range: options.value_range(),
            value_radius: options.bounds().value_radius() * (1.0 - clip_margin(shape.value_dim)),
            value_scale: power_of_two(geometry.value_exponent()),
            squared_value_norm: geometry.squared_value_norm() as f64,
            normaliser: geometry.normaliser() as f64,
        }
    }

    /// Writes the scaled key to `point` and `(ṽ, c̃)` to `integers`; zeros to `integers` if the row is unusable.
    ///
    /// Unusable: a coordinate that is not finite.
    pub(crate) fn encode(&self, key: &[f64], value: &[f64], point: &mut [f64], integers: &mut [f64]) {
        let usable = self.encode_key(key, point) & self.encode_value(value, integers);
        if !usable {
            point.fill(0.0);
            integers.fill(0.0);
        }
    }

    fn encode_key(&self, key: &[f64], point: &mut [f64]) -> bool {
        match &self.center {
            Some(center) => point.iter_mut().zip(key).zip(center).for_each(|((p, k), c)| *p = k - c),
            None => point.copy_from_slice(key),
        }
        let Clip { unit, factor, usable } = Clip::new(point, self.key_radius);
        let factor = self.key_factor * factor;
        for p in point.iter_mut() {
            *p = *p * unit * factor;
        }
        usable
    }

    fn encode_value(&self, value: &[f64], integers: &mut [f64]) -> bool {
        let (rounded, normaliser) = integers.split_at_mut(value.len());
        let (low, high) = self.value_range;
        let Clip { unit, factor, usable } = Clip::new(value, self.value_radius);
        for (out, &v) in rounded.iter_mut().zip(value) {
            // the range contains zero, so that moving into it shortens the vector
            *out = ((v * unit * factor).max(low).min(high) * self.value_scale + ROUND) - ROUND;
        }
        normaliser[0] = self.normaliser;
        // exact: clipped values have at most 24 bits and half a step a coordinate, so that the sum stays below 2⁵³
        usable && squared_norm(rounded, 1.0) <= self.squared_value_norm
    }
}

/// What brings a vector into a ball: coordinates times `unit`, a power of two, times `factor`.
struct Clip {
    unit: f64,
    factor: f64,
    /// False if a coordinate is not finite.
    usable: bool,
}

impl Clip {
    /// Small enough that finite coordinates have squares.
    const TINY: f64 = f64::from_bits((1023 - 600) << 52);

    fn new(x: &[f64], radius: f64) -> Self {
        let square = squared_norm(x, 1.0);
        if square.is_finite() {
            let factor = if square > radius * radius { radius / square.sqrt() } else { 1.0 };
            return Self { unit: 1.0, factor, usable: true };
        }
        // longer than any radius; or not finite, and then the square is not either
        let square = squared_norm(x, Self::TINY);
        Self { unit: Self::TINY, factor: radius / square.sqrt(), usable: square.is_finite() }
    }
}

/// Squared norm of `unit·x` in one fixed order: eight strided partial sums, then their sum.
fn squared_norm(x: &[f64], unit: f64) -> f64 {
    let (chunks, rest) = x.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for chunk in chunks {
        for (sum, v) in sums.iter_mut().zip(chunk) {
            *sum += (v * unit) * (v * unit);
        }
    }
    for (sum, v) in sums.iter_mut().zip(rest) {
        *sum += (v * unit) * (v * unit);
    }
    sums.iter().sum()
}
