//! Faults that are put into some rows on purpose, counted by kind.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::pick::{chance, weighted};
use crate::seeds::{Draw, Rng, Seeds};

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DirtyKind {
    /// A value that is not of the column's type.
    WrongType,
    /// A number with a wrong check digit.
    BadChecksum,
    /// Not an e-mail address.
    MalformedEmail,
    /// Not a mobile number.
    MalformedPhone,
    /// Not an id of the channel.
    MalformedId,
    /// A value that the contract does not enumerate.
    UnknownValue,
    /// A number beyond the contract's least or greatest.
    OutOfRange,
    /// No value where one is required.
    MissingRequired,
    /// An earlier row once more.
    Duplicate,
    /// An event of the year before, delivered now. It keeps the contract.
    Late,
    /// Half a line.
    BrokenLine,
}

impl DirtyKind {
    /// Tells whether a row with this fault breaks the contract.
    #[must_use]
    pub const fn breaks_contract(self) -> bool {
        !matches!(self, Self::Late)
    }

    /// Returns the word used in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongType => "wrong_type",
            Self::BadChecksum => "bad_checksum",
            Self::MalformedEmail => "malformed_email",
            Self::MalformedPhone => "malformed_phone",
            Self::MalformedId => "malformed_id",
            Self::UnknownValue => "unknown_value",
            Self::OutOfRange => "out_of_range",
            Self::MissingRequired => "missing_required",
            Self::Duplicate => "duplicate",
            Self::Late => "late",
            Self::BrokenLine => "broken_line",
        }
    }
}

/// Faults that a file may get, by weight: kind, and how the row is spoiled.
pub(crate) type Faults<S> = &'static [((DirtyKind, S), u32)];

/// Decides which rows of a file get which fault.
#[derive(Debug)]
pub(crate) struct Dirt<S: Copy + 'static> {
    rng: Rng,
    rate: f64,
    faults: Faults<S>,
    counts: BTreeMap<DirtyKind, u64>,
}

impl<S: Copy> Dirt<S> {
    /// Makes the dirt of one file; `file` numbers the files.
    pub(crate) fn new(seeds: Seeds, file: u64, rate: f64, faults: Faults<S>) -> Self {
        Self { rng: seeds.rng(Draw::Dirt, file), rate, faults, counts: BTreeMap::new() }
    }

    /// Decides about the next row.
    pub(crate) fn roll(&mut self) -> Option<(DirtyKind, S)> {
        if !chance(&mut self.rng, self.rate) {
            return None;
        }
        let (kind, spoil) = weighted(&mut self.rng, self.faults)?;
        self.count(kind);
        Some((kind, spoil))
    }

    /// Counts a row with a fault of this kind.
    pub(crate) fn count(&mut self, kind: DirtyKind) {
        *self.counts.entry(kind).or_default() += 1;
    }

    /// Decides whether a clean row is kept to be repeated later.
    pub(crate) fn keeps(&mut self) -> bool {
        chance(&mut self.rng, 1.0 / 256.0)
    }

    /// Returns how many rows got which fault.
    pub(crate) fn into_counts(self) -> BTreeMap<DirtyKind, u64> {
        self.counts
    }
}
