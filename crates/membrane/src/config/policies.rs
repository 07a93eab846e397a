//! `[policies]`.

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

pub(super) const SECTION: Section = Section {
    name: "policies",
    sentence: "Who may do what: Cedar policies and the principals that they speak of.",
    keys: &[Key {
        name: "dir",
        kind: Kind::Location(&[]),
        sentence: "Folder with *.cedar, cards/*.yaml, membrane.cedarschema and principals.json.",
    }],
};

/// Where the policies are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoliciesSection {
    /// The folder.
    pub dir: String,
}

impl Default for PoliciesSection {
    fn default() -> Self {
        Self { dir: "policies".into() }
    }
}
