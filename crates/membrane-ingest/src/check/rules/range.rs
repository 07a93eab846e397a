//! What numbers must satisfy: least, greatest, a multiple of.

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{Decimal128Type, Float64Type, Int64Type};
use membrane_catalog::ColumnRules;
use membrane_model::LogicalType;

use crate::reason::ReasonCode;

/// What a float may lack to a multiple, as a share of how many times it is one: what decimals in binary lack.
const SHARE: f64 = 1e-9;

/// The rules of one column of numbers.
pub(super) struct Range {
    logical: LogicalType,
    least: f64,
    most: f64,
    above: bool,
    below: bool,
    multiple: Option<Multiple>,
}

/// What every value is a multiple of: in units of the column's last digit, or of a float.
#[derive(Clone, Copy)]
enum Multiple {
    Units(i128),
    Float(f64),
}

impl Range {
    /// Prepares the rules; none if there are none.
    pub(super) fn new(rules: &ColumnRules, logical: LogicalType) -> Option<Self> {
        let stated = rules.minimum.is_some() || rules.maximum.is_some() || rules.multiple_of.is_some();
        stated.then(|| Self {
            logical,
            least: rules.minimum.unwrap_or(f64::NEG_INFINITY),
            most: rules.maximum.unwrap_or(f64::INFINITY),
            above: rules.above_minimum,
            below: rules.below_maximum,
            multiple: rules.multiple_of.map(|multiple| Multiple::new(multiple, logical)),
        })
    }

    /// Notes the values that break the rules.
    #[expect(clippy::cast_precision_loss, reason = "bounds are floats too: to about 15 digits")]
    pub(super) fn check(&self, array: &ArrayRef, note: &mut impl FnMut(usize, ReasonCode)) {
        match self.logical {
            LogicalType::Integer => {
                for (row, value) in array.as_primitive::<Int64Type>().iter().enumerate() {
                    let Some(value) = value else { continue };
                    self.test(row, value as f64, Some(value.into()), note);
                }
            }
            LogicalType::Number => {
                for (row, value) in array.as_primitive::<Float64Type>().iter().enumerate() {
                    let Some(value) = value else { continue };
                    self.test(row, value, None, note);
                }
            }
            LogicalType::Decimal { scale, .. } => {
                let unit = 10_f64.powi(scale.into());
                for (row, value) in array.as_primitive::<Decimal128Type>().iter().enumerate() {
                    let Some(value) = value else { continue };
                    self.test(row, value as f64 / unit, Some(value), note);
                }
            }
            LogicalType::String | LogicalType::Boolean | LogicalType::Date | LogicalType::Timestamp => {}
        }
    }

    #[inline]
    fn test(&self, row: usize, value: f64, units: Option<i128>, note: &mut impl FnMut(usize, ReasonCode)) {
        let too_little = value < self.least || self.above && value <= self.least;
        let too_much = value > self.most || self.below && value >= self.most;
        if too_little || too_much {
            note(row, ReasonCode::OutOfRange);
        }
        if self.multiple.is_some_and(|multiple| !multiple.has(value, units)) {
            note(row, ReasonCode::NotMultiple);
        }
    }
}

impl Multiple {
    /// The catalog has checked that the number is one that the column can have.
    #[expect(clippy::cast_possible_truncation, reason = "a whole number of units, rounded on purpose")]
    fn new(multiple: f64, logical: LogicalType) -> Self {
        match logical {
            LogicalType::Integer => Self::Units(multiple.round() as i128),
            LogicalType::Decimal { scale, .. } => {
                Self::Units((multiple * 10_f64.powi(scale.into())).round() as i128)
            }
            _ => Self::Float(multiple),
        }
    }

    fn has(self, value: f64, units: Option<i128>) -> bool {
        match (self, units) {
            (Self::Units(multiple), Some(units)) => units.checked_rem(multiple) == Some(0),
            (Self::Units(_), None) => false,
            (Self::Float(multiple), _) => {
                let times = value / multiple;
                (times - times.round()).abs() <= SHARE * times.abs().max(1.0)
            }
        }
    }
}

#[cfg(test)]
mod tests;
