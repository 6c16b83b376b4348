//! What people do: noise on the second moments of rows within a public radius, and a private quantile for the level.

use crate::measure::scores;
use dp_linalg::{Mat, SymmetricEigen};
use dp_mechanisms::selection::{PrivateQuantile, QuantileAdjacency, QuantileRange};
use dp_mechanisms::{
    Delta, Epsilon, Lattice, LatticeFrobeniusSensitivity, LatticeStatistic, QuantileLevel, SymmetricGaussian,
    symmetric,
};
use john_ellipsoid_dp::Error;
use john_ellipsoid_dp::private::ReleasedEllipsoid;
use rand::CryptoRng;

/// Integers of a row of full length.
const STEPS: f64 = 4096.0;
/// Share of ε for the level, as in the record-level release.
const LEVEL_SHARE: f64 = 0.25;
/// Cells of the level's grid in a factor of e.
const CELLS: f64 = 64.0;

/// One release; its two parts compose by adding ε.
pub(crate) fn release<A: QuantileAdjacency, R: CryptoRng>(
    (adjacency, rows): (A, &Mat),
    (radius, uncovered): (f64, f64),
    (epsilon, delta): (Epsilon, Delta),
    rng: &mut R,
) -> Result<ReleasedEllipsoid, Error> {
    let (d, share) = (rows.ncols(), |share: f64| Epsilon::new(share * epsilon.get()));
    // rounding to whole steps adds at most √d/2 to the length of a row
    let longest = (STEPS + 0.5 * (d as f64).sqrt()).ceil() as u128;
    let replaced = if A::NUMBER_OF_ROWS_IS_PUBLIC { 2 } else { 1 };
    let sensitivity = LatticeFrobeniusSensitivity::from_square(replaced * longest.pow(4), adjacency)?;
    let steps = |x: f64| (x / radius * STEPS).round() as i64;
    let mut sums = vec![0; symmetric::packed_len(d)];
    for row in rows.rows() {
        let products = symmetric::pack(d, |i, j| steps(row[i]) * steps(row[j]));
        sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
    }
    let statistic = LatticeStatistic::new(sums, Lattice::new(0)?, sensitivity, 1 << 60);
    let mechanism = SymmetricGaussian::calibrate(share(1.0 - LEVEL_SHARE)?, delta, sensitivity)?;
    let moments = mechanism.release(statistic, "second moments", rng)?;
    let released = Mat::from_vec(d, d, moments.value().to_f64())?;
    let eigen = SymmetricEigen::new(released.as_ref())?;
    // eigenvalues below the noise are noise
    let floor = mechanism.noise_std().get() * (2.0 * d as f64).sqrt();
    let root = eigen.map(|value| value.max(floor).powf(-0.5));
    let scale = STEPS / radius;
    let unit = ReleasedEllipsoid::from_root(Mat::from_fn(d, d, |i, j| scale * root[(i, j)]))?;
    level((adjacency, rows), &unit, (share(LEVEL_SHARE)?, uncovered), rng)
}

fn level<A: QuantileAdjacency, R: CryptoRng>(
    (adjacency, rows): (A, &Mat),
    unit: &ReleasedEllipsoid,
    (epsilon, uncovered): (Epsilon, f64),
    rng: &mut R,
) -> Result<ReleasedEllipsoid, Error> {
    let cell = |score: &f64| (CELLS * score.max(1e-30).ln() * 0.5).ceil() as i64;
    let cells: Vec<i64> = scores(unit, rows.as_ref())?.iter().map(cell).collect();
    let range = QuantileRange::new(-(40.0 * CELLS) as i64, (10.0 * CELLS) as i64)?;
    let quantile = PrivateQuantile::new(epsilon, QuantileLevel::new(1.0 - uncovered)?, range, adjacency);
    let length = (*quantile.release(&cells, "level", rng).value() as f64 / CELLS).exp();
    let d = rows.ncols();
    ReleasedEllipsoid::from_root(Mat::from_fn(d, d, |i, j| unit.root()[(i, j)] / length))
}
