//! Bounds how long a text may grow within a statement.
//!
//! The memory limit counts what operators hold, not what expressions make. `n || n` in ten nested WITH queries
//! makes texts a thousand times as long, in every row of a batch, and thirty of them end the process. So each
//! column of a plan is given a factor, how many times as long as a stored value it may be, and a statement whose
//! factor exceeds a bound is refused before it runs.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchemaRef, ScalarValue};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan, Operator};

use crate::error::QueryError;

/// How many times as long as a stored value a text may be made.
const FACTOR_MAX: u64 = 64;

/// A constant of this many bytes counts as one stored value.
const CONSTANT_BYTES: usize = 1024;

/// Checks a plan.
pub(crate) fn check(plan: &LogicalPlan) -> Result<(), QueryError> {
    factors(plan, 1).map(|_| ())
}

/// The columns in reach of an expression.
struct Reach<'a> {
    schema: &'a DFSchemaRef,
    columns: &'a [u64],
    outer: u64,
}

impl Reach<'_> {
    fn widest(&self) -> u64 {
        self.columns.iter().copied().max().unwrap_or(1).max(self.outer)
    }
}

/// Returns the factor of each output column. `outer` is the widest column of the statements around.
fn factors(plan: &LogicalPlan, outer: u64) -> Result<Vec<u64>, QueryError> {
    let width = plan.schema().fields().len();
    let mut input = Vec::new();
    let mut schema = plan.schema();
    for (index, child) in plan.inputs().into_iter().enumerate() {
        let columns = factors(child, outer)?;
        match plan {
            LogicalPlan::Union(_) if index > 0 => {
                for (factor, other) in input.iter_mut().zip(columns) {
                    *factor = u64::max(*factor, other);
                }
            }
            _ => input.extend(columns),
        }
        schema = child.schema();
    }
    let joined;
    if let LogicalPlan::Join(join) = plan {
        let both = join.left.schema().join(join.right.schema()).map_err(|_| QueryError::Failed)?;
        joined = DFSchemaRef::new(both);
        schema = &joined;
    }
    let reach = Reach { schema, columns: &input, outer };
    let all = |expressions: &[Expr]| -> Result<Vec<u64>, QueryError> {
        expressions.iter().map(|expression| factor(expression, &reach)).collect()
    };
    let mut output = match plan {
        LogicalPlan::Projection(node) => all(&node.expr)?,
        LogicalPlan::Distinct(Distinct::On(node)) => all(&node.select_expr)?,
        LogicalPlan::Aggregate(node) => {
            let groups = grouping_set_to_exprlist(&node.group_expr).map_err(|_| QueryError::Failed)?;
            let mut columns =
                groups.into_iter().map(|group| factor(group, &reach)).collect::<Result<Vec<_>, _>>()?;
            columns.resize(width.saturating_sub(node.aggr_expr.len()), 1);
            columns.extend(all(&node.aggr_expr)?);
            columns
        }
        LogicalPlan::Window(node) => {
            let added = all(&node.window_expr)?;
            input.iter().copied().chain(added).collect()
        }
        LogicalPlan::Values(node) => {
            let rows = node.values.iter().map(|row| all(row)).collect::<Result<Vec<_>, _>>()?;
            let widest = rows.into_iter().flatten().max().unwrap_or(1);
            vec![widest; width]
        }
        other => {
            check_expressions(other, &reach)?;
            input.clone()
        }
    };
    output.resize(width, 1);
    Ok(output)
}

/// Checks the conditions and keys of a node that makes no columns of its own.
fn check_expressions(plan: &LogicalPlan, reach: &Reach<'_>) -> Result<(), QueryError> {
    let mut found = Ok(1);
    let walk = plan.apply_expressions(|expression| {
        found = factor(expression, reach);
        Ok(if found.is_ok() { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    found.and_then(|_| walk.map(|_| ()).map_err(|_| QueryError::Failed))
}

fn factor(expression: &Expr, reach: &Reach<'_>) -> Result<u64, QueryError> {
    let factor = match expression {
        Expr::Column(column) => reach
            .schema
            .maybe_index_of_column(column)
            .and_then(|index| reach.columns.get(index).copied())
            .unwrap_or_else(|| reach.widest()),
        Expr::OuterReferenceColumn(..) => reach.outer,
        Expr::Literal(value, _) => of_constant(value),
        Expr::BinaryExpr(binary) => {
            let (left, right) = (factor(&binary.left, reach)?, factor(&binary.right, reach)?);
            if binary.op == Operator::StringConcat { left.saturating_add(right) } else { left.max(right) }
        }
        Expr::ScalarFunction(call) => {
            let arguments =
                call.args.iter().map(|argument| factor(argument, reach)).collect::<Result<Vec<_>, _>>()?;
            match call.func.name() {
                "concat" | "concat_ws" | "overlay" => {
                    arguments.iter().fold(0, |sum: u64, next| sum.saturating_add(*next))
                }
                "replace" | "regexp_replace" => {
                    let times = call.args.get(2).map_or(1, times_by);
                    arguments.first().copied().unwrap_or(1).saturating_mul(times)
                }
                _ => widest(arguments),
            }
        }
        Expr::AggregateFunction(call) if call.func.name() == "string_agg" => FACTOR_MAX,
        Expr::ScalarSubquery(subquery) => widest(factors(&subquery.subquery, reach.widest())?),
        Expr::InSubquery(within) => {
            factors(&within.subquery.subquery, reach.widest())?;
            factor(&within.expr, reach)?
        }
        Expr::Exists(exists) => widest(factors(&exists.subquery.subquery, reach.widest())?),
        Expr::SetComparison(comparison) => {
            factors(&comparison.subquery.subquery, reach.widest())?;
            factor(&comparison.expr, reach)?
        }
        other => of_parts(other, reach)?,
    };
    if factor > FACTOR_MAX {
        return Err(QueryError::TooComplex { reason: "a text would grow too long" });
    }
    Ok(factor)
}

fn of_parts(expression: &Expr, reach: &Reach<'_>) -> Result<u64, QueryError> {
    let mut found = Ok(1);
    let walk: Result<_, DataFusionError> = expression.apply_children(|part| {
        found = match (&found, factor(part, reach)) {
            (Ok(before), Ok(next)) => Ok(next.max(*before)),
            (_, failed) => failed,
        };
        Ok(if found.is_ok() { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    walk.map_err(|_| QueryError::Failed)?;
    found
}

fn widest(factors: Vec<u64>) -> u64 {
    factors.into_iter().max().unwrap_or(1)
}

fn of_constant(value: &ScalarValue) -> u64 {
    u64::try_from(constant_bytes(value).div_ceil(CONSTANT_BYTES)).unwrap_or(u64::MAX).max(1)
}

/// How many times as long a text becomes when each of its characters is replaced.
fn times_by(replacement: &Expr) -> u64 {
    match replacement {
        Expr::Literal(value, _) => u64::try_from(constant_bytes(value)).unwrap_or(u64::MAX).max(1),
        Expr::Cast(cast) => times_by(&cast.expr),
        _ => FACTOR_MAX,
    }
}

fn constant_bytes(value: &ScalarValue) -> usize {
    value.try_as_str().flatten().map_or(0, str::len)
}

#[cfg(test)]
mod tests;
