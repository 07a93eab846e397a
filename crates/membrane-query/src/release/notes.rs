//! What a reader of the numbers should know, in sentences: told before the price is paid, and again with the answer.
//!
//! The notes of a plan follow from the statement and its bounds alone; what is added to an answer reads released
//! values.

use std::collections::BTreeSet;

use membrane_model::DatasetName;
use membrane_privacy::{AggregateKind, AggregateSpec, KeyDomain, Mechanism, RowBounds, Survival};

use super::bounds::multiplicity;
use super::made::joins;
use super::question::{Output, Question, Shows, Table, Value};

use super::answer::{ClippedShare, ReleaseColumn};
use super::cell::decimal_text;
use super::exact::KEY_BYTES_MAX;

const LEVELS: &str = "totals of all levels add up: each has noise of its own, and they are fitted to each other by least squares; the \
                      intervals are those of what is shown";

const PICKED: &str = "rows are picked by their noisy values (LIMIT, HAVING): those that are shown lean the way they were picked, and \
                      fewer than 95 % of their intervals hold; of all groups 95 % do";

/// A share of members whose interval is as wide as this tells nothing.
const TELLS_NOTHING: f64 = 0.9;

const CHOSEN: &str = "bounds that nobody stated were chosen by a pilot, for the least error of a typical group: of noise and of what \
                      the bounds leave out together";

/// Returns the notes of a plan. `is_chosen` says that a pilot chose bounds.
pub(super) fn notes(question: &Question, mechanism: &Mechanism, is_chosen: bool) -> Vec<String> {
    let spec = mechanism.spec();
    let (groups, rows) = (mechanism.bounds().groups_max, spec.rows_max);
    let bounded = |one: &&AggregateSpec| one.kind != AggregateKind::Members;
    let mut notes = Vec::new();
    if is_chosen {
        notes.push(CHOSEN.to_owned());
    }
    if let Some(counter) = spec.counter {
        notes.push(format!(
            "counts on from the first period to the end of this one: of each member the {rows} earliest rows count, over all \
             {} refreshes, which have one price",
            counter.refreshes
        ));
    } else if spec.keys != KeyDomain::None {
        notes.push(format!(
            "each member counts in at most {groups} groups, with at most {rows} rows in each (for SUM: with what so many \
             rows can add); what is beyond is left out"
        ));
    } else if spec.aggregates.iter().any(|one| bounded(&one))
        && multiplicity(question, &question.block).is_none_or(|most| most > rows)
    {
        notes.push(format!(
            "warning: without GROUP BY each member counts with at most {rows} rows of all its rows; where members have \
             more, the total is far below that of all rows: state rows_max to change this"
        ));
    }
    notes.extend(spec.aggregates.iter().filter(bounded).map(|aggregate| of_aggregate(aggregate, rows)));
    notes.extend(question.outputs.iter().filter_map(of_division));
    notes.extend(of_tables(question));
    match &spec.keys {
        KeyDomain::Unknown => {
            notes.push("groups below the threshold are not shown".to_owned());
            notes.push("counts of groups just above the threshold lean high".to_owned());
            notes.push(format!("rows whose key has more than about {KEY_BYTES_MAX} bytes are in no group"));
        }
        KeyDomain::Public(_) => notes.push("every public key is shown, also where nobody is".to_owned()),
        KeyDomain::None => {}
    }
    if !question.rollup.is_empty() {
        notes.push(LEVELS.to_owned());
    }
    notes.extend(of_picking(question));
    notes.push("noise is as likely up as down: a small count can come out negative".to_owned());
    notes.push(
        "the 95 % intervals are about the bounded values: what the bounds leave out is in none".to_owned(),
    );
    notes
}

/// Says how many groups will be shown, as far as a pilot can tell.
pub(super) fn of_survival(survival: Survival) -> String {
    format!(
        "of about {:.0} groups about {:.0} are shown, as the pilot reckons",
        survival.groups, survival.shown
    )
}

/// Says how rows lean that are picked by what noise made of them.
fn of_picking(question: &Question) -> Option<String> {
    let is_noisy = |value: &Value| !value.reads().1.is_empty();
    let cut = question.limit.is_some() || question.offset > 0;
    let picked = cut && question.order.iter().any(|order| is_noisy(&order.by));
    (picked || question.having.as_ref().is_some_and(is_noisy)).then(|| PICKED.to_owned())
}

/// Returns the notes of a stored answer that hold of one which is made of it as well, and what the new one brings.
pub(super) fn of_reuse(question: &Question, stored: &[String]) -> Vec<String> {
    let holds = |note: &&String| *note != PICKED && (*note != LEVELS || !question.rollup.is_empty());
    stored.iter().filter(holds).cloned().chain(of_picking(question)).collect()
}

/// Says what is left out before anything is counted: of joins and of groups of each member.
fn of_tables(question: &Question) -> BTreeSet<String> {
    let mut notes = BTreeSet::new();
    for join in joins(question) {
        if let Some(Table::Dataset { name, .. }) = question.tables.get(join.table)
            && join.rows_max > 1
        {
            notes.insert(format!(
                "each row meets at most {} rows of `{name}`, whose key is not among what is joined on: always the first \
                 of them in the order of their columns",
                join.rows_max
            ));
        }
    }
    for table in &question.tables {
        match table {
            Table::Kept(kept) if kept.earliest.is_none() => {
                let name = name_of(question, kept.of).map(|name| format!(" of `{name}`")).unwrap_or_default();
                notes.insert(format!(
                    "of each member at most {} rows{name} are joined, chosen by a keyed hash",
                    kept.rows_max
                ));
            }
            Table::PerMember(groups) if groups.groups_max > 1 => {
                notes.insert(format!(
                    "the subquery that groups by the member makes at most {} groups of each, chosen by a keyed hash",
                    groups.groups_max
                ));
            }
            _ => {}
        }
    }
    notes
}

/// Says of a number that is divided by another that each is bounded by itself.
fn of_division(output: &Output) -> Option<String> {
    let Shows::Computed(value) = &output.shows else { return None };
    value.divides().then(|| {
        format!(
            "`{}`: each of the numbers that it is made of is bounded by itself, so it leans where members have more rows than \
             count; ask for a share of rows as AVG(CASE WHEN .. THEN 1 ELSE 0 END), which does not",
            output.name
        )
    })
}

fn name_of(question: &Question, table: usize) -> Option<&DatasetName> {
    match question.tables.get(table)? {
        Table::Dataset { name, .. } => Some(name),
        _ => None,
    }
}

fn of_aggregate(aggregate: &AggregateSpec, rows: u32) -> String {
    let name = &aggregate.name;
    if let AggregateKind::Distinct { values_max } = aggregate.kind {
        return format!("`{name}`: counts at most {values_max} distinct values of one member in a group");
    }
    let Some(RowBounds { lower, upper, scale }) = aggregate.kind.row_bounds() else {
        return format!("`{name}`: counts at most {rows} rows of one member in a group");
    };
    let written = |units: i64| decimal_text(i128::from(units), scale);
    let (lower, upper) = (written(lower), written(upper));
    let beyond = match aggregate.kind {
        AggregateKind::MeanSum { .. } | AggregateKind::MeanSquares { .. } => {
            format!("a member with more than {rows} rows in a group counts as {rows} rows of its own average")
        }
        AggregateKind::Quantile { .. } => format!(
            "at most {rows} rows of one member in a group are looked at; MIN and MAX are the quantiles at either end that \
             can be told, and no value of anybody"
        ),
        AggregateKind::SumWithin { least, most, .. } => {
            return format!(
                "`{name}`: all rows of a member in a group together add {} at least and {} at most",
                written(least),
                written(most)
            );
        }
        _ => format!(
            "all rows of a member in a group together add no more than {rows} such values can (divided by a count this \
             is no average: ask for AVG)"
        ),
    };
    format!("`{name}`: a value counts as {lower} at least and {upper} at most; {beyond}")
}

/// Returns what released values themselves tell a reader.
pub(super) fn of_answer(
    question: &Question,
    clipped: ClippedShare,
    columns: &[ReleaseColumn],
    rows: &[Vec<Option<String>>],
) -> Vec<String> {
    let zeros = question.outputs.iter().filter_map(|output| of_zeros(output, columns, rows));
    zeros.chain([of_clipping(question, clipped)]).collect()
}

/// Says in how many rows a variance or a deviation was held at zero.
fn of_zeros(output: &Output, columns: &[ReleaseColumn], rows: &[Vec<Option<String>>]) -> Option<String> {
    let spreads = match &output.shows {
        Shows::Spread(_) => true,
        Shows::Computed(value) => value.reads_spread(),
        _ => false,
    };
    let place = columns.iter().position(|column| spreads && column.name == output.name)?;
    let is_zero = |cell: &str| !cell.contains(|letter: char| ('1'..='9').contains(&letter));
    let held = |row: &&Vec<Option<String>>| row.get(place).and_then(Option::as_deref).is_some_and(is_zero);
    let zeros = rows.iter().filter(held).count();
    (zeros > 0).then(|| {
        format!(
            "`{}`: 0 in {zeros} of {} rows: noise took more off than there was, and no variance is below 0; go by the interval",
            output.name,
            rows.len()
        )
    })
}

/// Says how much the bounds left out, of what joins had left of the rows.
fn of_clipping(question: &Question, clipped: ClippedShare) -> String {
    let before = if of_tables(question).is_empty() {
        ""
    } else {
        "; rows that joins left out are not counted in that"
    };
    if clipped.high95 - clipped.low95 >= TELLS_NOTHING {
        return "there are too few members to tell, through the noise, of how many the bounds left something out".to_owned();
    }
    let percent = |share: f64| format!("{:.0}", share * 100.0);
    format!(
        "of about {} % of the members ({} to {} %) the bounds left something out: groups, rows, or part of a value{before}",
        percent(clipped.share),
        percent(clipped.low95),
        percent(clipped.high95)
    )
}

#[cfg(test)]
mod tests;
