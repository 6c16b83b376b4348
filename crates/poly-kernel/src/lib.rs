//! Certified polynomial feature maps of the exponential kernel, fused and streamed.
//!
//! # The kernel and its features
//!
//! Attention weighs values by `e^{scale·q·k}`. Over bounded logits a polynomial `f(t) = Σⱼ cⱼ tʲ` stands in for the
//! exponential, and a polynomial of a dot product is a dot product of explicit features:
//!
//! ```text
//! e^{x·y} ≈ f(x·y) = φ(x)·φ(y),       φ_a(x) = √(cⱼ j!/∏aᵢ!) x^a,   |a| = j ≤ g,   r = C(d + g, g)
//! ```
//!
//! (with `|cⱼ|` in the root and a sign on the query's side where `cⱼ < 0`).
//!
//! So sums over many keys collapse to one matrix that later queries read: `Σᵢ f(xᵢ·y) vᵢ = φ(y)ᵀ (Σᵢ φ(xᵢ) vᵢᵀ)`.
//!
//! | step | type |
//! |---|---|
//! | which map will do, or what stands in the way | [`Workload`], [`Recommendation`] |
//! | logits as balanced dot products | [`LogitScaling`] |
//! | the polynomial, and a certificate of its error over a range of logits, softcapped or not | [`ExpPolynomial`], [`LogitRange`], [`ErrorCertificate`] |
//! | Taylor's polynomial and its exact error | [`ExpTaylor`] |
//! | what an error of the kernel does to attention's output | [`output_error`] |
//! | the features | [`MonomialMap`], [`FeatureBlock`] |
//! | other features of the same kernel, behind one trait | [`FeatureMap`], [`DifferentiableMap`] |
//! | … random, for large `d` | [`TrigonometricFeatures`], [`PositiveFeatures`], [`OptimalPositiveFeatures`], [`RandomMaclaurin`], [`LinearPlusRandom`], [`TensorSketch`] |
//! | … random, for large `d` and high degree | [`SketchTree`] |
//! | … from landmarks | [`NystromMap`] |
//! | the features as integers, with proven bounds | [`FixedPointFeatures`] |
//! | `Σᵢ φ(xᵢ)vᵢᵀ`, streamed | [`FixedPointMoments`] (exact), [`Moments`] (`f64`) |
//! | `φ(y)ᵀ S` for many `y` | [`readout`], [`readout_with_norms`] |
//! | attention `D⁻¹AV` and products `AM`, causal or not, in `f64` or `f32` ([`Float`]) | [`LinearAttention`], [`Mask`], [`Heads`] |
//! | its gradients | [`AttentionGradients`] |
//! | attention over some of the keys, to be merged with others | [`PartialAttention`] |
//!
//! # Example
//!
//! ```
//! use dp_linalg::{Mat, Parallelism};
//! use poly_kernel::{ExpTaylor, MonomialMap, Moments, readout};
//!
//! // how many degrees for 1 % of relative error while |x·y| ≤ ½?
//! let degree = ExpTaylor::degree_for(0.5, 1e-2).expect("a small logit needs a small degree");
//! let map = MonomialMap::exp_taylor(2, degree)?;
//!
//! let keys = Mat::from_vec(3, 2, vec![0.5, 0.1, -0.2, 0.6, 0.0, -0.7])?;
//! let ones = Mat::from_vec(3, 1, vec![1.0; 3])?;
//! let mut moments = Moments::new(map.clone(), 1);
//! moments.add_block(keys.as_ref(), ones.as_ref())?;
//!
//! let query = Mat::from_vec(1, 2, vec![0.4, 0.5])?;
//! let answer = readout(&map, query.as_ref(), moments.into_matrix().as_ref(), Parallelism::Sequential)?;
//! let exact: f64 = keys.rows().map(|k| (k[0] * 0.4 + k[1] * 0.5).exp()).sum();
//! assert!((answer[(0, 0)] - exact).abs() <= 1e-2 * exact);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which polynomial
//!
//! Degrees for a relative error over `|t| ≤ B` (`cargo xtask verify --only kernel.polynomial.best` derives them again, and
//! that no polynomial of a smaller degree will do; the example `degrees` prints the errors):
//!
//! | `B` | Taylor 1e-2 | best 1e-2 | Taylor 1e-6 | best 1e-6 |
//! |---|---|---|---|---|
//! | 0.5 | 3 | 2 | 7 | 5 |
//! | 1 | 5 | 3 | 9 | 7 |
//! | 2 | 8 | 5 | 14 | 9 |
//! | 4 | 15 | 7 | 21 | 13 |
//!
//! [`ExpPolynomial::best_relative`] is for guarantees: its certificate holds for every input. Where logits follow a law,
//! [`ExpPolynomial::least_squares_normal`] is usually more accurate at the same degree, and promises less: for `t ~ N(0, 1)`
//! and degree 4 its root mean square error is 6 % of that of the weights, with `|t| ≤ 4` in mind a guarantee of 5 % needs
//! degree 6. Both may have negative coefficients.
//!
//! # What holds on the machine as it runs
//!
//! - Error certificates are rounded outward and call no library `exp`.
//! - The integers of a point depend on that point alone: one multiplication and one rounding a feature, never fused, so
//!   they agree across vector widths, processors and places in a block. Sums of integers are exact.
//! - Each integer point obeys a norm bound; a point that would not counts as zero.
//!
//! # Limits
//!
//! The number of features grows like `dᵍ/g!`: the useful region is about `d ≤ 8` at degree 6, 16 at 4, 32 at 3 and 128
//! at 2. Constructors refuse beyond a limit and say how many features there would be. Logits must be bounded: errors
//! are certified for `|t| ≤ B`; those of Taylor polynomials grow like `e^B` on the negative side, those of the best do not.
//!
//! # Notation
//!
//! | here | meaning |
//! |---|---|
//! | `d`, `g`, `r` | dimension, degree, number of features `C(d + g, g)` |
//! | `B` | largest absolute logit, `max_logit` |
//! | `f`, `cⱼ`, `T_g` | polynomial, its coefficients, the Taylor polynomial of `exp` |
//! | `φ`, `φ̃` | features, integer features at scale `2ˢ` |
//! | `u` | unit roundoff `2⁻⁵³` |

mod bounded;
pub mod claims;
mod error;
mod exp_taylor;
mod feature_map;
mod fixed_point;
mod float;
mod interval;
mod linear_attention;
mod moments;
mod monomial;
mod nystrom;
mod output_error;
mod outward;
mod polynomial;
mod random;
mod readout;
mod regime;
mod scaling;

/// Version of this crate, for records of what computed a result.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

pub use bounded::{BoundedFeatures, BoundedMap};
pub use error::Error;
pub use exp_taylor::ExpTaylor;
pub use feature_map::{DifferentiableMap, FeatureMap, KernelError, NormBound, Role};
pub use fixed_point::FixedPointFeatures;
pub use float::Float;
pub use linear_attention::{AttentionGradients, Heads, LinearAttention, Mask, PartialAttention};
pub use moments::{FixedPointMoments, Moments};
pub use monomial::{FeatureBlock, MonomialMap, feature_count};
pub use nystrom::NystromMap;
pub use output_error::output_error;
pub use polynomial::{ErrorCertificate, ExpPolynomial, LogitRange};
pub use random::{
    LinearPlusRandom, OptimalPositiveFeatures, PositiveFeatures, RandomMaclaurin, SketchTree, TensorSketch,
    TrigonometricFeatures,
};
pub use readout::{readout, readout_with_norms};
pub use regime::{RandomMap, Recommendation, Workload};
pub use scaling::LogitScaling;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
