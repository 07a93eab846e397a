//! One version of a table, to be read by the trusted side of a governed scan.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use deltalake::DeltaTableError;
use deltalake::logstore::LogStoreRef;
use membrane_model::{DatasetName, TableVersion};

use crate::LakeError;
use crate::lake::load;

/// One version of a table. Its cells are as they are stored: tokens and ciphertext for what is
/// protected.
#[derive(Clone)]
pub struct Snapshot {
    /// The version that the provider reads, now and later.
    pub version: TableVersion,
    /// The table as the query engine sees it.
    pub provider: Arc<dyn TableProvider>,
    /// The provider's schema. Text and binary columns may be read as views.
    pub schema: SchemaRef,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Snapshot {
    pub(crate) async fn open(
        log_store: LogStoreRef,
        dataset: &DatasetName,
        version: Option<TableVersion>,
    ) -> Result<Self, LakeError> {
        let empty = || LakeError::Empty { dataset: dataset.clone() };
        let mut table = load(&log_store).await?.ok_or_else(empty)?;
        if let Some(version) = version.filter(|version| Some(version.0) != table.version()) {
            table.load_version(version.0).await.map_err(|source| match source {
                DeltaTableError::InvalidVersion(_) | DeltaTableError::KernelError(_) => {
                    LakeError::NoVersion { dataset: dataset.clone(), version }
                }
                other => LakeError::table("read the table's log", other),
            })?;
        }
        let version = TableVersion(table.version().ok_or_else(empty)?);
        let provider = table.table_provider().await.map_err(|source| LakeError::Provider {
            doing: "open the table for reading",
            source: Box::new(source),
        })?;
        let schema = provider.schema();
        Ok(Self { version, provider, schema })
    }
}

#[cfg(test)]
mod tests;
