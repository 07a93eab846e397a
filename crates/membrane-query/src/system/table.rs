//! A table of `system` as the engine sees it.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result as DataFusionResult;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::StreamingTableExec;
use membrane_ledger::RunWindow;

use super::column::schema;
use super::pages::Pages;
use super::window::{Bounded, narrow, narrows};
use super::{Record, SystemTable, anomalies, audit, columns_read, quality};

/// A table of the record.
///
/// INVARIANT: [`crate::Engine::look`] makes it, under a permit to audit; the plan check lets scans of it pass.
pub(crate) struct RecordTable {
    table: SystemTable,
    record: Arc<Record>,
    schema: SchemaRef,
}

impl RecordTable {
    pub(super) fn new(table: SystemTable, record: &Arc<Record>) -> Self {
        Self { table, record: Arc::clone(record), schema: schema(table.columns()) }
    }

    /// Returns by which columns less of the record is read.
    const fn bounded(&self) -> Option<Bounded> {
        match self.table {
            SystemTable::Columns
            | SystemTable::Datasets
            | SystemTable::Grants
            | SystemTable::Policies
            | SystemTable::PolicyFiles
            | SystemTable::PolicyVersions => None,
            SystemTable::Anomalies => Some(anomalies::BOUNDED),
            SystemTable::Audit => Some(audit::BOUNDED),
            SystemTable::ColumnsRead => Some(columns_read::BOUNDED),
            SystemTable::Quality => Some(quality::BOUNDED),
            SystemTable::DecisionColumns
            | SystemTable::Decisions
            | SystemTable::Lineage
            | SystemTable::Releases
            | SystemTable::Runs => {
                Some(Bounded { moment: "started", run: Some("run"), leaf: None, column: None })
            }
        }
    }
}

impl fmt::Debug for RecordTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecordTable").field(&self.table).finish()
    }
}

#[async_trait]
impl TableProvider for RecordTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DataFusionResult<Vec<TableProviderFilterPushDown>> {
        let narrowing = |filter: &&Expr| match self.bounded().is_some_and(|bounded| narrows(bounded, filter))
        {
            true => TableProviderFilterPushDown::Inexact,
            false => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(narrowing).collect())
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
        let mut window = RunWindow::default();
        if let Some(bounded) = self.bounded() {
            filters.iter().for_each(|filter| narrow(&mut window, bounded, filter));
        }
        let pages = Pages::new(self.table, Arc::clone(&self.record), Arc::clone(&self.schema), window);
        let schema = Arc::clone(&self.schema);
        let scan =
            StreamingTableExec::try_new(schema, vec![Arc::new(pages)], projection, None, false, limit)?;
        Ok(Arc::new(scan))
    }
}
