//! Card and account numbers: digits only, with the check digit of ISO/IEC 7812.

use super::width;
use crate::FormatCheck;

pub(super) fn standard(text: &str) -> Option<String> {
    let number = width::ungrouped(text);
    is_standard(&number).then_some(number)
}

pub(super) fn is_standard(text: &str) -> bool {
    FormatCheck::Luhn.accepts(text)
}
