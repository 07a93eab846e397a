//! The citizen identification number of GB 11643-1999: `RRRRRRYYYYMMDDSSSC`.
//!
//! R is the region, the day is that of birth, S a serial number, and C the check character of
//! ISO 7064 MOD 11-2, where ten is written `X`. A small `x` is accepted too: many exports have it.

/// Weights of the first 17 digits: 2^(17-i) modulo 11.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// Check characters by the weighted sum modulo 11.
const CHECKS: [u8; 11] = *b"10X98765432";

pub(super) fn accepts(value: &[u8]) -> bool {
    let Ok(value) = <&[u8; 18]>::try_from(value) else {
        return false;
    };
    let [digits @ .., check] = value;
    if !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let expected = check_character(digits).and_then(|expected| u8::try_from(expected).ok());
    let [region, _, _, _, _, _, y0, y1, y2, y3, m0, m1, d0, d1, _, _, _] = digits;
    let number = |parts: &[&u8]| parts.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(**digit - b'0'));
    *region != b'0'
        && expected == Some(check.to_ascii_uppercase())
        && is_day(number(&[y0, y1, y2, y3]), number(&[m0, m1]), number(&[d0, d1]))
}

/// Returns the check character of 17 digits; none where one is no digit.
pub(crate) fn check_character(digits: &[u8; 17]) -> Option<char> {
    let weighed = digits
        .iter()
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit.is_ascii_digit().then(|| u32::from(digit - b'0') * weight));
    let sum: u32 = weighed.sum::<Option<u32>>()?;
    usize::try_from(sum % 11).ok().and_then(|index| CHECKS.get(index)).map(|check| char::from(*check))
}

/// Tells whether the day exists. Nobody alive was born before 1850; the numbers are from 1999.
fn is_day(year: u32, month: u32, day: u32) -> bool {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return false,
    };
    (1850..2200).contains(&year) && (1..=days).contains(&day)
}
