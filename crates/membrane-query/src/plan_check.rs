//! Walks the plan that DataFusion made of a statement, before anything is optimised or run, and refuses
//! what is not on the list: nodes, expressions, operators, functions, and every scan that is neither governed nor of a
//! list of what is permitted nor of the record.
//!
//! Default deny: a node or expression that a later DataFusion adds is refused until someone adds it here.

pub(crate) mod arguments;

use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::Result as DataFusionResult;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::{Expr, LogicalPlan, Operator, TableScan};

use crate::error::QueryError;
use crate::functions;
use crate::growth;
use crate::information::InformationTable;
use crate::plain_name::plain_name;
use crate::system::RecordTable;
use crate::table::GovernedTable;

/// Checks a plan and everything in it, subqueries included.
pub(crate) fn check(plan: &LogicalPlan) -> Result<(), QueryError> {
    let mut found = None;
    let walk = plan.apply_with_subqueries(|node| {
        if let Err(error) = check_node(node) {
            found = Some(error);
            return Ok(TreeNodeRecursion::Stop);
        }
        check_expressions(node, &mut found)
    });
    match (found, walk) {
        (Some(error), _) => Err(error),
        (None, Ok(_)) => growth::check(plan),
        (None, Err(_)) => Err(QueryError::Failed),
    }
}

fn check_node(node: &LogicalPlan) -> Result<(), QueryError> {
    match node {
        LogicalPlan::Projection(_)
        | LogicalPlan::Filter(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Aggregate(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Join(_)
        | LogicalPlan::Union(_)
        | LogicalPlan::EmptyRelation(_)
        | LogicalPlan::Subquery(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Limit(_)
        | LogicalPlan::Distinct(_) => Ok(()),
        LogicalPlan::Values(values) => {
            match values.values.iter().flatten().any(Expr::contains_scalar_subquery) {
                // DataFusion plans them and does not run them.
                true => Err(unsupported("a subquery in VALUES; write SELECT (SELECT ..)")),
                false => Ok(()),
            }
        }
        LogicalPlan::TableScan(scan) => check_scan(scan),
        LogicalPlan::RecursiveQuery(_) => Err(unsupported("WITH RECURSIVE")),
        LogicalPlan::Unnest(_) => Err(unsupported("UNNEST")),
        LogicalPlan::Explain(_) | LogicalPlan::Analyze(_) | LogicalPlan::DescribeTable(_) => {
            Err(QueryError::NotAllowed { reason: "a statement about statements was found" })
        }
        LogicalPlan::Dml(_) | LogicalPlan::Ddl(_) | LogicalPlan::Copy(_) | LogicalPlan::Statement(_) => {
            Err(QueryError::NotAllowed { reason: "a change was found" })
        }
        LogicalPlan::Repartition(_) | LogicalPlan::Extension(_) => Err(unsupported("this kind of plan")),
    }
}

fn check_scan(scan: &TableScan) -> Result<(), QueryError> {
    match source_as_provider(&scan.source) {
        Ok(provider)
            if provider.is::<GovernedTable>()
                || provider.is::<InformationTable>()
                || provider.is::<RecordTable>() =>
        {
            Ok(())
        }
        _ => Err(QueryError::UnknownTable { name: plain_name(scan.table_name.table()), position: None }),
    }
}

fn check_expressions(
    node: &LogicalPlan,
    found: &mut Option<QueryError>,
) -> DataFusionResult<TreeNodeRecursion> {
    node.apply_expressions(|expression| {
        expression.apply(|part| {
            if let Err(error) = check_expression(part) {
                *found = Some(error);
                return Ok(TreeNodeRecursion::Stop);
            }
            Ok(TreeNodeRecursion::Continue)
        })
    })
}

fn check_expression(expression: &Expr) -> Result<(), QueryError> {
    match expression {
        Expr::Alias(_)
        | Expr::Column(_)
        | Expr::OuterReferenceColumn(..)
        | Expr::Literal(..)
        | Expr::Like(_)
        | Expr::Not(_)
        | Expr::IsNotNull(_)
        | Expr::IsNull(_)
        | Expr::IsTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotTrue(_)
        | Expr::IsNotFalse(_)
        | Expr::IsNotUnknown(_)
        | Expr::Negative(_)
        | Expr::Between(_)
        | Expr::Case(_)
        | Expr::InList(_)
        | Expr::Exists(_)
        | Expr::InSubquery(_)
        | Expr::SetComparison(_)
        | Expr::ScalarSubquery(_)
        | Expr::GroupingSet(_) => Ok(()),
        Expr::BinaryExpr(binary) => {
            check_operator(binary.op)?;
            arguments::check_operator(binary.op, &binary.right)
        }
        Expr::SimilarTo(similar) => arguments::check_pattern(&similar.pattern),
        Expr::Cast(cast) => check_type(cast.field.data_type()),
        Expr::TryCast(cast) => check_type(cast.field.data_type()),
        Expr::ScalarFunction(call) if functions::is_scalar_allowed(&call.func) => {
            arguments::check_scalar(call)
        }
        Expr::ScalarFunction(call) => Err(unknown_function(call.func.name())),
        Expr::AggregateFunction(call) if functions::is_aggregate_allowed(&call.func) => {
            arguments::check_aggregate(call.func.name(), &call.params.args)
        }
        Expr::AggregateFunction(call) => Err(unknown_function(call.func.name())),
        Expr::WindowFunction(call) => arguments::check_window(call),
        Expr::Placeholder(_) => Err(unsupported("parameters")),
        Expr::ScalarVariable(..) => Err(unsupported("variables")),
        Expr::Unnest(_) => Err(unsupported("UNNEST")),
        // Wildcards are expanded by the planner; higher-order functions and lambdas are not offered.
        _ => Err(unsupported("this kind of expression")),
    }
}

fn check_operator(operator: Operator) -> Result<(), QueryError> {
    match operator {
        Operator::Eq
        | Operator::NotEq
        | Operator::Lt
        | Operator::LtEq
        | Operator::Gt
        | Operator::GtEq
        | Operator::Plus
        | Operator::Minus
        | Operator::Multiply
        | Operator::Divide
        | Operator::Modulo
        | Operator::And
        | Operator::Or
        | Operator::IsDistinctFrom
        | Operator::IsNotDistinctFrom
        | Operator::RegexMatch
        | Operator::RegexIMatch
        | Operator::RegexNotMatch
        | Operator::RegexNotIMatch
        | Operator::LikeMatch
        | Operator::ILikeMatch
        | Operator::NotLikeMatch
        | Operator::NotILikeMatch
        | Operator::BitwiseAnd
        | Operator::BitwiseOr
        | Operator::BitwiseXor
        | Operator::BitwiseShiftRight
        | Operator::BitwiseShiftLeft
        | Operator::StringConcat => Ok(()),
        _ => Err(unsupported("this operator")),
    }
}

fn check_type(data_type: &DataType) -> Result<(), QueryError> {
    if data_type.is_nested() || matches!(data_type, DataType::Dictionary(..)) {
        return Err(unsupported("casts to nested types"));
    }
    Ok(())
}

fn unsupported(what: &'static str) -> QueryError {
    QueryError::Unsupported { what, position: None }
}

fn unknown_function(name: &str) -> QueryError {
    QueryError::UnknownFunction { name: plain_name(name), position: None }
}

#[cfg(test)]
mod tests;
