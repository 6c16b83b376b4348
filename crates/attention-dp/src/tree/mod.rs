//! Trees of noisy sums: ranges, distances, and the published mechanism for cross-attention, repaired.
//!
//! (Backurs, Lin, Mahabadi, Silwal, Tarnawski 2024; Liang, Shi, Song, Zhou 2024, arXiv 2407.14717.) [`PrivateTreeAttention`] has
//! a table of the family. Ranges and distances are useful by themselves, cross-attention is for comparison.
//!
//! # What was repaired
//!
//! Every sum that depends on a row has noise, the normaliser and the two sums beside the trees included. All levels, coordinates, moments
//! and columns are in one guarantee ([`TreeBudget`]). Adjacency is a type: trees over bins know adding, removing and replacing
//! ([`TreeAdjacency`]), trees over positions replacing alone. What is stored of a row is a function of the *clipped* row. Which
//! statement was wrong stands in `docs/errata.md`, proofs in `docs/theorems.md` (Trees).
//!
//! Nodes are released once: queries are post-processing, adaptive ones too.

mod adjacency;
mod cross_attention;
mod distance;
mod dp_tree;
mod forest;
mod geometry;
mod high_dim;
mod mechanism;
mod nodes;
mod noise;
mod options;
mod private_attention;
mod private_tree;
mod published;
mod reading;

pub use adjacency::TreeAdjacency;
pub use cross_attention::{DpTreeCrossAttention, DpTreeSoftmax, SoftmaxSums, TreeReader};
pub use distance::{DistanceEstimate, DpTreeDistance};
pub use dp_tree::DpTree;
pub use high_dim::{DpTreeHighDim, PrivateDistances};
pub use mechanism::{TreeBudget, TreeMechanism};
pub use noise::NodeNoise;
pub use options::{DistanceMethod, DistanceOptions, Power, TreeAttentionOptions};
pub use private_attention::PrivateTreeAttention;
pub use private_tree::{PrivateTree, RowBound, Signs, TreeOptions};
pub use published::{PublishedError, PublishedParameters, published_error};
