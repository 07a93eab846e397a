//! `[streams]`.

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

pub(super) const SECTION: Section = Section {
    name: "streams",
    sentence: "How events that are pushed are kept until they are committed. They are acknowledged once they lie in a file on this \
               machine, protected as in the table, and can be read from then on.",
    keys: &[
        Key {
            name: "folder",
            kind: Kind::Location(&[]),
            sentence: "Folder on this machine for events that are acknowledged and not committed yet. It must outlive the process, as the ledger does; one process at a time uses it.",
        },
        Key {
            name: "commit_seconds",
            kind: Kind::Integer(1, 3_600),
            sentence: "Seconds after which events are committed to the table; sooner where they are many.",
        },
        Key {
            name: "commit_bytes",
            kind: Kind::Integer(65_536, 1 << 30),
            sentence: "Bytes of a dataset's events from one sender after which they are committed.",
        },
        Key {
            name: "buffer_bytes",
            kind: Kind::Integer(1 << 20, 1 << 32),
            sentence: "Bytes of events that may wait for their commit, of all datasets; more are answered 429 until some are committed.",
        },
        Key { name: "push_bytes", kind: Kind::Integer(1_024, 1 << 28), sentence: "Bytes of one push." },
        Key {
            name: "remember_seconds",
            kind: Kind::Integer(8, 604_800),
            sentence: "Seconds for which an event, or a push with a name, is known again when it comes a second time.",
        },
        Key {
            name: "remember_events",
            kind: Kind::Integer(1_000, 100_000_000),
            sentence: "Events of a dataset that are known again at most, the newest; each takes some 40 bytes of memory.",
        },
    ],
};

/// How events that are pushed are kept until they are committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamsSection {
    /// The folder.
    pub folder: String,
    /// Seconds after which events are committed.
    pub commit_seconds: u32,
    /// Bytes after which they are.
    pub commit_bytes: u64,
    /// Bytes that may wait.
    pub buffer_bytes: u64,
    /// Bytes of one push.
    pub push_bytes: usize,
    /// Seconds for which an event is known again.
    pub remember_seconds: u32,
    /// Events that are known again.
    pub remember_events: usize,
}

impl Default for StreamsSection {
    fn default() -> Self {
        Self {
            folder: ".membrane/streams".into(),
            commit_seconds: 5,
            commit_bytes: 16 << 20,
            buffer_bytes: 256 << 20,
            push_bytes: 4 << 20,
            remember_seconds: 900,
            remember_events: 2_000_000,
        }
    }
}
