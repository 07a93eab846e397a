//! Which filters of a statement may go down to the inner scan, below the row rule.
//!
//! The inner scan sees rows that the principal may not. A filter goes down only if it cannot fail and cannot
//! tell: comparisons, BETWEEN, IN and IS NULL of a column that is shown as it is stored, against constants of
//! that column's own type, and AND, OR, NOT of those. The governed scan evaluates it there, together with the row rule,
//! and nobody does above it: so which rows leave the scan, and in which batches, does not depend on what the inner scan
//! could skip, hidden rows and all.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result as DataFusionResult, ScalarValue};
use datafusion::logical_expr::{Expr, Operator};

use crate::rules::ScanRules;

/// Tells whether a filter may go down.
pub(crate) fn is_leakproof(filter: &Expr, rules: &ScanRules) -> bool {
    match filter {
        Expr::BinaryExpr(binary) => match binary.op {
            Operator::And | Operator::Or => {
                is_leakproof(&binary.left, rules) && is_leakproof(&binary.right, rules)
            }
            Operator::Eq
            | Operator::NotEq
            | Operator::Lt
            | Operator::LtEq
            | Operator::Gt
            | Operator::GtEq => match (column_type(&binary.left, rules), column_type(&binary.right, rules)) {
                (Some(column), None) => is_constant(&binary.right, &column),
                (None, Some(column)) => is_constant(&binary.left, &column),
                _ => false,
            },
            _ => false,
        },
        Expr::Between(between) => column_type(&between.expr, rules)
            .is_some_and(|column| is_constant(&between.low, &column) && is_constant(&between.high, &column)),
        Expr::InList(list) => column_type(&list.expr, rules)
            .is_some_and(|column| list.list.iter().all(|constant| is_constant(constant, &column))),
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => column_type(inner, rules).is_some(),
        Expr::Not(inner) => is_leakproof(inner, rules),
        Expr::Column(_) => column_type(filter, rules) == Some(DataType::Boolean),
        _ => false,
    }
}

/// Returns the filter with its columns named as they are stored. Only for a filter that may go down.
pub(crate) fn stored(filter: &Expr) -> DataFusionResult<Expr> {
    let renamed = filter.clone().transform(|part| {
        Ok(match part {
            Expr::Column(column) => Transformed::yes(Expr::Column(Column::new_unqualified(column.name))),
            other => Transformed::no(other),
        })
    })?;
    Ok(renamed.data)
}

/// Returns the type of a column that is shown as it is stored.
fn column_type(expression: &Expr, rules: &ScanRules) -> Option<DataType> {
    let Expr::Column(column) = expression else { return None };
    rules.column(&column.name).filter(|rule| rule.is_stored_value()).map(|rule| rule.shown_type())
}

fn is_constant(expression: &Expr, column: &DataType) -> bool {
    matches!(expression, Expr::Literal(value, _) if is_of_type(value, column))
}

fn is_of_type(value: &ScalarValue, column: &DataType) -> bool {
    !value.is_null() && value.data_type() == *column
}
