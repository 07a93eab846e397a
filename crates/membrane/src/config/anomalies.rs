//! `[anomalies]`.

use membrane_ledger::AnomalyFloors;
use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

/// No principal does so much in a day.
const MOST: i64 = 1 << 40;

pub(super) const SECTION: Section = Section {
    name: "anomalies",
    sentence: "What stands out of what principals do: more than five times what is usual for themselves and for their peers. Up to these figures nothing \
               does, however unusual it is; 0: never. `membrane audit anomalies` lists it.",
    keys: &[
        Key {
            name: "cells",
            kind: Kind::Integer(0, MOST),
            sentence: "Sealed cells that one principal opens in a day.",
        },
        Key {
            name: "odd_cells",
            kind: Kind::Integer(0, MOST),
            sentence: "Sealed cells that one opens in an hour in which, or beside which, they did nothing in four weeks.",
        },
        Key {
            name: "rows",
            kind: Kind::Integer(0, MOST),
            sentence: "Rows that reads of one are answered with in a day: each may be of another member.",
        },
        Key {
            name: "lookups",
            kind: Kind::Integer(0, MOST),
            sentence: "Exact values that one looks up in an hour with member_token, in answers of four rows for each at most.",
        },
    ],
};

/// Figures up to which nothing stands out; 0: never.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnomaliesSection {
    /// Cells that are opened in a day.
    pub cells: u64,
    /// Cells that are opened in an odd hour.
    pub odd_cells: u64,
    /// Rows that reads are answered with in a day.
    pub rows: u64,
    /// Values that are looked up in an hour.
    pub lookups: u64,
}

impl Default for AnomaliesSection {
    fn default() -> Self {
        Self { cells: 500, odd_cells: 50, rows: 5_000, lookups: 20 }
    }
}

impl From<&AnomaliesSection> for AnomalyFloors {
    fn from(section: &AnomaliesSection) -> Self {
        let AnomaliesSection { cells, odd_cells, rows, lookups } = *section;
        Self { cells, odd_cells, rows, lookups }
    }
}
