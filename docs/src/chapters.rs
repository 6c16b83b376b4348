//! Chapters whose Rust blocks run as doc tests. A test compares this list with the chapters that have any.

#[cfg(doctest)]
#[doc = include_str!("../getting_started.md")]
mod getting_started {}

#[cfg(doctest)]
#[doc = include_str!("../adjacency.md")]
mod adjacency {}

#[cfg(doctest)]
#[doc = include_str!("../guides/exact_noise.md")]
mod guides_exact_noise {}

#[cfg(doctest)]
#[doc = include_str!("../guides/kernels.md")]
mod guides_kernels {}

#[cfg(doctest)]
#[doc = include_str!("../guides/moments.md")]
mod guides_moments {}

#[cfg(doctest)]
#[doc = include_str!("../guides/trees.md")]
mod guides_trees {}

#[cfg(doctest)]
#[doc = include_str!("../guides/self_attention.md")]
mod guides_self_attention {}

#[cfg(doctest)]
#[doc = include_str!("../guides/ellipsoids.md")]
mod guides_ellipsoids {}

#[cfg(doctest)]
#[doc = include_str!("../guides/regression.md")]
mod guides_regression {}

#[cfg(doctest)]
#[doc = include_str!("../auditing.md")]
mod auditing {}
