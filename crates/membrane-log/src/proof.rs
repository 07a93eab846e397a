//! Proofs that an entry is in a tree, and that one tree begins with another (RFC 6962, section 2.1).
//!
//! Proofs are made from the tiles, reading only those that are needed. Whatever the store answers is
//! checked against the signed root first, so that no wrong proof is given out.

mod file;

pub use file::{PROOF_FILE_ENDING, ProofFile};

use tlog_tiles::{
    HashReader, check_record, check_tree, prove_record, prove_tree, stored_hash_index, sub_tree_index,
};

use crate::bundle::decode_bundle;
use crate::hash::EMPTY_ROOT;
use crate::lines::PROOF_HASHES_MAX;
use crate::reader::run_over_tree;
use crate::tile::{Kind, SIZE_MAX, TILE_WIDTH, Tile, read_bundle};
use crate::{Edge, Hash, LogError, Objects, TreeHead};

/// Makes the proof that a tree holds an entry: the hashes from its sibling up to the root's child.
///
/// # Errors
///
/// [`LogError::OutOfRange`], [`LogError::Missing`], [`LogError::Malformed`], [`LogError::Fork`],
/// [`LogError::Altered`].
pub async fn prove_inclusion(
    objects: &impl Objects,
    head: TreeHead,
    index: u64,
) -> Result<Vec<Hash>, LogError> {
    check_range(index < head.size, index, head)?;
    let proof = run_over_tree(objects, head, |hashes| prove_record(head.size, index, hashes)).await?;
    Ok(proof.into_iter().map(Hash::from).collect())
}

/// Makes the proof that a tree begins with the tree that it was when it had `old_size` entries.
///
/// # Errors
///
/// [`LogError::OutOfRange`], [`LogError::Missing`], [`LogError::Malformed`], [`LogError::Fork`],
/// [`LogError::Altered`].
pub async fn prove_consistency(
    objects: &impl Objects,
    old_size: u64,
    head: TreeHead,
) -> Result<Vec<Hash>, LogError> {
    check_range(old_size <= head.size, old_size, head)?;
    if old_size == 0 {
        return Ok(Vec::new());
    }
    let proof = run_over_tree(objects, head, |hashes| prove_tree(head.size, old_size, hashes)).await?;
    Ok(proof.into_iter().map(Hash::from).collect())
}

/// Reads an entry of a signed tree, and checks that it is the one that was signed.
///
/// # Errors
///
/// Those of [`prove_inclusion`]; [`LogError::Altered`] for the bundle too.
pub async fn entry_at(objects: &impl Objects, head: TreeHead, index: u64) -> Result<Vec<u8>, LogError> {
    check_range(index < head.size, index, head)?;
    let stored = [stored_hash_index(0, index)];
    let hashes = run_over_tree(objects, head, |hashes| hashes.read_hashes(&stored)).await?;
    let tile = Tile::in_tree(Kind::Entries, index / u64::from(TILE_WIDTH), head.size);
    let tile = tile.ok_or(LogError::OutOfRange { index, size: head.size })?;
    let bundle = read_bundle(objects, tile).await?;
    let entries = decode_bundle(&bundle).unwrap_or_default();
    let place = usize::try_from(index % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
    let entry = entries
        .get(place)
        .filter(|entry| hashes.first().is_some_and(|hash| Hash::from(*hash) == Hash::of_entry(entry)));
    entry.map(|entry| entry.to_vec()).ok_or_else(|| LogError::Altered { path: tile.path() })
}

/// Reads the edge that a tree had when it held `old_size` entries; `head.size` for that of today. A ledger
/// compares it with its own.
///
/// # Errors
///
/// [`LogError::OutOfRange`], [`LogError::Missing`], [`LogError::Malformed`], [`LogError::Fork`],
/// [`LogError::Altered`].
pub async fn edge_at(objects: &impl Objects, head: TreeHead, old_size: u64) -> Result<Edge, LogError> {
    check_range(old_size <= head.size, old_size, head)?;
    let indexes = sub_tree_index(0, old_size, Vec::new());
    let roots = run_over_tree(objects, head, |hashes| hashes.read_hashes(&indexes)).await?;
    let roots = roots.into_iter().map(Hash::from).collect();
    Edge::from_roots(old_size, roots).ok_or(LogError::Fork { size: head.size })
}

/// Checks that a stored tree begins with one that is known from elsewhere: a publisher's safeguard against a
/// store that was set back as a whole, and a monitor's short check.
///
/// # Errors
///
/// [`LogError::Truncated`], [`LogError::Fork`], and those of [`edge_at`].
pub async fn check_known(objects: &impl Objects, head: TreeHead, known: TreeHead) -> Result<(), LogError> {
    if head.size < known.size {
        return Err(LogError::Truncated { size: head.size, known: known.size });
    }
    let edge = edge_at(objects, head, known.size).await?;
    if edge.head() == known { Ok(()) } else { Err(LogError::Fork { size: known.size }) }
}

/// Checks the proof that a tree holds an entry of that hash at that index.
///
/// # Errors
///
/// [`LogError::OutOfRange`], [`LogError::BadProof`].
pub fn check_inclusion(proof: &[Hash], head: TreeHead, index: u64, entry: Hash) -> Result<(), LogError> {
    check_range(index < head.size, index, head)?;
    let proof = to_proof(proof)?;
    check_record(&proof, head.size, head.root.into(), index, entry.into()).map_err(|_| LogError::BadProof)
}

/// Checks the proof that one tree begins with another.
///
/// # Errors
///
/// [`LogError::OutOfRange`] when the old one is larger, [`LogError::BadProof`].
pub fn check_consistency(proof: &[Hash], old: TreeHead, new: TreeHead) -> Result<(), LogError> {
    check_range(old.size <= new.size, old.size, new)?;
    if old.size == 0 {
        let holds = proof.is_empty() && old.root == EMPTY_ROOT && (new.size > 0 || new.root == EMPTY_ROOT);
        return if holds { Ok(()) } else { Err(LogError::BadProof) };
    }
    let proof = to_proof(proof)?;
    check_tree(&proof, new.size, new.root.into(), old.size, old.root.into()).map_err(|_| LogError::BadProof)
}

fn check_range(within: bool, index: u64, head: TreeHead) -> Result<(), LogError> {
    if head.size > SIZE_MAX {
        return Err(LogError::TooLarge { size: head.size });
    }
    if within { Ok(()) } else { Err(LogError::OutOfRange { index, size: head.size }) }
}

fn to_proof(hashes: &[Hash]) -> Result<Vec<tlog_tiles::Hash>, LogError> {
    if hashes.len() > PROOF_HASHES_MAX {
        return Err(LogError::BadProof);
    }
    Ok(hashes.iter().copied().map(Into::into).collect())
}

#[cfg(test)]
mod tests;
