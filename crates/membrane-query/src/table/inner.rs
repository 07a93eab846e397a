//! The scan inside a governed one: how it is split, and what it is told of the conditions.
//!
//! The governed scan is a leaf, so that the optimiser of the statement does not reach what is inside. What that would
//! have done for the stored table is done here.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, FieldRef, Schema};
use datafusion::common::DataFusionError;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::SessionState;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::ProjectionExpr;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

/// What the Delta library calls its scan.
const DELTA_SCAN: &str = "DeltaScanExec";
/// Rows of a partition: those of one row group of the lake, so that as many are read at once as there are processors.
const UNIT_ROWS: u64 = 128 << 10;
/// Bytes of a partition, where the rows of a file are not known.
const UNIT_BYTES: u64 = 8 << 20;
/// Partitions of one scan.
const UNITS_MAX: u64 = 16 << 10;

/// Returns the scan of Parquet files inside a scan of a Delta table, where the table is its files and nothing else.
///
/// The Delta scan looks at each row for the file that it came from, to do what is to be done to the rows of that file.
/// There is nothing to be done, and it costs as much as an eighth of a scan. If what is found inside is not what is
/// expected, the scan stays as it is.
pub(super) fn plain(scan: Arc<dyn ExecutionPlan>) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    if scan.name() != DELTA_SCAN {
        return Ok(scan);
    }
    let children: Vec<_> = scan.children().into_iter().map(Arc::clone).collect();
    let Ok([files]) = <[_; 1]>::try_from(children) else { return Ok(scan) };
    if !files.is::<DataSourceExec>() {
        return Ok(scan);
    }
    let (outer, inner) = (scan.schema(), files.schema());
    let mut columns = Vec::with_capacity(outer.fields().len());
    for field in outer.fields() {
        let same = |other: &&FieldRef| other.name() == field.name() && other.data_type() == field.data_type();
        let Some(index) = inner.fields().iter().position(|other| same(&other)) else { return Ok(scan) };
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), index));
        columns.push(ProjectionExpr::new(column, field.name()));
    }
    // Without the column that says the file.
    let projection = ProjectionExec::try_new(columns, Arc::clone(&files))?;
    let found =
        files.try_swapping_with_projection(&projection)?.filter(|files| same_shape(&files.schema(), &outer));
    Ok(found.unwrap_or(scan))
}

/// Leaves out of a scan all files but some. The scan must be one of Parquet files: see [`plain`].
pub(super) fn only(
    scan: Arc<dyn ExecutionPlan>,
    files: &BTreeSet<String>,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let names: BTreeSet<&str> =
        files.iter().map(|path| path.rsplit('/').next().unwrap_or(path.as_str())).collect();
    let mut scans = 0;
    let kept = Arc::clone(&scan).transform_down(|node| {
        let source = node.downcast_ref::<DataSourceExec>().map(DataSourceExec::data_source);
        let Some(config) = source.and_then(|source| source.downcast_ref::<FileScanConfig>()) else {
            return Ok(Transformed::no(node));
        };
        scans += 1;
        let groups = config.file_groups.iter().map(|group| {
            let kept = group
                .iter()
                .filter(|file| file.object_meta.location.filename().is_some_and(|name| names.contains(name)));
            FileGroup::new(kept.cloned().collect())
        });
        let groups = groups.filter(|group| !group.is_empty()).collect();
        let config = FileScanConfigBuilder::from(config.clone()).with_file_groups(groups).build();
        Ok(Transformed::yes(DataSourceExec::from_data_source(config) as Arc<dyn ExecutionPlan>))
    })?;
    let mut is_empty = false;
    scan.apply(|node| {
        is_empty |= node.is::<EmptyExec>();
        Ok(TreeNodeRecursion::Continue)
    })?;
    match scans {
        1 => Ok(kept.data),
        // By their statistics no file has what is asked for.
        0 if is_empty => Ok(scan),
        // Whatever it is: all of it would be read.
        _ => Err(DataFusionError::Plan("files cannot be left out of this scan".to_owned())),
    }
}

fn same_shape(one: &Schema, other: &Schema) -> bool {
    let shape = |schema: &Schema| -> Vec<(String, DataType)> {
        schema.fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
    };
    shape(one) == shape(other)
}

/// Splits a scan into small partitions that keep the stored order, and lets it skip row groups and pages that the
/// conditions rule out. The conditions themselves are evaluated by the governed scan, on what is read.
pub(super) fn optimise(
    scan: Arc<dyn ExecutionPlan>,
    conditions: Option<&Arc<dyn PhysicalExpr>>,
    units_max: usize,
    trusted: &SessionState,
) -> DataFusionResult<Arc<dyn ExecutionPlan>> {
    let options = trusted.config_options();
    let mut plan = match units(&scan)? {
        Some(units) => scan.repartitioned(units.min(units_max), options)?.unwrap_or(scan),
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

#[cfg(test)]
mod tests;
