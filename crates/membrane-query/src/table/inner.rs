//! The scan inside a governed one: how it is split, and what it is told of the conditions.
//!
//! The governed scan is a leaf, so that the optimiser of the statement does not reach what is inside. What that would
//! have done for the stored table is done here.

use std::sync::Arc;

use datafusion::common::Result as DataFusionResult;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::SessionState;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

/// Rows of a partition: those of one row group of the lake, so that as many are read at once as there are processors.
const UNIT_ROWS: u64 = 128 << 10;
/// Bytes of a partition, where the rows of a file are not known.
const UNIT_BYTES: u64 = 8 << 20;
/// Partitions of one scan.
const UNITS_MAX: u64 = 16 << 10;

/// Splits a scan into small partitions that keep the stored order, and lets it skip row groups and pages that the
/// conditions rule out. The conditions themselves are evaluated by the governed scan, on what is read.
pub(super) fn optimise(
    scan: Arc<dyn ExecutionPlan>,
    conditions: Option<&Arc<dyn PhysicalExpr>>,
    trusted: &SessionState,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let options = trusted.config_options();
    let mut plan = match units(&scan)? {
        Some(units) => scan.repartitioned(units, options)?.unwrap_or(scan),
        None => scan,
    };
    if let Some(conditions) = conditions {
        plan = Arc::new(FilterExec::try_new(Arc::clone(conditions), plan)?);
    }
    for rule in trusted.physical_optimizers() {
        plan = rule.optimize(plan, options)?;
    }
    // It has told the scan below what it needed to: the governed scan does not trust it and filters again.
    let below = plan.downcast_ref::<FilterExec>().map(|filter| Arc::clone(filter.input()));
    Ok(below.unwrap_or(plan))
}

/// Returns into how many partitions a scan of files is split. Other scans stay as they are.
fn units(scan: &Arc<dyn ExecutionPlan>) -> DataFusionResult<Option<usize>> {
    let mut units: u64 = 0;
    scan.apply(|node| {
        let source = node.downcast_ref::<DataSourceExec>().map(DataSourceExec::data_source);
        if let Some(config) = source.and_then(|source| source.downcast_ref::<FileScanConfig>()) {
            for file in config.file_groups.iter().flat_map(|group| group.iter()) {
                let rows = file.statistics.as_ref().map(|statistics| statistics.num_rows);
                units = units.saturating_add(match rows {
                    Some(Precision::Exact(rows) | Precision::Inexact(rows)) => {
                        u64::try_from(rows).unwrap_or(u64::MAX).div_ceil(UNIT_ROWS)
                    }
                    Some(Precision::Absent) | None => file.effective_size().div_ceil(UNIT_BYTES),
                });
            }
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(usize::try_from(units.min(UNITS_MAX)).ok().filter(|units| *units > 1))
}
