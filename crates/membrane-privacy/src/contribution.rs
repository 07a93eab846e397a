//! Bounding what one member contributes, before anything is summed over members.
//!
//! Statement. Two databases are neighbours when one is the other without all rows of one member. Let a
//! member's parts be its raw values per group, computed from that member's rows alone. Then totals
//! made by [`BoundedTotals`] of neighbours differ in at most `groups_max` groups, and in each of them
//! by at most 1 in `members`, by what its file says in each aggregate ([`crate::kind`]: `rows_max` in a count,
//! `rows_max * max(|lower|, |upper|)` in a sum, `values_max` in a number of distinct values, `rows_max` rows on each layer
//! of a tree); and they differ by at most 1 in the number of all members, and in that of members of whom something was left out.
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
//! | SUM of a bounded total | the sum of all its rows, held within the bounds of the total |
//! | AVG's sum, a variance's squares | its sum, less the middle for each row, scaled by `rows_max / rows` |
//! | a quantile's tree | `rows_max` of its rows |
//! | distinct values | `values_max` of its values |
//!
//! Which values of a member count is decided by hash with the member's rank, so that members do not all keep the
//! same ones, and again by that member alone.
//!
//! SUM keeps as much as can be hidden at the same noise. AVG's sum is divided by the count above, so the average
//! of the member comes out as its own.
//!
//! Example: Bo has 200 lines of 3.00 each in a group where 20 lines of 0 to 50.00 count. Bo adds 20 to the count, all
//! 600.00 to SUM, and to AVG's sum 20 times 3.00 less the middle of 25.00, -440.00: 3.00 a line, where SUM divided by the
//! count would be 30.00. No row is
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
            AggregateKind::Rows | AggregateKind::NonNull | AggregateKind::Quantile { .. } => {
                bound_value(raw.rows, 0, rows)
            }
            AggregateKind::Members => 1,
            AggregateKind::Distinct { values_max } => bound_value(raw.rows, 0, i64::from(values_max)),
            AggregateKind::Sum { .. } => self.within_reach(kind, raw, raw.rows),
            AggregateKind::SumWithin { least, most, .. } => bound_value(raw.sum, least.min(0), most.max(0)),
            AggregateKind::MeanSum { .. } | AggregateKind::MeanSquares { .. } => {
                self.within_reach(kind, raw, rows)
            }
        }
    }

    /// Takes the middle off a sum, scales it down to `rows_most` rows where it has more, and holds it within what
    /// `rows_max` rows can reach.
    fn within_reach(&self, kind: AggregateKind, raw: RawValue, rows_most: i64) -> i64 {
        let rows = i64::from(self.rows_max);
        let Some((sum, least, most)) = kind.centred(raw.sum, raw.rows) else { return 0 };
        let sum = if raw.rows > rows_most { scale_down(sum, rows_most, raw.rows) } else { sum };
        let (least, most) = (least.min(0).saturating_mul(rows), most.max(0).saturating_mul(rows));
        let sum = sum.clamp(i128::from(least), i128::from(most));
        i64::try_from(sum).unwrap_or_default()
    }

    /// Tells whether something of a part is beyond the bounds.
    fn clips(&self, kind: AggregateKind, raw: RawValue) -> bool {
        match kind {
            AggregateKind::Members => false,
            AggregateKind::Rows
            | AggregateKind::NonNull
            | AggregateKind::MeanSum { .. }
            | AggregateKind::MeanSquares { .. }
            | AggregateKind::Quantile { .. } => raw.rows > i64::from(self.rows_max),
            AggregateKind::Distinct { values_max } => raw.rows > i64::from(values_max),
            AggregateKind::Sum { .. } | AggregateKind::SumWithin { .. } => {
                self.bound_part(kind, raw) != raw.sum
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

/// Returns `sum * most / rows`, rounded to the nearest integer, halves away from zero. `rows` is above `most`, and
/// `most` above zero.
fn scale_down(sum: i128, most: i64, rows: i64) -> i128 {
    let (scaled, rows) = (sum.saturating_mul(i128::from(most)), i128::from(rows));
    let half = if scaled < 0 { -(rows / 2) } else { rows / 2 };
    scaled.saturating_add(half).checked_div(rows).unwrap_or_default()
}

/// Holds a value within two bounds.
#[must_use]
pub fn bound_value(value: i64, lower: i64, upper: i64) -> i64 {
    value.min(upper).max(lower)
}

/// What an aggregate found in a member's rows of one group, not yet bounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RawValue {
    /// The rows that the aggregate looked at: for a sum, a count or quantiles of a column those where it is not NULL;
    /// for distinct values, how many of them there are.
    pub rows: i64,
    /// The sum of their values, each as [`AggregateKind::row_value`] gives it; zero for what does not sum.
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
    /// The values of each aggregate that needs them ([`AggregateKind::samples_max`]), in their order: for
    /// distinct values a keyed hash of each (its 64 bits), for quantiles the fixed-point values of the rows. Of more
    /// than may count the rest is left out.
    pub samples: &'a [&'a [i64]],
}

/// The exact totals of one group over all members, each bounded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupTotals {
    /// Members with at least one row in the group.
    pub members: i64,
    /// One value per aggregate.
    pub values: Vec<i64>,
    /// For each aggregate with quantiles, in their order, the cell of every row that counts, sorted.
    pub cells: Vec<Vec<i64>>,
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
    /// Per group, one list for each aggregate that needs samples.
    samples: Vec<Vec<i64>>,
    sampled: usize,
    members_all: i64,
    members_clipped: i64,
}

impl BoundedTotals {
    /// Starts with no member in any of `groups` groups.
    #[must_use]
    pub(crate) fn new(bounds: ContributionBounds, kinds: Vec<AggregateKind>, groups: usize) -> Self {
        let values = vec![0; groups.saturating_mul(kinds.len())];
        let sampled = kinds.iter().filter(|kind| kind.samples_max(1).is_some()).count();
        let samples = vec![Vec::new(); groups.saturating_mul(sampled)];
        let members = vec![0; groups];
        Self { bounds, kinds, members, values, samples, sampled, members_all: 0, members_clipped: 0 }
    }

    /// Adds one member, whose parts must name each group at most once. `clipped` says that something of the member
    /// was left out before. A member without parts is none.
    ///
    /// # Errors
    /// [`PrivacyError::Shape`] when a part names no group or has not one value per aggregate, or not one list of
    /// samples for each aggregate that needs one.
    pub fn add_member(&mut self, parts: &mut [MemberPart<'_>], clipped: bool) -> Result<(), PrivacyError> {
        let delivered = parts.len();
        let kept = self.bounds.keep_groups(parts);
        let mut clipped = clipped || kept.len() < delivered;
        for part in kept {
            if part.raw.len() != self.kinds.len() || part.samples.len() != self.sampled {
                return Err(PrivacyError::Shape);
            }
            *self.members.get_mut(part.group).ok_or(PrivacyError::Shape)? += 1;
            let start = part.group.saturating_mul(self.kinds.len());
            let sums = self.values.get_mut(start..).ok_or(PrivacyError::Shape)?;
            let start = part.group.saturating_mul(self.sampled);
            let lists = self.samples.get_mut(start..).ok_or(PrivacyError::Shape)?;
            let mut lists = lists.iter_mut().zip(part.samples);
            for ((sum, kind), raw) in sums.iter_mut().zip(&self.kinds).zip(part.raw) {
                clipped |= self.bounds.clips(*kind, *raw);
                if kind.samples_max(1).is_none() {
                    *sum += i128::from(self.bounds.bound_part(*kind, *raw));
                    continue;
                }
                let (list, samples) = lists.next().ok_or(PrivacyError::Shape)?;
                clipped |= keep_samples(*kind, self.bounds.rows_max, part.rank, samples, list);
            }
        }
        if delivered > 0 {
            self.members_all += 1;
            self.members_clipped += i64::from(clipped);
        }
        Ok(())
    }

    /// Adds the totals of other members, made for the same groups.
    pub fn add(&mut self, other: Self) {
        for (sum, more) in self.members.iter_mut().zip(other.members) {
            *sum += more;
        }
        for (sum, more) in self.values.iter_mut().zip(other.values) {
            *sum += more;
        }
        for (list, more) in self.samples.iter_mut().zip(other.samples) {
            list.extend(more);
        }
        self.members_all += other.members_all;
        self.members_clipped += other.members_clipped;
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
        let Self { kinds, members, values, mut samples, sampled, .. } = self;
        let hold = |sum: &i128| {
            i64::try_from((*sum).clamp(-i128::from(TOTAL_MAX), i128::from(TOTAL_MAX))).unwrap_or_default()
        };
        let mut groups = Vec::with_capacity(members.len());
        let sums = values.chunks(kinds.len().max(1));
        let mut lists = samples.chunks_mut(sampled.max(1));
        for (members, sums) in members.into_iter().zip(sums) {
            let mut total =
                GroupTotals { members, values: sums.iter().map(hold).collect(), cells: Vec::new() };
            let lists = if sampled == 0 { &mut [] } else { lists.next().unwrap_or_default() };
            let needing =
                kinds.iter().zip(&mut total.values).filter(|(kind, _)| kind.samples_max(1).is_some());
            for ((kind, value), list) in needing.zip(lists) {
                let mut list = std::mem::take(list);
                list.sort_unstable();
                if matches!(kind, AggregateKind::Distinct { .. }) {
                    list.dedup();
                }
                *value = i64::try_from(list.len()).unwrap_or(TOTAL_MAX);
                if matches!(kind, AggregateKind::Quantile { .. }) {
                    total.cells.push(list);
                }
            }
            groups.push(total);
        }
        groups
    }
}

/// Adds what may count of a member's samples to the list of a group, and tells whether something was left out.
fn keep_samples(kind: AggregateKind, rows_max: u32, rank: u64, samples: &[i64], list: &mut Vec<i64>) -> bool {
    let most = kind.samples_max(rows_max).map_or(0, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let distinct = matches!(kind, AggregateKind::Distinct { .. });
    let mut kept = samples.to_vec();
    if distinct {
        kept.sort_unstable();
        kept.dedup();
    }
    let left_out = kept.len() > most;
    if left_out {
        kept.sort_unstable_by_key(|sample| (mixed(sample.cast_unsigned() ^ rank), *sample));
        kept.truncate(most);
    }
    match kind.tree() {
        Some(tree) => {
            list.extend(kept.into_iter().map(|value| i64::try_from(tree.cell(value)).unwrap_or(i64::MAX)));
        }
        None => list.extend(kept),
    }
    left_out
}

/// Stirs 64 bits (the last step of SplitMix64): a permutation, so that different values stay different.
const fn mixed(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests;
