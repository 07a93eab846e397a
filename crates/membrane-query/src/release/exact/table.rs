//! A compact table of (member, group) parts: each member's groups side by side, and one row of integers for each part.
//!
//! ```text
//! member -> block of 4, 8, 16, .. places: its groups in their order, each with its part | their ranks
//! part   -> its group, then its sums
//! ```
//!
//! A block that is full is left for one twice as large, and taken by the next member who needs one of its size.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use super::chunks::Chunks;
use crate::QueryError;

const NONE: u32 = u32::MAX;
/// Places of a member's first block.
const FIRST: u32 = 4;
/// The logarithm of the places of a piece, unless a block can be larger.
const PIECE: u32 = 12;

/// The parts of all members.
pub(super) struct PartTable {
    numbers: HashMap<u128, u32, Mixing>,
    members: Chunks<Member>,
    blocks: Blocks,
    sums: Chunks<i64>,
}

/// A member, and where its parts are.
#[derive(Clone, Copy)]
pub(in crate::release) struct Member {
    /// Who it is.
    pub(in crate::release) unit: u128,
    /// How many parts it has.
    pub(super) parts: u32,
    /// Whether something of it was left out.
    pub(super) clipped: bool,
    block: u32,
    places: u32,
    /// The place of the part with the highest rank, once ranks are known.
    worst: u32,
}

/// The group of a part, and how it ranks among those of its member.
#[derive(Clone, Copy)]
pub(in crate::release) struct Part {
    /// The group.
    pub(in crate::release) group: u32,
    /// Its rank; 0 while nobody asked.
    pub(super) rank: u64,
}

impl PartTable {
    /// Makes an empty table whose parts have `width` sums, for members of `groups_max` groups at most.
    pub(super) fn new(width: usize, groups_max: u32) -> Self {
        Self {
            numbers: HashMap::default(),
            members: Chunks::new(1),
            blocks: Blocks::new(groups_max),
            sums: Chunks::new(width + 1),
        }
    }

    /// Finds a member.
    pub(super) fn find_member(&self, unit: u128) -> Option<u32> {
        self.numbers.get(&unit).copied()
    }

    /// Adds a member, who is not there yet.
    pub(super) fn add_member(&mut self, unit: u128) -> Result<u32, QueryError> {
        let number = number(self.members.len())?;
        self.members.push(&Member { unit, parts: 0, clipped: false, block: 0, places: 0, worst: NONE });
        self.numbers.insert(unit, number);
        Ok(number)
    }

    /// Returns how many members there are.
    pub(super) const fn members(&self) -> usize {
        self.members.len()
    }

    /// Returns a member.
    pub(super) fn member(&self, member: u32) -> Result<&Member, QueryError> {
        self.members.one(position(member)).ok_or(QueryError::Failed)
    }

    /// Returns a member, to change it.
    pub(super) fn member_mut(&mut self, member: u32) -> Result<&mut Member, QueryError> {
        self.members.one_mut(position(member)).ok_or(QueryError::Failed)
    }

    /// Finds a part.
    pub(super) fn find_part(&self, member: u32, group: u32) -> Option<u32> {
        let member = self.members.one(position(member))?;
        let (piece, places) = self.blocks.places_of(member);
        let entries = self.blocks.entries.get(piece)?.get(places)?;
        entries.get(place_of(entries, group)).filter(|entry| entry.group == group).map(|entry| entry.part)
    }

    /// Adds a part, which is not there yet. Its sums are zero.
    pub(super) fn add_part(&mut self, member: u32, group: u32) -> Result<u32, QueryError> {
        let part = number(self.sums.len())?;
        let entry = self.members.one_mut(position(member)).ok_or(QueryError::Failed)?;
        self.blocks.insert(entry, Entry { group, part }, 0)?;
        self.sums.push(&0);
        self.name(part, group)?;
        Ok(part)
    }

    /// Writes at a part which group it is of.
    fn name(&mut self, part: u32, group: u32) -> Result<(), QueryError> {
        *self.sums.one_mut(position(part)).ok_or(QueryError::Failed)? = i64::from(group);
        Ok(())
    }

    /// Returns the group of a part.
    pub(super) fn group_of(&self, part: u32) -> Option<u32> {
        u32::try_from(*self.sums.one(position(part))?).ok()
    }

    /// Ranks all parts of a member and returns the place of the one with the highest rank, and the part.
    pub(super) fn worst(
        &mut self,
        member: u32,
        rank: impl Fn(u128, u32) -> u64,
        above: impl Fn(&Part, &Part) -> bool,
    ) -> Result<(u32, Part), QueryError> {
        let entry = self.members.one_mut(position(member)).ok_or(QueryError::Failed)?;
        let (entries, ranks) = self.blocks.get_mut(entry).ok_or(QueryError::Failed)?;
        let known = position(entry.worst);
        if let Some((worst, rank)) = entries.get(known).zip(ranks.get(known)) {
            return Ok((entry.worst, Part { group: worst.group, rank: *rank }));
        }
        let mut highest: Option<(u32, Part)> = None;
        for ((held, known), place) in entries.iter().zip(ranks).zip(0_u32..) {
            if *known == 0 {
                *known = rank(entry.unit, held.group);
            }
            let part = Part { group: held.group, rank: *known };
            if highest.as_ref().is_none_or(|(_, highest)| above(&part, highest)) {
                highest = Some((place, part));
            }
        }
        let (place, part) = highest.ok_or(QueryError::Failed)?;
        entry.worst = place;
        Ok((place, part))
    }

    /// Puts another group in the place of a part's own, with sums of zero, and returns the part. Which part ranks highest is
    /// open then.
    pub(super) fn replace(
        &mut self,
        member: u32,
        place: u32,
        group: u32,
        rank: u64,
    ) -> Result<u32, QueryError> {
        let entry = self.members.one_mut(position(member)).ok_or(QueryError::Failed)?;
        let part = self.blocks.remove(entry, place)?;
        self.blocks.insert(entry, Entry { group, part }, rank)?;
        self.sums.get_mut(position(part)).ok_or(QueryError::Failed)?.fill(0);
        self.name(part, group)?;
        Ok(part)
    }

    /// Returns the sums of a part, to add to them.
    pub(super) fn sums_mut(&mut self, part: u32) -> Result<&mut [i64], QueryError> {
        self.sums.get_mut(position(part)).and_then(|sums| sums.get_mut(1..)).ok_or(QueryError::Failed)
    }

    /// Returns the groups, ranks and sums of a member's parts.
    pub(super) fn parts_of(&self, member: &Member) -> impl Iterator<Item = (Part, &[i64])> {
        let (entries, ranks) = self.blocks.get(member).unwrap_or_default();
        entries.iter().zip(ranks).filter_map(|(entry, rank)| {
            Some((Part { group: entry.group, rank: *rank }, self.sums.get(position(entry.part))?.get(1..)?))
        })
    }
}

#[cfg(test)]
impl PartTable {
    /// Returns how many bytes the table holds: eight buckets of a map hold seven entries.
    pub(super) fn bytes(&self) -> usize {
        let map = self.numbers.capacity() * 33 * 8 / 7;
        map + self.members.bytes() + self.blocks.bytes() + self.sums.bytes()
    }
}

/// A group of a member, and its part.
#[derive(Clone, Copy, Default)]
struct Entry {
    group: u32,
    part: u32,
}

/// Members with more groups than this are searched by halves.
const SCANNED: usize = 32;

/// Returns where a group is among those of a member, or where it would be.
fn place_of(entries: &[Entry], group: u32) -> usize {
    if entries.len() <= SCANNED {
        // No branch depends on what is found: a processor that guesses wrong would wait for memory each time.
        return entries.iter().map(|entry| usize::from(entry.group < group)).sum();
    }
    entries.partition_point(|entry| entry.group < group)
}

/// The blocks of all members. A block lies in one piece.
struct Blocks {
    /// The logarithm of the places of one piece.
    piece: u32,
    entries: Vec<Vec<Entry>>,
    ranks: Vec<Vec<u64>>,
    /// Blocks that were left, by the logarithm of their places.
    left: Vec<Vec<u32>>,
}

impl Blocks {
    fn new(groups_max: u32) -> Self {
        let largest = groups_max.checked_next_power_of_two().map_or(31, u32::trailing_zeros);
        let left = vec![Vec::new(); 33];
        Self { piece: largest.max(PIECE), entries: Vec::new(), ranks: Vec::new(), left }
    }

    /// Returns the groups of a member in their order, and the rank of each.
    fn get(&self, member: &Member) -> Option<(&[Entry], &[u64])> {
        let (piece, places) = self.places_of(member);
        Some((self.entries.get(piece)?.get(places.clone())?, self.ranks.get(piece)?.get(places)?))
    }

    fn get_mut(&mut self, member: &Member) -> Option<(&mut [Entry], &mut [u64])> {
        let (piece, places) = self.places_of(member);
        let entries = self.entries.get_mut(piece)?.get_mut(places.clone())?;
        Some((entries, self.ranks.get_mut(piece)?.get_mut(places)?))
    }

    /// Returns the piece in which the parts of a member are, and where in it.
    fn places_of(&self, member: &Member) -> (usize, Range<usize>) {
        let block = position(member.block);
        let start = block & ((1 << self.piece) - 1);
        (block >> self.piece, start..start.saturating_add(position(member.parts)))
    }

    /// Adds a group to a member, who does not have it yet.
    fn insert(&mut self, member: &mut Member, entry: Entry, rank: u64) -> Result<(), QueryError> {
        if member.parts == member.places {
            self.grow(member)?;
        }
        member.parts += 1;
        member.worst = NONE;
        let (entries, ranks) = self.get_mut(member).ok_or(QueryError::Failed)?;
        let (last, sorted) = entries.split_last_mut().ok_or(QueryError::Failed)?;
        let place = place_of(sorted, entry.group);
        *last = entry;
        if let Some(last) = ranks.last_mut() {
            *last = rank;
        }
        // The last one goes to its place, and those behind it one further.
        entries.get_mut(place..).unwrap_or_default().rotate_right(1);
        ranks.get_mut(place..).unwrap_or_default().rotate_right(1);
        Ok(())
    }

    /// Takes the group at a place from a member, and returns its part.
    fn remove(&mut self, member: &mut Member, place: u32) -> Result<u32, QueryError> {
        let (entries, ranks) = self.get_mut(member).ok_or(QueryError::Failed)?;
        ranks.get_mut(position(place)..).unwrap_or_default().rotate_left(1);
        let behind = entries.get_mut(position(place)..).unwrap_or_default();
        behind.rotate_left(1);
        let removed = behind.last().ok_or(QueryError::Failed)?.part;
        member.parts -= 1;
        member.worst = NONE;
        Ok(removed)
    }

    /// Moves a member to a block twice as large.
    fn grow(&mut self, member: &mut Member) -> Result<(), QueryError> {
        let places = if member.places == 0 { FIRST } else { member.places.saturating_mul(2) };
        let before = *member;
        *member = Member { block: self.block(places)?, places, ..before };
        if before.parts == 0 {
            return Ok(());
        }
        let (entries, ranks) = self.get(&before).ok_or(QueryError::Failed)?;
        let (entries, ranks) = (entries.to_vec(), ranks.to_vec());
        let (to_entries, to_ranks) = self.get_mut(member).ok_or(QueryError::Failed)?;
        to_entries.copy_from_slice(&entries);
        to_ranks.copy_from_slice(&ranks);
        self.left.get_mut(logarithm(before.places)).ok_or(QueryError::Failed)?.push(before.block);
        Ok(())
    }

    /// Returns a block of so many places, a power of two.
    fn block(&mut self, places: u32) -> Result<u32, QueryError> {
        if let Some(left) = self.left.get_mut(logarithm(places)).and_then(Vec::pop) {
            return Ok(left);
        }
        let wanted = position(places);
        let piece = 1 << self.piece;
        if self.entries.last().is_none_or(|last| last.len() + wanted > piece) {
            // What is left of the last piece stays empty: less than a block.
            self.entries.push(Vec::with_capacity(piece));
            self.ranks.push(Vec::with_capacity(piece));
        }
        let (Some(entries), Some(ranks)) = (self.entries.last_mut(), self.ranks.last_mut()) else {
            return Err(QueryError::Failed);
        };
        let start = entries.len();
        entries.resize(start + wanted, Entry::default());
        ranks.resize(start + wanted, 0);
        number((self.entries.len() - 1).saturating_mul(piece).saturating_add(start))
    }
}

#[cfg(test)]
impl Blocks {
    fn bytes(&self) -> usize {
        let places: usize = self.entries.iter().map(Vec::capacity).sum();
        let left: usize = self.left.iter().map(|left| left.capacity() * 4).sum();
        places * (size_of::<Entry>() + size_of::<u64>()) + left
    }
}

fn logarithm(places: u32) -> usize {
    position(places.checked_ilog2().unwrap_or(0))
}

fn number(length: usize) -> Result<u32, QueryError> {
    u32::try_from(length).ok().filter(|number| *number != NONE).ok_or(QueryError::Failed)
}

fn position(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

type Mixing = BuildHasherDefault<Mixer>;

/// A hasher for keys that nobody can choose: subject ids are keyed hashes already.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        let mixed = (self.0 ^ value).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn write_u128(&mut self, value: u128) {
        let low = u64::try_from(value & u128::from(u64::MAX)).unwrap_or_default();
        let high = u64::try_from(value >> 64).unwrap_or_default();
        self.write_u64(low);
        self.write_u64(high);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Parts are found where they were put, whatever came and went between.
        #[test]
        fn parts_are_found_again(steps in prop::collection::vec((0_u128..5, 0_u32..60), 1..400), most in 1_u32..20) {
            let mut table = PartTable::new(1, most);
            let mut expected: BTreeMap<u128, BTreeMap<u32, i64>> = BTreeMap::new();
            for ((unit, group), step) in steps.into_iter().zip(1_i64..) {
                let member = match table.find_member(unit) {
                    Some(member) => member,
                    None => table.add_member(unit).expect("a member"),
                };
                let held = expected.entry(unit).or_default();
                let part = match table.find_part(member, group) {
                    Some(part) => part,
                    None if u32::try_from(held.len()).expect("a number") < most => table.add_part(member, group).expect("a part"),
                    None => {
                        let rank = |_: u128, group: u32| u64::from(group) + 1;
                        let (place, worst) = table.worst(member, rank, |one, other| one.rank > other.rank).expect("a part");
                        prop_assert_eq!(held.last_key_value().map(|(group, _)| *group), Some(worst.group));
                        held.remove(&worst.group);
                        table.replace(member, place, group, u64::from(group) + 1).expect("a part")
                    }
                };
                table.sums_mut(part).expect("sums")[0] += step;
                *held.entry(group).or_default() += step;
            }
            for (unit, held) in expected {
                let member = table.find_member(unit).expect("a member");
                let member = *table.member(member).expect("a member");
                let found: BTreeMap<u32, i64> = table.parts_of(&member).map(|(part, sums)| (part.group, sums[0])).collect();
                prop_assert_eq!(found, held);
            }
        }
    }
}
