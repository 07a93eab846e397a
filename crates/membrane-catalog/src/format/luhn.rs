//! Card and account numbers: ISO/IEC 7812, 8 to 19 digits, the last one a Luhn check digit.

pub(super) fn accepts(value: &[u8]) -> bool {
    if !(8..=19).contains(&value.len()) || !value.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = value.iter().rev().zip([false, true].into_iter().cycle()).map(weigh).sum();
    sum.is_multiple_of(10)
}

/// Every second digit from the right counts twice, and of a two-digit result both digits.
fn weigh((digit, doubled): (&u8, bool)) -> u32 {
    let digit = u32::from(digit - b'0');
    match (doubled, digit) {
        (false, _) => digit,
        (true, 0..=4) => digit * 2,
        (true, _) => digit * 2 - 9,
    }
}
