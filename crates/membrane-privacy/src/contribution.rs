//! Bounding what one member contributes, before anything is summed over members.
//!
//! Statement. Two databases are neighbours when one is the other without all rows of one member. Let a
//! member's parts be its raw values per group, computed from that member's rows alone. Then totals
//! made by [`BoundedTotals`] of neighbours differ in at most `groups_max` groups, and in each of them
//! by at most 1 in `members`, `rows_max` in a count, and `rows_max * max(|lower|, |upper|)` in a sum; and
//! they differ by at most 1 in the number of all members, and in that of members of whom something was left out.
//! Which groups of a member are kept depends on that member alone (a keyed rank per member and group),
//! so removing one member changes nothing about another. Totals are exact integers: their order of
//! arrival does not matter (Casacuberta et al. 2022, arXiv:2207.10635, on why that must be so).
//!
//! What a member with more than `rows_max` rows in a group adds there:
//!
//! | aggregate | adds |
//! | --- | --- |
//! | a count | `rows_max` |
//! | SUM | the sum of all its rows, held within what `rows_max` rows can add |
//! | AVG's sum | its sum scaled by `rows_max / rows` |
//!
//! SUM keeps as much as can be hidden at the same noise. AVG's sum is divided by the count above, so the average
//! of the member comes out as its own.
//!
//! Example: Bo has 200 lines of 3.00 each in a group where 20 lines of 0 to 50.00 count. Bo adds 20 to the count, all
//! 600.00 to SUM, and 60.00 to AVG's sum: 3.00 a line, where SUM divided by the count would be 30.00. No row is
//! preferred to another, so the order of rows does not matter.

use std::collections::BTreeMap;

use crate::spec::TOTAL_MAX;
use crate::{AggregateKind, GroupKey, PrivacyError};

/// How much of one member may enter a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContributionBounds {
    /// Groups that one member may touch.
    pub groups_max: u32,
    /// Rows that one member may contribute to one group.
    pub rows_max: u32,
}

impl ContributionBounds {
    /// Bounds what one member contributes to one group through one aggregate.
    ///
    /// Sums are held within what `rows_max` rows can reach; zero is always reachable, since a member may have no row.
    #[must_use]
    pub fn bound_part(&self, kind: AggregateKind, raw: RawValue) -> i64 {
        let rows = i64::from(self.rows_max);
        match kind {
            AggregateKind::Rows | AggregateKind::NonNull => bound_value(raw.rows, 0, rows),
            AggregateKind::Members => 1,
            AggregateKind::Sum { lower, upper, .. } => self.within_reach(raw.sum, lower, upper),
            AggregateKind::MeanSum { lower, upper, .. } => {
                let sum = if raw.rows > rows { scale_down(raw, rows) } else { raw.sum };
                self.within_reach(sum, lower, upper)
            }
        }
    }

    /// Holds a sum within what `rows_max` rows can reach.
    fn within_reach(&self, sum: i64, lower: i64, upper: i64) -> i64 {
        let rows = i64::from(self.rows_max);
        bound_value(sum, lower.min(0).saturating_mul(rows), upper.max(0).saturating_mul(rows))
    }

    /// Tells whether something of a part is beyond the bounds.
    fn clips(&self, kind: AggregateKind, raw: RawValue) -> bool {
        match kind {
            AggregateKind::Members => false,
            AggregateKind::Rows | AggregateKind::NonNull | AggregateKind::MeanSum { .. } => {
                raw.rows > i64::from(self.rows_max)
            }
            AggregateKind::Sum { .. } => self.bound_part(kind, raw) != raw.sum,
        }
    }

    /// Keeps the parts with the lowest ranks, `groups_max` at most, and returns them.
    pub fn keep_groups<'a, 'b>(&self, parts: &'a mut [MemberPart<'b>]) -> &'a [MemberPart<'b>] {
        let most = usize::try_from(self.groups_max).unwrap_or(usize::MAX);
        if parts.len() > most {
            parts.sort_unstable_by_key(|part| part.rank);
        }
        parts.get(..most).unwrap_or(parts)
    }
}

/// Returns `sum * most / rows`, rounded to the nearest integer, halves away from zero. `rows` is above `most`, and
/// `most` above zero.
fn scale_down(raw: RawValue, most: i64) -> i64 {
    let (scaled, rows) = (i128::from(raw.sum) * i128::from(most), i128::from(raw.rows));
    let half = if scaled < 0 { -(rows / 2) } else { rows / 2 };
    let nearest = (scaled + half).checked_div(rows).unwrap_or_default();
    i64::try_from(nearest).unwrap_or_default()
}

/// Holds a value within two bounds.
#[must_use]
pub fn bound_value(value: i64, lower: i64, upper: i64) -> i64 {
    value.min(upper).max(lower)
}

/// What an aggregate found in a member's rows of one group, not yet bounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawValue {
    /// The rows that the aggregate looked at: for a sum or a count of a column those where it is not NULL.
    pub rows: i64,
    /// The sum of their values, each already within its bounds; zero for a count.
    pub sum: i64,
}

/// What one member contributes to one group, not yet bounded.
#[derive(Debug, Clone, Copy)]
pub struct MemberPart<'a> {
    /// A keyed hash of the member and the group: the lowest ranks are kept.
    pub rank: u64,
    /// The position of the group.
    pub group: usize,
    /// One raw value per aggregate.
    pub raw: &'a [RawValue],
}

/// The exact totals of one group over all members, each bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTotals {
    /// Members with at least one row in the group.
    pub members: i64,
    /// One value per aggregate.
    pub values: Vec<i64>,
}

/// The exact totals of a release.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExactTotals {
    /// The totals of each group that someone is in.
    pub groups: BTreeMap<GroupKey, GroupTotals>,
    /// Members with at least one row in any group.
    pub members: i64,
    /// Those of them of whom something was left out: groups, rows, or what of a value lay beyond its bounds.
    pub members_clipped: i64,
}

/// Sums bounded members into exact totals.
pub struct BoundedTotals {
    bounds: ContributionBounds,
    kinds: Vec<AggregateKind>,
    members: Vec<i64>,
    values: Vec<i128>,
    members_all: i64,
    members_clipped: i64,
}

impl BoundedTotals {
    /// Starts with no member in any of `groups` groups.
    #[must_use]
    pub(crate) fn new(bounds: ContributionBounds, kinds: Vec<AggregateKind>, groups: usize) -> Self {
        let values = vec![0; groups.saturating_mul(kinds.len())];
        Self { bounds, kinds, members: vec![0; groups], values, members_all: 0, members_clipped: 0 }
    }

    /// Adds one member, whose parts must name each group at most once. `clipped` says that something of the member
    /// was left out before. A member without parts is none.
    ///
    /// # Errors
    /// [`PrivacyError::Shape`] when a part names no group or has not one value per aggregate.
    pub fn add_member(&mut self, parts: &mut [MemberPart<'_>], clipped: bool) -> Result<(), PrivacyError> {
        let delivered = parts.len();
        let kept = self.bounds.keep_groups(parts);
        let mut clipped = clipped || kept.len() < delivered;
        for part in kept {
            if part.raw.len() != self.kinds.len() {
                return Err(PrivacyError::Shape);
            }
            *self.members.get_mut(part.group).ok_or(PrivacyError::Shape)? += 1;
            let start = part.group.saturating_mul(self.kinds.len());
            let sums = self.values.get_mut(start..).ok_or(PrivacyError::Shape)?;
            for ((sum, kind), raw) in sums.iter_mut().zip(&self.kinds).zip(part.raw) {
                *sum += i128::from(self.bounds.bound_part(*kind, *raw));
                clipped |= self.bounds.clips(*kind, *raw);
            }
        }
        if delivered > 0 {
            self.members_all += 1;
            self.members_clipped += i64::from(clipped);
        }
        Ok(())
    }

    /// Returns how many members there are in all, and of how many something was left out.
    #[must_use]
    pub const fn members(&self) -> (i64, i64) {
        (self.members_all, self.members_clipped)
    }

    /// Returns the totals in the order of the groups. A total beyond the range of the mechanism is held
    /// at its end, which moves neighbours no further apart.
    #[must_use]
    pub fn finish(self) -> Vec<GroupTotals> {
        let width = self.kinds.len().max(1);
        let hold = |sum: &i128| {
            i64::try_from((*sum).clamp(-i128::from(TOTAL_MAX), i128::from(TOTAL_MAX))).unwrap_or_default()
        };
        self.members
            .iter()
            .zip(self.values.chunks(width))
            .map(|(members, sums)| GroupTotals { members: *members, values: sums.iter().map(hold).collect() })
            .collect()
    }
}

#[cfg(test)]
mod tests;
