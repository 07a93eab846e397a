//! The columns of the tables of `system`.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::information::sql_type;

/// A column of a table of `system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SystemColumn {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub says: &'static str,
    kind: Kind,
}

/// What is in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Whole,
    Number,
    Truth,
    Moment,
    Day,
}

/// Makes a column.
pub(super) const fn column(name: &'static str, kind: Kind, says: &'static str) -> SystemColumn {
    SystemColumn { name, says, kind }
}

impl SystemColumn {
    /// Returns the name of its type in SQL.
    #[must_use]
    pub fn sql_type(&self) -> &'static str {
        sql_type(&self.data_type())
    }

    pub(crate) fn data_type(&self) -> DataType {
        match self.kind {
            Kind::Text => DataType::Utf8View,
            Kind::Whole => DataType::Int64,
            Kind::Number => DataType::Float64,
            Kind::Truth => DataType::Boolean,
            Kind::Moment => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::Day => DataType::Date32,
        }
    }

    pub(super) const fn kind(&self) -> Kind {
        self.kind
    }
}

/// Returns the schema of a table.
pub(super) fn schema(columns: &[SystemColumn]) -> SchemaRef {
    let field = |column: &SystemColumn| Field::new(column.name, column.data_type(), true);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}
