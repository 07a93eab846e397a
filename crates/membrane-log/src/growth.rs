//! How a tree grows: which bundles and tiles entries add to it. Pure computation, but for reading.

use crate::bundle::{decode_bundle, encode_entry};
use crate::hash::{hashes_to_bytes, perfect_root};
use crate::tile::{Kind, SIZE_MAX, TILE_WIDTH, Tile, levels_of, read_bundle, read_tile};
use crate::{Edge, Hash, LogError, Objects, TreeHead};

/// A bundle or tile and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Object {
    pub(crate) tile: Tile,
    pub(crate) bytes: Vec<u8>,
}

/// The partial tiles at the right of a tree, and its partial bundle.
///
/// INVARIANT: `levels` has one list per level of the tree, of less than 256 hashes, from level 0 upwards.
/// `bundle` holds the entries whose hashes are in the first of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RightEdge {
    size: u64,
    levels: Vec<Vec<Hash>>,
    bundle: Vec<u8>,
}

impl RightEdge {
    /// Reads the right edge of a signed tree, and checks it: its tiles give the root, and the entries of
    /// its bundle have the hashes of the tile.
    pub(crate) async fn read(objects: &impl Objects, head: TreeHead) -> Result<Self, LogError> {
        let mut edge = Self { size: head.size, ..Self::default() };
        for level in levels_of(head.size) {
            let kind = Kind::Hashes(level);
            let hashes = match Tile::in_tree(kind, kind.full_tiles(head.size), head.size) {
                Some(tile) => read_tile(objects, tile).await?,
                None => Vec::new(),
            };
            edge.levels.push(hashes);
        }
        let index = Kind::Entries.full_tiles(head.size);
        if let Some(tile) = Tile::in_tree(Kind::Entries, index, head.size) {
            edge.bundle = read_bundle(objects, tile).await?;
        }
        let entries = decode_bundle(&edge.bundle).unwrap_or_default();
        let hashes: Vec<Hash> = entries.iter().map(|entry| Hash::of_entry(entry)).collect();
        let same = edge.levels.first().is_none_or(|tile| *tile == hashes);
        if same && edge.edge().root() == head.root {
            Ok(edge)
        } else {
            Err(LogError::Fork { size: head.size })
        }
    }

    /// Returns the number of entries.
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the roots of the perfect subtrees.
    pub(crate) fn edge(&self) -> Edge {
        edge_of(self.size, &self.levels)
    }

    /// Appends entries. Returns the new edge and the objects that it takes, in the order of writing.
    pub(crate) fn grow(&self, entries: &[Vec<u8>]) -> Result<(Self, Vec<Object>), LogError> {
        let mut grown = self.clone();
        let mut objects = Vec::new();
        for entry in entries {
            grown.push(entry, &mut objects)?;
        }
        grown.partials(self.size, &mut objects);
        objects.sort_by_key(|object| object.tile);
        Ok((grown, objects))
    }

    /// Appends one entry, and adds the bundle and tiles that are full with it.
    pub(crate) fn push(&mut self, entry: &[u8], full: &mut Vec<Object>) -> Result<(), LogError> {
        if self.size >= SIZE_MAX {
            return Err(LogError::TooLarge { size: self.size });
        }
        encode_entry(entry, &mut self.bundle)?;
        self.size += 1;
        if let Some(last) = Kind::Entries.full_tiles(self.size).checked_sub(1)
            && Kind::Entries.partial_width(self.size) == 0
        {
            let bytes = std::mem::take(&mut self.bundle);
            full.push(Object { tile: Tile::full(Kind::Entries, last), bytes });
        }
        let mut hash = Hash::of_entry(entry);
        for level in 0.. {
            let Some(tile) = self.levels.get_mut(usize::from(level)) else {
                self.levels.push(vec![hash]);
                break;
            };
            tile.push(hash);
            if tile.len() < usize::from(TILE_WIDTH) {
                break;
            }
            let hashes = std::mem::take(tile);
            let kind = Kind::Hashes(level);
            let index = kind.full_tiles(self.size).saturating_sub(1);
            full.push(Object { tile: Tile::full(kind, index), bytes: hashes_to_bytes(&hashes) });
            hash = perfect_root(&hashes);
        }
        Ok(())
    }

    /// Adds the partial tiles that a tree of the old size had not.
    pub(crate) fn partials(&self, old_size: u64, objects: &mut Vec<Object>) {
        let new_partial = |kind: Kind| {
            let tile = Tile::in_tree(kind, kind.full_tiles(self.size), self.size)?;
            (Tile::in_tree(kind, tile.index, old_size) != Some(tile)).then_some(tile)
        };
        if let Some(tile) = new_partial(Kind::Entries) {
            objects.push(Object { tile, bytes: self.bundle.clone() });
        }
        for (level, hashes) in levels_of(self.size).zip(&self.levels) {
            if let Some(tile) = new_partial(Kind::Hashes(level)) {
                objects.push(Object { tile, bytes: hashes_to_bytes(hashes) });
            }
        }
    }
}

/// Returns the roots of the perfect subtrees in the partial tiles of a tree, from level 0 upwards.
pub(crate) fn edge_of(size: u64, levels: &[Vec<Hash>]) -> Edge {
    let mut roots = Vec::new();
    for tile in levels.iter().rev() {
        let mut rest = tile.as_slice();
        while let Some((subtree, behind)) =
            rest.len().checked_ilog2().and_then(|bits| rest.split_at_checked(1 << bits))
        {
            roots.push(perfect_root(subtree));
            rest = behind;
        }
    }
    Edge::from_roots(size, roots).unwrap_or_default()
}

#[cfg(test)]
mod tests;
