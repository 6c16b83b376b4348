//! What is certified of the kernel that stands in for the exponential.

use super::bars::exp_upper;
use crate::features::KeyFeatures;
use dp_linalg::MatRef;
use poly_kernel::{BoundedFeatures, Error, ExpPolynomial, ExpTaylor, LogitRange, MonomialMap};
use std::sync::OnceLock;

/// Largest logits for which polynomials are certified, as parts of the largest.
const STEPS: usize = 24;

/// Accuracy of the kernel for queries of any length, and facts about the features that follow from their choice.
#[derive(Debug, Clone)]
pub(crate) enum KernelAccuracy {
    Taylor(ExpTaylor),
    Certified(Box<Certified>),
    Unknown,
}

/// A polynomial with its certificates, which take about a millisecond each and are made when they are first asked for.
#[derive(Debug, Clone)]
pub(crate) struct Certified {
    polynomial: ExpPolynomial,
    max_logit: f64,
    /// Bounds up to equal parts of the largest logit.
    bounds: [OnceLock<KernelBound>; STEPS],
}

/// The kernel is `e^t·weight⁻¹` times a factor in `[1 − spread, 1 + spread]`; the constant does not show in a ratio, but beside
/// public tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct KernelBound {
    pub(crate) spread: f64,
    pub(crate) weight: f64,
}

impl KernelBound {
    const UNKNOWN: Self = Self { spread: f64::INFINITY, weight: 1.0 };
}

impl KernelAccuracy {
    pub(crate) fn new(features: &KeyFeatures, max_logit: f64) -> Result<Self, Error> {
        match features {
            KeyFeatures::Taylor { degree } => Ok(Self::Taylor(ExpTaylor::new(*degree)?)),
            KeyFeatures::Polynomial(polynomial) => {
                let polynomial = polynomial.clone();
                Ok(Self::Certified(Box::new(Certified { polynomial, max_logit, bounds: Default::default() })))
            }
            KeyFeatures::Trigonometric(_) | KeyFeatures::Landmarks(_) => Ok(Self::Unknown),
        }
    }

    /// What holds for all logits up to this size.
    pub(crate) fn bound(&self, max_logit: f64) -> KernelBound {
        match self {
            Self::Taylor(taylor) => KernelBound { spread: taylor.relative_error(max_logit), weight: 1.0 },
            Self::Certified(certified) => certified.bound(max_logit),
            Self::Unknown => KernelBound::UNKNOWN,
        }
    }

    /// What holds for all logits that the radii allow.
    pub(crate) fn bound_at_largest(&self, max_logit: f64) -> KernelBound {
        match self {
            Self::Certified(certified) => certified.bound(certified.max_logit),
            other => other.bound(max_logit),
        }
    }
}

impl Certified {
    fn bound(&self, max_logit: f64) -> KernelBound {
        // the last step covers the largest logit, whatever the rounding
        let covered = |step: usize| {
            if step + 1 == STEPS { self.max_logit } else { self.max_logit * (step + 1) as f64 / STEPS as f64 }
        };
        let covering = (0..STEPS).find(|&step| max_logit <= covered(step));
        covering.map_or(KernelBound::UNKNOWN, |step| {
            *self.bounds[step].get_or_init(|| certify(&self.polynomial, covered(step)))
        })
    }
}

fn certify(polynomial: &ExpPolynomial, max_logit: f64) -> KernelBound {
    let Ok(range) = LogitRange::symmetric(max_logit) else { return KernelBound::UNKNOWN };
    let certificate = polynomial.certificate(range);
    let (low, high) = (certificate.ratio_lower(), certificate.ratio_upper());
    if low <= 0.0 {
        return KernelBound::UNKNOWN;
    }
    // outward for the few roundings here, and for a weight that is rounded up: beside tokens the constant does show
    let spread = (high - low) / (high + low) * (1.0 + 1e-12) + 4e-12;
    KernelBound { spread, weight: 2.0 / (high + low) * (1.0 + 1e-12) }
}

/// The feature map of a choice; landmarks are turned into points by `to_point`.
pub(crate) fn feature_map(
    features: &KeyFeatures,
    key_dim: usize,
    to_points: impl FnOnce(MatRef<'_>) -> Result<poly_kernel::NystromMap, Error>,
) -> Result<BoundedFeatures, Error> {
    let check =
        |dim| if dim == key_dim { Ok(()) } else { Err(Error::Length { expected: key_dim, found: dim }) };
    Ok(match features {
        KeyFeatures::Taylor { degree } => MonomialMap::exp_taylor(key_dim, *degree)?.into(),
        KeyFeatures::Polynomial(polynomial) => MonomialMap::new(key_dim, polynomial.coefficients())?.into(),
        KeyFeatures::Trigonometric(map) => {
            check(map.frequencies().ncols())?;
            map.clone().into()
        }
        KeyFeatures::Landmarks(keys) => {
            check(keys.ncols())?;
            to_points(keys.as_ref())?.into()
        }
    })
}

/// A number that `Σ|cⱼ|tʲ`, the product of two keys' features, does not fall below for `|t| ≤ max_logit`.
pub(crate) fn smallest_product(features: &KeyFeatures, max_logit: f64) -> f64 {
    match features {
        KeyFeatures::Taylor { degree } => {
            ExpTaylor::new(*degree).map_or(f64::NEG_INFINITY, |taylor| taylor.lower_bound(max_logit))
        }
        KeyFeatures::Polynomial(polynomial) => {
            let sizes: Vec<f64> = polynomial.coefficients().iter().map(|c| c.abs()).collect();
            match (ExpPolynomial::from_coefficients(&sizes), LogitRange::symmetric(max_logit)) {
                (Ok(sizes), Ok(range)) => sizes.certificate(range).value_lower(),
                _ => f64::NEG_INFINITY,
            }
        }
        KeyFeatures::Trigonometric(_) | KeyFeatures::Landmarks(_) => f64::NEG_INFINITY,
    }
}

/// Polynomial with the sizes of coefficients, `f(t) = Σ|cⱼ|tʲ`, and its derivatives at `t ≥ 0`, rounded upward.
struct Sizes(Vec<f64>);

impl Sizes {
    /// `f`, `f'`, `f''`.
    fn derivatives(&self, t: f64) -> [f64; 3] {
        let outward = 1.0 + (4 * self.0.len() + 8) as f64 * f64::EPSILON;
        let sum = |weight: fn(f64) -> f64, drop: usize| {
            let terms = self.0.iter().enumerate().skip(drop).rev();
            terms.fold(0.0, |sum, (j, c)| sum * t + weight(j as f64) * c) * outward
        };
        [sum(|_| 1.0, 0), sum(|j| j, 1), sum(|j| j * (j - 1.0), 2)]
    }
}

fn sizes(map: &BoundedFeatures) -> Option<Sizes> {
    map.monomials().map(|map| Sizes(map.coefficients().iter().map(|c| c.abs()).collect()))
}

/// `√(f'(R²) + R²f''(R²))`: how much faster than points features of points within R of zero move, for monomials.
///
/// The squared speed of `φ` along a unit vector u is the mixed second derivative of `f(x·y)` along u at `y = x`,
/// `f'(‖x‖²) + (u·x)²f''(‖x‖²)`, and both derivatives grow with `‖x‖`.
pub(crate) fn lipschitz(map: &BoundedFeatures, radius: f64) -> Option<f64> {
    let square = (radius * radius).next_up();
    let [_, first, second] = sizes(map)?.derivatives(square);
    Some((first + square * second).next_up().sqrt().next_up())
}

/// How much faster than points their *normalised* features `φ/‖φ‖` move within this radius; infinite if nothing is known.
///
/// For monomials with weights `p_j ∝ |cⱼ|s^j`, `s = ‖y‖²`, the squared speed is `f'/f` across y and `Var_p(J)/s ≤ (f' + s f'')/f`
/// along it. With Taylor's weights both are at most one (docs/theorems.md); else they are bounded on cells of `s`, on which
/// each of the growing functions is at most its value at the right end, or least at the left. For trigonometric features it
/// is at most the Frobenius norm of the frequencies over `√m`.
pub(crate) fn normalised_lipschitz(features: &KeyFeatures, map: &BoundedFeatures, radius: f64) -> f64 {
    match (features, map) {
        (KeyFeatures::Taylor { .. }, _) => 1.0,
        (_, BoundedFeatures::Monomial(_)) => {
            let sizes = sizes(map).expect("monomials have coefficients");
            let largest = (radius * radius).next_up();
            let cells = 256;
            let at = |cell: usize| largest * cell as f64 / f64::from(cells);
            let squares = (0..cells as usize).map(|cell| {
                let (left, right) = (at(cell), at(cell + 1).next_up());
                let ([least, ..], [_, first, second]) = (sizes.derivatives(left), sizes.derivatives(right));
                (first + right * second) / (least * (1.0 - 1e-9))
            });
            squares.fold(0.0, f64::max).sqrt() * (1.0 + 1e-12)
        }
        (_, BoundedFeatures::Trigonometric(map)) => {
            let frequencies = map.frequencies();
            let square: f64 = frequencies.rows().flatten().map(|x| x * x).sum();
            (square / frequencies.nrows() as f64).sqrt() * (1.0 + 1e-9)
        }
        _ => f64::INFINITY,
    }
}

/// `Σ|cⱼ|tʲ` at the largest logit, and for other features the largest product of two: what rounded coefficients can do.
pub(crate) fn kernel_size(map: &BoundedFeatures, max_logit: f64) -> f64 {
    sizes(map).map_or_else(|| exp_upper(max_logit), |sizes| sizes.derivatives(max_logit)[0])
}
