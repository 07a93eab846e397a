//! The rows that a dataset set aside, as they are stored: reasons in clear, rows sealed.

use std::fmt;
use std::sync::Arc;

use arrow::record_batch::RecordBatch;
use deltalake::logstore::LogStoreRef;
use futures::{Stream, TryStreamExt as _};
use membrane_model::{DatasetName, TableVersion};

use crate::lake::load;
use crate::{LakeError, data_file, layout};

/// One version of what a dataset set aside.
#[derive(Clone)]
pub struct Quarantine {
    /// The version.
    pub version: TableVersion,
    dataset: DatasetName,
    log_store: LogStoreRef,
    /// Paths and sizes, sorted by path: rows have one order.
    files: Arc<Vec<(String, u64)>>,
}

impl fmt::Debug for Quarantine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quarantine").field("dataset", &self.dataset.as_str()).finish_non_exhaustive()
    }
}

impl Quarantine {
    /// Opens the newest version; nothing when nothing was ever set aside.
    pub(crate) async fn open(
        log_store: LogStoreRef,
        dataset: &DatasetName,
    ) -> Result<Option<Self>, LakeError> {
        let doing = "read the quarantine's log";
        let Some(table) = load(&log_store).await? else { return Ok(None) };
        let state = table.snapshot().map_err(|source| LakeError::table(doing, source))?;
        let mut files: Vec<(String, u64)> = state
            .log_data()
            .iter()
            .map(|file| (file.path().to_string(), u64::try_from(file.size()).unwrap_or_default()))
            .collect();
        files.sort_unstable();
        let version = TableVersion(table.version().unwrap_or_default());
        Ok(Some(Self { version, dataset: dataset.clone(), log_store, files: Arc::new(files) }))
    }

    /// Returns the files that it has, by their paths in the table.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|(path, _)| path.as_str())
    }

    /// Returns this with some of its files alone; nothing when one of them is gone.
    #[must_use]
    pub fn only(&self, paths: &[String]) -> Option<Self> {
        let files: Vec<(String, u64)> =
            self.files.iter().filter(|(path, _)| paths.contains(path)).cloned().collect();
        (files.len() == paths.len()).then(|| Self { files: Arc::new(files), ..self.clone() })
    }

    /// Reads all of it, file by file in the order of their paths: its rows have one order.
    pub fn rows(&self) -> impl Stream<Item = Result<RecordBatch, LakeError>> + Send + 'static {
        let (log_store, dataset) = (Arc::clone(&self.log_store), self.dataset.clone());
        let files = futures::stream::iter(self.files.as_ref().clone().into_iter().map(Ok::<_, LakeError>));
        let open = move |(path, size)| open_file((Arc::clone(&log_store), dataset.clone()), path, size);
        files.and_then(open).try_flatten()
    }
}

async fn open_file(
    (log_store, dataset): (LogStoreRef, DatasetName),
    path: String,
    size: u64,
) -> Result<impl Stream<Item = Result<RecordBatch, LakeError>> + Send, LakeError> {
    let rows = data_file::open(&log_store, (&path, size), "read what was set aside").await?;
    let columns = layout::quarantine_schema().fields().len();
    Ok(rows.and_then(move |batch| {
        let fits = batch.num_columns() == columns;
        let difference = || "a file of the quarantine has other columns".to_owned();
        let changed = || LakeError::SchemaChanged { dataset: dataset.clone(), difference: difference() };
        std::future::ready(if fits { Ok(batch) } else { Err(changed()) })
    }))
}
