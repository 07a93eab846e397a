//! Keyed ranks: SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012).
//!
//! A release ranks every group of every member, most of them many times. What is asked of a rank is that nobody without
//! the key can tell it or arrange for it, which is what SipHash is made for; it takes a tenth of the time of HMAC-SHA-256.
//! Ranks are never shown, and two that are equal do no harm.

use std::fmt;
use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;
use zeroize::Zeroizing;

/// Ranks what a member has, so that what is kept of it is chosen by a key.
#[derive(Clone)]
pub struct Sampler(Zeroizing<[u64; 2]>);

impl Sampler {
    /// Takes the first 16 bytes of a key, which are all that SipHash has.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let mut words = Zeroizing::new([0_u64; 2]);
        for (word, bytes) in words.iter_mut().zip(key.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        Self(words)
    }

    /// Ranks something of a member. Depends on the two alone, so that no member moves another.
    #[must_use]
    pub fn rank(&self, unit: u128, key: &[u8]) -> u64 {
        let [first, second] = *self.0;
        let mut hasher = SipHasher24::new_with_keys(first, second);
        hasher.write(&unit.to_be_bytes());
        hasher.write(key);
        hasher.finish()
    }
}

impl fmt::Debug for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sampler(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper's appendix A: the key 00 01 .. 0f and the message 00 01 .. 0e. Here the first sixteen
    /// bytes are the member, so the message of the reference vectors (`vectors.h`) with 63 bytes is taken.
    #[test]
    fn ranks_are_those_of_the_reference_vectors() {
        let mut key = [0_u8; 32];
        for (byte, number) in key.iter_mut().zip(0..16) {
            *byte = number;
        }
        let message: Vec<u8> = (0..63).collect();
        let (unit, rest) = message.split_first_chunk::<16>().expect("sixteen bytes");
        let rank = Sampler::new(&key).rank(u128::from_be_bytes(*unit), rest);
        assert_eq!(rank.to_le_bytes(), [0x72, 0x45, 0x06, 0xeb, 0x4c, 0x32, 0x8a, 0x95]);
    }
}
