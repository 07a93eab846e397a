//! Values for `$1`, `$2` and so on, that a caller sends beside a statement.
//!
//! They are bound to the plan before it is checked, so that every check sees them as the literals that they are.

use std::fmt;

use datafusion::common::tree_node::{TreeNode as _, TreeNodeRecursion};
use datafusion::common::{ParamValues, ScalarValue};
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::error::QueryError;
use crate::sanitise::sanitise;
use membrane_model::Limits;

/// Most parameters of one statement.
const PARAMETERS_MAX: usize = 256;

/// Bytes of text that parameters may put into a plan: one stands wherever it is named, and in each copy of a WITH query
/// that names it.
const UNFOLDED_BYTES_MAX: usize = 1 << 20;

/// A value for a parameter.
#[derive(Clone, PartialEq)]
pub enum Parameter {
    /// NULL.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// Text.
    Text(String),
}

// PRIVACY: a parameter is what a literal is: it may be somebody's number.
impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parameter(..)")
    }
}

impl Parameter {
    fn scalar(&self) -> ScalarValue {
        match self {
            Self::Null => ScalarValue::Null,
            Self::Boolean(value) => ScalarValue::Boolean(Some(*value)),
            Self::Integer(value) => ScalarValue::Int64(Some(*value)),
            Self::Number(value) => ScalarValue::Float64(Some(*value)),
            Self::Text(text) => ScalarValue::Utf8(Some(text.clone())),
        }
    }
}

/// Refuses parameters that are too many or too long, by the bounds of the text that they belong to.
pub(super) fn check(parameters: &[Parameter], limits: &Limits) -> Result<(), QueryError> {
    let bytes: usize = parameters
        .iter()
        .map(|parameter| match parameter {
            Parameter::Text(text) => text.len(),
            _ => 0,
        })
        .fold(0, usize::saturating_add);
    if parameters.len() > PARAMETERS_MAX || bytes > limits.sql_bytes_max {
        return Err(QueryError::TooComplex { reason: "it has too many or too long parameters" });
    }
    Ok(())
}

/// Puts values in the place of parameters.
pub(crate) fn bind(
    plan: LogicalPlan,
    parameters: &[Parameter],
    limits: &Limits,
) -> Result<LogicalPlan, QueryError> {
    if parameters.is_empty() {
        return Ok(plan);
    }
    if unfolded_bytes(&plan, parameters)? > UNFOLDED_BYTES_MAX {
        return Err(QueryError::TooComplex {
            reason: "its parameters stand in too many places for their length",
        });
    }
    let values: Vec<ScalarValue> = parameters.iter().map(Parameter::scalar).collect();
    plan.with_param_values(ParamValues::from(values)).map_err(|error| sanitise(&error, limits))
}

/// Counts the text that a plan holds once its parameters have values.
fn unfolded_bytes(plan: &LogicalPlan, parameters: &[Parameter]) -> Result<usize, QueryError> {
    let mut bytes: usize = 0;
    let walked = plan.apply_with_subqueries(|node| {
        node.apply_expressions(|expression| {
            expression.apply(|part| {
                if let Expr::Placeholder(placeholder) = part
                    && let Some(Parameter::Text(text)) =
                        place(&placeholder.id).and_then(|place| parameters.get(place))
                {
                    bytes = bytes.saturating_add(text.len());
                }
                Ok(TreeNodeRecursion::Continue)
            })
        })
    });
    walked.map(|_| bytes).map_err(|_| QueryError::Failed)
}

/// Reads `$1` as 0.
pub(super) fn place(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse::<usize>().ok()?.checked_sub(1)
}
