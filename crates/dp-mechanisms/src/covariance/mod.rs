//! Gaussian outputs whose *covariance* depends on the data: what k draws of `N(0, Σ)` tell about Σ.
//!
//! # Setting
//!
//! The data decide a covariance Σ, and k independent draws of `N(0, Σ)` are released, or any function of them: their
//! average outer product ([`GaussianSampling`](crate::GaussianSampling)), a Gaussian sketch of a matrix A (then
//! `Σ = AᵀA`). A neighbour has Σ'. All that matters are the eigenvalues `1 + μᵢ` of `Σ^{1/2}Σ'⁻¹Σ^{1/2}`: the privacy
//! loss is
//!
//! ```text
//! L = ½ Σᵢ (μᵢ χ²ᵢ − k ln(1 + μᵢ))         χ²ᵢ independent chi-squares with k degrees of freedom
//! ```
//!
//! under Σ, and with `χ²ᵢ/(1 + μᵢ)` under Σ'. The two orders of the pair differ: reversed, μ becomes `−μ/(1 + μ)`. A
//! decrease is a larger increase in the other order, and differential privacy needs both.
//!
//! # Which to use
//!
//! | what is known of the change | type | result |
//! |---|---|---|
//! | one eigenvalue, its change | [`RankOne`] | exact, to the last bit |
//! | a target, one eigenvalue | [`Target`] | largest change, most draws |
//! | all eigenvalues | [`Spectrum`] | an interval, `1e-9` wide where 8 draws are of comparable changes; also for compositions of different pairs |
//! | a bound on the Frobenius norm or on Jeffreys' divergence | [`Neighbourhood`] | what is attained, and what nothing exceeds |
//!
//! Everything here is numbers: no matrix, no noise, no data. All bounds are computed in certified arithmetic and
//! rounded outward. They hold for real-valued outputs.
//!
//! # Composition
//!
//! T releases of k draws are one release of Tk draws ([`RankOne::times`], [`Spectrum::with`]); Rényi divergences add up
//! also where later covariances depend on earlier releases.
//!
//! # References
//!
//! D. Alabi, P. K. Kothari, P. Tankala, P. Venkat, F. Zhang, *Privately Estimating a Gaussian: Efficient, Robust and
//! Optimal*, 2022 (the mechanism and a sufficient condition); O. Sheffet, *Old Techniques in Differentially Private
//! Linear Regression*, 2019 (sketches); J. Abate, W. Whitt, *The Fourier-series method for inverting transforms of
//! probability distributions*, 1992 (the error of the sum). Proofs: `docs/theorems.md` of the project, *Changed
//! covariances*.

mod change;
pub mod chi_square;
mod complex;
mod inversion;
mod neighbourhood;
mod rank_one;
mod renyi;
mod spectrum;
mod steer;
mod target;
mod tilted;

pub use change::{Draws, EigenvalueChange, Orders};
pub use neighbourhood::Neighbourhood;
pub use rank_one::RankOne;
pub use spectrum::Spectrum;
pub use target::Target;
