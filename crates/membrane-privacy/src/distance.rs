//! How far exact totals of neighbours are apart: what an audit compares with what a mechanism declares.
//!
//! Statement. Input: the exact totals of two databases. Output: in how many groups they differ, and for each aggregate the
//! distance over all groups and numbers that noise is added to, in the norms that price it. For quantiles these are the counts
//! of all nodes of the tree. Nothing in a release calls this.

use std::collections::{BTreeMap, BTreeSet};

use crate::contribution::GroupTotals;
use crate::tree::Tree;
use crate::{AggregateKind, ExactTotals, GroupKey, Mechanism, NoiseDrawn, Pilot, PilotTotals, PrivacyError};

/// How far two databases are apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Distances {
    /// Groups that differ in anything.
    pub groups: usize,
    /// The largest difference in the members of one group.
    pub members_max: u64,
    /// The differences in the number of all members, and of those clipped.
    pub members_all: (u64, u64),
    /// One entry per aggregate.
    pub aggregates: Vec<AggregateDistance>,
    /// For each aggregate one entry per coarser level of totals that add up.
    pub coarser: Vec<Vec<AggregateDistance>>,
}

/// How far the numbers of one aggregate are apart.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct AggregateDistance {
    /// The largest difference of one number.
    pub largest: u64,
    /// The sum of the differences.
    pub l1: f64,
    /// The root of the sum of their squares.
    pub l2: f64,
}

impl AggregateDistance {
    fn add(&mut self, difference: u64) {
        self.largest = self.largest.max(difference);
        self.l1 += float(difference);
        self.l2 = self.l2.hypot(float(difference));
    }

    /// Tells whether this is no more than noise was calibrated to.
    fn is_within(&self, drawn: NoiseDrawn, sensitivity: f64) -> bool {
        let distance = match drawn {
            NoiseDrawn::Gaussian => self.l2,
            NoiseDrawn::Laplace => self.l1,
        };
        distance <= sensitivity * (1.0 + 1e-12)
    }
}

impl Mechanism {
    /// Measures how far exact totals are apart.
    #[must_use]
    pub fn distances(&self, one: &ExactTotals, other: &ExactTotals) -> Distances {
        let kinds: Vec<AggregateKind> =
            self.spec().aggregates.iter().map(|aggregate| aggregate.kind).collect();
        let keys: BTreeSet<&GroupKey> = one.groups.keys().chain(other.groups.keys()).collect();
        let nothing = GroupTotals::default();
        let mut groups = 0;
        let mut members_max = 0;
        let mut aggregates = vec![AggregateDistance::default(); kinds.len()];
        for key in keys {
            let (one, other) = (one.groups.get(key), other.groups.get(key));
            let (one, other) = (one.unwrap_or(&nothing), other.unwrap_or(&nothing));
            members_max = members_max.max(one.members.abs_diff(other.members));
            let mut differs = one.members != other.members;
            let mut tree_index = 0;
            for (index, (kind, distance)) in kinds.iter().zip(&mut aggregates).enumerate() {
                let differences = if let Some(tree) = kind.tree() {
                    let cells =
                        |totals: &GroupTotals| totals.cells.get(tree_index).cloned().unwrap_or_default();
                    let differences = tree_differences(tree, &cells(one), &cells(other));
                    tree_index += 1;
                    differences
                } else {
                    let value = |totals: &GroupTotals| totals.values.get(index).copied().unwrap_or_default();
                    vec![value(one).abs_diff(value(other))]
                };
                for difference in differences.into_iter().filter(|difference| *difference > 0) {
                    differs = true;
                    distance.add(difference);
                }
            }
            groups += usize::from(differs);
        }
        let members_all =
            (one.members.abs_diff(other.members), one.members_clipped.abs_diff(other.members_clipped));
        let coarser = (0..kinds.len()).map(|index| self.coarse_distances(one, other, index)).collect();
        Distances { groups, members_max, members_all, aggregates, coarser }
    }

    /// Measures how far the totals of one aggregate are apart on its coarser levels.
    fn coarse_distances(
        &self,
        one: &ExactTotals,
        other: &ExactTotals,
        index: usize,
    ) -> Vec<AggregateDistance> {
        let of_level = |length: &usize| {
            let mut sums = BTreeMap::<&[Option<String>], i64>::new();
            for (totals, sign) in [(one, 1_i64), (other, -1)] {
                for (key, totals) in &totals.groups {
                    let value = totals.values.get(index).copied().unwrap_or_default();
                    let sum = sums.entry(key.get(..*length).unwrap_or(key)).or_default();
                    *sum = sum.saturating_add(value.saturating_mul(sign));
                }
            }
            let mut distance = AggregateDistance::default();
            sums.into_values().map(i64::unsigned_abs).for_each(|difference| distance.add(difference));
            distance
        };
        self.spec().rollup.iter().map(of_level).collect()
    }

    /// Tells whether totals are as close as those of neighbours must be, by the bounds and sensitivities that noise was
    /// calibrated to.
    ///
    /// # Errors
    /// As [`Mechanism::describe`].
    pub fn are_neighbours(&self, one: &ExactTotals, other: &ExactTotals) -> Result<bool, PrivacyError> {
        let found = self.distances(one, other);
        let declared = self.describe()?;
        let within = |(found, declared): (&AggregateDistance, &crate::AggregateSummary)| {
            i64::try_from(found.largest).is_ok_and(|largest| largest <= declared.contribution_max)
                && found.is_within(declared.noise, declared.sensitivity)
        };
        let coarser = |(found, declared): (&Vec<AggregateDistance>, &crate::AggregateSummary)| {
            let mut levels = found.iter().zip(declared.levels.iter().skip(1));
            levels.all(|(found, level)| found.is_within(level.noise, level.sensitivity))
        };
        Ok(u32::try_from(found.groups).is_ok_and(|groups| groups <= declared.groups_max)
            && found.members_max <= 1
            && found.members_all.0 <= 1
            && found.members_all.1 <= 1
            && found.aggregates.iter().zip(&declared.aggregates).all(within)
            && found.coarser.iter().zip(&declared.aggregates).all(coarser))
    }
}

impl Distances {
    /// Returns how far the aggregate moved that moved the most, as a share of what noise was calibrated to.
    ///
    /// # Errors
    /// As [`Mechanism::describe`].
    pub fn share_of(&self, mechanism: &Mechanism) -> Result<f64, PrivacyError> {
        let declared = mechanism.describe()?;
        let share = |(found, declared): (&AggregateDistance, &crate::AggregateSummary)| {
            let distance = match declared.noise {
                NoiseDrawn::Gaussian => found.l2,
                NoiseDrawn::Laplace => found.l1,
            };
            distance / declared.sensitivity
        };
        Ok(self.aggregates.iter().zip(&declared.aggregates).map(share).fold(0.0, f64::max))
    }
}

impl Pilot {
    /// Tells whether what was counted of two databases is as close as that of neighbours must be.
    #[must_use]
    pub fn are_neighbours(&self, one: &PilotTotals, other: &PilotTotals) -> bool {
        let cells = |totals: &PilotTotals| {
            let PilotTotals { groups, rows, amounts, sizes, named } = totals;
            [groups, rows, sizes]
                .into_iter()
                .chain(amounts)
                .flatten()
                .copied()
                .chain([*named])
                .collect::<Vec<i64>>()
        };
        let (one, other) = (cells(one), cells(other));
        let differences: Vec<u64> = one.iter().zip(&other).map(|(one, other)| one.abs_diff(*other)).collect();
        let moved = differences.iter().filter(|difference| **difference > 0).count();
        one.len() == other.len()
            && differences.iter().all(|difference| *difference <= 1)
            && u32::try_from(moved).is_ok_and(|moved| moved <= self.cells())
    }
}

/// Returns the differences of all nodes of a tree that holds something.
fn tree_differences(tree: Tree, one: &[i64], other: &[i64]) -> Vec<u64> {
    let mut differences = Vec::new();
    for layer in 0..tree.layers() {
        let cells = i64::try_from(tree.cells_of(layer)).unwrap_or(i64::MAX).max(1);
        let mut nodes = BTreeMap::<i64, i64>::new();
        for cell in one {
            *nodes.entry(cell / cells).or_default() += 1;
        }
        for cell in other {
            *nodes.entry(cell / cells).or_default() -= 1;
        }
        differences.extend(nodes.into_values().map(i64::unsigned_abs));
    }
    differences
}

#[expect(clippy::cast_precision_loss, reason = "contributions stay below 2^31")]
const fn float(value: u64) -> f64 {
    value as f64
}
