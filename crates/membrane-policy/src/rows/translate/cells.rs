//! Which cells of a column a constant of Cedar stands among: days, instants and decimals.
//!
//! Cedar counts in units of its own: milliseconds for a `datetime`, ten-thousandths for a `decimal`. A column
//! counts in days, in microseconds or in its own scale. So that a policy says of a row what Cedar would, a
//! cell is taken for the Cedar value that the row's attribute has: a day for its midnight in UTC, an instant
//! for its whole millisecond, a decimal for itself. The cells that equal a constant then are those from
//! `least` to `most`; none do when `least` is above `most`, as for a time of day and a column of days. Every
//! comparison is one with an end of that range:
//!
//! | Cedar | cell |
//! | --- | --- |
//! | `a < c` | `cell < least` |
//! | `a <= c` | `cell <= most` |
//! | `a > c` | `cell > most` |
//! | `a >= c` | `cell >= least` |
//! | `a == c` | `cell >= least`, `cell <= most` |
//!
//! Nothing is collapsed into true or false, also where it could be: a comparison with NULL stays NULL.

use cedar_policy::pst::{BinaryOp, Expr, Literal, UnaryOp};
use chrono::NaiveDate;
use membrane_catalog::Column;
use membrane_model::LogicalType;

use crate::{CompareOperator, RowExpr, RowValue};

const DAY_MS: i128 = 86_400_000;
const MILLISECOND_US: i128 = 1_000;
/// Digits after the point of a Cedar decimal.
const CEDAR_SCALE: u32 = 4;

/// The cells that equal a constant, among all that the column can have.
struct Cells<'a> {
    column: &'a Column,
    least: i128,
    most: i128,
    /// The least and the greatest cell that there can be.
    all: (i128, i128),
}

/// Compares a column of days, instants or decimals with a constant. Nothing for other columns and for what
/// is no constant of the column's kind.
pub(super) fn compare(column: &Column, operator: CompareOperator, constant: &Expr) -> Option<RowExpr> {
    let cells = Cells::of(column, constant)?;
    let (least, most) = (cells.least, cells.most);
    match operator {
        CompareOperator::Lt | CompareOperator::GtEq => cells.against(operator, least),
        CompareOperator::LtEq | CompareOperator::Gt => cells.against(operator, most),
        CompareOperator::Eq if least == most && cells.all.0 <= least && least <= cells.all.1 => {
            cells.against(operator, least)
        }
        CompareOperator::Eq => Some(RowExpr::all([
            cells.against(CompareOperator::GtEq, least)?,
            cells.against(CompareOperator::LtEq, most)?,
        ])),
        CompareOperator::NotEq => compare(column, CompareOperator::Eq, constant).map(RowExpr::negated),
    }
}

impl<'a> Cells<'a> {
    fn of(column: &'a Column, constant: &Expr) -> Option<Self> {
        let (least, most, all) = match column.logical_type {
            LogicalType::Date => {
                let (least, most) = within(instant(constant)?.into(), DAY_MS);
                (least, most, (i32::MIN.into(), i32::MAX.into()))
            }
            LogicalType::Timestamp => {
                let least = i128::from(instant(constant)?) * MILLISECOND_US;
                (least, least + MILLISECOND_US - 1, (i64::MIN.into(), i64::MAX.into()))
            }
            LogicalType::Decimal { precision, scale } => {
                let lost = CEDAR_SCALE.checked_sub(u32::try_from(scale).ok()?)?;
                let (least, most) = within(decimal(constant)?, 10_i128.checked_pow(lost)?);
                let greatest = 10_i128.checked_pow(precision.into())? - 1;
                (least, most, (-greatest, greatest))
            }
            LogicalType::String | LogicalType::Integer | LogicalType::Number | LogicalType::Boolean => {
                return None;
            }
        };
        Some(Self { column, least, most, all })
    }

    /// Compares with one cell. One that the column cannot have lies beyond the last that it can.
    fn against(&self, operator: CompareOperator, cell: i128) -> Option<RowExpr> {
        let (first, last) = self.all;
        let below = matches!(operator, CompareOperator::Lt | CompareOperator::LtEq);
        let (operator, cell) = match (cell < first, cell > last, below) {
            (true, _, true) => (CompareOperator::Lt, first),
            (true, _, false) => (CompareOperator::GtEq, first),
            (_, true, true) => (CompareOperator::LtEq, last),
            (_, true, false) => (CompareOperator::Gt, last),
            (false, false, _) => (operator, cell),
        };
        let value = match self.column.logical_type {
            LogicalType::Date => RowValue::Date(i32::try_from(cell).ok()?),
            LogicalType::Timestamp => RowValue::Timestamp(i64::try_from(cell).ok()?),
            LogicalType::Decimal { scale, .. } => RowValue::Decimal { unscaled: cell, scale },
            _ => return None,
        };
        Some(RowExpr::Compare { column: self.column.name.clone(), operator, value })
    }
}

/// The multiples of `step` that equal a value, as the least and the greatest.
const fn within(value: i128, step: i128) -> (i128, i128) {
    (-(-value).div_euclid(step), value.div_euclid(step))
}

/// Milliseconds since 1970. Partial evaluation computes every constant, `context.time` included, and leaves
/// `datetime("1970-01-01").offset(duration("NUMBERms"))` of it.
fn instant(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::UnaryOp { op: UnaryOp::Datetime, expr } => {
            let day = NaiveDate::parse_from_str(text(expr)?, "%Y-%m-%d").ok()?;
            Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis())
        }
        Expr::BinaryOp { op: BinaryOp::Offset, left, right } => {
            let Expr::UnaryOp { op: UnaryOp::Duration, expr } = right.as_ref() else { return None };
            instant(left)?.checked_add(text(expr)?.strip_suffix("ms")?.parse().ok()?)
        }
        _ => None,
    }
}

/// Ten-thousandths.
fn decimal(expr: &Expr) -> Option<i128> {
    let Expr::UnaryOp { op: UnaryOp::Decimal, expr } = expr else { return None };
    let (whole, fraction) = text(expr)?.split_once('.')?;
    let digits = format!("{whole}{fraction}");
    // A sign inside would not be a number, and so many digits are none that Cedar has.
    let missing = CEDAR_SCALE.checked_sub(u32::try_from(fraction.len()).ok()?)?;
    digits.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(missing)?)
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(Literal::String(text)) => Some(text),
        _ => None,
    }
}
