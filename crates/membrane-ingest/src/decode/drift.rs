//! Columns of an input that the contract does not know.
//!
//! They are not read, and they are no fault: a source may grow. But somebody should hear of them.
//!
//! PRIVACY: what an input calls a column may be a member's value: the key of a JSON object is a telephone number
//! where somebody made a map of members. So a name is told only when it could be one of a contract's columns, and
//! when most records have it; the others are counted.

use membrane_model::ColumnName;

use super::Wanted;

/// Names that are kept; further ones count as one more.
const NAMES_MAX: usize = 64;
/// Bytes of a name that is kept.
const NAME_BYTES_MAX: usize = 64;
/// Digits in a row that a name may have and be told: those of a year.
const DIGITS_MAX: usize = 4;

/// Columns of an input that the contract does not know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Drift {
    /// How many there are. More than 64 fields of objects are told as 65.
    pub(crate) columns: u64,
    /// The names of those that may be named, in their order.
    pub(crate) names: Vec<String>,
}

impl Drift {
    /// Looks at the columns that an input names once for all its rows.
    pub(super) fn of_columns<'a>(wanted: &Wanted, found: impl Iterator<Item = &'a str>) -> Self {
        let mut drift = Self::default();
        let is_known = |name: &str| wanted.columns.iter().any(|column| column.name.as_str() == name);
        for name in found.filter(|name| !is_known(name)) {
            drift.columns += 1;
            if may_be_named(name)
                && drift.names.len() < NAMES_MAX
                && !drift.names.iter().any(|had| had == name)
            {
                drift.names.push(name.to_owned());
            }
        }
        drift
    }
}

fn may_be_named(name: &str) -> bool {
    name.len() <= NAME_BYTES_MAX && !has_number(name) && name.parse::<ColumnName>().is_ok()
}

/// Tells whether a name has so many digits in a row that they may be somebody's number.
fn has_number(name: &str) -> bool {
    name.as_bytes().windows(DIGITS_MAX + 1).any(|part| part.iter().all(u8::is_ascii_digit))
}

/// Counts the fields of objects that nobody wants.
#[derive(Default)]
pub(super) struct Unknown {
    /// The fields in the order in which they were first seen, and how often each was.
    fields: Vec<(String, u64)>,
    /// The field that probably comes next.
    next: usize,
    has_more: bool,
}

impl Unknown {
    /// Begins with a new object.
    pub(super) const fn start(&mut self) {
        self.next = 0;
    }

    /// Counts a field.
    pub(super) fn saw(&mut self, name: &str) {
        let guess = self.fields.get(self.next).is_some_and(|(next, _)| next == name).then_some(self.next);
        let found = guess.or_else(|| self.fields.iter().position(|(had, _)| had == name));
        match found {
            Some(found) => {
                self.next = found + 1;
                if let Some((_, count)) = self.fields.get_mut(found) {
                    *count += 1;
                }
            }
            None if self.fields.len() < NAMES_MAX && name.len() <= NAME_BYTES_MAX => {
                self.fields.push((name.to_owned(), 1));
                self.next = self.fields.len();
            }
            None => self.has_more = true,
        }
    }

    /// Tells what was found in so many records.
    pub(super) fn drift(&self, records: u64) -> Drift {
        let fields = u64::try_from(self.fields.len()).unwrap_or(u64::MAX);
        let named = self.fields.iter().filter(|(name, count)| *count * 2 > records && may_be_named(name));
        Drift {
            columns: fields + u64::from(self.has_more),
            names: named.map(|(name, _)| name.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
