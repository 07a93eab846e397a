//! `system.runs`: what was done, a row for each run.

use membrane_ledger::RunRecord;

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("run", Kind::Text, "Its id."),
    column("started", Kind::Moment, "When it began."),
    column("finished", Kind::Moment, "When it was closed; none while it is open."),
    column("duration_ms", Kind::Whole, "How long it took, in milliseconds."),
    column("principal", Kind::Text, "Who acted."),
    column("principal_kind", Kind::Text, "Of which kind that is."),
    column("on_behalf_of", Kind::Text, "On whose behalf, if not on their own."),
    column("channel", Kind::Text, "By which door they came."),
    column("session", Kind::Text, "The id of the bearer that was shown; none where there was none."),
    column(
        "address",
        Kind::Text,
        "From where: `local`, `loopback`, `private` or `public`; no address is kept.",
    ),
    column("action", Kind::Text, "What was done."),
    column("purpose", Kind::Text, "Why."),
    column("job", Kind::Text, "The job."),
    column("statement", Kind::Text, "The statement, without its literals."),
    column(
        "plan_sha256",
        Kind::Text,
        "What stands for the plan, without its literals: the same question has the same.",
    ),
    column("status", Kind::Text, "`open`, `complete`, `fail`, `refused` or `abandoned`."),
    column("error_code", Kind::Text, "The code of the error, when there was one."),
    column("rows_in", Kind::Whole, "Rows that came in."),
    column("rows_out", Kind::Whole, "Rows that were written or answered; of `retain`, those that went."),
    column("rows_quarantined", Kind::Whole, "Rows that were set aside."),
    column("bytes_out", Kind::Whole, "Bytes that were answered."),
    column("cells_opened", Kind::Whole, "Sealed cells that were opened."),
    column(
        "obligations",
        Kind::Text,
        "What was held back, with commas between: `rows DATASET`, `levels DATASET`.",
    ),
    column(
        "grants",
        Kind::Text,
        "The grants that counted, with commas between: `break-glass N`, `delegation N`.",
    ),
    column(
        "publication",
        Kind::Whole,
        "Which publication of catalog and policies was served; none where files were.",
    ),
    column("leaf", Kind::Whole, "Its place in the Merkle log; none while it is open."),
];

pub(super) fn page(runs: &[RunRecord], _: &Record) -> Result<Rows, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    for run in runs {
        let told = run.circumstances.as_ref();
        rows.push([
            Cell::text(run.run),
            Cell::Moment(Some(run.started)),
            Cell::Moment(run.finished),
            Cell::Whole(run.duration_ms),
            Cell::text(&run.principal),
            Cell::text(run.principal.kind().as_str()),
            Cell::text_or_null(run.on_behalf_of.as_ref()),
            Cell::text_or_null(run.channel.map(|channel| channel.as_str())),
            Cell::text_or_null(told.and_then(|told| told.entrance.session.as_ref())),
            Cell::text_or_null(told.map(|told| told.entrance.address.as_str())),
            Cell::text(run.action),
            Cell::text_or_null(run.purpose.as_ref()),
            Cell::text(&run.job),
            Cell::text_or_null(run.statement.as_ref()),
            Cell::text_or_null(told.and_then(|told| told.plan.as_ref())),
            Cell::text(run.status.as_str()),
            Cell::text_or_null(run.error_code.as_ref()),
            Cell::Whole(run.rows_in),
            Cell::Whole(run.rows_out),
            Cell::Whole(run.rows_quarantined),
            Cell::Whole(run.bytes_out),
            Cell::Whole(run.cells_opened),
            Cell::list(told.map(|told| told.obligations.as_slice()).unwrap_or_default()),
            Cell::list(told.map(|told| told.grants.as_slice()).unwrap_or_default()),
            Cell::Whole(told.and_then(|told| told.entrance.publication)),
            Cell::Whole(run.leaf_index),
        ])?;
    }
    Ok(rows)
}
