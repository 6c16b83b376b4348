//! How many threads an operation may use.

use core::num::NonZeroUsize;

/// Threads that one call may use; never more than it can keep busy.
///
/// There is no pool and no global setting: a call starts its threads and ends them. Floating-point products may
/// differ in the last bits between settings, as they may between processors; integer products
/// ([`ExactProductSum`](crate::ExactProductSum), and any product of integers whose absolute products sum to less than
/// 2⁵³) never do.
///
/// ```
/// use dp_linalg::Parallelism;
///
/// assert_eq!(Parallelism::default(), Parallelism::Sequential);
/// assert_eq!(Parallelism::threads(0).get(), 1);
/// assert!(Parallelism::available().get() >= 1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Parallelism {
    /// The calling thread does everything.
    #[default]
    Sequential,
    /// Up to this many threads, the calling one among them.
    Threads(NonZeroUsize),
}

impl Parallelism {
    /// As many threads as the operating system grants this process; `Sequential` when it does not say.
    #[must_use]
    pub fn available() -> Self {
        std::thread::available_parallelism().map_or(Self::Sequential, Self::Threads)
    }

    /// `count` threads; zero counts as one.
    #[must_use]
    pub const fn threads(count: usize) -> Self {
        match NonZeroUsize::new(count) {
            Some(count) => Self::Threads(count),
            None => Self::Sequential,
        }
    }

    /// The number of threads.
    #[must_use]
    pub const fn get(self) -> usize {
        match self {
            Self::Sequential => 1,
            Self::Threads(count) => count.get(),
        }
    }
}
