//! Totals that count on: which rows of a member count, and which of them lie in one node of time.
//!
//! ```text
//! statement   SELECT region, COUNT(*) FROM orders WHERE amount > 10 GROUP BY region
//! kept        orders WHERE amount > 10, from the first period to the end of this one: of each member the earliest rows_max
//! node        those of them that are no earlier than its start
//! ```
//!
//! INVARIANT: over all nodes of one level a member has `rows_max` rows at most, whatever is brought in between refreshes. A
//! dataset only grows, and so the last of the nodes in which a member counts still sees the rows that counted in those before
//! it; they are earlier, and so they are among those that are kept there. This needs each node to be drawn of a version that is
//! not older than that of the nodes before it, and row rules and contracts that stay:
//! [`ReleasePlan::goes_on`](super::plan::ReleasePlan). Whoever builds erasure has to end counters whose members it takes rows from, or
//! count on from what it left.
//! Conditions on joined datasets come after, as these may change.

use chrono::{DateTime, Utc};
use membrane_model::ColumnName;
use membrane_privacy::{Counter, CounterState};
use serde::{Deserialize, Serialize};

use super::calendar::MICROS_PER_DAY;
use super::prune::prune;
use super::question::{
    Aggregate, ColumnRef, CompareOperator, Kept, Literal, Question, Scalar, Table, TypeOf,
};
use super::refusal::{refuse, refuse_named};
use super::relation::moved;
use super::scope::Scope;
use crate::QueryError;

/// The most rows of one member that a counter counts: all of them are held at once.
const ROWS_MAX: u32 = 1024;

/// Which refresh of a counter is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CounterOptions {
    /// How many refreshes there are at most.
    pub refreshes: u32,
    /// Which one this is, from 1.
    pub refresh: u32,
    /// Rows of one member that count, over all refreshes: the earliest ones.
    pub rows_max: u32,
    /// The start of the first period.
    pub from: DateTime<Utc>,
    /// The end of this refresh's period.
    pub until: DateTime<Utc>,
    /// The starts of the nodes that end with this refresh, the shortest first.
    pub starts: Vec<DateTime<Utc>>,
    /// The name of the edition before; none of the first.
    pub before: Option<String>,
}

impl CounterOptions {
    /// Returns what the price is for.
    pub(super) const fn counter(&self) -> Counter {
        Counter { refreshes: self.refreshes }
    }
}

/// How a refresh counts on.
#[derive(Debug, Clone)]
pub(super) struct Counting {
    /// The column that says when a row was, and the starts of the nodes.
    event: ColumnRef,
    starts: Vec<Literal>,
    /// The name of what the price was paid for.
    pub(super) paid_by: String,
    /// The name of the answer before.
    pub(super) before: Option<String>,
    /// What must stay from one refresh to the next.
    pub(super) rules: String,
    /// Which refresh it is, from 1.
    pub(super) refresh: u32,
}

/// What a refresh leaves for the next. Stored with the answer: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Counted {
    pub(super) rules: String,
    pub(super) state: CounterState,
}

/// When rows of a counter were.
#[derive(Debug)]
pub(super) struct Event {
    column: ColumnRef,
    starts: Vec<Literal>,
    /// What was read of the statement, but for when the period ends: contracts are in it.
    pub(super) fixed: String,
}

impl Event {
    pub(super) fn counting(
        self,
        paid_by: String,
        (before, refresh): (Option<String>, u32),
        rules: String,
    ) -> Counting {
        Counting { event: self.column, starts: self.starts, paid_by, before, rules, refresh }
    }
}

impl Counting {
    /// Returns the questions of the nodes, the shortest first.
    pub(super) fn nodes(&self, question: &Question) -> Vec<Question> {
        let node = |start: &Literal| {
            let mut node = question.clone();
            node.block.conditions.push(compared(&self.event, CompareOperator::GtEq, start.clone()));
            node
        };
        self.starts.iter().map(node).collect()
    }
}

/// Has the rows of a question kept as a counter needs them.
pub(super) fn keep(
    question: &mut Question,
    scope: &Scope,
    options: &CounterOptions,
) -> Result<Event, QueryError> {
    let source = question.block.source;
    let Some(Table::Dataset { name, private: true }) = question.tables.get(source) else {
        return Err(refuse(
            "a counter of rows that are made of others",
            "name one dataset about members in FROM",
        ));
    };
    let table = scope.table(name).ok_or(QueryError::Failed)?;
    let event = table.dataset.event_time.as_ref().filter(|event| table.clear.contains(*event));
    let Some(contract) = event.and_then(|event| table.dataset.column(event)) else {
        let rewrite = "its contract has to name an event time, which its partner may see";
        return Err(refuse_named("a counter of a dataset without event time:", name.as_str(), rewrite));
    };
    let others = question.tables.iter().enumerate().filter(|(index, _)| *index != source);
    let simple = others.into_iter().all(|(_, table)| matches!(table, Table::Dataset { private: false, .. }));
    if !simple || question.block.joins.iter().any(|join| join.rows_max > 1) {
        let rewrite = "join datasets without subject by their keys, and nothing else";
        return Err(refuse("a counter of joins that make several rows of one", rewrite));
    }
    if !(1..=ROWS_MAX).contains(&options.rows_max) {
        return Err(refuse("these rows_max of a counter", "1 to 1024"));
    }
    let kept = question.tables.len();
    let event = ColumnRef {
        table: source,
        column: contract.name.clone(),
        logical: contract.logical_type.into(),
        required: contract.required,
    };
    let moments = options.starts.iter().chain([&options.from, &options.until]);
    let moments = moments.map(|moment| literal(*moment, event.logical)).collect::<Result<Vec<_>, _>>()?;
    let [starts @ .., from, until] = moments.as_slice() else { return Err(QueryError::Failed) };
    let starts = starts.to_vec();

    let conditions = std::mem::take(&mut question.block.conditions);
    let (mut own, later): (Vec<Scalar>, Vec<Scalar>) =
        conditions.into_iter().partition(|one| one.tables().iter().eq([&source]));
    own.push(compared(&event, CompareOperator::GtEq, from.clone()));
    let ends = compared(&event, CompareOperator::Lt, until.clone());
    let move_to = |scalar: &Scalar| moved(scalar, source, kept);
    question.block.conditions = later.iter().map(move_to).collect();
    for join in &mut question.block.joins {
        join.on.iter_mut().for_each(|(one, _)| *one = move_to(one));
    }
    question.keys.iter_mut().for_each(|key| *key = move_to(key));
    question.aggregates.iter_mut().for_each(|one| *one = with_argument(one, &move_to));
    question.block.source = kept;
    question.tables.push(Table::Kept(Kept {
        of: source,
        conditions: own,
        columns: Vec::new(),
        key: Vec::new(),
        rows_max: options.rows_max,
        earliest: Some(event.column.clone()),
    }));
    let subject = table.dataset.subject.as_ref().map(|subject| (&subject.column, &subject.kind));
    let fixed = format!("{:?} {subject:?} {:?}", event.logical, options.rows_max);
    let fixed = serde_json::to_string(&(&*question, fixed)).map_err(|_| QueryError::Failed)?;
    if let Some(Table::Kept(kept)) = question.tables.get_mut(kept) {
        kept.conditions.push(ends);
    }
    prune(question)?;
    hold(question, kept, &event);
    Ok(Event { column: ColumnRef { table: kept, ..event }, starts, fixed })
}

/// Has a column held that nothing else reads.
fn hold(question: &mut Question, kept: usize, column: &ColumnRef) {
    if let Some(Table::Kept(kept)) = question.tables.get_mut(kept)
        && !kept.columns.iter().any(|known| known.column == column.column)
    {
        kept.columns.push(column.clone());
        kept.columns.sort();
    }
}

fn with_argument(aggregate: &Aggregate, change: &dyn Fn(&Scalar) -> Scalar) -> Aggregate {
    match aggregate {
        Aggregate::Rows => Aggregate::Rows,
        Aggregate::Members => Aggregate::Members,
        Aggregate::NonNull(one) => Aggregate::NonNull(change(one)),
        Aggregate::Sum(one) => Aggregate::Sum(change(one)),
        Aggregate::MeanSum(one) => Aggregate::MeanSum(change(one)),
        Aggregate::MeanSquares(one) => Aggregate::MeanSquares(change(one)),
        Aggregate::Distinct(one) => Aggregate::Distinct(change(one)),
        Aggregate::Quantiles(one, shares) => Aggregate::Quantiles(change(one), shares.clone()),
    }
}

fn compared(column: &ColumnRef, comparison: CompareOperator, literal: Literal) -> Scalar {
    let constant = Scalar::Constant(literal, column.logical);
    Scalar::Compare(Box::new(Scalar::Column(column.clone())), comparison, Box::new(constant))
}

fn literal(moment: DateTime<Utc>, logical: TypeOf) -> Result<Literal, QueryError> {
    let micros = moment.timestamp_micros();
    match logical {
        TypeOf::Timestamp => Ok(Literal::Timestamp(micros)),
        TypeOf::Date if micros.rem_euclid(MICROS_PER_DAY) == 0 => {
            let days = i32::try_from(micros.div_euclid(MICROS_PER_DAY)).map_err(|_| QueryError::Failed)?;
            Ok(Literal::Date(days))
        }
        TypeOf::Date => {
            Err(refuse("a counter by hours of a column of days", "count by days, weeks or months"))
        }
        _ => Err(refuse("a counter whose event time is no day and no instant", "name another column")),
    }
}

/// Returns the column whose earliest values are kept, by its place among those that are held.
pub(super) fn place_of(kept: &Kept) -> Result<Option<usize>, QueryError> {
    let place = |name: &ColumnName| {
        kept.columns.iter().position(|column| column.column == *name).ok_or(QueryError::Failed)
    };
    kept.earliest.as_ref().map(place).transpose()
}
