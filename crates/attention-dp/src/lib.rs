//! Differentially private attention over private keys and values, exact on the machine.
//!
//! Retrieval stores, system prompts and memories are attended to by queries: `softmax(s·q·Kᵀ) V`. The keys and values
//! are private, the queries are not, and every answer leaks. This crate releases *once* a small summary of all keys
//! and values with noise; from then on queries cost no privacy at all: any number, chosen by anyone, adaptively.
//!
//! # What is protected, from whom
//!
//! One record, against everyone who sees the release and all answers, knows every other record, and has unlimited time:
//! (ε, δ)-differential privacy under an adjacency that says what a record is. The adjacency is a type, and stands in the
//! certificate of each release.
//!
//! | neighbours differ by | number of rows | moments, heads | centre, stream | trees | self-attention |
//! |---|---|---|---|---|---|
//! | [`AddRemoveRow`]: a row, there or not | private | ✓ | ✓ | ✓ over bins | – |
//! | [`ReplaceRow`]: the content of a row | public | ✓ | ✓ | ✓ | ✓ |
//! | [`AddRemoveDocument`]: all rows with one id | private | ✓ | – | – | – |
//! | [`PerturbRow`]: a row moves by at most β | public | ✓ polynomials | ✓ polynomials | – | ✓ |
//!
//! A row is a key with its value. Who owns several rows is protected as a group only, unless the rows are one document.
//! [`PerturbRow`] protects small changes of a record, not the record. Timing, memory and the machine itself are outside
//! every guarantee; `SECURITY.md` of the project says what that means.
//!
//! # What it costs
//!
//! Measured at δ = 1e-6 and, where no other is named, ε = 1; each line by a program of the project. Examples are run by
//! `cargo run --release -p attention-dp --example NAME`, benchmarks by `cargo bench -p provable-dp-benches --bench NAME`. Times are
//! of two threads; `benches/README.md` has the machines, and more.
//!
//! | what | measured | program |
//! |---|---|---|
//! | accuracy, 16 sections from 18 000 sentence embeddings | exact 0.600; at ε = 0.1, 0.5, 1, 3: 0.35, 0.56, 0.58, 0.58 | example `section_queries`, 385 features |
//! | accuracy, 10 digits from 1438 images | exact 0.799; at ε = 0.1, 0.5, 1, 3: 0.22, 0.66, 0.76, 0.79 | example `digits_lookup -- --seed 1` |
//! | bars that hold for all queries at once, 200 000 rows | of 1 020 000 answers none missed, ± 0.10 on average for values in ± 1 | example `unlimited_queries` |
//! | an adversary who knows all rows but one | exact attention: that row to 12 digits from 20 answers. A release: which of two rows it is, 0.50 right by asking adaptively, 0.54 by reading all of it; 0.547 is the bound | example `adaptive_adversary` |
//! | building, 65 536 rows, 495 features, 65 columns | 57 ms | benchmark `moments` |
//! | memory of building, 10⁴ to 10⁷ rows | 10 MiB | `--bin peak_memory` of the benchmarks |
//! | 1024 queries with bars, 10⁴ to 10⁷ rows | 1.9 ms; faster than exact attention from 1024 rows on | benchmark `queries` |
//! | a store of 32 batches of 4000 rows, last week and whole | ± 0.005 and ± 0.001, each query by itself | example `streaming_store` |
//! | error of an answer, 65 536 digits in 8 coordinates, one row replaced | moments 0.0005; trees 0.007 with a joint budget, 0.66 with equal shares; the mean of all values 0.049 | `--bin attention_error` of the benchmarks |
//! | noise of the normaliser of 20 000 rows, 165 features | moments 0.0009 of it; trees 0.014 with a joint budget, 5.5 with equal shares | example `trees_and_moments` |
//! | a logit of 600 rows, within ± 2, moves of β = 0.01 | off by 0.12 (noise on rows), 0.17 (sampling), 2.1 (Gram matrix) | example `self_attention` |
//!
//! # Which mechanism when
//!
//! | you have | take | because |
//! |---|---|---|
//! | keys and values, many queries to come | [`PrivateMoments`] | one release; the noise of an answer does not grow with the number of features |
//! | several heads or layers over the same records | [`PrivateHeads`] | one budget: H equal heads have `√H` times the noise of one |
//! | keys around an unknown vector far from zero | [`PrivateCenter`], then moments | a tenth of the budget for a radius that is several times smaller |
//! | no data yet, and options to choose | [`MomentPlanner`] | expected error by cause, from public knowledge alone |
//! | a private prefix before the user's own tokens | [`MomentReader::query_with_local`] | one softmax over both; the tokens are exact |
//! | a store that grows, or windows of it | [`StreamingMoments`] | one (ε, δ) for all batches together |
//! | counts over ranges of positions or bins | [`PrivateTree`] | error grows with the logarithm of the range |
//! | weighted sums of distances `\|y − xᵢ\|` | [`PrivateDistances`] | trees are good at them; for squared distances moments do |
//! | the published cross-attention, to compare | [`PrivateTreeAttention`] | arXiv 2407.14717 with its holes closed; moments have less noise |
//! | rows that attend to each other | [`PrivateSelfAttention`], after [`plan_self_attention`] | the whole matrix `softmax(s·XXᵀ)`, for small moves of a row |
//! | the same, whole rows protected | [`PrivateSelfAttention::sample_token`] | no noise: softmax is the exponential mechanism |
//!
//! # How moments work
//!
//! Features with `φ(k)·φ(q) ≈ exp(s·q·k)` make attention a ratio of two linear functions of the *moments*
//!
//! ```text
//! S = Σᵢ φ(kᵢ) [vᵢ; c]ᵀ  ∈ ℝ^(r × (d_v + 1)),      r = C(d + g, g) at degree g
//! softmax(s·q·Kᵀ) V ≈ c · φ(q)ᵀ S_values / φ(q)ᵀ S_normaliser
//! ```
//!
//! Every row is clipped, quantised to an integer lattice and summed exactly; then one draw of exactly distributed integer
//! noise is added. The sum does not depend on the order of rows, chunks or threads, its sensitivity is an integer that is
//! enforced row by row, and the noise law is exact: the guarantee holds *on the machine as run*, not only for real
//! numbers. The noise that a query sees has standard deviation `τ‖φ(q)‖`, whatever the number of features.
//!
//! Every answer comes with an [`ErrorBar`] computed from released values, or says that it cannot be given at the chosen
//! confidence. Bars hold for all queries at once (the default), or for each query that was chosen without sight of the
//! release ([`Coverage`]). Adaptivity is free for privacy, not for coverage.
//!
//! # When not to use it
//!
//! * Logits beyond about ±4, or high dimensions with high degrees: the number of features explodes, and the options are
//!   refused with the number they would need. Project keys *publicly* to few dimensions first.
//! * Few rows: the noise is that of one row's weight times `1/ε`; hundreds of rows near a query are needed at ε = 1.
//! * The whole self-attention matrix with whole rows protected at small ε: each entry is about two people, and no way is of use.
//! * Radii, scales, centres or landmarks that were fitted to private rows: they must be public, or released privately. What clipping
//!   changes is in no error bar.
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
//! let bounds = Bounds::new(1.0, 1.0, 1.0)?; // radii of queries, keys and values
//! let options = MomentOptions::new(shape, bounds, 4); // degree of Taylor's polynomial
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
//! # Features of the crate
//!
//! * `io` (default): read keys, values and document ids from npy and safetensors files, save and load releases.
//! * `parquet`: read them from Parquet files; brings in some twenty crates more.
//!
//! # Sources
//!
//! * The problem and a tree-based mechanism: Liang, Shi, Song, Zhou 2024, *Differential Privacy of Cross-Attention with
//!   Provable Guarantee* (arXiv 2407.14717; third version Ke, Liang, Shi, Song, Zhang 2026). The moment release is another mechanism.
//! * The self-attention matrix: Gao, Song, Yang 2023 (arXiv 2305.04701); Gaussian sampling: Alabi, Kothari, Tankala, Venkat, Zhang
//!   2022 (arXiv 2212.08018).
//! * Polynomial features: Alman and Song 2023 (arXiv 2302.13214).
//!
//! Proofs stand in `docs/theorems.md` of the project, what is wrong in these sources in `docs/errata.md`. Every guarantee
//! is a [claim](claims), which `cargo xtask verify` checks together with a broken twin of it.
//!
//! # Notation
//!
//! | here | meaning | shape |
//! |---|---|---|
//! | `n`, `d`, `d_v` | rows, key dimension, value dimension | |
//! | `K`, `V`, `q` | keys, values, query | `(n, d)`, `(n, d_v)`, `(d)` |
//! | `s` | `softmax_scale`, factor of the logits | |
//! | `g`, `r` | degree of the polynomial, number of features | |
//! | `c` | constant that rows carry for the normaliser | |
//! | `S`, `Ŝ` | moments, released moments | `(r, d_v + 1)` |
//! | `σ`, `τ` | noise standard deviation in lattice steps, in data units | |
//! | `X`, `β` | rows that attend to each other, and how far one moves | `(n, d)` |
//!
//! [`AddRemoveRow`]: dp_mechanisms::AddRemoveRow
//! [`ReplaceRow`]: dp_mechanisms::ReplaceRow
//! [`AddRemoveDocument`]: dp_mechanisms::AddRemoveDocument
//! [`PerturbRow`]: dp_mechanisms::PerturbRow

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
    AttentionBounds, AttentionLogits, PrivateSelfAttention, Route, RouteForecast, SelfAttentionOptions,
    SelfAttentionPlan, best_ridge, plan_self_attention,
};
pub use sensitivity::{MomentAdjacency, RowAdjacency};
pub use tree::{
    DistanceEstimate, DistanceMethod, DistanceOptions, DpTree, DpTreeCrossAttention, DpTreeDistance,
    DpTreeHighDim, DpTreeSoftmax, NodeNoise, Power, PrivateDistances, PrivateTree, PrivateTreeAttention,
    PublishedError, PublishedParameters, RowBound, Signs, SoftmaxSums, TreeAdjacency, TreeAttentionOptions,
    TreeBudget, TreeMechanism, TreeOptions, TreeReader, published_error,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
