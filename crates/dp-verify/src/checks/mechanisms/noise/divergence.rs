//! Hockey-stick and Rényi divergences of small laws, summed from certified probabilities.

use crate::{exceeds, larger};
use dp_mechanisms::certified;
use dp_mechanisms::noise::LogConcaveNoise;

/// Certified probabilities of `−radius ..= radius`.
pub(super) struct Law {
    radius: i64,
    pmf: Vec<(f64, f64)>,
    /// Bound of the probability beyond the radius, both sides.
    beyond: f64,
}

/// Relative error of a sum of at most 3·10⁵ products of positive numbers in `f64`, each addition off by `2⁻⁵³`, with room
/// for six roundings a term.
pub(super) const SLACK: f64 = 1e-10;

/// What is left of terms that should cancel exactly: two floats of width of probabilities that sum to one, and as much
/// for the factor `e^ε`, in up to three dimensions.
pub(super) const RESIDUE: f64 = 1e-14;

impl Law {
    pub(super) fn new<N: LogConcaveNoise>(noise: &N, radius: i64) -> Self {
        let pmf = (-radius..=radius).map(|k| noise.pmf_bounds(k)).collect();
        Self { radius, pmf, beyond: 2.0 * noise.tail_bounds(radius).1 }
    }

    /// Bounds of the probability of an integer; beyond the radius the upper one is of all of them.
    fn bounds(&self, k: i64) -> (f64, f64) {
        let outside = (0.0, self.beyond);
        usize::try_from(k + self.radius).ok().and_then(|i| self.pmf.get(i)).copied().unwrap_or(outside)
    }

    /// Upper bound, up to [`SLACK`] and [`RESIDUE`], of `Σ max(0, P(x) − e^ε P(x − shift))` for independent coordinates.
    pub(super) fn divergence(laws: &[&Self], shift: &[i64], epsilon: f64) -> f64 {
        let factor = certified::exp_bounds(epsilon).0;
        let beyond: f64 = laws.iter().map(|law| law.beyond).sum();
        beyond + gain(laws, shift, (1.0, factor))
    }

    /// `ln Σ P(k)^α P(k − shift)^{1−α}/(α − 1)`, from midpoints of all probabilities that are normal floats.
    pub(super) fn renyi(&self, shift: i64, order: f64) -> f64 {
        let logarithm = |k| {
            let (low, high) = self.bounds(k);
            exceeds(low, f64::MIN_POSITIVE).then(|| f64::midpoint(low, high).ln())
        };
        let term = |k| Some((order * logarithm(k)? + (1.0 - order) * logarithm(k - shift)?).exp());
        (-self.radius..=self.radius).filter_map(term).sum::<f64>().ln() / (order - 1.0)
    }
}

/// The sum over what laws are left, of pairs of which the first coordinates have these probabilities.
fn gain(laws: &[&Law], shift: &[i64], (here, there): (f64, f64)) -> f64 {
    let ([law, laws @ ..], [step, shift @ ..]) = (laws, shift) else {
        return larger(here - there, 0.0);
    };
    let term = |k: i64| {
        let (likely, shifted) = (law.bounds(k).1, law.bounds(k - step).0);
        if likely == 0.0 { 0.0 } else { gain(laws, shift, (here * likely, there * shifted)) }
    };
    (-law.radius..=law.radius).map(term).sum()
}
