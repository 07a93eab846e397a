//! Randomness for keys and nonces: one ChaCha12 generator per thread, seeded by the operating system.
//!
//! `StdRng` of `rand` 0.10 is ChaCha12, a CSPRNG. A system call per nonce would cost more than sealing a
//! short cell; this costs about 10 ns. Unlike `rand::rng()` it reports a failure of the operating system
//! instead of panicking. The hub never forks, so no two processes share a generator.

use std::cell::RefCell;

use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};

use crate::VaultError;

/// Bytes after which a generator takes a new seed, so that memory read from a process says nothing
/// about nonces and keys drawn long before or after.
const BYTES_PER_SEED: usize = 1 << 20;

thread_local! {
    static GENERATOR: RefCell<Option<Generator>> = const { RefCell::new(None) };
}

struct Generator {
    rng: StdRng,
    bytes_left: usize,
}

impl Generator {
    fn seeded() -> Result<Self, VaultError> {
        let rng = StdRng::try_from_rng(&mut SysRng).map_err(|_| VaultError::Random)?;
        Ok(Self { rng, bytes_left: BYTES_PER_SEED })
    }
}

/// Fills `bytes` with randomness that is fit for keys and nonces.
pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), VaultError> {
    GENERATOR.with(|slot| {
        let mut slot = slot.try_borrow_mut().map_err(|_| VaultError::Random)?;
        if slot.as_ref().is_none_or(|generator| generator.bytes_left < bytes.len()) {
            // Taken out first: one that is used up is never used again, whatever fails.
            *slot = None;
            *slot = Some(Generator::seeded()?);
        }
        let generator = slot.as_mut().ok_or(VaultError::Random)?;
        generator.rng.fill_bytes(bytes);
        generator.bytes_left = generator.bytes_left.saturating_sub(bytes.len());
        Ok(())
    })
}

/// Returns 16 random bytes as hexadecimal text: what keeps others from trying texts against a commitment.
///
/// # Errors
/// [`VaultError::Random`] when the operating system gives no randomness.
pub fn salt() -> Result<String, VaultError> {
    Ok(hex::encode(bytes::<16>()?))
}

/// Returns `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0_u8; N];
    fill(&mut bytes)?;
    Ok(bytes)
}
