//! Values from text, exactly.

use super::numbers::power_of_ten;

const DAY_SECONDS: i64 = 86_400;
/// Digits of the largest 64-bit integer.
const INTEGER_DIGITS_MAX: u8 = 19;

/// Digits with an optional sign.
pub(super) fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// An integer that may be written with a point or an exponent: `12.0`, `1.2e1`.
pub(crate) fn whole_number(text: &str) -> Option<i64> {
    decimal(text, INTEGER_DIGITS_MAX, 0).and_then(|value| value.try_into().ok())
}

/// A finite number in decimal or scientific notation.
pub(super) fn number(text: &str) -> Option<f64> {
    // `parse` also takes `inf` and `nan`, which are no numbers here.
    let plain = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
    if !plain {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// A decimal of at most `precision` digits and, zeros aside, at most `scale` after the point. JSON
/// numbers may have an exponent.
pub(crate) fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, digits) = match mantissa.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let mut value: i128 = 0;
    let mut after_point: Option<i32> = None;
    let mut any = false;
    for byte in digits {
        match byte {
            b'0'..=b'9' => {
                value = value.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
                after_point = after_point.map(|count| count + 1);
                any = true;
            }
            b'.' if after_point.is_none() => after_point = Some(0),
            _ => return None,
        }
    }
    if !any {
        return None;
    }
    let shift = i32::from(scale).checked_sub(after_point.unwrap_or(0))?.checked_add(exponent)?;
    let value = if value == 0 {
        0
    } else if shift >= 0 {
        value.checked_mul(power_of_ten(shift.unsigned_abs())?)?
    } else {
        let factor = power_of_ten(shift.unsigned_abs())?;
        if value % factor != 0 {
            return None;
        }
        value / factor
    };
    let limit = power_of_ten(precision.into()).unwrap_or(i128::MAX);
    (value < limit).then_some(if negative { -value } else { value })
}

/// `true` or `false`, in any case.
pub(super) fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// `YYYY-MM-DD`, as days since 1970-01-01.
pub(super) fn date(text: &str) -> Option<i32> {
    let (date, rest) = text.as_bytes().split_first_chunk::<10>()?;
    if rest.is_empty() { days(date) } else { None }
}

fn days(text: &[u8; 10]) -> Option<i32> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = digits(&[*y1, *y2, *y3, *y4])?;
    let (month, day) = (digits(&[*m1, *m2])?, digits(&[*d1, *d2])?);
    if year == 0 || !(1..=12).contains(&month) || day == 0 || day > days_of_month(year, month) {
        return None;
    }
    Some(days_from_civil(year, month, day))
}

fn days_of_month(year: i32, month: i32) -> i32 {
    match month {
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; years of 400 start in March
/// (H. Hinnant, "chrono-compatible low-level date algorithms").
fn days_from_civil(year: i32, month: i32, day: i32) -> i32 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// RFC 3339 with a zone, as microseconds since 1970-01-01T00:00:00Z. A space may stand for the `T`.
pub(super) fn timestamp(text: &str) -> Option<i64> {
    let (date, rest) = text.as_bytes().split_first_chunk::<10>()?;
    let (clock, rest) = rest.split_first_chunk::<9>()?;
    let [b'T' | b't' | b' ', h1, h2, b':', m1, m2, b':', s1, s2] = clock else { return None };
    let (hour, minute, second) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?, digits(&[*s1, *s2])?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (micros, zone) = fraction(rest)?;
    let seconds = i64::from(days(date)?) * DAY_SECONDS
        + i64::from(hour) * 3600
        + i64::from(minute) * 60
        + i64::from(second)
        - offset_seconds(zone)?;
    let micros = seconds * 1_000_000 + micros;
    super::MICROS.contains(&micros).then_some(micros)
}

/// Reads `.` and digits; those after the sixth must be zeros.
fn fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', rest @ ..] = text else { return Some((0, text)) };
    let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, zone) = rest.split_at_checked(length)?;
    if fraction.is_empty() || fraction.iter().skip(6).any(|digit| *digit != b'0') {
        return None;
    }
    let padded = fraction.iter().copied().chain(std::iter::repeat(b'0')).take(6);
    Some((padded.fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0')), zone))
}

fn offset_seconds(zone: &[u8]) -> Option<i64> {
    match zone {
        [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let seconds = i64::from(hours) * 3600 + i64::from(minutes) * 60;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

fn digits(text: &[u8]) -> Option<i32> {
    text.iter().try_fold(0, |value, byte| match byte {
        b'0'..=b'9' => Some(value * 10 + i32::from(byte - b'0')),
        _ => None,
    })
}
