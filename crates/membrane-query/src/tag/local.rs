//! Member-local statements: what they say of a member follows from rows of that member, and of datasets about things.
//!
//! Of a plan node it is known where its rows have the key of the member whom each is about ([`Rows::Keyed`]), or that they are about things
//! ([`Rows::Things`]). The key is in the rows of a scan; it stays through columns that are handed on, rows that are left out, groups and
//! windows that are of one member each, and joins in which keys are equal. Whatever else happens to rows about members is not member-local:
//! a limit, a group over all, a subquery about others. A statement that is may be asked of some members by leaving the others out of each
//! scan ([`filter`]): every node then gives the rows that it would have given of them.

use std::collections::BTreeSet;

use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef, DataFusionError, Result as DataFusionResult};
use datafusion::logical_expr::{
    Aggregate, Distinct, Expr, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, ScalarUDF,
    TableScan, Window,
};

use crate::table::GovernedTable;

/// Whom the rows of a node are about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Rows {
    /// Members: the places of columns that have the row's key.
    Keyed(BTreeSet<usize>),
    /// Things.
    Things,
}

/// Tells whether a plan whose answer has the key in a column is member-local.
pub(super) fn is_local(plan: &LogicalPlan, key: usize) -> bool {
    matches!(rows_of(plan), Some(Rows::Keyed(keys)) if keys.contains(&key))
}

/// Leaves out of each scan of rows about members those for whose key a function is not true.
pub(super) fn filter(plan: LogicalPlan, function: &ScalarUDF) -> DataFusionResult<LogicalPlan> {
    let filtered = plan.transform_up_with_subqueries(|node| {
        let LogicalPlan::TableScan(scan) = &node else { return Ok(Transformed::no(node)) };
        let Some(key) = key_column(scan) else { return Ok(Transformed::no(node)) };
        let column = Expr::Column(Column::new(Some(scan.table_name.clone()), key));
        let kept = LogicalPlanBuilder::from(node).filter(function.call(vec![column]))?;
        Ok(Transformed::yes(kept.build()?))
    })?;
    Ok(filtered.data)
}

fn key_column(scan: &TableScan) -> Option<String> {
    let provider = source_as_provider(&scan.source).ok()?;
    let table = provider.downcast_ref::<GovernedTable>()?;
    table.key_column().map(ToString::to_string)
}

/// Returns whom the rows of a node are about; none when it is not member-local.
fn rows_of(plan: &LogicalPlan) -> Option<Rows> {
    match plan {
        LogicalPlan::TableScan(scan) => rows_of_scan(scan),
        LogicalPlan::Projection(node) => {
            let input = rows_of(&node.input)?;
            handed_on(&input, node.input.schema(), &node.expr)
        }
        LogicalPlan::Filter(node) => {
            let input = rows_of(&node.input)?;
            is_of_one(&node.predicate, &input, node.input.schema()).then_some(input)
        }
        LogicalPlan::Sort(node) if node.fetch.is_none() => {
            let input = rows_of(&node.input)?;
            node.expr.iter().all(|key| !has_subquery(&key.expr)).then_some(input)
        }
        LogicalPlan::SubqueryAlias(node) => rows_of(&node.input),
        LogicalPlan::Subquery(node) => rows_of(&node.subquery),
        LogicalPlan::Distinct(Distinct::All(input)) => rows_of(input),
        LogicalPlan::Distinct(Distinct::On(node)) => {
            let input = rows_of(&node.input)?;
            let schema = node.input.schema();
            let on_key = match &input {
                Rows::Things => true,
                Rows::Keyed(keys) => node.on_expr.iter().any(|on| is_key(on, keys, schema)),
            };
            let sorted = node.sort_expr.iter().flatten().all(|key| !has_subquery(&key.expr));
            if on_key && sorted { handed_on(&input, schema, &node.select_expr) } else { None }
        }
        LogicalPlan::Aggregate(node) => rows_of_aggregate(node),
        LogicalPlan::Window(node) => rows_of_window(node),
        LogicalPlan::Join(node) => rows_of_join(node),
        LogicalPlan::Union(node) => {
            let mut inputs = node.inputs.iter().map(|input| rows_of(input));
            let first = inputs.next()??;
            inputs.try_fold(first, |all, one| match (all, one?) {
                (Rows::Things, Rows::Things) => Some(Rows::Things),
                (Rows::Keyed(one), Rows::Keyed(other)) => {
                    let both: BTreeSet<usize> = one.intersection(&other).copied().collect();
                    (!both.is_empty()).then_some(Rows::Keyed(both))
                }
                _ => None,
            })
        }
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => Some(Rows::Things),
        // A limit, and what a later DataFusion adds.
        _ => None,
    }
}

fn rows_of_scan(scan: &TableScan) -> Option<Rows> {
    let provider = source_as_provider(&scan.source).ok()?;
    let table = provider.downcast_ref::<GovernedTable>()?;
    match table.key_column() {
        Some(key) => {
            let place = scan.projected_schema.index_of_column_by_name(None, key.as_str())?;
            Some(Rows::Keyed(BTreeSet::from([place])))
        }
        // About others than those whom the tag is about, or about them without a key.
        None if table.is_private() => None,
        None => Some(Rows::Things),
    }
}

/// Rows of which some columns are handed on.
fn handed_on(input: &Rows, schema: &DFSchemaRef, expressions: &[Expr]) -> Option<Rows> {
    if expressions.iter().any(has_subquery) {
        return None;
    }
    match input {
        Rows::Things => Some(Rows::Things),
        Rows::Keyed(keys) => {
            let places = expressions.iter().enumerate().filter(|(_, one)| is_key(one, keys, schema));
            let places: BTreeSet<usize> = places.map(|(place, _)| place).collect();
            // Rows about members of which nobody could tell any more whom they are about.
            (!places.is_empty()).then_some(Rows::Keyed(places))
        }
    }
}

fn rows_of_aggregate(node: &Aggregate) -> Option<Rows> {
    let input = rows_of(&node.input)?;
    let all = node.group_expr.iter().chain(&node.aggr_expr);
    if all.clone().any(has_subquery) {
        return None;
    }
    match &input {
        Rows::Things => Some(Rows::Things),
        Rows::Keyed(_) if node.group_expr.iter().any(|group| matches!(group, Expr::GroupingSet(_))) => None,
        Rows::Keyed(_) => handed_on(&input, node.input.schema(), &node.group_expr),
    }
}

fn rows_of_window(node: &Window) -> Option<Rows> {
    let input = rows_of(&node.input)?;
    let schema = node.input.schema();
    let by_member = |expression: &Expr| match (&input, expression.clone().unalias()) {
        (Rows::Things, _) => true,
        (Rows::Keyed(keys), Expr::WindowFunction(call)) => {
            call.params.partition_by.iter().any(|part| is_key(part, keys, schema))
        }
        (Rows::Keyed(_), _) => false,
    };
    let fits = node.window_expr.iter().all(|one| !has_subquery(one) && by_member(one));
    fits.then_some(input.clone())
}

fn rows_of_join(node: &Join) -> Option<Rows> {
    let (left, right) = (rows_of(&node.left)?, rows_of(&node.right)?);
    if node.filter.iter().any(has_subquery) {
        return None;
    }
    let width = node.left.schema().fields().len();
    let moved =
        |keys: &BTreeSet<usize>| -> BTreeSet<usize> { keys.iter().map(|place| place + width).collect() };
    match (left, right) {
        (Rows::Things, Rows::Things) => Some(Rows::Things),
        (Rows::Keyed(keys), Rows::Things) => match node.join_type {
            JoinType::Inner | JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => {
                Some(Rows::Keyed(keys))
            }
            _ => None,
        },
        (Rows::Things, Rows::Keyed(keys)) => match node.join_type {
            JoinType::Inner | JoinType::Right => Some(Rows::Keyed(moved(&keys))),
            JoinType::RightSemi | JoinType::RightAnti => Some(Rows::Keyed(keys)),
            _ => None,
        },
        (Rows::Keyed(left), Rows::Keyed(right)) => {
            let equal = node.on.iter().any(|(one, other)| {
                is_key(one, &left, node.left.schema()) && is_key(other, &right, node.right.schema())
            }) || node.filter.iter().any(|filter| has_equal_keys(filter, node, &left, &right));
            if !equal {
                return None;
            }
            match node.join_type {
                JoinType::Inner => Some(Rows::Keyed(left.into_iter().chain(moved(&right)).collect())),
                JoinType::Left | JoinType::LeftSemi | JoinType::LeftAnti => Some(Rows::Keyed(left)),
                JoinType::Right => Some(Rows::Keyed(moved(&right))),
                JoinType::RightSemi | JoinType::RightAnti => Some(Rows::Keyed(right)),
                _ => None,
            }
        }
    }
}

/// Tells whether one of the conditions that must all hold is that keys of both sides are equal.
fn has_equal_keys(filter: &Expr, node: &Join, left: &BTreeSet<usize>, right: &BTreeSet<usize>) -> bool {
    let Expr::BinaryExpr(binary) = filter else { return false };
    let (schema, other) = (node.left.schema(), node.right.schema());
    match binary.op {
        Operator::And => {
            [&binary.left, &binary.right].into_iter().any(|part| has_equal_keys(part, node, left, right))
        }
        Operator::Eq => [(&binary.left, &binary.right), (&binary.right, &binary.left)]
            .into_iter()
            .any(|(one, two)| is_key(one, left, schema) && is_key(two, right, other)),
        _ => false,
    }
}

/// Tells whether a condition on a row follows from rows about the same member: a subquery in it is one that asks whether the row's own key is
/// among keys.
fn is_of_one(condition: &Expr, rows: &Rows, schema: &DFSchemaRef) -> bool {
    match (condition, rows) {
        (Expr::BinaryExpr(binary), _) if binary.op == Operator::And => {
            is_of_one(&binary.left, rows, schema) && is_of_one(&binary.right, rows, schema)
        }
        (Expr::InSubquery(within), Rows::Keyed(keys)) => {
            // NOT IN looks at everyone: one key that is NULL among them, and nobody is left.
            !within.negated
                && is_key(&within.expr, keys, schema)
                && within.subquery.outer_ref_columns.is_empty()
                && matches!(rows_of(&within.subquery.subquery), Some(Rows::Keyed(keys)) if keys.contains(&0))
        }
        _ => !has_subquery(condition),
    }
}

fn is_key(expression: &Expr, keys: &BTreeSet<usize>, schema: &DFSchemaRef) -> bool {
    match expression {
        Expr::Alias(alias) => is_key(&alias.expr, keys, schema),
        Expr::Column(column) => {
            schema.maybe_index_of_column(column).is_some_and(|place| keys.contains(&place))
        }
        _ => false,
    }
}

fn has_subquery(expression: &Expr) -> bool {
    let mut found = false;
    let walked = expression.apply(|part| {
        found |= matches!(
            part,
            Expr::ScalarSubquery(_)
                | Expr::InSubquery(_)
                | Expr::Exists(_)
                | Expr::SetComparison(_)
                | Expr::OuterReferenceColumn(..)
        );
        Ok::<_, DataFusionError>(if found { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    found || walked.is_err()
}

#[cfg(test)]
mod tests;
