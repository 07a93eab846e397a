//! The kernels of [`Function`]s, as a function that DataFusion can call.
//!
//! PRIVACY: a kernel fails for no value: only for arrays of types that the planner did not give it.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringViewArray,
    StringViewBuilder, TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::Result as DataFusionResult;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::fixed::{divide, hold, multiply, narrow, of_number, rescale, to_number};
use super::function::Function;
use crate::release::calendar::{
    MICROS_PER_DAY, part_of_days, part_of_micros, truncate_days, truncate_micros,
};
use crate::release::cell;

/// Texts longer than this are cut off before anything is done to them: one row must not hold any amount of memory.
const TEXT_BYTES_MAX: usize = 1024;

/// A function with the type of its result.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Total {
    function: Function,
    result: DataType,
    signature: Signature,
}

impl Total {
    /// Makes the function, as DataFusion calls it.
    pub(super) fn function(function: Function, result: DataType) -> ScalarUDF {
        let signature = Signature::variadic_any(Volatility::Immutable);
        ScalarUDF::new_from_impl(Self { function, result, signature })
    }
}

/// Tells whether a function of a plan is one of these.
pub(in crate::release) fn is_total(function: &ScalarUDF) -> bool {
    let inner: &dyn std::any::Any = function.inner().as_ref();
    inner.is::<Total>()
}

impl ScalarUDFImpl for Total {
    fn name(&self) -> &'static str {
        "total"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> DataFusionResult<DataType> {
        Ok(self.result.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DataFusionResult<ColumnarValue> {
        let arrays = args
            .args
            .iter()
            .map(|argument| argument.to_array(args.number_rows))
            .collect::<DataFusionResult<Vec<ArrayRef>>>()?;
        let computed = compute(self.function, &arrays, &self.result).ok_or_else(fault)?;
        Ok(ColumnarValue::Array(computed))
    }
}

// PRIVACY: no value and no type of one.
fn fault() -> DataFusionError {
    DataFusionError::Internal("an expression of a release has another type than was planned".to_owned())
}

fn compute(function: Function, arguments: &[ArrayRef], result: &DataType) -> Option<ArrayRef> {
    match (function, arguments) {
        (
            Function::Add | Function::Subtract | Function::Multiply | Function::Divide | Function::Modulo,
            [left, right],
        ) => arithmetic(function, left, right, result),
        (Function::Absolute, [one]) => each_number(one, result, i128::abs, f64::abs),
        (Function::Floor, [one]) => whole(one, result, f64::floor, i128::div_euclid),
        (Function::Ceiling, [one]) => whole(one, result, f64::ceil, |value, unit| -(-value).div_euclid(unit)),
        (Function::Round(decimals), [one]) => round(one, result, decimals),
        (Function::Cast, [one]) => cast(one, result),
        (Function::Truncate(unit), [one]) => match one.data_type() {
            DataType::Date32 => {
                let cut = |days| i32::try_from(truncate_days(unit, i64::from(days))).unwrap_or(i32::MIN);
                let array: Date32Array = one.as_primitive::<Date32Type>().unary(cut);
                Some(Arc::new(array))
            }
            _ => {
                let instants = instants(one)?;
                let array: TimestampMicrosecondArray = instants.unary(|micros| truncate_micros(unit, micros));
                Some(Arc::new(array.with_timezone("UTC")))
            }
        },
        (Function::Part(part), [one]) => {
            let array: Int64Array = match one.data_type() {
                DataType::Date32 => {
                    one.as_primitive::<Date32Type>().unary(|days| part_of_days(part, i64::from(days)))
                }
                _ => instants(one)?.unary(|micros| part_of_micros(part, micros)),
            };
            Some(Arc::new(array))
        }
        (Function::Lower, [one]) => {
            texts(one, |text, out| out.extend(text.chars().flat_map(char::to_lowercase)))
        }
        (Function::Upper, [one]) => {
            texts(one, |text, out| out.extend(text.chars().flat_map(char::to_uppercase)))
        }
        (Function::Trim, [one]) => texts(one, |text, out| out.push_str(text.trim_matches(' '))),
        (Function::Substring(from, length), [one]) => texts(one, |text, out| {
            out.extend(text.chars().skip(usize::from(from)).take(usize::from(length)));
        }),
        (Function::Length, [one]) => {
            let length =
                |text: Option<&str>| text.map(|text| i64::try_from(text.chars().count()).unwrap_or(i64::MAX));
            Some(Arc::new(text_cells(one)?.map(length).collect::<Int64Array>()))
        }
        (Function::Concat, [left, right]) => {
            let both = text_cells(left)?.zip(text_cells(right)?);
            let joined = both.map(|pair| match pair {
                (Some(left), Some(right)) => Some([left, right].concat()),
                _ => None,
            });
            Some(Arc::new(joined.collect::<StringViewArray>()))
        }
        _ => None,
    }
}

fn arithmetic(function: Function, left: &ArrayRef, right: &ArrayRef, result: &DataType) -> Option<ArrayRef> {
    if *result == DataType::Float64 {
        let both = floats(left)?.zip(floats(right)?);
        let computed = both.map(|pair| {
            let (left, right) = (pair.0?, pair.1?);
            match function {
                Function::Add => Some(left + right),
                Function::Subtract => Some(left - right),
                Function::Multiply => Some(left * right),
                Function::Divide => (right.abs() > 0.0).then(|| left / right),
                _ => None,
            }
        });
        return Some(Arc::new(computed.collect::<Float64Array>()));
    }
    let (from, by, to) = (scale_of(left.data_type())?, scale_of(right.data_type())?, scale_of(result)?);
    let common = from.max(by);
    let one = |left: i128, right: i128| match function {
        Function::Add => Some(hold(rescale(left, from, to).saturating_add(rescale(right, by, to)))),
        Function::Subtract => Some(hold(rescale(left, from, to).saturating_sub(rescale(right, by, to)))),
        Function::Multiply => Some(multiply(left, right, from.saturating_add(by), to)),
        // Whole numbers are cut off, as in SQL.
        Function::Divide if common == 0 && to == 0 => left.checked_div(right),
        Function::Divide => divide(rescale(left, from, to.saturating_add(by)), right).map(hold),
        Function::Modulo => left.checked_rem(right),
        _ => None,
    };
    let both = fixed(left)?.zip(fixed(right)?);
    numbers(both.map(|(left, right)| one(left?, right?)), result)
}

fn each_number(
    one: &ArrayRef,
    result: &DataType,
    of_fixed: impl Fn(i128) -> i128,
    of_float: impl Fn(f64) -> f64,
) -> Option<ArrayRef> {
    if *result == DataType::Float64 {
        let computed = floats(one)?.map(|value| value.map(&of_float));
        return Some(Arc::new(computed.collect::<Float64Array>()));
    }
    numbers(fixed(one)?.map(|value| value.map(&of_fixed)), result)
}

fn whole(
    one: &ArrayRef,
    result: &DataType,
    of_float: impl Fn(f64) -> f64,
    of_units: impl Fn(i128, i128) -> i128,
) -> Option<ArrayRef> {
    let scale = scale_of(one.data_type()).unwrap_or(0);
    let unit = 10_i128.checked_pow(u32::try_from(scale).ok()?)?;
    each_to(one, result, of_float, |value| of_units(value, unit))
}

fn round(one: &ArrayRef, result: &DataType, decimals: i8) -> Option<ArrayRef> {
    let factor = 10_f64.powi(i32::from(decimals));
    let (from, to) = (scale_of(one.data_type()).unwrap_or(0), scale_of(result).unwrap_or(0));
    each_to(one, result, |value| (value * factor).round() / factor, |value| rescale(value, from, to))
}

/// Computes floating-point numbers from such, and fixed-point ones from such.
fn each_to(
    one: &ArrayRef,
    result: &DataType,
    of_float: impl Fn(f64) -> f64,
    of_fixed: impl Fn(i128) -> i128,
) -> Option<ArrayRef> {
    match (one.data_type(), result) {
        (DataType::Float64, DataType::Float64) => each_number(one, result, of_fixed, of_float),
        (DataType::Float64, _) => {
            let to = scale_of(result)?;
            let rounded = floats(one)?.map(|value| value.and_then(|value| of_number(of_float(value), to)));
            numbers(rounded, result)
        }
        _ => numbers(fixed(one)?.map(|value| value.map(&of_fixed)), result),
    }
}

fn cast(one: &ArrayRef, result: &DataType) -> Option<ArrayRef> {
    if one.data_type() == result {
        return Some(Arc::clone(one));
    }
    match result {
        DataType::Float64 => Some(Arc::new(floats(one)?.collect::<Float64Array>())),
        DataType::Int64 | DataType::Decimal128(..) => match one.data_type() {
            DataType::Boolean => {
                let unit = rescale(1, 0, scale_of(result)?);
                numbers(
                    one.as_boolean().iter().map(|truth| truth.map(|truth| if truth { unit } else { 0 })),
                    result,
                )
            }
            DataType::Float64 => {
                let to = scale_of(result)?;
                numbers(floats(one)?.map(|value| value.and_then(|value| of_number(value, to))), result)
            }
            from => {
                let (from, to) = (scale_of(from)?, scale_of(result)?);
                numbers(fixed(one)?.map(|value| value.map(|value| rescale(value, from, to))), result)
            }
        },
        DataType::Date32 => {
            let day = |micros: i64| i32::try_from(micros.div_euclid(MICROS_PER_DAY)).unwrap_or_default();
            let days: Date32Array = instants(one)?.unary(day);
            Some(Arc::new(days))
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let micros: TimestampMicrosecondArray = one
                .as_primitive_opt::<Date32Type>()?
                .unary(|days| i64::from(days).saturating_mul(MICROS_PER_DAY));
            Some(Arc::new(micros.with_timezone("UTC")))
        }
        DataType::Utf8View => {
            let texts = cell::texts(one.as_ref()).ok()?;
            Some(Arc::new(texts.into_iter().collect::<StringViewArray>()))
        }
        _ => None,
    }
}

fn texts(one: &ArrayRef, write: impl Fn(&str, &mut String)) -> Option<ArrayRef> {
    let mut builder = StringViewBuilder::with_capacity(one.len());
    let mut out = String::new();
    for text in text_cells(one)? {
        builder.append_option(text.map(|text| {
            out.clear();
            write(text, &mut out);
            out.as_str()
        }));
    }
    Some(Arc::new(builder.finish()))
}

/// Returns texts, each cut off where it is longer than any that matters.
fn text_cells(array: &ArrayRef) -> Option<Box<dyn Iterator<Item = Option<&str>> + '_>> {
    fn short(text: &str) -> &str {
        let end = (0..=TEXT_BYTES_MAX.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        end.and_then(|end| text.get(..end)).unwrap_or_default()
    }
    match array.data_type() {
        DataType::Utf8 => Some(Box::new(array.as_string::<i32>().iter().map(|text| text.map(short)))),
        DataType::Utf8View => Some(Box::new(array.as_string_view().iter().map(|text| text.map(short)))),
        _ => None,
    }
}

fn instants(array: &ArrayRef) -> Option<&TimestampMicrosecondArray> {
    array.as_primitive_opt::<TimestampMicrosecondType>()
}

/// Returns the decimals of a fixed-point type; integers and days have none.
fn scale_of(data_type: &DataType) -> Option<i8> {
    match data_type {
        DataType::Int64 | DataType::Date32 => Some(0),
        DataType::Decimal128(_, scale) => Some(*scale),
        _ => None,
    }
}

/// Returns integers, days, and decimals in units of their last decimal.
pub(in crate::release) fn fixed(array: &ArrayRef) -> Option<Box<dyn Iterator<Item = Option<i128>> + '_>> {
    match array.data_type() {
        DataType::Int64 => {
            Some(Box::new(array.as_primitive::<Int64Type>().iter().map(|value| value.map(i128::from))))
        }
        DataType::Date32 => {
            Some(Box::new(array.as_primitive::<Date32Type>().iter().map(|value| value.map(i128::from))))
        }
        DataType::Decimal128(..) => Some(Box::new(array.as_primitive::<Decimal128Type>().iter())),
        _ => None,
    }
}

#[expect(clippy::cast_precision_loss, reason = "a floating-point number was asked for")]
fn floats(array: &ArrayRef) -> Option<Box<dyn Iterator<Item = Option<f64>> + '_>> {
    match array.data_type() {
        DataType::Float64 => Some(Box::new(array.as_primitive::<Float64Type>().iter())),
        DataType::Int64 => Some(Box::new(
            array.as_primitive::<Int64Type>().iter().map(|value| value.map(|value| value as f64)),
        )),
        DataType::Decimal128(_, scale) => {
            let values = array.as_primitive::<Decimal128Type>().iter();
            Some(Box::new(values.map(|value| value.map(|value| to_number(value, *scale)))))
        }
        DataType::Boolean => {
            let values = array.as_boolean().iter();
            Some(Box::new(values.map(|value| value.map(|truth| if truth { 1.0 } else { 0.0 }))))
        }
        _ => None,
    }
}

fn numbers(values: impl Iterator<Item = Option<i128>>, result: &DataType) -> Option<ArrayRef> {
    match result {
        DataType::Int64 => Some(Arc::new(values.map(|value| value.map(narrow)).collect::<Int64Array>())),
        DataType::Decimal128(precision, scale) => {
            let array: Decimal128Array = values.map(|value| value.map(hold)).collect();
            Some(Arc::new(array.with_precision_and_scale(*precision, *scale).ok()?))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
