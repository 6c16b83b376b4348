//! Continual sums by a binary tree over the steps.

use super::calibrated::{Amplification, Calibrated, add_wrapping};
use super::options::StreamOptions;
use super::released::{ReleasedTree, add};
use super::shape::TreeShape;
use crate::accounting::PrivacyProfile;
use crate::adjacency::Adjacency;
use crate::claims;
use crate::error::Error;
use crate::params::{Delta, Epsilon, NoiseStd};
use crate::release::{Certificate, Release};
use crate::sensitivity::LatticeL2Sensitivity;
use core::fmt;
use core::ops::Range;
use rand::CryptoRng;

/// Prefix and interval sums of a stream from noisy sums over dyadic intervals of steps.
///
/// With each step the sums of all dyadic intervals that end there are released, each once, with rounded Gaussian noise
/// ([`TreeShape`] says which). Any prefix or interval is a sum of few of them. Right halves are released although no prefix
/// needs them: a step at the very beginning lies in left halves only, so that they cost no sensitivity. They answer intervals, and with
/// them each node is estimated twice, by itself and by the sum of its halves; combined in proportion to precision
/// from the smallest nodes up, that is the best linear unbiased estimate from everything released so far, and halves the error
/// of large nodes.
///
/// # Guarantee
///
/// The whole stream has at most the profile of the Gaussian mechanism with `μ = √levels·Δ/σ`, for an adaptively chosen stream
/// too, on the machine as run; see the [module](super) and, for neighbours, [`StreamOptions`]. Failures are a function of
/// shapes and of the number of steps.
///
/// # Error bound
///
/// [`prefix_std`](Self::prefix_std) and [`range_std`](Self::range_std): exact as long as no integer wraps, see
/// [`with_max_abs`](StreamOptions::with_max_abs).
///
/// # Example
///
/// ```
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, LatticeL2Sensitivity, secure_rng};
/// use dp_mechanisms::continual::{BinaryTreeSum, StreamOptions};
///
/// // a thousand steps; a row adds one to one of two counters
/// let sensitivity = LatticeL2Sensitivity::from_square(1, AddRemoveRow)?;
/// let options = StreamOptions::new(1000, 2, sensitivity);
/// let mut stream = BinaryTreeSum::calibrate(Epsilon::new(1.0)?, Delta::new(1e-6)?, options)?;
/// let rng = &mut secure_rng()?;
/// for step in 0..1000 {
///     stream.push(&[step % 3, step % 7], rng)?;
/// }
/// assert!((stream.released().latest()[0] - 999.0).abs() < 8.0 * stream.prefix_std(1000));
/// assert!(stream.push(&[0, 0], rng).is_err()); // the noise was made for a thousand steps
///
/// let release = stream.into_release("two counters");
/// assert!(release.certificate().guarantee().delta(1.0) <= 1e-6);
/// let middle = release.value().range(400..600).expect("these steps have come");
/// # assert_eq!(middle.len(), 2);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
///
/// # References
///
/// C. Dwork, M. Naor, T. Pitassi, G. Rothblum, *Differential privacy under continual observation*, 2010. T.-H. H. Chan, E. Shi,
/// D. Song, *Private and continual release of statistics*, 2011. J. Honaker, *Efficient use of differentially private binary
/// trees*, 2015. Proofs: `docs/theorems.md` of the project, Continual release.
pub struct BinaryTreeSum<A> {
    calibrated: Calibrated<A>,
    shape: TreeShape,
    /// Exact sums of the last complete left half of each level: private.
    halves: Vec<i64>,
    /// The exact sum of one node: private.
    sum: Vec<i64>,
    /// Noise of the nodes that end with the next step, to which their sums are added.
    next: Vec<i64>,
    /// Noisy sums of the nodes that ended with the last step, from small to large: never without noise.
    integers: Vec<i64>,
    /// Estimates of the last complete left half of each level.
    half_estimates: Vec<f64>,
    estimates: Vec<f64>,
    /// The last prefix that ended with a node of each level and no larger one.
    prefixes: Vec<f64>,
    released: ReleasedTree,
}

impl<A: Adjacency> BinaryTreeSum<A> {
    /// The least noise that is certified to give (ε, δ)-differential privacy for the whole stream.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] for a horizon that [`TreeShape`] does not support, or no width; [`Error::SensitivityOverflow`],
    /// [`Error::NoiseUnsupported`] or [`Error::LatticeOverflow`] if sums or noise do not fit the lattice,
    /// [`Error::CalibrationOverflow`] beyond `f64`.
    pub fn calibrate(epsilon: Epsilon, delta: Delta, options: StreamOptions<A>) -> Result<Self, Error> {
        let shape = TreeShape::new(options.horizon())?;
        Ok(Self::new(Calibrated::to_budget(epsilon, delta, options, amplification(shape))?, shape))
    }

    /// A chosen amount of noise, in lattice steps.
    ///
    /// # Errors
    ///
    /// As [`calibrate`](Self::calibrate).
    pub fn with_noise_std(noise_std: NoiseStd, options: StreamOptions<A>) -> Result<Self, Error> {
        let shape = TreeShape::new(options.horizon())?;
        Ok(Self::new(Calibrated::with_noise_std(noise_std, options, amplification(shape))?, shape))
    }

    fn new(calibrated: Calibrated<A>, shape: TreeShape) -> Self {
        let width = calibrated.options().width();
        let (all, below_top) = (shape.levels() as usize * width, (shape.levels() as usize - 1) * width);
        Self {
            shape,
            halves: vec![0; below_top],
            sum: vec![0; width],
            next: Vec::with_capacity(all),
            integers: Vec::with_capacity(all),
            half_estimates: vec![0.0; below_top],
            estimates: Vec::with_capacity(all),
            prefixes: vec![0.0; all],
            released: ReleasedTree::new(shape, width),
            calibrated,
        }
    }

    /// Takes the next step, releases what ends with it, and returns the sum of all steps so far, in data units.
    ///
    /// # Errors
    ///
    /// [`Error::Dimension`] for a step of another width, [`Error::HorizonExceeded`] after the last step; nothing has changed then,
    /// nor where the generator panics.
    pub fn push<R: CryptoRng + ?Sized>(&mut self, step: &[i64], rng: &mut R) -> Result<&[f64], Error> {
        let end = self.calibrated.number(step)?;
        let level = self.shape.level_at(end);
        self.next.resize((level as usize + 1) * step.len(), 0);
        self.calibrated.draw(&mut self.next, rng);
        self.sum_nodes(step, level);
        core::mem::swap(&mut self.integers, &mut self.next);
        self.estimate_nodes(level);
        self.extend_prefix(end);
        Ok(self.released.latest())
    }

    /// Adds the sums of the nodes that end with this step to their noise: a node of level h is the last left half below it and
    /// the node of level h − 1.
    fn sum_nodes(&mut self, step: &[i64], level: u32) {
        let (width, level) = (step.len(), level as usize);
        self.calibrated.options().admit(step, &mut self.sum);
        add_wrapping(&mut self.next[..width], &self.sum);
        for h in 1..=level {
            add_wrapping(&mut self.sum, &self.halves[(h - 1) * width..]);
            add_wrapping(&mut self.next[h * width..], &self.sum);
        }
        if level < self.levels_below_top() {
            self.halves[level * width..][..width].copy_from_slice(&self.sum);
        }
    }

    /// The same recursion on noisy sums, each node weighed against its halves.
    fn estimate_nodes(&mut self, level: u32) {
        let (width, level) = (self.calibrated.options().width(), level as usize);
        let unit = self.calibrated.options().lattice().step();
        self.estimates.clear();
        self.estimates.extend(self.integers.iter().map(|&sum| sum as f64 * unit));
        for h in 1..=level {
            let own = TreeShape::node_factor(h as u32);
            let (below, node) = self.estimates[(h - 1) * width..(h + 1) * width].split_at_mut(width);
            for ((estimate, left), right) in
                node.iter_mut().zip(&self.half_estimates[(h - 1) * width..]).zip(below)
            {
                *estimate = own * *estimate + (1.0 - own) * (left + *right);
            }
        }
        if level < self.levels_below_top() {
            self.half_estimates[level * width..][..width].copy_from_slice(&self.estimates[level * width..]);
        }
    }

    /// A prefix is the one before its last node, plus that node.
    fn extend_prefix(&mut self, end: u64) {
        let (width, level) = (self.calibrated.options().width(), self.shape.level_at(end) as usize);
        let row = |level: usize| level * width..(level + 1) * width;
        let before = end - (1 << level);
        if before > 0 {
            self.prefixes.copy_within(row(self.shape.level_at(before) as usize), level * width);
            add(&mut self.prefixes[row(level)], &self.estimates[row(level)]);
        } else {
            self.prefixes[row(level)].copy_from_slice(&self.estimates[row(level)]);
        }
        let history = self.calibrated.options().history();
        self.released.record(&self.estimates, &self.prefixes[row(level)], history);
    }

    const fn levels_below_top(&self) -> usize {
        self.shape.levels() as usize - 1
    }

    /// What has been released so far. Part of one release, that of the whole stream: its certificate is
    /// [`certificate`](Self::certificate).
    #[must_use]
    pub const fn released(&self) -> &ReleasedTree {
        &self.released
    }

    /// The integers that the last step released, from which all else follows: noisy sums of the nodes that ended with it, in
    /// lattice steps, one row of `width` entries a node, from small nodes to large.
    #[must_use]
    pub fn integers(&self) -> &[i64] {
        &self.integers
    }

    /// What was agreed on.
    #[must_use]
    pub const fn options(&self) -> &StreamOptions<A> {
        self.calibrated.options()
    }

    /// The nodes and their error constants.
    #[must_use]
    pub const fn shape(&self) -> TreeShape {
        self.shape
    }

    /// Number of steps that have come.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.calibrated.steps()
    }

    /// How far the released integers of the whole stream move between neighbours: `Δ²` times the number of levels.
    #[must_use]
    pub const fn sensitivity(&self) -> LatticeL2Sensitivity<A> {
        self.calibrated.sensitivity()
    }

    /// Standard deviation of a node's noise before rounding, in lattice steps.
    #[must_use]
    pub fn noise_std(&self) -> NoiseStd {
        self.calibrated.noise().noise_std()
    }

    /// The guarantee of the whole stream.
    pub const fn profile(&self) -> &PrivacyProfile<A> {
        self.calibrated.profile()
    }

    /// Standard deviation of an entry of the prefix after `steps` steps, rounding included, in data units. Infinite beyond the
    /// horizon.
    #[must_use]
    pub fn prefix_std(&self, steps: u64) -> f64 {
        self.calibrated.std(self.shape.noise_factor(steps))
    }

    /// Standard deviation of an entry of the sum over these steps, in data units. Infinite beyond the horizon.
    #[must_use]
    pub fn range_std(&self, steps: Range<u64>) -> f64 {
        self.calibrated.std(self.shape.range_noise_factor(steps))
    }

    /// What is known about the release of the whole stream, whether or not all steps have come. `what` names it for people.
    pub fn certificate(&self, what: &str) -> Certificate<PrivacyProfile<A>> {
        self.calibrated
            .certificate(what, MECHANISM)
            .with_parameter("levels", self.shape.levels())
            .with_claim(claims::TREE_PRIVACY)
            .with_claim(claims::TREE_SENSITIVITY)
    }

    /// Ends the stream and lets what was released go, with its certificate.
    pub fn into_release(self, what: &str) -> Release<ReleasedTree, PrivacyProfile<A>> {
        let certificate = self.certificate(what);
        Release::mint(self.released, certificate)
    }
}

/// A step lies in at most one node a level, and a node is a difference of two prefixes.
fn amplification(shape: TreeShape) -> Amplification {
    Amplification { squared_norm: u128::from(shape.levels()), range: 2 }
}

/// As written to certificates.
const MECHANISM: &str = "rounded Gaussian on the nodes of a binary tree over steps";

impl<A: Adjacency> fmt::Debug for BinaryTreeSum<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BinaryTreeSum")
            .field("shape", &self.shape)
            .field("steps", &self.steps())
            .finish_non_exhaustive()
    }
}
