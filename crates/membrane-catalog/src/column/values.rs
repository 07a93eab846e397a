//! How many values a column can have, as far as its contract says.
//!
//! Whoever can try them all finds the value behind any token that may be asked for. The number is an upper bound of what
//! the contract lets in, or, where it says nothing, of what a value of its class can be; the least that is known counts.
//!
//! | said by | values |
//! | --- | --- |
//! | `membrane.enumeration` | those of the list |
//! | boolean | 2 |
//! | integer, `minimum` and `maximum` | the whole numbers between |
//! | decimal | its steps between `minimum` and `maximum`, or all of its digits |
//! | date | 36,525: the days of a hundred years |
//! | timestamp | 3,155,760,000: the seconds of a hundred years |
//! | `pattern` | the texts that it matches; its `*` and `+` end at `maxLength` |
//! | `mobile_china` | 7 x 10^9: `1`, a digit from 3 to 9, nine digits |
//! | `e164` | 10^15: 15 digits at most |
//! | `chinese_identity_number` | 1.46 x 10^11: 4,000 regions (GB/T 2260 has about 3,000 at a time), 36,525 days, 1,000 serial numbers; the check digit follows |
//! | `luhn` | 10^18: 19 digits at most, the last of which follows |
//! | `membrane.standard` | as the check of its kind: `phone` as `e164`, `card_number` as `luhn` |
//! | `membrane.from` | 34 provinces, 500 prefectures, 4,000 counties, 300 countries, 2 sexes, 36,525 days of birth |
//! | integer, `multipleOf` | every so many of the whole numbers between |
//! | class `pii.phone` | 10^11: no country has longer numbers in use |
//! | class `pii.birth_date` | 36,525 |
//! | class `pii.identity_number` | 10^14: 14 free digits |
//! | class `pii.ip` | 2^32: IPv4 |
//! | `generalise` | `year` 100, `month` 1,200, `width(N)` its bands, `fixed` 1 |
//!
//! An e-mail address and a text without a pattern have no number, nor has an integer without both ends.

use membrane_model::{ClassName, Generalisation, LogicalType, Protection};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::Column;
use crate::{FormatCheck, Standard};

const YEARS: u128 = 100;
const DAYS: u128 = 36_525;
const SECONDS_OF_A_DAY: u128 = 86_400;
const MONTHS_OF_A_YEAR: u128 = 12;
/// Regions of citizen identification numbers, abolished ones included.
const REGIONS: u128 = 4_000;
/// Serial numbers of one region and day.
const SERIALS: u128 = 1_000;

impl Column {
    /// Returns the most values that the stored column can have; none where the contract sets no bound.
    #[must_use]
    pub fn values_max(&self) -> Option<u128> {
        let rules = &self.rules;
        let listed = rules.enumeration.as_ref().map(|values| values.len() as u128);
        let pattern = rules.pattern.as_ref().and_then(|it| matches_max(it.as_str(), rules.length_max));
        let check = rules.check.and_then(of_check);
        let standard = self.standard.and_then(of_standard);
        let part = self.from.as_ref().and_then(|from| from.part.values_max());
        let of_class = of_class(&self.class);
        let known = [listed, pattern, check, standard, part, self.of_type(), of_class, self.of_protection()];
        known.into_iter().flatten().min()
    }

    fn of_type(&self) -> Option<u128> {
        let range = self.rules.minimum.zip(self.rules.maximum);
        match self.logical_type {
            LogicalType::Boolean => Some(2),
            LogicalType::Date => Some(DAYS),
            LogicalType::Timestamp => Some(DAYS * SECONDS_OF_A_DAY),
            LogicalType::Integer => {
                range.map(|(least, most)| steps((most - least) / self.rules.multiple_of.unwrap_or(1.0)))
            }
            LogicalType::Decimal { precision, scale } => Some(match range {
                Some((least, most)) => steps((most - least) * 10_f64.powi(i32::from(scale))),
                // With both signs.
                None => 10_u128.saturating_pow(u32::from(precision)).saturating_mul(2),
            }),
            LogicalType::String | LogicalType::Number => None,
        }
    }

    fn of_protection(&self) -> Option<u128> {
        let Protection::Generalise(how) = self.protection else { return None };
        match how {
            Generalisation::Fixed => Some(1),
            Generalisation::Year => Some(YEARS),
            Generalisation::Month => Some(YEARS * MONTHS_OF_A_YEAR),
            Generalisation::Age(years) => Some(YEARS / u128::from(years.max(1)) + 1),
            Generalisation::Width(width) => {
                let (least, most) = self.rules.minimum.zip(self.rules.maximum)?;
                // A range that does not begin with a band lies in one more.
                Some(steps((most - least) / f64::from(width)) + 1)
            }
            Generalisation::Prefix(_) | Generalisation::Geo(_) => None,
        }
    }
}

const fn of_check(check: FormatCheck) -> Option<u128> {
    match check {
        FormatCheck::ChineseIdentityNumber => Some(REGIONS * DAYS * SERIALS),
        FormatCheck::Luhn => Some(10_u128.pow(18)),
        FormatCheck::MobileChina => Some(7 * 10_u128.pow(9)),
        FormatCheck::E164 => Some(10_u128.pow(15)),
        FormatCheck::Email => None,
    }
}

const fn of_standard(standard: Standard) -> Option<u128> {
    match standard {
        Standard::Phone(_) => of_check(FormatCheck::E164),
        Standard::IdentityNumber => of_check(FormatCheck::ChineseIdentityNumber),
        Standard::CardNumber => of_check(FormatCheck::Luhn),
        Standard::Date(_) => Some(DAYS),
        Standard::Email | Standard::Name | Standard::Address | Standard::Text(_) => None,
    }
}

fn of_class(class: &ClassName) -> Option<u128> {
    class.ancestry().find_map(|class| match class.as_str() {
        "pii.phone" => Some(10_u128.pow(11)),
        "pii.birth_date" => Some(DAYS),
        "pii.identity_number" => Some(10_u128.pow(14)),
        "pii.ip" => Some(1 << 32),
        _ => None,
    })
}

/// Counts the whole steps of a range, both ends included.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a range is finite and not negative, and is rounded down on purpose"
)]
fn steps(range: f64) -> u128 {
    // What a sum in binary lacks must not cost a step.
    (range + 1e-6) as u128 + 1
}

/// Returns the most texts that a pattern matches; none when there is no end to them.
fn matches_max(pattern: &str, length_max: Option<usize>) -> Option<u128> {
    let parsed = regex_syntax::parse(pattern).ok()?;
    let repeated_max = length_max.and_then(|length| u32::try_from(length).ok());
    Some(count(&parsed, repeated_max)).filter(|count| *count < u128::MAX)
}

/// Counts the texts of a pattern: `u128::MAX` stands for more than that. Texts that two branches match count twice.
fn count(pattern: &Hir, repeated_max: Option<u32>) -> u128 {
    match pattern.kind() {
        HirKind::Empty | HirKind::Literal(_) | HirKind::Look(_) => 1,
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().map(|range| u128::from(u32::from(range.end()) - u32::from(range.start())) + 1).sum()
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().map(|range| u128::from(range.end() - range.start()) + 1).sum()
        }
        HirKind::Capture(capture) => count(&capture.sub, repeated_max),
        HirKind::Concat(parts) => {
            parts.iter().fold(1, |product, part| product.saturating_mul(count(part, repeated_max)))
        }
        HirKind::Alternation(branches) => {
            branches.iter().fold(0, |sum, branch| sum.saturating_add(count(branch, repeated_max)))
        }
        HirKind::Repetition(repeated) => {
            let Some(most) = repeated.max.or(repeated_max) else { return u128::MAX };
            let one = count(&repeated.sub, repeated_max);
            if one <= 1 {
                return one.saturating_mul(u128::from(most.saturating_sub(repeated.min))).saturating_add(1);
            }
            let mut sum = 0_u128;
            let mut texts = one.saturating_pow(repeated.min);
            for _ in repeated.min..=most.max(repeated.min) {
                sum = sum.saturating_add(texts);
                texts = texts.saturating_mul(one);
                if sum == u128::MAX {
                    break;
                }
            }
            sum
        }
    }
}

#[cfg(test)]
mod tests;
