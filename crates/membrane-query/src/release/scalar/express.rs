//! Expressions for DataFusion, of exactly the types that they are planned with: so that no cast is put around a column,
//! which could fail or keep a condition from the scan.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::expr::{Case, Cast, InList, Like, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};

use super::total::Total;
use super::{Literal, Scalar};
use crate::QueryError;
use crate::release::question::{ColumnRef, TypeOf};
use crate::row_filter::operator_of;
use crate::rules::SUBJECT_COLUMN;

/// Tells of which Arrow type a column is.
pub(in crate::release) type TypeOfColumn<'a> = dyn Fn(&ColumnRef) -> Result<DataType, QueryError> + 'a;

/// Returns the expression.
pub(in crate::release) fn express(scalar: &Scalar, types: &TypeOfColumn<'_>) -> Result<Expr, QueryError> {
    let inner = |one: &Scalar| express(one, types);
    let boxed = |one: &Scalar| inner(one).map(Box::new);
    Ok(match scalar {
        Scalar::Column(column) => {
            let expression = Expr::Column(named(column));
            match (types(column)?, arrow_type(column.logical)) {
                (found, wanted) if found == wanted => expression,
                // No text fails to become a view of itself.
                (DataType::Utf8, wanted @ DataType::Utf8View) => {
                    Expr::Cast(Cast::new(Box::new(expression), wanted))
                }
                _ => return Err(QueryError::Failed),
            }
        }
        Scalar::Member(table) => Expr::Column(unit_of(*table)),
        Scalar::Constant(literal, logical) => constant(literal, *logical)?,
        Scalar::Null(logical) => {
            let null = ScalarValue::try_new_null(&arrow_type(*logical)).map_err(|_| QueryError::Failed)?;
            Expr::Literal(null, None)
        }
        Scalar::Compare(left, comparison, right) => {
            binary(inner(left)?, operator_of(*comparison), inner(right)?)
        }
        Scalar::In(value, list) => {
            let list = list.iter().map(|one| constant(one, value.logical()));
            Expr::InList(InList::new(boxed(value)?, list.collect::<Result<_, _>>()?, false))
        }
        Scalar::Like { value, pattern, ignore_case } => {
            let pattern = constant(&Literal::Text(pattern.clone()), TypeOf::Text)?;
            Expr::Like(Like::new(false, boxed(value)?, Box::new(pattern), None, *ignore_case))
        }
        Scalar::IsNull(value) => Expr::IsNull(boxed(value)?),
        Scalar::Not(value) => Expr::Not(boxed(value)?),
        Scalar::And(parts) => junction(parts, Operator::And, true, types)?,
        Scalar::Or(parts) => junction(parts, Operator::Or, false, types)?,
        Scalar::Case { arms, otherwise } => {
            let arms = arms.iter().map(|(when, then)| Ok((boxed(when)?, boxed(then)?)));
            Expr::Case(Case::new(None, arms.collect::<Result<_, QueryError>>()?, Some(boxed(otherwise)?)))
        }
        Scalar::Call(function, arguments, logical) => {
            let arguments = arguments.iter().map(inner).collect::<Result<Vec<Expr>, QueryError>>()?;
            let function = Arc::new(Total::function(*function, arrow_type(*logical)));
            Expr::ScalarFunction(ScalarFunction::new_udf(function, arguments))
        }
    })
}

/// Names a column in a plan.
pub(in crate::release) fn named(column: &ColumnRef) -> Column {
    Column::new(Some(alias(column.table)), column.column.as_str())
}

/// Names the column that says whose row of a table it is.
pub(in crate::release) fn unit_of(table: usize) -> Column {
    Column::new(Some(alias(table)), SUBJECT_COLUMN)
}

/// Names a table in a plan.
pub(in crate::release) fn alias(table: usize) -> String {
    format!("t{table}")
}

/// Returns the Arrow type in which values of a type are computed.
pub(in crate::release) fn arrow_type(logical: TypeOf) -> DataType {
    match logical {
        TypeOf::Text => DataType::Utf8View,
        TypeOf::Integer => DataType::Int64,
        TypeOf::Number => DataType::Float64,
        TypeOf::Decimal(precision, scale) => DataType::Decimal128(precision, scale),
        TypeOf::Boolean => DataType::Boolean,
        TypeOf::Date => DataType::Date32,
        TypeOf::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

fn constant(literal: &Literal, logical: TypeOf) -> Result<Expr, QueryError> {
    typed_scalar(literal, &arrow_type(logical)).map(|value| Expr::Literal(value, None))
}

/// Makes a constant of an Arrow type that the literal already has.
pub(in crate::release) fn typed_scalar(
    literal: &Literal,
    data_type: &DataType,
) -> Result<ScalarValue, QueryError> {
    Ok(match (literal, data_type) {
        (Literal::Text(text), DataType::Utf8) => ScalarValue::Utf8(Some(text.clone())),
        (Literal::Text(text), DataType::Utf8View) => ScalarValue::Utf8View(Some(text.clone())),
        (Literal::Integer(number), DataType::Int64) => ScalarValue::Int64(Some(*number)),
        (Literal::Number(number), DataType::Float64) => ScalarValue::Float64(Some(*number)),
        (Literal::Decimal(units), DataType::Decimal128(precision, scale)) => {
            ScalarValue::Decimal128(Some(*units), *precision, *scale)
        }
        (Literal::Boolean(truth), DataType::Boolean) => ScalarValue::Boolean(Some(*truth)),
        (Literal::Date(days), DataType::Date32) => ScalarValue::Date32(Some(*days)),
        (Literal::Timestamp(micros), DataType::Timestamp(TimeUnit::Microsecond, zone)) => {
            ScalarValue::TimestampMicrosecond(Some(*micros), zone.clone())
        }
        _ => return Err(QueryError::Failed),
    })
}

fn junction(
    parts: &[Scalar],
    operator: Operator,
    neutral: bool,
    types: &TypeOfColumn<'_>,
) -> Result<Expr, QueryError> {
    let parts = parts.iter().map(|part| express(part, types)).collect::<Result<Vec<Expr>, QueryError>>()?;
    let both = |left, right| binary(left, operator, right);
    let nothing = || Expr::Literal(ScalarValue::Boolean(Some(neutral)), None);
    Ok(parts.into_iter().reduce(both).unwrap_or_else(nothing))
}

fn binary(left: Expr, operator: Operator, right: Expr) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
}
