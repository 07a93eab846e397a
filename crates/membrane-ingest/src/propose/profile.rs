//! What is known of one column after its values were seen: counts, and no value but those of small lists.

use std::collections::HashMap;
use std::collections::HashSet;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};

use membrane_catalog::FormatCheck;
use membrane_model::LogicalType;

use crate::detect::{Evidence, LOOKED_AT_MAX};
use crate::value::fits;

/// Different values that a list of all values may have while they are counted.
const LISTED_MAX: usize = 60;
/// Bytes of a listed value.
const LISTED_BYTES_MAX: usize = 64;
/// Digits of the largest integers that are taken for integers.
const INTEGER_DIGITS_MAX: usize = 18;

/// What is known of one column.
#[derive(Clone, Default)]
pub(crate) struct Profile {
    /// Rows that were seen.
    pub(crate) rows: u64,
    /// Rows with a value.
    pub(crate) values: u64,
    /// Rows whose value is a number or a truth value of JSON, not a text.
    pub(crate) scalars: u64,
    /// Rows whose value is a list or an object of JSON.
    pub(crate) nested: u64,
    /// Rows whose text is of a type.
    pub(crate) types: Types,
    /// Rows whose text passes each check of contracts, as it is delivered.
    checks: [u64; FormatCheck::ALL.len()],
    /// The most characters.
    pub(crate) length_max: usize,
    /// Least and greatest number.
    pub(crate) range: Option<(f64, f64)>,
    /// What recognisers saw of different values.
    pub(crate) evidence: Evidence,
    /// How often each value occurs, while there are few.
    pub(crate) listed: Option<HashMap<String, u64>>,
    hasher: RandomState,
    seen: HashSet<u64>,
}

/// Rows whose text is of a type.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Types {
    pub(crate) boolean: u64,
    pub(crate) integer: u64,
    /// Whole or with a point, without exponent.
    pub(crate) decimal: u64,
    pub(crate) number: u64,
    pub(crate) date: u64,
    pub(crate) timestamp: u64,
    /// A date and a time without a zone.
    pub(crate) local_time: u64,
    /// Digits with a zero in front: a code.
    pub(crate) zero_led: u64,
    /// Most digits before and after the point.
    pub(crate) whole_digits: usize,
    pub(crate) scale: usize,
}

// PRIVACY: listed values are values.
impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Profile({} rows, {} values, {} different)", self.rows, self.values, self.seen.len())
    }
}

impl Profile {
    pub(crate) fn new() -> Self {
        Self { listed: Some(HashMap::new()), ..Self::default() }
    }

    /// Sees the value of one more row.
    pub(crate) fn see(&mut self, text: Option<&str>) {
        self.rows += 1;
        let Some(text) = text.filter(|text| !text.is_empty()) else { return };
        self.values += 1;
        self.evidence.shape.values = self.values;
        self.length_max = self.length_max.max(text.chars().count());
        self.types.see(text);
        for (check, passed) in FormatCheck::ALL.into_iter().zip(&mut self.checks) {
            *passed += u64::from(check.accepts(text));
        }
        if let Ok(number) = text.parse::<f64>()
            && number.is_finite()
        {
            let (least, most) = self.range.unwrap_or((number, number));
            self.range = Some((least.min(number), most.max(number)));
        }
        if self.seen.insert(self.hasher.hash_one(text)) {
            self.evidence.shape.different += 1;
            if self.evidence.shape.looked_at < LOOKED_AT_MAX {
                self.evidence.see(text);
            }
        }
        self.list(text);
    }

    fn list(&mut self, text: &str) {
        let Some(listed) = &mut self.listed else { return };
        if let Some(count) = listed.get_mut(text) {
            *count += 1;
        } else if listed.len() < LISTED_MAX && text.len() <= LISTED_BYTES_MAX {
            listed.insert(text.to_owned(), 1);
        } else {
            self.listed = None;
        }
    }

    /// Returns how many rows pass a check of contracts.
    pub(crate) fn passed(&self, check: FormatCheck) -> u64 {
        let all = FormatCheck::ALL.into_iter().zip(self.checks);
        all.filter(|(known, _)| *known == check).map(|(_, passed)| passed).sum()
    }

    /// Returns how many different values there are.
    pub(crate) fn different(&self) -> u64 {
        self.evidence.shape.different
    }

    /// Returns the rows without a value.
    pub(crate) fn missing(&self) -> u64 {
        self.rows - self.values
    }

    /// Tells whether no value occurs twice.
    pub(crate) fn is_unique(&self) -> bool {
        self.values > 0 && self.different() == self.values
    }

    /// Returns a count as a share of the rows with a value.
    pub(crate) fn share(&self, count: u64) -> f64 {
        if self.values == 0 { 0.0 } else { float(count) / float(self.values) }
    }
}

impl Types {
    fn see(&mut self, text: &str) {
        let digits = text.trim_start_matches(['-', '+']);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if plain(whole)
            && plain(fraction)
            && !whole.is_empty()
            && (fraction.is_empty() != digits.contains('.'))
        {
            if whole.len() > 1 && whole.starts_with('0') {
                self.zero_led += 1;
            } else {
                self.decimal += 1;
                self.whole_digits = self.whole_digits.max(whole.len());
                self.scale = self.scale.max(fraction.len());
                let is_integer = fraction.is_empty() && whole.len() <= INTEGER_DIGITS_MAX;
                self.integer += u64::from(is_integer && fits(text, LogicalType::Integer));
            }
        }
        self.number += u64::from(fits(text, LogicalType::Number));
        self.boolean += u64::from(fits(text, LogicalType::Boolean));
        if text.len() >= 10 {
            self.date += u64::from(fits(text, LogicalType::Date));
            let timestamp = fits(text, LogicalType::Timestamp);
            self.timestamp += u64::from(timestamp);
            self.local_time += u64::from(!timestamp && fits(&format!("{text}Z"), LogicalType::Timestamp));
        }
    }
}

/// Counts as floats: rows of a sample are far below 2^32.
pub(crate) fn float(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

#[cfg(test)]
mod tests;
