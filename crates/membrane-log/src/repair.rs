//! Makes bundles and tiles of a published log again, where they are missing or were altered.
//!
//! The entries come from elsewhere, from a ledger, and are gone through twice. First it is made sure that they
//! are the entries that were signed ([`Survey`]). Then each bundle and tile of the tree is computed from them
//! and held against what is stored ([`Mending`]). Nothing has to be trusted for that but the signed head.
//!
//! INVARIANT: a bundle or tile is written only where the signed root follows from it: what comes in the second
//! time has to give the hashes of the first time, which gave the root.

use crate::bundle::split_entries;
use crate::growth::{Object, RightEdge};
use crate::hash::{bytes_to_hashes, perfect_root};
use crate::join::{WAVE, join_all};
use crate::tile::{Kind, TILE_WIDTH, Tile};
use crate::{Edge, Hash, LogError, Objects, ObjectsError, TreeHead};

/// Bytes of a hash.
const HASH_BYTES: usize = 32;

/// An object that was put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// Where it lies.
    pub path: String,
    /// Whether nothing was there; otherwise it was altered.
    pub was_missing: bool,
}

/// The hashes of entries that may be those of a log.
#[derive(Debug, Default)]
pub struct Survey {
    edge: Edge,
    /// The roots over 256 entries each.
    tiles: Vec<Hash>,
    /// Hashes behind the last of them.
    rest: Vec<Hash>,
}

impl Survey {
    /// Takes the next entries in.
    pub fn add(&mut self, entries: &[Vec<u8>]) {
        for entry in entries {
            let hash = Hash::of_entry(entry);
            self.edge.append(hash);
            self.rest.push(hash);
            if self.rest.len() == usize::from(TILE_WIDTH) {
                self.tiles.push(perfect_root(&self.rest));
                self.rest.clear();
            }
        }
    }

    /// Returns how many entries were taken in.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Tells whether the entries are those of a signed tree; where they are, its objects can be made again.
    #[must_use]
    pub fn agree(self, head: TreeHead) -> Option<Mending> {
        let same = self.edge.head() == head;
        same.then(|| Mending { head, tiles: self.tiles, grown: RightEdge::default(), mended: Vec::new() })
    }
}

/// Objects of a signed tree that are held against the entries that it was made of.
#[derive(Debug)]
pub struct Mending {
    head: TreeHead,
    tiles: Vec<Hash>,
    grown: RightEdge,
    mended: Vec<Mended>,
}

impl Mending {
    /// Takes the next entries in, from the first one on, and puts back what follows from them.
    ///
    /// # Errors
    ///
    /// [`LogError::Fork`] when they are not those that were surveyed: nothing is written from them then.
    /// [`LogError::EntryTooLong`], [`LogError::Objects`].
    pub async fn mend(&mut self, objects: &impl Objects, entries: &[Vec<u8>]) -> Result<(), LogError> {
        let mut full = Vec::new();
        for entry in entries {
            self.grown.push(entry, &mut full)?;
        }
        if full.iter().any(|object| !self.was_surveyed(object)) {
            return Err(LogError::Fork { size: self.head.size });
        }
        self.put_back(objects, full).await
    }

    /// Puts back the right edge of the tree, and parts of tiles that wider ones have followed and that are
    /// still there. Returns what was put back in all.
    ///
    /// # Errors
    ///
    /// [`LogError::Fork`] when the entries were not those that were surveyed, [`LogError::Objects`].
    pub async fn finish(mut self, objects: &impl Objects) -> Result<Vec<Mended>, LogError> {
        let head = self.head;
        if self.grown.edge().head() != head {
            return Err(LogError::Fork { size: head.size });
        }
        let mut partial = Vec::new();
        self.grown.partials(0, &mut partial);
        self.put_back(objects, partial).await?;
        let mut stale: Vec<(Tile, Tile)> = objects
            .list("tile")
            .await?
            .iter()
            .filter_map(|path| Tile::parse(path))
            .filter_map(|tile| Some((tile, Tile::in_tree(tile.kind, tile.index, head.size)?)))
            .filter(|(tile, current)| tile.width < current.width)
            .collect();
        stale.sort_unstable();
        for (tile, current) in stale {
            // As it was put back, or found to be right, just now.
            let whole = objects.get(&current.path()).await?.unwrap_or_default();
            let bytes = cut(tile, &whole).ok_or(LogError::Altered { path: current.path() })?;
            self.put_back(objects, vec![Object { tile, bytes }]).await?;
        }
        Ok(self.mended)
    }

    /// Tells whether a full tile is of the entries that were surveyed. Others than those of level 0 are made of
    /// them, and a bundle comes with its tile.
    fn was_surveyed(&self, object: &Object) -> bool {
        if object.tile.kind != Kind::Hashes(0) {
            return true;
        }
        let place = usize::try_from(object.tile.index).ok();
        let surveyed = place.and_then(|place| self.tiles.get(place)).copied();
        surveyed.is_some() && surveyed == bytes_to_hashes(&object.bytes).map(|hashes| perfect_root(&hashes))
    }

    async fn put_back(&mut self, objects: &impl Objects, expected: Vec<Object>) -> Result<(), LogError> {
        for wave in expected.chunks(WAVE) {
            for mended in join_all(wave.iter().map(|object| put_back_one(objects, object))).await {
                self.mended.extend(mended?);
            }
        }
        Ok(())
    }
}

async fn put_back_one(objects: &impl Objects, object: &Object) -> Result<Option<Mended>, ObjectsError> {
    let path = object.tile.path();
    let found = objects.get(&path).await?;
    if found.as_ref() == Some(&object.bytes) {
        return Ok(None);
    }
    objects.put(&path, object.bytes.clone()).await?;
    Ok(Some(Mended { path, was_missing: found.is_none() }))
}

/// Cuts a tile or bundle to the width of a narrower one.
fn cut(tile: Tile, whole: &[u8]) -> Option<Vec<u8>> {
    let width = usize::from(tile.width);
    let length = match tile.kind {
        Kind::Hashes(_) => width.checked_mul(HASH_BYTES)?,
        Kind::Entries => {
            let lengths = split_entries(whole).take(width).map(|entry| Some(entry?.len() + 2));
            lengths.sum::<Option<usize>>()?
        }
    };
    whole.get(..length).map(<[u8]>::to_vec)
}

#[cfg(test)]
mod tests;
