//! `system.columns`: the columns of the catalog that is served.

use datafusion::arrow::record_batch::RecordBatch;

use super::Record;
use super::column::{Kind, SystemColumn, column};
use super::rows::{Cell, Rows};
use crate::fault::ScanFault;

pub(super) const COLUMNS: &[SystemColumn] = &[
    column("dataset", Kind::Text, "The dataset."),
    column("position", Kind::Whole, "Its place in the contract, from 1."),
    column("column_name", Kind::Text, "Its name."),
    column("description", Kind::Text, "What it means."),
    column("type", Kind::Text, "Its type in the contract."),
    column("class", Kind::Text, "How sensitive it is: `pii.phone`."),
    column(
        "protection",
        Kind::Text,
        "How it is stored: `clear`, `token`, `sealed`, `sealed+token`, `generalise(..)` or `drop`.",
    ),
    column("identity", Kind::Text, "The kind of identifier in it, if it is one."),
    column("is_subject", Kind::Truth, "Whether it says whose row it is."),
    column("is_key", Kind::Truth, "Whether it is part of what names a row."),
    column("required", Kind::Truth, "Whether every row has a value."),
    column("refers_to", Kind::Text, "The column of another dataset that it refers to."),
];

pub(super) fn rows(record: &Record) -> Result<RecordBatch, ScanFault> {
    let mut rows = Rows::new(COLUMNS);
    for dataset in record.parts.catalog.datasets() {
        for (index, column) in dataset.columns.iter().enumerate() {
            let subject = dataset.subject.as_ref().is_some_and(|subject| subject.column == column.name);
            let reference = column.rules.reference.as_ref();
            rows.push([
                Cell::text(&dataset.name),
                Cell::count(index + 1),
                Cell::text(&column.name),
                Cell::text(&column.description),
                Cell::text(column.logical_type),
                Cell::text(&column.class),
                Cell::text(column.protection),
                Cell::text_or_null(column.identity.as_ref()),
                Cell::Truth(Some(subject)),
                Cell::Truth(Some(dataset.primary_key.contains(&column.name))),
                Cell::Truth(Some(column.required)),
                Cell::text_or_null(reference.map(|to| format!("{}.{}", to.dataset, to.column))),
            ])?;
        }
    }
    rows.finish()
}
