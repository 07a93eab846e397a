//! The lake: where the tables are, and who may open one.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use deltalake::DeltaTable;
use deltalake::logstore::{LogStoreRef, StorageConfig, logstore_with};
use futures::StreamExt;
use membrane_catalog::Dataset;
use membrane_model::{Action, ColumnName, DatasetName, TableVersion};
use membrane_policy::Permit;
use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use crate::fresh::Fresh;
use crate::log_cache::LogCache;
use crate::newest::Newest;
use crate::positions::position;
use crate::{Appender, Keys, LakeError, Quarantine, Snapshot};
use crate::{layout, storage};

mod claim;

/// Settings of the object store, by the keys that `object_store` knows: `aws_region` or `AWS_REGION`,
/// `aws_access_key_id`, `aws_endpoint_url`, `aws_allow_http`, ... The lake reads no environment.
#[derive(Clone, Default)]
pub struct LakeOptions {
    /// The settings; only S3 has any.
    pub storage: BTreeMap<String, String>,
    /// How long a request to S3 is waited for, and how often it is sent again.
    pub patience: Patience,
}

/// How long a request is waited for, and how often one that failed in a way that may pass is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Seconds that one request may take, with its body.
    pub request_seconds: u64,
    /// Times that it is sent again.
    pub retries_max: usize,
    /// Seconds after which it is not sent again.
    pub retry_seconds: u64,
}

impl Default for Patience {
    fn default() -> Self {
        Self { request_seconds: 60, retries_max: 10, retry_seconds: 180 }
    }
}

// PRIVACY: a setting may be a credential.
impl fmt::Debug for LakeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.storage.keys()).finish()
    }
}

/// Which of a dataset's two tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The table itself: `tables/<dataset>`.
    Table,
    /// The rows that broke the contract: `quarantine/<dataset>`.
    Quarantine,
}

impl Target {
    const fn folder(self) -> &'static str {
        match self {
            Self::Table => "tables",
            Self::Quarantine => "quarantine",
        }
    }
}

/// A folder or a bucket with Delta tables. Cheap to clone.
#[derive(Clone)]
pub struct Lake {
    inner: Arc<LakeInner>,
}

struct LakeInner {
    root: Url,
    store: Arc<dyn ObjectStore>,
    newest: Newest,
    fresh: Fresh,
}

impl fmt::Debug for Lake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lake").field("root", &self.inner.root.as_str()).finish_non_exhaustive()
    }
}

impl Lake {
    /// Opens a folder (`file:///...`, made when it is not there) or a bucket (`s3://...`). A bucket is
    /// tried first: it must refuse to create an object twice, one after the other and at once, or commits could be lost.
    ///
    /// # Errors
    /// [`LakeError`] when the URL or a setting is not understood, when the storage cannot be reached
    /// or written, and [`LakeError::NotAtomic`] when it does not refuse.
    pub async fn open(url: &Url, options: LakeOptions) -> Result<Self, LakeError> {
        let root = storage::folder_url(url);
        let mut store = storage::connect(&root, &options)?;
        if root.scheme() != "file" {
            storage::require_atomic_create(&root, &storage::endpoint(&options), store.as_ref()).await?;
            store = Arc::new(LogCache::new(store));
        }
        Ok(Self {
            inner: Arc::new(LakeInner { root, store, newest: Newest::default(), fresh: Fresh::default() }),
        })
    }

    pub(crate) fn newest(&self) -> &Newest {
        &self.inner.newest
    }

    pub(crate) fn fresh(&self) -> &Fresh {
        &self.inner.fresh
    }

    /// Tells whether the storage answers, by looking only: a folder that was lost is not made again, and a bucket is sent
    /// one request.
    pub async fn answers(&self) -> bool {
        let LakeInner { root, store, .. } = self.inner.as_ref();
        if root.scheme() == "file" {
            let Ok(folder) = root.to_file_path() else { return false };
            return tokio::fs::read_dir(folder).await.is_ok();
        }
        let Ok(folder) = Path::from_url_path(root.path()) else { return false };
        // Hardly anything lies there, so the listing is one short page however much the bucket holds.
        let listed = store.list(Some(&folder.join("_membrane"))).next().await;
        !matches!(listed, Some(Err(_)))
    }

    /// Starts to append to one of a dataset's tables. Nothing is visible before
    /// [`Appender::commit`]; the table is made by the first commit.
    ///
    /// # Errors
    /// [`LakeError::NotPermitted`] unless the permit is for ingesting this dataset;
    /// [`LakeError::SchemaChanged`] when the table no longer fits the contract.
    pub async fn append(
        &self,
        permit: &Permit,
        dataset: &Arc<Dataset>,
        target: Target,
    ) -> Result<Appender, LakeError> {
        if permit.action() != Action::Ingest || permit.dataset(&dataset.name).is_none() {
            return Err(LakeError::NotPermitted { dataset: dataset.name.clone() });
        }
        let log_store = self.log_store(&dataset.name, target)?;
        Appender::open(log_store, Arc::clone(dataset), target, permit.run_id()).await
    }

    /// Opens one version of a dataset's table: the newest, or the one asked for.
    ///
    /// # Errors
    /// [`LakeError::NotPermitted`] unless the permit covers the dataset; [`LakeError::Empty`] when it
    /// has no table; [`LakeError::NoVersion`] when that version is gone or never was.
    pub async fn snapshot(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
        version: Option<TableVersion>,
    ) -> Result<Snapshot, LakeError> {
        let permitted = permit.dataset(dataset).filter(|_| permit.action() != Action::Ingest);
        let permitted = permitted.ok_or_else(|| LakeError::NotPermitted { dataset: dataset.clone() })?;
        let log_store = self.log_store(dataset, Target::Table)?;
        let mut snapshot = match version {
            Some(version) => Snapshot::open(log_store, dataset, Some(version)).await?,
            None => self.inner.newest.open(log_store, dataset).await?,
        };
        snapshot.absent = layout::absent(permitted.dataset(), &snapshot.schema);
        Ok(snapshot)
    }

    /// Opens one column of the newest version of a dataset about things, for whoever brings in rows that refer to it; nothing when
    /// there is no table.
    ///
    /// # Errors
    /// [`LakeError::NotPermitted`] unless the permit is for ingesting the dataset, the dataset is about things, and the column is
    /// stored in clear; [`LakeError`] when the log cannot be read.
    pub async fn keys(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
        column: &ColumnName,
    ) -> Result<Option<Keys>, LakeError> {
        let permitted = permit.dataset(dataset).filter(|_| permit.action() == Action::Ingest);
        if !permitted.is_some_and(|permitted| Keys::may_be_read(permitted.dataset(), column)) {
            return Err(LakeError::NotPermitted { dataset: dataset.clone() });
        }
        Keys::open(self.log_store(dataset, Target::Table)?, dataset, column).await
    }

    /// Returns the number of the contract's revision that the rows of a dataset are of, as the last commit has it; none where there is no
    /// table, or none that says so. It is the same for everyone, and nothing of a row: no permit is needed.
    ///
    /// # Errors
    /// [`LakeError`] when the log cannot be read.
    pub async fn contract(&self, dataset: &DatasetName) -> Result<Option<i64>, LakeError> {
        let log_store = self.log_store(dataset, Target::Table)?;
        let Some(table) = load(&log_store).await? else { return Ok(None) };
        contract_of(&table, &log_store).await
    }

    /// Opens what a dataset set aside; nothing when that was never anything.
    ///
    /// # Errors
    /// [`LakeError::NotPermitted`] unless the permit is for ingesting or for reading the dataset; [`LakeError`] when the log cannot
    /// be read.
    pub async fn quarantine(
        &self,
        permit: &Permit,
        dataset: &DatasetName,
    ) -> Result<Option<Quarantine>, LakeError> {
        if !matches!(permit.action(), Action::Ingest | Action::Read) || permit.dataset(dataset).is_none() {
            return Err(LakeError::NotPermitted { dataset: dataset.clone() });
        }
        Quarantine::open(self.log_store(dataset, Target::Quarantine)?, dataset).await
    }

    pub(crate) fn log_store(&self, dataset: &DatasetName, target: Target) -> Result<LogStoreRef, LakeError> {
        let doing = "name the table's folder";
        let location = self
            .inner
            .root
            .join(&format!("{}/{dataset}/", target.folder()))
            .map_err(|_| LakeError::Url { scheme: self.inner.root.scheme().to_owned() })?;
        logstore_with(Arc::clone(&self.inner.store), &location, StorageConfig::default())
            .map_err(|source| LakeError::table(doing, source))
    }
}

/// Loads the newest state of a table, or says that there is none.
pub(crate) async fn load(log_store: &LogStoreRef) -> Result<Option<DeltaTable>, LakeError> {
    let doing = "read the table's log";
    let mut table = DeltaTable::new(Arc::clone(log_store));
    let exists = table.verify_deltatable_existence().await;
    if !exists.map_err(|source| LakeError::table(doing, source))? {
        return Ok(None);
    }
    table.load().await.map_err(|source| LakeError::table(doing, source))?;
    Ok(Some(table))
}

/// The transaction id under which a table's log has the number of the contract's revision.
pub(crate) const CONTRACT: &str = "membrane/contract";

/// Returns the number of the contract's revision that a table's rows are of.
pub(crate) async fn contract_of(
    table: &DeltaTable,
    log_store: &LogStoreRef,
) -> Result<Option<i64>, LakeError> {
    position(log_store, table, CONTRACT).await
}

#[cfg(test)]
mod tests;
