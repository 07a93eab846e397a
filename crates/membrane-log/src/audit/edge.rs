//! Finds the right edge that was signed.

use super::Finding;
use super::walk::{Walk, rebuild_tile};
use crate::growth::edge_of;
use crate::tile::{Kind, Tile, levels_of, read_tile};
use crate::{Hash, LogError, Objects};

/// One level of the edge: what is stored, and what follows from below.
struct Level {
    tile: Option<Tile>,
    stored: Option<Vec<Hash>>,
    finding: Option<Finding>,
    rebuilt: Option<Vec<Hash>>,
}

/// Reads the right edge of the tree and checks that it gives the signed root. Where it does not, bad tiles
/// are replaced by what lies below them, and reported. Tells whether that has led to the root.
pub(super) async fn authenticate(walk: &mut Walk<'_, impl Objects>) -> Result<bool, LogError> {
    let size = walk.head.size;
    let mut levels = Vec::new();
    for level in levels_of(size) {
        levels.push(read_level(walk.objects, level, size).await?);
    }
    if try_edge(walk, &levels, 0) {
        return Ok(true);
    }
    for level in &mut levels {
        if let Some(tile) = level.tile {
            level.rebuilt = rebuild_tile(walk.objects, tile).await?;
        }
    }
    // At most six levels, so at most 64 ways to take some of them from below; few replacements first.
    let mut ways: Vec<u32> = (1..1 << levels.len()).collect();
    ways.sort_by_key(|way| way.count_ones());
    for way in ways {
        if try_edge(walk, &levels, way) {
            for (level, place) in levels.into_iter().zip(0..) {
                let altered = level.tile.map(|tile| Finding::AlteredTile { path: tile.path() });
                if let Some(finding) = level.finding.or(altered).filter(|_| way & (1 << place) != 0) {
                    walk.report.add(finding);
                }
            }
            return Ok(true);
        }
    }
    levels.into_iter().filter_map(|level| level.finding).for_each(|finding| walk.report.add(finding));
    walk.report.add(Finding::WrongRoot { size });
    Ok(false)
}

async fn read_level(objects: &impl Objects, level: u8, size: u64) -> Result<Level, LogError> {
    let kind = Kind::Hashes(level);
    let tile = Tile::in_tree(kind, kind.full_tiles(size), size);
    let Some(present) = tile else {
        return Ok(Level { tile, stored: Some(Vec::new()), finding: None, rebuilt: None });
    };
    let (stored, finding) = match read_tile(objects, present).await {
        Ok(hashes) => (Some(hashes), None),
        Err(error) => (None, Some(Finding::of_object(error)?)),
    };
    Ok(Level { tile, stored, finding, rebuilt: None })
}

/// Takes the edge up if it gives the root, with those levels from below whose bit is set.
fn try_edge(walk: &mut Walk<'_, impl Objects>, levels: &[Level], from_below: u32) -> bool {
    let edge: Option<Vec<Vec<Hash>>> = levels
        .iter()
        .zip(0..)
        .map(
            |(level, place)| {
                if from_below & (1 << place) == 0 { level.stored.clone() } else { level.rebuilt.clone() }
            },
        )
        .collect();
    let Some(edge) = edge else { return false };
    let authentic = edge_of(walk.head.size, &edge).root() == walk.head.root;
    if authentic {
        walk.edge = edge;
    }
    authentic
}
