//! What a reader of the numbers should know, in sentences: told before the price is paid, and again with the answer.
//!
//! The notes of a plan follow from the statement and its bounds alone; what is added to an answer reads released
//! values.

use membrane_privacy::{AggregateKind, AggregateSpec, KeyDomain, Mechanism, RowBounds};

use super::answer::ClippedShare;
use super::cell::decimal_text;
use super::exact::KEY_BYTES_MAX;

/// Returns the notes of a plan.
pub(super) fn notes(mechanism: &Mechanism) -> Vec<String> {
    let spec = mechanism.spec();
    let (groups, rows) = (mechanism.bounds().groups_max, spec.rows_max);
    let bounded = |one: &&AggregateSpec| one.kind != AggregateKind::Members;
    let mut notes = Vec::new();
    if spec.keys != KeyDomain::None {
        notes.push(format!(
            "each member counts in at most {groups} groups, with at most {rows} rows in each (for SUM: with what so many \
             rows can add); what is beyond is left out"
        ));
    } else if spec.aggregates.iter().any(|one| bounded(&one)) {
        notes.push(format!(
            "warning: without GROUP BY each member counts with at most {rows} rows of all its rows; where members have \
             more, the total is far below that of all rows: state rows_max to change this"
        ));
    }
    notes.extend(spec.aggregates.iter().filter(bounded).map(|aggregate| of_aggregate(aggregate, rows)));
    match &spec.keys {
        KeyDomain::Unknown => {
            notes.push("groups below the threshold are not shown".to_owned());
            notes.push("counts of groups just above the threshold lean high".to_owned());
            notes.push(format!("rows whose key has more than about {KEY_BYTES_MAX} bytes are in no group"));
        }
        KeyDomain::Public(_) => notes.push("every public key is shown, also where nobody is".to_owned()),
        KeyDomain::None => {}
    }
    notes.push("noise is as likely up as down: a small count can come out negative".to_owned());
    notes.push(
        "the 95 % intervals are about the bounded values: what the bounds leave out is in none".to_owned(),
    );
    notes
}

fn of_aggregate(aggregate: &AggregateSpec, rows: u32) -> String {
    let name = &aggregate.name;
    let Some(RowBounds { lower, upper, scale }) = aggregate.kind.row_bounds() else {
        return format!("`{name}`: counts at most {rows} rows of one member in a group");
    };
    let written = |units: i64| decimal_text(i128::from(units), scale);
    let (lower, upper) = (written(lower), written(upper));
    let beyond = if matches!(aggregate.kind, AggregateKind::MeanSum { .. }) {
        format!("a member with more than {rows} rows in a group counts as {rows} rows of its own average")
    } else {
        format!(
            "all rows of a member in a group together add no more than {rows} such values can (divided by a count this \
             is no average: ask for AVG)"
        )
    };
    format!("`{name}`: a value counts as {lower} at least and {upper} at most; {beyond}")
}

/// Says how much the bounds left out.
pub(super) fn of_clipping(clipped: ClippedShare) -> String {
    let percent = |share: f64| format!("{:.0}", share * 100.0);
    format!(
        "of about {} % of the members ({} to {} %) the bounds left something out: groups, rows, or part of a value",
        percent(clipped.share),
        percent(clipped.low95),
        percent(clipped.high95)
    )
}

#[cfg(test)]
mod tests;
