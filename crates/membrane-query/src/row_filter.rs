//! Turns a row rule into an expression over stored columns.
//!
//! The expression is total: comparisons, IN, LIKE, IS NOT NULL and AND, OR, NOT of them, each against
//! constants of the column's own type. Nothing in it can fail on a row, and NULL hides the row, as the
//! rule's own definition says ([`RowExpr::evaluate`]).

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Schema, TimeUnit};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::{InList, Like};
use datafusion::logical_expr::{Expr, Operator, binary_expr, lit};
use membrane_model::ColumnName;
use membrane_policy::{CompareOperator, RowExpr, RowValue};

use crate::fault::ScanFault;

/// Returns the conjuncts of a rule, bound to the columns of a stored schema.
///
/// # Errors
/// [`ScanFault::Rule`] when the rule names a column that is not stored as a value, or compares it with a
/// constant of another type: the dataset is then closed, never open.
pub(crate) fn conjuncts(rule: &RowExpr, stored: &Schema) -> Result<Vec<Expr>, ScanFault> {
    match rule {
        RowExpr::And(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(conjuncts(part, stored)?);
            }
            Ok(all)
        }
        other => Ok(vec![translate(other, stored)?]),
    }
}

fn translate(rule: &RowExpr, stored: &Schema) -> Result<Expr, ScanFault> {
    Ok(match rule {
        RowExpr::Constant(value) => lit(*value),
        RowExpr::Compare { column, operator, value } => {
            let constant = constant(value, type_of(column, stored)?)?;
            binary_expr(reference(column), operator_of(*operator), constant)
        }
        RowExpr::In { column, values } => {
            let data_type = type_of(column, stored)?;
            let list = values.iter().map(|value| constant(value, data_type)).collect::<Result<_, _>>()?;
            Expr::InList(InList::new(Box::new(reference(column)), list, false))
        }
        RowExpr::IsTrue(column) => match type_of(column, stored)? {
            DataType::Boolean => reference(column),
            _ => return Err(ScanFault::Rule),
        },
        RowExpr::Has(column) => {
            type_of(column, stored)?;
            reference(column).is_not_null()
        }
        RowExpr::Like { column, pattern } => {
            let pattern = constant(&RowValue::String(pattern.clone()), type_of(column, stored)?)?;
            Expr::Like(Like::new(false, Box::new(reference(column)), Box::new(pattern), None, false))
        }
        RowExpr::And(parts) => join(parts, stored, Operator::And, true)?,
        RowExpr::Or(parts) => join(parts, stored, Operator::Or, false)?,
        RowExpr::Not(inner) => Expr::Not(Box::new(translate(inner, stored)?)),
    })
}

fn join(parts: &[RowExpr], stored: &Schema, operator: Operator, empty: bool) -> Result<Expr, ScanFault> {
    let mut joined = None;
    for part in parts {
        let next = translate(part, stored)?;
        joined = Some(match joined {
            None => next,
            Some(before) => binary_expr(before, operator, next),
        });
    }
    Ok(joined.unwrap_or_else(|| lit(empty)))
}

// A bare name, never parsed: it cannot be captured by a name in someone's statement.
fn reference(column: &ColumnName) -> Expr {
    Expr::Column(Column::new_unqualified(column.as_str()))
}

fn type_of<'a>(column: &ColumnName, stored: &'a Schema) -> Result<&'a DataType, ScanFault> {
    stored.field_with_name(column.as_str()).map(|field| field.data_type()).map_err(|_| ScanFault::Rule)
}

/// Returns DataFusion's operator.
pub(crate) const fn operator_of(operator: CompareOperator) -> Operator {
    match operator {
        CompareOperator::Eq => Operator::Eq,
        CompareOperator::NotEq => Operator::NotEq,
        CompareOperator::Lt => Operator::Lt,
        CompareOperator::LtEq => Operator::LtEq,
        CompareOperator::Gt => Operator::Gt,
        CompareOperator::GtEq => Operator::GtEq,
    }
}

/// Returns the constant in the column's own type: no cast stands between them that could fail, or that
/// would keep data files from being skipped.
fn constant(value: &RowValue, data_type: &DataType) -> Result<Expr, ScanFault> {
    let scalar = match (value, data_type) {
        (RowValue::String(text), DataType::Utf8View) => ScalarValue::Utf8View(Some(text.clone())),
        (RowValue::String(text), DataType::Utf8) => ScalarValue::Utf8(Some(text.clone())),
        (RowValue::Integer(number), DataType::Int64) => ScalarValue::Int64(Some(*number)),
        (RowValue::Boolean(value), DataType::Boolean) => ScalarValue::Boolean(Some(*value)),
        (RowValue::Date(days), DataType::Date32) => ScalarValue::Date32(Some(*days)),
        (RowValue::Timestamp(micros), DataType::Timestamp(TimeUnit::Microsecond, Some(zone))) => {
            ScalarValue::TimestampMicrosecond(Some(*micros), Some(Arc::clone(zone)))
        }
        (RowValue::Decimal { unscaled, scale }, DataType::Decimal128(precision, of_column))
            if scale == of_column && has_digits(*unscaled, *precision) =>
        {
            ScalarValue::Decimal128(Some(*unscaled), *precision, *scale)
        }
        _ => return Err(ScanFault::Rule),
    };
    Ok(Expr::Literal(scalar, None))
}

fn has_digits(unscaled: i128, precision: u8) -> bool {
    10_u128.checked_pow(precision.into()).is_some_and(|beyond| unscaled.unsigned_abs() < beyond)
}

#[cfg(test)]
mod tests;
