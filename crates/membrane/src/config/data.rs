//! `[data]`.

use std::collections::BTreeMap;
use std::fmt;

use membrane_lake::{LakeOptions, Patience};
use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, LEFT_OUT, Section, shown_location};

pub(super) const SECTION: Section = Section {
    name: "data",
    sentence: "Where the tables are: Delta Lake on a local folder or on S3-compatible storage.",
    keys: &[
        Key {
            name: "url",
            kind: Kind::Location(&["file", "s3"]),
            sentence: "A folder, `file:///...` or `s3://bucket/prefix`. Relative paths start at the working directory.",
        },
        Key {
            name: "storage",
            kind: Kind::Texts,
            sentence: "Options of the storage, as object_store spells them: aws_region, aws_endpoint, aws_access_key_id, ...",
        },
        Key {
            name: "scratch",
            kind: Kind::Location(&[]),
            sentence: "Folder on this machine for scratch files of an ingest; what lies there is sealed or keyed.",
        },
        Key {
            name: "request_seconds",
            kind: Kind::Integer(1, 3600),
            sentence: "Seconds that one request to S3 may take with its body of a few MiB: raise it on a slow line. `timeout` in storage wins.",
        },
        Key {
            name: "retries_max",
            kind: Kind::Integer(0, 1000),
            sentence: "Times that a request to S3 is sent again that failed in a way that may pass: broken connections, 5xx, 429 (slow down). The pauses between double, up to 15 seconds.",
        },
        Key {
            name: "retry_seconds",
            kind: Kind::Integer(1, 86_400),
            sentence: "Seconds after which such a request is given up, however often it was sent.",
        },
    ],
};

/// Where the tables are.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSection {
    /// A path or a URL.
    pub url: String,
    /// Options of the storage.
    pub storage: BTreeMap<String, String>,
    /// Where scratch files lie.
    pub scratch: String,
    /// Seconds that one request to S3 may take.
    pub request_seconds: u64,
    /// Times that a request is sent again.
    pub retries_max: usize,
    /// Seconds after which a request is not sent again.
    pub retry_seconds: u64,
}

impl DataSection {
    /// Returns how the lake is opened.
    pub(crate) fn lake_options(&self) -> LakeOptions {
        let patience = Patience {
            request_seconds: self.request_seconds,
            retries_max: self.retries_max,
            retry_seconds: self.retry_seconds,
        };
        LakeOptions { storage: self.storage.clone(), patience }
    }

    /// Returns where the tables are, as it may be shown; nothing when the URL may hold a key.
    #[must_use]
    pub fn shown_url(&self) -> Option<&str> {
        shown_location(&self.url)
    }
}

impl Default for DataSection {
    fn default() -> Self {
        let Patience { request_seconds, retries_max, retry_seconds } = Patience::default();
        Self {
            url: ".membrane/data".into(),
            storage: BTreeMap::new(),
            scratch: ".membrane/scratch".into(),
            request_seconds,
            retries_max,
            retry_seconds,
        }
    }
}

// PRIVACY: storage options carry access keys, and a URL may; only their names are shown.
impl fmt::Debug for DataSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.storage.keys().collect();
        f.debug_struct("DataSection")
            .field("url", &self.shown_url().unwrap_or(LEFT_OUT))
            .field("storage", &names)
            .field("scratch", &self.scratch)
            .field("request_seconds", &self.request_seconds)
            .field("retries_max", &self.retries_max)
            .field("retry_seconds", &self.retry_seconds)
            .finish()
    }
}
