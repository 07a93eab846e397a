//! `system.columns_read`: which columns statements took, a row for each column of each run: who did see, where `system.decision_columns` says who could
//! have.

use membrane_ledger::RunRecord;

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use super::window::Bounded;
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("run", Kind::Text, "In which run."),
    column("started", Kind::Moment, "When it began."),
    column("principal", Kind::Text, "Who asked."),
    column("on_behalf_of", Kind::Text, "On whose behalf, if not on their own."),
    column("action", Kind::Text, "To do what."),
    column("purpose", Kind::Text, "Why."),
    column("status", Kind::Text, "How the run ended: what failed half-way may have been seen in part."),
    column("dataset", Kind::Text, "Of which dataset."),
    column("column_name", Kind::Text, "The column."),
    column(
        "level",
        Kind::Text,
        "The highest level at which it was permitted; `noise` in a release; none where nothing was decided about it.",
    ),
    column("direct", Kind::Truth, "Whether a value of it came through, as it was shown or changed."),
    column(
        "indirect",
        Kind::Truth,
        "Whether it had a say: which rows there are, in which order, in which groups.",
    ),
    column("policies", Kind::Text, "The policies that decided about it, with commas between them."),
];

/// A window is about runs, and about the column: there is an index of what was taken.
pub(super) const BOUNDED: Bounded =
    Bounded { moment: "started", run: Some("run"), leaf: None, column: Some("column_name") };

pub(super) fn page(runs: &[RunRecord], _: &Record) -> Result<Rows, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    for run in runs {
        for read in run.columns_read() {
            let policies: Vec<String> = read.factors.iter().map(|factor| (*factor).to_owned()).collect();
            rows.push([
                Cell::text(run.run),
                Cell::Moment(Some(run.started)),
                Cell::text(&run.principal),
                Cell::text_or_null(run.on_behalf_of.as_ref()),
                Cell::text(run.action),
                Cell::text_or_null(run.purpose.as_ref()),
                Cell::text(run.status.as_str()),
                Cell::text(read.dataset),
                Cell::text(read.column),
                Cell::text_or_null(read.level),
                Cell::Truth(Some(read.is_direct)),
                Cell::Truth(Some(read.is_indirect)),
                Cell::list(&policies),
            ])?;
        }
    }
    Ok(rows)
}
