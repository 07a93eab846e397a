//! Entries beyond the committed tree: the trace of a checkpoint that was set back.

use crate::bundle::decode_bundle;
use crate::pending::PENDING;
use crate::tile::{Kind, TILE_WIDTH, Tile};
use crate::{LogError, Objects};

/// Tells whether there are entries beyond a tree.
pub(super) async fn is_ahead(objects: &impl Objects, size: u64) -> Result<bool, LogError> {
    let index = Kind::Entries.full_tiles(size);
    let widest = widest_bundle(objects, index).await?;
    Ok(widest.is_some_and(|tile| tile.width > Kind::Entries.partial_width(size)))
}

/// Refuses entries that differ from those that lie beyond the tree at the same indexes.
pub(super) async fn check_entries(
    objects: &impl Objects,
    first: u64,
    entries: &[Vec<u8>],
    pending: Option<&[u8]>,
) -> Result<(), LogError> {
    let mut ours = (first..).zip(entries).peekable();
    while let Some((index, _)) = ours.peek() {
        let bundle = index / u64::from(TILE_WIDTH);
        let group = std::iter::from_fn(|| ours.next_if(|(index, _)| index / u64::from(TILE_WIDTH) == bundle));
        let Some(tile) = widest_bundle(objects, bundle).await? else {
            group.for_each(drop);
            continue;
        };
        let path = tile.path();
        let bytes = objects.get(&path).await?.unwrap_or_default();
        let theirs = decode_bundle(&bytes).ok_or(LogError::Malformed { path, reason: "not a bundle" })?;
        for (index, entry) in group {
            let there = usize::try_from(index % u64::from(TILE_WIDTH)).ok().and_then(|at| theirs.get(at));
            if there.is_some_and(|there| *there != entry.as_slice()) {
                // A process that has just committed writes there too; that is no contradiction.
                let moved = objects.get(PENDING).await?.as_deref() != pending;
                return Err(if moved { LogError::Conflict } else { LogError::Contradicted { index } });
            }
        }
    }
    Ok(())
}

/// Returns the widest bundle of an index that is stored.
async fn widest_bundle(objects: &impl Objects, index: u64) -> Result<Option<Tile>, LogError> {
    let full = Tile::full(Kind::Entries, index);
    if objects.get(&full.path()).await?.is_some() {
        return Ok(Some(full));
    }
    let partial = objects.list(&full.partial_folder()).await?;
    Ok(partial.iter().filter_map(|path| Tile::parse(path)).max())
}
