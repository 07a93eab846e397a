//! A compact table of (member, group) parts: one row of integers each, chained per member.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::chunks::Chunks;
use crate::QueryError;

const END: u32 = u32::MAX;

/// The parts of all members.
pub(super) struct PartTable {
    numbers: HashMap<u128, u32, Mixing>,
    members: Chunks<Member>,
    places: HashMap<u64, u32, Mixing>,
    parts: Chunks<Part>,
    sums: Chunks<i64>,
}

/// A member, and where the chain of its parts begins.
#[derive(Clone, Copy)]
pub(in crate::release) struct Member {
    /// Who it is.
    pub(in crate::release) unit: u128,
    /// How many parts it has.
    pub(super) parts: u32,
    /// Whether something of it was left out.
    pub(super) clipped: bool,
    head: u32,
    /// The part with the highest rank, once ranks are known.
    worst: u32,
}

/// The group of a part, how it ranks among those of its member, and the next part of the same member.
#[derive(Clone, Copy)]
pub(in crate::release) struct Part {
    /// The group.
    pub(in crate::release) group: u32,
    /// Its rank; 0 while nobody asked.
    pub(super) rank: u64,
    next: u32,
}

impl PartTable {
    /// Makes an empty table whose parts have `width` sums.
    pub(super) fn new(width: usize) -> Self {
        Self {
            numbers: HashMap::default(),
            members: Chunks::new(1),
            places: HashMap::default(),
            parts: Chunks::new(1),
            sums: Chunks::new(width),
        }
    }

    /// Finds a member.
    pub(super) fn find_member(&self, unit: u128) -> Option<u32> {
        self.numbers.get(&unit).copied()
    }

    /// Adds a member, who is not there yet.
    pub(super) fn add_member(&mut self, unit: u128) -> Result<u32, QueryError> {
        let number = number(self.members.len())?;
        self.members.push(&Member { unit, parts: 0, clipped: false, head: END, worst: END });
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
        self.places.get(&part_key(member, group)).copied()
    }

    /// Adds a part, which is not there yet. Its sums are zero.
    pub(super) fn add_part(&mut self, member: u32, group: u32) -> Result<u32, QueryError> {
        let part = number(self.parts.len())?;
        let chain = self.member_mut(member)?;
        let next = chain.head;
        chain.head = part;
        chain.parts = chain.parts.saturating_add(1);
        self.parts.push(&Part { group, rank: 0, next });
        self.sums.push(&0);
        self.places.insert(part_key(member, group), part);
        Ok(part)
    }

    /// Ranks all parts of a member and returns the one with the highest rank.
    pub(super) fn worst(
        &mut self,
        member: u32,
        rank: impl Fn(u128, u32) -> u64,
        above: impl Fn(&Part, &Part) -> bool,
    ) -> Result<u32, QueryError> {
        let Member { unit, head, worst, .. } = *self.member(member)?;
        if worst != END {
            return Ok(worst);
        }
        let mut highest: Option<(u32, Part)> = None;
        let mut next = head;
        while let Some(part) = self.parts.one_mut(position(next)) {
            if part.rank == 0 {
                part.rank = rank(unit, part.group);
            }
            if highest.as_ref().is_none_or(|(_, highest)| above(part, highest)) {
                highest = Some((next, *part));
            }
            next = part.next;
        }
        let (place, _) = highest.ok_or(QueryError::Failed)?;
        self.member_mut(member)?.worst = place;
        Ok(place)
    }

    /// Returns a part.
    pub(super) fn part(&self, part: u32) -> Result<&Part, QueryError> {
        self.parts.one(position(part)).ok_or(QueryError::Failed)
    }

    /// Puts another group in the place of a part's own, with sums of zero. Which part ranks highest is open then.
    pub(super) fn replace(
        &mut self,
        member: u32,
        part: u32,
        group: u32,
        rank: u64,
    ) -> Result<(), QueryError> {
        let entry = self.parts.one_mut(position(part)).ok_or(QueryError::Failed)?;
        let old = std::mem::replace(&mut entry.group, group);
        entry.rank = rank;
        self.sums.get_mut(position(part)).ok_or(QueryError::Failed)?.fill(0);
        self.places.remove(&part_key(member, old));
        self.places.insert(part_key(member, group), part);
        self.member_mut(member)?.worst = END;
        Ok(())
    }

    /// Returns the sums of a part, to add to them.
    pub(super) fn sums_mut(&mut self, part: u32) -> Result<&mut [i64], QueryError> {
        self.sums.get_mut(position(part)).ok_or(QueryError::Failed)
    }

    /// Returns the groups, ranks and sums of a member's parts.
    pub(super) fn parts_of(&self, member: &Member) -> impl Iterator<Item = (&Part, &[i64])> {
        let mut next = member.head;
        std::iter::from_fn(move || {
            let here = position(next);
            let part = self.parts.one(here)?;
            next = part.next;
            Some((part, self.sums.get(here)?))
        })
    }
}

#[cfg(test)]
impl PartTable {
    /// Returns how many bytes the table holds: eight buckets of a map hold seven entries.
    pub(super) fn bytes(&self) -> usize {
        let maps = self.numbers.capacity() * 33 * 8 / 7 + self.places.capacity() * 17 * 8 / 7;
        maps + self.members.bytes() + self.parts.bytes() + self.sums.bytes()
    }
}

fn part_key(member: u32, group: u32) -> u64 {
    u64::from(member) << 32 | u64::from(group)
}

fn number(length: usize) -> Result<u32, QueryError> {
    u32::try_from(length).ok().filter(|number| *number != END).ok_or(QueryError::Failed)
}

fn position(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

type Mixing = BuildHasherDefault<Mixer>;

/// A hasher for keys that nobody can choose: subject ids are keyed hashes already, and the rest are
/// numbers given here.
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
