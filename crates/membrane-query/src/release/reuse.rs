//! Answers that are made of a stored one, and cost nothing: the same numbers in another order or of fewer groups, sums of
//! groups, and whatever is computed of them.
//!
//! Statement. Input: a released answer. Output: a function of it and of the statement. Price: none, as it is
//! post-processing (Dwork and Roth 2014, proposition 2.1). Each value's noise is independent of the others, so a sum of n
//! of them has the root of the sum of their variances.
//!
//! An answer keeps, beside what it shows, the noisy totals of all its groups, and names: of the rows that it is about
//! (asker, versions, tables, joins and conditions), of its keys and of its aggregates. They are keyed hashes, as all names
//! of questions are. A question looks for answers about its own rows, or about those without some of its conditions on a
//! single column:
//!
//! ```text
//! stored   SELECT region, category, COUNT(*), SUM(amount) FROM lines WHERE month = '2026-03' GROUP BY region, category
//! free     SELECT category, SUM(amount) FROM lines WHERE month = '2026-03' AND region = 'SH' GROUP BY category
//! free     SELECT region, AVG .. no: an average is made of other sums than SUM; COUNT(*), SUM(amount) / COUNT(*): yes
//! ```
//!
//! Sums of groups are made only where all groups are known, as those below a threshold would be missing; members and distinct
//! values of two groups do not add up, and medians do not either: these need one stored group for each that is asked for. Of an
//! answer whose levels add up no sums are made at all ([`levels`]).

mod levels;

use std::collections::BTreeMap;

use membrane_model::Price;
use membrane_privacy::{AggregateKind, AggregateSpec, GroupKey, NoisyGroup, NoisyRelease, NoisyValue};
use serde::{Deserialize, Serialize};

use self::levels::{Made, describe};
use super::answer::ReleaseAnswer;
use super::domain::decide;
use super::literal::typed;
use super::notes::of_reuse;
use super::plan::ReleasePlan;
use super::present;
use super::question::{Aggregate, Question, Scalar, TypeOf};
use crate::QueryError;

/// Conditions that are tried with and without, at most: 16 looks at the ledger.
const CONDITIONS_MAX: usize = 4;
/// How much wider error bars may be by rounding.
const ROUNDING: f64 = 1.000_1;

/// What later questions can use of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Reusable {
    /// The names of its keys.
    keys: Vec<String>,
    /// The names of its aggregates.
    aggregates: Vec<String>,
    /// Whether all groups are there.
    is_whole: bool,
    /// How many of the first keys groups of coarser levels have, where totals of several levels add up.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rollup: Vec<usize>,
    /// The groups, all of them.
    groups: Vec<NoisyGroup>,
}

/// The names of a question.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Names {
    pub(super) basis: String,
    pub(super) keys: Vec<String>,
    pub(super) aggregates: Vec<String>,
    pub(super) candidates: Vec<Candidate>,
}

/// Answers that might serve: those about rows of this name, of which the groups are left to which all conditions apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    basis: String,
    conditions: Vec<(Scalar, String, TypeOf)>,
}

impl Candidate {
    /// Returns the name of the rows.
    #[must_use]
    pub fn basis(&self) -> &str {
        &self.basis
    }
}

/// An answer that was made of a stored one.
#[derive(Debug, Clone)]
pub struct Reused {
    /// The answer.
    pub answer: ReleaseAnswer,
    /// How many times as wide its error bars are as those that are asked for, at most.
    pub width: f64,
}

/// What names are made with.
pub(super) struct Naming<'a> {
    /// Names rows.
    pub(super) basis: &'a dyn Fn(&Question) -> Result<String, QueryError>,
    /// Names a part of a question by its written form.
    pub(super) part: &'a dyn Fn(&[u8]) -> String,
}

impl Naming<'_> {
    /// Names a question, and those whose answers might serve for it.
    pub(super) fn names(&self, question: &Question) -> Result<Names, QueryError> {
        let keys = question.keys.iter().map(|key| self.named(key));
        let aggregates = question.aggregates.iter().map(|aggregate| self.named(aggregate));
        Ok(Names {
            basis: (self.basis)(question)?,
            keys: keys.collect::<Result<_, QueryError>>()?,
            aggregates: aggregates.collect::<Result<_, QueryError>>()?,
            candidates: self.candidates(question)?,
        })
    }

    fn named(&self, part: &impl Serialize) -> Result<String, QueryError> {
        serde_json::to_vec(part).map(|bytes| (self.part)(&bytes)).map_err(|_| QueryError::Failed)
    }

    fn candidates(&self, question: &Question) -> Result<Vec<Candidate>, QueryError> {
        let conditions = &question.block.conditions;
        let of_one: Vec<usize> = (0..conditions.len())
            .filter(|index| conditions.get(*index).is_some_and(|one| one.columns().len() == 1))
            .take(CONDITIONS_MAX)
            .collect();
        let mut found = Vec::new();
        for chosen in 0_u32..1 << of_one.len() {
            let left_out: Vec<usize> = of_one
                .iter()
                .enumerate()
                .filter(|(bit, _)| chosen >> bit & 1 == 1)
                .map(|(_, index)| *index)
                .collect();
            let mut wider = question.clone();
            let mut index = 0;
            wider.block.conditions.retain(|_| {
                index += 1;
                !left_out.contains(&(index - 1))
            });
            let mut applied = Vec::new();
            for condition in left_out.iter().filter_map(|index| conditions.get(*index)) {
                let column = condition.columns().first().copied().cloned().ok_or(QueryError::Failed)?;
                let logical = column.logical;
                applied.push((condition.clone(), self.named(&Scalar::Column(column))?, logical));
            }
            found.push(Candidate { basis: (self.basis)(&wider)?, conditions: applied });
        }
        Ok(found)
    }
}

impl Reusable {
    /// Keeps what later questions can use; nothing where a number has no end, which cannot be written. `rollup` says which levels
    /// the answer has.
    pub(super) fn of(
        names: &Names,
        (is_whole, rollup): (bool, &[usize]),
        released: &NoisyRelease,
    ) -> Option<Self> {
        let finite = |group: &NoisyGroup| {
            let estimates = group.quantiles.iter().flatten();
            let mut numbers = estimates.flat_map(|one| [one.value, one.low95, one.high95, one.sd]);
            numbers.all(f64::is_finite) && group.values.iter().all(|value| value.sd.is_finite())
        };
        released.groups.iter().all(finite).then(|| Self {
            keys: names.keys.clone(),
            aggregates: names.aggregates.clone(),
            is_whole,
            rollup: rollup.to_vec(),
            groups: released.groups.clone(),
        })
    }

    /// Returns where each name of a question stands in this.
    fn places(own: &[String], wanted: &[String]) -> Option<Vec<usize>> {
        wanted.iter().map(|name| own.iter().position(|one| one == name)).collect()
    }

    /// Tells whether all conditions hold for a group; nothing where that cannot be told.
    fn holds(&self, group: &NoisyGroup, conditions: &[(Scalar, String, TypeOf)]) -> Option<bool> {
        for (condition, name, logical) in conditions {
            let place = self.keys.iter().position(|key| key == name)?;
            let value = match group.key.get(place)? {
                None => None,
                Some(text) => Some(typed(text, *logical)?),
            };
            if decide(condition, value.as_ref())? != Some(true) {
                return Some(false);
            }
        }
        Some(true)
    }

    /// Returns the groups that a question asks for, made of these; nothing where they cannot be.
    /// `trees` are the places of its aggregates with quantiles.
    fn made_for(&self, plan: &ReleasePlan, candidate: &Candidate, trees: &[usize]) -> Option<Vec<Made>> {
        let keys = Self::places(&self.keys, &plan.names.keys)?;
        let aggregates = Self::places(&self.aggregates, &plan.names.aggregates)?;
        let rollup = &plan.question.rollup;
        let levels = match (self.rollup.is_empty(), rollup.is_empty()) {
            (false, _) => self.levels((&keys, rollup), &aggregates, candidate)?,
            // Levels of their own are fitted to each other.
            (true, false) => return None,
            (true, true) => {
                let groups = self.summed((&keys, &aggregates), plan, candidate, trees)?;
                vec![Made { keys: keys.len(), of: self.keys.len(), groups }]
            }
        };
        // A total is there even where conditions leave no group of those that were stored.
        let lacks = |level: &Made| level.keys == 0 && level.groups.is_empty();
        (!levels.iter().any(lacks)).then_some(levels)
    }

    /// Returns the groups that a question asks for as sums of these.
    fn summed(
        &self,
        (keys, aggregates): (&[usize], &[usize]),
        plan: &ReleasePlan,
        candidate: &Candidate,
        trees: &[usize],
    ) -> Option<Vec<NoisyGroup>> {
        // Groups below the threshold are missing in every sum, also where one is left to sum up.
        if !self.is_whole && !(0..self.keys.len()).all(|place| keys.contains(&place)) {
            return None;
        }
        let mut gathered: BTreeMap<GroupKey, Vec<&NoisyGroup>> = BTreeMap::new();
        for group in &self.groups {
            if self.holds(group, &candidate.conditions)? {
                let key = keys.iter().map(|place| group.key.get(*place).cloned().flatten()).collect();
                gathered.entry(key).or_default().push(group);
            }
        }
        let asked = plan.question.aggregates.iter().zip(aggregates);
        let asked: Vec<(&Aggregate, usize)> = asked.map(|(aggregate, place)| (aggregate, *place)).collect();
        let make = |(key, groups): (GroupKey, Vec<&NoisyGroup>)| {
            let values = asked.iter().map(|(aggregate, place)| total(aggregate, &groups, *place));
            let found = asked.iter().filter(|(aggregate, _)| matches!(aggregate, Aggregate::Quantiles(..)));
            let found = found.map(|(_, place)| {
                let tree = trees.iter().position(|one| one == place)?;
                groups.first()?.quantiles.get(tree).cloned()
            });
            Some(NoisyGroup {
                rolled: 0,
                values: values.collect::<Option<_>>()?,
                quantiles: found.collect::<Option<_>>()?,
                key,
            })
        };
        gathered.into_iter().map(make).collect()
    }
}

/// Adds up one aggregate of some groups; nothing where it does not add up.
fn total(aggregate: &Aggregate, groups: &[&NoisyGroup], place: usize) -> Option<NoisyValue> {
    let values: Vec<&NoisyValue> =
        groups.iter().map(|group| group.values.get(place)).collect::<Option<_>>()?;
    if let [one] = values.as_slice() {
        return Some(**one);
    }
    let adds_up = matches!(
        aggregate,
        Aggregate::Rows
            | Aggregate::NonNull(_)
            | Aggregate::Sum(_)
            | Aggregate::MeanSum(_)
            | Aggregate::MeanSquares(_)
    );
    adds_up.then(|| NoisyValue::sum(&values))
}

impl ReleasePlan {
    /// Returns the name of the rows that this is about: what later questions look for.
    #[must_use]
    pub fn basis(&self) -> &str {
        &self.names.basis
    }

    /// Returns which stored answers might serve.
    #[must_use]
    pub fn candidates(&self) -> &[Candidate] {
        &self.names.candidates
    }

    /// Makes the answer of a stored one, if that can be.
    ///
    /// # Errors
    /// [`QueryError::Failed`] when what was stored does not fit together.
    pub fn reuse(&self, stored: &ReleaseAnswer, candidate: &Candidate) -> Result<Option<Reused>, QueryError> {
        let Some(reusable) = &stored.reuse else { return Ok(None) };
        let kinds = stored.mechanism.aggregates.iter().map(|one| one.kind).enumerate();
        let trees = kinds.filter(|(_, kind)| matches!(kind, AggregateKind::Quantile { .. }));
        let trees: Vec<usize> = trees.map(|(place, _)| place).collect();
        let Some(levels) = reusable.made_for(self, candidate, &trees) else { return Ok(None) };
        let Some(places) = Reusable::places(&reusable.aggregates, &self.names.aggregates) else {
            return Ok(None);
        };
        let own = &self.mechanism.spec().aggregates;
        let mut aggregates: Vec<AggregateSpec> = Vec::with_capacity(own.len());
        let mut summaries = Vec::with_capacity(own.len());
        let mut width: f64 = 0.0;
        for (index, (place, own)) in places.into_iter().zip(own).enumerate() {
            let Some(summary) = stored.mechanism.aggregates.get(place) else { return Ok(None) };
            // Other bounds of one row make other numbers.
            if !are_alike(summary.kind, own.kind) {
                return Ok(None);
            }
            let Some(asked) = self.summary.aggregates.get(index) else { return Ok(None) };
            let (told, times) = describe(&levels, index, summary, asked);
            width = width.max(times);
            aggregates.push(AggregateSpec { kind: summary.kind, ..own.clone() });
            summaries.push(told);
        }
        let groups: Vec<NoisyGroup> = levels.into_iter().flat_map(|level| level.groups).collect();
        let columns = present::columns(&self.question, &aggregates)?;
        let rows = present::rows(&self.question, &aggregates, &groups)?;
        let mut notes = of_reuse(&self.question, &stored.notes);
        notes.push(format!(
            "made of {} groups of an answer that was paid for before: it costs nothing, and its bounds are those of that answer",
            reusable.groups.len()
        ));
        let mechanism =
            membrane_privacy::MechanismSummary { aggregates: summaries, ..stored.mechanism.clone() };
        let answer = ReleaseAnswer {
            columns,
            rows,
            price: Price::default(),
            mechanism,
            notes,
            reuse: None,
            ..stored.clone()
        };
        Ok(Some(Reused { answer, width: if width <= ROUNDING { width.min(1.0) } else { width } }))
    }
}

/// Tells whether two kinds count or sum the same, but for what one member may add in all.
fn are_alike(stored: AggregateKind, asked: AggregateKind) -> bool {
    match (stored, asked) {
        (AggregateKind::SumWithin { .. }, AggregateKind::SumWithin { .. })
        | (AggregateKind::Distinct { .. }, AggregateKind::Distinct { .. }) => true,
        (stored, asked) => stored == asked,
    }
}
