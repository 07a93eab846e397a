//! What rows of a member and a group add up to, while rows come in: a part. A member holds so many groups at most.

use datafusion::arrow::row::Rows;
use membrane_vault::Sampler;

use super::groups::Groups;
use super::size::{Costs, Size};
use super::table::{Member, Part, PartTable};
use crate::QueryError;

/// The parts of all members.
pub(in crate::release) struct Parts {
    pub(super) groups: Groups,
    table: PartTable,
    groups_max: u32,
    sampling: Sampler,
    costs: Costs,
    pub(super) size: Size,
    /// How often a group was put in the place of another.
    replaced: u64,
    /// What was left out last: rows of one member and group often lie side by side.
    left_out: Option<LeftOut>,
}

/// Where rows that come together add to, as far as their groups were held when they came.
pub(super) struct Found {
    members: Vec<Option<u32>>,
    groups: Vec<Option<u32>>,
    parts: Vec<Option<u32>>,
    /// How many groups had been forgotten by then, whose numbers others may have now.
    forgotten: u64,
}

/// A member, a group that it does not keep, and how often groups had been replaced when that was found.
type LeftOut = (u32, u32, u64);

impl Parts {
    /// Starts with no member. `width` sums are kept for each part; `sampling` ranks the groups of a member.
    pub(in crate::release) fn new(
        groups: Groups,
        width: usize,
        groups_max: u32,
        sampling: Sampler,
        costs: Costs,
        size: Size,
    ) -> Self {
        Self {
            groups,
            table: PartTable::new(width, groups_max),
            groups_max,
            sampling,
            costs,
            size,
            replaced: 0,
            left_out: None,
        }
    }

    /// Finds the parts to which rows of members add, those that are there: one step for all rows at once, so that a
    /// processor waits for many places in memory together.
    pub(super) fn find(&self, units: &[u128], keys: Option<&Rows>) -> Found {
        let groups: Vec<Option<u32>> = match keys {
            None => vec![self.groups.find(&[]); units.len()],
            Some(keys) => keys.iter().map(|key| self.groups.find(key.data())).collect(),
        };
        // Rows of one member often lie side by side, as the lines of an order do.
        let mut last: Option<(u128, Option<u32>)> = None;
        let members = units.iter().map(|unit| match last {
            Some((known, member)) if known == *unit => member,
            _ => {
                let member = self.table.find_member(*unit);
                last = Some((*unit, member));
                member
            }
        });
        let members: Vec<Option<u32>> = members.collect();
        let rows = || members.iter().zip(&groups).map(|(member, group)| (*member).zip(*group));
        let likely: Vec<Option<u32>> =
            rows().map(|row| row.and_then(|(member, group)| self.table.likely_part(member, group))).collect();
        let sure = |(row, likely): (Option<(u32, u32)>, Option<u32>)| {
            let (member, group) = row?;
            self.table.sure_part(member, group, likely?)
        };
        let parts = rows().zip(likely).map(sure).collect();
        Found { members, groups, parts, forgotten: self.groups.forgotten() }
    }

    /// Does what [`Parts::place`] does for one of the rows that were looked up together.
    pub(super) fn place_found(
        &mut self,
        (found, row): (&Found, usize),
        unit: u128,
        key: &[u8],
        clipped: bool,
    ) -> Result<Option<u32>, QueryError> {
        let at = |list: &[Option<u32>]| list.get(row).copied().flatten();
        let (member, group) = (at(&found.members), at(&found.groups));
        let (Some(member), Some(group), true) = (member, group, found.forgotten == self.groups.forgotten())
        else {
            return self.place(unit, key, clipped);
        };
        // A part may have moved, or stand for another group by now.
        let part = at(&found.parts).filter(|part| self.table.is_part(member, group, *part));
        if part.is_some() {
            if clipped {
                self.table.member_mut(member)?.clip();
            }
            return Ok(part);
        }
        self.place_of(member, Some(group), (unit, key), clipped)
    }

    /// Finds the part to which a row of a member adds, or makes it; none when the row is in no group that counts.
    pub(in crate::release) fn place(
        &mut self,
        unit: u128,
        key: &[u8],
        clipped: bool,
    ) -> Result<Option<u32>, QueryError> {
        let group = self.groups.find(key);
        if group.is_none() && (self.groups.are_listed() || key.len() > self.costs.key_bytes_max) {
            return Ok(None);
        }
        let member = match self.table.find_member(unit) {
            Some(member) => member,
            None => {
                self.size.grow(self.costs.member)?;
                self.table.add_member(unit)?
            }
        };
        self.place_of(member, group, (unit, key), clipped)
    }

    fn place_of(
        &mut self,
        member: u32,
        group: Option<u32>,
        (unit, key): (u128, &[u8]),
        clipped: bool,
    ) -> Result<Option<u32>, QueryError> {
        if clipped {
            self.table.member_mut(member)?.clip();
        }
        let left_out = group.map(|group| (member, group, self.replaced));
        if left_out.is_some() && left_out == self.left_out {
            return Ok(None);
        }
        if let Some(part) = group.and_then(|group| self.table.find_part(member, group)) {
            return Ok(Some(part));
        }
        if self.table.member(member)?.parts() >= self.groups_max {
            let part = self.instead(unit, member, key)?;
            self.left_out = left_out.filter(|_| part.is_none());
            return Ok(part);
        }
        let group = self.hold(key)?;
        self.size.grow(self.costs.part(self.table.places_needed(member)?))?;
        self.table.add_part(member, group).map(Some)
    }

    /// Puts a group in the place of the one that ranks highest, of a member who holds as many as may be; unless that is
    /// the new one.
    fn instead(&mut self, unit: u128, member: u32, key: &[u8]) -> Result<Option<u32>, QueryError> {
        let Self { table, groups, sampling, .. } = self;
        let rank = sampling.rank(unit, key);
        let entry = table.member_mut(member)?;
        entry.clip();
        if entry.is_beyond(rank) {
            return Ok(None);
        }
        // Two groups of one rank, should there ever be any, are told apart by their keys.
        let above = |one: &Part, other: &Part| {
            (one.rank, groups.key(one.group)) > (other.rank, groups.key(other.group))
        };
        let rank_of = |unit, group| sampling.rank(unit, groups.key(group));
        let (worst, Part { group: let_go, rank: highest }) = table.worst(member, rank_of, above)?;
        if (rank, key) >= (highest, groups.key(let_go)) {
            return Ok(None);
        }
        // One goes before the other comes: a member never counts for more groups than it may hold.
        if let Some(key_bytes) = self.groups.let_go(let_go) {
            self.size.shrink(self.costs.group(key_bytes));
        }
        let group = self.hold(key)?;
        self.replaced += 1;
        self.table.replace(member, worst, group, rank).map(Some)
    }

    fn hold(&mut self, key: &[u8]) -> Result<u32, QueryError> {
        let (group, made) = self.groups.hold(key)?;
        if made {
            self.size.grow(self.costs.group(key.len()))?;
        }
        Ok(group)
    }

    /// Returns the sums of a part, to add to them.
    pub(in crate::release) fn sums_mut(&mut self, part: u32) -> Result<&mut [i64], QueryError> {
        self.table.sums_mut(part)
    }

    /// Returns the members.
    pub(in crate::release) fn members(&self) -> impl Iterator<Item = Result<&Member, QueryError>> {
        let number = |number| u32::try_from(number).map_err(|_| QueryError::Failed);
        (0..self.table.members()).map(move |index| self.table.member(number(index)?))
    }

    /// Returns the groups, ranks and sums of a member's parts.
    pub(in crate::release) fn parts_of(&self, member: &Member) -> impl Iterator<Item = (Part, &[i64])> {
        self.table.parts_of(member)
    }

    /// Returns the bytes of a group's key.
    pub(in crate::release) fn key(&self, group: u32) -> &[u8] {
        self.groups.key(group)
    }

    /// Counts what is about to be made of the parts, or ends the release.
    pub(in crate::release) fn count(&self, bytes: u64) -> Result<(), QueryError> {
        self.size.grow(bytes)
    }

    /// Counts only so much any more.
    pub(in crate::release) fn count_back_to(&self, bytes: u64) {
        self.size.shrink(self.size.used().saturating_sub(bytes));
    }
}

#[cfg(test)]
impl Parts {
    /// Returns how many bytes the parts hold.
    pub(super) fn bytes(&self) -> usize {
        self.table.bytes() + self.groups.bytes()
    }
}
