//! Reads hashes of a signed tree: only the tiles that are needed, each checked against the signed root.
//!
//! Which hashes a proof takes is computed by `tlog_tiles`, by functions that read and cannot wait. So a
//! computation is run twice: first to note down what it asks for, then, once that was fetched and checked,
//! for its result.
//!
//! The checking is done here, not by `tlog_tiles::TileHashReader`. That one (0.2.0, as the Go code that it
//! was ported from) begins to check full tiles against their parents at the place of the n-th tile that it
//! has read, n being the number of perfect subtrees that the tree is made of. Where several of those lie in
//! one tile of the edge, as in most trees, it takes the first full tiles unchecked: a store can answer
//! anything for them, and the proof that comes out does not hold. `proof/tests.rs` has the case.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use tlog_tiles::{Error, HashReader, split_stored_hash_index};

use crate::growth::edge_of;
use crate::hash::{EMPTY_ROOT, perfect_root};
use crate::tile::{Kind, SIZE_MAX, TILE_WIDTH, Tile, levels_of, read_tile};
use crate::{Hash, LogError, Objects, TreeHead};

/// Levels of the tree in a level of tiles.
const TILE_HEIGHT: u8 = 8;

/// Where a computation reads hashes from, by their storage index.
pub(crate) enum Hashes {
    /// Nowhere yet: what it asks for is noted down, and is all zeros.
    Noted(RefCell<Vec<u64>>),
    /// From hashes that were fetched and checked.
    Known(BTreeMap<u64, Hash>),
}

impl HashReader for Hashes {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, Error> {
        match self {
            Self::Noted(noted) => {
                noted.borrow_mut().extend_from_slice(indexes);
                Ok(vec![tlog_tiles::Hash::default(); indexes.len()])
            }
            Self::Known(known) => indexes
                .iter()
                .map(|index| known.get(index).map(|hash| (*hash).into()).ok_or(Error::IndexesNotInTree))
                .collect(),
        }
    }
}

/// Runs a computation over hashes of the tree that a checkpoint was signed over.
///
/// # Errors
///
/// [`LogError::Missing`] and [`LogError::Malformed`] for tiles; [`LogError::Fork`] when those at the right
/// edge do not give the root; [`LogError::Altered`] when another does not give the hash in its parent.
pub(crate) async fn run_over_tree<T>(
    objects: &impl Objects,
    head: TreeHead,
    compute: impl Fn(&Hashes) -> Result<T, Error>,
) -> Result<T, LogError> {
    let mut known = BTreeMap::new();
    let mut tree = Tree::read(objects, head).await?;
    for index in note_indexes(&compute)? {
        let hash = tree.hash(index).await?;
        known.insert(index, hash);
    }
    compute(&Hashes::Known(known)).map_err(|_| LogError::BadProof)
}

fn note_indexes<T>(compute: &impl Fn(&Hashes) -> Result<T, Error>) -> Result<Vec<u64>, LogError> {
    let hashes = Hashes::Noted(RefCell::default());
    compute(&hashes).map_err(|_| LogError::BadProof)?;
    let Hashes::Noted(noted) = hashes else { return Ok(Vec::new()) };
    Ok(noted.into_inner())
}

/// Tiles of a signed tree.
///
/// INVARIANT: each was checked: those of the edge give the root, and a full one the hash in its parent.
struct Tree<'a, O> {
    objects: &'a O,
    head: TreeHead,
    edge: Vec<Vec<Hash>>,
    full: HashMap<(u8, u64), Vec<Hash>>,
}

impl<'a, O: Objects> Tree<'a, O> {
    async fn read(objects: &'a O, head: TreeHead) -> Result<Self, LogError> {
        let TreeHead { size, root } = head;
        if size > SIZE_MAX {
            return Err(LogError::TooLarge { size });
        }
        let mut edge = Vec::new();
        for kind in levels_of(size).map(Kind::Hashes) {
            edge.push(match Tile::in_tree(kind, kind.full_tiles(size), size) {
                Some(tile) => read_tile(objects, tile).await?,
                None => Vec::new(),
            });
        }
        let found = if size == 0 { EMPTY_ROOT } else { edge_of(size, &edge).root() };
        if found == root {
            Ok(Self { objects, head, edge, full: HashMap::new() })
        } else {
            Err(LogError::Fork { size })
        }
    }

    /// Returns the hash of a storage index, as `tlog_tiles` counts them.
    async fn hash(&mut self, index: u64) -> Result<Hash, LogError> {
        let (level, place) = split_stored_hash_index(index);
        let (tile_level, height) = (level / TILE_HEIGHT, level % TILE_HEIGHT);
        let tile = self.tile(tile_level, place >> (TILE_HEIGHT - height)).await?;
        let first = (place << height) % u64::from(TILE_WIDTH);
        let subtree = usize::try_from(first).ok().and_then(|first| tile.get(first..first + (1 << height)));
        subtree.map(perfect_root).ok_or(LogError::Fork { size: self.head.size })
    }

    /// Returns a tile, reading those above it that were not read.
    async fn tile(&mut self, level: u8, index: u64) -> Result<&[Hash], LogError> {
        let top = u8::try_from(self.edge.len()).unwrap_or(u8::MAX);
        for at_level in (level..top).rev() {
            let at = index >> (TILE_HEIGHT * (at_level - level));
            if self.get(at_level, at).is_some() {
                continue;
            }
            let tile = Tile::full(Kind::Hashes(at_level), at);
            let wanted = self.hash_in_parent(at_level, at);
            let hashes = read_tile(self.objects, tile).await?;
            if wanted != Some(perfect_root(&hashes)) {
                return Err(LogError::Altered { path: tile.path() });
            }
            self.full.insert((at_level, at), hashes);
        }
        self.get(level, index).ok_or(LogError::Fork { size: self.head.size })
    }

    fn get(&self, level: u8, index: u64) -> Option<&[Hash]> {
        let hashes = if index == Kind::Hashes(level).full_tiles(self.head.size) {
            self.edge.get(usize::from(level))
        } else {
            self.full.get(&(level, index))
        };
        hashes.map(Vec::as_slice)
    }

    fn hash_in_parent(&self, level: u8, index: u64) -> Option<Hash> {
        let place = usize::try_from(index % u64::from(TILE_WIDTH)).ok()?;
        self.get(level + 1, index / u64::from(TILE_WIDTH))?.get(place).copied()
    }
}
