//! `information_schema`: what there is for one principal (ISO/IEC 9075-11), read off the permit and nothing else.
//!
//! PRIVACY: columns are numbered as they are shown, so that a gap does not tell of one that is not. Whether a value may be
//! missing is not told: every shown column may be NULL. Beside what the standard has stands `reveal_level`, how much of the
//! values is shown.

use std::fmt;
use std::sync::Arc;

use crate::error::QueryError;
use crate::rules::{ColumnRule, ScanRules};
use crate::session::{CATALOG, SCHEMA};
use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DataFusionResult;
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

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

/// Makes its tables, of the datasets that there are and the columns that they show.
pub(crate) fn tables(datasets: &[ScanRules]) -> Result<Vec<(&'static str, InformationTable)>, QueryError> {
    let columns: Vec<(&str, usize, &ColumnRule)> = datasets
        .iter()
        .flat_map(|rules| {
            let columns = rules.columns.iter().enumerate();
            columns.map(|(index, column)| (rules.dataset.as_str(), index + 1, column))
        })
        .collect();
    let types: Vec<DataType> = columns.iter().map(|(.., column)| column.shown_type()).collect();
    let names = datasets.iter().map(|rules| rules.dataset.as_str());
    let numbers = columns.iter().map(|(_, number, _)| i64::try_from(*number).unwrap_or(i64::MAX));
    let (all, each) = (datasets.len(), columns.len());
    Ok(vec![
        (
            TABLES,
            table([
                ("table_catalog", always(CATALOG, all)),
                ("table_schema", always(SCHEMA, all)),
                ("table_name", texts(names)),
                ("table_type", always("BASE TABLE", all)),
            ])?,
        ),
        (
            COLUMNS,
            table([
                ("table_catalog", always(CATALOG, each)),
                ("table_schema", always(SCHEMA, each)),
                ("table_name", texts(columns.iter().map(|(dataset, ..)| *dataset))),
                ("column_name", texts(columns.iter().map(|(.., column)| column.name.as_str()))),
                ("ordinal_position", Arc::new(Int64Array::from_iter_values(numbers))),
                ("column_default", new_null_array(&DataType::Utf8, each)),
                ("is_nullable", always("YES", each)),
                ("data_type", texts(types.iter().map(sql_type))),
                ("numeric_precision", whole(types.iter().map(precision))),
                ("numeric_scale", whole(types.iter().map(scale))),
                ("reveal_level", texts(columns.iter().map(|(.., column)| column.level().as_str()))),
            ])?,
        ),
        (
            SCHEMATA,
            table([
                ("catalog_name", always(CATALOG, 2)),
                ("schema_name", texts([NAME, SCHEMA].into_iter())),
            ])?,
        ),
    ])
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
fn sql_type(data_type: &DataType) -> &'static str {
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
