//! `[audit]`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, LEFT_OUT, Section, shown_location};

const RECORDED: &str = "recorded";
const COMMITTED: &str = "committed";
const PUBLISHED: &str = "published";

pub(super) const SECTION: Section = Section {
    name: "audit",
    sentence: "Where the log of all runs is published, as tiles with a signed head (C2SP tlog-tiles), for whoever is to check it without the hub.",
    keys: &[
        Key {
            name: "url",
            kind: Kind::Text,
            sentence: "Where: file:///FOLDER or s3://BUCKET/FOLDER; empty: `audit` below [data] url. A bucket that keeps what was written, or another account, makes it harder to alter both.",
        },
        Key {
            name: "origin",
            kind: Kind::Text,
            sentence: "Name of the log, best a domain of yours with a path; empty: `membrane/` and the hub's id. Once something is published it stays.",
        },
        Key {
            name: "publish_seconds",
            kind: Kind::Integer(0, 86_400),
            sentence: "Seconds between two looks whether something is to be published, while the hub serves; 0: only by `membrane audit publish`.",
        },
        Key {
            name: "answers",
            kind: Kind::Choice(&[RECORDED, COMMITTED, PUBLISHED]),
            sentence: "`recorded`: an answer leaves when its run is closed in the ledger, and is published with the next look. `committed`: it leaves when a signed head that has its run is durable on the store, all that wait together; whoever opens the log next publishes that head, whatever happens. `published`: when that head is published. With both nothing is answered while the log cannot be written.",
        },
        Key {
            name: "key",
            kind: Kind::Integer(1, 1_000),
            sentence: "Number of the key that signs. It follows from the root key; the next number is another key. `membrane audit key` prints what others check it by.",
        },
        Key {
            name: "keys_signing",
            kind: Kind::Integer(1, 2),
            sentence: "Keys that sign: 2 while the one before signs as well, until all who check have the new one.",
        },
        Key {
            name: "witnesses",
            kind: Kind::Witnesses,
            sentence: "Who cosigns the log (C2SP tlog-witness): a list of \"URL KEY\", the prefix that requests are sent to and the witness's key. HTTPS unless it is on this machine. In the environment commas stand between them.",
        },
        Key {
            name: "witnesses_min",
            kind: Kind::Integer(0, 100),
            sentence: "How many of them have to have cosigned a head that is kept as witnessed, and that `membrane audit verify` wants.",
        },
        Key {
            name: "witness_seconds",
            kind: Kind::Integer(1, 86_400),
            sentence: "Seconds between two requests to each of them, while the hub serves. No answer waits for them.",
        },
    ],
};

/// Where the log is published.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSection {
    /// Where; empty: below the tables.
    pub url: String,
    /// The name of the log; empty: by the hub's id.
    pub origin: String,
    /// Seconds between two looks; 0: none.
    pub publish_seconds: u32,
    /// What answers wait for.
    pub answers: Answers,
    /// The number of the key that signs.
    pub key: u32,
    /// How many keys sign: that one, and the one before.
    pub keys_signing: u32,
    /// Who cosigns: each a URL and a key.
    pub witnesses: Vec<String>,
    /// How many of them are wanted.
    pub witnesses_min: u32,
    /// Seconds between two requests to each.
    pub witness_seconds: u32,
}

/// What answers wait for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answers {
    /// That their run is closed in the ledger.
    #[default]
    Recorded,
    /// That a signed head that has it is durable on the store.
    Committed,
    /// That this head is published.
    Published,
}

impl Default for AuditSection {
    fn default() -> Self {
        Self {
            url: String::new(),
            origin: String::new(),
            publish_seconds: 1,
            answers: Answers::default(),
            key: 1,
            keys_signing: 1,
            witnesses: Vec::new(),
            witnesses_min: 0,
            witness_seconds: 10,
        }
    }
}

// PRIVACY: the URL of a store may carry a key.
impl fmt::Debug for AuditSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditSection")
            .field("url", &shown_location(&self.url).unwrap_or(LEFT_OUT))
            .field("origin", &self.origin)
            .field("publish_seconds", &self.publish_seconds)
            .field("answers", &self.answers)
            .field("key", &self.key)
            .field("keys_signing", &self.keys_signing)
            .field("witnesses", &self.witnesses)
            .field("witnesses_min", &self.witnesses_min)
            .field("witness_seconds", &self.witness_seconds)
            .finish()
    }
}
