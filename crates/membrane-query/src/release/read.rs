//! DataFusion's plan of a statement, read as a [`Question`]. What does not fit is refused by name.
//!
//! The shape that fits, top down; each step is optional where it says so:
//!
//! ```text
//! Limit?  Sort?  Projection            ORDER BY and LIMIT, on released values
//!   Aggregate                          the keys, the aggregates
//!     Filter?                          WHERE, before anything is counted
//!       Join*                          one dataset about members, others without subject, each by its key
//!         SubqueryAlias?  TableScan
//! ```

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Limit, LogicalPlan, Projection, Sort};
use membrane_model::DatasetName;

use super::aggregate::Aggregates;
use super::condition::conjuncts;
use super::from::From;
use super::key;
use super::literal::constant;
use super::question::{Key, Order, Output, Question, Shows};
use super::refusal::{refuse, refuse_named};
use super::scope::Scope;
use crate::QueryError;
use crate::plain_name::plain_name;

const NAME_LENGTH_MAX: usize = 63;
const OUTPUTS_MAX: usize = 64;
const PLANNER_COUNT: &str = "count(*)";

/// Reads a plan, made over [`Scope::planning_tables`].
pub(super) fn read(plan: &LogicalPlan, scope: &Scope) -> Result<Question, QueryError> {
    let (plan, offset, limit) = match plan {
        LogicalPlan::Limit(node) => {
            let (offset, limit) = bounds(node)?;
            (node.input.as_ref(), offset, limit)
        }
        other => (other, 0, None),
    };
    let (plan, sort) = match plan {
        LogicalPlan::Sort(sort) => (sort.input.as_ref(), Some(sort)),
        other => (other, None),
    };
    let LogicalPlan::Projection(projection) = plan else { return Err(misfit(plan)) };
    let LogicalPlan::Aggregate(aggregate) = projection.input.as_ref() else {
        return Err(misfit(projection.input.as_ref()));
    };
    let (rows, filter) = match aggregate.input.as_ref() {
        LogicalPlan::Filter(filter) => (filter.input.as_ref(), Some(&filter.predicate)),
        other => (other, None),
    };

    let from = From::read(rows, scope)?;
    let private = from.private()?;
    let resolve = |expression: &Expr| from.resolve(expression);
    let conditions = filter.map(|filter| conjuncts(filter, &resolve)).transpose()?.unwrap_or_default();
    let keys = aggregate
        .group_expr
        .iter()
        .map(|expression| key::read(expression, &resolve))
        .collect::<Result<Vec<Key>, QueryError>>()?;
    let mut aggregates = Aggregates::default();
    let mut shown = Vec::with_capacity(aggregate.aggr_expr.len());
    for expression in &aggregate.aggr_expr {
        shown.push(aggregates.read(expression, &from)?);
    }
    if shown.is_empty() {
        return Err(refuse("a list of keys alone", "ask for at least one aggregate, such as COUNT(*)"));
    }

    let position = |expression: &Expr| match expression {
        Expr::Column(column) => aggregate.schema.maybe_index_of_column(column).and_then(|index| match index
            .checked_sub(keys.len())
        {
            None => Some(Shows::Key(index)),
            Some(index) => shown.get(index).copied(),
        }),
        _ => None,
    };
    let outputs = outputs(projection, &keys, &aggregates, position)?;
    let order = sort.map(|sort| order(sort, projection)).transpose()?.unwrap_or_default();
    let (tables, joins) = from.into_parts(private)?;
    let aggregates = aggregates.into_inner();
    Ok(Question { tables, private, joins, conditions, keys, aggregates, outputs, order, offset, limit })
}

/// Reads LIMIT and OFFSET.
fn bounds(limit: &Limit) -> Result<(usize, Option<usize>), QueryError> {
    let number = |expression: &Expr| match constant(expression)? {
        ScalarValue::Int64(Some(rows)) => usize::try_from(rows).map(Some).map_err(|_| QueryError::Failed),
        value if value.is_null() => Ok(None),
        _ => Err(refuse("this LIMIT", "write a whole number")),
    };
    let read = |expression: &Option<Box<Expr>>| expression.as_deref().map_or(Ok(None), number);
    Ok((read(&limit.skip)?.unwrap_or(0), read(&limit.fetch)?))
}

/// Reads the SELECT list.
fn outputs(
    projection: &Projection,
    keys: &[Key],
    aggregates: &Aggregates,
    position: impl Fn(&Expr) -> Option<Shows>,
) -> Result<Vec<Output>, QueryError> {
    let mut outputs: Vec<Output> = Vec::with_capacity(projection.expr.len());
    for expression in &projection.expr {
        let alias = match expression {
            // `count(*)` is what the planner itself calls it.
            Expr::Alias(alias) if alias.name != PLANNER_COUNT => Some(alias.name.clone()),
            _ => None,
        };
        let shows = position(without_alias(expression)).ok_or_else(|| {
            refuse(
                "an expression in the SELECT list that is neither a key nor an aggregate",
                "select keys and aggregates, and compute with the answer",
            )
        })?;
        let name = alias.unwrap_or_else(|| match shows {
            Shows::Key(index) => keys.get(index).map(key::name).unwrap_or_default(),
            Shows::Aggregate(_) | Shows::Ratio(..) => aggregates.name(shows),
        });
        outputs.push(Output { name, shows });
    }
    check_names(&outputs)?;
    Ok(outputs)
}

/// Returns what stands under aliases: `COUNT(*) AS n` is planned as `count(1) AS count(*) AS n`.
fn without_alias(mut expression: &Expr) -> &Expr {
    while let Expr::Alias(alias) = expression {
        expression = alias.expr.as_ref();
    }
    expression
}

/// Every column of the answer has a name of its own, the error bars too.
fn check_names(outputs: &[Output]) -> Result<(), QueryError> {
    if outputs.len() > OUTPUTS_MAX {
        return Err(refuse("an answer with more than 64 columns", "ask for fewer at once"));
    }
    let mut names = std::collections::BTreeSet::new();
    for output in outputs {
        let length = output.name.chars().count();
        if length == 0 || length > NAME_LENGTH_MAX {
            return Err(refuse("a column of the answer without a name, or with one too long", "use AS"));
        }
        for name in column_names(output) {
            if !names.insert(name) {
                let rewrite =
                    "give each column a name of its own with AS; `_lo95`, `_hi95` and `_sd` are taken";
                return Err(refuse_named("two columns of the answer with one name", &output.name, rewrite));
            }
        }
    }
    Ok(())
}

/// Returns the names of the columns that an output becomes.
pub(super) fn column_names(output: &Output) -> Vec<String> {
    let name = &output.name;
    match output.shows {
        Shows::Key(_) => vec![name.clone()],
        Shows::Aggregate(_) | Shows::Ratio(..) => {
            vec![name.clone(), format!("{name}_lo95"), format!("{name}_hi95"), format!("{name}_sd")]
        }
    }
}

/// Reads ORDER BY.
fn order(sort: &Sort, projection: &Projection) -> Result<Vec<Order>, QueryError> {
    let read = |criterion: &datafusion::logical_expr::SortExpr| {
        let output = match &criterion.expr {
            Expr::Column(column) => projection.schema.maybe_index_of_column(column),
            other => projection.expr.iter().position(|expression| expression == other),
        };
        let output = output.ok_or_else(|| {
            refuse("ORDER BY something that is not selected", "order by columns of the SELECT list")
        })?;
        Ok(Order { output, ascending: criterion.asc, nulls_first: criterion.nulls_first })
    };
    sort.expr.iter().map(read).collect()
}

/// Says why a plan does not have the shape.
fn misfit(plan: &LogicalPlan) -> QueryError {
    match plan {
        LogicalPlan::Filter(_) => refuse("HAVING", "filter the answer: it is yours"),
        LogicalPlan::Distinct(_) => refuse("DISTINCT", "write GROUP BY, with an aggregate"),
        LogicalPlan::Union(_) => refuse("UNION", "ask one release for each part"),
        LogicalPlan::Window(_) => refuse("a window function", "write GROUP BY, with aggregates"),
        LogicalPlan::Sort(_) => {
            refuse("ORDER BY something that is not selected", "order by columns of the SELECT list")
        }
        LogicalPlan::SubqueryAlias(_) | LogicalPlan::Subquery(_) => {
            refuse("WITH or a subquery", "write one SELECT over datasets")
        }
        LogicalPlan::Values(_) | LogicalPlan::EmptyRelation(_) => {
            refuse("a statement without a dataset", "name one dataset about members in FROM")
        }
        LogicalPlan::TableScan(_) | LogicalPlan::Join(_) | LogicalPlan::Projection(_) => {
            refuse("rows", "select aggregates: COUNT(*), COUNT(column), COUNT(DISTINCT member), SUM, AVG")
        }
        _ => refuse("this kind of statement", "write SELECT keys, aggregates FROM .. GROUP BY keys"),
    }
}

/// Says that a dataset does not exist for the asker.
pub(super) fn unknown_table(name: &str) -> QueryError {
    QueryError::UnknownTable { name: plain_name(name), position: None }
}

/// Reads a dataset's name.
pub(super) fn dataset_name(name: &str) -> Result<DatasetName, QueryError> {
    name.parse().map_err(|_| unknown_table(name))
}

#[cfg(test)]
mod tests;
