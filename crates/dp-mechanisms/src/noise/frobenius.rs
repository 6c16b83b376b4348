//! Gaussian noise for symmetric matrices that is isotropic in the Frobenius norm.

use super::{LatticeNoise, RoundedGaussian};
use crate::error::Error;
use crate::mechanisms::least_over_root_two;
use crate::params::{FailureProbability, NoiseStd};
use crate::symmetric::packed_order;
use rand::CryptoRng;

/// Rounded Gaussian noise on the packed triangle of a symmetric integer matrix: standard deviation σ on the diagonal,
/// `σ/√2` (rounded up) off it, both before rounding.
///
/// In the coordinates `(s_ii, √2·s_ij)`, whose L2 norm is the Frobenius norm, that is noise of standard deviation σ in
/// every direction. Noise σ on all entries would be a factor √2 too much off the diagonal; noise `σ/√2` on all would
/// leave the diagonal under-protected.
///
/// # Guarantee
///
/// Given independent uniform words, entries are independent and each has exactly its [rounded Gaussian](RoundedGaussian)
/// law.
///
/// # Example
///
/// ```
/// use dp_mechanisms::{FailureProbability, NoiseStd, noise::FrobeniusGaussian, symmetric};
///
/// let noise = FrobeniusGaussian::new(NoiseStd::new(100.0)?)?;
/// let mut packed = vec![0; symmetric::packed_len(50)];
/// noise.add_to_packed(&mut packed, &mut dp_mechanisms::secure_rng()?)?;
/// // the spectral norm is about √(2·50)·100 = 1000, and below this but once in a million:
/// let radius = noise.spectral_radius(50, FailureProbability::new(1e-6)?);
/// assert!((1500.0..1800.0).contains(&radius));
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrobeniusGaussian {
    diagonal: RoundedGaussian,
    off_diagonal: RoundedGaussian,
}

impl FrobeniusGaussian {
    /// Noise of standard deviation σ = `noise_std`, in lattice steps, in every direction of the Frobenius norm.
    ///
    /// # Errors
    ///
    /// [`Error::NoiseUnsupported`] above [`RoundedGaussian::MAX_STD`].
    pub fn new(noise_std: NoiseStd) -> Result<Self, Error> {
        let diagonal = RoundedGaussian::new(noise_std)?;
        let off_diagonal = RoundedGaussian::new(NoiseStd::new(least_over_root_two(noise_std.get()))?)?;
        Ok(Self { diagonal, off_diagonal })
    }

    /// The law of a diagonal entry.
    #[must_use]
    pub const fn diagonal(&self) -> &RoundedGaussian {
        &self.diagonal
    }

    /// The law of an entry off the diagonal.
    #[must_use]
    pub const fn off_diagonal(&self) -> &RoundedGaussian {
        &self.off_diagonal
    }

    /// Adds noise to a [packed triangle](crate::symmetric), modulo `2⁶⁴`.
    ///
    /// # Words used
    ///
    /// Row by row of the triangle: what the entries off the diagonal use, then what the diagonal entry does.
    ///
    /// # Errors
    ///
    /// [`Error::NotTriangular`] if the number of entries is not `m(m + 1)/2`; nothing is drawn then.
    pub fn add_to_packed<R: CryptoRng + ?Sized>(&self, packed: &mut [i64], rng: &mut R) -> Result<(), Error> {
        let order = packed_order(packed.len())?;
        let mut rest = packed;
        for i in 0..order {
            let (row, below) = rest.split_at_mut(i + 1);
            let (off_diagonal, diagonal) = row.split_at_mut(i);
            self.off_diagonal.add_to(off_diagonal, rng);
            self.diagonal.add_to(diagonal, rng);
            rest = below;
        }
        Ok(())
    }

    /// A number that the spectral norm of the noise matrix of this order exceeds with probability at most `failure`, in
    /// lattice steps: how far eigenvalues move, and the ridge that makes a noisy positive semidefinite matrix safely so.
    ///
    /// # Error bound
    ///
    /// With `τ ≥ σ/√2` the standard deviation off the diagonal, `γ` the failure probability and m the order,
    ///
    /// ```text
    /// 2τ√m + τ√(4 ln(4/γ)) + min(m/2, 2√(m ln 9 + ln(4/γ)))
    /// ```
    ///
    /// (docs/theorems.md, Symmetric Gaussian): mean and deviation of the Gaussian part, and the rounding. The spectral
    /// norm is `2τ√m·(1 + o(1))` as m and σ grow, so the bound is sharp to first order there. It is a statement of utility,
    /// evaluated in plain floating point and enlarged by `10⁻¹²`.
    #[must_use]
    pub fn spectral_radius(&self, order: usize, failure: FailureProbability) -> f64 {
        let (m, std) = (order as f64, self.off_diagonal.noise_std().get());
        let surprise = 4.0_f64.ln() - failure.get().ln(); // 4/γ may be beyond f64
        let gaussian = std * (2.0 * m.sqrt() + 2.0 * surprise.sqrt());
        let rounding = (m / 2.0).min(2.0 * (m * 9.0_f64.ln() + surprise).sqrt());
        (gaussian + rounding) * (1.0 + 1e-12)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    fn noise(std: f64) -> FrobeniusGaussian {
        FrobeniusGaussian::new(NoiseStd::new(std).unwrap()).unwrap()
    }

    #[test]
    fn entries_off_the_diagonal_have_half_the_variance() {
        let order = 300;
        let mut packed = vec![0; crate::symmetric::packed_len(order)];
        noise(1e6).add_to_packed(&mut packed, &mut ChaCha20Rng::seed_from_u64(1)).unwrap();
        let mean_square = |entries: &[f64]| entries.iter().map(|x| x * x).sum::<f64>() / entries.len() as f64;
        let (mut diagonal, mut off_diagonal) = (Vec::new(), Vec::new());
        for i in 0..order {
            for j in 0..=i {
                let entry = packed[crate::symmetric::packed_index(i, j)] as f64 * 1e-6;
                if i == j { diagonal.push(entry) } else { off_diagonal.push(entry) }
            }
        }
        // six standard deviations √(2/n) of a mean square, relatively
        assert!((mean_square(&diagonal) - 1.0).abs() < 6.0 * (2.0 / 300.0_f64).sqrt());
        assert!((mean_square(&off_diagonal) - 0.5).abs() < 0.5 * 6.0 * (2.0 / 44_850.0_f64).sqrt());
    }

    #[test]
    fn a_radius_is_finite_however_small_its_failure_probability() {
        let radius = |failure| noise(1.0).spectral_radius(3, FailureProbability::new(failure).unwrap());
        // √(4 ln(4/γ))·τ is at most 2·√746·0.71
        assert!(radius(f64::from_bits(1)) < 80.0 && radius(f64::from_bits(1)) > radius(1e-300));
    }

    #[test]
    fn a_list_that_is_no_triangle_is_refused_before_anything_is_drawn() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut packed = [7, 7];
        assert_eq!(noise(1.0).add_to_packed(&mut packed, &mut rng), Err(Error::NotTriangular { entries: 2 }));
        assert_eq!((packed, rng.get_word_pos()), ([7, 7], 0));
    }
}
