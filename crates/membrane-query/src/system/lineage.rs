//! `system.lineage`: where columns came from, a row for each edge of each run.

use membrane_catalog::Catalog;
use membrane_ledger::RunRecord;
use membrane_model::{Action, FieldRef, LineageEdge, Protection};

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("run", Kind::Text, "In which run."),
    column("started", Kind::Moment, "When it began."),
    column("action", Kind::Text, "What it did."),
    column("from_kind", Kind::Text, "`dataset`, or `source` for a delivery."),
    column("from_dataset", Kind::Text, "The dataset; of a delivery its form and some digits."),
    column("from_column", Kind::Text, "The column, or the field of the delivery."),
    column("to_kind", Kind::Text, "`dataset` or `answer`."),
    column("to_dataset", Kind::Text, "The dataset; of an answer the run."),
    column("to_column", Kind::Text, "The column."),
    column("kind", Kind::Text, "`DIRECT`: a value came through; `INDIRECT`: it had a say."),
    column(
        "subtype",
        Kind::Text,
        "`IDENTITY`, `TRANSFORMATION`, `AGGREGATION`, `JOIN`, `GROUP_BY`, `FILTER`, `SORT`, `WINDOW` or `CONDITIONAL`.",
    ),
    column("masked", Kind::Truth, "Whether it was obscured on the way."),
    column(
        "strength",
        Kind::Text,
        "How much came through: `clear`, `partial`, `generalised`, `token`, `sealed`, `noise`, `null`; `masked` where the contract is gone that said how.",
    ),
];

pub(super) fn page(runs: &[RunRecord], record: &Record) -> Result<Rows, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    for run in runs {
        for edge in &run.edges {
            let kind = if edge.transformation.is_direct() { "DIRECT" } else { "INDIRECT" };
            rows.push([
                Cell::text(run.run),
                Cell::Moment(Some(run.started)),
                Cell::text(run.action),
                Cell::text(&edge.from.namespace),
                Cell::text(&edge.from.name),
                Cell::text(&edge.from.field),
                Cell::text(&edge.to.namespace),
                Cell::text(&edge.to.name),
                Cell::text(&edge.to.field),
                Cell::text(kind),
                Cell::text(edge.transformation.as_str()),
                Cell::Truth(Some(edge.masking)),
                Cell::text(strength(run, edge, &record.parts.catalog)),
            ])?;
        }
    }
    Ok(rows)
}

/// Says how much came through, as walks along lineage do: of what a reader saw by the decision of the run, of what was stored by the
/// contract that is served.
fn strength(run: &RunRecord, edge: &LineageEdge, catalog: &Catalog) -> &'static str {
    if !edge.masking {
        return "clear";
    }
    if run.action == Action::Release {
        return "noise";
    }
    if edge.to.namespace == FieldRef::DATASETS {
        return stored(&edge.to, catalog).unwrap_or("masked");
    }
    let about = run.decisions.iter().filter(|decision| {
        decision.allowed && decision.dataset.as_ref().is_some_and(|name| name.as_str() == edge.from.name)
    });
    let columns = about.flat_map(|decision| &decision.columns);
    let level =
        columns.filter(|about| about.column.as_str() == edge.from.field).filter_map(|about| about.level);
    level.max().map_or("masked", |level| level.as_str())
}

fn stored(field: &FieldRef, catalog: &Catalog) -> Option<&'static str> {
    let dataset = catalog.dataset(&field.name.parse().ok()?)?;
    Some(match dataset.column(&field.field.parse().ok()?)?.protection {
        Protection::Clear => "clear",
        Protection::Token => "token",
        Protection::Sealed | Protection::SealedToken => "sealed",
        Protection::Generalise(_) => "generalised",
        Protection::Drop => "null",
    })
}
