//! What a planner may know of a governed table: how many rows a scan gives, about, and between which values they lie.
//!
//! DataFusion decides by it which side of a join is kept in memory: of a join of a small table with a large one, without
//! it, the large one as likely as not.
//!
//! PRIVACY: a plan shows in the order of an answer's rows, and in the time it takes. So what is known is a function of
//! what the principal may see. Where every row may be seen, that is the number of rows, which `count(*)` tells, and the
//! least and greatest value of columns that are shown as they are stored, which `min` and `max` tell: of the table, not of
//! its files, which are cut by the size of hidden columns too. Of the statement's own conditions it is estimated how many
//! rows they leave, as DataFusion does it for tables of its own. Where a row rule hides rows, nothing is known: a number is
//! supposed that is the same for every such table, stored or not. And all is given as an estimate: no answer is computed
//! from it.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, DFSchema, ScalarValue, Statistics};
use datafusion::execution::SessionState;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::utils::conjunction;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::{ExecutionPlan, StatisticsArgs};
use membrane_lake::Extent;

use crate::fault::ScanFault;
use crate::rules::{ColumnRule, ScanRules};

/// Rows that are supposed where nothing is known: members are fewer than what they do. Without a number the side that the
/// statement names first is kept in memory, and that is as likely as not what they do.
const SUPPOSED_ROWS: usize = 250_000;
/// Of so many rows a condition is supposed to leave one, as DataFusion has it.
const SUPPOSED_SELECTIVITY: usize = 5;

/// Returns what is supposed of a table in which rows may be hidden.
pub(super) fn supposed(shown: &SchemaRef, filters: &[Expr]) -> Statistics {
    let rows = if filters.is_empty() { SUPPOSED_ROWS } else { SUPPOSED_ROWS / SUPPOSED_SELECTIVITY };
    Statistics { num_rows: Precision::Inexact(rows), ..Statistics::new_unknown(shown) }
}

/// Returns what may be known of the rows that conditions leave of a table, where every row may be seen.
pub(super) fn of_all_rows(
    extent: &Extent,
    rules: &ScanRules,
    shown: &SchemaRef,
    filters: &[Expr],
    stored: &SchemaRef,
    trusted: &SessionState,
) -> Result<Statistics, ScanFault> {
    let Ok(rows) = usize::try_from(extent.rows) else { return Ok(Statistics::new_unknown(shown)) };
    let visible = |name: &str| rules.column(name).is_some_and(ColumnRule::is_stored_value);
    let column = |name: &str, data_type: &DataType| {
        let range = extent
            .ranges
            .get(name)
            .filter(|_| visible(name))
            .and_then(|(least, greatest)| bound(*least, data_type).zip(bound(*greatest, data_type)));
        let mut column = ColumnStatistics::new_unknown();
        if let Some((least, greatest)) = range {
            column.min_value = Precision::Inexact(least);
            column.max_value = Precision::Inexact(greatest);
        }
        column
    };
    let all = Statistics {
        num_rows: Precision::Inexact(rows),
        total_byte_size: Precision::Absent,
        column_statistics: stored
            .fields()
            .iter()
            .map(|field| column(field.name(), field.data_type()))
            .collect(),
    };
    let left = match conjunction(filters.to_vec()) {
        None => all,
        Some(filter) => estimate(all, filter, stored, trusted)?,
    };
    let column_statistics = shown
        .fields()
        .iter()
        .map(|field| match stored.index_of(field.name()) {
            Ok(index) if visible(field.name()) => left.column_statistics.get(index).cloned(),
            _ => None,
        })
        .map(Option::unwrap_or_default)
        .collect();
    // As DataFusion has it of files: of texts nobody knows the size in memory, and then rows are compared.
    let mut known = Statistics { column_statistics, total_byte_size: Precision::Absent, ..left };
    known.calculate_total_byte_size(shown);
    Ok(known)
}

/// Estimates what a filter leaves.
fn estimate(
    all: Statistics,
    filter: Expr,
    stored: &SchemaRef,
    trusted: &SessionState,
) -> Result<Statistics, ScanFault> {
    let schema = DFSchema::try_from(Schema::clone(stored)).map_err(|_| ScanFault::Shape)?;
    let filter = trusted.create_physical_expr(filter, &schema).map_err(|_| ScanFault::Shape)?;
    let filter = FilterExec::try_new(filter, Arc::new(EmptyExec::new(Arc::clone(stored))));
    let filter = filter.map_err(|_| ScanFault::Shape)?;
    let left = filter.statistics_from_inputs(&[Arc::new(all)], &StatisticsArgs::new());
    // A bound that was only estimated must not become a certainty.
    left.map(|left| Statistics::clone(&left).to_inexact()).map_err(|_| ScanFault::Shape)
}

fn bound(value: i128, data_type: &DataType) -> Option<ScalarValue> {
    Some(match data_type {
        DataType::Int64 => ScalarValue::Int64(Some(i64::try_from(value).ok()?)),
        DataType::Date32 => ScalarValue::Date32(Some(i32::try_from(value).ok()?)),
        DataType::Decimal128(precision, scale) => ScalarValue::Decimal128(Some(value), *precision, *scale),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
