//! What a table takes up in storage, read off its log: for whoever may audit.

use membrane_model::{Action, DatasetName, TableVersion};
use membrane_policy::Permit;

use crate::{Lake, LakeError, Target};

/// What the newest version of a table takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// The version.
    pub version: TableVersion,
    /// Its rows; none where a file does not say how many it has.
    pub rows: Option<u64>,
    /// Its files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Lake {
    /// Returns what a dataset's table takes up; nothing when there is none. It is told of datasets that no catalog has any more, too.
    ///
    /// PRIVACY: the counts are of all rows, whoever may see them: no permit to read gives them.
    ///
    /// # Errors
    /// [`LakeError::NotPermitted`] unless the permit is to audit; [`LakeError`] when the log cannot be read.
    pub async fn footprint(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
    ) -> Result<Option<Footprint>, LakeError> {
        if permit.action() != Action::Audit || !permit.audits() {
            return Err(LakeError::NotPermitted { dataset: dataset.clone() });
        }
        let snapshot = match self.newest().open(self.log_store(dataset, Target::Table)?, dataset).await {
            Ok(snapshot) => snapshot,
            Err(LakeError::Empty { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (files, bytes) = snapshot.files()?;
        let rows = snapshot.extent.as_ref().map(|extent| extent.rows);
        Ok(Some(Footprint { version: snapshot.version, rows, files, bytes }))
    }
}
