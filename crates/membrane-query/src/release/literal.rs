//! Constants of a statement, turned into the type of the column that they are compared with.
//!
//! Done once while planning, exactly or not at all: comparing then needs no conversion of cells, which
//! could fail on some of them. `12.5` against a decimal(12,2) is 1250 hundredths; `12.505` is refused.

use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Operator};

use super::question::{Literal, Scalar, TypeOf};
use super::refusal::refuse;
use crate::QueryError;

const UTC: &str = "UTC";
/// Decimals of a number that is written in a statement, beyond which it is a floating-point number.
const DECIMALS_MAX: i8 = 12;
/// Characters of a day: `2026-03-01`.
const DAY_LENGTH: usize = 10;

/// Reads a constant as a value of the type.
pub(super) fn literal(expression: &Expr, logical: TypeOf) -> Result<Literal, QueryError> {
    let value = constant(expression)?;
    if value.is_null() {
        return Err(refuse("a comparison with NULL", "write IS NULL or IS NOT NULL"));
    }
    convert(&value, logical).ok_or_else(|| {
        refuse(
            "a comparison of a column with a constant that is not exactly of its type",
            "write the constant in the column's own type and precision",
        )
    })
}

/// Tells whether an expression is made of constants only.
pub(super) fn is_constant(expression: &Expr) -> bool {
    match expression {
        Expr::Literal(..) => true,
        Expr::Negative(inner) => is_constant(inner),
        Expr::Cast(cast) => is_constant(&cast.expr),
        Expr::Alias(alias) => is_constant(&alias.expr),
        Expr::BinaryExpr(binary) => {
            folded(binary.op) && is_constant(&binary.left) && is_constant(&binary.right)
        }
        _ => false,
    }
}

/// Tells whether constants are computed with this.
const fn folded(operator: Operator) -> bool {
    matches!(operator, Operator::Plus | Operator::Minus | Operator::Multiply)
}

/// Reads a constant that stands alone, as a value of its own type. Numbers that are written with decimals are exact.
pub(super) fn natural(value: &ScalarValue) -> Option<Scalar> {
    let of = |logical| convert(value, logical).map(|literal| Scalar::Constant(literal, logical));
    if value.is_null() {
        return Some(Scalar::Null(null_type(&value.data_type())));
    }
    match value.data_type() {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => of(TypeOf::Text),
        DataType::Boolean => of(TypeOf::Boolean),
        DataType::Date32 | DataType::Date64 => of(TypeOf::Date),
        DataType::Timestamp(..) => of(TypeOf::Timestamp),
        DataType::Float64 => {
            let exact = (0..=DECIMALS_MAX).find_map(|scale| of(TypeOf::Decimal(38, scale)));
            exact.or_else(|| of(TypeOf::Number))
        }
        DataType::Decimal128(_, scale) => of(TypeOf::Decimal(38, scale)),
        _ => of(TypeOf::Integer),
    }
}

/// Returns of which type a NULL is; one that is written alone counts as text until something stands beside it.
fn null_type(data_type: &DataType) -> TypeOf {
    match data_type {
        DataType::Boolean => TypeOf::Boolean,
        DataType::Date32 | DataType::Date64 => TypeOf::Date,
        DataType::Timestamp(..) => TypeOf::Timestamp,
        DataType::Decimal128(_, scale) => TypeOf::Decimal(38, *scale),
        DataType::Float16 | DataType::Float32 | DataType::Float64 => TypeOf::Number,
        whole if whole.is_integer() => TypeOf::Integer,
        _ => TypeOf::Text,
    }
}

/// Computes a constant: a literal, its negative, `DATE '..'` and other casts of it, and sums of such, as `DATE '..' -
/// INTERVAL '90 days'`.
pub(super) fn constant(expression: &Expr) -> Result<ScalarValue, QueryError> {
    let fault = || refuse("a computed constant", "write its value");
    match expression {
        Expr::Literal(value, _) => Ok(value.clone()),
        Expr::Alias(alias) => constant(&alias.expr),
        Expr::Negative(inner) => constant(inner)?.arithmetic_negate().map_err(|_| fault()),
        Expr::Cast(cast) => {
            let target = match cast.field.data_type() {
                // `TIMESTAMP '..'` without a zone is UTC here, as every stored timestamp is.
                DataType::Timestamp(_, None) => timestamp_type(),
                other => other.clone(),
            };
            let inner = constant(&cast.expr)?;
            inner.cast_to(&target).map_err(|_| match inner.try_as_str().flatten() {
                Some(text) if is_moment(&target) => no_moment(text),
                _ => fault(),
            })
        }
        Expr::BinaryExpr(binary) => {
            let (left, right) = (constant(&binary.left)?, constant(&binary.right)?);
            let computed = match binary.op {
                Operator::Plus => left.add_checked(right),
                Operator::Minus => left.sub_checked(right),
                Operator::Multiply => left.mul_checked(right),
                _ => return Err(fault()),
            };
            computed.map_err(|_| fault())
        }
        _ => Err(fault()),
    }
}

/// Says why a text is no day and no instant.
// PRIVACY: without the text, which may be anything.
pub(super) fn no_moment(text: &str) -> QueryError {
    let day: String = text.trim().chars().take(DAY_LENGTH).collect();
    let has_form = day.char_indices().all(|(place, letter)| match place {
        4 | 7 => letter == '-',
        _ => letter.is_ascii_digit(),
    });
    if has_form && day.len() == DAY_LENGTH && typed(&day, TypeOf::Date).is_none() {
        let rewrite = "look at its month, and at how many days that has";
        return refuse("a day that does not exist", rewrite);
    }
    refuse(
        "a text that is no day or instant where one is needed",
        "write '2026-03-01', or '2026-03-01 12:30:00'",
    )
}

fn is_moment(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..))
}

/// Reads a constant as text.
pub(super) fn text(expression: &Expr) -> Result<String, QueryError> {
    match literal(expression, TypeOf::Text)? {
        Literal::Text(text) => Ok(text),
        _ => Err(QueryError::Failed),
    }
}

/// Reads a value of the contract, as canonical text.
pub(super) fn typed(text: &str, logical: TypeOf) -> Option<Literal> {
    convert(&ScalarValue::Utf8(Some(text.to_owned())), logical)
}

fn timestamp_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
}

fn convert(value: &ScalarValue, logical: TypeOf) -> Option<Literal> {
    match logical {
        TypeOf::Text => value.try_as_str().flatten().map(|text| Literal::Text(text.to_owned())),
        TypeOf::Integer => digits(value, 0).and_then(|value| i64::try_from(value).ok()).map(Literal::Integer),
        TypeOf::Decimal(precision, scale) => {
            let units = digits(value, scale)?;
            let fits = units.unsigned_abs() < 10_u128.checked_pow(u32::from(precision))?;
            fits.then_some(Literal::Decimal(units))
        }
        TypeOf::Number => match value.cast_to(&DataType::Float64).ok()? {
            ScalarValue::Float64(Some(number)) if number.is_finite() && !is_text(value) => {
                Some(Literal::Number(number))
            }
            _ => None,
        },
        TypeOf::Boolean => match value {
            ScalarValue::Boolean(Some(truth)) => Some(Literal::Boolean(*truth)),
            _ => None,
        },
        TypeOf::Date => match moment(value, &DataType::Date32)? {
            ScalarValue::Date32(Some(days)) => Some(Literal::Date(days)),
            _ => None,
        },
        TypeOf::Timestamp => match moment(value, &timestamp_type())? {
            ScalarValue::TimestampMicrosecond(Some(micros), _) => Some(Literal::Timestamp(micros)),
            _ => None,
        },
    }
}

fn is_text(value: &ScalarValue) -> bool {
    value.try_as_str().is_some()
}

/// Reads a day or an instant from text or from another of the two. A day is its midnight in UTC; an
/// instant is a day only at midnight.
fn moment(value: &ScalarValue, target: &DataType) -> Option<ScalarValue> {
    let from = value.data_type();
    if !is_text(value) && !is_moment(&from) {
        return None;
    }
    let converted = value.cast_to(target).ok().filter(|converted| !converted.is_null())?;
    if matches!(from, DataType::Timestamp(..)) && *target == DataType::Date32 {
        let back = converted.cast_to(&from).ok()?;
        return (back == *value).then_some(converted);
    }
    Some(converted)
}

/// Reads a number in units of its `scale`-th decimal, exactly.
fn digits(value: &ScalarValue, scale: i8) -> Option<i128> {
    let text = match value {
        ScalarValue::Int8(_)
        | ScalarValue::Int16(_)
        | ScalarValue::Int32(_)
        | ScalarValue::Int64(_)
        | ScalarValue::UInt8(_)
        | ScalarValue::UInt16(_)
        | ScalarValue::UInt32(_)
        | ScalarValue::UInt64(_)
        | ScalarValue::Decimal128(..)
        | ScalarValue::Utf8(_)
        | ScalarValue::Utf8View(_)
        | ScalarValue::LargeUtf8(_) => match value.cast_to(&DataType::Utf8).ok()? {
            ScalarValue::Utf8(text) => text?,
            _ => return None,
        },
        // The shortest text that reads back as the same number: what was written.
        ScalarValue::Float64(Some(number)) => number.to_string(),
        _ => return None,
    };
    decimal_units(text.trim(), scale)
}

/// Reads `-12.5` in units of its `scale`-th decimal; `None` when digits would be lost.
pub(super) fn decimal_units(text: &str, scale: i8) -> Option<i128> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction = fraction.trim_end_matches('0');
    let scale = usize::try_from(scale).ok()?;
    let only_digits = |text: &str| text.chars().all(|letter| letter.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty())
        || !only_digits(whole)
        || !only_digits(fraction)
        || fraction.len() > scale
    {
        return None;
    }
    let padded = format!("{whole}{fraction:0<scale$}");
    let units: i128 = if padded.is_empty() { 0 } else { padded.parse().ok()? };
    Some(if negative { -units } else { units })
}

#[cfg(test)]
mod tests;
