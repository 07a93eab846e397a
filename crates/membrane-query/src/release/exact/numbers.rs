//! Numbers of groups by the bytes of their keys. Short keys, as days and most names are, are compared as one number.

use std::sync::Arc;

use datafusion::common::HashMap;

/// The numbers.
#[derive(Default)]
pub(super) struct Numbers {
    short: HashMap<u128, u32>,
    long: HashMap<Arc<[u8]>, u32>,
}

/// Packs a key of 15 bytes or less: its length, then its bytes.
fn packed(key: &[u8]) -> Option<u128> {
    let mut bytes = [0; 16];
    let (length, room) = bytes.split_first_mut()?;
    *length = u8::try_from(key.len()).ok()?;
    room.get_mut(..key.len())?.copy_from_slice(key);
    Some(u128::from_be_bytes(bytes))
}

impl Numbers {
    /// Finds the number of a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<u32> {
        match packed(key) {
            Some(packed) => self.short.get(&packed).copied(),
            None => self.long.get(key).copied(),
        }
    }

    /// Gives a key a number.
    pub(super) fn insert(&mut self, key: &Arc<[u8]>, number: u32) {
        match packed(key) {
            Some(packed) => self.short.insert(packed, number),
            None => self.long.insert(Arc::clone(key), number),
        };
    }

    /// Takes the number of a key away.
    pub(super) fn remove(&mut self, key: &[u8]) {
        match packed(key) {
            Some(packed) => self.short.remove(&packed),
            None => self.long.remove(key),
        };
    }
}

#[cfg(test)]
impl Numbers {
    /// Returns how many bytes the tables hold: eight buckets hold seven entries.
    pub(super) fn bytes(&self) -> usize {
        (self.short.capacity() * 33 + self.long.capacity() * 25) * 8 / 7
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_whatever_their_length() {
        let mut numbers = Numbers::default();
        let keys: Vec<Arc<[u8]>> =
            (0..20).flat_map(|length| [vec![0; length], vec![1; length]]).map(Arc::from).collect();
        for (key, number) in keys.iter().zip(0..) {
            numbers.insert(key, number);
        }
        // Of no bytes there is one key, and the last number counts.
        for (key, number) in keys.iter().zip(0..).skip(1) {
            assert_eq!(numbers.get(key), Some(number));
        }
        numbers.remove(&[0; 15]);
        numbers.remove(&[0; 16]);
        assert_eq!((numbers.get(&[0; 15]), numbers.get(&[0; 16])), (None, None));
        assert_eq!(numbers.get(&[1; 16]), Some(33));
    }
}
