//! Cross-attention of [candle](candle_core) over a private memory: a layer's call on tensors, its keys and values replaced by one
//! differentially private release.
//!
//! A decoder with cross-attention computes, in each head, `softmax(s·Q Kᵀ) V` over keys and values that were projected from a
//! memory. If the memory is private, [`PrivateMemory`] takes the projected tensors once and releases the moments of all
//! heads under *one* (ε, δ), and [`PrivateCrossAttention`] answers in their place: any number of queries, in any order, at no further cost.
//! The projections must be public (trained without the memory): only keys and values of the memory are protected.
//!
//! | candle | here |
//! |---|---|
//! | `softmax(q.matmul(&k.t()?)? * scale)?.matmul(&v)` | [`PrivateCrossAttention::forward`]`(&q)` |
//! | … with local tokens behind the memory, in one softmax | [`PrivateCrossAttention::forward_with_local`]`(&q, &k, &v, mask)` |
//!
//! Tensors of any float type on any device are copied to the CPU and computed with in `f64`; results have type and device of the
//! queries. No gradients: a private memory is for inference.
//!
//! # Building
//!
//! A workspace of its own, because candle takes minutes to compile and is no dependency of the project:
//!
//! ```text
//! cd crates/attention-dp-candle
//! cargo test
//! ```
//!
//! # Example
//!
//! ```
//! use attention_dp::{Bounds, MomentOptions, Shape};
//! use attention_dp_candle::{PrivateCrossAttention, PrivateMemory};
//! use candle_core::{Device, Tensor};
//! use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
//!
//! let (heads, n, d) = (2, 20_000, 3);
//! let keys = Tensor::rand(-0.5_f32, 0.5, (heads, n, d), &Device::Cpu)?;
//! let values = keys.narrow(2, 0, 2)?;
//!
//! let options = MomentOptions::new(Shape { key_dim: d, value_dim: 2 }, Bounds::new(1.0, 1.0, 1.0)?, 5);
//! let mut memory = PrivateMemory::new(AddRemoveRow, &options, heads)?;
//! memory.push(&keys, &values)?;
//! let released = memory.release(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
//! assert!(released.certificate().guarantee().delta(1.0) <= 1e-6); // of both heads together
//!
//! let attention = PrivateCrossAttention::new(released.value().clone(), FailureProbability::new(0.01)?)?;
//! let queries = Tensor::rand(-0.5_f32, 0.5, (1, heads, 4, d), &Device::Cpu)?;
//! let attended = attention.forward(&queries)?;
//! assert_eq!(attended.output().dims(), [1, heads, 4, 2]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attention;
mod error;
mod heads;
mod tensors;

pub use attention::{Attended, Mask, PrivateCrossAttention};
pub use error::Error;
pub use heads::PrivateMemory;
