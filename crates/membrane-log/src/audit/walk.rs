//! Walks the tiles of a tree, each checked by its parent.

use super::{Finding, Report};
use crate::bundle::decode_bundle;
use crate::hash::perfect_root;
use crate::tile::{Kind, TILE_WIDTH, Tile, read_bundle, read_tile};
use crate::{Hash, LogError, Objects, TreeHead};

/// A walk through a tree whose right edge is authentic.
pub(super) struct Walk<'a, O> {
    pub(super) objects: &'a O,
    pub(super) head: TreeHead,
    pub(super) report: Report,
    /// The partial tiles that give the signed root, by level.
    pub(super) edge: Vec<Vec<Hash>>,
    /// The full tile that was checked last, by level; without hashes when it is beyond repair.
    last: Vec<(u64, Option<Vec<Hash>>)>,
}

impl<'a, O: Objects> Walk<'a, O> {
    pub(super) fn new(objects: &'a O, head: TreeHead, report: Report) -> Self {
        Self { objects, head, report, edge: Vec::new(), last: Vec::new() }
    }

    /// Returns the hashes of a tile, as they were signed. None when it is beyond repair. Each tile on the
    /// way down to it that is bad is reported when it is first come to.
    pub(super) async fn tile(&mut self, level: u8, index: u64) -> Result<Option<Vec<Hash>>, LogError> {
        let top = u8::try_from(self.edge.len()).unwrap_or(u8::MAX);
        let mut above: Option<Vec<Hash>> = None;
        for at_level in (level..top).rev() {
            let at = index >> (8 * u32::from(at_level - level));
            let from_above = above.take();
            above = if at == Kind::Hashes(at_level).full_tiles(self.head.size) {
                self.edge.get(usize::from(at_level)).cloned()
            } else {
                let place = usize::try_from(at % u64::from(TILE_WIDTH)).unwrap_or(usize::MAX);
                let wanted = from_above.and_then(|hashes| hashes.get(place).copied());
                self.full_tile(at_level, at, wanted).await?
            };
        }
        Ok(above)
    }

    async fn full_tile(
        &mut self,
        level: u8,
        index: u64,
        wanted: Option<Hash>,
    ) -> Result<Option<Vec<Hash>>, LogError> {
        let place = usize::from(level);
        if let Some((last, hashes)) = self.last.get(place)
            && *last == index
        {
            return Ok(hashes.clone());
        }
        let hashes = match wanted {
            Some(wanted) => self.read_or_rebuild(level, index, wanted).await?,
            None => None,
        };
        if self.last.len() <= place {
            self.last.resize(place + 1, (u64::MAX, None));
        }
        if let Some(last) = self.last.get_mut(place) {
            *last = (index, hashes.clone());
        }
        Ok(hashes)
    }

    async fn read_or_rebuild(
        &mut self,
        level: u8,
        index: u64,
        wanted: Hash,
    ) -> Result<Option<Vec<Hash>>, LogError> {
        let tile = Tile::full(Kind::Hashes(level), index);
        match read_tile(self.objects, tile).await {
            Ok(hashes) if perfect_root(&hashes) == wanted => return Ok(Some(hashes)),
            Ok(_) => self.report.add(Finding::AlteredTile { path: tile.path() }),
            Err(error) => self.report.add(Finding::of_object(error)?),
        }
        let rebuilt = rebuild_tile(self.objects, tile).await?;
        Ok(rebuilt.filter(|hashes| perfect_root(hashes) == wanted))
    }
}

/// Computes the hashes of a tile from what lies below it. None when that cannot be read.
pub(super) async fn rebuild_tile(objects: &impl Objects, tile: Tile) -> Result<Option<Vec<Hash>>, LogError> {
    let below = match tile.kind {
        Kind::Entries | Kind::Hashes(0) => {
            let bundle = read_bundle(objects, Tile { kind: Kind::Entries, ..tile }).await;
            let Some(bundle) = readable(bundle)? else { return Ok(None) };
            let entries = decode_bundle(&bundle).unwrap_or_default();
            return Ok(Some(entries.into_iter().map(Hash::of_entry).collect()));
        }
        Kind::Hashes(level) => Kind::Hashes(level - 1),
    };
    let mut hashes = Vec::with_capacity(usize::from(tile.width));
    for place in 0..u64::from(tile.width) {
        let child = Tile::full(below, tile.index * u64::from(TILE_WIDTH) + place);
        let Some(child) = readable(read_tile(objects, child).await)? else { return Ok(None) };
        hashes.push(perfect_root(&child));
    }
    Ok(Some(hashes))
}

/// Passes on the failure of the store only.
pub(super) fn readable<T>(read: Result<T, LogError>) -> Result<Option<T>, LogError> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(LogError::Missing { .. } | LogError::Malformed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
