//! `[catalog]`.

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

pub(super) const SECTION: Section = Section {
    name: "catalog",
    sentence: "What the data is: contracts, classes and purposes.",
    keys: &[Key {
        name: "dir",
        kind: Kind::Location(&[]),
        sentence: "Folder with contracts/*.yaml, classes.yaml and purposes.yaml.",
    }],
};

/// Where the contracts are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogSection {
    /// The folder.
    pub dir: String,
}

impl Default for CatalogSection {
    fn default() -> Self {
        Self { dir: "catalog".into() }
    }
}
