//! What the planner of a release may know: contracts and permitted columns, never data.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DataFusionResult;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use membrane_catalog::Dataset;
use membrane_model::{ColumnName, DatasetName, LogicalType};
use membrane_policy::RowRule;

/// The datasets that a release may name.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    tables: Vec<ScopeTable>,
}

/// A dataset that a release may name.
#[derive(Debug, Clone)]
pub(super) struct ScopeTable {
    /// Its contract.
    pub(super) dataset: Arc<Dataset>,
    /// The columns that the governed scan shows in clear.
    pub(super) clear: BTreeSet<ColumnName>,
    /// Which of its rows count.
    pub(super) row_rule: RowRule,
}

impl ScopeTable {
    /// States what a release may use of a dataset: the columns for which `shown` says that the governed
    /// scan shows them in clear.
    pub(super) fn new(
        dataset: &Arc<Dataset>,
        row_rule: &RowRule,
        shown: impl Fn(&ColumnName) -> bool,
    ) -> Self {
        let clear = dataset.columns.iter().map(|column| &column.name).filter(|name| shown(name));
        Self { dataset: Arc::clone(dataset), clear: clear.cloned().collect(), row_rule: row_rule.clone() }
    }

    /// Returns the column by which members are told apart, if rows are about members.
    pub(super) fn subject(&self) -> Option<&ColumnName> {
        self.dataset.subject.as_ref().map(|subject| &subject.column)
    }

    /// Returns the columns that SQL may name, as the planner sees them. The subject's column is there also
    /// when it is not shown, for COUNT(DISTINCT ..) and nothing else.
    fn schema(&self) -> SchemaRef {
        let visible = self.dataset.columns.iter().filter_map(|column| {
            let data_type = if self.clear.contains(&column.name) {
                arrow_type(column.logical_type)
            } else if self.subject() == Some(&column.name) {
                // Text, so that a function of it is planned and refused by name, whatever it takes.
                DataType::Utf8
            } else {
                return None;
            };
            Some(Field::new(column.name.as_str(), data_type, !column.required))
        });
        Arc::new(Schema::new(visible.collect::<Vec<Field>>()))
    }
}

impl Scope {
    /// Makes a scope of these tables.
    pub(super) fn new(tables: Vec<ScopeTable>) -> Self {
        Self { tables }
    }

    /// Finds a table.
    pub(super) fn table(&self, name: &DatasetName) -> Option<&ScopeTable> {
        self.tables.iter().find(|table| table.dataset.name == *name)
    }

    /// Returns tables for planning only: they have a schema and refuse to be scanned.
    pub(super) fn planning_tables(&self) -> Vec<(DatasetName, Arc<dyn TableProvider>)> {
        let table = |table: &ScopeTable| {
            let provider: Arc<dyn TableProvider> = Arc::new(SchemaOnly { schema: table.schema() });
            (table.dataset.name.clone(), provider)
        };
        self.tables.iter().map(table).collect()
    }
}

fn arrow_type(logical: LogicalType) -> DataType {
    match logical {
        LogicalType::String => DataType::Utf8,
        LogicalType::Integer => DataType::Int64,
        LogicalType::Number => DataType::Float64,
        LogicalType::Decimal { precision, scale } => DataType::Decimal128(precision, scale),
        LogicalType::Boolean => DataType::Boolean,
        LogicalType::Date => DataType::Date32,
        LogicalType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

/// A table without rows or a way to them.
#[derive(Debug)]
struct SchemaOnly {
    schema: SchemaRef,
}

#[async_trait]
impl TableProvider for SchemaOnly {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        _projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        Err(DataFusionError::Plan("a release is planned without data".to_owned()))
    }
}
