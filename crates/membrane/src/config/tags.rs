//! `[tags]`.

use membrane_model::PrincipalId;
use serde::{Deserialize, Serialize};

use super::key::{Key, Kind, Section};

pub(super) const SECTION: Section = Section {
    name: "tags",
    sentence: "In whose name a hub that serves builds the tags of the catalog, when it is time or while events come in. `membrane tag build` \
               does it by hand.",
    keys: &[
        Key {
            name: "principal",
            kind: Kind::Text,
            sentence: "The service whose policies say what tags may be made of, SERVICE:NAME. Empty: nothing is built by itself.",
        },
        Key {
            name: "beat_ms",
            kind: Kind::Integer(100, 60_000),
            sentence: "Milliseconds from one look at what came in to the next, for tags that follow events.",
        },
    ],
};

/// In whose name tags are built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TagsSection {
    /// The service; empty: nothing is built by itself.
    pub principal: String,
    /// Milliseconds from one look at what came in to the next.
    pub beat_ms: u64,
}

impl Default for TagsSection {
    fn default() -> Self {
        Self { principal: "service:tagger".to_owned(), beat_ms: 500 }
    }
}

impl TagsSection {
    /// Returns the service, if there is one.
    #[must_use]
    pub fn service(&self) -> Option<PrincipalId> {
        self.principal.parse().ok()
    }
}
