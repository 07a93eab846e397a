//! A compact table of (member, group) parts: each member's groups side by side, and a row of integers for each part.
//!
//! ```text
//! member -> block of 4, 8, 16, .. places: for each part one byte of its group | its rank | a row: the group, its sums
//! ```
//!
//! Rows of data come in no order of members, so that each look is a wait for memory: what is looked at for a row lies
//! in as few lines of it as can be. One byte of each group tells nearly all of them apart, and lies in a line with those of
//! the member's others; whether it is the group is read in the row, to which the data are added. Parts of members with
//! more than [`SCANNED`] groups are found in a map. Sums of more than [`INLINE`] words lie apart, since blocks double.

mod blocks;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use hashbrown::HashTable;

use self::blocks::Blocks;
pub(super) use self::blocks::places_made;
use super::chunks::Chunks;
use crate::QueryError;

const NONE: u32 = u32::MAX;
/// The parts of members with more groups than this are found in a map.
pub(super) const SCANNED: u32 = 64;
/// So many sums lie in the block of a member; where there are more, a number of their row does.
const INLINE: usize = 4;

/// The parts of all members.
pub(super) struct PartTable {
    numbers: HashTable<u32>,
    members: Chunks<Member>,
    blocks: Blocks,
    /// The sums of parts, where they lie apart.
    apart: Option<Chunks<i64>>,
    /// Where parts are in their blocks, by member and group, for members who have many.
    places: HashMap<u64, u32, BuildHasherDefault<Mixer>>,
}

/// A member, and where its parts are.
#[derive(Clone, Copy)]
pub(in crate::release) struct Member {
    /// Who it is.
    pub(in crate::release) unit: u128,
    /// Twice the number of parts, and one more if something of the member was left out.
    parts_and_mark: u32,
    block: u32,
    /// Which of its parts has the highest rank, once ranks are known.
    worst: u32,
    /// The first half of that rank.
    highest: u32,
}

impl Member {
    const fn new(unit: u128) -> Self {
        Self { unit, parts_and_mark: 0, block: 0, worst: NONE, highest: NONE }
    }

    /// Returns how many parts it has.
    pub(super) const fn parts(&self) -> u32 {
        self.parts_and_mark >> 1
    }

    /// Tells whether something of it was left out.
    pub(super) const fn is_clipped(&self) -> bool {
        self.parts_and_mark & 1 == 1
    }

    /// Notes that something of it was left out.
    pub(super) const fn clip(&mut self) {
        self.parts_and_mark |= 1;
    }

    /// Tells, where that is known at once, that a group of this rank comes after all that the member has.
    pub(super) fn is_beyond(&self, rank: u64) -> bool {
        self.worst != NONE && rank >> 32 > u64::from(self.highest)
    }
}

/// The group of a part, and how it ranks among those of its member.
#[derive(Clone, Copy)]
pub(in crate::release) struct Part {
    /// The group.
    pub(in crate::release) group: u32,
    /// Its rank; 0 while nobody asked.
    pub(super) rank: u64,
}

/// Returns how many bytes a place takes, and how many a part takes besides, for parts of `width` sums.
pub(super) const fn bytes_of(width: usize) -> (usize, usize) {
    let apart = width > INLINE;
    (1 + 8 + 8 + 8 * if apart { 1 } else { width }, if apart { 8 * width } else { 0 })
}

impl PartTable {
    /// Makes an empty table whose parts have `width` sums, for members of `groups_max` groups at most.
    pub(super) fn new(width: usize, groups_max: u32) -> Self {
        let apart = width > INLINE;
        Self {
            numbers: HashTable::new(),
            members: Chunks::new(1),
            blocks: Blocks::new(groups_max, if apart { 2 } else { width + 1 }),
            apart: apart.then(|| Chunks::new(width)),
            places: HashMap::default(),
        }
    }

    /// Finds a member.
    pub(super) fn find_member(&self, unit: u128) -> Option<u32> {
        let is_it =
            |number: &u32| self.members.one(position(*number)).is_some_and(|member| member.unit == unit);
        self.numbers.find(mixed(unit), is_it).copied()
    }

    /// Adds a member, who is not there yet.
    pub(super) fn add_member(&mut self, unit: u128) -> Result<u32, QueryError> {
        let Self { numbers, members, .. } = self;
        let number = number(members.len())?;
        members.push(&Member::new(unit));
        let hash_of = |number: &u32| members.one(position(*number)).map_or(0, |member| mixed(member.unit));
        numbers.insert_unique(mixed(unit), number, hash_of);
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
        let Some(member) = self.members.one_mut(position(member)) else { return Err(QueryError::Failed) };
        Ok(member)
    }

    /// Finds a part.
    pub(super) fn find_part(&self, member: u32, group: u32) -> Option<u32> {
        self.sure_part(member, group, self.likely_part(member, group)?)
    }

    /// Finds what is the part of a group, if there is one, in most cases: without a look at its row.
    pub(super) fn likely_part(&self, number: u32, group: u32) -> Option<u32> {
        let member = self.members.one(position(number))?;
        if member.parts() > SCANNED {
            return Some(member.block + self.places.get(&joined(number, group))?);
        }
        self.blocks.alike(member, group)?.next()
    }

    /// Finds a part, which is likely this one.
    pub(super) fn sure_part(&self, member: u32, group: u32, likely: u32) -> Option<u32> {
        if self.group_of(likely) == Some(group) {
            return Some(likely);
        }
        let member = self.members.one(position(member))?;
        self.blocks.alike(member, group)?.find(|part| self.group_of(*part) == Some(group))
    }

    /// Tells whether a part that was found is still the member's own of this group.
    pub(super) fn is_part(&self, member: u32, group: u32, part: u32) -> bool {
        let own = |member: &Member| (member.block..member.block + member.parts()).contains(&part);
        self.members.one(position(member)).is_some_and(own) && self.group_of(part) == Some(group)
    }

    /// Returns how many places are made when a member gets one more part: a block, or none if there is room.
    pub(super) fn places_needed(&self, member: u32) -> Result<u32, QueryError> {
        self.member(member).map(|member| self.blocks.places_needed(member))
    }

    /// Adds a part, which is not there yet. Its sums are zero.
    pub(super) fn add_part(&mut self, number: u32, group: u32) -> Result<u32, QueryError> {
        let member = self.members.one_mut(position(number)).ok_or(QueryError::Failed)?;
        let part = self.blocks.push(member, group)?;
        let parts = member.parts();
        if let Some(apart) = &mut self.apart {
            let row = i64::try_from(apart.len()).map_err(|_| QueryError::Failed)?;
            apart.push(&0);
            let words = self.blocks.row_mut(part).and_then(<[i64]>::last_mut);
            *words.ok_or(QueryError::Failed)? = row;
        }
        // All of them come to be found in the map at once, and then each that follows.
        let first = if parts == SCANNED + 1 { 0 } else { parts - 1 };
        let mapped = if parts > SCANNED { first..parts } else { 0..0 };
        let block = member.block;
        for place in mapped {
            let group = self.group_of(block + place).ok_or(QueryError::Failed)?;
            self.places.insert(joined(number, group), place);
        }
        Ok(part)
    }

    /// Returns the group of a part.
    fn group_of(&self, part: u32) -> Option<u32> {
        self.blocks.row(part)?.first().and_then(|group| u32::try_from(*group).ok())
    }

    /// Ranks all parts of a member and returns which has the highest rank, and the part.
    pub(super) fn worst(
        &mut self,
        member: u32,
        rank: impl Fn(u128, u32) -> u64,
        above: impl Fn(&Part, &Part) -> bool,
    ) -> Result<(u32, Part), QueryError> {
        let member = self.members.one_mut(position(member)).ok_or(QueryError::Failed)?;
        if member.worst == NONE {
            let mut highest: Option<Part> = None;
            for place in 0..member.parts() {
                let part = self.blocks.part_mut(member.block + place).ok_or(QueryError::Failed)?;
                if *part.rank == 0 {
                    *part.rank = rank(member.unit, part.group);
                }
                let part = Part { group: part.group, rank: *part.rank };
                if highest.as_ref().is_none_or(|highest| above(&part, highest)) {
                    member.worst = place;
                    highest = Some(part);
                }
            }
            let half = highest.map(|highest| highest.rank >> 32).and_then(|half| u32::try_from(half).ok());
            member.highest = half.ok_or(QueryError::Failed)?;
        }
        let worst = self.blocks.part_mut(member.block + member.worst).ok_or(QueryError::Failed)?;
        Ok((member.worst, Part { group: worst.group, rank: *worst.rank }))
    }

    /// Puts another group in the place of a part's own, with sums of zero, and returns the part. Which part ranks highest is
    /// open then.
    pub(super) fn replace(
        &mut self,
        number: u32,
        place: u32,
        group: u32,
        rank: u64,
    ) -> Result<u32, QueryError> {
        let member = self.members.one_mut(position(number)).ok_or(QueryError::Failed)?;
        let (part, is_mapped) = (member.block + place, member.parts() > SCANNED);
        member.worst = NONE;
        let before = self.group_of(part).ok_or(QueryError::Failed)?;
        self.sums_mut(part)?.fill(0);
        self.blocks.name(part, group, rank).ok_or(QueryError::Failed)?;
        if is_mapped {
            self.places.remove(&joined(number, before));
            self.places.insert(joined(number, group), place);
        }
        Ok(part)
    }

    /// Returns the sums of a part, to add to them.
    pub(super) fn sums_mut(&mut self, part: u32) -> Result<&mut [i64], QueryError> {
        // No error is made before there is one: this is done for every row.
        let Some([_, words @ ..]) = self.blocks.row_mut(part) else { return Err(QueryError::Failed) };
        let Some(apart) = &mut self.apart else { return Ok(words) };
        let row = words.first().and_then(|row| usize::try_from(*row).ok());
        row.and_then(|row| apart.get_mut(row)).ok_or(QueryError::Failed)
    }

    /// Returns the groups, ranks and sums of a member's parts.
    pub(super) fn parts_of(&self, member: &Member) -> impl Iterator<Item = (Part, &[i64])> {
        let parts = member.block..member.block + member.parts();
        parts.filter_map(|part| {
            let (rank, row) = self.blocks.part(part)?;
            let (group, words) = row.split_first()?;
            let sums = match &self.apart {
                None => words,
                Some(apart) => apart.get(usize::try_from(*words.first()?).ok()?)?,
            };
            Some((Part { group: u32::try_from(*group).ok()?, rank }, sums))
        })
    }
}

#[cfg(test)]
impl PartTable {
    /// Returns how many bytes the table holds: eight buckets of a map hold seven entries.
    pub(super) fn bytes(&self) -> usize {
        let maps = (self.numbers.capacity() * 5 + self.places.capacity() * 17) * 8 / 7;
        maps + self.members.bytes() + self.blocks.bytes() + self.apart.as_ref().map_or(0, Chunks::bytes)
    }
}

fn number(length: usize) -> Result<u32, QueryError> {
    u32::try_from(length).ok().filter(|number| *number != NONE).ok_or(QueryError::Failed)
}

fn position(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn joined(member: u32, group: u32) -> u64 {
    u64::from(member) << 32 | u64::from(group)
}

/// A hash of a subject id, which is a keyed hash already.
fn mixed(unit: u128) -> u64 {
    let mut mixer = Mixer::default();
    mixer.write_u128(unit);
    mixer.finish()
}

/// A hasher for keys that nobody can choose: subject ids are keyed hashes already, members and groups are numbered.
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
        fn parts_are_found_again(steps in prop::collection::vec((0_u128..5, 0_u32..600), 1..1200), most in prop_oneof![1_u32..20, 60_u32..200], width in 1_usize..7) {
            let mut table = PartTable::new(width, most);
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
                let sums = table.sums_mut(part).expect("sums");
                sums[width - 1] += step;
                *held.entry(group).or_default() += step;
            }
            for (unit, held) in expected {
                let member = table.find_member(unit).expect("a member");
                let member = *table.member(member).expect("a member");
                let found: BTreeMap<u32, i64> = table.parts_of(&member).map(|(part, sums)| (part.group, sums[width - 1])).collect();
                prop_assert_eq!(found, held);
            }
        }
    }
}
