//! What a governed scan tells the planner about itself.
//!
//! PRIVACY: statistics of a stored table are about all of its rows and all of its values. They are told of a table of which
//! every row may be seen, for columns that are shown as they are stored: the asker can count and sort those. Under a row
//! rule nothing is told, and of a masked column nothing: how a plan looks, and what joins first, is a function of the
//! permitted view too. All of it is told as an estimate, so that no answer is ever taken from it.

use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, Result as DataFusionResult, Statistics};
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::{ExecutionPlan, PhysicalExpr};

use crate::rules::{ColumnRule, ScanRules};

/// Estimates what a scan of the stored table gives under the statement's own conditions, in the columns that are shown.
/// Only for a table without a row rule.
pub(crate) fn estimate(
    stored: &Arc<dyn ExecutionPlan>,
    conditions: Option<&Arc<dyn PhysicalExpr>>,
    rules: &ScanRules,
    shown: &Schema,
) -> DataFusionResult<Statistics> {
    let compute = |plan: &dyn ExecutionPlan| StatisticsContext::new().compute(plan, &StatisticsArgs::new());
    let all = match conditions {
        Some(conditions) => compute(&FilterExec::try_new(Arc::clone(conditions), Arc::clone(stored))?)?,
        None => compute(stored.as_ref())?,
    };
    let schema = stored.schema();
    let columns = shown.fields().iter().map(|field| {
        let same = rules.column(field.name()).is_some_and(ColumnRule::is_stored_value);
        let place = schema.index_of(field.name()).ok().filter(|_| same);
        let of_same_type = place.filter(|place| schema.field(*place).data_type() == field.data_type());
        of_same_type
            .and_then(|place| all.column_statistics.get(place).cloned())
            .map_or_else(ColumnStatistics::new_unknown, ColumnStatistics::to_inexact)
    });
    Ok(Statistics {
        num_rows: all.num_rows.to_inexact(),
        total_byte_size: Precision::Absent,
        column_statistics: columns.collect(),
    })
}

#[cfg(test)]
mod tests;
