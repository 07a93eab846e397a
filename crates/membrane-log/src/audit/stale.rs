//! Checks partial tiles and bundles that wider ones have followed. Readers of older checkpoints may still
//! be given them.

use super::Finding;
use super::walk::Walk;
use crate::bundle::decode_bundle;
use crate::hash::bytes_to_hashes;
use crate::tile::{Kind, Tile};
use crate::{Hash, LogError, Objects};

/// Checks all partial tiles and bundles of the tree that are stored and not needed any more. What lies
/// beyond the tree is left alone: it may be about to be published.
pub(super) async fn check_stale(walk: &mut Walk<'_, impl Objects>) -> Result<(), LogError> {
    let size = walk.head.size;
    let is_stale = |tile: &Tile| {
        Tile::in_tree(tile.kind, tile.index, size).is_some_and(|current| tile.width < current.width)
    };
    let paths = walk.objects.list("tile").await?;
    let mut stale: Vec<Tile> = paths.iter().filter_map(|path| Tile::parse(path)).filter(is_stale).collect();
    drop(paths);
    stale.sort_unstable();
    for tile in stale {
        let level = match tile.kind {
            Kind::Entries => 0,
            Kind::Hashes(level) => level,
        };
        let Some(signed) = walk.tile(level, tile.index).await? else { continue };
        let path = tile.path();
        let Some(bytes) = walk.objects.get(&path).await? else { continue };
        let hashes = match tile.kind {
            Kind::Entries => decode_bundle(&bytes)
                .map(|entries| entries.into_iter().map(Hash::of_entry).collect::<Vec<Hash>>()),
            Kind::Hashes(_) => bytes_to_hashes(&bytes),
        };
        if hashes.as_deref() != signed.get(..usize::from(tile.width)) {
            walk.report.add(Finding::AlteredTile { path });
        }
    }
    Ok(())
}
