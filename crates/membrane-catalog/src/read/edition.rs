//! The editions of the standard, as far as they differ here.

/// Versions of the standard that are read: those of 3.0 alike, and 3.1.
const API_VERSIONS: [(&str, Edition); 4] =
    [("v3.0.2", Edition::V30), ("v3.0.1", Edition::V30), ("v3.0.0", Edition::V30), ("v3.1.0", Edition::V31)];

/// An edition of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edition {
    /// 3.0, which has no logical type `timestamp`.
    V30,
    /// 3.1.
    V31,
}

impl Edition {
    /// Finds the edition of an `apiVersion`.
    pub(super) fn of(api_version: &str) -> Option<Self> {
        API_VERSIONS.iter().find(|(known, _)| *known == api_version).map(|(_, edition)| *edition)
    }
}
