//! What rows of a member and a group add up to, while rows come in: a part. A member holds so many groups at most.

use datafusion::arrow::row::Rows;
use membrane_vault::Tokenizer;

use super::groups::Groups;
use super::size::{Costs, Size};
use super::table::{Member, Part, PartTable};
use crate::QueryError;

/// The parts of all members.
pub(in crate::release) struct Parts {
    pub(super) groups: Groups,
    table: PartTable,
    groups_max: u32,
    sampling: Tokenizer,
    costs: Costs,
    pub(super) size: Size,
    /// How often a group was put in the place of another.
    replaced: u64,
}

/// Where rows that come together add to, as far as their groups were held when they came.
pub(super) struct Found {
    parts: Vec<Option<u32>>,
    replaced: u64,
}

impl Parts {
    /// Starts with no member. `width` sums are kept for each part; `sampling` ranks the groups of a member.
    pub(in crate::release) fn new(
        groups: Groups,
        width: usize,
        groups_max: u32,
        sampling: Tokenizer,
        costs: Costs,
        size: Size,
    ) -> Self {
        Self { groups, table: PartTable::new(width), groups_max, sampling, costs, size, replaced: 0 }
    }

    /// Finds the parts to which rows of members add, those that are there: one step for all rows at once, so that a
    /// processor waits for many places in memory together.
    pub(super) fn find(&self, units: &[u128], keys: Option<&Rows>) -> Found {
        let groups: Vec<Option<u32>> = match keys {
            None => vec![self.groups.find(&[]); units.len()],
            Some(keys) => keys.iter().map(|key| self.groups.find(key.data())).collect(),
        };
        let members: Vec<Option<u32>> = units.iter().map(|unit| self.table.find_member(*unit)).collect();
        let part = |(member, group): (Option<u32>, Option<u32>)| self.table.find_part(member?, group?);
        Found { parts: members.into_iter().zip(groups).map(part).collect(), replaced: self.replaced }
    }

    /// Does what [`Parts::place`] does for one of the rows that were looked up together.
    pub(super) fn place_found(
        &mut self,
        (found, row): (&Found, usize),
        unit: u128,
        key: &[u8],
        clipped: bool,
    ) -> Result<Option<u32>, QueryError> {
        // A part may stand for another group by now.
        let part = found.parts.get(row).copied().flatten().filter(|_| found.replaced == self.replaced);
        if part.is_some() && !clipped {
            return Ok(part);
        }
        self.place(unit, key, clipped)
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
        if clipped {
            self.table.member_mut(member)?.clipped = true;
        }
        if let Some(part) = group.and_then(|group| self.table.find_part(member, group)) {
            return Ok(Some(part));
        }
        if self.table.member(member)?.parts >= self.groups_max {
            return self.instead(unit, member, key);
        }
        let group = self.hold(key)?;
        self.size.grow(self.costs.part)?;
        self.table.add_part(member, group).map(Some)
    }

    /// Puts a group in the place of the one that ranks highest, of a member who holds as many as may be; unless that is
    /// the new one.
    fn instead(&mut self, unit: u128, member: u32, key: &[u8]) -> Result<Option<u32>, QueryError> {
        let Self { table, groups, sampling, .. } = self;
        table.member_mut(member)?.clipped = true;
        // Two groups of one rank, should there ever be any, are told apart by their keys.
        let above = |one: &Part, other: &Part| {
            (one.rank, groups.key(one.group)) > (other.rank, groups.key(other.group))
        };
        let worst = table.worst(member, |unit, group| rank(sampling, unit, groups.key(group)), above)?;
        let Part { group: let_go, rank: highest, .. } = *table.part(worst)?;
        let rank = rank(sampling, unit, key);
        if (rank, key) >= (highest, groups.key(let_go)) {
            return Ok(None);
        }
        // One goes before the other comes: a member never counts for more groups than it may hold.
        if let Some(key_bytes) = self.groups.let_go(let_go) {
            self.size.shrink(self.costs.group(key_bytes));
        }
        let group = self.hold(key)?;
        self.table.replace(member, worst, group, rank)?;
        self.replaced += 1;
        Ok(Some(worst))
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
    pub(in crate::release) fn parts_of(&self, member: &Member) -> impl Iterator<Item = (&Part, &[i64])> {
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

/// Ranks something of a member. Depends on the two alone, so that no member moves another.
pub(in crate::release) fn rank(sampling: &Tokenizer, unit: u128, key: &[u8]) -> u64 {
    let mut text = unit.to_be_bytes().to_vec();
    text.extend_from_slice(key);
    let token = u128::from_be_bytes(sampling.token(&text));
    u64::try_from(token >> 64).unwrap_or(u64::MAX)
}
