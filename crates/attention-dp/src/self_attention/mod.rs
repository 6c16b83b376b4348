//! The private self-attention matrix: rows that attend to each other.
//!
//! # Problem
//!
//! `D⁻¹ exp(s·XXᵀ)`, `D` the row sums, for private rows X of shape `(n, d)` (Gao, Song, Yang 2023). Every entry is about two rows, and the
//! matrix is as large as `n²`: there is no sum over rows in which one of them drowns. What can be protected at little cost is
//! a *move* of a row by a small β ([`PerturbRow`](dp_mechanisms::PerturbRow), metric privacy), which is what the paper protects.
//!
//! # Three ways
//!
//! With `σ₁ = 1/μ(ε, δ)`, the noise that a sensitivity of one asks for, and rows of norm α, one logit at scale one is off by about
//!
//! ```text
//! rows        σ₁β√(2α² + dσ₁²β²)      everything else is post-processing
//! Gram        σ₁β·α√n                 triangle of XXᵀ, entry by entry
//! sampling    2σ₁βα at λ = α²         k ≈ λ/(σ₁β)² draws of N(0, XXᵀ + λI), as long as k is large
//! ```
//!
//! Noise on rows is the best for small β. For large d, or ε so small that `σ₁β√d > √2·α`, sampling is better while it
//! still has draws; after a [low-rank estimate](AttentionLogits::with_low_rank) noise on the triangle has `√n` replaced by about `√(2d)`.
//! [`plan_self_attention`] computes all of them.

mod bars;
mod encode;
mod lattice;
mod logits;
mod mechanisms;
mod options;
mod plan;
mod private;
mod softmax;
mod token;

pub use logits::{AttentionBounds, AttentionLogits};
pub use options::SelfAttentionOptions;
pub use plan::{Route, RouteForecast, SelfAttentionPlan, best_ridge, plan_self_attention};
pub use private::PrivateSelfAttention;
