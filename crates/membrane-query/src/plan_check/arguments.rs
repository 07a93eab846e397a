//! Arguments that a row must not decide: they size memory, or are compiled anew for every value.
//!
//! | argument | why | what is allowed |
//! | --- | --- | --- |
//! | pattern of `~`, SIMILAR TO, `regexp_*` | each value is compiled to a program of up to 10 MB | a short constant |
//! | format of `to_char` | its letters are written out at length | a short constant |
//! | centroids of `approx_percentile_cont*` | that many are made room for, whatever the rows | a constant up to 10 000 |
//! | frame of a window function | its cost must not grow with the frame | functions of [`functions`] that keep a running result |

use datafusion::common::ScalarValue;
use datafusion::logical_expr::expr::{NullTreatment, ScalarFunction, WindowFunction};
use datafusion::logical_expr::{Expr, Operator, WindowFunctionDefinition};

use super::{unknown_function, unsupported};
use crate::error::QueryError;
use crate::functions;

/// Bytes of a pattern or of its flags and replacement.
const PATTERN_BYTES_MAX: usize = 512;
/// Bytes of a format.
const FORMAT_BYTES_MAX: usize = 64;
/// Centroids of an approximate percentile. Its own default is 100.
const CENTROIDS_MAX: i128 = 10_000;

/// Checks the pattern of an operator.
pub(super) fn check_operator(operator: Operator, pattern: &Expr) -> Result<(), QueryError> {
    match operator {
        Operator::RegexMatch | Operator::RegexIMatch | Operator::RegexNotMatch | Operator::RegexNotIMatch => {
            check_pattern(pattern)
        }
        _ => Ok(()),
    }
}

/// Checks the pattern of an operator, of SIMILAR TO or of a function.
pub(super) fn check_pattern(pattern: &Expr) -> Result<(), QueryError> {
    match constant(pattern) {
        Some(value) if bytes(value) <= PATTERN_BYTES_MAX => Ok(()),
        _ => Err(unsupported(
            "a pattern that is not a constant of at most 512 bytes; write the pattern as a literal, or use LIKE, strpos or starts_with",
        )),
    }
}

/// Checks the arguments of a scalar function.
pub(super) fn check_scalar(call: &ScalarFunction) -> Result<(), QueryError> {
    let rest = call.args.get(1..).unwrap_or_default();
    match call.func.name() {
        // Pattern, replacement, flags and positions alike: the function compiles a pattern for each that differs.
        "regexp_count" | "regexp_instr" | "regexp_like" | "regexp_replace" => {
            rest.iter().try_for_each(check_pattern)
        }
        "to_char" => match rest.first().and_then(constant) {
            Some(value) if bytes(value) <= FORMAT_BYTES_MAX => Ok(()),
            _ => Err(unsupported(
                "a format of to_char that is not a constant of at most 64 bytes; write the format as a literal",
            )),
        },
        _ => Ok(()),
    }
}

/// Checks the arguments of an aggregate function.
pub(super) fn check_aggregate(name: &str, arguments: &[Expr]) -> Result<(), QueryError> {
    let centroids = match name {
        "approx_percentile_cont" => arguments.get(2),
        "approx_percentile_cont_with_weight" => arguments.get(3),
        _ => None,
    };
    let Some(centroids) = centroids else { return Ok(()) };
    match constant(centroids).and_then(whole_number) {
        Some(count) if (1..=CENTROIDS_MAX).contains(&count) => Ok(()),
        _ => Err(unsupported(
            "a number of centroids that is not a constant from 1 to 10000; leave it out, or write 100",
        )),
    }
}

/// Checks a window function.
pub(super) fn check_window(call: &WindowFunction) -> Result<(), QueryError> {
    match &call.fun {
        WindowFunctionDefinition::AggregateUDF(function)
            if functions::is_window_aggregate_allowed(function) =>
        {
            check_aggregate(function.name(), &call.params.args)?;
        }
        WindowFunctionDefinition::AggregateUDF(function) if functions::is_aggregate_allowed(function) => {
            return Err(unsupported(
                "this aggregate over a window; aggregate with GROUP BY in a WITH query and join it",
            ));
        }
        WindowFunctionDefinition::WindowUDF(function) if functions::is_window_allowed(function) => {}
        other => return Err(unknown_function(other.name())),
    }
    if call.params.distinct {
        return Err(unsupported(
            "DISTINCT over a window; aggregate with GROUP BY in a WITH query and join it",
        ));
    }
    // Looking for the next value that is not NULL costs as much as the frame is long, in each row.
    if call.params.null_treatment == Some(NullTreatment::IgnoreNulls) {
        return Err(unsupported("IGNORE NULLS over a window; filter the NULLs out in a WITH query first"));
    }
    Ok(())
}

/// Returns the constant that an argument is, looking through the casts and names that planning puts around it.
pub(crate) fn constant(argument: &Expr) -> Option<&ScalarValue> {
    match argument {
        Expr::Literal(value, _) => Some(value),
        Expr::Cast(cast) => constant(&cast.expr),
        Expr::TryCast(cast) => constant(&cast.expr),
        Expr::Alias(alias) => constant(&alias.expr),
        _ => None,
    }
}

/// Returns the bytes of a constant as text.
pub(crate) fn bytes(value: &ScalarValue) -> usize {
    match value.try_as_str() {
        Some(text) => text.map_or(0, str::len),
        None => value.to_string().len(),
    }
}

fn whole_number(value: &ScalarValue) -> Option<i128> {
    match value {
        ScalarValue::Int8(number) => number.map(i128::from),
        ScalarValue::Int16(number) => number.map(i128::from),
        ScalarValue::Int32(number) => number.map(i128::from),
        ScalarValue::Int64(number) => number.map(i128::from),
        ScalarValue::UInt8(number) => number.map(i128::from),
        ScalarValue::UInt16(number) => number.map(i128::from),
        ScalarValue::UInt32(number) => number.map(i128::from),
        ScalarValue::UInt64(number) => number.map(i128::from),
        _ => None,
    }
}
