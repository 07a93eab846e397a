//! `information_schema`: what there is for one principal (ISO/IEC 9075-11), read off the permit and nothing else.
//!
//! PRIVACY: columns are numbered as they are shown, so that a gap does not tell of one that is not. Whether a value may be
//! missing is not told: every shown column may be NULL. Beside what the standard has stands `reveal_level`, how much of the
//! values is shown.

use std::fmt;
use std::sync::Arc;

use crate::error::QueryError;
use crate::rules::ScanRules;
use crate::session::{CATALOG, SCHEMA};
use crate::system::{self, SystemTable};
use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DataFusionResult;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use membrane_model::RevealLevel;

/// The name of the schema.
pub(crate) const NAME: &str = "information_schema";

const TABLES: &str = "tables";
const COLUMNS: &str = "columns";
const SCHEMATA: &str = "schemata";

/// Tells whether the schema has a table of this name.
pub(crate) fn has(table: &str) -> bool {
    [TABLES, COLUMNS, SCHEMATA].contains(&table)
}

/// One of its tables.
///
/// INVARIANT: made here only, from what a permit says; the plan check lets scans of it pass.
pub(crate) struct InformationTable(MemTable);

/// A column of a table that there is.
struct Listed<'a> {
    schema: &'static str,
    table: &'a str,
    /// From 1, as it is shown.
    number: usize,
    name: &'a str,
    data_type: DataType,
    level: &'static str,
}

/// Makes its tables, of the datasets that there are and the columns that they show; of those of the record for whoever may look at it.
pub(crate) fn tables(
    datasets: &[ScanRules],
    audits: bool,
) -> Result<Vec<(&'static str, InformationTable)>, QueryError> {
    let record = if audits { &SystemTable::ALL[..] } else { &[] };
    let columns: Vec<Listed<'_>> = datasets
        .iter()
        .flat_map(of_dataset)
        .chain(record.iter().flat_map(|table| of_record(*table)))
        .collect();
    let each = columns.len();
    let all: Vec<(&str, &str)> = datasets
        .iter()
        .map(|rules| (SCHEMA, rules.dataset.as_str()))
        .chain(record.iter().map(|table| (system::NAME, table.name())))
        .collect();
    let schemas: Vec<&str> = [NAME, SCHEMA].into_iter().chain(audits.then_some(system::NAME)).collect();
    let numbers = columns.iter().map(|column| i64::try_from(column.number).unwrap_or(i64::MAX));
    Ok(vec![
        (
            TABLES,
            table([
                ("table_catalog", always(CATALOG, all.len())),
                ("table_schema", texts(all.iter().map(|(schema, _)| *schema))),
                ("table_name", texts(all.iter().map(|(_, name)| *name))),
                ("table_type", always("BASE TABLE", all.len())),
            ])?,
        ),
        (
            COLUMNS,
            table([
                ("table_catalog", always(CATALOG, each)),
                ("table_schema", texts(columns.iter().map(|column| column.schema))),
                ("table_name", texts(columns.iter().map(|column| column.table))),
                ("column_name", texts(columns.iter().map(|column| column.name))),
                ("ordinal_position", Arc::new(Int64Array::from_iter_values(numbers))),
                ("column_default", new_null_array(&DataType::Utf8, each)),
                ("is_nullable", always("YES", each)),
                ("data_type", texts(columns.iter().map(|column| sql_type(&column.data_type)))),
                ("numeric_precision", whole(columns.iter().map(|column| precision(&column.data_type)))),
                ("numeric_scale", whole(columns.iter().map(|column| scale(&column.data_type)))),
                ("reveal_level", texts(columns.iter().map(|column| column.level))),
            ])?,
        ),
        (
            SCHEMATA,
            table([
                ("catalog_name", always(CATALOG, schemas.len())),
                ("schema_name", texts(schemas.into_iter())),
            ])?,
        ),
    ])
}

fn of_dataset(rules: &ScanRules) -> impl Iterator<Item = Listed<'_>> {
    rules.columns.iter().enumerate().map(|(index, column)| Listed {
        schema: SCHEMA,
        table: rules.dataset.as_str(),
        number: index + 1,
        name: column.name.as_str(),
        data_type: column.shown_type(),
        level: column.level().as_str(),
    })
}

fn of_record<'a>(table: SystemTable) -> impl Iterator<Item = Listed<'a>> {
    table.columns().iter().enumerate().map(move |(index, column)| Listed {
        schema: system::NAME,
        table: table.name(),
        number: index + 1,
        name: column.name,
        data_type: column.data_type(),
        level: RevealLevel::Clear.as_str(),
    })
}

fn table<const N: usize>(columns: [(&'static str, ArrayRef); N]) -> Result<InformationTable, QueryError> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|_| QueryError::Failed)?;
    MemTable::try_new(schema, vec![vec![batch]]).map(InformationTable).map_err(|_| QueryError::Failed)
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn always(value: &str, rows: usize) -> ArrayRef {
    texts(std::iter::repeat_n(value, rows))
}

fn whole(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

/// The name of a shown type in SQL.
pub(crate) fn sql_type(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Int64 => "bigint",
        DataType::Float64 => "double precision",
        DataType::Decimal128(..) => "numeric",
        DataType::Boolean => "boolean",
        DataType::Date32 => "date",
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => "timestamp with time zone",
        DataType::Timestamp(_, _) => "timestamp without time zone",
        _ => "text",
    }
}

fn precision(data_type: &DataType) -> Option<i64> {
    match data_type {
        DataType::Decimal128(precision, _) => Some((*precision).into()),
        _ => None,
    }
}

fn scale(data_type: &DataType) -> Option<i64> {
    match data_type {
        DataType::Decimal128(_, scale) => Some((*scale).into()),
        _ => None,
    }
}

impl fmt::Debug for InformationTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InformationTable")
    }
}

#[async_trait]
impl TableProvider for InformationTable {
    fn schema(&self) -> SchemaRef {
        self.0.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        self.0.scan(state, projection, filters, limit).await
    }
}
