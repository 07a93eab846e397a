//! Blocks of places, in each the parts of one member side by side.
//!
//! A block that is full is left for one twice as large, and taken by the next member who needs one of its size.

use super::{INLINE, Member, NONE, number, position};
use crate::QueryError;

/// Places of a member's first block.
const FIRST: u32 = 4;
/// The logarithm of the places of a piece, if blocks are small.
const PIECE: u32 = 12;
/// The logarithm of how many of the largest blocks a piece has at least: what is left at its end is small beside it.
const BLOCKS: u32 = 3;

/// The blocks of all members. A block lies in one piece; a part is numbered by its place among all.
pub(super) struct Blocks {
    /// Places of the largest block.
    largest: u32,
    /// Words of a part's row: its group, then others.
    words: usize,
    /// The logarithm of the places of one piece.
    piece: u32,
    pieces: Vec<Piece>,
    /// Blocks that were left, by how often they were doubled.
    left: Vec<Vec<u32>>,
}

/// Places, of each part its byte, its rank and its row.
struct Piece {
    bytes: Vec<u8>,
    ranks: Vec<u64>,
    rows: Vec<i64>,
}

/// The group and rank of a part.
pub(super) struct PartMut<'a> {
    pub(super) group: u32,
    pub(super) rank: &'a mut u64,
}

/// Returns the byte of a group that is looked at first.
const fn byte(group: u32) -> u8 {
    let [.., last] = group.to_be_bytes();
    last
}

/// Returns how often the block of so many parts was doubled.
fn doubled(parts: u32) -> u32 {
    parts.saturating_sub(1).checked_ilog2().unwrap_or(0).saturating_sub(1)
}

/// Returns how many places a block has that was doubled so often.
fn places(doubled: u32, largest: u32) -> u32 {
    FIRST.checked_shl(doubled).map_or(largest, |places| places.min(largest))
}

/// Returns how many places are made in all for a member until it has so many parts.
pub(in crate::release::exact) fn places_made(parts: u32, groups_max: u32) -> u64 {
    (0..=doubled(parts)).map(|doubled| u64::from(places(doubled, groups_max.max(1)))).sum()
}

impl Blocks {
    pub(super) fn new(groups_max: u32, words: usize) -> Self {
        let largest = groups_max.max(1);
        let piece = largest.checked_next_power_of_two().map_or(31, u32::trailing_zeros);
        let piece = piece.saturating_add(BLOCKS).clamp(PIECE, 31);
        Self { largest, words, piece, pieces: Vec::new(), left: vec![Vec::new(); 32] }
    }

    /// Returns how many places are made when a member gets one more part.
    pub(super) fn places_needed(&self, member: &Member) -> u32 {
        let parts = member.parts();
        let next = doubled(parts.saturating_add(1));
        if parts == 0 || next > doubled(parts) { places(next, self.largest) } else { 0 }
    }

    /// Returns the parts of a member whose groups have the same byte as this one.
    pub(super) fn alike(&self, member: &Member, group: u32) -> Option<impl Iterator<Item = u32>> {
        let (piece, start) = self.place_of(member.block);
        let parts = position(member.parts());
        let bytes = self.pieces.get(piece)?.bytes.get(start..start.saturating_add(parts))?;
        let found = memchr::memchr_iter(byte(group), bytes);
        Some(found.filter_map(|place| u32::try_from(place).ok().map(|place| member.block + place)))
    }

    /// Returns the rank and the row of a part.
    pub(super) fn part(&self, part: u32) -> Option<(u64, &[i64])> {
        let (piece, place) = self.place_of(part);
        Some((*self.pieces.get(piece)?.ranks.get(place)?, self.row(part)?))
    }

    /// Returns the group and rank of a part, to write the rank.
    pub(super) fn part_mut(&mut self, part: u32) -> Option<PartMut<'_>> {
        let (piece, place) = self.place_of(part);
        let Piece { ranks, rows, .. } = self.pieces.get_mut(piece)?;
        let group = u32::try_from(*rows.get(place * self.words)?).ok()?;
        Some(PartMut { group, rank: ranks.get_mut(place)? })
    }

    /// Returns the row of a part: its group, then its words.
    pub(super) fn row(&self, part: u32) -> Option<&[i64]> {
        let (piece, place) = self.place_of(part);
        let start = place * self.words;
        self.pieces.get(piece)?.rows.get(start..start + self.words)
    }

    /// Returns the row of a part.
    pub(super) fn row_mut(&mut self, part: u32) -> Option<&mut [i64]> {
        let (piece, place) = self.place_of(part);
        let start = place * self.words;
        self.pieces.get_mut(piece)?.rows.get_mut(start..start + self.words)
    }

    /// Writes of which group a part is, and its rank.
    pub(super) fn name(&mut self, part: u32, group: u32, rank: u64) -> Option<()> {
        let (piece, place) = self.place_of(part);
        let Piece { bytes, ranks, rows } = self.pieces.get_mut(piece)?;
        *bytes.get_mut(place)? = byte(group);
        *ranks.get_mut(place)? = rank;
        *rows.get_mut(place * self.words)? = i64::from(group);
        Some(())
    }

    /// Adds a part to a member, after its others, with words of zero.
    pub(super) fn push(&mut self, member: &mut Member, group: u32) -> Result<u32, QueryError> {
        if self.places_needed(member) > 0 {
            self.grow(member)?;
        }
        let part = member.block.checked_add(member.parts()).ok_or(QueryError::Failed)?;
        member.parts_and_mark = member.parts_and_mark.checked_add(2).ok_or(QueryError::Failed)?;
        member.worst = NONE;
        self.row_mut(part).ok_or(QueryError::Failed)?.fill(0);
        self.name(part, group, 0).ok_or(QueryError::Failed)?;
        Ok(part)
    }

    /// Returns the piece of a place, and where in it the place is.
    fn place_of(&self, place: u32) -> (usize, usize) {
        let place = position(place);
        (place >> self.piece, place & ((1 << self.piece) - 1))
    }

    /// Moves a member to a larger block.
    fn grow(&mut self, member: &mut Member) -> Result<(), QueryError> {
        let (parts, before) = (member.parts(), member.block);
        member.block = self.block(doubled(parts.saturating_add(1)))?;
        if parts == 0 {
            return Ok(());
        }
        for place in 0..parts {
            let (rank, row) = self.part(before + place).ok_or(QueryError::Failed)?;
            let group = row.first().and_then(|group| u32::try_from(*group).ok()).ok_or(QueryError::Failed)?;
            let mut words = [0; INLINE + 1];
            let words = words.get_mut(..row.len()).ok_or(QueryError::Failed)?;
            words.copy_from_slice(row);
            let to = member.block + place;
            self.name(to, group, rank).ok_or(QueryError::Failed)?;
            self.row_mut(to).ok_or(QueryError::Failed)?.copy_from_slice(words);
        }
        self.left.get_mut(position(doubled(parts))).ok_or(QueryError::Failed)?.push(before);
        Ok(())
    }

    /// Returns a block that was doubled so often.
    fn block(&mut self, doubled: u32) -> Result<u32, QueryError> {
        if let Some(left) = self.left.get_mut(position(doubled)).and_then(Vec::pop) {
            return Ok(left);
        }
        let wanted = position(places(doubled, self.largest));
        let length = 1 << self.piece;
        if self.pieces.last().is_none_or(|last| last.bytes.len() + wanted > length) {
            // What is left of the last piece stays empty: less than a block.
            self.pieces.push(Piece::new(length, self.words));
        }
        let last = self.pieces.last_mut().ok_or(QueryError::Failed)?;
        let start = last.bytes.len();
        last.lengthen(start + wanted, self.words);
        number((self.pieces.len() - 1).saturating_mul(length).saturating_add(start))
    }
}

impl Piece {
    fn new(places: usize, words: usize) -> Self {
        Self {
            bytes: Vec::with_capacity(places),
            ranks: Vec::with_capacity(places),
            rows: Vec::with_capacity(places * words),
        }
    }

    fn lengthen(&mut self, places: usize, words: usize) {
        self.bytes.resize(places, 0);
        self.ranks.resize(places, 0);
        self.rows.resize(places * words, 0);
    }
}

#[cfg(test)]
impl Blocks {
    pub(super) fn bytes(&self) -> usize {
        let places: usize = self.pieces.iter().map(|piece| piece.bytes.capacity()).sum();
        let left: usize = self.left.iter().map(|left| left.capacity() * 4).sum();
        places * (1 + 8 + self.words * 8) + left
    }
}
