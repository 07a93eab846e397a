//! `[maintenance]`.

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

pub(super) const SECTION: Section = Section {
    name: "maintenance",
    sentence: "How a hub that serves keeps the files of its tables in order, while others read and write them. `membrane maintain` \
               does it by hand.",
    keys: &[
        Key {
            name: "every_seconds",
            kind: Kind::Integer(0, 31_536_000),
            sentence: "Seconds from one time to the next, of each dataset. Hubs that share a ledger take turns. 0: never by itself.",
        },
        Key {
            name: "small_bytes",
            kind: Kind::Integer(0, 1 << 26),
            sentence: "Files with fewer bytes are small, and are put together; 64 MiB is the size of a full one.",
        },
        Key {
            name: "files_min",
            kind: Kind::Integer(2, 100_000),
            sentence: "So many small files of about one size are put together; fewer are left alone.",
        },
        Key {
            name: "keep_hours",
            kind: Kind::Integer(1, 168),
            sentence: "Hours for which files are kept that the newest version of a table does not need any more: for so long earlier versions can be read by other tools. Files that a run at work may need are kept in any case. A week at most: for so long the log of a table knows when a file went.",
        },
        Key {
            name: "retention",
            kind: Kind::Choice(&[BY_CONTRACT, OFF]),
            sentence: "`by_contract`: rows are deleted that a contract does not keep any longer, where it states `membrane.retention`. `off`: only by `membrane retention`.",
        },
    ],
};

const BY_CONTRACT: &str = "by_contract";
const OFF: &str = "off";

/// How the files of tables are kept in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceSection {
    /// Seconds from one time to the next; 0: never.
    pub every_seconds: u32,
    /// Bytes below which a file is small.
    pub small_bytes: u64,
    /// Small files of one size that are put together.
    pub files_min: usize,
    /// Hours for which files are kept that are not needed any more.
    pub keep_hours: u32,
    /// Whether rows are deleted that contracts do not keep any longer.
    pub retention: RetentionSwitch,
}

/// Whether a hub that serves deletes rows by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionSwitch {
    /// By the rules of contracts that have one.
    #[default]
    ByContract,
    /// Never.
    Off,
}

impl Default for MaintenanceSection {
    fn default() -> Self {
        Self {
            every_seconds: 21_600,
            small_bytes: 16 << 20,
            files_min: 8,
            keep_hours: 168,
            retention: RetentionSwitch::default(),
        }
    }
}
