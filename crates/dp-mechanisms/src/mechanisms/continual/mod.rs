//! Continual release: all prefix sums of a stream of integer vectors, under one guarantee.
//!
//! A stream has one vector of integers a step. After each step the sum so far is released, from noise that is shared between
//! steps: the error grows with the *logarithm* of the number of steps, where noise of its own for every prefix would grow with
//! its square root. The number of steps is public and fixed beforehand ([`StreamOptions`], which also says which streams are
//! neighbours); one (ε, δ) covers all of them.
//!
//! # Guarantee
//!
//! Both mechanisms release integers `C·x + ⌊σN⌉`, for a lower-triangular integer matrix C over the steps. A change of one step
//! moves `C·x` by at most the largest column norm of C times its own norm: the whole stream has at most the profile of the
//! Gaussian mechanism with `μ` that over σ, on the machine as run
//! ([`ExactLattice`](crate::ArithmeticModel::ExactLattice)). It holds for *adaptive* streams too: later steps may depend on
//! everything that was released before. Prefixes and sums over intervals are post-processing.
//!
//! # Which one
//!
//! Expected squared error of an entry of a prefix, in units of `Δ²/μ²`, largest and mean over the steps, beside the least that
//! any mechanism of this kind can have on average ([`lower_bound`]):
//!
//! | steps | [`SquareRootSum`] | [`BinaryTreeSum`] | bound | textbook tree |
//! |---|---|---|---|---|
//! | 2¹⁰ | 10.71, 9.67 | 56.7, 28.4 | 8.47 | 110, 55.0 |
//! | 2¹⁴ | 17.27, 15.94 | 107.9, 54.0 | 14.37 | 210, 105.0 |
//! | 2²⁰ | 30.02, 28.28 | 214.8, 107.4 | 26.16 | 420, 210.0 |
//!
//! The square root is more accurate from two steps on, in the largest and in the mean error (computed for each number of steps up
//! to 700 and some up to 2¹⁴, not proven). The tree is for what the square root cannot do: it needs memory for a few vectors, constant
//! time a step on average, and streams may be a billion steps long. (The textbook tree has a root over all steps and reads each
//! node from its own noise alone.)
//!
//! | | [`SquareRootSum`] | [`BinaryTreeSum`] |
//! |---|---|---|
//! | private memory, vectors | up to `2t` after t steps | `log₂ T` |
//! | released memory, vectors | up to `2t`, and `t` if history is kept | `5 log₂ T`, and `2t` if history is kept |
//! | products a step and entry | `O(t^0.585)` on average | 4 on average |
//! | most steps | 2²⁰ | 2⁴⁰ |
//!
//! Standard deviations describe errors; a confidence interval needs the normal part and a bound on the rest: [`Decoding`].
//!
//! # Example
//!
//! ```
//! use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, LatticeL2Sensitivity, secure_rng};
//! use dp_mechanisms::continual::{SquareRootSum, StreamOptions};
//!
//! // visitors a day for a month; nobody is counted twice
//! let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow)?;
//! let options = StreamOptions::new(30, 1, sensitivity);
//! let mut total = SquareRootSum::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, options)?;
//! let rng = &mut secure_rng()?;
//! for visitors in [812, 790, 1031] {
//!     let so_far = total.push(&[visitors], rng)?;
//!     println!("{:.0}", so_far[0]);
//! }
//! assert!((total.released().latest()[0] - 2633.0).abs() < 10.0 * total.prefix_std(3));
//! # Ok::<(), dp_mechanisms::Error>(())
//! ```
//!
//! # References
//!
//! With [`BinaryTreeSum`], [`SquareRootFactor`] and [`lower_bound`]. S. Denisov, B. McMahan, K. Rush, A. Smith, A. Thakurta, *Improved
//! differential privacy for SGD via optimal private linear operators on adaptive streams*, 2022, Theorem 2.1, for adaptive
//! streams. Proofs: `docs/theorems.md` of the project, Continual release.

mod calibrated;
mod decoding;
mod factor;
mod options;
mod released;
mod shape;
mod square_root;
#[cfg(test)]
mod tests;
mod toeplitz;
mod tree;

pub use decoding::Decoding;
pub use factor::SquareRootFactor;
pub use options::{History, StreamOptions};
pub use released::{ReleasedPrefixes, ReleasedTree};
pub use shape::{Node, TreeShape};
pub use square_root::SquareRootSum;
pub use tree::BinaryTreeSum;

/// The least mean (so the least largest) expected squared error of an entry of a prefix, over the steps `1 … horizon` and at
/// `Δ = μ = 1`, of any mechanism that adds Gaussian noise of one variance to linear statistics of the stream and decodes
/// prefixes linearly and without bias.
///
/// It is `(‖A‖₁/T)²`, `‖A‖₁` the sum of the singular values of the prefix-sum matrix A: if `A = B·C`, the mean error is
/// `‖B‖²_F/T` times the largest squared column norm of C, which is at least `‖C‖²_F/T`, and `‖B·C‖₁ ≤ ‖B‖_F‖C‖_F`. The singular
/// values are `1/(2 sin((2j − 1)π/(4T + 2)))`. It grows as `(ln T/π + 0.7019)²`. Takes time proportional to the horizon.
///
/// # Example
///
/// ```
/// assert!((dp_mechanisms::continual::lower_bound(1) - 1.0).abs() < 1e-15);
/// assert!((dp_mechanisms::continual::lower_bound(1 << 10) - 8.465_681).abs() < 1e-6);
/// ```
///
/// # References
///
/// J. Matoušek, A. Nikolov, K. Talwar, *Factorization norms and hereditary discrepancy*, 2020. M. Henzinger, N. Kalinin, J. Upadhyay,
/// *Normalized square root*, 2025: the best known factorisation reaches `(ln T/π + 0.846)²` in the largest error.
#[must_use]
pub fn lower_bound(horizon: u64) -> f64 {
    let angle = core::f64::consts::PI / (4.0 * horizon as f64 + 2.0);
    let singular_value = |j: u64| 0.5 / ((2 * j - 1) as f64 * angle).sin();
    let sum: f64 = (1..=horizon).map(singular_value).sum();
    (sum / horizon as f64).powi(2)
}
