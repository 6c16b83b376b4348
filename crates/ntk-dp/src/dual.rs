//! Closed forms of `E[φ(u)φ(v)]` and `E[φ′(u)φ′(v)]`, `(u, v)` normal with variances `a, b` and covariance `c`.
//!
//! All but the quadratic one need the arcsine of a correlation `t = c·rₐ·r_b`, a product with one factor from each side: the factors
//! are computed once a point and layer ([`Site`]), so that a pair costs one square root and one polynomial.

use crate::arcsine::arcsine;
use core::f64::consts::{FRAC_1_PI, FRAC_2_PI};

/// What a pair needs to know of one of its points, at one layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Site {
    /// `a`.
    pub(crate) variance: f64,
    /// `rₐ`.
    pub(crate) scale: f64,
    /// `√a`, or what grows like it: `a·rₐ` for GELU.
    pub(crate) root: f64,
}

/// One activation.
#[allow(clippy::inline_always, reason = "parts of a loop that is compiled for each instruction set")]
pub(crate) trait Dual: Copy {
    /// `rₐ` and the rest for a variance `a ≥ 0`.
    fn site(self, variance: f64) -> Site;

    /// Both expectations for a pair.
    fn expectations(self, c: f64, left: Site, right: Site) -> (f64, f64);

    /// Both expectations for `u = v`.
    fn diagonal(self, variance: f64) -> (f64, f64) {
        let site = self.site(variance);
        self.expectations(variance, site, site)
    }
}

/// `t = c·rₐ·r_b`, brought into `[−1, 1]`.
#[inline(always)]
#[allow(clippy::inline_always, reason = "part of a loop that is compiled for each instruction set")]
fn correlation(c: f64, left: Site, right: Site) -> f64 {
    let t = (c * left.scale) * right.scale;
    let t = if t > 1.0 { 1.0 } else { t };
    if t < -1.0 { -1.0 } else { t }
}

/// `√(1 − t²)`, not less than what Cauchy and Schwarz leave of it: `1 − t² ≥ p + q − pq` for `p = 1/(1 + ka)`, `q = 1/(1 + kb)`.
#[inline(always)]
#[allow(clippy::inline_always, reason = "part of a loop that is compiled for each instruction set")]
fn cosine(t: f64, p: f64, q: f64) -> f64 {
    let (square, least) = ((1.0 - t) * (1.0 + t), p + q * (1.0 - p));
    (if square > least { square } else { least }).sqrt()
}

/// `φ(x) = ½(1 + α)x + ½(1 − α)|x|`: ReLU and leaky ReLU.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PiecewiseLinear {
    /// `¼(1 + α)²`.
    linear: f64,
    /// `(1 − α)²/2π`.
    kink: f64,
    /// `½(1 + α²)`.
    square: f64,
}

impl PiecewiseLinear {
    pub(crate) fn new(slope: f64) -> Self {
        let linear = 0.25 * (1.0 + slope) * (1.0 + slope);
        let kink = 0.5 * (1.0 - slope) * (1.0 - slope) * FRAC_1_PI;
        Self { linear, kink, square: 0.5 * (1.0 + slope * slope) }
    }
}

#[allow(clippy::inline_always, reason = "parts of a loop that is compiled for each instruction set")]
impl Dual for PiecewiseLinear {
    /// `rₐ = 1/√a`, 0 for `a = 0`: a point that is zero is orthogonal to all others.
    fn site(self, variance: f64) -> Site {
        let root = variance.sqrt();
        Site { variance, scale: if root > 0.0 { 1.0 / root } else { 0.0 }, root }
    }

    /// `E[|u||v|] = (2/π)(√(ab − c²) + c asin(c/√(ab)))`; terms with one absolute value vanish by symmetry.
    #[inline(always)]
    fn expectations(self, c: f64, left: Site, right: Site) -> (f64, f64) {
        let t = correlation(c, left, right);
        let s = ((1.0 - t) * (1.0 + t)).sqrt();
        let derivative = self.linear + self.kink * arcsine(t, s);
        (c * derivative + self.kink * ((left.root * right.root) * s), derivative)
    }

    fn diagonal(self, variance: f64) -> (f64, f64) {
        (self.square * variance, self.square)
    }
}

/// `φ = erf`: `E = (2/π) asin t`, `E′ = (2/π) rₐr_b/√(1 − t²)`, with `rₐ = √(2/(1 + 2a))` (Williams 1997).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Erf;

#[allow(clippy::inline_always, reason = "parts of a loop that is compiled for each instruction set")]
impl Dual for Erf {
    fn site(self, variance: f64) -> Site {
        Site { variance, scale: (1.0 / (0.5 + variance)).sqrt(), root: variance.sqrt() }
    }

    #[inline(always)]
    fn expectations(self, c: f64, left: Site, right: Site) -> (f64, f64) {
        let t = correlation(c, left, right);
        let (p, q) = (0.5 * left.scale * left.scale, 0.5 * right.scale * right.scale);
        let s = cosine(t, p, q);
        (FRAC_2_PI * arcsine(t, s), FRAC_2_PI * (left.scale * right.scale) / s)
    }
}

/// `φ(x) = xΦ(x)`, with `rₐ = 1/√(1 + a)`.
///
/// ```text
/// E  = c(¼ + asin(t)/2π) + (arₐ·br_b·s + rₐr_b t²/s)/2π,                    s = √(1 − t²)
/// E′ = ¼ + (asin t + (t/s)(p + q + pq + pq·t²/s²))/2π,                     p = rₐ², q = r_b²
/// ```
///
/// (`1 − ab·pq` is `p + q − pq`, as `ap = 1 − p`: nothing cancels.)
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gelu;

#[allow(clippy::inline_always, reason = "parts of a loop that is compiled for each instruction set")]
impl Dual for Gelu {
    fn site(self, variance: f64) -> Site {
        let scale = (1.0 / (1.0 + variance)).sqrt();
        Site { variance, scale, root: variance * scale }
    }

    #[inline(always)]
    fn expectations(self, c: f64, left: Site, right: Site) -> (f64, f64) {
        const HALF_OVER_PI: f64 = 0.5 * FRAC_1_PI;
        let t = correlation(c, left, right);
        let (p, q) = (left.scale * left.scale, right.scale * right.scale);
        let s = cosine(t, p, q);
        let (slope, angle) = (t / s, arcsine(t, s));
        let scaled = left.scale * right.scale * slope;
        // what depends on the left alone comes first: it is the same for a whole run
        let size = (HALF_OVER_PI * left.root) * right.root * s + (HALF_OVER_PI * t) * scaled;
        let value = c * (0.25 + HALF_OVER_PI * angle) + size;
        let spread = p + q * (1.0 + p) + scaled * scaled;
        (value, 0.25 + HALF_OVER_PI * (angle + slope * spread))
    }
}

/// `φ(x) = x²`: `E = ab + 2c²`, `E′ = 4c`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quadratic;

#[allow(clippy::inline_always, reason = "parts of a loop that is compiled for each instruction set")]
impl Dual for Quadratic {
    fn site(self, variance: f64) -> Site {
        Site { variance, scale: 1.0, root: variance.sqrt() }
    }

    #[inline(always)]
    fn expectations(self, c: f64, left: Site, right: Site) -> (f64, f64) {
        (left.variance * right.variance + 2.0 * c * c, 4.0 * c)
    }
}

#[cfg(test)]
mod tests {
    use crate::Activation;

    /// Five digits of each, from the project's theory notes, at `a = 1.3, b = 0.7, c = 0.4`.
    #[test]
    fn closed_forms_have_the_known_values() {
        for (activation, value, derivative) in [
            (Activation::Relu, 0.26538, 0.31886),
            (Activation::LeakyRelu { slope: 0.0 }, 0.26538, 0.31886),
            (Activation::Erf, 0.17548, 0.45016),
            (Activation::Quadratic, 1.23, 1.60),
            (Activation::Gelu, 0.18806, 0.32482),
        ] {
            let found = activation.expectations(1.3, 0.7, 0.4);
            assert!((found.value - value).abs() < 5.1e-6, "{activation:?} {found:?}");
            assert!((found.derivative - derivative).abs() < 5.1e-6, "{activation:?} {found:?}");
        }
    }
}
