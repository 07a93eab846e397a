//! Column lineage from the analysed plan of a statement.
//!
//! Each column of the answer gets edges from the dataset columns it came from: DIRECT where the value flowed
//! (identity, transformation, aggregation), INDIRECT where it only had a say (join, filter, group by, sort,
//! window, conditional). The terms and their composition are OpenLineage's (columnLineage facet): a mask
//! anywhere makes the edge masking; DIRECT after DIRECT takes the first of aggregation, transformation,
//! identity; an INDIRECT step makes it INDIRECT.

mod expressions;

use std::collections::BTreeSet;

use datafusion::catalog::default_table_source::source_as_provider;
use datafusion::common::{DFSchemaRef, DataFusionError, JoinType};
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Aggregate, Distinct, Expr, Join, LogicalPlan, TableScan, Window};
use membrane_model::{ColumnName, DatasetName, FieldRef, LineageEdge, RevealLevel, RunId, Transformation};

use crate::plain_name::is_plain_name;
use crate::table::GovernedTable;
use expressions::{Scope, origins_of};

/// One dataset column on its way, and how it has come so far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) dataset: DatasetName,
    pub(crate) column: ColumnName,
    pub(crate) level: RevealLevel,
    pub(crate) how: Transformation,
}

/// The origins of one column, or of an influence on all.
pub(crate) type Origins = BTreeSet<Origin>;

/// The lineage of a plan node: of each output column, and of what decided about its rows.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub(crate) columns: Vec<Origins>,
    pub(crate) influence: Origins,
}

/// Traces a plan.
pub(crate) fn trace(plan: &LogicalPlan) -> Result<Flow, DataFusionError> {
    trace_within(plan, &Scope::outermost())
}

/// Writes the edges of a traced plan, into the fields of the answer of a run.
pub(crate) fn edges(flow: &Flow, names: &[String], run: RunId) -> Vec<LineageEdge> {
    let mut edges = BTreeSet::new();
    for (origins, name) in flow.columns.iter().zip(names) {
        for origin in origins.union(&flow.influence) {
            edges.insert(LineageEdge {
                from: FieldRef::dataset(&origin.dataset, &origin.column),
                to: FieldRef::answer(run, name),
                transformation: origin.how,
                masking: origin.level != RevealLevel::Clear,
            });
        }
    }
    edges.into_iter().collect()
}

/// Returns the names under which the columns of an answer are recorded, each once.
///
/// PRIVACY: DataFusion names a column without alias after its expression, literals included
/// (`crm_members.phone = Utf8("138...")`). Such a name is for the asker; the record gets a number.
pub(crate) fn recorded_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut recorded: Vec<String> = Vec::new();
    for (index, name) in names.enumerate() {
        let position = index + 1;
        let wanted = if is_plain_name(name) { name.to_owned() } else { format!("column_{position}") };
        let taken = recorded.contains(&wanted);
        recorded.push(if taken { format!("{wanted}_{position}") } else { wanted });
    }
    recorded
}

pub(super) fn trace_within(plan: &LogicalPlan, scope: &Scope<'_>) -> Result<Flow, DataFusionError> {
    match plan {
        LogicalPlan::TableScan(scan) => Ok(trace_scan(scan)),
        LogicalPlan::Projection(node) => {
            let input = trace_within(&node.input, scope)?;
            project(input, node.input.schema(), &node.expr, scope)
        }
        LogicalPlan::Filter(node) => {
            let input = trace_within(&node.input, scope)?;
            influenced(input, node.input.schema(), [&node.predicate], Transformation::Filter, scope)
        }
        LogicalPlan::Sort(node) => {
            let input = trace_within(&node.input, scope)?;
            let keys = node.expr.iter().map(|key| &key.expr);
            influenced(input, node.input.schema(), keys, Transformation::Sort, scope)
        }
        LogicalPlan::Window(node) => trace_window(node, scope),
        LogicalPlan::Aggregate(node) => trace_aggregate(node, scope),
        LogicalPlan::Join(node) => trace_join(node, scope),
        LogicalPlan::Union(node) => {
            let mut all =
                Flow { columns: vec![Origins::new(); node.schema.fields().len()], ..Flow::default() };
            for input in &node.inputs {
                let flow = trace_within(input, scope)?;
                all.influence.extend(flow.influence);
                for (column, origins) in all.columns.iter_mut().zip(flow.columns) {
                    column.extend(origins);
                }
            }
            Ok(all)
        }
        LogicalPlan::Distinct(Distinct::All(input)) => {
            let mut flow = trace_within(input, scope)?;
            let keys: Origins = flow.columns.iter().flatten().cloned().collect();
            flow.influence.extend(indirect(keys, Transformation::GroupBy));
            Ok(flow)
        }
        LogicalPlan::Distinct(Distinct::On(node)) => {
            let mut input = trace_within(&node.input, scope)?;
            let schema = node.input.schema();
            input = influenced(input, schema, &node.on_expr, Transformation::GroupBy, scope)?;
            let keys = node.sort_expr.iter().flatten().map(|key| &key.expr);
            input = influenced(input, schema, keys, Transformation::Sort, scope)?;
            project(input, schema, &node.select_expr, scope)
        }
        LogicalPlan::SubqueryAlias(node) => trace_within(&node.input, scope),
        LogicalPlan::Subquery(node) => trace_within(&node.subquery, scope),
        LogicalPlan::Limit(node) => trace_within(&node.input, scope),
        LogicalPlan::Values(node) => {
            let mut flow = empty(plan);
            for row in &node.values {
                for (column, expression) in flow.columns.iter_mut().zip(row) {
                    column.extend(origins_of(expression, &scope.deeper(&node.schema, &[]))?);
                }
            }
            Ok(flow)
        }
        LogicalPlan::EmptyRelation(_) => Ok(empty(plan)),
        // The plan check lets nothing else through.
        _ => Err(DataFusionError::Plan("no lineage for this node".to_owned())),
    }
}

fn empty(plan: &LogicalPlan) -> Flow {
    Flow { columns: vec![Origins::new(); plan.schema().fields().len()], influence: Origins::new() }
}

/// Traces a table. What policy goes by has its say as well: the columns that decide which rows there are, and how a cell is shown.
fn trace_scan(scan: &TableScan) -> Flow {
    let provider = source_as_provider(&scan.source).ok();
    let Some(table) = provider.as_ref().and_then(|provider| provider.downcast_ref::<GovernedTable>()) else {
        return Flow {
            columns: vec![Origins::new(); scan.projected_schema.fields().len()],
            ..Flow::default()
        };
    };
    let origin = |column: ColumnName, level: RevealLevel, how: Transformation| Origin {
        dataset: table.dataset().clone(),
        column,
        level,
        how,
    };
    // The original decides, whatever is shown of it.
    let decides = |how: Transformation| move |column| origin(column, RevealLevel::Clear, how);
    let traced = |name: &str| -> Origins {
        let Some(rule) = table.column(name) else { return Origins::new() };
        let own = origin(rule.name.clone(), rule.level(), Transformation::Identity);
        let cases = rule.cases.iter().flat_map(|case| case.condition.columns());
        std::iter::once(own).chain(cases.map(decides(Transformation::Conditional))).collect()
    };
    let columns = scan.projected_schema.fields().iter().map(|field| traced(field.name())).collect();
    let influence = table.row_rule().columns().into_iter().map(decides(Transformation::Filter)).collect();
    Flow { columns, influence }
}

fn project(
    input: Flow,
    schema: &DFSchemaRef,
    expressions: &[Expr],
    scope: &Scope<'_>,
) -> Result<Flow, DataFusionError> {
    let here = scope.deeper(schema, &input.columns);
    let columns =
        expressions.iter().map(|expression| origins_of(expression, &here)).collect::<Result<_, _>>()?;
    Ok(Flow { columns, influence: input.influence })
}

fn influenced<'e>(
    mut input: Flow,
    schema: &DFSchemaRef,
    expressions: impl IntoIterator<Item = &'e Expr>,
    how: Transformation,
    scope: &Scope<'_>,
) -> Result<Flow, DataFusionError> {
    for expression in expressions {
        let origins = origins_of(expression, &scope.deeper(schema, &input.columns))?;
        input.influence.extend(indirect(origins, how));
    }
    Ok(input)
}

fn trace_window(node: &Window, scope: &Scope<'_>) -> Result<Flow, DataFusionError> {
    let mut input = trace_within(&node.input, scope)?;
    let mut added = Vec::with_capacity(node.window_expr.len());
    for expression in &node.window_expr {
        added.push(origins_of(expression, &scope.deeper(node.input.schema(), &input.columns))?);
    }
    input.columns.extend(added);
    Ok(input)
}

fn trace_aggregate(node: &Aggregate, scope: &Scope<'_>) -> Result<Flow, DataFusionError> {
    let mut input = trace_within(&node.input, scope)?;
    let groups = grouping_set_to_exprlist(&node.group_expr)?;
    let here = scope.deeper(node.input.schema(), &input.columns);
    let mut columns = Vec::with_capacity(node.schema.fields().len());
    let mut keys = Origins::new();
    for group in groups {
        let origins = origins_of(group, &here)?;
        keys.extend(origins.iter().cloned());
        columns.push(origins);
    }
    // Grouping sets add a column of their own that tells which set a row belongs to.
    let own = node.schema.fields().len().saturating_sub(columns.len() + node.aggr_expr.len());
    columns.extend(std::iter::repeat_n(Origins::new(), own));
    for aggregate in &node.aggr_expr {
        columns.push(origins_of(aggregate, &here)?);
    }
    input.influence.extend(indirect(keys, Transformation::GroupBy));
    Ok(Flow { columns, influence: input.influence })
}

fn trace_join(node: &Join, scope: &Scope<'_>) -> Result<Flow, DataFusionError> {
    let left = trace_within(&node.left, scope)?;
    // A LATERAL statement on the right sees the row on the left.
    let right = trace_within(&node.right, &scope.deeper(node.left.schema(), &left.columns))?;
    let mut influence: Origins = left.influence.into_iter().chain(right.influence).collect();
    let (left_schema, right_schema) = (node.left.schema(), node.right.schema());
    for (left_key, right_key) in &node.on {
        let keys = origins_of(left_key, &scope.deeper(left_schema, &left.columns))?
            .into_iter()
            .chain(origins_of(right_key, &scope.deeper(right_schema, &right.columns))?);
        influence.extend(indirect(keys.collect(), Transformation::Join));
    }
    let both: Vec<Origins> = left.columns.iter().chain(&right.columns).cloned().collect();
    if let Some(filter) = &node.filter {
        let schema = DFSchemaRef::new(left_schema.join(right_schema)?);
        let origins = origins_of(filter, &scope.deeper(&schema, &both))?;
        influence.extend(indirect(origins, Transformation::Join));
    }
    let columns = match node.join_type {
        JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full => both,
        JoinType::RightSemi | JoinType::RightAnti => right.columns,
        JoinType::LeftSemi | JoinType::LeftAnti => left.columns,
        // A mark is of all that decided about it, which is in every column.
        JoinType::LeftMark => left.columns.into_iter().chain([Origins::new()]).collect(),
        JoinType::RightMark => right.columns.into_iter().chain([Origins::new()]).collect(),
    };
    Ok(Flow { columns, influence })
}

/// Makes origins INDIRECT; those that already are stay what they are.
pub(crate) fn indirect(origins: Origins, how: Transformation) -> Origins {
    origins
        .into_iter()
        .map(|origin| if origin.how.is_direct() { Origin { how, ..origin } } else { origin })
        .collect()
}

#[cfg(test)]
mod cases;
#[cfg(test)]
mod soundness;
#[cfg(test)]
mod tests;
