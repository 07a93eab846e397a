//! Values of tags: as text, as numbers, and as labels of shares.

use arrow::array::{Array as _, ArrayRef, AsArray as _, Float64Array, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use membrane_catalog::TagType;

use super::compare::TagFault;

/// The values of one tag, row by row.
pub struct TagValues {
    texts: StringArray,
    /// None for what is no number.
    numbers: Option<Float64Array>,
}

impl TagValues {
    /// Reads a column of an answer. None: it is not of the tag's type.
    ///
    /// # Errors
    /// [`TagFault`] when a value has no text.
    pub fn of(column: &ArrayRef, kind: TagType) -> Result<Option<Self>, TagFault> {
        if !fits(column.data_type(), kind) {
            return Ok(None);
        }
        let wrong = |_| TagFault("a value of a tag has no text");
        let texts = cast(column, &DataType::Utf8).map_err(wrong)?.as_string::<i32>().clone();
        let numbers = match kind {
            TagType::Integer | TagType::Number => {
                let numbers = cast(column, &DataType::Float64).map_err(wrong)?;
                Some(numbers.as_primitive::<Float64Type>().clone())
            }
            _ => None,
        };
        Ok(Some(Self { texts, numbers }))
    }

    /// Returns the value of a row.
    #[must_use]
    pub fn text(&self, row: usize) -> Option<&str> {
        (row < self.texts.len() && self.texts.is_valid(row)).then(|| self.texts.value(row))
    }

    /// Returns the number of a row.
    #[must_use]
    pub fn number(&self, row: usize) -> Option<f64> {
        let numbers = self.numbers.as_ref()?;
        (row < numbers.len() && numbers.is_valid(row)).then(|| numbers.value(row))
    }
}

/// Tells whether a type of the engine is that of a tag.
pub(super) fn fits(data_type: &DataType, kind: TagType) -> bool {
    match kind {
        TagType::Enum | TagType::Text => {
            matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null)
        }
        TagType::Integer => data_type.is_integer(),
        TagType::Number => data_type.is_numeric(),
        TagType::Boolean => *data_type == DataType::Boolean,
        TagType::Date => *data_type == DataType::Date32,
    }
}

/// Returns the label under which a value is counted: itself where there are few, a band of numbers, a month.
pub(super) fn label(kind: TagType, text: &str) -> String {
    match kind {
        TagType::Enum | TagType::Boolean => text.to_owned(),
        TagType::Text => "a value".to_owned(),
        TagType::Date => text.get(..7).unwrap_or("a day").to_owned(),
        TagType::Integer | TagType::Number => text.parse().map_or_else(|_| "a number".to_owned(), band),
    }
}

/// Returns the band of a number: from one power of two to the next, and 0 on its own.
fn band(number: f64) -> String {
    if !number.is_finite() {
        return "not finite".to_owned();
    }
    if number.abs() < f64::MIN_POSITIVE {
        return "0".to_owned();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let exponent = number.abs().log2().floor();
    format!("{sign}{} to {sign}{}", exponent.exp2(), (exponent + 1.0).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lie_in_bands() {
        for (text, expected) in [
            ("0", "0"),
            ("1", "1 to 2"),
            ("3.99", "2 to 4"),
            ("4", "4 to 8"),
            ("-5", "-4 to -8"),
            ("0.3", "0.25 to 0.5"),
        ] {
            assert_eq!(label(TagType::Number, text), expected, "{text}");
        }
    }

    #[test]
    fn days_lie_in_months_and_texts_are_not_told() {
        assert_eq!(label(TagType::Date, "2026-06-30"), "2026-06");
        assert_eq!(label(TagType::Text, "canary"), "a value");
        assert_eq!(label(TagType::Enum, "high"), "high");
    }
}
