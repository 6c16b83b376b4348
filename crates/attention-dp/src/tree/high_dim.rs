//! Weighted `ℓ_p^p` distances in several coordinates: a sum over coordinates, one tree each.

use super::adjacency::TreeAdjacency;
use super::distance::{CoordinateScale, DistanceEstimate, DpTreeDistance, moments};
use super::forest::{Forest, Lift, ReleasedForest, round};
use super::mechanism::{Touched, TreeBudget, TreeMechanism};
use super::noise::Confidence;
use super::options::{DistanceOptions, Power};
use super::reading::Reading;
use crate::error::{Error, Parameter};
use crate::private::Coverage;
use crate::private::power_of_two;
use crate::rows::{Rows, check_dimension};
use core::fmt;
use dp_linalg::{Mat, Parallelism};
use dp_mechanisms::{Delta, Epsilon, FailureProbability, PrivacyProfile, Release};
use rand::CryptoRng;

/// Rows that are quantised at a time.
const BLOCK: usize = 1024;

/// Exact trees of weighted private points, one for each coordinate, not yet released.
///
/// Rows are points `(n, r)` with one weight each, given as [`Rows`] whose keys are points and whose single value is the weight. A
/// row with a number that is NaN or infinite contributes nothing; all others are clipped, coordinate by coordinate, and
/// *everything* that is stored of a row is a function of its clipped numbers.
///
/// # Guarantee
///
/// [`release`](Self::release) is (ε, δ)-differentially private under `A`, on the machine as run: all coordinates, levels and
/// moments are in it.
///
/// # Example
///
/// ```
/// use attention_dp::{DistanceOptions, PrivateDistances, Rows, TreeBudget};
/// use dp_linalg::Mat;
/// use dp_mechanisms::{Delta, Epsilon, FailureProbability, ReplaceRow, secure_rng};
///
/// let points = Mat::from_fn(4_000, 2, |i, j| ((i * (j + 3)) as f64).sin());
/// let weights = Mat::from_fn(4_000, 1, |i, _| if i % 3 == 0 { -1.0 } else { 1.0 });
/// let options = DistanceOptions::new(vec![(-1.0, 1.0); 2], 1.0, TreeBudget::Joint).with_bins(256);
/// let mut distances = PrivateDistances::new(ReplaceRow, options)?;
/// distances.push(Rows::new(ReplaceRow, points.as_ref(), weights.as_ref())?)?;
/// let released = distances.release(Epsilon::new(2.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
/// let estimate = released.value().query(&[0.25, -0.5], FailureProbability::new(1e-9)?)?;
/// let distance = |i: usize| (points[(i, 0)] - 0.25).abs() + (points[(i, 1)] + 0.5).abs();
/// let exact: f64 = (0..4_000).map(|i| weights[(i, 0)] * distance(i)).sum();
/// assert!((estimate.value - exact).abs() <= estimate.half_width(4_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct PrivateDistances<A> {
    adjacency: A,
    options: DistanceOptions,
    scales: Vec<CoordinateScale>,
    forest: Forest,
}

impl<A: TreeAdjacency> PrivateDistances<A> {
    /// No rows yet. Checks all options; no data is involved.
    ///
    /// # Errors
    ///
    /// [`Error::EmptyShape`] without coordinates, [`Error::Interval`], [`Error::OutOfRange`], [`Error::RingGrowth`],
    /// [`Error::Resolution`], [`Error::TreeSize`]; [`Error::Mechanism`] without bins.
    pub fn new(adjacency: A, options: DistanceOptions) -> Result<Self, Error> {
        options.check()?;
        let scales = scales(&options);
        let lifts = scales.iter().map(|scale| scale.lift).collect();
        let entries = (moments(options.power, options.method), 1, 0);
        Ok(Self { forest: Forest::new(options.bins, lifts, entries)?, adjacency, options, scales })
    }

    /// Adds rows.
    ///
    /// # Errors
    ///
    /// [`Error::DifferentOptions`] for rows of another adjacency, [`Error::Dimension`], before any row is looked at; never
    /// because of the content of a row.
    pub fn push(&mut self, rows: Rows<'_, A>) -> Result<(), Error> {
        rows.check_adjacency(self.adjacency)?;
        check_dimension(Parameter::Key, self.scales.len(), rows.keys().ncols())?;
        check_dimension(Parameter::Value, 1, rows.values().ncols())?;
        for start in (0..rows.keys().nrows()).step_by(BLOCK) {
            let block = start..rows.keys().nrows().min(start + BLOCK);
            let (points, weights) = (rows.keys().subrows(block.clone()), rows.values().subrows(block));
            let finite = |i: usize| points.row(i).iter().chain(weights.row(i)).all(|x| x.is_finite());
            let weights = Mat::from_fn(points.nrows(), 1, |i, _| {
                if finite(i) {
                    quantise(weights.row(i)[0], 0.0, self.scales[0].weight_unit, self.largest_weight())
                } else {
                    0.0
                }
            });
            let coordinates = Mat::from_fn(self.scales.len(), points.nrows(), |a, i| {
                let scale = &self.scales[a];
                if finite(i) {
                    quantise(points.row(i)[a], scale.center, scale.unit, scale.lift.reach)
                } else {
                    0.0
                }
            });
            self.forest.add_block(coordinates.as_ref(), weights.as_ref(), Parallelism::Sequential);
        }
        Ok(())
    }

    /// The mechanism that [`release`](Self::release) would use at this budget.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the target needs more noise than the lattice carries (take fewer bits).
    pub fn calibrate(&self, epsilon: Epsilon, delta: Delta) -> Result<TreeMechanism<A>, Error> {
        let budget = self.options.budget;
        Ok(TreeMechanism::calibrate(budget, (epsilon, delta), &self.touched(), self.adjacency)?)
    }

    /// Releases all trees with noise that is calibrated to (ε, δ).
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the noise leaves the lattice: by options and budget alone.
    pub fn release<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<DpTreeHighDim, PrivacyProfile<A>>, Error> {
        let mechanism = self.calibrate(epsilon, delta)?;
        let release = self.release_with(&mechanism, rng)?;
        Ok(release
            .with_parameter("target_epsilon", epsilon.get())
            .with_parameter("target_delta", delta.get()))
    }

    /// Releases all trees with noise that was calibrated elsewhere, for instance within a larger budget.
    ///
    /// # Errors
    ///
    /// [`Error::Mechanism`] if the mechanism was made for a smaller sensitivity, or its noise leaves the lattice.
    pub fn release_with<R: CryptoRng + ?Sized>(
        mut self,
        mechanism: &TreeMechanism<A>,
        rng: &mut R,
    ) -> Result<Release<DpTreeHighDim, PrivacyProfile<A>>, Error> {
        let release = self.release_nodes(mechanism, rng)?;
        let Self { forest, scales, options, .. } = self;
        Ok(release.postprocess(|nodes| {
            DpTreeHighDim::new(forest.released(mechanism.noise(), &nodes), &scales, &options)
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
        let (touched, adjacency) = (self.touched(), self.adjacency);
        let max_abs = self.options.max_rows.saturating_mul(touched.l1);
        let release = self.forest.release_nodes(mechanism, (touched, adjacency), max_abs, rng)?;
        let recorded = self.options.recorded().into_iter();
        Ok(recorded.fold(release, |release, (name, value)| release.with_text_parameter(name, value)))
    }

    /// The trees without any noise: *not private*.
    #[must_use]
    pub fn assume_public(self) -> DpTreeHighDim {
        DpTreeHighDim::new(self.forest.assume_public(), &self.scales, &self.options)
    }

    /// All nodes as exact integers, for verification: *not private*.
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
        Ok(self.touched().sensitivities(self.adjacency)?)
    }

    /// Every entry is within its limit, whatever the row: limits times the largest weight.
    fn touched(&self) -> Touched {
        let weight = self.largest_weight() as u64;
        let used = moments(self.options.power, self.options.method);
        let limits = || self.scales.iter().flat_map(move |scale| scale.lift.limits.into_iter().take(used));
        let levels = u128::from(self.forest.layout().shape().levels());
        let squares: u128 = limits().map(|limit| (limit as u128).pow(2)).sum();
        let squared = levels * squares * u128::from(weight).pow(2);
        let l1 = limits().fold(0, |largest: u64, limit| largest.max(limit as u64)) * weight;
        // weights have either sign
        Touched { pieces: self.forest.pieces(), l1, squared, opposition: squared }
    }

    fn largest_weight(&self) -> f64 {
        power_of_two(self.options.weight_bits as i32)
    }
}

/// `⌊(x − center)/unit⌉`, moved into `±reach`.
fn quantise(x: f64, center: f64, unit: f64, reach: f64) -> f64 {
    round(((x - center) / unit).clamp(-reach, reach))
}

/// Integer coordinates of equal reach. Under a joint budget coordinate a is weighted by `ρ_a^{p/2}`, ρ its half-width: of all
/// weights the one for which the noise of a query is least (docs/theorems.md, Trees).
fn scales(options: &DistanceOptions) -> Vec<CoordinateScale> {
    let reach = power_of_two(options.coordinate_bits as i32);
    let half = |(low, high): (f64, f64)| 0.5 * high - 0.5 * low;
    let widest = options.intervals.iter().map(|&interval| half(interval)).fold(0.0, f64::max);
    let weight_unit = options.weight_bound / power_of_two(options.weight_bits as i32);
    let scale = |&(low, high): &(f64, f64)| {
        let ratio = half((low, high)) / widest;
        let weight = match (options.budget, options.power) {
            (TreeBudget::Joint, Power::One) => ratio.sqrt(),
            (TreeBudget::Joint, Power::Two) => ratio,
            _ => 1.0,
        };
        CoordinateScale {
            lift: Lift::new(reach, [reach * weight, weight, weight / reach]),
            center: 0.5 * high + 0.5 * low,
            unit: half((low, high)) / reach,
            weight_unit,
            weight_bound: options.weight_bound,
        }
    };
    options.intervals.iter().map(scale).collect()
}

impl<A: TreeAdjacency> fmt::Debug for PrivateDistances<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateDistances")
            .field("adjacency", &format_args!("{}", self.adjacency))
            .field("coordinates", &self.scales.len())
            .finish_non_exhaustive()
    }
}

/// Weighted distances `Σᵢ wᵢ‖y − xᵢ‖_p^p` in several coordinates from released trees, one for each.
///
/// # Example
///
/// See [`PrivateDistances`]; coordinates can be asked one by one:
///
/// ```
/// fn along_the_first(trees: &attention_dp::DpTreeHighDim) -> &attention_dp::DpTreeDistance {
///     trees.coordinate(0)
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DpTreeHighDim {
    coordinates: Vec<DpTreeDistance>,
}

impl DpTreeHighDim {
    fn new(forest: ReleasedForest, scales: &[CoordinateScale], options: &DistanceOptions) -> Self {
        let kind = (options.power, options.method);
        let trees = forest.trees.into_iter().zip(scales);
        Self { coordinates: trees.map(|(tree, &scale)| DpTreeDistance::new(tree, scale, kind)).collect() }
    }

    /// Number of coordinates.
    #[must_use]
    pub const fn dim(&self) -> usize {
        self.coordinates.len()
    }

    /// One coordinate.
    ///
    /// # Panics
    ///
    /// If there are not as many.
    #[must_use]
    pub fn coordinate(&self, a: usize) -> &DpTreeDistance {
        &self.coordinates[a]
    }

    /// The sum of distances to y `(r)`, with a half-width that holds for all y at once.
    ///
    /// # Errors
    ///
    /// [`Error::Dimension`], [`Error::QueryNotFinite`], [`Error::QueryTooLong`]; [`Error::Mechanism`] if the probability underflows.
    pub fn query(&self, y: &[f64], failure: FailureProbability) -> Result<DistanceEstimate, Error> {
        let statements = self.coordinates.iter().map(DpTreeDistance::statements).sum();
        self.estimate(y, Coverage::Simultaneous, Confidence::new(failure, statements)?)
    }

    /// The same with a narrower half-width, for y that was chosen without sight of the release.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub fn fixed_query(&self, y: &[f64], failure: FailureProbability) -> Result<DistanceEstimate, Error> {
        self.estimate(y, Coverage::FixedQuery, Confidence::new(failure, 1.0)?)
    }

    fn estimate(
        &self,
        y: &[f64],
        coverage: Coverage,
        confidence: Confidence,
    ) -> Result<DistanceEstimate, Error> {
        check_dimension(Parameter::Query, self.dim(), y.len())?;
        if let Some(coordinate) = y.iter().position(|x| !x.is_finite()) {
            return Err(Error::QueryNotFinite { query: 0, coordinate });
        }
        let mut reading = Reading { values: vec![0.0], ..Reading::default() };
        let (mut per_row, mut relative) = (0.0, 0.0_f64);
        for (tree, &y) in self.coordinates.iter().zip(y) {
            tree.read(y, &mut reading, &confidence)?;
            let rounding = tree.rounding(y);
            per_row += rounding.0;
            relative = relative.max(rounding.1);
        }
        Ok(self.coordinates[0].finish(&reading, (per_row, relative), (coverage, &confidence)))
    }
}
