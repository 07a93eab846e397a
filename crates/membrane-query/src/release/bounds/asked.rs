//! What a request says of columns by their names: of the answer, or of datasets.
//!
//! A column of the answer is nearer to what is summed: its bounds count there, in place of those of the columns that it is made
//! of. Where both are stated, one of them could only be a mistake.

use membrane_model::ColumnName;
use membrane_privacy::{AggregateKind, KeyDomain};

use super::{Stated, whole};
use crate::QueryError;
use crate::release::named::aggregate_names;
use crate::release::question::{Aggregate, Output, Scalar, Shows, Table};
use crate::release::refusal::{refuse, refuse_named, refuse_pair};

type Bounds = (f64, f64);

impl Stated<'_> {
    /// Bounds that would have no effect are a mistake, which is better told before it is paid for.
    pub(super) fn check_names(&self) -> Result<(), QueryError> {
        let question = self.question;
        let summed = |aggregate: &Aggregate| aggregate.is_of_numbers();
        let reads = |name: &ColumnName| {
            let arguments =
                question.aggregates.iter().filter(|one| summed(one)).filter_map(Aggregate::argument);
            arguments.flat_map(|argument| self.bases(argument)).any(|column| column.column == *name)
        };
        let shown = |name: &ColumnName| {
            (0..question.aggregates.len())
                .filter(|index| question.aggregates.get(*index).is_some_and(&summed))
                .any(|index| self.is_shown_as(index, name))
        };
        match self.options.bounds.keys().find(|name| !reads(name) && !shown(name)) {
            None => Ok(()),
            Some(name) => {
                let rewrite = "state bounds for columns of SUM and AVG, or for columns of the answer that show them, and \
                               only for those";
                Err(refuse_named("bounds of a column that it does not sum:", name.as_str(), rewrite))
            }
        }
    }

    /// Refuses bounds of which one would count and the other not, silently.
    pub(super) fn check_conflicts(&self) -> Result<(), QueryError> {
        for (index, aggregate) in self.of_numbers() {
            let Some((name, bounds)) = self.asked(index).next() else { continue };
            let plain =
                self.plain_column(aggregate).and_then(|column| self.options.bounds.get_key_value(column));
            let mut others = self.asked(index).skip(1).chain(plain);
            if let Some((other, _)) = others.find(|(_, other)| differ(*bounds, **other)) {
                let rewrite = "state them once, by either name";
                let what = "different bounds of one value under two names:";
                return Err(refuse_pair(what, name.as_str(), other.as_str(), rewrite));
            }
            if let Some(other) = self.without_effect(index, aggregate, *bounds) {
                let rewrite =
                    "state bounds for the column of the answer, or for the columns that it is made of";
                let what = "bounds of a column of the answer beside those of what it is made of:";
                return Err(refuse_pair(what, name.as_str(), other.as_str(), rewrite));
            }
        }
        Ok(())
    }

    /// Refuses levels of totals that could not add up.
    pub(super) fn check_levels(&self, keys: &KeyDomain) -> Result<(), QueryError> {
        let question = self.question;
        if question.rollup.is_empty() {
            return Ok(());
        }
        if !matches!(keys, KeyDomain::Public(_)) {
            let rewrite = "group by keys that anyone may know: those that contracts list (`membrane.privacy.public_keys`), days, weeks \
                           and months between two dates of WHERE, branches of CASE; or ask one release for each level";
            return Err(refuse("levels of groups that come from the data", rewrite));
        }
        let adds_up = |aggregate: &Aggregate| {
            !matches!(aggregate, Aggregate::Members | Aggregate::Distinct(_) | Aggregate::Quantiles(..))
        };
        let names = aggregate_names(question);
        match question.aggregates.iter().zip(&names).find(|(aggregate, _)| !adds_up(aggregate)) {
            None => Ok(()),
            Some((_, name)) => {
                let rewrite = "COUNT(*), COUNT(column), SUM, AVG and variances do; members, distinct values and quantiles of two \
                               groups are not those of both: ask one release for each level";
                Err(refuse_named("levels of something that does not add up over groups:", name, rewrite))
            }
        }
    }

    /// Returns a column that an aggregate is made of and that has other bounds, where no aggregate goes by them.
    fn without_effect(&self, index: usize, aggregate: &Aggregate, bounds: Bounds) -> Option<&ColumnName> {
        if self.plain_column(aggregate).is_some() {
            return None;
        }
        let reads = |aggregate: &Aggregate, name: &ColumnName| {
            let bases = aggregate.argument().map(|argument| self.bases(argument)).unwrap_or_default();
            bases.iter().any(|base| base.column == *name)
        };
        let counts = |name: &ColumnName| {
            let mut others = self.of_numbers().filter(|(other, _)| *other != index);
            others.any(|(other, aggregate)| self.asked(other).next().is_none() && reads(aggregate, name))
        };
        let shown = |name: &ColumnName| self.of_numbers().any(|(one, _)| self.is_shown_as(one, name));
        let others = self.options.bounds.iter().filter(|(_, other)| differ(bounds, **other));
        others.map(|(name, _)| name).find(|name| reads(aggregate, name) && !counts(name) && !shown(name))
    }

    /// Returns the column of a dataset that an aggregate reads, if it reads nothing but one.
    fn plain_column<'a>(&self, aggregate: &'a Aggregate) -> Option<&'a ColumnName> {
        let column = aggregate.argument().and_then(Scalar::as_column)?;
        let table = self.question.tables.get(column.table)?;
        matches!(table, Table::Dataset { .. } | Table::Kept(_)).then_some(&column.column)
    }

    /// Returns the aggregates that need bounds, and their positions.
    fn of_numbers(&self) -> impl Iterator<Item = (usize, &Aggregate)> {
        self.question.aggregates.iter().enumerate().filter(|(_, aggregate)| aggregate.is_of_numbers())
    }

    /// Returns the bounds that the request states for columns of the answer that show an aggregate.
    pub(super) fn asked(&self, aggregate: usize) -> impl Iterator<Item = (&ColumnName, &Bounds)> {
        self.options.bounds.iter().filter(move |(name, _)| self.is_shown_as(aggregate, name))
    }

    /// Returns the target of an aggregate, in fixed-point units: the smallest where it is shown more than once.
    pub(super) fn target(&self, aggregate: usize, kind: AggregateKind) -> Result<Option<i64>, QueryError> {
        let scale = kind.row_bounds().map_or(0, |bounds| bounds.scale);
        let mut smallest: Option<i64> = None;
        for (name, width) in &self.options.targets {
            let shows = |output: &&Output| output.name == name.as_str();
            let fault = |what| {
                let rewrite = "state a width above 0 for a column of the answer that is a count or a sum";
                refuse_named(what, name.as_str(), rewrite)
            };
            match self.question.outputs.iter().find(shows).map(|output| &output.shows) {
                Some(Shows::Aggregate(index)) if *index == aggregate => {
                    let units = whole((width * 10_f64.powi(i32::from(scale))).floor());
                    let units = units.filter(|units| *units > 0).ok_or_else(|| fault("this target of"))?;
                    smallest = Some(smallest.map_or(units, |known| known.min(units)));
                }
                Some(Shows::Aggregate(_)) => {}
                _ => return Err(fault("a target of a column that is no count or sum of the answer:")),
            }
        }
        Ok(smallest)
    }

    /// Tells whether a column of the answer of this name is the aggregate, or is made of it.
    fn is_shown_as(&self, aggregate: usize, name: &ColumnName) -> bool {
        let is = |index: usize| index == aggregate || self.are_moments(index, aggregate);
        let shows = |shows: &Shows| match shows {
            Shows::Aggregate(index) | Shows::Ratio(index, _) | Shows::Quantile(index, _) => is(*index),
            Shows::Spread(of) => is(of.sum) || is(of.squares),
            Shows::Key(_) | Shows::Grouping(_) | Shows::Computed(_) => false,
        };
        self.question.outputs.iter().any(|output| output.name == name.as_str() && shows(&output.shows))
    }

    /// Tells whether two aggregates are moments of one expression: a variance is made of both, and so they have the same bounds.
    fn are_moments(&self, one: usize, other: usize) -> bool {
        let moment = |index: usize| match self.question.aggregates.get(index) {
            Some(Aggregate::MeanSum(of) | Aggregate::MeanSquares(of)) => Some(of),
            _ => None,
        };
        moment(one).is_some_and(|of| moment(other) == Some(of))
    }
}

/// Tells whether bounds are not the same. Those that are no numbers never are.
fn differ(one: Bounds, other: Bounds) -> bool {
    one.partial_cmp(&other).is_none_or(std::cmp::Ordering::is_ne)
}
