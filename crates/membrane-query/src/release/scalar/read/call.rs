//! Casts and functions of a statement.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::ScalarFunction;

use super::{Env, TOTAL, arithmetic, compare, of_one_type, scale_of, to_type};
use crate::QueryError;
use crate::release::literal::{constant, is_constant, text};
use crate::release::question::{Part, TypeOf, Unit};
use crate::release::refusal::{refuse, refuse_named};
use crate::release::scalar::{CompareOperator, Function, Scalar};

const KNOWN: &str = "use date_trunc, date_part, coalesce, nullif, abs, floor, ceil, round, lower, upper, trim, length, substr, \
                     left or concat";
/// What to write in place of the moment of asking.
pub(in crate::release) const ASKING: &str =
    "write the day itself, as DATE '2026-03-01': the same question has to mean the same tomorrow";
/// Characters that `substr` and `left` return at most.
const TEXT_LENGTH_MAX: u16 = 256;

/// Reads a call.
pub(super) fn read(call: &ScalarFunction, env: &Env<'_>) -> Result<Scalar, QueryError> {
    let name = call.func.name();
    let one = || match call.args.as_slice() {
        [argument] => super::read(argument, env),
        _ => Err(refuse_named("function", name, KNOWN)),
    };
    let all = || call.args.iter().map(|argument| super::read(argument, env)).collect::<Result<Vec<_>, _>>();
    match name {
        "date_trunc" | "date_part" => of_moment(call, env),
        "now" | "current_date" | "current_time" | "today" => {
            Err(refuse_named("the moment of asking:", name, ASKING))
        }
        "coalesce" => {
            let mut values = all()?;
            if !values.is_empty() && values.iter().all(|value| matches!(value, Scalar::Null(_))) {
                return Ok(Scalar::Null(super::type_of_all(&values.iter().collect::<Vec<_>>())?));
            }
            values = of_one_type(values)?;
            let last = values.pop().ok_or_else(|| refuse_named("function", name, KNOWN))?;
            let arms = values.into_iter().map(|value| {
                let found = Scalar::IsNull(Box::new(value.clone())).not();
                (found, value)
            });
            Ok(Scalar::Case { arms: arms.collect(), otherwise: Box::new(last) })
        }
        "nullif" => {
            let [value, nothing] =
                <[Scalar; 2]>::try_from(all()?).map_err(|_| refuse_named("function", name, KNOWN))?;
            let same = compare(value.clone(), CompareOperator::Eq, nothing)?;
            let arms = vec![(same, Scalar::Null(value.logical()))];
            Ok(Scalar::Case { arms, otherwise: Box::new(value) })
        }
        "abs" => numeric(Function::Absolute, one()?, name),
        "floor" => to_whole(Function::Floor, one()?, name),
        "ceil" => to_whole(Function::Ceiling, one()?, name),
        "round" => round(call, env),
        "lower" => textual(Function::Lower, one()?, name),
        "upper" => textual(Function::Upper, one()?, name),
        "btrim" | "trim" => textual(Function::Trim, one()?, name),
        "character_length" | "length" | "char_length" => {
            let value = one()?;
            match value.logical() {
                TypeOf::Text => Ok(Scalar::Call(Function::Length, vec![value], TypeOf::Integer)),
                _ => Err(refuse_named("a function of something other than text:", name, KNOWN)),
            }
        }
        "substr" | "substring" | "left" => substring(call, env),
        "concat" => {
            let empty = Scalar::Constant(super::Literal::Text(String::new()), TypeOf::Text);
            // NULL counts as nothing here, unlike with `||`.
            let parts = all()?.into_iter().map(|part| {
                let found = Scalar::IsNull(Box::new(part.clone())).not();
                Scalar::Case { arms: vec![(found, part)], otherwise: Box::new(empty.clone()) }
            });
            let joined = parts.map(Ok).reduce(|left, right| arithmetic(Function::Concat, left?, right?));
            joined.unwrap_or_else(|| Err(refuse_named("function", name, KNOWN)))
        }
        _ => Err(refuse_named("function", name, KNOWN)),
    }
}

/// Reads a cast.
pub(super) fn cast(value: Scalar, to: &DataType) -> Result<Scalar, QueryError> {
    let from = value.logical();
    let to = match to {
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => TypeOf::Text,
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => TypeOf::Integer,
        DataType::Float32 | DataType::Float64 => TypeOf::Number,
        DataType::Decimal128(precision, scale) if *scale >= 0 => TypeOf::Decimal(*precision, *scale),
        DataType::Boolean => TypeOf::Boolean,
        DataType::Date32 => TypeOf::Date,
        DataType::Timestamp(..) => TypeOf::Timestamp,
        _ => return Err(refuse("a cast to this type", TOTAL)),
    };
    if matches!(value, Scalar::Null(_)) {
        return Ok(Scalar::Null(to));
    }
    let exact = match (from, to) {
        (one, other) if one == other => return Ok(value),
        (TypeOf::Boolean, other) => other.is_numeric(),
        (TypeOf::Date, TypeOf::Timestamp) | (TypeOf::Timestamp, TypeOf::Date) => true,
        (TypeOf::Integer | TypeOf::Decimal(..) | TypeOf::Date | TypeOf::Timestamp, TypeOf::Text) => true,
        (one, other) => one.is_numeric() && other.is_numeric(),
    };
    if !exact {
        return Err(refuse(
            "a cast that could fail on some rows",
            "cast numbers to numbers, days to instants and back, or either to text",
        ));
    }
    // A smaller precision would be a failure, or a lie; the value is kept.
    let to = match to {
        TypeOf::Decimal(_, scale) => TypeOf::Decimal(38, scale),
        other => other,
    };
    Ok(to_type(value, to))
}

fn numeric(function: Function, value: Scalar, name: &str) -> Result<Scalar, QueryError> {
    let logical = value.logical();
    if !logical.is_numeric() {
        return Err(refuse_named("a function of something other than a number:", name, KNOWN));
    }
    Ok(Scalar::Call(function, vec![value], logical))
}

/// Whole numbers of decimals are integers, so that they can be keys; those of floating-point numbers too.
fn to_whole(function: Function, value: Scalar, name: &str) -> Result<Scalar, QueryError> {
    match value.logical() {
        TypeOf::Integer => Ok(value),
        TypeOf::Decimal(..) | TypeOf::Number => Ok(Scalar::Call(function, vec![value], TypeOf::Integer)),
        _ => Err(refuse_named("a function of something other than a number:", name, KNOWN)),
    }
}

fn round(call: &ScalarFunction, env: &Env<'_>) -> Result<Scalar, QueryError> {
    let (value, decimals) = match call.args.as_slice() {
        [value] => (value, 0),
        [value, decimals] => (value, whole(decimals)?),
        _ => return Err(refuse_named("function", "round", KNOWN)),
    };
    let decimals = i8::try_from(decimals).ok().filter(|decimals| (0..=12).contains(decimals));
    let decimals = decimals.ok_or_else(|| refuse("these decimals of round", "0 to 12"))?;
    let value = super::read(value, env)?;
    let logical = match value.logical() {
        TypeOf::Integer => return Ok(value),
        TypeOf::Decimal(..) | TypeOf::Number if decimals == 0 => TypeOf::Integer,
        TypeOf::Decimal(..) => TypeOf::Decimal(38, decimals.min(scale_of(value.logical()))),
        TypeOf::Number => TypeOf::Decimal(38, decimals),
        _ => return Err(refuse_named("a function of something other than a number:", "round", KNOWN)),
    };
    Ok(Scalar::Call(Function::Round(decimals), vec![value], logical))
}

fn textual(function: Function, value: Scalar, name: &str) -> Result<Scalar, QueryError> {
    match value.logical() {
        TypeOf::Text => Ok(Scalar::Call(function, vec![value], TypeOf::Text)),
        _ => Err(refuse_named("a function of something other than text:", name, KNOWN)),
    }
}

fn substring(call: &ScalarFunction, env: &Env<'_>) -> Result<Scalar, QueryError> {
    let fault =
        || refuse("these bounds of substr or left", "whole numbers from 1, and 256 characters at most");
    let is_left = call.func.name() == "left";
    let (value, from, length) = match call.args.as_slice() {
        [value, length] if is_left => (value, 1, whole(length)?),
        [value, from] => (value, whole(from)?, i64::from(TEXT_LENGTH_MAX)),
        [value, from, length] if !is_left => (value, whole(from)?, whole(length)?),
        _ => return Err(fault()),
    };
    let skipped = from.checked_sub(1).and_then(|skipped| u16::try_from(skipped).ok()).ok_or_else(fault)?;
    let length = u16::try_from(length).ok().filter(|length| *length <= TEXT_LENGTH_MAX).ok_or_else(fault)?;
    textual(Function::Substring(skipped, length), super::read(value, env)?, call.func.name())
}

fn whole(expression: &Expr) -> Result<i64, QueryError> {
    let number = is_constant(expression).then(|| constant(expression)).transpose()?;
    match number.map(|number| number.cast_to(&DataType::Int64)) {
        Some(Ok(ScalarValue::Int64(Some(number)))) => Ok(number),
        _ => Err(refuse("a function whose numbers are not whole constants", KNOWN)),
    }
}

/// Reads `date_trunc` and `date_part`, which EXTRACT is too.
fn of_moment(call: &ScalarFunction, env: &Env<'_>) -> Result<Scalar, QueryError> {
    let name = call.func.name();
    let [which, value] = call.args.as_slice() else {
        return Err(refuse_named("function", name, KNOWN));
    };
    let which = text(which)?.to_ascii_lowercase();
    let value = super::read(value, env)?;
    let logical = value.logical();
    if !matches!(logical, TypeOf::Date | TypeOf::Timestamp) {
        return Err(refuse_named("a function of something other than a date or timestamp:", name, KNOWN));
    }
    let instant = logical == TypeOf::Timestamp;
    if name == "date_trunc" {
        unit(&which)
            .filter(|unit| instant || *unit != Unit::Hour)
            .map(|unit| Scalar::Call(Function::Truncate(unit), vec![value], logical))
            .ok_or_else(|| refuse("this unit of date_trunc", "year, quarter, month, week, day or hour"))
    } else {
        part(&which)
            .filter(|part| instant || *part != Part::Hour)
            .map(|part| Scalar::Call(Function::Part(part), vec![value], TypeOf::Integer))
            .ok_or_else(|| refuse("this part of date_part", "year, quarter, month, week, day, dow or hour"))
    }
}

const UNITS: [(&str, Unit); 6] = [
    ("year", Unit::Year),
    ("quarter", Unit::Quarter),
    ("month", Unit::Month),
    ("week", Unit::Week),
    ("day", Unit::Day),
    ("hour", Unit::Hour),
];

const PARTS: [(&str, Part); 7] = [
    ("year", Part::Year),
    ("quarter", Part::Quarter),
    ("month", Part::Month),
    ("week", Part::Week),
    ("day", Part::Day),
    ("dow", Part::DayOfWeek),
    ("hour", Part::Hour),
];

fn unit(word: &str) -> Option<Unit> {
    UNITS.iter().find(|(known, _)| *known == word).map(|(_, unit)| *unit)
}

fn part(word: &str) -> Option<Part> {
    PARTS.iter().find(|(known, _)| *known == word).map(|(_, part)| *part)
}
