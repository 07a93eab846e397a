//! Why a row goes to quarantine: codes and column names, never values.

use std::collections::BTreeMap;
use std::fmt;

/// Why a row goes to quarantine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonCode {
    /// The record is not one: broken JSON, too few or too many fields, not UTF-8, too large.
    Malformed,
    /// A required value is not there.
    Missing,
    /// The value is not of the contract's type.
    WrongType,
    /// The text cannot be read as what the column's standard says it is.
    NotStandard,
    /// The value is below the minimum or above the maximum, or has no coarser value of its type.
    OutOfRange,
    /// The value is no multiple of what it should be one of.
    NotMultiple,
    /// The value is none of those that there are.
    NotInEnumeration,
    /// The value does not match the pattern.
    PatternMismatch,
    /// The text has too few characters.
    TooShort,
    /// The text has too many characters.
    TooLong,
    /// The form or a check digit is wrong.
    FailedCheck,
    /// An earlier row of the delivery has the same value in a unique column, or the same key.
    Duplicate,
}

impl ReasonCode {
    /// Every code.
    pub const ALL: [Self; 12] = [
        Self::Malformed,
        Self::Missing,
        Self::WrongType,
        Self::NotStandard,
        Self::OutOfRange,
        Self::NotMultiple,
        Self::NotInEnumeration,
        Self::PatternMismatch,
        Self::TooShort,
        Self::TooLong,
        Self::FailedCheck,
        Self::Duplicate,
    ];

    /// Returns the code as it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Missing => "missing",
            Self::WrongType => "wrong_type",
            Self::NotStandard => "not_standard",
            Self::OutOfRange => "out_of_range",
            Self::NotMultiple => "not_multiple",
            Self::NotInEnumeration => "not_in_enumeration",
            Self::PatternMismatch => "pattern_mismatch",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::FailedCheck => "failed_check",
            Self::Duplicate => "duplicate",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One fault of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// The row within its batch.
    pub(crate) row: usize,
    /// What the fault is about: an index into the names of [`Reasons`].
    pub(crate) about: usize,
    /// What is wrong.
    pub(crate) code: ReasonCode,
}

/// Writes reasons out and counts them.
#[derive(Debug)]
pub(crate) struct Reasons {
    /// Column names, then names of keys (`order_id+line_no`).
    names: Vec<String>,
    counts: BTreeMap<(usize, ReasonCode), u64>,
    malformed: u64,
}

impl Reasons {
    pub(crate) const fn new(names: Vec<String>) -> Self {
        Self { names, counts: BTreeMap::new(), malformed: 0 }
    }

    /// Writes the faults of one row: `wrong_type:amount,not_in_enumeration:tier`.
    pub(crate) fn describe(&mut self, faults: &[Fault]) -> String {
        let mut text = String::new();
        for fault in faults {
            *self.counts.entry((fault.about, fault.code)).or_default() += 1;
            if !text.is_empty() {
                text.push(',');
            }
            text.push_str(fault.code.as_str());
            if let Some(name) = self.names.get(fault.about) {
                text.push(':');
                text.push_str(name);
            }
        }
        text
    }

    /// Counts a malformed record.
    pub(crate) fn malformed(&mut self) -> String {
        self.malformed += 1;
        ReasonCode::Malformed.as_str().to_owned()
    }

    /// Returns the counts by `code:column`.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        let named = |(&(about, code), &count): (&(usize, ReasonCode), &u64)| {
            let name = self.names.get(about).map_or("", String::as_str);
            (format!("{code}:{name}"), count)
        };
        let mut counts: BTreeMap<String, u64> = self.counts.iter().map(named).collect();
        if self.malformed > 0 {
            counts.insert(ReasonCode::Malformed.as_str().to_owned(), self.malformed);
        }
        counts
    }
}
