//! The edge of a tree: the roots of the perfect subtrees that it is made of.
//!
//! A tree of n entries is made of one perfect subtree per bit that is set in n, the largest first. Their
//! roots are all that is needed to compute its root and to append to it. The ledger keeps the same of its
//! own tree (and calls it frontier), so that the two can be compared.

use crate::hash::{EMPTY_ROOT, Hash};

/// How many entries a tree holds, and its root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// Entries in the tree.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
}

/// The roots of the perfect subtrees that a tree is made of, largest first.
///
/// INVARIANT: one root per bit that is set in the size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    roots: Vec<Hash>,
}

impl Edge {
    /// Makes the edge of a tree from its roots, largest first. None when their number does not fit.
    #[must_use]
    pub fn from_roots(size: u64, roots: Vec<Hash>) -> Option<Self> {
        let fits = u32::try_from(roots.len()) == Ok(size.count_ones());
        fits.then_some(Self { size, roots })
    }

    /// Returns the number of entries.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the roots of the perfect subtrees, largest first.
    #[must_use]
    pub fn roots(&self) -> &[Hash] {
        &self.roots
    }

    /// Appends the hash of an entry. Where the tree ends in perfect subtrees of 1, 2, 4 ... entries, each
    /// takes the new one up into its parent.
    pub fn append(&mut self, entry: Hash) {
        let mut right = entry;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                right = Hash::of_node(left, right);
            }
        }
        self.roots.push(right);
        self.size += 1;
    }

    /// Returns the root; of no entries, the hash of nothing.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut smallest_first = self.roots.iter().rev();
        let Some(last) = smallest_first.next() else { return EMPTY_ROOT };
        smallest_first.fold(*last, |right, left| Hash::of_node(*left, right))
    }

    /// Returns the size and the root.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }
}

#[cfg(test)]
mod tests;
