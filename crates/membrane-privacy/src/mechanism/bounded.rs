//! What a release would show without noise: what its error bars are about, and what an audit compares them with.
//!
//! Statement. Input: exact totals. Output: the same totals in the form of a release, each with an interval of no width.
//! Nothing in a release calls this, and whoever has exact totals has all of it anyway.

use super::Mechanism;
use crate::tree::Tree;
use crate::{Estimate, ExactTotals, GroupKey, GroupTotals, KeyDomain, NoisyGroup, NoisyRelease, NoisyValue};

impl Mechanism {
    /// Puts exact totals into the form of a release. Groups are those that are there or known; none is left out.
    #[must_use]
    pub fn bounded(&self, exact: &ExactTotals) -> NoisyRelease {
        let nothing = GroupTotals::default();
        let keys: Vec<&GroupKey> = match &self.spec.keys {
            KeyDomain::Public(keys) => keys.iter().collect(),
            KeyDomain::Unknown | KeyDomain::None => exact.groups.keys().collect(),
        };
        let mut groups: Vec<NoisyGroup> = keys
            .into_iter()
            .map(|key| self.bounded_group(key, exact.groups.get(key).unwrap_or(&nothing)))
            .collect();
        if groups.is_empty() && self.spec.keys == KeyDomain::None {
            groups.push(self.bounded_group(&Vec::new(), &nothing));
        }
        groups.sort_by(|one, other| one.key.cmp(&other.key));
        let coarser = self.rollup().iter().flat_map(|rollup| rollup.keys()).collect::<Vec<_>>();
        let coarser: Vec<NoisyGroup> =
            coarser.into_iter().map(|(key, rolled)| self.bounded_sum(key, rolled, &groups)).collect();
        groups.extend(coarser);
        NoisyRelease { groups, members: value(exact.members), members_clipped: value(exact.members_clipped) }
    }

    fn bounded_group(&self, key: &GroupKey, totals: &GroupTotals) -> NoisyGroup {
        let values = (0..self.parts.len()).map(|index| value(totals.values.get(index).copied().unwrap_or(0)));
        let trees = self.spec.aggregates.iter().filter_map(|one| one.kind.tree().map(|tree| (tree, one)));
        let quantiles = trees.enumerate().map(|(index, (tree, aggregate))| {
            let cells = totals.cells.get(index).map_or(&[][..], Vec::as_slice);
            aggregate.quantiles.iter().map(|share| quantile(tree, cells, *share)).collect()
        });
        NoisyGroup { key: key.clone(), values: values.collect(), quantiles: quantiles.collect(), rolled: 0 }
    }
}

impl Mechanism {
    /// Adds up the groups of which one of a coarser level is made.
    fn bounded_sum(&self, key: GroupKey, rolled: usize, finest: &[NoisyGroup]) -> NoisyGroup {
        let head = key.get(..key.len().saturating_sub(rolled)).unwrap_or_default();
        let parts = || finest.iter().filter(|group| group.key.starts_with(head));
        let sum = |index: usize| {
            parts().filter_map(|group| group.values.get(index)).map(|value| value.value).sum::<i64>()
        };
        let values = (0..self.parts.len()).map(|index| value(sum(index))).collect();
        NoisyGroup { values, quantiles: Vec::new(), rolled, key }
    }
}

const fn value(value: i64) -> NoisyValue {
    NoisyValue { value, low95: value, high95: value, sd: 0.0 }
}

/// Finds a quantile of sorted cells, whose rows lie evenly in them; of none it is the middle of the range.
#[expect(clippy::cast_precision_loss, reason = "numbers of rows stay below 2^52")]
fn quantile(tree: Tree, cells: &[i64], share: f64) -> Estimate {
    let rank = share * cells.len() as f64;
    let found = cells.iter().zip(1_u32..).find(|(_, upto)| f64::from(*upto) >= rank).map(|(cell, _)| *cell);
    let exact = found.or_else(|| cells.last().copied()).map(|cell| {
        let before = cells.partition_point(|held| *held < cell) as f64;
        let within = cells.partition_point(|held| *held <= cell) as f64 - before;
        let part = if within > 0.0 { (rank - before) / within } else { 0.5 };
        tree.value(u64::try_from(cell).unwrap_or_default(), part)
    });
    let (lower, upper) = tree.ends();
    let value = exact.unwrap_or_else(|| f64::midpoint(lower, upper));
    Estimate { value, low95: value, high95: value, sd: 0.0 }
}
