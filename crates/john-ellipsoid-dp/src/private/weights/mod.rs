//! Weights of rows, one number a row, with log-normal noise in each round: the published private algorithm, repaired.
//!
//! # The statistic
//!
//! Rows `aᵢ` with released weights `w`, `Σ wᵢ = d`, a public ridge λ and a public floor θ:
//!
//! ```text
//! M = λI + Σ wᵢaᵢaᵢᵀ        tᵢ = wᵢ·aᵢᵀM⁻¹aᵢ        sᵢ = ln(tᵢ + θ)
//! ```
//!
//! A round releases `s` with Gaussian noise, and makes new weights of what was released alone.
//!
//! # Sensitivity
//!
//! If row j moves by `b`, all of `s` moves by at most
//!
//! ```text
//! ‖s − s'‖₂ ≤ b·√(wⱼ/(λθ))                                          (docs/theorems.md, noisy weights)
//! ```
//!
//! whatever the rows are: no condition number, no dimension, no number of rows. The constant 1 is approached (`θ → 0`, a row
//! that nothing else supports, `tⱼ = θ`). Logarithms of `gᵢ` alone move by up to `b√((1/τ₀ + (n − 1)wⱼ)/λ)`, with a floor τ₀ on `g`;
//! leverages `tᵢ` by about `1.3·b√(wⱼ/λ)` in sum, which is good for heavy rows and hides light ones. The floor joins both.

mod arithmetic;
mod options;
mod released;
mod rounds;
mod statistic;

pub use options::{Floor, WeightOptions, WeightParameter};
pub use released::NoisyWeights;
pub use rounds::{noisy_weights, weight_statistic};
