//! The releases, each with its adjacency and its target.

use crate::baseline;
use crate::data::{DIM, Kind};
use crate::targets;
use dp_linalg::Mat;
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::selection::QuantileAdjacency;
use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, FailureProbability, PerturbRow, ReplaceRow};
use john_ellipsoid_dp::private::close::{
    CloseOptions, NoisyRows, release_rows, release_stable_with, stable_mechanism,
};
use john_ellipsoid_dp::private::{
    PrivateRows, RecordMechanism, RecordOptions, RecordTarget, ReleasedEllipsoid, WeightOptions,
    noisy_weights,
};
use john_ellipsoid_dp::{Error, JohnOptions};
use rand::CryptoRng;

pub(crate) const DELTA: f64 = 1e-6;
/// Share of rows that robust targets leave outside.
pub(crate) const UNCOVERED: f64 = 0.05;
/// `p` of Lewis ellipsoids at record level.
const ORDER: u32 = 8;
/// Containment may fail with this probability.
const FAILURE: f64 = 1e-6;

/// What neighbours may do to one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Neighbours {
    /// Move it by up to this share of the public radius.
    Close(f64),
    /// Replace it.
    Replace,
    /// Add or remove it.
    AddRemove,
}

impl Neighbours {
    /// As tables name it.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Close(share) => format!("a row moves by {share} R"),
            Self::Replace => "a row is replaced".to_owned(),
            Self::AddRemove => "a row is added or removed".to_owned(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Weights alone; the ellipsoid is made by who holds the rows, and is not released.
    Weights,
    /// The John ellipsoid of noised rows.
    Rows,
    /// The same, enlarged so that it covers all rows but with probability 1e-6.
    RowsAround,
    /// Draws of the smoothed John ellipsoid.
    Stable,
    /// Rounds of clipped second moments.
    RecordCovariance,
    /// Rounds of Lewis weights.
    RecordLewis,
    /// Baseline: one noisy second moment of rows within the radius.
    PlainCovariance,
}

impl Method {
    pub(crate) const CLOSE: [Self; 4] = [Self::Weights, Self::Rows, Self::RowsAround, Self::Stable];
    pub(crate) const RECORD: [Self; 4] =
        [Self::RecordCovariance, Self::RecordLewis, Self::PlainCovariance, Self::Rows];
    /// Noise on rows needs their number to be public.
    pub(crate) const ADD_REMOVE: [Self; 3] =
        [Self::RecordCovariance, Self::RecordLewis, Self::PlainCovariance];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Weights => "noisy weights (ellipsoid not released)",
            Self::Rows => "noise on rows",
            Self::RowsAround => "noise on rows, around all",
            Self::Stable => "stability release",
            Self::RecordCovariance => "record level, covariance",
            Self::RecordLewis => "record level, Lewis p = 8",
            Self::PlainCovariance => "plain private covariance",
        }
    }

    /// What the release is measured against.
    pub(crate) const fn target(self) -> &'static str {
        match self {
            Self::Weights | Self::Rows | Self::RowsAround => "around all rows",
            Self::Stable => "smoothed, around all rows",
            Self::RecordCovariance => "robust covariance, 95 %",
            Self::RecordLewis => "robust Lewis p = 8, 95 %",
            Self::PlainCovariance => "covariance, 95 %",
        }
    }
}

/// Rows with what is public about them.
pub(crate) struct Case<'a> {
    pub(crate) rows: &'a Mat,
    pub(crate) kind: Kind,
}

impl Case<'_> {
    fn close_options(&self) -> Result<CloseOptions, Error> {
        CloseOptions::new(self.rows.nrows(), DIM, self.kind.radius())
    }

    fn record_options(method: Method) -> Result<RecordOptions, Error> {
        let options = RecordOptions::new(DIM)?.with_uncovered(UNCOVERED)?;
        match method {
            Method::RecordLewis => options.with_target(RecordTarget::Lewis { order: ORDER }),
            _ => Ok(options),
        }
    }

    /// The non-private ellipsoid that a method aims at.
    pub(crate) fn target(&self, method: Method) -> Result<ReleasedEllipsoid, Error> {
        match method {
            Method::Weights | Method::Rows | Method::RowsAround => targets::around(self.rows.as_ref()),
            Method::Stable => targets::smoothed(self.rows.as_ref(), &self.close_options()?),
            Method::RecordCovariance | Method::RecordLewis => {
                targets::robust(self.rows.as_ref(), &Self::record_options(method)?)
            }
            Method::PlainCovariance => targets::covariance(self.rows.as_ref(), UNCOVERED),
        }
    }

    /// So many releases; noise is calibrated once.
    pub(crate) fn releases<R: CryptoRng>(
        &self,
        (method, neighbours): (Method, Neighbours),
        (epsilon, count): (f64, usize),
        rng: &mut R,
    ) -> Result<Vec<ReleasedEllipsoid>, Error> {
        let budget = (Epsilon::new(epsilon)?, Delta::new(DELTA)?);
        match neighbours {
            Neighbours::Close(share) => {
                let adjacency = PerturbRow::new(share * self.kind.radius())?;
                if method == Method::Stable {
                    return self.stable(adjacency, (budget, count), rng);
                }
                (0..count).map(|_| self.close((method, adjacency), budget, rng)).collect()
            }
            Neighbours::Replace if method == Method::Rows => {
                (0..count).map(|_| self.rows((method, ReplaceRow), budget, rng)).collect()
            }
            Neighbours::Replace => self.record((method, ReplaceRow), (budget, count), rng),
            Neighbours::AddRemove => self.record((method, AddRemoveRow), (budget, count), rng),
        }
    }

    fn close<R: CryptoRng>(
        &self,
        (method, adjacency): (Method, PerturbRow),
        (epsilon, delta): (Epsilon, Delta),
        rng: &mut R,
    ) -> Result<ReleasedEllipsoid, Error> {
        if method != Method::Weights {
            return self.rows((method, adjacency), (epsilon, delta), rng);
        }
        let rows = PrivateRows::new(adjacency, self.rows.as_ref());
        let options = WeightOptions::new(epsilon, delta, self.kind.radius())?;
        let weights = noisy_weights(rows, &options, rng)?.value().weights();
        targets::of_weights(self.rows.as_ref(), &weights)
    }

    fn stable<R: CryptoRng>(
        &self,
        adjacency: PerturbRow,
        ((epsilon, delta), count): ((Epsilon, Delta), usize),
        rng: &mut R,
    ) -> Result<Vec<ReleasedEllipsoid>, Error> {
        let options = self.close_options()?;
        let mechanism = stable_mechanism(adjacency, &options, epsilon, delta)?;
        let mut one = || {
            let rows = PrivateRows::new(adjacency, self.rows.as_ref());
            let release = release_stable_with(rows, &options, &mechanism, rng)?;
            release.value().enclosing_ellipsoid(FailureProbability::new(FAILURE)?)
        };
        (0..count).map(|_| one()).collect()
    }

    fn record<A: QuantileAdjacency, R: CryptoRng>(
        &self,
        (method, adjacency): (Method, A),
        ((epsilon, delta), count): ((Epsilon, Delta), usize),
        rng: &mut R,
    ) -> Result<Vec<ReleasedEllipsoid>, Error> {
        if method == Method::PlainCovariance {
            let (public, budget) = ((self.kind.radius(), UNCOVERED), (epsilon, delta));
            return (0..count)
                .map(|_| baseline::release((adjacency, self.rows), public, budget, rng))
                .collect();
        }
        let mechanism =
            RecordMechanism::calibrate(&Self::record_options(method)?, adjacency, epsilon, delta)?;
        let mut one = || {
            let release = mechanism.release(PrivateRows::new(adjacency, self.rows.as_ref()), rng)?;
            Ok(release.value().ellipsoid().clone())
        };
        (0..count).map(|_| one()).collect()
    }

    /// Noise on rows.
    fn rows<A: FixedSizeAdjacency, R: CryptoRng>(
        &self,
        (method, adjacency): (Method, A),
        (epsilon, delta): (Epsilon, Delta),
        rng: &mut R,
    ) -> Result<ReleasedEllipsoid, Error> {
        let rows = PrivateRows::new(adjacency, self.rows.as_ref());
        let release = release_rows(rows, &self.close_options()?, epsilon, delta, rng)?;
        Self::of_rows(method, release.value())
    }

    fn of_rows(method: Method, rows: &NoisyRows) -> Result<ReleasedEllipsoid, Error> {
        let options = JohnOptions::default();
        if method == Method::RowsAround {
            return rows.enclosing_ellipsoid(&options, FailureProbability::new(FAILURE)?);
        }
        targets::at_level(&rows.john_ellipsoid(&options)?)
    }
}
