//! Which tiles and bundles a tree has, and where they lie (c2sp.org/tlog-tiles).
//!
//! `tlog_tiles::Tile` writes the paths of Go's checksum database: `tile/8/0/x001/067` with the height of
//! the tiles in it, and `tile/8/data/...` for entries. C2SP fixed the height at 8 and left it out, and has
//! `tile/entries/...`. So paths are made here; the arithmetic of proofs stays with that crate.

use crate::bundle::decode_bundle;
use crate::hash::bytes_to_hashes;
use crate::witness::WITNESSED;
use crate::{CHECKPOINT, Hash, LogError, Objects};

/// Hashes in a full tile, and entries in a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// The bits of an index that a level of tiles stands for.
const TILE_BITS: u32 = 8;

/// Entries that a log may have. Six levels of tiles; nothing in the arithmetic of `tlog_tiles` overflows.
pub const SIZE_MAX: u64 = 1 << 48;

/// What a tile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Entries: the tile is an entry bundle.
    Entries,
    /// Hashes of this level; at level 0, those of entries.
    Hashes(u8),
}

impl Kind {
    /// Returns how often the index of an entry is halved to become an index of tiles of this kind.
    fn bits(self) -> u32 {
        match self {
            Self::Entries => TILE_BITS,
            Self::Hashes(level) => TILE_BITS * (u32::from(level) + 1),
        }
    }

    /// Returns how many full tiles of this kind a tree has. It is also the index of the partial one.
    pub(crate) fn full_tiles(self, size: u64) -> u64 {
        size >> self.bits()
    }

    /// Returns the width of the partial tile of this kind, 0 when there is none.
    pub(crate) fn partial_width(self, size: u64) -> u16 {
        let width = (size >> (self.bits() - TILE_BITS)) % u64::from(TILE_WIDTH);
        u16::try_from(width).unwrap_or(0)
    }
}

/// A tile or bundle of a certain width.
///
/// The order is that in which they are written: bundles, then tiles from level 0 upwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tile {
    pub(crate) kind: Kind,
    pub(crate) index: u64,
    pub(crate) width: u16,
}

impl Tile {
    /// Returns a full tile.
    pub(crate) fn full(kind: Kind, index: u64) -> Self {
        Self { kind, index, width: TILE_WIDTH }
    }

    /// Returns the tile of an index as a tree of that size has it; none when it has none.
    pub(crate) fn in_tree(kind: Kind, index: u64, size: u64) -> Option<Self> {
        let full = kind.full_tiles(size);
        let width = if index < full { TILE_WIDTH } else { kind.partial_width(size) };
        (index <= full && width > 0).then_some(Self { kind, index, width })
    }

    /// Returns the path.
    pub(crate) fn path(self) -> String {
        if self.width == TILE_WIDTH { self.stem() } else { format!("{}.p/{}", self.stem(), self.width) }
    }

    /// Returns the folder that holds the partial tiles of this index.
    pub(crate) fn partial_folder(self) -> String {
        format!("{}.p", self.stem())
    }

    /// Reads a path. None when it is not the path of a tile.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let rest = path.strip_prefix("tile/")?;
        let (kind, rest) = rest.split_once('/')?;
        let kind = if kind == "entries" { Kind::Entries } else { Kind::Hashes(kind.parse().ok()?) };
        let (number, width) = match rest.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok().filter(|width| *width < TILE_WIDTH)?),
            None => (rest, TILE_WIDTH),
        };
        let index = number.split('/').try_fold(0u64, |index, digits| {
            let digits: u64 = digits.trim_start_matches('x').parse().ok()?;
            index.checked_mul(1000)?.checked_add(digits)
        })?;
        let tile = Self { kind, index, width };
        (tile.path() == path).then_some(tile)
    }

    /// Returns the path without the width: three digits of the index per element.
    fn stem(self) -> String {
        let mut index = self.index;
        let mut number = format!("{:03}", index % 1000);
        while index >= 1000 {
            index /= 1000;
            number = format!("x{:03}/{number}", index % 1000);
        }
        match self.kind {
            Kind::Entries => format!("tile/entries/{number}"),
            Kind::Hashes(level) => format!("tile/{level}/{number}"),
        }
    }
}

/// Tells whether a path can be one of a log's published objects: those that readers are served, and no
/// others. The checkpoint, and the one that witnesses have cosigned, are text in UTF-8 and change; the others
/// are bytes and never do.
#[must_use]
pub fn is_published(path: &str) -> bool {
    path == CHECKPOINT || path == WITNESSED || Tile::parse(path).is_some()
}

/// Returns the levels of hash tiles that a tree has.
pub(crate) fn levels_of(size: u64) -> impl Iterator<Item = u8> {
    (0..8).take_while(move |level| size >> (TILE_BITS * u32::from(*level)) > 0)
}

/// Reads a tile. For a partial tile that was pruned, the full one has its hashes too.
pub(crate) async fn read_tile(objects: &impl Objects, tile: Tile) -> Result<Vec<Hash>, LogError> {
    let (path, bytes, width) = get_tile(objects, tile).await?;
    let mut hashes = bytes_to_hashes(&bytes)
        .filter(|hashes| hashes.len() == usize::from(width))
        .ok_or(LogError::Malformed { path, reason: "not as many hashes as its width" })?;
    hashes.truncate(usize::from(tile.width));
    Ok(hashes)
}

/// Reads the bytes of the bundle of a tile's index, cut to its width.
pub(crate) async fn read_bundle(objects: &impl Objects, tile: Tile) -> Result<Vec<u8>, LogError> {
    let (path, mut bytes, width) = get_tile(objects, tile).await?;
    let malformed = |reason| LogError::Malformed { path: path.clone(), reason };
    let entries = decode_bundle(&bytes).ok_or_else(|| malformed("not entries with their lengths"))?;
    if entries.len() != usize::from(width) {
        return Err(malformed("not as many entries as its width"));
    }
    let kept = entries.iter().take(usize::from(tile.width)).map(|entry| entry.len() + 2).sum();
    bytes.truncate(kept);
    Ok(bytes)
}

/// Returns where a tile was found, its bytes, and the width that it should have there.
pub(crate) async fn get_tile(objects: &impl Objects, tile: Tile) -> Result<(String, Vec<u8>, u16), LogError> {
    let path = tile.path();
    if let Some(bytes) = objects.get(&path).await? {
        return Ok((path, bytes, tile.width));
    }
    let full = Tile::full(tile.kind, tile.index).path();
    match objects.get(&full).await? {
        Some(bytes) if tile.width < TILE_WIDTH => Ok((full, bytes, TILE_WIDTH)),
        _ => Err(LogError::Missing { path }),
    }
}

#[cfg(test)]
mod tests;
