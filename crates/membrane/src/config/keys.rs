//! `[keys]`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

pub(super) const SECTION: Section = Section {
    name: "keys",
    sentence: "Where the root key is. Without it no sealed cell can ever be opened: back it up apart from the data.",
    keys: &[
        Key {
            name: "file",
            kind: Kind::Location(&[]),
            sentence: "File with the root key (mode 0600); made at first use when it is absent and no data is there yet.",
        },
        Key {
            name: "root",
            kind: Kind::Secret,
            sentence: "The root key itself, 64 hexadecimal digits; wins over `file`. Best given as MEMBRANE__KEYS__ROOT.",
        },
    ],
};

/// Where the root key is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeysSection {
    /// The file.
    pub file: String,
    /// The key itself; wins over the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub root: Option<SecretText>,
}

impl Default for KeysSection {
    fn default() -> Self {
        Self { file: ".membrane/root.key".into(), root: None }
    }
}

/// Text that is never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretText(pub(super) String);

impl SecretText {
    /// Returns the text, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(..)")
    }
}
