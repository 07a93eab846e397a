//! Removes partial tiles and bundles that a full one has replaced.
//!
//! c2sp.org/tlog-tiles: partial tiles of published trees must be served until the full tile is there, and
//! may be deleted then. Full tiles and bundles are never removed here: that needs a policy of retention.

use crate::join::{WAVE, join_all};
use crate::tile::{Kind, Tile, levels_of};
use crate::{Log, LogError, Objects};

impl<O: Objects> Log<O> {
    /// Removes the partial tiles and bundles of those that became full since the log had `since` entries:
    /// 0 to look at all of them, or the size at the last pruning. Returns how many were removed.
    ///
    /// # Errors
    ///
    /// [`LogError::Objects`], [`LogError::Stale`]; [`LogError::Missing`] when a full tile is not there,
    /// whose partial ones are kept then.
    pub async fn prune(&self, since: u64) -> Result<u64, LogError> {
        if self.stale {
            return Err(LogError::Stale);
        }
        prune(&self.objects, since, self.head().size).await
    }
}

/// Removes the partial tiles and bundles of those that became full while a log grew from one size to another,
/// which is published. Whoever appends meanwhile is not in the way.
///
/// # Errors
///
/// Those of [`Log::prune`] without [`LogError::Stale`].
pub async fn prune(objects: &impl Objects, since: u64, size: u64) -> Result<u64, LogError> {
    let mut removed = 0;
    for kind in std::iter::once(Kind::Entries).chain(levels_of(size).map(Kind::Hashes)) {
        for index in kind.full_tiles(since.min(size))..kind.full_tiles(size) {
            removed += prune_tile(objects, Tile::full(kind, index)).await?;
        }
    }
    Ok(removed)
}

async fn prune_tile(objects: &impl Objects, full: Tile) -> Result<u64, LogError> {
    let mut partial = objects.list(&full.partial_folder()).await?;
    partial.retain(|path| {
        Tile::parse(path).is_some_and(|tile| tile.kind == full.kind && tile.index == full.index)
    });
    if partial.is_empty() {
        return Ok(0);
    }
    let path = full.path();
    if objects.get(&path).await?.is_none() {
        return Err(LogError::Missing { path });
    }
    let mut removed = 0;
    for wave in partial.chunks(WAVE) {
        for deleted in join_all(wave.iter().map(|path| objects.delete(path))).await {
            deleted?;
            removed += 1;
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests;
