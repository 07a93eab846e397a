//! Short texts that passed a column's rules: most columns say a few of them again and again.

/// Texts that are remembered. A power of two.
const SLOTS: usize = 256;

/// Some of the texts that passed: where two want one place, the newer has it. Texts of more than 16 bytes are never
/// among them.
pub(super) struct Passed(Box<[Option<Word>]>);

/// A text of up to 16 bytes: its length, its first eight bytes and its last eight, which overlap.
// PRIVACY: no Debug: it is a value in clear.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word {
    length: usize,
    first: u64,
    last: u64,
}

impl Default for Passed {
    fn default() -> Self {
        Self(vec![None; SLOTS].into())
    }
}

impl Passed {
    /// Tells whether a text is remembered.
    pub(super) fn contains(&self, text: &str) -> bool {
        Word::of(text).is_some_and(|word| self.0.get(word.slot()) == Some(&Some(word)))
    }

    /// Remembers a text.
    pub(super) fn insert(&mut self, text: &str) {
        let Some(word) = Word::of(text) else { return };
        if let Some(place) = self.0.get_mut(word.slot()) {
            *place = Some(word);
        }
    }
}

impl Word {
    fn of(text: &str) -> Option<Self> {
        let (bytes, length) = (text.as_bytes(), text.len());
        let (first, last) = match length {
            0 => (0, 0),
            1 => (u64::from(*bytes.first()?), 0),
            2..4 => (pair(bytes.first_chunk()?), pair(bytes.last_chunk()?)),
            4..8 => (four(bytes.first_chunk()?), four(bytes.last_chunk()?)),
            8..=16 => (u64::from_le_bytes(*bytes.first_chunk()?), u64::from_le_bytes(*bytes.last_chunk()?)),
            _ => return None,
        };
        Some(Self { length, first, last })
    }

    /// Returns where it belongs: the upper bits of a product in which each of its bits counts.
    const fn slot(self) -> usize {
        let mixed = (self.first ^ self.last.rotate_left(29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed.to_be_bytes()[0] as usize
    }
}

fn pair(bytes: &[u8; 2]) -> u64 {
    u16::from_le_bytes(*bytes).into()
}

fn four(bytes: &[u8; 4]) -> u64 {
    u32::from_le_bytes(*bytes).into()
}

#[cfg(test)]
mod tests;
