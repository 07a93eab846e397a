//! Citizen identification numbers: 18 characters, the last an `X` for ten.
//!
//! Until 1999 they had 15 digits: no century and no check character. The century is the twentieth, but for the serial numbers
//! 996 to 999, which were kept for people of a hundred years and more: theirs is the nineteenth.

use std::borrow::Cow;

use super::{Part, address, width};
use crate::FormatCheck;
use crate::format::identity_check_character;

pub(super) fn standard(text: &str) -> Option<String> {
    let mut number = width::ungrouped(text).to_ascii_uppercase();
    if number.len() == 15 {
        number = lengthened(&number)?;
    }
    is_standard(&number).then_some(number)
}

/// Makes 18 characters of 15 digits.
fn lengthened(number: &str) -> Option<String> {
    let (region, rest) = number.split_at_checked(6)?;
    let (_, serial) = rest.split_at_checked(6)?;
    let century = if ("996"..="999").contains(&serial) { "18" } else { "19" };
    let mut longer = format!("{region}{century}{rest}");
    let digits: &[u8; 17] = longer.as_bytes().try_into().ok()?;
    longer.push(identity_check_character(digits)?);
    Some(longer)
}

pub(super) fn is_standard(text: &str) -> bool {
    !text.ends_with('x') && FormatCheck::ChineseIdentityNumber.accepts(text)
}

pub(super) fn part(part: Part, standard: &str) -> Option<Cow<'_, str>> {
    let code = standard.get(..6)?;
    match part {
        Part::BirthDate => {
            let (year, month, day) = (standard.get(6..10)?, standard.get(10..12)?, standard.get(12..14)?);
            Some(Cow::Owned(format!("{year}-{month}-{day}")))
        }
        Part::Sex => {
            let digit = standard.as_bytes().get(16)?;
            Some(Cow::Borrowed(if digit.is_ascii_digit() && digit % 2 == 1 { "male" } else { "female" }))
        }
        Part::Province => address::province_of_code(code).map(Cow::Borrowed),
        Part::Code => Some(Cow::Borrowed(code)),
        _ => None,
    }
}
