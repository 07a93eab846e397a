//! Conditions of a statement that say which part of the record is read: bounds on the moment or the leaf, one run and one column.
//!
//! A window is never narrower than the conditions: the engine evaluates them again on every row.

use chrono::{DateTime, TimeDelta, Utc};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use membrane_ledger::RunWindow;

/// The names of the columns that a window is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounded {
    /// When it was.
    pub(super) moment: &'static str,
    /// The run.
    pub(super) run: Option<&'static str>,
    /// The index of the leaf.
    pub(super) leaf: Option<&'static str>,
    /// The name of the column.
    pub(super) column: Option<&'static str>,
}

/// Tells whether a condition would narrow a window.
pub(super) fn narrows(bounded: Bounded, condition: &Expr) -> bool {
    let mut window = RunWindow::default();
    narrow(&mut window, bounded, condition);
    window != RunWindow::default()
}

/// Makes a window as narrow as a condition lets it be.
pub(super) fn narrow(window: &mut RunWindow, bounded: Bounded, condition: &Expr) {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
            narrow(window, bounded, left);
            narrow(window, bounded, right);
        }
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => {
            if let Expr::Literal(value, _) = right.as_ref() {
                compare(window, bounded, left, *op, value);
            } else if let (Expr::Literal(value, _), Some(op)) = (left.as_ref(), op.swap()) {
                compare(window, bounded, right, op, value);
            }
        }
        Expr::Between(Between { expr, negated: false, low, high }) => {
            for (bound, op) in [(low, Operator::GtEq), (high, Operator::LtEq)] {
                if let Expr::Literal(value, _) = bound.as_ref() {
                    compare(window, bounded, expr, op, value);
                }
            }
        }
        _ => {}
    }
}

fn compare(window: &mut RunWindow, bounded: Bounded, column: &Expr, op: Operator, value: &ScalarValue) {
    let Some(name) = column_name(column) else { return };
    if name == bounded.moment
        && let Some(moment) = moment(value)
    {
        if matches!(op, Operator::Gt | Operator::GtEq | Operator::Eq) {
            window.since = window.since.max(Some(moment));
        }
        if matches!(op, Operator::Lt | Operator::LtEq | Operator::Eq) {
            // What was cut off below a microsecond.
            let until = moment.checked_add_signed(TimeDelta::microseconds(1)).unwrap_or(moment);
            window.until = Some(window.until.map_or(until, |known| known.min(until)));
        }
    }
    if Some(name) == bounded.run && op == Operator::Eq && window.run.is_none() {
        window.run = text(value).and_then(|text| text.parse().ok());
    }
    if Some(name) == bounded.column && op == Operator::Eq && window.column.is_none() {
        window.column = text(value).and_then(|text| text.parse().ok());
    }
    if Some(name) == bounded.leaf
        && let ScalarValue::Int64(Some(leaf)) = value
    {
        narrow_leaves(window, op, *leaf);
    }
}

/// No leaf has an index below zero: bounds there leave what is below them open, and the engine finds nothing.
fn narrow_leaves(window: &mut RunWindow, op: Operator, leaf: i64) {
    let Ok(leaf) = u64::try_from(leaf) else { return };
    if matches!(op, Operator::Gt | Operator::GtEq | Operator::Eq) {
        window.leaf_first = window.leaf_first.max(Some(leaf));
    }
    if matches!(op, Operator::Lt | Operator::LtEq | Operator::Eq) {
        window.leaf_last = Some(window.leaf_last.map_or(leaf, |known| known.min(leaf)));
    }
}

/// Returns the column of an expression that says the same moments: itself, or cast to a precision that loses nothing.
///
/// A coarser one rounds: rows before a bound would be within it. Without a zone it may be the clock of another place.
fn column_name(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Column(column) => Some(&column.name),
        Expr::Cast(cast) => match cast.field.data_type() {
            DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, Some(_)) => {
                column_name(&cast.expr)
            }
            _ => None,
        },
        _ => None,
    }
}

fn moment(value: &ScalarValue) -> Option<DateTime<Utc>> {
    let micros = match value {
        ScalarValue::TimestampSecond(Some(seconds), _) => seconds.checked_mul(1_000_000)?,
        ScalarValue::TimestampMillisecond(Some(millis), _) => millis.checked_mul(1_000)?,
        ScalarValue::TimestampMicrosecond(Some(micros), _) => *micros,
        ScalarValue::TimestampNanosecond(Some(nanos), _) => nanos.div_euclid(1_000),
        _ => return None,
    };
    DateTime::from_timestamp_micros(micros)
}

fn text(value: &ScalarValue) -> Option<&str> {
    match value {
        ScalarValue::Utf8(Some(text))
        | ScalarValue::Utf8View(Some(text))
        | ScalarValue::LargeUtf8(Some(text)) => Some(text),
        _ => None,
    }
}
