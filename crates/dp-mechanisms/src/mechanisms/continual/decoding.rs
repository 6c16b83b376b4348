//! How far the decoded sum over an interval can be from the exact one, part by part.

use super::factor::SquareRootFactor;
use super::shape::TreeShape;
use core::ops::Range;

/// How the released integers enter the decoded sum over some steps.
///
/// An entry of that sum misses the exact one by `Σ wᵢ(σNᵢ + eᵢ)` and by what floating-point arithmetic adds: `wᵢ` are the weights of
/// the decoder, `Nᵢ` standard normal and independent, and `|eᵢ| ≤ ½` because noise is rounded. So the error is a normal
/// variable of known standard deviation plus something that is *bounded*, where
/// [`prefix_std`](super::BinaryTreeSum::prefix_std) counts rounding as if it were independent noise. Error bars need the
/// former. All in lattice steps.
///
/// # Error bound
///
/// With probability one, `|decoded − exact − normal part| ≤ remainder(largest)` if no integer of these steps wraps and none
/// released is larger than `largest`. The arithmetic part is a first-order bound of all roundings, twice over.
///
/// # Example
///
/// ```
/// use dp_mechanisms::continual::TreeShape;
///
/// let decoding = TreeShape::new(1024)?.decoding(0..256); // one node
/// assert!((decoding.noise_std(1.0) - (256.0_f64 / 511.0).sqrt()).abs() < 1e-8); // rounded up
/// assert!((decoding.absolute_weight() - 9.0 * 256.0 / 511.0).abs() < 1e-12); // of the node and all within
/// assert!(decoding.remainder(1e6) < 0.5 * decoding.absolute_weight() + 1e-6);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decoding {
    weight_norm: f64,
    absolute_weight: f64,
    arithmetic: f64,
}

/// Covers the rounding of sums of up to 2²⁰ terms of one sign, and of a root.
const OUTWARD: f64 = 1.0 + 1e-9;

impl Decoding {
    /// `√Σwᵢ²`, rounded up, times the standard deviation of the noise before rounding: that of the normal part.
    #[must_use]
    pub fn noise_std(&self, noise_std: f64) -> f64 {
        self.weight_norm * noise_std
    }

    /// `Σ|wᵢ|`: how far an error of 1 in every integer can move the sum.
    #[must_use]
    pub const fn absolute_weight(&self) -> f64 {
        self.absolute_weight
    }

    /// Bound on the floating-point error of decoding, in units of the largest released integer.
    #[must_use]
    pub const fn arithmetic(&self) -> f64 {
        self.arithmetic
    }

    /// Bound on all that is not normal, if no released integer exceeds `largest` in absolute value.
    #[must_use]
    pub fn remainder(&self, largest: f64) -> f64 {
        (0.5 * self.absolute_weight + self.arithmetic * largest) * OUTWARD
    }

    const BEYOND: Self =
        Self { weight_norm: f64::INFINITY, absolute_weight: f64::INFINITY, arithmetic: f64::INFINITY };
}

impl TreeShape {
    /// How the sum over these steps is decoded. Infinite beyond the horizon.
    ///
    /// The weights of a node of level h sum to `l_h = (h + 1)·2ʰ/(2ʰ⁺¹ − 1)`: `l_h = v_h + (1 − v_h)·2l_{h−1}`, all weights being
    /// positive. A path through the tree has five roundings a level.
    #[must_use]
    pub fn decoding(self, steps: Range<u64>) -> Decoding {
        if steps.end > self.horizon() {
            return Decoding::BEYOND;
        }
        let levels = || self.cover(steps.clone()).map(|node| node.level);
        let absolute_weight = levels().map(|h| f64::from(h + 1) * Self::node_factor(h)).sum::<f64>();
        let operations = f64::from(5 * self.levels() + 4) + levels().count() as f64;
        Decoding {
            weight_norm: self.range_noise_factor(steps.clone()).sqrt() * OUTWARD,
            absolute_weight,
            arithmetic: f64::EPSILON * operations * absolute_weight,
        }
    }
}

impl SquareRootFactor {
    /// How the sum over these steps is decoded, a difference of two prefixes unless it is one. Infinite beyond the horizon. The
    /// first call takes time quadratic in the horizon, later ones time proportional to the end of the interval.
    ///
    /// Products of square blocks of side n by Karatsuba's method have an error of at most `3n²·2⁻⁵³` times their largest factors; the blocks
    /// that end in one prefix take disjoint runs of integers, so that their sides sum to at most its length. The decoder's own coefficients are checked by their residual in the equation
    /// that defines them.
    #[must_use]
    pub fn decoding(&self, steps: Range<u64>) -> Decoding {
        if steps.end > self.horizon() {
            return Decoding::BEYOND;
        }
        let unit = 1.0 / (1_u64 << self.bits()) as f64;
        let decoder = self.decoder();
        let before = steps.start.min(steps.end) as usize;
        let len = steps.end as usize - before;
        let shared =
            decoder[len..].iter().zip(decoder).take(before).map(|(long, short)| (long - short).abs());
        let own = decoder[..len].iter().map(|b| b.abs());
        let absolute_weight = own.chain(shared).sum::<f64>();
        let starts_late = steps.start > 0;
        let arithmetic = self.prefix_arithmetic(steps.end as usize)
            + if starts_late { self.prefix_arithmetic(before) } else { 0.0 };
        Decoding {
            weight_norm: (self.range_noise_factor(steps).sqrt() + 2.0 * self.decoder_error() * unit)
                * OUTWARD,
            absolute_weight: absolute_weight * unit,
            arithmetic: arithmetic * unit,
        }
    }

    /// Floating-point error of a prefix, in units of the largest integer times `2ᵇ`.
    fn prefix_arithmetic(&self, steps: usize) -> f64 {
        let decoder = self.decoder();
        let (t, weight) = (steps as f64, decoder[..steps].iter().map(|b| b.abs()).sum::<f64>());
        let largest = decoder[1..].iter().fold(0.0_f64, |largest, b| largest.max(b.abs()));
        f64::EPSILON * (4.0 * largest * t * t + (t + 8.0) * weight) + self.decoder_error()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_a_node_are_those_of_the_recursion() {
        let mut weight = 1.0;
        for h in 0..40 {
            if h > 0 {
                let own = TreeShape::node_factor(h);
                weight = own + (1.0 - own) * 2.0 * weight;
            }
            let stated = f64::from(h + 1) * TreeShape::node_factor(h);
            // at most 40 steps of four roundings, none amplified by more than the weights themselves
            assert!((stated / weight - 1.0).abs() < 200.0 * f64::EPSILON, "{h}");
        }
    }

    #[test]
    fn an_interval_from_the_start_is_a_prefix_and_an_empty_one_is_free() {
        let (shape, factor) = (TreeShape::new(100).unwrap(), SquareRootFactor::new(100).unwrap());
        for end in 0..=100 {
            let (tree, root) = (shape.decoding(0..end), factor.decoding(0..end));
            // rounded up by 1e-9 and, for the root, by the error of the decoder
            assert!((tree.noise_std(1.0) - shape.noise_factor(end).sqrt()).abs() < 1e-8);
            let sum: f64 = factor.decoder()[..end as usize].iter().sum();
            assert!((root.absolute_weight() * 256.0 - sum).abs() < 1e-12 * sum.max(1.0), "{end}");
            assert!((root.noise_std(1.0) - factor.noise_factor(end).sqrt()).abs() < 1e-8);
        }
        for (start, end) in [(7, 7), (50, 3), (500, 3)] {
            assert_eq!(factor.decoding(Range { start, end }).absolute_weight(), 0.0);
            assert_eq!(shape.decoding(Range { start, end }).absolute_weight(), 0.0);
        }
        assert_eq!(shape.decoding(7..7).remainder(1e9), 0.0);
        assert_eq!(shape.decoding(0..101).remainder(1.0), f64::INFINITY);
        assert_eq!(factor.decoding(50..101).remainder(1.0), f64::INFINITY);
    }

    #[test]
    fn the_decoder_is_close_to_the_one_of_the_exact_equation() {
        for horizon in [1, 2, 33, 1024, 5000] {
            let factor = SquareRootFactor::new(horizon).unwrap();
            let error = factor.decoder_error();
            // residuals are charged with the rounding of their own evaluation, (k + 2)·2⁻⁵²·b_k, b_k < 1/√(πk)
            let charge = f64::EPSILON * (horizon as f64 + 3.0).powi(2);
            assert!(error <= 3.0 * charge, "{horizon}: {error}");
        }
    }
}
