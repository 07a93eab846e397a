//! What one expression weighs, from its parts.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{Expr, Operator};

use super::{Reach, SHORT_BYTES, Sum, Weight, columns, may_be_long};
use crate::error::QueryError;
use crate::functions::member_token;
use crate::plan_check::arguments::{bytes, constant};

/// Constants of a list that count as one operation: they are looked up together.
const LISTED_PER_OPERATION: u64 = 8;
/// The longest text that `to_char` makes of a format of the length that is allowed.
const FORMATTED_BYTES: u64 = 2 << 10;

/// Weighs an expression.
pub(super) fn measure(expression: &Expr, reach: &Reach<'_>, sum: &mut Sum) -> Result<Weight, QueryError> {
    match expression {
        Expr::Column(column) => Ok(reach
            .schema
            .maybe_index_of_column(column)
            .and_then(|index| reach.columns.get(index).copied())
            .unwrap_or_else(|| reach.heaviest())),
        Expr::OuterReferenceColumn(..) => Ok(reach.outer),
        Expr::Alias(alias) => measure(&alias.expr, reach, sum),
        Expr::Literal(..) => Weight::checked(of_constant(expression), 0),
        Expr::BinaryExpr(binary) => {
            let (left, right) = (measure(&binary.left, reach, sum)?, measure(&binary.right, reach, sum)?);
            let bytes = match binary.op {
                Operator::StringConcat => left.bytes.saturating_add(right.bytes),
                _ => SHORT_BYTES,
            };
            Weight::checked(bytes, left.operations.saturating_add(right.operations))
        }
        Expr::Cast(cast) => {
            of_cast(measure(&cast.expr, reach, sum)?, may_be_long(cast.field.data_type()), expression)
        }
        Expr::TryCast(cast) => {
            of_cast(measure(&cast.expr, reach, sum)?, may_be_long(cast.field.data_type()), expression)
        }
        Expr::ScalarFunction(call) => of_function(call, reach, sum),
        Expr::InList(list) => {
            let tested = measure(&list.expr, reach, sum)?;
            let (mut constants, mut parts) = (0_u64, tested.operations);
            for item in &list.list {
                if constant(item).is_some() {
                    constants = constants.saturating_add(1);
                } else {
                    parts = parts.saturating_add(measure(item, reach, sum)?.operations);
                }
            }
            Weight::checked(SHORT_BYTES, parts.saturating_add(constants.div_ceil(LISTED_PER_OPERATION)))
        }
        Expr::ScalarSubquery(subquery) => {
            let given = columns(&subquery.subquery, reach.heaviest(), sum)?;
            let heaviest = given.columns.into_iter().fold(Weight::SHORT, Weight::max);
            Weight::checked(heaviest.bytes, heaviest.operations)
        }
        Expr::InSubquery(within) => {
            columns(&within.subquery.subquery, reach.heaviest(), sum)?;
            Weight::checked(SHORT_BYTES, measure(&within.expr, reach, sum)?.operations)
        }
        Expr::SetComparison(comparison) => {
            columns(&comparison.subquery.subquery, reach.heaviest(), sum)?;
            Weight::checked(SHORT_BYTES, measure(&comparison.expr, reach, sum)?.operations)
        }
        Expr::Exists(exists) => {
            columns(&exists.subquery.subquery, reach.heaviest(), sum)?;
            Ok(Weight::SHORT)
        }
        other => of_parts(other, reach, sum),
    }
}

/// A function's result is as long as its longest argument, if nothing else is known of it.
fn of_function(call: &ScalarFunction, reach: &Reach<'_>, sum: &mut Sum) -> Result<Weight, QueryError> {
    let arguments =
        call.args.iter().map(|argument| measure(argument, reach, sum)).collect::<Result<Vec<_>, _>>()?;
    let operations = arguments.iter().fold(0, |sum: u64, part| sum.saturating_add(part.operations));
    let all = |parts: &[Weight]| parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.bytes));
    let first = arguments.first().map_or(SHORT_BYTES, |first| first.bytes);
    let bytes = match call.func.name() {
        "concat" | "overlay" => all(&arguments),
        "concat_ws" => {
            let texts = arguments.get(1..).unwrap_or_default();
            let gaps = u64::try_from(texts.len().saturating_sub(1)).unwrap_or(u64::MAX);
            all(texts).saturating_add(first.saturating_mul(gaps))
        }
        "replace" | "regexp_replace" => {
            let replacement = arguments.get(2).map_or(0, |replacement| replacement.bytes);
            first.saturating_mul(times(call, replacement))
        }
        "to_char" => FORMATTED_BYTES,
        // A token is short, whatever it is of, and in its format as long as the literal.
        member_token::NAME => first.max(all(&arguments)),
        _ => arguments.iter().map(|part| part.bytes).max().unwrap_or(SHORT_BYTES),
    };
    Weight::checked(bytes.max(SHORT_BYTES), operations)
}

/// How many times as long a text becomes when each match in it is replaced.
///
/// A match may be empty: then the replacement stands before each character, which stays. Only `replace` of a constant
/// that is not empty takes away as much as was found.
fn times(call: &ScalarFunction, replacement: u64) -> u64 {
    let replaced = match call.args.get(2).and_then(constant) {
        Some(value) => u64::try_from(bytes(value)).unwrap_or(u64::MAX),
        None => replacement,
    };
    let found = match (call.func.name(), call.args.get(1).and_then(constant)) {
        ("replace", Some(value)) => u64::try_from(bytes(value)).unwrap_or(0),
        _ => 0,
    };
    if found > 0 { replaced.div_ceil(found).max(1) } else { replaced.saturating_add(1) }
}

fn of_cast(inner: Weight, long: bool, cast: &Expr) -> Result<Weight, QueryError> {
    let bytes = match (long, constant(cast)) {
        (false, _) => SHORT_BYTES,
        (true, Some(value)) => u64::try_from(bytes(value)).unwrap_or(u64::MAX),
        (true, None) => inner.bytes.max(SHORT_BYTES),
    };
    Weight::checked(bytes, inner.operations)
}

fn of_constant(expression: &Expr) -> u64 {
    constant(expression).map_or(SHORT_BYTES, |value| u64::try_from(bytes(value)).unwrap_or(u64::MAX))
}

/// As long as the longest part, as many operations as all together.
fn of_parts(expression: &Expr, reach: &Reach<'_>, sum: &mut Sum) -> Result<Weight, QueryError> {
    let (mut longest, mut operations) = (SHORT_BYTES, 0_u64);
    let mut found = Ok(());
    let walk: Result<_, DataFusionError> = expression.apply_children(|part| {
        found = measure(part, reach, sum).map(|weight| {
            longest = longest.max(weight.bytes);
            operations = operations.saturating_add(weight.operations);
        });
        Ok(if found.is_ok() { TreeNodeRecursion::Continue } else { TreeNodeRecursion::Stop })
    });
    walk.map_err(|_| QueryError::Failed)?;
    found?;
    Weight::checked(longest, operations)
}
