//! Turns DataFusion's errors into ours: a code and a position, never a text that was made from data.

use datafusion::arrow::error::ArrowError;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use membrane_model::Limits;

use crate::error::{Position, QueryError};
use crate::fault::ScanFault;
use crate::plain_name::plain_name;

const REFUSED: &str = "an operation refused its argument";

/// How the engine tells of a pattern that is none.
const PATTERN_FAULT: &str = "failed to call 'regex_match_dyn_scalar'";

/// Maps an error of planning or running a statement.
///
/// PRIVACY: texts of DataFusion and Arrow quote cells (`Cannot cast string '...'`), literals and names of other
/// columns (`Did you mean ...`, `Valid fields are ...`). They are looked at here and go no further.
pub(crate) fn sanitise(error: &DataFusionError, limits: &Limits) -> QueryError {
    let position = position_of(error);
    // Several faults of one statement come as a collection: the first one is told.
    let first = error.iter().next().unwrap_or(error);
    match first.find_root() {
        DataFusionError::SchemaError(fault, _) => schema_fault(fault, position),
        DataFusionError::ResourcesExhausted(_) => {
            QueryError::LimitMemory { bytes_max: limits.memory_bytes_max }
        }
        DataFusionError::External(source) => source
            .downcast_ref::<ScanFault>()
            // What comes from inside a scan is a `ScanFault`; the rest are arguments of the statement's own
            // functions, like a pattern that is no regular expression.
            .map_or(QueryError::Evaluation { what: REFUSED }, |fault| fault.told(limits)),
        DataFusionError::ArrowError(fault, _) => arrow_fault(fault, limits),
        DataFusionError::Plan(text) => plan_fault(text, position),
        DataFusionError::NotImplemented(_) => QueryError::Unsupported { what: "this form of SQL", position },
        DataFusionError::SQL(..) => QueryError::Syntax { position },
        DataFusionError::Execution(_) => QueryError::Evaluation { what: REFUSED },
        // A pattern of SIMILAR TO is compiled when rows come, and the engine takes its fault for one of its own.
        DataFusionError::Internal(text) if text.starts_with(PATTERN_FAULT) => {
            QueryError::Evaluation { what: REFUSED }
        }
        _ => QueryError::Failed,
    }
}

fn position_of(error: &DataFusionError) -> Option<Position> {
    let first = error.iter().next().unwrap_or(error);
    let span = first.diagnostic()?.span?;
    Some(Position { line: span.start.line, column: span.start.column })
}

fn schema_fault(fault: &SchemaError, position: Option<Position>) -> QueryError {
    match fault {
        SchemaError::FieldNotFound { field, .. } => {
            QueryError::UnknownColumn { name: plain_name(field.name()), position }
        }
        SchemaError::AmbiguousReference { field } => {
            QueryError::AmbiguousColumn { name: plain_name(field.name()), position }
        }
        SchemaError::DuplicateQualifiedField { .. } | SchemaError::DuplicateUnqualifiedField { .. } => {
            QueryError::Invalid {
                what: "two columns have one name; give one of them another with AS",
                position,
            }
        }
    }
}

fn arrow_fault(fault: &ArrowError, limits: &Limits) -> QueryError {
    let what = match fault {
        ArrowError::DivideByZero => "division by zero",
        ArrowError::CastError(_) | ArrowError::ParseError(_) => {
            "a value cannot be cast to the type asked for"
        }
        ArrowError::ArithmeticOverflow(_) => "a number is too large for its type",
        ArrowError::MemoryError(_) | ArrowError::OffsetOverflowError(_) => {
            return QueryError::LimitMemory { bytes_max: limits.memory_bytes_max };
        }
        ArrowError::InvalidArgumentError(_)
        | ArrowError::ComputeError(_)
        | ArrowError::NotYetImplemented(_) => REFUSED,
        ArrowError::ExternalError(source) => {
            return source
                .downcast_ref::<DataFusionError>()
                .map_or(QueryError::Failed, |inner| sanitise(inner, limits));
        }
        _ => return QueryError::Failed,
    };
    QueryError::Evaluation { what }
}

/// What common planning faults begin with or contain, and what is told instead.
const PLAN_FAULTS: &[(&str, &str)] = &[
    // First: the names that it repeats may be those of anything.
    (
        "Projections require unique expression names",
        "two columns have one name; give one of them another with AS",
    ),
    ("GROUP BY", "a column is neither grouped nor aggregated"),
    (
        "must have the same number of columns",
        "the sides of a set operation have different numbers of columns",
    ),
    ("UNION", "the sides of a set operation differ"),
    ("Cannot infer common argument type", "the types of two compared values differ"),
    ("Cannot coerce", "the types of two values differ"),
    ("type_coercion", "the types of two values differ"),
    ("Cannot cast", "a cast between these types does not exist"),
    ("Unsupported CAST", "a cast between these types does not exist"),
    ("Scalar subquery", "a scalar subquery must give one column"),
    ("subquery", "a subquery does not fit its place"),
    ("ORDER BY", "ORDER BY does not fit the selected columns"),
    ("WITH query name", "two WITH queries have one name"),
    ("boolean", "a condition is not true or false"),
];

fn plan_fault(text: &str, position: Option<Position>) -> QueryError {
    if let Some(rest) = text.strip_prefix("Invalid function '") {
        let name = rest.split_once('\'').and_then(|(name, _)| plain_name(name));
        return QueryError::UnknownFunction { name, position };
    }
    if text.contains("No function matches") || text.contains("call to function") {
        return QueryError::UnknownFunction { name: None, position };
    }
    if text.starts_with("table '") || text.starts_with("table function '") {
        return QueryError::UnknownTable { name: None, position };
    }
    let what = PLAN_FAULTS
        .iter()
        .find(|(mark, _)| text.contains(mark))
        .map_or("its types or its parts do not match", |(_, told)| told);
    QueryError::Invalid { what, position }
}

#[cfg(test)]
mod tests;
