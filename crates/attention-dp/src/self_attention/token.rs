//! Tokens drawn from a private row of attention: softmax is the exponential mechanism.

use super::encode::quantised;
use super::lattice::LogitLattice;
use super::mechanisms::token_mechanism;
use super::private::{PrivateSelfAttention, described};
use crate::claims;
use crate::error::Error;
use dp_mechanisms::rows::FixedSizeAdjacency;
use dp_mechanisms::selection::{ExponentialMechanism, Scores, SpreadSensitivity};
use dp_mechanisms::{PrivacyProfile, Release};
use rand::CryptoRng;

impl<A: FixedSizeAdjacency> PrivateSelfAttention<A> {
    /// One token from row `query` of the attention matrix: index j with probability proportional to `e^{s·x_query·x_j}`,
    /// exactly so for the quantised logits.
    ///
    /// No noise is added: softmax is the exponential mechanism, and ε is what it costs, `s·D·max{2α, 3α − D}` for rows that
    /// move by D (and its lattice units). Each call is charged anew; [`token_mechanism`](Self::token_mechanism) has the profile, also the
    /// concentrated one for many tokens.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchRow`]; [`Error::Mechanism`] by options alone.
    ///
    /// # Example
    ///
    /// ```
    /// use attention_dp::{PrivateSelfAttention, SelfAttentionOptions};
    /// use dp_linalg::Mat;
    /// use dp_mechanisms::{ReplaceRow, secure_rng};
    ///
    /// let rows = Mat::from_fn(100, 4, |i, j| (i + j) as f64);
    /// let options = SelfAttentionOptions::new(100, 4, 1.0)?; // logits within ±½
    /// let private = PrivateSelfAttention::new(ReplaceRow, options, rows.as_ref())?;
    /// let token = private.sample_token(3, &mut secure_rng()?)?;
    /// assert!(*token.value() < 100);
    /// assert!(token.certificate().guarantee().delta(2.0001) == 0.0); // pure: 4·½
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sample_token<R: CryptoRng + ?Sized>(
        &self,
        query: usize,
        rng: &mut R,
    ) -> Result<Release<usize, PrivacyProfile<A>>, Error> {
        let mechanism = token_mechanism(&self.options, self.adjacency)?;
        let scores = self.scores(query)?;
        let release = mechanism.release(&scores, "token from a row of self-attention", rng)?;
        Ok(described(release, &self.options, "token", claims::SELF_TOKEN_PRIVACY))
    }

    /// The mechanism of [`sample_token`](Self::sample_token), whose profile and law are public.
    ///
    /// # Errors
    ///
    /// As [`sample_token`](Self::sample_token).
    pub fn token_mechanism(&self) -> Result<ExponentialMechanism<SpreadSensitivity<A>>, Error> {
        token_mechanism(&self.options, self.adjacency)
    }

    /// Integer logits of one row, still private, for this and other mechanisms of selection. Their
    /// [sensitivity](Scores::sensitivity) states how far each moves, the query's own farthest, and how far two move against each other.
    ///
    /// # Errors
    ///
    /// As [`sample_token`](Self::sample_token).
    pub fn scores(&self, query: usize) -> Result<Scores<SpreadSensitivity<A>>, Error> {
        let rows = self.options.rows();
        if query >= rows {
            return Err(Error::NoSuchRow { row: query, rows });
        }
        let lattice = LogitLattice::of_scores(&self.options, self.adjacency);
        let integers = quantised(self.rows.as_ref(), lattice.integers().exponent());
        let dot = |i: usize| {
            integers.row(i).iter().zip(integers.row(query)).map(|(a, b)| *a as i64 * *b as i64).sum()
        };
        Ok(Scores::new((0..rows).map(dot).collect(), lattice.score_sensitivity()?)?)
    }
}
