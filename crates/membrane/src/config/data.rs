//! `[data]`.

use std::collections::BTreeMap;
use std::fmt;

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
}

impl DataSection {
    /// Returns where the tables are, as it may be shown; nothing when the URL may hold a key.
    #[must_use]
    pub fn shown_url(&self) -> Option<&str> {
        shown_location(&self.url)
    }
}

impl Default for DataSection {
    fn default() -> Self {
        Self { url: ".membrane/data".into(), storage: BTreeMap::new(), scratch: ".membrane/scratch".into() }
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
            .finish()
    }
}
