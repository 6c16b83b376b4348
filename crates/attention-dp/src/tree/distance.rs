//! Weighted distances to private points along one coordinate, from a released tree.

use super::dp_tree::DpTree;
use super::forest::Lift;
use super::noise::{Confidence, OUTWARD};
use super::options::{DistanceMethod, Power};
use super::reading::{Reading, Rings, Term, power};
use crate::error::Error;
use crate::private::Coverage;
use core::ops::Range;
use dp_mechanisms::FailureProbability;

/// What a released structure says about a weighted sum of distances.
///
/// The exact sum over the *clipped* points and weights differs from the value by at most
/// `noise + per_row·n + relative·Σ|wᵢ|·|y − xᵢ|ᵖ`, n the number of rows, except with the probability that was asked for. (With
/// weights of both signs no relative error of the sum itself is possible.)
///
/// # Example
///
/// ```
/// let estimate = attention_dp::DistanceEstimate { value: 10.0, noise: 1.0, per_row: 0.01, relative: 0.0 };
/// assert_eq!(estimate.half_width(100), 2.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DistanceEstimate {
    /// Estimated sum, in units of weight times distance to the power p.
    pub value: f64,
    /// Noise, and floating-point error.
    pub noise: f64,
    /// Rounding to the grid and the lattice, for each row.
    pub per_row: f64,
    /// Relative error of rings; zero for exact moments.
    pub relative: f64,
}

impl DistanceEstimate {
    /// Half-width for this many rows where there is no relative part: the number is public under `ReplaceRow`.
    #[must_use]
    pub fn half_width(&self, rows: u64) -> f64 {
        self.noise + self.per_row * rows as f64
    }
}

/// One-dimensional weighted distances `Σᵢ wᵢ|y − xᵢ|ᵖ` from one released tree: moments left and right of y, or weights in rings
/// around y.
///
/// Queries are post-processing: their number is unlimited. One coordinate of a [`DpTreeHighDim`](crate::DpTreeHighDim).
///
/// # Example
///
/// ```
/// use attention_dp::{DistanceOptions, PrivateDistances, Rows, TreeBudget};
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, secure_rng};
///
/// let points = Mat::from_fn(1_000, 1, |i, _| i as f64 / 1_000.0);
/// let ones = Mat::from_fn(1_000, 1, |_, _| 1.0);
/// let options = DistanceOptions::new(vec![(0.0, 1.0)], 1.0, TreeBudget::Joint);
/// let mut distances = PrivateDistances::new(AddRemoveRow, options)?;
/// distances.push(Rows::new(AddRemoveRow, points.as_ref(), ones.as_ref())?)?;
/// let released = distances.release(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
/// let estimate = released.value().coordinate(0).fixed_query(0.5, FailureProbability::new(1e-9)?)?;
/// assert!((estimate.value - 250.0).abs() <= estimate.half_width(1_000)); // Σ|½ − i/1000|
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # References
///
/// A. Backurs, Z. Lin, S. Mahabadi, S. Silwal, J. Tarnawski, *Efficiently computing similarities to private datasets*, 2024 (rings);
/// Y. Liang, Z. Shi, Z. Song, Y. Zhou, arXiv 2407.14717.
#[derive(Debug, Clone, PartialEq)]
pub struct DpTreeDistance {
    pub(crate) tree: DpTree,
    pub(crate) scale: CoordinateScale,
    pub(crate) power: Power,
    pub(crate) method: DistanceMethod,
    /// Entries of a leaf for each weight column.
    pub(crate) moments: usize,
}

/// From data units to lattice steps, along one coordinate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CoordinateScale {
    pub(crate) lift: Lift,
    pub(crate) center: f64,
    /// Data units in one unit of the integer coordinate.
    pub(crate) unit: f64,
    /// Weight in one step of a weight.
    pub(crate) weight_unit: f64,
    pub(crate) weight_bound: f64,
}

impl DpTreeDistance {
    pub(crate) fn new(
        tree: DpTree,
        scale: CoordinateScale,
        (power, method): (Power, DistanceMethod),
    ) -> Self {
        Self { tree, scale, power, method, moments: moments(power, method) }
    }

    /// The tree that it reads.
    #[must_use]
    pub const fn tree(&self) -> &DpTree {
        &self.tree
    }

    /// The sum of distances to y, also outside the interval, with a half-width that holds for all y at once.
    ///
    /// # Errors
    ///
    /// [`Error::QueryNotFinite`], [`Error::QueryTooLong`] (10¹² half-widths of the interval away); [`Error::Mechanism`] if the
    /// probability underflows.
    pub fn query(&self, y: f64, failure: FailureProbability) -> Result<DistanceEstimate, Error> {
        self.estimate(y, Coverage::Simultaneous, failure)
    }

    /// The same with a narrower half-width, for y that was chosen without sight of the release.
    ///
    /// # Errors
    ///
    /// As [`query`](Self::query).
    pub fn fixed_query(&self, y: f64, failure: FailureProbability) -> Result<DistanceEstimate, Error> {
        self.estimate(y, Coverage::FixedQuery, failure)
    }

    fn estimate(
        &self,
        y: f64,
        coverage: Coverage,
        failure: FailureProbability,
    ) -> Result<DistanceEstimate, Error> {
        let statements = match coverage {
            Coverage::FixedQuery => 1.0,
            Coverage::Simultaneous => self.statements(),
        };
        let confidence = Confidence::new(failure, statements)?;
        let mut reading = Reading { values: vec![0.0], ..Reading::default() };
        self.read(y, &mut reading, &confidence)?;
        Ok(self.finish(&reading, self.rounding(y), (coverage, &confidence)))
    }

    pub(crate) fn finish(
        &self,
        reading: &Reading,
        (per_row, relative): (f64, f64),
        (coverage, confidence): (Coverage, &Confidence),
    ) -> DistanceEstimate {
        let noise = reading.noise(self.tree.noise(), coverage, confidence);
        let unit = self.scale.weight_unit;
        DistanceEstimate { value: reading.values[0] * unit, noise: noise * unit * OUTWARD, per_row, relative }
    }

    /// Ranges of leaves that queries can ask about, times entries of a leaf.
    pub(crate) fn statements(&self) -> f64 {
        let leaves = self.tree.leaves() as f64;
        let ranges = match self.method {
            DistanceMethod::Moments => 2.0 * (leaves + 1.0), // before and after any cut
            DistanceMethod::Rings { .. } => 0.5 * leaves * (leaves + 1.0),
        };
        ranges * self.tree.width() as f64
    }

    /// Adds the distances to y, in steps of a weight, for each column.
    pub(crate) fn read(&self, y: f64, into: &mut Reading, confidence: &Confidence) -> Result<(), Error> {
        self.check(y)?;
        let noise = self.tree.noise();
        let mut sums = vec![0.0; self.tree.width()];
        for term in self.terms(y) {
            let rests_on = self.tree.rests_on(term.leaves.clone());
            sums.fill(0.0);
            self.tree.add_range(term.leaves, &mut sums);
            let column = sums.iter().skip(term.moment).step_by(self.moments);
            into.values.iter_mut().zip(column).for_each(|(value, sum)| *value += term.factor * sum);
            into.together = into.together.and(term.factor, &rests_on);
            into.separate += term.factor.abs() * noise.half_width(&rests_on, confidence);
            into.arithmetic += term.factor.abs() * self.tree.arithmetic(&rests_on);
            into.terms += 1;
        }
        Ok(())
    }

    /// Squares of what is farther away than this many half-widths would drown all that the tree knows.
    fn check(&self, y: f64) -> Result<(), Error> {
        if !y.is_finite() {
            return Err(Error::QueryNotFinite { query: 0, coordinate: 0 });
        }
        let (norm, radius) = ((y - self.scale.center).abs(), 1e12 * self.scale.unit * self.scale.lift.reach);
        if norm <= radius { Ok(()) } else { Err(Error::QueryTooLong { query: 0, norm, radius }) }
    }

    fn terms(&self, y: f64) -> Vec<Term> {
        match self.method {
            DistanceMethod::Moments => self.moment_terms(y),
            DistanceMethod::Rings { alpha } => self.ring_terms(y, alpha).0,
        }
    }

    /// y in units of the integer coordinate.
    fn place(&self, y: f64) -> f64 {
        (y - self.scale.center) / self.scale.unit
    }

    /// The edge of a bin at which left and right are told apart: the nearest to y.
    fn cut(&self, u: f64) -> usize {
        let (lift, leaves) = (&self.scale.lift, self.tree.leaves());
        let leaf = lift.leaf(u, leaves);
        let middle = 0.5 * (lift.edge(leaf, leaves) + lift.edge(leaf + 1, leaves));
        if u > middle { leaf + 1 } else { leaf }
    }

    /// `|y − x|ᵖ` by powers of x, with one sign on the left and one on the right.
    fn moment_terms(&self, y: f64) -> Vec<Term> {
        let (u, leaves) = (self.place(y), self.tree.leaves());
        let cut = self.cut(u);
        let (unit, factors) = (self.scale.unit, self.scale.lift.factors);
        let side = |leaves: Range<usize>, coefficients: Vec<f64>| {
            let term = move |(moment, c): (usize, f64)| Term {
                moment,
                leaves: leaves.clone(),
                factor: c / factors[moment],
            };
            coefficients.into_iter().enumerate().map(term)
        };
        let (left, right) = match self.power {
            Power::One => (vec![unit * u, -unit], vec![-unit * u, unit]),
            Power::Two => {
                let square = unit * unit;
                let both = vec![square * u * u, -2.0 * square * u, square];
                (both.clone(), both)
            }
        };
        let terms = side(0..cut, left).chain(side(cut..leaves, right));
        terms.filter(|term| !term.leaves.is_empty()).collect()
    }

    /// Weights in rings of bins around y, each at the middle of its powers of distances; with the errors that this leaves, per
    /// unit of weight: absolute, and relative.
    fn ring_terms(&self, y: f64, alpha: f64) -> (Vec<Term>, f64, f64) {
        let (u, leaves, lift) = (self.place(y), self.tree.leaves(), &self.scale.lift);
        let home = lift.leaf(u, leaves);
        let distance = |edge: usize| (lift.edge(edge, leaves) - u).abs() * self.scale.unit;
        let mut rings = Rings { power: self.power, unit: lift.factors[0], alpha, ..Rings::default() };
        // the bin of y, from no distance on if y is inside
        let inside = lift.edge(home, leaves) <= u && u <= lift.edge(home + 1, leaves);
        let ends = (distance(home), distance(home + 1));
        rings.add(home..home + 1, if inside { 0.0 } else { ends.0.min(ends.1) }, ends.0.max(ends.1));
        let mut start = home + 1;
        while start < leaves {
            let within = |end: &usize| distance(*end) <= (1.0 + alpha) * distance(start);
            let end = (start + 2..=leaves).take_while(within).last().unwrap_or(start + 1);
            rings.add(start..end, distance(start), distance(end));
            start = end;
        }
        let mut end = home;
        while end > 0 {
            let within = |start: &usize| distance(*start) <= (1.0 + alpha) * distance(end);
            let start = (0..end - 1).rev().take_while(within).last().unwrap_or(end - 1);
            rings.add(start..end, distance(end), distance(start));
            end = start;
        }
        (rings.terms, rings.absolute, rings.relative)
    }

    /// Errors of rounding at y: for each row, and relative.
    pub(crate) fn rounding(&self, y: f64) -> (f64, f64) {
        let CoordinateScale { lift, center, unit, weight_unit, weight_bound } = self.scale;
        let (u, leaves) = (self.place(y), self.tree.leaves());
        let reach = (u.abs() + lift.reach) * unit;
        let farthest = power(reach, self.power);
        // a coordinate moves by half a unit, and by the rounding of its clipping and of the interval's midpoint
        let moved = unit * (0.5 + 8.0 * f64::EPSILON * lift.reach + 4.0 * f64::EPSILON * u.abs())
            + f64::EPSILON * center.abs();
        let point = match self.power {
            Power::One => moved,
            Power::Two => moved * (2.0 * reach + moved),
        };
        let (method, relative) = match (self.method, self.power) {
            (DistanceMethod::Rings { alpha }, _) => {
                let (_, absolute, relative) = self.ring_terms(y, alpha);
                (absolute, relative)
            }
            (DistanceMethod::Moments, Power::One) => {
                let edge = lift.edge(self.cut(u), leaves);
                // rows between y and the edge count with the wrong sign, if the edge is inside
                let wrong = if u.abs() > lift.reach { 0.0 } else { 2.0 * (u - edge).abs() };
                (unit * (wrong + 0.5 / lift.factors[1] + 8.0 * f64::EPSILON * lift.reach), 0.0)
            }
            (DistanceMethod::Moments, Power::Two) => {
                (unit * unit * (u.abs() / lift.factors[1] + 0.5 / lift.factors[2]), 0.0)
            }
        };
        // a relative error is one of the rounded point's distance
        let rounded = point * (1.0 + relative) + method;
        let per_row = weight_bound * rounded + 0.5 * weight_unit * (1.0 + 1e-9) * farthest;
        (per_row * (1.0 + 1e-9), relative)
    }
}

/// Entries of a leaf for one weight.
pub(crate) const fn moments(power: Power, method: DistanceMethod) -> usize {
    match (method, power) {
        (DistanceMethod::Rings { .. }, _) => 1,
        (DistanceMethod::Moments, Power::One) => 2,
        (DistanceMethod::Moments, Power::Two) => 3,
    }
}
