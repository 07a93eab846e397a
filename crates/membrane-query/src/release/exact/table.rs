//! A compact table of (member, group) parts: one row of integers each, chained per member.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::QueryError;

const END: u32 = u32::MAX;

/// The parts of all members.
pub(super) struct PartTable {
    width: usize,
    members: HashMap<u128, u32, Mixing>,
    units: Vec<u128>,
    heads: Vec<u32>,
    parts: HashMap<u64, u32, Mixing>,
    links: Vec<Link>,
    values: Vec<i64>,
}

/// A part's group, and the next part of the same member.
#[derive(Clone, Copy)]
struct Link {
    group: u32,
    next: u32,
}

impl PartTable {
    /// Makes an empty table whose parts have `width` values.
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            members: HashMap::default(),
            units: Vec::new(),
            heads: Vec::new(),
            parts: HashMap::default(),
            links: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Returns the values of a part, which starts with zeros.
    pub(super) fn values_mut(&mut self, unit: u128, group: u32) -> Result<&mut [i64], QueryError> {
        let member = self.member(unit)?;
        let part = match self.parts.get(&part_key(member, group)) {
            Some(part) => *part,
            None => self.new_part(member, group)?,
        };
        let start = position(part).saturating_mul(self.width);
        self.values.get_mut(start..start.saturating_add(self.width)).ok_or(QueryError::Failed)
    }

    fn member(&mut self, unit: u128) -> Result<u32, QueryError> {
        if let Some(member) = self.members.get(&unit) {
            return Ok(*member);
        }
        let member = number(self.units.len())?;
        self.members.insert(unit, member);
        self.units.push(unit);
        self.heads.push(END);
        Ok(member)
    }

    fn new_part(&mut self, member: u32, group: u32) -> Result<u32, QueryError> {
        let part = number(self.links.len())?;
        let head = self.heads.get_mut(position(member)).ok_or(QueryError::Failed)?;
        self.links.push(Link { group, next: *head });
        *head = part;
        self.parts.insert(part_key(member, group), part);
        self.values.resize(self.values.len() + self.width, 0);
        Ok(part)
    }

    /// Returns the members by number.
    pub(super) fn members(&self) -> std::ops::Range<usize> {
        0..self.units.len()
    }

    /// Returns who a member is.
    pub(super) fn unit(&self, member: usize) -> u128 {
        self.units.get(member).copied().unwrap_or_default()
    }

    /// Returns the groups and values of a member's parts.
    pub(super) fn of(&self, member: usize) -> impl Iterator<Item = (usize, &[i64])> {
        let mut next = self.heads.get(member).copied().unwrap_or(END);
        std::iter::from_fn(move || {
            let here = position(next);
            let link = self.links.get(here)?;
            next = link.next;
            let start = here * self.width;
            Some((position(link.group), self.values.get(start..start + self.width)?))
        })
    }

    /// Returns about how many bytes the table holds.
    pub(super) fn bytes(&self) -> usize {
        let maps = self.members.capacity() * 33 + self.parts.capacity() * 17;
        let lists = self.units.capacity() * 16 + self.heads.capacity() * 4 + self.links.capacity() * 8;
        maps + lists + self.values.capacity() * 8
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
