//! One private tree: exact integer sums over ranges of leaves.

use super::adjacency::TreeAdjacency;
use super::dp_tree::DpTree;
use super::mechanism::{Touched, TreeBudget, TreeMechanism, Waiting};
use super::nodes::NodeLayout;
use super::noise::NodeNoise;
use crate::error::{Error, Parameter};
use crate::rows::check_dimension;
use core::fmt;
use core::ops::Range;
use dp_mechanisms::continual::TreeShape;
use dp_mechanisms::{Delta, Epsilon, Error as MechanismError, PrivacyProfile, Release, ReplaceRow};
use rand::CryptoRng;

/// Most entries that all nodes of a private tree, or of all trees of one release, may have together: 2 GiB. A release takes up to
/// three times that for a moment.
pub(crate) const MAX_ENTRIES: usize = 1 << 28;

/// Signs that the entries of a row may have.
///
/// # Example
///
/// ```
/// use attention_dp::{RowBound, Signs};
///
/// let counts = RowBound { signs: Signs::Nonnegative, ..RowBound::entries(1, 1) };
/// assert_ne!(counts, RowBound::entries(1, 1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signs {
    /// Any.
    Any,
    /// No entry is negative: rows never point apart, and replacing one costs `√2` times Gaussian noise instead of twice.
    Nonnegative,
}

/// What a row may add to a leaf: a vector of integers whose norms and signs are enforced row by row.
///
/// # Example
///
/// ```
/// use attention_dp::RowBound;
///
/// let three = RowBound::entries(3, 10); // three integers of at most 10
/// assert_eq!((three.width, three.l1, three.squared_l2), (3, 30, 300));
/// let one_of_three = RowBound { l1: 1, squared_l2: 1, ..three };
/// assert_eq!(one_of_three.width, 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowBound {
    /// Entries of the vector.
    pub width: usize,
    /// Largest L1 norm.
    pub l1: u64,
    /// Largest squared L2 norm.
    pub squared_l2: u128,
    /// Signs of the entries.
    pub signs: Signs,
}

impl RowBound {
    /// `width` entries of at most `max_abs` each, of any sign.
    #[must_use]
    pub const fn entries(width: usize, max_abs: u64) -> Self {
        let square = max_abs as u128 * max_abs as u128;
        Self {
            width,
            l1: max_abs.saturating_mul(width as u64),
            squared_l2: square.saturating_mul(width as u128),
            signs: Signs::Any,
        }
    }

    fn admits(&self, vector: &[i64]) -> bool {
        let sizes = || vector.iter().map(|x| u128::from(x.unsigned_abs()));
        let l1: u128 = sizes().sum();
        let has_signs = self.signs == Signs::Any || vector.iter().all(|&x| x >= 0);
        // squares of 64-bit numbers fit, and their sum saturates
        has_signs
            && l1 <= u128::from(self.l1)
            && sizes().map(|x| x * x).fold(0, u128::saturating_add) <= self.squared_l2
    }
}

/// What a tree is made of: all of it public.
///
/// # Example
///
/// ```
/// use attention_dp::{RowBound, TreeBudget, TreeOptions};
///
/// let options = TreeOptions::new(365, RowBound::entries(1, 1), TreeBudget::Joint);
/// assert_eq!(options.leaves, 365);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TreeOptions {
    /// Number of leaves: positions, or bins of a public grid.
    pub leaves: usize,
    /// What a row may add to a leaf.
    pub row: RowBound,
    /// Which noise, and how the budget covers the levels.
    pub budget: TreeBudget,
    /// Rows up to which sums cannot leave the lattice; privacy holds beyond. Default 2²⁰.
    pub max_rows: u64,
}

impl TreeOptions {
    /// A tree for up to 2²⁰ rows. Nothing is checked until it is used.
    #[must_use]
    pub const fn new(leaves: usize, row: RowBound, budget: TreeBudget) -> Self {
        Self { leaves, row, budget, max_rows: 1 << 20 }
    }

    /// Rows up to which sums cannot leave the lattice.
    #[must_use]
    pub const fn with_max_rows(self, max_rows: u64) -> Self {
        Self { max_rows, ..self }
    }
}

/// Exact sums of the integer vectors of private rows, one leaf a row, not yet released.
///
/// # Which leaves
///
/// * *Bins* of a public grid ([`over_bins`](Self::over_bins)): the leaf is a function of the row alone, so adding, removing and
///   replacing rows are all covered.
/// * *Positions* ([`over_positions`](Self::over_positions)): row i stands in leaf i. Only [`ReplaceRow`] makes sense, of which
///   blanking a slot is a special case: an inserted row would shift all later ones.
///
/// # Guarantee
///
/// [`release`](Self::release) is (ε, δ)-differentially private under `A`, on the machine as run: all levels and all entries
/// are in it. A row whose vector exceeds the [`RowBound`] contributes nothing.
///
/// # Example
///
/// ```
/// use attention_dp::{PrivateTree, RowBound, TreeBudget, TreeOptions};
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, secure_rng};
///
/// // how many people are of which age?
/// let options = TreeOptions::new(128, RowBound::entries(1, 1), TreeBudget::Joint);
/// let mut ages = PrivateTree::over_bins(AddRemoveRow, options)?;
/// for person in 0..5_000 {
///     ages.add(person * person % 97, &[1])?;
/// }
/// let released = ages.release(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
/// let tree = released.value();
/// let adults = tree.range(18..128)?[0];
/// assert!((3_000.0..5_500.0).contains(&adults) && tree.range_std(18..128)? < 50.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrivateTree<A> {
    adjacency: A,
    options: TreeOptions,
    layout: NodeLayout,
    /// Entry by entry, each a scalar tree; only leaves are filled.
    nodes: Vec<i64>,
}

impl PrivateTree<ReplaceRow> {
    /// A tree over the rows in their order: `values` holds the vector of row i at `i·width`, for as many rows as there are
    /// leaves.
    ///
    /// # Errors
    ///
    /// Those of [`over_bins`](Self::over_bins); [`Error::Dimension`] unless there are `leaves·width` values.
    pub fn over_positions(options: TreeOptions, values: &[i64]) -> Result<Self, Error> {
        let mut tree = Self::over_bins(ReplaceRow, options)?;
        let width = options.row.width;
        check_dimension(Parameter::LeafVector, options.leaves.saturating_mul(width), values.len())?;
        for (leaf, vector) in values.chunks_exact(width).enumerate() {
            tree.add(leaf, vector)?;
        }
        Ok(tree)
    }
}

impl<A: TreeAdjacency> PrivateTree<A> {
    /// An empty tree over the bins of a public grid.
    ///
    /// # Errors
    ///
    /// [`Error::TreeSize`] for a tree without entries or too large for memory, [`Error::Mechanism`] if there are no leaves.
    pub fn over_bins(adjacency: A, options: TreeOptions) -> Result<Self, Error> {
        let layout = layout(options.leaves, options.row.width)?;
        Ok(Self { adjacency, options, nodes: vec![0; layout.len() * options.row.width], layout })
    }

    /// Adds the vector of one row to a leaf. The leaf must be a function of that row alone.
    ///
    /// Nothing happens, and no error tells, if there is no such leaf or the vector exceeds the bound.
    ///
    /// # Errors
    ///
    /// [`Error::Dimension`] unless the vector has the width of the tree.
    pub fn add(&mut self, leaf: usize, vector: &[i64]) -> Result<(), Error> {
        check_dimension(Parameter::LeafVector, self.options.row.width, vector.len())?;
        if leaf < self.layout.leaves() && self.options.row.admits(vector) {
            for (tree, &x) in self.nodes.chunks_exact_mut(self.layout.len()).zip(vector) {
                tree[leaf] = tree[leaf].wrapping_add(x);
            }
        }
        Ok(())
    }

    /// Number of levels; a row is in at most one node a level.
    #[must_use]
    pub const fn levels(&self) -> u32 {
        self.layout.shape().levels()
    }

    /// How far the integers move between neighbours: in L1 within one piece (one level of one tree, or one sum), and squared in L2 over
    /// all of them, in lattice steps.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the square does not fit 128 bits.
    pub fn sensitivities(&self) -> Result<(u64, u128), Error> {
        Ok(self.touched()?.sensitivities(self.adjacency)?)
    }

    /// The mechanism that [`release`](Self::release) would use at this budget.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the sensitivity overflows, or the target needs more noise than the lattice carries.
    pub fn calibrate(&self, epsilon: Epsilon, delta: Delta) -> Result<TreeMechanism<A>, Error> {
        let budget = self.options.budget;
        Ok(TreeMechanism::calibrate(budget, (epsilon, delta), &self.touched()?, self.adjacency)?)
    }

    /// Releases all nodes with noise that is calibrated to (ε, δ).
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the noise leaves the lattice: by options and budget alone.
    pub fn release<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<DpTree, PrivacyProfile<A>>, Error> {
        let mechanism = self.calibrate(epsilon, delta)?;
        let release = self.release_with(&mechanism, rng)?;
        Ok(release
            .with_parameter("target_epsilon", epsilon.get())
            .with_parameter("target_delta", delta.get()))
    }

    /// Releases all nodes with noise that was calibrated elsewhere, for instance within a larger budget.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the mechanism was made for a smaller sensitivity, or its noise leaves the lattice.
    pub fn release_with<R: CryptoRng + ?Sized>(
        mut self,
        mechanism: &TreeMechanism<A>,
        rng: &mut R,
    ) -> Result<Release<DpTree, PrivacyProfile<A>>, Error> {
        self.sum_upward();
        let waiting = Waiting {
            nodes: std::mem::take(&mut self.nodes),
            pieces: self.pieces(),
            touched: self.touched()?,
            adjacency: self.adjacency,
            max_abs: self.options.max_rows.saturating_mul(self.options.row.l1),
            what: "sums over a tree",
        };
        let (layout, width) = (self.layout, self.options.row.width);
        Ok(mechanism
            .release(waiting, rng)?
            .with_parameter("leaves", self.options.leaves)
            .with_parameter("width", width)
            .postprocess(|nodes| DpTree::new(layout, width, mechanism.noise(), &nodes)))
    }

    /// The sums without any noise: *not private*.
    #[must_use]
    pub fn assume_public(mut self) -> DpTree {
        self.sum_upward();
        DpTree::new(self.layout, self.options.row.width, NodeNoise::None, &self.nodes)
    }

    /// All nodes as exact integers, entry by entry and level by level, for verification: *not private*.
    #[must_use]
    pub fn assume_public_nodes(mut self) -> Vec<i64> {
        self.sum_upward();
        self.nodes
    }

    fn sum_upward(&mut self) {
        self.nodes.chunks_exact_mut(self.layout.len()).for_each(|tree| self.layout.sum_upward(tree));
    }

    /// A row is in at most one node of each level, and its L2 norm is at most its L1 norm.
    fn touched(&self) -> Result<Touched, MechanismError> {
        let (levels, row) = (self.layout.shape().levels(), self.options.row);
        let (left, right) = (row.squared_l2.min(u128::from(row.l1).pow(2)), u128::from(levels));
        let squared = left.checked_mul(right).ok_or(MechanismError::SensitivityOverflow { left, right })?;
        let opposition = if row.signs == Signs::Nonnegative { 0 } else { squared };
        Ok(Touched { pieces: levels.into(), l1: row.l1, squared, opposition })
    }

    /// One piece a level: the nodes of all entries.
    fn pieces(&self) -> Vec<Vec<Range<usize>>> {
        let stride = self.layout.len();
        let entries = |level: Range<usize>| {
            (0..self.options.row.width).map(move |e| e * stride + level.start..e * stride + level.end)
        };
        self.layout.levels().map(|level| entries(level).collect()).collect()
    }
}

/// Where nodes stand, if there are as few as memory allows.
pub(crate) fn layout(leaves: usize, entries: usize) -> Result<NodeLayout, Error> {
    let size = || Error::TreeSize { leaves, entries, max: MAX_ENTRIES };
    // a tree has fewer than twice as many nodes as leaves
    if entries == 0 || leaves.checked_mul(2 * entries.min(MAX_ENTRIES)).is_none_or(|most| most > MAX_ENTRIES)
    {
        return Err(size());
    }
    Ok(NodeLayout::new(TreeShape::new(leaves as u64)?))
}

impl<A: TreeAdjacency> fmt::Debug for PrivateTree<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateTree")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("leaves", &self.options.leaves)
            .field("width", &self.options.row.width)
            .finish_non_exhaustive()
    }
}
