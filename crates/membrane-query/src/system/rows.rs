//! Rows of a table of `system` on their way into a batch.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use datafusion::arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, StringViewBuilder,
    TimestampMicrosecondBuilder,
};
use datafusion::arrow::datatypes::{Date32Type, SchemaRef};
use datafusion::arrow::record_batch::RecordBatch;

use super::column::{Kind, SystemColumn, schema};
use crate::fault::ScanFault;

/// One cell.
#[derive(Debug, Clone)]
pub(super) enum Cell {
    Text(Option<String>),
    Whole(Option<u64>),
    Number(Option<f64>),
    Truth(Option<bool>),
    Moment(Option<DateTime<Utc>>),
    Day(Option<NaiveDate>),
}

impl Cell {
    pub(super) fn text(text: impl ToString) -> Self {
        Self::Text(Some(text.to_string()))
    }

    pub(super) fn text_or_null(text: Option<impl ToString>) -> Self {
        Self::Text(text.map(|text| text.to_string()))
    }

    /// Several words in one cell; none is no text.
    pub(super) fn list(words: &[String]) -> Self {
        Self::Text((!words.is_empty()).then(|| words.join(", ")))
    }

    pub(super) fn count(count: usize) -> Self {
        Self::Whole(u64::try_from(count).ok())
    }
}

/// Rows that become a batch.
pub(super) struct Rows {
    schema: SchemaRef,
    columns: Vec<Builder>,
}

enum Builder {
    Text(StringViewBuilder),
    Whole(Int64Builder),
    Number(Float64Builder),
    Truth(BooleanBuilder),
    Moment(TimestampMicrosecondBuilder),
    Day(Date32Builder),
}

impl Rows {
    pub(super) fn new(columns: &[SystemColumn]) -> Self {
        Self {
            schema: schema(columns),
            columns: columns.iter().map(|column| Builder::of(column.kind())).collect(),
        }
    }

    /// Adds a row, whose cells are those of the table's columns.
    pub(super) fn push<const N: usize>(&mut self, cells: [Cell; N]) -> Result<(), ScanFault> {
        if N != self.columns.len() {
            return Err(ScanFault::Shape);
        }
        self.columns.iter_mut().zip(cells).try_for_each(|(column, cell)| column.push(cell))
    }

    pub(super) fn finish(self) -> Result<RecordBatch, ScanFault> {
        let arrays = self.columns.into_iter().map(Builder::finish).collect();
        Ok(RecordBatch::try_new(self.schema, arrays)?)
    }
}

impl Builder {
    fn of(kind: Kind) -> Self {
        match kind {
            Kind::Text => Self::Text(StringViewBuilder::new()),
            Kind::Whole => Self::Whole(Int64Builder::new()),
            Kind::Number => Self::Number(Float64Builder::new()),
            Kind::Truth => Self::Truth(BooleanBuilder::new()),
            Kind::Moment => Self::Moment(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            Kind::Day => Self::Day(Date32Builder::new()),
        }
    }

    fn push(&mut self, cell: Cell) -> Result<(), ScanFault> {
        match (self, cell) {
            (Self::Text(builder), Cell::Text(text)) => builder.append_option(text),
            // A count beyond what SQL has as a whole number is as large as there is.
            (Self::Whole(builder), Cell::Whole(number)) => {
                builder.append_option(number.map(|number| i64::try_from(number).unwrap_or(i64::MAX)));
            }
            (Self::Number(builder), Cell::Number(number)) => builder.append_option(number),
            (Self::Truth(builder), Cell::Truth(truth)) => builder.append_option(truth),
            (Self::Moment(builder), Cell::Moment(moment)) => {
                builder.append_option(moment.map(|moment| moment.timestamp_micros()));
            }
            (Self::Day(builder), Cell::Day(day)) => {
                builder.append_option(day.map(Date32Type::from_naive_date));
            }
            _ => return Err(ScanFault::Shape),
        }
        Ok(())
    }

    fn finish(self) -> ArrayRef {
        let mut builder: Box<dyn ArrayBuilder> = match self {
            Self::Text(builder) => Box::new(builder),
            Self::Whole(builder) => Box::new(builder),
            Self::Number(builder) => Box::new(builder),
            Self::Truth(builder) => Box::new(builder),
            Self::Moment(builder) => Box::new(builder),
            Self::Day(builder) => Box::new(builder),
        };
        Arc::clone(&builder.finish())
    }
}
