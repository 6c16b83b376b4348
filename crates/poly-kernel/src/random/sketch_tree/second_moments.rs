//! The second moments of the sketches of two points: exact, by a recursion over the tree.

use crate::random::degrees::gcd_with_two;

/// Of the sketches `a` and `a'` of two points at a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SecondMoments {
    /// `P = E(a·a')²`.
    pub(super) product: f64,
    /// `Q = E‖a‖²‖a'‖²`.
    pub(super) norms: f64,
    /// `D = E Σₖ aₖ²a'ₖ²`.
    pub(super) entries: f64,
}

impl SecondMoments {
    /// Of the number one, the empty tensor product.
    const ONE: Self = Self { product: 1.0, norms: 1.0, entries: 1.0 };

    /// Of points as they are.
    pub(super) fn of_points(x: &[f64], y: &[f64]) -> Self {
        let sum = |term: fn(f64, f64) -> f64| x.iter().zip(y).map(|(&x, &y)| term(x, y)).sum::<f64>();
        Self {
            product: sum(|x, y| x * y).powi(2),
            norms: sum(|x, _| x * x) * sum(|_, y| y * y),
            entries: sum(|x, y| (x * y) * (x * y)),
        }
    }

    /// Of the sketches of `x^{⊗power}` and `y^{⊗power}`, if `self` is of `x` and `y`: in `buckets`, and in `inner` below the
    /// root.
    pub(super) fn sketched(self, power: usize, buckets: usize, inner: usize) -> Self {
        match power {
            0 => Self::ONE,
            // to hash a vector is to convolve it with a random sign at a random place
            1 => Self::node(self, Self::ONE, buckets),
            _ => {
                let [left, right] = super::halves(power).map(|half| match half {
                    1 => self,
                    _ => self.sketched(half, inner, inner),
                });
                Self::node(left, right, buckets)
            }
        }
    }

    /// The theorem of [`SketchTree`](super::SketchTree), with `B = Q − D` and `C = P − D`.
    fn node(one: Self, two: Self, buckets: usize) -> Self {
        let (m, gcd) = (buckets as f64, gcd_with_two(buckets));
        let (p1, p2, d1, d2) = (one.product, two.product, one.entries, two.entries);
        let (q1, q2) = (one.norms, two.norms);
        let (b1, b2, c1, c2) = (q1 - d1, q2 - d2, p1 - d1, p2 - d2);
        let (same, mixed) = (b1 * b2 + c1 * c2, b1 * c2 + c1 * b2);
        Self {
            product: p1 * p2 + (p1 * (b2 + c2) + (b1 + c1) * p2 + same) / m + gcd * mixed / (m * m),
            norms: q1 * q2 + 2.0 * (q1 * c2 + c1 * q2 + c1 * c2) / m + 2.0 * gcd * c1 * c2 / (m * m),
            entries: d1 * d2
                + (d1 * (b2 + 2.0 * c2) + (b1 + 2.0 * c1) * d2 + same + c1 * c2) / m
                + 2.0 * (mixed + c1 * c2) / (m * m),
        }
    }
}
