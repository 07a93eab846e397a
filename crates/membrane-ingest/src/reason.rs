//! Why a row goes to quarantine: codes and column names, never values.

use std::collections::BTreeMap;
use std::fmt;

/// What rows are counted as that were taken in with a value that is not in the dataset that the column refers to.
const ORPHAN: &str = "orphan";

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
    /// The event time lies further ahead of the clock than the contract lets it.
    Ahead,
    /// The value is not in the dataset that the column refers to.
    NotInDimension,
    /// An earlier row of the delivery has the same value in a unique column, or the same key.
    Duplicate,
}

impl ReasonCode {
    /// Every code.
    pub const ALL: [Self; 14] = [
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
        Self::Ahead,
        Self::NotInDimension,
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
            Self::Ahead => "ahead",
            Self::NotInDimension => "not_in_dimension",
            Self::Duplicate => "duplicate",
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// In which way a record is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Broken {
    /// It has not the form of a record.
    Form,
    /// It is not UTF-8, and would be Chinese text in GB 18030.
    Gb18030,
    /// It is longer than a record may be.
    TooLarge,
    /// It names the columns again.
    Header,
    /// It, and maybe more behind it, was cut off.
    Truncated,
}

impl Broken {
    /// Tells in which way a record is none that has not the form of one.
    pub(crate) fn of(raw: &[u8]) -> Self {
        if std::str::from_utf8(raw).is_err() && is_gb18030(raw) { Self::Gb18030 } else { Self::Form }
    }

    /// Returns the reason as it is stored. What follows the code is no column.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Form => "malformed",
            Self::Gb18030 => "malformed:gb18030",
            Self::TooLarge => "malformed:too_large",
            Self::Header => "malformed:header",
            Self::Truncated => "malformed:truncated",
        }
    }
}

/// Tells whether bytes are text in GB 18030, most of it of the characters that everybody uses (GB 2312): nearly any
/// bytes are some text in GB 18030.
fn is_gb18030(raw: &[u8]) -> bool {
    let common = |pair: &[u8]| matches!(pair, [0xa1..=0xf7, 0xa1..=0xfe]);
    let (mut pairs, mut known) = (0_usize, 0_usize);
    let mut rest = raw;
    while let Some(at) = rest.iter().position(|byte| !byte.is_ascii()) {
        let pair = rest.get(at..).unwrap_or_default();
        let pair = pair.get(..2).unwrap_or(pair);
        pairs += 1;
        known += usize::from(common(pair));
        rest = rest.get(at + pair.len()..).unwrap_or_default();
    }
    known * 2 > pairs
        && encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(raw).is_some()
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
    malformed: BTreeMap<Broken, u64>,
    /// Rows that were taken in with a value that is not in the dataset that the column refers to.
    orphans: BTreeMap<usize, u64>,
}

impl Reasons {
    pub(crate) const fn new(names: Vec<String>) -> Self {
        Self { names, counts: BTreeMap::new(), malformed: BTreeMap::new(), orphans: BTreeMap::new() }
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

    /// Counts a row that is taken in though its value is not in the dataset that the column refers to.
    pub(crate) fn orphan(&mut self, about: usize) {
        *self.orphans.entry(about).or_default() += 1;
    }

    /// Counts a malformed record.
    pub(crate) fn malformed(&mut self, broken: Broken) -> String {
        *self.malformed.entry(broken).or_default() += 1;
        broken.as_str().to_owned()
    }

    /// Forgets what was counted.
    pub(crate) fn clear(&mut self) {
        self.counts.clear();
        self.malformed.clear();
        self.orphans.clear();
    }

    /// Returns the counts by `code:column`, and of malformed records by `malformed` or `malformed:how`.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        let named = |(&(about, code), &count): (&(usize, ReasonCode), &u64)| {
            let name = self.names.get(about).map_or("", String::as_str);
            (format!("{code}:{name}"), count)
        };
        let mut counts: BTreeMap<String, u64> = self.counts.iter().map(named).collect();
        counts.extend(self.malformed.iter().map(|(broken, count)| (broken.as_str().to_owned(), *count)));
        let named = |(about, count): (&usize, &u64)| {
            (format!("{ORPHAN}:{}", self.names.get(*about).map_or("", String::as_str)), *count)
        };
        counts.extend(self.orphans.iter().map(named));
        counts
    }
}
