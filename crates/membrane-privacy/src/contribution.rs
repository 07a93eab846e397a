//! Bounding what one member contributes, before anything is summed over members.
//!
//! Statement. Two databases are neighbours when one is the other without all rows of one member. Let a
//! member's parts be its raw values per group, computed from that member's rows alone. Then totals
//! made by [`BoundedTotals`] of neighbours differ in at most `groups_max` groups, and in each of them
//! by at most 1 in `members`, `rows_max` in a count, and `rows_max * max(|lower|, |upper|)` in a sum.
//! Which groups of a member are kept depends on that member alone (a keyed rank per member and group),
//! so removing one member changes nothing about another. Totals are exact integers: their order of
//! arrival does not matter (Casacuberta et al. 2022, arXiv:2207.10635, on why that must be so).

use crate::spec::TOTAL_MAX;
use crate::{AggregateKind, PrivacyError};

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
    /// `raw` is the number of the member's rows in the group, the number of them that are not NULL, or
    /// the sum of its row values, each already within the bounds. A sum is held within what `rows_max`
    /// rows can reach; zero is always reachable, since a member may have no row.
    #[must_use]
    pub fn bound_part(&self, kind: AggregateKind, raw: i64) -> i64 {
        let rows = i64::from(self.rows_max);
        match kind {
            AggregateKind::Rows | AggregateKind::NonNull => bound_value(raw, 0, rows),
            AggregateKind::Members => 1,
            AggregateKind::Sum { lower, upper, .. } => {
                bound_value(raw, lower.min(0).saturating_mul(rows), upper.max(0).saturating_mul(rows))
            }
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

/// Holds a value within two bounds.
#[must_use]
pub fn bound_value(value: i64, lower: i64, upper: i64) -> i64 {
    value.min(upper).max(lower)
}

/// What one member contributes to one group, not yet bounded.
#[derive(Debug, Clone, Copy)]
pub struct MemberPart<'a> {
    /// A keyed hash of the member and the group: the lowest ranks are kept.
    pub rank: u64,
    /// The position of the group.
    pub group: usize,
    /// One raw value per aggregate; see [`ContributionBounds::bound_part`].
    pub raw: &'a [i64],
}

/// The exact totals of one group over all members, each bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTotals {
    /// Members with at least one row in the group.
    pub members: i64,
    /// One value per aggregate.
    pub values: Vec<i64>,
}

/// Sums bounded members into exact totals.
pub struct BoundedTotals {
    bounds: ContributionBounds,
    kinds: Vec<AggregateKind>,
    members: Vec<i64>,
    values: Vec<i128>,
    parts_dropped: u64,
}

impl BoundedTotals {
    /// Starts with no member in any of `groups` groups.
    #[must_use]
    pub(crate) fn new(bounds: ContributionBounds, kinds: Vec<AggregateKind>, groups: usize) -> Self {
        let values = vec![0; groups.saturating_mul(kinds.len())];
        Self { bounds, kinds, members: vec![0; groups], values, parts_dropped: 0 }
    }

    /// Adds one member, whose parts must name each group at most once.
    ///
    /// # Errors
    /// [`PrivacyError::Shape`] when a part names no group or has not one value per aggregate.
    pub fn add_member(&mut self, parts: &mut [MemberPart<'_>]) -> Result<(), PrivacyError> {
        let delivered = parts.len();
        let kept = self.bounds.keep_groups(parts);
        for part in kept {
            if part.raw.len() != self.kinds.len() {
                return Err(PrivacyError::Shape);
            }
            *self.members.get_mut(part.group).ok_or(PrivacyError::Shape)? += 1;
            let start = part.group.saturating_mul(self.kinds.len());
            let sums = self.values.get_mut(start..).ok_or(PrivacyError::Shape)?;
            for ((sum, kind), raw) in sums.iter_mut().zip(&self.kinds).zip(part.raw) {
                *sum += i128::from(self.bounds.bound_part(*kind, *raw));
            }
        }
        self.parts_dropped += u64::try_from(delivered - kept.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Returns how many (member, group) parts were left out. Exact, hence private: for tests and for
    /// choosing bounds on data of one's own.
    #[must_use]
    pub fn parts_dropped(&self) -> u64 {
        self.parts_dropped
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
