//! `[policies]`.

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

pub(super) const SECTION: Section = Section {
    name: "policies",
    sentence: "Who may do what: Cedar policies and the principals that they speak of.",
    keys: &[
        Key {
            name: "dir",
            kind: Kind::Location(&[]),
            sentence: "Folder with *.cedar, cards/*.yaml, membrane.cedarschema and principals.json.",
        },
        Key {
            name: "serve",
            kind: Kind::Choice(&[PUBLISHED, FOLDER]),
            sentence: "`published`: the version that `membrane policy publish` proved and signed, whatever lies in the folders. `folder`: what lies in the folders, unproved; to try things out.",
        },
    ],
};

const PUBLISHED: &str = "published";
const FOLDER: &str = "folder";

/// Where the policies are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoliciesSection {
    /// The folder.
    pub dir: String,
    /// What is served.
    pub serve: Serve,
}

/// Which policies, and which catalog, a hub serves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Serve {
    /// The version that was published last.
    #[default]
    Published,
    /// Those of the folders, unproved.
    Folder,
}

impl Default for PoliciesSection {
    fn default() -> Self {
        Self { dir: "policies".into(), serve: Serve::default() }
    }
}
