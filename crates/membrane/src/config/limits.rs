//! `[limits]`.

use membrane_model::Limits;
use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

const MANY: i64 = 1 << 50;

pub(super) const SECTION: Section = Section {
    name: "limits",
    sentence: "Bounds on everything that a caller can size. Each is a hard stop with a clear error.",
    keys: &[
        Key { name: "rows_max", kind: Kind::Integer(1, MANY), sentence: "Rows that one answer may have." },
        Key {
            name: "bytes_max",
            kind: Kind::Integer(1, MANY),
            sentence: "Bytes of Arrow data that one answer may have.",
        },
        Key {
            name: "seconds_max",
            kind: Kind::Integer(1, 86_400),
            sentence: "Seconds that one query or release may take.",
        },
        Key {
            name: "memory_bytes_max",
            kind: Kind::Integer(1 << 20, MANY),
            sentence: "Bytes of working memory that one query may hold.",
        },
        Key { name: "sql_bytes_max", kind: Kind::Integer(1, 1 << 24), sentence: "Bytes of SQL text." },
        Key {
            name: "nesting_max",
            kind: Kind::Integer(1, 256),
            sentence: "Depth of nested queries and expressions.",
        },
        Key {
            name: "lookups_per_hour",
            kind: Kind::Integer(0, 1 << 30),
            sentence: "Exact values that one principal may look up in an hour, with member_token.",
        },
        Key {
            name: "groups_max",
            kind: Kind::Integer(1, MANY),
            sentence: "Groups that one release may have before thresholding.",
        },
        Key {
            name: "body_bytes_max",
            kind: Kind::Integer(1, MANY),
            sentence: "Bytes of one ingest body over HTTP.",
        },
        Key {
            name: "record_bytes_max",
            kind: Kind::Integer(1, 1 << 30),
            sentence: "Bytes of one record of an ingested file.",
        },
    ],
};

/// Bounds on what a caller may ask; see [`Limits`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "each field is the field of `Limits` with the same name")]
pub struct LimitsSection {
    pub rows_max: u64,
    pub bytes_max: u64,
    pub seconds_max: u64,
    pub memory_bytes_max: usize,
    pub sql_bytes_max: usize,
    pub nesting_max: usize,
    pub lookups_per_hour: u32,
    pub groups_max: usize,
    pub body_bytes_max: usize,
    pub record_bytes_max: usize,
}

impl Default for LimitsSection {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            rows_max: limits.rows_max,
            bytes_max: limits.bytes_max,
            seconds_max: limits.seconds_max,
            memory_bytes_max: limits.memory_bytes_max,
            sql_bytes_max: limits.sql_bytes_max,
            nesting_max: limits.nesting_max,
            lookups_per_hour: limits.lookups_per_hour,
            groups_max: limits.groups_max,
            body_bytes_max: limits.body_bytes_max,
            record_bytes_max: limits.record_bytes_max,
        }
    }
}

impl From<&LimitsSection> for Limits {
    fn from(section: &LimitsSection) -> Self {
        Self {
            rows_max: section.rows_max,
            bytes_max: section.bytes_max,
            seconds_max: section.seconds_max,
            memory_bytes_max: section.memory_bytes_max,
            sql_bytes_max: section.sql_bytes_max,
            nesting_max: section.nesting_max,
            lookups_per_hour: section.lookups_per_hour,
            groups_max: section.groups_max,
            body_bytes_max: section.body_bytes_max,
            record_bytes_max: section.record_bytes_max,
        }
    }
}
