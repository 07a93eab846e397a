//! The tree of the log as the ledger stores it: the roots of the perfect subtrees, largest first, as text.

use membrane_log::{Edge, Hash};

/// Reads the edge of a tree from its text, 64 hexadecimal digits per root. None when the text does not fit
/// the size.
pub(crate) fn parse(size: u64, text: &str) -> Option<Edge> {
    let bytes = hex::decode(text).ok()?;
    let (roots, rest) = bytes.as_chunks::<32>();
    let roots = roots.iter().copied().map(Hash).collect();
    if rest.is_empty() { Edge::from_roots(size, roots) } else { None }
}

/// Returns the text that [`parse`] reads.
pub(crate) fn to_text(tree: &Edge) -> String {
    tree.roots().iter().map(|root| hex::encode(root.0)).collect()
}

#[cfg(test)]
mod tests;
