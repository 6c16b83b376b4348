//! Private keys and values as trees over each feature.

use super::adjacency::TreeAdjacency;
use super::cross_attention::DpTreeCrossAttention;
use super::forest::Forest;
use super::geometry::{SUMS, TreeGeometry};
use super::mechanism::{Touched, TreeMechanism};
use super::options::TreeAttentionOptions;
use crate::error::Error;
use crate::private::{MomentGeometry, RowEncoder};
use crate::rows::Rows;
use core::fmt;
use dp_linalg::{Mat, MatMut, MatRef};
use dp_mechanisms::{Delta, Epsilon, Error as MechanismError, PrivacyProfile, Release};
use poly_kernel::{FeatureBlock, FeatureMap};
use rand::CryptoRng;

/// Rows whose features are computed at a time.
const BLOCK: usize = 1024;

/// Exact trees of private keys and values, for each feature of a key, each value column and the normaliser; not yet released.
///
/// The structure of arXiv 2407.14717 with its holes closed (`docs/errata.md` of the project): *every* sum that depends on a row has noise, also
/// `Σ w‖φ(k)‖²`, `Σ w` and all of the normaliser; everything that is stored of a row is a function of the clipped row; adjacency
/// is a type. It is here to be compared with: for the *squared* distances that softmax needs three moments would do without a
/// tree, and [`PrivateMoments`](crate::PrivateMoments) needs one.
///
/// Memory: `2·bins·3·r·(d_v + 1)` integers of 8 bytes, at most 2 GiB, and up to twice more while they are released. Time:
/// `O(n·r·d_v)` to build, whatever the number of bins, and `O(r·d_v·log bins)` for a query.
///
/// # The family
///
/// | paper | here | answers |
/// |---|---|---|
/// | DPTree | [`PrivateTree`](crate::PrivateTree) → [`DpTree`](crate::DpTree) | sums over ranges of positions or of bins |
/// | DPTreeDistance | [`DpTreeDistance`](crate::DpTreeDistance) | `Σ wᵢ\|y − xᵢ\|ᵖ`, p = 1, 2 |
/// | DPTreeHighDim | [`PrivateDistances`](crate::PrivateDistances) → [`DpTreeHighDim`](crate::DpTreeHighDim) | `Σ wᵢ‖y − xᵢ‖_p^p` |
/// | DPTreeSoftmax | [`DpTreeSoftmax`](crate::DpTreeSoftmax) | `Σ wᵢ exp(s·q·kᵢ)` |
/// | DPTreeCrossAttention | this → [`DpTreeCrossAttention`] | `softmax(s·q·Kᵀ)V` |
///
/// [`TreeBudget`](crate::TreeBudget) says how one budget covers all levels, coordinates, powers and columns; [`TreeAdjacency`], who is a
/// neighbour. At equal privacy the noise of trees is 14 to 38 times that of the moments with a joint budget, and 300 to 60 000 times
/// with equal shares (example `trees_and_moments`, benchmark `attention_error`).
///
/// # Guarantee
///
/// [`release`](Self::release) is (ε, δ)-differentially private under `A`, on the machine as run.
///
/// # Example
///
/// ```
/// use attention_dp::{
///     Bounds, MomentOptions, PrivateTreeAttention, Rows, Shape, TreeAttentionOptions, TreeBudget,
/// };
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
///
/// let keys = Mat::from_fn(20_000, 2, |i, j| [(i as f64).cos(), (i as f64).sin()][j]);
/// let values = Mat::from_fn(20_000, 1, |i, _| if keys[(i, 0)] > 0.0 { 1.0 } else { -1.0 });
/// let (shape, bounds) = (Shape { key_dim: 2, value_dim: 1 }, Bounds::new(1.0, 1.0, 1.0)?);
/// let moments = MomentOptions::new(shape, bounds, 3).with_max_rows(1 << 20);
/// let options = TreeAttentionOptions::new(moments, TreeBudget::Joint).with_bins(16);
/// let mut trees = PrivateTreeAttention::new(AddRemoveRow, options)?;
/// trees.push(Rows::new(AddRemoveRow, keys.as_ref(), values.as_ref())?)?;
/// let released = trees.release(Epsilon::new(2.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
///
/// let reader = released.value().fixed_query_reader(FailureProbability::new(0.05)?)?;
/// match reader.query(&[1.0, 0.0])?.estimate() {
///     Some(estimate) => println!("{:.2} ± {:.2}", estimate.value()[0], estimate.bars()[0].total()),
///     None => println!("no answer at this confidence"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrivateTreeAttention<A> {
    adjacency: A,
    geometry: TreeGeometry,
    encoder: RowEncoder,
    features: FeatureBlock,
    forest: Forest,
}

impl<A: TreeAdjacency> PrivateTreeAttention<A> {
    /// No rows yet. Checks all options; no data is involved.
    ///
    /// # Errors
    ///
    /// Those of [`MomentGeometry::new`], [`Error::TreeSize`]; [`Error::Mechanism`] without bins.
    pub fn new(adjacency: A, options: TreeAttentionOptions) -> Result<Self, Error> {
        let geometry = TreeGeometry::new(options)?;
        let forest = Forest::new(geometry.options.bins(), geometry.lifts.clone(), geometry.entries())?;
        let encoder = RowEncoder::new(&geometry.moments);
        let features = geometry.moments.features().map().feature_block(BLOCK);
        Ok(Self { adjacency, geometry, encoder, features, forest })
    }

    /// What features, values and lattice follow from.
    #[must_use]
    pub const fn geometry(&self) -> &MomentGeometry {
        &self.geometry.moments
    }

    /// Adds a chunk of rows.
    ///
    /// # Errors
    ///
    /// [`Error::DifferentOptions`] for rows of another adjacency, [`Error::Dimension`], before any row is looked at; never
    /// because of the content of a row.
    pub fn push(&mut self, rows: Rows<'_, A>) -> Result<(), Error> {
        rows.check_adjacency(self.adjacency)?;
        rows.check_shape(self.geometry.options.moments().shape())?;
        for start in (0..rows.keys().nrows()).step_by(BLOCK) {
            let block = start..rows.keys().nrows().min(start + BLOCK);
            self.push_block(rows.keys().subrows(block.clone()), rows.values().subrows(block))?;
        }
        Ok(())
    }

    fn push_block(&mut self, keys: MatRef<'_>, values: MatRef<'_>) -> Result<(), Error> {
        let mut points = Mat::zeros(keys.nrows(), keys.ncols());
        let mut weights = Mat::zeros(keys.nrows(), self.geometry.moments.columns());
        for i in 0..keys.nrows() {
            self.encoder.encode(keys.row(i), values.row(i), points.row_mut(i), weights.row_mut(i));
        }
        self.geometry.moments.features().apply_block(points.as_ref(), &mut self.features)?;
        self.drop_beyond_bounds(weights.as_mut());
        self.add_plain(weights.as_ref());
        let parallelism = self.geometry.options.moments().parallelism();
        self.forest.add_block(self.features.as_ref(), weights.as_ref(), parallelism);
        Ok(())
    }

    /// A row counts only if its integers obey the bounds that the sensitivity rests on. These are below 2⁵³: sums of integers are
    /// exact until there, and do not fall back below.
    fn drop_beyond_bounds(&self, mut weights: MatMut<'_>) {
        let features = self.features.as_ref();
        let (mut linear, mut square) = (vec![0.0; features.ncols()], vec![0.0; features.ncols()]);
        for (lift, feature) in self.geometry.lifts.iter().zip(features.rows()) {
            for (i, &u) in feature.iter().enumerate() {
                let [_, first, second] = lift.entries(u);
                linear[i] += first * first;
                square[i] += second * second;
            }
        }
        for (i, norm) in self.features.squared_norms().iter().enumerate() {
            let is_within =
                linear[i] <= self.geometry.squared_linear && square[i] <= self.geometry.squared_square;
            // a point without features is absent: the constant feature of a point that counts is not zero
            if !is_within || *norm == 0.0 {
                weights.row_mut(i).fill(0.0);
            }
        }
    }

    /// `Σ w̃⌊f_P‖φ̃‖²⌉` and `Σ w̃f_W`, column by column.
    fn add_plain(&mut self, weights: MatRef<'_>) {
        for (i, &norm) in self.features.squared_norms().iter().enumerate() {
            let entries = [self.geometry.norm_entry(norm), self.geometry.mass].map(|entry| entry as i64);
            for (column, &weight) in weights.row(i).iter().enumerate() {
                for (sum, entry) in entries.iter().enumerate() {
                    self.forest.add_plain(SUMS * column + sum, entry.wrapping_mul(weight as i64));
                }
            }
        }
    }

    /// The mechanism that [`release`](Self::release) would use at this budget.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the target needs more noise than the lattice carries (take fewer bits).
    pub fn calibrate(&self, epsilon: Epsilon, delta: Delta) -> Result<TreeMechanism<A>, Error> {
        let budget = self.geometry.options.budget();
        Ok(TreeMechanism::calibrate(budget, (epsilon, delta), &self.touched()?, self.adjacency)?)
    }

    /// Releases all trees and sums with noise that is calibrated to (ε, δ).
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the noise leaves the lattice: by options and budget alone.
    pub fn release<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<DpTreeCrossAttention, PrivacyProfile<A>>, Error> {
        let mechanism = self.calibrate(epsilon, delta)?;
        let release = self.release_with(&mechanism, rng)?;
        Ok(release
            .with_parameter("target_epsilon", epsilon.get())
            .with_parameter("target_delta", delta.get()))
    }

    /// Releases all trees and sums with noise that was calibrated elsewhere, for instance within a larger budget.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the mechanism was made for a smaller sensitivity, or its noise leaves the lattice.
    pub fn release_with<R: CryptoRng + ?Sized>(
        mut self,
        mechanism: &TreeMechanism<A>,
        rng: &mut R,
    ) -> Result<Release<DpTreeCrossAttention, PrivacyProfile<A>>, Error> {
        let release = self.release_nodes(mechanism, rng)?;
        let Self { forest, geometry, .. } = self;
        Ok(release.postprocess(|nodes| {
            DpTreeCrossAttention::new(geometry, forest.released(mechanism.noise(), &nodes))
        }))
    }

    /// The released integers themselves, in the order of [`assume_public_nodes`](Self::assume_public_nodes).
    ///
    /// # Errors
    ///
    /// As [`release_with`](Self::release_with).
    pub fn into_released_nodes<R: CryptoRng + ?Sized>(
        mut self,
        mechanism: &TreeMechanism<A>,
        rng: &mut R,
    ) -> Result<Release<Vec<i64>, PrivacyProfile<A>>, Error> {
        self.release_nodes(mechanism, rng)
    }

    fn release_nodes<R: CryptoRng + ?Sized>(
        &mut self,
        mechanism: &TreeMechanism<A>,
        rng: &mut R,
    ) -> Result<Release<Vec<i64>, PrivacyProfile<A>>, Error> {
        let (touched, adjacency) = (self.touched()?, self.adjacency);
        let max_abs = self.geometry.max_abs();
        let release = self.forest.release_nodes(mechanism, (touched, adjacency), max_abs, rng)?;
        let recorded = self.geometry.options.moments().recorded().into_iter();
        let release =
            recorded.fold(release, |release, (name, value)| release.with_text_parameter(name, value));
        Ok(release
            .with_parameter("budget", self.geometry.options.budget())
            .with_version("dp-linalg", dp_linalg::VERSION))
    }

    /// The trees without any noise: *not private*.
    #[must_use]
    pub fn assume_public(self) -> DpTreeCrossAttention {
        DpTreeCrossAttention::new(self.geometry, self.forest.assume_public())
    }

    /// All nodes and sums as exact integers, for verification: *not private*. The last `2(d_v + 1)` are the plain sums
    /// `Σ w‖φ‖²` and `Σ w`, column by column, the normaliser's last.
    #[must_use]
    pub fn assume_public_nodes(self) -> Vec<i64> {
        self.forest.assume_public_nodes()
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

    fn touched(&self) -> Result<Touched, MechanismError> {
        self.geometry.touched(self.forest.pieces(), self.forest.layout().shape().levels())
    }
}

impl<A: TreeAdjacency> fmt::Debug for PrivateTreeAttention<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateTreeAttention")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("feature_count", &self.geometry.lifts.len())
            .field("bins", &self.geometry.options.bins())
            .finish_non_exhaustive()
    }
}
