//! Between which numbers the value of an expression lies, by bounds that were stated for columns.
//!
//! Data may lie beyond what was stated; what is summed is held within the bounds that are found here, so they say how
//! much one row can count for, and never what rows hold.

use super::{Function, Literal, Scalar, fixed};
use crate::release::calendar::values_of;
use crate::release::question::{ColumnRef, TypeOf};

/// Finds bounds.
pub(in crate::release) struct Reach<'a> {
    /// The bounds that were stated for a column.
    pub(in crate::release) stated: &'a dyn Fn(&ColumnRef) -> Option<(f64, f64)>,
}

impl Reach<'_> {
    /// Returns the least and the greatest value; nothing where there is no bound, or no value but NULL.
    pub(in crate::release) fn interval(&self, scalar: &Scalar) -> Option<(f64, f64)> {
        match scalar {
            Scalar::Column(column) => (self.stated)(column),
            Scalar::Constant(literal, logical) => number(literal, *logical).map(|value| (value, value)),
            Scalar::Case { arms, otherwise } => {
                let values = arms.iter().map(|(_, value)| value).chain([otherwise.as_ref()]);
                let mut hull: Option<(f64, f64)> = None;
                for value in values.filter(|value| !matches!(value, Scalar::Null(_))) {
                    let (low, high) = self.interval(value)?;
                    hull = Some(hull.map_or((low, high), |(least, most)| (least.min(low), most.max(high))));
                }
                hull
            }
            Scalar::Call(function, arguments, _) => self.of_call(*function, arguments),
            _ => None,
        }
    }

    fn of_call(&self, function: Function, arguments: &[Scalar]) -> Option<(f64, f64)> {
        let first = arguments.first()?;
        if let Function::Part(part) = function {
            #[expect(clippy::cast_precision_loss, reason = "a part of a date is a small number")]
            return values_of(part).map(|values| (*values.start() as f64, *values.end() as f64));
        }
        if function == Function::Cast && first.logical() == TypeOf::Boolean {
            return Some((0.0, 1.0));
        }
        let (low, high) = self.interval(first)?;
        match (function, arguments.get(1)) {
            (Function::Add | Function::Subtract | Function::Multiply | Function::Divide, Some(second)) => {
                let (least, most) = self.interval(second)?;
                if function == Function::Divide && least <= 0.0 && most >= 0.0 {
                    return None;
                }
                hull([(low, least), (low, most), (high, least), (high, most)].map(|(one, other)| {
                    match function {
                        Function::Add => one + other,
                        Function::Subtract => one - other,
                        Function::Multiply => one * other,
                        _ => one / other,
                    }
                }))
            }
            (Function::Modulo, Some(second)) => {
                let (least, most) = self.interval(second)?;
                let largest = (least.abs().max(most.abs()) - 1.0).max(0.0);
                Some((if low < 0.0 { -largest } else { 0.0 }, if high > 0.0 { largest } else { 0.0 }))
            }
            (Function::Absolute, None) => {
                let least = if low <= 0.0 && high >= 0.0 { 0.0 } else { low.abs().min(high.abs()) };
                Some((least, low.abs().max(high.abs())))
            }
            (Function::Floor, None) => Some((low.floor(), high.floor())),
            (Function::Ceiling, None) => Some((low.ceil(), high.ceil())),
            (Function::Round(decimals), None) => {
                let unit = 10_f64.powi(i32::from(decimals));
                Some(((low * unit).floor() / unit, (high * unit).ceil() / unit))
            }
            (Function::Cast, None) => Some((low, high)),
            _ => None,
        }
    }
}

fn hull(values: [f64; 4]) -> Option<(f64, f64)> {
    let low = values.into_iter().reduce(f64::min)?;
    let high = values.into_iter().reduce(f64::max)?;
    (low.is_finite() && high.is_finite()).then_some((low, high))
}

/// Returns a constant as a floating-point number, if it is a number.
#[expect(
    clippy::cast_precision_loss,
    reason = "bounds are rounded outward later, and released values have more noise"
)]
pub(in crate::release) fn number(literal: &Literal, logical: TypeOf) -> Option<f64> {
    match (literal, logical) {
        (Literal::Integer(value), _) => Some(*value as f64),
        (Literal::Number(value), _) => Some(*value),
        (Literal::Decimal(units), TypeOf::Decimal(_, scale)) => Some(fixed::to_number(*units, scale)),
        _ => None,
    }
}
