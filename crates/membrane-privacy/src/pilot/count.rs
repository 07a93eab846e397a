//! Counting members for a pilot: exact, and so that one member moves little.
//!
//! Each member adds one to one cell of each list: of how many groups it has, how many rows and what amounts in one of its
//! groups, the one that ranks lowest. And it names that group: of how many members a group is named is counted over
//! groups. Without a member one group is named once less, which moves it from one cell to another. So lists of
//! neighbours differ by 1 in one cell each, that of sizes in two, and the number of groups that are named by 1. Which group ranks lowest depends on that member alone.

use super::ladder::{rung_of, rungs_to};
use crate::{MemberPart, PrivacyError};

/// How far a pilot looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Groups of one member.
    pub(crate) groups_max: u32,
    /// Rows of one member in one group, if they are looked at.
    pub(crate) rows_max: Option<u32>,
    /// Whether it is told how many members name groups.
    pub(crate) with_sizes: bool,
    /// What one member adds to one group, for each amount.
    pub(crate) amounts_max: Vec<i64>,
}

/// The most members of which it is told apart how many name a group.
const SIZE_MAX: u64 = 1 << 31;

/// Counts members.
#[derive(Debug, Clone)]
pub struct PilotCount {
    reached: Reached,
    groups: Vec<i64>,
    rows: Vec<i64>,
    amounts: Vec<Vec<i64>>,
    /// How many members name each group.
    named: Vec<i64>,
}

/// How many members stand on each rung.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PilotTotals {
    pub(crate) groups: Vec<i64>,
    pub(crate) rows: Vec<i64>,
    pub(crate) amounts: Vec<Vec<i64>>,
    pub(crate) sizes: Vec<i64>,
    /// Groups that somebody names.
    pub(crate) named: i64,
}

impl PilotCount {
    /// Starts with no member in any of `groups` groups.
    pub(crate) fn new(reached: Reached, groups: usize) -> Self {
        let list = |most: u64| vec![0; rungs_to(most)];
        Self {
            groups: list(u64::from(reached.groups_max)),
            rows: reached.rows_max.map_or_else(Vec::new, |most| list(u64::from(most))),
            amounts: reached.amounts_max.iter().map(|most| list(most.unsigned_abs())).collect(),
            named: vec![0; groups],
            reached,
        }
    }

    /// Adds one member, whose parts must name each group at most once. The first raw value of a part is the number of
    /// its rows, the others are the amounts. A member without parts is none.
    ///
    /// # Errors
    /// [`PrivacyError::Shape`] when a part names no group or has not one raw value for each amount and one more.
    pub fn add_member(&mut self, parts: &[MemberPart<'_>]) -> Result<(), PrivacyError> {
        let Some(lowest) = parts.iter().min_by_key(|part| (part.rank, part.group)) else { return Ok(()) };
        let [rows, amounts @ ..] = lowest.raw else { return Err(PrivacyError::Shape) };
        if amounts.len() != self.amounts.len() {
            return Err(PrivacyError::Shape);
        }
        let groups = u64::try_from(parts.len()).unwrap_or(u64::MAX);
        step_on(&mut self.groups, groups.min(u64::from(self.reached.groups_max)));
        if let Some(most) = self.reached.rows_max {
            step_on(&mut self.rows, rows.rows.unsigned_abs().min(u64::from(most)));
        }
        let most = self.reached.amounts_max.iter().map(|most| most.unsigned_abs());
        for ((list, amount), most) in self.amounts.iter_mut().zip(amounts).zip(most) {
            step_on(list, amount.sum.unsigned_abs().min(most));
        }
        *self.named.get_mut(lowest.group).ok_or(PrivacyError::Shape)? += 1;
        Ok(())
    }

    /// Adds the counts of other members, made for the same groups.
    pub fn add(&mut self, other: Self) {
        let add = |list: &mut Vec<i64>, more: Vec<i64>| {
            list.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        };
        add(&mut self.groups, other.groups);
        add(&mut self.rows, other.rows);
        add(&mut self.named, other.named);
        self.amounts.iter_mut().zip(other.amounts).for_each(|(list, more)| add(list, more));
    }

    /// Returns how many members stand on each rung, and how many groups.
    #[must_use]
    pub fn finish(self) -> PilotTotals {
        let Self { groups, rows, amounts, named: members_of, reached } = self;
        let named = members_of.iter().filter(|members| **members > 0).count();
        let named = i64::try_from(named).unwrap_or(i64::MAX);
        let mut sizes = if reached.with_sizes { vec![0; rungs_to(SIZE_MAX)] } else { Vec::new() };
        for members in members_of {
            step_on(&mut sizes, members.unsigned_abs().min(SIZE_MAX));
        }
        PilotTotals { groups, rows, amounts, sizes, named }
    }
}

/// Adds one to the rung of a number; nothing for 0.
fn step_on(list: &mut [i64], value: u64) {
    if let Some(count) = rung_of(value).and_then(|index| list.get_mut(index)) {
        *count += 1;
    }
}
