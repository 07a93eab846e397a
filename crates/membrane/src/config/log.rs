//! `[log]`.

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

pub(super) const SECTION: Section = Section {
    name: "log",
    sentence: "What is logged, to standard error. Logs carry ids, names, codes and counts, never SQL or values.",
    keys: &[
        Key { name: "format", kind: Kind::Choice(&["text", "json"]), sentence: "`text` or `json`." },
        Key {
            name: "level",
            kind: Kind::Choice(&["off", "error", "warn", "info", "debug", "trace"]),
            sentence: "Level of the hub's own messages; those of the libraries stay at `warn`.",
        },
    ],
};

/// What is logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSection {
    /// `text` or `json`.
    pub format: String,
    /// The level.
    pub level: String,
}

impl Default for LogSection {
    fn default() -> Self {
        Self { format: "text".into(), level: "info".into() }
    }
}
