//! The rows of a release: a plan made from the question alone, over governed tables.
//!
//! The plan joins, filters and projects plain columns. It computes nothing that could fail on a row, and
//! it aggregates nothing: contributions are bounded first, in [`super::exact`].
//!
//! Rows about members are streamed past tables without subject: the latter are on the side of a join that is held in
//! memory, so that what a join holds does not depend on members.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, JoinType, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::expr::{InList, Like};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator};
use membrane_model::ColumnName;

use super::question::{Aggregate, ColumnRef, Comparison, Condition, Literal, Question};
use crate::QueryError;
use crate::rules::SUBJECT_COLUMN;

/// Returns the columns that keys and aggregates read, each once: the columns of the rows after the first.
pub(super) fn columns_read(question: &Question) -> Vec<ColumnRef> {
    let keys = question.keys.iter().map(|key| key.column());
    let aggregates = question.aggregates.iter().filter_map(Aggregate::column);
    let mut columns: Vec<ColumnRef> = Vec::new();
    for column in keys.chain(aggregates) {
        if !columns.contains(column) {
            columns.push(column.clone());
        }
    }
    columns
}

/// Plans the rows. `providers` holds one table for each table of the question; the private one has the unit column,
/// and of the others no two rows share a key.
pub(super) fn plan(
    question: &Question,
    providers: &[Arc<dyn TableProvider>],
) -> Result<LogicalPlan, QueryError> {
    let scan = |index: usize| {
        let provider = providers.get(index).ok_or(QueryError::Failed)?;
        LogicalPlanBuilder::scan(alias(index), provider_as_source(Arc::clone(provider)), None)
            .map_err(|_| QueryError::Failed)
    };
    let mut builder = scan(question.private)?;
    for join in &question.joins {
        let rows = builder.build().map_err(|_| QueryError::Failed)?;
        let (earlier, new): (Vec<Column>, Vec<Column>) =
            join.on.iter().map(|(earlier, new)| (named(earlier), named(new))).unzip();
        builder = scan(join.table)?
            .join(rows, JoinType::Inner, (new, earlier), None)
            .map_err(|_| QueryError::Failed)?;
    }
    for condition in &question.conditions {
        let filter = expression(condition, providers)?;
        builder = builder.filter(filter).map_err(|_| QueryError::Failed)?;
    }
    let unit = Expr::Column(Column::new(Some(alias(question.private)), SUBJECT_COLUMN)).alias("unit");
    let read = columns_read(question);
    let read =
        read.iter().enumerate().map(|(index, column)| Expr::Column(named(column)).alias(format!("c{index}")));
    builder
        .project([unit].into_iter().chain(read).collect::<Vec<Expr>>())
        .and_then(LogicalPlanBuilder::build)
        .map_err(|_| QueryError::Failed)
}

/// Returns the columns that the rows need of one table: for keys, aggregates, conditions and joins.
pub(super) fn columns_of(question: &Question, table: usize) -> BTreeSet<ColumnName> {
    let read = columns_read(question);
    let tested = question.conditions.iter().flat_map(Condition::columns);
    let joined = question.joins.iter().flat_map(|join| &join.on).flat_map(|(one, other)| [one, other]);
    let all = read.iter().chain(tested).chain(joined);
    all.filter(|column| column.table == table).map(|column| column.column.clone()).collect()
}

fn alias(index: usize) -> String {
    format!("t{index}")
}

fn named(column: &ColumnRef) -> Column {
    Column::new(Some(alias(column.table)), column.column.as_str())
}

fn expression(condition: &Condition, providers: &[Arc<dyn TableProvider>]) -> Result<Expr, QueryError> {
    let column = |column: &ColumnRef| Box::new(Expr::Column(named(column)));
    let value = |column: &ColumnRef, literal: &Literal| {
        Ok::<_, QueryError>(Expr::Literal(scalar(column, literal, providers)?, None))
    };
    let junction = |parts: &[Condition], operator, neutral| {
        let parts = parts.iter().map(|part| expression(part, providers));
        let parts = parts.collect::<Result<Vec<Expr>, QueryError>>()?;
        let both = |left, right| binary(Box::new(left), operator, Box::new(right));
        Ok::<_, QueryError>(parts.into_iter().reduce(both).unwrap_or_else(|| truth(neutral)))
    };
    Ok(match condition {
        Condition::Constant(constant) => truth(*constant),
        Condition::Compare { column: left, comparison, value: right } => {
            binary(column(left), operator(*comparison), Box::new(value(left, right)?))
        }
        Condition::CompareColumns { left, comparison, right } => {
            binary(column(left), operator(*comparison), column(right))
        }
        Condition::In { column: left, values } => {
            let list = values.iter().map(|right| value(left, right)).collect::<Result<Vec<Expr>, _>>()?;
            Expr::InList(InList::new(column(left), list, false))
        }
        Condition::Like { column: left, pattern, ignore_case } => {
            let pattern = value(left, &Literal::Text(pattern.clone()))?;
            Expr::Like(Like::new(false, column(left), Box::new(pattern), None, *ignore_case))
        }
        Condition::IsNull(inner) => Expr::IsNull(column(inner)),
        Condition::IsTrue(inner) => *column(inner),
        Condition::Not(inner) => Expr::Not(Box::new(expression(inner, providers)?)),
        Condition::And(parts) => junction(parts, Operator::And, true)?,
        Condition::Or(parts) => junction(parts, Operator::Or, false)?,
    })
}

fn binary(left: Box<Expr>, operator: Operator, right: Box<Expr>) -> Expr {
    Expr::BinaryExpr(BinaryExpr::new(left, operator, right))
}

fn truth(constant: bool) -> Expr {
    Expr::Literal(ScalarValue::Boolean(Some(constant)), None)
}

const fn operator(comparison: Comparison) -> Operator {
    match comparison {
        Comparison::Eq => Operator::Eq,
        Comparison::NotEq => Operator::NotEq,
        Comparison::Lt => Operator::Lt,
        Comparison::LtEq => Operator::LtEq,
        Comparison::Gt => Operator::Gt,
        Comparison::GtEq => Operator::GtEq,
    }
}

/// Makes a constant of exactly the type that the governed table has for the column, so that the planner
/// puts no cast around the column.
fn scalar(
    column: &ColumnRef,
    literal: &Literal,
    providers: &[Arc<dyn TableProvider>],
) -> Result<ScalarValue, QueryError> {
    let schema = providers.get(column.table).ok_or(QueryError::Failed)?.schema();
    let field = schema.field_with_name(column.column.as_str()).map_err(|_| QueryError::Failed)?;
    typed_scalar(literal, field.data_type())
}

/// Makes a constant of an Arrow type that the literal already has.
pub(super) fn typed_scalar(literal: &Literal, data_type: &DataType) -> Result<ScalarValue, QueryError> {
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

#[cfg(test)]
mod tests;
