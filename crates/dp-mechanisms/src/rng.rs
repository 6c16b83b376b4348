//! The production generator.

use crate::error::Error;
use rand::SeedableRng;
use rand::rngs::SysRng;
use rand_chacha::ChaCha20Rng;

/// A ChaCha20 generator seeded with 256 bits from the operating system.
///
/// The only constructor meant for releases. Tests and verification pass a seeded generator of their own instead;
/// there is no global generator and no optional seed.
///
/// # Errors
///
/// [`Error::EntropyUnavailable`] if the operating system gives no randomness: nothing may be released then.
///
/// # Example
///
/// ```
/// use rand::Rng;
///
/// let (mut first, mut second) = (dp_mechanisms::secure_rng()?, dp_mechanisms::secure_rng()?);
/// assert_ne!([first.next_u64(), first.next_u64()], [second.next_u64(), second.next_u64()]);
/// # Ok::<(), dp_mechanisms::Error>(())
/// ```
pub fn secure_rng() -> Result<ChaCha20Rng, Error> {
    ChaCha20Rng::try_from_rng(&mut SysRng).map_err(|_| Error::EntropyUnavailable)
}
