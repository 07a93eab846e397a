//! What a statement may do with keys: hand them on, compare them with one another, group and count by them, and nothing else.
//!
//! PRIVACY: a key is a stored token and a subject. A comparison of it with anything but a key, an order of keys or a part of one would tell bits
//! of it to whoever reads what is made of that. So this is a list of what is allowed: an expression in which a key stands otherwise is refused.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, ExprSchema as _, Result as DataFusionResult};
use datafusion::logical_expr::{Distinct, Expr, ExprSchemable as _, LogicalPlan, Operator};

/// The type of keys, and of nothing else in a session for tags.
pub(super) const KEY_TYPE: DataType = DataType::BinaryView;

/// Tells whether keys are only handed on, compared, grouped and counted in a plan and in all subqueries of it.
pub(super) fn are_kept(plan: &LogicalPlan) -> bool {
    let mut kept = true;
    let walked = plan.apply_with_subqueries(|node| {
        kept &= is_kept_in(node).unwrap_or(false);
        Ok(if kept { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    kept && walked.is_ok()
}

fn is_kept_in(node: &LogicalPlan) -> DataFusionResult<bool> {
    let schema = input_of(node)?;
    let hands_on = |expression: &Expr| is_key(expression) || is_clean(expression, &schema);
    Ok(match node {
        LogicalPlan::Projection(node) => {
            node.expr.iter().all(|one| is_bare(one, &schema) || is_clean(one, &schema))
        }
        LogicalPlan::Aggregate(node) => {
            node.group_expr.iter().all(|one| is_bare(one, &schema) || is_clean(one, &schema))
                && node.aggr_expr.iter().all(|one| is_clean(one, &schema))
        }
        LogicalPlan::Distinct(Distinct::On(node)) => {
            let sorted = node.sort_expr.iter().flatten().map(|key| &key.expr);
            let all = node.on_expr.iter().chain(&node.select_expr).chain(sorted);
            all.into_iter().all(|one| is_bare(one, &schema) || is_clean(one, &schema))
        }
        LogicalPlan::Join(node) => {
            let (left, right) = (node.left.schema(), node.right.schema());
            let equal = node.on.iter().all(|(one, other)| {
                (is_bare(one, left) && is_bare(other, right))
                    || (is_clean(one, left) && is_clean(other, right))
            });
            equal && node.filter.iter().all(|filter| is_clean(filter, &schema))
        }
        _ => {
            let mut clean = true;
            node.apply_expressions(|expression| {
                clean &= hands_on(expression) && is_clean(expression, &schema);
                Ok(TreeNodeRecursion::Continue)
            })?;
            clean
        }
    })
}

/// Returns the columns that the expressions of a node are over.
fn input_of(node: &LogicalPlan) -> DataFusionResult<DFSchema> {
    let mut schema = DFSchema::empty();
    for input in node.inputs() {
        schema = schema.join(input.schema())?;
    }
    Ok(schema)
}

fn is_key(expression: &Expr) -> bool {
    matches!(expression, Expr::OuterReferenceColumn(field, _) if *field.data_type() == KEY_TYPE)
}

/// Tells whether an expression is a key as it is.
fn is_bare(expression: &Expr, schema: &DFSchema) -> bool {
    match expression {
        Expr::Alias(alias) => is_bare(&alias.expr, schema),
        Expr::Column(column) => {
            schema.field_from_column(column).is_ok_and(|field| *field.data_type() == KEY_TYPE)
        }
        other => is_key(other),
    }
}

/// Tells whether keys stand in an expression only where they are compared with keys or counted, and whether what it gives is none.
fn is_clean(expression: &Expr, schema: &DFSchema) -> bool {
    let bare = |one: &Expr| is_bare(one, schema);
    let clean = |one: &Expr| is_clean(one, schema);
    match expression {
        Expr::Column(_) | Expr::OuterReferenceColumn(..) => !bare(expression),
        Expr::BinaryExpr(binary) if binary.op == Operator::Eq && bare(&binary.left) => bare(&binary.right),
        Expr::IsNull(inner) | Expr::IsNotNull(inner) if bare(inner) => true,
        Expr::InSubquery(within) if bare(&within.expr) => true,
        Expr::AggregateFunction(call) => {
            let parts = &call.params;
            let counts = call.func.name() == "count";
            parts.args.iter().all(|one| clean(one) || (counts && bare(one)))
                && parts.filter.iter().all(|one| clean(one))
                && parts.order_by.iter().all(|key| clean(&key.expr))
        }
        Expr::WindowFunction(call) => {
            let parts = &call.params;
            parts.args.iter().all(&clean)
                && parts.partition_by.iter().all(|one| clean(one) || bare(one))
                && parts.order_by.iter().all(|key| clean(&key.expr))
                && parts.filter.iter().all(|one| clean(one))
        }
        other => {
            let mut all = !other.get_type(schema).is_ok_and(|data_type| data_type == KEY_TYPE);
            let walked = other.apply_children(|part| {
                all &= clean(part);
                Ok(if all { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
            });
            all && walked.is_ok()
        }
    }
}
