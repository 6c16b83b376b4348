//! Many heads and layers of the same records, released under one joint budget.

use crate::claims;
use crate::documents::Documents;
use crate::error::Error;
use crate::options::MomentOptions;
use crate::private::{AttentionMoments, PrivateMoments};
use crate::rows::Rows;
use crate::sensitivity::{MomentAdjacency, RowAdjacency};
use core::fmt;
use dp_mechanisms::{
    AddRemoveDocument, Delta, Epsilon, LatticeGaussian, NoiseStd, PrivacyProfile, Release, gaussian,
};
use rand::CryptoRng;

/// Exact integer moments of several heads, of one layer or of many, whose rows are views of the same records: row i of every head is
/// record i.
///
/// A record moves the moments of all heads at once. Gaussian noise for them together costs `μ² = Σ μₕ²`, where a
/// (ε, δ) a head would have to be split by a composition theorem: H equal heads have `√H` times the noise of one.
///
/// # Guarantee
///
/// All heads together are (ε, δ)-differentially private under the adjacency `A`, on the machine as run.
///
/// # Example
///
/// ```
/// use attention_dp::{Bounds, MomentOptions, PrivateHeads, Rows, Shape};
/// use dp_linalg::Mat;
/// use dp_mechanisms::{AddRemoveRow, Delta, Epsilon, secure_rng};
///
/// let shape = Shape { key_dim: 2, value_dim: 2 };
/// let options = MomentOptions::new(shape, Bounds::new(1.0, 1.0, 1.0)?, 4);
/// let mut heads = PrivateHeads::new(AddRemoveRow, vec![options; 4])?;
/// let tokens = Mat::from_fn(1000, 8, |i, j| ((i * (j + 1)) as f64).sin() / 2.0);
/// let values = tokens.as_ref().subcols(0..2);
/// let rows = |head: usize| {
///     let keys = tokens.as_ref().subcols(2 * head..2 * head + 2);
///     Rows::new(AddRemoveRow, keys, values)
/// };
/// heads.push(&(0..4).map(rows).collect::<Result<Vec<_>, _>>()?)?;
/// let released = heads.release(Epsilon::new(1.0)?, Delta::new(1e-6)?, &mut secure_rng()?)?;
/// assert_eq!(released.value().len(), 4);
/// assert!(released.certificate().guarantee().delta(1.0) <= 1e-6); // of all heads together
/// # Ok::<(), attention_dp::Error>(())
/// ```
pub struct PrivateHeads<A> {
    heads: Vec<PrivateMoments<A>>,
    shares: Vec<f64>,
}

impl<A: MomentAdjacency> PrivateHeads<A> {
    /// Empty aggregates, one for each options.
    ///
    /// # Errors
    ///
    /// [`Error::NoHeads`] without any; those of [`PrivateMoments::new`].
    pub fn new(adjacency: A, options: Vec<MomentOptions>) -> Result<Self, Error> {
        if options.is_empty() {
            return Err(Error::NoHeads);
        }
        let shares = vec![1.0; options.len()];
        let heads = options.into_iter().map(|options| PrivateMoments::new(adjacency, options));
        Ok(Self { heads: heads.collect::<Result<_, _>>()?, shares })
    }

    /// Shares of the budget, in proportion to `μₕ²`: a head with four times the share has half the noise. Default: equal.
    ///
    /// # Errors
    ///
    /// [`Error::HeadCount`] unless there is one for each head, [`Error::Share`] unless each is between 1e-6 and 1e6.
    pub fn with_shares(self, shares: Vec<f64>) -> Result<Self, Error> {
        if shares.len() != self.heads.len() {
            return Err(Error::HeadCount { expected: self.heads.len(), found: shares.len() });
        }
        match shares.iter().position(|share| !(1e-6..=1e6).contains(share)) {
            Some(head) => Err(Error::Share { head, share: shares[head] }),
            None => Ok(Self { shares, ..self }),
        }
    }

    /// The aggregates.
    #[must_use]
    pub fn heads(&self) -> &[PrivateMoments<A>] {
        &self.heads
    }

    /// The mechanisms that [`release`](Self::release) would use, one a head.
    ///
    /// # Errors
    ///
    /// As [`PrivateMoments::calibrate`].
    pub fn calibrate(&self, epsilon: Epsilon, delta: Delta) -> Result<Vec<LatticeGaussian<A>>, Error> {
        // a little less than μ, for the roundings of the shares and of their sum
        let roundings = 1e-12 + self.shares.len() as f64 * f64::EPSILON;
        let mu = gaussian::mu_for(epsilon, delta).get() * (1.0 - roundings);
        let total: f64 = self.shares.iter().sum();
        let mechanism = |(head, share): (&PrivateMoments<A>, &f64)| {
            let sensitivity = head.sensitivity()?;
            let std = NoiseStd::new(sensitivity.l2() / (mu * (share / total).sqrt()))?;
            Ok(LatticeGaussian::with_noise_std(std, sensitivity)?)
        };
        self.heads.iter().zip(&self.shares).map(mechanism).collect()
    }

    /// Releases all heads; the certificate is that of all together.
    ///
    /// # Errors
    ///
    /// As [`calibrate`](Self::calibrate), by options and budget alone.
    pub fn release<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Release<Vec<AttentionMoments>, PrivacyProfile<A>>, Error> {
        let stds: Vec<f64> = self.calibrate(epsilon, delta)?.iter().map(|m| m.noise_std().get()).collect();
        let mut each = self.release_each(epsilon, delta, rng)?.into_iter();
        let first = each.next().ok_or(Error::NoHeads)?;
        let release = first.joined(each, "attention moments of several heads")?;
        Ok(release
            .with_parameter("noise_stds", stds)
            .with_parameter("target_epsilon", epsilon.get())
            .with_parameter("target_delta", delta.get())
            .with_claim(claims::HEADS_PRIVACY))
    }

    /// Releases all heads, each with a certificate of its own, as files need it. Together they are (ε, δ)-differentially
    /// private: [`Release::joined`] says so. A single one says less than what has been released.
    ///
    /// # Errors
    ///
    /// As [`calibrate`](Self::calibrate), by options and budget alone.
    pub fn release_each<R: CryptoRng + ?Sized>(
        self,
        epsilon: Epsilon,
        delta: Delta,
        rng: &mut R,
    ) -> Result<Vec<Release<AttentionMoments, PrivacyProfile<A>>>, Error> {
        let mechanisms = self.calibrate(epsilon, delta)?;
        self.heads
            .into_iter()
            .zip(&mechanisms)
            .map(|(head, mechanism)| head.release_with(mechanism, rng))
            .collect()
    }

    /// The moments without any noise: *not private*, for measuring what the features alone cost.
    ///
    /// # Errors
    ///
    /// None that [`new`](Self::new) has not already excluded.
    pub fn assume_public(self) -> Result<Vec<AttentionMoments>, Error> {
        self.heads.into_iter().map(PrivateMoments::assume_public).collect()
    }

    fn check_count(&self, found: usize) -> Result<(), Error> {
        let expected = self.heads.len();
        if found == expected { Ok(()) } else { Err(Error::HeadCount { expected, found }) }
    }
}

/// # Records are rows
impl<A: RowAdjacency> PrivateHeads<A> {
    /// Adds a chunk of records: the rows of each head, equally many.
    ///
    /// # Errors
    ///
    /// [`Error::HeadCount`], [`Error::DifferentOptions`] for rows of another adjacency, [`Error::RowCount`], [`Error::Dimension`], before any row is
    /// looked at; never because of the content of a row.
    pub fn push(&mut self, rows: &[Rows<'_, A>]) -> Result<(), Error> {
        self.check_count(rows.len())?;
        for (head, rows_of_head) in self.heads.iter().zip(rows) {
            rows_of_head.check_adjacency(head.adjacency())?;
            rows_of_head.check_shape(head.geometry().options().shape())?;
            if rows_of_head.keys().nrows() != rows[0].keys().nrows() {
                return Err(Error::RowCount);
            }
        }
        self.heads.iter_mut().zip(rows).try_for_each(|(head, rows)| head.push(*rows))
    }
}

/// # Records are documents
impl PrivateHeads<AddRemoveDocument> {
    /// Adds all documents, in one call: the rows of each head, equally many; the ids of the first head are those of all. See
    /// [`PrivateMoments::push_documents`].
    ///
    /// # Errors
    ///
    /// [`Error::HeadCount`], [`Error::RowCount`], [`Error::Dimension`], [`Error::DocumentsAdded`] by the second call, before any row is looked at;
    /// never because of the content of a row.
    pub fn push_documents(&mut self, documents: &[Documents<'_>]) -> Result<(), Error> {
        self.check_count(documents.len())?;
        for (head, rows) in self.heads.iter().zip(documents) {
            rows.check_shape(head.geometry().options().shape())?;
            if rows.rows().keys().nrows() != documents[0].rows().keys().nrows() {
                return Err(Error::RowCount);
            }
        }
        self.heads.iter().try_for_each(PrivateMoments::check_no_documents)?;
        let ids = documents[0].ids();
        self.heads.iter_mut().zip(documents).try_for_each(|(head, rows)| {
            let rows = rows.rows();
            head.push_documents(Documents::new(ids, rows.keys(), rows.values())?)
        })
    }

    /// Adds the documents of other heads of the same options, head by head.
    ///
    /// # What is assumed
    ///
    /// Which of the two a record went to is a function of its own document alone: see [`PrivateMoments::assume_disjoint_merge`].
    ///
    /// # Errors
    ///
    /// [`Error::HeadCount`], [`Error::DifferentOptions`] unless all options and shares are the same, before anything is added.
    ///
    /// # Example
    ///
    /// ```
    /// use attention_dp::{Error, PrivateHeads};
    /// use dp_mechanisms::AddRemoveDocument;
    ///
    /// /// Each of the parts has documents of its own.
    /// fn whole(
    ///     mut first: PrivateHeads<AddRemoveDocument>,
    ///     others: Vec<PrivateHeads<AddRemoveDocument>>,
    /// ) -> Result<PrivateHeads<AddRemoveDocument>, Error> {
    ///     others.into_iter().try_for_each(|other| first.assume_disjoint_merge(other))?;
    ///     Ok(first)
    /// }
    /// ```
    pub fn assume_disjoint_merge(&mut self, other: Self) -> Result<(), Error> {
        self.check_count(other.heads.len())?;
        if self.shares != other.shares {
            return Err(Error::DifferentOptions);
        }
        for (head, other) in self.heads.iter().zip(&other.heads) {
            other.check_same(head.adjacency(), head.geometry())?;
        }
        self.heads.iter_mut().zip(other.heads).try_for_each(|(head, other)| head.assume_disjoint_merge(other))
    }
}

impl<A: MomentAdjacency> fmt::Debug for PrivateHeads<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateHeads").field("heads", &self.heads).finish_non_exhaustive()
    }
}
