use std::sync::Arc;

use datafusion::common::{Column, Diagnostic, Location, Span};

use super::*;

const SECRET: &str = "13800138000";

fn check(error: DataFusionError, code: &str) -> QueryError {
    let mapped = sanitise(&error, &Limits::default());
    assert_eq!(mapped.code(), code, "{error}");
    assert!(!format!("{mapped} {mapped:?}").contains(SECRET));
    mapped
}

#[test]
fn every_kind_of_error_loses_its_text() {
    let text = || format!("something about {SECRET}");
    check(DataFusionError::Plan(text()), "invalid");
    check(DataFusionError::Execution(text()), "evaluation");
    check(DataFusionError::Internal(text()), "failed");
    check(DataFusionError::Internal(format!("{PATTERN_FAULT} {SECRET}")), "evaluation");
    check(DataFusionError::Configuration(text()), "failed");
    check(DataFusionError::NotImplemented(text()), "unsupported");
    check(DataFusionError::ResourcesExhausted(text()), "limit_memory");
    check(DataFusionError::Substrait(text()), "failed");
    check(DataFusionError::External(text().into()), "evaluation");
    check(DataFusionError::External(Box::new(ScanFault::Cell)), "cell_unreadable");
    check(DataFusionError::External(Box::new(ScanFault::Keys)), "keys_unavailable");
    check(DataFusionError::External(Box::new(ScanFault::Rule)), "scan_failed");
    check(DataFusionError::External(Box::new(ScanFault::Time)), "limit_seconds");
    for fault in [
        ArrowError::CastError(text()),
        ArrowError::ParseError(text()),
        ArrowError::ArithmeticOverflow(text()),
        ArrowError::ComputeError(text()),
        ArrowError::InvalidArgumentError(text()),
        ArrowError::DivideByZero,
    ] {
        check(DataFusionError::ArrowError(Box::new(fault), None), "evaluation");
    }
    check(
        DataFusionError::Plan(format!("Invalid function '{SECRET}'.\nDid you mean 'x'?")),
        "unknown_function",
    );
    check(DataFusionError::Plan(format!("table '{SECRET}' not found")), "unknown_table");
}

#[test]
fn wrapped_errors_are_found_with_their_position() {
    let missing = DataFusionError::SchemaError(
        Box::new(SchemaError::FieldNotFound {
            field: Box::new(Column::new_unqualified("nope")),
            valid_fields: vec![Column::new_unqualified(SECRET)],
        }),
        Box::new(None),
    );
    let start = Location { line: 2, column: 9 };
    let diagnostic = Diagnostic::new_error(SECRET, Some(Span::new(start, start)));
    let wrapped = DataFusionError::Diagnostic(Box::new(diagnostic), Box::new(missing.context(SECRET)));
    let collected = DataFusionError::Collection(vec![wrapped, DataFusionError::Internal(SECRET.to_owned())]);
    let mapped = check(collected, "unknown_column");
    assert_eq!(mapped.to_string(), "column `nope` not found (line 2, column 9)");
    check(
        DataFusionError::Shared(Arc::new(DataFusionError::External(Box::new(ScanFault::Read)))),
        "scan_failed",
    );
}
