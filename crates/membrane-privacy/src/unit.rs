//! Whom a release protects.

use membrane_model::{DatasetName, IdentityKind};
use serde::{Deserialize, Serialize};

/// The privacy unit of a release: the subject of one dataset, as one channel knows it (docs/decisions/0006). A person
/// whom the channel knows under two identities is two units. Stored beside releases: fields are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivacyUnit {
    /// The dataset whose rows are about the unit.
    pub dataset: DatasetName,
    /// The kind of identity that tells one unit from another. Datasets with the same kind share the unit.
    pub identity: IdentityKind,
}
