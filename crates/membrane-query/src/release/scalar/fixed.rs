//! Fixed-point numbers: integers of 128 bits in units of a power of ten.

/// The largest number of 38 digits.
pub(super) const DECIMAL_MAX: i128 = 99_999_999_999_999_999_999_999_999_999_999_999_999;

/// Holds a number within 38 digits.
pub(super) fn hold(value: i128) -> i128 {
    value.clamp(-DECIMAL_MAX, DECIMAL_MAX)
}

/// Brings a number from one scale to another: exactly, or rounded with halves away from zero, or to the end of the
/// range.
pub(in crate::release) fn rescale(value: i128, from: i8, to: i8) -> i128 {
    let difference = i32::from(to) - i32::from(from);
    let factor = 10_i128.checked_pow(difference.unsigned_abs());
    if difference >= 0 {
        hold(factor.map_or_else(|| end(value), |factor| value.saturating_mul(factor)))
    } else {
        factor.map_or(0, |factor| divide(value, factor).unwrap_or(0))
    }
}

fn end(value: i128) -> i128 {
    value.signum() * DECIMAL_MAX
}

/// Divides, rounding halves away from zero; none where the divisor is zero.
pub(in crate::release) fn divide(value: i128, by: i128) -> Option<i128> {
    let quotient = value.checked_div(by)?;
    let rest = value.checked_rem(by)?;
    let up = rest.unsigned_abs() >= by.unsigned_abs().div_ceil(2) && rest != 0;
    let away = if (value < 0) == (by < 0) { 1 } else { -1 };
    Some(if up { quotient.saturating_add(away) } else { quotient })
}

/// Multiplies two numbers and brings the product from the sum of their scales to another.
pub(super) fn multiply(left: i128, right: i128, from: i8, to: i8) -> i128 {
    match left.checked_mul(right) {
        Some(product) => hold(rescale(product, from, to)),
        None => {
            if (left < 0) == (right < 0) {
                DECIMAL_MAX
            } else {
                -DECIMAL_MAX
            }
        }
    }
}

/// Rounds a floating-point number to fixed point; what is not a number is nothing.
#[expect(clippy::cast_possible_truncation, reason = "`as` holds a number beyond i128 at its end")]
pub(in crate::release) fn of_number(value: f64, scale: i8) -> Option<i128> {
    (!value.is_nan()).then(|| hold((value * 10_f64.powi(i32::from(scale))).round() as i128))
}

/// Returns the floating-point number that is nearest.
#[expect(clippy::cast_precision_loss, reason = "a floating-point number was asked for")]
pub(super) fn to_number(value: i128, scale: i8) -> f64 {
    value as f64 / 10_f64.powi(i32::from(scale))
}

/// Holds a number within 64 bits.
pub(in crate::release) fn narrow(value: i128) -> i64 {
    i64::try_from(value.clamp(i128::from(i64::MIN), i128::from(i64::MAX))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_away_from_zero_and_never_overflow() {
        for (value, from, to, expected) in [
            (125, 2, 1, 13),
            (-125, 2, 1, -13),
            (124, 2, 1, 12),
            (7, 0, 3, 7_000),
            (DECIMAL_MAX, 0, 1, DECIMAL_MAX),
            (-DECIMAL_MAX, 0, 38, -DECIMAL_MAX),
            (DECIMAL_MAX, 38, 0, 1),
            (0, 0, 38, 0),
        ] {
            assert_eq!(rescale(value, from, to), expected, "{value} from {from} to {to}");
        }
        assert_eq!(multiply(DECIMAL_MAX, -2, 0, 0), -DECIMAL_MAX);
        assert_eq!(multiply(i128::MIN, i128::MIN, 0, 0), DECIMAL_MAX);
        assert_eq!(multiply(150, 150, 4, 2), 225);
        assert_eq!(divide(1, 0), None);
        assert_eq!(divide(-7, 2), Some(-4));
        assert_eq!(divide(7, 3), Some(2));
        assert_eq!(of_number(f64::NAN, 2), None);
        assert_eq!(of_number(f64::INFINITY, 2), Some(DECIMAL_MAX));
        assert_eq!(of_number(-1.005, 2), Some(-100));
        assert_eq!(narrow(i128::MAX), i64::MAX);
    }
}
