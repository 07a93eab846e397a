//! Bounds what a statement may make of what is stored: how long its texts grow, and how large its expressions are
//! once the optimiser has put one into another.
//!
//! The memory limit counts what operators hold, not what expressions make, nor what plans are made of:
//!
//! - `n || n` in ten nested WITH queries makes texts a thousand times as long, in every row of a batch, and thirty of
//!   them end the process;
//! - `x + x` in forty nested WITH queries, and a condition on the last, is 2^40 operations, because the optimiser
//!   moves the condition down and writes out at each level what the column stands for.
//!
//! So each column of a plan carries two numbers, how many bytes one of its values may have and how many operations
//! it stands for, and a statement in which one of them, or their sum over a node, exceeds a bound is refused before
//! it is optimised. A stored text counts as [`STORED_BYTES`], whatever its length.

mod measure;

use datafusion::arrow::datatypes::{DataType, Schema};
use datafusion::common::DFSchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;
use datafusion::logical_expr::{Distinct, Expr, LogicalPlan};

use crate::error::QueryError;
use measure::measure;

/// What a stored text counts as.
const STORED_BYTES: u64 = 1 << 10;
/// What a number, a date or a truth value counts as, also as text.
const SHORT_BYTES: u64 = 96;
/// Bytes to which one value may be made.
const VALUE_BYTES_MAX: u64 = 64 << 10;
/// Bytes to which the values of one row may be made, beyond what is stored.
const ROW_BYTES_MAX: u64 = 128 << 10;
/// Operations that one expression may stand for.
const OPERATIONS_MAX: u64 = 10_000;
/// Operations that the expressions of a plan may stand for, each counted in every table that it may be moved to.
const PLAN_OPERATIONS_MAX: u64 = 250_000;

/// Checks a plan.
pub(crate) fn check(plan: &LogicalPlan) -> Result<(), QueryError> {
    let mut sum = Sum::default();
    columns(plan, Weight::STORED, &mut sum).map(|_| ())
}

/// What a column or an expression weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Weight {
    /// How long a value of it may be.
    bytes: u64,
    /// How many operations it stands for.
    operations: u64,
}

impl Weight {
    const STORED: Self = Self { bytes: STORED_BYTES, operations: 1 };
    const SHORT: Self = Self { bytes: SHORT_BYTES, operations: 1 };

    fn max(self, other: Self) -> Self {
        Self { bytes: self.bytes.max(other.bytes), operations: self.operations.max(other.operations) }
    }

    /// The weight of the result of an operation, from those of its parts.
    fn checked(bytes: u64, parts: u64) -> Result<Self, QueryError> {
        let operations = parts.saturating_add(1);
        if bytes > VALUE_BYTES_MAX {
            return Err(QueryError::TooComplex {
                reason: "a text would grow too long; join fewer texts, and write what replaces a text as a short constant",
            });
        }
        if operations > OPERATIONS_MAX {
            return Err(QueryError::TooComplex {
                reason: "its WITH queries unfold to too many operations; name fewer columns twice, or aggregate in between",
            });
        }
        Ok(Self { bytes, operations })
    }

    fn beyond_stored(self) -> u64 {
        self.bytes.saturating_sub(STORED_BYTES)
    }
}

/// The operations of a whole plan.
#[derive(Default)]
struct Sum {
    operations: u64,
}

impl Sum {
    fn add(&mut self, operations: u64, tables: u64) -> Result<(), QueryError> {
        self.operations = self.operations.saturating_add(operations.saturating_mul(tables));
        if self.operations > PLAN_OPERATIONS_MAX {
            return Err(QueryError::TooComplex {
                reason: "its conditions unfold to too many operations over its tables; use fewer tables or shorter conditions",
            });
        }
        Ok(())
    }
}

/// The columns in reach of an expression.
struct Reach<'a> {
    schema: &'a DFSchemaRef,
    columns: &'a [Weight],
    outer: Weight,
}

impl Reach<'_> {
    fn heaviest(&self) -> Weight {
        self.columns.iter().copied().fold(self.outer, Weight::max)
    }
}

/// The columns that a node gives out, and the tables below it.
struct Given {
    columns: Vec<Weight>,
    tables: u64,
}

/// Weighs the output of a node. `outer` is the heaviest column of the statements around.
fn columns(plan: &LogicalPlan, outer: Weight, sum: &mut Sum) -> Result<Given, QueryError> {
    let width = plan.schema().fields().len();
    let mut input: Vec<Weight> = Vec::new();
    let mut tables: u64 = 0;
    let mut schema = plan.schema();
    for (index, child) in plan.inputs().into_iter().enumerate() {
        let given = columns(child, outer, sum)?;
        tables = tables.saturating_add(given.tables);
        match plan {
            LogicalPlan::Union(_) if index > 0 => {
                for (column, other) in input.iter_mut().zip(given.columns) {
                    *column = column.max(other);
                }
            }
            _ => input.extend(given.columns),
        }
        schema = child.schema();
    }
    let joined;
    if let LogicalPlan::Join(join) = plan {
        let both = join.left.schema().join(join.right.schema()).map_err(|_| QueryError::Failed)?;
        joined = DFSchemaRef::new(both);
        schema = &joined;
    }
    let tables = tables.max(1);
    let reach = Reach { schema, columns: &input, outer };
    let mut output = outputs(plan, &reach, tables, sum)?;
    output.resize(width, Weight::SHORT);
    for (column, field) in output.iter_mut().zip(plan.schema().fields()) {
        if !may_be_long(field.data_type()) {
            column.bytes = column.bytes.min(SHORT_BYTES);
        }
    }
    check_row(&output)?;
    Ok(Given { columns: output, tables })
}

fn outputs(
    plan: &LogicalPlan,
    reach: &Reach<'_>,
    tables: u64,
    sum: &mut Sum,
) -> Result<Vec<Weight>, QueryError> {
    let mut all = |expressions: &[Expr]| -> Result<Vec<Weight>, QueryError> {
        let weights: Vec<Weight> =
            expressions.iter().map(|expression| measure(expression, reach, sum)).collect::<Result<_, _>>()?;
        sum.add(weights.iter().fold(0, |sum, weight| sum.saturating_add(weight.operations)), 1)?;
        Ok(weights)
    };
    // What no condition is moved through stands for itself above.
    let opaque = |weight: Weight| Weight { operations: 1, ..weight };
    Ok(match plan {
        LogicalPlan::TableScan(scan) => stored(scan.projected_schema.as_arrow()),
        LogicalPlan::Projection(node) => all(&node.expr)?,
        LogicalPlan::Distinct(Distinct::On(node)) => {
            all(&node.on_expr)?;
            all(&node.select_expr)?
        }
        LogicalPlan::Aggregate(node) => {
            let groups = grouping_set_to_exprlist(&node.group_expr).map_err(|_| QueryError::Failed)?;
            let groups: Vec<Expr> = groups.into_iter().cloned().collect();
            let mut columns = all(&groups)?;
            columns.resize(plan.schema().fields().len().saturating_sub(node.aggr_expr.len()), Weight::SHORT);
            columns.extend(all(&node.aggr_expr)?.into_iter().map(opaque));
            columns
        }
        LogicalPlan::Window(node) => {
            let added = all(&node.window_expr)?;
            reach.columns.iter().copied().chain(added.into_iter().map(opaque)).collect()
        }
        LogicalPlan::Values(node) => {
            let mut heaviest = vec![Weight::SHORT; plan.schema().fields().len()];
            for row in &node.values {
                for (column, weight) in heaviest.iter_mut().zip(all(row)?) {
                    *column = column.max(opaque(weight));
                }
            }
            heaviest
        }
        other => {
            check_expressions(other, reach, tables, sum)?;
            reach.columns.to_vec()
        }
    })
}

/// Checks the conditions and keys of a node that makes no columns of its own. They may be moved to every table below.
fn check_expressions(
    plan: &LogicalPlan,
    reach: &Reach<'_>,
    tables: u64,
    sum: &mut Sum,
) -> Result<(), QueryError> {
    let mut found = Ok(());
    let mut made = Vec::new();
    let walk = plan.apply_expressions(|expression| {
        let weight = measure(expression, reach, sum);
        found = weight.and_then(|weight| {
            made.push(weight);
            sum.add(weight.operations, tables)
        });
        Ok(if found.is_ok() { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    found.and_then(|()| walk.map(|_| ()).map_err(|_| QueryError::Failed))?;
    check_row(&made)
}

/// Bounds what one row holds: all of its values lie in memory together, in each row of a batch.
fn check_row(weights: &[Weight]) -> Result<(), QueryError> {
    let made = weights.iter().fold(0, |sum: u64, weight| sum.saturating_add(weight.beyond_stored()));
    if made > ROW_BYTES_MAX {
        return Err(QueryError::TooComplex {
            reason: "the texts of a row would grow too long together; select fewer of them at once",
        });
    }
    Ok(())
}

fn stored(schema: &Schema) -> Vec<Weight> {
    let weight = |data_type: &DataType| if may_be_long(data_type) { Weight::STORED } else { Weight::SHORT };
    schema.fields().iter().map(|field| weight(field.data_type())).collect()
}

fn may_be_long(data_type: &DataType) -> bool {
    data_type.is_string() || data_type.is_binary() || data_type.is_nested()
}

#[cfg(test)]
mod tests;
