//! Chance that can be replayed: every draw comes from the seed, what is drawn for, and an index.
//!
//! Nothing is remembered between members, so that memory does not grow with their number, and any
//! member can be drawn again by any thread.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator of every draw.
pub(crate) type Rng = ChaCha8Rng;

/// What is drawn for. Each has streams of its own, so that a new draw in one place leaves the others
/// as they were.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Draw {
    Plan = 1,
    Household,
    Person,
    Registration,
    Activity,
    App,
    MiniProgram,
    Web,
    Social,
    Wallet,
    Phone,
    Email,
    OrderId,
    EventId,
    Visit,
    Schedule,
    Orders,
    AppEvents,
    MiniProgramEvents,
    WebEvents,
    SocialFollows,
    Dirt,
    Shops,
    Goods,
    External,
    LateOrders,
}

/// The seed of a sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seeds(u64);

impl Seeds {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the stream of draws for one thing: a member, a household, a month of a member.
    pub(crate) fn rng(self, draw: Draw, index: u64) -> Rng {
        let mut key = [0_u8; 32];
        let parts = self.0.to_le_bytes().into_iter().chain((draw as u64).to_le_bytes());
        for (byte, part) in key.iter_mut().zip(parts) {
            *byte = part;
        }
        let mut rng = Rng::from_seed(key);
        rng.set_stream(index);
        rng
    }

    /// Maps indexes to numbers that look like chance, no two to the same.
    pub(crate) fn mix(self, draw: Draw, index: u64) -> u64 {
        finish(index ^ finish(self.0 ^ finish(draw as u64)))
    }

    /// Maps `0..domain` onto itself in an order that looks like chance.
    ///
    /// An invertible step on the next power of two is repeated until the result lies in the domain
    /// (cycle walking), which keeps it one to one. An index beyond the domain starts over.
    pub(crate) fn permute(self, draw: Draw, round: u64, index: u64, domain: u64) -> u64 {
        let domain = domain.max(1);
        let bits = (u64::BITS - (domain - 1).leading_zeros()).max(2);
        let key = finish(self.0 ^ finish(draw as u64 ^ (round << 32)));
        let mut value = index % domain;
        loop {
            value = step(value, bits, key);
            if value < domain {
                return value;
            }
        }
    }
}

/// The finaliser of SplitMix64 (Steele et al., 2014), a bijection of 64 bits.
const fn finish(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

/// A bijection of numbers with `bits` bits: each line is one.
const fn step(value: u64, bits: u32, key: u64) -> u64 {
    let mask = u64::MAX >> (u64::BITS - bits);
    let half = bits.div_ceil(2);
    let value = (value ^ key) & mask;
    let value = (value ^ (value >> half)).wrapping_mul(0xBF58_476D_1CE4_E5B9) & mask;
    let value = value.wrapping_add(key >> 13) & mask;
    let value = (value ^ (value >> half)).wrapping_mul(0x94D0_49BB_1331_11EB) & mask;
    value ^ (value >> half)
}

#[cfg(test)]
mod tests;
