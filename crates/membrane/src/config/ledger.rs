//! `[ledger]`.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section, shown_location};

pub(super) const SECTION: Section = Section {
    name: "ledger",
    sentence: "Where the record is: runs, decisions, budgets, lineage and wrapped keys.",
    keys: &[Key {
        name: "url",
        kind: Kind::Location(&["sqlite", "postgres", "postgresql"]),
        sentence: "A file, `sqlite:///...` or `postgres://user:password@host/database`.",
    }],
};

/// Where the record is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerSection {
    /// A path or a URL.
    pub url: String,
}

impl LedgerSection {
    /// Returns where the record is, as it may be shown; nothing when the URL may hold a password.
    #[must_use]
    pub fn shown_url(&self) -> Option<&str> {
        shown_location(&self.url)
    }
}

impl Default for LedgerSection {
    fn default() -> Self {
        Self { url: ".membrane/ledger.sqlite".into() }
    }
}

// PRIVACY: a PostgreSQL URL may carry a password; only the scheme is shown.
impl fmt::Debug for LedgerSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split_once("://").map_or("file", |(scheme, _)| scheme);
        f.debug_struct("LedgerSection").field("scheme", &scheme).finish_non_exhaustive()
    }
}
