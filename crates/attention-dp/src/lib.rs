//! Differentially private cross-attention over private keys and values, exact on the machine.
//!
//! Retrieval stores, system prompts and memories are attended to by queries: `softmax(s·q·Kᵀ) V`. The keys and values
//! are private, the queries are not, and every answer leaks. This crate releases *once* a small summary of all keys
//! and values with noise; from then on queries cost no privacy at all: any number, chosen by anyone, adaptively.
//!
//! # What is protected, from whom
//!
//! One row (a key with its value), against everyone who sees the release and all answers, with whatever else they know:
//! (ε, δ)-differential privacy under [`AddRemoveRow`](dp_mechanisms::AddRemoveRow) (also the number of rows is hidden) or
//! [`ReplaceRow`](dp_mechanisms::ReplaceRow) (it is public). A person who owns several rows is protected as a group only.
//! Timing, memory and the machine itself are outside the guarantee; `SECURITY.md` of the project says what that means.
//!
//! # How
//!
//! The Taylor polynomial of degree `g` gives features with `φ(k)·φ(q) ≈ exp(s·q·k)`, so attention is a ratio of two
//! linear functions of the *moments*
//!
//! ```text
//! S = Σᵢ φ(kᵢ) [vᵢ; c]ᵀ  ∈ ℝ^(r × (d_v + 1)),      r = C(d + g, g)
//! softmax(s·q·Kᵀ) V ≈ c · φ(q)ᵀ S_values / φ(q)ᵀ S_normaliser
//! ```
//!
//! Every row is clipped, quantised to an integer lattice and summed exactly; then one draw of exactly distributed integer
//! noise is added. The sum does not depend on the order of rows, chunks or threads, its sensitivity is an integer that is
//! enforced row by row, and the noise law is exact: the guarantee holds *on the machine as run*, not only for real
//! numbers. The noise that a query sees has standard deviation `τ‖φ(q)‖`, whatever the number of features.
//!
//! Every answer comes with an [`ErrorBar`] computed from released values, or says that it cannot be given at the chosen
//! confidence. Bars come in two kinds ([`Coverage`]): for all queries at once (the default), or for queries that were
//! chosen without sight of the release. Adaptivity is free for privacy, not for coverage.
//!
//! # More
//!
//! * A private prefix (a system prompt, a store) with the user's own tokens behind it, in one softmax:
//!   [`MomentReader::query_with_local`].
//! * A store that grows, with windowed answers, under one (ε, δ) for all time: [`StreamingMoments`].
//!
//! # Rows that attend to each other
//!
//! [`PrivateSelfAttention`] releases the whole matrix `softmax(s·XXᵀ)` of private rows, or tokens from it, and [`plan`] says
//! what that costs before anything is released. There are other limits: see the types.
//!
//! # When not to use it
//!
//! * Logits beyond about ±4, or high dimensions with high degrees: the number of features explodes, and the options are
//!   refused with the number they would need. Project keys *publicly* to few dimensions first.
//! * Few rows: the noise is that of one row's weight times `1/ε`; hundreds of rows near a query are needed at ε = 1.
//! * Clipping is not in the error bars: what it changes is private. Choose radii from public knowledge.
//!
//! # Example
//!
//! ```
//! use attention_dp::{Bounds, MomentOptions, PrivateMoments, Rows, Shape};
//! use dp_linalg::Mat;
//! use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
//!
//! let (n, d) = (20_000, 3);
//! let keys = Mat::from_fn(n, d, |i, j| ((i * (j + 2)) as f64).sin() / 2.0);
//! let values = Mat::from_fn(n, 1, |i, _| keys[(i, 0)]);
//!
//! let shape = Shape { key_dim: d, value_dim: 1 };
//! let options = MomentOptions::new(shape, Bounds::new(1.0, 1.0, 1.0)?, 4); // radii of queries, keys, values; degree
//! let mut moments = PrivateMoments::new(AddRemoveRow, options)?;
//! moments.push(Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref())?)?;
//! let release = moments.release(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
//!
//! let reader = release.value().reader(FailureProbability::new(0.05)?)?;
//! for query in [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]] {
//!     match reader.query(&query)?.estimate() {
//!         Some(estimate) => println!("{:.3} ± {:.3}", estimate.value()[0], estimate.bars()[0].total()),
//!         None => println!("no answer at this confidence"),
//!     }
//! }
//! assert!(release.certificate().guarantee().delta(1.0) <= 1e-6);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Trees
//!
//! Another way to release sums once and ask often, the published one, repaired:
//!
//! | paper | here | answers |
//! |---|---|---|
//! | DPTree | [`PrivateTree`] → [`DpTree`] | sums over ranges of positions or of bins |
//! | DPTreeDistance | [`DpTreeDistance`] | `Σ wᵢ\|y − xᵢ\|ᵖ`, p = 1, 2 |
//! | DPTreeHighDim | [`PrivateDistances`] → [`DpTreeHighDim`] | `Σ wᵢ‖y − xᵢ‖_p^p` |
//! | DPTreeSoftmax | [`DpTreeSoftmax`] | `Σ wᵢ exp(s·q·kᵢ)` |
//! | DPTreeCrossAttention | [`PrivateTreeAttention`] → [`DpTreeCrossAttention`] | `softmax(s·q·Kᵀ)V` |
//!
//! Take them for ranges and for distances with p = 1. For attention they are there to be compared with: at equal privacy the
//! moments have about 15 times less noise than trees with a joint budget, and hundreds to thousands of times less than with
//! equal shares (example `trees_and_moments`), because the *squared* distances that softmax is made of need no tree.
//! [`TreeBudget`] says how one budget covers all levels, coordinates, powers and columns; [`TreeAdjacency`], who is a neighbour.
//!
//! # Features
//!
//! * `io` (default): read keys, values and document ids from npy and safetensors files, save and load releases.
//! * `parquet`: read them from Parquet files; brings in some twenty crates more.
//!
//! # Sources
//!
//! The problem and a tree-based mechanism: Liang, Shi, Song, Zhou 2024, *Differential Privacy of Cross-Attention with
//! Provable Guarantee* (arXiv 2407.14717; third version Ke, Liang, Shi, Song, Zhang 2026). It is here too, repaired, to be
//! compared with ([`DpTreeCrossAttention`]), and for what trees are good at: sums over ranges ([`DpTree`]) and distances
//! ([`DpTreeHighDim`]). The moment release is another mechanism; the derivations of both stand in `docs/theorems.md` of the project. Polynomial features: Alman and Song 2023 (arXiv 2302.13214).
//!
//! # Notation
//!
//! | here | meaning | shape |
//! |---|---|---|
//! | `n`, `d`, `d_v` | rows, key dimension, value dimension | |
//! | `K`, `V`, `q` | keys, values, query | `(n, d)`, `(n, d_v)`, `(d)` |
//! | `s` | `softmax_scale`, factor of the logits | |
//! | `g`, `r` | Taylor degree, number of features | |
//! | `S`, `Ŝ` | moments, released moments | `(r, d_v + 1)` |
//! | `σ`, `τ` | noise standard deviation in lattice steps, in data units | |

mod center;
pub mod claims;
mod documents;
mod error;
mod exact;
mod features;
mod heads;
#[cfg(feature = "io")]
pub mod io;
mod local;
mod options;
mod plan;
mod private;
mod rows;
mod self_attention;
mod sensitivity;
mod tree;

pub use center::PrivateCenter;
pub use documents::Documents;
pub use error::{Error, Parameter};
pub use exact::exact_attention;
pub use features::KeyFeatures;
pub use heads::PrivateHeads;
pub use local::LocalTokens;
pub use options::{Bounds, MomentOptions, Shape};
pub use plan::{ExpectedError, MomentPlan, MomentPlanner};
pub use private::{
    Answer, AttentionMoments, Coverage, ErrorBar, Estimate, Factorization, IntervalMoments, MomentGeometry,
    MomentReader, PrivateMoments, StreamedMoments, StreamingMoments, StreamingOptions,
};
pub use rows::Rows;
pub use self_attention::{
    AttentionBounds, AttentionLogits, Forecast, Plan, PrivateSelfAttention, Route, SelfAttentionAdjacency,
    SelfAttentionOptions, best_ridge, plan,
};
pub use sensitivity::{MomentAdjacency, RowAdjacency};
pub use tree::{
    DistanceEstimate, DistanceMethod, DistanceOptions, DpTree, DpTreeCrossAttention, DpTreeDistance,
    DpTreeHighDim, DpTreeSoftmax, NodeNoise, Power, PrivateDistances, PrivateTree, PrivateTreeAttention,
    PublishedError, PublishedParameters, RowBound, Signs, SoftmaxSums, TreeAdjacency, TreeAttentionOptions,
    TreeBudget, TreeMechanism, TreeOptions, TreeReader, published_error,
};
