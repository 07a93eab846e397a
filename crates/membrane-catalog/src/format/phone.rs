//! Telephone numbers.

/// Mainland China: `1`, then 3 to 9, then nine digits; `+86` in front or not, nothing between.
pub(super) fn accepts_mobile_china(value: &[u8]) -> bool {
    let number = value.strip_prefix(b"+86").unwrap_or(value);
    matches!(number, [b'1', b'3'..=b'9', rest @ ..] if rest.len() == 9 && rest.iter().all(u8::is_ascii_digit))
}

/// ITU-T E.164 in its written form: `+`, a country code that does not start with 0, 15 digits at most.
/// Fewer than 7 digits are a short code, which reaches nobody from abroad.
pub(super) fn accepts_e164(value: &[u8]) -> bool {
    matches!(value, [b'+', b'1'..=b'9', rest @ ..]
        if (6..=14).contains(&rest.len()) && rest.iter().all(u8::is_ascii_digit))
}
