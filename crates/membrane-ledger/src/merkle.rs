//! The Merkle tree of RFC 6962, section 2.1, kept as its frontier.
//!
//! The frontier of a tree of n leaves holds the roots of the perfect subtrees that n is made of, largest
//! first: one per bit that is set in n. Appending a leaf and computing the root need no other hash.

use sha2::{Digest, Sha256};

/// A SHA-256 hash.
pub(crate) type Hash = [u8; 32];

/// Returns the hash of a leaf: `SHA-256(0x00 || data)`.
pub(crate) fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// Returns the hash of a node: `SHA-256(0x01 || left || right)`.
fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// A Merkle tree that only grows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frontier {
    size: u64,
    roots: Vec<Hash>,
}

impl Frontier {
    /// Reads a frontier from its text, 64 hexadecimal digits per root. None when the text does not fit
    /// the size.
    pub(crate) fn parse(size: u64, text: &str) -> Option<Self> {
        let bytes = hex::decode(text).ok()?;
        let (roots, rest) = bytes.as_chunks::<32>();
        let fits = rest.is_empty() && u32::try_from(roots.len()) == Ok(size.count_ones());
        fits.then(|| Self { size, roots: roots.to_vec() })
    }

    /// Returns the text that [`Frontier::parse`] reads.
    pub(crate) fn to_text(&self) -> String {
        hex::encode(self.roots.concat())
    }

    /// Returns the number of leaves.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf. Where the tree ends in perfect subtrees of 1, 2, 4 ... leaves, each takes the new
    /// one up into its parent.
    pub(crate) fn append(&mut self, leaf: Hash) {
        let mut right = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                right = node_hash(&left, &right);
            }
        }
        self.roots.push(right);
        self.size += 1;
    }

    /// Returns the root; of no leaves, the hash of nothing.
    pub(crate) fn root(&self) -> Hash {
        let mut smallest_first = self.roots.iter().rev();
        let Some(last) = smallest_first.next() else { return Sha256::digest([]).into() };
        smallest_first.fold(*last, |right, left| node_hash(left, &right))
    }
}

#[cfg(test)]
mod tests;
