//! What is made of an answer whose totals of several levels add up: levels of it, and groups of a level by conditions on their
//! keys.
//!
//! ```text
//! stored   SELECT region, category, COUNT(*), SUM(amount) FROM lines GROUP BY ROLLUP (region, category)
//! free     SELECT region, category, COUNT(*) .. GROUP BY ROLLUP (region, category) HAVING COUNT(*) > 9 ORDER BY 3 LIMIT 5
//! free     SELECT region, COUNT(*) .. GROUP BY region                                    its second level
//! free     SELECT category, COUNT(*) .. WHERE region = 'SH' GROUP BY category            a part of its first level
//! not      SELECT category, COUNT(*) .. GROUP BY category                                sums of several groups
//! ```
//!
//! INVARIANT: each number is one that was released, with the error bars that it had. Two of them are never added up: their
//! noises hang together, and the variance of a sum would be wrong.

use std::collections::BTreeMap;

use membrane_privacy::{AggregateSummary, GroupKey, LevelSummary, NoisyGroup};

use super::{Candidate, Reusable};

/// The groups of one level, made of stored ones.
pub(super) struct Made {
    /// How many of the first keys of the question they have.
    pub(super) keys: usize,
    /// How many of the first stored keys the groups have that they are made of.
    pub(super) of: usize,
    pub(super) groups: Vec<NoisyGroup>,
}

impl Reusable {
    /// Returns the groups of each level that is asked for, the finest first; nothing where one of them is not there.
    /// `keys` and `aggregates` are the places of what is asked for, `rollup` how many of the keys coarser levels have.
    pub(super) fn levels(
        &self,
        (keys, rollup): (&[usize], &[usize]),
        aggregates: &[usize],
        candidate: &Candidate,
    ) -> Option<Vec<Made>> {
        let place = |name: &String| self.keys.iter().position(|key| key == name);
        let decided = candidate.conditions.iter().map(|(_, name, _)| place(name));
        let decided: Vec<usize> = decided.collect::<Option<_>>()?;
        let lengths = std::iter::once(keys.len()).chain(rollup.iter().copied());
        lengths.map(|length| self.level((keys, length), aggregates, (candidate, &decided))).collect()
    }

    /// Makes the groups of the level that has the first `length` keys.
    fn level(
        &self,
        (keys, length): (&[usize], usize),
        aggregates: &[usize],
        (candidate, decided): (&Candidate, &[usize]),
    ) -> Option<Made> {
        let (own, rolled) = (keys.get(..length)?, keys.len() - length);
        // A level whose every key is asked for, or decided.
        let fits = |of: &usize| {
            own.iter().chain(decided).all(|place| place < of)
                && (0..*of).all(|place| own.contains(&place) || decided.contains(&place))
        };
        let of = std::iter::once(self.keys.len()).chain(self.rollup.iter().copied()).find(fits)?;
        let mut groups: BTreeMap<GroupKey, NoisyGroup> = BTreeMap::new();
        for group in self.groups.iter().filter(|group| group.rolled + of == self.keys.len()) {
            if !self.holds(group, &candidate.conditions)? {
                continue;
            }
            let values = aggregates.iter().map(|place| group.values.get(*place).copied());
            let shown = own.iter().map(|place| group.key.get(*place).cloned().flatten());
            let key: GroupKey = shown.chain(std::iter::repeat_n(None, rolled)).collect();
            let values = values.collect::<Option<_>>()?;
            let made = NoisyGroup { key: key.clone(), values, quantiles: Vec::new(), rolled };
            if groups.insert(key, made).is_some() {
                return None;
            }
        }
        Some(Made { keys: length, of, groups: groups.into_values().collect() })
    }
}

/// What error bars of one aggregate come to in the groups of a level.
struct Width {
    sd: f64,
    half: i64,
}

impl Made {
    fn width(&self, index: usize) -> Width {
        let values = || self.groups.iter().filter_map(|group| group.values.get(index));
        Width {
            sd: values().map(|value| value.sd).fold(0.0, f64::max),
            half: values().map(|value| value.high95.saturating_sub(value.value)).max().unwrap_or(0),
        }
    }
}

/// Describes an aggregate of what was made, and returns how many times as wide its error bars are as those that are asked for.
pub(super) fn describe(
    levels: &[Made],
    index: usize,
    stored: &AggregateSummary,
    asked: &AggregateSummary,
) -> (AggregateSummary, f64) {
    let mut told =
        AggregateSummary { name: asked.name.clone(), half_width95: 0, levels: Vec::new(), ..stored.clone() };
    let mut width: f64 = 0.0;
    for (place, made) in levels.iter().enumerate() {
        let Width { sd, half } = made.width(index);
        told.half_width95 = told.half_width95.max(half);
        let wanted = asked.levels.get(place).map_or(asked.sigma, |level| level.sigma);
        width = width.max(match asked.target95 {
            Some(target) => ratio(half, target),
            None => sd / wanted.max(f64::MIN_POSITIVE),
        });
        let of = u32::try_from(made.of).ok();
        let level = stored.levels.iter().find(|level| Some(level.keys) == of);
        let drawn =
            level.map_or((stored.sensitivity, stored.noise), |level| (level.sensitivity, level.noise));
        if levels.len() == 1 {
            (told.sigma, told.sensitivity, told.noise) = (sd, drawn.0, drawn.1);
        } else {
            told.levels.extend(level.map(|level| LevelSummary {
                keys: u32::try_from(made.keys).unwrap_or(u32::MAX),
                groups: u64::try_from(made.groups.len()).unwrap_or(u64::MAX),
                half_width95: half,
                ..level.clone()
            }));
        }
    }
    (told, width)
}

#[expect(clippy::cast_precision_loss, reason = "a width, for comparing")]
fn ratio(half: i64, target: i64) -> f64 {
    half as f64 / target.max(1) as f64
}
