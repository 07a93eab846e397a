//! `system.decisions`: what policy decided, a row for each decision.

use membrane_ledger::{Decision, RunRecord};
use membrane_model::RevealLevel;

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("run", Kind::Text, "In which run."),
    column("position", Kind::Whole, "Its place in the run, from 0."),
    column("started", Kind::Moment, "When the run began."),
    column("principal", Kind::Text, "Who asked."),
    column("on_behalf_of", Kind::Text, "On whose behalf, if not on their own."),
    column("action", Kind::Text, "To do what."),
    column("purpose", Kind::Text, "Why."),
    column(
        "dataset",
        Kind::Text,
        "With which dataset; none where it is about the hub, or about a name that nobody knows.",
    ),
    column("allowed", Kind::Truth, "Whether it was permitted."),
    column("level", Kind::Text, "The highest level at which a column was permitted."),
    column("columns_shown", Kind::Whole, "How many columns were permitted, at whichever level."),
    column("columns_hidden", Kind::Whole, "How many were not there."),
    column("reason", Kind::Text, "Why, in words."),
    column("policies", Kind::Text, "The policies that decided, with commas between them."),
    column("policy_version", Kind::Text, "The version of all policies."),
];

pub(super) fn page(runs: &[RunRecord], _: &Record) -> Result<Rows, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    for run in runs {
        for (position, decision) in run.decisions.iter().enumerate() {
            let shown = decision.columns.iter().filter(|column| column.level.is_some()).count();
            rows.push([
                Cell::text(run.run),
                Cell::count(position),
                Cell::Moment(Some(run.started)),
                Cell::text(&run.principal),
                Cell::text_or_null(run.on_behalf_of.as_ref()),
                Cell::text(run.action),
                Cell::text_or_null(run.purpose.as_ref()),
                Cell::text_or_null(decision.dataset.as_ref()),
                Cell::Truth(Some(decision.allowed)),
                Cell::text_or_null(highest(decision)),
                Cell::count(shown),
                Cell::count(decision.columns.len() - shown),
                Cell::text(&decision.reason),
                Cell::list(&decision.factors),
                Cell::text(&decision.policy_version),
            ])?;
        }
    }
    Ok(rows)
}

fn highest(decision: &Decision) -> Option<RevealLevel> {
    decision.columns.iter().filter_map(|column| column.level).max()
}
