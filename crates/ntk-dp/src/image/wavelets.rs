//! Oriented wavelets on a small grid.

use core::f64::consts::PI;

/// Orientations, evenly over half a turn.
pub(super) const ORIENTATIONS: usize = 8;
/// Pixels on each side of the middle.
pub(super) const HALF: usize = 3;
/// Rows and columns of a filter.
pub(super) const SIDE: usize = 2 * HALF + 1;
/// Orientations that are filtered together.
pub(super) const GROUP: usize = 4;
/// Real and imaginary parts of a group.
pub(super) const PARTS: usize = 2 * GROUP;

/// Width of the envelope along the wave, in pixels.
const ENVELOPE: f64 = 0.8;
/// Radians a pixel.
const FREQUENCY: f64 = 0.75 * PI;
/// Ratio of the width along the wave to that across.
const SLANT: f64 = 0.5;

/// Weights of one pixel of the filters of a group: real parts, then imaginary ones.
pub(super) type Taps = [f32; PARTS];

/// Morlet wavelets `e^{−(u² + s²v²)/2σ²}(e^{iξu} − β)`, without mean, of square 1: one list of taps a group, row by row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bank {
    pub(super) groups: Vec<Vec<Taps>>,
}

impl Bank {
    pub(super) fn new() -> Self {
        let filters: Vec<Vec<(f64, f64)>> =
            (0..ORIENTATIONS).map(|k| morlet(PI * k as f64 / ORIENTATIONS as f64)).collect();
        let taps = |group: &[Vec<(f64, f64)>]| {
            (0..SIDE * SIDE)
                .map(|t| {
                    core::array::from_fn(|q| {
                        let (re, im) = group[q % GROUP][t];
                        (if q < GROUP { re } else { im }) as f32
                    })
                })
                .collect()
        };
        Self { groups: filters.chunks(GROUP).map(taps).collect() }
    }
}

/// Real and imaginary parts, row by row.
fn morlet(angle: f64) -> Vec<(f64, f64)> {
    let (sin, cos) = angle.sin_cos();
    let at = |t: usize| {
        let (y, x) = ((t / SIDE) as f64 - HALF as f64, (t % SIDE) as f64 - HALF as f64);
        let (u, v) = (x * cos + y * sin, y * cos - x * sin);
        let envelope = (-(u * u + SLANT * SLANT * v * v) / (2.0 * ENVELOPE * ENVELOPE)).exp();
        (envelope, FREQUENCY * u)
    };
    let grid: Vec<(f64, f64)> = (0..SIDE * SIDE).map(at).collect();
    let total: f64 = grid.iter().map(|(envelope, _)| envelope).sum();
    // the grid is symmetric: the imaginary part has no mean already
    let mean: f64 = grid.iter().map(|(envelope, phase)| envelope * phase.cos()).sum::<f64>() / total;
    let wave: Vec<(f64, f64)> = grid
        .iter()
        .map(|(envelope, phase)| (envelope * (phase.cos() - mean), envelope * phase.sin()))
        .collect();
    let norm = wave.iter().map(|(re, im)| re * re + im * im).sum::<f64>().sqrt();
    wave.iter().map(|(re, im)| (re / norm, im / norm)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_have_no_mean_and_unit_square() {
        for k in 0..ORIENTATIONS {
            let wave = morlet(PI * k as f64 / 8.0);
            let (re, im) = wave.iter().fold((0.0, 0.0), |(re, im), w| (re + w.0, im + w.1));
            assert!(re.abs() < 1e-14 && im.abs() < 1e-14, "{k}: {re} {im}");
            let square: f64 = wave.iter().map(|(re, im)| re * re + im * im).sum();
            assert!((square - 1.0).abs() < 1e-14);
        }
    }

    #[test]
    fn a_mirrored_filter_is_that_of_the_opposite_angle() {
        for k in 1..ORIENTATIONS {
            let (wave, other) = (morlet(PI * k as f64 / 8.0), morlet(PI * (8 - k) as f64 / 8.0));
            for t in 0..SIDE * SIDE {
                // x ↦ −x turns the angle θ into π − θ, and the wave around
                let mirrored = other[t / SIDE * SIDE + SIDE - 1 - t % SIDE];
                assert!((wave[t].0 - mirrored.0).abs() < 1e-14 && (wave[t].1 - mirrored.1).abs() < 1e-14);
            }
        }
    }
}
