//! Where the value of an expression comes from.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchemaRef, DataFusionError};
use datafusion::logical_expr::expr::{AggregateFunction, Sort, WindowFunction};
use datafusion::logical_expr::{Expr, LogicalPlan, WindowFunctionDefinition};
use membrane_model::Transformation;

use super::{Origin, Origins, indirect, trace_within};

/// The columns in reach of an expression: those of its own input, and outside those of the statements around.
pub(crate) struct Scope<'a> {
    here: Option<(&'a DFSchemaRef, &'a [Origins])>,
    outer: Option<&'a Scope<'a>>,
}

impl<'a> Scope<'a> {
    /// The scope outside of every statement.
    pub(crate) const fn outermost() -> Self {
        Scope { here: None, outer: None }
    }

    /// The scope of expressions over an input.
    pub(crate) fn deeper<'b>(&'b self, schema: &'b DFSchemaRef, columns: &'b [Origins]) -> Scope<'b> {
        Scope { here: Some((schema, columns)), outer: Some(self) }
    }

    fn find(&self, column: &Column) -> Option<Origins> {
        let (schema, columns) = self.here?;
        schema.maybe_index_of_column(column).and_then(|index| columns.get(index)).cloned()
    }

    fn find_outside(&self, column: &Column) -> Option<Origins> {
        let outer = self.outer?;
        outer.find(column).or_else(|| outer.find_outside(column))
    }

    /// Returns all that is in reach, and outside of it: what a column may come from that cannot be told from others.
    fn everything(&self) -> Origins {
        let here = self.here.into_iter().flat_map(|(_, columns)| columns).flatten().cloned();
        let mut all: Origins = here.collect();
        if let Some(outer) = self.outer {
            all.extend(outer.everything());
        }
        direct(all, Transformation::Transformation)
    }
}

/// Traces an expression.
pub(crate) fn origins_of(expression: &Expr, scope: &Scope<'_>) -> Result<Origins, DataFusionError> {
    match expression {
        // Too much is sound, too little is not.
        Expr::Column(column) => Ok(scope.find(column).unwrap_or_else(|| scope.everything())),
        Expr::OuterReferenceColumn(_, column) => {
            Ok(scope.find_outside(column).unwrap_or_else(|| scope.everything()))
        }
        Expr::Alias(alias) => origins_of(&alias.expr, scope),
        Expr::Literal(..) => Ok(Origins::new()),
        Expr::AggregateFunction(call) => aggregate(call, scope),
        Expr::WindowFunction(call) => window(call, scope),
        Expr::Case(case) => {
            let mut origins = Origins::new();
            let conditions = case.expr.iter().chain(case.when_then_expr.iter().map(|(when, _)| when));
            for condition in conditions {
                origins.extend(indirect(origins_of(condition, scope)?, Transformation::Conditional));
            }
            for result in case.when_then_expr.iter().map(|(_, then)| then).chain(&case.else_expr) {
                origins.extend(direct(origins_of(result, scope)?, Transformation::Transformation));
            }
            Ok(origins)
        }
        Expr::ScalarSubquery(subquery) => of_subquery(&subquery.subquery, scope),
        Expr::Exists(exists) => {
            let found = of_subquery(&exists.subquery.subquery, scope)?;
            Ok(indirect(found, Transformation::Filter))
        }
        Expr::InSubquery(within) => {
            let mut origins = of_subquery(&within.subquery.subquery, scope)?;
            origins.extend(direct(origins_of(&within.expr, scope)?, Transformation::Transformation));
            Ok(origins)
        }
        Expr::SetComparison(comparison) => {
            let mut origins = of_subquery(&comparison.subquery.subquery, scope)?;
            origins.extend(direct(origins_of(&comparison.expr, scope)?, Transformation::Transformation));
            Ok(origins)
        }
        other => of_parts(other, Transformation::Transformation, scope),
    }
}

/// Traces the direct parts of an expression: the value is computed from all of them.
fn of_parts(expression: &Expr, how: Transformation, scope: &Scope<'_>) -> Result<Origins, DataFusionError> {
    let mut origins = Origins::new();
    expression.apply_children(|part| {
        origins.extend(direct(origins_of(part, scope)?, how));
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(origins)
}

fn aggregate(call: &AggregateFunction, scope: &Scope<'_>) -> Result<Origins, DataFusionError> {
    let parameters = &call.params;
    let mut origins = of_all(&parameters.args, scope, |found| direct(found, Transformation::Aggregation))?;
    origins.extend(of_all(parameters.filter.as_deref(), scope, |found| {
        indirect(found, Transformation::Filter)
    })?);
    origins.extend(of_all(keys(&parameters.order_by), scope, |found| indirect(found, Transformation::Sort))?);
    Ok(origins)
}

fn window(call: &WindowFunction, scope: &Scope<'_>) -> Result<Origins, DataFusionError> {
    let parameters = &call.params;
    let how = match call.fun {
        WindowFunctionDefinition::AggregateUDF(_) => Transformation::Aggregation,
        WindowFunctionDefinition::WindowUDF(_) => Transformation::Transformation,
    };
    let mut origins = of_all(&parameters.args, scope, |found| direct(found, how))?;
    let frame = parameters.partition_by.iter().chain(keys(&parameters.order_by));
    origins.extend(of_all(frame, scope, |found| indirect(found, Transformation::Window))?);
    origins.extend(of_all(parameters.filter.as_deref(), scope, |found| {
        indirect(found, Transformation::Filter)
    })?);
    Ok(origins)
}

fn keys(order: &[Sort]) -> impl Iterator<Item = &Expr> {
    order.iter().map(|key| &key.expr)
}

fn of_all<'e>(
    expressions: impl IntoIterator<Item = &'e Expr>,
    scope: &Scope<'_>,
    then: impl Fn(Origins) -> Origins,
) -> Result<Origins, DataFusionError> {
    let mut origins = Origins::new();
    for expression in expressions {
        origins.extend(then(origins_of(expression, scope)?));
    }
    Ok(origins)
}

fn of_subquery(plan: &LogicalPlan, scope: &Scope<'_>) -> Result<Origins, DataFusionError> {
    let flow = trace_within(plan, scope)?;
    let values = flow.columns.into_iter().flatten().collect();
    Ok(direct(values, Transformation::Transformation).into_iter().chain(flow.influence).collect())
}

/// Composes a direct step: the first of aggregation, transformation, identity wins; what is INDIRECT stays so.
fn direct(origins: Origins, step: Transformation) -> Origins {
    let rank = |how: Transformation| match how {
        Transformation::Aggregation => 0,
        Transformation::Transformation => 1,
        _ => 2,
    };
    origins
        .into_iter()
        .map(|origin| match origin.how {
            how if how.is_direct() && rank(step) < rank(how) => Origin { how: step, ..origin },
            _ => origin,
        })
        .collect()
}
