//! `system.releases`: what was paid for, a row for each release.

use membrane_ledger::RunRecord;

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("release", Kind::Whole, "Its number."),
    column("run", Kind::Text, "In which run."),
    column("started", Kind::Moment, "When the run began."),
    column("partner", Kind::Text, "Who paid, and was told."),
    column("purpose", Kind::Text, "Why."),
    column("datasets", Kind::Text, "The datasets, with commas between them."),
    column("statement", Kind::Text, "The statement, without its literals."),
    column(
        "state",
        Kind::Text,
        "`reserved`, `committed`: its answer is stored, or `burned`: it failed and stays paid.",
    ),
    column("rho", Kind::Number, "What it cost, in rho of zero-concentrated differential privacy."),
    column("delta", Kind::Number, "What it cost beside that, in delta."),
    column("reserved", Kind::Moment, "When its price was reserved."),
    column("committed", Kind::Moment, "When its answer was stored."),
    column("answer_sha256", Kind::Text, "What stands for the answer: SHA-256, as hexadecimal digits."),
];

pub(super) fn page(runs: &[RunRecord], _: &Record) -> Result<Rows, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    for run in runs {
        let mut datasets: Vec<String> = run.inputs.iter().map(|input| input.dataset.to_string()).collect();
        datasets.dedup();
        for release in &run.releases {
            rows.push([
                Cell::Whole(Some(release.release)),
                Cell::text(run.run),
                Cell::Moment(Some(run.started)),
                Cell::text(&release.partner),
                Cell::text_or_null(run.purpose.as_ref()),
                Cell::list(&datasets),
                Cell::text_or_null(run.statement.as_ref()),
                Cell::text(release.state.as_str()),
                Cell::Number(Some(release.price.rho())),
                Cell::Number(Some(release.price.delta())),
                Cell::Moment(Some(release.reserved)),
                Cell::Moment(release.committed),
                Cell::text_or_null(release.answer_sha256.as_ref()),
            ])?;
        }
    }
    Ok(rows)
}
