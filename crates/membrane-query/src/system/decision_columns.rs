//! `system.decision_columns`: what policy decided about columns, a row for each column of each decision.

use membrane_ledger::RunRecord;

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("run", Kind::Text, "In which run."),
    column("position", Kind::Whole, "The decision's place in the run."),
    column("started", Kind::Moment, "When the run began."),
    column("principal", Kind::Text, "Who asked."),
    column("action", Kind::Text, "To do what."),
    column("purpose", Kind::Text, "Why."),
    column("dataset", Kind::Text, "Of which dataset."),
    column("column_name", Kind::Text, "The column."),
    column("level", Kind::Text, "At which level it was permitted; none: it was not there for them."),
    column("policies", Kind::Text, "The policies that decided, with commas between them."),
];

pub(super) fn page(runs: &[RunRecord], _: &Record) -> Result<Rows, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    for run in runs {
        for (position, decision) in run.decisions.iter().enumerate() {
            for about in &decision.columns {
                rows.push([
                    Cell::text(run.run),
                    Cell::count(position),
                    Cell::Moment(Some(run.started)),
                    Cell::text(&run.principal),
                    Cell::text(run.action),
                    Cell::text_or_null(run.purpose.as_ref()),
                    Cell::text_or_null(decision.dataset.as_ref()),
                    Cell::text(&about.column),
                    Cell::text_or_null(about.level),
                    Cell::list(&about.factors),
                ])?;
            }
        }
    }
    Ok(rows)
}
